package structural

import (
	"slices"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// maxCramer is the largest number of tearing variables of an affine block that are
// eliminated symbolically.
const maxCramer = 3

// eliminate solves a torn block that is affine in its unknowns by Cramer's rule, if it
// is small and its determinant is no worse a pivot than a scalar equation's may be.
// Coefficients of the inner unknowns are named where they are not small, so that
// nothing is expanded along a chain.
func (b *solver) eliminate(blk *algebraic) bool {
	w, p := b.w, b.w.pool
	unknowns, inner, residuals := blk.unknowns, blk.inner, blk.residuals
	k := len(unknowns)
	if k > maxCramer {
		return false
	}
	if len(residuals) != k {
		panic("mtkc: bug: torn block is not square")
	}
	tears := make([]expr.ID, k)
	for i, v := range unknowns {
		tears[i] = w.vars[v].atom
	}
	for _, a := range inner {
		if _, v := w.roleOf(a.Target); w.vars[v].typ != model.RealType {
			return false
		}
	}
	// form of an atom: coefficients of the tears and the rest.
	type form []expr.ID
	forms := map[expr.ID]form{}
	for i, t := range tears {
		f := make(form, k+1)
		for j := range f {
			f[j] = expr.Zero
		}
		f[i] = expr.One
		forms[t] = f
	}
	var pending []Assign
	name := func(t expr.ID, eq int, from int32) expr.ID {
		a := w.auxiliary(b.tag, t)
		pending = append(pending, Assign{Target: a, Value: t, Eq: eq, From: from})
		return a
	}
	split := func(e expr.ID) (form, bool) {
		f := make(form, k+1)
		parts := make([][]expr.ID, k+1)
		rest := e
		var occurring []expr.ID
		w.atoms(e, func(a expr.ID) {
			if forms[a] != nil {
				occurring = append(occurring, a)
			}
		})
		for _, a := range occurring {
			c, r, ok := w.affineIn(rest, a)
			if !ok {
				return nil, false
			}
			for _, x := range occurring {
				if w.contains(c, x) {
					return nil, false
				}
			}
			rest = r
			for j, fj := range forms[a] {
				if fj != expr.Zero {
					parts[j] = append(parts[j], p.Mul(c, fj))
				}
			}
		}
		for j := range f {
			f[j] = p.Add(parts[j]...)
		}
		f[k] = p.Add(f[k], rest)
		return f, true
	}
	for _, a := range inner {
		f, ok := split(a.Value)
		if !ok {
			return false
		}
		for j, t := range f {
			if w.small(t) {
				continue
			}
			f[j] = name(t, a.Eq, a.From)
		}
		forms[a.Target] = f
	}
	mat := make([][]expr.ID, k)
	rhs := make([]expr.ID, k)
	for i, q := range residuals {
		f, ok := split(q.res)
		if !ok {
			return false
		}
		mat[i] = make([]expr.ID, k)
		for j := range k {
			if mat[i][j] = f[j]; k > 1 && !w.small(f[j]) {
				mat[i][j] = name(f[j], max(int(q.src), -1), q.from)
			}
		}
		if rhs[i] = p.Neg(f[k]); k > 1 && !w.small(rhs[i]) {
			rhs[i] = name(rhs[i], max(int(q.src), -1), q.from)
		}
	}
	det := w.determinant(mat)
	if det == expr.Zero || w.pivotOf(det) < b.safe {
		return false
	}
	if k > 1 && !w.small(det) {
		det = name(det, max(int(residuals[0].src), -1), residuals[0].from)
	}
	for _, a := range pending {
		b.emit(a)
	}
	for j, v := range unknowns {
		m := make([][]expr.ID, k)
		for i := range m {
			m[i] = slices.Clone(mat[i])
			m[i][j] = rhs[i]
		}
		b.emit(b.assign(v, p.Div(w.determinant(m), det), residuals[j]))
	}
	for _, a := range inner {
		b.emit(a)
	}
	return true
}

// small reports whether a term is cheap enough to be repeated.
func (w *work) small(e expr.ID) bool {
	p := w.pool
	if p.Op(e) <= expr.OpSym {
		return true
	}
	a := p.Args(e)
	if len(a) > 4 {
		return false
	}
	for _, t := range a {
		if p.Op(t) > expr.OpSym {
			b := p.Args(t)
			if p.Op(e) != expr.OpAdd || p.Op(t) != expr.OpMul || len(b) > 4 {
				return false
			}
			for _, u := range b {
				if p.Op(u) > expr.OpSym {
					return false
				}
			}
		}
	}
	return true
}

// determinant expands along the first row; m has at most three rows.
func (w *work) determinant(m [][]expr.ID) expr.ID {
	p := w.pool
	if len(m) == 1 {
		return m[0][0]
	}
	if len(m) == 2 {
		return p.Sub(p.Mul(m[0][0], m[1][1]), p.Mul(m[0][1], m[1][0]))
	}
	var terms []expr.ID
	for j := range m {
		if m[0][j] == expr.Zero {
			continue
		}
		minor := make([][]expr.ID, 0, len(m)-1)
		for _, r := range m[1:] {
			row := append(slices.Clone(r[:j]), r[j+1:]...)
			minor = append(minor, row)
		}
		t := p.Mul(m[0][j], w.determinant(minor))
		if j%2 == 1 {
			t = p.Neg(t)
		}
		terms = append(terms, t)
	}
	return p.Add(terms...)
}
