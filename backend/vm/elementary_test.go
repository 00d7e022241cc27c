package vm

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/elementary"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/internal/check/randexpr"
)

// TestElementary holds the elementary operations of the machine, in straight-line code and in
// loops, to the bits of the programs that Lower puts in their places.
func TestElementary(t *testing.T) {
	b := backend.NewBuilder("all")
	x, y := b.Input(backend.U, 0), b.Input(backend.U, 1)
	n := 0
	for op := range backend.NumOps {
		if op.Base() {
			continue
		}
		v := b.Emit(op, []backend.Ref{x, y}[:op.Arity()]...)
		b.Label(v, op.String(), n)
		b.Output(backend.Main, n, v)
		n++
	}
	k := b.Finish()
	k.Zero = true
	low := elementary.Lower(k)
	if !low.Zero || len(low.Labels) != n || len(low.Out) != n {
		t.Fatalf("lost labels or outputs: %d, %d of %d", len(low.Labels), len(low.Out), n)
	}
	for _, l := range low.Labels {
		for _, o := range low.Out {
			if int(o.Index) == int(l.Eq) && o.Val != l.Val {
				t.Errorf("label %s is not at its value", l.Name)
			}
		}
	}
	if elementary.Lower(low) != low {
		t.Error("a kernel of base operations is not returned as it is")
	}
	for _, in := range low.Code {
		if !in.Op.Base() {
			t.Fatalf("%s is left", in.Op)
		}
	}
	const instances = 70 // more than the lanes of the machine
	loop := func(body *backend.Kernel) *backend.Kernel {
		s := backend.Step{Body: body, N: instances}
		for i := range 2 {
			s.Index = append(s.Index, backend.Table{Base: int32(i), Stride: 2})
		}
		shifted := *body
		shifted.Out = append([]backend.Output(nil), body.Out...)
		for i := range shifted.Out {
			s.Index = append(s.Index, backend.Table{Base: shifted.Out[i].Index, Stride: int32(n)})
			shifted.Out[i].Index = int32(len(s.Index) - 1)
		}
		s.Body = &shifted
		return &backend.Kernel{Name: "loop", Steps: []backend.Step{s}}
	}
	looped := loop(k)
	lowLoop := elementary.Lower(looped)
	if lowLoop == looped || lowLoop.Steps[0].Body == looped.Steps[0].Body || looped.Steps[0].Body.Code[2].Op.Base() {
		t.Error("the loop is not lowered, or in place")
	}
	kernels := []*runner{newKernel(k, nil).runner(), newKernel(low, nil).runner()}
	loops := []*runner{newKernel(looped, nil).runner(), newKernel(lowLoop, nil).runner()}
	r := rand.New(rand.NewPCG(5, 6))
	u := make([]float64, 2*instances)
	for range 40 {
		for i := range u {
			switch u[i] = r.NormFloat64() * 3; r.IntN(8) {
			case 0:
				u[i] = math.Float64frombits(r.Uint64())
			case 1:
				u[i] = math.Trunc(u[i])
			case 2:
				u[i] = math.Inf(2*r.IntN(2) - 1)
			case 3:
				u[i] = math.Float64frombits(r.Uint64() >> r.IntN(64))
			}
		}
		want, got := make([]float64, n*instances), make([]float64, n*instances)
		loops[0].run(0, &arrays{u: u, main: want})
		loops[1].run(0, &arrays{u: u, main: got})
		for i := range want {
			if !sameBits(got[i], want[i]) {
				t.Fatalf("loop: %s of %v = %v, want %v", k.Labels[i%n].Name, u[i/n*2:i/n*2+2], got[i], want[i])
			}
		}
		for j := range instances {
			one := [2][]float64{make([]float64, n), make([]float64, n)}
			for m := range kernels {
				kernels[m].run(0, &arrays{u: u[2*j:], main: one[m]})
				for i, v := range one[m] {
					if !sameBits(v, want[j*n+i]) {
						t.Fatalf("code %d: %s of %v = %v, want %v", m, k.Labels[i].Name, u[2*j:2*j+2], v, want[j*n+i])
					}
				}
			}
		}
	}
}

// sameBits compares bits, except of what is not a number.
func sameBits(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b)
}

// TestLowered runs random programs as they are and lowered.
func TestLowered(t *testing.T) {
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(seed, 13))
		p := expr.NewPool()
		g := randexpr.New(p, randexpr.Func(rng.IntN), randexpr.Options{Depth: 6, Symbols: 6})
		rhs := []expr.ID{g.Real(), g.Real(), g.Real()}
		prog := lower(t, plain(p, g.Syms[:3], g.Syms[3:], rhs))
		low := *prog
		low.RHS = elementary.Lower(prog.RHS)
		k, l := Problem(prog).NewKernels(), Problem(&low).NewKernels()
		for range 10 {
			u, q := make([]float64, 3), make([]float64, 3)
			for i := range u {
				u[i], q[i] = rng.NormFloat64()*2, rng.NormFloat64()*2
			}
			want, got := make([]float64, 3), make([]float64, 3)
			k.RHS(0.3, u, q, want)
			l.RHS(0.3, u, q, got)
			for i := range want {
				if !sameBits(got[i], want[i]) {
					t.Fatalf("seed %d: %v, want %v\n%s", seed, got, want, prog.RHS)
				}
			}
		}
	}
}
