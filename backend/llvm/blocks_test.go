package llvm

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/mtkc/mtkc/backend"
)

// runsOfLengths is a loop over instances in runs of these lengths, with gaps between them: main[r] = u[r]*p[0] + u[r+9].
func runsOfLengths(first int, lengths ...int) backend.Step {
	var at []int32
	next := first
	for _, n := range lengths {
		for range n {
			at = append(at, int32(next))
			next++
		}
		next += 3
	}
	far := slices.Clone(at)
	for i := range far {
		far[i] += 9
	}
	b := backend.NewBuilder("runs")
	b.Output(backend.Main, 0, b.Emit(backend.Add, b.Emit(backend.Mul, b.Input(backend.U, 0), b.Input(backend.P, 1)), b.Input(backend.U, 2)))
	return backend.Step{Body: b.Finish(), N: len(at), Index: []backend.Table{backend.NewTable(at), {}, backend.NewTable(far)}}
}

func TestCutInto(t *testing.T) {
	for _, test := range []struct {
		first            int
		lengths          []int
		wide, half, rest []int
	}{
		// Entries 33, 40, 48, 55 and 66, 72, 80, 88; then 1, 8, 16, ..., 48, 55.
		{33, []int{30, 30}, []int{0, 7, 15, 22, 30, 36, 44, 52}, nil, nil},
		{1, []int{62, 16}, []int{0, 7, 15, 23, 31, 39, 47, 54, 62, 70}, nil, nil},
		{8, []int{17, 7, 5, 4, 3, 1}, []int{0, 8, 9}, []int{17, 20, 24, 25, 29}, []int{33, 34, 35, 36}},
		{0, []int{1, 2, 3, 3, 8}, nil, nil, nil}, // most are not in runs
	} {
		s := runsOfLengths(test.first, test.lengths...)
		d := cutInto(&s, 8)
		if !slices.Equal(d.wide, test.wide) || !slices.Equal(d.half, test.half) || !slices.Equal(d.rest, test.rest) || (d.follow == nil) != (test.wide == nil) {
			t.Errorf("runs of %v from %d on are divided into %+v", test.lengths, test.first, d)
		}
	}
}

// Whatever the lengths of runs, each instance is computed, and what blocks read and write follows each other.
func TestDivisionIsWhole(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for seed := range 60 {
		var lengths []int
		for range 2 + rng.IntN(12) {
			lengths = append(lengths, 1+rng.IntN(24))
		}
		s := runsOfLengths(rng.IntN(9), append(lengths, 8)...)
		lanes := []int{8, 4, 2}[seed%3]
		d := cutInto(&s, lanes)
		if d.follow == nil {
			continue
		}
		done := make([]bool, s.N)
		cover := func(blocks []int, n int) {
			for _, first := range blocks {
				for i := first; i < first+n; i++ {
					done[i] = true
					if list := s.Index[0].List; list != nil && list[i]-list[first] != int32(i-first) {
						t.Errorf("runs of %v in %d lanes: block %d has gaps", lengths, lanes, first)
					}
				}
			}
		}
		cover(d.wide, lanes)
		cover(d.half, lanes/2)
		cover(d.rest, 1)
		if slices.Contains(done, false) {
			t.Errorf("runs of %v in %d lanes are divided into %+v", lengths, lanes, d)
		}
		k := &backend.Kernel{Name: "runs", Steps: []backend.Step{s}}
		main := 0
		for i := range s.N {
			main = max(main, int(s.Index[0].At(i))+1)
		}
		if seed < 6 {
			compare(t, rng, k, main+9, 1, main, Target{Lanes: lanes}, 1)
		}
	}
}
