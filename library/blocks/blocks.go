// Package blocks is a library of signal blocks: sources, arithmetic and controllers.
// Signals are connected from an Output Y to an Input U with Connect.
package blocks

import . "github.com/mtkc/mtkc/model"

// Constant is Y = K.
type Constant struct {
	Y Output
	K Param `value:"1"`
}

func (b *Constant) Equations() { Eq(b.Y, b.K) }

// Step jumps from Offset to Offset + Height at T0.
type Step struct {
	Y      Output
	Offset Param `value:"0"`
	Height Param `value:"1"`
	T0     Param `value:"0" unit:"s"`
}

func (b *Step) Equations() { Eq(b.Y, b.Offset+If(Time() >= b.T0, b.Height, 0)) }

// Ramp rises from Offset at T0 by Height within Duration.
type Ramp struct {
	Y        Output
	Offset   Param `value:"0"`
	Height   Param `value:"1"`
	T0       Param `value:"0" unit:"s"`
	Duration Param `value:"1" unit:"s"`
}

func (b *Ramp) Equations() {
	Eq(b.Y, b.Offset+If(Time() < b.T0, 0, If(Time() < b.T0+b.Duration, (Time()-b.T0)/b.Duration*b.Height, b.Height)))
}

// Sine is Offset + Amplitude*sin(2*pi*F*t + Phase).
type Sine struct {
	Y         Output
	Amplitude Param `value:"1"`
	F         Param `value:"1" unit:"Hz"`
	Phase     Param `value:"0" unit:"rad"`
	Offset    Param `value:"0"`
}

func (b *Sine) Equations() {
	Eq(b.Y, b.Offset+b.Amplitude*Sin(2*3.141592653589793*b.F*Time()+b.Phase))
}

// Gain is Y = K*U.
type Gain struct {
	U Input
	Y Output
	K Param `value:"1"`
}

func (b *Gain) Equations() { Eq(b.Y, b.K*b.U) }

// Add is Y = K1*U1 + K2*U2.
type Add struct {
	U1, U2 Input
	Y      Output
	K1     Param `value:"1"`
	K2     Param `value:"1"`
}

func (b *Add) Equations() { Eq(b.Y, b.K1*b.U1+b.K2*b.U2) }

// Feedback is Y = U1 - U2.
type Feedback struct {
	U1, U2 Input
	Y      Output
}

func (b *Feedback) Equations() { Eq(b.Y, b.U1-b.U2) }

// Integrator is der(Y) = K*U with Y = Y0 at the start.
type Integrator struct {
	U  Input
	Y  Output
	K  Param `value:"1" unit:"1/s"`
	Y0 Param `value:"0"`
}

func (b *Integrator) Equations() {
	Start(b.Y, b.Y0)
	Eq(Der(b.Y), b.K*b.U)
}

// FirstOrder is T*der(Y) + Y = K*U with Y = Y0 at the start.
type FirstOrder struct {
	U  Input
	Y  Output
	K  Param `value:"1"`
	T  Param `value:"1" unit:"s"`
	Y0 Param `value:"0"`
}

func (b *FirstOrder) Equations() {
	Start(b.Y, b.Y0)
	Eq(b.T*Der(b.Y)+b.Y, b.K*b.U)
}

// PI is the controller Y = K*(U + integral of U / Ti).
type PI struct {
	U  Input
	Y  Output
	X  Real  `desc:"integral of U / Ti"`
	K  Param `value:"1" desc:"gain"`
	Ti Param `value:"1" unit:"s" desc:"integral time"`
	X0 Param `value:"0"`
}

func (b *PI) Equations() {
	Start(b.X, b.X0)
	Eq(b.Ti*Der(b.X), b.U)
	Eq(b.Y, b.K*(b.U+b.X))
}

// PID is the controller K*(1 + 1/(Ti*s) + Td*s/(1 + Td/Nd*s)).
type PID struct {
	U  Input
	Y  Output
	X  Real  `desc:"integral of U / Ti"`
	D  Real  `desc:"state of the filtered derivative"`
	K  Param `value:"1" desc:"gain"`
	Ti Param `value:"1" unit:"s" desc:"integral time"`
	Td Param `value:"0.1" unit:"s" desc:"derivative time"`
	Nd Param `value:"10" desc:"derivative filter: cut-off at Nd/Td"`
}

func (b *PID) Equations() {
	Start(b.X, 0)
	Initial(Der(b.D), 0)
	Eq(b.Ti*Der(b.X), b.U)
	Eq(b.Td/b.Nd*Der(b.D), b.U-b.D)
	Eq(b.Y, b.K*(b.U+b.X+b.Nd*(b.U-b.D)))
}

// Limiter keeps U between Lo and Hi.
type Limiter struct {
	U  Input
	Y  Output
	Lo Param `value:"-1"`
	Hi Param `value:"1"`
}

func (b *Limiter) Equations() {
	Eq(b.Y, Smooth(0, If(b.U > b.Hi, b.Hi, If(b.U < b.Lo, b.Lo, b.U))))
}

// Product is Y = U1*U2.
type Product struct {
	U1, U2 Input
	Y      Output
}

func (b *Product) Equations() { Eq(b.Y, b.U1*b.U2) }

// Relay switches Y to 1 when U rises above Hi and to 0 when U falls below Lo.
type Relay struct {
	U  Input
	Y  Output
	On Discrete `init:"0" desc:"1 while switched on"`
	Lo Param    `value:"-0.5"`
	Hi Param    `value:"0.5"`
}

func (b *Relay) Equations() {
	When(b.U > b.Hi, func() { Set(b.On, 1) })
	ElseWhen(b.U < b.Lo, func() { Set(b.On, 0) })
	Eq(b.Y, b.On)
}

// Sampler holds the value that U had at the last multiple of Period.
type Sampler struct {
	U      Input
	Y      Output
	Held   Discrete `desc:"U at the last sample"`
	Period Param    `value:"0.1" unit:"s"`
}

func (b *Sampler) Equations() {
	Every(b.Period, func() { Set(b.Held, b.U) })
	Eq(b.Y, b.Held)
}
