package flash

import (
	. "github.com/mtkc/mtkc/model"
)

// Flash is an isothermal flash drum of three components; the split follows from Rachford and Rice.
type Flash struct {
	N    [3]Real
	X, Y [3]Real
	V    Real `guess:"0.5" min:"0" max:"1"`
	Out  Real
}

func (m *Flash) Equations() {
	z := []Real{0.3, 0.4, 0.3}
	k := []Real{4, 1.2, 0.3}
	rr := Real(0)
	total := m.N[0] + m.N[1] + m.N[2]
	for i := range 3 {
		Start(m.N[i], 10*z[i])
		Eq(Der(m.N[i]), z[i]-(1-0.5)*m.X[i]-0.5*m.Y[i])
		Eq(m.Y[i], k[i]*m.X[i])
		Eq(m.N[i]/total, (1-m.V)*m.X[i]+m.V*m.Y[i])
		rr += m.X[i] - m.Y[i]
	}
	Eq(rr, 0)
	Eq(m.Out, total)
}
func (m *Flash) Experiment() (a, b float64) { return 0, 50 }
