package sde

// Methods of Euler's kind. They take any noise, and need no iterated integrals; so their strong order is 1/2, but for
// additive noise, and that of Heun's kind 1 for commutative noise too.
//
// The error estimates add the magnitudes of two parts: h/2 (f(t+h, u') - f(t, u)) of the drift, and of the noise
// (G(t, u + G dW) - G(t, u)) dW / 2, the difference between Heun's and Euler's methods, to which the term that Milstein's method adds is
// what is left on commuting processes. (Lamba, J. Comput. Appl. Math. 161, 2003, has the former; Rackauckas, Nie, 2017, both.)
//
// Where Euler's formula stands for Ito's integral, no step is rejected, but in a blow-up: the error of a step chooses the length of the next one. The
// formula converges because the sum of dW^2 - h vanishes, and that it does only where the ends of steps do not depend on the path
// beyond their starts. Steps that are rejected for a large dW leave those with a small one: on the linear problem of the tests the error
// at rtol = 0.01 was 0.12, with 50 steps, where 64 equal ones leave 0.07, and hardly fell any more. Methods of strong order 1, and those of
// Heun's kind, whose formula is Stratonovich's integral for each path, are free of that. (Gaines, Lyons, SIAM J. Appl. Math. 57(5), 1997.)

import (
	"math"

	"github.com/mtkc/mtkc/runtime/ode"
)

func init() {
	const maruyama = "Maruyama, Rend. Circ. Mat. Palermo 4, 1955"
	const lamba = "Lamba, J. Comput. Appl. Math. 161, 2003"
	const ruemelin = "Rümelin, SIAM J. Numer. Anal. 19(3), 1982"
	register(&method{
		info: ode.Info{
			Name: "LambaEM", Order: 1, Embedded: 1, Stages: 1, Stability: "explicit",
			Description: "the method of Euler and Maruyama, of strong order 0.5, with error control", Reference: lamba,
		},
		takes: general, sense: ito, keeps: true,
		make: func(s *stepper) scheme { return newEuler(s, true) },
	})
	register(&method{
		info: ode.Info{
			Name: "LambaEulerHeun", Order: 1, Embedded: 1, Stages: 2, Stability: "explicit",
			Description: "the method of Euler and Heun for Stratonovich's equations, of strong order 0.5, 1 for commutative noise, with error control", Reference: lamba,
		},
		takes: general, sense: stratonovich,
		make: func(s *stepper) scheme { return newHeun(s, true) },
	})
	register(&method{
		info: ode.Info{
			Name: "EM", Order: 1, Stages: 1, Stability: "explicit",
			Description: "the method of Euler and Maruyama, of strong order 0.5, 1 for additive noise, and weak order 1", Reference: maruyama,
		},
		takes: general, sense: ito,
		make: func(s *stepper) scheme { return newEuler(s, false) },
	}, "EulerMaruyama")
	register(&method{
		info: ode.Info{
			Name: "EulerHeun", Order: 1, Stages: 2, Stability: "explicit",
			Description: "the method of Euler and Heun for Stratonovich's equations, of strong order 0.5, 1 for commutative noise", Reference: ruemelin,
		},
		takes: general, sense: stratonovich,
		make: func(s *stepper) scheme { return newHeun(s, false) },
	})
}

// euler is u + h f + G dW.
type euler struct {
	control  bool
	y, low   []float64
	g        []float64
	constant bool // the noise is additive
}

func newEuler(s *stepper, control bool) *euler {
	e := &euler{control: control, constant: s.n.class&additive != 0}
	if control {
		e.y, e.low, e.g = make([]float64, s.n.n), make([]float64, s.n.n), make([]float64, len(s.g))
	}
	return e
}

func (e *euler) attempt(s *stepper, h, t float64) float64 {
	ws := s.ws
	y := ws.UNew
	for i, v := range ws.U {
		y[i] = v + h*s.f[i]
	}
	s.n.add(y, s.g, 1, s.w)
	if !e.control {
		return bad(y)
	}
	if !s.finish(h, t) {
		return math.NaN()
	}
	if !e.constant {
		e.noise(s)
		for i, v := range e.low {
			s.est[i] = math.Abs(s.est[i]) + math.Abs(v)
		}
	}
	return ws.ErrNorm(s.est, ws.U, y)
}

// noise writes (G(t, u + G dW) - G(t, u)) dW / 2 to low.
func (e *euler) noise(s *stepper) {
	copy(e.y, s.ws.U)
	s.n.add(e.y, s.g, 1, s.w)
	s.n.matrix(s.ws.T, e.y, e.g)
	clear(e.low)
	s.n.add(e.low, e.g, 0.5, s.w)
	s.n.add(e.low, s.g, -0.5, s.w)
}

// heun is u + h/2 (f + f(v)) + (G + G(v)) dW/2 with v = u + h f + G dW.
type heun struct {
	control   bool
	y, f, low []float64
	g         []float64
}

func newHeun(s *stepper, control bool) *heun {
	n := s.n.n
	return &heun{control: control, y: make([]float64, n), f: make([]float64, n), low: make([]float64, n), g: make([]float64, len(s.g))}
}

func (e *heun) attempt(s *stepper, h, t float64) float64 {
	ws := s.ws
	for i, v := range ws.U {
		e.y[i] = v + h*s.f[i]
	}
	s.n.add(e.y, s.g, 1, s.w)
	s.drift(t, e.y, e.f)
	s.n.matrix(t, e.y, e.g)
	clear(e.low)
	s.n.add(e.low, e.g, 0.5, s.w)
	s.n.add(e.low, s.g, -0.5, s.w)
	y := ws.UNew
	for i, v := range e.y {
		d := 0.5 * h * (e.f[i] - s.f[i])
		y[i] = v + d + e.low[i]
		s.est[i] = math.Abs(d) + math.Abs(e.low[i])
	}
	if !e.control {
		return bad(y)
	}
	return ws.ErrNorm(s.est, ws.U, y)
}
