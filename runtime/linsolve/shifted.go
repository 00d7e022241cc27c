package linsolve

// Shifted builds the matrices a*M + b*J of implicit integrators from the values of
// J, for a fixed pattern of J and a constant diagonal M.
type Shifted[T Scalar] struct {
	// Pattern is that of J together with the diagonal entries where M is not zero.
	Pattern *Pattern
	Vals    []T // in the order of Pattern, written by Set

	fromJ []int32 // where each entry of J goes
	diag  []int32 // entries of the diagonal with M != 0
	mass  []T     // and the values of M there
}

// NewShifted returns the builder for J of pattern jac (n by n) and M with the
// given diagonal; nil means the identity.
func NewShifted[T Scalar](jac *Pattern, mass []float64) *Shifted[T] {
	n := jac.Cols
	p := &Pattern{Rows: n, Cols: n, ColPtr: make([]int32, n+1), RowIdx: make([]int32, 0, jac.NNZ()+n)}
	s := &Shifted[T]{Pattern: p, fromJ: make([]int32, jac.NNZ())}
	for j := range int32(n) {
		m := 1.0
		if mass != nil {
			m = mass[j]
		}
		placed := m == 0
		place := func() {
			s.diag = append(s.diag, int32(len(p.RowIdx)))
			s.mass = append(s.mass, fromReal[T](m))
			placed = true
		}
		for e := jac.ColPtr[j]; e < jac.ColPtr[j+1]; e++ {
			i := jac.RowIdx[e]
			if !placed && i >= j {
				place()
				if i > j {
					p.RowIdx = append(p.RowIdx, j)
				}
			}
			s.fromJ[e] = int32(len(p.RowIdx))
			p.RowIdx = append(p.RowIdx, i)
		}
		if !placed {
			place()
			p.RowIdx = append(p.RowIdx, j)
		}
		p.ColPtr[j+1] = int32(len(p.RowIdx))
	}
	s.Vals = make([]T, p.NNZ())
	return s
}

// Set writes a*M + b*J to Vals, where jac are the values of J.
func (s *Shifted[T]) Set(a, b T, jac []float64) {
	if len(jac) == len(s.Vals) { // every entry is an entry of J, in the same order
		switch v := any(s.Vals).(type) {
		case []float64:
			c := any(b).(float64)
			for e, x := range jac {
				v[e] = c * x
			}
		case []complex128:
			c := any(b).(complex128)
			for e, x := range jac {
				v[e] = complex(real(c)*x, imag(c)*x)
			}
		}
	} else {
		clear(s.Vals)
		for e, x := range jac {
			s.Vals[s.fromJ[e]] = b * fromReal[T](x)
		}
	}
	for k, e := range s.diag {
		s.Vals[e] += a * s.mass[k]
	}
}
