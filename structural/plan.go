// Package structural turns a flat hybrid system into a plan for computing it:
// alias elimination, matching, index reduction, state selection, block triangular
// form, tearing, the initialization plan and the discrete update.
//
// In: model.System. Out: Plan, in which every term refers only to atoms that the
// plan lists. Every algorithm names its paper. A system that has no plan is
// reported with the equations and unknowns that are to blame.
package structural

import (
	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// Plan is the executable structure of a system.
//
// The atoms that occur in its terms are: expr.Time; the Atom of each State; the
// atoms of Params and Memory; and the targets of Seq that come earlier in Seq.
// Nothing else: der() of anything, pre(), relations with events, sample() have been
// replaced by such atoms. (Relations inside noEvent remain as operators.)
type Plan struct {
	Sys  *model.System
	Pool *expr.Pool

	Index int // differentiation index of the system as written (0: ODE after elimination)

	// States is the vector u: NDiff differential states first, then the algebraic
	// ones (iteration variables of torn blocks that are left to the integrator).
	States []State
	NDiff  int

	// Seq computes every other unknown of the system, and der(x) of each differential
	// state, from states, time, Params and Memory, in this order. Eliminated aliases
	// are here as well (target = sign*other), and so are constants and structural
	// parameters, so every variable of Sys is a state, a parameter, a memory atom or
	// a target. Targets that are no variables of Sys are derivatives ("der(x)") and
	// names for intermediate results ("$c0").
	Seq []Assign
	// Deriv[i] is the time derivative of differential state i: the atom of a target or of
	// another state.
	Deriv []expr.ID
	// Residuals[k] = 0 belongs to algebraic state NDiff+k.
	Residuals []Residual
	// AlgBlocks divides the residuals, and so the algebraic states, into the blocks that
	// are solved together, in evaluation order: a block depends on the blocks before it
	// and not on those behind.
	AlgBlocks []AlgBlock
	// Invariants are constraints that the states satisfy. No choice of independent states
	// is right for all times, so all are states, and the runtime projects onto the
	// invariants or solves them for states that it chooses as it goes.
	Invariants []Residual

	// Noises are the white noises that drive derivatives, Diffusion the entries of their matrix, by ascending
	// State and then Noise. NoiseSeq defines names in these, in this order, behind Seq. Nothing
	// else of the plan holds noise: it is the drift.
	Noises    []Noise
	Diffusion []Diffusion
	NoiseSeq  []Assign

	// Params is the leading part of the parameter vector, Memory its tail, see
	// ode.Problem.P: relations, time relations, sample flags, Cur and Pre of each
	// discrete variable, conditions of when-clauses.
	Params []Param
	Memory []expr.ID

	Hybrid Hybrid
	Init   Init

	Offsets   *Offsets    // how often each equation is differentiated, for reports
	Conserved []Conserved // linear combinations of variables that stay constant

	// Lifted is the algebraic part in the form in which it is solved after events: nil where
	// that is the form that it has.
	Lifted *Lifted

	// Guards are conditions on Params that the plan relies on. Evaluated are parameters, as
	// indices into Sys.Vars, that are none of Params because their values, put in as
	// numbers, decide the structure.
	Guards    []Guard
	Evaluated []int

	// Blocks is the block triangular form in evaluation order, for reports.
	Blocks []Block
	// Derivations are the parents of the equations that the model does not state.
	Derivations []Derivation
	// Notes are remarks for the user (warnings), e.g. start values taken as fixed.
	Notes diag.List
}

// State is an entry of u.
type State struct {
	Atom  expr.ID // symbol: a variable of Sys, or a derivative such as "der(x)" made a symbol
	Name  string
	Var   int     // index into Sys.Vars, -1 for a derivative
	Start expr.ID // atom in Params of the start value or guess; None: 0
	Fixed bool

	// Level is how many differentiations below the highest derivative of its variable the
	// state is, 0 for an algebraic state: an invariant can only be solved for states of
	// its own level.
	Level int
	Hint  model.StateHint
}

// Assign is Target := Value.
type Assign struct {
	Target expr.ID
	Value  expr.ID
	Eq     int   // index of the equation it was solved from, or of its first ancestor, -1
	From   int32 // 1 + index into Plan.Derivations of how that equation was derived, 0: as the model states it
}

// Residual is 0 = Value.
type Residual struct {
	Value expr.ID
	Eq    int   // index into Sys.Equations of the equation or of its first ancestor, -1
	From  int32 // 1 + index into Plan.Derivations, 0: as the model states it
	Level int   // of an invariant: times it is differentiated yet, until it determines highest derivatives

	src  int32  // as equation.src
	text string // in place of that of the source
}

// Param is an entry of the parameter vector.
type Param struct {
	Atom  expr.ID
	Name  string
	Var   int     // index into Sys.Vars; for a start value the variable it belongs to, -1 for a derivative
	Start bool    // it is the start value of Var: Name is "start(x)"
	Value expr.ID // binding in terms of Params (any order without cycles; the plan lists dependents after what they need); None: free, its value is found by Init or must be set
}

// Lifted has the arguments of steep exponentials as further unknowns, Exponents, behind the
// algebraic states. Seq is Plan.Seq with these, Residuals are those of the plan and
// behind them one for each exponent: it, minus what it stands for.
type Lifted struct {
	Exponents []expr.ID
	Seq       []Assign
	Residuals []Residual
}

// Hybrid is the discrete part. Atoms are entries of Plan.Memory.
type Hybrid struct {
	Relations     []Relation
	TimeRelations []TimeRelation
	Samples       []Sample
	Counters      []Counter
	Discrete      []Discrete
	Whens         []When
	// Update is evaluated once per event iteration: assignments in dependency order,
	// of targets of Plan.Seq, of discrete atoms (Cur), and of states (reinit, at the
	// end). The atom of a state in a term always means its value before Update, also
	// behind its own assignment; that of a target or of a discrete variable its new
	// value. Conditions appear as (cond and not memory); the memory of a condition
	// (Whens[i].Atom) must be given the present value of Cond after each evaluation, and
	// once more when the sample flags have been cleared at the end of the event, so
	// that a condition with a sample flag can become true again. At the start of a run
	// the memories hold the conditions' values at that instant, so that nothing fires but
	// what waits for the time to pass it.
	//
	// A discrete variable that no branch sets now keeps its Pre value, so Pre must equal
	// Cur before the first evaluation of an event.
	Update  []Assign
	Actions []Action
}

// RelationKind says what the memory of a relation holds.
type RelationKind uint8

// The kinds of ode.RelationKind.
const (
	Comparison RelationKind = iota // a truth value
	Kink                           // the condition of a continuous function, see work.kink
	SignOf                         // sign(G)
	FloorOf                        // floor(G)
	TruncOf                        // G rounded towards zero
)

// Relation is the memory of a comparison with a zero crossing: true where G > 0
// (Strict) or G >= 0; or of another function of G that jumps.
type Relation struct {
	Atom   expr.ID
	Kind   RelationKind
	G      expr.ID
	Strict bool
	Text   string
}

// TimeRelation becomes true (or false, if Falling) at the instant At, a term in Params
// and discrete Memory.
type TimeRelation struct {
	Atom    expr.ID
	Kind    RelationKind // all but FloorOf and TruncOf
	At      expr.ID
	Strict  bool
	Falling bool
	Text    string
}

// Sample is true at Start + k*Interval, terms in Params and discrete Memory; or, if
// Terminal, at the end of the run.
type Sample struct {
	Atom, Start, Interval expr.ID
	Terminal              bool
}

// Counter is floor(Rate*time + Offset), or, if Trunc, that number rounded towards zero.
// Rate and Offset are terms in Params and discrete Memory.
type Counter struct {
	Atom, Rate, Offset expr.ID
	Trunc              bool
}

// Discrete is a variable that when-clauses set, or (Var -1) the memory of an unknown or
// a relation whose pre() the model uses: Update sets it to the present value.
type Discrete struct {
	Var      int
	Cur, Pre expr.ID // atoms in Memory
	Start    expr.ID // term in Params; None: 0
	Left     bool    // the memory of an unknown that changes between events as well
}

// When is one condition of a when-clause; Cond is its present value, a term in
// targets; Atom remembers the previous one.
type When struct {
	Atom expr.ID
	Cond expr.ID
	Text string
}

// Action is a terminate or assert. Cond is a term that is true when it fires: for an
// assertion, when it is violated.
type Action struct {
	Cond      expr.ID
	Terminate bool
	Always    bool // outside when-clauses
	Warn      bool
	Message   string
}

// Init is the initialization plan: unknown atoms in blocks, in evaluation order. Its
// terms may use Params (fixed ones and those solved earlier), Memory, Time = start
// time, and atoms of W. Cur and Pre of discrete variables are unknowns as well.
type Init struct {
	W      []InitVar
	Blocks []InitBlock
	// Lambda, an unknown that no block determines, is 1 but where a homotopy is followed;
	// None: the model has none.
	Lambda expr.ID
	// Fixed lists the start values of real unknowns that the plan takes as they are.
	Fixed []FixedStart
}

// FixedStart says that Atom starts at the parameter Start.
type FixedStart struct {
	Atom, Start expr.ID
	Block       int32 // that assigns it
	// Soft: the model does not ask for that; it was chosen because a condition was left to
	// choose, and yields where the equations of the model want another value.
	Soft bool
	// Given: the model gives the value. Else it is 0 for want of one.
	Given bool
}

// InitVar is an unknown of the initial system: a state, an algebraic variable, a
// derivative, a free parameter, a discrete variable or its previous value at the
// start, or an intermediate result.
type InitVar struct {
	Atom  expr.ID
	Name  string
	Start expr.ID // atom in Params used as the guess (or the fixed value); None: 0
}

// InitBlock is a strongly connected block: assignments, and, where Unknowns is not
// empty, residuals in these iteration variables. The last block may have residuals and
// no unknowns: conditions that are not independent of the others and must hold.
type InitBlock struct {
	Unknowns  []expr.ID
	Assigns   []Assign
	Residuals []Residual
	// Lift: the last so many Unknowns stand for the arguments of steep exponentials, and
	// the last so many Residuals equate them, unknown minus argument.
	Lift     int
	Homotopy bool    // Init.Lambda occurs in it
	Reads    []int32 // earlier blocks that it depends on, ascending; nil where Init.Fixed is empty
	Linear   bool    // the residuals are affine in the unknowns together
}

// AlgBlock is a set of algebraic states that residuals determine together: Residuals[First:
// First+N] for States[NDiff+First: NDiff+First+N], once the states of the blocks before
// it are given.
type AlgBlock struct {
	First, N int
	Linear   bool // affine in these states: one Newton step is exact
	Steady   bool // linear, and the coefficients change at events only
}

// Kind says how a block is solved.
type Kind uint8

const (
	Explicit   Kind = iota // a scalar equation, solved for its unknown
	Eliminated             // a linear block, solved in closed form behind its tearing variables
	Linear                 // its tearing variables are algebraic states of linear residuals
	Nonlinear              // its tearing variables are algebraic states
)

// Block is a block of the simulation system, for reports: a bordered triangular form, in
// which Eqs[i] determines Vars[i] once the tearing variables are given, which are the
// last of Vars.
type Block struct {
	Vars []expr.ID
	Eqs  []Residual
	Tear []expr.ID // of an explicit block: none
	Kind Kind
	// Fewer tearing variables would do if the parameters Bounded could not be 0; 0: not so.
	Fewer   int
	Bounded []expr.ID
}
