package structural

import (
	"cmp"
	"slices"

	"github.com/mtkc/mtkc/expr"
)

// Conserved is a linear combination of variables that the equations keep constant,
// such as the total of a substance, with the equations that it was found from.
type Conserved struct {
	Term expr.ID
	Eqs  []int // indices into Sys.Equations
}

// conserved finds the combinations of equations in which everything but derivatives
// with constant coefficients cancels, sum_i u_i f_i = sum_j k_j der(x_j): then
// sum_j k_j x_j is constant. It compares terms as they stand once sums are multiplied
// out, so that it finds the laws of reaction networks and of closed circuits but not
// what needs an identity.
//
// The combinations are the left null space of the matrix of the other terms, whose
// coefficients are numbers (Schuster and Hoefer, J. Chem. Soc. Faraday Trans. 87, 1991).
// Equations with a term that no other has are peeled off first. The rest is eliminated
// modulo a prime, and each vector checked with exact fractions.
//
// What jumps change besides is not looked at, so that a system with jumps has no laws.
//
// The laws are reported, not used: reaction.Conserve takes a state out for each law of a network.
func (w *work) conserved() {
	p := w.pool
	if len(w.plan.Sys.Jumps) > 0 {
		return
	}
	// A balance is an equation with derivatives: what multiplies each of them, and the other terms in increasing order,
	// each once, expr.One for the constant.
	type balance struct {
		eq    int32
		rates linearSum
		other []coefficient
	}
	// A first look, without keeping anything: terms that occur once cannot cancel.
	var all linearSum
	const (
		unseen uint8 = iota
		isRate
		isOther
	)
	var kinds []uint8  // by term
	var occurs []int32 // by term
	kind := func(t expr.ID) uint8 {
		if int(t) >= len(kinds) {
			more := max(int(t)+1, p.Len()) - len(kinds)
			kinds, occurs = append(kinds, make([]uint8, more)...), append(occurs, make([]int32, more)...)
		}
		if kinds[t] == unseen {
			kinds[t] = isOther
			if _, ok := w.rate(t); ok {
				kinds[t] = isRate
			}
		}
		return kinds[t]
	}
	read := func(q *equation) bool {
		if q.lhs != expr.None {
			return false
		}
		all.c, all.k, all.t = expr.IntNum(0), all.k[:0], all.t[:0]
		all.add(p, expr.IntNum(1), q.res)
		return slices.ContainsFunc(all.t, func(t expr.ID) bool { return kind(t) == isRate })
	}
	for i := range w.eqs {
		if !read(&w.eqs[i]) {
			continue
		}
		for _, t := range all.t {
			if kind(t) == isOther {
				occurs[t]++
			}
		}
	}
	var rows []balance
	var room []coefficient // of many rows
	for i := range w.eqs {
		alone := func(t expr.ID) bool { return int(t) < len(occurs) && occurs[t] == 1 }
		if !read(&w.eqs[i]) || slices.ContainsFunc(all.t, alone) {
			continue
		}
		b := balance{eq: int32(i), rates: linearSum{c: expr.IntNum(0)}}
		if need := len(all.t) + 1; cap(room)-len(room) < need {
			room = make([]coefficient, 0, max(need, 4096))
		}
		from := len(room)
		if !all.c.IsZero() {
			room = append(room, coefficient{expr.One, all.c})
		}
		for k, t := range all.t {
			if kind(t) == isRate {
				b.rates.k, b.rates.t = append(b.rates.k, all.k[k]), append(b.rates.t, t)
			} else {
				room = append(room, coefficient{t, all.k[k]})
			}
		}
		b.other = gathered(room[from:])
		room = room[:from+len(b.other)]
		rows = append(rows, b)
	}
	if len(rows) == 0 {
		return
	}
	// The terms in the order in which they come, as columns; which rows have each.
	clear(occurs)
	kind(expr.One)
	cols := 0
	column := occurs // 1 more than the column of a term
	entries := 0
	for k := range rows {
		entries += len(rows[k].other)
		for _, x := range rows[k].other {
			if column[x.t] == 0 {
				cols++
				column[x.t] = int32(cols)
			}
		}
	}
	start := make([]int32, cols+1)
	for k := range rows {
		for _, x := range rows[k].other {
			start[column[x.t]]++
		}
	}
	count := slices.Clone(start[1:])
	for c := range cols {
		start[c+1] += start[c]
	}
	at := make([]int32, entries)
	next := slices.Clone(start[:cols])
	for k := range rows {
		for _, x := range rows[k].other {
			c := column[x.t] - 1
			at[next[c]] = int32(k)
			next[c]++
		}
	}
	// Peel.
	gone := make([]bool, len(rows))
	var queue []int32
	for k := range rows {
		if slices.ContainsFunc(rows[k].other, func(x coefficient) bool { return count[column[x.t]-1] == 1 }) {
			queue = append(queue, int32(k))
		}
	}
	for n := 0; n < len(queue); n++ {
		k := queue[n]
		if gone[k] {
			continue
		}
		gone[k] = true
		for _, x := range rows[k].other {
			c := column[x.t] - 1
			if count[c]--; count[c] == 1 {
				for _, r := range at[start[c]:start[c+1]] {
					if !gone[r] {
						queue = append(queue, r)
					}
				}
			}
		}
	}
	var core []int32
	col := make([]int32, cols) // 1 more than the column among those of the core
	ncol := int32(0)
	var mat []sparseRow
	entries = 0
	for k := range rows {
		if gone[k] {
			continue
		}
		core = append(core, int32(k))
		r := sparseRow{}
		for _, x := range rows[k].other {
			c := &col[column[x.t]-1]
			if *c == 0 {
				ncol++
				*c = ncol
			}
			v, ok := numMod(x.k)
			if !ok {
				return
			}
			if v != 0 {
				r.col, r.val = append(r.col, *c-1), append(r.val, v)
			}
		}
		entries += len(rows[k].other)
		mat = append(mat, r)
	}
	order := make([]int32, len(core))
	for k := range order {
		order[k] = int32(k)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return len(mat[a].col) - len(mat[b].col) })
	_, deps, ok := eliminate(mat, order, int(ncol), rankWork*(entries+16))
	if !ok {
		return
	}
	for _, d := range deps {
		law := linearSum{c: expr.IntNum(0)}
		rest := map[expr.ID]expr.Num{}
		c := Conserved{}
		good := true
		for k, r := range d.rows {
			x, ok := rational(d.times[k])
			good = good && ok
			if !good {
				break
			}
			b := &rows[core[r]]
			for j, t := range b.rates.t {
				v, _ := w.rate(t)
				law.k, law.t = append(law.k, x.Mul(b.rates.k[j])), append(law.t, v)
			}
			for _, o := range b.other {
				if z, ok := rest[o.t]; ok {
					rest[o.t] = z.Add(x.Mul(o.k))
				} else {
					rest[o.t] = x.Mul(o.k)
				}
			}
			if src := w.eqs[b.eq].src; src >= 0 {
				c.Eqs = append(c.Eqs, int(src))
			}
		}
		for _, y := range rest {
			good = good && y.IsZero()
		}
		if !good {
			continue
		}
		t := law.term(p)
		if k, ok := w.leadingSign(t); ok && k < 0 {
			t = p.Neg(t)
		}
		if _, number := p.Value(t); number {
			continue
		}
		slices.Sort(c.Eqs)
		c.Term = t
		w.plan.Conserved = append(w.plan.Conserved, c)
	}
}

// coefficient is k*t.
type coefficient struct {
	t expr.ID
	k expr.Num
}

// gathered sorts a sum by its terms, adds those that are equal, in their order, and drops zeros. It returns the front of the slice.
func gathered(s []coefficient) []coefficient {
	slices.SortStableFunc(s, func(a, b coefficient) int { return cmp.Compare(a.t, b.t) })
	out := s[:0]
	for i := 0; i < len(s); {
		x := s[i]
		for i++; i < len(s) && s[i].t == x.t; i++ {
			x.k = x.k.Add(s[i].k)
		}
		if !x.k.IsZero() {
			out = append(out, x)
		}
	}
	return out
}

// rate reports whether a term is a derivative of a variable times what is constant in
// time, and returns that times the variable.
func (w *work) rate(t expr.ID) (expr.ID, bool) {
	p := w.pool
	whole := func(a expr.ID) (expr.ID, bool) {
		if r, v := w.roleOf(a); r == roleVar && w.vars[v].integ != none && w.unknown(v) {
			return w.vars[w.vars[v].integ].atom, true
		}
		return expr.None, false
	}
	if p.Op(t) != expr.OpMul {
		return whole(t)
	}
	a := p.Args(t)
	fs := make([]expr.ID, 0, len(a)/2)
	found := false
	for i := 0; i < len(a); i += 2 {
		if x, ok := whole(a[i]); ok && !found && a[i+1] == expr.One {
			fs = append(fs, x)
			found = true
			continue
		}
		if !w.constant(a[i]) || !w.constant(a[i+1]) {
			return expr.None, false
		}
		fs = append(fs, p.Pow(a[i], a[i+1]))
	}
	if !found {
		return expr.None, false
	}
	return p.Mul(fs...), true
}

// leadingSign is the sign of the first coefficient of a sum.
func (w *work) leadingSign(t expr.ID) (int, bool) {
	a := w.pool.Args(t)
	if w.pool.Op(t) != expr.OpAdd || len(a) < 3 {
		return 0, false
	}
	k, _ := w.pool.Value(a[1])
	return k.Sign(), true
}
