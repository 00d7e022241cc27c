package structural

import (
	"fmt"
	"strings"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// substituteExpression converts a block by a vector in the kernel of its Jacobian.
func (s *signature) substituteExpression(b *blockJacobian, v []multiplier, pr *prober) bool {
	w, p := s.w, s.w.pool
	in := map[int32]bool{} // columns of the block with v_j != 0
	for _, m := range v {
		in[m.at] = true
	}
	c := int32(-1)
	var rows []int32
	for k, i := range b.rows {
		for _, e := range b.a[k] {
			if in[e.col] {
				rows = append(rows, i)
				c = max(c, s.c[i])
				break
			}
		}
	}
	chainIn := map[int32]bool{}
	for _, m := range v {
		j := b.cols[m.at]
		chainIn[j] = true
		if s.d[j] < c {
			return false
		}
	}
	best := len(v) - 1
	v = s.cleared(v, best)
	for _, m := range v {
		if !s.below(m.term, func(j int32) int32 {
			if chainIn[j] {
				return s.d[j] - c
			}
			return s.d[j] - c + 1
		}) {
			return false
		}
	}
	at := func(j, order int32) expr.ID {
		x := s.chains[j][0]
		for range order {
			x = w.derOf(x)
			w.elim.extend()
		}
		return w.vars[x].atom
	}
	l := b.cols[v[best].at]
	type change struct {
		chain int32
		name  expr.ID
		with  []expr.ID // derivatives of y_j + v_j x_l^(d_l-c)
	}
	var changes []change
	var extra []equation
	for k, m := range v {
		if k == best {
			continue
		}
		j := b.cols[m.at]
		name := w.fresh(fmt.Sprintf("$s%d", w.conversion+1))
		w.conversion++
		y := int32(len(w.vars))
		w.vars = append(w.vars, variable{atom: name, sys: none, der: none, integ: none, start: expr.None, hint: model.StateAvoid})
		w.setRole(name, roleVar, y)
		w.elim.extend()
		t := p.Add(name, p.Mul(m.term, at(l, s.d[l]-c)))
		ch := change{chain: j, name: name, with: []expr.ID{t}}
		for o := int32(0); o < c; o++ {
			w.differentiate(t, w.pos(&w.eqs[rows[0]]), "a constraint that must be differentiated")
			t = w.derivative(t)
			w.elim.extend()
			ch.with = append(ch.with, t)
		}
		changes = append(changes, ch)
		extra = append(extra, equation{lhs: expr.None, rhs: expr.None, src: -1, res: p.Sub(ch.with[0], at(j, s.d[j]-c))})
	}
	fresh := make([]equation, len(rows))
	for k, i := range rows {
		q := w.eqs[i]
		with := map[expr.ID]expr.ID{}
		for _, ch := range changes {
			with[at(ch.chain, s.d[ch.chain]-s.c[i])] = ch.with[c-s.c[i]]
		}
		res, ok := s.without(w.substitute(q.res, with), map[expr.ID]bool{at(l, s.d[l]-s.c[i]): true}, pr)
		if !ok {
			return false
		}
		q.from = w.derive(Derivation{Kind: Substituted, Of: []Parent{q.parent()}})
		q.res = res
		fresh[k] = q
	}
	for k, i := range rows {
		w.eqs[i] = fresh[k]
	}
	w.eqs = append(w.eqs, extra...)
	var names []string
	for _, ch := range changes {
		names = append(names, w.derivativeName(s.chains[ch.chain][0], s.d[ch.chain]-c))
	}
	q := &w.eqs[rows[0]]
	w.note(w.pos(q), "W306", "", "hidden constraint: %s and %s occur only in combinations, in %s; these combinations became unknowns", strings.Join(names, ", "), w.derivativeName(s.chains[l][0], s.d[l]-c), plural(len(rows), "equation"))
	s.noteRows(rows)
	return true
}

// derivativeName is the name of a derivative of a variable of the model.
func (w *work) derivativeName(v, order int32) string {
	name := w.name(v)
	for range order {
		if v != none {
			v = w.vars[v].der
		}
		if v != none {
			name = w.name(v)
		} else {
			name = "der(" + name + ")"
		}
	}
	return name
}
