// Package triple is a cart with three point masses on rods, upright, in Cartesian coordinates: index 3.
package triple

import . "github.com/mtkc/mtkc/model"

type Triple struct {
	S    Real `init:"0"`
	X, Y [3]Real
	T    [3]Real
	E    Real
}

func (m *Triple) Equations() {
	const g = 9.81
	mass := []Real{1, 0.8, 0.6}
	l := []Real{1, 0.7, 0.5}
	start := []Real{0.02, 0.0, -0.03}
	at := Real(0)
	px, py := m.S, Real(0)
	f := Real(0)
	e := 2 * Der(m.S) * Der(m.S) / 2
	fx, fy := make([]Real, 4), make([]Real, 4)
	for i := range 3 {
		dx, dy := m.X[i]-px, m.Y[i]-py
		Eq(dx*dx+dy*dy, l[i]*l[i])
		fx[i] += m.T[i] * dx
		fy[i] += m.T[i] * dy
		if i == 0 {
			f = m.T[i] * dx
		} else {
			fx[i-1] -= m.T[i] * dx
			fy[i-1] -= m.T[i] * dy
		}
		at += start[i]
		Start(m.X[i], at)
		Guess(m.Y[i], Real(i+1)*0.7)
		Start(Der(m.X[i]), 0)
		px, py = m.X[i], m.Y[i]
		e += mass[i] * ((Der(m.X[i])*Der(m.X[i])+Der(m.Y[i])*Der(m.Y[i]))/2 + g*m.Y[i])
	}
	for i := range 3 {
		Eq(mass[i]*Der(Der(m.X[i])), -fx[i])
		Eq(mass[i]*Der(Der(m.Y[i])), -fy[i]-mass[i]*g)
	}
	Eq(2*Der(Der(m.S)), f)
	Start(Der(m.S), 0)
	Eq(m.E, e)
}

func (m *Triple) Experiment() (start, stop float64) { return 0, 5 }
