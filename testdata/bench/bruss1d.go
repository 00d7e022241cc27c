// Package bruss1d is the reaction-diffusion system of Prigogine and Lefever on a line (Hairer
// and Wanner, Solving ODEs II, ch. IV.1), 500 points, u = 1 and v = 3 at both ends.
package bruss1d

import (
	"math"

	. "github.com/mtkc/mtkc/model"
)

type Bruss1D struct {
	N    int `value:"500"`
	U, V []Real
}

func (m *Bruss1D) Structure() {
	m.U = make([]Real, m.N)
	m.V = make([]Real, m.N)
}

func (m *Bruss1D) Equations() {
	c := 0.02 * Real((m.N+1)*(m.N+1))
	for i := range m.N {
		Start(m.U[i], Real(1+math.Sin(2*math.Pi*float64(i+1)/float64(m.N+1))))
		Start(m.V[i], 3)
		ul, ur, vl, vr := Real(1), Real(1), Real(3), Real(3)
		if i > 0 {
			ul, vl = m.U[i-1], m.V[i-1]
		}
		if i < m.N-1 {
			ur, vr = m.U[i+1], m.V[i+1]
		}
		u, v := m.U[i], m.V[i]
		Eq(Der(u), 1+u*u*v-4*u+c*(ul-2*u+ur))
		Eq(Der(v), 3*u-u*u*v+c*(vl-2*v+vr))
	}
}
