// Package blocks holds signal components: they have inputs U and an output Y, which
// Connect joins.
package blocks

import . "github.com/mtkc/mtkc/model"

// SISO is the base of blocks with one input and one output.
type SISO struct {
	U Input  `desc:"input"`
	Y Output `desc:"output"`
}

// Constant gives K.
type Constant struct {
	Y Output
	K Param `value:"1"`
}

func (c *Constant) Equations() { Eq(c.Y, c.K) }

// Step jumps from Offset to Offset + Height at T0.
type Step struct {
	Y      Output
	Height Param `value:"1" desc:"height of the step"`
	Offset Param `value:"0" desc:"value before the step"`
	T0     Param `value:"0" unit:"s" desc:"time of the step"`
}

func (s *Step) Equations() { Eq(s.Y, s.Offset+If(Time() >= s.T0, s.Height, 0)) }

// Ramp rises from Offset by Height, from T0 on, within Duration.
type Ramp struct {
	Y        Output
	Height   Param `value:"1" desc:"height of the ramp"`
	Offset   Param `value:"0" desc:"value before the ramp"`
	T0       Param `value:"0" unit:"s" desc:"begin of the ramp"`
	Duration Param `value:"1" unit:"s" desc:"time of rise"`
}

func (r *Ramp) Equations() {
	Eq(r.Y, r.Offset+If(Time() < r.T0, 0,
		If(Time() < r.T0+r.Duration, (Time()-r.T0)*r.Height/r.Duration, r.Height)))
}

// Sine is Offset + Amplitude*sin(2*pi*F*t + Phase).
type Sine struct {
	Y         Output
	Amplitude Param `value:"1"`
	F         Param `value:"1" unit:"Hz" desc:"frequency"`
	Phase     Param `value:"0" unit:"rad"`
	Offset    Param `value:"0"`
}

func (s *Sine) Equations() {
	const twoPi = 6.283185307179586
	Eq(s.Y, s.Offset+s.Amplitude*Sin(twoPi*s.F*Time()+s.Phase))
}

// Gain multiplies with K.
type Gain struct {
	SISO
	K Param `value:"1" desc:"gain"`
}

func (g *Gain) Equations() { Eq(g.Y, g.K*g.U) }

// Add is K1*U1 + K2*U2.
type Add struct {
	U1, U2 Input
	Y      Output
	K1, K2 Param `value:"1" desc:"gain"`
}

func (a *Add) Equations() { Eq(a.Y, a.K1*a.U1+a.K2*a.U2) }

// Product is U1*U2.
type Product struct {
	U1, U2 Input
	Y      Output
}

func (p *Product) Equations() { Eq(p.Y, p.U1*p.U2) }

// Feedback is U1 - U2: reference minus measurement.
type Feedback struct {
	U1 Input `desc:"reference"`
	U2 Input `desc:"measurement"`
	Y  Output
}

func (f *Feedback) Equations() { Eq(f.Y, f.U1-f.U2) }

// Integrator is the integral of K*U.
type Integrator struct {
	SISO
	K  Param `value:"1" desc:"gain"`
	Y0 Param `value:"0" desc:"output at the start"`
}

func (i *Integrator) Structure() { Start(i.Y, i.Y0) }

func (i *Integrator) Equations() { Eq(Der(i.Y), i.K*i.U) }

// FirstOrder is a lag with the gain K and the time constant T.
type FirstOrder struct {
	SISO
	K  Param `value:"1" desc:"gain"`
	T  Param `value:"1" unit:"s" min:"0" desc:"time constant"`
	Y0 Param `value:"0" desc:"output at the start"`
}

func (f *FirstOrder) Structure() { Start(f.Y, f.Y0) }

func (f *FirstOrder) Equations() { Eq(f.T*Der(f.Y), f.K*f.U-f.Y) }

// PI is a proportional-integral controller, Y = K*(U + X) with T*der(X) = U.
type PI struct {
	SISO
	X  Real  `desc:"integral of the error over T"`
	K  Param `value:"1" desc:"gain"`
	T  Param `value:"1" unit:"s" min:"0" desc:"integration time"`
	X0 Param `value:"0" desc:"X at the start"`
}

func (c *PI) Structure() { Start(c.X, c.X0) }

func (c *PI) Equations() {
	Eq(c.T*Der(c.X), c.U)
	Eq(c.Y, c.K*(c.U+c.X))
}

// PID is K*(U + integral of U over Ti + Td times a derivative of U that is filtered
// with the time constant Td/Nd).
type PID struct {
	SISO
	X  Real  `desc:"integral of the error over Ti"`
	D  Real  `desc:"filtered error"`
	K  Param `value:"1" desc:"gain"`
	Ti Param `value:"0.5" unit:"s" min:"0" desc:"integration time"`
	Td Param `value:"0.1" unit:"s" min:"0" desc:"derivative time"`
	Nd Param `value:"10" desc:"quotient of derivative time and filter time"`
}

func (c *PID) Structure() { Start(c.X, 0) }

func (c *PID) Equations() {
	Eq(c.Ti*Der(c.X), c.U)
	Eq(c.Td/c.Nd*Der(c.D), c.U-c.D)
	Initial(c.D, c.U)
	Eq(c.Y, c.K*(c.U+c.X+c.Nd*(c.U-c.D)))
}

// Limiter keeps the signal between Min and Max.
type Limiter struct {
	SISO
	Lo Param `value:"-1" desc:"lower limit"`
	Hi Param `value:"1" desc:"upper limit"`
}

func (l *Limiter) Equations() {
	Eq(l.Y, Smooth(0, If(l.U > l.Hi, l.Hi, If(l.U < l.Lo, l.Lo, l.U))))
}

// Relay switches to 1 when U rises above Hi and to 0 when it falls below Lo.
type Relay struct {
	U  Input
	Y  Output
	On Discrete `init:"0" desc:"1 while switched on"`
	Lo Param    `value:"-0.5" desc:"switches off below"`
	Hi Param    `value:"0.5" desc:"switches on above"`
}

func (r *Relay) Equations() {
	When(r.U > r.Hi, func() { Set(r.On, 1) })
	ElseWhen(r.U < r.Lo, func() { Set(r.On, 0) })
	Eq(r.Y, r.On)
}

// Sampler holds the value that the input had at the last multiple of Period.
type Sampler struct {
	U      Input
	Y      Output
	Held   Discrete `desc:"the value of the last sample"`
	Period Param    `value:"0.1" unit:"s" desc:"time between samples"`
}

func (s *Sampler) Equations() {
	Every(s.Period, func() { Set(s.Held, s.U) })
	Eq(s.Y, s.Held)
}
