// Package shuttle is the prescribed path of a space shuttle that enters the atmosphere (Brenan, Campbell
// and Petzold, Numerical Solution of Initial-Value Problems in DAEs, 1989, section 6.3): the angle of
// the path and the azimuth are given, the angle of attack and the bank angle follow. Index 2.
package shuttle

import . "github.com/mtkc/mtkc/model"

const deg = 3.141592653589793 / 180

type Shuttle struct {
	H     Real `init:"264039.328" unit:"ft"`
	Xi    Real `init:"177.718047*3.141592653589793/180"`
	Lam   Real `init:"32.0417885*3.141592653589793/180"`
	V     Real `init:"24317.0798" unit:"ft/s"`
	Gamma Real
	A     Real
	Alpha Real `guess:"0.04"`
	Beta  Real `guess:"-0.001"`
}

func (m *Shuttle) Equations() {
	const ae, mu, omega, mass, s = 20902900.0, 0.1407653916e17, 0.72921159e-4, 2.890532728, 1.0
	t := Time()
	r := m.H + ae
	g := mu / (r * r)
	rho := 0.002378 * Exp(-m.H/23800)
	cl := 0.01 * m.Alpha / deg
	cd := 0.04 + 0.1*cl*cl
	d, l := rho*cd*s*m.V*m.V/2, rho*cl*s*m.V*m.V/2
	sg, cg, sa, ca, sl, cL := Sin(m.Gamma), Cos(m.Gamma), Sin(m.A), Cos(m.A), Sin(m.Lam), Cos(m.Lam)
	Eq(Der(m.H), m.V*sg)
	Eq(Der(m.Xi), m.V*cg*sa/(r*cL))
	Eq(Der(m.Lam), m.V*cg*ca/r)
	Eq(Der(m.V), -d/mass-g*sg-omega*omega*r*cL*(sl*ca*cg-cL*sg))
	Eq(Der(m.Gamma), l*Cos(m.Beta)/(mass*m.V)+cg/m.V*(m.V*m.V/r-g)+2*omega*cL*sa+omega*omega*r*cL/m.V*(sl*ca*sg+cL*cg))
	Eq(Der(m.A), l*Sin(m.Beta)/(mass*m.V*cg)+m.V/r*cg*sa*sl/cL-2*omega*(cL*ca*sg/cg-sl)+omega*omega*r*cL*sl*sa/(m.V*cg))
	u := t / 300
	Eq(0, m.Gamma+deg*(1+9*u*u))
	Eq(0, m.A-deg*(45+90*u*u))
}

func (m *Shuttle) Experiment() (start, stop float64) { return 0, 300 }
