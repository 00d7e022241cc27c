// Package control chooses step sizes from error estimates.
//
// In: the weighted norm of the error of a step, 1 meaning as large as allowed.
// Out: the factor by which the next step, or the next attempt, is longer. A
// Controller is a value that any number of runs may share; the State is a run's.
package control

import (
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
)

// Controller is a digital filter on the logarithm of the error: the step changes
// by the factor
//
//	Safety * e_n^-Beta[0] * e_{n-1}^-Beta[1] * e_{n-2}^-Beta[2] * (h_n/h_{n-1})^-Alpha,
//
// limited to [Min, Max], where e_n is the error norm of step n and h_n its length; or, if
// Predictive is set, by the smaller of the factors of the elementary controller and of
// Gustafsson's, which expects the error constant to go on growing as it did.
//
// Soderlind, Digital filters in adaptive time-stepping, ACM Trans. Math. Softw.
// 29(1), 2003; for PI see Gustafsson, ACM Trans. Math. Softw. 17(4), 1991.
type Controller struct {
	Beta     [3]float64
	Alpha    float64
	Safety   float64
	Min, Max float64
	// Keep is a factor this close above 1 that is not worth a change of step:
	// factors in [1, Keep] become 1. Methods that factor a matrix for each step
	// size set it.
	Keep       float64
	Predictive bool
	// retry is 1/(order of the error + 1): the exponent after a rejection, where
	// the error of this very attempt is all that counts.
	retry float64
}

// Order is the order that the controller was made for.
func (c *Controller) Order() int { return int(math.Round(1/c.retry)) - 1 }

// State is the memory of one run: logarithms (base 2) of the last two errors, and the last
// step.
type State struct{ log1, log2, h float64 }

// Archive visits the memory.
func (s *State) Archive(a *archive.Archive) { a.Float(&s.log1, &s.log2, &s.h) }

// Reset forgets the past steps.
func (s *State) Reset() { *s = State{} }

// I is the elementary controller for an error estimate that behaves like
// h^(order+1); order is that of the lower of the two methods.
func I(order int) Controller {
	k := 1 / float64(order+1)
	return Controller{Beta: [3]float64{k}, Safety: 0.9, Min: 0.2, Max: 10, Keep: 1, retry: k}
}

// PI is the controller with the exponents 2/3 and -1/3 of 1/(order+1), which
// Soderlind calls PI3333. Of the usual choices it needed the least work for the
// same error with Tsit5 and Vern7 on five nonstiff problems at three tolerances; the
// differences are a few per cent.
func PI(order int) Controller {
	k := 1 / float64(order+1)
	return Controller{Beta: [3]float64{2 * k / 3, -k / 3}, Safety: 0.9, Min: 0.2, Max: 10, Keep: 1, retry: k}
}

// PID is Soderlind's H312b filter with b = 8, smooth step sequences for
// methods whose work per step does not depend on the step.
func PID(order int) Controller {
	k := 1 / float64(order+1)
	return Controller{Beta: [3]float64{k / 4, k / 2, k / 4}, Safety: 0.9, Min: 0.2, Max: 10, Keep: 1, retry: k}
}

// H211b is Soderlind's filter of that name with b = 4: smoother than PI, for methods whose
// iterations like smooth step sequences.
func H211b(order int) Controller {
	k := 1 / float64(order+1)
	return Controller{Beta: [3]float64{k / 4, k / 4}, Alpha: 0.25, Safety: 0.9, Min: 0.2, Max: 10, Keep: 1, retry: k}
}

// Predictive is the controller of RADAU5 and RODAS: Gustafsson, ACM Trans. Math. Softw.
// 20(4), 1994.
func Predictive(order int) Controller {
	k := 1 / float64(order+1)
	return Controller{Beta: [3]float64{k}, Predictive: true, Safety: 0.9, Min: 0.2, Max: 6, Keep: 1, retry: k}
}

// floor is the logarithm of the smallest error that is told from zero: without it
// one lucky step would blow up the next.
const floor = -33 // 2^-33, about 1e-10

// logErr is half the logarithm of the square of an error.
func logErr(square float64) float64 {
	if square > 0x1p-66 {
		return 0.5 * log2(square)
	}
	return floor
}

// log2 and exp2 are good to 1.2e-4 and 1e-4 (of a factor), which is plenty for a step size, and take a
// fraction of the time of package math's: for a system of three equations those were a
// third of a step. Both are polynomials without a division, interpolating at Chebyshev points.

// log2 of a positive normal number.
func log2(x float64) float64 {
	bits := math.Float64bits(x)
	m := math.Float64frombits(bits&(1<<52-1)|1023<<52) - 1 // in [0, 1)
	m2 := m * m
	p := (0.0001145799604 + 1.436874896*m) + m2*((-0.670882679+0.3122694773*m)+-0.07844067621*m2)
	return float64(int(bits>>52)-1023) + p
}

// exp2 for |x| < 1000.
func exp2(x float64) float64 {
	n := int(x + 1024.5) // rounded
	f := x - float64(n-1024)
	f2 := f * f
	p := (0.999924557 + 0.6931367339*f) + f2*(0.2426394785+0.05583828295*f)
	return p * math.Float64frombits(uint64(n-1)<<52)
}

// Accepted returns the factor for the step after one of length h with error norm err <= 1.
func (c *Controller) Accepted(s *State, err, h float64) float64 {
	return c.AcceptedSquare(s, err*err, h)
}

// AcceptedSquare is Accepted for the square of the error norm.
func (c *Controller) AcceptedSquare(s *State, square, h float64) float64 {
	e := logErr(square)
	x := -c.Beta[0] * e
	if c.Beta[1] != 0 {
		x -= c.Beta[1] * s.log1
	}
	if c.Beta[2] != 0 {
		x -= c.Beta[2] * s.log2
	}
	if c.Alpha != 0 && s.h > 0 {
		x -= c.Alpha * log2(h/s.h)
	}
	if c.Predictive && s.h > 0 {
		// The error before counts as a hundredth of the tolerance at least.
		x = min(x, log2(h/s.h)+c.Beta[0]*(max(s.log1, -6.64)-2*e))
	}
	s.log1, s.log2, s.h = e, s.log1, h
	f := min(c.Max, max(c.Min, c.Safety*exp2(min(100, max(-100, x)))))
	if f >= 1 && f <= c.Keep {
		return 1
	}
	return f
}

// Rejected returns the factor for the next attempt after one with error norm
// err > 1, NaN or Inf. It is below 1.
func (c *Controller) Rejected(s *State, err float64) float64 {
	if !(err <= math.MaxFloat64) {
		return c.Min
	}
	f := c.Safety * math.Pow(err, -c.retry)
	return min(0.95, max(c.Min, f))
}

// Power is err^p for an error norm, to 1e-3, with norms below 1e-10 taken as that; NaN and
// infinite ones as by math.Pow.
func Power(err, p float64) float64 {
	if !(err <= 1e150) {
		return math.Pow(err, p)
	}
	return exp2(min(100, max(-100, p*logErr(err*err))))
}
