// Package vdp is the oscillator of van der Pol with the time scaled by mu (Hairer and Wanner,
// Solving ODEs II, ch. IV.10, with y2 scaled by mu), stiff.
package vdp

import . "github.com/mtkc/mtkc/model"

type VDP struct {
	Y1 Real `init:"2"`
	Y2 Real `init:"0"`

	Mu Const `value:"1000"`
}

func (m *VDP) Equations() {
	Eq(Der(m.Y1), m.Y2)
	Eq(Der(m.Y2), m.Mu*((1-m.Y1*m.Y1)*m.Y2-m.Y1))
}

// VDP6 has mu = 1e6.
type VDP6 struct {
	VDP
}

func (m *VDP6) Structure() { m.Mu = 1e6 }
