package ode

// Events: relations and when-clauses. Between events the truth values of all
// relations are frozen in p, so f is smooth. After each accepted step the
// indicators of the relations are sampled on the step's interpolant; the first
// change of sign is isolated to the last bit of time, the step is cut there, and
// the event iteration of the Hybrid protocol runs. Time events are ends of steps.

import (
	"fmt"
	"math"
	"strings"

	"github.com/mtkc/mtkc/runtime/event"
)

const (
	maxEventIterations = 100 // of one event
	maxInitIterations  = 40  // of initial values and relations

	maxInstantIterations = 10 // of relations between time and what an event sets
)

// hybrid is the discrete part of a run.
type hybrid struct {
	in *Integrator
	h  *Hybrid
	ws *Workspace

	nodes   [][]float64 // indicators at the nodes of the last step, one row per node
	end     []float64   // indicators at (T, U)
	scale   []float64   // largest indicator seen on the last step
	zero    []float64   // indicators at the event, before anything changed
	y       [13]float64
	scan    [13]*event.Scanner // by degree
	crossed []bool             // relations that changed at the present event

	from, to float64 // part of the step that is searched
	found    []candidate

	te   []float64 // instants of time relations, start and interval of samples
	next float64   // next time event

	fired []float64 // instant of each sample that was the last to fire

	unew, pnew []float64
	u0, p0     []float64 // before the event

	zeno   []recurrence
	recent []float64 // times of the last events, a ring
	count  int

	warned []bool // actions of level warning that were reported
}

// recurrence watches one relation for events that accumulate.
type recurrence struct {
	last, gap float64
	shrinking int // consecutive tiny gaps, each shorter than the one before
	tiny      int // consecutive tiny gaps
}

func newHybrid(in *Integrator) *hybrid {
	ws, h := in.ws, in.p.Hybrid
	r := len(h.Relations)
	return &hybrid{
		in: in, h: h, ws: ws,
		end: make([]float64, r), scale: make([]float64, r), zero: make([]float64, r), crossed: make([]bool, r), zeno: make([]recurrence, r),
		te: make([]float64, len(h.TimeRelations)+2*len(h.Samples)), fired: make([]float64, len(h.Samples)),
		unew: make([]float64, ws.N()), pnew: make([]float64, len(ws.Params)),
		u0: make([]float64, ws.N()), p0: make([]float64, len(ws.Params)),
		warned: make([]bool, len(h.Actions)),
		recent: make([]float64, max(1024, 20*r)),
	}
}

// truth is the value of a relation whose indicator is g.
func (r *Relation) truth(g float64) float64 {
	if g > 0 || !r.Strict && g == 0 {
		return 1
	}
	return 0
}

// orient turns an indicator into one that is "before" while the relation keeps its
// memory, and says whether zero already counts as after.
func (r *Relation) orient(g, memory float64) (y float64, closed bool) {
	if memory != 0 {
		return -g, r.Strict
	}
	return g, !r.Strict
}

// crossings evaluates the indicators of all relations.
func (hy *hybrid) crossings(t float64, u, g []float64) {
	if len(hy.h.Relations) > 0 {
		hy.ws.K.Crossings(t, u, hy.ws.Params, g)
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
	nt := len(hy.h.TimeRelations)
	for _, te := range hy.te[:nt] {
		if te > after && te < hy.next {
			hy.next = te
		}
	}
	for i := range hy.h.Samples {
		start, interval := hy.te[nt+2*i], hy.te[nt+2*i+1]
		if next := nextSample(start, interval, after); next < hy.next {
			hy.next = next
		}
	}
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
	nt := len(hy.h.TimeRelations)
	t := hy.ws.T
	next := nextSample(hy.te[nt+2*i], hy.te[nt+2*i+1], t-hy.near(t)-5e-324)
	if !(next <= t+hy.near(t)) || next == hy.fired[i] {
		return false
	}
	hy.fired[i] = next
	return true
}

// timeRelations sets the memory of the time relations at T, as right limits, and
// reports whether one changed.
func (hy *hybrid) timeRelations(p []float64) bool {
	if len(hy.h.TimeRelations) == 0 {
		return false
	}
	hy.ws.K.TimeEvents(p, hy.te)
	changed := false
	reached := hy.ws.T + hy.near(hy.ws.T)
	for i := range hy.h.TimeRelations {
		r := &hy.h.TimeRelations[i]
		v := 0.0
		if (hy.te[i] <= reached) != r.Falling {
			v = 1
		}
		if p[r.Slot] != v {
			p[r.Slot], changed = v, true
		}
	}
	return changed
}

// relations sets the memory of the relations at (T, u) and reports whether one
// changed. Where forced is set, a relation that crossed at this event keeps the
// value it was given while its indicator rests.
//
// With one set, only the first relation that differs changes. That settles systems
// of ideal switches where changing all of them at once goes round in circles.
func (hy *hybrid) relations(u, p []float64, forced, one bool) bool {
	if len(hy.h.Relations) == 0 {
		return false
	}
	hy.ws.K.Crossings(hy.ws.T, u, p, hy.end)
	changed := false
	for i := range hy.h.Relations {
		r := &hy.h.Relations[i]
		g := hy.end[i]
		v := r.truth(g)
		if p[r.Slot] == v || forced && hy.resting(i) {
			continue
		}
		p[r.Slot], changed = v, true
		if one {
			break
		}
	}
	return changed
}

// mark notes in crossed, and sets the memory of, the relations that differ from
// their memory at (T, U).
func (hy *hybrid) mark() {
	ws := hy.ws
	hy.crossings(ws.T, ws.U, hy.end)
	copy(hy.zero, hy.end)
	for i := range hy.h.Relations {
		r := &hy.h.Relations[i]
		v := r.truth(hy.end[i])
		hy.crossed[i] = ws.Params[r.Slot] != v
		if hy.crossed[i] {
			ws.Params[r.Slot] = v
		}
	}
}

// handle runs the event at (T, U) whose crossed relations mark has set. It returns
// whether anything changed that the integration depends on.
func (hy *hybrid) handle() (changed bool, err error) {
	ws, h := hy.ws, hy.h
	ws.Stats.Events++
	copy(hy.u0, ws.U)
	copy(hy.p0, ws.Params)
	for i := range h.Relations {
		if hy.crossed[i] { // as it was before the event
			hy.p0[h.Relations[i].Slot] = 1 - ws.Params[h.Relations[i].Slot]
		}
	}
	if err := hy.accumulation(); err != nil {
		return false, err
	}
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
	for i := range hy.crossed {
		hy.crossed[i] = false
	}
	hy.schedule()
	return !sameBits(hy.u0, ws.U) || !sameBits(hy.p0, ws.Params), nil
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

// iterate applies the when-clauses and re-evaluates relations until nothing
// changes.
func (hy *hybrid) iterate(forced bool) error {
	ws, h := hy.ws, hy.h
	stale := true // the algebraic entries of u do not belong to p
	for n := 0; ; n++ {
		if n == maxEventIterations {
			return hy.unsettled()
		}
		changed, jumped := false, false
		if ws.K.Update != nil {
			k := ws.K.Update(ws.T, ws.U, ws.Params, hy.unew, hy.pnew)
			// Instants may depend on what the update sets: time >= start + wait where
			// start becomes time. That is decided before any previous value moves on.
			moved := false
			for m := 0; m < maxInstantIterations && hy.timeRelations(hy.pnew); m++ {
				moved = true
				for i := range h.TimeRelations {
					slot := h.TimeRelations[i].Slot
					ws.Params[slot] = hy.pnew[slot]
				}
				k = ws.K.Update(ws.T, ws.U, ws.Params, hy.unew, hy.pnew)
			}
			for _, d := range h.Discrete {
				hy.pnew[d.Pre] = hy.pnew[d.Cur]
			}
			jumped = !sameBits(ws.U, hy.unew)
			changed = moved || jumped || !sameBits(ws.Params, hy.pnew)
			copy(ws.U, hy.unew)
			copy(ws.Params, hy.pnew)
			if k > 0 {
				if err := hy.act(k - 1); err != nil {
					return err
				}
			}
		}
		if i := nonFinite(ws.U); i >= 0 {
			return ws.Fail(Unstable, "an event sets %s to %v", ws.P.state(i), ws.U[i])
		}
		if (changed || stale) && hy.in.alg != nil {
			if err := hy.in.alg.solve(ws.T, ws.U); err != nil {
				return ws.fail(NewtonFailure, err, "after an event the algebraic equations have no solution: %v", err)
			}
		}
		stale = hy.relations(ws.U, ws.Params, forced, n >= maxEventIterations/4)
		if forced && jumped && hy.rebound() {
			stale = true
		}
		if hy.timeRelations(ws.Params) {
			stale = true
		}
		if !changed && !stale {
			return nil
		}
	}
}

// resting reports whether relation i crossed at this event and its indicator is
// where it was at the crossing, zero up to rounding.
func (hy *hybrid) resting(i int) bool {
	return hy.crossed[i] && math.Abs(hy.end[i]-hy.zero[i]) <= 1e-10*hy.scale[i]
}

// rebound looks at relations that crossed at this event and whose indicator still
// rests after a jump of the state: their value just after the event is decided by
// the direction in which the new state leaves, as for the height of a ball that
// has been thrown back. It reports whether one changed.
func (hy *hybrid) rebound() bool {
	ws := hy.ws
	any := false
	for i := range hy.crossed {
		any = any || hy.resting(i)
	}
	if !any {
		return false
	}
	du := ws.scratch()
	ws.RHS(ws.T, ws.U, du)
	ahead := 1e-4 * (ws.T - ws.TPrev)
	for i, v := range ws.U {
		if ws.Mass == nil || ws.Mass[i] != 0 {
			v += ahead * du[i]
		}
		ws.UNew[i] = v
	}
	g := hy.pnew[:len(hy.end)]
	hy.crossings(ws.T+ahead, ws.UNew, g)
	changed := false
	for i := range hy.crossed {
		r := &hy.h.Relations[i]
		if hy.resting(i) && ws.Params[r.Slot] != r.truth(g[i]) {
			ws.Params[r.Slot], changed = r.truth(g[i]), true
		}
	}
	return changed
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

// unsettled names what keeps changing in an event iteration.
func (hy *hybrid) unsettled() *Failure {
	ws := hy.ws
	before := append([]float64(nil), ws.Params...)
	var names []string
	if ws.K.Update != nil {
		ws.K.Update(ws.T, ws.U, ws.Params, hy.unew, hy.pnew)
		for _, w := range hy.h.Whens {
			if hy.pnew[w.Cond] != before[w.Cond] {
				names = append(names, w.Text)
			}
		}
		for _, d := range hy.h.Discrete {
			if hy.pnew[d.Cur] != before[d.Cur] {
				names = append(names, d.Name)
			}
		}
		copy(ws.U, hy.unew)
		copy(ws.Params, hy.pnew)
	}
	hy.relations(ws.U, ws.Params, false, false)
	for i := range hy.h.Relations {
		if r := &hy.h.Relations[i]; ws.Params[r.Slot] != before[r.Slot] {
			names = append(names, r.Text)
		}
	}
	if len(names) > 6 {
		names = append(names[:6], "...")
	}
	return ws.Fail(EventFailure, "the event does not settle in %d iterations; these keep changing: %s: use Pre of a variable where its own new value decides, or a hysteresis",
		maxEventIterations, strings.Join(names, ", "))
}

// accumulation stops runs whose events pile up: at one instant (a relation that
// keeps returning within the resolution of time, with shrinking gaps or without),
// or so densely that the end cannot be reached.
func (hy *hybrid) accumulation() error {
	ws := hy.ws
	t := ws.T
	small := 1e-9 * math.Max(math.Abs(t), 1e-3*ws.span)
	for i := range hy.crossed {
		if !hy.crossed[i] {
			continue
		}
		z := &hy.zeno[i]
		if ws.Params[hy.h.Relations[i].Slot] == 0 {
			continue // count passages in one direction
		}
		gap := t - z.last
		switch {
		case !(gap < small):
			z.tiny, z.shrinking = 0, 0
		case gap < 0.99*z.gap:
			z.shrinking++
		default:
			z.shrinking = 0
		}
		if gap < 0.01*small {
			z.tiny++
		} else {
			z.tiny = 0
		}
		z.last, z.gap = t, gap
		if z.shrinking >= 4 || z.tiny >= 50 {
			return ws.Fail(EventFailure, "events accumulate at this time: %s becomes true again and again at intervals of %.3g; "+
				"let the model change to another mode there (at rest, sliding), or add a hysteresis", hy.h.Relations[i].Text, gap)
		}
	}
	k := hy.count % len(hy.recent)
	if hy.count >= len(hy.recent) && t-hy.recent[k] < 1e-9*ws.span {
		var names []string
		for i := range hy.crossed {
			if hy.crossed[i] && len(names) < 6 {
				names = append(names, hy.h.Relations[i].Text)
			}
		}
		what := "they are samples or time events; make their interval longer"
		if len(names) > 0 {
			what = "the last one changed " + strings.Join(names, ", ") + "; add a hysteresis"
		}
		return ws.Fail(EventFailure, "%d events within %.3g: the run would not end; %s", len(hy.recent), t-hy.recent[k], what)
	}
	hy.recent[k] = t
	hy.count++
	return nil
}

// begin makes initial values, relations and discrete variables consistent at t0:
// conditions that hold at the start do not fire, samples due at t0 do.
func (hy *hybrid) begin(initialize func() error) error {
	ws, h := hy.ws, hy.h
	for i := range hy.zeno {
		hy.zeno[i].last = math.Inf(-1)
	}
	for i := range hy.fired {
		hy.fired[i] = math.Inf(-1)
	}
	for i := range hy.scale {
		hy.scale[i] = 0
	}
	hy.timeRelations(ws.Params)
	for n := 0; ; n++ {
		if n == maxInitIterations {
			return ws.Fail(InitFailure, "initial values and relations do not agree after %d iterations; still changing: %s",
				maxInitIterations, strings.Join(hy.changing(initialize), ", "))
		}
		if err := initialize(); err != nil {
			return err
		}
		for _, d := range h.Discrete {
			ws.Params[d.Pre] = ws.Params[d.Cur]
		}
		changed := hy.relations(ws.U, ws.Params, false, n >= maxInitIterations/2)
		if hy.timeRelations(ws.Params) {
			changed = true
		}
		if !changed {
			break
		}
	}
	if ws.K.Update == nil {
		hy.schedule()
		return nil
	}
	// The memory of conditions is their value at the start. Discrete variables that
	// are not set by when-clauses get their value here.
	stale := false
	for n := 0; ; n++ {
		if n == maxEventIterations {
			return ws.Fail(InitFailure, "the discrete variables do not settle at the start")
		}
		ws.K.Update(ws.T, ws.U, ws.Params, hy.unew, hy.pnew)
		changed := false
		for _, w := range h.Whens {
			if ws.Params[w.Cond] != hy.pnew[w.Cond] {
				ws.Params[w.Cond], changed = hy.pnew[w.Cond], true
			}
		}
		if changed {
			continue // with whens that fired only because their memory was empty
		}
		for _, d := range h.Discrete {
			hy.pnew[d.Pre] = hy.pnew[d.Cur]
		}
		changed = !sameBits(ws.Params, hy.pnew)
		copy(ws.Params, hy.pnew)
		if (changed || stale) && hy.in.alg != nil {
			if err := hy.in.alg.solve(ws.T, ws.U); err != nil {
				return ws.fail(InitFailure, err, "the algebraic equations have no solution at the start: %v", err)
			}
		}
		stale = hy.relations(ws.U, ws.Params, false, n >= maxEventIterations/4)
		if !changed && !stale {
			break
		}
	}
	if len(hy.te) > 0 {
		ws.K.TimeEvents(ws.Params, hy.te)
	}
	for i, s := range h.Samples {
		if hy.due(i) {
			ws.Params[s.Flag] = 1
			ws.Stats.Events = 1
		}
	}
	if ws.Stats.Events > 0 {
		if err := hy.iterate(false); err != nil {
			return err
		}
		hy.clearFlags()
	}
	hy.schedule()
	hy.crossings(ws.T, ws.U, hy.end)
	return nil
}

// changing lists relations that flip between two initializations.
func (hy *hybrid) changing(initialize func() error) []string {
	ws := hy.ws
	before := append([]float64(nil), ws.Params...)
	var names []string
	if initialize() != nil {
		return names
	}
	hy.relations(ws.U, ws.Params, false, false)
	for i := range hy.h.Relations {
		if r := &hy.h.Relations[i]; ws.Params[r.Slot] != before[r.Slot] {
			names = append(names, r.Text)
		}
	}
	return names
}
