package reaction

import (
	"cmp"
	"math/big"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/expr"
)

// Law is a conservation law: the sum of Numbers[k] times the amount of species Species[k] stays what it is. Species are ascending, the
// numbers integers without a common divisor, the first of them positive where not all are.
type Law struct {
	Species []int
	Numbers []*big.Int
}

// Moiety reports whether no number is negative: the law counts something that all its species have.
func (l *Law) Moiety() bool {
	for _, k := range l.Numbers {
		if k.Sign() < 0 {
			return false
		}
	}
	return true
}

// Text prints the law as a sum.
func (l *Law) Text(n *Network) string { return l.text(n, 0) }

// text prints up to so many species; 0: all.
func (l *Law) text(n *Network, limit int) string {
	var b strings.Builder
	for k, i := range l.Species {
		if limit > 0 && k == limit && len(l.Species) > limit+1 {
			b.WriteString(" + ... " + plural(len(l.Species)-k, "species more"))
			break
		}
		v := l.Numbers[k]
		switch {
		case v.Sign() < 0 && k == 0:
			b.WriteString("-")
		case v.Sign() < 0:
			b.WriteString(" - ")
		case k > 0:
			b.WriteString(" + ")
		}
		if abs := new(big.Int).Abs(v); abs.Cmp(big.NewInt(1)) != 0 {
			b.WriteString(abs.String() + " ")
		}
		b.WriteString(n.label(i))
	}
	return b.String()
}

// numeric is a coefficient as an exact number: 0.1 is the binary fraction that a computer takes it for.
func numeric(p *expr.Pool, e expr.ID) (num, bool) {
	v, ok := p.Value(e)
	if !ok {
		return zero, false
	}
	if x, exact := exactly(v); exact {
		return x, true
	}
	r := new(big.Rat)
	if r.SetFloat64(v.Float()) == nil {
		return zero, false
	}
	return small(r), true
}

// matrix is the stoichiometric matrix by columns, a column for each reaction. Species with numbers that are none, and those at the
// boundary or open where closed is asked for, have no entries; free says which species have all.
type matrix struct {
	columns [][]entry
	free    []bool // by species: left out, because something of it is not known
}

func (n *Network) matrix(closed bool) *matrix {
	m := &matrix{columns: make([][]entry, len(n.Reactions)), free: make([]bool, len(n.Species))}
	for i := range n.Species {
		m.free[i] = n.Species[i].Boundary || closed && n.Species[i].Open
	}
	all := make([][]change, len(n.Reactions))
	for r := range n.Reactions {
		all[r] = n.changesOf(r)
		for _, c := range all[r] {
			if _, ok := numeric(n.Pool, c.by); !ok {
				m.free[c.species] = true
			}
		}
	}
	for r := range all {
		col := make([]entry, 0, len(all[r]))
		for _, c := range all[r] {
			if v, ok := numeric(n.Pool, c.by); ok && !m.free[c.species] && !v.isZero() {
				col = append(col, entry{int32(c.species), v})
			}
		}
		m.columns[r] = col
	}
	return m
}

// Conservation returns the conservation laws of the species that nothing but reactions changes: a basis of the left null space of the
// stoichiometric matrix, of moieties as far as there are that many. Species that no reaction changes are not among them.
//
// The matrix is brought into reduced row echelon form with rationals of any size; in networks that are generated from a few molecules by
// binding, which have few laws, the form stays sparse. Moieties are chosen among the extreme rays of the cone of nonnegative
// laws, those of the fewest species first; the rays are found by the double description method, in each block of coupled laws by itself. A
// block with more than mostRays keeps its basis. ok is false, and there are no laws, where their numbers become too long to be worked out: in
// networks without the structure that real ones have.
//
// S. Schuster, T. Höfer, J. Chem. Soc. Faraday Trans. 87 (1991) 2561, on moieties as extreme rays; T. S. Motzkin, H. Raiffa, G. L. Thompson,
// R. M. Thrall, in Contributions to the Theory of Games II (1953), and K. Fukuda, A. Prodon, LNCS 1120 (1996) 91, on the method.
func (n *Network) Conservation() (laws []Law, ok bool) {
	m := n.matrix(true)
	q := newQuotient[num](len(n.Species))
	q.most = mostWork
	moved := make([]bool, len(n.Species))
	for _, c := range m.columns {
		for _, e := range c {
			moved[e.i] = true
		}
		q.put(c)
	}
	var free []int32
	number := make([]int32, len(n.Species))
	for i := range n.Species {
		if moved[i] && !q.defined[i] {
			number[i] = int32(len(free))
			free = append(free, int32(i))
		}
	}
	if q.lost || len(free) == 0 {
		return nil, !q.lost
	}
	// rows[k] is the law of free species k.
	rows := make([][]entry, len(free))
	for k, i := range free {
		rows[k] = append(rows[k], entry{i, one})
	}
	for i := range n.Species {
		for _, e := range q.def[i] {
			rows[number[e.i]] = append(rows[number[e.i]], entry{int32(i), e.v})
		}
	}
	basis := nonnegative(rows, q, number)
	laws = make([]Law, 0, len(basis))
	for _, y := range basis {
		laws = append(laws, lawOf(combine(rows, y)))
	}
	slices.SortStableFunc(laws, func(a, b Law) int { return cmp.Compare(a.Species[0], b.Species[0]) })
	return laws, true
}

// combine is the sum of rows with the numbers of y.
func combine(rows [][]entry, y []entry) []entry {
	sum := map[int32]num{}
	for _, e := range y {
		for _, f := range rows[e.i] {
			v, ok := sum[f.i]
			if !ok {
				v = zero
			}
			sum[f.i] = v.add(e.v.mul(f.v))
		}
	}
	out := make([]entry, 0, len(sum))
	for i, v := range sum {
		if !v.isZero() {
			out = append(out, entry{i, v})
		}
	}
	slices.SortFunc(out, func(a, b entry) int { return cmp.Compare(a.i, b.i) })
	return out
}

// lawOf clears denominators and common divisors.
func lawOf(v []entry) Law {
	l := Law{Species: make([]int, len(v)), Numbers: make([]*big.Int, len(v))}
	den := big.NewInt(1)
	for _, e := range v {
		d := e.v.rat().Denom()
		g := new(big.Int).GCD(nil, nil, den, d)
		den.Mul(den, new(big.Int).Div(d, g))
	}
	common := new(big.Int)
	for k, e := range v {
		r := e.v.rat()
		x := new(big.Int).Mul(r.Num(), new(big.Int).Div(den, r.Denom()))
		l.Species[k], l.Numbers[k] = int(e.i), x
		common.GCD(nil, nil, common, new(big.Int).Abs(x))
	}
	if len(v) > 0 && l.Numbers[0].Sign() < 0 {
		common.Neg(common)
	}
	for _, x := range l.Numbers {
		x.Quo(x, common)
	}
	return l
}

// mostRays is how many extreme rays of a block are looked at, mostTests how many words of their tight constraints: less than a second.
const (
	mostRays  = 4000
	mostTests = 3e8
)

// nonnegative returns vectors y over rows, as many as there are rows and independent: those of nonnegative laws as far as there are.
func nonnegative(rows [][]entry, q *quotient[num], number []int32) [][]entry {
	f := len(rows)
	// A species is a constraint: its number in the law must not be negative. That of a free species is y >= 0; only those with a
	// negative number somewhere say more.
	var constraints [][]entry
	known := map[string]bool{}
	block := make([]int32, f)
	for i := range block {
		block[i] = int32(i)
	}
	find := func(i int32) int32 {
		for block[i] != i {
			block[i] = block[block[i]]
			i = block[i]
		}
		return i
	}
	for i := range q.def {
		bad := false
		for _, e := range q.def[i] {
			bad = bad || e.v.sign() < 0
		}
		if !bad {
			continue
		}
		c := make([]entry, len(q.def[i]))
		for k, e := range q.def[i] {
			c[k] = entry{number[e.i], e.v}
		}
		slices.SortFunc(c, func(a, b entry) int { return cmp.Compare(a.i, b.i) })
		var key strings.Builder
		for _, e := range c {
			key.WriteString(big.NewInt(int64(e.i)).String() + ":" + e.v.rat().RatString() + " ")
			if a, b := find(c[0].i), find(e.i); a != b {
				block[max(a, b)] = min(a, b)
			}
		}
		if !known[key.String()] {
			known[key.String()] = true
			constraints = append(constraints, c)
		}
	}
	members := map[int32][]int32{}
	for i := range f {
		r := find(int32(i))
		members[r] = append(members[r], int32(i))
	}
	var out [][]entry
	for i := range f {
		list := members[int32(i)]
		switch {
		case len(list) == 0:
		case len(list) == 1:
			// One row, nonnegative or, with a negative number, in a block of its own: then no multiple of it is a moiety.
			out = append(out, []entry{{list[0], one}})
		default:
			var mine [][]entry
			for _, c := range constraints {
				if find(c[0].i) == int32(i) {
					mine = append(mine, c)
				}
			}
			out = append(out, blockBasis(rows, list, mine)...)
		}
	}
	return out
}

// ray is an extreme ray of the cone: its vector in the rows of a block, and the constraints that it meets with equality.
type ray struct {
	y     []num
	tight []uint64
}

// blockBasis is nonnegative for the rows of a block.
func blockBasis(rows [][]entry, list []int32, constraints [][]entry) [][]entry {
	d := len(list)
	at := map[int32]int{}
	for k, i := range list {
		at[i] = k
	}
	words := (d + len(constraints) + 63) / 64
	rays := make([]ray, d)
	for k := range rays {
		y := make([]num, d)
		for j := range y {
			y[j] = zero
		}
		y[k] = one
		tight := make([]uint64, words)
		for j := range d {
			if j != k {
				tight[j/64] |= 1 << (j % 64)
			}
		}
		rays[k] = ray{y, tight}
	}
	complete, tests := true, 0
	for ci, c := range constraints {
		value := func(r *ray) num {
			v := zero
			for _, e := range c {
				v = v.add(e.v.mul(r.y[at[e.i]]))
			}
			return v
		}
		var plus, minus, next []int
		values := make([]num, len(rays))
		bit := d + ci
		for i := range rays {
			values[i] = value(&rays[i])
			switch values[i].sign() {
			case 1:
				plus = append(plus, i)
				next = append(next, i)
			case -1:
				minus = append(minus, i)
			default:
				rays[i].tight[bit/64] |= 1 << (bit % 64)
				next = append(next, i)
			}
		}
		var fresh []ray
		for _, i := range plus {
			for _, j := range minus {
				if tests += len(rays) * words; tests > mostTests {
					break
				}
				if !adjacent(rays, i, j) {
					continue
				}
				y := make([]num, d)
				a, b := values[j].neg(), values[i]
				for k := range y {
					y[k] = rays[i].y[k].mul(a).add(rays[j].y[k].mul(b))
				}
				tight := make([]uint64, words)
				for k := range tight {
					tight[k] = rays[i].tight[k] & rays[j].tight[k]
				}
				tight[bit/64] |= 1 << (bit % 64)
				fresh = append(fresh, ray{y, tight})
			}
			if len(fresh)+len(next) > mostRays || tests > mostTests {
				complete = false
				break
			}
		}
		if !complete {
			break
		}
		kept := make([]ray, 0, len(next)+len(fresh))
		for _, i := range next {
			kept = append(kept, rays[i])
		}
		rays = append(kept, fresh...)
	}
	type candidate struct {
		y    []entry
		size int
	}
	var cands []candidate
	if complete {
		for i := range rays {
			var y []entry
			for k, v := range rays[i].y {
				if !v.isZero() {
					y = append(y, entry{list[k], v})
				}
			}
			cands = append(cands, candidate{y, len(combine(rows, y))})
		}
		slices.SortStableFunc(cands, func(a, b candidate) int { return cmp.Compare(a.size, b.size) })
	}
	for _, i := range list { // what the rays leave open
		cands = append(cands, candidate{[]entry{{i, one}}, 0})
	}
	var out [][]entry
	q := newQuotient[num](len(rows))
	for _, c := range cands {
		if len(out) == d {
			break
		}
		if q.put(c.y) {
			out = append(out, c.y)
		}
	}
	return out
}

// adjacent reports whether no other ray meets all constraints that both meet with equality.
func adjacent(rays []ray, i, j int) bool {
	common := make([]uint64, len(rays[i].tight))
	for k := range common {
		common[k] = rays[i].tight[k] & rays[j].tight[k]
	}
next:
	for r := range rays {
		if r == i || r == j {
			continue
		}
		for k := range common {
			if common[k]&^rays[r].tight[k] != 0 {
				continue next
			}
		}
		return false
	}
	return true
}
