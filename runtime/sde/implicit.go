package sde

// Drift-implicit methods for stiff problems and for algebraic equations:
//
//	M (u' - u) = h (theta f(t+h, u') + (1 - theta) f(t, u)) + noise,
//
// where the noise is that of Euler's, Heun's or Milstein's method at the start of the step. Rows of algebraic equations hold at the end of each
// step. The noise is explicit: with multiplicative noise that is stiff, steps stay short.
//
// The errors are estimated as those of the explicit methods are, and pass through (M - theta h J)^-1 M, so that components that the step
// damps do not count.
//
// Kloeden, Platen, Numerical Solution of Stochastic Differential Equations, 1992, 12.2; for algebraic equations of index 1 Winkler,
// J. Comput. Appl. Math. 157, 2003.

import (
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/ode"
)

func init() {
	const source = "Kloeden, Platen, Numerical Solution of Stochastic Differential Equations, 1992, 12.2"
	add := func(name, stability, text string, theta float64, takes class, se sense, make func(s *stepper) noisy) {
		register(&method{
			info: ode.Info{
				Name: name, Order: 1, Embedded: 1, Stages: 1, Implicit: true, Mass: theta == 1, Stability: stability,
				Description: text, Reference: source,
			},
			takes: takes, sense: se, keeps: se == ito,
			make: func(s *stepper) scheme { return newImplicit(s, theta, make(s)) },
		})
	}
	euler := func(s *stepper) noisy { return newEuler(s, true) }
	const stable = "drift: L-stable"
	add("ImplicitRKMil", stable, "the drift-implicit Milstein method without derivatives, of strong order 1", 1, diagonal|scalar|additive, either,
		func(s *stepper) noisy { return newMilstein(s, differences) })
	add("ImplicitRKMilCommute", stable, "the drift-implicit Milstein method, of strong order 1, with the derivatives of the noise", 1, commutative|diagonal|scalar|additive, either,
		func(s *stepper) noisy { return newMilstein(s, products) })
	add("ImplicitEM", stable, "the drift-implicit Euler-Maruyama method, of strong order 0.5, 1 for additive noise", 1, general, ito, euler)
	add("ImplicitEulerHeun", stable, "the drift-implicit Euler-Heun method for Stratonovich's equations, of strong order 0.5, 1 for commutative noise", 1, general, stratonovich,
		func(s *stepper) noisy { return newHeunNoise(s) })
	add("STrapezoid", "drift: A-stable", "the trapezoidal rule for the drift with Euler's method for the noise, of strong order 0.5, 1 for additive noise", 0.5, general, ito, euler)
}

// noisy is what a method adds for the noise: it writes that to y, and its error to low.
type noisy interface {
	explicit(s *stepper, h, t float64, y, low []float64)
}

func (e *euler) explicit(s *stepper, _, _ float64, y, low []float64) {
	s.n.add(y, s.g, 1, s.w)
	if e.constant {
		clear(low)
		return
	}
	e.noise(s)
	copy(low, e.low)
}

func (m *milstein) explicit(s *stepper, h, t float64, y, low []float64) {
	m.noise(s, h, t)
	for i, v := range m.dw {
		y[i] += v + m.mil[i]
	}
	clear(s.est)
	m.estimate(s)
	copy(low, s.est)
}

// heunNoise is (G + G(v)) dW/2 with v = u + G dW.
type heunNoise struct{ euler }

func newHeunNoise(s *stepper) *heunNoise { return &heunNoise{*newEuler(s, true)} }

func (e *heunNoise) explicit(s *stepper, h, t float64, y, low []float64) {
	e.euler.explicit(s, h, t, y, low)
	for i, v := range low {
		y[i] += v
	}
}

// implicit is the scheme.
type implicit struct {
	theta     float64
	part      noisy
	n         *newton
	base, low []float64
	drift     []float64
}

func newImplicit(s *stepper, theta float64, part noisy) *implicit {
	n := s.n.n
	return &implicit{theta: theta, part: part, n: newNewton(s), base: make([]float64, n), low: make([]float64, n), drift: make([]float64, n)}
}

func (e *implicit) attempt(s *stepper, h, t float64) float64 {
	ws := s.ws
	copy(e.base, ws.U)
	e.part.explicit(s, h, t, e.base, e.low)
	rest := (1 - e.theta) * h
	y := ws.UNew
	for i, v := range e.base {
		e.base[i] = v + rest*s.f[i]
		y[i] = v + h*s.f[i]
	}
	if ws.Mass != nil {
		for _, i := range ws.Alg {
			y[i] = ws.U[i]
		}
	}
	if !e.n.solve(t, e.theta*h, e.base, y) {
		return math.NaN()
	}
	// The drift at the end: of a solution that is as good as the iteration makes it, what the equation says.
	back := 1 / (e.theta * h)
	for i, v := range y {
		e.drift[i] = 0.5 * h * (back*(v-e.base[i]) - s.f[i])
	}
	for _, i := range ws.Alg {
		e.drift[i] = 0
	}
	e.n.filter(e.drift)
	copy(s.est, e.low)
	e.n.filter(s.est)
	for i, v := range e.drift {
		s.est[i] = math.Abs(s.est[i]) + math.Abs(v)
	}
	return ws.ErrNorm(s.est, ws.U, y)
}

func (e *implicit) failure(h float64) *ode.Failure { return e.n.failure(h) }

// Archive visits J and factors.
func (e *implicit) Archive(a *archive.Archive) { e.n.Archive(a) }

// restart forgets J: an event may have changed f.
func (e *implicit) restart() { e.n.forget() }
