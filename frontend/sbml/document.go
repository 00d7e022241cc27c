package sbml

import (
	"math"

	"github.com/mtkc/mtkc/diag"
)

// Model is a model as the file states it: a reaction network with rules and events. Names
// are not yet resolved. From it System makes equations; a network, which knows reactions,
// can be made of it as well.
type Model struct {
	ID, Name       string
	Level, Version int
	Pos            diag.Pos

	ConversionFactor string // parameter, "" for none

	Substance, Extent string            // units of amounts and of the extent of reactions, "" where they are not given
	Units             map[string][]Unit // definitions

	Functions    []*Function
	Compartments []*Compartment
	Species      []*Species
	Parameters   []*Parameter
	Initial      []*Assignment // initial assignments
	Rules        []*Rule
	Constraints  []*Constraint
	Reactions    []*Reaction
	Events       []*Event

	// Of the package comp.
	Submodels    []*Submodel
	Ports        []Port
	Replacements []Replacement

	ids, metas map[string]any  // elements by id and by metaid
	units      map[string]bool // ids and metaids of unit definitions
	scope      *reader         // document that it is from
}

// Unit is (Multiplier 10^Scale Kind)^Exponent, a factor of a defined unit.
type Unit struct {
	Kind                        string
	Exponent, Scale, Multiplier float64
}

// Function is a function definition: a lambda, or nil for one without mathematics.
type Function struct {
	ID   string
	Body *Math
	Pos  diag.Pos
}

// Compartment is a container of any dimension. Size is NaN where it is not given.
type Compartment struct {
	ID, Name   string
	Dimensions float64
	Size       float64
	Constant   bool
	Pos        diag.Pos
}

// Species is an amount of a substance in a compartment. Amount and Concentration are NaN
// where they are not given.
type Species struct {
	ID, Name, Compartment string
	Amount, Concentration float64
	OnlySubstance         bool // its name means the amount, not the concentration
	Boundary, Constant    bool
	ConversionFactor      string
	Substance             string // unit of the amount, "" where it is not given
	Pos                   diag.Pos
}

// Parameter is a global or local parameter, NaN where no value is given.
type Parameter struct {
	ID, Name string
	Value    float64
	Constant bool
	Unit     string
	Pos      diag.Pos
}

// Assignment is Variable = Math, of an initial assignment or an event. Math is nil where
// it is left out, which is as if the assignment were.
type Assignment struct {
	Variable string
	Math     *Math
	Pos      diag.Pos
}

// RuleKind tells rules apart.
type RuleKind uint8

const (
	AssignmentRule RuleKind = iota // Variable = Math at all times
	RateRule                       // der(Variable) = Math
	AlgebraicRule                  // 0 = Math
)

// Rule holds at all times.
type Rule struct {
	Kind     RuleKind
	Variable string
	Math     *Math
	ID       string
	Pos      diag.Pos
}

// Constraint is a condition that the model states to hold.
type Constraint struct {
	Math    *Math
	Message string
	Pos     diag.Pos
}

// Reaction turns reactants into products at the rate of its law, in extent per time.
type Reaction struct {
	ID, Name            string
	Reversible, Fast    bool
	Reactants, Products []*Reference
	Modifiers           []string
	Law                 *Math
	Local               []*Parameter
	Pos                 diag.Pos
}

// Reference is a reactant or product with its stoichiometry: Number, NaN where it is not
// given, or Math.
type Reference struct {
	ID, Species string
	Number      float64
	Math        *Math
	Constant    bool
	Pos         diag.Pos
}

// Event happens when its trigger becomes true, after a delay.
type Event struct {
	ID, Name       string
	Trigger        *Math
	InitialValue   bool // the trigger counts as true before the start
	Persistent     bool // it happens even if the trigger becomes false before
	Delay          *Math
	Priority       *Math
	AtTrigger      bool // values are those at the trigger
	Assignments    []*Assignment
	Pos            diag.Pos
	WithoutTrigger bool
}

// none is what is not given.
var none = math.NaN()
