package ode

import (
	"math"
	"strings"
)

// begin makes initial values, relations and discrete variables consistent at t0:
// conditions that hold at the start do not fire; samples due at t0 do, and conditions that
// hold just after it.
func (hy *hybrid) begin(initialize func() error) error {
	ws, h := hy.ws, hy.h
	for i := range hy.pile {
		hy.pile[i] = recurrence{last: math.Inf(-1)}
	}
	for i := range hy.fired {
		hy.fired[i] = math.Inf(-1)
	}
	clear(hy.scale)
	hy.literal()
	hy.crossings(ws.T, ws.U, hy.end) // of the guesses
	for i := range h.Relations {
		if r := &h.Relations[i]; r.Kind >= SignOf {
			if v := r.value(hy.end[i]); v-v == 0 {
				ws.Params[r.Slot] = v
			}
		}
	}
	hy.timeRelations(ws.Params)
	if err := hy.initialize(initialize); err != nil {
		return err
	}
	if err := hy.assert(); err != nil { // while initial() is true
		return err
	}
	for _, d := range h.Discrete {
		ws.Params[d.Pre] = ws.Params[d.Cur]
	}
	if ws.K.Update != nil {
		if err := hy.beginUpdates(); err != nil {
			return err
		}
	}
	if hy.undecided() {
		_, ok := hy.combine(false, true)
		hy.hopeless = !ok
	}
	hy.watch()
	hy.schedule()
	hy.crossings(ws.T, ws.U, hy.end)
	return nil
}

// initialize solves for the initial values and sets the relations by turns until they
// agree. Where that fails, all combinations of a few relations are tried.
func (hy *hybrid) initialize(initialize func() error) error {
	ws, rels := hy.ws, hy.h.Relations
	start := append([]float64(nil), ws.Params...)
	u := append([]float64(nil), ws.U...)
	var err error
	for n := 0; n < maxInitIterations; n++ {
		if err = initialize(); err != nil {
			break
		}
		changed := hy.relations(false, n >= maxInitIterations/2)
		if hy.timeRelations(ws.Params) {
			changed = true
		}
		if !changed {
			return nil
		}
	}
	var list []int
	for i := range rels {
		if rels[i].Kind == Comparison {
			list = append(list, i)
		}
	}
	if len(list) > 0 && len(list) <= mostCombined {
		warnings := len(hy.in.sol.Warnings)
		found := nearest(len(list), mostStartCombinations, func(mask uint) bool {
			copy(ws.Params, start)
			copy(ws.U, u)
			hy.in.sol.Warnings = hy.in.sol.Warnings[:warnings]
			for k, i := range list {
				if mask>>k&1 != 0 {
					ws.Params[rels[i].Slot] = 1 - ws.Params[rels[i].Slot]
				}
			}
			if hy.in.init != nil {
				hy.in.init.reset(hy.in.set.u0)
			}
			return initialize() == nil && !hy.relations(false, false) && !hy.timeRelations(ws.Params)
		})
		if found {
			return nil
		}
		hy.in.sol.Warnings = hy.in.sol.Warnings[:warnings]
	}
	if err == nil {
		err = ws.Fail(InitFailure, "initial values and relations do not agree after %d iterations; still changing: %s",
			maxInitIterations, strings.Join(hy.changing(initialize), ", "))
	}
	return err
}

// beginUpdates gives the memory of conditions their value at the start, and discrete
// variables that are not set by when-clauses theirs; then it lets the samples due at
// the start act.
func (hy *hybrid) beginUpdates() error {
	ws, h := hy.ws, hy.h
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
		stale = hy.relations(false, n >= maxEventIterations/4)
		if hy.timeRelations(ws.Params) {
			stale = true
		}
		if !changed && !stale {
			break
		}
	}
	event := hy.eve()
	if len(hy.te) > 0 {
		ws.K.TimeEvents(ws.Params, hy.te)
	}
	for i, s := range h.Samples {
		if hy.due(i) {
			ws.Params[s.Flag] = 1
			event = true
		}
	}
	if event {
		ws.Stats.Events = 1
		if err := hy.iterate(false); err != nil {
			return err
		}
		hy.clearFlags()
	}
	return nil
}

// eve gives the conditions of when-clauses and the memories of unknowns the values that
// they have at the first instant itself, where time > t0 is still false. Everything else
// sees the right limit from the start on, so that what waits for such a relation acts at
// once. It reports whether anything may do so.
func (hy *hybrid) eve() bool {
	ws, h := hy.ws, hy.h
	if len(h.TimeRelations) == 0 {
		return false
	}
	ws.K.TimeEvents(ws.Params, hy.te)
	some := false
	for i := range h.TimeRelations {
		r := &h.TimeRelations[i]
		if math.Abs(hy.te[i]-ws.T) <= hy.near(ws.T) && (r.Kind == SignOf || r.Strict != r.Falling) {
			v := 0.0
			if r.Kind == Comparison && r.Falling {
				v = 1
			}
			ws.Params[r.Slot], some = v, true
		}
	}
	if !some {
		return false
	}
	some = false
	ws.K.Update(ws.T, ws.U, ws.Params, hy.unew, hy.pnew)
	for _, w := range h.Whens {
		some = some || ws.Params[w.Cond] != hy.pnew[w.Cond]
		ws.Params[w.Cond] = hy.pnew[w.Cond]
	}
	ws.K.Update(ws.T, ws.U, ws.Params, hy.unew, hy.pnew) // nothing becomes true now
	for _, d := range h.Discrete {
		some = some || ws.Params[d.Pre] != hy.pnew[d.Cur]
		ws.Params[d.Pre] = hy.pnew[d.Cur]
	}
	hy.timeRelations(ws.Params)
	return some
}

// changing lists relations that flip between two initializations.
func (hy *hybrid) changing(initialize func() error) []string {
	ws := hy.ws
	before := append([]float64(nil), ws.Params...)
	var names []string
	if initialize() != nil {
		return names
	}
	hy.relations(false, false)
	for i := range hy.h.Relations {
		if r := &hy.h.Relations[i]; ws.Params[r.Slot] != before[r.Slot] {
			names = append(names, r.Text)
		}
	}
	return names
}
