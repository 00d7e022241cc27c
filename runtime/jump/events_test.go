package jump

import (
	"math"
	"testing"

	"github.com/mtkc/mtkc/runtime/ode"
)

// emptied is p with an event: when the first state comes above level, it is set to after, and the last discrete variable counts that.
func emptied(p *ode.Problem, level float64, after func(u float64) float64) *ode.Problem {
	q := *p
	n := len(p.P)
	q.P = append(append([]float64(nil), p.P...), 0, 0, 0, 0) // the relation, the condition, the count and its value before
	rel, cond, count, before := n, n+1, n+2, n+3
	q.Hybrid = &ode.Hybrid{
		Relations: []ode.Relation{{Text: "A > level", Slot: rel, Strict: true}},
		Whens:     []ode.When{{Text: "A > level", Cond: cond}},
		Discrete:  []ode.Discrete{{Name: "count", Cur: count, Pre: before}},
	}
	q.Observables = append([]ode.Observable{{Name: "A", Kind: ode.State, Sign: 1}}, ode.Observable{Name: "count", Kind: ode.Parameter, Index: count, Sign: 1})
	q.NewKernels = func() *ode.Kernels {
		k := p.NewKernels()
		k.Crossings = func(_ float64, u, _, g []float64) { g[0] = u[0] - level }
		k.Update = func(_ float64, u, p, unew, pnew []float64) int {
			copy(unew, u)
			copy(pnew, p)
			pnew[cond] = p[rel]
			if p[rel] != 0 && p[cond] == 0 {
				unew[0] = after(u[0])
				pnew[count] = p[before] + 1
			}
			return 0
		}
		return k
	}
	return &q
}

// An event of the model happens at the jump that brings it: numbers never stay above the level, and events come as often as births allow.
func TestEvents(t *testing.T) {
	p := emptied(reactions("births", nil, 20, "0 -> A : 1000"), 49.5, func(float64) float64 { return 0 })
	for _, m := range every() {
		sol := run(t, p, ode.Options{Method: m, Seed: 12})
		if m, ok := m.(*leaping); ok && m != nil {
			continue // what happens within a leap is not seen
		}
		most, resets := 0.0, 0.0
		for i := range sol.Len() {
			if u := sol.State(i)[0]; u > most {
				most = u
			}
			if i > 0 && sol.State(i)[0] < sol.State(i - 1)[0] {
				resets++
				if sol.Times[i] != sol.Times[i-1] {
					t.Fatalf("%s: the event is %v behind its jump", m.Info().Name, sol.Times[i]-sol.Times[i-1])
				}
			}
		}
		// 20000 births, one event for each 50 of them.
		if most != 50 || math.Abs(resets-400) > 4*math.Sqrt(20000)/50+1 || resets != float64(sol.Stats.Events) || sol.Params[len(p.P)-2] != resets {
			t.Errorf("%s: up to %v molecules, %v times emptied, %d events, %v counted", m.Info().Name, most, resets, sol.Stats.Events, sol.Params[len(p.P)-2])
		}
	}
}

// Numbers that go back and forth about a level are many events, and none too many.
func TestManyEvents(t *testing.T) {
	p := emptied(birthDeath(), 100.5, func(u float64) float64 { return u })
	p.Span[1] = 20
	for _, m := range append(every(), nil) {
		opt := ode.Options{Method: m, Seed: 12}
		sol := run(t, p, opt)
		ups := 0.0
		for i := 1; i < sol.Len(); i++ {
			if sol.State(i)[0] > 100.5 && sol.State(i - 1)[0] < 100.5 {
				ups++
			}
		}
		if ups < 100 || sol.Params[len(p.P)-2] != ups {
			t.Errorf("%s: %v ways up, %v events", sol.Solver, ups, sol.Params[len(p.P)-2])
		}
	}
}
