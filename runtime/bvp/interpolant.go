package bvp

// The continuous extension of the discrete solution and its defect. On each interval it is a
// polynomial S of the degree of the method, with the values and derivatives of the discrete
// solution at both ends, so that it is continuously differentiable, and with S' = f(t, S) at inner
// points, as many as make its error of the order of the discrete solution. The defect S' - f(t, S) then is of
// order h^p everywhere.
//
// Muir, Owren, Math. Comp. 61, 1993, and Enright, Muir, SIAM J. Sci. Comput. 17(2), 1996, get the derivatives at
// inner points from further explicit stages. Where an interval is long beside the fastest time scale of f,
// each such stage multiplies the errors of those before by h|J|, and the defect says more of them than of the solution; so here
// the conditions at the inner points are solved for, by Newton steps on small systems of their own.

import (
	"math"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// basis holds, for one scheme, the polynomials of S in theta: S = y_i + h sum_r B_r(theta) d_r, d being
// derivatives at nodes; and with the increment in place of one of them.
type basis struct {
	deg   int
	first [][]float64 // by stage of the scheme: coefficients of theta, theta^2, ...
	nodes []float64   // 0, 1 and the extra nodes
	next  [][]float64 // by node, and behind them the increment (y_{i+1} - y_i)/h
	a     [][]float64 // of each extra node: the value of the polynomials of the extra nodes there
}

var bases = map[Method]*basis{}

func init() {
	for m, sc := range schemes {
		b := &basis{nodes: append([]float64{0, 1}, sc.extra...)}
		b.first = derivativeBasis(sc.c, false)
		if b.deg = len(sc.c); sc.extra != nil {
			b.next = derivativeBasis(b.nodes, true)
			b.deg = len(b.nodes) + 1
			for _, x := range sc.extra {
				var row []float64
				for r := range sc.extra {
					v := 0.0
					for j := len(b.next[2+r]) - 1; j >= 0; j-- {
						v = (v + b.next[2+r][j]) * x
					}
					row = append(row, v)
				}
				b.a = append(b.a, row)
			}
		}
		bases[m] = b
	}
}

// derivativeBasis returns the coefficients, from theta on, of the integrals of the polynomials that are 1
// at one node and 0 at the others; with increment, their integrals over [0, 1] vanish, and a last
// one vanishes at the nodes and has the integral 1.
func derivativeBasis(nodes []float64, increment bool) [][]float64 {
	k := len(nodes)
	if increment {
		k++
	}
	a := make([]float64, k*k)
	for j := range k { // coefficient of theta^j of the derivative
		for i, x := range nodes {
			a[j*k+i] = math.Pow(x, float64(j))
		}
		if increment {
			a[j*k+k-1] = 1 / float64(j+1)
		}
	}
	lu := linsolve.New[float64](linsolve.Dense(k, k), linsolve.Hints{Kind: linsolve.DenseLU})
	if err := lu.Factor(a); err != nil {
		panic("mtkc: bug: bvp: the nodes of an interpolant: " + err.Error())
	}
	out := make([][]float64, k)
	for r := range out {
		v := make([]float64, k)
		v[r] = 1
		lu.Solve(v)
		for j := range v {
			v[j] /= float64(j + 1)
		}
		out[r] = v
	}
	return out
}

// interpolate computes the polynomials of all intervals: coefficients of 1, theta, ..., for each state.
func (e *equations) interpolate(m Method, x []float64) (poly []float64, deg int) {
	n, b := e.n, bases[m]
	deg = b.deg
	w := deg + 1
	poly = make([]float64, (len(e.t)-1)*n*w)
	k := len(b.nodes)
	d := make([]float64, k*n)
	inner := k - 2
	y, dy, r := make([]float64, n), make([]float64, n), make([]float64, inner*n)
	var lu linsolve.Solver[float64]
	var vals []float64
	var own *linsolve.Pattern
	var diag []int32
	if inner > 0 {
		own, diag = blockPattern(e.pat, inner)
		lu = linsolve.New[float64](own, linsolve.Hints{})
		vals = make([]float64, own.NNZ())
	}
	for i := range len(e.t) - 1 {
		h := e.t[i+1] - e.t[i]
		e.stages(x, i)
		c := poly[i*n*w : (i+1)*n*w]
		for q := range n {
			c[q*w] = x[i*n+q]
			for r, p := range b.first {
				for j, v := range p {
					c[q*w+j+1] += h * v * e.k[r*n+q]
				}
			}
		}
		if inner == 0 {
			continue
		}
		copy(d[:2*n], e.k[:2*n])
		for j := 2; j < k; j++ {
			horner(c, n, w, b.nodes[j], nil, dy)
			for q, v := range dy {
				d[j*n+q] = v / h
			}
		}
		// Two Newton steps from values that are one order short of what is wanted.
		for turn := range 3 {
			clear(c)
			for q := range n {
				c[q*w] = x[i*n+q]
				for r, p := range b.next {
					v := (x[(i+1)*n+q] - x[i*n+q]) / h
					if r < k {
						v = d[r*n+q]
					}
					for j, a := range p {
						c[q*w+j+1] += h * a * v
					}
				}
			}
			if turn == 2 {
				break
			}
			clear(vals)
			size := inner * n
			for j := range inner {
				horner(c, n, w, b.nodes[2+j], y, nil)
				t, f := e.t[i]+b.nodes[2+j]*h, r[j*n:(j+1)*n]
				e.rhs(t, y, f)
				e.slope(t, y, f, e.J)
				// Entries of a column: those of J for each node in turn, with the diagonal where J has none.
				for l := range inner {
					for q := range n {
						at := int(own.ColPtr[l*n+q])
						for k := range j {
							at += int(e.pat.ColPtr[q+1] - e.pat.ColPtr[q])
							if k == l && diag[q] < 0 {
								at++
							}
						}
						for k := e.pat.ColPtr[q]; k < e.pat.ColPtr[q+1]; k++ {
							if j == l && diag[q] < 0 && e.pat.RowIdx[k] > int32(q) && (k == e.pat.ColPtr[q] || e.pat.RowIdx[k-1] < int32(q)) {
								at++ // the place of the diagonal
							}
							vals[at] = -h * b.a[j][l] * e.J[k]
							at++
						}
					}
				}
				for q := range f {
					f[q] -= d[(2+j)*n+q]
				}
			}
			for q := range size {
				for k := own.ColPtr[q]; k < own.ColPtr[q+1]; k++ {
					if own.RowIdx[k] == int32(q) {
						vals[k]++
					}
				}
			}
			if lu.Factor(vals) != nil {
				break
			}
			lu.Solve(r)
			for q, v := range r {
				d[2*n+q] += v
			}
		}
	}
	return poly, deg
}

// blockPattern is the pattern of I - a x J for a full matrix a of m rows and J of pattern p. diag says
// where p has its diagonal entries, -1: nowhere.
func blockPattern(p *linsolve.Pattern, m int) (own *linsolve.Pattern, diag []int32) {
	n := p.Cols
	diag = make([]int32, n)
	for q := range n {
		diag[q] = -1
		for k := p.ColPtr[q]; k < p.ColPtr[q+1]; k++ {
			if p.RowIdx[k] == int32(q) {
				diag[q] = k
			}
		}
	}
	own = &linsolve.Pattern{Rows: m * n, Cols: m * n, ColPtr: make([]int32, 1, m*n+1)}
	for l := range m {
		for q := range n {
			for j := range m {
				placed := j != l || diag[q] >= 0
				for k := p.ColPtr[q]; k < p.ColPtr[q+1]; k++ {
					if !placed && p.RowIdx[k] > int32(q) {
						own.RowIdx = append(own.RowIdx, int32(j*n+q))
						placed = true
					}
					own.RowIdx = append(own.RowIdx, int32(j*n)+p.RowIdx[k])
				}
				if !placed {
					own.RowIdx = append(own.RowIdx, int32(j*n+q))
				}
			}
			own.ColPtr = append(own.ColPtr, int32(len(own.RowIdx)))
		}
	}
	return own, diag
}

// horner evaluates the polynomials and their derivatives by theta.
func horner(c []float64, n, w int, theta float64, u, du []float64) {
	for q := range n {
		p := c[q*w : (q+1)*w]
		v, d := 0.0, 0.0
		for j := w - 1; j >= 0; j-- {
			d = d*theta + v
			v = v*theta + p[j]
		}
		if u != nil {
			u[q] = v
		}
		if du != nil {
			du[q] = d
		}
	}
}

// evaluate writes value and derivative in interval i.
func (s *Solution) evaluate(i int, theta float64, u, du []float64) {
	w := s.deg + 1
	horner(s.poly[i*s.n*w:(i+1)*s.n*w], s.n, w, theta, u, du)
	if du != nil {
		h := s.T[i+1] - s.T[i]
		for q := range du {
			du[q] /= h
		}
	}
}

// defects returns for each interval the largest |S' - f(t, S)| / (1 + |f|) at the sample points.
func (e *equations) defects(poly []float64, deg int) []float64 {
	n, w := e.n, deg+1
	u, du, f := make([]float64, n), make([]float64, n), make([]float64, n)
	out := make([]float64, len(e.t)-1)
	for i := range out {
		h := e.t[i+1] - e.t[i]
		for _, theta := range e.sc.sample {
			horner(poly[i*n*w:(i+1)*n*w], n, w, theta, u, du)
			e.rhs(e.t[i]+theta*h, u, f)
			for q, v := range f {
				d := math.Abs(du[q]/h-v) / (1 + math.Abs(v))
				if d != d {
					d = math.Inf(1)
				}
				out[i] = math.Max(out[i], d)
			}
		}
	}
	return out
}
