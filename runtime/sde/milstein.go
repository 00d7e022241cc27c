package sde

// Milstein's method, of strong order 1: Euler's method and the terms
//
//	sum_ij L^j g_i I_(j,i),   L^j g_i = (dg_i/du) g_j,   I_(j,i) = int W_j dW_i.
//
// On diagonal and scalar noise it takes no derivatives but differences, (g(u + h f + sqrt(h) g) - g(u))/sqrt(h) for L g (RKMil). On
// commutative noise the pairs add up to products of increments. On other noise it takes the Levy areas of the very path: the step
// is cut into as many cells as the run has steps of its length, and the area is that of the increments of the cells with
// w_i H_j - w_j H_i for each, the mean of its area given its increments and space-time areas. What is left is of size
// h^(3/2)/sqrt(12 span), so that the order is 1, at a price that grows as h^-2 altogether, without evaluations of the problem. (Wiktorsson's
// sums draw areas that have the right distribution, but are those of no path.)
//
// The error is h/2 (f(end) - f) and about 2/3 m^2/n, where m is the term that Milstein adds, n that of the noise: on linear noise the next
// term of the expansion; m at most.
//
// Kloeden, Platen, Numerical Solution of Stochastic Differential Equations, 1992, 10.3 and 11.1; Foster, Lyons, Oberhauser, SIAM J. Numer.
// Anal. 58(3), 2020, for the mean of the area.

import (
	"math"

	"github.com/mtkc/mtkc/runtime/ode"
)

func init() {
	const source = "Milstein, Theory Probab. Appl. 19, 1975"
	register(&method{
		info: ode.Info{
			Name: "RKMil", Order: 1, Embedded: 1, Stages: 2, Stability: "explicit",
			Description: "Milstein's method without derivatives, of strong order 1", Reference: "Kloeden, Platen, Numerical Solution of Stochastic Differential Equations, 1992, 11.1",
		},
		takes: diagonal | scalar | additive,
		make:  func(s *stepper) scheme { return newMilstein(s, differences) },
	})
	register(&method{
		info: ode.Info{
			Name: "RKMilCommute", Order: 1, Embedded: 1, Stages: 1, Stability: "explicit",
			Description: "Milstein's method, of strong order 1, with the derivatives of the noise", Reference: source,
		},
		takes: commutative | diagonal | scalar | additive,
		make:  func(s *stepper) scheme { return newMilstein(s, products) },
	}, "Milstein")
	register(&method{
		info: ode.Info{
			Name: "RKMilGeneral", Order: 1, Embedded: 1, Stages: 1, Stability: "explicit",
			Description: "Milstein's method, of strong order 1, with the derivatives of the noise and the Levy areas of the path", Reference: source,
		},
		takes: general,
		make:  func(s *stepper) scheme { return newMilstein(s, areas) },
	})
}

// double says where the double integrals come from.
type double uint8

const (
	differences double = iota // no mixed ones; derivatives by differences
	products                  // commutative noise
	areas                     // Levy areas
)

const mostCells = 4096 // of a step

// milstein is the scheme, and of implicit methods the part that the noise adds.
type milstein struct {
	kind     double
	y        []float64
	g        []float64
	mil      []float64 // the term
	dw       []float64 // G dW
	size     []float64 // sum of (g dt^1/2)^2
	w        []float64 // I_(j,i), or of each process (dW^2 - h)/2
	constant bool
}

func newMilstein(s *stepper, kind double) *milstein {
	n := s.n
	m := &milstein{kind: kind, y: make([]float64, n.n), mil: make([]float64, n.n), dw: make([]float64, n.n), size: make([]float64, n.n), constant: n.class&additive != 0}
	if kind == differences {
		m.g, m.w = make([]float64, len(s.g)), make([]float64, n.m)
	} else {
		n.differentiate()
		m.w = make([]float64, n.m*n.m)
	}
	return m
}

func (m *milstein) attempt(s *stepper, h, t float64) float64 {
	m.noise(s, h, t)
	ws := s.ws
	y := ws.UNew
	for i, v := range ws.U {
		y[i] = v + h*s.f[i] + (m.dw[i] + m.mil[i])
	}
	if !s.finish(h, t) {
		return math.NaN()
	}
	m.estimate(s)
	return ws.ErrNorm(s.est, ws.U, y)
}

// noise computes G dW and Milstein's term.
func (m *milstein) noise(s *stepper, h, t float64) {
	ws, n := s.ws, s.n
	clear(m.dw)
	n.add(m.dw, s.g, 1, s.w)
	clear(m.mil)
	if m.constant {
		return
	}
	drop := h // in Ito's sense
	if ws.P.Noise.Stratonovich {
		drop = 0
	}
	if m.kind == differences {
		// In Ito's sense w has the mean 0, and what the difference is off, of order h, no matter. Else the difference is a central
		// one.
		root := math.Sqrt(h)
		copy(m.y, ws.U)
		if drop != 0 && !s.m.info.Implicit { // a stiff drift would lead astray
			for i, v := range s.f {
				m.y[i] += h * v
			}
		}
		n.addAll(m.y, s.g, root)
		n.matrix(ws.T, m.y, m.g)
		other := s.g
		if drop == 0 {
			n.addAll(m.y, s.g, -2*root)
			n.matrix(ws.T, m.y, n.g)
			other, root = n.g, 2*root
		}
		for j, w := range s.w {
			m.w[j] = (w*w - drop) / (2 * root)
		}
		n.add(m.mil, m.g, 1, m.w)
		n.add(m.mil, other, -1, m.w)
		return
	}
	n.derivatives(ws.T, ws.U, s.g)
	for i, a := range s.w {
		for j, b := range s.w {
			m.w[i*n.m+j] = 0.5 * a * b
		}
		m.w[i*n.m+i] -= 0.5 * drop
	}
	if m.kind == areas && n.m > 1 {
		s.path.Areas(min(s.span/h, mostCells), m.w)
	}
	n.double(m.mil, s.g, 1, m.w)
}

// estimate adds the error of the noise to the magnitude of that of the drift.
func (m *milstein) estimate(s *stepper) {
	if m.constant {
		return
	}
	h := s.path.at - s.path.from
	clear(m.size)
	for e, i := range s.n.pat.RowIdx {
		m.size[i] += s.g[e] * s.g[e] * h
	}
	for i, v := range m.mil {
		e := math.Abs(s.est[i])
		if v != 0 {
			e += v * v / (1.5*math.Abs(m.dw[i]) + 0.75*math.Sqrt(m.size[i]) + math.Abs(v))
		}
		s.est[i] = e
	}
}
