package ode

import (
	"math"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// Problems of second order, x” = f(t, x) and x” = f(t, x, v).

// patternOf makes a pattern of the entries (i, j) for which has is true.
func patternOf(n int, has func(i, j int) bool) *linsolve.Pattern {
	p := &linsolve.Pattern{Rows: n, Cols: n, ColPtr: make([]int32, 1, n+1)}
	for j := range n {
		for i := range n {
			if has(i, j) {
				p.RowIdx = append(p.RowIdx, int32(i))
			}
		}
		p.ColPtr = append(p.ColPtr, int32(len(p.RowIdx)))
	}
	return p
}

// ofSecondOrder gives p the pattern of u = (x, v), x' = v, v' = f(t, x), f dense.
func ofSecondOrder(p *Problem) *Problem {
	n := p.N()
	p.Jac = patternOf(n, func(i, j int) bool { return i < n/2 && j == i+n/2 || i >= n/2 && j < n/2 })
	return p
}

// springs is the oscillator with its pattern.
func springs(t1 float64) *Problem { return ofSecondOrder(oscillator(t1)) }

// pleiades is the seven-body problem of Hairer, Norsett, Wanner, Solving ODEs I, II.10;
// numbers and reference solution at t = 3 from shared/data/ivp/pleiades.json.
func pleiades() *Problem {
	u0 := []float64{3, 3, -1, -3, 2, -2, 2, 3, -3, 2, 0, 0, -4, 4, 0, 0, 0, 0, 0, 1.75, -1.5, 0, 0, 0, -1.25, 1, 0, 0}
	return ofSecondOrder(system("pleiades", u0, nil, 3, func(_ float64, u, _, du []float64) {
		u, du = u[:28], du[:28]
		copy(du[:14], u[14:])
		clear(du[14:])
		for i := range 7 {
			xi, yi := u[i], u[7+i]
			ax, ay := du[14+i], du[21+i]
			for j := i + 1; j < 7; j++ {
				dx, dy := u[j]-xi, u[7+j]-yi
				r := dx*dx + dy*dy
				r = 1 / (r * math.Sqrt(r))
				dx, dy = dx*r, dy*r
				m, mi := float64(j+1), float64(i+1)
				ax += m * dx
				ay += m * dy
				du[14+j] -= mi * dx
				du[21+j] -= mi * dy
			}
			du[14+i], du[21+i] = ax, ay
		}
	}))
}

// kepler is the two-body problem with eccentricity e, period 2 pi, from the pericentre.
func kepler(e, t1 float64) *Problem {
	u0 := []float64{1 - e, 0, 0, math.Sqrt((1 + e) / (1 - e))}
	return ofSecondOrder(system("kepler", u0, nil, t1, func(_ float64, u, _, du []float64) {
		r := u[0]*u[0] + u[1]*u[1]
		r = 1 / (r * math.Sqrt(r))
		du[0], du[1], du[2], du[3] = u[2], u[3], -u[0]*r, -u[1]*r
	}))
}

func keplerEnergy(u []float64) float64 {
	return (u[2]*u[2]+u[3]*u[3])/2 - 1/math.Hypot(u[0], u[1])
}

// henonHeiles: Henon, Heiles, Astron. J. 69, 1964, with energy 1/12.
func henonHeiles(t1 float64) *Problem {
	// x = 0, y = 0.1, y' = 0, and x' from the energy.
	v := math.Sqrt(2 * (1.0/12 - 0.1*0.1/2 + 0.1*0.1*0.1/3))
	return ofSecondOrder(system("henon-heiles", []float64{0, 0.1, v, 0}, nil, t1, func(_ float64, u, _, du []float64) {
		du[0], du[1] = u[2], u[3]
		du[2] = -u[0] - 2*u[0]*u[1]
		du[3] = -u[1] - u[0]*u[0] + u[1]*u[1]
	}))
}

func henonHeilesEnergy(u []float64) float64 {
	x, y := u[0], u[1]
	return (u[2]*u[2]+u[3]*u[3]+x*x+y*y)/2 + x*x*y - y*y*y/3
}

// fput is the chain of Fermi, Pasta, Ulam and Tsingou: n masses between fixed ends,
// springs with the quadratic force of alpha = 0.25, in the first mode.
func fput(n int, t1 float64) *Problem {
	u0 := make([]float64, 2*n)
	for i := range n {
		u0[i] = math.Sin(math.Pi * float64(i+1) / float64(n+1))
	}
	p := system("fput", u0, nil, t1, func(_ float64, u, _, du []float64) {
		x, v, dx, dv := u[:n], u[n:], du[:n], du[n:]
		copy(dx, v)
		last := x[0] + 0.25*x[0]*x[0] // force of the spring to the left
		for i := range n {
			d := -x[i]
			if i+1 < n {
				d = x[i+1] - x[i]
			}
			f := d + 0.25*d*d
			dv[i] = f - last
			last = f
		}
	})
	p.Jac = patternOf(2*n, func(i, j int) bool {
		return i < n && j == i+n || i >= n && j < n && i-n-j <= 1 && j-(i-n) <= 1
	})
	return p
}

// forced is x” = -sin(x) + 0.5 cos(2t) x, which depends on time, from x = 1, v = 0, and
// x” = -sin(x) - 0.3 v + 0.5 cos(2t) x if damped. The states stand as v, x.
func forced(damped bool, t1 float64) *Problem {
	p := system("forced", []float64{0, 1}, nil, t1, func(t float64, u, _, du []float64) {
		du[0] = -math.Sin(u[1]) + 0.5*math.Cos(2*t)*u[1]
		if damped {
			du[0] -= 0.3 * u[0]
		}
		du[1] = u[0]
	})
	p.Jac = patternOf(2, func(i, j int) bool { return i != j || i == 0 && damped })
	return p
}
