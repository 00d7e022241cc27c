//go:build !mtkc

package model

import (
	"math/rand/v2"
	"reflect"
	"testing"
)

// TestFlowSets compares with repeated relabelling of all ends.
func TestFlowSets(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		const n = 20
		s := newFlowSets(n)
		label := make([]int, 2*n)
		for i := range label {
			label[i] = i
		}
		var order []int32
		seen := map[int32]bool{}
		for range r.IntN(30) {
			x, y := end{r.Int32N(n), r.IntN(2) == 1}, end{r.Int32N(n), r.IntN(2) == 1}
			lx, ly := label[x.key()], label[y.key()]
			if got := s.connect(x, y); got != (lx != ly) {
				t.Fatalf("seed %d: connect %v %v reports %v", seed, x, y, got)
			}
			for i := range label {
				if label[i] == ly {
					label[i] = lx
				}
			}
			for _, e := range []end{x, y} {
				if !seen[e.key()] {
					seen[e.key()] = true
					order = append(order, e.key())
				}
			}
		}
		var want [][]end
		at := map[int]int{}
		for _, k := range order {
			i, ok := at[label[k]]
			if !ok {
				i = len(want)
				at[label[k]] = i
				want = append(want, nil)
			}
			want[i] = append(want[i], end{k / 2, k%2 == 1})
		}
		got, of := s.sets()
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: %v, want %v", seed, got, want)
		}
		for i, set := range got {
			for _, e := range set {
				if of[e.key()] != i {
					t.Fatalf("seed %d: %v is in set %d, not %d", seed, e, i, of[e.key()])
				}
			}
		}
	}
}

func TestImbalances(t *testing.T) {
	m := New("m")
	r := m.Var("r.v")
	m.Vars[m.AddVar(func() Variable { v := m.NewVariable("r.i", Unknown); v.Path, v.Prefix = "r", "flow"; return v }())].Desc = "current"
	m.Equations = append(m.Equations, Equation{Lhs: r.ID(), Rhs: 0, Path: "r"})
	m.Equations = append(m.Equations, Equation{Lhs: m.Vars[1].Sym, Rhs: 0, Connection: true})
	if got := m.Imbalances(); len(got) != 0 {
		t.Errorf("balanced: %v", got)
	}
	m.Equations = m.Equations[1:]
	if got := m.Imbalances(); len(got) != 1 || got[0].Path != "r" || got[0].Missing != 1 {
		t.Errorf("an equation of r is missing: %v", got)
	}
	m.Equations = m.Equations[:0]
	if got := m.Imbalances(); len(got) != 2 || got[0].Path != "" || got[1].Path != "r" {
		t.Errorf("both are missing: %v", got)
	}
}
