package vm

import "github.com/mtkc/mtkc/backend"

// Operations of the lane machine alone, behind those of the scalar one.
const (
	opGt       = opScalarEnd + iota // a > b: Lt with its operands exchanged
	opGe                            // a >= b
	opSpread                        // d = the number a for all lanes
	opLtSelect                      // if a < b then c else e
	opLeSelect
	opGtSelect
	opGeSelect
	opEqSelect
	opNeSelect

	opEnd  // the end of the code
	opCopy // rows beyond those that 16 bits number: row d + a<<16 = row b + c<<16

	laneOps // how many there are
)

// laneInstr is an instruction: a number of laneVariants, the row of the result and those of the
// operands. What the variants do not have is laneLeave with the operation in place of e.
type laneInstr struct{ op, d, a, b, c, e uint16 }

// laneLeave is the instruction that leaves the loop in assembly: the end, and what is done in Go.
const laneLeave = 0

// laneVariant is an operation with the forms of its operands, a letter for each: M is a row, K one
// number for all lanes, A the result of the instruction before, which the processor still has in
// its registers. The result is stored in a row only if store is set, or if the machine is the
// portable one, which finds it there in place of A.
type laneVariant struct {
	op    uint16
	modes string
	store bool
}

// laneForm is a variant as the encoder looks it up.
type laneForm struct {
	modes         string
	store, inside uint16 // the variant with and without store, equal where there is but one
}

// laneForms lists the forms of each operation, laneTakes where A may stand.
var laneForms, laneTakes = func() (forms [laneOps][]laneForm, takes [laneOps][4]bool) {
	for i, v := range laneVariants {
		if v.modes == "" {
			continue
		}
		f := &forms[v.op]
		if n := len(*f); n > 0 && (*f)[n-1].modes == v.modes {
			(*f)[n-1].inside = uint16(i)
		} else {
			*f = append(*f, laneForm{v.modes, uint16(i), uint16(i)})
		}
		for k, m := range v.modes {
			if m == 'A' {
				takes[v.op][k] = true
				if k == 0 && exchanged(v.op) != 0 {
					takes[v.op][1] = true
				}
			}
		}
	}
	return forms, takes
}()

// exchanged is the operation that gives the same result with its first two operands exchanged
// (NaNs are all the same), 0 if there is none.
func exchanged(op uint16) uint16 {
	switch op {
	case uint16(backend.Add), uint16(backend.Mul), uint16(backend.Min), uint16(backend.Max), uint16(backend.And), uint16(backend.Or),
		uint16(backend.Eq), uint16(backend.Ne), uint16(backend.BitAnd), uint16(backend.BitOr), uint16(backend.BitXor), uint16(backend.BitAdd),
		uint16(backend.FMA), opMulAdd, opMulSub, opSubMul, opEqSelect, opNeSelect:
		return op
	case uint16(backend.Lt):
		return opGt
	case uint16(backend.Le):
		return opGe
	case opLtSelect:
		return opGtSelect
	case opLeSelect:
		return opGeSelect
	}
	return 0
}

// compareSelect is the operation of a selection by a comparison, 0 if there is none.
func compareSelect(op backend.Op) uint16 {
	switch op {
	case backend.Lt:
		return opLtSelect
	case backend.Le:
		return opLeSelect
	case backend.Eq:
		return opEqSelect
	case backend.Ne:
		return opNeSelect
	}
	return 0
}
