package backend

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// network is a rolled kernel of n reactions between n/2 species: rates p*u*u go to the scratch array, balances add three of them, less a
// number of the species. With neighbours, reactions are between species side by side.
func network(rng *rand.Rand, n int, neighbours bool) *Kernel {
	column := func(n, below int) Table {
		list := make([]int32, n)
		for i := range list {
			list[i] = int32(rng.IntN(below))
			if neighbours {
				list[i] = int32(i % below)
			}
		}
		return NewTable(list)
	}
	k := &Kernel{Name: "network", Scratch: n, Zero: true}
	b := NewBuilder("rates")
	b.Output(Scratch, 3, b.Emit(Mul, b.Emit(Mul, b.Input(U, 0), b.Input(U, 1)), b.Input(P, 2)))
	k.Steps = append(k.Steps, Step{Body: b.Finish(), N: n, Index: []Table{column(n, n/2), column(n, n/2), column(n, n), {Stride: 1}}})
	b = NewBuilder("balances")
	b.Output(Main, 3, b.Emit(Sub, b.Emit(Add, b.Emit(Add, b.Input(S, 0), b.Input(S, 1)), b.Input(S, 2)), b.Emit(Data, 0)))
	row := make([]float64, n/2)
	for i := range row {
		row[i] = rng.Float64()
	}
	k.Steps = append(k.Steps, Step{Body: b.Finish(), N: n / 2, Index: []Table{column(n/2, n), column(n/2, n), column(n/2, n), {Base: 1, Stride: 1}}, Data: [][]float64{row}})
	b = NewBuilder("first")
	v := b.Emit(Mul, b.Input(S, 5), b.Number(3))
	b.Label(v, "first", 7)
	b.Output(Main, 0, v)
	k.Steps = append(k.Steps, Step{Body: b.Finish()})
	return k
}

func TestUnrolled(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for _, n := range []int{20, 300, 2000} {
		k := network(rng, n, false)
		s := k.Unrolled()
		if len(s.Steps) > 0 || !s.Zero || s.Ops() > k.Work() || len(s.Labels) != 1 || s.Labels[0].Name != "first" {
			t.Fatalf("%d reactions: %d steps, %d operations of %d, labels %v", n, len(s.Steps), s.Ops(), k.Work(), s.Labels)
		}
		u, p := make([]float64, n/2), make([]float64, n)
		for i := range p {
			u[i/2], p[i] = rng.NormFloat64(), rng.NormFloat64()
		}
		if got, want := runSteps(s, u, p, n/2+1), runSteps(k, u, p, n/2+1); !slices.Equal(got, want) {
			t.Errorf("%d reactions: other results", n)
		}
	}
	if k := network(rng, 300, true); k.Unrolled() != k {
		t.Error("loops over neighbours are unrolled")
	}
	if k := network(rng, 16_000, false); k.Unrolled() != k {
		t.Error("a kernel of 56,000 operations is unrolled")
	}
}
