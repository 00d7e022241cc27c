package cuda

import (
	"errors"
	"flag"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/elementary"
	"github.com/mtkc/mtkc/backend/fuse"
	"github.com/mtkc/mtkc/backend/llvm"
	"github.com/mtkc/mtkc/backend/llvm/libllvm"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/internal/check/randexpr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/structural"
)

var (
	rounds = flag.Int("rounds", 6, "random programs that are integrated")
	seed   = flag.Uint64("seed", 1, "of the random programs")
)

// randomProgram makes a program of random right-hand sides with three states and two parameters.
func randomProgram(t *testing.T, rng *rand.Rand) *backend.Program {
	t.Helper()
	p := expr.NewPool()
	g := randexpr.New(p, randexpr.Func(rng.IntN), randexpr.Options{Depth: 4, Symbols: 5})
	pl := &structural.Plan{Sys: &model.System{Name: "random", Pool: p}, Pool: p, NDiff: 3}
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

// Steps of explicit and implicit methods through random right-hand sides, with jumps, logic and values that are no numbers or have a sign alone, give the bits of the vm.
func TestRandomPrograms(t *testing.T) {
	lib, err := libllvm.Find()
	if err != nil {
		t.Skip(err)
	}
	for _, on := range devices {
		t.Run(on.name, func(t *testing.T) {
			d := on.open(t)
			ran := 0
			for round := range uint64(*rounds) {
				rng := rand.New(rand.NewPCG(*seed, round))
				prog := randomProgram(t, rng)
				method := []string{"Tsit5", "Rodas5P", "Kvaerno3"}[round%3]
				in, err := fuse.New(prog, method, fuse.Options{Dense: true})
				if errors.As(err, new(*fuse.Unsupported)) {
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				in.Begin, in.Step, in.Save = elementary.Lower(in.Begin), elementary.Lower(in.Step), elementary.Lower(in.Save)
				loop, err := llvm.PTX(in, Oldest, lib)
				if err != nil {
					t.Fatalf("seed %d, round %d: %v", *seed, round, err)
				}
				e, err := NewEnsemble(d, in, loop)
				if err != nil {
					t.Fatal(err)
				}
				settings := fuse.SettingsOf(&prog.Meta, &ode.Options{RelTol: 1e-3, MaxSteps: 30, Span: [2]float64{0, 1}})
				g, err := e.Engine(settings)
				if err != nil {
					t.Fatal(err)
				}
				oracle, err := fuse.NewVMEngine(in, 8, settings)
				if err != nil {
					t.Fatal(err)
				}
				got := makeBatch(prog, 24, 1, []float64{0, 0.3, 1}, true)
				special := []float64{0, math.Copysign(0, -1), 1, -1, math.Inf(1), math.NaN(), 5e-324, 1e308}
				for i := range got.U {
					if got.U[i] = rng.NormFloat64() * math.Exp(rng.NormFloat64()); rng.IntN(6) == 0 {
						got.U[i] = special[rng.IntN(len(special))]
					}
				}
				for i := range got.P {
					if got.P[i] = rng.NormFloat64(); rng.IntN(6) == 0 {
						got.P[i] = special[rng.IntN(len(special))]
					}
				}
				want := copyOf(got)
				if err := g.Run(t.Context(), got); err != nil {
					t.Fatal(err)
				}
				if err := oracle.Run(t.Context(), want); err != nil {
					t.Fatal(err)
				}
				if err := differ(got, want); err != nil {
					t.Errorf("seed %d, round %d, %s: %v\n%s", *seed, round, method, err, prog.RHS)
				}
				for i := range want.N {
					if want.Steps[i] > 0 {
						ran++
					}
				}
				if err := errors.Join(g.Close(), e.Close()); err != nil {
					t.Error(err)
				}
			}
			if t.Logf("%d trajectories made steps", ran); ran < *rounds*4 {
				t.Errorf("only %d trajectories made steps", ran)
			}
		})
	}
}
