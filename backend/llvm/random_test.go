package llvm

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/vm"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/internal/check/randexpr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/structural"
)

var (
	rounds = flag.Int("rounds", 8, "rounds of random programs, and of random kernels")
	seed   = flag.Uint64("seed", 5, "of random programs and kernels")
)

// randomProgram makes a program of random right-hand sides with three states and two parameters.
func randomProgram(t testing.TB, src randexpr.Source, depth int) *backend.Program {
	t.Helper()
	p := expr.NewPool()
	g := randexpr.New(p, src, randexpr.Options{Depth: depth, Symbols: 5})
	pl := &structural.Plan{Sys: &model.System{Name: "plain", Pool: p}, Pool: p, NDiff: 3}
	for range 3 {
		pl.Deriv = append(pl.Deriv, g.Real())
	}
	for _, s := range g.Syms[:3] {
		pl.States = append(pl.States, structural.State{Atom: s, Name: p.Name(s), Var: -1, Start: expr.None})
	}
	for _, a := range g.Syms[3:] {
		pl.Params = append(pl.Params, structural.Param{Atom: a, Name: p.Name(a), Var: -1, Value: expr.One})
	}
	prog, list := backend.Lower(pl, backend.Options{})
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	return prog
}

// agree compares all kernels of programs, compiled as one module, with the vm.
func agree(t *testing.T, rng *rand.Rand, progs []*backend.Program) {
	t.Helper()
	libs := libraries(t)
	lib := libs[rng.IntN(len(libs))]
	target := Target{Opaque: lib.Major() >= 15, Chunk: []int{0, 20}[rng.IntN(2)]}
	m := newModule(target)
	type item struct {
		e    Entry
		k    *backend.Kernel
		main int
	}
	var items []item
	for i, prog := range progs {
		for j, k := range []*backend.Kernel{prog.RHS, prog.Jac, prog.TGrad} {
			if k == nil {
				continue
			}
			main := 3
			if j == 1 {
				main = prog.Meta.Jac.NNZ()
			}
			low, err := target.prepare(k)
			if err != nil {
				t.Fatal(err)
			}
			lanes := []int{1, 8, 4}[(i+j)%3]
			items = append(items, item{m.kernel(low, fmt.Sprintf("k%d.%d", i, j), lanes, main), k, main})
		}
	}
	mod := load(t, lib, m.text(""), rng.IntN(2))
	for _, x := range items {
		sameRuns(t, rng, newRunner(t, mod, x.e), reference(x.k), x.k, 3, 2, x.main)
	}
}

// Random programs give the bits of the vm.
func TestRandomPrograms(t *testing.T) {
	n := *rounds
	if testing.Short() {
		n = 2
	}
	for round := range uint64(n) {
		rng := rand.New(rand.NewPCG(*seed, round))
		var progs []*backend.Program
		for range 12 {
			progs = append(progs, randomProgram(t, randexpr.Func(rng.IntN), 5))
		}
		if agree(t, rng, progs); t.Failed() {
			t.Fatalf("seed %d, round %d", *seed, round)
		}
	}
}

// FuzzPrograms does it with programs that the fuzzer makes.
func FuzzPrograms(f *testing.F) {
	f.Add([]byte("seed"), uint64(1))
	f.Add([]byte{1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233}, uint64(2))
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		agree(t, rand.New(rand.NewPCG(seed, 3)), []*backend.Program{randomProgram(t, &randexpr.Bytes{Data: data}, 6)})
	})
}

// Kernels allocate nothing, and those of several goroutines do not disturb each other.
func TestKernelsAlone(t *testing.T) {
	libraries(t)
	prog := compile(t, lorenz)
	m, err := New(prog, Options{})
	if err != nil {
		t.Fatal(err)
	}
	n, nnz := len(prog.Meta.U0), prog.Meta.Jac.NNZ()
	k := m.Kernels()
	u, p, du, vals := []float64{1, 2, 3}, prog.Meta.P, make([]float64, n), make([]float64, nnz)
	if a := testing.AllocsPerRun(100, func() {
		k.RHS(0, u, p, du)
		k.Jac(0, u, p, vals)
		k.TGrad(0, u, p, du)
	}); a != 0 {
		t.Errorf("%v allocations", a)
	}
	var wg sync.WaitGroup
	for id := range 4 {
		wg.Go(func() {
			k, v := m.Kernels(), vm.Problem(prog).NewKernels()
			u, x, y := []float64{1, 2, 3}, make([]float64, n), make([]float64, n)
			for i := range 2000 {
				u[0] = float64(id) + float64(i)/1000
				k.RHS(0, u, p, x)
				v.RHS(0, u, p, y)
				if !slices.Equal(x, y) {
					t.Errorf("at %v: %v, the vm has %v", u, x, y)
					return
				}
				if i%500 == 0 {
					runtime.GC()
				}
			}
		})
	}
	wg.Wait()
	if r := m.Report(); r.CodeSize == 0 || r.TextSize == 0 || len(r.Kernels) != 4 {
		t.Errorf("report: %+v", r)
	}
}
