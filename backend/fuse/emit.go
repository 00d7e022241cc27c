package fuse

import (
	"math"
	"slices"

	"github.com/mtkc/mtkc/backend"
)

type ref = backend.Ref

// emitter adds operations by name to a kernel that is being made, or to the body of a loop.
type emitter struct {
	*backend.Builder
	c     *common
	loop  bool
	index []backend.Table // of a loop
}

func (c *common) emitter(name string) *emitter {
	return &emitter{Builder: backend.NewBuilder(c.prog.Meta.Name + " " + c.in.Method + " " + name), c: c}
}

// at is what names entries base + stride*i of an array to instance i of a loop.
func (e *emitter) at(base, stride int) int {
	return e.table(backend.Table{Base: int32(base), Stride: int32(stride)})
}

// table is what names the entries of a table.
func (e *emitter) table(t backend.Table) int {
	for k := range e.index {
		if x := &e.index[k]; t.List == nil && x.List == nil && x.Base == t.Base && x.Stride == t.Stride {
			return k
		}
	}
	e.index = append(e.index, t)
	return len(e.index) - 1
}

// Input reads an entry of an array; in a loop each instance reads the same one.
func (e *emitter) Input(op backend.Op, i int32) ref {
	if e.loop {
		i = int32(e.at(int(i), 0))
	}
	return e.Builder.Input(op, i)
}

// each reads entry base + i in instance i of a loop.
func (e *emitter) each(op backend.Op, base int) ref {
	return e.Builder.Input(op, int32(e.at(base, 1)))
}

// put writes entry base + i in instance i of a loop.
func (e *emitter) put(s backend.Space, base int, v ref) { e.Output(s, e.at(base, 1), v) }

func (e *emitter) x(slot int) ref       { return e.Input(backend.U, int32(slot)) }
func (e *emitter) setting(i int) ref    { return e.Input(backend.P, int32(e.c.np+i)) }
func (e *emitter) add(a, b ref) ref     { return e.Emit(backend.Add, a, b) }
func (e *emitter) sub(a, b ref) ref     { return e.Emit(backend.Sub, a, b) }
func (e *emitter) mul(a, b ref) ref     { return e.Emit(backend.Mul, a, b) }
func (e *emitter) div(a, b ref) ref     { return e.Emit(backend.Div, a, b) }
func (e *emitter) abs(a ref) ref        { return e.Emit(backend.Abs, a) }
func (e *emitter) sqrt(a ref) ref       { return e.Emit(backend.Sqrt, a) }
func (e *emitter) fma(a, b, c ref) ref  { return e.Emit(backend.FMA, a, b, c) }
func (e *emitter) lt(a, b ref) ref      { return e.Emit(backend.Lt, a, b) }
func (e *emitter) le(a, b ref) ref      { return e.Emit(backend.Le, a, b) }
func (e *emitter) eq(a, b ref) ref      { return e.Emit(backend.Eq, a, b) }
func (e *emitter) ne(a, b ref) ref      { return e.Emit(backend.Ne, a, b) }
func (e *emitter) not(a ref) ref        { return e.Emit(backend.Not, a) }
func (e *emitter) and(a, b ref) ref     { return e.Emit(backend.And, a, b) }
func (e *emitter) or(a, b ref) ref      { return e.Emit(backend.Or, a, b) }
func (e *emitter) sel(c, a, b ref) ref  { return e.Emit(backend.Select, c, a, b) }
func (e *emitter) finite(a ref) ref     { return e.le(e.abs(a), e.Number(math.MaxFloat64)) }
func (e *emitter) pattern(b uint64) ref { return e.Number(math.Float64frombits(b)) }

// least and most are the smaller and the larger of two numbers; b where a comparison with it
// is false, so that a b that is no number wins. One comparison with a Select is one
// instruction on processors, Min and Max with their care for zeros are several.
func (e *emitter) least(a, b ref) ref { return e.sel(e.lt(a, b), a, b) }
func (e *emitter) most(a, b ref) ref  { return e.sel(e.lt(b, a), a, b) }

// states reads so many entries of x from slot on.
func (e *emitter) states(slot int) []ref {
	u := make([]ref, e.c.n)
	for i := range u {
		u[i] = e.x(slot + i)
	}
	return u
}

// call inlines a kernel of the model that maps (t, u, p) to an array of size entries. Loops are
// unrolled.
func (e *emitter) call(k *backend.Kernel, size int, t ref, u []ref) []ref {
	steps := k.Steps
	if len(steps) == 0 {
		steps = []backend.Step{{Body: k}}
	}
	out, scratch := make([]ref, size), make([]ref, k.Scratch)
	for i := range out {
		out[i] = e.Number(0)
	}
	for i := range steps {
		s := &steps[i]
		for j := range max(1, s.N) {
			at := func(i int32) int32 {
				if s.N > 0 {
					return s.Index[i].At(j)
				}
				return i
			}
			val := e.Inline(s.Body, func(op backend.Op, i int32) ref {
				switch op {
				case backend.Time:
					return t
				case backend.U:
					return u[at(i)]
				case backend.P:
					return e.Input(backend.P, at(i))
				case backend.S:
					return scratch[at(i)]
				case backend.Data:
					return e.Number(s.Data[i][j])
				}
				panic("mtkc: bug: " + k.Name + " reads " + op.String())
			})
			for _, o := range s.Body.Out {
				switch o.Space {
				case backend.Main:
					out[at(o.Index)] = val[o.Val]
				case backend.Scratch:
					scratch[at(o.Index)] = val[o.Val]
				}
			}
		}
	}
	return out
}

// rhs is f(t, u, p).
func (e *emitter) rhs(t ref, u []ref) []ref { return e.call(e.c.f, e.c.n, t, u) }

// sum is the chain of coefficients times entry i of vectors, zeros left out: a product and
// fused multiply-adds in the order of the vectors. None if all are zero.
func (e *emitter) sum(a []float64, k [][]ref, i int) ref {
	s := backend.None
	for j, v := range a {
		if v == 0 {
			continue
		}
		s = e.chain(s, e.Number(v), k[j][i])
	}
	return s
}

// chain adds a*b to s, which may be None.
func (e *emitter) chain(s, a, b ref) ref {
	if s == backend.None {
		return e.mul(a, b)
	}
	return e.fma(a, b, s)
}

// total adds a to s, which may be None.
func (e *emitter) total(s, a ref) ref {
	if s == backend.None {
		return a
	}
	return e.add(s, a)
}

// weighted is sum for all entries, 0 if all coefficients are zero.
func (e *emitter) weighted(a []float64, k [][]ref) []ref {
	v := make([]ref, e.c.n)
	for i := range v {
		if v[i] = e.sum(a, k, i); v[i] == backend.None {
			v[i] = e.Number(0)
		}
	}
	return v
}

// combine is u + h sum_j a_j k_j.
func (e *emitter) combine(u []ref, h ref, a []float64, k [][]ref) []ref {
	y := make([]ref, len(u))
	for i := range u {
		y[i] = u[i]
		if s := e.sum(a, k, i); s != backend.None {
			y[i] = e.fma(h, s, u[i])
		}
	}
	return y
}

// approach is combine with coefficients that are multiplied by h first, so that each entry takes one operation less: for
// models with more states than slopes. Roundings are those of u after each slope, which matters little for a value from which a slope is
// computed, and would add up in the solution.
func (e *emitter) approach(u []ref, h ref, a []float64, k [][]ref) []ref {
	w := make([]ref, len(a))
	for j, v := range a {
		if v != 0 {
			w[j] = e.mul(h, e.Number(v))
		}
	}
	y := slices.Clone(u)
	for i := range y {
		for j, v := range a {
			if v != 0 {
				y[i] = e.fma(w[j], k[j][i], y[i])
			}
		}
	}
	return y
}

// hasten is combine with the last slope added to the rest, which is ready before it, so that the value
// waits for one operation after the slope instead of two. Roundings are as those of approach.
func (e *emitter) hasten(u []ref, h ref, a []float64, k [][]ref) []ref {
	last := len(a) - 1
	for last > 0 && a[last] == 0 {
		last--
	}
	y := e.combine(u, h, a[:last], k)
	w := e.mul(h, e.Number(a[last]))
	for i := range y {
		y[i] = e.fma(w, k[last][i], y[i])
	}
	return y
}

// result writes x[slot] and those behind it.
func (e *emitter) result(slot int, v ...ref) {
	for i, r := range v {
		e.Output(backend.Main, slot+i, r)
	}
}

// choose is sel for each entry.
func (e *emitter) choose(c ref, a, b []ref) []ref {
	v := make([]ref, len(a))
	for i := range a {
		v[i] = e.sel(c, a[i], b[i])
	}
	return v
}
