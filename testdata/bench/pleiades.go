// Package pleiades is the problem of seven stars in a plane (Hairer, Norsett and Wanner, Solving
// ODEs I, ch. II.10), not stiff. Star i has the mass i.
package pleiades

import . "github.com/mtkc/mtkc/model"

type Pleiades struct {
	X, Y, U, V [7]Real
}

func (m *Pleiades) Equations() {
	x := []Real{3, 3, -1, -3, 2, -2, 2}
	y := []Real{3, -3, 2, 0, 0, -4, 4}
	u := []Real{0, 0, 0, 0, 0, 1.75, -1.5}
	v := []Real{0, 0, 0, -1.25, 1, 0, 0}
	var ax, ay [7]Real
	for i := range 7 {
		for j := i + 1; j < 7; j++ {
			dx, dy := m.X[j]-m.X[i], m.Y[j]-m.Y[i]
			r2 := dx*dx + dy*dy
			w := 1 / (r2 * Sqrt(r2))
			wi, wj := Real(j+1)*w, Real(i+1)*w
			ax[i], ay[i] = ax[i]+wi*dx, ay[i]+wi*dy
			ax[j], ay[j] = ax[j]-wj*dx, ay[j]-wj*dy
		}
	}
	for i := range 7 {
		Start(m.X[i], x[i])
		Start(m.Y[i], y[i])
		Start(m.U[i], u[i])
		Start(m.V[i], v[i])
		Eq(Der(m.X[i]), m.U[i])
		Eq(Der(m.Y[i]), m.V[i])
		Eq(Der(m.U[i]), ax[i])
		Eq(Der(m.V[i]), ay[i])
	}
}
