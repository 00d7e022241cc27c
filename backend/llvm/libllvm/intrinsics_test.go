//go:build (linux || darwin) && (amd64 || arm64) && !static

package libllvm

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// form is one way to call an intrinsic: the types in its name, its result and its
// arguments. An argument with a blank is a constant with its type.
type form struct {
	types  string
	result string
	args   []string
}

const (
	vd, vi, vb = "<8 x double>", "<8 x i64>", "<8 x i1>"
	pvd        = "<8 x double>*"
)

// forms has ways to call every intrinsic of the table.
func forms(name string) []form {
	floating := func(n int) []form {
		return []form{
			{"f64", "double", slices.Repeat([]string{"double"}, n)},
			{"f32", "float", slices.Repeat([]string{"float"}, n)},
			{"v8f64", vd, slices.Repeat([]string{vd}, n)},
		}
	}
	integer := func(n int, more ...string) []form {
		var list []form
		for _, t := range [][2]string{{"i64", "i64"}, {"i32", "i32"}, {"v8i64", vi}} {
			list = append(list, form{t[0], t[1], append(slices.Repeat([]string{t[1]}, n), more...)})
		}
		return list
	}
	switch name {
	case "ceil", "fabs", "floor", "nearbyint", "rint", "sqrt", "trunc":
		return floating(1)
	case "copysign", "maxnum", "minnum":
		return floating(2)
	case "fma":
		return floating(3)
	case "abs", "ctlz", "cttz":
		return integer(1, "i1 false")
	case "bitreverse", "bswap", "ctpop":
		return integer(1)
	case "smax", "smin", "umax", "umin":
		return integer(2)
	case "fshl", "fshr":
		return integer(3)
	case "sadd.with.overflow", "smul.with.overflow", "ssub.with.overflow", "uadd.with.overflow", "usub.with.overflow":
		return []form{{"i64", "{i64, i1}", []string{"i64", "i64"}}, {"i32", "{i32, i1}", []string{"i32", "i32"}}}
	case "assume":
		return []form{{"", "void", []string{"i1"}}}
	case "expect":
		return []form{{"i64", "i64", []string{"i64", "i64 3"}}}
	case "fptosi.sat", "fptoui.sat":
		return []form{{"i64.f64", "i64", []string{"double"}}, {"i32.f64", "i32", []string{"double"}}, {"v8i64.v8f64", vi, []string{vd}}}
	case "lifetime.end", "lifetime.start", "dbg.declare", "dbg.value":
		return nil // they need more than a call, and make no code
	case "masked.load":
		return []form{{"v8f64.p0v8f64", vd, []string{pvd, "i32 8", vb, vd}}}
	case "masked.store":
		return []form{{"v8f64.p0v8f64", "void", []string{vd, pvd, "i32 8", vb}}}
	case "masked.gather":
		return []form{{"v8f64.v8p0f64", vd, []string{"<8 x double*>", "i32 8", vb, vd}}}
	case "masked.scatter":
		return []form{{"v8f64.v8p0f64", "void", []string{vd, "<8 x double*>", "i32 8", vb}}}
	case "masked.expandload":
		return []form{{"v8f64", vd, []string{"double*", vb, vd}}}
	case "masked.compressstore":
		return []form{{"v8f64", "void", []string{vd, "double*", vb}}}
	case "memcpy", "memmove":
		return []form{{"p0i8.p0i8.i64", "void", []string{"i8*", "i8*", "i64", "i1 false"}}, {"p0i8.p0i8.i64", "void", []string{"i8*", "i8*", "i64 24", "i1 false"}}}
	case "memset":
		return []form{{"p0i8.i64", "void", []string{"i8*", "i8", "i64", "i1 false"}}, {"p0i8.i64", "void", []string{"i8*", "i8 0", "i64 24", "i1 false"}}}
	case "prefetch":
		return []form{{"p0i8", "void", []string{"i8*", "i32 0", "i32 3", "i32 1"}}}
	case "vector.reduce.add", "vector.reduce.and", "vector.reduce.mul", "vector.reduce.or", "vector.reduce.smax", "vector.reduce.smin", "vector.reduce.umax", "vector.reduce.umin", "vector.reduce.xor":
		return []form{{"v8i64", "i64", []string{vi}}, {"v8i1", "i1", []string{vb}}}
	case "vector.reduce.fadd", "vector.reduce.fmul":
		return []form{{"v8f64", "double", []string{"double", vd}}}
	case "vector.reduce.fmax", "vector.reduce.fmin":
		return []form{{"v8f64", "double", []string{vd}}}
	case "nvvm.barrier0":
		return []form{{"", "void", nil}}
	case "nvvm.read.ptx.sreg":
		var list []form
		for _, r := range []string{"tid", "ntid", "ctaid", "nctaid"} {
			for _, d := range []string{"x", "y", "z"} {
				list = append(list, form{r + "." + d, "i32", nil})
			}
		}
		return append(list, form{"laneid", "i32", nil}, form{"warpsize", "i32", nil})
	case "nvvm.fma.rn.d":
		return []form{{"", "double", []string{"double", "double", "double"}}}
	case "nvvm.add.rn.d", "nvvm.mul.rn.d", "nvvm.div.rn.d":
		return []form{{"", "double", []string{"double", "double"}}}
	case "nvvm.sqrt.rn.d":
		return []form{{"", "double", []string{"double"}}}
	}
	panic("no form of " + name)
}

// text gives the declaration of the intrinsic and a function with a name that calls it
// with its own arguments.
func (f form) text(intrinsic, function string) (declare, define string) {
	full := "@llvm." + intrinsic
	if f.types != "" {
		full += "." + f.types
	}
	var types, params, args []string
	for i, a := range f.args {
		typ, constant, ok := strings.Cut(a, " ")
		if !ok || strings.HasPrefix(a, "<") {
			typ, constant = a, ""
		}
		types = append(types, typ)
		if constant != "" {
			args = append(args, a)
			continue
		}
		params = append(params, fmt.Sprintf("%s %%a%d", typ, i))
		args = append(args, fmt.Sprintf("%s %%a%d", typ, i))
	}
	call := fmt.Sprintf("call %s %s(%s)", f.result, full, strings.Join(args, ", "))
	body := fmt.Sprintf("  %%r = %s\n  ret %s %%r\n", call, f.result)
	if f.result == "void" {
		body = "  " + call + "\n  ret void\n"
	}
	return fmt.Sprintf("declare %s %s(%s)\n", f.result, full, strings.Join(immediates(intrinsic, types), ", ")),
		fmt.Sprintf("define %s @%s(%s) {\n%s}\n", f.result, function, strings.Join(params, ", "), body)
}

// module is the text of a module that calls every intrinsic which the table allows for
// the target.
func moduleFor(target Target) string {
	at := onCPU
	if target.gpu() {
		at = onGPU
	}
	var names []string
	for n := range intrinsics {
		if intrinsics[n]&at != 0 {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	var b strings.Builder
	declared := map[string]bool{}
	n := 0
	for _, name := range names {
		for _, f := range forms(name) {
			if target.gpu() && strings.HasPrefix(f.types, "v8") {
				continue // threads are the lanes there
			}
			n++
			declare, define := f.text(name, fmt.Sprintf("f%d", n))
			if !declared[declare] {
				declared[declare] = true
				b.WriteString(declare)
			}
			b.WriteString(define)
		}
	}
	return b.String()
}

// immediates marks the arguments that must be constants.
func immediates(name string, types []string) []string {
	mark := func(i int) { types[i] += " immarg" }
	switch name {
	case "abs", "ctlz", "cttz":
		mark(1)
	case "masked.load", "masked.gather":
		mark(1)
	case "masked.store", "masked.scatter":
		mark(2)
	case "memcpy", "memmove", "memset":
		mark(3)
	case "prefetch":
		mark(1)
		mark(2)
		mark(3)
	}
	return types
}

// Every intrinsic of the table is compiled by every libLLVM here for every target that the
// table names.
func TestIntrinsics(t *testing.T) {
	for _, l := range libraries(t) {
		for _, target := range []Target{
			{Triple: "x86_64-unknown-linux-gnu", CPU: "x86-64"},
			{Triple: "x86_64-unknown-linux-gnu", CPU: "x86-64-v3"},
			{Triple: "x86_64-unknown-linux-gnu", CPU: "skylake-avx512"},
			{Triple: "aarch64-unknown-linux-gnu", CPU: "generic", Features: "+reserve-x28"},
			{Triple: "nvptx64-nvidia-cuda", CPU: "sm_70"},
			{Triple: "nvptx64-nvidia-cuda", CPU: "sm_80"},
		} {
			for _, level := range []int{0, 2} {
				o := Options{Target: target, Level: level, Kind: Assembly}
				if _, err := l.Compile([]byte(moduleFor(target)), o); err != nil {
					t.Errorf("LLVM %s, %s %s, level %d: %v", l.Version(), target.Triple, target.CPU, level, err)
				}
			}
		}
	}
}

func TestCheck(t *testing.T) {
	cpu, gpu := Target{Triple: "x86_64-unknown-linux-gnu"}, Target{Triple: "nvptx64-nvidia-cuda"}
	for _, c := range []struct {
		text     string
		cpu, gpu bool
	}{
		{"call double @llvm.sqrt.f64(double %x)", true, true},
		{"call double @llvm.sin.f64(double %x)", false, false},
		{`call double @"llvm.sin.f64"(double %x)`, false, false},
		{`call double @"\6Clvm.sin.f64"(double %x)`, false, false},
		{`call double @"l\6Cvm.sin.f64"(double %x)`, false, false},
		{"call <8 x double> @llvm.masked.load.v8f64.p0v8f64(", true, false},
		{"call i32 @llvm.nvvm.read.ptx.sreg.tid.x()", false, true},
		{"call double @llvm.sqrtx.f64(double %x)", false, false},
		{"call void asm \"nop\", \"\"()", false, false},
		{"module asm \"nop\"", false, false},
		{"@asm = global i64 0 ; %plasm is no asm", true, true},
		{"", true, true},
	} {
		if err := check([]byte(c.text), cpu); (err == nil) != c.cpu {
			t.Errorf("%s: CPU: %v", c.text, err)
		}
		if err := check([]byte(c.text), gpu); (err == nil) != c.gpu {
			t.Errorf("%s: GPU: %v", c.text, err)
		}
	}
}
