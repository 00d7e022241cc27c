package ode

import (
	"math"

	"github.com/mtkc/mtkc/runtime/taylor"
)

// The problems of the tests, written by hand.

// system makes a problem of n states without Jacobian.
func system(name string, u0, p []float64, t1 float64, f func(t float64, u, p, du []float64)) *Problem {
	pr := &Problem{Name: name, Span: [2]float64{0, t1}, U0: u0, P: p}
	for i := range u0 {
		pr.States = append(pr.States, Quantity{Name: string(rune('x' + i))})
	}
	for i := range p {
		pr.Params = append(pr.Params, Quantity{Name: string(rune('a' + i))})
	}
	pr.NewKernels = func() *Kernels { return &Kernels{RHS: f} }
	return pr
}

// decay is u' = -a u.
func decay() *Problem {
	return system("decay", []float64{1}, []float64{1}, 1, func(t float64, u, p, du []float64) { du[0] = -p[0] * u[0] })
}

// oscillator is u” = -u, exact solution (cos t, -sin t).
func oscillator(t1 float64) *Problem {
	p := system("oscillator", []float64{1, 0}, nil, t1, func(t float64, u, p, du []float64) { du[0], du[1] = u[1], -u[0] })
	return expanded(p, func(t tape, u []taylor.Value) []taylor.Value { return []taylor.Value{u[1], t.neg(u[0])} })
}

// brusselator with a forcing term, so that f depends on time: Hairer, Norsett,
// Wanner, Solving ODEs I, (16.12), and 0.3 sin 2t.
func brusselator(t1 float64) *Problem {
	p := system("brusselator", []float64{1.5, 3}, nil, t1, func(t float64, u, p, du []float64) {
		du[0] = 1 + u[0]*u[0]*u[1] - 4*u[0] + 0.3*math.Sin(2*t)
		du[1] = 3*u[0] - u[0]*u[0]*u[1]
	})
	return expanded(p, func(t tape, u []taylor.Value) []taylor.Value {
		r := t.mul(t.mul(u[0], u[0]), u[1])
		sine := t.Apply(taylor.OpSin, t.mul(t.Const(2), t.Time()))
		return []taylor.Value{
			t.add(t.sub(t.add(t.Const(1), r), t.mul(t.Const(4), u[0])), t.mul(t.Const(0.3), sine)),
			t.sub(t.mul(t.Const(3), u[0]), r),
		}
	})
}

func lorenz() *Problem {
	return expanded(lorenzPlain(), func(t tape, u []taylor.Value) []taylor.Value {
		return []taylor.Value{
			t.mul(t.Param(0), t.sub(u[1], u[0])),
			t.sub(t.mul(u[0], t.sub(t.Param(1), u[2])), u[1]),
			t.sub(t.mul(u[0], u[1]), t.mul(t.Param(2), u[2])),
		}
	})
}

// lorenzPlain has f alone.
func lorenzPlain() *Problem {
	return system("lorenz", []float64{1, 0, 0}, []float64{10, 28, 8.0 / 3}, 10, lorenzRHS)
}

func lorenzRHS(t float64, u, p, du []float64) {
	du[0] = p[0] * (u[1] - u[0])
	du[1] = u[0]*(p[1]-u[2]) - u[1]
	du[2] = u[0]*u[1] - p[2]*u[2]
}

// arenstorf is the periodic orbit of the restricted three-body problem; numbers
// from shared/data/ivp/arenstorf.json (Hairer, Norsett, Wanner, Solving ODEs I).
func arenstorf() *Problem {
	const mu = 0.012277471
	return system("arenstorf", []float64{0.994, 0, 0, -2.0015851063790824}, nil, 17.065216560157964,
		func(t float64, y, p, dy []float64) {
			d1 := math.Pow((y[0]+mu)*(y[0]+mu)+y[1]*y[1], 1.5)
			d2 := math.Pow((y[0]-(1-mu))*(y[0]-(1-mu))+y[1]*y[1], 1.5)
			dy[0], dy[1] = y[2], y[3]
			dy[2] = y[0] + 2*y[3] - (1-mu)*(y[0]+mu)/d1 - mu*(y[0]-(1-mu))/d2
			dy[3] = y[1] - 2*y[2] - (1-mu)*y[1]/d1 - mu*y[1]/d2
		})
}
