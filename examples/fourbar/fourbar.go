// Package fourbar is mechanisms assembled from library/planar: a four-bar linkage, which is
// a closed loop, a slider crank and a double pendulum.
package fourbar

import (
	"github.com/mtkc/mtkc/library/planar"
	"github.com/mtkc/mtkc/library/rotational"
	. "github.com/mtkc/mtkc/model"
)

// FourBar is a crank of length 1, a coupler of 3.5 and a rocker of 3 between hinges that are 4 apart
// (1 + 4 < 3 + 3.5, so that the crank turns all around). It is let go from Phi0 with W0.
type FourBar struct {
	Left, Right            planar.Ground
	J1, J2, J3, J4         planar.Revolute
	Crank, Coupler, Rocker planar.Link

	Energy Real  `unit:"J"`
	Phi0   Param `value:"1" unit:"rad"`
	W0     Param `value:"10" unit:"rad/s"`
}

func (m *FourBar) Structure() {
	m.Right.X0 = 4
	m.Crank.L, m.Coupler.L, m.Rocker.L = 1, 3.5, 3
	m.Crank.M, m.Coupler.M, m.Rocker.M = 1, 3.5, 3
	Start(m.J1.Phi, m.Phi0)
	Start(m.J1.W, m.W0)
	Guess(m.J2.Phi, -0.5)
	Guess(m.J4.Phi, 2)
}

func (m *FourBar) Equations() {
	Connect(m.Left.Frame, m.J1.A)
	Connect(m.J1.B, m.Crank.A)
	Connect(m.Crank.B, m.J2.A)
	Connect(m.J2.B, m.Coupler.A)
	Connect(m.Coupler.B, m.J3.A)
	Connect(m.J3.B, m.Rocker.B)
	Connect(m.Rocker.A, m.J4.B)
	Connect(m.J4.A, m.Right.Frame)
	Eq(m.Energy, m.Crank.Body.Energy+m.Coupler.Body.Energy+m.Rocker.Body.Energy)
}

// Experiment covers some turns of the crank.
func (m *FourBar) Experiment() (start, stop float64) { return 0, 5 }

// SliderCrank is a crank with a flywheel, a rod and a piston on a horizontal slide.
type SliderCrank struct {
	Ground     planar.Ground
	J1, J2, J3 planar.Revolute
	Crank, Rod planar.Link
	Slide      planar.Prismatic
	Piston     planar.Body
	Wheel      rotational.Inertia

	Energy Real `unit:"J"`
}

func (m *SliderCrank) Structure() {
	m.Crank.L, m.Rod.L = 0.1, 0.3
	m.Crank.M, m.Rod.M, m.Piston.M = 0.3, 0.5, 0.8
	m.Wheel.J = 0.02
	Start(m.J1.Phi, 0)
	Start(m.J1.W, 50)
	Guess(m.Slide.S, 0.4)
}

func (m *SliderCrank) Equations() {
	Connect(m.Ground.Frame, m.J1.A, m.Slide.A)
	Connect(m.J1.Axis, m.Wheel.A)
	Connect(m.J1.B, m.Crank.A)
	Connect(m.Crank.B, m.J2.A)
	Connect(m.J2.B, m.Rod.A)
	Connect(m.Rod.B, m.J3.A)
	Connect(m.J3.B, m.Piston.Frame, m.Slide.B)
	Eq(m.Energy, m.Crank.Body.Energy+m.Rod.Body.Energy+m.Piston.Energy+m.Wheel.J*m.Wheel.W*m.Wheel.W/2)
}

// Experiment covers some turns.
func (m *SliderCrank) Experiment() (start, stop float64) { return 0, 1 }

// DoublePendulum is two links that swing from the horizontal.
type DoublePendulum struct {
	Ground       planar.Ground
	J1, J2       planar.Revolute
	Upper, Lower planar.Link

	Energy Real `unit:"J"`
}

func (m *DoublePendulum) Structure() {
	Start(m.J1.Phi, 0)
	Start(m.J2.Phi, 0)
	Start(m.J1.W, 0)
	Start(m.J2.W, 0)
}

func (m *DoublePendulum) Equations() {
	Connect(m.Ground.Frame, m.J1.A)
	Connect(m.J1.B, m.Upper.A)
	Connect(m.Upper.B, m.J2.A)
	Connect(m.J2.B, m.Lower.A)
	Eq(m.Energy, m.Upper.Body.Energy+m.Lower.Body.Energy)
}

// Experiment is that of examples/planararm.
func (m *DoublePendulum) Experiment() (start, stop float64) { return 0, 5 }
