package backlash

import (
	. "github.com/mtkc/mtkc/model"
)

// Backlash: a motor drives a load through a gear with play.
type Backlash struct {
	Phi1, W1, Phi2, W2 Real `init:"0"`
	Tau                Real
	Play               Param `value:"0.05"`
	C                  Param `value:"1000"`
	D                  Param `value:"1"`
}

func (m *Backlash) Equations() {
	d := m.Phi1 - m.Phi2
	Eq(Der(m.Phi1), m.W1)
	Eq(Der(m.Phi2), m.W2)
	Eq(Der(m.W1), Sin(2*Time())*2-m.Tau)
	Eq(2*Der(m.W2), m.Tau-0.1*m.W2)
	Eq(m.Tau, If(d > m.Play, m.C*(d-m.Play)+m.D*(m.W1-m.W2), If(d < -m.Play, m.C*(d+m.Play)+m.D*(m.W1-m.W2), 0)))
}
func (m *Backlash) Experiment() (a, b float64) { return 0, 20 }
