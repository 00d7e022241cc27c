// Package beam is an elastic beam of 40 segments, clamped at one end and pushed at the other
// until t = pi (Hairer and Wanner, Solving ODEs II, ch. IV.1; test set for initial value
// problems, Mazzia and Magherini, release 2.4), stiff and oscillating. The tridiagonal system
// C w = D v + om^2 stands in it as an algebraic one; om' = C v + D w.
package beam

import . "github.com/mtkc/mtkc/model"

type Beam struct {
	N      int `value:"40"`
	Th, Om []Real
	W      []Real
}

func (m *Beam) Structure() {
	m.Th = make([]Real, m.N)
	m.Om = make([]Real, m.N)
	m.W = make([]Real, m.N)
}

func (m *Beam) Equations() {
	n := m.N
	n2 := Real(n * n)
	s := Sin(Time())
	force := If(Time() < 3.141592653589793, 1.5*s*s, Real(0))
	v := make([]Real, n)
	for i, th := range m.Th {
		left, right := -m.Th[0], m.Th[n-1]
		if i > 0 {
			left = m.Th[i-1]
		}
		if i < n-1 {
			right = m.Th[i+1]
		}
		v[i] = n2*n2*(left-2*th+right) + n2*force*(Cos(th)+Sin(th))
	}
	for i := range n {
		Start(m.Th[i], 0)
		Start(m.Om[i], 0)
		diag := Real(2)
		switch i {
		case 0:
			diag = 1
		case n - 1:
			diag = 3
		}
		cv, cw, dv, dw := diag*v[i], diag*m.W[i], Real(0), Real(0)
		if i > 0 {
			d := m.Th[i] - m.Th[i-1]
			cv, cw = cv-Cos(d)*v[i-1], cw-Cos(d)*m.W[i-1]
			dv, dw = dv-Sin(d)*v[i-1], dw-Sin(d)*m.W[i-1]
		}
		if i < n-1 {
			d := m.Th[i+1] - m.Th[i]
			cv, cw = cv-Cos(d)*v[i+1], cw-Cos(d)*m.W[i+1]
			dv, dw = dv+Sin(d)*v[i+1], dw+Sin(d)*m.W[i+1]
		}
		Eq(cw, dv+m.Om[i]*m.Om[i])
		Eq(Der(m.Om[i]), cv+dw)
		Eq(Der(m.Th[i]), m.Om[i])
	}
}
