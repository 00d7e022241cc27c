// Package hires is the High Irradiance RESponse of photomorphogenesis (Schaefer 1975; test set
// for initial value problems, Mazzia and Magherini, release 2.4).
package hires

import . "github.com/mtkc/mtkc/model"

type Hires struct {
	Y [8]Real
}

func (m *Hires) Equations() {
	for i := range m.Y {
		Start(m.Y[i], []Real{1, 0, 0, 0, 0, 0, 0, 0.0057}[i])
	}
	y := func(i int) Real { return m.Y[i-1] }
	r, s := 280*y(6)*y(8), 1.81*y(7)
	Eq(Der(y(1)), -1.71*y(1)+0.43*y(2)+8.32*y(3)+0.0007)
	Eq(Der(y(2)), 1.71*y(1)-8.75*y(2))
	Eq(Der(y(3)), -10.03*y(3)+0.43*y(4)+0.035*y(5))
	Eq(Der(y(4)), 8.32*y(2)+1.71*y(3)-1.12*y(4))
	Eq(Der(y(5)), -1.745*y(5)+0.43*(y(6)+y(7)))
	Eq(Der(y(6)), -r+0.69*y(4)+1.71*y(5)-0.43*y(6)+0.69*y(7))
	Eq(Der(y(7)), r-s)
	Eq(Der(y(8)), s-r)
}
