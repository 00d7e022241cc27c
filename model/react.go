//go:build !mtkc

package model

// Reaction states a reaction by its text, in the notation of package reaction/notation: "S + E <-> SE", "2 A -> B", "0 -> A". Names
// are those of fields of the component, of its parts (Cell.Ca) and of elements (X[3]); flat names do as well. The arrow says what
// rate is:
//
//	->  the constant of mass action: A + 2 B -> C happens at the rate k*A*B^2/2, see Combinatoric
//	=>  the law itself, for any other kinetics
//	<-> there and back; Reverse gives the constant of the way back, or, with <=>, its law
//
// Every unknown in reactions gets its balance when the model is complete: der(x) is the sum over all reactions of all components, each
// with the number of x that it makes or takes. No other equation states its derivative; what else changes it is a reaction
// 0 => x with its law. Species that are connected (Connect) are one species. Parameters, constants, discrete variables and
// inputs that nothing of the model determines are species that reactions leave as they are.
//
// The same model is solved as differential equations, as the chemical Langevin equation, or as a jump process.
func Reaction(rate Real, text string, options ...ReactionOption) {}

// ReactionOf states a reaction by its sides, for models that are built by loops:
//
//	ReactionOf(k, Reactants(m.A, 2*m.B), Products(m.C[i]))
//
// The species of a side are variables, or products of numbers, parameters or expressions in these with variables. The rate is the constant of
// mass action unless AsStated says otherwise.
func ReactionOf(rate Real, left ReactantList, right ProductList, options ...ReactionOption) {}

// ReactantList is the left side of a reaction.
type ReactantList []Real

// ProductList is its right side.
type ProductList []Real

// Reactants is the left side of a reaction; without arguments it is empty.
func Reactants(x ...Real) ReactantList { return x }

// Products is the right side of a reaction; without arguments it is empty.
func Products(x ...Real) ProductList { return x }

// ReactionOption says more of a reaction.
type ReactionOption struct{ _ struct{} }

// Reverse makes a reaction reversible: rate is that of the way back, of the same kind as the other.
func Reverse(rate Real) ReactionOption { return ReactionOption{} }

// Named gives the variable that is the rate of the reaction a name within the component; without it they are r1, r2, .... The text
// of a reaction may begin with one: "binding: S + E -> SE".
func Named(name string) ReactionOption { return ReactionOption{} }

// AsStated takes the rate of ReactionOf as the law itself, as the arrow => does.
func AsStated() ReactionOption { return ReactionOption{} }

// Combinatoric says whether mass action divides by the number of ways to arrange equal molecules, as it does by default: 2 A -> B
// with the constant k happens at the rate k*A^2/2, or, with Combinatoric(false), k*A^2.
func Combinatoric(on bool) ReactionOption { return ReactionOption{} }
