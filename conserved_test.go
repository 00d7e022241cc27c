package mtkc_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/reaction"
	"github.com/mtkc/mtkc/runtime/ode"
)

// cycle is a covalent modification cycle with the laws of two enzymes and of the substrate.
func cycle() *model.System {
	m := model.New("cycle")
	for _, v := range []struct {
		name  string
		start float64
	}{{"S", 10}, {"P", 0}, {"E", 1}, {"F", 2}, {"SE", 0.5}, {"PF", 0}} {
		m.Var(v.name, model.Init(v.start))
	}
	m.Reaction("S + E <-> SE", 1, 0.1)
	m.Reaction("SE -> P + E", 0.5)
	m.Reaction("P + F <-> PF", 2, 0.3)
	m.Reaction("PF -> S + F", 0.25)
	return m
}

func solveIn(t *testing.T, m *model.System, opt mtkc.Options, run ode.Options) (*ode.Solution, diag.List) {
	t.Helper()
	opt.Check = true
	prob, found := mtkc.NewSystem(m, opt).Problem(context.Background())
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	sol, err := ode.Solve(context.Background(), prob, run)
	if err != nil {
		t.Fatal(err)
	}
	return sol, found
}

// TestConserved compares runs with species computed from totals and without, for start values as they are and others.
func TestConserved(t *testing.T) {
	tight := func(set map[string]float64) ode.Options {
		return ode.Options{Span: [2]float64{0, 20}, RelTol: 1e-10, AbsTol: 1e-12, Steps: 20, Set: set}
	}
	for _, set := range []map[string]float64{nil, {"S": 3, "E": 4}, {"start(S)": 5}, {"SE": 0, "P": 7, "F": 1}} {
		want, _ := solveIn(t, cycle(), mtkc.Options{}, tight(set))
		got, found := solveIn(t, cycle(), mtkc.Options{Conserved: true}, tight(set))
		if len(found) > 0 {
			t.Error(found)
		}
		if n := got.Problem.N(); n != 3 {
			t.Errorf("%d states, want 6 species less 3 laws", n)
		}
		for _, x := range []string{"S", "P", "E", "F", "SE", "PF"} {
			w, err := want.Values(x)
			g, err2 := got.Values(x)
			if err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
			for i := range w {
				// Both are within some 100 times the tolerance of the solution.
				if math.Abs(w[i]-g[i]) > 1e-8*(1+math.Abs(w[i])) {
					t.Fatalf("%v: %s at %v is %v, and %v without totals", set, x, want.Times[i], g[i], w[i])
				}
			}
		}
		e, _ := got.Values("E")
		se, _ := got.Values("SE")
		for i := range e {
			if math.Abs(e[i]+se[i]-e[0]-se[0]) > 1e-14*(e[0]+se[0]) {
				t.Errorf("E + SE is %v at %v and %v at the start", e[i]+se[i], got.Times[i], e[0]+se[0])
			}
		}
	}
}

// The Langevin equation keeps totals as well: noise of the species that is left is that of the others.
func TestConservedLangevin(t *testing.T) {
	m := cycle()
	m.Items = 1000
	sol, _ := solveIn(t, m, mtkc.Options{Conserved: true, Method: "cle"}, ode.Options{Span: [2]float64{0, 5}, Steps: 50, Seed: 3})
	sum := func(names ...string) []float64 {
		var out []float64
		for _, x := range names {
			v, err := sol.Values(x)
			if err != nil {
				t.Fatal(err)
			}
			if out == nil {
				out = make([]float64, len(v))
			}
			for i := range v {
				out[i] += v[i]
			}
		}
		return out
	}
	moved := false
	for _, list := range [][]string{{"S", "SE", "P", "PF"}, {"E", "SE"}, {"F", "PF"}} {
		v := sum(list...)
		for i := range v {
			if math.Abs(v[i]-v[0]) > 1e-13*v[0] {
				t.Errorf("%v add up to %v, at the start %v", list, v[i], v[0])
			}
		}
	}
	mean, _ := solveIn(t, cycle(), mtkc.Options{}, ode.Options{Span: [2]float64{0, 5}, Steps: 50})
	a, _ := sol.Values("E")
	b, _ := mean.Values("E")
	for i := range a {
		moved = moved || math.Abs(a[i]-b[i]) > 1e-4
	}
	if !moved {
		t.Error("the path has no noise")
	}
}

// TestConservedEvents has events that change totals: they are left alone, with a warning, and the others are not.
func TestConservedEvents(t *testing.T) {
	make := func() *model.System {
		m := cycle()
		sym, _ := m.Pool.Lookup("F")
		f := m.Pool.Of(sym)
		m.Event(m.T().Gt(3), m.ReinitTo(f, expr.Pre(f).Add(2)))
		return m
	}
	run := ode.Options{Span: [2]float64{0, 20}, RelTol: 1e-10, AbsTol: 1e-12, Steps: 20}
	want, _ := solveIn(t, make(), mtkc.Options{}, run)
	got, found := solveIn(t, make(), mtkc.Options{Conserved: true}, run)
	if len(found) != 1 || found[0].Code != "W196" || !strings.Contains(found[0].Message, "1 total of species that events change (F)") {
		t.Errorf("findings %v", found)
	}
	if n := got.Problem.N(); n != 4 {
		t.Errorf("%d states, want 6 species less the 2 laws without F", n)
	}
	for _, x := range []string{"S", "P", "E", "F", "SE", "PF"} {
		w, _ := want.Values(x)
		g, _ := got.Values(x)
		for i := range w {
			if math.Abs(w[i]-g[i]) > 1e-8*(1+math.Abs(w[i])) {
				t.Fatalf("%s at %v is %v, and %v without totals", x, want.Times[i], g[i], w[i])
			}
		}
	}
}

func TestConservedMistakes(t *testing.T) {
	_, found := mtkc.NewSystem(cycle(), mtkc.Options{Conserved: true, Method: "ssa"}).Problem(context.Background())
	if len(found) != 1 || found[0].Code != "E012" {
		t.Errorf("jump process: %v", found)
	}
	m := model.New("plain")
	x := m.Var("x", model.Init(1))
	m.Eq(expr.Der(x), x.Neg())
	_, found = mtkc.NewSystem(m, mtkc.Options{Conserved: true}).Problem(context.Background())
	if len(found) != 1 || found[0].Code != "E012" {
		t.Errorf("no reactions: %v", found)
	}
	m = model.New("free")
	for _, name := range []string{"A", "B"} {
		m.Var(name, model.WithGuess(1))
	}
	m.Reaction("A <-> B", 1, 2)
	c := mtkc.NewSystem(m, mtkc.Options{Conserved: true})
	prob, found := c.Problem(context.Background())
	if prob == nil || prob.N() != 2 || found[0].Code != "W196" {
		t.Errorf("start values that are not fixed: %v", found)
	}
}

// TestConservedModels checks for published models that laws are laws: they hold along trajectories, and what is computed from totals is
// what is integrated.
func TestConservedModels(t *testing.T) {
	for _, c := range []struct {
		file   string
		laws   int
		stop   float64
		states int // with totals
	}{
		{"biomodels/BIOMD0000000094.xml", 6, 100, 27},
		{"biomodels/BIOMD0000000449.xml", 10, 10, 17},
		{"biomodels/BIOMD0000000467.xml", 3, 10, 15},
		{"biomodels/BIOMD0000000545.xml", 3, 10, 8},
		{"reaction-networks/egfr_net.net", 5, 1, 351},
		{"reaction-networks/toy-jim.net", 4, 10, 20},
		{"reaction-networks/multistate.net", 3, 10, 6},
	} {
		t.Run(c.file, func(t *testing.T) {
			path := "../shared/data/" + c.file
			if _, err := os.Stat(path); err != nil {
				t.Skip("needs ../shared/data: ", err)
			}
			run := ode.Options{Span: [2]float64{0, c.stop}, RelTol: 1e-9, AbsTol: 1e-9, Steps: 5}
			var sols [2]*ode.Solution
			var net *reaction.Network
			for k, conserved := range []bool{false, true} {
				comp := mtkc.New(path, mtkc.Options{Conserved: conserved})
				prob, found := comp.Problem(context.Background())
				if err := found.Err(); err != nil {
					t.Fatal(err)
				}
				if k == 0 {
					net = reaction.Of(comp.System())
				} else if prob.N() != c.states {
					t.Errorf("%d states, want %d", prob.N(), c.states)
				}
				sol, err := ode.Solve(context.Background(), prob, run)
				if err != nil {
					t.Fatal(err)
				}
				sols[k] = sol
			}
			value := func(k, species, i int) float64 {
				v, err := sols[k].Values(net.Species[species].Name)
				if err != nil {
					t.Fatal(err)
				}
				return v[i]
			}
			laws, _ := net.Conservation()
			if len(laws) != c.laws {
				t.Errorf("%d laws, want %d", len(laws), c.laws)
			}
			for _, l := range laws {
				if !l.Moiety() {
					t.Errorf("%s is no moiety", l.Text(net))
				}
				for k := range sols {
					first := 0.0
					for i := range sols[k].Times {
						sum := 0.0
						for j, s := range l.Species {
							f, _ := l.Numbers[j].Float64()
							sum += f * value(k, s, i)
						}
						if i == 0 {
							first = sum
						}
						// Linear laws hold to rounding whatever the steps, up to what implicit methods leave of their iterations.
						if math.Abs(sum-first) > 1e-7*(1+math.Abs(first)) {
							t.Errorf("%s is %v at %v, %v at the start", l.Text(net), sum, sols[k].Times[i], first)
						}
					}
				}
			}
			for s := range net.Species {
				if net.Species[s].Boundary {
					continue
				}
				for i := range sols[0].Times {
					w, g := value(0, s, i), value(1, s, i)
					// The tolerance is met in each step; 1000 times of it allows for what adds up.
					if math.Abs(w-g) > 1e-6*(1+math.Abs(w)) {
						t.Fatalf("%s at %v is %v with totals, %v without", net.Species[s].Name, sols[0].Times[i], g, w)
					}
				}
			}
		})
	}
}

func ExampleOptions_conserved() {
	m := model.New("enzyme")
	m.Var("S", model.Init(10))
	m.Var("E", model.Init(1))
	m.Var("SE", model.Init(0))
	m.Var("P", model.Init(0))
	m.Reaction("S + E <-> SE", 1, 0.1)
	m.Reaction("SE -> P + E", 0.5)
	c := mtkc.NewSystem(m, mtkc.Options{Conserved: true})
	prob, found := c.Problem(context.Background())
	if found.Errors() > 0 {
		fmt.Println(found)
		return
	}
	for i := range prob.States {
		fmt.Println(prob.States[i].Name)
	}
	// Output:
	// SE
	// P
}
