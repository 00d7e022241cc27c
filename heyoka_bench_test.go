//go:build unix

package mtkc

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/runtime/ensemble"
)

// BenchmarkHeyoka integrates 10,000 Lorenz trajectories with random parameters, in lanes and by heyoka's Taylor series in batches of 8
// (testdata/bench/ensemble/taylor.py), by turns; processor times of one core, compiling not counted, the least of the repeats. Errors are
// the median over trajectories of the largest error of a state at t = 10, relative to the largest state, against heyoka at 1e-16. "ratio" is the
// time of heyoka over that of lanes. MTKC_PYTHON is a Python that has heyoka.
func BenchmarkHeyoka(b *testing.B) {
	python := os.Getenv("MTKC_PYTHON")
	if python == "" {
		b.Skip("MTKC_PYTHON does not name a Python with heyoka")
	}
	const n = 10_000
	rng := rand.New(rand.NewPCG(1, 1))
	list := make([]float64, n)
	text := make([]string, n)
	for i := range list {
		list[i] = 10 + 40*rng.Float64()
		text[i] = fmt.Sprint(list[i])
	}
	samples := filepath.Join(b.TempDir(), "r.txt")
	if err := os.WriteFile(samples, []byte(strings.Join(text, "\n")+"\n"), 0o644); err != nil {
		b.Fatal(err)
	}
	type result struct {
		Seconds float64
		Final   []float64
	}
	peer := func(tol float64) (r result) {
		out, err := exec.Command(python, "testdata/bench/ensemble/taylor.py", samples, fmt.Sprint(tol)).Output()
		if err != nil {
			b.Fatal(err)
		}
		if err := json.Unmarshal(out, &r); err != nil {
			b.Fatal(err)
		}
		return r
	}
	reference := peer(1e-16).Final
	deviation := func(u []float64) float64 {
		list := make([]float64, n)
		for i := range list {
			for k := range 3 {
				list[i] = max(list[i], math.Abs(u[3*i+k]-reference[3*i+k]))
			}
			size := 0.0
			for _, v := range reference[3*i : 3*i+3] {
				size = max(size, math.Abs(v))
			}
			list[i] /= size
		}
		slices.Sort(list)
		return list[n/2]
	}
	c := New("examples/lorenz", Options{})
	if _, found := c.Problem(context.Background()); found.Errors() > 0 {
		b.Fatal(found)
	}
	m := &c.Program().Meta
	base := &ensemble.Batch{
		N: n, T: make([]float64, n), TEnd: make([]float64, n), H: make([]float64, n),
		Status: make([]ensemble.Status, n), Steps: make([]int64, n), Rejected: make([]int64, n),
	}
	for i := range n {
		base.TEnd[i] = 10
		base.U = append(base.U, m.U0...)
		p := slices.Clone(m.P)
		for j := range m.Params {
			if m.Params[j].Name == "Rho" {
				p[j] = list[i]
			}
		}
		base.P = append(base.P, p...)
	}
	for _, x := range []struct {
		method     string
		rtol, peer float64 // tolerances of about equal errors
	}{{"Vern7", 1e-6, 1e-6}, {"Vern7", 1e-8, 1e-8}, {"Vern9", 1e-10, 1e-10}, {"Vern9", 1e-12, 1e-12}} {
		for _, backend := range []string{"llvm", "vm"} {
			b.Run(fmt.Sprintf("%s/%g/%s", x.method, x.rtol, backend), func(b *testing.B) {
				e := engineOf(b, c, x.method, backend, x.rtol, x.rtol)
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				own, theirs := math.Inf(1), result{Seconds: math.Inf(1)}
				var bt *ensemble.Batch
				for b.Loop() {
					r := peer(x.peer)
					theirs.Seconds, theirs.Final = min(theirs.Seconds, r.Seconds), r.Final
					bt = copied(base)
					start := processSeconds(b)
					run(b, e, bt)
					own = min(own, processSeconds(b)-start)
				}
				b.ReportMetric(own/n*1e6, "us/traj")
				b.ReportMetric(theirs.Seconds/n*1e6, "heyoka-us/traj")
				b.ReportMetric(theirs.Seconds/own, "ratio")
				b.ReportMetric(-math.Log10(deviation(bt.U)), "digits")
				b.ReportMetric(-math.Log10(deviation(theirs.Final)), "heyoka-digits")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
