package nonlinear

// Branches of solutions: the curve F(x, p_k) = 0 through a solution, where parameter k moves, is followed by its
// arc length with a tangent predictor and Newton correctors across the tangent (Keller 1977; Allgower, Georg, Numerical
// Continuation Methods, Springer 1990, chapter 6), so that it goes around folds, where the parameter turns back.

import (
	"context"
	"math"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// Point is a point of a branch.
type Point struct {
	Param float64 // value of the parameter
	X     []float64
	Fold  bool // the parameter turns between the point before and this one
}

// Trace follows the branch of solutions from that for the parameters of the problem and its start (a guess),
// in the direction in which parameter k first changes towards `to`, until it reaches `to`, comes back to where it began, or has
// most points (0: 1000). The points of the branch so far come with a *Failure.
func Trace(ctx context.Context, p *Problem, k int, to float64, most int, opt Options) ([]Point, error) {
	sol, err := Solve(ctx, p, opt)
	if err != nil {
		return nil, err
	}
	q := *p
	if q.M == 0 {
		q.M = q.N
	}
	par := append([]float64(nil), q.P...)
	copy(par, opt.P)
	if k < 0 || k >= len(par) || q.M != q.N {
		return nil, fail(BadProblem, "a branch needs as many equations as unknowns, here %d and %d, and one of the %d parameters, not %d", q.M, q.N, len(par), k)
	}
	if most == 0 {
		most = 1000
	}
	n := q.N
	// The curve in z = (x, p_k); unknowns count in units of their sizes.
	z := append(append([]float64(nil), sol.X...), par[k])
	w := make([]float64, n+1)
	c := &curve{p: &q, par: par, k: k, n: n, w: w, lu: linsolve.New[float64](linsolve.Dense(n+1, n+1), linsolve.Hints{}), a: make([]float64, (n+1)*(n+1)),
		r: make([]float64, n), r1: make([]float64, n), t: make([]float64, n+1), vals: nil}
	if q.Pattern != nil {
		c.vals = make([]float64, q.Pattern.NNZ())
	} else {
		c.vals = make([]float64, n*n)
	}
	span := math.Abs(to - par[k])
	for j := range n {
		w[j] = math.Max(math.Abs(z[j]), q.size(j))
	}
	w[n] = math.Max(span, 1e-12)
	// The first tangent points towards `to`.
	c.t[n] = math.Copysign(1, to-par[k])
	if !c.tangent(z) {
		return nil, fail(Singular, "the curve has no tangent at its start: a singular solution")
	}
	if c.t[n]*(to-par[k]) < 0 {
		for i := range c.t {
			c.t[i] = -c.t[i]
		}
	}
	branch := []Point{{Param: z[n], X: append([]float64(nil), z[:n]...)}}
	h := 0.02
	old, zt := make([]float64, n+1), make([]float64, n+1)
	for len(branch) < most {
		if err := ctx.Err(); err != nil {
			return branch, &Failure{Code: Interrupted, Message: context.Cause(ctx).Error(), Err: context.Cause(ctx)}
		}
		for j := range n {
			w[j] = math.Max(w[j], math.Abs(z[j]))
		}
		copy(old, c.t)
		for i := range zt {
			zt[i] = z[i] + h*w[i]*c.t[i]
		}
		last := (zt[n]-to)*(branch[0].Param-to) <= 0
		if last { // the end: the parameter is held there
			for i := range zt {
				zt[i] = z[i] + (to-z[n])/c.t[n]*c.t[i]*w[i]/w[n]
			}
			zt[n] = to
		}
		ok, quick := c.correct(zt, last)
		if ok && !last {
			ok = c.tangent(zt)
			dot := 0.0
			for i := range c.t {
				dot += c.t[i] * old[i]
			}
			if ok = ok && dot > 0.9; !ok {
				copy(c.t, old)
			}
		}
		if !ok {
			if h /= 2; h < 1e-8 {
				return branch, fail(NotConverged, "the branch ends, or is not smooth, at %v", z[n])
			}
			continue
		}
		copy(z, zt)
		branch = append(branch, Point{Param: z[n], X: append([]float64(nil), z[:n]...), Fold: !last && c.t[n]*old[n] < 0})
		if last {
			return branch, nil
		}
		if quick {
			h = math.Min(2*h, 0.5)
		}
	}
	return branch, fail(NotConverged, "the branch has more than %d points on the way to %v; it is at %v", most, to, z[n])
}

// curve is F(x, p_k) = 0.
type curve struct {
	p       *Problem
	par     []float64
	k, n    int
	w       []float64
	lu      linsolve.Solver[float64]
	a, vals []float64
	r, r1   []float64
	t       []float64 // tangent in units of w
}

func (c *curve) residual(z, r []float64) {
	c.par[c.k] = z[c.n]
	c.p.Residual(z[:c.n], c.par, r)
}

// factor factorises the Jacobian by z in units of w, bordered by row.
func (c *curve) factor(z, row []float64) bool {
	n := c.n
	clear(c.a)
	c.residual(z, c.r)
	put := func(i, j int, v float64) { c.a[j*(n+1)+i] = v * c.w[j] }
	difference := func(j int) {
		v := z[j]
		h := math.Sqrt(0x1p-52) * math.Max(math.Abs(v), 1e-3*c.w[j])
		z[j] = v + h
		h = z[j] - v
		c.residual(z, c.r1)
		z[j] = v
		for i := range n {
			put(i, j, (c.r1[i]-c.r[i])/h)
		}
	}
	if c.p.Jacobian != nil {
		c.p.Jacobian(z[:n], c.par, c.vals)
		pat := c.p.Pattern
		if pat == nil {
			pat = linsolve.Dense(n, n)
		}
		for j := range n {
			for e := pat.ColPtr[j]; e < pat.ColPtr[j+1]; e++ {
				put(int(pat.RowIdx[e]), j, c.vals[e])
			}
		}
	} else {
		for j := range n {
			difference(j)
		}
	}
	difference(n)
	// Rows are scaled to size 1, so that the border counts as much as they do.
	for i := range n {
		most := 0.0
		for j := range n + 1 {
			most = math.Max(most, math.Abs(c.a[j*(n+1)+i]))
		}
		if most > 0 {
			for j := range n + 1 {
				c.a[j*(n+1)+i] /= most
			}
			c.r[i] /= most
		}
	}
	for j, v := range row {
		c.a[j*(n+1)+n] = v
	}
	return c.lu.Factor(c.a) == nil
}

// tangent computes the tangent at z, on the side of the one before.
func (c *curve) tangent(z []float64) bool {
	row := append([]float64(nil), c.t...)
	if !c.factor(z, row) {
		return false
	}
	clear(c.t)
	c.t[c.n] = 1
	c.lu.Solve(c.t)
	s := 0.0
	for _, v := range c.t {
		s += v * v
	}
	if s = math.Sqrt(s); !(s > 0) || math.IsInf(s, 0) {
		return false
	}
	for i := range c.t {
		c.t[i] /= s
	}
	return true
}

// correct moves z onto the curve, across the tangent or, if held, with its parameter as it is.
func (c *curve) correct(z []float64, held bool) (ok, quick bool) {
	row := append([]float64(nil), c.t...)
	if held {
		clear(row)
		row[c.n] = 1
	}
	d := make([]float64, c.n+1)
	before := 0.0
	for it := range 12 {
		if !c.factor(z, row) {
			return false, false
		}
		for i, v := range c.r {
			d[i] = -v
		}
		d[c.n] = 0
		c.lu.Solve(d)
		size := 0.0
		for i, v := range d {
			z[i] += v * c.w[i]
			size = math.Max(size, math.Abs(v))
		}
		switch {
		case !(size <= math.MaxFloat64) || it > 0 && size > 2*before || it == 0 && size > 0.5:
			return false, false
		case size < 1e-11 || it > 1 && size < 1e-8 && size > 0.1*before:
			return true, it <= 3
		}
		before = size
	}
	return false, false
}
