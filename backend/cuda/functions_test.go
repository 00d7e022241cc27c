package cuda

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/elementary"
	"github.com/mtkc/mtkc/backend/llvm"
	"github.com/mtkc/mtkc/backend/llvm/libllvm"
	"github.com/mtkc/mtkc/backend/vm"
)

// large are models whose right-hand sides have loops.
var large = []struct{ name, text string }{
	{"brusselator", brusselator2D(6)},
	{"network", network(60)},
	{"chain", chain(50)},
}

// chain is a row of units with a flux from each to the next, which two equations have in common, and a force of their mean.
func chain(n int) string {
	var b strings.Builder
	b.WriteString("param c = 0.7\nvar mean = 0\n")
	sum := ""
	for i := range n {
		fmt.Fprintf(&b, "var x%d = %v fixed\nvar f%d = 0\n", i, math.Cos(float64(i)), i)
		sum += fmt.Sprintf(" + x%d", i)
	}
	fmt.Fprintf(&b, "mean = (%s)/%d\n", sum[3:], n)
	for i := range n {
		fmt.Fprintf(&b, "f%d = c*tanh(x%d - x%d)\n", i, (i+1)%n, i)
		fmt.Fprintf(&b, "der(x%d) = f%d - f%d - mean*x%d\n", i, i, (i+n-1)%n, i)
	}
	return b.String()
}

// brusselator2D is the Brusselator on a square of n by n points, periodic (Hairer, Wanner, Solving ODEs II, IV.10).
func brusselator2D(n int) string {
	var b strings.Builder
	b.WriteString("param A = 1\nparam B = 3.4\nparam D = 0.2\n")
	at := func(x string, i, j int) string { return fmt.Sprintf("%s_%d_%d", x, (i+n)%n, (j+n)%n) }
	for i := range n {
		for j := range n {
			fmt.Fprintf(&b, "var %s = %v fixed\nvar %s = %v fixed\n", at("u", i, j), 1+0.1*float64(i), at("v", i, j), 3+0.1*float64(j))
		}
	}
	for i := range n {
		for j := range n {
			for _, x := range []string{"u", "v"} {
				react := fmt.Sprintf("A + %[1]s*%[1]s*%[2]s - (B + 1)*%[1]s", at("u", i, j), at("v", i, j))
				if x == "v" {
					react = fmt.Sprintf("B*%[1]s - %[1]s*%[1]s*%[2]s", at("u", i, j), at("v", i, j))
				}
				fmt.Fprintf(&b, "der(%s) = %s + D*(%s + %s + %s + %s - 4*%s)\n", at(x, i, j), react, at(x, i-1, j), at(x, i+1, j), at(x, i, j-1), at(x, i, j+1), at(x, i, j))
			}
		}
	}
	return b.String()
}

// network couples n units by an elementary function, each to two others, with time in one of them.
func network(n int) string {
	var b strings.Builder
	b.WriteString("param c = 0.7\n")
	for i := range n {
		fmt.Fprintf(&b, "var x%d = %v fixed\n", i, math.Sin(float64(i)))
	}
	for i := range n {
		fmt.Fprintf(&b, "der(x%d) = c*tanh(x%d - x%d) - x%d*exp(-x%d*x%d)\n", i, (i*7+3)%n, i, i, (i+1)%n, (i+1)%n)
	}
	b.WriteString("var q = 0 fixed\nder(q) = sin(time) - q\n")
	return b.String()
}

// largeModule makes the module of a model, or reads what TestWriteLoops wrote.
func largeModule(t testing.TB, k int) (*backend.Program, *llvm.PTXModule) {
	t.Helper()
	return moduleOf(t, large[k].name, large[k].text, backend.Options{RollFrom: 1, MinLoop: 2})
}

func moduleOf(t testing.TB, name, model string, opt backend.Options) (*backend.Program, *llvm.PTXModule) {
	t.Helper()
	prog := compileWith(t, model, opt)
	if dir := os.Getenv("MTKC_PTX"); dir != "" {
		text, err := os.ReadFile(filepath.Join(dir, name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		m := new(llvm.PTXModule)
		if err := json.Unmarshal(text, m); err != nil {
			t.Fatal(err)
		}
		return prog, m
	}
	lib, err := libllvm.Find()
	if err != nil {
		t.Skip(err)
	}
	m, err := llvm.PTXFor(prog, nil, Oldest, lib)
	if err != nil {
		t.Fatal(err)
	}
	return prog, m
}

// The right-hand sides and Jacobians of large models come out on every device with the bits of the vm.
func TestFunctions(t *testing.T) {
	for _, on := range devices {
		t.Run(on.name, func(t *testing.T) {
			d := on.open(t)
			for k := range large {
				t.Run(large[k].name, func(t *testing.T) {
					prog, m := largeModule(t, k)
					names := ""
					for _, f := range m.Functions {
						names += f.Name + " "
						t.Logf("%s: %d kernels, up to %d threads, %d numbers of scratch memory", f.Name, len(f.Launches), f.Threads, f.Scratch)
					}
					if names != "rhs jac " {
						t.Fatalf("functions %s", names)
					}
					// The vm would call package math.
					basic := *prog
					basic.RHS, basic.Jac = elementary.Lower(prog.RHS), elementary.Lower(prog.Jac)
					p := vm.Problem(&basic)
					f, err := NewFunctions(d, m)
					if err != nil {
						t.Fatal(err)
					}
					want, got := p.NewKernels(), f.Problem(p).NewKernels()
					rng := rand.New(rand.NewPCG(4, 4))
					for range 5 {
						u, q := make([]float64, p.N()), append([]float64(nil), p.P...)
						for i := range u {
							u[i] = rng.NormFloat64()
						}
						for i := range q {
							q[i] *= rng.Float64()
						}
						time := rng.Float64()
						a, b := make([]float64, p.N()), make([]float64, p.N())
						want.RHS(time, u, q, a)
						got.RHS(time, u, q, b)
						sameNumbers(t, "right-hand side", b, a)
						a, b = make([]float64, p.Jac.NNZ()), make([]float64, p.Jac.NNZ())
						want.Jac(time, u, q, a)
						got.Jac(time, u, q, b)
						sameNumbers(t, "Jacobian", b, a)
					}
					if err := errors.Join(f.Err(), f.Close()); err != nil {
						t.Error(err)
					}
				})
			}
		})
	}
}

func sameNumbers(t *testing.T, what string, got, want []float64) {
	t.Helper()
	for i, v := range want {
		if math.Float64bits(v) != math.Float64bits(got[i]) && (v == v || got[i] == got[i]) {
			t.Fatalf("%s: entry %d is %v, the vm has %v", what, i, got[i], v)
		}
	}
}

// side is that of the square of the benchmark.
const side = 120

// BenchmarkFunctions is the right-hand side of the Brusselator with 28,800 states on the GPU, copies of u and du among it, and on the vm.
func BenchmarkFunctions(b *testing.B) {
	d := gpuDevice(b)
	prog, m := moduleOf(b, "brusselator-large", brusselator2D(side), backend.Options{})
	p := vm.Problem(prog)
	f, err := NewFunctions(d, m)
	if err != nil {
		b.Fatal(err)
	}
	du := make([]float64, p.N())
	for _, on := range []struct {
		name string
		rhs  func(t float64, u, p, du []float64)
	}{{"gpu", f.Problem(p).NewKernels().RHS}, {"vm", p.NewKernels().RHS}} {
		b.Run(on.name, func(b *testing.B) {
			for b.Loop() {
				on.rhs(0, p.U0, p.P, du)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(p.N()), "ns/state")
		})
	}
	if err := errors.Join(f.Err(), f.Close()); err != nil {
		b.Error(err)
	}
}
