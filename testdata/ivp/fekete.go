// Package fekete is twenty repelling points on the unit sphere (test set for initial value
// problems, Mazzia and Magherini, release 2.4). Model Fekete is the system as published, of
// index 2 with the constraint and its derivative; Sphere states the constraint alone, index 3.
package fekete

import (
	"math"

	. "github.com/mtkc/mtkc/model"
)

// Vector is a point or a velocity.
type Vector [3]Real

func dot(a, b Vector) Real { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

const n = 20

// start is the published position of a point.
func start(i int) [3]float64 {
	var a, b float64
	i++
	switch {
	case i <= 3:
		a, b = 2*math.Pi*float64(i)/3+math.Pi/13, 3*math.Pi/8
	case i <= 10:
		a, b = 2*math.Pi*float64(i-3)/7+math.Pi/29, math.Pi/8
	case i <= 16:
		a, b = 2*math.Pi*float64(i-10)/6+math.Pi/7, -2*math.Pi/15
	default:
		a, b = 2*math.Pi*float64(i-17)/4+math.Pi/17, -3*math.Pi/10
	}
	return [3]float64{math.Cos(a) * math.Cos(b), math.Sin(a) * math.Cos(b), math.Sin(b)}
}

// force is the repulsion of a point by all others.
func force(p []Vector, i int) Vector {
	var f Vector
	for j := range p {
		if j == i {
			continue
		}
		r := Vector{p[i][0] - p[j][0], p[i][1] - p[j][1], p[i][2] - p[j][2]}
		d := dot(r, r)
		for k := range 3 {
			f[k] += r[k] / d
		}
	}
	return f
}

type Fekete struct {
	P, Q    [n]Vector
	Lam, Mu [n]Real
	Alpha   Param `value:"0.5"`
}

func (m *Fekete) Equations() {
	for i := range n {
		p, q, f, s := m.P[i], m.Q[i], force(m.P[:], i), start(i)
		for k := range 3 {
			Guess(p[k], Real(s[k]))
			Guess(q[k], 0)
			Eq(Der(p[k]), q[k]+2*m.Mu[i]*p[k])
			Eq(Der(q[k]), -m.Alpha*q[k]+2*m.Lam[i]*p[k]+f[k])
		}
		// The two coordinates that change most along the sphere start as published, at rest.
		a, b := tangent(s)
		for _, k := range []int{a, b} {
			Start(p[k], Real(s[k]))
			Start(q[k], 0)
		}
		Eq(dot(p, p), 1)
		Eq(2*dot(p, q), 0)
	}
}

// tangent is the two coordinates beside the largest one.
func tangent(s [3]float64) (int, int) {
	big := 0
	for k := range 3 {
		if math.Abs(s[k]) > math.Abs(s[big]) {
			big = k
		}
	}
	return (big + 1) % 3, (big + 2) % 3
}

func (m *Fekete) Experiment() (start, stop float64) { return 0, 1000 }

type Sphere struct {
	P, Q  [n]Vector
	Lam   [n]Real
	Alpha Param `value:"0.5"`
}

func (m *Sphere) Equations() {
	for i := range n {
		p, q, f, s := m.P[i], m.Q[i], force(m.P[:], i), start(i)
		for k := range 3 {
			Guess(p[k], Real(s[k]))
			Guess(q[k], 0)
			Eq(Der(p[k]), q[k])
			Eq(Der(q[k]), -m.Alpha*q[k]+2*m.Lam[i]*p[k]+f[k])
		}
		a, b := tangent(s)
		for _, k := range []int{a, b} {
			Start(p[k], Real(s[k]))
			Start(q[k], 0)
		}
		Eq(dot(p, p), 1)
	}
}

func (m *Sphere) Experiment() (start, stop float64) { return 0, 1000 }
