package hh

import (
	. "github.com/mtkc/mtkc/model"
)

// HH is the squid axon of Hodgkin and Huxley (mV, ms).
type HH struct {
	V Real `init:"-65"`
	M Real `init:"0.05"`
	H Real `init:"0.6"`
	N Real `init:"0.32"`
	I Real
}

func (m *HH) Equations() {
	v := m.V
	am := 0.1 * (v + 40) / (1 - Exp(-(v+40)/10))
	bm := 4 * Exp(-(v+65)/18)
	ah := 0.07 * Exp(-(v+65)/20)
	bh := 1 / (1 + Exp(-(v+35)/10))
	an := 0.01 * (v + 55) / (1 - Exp(-(v+55)/10))
	bn := 0.125 * Exp(-(v+65)/80)
	Eq(m.I, If(Time() > 5 && Time() < 30, 10, 0))
	Eq(Der(v), m.I-120*Pow(m.M, 3)*m.H*(v-50)-36*Pow(m.N, 4)*(v+77)-0.3*(v+54.387))
	Eq(Der(m.M), am*(1-m.M)-bm*m.M)
	Eq(Der(m.H), ah*(1-m.H)-bh*m.H)
	Eq(Der(m.N), an*(1-m.N)-bn*m.N)
}
func (m *HH) Experiment() (a, b float64) { return 0, 50 }
