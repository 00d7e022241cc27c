package structural

import (
	"math"

	"github.com/mtkc/mtkc/expr"
)

// combine makes the combination that replaces one of the equations of a null vector:
// it returns that equation's index.
func (s *signature) combine(b *blockJacobian, u []multiplier, pr *prober) (*equation, int32, bool) {
	w, p := s.w, s.w.pool
	l := b.rows[u[len(u)-1].at]
	c := s.c[l]
	low := true
	for _, m := range u {
		low = low && s.below(m.term, func(j int32) int32 { return s.d[j] - c })
	}
	var terms []expr.ID
	sum := linearSum{c: expr.IntNum(0)}
	q := w.eqs[l]
	from := Derivation{Kind: Combined}
	for _, m := range u {
		i := b.rows[m.at]
		f := w.eqs[i].res
		for range s.c[i] - c {
			w.differentiate(f, w.pos(&w.eqs[i]), "a constraint that must be differentiated")
			f = w.derivative(f)
			w.elim.extend()
		}
		parent := w.eqs[i].parent()
		if n := s.c[i] - c; n > 0 {
			parent.From = w.differentiated(&w.eqs[i], n)
		}
		parent.Times, _ = p.Value(m.term)
		from.Of = append(from.Of, parent)
		if v, ok := p.Value(m.term); ok {
			sum.add(p, v, f)
		} else {
			terms = append(terms, p.Mul(m.term, f))
		}
	}
	gone := map[expr.ID]bool{}
	for _, j := range b.cols {
		if o := s.d[j] - c; o >= 0 && int(o) < len(s.chains[j]) {
			gone[w.vars[s.chains[j][o]].atom] = true
		} else if o >= 0 {
			v := s.chains[j][len(s.chains[j])-1]
			for k := int32(len(s.chains[j]) - 1); k < o && v != none; k++ {
				v = w.vars[v].der
			}
			if v != none {
				gone[w.vars[v].atom] = true
			}
		}
	}
	terms = append(terms, sum.term(p))
	f := p.Add(terms...)
	if !low {
		// The multipliers have derivatives of their own by what is to drop out.
		_, derivs := w.partials(f, func(a expr.ID) bool { return gone[a] })
		for _, d := range derivs {
			if !pr.vanishes(d) {
				return nil, 0, false
			}
		}
	}
	res, ok := s.without(f, gone, pr)
	if !ok {
		return nil, 0, false
	}
	q.res, q.from = res, w.derive(from)
	if t := u[len(u)-1].term; !w.constant(t) {
		w.multiplied = append(w.multiplied, t)
	}
	return &q, l, true
}

// linearSum collects a sum in which sums are multiplied out, so that what cancels does.
// Where coefficients are no exact fractions, what is left of them by rounding counts as
// nothing.
type linearSum struct {
	c expr.Num
	k []expr.Num
	t []expr.ID
}

func (s *linearSum) add(p *expr.Pool, k expr.Num, e expr.ID) {
	switch p.Op(e) {
	case expr.OpConst:
		v, _ := p.Value(e)
		s.c = s.c.Add(k.Mul(v))
	case expr.OpAdd:
		a := p.Args(e)
		v, _ := p.Value(a[0])
		s.c = s.c.Add(k.Mul(v))
		for i := 1; i < len(a); i += 2 {
			v, _ := p.Value(a[i])
			s.add(p, k.Mul(v), a[i+1])
		}
	default:
		s.k, s.t = append(s.k, k), append(s.t, e)
	}
}

// term is the sum as a term.
func (s *linearSum) term(p *expr.Pool) expr.ID {
	type total struct {
		k    expr.Num
		size float64
	}
	sums := map[expr.ID]*total{}
	var order []expr.ID
	for i, t := range s.t {
		x := sums[t]
		if x == nil {
			x = &total{k: expr.IntNum(0)}
			sums[t] = x
			order = append(order, t)
		}
		x.k = x.k.Add(s.k[i])
		x.size = max(x.size, math.Abs(s.k[i].Float()))
	}
	var ks []expr.Num
	var ts []expr.ID
	for _, t := range order {
		x := sums[t]
		if _, _, exact := x.k.Exact(); !exact && math.Abs(x.k.Float()) <= 1e-14*x.size {
			continue
		}
		ks, ts = append(ks, x.k), append(ts, t)
	}
	return p.Linear(s.c, ks, ts)
}

// cleared divides a null vector by its entry k.
func (s *signature) cleared(u []multiplier, k int) []multiplier {
	p := s.w.pool
	out := make([]multiplier, len(u))
	for i, m := range u {
		out[i] = multiplier{m.at, p.Div(m.term, u[k].term)}
	}
	out[k].term = expr.One
	return out
}

// below reports whether a term depends only on derivatives of each chain of an order
// below its limit.
func (s *signature) below(e expr.ID, limit func(j int32) int32) bool {
	w := s.w
	ok := true
	w.atoms(e, func(a expr.ID) {
		r, v := w.roleOf(a)
		if r != roleVar {
			return
		}
		j, o := s.place(v)
		if j == none || o >= limit(j) {
			ok = false
		}
	})
	return ok
}

// place is the chain of a variable and its order there, for derivatives that were made
// since the chains were collected as well.
func (s *signature) place(v int32) (chain, order int32) {
	up := int32(0)
	for int(v) >= len(s.chainOf) || s.chainOf[v] == none {
		v = s.w.vars[v].integ
		if v == none {
			return none, 0
		}
		up++
	}
	return s.chainOf[v], s.orderOf[v] + up
}

// without writes a number for the unknowns on which a term does not depend although they
// occur in it, the given ones among them: 0, or 1 where the term has no value at 0.
func (s *signature) without(e expr.ID, gone map[expr.ID]bool, pr *prober) (expr.ID, bool) {
	w := s.w
	atoms, derivs := w.partials(e, func(a expr.ID) bool {
		r, _ := w.roleOf(a)
		return r == roleVar
	})
	occurs := map[expr.ID]bool{}
	w.atoms(e, func(a expr.ID) {
		if r, _ := w.roleOf(a); r == roleVar {
			occurs[a] = true
		}
	})
	for k, a := range atoms {
		if !gone[a] && !pr.vanishes(derivs[k]) {
			delete(occurs, a)
		}
	}
	if len(occurs) == 0 {
		return e, true
	}
	for _, x := range []expr.ID{expr.Zero, expr.One} {
		w.memo.reset()
		r := w.rewrite(e, func(a expr.ID) expr.ID {
			if occurs[a] {
				return x
			}
			return a
		})
		if w.finite(r) {
			return r, true
		}
	}
	return expr.None, false
}

// vanishes reports whether a term is zero at all random points.
func (p *prober) vanishes(e expr.ID) bool {
	if p.w.pool.Op(e) == expr.OpConst {
		return e == expr.Zero
	}
	tested := false
	for seed := range uint64(seeds) {
		switch p.at(seed, givenNone).of(e) {
		case undefined:
		case 0:
			tested = true
		default:
			return false
		}
	}
	return tested
}

// finite reports whether a term has a value at one of several points.
func (w *work) finite(e expr.ID) bool {
	for seed := range uint64(3) {
		if v := w.pool.Eval(e, w.floatPoint(seed).value); !math.IsNaN(v) && !math.IsInf(v, 0) {
			return true
		}
	}
	return false
}
