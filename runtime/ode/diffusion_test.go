package ode

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// brusselator2D is the Brusselator with diffusion, alpha = 10, on N x N cells with zero
// flux: u' = 1 + u^2 v - 4.4 u + alpha lap u (+ 5 in a disc, from t = 1.1 on), v' = 3.4 u -
// u^2 v + alpha lap v (Hairer, Wanner, Solving ODEs II, IV.10, with walls in place of
// periodicity). The two phases are two problems.
func brusselator2D(N int, forced bool) *Problem {
	n := 2 * N * N
	g := 10 * float64(N*N)
	p := &Problem{Name: "brusselator2D", Span: [2]float64{0, 1.1}, U0: make([]float64, n)}
	if forced {
		p.Span = [2]float64{1.1, 11.5}
	}
	var disc []int
	for j := range N {
		for i := range N {
			x, z := (float64(i)+0.5)/float64(N), (float64(j)+0.5)/float64(N)
			k := 2 * (j*N + i)
			p.U0[k] = 22 * z * (1 - z) * math.Sqrt(1-z)
			p.U0[k+1] = 27 * x * (1 - x) * math.Sqrt(1-x)
			if forced && (x-0.3)*(x-0.3)+(z-0.6)*(z-0.6) <= 0.01 {
				disc = append(disc, k)
			}
		}
	}
	pat := &linsolve.Pattern{Rows: n, Cols: n, ColPtr: make([]int32, 1, n+1)}
	for c := range n {
		cell, a := c/2, c%2
		i, j := cell%N, cell/N
		add := func(ok bool, r int) {
			if ok {
				pat.RowIdx = append(pat.RowIdx, int32(r))
			}
		}
		add(j > 0, c-2*N)
		add(i > 0, c-2)
		add(true, c-a)
		add(true, c-a+1)
		add(i < N-1, c+2)
		add(j < N-1, c+2*N)
		pat.ColPtr = append(pat.ColPtr, int32(len(pat.RowIdx)))
	}
	p.Jac = pat
	cell := func(c, l, r, s, nn []float64, o []float64) {
		u, v := c[0], c[1]
		w := u * u * v
		o[0] = 1 + w - 4.4*u + g*(l[0]+r[0]+s[0]+nn[0]-4*u)
		o[1] = 3.4*u - w + g*(l[1]+r[1]+s[1]+nn[1]-4*v)
	}
	rhs := func(t float64, y, _, d []float64) {
		row := 2 * N
		for j := range N {
			c := y[row*j:][:row]
			s, nn := c, c
			if j > 0 {
				s = y[row*(j-1):][:row]
			}
			if j < N-1 {
				nn = y[row*(j+1):][:row]
			}
			o := d[row*j:][:row]
			cell(c, c, c[2:], s, nn, o)
			for k := 2; k+3 < len(c); k += 2 {
				u, v := c[k], c[k+1]
				w := u * u * v
				o[k] = 1 + w - 4.4*u + g*(c[k-2]+c[k+2]+s[k]+nn[k]-4*u)
				o[k+1] = 3.4*u - w + g*(c[k-1]+c[k+3]+s[k+1]+nn[k+1]-4*v)
			}
			k := row - 2
			cell(c[k:], c[k-2:], c[k:], s[k:], nn[k:], o[k:])
		}
		for _, k := range disc {
			d[k] += 5
		}
	}
	jac := func(t float64, y, _, v []float64) {
		e := 0
		for c := range n {
			cell, a := c/2, c%2
			i, j := cell%N, cell/N
			u, q := y[2*cell], y[2*cell]*y[2*cell+1]
			walls := 4.0
			put := func(ok bool, x float64) {
				if ok {
					v[e] = x
					e++
				}
			}
			for _, wall := range []bool{i == 0, i == N-1, j == 0, j == N-1} {
				if wall {
					walls--
				}
			}
			put(j > 0, g)
			put(i > 0, g)
			if a == 0 {
				put(true, 2*q-4.4-g*walls)
				put(true, 3.4-2*q)
			} else {
				put(true, u*u)
				put(true, -u*u-g*walls)
			}
			put(i < N-1, g)
			put(j < N-1, g)
		}
	}
	p.NewKernels = func() *Kernels { return &Kernels{RHS: rhs, Jac: jac} }
	return p
}

// solvePhases solves both phases and returns the end and the counts.
func solvePhases(phases [2]*Problem, opt Options) ([]float64, Stats, error) {
	opt.FinalOnly = true
	a, err := Solve(context.Background(), phases[0], opt)
	if err != nil {
		return nil, Stats{}, err
	}
	opt.U0 = a.U
	b, err := Solve(context.Background(), phases[1], opt)
	if err != nil {
		return nil, Stats{}, err
	}
	s := b.Stats
	s.RHS += a.Stats.RHS
	s.Steps += a.Stats.Steps
	s.Rejected += a.Stats.Rejected
	s.Jac += a.Stats.Jac
	return b.U, s, nil
}

// rod is the heat equation u_t = u_xx + sin(pi x) cos t on n points between cold ends, exact in
// x for its start sin(pi x): the solution is that times a factor that obeys one equation.
func rod(n int, t1 float64) (p *Problem, exact func(t float64, i int) float64) {
	d := float64((n + 1) * (n + 1))
	sine := make([]float64, n)
	for i := range sine {
		sine[i] = math.Sin(math.Pi * float64(i+1) / float64(n+1))
	}
	p = system("rod", append([]float64(nil), sine...), nil, t1, func(t float64, u, _, du []float64) {
		c := math.Cos(t)
		left := 0.0
		for i, v := range u {
			right := 0.0
			if i+1 < n {
				right = u[i+1]
			}
			du[i] = d*(left-2*v+right) + c*sine[i]
			left = v
		}
	})
	p.Jac = &linsolve.Pattern{Rows: n, Cols: n, ColPtr: make([]int32, 1, n+1)}
	for c := range n {
		for r := max(0, c-1); r <= min(n-1, c+1); r++ {
			p.Jac.RowIdx = append(p.Jac.RowIdx, int32(r))
		}
		p.Jac.ColPtr = append(p.Jac.ColPtr, int32(len(p.Jac.RowIdx)))
	}
	// a' = -l a + cos t, a(0) = 1.
	l := d * (2 - 2*math.Cos(math.Pi/float64(n+1)))
	return p, func(t float64, i int) float64 {
		q := 1 / (1 + l*l)
		return sine[i] * (q*(l*math.Cos(t)+math.Sin(t)) + (1-q*l)*math.Exp(-l*t))
	}
}

// Diffusion with every stabilised method, the spectral radius by circles and by the
// power method: errors follow the tolerance, and far fewer evaluations are needed than by an
// explicit method of bounded reach.
func TestDiffusion(t *testing.T) {
	const n = 199 // spectral radius 160000
	p, exact := rod(n, 3)
	tsit := 160000.0 * 3 / 3.3 * 6 // evaluations of a method of six stages and reach 3.3
	for _, name := range stabilisedNames {
		for _, tol := range []float64{1e-3, 1e-5} {
			sol := mustSolve(t, p, Options{Solver: name, RelTol: tol, AbsTol: tol})
			worst := 0.0
			for i, v := range sol.U {
				worst = math.Max(worst, math.Abs(v-exact(3, i)))
			}
			// The modes decay, so errors of the steps do not add up.
			if worst > 3*tol {
				t.Errorf("%s at %g: error %.3g", name, tol, worst)
			}
			if e := float64(sol.Stats.RHS); e > tsit/10 {
				t.Errorf("%s at %g: %g evaluations, an ordinary method would take %g", name, tol, e, tsit)
			}
			t.Logf("%s at %g: error %.3g, %+v", name, tol, worst, sol.Stats)
		}
	}
	phases := [2]*Problem{brusselator2D(8, false), brusselator2D(8, true)}
	ref, _, err := solvePhases(phases, Options{Solver: "RadauIIA5", RelTol: 1e-9, AbsTol: 1e-9})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range stabilisedNames {
		for _, k := range []float64{3, 5} {
			tol := math.Pow(10, -k)
			u, stats, err := solvePhases(phases, Options{Solver: name, RelTol: tol, AbsTol: tol})
			if err != nil {
				t.Fatal(name, err)
			}
			d := mixedDigits(u, ref, 1)
			// The reaction oscillates, sensitive where it fires: two digits below the tolerance.
			if d < k-2 {
				t.Errorf("%s at %g: %.1f digits", name, tol, d)
			}
			t.Logf("%s at %g: %.1f digits, %+v", name, tol, d, stats)
		}
	}
}

// BenchmarkDiffusion compares methods on the Brusselator on 16 x 16 cells: digits, evaluations, and
// time as a multiple of that of ROCK2 at the same tolerance.
func BenchmarkDiffusion(b *testing.B) {
	phases := [2]*Problem{brusselator2D(16, false), brusselator2D(16, true)}
	ref, _, err := solvePhases(phases, Options{Solver: "ROCK4", RelTol: 1e-8, AbsTol: 1e-8})
	if err != nil {
		b.Fatal(err)
	}
	for _, tol := range []float64{1e-4, 1e-6} {
		base := 0.0
		for _, name := range []string{"ROCK2", "ROCK4", "RKC", "RKL2", "RKG2", "BDF", "Tsit5"} {
			b.Run(fmt.Sprintf("%s/%g", name, tol), func(b *testing.B) {
				best := math.Inf(1)
				var u []float64
				var stats Stats
				for range max(b.N, 3) {
					start := time.Now()
					if u, stats, err = solvePhases(phases, Options{Solver: name, RelTol: tol, AbsTol: tol}); err != nil {
						b.Fatal(err)
					}
					best = math.Min(best, time.Since(start).Seconds())
				}
				if name == "ROCK2" {
					base = best
				}
				b.ReportMetric(mixedDigits(u, ref, 1), "digits")
				b.ReportMetric(float64(stats.RHS), "f")
				b.ReportMetric(best/base, "of-ROCK2")
			})
		}
	}
}
