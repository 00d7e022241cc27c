package linsolve

// Pivots are entries to eliminate with, chosen by the pattern alone: pivot k is entry
// (Row[k], Col[k]) of the matrix. Block b of the block triangular form is the pivots Start[b]
// to Start[b+1]-1: an entry in the row of a pivot of block a and the column of one of block
// b has a <= b. Inside a block the order is one of low fill.
type Pivots struct {
	Row, Col, Start []int32
}

// FixedPivots chooses the pivots of a square pattern, those with which the kinds ProgramLU
// and FrontalLU begin. A pivot that is no entry of the pattern means that every matrix of the pattern is singular.
func FixedPivots(p *Pattern) Pivots {
	an := analyse(p)
	return Pivots{an.Row, an.Col, an.Start}
}
