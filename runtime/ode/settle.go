package ode

// The event iteration (Modelica 3.6, section 8.6). What holds at one instant is found
// with the previous values fixed: relations, discrete variables, the algebraic unknowns
// and the time relations that depend on them settle together. Then the previous values
// move on, and the next pass begins, until a pass changes nothing.

import (
	"math"
	"math/bits"
	"strings"
)

const (
	maxEventIterations = 100 // passes of one event
	maxInitIterations  = 40  // of initial values and relations

	together     = 10 // iterations of a pass that change all relations at once
	mostCombined = 10 // relations of which combinations are tried

	mostCombinations      = 1 << mostCombined
	mostStartCombinations = 64 // each takes an initialization
	maxInnerRounds        = 20 // of discrete variables while the relations are fixed
)

// iterate applies the when-clauses and re-evaluates relations until nothing changes.
// Where forced is set, a relation that crossed at this event keeps the value it was
// given while its indicator rests.
func (hy *hybrid) iterate(forced bool) error {
	for n := 0; n < maxEventIterations; n++ {
		k, err := hy.settle(forced)
		if err != nil {
			return err
		}
		again, err := hy.advance(k, forced)
		if err != nil || !again {
			return err
		}
	}
	return hy.unsettled()
}

// settle finds what holds at (T, U) while the previous values stay. It leaves in unew
// and pnew what the when-clauses make of it, and returns their code.
//
// Relations change all at once at first. If that goes round in circles, as with ideal
// switches, the first that disagrees changes alone; for networks of ideal diodes, which
// are linear complementarity problems with a P-matrix, that ends (Murty, Linear Algebra
// Appl. 5, 1972). If it does not, or a set of switches has no solution on the way, the
// combinations of the relations concerned are tried, those nearest to the present one
// first. What has no solution at one instant, such as when x >= c then c = pre(c) + 1, is
// left to the passes: the relations keep the values they have before the when-clauses
// act.
func (hy *hybrid) settle(forced bool) (code int, err error) {
	ws := hy.ws
	clear(hy.flipped)
	limit := together + 2*len(hy.h.Relations) + 2
	for n := 0; n < limit; n++ {
		err := hy.solve()
		if undecided := err == nil && hy.undecided(); undecided || err != nil {
			if code, ok := hy.combine(forced, undecided); ok {
				return code, nil
			}
			hy.hopeless = hy.hopeless || undecided
		}
		if err != nil {
			return 0, err
		}
		changed := hy.relations(forced, n >= together)
		if n == 0 {
			hy.remember()
		}
		if hy.timeRelations(ws.Params) {
			changed = true
		}
		var moved bool
		if code, moved = hy.update(); !changed && !moved {
			return code, nil
		}
	}
	if code, ok := hy.combine(forced, false); ok {
		return code, nil
	}
	hy.recall()
	code, _ = hy.update()
	return code, hy.solve()
}

// remember keeps the memory of the relations in mem; recall brings it back.
func (hy *hybrid) remember() {
	for i := range hy.h.Relations {
		hy.mem[i] = hy.ws.Params[hy.h.Relations[i].Slot]
	}
}

func (hy *hybrid) recall() {
	for i := range hy.h.Relations {
		hy.ws.Params[hy.h.Relations[i].Slot] = hy.mem[i]
	}
}

// solve makes the algebraic unknowns consistent with p.
func (hy *hybrid) solve() error {
	ws := hy.ws
	if hy.in.p.Implicit != nil {
		return ws.resettle()
	}
	if hy.in.alg == nil {
		return nil
	}
	if err := hy.in.alg.solve(ws.T, ws.U); err != nil {
		return ws.fail(NewtonFailure, err, "after an event the algebraic equations have no solution: %v", err)
	}
	return nil
}

// update evaluates the when-clauses and takes over the present values of the discrete
// variables; it reports whether one moved.
func (hy *hybrid) update() (code int, moved bool) {
	ws := hy.ws
	if ws.K.Update == nil {
		return 0, false
	}
	code = ws.K.Update(ws.T, ws.U, ws.Params, hy.unew, hy.pnew)
	for _, d := range hy.h.Discrete {
		if v := hy.pnew[d.Cur]; ws.Params[d.Cur] != v && (v == v || ws.Params[d.Cur] == ws.Params[d.Cur]) {
			ws.Params[d.Cur], moved = v, true
		}
	}
	return code, moved
}

// relations sets the memory of the relations at (T, U), of all or of the first that
// differs, and reports whether one changed.
func (hy *hybrid) relations(forced, one bool) bool {
	ws := hy.ws
	if len(hy.h.Relations) == 0 {
		return false
	}
	hy.crossings(ws.T, ws.U, hy.end)
	changed := false
	for i := range hy.h.Relations {
		r := &hy.h.Relations[i]
		v, fixed := hy.now(i, forced)
		if fixed || ws.Params[r.Slot] == v {
			continue
		}
		ws.Params[r.Slot], hy.flipped[i], changed = v, true, true
		if one {
			break
		}
	}
	return changed
}

// now is the value of relation i for the indicators in end; fixed: its memory stands as
// it is.
func (hy *hybrid) now(i int, forced bool) (v float64, fixed bool) {
	r := &hy.h.Relations[i]
	switch b := hy.band[i]; {
	case r.Kind == Kink:
		return 0, true
	case forced && hy.crossed[i] && hy.resting(i):
		return hy.given[i], false
	case forced && hy.lingers[i] && hy.resting(i):
		return 0, true
	case b > 0 && math.Abs(hy.end[i]) <= b:
		return 0, true
	}
	return r.value(hy.end[i]), false
}

// resting reports whether the indicator of relation i, which crossed at this event, is
// where it was at the crossing, zero up to rounding.
func (hy *hybrid) resting(i int) bool {
	return math.Abs(hy.end[i]-hy.zero[i]) <= 1e-10*hy.scale[i]
}

// undecided reports whether a comparison has no value at (T, U): a set of switches for which equations that the compiler
// solved in closed form are singular gives numbers to none of them. Once no other set was found, it may be a function
// out of its domain that does not matter, and is not looked for any more.
func (hy *hybrid) undecided() bool {
	if hy.hopeless || len(hy.h.Relations) == 0 {
		return false
	}
	hy.crossings(hy.ws.T, hy.ws.U, hy.end)
	return hy.someNaN()
}

func (hy *hybrid) someNaN() bool {
	for i, g := range hy.end {
		if g != g && hy.h.Relations[i].Kind == Comparison {
			return true
		}
	}
	return false
}

// combine looks for a combination of the relations that changed at this event, or in
// this pass, which agrees with itself. Where comparisons are undecided, it may be one of any of them, for which all of
// them have values; those that are zero may be on either side.
func (hy *hybrid) combine(forced, undecided bool) (code int, ok bool) {
	ws, rels := hy.ws, hy.h.Relations
	var list []int
	for i := range rels {
		if rels[i].Kind == Comparison && (hy.flipped[i] || hy.crossed[i]) {
			list = append(list, i)
		}
	}
	// What else may have to change: ideal switches open where others close.
	for i := 0; i < len(rels) && (hy.in.alg != nil || undecided) && len(list) < mostCombined; i++ {
		if rels[i].Kind == Comparison && !hy.flipped[i] && !hy.crossed[i] {
			list = append(list, i)
		}
	}
	if len(list) == 0 || len(list) > mostCombined {
		return 0, false
	}
	u, p := append([]float64(nil), ws.U...), append([]float64(nil), ws.Params...)
	found := nearest(len(list), mostCombinations, func(mask uint) bool {
		copy(ws.U, u)
		copy(ws.Params, p)
		for k, i := range list {
			if mask>>k&1 != 0 {
				ws.Params[rels[i].Slot] = 1 - ws.Params[rels[i].Slot]
			}
		}
		for n := 0; ; n++ {
			if n == maxInnerRounds || hy.solve() != nil {
				return false
			}
			moved := hy.timeRelations(ws.Params)
			var m bool
			if code, m = hy.update(); !m && !moved {
				break
			}
		}
		hy.crossings(ws.T, ws.U, hy.end)
		if undecided && hy.someNaN() {
			return false
		}
		for i := range rels {
			if v, fixed := hy.now(i, forced); !fixed && ws.Params[rels[i].Slot] != v && !(undecided && hy.end[i] == 0) {
				return false
			}
		}
		return true
	})
	if !found {
		copy(ws.U, u)
		copy(ws.Params, p)
	}
	return code, found
}

// nearest tries the subsets of n things by size, as bit masks in ascending order, at most
// so many of them, and reports whether one was accepted.
func nearest(n, most int, try func(mask uint) bool) bool {
	for size := 0; size <= n; size++ {
		for mask := uint(0); mask < 1<<n && most > 0; mask++ {
			if bits.OnesCount(mask) != size {
				continue
			}
			if most--; try(mask) {
				return true
			}
		}
	}
	return false
}

// advance ends a pass: the actions that fired are performed, states are reinitialised,
// and the previous values move on. It reports whether another pass is needed.
func (hy *hybrid) advance(code int, forced bool) (again bool, err error) {
	ws, h := hy.ws, hy.h
	if ws.K.Update == nil {
		return false, nil
	}
	jumped := !sameBits(ws.U, hy.unew)
	again = jumped
	copy(ws.U, hy.unew)
	for _, w := range h.Whens {
		if ws.Params[w.Cond] != hy.pnew[w.Cond] {
			ws.Params[w.Cond], again = hy.pnew[w.Cond], true
		}
	}
	for _, d := range h.Discrete {
		if math.Float64bits(ws.Params[d.Pre]) != math.Float64bits(ws.Params[d.Cur]) {
			ws.Params[d.Pre], again = ws.Params[d.Cur], true
		}
	}
	if code > 0 {
		if err := hy.act(code - 1); err != nil {
			return false, err
		}
	}
	if i := nonFinite(ws.U); i >= 0 {
		return false, ws.Fail(Unstable, "an event sets %s to %v", ws.P.state(i), ws.U[i])
	}
	if jumped && forced && hy.solve() == nil {
		hy.rebound()
	}
	return again, nil
}

// rebound looks at relations that crossed at this event and whose indicator still
// rests after a jump of the state: their value just after the event is decided by
// the direction in which the new state leaves, as for the height of a ball that
// has been thrown back.
func (hy *hybrid) rebound() {
	ws := hy.ws
	hy.crossings(ws.T, ws.U, hy.end)
	any := false
	for i := range hy.crossed {
		any = any || hy.crossed[i] && hy.band[i] == 0 && hy.resting(i)
	}
	if !any {
		return
	}
	du := ws.scratch()
	ws.RHS(ws.T, ws.U, du)
	ahead := 1e-4 * (ws.T - ws.TPrev)
	if ws.T-ws.TPrev <= hy.near(ws.T) { // another event at the same instant
		ahead = 1e-4 * ws.H
	}
	for i, v := range ws.U {
		if ws.differential(i) {
			v += ahead * du[i]
		}
		ws.UNew[i] = v
	}
	g := hy.pnew[:len(hy.end)]
	hy.crossings(ws.T+ahead, ws.UNew, g)
	for i := range hy.crossed {
		if r := &hy.h.Relations[i]; hy.crossed[i] && hy.band[i] == 0 && r.Kind != Kink && hy.resting(i) {
			hy.given[i] = r.value(g[i])
		}
	}
}

// unsettled names what keeps changing in an event iteration.
func (hy *hybrid) unsettled() *Failure {
	ws := hy.ws
	before := append([]float64(nil), ws.Params...)
	var names []string
	if _, err := hy.settle(false); err == nil {
		for _, w := range hy.h.Whens {
			if hy.pnew[w.Cond] != before[w.Cond] {
				names = append(names, w.Text)
			}
		}
		for _, d := range hy.h.Discrete {
			if ws.Params[d.Cur] != before[d.Cur] {
				names = append(names, d.Name)
			}
		}
		for i := range hy.h.Relations {
			if r := &hy.h.Relations[i]; ws.Params[r.Slot] != before[r.Slot] {
				names = append(names, r.Text)
			}
		}
	}
	if len(names) > 6 {
		names = append(names[:6], "...")
	}
	return ws.Fail(EventFailure, "the event does not settle in %d iterations; these keep changing: %s: use Pre of a variable where its own new value decides, or a hysteresis",
		maxEventIterations, strings.Join(names, ", "))
}
