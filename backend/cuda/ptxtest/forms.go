package ptxtest

import "strings"

// op is what the interpreter does for an instruction. Registers hold their number
// extended with zeros to 64 bits, predicates 0 or 1, so that many operations are the
// same for all widths.
type op uint16

const (
	opNone op = iota
	opMov
	opSelp

	opAddF64
	opSubF64
	opMulF64
	opDivF64
	opFmaF64
	opMinF64
	opMaxF64
	opSqrtF64
	opRcpF64
	opNegF64
	opAbsF64
	opCopysignF64
	opFloor
	opCeil
	opTrunc
	opRint
	opTestp // imm: the class

	opLtF64
	opLeF64
	opEqF64
	opNeF64
	opLtuF64
	opLeuF64
	opEquF64
	opNeuF64
	opNumF64
	opNanF64

	opEq
	opNe
	opLtU
	opLeU
	opLtS64
	opLeS64
	opLtS // imm: bits
	opLeS

	opAddImm
	opAdd64
	opAdd32
	opAdd16
	opSub64
	opSub32
	opSub16
	opMul64
	opMul32
	opMul16
	opMad64
	opMad32
	opMad16
	opMulHiU64
	opMulHiS64
	opMulHiU32
	opMulHiS32
	opMulWideU // from 32 or 16 bits; the operands are extended with zeros
	opMulWideS32
	opMulWideS16
	opMadWideU32
	opMadWideS32
	opDivU
	opRemU
	opDivS // imm: bits
	opRemS
	opNeg64
	opNeg32
	opNeg16
	opAbsS // imm: bits
	opMinU
	opMaxU
	opMinS // imm: bits
	opMaxS

	opAnd
	opOr
	opXor
	opAndImm
	opXorImm
	opShl64
	opShl32
	opShl16
	opShrU // of all widths: the bits above are 0
	opShrS64
	opShrS // imm: bits
	opPopc
	opClz64
	opClz32
	opBrev64
	opBrev32
	opBfeU64
	opBfeU32
	opBfeS64
	opBfeS32
	opBfi64
	opBfi32
	opShfL // imm: 1 clamps, 0 wraps
	opShfR
	opLop3 // imm: the table
	opPrmt

	opSext     // imm: from bits, to mask
	opIntOfF64 // imm: rounding, sign, bits; then sign extension
	opF64OfS   // imm: bits
	opF64OfU

	opPack   // d = a | b << imm
	opUnpack // imm: shift, bits << 8

	opSpecial // imm: which register
	opAddress // imm: offset in the frame; n: localSpace or paramSpace

	opLoad   // d = bytes at a + imm; n: state space; b: size; c: bits to extend the sign to
	opLoad64 // 8 bytes of global memory
	opStore  // the same of d; b: size
	opStore64
	opParam    // d = parameter of the frame at offset imm; b: size; c: bits to extend the sign to
	opSetParam // the same of d; b: size
	opAligned  // checks the alignment of a vector: address a + imm, b bytes
	opAtom     // d = bytes at a, which become which(d, b, c); n: state space; imm: offset, size, which

	opBra
	opBraIf
	opBraNot
	opBrx  // a: index; imm: number of the table
	opCall // imm: number of the call
	opRet
	opExit
	opTrap
	opNop

	opBarrier // c: number
	opWarpSync
	opVote // imm: which
	opActive
)

// space is a state space.
type space uint8

const (
	anySpace space = iota // generic addresses
	globalSpace
	localSpace
	sharedSpace
	constSpace
	paramSpace
)

func (s space) String() string {
	return [...]string{"memory", "global memory", "local memory", "shared memory", "constant memory", "the parameters"}[s]
}

var spaces = map[string]space{"global": globalSpace, "local": localSpace, "shared": sharedSpace, "const": constSpace, "param": paramSpace}

// Widths of operands are in bytes; pred is a predicate, imm a number that must stand in
// the text.
const (
	pred = 3 // no number of bytes
	imm  = -1
)

// form is what an opcode with its modifiers means: an operation, the widths of its
// result and operands, and a number for the operation. Of a comparison that exists only
// the other way round, the operands are swapped.
type form struct {
	op   op
	d    int
	args []int
	imm  int64
	swap bool
}

// forms holds every opcode with its modifiers, but those of memory, of control flow and
// of conversions between integers.
var forms = makeForms()

func makeForms() map[string]form {
	m := map[string]form{}
	put := func(names string, f form) {
		for _, n := range strings.Fields(names) {
			m[n] = f
		}
	}
	f64s := func(names string, o op, n int) {
		args := make([]int, n)
		for i := range args {
			args[i] = 8
		}
		put(names, form{op: o, d: 8, args: args})
	}
	// PTX rounds to nearest where add, sub and mul have no rounding modifier, but then
	// ptxas may fuse a product and a sum (Module.Contractible).
	f64s("add.f64 add.rn.f64", opAddF64, 2)
	f64s("sub.f64 sub.rn.f64", opSubF64, 2)
	f64s("mul.f64 mul.rn.f64", opMulF64, 2)
	f64s("div.rn.f64", opDivF64, 2)
	f64s("fma.rn.f64 mad.rn.f64", opFmaF64, 3)
	f64s("min.f64", opMinF64, 2)
	f64s("max.f64", opMaxF64, 2)
	f64s("copysign.f64", opCopysignF64, 2)
	f64s("sqrt.rn.f64", opSqrtF64, 1)
	f64s("rcp.rn.f64", opRcpF64, 1)
	f64s("neg.f64", opNegF64, 1)
	f64s("abs.f64", opAbsF64, 1)
	f64s("cvt.rmi.f64.f64", opFloor, 1)
	f64s("cvt.rpi.f64.f64", opCeil, 1)
	f64s("cvt.rzi.f64.f64", opTrunc, 1)
	f64s("cvt.rni.f64.f64", opRint, 1)
	for i, c := range []string{"finite", "infinite", "number", "notanumber", "normal", "subnormal"} {
		put("testp."+c+".f64", form{op: opTestp, d: pred, args: []int{8}, imm: int64(i)})
	}
	for name, c := range map[string]struct {
		op   op
		swap bool
	}{
		"lt": {opLtF64, false}, "le": {opLeF64, false}, "gt": {opLtF64, true}, "ge": {opLeF64, true}, "eq": {opEqF64, false}, "ne": {opNeF64, false},
		"ltu": {opLtuF64, false}, "leu": {opLeuF64, false}, "gtu": {opLtuF64, true}, "geu": {opLeuF64, true}, "equ": {opEquF64, false}, "neu": {opNeuF64, false},
		"num": {opNumF64, false}, "nan": {opNanF64, false},
	} {
		put("setp."+name+".f64", form{op: c.op, d: pred, args: []int{8, 8}, swap: c.swap})
	}

	for _, bits := range []string{"16", "32", "64"} {
		w := map[string]int{"16": 2, "32": 4, "64": 8}[bits]
		n := int64(8 * w)
		pick := func(o64, o32, o16 op) op { return map[int]op{8: o64, 4: o32, 2: o16}[w] }
		two, three := []int{w, w}, []int{w, w, w}
		for _, t := range []string{"b" + bits, "u" + bits, "s" + bits} {
			put("mov."+t, form{op: opMov, d: w, args: []int{w}})
			put("selp."+t, form{op: opSelp, d: w, args: []int{w, w, pred}})
			put("setp.eq."+t, form{op: opEq, d: pred, args: two})
			put("setp.ne."+t, form{op: opNe, d: pred, args: two})
		}
		for _, t := range []string{"u" + bits, "s" + bits} {
			put("add."+t, form{op: pick(opAdd64, opAdd32, opAdd16), d: w, args: two})
			put("sub."+t, form{op: pick(opSub64, opSub32, opSub16), d: w, args: two})
			put("mul.lo."+t, form{op: pick(opMul64, opMul32, opMul16), d: w, args: two})
			put("mad.lo."+t, form{op: pick(opMad64, opMad32, opMad16), d: w, args: three})
		}
		u, s := "u"+bits, "s"+bits
		put("setp.lt."+u+" setp.lo."+u, form{op: opLtU, d: pred, args: two})
		put("setp.le."+u+" setp.ls."+u, form{op: opLeU, d: pred, args: two})
		put("setp.gt."+u+" setp.hi."+u, form{op: opLtU, d: pred, args: two, swap: true})
		put("setp.ge."+u+" setp.hs."+u, form{op: opLeU, d: pred, args: two, swap: true})
		lt, le := pick(opLtS64, opLtS, opLtS), pick(opLeS64, opLeS, opLeS)
		put("setp.lt."+s, form{op: lt, d: pred, args: two, imm: n})
		put("setp.le."+s, form{op: le, d: pred, args: two, imm: n})
		put("setp.gt."+s, form{op: lt, d: pred, args: two, imm: n, swap: true})
		put("setp.ge."+s, form{op: le, d: pred, args: two, imm: n, swap: true})
		put("div."+u, form{op: opDivU, d: w, args: two, imm: n})
		put("rem."+u, form{op: opRemU, d: w, args: two, imm: n})
		put("div."+s, form{op: opDivS, d: w, args: two, imm: n})
		put("rem."+s, form{op: opRemS, d: w, args: two, imm: n})
		put("min."+u, form{op: opMinU, d: w, args: two})
		put("max."+u, form{op: opMaxU, d: w, args: two})
		put("min."+s, form{op: opMinS, d: w, args: two, imm: n})
		put("max."+s, form{op: opMaxS, d: w, args: two, imm: n})
		put("neg."+s, form{op: pick(opNeg64, opNeg32, opNeg16), d: w, args: []int{w}})
		put("abs."+s, form{op: opAbsS, d: w, args: []int{w}, imm: n})
		b := "b" + bits
		put("and."+b, form{op: opAnd, d: w, args: two})
		put("or."+b, form{op: opOr, d: w, args: two})
		put("xor."+b, form{op: opXor, d: w, args: two})
		put("not."+b, form{op: opXorImm, d: w, args: []int{w}, imm: int64(^uint64(0) >> (64 - n))})
		put("shl."+b, form{op: pick(opShl64, opShl32, opShl16), d: w, args: []int{w, 4}})
		put("shr."+b+" shr."+u, form{op: opShrU, d: w, args: []int{w, 4}})
		put("shr."+s, form{op: pick(opShrS64, opShrS, opShrS), d: w, args: []int{w, 4}, imm: n})
		put("cvt.rn.f64."+u, form{op: opF64OfU, d: 8, args: []int{w}})
		put("cvt.rn.f64."+s, form{op: opF64OfS, d: 8, args: []int{w}, imm: n})
		if w == 2 {
			put("mul.wide.u16", form{op: opMulWideU, d: 4, args: two})
			put("mul.wide.s16", form{op: opMulWideS16, d: 4, args: two})
			continue
		}
		put("mul.hi."+u, form{op: pick(opMulHiU64, opMulHiU32, 0), d: w, args: two})
		put("mul.hi."+s, form{op: pick(opMulHiS64, opMulHiS32, 0), d: w, args: two})
		put("popc."+b, form{op: opPopc, d: 4, args: []int{w}})
		put("clz."+b, form{op: pick(opClz64, opClz32, 0), d: 4, args: []int{w}})
		put("brev."+b, form{op: pick(opBrev64, opBrev32, 0), d: w, args: []int{w}})
		put("bfe."+u, form{op: pick(opBfeU64, opBfeU32, 0), d: w, args: []int{w, 4, 4}})
		put("bfe."+s, form{op: pick(opBfeS64, opBfeS32, 0), d: w, args: []int{w, 4, 4}})
		put("bfi."+b, form{op: pick(opBfi64, opBfi32, 0), d: w, args: []int{w, w, 4, 4}})
	}
	put("mul.wide.u32", form{op: opMulWideU, d: 8, args: []int{4, 4}})
	put("mul.wide.s32", form{op: opMulWideS32, d: 8, args: []int{4, 4}})
	put("mad.wide.u32", form{op: opMadWideU32, d: 8, args: []int{4, 4, 8}})
	put("mad.wide.s32", form{op: opMadWideS32, d: 8, args: []int{4, 4, 8}})
	put("mov.f64", form{op: opMov, d: 8, args: []int{8}})
	put("selp.f64", form{op: opSelp, d: 8, args: []int{8, 8, pred}})
	put("mov.pred", form{op: opMov, d: pred, args: []int{pred}})
	put("and.pred", form{op: opAnd, d: pred, args: []int{pred, pred}})
	put("or.pred", form{op: opOr, d: pred, args: []int{pred, pred}})
	put("xor.pred", form{op: opXor, d: pred, args: []int{pred, pred}})
	put("not.pred", form{op: opXorImm, d: pred, args: []int{pred}, imm: 1})
	put("shf.l.wrap.b32", form{op: opShfL, d: 4, args: []int{4, 4, 4}})
	put("shf.l.clamp.b32", form{op: opShfL, d: 4, args: []int{4, 4, 4}, imm: 1})
	put("shf.r.wrap.b32", form{op: opShfR, d: 4, args: []int{4, 4, 4}})
	put("shf.r.clamp.b32", form{op: opShfR, d: 4, args: []int{4, 4, 4}, imm: 1})
	put("lop3.b32", form{op: opLop3, d: 4, args: []int{4, 4, 4, imm}})
	put("prmt.b32", form{op: opPrmt, d: 4, args: []int{4, 4, 4}})

	// Float to integer: the rounding in bits 8 and up, the sign in bit 7, the bits below.
	for r, round := range []string{"rni", "rzi", "rmi", "rpi"} {
		for _, w := range []int{2, 4, 8} {
			bits := map[int]string{2: "16", 4: "32", 8: "64"}[w]
			put("cvt."+round+".u"+bits+".f64", form{op: opIntOfF64, d: w, args: []int{8}, imm: int64(r<<8 | 8*w)})
			put("cvt."+round+".s"+bits+".f64", form{op: opIntOfF64, d: w, args: []int{8}, imm: int64(r<<8 | 0x80 | 8*w)})
		}
	}
	for name, s := range spaces {
		if s == paramSpace {
			continue
		}
		to, from := int64(generic)<<tagShift, -int64(generic)<<tagShift
		if s == globalSpace {
			to, from = 0, 0
		}
		put("cvta."+name+".u64", form{op: opAddImm, d: 8, args: []int{8}, imm: to})
		put("cvta.to."+name+".u64", form{op: opAddImm, d: 8, args: []int{8}, imm: from})
	}
	put("cvta.param.u64", form{op: opAddImm, d: 8, args: []int{8}, imm: int64(generic) << tagShift})
	put("cvta.to.param.u64", form{op: opAddImm, d: 8, args: []int{8}, imm: -int64(generic) << tagShift})
	put("activemask.b32", form{op: opActive, d: 4})
	return m
}

// specials are the special registers that mov reads.
var specials = map[string]int64{
	"%tid.x": 0, "%ntid.x": 1, "%ctaid.x": 2, "%nctaid.x": 3, "%laneid": 4, "%warpid": 5,
	"%tid.y": 6, "%tid.z": 6, "%ctaid.y": 6, "%ctaid.z": 6, // always 0
	"%ntid.y": 7, "%ntid.z": 7, "%nctaid.y": 7, "%nctaid.z": 7, // always 1
	"WARP_SZ": 8,
}
