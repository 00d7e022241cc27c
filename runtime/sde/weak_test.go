package sde

import (
	"math"
	"testing"

	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/ode"
)

// rotations is du = A u dt + B1 u dW1 + B2 u dW2 with matrices that do not commute. Its second moments P = E u u^T follow P' = A P + P A^T + B1 P
// B1^T + B2 P B2^T.
func rotations() (p *ode.Problem, moments func(t float64) (m [2]float64, p [2][2]float64)) {
	a := [2][2]float64{{-0.5, 1}, {-1, 0.2}}
	b := [2][2][2]float64{{{0.5, 0}, {0.4, -0.2}}, {{0, 0.6}, {-0.3, 0.1}}}
	p = &ode.Problem{Name: "rotations", Span: [2]float64{0, 1}, U0: []float64{1, 0.5}, States: make([]ode.Quantity, 2)}
	p.Noise = &ode.Noise{Names: []string{"W1", "W2"}, Matrix: linsolve.Dense(2, 2)}
	mul := func(m *[2][2]float64, u, y []float64) {
		y[0], y[1] = m[0][0]*u[0]+m[0][1]*u[1], m[1][0]*u[0]+m[1][1]*u[1]
	}
	p.NewKernels = func() *ode.Kernels {
		return &ode.Kernels{
			RHS:   func(_ float64, u, _, du []float64) { mul(&a, u, du) },
			Noise: func(_ float64, u, _, g []float64) { mul(&b[0], u, g[:2]); mul(&b[1], u, g[2:]) },
		}
	}
	// By 1000 steps of the classical Runge-Kutta method, to rounding.
	moments = func(t float64) (m [2]float64, s [2][2]float64) {
		y := [6]float64{1, 0.5, 1, 0.5, 0.5, 0.25}
		f := func(y [6]float64) (d [6]float64) {
			p := [2][2]float64{{y[2], y[3]}, {y[4], y[5]}}
			for i := range 2 {
				for k := range 2 {
					d[i] += a[i][k] * y[k]
					for j := range 2 {
						d[2+2*i+j] += a[i][k]*p[k][j] + p[i][k]*a[j][k]
						for l := range 2 {
							for _, c := range b {
								d[2+2*i+j] += c[i][k] * p[k][l] * c[j][l]
							}
						}
					}
				}
			}
			return d
		}
		at := func(y, k [6]float64, h float64) [6]float64 {
			for i := range y {
				y[i] += h * k[i]
			}
			return y
		}
		const n = 1000
		h := t / n
		for range n {
			k1 := f(y)
			k2 := f(at(y, k1, h/2))
			k3 := f(at(y, k2, h/2))
			k4 := f(at(y, k3, h))
			for i := range y {
				y[i] += h / 6 * (k1[i] + 2*k2[i] + 2*k3[i] + k4[i])
			}
		}
		return [2]float64{y[0], y[1]}, [2][2]float64{{y[2], y[3]}, {y[4], y[5]}}
	}
	return p, moments
}

// caught is a method that hands out its stepper.
type caught struct {
	*method
	s *stepper
}

func (c *caught) New(ws *ode.Workspace) (ode.Stepper, error) {
	st, err := c.method.New(ws)
	if err == nil {
		c.s = st.(*stepper)
	}
	return st, err
}

// The weak order on noise that does not commute, without chance: a step of length h of a linear problem is a random matrix A, the second moments
// after n steps are (E A x A)^n of those at the start, and the expectation is a sum over the nodes of Gauss and Hermite for the increments and over
// the coins. The slope of the error of E u_1^2 is within 0.15 of the order.
func TestWeakOrder(t *testing.T) {
	p, moments := rotations()
	_, want := moments(1)
	// Nodes and weights of order 13 (Abramowitz, Stegun, table 25.10, for the normal distribution).
	x := []float64{0, 1.1544053947399682, 2.3667594107345416, 3.7504397177257425}
	w := []float64{0.45714285714285714, 0.24012317860501272, 0.030757123967586497, 0.00054826885597221791}
	var nodes, weights []float64
	for i := range x {
		nodes, weights = append(nodes, x[i]), append(weights, w[i])
		if i > 0 {
			nodes, weights = append(nodes, -x[i]), append(weights, w[i])
		}
	}
	for _, c := range []struct {
		solver string
		order  float64
	}{{"EM", 1}, {"DRI1", 2}, {"RI1", 2}} {
		m := &caught{method: named(c.solver)}
		if _, err := ode.NewIntegrator(t.Context(), p, ode.Options{Method: m}); err != nil {
			t.Fatal(err)
		}
		s := m.s
		side := 1.0
		if k, ok := s.s.(*weak); ok {
			k.coin = func(*stepper, int) float64 { return side }
		}
		var errs []float64
		for k := 3; k < 7; k++ {
			h := math.Ldexp(1, -k)
			var e [4][4]float64
			for i, x1 := range nodes {
				for j, x2 := range nodes {
					for _, side = range []float64{1, -1} {
						s.w[0], s.w[1] = math.Sqrt(h)*x1, math.Sqrt(h)*x2
						var a [2][2]float64
						for col := range 2 {
							clear(s.ws.U)
							s.ws.U[col] = 1
							s.sloped = false
							if err := s.start(); err != nil {
								t.Fatal(err)
							}
							s.s.attempt(s, h, h)
							a[0][col], a[1][col] = s.ws.UNew[0], s.ws.UNew[1]
						}
						for r := range 16 {
							e[r/4][r%4] += weights[i] * weights[j] / 2 * a[r/8][r/2%2] * a[r/4%2][r%2]
						}
					}
				}
			}
			v := [4]float64{1, 0.5, 0.5, 0.25}
			for range 1 << k {
				var u [4]float64
				for i := range u {
					for j := range v {
						u[i] += e[i][j] * v[j]
					}
				}
				v = u
			}
			errs = append(errs, math.Abs(v[0]-want[0][0]))
		}
		q := slope(errs)
		t.Logf("%s: weak order %.2f, errors %.3g of %.3g", c.solver, q, errs, want[0][0])
		if math.Abs(q-c.order) > 0.15 {
			t.Errorf("%s: weak order %.3f, want %v; errors %.3g", c.solver, q, c.order, errs)
		}
	}
}

// On noise that does not commute methods of weak order 2 have mean squares to what 4 standard errors and the error of the step allow, where Euler's
// method is off by a third.
func TestWeakGeneral(t *testing.T) {
	p, moments := rotations()
	first, second := moments(1)
	const paths = 10000
	for _, solver := range []string{"DRI1", "RI1"} {
		r := &runner{t: t, p: p, opt: ode.Options{Solver: solver, Seed: 5, InitialStep: 0.125}}
		var mean, square [2]float64
		fourth := 0.0
		for i := range uint64(paths) {
			u := r.end(i)
			for k, v := range u {
				mean[k] += v / paths
				square[k] += v * v / paths
			}
			fourth += u[0] * u[0] * u[0] * u[0] / paths
		}
		for k := range mean {
			se := math.Sqrt((second[k][k] - first[k]*first[k]) / paths)
			if d := math.Abs(mean[k] - first[k]); d > 4*se+0.002 {
				t.Errorf("%s: mean %v, want %v within %v", solver, mean[k], first[k], se)
			}
		}
		if d, se := math.Abs(square[0]-second[0][0]), math.Sqrt(fourth/paths); d > 4*se+0.004 {
			t.Errorf("%s: mean square %v, want %v within %v", solver, square[0], second[0][0], se)
		}
	}
}
