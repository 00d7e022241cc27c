package pid

import (
	"github.com/mtkc/mtkc/library/rotational"
	. "github.com/mtkc/mtkc/model"
)

// Servo is a sampled controller with a motor and a gear.
type Servo struct {
	J1, J2 rotational.Inertia
	Gear   rotational.Gear
	Shaft  rotational.SpringDamper
	Motor  rotational.Torque
	Angle  rotational.AngleSensor
	U      Discrete `init:"0"`
	I      Discrete `init:"0"`
	Last   Discrete `init:"0"`
}

func (m *Servo) Structure() {
	m.J1.J, m.J2.J = 0.001, 0.5
	m.Gear.Ratio = 20
	m.Shaft.C, m.Shaft.D = 500, 5
	Start(m.J1.Phi, 0)
	Start(m.J1.W, 0)
	Start(m.J2.Phi, 0)
	Start(m.J2.W, 0)
}
func (m *Servo) Equations() {
	Connect(m.Motor.Flange, m.J1.A)
	Connect(m.J1.B, m.Gear.A)
	Connect(m.Gear.B, m.Shaft.A)
	Connect(m.Shaft.B, m.J2.A)
	Connect(m.J2.B, m.Angle.Flange)
	Every(0.01, func() {
		e := 1 - m.Angle.Phi
		Set(m.I, Pre(m.I)+0.01*e)
		Set(m.U, 1.5*e+0.5*m.I+0.2*(e-Pre(m.Last))/0.01)
		Set(m.Last, e)
	})
	Eq(m.Motor.U, m.U)
}
func (m *Servo) Experiment() (a, b float64) { return 0, 5 }
