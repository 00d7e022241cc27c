package examples_test

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/mtkc/mtkc/runtime/ode"
)

// Between the ticks the motor is linear, x' = A x + b, and the exponential of the matrix
// ((A, b), (0, 0)) moves it exactly. The controllers are written out here once more, in
// the order in which they depend on each other.
func TestCascade(t *testing.T) {
	const (
		r, l, k, j = 1, 5e-3, 0.1, 2e-4
		dt         = 1e-3
	)
	type pi struct{ u, i float64 }
	step := func(c *pi, e, dt, gain, ti, lim float64) {
		i := c.i + dt/ti*e
		u := gain * (e + i)
		c.u = math.Max(-lim, math.Min(lim, u))
		if math.Abs(u) <= lim {
			c.i = i
		}
	}
	var want float64
	var speed, torque pi
	x := []float64{0, 0} // current, speed
	var at [201][3]float64
	for n := 0; n <= 200; n++ {
		at[n] = [3]float64{x[0], x[1], torque.u} // before the tick
		if n%10 == 1 {
			want += 0.5 * (100 - want)
		}
		if n%5 == 1 {
			step(&speed, want-x[1], 5*dt, 0.2, 0.05, 10)
		}
		step(&torque, speed.u-x[0], dt, 4, 5e-3, 24)
		load := 0.0
		if n >= 100 {
			load = 0.2
		}
		var e mat.Dense
		e.Exp(mat.NewDense(3, 3, []float64{
			-r / l * dt, -k / l * dt, torque.u / l * dt,
			k / j * dt, 0, -load / j * dt,
			0, 0, 0,
		}))
		x = []float64{e.At(0, 0)*x[0] + e.At(0, 1)*x[1] + e.At(0, 2), e.At(1, 0)*x[0] + e.At(1, 1)*x[1] + e.At(1, 2)}
	}
	sol := solve(t, compile(t, "cascade", "", nil), ode.Options{RelTol: 1e-10, AbsTol: 1e-12, Dense: true})
	for n := 1; n <= 200; n++ {
		v, err := sol.ValueAt((float64(n)-1e-7)*dt, []string{"i", "w", "torque.u"})
		if err != nil {
			t.Fatal(err)
		}
		// 1e-10 s before the tick, at slopes up to 24/l = 4800 A/s and 10*k/j = 5000 rad/s2.
		near(t, "current", v[0], at[n][0], 0, 1e-6)
		near(t, "speed", v[1], at[n][1], 0, 1e-6)
		near(t, "voltage", v[2], at[n][2], 0, 4e-6)
	}
	if sol.Stats.Events != 201 {
		t.Errorf("%d events, want one for each tick of the fast clock, from 0 to 200", sol.Stats.Events)
	}
}
