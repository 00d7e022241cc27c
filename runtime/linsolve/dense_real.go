package linsolve

import "math"

// denseReal is LU with partial pivoting of the full matrix, stored by columns.
//
// Pivots are chosen among entries scaled by powers of two that bring the largest entry
// of each row of the matrix near 1; the entries themselves are left alone (implicit
// equilibration; Higham, Accuracy and Stability of Numerical Algorithms, 9.8). Up to
// four unknowns the elimination is written out (small_real.go), up to eight the solution, of real
// systems up to twelve. Beyond, it is right
// looking by panels of four columns: the panel is factorised column by column, then
// each further column takes all four multipliers in one pass. As in LINPACK, rows are
// exchanged in a panel and to its right only, so Solve exchanges panel by panel.
type denseReal struct {
	pat   *Pattern
	n, ld int
	a     []realNum // column major; L below, U above the diagonal
	inv   []realNum // reciprocals of the pivots, then zeros
	scale []float64 // of the rows, exchanged with them
	big   []float64 // row maxima
	swap  []int32   // row exchanged with row k in step k
	put   []int32   // where each value goes; nil: the columns of a, one after the other
	x     []realNum // the right-hand side, padded
	vals  []realNum // of the last Factor, while it runs
	mag   []float64 // for the careful test, made when first needed
	sing  SingularError
	stats Stats
}

func newDenseReal(p *Pattern) *denseReal {
	n := p.Rows
	ld := max(panel, padded(n, panel))
	d := &denseReal{
		pat: p, n: n, ld: ld,
		a: make([]realNum, ld*padded(max(n, 1), panel)), inv: make([]realNum, ld), x: make([]realNum, ld),
		scale: make([]float64, ld), big: make([]float64, 2*ld), swap: make([]int32, n),
		stats: Stats{Kind: DenseLU, NNZ: n * n, Blocks: 1},
	}
	d.put = make([]int32, p.NNZ())
	same := n == ld
	for j := range n {
		for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
			d.put[e] = int32(j*ld) + p.RowIdx[e]
			same = same && d.put[e] == e
		}
	}
	if same && p.NNZ() == n*n {
		d.put = nil
	}
	return d
}

func (d *denseReal) Stats() Stats { return d.stats }

func (d *denseReal) Factor(vals []realNum) error {
	d.vals = vals
	d.load(vals)
	return d.factor()
}

// load scatters the values.
func (d *denseReal) load(vals []realNum) {
	if d.put == nil {
		copy(d.a, vals)
		return
	}
	clear(d.a)
	a := d.a
	vals = vals[:len(d.put)]
	for e, at := range d.put {
		a[at] = vals[e]
	}
}

// equilibrate finds the scales of the rows; it reports whether all entries are finite.
func (d *denseReal) equilibrate() bool {
	switch d.n {
	case 0:
		return true
	case 1:
		return d.scale1()
	case 2:
		return d.scale2()
	case 3:
		return d.scale3()
	case 4:
		return d.scale4()
	}
	if !rowMaxReal(d.a, d.big, d.ld, d.ld, d.n) {
		return false
	}
	scale := d.scale[:d.n]
	big := d.big[:len(scale)]
	for i := range scale {
		scale[i] = scaleForBits(math.Float64bits(big[i]))
	}
	return true
}

func (d *denseReal) factor() error {
	if !d.equilibrate() {
		return ErrNotFinite
	}
	d.stats.Pivoted++
	if d.panels() {
		return nil
	}
	// A pivot is small: once more, looking closely.
	d.load(d.vals)
	d.equilibrate()
	return d.careful()
}

// small reports whether the pivot of column k, of scaled size best, is small beside the
// entries above it.
func (d *denseReal) small(k int, best float64) bool {
	if best == 0 || best != best || math.IsInf(best, 0) {
		return true
	}
	top := 0.0
	for i, v := range d.a[k*d.ld:][:k] {
		top = max(top, magReal(v)*d.scale[i])
	}
	return !(best > suspect*top)
}

// panels factorises the matrix; it reports false where a pivot is in doubt. A large
// matrix is done by blocks of columns, each of which takes all panels before it while it
// is in the cache.
func (d *denseReal) panels() bool {
	n := d.n
	block := n
	if n > 256 {
		block = 64
	}
	for j0 := 0; j0 < n; j0 += block {
		j1 := min(j0+block, n)
		for k0 := 0; k0 < j0; k0 += panel {
			d.apply(k0, j0, j1, true)
		}
		k0 := j0
		for ; k0+panel < n && k0 < j1; k0 += panel {
			moved, ok := d.four(k0)
			if !ok {
				return false
			}
			d.apply(k0, k0+panel, j1, moved)
		}
		if k0 >= j1 {
			continue
		}
		ok := true
		switch n - k0 {
		case 1:
			ok = d.pivot1(k0)
		case 2:
			ok = d.pivot2(k0)
		case 3:
			ok = d.pivot3(k0)
		case 4:
			ok = d.pivot4(k0)
		}
		if !ok {
			return false
		}
	}
	return n <= 16 || d.modest()
}

// apply eliminates with the panel that begins at k0 in the columns j0..j1-1; moved says
// that the panel has exchanged rows.
func (d *denseReal) apply(k0, j0, j1 int, moved bool) {
	if j0 >= j1 {
		return
	}
	n, ld, a := d.n, d.ld, d.a
	if moved {
		s := (*[panel]int32)(d.swap[k0:])
		p0, p1, p2, p3 := int(s[0]), int(s[1]), int(s[2]), int(s[3])
		for j := j0; j < j1; j++ {
			c := a[j*ld : j*ld+n : j*ld+n]
			c[k0], c[p0] = c[p0], c[k0]
			c[k0+1], c[p1] = c[p1], c[k0+1]
			c[k0+2], c[p2] = c[p2], c[k0+2]
			c[k0+3], c[p3] = c[p3], c[k0+3]
		}
	}
	panelReal(a[j0*ld+k0:], a[k0*ld+k0:], ld, ld, ld-k0-panel, j1-j0)
}

// modest reports whether the entries of U have not grown much beyond those of the matrix.
func (d *denseReal) modest() bool {
	rowMaxReal(d.a, d.big, d.ld, d.ld, d.n)
	for i, s := range d.scale[:d.n] {
		if !(d.big[i]*s < 1<<16) {
			return false
		}
	}
	return true
}

// careful factorises column by column and tests each pivot.
func (d *denseReal) careful() error {
	n, ld, a := d.n, d.ld, d.a
	for k := range n {
		k0 := k &^ (panel - 1)
		ck := a[k*ld : k*ld+n]
		piv, best := k, magReal(ck[k])*d.scale[k]
		for i := k + 1; i < n; i++ {
			if m := magReal(ck[i]) * d.scale[i]; m > best {
				piv, best = i, m
			}
		}
		if d.small(k, best) && (best == 0 || math.IsInf(best, 0) || d.dependent(k)) {
			d.sing.Col = k
			return &d.sing
		}
		d.swap[k] = int32(piv)
		if piv != k {
			d.scale[k], d.scale[piv] = d.scale[piv], d.scale[k]
			for o := k0 * ld; o < n*ld; o += ld {
				a[o+k], a[o+piv] = a[o+piv], a[o+k]
			}
		}
		inv := recipReal(ck[k])
		d.inv[k] = inv
		l := ck[k+1:]
		for i := range l {
			l[i] *= inv
		}
		for o := (k + 1) * ld; o < n*ld; o += ld {
			u := a[o+k]
			c := a[o+k+1:][:len(l)]
			for i, v := range l {
				c[i] -= v * u
			}
		}
	}
	return nil
}

// dependent reports whether every candidate pivot of column k is at the level of
// its own rounding error: |x_i| <= 8 eps (|a_ik| + sum_j |l_ij u_jk|). The matrix is
// then within a componentwise relative perturbation of a few eps of one of lower
// rank. The test does not change when rows or columns are scaled.
func (d *denseReal) dependent(k int) bool {
	n, ld, p := d.n, d.ld, d.pat
	if d.mag == nil {
		d.mag = make([]float64, 2*n)
	}
	mag, lj := d.mag[:n], d.mag[n:]
	clear(mag)
	for e := p.ColPtr[k]; e < p.ColPtr[k+1]; e++ {
		mag[p.RowIdx[e]] = magReal(d.vals[e])
	}
	for s, r := range d.swap[:k] {
		mag[s], mag[r] = mag[r], mag[s]
	}
	ck := d.a[k*ld : k*ld+n]
	for j := range k {
		u := magReal(ck[j])
		if u == 0 {
			continue
		}
		// Column j of L as it is after the exchanges behind its panel.
		for i := j + 1; i < n; i++ {
			lj[i] = magReal(d.a[j*ld+i])
		}
		for s := j&^(panel-1) + panel; s < k; s++ {
			r := d.swap[s]
			lj[s], lj[r] = lj[r], lj[s]
		}
		for i := k; i < n; i++ {
			mag[i] += lj[i] * u
		}
	}
	for i := k; i < n; i++ {
		if magReal(ck[i]) > 8*eps*mag[i] {
			return false
		}
	}
	return true
}

func (d *denseReal) Solve(b []realNum) {
	switch d.n {
	case 0:
	case 1:
		b[0] *= d.inv[0]
	case 2:
		d.solve2((*[2]realNum)(b))
	case 3:
		d.solve3((*[3]realNum)(b))
	case 4:
		d.solve4((*[4]realNum)(b))
	case 5:
		d.solve5((*[5]realNum)(b))
	case 6:
		d.solve6((*[6]realNum)(b))
	case 7:
		d.solve7((*[7]realNum)(b))
	case 8:
		d.solve8((*[8]realNum)(b))
	default:
		if !d.writtenOut(b) {
			d.solve(b)
		}
	}
}

func (d *denseReal) solve(b []realNum) {
	n, ld, a := d.n, d.ld, d.a
	x := d.x
	copy(x, b[:n])
	k0 := 0
	for ; k0+panel < n; k0 += panel {
		s := (*[panel]int32)(d.swap[k0:])
		y := (*[panel]realNum)(x[k0:])
		y[0], x[s[0]] = x[s[0]], y[0]
		y[1], x[s[1]] = x[s[1]], y[1]
		y[2], x[s[2]] = x[s[2]], y[2]
		y[3], x[s[3]] = x[s[3]], y[3]
		panelReal(x[k0:], a[k0*ld+k0:], ld, ld, ld-k0-panel, 1)
	}
	// The last panel, of one to four columns.
	y := (*[panel]realNum)(x[k0:])
	for i, s := range d.swap[k0:n] {
		y[i&3], x[s] = x[s], y[i&3]
	}
	switch n - k0 {
	case 4:
		l0, l1, l2 := (*[4]realNum)(a[k0*ld+k0:]), (*[4]realNum)(a[(k0+1)*ld+k0:]), (*[4]realNum)(a[(k0+2)*ld+k0:])
		u3 := (*[4]realNum)(a[(k0+3)*ld+k0:])
		inv := (*[4]realNum)(d.inv[k0:])
		y0 := y[0]
		y1 := msubReal(y[1], l0[1], y0)
		y2 := msubReal(msubReal(y[2], l0[2], y0), l1[2], y1)
		y3 := msubReal(msubReal(msubReal(y[3], l0[3], y0), l1[3], y1), l2[3], y2)
		y3 *= inv[3]
		y2 = msubReal(y2, u3[2], y3) * inv[2]
		y1 = msubReal(msubReal(y1, u3[1], y3), l2[1], y2) * inv[1]
		y0 = msubReal(msubReal(msubReal(y0, u3[0], y3), l2[0], y2), l1[0], y1) * inv[0]
		y[0], y[1], y[2], y[3] = y0, y1, y2, y3
	case 3:
		l0, l1, u2 := (*[4]realNum)(a[k0*ld+k0:]), (*[4]realNum)(a[(k0+1)*ld+k0:]), (*[4]realNum)(a[(k0+2)*ld+k0:])
		inv := (*[4]realNum)(d.inv[k0:])
		y0 := y[0]
		y1 := msubReal(y[1], l0[1], y0)
		y2 := msubReal(msubReal(y[2], l0[2], y0), l1[2], y1)
		y2 *= inv[2]
		y1 = msubReal(y1, u2[1], y2) * inv[1]
		y0 = msubReal(msubReal(y0, u2[0], y2), l1[0], y1) * inv[0]
		y[0], y[1], y[2] = y0, y1, y2
	case 2:
		l0, u1 := (*[4]realNum)(a[k0*ld+k0:]), (*[4]realNum)(a[(k0+1)*ld+k0:])
		inv := (*[4]realNum)(d.inv[k0:])
		y1 := msubReal(y[1], l0[1], y[0]) * inv[1]
		y[0] = msubReal(y[0], u1[0], y1) * inv[0]
		y[1] = y1
	case 1:
		y[0] *= d.inv[k0]
	}
	// The entries of a full panel above it; those of a short one column by column.
	if n-k0 == panel {
		gemvReal(x, a[k0*ld:], ld, k0, y)
	} else {
		for j := k0; j < n; j++ {
			axpyReal(x, a[j*ld:], k0, x[j])
		}
	}
	for k0 -= panel; k0 >= 0; k0 -= panel {
		y := (*[panel]realNum)(x[k0:])
		u1, u2, u3 := (*[4]realNum)(a[(k0+1)*ld+k0:]), (*[4]realNum)(a[(k0+2)*ld+k0:]), (*[4]realNum)(a[(k0+3)*ld+k0:])
		inv := (*[4]realNum)(d.inv[k0:])
		y3 := y[3] * inv[3]
		y2 := msubReal(y[2], u3[2], y3) * inv[2]
		y1 := msubReal(msubReal(y[1], u3[1], y3), u2[1], y2) * inv[1]
		y0 := msubReal(msubReal(msubReal(y[0], u3[0], y3), u2[0], y2), u1[0], y1) * inv[0]
		y[0], y[1], y[2], y[3] = y0, y1, y2, y3
		gemvReal(x, a[k0*ld:], ld, k0, y)
	}
	copy(b[:n], x)
}
