package structural

import (
	"slices"
	"testing"

	"github.com/mtkc/mtkc/expr"
)

// machine runs the event protocol of a plan at a point.
type machine struct {
	t  *testing.T
	pl *Plan
	v  values
}

func newMachine(t *testing.T, text string) *machine {
	pl := analyze(t, text)
	m := &machine{t: t, pl: pl, v: start(t, pl)}
	for _, x := range pl.Hybrid.Whens {
		m.v[x.Atom] = m.v.of(pl.Pool, x.Cond)
	}
	return m
}

func (m *machine) atom(name string) expr.ID {
	a, ok := m.pl.Pool.Lookup(name)
	if !ok {
		m.t.Fatalf("no %s", name)
	}
	return a
}

func (m *machine) get(name string) float64 { return m.v[m.atom(name)] }

// event runs the iteration at a time, with the sample flags of the given indices and
// changed states. It returns the actions that fired.
func (m *machine) event(time float64, samples []int, set map[string]float64) []string {
	m.t.Helper()
	p, h := m.pl.Pool, &m.pl.Hybrid
	m.v[expr.Time] = time
	for name, x := range set {
		m.v[m.atom(name)] = x
	}
	m.v.run(m.pl)
	m.v.relate(m.pl)
	for _, k := range samples {
		m.v[h.Samples[k].Atom] = 1
	}
	var fired []string
	for k := 0; ; k++ {
		if k > 20 {
			m.t.Fatal("the event iteration does not end")
		}
		before := map[expr.ID]float64{}
		for _, d := range h.Discrete {
			before[d.Cur] = m.v[d.Cur]
			m.v[d.Pre] = m.v[d.Cur]
		}
		// Update reads the old states throughout.
		now := values{}
		for a, x := range m.v {
			now[a] = x
		}
		states := values{}
		for _, a := range h.Update {
			x := now.of(p, a.Value)
			isState := false
			for _, s := range m.pl.States {
				isState = isState || s.Atom == a.Target
			}
			if isState {
				states[a.Target] = x
			} else {
				now[a.Target] = x
			}
		}
		for _, a := range h.Actions {
			if now.of(p, a.Cond) != 0 {
				fired = append(fired, a.Message)
			}
		}
		for _, x := range h.Whens {
			now[x.Atom] = now.of(p, x.Cond)
		}
		for a, x := range states {
			now[a] = x
		}
		m.v = now
		old := values{}
		for _, r := range h.Relations {
			old[r.Atom] = m.v[r.Atom]
		}
		for _, r := range h.TimeRelations {
			old[r.Atom] = m.v[r.Atom]
		}
		m.v.run(m.pl)
		m.v.relate(m.pl)
		same := true
		for a, x := range old {
			same = same && m.v[a] == x
		}
		for _, d := range h.Discrete {
			same = same && m.v[d.Cur] == before[d.Cur]
		}
		if same {
			break
		}
	}
	for _, s := range h.Samples {
		m.v[s.Atom] = 0
	}
	m.v.run(m.pl)
	for _, x := range h.Whens {
		m.v[x.Atom] = m.v.of(p, x.Cond)
	}
	for _, d := range h.Discrete {
		m.v[d.Pre] = m.v[d.Cur]
	}
	return fired
}

func (m *machine) want(name string, x float64) {
	m.t.Helper()
	if got := m.get(name); !(got-x < 1e-12 && x-got < 1e-12) {
		m.t.Errorf("%s is %g, not %g", name, got, x)
	}
}

func TestBounce(t *testing.T) {
	m := newMachine(t, ball)
	m.event(0.1, nil, map[string]float64{"h": 0.5, "v": -1})
	m.want("v", -1)
	m.event(0.2, nil, map[string]float64{"h": -1e-9, "v": -2})
	m.want("v", 1.4)
	m.want("flying", 1)
	m.event(0.3, nil, map[string]float64{"h": 0.5, "v": 1}) // leaves the floor: memory resets
	m.event(0.4, nil, map[string]float64{"h": -1e-9, "v": -5e-4})
	m.want("v", 0)
	m.want("flying", 0)
	m.want("der(v)", 0)
}

func TestHysteresis(t *testing.T) {
	m := newMachine(t, heater)
	m.want("on", 1)
	m.event(1, nil, map[string]float64{"T": 20.6})
	m.want("on", 0)
	m.event(2, nil, map[string]float64{"T": 20})
	m.want("on", 0)
	m.event(3, nil, map[string]float64{"T": 19.4})
	m.want("on", 1)
	m.event(4, nil, map[string]float64{"T": 20})
	m.want("on", 1)
}

func TestSampled(t *testing.T) {
	m := newMachine(t, sampled)
	m.want("pulseStart", 0)
	m.event(1, []int{0}, nil)
	m.want("pulseStart", 1)
	m.want("y", 1)
	m.event(1.5, nil, nil)
	m.want("y", 0)
	m.event(2, []int{0}, nil)
	m.want("pulseStart", 2)
	m.want("y", 1)
}

// A counter on edges of a Boolean that is given by an equation, a toggle that
// remembers itself, pre() of a Boolean, several conditions, a signal between two
// when-clauses in one instant, and priority of branches.
func TestDiscreteChain(t *testing.T) {
	m := newMachine(t, `
var b : Boolean
var x = 0 fixed
var y
discrete n = 0
discrete toggle : Boolean
discrete twice = 0
discrete which = 0
discrete last = -1
der(x) = 1
b = sin(x) > 0.5
y = 2*n
when edge(b) then set n = pre(n) + 1
when b | sample(10, 1) then set toggle = not pre(toggle)
when y > 2.5 then set twice = y
when x > 2 then set which = 1
elsewhen x > 1 then set which = 2
when change(b) then set last = if pre(b) then 1 else 0`)
	m.event(1, nil, map[string]float64{"x": 0.6}) // sin(0.6) = 0.56
	m.want("n", 1)
	m.want("toggle", 1)
	m.want("twice", 0)
	m.want("last", 0)
	m.event(2, nil, map[string]float64{"x": 3}) // b false; both conditions on x
	m.want("n", 1)
	m.want("which", 1)
	m.want("last", 1)
	m.event(3, nil, map[string]float64{"x": 1.5}) // b true again: n = 2, y = 4 in the same instant
	m.want("n", 2)
	m.want("y", 4)
	m.want("twice", 4)
	m.want("toggle", 0)
	m.event(10, []int{0}, nil)
	m.want("toggle", 1)
	m.event(11, []int{0}, nil)
	m.want("toggle", 0)
}

func TestActions(t *testing.T) {
	m := newMachine(t, `
var x = 0 fixed
var y
der(x) = 1
y = -x
assert x < 5
when x > 1 then terminate enough
when y < -3 then reinit y = 2`)
	if f := m.event(1, nil, map[string]float64{"x": 0.5}); len(f) != 0 {
		t.Errorf("fired %v", f)
	}
	if f := m.event(1, nil, map[string]float64{"x": 1.5}); len(f) != 1 || f[0] != "enough" {
		t.Errorf("fired %v", f)
	}
	if f := m.event(1, nil, map[string]float64{"x": 3.5}); len(f) != 0 {
		t.Errorf("fired %v", f)
	}
	m.want("x", -2) // y is -x: a state with the other sign
	if f := m.event(1, nil, map[string]float64{"x": 6}); len(f) != 2 || f[1] != "x < 5" {
		t.Errorf("fired %v", f)
	}
}

func TestInitialConditions(t *testing.T) {
	m := newMachine(t, `
var x
discrete d = 3
discrete e
discrete f = 7
param k = 2
init e = k + 1
der(x) = d
when initial() or x > 10 then set d = 5; reinit x = 4
when x > 20 then set e = 1; set f = 2`)
	m.want("d", 5)
	m.want("pre(d)", 3)
	m.want("e", 3)
	m.want("f", 7)
	m.want("x", 4)
}

// What jumps or has a kink becomes a memory, by the way in which its changes are found.
func TestStepped(t *testing.T) {
	for _, c := range []struct {
		text     string
		crossing []RelationKind
		timed    int
		counters int
	}{
		{"var x = 0 fixed\nder(x) = max(x, 1) + min(x, 2) + abs(x)", []RelationKind{Kink, Kink, Kink}, 0, 0},
		{"var x = 0 fixed\nder(x) = sign(x) + floor(x) + ceil(x) + rem(x, 2)", []RelationKind{SignOf, FloorOf, FloorOf, TruncOf}, 0, 0},
		{"var x = 0 fixed\nder(x) = noEvent(max(x, 1) + sign(x) + floor(x) + mod(x, 2))", nil, 0, 0},
		{"var x = 0 fixed\nder(x) = smooth(0, if x > 1 then x else 1)", []RelationKind{Kink}, 0, 0},
		{"param p = 3\nvar x = 0 fixed\nder(x) = max(p, 1) + sign(p) + floor(p)", nil, 0, 0},
		{"discrete n = 0\nvar x = 0 fixed\nder(x) = mod(n, 2) + max(n, 3)\nwhen x > 1 then set n = 1", []RelationKind{Comparison}, 0, 0},
		// Instants, also by way of an unknown, in either order of the equations.
		{"param p = 2\nvar x = 0 fixed\nvar y\nvar z\nz = if y < 0.1 then 1 else 0\ny = mod(time, p)\nder(x) = z", nil, 1, 1},
		{"var x = 0 fixed\nder(x) = max(time, 1) + sign(2 - time) + div(time, 3)", nil, 2, 1},
		{"var x = 0 fixed\nder(x) = floor(x + time)", []RelationKind{FloorOf}, 0, 0},
	} {
		pl := analyze(t, c.text)
		check(t, pl)
		h := &pl.Hybrid
		var kinds []RelationKind
		for _, r := range h.Relations {
			kinds = append(kinds, r.Kind)
		}
		if !slices.Equal(kinds, c.crossing) || len(h.TimeRelations) != c.timed || len(h.Counters) != c.counters {
			t.Errorf("%s\nhas crossings of the kinds %v, %d instants, %d counters; want %v, %d, %d", c.text, kinds, len(h.TimeRelations), len(h.Counters), c.crossing, c.timed, c.counters)
		}
	}
}
