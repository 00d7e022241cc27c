//go:build unix

package mtkc

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/mtkc/mtkc/backend/fuse"
	"github.com/mtkc/mtkc/backend/llvm"
	"github.com/mtkc/mtkc/runtime/ensemble"
)

// stiffCase is a network of testdata/bench/ensemble.
type stiffCase struct {
	name string
	tend float64
	atol float64 // of CVODE and of lanes alike, per relative tolerance
}

var stiffCases = []stiffCase{{"robertson", 1e4, 1e-4}, {"hires", 321.8122, 1e-2}, {"pollu", 60, 1e-2}}

// varied is the batch of which testdata/bench/ensemble/cvode.c integrates the trajectories: rate j of
// trajectory i is multiplied by 1 + 0.2 (2 v - 1), v = frac((i+1) frac(sqrt(j+2))).
func varied(c *Compiler, n int, tend float64) *ensemble.Batch {
	m := &c.Program().Meta
	b := &ensemble.Batch{
		N: n, T: make([]float64, n), TEnd: make([]float64, n), H: make([]float64, n),
		Status: make([]ensemble.Status, n), Steps: make([]int64, n), Rejected: make([]int64, n),
	}
	for i := range n {
		b.TEnd[i] = tend
		b.U = append(b.U, m.U0...)
		p := slices.Clone(m.P)
		k := 0
		for j := range m.Params {
			if m.Params[j].Name[0] == 's' { // start(...)
				continue
			}
			phi := math.Sqrt(float64(k) + 2)
			v := float64(i+1) * (phi - math.Floor(phi))
			p[j] *= 1 + 0.2*(2*(v-math.Floor(v))-1)
			k++
		}
		b.P = append(b.P, p...)
	}
	return b
}

// cvode builds the program that loops over CVODE. MTKC_SUNDIALS is the root of an optimised installation of
// SUNDIALS 6 or later with static libraries in lib.
func cvode(b *testing.B) string {
	prefix := os.Getenv("MTKC_SUNDIALS")
	if prefix == "" {
		b.Skip("MTKC_SUNDIALS does not say where an optimised SUNDIALS is installed")
	}
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		b.Skip("no gcc in PATH")
	}
	bin := filepath.Join(b.TempDir(), "cvode")
	args := []string{"-O3", "-march=native", "-I", filepath.Join(prefix, "include"), "testdata/bench/ensemble/cvode.c", "-o", bin}
	for _, l := range []string{"cvode", "nvecserial", "sunmatrixdense", "sunlinsoldense", "sunnonlinsolnewton", "core", "generic"} {
		if lib := filepath.Join(prefix, "lib", "libsundials_"+l+".a"); exists(lib) {
			args = append(args, lib)
		}
	}
	if out, err := exec.Command(gcc, append(args, "-lm")...).CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return bin
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// BenchmarkStiffEnsemble integrates parameter sets of three stiff networks in lanes, on one core, and by a
// loop over CVODE in C, by turns; processor times. Errors are true ones: the median over trajectories of the largest error of a
// state at the end, relative to max(|u|, atol/rtol), against lanes at 1e-11. "ratio" is the time of CVODE over that of lanes.
func BenchmarkStiffEnsemble(b *testing.B) {
	bin := cvode(b)
	const n, sample = 10_000, 200
	for _, sc := range stiffCases {
		c := New("testdata/bench/ensemble/"+sc.name+".bmo", Options{})
		if _, found := c.Problem(context.Background()); found.Errors() > 0 {
			b.Fatal(found)
		}
		reference := varied(c, sample, sc.tend)
		run(b, engineOf(b, c, "Rodas5P", "vm", 1e-11, 1e-11*sc.atol), reference)
		deviation := func(u []float64) float64 {
			states := len(u) / sample
			list := make([]float64, sample)
			for i := range list {
				for k := range states {
					r := reference.U[i*states+k]
					list[i] = max(list[i], math.Abs(u[i*states+k]-r)/max(math.Abs(r), sc.atol))
				}
			}
			slices.Sort(list)
			return list[sample/2]
		}
		for _, rtol := range []float64{1e-4, 1e-6, 1e-8} {
			for _, w := range []struct{ backend, method string }{{"vm", "Rodas5P"}, {"llvm", "Rodas5P"}} {
				b.Run(fmt.Sprintf("%s/rtol=%g/%s/%s", sc.name, rtol, w.backend, w.method), func(b *testing.B) {
					e := engineOf(b, c, w.method, w.backend, rtol, rtol*sc.atol)
					base := varied(c, n, sc.tend)
					var own, peer []float64
					var bt *ensemble.Batch
					var out struct {
						Seconds float64
						Steps   int64
						Failed  int
						Final   []float64
					}
					for b.Loop() {
						text, err := exec.Command(bin, sc.name, fmt.Sprint(n), fmt.Sprint(sc.tend), fmt.Sprint(rtol), fmt.Sprint(rtol*sc.atol), fmt.Sprint(sample)).Output()
						if err != nil {
							b.Fatal(err)
						}
						if err := json.Unmarshal(text, &out); err != nil || out.Failed > 0 {
							b.Fatalf("CVODE: %v, %d failed", err, out.Failed)
						}
						peer = append(peer, out.Seconds)
						bt = copied(base)
						start := processSeconds(b)
						run(b, e, bt)
						own = append(own, processSeconds(b)-start)
					}
					slices.Sort(own)
					slices.Sort(peer)
					steps := int64(0)
					for i := range n {
						steps += bt.Steps[i] + bt.Rejected[i]
					}
					m := len(own) / 2
					b.ReportMetric(own[m]/n*1e6, "us/traj")
					b.ReportMetric(peer[m]/n*1e6, "CVODE-us/traj")
					b.ReportMetric(peer[m]/own[m], "ratio")
					b.ReportMetric(deviation(bt.U[:sample*len(bt.U)/n]), "error")
					b.ReportMetric(deviation(out.Final), "CVODE-error")
					b.ReportMetric(float64(steps)/n, "steps")
					b.ReportMetric(float64(out.Steps)/n, "CVODE-steps")
					b.ReportMetric(0, "ns/op")
				})
			}
		}
	}
}

func copied(b *ensemble.Batch) *ensemble.Batch {
	c := *b
	c.T, c.U, c.H, c.Status = slices.Clone(b.T), slices.Clone(b.U), slices.Clone(b.H), slices.Clone(b.Status)
	c.Steps, c.Rejected = slices.Clone(b.Steps), slices.Clone(b.Rejected)
	return &c
}

func run(b *testing.B, e ensemble.Engine, bt *ensemble.Batch) {
	b.Helper()
	if err := e.Run(context.Background(), bt); err != nil {
		b.Fatal(err)
	}
	for i, s := range bt.Status {
		if s != ensemble.Reached {
			b.Fatalf("trajectory %d: status %v at %v", i, s, bt.T[i])
		}
	}
}

// engineOf makes an engine of lanes.
func engineOf(b *testing.B, c *Compiler, method, backend string, rtol, atol float64) ensemble.Engine {
	b.Helper()
	in, err := fuse.New(c.Program(), method, fuse.Options{})
	if err != nil {
		b.Fatal(err)
	}
	s := fuse.Settings{RelTol: rtol, AbsTol: []float64{atol}, MaxSteps: 1_000_000}
	if backend == "vm" {
		e, err := fuse.NewVMEngine(in, 0, s)
		if err != nil {
			b.Fatal(err)
		}
		return e
	}
	native, err := llvm.NewEnsemble(in, llvm.EnsembleOptions{})
	if err != nil {
		b.Skip(err)
	}
	e, err := native.Engine(s)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { e.Close() })
	return e
}

// processSeconds is the processor time of this process.
func processSeconds(b *testing.B) float64 {
	b.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return float64(r.Utime.Sec+r.Stime.Sec) + 1e-6*float64(r.Utime.Usec+r.Stime.Usec)
}
