package linsolve

import "math"

// programReal runs a program on real matrices.
type programReal struct {
	*program
	pat    *Pattern
	v      []realNum // entries, see program
	inv    []realNum // reciprocals of the pivots
	big    []uint64  // bit patterns of the largest magnitudes of the rows
	y      []realNum
	shrink float64 // one over the limit of allow
}

func newProgramReal(p *Pattern, g *program) *programReal {
	return &programReal{
		program: g, pat: p, v: make([]realNum, g.size),
		inv: make([]realNum, g.n), big: make([]uint64, g.n), y: make([]realNum, g.n), shrink: 1.0 / growth,
	}
}

func (r *programReal) allow(growth float64) { r.shrink = 1 / growth }

// factor runs the program; see verdict.
func (r *programReal) factor(vals []realNum) verdict {
	v, big := r.v, r.big
	clear(big)
	for _, s := range r.fill {
		v[s] = 0
	}
	put := r.put
	vals, at := vals[:len(put)], r.at[:len(put)]
	for e, s := range put {
		x := vals[e]
		v[s] = x
		i := at[e]
		if b := bitsReal(x); b > big[i] {
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
	li, dst, inv := r.li, r.dst, r.inv[:r.n]
	lp, up := r.lp[:len(inv)+1], r.up[:len(inv)+1]
	diag := v[r.diag:][:len(inv)]
	for k := range inv {
		p := diag[k]
		if !(magReal(p) > doubt*math.Float64frombits(big[k])) && r.doubtful(k, p) {
			return doubtfulPivot
		}
		i := recipReal(p)
		inv[k] = i
		u := v[up[k]:up[k+1]]
		l := v[lp[k]:lp[k+1]]
		rows := li[lp[k]:lp[k+1]]
		g := bitsReal(p)
		for _, x := range u {
			g = max(g, bitsReal(x))
		}
		s := math.Float64frombits(g) * r.shrink
		for q, x := range l {
			x *= i
			l[q] = x
			if !(magReal(x)*s <= math.Float64frombits(big[rows[q]])) {
				return doubtfulPivot
			}
		}
		for c, x := range u {
			u[c] = x * i
			to := dst[:len(l)]
			for q, t := range to {
				v[t] -= l[q] * x
			}
			dst = dst[len(to):]
		}
	}
	return sound
}

// doubtful looks closer at pivot p of position k: it may be small because the whole
// column is.
func (r *programReal) doubtful(k int, p realNum) bool {
	j := r.col[k]
	top := 0.0
	for e := r.pat.ColPtr[j]; e < r.pat.ColPtr[j+1]; e++ {
		if b := math.Float64frombits(r.big[r.at[e]]); b > 0 {
			// The value itself is gone where elimination has gone over it: what it became is
			// as good for the size of a column.
			top = max(top, magReal(r.v[r.put[e]])/b)
		}
	}
	return !(magReal(p) > doubt*max(top, 1e-300)*math.Float64frombits(r.big[k]))
}

// solve solves with L, then divides by the pivots, by which the rows of U are divided
// already, and solves with U, block after block.
func (r *programReal) solve(b []realNum) {
	v := r.v
	y := r.y[:r.n]
	for k, i := range r.row[:len(y)] {
		y[k] = b[i]
	}
	back := r.back
	from := int32(0)
	for c := len(r.start) - 2; c >= 0; c-- {
		lo, hi := r.start[c], r.start[c+1]
		first, last := r.lp[lo], r.lp[hi]
		li, lk := r.li[first:last], r.lk[first:last]
		lk = lk[:len(li)]
		for q, x := range v[first:last] {
			y[li[q]] -= x * y[lk[q]]
		}
		inv := r.inv[lo:hi]
		z := y[lo:hi]
		for k, x := range inv {
			z[k] *= x
		}
		to := r.bp[c]
		for _, s := range back[from:to] {
			y[s.i] -= v[s.v] * y[s.j]
		}
		from = to
	}
	for k, j := range r.col[:len(y)] {
		b[j] = y[k]
	}
}
