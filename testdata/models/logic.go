package logic

import (
	. "github.com/mtkc/mtkc/model"
)

// Logic is a ring counter of three stages on a clock, with a reset.
type Logic struct {
	Q     [3]Discrete
	Clk   Real
	Count Discrete `init:"0"`
}

func (m *Logic) Equations() {
	Eq(m.Clk, Sin(2*3.141592653589793*Time()))
	Start(m.Q[0], 1)
	When(m.Clk > 0.5, func() {
		Set(m.Q[0], Pre(m.Q[2]))
		Set(m.Q[1], Pre(m.Q[0]))
		Set(m.Q[2], Pre(m.Q[1]))
		Set(m.Count, Pre(m.Count)+Pre(m.Q[2]))
	})
}
func (m *Logic) Experiment() (a, b float64) { return 0, 10 }
