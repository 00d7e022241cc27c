package heatrod

import (
	. "github.com/mtkc/mtkc/model"
)

// HeatRod is Fourier's law with radiation at one end and a temperature-dependent conductivity.
type HeatRod struct {
	N   int    `value:"30"`
	T   []Real `unit:"K" nominal:"300"`
	Q   []Real `unit:"W/m2"`
	L   Param  `value:"0.1" unit:"m"`
	K0  Param  `value:"50" unit:"W/(m.K)"`
	B   Param  `value:"1e-3" unit:"1/K"`
	Rho Param  `value:"7800" unit:"kg/m3"`
	Cp  Param  `value:"500" unit:"J/(kg.K)"`
	Sig Const  `value:"5.67e-8" unit:"W/(m2.K4)"`
	T0  Param  `value:"300" unit:"K"`
}

func (r *HeatRod) Structure() { r.T, r.Q = make([]Real, r.N), make([]Real, r.N+1) }
func (r *HeatRod) Equations() {
	dx := r.L / Real(r.N)
	k := func(t Real) Real { return r.K0 * (1 + r.B*(t-r.T0)) }
	for i := range r.T {
		Start(r.T[i], r.T0)
		Eq(r.Rho*r.Cp*dx*Der(r.T[i]), r.Q[i]-r.Q[i+1])
		if i > 0 {
			Eq(r.Q[i], k((r.T[i-1]+r.T[i])/2)*(r.T[i-1]-r.T[i])/dx)
		}
	}
	Eq(r.Q[0], k(r.T[0])*(1000-r.T[0])/(dx/2))
	Eq(r.Q[r.N], r.Sig*(Pow(r.T[r.N-1], 4)-Pow(r.T0, 4)))
}
func (r *HeatRod) Experiment() (a, b float64) { return 0, 5000 }
