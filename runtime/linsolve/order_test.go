package linsolve

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func randomPattern(rng *rand.Rand, n int, density float64) *Pattern {
	return fromFull(n, func(i, j int) (float64, bool) { return 0, rng.Float64() < density }).p
}

// structuralRank by plain augmenting paths.
func structuralRank(p *Pattern) int {
	colOf := make([]int, p.Rows)
	for i := range colOf {
		colOf[i] = -1
	}
	var try func(j int, seen []bool) bool
	try = func(j int, seen []bool) bool {
		for _, i := range p.RowIdx[p.ColPtr[j]:p.ColPtr[j+1]] {
			if !seen[i] {
				seen[i] = true
				if colOf[i] < 0 || try(colOf[i], seen) {
					colOf[i] = j
					return true
				}
			}
		}
		return false
	}
	rank := 0
	for j := range p.Cols {
		if try(j, make([]bool, p.Rows)) {
			rank++
		}
	}
	return rank
}

func isPermutation(v []int32) bool {
	seen := make([]bool, len(v))
	for _, i := range v {
		if i < 0 || int(i) >= len(v) || seen[i] {
			return false
		}
		seen[i] = true
	}
	return true
}

func TestTransversalAndBlocks(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 2))
	for trial := range 2000 {
		n := 1 + rng.IntN(25)
		p := randomPattern(rng, n, 3*rng.Float64()/float64(n))
		row := transversal(p)
		if !isPermutation(row) {
			t.Fatalf("seed %d trial %d: %v", seed, trial, row)
		}
		on := map[[2]int32]bool{}
		for j := range n {
			for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
				on[[2]int32{p.RowIdx[e], int32(j)}] = true
			}
		}
		size := 0
		for j, i := range row {
			if on[[2]int32{i, int32(j)}] {
				size++
			}
		}
		if want := structuralRank(p); size != want {
			t.Fatalf("seed %d trial %d: %d pairs, structural rank %d", seed, trial, size, want)
		}
		an := analyse(p)
		if !isPermutation(an.Row) || !isPermutation(an.Col) {
			t.Fatalf("seed %d trial %d: not permutations", seed, trial)
		}
		blockOf := make([]int, n)
		for b := range len(an.Start) - 1 {
			for k := an.Start[b]; k < an.Start[b+1]; k++ {
				blockOf[an.Row[k]] = b
			}
		}
		for b := range len(an.Start) - 1 {
			for k := an.Start[b]; k < an.Start[b+1]; k++ {
				j := an.Col[k]
				for _, i := range p.RowIdx[p.ColPtr[j]:p.ColPtr[j+1]] {
					if blockOf[i] > b {
						t.Fatalf("seed %d trial %d: entry (%d, %d) below the blocks", seed, trial, i, j)
					}
				}
			}
		}
	}
}

// symbolicFill counts the entries of L and U of a symmetric graph eliminated in the
// given order, by brute force.
func symbolicFill(ptr, adj, order []int32) float64 {
	n := len(order)
	a := make([][]bool, n)
	pos := make([]int, n)
	for k, v := range order {
		pos[v] = k
	}
	for i := range a {
		a[i] = make([]bool, n)
	}
	for i := range n {
		for _, j := range adj[ptr[i]:ptr[i+1]] {
			a[pos[i]][pos[j]] = true
		}
	}
	count := n
	for k := range n {
		for i := k + 1; i < n; i++ {
			if !a[i][k] {
				continue
			}
			count += 2
			for j := k + 1; j < n; j++ {
				if j != i && a[k][j] {
					a[i][j] = true
				}
			}
		}
	}
	return float64(count)
}

// exactMinimumDegree is the greedy order with true degrees.
func exactMinimumDegree(ptr, adj []int32) []int32 {
	n := len(ptr) - 1
	nb := make([]map[int32]bool, n)
	for i := range nb {
		nb[i] = map[int32]bool{}
		for _, j := range adj[ptr[i]:ptr[i+1]] {
			nb[i][j] = true
		}
	}
	var order []int32
	done := make([]bool, n)
	for range n {
		best := -1
		for i := range n {
			if !done[i] && (best < 0 || len(nb[i]) < len(nb[best])) {
				best = i
			}
		}
		done[best] = true
		order = append(order, int32(best))
		for i := range nb[best] {
			delete(nb[i], int32(best))
			for j := range nb[best] {
				if i != j {
					nb[i][j] = true
				}
			}
		}
	}
	return order
}

// The order is a permutation, its predicted fill bounds the true one, and the
// true one is close to what exact minimum degrees give, over many graphs.
func TestMinimumDegree(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 3))
	ours, exact := 0.0, 0.0
	for trial := range 400 {
		n := 2 + rng.IntN(50)
		p := randomPattern(rng, n, 4*rng.Float64()/float64(n))
		if trial%5 == 0 { // a few nodes next to all: these are put last
			hub := rng.IntN(n)
			p = fromFull(n, func(i, j int) (float64, bool) {
				return 0, i == hub || j == hub || rng.Float64() < 2/float64(n)
			}).p
		}
		ident := make([]int32, n)
		for i := range ident {
			ident[i] = int32(i)
		}
		ptr, adj := symmetrised(p, blocks{Row: ident, Col: ident}, ident, 0, int32(n))
		order, fill, _ := minimumDegree(ptr, adj)
		if !isPermutation(order) {
			t.Fatalf("seed %d trial %d: %v", seed, trial, order)
		}
		actual := symbolicFill(ptr, adj, order)
		if fill < actual {
			t.Fatalf("seed %d trial %d: predicted %g, true %g", seed, trial, fill, actual)
		}
		ours += actual
		exact += symbolicFill(ptr, adj, exactMinimumDegree(ptr, adj))
	}
	// Approximate degrees cost a few per cent of fill (Amestoy, Davis, Duff 1996).
	if ours > 1.05*exact {
		t.Errorf("seed %d: fill %g, with exact degrees %g", seed, ours, exact)
	}
	t.Logf("fill %g, with exact degrees %g", ours, exact)
}

// A sparse and a dense factorisation of larger unsymmetric systems agree.
func TestSparseAgainstDense(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 4))
	for trial := range 12 {
		n := 200 + rng.IntN(150)
		perm := rng.Perm(n)
		m := fromFull(n, func(i, j int) (float64, bool) {
			on := perm[j] == i || rng.Float64() < 2/float64(n)
			if i == j && perm[j] != i {
				on = false // no diagonal, as in algebraic rows
			}
			return rng.NormFloat64(), on
		})
		a, b := New[float64](m.p, Hints{Kind: DenseLU}), New[float64](m.p, Hints{Kind: SparseLU})
		errA, errB := a.Factor(m.vals), b.Factor(m.vals)
		if (errA == nil) != (errB == nil) {
			t.Fatalf("seed %d trial %d: %v, %v", seed, trial, errA, errB)
		}
		if errA != nil {
			continue
		}
		x, y := make([]float64, n), make([]float64, n)
		for i := range x {
			x[i] = rng.NormFloat64()
			y[i] = x[i]
		}
		rhs := append([]float64(nil), x...)
		a.Solve(x)
		b.Solve(y)
		// Normwise backward error: n eps times growth. (Componentwise even partial
		// pivoting promises nothing.)
		norm := func(x []float64) float64 {
			r := append([]float64(nil), rhs...)
			row, big := make([]float64, n), 0.0
			for j := range n {
				big = max(big, math.Abs(x[j]))
				for e := m.p.ColPtr[j]; e < m.p.ColPtr[j+1]; e++ {
					r[m.p.RowIdx[e]] -= m.vals[e] * x[j]
					row[m.p.RowIdx[e]] += math.Abs(m.vals[e])
				}
			}
			top, res := 0.0, 0.0
			for i := range r {
				res = max(res, math.Abs(r[i]))
				top = max(top, row[i])
			}
			return res / (top * big)
		}
		if ra, rb := norm(x), norm(y); !(ra < 1e-13) || !(rb < 1e-12) {
			t.Errorf("seed %d trial %d: residuals %g, %g", seed, trial, ra, rb)
		}
	}
}
