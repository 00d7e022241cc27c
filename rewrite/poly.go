package rewrite

import (
	"github.com/mtkc/mtkc/expr"
)

// maxDegree bounds the powers that Poly and Expand multiply out.
const maxDegree = 64

// Poly writes e as coeffs[0] + coeffs[1]*x + coeffs[2]*x^2 + ... with coefficients that
// do not depend on the atom x, multiplying out products and whole positive powers of
// what depends on x, and nothing else. ok is false where e is no polynomial in x of
// degree at most 64; then coeffs is meaningless. The last coefficient is not expr.Zero
// unless it is the only one.
//
// It sees through noEvent and smooth, but not through if.
func Poly(p *expr.Pool, e, x expr.ID) (coeffs []expr.ID, ok bool) {
	m := polynomial{p: p, x: x, memo: map[expr.ID][]expr.ID{}, moves: map[expr.ID]bool{x: true}}
	p.Walk(e, map[expr.ID]bool{}, func(t expr.ID) bool { return !p.IsAtom(t) }, func(t expr.ID) {
		if p.IsAtom(t) {
			return
		}
		for _, a := range p.Args(t) {
			if m.moves[a] {
				m.moves[t] = true
				m.of(t) // arguments come first, so this goes one level deep
				return
			}
		}
	})
	c := m.of(e)
	return c, c != nil
}

type polynomial struct {
	p    *expr.Pool
	x    expr.ID
	memo map[expr.ID][]expr.ID
	// moves are the subterms that depend on x.
	moves map[expr.ID]bool
}

// of is the list of coefficients of e, nil if it is no polynomial.
func (m *polynomial) of(e expr.ID) []expr.ID {
	if e == m.x {
		return []expr.ID{expr.Zero, expr.One}
	}
	if !m.moves[e] {
		return []expr.ID{e}
	}
	if c, ok := m.memo[e]; ok {
		return c
	}
	c := m.compound(e)
	for len(c) > 1 && c[len(c)-1] == expr.Zero {
		c = c[:len(c)-1]
	}
	m.memo[e] = c
	return c
}

func (m *polynomial) compound(e expr.ID) []expr.ID {
	p := m.p
	a := p.Args(e)
	switch op := p.Op(e); op {
	case expr.OpAdd:
		// Coefficients of each power are summed at once.
		var ks [][]expr.Num
		var ts [][]expr.ID
		for i := 1; i < len(a); i += 2 {
			k, _ := p.Value(a[i])
			c := m.of(a[i+1])
			if c == nil {
				return nil
			}
			for n, t := range c {
				if n == len(ts) {
					ks, ts = append(ks, nil), append(ts, nil)
				}
				ks[n], ts[n] = append(ks[n], k), append(ts[n], t)
			}
		}
		out := make([]expr.ID, len(ts))
		for n := range out {
			c0 := expr.IntNum(0)
			if n == 0 {
				c0, _ = p.Value(a[0])
			}
			out[n] = p.Linear(c0, ks[n], ts[n])
		}
		return out
	case expr.OpMul:
		out := []expr.ID{expr.One}
		for i := 0; i < len(a); i += 2 {
			b, x := m.of(a[i]), m.of(a[i+1])
			if b == nil || x == nil || len(x) > 1 {
				return nil
			}
			if len(b) == 1 {
				out = m.mul(out, []expr.ID{p.Pow(b[0], x[0])})
				continue
			}
			v, _ := p.Value(x[0])
			n, isInt := v.Int()
			if !isInt || n < 0 || n*int64(len(b)-1)+int64(len(out)) > maxDegree+1 {
				return nil
			}
			for range n {
				out = m.mul(out, b)
			}
		}
		return out
	case expr.OpNoEvent, expr.OpSmooth:
		c := m.of(a[len(a)-1])
		if c == nil {
			return nil
		}
		out := make([]expr.ID, len(c))
		for n, t := range c {
			if op == expr.OpNoEvent {
				out[n] = p.Fn(op, t)
			} else {
				out[n] = p.Fn(op, a[0], t)
			}
		}
		return out
	}
	// A function of x, unless x cancels in its arguments.
	args := make([]expr.ID, len(a))
	for i, x := range a {
		c := m.of(x)
		if len(c) != 1 {
			return nil
		}
		args[i] = c[0]
	}
	return []expr.ID{p.Rebuild(e, args)}
}

func (m *polynomial) mul(a, b []expr.ID) []expr.ID {
	terms := make([][]expr.ID, len(a)+len(b)-1)
	for i, s := range a {
		for j, t := range b {
			if s != expr.Zero && t != expr.Zero {
				terms[i+j] = append(terms[i+j], m.p.Mul(s, t))
			}
		}
	}
	out := make([]expr.ID, len(terms))
	for n, t := range terms {
		out[n] = m.p.Add(t...)
	}
	return out
}

// Expand multiplies out products of sums and whole positive powers of sums throughout
// e. ok is false, and e is returned, where that would make a sum of more than maxTerms
// terms (0: 10000) or a power above 64 would have to be expanded.
func Expand(p *expr.Pool, e expr.ID, maxTerms int) (r expr.ID, ok bool) {
	if maxTerms == 0 {
		maxTerms = 10000
	}
	x := expander{p: p, most: maxTerms, memo: map[expr.ID]expr.ID{}}
	r = x.expand(e)
	if x.over {
		return e, false
	}
	return r, true
}

type expander struct {
	p    *expr.Pool
	most int
	over bool
	memo map[expr.ID]expr.ID
}

// expand works through the subterms of e in id order, arguments first.
func (x *expander) expand(e expr.ID) expr.ID {
	p := x.p
	var order []expr.ID
	p.Walk(e, map[expr.ID]bool{}, func(t expr.ID) bool { return !p.IsAtom(t) }, func(t expr.ID) { order = append(order, t) })
	for _, t := range order {
		a := p.Args(t)
		if p.IsAtom(t) || len(a) == 0 {
			x.memo[t] = t
			continue
		}
		args := make([]expr.ID, len(a))
		for i, y := range a {
			args[i] = x.memo[y]
		}
		r := expr.Zero
		switch p.Op(t) {
		case expr.OpAdd:
			// Terms that expanded to sums have their number distributed.
			c0, _ := p.Value(a[0])
			terms := []expr.ID{p.Num(c0)}
			for i := 1; i < len(args); i += 2 {
				terms = append(terms, x.times(args[i], args[i+1]))
			}
			r = x.sum(terms)
		case expr.OpMul:
			r = expr.One
			for i := 0; i < len(args); i += 2 {
				v, _ := p.Value(args[i+1])
				n, isInt := v.Int()
				if isInt && n > 1 && p.Op(args[i]) == expr.OpAdd {
					if n > maxDegree {
						x.over = true
						return e
					}
					for range n {
						r = x.times(r, args[i])
					}
					continue
				}
				r = x.times(r, p.Pow(args[i], args[i+1]))
			}
		default:
			r = p.Rebuild(t, args)
		}
		if x.over {
			return e
		}
		x.memo[t] = r
	}
	return x.memo[e]
}

// terms are the summands of e.
func (x *expander) terms(e expr.ID) []expr.ID {
	p := x.p
	a := p.Args(e)
	if p.Op(e) != expr.OpAdd {
		return []expr.ID{e}
	}
	var out []expr.ID
	if a[0] != expr.Zero {
		out = append(out, a[0])
	}
	for i := 1; i < len(a); i += 2 {
		k, _ := p.Value(a[i])
		out = append(out, p.Scale(k, a[i+1]))
	}
	return out
}

func (x *expander) times(a, b expr.ID) expr.ID {
	s, t := x.terms(a), x.terms(b)
	if len(s)*len(t) > x.most || x.over {
		x.over = true
		return a
	}
	out := make([]expr.ID, 0, len(s)*len(t))
	for _, u := range s {
		for _, v := range t {
			out = append(out, x.p.Mul(u, v))
		}
	}
	return x.sum(out)
}

// sum adds terms that may be sums, however long, in one flat sum.
func (x *expander) sum(es []expr.ID) expr.ID {
	var flat []expr.ID
	for _, e := range es {
		flat = append(flat, x.terms(e)...)
	}
	if len(flat) > x.most {
		x.over = true
	}
	return x.p.Add(flat...)
}
