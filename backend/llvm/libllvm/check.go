package libllvm

import (
	"bytes"
	"fmt"
	"sort"
	"strings"
)

// where says for which targets every version since 14 can translate an intrinsic.
type where uint8

const (
	onCPU where = 1 << iota // x86-64 and aarch64
	onGPU                   // nvptx64
	onAll = onCPU | onGPU
)

// intrinsics are LLVM's intrinsic functions that a module may use, by name up to the
// types. Those missing here either make code generators end the process on some target
// in some version (the elementary functions on nvptx64), or become calls of a library
// that is not there when the code runs (the elementary functions elsewhere), or leave the
// rounding to LLVM (fmuladd).
var intrinsics = map[string]where{
	"abs":                  onAll,
	"assume":               onAll,
	"bitreverse":           onAll,
	"bswap":                onAll,
	"ceil":                 onAll,
	"copysign":             onAll,
	"ctlz":                 onAll,
	"ctpop":                onAll,
	"cttz":                 onAll,
	"dbg.declare":          onAll,
	"dbg.value":            onAll,
	"expect":               onAll,
	"fabs":                 onAll,
	"floor":                onAll,
	"fma":                  onAll,
	"fptosi.sat":           onCPU,
	"fptoui.sat":           onCPU,
	"fshl":                 onAll,
	"fshr":                 onAll,
	"lifetime.end":         onAll,
	"lifetime.start":       onAll,
	"masked.compressstore": onCPU,
	"masked.expandload":    onCPU,
	"masked.gather":        onCPU,
	"masked.load":          onCPU,
	"masked.scatter":       onCPU,
	"masked.store":         onCPU,
	"maxnum":               onAll,
	"memcpy":               onAll,
	"memmove":              onAll,
	"memset":               onAll,
	"minnum":               onAll,
	"nearbyint":            onAll,
	"prefetch":             onCPU,
	"rint":                 onAll,
	"sadd.with.overflow":   onAll,
	"smax":                 onAll,
	"smin":                 onAll,
	"smul.with.overflow":   onAll,
	"sqrt":                 onAll,
	"ssub.with.overflow":   onAll,
	"trunc":                onAll,
	"uadd.with.overflow":   onAll,
	"umax":                 onAll,
	"umin":                 onAll,
	"usub.with.overflow":   onAll,
	"vector.reduce.add":    onCPU,
	"vector.reduce.and":    onCPU,
	"vector.reduce.fadd":   onCPU,
	"vector.reduce.fmax":   onCPU,
	"vector.reduce.fmin":   onCPU,
	"vector.reduce.fmul":   onCPU,
	"vector.reduce.mul":    onCPU,
	"vector.reduce.or":     onCPU,
	"vector.reduce.smax":   onCPU,
	"vector.reduce.smin":   onCPU,
	"vector.reduce.umax":   onCPU,
	"vector.reduce.umin":   onCPU,
	"vector.reduce.xor":    onCPU,
	"nvvm.barrier0":        onGPU,
	"nvvm.read.ptx.sreg":   onGPU, // and what follows: .tid.x, .ctaid.y, ...
	"nvvm.fma.rn.d":        onGPU,
	"nvvm.add.rn.d":        onGPU,
	"nvvm.mul.rn.d":        onGPU,
	"nvvm.div.rn.d":        onGPU,
	"nvvm.sqrt.rn.d":       onGPU,
}

// check refuses a module that names what the target's code generator may not survive.
func check(ir []byte, t Target) error {
	at := onCPU
	if t.gpu() {
		at = onGPU
	}
	bad := map[string]bool{}
	for _, prefix := range []string{"@llvm.", `@"llvm.`} {
		for rest := ir; ; {
			i := bytes.Index(rest, []byte(prefix))
			if i < 0 {
				break
			}
			rest = rest[i+len(prefix):]
			n := 0
			for n < len(rest) && nameByte(rest[n]) {
				n++
			}
			if name := string(rest[:n]); allowed(name)&at == 0 {
				bad["llvm."+name] = true
			}
		}
	}
	if len(bad) > 0 {
		names := make([]string, 0, len(bad))
		for n := range bad {
			names = append(names, n)
		}
		sort.Strings(names)
		return &CompileError{Stage: "check", Message: fmt.Sprintf("%s cannot be compiled for %s safely; write it out in operations that can", strings.Join(names, ", "), t.Triple)}
	}
	for rest := ir; ; {
		i := bytes.Index(rest, []byte(`@"`))
		if i < 0 {
			break
		}
		rest = rest[i+2:]
		name, _, _ := bytes.Cut(rest, []byte(`"`))
		if bytes.IndexByte(name, '\\') >= 0 {
			return &CompileError{Stage: "check", Message: fmt.Sprintf(`the name @"%s" holds an escape, behind which an intrinsic could hide: write it plainly`, name)}
		}
	}
	for rest := ir; ; {
		i := bytes.Index(rest, []byte("asm "))
		if i < 0 {
			return nil
		}
		if i == 0 || rest[i-1] == ' ' || rest[i-1] == '\n' || rest[i-1] == '\t' {
			return &CompileError{Stage: "check", Message: "the module holds inline assembly, which is not allowed"}
		}
		rest = rest[i+4:]
	}
}

// allowed looks an intrinsic up: the longest part of the name, cut at dots, that is
// in the table.
func allowed(name string) where {
	for {
		if w, ok := intrinsics[name]; ok {
			return w
		}
		i := strings.LastIndexByte(name, '.')
		if i < 0 {
			return 0
		}
		name = name[:i]
	}
}

func nameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-' || c == '$'
}
