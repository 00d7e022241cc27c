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
	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/ode"
)

// rolledModels are models of every kind that there is: all examples, and the flat models
// of the test data and of the corpus, where it is there.
func rolledModels(t *testing.T) (paths []string, args []map[string]string) {
	add := func(path string, arg map[string]string) {
		paths, args = append(paths, path), append(args, arg)
	}
	dirs, err := filepath.Glob("examples/*/*.go")
	if err != nil || len(dirs) == 0 {
		t.Fatal("no examples: ", err)
	}
	seen := map[string]bool{}
	for _, f := range dirs {
		if dir := filepath.Dir(f); !seen[dir] && dir != "examples/robertson" && dir != "examples/brusselator" {
			seen[dir] = true
			add(dir, nil)
		}
	}
	add("examples/rcladder", map[string]string{"N": "40"})
	for _, pattern := range []string{"testdata/basemodelica/runs/*.bmo", corpus + "/*.bmo"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			add(f, nil)
		}
	}
	return paths, args
}

// Rolled code computes what straight-line code does, up to the order of sums: every
// kernel of every model at random points, with loops from two instances on.
func TestRolledCodeAgreesWithStraightLineCode(t *testing.T) {
	paths, args := rolledModels(t)
	loops := 0
	for i, path := range paths {
		compile := func(low backend.Options) (*backend.Program, *ode.Problem) {
			c := mtkc.New(path, mtkc.Options{Args: args[i], Lower: low})
			prob, _ := c.Problem(context.Background())
			return c.Program(), prob
		}
		_, want := compile(backend.Options{RollFrom: math.MaxInt})
		prog, got := compile(backend.Options{RollFrom: 1, MinLoop: 2})
		if want == nil {
			if _, err := os.Stat(path); err != nil {
				t.Fatal(err)
			}
			continue // a model with a mistake in it
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			for _, k := range []*backend.Kernel{prog.RHS, prog.Jac, prog.Observed} {
				for s := range k.Steps {
					if k.Steps[s].N > 0 {
						loops++
					}
				}
			}
			compareKernels(t, want, got)
		})
	}
	if loops < 100 {
		t.Errorf("only %d loops in all models", loops)
	}
}

// compareKernels evaluates all kernels of two problems of one model at random points.
func compareKernels(t *testing.T, want, got *ode.Problem) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(7, 7))
	a, b := want.NewKernels(), got.NewKernels()
	// What sums in another order may change is what the last bits of the arguments change:
	// z are the values at arguments that differ there, nil where they were not asked for.
	near := func(what string, x, y, z []float64) {
		t.Helper()
		if len(x) != len(y) {
			t.Fatalf("%s: %d values, not %d", what, len(y), len(x))
		}
		for i := range x {
			if x[i] == y[i] || math.IsNaN(x[i]) && math.IsNaN(y[i]) {
				continue
			}
			noise := 0.0
			if z != nil {
				noise = 1e3 * math.Abs(z[i]-x[i])
			}
			if !(math.Abs(x[i]-y[i]) <= noise+1e-9*math.Max(1, math.Abs(x[i]))) {
				t.Fatalf("%s[%d] = %v, want %v", what, i, y[i], x[i])
			}
		}
	}
	same := func(what string, x, y []float64) {
		t.Helper()
		near(what, x, y, nil)
	}
	dense := func(p *linsolve.Pattern, vals []float64) []float64 {
		d := make([]float64, p.Rows*p.Cols)
		for j := range p.Cols {
			for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
				d[int(p.RowIdx[e])*p.Cols+j] = vals[e]
			}
		}
		return d
	}
	random := func(n int) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = 0.5 + rnd.Float64()
		}
		return v
	}
	n := want.N()
	if (a.Bind == nil) != (b.Bind == nil) {
		t.Fatal("one of the problems has no bindings")
	}
	if a.Bind != nil {
		set, p := make([]bool, len(want.Params)), append([]float64(nil), want.P...)
		for i := range set {
			set[i] = rnd.IntN(3) == 0
			p[i] = 0.5 + rnd.Float64()
		}
		q := append([]float64(nil), p...)
		a.Bind(p, set)
		b.Bind(q, set)
		same("Bind", p, q)
	}
	for range 3 {
		u, p, time := random(n), append([]float64(nil), want.P...), rnd.Float64()
		for i := len(want.Params); i < len(p); i++ {
			p[i] = float64(rnd.IntN(2)) // discrete memory
		}
		// shaken calls f with arguments changed in their last bits.
		shaken := func(f func()) {
			keepU, keepP, keepT := append([]float64(nil), u...), append([]float64(nil), p...), time
			for i := range u {
				u[i] *= 1 + 1e-15*rnd.NormFloat64()
			}
			for i := range want.Params {
				p[i] *= 1 + 1e-15*rnd.NormFloat64()
			}
			time *= 1 + 1e-15
			f()
			copy(u, keepU)
			copy(p, keepP)
			time = keepT
		}
		both := func(what string, n int, f func(k *ode.Kernels, v []float64)) {
			t.Helper()
			x := random(n)
			y, z := append([]float64(nil), x...), append([]float64(nil), x...)
			f(a, x)
			f(b, y)
			shaken(func() { f(a, z) })
			near(what, x, y, z)
		}
		both("RHS", n, func(k *ode.Kernels, v []float64) { k.RHS(time, u, p, v) })
		both("TGrad", n, func(k *ode.Kernels, v []float64) { k.TGrad(time, u, p, v) })
		matrix := func(what string, pa, pb *linsolve.Pattern, fa, fb func(v []float64)) {
			t.Helper()
			x, y, z := make([]float64, pa.NNZ()), make([]float64, pb.NNZ()), make([]float64, pa.NNZ())
			fa(x)
			fb(y)
			shaken(func() { fa(z) })
			near(what, dense(pa, x), dense(pb, y), dense(pa, z))
		}
		matrix("Jac", want.Jac, got.Jac, func(v []float64) { a.Jac(time, u, p, v) }, func(v []float64) { b.Jac(time, u, p, v) })
		if (want.Noise == nil) != (got.Noise == nil) {
			t.Fatal("one of the problems has no noise")
		}
		if want.Noise != nil {
			matrix("Noise", want.Noise.Matrix, got.Noise.Matrix, func(v []float64) { a.Noise(time, u, p, v) }, func(v []float64) { b.Noise(time, u, p, v) })
			if (a.NoiseJac == nil) != (b.NoiseJac == nil) {
				t.Fatal("one of the problems has no derivatives of the noise")
			}
			if a.NoiseJac != nil {
				matrix("NoiseJac", want.Noise.Reads, got.Noise.Reads, func(v []float64) { a.NoiseJac(time, u, p, v) }, func(v []float64) { b.NoiseJac(time, u, p, v) })
			}
		}
		if want.NInv > 0 {
			both("Invariants", want.NInv, func(k *ode.Kernels, v []float64) { k.Invariants(time, u, p, v) })
			matrix("InvariantJac", want.InvJac, got.InvJac, func(v []float64) { a.InvariantJac(time, u, p, v) }, func(v []float64) { b.InvariantJac(time, u, p, v) })
		}
		if want.Hybrid != nil && len(want.Hybrid.Relations) > 0 {
			both("Crossings", len(want.Hybrid.Relations), func(k *ode.Kernels, v []float64) { k.Crossings(time, u, p, v) })
		}
		if a.Assert != nil {
			if ka, kb := a.Assert(time, u, p), b.Assert(time, u, p); ka != kb {
				t.Fatalf("Assert: action %d, want %d", kb, ka)
			}
		}
		if a.Update != nil {
			ua, ub := make([]float64, n), make([]float64, n)
			pa, pb := make([]float64, len(p)), make([]float64, len(p))
			if ka, kb := a.Update(time, u, p, ua, pa), b.Update(time, u, p, ub, pb); ka != kb {
				t.Fatalf("Update: action %d, want %d", kb, ka)
			}
			same("Update u", ua, ub)
			same("Update p", pa, pb)
		}
		var all, some []int
		for i := range want.Observables {
			all = append(all, i)
			if rnd.IntN(4) == 0 {
				some = append(some, i)
			}
		}
		for _, which := range [][]int{all, some} {
			x, y, z := make([]float64, len(which)), make([]float64, len(which)), make([]float64, len(which))
			want.NewObserver(which)(time, u, p, x)
			got.NewObserver(which)(time, u, p, y)
			shaken(func() { want.NewObserver(which)(time, u, p, z) })
			near("Observed", x, y, z)
		}
		if want.Init == nil {
			continue
		}
		for k := range want.Init.Blocks {
			blk := &want.Init.Blocks[k]
			w := random(want.Init.NW)
			w2 := append([]float64(nil), w...)
			x, y := make([]float64, len(blk.Residual)), make([]float64, len(blk.Residual))
			a.Init[k].Eval(time, w, p, x)
			b.Init[k].Eval(time, w2, p, y)
			same("Init.Eval w", w, w2)
			same("Init.Eval", x, y)
			if blk.Jac != nil {
				matrix("Init.Jac", blk.Jac, got.Init.Blocks[k].Jac, func(v []float64) { a.Init[k].Jac(time, w, p, v) }, func(v []float64) { b.Init[k].Jac(time, w, p, v) })
			}
		}
	}
}
