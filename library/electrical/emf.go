package electrical

import (
	"github.com/mtkc/mtkc/library/rotational"
	. "github.com/mtkc/mtkc/model"
)

// RotationalEMF converts between electrical and rotational power without loss: the
// voltage is K times the speed, the torque K times the current.
type RotationalEMF struct {
	OnePort
	Flange rotational.Flange
	W      Real  `unit:"rad/s" desc:"angular velocity"`
	K      Param `value:"1" unit:"N.m/A" desc:"transformation coefficient"`
}

func (e *RotationalEMF) Equations() {
	e.OnePort.Equations()
	Eq(e.W, Der(e.Flange.Phi))
	Eq(e.V, e.K*e.W)
	Eq(e.Flange.Tau, -e.K*e.I)
}
