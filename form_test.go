package mtkc

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/ode"
)

// reacting is a system in memory: variables with start values, parameters, and text. Equations with der on the left and
// a rate on the right are balances; a rate is a variable whose name begins with R.
func reacting(t *testing.T, vars map[string]float64, params map[string]float64, text string) *model.System {
	t.Helper()
	s := model.New("net")
	names := func(m map[string]float64) (list []string) {
		for n := range m {
			list = append(list, n)
		}
		slices.Sort(list)
		return list
	}
	for _, n := range names(vars) {
		if math.IsNaN(vars[n]) {
			s.Var(n)
		} else {
			s.Var(n, model.Init(vars[n]))
		}
	}
	for _, n := range names(params) {
		s.Param(n, params[n])
	}
	s.MustText(text)
	p := s.Pool
	for i := range s.Equations {
		q := &s.Equations[i]
		if name := p.Name(q.Lhs); strings.HasPrefix(name, "R") {
			s.Reactions = append(s.Reactions, model.ChemicalReaction{Name: name, Rate: q.Lhs, Propensity: expr.None, Reversible: strings.HasPrefix(name, "Rev")})
		}
		if p.Op(q.Lhs) == expr.OpDer {
			for _, a := range p.Atoms(q.Rhs) {
				q.Balance = q.Balance || strings.HasPrefix(p.Name(a), "R")
			}
		}
	}
	return s
}

var nan = math.NaN()

// inForm is the problem of a system in a form.
func inForm(t *testing.T, sys *model.System, form string) *ode.Problem {
	t.Helper()
	p, found := NewSystem(sys, Options{Method: form, Check: true}).Problem(context.Background())
	if found.Errors() > 0 {
		t.Fatal(found)
	}
	return p
}

// What the problem of a jump process holds: patterns, and kernels whose values are those of the formulas.
func TestJumpKernels(t *testing.T) {
	sys := reacting(t, map[string]float64{"A": 30, "B": 7, "x": 2, "h": nan, "w": nan, "y": nan, "R1": nan, "R2": nan, "Rev": nan, "R4": nan, "R5": nan, "R6": nan},
		map[string]float64{"k": 0.5, "q": 3, "n": 2},
		`R1 = k*A*(A - 1)/2;
		h = A + x;
		R2 = q*h/(1 + h);
		Rev = k*A - q*B;
		R4 = k*B*time;
		w = y + 0.1*B; y = sin(w);
		R5 = k*(2 + w);
		R6 = 2;
		der(A) = -2*R1 + 3*R2 - Rev;
		der(B) = R1 - R2 + Rev - R4 + n*R5 + x*R6;
		der(x) = -k*x`)
	p := inForm(t, sys, "ssa")
	at := map[string]int32{}
	for i := range p.States {
		at[p.States[i].Name] = int32(i)
	}
	a, b, x := at["A"], at["B"], at["x"]
	if p.Jumps == nil || p.Jumps.Still {
		t.Fatalf("jumps: %+v", p.Jumps)
	}
	k := p.NewKernels()
	u, par := slices.Clone(p.U0), slices.Clone(p.P)
	const time, A, B, X, K, Q = 1.5, 30, 7, 2, 0.5, 3
	w := 0.0 // w = sin(w) + 0.1 B
	for range 200 {
		w -= (w - math.Sin(w) - 0.1*B) / (1 - math.Cos(w))
	}
	for i := range p.States {
		if v := p.States[i].Name; v == "w" {
			u[i] = w
		} else if v == "y" {
			u[i] = math.Sin(w)
		}
	}
	constants := make([]float64, len(p.Jumps.Reactions))
	k.JumpConstants(time, u, par, constants)
	seen := map[string]bool{}
	for r := range p.Jumps.Reactions {
		j := &p.Jumps.Reactions[r]
		seen[j.Name] = true
		changes := map[int32]float64{}
		by := make([]float64, len(j.Changes))
		if j.Vary {
			k.JumpChange(r, time, u, par, by)
		}
		for n, c := range j.Changes {
			if changes[c.State] = c.By; j.Vary {
				changes[c.State] = by[n]
			}
		}
		rate := constants[r]
		if !j.MassAction {
			rate = k.JumpRate(r, time, u, par)
		}
		for _, s := range j.Reactants {
			for i := range s.Order {
				rate *= u[s.State] - float64(i)
			}
		}
		type want struct {
			rate    float64
			changes map[int32]float64
			reads   []int32
			mass    bool
			vary    bool
			clock   bool
		}
		all := make([]int32, p.N())
		for i := range all {
			all[i] = int32(i)
		}
		pair := []int32{a, x}
		slices.Sort(pair)
		w := map[string]want{
			"R1":           {K * A * (A - 1) / 2, map[int32]float64{a: -2, b: 1}, []int32{a}, true, false, false},
			"R2":           {Q * (A + X) / (1.0 + A + X), map[int32]float64{a: 3, b: -1}, pair, false, false, false},
			"Rev forward":  {K * A, map[int32]float64{a: -1, b: 1}, []int32{a}, true, false, false},
			"Rev backward": {Q * B, map[int32]float64{a: 1, b: -1}, []int32{b}, true, false, false},
			"R4":           {K * B * time, map[int32]float64{b: -1}, []int32{b}, false, false, true},
			"R5":           {K * (2 + w), map[int32]float64{b: 2}, all, false, true, false},
			"R6":           {2, map[int32]float64{b: X}, nil, true, true, false},
		}[j.Name]
		if math.Abs(rate-w.rate) > 1e-12*w.rate {
			t.Errorf("%s: rate %v, want %v", j.Name, rate, w.rate)
		}
		if len(changes) != len(w.changes) {
			t.Errorf("%s: changes %v, want %v", j.Name, changes, w.changes)
		}
		for s, c := range w.changes {
			if changes[s] != c {
				t.Errorf("%s: changes %v, want %v", j.Name, changes, w.changes)
			}
		}
		if !slices.Equal(j.Reads, w.reads) || j.MassAction != w.mass || j.Vary != w.vary || j.Clock != w.clock {
			t.Errorf("%s: %+v, want %+v", j.Name, *j, w)
		}
	}
	if len(seen) != 7 {
		t.Errorf("reactions %v", seen)
	}
	du := make([]float64, p.N())
	k.RHS(time, u, par, du)
	if du[a] != 0 || du[b] != 0 || du[x] != -K*X {
		t.Errorf("between the jumps the derivatives are %v", du)
	}
	if n := testing.AllocsPerRun(100, func() {
		for r := range p.Jumps.Reactions {
			if !p.Jumps.Reactions[r].MassAction {
				k.JumpRate(r, time, u, par)
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Without rate rules nothing moves between the jumps, and all states stay.
func TestStill(t *testing.T) {
	sys := reacting(t, map[string]float64{"A": 30, "B": 7, "C": 1, "R1": nan}, map[string]float64{"k": 0.5},
		`R1 = k*A; der(A) = -R1; der(B) = R1; der(C) = 0*R1`)
	p := inForm(t, sys, "ssa")
	if !p.Jumps.Still || p.N() != 3 {
		t.Errorf("still %v, %d states", p.Jumps.Still, p.N())
	}
}

// The report says what jumps, and does not take for conserved what jumps alone change.
func TestReportOfJumps(t *testing.T) {
	sys := reacting(t, map[string]float64{"A": 30, "B": 7, "R1": nan, "R2": nan}, map[string]float64{"k": 0.5},
		`R1 = k*A*(A - 1)/2; R2 = k*A/(1 + A); der(A) = -2*R1 - R2; der(B) = R1`)
	c := NewSystem(sys, Options{Method: "ssa"})
	if _, found := c.Problem(context.Background()); found.Errors() > 0 {
		t.Fatal(found)
	}
	var b strings.Builder
	if err := c.WriteReport(&b, 0); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"solved as       a jump process of 2 states and 2 reactions;", "\nreactions at random instants\n    R1: mass action k/2*A*(A - 1): A -= 2, B += 1\n    R2: rate A*k/(A + 1): A -= 1\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "conserved") {
		t.Errorf("something is conserved:\n%s", b.String())
	}
}

// A jump of what the equations determine from other variables is no jump.
func TestJumpsOfWhatIsNoState(t *testing.T) {
	sys := reacting(t, map[string]float64{"A": 30, "B": nan}, nil, `der(A) = -A; B = sin(A)`)
	p := sys.Pool
	sys.Jumps = []model.Jump{{Name: "J", Rate: expr.One, MassAction: true, Changes: []model.JumpChange{{State: p.Sym("B"), By: expr.One}}}}
	_, found := NewSystem(sys, Options{}).Problem(context.Background())
	if len(found) != 1 || found[0].Code != "E245" || !strings.Contains(found[0].Message, "J changes or takes B") {
		t.Errorf("got %v", found)
	}
}

// Ten thousand reactions with rates of their own are ready in less than a second or two: preparing is linear.
func TestManyReactions(t *testing.T) {
	sizes := []int{2000, 4000}
	seconds := make([]float64, len(sizes))
	for i, n := range sizes {
		sys := chain(n)
		c := NewSystem(sys, Options{Method: "ssa"})
		p, found := c.Problem(context.Background())
		if found.Errors() > 0 || len(p.Jumps.Reactions) != n {
			t.Fatal(found)
		}
		k := p.NewKernels()
		for r := range n {
			if got, want := k.JumpRate(r, 0, p.U0, p.P), 10.0/11*float64(r%7+1); math.Abs(got-want) > 1e-12 {
				t.Fatalf("rate %d is %v, want %v", r, got, want)
			}
		}
		seconds[i] = c.Seconds("form", "flat", "structural", "lower", "vm")
	}
	t.Logf("%v reactions take %v s", sizes, seconds)
	if seconds[1] > 4*seconds[0]+0.5 {
		t.Errorf("%v reactions take %v s", sizes, seconds)
	}
}

// The constants of many reactions of mass action, a kernel with loops.
func TestManyConstants(t *testing.T) {
	const n = 1500
	m := model.New("ring")
	for i := range n {
		m.Var("X"+strconv.Itoa(i), model.Init(10+i%3))
		m.Param("k"+strconv.Itoa(i), 0.5+float64(i%11))
	}
	v := m.Param("V", 4)
	x := func(i int) expr.Expr { return m.Pool.Of(m.Pool.Sym("X" + strconv.Itoa((i+n)%n))) }
	rate := func(i int) expr.Expr { return m.Pool.Of(m.Pool.Sym("R" + strconv.Itoa((i+n)%n))) }
	for i := range n {
		r := m.Var("R" + strconv.Itoa(i))
		k := m.Pool.Of(m.Pool.Sym("k" + strconv.Itoa(i)))
		switch i % 3 {
		case 0:
			m.Eq(r, k.Mul(x(i)).Mul(x(i).Sub(1)).Div(v.Mul(2)))
		case 1:
			m.Eq(r, k.Mul(x(i)).Mul(x(i+5)).Div(v))
		default:
			m.Eq(r, x(i).Mul(k).Div(x(i).Add(1)))
		}
		m.Reactions = append(m.Reactions, model.ChemicalReaction{Name: "R" + strconv.Itoa(i), Rate: r.ID(), Propensity: expr.None})
	}
	for i := range n {
		m.Eq(expr.Der(x(i)), rate(i-1).Sub(rate(i)))
		m.Equations[len(m.Equations)-1].Balance = true
	}
	p := inForm(t, m, "ssa")
	at := map[string]int32{}
	for i := range p.States {
		at[p.States[i].Name] = int32(i)
	}
	k := p.NewKernels()
	c := make([]float64, n)
	for r := range c {
		c[r] = -1
	}
	k.JumpConstants(0, p.U0, p.P, c)
	for r := range p.Jumps.Reactions {
		j := &p.Jumps.Reactions[r]
		want, mass := []float64{(0.5 + float64(r%11)) / 8, (0.5 + float64(r%11)) / 4, -1}[r%3], r%3 < 2
		if c[r] != want || j.MassAction != mass {
			t.Fatalf("%s: %v, want %v", j.Name, c[r], want)
		}
		name := func(i int) string { return "X" + strconv.Itoa((i+n)%n) }
		if len(j.Changes) != 2 || j.Changes[0].By+j.Changes[1].By != 0 {
			t.Fatalf("%s: %+v", j.Name, j.Changes)
		}
		for _, ch := range j.Changes {
			if by := map[int32]float64{at[name(r)]: -1, at[name(r+1)]: 1}[ch.State]; ch.By != by {
				t.Fatalf("%s: %+v", j.Name, j.Changes)
			}
		}
	}
}

// chain is X0 -> X1 -> ... at rates of Michaelis and Menten.
func chain(n int) *model.System {
	s := model.New("chain")
	p := s.Pool
	species := make([]expr.Expr, n+1)
	for i := range species {
		species[i] = s.Var("X"+strconv.Itoa(i), model.Init(10))
	}
	rates := make([]expr.Expr, n)
	for r := range n {
		rates[r] = s.Var("R" + strconv.Itoa(r))
		v := s.Param("v"+strconv.Itoa(r), r%7+1)
		s.Eq(rates[r], v.Mul(species[r]).Div(species[r].Add(1)))
		s.Reactions = append(s.Reactions, model.ChemicalReaction{Name: p.Name(rates[r].ID()), Rate: rates[r].ID(), Propensity: expr.None})
	}
	for i, x := range species {
		var rhs expr.Expr
		switch {
		case i == 0:
			rhs = rates[0].Neg()
		case i == n:
			rhs = rates[n-1]
		default:
			rhs = rates[i-1].Sub(rates[i])
		}
		s.Eq(expr.Der(x), rhs)
		s.Equations[len(s.Equations)-1].Balance = true
	}
	return s
}
