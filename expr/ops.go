package expr

//go:generate go run ./gen

// Op is an operator. The table of operators is the file ops.txt.
type Op uint8

// OpInfo is the table entry of an operator.
type OpInfo struct {
	Name  string // in Modelica text
	Arity int    // -1: any number
	Bool  bool   // the result is Boolean
	Cost  int    // relative to an addition
	LaTeX string // a command for a function name, or a text with #1 and #2; "" where latex.go has the form
	// Eval computes the value; nil for operators without a value of their own.
	Eval func(a []float64) float64
	// Diff writes the partial derivative with respect to argument i; nil: not
	// differentiable, or handled by the differentiation itself.
	Diff func(p *Pool, a []ID, i int) ID
}

// Info returns the table entry of an operator.
func (o Op) Info() *OpInfo { return &ops[o] }

// String is the operator's name.
func (o Op) String() string { return ops[o].Name }

func b2f(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// The values that the table names beside those of packages math and elementary. Truth values are 0
// and 1; everything but 0 counts as true.

func less(x, y float64) float64      { return b2f(x < y) }
func lessEqual(x, y float64) float64 { return b2f(x <= y) }
func equal(x, y float64) float64     { return b2f(x == y) }
func notEqual(x, y float64) float64  { return b2f(x != y) }
func not(x float64) float64          { return b2f(x == 0) }
func and(x, y float64) float64       { return b2f(x != 0 && y != 0) }
func or(x, y float64) float64        { return b2f(x != 0 || y != 0) }
func identity(x float64) float64     { return x }
func first(x, _ float64) float64     { return x }
func second(_, y float64) float64    { return y }
func choose(c, x, y float64) float64 {
	if c != 0 {
		return x
	}
	return y
}
