package vm

import (
	"math"
	"testing"

	"github.com/mtkc/mtkc/backend"
)

// TestBits holds the operations on bits and the fused one to their Go forms, in straight-line
// code and in a loop.
func TestBits(t *testing.T) {
	u := []float64{1.5, -3.25, math.Pi, math.Inf(-1), 5e-324, 0}
	bits := math.Float64bits
	want := func(a, b, c float64) []float64 {
		f := math.Float64frombits
		return []float64{
			math.FMA(a, b, c), f(bits(a) & bits(b)), f(bits(a) | bits(b)), f(bits(a) ^ bits(b)), f(bits(a) + bits(b)), f(bits(a) - bits(b)),
			f(bits(a) << 12), f(bits(a) >> 52), f(uint64(int64(bits(a)) >> 52)),
		}
	}
	body := func(b *backend.Builder) *backend.Kernel {
		x, y, z := b.Input(backend.U, 0), b.Input(backend.U, 1), b.Input(backend.U, 2)
		for i, v := range []backend.Ref{
			b.Emit(backend.FMA, x, y, z), b.Emit(backend.BitAnd, x, y), b.Emit(backend.BitOr, x, y), b.Emit(backend.BitXor, x, y),
			b.Emit(backend.BitAdd, x, y), b.Emit(backend.BitSub, x, y),
			b.Emit(backend.BitShl, x, 12), b.Emit(backend.BitShr, x, 52), b.Emit(backend.BitSar, x, 52),
		} {
			b.Output(backend.Main, i, v)
		}
		return b.Finish()
	}
	check := func(name string, a, b, c float64, got []float64) {
		for i, w := range want(a, b, c) {
			if bits(got[i]) != bits(w) && !(math.IsNaN(w) && math.IsNaN(got[i]) && i == 0) {
				t.Errorf("%s: operation %d of %v, %v, %v = %x, want %x", name, i, a, b, c, bits(got[i]), bits(w))
			}
		}
	}
	out := make([]float64, 9*2)
	k := body(backend.NewBuilder("bits"))
	newKernel(k, nil).runner().run(0, &arrays{u: u, main: out})
	check("code", u[0], u[1], u[2], out)

	k = body(backend.NewBuilder("bits"))
	step := backend.Step{Body: k, N: 2, Index: make([]backend.Table, 12)}
	for i := range k.Code {
		if k.Code[i].Op == backend.U {
			step.Index[k.Code[i].A] = backend.NewTable([]int32{k.Code[i].A, k.Code[i].A + 3})
		}
	}
	for i := range k.Out {
		k.Out[i].Index += 3
		step.Index[k.Out[i].Index] = backend.NewTable([]int32{k.Out[i].Index - 3, k.Out[i].Index + 6})
	}
	newKernel(&backend.Kernel{Steps: []backend.Step{step}}, nil).runner().run(0, &arrays{u: u, main: out})
	check("loop 0", u[0], u[1], u[2], out)
	check("loop 1", u[3], u[4], u[5], out[9:])
}
