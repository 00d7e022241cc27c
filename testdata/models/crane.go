package crane

import (
	"github.com/mtkc/mtkc/library/planar"
	"github.com/mtkc/mtkc/library/translational"
	. "github.com/mtkc/mtkc/model"
)

// Crane is a trolley with a load on a rope that is hoisted (planar library), under state feedback.
type Crane struct {
	Ground  planar.Ground
	Slide   planar.Prismatic
	Trolley planar.Body
	Joint   planar.Revolute
	Rope    planar.Prismatic
	Load    planar.Body
	Drive   translational.Force
	Winch   translational.Force
	K1      Const `value:"1" unit:"N/m"`
	K2      Const `value:"1" unit:"N.s/m"`
	K3      Const `value:"1" unit:"N"`
}

func (m *Crane) Structure() {
	m.Trolley.M, m.Trolley.J = 100, 1
	m.Load.M, m.Load.J = 500, 10
	m.Rope.EX, m.Rope.EY = 0, -1
	Start(m.Slide.S, 0)
	Start(m.Slide.V, 0)
	Start(m.Joint.Phi, 0.1)
	Start(m.Joint.W, 0)
	Start(m.Rope.S, 8)
	Start(m.Rope.V, 0)
}
func (m *Crane) Equations() {
	Connect(m.Ground.Frame, m.Slide.A)
	Connect(m.Slide.B, m.Trolley.Frame, m.Joint.A)
	Connect(m.Joint.B, m.Rope.A)
	Connect(m.Rope.B, m.Load.Frame)
	Connect(m.Drive.Flange, m.Slide.Axis)
	Connect(m.Winch.Flange, m.Rope.Axis)
	goal := If(Time() < 2, 0, 10)
	Eq(m.Drive.U, 200*(goal-m.Slide.S)*m.K1-400*m.Slide.V*m.K2-3000*m.K3*m.Joint.Phi)
	Eq(m.Winch.U, 2000*(5-m.Rope.S)*m.K1-2000*m.Rope.V*m.K2-500*9.81*m.K3)
}
func (m *Crane) Experiment() (a, b float64) { return 0, 40 }
