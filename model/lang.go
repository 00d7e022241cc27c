//go:build !mtkc

package model

import "math"

// Real is a real variable, parameter or expression of a model. In an ordinary build
// it is a float64, so that models type-check, complete and vet like any Go package;
// while mtkc compiles a model it is a symbol.
type Real float64

// The roles of a field of a component. They are aliases: every one of them is a Real
// to Go, and frontend/gosrc records which one a field was declared with.
type (
	Param    = Real // keeps its value during a run; --set changes it without compiling
	Flow     = Real // of a connector: sums to zero in a connection, positive into the component
	Input    = Real // given from outside: by Connect, by Eq, or at the top level by the user
	Output   = Real // computed here for others
	Discrete = Real // changes at events only, by Set in When
	Stream   = Real // of a connector: a property carried by its Flow, see InStream
	Const    = Real // known when the model is compiled
)

// Bool is a condition: the result of a comparison of Reals. It is bool to Go; declare
// with it the variables, parameters and results that hold conditions on Reals.
type Bool = bool

// Eq states the equation a = b, which holds at all times.
func Eq(a, b Real) {}

// Der is the derivative of x with respect to time. Der(Der(x)) and the derivative of
// an expression are allowed.
func Der(x Real) Real { return 0 }

// Time is the independent variable, in seconds.
func Time() Real { return 0 }

// If is a where cond is true and b where it is false.
func If(cond Bool, a, b Real) Real {
	if cond {
		return a
	}
	return b
}

// Connect joins connectors of the same shape: their potentials are equal, their flows
// sum to zero. Plain Reals (an Output and Inputs) become equal.
func Connect(a any, b ...any) {}

// AnalysisPoint connects the signal out with the inputs that it feeds, as Connect does,
// and gives the connection a name within the component. A linearization can open the
// loop there, or measure sensitivity and loop transfer; nothing else looks at the name.
func AnalysisPoint(name string, out Real, in ...Real) {}

// Initial states the equation a = b, which holds at the start.
func Initial(a, b Real) {}

// Start fixes the value of x at the start of the run: the tag init as a statement. x
// is an unknown, a discrete variable or the derivative of one.
func Start(x, v Real) {}

// Guess gives the value from which the search for the start value of x begins: the
// tag guess as a statement.
func Guess(x, v Real) {}

// When runs the statements of do at the instants at which cond becomes true. do may
// call Set, Reinit, Terminate and Assert.
func When(cond Bool, do func()) {}

// ElseWhen adds a branch to the When, At, Every or Clocked before it: of the branches whose
// conditions become true in the same instant only the first one runs.
func ElseWhen(cond Bool, do func()) {}

// At runs the statements of do at the time t.
func At(t Real, do func()) {}

// Every runs the statements of do at the times 0, dt, 2*dt, ...: Clocked(Clock(dt), do).
func Every(dt Real, do func()) {}

// Ticks are the instants of a clock: t0, t0 + dt, t0 + 2*dt, ... They may be a field of a
// component, set in Structure, so that a controller does not know its own rate.
//
// What a clock drives are Discrete variables, given their values by Set in Clocked. They
// hold between the ticks, so that any part of the model may read them; Pre(x) is the
// value of the tick before; a variable of the continuous part is sampled where it is
// read. Of clocks that are derived from one another those that tick at one instant do so
// in one event: a controller reads what a faster or slower one has just computed,
// whichever order they are stated in.
type Ticks struct{ _ struct{} }

// Clock ticks at the times 0, interval, 2*interval, ... interval is a number or a
// parameter expression, in seconds.
func Clock(interval Real) Ticks { return Ticks{} }

// Sub is every n-th tick of c, the first one included (subSample in Modelica).
func (c Ticks) Sub(n int) Ticks { return c }

// Super ticks n times as often as c, the first time together with it (superSample).
func (c Ticks) Super(n int) Ticks { return c }

// Shift ticks like c, k/n of its interval later (shiftSample), or earlier where k < 0
// (backSample). It does not tick before the start of the run.
func (c Ticks) Shift(k, n int) Ticks { return c }

// Interval is the time from one tick to the next.
func (c Ticks) Interval() Real { return 0 }

// Clocked runs the statements of do at the ticks of c.
func Clocked(c Ticks, do func()) {}

// Set gives the discrete variable x the value v (within When).
func Set(x, v Real) {}

// Pre is the value of x just before the event (within When), its left limit.
func Pre(x Real) Real { return x }

// Reinit restarts the state x from the value v (within When).
func Reinit(x, v Real) {}

// Terminate ends the run as a success (within When).
func Terminate(message string) {}

// Assert stops the run with the message if cond becomes false. Within When it is
// checked at the event only.
func Assert(cond Bool, message string) {}

// InStream is the value that the stream variable h of a connector of this component
// has where the flow enters: the mixture of what the connected components send.
func InStream(h Real) Real { return h }

// ActualStream is InStream(h) while the flow of the connector enters and h while it
// leaves.
func ActualStream(h Real) Real { return h }

// Delay is x at the time tau before now. tau is a positive parameter expression.
func Delay(x, tau Real) Real { return x }

// Noise is white noise, the derivative of a Wiener process; each call makes an independent one. Der(x) = f + g*Noise() is
// the stochastic differential equation dx = f dt + g dW in the sense of Ito. To let one process drive several
// equations, keep the result in a Go variable. Noise can only be multiplied with what holds no noise, and added, and it must reach derivatives,
// through other variables and connections too.
func Noise() Real { return 0 }

// StratonovichNoise is Noise in the sense of Stratonovich: the ordinary chain rule holds, as for the limit of
// noise with a short memory.
func StratonovichNoise() Real { return 0 }

// NoEvent is x with its comparisons taken literally: they make no events.
func NoEvent(x Real) Real { return x }

// Smooth declares that x is continuous with its first order derivatives although it
// holds comparisons; they need no events then.
func Smooth(order int, x Real) Real { return x }

// Homotopy is actual; initialization may start from simplified and move over.
func Homotopy(actual, simplified Real) Real { return actual }

// Func would make a numeric Go function callable from equations. A model's program
// and the solver are different processes, so that gosrc answers with a diagnostic;
// the embedded builder (System.Pool.DeclareFunc) can do it.
func Func(name string, f func(args ...float64) float64) func(args ...Real) Real {
	return func(args ...Real) Real {
		v := make([]float64, len(args))
		for i, a := range args {
			v[i] = float64(a)
		}
		return Real(f(v...))
	}
}

// The elementary functions.

// Sin is the sine of x (in radians).
func Sin(x Real) Real { return Real(math.Sin(float64(x))) }

// Cos is the cosine of x (in radians).
func Cos(x Real) Real { return Real(math.Cos(float64(x))) }

// Tan is the tangent of x (in radians).
func Tan(x Real) Real { return Real(math.Tan(float64(x))) }

// Asin is the inverse of Sin.
func Asin(x Real) Real { return Real(math.Asin(float64(x))) }

// Acos is the inverse of Cos.
func Acos(x Real) Real { return Real(math.Acos(float64(x))) }

// Atan is the inverse of Tan.
func Atan(x Real) Real { return Real(math.Atan(float64(x))) }

// Atan2 is the angle of the point (x, y).
func Atan2(y, x Real) Real { return Real(math.Atan2(float64(y), float64(x))) }

// Sinh is the hyperbolic sine.
func Sinh(x Real) Real { return Real(math.Sinh(float64(x))) }

// Cosh is the hyperbolic cosine.
func Cosh(x Real) Real { return Real(math.Cosh(float64(x))) }

// Tanh is the hyperbolic tangent.
func Tanh(x Real) Real { return Real(math.Tanh(float64(x))) }

// Asinh is the inverse of Sinh.
func Asinh(x Real) Real { return Real(math.Asinh(float64(x))) }

// Acosh is the inverse of Cosh.
func Acosh(x Real) Real { return Real(math.Acosh(float64(x))) }

// Atanh is the inverse of Tanh.
func Atanh(x Real) Real { return Real(math.Atanh(float64(x))) }

// Exp is the exponential function.
func Exp(x Real) Real { return Real(math.Exp(float64(x))) }

// Log is the natural logarithm.
func Log(x Real) Real { return Real(math.Log(float64(x))) }

// Log10 is the logarithm to base 10.
func Log10(x Real) Real { return Real(math.Log10(float64(x))) }

// Sqrt is the square root.
func Sqrt(x Real) Real { return Real(math.Sqrt(float64(x))) }

// Pow is x to the power y.
func Pow(x, y Real) Real { return Real(math.Pow(float64(x), float64(y))) }

// Abs is the absolute value.
func Abs(x Real) Real { return Real(math.Abs(float64(x))) }

// Sign is -1, 0 or 1.
func Sign(x Real) Real {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

// Floor is the greatest integer not above x.
func Floor(x Real) Real { return Real(math.Floor(float64(x))) }

// Ceil is the least integer not below x.
func Ceil(x Real) Real { return Real(math.Ceil(float64(x))) }

// Mod is x - Floor(x/y)*y.
func Mod(x, y Real) Real { return x - Floor(x/y)*y }

// Min is the least of its arguments.
func Min(x Real, more ...Real) Real {
	for _, y := range more {
		x = min(x, y)
	}
	return x
}

// Max is the greatest of its arguments.
func Max(x Real, more ...Real) Real {
	for _, y := range more {
		x = max(x, y)
	}
	return x
}

// Sum adds the terms of a slice.
func Sum(x []Real) Real {
	var s Real
	for _, y := range x {
		s += y
	}
	return s
}
