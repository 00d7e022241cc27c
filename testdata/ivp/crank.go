// Package crank is a slider crank whose connecting rod is elastic (test set for initial value
// problems, Mazzia and Magherini, release 2.4; Simeon, Math. Modelling of Systems 2 (1996)
// 1-18): linear stiffness, no damping. Model Crank states the constraints on the velocities, index
// 2; Positions those on the positions, index 3, in their place.
package crank

import . "github.com/mtkc/mtkc/model"

const (
	mass1, mass2, mass3 = 0.36, 0.151104, 0.075552
	l1, l2              = 0.15, 0.3
	j1, j2              = 0.002727, 0.0045339259
	young, rho          = 2e11, 7870.0
	width, height       = 0.008, 0.008
	omega, pi           = 150.0, 3.1415927 // as published
)

// Vec is a vector of the elastic coordinates.
type Vec [4]Real

type mat [4][4]float64

func dot(a, b Vec) (s Real) {
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

func (m mat) mul(v Vec) (r Vec) {
	for i := range m {
		for j := range m {
			r[i] += Real(m[i][j]) * v[j]
		}
	}
	return r
}

func plus(a Vec, k Real, b Vec) (r Vec) {
	for i := range a {
		r[i] = a[i] + k*b[i]
	}
	return r
}

type base struct {
	Phi1, Phi2, X3 Real
	Q              Vec
	V1, V2, V3     Real
	VQ             Vec
	Lam            [3]Real
}

// rod states everything but the constraints.
func (c *base) rod() {
	const b = width * height * l2
	const m = rho * b
	const k = young * width * height / l2
	const h = height / l2
	mq := mat{{m / 2}, {0, m / 2}, {0, 0, 8 * m, m}, {0, 0, m, 2 * m}}
	kq := mat{{k * pi * pi * pi * pi / 24 * h * h}, {0, k * pi * pi * pi * pi * 2 / 3 * h * h}, {0, 0, k * 16 / 3, -k * 8 / 3}, {0, 0, -k * 8 / 3, k * 7 / 3}}
	const x, y, z = b * 16 / (pi * pi * pi), b * (8/(pi*pi*pi) - 1/pi), b / (2 * pi)
	bq := mat{{0, 0, -x, y}, {0, 0, 0, z}, {x}, {-y, -z}}
	bqT := mat{{0, 0, x, -y}, {0, 0, 0, -z}, {-x}, {y, z}}
	c1, c2 := Vec{0, 0, b * 2.0 / 3, b / 6.0}, Vec{b * 2 / pi}
	c12, c21 := Vec{0, 0, l2 * b / 3, l2 * b / 6}, Vec{l2 * b / pi, -l2 * b / (2 * pi)}

	q, vq := c.Q, c.VQ
	v1, v2 := c.V1, c.V2
	s1, k1, s2, k2 := Sin(c.Phi1), Cos(c.Phi1), Sin(c.Phi2), Cos(c.Phi2)
	S, C := Sin(c.Phi1-c.Phi2), Cos(c.Phi1-c.Phi2)
	qb, vb := mq.mul(q), bq.mul(vq)

	a11 := Real(j1 + mass2*l1*l1)
	a12 := l1*l2*mass2*C/2 + rho*l1*(S*dot(c2, q)+C*dot(c1, q))
	a22 := j2 + dot(q, qb) + 2*rho*dot(c12, q)
	var a1q, a2q Vec
	for i := range q {
		a1q[i] = rho * l1 * (C*c2[i] - S*c1[i])
		a2q[i] = rho * (c21[i] + bqT.mul(q)[i])
	}
	f1 := -l1*l2*mass2*v2*v2*S/2 + rho*l1*v2*v2*(C*dot(c2, q)-S*dot(c1, q)) - 2*rho*l1*v2*(C*dot(c1, vq)+S*dot(c2, vq))
	f2 := l1*l2*mass2*v1*v1*S/2 + rho*l1*v1*v1*(S*dot(c1, q)-C*dot(c2, q)) - 2*rho*v2*dot(c12, vq) - 2*v2*dot(vq, qb) - rho*dot(vq, vb)
	var fq Vec
	kqq := kq.mul(q)
	for i := range q {
		fq[i] = v2*v2*qb[i] + rho*(v2*v2*c12[i]+l1*v1*v1*(C*c1[i]+S*c2[i])+2*v2*vb[i]) - kqq[i]
	}
	Eq(Der(c.Phi1), c.V1)
	Eq(Der(c.Phi2), c.V2)
	Eq(Der(c.X3), c.V3)
	w := Vec{Der(vq[0]), Der(vq[1]), Der(vq[2]), Der(vq[3])}
	lam := c.Lam
	r := l2 + q[3]
	Eq(a11*Der(v1)+a12*Der(v2)+dot(a1q, w), f1-l1*k1*lam[0]-l1*s1*lam[1]-lam[2])
	Eq(a12*Der(v1)+a22*Der(v2)+dot(a2q, w), f2-r*k2*lam[0]-r*s2*lam[1])
	Eq(mass3*Der(c.V3), -lam[1])
	mw := mq.mul(w)
	for i := range q {
		Eq(Der(q[i]), vq[i])
		right := fq[i]
		if i == 3 {
			right -= s2*lam[0] - k2*lam[1]
		}
		Eq(a1q[i]*Der(v1)+a2q[i]*Der(v2)+mw[i], right)
	}
	for i, x := range []Real{0, 0, 1.03339863e-5, 1.69327969e-5} {
		Start(q[i], x)
	}
	for i, x := range []Real{0.444896105, 4.63434311e-3, -1.78591076e-6, -2.68938672e-6} {
		Start(vq[i], x)
	}
}

type Crank struct{ base }

func (c *Crank) Equations() {
	c.rod()
	Start(c.Phi1, 0)
	Start(c.Phi2, 0)
	Start(c.X3, 0.450016933)
	r := l2 + c.Q[3]
	Eq(l1*Cos(c.Phi1)*c.V1+r*Cos(c.Phi2)*c.V2+Sin(c.Phi2)*c.VQ[3], 0)
	Eq(l1*Sin(c.Phi1)*c.V1+r*Sin(c.Phi2)*c.V2+c.V3-Cos(c.Phi2)*c.VQ[3], 0)
	Eq(c.V1, omega)
}

func (c *Crank) Experiment() (start, stop float64) { return 0, 0.1 }

type Positions struct{ base }

func (c *Positions) Equations() {
	c.rod()
	Guess(c.Phi2, 0)
	Guess(c.X3, 0.45)
	r := l2 + c.Q[3]
	Eq(l1*Sin(c.Phi1)+r*Sin(c.Phi2), 0)
	Eq(c.X3, l1*Cos(c.Phi1)+r*Cos(c.Phi2))
	Eq(c.Phi1, omega*Time())
}

func (c *Positions) Experiment() (start, stop float64) { return 0, 0.1 }
