package linsolve

import "math"

// bandReal is LU of a matrix whose entries lie on few diagonals around the main one.
//
// Pivots are the diagonal entries as long as that is sound; then the band does not grow.
// Otherwise the matrix is factorised once more with partial pivoting, for which the band
// above grows by the width of that below (as LAPACK's dgbtf2 does it). Up to four
// diagonals on each side the elimination is written out (smallband_real.go), beyond it
// runs by panels of four columns with the kernels of the dense factorisation: in band
// storage a column and its neighbour are ld-1 entries apart, so a window of the band is a
// matrix of leading dimension ld-1.
type bandReal struct {
	pat    *Pattern
	n      int
	lo, up int // diagonals below and above the main one
	m      int // the larger of both
	ld     int
	off    int       // where the diagonal stands in a column
	front  int       // columns of zeros before the first one
	a      []realNum // entry (i, j) at (front+j)*ld + off + i - j
	inv    []realNum
	big    []float64 // the largest entry of each row, behind front others
	put    []int32   // where each value goes
	perm   []int32   // the unknown and equation at each position; nil: as given
	x      []realNum // the right-hand side, with room on both sides
	half   int       // unknowns eliminated from each end
	vals   []realNum
	sing   SingularError
	stats  Stats

	// With pivots chosen; made when first needed.
	pivoting bool // the last factorisation
	pld      int
	pa       []realNum // entry (i, j) at j*pld + lo + up + i - j
	swap     []int32
	scale    []float64
	mag      []float64
}

func newBandReal(p *Pattern, perm []int32, lo, up int) *bandReal {
	n := p.Cols
	d := &bandReal{pat: p, n: n, lo: lo, up: up, m: max(lo, up, 1), perm: perm}
	cols := n
	if d.m < wideBand {
		d.ld, d.off, d.front = 2*d.m+1, d.m, d.m
		cols = n + 2*d.m
		d.x = make([]realNum, n)
	} else {
		// Whole vectors beside the band, and whole panels: see wide.
		d.off = d.up + 7
		d.ld = d.off + 1 + d.lo + 7
		cols = padded(n, panel) + up + panel
		d.x = make([]realNum, padded(up, panel)+padded(n, panel)+lo+2*panel)
	}
	d.a = make([]realNum, cols*d.ld+2*d.ld)
	d.inv = make([]realNum, n+panel)
	d.big = make([]float64, 2*n+2*d.m+4*panel)
	d.put = make([]int32, p.NNZ())
	at := make([]int32, n)
	for k := range at {
		at[k] = int32(k)
	}
	for k, i := range perm {
		at[i] = int32(k)
	}
	for j := range n {
		for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
			i, j := int(at[p.RowIdx[e]]), int(at[j])
			d.put[e] = int32((d.front+j)*d.ld + d.off + i - j)
		}
	}
	d.stats = Stats{Kind: BandLU, NNZ: n * (lo + 1 + up), Blocks: 1}
	return d
}

func (d *bandReal) Stats() Stats { return d.stats }

func (d *bandReal) Factor(vals []realNum) error {
	d.vals = vals
	clear(d.a)
	a := d.a
	vals = vals[:len(d.put)]
	for e, at := range d.put {
		a[at] = vals[e]
	}
	return d.factor()
}

func (d *bandReal) factor() error {
	finite := false
	switch d.m {
	case 1:
		finite = d.rows1()
	case 2:
		finite = d.rows2()
	case 3:
		finite = d.rows3()
	case 4:
		finite = d.rows4()
	default:
		finite = d.rows()
	}
	if !finite {
		return ErrNotFinite
	}
	d.pivoting = false
	ok := false
	switch d.m {
	case 1:
		ok = d.factor1()
	case 2:
		ok = d.factor2()
	case 3:
		ok = d.factor3()
	case 4:
		ok = d.factor4()
	default:
		ok = d.wide()
	}
	if ok {
		d.stats.Reused++
		return nil
	}
	d.pivoting = true
	d.stats.Pivoted++
	return d.pivot()
}

// rows is rows1 for any width.
func (d *bandReal) rows() bool {
	// Four rows at a time, of the columns that any of them has entries in.
	for i := 0; i < d.n; i += panel {
		j := max(0, i-d.lo)
		if !rowMaxReal(d.a[j*(d.ld-1)+d.off+i:], d.big[d.m+i:], d.ld-1, panel, i+panel+d.up-j) {
			return false
		}
	}
	return true
}

// at is entry (i, j).
func (d *bandReal) at(i, j int) *realNum { return &d.a[(d.front+j)*d.ld+d.off+i-j] }

// sound decides whether the diagonal entry of unknown k may be the pivot, where
// elimination goes on in direction dir (1: rows behind k, -1: rows before): no product
// subtracted from a row may exceed growth times the largest entry of that row in the
// matrix, so that the rounding errors stay small beside it, and the pivot must not have
// cancelled down to rounding level.
func (d *bandReal) sound(k, dir int) bool {
	p := *d.at(k, k)
	if !(magReal(p) > 0) {
		return false
	}
	g, top := magReal(p), 0.0
	r := recipReal(p)
	big := d.big[d.m:]
	for s := 1; s <= d.m; s++ {
		if j := k + s*dir; j >= 0 && j < d.n {
			g = max(g, magReal(*d.at(k, j)))
		}
		if i := k - s*dir; i >= 0 && i < d.n && big[i] > 0 {
			top = max(top, magReal(*d.at(i, k))/big[i])
		}
	}
	for s := 1; s <= d.m; s++ {
		if i := k + s*dir; i >= 0 && i < d.n {
			l := magReal(*d.at(i, k) * r)
			if !(l*g <= growth*big[i]) {
				return false
			}
		}
	}
	return magReal(p) > suspect*max(top, 1e-300)*big[k]
}

// middle eliminates unknowns k..q from above.
func (d *bandReal) middle(k, q int) bool {
	for ; k <= q; k++ {
		p := *d.at(k, k)
		if !(magReal(p) > doubt*d.big[d.m+k]) && !d.sound(k, 1) {
			return false
		}
		g := magReal(p)
		end := min(k+d.m, q)
		for j := k + 1; j <= end; j++ {
			g = max(g, magReal(*d.at(k, j)))
		}
		r := recipReal(p)
		d.inv[k] = r
		for i := k + 1; i <= end; i++ {
			l := *d.at(i, k) * r
			if !(magReal(l)*g <= growth*d.big[d.m+i]) {
				return false
			}
			*d.at(i, k) = l
			for j := k + 1; j <= end; j++ {
				*d.at(i, j) = msubReal(*d.at(i, j), l, *d.at(k, j))
			}
		}
	}
	return true
}

func (d *bandReal) solveMiddle(x []realNum, k0, q int) {
	for k := k0; k <= q; k++ {
		for i := k + 1; i <= min(k+d.m, q); i++ {
			x[i] = msubReal(x[i], *d.at(i, k), x[k])
		}
	}
	for k := q; k >= k0; k-- {
		for j := k + 1; j <= min(k+d.m, q); j++ {
			x[k] = msubReal(x[k], *d.at(k, j), x[j])
		}
		x[k] *= d.inv[k]
	}
}

// wide eliminates by panels of four columns. Unknowns that fill the last panel have rows
// and columns of the identity.
func (d *bandReal) wide() bool {
	ld := d.ld - 1
	n4 := padded(d.n, panel)
	for k := d.n; k < n4; k++ {
		d.a[k*ld+d.off+k] = 1
		d.big[d.m+k] = 1
	}
	rows := panel + padded(d.lo, panel)
	for k0 := 0; k0 < n4; k0 += panel {
		a := d.a[k0*ld+d.off+k0:]
		if !d.strip(k0, a, rows) {
			return false
		}
		// Columns that reach into rows of the panel.
		cols := min(d.up, n4-k0-panel)
		if cols <= 0 {
			continue
		}
		c := a[panel*ld:]
		panelReal(c, a, ld, ld, rows-panel, cols)
		if !d.modest(k0, c, cols) {
			return false
		}
	}
	return true
}

// strip factorises four columns that begin with row k0.
func (d *bandReal) strip(k0 int, a []realNum, rows int) bool {
	ld := d.ld - 1
	c0 := a[:rows]
	c1, c2, c3 := a[ld:][:len(c0)], a[2*ld:][:len(c0)], a[3*ld:][:len(c0)]
	c := [panel][]realNum{c0, c1, c2, c3}
	inv := (*[4]realNum)(d.inv[k0:])
	big := d.big[d.m+k0:][:len(c0)]
	bad := false
	for k := range panel {
		p := c[k][k]
		if !(magReal(p) > doubt*big[k]) && (k0+k >= d.n || !d.sound(k0+k, 1)) {
			return false
		}
		for j := k; j < panel; j++ {
			if !(magReal(c[j][k]) <= growth*big[k]) {
				return false
			}
		}
		r := recipReal(p)
		inv[k] = r
		g := big[k] / growth
		switch k {
		case 0:
			u1, u2, u3 := c1[0], c2[0], c3[0]
			for i := 1; i < len(c0); i++ {
				l := c0[i] * r
				c0[i] = l
				c1[i] -= l * u1
				c2[i] -= l * u2
				c3[i] -= l * u3
				if !(magReal(l)*g <= big[i]) {
					bad = true
				}
			}
		case 1:
			u2, u3 := c2[1], c3[1]
			for i := 2; i < len(c0); i++ {
				l := c1[i] * r
				c1[i] = l
				c2[i] -= l * u2
				c3[i] -= l * u3
				if !(magReal(l)*g <= big[i]) {
					bad = true
				}
			}
		case 2:
			u3 := c3[2]
			for i := 3; i < len(c0); i++ {
				l := c2[i] * r
				c2[i] = l
				c3[i] -= l * u3
				if !(magReal(l)*g <= big[i]) {
					bad = true
				}
			}
		case 3:
			for i := 4; i < len(c0); i++ {
				l := c3[i] * r
				c3[i] = l
				if !(magReal(l)*g <= big[i]) {
					bad = true
				}
			}
		}
	}
	return !bad
}

// modest reports whether the four rows of U from k0 on have grown little in the columns c
// and in those of the panel.
func (d *bandReal) modest(k0 int, c []realNum, cols int) bool {
	ld := d.ld - 1
	var g0, g1, g2, g3 uint64
	for o := 0; o < cols*ld; o += ld {
		v := (*[panel]realNum)(c[o:])
		g0, g1, g2, g3 = max(g0, bitsReal(v[0])), max(g1, bitsReal(v[1])), max(g2, bitsReal(v[2])), max(g3, bitsReal(v[3]))
	}
	big := (*[panel]float64)(d.big[d.m+k0:])
	return math.Float64frombits(g0) <= growth*big[0] && math.Float64frombits(g1) <= growth*big[1] &&
		math.Float64frombits(g2) <= growth*big[2] && math.Float64frombits(g3) <= growth*big[3]
}

// Solve permutes where the order is another, and solves.
func (d *bandReal) Solve(b []realNum) {
	if d.perm == nil && (d.m < wideBand || d.pivoting) {
		d.solve(b[:d.n])
		return
	}
	x := d.x[:d.n]
	if d.m >= wideBand {
		clear(d.x)
		x = d.x[padded(d.up, panel):][:d.n]
	}
	if d.perm == nil {
		copy(x, b)
		d.solve(x)
		copy(b, x)
		return
	}
	for k, i := range d.perm {
		x[k] = b[i]
	}
	d.solve(x)
	for k, i := range d.perm {
		b[i] = x[k]
	}
}

func (d *bandReal) solve(x []realNum) {
	if d.pivoting {
		d.solvePivoted(x)
		return
	}
	switch d.m {
	case 1:
		d.solve1(x)
	case 2:
		d.solve2(x)
	case 3:
		d.solve3(x)
	case 4:
		d.solve4(x)
	default:
		d.solveWide()
	}
}

// solveWide solves for the right-hand side in d.x.
func (d *bandReal) solveWide() {
	ld, off := d.ld-1, d.off
	before := padded(d.up, panel)
	rows := padded(d.lo, panel)
	n4 := padded(d.n, panel)
	for k0 := 0; k0 < n4; k0 += panel {
		panelReal(d.x[before+k0:], d.a[k0*ld+off+k0:], ld, ld, rows, 1)
	}
	for k0 := n4 - panel; k0 >= 0; k0 -= panel {
		a := d.a[k0*ld+off+k0:]
		y := (*[panel]realNum)(d.x[before+k0:])
		u1, u2, u3 := (*[4]realNum)(a[ld:]), (*[4]realNum)(a[2*ld:]), (*[4]realNum)(a[3*ld:])
		inv := (*[4]realNum)(d.inv[k0:])
		y3 := y[3] * inv[3]
		y2 := msubReal(y[2], u3[2], y3) * inv[2]
		y1 := msubReal(msubReal(y[1], u3[1], y3), u2[1], y2) * inv[1]
		y0 := msubReal(msubReal(msubReal(y[0], u3[0], y3), u2[0], y2), u1[0], y1) * inv[0]
		y[0], y[1], y[2], y[3] = y0, y1, y2, y3
		gemvReal(d.x[k0:], d.a[k0*ld+off+k0-before:], ld, before, y)
	}
}

// pivot factorises with partial pivoting among rows scaled as in denseReal.
func (d *bandReal) pivot() error {
	n, lo := d.n, d.lo
	width := d.lo + d.up // diagonals of U
	if d.pa == nil {
		d.pld = lo + width + 1
		d.pa = make([]realNum, n*d.pld)
		d.swap, d.scale, d.mag = make([]int32, n), make([]float64, n), make([]float64, 2*n)
	}
	a, ld := d.pa, d.pld-1
	clear(a)
	shift := width // row i of column j is at j*ld + width + i
	for e, at := range d.put {
		j := int(at)/d.ld - d.front
		i := int(at)%d.ld - d.off + j
		a[j*ld+shift+i] = d.vals[e]
	}
	for i := range d.scale {
		d.scale[i] = scaleForBits(math.Float64bits(d.big[d.m+i]))
	}
	scale := d.scale
	reach := 0 // the last column that the rows so far have entries in
	for k := range n {
		ck := a[k*ld+shift:]
		last := min(k+lo, n-1)
		piv, best := k, magReal(ck[k])*scale[k]
		for i := k + 1; i <= last; i++ {
			if m := magReal(ck[i]) * scale[i]; m > best {
				piv, best = i, m
			}
		}
		if best == 0 || math.IsInf(best, 0) || best != best || !(best > doubt) && d.dependent(k, best) {
			col := k
			if d.perm != nil {
				col = int(d.perm[k])
			}
			d.sing.Col = col
			d.pivoting = true
			return &d.sing
		}
		d.swap[k] = int32(piv)
		reach = max(reach, min(piv+d.up, n-1))
		if piv != k {
			scale[k], scale[piv] = scale[piv], scale[k]
			for j := k; j <= reach; j++ {
				c := a[j*ld+shift:]
				c[k], c[piv] = c[piv], c[k]
			}
		}
		inv := recipReal(ck[k])
		d.inv[k] = inv
		l := ck[k+1 : last+1]
		for i := range l {
			l[i] *= inv
		}
		for j := k + 1; j <= reach; j++ {
			c := a[j*ld+shift+k:]
			u := c[0]
			if u == 0 {
				continue
			}
			c = c[1:][:len(l)]
			for i, v := range l {
				c[i] -= v * u
			}
		}
	}
	return nil
}

// dependent is the test of (*denseReal).dependent for column k with best pivot best.
func (d *bandReal) dependent(k int, best float64) bool {
	n, lo, ld, shift := d.n, d.lo, d.pld-1, d.lo+d.up
	a := d.pa
	ck := a[k*ld+shift:]
	first, last := max(0, k-shift), min(k+lo, n-1)
	top := 0.0
	for i := first; i < k; i++ {
		top = max(top, magReal(ck[i])*d.scale[i])
	}
	if best > suspect*top {
		return false
	}
	mag, lj := d.mag[:n], d.mag[n:]
	clear(mag[first : last+1])
	col := k
	if d.perm != nil {
		col = int(d.perm[k])
	}
	for e := d.pat.ColPtr[col]; e < d.pat.ColPtr[col+1]; e++ {
		mag[int(d.put[e])%d.ld-d.off+k] = magReal(d.vals[e])
	}
	for s := first; s < k; s++ {
		r := d.swap[s]
		mag[s], mag[r] = mag[r], mag[s]
	}
	for j := first; j < k; j++ {
		u := magReal(ck[j])
		if u == 0 {
			continue
		}
		// The multipliers of column j where the later exchanges have put them.
		for i := j + 1; i <= last; i++ {
			lj[i] = 0
			if i <= j+lo {
				lj[i] = magReal(a[j*ld+shift+i])
			}
		}
		for s := j + 1; s < k; s++ {
			r := d.swap[s]
			lj[s], lj[r] = lj[r], lj[s]
		}
		for i := k; i <= last; i++ {
			mag[i] += lj[i] * u
		}
	}
	for i := k; i <= last; i++ {
		if magReal(ck[i]) > 8*eps*mag[i] {
			return false
		}
	}
	return true
}

func (d *bandReal) solvePivoted(x []realNum) {
	n, lo, ld, shift := d.n, d.lo, d.pld-1, d.lo+d.up
	a := d.pa
	for k, r := range d.swap {
		y := x[r]
		x[r] = x[k]
		x[k] = y
		l := a[k*ld+shift+k+1:][:min(lo, n-1-k)]
		z := x[k+1:][:len(l)]
		for i, v := range l {
			z[i] -= v * y
		}
	}
	for k := n - 1; k >= 0; k-- {
		y := x[k] * d.inv[k]
		x[k] = y
		first := max(0, k-shift)
		u := a[k*ld+shift+first:][:k-first]
		z := x[first:][:len(u)]
		for i, v := range u {
			z[i] -= v * y
		}
	}
}
