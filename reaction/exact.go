package reaction

import (
	"math/big"
	"math/bits"
)

// num is a rational of any size: n/d with d > 0 in lowest terms, or big where that does not fit.
type num struct {
	n, d int64
	big  *big.Rat
}

var zero, one = num{n: 0, d: 1}, num{n: 1, d: 1}

func whole(v int64) num { return num{n: v, d: 1} }

func (a num) rat() *big.Rat {
	if a.big != nil {
		return a.big
	}
	return big.NewRat(a.n, a.d)
}

// small returns a big number as a pair of int64 where it fits.
func small(r *big.Rat) num {
	if r.Num().IsInt64() && r.Denom().IsInt64() {
		if n := r.Num().Int64(); n != -1<<63 {
			return num{n: n, d: r.Denom().Int64()}
		}
	}
	return num{big: r}
}

func (a num) sign() int {
	switch {
	case a.big != nil:
		return a.big.Sign()
	case a.n > 0:
		return 1
	case a.n < 0:
		return -1
	}
	return 0
}

func (a num) isZero() bool { return a.big == nil && a.n == 0 }
func (a num) isUnit() bool { return a.big == nil && a.d == 1 && (a.n == 1 || a.n == -1) }

func (a num) neg() num {
	if a.big != nil {
		return num{big: new(big.Rat).Neg(a.big)}
	}
	return num{n: -a.n, d: a.d}
}

func (a num) inv() num {
	if a.big != nil {
		return small(new(big.Rat).Inv(a.big))
	}
	if a.n < 0 {
		return num{n: -a.d, d: -a.n}
	}
	return num{n: a.d, d: a.n}
}

func gcd(a, b int64) int64 {
	if a < 0 {
		a = -a
	}
	if b < 0 {
		b = -b
	}
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// times multiplies where the result fits.
func times(a, b int64) (int64, bool) {
	neg := (a < 0) != (b < 0)
	if a < 0 {
		a = -a
	}
	if b < 0 {
		b = -b
	}
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi != 0 || lo >= 1<<62 {
		return 0, false
	}
	if neg {
		return -int64(lo), true
	}
	return int64(lo), true
}

func (a num) mul(b num) num {
	if a.big == nil && b.big == nil {
		if a.d == 1 && b.d == 1 {
			if n, ok := times(a.n, b.n); ok {
				return num{n: n, d: 1}
			}
		} else {
			g, h := gcd(a.n, b.d), gcd(b.n, a.d)
			n, ok1 := times(a.n/g, b.n/h)
			d, ok2 := times(a.d/h, b.d/g)
			if ok1 && ok2 {
				return num{n: n, d: d}
			}
		}
	}
	return small(new(big.Rat).Mul(a.rat(), b.rat()))
}

func (a num) add(b num) num {
	if a.big == nil && b.big == nil {
		if a.d == 1 && b.d == 1 {
			if s := a.n + b.n; s < 1<<62 && s > -1<<62 && a.n < 1<<61 && a.n > -1<<61 && b.n < 1<<61 && b.n > -1<<61 {
				return num{n: s, d: 1}
			}
		} else {
			x, ok1 := times(a.n, b.d)
			y, ok2 := times(b.n, a.d)
			d, ok3 := times(a.d, b.d)
			if ok1 && ok2 && ok3 && x < 1<<61 && x > -1<<61 && y < 1<<61 && y > -1<<61 {
				n := x + y
				g := gcd(n, d)
				return num{n: n / g, d: d / g}
			}
		}
	}
	return small(new(big.Rat).Add(a.rat(), b.rat()))
}

// entry is a nonzero of a sparse vector.
type entry struct {
	i int32
	v num
}

// quotient is the space of species modulo what reactions do: every species is a combination of free ones. It is the reduced row
// echelon form of the columns that were put in, sparse and with pivots that are chosen for little fill: a species that a
// reaction makes of others becomes their sum.
type quotient struct {
	def     [][]entry // by species: what it is in free ones; of a free one nil
	defined []bool
	users   [][]int32 // by species: those whose def may hold it
	count   []int32   // in how many it is
	rank    int

	acc   []num
	in    []bool
	touch []int32
	had   []int32 // by species: the turn in which it was in the definition that is replaced
	turn  int32
}

func newQuotient(n int) *quotient {
	return &quotient{def: make([][]entry, n), defined: make([]bool, n), users: make([][]int32, n), count: make([]int32, n), acc: make([]num, n), in: make([]bool, n), had: make([]int32, n)}
}

func (q *quotient) add(i int32, v num) {
	if !q.in[i] {
		q.in[i], q.acc[i] = true, v
		q.touch = append(q.touch, i)
		return
	}
	q.acc[i] = q.acc[i].add(v)
}

// take returns what add has gathered and forgets it.
func (q *quotient) take() []entry {
	out := make([]entry, 0, len(q.touch))
	for _, i := range q.touch {
		q.in[i] = false
		if !q.acc[i].isZero() {
			out = append(out, entry{i, q.acc[i]})
		}
	}
	q.touch = q.touch[:0]
	return out
}

// image is a vector in terms of free species.
func (q *quotient) image(v []entry) []entry {
	for _, e := range v {
		if !q.defined[e.i] {
			q.add(e.i, e.v)
			continue
		}
		for _, f := range q.def[e.i] {
			q.add(f.i, e.v.mul(f.v))
		}
	}
	return q.take()
}

// put adds a column, and reports whether it does not depend on those before.
func (q *quotient) put(v []entry) bool {
	w := q.image(v)
	if len(w) == 0 {
		return false
	}
	q.rank++
	// The pivot is in the fewest definitions; of those a unit, and the last species.
	best := 0
	for k := 1; k < len(w); k++ {
		a, b := w[k], w[best]
		switch ca, cb := q.count[a.i], q.count[b.i]; {
		case ca != cb:
			if ca < cb {
				best = k
			}
		case a.v.isUnit() != b.v.isUnit():
			if a.v.isUnit() {
				best = k
			}
		case a.i > b.i:
			best = k
		}
	}
	pivot := w[best]
	scale := pivot.v.inv().neg()
	def := make([]entry, 0, len(w)-1)
	for k, e := range w {
		if k != best {
			def = append(def, entry{e.i, e.v.mul(scale)})
		}
	}
	users := q.users[pivot.i]
	q.users[pivot.i] = nil
	q.define(pivot.i, def)
	for _, u := range users {
		at := -1
		for k := range q.def[u] {
			if q.def[u][k].i == pivot.i {
				at = k
				break
			}
		}
		if at < 0 {
			continue // it has gone meanwhile
		}
		old := q.def[u]
		c := old[at].v
		for k, e := range old {
			q.count[e.i]--
			if k != at {
				q.add(e.i, e.v)
			}
		}
		for _, e := range def {
			q.add(e.i, e.v.mul(c))
		}
		q.define(u, q.take())
	}
	return true
}

func (q *quotient) define(i int32, def []entry) {
	q.turn++
	for _, e := range q.def[i] {
		q.had[e.i] = q.turn
	}
	q.def[i], q.defined[i] = def, true
	for _, e := range def {
		q.count[e.i]++
		if q.had[e.i] != q.turn {
			q.users[e.i] = append(q.users[e.i], i)
		}
	}
}
