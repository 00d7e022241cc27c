package vm

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/internal/check/randexpr"
)

// total is d/dt of e along u' = f.
func total(p *expr.Pool, e expr.ID, states, f []expr.ID) expr.ID {
	d := p.Diff(e, expr.Time, map[expr.ID]expr.ID{})
	for i, x := range states {
		d = p.Add(d, p.Mul(p.Diff(e, x, map[expr.ID]expr.ID{}), f[i]))
	}
	return d
}

// Every operation with a recurrence, against repeated symbolic derivatives.
func TestJetSymbolic(t *testing.T) {
	const orders = 5
	for _, f := range []string{
		"-x0", "x0 + x1", "x1 - x0", "3 - x0", "x0 - p1", "p1*x0", "x0*x1", "x0^2", "x0/x1", "x0/p1", "p1/x0", "1/x0",
		"sqrt(x0)", "x0^1.5", "x0^p1", "x0^0.3", "p1^x0", "x0^x1", "exp(x0)", "log(x0)", "log10(x0)",
		"sin(x0)*cos(x0)", "sin(time)", "tan(x0)", "tanh(x0)", "sinh(x0) + cosh(x1)",
		"asin(x0/3)", "acos(x0/3)", "atan(x0)", "asinh(x0)", "acosh(x0 + 1)", "atanh(x0/3)",
		"atan2(x0, x1)", "atan2(x0, 2)", "atan2(2, x0)",
		"abs(x0 - 5)", "min(x0, x1*x1)", "max(x0, x1*x1)", "if x0 > x1 then x0*x0 else x1*x0", "if x0 < x1 then x0 else p1",
		"time*x0^3 + exp(-time)", "1",
	} {
		pl := rates(t, 2, 2, f+"\nx0*cos(time) - x1/4")
		p := pl.Pool
		prob := Problem(lower(t, pl))
		k := prob.NewKernels()
		if k.Jet == nil {
			t.Errorf("%s has no jet", f)
			continue
		}
		u, q := []float64{0.8, 1.3}, []float64{2, 1.7}
		states := []expr.ID{p.Sym("x0"), p.Sym("x1")}
		val := map[expr.ID]float64{expr.Time: 0.4, states[0]: u[0], states[1]: u[1], p.Sym("p0"): q[0], p.Sym("p1"): q[1]}
		c := make([]float64, 2*(orders+1))
		k.Jet(0.4, u, q, orders, c)
		for i := range 2 {
			e, fact := states[i], 1.0
			for n := range orders + 1 {
				want := p.Eval(e, func(a expr.ID) (float64, bool) { x, ok := val[a]; return x, ok }) / fact
				// Both are rounded sums of up to some hundred terms of size up to 100.
				if got := c[i*(orders+1)+n]; !(math.Abs(got-want) <= 1e-11*(1+math.Abs(want))) {
					t.Errorf("%s: coefficient %d of x%d = %v, want %v", f, n, i, got, want)
				}
				e = total(p, e, states, pl.Deriv)
				fact *= float64(n + 1)
			}
		}
	}
}

// Powers with a parameter as exponent at a base of 0, where the recurrence divides by it: u' = 1, so
// that u = t and t^m has one coefficient.
func TestJetPowerAtZero(t *testing.T) {
	prob := Problem(lower(t, rates(t, 2, 1, "1\n(x0 + x0^2)^p0")))
	c := make([]float64, 2*8)
	prob.NewKernels().Jet(0, []float64{0, 0}, []float64{3}, 7, c)
	// The integral of (t + t^2)^3 = t^3 + 3 t^4 + 3 t^5 + t^6.
	for n, want := range []float64{0, 0, 0, 0, 1. / 4, 3. / 5, 3. / 6, 1. / 7} {
		if math.Abs(c[8+n]-want) > 1e-15 {
			t.Errorf("coefficient %d is %v, want %v", n, c[8+n], want)
		}
	}
}

// Lorenz to order 30, against the recurrence in 300 bits.
func TestJetExact(t *testing.T) {
	const order = 30
	prob := Problem(lower(t, rates(t, 3, 3, "p0*(x1 - x0)\nx0*(p1 - x2) - x1\nx0*x1 - p2*x2")))
	u, q := []float64{1, 2, 20}, []float64{10, 28, 8. / 3}
	c := make([]float64, 3*(order+1))
	prob.NewKernels().Jet(0, u, q, order, c)
	num := func(x float64) *big.Float { return new(big.Float).SetPrec(300).SetFloat64(x) }
	mul := func(a, b *big.Float) *big.Float { return num(0).Mul(a, b) }
	var s [3][]*big.Float
	for i, v := range u {
		s[i] = []*big.Float{num(v)}
	}
	conv := func(a, b []*big.Float) *big.Float {
		v := num(0)
		for j := range a {
			v.Add(v, mul(a[j], b[len(a)-1-j]))
		}
		return v
	}
	for n := range order {
		f := [3]*big.Float{num(0), num(0), num(0)}
		f[0].Sub(s[1][n], s[0][n])
		f[0].Mul(f[0], num(q[0]))
		f[1].Sub(mul(num(q[1]), s[0][n]), conv(s[0], s[2]))
		f[1].Sub(f[1], s[1][n])
		f[2].Sub(conv(s[0], s[1]), mul(num(q[2]), s[2][n]))
		for i := range f {
			s[i] = append(s[i], f[i].Quo(f[i], num(float64(n+1))))
		}
	}
	for i := range s {
		size := 0.0
		for n, v := range s[i] {
			want, _ := v.Float64()
			got := c[i*(order+1)+n]
			size = math.Max(size*0.5, math.Abs(want))
			// Rounding errors of n steps, each of a few units, relative to the size of neighbours.
			if math.Abs(got-want) > 1e-14*float64(n+1)*size {
				t.Errorf("coefficient %d of x%d = %v, want %v", n, i, got, want)
			}
		}
	}
}

// Random smooth right-hand sides: the slope of the polynomial of degree p differs from f along it
// by O(h^p), so that one of half the length differs 2^p times less. This is wrong in the first
// coefficient that is.
func TestJetDefect(t *testing.T) {
	const order, n = 8, 3
	tried := 0
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 77))
		p := expr.NewPool()
		g := randexpr.New(p, randexpr.Func(rng.IntN), randexpr.Options{Depth: 5, Symbols: n + 2, Smooth: true})
		var rhs []expr.ID
		for range n {
			rhs = append(rhs, g.Real())
		}
		prog := lower(t, plain(p, g.Syms[:n], g.Syms[n:], rhs))
		k := Problem(prog).NewKernels()
		if k.Jet == nil {
			t.Fatalf("no jet:\n%s", prog.RHS)
		}
		u, q := make([]float64, n), []float64{0.2 + rng.Float64(), 0.2 + rng.Float64()}
		for i := range u {
			u[i] = 0.2 + rng.Float64()
		}
		c, d := make([]float64, n*(order+1)), make([]float64, n*(order+5))
		k.Jet(0.7, u, q, order, c)
		k.Jet(0.7, u, q, order+4, d)
		// The step at which the higher terms are small, if all is finite and not too steep.
		h := 1.0
		for i := range n {
			for j := 1; j < order+5; j++ {
				v := math.Abs(d[i*(order+5)+j])
				if v-v != 0 {
					h = 0
				} else if v > 0 {
					h = math.Min(h, math.Pow(v/math.Max(1, u[i]), -1/float64(j)))
				}
				if j <= order && c[i*(order+1)+j] != d[i*(order+5)+j] && v-v == 0 {
					t.Fatalf("seed %d: coefficient %d depends on the order", seed, j)
				}
			}
		}
		if !(h > 1e-6) {
			continue
		}
		du := make([]float64, n)
		k.RHS(0.7, u, q, du)
		for i := range du {
			if math.Abs(du[i]-c[i*(order+1)+1]) > 1e-15*math.Abs(du[i]) {
				t.Fatalf("seed %d: coefficient 1 is %v, f %v", seed, c[i*(order+1)+1], du[i])
			}
		}
		defect := func(h float64) float64 {
			v, slope := make([]float64, n), make([]float64, n)
			for i := range n {
				for j := order; j >= 0; j-- {
					slope[i] = slope[i]*h + v[i]
					v[i] = v[i]*h + c[i*(order+1)+j]
				}
			}
			k.RHS(0.7+h, v, q, du)
			worst := 0.0
			for i := range n {
				worst = math.Max(worst, math.Abs(slope[i]-du[i])/(math.Abs(du[i])+u[i]/h))
			}
			return worst
		}
		a, b := defect(h/8), defect(h/16)
		if a < 1e-12 {
			continue // rounding, or exact
		}
		tried++
		// 2^order in the limit; a wrong coefficient order gives half that at most.
		if ratio := a / b; b > 1e-14 && ratio < 0.6*math.Exp2(order) {
			t.Errorf("seed %d: the defect falls from %.3g to %.3g, %.3g times, want %g times\n%s", seed, a, b, ratio, math.Exp2(order), prog.RHS)
		}
	}
	if tried < 50 {
		t.Errorf("%d problems tried, want 50", tried)
	}
}

// What has no recurrence says so.
func TestJetNone(t *testing.T) {
	for _, c := range []struct{ f, want string }{
		{"floor(x0)", "floor"}, {"mod(x0, 2)", "floor"},
	} {
		if _, err := lower(t, rates(t, 1, 1, c.f)).Tape(); err == nil || !strings.Contains(err.Error(), "no Taylor coefficients") {
			t.Errorf("%s: %v", c.f, err)
		}
	}
	prog := compile(t, "var x = 1 fixed\nvar y = 1\nder(x) = -y\ny^5 + y = x")
	if _, err := prog.Tape(); err == nil || !strings.Contains(err.Error(), "algebraic") {
		t.Errorf("%v", err)
	}
}

// The cost of a jet in that of f.
func BenchmarkJet(b *testing.B) {
	for _, n := range []int{10, 100} {
		prob := Problem(lower(b, network(n)))
		k := prob.NewKernels()
		u := make([]float64, n)
		for i := range u {
			u[i] = 1 + 0.1*math.Sin(float64(i))
		}
		for _, order := range []int{8, 16} {
			c := make([]float64, n*(order+1))
			b.Run(fmt.Sprintf("n=%d/order=%d", n, order), func(b *testing.B) {
				for b.Loop() {
					k.Jet(0, u, prob.P, order, c)
				}
			})
		}
	}
}
