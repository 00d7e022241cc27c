package electrical

import (
	"github.com/mtkc/mtkc/library/rotational"
	. "github.com/mtkc/mtkc/model"
)

// RotationalEMF couples a circuit and a shaft without loss: V = K*w, tau = K*I on the
// shaft. Its housing is fixed.
type RotationalEMF struct {
	OnePort
	Flange rotational.Flange
	W      Real  `unit:"rad/s" desc:"speed of the shaft"`
	K      Param `value:"1" unit:"N.m/A" desc:"motor constant"`
}

func (e *RotationalEMF) Equations() {
	e.OnePort.Equations()
	Eq(e.W, Der(e.Flange.Phi))
	Eq(e.V, e.K*e.W)
	Eq(e.Flange.Tau, -e.K*e.I)
}
