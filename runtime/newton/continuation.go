package newton

import (
	"math"
	"slices"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// Continuation follows a curve of solutions of H(x, lambda) = 0 from a system that is
// solved at lambda = 0 to F(x) = 0 at lambda = 1. The curve may turn back in lambda: it
// is followed by its arc length, with a tangent predictor and Newton correctors on the
// hyperplane across the tangent (Keller 1977; Allgower and Georg, Numerical
// Continuation Methods, Springer 1990, chapters 4 and 6). The bordered matrices
//
//	[ H_x  H_lambda ]
//	[     t^T       ]
//
// are regular at turning points. Small systems factor them as they stand; of large ones
// H_x is factored, which keeps its sparsity, and the border is eliminated, which loses
// digits at a turning point that the correctors restore. Unknowns count in units of
// their scales.
type continuation struct {
	s     *Solver
	kind  Method
	n     int
	pat   *linsolve.Pattern
	lu    linsolve.Solver[float64]
	vals  []float64
	from  []int32 // where each entry of the Jacobian goes
	diag  []int32 // where the entries of S go, fixed-point homotopy
	last  int     // first entry of the last column
	rowAt []int32 // entry of the last row in each column
	large bool    // factor H_x alone
	v     []float64

	w     []float64 // scales of the unknowns
	h     []float64 // H, with its last entry 0
	hl    []float64 // dH/dlambda
	f0    []float64 // F at the guess
	x0    []float64
	s0    []float64 // S of the fixed-point homotopy, by row
	match []int32   // row of each unknown
	t     []float64 // tangent, len n+1, scaled
	d     []float64
	z, zt []float64 // point and trial point: x and lambda
	res   *Result
}

// pathSteps bounds the steps along a curve, pathWork the operations that all of them
// take, pathLimit the unknowns for which one is followed; borderLimit is the size up to
// which bordered matrices are factored.
const (
	pathSteps   = 400
	pathWork    = 2e10
	pathLimit   = 20000
	borderLimit = 100
)

func newContinuation(s *Solver, kind Method) *continuation {
	n := s.sys.N
	c := &continuation{
		s: s, kind: kind, n: n,
		w: make([]float64, n), h: make([]float64, n+1), hl: make([]float64, n), f0: make([]float64, n), x0: make([]float64, n),
		t: make([]float64, n+1), d: make([]float64, n+1), z: make([]float64, n+1), zt: make([]float64, n+1), rowAt: make([]int32, n+1),
	}
	if kind == FixedPoint {
		c.s0, c.match, c.diag = make([]float64, n), s.match(), make([]int32, n)
	}
	p := s.sys.Pattern
	if c.large = n > borderLimit; c.large {
		c.vals, c.v = make([]float64, p.NNZ()), make([]float64, n)
		c.from = make([]int32, p.NNZ())
		for e := range c.from {
			c.from[e] = int32(e)
		}
		for j := range c.diag {
			for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
				if p.RowIdx[e] == c.match[j] {
					c.diag[j] = e
				}
			}
		}
		c.lu = linsolve.New[float64](p, linsolve.Hints{})
		return c
	}
	q := &linsolve.Pattern{Rows: n + 1, Cols: n + 1, ColPtr: []int32{0}}
	for j := range n {
		rows := p.RowIdx[p.ColPtr[j]:p.ColPtr[j+1]]
		for _, i := range rows {
			if c.match != nil && i == c.match[j] {
				c.diag[j] = int32(len(q.RowIdx))
			}
			c.from = append(c.from, int32(len(q.RowIdx)))
			q.RowIdx = append(q.RowIdx, i)
		}
		c.rowAt[j] = int32(len(q.RowIdx))
		q.RowIdx = append(q.RowIdx, int32(n))
		q.ColPtr = append(q.ColPtr, int32(len(q.RowIdx)))
	}
	c.last = len(q.RowIdx)
	for i := range n + 1 {
		q.RowIdx = append(q.RowIdx, int32(i))
	}
	c.rowAt[n] = int32(len(q.RowIdx) - 1)
	q.ColPtr = append(q.ColPtr, int32(len(q.RowIdx)))
	c.pat, c.vals = q, make([]float64, len(q.RowIdx))
	c.lu = linsolve.New[float64](q, linsolve.Hints{})
	return c
}

// patience is the number of steps of a continuation. A factorisation counts as the number
// of entries to the power 1.5, which it is for dense matrices.
func (s *Solver) patience() int {
	return int(min(max(pathWork/math.Pow(float64(s.sys.Pattern.NNZ())+1, 1.5), 30), pathSteps))
}

// residual writes H at z to h and reports whether it is finite. F is left in s.rt.
func (c *continuation) residual(z, h []float64) bool {
	s, l := c.s, z[c.n]
	c.res.Evals++
	if c.kind == ModelHomotopy {
		s.sys.Lambda(l)
	}
	s.sys.Residual(z[:c.n], s.rt)
	switch c.kind {
	case ModelHomotopy:
		copy(h, s.rt)
	case NewtonHomotopy:
		for i, v := range s.rt {
			h[i] = v - (1-l)*c.f0[i]
		}
	case FixedPoint:
		for j, i := range c.match {
			h[i] = l*s.rt[i] + (1-l)*c.s0[i]*(z[j]-c.x0[j])
		}
	}
	return nonFinite(s.rt) < 0
}

// slope writes dH/dlambda at z, where F has just been evaluated, to hl.
func (c *continuation) slope(z []float64) {
	s := c.s
	switch c.kind {
	case ModelHomotopy:
		// By a difference; the models are linear in lambda where they follow the language.
		copy(c.hl, s.rt)
		l := z[c.n]
		d := 1e-4
		if l > 0.5 {
			d = -d
		}
		s.sys.Lambda(l + d)
		s.sys.Residual(z[:c.n], s.rt)
		s.sys.Lambda(l)
		c.res.Evals++
		for i, v := range s.rt {
			c.hl[i] = (v - c.hl[i]) / d
		}
	case NewtonHomotopy:
		copy(c.hl, c.f0)
	case FixedPoint:
		for j, i := range c.match {
			c.hl[i] = s.rt[i] - c.s0[i]*(z[j]-c.x0[j])
		}
	}
}

// factor decomposes the bordered matrix at z with the present tangent as last row.
func (c *continuation) factor(z []float64) bool {
	s, n, l := c.s, c.n, z[c.n]
	// jacobian may use differences, for which s.r must hold F.
	s.r, s.rt = s.rt, s.r
	bad := s.jacobian(z[:n], c.res) >= 0
	copy(s.rt, s.r)
	if bad {
		return false
	}
	c.slope(z)
	if nonFinite(c.hl) >= 0 {
		return false
	}
	f := 1.0
	if c.kind == FixedPoint {
		f = l
	}
	p := s.sys.Pattern
	for j, w := range c.w {
		for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
			c.vals[c.from[e]] = f * s.vals[e] * w
		}
		if c.diag != nil {
			c.vals[c.diag[j]] += (1 - l) * c.s0[c.match[j]] * w
		}
	}
	if c.large {
		if c.lu.Factor(c.vals) != nil {
			return false
		}
		copy(c.v, c.hl)
		c.lu.Solve(c.v)
		return true
	}
	copy(c.vals[c.last:], c.hl)
	for j, e := range c.rowAt {
		c.vals[e] = c.t[j]
	}
	return c.lu.Factor(c.vals) == nil
}

// solve replaces d by the solution of the bordered system.
func (c *continuation) solve(d []float64) {
	if !c.large {
		c.lu.Solve(d)
		return
	}
	n := c.n
	c.lu.Solve(d[:n])
	up, down := d[n], c.t[n]
	for j, t := range c.t[:n] {
		up -= t * d[j]
		down -= t * c.v[j]
	}
	d[n] = up / down
	for j, v := range c.v {
		d[j] -= v * d[n]
	}
}

func (c *continuation) norm(d []float64) float64 {
	t := 0.0
	for _, v := range d[:c.n] {
		t += v * v
	}
	return math.Sqrt(t/float64(c.n) + sq(d[c.n]))
}

// follow leads x from the guess to a solution.
func (s *Solver) follow(x []float64, kind Method) (res Result) {
	n := s.sys.N
	res.Method, res.Worst, res.Rank, res.Status = kind, -1, n, Stalled
	c := newContinuation(s, kind)
	c.res = &res
	if kind == ModelHomotopy {
		s.sys.Lambda(0)
		defer s.sys.Lambda(1)
		start := s.simple(x)
		res.Iterations, res.Evals = start.Iterations, start.Evals
		if start.Status != Converged {
			s.sys.Lambda(1)
			copy(x, s.x0)
			s.sys.Residual(x, s.r)
			return s.report(res, start.Status)
		}
	}
	s.weigh(x)
	copy(c.w, s.w)
	copy(c.x0, x)
	copy(c.z, x)
	c.z[n] = 0
	s.sys.Residual(x, s.r)
	res.Evals++
	if i := nonFinite(s.r); i >= 0 {
		res.Status, res.Worst, res.Residual = NotFinite, i, s.r[i]
		return res
	}
	copy(c.f0, s.r)
	if kind == FixedPoint {
		if s.jacobian(x, &res) >= 0 {
			return s.report(res, NotFinite)
		}
		for j, i := range c.match {
			c.s0[i] = s.scale(int(i)) / c.w[j]
			for e := s.sys.Pattern.ColPtr[j]; e < s.sys.Pattern.ColPtr[j+1]; e++ {
				if s.sys.Pattern.RowIdx[e] == i && s.vals[e] < 0 {
					c.s0[i] = -c.s0[i]
				}
			}
		}
	}
	c.t[n] = 1
	c.residual(c.z, c.h)
	if !c.factor(c.z) || !c.tangent() {
		s.sys.Residual(x, s.r)
		return s.report(res, Singular)
	}
	ds := 0.1
	steps := s.patience()
	for step := 0; step < steps && ds > 1e-7; step++ {
		// No step may overshoot lambda = 1 by much: there F is to be met.
		h := ds
		if left := 1 - c.z[n]; c.t[n] > 0 && h*c.t[n] > left {
			h = left / c.t[n]
		}
		for j := range n {
			c.zt[j] = c.z[j] + h*c.t[j]*c.w[j]
		}
		c.zt[n] = c.z[n] + h*c.t[n]
		quick, ok := c.correct(h)
		if !ok {
			ds = h / 4
			continue
		}
		copy(c.z, c.zt)
		res.Iterations++
		if c.z[n] >= 1-1e-9 {
			copy(x, c.z[:n])
			if kind == ModelHomotopy {
				s.sys.Lambda(1)
			}
			if end := s.polish(x, res); end.Status == Converged {
				return end
			}
		}
		if c.z[n] < -1 || c.z[n] > 3 || nonFinite(c.z) >= 0 {
			break
		}
		if !c.tangent() {
			break
		}
		if quick {
			ds = math.Min(2*h, 4)
		} else {
			ds = h
		}
		// Scales follow the unknowns.
		for j, v := range c.z[:n] {
			if a := math.Abs(v); a > 2*c.w[j] {
				c.t[j] *= c.w[j] / a
				c.w[j] = a
			}
		}
	}
	if kind == ModelHomotopy {
		s.sys.Lambda(1)
	}
	copy(x, s.x0)
	s.sys.Residual(x, s.r)
	res.Evals++
	return s.report(res, Stalled)
}

// simple solves the simplified system, with the means that need no homotopy.
func (s *Solver) simple(x []float64) Result {
	guess := slices.Clone(s.x0)
	lambda := s.sys.Lambda
	s.sys.Lambda = nil
	res := s.Further(x, s.Solve(x))
	s.sys.Lambda = lambda
	copy(s.x0, guess)
	return res
}

// tangent turns t to the direction of the curve at z, where the bordered matrix has
// been factored with the former tangent: the new one has a positive product with it.
func (c *continuation) tangent() bool {
	clear(c.d)
	c.d[c.n] = 1
	c.solve(c.d)
	size := c.norm(c.d)
	if !(size > 0) || math.IsInf(size, 1) {
		return false
	}
	for j, v := range c.d {
		c.t[j] = v / size
	}
	return true
}

// correct moves the trial point back to the curve; quick says that it was near.
func (c *continuation) correct(h float64) (quick, ok bool) {
	last := 0.0
	first := 0.0
	for k := range 6 {
		if !c.residual(c.zt, c.h) || !c.factor(c.zt) {
			return false, false
		}
		for i := range c.n {
			c.d[i] = -c.h[i]
		}
		c.d[c.n] = 0
		c.solve(c.d)
		size := c.norm(c.d)
		if k == 0 {
			first = size
		}
		if !(size <= 2*math.Abs(h)) || k > 0 && size > 0.7*last {
			if k > 0 && size < 1e-9 {
				return first < 0.1*h, true
			}
			return false, false
		}
		for j, w := range c.w {
			c.zt[j] += w * c.d[j]
		}
		c.zt[c.n] += c.d[c.n]
		if size < 1e-6 {
			return first < 0.1*h, true
		}
		last = size
	}
	return false, false
}

// match pairs each unknown with an equation, along large entries of the scaled Jacobian
// at the point of the last evaluation: greedy, then by augmenting paths. It returns nil
// where the pattern is structurally singular.
func (s *Solver) match() []int32 {
	n := s.sys.N
	p := s.sys.Pattern
	order := make([]int32, p.NNZ())
	col := make([]int32, p.NNZ())
	size := make([]float64, p.NNZ())
	for j := range n {
		for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
			order[e], col[e] = e, int32(j)
			size[e] = math.Abs(s.vals[e]) * s.w[j] / s.scale(int(p.RowIdx[e]))
		}
	}
	slices.SortStableFunc(order, func(a, b int32) int {
		switch {
		case size[a] > size[b]:
			return -1
		case size[a] < size[b]:
			return 1
		}
		return 0
	})
	row, of := make([]int32, n), make([]int32, n) // row of each column, column of each row
	for i := range n {
		row[i], of[i] = -1, -1
	}
	for _, e := range order {
		if j, i := col[e], p.RowIdx[e]; row[j] < 0 && of[i] < 0 {
			row[j], of[i] = i, j
		}
	}
	seen := make([]int, n)
	var augment func(j int32, mark int) bool
	augment = func(j int32, mark int) bool {
		for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
			i := p.RowIdx[e]
			if seen[i] == mark {
				continue
			}
			seen[i] = mark
			if of[i] < 0 || augment(of[i], mark) {
				row[j], of[i] = i, j
				return true
			}
		}
		return false
	}
	for j := range int32(n) {
		if row[j] < 0 && !augment(j, int(j)+1) {
			return nil
		}
	}
	return row
}
