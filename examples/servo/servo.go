// Package servo is a position drive: a DC motor turns a load through a soft shaft, under
// current, speed and position control in a cascade. The connections between the
// controllers and the motor are analysis points, at which mtkc linearize can open the
// loops.
package servo

import (
	"github.com/mtkc/mtkc/library/blocks"
	"github.com/mtkc/mtkc/library/electrical"
	"github.com/mtkc/mtkc/library/rotational"
	. "github.com/mtkc/mtkc/model"
)

// Servo follows a reference angle.
type Servo struct {
	Ref Input  `value:"0" unit:"rad" desc:"reference angle of the motor"`
	Tau Input  `value:"0" unit:"N.m" desc:"torque on the load"`
	Phi Output `unit:"rad" desc:"angle of the load"`

	Position blocks.Gain     // speed reference from the error of the angle
	Speed    blocks.PI       // current reference from the error of the speed
	Current  blocks.PI       // voltage from the error of the current
	EPhi     blocks.Feedback // errors
	EW       blocks.Feedback
	EI       blocks.Feedback

	Source electrical.SignalVoltage
	R      electrical.Resistor
	L      electrical.Inductor
	EMF    electrical.RotationalEMF
	Ground electrical.Ground
	Motor  rotational.Inertia
	Shaft  rotational.Spring
	Wear   rotational.Damper
	Load   rotational.Inertia
	Torque rotational.Torque
}

func (s *Servo) Structure() {
	s.R.R, s.L.L, s.EMF.K = 1, 2e-3, 0.1
	s.Motor.J, s.Load.J = 1e-4, 3e-4
	s.Shaft.C, s.Wear.D = 20, 5e-3
	s.Current.K, s.Current.Ti = 2, 2e-3
	s.Speed.K, s.Speed.Ti = 1, 0.05
	s.Position.K = 20
	Start(s.L.I, 0)
	Start(s.Motor.Phi, 0)
	Start(s.Motor.W, 0)
	Start(s.Load.Phi, 0)
	Start(s.Load.W, 0)
}

func (s *Servo) Equations() {
	// Controllers, from the outside in.
	Eq(s.EPhi.U1, s.Ref)
	AnalysisPoint("angle", s.Motor.Phi, s.EPhi.U2)
	Connect(s.EPhi.Y, s.Position.U)
	AnalysisPoint("speedRef", s.Position.Y, s.EW.U1)
	AnalysisPoint("speed", s.Motor.W, s.EW.U2)
	Connect(s.EW.Y, s.Speed.U)
	AnalysisPoint("currentRef", s.Speed.Y, s.EI.U1)
	AnalysisPoint("current", s.L.I, s.EI.U2)
	Connect(s.EI.Y, s.Current.U)
	AnalysisPoint("voltage", s.Current.Y, s.Source.U)

	// Drive.
	Connect(s.Source.P, s.R.P)
	Connect(s.R.N, s.L.P)
	Connect(s.L.N, s.EMF.P)
	Connect(s.EMF.N, s.Source.N, s.Ground.P)
	Connect(s.EMF.Flange, s.Motor.A)
	Connect(s.Motor.B, s.Shaft.A, s.Wear.A)
	Connect(s.Shaft.B, s.Wear.B, s.Load.A)
	Eq(s.Torque.U, s.Tau)
	Connect(s.Torque.Flange, s.Load.B)
	Eq(s.Phi, s.Load.Phi)
}

// Experiment covers the response to a step of the reference (--set Ref=1).
func (s *Servo) Experiment() (start, stop float64) { return 0, 1 }
