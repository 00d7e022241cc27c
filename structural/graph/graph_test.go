package graph

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func of(cols int, rows ...[]int32) *Bipartite {
	g := New(cols)
	for _, r := range rows {
		g.AddRow(r...)
	}
	return g
}

// valid checks that m is a matching of g.
func valid(t testing.TB, g *Bipartite, m *Matching) {
	t.Helper()
	n := 0
	for r, c := range m.Col {
		if c == None {
			continue
		}
		n++
		if m.Row[c] != int32(r) || !slices.Contains(g.Row(int32(r)), c) {
			t.Fatalf("pair (%d, %d) is wrong", r, c)
		}
	}
	if n != m.N {
		t.Fatalf("%d pairs, N is %d", n, m.N)
	}
}

// brute is the size of a maximum matching by trying everything.
func brute(g *Bipartite, r int32, used uint32) int {
	if int(r) == g.Rows() {
		return 0
	}
	best := brute(g, r+1, used)
	for _, c := range g.Row(r) {
		if used&(1<<c) == 0 {
			best = max(best, 1+brute(g, r+1, used|1<<c))
		}
	}
	return best
}

func random(rng *rand.Rand, rows, cols int, density float64) *Bipartite {
	g := New(cols)
	for range rows {
		var r []int32
		for c := range cols {
			if rng.Float64() < density {
				r = append(r, int32(c))
			}
		}
		rng.Shuffle(len(r), func(i, j int) { r[i], r[j] = r[j], r[i] })
		g.AddRow(r...)
	}
	return g
}

func TestMatchAgainstBruteForce(t *testing.T) {
	for seed := range uint64(600) {
		rng := rand.New(rand.NewPCG(seed, 7))
		g := random(rng, rng.IntN(8), 1+rng.IntN(8), rng.Float64())
		want := brute(g, 0, 0)
		m := Match(g, nil)
		valid(t, g, m)
		if m.N != want {
			t.Fatalf("seed %d: Match finds %d of %d pairs", seed, m.N, want)
		}
		a := NewAugmenter(g, NewMatching(g.Rows(), g.Cols))
		rank := 0
		for r := range int32(g.Rows()) {
			// Greedy by rows is the rank of each prefix.
			prefix := &Bipartite{Cols: g.Cols, Ptr: g.Ptr[:r+2], Adj: g.Adj}
			now := brute(prefix, 0, 0)
			if got := a.Augment(r); got != (now > rank) {
				t.Fatalf("seed %d: row %d: augmented %v, rank %d after %d", seed, r, got, now, rank)
			}
			rank = now
		}
		valid(t, g, a.M)
	}
}

func FuzzMatch(f *testing.F) {
	f.Add(uint64(1), uint8(5), uint8(5), uint8(100))
	f.Fuzz(func(t *testing.T, seed uint64, rows, cols, density uint8) {
		rng := rand.New(rand.NewPCG(seed, 3))
		g := random(rng, int(rows%9), int(cols%9)+1, float64(density)/255)
		m := Match(g, nil)
		valid(t, g, m)
		if want := brute(g, 0, 0); m.N != want {
			t.Fatalf("%d of %d pairs", m.N, want)
		}
	})
}

// A long augmenting path: row i has columns i and i+1, the last row only column 0.
func TestMatchChain(t *testing.T) {
	const n = 200000
	g := New(n)
	for i := range int32(n - 1) {
		g.AddRow(i, i+1)
	}
	g.AddRow(0)
	m := Match(g, nil)
	if m.N != n {
		t.Fatalf("%d pairs of %d", m.N, n)
	}
	valid(t, g, m)
}

// The example has an over-determined part {rows 0, 1; column 0}, a square part {row 2;
// column 1} and an under-determined part {row 3; columns 2, 3}.
func TestDulmageMendelsohn(t *testing.T) {
	g := of(4, []int32{0}, []int32{0}, []int32{0, 1}, []int32{1, 2, 3})
	d := DulmageMendelsohn(g, Match(g, nil))
	if want := []Part{Over, Over, Square, Under}; !slices.Equal(d.Row, want) {
		t.Errorf("rows %v", d.Row)
	}
	if want := []Part{Over, Square, Under, Under}; !slices.Equal(d.Col, want) {
		t.Errorf("columns %v", d.Col)
	}
}

// The decomposition does not depend on the matching.
func TestDulmageMendelsohnUnique(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 11))
		g := random(rng, 1+rng.IntN(9), 1+rng.IntN(9), 0.25)
		first := DulmageMendelsohn(g, Match(g, nil))
		order := rng.Perm(g.Rows())
		h := New(g.Cols)
		for _, r := range order {
			row := slices.Clone(g.Row(int32(r)))
			slices.Reverse(row)
			h.AddRow(row...)
		}
		second := DulmageMendelsohn(h, Match(h, nil))
		if !slices.Equal(first.Col, second.Col) {
			t.Fatalf("seed %d: columns differ", seed)
		}
		over, under := 0, 0
		for k, r := range order {
			if first.Row[r] != second.Row[k] {
				t.Fatalf("seed %d: rows differ", seed)
			}
		}
		for _, p := range first.Row {
			if p == Over {
				over++
			} else if p == Under {
				under--
			}
		}
		for _, p := range first.Col {
			if p == Over {
				over--
			} else if p == Under {
				under++
			}
		}
		m := Match(g, nil)
		if over != g.Rows()-m.N || under != g.Cols-m.N {
			t.Fatalf("seed %d: parts are out of balance: %d over, %d under", seed, over, under)
		}
	}
}

// The graph of Duff and Reid's kind: two loops and two single equations.
func TestComponents(t *testing.T) {
	g := of(6,
		[]int32{0, 1},    // loop of 0 and 1
		[]int32{0, 1, 5}, // after 5
		[]int32{2, 0},
		[]int32{3, 4},
		[]int32{3, 4, 2},
		[]int32{5})
	comps := Components(g, Match(g, nil))
	want := [][]int32{{5}, {0, 1}, {2}, {3, 4}}
	if len(comps) != len(want) {
		t.Fatalf("components %v", comps)
	}
	for i := range want {
		if !slices.Equal(comps[i], want[i]) {
			t.Errorf("component %d is %v, not %v", i, comps[i], want[i])
		}
	}
}

// Components agree with reachability on random graphs and are in order.
func TestComponentsAgainstClosure(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 5))
		n := 1 + rng.IntN(9)
		g := New(n)
		for r := range int32(n) {
			row := []int32{r}
			for c := range int32(n) {
				if c != r && rng.Float64() < 0.2 {
					row = append(row, c)
				}
			}
			g.AddRow(row...)
		}
		m := NewMatching(n, n)
		for r := range int32(n) {
			m.Pair(r, r)
		}
		reach := make([][]bool, n)
		for r := range reach {
			reach[r] = make([]bool, n)
			for _, c := range g.Row(int32(r)) {
				reach[r][c] = true
			}
		}
		for k := range n {
			for i := range n {
				for j := range n {
					reach[i][j] = reach[i][j] || reach[i][k] && reach[k][j]
				}
			}
		}
		at := make([]int, n)
		for k, c := range Components(g, m) {
			for _, r := range c {
				at[r] = k
			}
		}
		for i := range n {
			for j := range n {
				if (reach[i][j] && reach[j][i]) != (at[i] == at[j]) {
					t.Fatalf("seed %d: rows %d and %d", seed, i, j)
				}
				if reach[i][j] && at[j] > at[i] {
					t.Fatalf("seed %d: %d comes before %d, on which it depends", seed, i, j)
				}
			}
		}
	}
}

func TestComponentsDeep(t *testing.T) {
	const n = 200000
	g := New(n)
	m := NewMatching(n, n)
	for i := range int32(n) {
		g.AddRow(i, (i+1)%n)
		m.Pair(i, i)
	}
	if c := Components(g, m); len(c) != 1 || len(c[0]) != n {
		t.Fatalf("%d components", len(c))
	}
}
