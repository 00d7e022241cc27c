package linsolve

import "math"

// dense is LU with partial pivoting of the full matrix, stored by columns.
//
// Rows are scaled by powers of two first, so pivots are chosen among comparable
// numbers and the scaling commits no rounding error. Elimination is right looking,
// four columns at a time: each multiplier is loaded once for four updates. The
// multiply and the subtract are separate roundings where the target has no
// fused multiply-add of its own accord.
type dense[T Scalar] struct {
	pat   *Pattern
	n     int
	a     []T       // column major; L below, U above the diagonal
	inv   []T       // reciprocals of the pivots
	scale []T       // row scaling, powers of two
	big   []float64 // row maxima
	swap  []int32   // row exchanged with row k in step k
	mag   []float64 // magnitudes for the careful test, made when first needed
	sing  SingularError
	stats Stats
}

func newDense[T Scalar](p *Pattern) *dense[T] {
	n := p.Rows
	return &dense[T]{
		pat: p, n: n,
		a: make([]T, n*n), inv: make([]T, n), scale: make([]T, n),
		big: make([]float64, n), swap: make([]int32, n),
		stats: Stats{NNZ: n * n, Blocks: 1},
	}
}

func (d *dense[T]) Stats() Stats { return d.stats }

// suspect is the ratio of a pivot to the largest entry above it in U below which the
// careful singularity test runs. Cancellation to rounding level shows in it, for the
// multipliers are not larger than 1.
const suspect = 1e-11

func (d *dense[T]) Factor(vals []T) error {
	if !d.load(vals) {
		return ErrNotFinite
	}
	d.stats.Pivoted++
	n, a := d.n, d.a
	for k := range n {
		ck := a[k*n : k*n+n]
		// The largest entry of column k above the diagonal is part of U already.
		top := 0.0
		for _, v := range ck[:k] {
			top = max(top, magnitude(v))
		}
		piv, best := k, magnitude(ck[k])
		for i := k + 1; i < n; i++ {
			if m := magnitude(ck[i]); m > best {
				piv, best = i, m
			}
		}
		if !(best > suspect*top) || math.IsInf(best, 0) {
			if best == 0 || math.IsInf(best, 0) || d.dependent(vals, k) {
				d.sing.Col = k
				return &d.sing
			}
		}
		d.swap[k] = int32(piv)
		if piv != k {
			for j := 0; j < n*n; j += n {
				a[j+k], a[j+piv] = a[j+piv], a[j+k]
			}
		}
		inv := 1 / ck[k]
		d.inv[k] = inv
		l := ck[k+1:]
		for i := range l {
			l[i] *= inv
		}
		d.update(k, l)
	}
	return nil
}

// load scatters the scaled values; it reports false if one is not finite.
func (d *dense[T]) load(vals []T) bool {
	p, n := d.pat, d.n
	clear(d.a)
	big := d.big
	clear(big)
	vals = vals[:len(p.RowIdx)]
	var sum T
	for e, i := range p.RowIdx {
		v := vals[e]
		sum += v * 0
		if m := magnitude(v); m > big[i] {
			big[i] = m
		}
	}
	if sum != sum {
		return false
	}
	scale := d.scale[:len(big)]
	for i, m := range big {
		scale[i] = fromReal[T](scaleFor(m))
	}
	lo := p.ColPtr[0]
	for j, hi := range p.ColPtr[1:] {
		c := d.a[j*n:][:n]
		for e := lo; e < hi; e++ {
			i := p.RowIdx[e]
			c[i] = vals[e] * scale[i]
		}
		lo = hi
	}
	return true
}

// update subtracts l times row k from the columns behind k.
func (d *dense[T]) update(k int, l []T) {
	n, a := d.n, d.a
	j := k + 1
	for ; j+3 < n; j += 4 {
		o := j*n + k
		u0, u1, u2, u3 := a[o], a[o+n], a[o+2*n], a[o+3*n]
		if u0 == 0 && u1 == 0 && u2 == 0 && u3 == 0 {
			continue
		}
		c0 := a[o+1:][:len(l)]
		c1 := a[o+n+1:][:len(l)]
		c2 := a[o+2*n+1:][:len(l)]
		c3 := a[o+3*n+1:][:len(l)]
		for i, v := range l {
			c0[i] -= v * u0
			c1[i] -= v * u1
			c2[i] -= v * u2
			c3[i] -= v * u3
		}
	}
	for ; j < n; j++ {
		o := j*n + k
		u := a[o]
		if u == 0 {
			continue
		}
		c := a[o+1:][:len(l)]
		for i, v := range l {
			c[i] -= v * u
		}
	}
}

// dependent reports whether every candidate pivot of column k is at the level of
// its own rounding error: |x_i| <= 8 eps (|a_ik| + sum_j |l_ij u_jk|). The matrix is
// then within a componentwise relative perturbation of a few eps of one of lower
// rank. The test does not change when rows or columns are scaled.
func (d *dense[T]) dependent(vals []T, k int) bool {
	n, p := d.n, d.pat
	if d.mag == nil {
		d.mag = make([]float64, n)
	}
	mag := d.mag
	clear(mag)
	for e := p.ColPtr[k]; e < p.ColPtr[k+1]; e++ {
		i := p.RowIdx[e]
		mag[i] = magnitude(vals[e] * d.scale[i])
	}
	for s, r := range d.swap[:k] {
		mag[s], mag[r] = mag[r], mag[s]
	}
	ck := d.a[k*n : k*n+n]
	for j := range k {
		u := magnitude(ck[j])
		if u == 0 {
			continue
		}
		lj := d.a[j*n : j*n+n]
		for i := k; i < n; i++ {
			mag[i] += magnitude(lj[i]) * u
		}
	}
	for i := k; i < n; i++ {
		if magnitude(ck[i]) > 8*eps*mag[i] {
			return false
		}
	}
	return true
}

func (d *dense[T]) Solve(b []T) {
	n, a := d.n, d.a
	b = b[:n]
	for i, s := range d.scale {
		b[i] *= s
	}
	for k, r := range d.swap {
		b[k], b[r] = b[r], b[k]
	}
	for k := range n {
		y := b[k]
		if y == 0 {
			continue
		}
		l := a[k*n+k+1 : k*n+n]
		x := b[k+1:][:len(l)]
		for i, v := range l {
			x[i] -= v * y
		}
	}
	for k := n - 1; k >= 0; k-- {
		y := b[k] * d.inv[k]
		b[k] = y
		if y == 0 {
			continue
		}
		u := a[k*n : k*n+k]
		x := b[:len(u)]
		for i, v := range u {
			x[i] -= v * y
		}
	}
}
