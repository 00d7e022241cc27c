// Package ode integrates compiled models: systems of ordinary differential and
// differential-algebraic equations M u' = f(t, u, p) with events.
//
// In: a Problem, filled by generated Go code, by the vm or by native code alike.
// Out: a Solution with dense output, or a partial one with the reason and the
// time at which the run stopped.
package ode

import "github.com/mtkc/mtkc/runtime/linsolve"

// Problem is a compiled hybrid system in semi-explicit form
//
//	M u' = f(t, u, p),   u(t0) = u0
//
// with a constant diagonal M of zeros and ones. Rows with M = 0 are algebraic
// equations 0 = f_i(t, u, p) of index 1. A Problem is read-only after it is
// built: any number of solves may share it, each with its own Kernels.
//
// P holds the user's parameters first (one per entry of Params) and behind them
// the discrete memory that Hybrid describes: relations, discrete variables and
// their previous values. Between two events P does not change, so f is smooth
// there.
type Problem struct {
	Name string
	Doc  string

	Span   [2]float64 // default interval; Span[1] <= Span[0] means none given
	RelTol float64    // default from the model's experiment settings, 0: none
	Index  int        // differentiation index of the model as written; 0 for an ODE

	States []Quantity // N entries of u, differential ones and algebraic ones mixed freely
	Params []Quantity // the leading entries of P, which a user may set by name; start values of states are among them, named start(x)
	U0     []float64  // len N: start values and guesses with default parameters; Init makes them consistent
	P      []float64  // len NP: defaults of Params (bound ones evaluated), then discrete memory
	Mass   []float64  // diagonal of M, entries 0 or 1; nil means all ones

	// Observables names every variable that can be asked for: all variables of the
	// flat model, states, discrete and eliminated ones alike, in declaration order.
	Observables []Observable

	Jac    *linsolve.Pattern // pattern of df/du, N by N; nil means dense by finite differences
	Linear *linsolve.Pattern // pattern of A where f = A u + g(t, u) with A a function of parameters alone, N by N; nil: not stated
	Stiff  *linsolve.Pattern // pattern of the Jacobian of Kernels.Stiff, N by N; nil: that of df/du
	// Second says that the problem is of second order, for problems without Jac; where Jac is
	// given, nil is right: what is of second order is found.
	Second *Second
	Hybrid *Hybrid // nil: no events
	Init   *Init   // nil: U0 is consistent as it stands

	// Lifted is the algebraic part of f as a block whose w holds u and behind it the
	// arguments of steep exponentials (junctions of diodes), Lift of them, which are unknowns
	// like the algebraic entries of u: the form in which Newton steps can be limited. Nil:
	// there are none.
	Lifted *InitBlock

	// Invariants are NInv equations 0 = g(t, u, p) that hold along every exact
	// solution (constraints and hidden constraints of a reduced high-index model).
	// The integrator projects each accepted step onto them (Eich, SIAM J. Numer.
	// Anal. 30(5), 1993), or solves them for states that it chooses, see Choice and
	// Options.Constraints. InvJac is the pattern of dg/du, NInv by N.
	NInv   int
	InvJac *linsolve.Pattern

	// Choice says which states the invariants may be solved for, where independent
	// states are chosen as the run goes. Nil: for any differential ones.
	Choice *Choice

	// AlgLinear says that the algebraic equations are affine in the algebraic entries of
	// u together: one factorisation solves them, whatever the start.
	AlgLinear bool

	// Undefined says that variables on which nothing depends may be infinite or NaN at the start.
	Undefined bool

	// VarIndex is, for a semi-explicit system of index 2 or 3 that is solved as it stands, the
	// index of each variable: 1 + the number of differentiations of the algebraic equations
	// that determine it (0 or 1 for states; in a mechanism with constraints on positions 1
	// for positions, 2 for velocities, 3 for forces). Such a system takes a method with
	// Info.Index 2 or 3 and consistent start values. Nil: all are of index 1 at most.
	VarIndex []int8

	// Guards are conditions on the parameters. A run in which one does not hold stops at
	// once, with its text.
	Guards []Guard

	// NRates is the number of angular frequencies that Kernels.Rates writes: those of sines and cosines of time in f. A
	// step is a part of the shortest period at most, unless Options.HMax is given: what f does between two points where a method evaluates it, such as
	// a pulse of current through a diode, is not seen. 0: there are none.
	NRates int

	// Implicit is set for a problem F(t, u, u', p) = 0. Nil: the problem is M u' = f.
	Implicit *Implicit

	Noise *Noise // nil: there is none
	Jumps *Jumps // nil: there are none

	// Callbacks returns callbacks that belong to the problem, such as events with delays: new ones
	// for the kernels of a run. They go before those of the options. Nil: there are none.
	Callbacks func(k *Kernels) []*Callback

	// NewKernels returns the functions of this problem bound to scratch memory of
	// their own. Two Kernels may run concurrently; one may not.
	NewKernels func() *Kernels

	// NewObserver returns a function that writes the chosen observables (indices
	// into Observables) at (t, u, p) to out. The function has scratch of its own.
	NewObserver func(which []int) func(t float64, u, p, out []float64)

	given []bool    // of a remade problem: parameters that were set, and do not follow from others,
	start []float64 // and start values, NaN where none was set; nil: nothing was

	// Equation returns a description of row i of f for messages: the source
	// position, the instance path and the text of the equation. May be nil.
	Equation func(i int) string
}

// Quantity describes an entry of u or p.
type Quantity struct {
	Name    string
	Unit    string
	Desc    string
	Min     float64 // -Inf: none
	Max     float64 // +Inf: none
	Nominal float64 // typical magnitude, 0: not given
	AbsTol  float64 // of a state, the absolute tolerance where Options give none; 0: the usual one
	// StartParam, for a state, is 1 + the index into P of its start value; 0: the
	// start value is the entry of U0 and not a parameter.
	StartParam int
}

// Choice describes the candidates for dependent states. The Jacobian of the invariants of
// one level by the states of the same level has full row rank wherever the model
// determines its highest derivatives; other entries of dg/du do not count.
type Choice struct {
	InvLevel []int8 // of each invariant: differentiations left until it determines highest derivatives, from 1
	Level    []int8 // of each state: differentiations below the highest derivative of its variable; 0: no candidate
	Wish     []Wish // of each state
}

// Wish is how much the user wants a variable to be an independent state.
type Wish int8

const (
	WishNever  Wish = -2
	WishAvoid  Wish = -1
	NoWish     Wish = 0
	WishPrefer Wish = 1
	WishAlways Wish = 2
)

// Guard is a condition that the parameters must satisfy, since the problem was compiled
// for it: something is divided by a parameter, or an equation was left out that holds
// for some parameters only.
type Guard struct {
	Param int  // index into P of what must not be 0; -1: Kernels.Guards computes a term
	Zero  bool // the term must be 0, else it must not
	Text  string
}

// Kind says where an observable comes from.
type Kind uint8

const (
	Eliminated Kind = iota // computed from t, u, p by an observed kernel
	State                  // u[Index], times Sign
	Parameter              // p[Index], times Sign
)

// Observable is a variable of the flat model.
type Observable struct {
	Name  string
	Unit  string
	Desc  string
	Kind  Kind
	Index int     // for State and Parameter
	Sign  float64 // +1 or -1, aliases may be negated
	// Listing says whether the variable is recorded where the user names none: by its role
	// and its name (0), ListAlways or ListNever.
	Listing Listing
}

// Listing is whether an observable is recorded without being asked for.
type Listing uint8

const (
	ListDefault Listing = iota
	ListAlways
	ListNever
)

// Kernels are the compiled functions of one Problem. They write into caller
// memory and allocate nothing. A nil function is absent; RHS never is, but in implicit problems.
type Kernels struct {
	RHS   func(t float64, u, p, du []float64)   // du = f(t, u, p), len N
	Jac   func(t float64, u, p, vals []float64) // df/du in the order of Problem.Jac
	TGrad func(t float64, u, p, dt []float64)   // df/dt, len N

	// Jet writes the normalised Taylor coefficients u_i^(k)/k!, k = 0 to order, of the solution of
	// u' = f(t, u, p) through (t, u) to c: those of u_i from c[i*(order+1)] on, ascending in k. c has
	// N*(order+1) entries. It may allocate when the order is larger than in all calls before. Package taylor
	// makes it.
	Jet func(t float64, u, p []float64, order int, c []float64)

	// Residual writes F(t, u, du, p) to r, len N, where Problem.Implicit is set; RHS may be nil
	// then. ResidualJac writes dF/du + alpha dF/du' in the order of Implicit.Jac; nil: by finite
	// differences.
	Residual    func(t float64, u, du, p, r []float64)
	ResidualJac func(t float64, u, du, p []float64, alpha float64, vals []float64)

	// Linear writes A, the part of f that is linear in u with coefficients of parameters and discrete
	// memory alone, in the order of Problem.Linear. RHS stays the whole of f: methods for split
	// problems subtract A u.
	Linear func(p, vals []float64)

	// Stiff is a part f_I of f = f_I + f_E that the author of the problem wants treated
	// implicitly where f_E = RHS - Stiff is treated explicitly. It goes before Linear. StiffJac
	// writes its Jacobian in the order of Problem.Stiff; nil: finite differences.
	Stiff    func(t float64, u, p, du []float64)
	StiffJac func(t float64, u, p, vals []float64)

	Lifted *InitKernel // of Problem.Lifted

	Invariants   func(t float64, u, p, g []float64)    // len NInv
	InvariantJac func(t float64, u, p, vals []float64) // in the order of InvJac

	// Crossings writes one indicator per Hybrid.Relations entry: the relation is
	// true where g > 0 (or g >= 0 if it is not Strict).
	Crossings func(t float64, u, p, g []float64)

	// TimeEvents writes, for each Hybrid.TimeRelations entry, the instant at which
	// the relation changes, behind them start and interval of each Hybrid.Samples
	// entry, and behind those a and b of each Hybrid.Counters entry (two numbers
	// each). NaN means never.
	TimeEvents func(p, te []float64)

	// Update evaluates all when-clauses once: it reads t, u, p (with relation
	// memory, sample flags, previous values) and writes the complete new u and the
	// complete new p: discrete variables into their Cur slots, the present values of
	// the when-conditions into their Cond slots, reinitialised states into unew.
	// Everything else is copied. It returns k+1 where Hybrid.Actions[k] is a terminate
	// or failed-assertion action that fired (the first in order), else 0.
	Update func(t float64, u, p, unew, pnew []float64) int

	// Assert returns k+1 for an entry of Hybrid.Actions with Always set whose assertion
	// is violated at (t, u, p), else 0: the first that is an error, or else the first
	// warning. It is called after accepted steps.
	Assert func(t float64, u, p []float64) int

	// Bind computes the parameters that the model binds to expressions of other
	// parameters (start values included), in dependency order, and leaves alone those
	// with set[i] true. It is called after a user changed entries of p. set has
	// len(Params) entries; nil means none set.
	Bind func(p []float64, set []bool)

	// Guards writes two numbers for each of Problem.Guards without Param: a term, and the
	// size of what adds up to it.
	Guards func(p, g []float64)

	// Rates writes the Problem.NRates angular frequencies of sines of time.
	Rates func(p, w []float64)

	// Init has one entry per Init.Blocks.
	Init []InitKernel

	// Noise writes G in the order of Noise.Matrix, NoiseJac its derivatives in the order of Noise.Reads; nil: by differences.
	Noise    func(t float64, u, p, vals []float64)
	NoiseJac func(t float64, u, p, vals []float64)

	// JumpConstants writes the constants c of the reactions of mass action, c[r] for reaction r, and leaves the others. JumpRate
	// is the rate of a reaction that is none of mass action, and JumpChange writes the changes of one whose changes vary.
	JumpConstants func(t float64, u, p, c []float64)
	JumpRate      func(r int, t float64, u, p []float64) float64
	JumpChange    func(r int, t float64, u, p, by []float64)

	// Refresh sets the entries of p that follow from time, state and what has passed, such as
	// delayed values, for what reads p without a kernel. Nil: there are none.
	Refresh func(t float64, u, p []float64)

	// Memory is what kernels and Problem.Callbacks share.
	Memory any
}

// Hybrid describes the discrete part of a Problem. All slots are indices into P.
//
// At an event the integrator sets the memory of the relations that crossed and the
// flags of the samples that fired, and iterates. In one pass of the iteration the Pre
// and Cond slots stay; Update, the algebraic rows and Crossings are evaluated until
// relations, discrete variables and algebraic unknowns agree. Then the actions that
// fired are performed, states are reinitialised, Cur is copied to Pre and the
// conditions to Cond, and the next pass begins, until a pass changes nothing
// (Modelica 3.6, section 8.6). Then sample flags are cleared and integration restarts.
type Hybrid struct {
	Relations     []Relation // with an indicator in Crossings, found by root search
	TimeRelations []Relation // depend on time and parameters alone: exact steps
	Samples       []Sample
	Counters      []Counter
	Discrete      []Discrete
	Whens         []When
	Actions       []Action

	// CrossingStates lists the entries of u that Kernels.Crossings reads, ascending; nil: any.
	// With it the search for events within a step interpolates these alone, where the method
	// can (InterpolateSome).
	CrossingStates []int32
}

// RelationKind says what the memory of a relation holds for its indicator g.
type RelationKind uint8

const (
	Comparison RelationKind = iota // 1 where g > 0, else 0
	// Kink is the condition of a continuous function, max(a, b) = if a >= b then a else
	// b: as Comparison while the integrator watches it. Its crossings are ends of steps,
	// no events: nothing but the memory changes there. The memory 0.5 says that the
	// condition is to be evaluated as it stands.
	Kink
	SignOf  // sign(g)
	FloorOf // floor(g)
	TruncOf // g rounded towards zero
)

// literally is the memory of a kink that is not watched.
const literally = 0.5

// Relation is a comparison whose truth value is frozen between events, or another
// function of its indicator that jumps.
type Relation struct {
	Text   string // as the user wrote it
	Slot   int
	Kind   RelationKind
	Strict bool // true for < and >
	// Falling, for time relations: true before the instant and false after it.
	Falling bool
}

// Sample is sample(start, interval): its flag is 1 during the event instants only.
type Sample struct {
	Flag     int
	Terminal bool // terminal() instead: during the event at the end of the run, and in its last point
}

// Counter is floor(a*time + b), or, if Trunc, that number rounded towards zero, as a
// right limit. a and b depend on parameters and discrete memory alone.
type Counter struct {
	Slot  int
	Trunc bool
}

// Discrete is a variable that changes at events only.
type Discrete struct {
	Name     string
	Cur, Pre int
	// Left: it remembers a variable that changes between events as well; its value just
	// before an event is that of the left limit.
	Left bool
}

// When is a when-clause; Cond remembers the last value of its condition.
type When struct {
	Text string
	Cond int
}

// Action is a terminate or assert statement.
type Action struct {
	Terminate bool   // else a failed assertion, an error
	Always    bool   // outside when-clauses, or of one at the start: checked there and at every accepted step
	Warn      bool   // an assertion of level warning: report once and go on
	Message   string // as written by the user, with position
}

// Init is the initialization plan: unknowns w (NW of them), solved block by block
// at t0. w[i] starts as p[StartFrom[i]], or as Start[i] where StartFrom[i] is -1;
// afterwards u0, the solved parameters and the start values of discrete variables
// are gathered from w.
type Init struct {
	NW        int
	Names     []string   // of w, for messages
	Start     []float64  // guesses, len NW
	StartFrom []int32    // len NW
	U         []int32    // u0[i] = w[U[i]]
	P         [][2]int32 // p[P[k][0]] = w[P[k][1]]
	Blocks    []InitBlock
	// Lambda is 1 + the entry of w that holds the parameter of homotopies, 1 but where one
	// is followed; 0: the model has none.
	Lambda int32
	// Fixed lists the entries of w that are start values, as they stand in p.
	Fixed []FixedStart
	// Notes are warnings found by the compiler (start values assumed fixed, ...).
	Notes []string
}

// FixedStart says that w[W] = p[P] at the start.
type FixedStart struct {
	W, P  int32
	Block int32 // of Init.Blocks, where it is assigned
	// Soft: the model does not fix this value; the compiler chose it, and it yields where
	// the equations want another.
	Soft bool
	// Given: the value is the model's, else 0 for want of one.
	Given bool
}

// InitBlock is one strongly connected block of the initial system.
// Unknowns is empty where the block is a sequence of assignments.
type InitBlock struct {
	Unknowns []int32  // iteration variables, indices into w
	Residual []string // description of each residual equation, with position
	Jac      *linsolve.Pattern
	Reads    []int32 // earlier blocks whose results it uses, ascending; where Init.Fixed is empty, nil
	Lift     int     // the last so many Unknowns stand for arguments of exponentials, the last so many equations say: unknown minus argument
	Homotopy bool    // it depends on the parameter of homotopies
}

// InitKernel evaluates a block: Eval assigns the explicitly solved unknowns of the
// block in w and writes the residuals to r (nil for a block without iteration
// variables); Jac writes dr/d(Unknowns) in the order of InitBlock.Jac.
type InitKernel struct {
	Eval func(t float64, w, p, r []float64)
	Jac  func(t float64, w, p, vals []float64)
}

// N is the number of states, differential and algebraic.
func (p *Problem) N() int { return len(p.U0) }
