// Package ringmod is the ring modulator of the test set for initial value problems (Mazzia and
// Magherini, release 2.4; Horneber 1976): four diodes between coils. Without the capacitors Cs
// (Cs = 0) four of its equations are algebraic and the system is of index 2.
package ringmod

import . "github.com/mtkc/mtkc/model"

const pi = 3.141592653589793

type ring struct {
	Y [15]Real
}

func (m *ring) ring(cs Real) {
	const c, cp, r, rp, lh = 1.6e-8, 1e-8, 25e3, 50.0, 4.45
	const ls1, ls2, ls3, rg1, rg2, rg3, ri, rc = 2e-3, 5e-4, 5e-4, 36.3, 17.3, 17.3, 50.0, 600.0
	y := func(i int) Real { return m.Y[i-1] }
	q := func(u Real) Real { return 40.67286402e-9 * (Exp(17.7493332*u) - 1) }
	in1, in2 := 0.5*Sin(2e3*pi*Time()), 2*Sin(2e4*pi*Time())
	q1, q2 := q(y(3)-y(5)-y(7)-in2), q(-y(4)+y(6)-y(7)-in2)
	q3, q4 := q(y(4)+y(5)+y(7)+in2), q(-y(3)-y(6)+y(7)+in2)
	eq := func(i int, k, right Real) { Eq(k*Der(y(i)), right) }
	eq(1, c, y(8)-0.5*y(10)+0.5*y(11)+y(14)-y(1)/r)
	eq(2, c, y(9)-0.5*y(12)+0.5*y(13)+y(15)-y(2)/r)
	right := []Real{y(10) - q1 + q4, -y(11) + q2 - q3, y(12) + q1 - q3, -y(13) - q2 + q4}
	for i, x := range right {
		eq(3+i, cs, x)
	}
	eq(7, cp, -y(7)/rp+q1+q2-q3-q4)
	eq(8, lh, -y(1))
	eq(9, lh, -y(2))
	eq(10, ls2, 0.5*y(1)-y(3)-rg2*y(10))
	eq(11, ls3, -0.5*y(1)+y(4)-rg3*y(11))
	eq(12, ls2, 0.5*y(2)-y(5)-rg2*y(12))
	eq(13, ls3, -0.5*y(2)+y(6)-rg3*y(13))
	eq(14, ls1, -y(1)+in1-(ri+rg1)*y(14))
	eq(15, ls1, -y(2)-(rc+rg1)*y(15))
	for _, i := range []int{1, 2, 7, 8, 9, 14, 15} {
		Start(y(i), 0)
	}
}

// Ring has the published capacitors.
type Ring struct{ ring }

func (m *Ring) Equations() {
	m.ring.ring(2e-12)
	for _, i := range []int{2, 3, 4, 5, 9, 10, 11, 12} {
		Start(m.Y[i], 0)
	}
}

func (m *Ring) Experiment() (start, stop float64) { return 0, 1e-3 }

// Bare has none: the currents of the diodes follow from those of the coils.
type Bare struct{ ring }

func (m *Bare) Equations() {
	y := func(i int) Real { return m.Y[i-1] }
	m.ring.ring(0)
	Start(y(10), 0)
	Start(y(12), 0)
	Start(y(11), 0)
}

func (m *Bare) Experiment() (start, stop float64) { return 0, 1e-3 }
