// Package pollu is the air pollution model of Verwer (1994; test set for initial value problems,
// Mazzia and Magherini, release 2.4): 20 species, 25 reactions.
package pollu

import . "github.com/mtkc/mtkc/model"

type Pollu struct {
	Y [20]Real
}

func (m *Pollu) Equations() {
	start := map[int]Real{2: 0.2, 4: 0.04, 7: 0.1, 8: 0.3, 9: 0.01, 17: 0.007}
	for i := range m.Y {
		Start(m.Y[i], start[i+1])
	}
	y := func(i int) Real { return m.Y[i-1] }
	r := []Real{0,
		0.35 * y(1), 26.6 * y(2) * y(4), 12300 * y(5) * y(2), 0.00086 * y(7), 0.00082 * y(7),
		15000 * y(7) * y(6), 0.00013 * y(9), 24000 * y(9) * y(6), 16500 * y(11) * y(2), 9000 * y(11) * y(1),
		0.022 * y(13), 12000 * y(10) * y(2), 1.88 * y(14), 16300 * y(1) * y(6), 4.8e6 * y(3),
		0.00035 * y(4), 0.0175 * y(4), 1e8 * y(16), 4.44e11 * y(16), 1240 * y(17) * y(6),
		2.1 * y(19), 5.78 * y(19), 0.0474 * y(1) * y(4), 1780 * y(19) * y(1), 3.12 * y(20),
	}
	Eq(Der(y(1)), -r[1]-r[10]-r[14]-r[23]-r[24]+r[2]+r[3]+r[9]+r[11]+r[12]+r[22]+r[25])
	Eq(Der(y(2)), -r[2]-r[3]-r[9]-r[12]+r[1]+r[21])
	Eq(Der(y(3)), -r[15]+r[1]+r[17]+r[19]+r[22])
	Eq(Der(y(4)), -r[2]-r[16]-r[17]-r[23]+r[15])
	Eq(Der(y(5)), -r[3]+2*r[4]+r[6]+r[7]+r[13]+r[20])
	Eq(Der(y(6)), -r[6]-r[8]-r[14]-r[20]+r[3]+2*r[18])
	Eq(Der(y(7)), -r[4]-r[5]-r[6]+r[13])
	Eq(Der(y(8)), r[4]+r[5]+r[6]+r[7])
	Eq(Der(y(9)), -r[7]-r[8])
	Eq(Der(y(10)), -r[12]+r[7]+r[9])
	Eq(Der(y(11)), -r[9]-r[10]+r[8]+r[11])
	Eq(Der(y(12)), r[9])
	Eq(Der(y(13)), -r[11]+r[10])
	Eq(Der(y(14)), -r[13]+r[12])
	Eq(Der(y(15)), r[14])
	Eq(Der(y(16)), -r[18]-r[19]+r[16])
	Eq(Der(y(17)), -r[20])
	Eq(Der(y(18)), r[20])
	Eq(Der(y(19)), -r[21]-r[22]-r[24]+r[23]+r[25])
	Eq(Der(y(20)), -r[25]+r[24])
}
