package dickson

import (
	"github.com/mtkc/mtkc/library/electrical"
	. "github.com/mtkc/mtkc/model"
)

// Dickson is a charge pump of N stages.
type Dickson struct {
	N        int `value:"4"`
	Vin      electrical.ConstantVoltage
	D        []electrical.IdealDiode
	C        []electrical.Capacitor
	Out      electrical.Capacitor
	Load     electrical.Resistor
	Ph1, Ph2 electrical.SignalVoltage
	R1, R2   electrical.Resistor
	G        electrical.Ground
}

func (m *Dickson) Structure() {
	m.D = make([]electrical.IdealDiode, m.N+1)
	m.C = make([]electrical.Capacitor, m.N)
	for i := range m.D {
		m.D[i].Ron = 10
		m.D[i].Goff = 1e-9
		m.D[i].Vknee = 0.3
	}
	for i := range m.C {
		m.C[i].C = 1e-9
		Start(m.C[i].V, 0)
	}
	m.Vin.V0 = 3
	m.Out.C = 1e-8
	m.Load.R = 1e6
	m.R1.R, m.R2.R = 10, 10
	Start(m.Out.V, 0)
}
func (m *Dickson) Equations() {
	clk := Sin(2*3.14159265358979*1e6*Time()) > 0
	Eq(m.Ph1.U, If(clk, 3, 0))
	Eq(m.Ph2.U, If(clk, 0, 3))
	Connect(m.Ph1.P, m.R1.P)
	Connect(m.Ph2.P, m.R2.P)
	Connect(m.Vin.P, m.D[0].P)
	for i := range m.N {
		Connect(m.D[i].N, m.C[i].P, m.D[i+1].P)
		if i%2 == 0 {
			Connect(m.C[i].N, m.R1.N)
		} else {
			Connect(m.C[i].N, m.R2.N)
		}
	}
	Connect(m.D[m.N].N, m.Out.P, m.Load.P)
	Connect(m.G.P, m.Vin.N, m.Ph1.N, m.Ph2.N, m.Out.N, m.Load.N)
}
func (m *Dickson) Experiment() (a, b float64) { return 0, 1e-4 }
