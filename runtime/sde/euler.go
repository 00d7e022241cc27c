package sde

import "github.com/mtkc/mtkc/runtime/ode"

func init() {
	register(&method{
		info: ode.Info{
			Name: "EM", Order: 1, Stages: 1, Stability: "explicit",
			Description: "the method of Euler and Maruyama, of strong order 0.5, 1 where the noise is additive, and weak order 1, with a fixed step",
			Reference:   "Maruyama, Rend. Circ. Mat. Palermo 4, 1955",
		},
		takes: general, sense: ito,
		make: func(*stepper) scheme { return euler{} },
	}, "EulerMaruyama")
}

// euler is u + h f + G dW.
type euler struct{}

func (euler) attempt(s *stepper, h, _ float64) float64 {
	ws := s.ws
	y := ws.UNew
	for i, v := range ws.U {
		y[i] = v + h*s.f[i]
	}
	s.n.add(y, s.g, 1, s.w)
	return bad(y)
}
