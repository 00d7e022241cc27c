package sde

// Stochastic Runge-Kutta methods of strong order 1.5 for Ito's equations:
//
//	H0_i = u + h sum_j A0_ij f(t + c0_j h, H0_j) + sum_j B0_ij G(t + c1_j h, H1_j) I_10/h
//	H1_i = u + h sum_j A1_ij f(t + c0_j h, H0_j) + sqrt(h) sum_j B1_ij G(t + c1_j h, H1_j) 1
//	u'   = u + h sum_i a_i f(t + c0_i h, H0_i) + sum_i G(t + c1_i h, H1_i) (b1_i I_1 + b2_i I_11/sqrt(h) + b3_i I_10/h + b4_i I_111/h)
//
// with the iterated integrals I_1 = dW, I_11 = (dW^2 - h)/2, I_111 = (dW^3 - 3h dW)/6 and I_10, that of W over the step, which is
// h (dW/2 + H) by its space-time Levy area H. For additive noise G(t + c1_i h) takes the place of the H1, and the methods are of
// order 1.5, with b1 and b2 (the latter of I_10/h) alone.
//
// Rössler, SIAM J. Numer. Anal. 48(3), 2010; the methods SOSRI and SOSRA with large regions of stability and the error estimates are
// from Rackauckas, Nie, Adaptive methods for stochastic differential equations via natural embeddings and rejection
// sampling with memory, Discrete Contin. Dyn. Syst. B 22(7), 2017, and Stability-optimized high order methods and stiffness
// detection for pathwise stiff stochastic differential equations, IEEE HPEC 2020. Departure: the error of the drift
// is h sum_i a_i (f_i - f_1), that of Euler's method, instead of a sum with alternating signs.

import (
	"math"

	"github.com/mtkc/mtkc/runtime/ode"
)

// srkTable is a method. A1 is nil for one for additive noise.
type srkTable struct {
	c0, c1         []float64
	a0, a1, b0, b1 [][]float64
	alpha          []float64
	beta           [4][]float64
}

// srkPlan is a table with what need not be computed left out.
type srkPlan struct {
	*srkTable
	additive bool
	// Of each stage: the one whose drift and whose noise it takes over, itself where it has its own, -1 where nothing reads them.
	f, g []int
}

func (t *srkTable) plan() *srkPlan {
	s := len(t.alpha)
	p := &srkPlan{srkTable: t, additive: t.a1 == nil, f: make([]int, s), g: make([]int, s)}
	zero := func(v []float64) bool {
		for _, x := range v {
			if x != 0 {
				return false
			}
		}
		return true
	}
	for i := range s {
		p.f[i], p.g[i] = i, i
		readF, readG := t.alpha[i] != 0, false
		for _, b := range t.beta {
			readG = readG || b != nil && b[i] != 0
		}
		for k := i + 1; k < s; k++ {
			readF = readF || t.a0[k][i] != 0 || !p.additive && t.a1[k][i] != 0
			readG = readG || t.b0[k][i] != 0 || !p.additive && t.b1[k][i] != 0
		}
		if i > 0 && zero(t.a0[i]) && zero(t.b0[i]) && t.c0[i] == 0 {
			p.f[i] = 0
		}
		if p.additive {
			for k := range i {
				if t.c1[k] == t.c1[i] && p.g[k] >= 0 {
					p.g[i] = p.g[k]
					break
				}
			}
		}
		if !readF {
			p.f[i] = -1
		}
		if !readG && i > 0 {
			p.g[i] = -1
		}
	}
	return p
}

func init() {
	add := func(name, text, reference string, order int, t *srkTable, aliases ...string) {
		p := t.plan()
		takes, kind := diagonal|scalar|additive, "stochastic Runge-Kutta method of strong order 1.5"
		if p.additive {
			takes = additive
		}
		register(&method{
			info: ode.Info{
				Name: name, Order: order, Embedded: 1, Stages: len(t.alpha), Stability: "explicit",
				Description: kind + text, Reference: reference,
			},
			takes: takes, sense: ito,
			make: func(s *stepper) scheme { return newSRK(s, p) },
		}, aliases...)
	}
	const roessler = "Rössler, SIAM J. Numer. Anal. 48(3), 2010"
	const optimal = "Rackauckas, Nie, Stability-optimized high order methods, IEEE HPEC 2020"
	add("SOSRI", " with a large region of stability", optimal, 2, &sosri)
	add("SOSRI2", " with a large region of stability, weak order 1.5", optimal, 2, &sosri2)
	add("SRIW1", ", deterministic order 2", roessler, 2, &sriw1, "SRI")
	add("SRIW2", ", deterministic order 3", roessler, 3, &sriw2)
	add("SOSRA", " with a large region of stability", optimal, 2, &sosra)
	add("SOSRA2", " with a large region of stability", optimal, 2, &sosra2)
	add("SRA1", ", deterministic order 2", roessler, 2, &sra1, "SRA")
	add("SRA2", ", deterministic order 2", roessler, 2, &sra2)
	add("SRA3", ", deterministic order 3", roessler, 3, &sra3)
}

// srk is the scheme of one run.
type srk struct {
	*srkPlan
	f, g   [][]float64
	y      []float64
	chi    [4][]float64
	weight []float64
	low    []float64
}

func newSRK(s *stepper, p *srkPlan) *srk {
	n, stages := s.n, len(p.alpha)
	r := &srk{srkPlan: p, f: make([][]float64, stages), g: make([][]float64, stages), y: make([]float64, n.n), weight: make([]float64, n.m), low: make([]float64, n.n)}
	for i := range stages {
		if p.f[i] == i && i > 0 {
			r.f[i] = make([]float64, n.n)
		}
		if p.g[i] == i {
			r.g[i] = make([]float64, n.pat.NNZ())
		}
	}
	for k := range r.chi {
		r.chi[k] = make([]float64, n.m)
	}
	r.chi[0] = s.w
	return r
}

func (r *srk) attempt(s *stepper, h, t float64) float64 {
	ws, n := s.ws, s.n
	root := math.Sqrt(h)
	r.f[0] = s.f
	for j, w := range s.w {
		r.chi[1][j] = 0.5 * (w*w - h) / root
		r.chi[2][j] = 0.5*w + s.h[j]
		r.chi[3][j] = (w*w - 3*h) * w / (6 * h)
	}
	at := func(c float64) float64 {
		if c == 1 {
			return t
		}
		return ws.T + c*h
	}
	for i := range r.alpha {
		switch {
		case r.f[i] == nil || r.srkPlan.f[i] != i || i == 0:
		default:
			r.stage(s, r.a0[i], r.b0[i], h, r.chi[2], 0)
			s.drift(at(r.c0[i]), r.y, r.f[i])
		}
		switch {
		case r.srkPlan.g[i] != i:
		case r.additive:
			if r.c1[i] == 0 {
				copy(r.g[i], s.g)
			} else {
				n.matrix(at(r.c1[i]), ws.U, r.g[i])
			}
		case i == 0:
			copy(r.g[0], s.g)
		default:
			r.stage(s, r.a1[i], r.b1[i], h, nil, root)
			n.matrix(at(r.c1[i]), r.y, r.g[i])
		}
	}
	// The error: of the drift, and the terms of the noise that the method of order 1 lacks.
	y, est := ws.UNew, s.est
	copy(y, ws.U)
	clear(est)
	for i, a := range r.alpha {
		if a != 0 {
			f := r.f[r.srkPlan.f[i]]
			for k, v := range f {
				y[k] += h * a * v
				est[k] += h * a * (v - s.f[k])
			}
		}
	}
	low := r.low
	clear(low)
	for i := range r.alpha {
		if r.srkPlan.g[i] < 0 {
			continue
		}
		g := r.g[r.srkPlan.g[i]]
		if r.additive {
			b1, b2 := r.beta[0][i], r.beta[1][i]
			for j, w := range s.w {
				r.weight[j] = b2 * r.chi[2][j]
				r.chi[1][j] = b1 * w
			}
			n.add(low, g, 1, r.weight)
			n.add(y, g, 1, r.chi[1])
			continue
		}
		b1, b2, b3, b4 := r.beta[0][i], r.beta[1][i], r.beta[2][i], r.beta[3][i]
		for j := range r.weight {
			r.weight[j] = b3*r.chi[2][j] + b4*r.chi[3][j]
		}
		n.add(low, g, 1, r.weight)
		for j, w := range s.w {
			r.weight[j] = b1*w + b2*r.chi[1][j]
		}
		n.add(y, g, 1, r.weight)
	}
	for k, v := range low {
		y[k] += v
		est[k] = math.Abs(est[k]) + math.Abs(v)
	}
	return ws.ErrNorm(est, ws.U, y)
}

// stage writes u + h sum a_j f_j + sum b_j G_j w to y; w nil: root for each process.
func (r *srk) stage(s *stepper, a, b []float64, h float64, w []float64, root float64) {
	copy(r.y, s.ws.U)
	for j, x := range a {
		if x != 0 {
			f := r.f[r.srkPlan.f[j]]
			for k, v := range f {
				r.y[k] += h * x * v
			}
		}
	}
	for j, x := range b {
		if x == 0 {
			continue
		}
		if g := r.g[r.srkPlan.g[j]]; w == nil {
			s.n.addAll(r.y, g, x*root)
		} else {
			s.n.add(r.y, g, x, w)
		}
	}
}
