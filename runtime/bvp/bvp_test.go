package bvp

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/ode"
)

// system makes a problem u' = f on [a, b] with parameters p; jac may be nil.
func systemOf(n int, span [2]float64, p []float64, f func(t float64, u, p, du []float64), jac func(t float64, u, p, vals []float64)) *ode.Problem {
	pr := &ode.Problem{Name: "bvp", Span: span, U0: make([]float64, n), P: p}
	if jac != nil {
		pr.Jac = linsolve.Dense(n, n)
	}
	pr.NewKernels = func() *ode.Kernels { return &ode.Kernels{RHS: f, Jac: jac} }
	return pr
}

// ends are the conditions y(a) = ya, y(b) = yb on the first state.
func ends(ya, yb float64) func(ua, ub, p, g []float64) {
	return func(ua, ub, p, g []float64) { g[0], g[1] = ua[0]-ya, ub[0]-yb }
}

// cash are problems of the test set of Cash (bvpTestSet: Mazzia, Cash, Report 2014; J. Cash's web page of
// singularly perturbed problems) that have closed forms: eps y” = g(x, y, y'), written as u = (y, y').
var cash = []struct {
	n      int // number in the test set
	a, b   float64
	g      func(x, y, z, eps float64) float64 // eps y''
	dy, dz func(x, y, z, eps float64) float64 // its derivatives
	exact  func(x, eps float64) float64
	eps    []float64
}{
	{1, 0, 1, func(x, y, z, e float64) float64 { return y }, one, zero,
		func(x, e float64) float64 {
			s := math.Sqrt(e)
			return (math.Exp(-x/s) - math.Exp((x-2)/s)) / (1 - math.Exp(-2/s))
		}, []float64{0.1, 1e-3, 1e-5}},
	{2, 0, 1, func(x, y, z, e float64) float64 { return z }, zero, one,
		func(x, e float64) float64 { return (1 - math.Exp((x-1)/e)) / (1 - math.Exp(-1/e)) }, []float64{0.1, 1e-2, 1e-4}},
	{3, -1, 1, func(x, y, z, e float64) float64 {
		return y - (2+math.Cos(math.Pi*x))*z - (1+e*math.Pi*math.Pi)*math.Cos(math.Pi*x) - (2+math.Cos(math.Pi*x))*math.Pi*math.Sin(math.Pi*x)
	}, one, func(x, y, z, e float64) float64 { return -(2 + math.Cos(math.Pi*x)) },
		func(x, e float64) float64 { return math.Cos(math.Pi * x) }, []float64{0.1, 1e-3}},
	{4, -1, 1, func(x, y, z, e float64) float64 { return (1+e)*y - z }, func(x, y, z, e float64) float64 { return 1 + e }, minus,
		func(x, e float64) float64 { return math.Exp(x-1) + math.Exp(-(1+e)*(1+x)/e) }, []float64{0.1, 1e-2, 1e-4}},
	{5, -1, 1, func(x, y, z, e float64) float64 {
		return x*z + y - (1+e*math.Pi*math.Pi)*math.Cos(math.Pi*x) + math.Pi*x*math.Sin(math.Pi*x)
	}, one, func(x, y, z, e float64) float64 { return x },
		func(x, e float64) float64 { return math.Cos(math.Pi * x) }, []float64{0.1, 1e-2}},
	{6, -1, 1, func(x, y, z, e float64) float64 {
		return -x*z - e*math.Pi*math.Pi*math.Cos(math.Pi*x) - math.Pi*x*math.Sin(math.Pi*x)
	}, zero, func(x, y, z, e float64) float64 { return -x },
		func(x, e float64) float64 {
			return math.Cos(math.Pi*x) + math.Erf(x/math.Sqrt(2*e))/math.Erf(1/math.Sqrt(2*e))
		}, []float64{0.1, 1e-2, 1e-4}},
	{7, -1, 1, func(x, y, z, e float64) float64 {
		return -x*z + y - (1+e*math.Pi*math.Pi)*math.Cos(math.Pi*x) - math.Pi*x*math.Sin(math.Pi*x)
	}, one, func(x, y, z, e float64) float64 { return -x },
		func(x, e float64) float64 {
			h := func(x float64) float64 {
				return x*math.Erf(x/math.Sqrt(2*e)) + math.Sqrt(2*e/math.Pi)*math.Exp(-x*x/2/e)
			}
			return math.Cos(math.Pi*x) + x + h(x)/h(1)
		}, []float64{0.1, 1e-2, 1e-4}},
	{8, 0, 1, func(x, y, z, e float64) float64 { return -z }, zero, minus,
		func(x, e float64) float64 { return (2 - math.Exp(-1/e) - math.Exp(-x/e)) / (1 - math.Exp(-1/e)) }, []float64{0.1, 1e-2, 1e-4}},
	{9, -1, 1, func(x, y, z, e float64) float64 { return -e * (4*x*z + 2*y) / (e + x*x) }, func(x, y, z, e float64) float64 { return -2 * e / (e + x*x) },
		func(x, y, z, e float64) float64 { return -4 * x * e / (e + x*x) },
		func(x, e float64) float64 { return 1 / (e + x*x) }, []float64{0.1, 1e-2}},
	{10, -1, 1, func(x, y, z, e float64) float64 { return -x * z }, zero, func(x, y, z, e float64) float64 { return -x },
		func(x, e float64) float64 { return 1 + math.Erf(x/math.Sqrt(2*e))/math.Erf(1/math.Sqrt(2*e)) }, []float64{0.1, 1e-2, 1e-4}},
	{11, -1, 1, forced, one, zero, func(x, e float64) float64 { return math.Cos(math.Pi * x) }, []float64{0.1, 1e-3}},
	{12, -1, 1, forced, one, zero, func(x, e float64) float64 { return math.Cos(math.Pi*x) + layer(1+x, e) }, []float64{0.1, 1e-3, 1e-5}},
	{13, -1, 1, forced, one, zero, func(x, e float64) float64 { return math.Cos(math.Pi*x) + layer(1-x, e) }, []float64{0.1, 1e-3, 1e-5}},
	{14, -1, 1, forced, one, zero, func(x, e float64) float64 { return math.Cos(math.Pi*x) + layer(1+x, e) + layer(1-x, e) }, []float64{0.1, 1e-3, 1e-5}},
	// For number 17 eps = 0.01 is singular: the even solution vanishes at both ends, +-sqrt(eps).
	// eps^2 y'' = -pi^2/4 y, 1/eps odd.
	{16, 0, 1, func(x, y, z, e float64) float64 { return -math.Pi * math.Pi / 4 * y / e }, func(x, y, z, e float64) float64 { return -math.Pi * math.Pi / 4 / e }, zero,
		func(x, e float64) float64 { return math.Sin(math.Pi * x / 2 / e) }, []float64{1.0 / 3, 1.0 / 21}},
	{17, -0.1, 0.1, func(x, y, z, e float64) float64 { return -3 * e * e * y / sq(e+x*x) }, func(x, y, z, e float64) float64 { return -3 * e * e / sq(e+x*x) }, zero,
		func(x, e float64) float64 { return x / math.Sqrt(e+x*x) }, []float64{0.1, 1e-3, 1e-4}},
	{18, 0, 1, func(x, y, z, e float64) float64 { return -z }, zero, minus,
		func(x, e float64) float64 { return math.Exp(-x / e) }, []float64{0.1, 1e-2, 1e-4}},
	{20, 0, 1, func(x, y, z, e float64) float64 { return 1 - z*z }, zero, func(x, y, z, e float64) float64 { return -2 * z },
		func(x, e float64) float64 { return 1 + e*logCosh((x-0.745)/e) }, []float64{0.5, 0.1}},
	{21, 0, 1, func(x, y, z, e float64) float64 { return y + y*y - math.Exp(-2*x/math.Sqrt(e)) }, func(x, y, z, e float64) float64 { return 1 + 2*y }, zero,
		func(x, e float64) float64 { return math.Exp(-x / math.Sqrt(e)) }, []float64{0.1, 1e-3, 1e-5}},
}

func zero(x, y, z, e float64) float64  { return 0 }
func one(x, y, z, e float64) float64   { return 1 }
func minus(x, y, z, e float64) float64 { return -1 }
func sq(x float64) float64             { return x * x }

func forced(x, y, z, e float64) float64 { return y - (e*math.Pi*math.Pi+1)*math.Cos(math.Pi*x) }

// layer is the solution of e y” = y that is 0 at x = 0 and 1 at x = 2.
func layer(x, e float64) float64 {
	s := math.Sqrt(e)
	return (math.Exp((x-2)/s) - math.Exp(-(x+2)/s)) / (1 - math.Exp(-4/s))
}

func logCosh(x float64) float64 { return math.Abs(x) + math.Log1p(math.Exp(-2*math.Abs(x))) - math.Ln2 }

// cashProblem is entry k with the given eps; jac says that it has a Jacobian.
func cashProblem(k int, eps float64, jac bool) *Problem {
	c := cash[k]
	var J func(t float64, u, p, v []float64)
	if jac {
		J = func(t float64, u, p, v []float64) {
			v[0], v[1] = 0, c.dy(t, u[0], u[1], eps)/eps
			v[2], v[3] = 1, c.dz(t, u[0], u[1], eps)/eps
		}
	}
	p := systemOf(2, [2]float64{c.a, c.b}, nil, func(t float64, u, p, du []float64) {
		du[0], du[1] = u[1], c.g(t, u[0], u[1], eps)/eps
	}, J)
	return TwoPoint(p, ends(c.exact(c.a, eps), c.exact(c.b, eps)))
}

// worst is the largest error of the first state on a fine grid, and the largest value.
func worst(sol *Solution, exact func(x float64) float64) (err, size float64) {
	u := make([]float64, sol.N())
	a, b := sol.T[0], sol.T[len(sol.T)-1]
	for i := range 2001 {
		x := math.Min(b, a+(b-a)*float64(i)/2000)
		if !sol.At(x, u) {
			return math.NaN(), 0
		}
		err = math.Max(err, math.Abs(u[0]-exact(x)))
		size = math.Max(size, math.Abs(exact(x)))
	}
	for _, x := range sol.T { // where layers are resolved
		sol.At(x, u)
		err = math.Max(err, math.Abs(u[0]-exact(x)))
	}
	return err, size
}

// Collocation of orders 4 and 6 solves all of them, with layers from 0.1 to 1e-5, from a guess of zero, and the
// error follows the tolerance of the defect.
func TestCash(t *testing.T) {
	for k, c := range cash {
		for _, eps := range c.eps {
			for _, o := range []struct {
				m   Method
				tol float64
			}{{MIRK4, 1e-4}, {MIRK6, 1e-6}, {MIRK6, 1e-8}} {
				name := fmt.Sprintf("%d, eps = %g, %v, %g", c.n, eps, o.m, o.tol)
				sol, err := Solve(context.Background(), cashProblem(k, eps, true), Options{Method: o.m, Tol: o.tol})
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				e, size := worst(sol, func(x float64) float64 { return c.exact(x, eps) })
				// The defect, relative to 1 + |f|, is amplified by the conditioning of the problem: at most
				// 1/eps for these, and by little where the layer is stable.
				if !(e < 100*o.tol*size/math.Max(eps, 0.01)) || sol.Defect > o.tol {
					t.Errorf("%s: error %.2g, defect %.2g", name, e, sol.Defect)
				}
				t.Logf("%s: error %.2g, %d intervals, %+v", name, e, len(sol.T)-1, sol.Stats)
			}
		}
	}
}

// The estimate of the error is of the size of the error.
func TestEstimate(t *testing.T) {
	for k, c := range cash {
		eps := c.eps[0]
		sol, err := Solve(context.Background(), cashProblem(k, eps, true), Options{Method: MIRK4, Tol: 1e-4, Estimate: true})
		if err != nil {
			t.Errorf("%d: %v", c.n, err)
			continue
		}
		e := 0.0
		for i, x := range sol.T {
			e = math.Max(e, math.Abs(sol.U[2*i]-c.exact(x, eps)))
		}
		// The estimate looks at the slope too, which has the larger errors.
		if !(e < 5*sol.Error) || !(sol.Error < 1e-4) {
			t.Errorf("%d: error %.2g, estimate %.2g", c.n, e, sol.Error)
		}
	}
}

// The boundary layer of Blasius and Topfer, f”' + f f” = 0, f(0) = f'(0) = 0, f'(10) = 1: f”(0) = 0.469599988361
// (Boyd, SIAM Review 50(4), 2008, gives 0.33205733621519630 for f”'+ f f”/2 = 0, sqrt(2) times less).
func TestBlasius(t *testing.T) {
	p := systemOf(3, [2]float64{0, 10}, nil, func(t float64, u, p, du []float64) { du[0], du[1], du[2] = u[1], u[2], -u[0]*u[2] }, nil)
	bv := TwoPoint(p, func(ua, ub, p, g []float64) { g[0], g[1], g[2] = ua[0], ua[1], ub[1]-1 })
	bv.Guess = func(t float64, u []float64) { u[0], u[1], u[2] = t, 1-math.Exp(-t), math.Exp(-t) }
	for _, m := range []Method{MIRK4, MIRK6, Shooting} {
		sol, err := Solve(context.Background(), bv, Options{Method: m, Tol: 1e-9})
		if err != nil {
			t.Errorf("%v: %v", m, err)
			continue
		}
		if v := sol.U[2]; math.Abs(v-math.Sqrt2*0.33205733621519630) > 2e-9 {
			t.Errorf("%v: f''(0) = %.12f", m, v)
		}
	}
}

// On uniform meshes errors fall with the order of the method, at the mesh points and between
// them, and so does the defect.
func TestOrder(t *testing.T) {
	const eps = 0.1
	const k = 2 // number 3
	for _, o := range []struct {
		m     Method
		order float64
	}{{MIRK2, 2}, {MIRK4, 4}, {MIRK6, 6}} {
		var mesh, dense, defect [2]float64
		for i, n := range []int{80, 160} {
			s, err := newSystem(context.Background(), cashProblem(k, eps, true), Options{Method: o.m, Mesh: n})
			if err != nil {
				t.Fatal(err)
			}
			e := newEquations(s, schemes[o.m], s.firstMesh())
			x := s.values(e.t, nil)
			e.solve(x, 1e-14)
			poly, deg := e.interpolate(o.m, x)
			sol := &Solution{T: e.t, U: x[:len(e.t)*2], n: 2, poly: poly, deg: deg}
			dense[i], _ = worst(sol, func(x float64) float64 { return cash[k].exact(x, eps) })
			for j, v := range e.t {
				mesh[i] = math.Max(mesh[i], math.Abs(x[2*j]-cash[k].exact(v, eps)))
			}
			for _, d := range e.defects(poly, deg) {
				defect[i] = math.Max(defect[i], d)
			}
		}
		for _, c := range []struct {
			what string
			e    [2]float64
		}{{"at mesh points", mesh}, {"between", dense}, {"defect", defect}} {
			// Two meshes show the order to a few tenths.
			if p := math.Log2(c.e[0] / c.e[1]); !(p > o.order-0.35) {
				t.Errorf("%v, %s: order %.2f from %.3g to %.3g", o.m, c.what, p, c.e[0], c.e[1])
			}
		}
	}
}

// The continuous solution is continuously differentiable and goes through the mesh points.
func TestContinuous(t *testing.T) {
	for _, m := range []Method{MIRK2, MIRK4, MIRK6} {
		sol, err := Solve(context.Background(), cashProblem(0, 0.01, true), Options{Method: m, Tol: 1e-3})
		if err != nil {
			t.Fatal(err)
		}
		u, v, du, dv := make([]float64, 2), make([]float64, 2), make([]float64, 2), make([]float64, 2)
		for i := 1; i < len(sol.T)-1; i++ {
			sol.evaluate(i-1, 1, u, du)
			sol.evaluate(i, 0, v, dv)
			for q := range u {
				// Slopes have the rounding of values over the length of an interval.
				if math.Abs(u[q]-v[q]) > 1e-12*(1+math.Abs(u[q])) || math.Abs(du[q]-dv[q]) > 1e-9*(1+math.Abs(du[q])) || math.Abs(v[q]-sol.U[2*i+q]) > 0 {
					t.Fatalf("%v at %v: %v, %v and %v, %v", m, sol.T[i], u, du, v, dv)
				}
			}
		}
		if sol.At(-1, u) || sol.At(2, u) || sol.At(math.NaN(), u) || !sol.At(1, u) || !sol.Derivative(1, du) {
			t.Errorf("%v: the ends of the interval", m)
		}
	}
}

// Mathieu's equation y” + (lambda - 2 q cos 2x) y = 0, q = 5, y'(0) = y'(pi) = 0, y(0) = 1: the
// eigenvalue is an unknown parameter. Characteristic values a_0(5), a_2(5), a_4(5): DLMF, table 28.
func TestMathieu(t *testing.T) {
	const q = 5
	p := systemOf(2, [2]float64{0, math.Pi}, []float64{0}, func(t float64, u, p, du []float64) {
		du[0], du[1] = u[1], -(p[0]-2*q*math.Cos(2*t))*u[0]
	}, nil)
	bv := TwoPoint(p, func(ua, ub, p, g []float64) { g[0], g[1], g[2] = ua[1], ub[1], ua[0]-1 })
	bv.Unknown = []int{0}
	bv.Guess = func(t float64, u []float64) { u[0], u[1] = math.Cos(4*t), -4*math.Sin(4*t) }
	for _, m := range []Method{MIRK4, MIRK6, Shooting} {
		for _, c := range []struct{ guess, want float64 }{{15, 17.0965816844}} {
			sol, err := Solve(context.Background(), bv, Options{Method: m, Tol: 1e-8, P: []float64{c.guess}})
			if err != nil {
				t.Errorf("%v: %v", m, err)
				continue
			}
			// The defect is 1e-8 of 1 + |f|, |f| up to 30.
			if math.Abs(sol.P[0]-c.want) > 1e-6 {
				t.Errorf("%v: eigenvalue %.10f, want %.10f", m, sol.P[0], c.want)
			}
		}
	}
}

// Bratu's problem y” + lambda e^y = 0, y(0) = y(1) = 0, lambda = 1: its lower solution is
// -2 log(cosh((x - 1/2) theta/2)/cosh(theta/4)), theta = sqrt(2 lambda) cosh(theta/4); the upper one has the larger theta.
func TestBratu(t *testing.T) {
	p := systemOf(2, [2]float64{0, 1}, []float64{1}, func(t float64, u, p, du []float64) { du[0], du[1] = u[1], -p[0]*math.Exp(u[0]) }, nil)
	bv := TwoPoint(p, ends(0, 0))
	theta := func(guess float64) float64 {
		for range 100 { // Newton
			f := guess - math.Sqrt2*math.Cosh(guess/4)
			guess -= f / (1 - math.Sqrt2/4*math.Sinh(guess/4))
		}
		return guess
	}
	for _, m := range []Method{MIRK4, MIRK6, Shooting} {
		for _, c := range []struct{ height, theta float64 }{{0, theta(1)}, {4, theta(11)}} {
			bv.Guess = func(x float64, u []float64) { u[0], u[1] = 4*c.height*x*(1-x), 4*c.height*(1-2*x) }
			sol, err := Solve(context.Background(), bv, Options{Method: m, Tol: 1e-7})
			if err != nil {
				t.Errorf("%v: %v", m, err)
				continue
			}
			e, _ := worst(sol, func(x float64) float64 { return -2 * math.Log(math.Cosh((x-0.5)*c.theta/2)/math.Cosh(c.theta/4)) })
			if !(e < 1e-5) { // the upper solution is worse conditioned
				t.Errorf("%v, theta = %g: error %.2g", m, c.theta, e)
			}
		}
	}
}

// Troesch's problem y” = mu sinh(mu y), y(0) = 0, y(1) = 1, by continuation in mu: y'(0) at mu = 5 and 10 is
// 4.57504614e-2 and 3.58337778e-4 (Cash's test set, number 23; Roberts, Shipman, J. Comput. Phys. 10, 1972).
func TestTroesch(t *testing.T) {
	p := systemOf(2, [2]float64{0, 1}, []float64{1}, func(t float64, u, p, du []float64) { du[0], du[1] = u[1], p[0]*math.Sinh(p[0]*u[0]) }, nil)
	bv := TwoPoint(p, ends(0, 1))
	bv.Guess = func(x float64, u []float64) { u[0], u[1] = x, 1 }
	for _, c := range []struct{ mu, want float64 }{{5, 4.57504614e-2}, {10, 3.58337778e-4}} {
		sol, err := Continue(context.Background(), bv, 0, 1, c.mu, false, Options{Tol: 1e-8})
		if err != nil {
			t.Errorf("mu = %v: %v", c.mu, err)
			continue
		}
		if s := sol.U[1]; math.Abs(s-c.want) > 1e-5*c.want {
			t.Errorf("mu = %v: y'(0) = %.9g, want %.9g", c.mu, s, c.want)
		}
	}
	// A nonlinear problem with an interior layer, number 20, from eps = 0.5 down, where the guess of zero is good for nothing.
	for k, c := range cash {
		if c.n != 20 {
			continue
		}
		q := systemOf(2, [2]float64{0, 1}, []float64{0.5}, func(t float64, u, p, du []float64) { du[0], du[1] = u[1], (1-u[1]*u[1])/p[0] }, nil)
		bp := TwoPoint(q, func(ua, ub, p, g []float64) { g[0], g[1] = ua[0]-c.exact(0, p[0]), ub[0]-c.exact(1, p[0]) })
		sol, err := Continue(context.Background(), bp, 0, 0.5, 0.003, true, Options{Tol: 1e-5})
		if err != nil {
			t.Error(err)
			continue
		}
		e, _ := worst(sol, func(x float64) float64 { return cash[k].exact(x, 0.003) })
		if !(e < 1e-4) {
			t.Errorf("eps = 0.003: error %.2g", e)
		}
	}
}

// Shooting with several methods on problems that are not stiff.
func TestShooting(t *testing.T) {
	for k, c := range cash {
		eps := c.eps[0]
		for _, solver := range []string{"auto", "Tsit5", "Rodas5P"} {
			if solver != "auto" && k%4 != 0 {
				continue
			}
			sol, err := Solve(context.Background(), cashProblem(k, eps, k%2 == 0), Options{Method: Shooting, Tol: 1e-7, Integrator: ode.Options{Solver: solver}})
			if err != nil {
				t.Errorf("%d, %s: %v", c.n, solver, err)
				continue
			}
			if e, size := worst(sol, func(x float64) float64 { return c.exact(x, eps) }); !(e < 1e-4*size) {
				t.Errorf("%d, %s: error %.2g", c.n, solver, e)
			}
		}
	}
}

// Conditions inside the interval, and two unknown parameters: y” = a y + b with y = cosh x + 1 given at four points:
// a = 1, b = -1.
func TestMultipoint(t *testing.T) {
	p := systemOf(2, [2]float64{0, 1}, []float64{0.5, 0}, func(t float64, u, p, du []float64) { du[0], du[1] = u[1], p[0]*u[0]+p[1] }, nil)
	points := []float64{0, 0.3, 0.77, 1}
	bv := &Problem{ODE: p, Points: points, Unknown: []int{0, 1}, Conditions: func(u [][]float64, p, g []float64) {
		for k, x := range points {
			g[k] = u[k][0] - math.Cosh(x) - 1
		}
	}, Guess: func(t float64, u []float64) { u[0], u[1] = 2+t*t/2, t }}
	for _, m := range []Method{MIRK2, MIRK4, MIRK6, Shooting} {
		tol := 1e-8
		if m == MIRK2 {
			tol = 1e-5
		}
		sol, err := Solve(context.Background(), bv, Options{Method: m, Tol: tol})
		if err != nil {
			t.Errorf("%v: %v", m, err)
			continue
		}
		// Values at four points determine a and b by their fourth differences: conditioned like 1e3.
		if math.Abs(sol.P[0]-1) > 1e3*tol || math.Abs(sol.P[1]+1) > 1e3*tol {
			t.Errorf("%v: %v, want 1, -1", m, sol.P)
		}
	}
}

// Periodic solutions: a cycle of the van der Pol oscillator with its period as the unknown, conditions that are not
// separated. The period at mu = 1 is 6.66328686 (Andersen, Geer, SIAM J. Appl. Math. 42(3), 1982).
func TestPeriod(t *testing.T) {
	p := systemOf(2, [2]float64{0, 1}, []float64{6.5}, func(t float64, u, p, du []float64) {
		du[0], du[1] = p[0]*u[1], p[0]*((1-u[0]*u[0])*u[1]-u[0])
	}, nil)
	bv := TwoPoint(p, func(ua, ub, p, g []float64) { g[0], g[1], g[2] = ua[0]-ub[0], ua[1]-ub[1], ua[1] })
	bv.Unknown = []int{0}
	bv.Guess = func(t float64, u []float64) { u[0], u[1] = 2*math.Cos(2*math.Pi*t), -2*math.Sin(2*math.Pi*t) }
	for _, m := range []Method{MIRK4, MIRK6, Shooting} {
		sol, err := Solve(context.Background(), bv, Options{Method: m, Tol: 1e-7})
		if err != nil {
			t.Errorf("%v: %v", m, err)
			continue
		}
		if math.Abs(sol.P[0]-6.66328686) > 1e-6 {
			t.Errorf("%v: period %.9f", m, sol.P[0])
		}
	}
}

func TestFailures(t *testing.T) {
	p := systemOf(2, [2]float64{0, 1}, []float64{100}, func(t float64, u, p, du []float64) { du[0], du[1] = u[1], -p[0]*math.Exp(u[0]) }, nil)
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	alg := *p
	alg.Mass = []float64{1, 0}
	for _, c := range []struct {
		ctx  context.Context
		p    *Problem
		opt  Options
		code Code
		text string
	}{
		// Bratu's problem has no solution above lambda = 3.51.
		{context.Background(), TwoPoint(p, ends(0, 0)), Options{MaxMesh: 100}, NewtonFailure, "better guess"},
		{context.Background(), TwoPoint(p, ends(0, 0)), Options{Method: Shooting, Mesh: 4, MaxMesh: 16}, Integration, ""},
		{context.Background(), cashProblem(0, 1e-5, true), Options{MaxMesh: 30, Tol: 1e-9}, MeshLimit, "MaxMesh"},
		{cancelled, cashProblem(0, 0.1, true), Options{}, Interrupted, "canceled"},
		{context.Background(), &Problem{}, Options{}, BadProblem, "needs"},
		{context.Background(), TwoPoint(&alg, ends(0, 0)), Options{}, BadProblem, "algebraic"},
		{context.Background(), TwoPoint(p, ends(0, 0)), Options{Tol: -1}, BadProblem, "tolerance"},
		{context.Background(), &Problem{ODE: p, Points: []float64{0, 2}, Conditions: func([][]float64, []float64, []float64) {}}, Options{}, BadProblem, "ascend"},
		{context.Background(), &Problem{ODE: p, Unknown: []int{3}, Conditions: func([][]float64, []float64, []float64) {}}, Options{}, BadProblem, "unknown parameter"},
	} {
		_, err := Solve(c.ctx, c.p, c.opt)
		var f *Failure
		if !errors.As(err, &f) || f.Code != c.code && !(c.code == Integration && f.Code == NewtonFailure) || !strings.Contains(f.Message, c.text) {
			t.Errorf("%v, want %v %q", err, c.code, c.text)
		}
	}
}
