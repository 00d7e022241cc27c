// Package dcmotor is a permanent-magnet motor with a load and a PI speed controller:
// electrical, rotational and signal components in one model.
package dcmotor

import (
	"github.com/mtkc/mtkc/library/blocks"
	"github.com/mtkc/mtkc/library/electrical"
	"github.com/mtkc/mtkc/library/rotational"
	. "github.com/mtkc/mtkc/model"
)

// DCMotor follows a speed step at 0.1 s; a load torque comes on at 1 s.
type DCMotor struct {
	Reference blocks.Step
	Error     blocks.Feedback
	PI        blocks.PI
	Source    electrical.SignalVoltage
	R         electrical.Resistor
	L         electrical.Inductor
	EMF       electrical.RotationalEMF
	Ground    electrical.Ground
	Rotor     rotational.Inertia
	Friction  rotational.Damper
	Housing   rotational.Fixed
	Load      rotational.StepTorque
	Sensor    rotational.SpeedSensor
}

func (m *DCMotor) Structure() {
	m.Reference.Height, m.Reference.T0 = 100, 0.1
	m.PI.K, m.PI.Ti = 0.5, 0.05
	m.R.R = 0.5
	m.L.L = 4.5e-3
	m.EMF.K = 0.5
	m.Rotor.J = 0.02
	m.Friction.D = 0.01
	m.Load.Height, m.Load.T0 = -3, 1
	Start(m.L.I, 0)
	Start(m.Rotor.Phi, 0)
	Start(m.Rotor.W, 0)
}

func (m *DCMotor) Equations() {
	Connect(m.Reference.Y, m.Error.U1)
	Connect(m.Sensor.W, m.Error.U2)
	Connect(m.Error.Y, m.PI.U)
	Connect(m.PI.Y, m.Source.U)

	Connect(m.Source.P, m.R.P)
	Connect(m.R.N, m.L.P)
	Connect(m.L.N, m.EMF.P)
	Connect(m.EMF.N, m.Source.N, m.Ground.P)

	Connect(m.EMF.Flange, m.Rotor.A)
	Connect(m.Rotor.B, m.Load.Flange, m.Sensor.Flange, m.Friction.B)
	Connect(m.Friction.A, m.Housing.Flange)
}

// Experiment covers the step and the load.
func (m *DCMotor) Experiment() (start, stop float64) { return 0, 2 }
