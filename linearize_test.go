package mtkc

import (
	"context"
	"fmt"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/lti"
	"github.com/mtkc/mtkc/runtime/ode"
)

func mustLinearize(t *testing.T, m *model.System, opt LinearizeOptions) *Linearization {
	t.Helper()
	l, err := Linearize(context.Background(), m, opt)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Check(); err != nil {
		t.Fatal(err)
	}
	checkTerms(t, l)
	return l
}

// checkTerms compares the symbolic matrices with the numeric ones at the point.
func checkTerms(t *testing.T, l *Linearization) {
	t.Helper()
	terms, err := l.Terms()
	if err != nil {
		t.Fatal(err)
	}
	look := func(e expr.ID) (float64, bool) {
		if e == expr.Time {
			return l.T, true
		}
		v, ok := l.values.Values[e]
		return v, ok
	}
	for _, x := range []struct {
		name string
		sym  [][]expr.ID
		num  lti.Matrix
	}{{"A", terms.A, l.A}, {"B", terms.B, l.B}, {"C", terms.C, l.C}, {"D", terms.D, l.D}} {
		size := 1e-3
		for _, v := range x.num.Data {
			size = max(size, math.Abs(v))
		}
		for i, row := range x.sym {
			for j, e := range row {
				if v := terms.Pool.Eval(e, look); !(math.Abs(v-x.num.At(i, j)) <= 1e-9*size) {
					t.Errorf("%s[%d,%d] = %v, but its term %s is %v", x.name, i, j, x.num.At(i, j), terms.Pool.String(e), v)
				}
			}
		}
	}
	if len(terms.Improper) != len(l.Improper) {
		t.Errorf("%d symbolic matrices of derivatives, %d numeric ones", len(terms.Improper), len(l.Improper))
	}
}

// sameTransfer compares with a function at a few frequencies.
func sameTransfer(t *testing.T, what string, s *lti.System, want func(s complex128) complex128, tol float64) {
	t.Helper()
	for _, w := range []float64{0, 0.1, 0.7, 3, 20, 300} {
		z := complex(0.01, w)
		if g, h := s.At(z)[0], want(z); !(cmplx.Abs(g-h) <= tol*(cmplx.Abs(h)+1e-12)) {
			t.Errorf("%s: G(%v) = %v, want %v", what, z, g, h)
		}
	}
}

func TestLinearizeSpring(t *testing.T) {
	m := model.New("spring")
	x, v := m.Var("x", model.Init(0)), m.Var("v", model.Init(0))
	f := m.Input("f", 0)
	mass, d, k := m.Param("m", 2), m.Param("d", 0.5), m.Param("k", 8)
	m.Eq(expr.Der(x), v)
	m.Eq(mass.Mul(expr.Der(v)), f.Sub(d.Mul(v)).Sub(k.Mul(x)))
	l := mustLinearize(t, m, LinearizeOptions{Outputs: []string{"x", "der(v)"}})
	if l.N() != 2 || l.States[0] != "x" || l.States[1] != "v" {
		t.Fatalf("states %v", l.States)
	}
	for i, w := range []float64{0, 1, -4, -0.25} {
		if l.A.Data[i] != w {
			t.Errorf("A = %v", l.A)
		}
	}
	sameTransfer(t, "x/f", l.Channel(0, 0), func(s complex128) complex128 { return 1 / (2*s*s + 0.5*s + 8) }, 1e-12)
	sameTransfer(t, "a/f", l.Channel(1, 0), func(s complex128) complex128 { return s * s / (2*s*s + 0.5*s + 8) }, 1e-12)
	// A parameter as an input, at a point where it matters: x = f/k, dx/dk = -x/k.
	l = mustLinearize(t, m, LinearizeOptions{Inputs: []string{"k"}, Outputs: []string{"x"}, Steady: true, Set: map[string]float64{"f": 4}})
	sameTransfer(t, "x/k", &l.System, func(s complex128) complex128 { return -0.5 / (2*s*s + 0.5*s + 8) }, 1e-9)
	if !l.Equilibrium(1e-9) || math.Abs(l.X0[0]-0.5) > 1e-9 {
		t.Errorf("steady at %v, drift %v", l.X0, l.Drift)
	}
}

// pendulum in Cartesian coordinates with a horizontal force on the mass: index 3.
func cartesian(x0, y0 float64) *model.System {
	m := model.New("pendulum")
	x, y, lam := m.Var("x", model.WithGuess(x0)), m.Var("y", model.WithGuess(y0)), m.Var("lambda")
	f := m.Input("f", 0)
	g, d := m.Param("g", 9.81), m.Param("d", 0.3)
	m.Eq(expr.Der(expr.Der(x)), f.Sub(lam.Mul(x)).Sub(d.Mul(expr.Der(x))))
	m.Eq(expr.Der(expr.Der(y)), lam.Mul(y).Neg().Sub(g).Sub(d.Mul(expr.Der(y))))
	m.Eq(x.Pow(2).Add(y.Pow(2)), 1)
	return m
}

// The same in the angle from the vertical.
func angular(phi0 float64) *model.System {
	m := model.New("pendulum")
	phi, w := m.Var("phi", model.WithGuess(phi0)), m.Var("w")
	x := m.Var("x")
	f := m.Input("f", 0)
	g, d := m.Param("g", 9.81), m.Param("d", 0.3)
	m.Eq(expr.Der(phi), w)
	m.Eq(expr.Der(w), f.Mul(expr.Cos(phi)).Sub(g.Mul(expr.Sin(phi))).Sub(d.Mul(w)))
	m.Eq(x, expr.Sin(phi))
	return m
}

func TestLinearizePendulum(t *testing.T) {
	for _, up := range []bool{false, true} {
		y0, phi0, sign := -1.0, 0.0, 1.0
		if up {
			y0, phi0, sign = 1, math.Pi, -1
		}
		want := func(s complex128) complex128 { return 1 / (s*s + 0.3*s + complex(sign*9.81, 0)) }
		for _, m := range []*model.System{cartesian(0, y0), angular(phi0)} {
			l := mustLinearize(t, m, LinearizeOptions{Outputs: []string{"x"}, Steady: true})
			if l.N() != 2 {
				t.Errorf("%d states: %v", l.N(), l.States)
			}
			sameTransfer(t, "x/f", &l.System, want, 1e-8)
			if !l.Equilibrium(1e-8) {
				t.Errorf("drift %v", l.Drift)
			}
		}
	}
}

// A mass on a spring and a damper whose other end is moved: the force asks for the speed of
// the input, and the force at that end, with a mass there, for its acceleration.
func TestLinearizeInputDerivatives(t *testing.T) {
	m := model.New("base")
	x, b, f := m.Var("x", model.Init(0)), m.Var("b"), m.Var("f")
	u := m.Input("u", 0)
	m.MustText("") // no text
	m.Eq(b, u)
	m.Eq(expr.Der(expr.Der(x)).Mul(2), b.Sub(x).Mul(8).Add(expr.Der(b).Sub(expr.Der(x)).Mul(0.5)))
	m.Eq(f, expr.Der(expr.Der(b)).Mul(3).Add(b.Sub(x).Mul(8)).Add(expr.Der(b).Sub(expr.Der(x)).Mul(0.5)))
	l := mustLinearize(t, m, LinearizeOptions{Outputs: []string{"x", "f", "der(x)", "b"}})
	g := func(s complex128) complex128 { return (0.5*s + 8) / (2*s*s + 0.5*s + 8) }
	sameTransfer(t, "x/u", l.Channel(0, 0), g, 1e-12)
	sameTransfer(t, "der(x)/u", l.Channel(2, 0), func(s complex128) complex128 { return s * g(s) }, 1e-12)
	sameTransfer(t, "b/u", l.Channel(3, 0), func(complex128) complex128 { return 1 }, 1e-12)
	f2 := func(s complex128) complex128 { return 3*s*s + (8+0.5*s)*(1-g(s)) }
	sameTransfer(t, "f/u", l.Channel(1, 0), f2, 1e-12)
	if len(l.Improper) != 2 || len(l.Shift) != 1 || len(l.Warnings) != 2 {
		t.Errorf("improper %v, shift %v, warnings %q", l.Improper, l.Shift, l.Warnings)
	}
	if n := len(l.Channel(0, 0).Improper); n != 0 {
		t.Errorf("x/u is proper, not with %d derivatives", n)
	}
	tf := l.TransferFunction(1, 0)
	if len(tf.Zeros) != 4 || len(tf.Poles) != 2 {
		t.Errorf("f/u has %d zeros and %d poles", len(tf.Zeros), len(tf.Poles))
	}
	for _, w := range []complex128{1i, 5i} {
		if d := cmplx.Abs(tf.At(w) - f2(w)); d > 1e-10*cmplx.Abs(f2(w)) {
			t.Errorf("f/u in factors is off by %v at %v", d, w)
		}
	}
}

// cascade is an integrating plant with a lag, under a proportional inner and a PI outer
// loop; the inner measurement goes through an algebraic loop.
func cascade() *model.System {
	m := model.New("cascade")
	r := m.Input("r", 0)
	w, phi, i := m.Var("w", model.Init(0)), m.Var("phi", model.Init(0)), m.Var("i", model.Init(0))
	u, ui, ref, rr, e := m.Var("u"), m.Var("ui"), m.Var("ref"), m.Var("rr"), m.Var("e")
	m.AnalysisPoint("inner", u, ui)
	m.AnalysisPoint("outer", ref, rr)
	m.Eq(e, r.Sub(phi))
	m.Eq(expr.Der(i), e.Mul(0.5))
	m.Eq(ref, e.Mul(2).Add(i))
	m.Eq(u, rr.Sub(w).Mul(10).Sub(ui.Mul(0.25)))
	m.Eq(expr.Der(w), ui.Sub(w))
	m.Eq(expr.Der(phi), w)
	return m
}

func TestAnalysisPoints(t *testing.T) {
	m := cascade()
	p := func(s complex128) complex128 { return 1 / (s + 1) }
	// u = 10 (rr - w) - ui/4 and w = p ui: the loop at inner is 10 p + 1/4.
	inner := func(s complex128) complex128 { return 10*p(s) + 0.25 }
	// With the inner loop closed, ui = 10 rr/(1 + inner), phi = p ui/s, ref = -(2 + 1/(2s)) phi.
	c := func(s complex128) complex128 { return 2 + 0.5/s }
	outer := func(s complex128) complex128 { return c(s) * p(s) / s * 10 / (1 + inner(s)) }
	// The loop at inner with the outer loop closed goes through both.
	both := func(s complex128) complex128 { return inner(s) + 10*c(s)*p(s)/s }
	l := mustLinearize(t, m, LinearizeOptions{Outputs: []string{"phi"}})
	sameTransfer(t, "phi/r", &l.System, func(s complex128) complex128 { return outer(s) / (1 + outer(s)) }, 1e-11)
	must := func(x *Linearization, err error) *lti.System {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		checkTerms(t, x)
		return &x.System
	}
	sameTransfer(t, "L inner, outer open", must(l.LoopTransfer("inner", "outer")), inner, 1e-12)
	sameTransfer(t, "L inner", must(l.LoopTransfer("inner")), both, 1e-11)
	sameTransfer(t, "L outer", must(l.LoopTransfer("outer")), outer, 1e-11)
	sameTransfer(t, "S outer", must(l.Sensitivity("outer")), func(s complex128) complex128 { return 1 / (1 + outer(s)) }, 1e-11)
	sameTransfer(t, "T outer", must(l.ComplementarySensitivity("outer")), func(s complex128) complex128 { return outer(s) / (1 + outer(s)) }, 1e-11)
	sameTransfer(t, "S inner, outer open", must(l.Sensitivity("inner", "outer")), func(s complex128) complex128 { return 1 / (1 + inner(s)) }, 1e-11)
	// Open at outer, a reference of the inner loop is an input there.
	o := mustLinearize(t, m, LinearizeOptions{Inputs: []string{"outer"}, Outputs: []string{"w", "inner"}, Open: []string{"outer"}})
	sameTransfer(t, "w/rr", o.Channel(0, 0), func(s complex128) complex128 { return 10 * p(s) / (1 + inner(s)) }, 1e-11)
	sameTransfer(t, "u/rr", o.Channel(1, 0), func(s complex128) complex128 { return 10 / (1 + inner(s)) }, 1e-11)
	if _, err := l.Sensitivity("no such"); err == nil {
		t.Error("an unknown point passes")
	}
	// The same points in text.
	x := model.New("text")
	x.Input("r", 1)
	x.Var("y", model.Init(0))
	x.Var("u")
	x.Var("v")
	x.MustText("der(y) = v - y; analysisPoint loop: v = u\nu = 3*(r - y)")
	lx := mustLinearize(t, x, LinearizeOptions{Loop: "loop"})
	sameTransfer(t, "3/(s+1)", &lx.System, func(s complex128) complex128 { return 3 / (s + 1) }, 1e-12)
}

// Two masses tied by a gear: whichever is the state, the transfer functions are the same;
// so they are with an algebraic unknown that only Newton's method can find.
func TestLinearizeStateChoice(t *testing.T) {
	want := func(s complex128) complex128 { return 1 / ((2 + 9*0.5) * s * s) } // phi1/tau
	for _, hint := range []model.StateHint{model.StateDefault, model.StateAlways, model.StateNever} {
		m := model.New("gear")
		tau := m.Input("tau", 0)
		p1, p2 := m.Var("phi1", model.WithState(hint)), m.Var("phi2")
		c := m.Var("torque")
		m.Eq(expr.Der(expr.Der(p1)).Mul(2), tau.Sub(c.Mul(3)))
		m.Eq(expr.Der(expr.Der(p2)).Mul(0.5), c)
		m.Eq(p2, p1.Mul(3))
		l := mustLinearize(t, m, LinearizeOptions{Outputs: []string{"phi1", "torque"}})
		sameTransfer(t, "phi1/tau", l.Channel(0, 0), want, 1e-11)
		sameTransfer(t, "torque/tau", l.Channel(1, 0), func(s complex128) complex128 { return 1.5 / 6.5 }, 1e-11)
	}
	m := model.New("loop")
	u := m.Input("u", 0.3)
	x, z, w := m.Var("x", model.Init(0.2)), m.Var("z", model.WithGuess(1)), m.Var("w", model.WithGuess(1))
	m.Eq(expr.Der(x), z.Sub(x))
	m.Eq(z.Pow(3).Add(w), u.Add(2))
	m.Eq(w.Pow(3).Add(z.Mul(2)), x.Add(3))
	l := mustLinearize(t, m, LinearizeOptions{Outputs: []string{"z"}})
	// dz: [3 z^2, 1; 2, 3 w^2] [dz; dw] = [du; dx]
	zv, wv := l.values.Values[z.ID()], l.values.Values[w.ID()]
	det := 9*zv*zv*wv*wv - 2
	a, b := -1/det, 3*wv*wv/det
	sameTransfer(t, "z/u", &l.System, func(s complex128) complex128 {
		x := complex(b, 0) / (s + 1 - complex(a, 0))
		return complex(a, 0)*x + complex(b, 0)
	}, 1e-9)
}

// What events decide is frozen: the branch of an if, a sampled value; parameters that
// follow an input move with it, those that were set do not; an unknown that no equation
// determines is an input.
func TestLinearizeFrozen(t *testing.T) {
	m := model.New("frozen")
	u := m.Input("u", 0)
	p := m.Param("p", 2)
	q := m.Param("q", p.Mul(3))
	x, h := m.Var("x", model.Init(1)), m.Discrete("h", model.Init(5))
	y := m.Var("y")
	m.Eq(expr.Der(x), expr.If(x.Gt(0.5), x.Neg().Mul(p), x.Mul(-7)).Add(u))
	m.Event(m.T().Ge(1), m.SetTo(h, x))
	m.Eq(y, x.Mul(q).Add(h.Mul(x)))
	opt := LinearizeOptions{Inputs: []string{"u", "p"}, Outputs: []string{"y"}, At: []float64{0, 2}}
	list, found := NewSystem(m, Options{}).Linearize(context.Background(), opt)
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	x1 := 0.5 * math.Exp(-7*(1-math.Ln2/2)) // x falls to 0.5 at ln(2)/2
	for k, c := range []struct{ a, bp, c, d float64 }{{-2, -1, 11, 3}, {-7, 0, 6 + x1, 3 * 0.5 * math.Exp(-7*(2-math.Ln2/2))}} {
		l := list[k]
		checkTerms(t, l)
		for _, q := range [][2]float64{{l.A.At(0, 0), c.a}, {l.B.At(0, 0), 1}, {l.B.At(0, 1), c.bp}, {l.C.At(0, 0), c.c}, {l.D.At(0, 0), 0}, {l.D.At(0, 1), c.d}} {
			if math.Abs(q[0]-q[1]) > 1e-6*max(1, math.Abs(q[1])) {
				t.Errorf("at %v: %v, want %v", l.T, q[0], q[1])
			}
		}
	}
	opt.At = nil
	opt.Set = map[string]float64{"q": 10}
	l := mustLinearize(t, m, opt)
	if l.D.At(0, 1) != 0 || l.C.At(0, 0) != 15 {
		t.Errorf("a parameter that was set does not follow: C %v, D %v", l.C, l.D)
	}
	free := model.New("free")
	f, v := free.Var("f", model.WithGuess(3)), free.Var("v", model.Init(0))
	free.Eq(expr.Der(v), f.Sub(v))
	l = mustLinearize(t, free, LinearizeOptions{Inputs: []string{"f"}, Outputs: []string{"v"}, Steady: true})
	sameTransfer(t, "v/f", &l.System, func(s complex128) complex128 { return 1 / (s + 1) }, 1e-12)
	if math.Abs(l.X0[0]-3) > 1e-9 {
		t.Errorf("steady at %v", l.X0)
	}
}

// Random linear differential-algebraic systems E x' = A x + B u of any index: the transfer
// function must be C (s E - A)^-1 B, by complex elimination on the pencil itself. A pencil
// whose structure does not show that it is singular, or of higher index than it looks, may
// be refused, but not be answered wrongly.
func TestLinearizeRandomDAE(t *testing.T) {
	answered, high, refused := 0, 0, 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		n := 2 + r.IntN(5)
		entry := func(p float64) float64 {
			if r.Float64() > p {
				return 0
			}
			return float64(r.IntN(9)-4) + 0.25
		}
		e, a, b := make([]float64, n*n), make([]float64, n*n), make([]float64, n)
		for i := range n {
			for j := range n {
				if i < n-1-r.IntN(3) {
					e[i*n+j] = entry(0.3)
				}
				a[i*n+j] = entry(0.45)
			}
			b[i] = entry(0.4)
		}
		pencil := func(s complex128) ([]complex128, bool) {
			m := make([][]complex128, n)
			for i := range m {
				m[i] = make([]complex128, n+1)
				for j := range n {
					m[i][j] = s*complex(e[i*n+j], 0) - complex(a[i*n+j], 0)
				}
				m[i][n] = complex(b[i], 0)
			}
			first := 0.0
			for k := range n {
				p, best := k, 0.0
				for i := k; i < n; i++ {
					if v := cmplx.Abs(m[i][k]); v > best {
						p, best = i, v
					}
				}
				if first = max(first, best); best < 1e-10*first || best == 0 {
					return nil, false
				}
				m[k], m[p] = m[p], m[k]
				for i := range m {
					if i != k {
						f := m[i][k] / m[k][k]
						for j := k; j <= n; j++ {
							m[i][j] -= f * m[k][j]
						}
					}
				}
			}
			x := make([]complex128, n)
			for i := range x {
				x[i] = m[i][n] / m[i][i]
			}
			return x, true
		}
		if _, ok := pencil(0.37 + 1.1i); !ok {
			continue
		}
		m := model.New("pencil")
		u := m.Input("u", 0)
		var x []expr.Expr
		var names []string
		for i := range n {
			names = append(names, fmt.Sprintf("x%d", i))
			x = append(x, m.Var(names[i]))
		}
		for i := range n {
			lhs, rhs := m.Pool.Of(expr.Zero), u.Mul(b[i])
			for j := range n {
				lhs = lhs.Add(expr.Der(x[j]).Mul(e[i*n+j]))
				rhs = rhs.Add(x[j].Mul(a[i*n+j]))
			}
			m.Eq(lhs, rhs)
		}
		l, err := Linearize(context.Background(), m, LinearizeOptions{Outputs: names})
		if err != nil {
			refused++
			continue
		}
		answered++
		if len(l.Improper) > 0 {
			high++
		}
		checkTerms(t, l)
		for _, s := range []complex128{0.37 + 1.1i, 2, 0.1 + 5i} {
			want, ok := pencil(s)
			if !ok {
				continue
			}
			size := 0.0
			for _, w := range want {
				size = max(size, cmplx.Abs(w))
			}
			for i, g := range l.At(s) {
				if d := cmplx.Abs(g - want[i]); !(d <= 1e-6*(size+1e-9)) {
					t.Errorf("seed %d: G%d(%v) = %v, want %v", seed, i, s, g, want[i])
				}
			}
		}
	}
	t.Logf("%d answered, %d of them not proper, %d refused", answered, high, refused)
	if answered < 150 || high < 10 || refused > answered/4 {
		t.Errorf("%d answered, %d of them not proper, %d refused", answered, high, refused)
	}
}

// differences linearizes a compiled model by central differences of its kernels, with the
// parameters inputs as inputs, and returns the transfer function. It knows nothing of the
// linearizer: events are frozen because the kernels do not change their memory.
func differences(t *testing.T, c *Compiler, at instant, inputs, outputs []string) func(s complex128) []complex128 {
	t.Helper()
	p := c.prob
	k := p.NewKernels()
	n, ni := p.N(), p.NInv
	var in, which []int
	for _, name := range inputs {
		in = append(in, slices.IndexFunc(p.Params, func(q ode.Quantity) bool { return q.Name == name }))
	}
	for _, name := range outputs {
		which = append(which, slices.IndexFunc(p.Observables, func(o ode.Observable) bool { return o.Name == name }))
	}
	observe := p.NewObserver(which)
	value := func(u, pp []float64) []float64 {
		r := make([]float64, n+ni+len(which))
		k.RHS(at.t, u, pp, r[:n])
		if ni > 0 {
			k.Invariants(at.t, u, pp, r[n:n+ni])
		}
		for i, w := range which {
			switch o := p.Observables[w]; o.Kind {
			case ode.State:
				r[n+ni+i] = o.Sign * u[o.Index]
			case ode.Parameter:
				r[n+ni+i] = o.Sign * pp[o.Index]
			default:
				buf := make([]float64, len(which))
				observe(at.t, u, pp, buf)
				r[n+ni+i] = buf[i]
			}
		}
		return r
	}
	column := func(x float64, eval func(v float64) []float64) []float64 {
		h := 1e-4 * max(math.Abs(x), 1e-2)
		d := make([]float64, n+ni+len(which))
		// Richardson: error of order h^4.
		for _, q := range [][2]float64{{h, 4.0 / 3}, {2 * h, -1.0 / 3}} {
			hi, lo := eval(x+q[0]), eval(x-q[0])
			for i := range d {
				d[i] += q[1] * (hi[i] - lo[i]) / (2 * q[0])
			}
		}
		return d
	}
	var cols [][]float64
	for j := range n {
		cols = append(cols, column(at.u[j], func(v float64) []float64 {
			u := slices.Clone(at.u)
			u[j] = v
			return value(u, at.p)
		}))
	}
	for _, j := range in {
		cols = append(cols, column(at.p[j], func(v float64) []float64 {
			pp := slices.Clone(at.p)
			pp[j] = v
			if k.Bind != nil {
				set := make([]bool, len(p.Params))
				set[j] = true
				k.Bind(pp, set)
			}
			return value(at.u, pp)
		}))
	}
	// (s M - F) x = F_p, with the constraints G x = -G_p in the least-squares sense: the
	// normal equations of both.
	return func(s complex128) []complex128 {
		rows := n + ni
		g := make([]complex128, len(outputs)*len(inputs))
		for q := range inputs {
			m := make([][]complex128, n)
			for i := range m {
				m[i] = make([]complex128, n+1)
			}
			entry := func(i, j int) complex128 {
				v := complex(-cols[j][i], 0)
				if i == j && (p.Mass == nil || p.Mass[i] != 0) {
					v += s
				}
				return v
			}
			for i := range n {
				for j := range n {
					for r := range rows {
						m[i][j] += cmplx.Conj(entry(r, i)) * entry(r, j)
					}
				}
				for r := range rows {
					m[i][n] += cmplx.Conj(entry(r, i)) * complex(cols[n+q][r], 0)
				}
			}
			for a := range n {
				piv := a
				for i := a; i < n; i++ {
					if cmplx.Abs(m[i][a]) > cmplx.Abs(m[piv][a]) {
						piv = i
					}
				}
				m[a], m[piv] = m[piv], m[a]
				for i := range n {
					if i != a {
						f := m[i][a] / m[a][a]
						for j := a; j <= n; j++ {
							m[i][j] -= f * m[a][j]
						}
					}
				}
			}
			for i := range outputs {
				v := complex(cols[n+q][rows+i], 0)
				for j := range n {
					v += complex(cols[j][rows+i], 0) * m[j][n] / m[j][j]
				}
				g[i*len(inputs)+q] = v
			}
		}
		return g
	}
}

// Models of the Base Modelica corpus, linearized by their parameters, against differences
// of the kernels, at their start and at a steady state or a later time.
func TestLinearizeCorpus(t *testing.T) {
	const dir = "../shared/data/basemodelica/"
	if _, err := os.Stat(dir); err != nil {
		t.Skip("needs ../shared/data")
	}
	for _, x := range []struct {
		file            string
		inputs, outputs []string
		at              float64
	}{
		{"CauerLowPassAnalog.bmo", []string{"V.V", "c1", "l1"}, []string{"R2.v", "C1.i", "V.i"}, 3},
		{"ChuaCircuit.bmo", []string{"L.L", "Ro.R", "C1.C"}, []string{"C1.v", "L.i"}, 100},
		{"OpAmpAdder.bmo", nil, nil, 0.3},
		{"PID_Controller.bmo", []string{"driveAngle", "inertia2.J", "spring.c"}, []string{"inertia1.w", "spring.tau", "PI.y"}, 1.3},
		{"MathFunctions.bmo", nil, nil, 0.3},
	} {
		c := New(dir+x.file, Options{})
		prob, found := c.Problem(context.Background())
		if found.Errors() > 0 {
			t.Fatal(found)
		}
		if x.inputs == nil {
			for i := range c.sys.Vars {
				v := &c.sys.Vars[i]
				switch {
				case v.Kind == model.ParameterVar && v.Type == model.RealType && !v.Structural && len(x.inputs) < 4:
					x.inputs = append(x.inputs, v.Name)
				case v.Kind == model.Unknown && v.Type == model.RealType && len(x.outputs) < 4:
					x.outputs = append(x.outputs, v.Name)
				}
			}
		}
		list, found := c.Linearize(context.Background(), LinearizeOptions{Inputs: x.inputs, Outputs: x.outputs, At: []float64{prob.Span[0], x.at}})
		if found.Errors() > 0 {
			t.Errorf("%s: %v", x.file, found)
			continue
		}
		for _, l := range list {
			checkTerms(t, l)
			if len(l.Shift)+len(l.Improper) > 0 {
				t.Errorf("%s depends on derivatives of parameters", x.file)
				continue
			}
			want := differences(t, c, l.at, x.inputs, x.outputs)
			for _, s := range []complex128{0.2 + 0.9i, 3 + 1i, 0.05 + 30i} {
				w, g := want(s), l.System.At(s)
				size := 0.0
				for _, v := range w {
					size = max(size, cmplx.Abs(v))
				}
				for i := range w {
					if d := cmplx.Abs(g[i] - w[i]); !(d <= 1e-6*cmplx.Abs(w[i])+1e-8*size) {
						t.Errorf("%s at t = %v: G[%d](%v) = %v, want %v", x.file, l.T, i, s, g[i], w[i])
					}
				}
			}
		}
	}
}

// The linearizations along a trajectory are those of the variational equation: a small
// change of the start, carried along by x' = A(t) x, is what a changed run shows, also in
// the coordinates of a constraint manifold.
func TestLinearizeTrajectory(t *testing.T) {
	const n, end = 400, 0.8
	times := make([]float64, 2*n+1)
	for i := range times {
		times[i] = end * float64(i) / (2 * n)
	}
	swing := func(phi, d float64) *model.System {
		m := cartesian(math.Sin(phi+d), -math.Cos(phi+d))
		m.Vars[0].Fixed, m.Vars[0].State = model.FixedTrue, model.StatePrefer
		m.InitialEq(expr.Der(m.Pool.Of(m.Vars[0].Sym)), 0)
		return m
	}
	final := func(m *model.System) float64 {
		prob, err := Compile(m)
		if err != nil {
			t.Fatal(err)
		}
		sol, err := ode.Solve(context.Background(), prob, ode.Options{Span: [2]float64{0, end}, RelTol: 1e-11, AbsTol: 1e-13, FinalOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		v, err := sol.Final([]string{"x"})
		if err != nil {
			t.Fatal(err)
		}
		return v[0]
	}
	const phi, d = 0.9, 1e-4
	want := (final(swing(phi, d)) - final(swing(phi, -d))) / (2 * d)
	list, found := NewSystem(swing(phi, 0), Options{}).Linearize(context.Background(), LinearizeOptions{Outputs: []string{"x"}, At: times})
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	for _, l := range list {
		if l.N() != 2 || l.States[0] != "x" {
			t.Fatalf("other coordinates than x at t = %v: %v", l.T, l.States)
		}
	}
	// Classical Runge-Kutta on the matrices at the ends and the middle of each step.
	x := []float64{math.Cos(phi), 0}
	mul := func(l *Linearization, x []float64) []float64 {
		return []float64{l.A.At(0, 0)*x[0] + l.A.At(0, 1)*x[1], l.A.At(1, 0)*x[0] + l.A.At(1, 1)*x[1]}
	}
	h := end / n
	along := func(x, k []float64, f float64) []float64 { return []float64{x[0] + f*k[0], x[1] + f*k[1]} }
	for i := range n {
		k1 := mul(list[2*i], x)
		k2 := mul(list[2*i+1], along(x, k1, h/2))
		k3 := mul(list[2*i+1], along(x, k2, h/2))
		k4 := mul(list[2*i+2], along(x, k3, h))
		for q := range x {
			x[q] += h / 6 * (k1[q] + 2*k2[q] + 2*k3[q] + k4[q])
		}
	}
	got := list[2*n].C.At(0, 0)*x[0] + list[2*n].C.At(0, 1)*x[1]
	// Steps of 2 ms, differences of 1e-4, runs to 1e-8.
	if math.Abs(got-want) > 1e-5*math.Abs(want) {
		t.Errorf("dx(%v)/dphi(0) = %v, differences give %v", end, got, want)
	}
}

// A small step of the force on the hanging pendulum, simulated, against the step response.
func TestLinearizeStep(t *testing.T) {
	l := mustLinearize(t, cartesian(0, -1), LinearizeOptions{Outputs: []string{"x", "y", "lambda"}, Steady: true})
	times := []float64{0, 0.2, 0.5, 1, 2, 3.7}
	y, err := l.StepResponse(0, times)
	if err != nil {
		t.Fatal(err)
	}
	const f = 1e-4
	m := cartesian(0, -1)
	m.Vars[0].Fixed = model.FixedTrue
	m.InitialEq(expr.Der(m.Pool.Of(m.Vars[0].Sym)), 0)
	prob, err := Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	sol, err := ode.Solve(context.Background(), prob, ode.Options{Span: [2]float64{0, 4}, RelTol: 1e-10, AbsTol: 1e-13, SaveAt: times, Set: map[string]float64{"f": f}})
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"x", "y", "lambda"} {
		v, err := sol.Values(name)
		if err != nil {
			t.Fatal(err)
		}
		base := []float64{0, -1, 9.81}[i]
		for k := range times {
			// x is of first order in f, y and lambda of second.
			if got := (v[k] - base) / f; math.Abs(got-y[i][k]) > 1e-4 {
				t.Errorf("%s(%v) = %v in a unit of force, the step response is %v", name, times[k], got, y[i][k])
			}
		}
	}
}

// A steady state on the other side of a relation: the level of a tank with an overflow at
// 1, filled at the rate 3: h' = 3 - h - 10 (h - 1) there, so h = 13/11.
func TestLinearizeSteadyRelation(t *testing.T) {
	m := model.New("tank")
	h := m.Var("h", model.Init(0))
	q := m.Input("q", 3)
	m.Eq(expr.Der(h), q.Sub(h).Sub(expr.If(h.Gt(1), h.Sub(1).Mul(10), 0)))
	l := mustLinearize(t, m, LinearizeOptions{Outputs: []string{"h"}, Steady: true})
	if math.Abs(l.X0[0]-13.0/11) > 1e-9 || l.A.At(0, 0) != -11 || !l.Equilibrium(1e-9) {
		t.Errorf("h = %v, A = %v", l.X0, l.A)
	}
	l = mustLinearize(t, m, LinearizeOptions{Outputs: []string{"h"}, Steady: true, Set: map[string]float64{"q": 0.25}})
	if math.Abs(l.X0[0]-0.25) > 1e-9 || l.A.At(0, 0) != -1 {
		t.Errorf("h = %v, A = %v", l.X0, l.A)
	}
}

// Values fix what the model computes, and parameters; what the model fixes gives way.
func TestLinearizeValues(t *testing.T) {
	m := cartesian(0, -1)
	m.Vars[0].Fixed = model.FixedTrue
	m.InitialEq(expr.Der(m.Pool.Of(m.Vars[0].Sym)), 1)
	l := mustLinearize(t, m, LinearizeOptions{Outputs: []string{"y"}, Values: map[string]float64{"y": -0.6, "x": 0.8, "d": 0.2}})
	if v := l.values.Values; math.Abs(l.Y0[0]+0.6) > 1e-12 || v[m.Vars[0].Sym] < 0 {
		t.Errorf("y = %v, x = %v", l.Y0, v[m.Vars[0].Sym])
	}
	if _, err := Linearize(context.Background(), m, LinearizeOptions{Outputs: []string{"y"}, Values: map[string]float64{"z": 1}}); err == nil {
		t.Error("an unknown name passes")
	}
}

// A loop with a derivative: at the measurement the open loop is (K + Kd s) P, which asks for
// the derivative of what is added there; P = 1/(s + 1)^2 or 1/(s + 1).
func TestLinearizeDerivativeLoop(t *testing.T) {
	for _, order := range []int{1, 2} {
		m := model.New("pd")
		x, y, ym, u := m.Var("x", model.Init(0)), m.Var("y", model.Init(0)), m.Var("ym"), m.Var("u")
		m.Eq(u, ym.Mul(-3).Sub(expr.Der(ym).Mul(0.5)))
		m.Eq(expr.Der(x), u.Sub(x))
		if order == 1 {
			m.Eq(y, x)
		} else {
			m.Eq(expr.Der(y), x.Sub(y))
		}
		m.AnalysisPoint("meas", y, ym)
		l := mustLinearize(t, m, LinearizeOptions{Loop: "meas"})
		open := func(s complex128) complex128 { return (3 + 0.5*s) / cmplx.Pow(s+1, complex(float64(order), 0)) }
		sameTransfer(t, "L", &l.System, open, 1e-11)
		if len(l.Shift) != 1 || len(l.Improper) != 0 {
			t.Errorf("shift %v, improper %v", l.Shift, l.Improper)
		}
		for _, q := range []struct {
			f    func(string, ...string) (*Linearization, error)
			want func(complex128) complex128
		}{
			{l.Sensitivity, func(s complex128) complex128 { return 1 / (1 + open(s)) }},
			{l.ComplementarySensitivity, func(s complex128) complex128 { return open(s) / (1 + open(s)) }},
		} {
			x, err := q.f("meas")
			if err != nil {
				t.Fatal(err)
			}
			checkTerms(t, x)
			sameTransfer(t, "closed", &x.System, q.want, 1e-10)
		}
	}
}

// Functions with kinks and steps have the slope of the side on which the point lies.
func TestLinearizeKinks(t *testing.T) {
	for _, c := range []struct {
		text      string
		at, slope float64
	}{
		{"abs(x - 2)", 1.2, -1}, {"abs(x - 2)", 3, 1}, {"noEvent(abs(x)*x)", -1.5, 3},
		{"min(x, 3)", 1.2, 1}, {"min(x, 3)", 3.5, 0}, {"max(2*x, 3)", 1.2, 0}, {"max(2*x, 3)", 1.7, 2},
		{"mod(3*x, 2)", 1.2, 3}, {"rem(-x, 0.7)", 1.2, -1}, {"mod(5, x)", 1.2, -4}, {"div(x, 0.5)*x", 1.2, 2},
		{"floor(x)*x", 1.2, 1}, {"ceil(x)*x", 1.2, 2}, {"sign(x)*x", -1.2, -1},
		{"if x > 1 and x < 2 then x^2 else -x", 1.2, 2.4}, {"if x > 1 and x < 2 then x^2 else -x", 2.2, -1},
		{"smooth(1, if x > 0 then x^2 else 0)", 1.2, 2.4},
	} {
		m := model.New("kink")
		m.Var("x", model.Init(c.at))
		m.Var("y")
		m.Input("u", 0)
		m.MustText("der(x) = u - x; y = " + c.text)
		l := mustLinearize(t, m, LinearizeOptions{Outputs: []string{"y"}})
		if math.Abs(l.C.At(0, 0)-c.slope) > 1e-12 {
			t.Errorf("d(%s)/dx = %v at %v, want %v", c.text, l.C.At(0, 0), c.at, c.slope)
		}
	}
}

// Random smooth differential-algebraic systems with nonlinear implicit blocks, against
// differences of their kernels.
func TestLinearizeRandomNonlinear(t *testing.T) {
	done := 0
	for seed := range uint64(80) {
		r := rand.New(rand.NewPCG(seed, 11))
		n, k := 1+r.IntN(3), r.IntN(4)
		m := model.New("random")
		pick := func() float64 { return float64(r.IntN(9)-4) / 4 }
		u, p := m.Input("u", 0.25), m.Param("p", 0.5)
		q := m.Param("q", p.Mul(2).Add(0.25))
		vars := []expr.Expr{u, p, q}
		var names []string
		for i := range n {
			names = append(names, fmt.Sprintf("x%d", i))
			vars = append(vars, m.Var(names[i], model.Init(pick())))
		}
		for i := range k {
			names = append(names, fmt.Sprintf("z%d", i))
			vars = append(vars, m.Var(fmt.Sprintf("z%d", i), model.WithGuess(0)))
		}
		term := func() expr.Expr {
			a, b := vars[r.IntN(len(vars))], vars[r.IntN(len(vars))]
			switch r.IntN(5) {
			case 0:
				return expr.Sin(a.Add(b))
			case 1:
				return a.Mul(b).Mul(0.5)
			case 2:
				return expr.If(a.Gt(0.1), b.Mul(0.25), a)
			case 3:
				return expr.Abs(a.Sub(0.3))
			}
			return a.Sub(b.Mul(0.5))
		}
		for i := range n {
			m.Eq(expr.Der(vars[3+i]), term().Add(term()).Sub(vars[3+i]))
		}
		for i := range k { // dominant in its own variable, so that there is a solution
			m.Eq(vars[3+n+i].Mul(6).Add(expr.Sin(vars[3+n+i])), term().Add(term()))
		}
		c := NewSystem(m, Options{})
		if _, found := c.Problem(context.Background()); found.Errors() > 0 {
			t.Fatalf("seed %d: %v", seed, found)
		}
		inputs := []string{"u", "p"}
		list, found := c.Linearize(context.Background(), LinearizeOptions{Inputs: inputs, Outputs: names, At: []float64{0, 0.7}})
		if found.Errors() > 0 {
			t.Logf("seed %d: %v", seed, found)
			continue
		}
		for _, l := range list {
			checkTerms(t, l)
			want := differences(t, c, l.at, inputs, names)
			for _, s := range []complex128{0.3 + 0.8i, 2 + 5i} {
				w := want(s)
				for i, g := range l.System.At(s) {
					if d := cmplx.Abs(g - w[i]); !(d <= 1e-6*(1+cmplx.Abs(w[i]))) {
						t.Errorf("seed %d, t = %v: G[%d](%v) = %v, want %v", seed, l.T, i, s, g, w[i])
					}
				}
			}
			done++
		}
	}
	if done < 140 {
		t.Errorf("only %d points", done)
	}
}
