package model

import (
	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
)

// Jump is an event of a jump process: it happens at random instants, in dt with the probability Rate dt, and changes states at
// once. All terms are in variables and time, without der, pre and samples. Package model/form makes jumps of reactions.
type Jump struct {
	Name string
	// Rate is the probability per time. Of mass action it is the factor c before the product of x (x-1) ... (x-Order+1)
	// over Reactants, and does not depend on what jumps change.
	Rate       expr.ID
	MassAction bool
	Reactants  []Molecules
	Changes    []JumpChange
	Pos        diag.Pos
}

// Molecules are what one event of mass action takes of a species, whose symbol is that of a state.
type Molecules struct {
	Species expr.ID
	Order   int
}

// JumpChange adds the term By to a state.
type JumpChange struct{ State, By expr.ID }
