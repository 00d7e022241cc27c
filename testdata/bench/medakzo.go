// Package medakzo is the penetration of radio-labelled antibodies into a tissue with a tumour
// (Medical Akzo Nobel problem of the test set for initial value problems, Mazzia and Magherini,
// release 2.4), 200 points. What comes in stops at t = 5.
package medakzo

import . "github.com/mtkc/mtkc/model"

type MedAkzo struct {
	N    int `value:"200"`
	U, V []Real
}

func (m *MedAkzo) Structure() {
	m.U = make([]Real, m.N)
	m.V = make([]Real, m.N)
}

func (m *MedAkzo) Equations() {
	n := float64(m.N)
	phi := If(Time() < 5, Real(2), Real(0))
	for j := range m.N {
		Start(m.U[j], 0)
		Start(m.V[j], 1)
		z := float64(j+1)/n - 1
		a, b := Real(2*z*z*z/16*(n/2)), Real(z*z*z*z/16*n*n)
		u, left := m.U[j], phi
		if j > 0 {
			left = m.U[j-1]
		}
		right := left // no gradient at the far end
		if j < m.N-1 {
			right = m.U[j+1]
		}
		r := 100 * u * m.V[j]
		Eq(Der(u), a*(right-left)+b*(left-2*u+right)-r)
		Eq(Der(m.V[j]), -r)
	}
}
