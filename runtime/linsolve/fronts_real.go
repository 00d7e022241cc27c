package linsolve

import "math"

// frontsReal eliminates and solves with real fronts.
type frontsReal struct {
	*fronts
	pat    *Pattern
	lx, ux []realNum // pivot columns and, below the diagonal, L; pivot rows behind them
	ws     []realNum
	fx     []realNum
	inv    []realNum
	big    []uint64  // bit patterns of the largest magnitudes of the rows
	fbig   []float64 // of the rows of a front
	umax   []float64
	tail   []realNum // a panel of less than four columns, filled with zeros
	y      []realNum
	t, g   []realNum // a right-hand side in a front
	vals   []realNum // of the last factor, while it runs
	growth float64   // the limit of allow
}

func newFrontsReal(p *Pattern, f *fronts) *frontsReal {
	ns := len(f.lx) - 1
	return &frontsReal{
		fronts: f, pat: p,
		lx: make([]realNum, f.lx[ns]), ux: make([]realNum, f.ux[ns]), ws: make([]realNum, f.space),
		fx: make([]realNum, len(f.fe)), inv: make([]realNum, f.n+panel), big: make([]uint64, f.n),
		fbig: make([]float64, f.widest+panel), umax: make([]float64, 2*(f.widest+panel)), tail: make([]realNum, panel*(f.widest+panel)),
		y: make([]realNum, f.n), t: make([]realNum, f.widest+panel), g: make([]realNum, f.widest+panel), growth: growth,
	}
}

func (r *frontsReal) allow(growth float64) { r.growth = growth }

func (r *frontsReal) factor(vals []realNum) verdict {
	big := r.big
	clear(big)
	vals = vals[:len(r.at)]
	r.vals = vals
	for e, i := range r.at {
		if b := bitsReal(vals[e]); b > big[i] {
			big[i] = b
		}
	}
	top := uint64(0)
	for _, b := range big {
		top = max(top, b)
	}
	if top >= infinite {
		return notFinite
	}
	for t, e := range r.fe {
		r.fx[t] = vals[e]
	}
	clear(r.lx)
	for s := range len(r.first) - 1 {
		r.assemble(s, vals)
		if !r.eliminate(s) {
			return doubtfulPivot
		}
	}
	return sound
}

// assemble adds the values of the matrix and what remains of the children.
func (r *frontsReal) assemble(s int, vals []realNum) {
	w, m := r.size(s)
	ld := leading(w, m)
	lx, ws := r.lx, r.ws
	sp, sl, end := r.sp[s], r.sl[s], r.sp[s+1]
	for t := sp; t < sl; t++ {
		lx[r.dst[t]] = vals[r.src[t]]
	}
	if m > 0 {
		clear(ws[r.fronts.ws[s]:][:ld*m])
	}
	for t := sl; t < end; t++ {
		ws[r.dst[t]] = vals[r.src[t]]
	}
	own := lx[r.fronts.lx[s]:r.fronts.lx[s+1]]
	rest := ws[r.fronts.ws[s]:][:ld*m]
	for _, c := range r.kids[r.kp[s]:r.kp[s+1]] {
		cw, cm := r.size(int(c))
		cld := leading(cw, cm)
		rel := r.rel[r.rp[c]:r.rp[c+1]]
		from := ws[r.fronts.ws[c]:]
		for j, q := range rel {
			v := from[j*cld+cw:][:len(rel)]
			var to []realNum
			if int(q) < w {
				to = own[int(q)*ld:][:ld]
			} else {
				to = rest[(int(q)-w)*ld:][:ld]
			}
			for i, x := range v {
				to[rel[i]] += x
			}
		}
	}
}

// eliminate takes the pivots of front s; it reports false where one is not sound.
func (r *frontsReal) eliminate(s int) bool {
	w, m := r.size(s)
	ld := leading(w, m)
	first := int(r.first[s])
	own := r.lx[r.fronts.lx[s]:r.fronts.lx[s+1]]
	rest := r.ws[r.fronts.ws[s]:][:ld*m]
	big := r.fbig[:ld+panel]
	for k := range w {
		big[k] = math.Float64frombits(r.big[first+k])
	}
	for k, i := range r.rows[r.rp[s]:r.rp[s+1]] {
		big[w+k] = math.Float64frombits(r.big[i])
	}
	clear(big[w+m:])
	for k0 := 0; k0 < w; k0 += panel {
		wk := min(panel, w-k0)
		rows := ld - k0
		if !r.strip(first+k0, own[k0*ld+k0:], ld, rows, wk, big[k0:]) {
			return false
		}
		if wk < panel && m > 0 {
			for c := range wk {
				copy(r.tail[c*rows:][:rows], own[(k0+c)*ld+k0:])
			}
			clear(r.tail[wk*rows : panel*rows])
		}
		if cols := w - k0 - panel; cols > 0 {
			c := own[(k0+panel)*ld+k0:]
			panelReal(c, own[k0*ld+k0:], ld, ld, rows-panel, cols)
			if !r.modest(c, ld, cols, panel, big[k0:]) {
				return false
			}
		}
	}
	// The other columns, as many at a time as the cache holds: each takes all pivots.
	ldu := padded(w, panel)
	block := max(panel, cacheReal/ld&^1)
	for j0 := 0; j0 < m; j0 += block {
		cols := min(block, m-j0)
		c := rest[j0*ld:]
		for k0 := 0; k0 < w; k0 += panel {
			rows := ld - k0
			if k0+panel <= w {
				panelReal(c[k0:], own[k0*ld+k0:], ld, ld, rows-panel, cols)
			} else {
				panelReal(c[k0:], r.tail, ld, rows, rows-panel, cols)
			}
		}
		if !r.modest(c, ld, cols, w, big) {
			return false
		}
		ux := r.ux[r.fronts.ux[s]+j0*ldu:]
		for j := range cols {
			copy(ux[j*ldu:][:w], c[j*ld:])
		}
	}
	return true
}

// modest reports whether the first rows rows of the columns c have not outgrown big.
func (r *frontsReal) modest(c []realNum, ld, cols, rows int, big []float64) bool {
	if !rowMaxReal(c, r.umax, ld, padded(rows, panel), cols) {
		return false
	}
	for i, u := range r.umax[:rows] {
		if !(u <= r.growth*big[i]) {
			return false
		}
	}
	return true
}

// strip factorises the first wk columns of a, from position k0 on, of which the first
// rows are those of the pivots.
func (r *frontsReal) strip(k0 int, a []realNum, ld, rows, wk int, big []float64) bool {
	big = big[:rows]
	bad := false
	for k := range wk {
		ck := a[k*ld:][:rows]
		p := ck[k]
		if !(magReal(p) > doubt*big[k]) && r.doubtful(k0+k, p) {
			return false
		}
		inv := recipReal(p)
		r.inv[k0+k] = inv
		g := big[k] / r.growth
		l := ck[k+1:]
		b := big[k+1:][:len(l)]
		switch wk - k {
		case 1:
			for i, x := range l {
				x *= inv
				l[i] = x
				if !(magReal(x)*g <= b[i]) {
					bad = true
				}
			}
		case 2:
			u1 := a[(k+1)*ld+k]
			c1 := a[(k+1)*ld+k+1:][:len(l)]
			for i, x := range l {
				x *= inv
				l[i] = x
				c1[i] -= x * u1
				if !(magReal(x)*g <= b[i]) {
					bad = true
				}
			}
		case 3:
			u1, u2 := a[(k+1)*ld+k], a[(k+2)*ld+k]
			c1, c2 := a[(k+1)*ld+k+1:][:len(l)], a[(k+2)*ld+k+1:][:len(l)]
			for i, x := range l {
				x *= inv
				l[i] = x
				c1[i] -= x * u1
				c2[i] -= x * u2
				if !(magReal(x)*g <= b[i]) {
					bad = true
				}
			}
		default:
			u1, u2, u3 := a[(k+1)*ld+k], a[(k+2)*ld+k], a[(k+3)*ld+k]
			c1, c2, c3 := a[(k+1)*ld+k+1:][:len(l)], a[(k+2)*ld+k+1:][:len(l)], a[(k+3)*ld+k+1:][:len(l)]
			for i, x := range l {
				x *= inv
				l[i] = x
				c1[i] -= x * u1
				c2[i] -= x * u2
				c3[i] -= x * u3
				if !(magReal(x)*g <= b[i]) {
					bad = true
				}
			}
		}
		for j := k + 1; j < wk; j++ {
			if !(magReal(a[j*ld+k]) <= r.growth*big[k]) {
				bad = true
			}
		}
	}
	return !bad
}

// doubtful looks closer at pivot p of position k: it may be small because the whole
// column is.
func (r *frontsReal) doubtful(k int, p realNum) bool {
	j := r.col[k]
	top := 0.0
	for e := r.pat.ColPtr[j]; e < r.pat.ColPtr[j+1]; e++ {
		if b := math.Float64frombits(r.big[r.at[e]]); b > 0 {
			top = max(top, magReal(r.vals[e])/b)
		}
	}
	return !(magReal(p) > doubt*max(top, 1e-300)*math.Float64frombits(r.big[k]))
}

func (r *frontsReal) solve(b []realNum) {
	y := r.y[:r.n]
	for k, i := range r.row[:len(y)] {
		y[k] = b[i]
	}
	for c := len(r.start) - 2; c >= 0; c-- {
		lo, hi := int(r.block[c]), int(r.block[c+1])
		for s := lo; s < hi; s++ {
			r.forward(s, y)
		}
		for s := hi - 1; s >= lo; s-- {
			r.backward(s, y)
		}
		for k := r.start[c]; k < r.start[c+1]; k++ {
			x := y[k]
			for t := r.fp[k]; t < r.fp[k+1]; t++ {
				y[r.fi[t]] -= r.fx[t] * x
			}
		}
	}
	for k, j := range r.col[:len(y)] {
		b[j] = y[k]
	}
}

// forward solves with the columns of L of front s.
func (r *frontsReal) forward(s int, y []realNum) {
	w, m := r.size(s)
	ld := leading(w, m)
	own := r.lx[r.fronts.lx[s]:r.fronts.lx[s+1]]
	first := int(r.first[s])
	t := r.t[:ld]
	copy(t, y[first:first+w])
	clear(t[w:])
	for k0 := 0; k0 < w; k0 += panel {
		if k0+panel <= w {
			panelReal(t[k0:], own[k0*ld+k0:], ld, ld, ld-k0-panel, 1)
			continue
		}
		for k := k0; k < w; k++ {
			u := t[k]
			l := own[k*ld:][:ld]
			for i := k + 1; i < k0+panel; i++ {
				t[i] -= l[i] * u
			}
			if ld > k0+panel {
				axpyReal(t[k0+panel:], l[k0+panel:], ld-k0-panel, u)
			}
		}
	}
	copy(y[first:first+w], t)
	t = t[w:]
	for k, i := range r.rows[r.rp[s]:r.rp[s+1]] {
		y[i] += t[k]
	}
}

// backward solves with the rows of U of front s.
func (r *frontsReal) backward(s int, y []realNum) {
	w, m := r.size(s)
	ld, ldu := leading(w, m), padded(w, panel)
	own := r.lx[r.fronts.lx[s]:r.fronts.lx[s+1]]
	ux := r.ux[r.fronts.ux[s]:r.fronts.ux[s+1]]
	first := int(r.first[s])
	t := r.t[:ldu]
	copy(t, y[first:first+w])
	clear(t[w:])
	if m > 0 {
		g := r.g[:padded(m, panel)]
		for k, i := range r.rows[r.rp[s]:r.rp[s+1]] {
			g[k] = y[i]
		}
		clear(g[m:])
		for j := 0; j < m; j += panel {
			gemvReal(t, ux[j*ldu:], ldu, ldu, (*[panel]realNum)(g[j:]))
		}
	}
	inv := r.inv[first:]
	k0 := w &^ (panel - 1)
	for k := w - 1; k >= k0; k-- {
		u := own[k*ld:]
		x := t[k] * inv[k]
		t[k] = x
		for i := k0; i < k; i++ {
			t[i] -= u[i] * x
		}
		axpyReal(t, u, k0, x)
	}
	for k0 -= panel; k0 >= 0; k0 -= panel {
		a := own[k0*ld+k0:]
		x := (*[panel]realNum)(t[k0:])
		u1, u2, u3 := (*[4]realNum)(a[ld:]), (*[4]realNum)(a[2*ld:]), (*[4]realNum)(a[3*ld:])
		d := (*[4]realNum)(inv[k0:])
		x3 := x[3] * d[3]
		x2 := msubReal(x[2], u3[2], x3) * d[2]
		x1 := msubReal(msubReal(x[1], u3[1], x3), u2[1], x2) * d[1]
		x0 := msubReal(msubReal(msubReal(x[0], u3[0], x3), u2[0], x2), u1[0], x1) * d[0]
		x[0], x[1], x[2], x[3] = x0, x1, x2, x3
		gemvReal(t, own[k0*ld:], ld, k0, x)
	}
	copy(y[first:first+w], t)
}
