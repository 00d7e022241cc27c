package ode

import (
	"math"
	"testing"
)

// pendulumOfIndex is the pendulum of shared/data/ivp/pendulum3.json, x' = vx, y' = vy, vx' = -T x,
// vy' = -T y - g with the constraint on the position (index 3) or on the velocity (index 2).
func pendulumOfIndex(index int8) *Problem {
	p := system("pendulum of index", []float64{1, 0, 0, 0, 0}, []float64{9.81}, 1.5, func(t float64, u, p, du []float64) {
		x, y, vx, vy, f := u[0], u[1], u[2], u[3], u[4]
		du[0], du[1], du[2], du[3] = vx, vy, -f*x, -f*y-p[0]
		if index == 3 {
			du[4] = x*x + y*y - 1
		} else {
			du[4] = x*vx + y*vy
		}
	})
	p.Mass = []float64{1, 1, 1, 1, 0}
	p.VarIndex = []int8{1, 1, 2, 2, 3}
	if index == 2 {
		p.VarIndex = []int8{1, 1, 1, 1, 2}
	}
	return p
}

// At t = 1.5, from shared/data/ivp/pendulum3.json: theta” = -g sin theta in 40 digits.
var pendulumAt = []float64{-0.8841323602842978, -0.46723652412824689, 1.4146684834252464, -2.6769186924132236, 13.750770905682116}

// carAxis is the car axis of the test set of Bari, of index 3, from shared/data/ivp/caraxis.json.
func carAxis() *Problem {
	const (
		eps, m, l, l0, r, w, g = 0.01, 10.0, 1.0, 0.5, 0.1, 10.0, 1.0
		km                     = m * eps * eps / 2
	)
	p := system("car axis", []float64{0, 0.5, 1, 0.5, -0.5, 0, -0.5, 0, 0, 0}, nil, 3, func(t float64, u, _, du []float64) {
		xl, yl, xr, yr, a, b := u[0], u[1], u[2], u[3], u[8], u[9]
		yb := r * math.Sin(w*t)
		xb := math.Sqrt(l*l - yb*yb)
		ll, lr := math.Hypot(xl, yl), math.Hypot(xr-xb, yr-yb)
		copy(du, u[4:8])
		du[4] = ((l0-ll)*xl/ll + a*xb + 2*b*(xl-xr)) / km
		du[5] = ((l0-ll)*yl/ll+a*yb+2*b*(yl-yr))/km - g
		du[6] = ((l0-lr)*(xr-xb)/lr - 2*b*(xl-xr)) / km
		du[7] = ((l0-lr)*(yr-yb)/lr-2*b*(yl-yr))/km - g
		du[8] = xb*xl + yb*yl
		du[9] = (xl-xr)*(xl-xr) + (yl-yr)*(yl-yr) - l*l
	})
	p.Mass = []float64{1, 1, 1, 1, 1, 1, 1, 1, 0, 0}
	p.VarIndex = []int8{1, 1, 1, 1, 2, 2, 2, 2, 3, 3}
	return p
}

// carAxisEnd is the reference solution at t = 3 of the positions (Mazzia, Magherini, Test Set for IVP Solvers).
var carAxisEnd = []float64{0.04934557842755629, 0.4969894602303324, 1.041742524885400, 0.3739110272652214}

func TestHigherIndex(t *testing.T) {
	for _, c := range []struct {
		p    *Problem
		want []float64
		n    int // components that are compared
	}{{pendulumOfIndex(2), pendulumAt, 4}, {pendulumOfIndex(3), pendulumAt, 4}, {carAxis(), carAxisEnd, 4}} {
		for _, name := range []string{"auto", "Radau", "RadauIIA5", "RadauIIA9", "RadauIIA13"} {
			last := math.Inf(1)
			for _, tol := range []float64{1e-4, 1e-6, 1e-8} {
				sol := mustSolve(t, c.p, Options{Solver: name, RelTol: tol, AbsTol: tol, InitialStep: 1e-4, FinalOnly: true})
				e := 0.0
				for i, v := range c.want[:c.n] {
					e = math.Max(e, math.Abs(sol.U[i]-v))
				}
				t.Logf("%s %s %g: error %.2g, %s %+v", c.p.Name, name, tol, e, sol.Solver, sol.Stats)
				// Errors of velocities and, over some swings, of positions are a few ten times the
				// tolerance of the local error.
				if !(e < 300*tol) || !(e < last) && !(e < tol) {
					t.Errorf("%s %s: error %.3g at tolerance %g, %.3g before; %+v", c.p.Name, name, e, tol, last, sol.Stats)
				}
				last = e
			}
		}
	}
}
