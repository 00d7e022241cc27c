package hydraulic

import (
	"github.com/mtkc/mtkc/library/fluid"
	. "github.com/mtkc/mtkc/model"
)

// Hydraulic is a closed loop: pump, line with inertia, volume, valve, tank.
type Hydraulic struct {
	Tank  fluid.OpenTank
	Pump  fluid.Pump
	Line  fluid.Line
	Vol   fluid.Volume
	Valve fluid.Valve
	Speed Discrete `init:"0.5"`
}

func (m *Hydraulic) Structure() {
	m.Line.L, m.Line.D = 20, 0.05
	m.Vol.V, m.Vol.Beta = 1e-2, 1e7
	m.Valve.Opening = 0.7
	Start(m.Tank.Level, 1)
	Start(m.Tank.T, 300)
	Start(m.Vol.T, 300)
	Start(m.Line.M, 0)
	Start(m.Vol.P, 1.2e5)
}
func (m *Hydraulic) Equations() {
	Eq(m.Pump.N, m.Speed)
	At(5, func() { Set(m.Speed, 1) })
	Connect(m.Tank.Bottom, m.Pump.A)
	Connect(m.Pump.B, m.Line.A)
	Connect(m.Line.B, m.Vol.A)
	Connect(m.Vol.B, m.Valve.A)
	Connect(m.Valve.B, m.Tank.Top)
	Eq(m.Vol.Wall.Q, 0)
}
func (m *Hydraulic) Experiment() (a, b float64) { return 0, 20 }
