package mtkc_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/internal/check/tube"
	"github.com/mtkc/mtkc/runtime/ode"
)

const corpus = "../shared/data/basemodelica"

// TestReferenceTrajectories solves every Base Modelica model of the corpus that has a
// reference trajectory, with the settings of its experiment, and judges it as the
// Modelica tools do.
func TestReferenceTrajectories(t *testing.T) {
	if _, err := os.Stat(corpus); err != nil {
		t.Skip("no corpus of Base Modelica models here: ", corpus)
	}
	files, err := filepath.Glob(filepath.Join(corpus, "*.reference.csv.gz"))
	if err != nil || len(files) == 0 {
		t.Fatal("no reference trajectories in ", corpus, ": ", err)
	}
	for _, file := range files {
		base := strings.TrimSuffix(file, ".reference.csv.gz")
		t.Run(filepath.Base(base), func(t *testing.T) {
			ref, err := tube.Load(file)
			if err != nil {
				t.Fatal(err)
			}
			names, err := tube.Signals(base + ".signals.txt")
			if err != nil {
				t.Fatal(err)
			}
			x, err := tube.LoadExperiment(base + ".experiment.txt")
			if err != nil {
				t.Fatal(err)
			}
			prob, found := mtkc.New(base+".bmo", mtkc.Options{Check: true}).Problem(context.Background())
			if err := found.Err(); err != nil {
				t.Fatal(err)
			}
			// The tolerance of the experiment with every method that the automatic choice
			// may end in, and without one.
			for _, solver := range []string{"auto", "Rodas5P", "BDF"} {
				sol, err := ode.Solve(context.Background(), prob, ode.Options{
					Span: [2]float64{x.Start, x.Stop}, RelTol: x.Tolerance, Solver: solver, Steps: int((x.Stop-x.Start)/x.Interval + 0.5),
				})
				if err != nil {
					t.Fatal(err)
				}
				got := &tube.Table{Time: sol.Times, Names: names}
				for _, name := range names {
					v := sol.Times
					if name != "time" {
						if v, err = sol.Values(name); err != nil {
							t.Fatal(err)
						}
					}
					got.Cols = append(got.Cols, v)
				}
				misses, err := tube.Rule{}.Compare(ref, got, names)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range misses {
					t.Errorf("%s: %v", sol.Solver, m)
				}
			}
		})
	}
}
