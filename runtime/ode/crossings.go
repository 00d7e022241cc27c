package ode

// The search for the first change of a relation within a step: each indicator is
// sampled on the interpolant and its polynomial searched in Bernstein form; the true
// indicator decides.

import (
	"math"

	"github.com/mtkc/mtkc/runtime/event"
)

// first finds the earliest change of a relation in the last step, [TPrev, T].
func (hy *hybrid) first() (t float64, found bool) {
	ws := hy.ws
	hy.located = -1
	copy(hy.start, hy.end)
	if len(hy.h.Relations) == 0 || ws.Stats.Steps < hy.idle {
		return 0, false
	}
	for len(hy.nodes) < mostNodes+2 {
		hy.nodes = append(hy.nodes, make([]float64, len(hy.h.Relations)))
	}
	copy(hy.nodes[0], hy.end)
	s := hy.scanner(degree(hy.in.st))
	if jumped(hy.in.st) {
		return hy.firstOfJump(s)
	}
	if hy.clear() {
		return 0, false
	}
	return hy.within(s, ws.TPrev, ws.T, 0)
}

// mostNodes is the highest degree of the polynomials that are searched: the number of nodes behind the first.
const mostNodes = 12

// scanner is one for polynomials of about that degree.
func (hy *hybrid) scanner(degree int) *event.Scanner {
	d := min(max(degree, 4), mostNodes)
	if hy.scan[d] == nil {
		hy.scan[d] = event.NewScanner(d)
	}
	return hy.scan[d]
}

// firstOfJump is first for a step that ends in a jump.
func (hy *hybrid) firstOfJump(s *event.Scanner) (t float64, found bool) {
	ws := hy.ws
	hy.crossings(ws.T, ws.U, hy.end)
	last := before(ws.T)
	if last > ws.TPrev {
		still := degree(hy.in.st) == 0
		for _, at := range [...]float64{last, ws.TPrev + event.Place*(ws.T-ws.TPrev)} {
			if still {
				hy.sample(at, hy.nodes[1])
				still = sameBits(hy.nodes[0], hy.nodes[1])
			}
		}
		if !still {
			if t, found = hy.within(s, ws.TPrev, last, 0); found {
				return t, true
			}
		}
	}
	for i := range hy.h.Relations {
		hy.peak[i] = larger(hy.peak[i], math.Abs(hy.end[i]))
		if y, closed := hy.orient(i, hy.end[i], ws.Params[hy.h.Relations[i].Slot]); event.After(y, closed) {
			found = true
		}
	}
	return ws.T, found
}

// deepest is how often a step is halved for the sake of an indicator that varies
// much faster than the solution.
const deepest = 8

// within looks for a change in [from, to], where the indicators at from are
// nodes[0], and leaves those at to there.
func (hy *hybrid) within(s *event.Scanner, from, to float64, depth int) (t float64, found bool) {
	hy.from, hy.to = from, to
	x := s.Nodes()
	d := len(x) - 1
	for k := 1; k <= d; k++ {
		hy.sample(hy.at(x[k]), hy.nodes[k])
	}
	hy.survey(d)
	if depth < deepest && !hy.resolved(s) {
		mid := from + (to-from)/2
		if mid > from && mid < to {
			if depth == 1 { // the indicator varies on its own, whatever the degree of the interpolant
				s = hy.scanner(mostNodes)
			}
			if t, found = hy.within(s, from, mid, depth+1); found {
				return t, true
			}
			return hy.within(s, mid, to, depth+1)
		}
	}
	t, surprised := hy.search(s, true)
	if surprised {
		t, _ = hy.search(s, false)
	}
	copy(hy.nodes[0], hy.nodes[d])
	return t, t <= to
}

// survey notes the range of each indicator over the nodes 0 to d, turned as orient does.
func (hy *hybrid) survey(d int) {
	for i := range hy.h.Relations {
		memory := hy.ws.Params[hy.h.Relations[i].Slot]
		g := hy.nodes[0][i]
		v, _ := hy.orient(i, g, memory)
		scale, least, most := larger(0, math.Abs(g)), v, v
		for k := 1; k <= d; k++ {
			g = hy.nodes[k][i]
			v, _ = hy.orient(i, g, memory)
			scale, least, most = larger(scale, math.Abs(g)), min(least, v), max(most, v)
		}
		hy.scale[i], hy.least[i], hy.most[i] = scale, least, most
		hy.peak[i] = larger(hy.peak[i], scale)
	}
}

// larger is the larger of a size so far and another one, if that is a finite number.
func larger(size, v float64) float64 {
	if v > size && v <= math.MaxFloat64 {
		return v
	}
	return size
}

// at maps [0, 1] to the interval that is searched.
func (hy *hybrid) at(theta float64) float64 {
	if theta == 1 {
		return hy.to
	}
	return hy.from + theta*(hy.to-hy.from)
}

// sample evaluates the indicators at a time of the last step on the bare interpolant:
// what is found there is confirmed on the invariants later.
func (hy *hybrid) sample(t float64, g []float64) {
	if t == hy.ws.T {
		copy(g, hy.end)
		return
	}
	hy.glimpse(t)
	hy.crossings(t, hy.unew, g)
}

// someInterpolator is a stepper whose interpolant is a polynomial at hand, of which a few
// states can be had.
type someInterpolator interface {
	InterpolateSome(t float64, which []int32, u []float64)
}

// interpolateSome writes the entries which of the solution at a time of the last step to u; all
// of them where st knows no better.
func interpolateSome(st Stepper, t float64, which []int32, u []float64) {
	if s, ok := st.(someInterpolator); ok {
		s.InterpolateSome(t, which, u)
		return
	}
	st.Interpolate(t, u)
}

// glimpse writes the states that the indicators read to unew.
func (hy *hybrid) glimpse(t float64) {
	if hy.h.CrossingStates == nil || hy.slide != nil {
		hy.in.st.Interpolate(t, hy.unew)
		return
	}
	interpolateSome(hy.in.st, t, hy.h.CrossingStates, hy.unew)
}

// far is how many times their spread the values at the nodes lie away from zero where they are not looked at further.
const far = 8

// resolved compares the indicators with their polynomials at further points. It
// matters only where the values come near zero: there what the polynomial lacks must not hide a crossing.
func (hy *hybrid) resolved(s *event.Scanner) bool {
	d := len(s.Nodes()) - 1
	clear(hy.lack)
	for check := range event.Checks {
		theta, w := s.Check(check)
		extra := hy.nodes[13]
		hy.sample(hy.at(theta), extra)
		for i, g := range extra {
			memory := hy.ws.Params[hy.h.Relations[i].Slot]
			g, _ = hy.orient(i, g, memory)
			least, most := min(hy.least[i], g), max(hy.most[i], g)
			spread := most - least
			if least > far*spread || most < -far*spread {
				continue
			}
			p := 0.0
			for k := range w {
				v, _ := hy.orient(i, hy.nodes[k][i], memory)
				p += w[k] * v
			}
			lack := math.Abs(p - g)
			if least > spread || most < -spread {
				if lack > 0.1*spread+1e-9*math.Abs(g) {
					return false // the nodes are too few to say that it is clear of zero
				}
				continue
			}
			if lack > 1e-3*spread+1e-9*math.Abs(g) {
				return false
			}
			hy.lack[i] = math.Max(hy.lack[i], lack)
		}
	}
	for i, lack := range hy.lack {
		if !(lack > event.Rounding*hy.scale[i]) {
			continue
		}
		memory := hy.ws.Params[hy.h.Relations[i].Slot]
		y, closed := hy.y[:d+1], false
		for k := range y {
			y[k], closed = hy.orient(i, hy.nodes[k][i], memory)
		}
		if s.Uncertain(y, closed, event.Lack*lack) {
			return false
		}
	}
	return true
}

// search looks for the earliest crossing among all relations; +Inf: there is none.
// Where limited is set, relations whose polynomials cross later than another's are
// left out. surprised reports that an indicator did not cross where its polynomial
// does, so that leaving others out was rash.
func (hy *hybrid) search(s *event.Scanner, limited bool) (t float64, surprised bool) {
	ws, rels := hy.ws, hy.h.Relations
	d := len(s.Nodes()) - 1
	hy.found = hy.found[:0]
	limit := 2.0 // end of the earliest crossing so far
	for i := range rels {
		if s.Far(hy.least[i], hy.most[i]) {
			continue
		}
		c := candidate{relation: i, memory: ws.Params[rels[i].Slot]}
		y := hy.y[:d+1]
		for k := range y {
			y[k], c.closed = hy.orient(i, hy.nodes[k][i], c.memory)
		}
		lo, hi, ok := s.First(y, c.closed, limit)
		if !ok {
			continue
		}
		if limited {
			limit = math.Min(limit, hi)
		}
		c.a, c.b = hy.at(lo), hy.at(hi)
		hy.found = append(hy.found, c)
	}
	// Locate the crossing that the polynomials promise first; whatever has happened
	// before it comes next, until nothing has.
	t = math.Inf(1)
	for len(hy.found) > 0 {
		k := 0
		for j := range hy.found {
			if hy.found[j].b < hy.found[k].b {
				k = j
			}
		}
		c := hy.found[k]
		hy.found[k] = hy.found[len(hy.found)-1]
		hy.found = hy.found[:len(hy.found)-1]
		tc, ok := hy.locate(&c, t)
		surprised = surprised || !ok || tc > c.b
		if !ok || tc >= t {
			continue
		}
		t, hy.located = tc, c.relation
		hy.earlier(t)
	}
	return t, surprised
}

// candidate is a relation whose polynomial changes side between a and b.
type candidate struct {
	relation int
	memory   float64
	closed   bool
	a, b     float64
}

// indicators evaluates all relations at a time of the last step, on the invariants
// and with consistent algebraic variables, into pnew.
func (hy *hybrid) indicators(t float64) []float64 {
	g, u := hy.pnew[:len(hy.end)], hy.unew
	if t == hy.ws.T {
		copy(u, hy.ws.U)
	} else {
		hy.in.state(t, u)
	}
	hy.crossings(t, u, g)
	return g
}

// locate refines the crossing of a candidate, which lies before limit, on the true
// indicator. It fails if the indicator does not cross after all.
func (hy *hybrid) locate(c *candidate, limit float64) (t float64, ok bool) {
	y := func(t float64) float64 {
		v, _ := hy.orient(c.relation, hy.indicators(t)[c.relation], c.memory)
		return v
	}
	start := hy.from
	ystart, _ := hy.orient(c.relation, hy.nodes[0][c.relation], c.memory)
	ystart = math.Min(ystart, -math.SmallestNonzeroFloat64) // before, whatever it is
	a, ya := start, ystart
	if c.a > start {
		a, ya = c.a, y(c.a)
		if event.After(ya, c.closed) { // the indicator is no polynomial: it crossed earlier
			return event.Locate(y, start, a, ystart, ya, c.closed), true
		}
	}
	b := math.Min(math.Max(c.b, math.Nextafter(a, math.Inf(1))), hy.to)
	yb := y(b)
	// It crosses later than the polynomial, if at all: a little later, or much.
	for step := (b - a) / 2; b < hy.to && b < limit && !event.After(yb, c.closed); {
		step = math.Min(2*step, (hy.to-hy.from)/8)
		a, ya = b, yb
		b = math.Min(math.Max(b+step, math.Nextafter(b, math.Inf(1))), hy.to)
		yb = y(b)
	}
	if !event.After(yb, c.closed) {
		return 0, false
	}
	return event.Locate(y, a, b, ya, yb, c.closed), true
}

// contradicted reports whether the right-hand side leads the relation that first found at t back, see
// Integrator.contradicted.
func (hy *hybrid) contradicted(t float64) bool {
	i := hy.located
	if i < 0 || hy.slide != nil || hy.band[i] > 0 {
		return false
	}
	r := &hy.h.Relations[i]
	if r.Kind != Comparison && r.Kind != SignOf {
		return false
	}
	memory := hy.ws.Params[r.Slot]
	_, closed := hy.orient(i, 0, memory)
	return hy.in.contradicted(t, hy.peak[i], closed, func(t float64, u []float64) float64 {
		g := hy.pnew[:len(hy.end)]
		hy.crossings(t, u, g)
		y, _ := hy.orient(i, g[i], memory)
		return y
	})
}

// contradicted reports whether the interpolant takes an indicator to the side after at t while the
// right-hand side leads it back there: an excursion so small, within the tolerances, that the step does not follow it.
// So it is when a ball that hardly rises any more is integrated with steps of order 1, with which multistep methods
// start: the height would fall below the ground while the velocity still points upwards, and the next bounce turn
// it downwards. y is the indicator, before below zero, and size one of its values.
func (in *Integrator) contradicted(t, size float64, closed bool, y func(t float64, u []float64) float64) bool {
	ws := in.ws
	if len(ws.Alg) > 0 || in.proj != nil || in.p.Noise != nil || jumped(in.st) || in.method.Info().Embedded == 0 {
		return false
	}
	here, there := in.buf, in.out
	at := func(t float64, u []float64) float64 {
		if t == ws.T {
			copy(u, ws.U)
		} else {
			in.state(t, u)
		}
		return y(t, u)
	}
	noise := 4 * math.Max(eps*size, math.Abs(at(t, here)))
	d := 0x1p-6 * (ws.T - ws.TPrev)
	back := t+d > ws.T
	if back {
		d = -d
	}
	if event.After(at(t+d, there), closed) == back {
		return false // the interpolant comes back by itself
	}
	du := ws.scratch()
	ws.RHS(t, here, du)
	for k, v := range here {
		there[k] = v + d*du[k]
	}
	led := y(t+d, there)
	return math.Abs(led) > noise && event.After(led, closed) == back
}

// earlier keeps the candidates that crossed before t: those that lie after it both
// at t and just before.
func (hy *hybrid) earlier(t float64) {
	for _, at := range [...]float64{t, math.Nextafter(t, math.Inf(-1))} {
		if len(hy.found) == 0 || at <= hy.from {
			hy.found = hy.found[:0]
			return
		}
		g := hy.indicators(at)
		kept := hy.found[:0]
		for _, c := range hy.found {
			v, _ := hy.orient(c.relation, g[c.relation], c.memory)
			if event.After(v, c.closed) {
				c.b = math.Min(c.b, at)
				kept = append(kept, c)
			}
		}
		hy.found = kept
	}
}

// sloper is a stepper that knows f at both ends of its last step; nil: it does not.
type sloper interface{ Slopes() (f0, f1 []float64) }

// glancer is a stepper that knows no slopes, but whose interpolant of the last step costs next to
// nothing.
type glancer interface{ Glance() bool }

// clear evaluates the indicators at T into end, and reports whether all of them
// stay clear of zero on the last step by a glance at each, see event.Clear. Only
// where that fails is the interpolant sampled, which for some methods takes further
// stages.
func (hy *hybrid) clear() bool {
	ws := hy.ws
	hy.crossings(ws.T, ws.U, hy.end)
	var f0, f1 []float64
	if s, ok := hy.in.st.(sloper); ok {
		f0, f1 = s.Slopes()
	}
	h := ws.T - ws.TPrev
	r := len(hy.end)
	g0, g1, gm := hy.nodes[1], hy.nodes[2], hy.nodes[3] // beside the ends, between them
	u := hy.unew
	const small = event.Soon
	if f0 == nil {
		if s, ok := hy.in.st.(glancer); !ok || !s.Glance() {
			return false
		}
		hy.sample(ws.TPrev+small*h, g0)
		hy.sample(ws.T-small*h, g1)
		hy.sample(ws.TPrev+event.Place*h, gm)
	} else {
		for i, v := range ws.UPrev {
			u[i] = v + small*h*f0[i]
		}
		hy.crossings(ws.TPrev+small*h, u, g0)
		for i, v := range ws.U {
			u[i] = v - small*h*f1[i]
		}
		hy.crossings(ws.T-small*h, u, g1)
		hermite(u, ws.UPrev, ws.U, f0, f1, h, event.Place)
		hy.crossings(ws.TPrev+event.Place*h, u, gm)
	}
	for i := range r {
		hy.peak[i] = larger(hy.peak[i], math.Abs(gm[i]))
		memory := ws.Params[hy.h.Relations[i].Slot]
		a, _ := hy.orient(i, hy.nodes[0][i], memory)
		b, _ := hy.orient(i, g0[i], memory)
		c, _ := hy.orient(i, g1[i], memory)
		e, _ := hy.orient(i, hy.end[i], memory)
		m, _ := hy.orient(i, gm[i], memory)
		if !event.Clear(a, b, m, c, e) {
			return false
		}
	}
	return true
}
