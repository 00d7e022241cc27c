package vm

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/mtkc/mtkc/backend"
)

func best(f func()) float64 {
	b := math.Inf(1)
	reps := 1
	for {
		s := time.Now()
		for range reps {
			f()
		}
		if time.Since(s) > 20*time.Microsecond {
			break
		}
		reps *= 2
	}
	end := time.Now().Add(100 * time.Millisecond)
	for time.Now().Before(end) {
		s := time.Now()
		for range reps {
			f()
		}
		b = min(b, float64(time.Since(s).Nanoseconds())/float64(reps))
	}
	return b
}

func TestProbe(t *testing.T) {
	single := func(name string, n int, gen func(b *backend.Builder, v []backend.Ref) backend.Ref) {
		b := backend.NewBuilder("x")
		var v []backend.Ref
		for i := range 8 {
			v = append(v, b.Input(backend.U, int32(i)))
		}
		for i := range n {
			r := gen(b, v[len(v)-8:])
			v = append(v, r)
			_ = i
		}
		for i := range 8 {
			b.Output(backend.Main, i, v[len(v)-1-i])
		}
		k := b.Finish()
		s := fmt.Sprintf("%-10s", name)
		for _, m := range append(laneISAs(), portable) {
			laneMachine = m
			for _, w := range []int{8, 64, 128} {
				l := NewLanes(k, nil, w)
				r := l.Runner()
				u, o := make([]float64, 8*w), make([]float64, 8*w)
				for i := range u {
					u[i] = 1 + math.Sin(float64(i))*1e-3
				}
				s += fmt.Sprintf(" %s/%d: %.4f", m.name, w, best(func() { r.Run(nil, u, nil, nil, o, nil, nil) })/float64(w*k.Ops()))
			}
		}
		fmt.Println(s)
	}
	single("add", 100, func(b *backend.Builder, v []backend.Ref) backend.Ref { return b.Emit(backend.Add, v[0], v[3]) })
	single("chain", 100, func(b *backend.Builder, v []backend.Ref) backend.Ref { return b.Emit(backend.Add, v[0], v[7]) })
	single("mul3", 100, func(b *backend.Builder, v []backend.Ref) backend.Ref {
		return b.Emit(backend.Add, b.Emit(backend.Mul, v[0], v[2]), v[3])
	})
	single("fma", 100, func(b *backend.Builder, v []backend.Ref) backend.Ref { return b.Emit(backend.FMA, v[0], v[2], v[3]) })
	single("horner", 100, func(b *backend.Builder, v []backend.Ref) backend.Ref {
		return b.Emit(backend.FMA, v[7], v[2], b.Number(float64(v[7])))
	})
	single("div", 100, func(b *backend.Builder, v []backend.Ref) backend.Ref { return b.Emit(backend.Div, v[0], v[3]) })
	single("min", 100, func(b *backend.Builder, v []backend.Ref) backend.Ref { return b.Emit(backend.Min, v[0], v[3]) })
	single("select", 100, func(b *backend.Builder, v []backend.Ref) backend.Ref {
		return b.Emit(backend.Select, v[0], v[3], v[5])
	})
	for _, n := range []int{10, 1000} {
		prog := lower(t, network(n))
		ops := prog.RHS.Ops()
		p := Problem(prog)
		s := fmt.Sprintf("net %d", ops)
		k := p.NewKernels()
		u, du := make([]float64, n), make([]float64, n)
		for i := range u {
			u[i] = math.Sin(float64(i))
		}
		s += fmt.Sprintf(" scalar: %.3f", best(func() { k.RHS(0, u, p.P, du) })/float64(ops))
		for _, m := range append(laneISAs(), portable) {
			laneMachine = m
			for _, width := range []int{8, 64, 256} {
				l := NewLanes(prog.RHS, nil, width)
				r := l.Runner()
				u, q, du := make([]float64, n*width), make([]float64, len(p.P)*width), make([]float64, n*width)
				for i := range u {
					u[i] = math.Sin(float64(i/width) + 0.01*float64(i%width))
				}
				for i := range q {
					q[i] = p.P[i/width]
				}
				s += fmt.Sprintf(" %s/%d: %.4f", m.name, width, best(func() { r.Run(nil, u, q, nil, du, nil, nil) })/float64(ops*width))
			}
		}
		fmt.Println(s)
	}
}
