package linearize

import (
	"fmt"
	"slices"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/rewrite"
	"github.com/mtkc/mtkc/structural"
)

// Terms is a linear system whose entries are terms in the names of the model: states,
// parameters, inputs and time. It holds wherever the same unknowns can be eliminated as
// at the point that it was made for.
type Terms struct {
	Pool       *expr.Pool
	A, B, C, D [][]expr.ID
	Improper   [][][]expr.ID
	Shift      [][][]expr.ID // as in Result
}

// Limits of what is eliminated symbolically, and of what is simplified.
const (
	maxPivots   = 100
	maxSimplify = 20000
)

// Terms returns the entries symbolically, with the pivots of the point. The error says
// that the system is too large for that, or is one of At.
func (l *Linearizer) Terms(at Point) (*Terms, error) {
	r, err := l.At(at)
	if err != nil {
		return nil, err
	}
	if n := len(r.pivots); n > maxPivots {
		return nil, fmt.Errorf("%d unknowns would have to be eliminated symbolically, more than %d", n, maxPivots)
	}
	p := l.pool
	with := l.names()
	memo := map[expr.ID]expr.ID{}
	for _, list := range [][]structural.Assign{l.seq, l.jac.Seq} {
		for i := range list {
			with[list[i].Target] = p.Substitute(list[i].Value, with, memo)
		}
	}
	rows := make([]map[int]expr.ID, len(l.rows))
	for i := range rows {
		rows[i] = map[int]expr.ID{}
	}
	pat := l.jac.Pattern
	for c := range l.cols {
		for k := pat.Ptr[c]; k < pat.Ptr[c+1]; k++ {
			if e := p.Substitute(l.jac.Values[k], with, memo); e != expr.Zero {
				rows[pat.Row[k]][c] = e
			}
		}
	}
	eliminate(p, rows, r.pivots)

	m, np := len(l.study.Inputs), len(l.plan.States)
	outs := interval(len(rows)-len(l.study.Outputs), len(rows))
	pick := func(list []int, cols []int) [][]expr.ID {
		x := make([][]expr.ID, len(list))
		for i, q := range list {
			x[i] = make([]expr.ID, len(cols))
			for k, c := range cols {
				x[i][k] = rows[q][c] // Zero where there is none
			}
		}
		return x
	}
	t := &Terms{Pool: p}
	t.A, t.C = pick(r.independent, r.independent), pick(outs, r.independent)
	var b, d [][][]expr.ID
	for k := range l.inputs {
		cols := interval(np+k*m, np+(k+1)*m)
		b, d = append(b, pick(r.independent, cols)), append(d, pick(outs, cols))
	}
	e := zeros(len(r.independent), m)
	for k := len(b) - 1; k > 0; k-- {
		e = plus(p, b[k], times(p, t.A, e, m))
		t.Shift = append(t.Shift, e)
		d[k-1] = plus(p, d[k-1], times(p, t.C, e, m))
	}
	slices.Reverse(t.Shift)
	t.B, t.D = plus(p, b[0], times(p, t.A, e, m)), d[0]
	t.Improper = d[1:]
	t.simplify()
	for len(t.Improper) > 0 && allZero(t.Improper[len(t.Improper)-1]) {
		t.Improper = t.Improper[:len(t.Improper)-1]
	}
	for len(t.Shift) > 0 && allZero(t.Shift[len(t.Shift)-1]) {
		t.Shift = t.Shift[:len(t.Shift)-1]
	}
	return t, nil
}

// names gives the frozen atoms what they stand for in the model.
func (l *Linearizer) names() map[expr.ID]expr.ID {
	p := l.pool
	with := map[expr.ID]expr.ID{}
	for a, term := range l.def {
		with[a] = term
	}
	for k, atoms := range l.inputs {
		for i, a := range atoms {
			in := &l.study.Inputs[i]
			if in.Point != "" {
				with[a] = expr.Zero // the perturbation is 0 at the point
				continue
			}
			with[a] = l.old.Vars[in.Var].Sym
			for range k {
				with[a] = p.Der(with[a])
			}
		}
	}
	return with
}

// eliminate brings rows to reduced echelon form with these pivots (row, column).
func eliminate(p *expr.Pool, rows []map[int]expr.ID, pivots [][2]int) {
	for _, q := range pivots {
		pivot := rows[q[0]]
		inv := p.Inv(pivot[q[1]])
		cols := make([]int, 0, len(pivot))
		for c := range pivot {
			cols = append(cols, c)
		}
		slices.Sort(cols)
		for _, c := range cols {
			pivot[c] = p.Mul(pivot[c], inv)
		}
		for i, row := range rows {
			f, ok := row[q[1]]
			if !ok || i == q[0] {
				continue
			}
			for _, c := range cols {
				v := p.Sub(row[c], p.Mul(f, pivot[c]))
				if v == expr.Zero || c == q[1] {
					delete(row, c)
				} else {
					row[c] = v
				}
			}
		}
	}
}

// simplify applies the rewriting rules to all entries, unless they are very large.
func (t *Terms) simplify() {
	var at []*expr.ID
	collect := func(m [][]expr.ID) {
		for i := range m {
			for j := range m[i] {
				at = append(at, &m[i][j])
			}
		}
	}
	for _, m := range [][][]expr.ID{t.A, t.B, t.C, t.D} {
		collect(m)
	}
	for _, list := range [][][][]expr.ID{t.Improper, t.Shift} {
		for _, m := range list {
			collect(m)
		}
	}
	es := make([]expr.ID, len(at))
	for i, e := range at {
		es[i] = *e
	}
	if t.Pool.Cost(es...) > maxSimplify {
		return
	}
	for i, e := range es {
		*at[i], _ = rewrite.Simplify(t.Pool, e, rewrite.Options{})
	}
}

func allZero(m [][]expr.ID) bool {
	for _, row := range m {
		for _, e := range row {
			if e != expr.Zero {
				return false
			}
		}
	}
	return true
}

func zeros(rows, cols int) [][]expr.ID {
	m := make([][]expr.ID, rows)
	for i := range m {
		m[i] = make([]expr.ID, cols)
	}
	return m
}

func plus(p *expr.Pool, a, b [][]expr.ID) [][]expr.ID {
	c := zeros(len(a), 0)
	for i := range a {
		for j := range a[i] {
			c[i] = append(c[i], p.Add(a[i][j], b[i][j]))
		}
	}
	return c
}

// times is a*b, which has cols columns.
func times(p *expr.Pool, a, b [][]expr.ID, cols int) [][]expr.ID {
	c := make([][]expr.ID, len(a))
	for i := range a {
		c[i] = make([]expr.ID, cols)
		for j := range cols {
			var list []expr.ID
			for k := range b {
				list = append(list, p.Mul(a[i][k], b[k][j]))
			}
			c[i][j] = p.Add(list...)
		}
	}
	return c
}
