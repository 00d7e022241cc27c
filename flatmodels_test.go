package mtkc_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/runtime/ode"
)

var expectation = regexp.MustCompile(`(?m)^// expect (\S+) at (\S+) = (\S+) within (\S+)$`)

// TestFlatModels solves the models of testdata/basemodelica/runs, which are written with
// the equations of the Modelica Standard Library, and holds them to the facts at the
// head of each file: analytic values, or those of an independent calculation.
//
// Those of testdata/basemodelica/stiff are too badly conditioned for the comparison of
// code with code that takes the others.
func TestFlatModels(t *testing.T) {
	var files []string
	for _, folder := range []string{"runs", "stiff"} {
		found, err := filepath.Glob(filepath.Join("testdata", "basemodelica", folder, "*.bmo"))
		if err != nil || len(found) == 0 {
			t.Fatal("no models: ", err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".bmo"), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			facts := expectation.FindAllStringSubmatch(string(src), -1)
			if len(facts) == 0 {
				t.Fatal("the file states no expectations")
			}
			prob, found := mtkc.New(file, mtkc.Options{Check: true}).Problem(context.Background())
			if err := found.Err(); err != nil {
				t.Fatal(err)
			}
			number := func(s string) float64 {
				x, err := strconv.ParseFloat(s, 64)
				if err != nil {
					t.Fatal(err)
				}
				return x
			}
			end := 0.0
			for _, f := range facts {
				end = math.Max(end, number(f[2]))
			}
			for _, solver := range []string{"auto", "Rodas5P"} {
				sol, err := ode.Solve(context.Background(), prob, ode.Options{Span: [2]float64{0, end}, RelTol: 1e-8, Solver: solver, Dense: true})
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range facts {
					at, want, tol := number(f[2]), number(f[3]), number(f[4])
					x, err := sol.ValueAt(at, []string{f[1]})
					if err != nil {
						t.Fatal(err)
					}
					if !(math.Abs(x[0]-want) <= tol) {
						t.Errorf("%s: %s at %v is %v, not %v", solver, f[1], at, x[0], want)
					}
				}
			}
		})
	}
}
