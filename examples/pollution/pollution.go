// Package pollution is POLLU, the chemical part of an air pollution model: 20 species
// and 25 reactions (Verwer, SIAM J. Sci. Comput. 15(5), 1994).
package pollution

import . "github.com/mtkc/mtkc/model"

// Pollution has the concentrations of the species in Y and the reaction rate
// constants in K.
type Pollution struct {
	Y [20]Real `nominal:"1e-4"`
	K [25]Param
}

func (m *Pollution) Structure() {
	k := [25]float64{
		0.35, 26.6, 12300, 0.00086, 0.00082,
		15000, 0.00013, 24000, 16500, 9000,
		0.022, 12000, 1.88, 16300, 4.8e+06,
		0.00035, 0.0175, 1e+08, 4.44e+11, 1240,
		2.1, 5.78, 0.0474, 1780, 3.12,
	}
	y0 := [20]float64{1: 0.2, 3: 0.04, 6: 0.1, 7: 0.3, 8: 0.01, 16: 0.007}
	for i := range k {
		m.K[i] = Real(k[i])
	}
	for i := range y0 {
		Start(m.Y[i], Real(y0[i]))
	}
}

func (m *Pollution) Equations() {
	y, k := &m.Y, &m.K
	r1 := k[0] * y[0]
	r2 := k[1] * y[1] * y[3]
	r3 := k[2] * y[1] * y[4]
	r4 := k[3] * y[6]
	r5 := k[4] * y[6]
	r6 := k[5] * y[5] * y[6]
	r7 := k[6] * y[8]
	r8 := k[7] * y[5] * y[8]
	r9 := k[8] * y[1] * y[10]
	r10 := k[9] * y[0] * y[10]
	r11 := k[10] * y[12]
	r12 := k[11] * y[1] * y[9]
	r13 := k[12] * y[13]
	r14 := k[13] * y[0] * y[5]
	r15 := k[14] * y[2]
	r16 := k[15] * y[3]
	r17 := k[16] * y[3]
	r18 := k[17] * y[15]
	r19 := k[18] * y[15]
	r20 := k[19] * y[5] * y[16]
	r21 := k[20] * y[18]
	r22 := k[21] * y[18]
	r23 := k[22] * y[0] * y[3]
	r24 := k[23] * y[0] * y[18]
	r25 := k[24] * y[19]

	Eq(Der(y[0]), -r1+r2+r3+r9-r10+r11+r12-r14+r22-r23-r24+r25)
	Eq(Der(y[1]), r1-r2-r3-r9-r12+r21)
	Eq(Der(y[2]), r1-r15+r17+r19+r22)
	Eq(Der(y[3]), -r2+r15-r16-r17-r23)
	Eq(Der(y[4]), -r3+2*r4+r6+r7+r13+r20)
	Eq(Der(y[5]), r3-r6-r8-r14+2*r18-r20)
	Eq(Der(y[6]), -r4-r5-r6+r13)
	Eq(Der(y[7]), r4+r5+r6+r7)
	Eq(Der(y[8]), -r7-r8)
	Eq(Der(y[9]), r7+r9-r12)
	Eq(Der(y[10]), r8-r9-r10+r11)
	Eq(Der(y[11]), r9)
	Eq(Der(y[12]), r10-r11)
	Eq(Der(y[13]), r12-r13)
	Eq(Der(y[14]), r14)
	Eq(Der(y[15]), r16-r18-r19)
	Eq(Der(y[16]), -r20)
	Eq(Der(y[17]), r20)
	Eq(Der(y[18]), -r21-r22+r23-r24+r25)
	Eq(Der(y[19]), r24-r25)
}

// Experiment is the span of the IVP test set, in minutes.
func (m *Pollution) Experiment() (start, stop float64) { return 0, 60 }
