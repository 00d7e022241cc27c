package repressilator

import (
	. "github.com/mtkc/mtkc/model"
)

type Repressilator struct {
	M, P [3]Real
}

func (m *Repressilator) Equations() {
	for i := range 3 {
		Start(m.M[i], Real(i))
		Start(m.P[i], 0)
		Eq(Der(m.M[i]), -m.M[i]+216/(1+Pow(m.P[(i+2)%3], 2))+0.216)
		Eq(Der(m.P[i]), -5*(m.P[i]-m.M[i]))
	}
}
func (m *Repressilator) Experiment() (a, b float64) { return 0, 100 }
