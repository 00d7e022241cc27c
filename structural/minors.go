package structural

import (
	"slices"

	"github.com/mtkc/mtkc/expr"
)

// factor is a power of a kernel: a term that is neither a sum nor a product.
type factor struct {
	base expr.ID
	exp  int32
}

// monomial is a number times factors by increasing base.
type monomial struct {
	k expr.Num
	f []factor
}

// polynomial is a sum of monomials in decreasing order (see monomial.compare), none 0.
// Exponents may be negative, and then the order is not that of division; divide
// shifts them first.
type polynomial []monomial

// maxMonomials bounds the polynomials of a null vector.
const maxMonomials = 400

// compare orders monomials lexicographically, kernels that were made first as the
// leading ones.
func (m *monomial) compare(o *monomial) int {
	i, j := 0, 0
	for i < len(m.f) || j < len(o.f) {
		switch {
		case j == len(o.f) || i < len(m.f) && m.f[i].base < o.f[j].base:
			return int(m.f[i].exp)
		case i == len(m.f) || o.f[j].base < m.f[i].base:
			return -int(o.f[j].exp)
		case m.f[i].exp != o.f[j].exp:
			return int(m.f[i].exp - o.f[j].exp)
		}
		i, j = i+1, j+1
	}
	return 0
}

func (m *monomial) times(o *monomial) monomial {
	r := monomial{k: m.k.Mul(o.k)}
	i, j := 0, 0
	for i < len(m.f) || j < len(o.f) {
		switch {
		case j == len(o.f) || i < len(m.f) && m.f[i].base < o.f[j].base:
			r.f = append(r.f, m.f[i])
			i++
		case i == len(m.f) || o.f[j].base < m.f[i].base:
			r.f = append(r.f, o.f[j])
			j++
		default:
			if e := m.f[i].exp + o.f[j].exp; e != 0 {
				r.f = append(r.f, factor{m.f[i].base, e})
			}
			i, j = i+1, j+1
		}
	}
	return r
}

// inverse of a monomial with a number other than 0.
func (m *monomial) inverse() monomial {
	r := monomial{k: m.k.Inv(), f: slices.Clone(m.f)}
	for i := range r.f {
		r.f[i].exp = -r.f[i].exp
	}
	return r
}

// collect sorts monomials and adds up equal ones.
func collect(ms []monomial) polynomial {
	slices.SortStableFunc(ms, func(a, b monomial) int { return b.compare(&a) })
	n := 0
	for i := 0; i < len(ms); {
		m := ms[i]
		for i++; i < len(ms) && m.compare(&ms[i]) == 0; i++ {
			m.k = m.k.Add(ms[i].k)
		}
		if !m.k.IsZero() {
			ms[n] = m
			n++
		}
	}
	return ms[:n]
}

func (a polynomial) times(b polynomial) polynomial {
	out := make([]monomial, 0, len(a)*len(b))
	for i := range a {
		for j := range b {
			out = append(out, a[i].times(&b[j]))
		}
	}
	return collect(out)
}

func (a polynomial) minus(b polynomial) polynomial {
	out := slices.Clone(a)
	for _, m := range b {
		out = append(out, monomial{m.k.Neg(), m.f})
	}
	return collect(out)
}

// shift multiplies by a monomial, which keeps the order.
func (a polynomial) shift(m *monomial) polynomial {
	out := make(polynomial, len(a))
	for i := range a {
		out[i] = a[i].times(m)
	}
	return out
}

// base is the monomial that divides all of a and leaves no negative exponents: the
// least exponent of each kernel.
func (a polynomial) base() monomial {
	least := map[expr.ID]int32{}
	count := map[expr.ID]int{}
	var order []expr.ID
	for i := range a {
		for _, f := range a[i].f {
			if count[f.base] == 0 {
				order = append(order, f.base)
				least[f.base] = f.exp
			}
			count[f.base]++
			least[f.base] = min(least[f.base], f.exp)
		}
	}
	slices.Sort(order)
	m := monomial{k: expr.IntNum(1)}
	for _, b := range order {
		e := least[b]
		if count[b] < len(a) {
			e = min(e, 0)
		}
		if e != 0 {
			m.f = append(m.f, factor{b, e})
		}
	}
	return m
}

// divide returns a/b where b divides a. By the rational root of the matter only exact
// numbers are tried.
func (a polynomial) divide(b polynomial) (polynomial, bool) {
	if len(a) == 0 {
		return nil, true
	}
	if len(b) == 0 {
		return nil, false
	}
	if len(b) == 1 {
		m := b[0].inverse()
		return a.shift(&m), true
	}
	ma, mb := a.base(), b.base()
	ia, ib := ma.inverse(), mb.inverse()
	rest, by := a.shift(&ia), b.shift(&ib)
	lead := by[0].inverse()
	var q polynomial
	for len(rest) > 0 {
		if len(q) > maxMonomials {
			return nil, false
		}
		t := rest[0].times(&lead)
		for _, f := range t.f {
			if f.exp < 0 {
				return nil, false
			}
		}
		q = append(q, t)
		rest = rest.minus(by.shift(&t))
	}
	back := ma.times(&ib)
	return collect(q.shift(&back)), true
}

// polynomialOf reads a term; ok is false where it is too long.
func (w *work) polynomialOf(e expr.ID) (polynomial, bool) {
	p := w.pool
	one := expr.IntNum(1)
	switch p.Op(e) {
	case expr.OpConst:
		v, _ := p.Value(e)
		if v.IsZero() {
			return nil, true
		}
		return polynomial{{k: v}}, true
	case expr.OpAdd:
		a := p.Args(e)
		var out []monomial
		if c, _ := p.Value(a[0]); !c.IsZero() {
			out = append(out, monomial{k: c})
		}
		for i := 1; i < len(a); i += 2 {
			k, _ := p.Value(a[i])
			t, ok := w.polynomialOf(a[i+1])
			if !ok || len(out)+len(t) > 4*maxMonomials {
				return nil, false
			}
			for _, m := range t {
				out = append(out, monomial{m.k.Mul(k), m.f})
			}
		}
		return collect(out), true
	case expr.OpMul:
		a := p.Args(e)
		out := polynomial{{k: one}}
		for i := 0; i < len(a); i += 2 {
			v, _ := p.Value(a[i+1])
			n, whole := v.Int()
			if !whole || n < -16 || n > 16 {
				out = out.times(polynomial{{k: one, f: []factor{{p.Pow(a[i], a[i+1]), 1}}}})
				continue
			}
			if n > 0 && p.Op(a[i]) == expr.OpAdd {
				b, ok := w.polynomialOf(a[i])
				if !ok {
					return nil, false
				}
				for range n {
					if len(out)*len(b) > 4*maxMonomials {
						return nil, false
					}
					out = out.times(b)
				}
				continue
			}
			out = out.times(polynomial{{k: one, f: []factor{{a[i], int32(n)}}}})
		}
		return out, true
	}
	return polynomial{{k: one, f: []factor{{e, 1}}}}, true
}

// term writes a polynomial as a term.
func (w *work) term(a polynomial) expr.ID {
	p := w.pool
	c := expr.IntNum(0)
	var ks []expr.Num
	var ts []expr.ID
	for _, m := range a {
		if len(m.f) == 0 {
			c = c.Add(m.k)
			continue
		}
		var fs []expr.ID
		for _, f := range m.f {
			fs = append(fs, p.Pow(f.base, p.Int(int64(f.exp))))
		}
		ks, ts = append(ks, m.k), append(ts, p.Mul(fs...))
	}
	return p.Linear(c, ks, ts)
}

// number reports whether a is a number other than 0.
func (a polynomial) number() bool { return len(a) == 1 && len(a[0].f) == 0 }

// kernelOfRows solves u^T A = 0 for rows of which the last depends on the others, which are
// independent: fraction-free elimination, so that the entries of u are minors and
// nothing is divided by what may be zero. nonzero tells which terms may be pivots.
//
// Bareiss, Math. Comp. 22, 1968, in the form that eliminates above the pivots as well.
func (w *work) kernelOfRows(b *blockJacobian, rows []int32, nonzero func(expr.ID) bool) ([]polynomial, bool) {
	n := len(rows) - 1
	var sys [][]polynomial
	index := map[int32]int{}
	for k, r := range rows {
		for _, e := range b.a[r] {
			i, ok := index[e.col]
			if !ok {
				i = len(sys)
				index[e.col] = i
				sys = append(sys, make([]polynomial, n+1))
			}
			if sys[i][k], ok = w.polynomialOf(e.term); !ok {
				return nil, false
			}
		}
	}
	used := make([]bool, len(sys))
	solved := make([]int, n)
	done := make([]bool, n)
	prev := polynomial{{k: expr.IntNum(1)}}
	for range n {
		best, at, col := 1<<30, -1, -1
		for i, q := range sys {
			if used[i] {
				continue
			}
			for c := range n {
				if done[c] || len(q[c]) == 0 {
					continue
				}
				if r := w.difficulty(q[c]); r < best {
					if nonzero(w.term(q[c])) {
						best, at, col = r, i, c
					}
				}
			}
		}
		if at < 0 {
			return nil, false
		}
		used[at], done[col], solved[col] = true, true, at
		pivot := sys[at][col]
		for i, q := range sys {
			f := q[col]
			if i == at {
				continue
			}
			for j := range q {
				if len(pivot)*len(q[j])+len(f)*len(sys[at][j]) > 8*maxMonomials {
					return nil, false
				}
				x, ok := pivot.times(q[j]).minus(f.times(sys[at][j])).divide(prev)
				if !ok {
					return nil, false
				}
				sys[i][j] = x
			}
		}
		prev = pivot
	}
	u := make([]polynomial, n+1)
	zero := polynomial{}
	for c := range n {
		u[c] = zero.minus(sys[solved[c]][n])
	}
	u[n] = prev
	// Common factors that are plain to see.
	least := map[expr.ID]int32{}
	var order []expr.ID
	for k, a := range u {
		if len(a) == 0 {
			continue
		}
		m := a.base()
		here := map[expr.ID]int32{}
		for _, f := range m.f {
			here[f.base] = f.exp
			if _, ok := least[f.base]; !ok {
				least[f.base] = 0
				order = append(order, f.base)
				if k == 0 {
					least[f.base] = f.exp
				}
			}
		}
		for _, x := range order {
			least[x] = min(least[x], here[x])
		}
	}
	slices.Sort(order)
	by := monomial{k: expr.IntNum(1)}
	for _, x := range order {
		if least[x] != 0 {
			by.f = append(by.f, factor{x, -least[x]})
		}
	}
	for k := range u {
		u[k] = collect(u[k].shift(&by))
	}
	return u, true
}

// difficulty ranks pivots: numbers, then terms constant in time, then others; short ones
// first.
func (w *work) difficulty(a polynomial) int {
	if a.number() {
		return 0
	}
	for _, m := range a {
		for _, f := range m.f {
			if !w.constant(f.base) {
				return 1000 + len(a)
			}
		}
	}
	return len(a)
}
