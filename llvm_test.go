package mtkc_test

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/llvm"
	"github.com/mtkc/mtkc/backend/llvm/libllvm"
	"github.com/mtkc/mtkc/backend/vm"
	"github.com/mtkc/mtkc/runtime/native"
	"github.com/mtkc/mtkc/runtime/ode"
)

// Machine code computes what the vm does, to the last bit: every kernel that is compiled, of every
// model, at random points, straight and with loops.
func TestNativeCodeAgreesWithTheVM(t *testing.T) {
	if _, err := libllvm.Find(); err != nil {
		t.Skip(err)
	}
	if err := native.Supported(); err != nil {
		t.Skip(err)
	}
	paths, args := rolledModels(t)
	compiled, refused := 0, map[string]int{}
	for i, path := range paths {
		for name, low := range map[string]backend.Options{"": {}, "/loops": {RollFrom: 1, MinLoop: 2}} {
			c := mtkc.New(path, mtkc.Options{Args: args[i], Lower: low})
			if found := c.Run(context.Background(), "lower"); found.Errors() > 0 {
				if _, err := os.Stat(path); err != nil {
					t.Fatal(err)
				}
				continue // a model with a mistake in it
			}
			t.Run(filepath.Base(path)+name, func(t *testing.T) {
				m, err := llvm.New(c.Program(), llvm.Options{Level: llvm.Level(i % 2)})
				if err != nil {
					t.Fatal(err)
				}
				for _, k := range m.Report().Kernels {
					if k.Reason != "" {
						refused[k.Reason]++
					} else {
						compiled++
					}
				}
				sameKernels(t, vm.Problem(c.Program()), m.Problem())
			})
		}
	}
	t.Logf("%d kernels compiled, refused: %v", compiled, refused)
	if len(refused) > 0 {
		t.Errorf("kernels that could not be compiled: %v", refused)
	}
	least := 500 // 596 when this was written, 388 of them of this repository
	if files, _ := filepath.Glob(corpus + "/*.bmo"); len(files) == 0 {
		least = 350
	}
	if compiled < least && !t.Failed() {
		t.Errorf("only %d kernels were compiled", compiled)
	}
}

// sameKernels compares all kernels of two problems at random points, bit by bit.
func sameKernels(t *testing.T, want, got *ode.Problem) {
	t.Helper()
	a, b := want.NewKernels(), got.NewKernels()
	rng := rand.New(rand.NewPCG(9, 9))
	n := want.N()
	for range 4 {
		u, p := make([]float64, n), append([]float64(nil), want.P...)
		for i := range u {
			u[i] = want.U0[i] + rng.NormFloat64()
			if rng.IntN(8) == 0 {
				u[i] = float64(rng.IntN(3) - 1)
			}
		}
		for i := range p {
			p[i] *= 1 + 0.1*rng.Float64()
		}
		at := rng.Float64()
		check := func(what string, size int, f, g func(t float64, u, p, out []float64)) {
			t.Helper()
			if f == nil {
				return
			}
			x, y := make([]float64, size), make([]float64, size)
			for i := range y {
				x[i], y[i] = 17, 17
			}
			f(at, u, p, x)
			g(at, u, p, y)
			for i := range x {
				if math.Float64bits(x[i]) != math.Float64bits(y[i]) && !(x[i] != x[i] && y[i] != y[i]) {
					t.Fatalf("%s[%d] = %v (%x), the vm has %v (%x)", what, i, y[i], math.Float64bits(y[i]), x[i], math.Float64bits(x[i]))
				}
			}
		}
		check("rhs", n, a.RHS, b.RHS)
		check("tgrad", n, a.TGrad, b.TGrad)
		check("jac", want.Jac.NNZ(), a.Jac, b.Jac)
		check("invariants", want.NInv, a.Invariants, b.Invariants)
		if want.InvJac != nil {
			check("invjac", want.InvJac.NNZ(), a.InvariantJac, b.InvariantJac)
		}
		if want.Hybrid != nil {
			check("crossings", len(want.Hybrid.Relations), a.Crossings, b.Crossings)
		}
		if want.Noise != nil {
			check("noise", want.Noise.Matrix.NNZ(), a.Noise, b.Noise)
			check("noisejac", want.Noise.Reads.NNZ(), a.NoiseJac, b.NoiseJac)
		}
		if want.Linear != nil {
			linear := func(f func(p, vals []float64)) func(t float64, u, p, out []float64) {
				return func(_ float64, _, p, out []float64) { f(p, out) }
			}
			check("linear", want.Linear.NNZ(), linear(a.Linear), linear(b.Linear))
		}
	}
}

// A run with machine code, waited for or not, is the run with the vm.
func TestNativeRuns(t *testing.T) {
	if _, err := libllvm.Find(); err != nil {
		t.Skip(err)
	}
	for _, dir := range []string{"lorenz", "pendulum", "pollution", "bouncingball"} {
		run := func(f func(c *mtkc.Compiler) *ode.Problem) *ode.Solution {
			c := mtkc.New("examples/"+dir, mtkc.Options{})
			s, err := ode.Solve(context.Background(), f(c), ode.Options{})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		problem := func(p *ode.Problem, err error) *ode.Problem {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		want := run(func(c *mtkc.Compiler) *ode.Problem {
			p, found := c.Problem(context.Background())
			return problem(p, found.Err())
		})
		for _, tiered := range []bool{false, true} {
			got := run(func(c *mtkc.Compiler) *ode.Problem {
				c.LLVM.Tiered = tiered
				p, found := c.Native(context.Background())
				return problem(p, found.Err())
			})
			if got.Len() != want.Len() {
				t.Fatalf("%s, tiered %v: %d times, the vm has %d", dir, tiered, got.Len(), want.Len())
			}
			for i := range want.Len() {
				for j, v := range want.State(i) {
					if got.State(i)[j] != v {
						t.Fatalf("%s, tiered %v: state %d at %v is %v, the vm has %v", dir, tiered, j, want.Times[i], got.State(i)[j], v)
					}
				}
			}
		}
	}
}
