// Package ladder has two chains of resistors with capacitors over three decades: a linear one
// with a capacitor at each of its nodes, and one with a node between each two of them that has
// a nonlinear load and no capacitor.
package ladder

import (
	"math"

	. "github.com/mtkc/mtkc/model"
)

// inverse is 1/C of node i.
func inverse(i int) Real { return Real(math.Pow(10, float64(i%10)/3)) }

// Linear is C_i v_i' = (v_{i-1} - v_i) + (v_{i+1} - v_i) - 0.01 v_i, open at the end.
type Linear struct {
	N int `value:"1000"`
	V []Real
}

func (m *Linear) Structure() { m.V = make([]Real, m.N) }

func (m *Linear) Equations() {
	s := Sin(0.25 * Time())
	source := s*s + 0.1*Sin(3*Time())
	for i := range m.N {
		v, left := m.V[i], source
		Start(v, 0)
		if i > 0 {
			left = m.V[i-1]
		}
		sum := left - 1.01*v
		if i < m.N-1 {
			sum = left - 2.01*v + m.V[i+1]
		}
		Eq(Der(v), inverse(i)*sum)
	}
}

// DAE has resistors of 1/2 between a node a and a node b, index 1:
//
//	0        = 2 (a_{i-1} - b_i) + 2 (a_i - b_i) - 0.1 b_i - b_i^3
//	C_i a_i' = 2 (b_i - a_i) + 2 (b_{i+1} - a_i) - 0.01 a_i
type DAE struct {
	N    int `value:"1000"`
	A, B []Real
}

func (m *DAE) Structure() {
	m.A = make([]Real, m.N)
	m.B = make([]Real, m.N)
}

func (m *DAE) Equations() {
	source := 2 * (1 - Cos(Time()))
	for i := range m.N {
		a, b, left := m.A[i], m.B[i], source
		Start(a, 0)
		if i > 0 {
			left = m.A[i-1]
		}
		sum := 2*b - 2.01*a
		if i < m.N-1 {
			sum = 2*(b+m.B[i+1]) - 4.01*a
		}
		Eq(2*(left+a)-4.1*b-b*b*b, 0)
		Eq(Der(a), inverse(i)*sum)
	}
}
