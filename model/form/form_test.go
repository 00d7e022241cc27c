package form

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// network is a system of the species A and B of which reaction R takes A and makes B at the given rate, the parameters k, q and V, an
// assignment c = A/V and what text states beside.
func system(t *testing.T, rate string, reversible bool, text ...string) *model.System {
	t.Helper()
	s := model.NewSystem("net")
	p := s.Pool
	add := func(name string, kind model.VarKind) expr.ID {
		v := s.NewVariable(name, kind)
		v.Value, v.Start = expr.None, expr.None
		switch kind {
		case model.ParameterVar, model.InputVar:
			v.Value = expr.One
		case model.Unknown:
			v.Start = p.Int(10)
		}
		s.AddVar(v)
		return v.Sym
	}
	for _, n := range []string{"A", "B", "R", "c", "w", "x", "y"} {
		add(n, model.Unknown)
	}
	for _, n := range []string{"k", "q", "V"} {
		add(n, model.ParameterVar)
	}
	add("d", model.DiscreteVar)
	eq := func(l, r string, balance bool) {
		s.Equations = append(s.Equations, model.Equation{Lhs: p.MustParse(l), Rhs: p.MustParse(r), Balance: balance})
	}
	eq("R", rate, false)
	eq("der(A)", "-R", true)
	eq("der(B)", "R", true)
	eq("c", "A/V", false)
	for _, x := range text {
		l, r, _ := strings.Cut(x, " = ")
		eq(l, r, false)
	}
	s.Reactions = []model.ChemicalReaction{{Name: "R", Rate: p.Sym("R"), Propensity: expr.None, Reversible: reversible}}
	return s
}

// show writes jumps as text.
func show(s *model.System) string {
	p := s.Pool
	var b strings.Builder
	for _, j := range s.Jumps {
		kind := "rate"
		if j.MassAction {
			kind = "mass action"
		}
		fmt.Fprintf(&b, "%s: %s %s", j.Name, kind, p.String(j.Rate))
		for _, m := range j.Reactants {
			fmt.Fprintf(&b, " %s:%d", p.Name(m.Species), m.Order)
		}
		for _, c := range j.Changes {
			fmt.Fprintf(&b, ", %s += %s", p.Name(c.State), p.String(c.By))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// What is mass action and what is not, however it is written.
func TestMassAction(t *testing.T) {
	for _, c := range []struct{ rate, want string }{
		{"k*A", "mass action k A:1"},
		{"3", "mass action 3"},
		{"k", "mass action k"},
		{"k*A*B", "mass action k A:1 B:1"},
		{"k*A*(A-1)", "mass action k A:2"},
		{"k*A*(A-1)/2", "mass action k/2 A:2"},
		{"(k*A^2 - k*A)/2", "mass action k/2 A:2"},
		{"k*A*(A-1)*(A-2)/6*B", "mass action k/6 A:3 B:1"},
		{"0.1*A^2 - 0.1*A", "mass action 0.1 A:2"},
		{"0.1*A*(0.3*A - 0.3)/7", "mass action 0.004285714285714286 A:2"},
		{"6.02214076e23*k*(A/6.02214076e23)*(A/6.02214076e23 - 1.6605390671738466e-24)", "mass action 1.6605390671738462e-24*k A:2"},
		{"(k + q)*A*(A-1)", "mass action k + q A:2"},
		{"k*A*(A-1) + q*A^2 - q*A", "mass action k + q A:2"},
		{"k*A*(A-1.000001)", "rate A*k*(A - 1.000001)"},
		{"V*k*c*B/V", "mass action k/V A:1 B:1"},
		{"k*c*(A-1)", "mass action k/V A:2"},
		{"noEvent(k*A)", "mass action k A:1"},
		{"k*A + q*A", "mass action k + q A:1"},
		{"k*A*(A+1)", "rate A*k*(A + 1)"},
		{"k*A^2", "rate A^2*k"},
		{"k*A*A", "rate A^2*k"},
		{"k*A*(A-2)", "rate A*k*(A - 2)"},
		{"k*(A-1)*B", "rate B*k*(A - 1)"},
		{"k*A*(B-1)", "rate A*k*(B - 1)"},
		{"k*A*B*(A-B)", "rate A*B*k*(A - B)"},
		{"k*A*(A-1) + B", "rate B + A*k*(A - 1)"},
		{"k*A/(q + A)", "rate A*k/(A + q)"},
		{"k*sqrt(A)", "rate sqrt(A)*k"},
		{"k*A*time", "rate time*A*k"},
		{"k*A*d", "rate A*k*d"}, // what events change
		{"k*A*x", "rate A*x*k"}, // a state that no reaction changes
		{"if A > 5 then k*A else 0", "rate if 5 < A then A*k else 0"},
		{"w*A", "rate A*(A + sin(w))"}, // of an algebraic loop
	} {
		s := system(t, c.rate, false, "der(x) = k", "w = y + A", "y = sin(w)")
		out, found := Make(s, SSA, Options{})
		if found.Errors() > 0 {
			t.Errorf("%s: %v", c.rate, found)
			continue
		}
		if got, want := show(out), "R: "+c.want+", A += -1, B += 1\n"; got != want {
			t.Errorf("%s: got %swant %s", c.rate, got, want)
		}
	}
}

// Names of one species are one.
func TestNamesOfOneSpecies(t *testing.T) {
	out, found := Make(system(t, "k*x*y*w", false, "A = x", "w = x", "A = y"), SSA, Options{})
	if found.Errors() > 0 {
		t.Fatal(found)
	}
	if got, want := show(out), "R: rate A^3*k, A += -1, B += 1\n"; got != want {
		t.Errorf("got %swant %s", got, want)
	}
}

// Reversible laws have two directions; what is not stated to be reversible has one.
func TestDirections(t *testing.T) {
	const back = ", A += 1, B += -1\n"
	const on = ", A += -1, B += 1\n"
	for _, c := range []struct{ rate, want string }{
		{"k*A - q*B", "R forward: mass action k A:1" + on + "R backward: mass action q B:1" + back},
		{"V*(k*c - q*B/V)", "R forward: mass action k A:1" + on + "R backward: mass action q B:1" + back},
		{"k*A*(A-1)/2 - q*B", "R forward: mass action k/2 A:2" + on + "R backward: mass action q B:1" + back},
		{"k*(A^2 - A)/2 - q*B", "R forward: mass action k/2 A:2" + on + "R backward: mass action q B:1" + back},
		{"k*A^2/2 - k*A/2 - q*B*(B-1)*A", "R forward: mass action k/2 A:2" + on + "R backward: mass action q A:1 B:2" + back},
		{"k*A*(A-1)/(1 + A) - q*B", "R forward: rate A*k*(A - 1)/(A + 1)" + on + "R backward: mass action q B:1" + back},
		{"k*(V - B)", "R forward: mass action k*V" + on + "R backward: mass action k B:1" + back},
		{"k*A*(A-1)/2", "R: mass action k/2 A:2" + on},
		{"-q*B", "R backward: mass action q B:1" + back},
		{"k*(A - B/q)/(1 + A + B)", "R forward: rate A*k/(A + B + 1)" + on + "R backward: rate B*k/(q*(A + B + 1))" + back},
		{"k*A*B", "R: mass action k A:1 B:1" + on},
		{"k*A/(V - A)", "R: rate A*k/(V - A)" + on},
		{"if A > 3 then k*A - q*B else k*A", "R forward: mass action k A:1" + on + "R backward: rate if 3 < A then B*q else 0" + back},
	} {
		s := system(t, c.rate, true)
		out, found := Make(s, SSA, Options{})
		if found.Errors() > 0 {
			t.Errorf("%s: %v", c.rate, found)
			continue
		}
		if got := show(out); got != c.want {
			t.Errorf("%s: got\n%swant\n%s", c.rate, got, c.want)
		}
	}
	out, _ := Make(system(t, "k*A - q*B", false), SSA, Options{})
	if got, want := show(out), "R: rate A*k - B*q"+on; got != want {
		t.Errorf("not reversible: got %swant %s", got, want)
	}
}

// The system that was given stays, in every form.
func TestGivenSystemStays(t *testing.T) {
	for _, form := range []string{CLE, SSA} {
		s := system(t, "k*A - q*B", true, "der(x) = k")
		s.Items = 100
		before := fmt.Sprintf("%v %v %v", s.Vars, s.Equations, s.Reactions)
		out, found := Make(s, form, Options{})
		if found.Errors() > 0 || out == s {
			t.Fatal(found)
		}
		if after := fmt.Sprintf("%v %v %v", s.Vars, s.Equations, s.Reactions); after != before || s.Jumps != nil || s.Noises != nil {
			t.Errorf("%s changes the system:\n%s\nto\n%s", form, before, after)
		}
	}
	s := system(t, "k*A", true)
	if out, found := Make(s, ODE, Options{}); out != s || found != nil {
		t.Errorf("the form ode is another system: %v", found)
	}
}

// Each balance gets c sqrt(R/N) times the noise of the reaction; a reversible reaction that of both directions.
func TestLangevin(t *testing.T) {
	for _, c := range []struct {
		items      float64
		rate       string
		reversible bool
		want       string
	}{
		{0, "k*A", false, "R.noise*noEvent(if 0 < R then sqrt(R) else 0) + R"},
		{4, "k*A", false, "R.noise*noEvent(if 0 < 0.25*R then sqrt(0.25*R) else 0) + R"},
		{0, "k*A - q*B", true, "R.noise*noEvent(if 0 < A*k + B*q then sqrt(A*k + B*q) else 0) + R"},
	} {
		s := system(t, c.rate, c.reversible)
		s.Items = c.items
		out, found := Make(s, CLE, Options{})
		if found.Errors() > 0 {
			t.Fatal(found)
		}
		p := out.Pool
		if got, want := p.String(out.Equations[2].Rhs), p.String(p.MustParse(c.want)); got != want {
			t.Errorf("%s: der(B) = %s, want %s", c.rate, got, want)
		}
		if got, want := p.String(out.Equations[1].Rhs), p.String(p.Neg(p.MustParse(c.want))); got != want {
			t.Errorf("%s: der(A) = %s, want %s", c.rate, got, want)
		}
		for i := range out.Vars {
			v, items := &out.Vars[i], max(c.items, 1)
			if want := map[string]float64{"A": 0.1 / items, "B": 0.1 / items}[v.Name]; v.AbsTol != want {
				t.Errorf("tolerance of %s: %v, want %v", v.Name, v.AbsTol, want)
			}
		}
		if len(out.Noises) != 1 || p.Name(out.Noises[0].Sym) != "R.noise" || out.Noises[0].Stratonovich {
			t.Errorf("noises %v", out.Noises)
		}
	}
}

// A reaction that changes nothing has no noise: its participants are at the boundary, or come out as they go in.
func TestNoNoiseOfNothing(t *testing.T) {
	for _, text := range []string{"", "S"} {
		s := system(t, "k*A", false)
		p := s.Pool
		for _, n := range []string{"S", "S.rate"} {
			v := s.NewVariable(n, model.Unknown)
			s.AddVar(v)
		}
		s.Equations = append(s.Equations, model.Equation{Lhs: p.Sym("S.rate"), Rhs: p.MustParse("k*S")})
		s.Reactions = append(s.Reactions, model.ChemicalReaction{Name: "S", Rate: p.Sym("S.rate"), Propensity: expr.None})
		if text != "" { // a balance in which the rate cancels
			s.Equations = append(s.Equations, model.Equation{Lhs: p.MustParse("der(S)"), Rhs: p.MustParse("S.rate - S.rate"), Balance: true})
		}
		out, found := Make(s, CLE, Options{})
		if len(found) > 0 || len(out.Noises) != 1 || p.Name(out.Noises[0].Sym) != "R.noise" {
			t.Errorf("%q: findings %v, noises %v", text, found, out.Noises)
		}
	}
}

// A unit of 100 molecules: numbers of molecules become states, rates are those of single events.
func TestCounts(t *testing.T) {
	s := system(t, "k*A*B", false)
	s.Items, s.ItemsNote = 100, "a unit is 100 molecules"
	p := s.Pool
	v, _ := s.VarOf(p.Sym("A"))
	s.Vars[v].Start, s.Vars[v].Fixed = p.MustParse("2*k"), model.FixedTrue
	v, _ = s.VarOf(p.Sym("B"))
	s.Vars[v].Start = expr.None
	s.Initial = []model.Equation{{Lhs: p.Sym("B"), Rhs: p.Sym("V")}}
	out, found := Make(s, SSA, Options{})
	if found.Errors() > 0 || len(found) != 1 || found[0].Code != "W240" {
		t.Fatal(found)
	}
	if got, want := show(out), "R: mass action k/100 A.items:1 B.items:1, A.items += -1, B.items += 1\n"; got != want {
		t.Errorf("got %swant %s", got, want)
	}
	v, ok := out.VarOf(p.Sym("A.items"))
	if got := p.String(out.Vars[v].Start); !ok || got != "noEvent(floor(100*'start(A)' + 0.5))" || out.Vars[v].Fixed != model.FixedTrue {
		t.Errorf("A.items starts at %s", got)
	}
	v, _ = out.VarOf(p.Sym("start(A)"))
	if got := p.String(out.Vars[v].Value); got != "2*k" || out.Vars[v].Kind != model.ParameterVar {
		t.Errorf("start(A) = %s", got)
	}
	if q := out.Initial[0]; p.String(q.Lhs) != "B.items" || p.String(q.Rhs) != "noEvent(floor(100*V + 0.5))" {
		t.Errorf("initial equation %s = %s", p.String(q.Lhs), p.String(q.Rhs))
	}
	// The choice of the caller goes before that of the model.
	if out, found = Make(s, SSA, Options{Items: 1}); len(found) != 0 || show(out) != "R: mass action k A:1 B:1, A += -1, B += 1\n" {
		t.Errorf("with Items 1: %v %s", found, show(out))
	}
}

// Propensities that the model states for one number of molecules in a unit are taken over to another.
func TestItemsOfPropensity(t *testing.T) {
	for _, c := range []struct {
		stated, asked float64
		want          string
	}{
		{0, 0, "R: mass action k A:2, A += -1, B += 1\n"},
		{0, 1, "R: mass action k A:2, A += -1, B += 1\n"},
		{0, 100, "R: mass action 0.01*k A.items:2, A.items += -1, B.items += 1\n"},
		{100, 0, "R: mass action k/100 A.items:2, A.items += -1, B.items += 1\n"},
		{100, 1, "R: mass action k A:2, A += -1, B += 1\n"},
		{100, 1000, "R: mass action 0.001*k A.items:2, A.items += -1, B.items += 1\n"},
	} {
		s := system(t, "k*A^2", false)
		s.Items = c.stated
		_, s.Reactions[0].Propensity = s.MassAction(s.Pool.Sym("k"), []model.Participant{{Species: s.Pool.Sym("A"), Number: s.Pool.Int(2)}}, false)
		out, found := Make(s, SSA, Options{Items: c.asked})
		if found.Errors() > 0 {
			t.Fatal(found)
		}
		if got := show(out); got != c.want {
			t.Errorf("stated %v, asked %v: got %swant %s", c.stated, c.asked, got, c.want)
		}
	}
}

func TestDiagnostics(t *testing.T) {
	for _, c := range []struct {
		form, want string
		change     func(s *model.System)
	}{
		{"sse", "E240", func(*model.System) {}},
		{CLE, "E241", func(s *model.System) { s.Reactions = nil }},
		{SSA, "E241", func(s *model.System) { s.Reactions = nil }},
		{SSA, "E242", func(s *model.System) { s.Noises = []model.WhiteNoise{{Sym: s.Pool.Sym("n")}} }},
		{SSA, "E243", func(s *model.System) { s.Equations[0].Lhs, s.Equations[0].Rhs = expr.Zero, s.Pool.MustParse("R - k") }},
		{CLE, "E243", func(s *model.System) { s.Equations[0].Lhs = s.Pool.MustParse("2*R") }},
		{SSA, "E244", func(s *model.System) { s.Equations[1].Rhs = s.Pool.MustParse("-R*R") }},
		{CLE, "E244", func(s *model.System) { s.Equations[1].Rhs = s.Pool.MustParse("sin(R)") }},
		{SSA, "E244", func(s *model.System) { s.Equations[1].Lhs = s.Pool.MustParse("2*der(A)") }},
	} {
		s := system(t, "k*A", false)
		c.change(s)
		out, found := Make(s, c.form, Options{})
		if out != nil || len(found) != 1 || found[0].Code != c.want {
			t.Errorf("%s: got %v, want %s", c.form, found, c.want)
		}
	}
}
