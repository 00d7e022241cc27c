package linsolve

import "slices"

// Shifted builds the matrices a*M + b*J of implicit integrators from the values of
// J, for a fixed pattern of J and a constant diagonal M.
type Shifted[T Scalar] struct {
	// Pattern is that of J together with the diagonal entries where M is not zero.
	Pattern *Pattern
	Vals    []T // in the order of Pattern, written by Set

	*shift
}

// shift is where the entries of J and of M go.
type shift struct {
	pattern *Pattern
	given   []float64 // the diagonal of M that it was made for; nil: the identity
	fromJ   []int32   // where each entry of J goes; nil: in the same order
	diag    []int32   // entries of the diagonal with M != 0 that J has,
	own     []int32   // and those that it has not
	mass    []float64 // the values of M there, in that order
}

// NewShifted returns the builder for J of pattern jac (n by n) and M with the
// given diagonal; nil means the identity.
func NewShifted[T Scalar](jac *Pattern, mass []float64) *Shifted[T] {
	s := jac.shifted.Load()
	if s == nil || (s.given == nil) != (mass == nil) || !slices.Equal(s.given, mass) {
		s = newShift(jac, mass)
		jac.shifted.Store(s)
	}
	return &Shifted[T]{Pattern: s.pattern, Vals: make([]T, s.pattern.NNZ()), shift: s}
}

func newShift(jac *Pattern, mass []float64) *shift {
	n := jac.Cols
	p := &Pattern{Rows: n, Cols: n, ColPtr: make([]int32, n+1), RowIdx: make([]int32, 0, jac.NNZ()+n)}
	s := &shift{pattern: p, given: slices.Clone(mass), fromJ: make([]int32, jac.NNZ())}
	var ownMass []float64
	for j := range int32(n) {
		m := 1.0
		if mass != nil {
			m = mass[j]
		}
		placed := m == 0
		alone := func() {
			s.own, ownMass = append(s.own, int32(len(p.RowIdx))), append(ownMass, m)
			p.RowIdx = append(p.RowIdx, j)
			placed = true
		}
		for e := jac.ColPtr[j]; e < jac.ColPtr[j+1]; e++ {
			i := jac.RowIdx[e]
			if !placed && i > j {
				alone()
			}
			if !placed && i == j {
				s.diag, s.mass = append(s.diag, int32(len(p.RowIdx))), append(s.mass, m)
				placed = true
			}
			s.fromJ[e] = int32(len(p.RowIdx))
			p.RowIdx = append(p.RowIdx, i)
		}
		if !placed {
			alone()
		}
		p.ColPtr[j+1] = int32(len(p.RowIdx))
	}
	s.mass = append(s.mass, ownMass...)
	if p.NNZ() == jac.NNZ() {
		s.fromJ = nil
	}
	return s
}

// Set writes a*M + b*J to Vals, where jac are the values of J.
func (s *Shifted[T]) Set(a, b T, jac []float64) {
	switch v := any(s.Vals).(type) {
	case []float64:
		a, b := any(a).(float64), any(b).(float64)
		if s.fromJ == nil {
			for e, x := range jac[:len(v)] {
				v[e] = b * x
			}
		} else {
			for e, at := range s.fromJ[:len(jac)] {
				v[at] = b * jac[e]
			}
		}
		for k, e := range s.diag {
			v[e] += a * s.mass[k]
		}
		mass := s.mass[len(s.diag):]
		for k, e := range s.own {
			v[e] = a * mass[k]
		}
	case []complex128:
		a, b := any(a).(complex128), any(b).(complex128)
		if s.fromJ == nil {
			for e, x := range jac[:len(v)] {
				v[e] = complex(real(b)*x, imag(b)*x)
			}
		} else {
			for e, at := range s.fromJ[:len(jac)] {
				v[at] = complex(real(b)*jac[e], imag(b)*jac[e])
			}
		}
		for k, e := range s.diag {
			v[e] += complex(real(a)*s.mass[k], imag(a)*s.mass[k])
		}
		mass := s.mass[len(s.diag):]
		for k, e := range s.own {
			v[e] = complex(real(a)*mass[k], imag(a)*mass[k])
		}
	}
}
