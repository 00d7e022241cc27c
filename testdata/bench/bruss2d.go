// Package bruss2d is the reaction-diffusion system of Prigogine and Lefever on the unit square
// (after Hairer and Wanner, Solving ODEs II, ch. IV.10) with diffusion 10 and no flux through
// the boundary, N x N cells. From t = 1.1 something comes in within a disc.
package bruss2d

import (
	"math"

	. "github.com/mtkc/mtkc/model"
)

type Bruss2D struct {
	N    int `value:"32"`
	U, V [][]Real
}

func (m *Bruss2D) Structure() {
	m.U = make([][]Real, m.N)
	m.V = make([][]Real, m.N)
	for j := range m.N {
		m.U[j] = make([]Real, m.N)
		m.V[j] = make([]Real, m.N)
	}
}

func (m *Bruss2D) Equations() {
	n := m.N
	c := 10 * Real(n*n)
	on := If(Time() >= 1.1, Real(5), Real(0))
	for j := range n {
		for i := range n {
			x, y := (float64(i)+0.5)/float64(n), (float64(j)+0.5)/float64(n)
			u, v := m.U[j][i], m.V[j][i]
			Start(u, Real(22*y*(1-y)*math.Sqrt(1-y)))
			Start(v, Real(27*x*(1-x)*math.Sqrt(1-x)))
			f := Real(0)
			if (x-0.3)*(x-0.3)+(y-0.6)*(y-0.6) <= 0.01 {
				f = on
			}
			// A cell at the boundary has itself as its neighbour beyond.
			w, e, s, t := max(i-1, 0), min(i+1, n-1), max(j-1, 0), min(j+1, n-1)
			Eq(Der(u), 1+u*u*v-4.4*u+f+c*(m.U[j][w]+m.U[j][e]+m.U[s][i]+m.U[t][i]-4*u))
			Eq(Der(v), 3.4*u-u*u*v+c*(m.V[j][w]+m.V[j][e]+m.V[s][i]+m.V[t][i]-4*v))
		}
	}
}
