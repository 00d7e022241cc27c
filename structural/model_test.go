package structural

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/internal/modeltext"
	"github.com/mtkc/mtkc/model"
)

// analyze is Analyze for a system that must have a plan.
func analyze(t testing.TB, text string) *Plan {
	t.Helper()
	pl, list := Analyze(modeltext.System(t, text), Options{})
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	check(t, pl)
	return pl
}

// values evaluates a plan: atoms to numbers.
type values map[expr.ID]float64

func (v values) of(p *expr.Pool, e expr.ID) float64 {
	return p.Eval(e, func(a expr.ID) (float64, bool) {
		x, ok := v[a]
		return x, ok
	})
}

// defaults sets the parameters and the discrete memory.
func defaults(pl *Plan) values {
	v := values{}
	for _, q := range pl.Params {
		x := math.NaN()
		if q.Value != expr.None {
			x = v.of(pl.Pool, q.Value)
		}
		v[q.Atom] = x
	}
	for _, m := range pl.Memory {
		v[m] = 0
	}
	return v
}

// run evaluates Seq.
func (v values) run(pl *Plan) {
	for _, a := range pl.Seq {
		v[a.Target] = v.of(pl.Pool, a.Value)
	}
}

// relate sets the memory of all relations from their present values.
func (v values) relate(pl *Plan) {
	for _, r := range pl.Hybrid.Relations {
		g := v.of(pl.Pool, r.G)
		v[r.Atom] = 0
		switch {
		case r.Kind == FloorOf:
			v[r.Atom] = math.Floor(g)
		case r.Kind == TruncOf:
			v[r.Atom] = math.Trunc(g)
		case g > 0 || g == 0 && !r.Strict && r.Kind != SignOf:
			v[r.Atom] = 1
		case g < 0 && r.Kind == SignOf:
			v[r.Atom] = -1
		}
	}
	for _, c := range pl.Hybrid.Counters {
		x := v.of(pl.Pool, c.Rate)*v[expr.Time] + v.of(pl.Pool, c.Offset)
		v[c.Atom] = math.Floor(x)
		if c.Trunc {
			v[c.Atom] = math.Trunc(x)
		}
	}
	for _, r := range pl.Hybrid.TimeRelations {
		d := v[expr.Time] - v.of(pl.Pool, r.At)
		if r.Falling {
			d = -d
		}
		v[r.Atom] = 0
		if d > 0 || d == 0 && !r.Strict {
			v[r.Atom] = 1
		}
		if r.Kind == SignOf {
			v[r.Atom] = 2*v[r.Atom] - 1
		}
	}
}

// check verifies what every plan promises: atoms are defined before they are used,
// every variable is somewhere, counts agree.
func check(t testing.TB, pl *Plan) {
	t.Helper()
	p := pl.Pool
	have := map[expr.ID]bool{expr.Time: true}
	use := func(what string, e expr.ID) {
		p.Walk(e, map[expr.ID]bool{}, nil, func(x expr.ID) {
			switch op := p.Op(x); op {
			case expr.OpSym:
				if !have[x] {
					t.Errorf("%s: %s is used before it is known: %s", what, p.Name(x), p.String(e))
				}
			case expr.OpDer, expr.OpPre, expr.OpSample, expr.OpInitial, expr.OpDelay, expr.OpEdge, expr.OpChange:
				t.Errorf("%s: %s is left", what, p.String(x))
			}
		})
	}
	params := map[expr.ID]bool{}
	for _, q := range pl.Params {
		if q.Value != expr.None {
			use("parameter "+q.Name, q.Value)
		}
		if have[q.Atom] {
			t.Errorf("parameter %s twice", q.Name)
		}
		have[q.Atom], params[q.Atom] = true, true
	}
	for _, m := range pl.Memory {
		if have[m] {
			t.Errorf("memory %s twice", p.Name(m))
		}
		have[m] = true
	}
	known := len(have)
	for _, s := range pl.States {
		if have[s.Atom] {
			t.Errorf("state %s is something else as well", s.Name)
		}
		have[s.Atom] = true
		if s.Start != expr.None && !params[s.Start] {
			t.Errorf("start of %s is not a parameter", s.Name)
		}
	}
	for _, a := range pl.Seq {
		use("seq", a.Value)
		if have[a.Target] {
			t.Errorf("%s is assigned twice", p.Name(a.Target))
		}
		have[a.Target] = true
	}
	for i, d := range pl.Deriv {
		use("derivative of "+pl.States[i].Name, d)
	}
	for _, r := range pl.Residuals {
		use("residual", r.Value)
	}
	for _, r := range pl.Invariants {
		use("invariant", r.Value)
	}
	if len(pl.Deriv) != pl.NDiff || len(pl.States) != pl.NDiff+len(pl.Residuals) {
		t.Errorf("%d states, %d differential, %d derivatives, %d residuals", len(pl.States), pl.NDiff, len(pl.Deriv), len(pl.Residuals))
	}
	for i := range pl.Sys.Vars {
		if x := &pl.Sys.Vars[i]; x.Type != model.StringType && !pl.Sys.IsNoise(x.Sym) && !have[x.Sym] {
			t.Errorf("variable %s is nowhere", x.Name)
		}
	}
	for _, a := range pl.Hybrid.Update {
		use("update", a.Value)
	}
	for _, a := range pl.Hybrid.Actions {
		use("action", a.Cond)
	}
	for _, r := range pl.Hybrid.Relations {
		use("relation", r.G)
	}
	_ = known
	checkInit(t, pl)
}

// checkInit verifies the initialization plan.
func checkInit(t testing.TB, pl *Plan) {
	t.Helper()
	p := pl.Pool
	w := map[expr.ID]bool{}
	for _, x := range pl.Init.W {
		if w[x.Atom] {
			t.Errorf("init: %s twice", x.Name)
		}
		w[x.Atom] = true
	}
	have := map[expr.ID]bool{expr.Time: true}
	if pl.Init.Lambda != expr.None {
		have[pl.Init.Lambda] = true
	}
	for _, q := range pl.Params {
		have[q.Atom] = !w[q.Atom]
	}
	for _, m := range pl.Memory {
		have[m] = !w[m]
	}
	use := func(e expr.ID) {
		p.Walk(e, map[expr.ID]bool{}, nil, func(x expr.ID) {
			if p.Op(x) == expr.OpSym && !have[x] {
				t.Errorf("init: %s is used before it is known: %s", p.Name(x), p.String(e))
			}
		})
	}
	for _, b := range pl.Init.Blocks {
		for _, u := range b.Unknowns {
			if have[u] || !w[u] {
				t.Errorf("init: unknown %s is something else as well, or not in W", p.Name(u))
			}
			have[u] = true
		}
		for _, a := range b.Assigns {
			use(a.Value)
			if have[a.Target] || !w[a.Target] {
				t.Errorf("init: %s is assigned twice, or not in W", p.Name(a.Target))
			}
			have[a.Target] = true
		}
		for _, r := range b.Residuals {
			use(r.Value)
		}
	}
	for _, x := range pl.Init.W {
		if !have[x.Atom] {
			t.Errorf("init: %s is not determined", x.Name)
		}
	}
	for _, s := range pl.States {
		if !w[s.Atom] {
			t.Errorf("init: state %s is not in W", s.Name)
		}
	}
}

// residuals evaluates the plan at a random point and checks every equation of the
// system there.
func residuals(t testing.TB, pl *Plan, seed uint64) {
	t.Helper()
	bad, _ := violations(t, pl, seed)
	for _, x := range bad {
		t.Errorf("seed %d: %s", seed, x)
	}
}

// violations evaluates the plan at a random point and lists the equations that do not
// hold there, der(x) of a state being what the plan says. Algebraic states are moved
// onto their residuals by Newton's method first; solved is false if that fails or a
// value is not finite.
func violations(t testing.TB, pl *Plan, seed uint64) (bad []string, solved bool) {
	t.Helper()
	p := pl.Pool
	rng := rand.New(rand.NewPCG(seed, 1))
	v := defaults(pl)
	v[expr.Time] = rng.Float64()
	for _, s := range pl.States {
		v[s.Atom] = 0.5 + rng.Float64()
	}
	for range 3 {
		newton(t, pl, v)
		v.run(pl)
		v.relate(pl)
	}
	newton(t, pl, v)
	v.run(pl)
	solved = true
	for _, r := range pl.Residuals {
		solved = solved && math.Abs(v.of(p, r.Value)) < 1e-10
	}
	for _, a := range pl.Seq {
		solved = solved && math.Abs(v[a.Target]) < 1e6
	}
	// Relations must agree with what they stand for.
	again := values{}
	for a, x := range v {
		again[a] = x
	}
	again.relate(pl)
	for a, x := range again {
		solved = solved && (v[a] == x || x != x)
	}
	der := map[string]float64{}
	for i := range pl.NDiff {
		der["der("+pl.States[i].Name+")"] = v.of(p, pl.Deriv[i])
	}
	var name func(e expr.ID) string
	name = func(e expr.ID) string {
		if p.Op(e) == expr.OpDer {
			return "der(" + name(p.Args(e)[0]) + ")"
		}
		return p.Name(e)
	}
	value := func(a expr.ID) (float64, bool) {
		switch p.Op(a) {
		case expr.OpDer:
			n := name(a)
			if s, ok := p.Lookup(n); ok {
				if x, ok := v[s]; ok {
					return x, true
				}
			}
			if x, ok := der[n]; ok {
				return x, true
			}
			return math.NaN(), true
		case expr.OpTime:
			return v[expr.Time], true
		}
		x, ok := v[a]
		return x, ok
	}
	for i := range pl.Sys.Equations {
		e := &pl.Sys.Equations[i]
		l, r := p.Eval(e.Lhs, value), p.Eval(e.Rhs, value)
		if math.IsNaN(l) || math.IsNaN(r) {
			continue
		}
		if math.Abs(l-r) > 1e-9*(1+math.Abs(l)+math.Abs(r)) {
			bad = append(bad, fmt.Sprintf("equation %d, %s = %s: %g is not %g", i, p.String(e.Lhs), p.String(e.Rhs), l, r))
		}
	}
	return bad, solved
}

func newton(t testing.TB, pl *Plan, v values) {
	t.Helper()
	n := len(pl.Residuals)
	if n == 0 {
		return
	}
	f := func() []float64 {
		v.run(pl)
		r := make([]float64, n)
		for i, q := range pl.Residuals {
			r[i] = v.of(pl.Pool, q.Value)
		}
		return r
	}
	for range 50 {
		r := f()
		norm := 0.0
		for _, x := range r {
			norm = max(norm, math.Abs(x))
		}
		if norm < 1e-13 {
			return
		}
		j := make([][]float64, n)
		for i := range j {
			j[i] = make([]float64, n+1)
			j[i][n] = -r[i]
		}
		for k := range n {
			a := pl.States[pl.NDiff+k].Atom
			x := v[a]
			h := 1e-6 * (1 + math.Abs(x))
			v[a] = x + h
			r1 := f()
			v[a] = x - h
			r2 := f()
			v[a] = x
			for i := range n {
				j[i][k] = (r1[i] - r2[i]) / (2 * h)
			}
		}
		dx := gauss(j)
		for lambda := 1.0; lambda > 1e-4; lambda /= 2 {
			for i := range dx {
				v[pl.States[pl.NDiff+i].Atom] += lambda * dx[i]
			}
			now := 0.0
			for _, x := range f() {
				now = max(now, math.Abs(x))
			}
			if now < norm {
				break
			}
			for i := range dx {
				v[pl.States[pl.NDiff+i].Atom] -= lambda * dx[i]
			}
		}
	}
}

func gauss(a [][]float64) []float64 {
	n := len(a)
	for k := range n {
		q := k
		for i := k; i < n; i++ {
			if math.Abs(a[i][k]) > math.Abs(a[q][k]) {
				q = i
			}
		}
		a[k], a[q] = a[q], a[k]
		for i := k + 1; i < n; i++ {
			f := a[i][k] / a[k][k]
			for j := k; j <= n; j++ {
				a[i][j] -= f * a[k][j]
			}
		}
	}
	x := make([]float64, n)
	for k := n - 1; k >= 0; k-- {
		x[k] = a[k][n]
		for j := k + 1; j < n; j++ {
			x[k] -= a[k][j] * x[j]
		}
		x[k] /= a[k][k]
	}
	return x
}

// start runs the initialization plan: Newton's method on each block, with minimum-norm
// steps where the Jacobian is singular, and relations iterated. It returns the values
// and the largest residual of a block.
func start(t testing.TB, pl *Plan) values {
	t.Helper()
	p := pl.Pool
	v := defaults(pl)
	v[expr.Time] = 0
	for range 5 {
		for _, x := range pl.Init.W {
			if _, ok := v[x.Atom]; !ok || math.IsNaN(v[x.Atom]) {
				v[x.Atom] = 0
				if x.Atom == pl.Init.Lambda {
					v[x.Atom] = 1
				}
				if s, ok := v[x.Start]; ok && s == s {
					v[x.Atom] = s
				}
			}
		}
		for _, b := range pl.Init.Blocks {
			f := func() []float64 {
				for _, a := range b.Assigns {
					v[a.Target] = v.of(p, a.Value)
				}
				r := make([]float64, len(b.Residuals))
				for i, q := range b.Residuals {
					r[i] = v.of(p, q.Value)
				}
				return r
			}
			norm := func(r []float64) float64 {
				m := 0.0
				for _, x := range r {
					m = max(m, math.Abs(x))
				}
				return m
			}
			r := f()
			for k := 0; k < 60 && norm(r) > 1e-13; k++ {
				n := len(b.Unknowns)
				j := make([][]float64, n)
				for i := range j {
					j[i] = make([]float64, n)
				}
				for c, u := range b.Unknowns {
					x := v[u]
					h := 1e-6 * math.Abs(x)
					if x == 0 {
						h = 1e-7
					}
					v[u] = x + h
					r1 := f()
					v[u] = x - h
					r2 := f()
					v[u] = x
					for i := range n {
						j[i][c] = (r1[i] - r2[i]) / (2 * h)
					}
				}
				// Levenberg-Marquardt with a vanishing parameter.
				a := make([][]float64, n)
				for i := range a {
					a[i] = make([]float64, n+1)
					for c := range n {
						for l := range n {
							a[i][c] += j[l][i] * j[l][c]
						}
						a[i][n] -= j[c][i] * r[c]
					}
					a[i][i] += 1e-13*a[i][i] + 1e-30
				}
				plain := make([][]float64, n)
				for i := range plain {
					plain[i] = append(append([]float64(nil), j[i]...), -r[i])
				}
				dx := gauss(plain)
				for i := range dx {
					if !(math.Abs(dx[i]) < 1e6*(1+math.Abs(v[b.Unknowns[i]]))) {
						dx = gauss(a)
						break
					}
				}
				// Deuflhard's natural monotonicity: the next simplified correction is
				// smaller, whatever the scales of the equations.
				size := func(d []float64) float64 {
					m := 0.0
					for i, u := range b.Unknowns {
						m = max(m, math.Abs(d[i])/(1e-10+math.Abs(v[u])))
					}
					return m
				}
				old, was := norm(r), size(dx)
				for lambda := 1.0; lambda > 1e-6; lambda /= 2 {
					for i, u := range b.Unknowns {
						v[u] += lambda * dx[i]
					}
					r = f()
					again := make([][]float64, n)
					for i := range again {
						again[i] = append(append([]float64(nil), j[i]...), -r[i])
					}
					if norm(r) < old || size(gauss(again)) < (1-lambda/4)*was {
						break
					}
					for i, u := range b.Unknowns {
						v[u] -= lambda * dx[i]
					}
				}
				r = f()
			}
			f()
			if !(norm(r) < 1e-8) {
				names := ""
				for _, u := range b.Unknowns {
					names += " " + p.Name(u)
				}
				t.Errorf("initial block of%s: residual %g", names, norm(r))
			}
		}
		v.run(pl)
		v.relate(pl)
	}
	for i := range pl.Sys.Initial {
		e := &pl.Sys.Initial[i]
		value := func(a expr.ID) (float64, bool) {
			switch p.Op(a) {
			case expr.OpTime:
				return 0, true
			case expr.OpInitial:
				return 1, true
			case expr.OpPre, expr.OpDer:
				name := p.Op(a).String() + "(" + p.Name(p.Args(a)[0]) + ")"
				if s, ok := p.Lookup(name); ok {
					if x, ok := v[s]; ok {
						return x, true
					}
				}
				for k := range pl.NDiff {
					if pl.States[k].Atom == p.Args(a)[0] {
						return v.of(p, pl.Deriv[k]), true
					}
				}
			}
			x, ok := v[a]
			return x, ok
		}
		if l, r := p.Eval(e.Lhs, value), p.Eval(e.Rhs, value); !(math.Abs(l-r) <= 1e-7*(1+math.Abs(l)+math.Abs(r))) {
			t.Errorf("initial equation %s = %s: %g is not %g", p.String(e.Lhs), p.String(e.Rhs), l, r)
		}
	}
	for _, r := range pl.Invariants {
		if x := v.of(p, r.Value); !(math.Abs(x) < 1e-7) {
			t.Errorf("invariant %s is %g at the start", p.String(r.Value), x)
		}
	}
	for i := range pl.Sys.Vars {
		x := &pl.Sys.Vars[i]
		if x.Kind == model.Unknown && x.Fixed == model.FixedTrue && x.Start != expr.None {
			if s := v.of(p, x.Start); !(math.Abs(v[x.Sym]-s) <= 1e-7*(1+math.Abs(s))) && !mentions(pl, x.Name) {
				t.Errorf("%s starts at %g, not at %g", x.Name, v[x.Sym], s)
			}
		}
	}
	return v
}

// mentions reports whether a note of the plan is about a name.
func mentions(pl *Plan, name string) bool {
	for _, n := range pl.Notes {
		if strings.Contains(n.Message, name) {
			return true
		}
	}
	return false
}

// text is the dump of a plan.
func text(pl *Plan) string {
	var b strings.Builder
	if err := pl.Dump(&b); err != nil {
		panic(err)
	}
	return b.String()
}
