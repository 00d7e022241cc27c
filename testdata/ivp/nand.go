// Package nand is a NAND gate of three MOS transistors (test set for initial value
// problems, Mazzia and Magherini, release 2.4): the capacitances depend on the voltages.
// Units: V, mA, ns, kOhm, nF. The published solution belongs to two values of the constant B
// of the transistors 2 and 3, one for either direction.
package nand

import . "github.com/mtkc/mtkc/model"

// pulse is a train of trapezoids between 0 and 5.
func pulse(delay, up, high, down, period Real) Real {
	s := Mod(Time(), period)
	return If(s <= delay, 0, If(s <= delay+up, (s-delay)/up*5, If(s <= delay+up+high, 5, If(s <= delay+up+high+down, 5-(s-delay-up-high)/down*5, 0))))
}

type Nand struct {
	Y      [15]Real // from 1
	V1, V2 Real

	R   Param `value:"4" desc:"RGS, RGD"`
	Rb  Param `value:"10" desc:"RBS, RBD"`
	C   Param `value:"6e-5" desc:"CGS, CGD"`
	Cb  Param `value:"2.4e-5" desc:"CBD, CBS"`
	C9  Param `value:"5e-5"`
	Del Param `value:"0.02"`
	Is  Param `value:"1e-14"`
	Vth Param `value:"25.85"`
	Vdd Param `value:"5"`
	Vbb Param `value:"-2.5"`
	Phi Param `value:"0.87"`
}

func (m *Nand) ids(e int, vds, vgs, vbs, vgd, vbd Real) Real {
	type constants struct{ vt0, g, phi, bp, bm Real }
	c := constants{-2.43, 0.2, 1.28, 5.35e-4, 5.35e-4}
	if e == 2 {
		c = constants{0.2, 0.035, 1.01, 1.748e-3, 1.748e-4}
	}
	over := func(vg, vb Real) Real { return vg - (c.vt0 + c.g*(Sqrt(c.phi-vb)-Sqrt(c.phi))) }
	law := func(a, b, vds Real) Real { // for vds > 0
		return If(a <= 0, 0, If(a <= vds, -b*a*a*(1+m.Del*vds), -b*vds*(2*a-vds)*(1+m.Del*vds)))
	}
	return If(vds > 0, law(over(vgs, vbs), c.bp, vds), -law(over(vgd, vbd), c.bm, -vds))
}

func (m *Nand) cap(v Real) Real {
	return If(v <= 0, m.Cb/Sqrt(1-v/m.Phi), m.Cb*(1+v/(2*m.Phi)))
}

func (m *Nand) junction(v Real) Real { return If(v <= 0, -m.Is*(Exp(v/m.Vth)-1), 0) }

func (m *Nand) Equations() {
	y := m.Y
	starts := []Real{0, 5, 5, -2.5, -2.5, 5, 3.62385, 5, -2.5, -2.5, 3.62385, 0, 3.62385, -2.5, -2.5}
	for i := 1; i <= 14; i++ {
		Start(y[i], starts[i])
	}
	Eq(y[0], 0)
	Eq(m.V1, pulse(5, 5, 5, 5, 20))
	Eq(m.V2, pulse(15, 5, 15, 5, 40))

	// A transistor with gate at vg: currents into its six nodes.
	type fet struct{ s, d, bs, bd, ids Real }
	at := func(e int, s, d, g, src, drn, bs, bd Real) fet {
		return fet{s, d, bs, bd, m.ids(e, d-s, g-s, bs-src, g-d, bd-drn)}
	}
	f1 := at(1, y[1], y[2], y[5], y[5], m.Vdd, y[3], y[4])
	f2 := at(2, y[6], y[7], m.V1, y[10], y[5], y[8], y[9])
	f3 := at(2, y[11], y[12], m.V2, 0, y[10], y[13], y[14])
	bulk := func(b, node Real) (charge, leak Real) {
		v := b - node
		return m.cap(v) * Der(v), m.junction(v)
	}
	q3, i3 := bulk(y[3], y[5])
	q4, i4 := bulk(y[4], m.Vdd)
	q8, i8 := bulk(y[8], y[10])
	q9, i9 := bulk(y[9], y[5])
	q13, i13 := bulk(y[13], 0)
	q14, i14 := bulk(y[14], y[10])

	Eq(m.C*Der(y[1]-y[5]), -(y[1]-y[5])/m.R-f1.ids)
	Eq(m.C*Der(y[2]-y[5]), -(y[2]-m.Vdd)/m.R+f1.ids)
	Eq(q3, -(y[3]-m.Vbb)/m.Rb+i3)
	Eq(q4, -(y[4]-m.Vbb)/m.Rb+i4)
	Eq(-m.C*Der(y[1]-y[5])-m.C*Der(y[2]-y[5])-q3-q9+m.C9*Der(y[5]), -(y[5]-y[1])/m.R-i3-(y[5]-y[7])/m.R-i9)
	Eq(m.C*Der(y[6]-m.V1), -(y[6]-y[10])/m.R-f2.ids)
	Eq(m.C*Der(y[7]-m.V1), -(y[7]-y[5])/m.R+f2.ids)
	Eq(q8, -(y[8]-m.Vbb)/m.Rb+i8)
	Eq(q9, -(y[9]-m.Vbb)/m.Rb+i9)
	Eq(-q8-q14+m.C9*Der(y[10]), -(y[10]-y[6])/m.R-i8-(y[10]-y[12])/m.R-i14)
	Eq(m.C*Der(y[11]-m.V2), -y[11]/m.R-f3.ids)
	Eq(m.C*Der(y[12]-m.V2), -(y[12]-y[10])/m.R+f3.ids)
	Eq(q13, -(y[13]-m.Vbb)/m.Rb+i13)
	Eq(q14, -(y[14]-m.Vbb)/m.Rb+i14)
}

func (m *Nand) Experiment() (start, stop float64) { return 0, 80 }
