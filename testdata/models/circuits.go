// Package circuits is rectifiers, converters, oscillators, and loops and cutsets of nonlinear parts.
package circuits

import (
	"github.com/mtkc/mtkc/library/electrical"
	. "github.com/mtkc/mtkc/model"
)

// Greinacher is a voltage doubler.
type Greinacher struct {
	V      electrical.SineVoltage
	C1, C2 electrical.Capacitor
	D1, D2 electrical.Diode
	R, Rs  electrical.Resistor
	G      electrical.Ground
}

func (m *Greinacher) Structure() {
	m.V.Amplitude, m.V.F = 10, 50
	m.C1.C, m.C2.C, m.R.R, m.Rs.R = 1e-4, 1e-4, 1e4, 1
	Start(m.C1.V, 0)
	Start(m.C2.V, 0)
}

func (m *Greinacher) Equations() {
	Connect(m.V.P, m.Rs.P)
	Connect(m.Rs.N, m.C1.P)
	Connect(m.C1.N, m.D1.N, m.D2.P)
	Connect(m.D2.N, m.C2.P, m.R.P)
	Connect(m.V.N, m.D1.P, m.C2.N, m.R.N, m.G.P)
}
func (m *Greinacher) Experiment() (a, b float64) { return 0, 0.2 }

// Ideal is the doubler with ideal diodes and no resistance of the source: a capacitor loop while a diode conducts.
type Ideal struct {
	V      electrical.SineVoltage
	C1, C2 electrical.Capacitor
	D1, D2 electrical.IdealDiode
	R      electrical.Resistor
	G      electrical.Ground
}

func (m *Ideal) Structure() {
	m.V.Amplitude, m.V.F = 10, 50
	m.C1.C, m.C2.C, m.R.R = 1e-4, 1e-4, 1e4
	Start(m.C1.V, 0)
	Start(m.C2.V, 0)
}

func (m *Ideal) Equations() {
	Connect(m.V.P, m.C1.P)
	Connect(m.C1.N, m.D1.N, m.D2.P)
	Connect(m.D2.N, m.C2.P, m.R.P)
	Connect(m.V.N, m.D1.P, m.C2.N, m.R.N, m.G.P)
}
func (m *Ideal) Experiment() (a, b float64) { return 0, 0.2 }

// BuckBoost inverts 12 V; with the small load it runs in discontinuous mode.
type BuckBoost struct {
	V  electrical.ConstantVoltage
	S  electrical.Switch
	D  electrical.IdealDiode
	L  electrical.Inductor
	C  electrical.Capacitor
	R  electrical.Resistor
	G  electrical.Ground
	T1 Discrete `init:"0"`
	On Discrete `init:"1"`
	T0 Param    `value:"1e-4"`
	Du Param    `value:"0.4"`
}

func (m *BuckBoost) Structure() {
	m.V.V0 = 12
	m.L.L, m.C.C, m.R.R = 1e-3, 1e-4, 500
	Start(m.L.I, 0)
	Start(m.C.V, 0)
}
func (m *BuckBoost) Equations() {
	Connect(m.V.P, m.S.P)
	Connect(m.S.N, m.L.P, m.D.N)
	Connect(m.D.P, m.C.P, m.R.P)
	Connect(m.V.N, m.L.N, m.C.N, m.R.N, m.G.P)
	Every(m.T0, func() { Set(m.T1, Time()) })
	When(Time() >= m.T1+m.Du*m.T0, func() { Set(m.On, 0) })
	ElseWhen(Time() < m.T1+m.Du*m.T0, func() { Set(m.On, 1) })
	Eq(m.S.Closed, m.On)
}
func (m *BuckBoost) Experiment() (a, b float64) { return 0, 0.1 }

// Flyback is a rectifier behind a transformer with leakage.
type Flyback struct {
	V              electrical.SineVoltage
	T              electrical.Transformer
	D1, D2, D3, D4 electrical.Diode
	C              electrical.Capacitor
	R, Rs          electrical.Resistor
	G, G2          electrical.Ground
}

func (m *Flyback) Structure() {
	m.V.Amplitude, m.V.F = 100, 50
	m.T.L1, m.T.L2, m.T.M = 1, 0.01, 0.0995
	m.C.C, m.R.R, m.Rs.R = 1e-3, 50, 2
	Start(m.C.V, 0)
	Start(m.T.I1, 0)
}
func (m *Flyback) Equations() {
	Connect(m.V.P, m.Rs.P)
	Connect(m.Rs.N, m.T.P1)
	Connect(m.V.N, m.T.N1, m.G.P)
	Connect(m.T.P2, m.D1.P, m.D2.N)
	Connect(m.T.N2, m.D3.P, m.D4.N)
	Connect(m.D1.N, m.D3.N, m.C.P, m.R.P)
	Connect(m.D2.P, m.D4.P, m.C.N, m.R.N, m.G2.P)
}
func (m *Flyback) Experiment() (a, b float64) { return 0, 0.1 }

// Floating is Flyback whose secondary side has no ground.
type Floating struct {
	V              electrical.SineVoltage
	T              electrical.Transformer
	D1, D2, D3, D4 electrical.Diode
	C              electrical.Capacitor
	R, Rs          electrical.Resistor
	G              electrical.Ground
}

func (m *Floating) Structure() {
	m.V.Amplitude, m.V.F = 100, 50
	m.T.L1, m.T.L2, m.T.M = 1, 0.01, 0.0995
	m.C.C, m.R.R, m.Rs.R = 1e-3, 50, 2
	Start(m.C.V, 0)
	Start(m.T.I1, 0)
}
func (m *Floating) Equations() {
	Connect(m.V.P, m.Rs.P)
	Connect(m.Rs.N, m.T.P1)
	Connect(m.V.N, m.T.N1, m.G.P)
	Connect(m.T.P2, m.D1.P, m.D2.N)
	Connect(m.T.N2, m.D3.P, m.D4.N)
	Connect(m.D1.N, m.D3.N, m.C.P, m.R.P)
	Connect(m.D2.P, m.D4.P, m.C.N, m.R.N)
}
func (m *Floating) Experiment() (a, b float64) { return 0, 0.1 }

// Bridge6 is a three-phase bridge of ideal diodes, star without a neutral, inductive source.
type Bridge6 struct {
	V [3]electrical.SineVoltage
	L [3]electrical.Inductor
	D [6]electrical.IdealDiode
	C electrical.Capacitor
	R electrical.Resistor
	G electrical.Ground
}

func (m *Bridge6) Structure() {
	for i := range 3 {
		m.V[i].Amplitude, m.V[i].F = 100, 50
		m.V[i].Phase = 2.0943951023931953 * Param(i)
		m.L[i].L = 1e-3
	}
	m.C.C, m.R.R = 1e-3, 20
	Start(m.C.V, 0)
	Start(m.L[0].I, 0)
	Start(m.L[1].I, 0)
}
func (m *Bridge6) Equations() {
	for i := range 3 {
		Connect(m.V[i].N, m.G.P)
		Connect(m.V[i].P, m.L[i].P)
		Connect(m.L[i].N, m.D[2*i].P, m.D[2*i+1].N)
		Connect(m.D[2*i].N, m.C.P, m.R.P)
		Connect(m.D[2*i+1].P, m.C.N, m.R.N)
	}
}
func (m *Bridge6) Experiment() (a, b float64) { return 0, 0.06 }

// Colpitts oscillates about a transistor.
type Colpitts struct {
	Vcc    electrical.ConstantVoltage
	Vee    electrical.ConstantVoltage
	L      electrical.Inductor
	Rl, Re electrical.Resistor
	C1, C2 electrical.Capacitor
	Q      electrical.NPN
	G      electrical.Ground
}

func (m *Colpitts) Structure() {
	m.Vcc.V0, m.Vee.V0 = 5, 5
	m.L.L, m.Rl.R, m.Re.R = 98.5e-6, 35, 400
	m.C1.C, m.C2.C = 54e-9, 54e-9
	Start(m.L.I, 0)
	Start(m.C1.V, 1)
	Start(m.C2.V, 0)
}
func (m *Colpitts) Equations() {
	Connect(m.Vcc.P, m.Rl.P)
	Connect(m.Rl.N, m.L.P)
	Connect(m.L.N, m.Q.C, m.C1.P)
	Connect(m.Q.E, m.C1.N, m.C2.P, m.Re.P)
	Connect(m.Re.N, m.Vee.N)
	Connect(m.Vcc.N, m.Vee.P, m.C2.N, m.Q.B, m.G.P)
}
func (m *Colpitts) Experiment() (a, b float64) { return 0, 2e-4 }

// Schmitt is an amplifier with positive feedback, charged over a resistor: a relaxation oscillator.
type Schmitt struct {
	A         electrical.OpAmp
	R1, R2, R electrical.Resistor
	C, Cp     electrical.Capacitor
	G         electrical.Ground
}

func (m *Schmitt) Structure() {
	m.R1.R, m.R2.R, m.R.R, m.C.C = 1e4, 1e4, 1e4, 1e-7
	m.Cp.C = 1e-12
	Start(m.C.V, 0)
	Start(m.Cp.V, 1)
}
func (m *Schmitt) Equations() {
	Connect(m.A.Out, m.R1.P, m.R.P)
	Connect(m.R1.N, m.R2.P, m.A.InP, m.Cp.P)
	Connect(m.R.N, m.C.P, m.A.InN)
	Connect(m.R2.N, m.C.N, m.Cp.N, m.G.P)
}
func (m *Schmitt) Experiment() (a, b float64) { return 0, 0.01 }

// Loop is three capacitors in a loop, one of which is a varactor, behind a source: and a cutset of inductors,
// one of which saturates.
type Loop struct {
	V      electrical.SineVoltage
	Rs, Rl electrical.Resistor
	C1, C2 electrical.Capacitor
	J      Varactor
	L1, L2 electrical.Inductor
	S      Saturating
	G      electrical.Ground
}

// Varactor has a capacitance that depends on its voltage.
type Varactor struct {
	electrical.OnePort
	Q  Real
	V0 Param `value:"1" unit:"V"`
}

func (c *Varactor) Equations() {
	c.OnePort.Equations()
	Eq(c.Q, 1e-6*(c.V+0.1*c.V*c.V*c.V/(c.V0*c.V0)))
	Eq(c.I, Der(c.Q))
}

// Saturating is an inductor with the flux 1e-3*atan(I).
type Saturating struct {
	electrical.OnePort
	Psi Real
	I0  Param `value:"0.1" unit:"A"`
}

func (c *Saturating) Equations() {
	c.OnePort.Equations()
	Eq(c.Psi, 1e-2*Atan(c.I/c.I0))
	Eq(c.V, Der(c.Psi))
}

func (m *Loop) Structure() {
	m.V.Amplitude, m.V.F = 5, 200
	m.Rs.R, m.Rl.R = 50, 100
	m.C1.C, m.C2.C = 2e-6, 1e-6
	m.L1.L, m.L2.L = 2e-3, 3e-3
	Start(m.C1.V, 0)
	Start(m.C2.V, 0)
	Start(m.L1.I, 0)
	Start(m.L2.I, 0)
}
func (m *Loop) Equations() {
	Connect(m.V.P, m.Rs.P)
	Connect(m.Rs.N, m.C1.P, m.J.P, m.L1.P)
	Connect(m.C1.N, m.C2.P)
	Connect(m.L1.N, m.L2.P, m.S.P)
	Connect(m.L2.N, m.Rl.P)
	Connect(m.V.N, m.C2.N, m.J.N, m.S.N, m.Rl.N, m.G.P)
}
func (m *Loop) Experiment() (a, b float64) { return 0, 0.01 }
