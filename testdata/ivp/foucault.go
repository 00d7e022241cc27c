// Package foucault is Foucault's pendulum in Cartesian coordinates that turn with the Earth (fast, so that
// the plane turns visibly): index 3.
package foucault

import . "github.com/mtkc/mtkc/model"

type Foucault struct {
	X Real `init:"1"`
	Y Real `init:"0"`
	Z Real `guess:"-9"`
	T Real `desc:"tension per unit mass and length"`
	E Real
}

func (m *Foucault) Equations() {
	const g, l, w, lat = 9.81, 10.0, 0.05, 0.85
	wy, wz := w*Cos(lat), w*Sin(lat)
	vx, vy, vz := Der(m.X), Der(m.Y), Der(m.Z)
	Eq(Der(vx), -m.T*m.X-2*(wy*vz-wz*vy))
	Eq(Der(vy), -m.T*m.Y-2*wz*vx)
	Eq(Der(vz), -m.T*m.Z-g+2*wy*vx)
	Eq(m.X*m.X+m.Y*m.Y+m.Z*m.Z, l*l)
	Start(vx, 0)
	Start(vy, 0)
	Eq(m.E, (vx*vx+vy*vy+vz*vz)/2+g*m.Z)
}

func (m *Foucault) Experiment() (start, stop float64) { return 0, 200 }
