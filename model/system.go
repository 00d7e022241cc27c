package model

import (
	"maps"
	"slices"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
)

// System is a flat hybrid system: what every front end produces and what the
// structural stage reads. All arrays are scalarised, components dissolved into
// full instance paths ("r1.p.v", "pipe[3].T"), connections replaced by equations.
// Everything is in declaration order, and nothing depends on names.
type System struct {
	Name string
	Doc  string
	Pool *expr.Pool

	Vars      []Variable // unknowns, discrete variables, inputs, parameters, constants in declaration order
	Equations []Equation // hold at all times
	Initial   []Equation // hold at the start
	Whens     []WhenClause
	Asserts   []Assertion
	Scheduled []ScheduledEvent // events with delays and priorities
	Delays    []DelayedValue   // values of the past
	Draws     []Draw           // random numbers

	Noises    []WhiteNoise       // independent white noises
	Reactions []ChemicalReaction // what happens at rates, to species
	// Items is how many single events a unit of the extent of reactions stands for, 0: one. It is Avogadro's number
	// where amounts are in moles. ItemsNote says, for a message, how that was found out where the model leaves room for doubt.
	Items     float64
	ItemsNote string
	Jumps     []Jump // of the jump process that reactions were made into; then there are no Reactions

	// Undefined says that variables on which nothing depends may be infinite or NaN at the start;
	// otherwise that is an error.
	Undefined bool

	Enums      []Enum
	Experiment Experiment

	bySym    []int32         // by symbol: 1 more than the index of its variable
	points   map[string]bool // analysis points that the builder made
	mistakes diag.List       // of the construction
}

// VarKind is the role of a variable.
type VarKind uint8

// Unknown variables are determined by the equations at all times. Discrete ones
// change in when-clauses only. (A Boolean that is given by an equation is Unknown.)
const (
	Unknown VarKind = iota
	DiscreteVar
	ParameterVar
	ConstantVar
	InputVar // a top-level input: a parameter until it is connected to a signal
)

// ScalarType is the type of a variable's values. Values of every type but String
// are float64 in compiled code; Booleans are 0 and 1, enumerations count from 1.
type ScalarType uint8

const (
	RealType ScalarType = iota
	IntegerType
	BooleanType
	EnumType
	StringType
)

// StateHint is the user's preference for a variable as a state.
type StateHint uint8

const (
	StateDefault StateHint = iota
	StateNever
	StateAvoid
	StatePrefer
	StateAlways
)

// Variable is a scalar of the flat system. Terms that are not given are expr.None.
type Variable struct {
	Name string  // full instance path
	Sym  expr.ID // its symbol in the pool
	Kind VarKind
	Type ScalarType

	Value expr.ID // binding of a parameter or constant; None: must be set, or is found by initialization
	Text  string  // value of a String parameter
	Start expr.ID // initial value or guess
	// Fixed: the start value holds at the start (for a parameter: not an unknown of
	// the initialization; parameters are fixed unless FixedFalse).
	Fixed      Fixity
	Min, Max   expr.ID
	Nominal    expr.ID
	AbsTol     float64 // absolute tolerance of a state where the user gives none; 0: the usual one
	Unit, Desc string
	Quantity   string
	Display    string // displayUnit
	EnumName   string
	State      StateHint
	Output     bool // declared as an output of the top-level model
	Tunable    bool
	// Prefix is "flow", "stream", "input" or "output" where the declaration says so, at
	// every level of the instance tree. It serves messages (Imbalances) only.
	Prefix     string
	Structural bool // must be known at compile time (annotation Evaluate, structural parameters)

	// Alias is a second name by which users may ask for the variable and set it, "" for none.
	Alias string
	// Listing says whether a run records the variable where the user names none.
	Listing Listing

	Pos  diag.Pos
	Path string // instance path of the component that declares it, "" for the top
}

// Listing says whether a variable is among those that are recorded where the user names none.
type Listing uint8

const (
	ListDefault Listing = iota // as its role and its name suggest
	ListAlways
	ListNever
)

// Fixity is the fixed attribute.
type Fixity uint8

const (
	FixedDefault Fixity = iota // false for unknowns, true for parameters
	FixedTrue
	FixedFalse
)

// Equation is Lhs = Rhs.
type Equation struct {
	Lhs, Rhs expr.ID
	Pos      diag.Pos
	Path     string // instance path of the component that states it
	Desc     string
	// Balance marks der(x) = sum of what reactions do to the species x: their rates appear in it linearly, each with its
	// stoichiometry, beside what else changes x.
	Balance bool
	// Connection marks equations made from connection sets.
	Connection bool
	// Point is the name of the analysis point that the connection input = output is, ""
	// for every other equation. A point that feeds several inputs has an equation for
	// each. It is an equation like others until a linearization names it.
	Point string
}

// WhenClause is when ... elsewhen ... end when: the first branch whose condition
// became true in this instant is executed.
type WhenClause struct {
	Branches []WhenBranch
	Pos      diag.Pos
	Path     string
}

// WhenBranch becomes active when one of its conditions changes from false to true.
type WhenBranch struct {
	Conds   []expr.ID
	Actions []Action
	Pos     diag.Pos
}

// ActionKind tells the statements of a when-clause apart.
type ActionKind uint8

const (
	SetAction       ActionKind = iota // Target = Value, a discrete variable
	ReinitAction                      // reinit(Target, Value), a continuous state
	TerminateAction                   // terminate(Message)
	AssertAction                      // assert(Cond, Message)
)

// Action is a statement of a when-clause. If is a further condition, or None.
type Action struct {
	Kind    ActionKind
	Target  expr.ID // symbol
	Value   expr.ID
	Cond    expr.ID // of an assertion
	If      expr.ID
	Message string
	Warn    bool
	Pos     diag.Pos
}

// Assertion must hold during the whole run.
type Assertion struct {
	Cond    expr.ID
	Message string
	Warn    bool
	Pos     diag.Pos
	Path    string
}

// Enum is an enumeration type; values count from 1.
type Enum struct {
	Name   string
	Values []string
}

// Experiment holds the settings that the model suggests. Zero values: not given.
type Experiment struct {
	Start, Stop float64
	Tolerance   float64
	Interval    float64
	Given       bool
	Solver      string
}

// AddVar appends a variable and returns its index. Its Sym must be set. Terms that
// are zero are NOT none: start from NewVariable.
func (s *System) AddVar(v Variable) int {
	s.index(v.Sym, len(s.Vars))
	s.Vars = append(s.Vars, v)
	return len(s.Vars) - 1
}

// NewVariable returns a variable of that name with its symbol made and all optional
// terms None. It is not yet part of the system.
func (s *System) NewVariable(name string, kind VarKind) Variable {
	return Variable{
		Name: name, Sym: s.Pool.Sym(name), Kind: kind,
		Value: expr.None, Start: expr.None, Min: expr.None, Max: expr.None, Nominal: expr.None,
	}
}

// VarOf returns the index of the variable with this symbol.
func (s *System) VarOf(sym expr.ID) (int, bool) {
	if int(sym) >= len(s.bySym) {
		return 0, false
	}
	i := s.bySym[sym]
	return max(int(i)-1, 0), i > 0
}

// index notes that the variable i has this symbol.
func (s *System) index(sym expr.ID, i int) {
	if n := int(sym) + 1; n > len(s.bySym) {
		s.bySym = append(s.bySym, make([]int32, max(n, s.Pool.Len())-len(s.bySym))...)
	}
	s.bySym[sym] = int32(i) + 1
}

// Clone returns a copy with lists of its own, whose entries share what they refer to, and the same pool.
func (s *System) Clone() *System {
	c := *s
	c.Vars, c.Equations, c.Initial = slices.Clone(s.Vars), slices.Clone(s.Equations), slices.Clone(s.Initial)
	c.Whens, c.Asserts, c.Scheduled, c.Delays = slices.Clone(s.Whens), slices.Clone(s.Asserts), slices.Clone(s.Scheduled), slices.Clone(s.Delays)
	c.Noises, c.Reactions, c.Jumps = slices.Clone(s.Noises), slices.Clone(s.Reactions), slices.Clone(s.Jumps)
	c.Draws = slices.Clone(s.Draws)
	c.bySym, c.points = slices.Clone(s.bySym), maps.Clone(s.points)
	return &c
}

// NewSystem returns an empty system with a pool of its own.
func NewSystem(name string) *System {
	return &System{Name: name, Pool: expr.NewPool()}
}
