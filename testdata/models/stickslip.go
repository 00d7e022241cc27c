package stickslip

import (
	. "github.com/mtkc/mtkc/model"
)

// StickSlip is a block on a belt with dry friction, stuck or sliding.
type StickSlip struct {
	X     Real `init:"0"`
	V     Real `init:"0.5"`
	F     Real
	Stuck Discrete `init:"1"`
	Dir   Discrete `init:"1"`
	K     Param    `value:"10"`
	VB    Param    `value:"0.5"`
	Fs    Param    `value:"5"`
	Fk    Param    `value:"3"`
}

func (m *StickSlip) Equations() {
	stuck := m.Stuck > 0.5
	Eq(Der(m.X), m.V)
	Eq(Der(m.V), If(stuck, 0, -m.K*m.X+m.F))
	Eq(m.F, If(stuck, m.K*m.X, m.Dir*m.Fk))
	When(Pre(m.Stuck) > 0.5 && Abs(m.K*m.X) > m.Fs, func() { Set(m.Stuck, 0); Set(m.Dir, Sign(m.X)) })
	ElseWhen(Pre(m.Stuck) < 0.5 && Pre(m.Dir)*(m.VB-m.V) < 0, func() { Set(m.Stuck, 1); Reinit(m.V, m.VB) })
}

func (m *StickSlip) Experiment() (a, b float64) { return 0, 20 }
