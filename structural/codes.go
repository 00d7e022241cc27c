package structural

// Code is a diagnostic of this package with what it means.
type Code struct{ Code, Meaning string }

// Codes lists the diagnostics of the structural stage.
var Codes = []Code{
	{"E204", "too few equations: the unknowns that nothing determines, and the component that is suspicious"},
	{"E205", "too many equations: the equations that are left over, with the unknowns they share"},
	{"E301", "structurally singular: a part with too many and a part with too few equations"},
	{"E302", "equations that contradict each other for all values"},
	{"E303", "the binding of a parameter depends on itself"},
	{"E304", "a parameter without value"},
	{"E305", "equal variables with different fixed start values"},
	{"E306", "a variable that two when-clauses set"},
	{"E307", "reinit of a variable that is no state, or setting of one that is not discrete"},
	{"E308", "a loop through variables of discrete type"},
	{"E309", "an operator that is not supported yet"},
	{"E311", "an equation between discrete values would have to be differentiated"},
	{"E312", "pre() of a continuous variable outside a when-clause"},
	{"E313", "a binding or start value that refers to an unknown"},
	{"E314", "equations whose Jacobian is singular for all values, and no remedy"},
	{"E315", "a constraint that jumps would have to be differentiated"},
	{"E316", "a constraint with a function that has no derivative would have to be differentiated more than once"},
	{"E317", "noise where something needs a value at an instant: a derivative, a condition, an event, an initial equation"},
	{"E318", "an equation that is not linear in a noise"},
	{"E319", "noise in an algebraic equation or a constraint, or noise that reaches no derivative"},
	{"E320", "the chain rule for what Ito noise drives"},
	{"E601", "fixed start values that contradict each other or the equations"},
	{"E602", "initial equations that contradict each other or fixed start values"},
	{"W301", "a start value that is taken as fixed, or assumed to be 0"},
	{"W302", "a start value or initial equation that is not independent of the others"},
	{"W303", "an equation between parameters that holds with their default values"},
	{"W304", "a model without unknowns and equations"},
	{"W305", "a parameter without value whose start value is used, or an input without value, which is 0"},
	{"W306", "a hidden constraint that structure does not see, and how the equations were combined to show it"},
	{"W308", "combined equations that could not be checked at consistent values"},
	{"W309", "a constraint that is not smooth, or not known to be, is differentiated"},
	{"W310", "a noise that drives nothing"},
	{"W311", "a variable that holds noise and is looked at alone"},
	{"W307", "a parameter whose value decides the structure, and is put in as a number"},
}
