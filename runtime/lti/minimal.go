package lti

import "math"

// Minimal returns a system with the same transfer function and no state that an input
// cannot reach or an output cannot see, as far as rounding lets us know. Its states have
// no names.
//
// The staircase form of Van Dooren, The generalized eigenstructure problem in linear
// system theory, IEEE Trans. Automatic Control 26(1), 1981, of the balanced system and of
// its dual, with pivoted QR in place of singular values.
func (s *System) Minimal() *System {
	b := s.balanced()
	r := b.reachable(b.tolerance())
	r = r.dual().reachable(b.tolerance()).dual()
	r.Inputs, r.Outputs, r.Improper = s.Inputs, s.Outputs, s.Improper
	return r
}

// reachable drops the states that no input reaches.
func (s *System) reachable(tol float64) *System {
	n := s.N()
	a, b, c := s.A.clone(), s.B.clone(), s.C.clone()
	last, done := 0, 0 // states last to done were reached by the last stage
	for done < n {
		next := b
		if done > 0 {
			next = a.block(done, n, last, done)
		}
		q := rankQR(next, tol)
		rank := q.rank
		if rank == 0 {
			break
		}
		// Turn the states that are left.
		rest := n - done
		q.left(a, done)
		q.right(a, done)
		q.left(b, done)
		q.right(c, done)
		// What the rank decision called zero is zero.
		if done == 0 {
			for i := rank; i < rest; i++ {
				for j := range b.Cols {
					b.Set(i, j, 0)
				}
			}
		} else {
			for i := done + rank; i < n; i++ {
				for j := last; j < done; j++ {
					a.Set(i, j, 0)
				}
			}
		}
		last, done = done, done+rank
	}
	return &System{A: a.block(0, done, 0, done), B: b.block(0, done, 0, b.Cols), C: c.block(0, c.Rows, 0, done), D: s.D}
}

// balanced scales the states by powers of 2 so that the rows of [A B] and the columns of
// [A; C] have like sizes: E. Osborne, On pre-conditioning of matrices, J. ACM 7(4), 1960,
// with the loop of Parlett and Reinsch, Numer. Math. 13, 1969.
func (s *System) balanced() *System {
	r := &System{A: s.A.clone(), B: s.B.clone(), C: s.C.clone(), D: s.D, Inputs: s.Inputs, Outputs: s.Outputs, Improper: s.Improper}
	n := r.N()
	for range 100 {
		changed := false
		for i := range n {
			row, col := 0.0, 0.0
			for j := range n {
				if j != i {
					row += math.Abs(r.A.At(i, j))
					col += math.Abs(r.A.At(j, i))
				}
			}
			for j := range r.M() {
				row += math.Abs(r.B.At(i, j))
			}
			for j := range r.P() {
				col += math.Abs(r.C.At(j, i))
			}
			if row == 0 || col == 0 {
				continue
			}
			f, total, c := 1.0, row+col, col
			for c < row/2 {
				f *= 2
				c *= 4
			}
			for c >= row*2 {
				f /= 2
				c /= 4
			}
			if col*f+row/f >= 0.95*total {
				continue
			}
			changed = true
			for j := range n {
				r.A.Set(j, i, r.A.At(j, i)*f)
				r.A.Set(i, j, r.A.At(i, j)/f)
			}
			for j := range r.P() {
				r.C.Set(j, i, r.C.At(j, i)*f)
			}
			for j := range r.M() {
				r.B.Set(i, j, r.B.At(i, j)/f)
			}
		}
		if !changed {
			break
		}
	}
	return r
}
