// Package brusselator is the reaction-diffusion system of Prigogine and Lefever on a
// line and on a square, by the method of lines.
package brusselator

import (
	"math"

	. "github.com/mtkc/mtkc/model"
)

// Brusselator is the 1-D problem of Hairer and Wanner, Solving ODEs II, ch. IV.1: N
// inner points on 0..1, u = 1 and v = 3 at both ends.
type Brusselator struct {
	N int    `value:"40" desc:"inner grid points"`
	U []Real `desc:"activator"`
	V []Real `desc:"inhibitor"`

	A     Param `value:"1"`
	B     Param `value:"3"`
	Alpha Param `value:"0.02" desc:"diffusion coefficient"`
}

func (m *Brusselator) Structure() {
	m.U = make([]Real, m.N)
	m.V = make([]Real, m.N)
}

func (m *Brusselator) Equations() {
	c := m.Alpha * Real((m.N+1)*(m.N+1))
	for i := range m.N {
		x := float64(i+1) / float64(m.N+1)
		Start(m.U[i], Real(1+math.Sin(2*math.Pi*x)))
		Start(m.V[i], 3)
		ul, ur, vl, vr := Real(1), Real(1), Real(3), Real(3)
		if i > 0 {
			ul, vl = m.U[i-1], m.V[i-1]
		}
		if i < m.N-1 {
			ur, vr = m.U[i+1], m.V[i+1]
		}
		u, v := m.U[i], m.V[i]
		Eq(Der(u), m.A+u*u*v-(m.B+1)*u+c*(ul-2*u+ur))
		Eq(Der(v), m.B*u-u*u*v+c*(vl-2*v+vr))
	}
}

// Experiment is the span of the book.
func (m *Brusselator) Experiment() (start, stop float64) { return 0, 10 }

// Brusselator2D is the problem on the unit square with periodic boundaries and an
// inhomogeneity that switches on at t = 1.1 (Hairer and Wanner, ch. IV.10), with
// N x N points.
type Brusselator2D struct {
	N int      `value:"16" desc:"grid points in each direction"`
	U [][]Real `desc:"activator"`
	V [][]Real `desc:"inhibitor"`

	A     Param `value:"1"`
	B     Param `value:"3.4"`
	Alpha Param `value:"0.1" desc:"diffusion coefficient"`
}

func (m *Brusselator2D) Structure() {
	m.U = make([][]Real, m.N)
	m.V = make([][]Real, m.N)
	for i := range m.N {
		m.U[i] = make([]Real, m.N)
		m.V[i] = make([]Real, m.N)
	}
}

func (m *Brusselator2D) Equations() {
	n := m.N
	c := m.Alpha * Real(n*n)
	on := If(Time() >= 1.1, Real(5), Real(0))
	for i := range n {
		for j := range n {
			x, y := float64(i)/float64(n), float64(j)/float64(n)
			Start(m.U[i][j], Real(22*y*math.Pow(1-y, 1.5)))
			Start(m.V[i][j], Real(27*x*math.Pow(1-x, 1.5)))
			u, v := m.U[i][j], m.V[i][j]
			f := Real(0)
			if (x-0.3)*(x-0.3)+(y-0.6)*(y-0.6) <= 0.01 {
				f = on
			}
			w, e, s, t := (i+n-1)%n, (i+1)%n, (j+n-1)%n, (j+1)%n
			Eq(Der(u), m.A+u*u*v-(m.B+1)*u+f+c*(m.U[w][j]+m.U[e][j]+m.U[i][s]+m.U[i][t]-4*u))
			Eq(Der(v), m.B*u-u*u*v+c*(m.V[w][j]+m.V[e][j]+m.V[i][s]+m.V[i][t]-4*v))
		}
	}
}

// Experiment is the span of the book.
func (m *Brusselator2D) Experiment() (start, stop float64) { return 0, 11.5 }
