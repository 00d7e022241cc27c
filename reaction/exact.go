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

// words is the length of a number that is no pair of int64, else 0.
func (a num) words() int {
	if a.big == nil {
		return 0
	}
	return (a.big.Num().BitLen()+a.big.Denom().BitLen())/64 + 1
}

// prime is 2^61 - 1.
const prime = 1<<61 - 1

// residue is a number modulo prime.
type residue uint64

func residueOf(a num) residue {
	of := func(x *big.Int) residue { return residue(new(big.Int).Mod(x, big.NewInt(prime)).Uint64()) }
	if a.big == nil && a.d == 1 && a.n >= 0 && a.n < prime {
		return residue(a.n)
	}
	r := a.rat()
	return of(r.Num()).mul(of(r.Denom()).inv())
}

func (a residue) add(b residue) residue {
	if s := a + b; s < prime {
		return s
	}
	return a + b - prime
}

func (a residue) mul(b residue) residue {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	s := lo&prime + (lo>>61 | hi<<3)
	if s >= prime {
		s -= prime
	}
	return residue(s)
}

func (a residue) neg() residue {
	if a == 0 {
		return 0
	}
	return prime - a
}

// inv is a^(prime-2); of 0, which a denominator can be with a chance of 1e-18, 0.
func (a residue) inv() residue {
	r, b := residue(1), a
	for e := uint64(prime - 2); e > 0; e >>= 1 {
		if e&1 == 1 {
			r = r.mul(b)
		}
		b = b.mul(b)
	}
	return r
}

func (a residue) isZero() bool { return a == 0 }
func (a residue) isUnit() bool { return a == 1 || a == prime-1 }
func (a residue) words() int   { return 0 }

// scalar is a field: the rationals, or the integers modulo a prime.
type scalar[T any] interface {
	add(T) T
	mul(T) T
	neg() T
	inv() T
	isZero() bool
	isUnit() bool
	words() int
}

// entry is a nonzero of a sparse vector of rationals.
type entry = nonzero[num]

// nonzero is one of a sparse vector.
type nonzero[T any] struct {
	i int32
	v T
}

// quotient is the space of species modulo what reactions do: every species is a combination of free ones. It is the reduced row
// echelon form of the columns that were put in, sparse and with pivots that are chosen for little fill: a species that a
// reaction makes of others becomes their sum.
type quotient[T scalar[T]] struct {
	def     [][]nonzero[T] // by species: what it is in free ones; of a free one nil
	defined []bool
	users   [][]int32 // by species: those whose def may hold it
	count   []int32   // in how many it is
	rank    int
	work    int  // operations so far, those of long numbers by the square of their words
	most    int  // how much work there may be, 0: any
	lost    bool // it was more: there is no result

	acc   []T
	in    []bool
	touch []int32
	had   []int32 // by species: the turn in which it was in the definition that is replaced
	turn  int32
}

func newQuotient[T scalar[T]](n int) *quotient[T] {
	return &quotient[T]{def: make([][]nonzero[T], n), defined: make([]bool, n), users: make([][]int32, n), count: make([]int32, n), acc: make([]T, n), in: make([]bool, n), had: make([]int32, n)}
}

func (q *quotient[T]) add(i int32, v T) {
	if !q.in[i] {
		q.in[i], q.acc[i] = true, v
		q.touch = append(q.touch, i)
		return
	}
	q.acc[i] = q.acc[i].add(v)
}

// take returns what add has gathered and forgets it.
func (q *quotient[T]) take() []nonzero[T] {
	out := make([]nonzero[T], 0, len(q.touch))
	for _, i := range q.touch {
		q.in[i] = false
		if !q.acc[i].isZero() {
			out = append(out, nonzero[T]{i, q.acc[i]})
		}
	}
	q.touch = q.touch[:0]
	return out
}

func (q *quotient[T]) cost(words int) { q.work += 1 + words*words }

// image is a vector in terms of free species.
func (q *quotient[T]) image(v []nonzero[T]) []nonzero[T] {
	for _, e := range v {
		if !q.defined[e.i] {
			q.add(e.i, e.v)
			continue
		}
		for _, f := range q.def[e.i] {
			q.cost(f.v.words())
			q.add(f.i, e.v.mul(f.v))
		}
	}
	return q.take()
}

// put adds a column, and reports whether it does not depend on those before.
func (q *quotient[T]) put(v []nonzero[T]) bool {
	if q.lost {
		return false
	}
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
	def := make([]nonzero[T], 0, len(w)-1)
	for k, e := range w {
		if k != best {
			def = append(def, nonzero[T]{e.i, e.v.mul(scale)})
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
		q.work += len(old)
		for k, e := range old {
			q.count[e.i]--
			if k != at {
				q.add(e.i, e.v)
			}
		}
		if q.most > 0 && q.work > q.most {
			q.lost = true
			return false
		}
		for _, e := range def {
			q.cost(e.v.words() + c.words())
			q.add(e.i, e.v.mul(c))
		}
		q.define(u, q.take())
	}
	return true
}

func (q *quotient[T]) define(i int32, def []nonzero[T]) {
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

// mostWork is how many operations an elimination with rationals may take: a few seconds.
const mostWork = 3e6

// rank is the rank of sparse columns; sure is false where exact numbers become too long and it is that modulo a prime, which is less with a
// chance of about 1e-15.
func rank(columns [][]entry, species int) (r int, sure bool) {
	q := newQuotient[num](species)
	q.most = mostWork
	for _, c := range columns {
		q.put(c)
	}
	if !q.lost {
		return q.rank, true
	}
	m := newQuotient[residue](species)
	for _, c := range columns {
		v := make([]nonzero[residue], len(c))
		for k, e := range c {
			v[k] = nonzero[residue]{e.i, residueOf(e.v)}
		}
		m.put(v)
	}
	return m.rank, false
}
