package ode

// Events that pile up. A ball whose bounces become shorter and shorter has infinitely
// many of them in finite time (Zeno); a relay that drives the state back to its own
// switching surface changes at every instant (chattering); the condition of max(x, 0)
// may change its side with the rounding of an x that has decayed to nothing.

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// recurrence watches one relation for events that accumulate.
type recurrence struct {
	last, gap float64
	shrinking int  // consecutive small gaps, each shorter than the one before
	small     int  // events with small gaps between them
	tiny      int  // events with tiny gaps between them
	acted     bool // the model moved a state or a discrete variable at the last one

	noise float64 // largest indicator at these events

	step  int // of a kink: steps made when it crossed last
	dense int // of a kink: consecutive crossings with hardly a step between them
	wake  int // of a kink: steps made when it is to be watched again
	sleep int // of a kink: steps for which it was not watched the last time
}

// calm begins the counts of events with short gaps anew.
func (z *recurrence) calm() { z.tiny, z.small = 0, 0 }

// limit is a relation whose events accumulate. It is held at the value that its last
// event gave it as long as its indicator stays within a band a little wider than the
// last excursion, so that the model can go over to its mode for the limit: a ball that
// does not rise any more comes to rest where the model has conditions for that. If it
// has none, the indicator goes through the band on the wrong side, and the run ends.
type limit struct {
	relation   int // -1: there is none
	t          float64
	gap        float64
	chattering int // 1 + the relation that chatters, 0: none
}

const (
	shrinkingGaps = 4
	tinyGaps      = 8
	smallGaps     = 32

	denseKinks  = 12 // crossings of one kink, one in each step
	fewSteps    = 2
	manyKinks   = 64 // crossings of any kinks with hardly a step between them
	firstSleep  = 256
	longestRest = 1 << 20

	bandFactor   = 4  // of the last excursion
	pierceFactor = 10 // of the band

	mostNoise   = 1e-2 // of the largest indicator of the run: errors of the states within the tolerances may be amplified
	noiseFactor = 10   // of a hysteresis against rounding

	mostNudges = 32 // in a row
)

// flip is what the crossing of kinks comes to. A kink that is crossed again and again
// within a few steps is not worth watching: for a while its condition is taken literally,
// which the step size control sees as it sees any lack of smoothness. So are all of them
// where there are many that take turns: the more there are, the less the error of one
// crossing counts, and the sooner their ends of steps cost more than they give.
func (hy *hybrid) flip() {
	steps := hy.ws.Stats.Steps
	for _, i := range hy.kinks {
		if !hy.crossed[i] {
			continue
		}
		hy.crossed[i] = false
		z := &hy.pile[2*i]
		if z.dense++; steps-z.step >= fewSteps {
			z.dense = 0
		}
		z.step = steps
		if z.dense >= denseKinks {
			hy.ignore(i)
		}
	}
	k := hy.flips % manyKinks
	if hy.flips >= manyKinks && steps-hy.kinkSteps[k] < manyKinks*min(len(hy.kinks)/8, 20) {
		for _, i := range hy.kinks {
			hy.ignore(i)
		}
		hy.flips = 0
		if len(hy.kinks) == len(hy.h.Relations) {
			hy.idle = math.MaxInt
			for _, i := range hy.kinks {
				hy.idle = min(hy.idle, hy.pile[2*i].wake)
			}
		}
		return
	}
	hy.kinkSteps[k] = steps
	hy.flips++
}

// ignore lets kink i be evaluated as it stands for a number of steps, twice as many as the
// last time.
func (hy *hybrid) ignore(i int32) {
	z := &hy.pile[2*i]
	z.dense = 0
	z.sleep = min(max(firstSleep, 2*z.sleep), longestRest)
	z.wake = hy.ws.Stats.Steps + z.sleep
	hy.asleep = true
	hy.ws.Params[hy.h.Relations[i].Slot] = literally
}

// loosen lets all kinks be evaluated as they stand where no step is possible, however short, because f is undefined on
// the other side of one: sqrt(max(h, 0)) of a tank that runs empty comes to zero without ever crossing it, and
// the branch h stands for both sides within a step. It reports whether there were kinks to let go.
func (in *Integrator) loosen(err error) (some bool) {
	var f *Failure
	if in.hy == nil || !errors.As(err, &f) || f.Code != Unstable {
		return false
	}
	for _, i := range in.hy.kinks {
		if in.ws.Params[in.hy.h.Relations[i].Slot] != literally {
			in.hy.ignore(i)
			some = true
		}
	}
	return some
}

// rouse watches kinks again that have been ignored for long enough. Nothing jumps there:
// the memory says at (T, U) what the condition itself does.
func (hy *hybrid) rouse() {
	if !hy.asleep {
		return
	}
	steps := hy.ws.Stats.Steps
	if hy.idle > steps {
		return
	}
	hy.asleep = false
	hy.crossings(hy.ws.T, hy.ws.U, hy.end)
	for _, i := range hy.kinks {
		z, r := &hy.pile[2*i], &hy.h.Relations[i]
		switch {
		case hy.ws.Params[r.Slot] != literally:
		case steps >= z.wake:
			hy.ws.Params[r.Slot] = r.value(hy.end[i])
		default:
			hy.asleep = true
		}
	}
}

// accumulation looks whether the present event belongs to one of the relations that
// crossed too often, or whether events of any kind are too dense for the end to be
// reached.
func (hy *hybrid) accumulation() error {
	ws := hy.ws
	t := ws.T
	small := 1e-9 * math.Max(math.Abs(t), 1e-3*ws.span)
	hy.limit.chattering = 0
	for i := range hy.crossed {
		r := &hy.h.Relations[i]
		if !hy.crossed[i] || r.Kind == Kink {
			continue
		}
		z := &hy.pile[2*i]
		if hy.given[i] > hy.p0[r.Slot] {
			z = &hy.pile[2*i+1]
		}
		gap := t - z.last
		switch {
		case !(gap < small):
			z.small, z.shrinking, z.noise = 0, 0, 0
		case gap < 0.99*z.gap:
			z.shrinking++
		default:
			z.shrinking = 0
		}
		z.small++
		z.noise = math.Max(z.noise, math.Abs(hy.zero[i]))
		if !(gap < 0.01*small) {
			z.tiny = 0
		}
		z.tiny++
		z.last, z.gap = t, gap
		switch {
		case z.tiny > tinyGaps || z.small > smallGaps:
			hy.limit.chattering, hy.limit.gap = 1+i, gap
		case z.shrinking >= shrinkingGaps && z.acted && r.Kind == Comparison && hy.limit.relation < 0:
			hy.band[i] = bandFactor * hy.peak[i]
			hy.limit.relation, hy.limit.t, hy.limit.gap = i, t, gap
			z.shrinking = 0
		}
	}
	k := hy.count % len(hy.recent)
	many, from := len(hy.recent), hy.recent[k]
	if k == 0 && hy.count >= many && t-from < 1e-5*ws.span {
		if x, ok := hy.in.st.(exchanger); ok && x.exchange() {
			hy.count = 0 // to see whether that helps
		}
	}
	dense := hy.count >= many && t-from < 1e-9*ws.span
	if m := hy.count / many % len(hy.coarse); k == 0 && !dense { // longer ago: 10^8 events in all
		many *= len(hy.coarse)
		from = hy.coarse[m]
		dense = hy.count >= many && t-from < 1e-4*ws.span
		hy.coarse[m] = t
	}
	if dense {
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
		return ws.Fail(EventFailure, "%d events within %.3g: the run would not end; %s", many, t-from, what)
	}
	hy.recent[k] = t
	hy.count++
	return nil
}

// pileUp ends an event that accumulation found to be one of too many.
func (hy *hybrid) pileUp() error {
	l := &hy.limit
	acted := hy.acted()
	for i := range hy.crossed {
		if r := &hy.h.Relations[i]; hy.crossed[i] && r.Kind == Comparison {
			hy.pile[2*i+int(1-hy.p0[r.Slot])].acted = acted
		}
	}
	if l.relation >= 0 && hy.ws.T > l.t && (acted || hy.band[l.relation] == 0) {
		l.relation = -1 // the model went over to another mode
	}
	if l.chattering == 0 {
		return nil
	}
	i := l.chattering - 1
	l.chattering = 0
	if why := hy.enterSliding(i); why != "" && !hy.tolerate(i) && !hy.exchange(i) && !hy.nudge() {
		return hy.ws.Fail(EventFailure, "events accumulate at this time: %s changes again and again at intervals of %.3g; "+
			"it cannot slide along this border, because %s: let the model change to another mode there (at rest, sliding), or add a hysteresis",
			hy.h.Relations[i].Text, l.gap, why)
	}
	return nil
}

// tolerate gives relation i, which changes again and again, a hysteresis above the rounding
// that may be the reason: the current of an ideal diode that has just opened is the
// difference of two nearly equal voltages over a small resistance. It declines where the
// hysteresis would be wider than rounding can explain.
func (hy *hybrid) tolerate(i int) bool {
	noise := max(math.Abs(hy.end[i]), hy.pile[2*i].noise, hy.pile[2*i+1].noise, 16*eps*hy.size[i])
	if kind := hy.h.Relations[i].Kind; kind != Comparison && kind != SignOf || hy.acted() || !(noise <= mostNoise*hy.size[i]) || noise == 0 {
		return false
	}
	if hy.driven(i) {
		return false
	}
	hy.band[i] = noiseFactor * noise
	hy.tolerant = true
	hy.pile[2*i].calm()
	hy.pile[2*i+1].calm()
	return true
}

// exchange goes on with another method, if there is one, where relation i changes again and again: with
// six diodes at the border at once, errors of one method decide what those of another do not.
func (hy *hybrid) exchange(i int) bool {
	x, ok := hy.in.st.(exchanger)
	if !ok || !x.exchange() {
		return false
	}
	hy.pile[2*i].calm()
	hy.pile[2*i+1].calm()
	hy.count = 0
	return true
}

// nudge takes the run on by an instant in which no state moves by more than its absolute tolerance, whatever the relations
// say meanwhile, and settles them there. Where all ideal diodes of a bridge begin at their border, one decides for
// another there, and a moment later each by itself. What goes on to chatter behind it is told then.
func (hy *hybrid) nudge() bool {
	ws := hy.ws
	if ws.T-hy.nudged > 1e-6*ws.span {
		hy.nudges = 0
	}
	if hy.nudges++; hy.nudges > mostNudges || hy.acted() {
		return false
	}
	t, h, du := ws.T, 1e-9*ws.span, ws.scratch()
	u, p := append([]float64(nil), ws.U...), append([]float64(nil), ws.Params...)
	ws.RHS(t, ws.U, du)
	for k, v := range du {
		if v = math.Abs(v); ws.differential(k) && v*h > ws.AbsTol[k] {
			h = ws.AbsTol[k] / v
		}
	}
	if !(h > hy.near(t)) || t+h >= min(hy.next, ws.TEnd) {
		return false
	}
	for k, v := range du {
		if ws.differential(k) {
			ws.U[k] += h * v
		}
	}
	ws.T += h
	if hy.iterate(true) != nil {
		ws.T = t
		copy(ws.U, u)
		copy(ws.Params, p)
		return false
	}
	hy.nudged = ws.T
	for i := range hy.pile {
		hy.pile[i].calm()
	}
	return true
}

// driven reports whether both sides of relation i drive the state to its border, so that
// it is no rounding that makes it change again and again.
func (hy *hybrid) driven(i int) bool {
	ws := hy.ws
	slot := hy.h.Relations[i].Slot
	u, was := append([]float64(nil), ws.U...), ws.Params[slot]
	ahead := 1e-9 * math.Max(math.Abs(ws.T), 1e-3*ws.span)
	g, du := make([]float64, len(hy.end)), ws.scratch()
	var rate [2]float64
	for side := range rate {
		ws.Params[slot] = float64(side)
		if hy.h.Relations[i].Kind == SignOf {
			ws.Params[slot] = float64(2*side - 1)
		}
		copy(ws.U, u)
		if hy.solve() != nil {
			continue
		}
		hy.crossings(ws.T, ws.U, g)
		rate[side] = -g[i]
		ws.RHS(ws.T, ws.U, du)
		for k, v := range du {
			if ws.differential(k) {
				ws.U[k] += ahead * v
			}
		}
		ws.T += ahead
		if hy.solve() == nil {
			hy.crossings(ws.T, ws.U, g)
			rate[side] += g[i]
		}
		ws.T -= ahead
	}
	copy(ws.U, u)
	ws.Params[slot] = was
	return rate[0] > 0 && rate[1] < 0
}

// strict ends the hysteresis of relations whose indicators, in end, have left it on their
// own side.
func (hy *hybrid) strict() {
	if !hy.tolerant {
		return
	}
	hy.tolerant = false
	for i, b := range hy.band {
		if b == 0 || i == hy.limit.relation {
			continue
		}
		if y, _ := hy.orient(i, hy.end[i], hy.ws.Params[hy.h.Relations[i].Slot]); y < -3*b {
			hy.band[i] = 0
		} else {
			hy.tolerant = true
		}
	}
}

// acted reports whether the event moved a state or a discrete variable.
func (hy *hybrid) acted() bool {
	for i, v := range hy.ws.U {
		if hy.ws.differential(i) && v != hy.u0[i] {
			return true
		}
	}
	for _, d := range hy.h.Discrete {
		if hy.p0[d.Cur] != hy.ws.Params[d.Cur] {
			return true
		}
	}
	return false
}

// pierced reports whether the relation at its limit left its band on the wrong side in
// the last step. The indicators at T are in end.
func (hy *hybrid) pierced() bool {
	i := hy.limit.relation
	if i < 0 {
		return false
	}
	depth := hy.end[i]
	if hy.ws.Params[hy.h.Relations[i].Slot] == 0 {
		depth = -depth
	}
	return depth > pierceFactor*hy.band[i]
}

// accumulated is the failure of a relation whose events have a limit in time that the
// model does not pass.
func (hy *hybrid) accumulated() *Failure {
	ws := hy.ws
	ws.T = ws.TPrev
	copy(ws.U, ws.UPrev)
	what := "true"
	if ws.Params[hy.h.Relations[hy.limit.relation].Slot] == 0 {
		what = "false"
	}
	return ws.Fail(EventFailure, "events accumulate at this time: %s becomes %s again and again at intervals of %.3g and less; "+
		"let the model change to another mode there (at rest, sliding), or add a hysteresis", hy.h.Relations[hy.limit.relation].Text, what, hy.limit.gap)
}

// noteSliding tells the user about sliding, once for each relation.
func (hy *hybrid) noteSliding(i int) {
	hy.in.warn(fmt.Sprintf("t = %.9g: %s changes at every instant; the run slides along this border with the mean of both sides (Filippov) and leaves it when one side prevails",
		hy.ws.Time(hy.ws.T), hy.h.Relations[i].Text))
}
