// Package andrews is the squeezing mechanism of Andrews, seven bodies in a plane, index 3
// (test set for initial value problems, Mazzia and Magherini, release 2.4; Hairer and Wanner,
// Solving ODEs II, ch. VII.7).
package andrews

import . "github.com/mtkc/mtkc/model"

const (
	m1, m2, m3, m4, m5, m6, m7 = 0.04325, 0.00365, 0.02373, 0.00706, 0.07050, 0.00706, 0.05498
	i1, i2, i3, i4, i5, i6, i7 = 2.194e-6, 4.410e-7, 5.255e-6, 5.667e-7, 1.169e-5, 5.667e-7, 1.912e-5
	xa, ya, xb, yb, xc, yc     = -0.06934, -0.00227, -0.03635, 0.03273, 0.014, 0.072
	d, da, e, ea               = 0.028, 0.0115, 0.02, 0.01421
	rr, ra, ss, sa, sb, sc, sd = 0.007, 0.00092, 0.035, 0.01874, 0.01043, 0.018, 0.02
	ta, tb, u, ua, ub          = 0.02308, 0.00916, 0.04, 0.01228, 0.00449
	zf, zt, fa                 = 0.02, 0.04, 0.01421
	c0, l0, mom                = 4530, 0.07785, 0.033
)

type Andrews struct {
	Beta  Real `init:"-0.0617138900142764496358948458001"`
	Theta Real `guess:"0"`
	Gamma Real `guess:"0.455279819163070380255912382449"`
	Phi   Real `guess:"0.222668390165885884674473185609"`
	Delta Real `guess:"0.487364979543842550225598953530"`
	Omega Real `guess:"-0.222668390165885884674473185609"`
	Eps   Real `guess:"1.23054744454982119249735015568"`
	V     [7]Real
	Lam   [6]Real
}

func (a *Andrews) Equations() {
	q := []Real{a.Beta, a.Theta, a.Gamma, a.Phi, a.Delta, a.Omega, a.Eps}
	v, l := a.V, a.Lam
	Start(v[0], 0)
	for i := range q {
		Eq(Der(q[i]), v[i])
	}
	be, th, ga, ph, de, om, ep := q[0], q[1], q[2], q[3], q[4], q[5], q[6]

	var mass [7][7]Real
	mass[0][0] = m1*ra*ra + m2*(rr*rr-2*da*rr*Cos(th)+da*da) + i1 + i2
	mass[1][0] = m2*(da*da-da*rr*Cos(th)) + i2
	mass[1][1] = m2*da*da + i2
	mass[2][2] = m3*(sa*sa+sb*sb) + i3
	mass[3][3] = m4*(e-ea)*(e-ea) + i4
	mass[4][3] = m4*((e-ea)*(e-ea)+zt*(e-ea)*Sin(ph)) + i4
	mass[4][4] = m4*(zt*zt+2*zt*(e-ea)*Sin(ph)+(e-ea)*(e-ea)) + m5*(ta*ta+tb*tb) + i4 + i5
	mass[5][5] = m6*(zf-fa)*(zf-fa) + i6
	mass[6][5] = m6*((zf-fa)*(zf-fa)-u*(zf-fa)*Sin(om)) + i6
	mass[6][6] = m6*((zf-fa)*(zf-fa)-2*u*(zf-fa)*Sin(om)+u*u) + m7*(ua*ua+ub*ub) + i6 + i7
	for i := range 7 {
		for j := range i {
			mass[j][i] = mass[i][j]
		}
	}

	xd := sd*Cos(ga) + sc*Sin(ga) + xb
	yd := sd*Sin(ga) - sc*Cos(ga) + yb
	long := Sqrt((xd-xc)*(xd-xc) + (yd-yc)*(yd-yc))
	pull := -c0 * (long - l0) / long
	fx, fy := pull*(xd-xc), pull*(yd-yc)
	force := []Real{
		mom - m2*da*rr*v[1]*(v[1]+2*v[0])*Sin(th),
		m2 * da * rr * v[0] * v[0] * Sin(th),
		fx*(sc*Cos(ga)-sd*Sin(ga)) + fy*(sd*Cos(ga)+sc*Sin(ga)),
		m4 * zt * (e - ea) * v[4] * v[4] * Cos(ph),
		-m4 * zt * (e - ea) * v[3] * (v[3] + 2*v[4]) * Cos(ph),
		-m6 * u * (zf - fa) * v[6] * v[6] * Cos(om),
		m6 * u * (zf - fa) * v[5] * (v[5] + 2*v[6]) * Cos(om),
	}

	x, y := rr*Cos(be)-d*Cos(be+th), rr*Sin(be)-d*Sin(be+th)
	g := []Real{
		x - ss*Sin(ga) - xb,
		y + ss*Cos(ga) - yb,
		x - e*Sin(ph+de) - zt*Cos(de) - xa,
		y + e*Cos(ph+de) - zt*Sin(de) - ya,
		x - zf*Cos(om+ep) - u*Sin(ep) - xa,
		y - zf*Sin(om+ep) + u*Cos(ep) - ya,
	}
	for i := range g {
		Eq(g[i], 0)
	}

	// G[i][j] is the derivative of g[i] by q[j].
	x1, x2 := -rr*Sin(be)+d*Sin(be+th), d*Sin(be+th)
	y1, y2 := rr*Cos(be)-d*Cos(be+th), -d*Cos(be+th)
	jac := [6][7]Real{
		{x1, x2, -ss * Cos(ga)},
		{y1, y2, -ss * Sin(ga)},
		{x1, x2, 0, -e * Cos(ph+de), -e*Cos(ph+de) + zt*Sin(de)},
		{y1, y2, 0, -e * Sin(ph+de), -e*Sin(ph+de) - zt*Cos(de)},
		{x1, x2, 0, 0, 0, zf * Sin(om+ep), zf*Sin(om+ep) - u*Cos(ep)},
		{y1, y2, 0, 0, 0, -zf * Cos(om+ep), -zf*Cos(om+ep) - u*Sin(ep)},
	}
	for i := range 7 {
		left, right := Real(0), force[i]
		for j := range 7 {
			left += mass[i][j] * Der(v[j])
		}
		for k := range 6 {
			right -= jac[k][i] * l[k]
		}
		Eq(left, right)
	}
}

func (a *Andrews) Experiment() (start, stop float64) { return 0, 0.03 }
