// Package cascade is a motor under digital control: a fast loop for the current, a slow
// one for the speed, and a filter for the set point, each at its own rate.
package cascade

import . "github.com/mtkc/mtkc/model"

// PI is a sampled controller with limited output. Its integral stands still while the
// output is at a limit.
type PI struct {
	Ticks Ticks // when it computes

	Ref, Meas Input
	U         Discrete `init:"0" desc:"output, held between the ticks"`
	I         Discrete `init:"0" desc:"integral of the error over TI"`
	K         Param    `value:"1" desc:"gain"`
	TI        Param    `value:"1" unit:"s" desc:"time of integration"`
	Lim       Param    `value:"1e9" desc:"limit of the output"`
}

func (c *PI) Equations() {
	Clocked(c.Ticks, func() {
		e := c.Ref - c.Meas
		i := Pre(c.I) + c.Ticks.Interval()/c.TI*e
		u := c.K * (e + i)
		Set(c.U, Max(-c.Lim, Min(c.Lim, u)))
		Set(c.I, If(Abs(u) > c.Lim, Pre(c.I), i))
	})
}

// Cascade runs up to speed and meets a step of the load.
type Cascade struct {
	W  Real  `init:"0" unit:"rad/s" desc:"speed"`
	I  Real  `init:"0" unit:"A" desc:"current"`
	R  Param `value:"1" unit:"Ohm"`
	L  Param `value:"5e-3" unit:"H"`
	K  Param `value:"0.1" unit:"N.m/A"`
	J  Param `value:"2e-4" unit:"kg.m2"`
	T0 Param `value:"0.1" unit:"s" desc:"time of the step of the load"`

	Want   Discrete `init:"0" desc:"filtered set point"`
	Speed  PI
	Torque PI // by way of the current
}

func (m *Cascade) Structure() {
	fast := Clock(1e-3)
	m.Torque = PI{Ticks: fast, K: 4, TI: 5e-3, Lim: 24}
	m.Speed = PI{Ticks: fast.Sub(5).Shift(1, 5), K: 0.2, TI: 0.05, Lim: 10}
}

func (m *Cascade) Equations() {
	Eq(m.L*Der(m.I), m.Torque.U-m.R*m.I-m.K*m.W)
	Eq(m.J*Der(m.W), m.K*m.I-If(Time() >= m.T0, 0.2, 0))
	Eq(m.Torque.Ref, m.Speed.U)
	Eq(m.Torque.Meas, m.I)
	Eq(m.Speed.Ref, m.Want)
	Eq(m.Speed.Meas, m.W)
	Clocked(m.Speed.Ticks.Sub(2), func() { Set(m.Want, Pre(m.Want)+0.5*(100-Pre(m.Want))) })
}

// Experiment lasts 0.2 s.
func (m *Cascade) Experiment() (start, stop float64) { return 0, 0.2 }
