package ode

// Callbacks: what a user adds to a run without a change of the model. A Callback is a set
// of hooks, each optional. After an accepted step they are called in this order:
//
//	Accept    the step is made again, a quarter as long, where it says no
//	Correct   small corrections of the new point
//	Crossings the step ends at the first sign change of a condition
//	Passed    the part of the step that is now part of the solution
//	Affect    of the conditions that changed their sign
//	At        at an instant that Next gave
//	After     at the end of every step
//
// Conditions are searched as the events of a model are: values on the interpolant, the
// polynomial through them in Bernstein form (Lane, Riesenfeld, BIT 21, 1981), so that two
// crossings within a step are seen, and ITP on the condition itself down to neighbouring
// floating-point numbers (package event). An event of the model at the same instant
// comes first.

import (
	"errors"
	"fmt"
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/event"
)

// Direction says which sign changes of a condition count, seen along the run.
type Direction int8

const (
	Both    Direction = iota
	Rising            // from negative to positive
	Falling           // from positive to negative
)

// Callback is a set of hooks into a run; nil hooks are left out. Hooks may read everything of
// the Integrator, and change the run by its methods SetU, SetState, SetParam, SetStep, AddStop,
// Nudge and Terminate. An error ends the run with CallbackFailure. A Callback has the memory of
// one run: runs that go on at the same time need one each.
type Callback struct {
	Name string // for messages

	// Prepare is called with the parameters and the time of the start, before the parameters that the model computes from
	// others and the start values are computed: what it writes to P takes part in these. It forgets what a run before left.
	Prepare func(in *Integrator) error
	// Start is called at the consistent start of a run and forgets what a run before left.
	Start func(in *Integrator) error
	// Limit is the length that the next step may have at most, +Inf: any.
	Limit func(in *Integrator) float64
	// Accept judges the step just made; it may not change the run.
	Accept func(in *Integrator) bool
	// Correct may Nudge the point that the step reached.
	Correct func(in *Integrator) error
	// Passed is told that the solution from t0 to t1 is final. Interpolate is good there. It may not change
	// the run.
	Passed func(in *Integrator, t0, t1 float64) error

	// Conditions is the number of conditions, which Crossings evaluates. Directions has one
	// entry for each, or is nil: Both.
	Conditions int
	Crossings  func(t float64, u, p, g []float64)
	Directions []Direction
	// Observe says that Affect only looks on: the step is not cut, and Affect gets the state
	// at the crossing but may not change the run.
	Observe bool
	// Affect is called where condition k has changed its sign; u is the state there. Changes go
	// by the methods of in. After it, the sign that a condition has counts as not crossed.
	Affect func(in *Integrator, k int, t float64, u []float64) error

	// Next is the next instant after the present time, along the run, that is to be the
	// end of a step; NaN: none. It is asked at the start and after At. One beyond the end of the run comes where the
	// run is resumed with a later end.
	Next func(in *Integrator) float64
	// At is called at that instant, and at the start if First says so.
	At    func(in *Integrator) error
	First func(in *Integrator) bool

	// After is called at the end of every step.
	After func(in *Integrator) error
	// Finish is called at the end of the run, however it ends.
	Finish func(in *Integrator)

	// Archive visits the memory of the callback. A nil one says that there is none.
	Archive func(a *archive.Archive)
}

// check reports what callback k of a list lacks.
func (cb *Callback) check(k int) error {
	switch {
	case cb == nil:
		return fmt.Errorf("callback %d is nil", k)
	case cb.Conditions < 0:
		return fmt.Errorf("%s has %d conditions", cb.title(k), cb.Conditions)
	case cb.Conditions > 0 && cb.Crossings == nil:
		return fmt.Errorf("%s has %d conditions, but no Crossings to evaluate them", cb.title(k), cb.Conditions)
	case cb.Directions != nil && len(cb.Directions) != cb.Conditions:
		return fmt.Errorf("%s has %d Directions for %d conditions", cb.title(k), len(cb.Directions), cb.Conditions)
	}
	return nil
}

// title names callback k of a list.
func (cb *Callback) title(k int) string {
	if cb.Name == "" {
		return fmt.Sprintf("callback %d", k)
	}
	return cb.Name
}

// callbacks are those of a run.
type callbacks struct {
	in     *Integrator
	list   []*Callback
	times  []float64 // what Next gave, in the workspace's time, +Inf: none
	next   float64   // the least of these
	passed float64   // time up to which Passed was called
	hmax   float64   // of the options
	redone int
	limits bool
	events int     // of the model, up to the last step
	err    error   // of Passed
	hits   []int   // conditions that crossed at the end of the step
	end    float64 // time that the stepper reached, before which the step may have been cut

	// Conditions of all callbacks, one after the other.
	n     int
	of    []int // callback of each
	first []int // condition of each callback
	side  []int8
	fired []bool // it crossed at the start of the step, and the state jumped there
	led   []bool // and the right-hand side says to which side it goes from there
	seen  []seen // crossings of observers within the step
	sides []int8 // what side and fired were before the step was searched
	fires []bool
	nodes [][]float64
	g, u  []float64
	lack  []float64 // how much each condition differs from its polynomial
	begun []float64 // conditions at the start of the step,
	was   []float64 // and at its end, before anything changed
	y     [13]float64
	scan  [13]*event.Scanner
	at    int // condition that value is of, and
	sign  float64
	value func(t float64) float64
}

// newCallbacks binds a list to a run; nil if it is empty.
func newCallbacks(in *Integrator, list []*Callback) *callbacks {
	if len(list) == 0 {
		return nil
	}
	c := in.cb
	if c == nil || len(c.list) != len(list) {
		c = &callbacks{in: in}
	}
	same := true
	for i, cb := range list {
		same = same && i < len(c.list) && c.list[i] == cb
	}
	if !same {
		*c = callbacks{in: in, list: append([]*Callback(nil), list...), times: make([]float64, len(list))}
		for k, cb := range list {
			c.first = append(c.first, c.n)
			for range cb.Conditions {
				c.of = append(c.of, k)
			}
			c.n += cb.Conditions
			c.limits = c.limits || cb.Limit != nil
		}
		c.side, c.fired, c.sides, c.fires = make([]int8, c.n), make([]bool, c.n), make([]int8, c.n), make([]bool, c.n)
		c.led = make([]bool, c.n)
		c.g, c.u, c.lack = make([]float64, c.n), make([]float64, in.p.N()), make([]float64, c.n)
		c.begun, c.was = make([]float64, c.n), make([]float64, c.n)
		if c.n > 0 {
			for range 14 {
				c.nodes = append(c.nodes, make([]float64, c.n))
			}
			c.hits = make([]int, 0, c.n)
			c.value = func(t float64) float64 { return c.sign * c.eval(t, c.g)[c.at] }
		}
	}
	c.hmax = in.ws.HMax
	return c
}

// fail is the failure for an error of callback k.
func (c *callbacks) fail(k int, err error) error {
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	return c.in.ws.fail(CallbackFailure, err, "%s: %v", c.list[k].title(k), err)
}

// prepare calls the hooks before the start.
func (c *callbacks) prepare() error {
	for k, cb := range c.list {
		if cb.Prepare != nil {
			if err := cb.Prepare(c.in); err != nil {
				return c.in.ws.fail(InitFailure, err, "%s: %v", cb.title(k), err)
			}
		}
	}
	return nil
}

// start calls the hooks of the start.
func (c *callbacks) start() error {
	in, ws := c.in, c.in.ws
	c.passed, c.redone, c.err, c.hits = ws.T, 0, nil, c.hits[:0]
	for k, cb := range c.list {
		if cb.Start != nil {
			if err := cb.Start(in); err != nil {
				return c.fail(k, err)
			}
		}
		if cb.At != nil && cb.First != nil && cb.First(in) {
			if err := cb.At(in); err != nil {
				return c.fail(k, err)
			}
		}
	}
	if in.touched {
		save := in.set.FinalOnly
		in.set.FinalOnly = true // the start is saved afterwards, once
		err := in.settleStart()
		in.set.FinalOnly = save
		if err != nil {
			return err
		}
	}
	for k := range c.list {
		c.times[k] = c.after(k)
	}
	c.soonest()
	clear(c.side)
	for i := range c.was {
		c.was[i] = math.NaN() // all are new
	}
	c.orient(false)
	c.events = ws.Stats.Events
	return nil
}

// settleStart is apply before the first step.
func (in *Integrator) settleStart() error {
	end, h := in.ending, in.first
	in.ending = true // no restart
	err := in.apply()
	in.ending, in.first = end, h
	return err
}

// after is the next instant of callback k.
func (c *callbacks) after(k int) float64 {
	in, ws := c.in, c.in.ws
	if c.list[k].Next == nil {
		return math.Inf(1)
	}
	t := ws.Time(c.list[k].Next(in))
	if !(t > ws.T) {
		return math.Inf(1)
	}
	return t
}

func (c *callbacks) soonest() {
	c.next = math.Inf(1)
	for _, t := range c.times {
		c.next = math.Min(c.next, t)
	}
}

// limit sets the largest step.
func (c *callbacks) limit() {
	if !c.limits {
		return
	}
	h := c.hmax
	for _, cb := range c.list {
		if cb.Limit != nil {
			if l := cb.Limit(c.in); l > 0 {
				h = math.Min(h, l)
			}
		}
	}
	c.in.ws.HMax = h
}

// judge asks whether the step may stand. If not, it is made again.
func (c *callbacks) judge() (again bool, err error) {
	in, ws := c.in, c.in.ws
	for k, cb := range c.list {
		if cb.Accept == nil || cb.Accept(in) {
			continue
		}
		h := (ws.T - ws.TPrev) / 4
		if c.redone++; c.redone > mostRedone || ws.TooSmall(h) {
			return false, c.fail(k, fmt.Errorf("no step from t = %v on is accepted, however short", ws.Time(ws.TPrev)))
		}
		return true, in.redo(h)
	}
	c.redone = 0
	return false, nil
}

// correct lets the callbacks move the new point a little.
func (c *callbacks) correct() error {
	for k, cb := range c.list {
		if cb.Correct != nil {
			if err := cb.Correct(c.in); err != nil {
				return c.fail(k, err)
			}
		}
	}
	return nil
}

// pass tells that the solution is final up to t.
func (c *callbacks) pass(t float64) {
	in, ws := c.in, c.in.ws
	if !(t > c.passed) {
		return
	}
	for k, cb := range c.list {
		if cb.Passed != nil {
			if err := cb.Passed(in, ws.Time(c.passed), ws.Time(t)); err != nil && c.err == nil {
				c.err = c.fail(k, err)
			}
		}
	}
	c.passed = t
}

// act calls the hooks of the end of a step; hit says that conditions crossed there.
func (c *callbacks) act(hit bool) error {
	in, ws := c.in, c.in.ws
	if c.err != nil {
		return c.err
	}
	cut := ws.T < c.end
	if hit {
		for _, i := range c.hits {
			k := c.of[i]
			if c.list[k].Affect == nil {
				continue
			}
			if err := c.list[k].Affect(in, i-c.first[k], ws.Time(ws.T), ws.U); err != nil {
				return c.fail(k, err)
			}
		}
	}
	due := ws.T >= c.next
	if due {
		for k, cb := range c.list {
			if ws.T >= c.times[k] {
				if cb.At != nil {
					if err := cb.At(in); err != nil {
						return c.fail(k, err)
					}
				}
				c.times[k] = c.after(k)
			}
		}
		c.soonest()
	}
	for k, cb := range c.list {
		if cb.After != nil {
			if err := cb.After(in); err != nil {
				return c.fail(k, err)
			}
		}
	}
	touched := in.touched
	switch {
	case touched:
		if err := in.apply(); err != nil {
			return err
		}
	case in.first > 0 || cut && hit:
		if in.first == 0 {
			in.first = ws.H
		}
		if ws.T < ws.TEnd && !in.ending {
			if err := in.apply(); err != nil {
				return err
			}
		}
	}
	if c.n > 0 && (touched || hit || ws.Stats.Events != c.events) { // a jump is no crossing
		c.orient(hit && touched)
	}
	c.events = ws.Stats.Events
	return nil
}

// finish calls the hooks of the end of the run.
func (c *callbacks) finish() {
	for _, cb := range c.list {
		if cb.Finish != nil {
			cb.Finish(c.in)
		}
	}
	c.in.ws.HMax = c.hmax
}

// eval evaluates all conditions at a time of the last step into g.
func (c *callbacks) eval(t float64, g []float64) []float64 {
	ws := c.in.ws
	u := ws.U
	if t != ws.T {
		c.in.state(t, c.u)
		u = c.u
	}
	return c.conditions(t, u, g)
}

func (c *callbacks) conditions(t float64, u, g []float64) []float64 {
	ws := c.in.ws
	for k, cb := range c.list {
		if cb.Conditions > 0 {
			cb.Crossings(ws.Time(t), u, ws.Params, g[c.first[k]:c.first[k]+cb.Conditions])
		}
	}
	return g
}

// orient notes the side of each condition that the end of the step has changed; those that have just
// crossed, if thrown, are judged again behind it: a jump at the crossing may have thrown them back.
func (c *callbacks) orient(thrown bool) {
	if c.n == 0 {
		return
	}
	clear(c.fired)
	clear(c.led)
	if thrown {
		for _, i := range c.hits {
			c.fired[i] = true
		}
	}
	c.conditions(c.in.ws.T, c.in.ws.U, c.begun)
	for i, v := range c.begun {
		switch {
		case v == c.was[i] && !c.fired[i]: // one that is zero here goes on as it came
		case v > 0:
			c.side[i] = 1
		case v < 0:
			c.side[i] = -1
		case !c.fired[i]:
			c.side[i] = 0
		}
	}
	if thrown {
		c.lead()
	}
}

// lead takes the side of the conditions that a jump has thrown back from the right-hand side, where that says it.
func (c *callbacks) lead() {
	in, ws := c.in, c.in.ws
	if len(ws.Alg) > 0 || in.proj != nil || in.p.Noise != nil || in.p.Implicit != nil {
		return
	}
	d := 0x1p-10 * (ws.T - ws.TPrev)
	if ws.T-ws.TPrev <= 8*eps*math.Abs(ws.T) { // another event at the same instant
		d = 0x1p-10 * ws.H
	}
	du := ws.scratch()
	ws.RHS(ws.T, ws.U, du)
	for k, v := range ws.U {
		c.u[k] = v + d*du[k]
	}
	c.conditions(ws.T+d, c.u, c.g)
	for _, i := range c.hits {
		if v := c.g[i]; math.Abs(v) > 4*math.Abs(c.begun[i]) {
			c.led[i], c.side[i] = true, sideOf(v)
		}
	}
}

// stays reports whether condition i, which has crossed to the other side of s at time t and is not the first to do so, was
// there at the start of the step already and halfway: a jump at its own crossing, a rounding error ago, has thrown it
// back, and it has had no time to leave.
func (c *callbacks) stays(i int, s int8, t float64) bool {
	ws := c.in.ws
	if !c.fired[i] || i == c.at || !(float64(s)*c.begun[i] < 0) {
		return false
	}
	mid := ws.TPrev + (t-ws.TPrev)/2
	return mid <= ws.TPrev || mid >= t || float64(s)*c.eval(mid, c.nodes[13])[i] < 0
}

// wanted reports whether a crossing of condition i from side s counts.
func (c *callbacks) wanted(i int, s int8) bool {
	d := c.list[c.of[i]].Directions
	if d == nil {
		return true
	}
	switch d[i-c.first[c.of[i]]] {
	case Rising:
		return s < 0
	case Falling:
		return s > 0
	}
	return true
}

// seen is the crossing of an observer.
type seen struct {
	i int // condition
	t float64
}

// report calls the observers of the crossings that watch saw.
func (c *callbacks) report() {
	ws := c.in.ws
	for _, x := range c.seen {
		u := ws.U
		if x.t != ws.T {
			c.in.state(x.t, c.u)
			u = c.u
		}
		k := c.of[x.i]
		if err := c.list[k].Affect(c.in, x.i-c.first[k], ws.Time(x.t), u); err != nil && c.err == nil {
			c.err = c.fail(k, err)
		}
	}
}

// unwatch forgets what watch found, for a step that is made again.
func (c *callbacks) unwatch() {
	copy(c.side, c.sides)
	copy(c.fired, c.fires)
	c.seen, c.hits = c.seen[:0], c.hits[:0]
}

// contradicted reports whether the right-hand side leads the condition that watch found at t back, see
// Integrator.contradicted.
func (c *callbacks) contradicted(t float64) bool {
	i := c.at
	if i < 0 {
		return false
	}
	sign := float64(c.side[i]) // that of the side on which it is now
	size := math.Max(math.Abs(c.begun[i]), math.Abs(c.conditions(c.in.ws.T, c.in.ws.U, c.g)[i]))
	return c.in.contradicted(t, size, false, func(t float64, u []float64) float64 { return sign * c.conditions(t, u, c.g)[i] })
}

// watch looks for the first crossing in the last step, up to end, that ends it: that of one
// condition or of several, which are left in hits. Those of observers on the way are left in seen.
func (c *callbacks) watch(end float64) (at float64, hit bool) {
	ws := c.in.ws
	c.end = ws.T
	if c.n == 0 {
		return end, false
	}
	copy(c.sides, c.side)
	copy(c.fires, c.fired)
	c.seen, c.hits = c.seen[:0], c.hits[:0]
	if c.clear(end) {
		copy(c.was, c.nodes[1])
		return end, false
	}
	from, smooth := ws.TPrev, end
	if end == ws.T && jumped(c.in.st) {
		smooth = before(end)
	}
	for from < end {
		t, some := end, smooth < end
		if from < smooth {
			c.eval(from, c.nodes[0])
			if at, found := c.within(c.scanner(degree(c.in.st)+2), from, smooth, 0); found {
				t, some = at, true
			}
		}
		if !some {
			break
		}
		if t == end && smooth < end {
			c.at = -1 // whatever the jump has turned
		}
		// All that have crossed at this very time.
		g := c.eval(t, c.g)
		for i, s := range c.side {
			if s == 0 || !(float64(s)*g[i] < 0) && !(i == c.at) || c.stays(i, s, t) {
				continue
			}
			c.side[i] = -s
			if !c.wanted(i, s) {
				continue
			}
			if cb := c.list[c.of[i]]; cb.Observe && cb.Affect != nil {
				c.seen = append(c.seen, seen{i, t})
			} else if !cb.Observe {
				c.hits = append(c.hits, i)
			}
		}
		clear(c.fired)
		if len(c.hits) > 0 {
			copy(c.was, g)
			return t, true
		}
		from = t
	}
	clear(c.fired)
	copy(c.was, c.eval(end, c.g))
	return end, false
}

// scanner is one for polynomials of about that degree.
func (c *callbacks) scanner(degree int) *event.Scanner {
	d := min(max(degree, 4), mostNodes)
	if c.scan[d] == nil {
		c.scan[d] = event.NewScanner(d)
	}
	return c.scan[d]
}

// clear reports whether all conditions stay clear of zero on the last step up to end by a glance, see event.Clear.
func (c *callbacks) clear(end float64) bool {
	ws := c.in.ws
	h := end - ws.TPrev
	c.eval(ws.TPrev, c.nodes[0])
	c.eval(end, c.nodes[1])
	for i, s := range c.side { // the ends alone may tell that it is not
		a, b := float64(s)*c.nodes[0][i], float64(s)*c.nodes[1][i]
		if !(min(a, b) > math.Abs(a-b)) {
			return false
		}
	}
	for k, theta := range [...]float64{event.Soon, event.Place, 1 - event.Soon} {
		c.eval(ws.TPrev+theta*h, c.nodes[2+k])
	}
	for i, s := range c.side {
		v := -float64(s)
		if !event.Clear(v*c.nodes[0][i], v*c.nodes[2][i], v*c.nodes[3][i], v*c.nodes[4][i], v*c.nodes[1][i]) {
			return false
		}
	}
	return true
}

// within looks for the first change of side in [from, to], where the conditions at from are
// nodes[0], and leaves those at to there. The condition is left in at.
func (c *callbacks) within(s *event.Scanner, from, to float64, depth int) (t float64, found bool) {
	x := s.Nodes()
	d := len(x) - 1
	time := func(theta float64) float64 {
		if theta == 1 {
			return to
		}
		return from + theta*(to-from)
	}
	for k := 1; k <= d; k++ {
		c.eval(time(x[k]), c.nodes[k])
	}
	if depth < deepest && !c.resolved(s, from, to) {
		if mid := from + (to-from)/2; mid > from && mid < to {
			if depth == 1 { // the condition varies on its own, whatever the degree of the interpolant
				s = c.scanner(mostNodes)
			}
			if t, found = c.within(s, from, mid, depth+1); found {
				return t, true
			}
			return c.within(s, mid, to, depth+1)
		}
	}
	t = math.Inf(1)
	limit, which := 2.0, -1
	for i := range c.side {
		y := c.y[:d+1]
		scale := 0.0
		for k := range y {
			scale = math.Max(scale, math.Abs(c.nodes[k][i]))
		}
		// With noise the solution may turn back at once: there the side is that of the present value, however small.
		if noise := c.in.p.Noise != nil; c.side[i] == 0 || !noise && c.fired[i] && !c.led[i] && math.Abs(c.nodes[0][i]) <= 1e-9*scale {
			// At rest on zero: the side is that to which it goes.
			soon := 0x1p-10
			if noise {
				soon = 0x1p-4
			}
			c.side[i] = sideOf(c.eval(time(soon), c.nodes[13])[i])
			for k := 1; k <= d && c.side[i] == 0; k++ {
				c.side[i] = sideOf(c.nodes[k][i])
			}
		}
		if c.side[i] == 0 {
			continue
		}
		sign := -float64(c.side[i])
		for k := range y {
			y[k] = sign * c.nodes[k][i]
		}
		lo, hi, ok := s.First(y, false, limit)
		if !ok {
			continue
		}
		c.at, c.sign = i, sign
		if ti, ok := c.locate(time(lo), time(hi), from, to, y[0]); ok && ti < t {
			t, limit, which = ti, hi, i
		}
	}
	copy(c.nodes[0], c.nodes[d])
	c.at = which
	return t, which >= 0
}

// sideOf is the sign of a condition.
func sideOf(v float64) int8 {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return 0
}

// locate refines the crossing of condition at that its polynomial has in [a, b].
func (c *callbacks) locate(a, b, from, to, start float64) (t float64, ok bool) {
	start = math.Min(start, -math.SmallestNonzeroFloat64) // before, whatever it is
	ya := start
	if a > from {
		if ya = c.value(a); event.After(ya, false) {
			return event.Locate(c.value, from, a, start, ya, false), true
		}
	}
	b = math.Min(math.Max(b, math.Nextafter(a, math.Inf(1))), to)
	yb := c.value(b)
	// It crosses later than the polynomial, if at all: a little later, or much.
	for step := (b - a) / 2; b < to && !event.After(yb, false); {
		step = math.Min(2*step, (to-from)/8)
		a, ya = b, yb
		b = math.Min(math.Max(b+step, math.Nextafter(b, math.Inf(1))), to)
		yb = c.value(b)
	}
	if !event.After(yb, false) {
		return 0, false
	}
	return event.Locate(c.value, a, b, ya, yb, false), true
}

// resolved compares the conditions with their polynomials at points between the nodes,
// where they come near zero: there what the polynomial lacks must not hide a crossing.
func (c *callbacks) resolved(s *event.Scanner, from, to float64) bool {
	d := len(s.Nodes()) - 1
	clear(c.lack)
	for check := range event.Checks {
		theta, w := s.Check(check)
		extra := c.eval(from+theta*(to-from), c.nodes[13])
		for i, v := range extra {
			least, most, p := v, v, 0.0
			for k := range w {
				g := c.nodes[k][i]
				least, most = min(least, g), max(most, g)
				p += w[k] * g
			}
			spread := most - least
			if least > far*spread || most < -far*spread {
				continue
			}
			lack := math.Abs(p - v)
			if least > spread || most < -spread {
				if lack > 0.1*spread {
					return false // the nodes are too few to say that it is clear of zero
				}
				continue
			}
			if lack > 1e-3*spread+1e-9*math.Abs(v) && c.in.p.Noise == nil || lack > 0.02*spread {
				return false
			}
			c.lack[i] = math.Max(c.lack[i], lack)
		}
	}
	if c.in.p.Noise != nil {
		return true // a path has crossings at all scales
	}
	for i, lack := range c.lack {
		y, scale := c.y[:d+1], 0.0
		for k := range y {
			y[k] = -float64(c.side[i]) * c.nodes[k][i]
			scale = math.Max(scale, math.Abs(y[k]))
		}
		if c.side[i] != 0 && lack > event.Rounding*scale && s.Uncertain(y, false, event.Lack*lack) {
			return false
		}
	}
	return true
}

// archive visits the instants and sides, and the memory of the callbacks.
func (c *callbacks) archive(a *archive.Archive) {
	n := len(c.list)
	a.Int(&n)
	if n != len(c.list) {
		a.Fail("the run was saved with %d callbacks, not %d", n, len(c.list))
		return
	}
	a.Floats(c.times)
	a.Float(&c.next, &c.passed, &c.end)
	a.Bools(c.fired, c.led)
	a.Floats(c.begun, c.was)
	a.Int(&c.events)
	for i := range c.side {
		s := int32(c.side[i])
		a.Int32(&s)
		c.side[i] = int8(s)
	}
	for _, cb := range c.list {
		if cb.Archive != nil {
			cb.Archive(a)
		}
	}
}
