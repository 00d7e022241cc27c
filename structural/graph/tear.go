package graph

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Block is a square strongly connected set of equations and unknowns to be torn.
type Block struct {
	*Bipartite
	// Rank says, by position in Adj, how gladly the row is solved for the column: 0 not
	// at all, larger ones first.
	Rank []uint8
	// Size is the magnitude of the coefficient, by position in Adj; 0: not known or not
	// constant, as if it were of the size of the others. nil: all of them.
	Size []float64
	// MaxGrowth bounds the amplification of errors in the tearing variables by the
	// explicit part; 0: no bound.
	MaxGrowth float64
	// Keep marks columns that must not be torn; nil: none.
	Keep []bool
	// Wish breaks ties: of sets of equally many tears, one with larger wishes is taken; nil:
	// all equal.
	Wish []int8
	// Quick stops after the first round, for an estimate.
	Quick bool
}

// Torn is a bordered triangular form: once the columns Tears are given, row Rows[k]
// determines column Cols[k] from Tears and Cols[:k]; the rows Rest are left over, as
// many as there are Tears. All but Rows and Cols are in increasing order.
type Torn struct {
	Tears, Rows, Cols, Rest []int32
	// Stuck lists columns that no row determines and that must not be torn.
	Stuck []int32
}

// Tear looks for a bordered triangular form with few tearing variables.
//
// For given tears the explicit part is found by peeling: a row with a single open column
// is solved for it if its rank allows. Without a bound on growth the set of columns
// that are reached does not depend on the order, so a set of tears is either enough or
// not. Rows of high rank and small growth go first.
//
// When no row can be solved, the next tear is the column that does most to the rows
// with few open columns: Cellier's rule (Cellier and Elmqvist, IEEE Control Systems
// 13(2), 1993; the variants that Täuber, Ochel, Braun and Bachmann compare, EOOLT 2014)
// with a weight of base^-m for a row with m open columns in place of their
// lexicographic order, as Jeroslow and Wang weigh clauses (Ann. Math. Artif. Intell. 1,
// 1990), counted in rows only that the tear can make solvable (Otter and Elmqvist,
// Modelica 2017). Several bases are tried. Tears that turn out to be superfluous are
// dropped; all smaller sets are tried where they are few; else groups of tears are
// taken back and chosen anew. At last tears are exchanged one by one for columns of larger
// wish. The effort after the greedy rounds is bounded by a
// multiple of the block's size, so the cost stays near-linear.
//
// Behind columns of large growth, single tears do not help, as every row that mixes them
// with what is before is contaminated. There a wall is built: columns that ready rows
// could only determine with large growth are torn as well, until what follows starts
// afresh.
//
// Finding the minimum is NP-hard (it is the minimum feedback vertex set when the
// matching is fixed).
func Tear(b *Block) *Torn {
	t := newTearing(b)
	best := t.greedy(tearRules[0], nil)
	switch {
	case len(best.Stuck) > 0 || b.Quick:
		return best
	case len(best.Tears) <= 1:
		return t.prefer(best)
	}
	t.walls = t.hot
	better := func(x *Torn) {
		if x != nil && len(x.Stuck) == 0 && len(x.Tears) < len(best.Tears) {
			best = x
		}
	}
	for _, rule := range tearRules[1:] {
		better(t.greedy(rule, nil))
	}
	if len(b.Adj) > 10*searchEntries {
		return best // the search would not get far
	}
	t.work = searchBase + searchPerEntry*min(len(b.Adj), searchEntries)
	better(t.inOrder())
	better(t.prune(best))
	x, done := t.smaller(best)
	if best = x; !done {
		better(t.renew(best))
	}
	return t.prefer(best)
}

const (
	searchBase     = 100_000 // visits of entries for each block
	searchPerEntry = 300     // visits that each entry pays for
	searchEntries  = 4000    // entries of a block that pay
)

// tearRule weighs a row with m open columns by tearRule^-m.
type tearRule float64

// noRule takes no part in choosing.
const noRule tearRule = 0

var tearRules = []tearRule{16, 2, 1, 4}

// maxTally is the number of open columns up to which a row counts for a rule.
const maxTally = 8

// tearing holds the scratch of the rounds over one block.
type tearing struct {
	*Block
	back   *Bipartite
	backAt []int32   // by position in back.Adj: position of the entry in Adj
	size   []float64 // scaled, 1 where not known
	must   []int32   // columns that no row can be solved for
	forced []bool    // by column, those of must
	work   int       // visits left for the search

	rule    tearRule
	weight  [maxTally + 1]float64 // of rows, by their open columns
	walls   bool                  // rounds build walls behind large growth
	hot     bool                  // growth has held a row up
	open    int                   // open columns
	status  []uint8               // of columns
	missing []int32               // open columns of each row
	firm    []int32               // open columns of each row that it can be solved for
	used    []bool                // rows that were solved
	growth  []float64
	at      []int32 // of ready rows: position in Adj of the open column
	score   []float64
	noise   []float64  // what scores start from
	ready   []readyRow // heap
	heap    []int32    // of open columns by score
	place   []int32    // in heap
}

const (
	columnOpen uint8 = iota
	columnSolved
	columnTorn
)

type readyRow struct {
	row    int32
	rank   uint8
	growth float64
	heat   uint8 // 0: small growth, 1: large, 2: too large
}

func newTearing(b *Block) *tearing {
	n := b.Rows()
	if n != b.Cols {
		panic("mtkc: bug: a block to be torn is not square")
	}
	t := &tearing{
		Block: b, back: b.Transpose(),
		status: make([]uint8, n), missing: make([]int32, n), firm: make([]int32, n), used: make([]bool, n),
		growth: make([]float64, n), at: make([]int32, n), score: make([]float64, n), noise: make([]float64, n), place: make([]int32, n),
	}
	t.size = equilibrate(b)
	t.backAt = make([]int32, len(b.Adj))
	next := slices.Clone(t.back.Ptr[:n])
	for e, c := range b.Adj {
		t.backAt[next[c]] = int32(e)
		next[c]++
	}
	t.forced = make([]bool, n)
	some := make([]bool, n)
	for e, c := range b.Adj {
		some[c] = some[c] || b.Rank[e] > 0
	}
	for c := range int32(n) {
		if !some[c] && !t.kept(c) {
			t.must = append(t.must, c)
			t.forced[c] = true
		}
	}
	return t
}

func (t *tearing) kept(c int32) bool { return t.Keep != nil && t.Keep[c] }

// equilibrate scales rows and columns so that the largest coefficient of each is near 1,
// which makes the measure of growth independent of units, and returns the scaled sizes.
//
// Ruiz, Rutherford Appleton Laboratory report RAL-TR-2001-034, 2001, with a fixed number
// of sweeps.
func equilibrate(b *Block) []float64 {
	size := make([]float64, len(b.Adj))
	for e := range size {
		size[e] = 1
	}
	if b.Size == nil {
		return size
	}
	n := b.Rows()
	row, col := make([]float64, n), make([]float64, n)
	for i := range n {
		row[i], col[i] = 1, 1
	}
	big := make([]float64, n)
	sweep := func(of func(r int32, c int32) int32, scale []float64) {
		clear(big)
		for r := range int32(n) {
			for e := b.Ptr[r]; e < b.Ptr[r+1]; e++ {
				c := b.Adj[e]
				k := of(r, c)
				big[k] = max(big[k], b.Size[e]*row[r]*col[c])
			}
		}
		for k, x := range big {
			if x > 0 && !math.IsInf(x, 0) {
				scale[k] /= math.Sqrt(x)
			}
		}
	}
	for range 8 {
		sweep(func(r, _ int32) int32 { return r }, row)
		sweep(func(_, c int32) int32 { return c }, col)
	}
	for r := range int32(n) {
		for e := b.Ptr[r]; e < b.Ptr[r+1]; e++ {
			if x := b.Size[e] * row[r] * col[b.Adj[e]]; x > 0 && !math.IsInf(x, 0) {
				size[e] = x
			}
		}
	}
	return size
}

// start begins a round with the tears that cannot be avoided and those of from.
func (t *tearing) start(rule tearRule, from []int32) *Torn {
	n := t.Rows()
	t.rule, t.open = rule, n
	for m := range t.weight {
		t.weight[m] = math.Pow(float64(rule), float64(2-m))
	}
	clear(t.used)
	clear(t.status)
	copy(t.score, t.noise)
	for c := range t.place {
		t.place[c] = None
	}
	t.ready, t.heap = t.ready[:0], t.heap[:0]
	for r := range int32(n) {
		t.missing[r] = t.Ptr[r+1] - t.Ptr[r]
		t.firm[r] = 0
		for e := t.Ptr[r]; e < t.Ptr[r+1]; e++ {
			if t.Rank[e] > 0 {
				t.firm[r]++
			}
		}
		t.tally(r, 1)
	}
	t.work -= 2 * len(t.Adj)
	for c := range int32(n) {
		if rule != noRule && !t.kept(c) {
			t.place[c] = int32(len(t.heap))
			t.heap = append(t.heap, c)
		}
	}
	for k := len(t.heap)/2 - 1; k >= 0; k-- {
		t.down(k)
	}
	x := &Torn{}
	for r := range int32(n) {
		if t.missing[r] == 1 {
			t.enter(r)
		}
	}
	for _, list := range [][]int32{t.must, from} {
		for _, c := range list {
			if t.status[c] == columnOpen {
				t.tear(x, c)
			}
		}
	}
	t.peel(x)
	return x
}

// greedy goes on tearing until every column is determined.
func (t *tearing) greedy(rule tearRule, from []int32) *Torn {
	x := t.start(rule, from)
	for {
		c := t.top()
		if c == None {
			break
		}
		if t.walls && len(t.ready) > 0 {
			t.wall(x)
		} else {
			t.ready = t.ready[:0]
			t.tear(x, c)
		}
		t.peel(x)
	}
	return t.finish(x)
}

// enough returns the form for exactly these tears (and those that cannot be avoided),
// or nil where they do not determine everything.
func (t *tearing) enough(tears []int32) *Torn {
	x := t.start(noRule, tears)
	if t.open > 0 {
		return nil
	}
	return t.finish(x)
}

func (t *tearing) finish(x *Torn) *Torn {
	for c := range t.status {
		if t.status[c] == columnOpen {
			x.Stuck = append(x.Stuck, int32(c))
		}
	}
	for r := range t.used {
		if !t.used[r] {
			x.Rest = append(x.Rest, int32(r))
		}
	}
	slices.Sort(x.Tears)
	return x
}

func (t *tearing) tear(x *Torn, c int32) {
	x.Tears = append(x.Tears, c)
	t.growth[c] = 1
	t.close(c, columnTorn)
}

// close takes a column out of the open ones.
func (t *tearing) close(c int32, as uint8) {
	for _, r := range t.back.Row(c) {
		t.tally(r, -1)
	}
	t.status[c] = as
	t.open--
	t.remove(c)
	t.work -= 4 * len(t.back.Row(c))
	for k := t.back.Ptr[c]; k < t.back.Ptr[c+1]; k++ {
		r := t.back.Adj[k]
		t.missing[r]--
		if t.Rank[t.backAt[k]] > 0 {
			t.firm[r]--
		}
		t.tally(r, 1)
		if t.missing[r] == 1 && !t.used[r] {
			t.enter(r)
		}
	}
}

// tally adds what row r counts for its open columns, times sign. Rows with many open
// columns do not count, which bounds the cost.
func (t *tearing) tally(r int32, sign float64) {
	m, firm := t.missing[r], t.firm[r]
	if t.rule == noRule || t.used[r] || m < 2 || m > maxTally || firm == 0 {
		return
	}
	w := sign * t.weight[m]
	t.work -= int(t.Ptr[r+1] - t.Ptr[r])
	for e := t.Ptr[r]; e < t.Ptr[r+1]; e++ {
		c := t.Adj[e]
		if t.status[c] != columnOpen || firm == 1 && t.Rank[e] > 0 {
			continue
		}
		t.score[c] += w
		if k := t.place[c]; k != None {
			t.up(int(k))
			t.down(int(t.place[c]))
		}
	}
}

// enter puts a row with one open column among those to be solved.
func (t *tearing) enter(r int32) {
	open, sum := None, 0.0
	for e := t.Ptr[r]; e < t.Ptr[r+1]; e++ {
		if c := t.Adj[e]; t.status[c] == columnOpen {
			open = e
		} else {
			sum += t.growth[c] * t.size[e]
		}
	}
	if t.Rank[open] == 0 {
		return
	}
	t.at[r] = open
	q := readyRow{row: r, rank: t.Rank[open], growth: sum / t.size[open]}
	switch {
	case t.MaxGrowth == 0:
	case q.growth > t.MaxGrowth:
		q.heat = 2
	case q.growth > math.Sqrt(t.MaxGrowth):
		q.heat = 1
	}
	t.push(q)
}

func (t *tearing) push(q readyRow) {
	t.ready = append(t.ready, q)
	for k := len(t.ready) - 1; k > 0 && t.ready[k].before(&t.ready[(k-1)/2]); k = (k - 1) / 2 {
		t.ready[k], t.ready[(k-1)/2] = t.ready[(k-1)/2], t.ready[k]
	}
}

func (a *readyRow) before(b *readyRow) bool {
	switch {
	case a.heat != b.heat:
		return a.heat < b.heat
	case a.rank != b.rank:
		return a.rank > b.rank
	case a.growth != b.growth:
		return a.growth < b.growth
	}
	return a.row < b.row
}

// wall tears the columns of the ready rows of large growth, and goes on where that
// makes more such rows.
func (t *tearing) wall(x *Torn) {
	var list []readyRow
	for more := true; more; {
		more = false
		list = append(list[:0], t.ready...)
		t.ready = t.ready[:0]
		for _, q := range list {
			c := t.Adj[t.at[q.row]]
			switch {
			case t.status[c] != columnOpen:
			case q.heat == 0:
				t.push(q)
			case !t.kept(c):
				t.tear(x, c)
				more = true
			}
		}
	}
}

// peel solves ready rows until none is left, or all that are have too large growth.
func (t *tearing) peel(x *Torn) {
	for len(t.ready) > 0 {
		q := t.ready[0]
		if q.heat == 2 {
			t.hot = true
			return
		}
		n := len(t.ready) - 1
		t.ready[0] = t.ready[n]
		t.ready = t.ready[:n]
		for k := 0; ; {
			c := 2*k + 1
			if c >= n {
				break
			}
			if c+1 < n && t.ready[c+1].before(&t.ready[c]) {
				c++
			}
			if !t.ready[c].before(&t.ready[k]) {
				break
			}
			t.ready[k], t.ready[c] = t.ready[c], t.ready[k]
			k = c
		}
		c := t.Adj[t.at[q.row]]
		if t.status[c] != columnOpen {
			continue
		}
		t.used[q.row] = true
		t.growth[c] = q.growth
		x.Rows, x.Cols = append(x.Rows, q.row), append(x.Cols, c)
		t.close(c, columnSolved)
	}
}

// inOrder goes through the rows once and solves each for the first column that closes
// no cycle, as long as work is left; what no row is solved for is torn (Otter and
// Elmqvist, Modelica 2017, with a plain search for cycles). It is best where equations
// are written in the order of a computation.
func (t *tearing) inOrder() *Torn {
	by := make([]int32, t.Cols) // row that determines a column
	for c := range by {
		by[c] = None
	}
	seen := make([]int32, t.Cols)
	stamp := int32(0)
	var stack []int32
	for r := range int32(t.Rows()) {
		for e := t.Ptr[r]; e < t.Ptr[r+1]; e++ {
			c := t.Adj[e]
			if t.Rank[e] == 0 || by[c] != None {
				continue
			}
			// Does what another column of the row depends on lead to c?
			stamp++
			loop := false
			stack = append(stack[:0], r)
			for len(stack) > 0 && !loop {
				q := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				t.work -= len(t.Row(q))
				for _, x := range t.Row(q) {
					if x == c {
						loop = loop || q != r
					} else if seen[x] != stamp {
						seen[x] = stamp
						if by[x] != None {
							stack = append(stack, by[x])
						}
					}
				}
			}
			if t.work < 0 {
				return nil
			}
			if !loop {
				by[c] = r
				break
			}
		}
	}
	var tears []int32
	for c := range int32(t.Cols) {
		if by[c] != None || t.forced[c] {
			continue
		}
		if t.kept(c) {
			return nil
		}
		tears = append(tears, c)
	}
	return t.enough(tears)
}

// prune drops tears that the others make superfluous.
func (t *tearing) prune(x *Torn) *Torn {
	for k := len(x.Tears) - 1; k >= 0 && t.work > 0; k-- {
		if k >= len(x.Tears) || t.forced[x.Tears[k]] {
			continue
		}
		less := slices.Delete(slices.Clone(x.Tears), k, k+1)
		if y := t.enough(less); y != nil && len(y.Tears) < len(x.Tears) {
			x = y
		}
	}
	return x
}

// smaller tries all sets of fewer tears, while that is affordable, the larger ones
// first; done reports whether the result is the minimum.
func (t *tearing) smaller(x *Torn) (best *Torn, done bool) {
	var free []int32
	for c := range int32(t.Cols) {
		if !t.kept(c) && !t.forced[c] {
			free = append(free, c)
		}
	}
	for {
		k := len(x.Tears) - len(t.must) - 1
		if k < 0 || k == 0 && len(t.must) == 0 {
			return x, true
		}
		// Each trial visits the entries several times.
		cost := 4 * float64(len(t.Adj))
		for i := range k {
			cost *= float64(len(free)-i) / float64(i+1)
		}
		if cost > float64(t.work) {
			return x, false
		}
		y := t.subsets(free, k)
		if y == nil {
			return x, true
		}
		x = y
	}
}

// subsets tries all sets of k columns.
func (t *tearing) subsets(free []int32, k int) *Torn {
	at := make([]int, k)
	for i := range at {
		at[i] = i
	}
	set := make([]int32, k)
	for {
		for i, j := range at {
			set[i] = free[j]
		}
		if x := t.enough(set); x != nil {
			return x
		}
		i := k - 1
		for ; i >= 0 && at[i] == len(free)-k+i; i-- {
		}
		if i < 0 {
			return nil
		}
		at[i]++
		for j := i + 1; j < k; j++ {
			at[j] = at[j-1] + 1
		}
	}
}

// renew takes back a few tears and lets the greedy rules choose again, as long as work
// is left, with random numbers on their scores. Neither more tears nor the same ones are a gain; as many others are a new
// point to start from.
func (t *tearing) renew(x *Torn) *Torn {
	rng := rand.New(rand.NewPCG(uint64(t.Rows()), uint64(len(t.Adj))))
	best := x
	for round := 0; t.work > 0 && len(best.Tears) > len(t.must); round++ {
		var left []int32
		drop := 2 + rng.IntN(3)
		for k, c := range x.Tears {
			if t.forced[c] {
				continue
			}
			if n := len(x.Tears) - k; rng.IntN(n) < drop {
				drop--
				continue
			}
			left = append(left, c)
		}
		for c := range t.noise {
			t.noise[c] = rng.Float64()
		}
		t.work -= len(t.noise)
		y := t.greedy(tearRules[round%len(tearRules)], left)
		if len(y.Stuck) > 0 || len(y.Tears) > len(x.Tears) {
			continue
		}
		if x = y; len(x.Tears) < len(best.Tears) {
			best = t.prune(x)
			x = best
		}
	}
	return best
}

// prefer exchanges tears for columns of larger wish, the least wanted first, as long as
// that is affordable.
func (t *tearing) prefer(x *Torn) *Torn {
	if t.Wish == nil || len(x.Stuck) > 0 || len(t.Adj) > searchEntries {
		return x
	}
	t.work = searchBase + searchPerEntry*min(len(t.Adj), searchEntries)
	byWish := make([]int32, t.Cols)
	for c := range byWish {
		byWish[c] = int32(c)
	}
	slices.SortStableFunc(byWish, func(a, b int32) int { return int(t.Wish[b]) - int(t.Wish[a]) })
	least := slices.Clone(x.Tears)
	slices.SortStableFunc(least, func(a, b int32) int { return int(t.Wish[a]) - int(t.Wish[b]) })
	for _, old := range least {
		if t.forced[old] {
			continue
		}
		for _, c := range byWish {
			if t.Wish[c] <= t.Wish[old] || t.work < 0 {
				break
			}
			if t.kept(c) || slices.Contains(x.Tears, c) {
				continue
			}
			set := slices.Clone(x.Tears)
			set[slices.Index(set, old)] = c
			if y := t.enough(set); y != nil && len(y.Tears) <= len(x.Tears) {
				x = y
				break
			}
		}
	}
	return x
}

// The heap of open columns: largest score first, then wish, then index.

func (t *tearing) above(a, b int32) bool {
	switch {
	case t.score[a] != t.score[b]:
		return t.score[a] > t.score[b]
	case t.Wish != nil && t.Wish[a] != t.Wish[b]:
		return t.Wish[a] > t.Wish[b]
	}
	if x, y := len(t.back.Row(a)), len(t.back.Row(b)); x != y {
		return x > y
	}
	return a < b
}

// top is the open column to be torn next, or None.
func (t *tearing) top() int32 {
	if len(t.heap) == 0 {
		return None
	}
	return t.heap[0]
}

func (t *tearing) swap(i, j int) {
	t.heap[i], t.heap[j] = t.heap[j], t.heap[i]
	t.place[t.heap[i]], t.place[t.heap[j]] = int32(i), int32(j)
}

func (t *tearing) up(k int) {
	for k > 0 && t.above(t.heap[k], t.heap[(k-1)/2]) {
		t.swap(k, (k-1)/2)
		k = (k - 1) / 2
	}
}

func (t *tearing) down(k int) {
	for {
		c := 2*k + 1
		if c >= len(t.heap) {
			return
		}
		if c+1 < len(t.heap) && t.above(t.heap[c+1], t.heap[c]) {
			c++
		}
		if !t.above(t.heap[c], t.heap[k]) {
			return
		}
		t.swap(k, c)
		k = c
	}
}

func (t *tearing) remove(c int32) {
	k := int(t.place[c])
	if t.place[c] == None {
		return
	}
	last := len(t.heap) - 1
	t.swap(k, last)
	t.heap = t.heap[:last]
	t.place[c] = None
	if k < last {
		moved := t.heap[k]
		t.up(k)
		t.down(int(t.place[moved]))
	}
}

// Growth is the largest amplification of errors in the tearing variables by the explicit
// part of x.
func (b *Block) Growth(x *Torn) float64 {
	size := equilibrate(b)
	growth := make([]float64, b.Cols)
	for _, c := range x.Tears {
		growth[c] = 1
	}
	most := 0.0
	for k, r := range x.Rows {
		sum, pivot := 0.0, 1.0
		for e := b.Ptr[r]; e < b.Ptr[r+1]; e++ {
			if b.Adj[e] == x.Cols[k] {
				pivot = size[e]
			} else {
				sum += growth[b.Adj[e]] * size[e]
			}
		}
		growth[x.Cols[k]] = sum / pivot
		most = max(most, sum/pivot)
	}
	return most
}
