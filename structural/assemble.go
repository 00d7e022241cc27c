package structural

import (
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/structural/graph"
)

// assembled is the index-reduced system: states known, equations square in the rest.
type assembled struct {
	states     []int32 // variables
	level      []int   // of each state, see State.Level
	hint       []model.StateHint
	unknowns   []int32 // variables
	eqs        []equation
	invariants []equation
	below      []int   // of each invariant, see Residual.Level
	col        []int32 // by variable: index into unknowns, or none
}

// assemble differentiates the equations as the offsets say and divides the variables
// into states and unknowns as the selection says.
func (s *signature) assemble(sel *selection) *assembled {
	w := s.w
	// All derivatives up to the offsets exist.
	for j := range s.chains {
		for int32(len(s.chains[j])) <= s.d[j] {
			c := s.chains[j]
			v := w.derOf(c[len(c)-1])
			w.elim.extend()
			delete(w.dropped, v)
			s.chains[j] = append(s.chains[j], v)
		}
	}
	a := &assembled{}
	for i := range w.eqs {
		q := w.eqs[i]
		for k := int32(0); k <= s.c[i]; k++ {
			if k > 0 {
				w.differentiate(q.res, w.pos(&w.eqs[i]), "a constraint that must be differentiated")
				q.res = w.derivative(q.res)
				q.from = w.differentiated(&w.eqs[i], k)
			}
			if k < s.c[i] && sel.project[i] {
				a.invariants = append(a.invariants, q)
				a.below = append(a.below, int(s.c[i]-k))
			} else {
				a.eqs = append(a.eqs, q)
			}
		}
	}
	a.col = make([]int32, len(w.vars))
	for v := range a.col {
		a.col[v] = none
	}
	for j, c := range s.chains {
		low := s.d[j] - sel.dummies[j]
		for k := int32(0); k < low; k++ {
			a.states = append(a.states, c[k])
			a.level = append(a.level, int(s.d[j]-k))
			hint := w.vars[c[k]].hint
			if hint == model.StateDefault {
				hint = w.vars[c[0]].hint // what is said of a variable holds for its derivatives
			}
			a.hint = append(a.hint, hint)
		}
		for k := low; k <= s.d[j]; k++ {
			a.col[c[k]] = int32(len(a.unknowns))
			a.unknowns = append(a.unknowns, c[k])
		}
	}
	return a
}

// graphs returns the incidence of equations with the unknowns: what they may
// determine, and all they depend on.
func (w *work) graphs(eqs []equation, col []int32, unknowns int) (solve, depend *graph.Bipartite) {
	solve, depend = graph.New(unknowns), graph.New(unknowns)
	var sc, dc []int32
	for i := range eqs {
		q := &eqs[i]
		sc, dc = sc[:0], dc[:0]
		w.atoms(q.res, func(a expr.ID) {
			if r, v := w.roleOf(a); r == roleVar && int(v) < len(col) && col[v] != none {
				dc = append(dc, col[v])
				if w.solvable(q, v) {
					sc = append(sc, col[v])
				}
			}
		})
		solve.AddRow(sc...)
		depend.AddRow(dc...)
	}
	return solve, depend
}
