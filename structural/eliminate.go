package structural

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// Linear blocks that are small behind their tearing variables are solved in closed form,
// so that a model with algebraic loops remains an ordinary differential equation for
// all methods: by Cramer's rule for up to maxCramer tearing variables, by a straight-line
// elimination that chooses its pivots at run time for up to maxPivoted. Larger ones, and
// those in which many unknowns depend on many tearing variables, stay algebraic
// equations: a sparse factorisation is cheaper.
const (
	maxCramer  = 3
	maxPivoted = 6
	maxForms   = 2000 // coefficients: unknowns times tearing variables
)

// eliminate solves a torn block that is affine in its unknowns, if it is small and
// regular with the default parameters. Coefficients of the inner unknowns are named
// where they are not small, so that nothing is expanded along a chain.
func (b *solver) eliminate(blk *algebraic) bool {
	w, p := b.w, b.w.pool
	unknowns, inner, residuals := blk.unknowns, blk.inner, blk.residuals
	k := len(unknowns)
	if k > maxCramer && (k > maxPivoted || b.safe > pivotState || k*(k+len(inner)) > maxForms) {
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
	var values []expr.ID
	if k <= maxCramer {
		det := w.determinant(mat)
		if det == expr.Zero || w.pivotOf(det) < b.safe {
			return false
		}
		if k > 1 && !w.small(det) {
			det = name(det, max(int(residuals[0].src), -1), residuals[0].from)
		}
		for j := range unknowns {
			m := make([][]expr.ID, k)
			for i := range m {
				m[i] = slices.Clone(mat[i])
				m[i][j] = rhs[i]
			}
			values = append(values, p.Div(w.determinant(m), det))
		}
	} else {
		if !w.regular(pending, mat) {
			return false
		}
		values = w.pivoted(mat, rhs, tears, func(t expr.ID, row int) expr.ID {
			if w.small(t) {
				return t
			}
			return name(t, max(int(residuals[row].src), -1), residuals[row].from)
		})
	}
	for _, a := range pending {
		b.emit(a)
	}
	// Backwards, as the elimination ends with the last.
	for j := k - 1; j >= 0; j-- {
		b.emit(b.assign(unknowns[j], values[j], residuals[j]))
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

// pivoted solves mat*x = rhs, x being the tearing variables, by Gaussian elimination as a
// sequence of terms. Each column moves its largest entry, relative to the size of its row, to
// the diagonal by comparing and exchanging row by row, so the sequence is the same for all
// values and pivots are chosen as by partial pivoting with implicit scaling (Forsythe
// and Moler, Computer Solution of Linear Algebraic Systems, 1967). Exchanges that numbers
// decide are made here. name gives a name to a term made of a row.
func (w *work) pivoted(mat [][]expr.ID, rhs []expr.ID, x []expr.ID, name func(t expr.ID, row int) expr.ID) []expr.ID {
	p := w.pool
	k := len(mat)
	a := make([][]expr.ID, k) // rows with right side and size
	for i := range a {
		size := expr.Zero
		for _, t := range mat[i] {
			if t != expr.Zero {
				size = p.Fn(expr.OpMax, size, p.Fn(expr.OpAbs, t))
			}
		}
		a[i] = append(slices.Clone(mat[i]), rhs[i], name(size, i))
	}
	for j := range k {
		for i := j + 1; i < k; i++ {
			top, bot := a[j][j], a[i][j]
			if bot == expr.Zero {
				continue
			}
			if top == expr.Zero {
				a[i], a[j] = a[j], a[i]
				continue
			}
			larger := p.Fn(expr.OpLt, p.Mul(p.Fn(expr.OpAbs, top), a[i][k+1]), p.Mul(p.Fn(expr.OpAbs, bot), a[j][k+1]))
			switch {
			case larger == expr.True:
				a[i], a[j] = a[j], a[i]
				continue
			case larger == expr.False:
				continue
			}
			larger = name(larger, i)
			r, q := slices.Clone(a[j]), slices.Clone(a[i])
			for l := j; l < k+2; l++ {
				if r[l] != q[l] {
					a[j][l] = name(p.If(larger, q[l], r[l]), j)
					a[i][l] = name(p.If(larger, r[l], q[l]), i)
				}
			}
		}
		for i := j + 1; i < k; i++ {
			if a[i][j] == expr.Zero {
				continue
			}
			f := name(p.Div(a[i][j], a[j][j]), i)
			for l := j + 1; l <= k; l++ {
				a[i][l] = name(p.Sub(a[i][l], p.Mul(f, a[j][l])), i)
			}
			a[i][j] = expr.Zero
		}
	}
	values := make([]expr.ID, k)
	for j := range k {
		sum := []expr.ID{a[j][k]}
		for l := j + 1; l < k; l++ {
			sum = append(sum, p.Neg(p.Mul(a[j][l], x[l])))
		}
		values[j] = p.Div(p.Add(sum...), a[j][j])
	}
	return values
}

// regular reports whether a matrix whose entries seq defines is regular with the default
// parameters, at random states.
func (w *work) regular(seq []Assign, mat [][]expr.ID) bool {
	rng := rand.New(rand.NewPCG(uint64(len(seq)), uint64(len(mat))))
	try := func() bool {
		at := map[expr.ID]float64{}
		value := func(e expr.ID) float64 {
			return w.pool.Eval(e, func(a expr.ID) (float64, bool) {
				if !w.pool.IsAtom(a) {
					return 0, false
				}
				x, ok := at[a]
				if !ok {
					x = 0.5 + rng.Float64()
					switch r, _ := w.roleOf(a); r {
					case roleParam, roleKnown, roleAuxiliary:
						if y := w.number(a); y == y {
							x = y
						}
					case roleRelation, roleSample, roleWhen:
						x = float64(rng.IntN(2))
					}
					at[a] = x
				}
				return x, true
			})
		}
		for _, a := range seq {
			at[a.Target] = value(a.Value)
		}
		k := len(mat)
		m := make([][]float64, k)
		for i := range m {
			size := 0.0
			for _, t := range mat[i] {
				x := value(t)
				m[i] = append(m[i], x)
				size = max(size, math.Abs(x))
			}
			for j := range m[i] {
				m[i][j] /= size
			}
		}
		for j := range k {
			at := j
			for i := j; i < k; i++ {
				if math.Abs(m[i][j]) > math.Abs(m[at][j]) {
					at = i
				}
			}
			m[j], m[at] = m[at], m[j]
			if !(math.Abs(m[j][j]) > 1e-13) {
				return false
			}
			for i := j + 1; i < k; i++ {
				f := m[i][j] / m[j][j]
				for l := j; l < k; l++ {
					m[i][l] -= f * m[j][l]
				}
			}
		}
		return true
	}
	for range 2 { // a random point may be a singular one
		if try() {
			return true
		}
	}
	return false
}
