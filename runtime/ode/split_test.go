package ode

import (
	"context"
	"math"
	"testing"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// kpp is the equation u_t = d u_xx + r u (1 - u) on n points with fixed ends 1 and 0, split
// into its diffusion and the rest; parameters d and r.
func kpp(n int, stated bool) *Problem {
	scale := float64((n + 1) * (n + 1))
	u0 := make([]float64, n)
	for i := range u0 {
		u0[i] = math.Exp(-5 * float64(i) / float64(n))
	}
	p := system("kpp", u0, []float64{0.01, 3}, 1, func(t float64, u, p, du []float64) {
		d := p[0] * scale
		for i, v := range u {
			l, r := 1.0, 0.0
			if i > 0 {
				l = u[i-1]
			}
			if i < n-1 {
				r = u[i+1]
			}
			du[i] = d*(l-2*v+r) + p[1]*v*(1-v)
		}
	})
	p.Jac = band(n, 1)
	if !stated {
		return p
	}
	p.Linear = band(n, 1)
	k := p.NewKernels()
	k.Linear = func(p, vals []float64) {
		d := p[0] * scale
		e := 0
		for j := range n {
			for i := max(0, j-1); i <= min(n-1, j+1); i++ {
				vals[e] = d
				if i == j {
					vals[e] = -2*d + p[1]
				}
				e++
			}
		}
	}
	p.NewKernels = func() *Kernels { return k }
	return p
}

// band is the pattern of n by n matrices with w diagonals on both sides of the main one.
func band(n, w int) *linsolve.Pattern {
	p := &linsolve.Pattern{Rows: n, Cols: n, ColPtr: []int32{0}}
	for j := range n {
		for i := max(0, j-w); i <= min(n-1, j+w); i++ {
			p.RowIdx = append(p.RowIdx, int32(i))
		}
		p.ColPtr = append(p.ColPtr, int32(len(p.RowIdx)))
	}
	return p
}

// A u + g is f, whoever states A, and a change of parameters changes A.
func TestLinearPart(t *testing.T) {
	for _, stated := range []bool{true, false} {
		p := kpp(7, stated)
		ws := newWorkspace(context.Background(), p, p.NewKernels(), append([]float64(nil), p.P...), 0, 1)
		copy(ws.U, p.U0)
		a := newLinearPart(ws)
		if changed, ok := a.restart(nil); !changed || !ok {
			t.Fatalf("changed = %v, ok = %v at the first restart", changed, ok)
		}
		if changed, _ := a.restart(nil); changed {
			t.Error("changed at a restart of the same")
		}
		if (a.remark() == "") != stated {
			t.Errorf("remark %q", a.remark())
		}
		u := []float64{0.3, -1, 2, 0.7, 0, 5, 1}
		f, g, au := make([]float64, 7), make([]float64, 7), make([]float64, 7)
		ws.RHS(0, u, f)
		a.rest(0, u, g)
		a.mul(u, au)
		for i := range f {
			want := 0.0
			for j := range 7 {
				for e := a.pattern.ColPtr[j]; e < a.pattern.ColPtr[j+1]; e++ {
					if int(a.pattern.RowIdx[e]) == i {
						want += a.vals[e] * u[j]
					}
				}
			}
			// Sums of at most four terms of magnitude 64 * 0.01 * 10.
			if math.Abs(au[i]-want) > 1e-14 || math.Abs(au[i]+g[i]-f[i]) > 1e-14 {
				t.Errorf("row %d: A u = %v, want %v; A u + g = %v, want %v", i, au[i], want, au[i]+g[i], f[i])
			}
			if !stated {
				continue
			}
			boundary := 0.0
			if i == 0 {
				boundary = 0.64
			}
			if want := boundary - 3*u[i]*u[i]; math.Abs(g[i]-want) > 1e-13 {
				t.Errorf("g[%d] = %v, want %v", i, g[i], want)
			}
		}
		ws.Params[0] = 0.02
		if changed, _ := a.restart(nil); !changed {
			t.Error("unchanged at a restart with other parameters")
		}
		if n := testing.AllocsPerRun(10, func() { a.restart(f); a.rest(0, u, g) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
}
