package jump

import (
	"math"
	"slices"
	"testing"

	"github.com/mtkc/mtkc/runtime/ensemble"
	"github.com/mtkc/mtkc/runtime/ode"
)

// An ensemble is the same on any number of workers, and its trajectories are the paths of their numbers.
func TestEnsemble(t *testing.T) {
	p := birthDeath()
	p.Observables = []ode.Observable{{Name: "A", Kind: ode.State, Sign: 1}}
	p.NewObserver = func([]int) func(t float64, u, p, out []float64) {
		return func(_ float64, u, _, out []float64) { out[0] = u[0] }
	}
	const n = 400
	var first []ensemble.Trajectory
	for _, workers := range []int{1, 3} {
		r, err := ensemble.Solve(t.Context(), p, ensemble.Func(nil, n, func(int64, *ensemble.Setup) {}), ensemble.Options{Vars: []string{"A"}, Workers: workers, Keep: true, Statistics: true, Run: ode.Options{Seed: 7, Steps: 10}})
		if err != nil || r.N != n {
			t.Fatal(err)
		}
		if first == nil {
			first = r.Trajectories
			for _, i := range []int{0, 5, n - 1} {
				sol := run(t, p, ode.Options{Seed: 7, Path: uint64(i), Steps: 10})
				for k := range sol.Len() {
					if got := first[i].Record[k]; got != sol.State(k)[0] {
						t.Errorf("trajectory %d has %v at %v, the path %v", i, got, sol.Times[k], sol.State(k)[0])
					}
				}
			}
			continue
		}
		for i, x := range r.Trajectories {
			if !slices.Equal(x.Record, first[i].Record) {
				t.Errorf("trajectory %d is another one with %d workers", i, workers)
			}
		}
	}
	mean := 0.0
	for _, x := range first {
		mean += x.Record[len(x.Record)-1] / n
	}
	if want := 99.99546000702375; math.Abs(mean-want) > 4*math.Sqrt(want/n) {
		t.Errorf("mean %v, want %v", mean, want)
	}
}
