package vm

import "github.com/mtkc/mtkc/backend"

// The operations of the machine: those of the program, with their numbers, and behind
// them moves and the fusions of two operations. A fusion rounds twice, as the two
// operations do.
const (
	opMove     = uint16(backend.NumOps) + iota // d = a
	opLoadU                                    // d = u[a + b<<16]
	opLoadP                                    // d = p[...]
	opLoadW                                    // d = w[...]
	opLoadS                                    // d = s[...]
	opStore                                    // main[a + b<<16] = c
	opStoreMem                                 // mem[a + b<<16] = c
	opStoreS                                   // s[a + b<<16] = c

	opMulAdd  // a*b + c
	opMulSub  // a*b - c
	opSubMul  // c - a*b
	opMulMul  // a*b*c
	opAddAdd  // (a + b) + c
	opAddSub  // (a + b) - c
	opSubAdd  // (a - b) + c
	opSubSub  // (a - b) - c
	opSubNeg  // c - (a - b)
	opAddNeg  // c - (a + b)
	opAddMulC // (a + b)*c
	opSubMulC // (a - b)*c
	opMulDiv  // a*b/c
	opAddDiv  // (a + b)/c
	opSubDiv  // (a - b)/c

	// Sums of four terms.
	opAddAddAdd // ((a + b) + c) + e
	opAddAddSub
	opAddSubAdd
	opAddSubSub
	opSubAddAdd
	opSubAddSub
	opSubSubAdd
	opSubSubSub

	opMulMulAdd // a*b + c*e
	opMulMulSub // a*b - c*e
	opMulNeg    // d = a*b, register c = -d
	opMoveMove  // d = a, register b = c

	opScalarEnd
)

// fused gives the operation that does an inner operation and an outer one on its
// result, by the position of the result among the operands of the outer one. 0: none.
var fused = [backend.NumOps][backend.NumOps][2]uint16{
	backend.Mul: {
		backend.Add: {opMulAdd, opMulAdd},
		backend.Sub: {opMulSub, opSubMul},
		backend.Mul: {opMulMul, opMulMul},
		backend.Div: {opMulDiv, 0},
	},
	backend.Add: {
		backend.Add: {opAddAdd, opAddAdd},
		backend.Sub: {opAddSub, opAddNeg},
		backend.Mul: {opAddMulC, opAddMulC},
		backend.Div: {opAddDiv, 0},
	},
	backend.Sub: {
		backend.Add: {opSubAdd, opSubAdd},
		backend.Sub: {opSubSub, opSubNeg},
		backend.Mul: {opSubMulC, opSubMulC},
		backend.Div: {opSubDiv, 0},
	},
}

// products are the operations on two products.
var products = [backend.NumOps]uint16{backend.Add: opMulMulAdd, backend.Sub: opMulMulSub}

// fourth gives the operation that adds to a sum of three terms, or subtracts from it; 0: there is
// none.
func fourth(inner uint16, outer backend.Op, side int) uint16 {
	sub := uint16(0)
	switch {
	case outer == backend.Add:
	case outer == backend.Sub && side == 0:
		sub = 1
	default:
		return 0
	}
	switch inner {
	case opAddAdd:
		return opAddAddAdd + sub
	case opAddSub:
		return opAddSubAdd + sub
	case opSubAdd:
		return opSubAddAdd + sub
	case opSubSub:
		return opSubSubAdd + sub
	}
	return 0
}
