package chain

import (
	. "github.com/mtkc/mtkc/model"
)

// Link hangs on a thread of length L from the one before.
type Bob struct {
	X, Y Real
	T    Real
}

// Chain of N pendulums in Cartesian coordinates.
type Chain struct {
	N      int `value:"5"`
	Bob    []Bob
	Energy Real
}

func (m *Chain) Structure() {
	m.Bob = make([]Bob, m.N)
	for i := range m.Bob {
		Guess(m.Bob[i].X, Real(i+1))
		Start(m.Bob[i].Y, 0)
		Start(Der(m.Bob[i].Y), 0)
	}
}
func (m *Chain) Equations() {
	e := Real(0)
	for i := range m.Bob {
		b := m.Bob[i]
		px, py := Real(0), Real(0)
		if i > 0 {
			px, py = m.Bob[i-1].X, m.Bob[i-1].Y
		}
		dx, dy := b.X-px, b.Y-py
		Eq(dx*dx+dy*dy, 1)
		fx, fy := -b.T*dx, -b.T*dy
		if i+1 < m.N {
			n := m.Bob[i+1]
			fx += n.T * (n.X - b.X)
			fy += n.T * (n.Y - b.Y)
		}
		Eq(Der(Der(b.X)), fx)
		Eq(Der(Der(b.Y)), fy-9.81)
		vx, vy := Der(b.X), Der(b.Y)
		e += (vx*vx+vy*vy)/2 + 9.81*b.Y
	}
	Eq(m.Energy, e)
}
func (m *Chain) Experiment() (a, b float64) { return 0, 5 }
