package ode

// Events: relations and when-clauses. Between events the truth values of all
// relations are frozen in p, so f is smooth. After each accepted step the
// indicators of the relations are sampled on the step's interpolant; the first
// change of sign is isolated to the last bit of time, the step is cut there, and
// the event iteration of the Hybrid protocol runs (settle.go). Time events are ends
// of steps.

import (
	"fmt"
	"math"

	"github.com/mtkc/mtkc/runtime/event"
)

// hybrid is the discrete part of a run.
type hybrid struct {
	in *Integrator
	h  *Hybrid
	ws *Workspace

	nodes     [][]float64 // indicators at the nodes of the last step, one row per node
	end       []float64   // indicators at (T, U)
	scale     []float64   // largest indicator seen on the last step
	least     []float64   // range of each indicator at the nodes, as orient turns it
	most      []float64
	lack      []float64 // how much each differs from its polynomial there
	zero      []float64 // indicators at the event, before anything changed
	given     []float64 // what a relation that crossed at the present event holds while its indicator rests
	peak      []float64 // largest indicator since the relation crossed last
	size      []float64 // largest indicator of the run
	band      []float64 // hysteresis of relations whose events accumulate, 0: none
	start     []float64 // indicators at the start of the last step
	located   int       // relation whose crossing ended the last step, -1: none
	rests     []bool    // relations that crossed at the event with which the present step starts
	lingers   []bool    // those of them that are still where they were then, see stays
	y         [13]float64
	scan      [13]*event.Scanner // by degree
	crossed   []bool             // relations that changed at the present event
	was       []float64          // indicators before a callback changed the run
	kinks     []int32            // relations of that kind
	idle      int                // steps made when the first relation is to be watched again, all being ignored kinks
	asleep    bool               // some of them are not watched
	flips     int                // crossings of kinks alone
	kinkSteps [manyKinks]int     // steps made at the last of these, a ring
	tolerant  bool               // some relation has a hysteresis against rounding
	left      bool               // some discrete variable remembers a left limit

	from, to float64 // part of the step that is searched
	found    []candidate

	te   []float64 // instants of time relations, start and interval of samples, coefficients of counters
	next float64   // next time event

	fired []float64 // instant of each sample that was the last to fire

	unew, pnew []float64
	u0, p0     []float64 // before the event
	mem        []float64 // relations as a pass of the event iteration found them
	flipped    []bool    // relations that changed in the present pass

	pile     []recurrence // two for each relation: turned false, turned true
	recent   []float64    // times of the last events, a ring
	coarse   [16]float64  // times at which that ring was filled, a ring
	count    int
	limit    limit
	nudges   int      // in a row
	nudged   float64  // when the last one was
	slide    *sliding // in progress, or nil
	hopeless bool     // no set of switches gave values to all comparisons

	warned []bool // actions of level warning that were reported
}

func newHybrid(in *Integrator) *hybrid {
	ws, h := in.ws, in.p.Hybrid
	r := len(h.Relations)
	hy := &hybrid{
		in: in, h: h, ws: ws,
		end: make([]float64, r), scale: make([]float64, r), least: make([]float64, r), most: make([]float64, r), lack: make([]float64, r), zero: make([]float64, r), given: make([]float64, r), peak: make([]float64, r), size: make([]float64, r), band: make([]float64, r),
		start: make([]float64, r), located: -1, rests: make([]bool, r), lingers: make([]bool, r),
		crossed: make([]bool, r), pile: make([]recurrence, 2*r), mem: make([]float64, r), flipped: make([]bool, r),
		te: make([]float64, len(h.TimeRelations)+2*len(h.Samples)+2*len(h.Counters)), fired: make([]float64, len(h.Samples)),
		unew: make([]float64, ws.N()), pnew: make([]float64, len(ws.Params)),
		u0: make([]float64, ws.N()), p0: make([]float64, len(ws.Params)),
		warned: make([]bool, len(h.Actions)),
		recent: make([]float64, max(1024, 20*r)),
		limit:  limit{relation: -1},
	}
	for i := range h.Relations {
		if h.Relations[i].Kind == Kink {
			hy.kinks = append(hy.kinks, int32(i))
		}
	}
	for _, d := range h.Discrete {
		hy.left = hy.left || d.Left
	}
	return hy
}

// value is the memory of a relation whose indicator is g.
func (r *Relation) value(g float64) float64 {
	switch r.Kind {
	case SignOf:
		switch {
		case g > 0:
			return 1
		case g < 0:
			return -1
		}
		return 0
	case FloorOf:
		return math.Floor(g)
	case TruncOf:
		return math.Trunc(g)
	}
	if g > 0 || !r.Strict && g == 0 {
		return 1
	}
	return 0
}

// orient turns the indicator of relation i into one that is "before" while the relation
// keeps its memory, and says whether zero already counts as after.
func (hy *hybrid) orient(i int, g, memory float64) (y float64, closed bool) {
	r := &hy.h.Relations[i]
	if hy.slide != nil && hy.slide.relation == i {
		return g * (g - 1), false // g is the share of one side
	}
	switch r.Kind {
	case SignOf:
		switch {
		case memory > 0:
			return -g - hy.band[i], true
		case memory < 0:
			return g - hy.band[i], true
		}
		return g * g, false // it leaves zero, to whatever side
	case FloorOf, TruncOf:
		// Negative within the interval on which the function has the value of its memory.
		lo, hi := memory, memory+1
		if r.Kind == TruncOf && memory <= 0 {
			lo--
			if memory < 0 {
				hi--
			}
		}
		return (g - lo) * (g - hi), false
	case Kink:
		if memory == literally {
			return -1, false
		}
	}
	if memory != 0 {
		return -g - hy.band[i], r.Strict
	}
	return g - hy.band[i], !r.Strict
}

// crossings evaluates the indicators of all relations.
func (hy *hybrid) crossings(t float64, u, g []float64) {
	if len(hy.h.Relations) > 0 {
		hy.ws.K.Crossings(t, u, hy.ws.Params, g)
	}
	if hy.slide != nil {
		g[hy.slide.relation] = hy.slide.share(hy.ws, t, u)
	}
}

// near is the tolerance within which times are the same instant.
func (hy *hybrid) near(t float64) float64 { return 8 * eps * math.Abs(t) }

// schedule asks for the time events and finds the next one after T.
func (hy *hybrid) schedule() {
	ws := hy.ws
	hy.next = math.Inf(1)
	if len(hy.te) == 0 {
		return
	}
	ws.K.TimeEvents(ws.Params, hy.te)
	after := ws.T + hy.near(ws.T)
	nt, ns := len(hy.h.TimeRelations), len(hy.h.Samples)
	for _, te := range hy.te[:nt] {
		if te > after && te < hy.next {
			hy.next = te
		}
	}
	for i := range hy.h.Samples {
		if hy.h.Samples[i].Terminal {
			continue
		}
		start, interval := hy.te[nt+2*i], hy.te[nt+2*i+1]
		if next := nextSample(start, interval, after); next < hy.next {
			hy.next = next
		}
	}
	for i := range hy.h.Counters {
		a, b := hy.te[nt+2*ns+2*i], hy.te[nt+2*ns+2*i+1]
		if _, next := count(a, b, after); next < hy.next {
			hy.next = next
		}
	}
}

// count is floor(a*t + b) as a right limit, and the next time after t at which it
// changes. Its changes are the instants (k - b)/a, each computed by itself, so that
// they neither drift nor disagree with the count.
func count(a, b, t float64) (n, next float64) {
	at := func(k float64) float64 { return (k - b) / a }
	n = math.Floor(a*t + b)
	switch {
	case !(math.Abs(n) < 1e15) || a == 0 || math.IsInf(a, 0) || math.IsNaN(a):
		return n, math.Inf(1)
	case a > 0:
		for at(n+1) <= t {
			n++
		}
		for at(n) > t {
			n--
		}
		return n, at(n + 1)
	}
	for at(n) <= t {
		n--
	}
	for at(n+1) > t {
		n++
	}
	return n, at(n)
}

// nextSample is the first instant start + k*interval, k >= 0, after t. An interval
// that is not a positive number means the start alone. +Inf: none.
func nextSample(start, interval, t float64) float64 {
	switch {
	case math.IsNaN(start):
		return math.Inf(1)
	case start > t:
		return start
	case !(interval > 0) || math.IsInf(interval, 1):
		return math.Inf(1)
	}
	k := math.Max(0, math.Floor((t-start)/interval)-1)
	for start+k*interval <= t {
		if start+(k+1)*interval == start+k*interval {
			return math.Inf(1) // below the resolution of time
		}
		k++
	}
	return start + k*interval
}

// due reports whether sample i fires at T, and notes that it does: a crossing that
// follows within the tolerance of one instant is another event, without the sample.
func (hy *hybrid) due(i int) bool {
	if hy.h.Samples[i].Terminal {
		return false
	}
	nt := len(hy.h.TimeRelations)
	t := hy.ws.T
	next := nextSample(hy.te[nt+2*i], hy.te[nt+2*i+1], t-hy.near(t)-5e-324)
	if !(next <= t+hy.near(t)) || next == hy.fired[i] {
		return false
	}
	hy.fired[i] = next
	return true
}

// timeRelations sets the memory of counters and time relations at T, as right limits,
// and reports whether one changed. Their instants may depend on counters.
func (hy *hybrid) timeRelations(p []float64) bool {
	h := hy.h
	if len(h.TimeRelations)+len(h.Counters) == 0 {
		return false
	}
	reached := hy.ws.T + hy.near(hy.ws.T)
	some := false
	for range len(h.Counters) + 1 {
		hy.ws.K.TimeEvents(p, hy.te)
		counted := false
		coef := hy.te[len(h.TimeRelations)+2*len(h.Samples):]
		for i, c := range h.Counters {
			n, _ := count(coef[2*i], coef[2*i+1], reached)
			if c.Trunc && n < 0 {
				n++
			}
			if p[c.Slot] != n && n == n {
				p[c.Slot], counted = n, true
			}
		}
		if !counted {
			break
		}
		some = true
	}
	for i := range h.TimeRelations {
		r := &h.TimeRelations[i]
		v := 0.0
		if (hy.te[i] <= reached) != r.Falling {
			v = 1
		}
		if r.Kind == SignOf {
			v = 2*v - 1
		}
		if p[r.Slot] != v {
			p[r.Slot], some = v, true
		}
	}
	return some
}

// mark sets the memory of the relations that differ from it at (T, U), notes them in
// crossed, and keeps p as it was before. It reports whether the event is one: kinks
// that cross alone are none. Relation but, along whose border the run slid, is on the
// side that it was given. Where before is given, indicators that are what they were then
// count as not crossed; else those that have not left the far side, on which the step started.
func (hy *hybrid) mark(but int, before []float64) (some bool) {
	ws := hy.ws
	copy(hy.p0, ws.Params)
	hy.crossings(ws.T, ws.U, hy.end)
	copy(hy.zero, hy.end)
	for i := range hy.h.Relations {
		r := &hy.h.Relations[i]
		memory := ws.Params[r.Slot]
		y, closed := hy.orient(i, hy.end[i], memory)
		hy.crossed[i] = event.After(y, closed) && i != but && (before == nil || before[i] != hy.end[i])
		if hy.lingers[i] = hy.crossed[i] && before == nil && hy.stays(i); hy.lingers[i] {
			hy.crossed[i] = false
		}
		if !hy.crossed[i] {
			continue
		}
		hy.given[i] = r.value(hy.end[i])
		hy.band[i] = 0
		ws.Params[r.Slot] = hy.given[i]
		some = some || r.Kind != Kink
	}
	return some
}

// stays reports whether relation i, which lies after at (T, U), was there at the start of the step already
// and halfway: it has just been there for an event, such as the height of a ball that is thrown back a
// rounding error below the ground, and has had no time to leave. If it never leaves, the search finds it next.
func (hy *hybrid) stays(i int) bool {
	ws := hy.ws
	if i == hy.located || !hy.rests[i] || hy.slide != nil {
		return false
	}
	memory := ws.Params[hy.h.Relations[i].Slot]
	if y, closed := hy.orient(i, hy.start[i], memory); !event.After(y, closed) {
		return false
	}
	mid := ws.TPrev + (ws.T-ws.TPrev)/2
	if mid <= ws.TPrev || mid >= ws.T {
		return true
	}
	y, closed := hy.orient(i, hy.indicators(mid)[i], memory)
	return event.After(y, closed)
}

// handle runs the event at (T, U) whose crossed relations mark has set. It returns
// whether anything changed that the integration depends on.
func (hy *hybrid) handle() (changed bool, err error) {
	ws, h := hy.ws, hy.h
	ws.Stats.Events++
	copy(hy.u0, ws.U)
	if err := hy.accumulation(); err != nil {
		return false, err
	}
	if hy.left {
		ws.K.Update(ws.T, ws.U, hy.p0, hy.unew, hy.pnew)
		for _, d := range h.Discrete {
			if d.Left {
				ws.Params[d.Cur], ws.Params[d.Pre] = hy.pnew[d.Cur], hy.pnew[d.Cur]
			}
		}
	}
	hy.literal()
	hy.timeRelations(ws.Params)
	if len(h.Samples) > 0 {
		ws.K.TimeEvents(ws.Params, hy.te)
		for i, s := range h.Samples {
			if hy.due(i) {
				ws.Params[s.Flag] = 1
			}
		}
	}
	if err := hy.iterate(true); err != nil {
		return false, err
	}
	hy.clearFlags()
	hy.watch()
	if err := hy.pileUp(); err != nil {
		return false, err
	}
	for i := range hy.crossed {
		hy.rests[i] = hy.crossed[i] || hy.lingers[i]
		hy.size[i] = math.Max(hy.size[i], hy.peak[i])
		if hy.crossed[i] {
			hy.crossed[i], hy.peak[i] = false, 0
		}
	}
	hy.schedule()
	return !sameBits(hy.u0, ws.U) || !sameBits(hy.p0, ws.Params), nil
}

// literal lets the kinks be evaluated as they stand while an event is handled.
func (hy *hybrid) literal() {
	for _, i := range hy.kinks {
		hy.ws.Params[hy.h.Relations[i].Slot] = literally
	}
}

// watch gives the kinks their memory again at (T, U).
func (hy *hybrid) watch() {
	if len(hy.kinks) == 0 {
		return
	}
	ws := hy.ws
	hy.crossings(ws.T, ws.U, hy.end)
	for _, i := range hy.kinks {
		r := &hy.h.Relations[i]
		switch {
		case ws.Stats.Steps < hy.pile[2*i].wake:
		case hy.crossed[i] && hy.resting(int(i)):
			ws.Params[r.Slot] = hy.given[i]
		default:
			ws.Params[r.Slot] = r.value(hy.end[i])
		}
	}
}

// clearFlags ends the instant of the samples: conditions that held because of them
// are false again, so that they rise at the next sample.
func (hy *hybrid) clearFlags() {
	ws := hy.ws
	some := false
	for _, s := range hy.h.Samples {
		if ws.Params[s.Flag] != 0 {
			ws.Params[s.Flag], some = 0, true
		}
	}
	if !some || len(hy.h.Whens) == 0 {
		return
	}
	ws.K.Update(ws.T, ws.U, ws.Params, hy.unew, hy.pnew)
	for _, w := range hy.h.Whens {
		if hy.pnew[w.Cond] == 0 {
			ws.Params[w.Cond] = 0
		}
	}
}

// terminal runs the event in which terminal() is true, at the end of the run, and leaves
// its flag set. It reports whether the model has such an event.
func (hy *hybrid) terminal() (has bool, err error) {
	ws := hy.ws
	for _, s := range hy.h.Samples {
		if s.Terminal {
			ws.Params[s.Flag], has = 1, true
		}
	}
	if !has {
		return false, nil
	}
	ws.Stats.Events++
	clear(hy.crossed)
	hy.literal()
	if err := hy.iterate(false); err != nil {
		return true, err
	}
	hy.watch()
	return true, hy.assert()
}

// terminated is the error by which a terminate action leaves the event iteration.
type terminated struct{ message string }

func (t *terminated) Error() string { return t.message }

// act performs action k: a termination, an error, or a warning that is noted.
func (hy *hybrid) act(k int) error {
	a := &hy.h.Actions[k]
	switch {
	case a.Terminate:
		return &terminated{a.Message}
	case a.Warn:
		if !hy.warned[k] {
			hy.warned[k] = true
			hy.in.warn(fmt.Sprintf("t = %v: %s", hy.ws.Time(hy.ws.T), a.Message))
		}
		return nil
	}
	return hy.ws.Fail(AssertFailed, "%s", a.Message)
}

// assert checks the assertions that hold at all times.
func (hy *hybrid) assert() error {
	if hy.ws.K.Assert == nil {
		return nil
	}
	if k := hy.ws.K.Assert(hy.ws.T, hy.ws.U, hy.ws.Params); k > 0 {
		return hy.act(k - 1)
	}
	return nil
}
