// Package pendulum is a point mass on a rigid rod, in Cartesian coordinates: a DAE of index 3.
package pendulum

import . "github.com/mtkc/mtkc/model"

//go:generate go run github.com/mtkc/mtkc/cmd/mtkc compile --backend go --model Pendulum -o pendulum_mtk.go .

// Pendulum starts at rest in the horizontal position.
type Pendulum struct {
	X Real  `init:"1" unit:"m"`
	Y Real  `guess:"0" unit:"m"`
	T Real  `unit:"1/s2" desc:"tension per unit mass and length"`
	L Param `value:"1" unit:"m" desc:"length of the rod"`
	G Param `value:"9.81" unit:"m/s2" desc:"gravity"`
}

func (p *Pendulum) Equations() {
	Eq(Der(Der(p.X)), -p.T*p.X)
	Eq(Der(Der(p.Y)), -p.T*p.Y-p.G)
	Eq(p.X*p.X+p.Y*p.Y, p.L*p.L)
	Start(Der(p.Y), 0) // at rest; the velocity along x follows
}

// Experiment covers about four swings.
func (p *Pendulum) Experiment() (start, stop float64) { return 0, 10 }
