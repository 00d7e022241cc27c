package mtkc

import (
	"context"
	"math"
	"math/cmplx"
	"testing"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/lti"
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
