package sparsity

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// random returns a pattern, the entries it was made from and the same as a matrix.
func random(rng *rand.Rand, rows, cols, n int) (*Pattern, []Entry, [][]bool) {
	var es []Entry
	m := make([][]bool, rows)
	for i := range m {
		m[i] = make([]bool, cols)
	}
	for range n {
		e := Entry{int32(rng.IntN(rows)), int32(rng.IntN(cols))}
		es = append(es, e)
		m[e.Row][e.Col] = true
	}
	p, slot := New(rows, cols, es)
	for k, e := range es {
		if p.Find(int(e.Row), int(e.Col)) != int(slot[k]) {
			panic("slot")
		}
	}
	return p, es, m
}

func same(t *testing.T, p *Pattern, m [][]bool) {
	t.Helper()
	n := 0
	for i := range m {
		for j := range m[i] {
			if m[i][j] {
				n++
			}
			if (p.Find(i, j) >= 0) != m[i][j] {
				t.Fatalf("entry (%d, %d): want %v", i, j, m[i][j])
			}
		}
	}
	if n != p.NNZ() {
		t.Fatalf("%d entries, want %d", p.NNZ(), n)
	}
	for j := range p.Cols {
		if c := p.Column(j); !slices.IsSorted(c) {
			t.Fatalf("column %d is not sorted: %v", j, c)
		}
	}
}

func TestAgainstDense(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 7))
		rows, cols := 1+rng.IntN(12), 1+rng.IntN(12)
		p, _, m := random(rng, rows, cols, rng.IntN(40))
		same(t, p, m)
		tr, from := p.Transpose()
		for i := range m {
			for j := range m[i] {
				if k := tr.Find(j, i); (k >= 0) != m[i][j] || k >= 0 && int(from[k]) != p.Find(i, j) {
					t.Fatalf("seed %d: transpose at (%d, %d)", seed, i, j)
				}
			}
		}
		q, _, mq := random(rng, rows, cols, rng.IntN(40))
		for i := range mq {
			for j := range mq[i] {
				mq[i][j] = mq[i][j] || m[i][j]
			}
		}
		same(t, p.Union(q), mq)
		l := p.Linsolve()
		if l.Rows != rows || l.Cols != cols || l.NNZ() != p.NNZ() {
			t.Fatal("linsolve")
		}
	}
}

func TestColumns(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 8))
		rows, cols := 1+rng.IntN(12), 1+rng.IntN(12)
		p, _, m := random(rng, rows, cols, rng.IntN(60))
		colour, n := p.Columns()
		for i := range m {
			seen := map[int32]bool{}
			for j := range m[i] {
				if m[i][j] {
					if c := colour[j]; seen[c] || int(c) >= n || c < 0 {
						t.Fatalf("seed %d: row %d sees colour %d twice", seed, i, c)
					}
					seen[colour[j]] = true
				}
			}
		}
	}
}

// A band matrix of half width w needs 2w+1 colours and a greedy colouring in a fitting
// order finds them (Curtis, Powell, Reid 1974); a tridiagonal one needs 3.
func TestTridiagonal(t *testing.T) {
	const n = 1000
	var es []Entry
	for i := range int32(n) {
		for j := max(i-1, 0); j <= min(i+1, n-1); j++ {
			es = append(es, Entry{i, j})
		}
	}
	p, _ := New(n, n, es)
	if _, c := p.Columns(); c != 3 {
		t.Errorf("%d colours for a tridiagonal matrix", c)
	}
	if _, c := p.Star(); c != 3 {
		t.Errorf("%d colours for a symmetric tridiagonal matrix", c)
	}
}

func TestStar(t *testing.T) {
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(seed, 9))
		n := 1 + rng.IntN(12)
		_, es, m := random(rng, n, n, rng.IntN(40))
		for _, e := range es {
			es = append(es, Entry{e.Col, e.Row})
			m[e.Col][e.Row] = true
		}
		p, _ := New(n, n, es)
		colour, _ := p.Star()
		for i := range n {
			for j := range n {
				if i == j {
					continue
				}
				near := m[i][j]
				for k := range n {
					near = near || m[i][k] && m[k][j]
				}
				if near && colour[i] == colour[j] {
					t.Fatalf("seed %d: %d and %d share colour %d", seed, i, j, colour[i])
				}
			}
		}
	}
}
