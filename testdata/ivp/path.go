// Package path is a crane whose load follows a prescribed path: the forces of trolley and winch
// follow (Blajer and Kolodziejczyk, Multibody Syst. Dyn. 11 (2004) 343-364): index 5.
package path

import . "github.com/mtkc/mtkc/model"

type Path struct {
	S     Real `guess:"0" desc:"trolley"`
	L     Real `guess:"4" desc:"rope"`
	X, Y  Real `unit:"m" desc:"load"`
	T     Real `guess:"98" desc:"tension"`
	F, Mn Real `desc:"force on the trolley, torque of the winch"`
}

func (m *Path) Equations() {
	const mt, ml, j, r, g = 10.0, 10.0, 0.1, 0.1, 9.81
	Guess(m.Y, -4)
	Eq(mt*Der(Der(m.S)), m.F+m.T*(m.X-m.S)/m.L)
	Eq(j/r*Der(Der(m.L)), m.T*r-m.Mn)
	Eq(ml*Der(Der(m.X)), -m.T*(m.X-m.S)/m.L)
	Eq(ml*Der(Der(m.Y)), -m.T*m.Y/m.L-ml*g)
	Eq((m.X-m.S)*(m.X-m.S)+m.Y*m.Y, m.L*m.L)
	tau := Time() / 6
	p := tau * tau * tau * tau * tau * (126 - tau*(420-tau*(540-tau*(315-70*tau))))
	Eq(m.X, 5*p)
	Eq(m.Y, -4+1*p)
}

func (m *Path) Experiment() (start, stop float64) { return 0, 6 }
