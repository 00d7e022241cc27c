package ode

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// stencil makes a pattern and its values from entries (row, column) -> value.
func stencil(n int, entry func(add func(i, j int, v float64))) (*linsolve.Pattern, []float64) {
	cols := make([]map[int]float64, n)
	entry(func(i, j int, v float64) {
		if cols[j] == nil {
			cols[j] = map[int]float64{}
		}
		cols[j][i] += v
	})
	p := &linsolve.Pattern{Rows: n, Cols: n, ColPtr: []int32{0}}
	var vals []float64
	for j := range n {
		for i := range n {
			if v, ok := cols[j][i]; ok {
				p.RowIdx, vals = append(p.RowIdx, int32(i)), append(vals, v)
			}
		}
		p.ColPtr = append(p.ColPtr, int32(len(p.RowIdx)))
	}
	return p, vals
}

// splitProblem makes u' = A u + g(u) with the pattern of A, to which the Jacobian of g adds entries
// within blocks of two neighbours in the order of the states, or the diagonal.
func splitProblem(name string, u0 []float64, t1 float64, entry func(add func(i, j int, v float64)), g func(u, du []float64), jac func(u []float64, add func(i, j int, v float64))) *Problem {
	n := len(u0)
	p := system(name, u0, nil, t1, nil)
	for i := range p.States {
		p.States[i].Name = fmt.Sprint("u", i)
	}
	var a []float64
	p.Linear, a = stencil(n, entry)
	p.Jac, _ = stencil(n, func(add func(i, j int, v float64)) { entry(add); jac(u0, add) })
	var lin []int32 // of the entries of A in those of J
	at := map[[2]int]int32{}
	for j := range n {
		for e := p.Jac.ColPtr[j]; e < p.Jac.ColPtr[j+1]; e++ {
			at[[2]int{int(p.Jac.RowIdx[e]), j}] = e
		}
	}
	rows := make([][]int32, n) // A by rows
	vals := make([][]float64, n)
	for j := range n {
		for e := p.Linear.ColPtr[j]; e < p.Linear.ColPtr[j+1]; e++ {
			i := p.Linear.RowIdx[e]
			lin = append(lin, at[[2]int{int(i), j}])
			rows[i], vals[i] = append(rows[i], int32(j)), append(vals[i], a[e])
		}
	}
	var where []int32
	jac(u0, func(i, j int, v float64) { where = append(where, at[[2]int{i, j}]) })
	k := &Kernels{
		RHS: func(t float64, u, _, du []float64) {
			g(u, du)
			for i, r := range rows {
				s := 0.0
				v := vals[i]
				for k, j := range r {
					s += v[k] * u[j]
				}
				du[i] += s
			}
		},
		Jac: func(t float64, u, _, v []float64) {
			clear(v)
			for e, q := range lin {
				v[q] = a[e]
			}
			next := 0
			jac(u, func(i, j int, x float64) { v[where[next]] += x; next++ })
		},
		Linear: func(_, v []float64) { copy(v, a) },
	}
	p.NewKernels = func() *Kernels { return k }
	return p
}

// brusselatorLine is the 1-D Brusselator of Hairer and Wanner, Solving ODEs II, IV.1, u and v in turn; the
// constants of the boundaries are in g.
func brusselatorLine(n int) *Problem {
	c := 0.02 * float64((n+1)*(n+1))
	u0 := make([]float64, 2*n)
	for i := range n {
		u0[2*i], u0[2*i+1] = 1+math.Sin(2*math.Pi*float64(i+1)/float64(n+1)), 3
	}
	return splitProblem("brusselator, line", u0, 10, func(add func(i, j int, v float64)) {
		for i := range n {
			for q := range 2 {
				r := 2*i + q
				add(r, r, -2*c)
				if i > 0 {
					add(r, r-2, c)
				}
				if i < n-1 {
					add(r, r+2, c)
				}
			}
			add(2*i, 2*i, -4)
			add(2*i+1, 2*i, 3)
		}
	}, func(u, du []float64) {
		for i := range n {
			r := u[2*i] * u[2*i] * u[2*i+1]
			du[2*i], du[2*i+1] = 1+r, -r
		}
		du[0] += c
		du[1] += 3 * c
		du[2*n-2] += c
		du[2*n-1] += 3 * c
	}, brusselatorJac(n))
}

func brusselatorJac(n int) func(u []float64, add func(i, j int, v float64)) {
	return func(u []float64, add func(i, j int, v float64)) {
		for i := range n {
			x, y := u[2*i], u[2*i+1]
			add(2*i, 2*i, 2*x*y)
			add(2*i, 2*i+1, x*x)
			add(2*i+1, 2*i, -2*x*y)
			add(2*i+1, 2*i+1, -x*x)
		}
	}
}

// brusselatorSquare is the 2-D Brusselator with periodic boundaries, IV.10 of the same book, without its inhomogeneity.
func brusselatorSquare(n int) *Problem {
	c := 0.1 * float64(n*n)
	u0 := make([]float64, 2*n*n)
	for i := range n {
		for j := range n {
			x, y := float64(i)/float64(n), float64(j)/float64(n)
			u0[2*(i*n+j)], u0[2*(i*n+j)+1] = 22*y*math.Pow(1-y, 1.5), 27*x*math.Pow(1-x, 1.5)
		}
	}
	return splitProblem("brusselator, square", u0, 1, func(add func(i, j int, v float64)) {
		for i := range n {
			for j := range n {
				k := i*n + j
				for q := range 2 {
					r := 2*k + q
					add(r, r, -4*c)
					for _, m := range []int{((i+1)%n)*n + j, ((i+n-1)%n)*n + j, i*n + (j+1)%n, i*n + (j+n-1)%n} {
						add(r, 2*m+q, c)
					}
				}
				add(2*k, 2*k, -4.4)
				add(2*k+1, 2*k, 3.4)
			}
		}
	}, func(u, du []float64) {
		for k := range n * n {
			r := u[2*k] * u[2*k] * u[2*k+1]
			du[2*k], du[2*k+1] = 1+r, -r
		}
	}, brusselatorJac(n*n))
}

// carried is u_t + u_x = 0.01 u_xx + 5 u (1 - u) on a periodic line, advection by central differences;
// whole says whether A holds advection too or diffusion alone.
func carried(n int, whole bool) *Problem {
	h := 1 / float64(n)
	d, c := 0.01/(h*h), 1/(2*h)
	u0 := make([]float64, n)
	for i := range u0 {
		u0[i] = math.Exp(-100 * (float64(i)*h - 0.3) * (float64(i)*h - 0.3))
	}
	name := "advection in g"
	if whole {
		name = "advection in A"
	}
	return splitProblem(name, u0, 1, func(add func(i, j int, v float64)) {
		for i := range n {
			l, r := (i+n-1)%n, (i+1)%n
			add(i, i, -2*d+5)
			if whole {
				add(i, l, d+c)
				add(i, r, d-c)
			} else {
				add(i, l, d)
				add(i, r, d)
			}
		}
	}, func(u, du []float64) {
		for i, v := range u {
			du[i] = -5 * v * v
			if !whole {
				du[i] -= c * (u[(i+1)%n] - u[(i+n-1)%n])
			}
		}
	}, func(u []float64, add func(i, j int, v float64)) {
		for i, v := range u {
			add(i, i, -10*v)
			if !whole {
				add(i, (i+1)%n, -c)
				add(i, (i+n-1)%n, c)
			}
		}
	})
}

// The Jacobians of these problems, against finite differences.
func TestSplitProblems(t *testing.T) {
	for _, p := range []*Problem{brusselatorLine(6), brusselatorSquare(5), carried(9, true), carried(9, false)} {
		ws := newWorkspace(context.Background(), p, p.NewKernels(), nil, 0, 1)
		v, w := make([]float64, p.Jac.NNZ()), make([]float64, p.Jac.NNZ())
		u := make([]float64, p.N())
		for i := range u {
			u[i] = 1 + 0.5*math.Sin(float64(i))
		}
		ws.Jac(0, u, nil, v)
		ws.fd = newFiniteDifferences(p.Jac)
		ws.fd.jac(ws, 0, u, nil, w)
		for e := range v {
			// Forward differences of entries up to 100: about 1e-5.
			if math.Abs(v[e]-w[e]) > 1e-4*(1+math.Abs(v[e])) {
				t.Fatalf("%s: entry %d is %v, by differences %v", p.Name, e, v[e], w[e])
			}
		}
	}
}

// BenchmarkSplit compares IMEX, implicit and explicit methods on reaction, diffusion and
// advection: for each problem and method the error at the end and the least time of three
// rounds, all methods in turn, over that of the fastest with about that error.
//
//	go test ./runtime/ode -run none -bench Split -benchtime 1x -v
func BenchmarkSplit(b *testing.B) {
	type contestant struct {
		method string
		tol    float64 // step for methods without error estimate
	}
	for _, p := range []*Problem{brusselatorLine(500), brusselatorSquare(32), carried(1000, true), carried(1000, false)} {
		ref, err := Solve(context.Background(), p, Options{Solver: "RadauIIA5", RelTol: 1e-10, AbsTol: 1e-10, FinalOnly: true})
		if err != nil {
			b.Fatal(err)
		}
		var list []contestant
		for _, m := range []string{"KenCarp4IMEX", "ARK437L2SAIMEX", "KenCarp58IMEX", "KenCarp4", "ESDIRK547L2SA2_7_4_5", "RadauIIA5", "BDF", "Tsit5"} {
			for _, tol := range []float64{1e-4, 1e-6} {
				list = append(list, contestant{m, tol})
			}
		}
		for _, n := range []float64{200, 1000} {
			list = append(list, contestant{"SBDF3", p.Span[1] / n})
		}
		best := make([]time.Duration, len(list))
		text := make([]string, len(list))
		for range 3 {
			for i, c := range list {
				opt := Options{Solver: c.method, RelTol: c.tol, AbsTol: c.tol, FinalOnly: true}
				if c.method == "SBDF3" {
					opt.RelTol, opt.AbsTol, opt.InitialStep = 1e-8, 1e-8, c.tol
				}
				start := time.Now()
				sol, err := Solve(context.Background(), p, opt)
				d := time.Since(start)
				if err != nil {
					text[i] = err.Error()
					continue
				}
				if best[i] == 0 || d < best[i] {
					best[i] = d
				}
				e := 0.0
				for k, v := range ref.U {
					e = max(e, math.Abs(v-sol.U[k])/(1+math.Abs(v)))
				}
				s := sol.Stats
				text[i] = fmt.Sprintf("%.1f digits, %d steps, %d rejected, %d f, %d factorisations, %d solves", -math.Log10(e), s.Steps, s.Rejected, s.RHS, s.Factor, s.Solve)
			}
		}
		least := time.Duration(math.MaxInt64)
		for _, d := range best {
			if d > 0 {
				least = min(least, d)
			}
		}
		b.Logf("%s, %d states", p.Name, p.N())
		for i, c := range list {
			b.Logf("  %-22s %-8.3g %7.2f x (%v) %s", c.method, c.tol, float64(best[i])/float64(least), best[i].Round(10*time.Microsecond), text[i])
		}
	}
}
