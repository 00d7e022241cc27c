package sde

// Stochastic Runge-Kutta methods of weak order 2 for Ito's equations with any noise: moments of the solution, means and variances, are
// of order 2, single paths of order 1/2 (1 for commutative noise). For each process k, with g_k its column of G,
//
//	H0_i = u + h sum_j A0_ij f(H0_j) + sum_jl B0_ij g_l(H_jl) I_l
//	H_ik = u + h sum_j A1_ij f(H0_j) + sqrt(h) sum_j B1_ij g_k(H_jk)
//	V_ik = u + sqrt(h) sum_j B2_ij g_k(H_jk)
//	u'   = u + h sum_i a_i f(H0_i) + sum_ik g_k(H_ik) (b1_i I_k + b2_i I_kk/sqrt(h)) + sum_i sum_{k != l} g_k(V_il) (b3_i I_k + b4_i I_kl/sqrt(h))
//
// with I_k = dW_k, I_kk = (dW_k^2 - h)/2 and I_kl = (I_k I_l -+ h J)/2, where J is +-1 at random, that of the lower index of
// both: minus for k < l.
//
// Rössler, SIAM J. Numer. Anal. 47(3), 2009 (RI1); Debrabant, Rössler, Appl. Numer. Math. 59(3-4), 2009 (DRI1). Departure: the increments
// are those of the path, normal ones, and not of three points, whose moments they share up to the fifth; so the same path may be
// followed by other methods.

import (
	"math"

	"github.com/mtkc/mtkc/runtime/ode"
)

type weakTable struct {
	c0, c1             [3]float64
	a0, a1, b0, b1, b2 [3][3]float64
	alpha              [3]float64
	beta               [4][3]float64
}

var (
	q38, q1105, q221 = math.Sqrt(38. / 491), math.Sqrt(1105. / 991), math.Sqrt(221. / 4955)

	dri1 = weakTable{
		c0: [3]float64{0, 0.5, 1}, c1: [3]float64{0, 342. / 491, 342. / 491},
		a0: [3][3]float64{{}, {0.5}, {-1, 2}}, a1: [3][3]float64{{}, {342. / 491}, {342. / 491}},
		b0: [3][3]float64{{}, {(6 - math.Sqrt(6)) / 10}, {(3 + 2*math.Sqrt(6)) / 5}},
		b1: [3][3]float64{{}, {3 * q38}, {-3 * q38}},
		b2: [3][3]float64{{}, {-214. / 513 * q1105, -491. / 513 * q221, -491. / 513 * q221}, {214. / 513 * q1105, 491. / 513 * q221, 491. / 513 * q221}},

		alpha: [3]float64{1. / 6, 2. / 3, 1. / 6},
		beta: [4][3]float64{
			{193. / 684, 491. / 1368, 491. / 1368}, {0, 1 / (6 * q38), -1 / (6 * q38)},
			{-4955. / 7072, 4955. / 14144, 4955. / 14144}, {0, -1 / (8 * q221), 1 / (8 * q221)},
		},
	}
	ri1 = weakTable{
		c0: [3]float64{0, 2. / 3, 2. / 3}, c1: [3]float64{0, 1, 1},
		a0: [3][3]float64{{}, {2. / 3}, {-1. / 3, 1}}, a1: [3][3]float64{{}, {1}, {1}},
		b0: [3][3]float64{{}, {1}, {}}, b1: [3][3]float64{{}, {1}, {-1}}, b2: [3][3]float64{{}, {1}, {-1}},
		alpha: [3]float64{0.25, 0.5, 0.25},
		beta:  [4][3]float64{{0.5, 0.25, 0.25}, {0, 0.5, -0.5}, {-0.5, 0.25, 0.25}, {0, 0.5, -0.5}},
	}
)

func init() {
	add := func(name, text, reference string, order int, t *weakTable) {
		register(&method{
			info: ode.Info{
				Name: name, Order: order, Stages: 3, Stability: "explicit",
				Description: "stochastic Runge-Kutta method of weak order 2" + text, Reference: reference,
			},
			takes: general, sense: ito,
			make: func(s *stepper) scheme { return newWeak(s, t) },
		})
	}
	add("DRI1", ", deterministic order 3, with small error constants", "Debrabant, Rössler, Appl. Numer. Math. 59(3-4), 2009", 3, &dri1)
	add("RI1", ", deterministic order 3", "Rössler, SIAM J. Numer. Anal. 47(3), 2009", 3, &ri1)
}

type weak struct {
	*weakTable
	f      [3][]float64
	g      [3][]float64 // column k of stage i is g_k(H_ik), in the order of G
	y      []float64
	v      [3][]float64 // G at V_i of one process
	weight []float64
	coin   func(s *stepper, k int) float64
}

func newWeak(s *stepper, t *weakTable) *weak {
	w := &weak{weakTable: t, coin: (*stepper).coin, y: make([]float64, s.n.n), weight: make([]float64, s.n.m)}
	for i := range w.g {
		w.f[i], w.g[i], w.v[i] = make([]float64, s.n.n), make([]float64, len(s.g)), make([]float64, len(s.g))
	}
	return w
}

func (e *weak) attempt(s *stepper, h, t float64) float64 {
	ws, n := s.ws, s.n
	root := math.Sqrt(h)
	at := func(c float64) float64 {
		if c == 1 {
			return t
		}
		return ws.T + c*h
	}
	e.f[0] = s.f
	copy(e.g[0], s.g)
	y := e.y
	for i := 1; i < 3; i++ {
		copy(y, ws.U)
		for j := range i {
			if a := e.a0[i][j]; a != 0 {
				for l, v := range e.f[j] {
					y[l] += h * a * v
				}
			}
			if b := e.b0[i][j]; b != 0 {
				n.add(y, e.g[j], b, s.w)
			}
		}
		s.drift(at(e.c0[i]), y, e.f[i])
		for k := range n.m {
			copy(y, ws.U)
			for j := range i {
				if a := e.a1[i][j]; a != 0 {
					for l, v := range e.f[j] {
						y[l] += h * a * v
					}
				}
				if b := e.b1[i][j]; b != 0 {
					n.addColumn(y, e.g[j], root*b, k)
				}
			}
			n.matrix(at(e.c1[i]), y, n.g)
			n.copyColumn(e.g[i], n.g, k)
		}
	}
	u := ws.UNew
	copy(u, ws.U)
	for i, a := range e.alpha {
		for l, v := range e.f[i] {
			u[l] += h * a * v
		}
		for k, w := range s.w {
			e.weight[k] = e.beta[0][i]*w + e.beta[1][i]*(w*w-h)/(2*root)
		}
		n.add(u, e.g[i], 1, e.weight)
	}
	if n.m < 2 {
		return bad(u)
	}
	for l, wl := range s.w {
		for i := range 3 {
			g := s.g
			if e.b2[i] != [3]float64{} {
				copy(y, ws.U)
				for j, b := range e.b2[i] {
					if b != 0 {
						n.addColumn(y, e.g[j], root*b, l)
					}
				}
				g = e.v[i]
				n.matrix(ws.T, y, g)
			}
			for k, wk := range s.w {
				e.weight[k] = 0
				if k == l {
					continue
				}
				mixed := wk * wl
				if k < l {
					mixed -= h * e.coin(s, k)
				} else {
					mixed += h * e.coin(s, l)
				}
				e.weight[k] = e.beta[2][i]*wk + e.beta[3][i]*mixed/(2*root)
			}
			n.add(u, g, 1, e.weight)
		}
	}
	return bad(u)
}

// coin is 1 or -1 at random, for process k of the present step.
func (s *stepper) coin(k int) float64 {
	key := s.path.seed ^ mix(s.path.path+gamma) ^ mix(math.Float64bits(s.path.from)^0x6a09e667f3bcc908)
	if mix(key+uint64(k+1)*gamma)>>63 != 0 {
		return -1
	}
	return 1
}

// addColumn adds scale times column k of G to y.
func (n *noise) addColumn(y, g []float64, scale float64, k int) {
	for e := n.pat.ColPtr[k]; e < n.pat.ColPtr[k+1]; e++ {
		y[n.pat.RowIdx[e]] += scale * g[e]
	}
}

// copyColumn copies column k of a matrix with the pattern of G.
func (n *noise) copyColumn(dst, src []float64, k int) {
	copy(dst[n.pat.ColPtr[k]:n.pat.ColPtr[k+1]], src[n.pat.ColPtr[k]:n.pat.ColPtr[k+1]])
}
