package grid

import (
	. "github.com/mtkc/mtkc/model"
)

// Grid is the swing equation on a ring of machines with a line that trips.
type Machine struct {
	Delta    Real `init:"0"`
	W        Real `init:"0"`
	Pe       Real
	Pm, D, M Param `value:"1"`
}

func (g *Machine) Equations() {
	Eq(Der(g.Delta), g.W)
	Eq(g.M*Der(g.W), g.Pm-g.Pe-g.D*g.W)
}

type Grid struct {
	N       int `value:"6"`
	G       []Machine
	Tripped Discrete `init:"0"`
}

func (m *Grid) Structure() {
	m.G = make([]Machine, m.N)
	for i := range m.G {
		m.G[i].Pm = Real(1 - 2*(i%2))
		m.G[i].D = 0.3
	}
}
func (m *Grid) Equations() {
	pe := make([]Real, m.N)
	for i := range m.G {
		j := (i + 1) % m.N
		k := Real(3)
		if i == 0 {
			k = 3 * (1 - m.Tripped)
		}
		f := k * Sin(m.G[i].Delta-m.G[j].Delta)
		pe[i] += f
		pe[j] -= f
	}
	for i := range m.G {
		Eq(m.G[i].Pe, pe[i])
	}
	At(20, func() { Set(m.Tripped, 1) })
}
func (m *Grid) Experiment() (a, b float64) { return 0, 60 }
