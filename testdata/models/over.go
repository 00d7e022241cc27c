package over

import . "github.com/mtkc/mtkc/model"

// Over is a Cartesian pendulum fast enough to go over the top.
type Over struct {
	X Real `init:"0"`
	Y Real `guess:"-1"`
	T Real
	E Real
}

func (p *Over) Equations() {
	Start(Der(p.X), 7)
	Eq(Der(Der(p.X)), -p.T*p.X)
	Eq(Der(Der(p.Y)), -p.T*p.Y-9.81)
	Eq(p.X*p.X+p.Y*p.Y, 1)
	vx, vy := Der(p.X), Der(p.Y)
	Eq(p.E, (vx*vx+vy*vy)/2+9.81*p.Y)
}
func (p *Over) Experiment() (a, b float64) { return 0, 1000 }
