package graph

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// closure is the set of columns that tears determine, as a bit set, by the definition:
// a row with one open column determines it if its rank allows.
func closure(b *Block, tears uint32) uint32 {
	got := tears
	for {
		before := got
		for r := range int32(b.Rows()) {
			open, at := 0, None
			for e := b.Ptr[r]; e < b.Ptr[r+1]; e++ {
				if got>>b.Adj[e]&1 == 0 {
					open++
					at = e
				}
			}
			if open == 1 && b.Rank[at] > 0 {
				got |= 1 << b.Adj[at]
			}
		}
		if got == before {
			return got
		}
	}
}

// fewest is the minimum number of tears by trying all sets.
func fewest(b *Block) int {
	n := b.Rows()
	best := n
	for set := range uint32(1) << n {
		if k := bits.OnesCount32(set); k < best && closure(b, set) == 1<<n-1 {
			best = k
		}
	}
	return best
}

// checkTorn checks a bordered triangular form against its definition.
func checkTorn(t testing.TB, b *Block, x *Torn) {
	t.Helper()
	n := b.Rows()
	known := make([]bool, n)
	used := make([]bool, n)
	if !slices.IsSorted(x.Tears) || !slices.IsSorted(x.Rest) {
		t.Fatal("tears or left-over rows are out of order")
	}
	for _, c := range x.Tears {
		if known[c] || b.Keep != nil && b.Keep[c] {
			t.Fatalf("column %d is torn and must not be", c)
		}
		known[c] = true
	}
	if len(x.Rows) != len(x.Cols) {
		t.Fatal("rows and columns do not pair")
	}
	for k, r := range x.Rows {
		if used[r] || known[x.Cols[k]] {
			t.Fatalf("row %d or column %d is used twice", r, x.Cols[k])
		}
		ok := false
		for e := b.Ptr[r]; e < b.Ptr[r+1]; e++ {
			c := b.Adj[e]
			if c == x.Cols[k] {
				ok = b.Rank[e] > 0
			} else if !known[c] {
				t.Fatalf("row %d needs column %d before it is known", r, c)
			}
		}
		if !ok {
			t.Fatalf("row %d cannot be solved for column %d", r, x.Cols[k])
		}
		used[r], known[x.Cols[k]] = true, true
	}
	for _, r := range x.Rest {
		if used[r] {
			t.Fatalf("row %d is used and left over", r)
		}
		used[r] = true
	}
	if len(x.Stuck) == 0 && len(x.Rest) != len(x.Tears) || slices.Contains(used, false) {
		t.Fatalf("%d rows are left for %d tears", len(x.Rest), len(x.Tears))
	}
	for _, c := range x.Stuck {
		known[c] = true
	}
	if slices.Contains(known, false) {
		t.Fatal("a column has no value")
	}
}

// network is a block under construction.
type network struct {
	rows [][]int32
	rank [][]uint8
	n    int32
}

func (g *network) unknown() int32 { g.n++; return g.n - 1 }

// eq adds an equation with entries (column, rank).
func (g *network) eq(entries ...int32) {
	var cols []int32
	var rank []uint8
	for i := 0; i < len(entries); i += 2 {
		cols, rank = append(cols, entries[i]), append(rank, uint8(entries[i+1]))
	}
	g.rows, g.rank = append(g.rows, cols), append(g.rank, rank)
}

func (g *network) block() *Block {
	b := &Block{Bipartite: New(int(g.n))}
	for i, r := range g.rows {
		b.AddRow(r...)
		b.Rank = append(b.Rank, g.rank[i]...)
	}
	return b
}

// largest is the largest strong component of a system as a block.
func (g *network) largest(t testing.TB) *Block {
	whole := g.block()
	m := Match(whole.Bipartite, nil)
	if m.N != whole.Rows() || m.N != whole.Cols {
		t.Fatalf("%d rows, %d columns, %d pairs", whole.Rows(), whole.Cols, m.N)
	}
	var comp []int32
	for _, c := range Components(whole.Bipartite, m) {
		if len(c) > len(comp) {
			comp = c
		}
	}
	at := map[int32]int32{}
	for k, r := range comp {
		at[m.Col[r]] = int32(k)
	}
	b := &Block{Bipartite: New(len(comp))}
	for _, r := range comp {
		var cols []int32
		for e := whole.Ptr[r]; e < whole.Ptr[r+1]; e++ {
			if c, ok := at[whole.Adj[e]]; ok {
				cols = append(cols, c)
				b.Rank = append(b.Rank, whole.Rank[e])
			}
		}
		b.AddRow(cols...)
	}
	return b
}

const (
	unit  = 3 // coefficient +-1
	never = 0 // a parameter that may be 0, or nonlinear
)

// circuit is a random connected network of resistors between nodes with one source: for
// each branch v = p - n and v = R*i, which must not be solved for i, and a current
// balance at each node.
func circuit(rng *rand.Rand, nodes, extra int) *network {
	g := &network{}
	v := make([]int32, nodes) // potentials; node 0 is ground
	for k := 1; k < nodes; k++ {
		v[k] = g.unknown()
	}
	balance := make([][]int32, nodes)
	branch := func(p, n int) {
		i, u := g.unknown(), g.unknown()
		kvl := []int32{u, unit}
		for _, k := range []int{p, n} {
			if k > 0 {
				kvl = append(kvl, v[k], unit)
			}
			balance[k] = append(balance[k], i, unit)
		}
		g.eq(kvl...)
		g.eq(u, unit, i, never)
	}
	for k := 1; k < nodes; k++ {
		branch(k, rng.IntN(k))
	}
	for range extra {
		p := 1 + rng.IntN(nodes-1)
		branch(p, rng.IntN(p))
	}
	for k := 1; k < nodes; k++ {
		g.eq(balance[k]...)
	}
	return g
}

// loops is a thermo-fluid network: pipes with a nonlinear pressure loss between
// junctions, mass balances, and mixing temperatures that follow the flows.
func loops(rng *rand.Rand, junctions, extra int) *network {
	g := &network{}
	p, h := make([]int32, junctions), make([]int32, junctions)
	for k := 1; k < junctions; k++ {
		p[k], h[k] = g.unknown(), g.unknown()
	}
	mass, heat := make([][]int32, junctions), make([][]int32, junctions)
	pipe := func(a, b int) {
		m, dp, rho := g.unknown(), g.unknown(), g.unknown()
		loss := []int32{dp, unit}
		for _, k := range []int{a, b} {
			if k > 0 {
				loss = append(loss, p[k], unit)
			}
			mass[k] = append(mass[k], m, unit)
			heat[k] = append(heat[k], m, never)
		}
		g.eq(loss...)
		g.eq(dp, unit, m, never, rho, never) // dp = zeta*m*|m|/rho
		mix := []int32{rho, unit}            // rho(h)
		if a > 0 {
			mix = append(mix, h[a], never)
			heat[b] = append(heat[b], h[a], never)
		}
		g.eq(mix...)
	}
	for k := 1; k < junctions; k++ {
		pipe(rng.IntN(k), k)
	}
	for range extra {
		b := 1 + rng.IntN(junctions-1)
		pipe(rng.IntN(b), b)
	}
	for k := 1; k < junctions; k++ {
		g.eq(mass[k]...)
		g.eq(append(heat[k], h[k], never)...)
	}
	return g
}

// arm is the acceleration level of n bodies in a plane, each hinged to the one before:
// positions and angles are known, coefficients that depend on them are no pivots.
func arm(n int) *network {
	g := &network{}
	type body struct{ ax, ay, al, fx, fy int32 }
	bodies := make([]body, n)
	for k := range bodies {
		bodies[k] = body{g.unknown(), g.unknown(), g.unknown(), g.unknown(), g.unknown()}
	}
	for k, b := range bodies {
		x := []int32{b.ax, unit, b.al, never}
		y := []int32{b.ay, unit, b.al, never}
		fx, fy := []int32{b.fx, unit, b.ax, 1}, []int32{b.fy, unit, b.ay, 1}
		turn := []int32{b.al, 1, b.fx, never, b.fy, never}
		if k > 0 {
			a := bodies[k-1]
			x = append(x, a.ax, unit, a.al, never)
			y = append(y, a.ay, unit, a.al, never)
		}
		if k+1 < n {
			c := bodies[k+1]
			fx, fy = append(fx, c.fx, unit), append(fy, c.fy, unit)
			turn = append(turn, c.fx, never, c.fy, never)
		}
		g.eq(x...)
		g.eq(y...)
		g.eq(fx...)
		g.eq(fy...)
		g.eq(turn...)
	}
	return g
}

// sparse is a random strongly connected system with a share of entries that are no
// pivots.
func sparse(rng *rand.Rand, n, perRow int, firm float64) *network {
	g := &network{n: int32(n)}
	for r := range n {
		seen := map[int32]bool{}
		var e []int32
		add := func(c int32) {
			if !seen[c] {
				seen[c] = true
				k := int32(never)
				if rng.Float64() < firm {
					k = 1 + int32(rng.IntN(3))
				}
				e = append(e, c, k)
			}
		}
		add(int32(r))
		add(int32((r + 1) % n))
		for range perRow - 2 {
			add(int32(rng.IntN(n)))
		}
		g.eq(e...)
	}
	return g
}

// TestTearWorked tears small graphs by hand.
func TestTearWorked(t *testing.T) {
	for _, c := range []struct {
		name  string
		rows  [][]int32 // (column, rank)
		tears []int32
	}{
		// v1 = R1*i, v2 = R2*i, v1 + v2 = V: the current, as no resistance is a pivot.
		{"voltage divider", [][]int32{{0, 3, 2, 0}, {1, 3, 2, 0}, {0, 3, 1, 3}}, []int32{2}},
		// A ring of four: one is enough.
		{"ring", [][]int32{{0, 3, 1, 3}, {1, 3, 2, 3}, {2, 3, 3, 3}, {3, 3, 0, 3}}, []int32{0}},
		// Two rings that share column 1, in most rows.
		{"figure eight", [][]int32{{0, 1, 1, 1}, {1, 1, 0, 1, 2, 1}, {2, 1, 1, 1}}, []int32{1}},
		// Nonlinear in both: both.
		{"no pivots", [][]int32{{0, 0, 1, 0}, {0, 0, 1, 0}}, []int32{0, 1}},
		// Full 3 by 3: two.
		{"full", [][]int32{{0, 1, 1, 1, 2, 1}, {0, 1, 1, 1, 2, 1}, {0, 1, 1, 1, 2, 1}}, []int32{0, 1}},
	} {
		g := &network{n: int32(len(c.rows))}
		for _, r := range c.rows {
			g.eq(r...)
		}
		b := g.block()
		x := Tear(b)
		checkTorn(t, b, x)
		if !slices.Equal(x.Tears, c.tears) {
			t.Errorf("%s: tears %v, want %v", c.name, x.Tears, c.tears)
		}
	}
	// Of equally small sets, the one that is wished for.
	ring := &network{n: 5}
	for c := range int32(5) {
		ring.eq(c, unit, (c+1)%5, unit)
	}
	wish := ring.block()
	wish.Wish = []int8{0, 1, 0, 4, 2}
	if x := Tear(wish); !slices.Equal(x.Tears, []int32{3}) {
		t.Errorf("tears %v of a ring where column 3 is wished for", x.Tears)
	}
	// A column that must not be torn, alone in a loop of its kind.
	g := &network{n: 2}
	g.eq(0, 0, 1, 0)
	g.eq(0, 0, 1, 0)
	b := g.block()
	b.Keep = []bool{true, false}
	if x := Tear(b); !slices.Equal(x.Stuck, []int32{0}) {
		t.Errorf("stuck at %v", x.Stuck)
	}
}

// TestTearMinimum compares small random blocks with the minimum over all sets.
func TestTearMinimum(t *testing.T) {
	for seed := range uint64(400) {
		rng := rand.New(rand.NewPCG(seed, 7))
		b := sparse(rng, 2+rng.IntN(9), 2+rng.IntN(3), []float64{0.4, 0.7, 1}[seed%3]).block()
		x := Tear(b)
		checkTorn(t, b, x)
		if want := fewest(b); len(x.Tears) != want {
			t.Fatalf("seed %d: %d tears, %d are enough: %v %v", seed, len(x.Tears), want, b.Adj, b.Rank)
		}
	}
}

// TestTearGrowth tears a ladder of unit resistors, where one tear would be enough for
// the structure and amplify errors by 2.6 for each section: the bound is kept, in any
// units.
func TestTearGrowth(t *testing.T) {
	const n = 100
	for _, unitOf := range []float64{1, 1e-6} {
		b := &Block{Bipartite: New(2 * n), MaxGrowth: 1e4}
		row := func(entries ...float64) { // (column, size)
			var cols []int32
			for i := 0; i < len(entries); i += 2 {
				cols = append(cols, int32(entries[i]))
				b.Rank, b.Size = append(b.Rank, 1), append(b.Size, entries[i+1])
			}
			b.AddRow(cols...)
		}
		for k := range n { // v at 2k, i at 2k+1
			v, i := float64(2*k), float64(2*k+1)
			if k == 0 {
				row(v, 1, i, 1/unitOf)
			} else {
				row(v, 1, i, 1/unitOf, v-2, 1)
			}
			if k == n-1 {
				row(v, unitOf, i, 1)
			} else {
				row(v, unitOf, i, 1, i+2, 1)
			}
		}
		x := Tear(b)
		checkTorn(t, b, x)
		// ln(1e4)/ln(2.618) is 9.57 sections for a tear, if tears could go both ways.
		if len(x.Tears) < 7 || len(x.Tears) > 16 {
			t.Errorf("unit %g: %d tears: %v", unitOf, len(x.Tears), x.Tears)
		}
		if g := b.Growth(x); !(g > 100 && g <= 1e4) {
			t.Errorf("growth %g", g)
		}
		free := *b
		free.MaxGrowth = 0
		if x := Tear(&free); len(x.Tears) != 1 {
			t.Errorf("%d tears without a bound", len(x.Tears))
		}
	}
}

// TestTearWide has an equation with very many unknowns, the balance of a ground node.
func TestTearWide(t *testing.T) {
	build := func(n int) *Block {
		g := &network{}
		sum := []int32{}
		common := g.unknown()
		for range n {
			v, i := g.unknown(), g.unknown()
			g.eq(v, unit, common, unit)
			g.eq(v, unit, i, never)
			sum = append(sum, i, unit)
		}
		g.eq(sum...)
		return g.block()
	}
	b := build(20000)
	start := time.Now()
	x := Tear(b)
	checkTorn(t, b, x)
	t.Logf("%d unknowns: %d tears in %v", b.Rows(), len(x.Tears), time.Since(start))
}

// heaviest is the rule that stood here before, as a yardstick: next to be torn is the
// column in most of the remaining rows.
func heaviest(b *Block) int {
	return rounds(b, func(known []bool, open []int, back *Bipartite) int32 {
		best, most := None, -1
		for c := range int32(b.Cols) {
			if known[c] {
				continue
			}
			n := 0
			for _, r := range back.Row(c) {
				if open[r] > 1 {
					n++
				}
			}
			if n > most {
				best, most = c, n
			}
		}
		return best
	})
}

// cellier tears the column that stands in most of the rows with the fewest open
// columns, of those the one in most rows (Cellier's rule as OpenModelica states it).
func cellier(b *Block) int {
	return rounds(b, func(known []bool, open []int, back *Bipartite) int32 {
		few := math.MaxInt
		for r := range open {
			if open[r] > 1 {
				few = min(few, open[r])
			}
		}
		best, most := None, -1
		for c := range int32(b.Cols) {
			if known[c] {
				continue
			}
			n := len(back.Row(c))
			for _, r := range back.Row(c) {
				if open[r] == few {
					n += b.Cols
				}
			}
			if n > most {
				best, most = c, n
			}
		}
		return best
	})
}

// rounds peels and tears by a rule until everything is known.
func rounds(b *Block, rule func(known []bool, open []int, back *Bipartite) int32) int {
	back := b.Transpose()
	known := make([]bool, b.Cols)
	open := make([]int, b.Rows())
	for r := range open {
		open[r] = len(b.Row(int32(r)))
	}
	var queue []int32
	settle := func(c int32) {
		known[c] = true
		for _, r := range back.Row(c) {
			if open[r]--; open[r] == 1 {
				queue = append(queue, r)
			}
		}
	}
	for tears := 0; ; tears++ {
		for len(queue) > 0 {
			r := queue[0]
			queue = queue[1:]
			for e := b.Ptr[r]; e < b.Ptr[r+1]; e++ {
				if c := b.Adj[e]; !known[c] && b.Rank[e] > 0 {
					settle(c)
				}
			}
		}
		c := rule(known, open, back)
		if c == None {
			return tears
		}
		settle(c)
	}
}

// causalize goes through the equations once and solves each for the first unknown that
// closes no cycle (Otter and Elmqvist, Modelica 2017, section 5, with a plain search
// for cycles); what no equation is solved for is torn.
func causalize(b *Block) int {
	by := make([]int32, b.Cols) // row that determines a column
	for c := range by {
		by[c] = None
	}
	n := 0
	for r := range int32(b.Rows()) {
		for e := b.Ptr[r]; e < b.Ptr[r+1]; e++ {
			c := b.Adj[e]
			if b.Rank[e] == 0 || by[c] != None {
				continue
			}
			// Does any other column of the row depend on c?
			seen := map[int32]bool{}
			var reach func(x int32) bool
			reach = func(x int32) bool {
				if x == c {
					return true
				}
				if by[x] == None || seen[x] {
					return false
				}
				seen[x] = true
				for _, y := range b.Row(by[x]) {
					if y != x && reach(y) {
						return true
					}
				}
				return false
			}
			loop := false
			for _, y := range b.Row(r) {
				loop = loop || y != c && reach(y)
			}
			if !loop {
				by[c] = r
				n++
				break
			}
		}
	}
	return b.Cols - n
}

// TestTearZoo compares numbers of tears on blocks of several kinds: the sums over a few
// random members. No other rule may need fewer; go test -v prints the table.
func TestTearZoo(t *testing.T) {
	var table strings.Builder
	fmt.Fprintf(&table, "\n%-34s %6s %8s %9s %8s %10s %8s %8s", "tears, sums over the members", "size", "Tear", "heaviest", "Cellier", "causalize", "minimum", "seconds")
	for _, k := range []struct {
		name  string
		count int
		make  func(rng *rand.Rand) *network
		brute bool
	}{
		{"circuit, 4 nodes", 20, func(r *rand.Rand) *network { return circuit(r, 4, 1+r.IntN(2)) }, true},
		{"circuit, 12 nodes", 10, func(r *rand.Rand) *network { return circuit(r, 12, 8) }, false},
		{"circuit, 50 nodes", 5, func(r *rand.Rand) *network { return circuit(r, 50, 30) }, false},
		{"circuit, 400 nodes", 2, func(r *rand.Rand) *network { return circuit(r, 400, 200) }, false},
		{"fluid loops, 3 junctions", 20, func(r *rand.Rand) *network { return loops(r, 3, 1) }, true},
		{"fluid loops, 10 junctions", 10, func(r *rand.Rand) *network { return loops(r, 10, 4) }, false},
		{"fluid loops, 100 junctions", 3, func(r *rand.Rand) *network { return loops(r, 100, 40) }, false},
		{"planar arm, 3 bodies", 1, func(*rand.Rand) *network { return arm(3) }, true},
		{"planar arm, 6 bodies", 1, func(*rand.Rand) *network { return arm(6) }, false},
		{"planar arm, 50 bodies", 1, func(*rand.Rand) *network { return arm(50) }, false},
		{"sparse, n 14, 3 a row", 20, func(r *rand.Rand) *network { return sparse(r, 14, 3, 0.8) }, true},
		{"sparse, n 50, 3 a row", 10, func(r *rand.Rand) *network { return sparse(r, 50, 3, 0.8) }, false},
		{"sparse, n 50, 4 a row", 10, func(r *rand.Rand) *network { return sparse(r, 50, 4, 1) }, false},
		{"sparse, n 500, 3 a row", 3, func(r *rand.Rand) *network { return sparse(r, 500, 3, 0.8) }, false},
		{"sparse, n 5000, 3 a row", 1, func(r *rand.Rand) *network { return sparse(r, 5000, 3, 1) }, false},
	} {
		size, ours, heavy, cell, causal, least := 0, 0, 0, 0, 0, 0
		var took time.Duration
		for seed := range uint64(k.count) {
			b := k.make(rand.New(rand.NewPCG(seed, 11))).largest(t)
			size += b.Rows()
			start := time.Now()
			x := Tear(b)
			took += time.Since(start)
			checkTorn(t, b, x)
			ours += len(x.Tears)
			heavy, cell, causal = heavy+heaviest(b), cell+cellier(b), causal+causalize(b)
			if k.brute {
				least += fewest(b)
			}
		}
		minimum := "-"
		if k.brute {
			minimum = fmt.Sprint(least)
			if ours != least {
				t.Errorf("%s: %d tears, %d are enough", k.name, ours, least)
			}
		}
		if ours > min(heavy, cell, causal) {
			t.Errorf("%s: %d tears, other rules need %d, %d, %d", k.name, ours, heavy, cell, causal)
		}
		fmt.Fprintf(&table, "\n%-34s %6d %8d %9d %8d %10d %8s %8.3f", fmt.Sprintf("%d x %s", k.count, k.name), size, ours, heavy, cell, causal, minimum, took.Seconds())
	}
	t.Log(table.String())
}

// BenchmarkTear measures the cost for each entry; it should not depend on n.
func BenchmarkTear(b *testing.B) {
	for _, n := range []int{2000, 8000, 32000} {
		g := circuit(rand.New(rand.NewPCG(1, 1)), n, n/2).largest(b)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				Tear(g)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(g.Adj)), "ns/entry")
		})
	}
}
