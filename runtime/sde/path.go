package sde

// The Brownian path of a run: Wiener processes W_1 ... W_m as functions of time that nothing but the seed and the number of the
// trajectory determine. Every method, tolerance, step and grid of output sees the same path; a step that is
// rejected or cut short at an event takes nothing back; and a run that goes on at the end of another one, with the same seed, goes on along
// the same path.
//
// The axis of time is cut at all powers of two from 2^firstOctave on, the same on the negative side, and each piece is a binary tree of
// cells, halves of halves. A cell has the increment w of each process and its space-time Levy area
//
//	h = 1/c int_a^b (W(s) - W(a) - (s-a)/c w) ds,   c = b - a,
//
// which are independent, with variances c and c/12. Those of a piece are drawn; of a half they follow from the cell's and two
// more normal numbers (midpoint). All numbers are functions of a key, the keys of the halves are functions of that of
// the cell: a virtual Brownian tree. Cells are halved down to a size of finest times the span of the run; within those the path is
// cut at the very instant asked for (cut), which leaves two cells of exact distribution.
//
// What lies ahead of the present time is a stack of cells, nearest on top, those of the step in progress are a second one: the
// bookkeeping of rejection sampling with memory, with a tree in place of fresh numbers. A step whose ends are
// multiples of a power of two takes a few halvings; one between odd instants about twenty.
//
// Gaines, Lyons, SIAM J. Appl. Math. 57(5), 1997, and Kidger et al., Efficient and accurate gradients for neural SDEs, NeurIPS 2021, for trees;
// Foster, Lyons, Oberhauser, SIAM J. Numer. Anal. 58(3), 2020, and Jelincic, Foster, Kidger, Single-seed generation of
// Brownian paths and integrals for adaptive and high order SDE solvers, 2024, for halving with Levy areas; Rackauckas, Nie, Discrete
// Contin. Dyn. Syst. B 22(7), 2017, for the two stacks.

import (
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/random"
)

const (
	firstOctave = -32
	finest      = 0x1p-24
	wiener      = 0x7769656e6572 // the purpose of the words of package random
)

// cell is a piece of time. Its numbers are functions of the mixed key.
type cell struct {
	a, b float64
	key  uint64
}

// stack is a stack of cells with their increments and areas, m of each.
type stack struct {
	cells []cell
	vals  []float64
}

// Path is the Brownian path of a run. It has a present time, from which Take goes forward.
type Path struct {
	m          int
	seed, path uint64
	begun      bool
	from, at   float64 // the last Take was from from to at
	small      float64 // size of cells that are not halved
	ahead      stack
	taken      stack // cells of [from, at], oldest first
	area       []float64
}

// NewPath returns a path of m processes. Begin says which.
func NewPath(m int) *Path {
	p := &Path{m: m, area: make([]float64, m)}
	for _, s := range []*stack{&p.ahead, &p.taken} {
		s.cells, s.vals = make([]cell, 0, 96), make([]float64, 0, 96*2*m)
	}
	return p
}

// Begin makes t the present time of path number path of a seed. Times that are told apart by the run are 1e-7 of span and more.
func (p *Path) Begin(seed, path uint64, t, span float64) {
	p.seed, p.path, p.begun = seed, path, true
	_, e := math.Frexp(span)
	p.small = math.Ldexp(finest, e)
	p.ahead.clear()
	p.taken.clear()
	p.from, p.at = t, t
	p.root(t)
	for p.reach(t) {
	}
	p.taken.clear()
}

func (s *stack) clear() { s.cells, s.vals = s.cells[:0], s.vals[:0] }

// push makes room for a cell and returns its numbers.
func (s *stack) push(c cell, m int) []float64 {
	s.cells = append(s.cells, c)
	n := len(s.vals)
	if cap(s.vals) < n+2*m {
		s.vals = append(make([]float64, 0, 2*(n+2*m)), s.vals...)
	}
	s.vals = s.vals[:n+2*m]
	return s.vals[n:]
}

// pop removes the top and returns its numbers, which stay until the next push.
func (s *stack) pop(m int) (cell, []float64) {
	k, n := len(s.cells)-1, len(s.vals)
	c, v := s.cells[k], s.vals[n-2*m:]
	s.cells, s.vals = s.cells[:k], s.vals[:n-2*m]
	return c, v
}

// root draws the piece of the axis whose half-open interval [a, b) has t.
func (p *Path) root(t float64) {
	first := math.Ldexp(1, firstOctave)
	a, b, octave, side := 0.0, first, firstOctave, 0
	switch {
	case t >= first:
		_, e := math.Frexp(t)
		a, b, octave = math.Ldexp(1, e-1), math.Ldexp(1, e), e
	case t < -first:
		m, e := math.Frexp(t)
		if m == -0.5 { // it is the start of the piece nearer to zero
			e--
		}
		a, b, octave, side = -math.Ldexp(1, e), -math.Ldexp(1, e-1), e, 1
	case t < 0:
		a, b, side = -first, 0, 1
	}
	key := random.Philox([4]uint64{p.path, uint64(int64(octave)), uint64(side), 2}, [2]uint64{p.seed, wiener})[0]
	v := p.ahead.push(cell{a, b, mix(key ^ 1)}, p.m)
	w, h := v[:p.m], v[p.m:]
	sw := math.Sqrt(b - a)
	sh := sw / math.Sqrt(12)
	for i := range w {
		key += gamma
		w[i] = sw * normal(mix(key))
		key += gamma
		h[i] = sh * normal(mix(key))
	}
}

// reach moves one cell towards t from the stack ahead to those taken, or splits it; false: t is reached.
func (p *Path) reach(t float64) bool {
	if len(p.ahead.cells) == 0 {
		p.root(p.at)
	}
	c := p.ahead.cells[len(p.ahead.cells)-1]
	switch {
	case c.b <= t:
		_, v := p.ahead.pop(p.m)
		copy(p.taken.push(c, p.m), v)
		p.at = c.b
		return true
	case c.a >= t:
		return false
	}
	for c.b > t {
		mid := c.a + (c.b-c.a)/2
		if c.b-c.a <= p.small || mid <= c.a || mid >= c.b {
			p.cut(t)
			break
		}
		if p.halve(mid); mid <= t {
			break
		}
		c.b = mid
	}
	return true
}

// leftPart and rightPart tell the keys of the two parts of a cell from its own.
const leftPart, rightPart = 0xd1342543de82ef95, 0xaf251af3b0f025b5

// halve splits the top at its middle: W there is w/2 + 3/2 h + z with z of variance c/16, and the areas of the halves are
// h/4 - z/2 +- n/2 with n of variance c/12.
func (p *Path) halve(mid float64) {
	m := p.m
	top := &p.ahead.cells[len(p.ahead.cells)-1]
	root := math.Sqrt(top.b - top.a)
	sz, sn := root/4, root*(0.5/3.4641016151377544)
	key := mix(top.key)
	left := cell{top.a, mid, key ^ leftPart}
	top.a, top.key = mid, key^rightPart // the right half now
	u := p.ahead.push(left, m)
	v := p.ahead.vals[len(p.ahead.vals)-4*m:]
	w, h := v[:m], v[m:2*m]
	w1, h1 := u[:m], u[m:2*m]
	for i := range w {
		key += gamma
		z := sz * normal(mix(key))
		key += gamma
		n := sn * normal(mix(key))
		a, b := 0.5*w[i], 1.5*h[i]+z
		w1[i], w[i] = a+b, a-b
		k := 0.25*h[i] - 0.5*z
		h1[i], h[i] = k+n, k-n
	}
}

// cut splits the top at t. With a and b the lengths of the parts and c that of the cell, W and the area of the left part have the means
// a/c w + 6ab/c^2 h and (a/c)^2 h, given those of the cell, and the covariances
//
//	ab (a^3+b^3)/c^4, -a^3 b/(2c^3), a/12 (1 - a^3/c^3);
//
// the area of the right part follows from c h = (b w_a - a w_b)/2 + a h_a + b h_b.
func (p *Path) cut(t float64) {
	m := p.m
	k := len(p.ahead.cells) - 1
	top := p.ahead.cells[k]
	key := mix(top.key)
	p.ahead.cells[k] = cell{t, top.b, key ^ rightPart}
	u := p.ahead.push(cell{top.a, t, key ^ leftPart}, m)
	v := p.ahead.vals[len(p.ahead.vals)-4*m:]
	w, h := v[:m], v[m:2*m]
	w1, h1 := u[:m], u[m:2*m]
	a, b, c := t-top.a, top.b-t, top.b-top.a
	x, y := a/c, b/c
	s1 := math.Sqrt(c * x * y * (x*x - x*y + y*y))
	c1 := 0.0
	if s1 > 0 {
		c1 = -c * x * x * x * y / (2 * s1)
	}
	c2 := math.Sqrt(math.Max(0, a/12*(1-x*x*x)-c1*c1))
	key ^= math.Float64bits(t) * gamma
	for i := range w {
		key += gamma
		z := normal(mix(key))
		key += gamma
		n := normal(mix(key))
		wa := x*w[i] + 6*x*y*h[i] + s1*z
		ha := x*x*h[i] + c1*z + c2*n
		wb := w[i] - wa
		hb := 0.0
		if b > 0 {
			hb = (h[i] - 0.5*(y*wa-x*wb) - x*ha) / y
		}
		w1[i], h1[i], w[i], h[i] = wa, ha, wb, hb
	}
}

// Take goes from the present time to t and writes the increments of the processes to w and their space-time Levy areas to h.
// What was taken before can no longer be undone.
func (p *Path) Take(t float64, w, h []float64) {
	p.taken.clear()
	p.from = p.at
	for p.reach(t) {
	}
	p.sum(w, h)
}

// sum adds up the cells taken: with W(s) - W(from) = x at the start of a cell of length c its share in the integral of that is
// c (x + w/2 + h).
func (p *Path) sum(w, h []float64) {
	m := p.m
	if len(p.taken.cells) == 1 {
		copy(w, p.taken.vals[:m])
		copy(h, p.taken.vals[m:])
		return
	}
	clear(w)
	clear(p.area)
	v := p.taken.vals
	for _, cl := range p.taken.cells {
		c := cl.b - cl.a
		for i := range w {
			p.area[i] += c * (w[i] + (0.5*v[i] + v[m+i]))
			w[i] += v[i]
		}
		v = v[2*m:]
	}
	back := 0.0
	if p.at > p.from {
		back = 1 / (p.at - p.from)
	}
	for i := range h {
		h[i] = back*p.area[i] - 0.5*w[i]
	}
}

// Undo goes back to where the last Take began.
func (p *Path) Undo() {
	for len(p.taken.cells) > 0 {
		c, v := p.taken.pop(p.m)
		copy(p.ahead.push(c, p.m), v)
	}
	p.at = p.from
}

// Seek makes t the present time, which lies in what was taken last, or is it already, and writes what W has gained there since the
// start of that to w. It reports whether that could be done.
func (p *Path) Seek(t float64, w []float64) bool {
	if !p.begun || t > p.at || t < p.from {
		return false
	}
	if t < p.at {
		p.Undo()
		for p.reach(t) {
		}
		p.at = t
	}
	clear(w)
	v := p.taken.vals
	for range p.taken.cells {
		for i := range w {
			w[i] += v[i]
		}
		v = v[2*p.m:]
	}
	p.taken.clear()
	p.from = t
	return true
}

// Within writes what W has gained since the start of the last Take to the rows of w, at len(w)/m instants that divide it evenly,
// its end included.
func (p *Path) Within(w []float64) {
	m := p.m
	from, to, n := p.from, p.at, len(w)/m
	p.Undo()
	row := w[:m]
	clear(row)
	for k := 1; k <= n; k++ {
		t := to
		if k < n {
			t = from + (to-from)*(float64(k)/float64(n))
		}
		if k > 1 {
			row = w[(k-1)*m : k*m]
			copy(row, w[(k-2)*m:])
		}
		first := len(p.taken.cells)
		for p.reach(t) {
		}
		v := p.taken.vals[2*m*first:]
		for range p.taken.cells[first:] {
			for i := range row {
				row[i] += v[i]
			}
			v = v[2*m:]
		}
	}
	p.from = from
}

// Areas adds the Levy areas of the last Take to the m by m matrix a: 1/2 int (W_j dW_i - W_i dW_j) to entry (i, j), from
// cells of at most 1/parts of its length; for each of them the mean of its area given its numbers.
func (p *Path) Areas(parts float64, a []float64) {
	m, to := p.m, p.at
	long := (p.at - p.from) / parts * (1 + 1e-9)
	p.Undo()
	for {
		if k := len(p.ahead.cells) - 1; k >= 0 {
			if c := p.ahead.cells[k]; c.a < to && c.b-c.a > long && c.b-c.a > p.small {
				p.halve(c.a + (c.b-c.a)/2)
				continue
			}
		}
		if !p.reach(to) {
			break
		}
	}
	x := p.area
	clear(x)
	v := p.taken.vals
	for range p.taken.cells {
		w, h := v[:m], v[m:2*m]
		for i, wi := range w {
			for j := range i {
				area := 0.5*(x[j]*wi-x[i]*w[j]) + (wi*h[j] - w[j]*h[i])
				a[i*m+j] += area
				a[j*m+i] -= area
			}
		}
		for i, wi := range w {
			x[i] += wi
		}
		v = v[2*m:]
	}
}

// Archive visits the path.
func (p *Path) Archive(a *archive.Archive) {
	a.Uint64(&p.seed, &p.path)
	a.Bool(&p.begun)
	a.Float(&p.from, &p.at, &p.small)
	for _, s := range []*stack{&p.ahead, &p.taken} {
		archive.Resize(a, &s.cells)
		for i := range s.cells {
			c := &s.cells[i]
			a.Float(&c.a, &c.b)
			a.Uint64(&c.key)
		}
		a.Grown(&s.vals)
	}
}
