package main

import (
	"bytes"
	"fmt"
	"math"
	"strings"

	"github.com/mtkc/mtkc/backend/elementary"
)

// x86 prints the machine for AVX-512 or AVX2 with FMA. Registers: SI the instruction, DI the
// pointers to the rows, BX the addresses of the handlers, AX the next of these; R8 the row of
// the result, R9 to R12 those of the operands. The result of an instruction stays in the
// vector registers 0 to n-1.
type x86 struct {
	wide bool // AVX-512
	b    *bytes.Buffer

	families []int // the numbers of vectors of a row that there are machines for
}

func (x *x86) reg(i int) string {
	if x.wide {
		return fmt.Sprint("Z", i)
	}
	return fmt.Sprint("Y", i)
}

func (x *x86) bytes() int {
	if x.wide {
		return 64
	}
	return 32
}

// number is the register of operand k where that is one number, temp one of three for
// intermediate results; zero and ones are set up where needed.
func (x *x86) number(k int) string { return x.reg(map[bool]int{true: 22, false: 10}[x.wide] + k) }
func (x *x86) temp(k int) string {
	if x.wide {
		return x.reg(16 + k)
	}
	return x.reg([]int{8, 9, 15}[k])
}
func (x *x86) zero() string { return x.reg(map[bool]int{true: 27, false: 14}[x.wide]) }

// ones shares its register with a number that the operations of truth values do not have.
func (x *x86) ones() string { return x.reg(map[bool]int{true: 28, false: 13}[x.wide]) }

var pointers = []string{"R9", "R10", "R11", "R12"}

func (x *x86) name(n int) string {
	if x.wide {
		return fmt.Sprint("avx512x", n)
	}
	return fmt.Sprint("avx2x", n)
}

func (x *x86) printf(format string, args ...any) { fmt.Fprintf(x.b, format+"\n", args...) }

// entry prints the entry and the end of the machine for rows of n vectors, and the table of its
// handlers.
func (x *x86) entry(n, handlers int) {
	name := x.name(n)
	x.printf("\n// func %s(code *laneInstr, rows *unsafe.Pointer) *laneInstr", name)
	x.printf("TEXT ·%s(SB), NOSPLIT|NOFRAME, $0-24", name)
	x.printf("\tMOVQ code+0(FP), SI\n\tMOVQ rows+8(FP), DI\n\tLEAQ %sTable<>(SB), BX", name)
	x.printf("\tMOVWLZX (SI), AX\n\tMOVQ (BX)(AX*8), AX\n\tJMP AX")
	x.printf("\n// The end: ret+16(FP) of the entry is the instruction.\nTEXT %s_0<>(SB), NOSPLIT|NOFRAME, $0-0", name)
	x.printf("\tMOVQ SI, 24(SP)\n\tVZEROUPPER\n\tRET\n")
	for k := range handlers {
		x.printf("DATA %sTable<>+%d(SB)/8, $%s_%d<>(SB)", name, 8*k, name, k)
	}
	x.printf("GLOBL %sTable<>(SB), RODATA, $%d", name, 8*handlers)
}

// handler prints instruction number k of every family: what comes before the vectors, the
// operation on one vector as a macro, and the handlers that apply it to each vector of a row.
func (x *x86) handler(k int, v variant) {
	x.printf("\n// %s %s%s", v.op.kind, v.modes, map[bool]string{true: ", stored", false: ""}[v.store])
	var begin []string
	if v.store {
		begin = append(begin, "MOVWLZX 2(SI), R8; MOVQ (DI)(R8*8), R8")
	}
	for k, m := range v.modes {
		if m == 'A' {
			continue
		}
		r := pointers[k]
		begin = append(begin, fmt.Sprintf("MOVWLZX %d(SI), %s; MOVQ (DI)(%s*8), %s", 4+2*k, r, r, r))
		if m == 'K' {
			begin = append(begin, fmt.Sprintf("VBROADCASTSD (%s), %s", r, x.number(k)))
		}
	}
	begin = append(begin, x.prologue(v)...)
	body := x.body(v)
	if v.store {
		body = append(body, "VMOVUPD D, O(R8)")
	}
	x.printf("#define BEGIN %s", strings.Join(begin, "; "))
	x.printf("#define VECTOR(D, O) %s", strings.Join(body, "; "))
	for _, n := range x.families {
		x.printf("TEXT %s_%d<>(SB), NOSPLIT|NOFRAME, $0-0", x.name(n), k)
		x.printf("\tBEGIN; VECTORS%d; %sNEXT", n, x.leave(v, n))
	}
	x.printf("#undef BEGIN\n#undef VECTOR")
}

// leave is the end of a far operation: out of the machine where an operand is large.
func (x *x86) leave(v variant, n int) string {
	if !v.op.far() {
		return ""
	}
	test := "KORTESTW K2, K2"
	if !x.wide {
		test = fmt.Sprintf("VMOVMSKPD %s, R9; TESTL R9, R9", x.ones())
	}
	return fmt.Sprintf("%s; JEQ 2(PC); JMP %s_0<>(SB); ", test, x.name(n))
}

var predicate = map[string]int{"Lt": 0x11, "Le": 0x12, "Gt": 0x1e, "Ge": 0x1d, "Eq": 0x00, "Ne": 0x04}

const (
	notEqual  = 0x04 // or not comparable
	equal     = 0x00
	unordered = 0x03
)

func (x *x86) prologue(v variant) (l []string) {
	one := fmt.Sprintf("VMOVUPD laneOnes<>(SB), %s", x.ones())
	zero := fmt.Sprintf("VXORPD %s, %s, %s", x.zero(), x.zero(), x.zero())
	if x.wide {
		zero = fmt.Sprintf("VPXORQ %s, %s, %s", x.zero(), x.zero(), x.zero())
	}
	switch kind := v.op.kind; kind {
	case "Lt", "Le", "Gt", "Ge", "Eq", "Ne":
		return []string{one}
	case "And", "Or", "Not":
		return []string{one, zero}
	case "Select":
		return []string{zero}
	case "FarSin", "FarCos", "FarTan": // the lanes with large operands are gathered in K2 or in place of ones
		none := "KXORW K2, K2, K2"
		if !x.wide {
			none = fmt.Sprintf("VXORPD %s, %s, %s", x.ones(), x.ones(), x.ones())
		}
		return []string{"VMOVUPD laneFar<>(SB), " + x.number(0), none}
	case "BitShl", "BitShr", "BitSar":
		c := "X" + x.number(1)[1:]
		l = append(l, "MOVWLZX 6(SI), R10", fmt.Sprintf("VMOVQ R10, %s", c))
		if kind == "BitSar" && !x.wide {
			l = append(l, fmt.Sprintf("VMOVUPD laneSigns<>(SB), %s", x.number(2)), fmt.Sprintf("VPSRLQ %s, %s, %s", c, x.number(2), x.number(2)))
		}
	}
	return l
}

// body is the operation for the vector that is O bytes from the beginning of the rows, its result
// in register D.
func (x *x86) body(v variant) (l []string) {
	const d = "D"
	emit := func(name string, args ...any) {
		var s []string
		for _, a := range args {
			s = append(s, fmt.Sprint(a))
		}
		l = append(l, name+" "+strings.Join(s, ", "))
	}
	// src is operand k as a register or in memory, reg as a register, which is temp t if it must be read.
	src := func(k int) string {
		switch v.modes[k] {
		case 'A':
			return d
		case 'K':
			return x.number(k)
		}
		return fmt.Sprintf("O(%s)", pointers[k])
	}
	reg := func(k, t int) string {
		s := src(k)
		if v.modes[k] == 'M' {
			emit("VMOVUPD", s, x.temp(t))
			return x.temp(t)
		}
		return s
	}
	// pick is "then" where the mask is set, else "other".
	pick := func(then, other string) {
		if x.wide {
			emit("VBLENDMPD", then, other, "K1", d)
		} else {
			emit("VBLENDVPD", x.temp(2), then, other, d)
		}
	}
	compare := func(imm int, b, a string) {
		if x.wide {
			emit("VCMPPD", fmt.Sprint("$", imm), b, a, "K1")
		} else {
			emit("VCMPPD", fmt.Sprint("$", imm), b, a, x.temp(2))
		}
	}
	truth := func() {
		if x.wide {
			emit("VMOVAPD.Z", x.ones(), "K1", d)
		} else {
			emit("VANDPD", x.ones(), x.temp(2), d)
		}
	}
	simple := map[string]string{"Add": "VADDPD", "Sub": "VSUBPD", "Mul": "VMULPD", "Div": "VDIVPD",
		"BitAnd": "VPAND", "BitOr": "VPOR", "BitXor": "VPXOR", "BitAdd": "VPADDQ", "BitSub": "VPSUBQ"}
	kind := v.op.kind
	if name := simple[kind]; name != "" {
		if x.wide && (kind == "BitAnd" || kind == "BitOr" || kind == "BitXor") {
			name += "Q"
		}
		a := reg(0, 0)
		emit(name, src(1), a, d)
		return l
	}
	if s, ok := strings.CutSuffix(kind, "Select"); ok && s != "" {
		a := reg(0, 0)
		compare(predicate[s], src(1), a)
		pick(src(2), reg(3, 1))
		return l
	}
	switch kind {
	case "Move":
		if v.modes == "M" {
			emit("VMOVUPD", src(0), d)
		}
	case "Spread":
		emit("VMOVAPD", src(0), d)
	case "FarSin", "FarCos", "FarTan":
		emit("VANDPD", "laneMagnitudes<>(SB)", reg(0, 0), x.temp(0))
		compare(predicate["Ge"], x.number(0), x.temp(0))
		if x.wide {
			emit("KORW", "K1", "K2", "K2")
		} else {
			emit("VORPD", x.temp(2), x.ones(), x.ones())
		}
		if v.modes[1] == 'M' {
			emit("VMOVUPD", src(1), d)
		}
	case "Neg":
		a := reg(0, 0)
		emit("VXORPD", "laneSigns<>(SB)", a, d)
	case "Abs":
		a := reg(0, 0)
		emit("VANDPD", "laneMagnitudes<>(SB)", a, d)
	case "Sqrt":
		emit("VSQRTPD", src(0), d)
	case "Floor", "Ceil":
		name, imm := "VROUNDPD", "$9"
		if x.wide {
			name = "VRNDSCALEPD"
		}
		if kind == "Ceil" {
			imm = "$10"
		}
		emit(name, imm, src(0), d)
	case "BitShl", "BitShr", "BitSar":
		c := "X" + x.number(1)[1:]
		a := reg(0, 0)
		switch {
		case kind == "BitShl":
			emit("VPSLLQ", c, a, d)
		case kind == "BitShr":
			emit("VPSRLQ", c, a, d)
		case x.wide:
			emit("VPSRAQ", c, a, d)
		default: // the sign bit where it has come to, subtracted after it has been turned
			emit("VPSRLQ", c, a, d)
			emit("VPXOR", x.number(2), d, d)
			emit("VPSUBQ", x.number(2), d, d)
		}
	case "Not":
		a := reg(0, 0)
		compare(equal, x.zero(), a)
		truth()
	case "Lt", "Le", "Gt", "Ge", "Eq", "Ne":
		a := reg(0, 0)
		compare(predicate[kind], src(1), a)
		truth()
	case "And", "Or":
		a := reg(0, 0)
		b := reg(1, 1)
		switch {
		case x.wide && kind == "And":
			emit("VCMPPD", fmt.Sprint("$", notEqual), x.zero(), a, "K2")
			emit("VCMPPD", fmt.Sprint("$", notEqual), x.zero(), b, "K2", "K1")
		case x.wide:
			emit("VCMPPD", fmt.Sprint("$", notEqual), x.zero(), a, "K2")
			emit("VCMPPD", fmt.Sprint("$", notEqual), x.zero(), b, "K1")
			emit("KORW", "K2", "K1", "K1")
		default:
			emit("VCMPPD", fmt.Sprint("$", notEqual), x.zero(), a, x.temp(0))
			emit("VCMPPD", fmt.Sprint("$", notEqual), x.zero(), b, x.temp(2))
			emit(map[string]string{"And": "VANDPD", "Or": "VORPD"}[kind], x.temp(0), x.temp(2), x.temp(2))
		}
		truth()
	case "Select":
		a := reg(0, 0)
		other := reg(2, 1)
		compare(notEqual, x.zero(), a)
		pick(src(1), other)
	case "Min", "Max":
		// The instructions return the second operand where both are zero or one is no number:
		// the two orders together have the right sign bit, and of the first a NaN.
		a, b := reg(0, 0), reg(1, 1)
		if kind == "Min" {
			emit("VMINPD", a, b, x.temp(2))
			emit("VMINPD", b, a, d)
			emit("VORPD", x.temp(2), d, d)
			break
		}
		if x.wide {
			emit("VCMPPD", fmt.Sprint("$", unordered), b, a, "K1")
			emit("VADDPD", b, a, x.temp(3))
			emit("VMAXPD", a, b, x.temp(2))
			emit("VMAXPD", b, a, d)
			emit("VANDPD", x.temp(2), d, d)
			emit("VMOVAPD", x.temp(3), "K1", d)
			break
		}
		// Registers are few here: a comes to temp 0 in any case.
		if a != x.temp(0) {
			emit("VMOVAPD", a, x.temp(0))
		}
		a = x.temp(0)
		emit("VMAXPD", a, b, x.temp(2))
		emit("VMAXPD", b, a, d)
		emit("VANDPD", x.temp(2), d, d)
		emit("VCMPPD", fmt.Sprint("$", unordered), b, a, x.temp(2))
		emit("VORPD", x.temp(2), d, d)
	case "FMA":
		if v.modes[2] == 'A' {
			a := reg(0, 0)
			emit("VFMADD231PD", src(1), a, d)
			break
		}
		a, b := src(0), src(1)
		if v.modes[0] == 'M' {
			emit("VMOVUPD", a, d)
		}
		if v.modes[1] == 'M' {
			b = reg(1, 0)
		}
		emit("VFMADD213PD", src(2), b, d)
	case "MulAdd", "MulSub", "SubMul":
		a := reg(0, 0)
		emit("VMULPD", src(1), a, x.temp(0))
		switch kind {
		case "MulAdd":
			emit("VADDPD", src(2), x.temp(0), d)
		case "MulSub":
			emit("VSUBPD", src(2), x.temp(0), d)
		default:
			c := reg(2, 1)
			emit("VSUBPD", x.temp(0), c, d)
		}
	default:
		panic("no handler for " + kind)
	}
	return l
}

// constants of all handlers of a file.
func (x *x86) constants() {
	for _, c := range []struct {
		name string
		bits uint64
	}{{"laneOnes", 0x3ff0000000000000}, {"laneSigns", 1 << 63}, {"laneMagnitudes", 1<<63 - 1}, {"laneFar", math.Float64bits(elementary.FarLimit)}} {
		for i := range 8 {
			x.printf("DATA %s<>+%d(SB)/8, $0x%016x", c.name, 8*i, c.bits)
		}
		x.printf("GLOBL %s<>(SB), RODATA|NOPTR, $64", c.name)
	}
}

func (x *x86) file() []byte {
	x.printf("// Code generated by gen; DO NOT EDIT.\n\n#include \"textflag.h\"\n")
	x.constants()
	list := variants()
	for _, n := range x.families {
		x.entry(n, len(list)+1)
	}
	x.printf("\n#define NEXT MOVWLZX 12(SI), AX; ADDQ $12, SI; MOVQ (BX)(AX*8), AX; JMP AX")
	for _, n := range x.families {
		var l []string
		for i := range n {
			l = append(l, fmt.Sprintf("VECTOR(%s, %d)", x.reg(i), i*x.bytes()))
		}
		x.printf("#define VECTORS%d %s", n, strings.Join(l, "; "))
	}
	for k, v := range list {
		x.handler(k+1, v)
	}
	return x.b.Bytes()
}
