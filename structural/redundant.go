package structural

import (
	"slices"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
)

// Redundant equations among those that are affine with exact numeric coefficients,
// such as the current balances of a circuit without ground, or of parts that are
// connected in a loop. Structure alone does not see them: every equation finds an
// unknown, and the Jacobian is singular for all values.
//
// Rows with an unknown that no other of these rows mentions cannot take part; they are
// peeled off first, which leaves little or nothing of a sound model. The rest goes
// through exact elimination over the rationals with the rarest unknown as pivot. A row
// that vanishes is dropped if its right side vanishes too, else it contradicts
// the rows from which it was combined. Rows that fill up are left alone.
//
// The exact elimination follows Bareiss, Math. Comp. 22, 1968, with reduced fractions
// in place of his integers.

const (
	maxFilledRow = 200
	workPerEntry = 200 // elimination steps that each entry of the rows pays for
)

// dropRedundant runs after the elimination of aliases, on its rows.
func (e *elimination) dropRedundant() {
	w := e.w
	var rows []int32
	count := make([]int32, len(w.vars))
	entries := 0
	for i := range w.eqs {
		if e.gone[i] || !e.rows[i].linear || w.eqs[i].lhs != expr.None {
			continue
		}
		r := e.reduce(int32(i))
		exact := len(r.vars) > 0
		for _, k := range r.coef {
			if _, _, ok := k.Exact(); !ok {
				exact = false
			}
		}
		if !exact {
			continue
		}
		rows = append(rows, int32(i))
		entries += len(r.vars)
		for _, v := range r.vars {
			count[v]++
		}
	}
	// Peel.
	occ := make([][]int32, len(w.vars))
	for _, i := range rows {
		for _, v := range e.rows[i].vars {
			occ[v] = append(occ[v], i)
		}
	}
	peeled := make([]bool, len(w.eqs))
	var queue []int32
	for _, i := range rows {
		for _, v := range e.rows[i].vars {
			if count[v] == 1 {
				queue = append(queue, i)
				break
			}
		}
	}
	for k := 0; k < len(queue); k++ {
		i := queue[k]
		if peeled[i] {
			continue
		}
		peeled[i] = true
		for _, v := range e.rows[i].vars {
			if count[v]--; count[v] == 1 {
				for _, q := range occ[v] {
					if !peeled[q] {
						queue = append(queue, q)
					}
				}
			}
		}
	}
	var core []int32
	for _, i := range rows {
		if !peeled[i] {
			core = append(core, i)
		}
	}
	slices.SortStableFunc(core, func(a, b int32) int { return len(e.rows[a].vars) - len(e.rows[b].vars) })
	e.eliminateCore(core, count, workPerEntry*entries)
}

// combination is a row under elimination: the equations it was made of, with
// multipliers.
type combination struct {
	vars  []int32
	coef  []expr.Num
	from  []int32
	times []expr.Num
}

func (e *elimination) eliminateCore(core, count []int32, work int) {
	pivotOf := map[int32]int{} // variable -> index into basis
	var basis []combination
	var pivot []int32
	acc := map[int32]expr.Num{}
	for _, i := range core {
		r := &e.rows[i]
		clear(acc)
		for k, v := range r.vars {
			acc[v] = r.coef[k]
		}
		from, times := []int32{i}, []expr.Num{expr.IntNum(1)}
		ok := true
		for ok {
			first := -1
			for v := range acc {
				if b, has := pivotOf[v]; has && (first < 0 || b < first) {
					first = b
				}
			}
			if first < 0 {
				break
			}
			b := &basis[first]
			f := acc[pivot[first]].Mul(pivotCoef(b, pivot[first]).Inv()).Neg()
			for k, v := range b.vars {
				s := acc[v].Add(f.Mul(b.coef[k]))
				if _, known := acc[v]; !known {
					s = f.Mul(b.coef[k])
				}
				if _, _, exact := s.Exact(); !exact {
					ok = false
				}
				if s.IsZero() {
					delete(acc, v)
				} else {
					acc[v] = s
				}
			}
			for k, q := range b.from {
				from, times = append(from, q), append(times, f.Mul(b.times[k]))
			}
			work -= len(b.vars) + len(b.from)
			if len(acc) > maxFilledRow || len(from) > 16*maxFilledRow || work < 0 {
				ok = false
			}
		}
		if work < 0 {
			return
		}
		if !ok {
			continue
		}
		from, times = merge(from, times)
		if len(acc) == 0 {
			e.vanished(i, from, times)
			continue
		}
		c := combination{from: from, times: times}
		for v := range acc {
			c.vars = append(c.vars, v)
		}
		slices.Sort(c.vars)
		best := c.vars[0]
		for _, v := range c.vars {
			c.coef = append(c.coef, acc[v])
			if count[v] < count[best] {
				best = v
			}
		}
		pivotOf[best] = len(basis)
		pivot = append(pivot, best)
		basis = append(basis, c)
	}
}

func pivotCoef(c *combination, v int32) expr.Num {
	k, _ := slices.BinarySearch(c.vars, v)
	return c.coef[k]
}

// merge adds up the multipliers of equal equations.
func merge(from []int32, times []expr.Num) ([]int32, []expr.Num) {
	at := map[int32]int{}
	var f []int32
	var t []expr.Num
	for k, q := range from {
		if i, ok := at[q]; ok {
			t[i] = t[i].Add(times[k])
			continue
		}
		at[q] = len(f)
		f, t = append(f, q), append(t, times[k])
	}
	n := 0
	for k := range f {
		if !t[k].IsZero() {
			f[n], t[n] = f[k], t[k]
			n++
		}
	}
	return f[:n], t[:n]
}

// vanished handles equation i, whose left side is a combination of others.
func (e *elimination) vanished(i int32, from []int32, times []expr.Num) {
	w := e.w
	var ks []expr.Num
	var ts []expr.ID
	size := 0.0
	for k, q := range from {
		ks, ts = append(ks, times[k]), append(ts, e.rows[q].rest)
		size = max(size, w.magnitude(w.pool.Scale(times[k], e.rows[q].rest)))
	}
	rest := w.pool.Linear(expr.IntNum(0), ks, ts)
	e.gone[i] = true
	if rest == expr.Zero {
		e.leaveOut(i)
		return
	}
	if w.constant(rest) {
		if x := w.number(rest); x < 1e-12*size && x > -1e-12*size {
			e.leaveOut(i)
			e.assumed = append(e.assumed, assumption{rest, w.eqs[i].src})
			return
		}
	}
	q := &w.eqs[i]
	d := w.list.Add(w.pos(q), "E302", "remove one of these equations, or look for a sign or connection error in them", "%s contradicts other equations: together they give 0 = %s", w.equationText(q), w.pool.Text(rest, expr.TextOptions{Limit: 120}))
	rows := slices.Clone(from)
	slices.Sort(rows)
	for k, r := range rows {
		if k == maxNamed {
			d.Notes = append(d.Notes, diag.Note{Text: plural(len(rows)-k, "more equation")})
			break
		}
		if r != i {
			note(d, w, &w.eqs[r])
		}
	}
}
