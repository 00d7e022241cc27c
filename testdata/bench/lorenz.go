// Package lorenz is the attractor of Lorenz (J. Atmos. Sci. 20, 1963), chaotic.
package lorenz

import . "github.com/mtkc/mtkc/model"

type Lorenz struct {
	X Real `init:"1"`
	Y Real `init:"0"`
	Z Real `init:"0"`
}

func (m *Lorenz) Equations() {
	Eq(Der(m.X), 10*(m.Y-m.X))
	Eq(Der(m.Y), m.X*(28-m.Z)-m.Y)
	Eq(Der(m.Z), m.X*m.Y-8.0/3*m.Z)
}
