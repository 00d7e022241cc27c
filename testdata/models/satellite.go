package satellite

import (
	. "github.com/mtkc/mtkc/model"
)

// Satellite is a rigid body in space; its attitude is a quaternion whose norm is a constraint.
type Satellite struct {
	Q    [4]Real
	W    [3]Real
	Mu   Real `desc:"multiplier of the norm"`
	E, H Real
}

func (m *Satellite) Equations() {
	j := []Real{1, 2, 3}
	w := []Real{0.01, 1, 0.01}
	for i := range 3 {
		a, b := (i+1)%3, (i+2)%3
		Start(m.W[i], w[i])
		Eq(j[i]*Der(m.W[i]), (j[a]-j[b])*m.W[a]*m.W[b])
	}
	q, v := m.Q, m.W
	Eq(Der(q[0]), -(q[1]*v[0]+q[2]*v[1]+q[3]*v[2])/2+m.Mu*q[0])
	Eq(Der(q[1]), (q[0]*v[0]+q[2]*v[2]-q[3]*v[1])/2+m.Mu*q[1])
	Eq(Der(q[2]), (q[0]*v[1]+q[3]*v[0]-q[1]*v[2])/2+m.Mu*q[2])
	Eq(Der(q[3]), (q[0]*v[2]+q[1]*v[1]-q[2]*v[0])/2+m.Mu*q[3])
	Eq(q[0]*q[0]+q[1]*q[1]+q[2]*q[2]+q[3]*q[3], 1)
	Guess(q[0], 1)
	for i := 1; i < 4; i++ {
		Start(q[i], 0)
	}
	Eq(m.E, (v[0]*v[0]+2*v[1]*v[1]+3*v[2]*v[2])/2)
	Eq(m.H, v[0]*v[0]+4*v[1]*v[1]+9*v[2]*v[2])
}
func (m *Satellite) Experiment() (a, b float64) { return 0, 200 }
