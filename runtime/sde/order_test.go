package sde

import (
	"context"
	"flag"
	"math"
	"testing"

	"github.com/mtkc/mtkc/runtime/ode"
)

var long = flag.Bool("long", false, "find the strong order of each method on all problems of its class, not on the first one alone")

// runner solves one problem again and again.
type runner struct {
	t   testing.TB
	in  *ode.Integrator
	p   *ode.Problem
	opt ode.Options
}

func (r *runner) end(path uint64) []float64 {
	r.t.Helper()
	opt := r.opt
	opt.Path, opt.FinalOnly = path, true
	var err error
	if r.in == nil {
		r.in, err = ode.NewIntegrator(context.Background(), r.p, opt)
	} else {
		err = r.in.Reset(context.Background(), opt)
	}
	for err == nil && !r.in.Done() {
		err = r.in.Step()
	}
	if err != nil {
		r.t.Fatalf("%s of %s, path %d: %v", r.opt.Solver, r.p.Name, path, err)
	}
	return r.in.U()
}

// strong is the mean of |u_h(T) - u(T)| over paths, largest of all components, for steps T 2^-k.
func strong(t testing.TB, p *test, solver string, paths uint64, k ...int) (errs []float64) {
	n, m := p.N(), len(p.Noise.Names)
	t1 := p.Span[1]
	want, w, h := make([]float64, n), make([]float64, m), make([]float64, m)
	path := NewPath(m)
	for _, e := range k {
		r := &runner{t: t, p: p.Problem, opt: ode.Options{Solver: solver, Seed: 11, InitialStep: math.Ldexp(t1, -e), RelTol: 1, AbsTol: 1e30}}
		if m, _ := ode.Lookup(solver); m.Info().Implicit {
			r.opt.AbsTol = 1 // errors of a step are smaller, and what the iteration leaves is by far
		}
		r.opt.HMax = r.opt.InitialStep
		mean := make([]float64, n)
		for i := range paths {
			u := r.end(i)
			path.Begin(11, i, 0, t1)
			path.Take(t1, w, h)
			if p.exact == nil { // a Levy area: of cells that are finer than those of the methods
				var a [4]float64
				path.Areas(1<<12, a[:])
				want[0], want[1], want[2] = w[0], w[1], -a[1]
			} else {
				p.exact(t1, w, want)
			}
			for j, v := range u {
				mean[j] += math.Abs(v-want[j]) / float64(paths)
			}
		}
		worst := 0.0
		for _, v := range mean {
			worst = math.Max(worst, v)
		}
		errs = append(errs, worst)
	}
	return errs
}

// slope of log err against log h by least squares, steps halving.
func slope(errs []float64) float64 {
	n := float64(len(errs))
	sx, sy, sxx, sxy := 0.0, 0.0, 0.0, 0.0
	for i, e := range errs {
		x, y := -float64(i), math.Log2(e)
		sx, sy, sxx, sxy = sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}

// The strong order of every method on problems of its class, by the error at the end over 1000 paths at four step sizes: the slope
// is within 0.15 of the order, the bound of the published data. Methods for additive noise are of order 1.5, and 2 where the drift is
// linear in u: there what they leave of I_11 type is zero.
func TestStrongOrder(t *testing.T) {
	lin, cub, wav := linear(1.01, 0.87, 0.5, 1, false), cubic(), wave()
	ran := map[string]bool{}
	add, strat, area := additiveProblem(1, 0.5), linear(1.01, 0.87, 0.5, 1, true), levy()
	for _, c := range []struct {
		solver string
		order  float64
		p      *test
		k      int // the coarsest step is T 2^-k
	}{
		{"EM", 0.5, lin, 4}, {"EM", 0.5, cub, 4}, {"EM", 0.5, wav, 4}, {"EM", 1, add, 4}, {"EM", 0.5, commutative2D(false), 4}, {"EM", 0.5, diagonal3(), 4},
		{"SOSRI", 1.5, lin, 4}, {"SOSRI", 1.5, cub, 4}, {"SOSRI", 1.5, wav, 3}, {"SOSRI", 1.5, diagonal3(), 4},
		{"SOSRI2", 1.5, lin, 4}, {"SOSRI2", 1.5, cub, 4}, {"SRIW1", 1.5, lin, 4}, {"SRIW1", 1.5, cub, 4}, {"SRIW2", 1.5, lin, 4}, {"SRIW2", 1.5, diagonal3(), 4},
		{"SOSRA", 2, add, 3}, {"SOSRA2", 2, add, 3}, {"SRA1", 2, add, 3}, {"SRA2", 2, add, 3}, {"SRA3", 2, add, 3},
		{"LambaEM", 0.5, lin, 4}, {"LambaEM", 0.5, commutative2D(true), 4}, {"EulerHeun", 1, strat, 4}, {"LambaEulerHeun", 1, strat, 4}, {"EulerHeun", 1, commutative2D(true), 4},
		{"RKMil", 1, lin, 4}, {"RKMil", 1, cub, 4}, {"RKMil", 1, strat, 4}, {"RKMil", 1, diagonal3(), 4}, {"RKMilCommute", 1, commutative2D(true), 4}, {"RKMilCommute", 1, lin, 4}, {"RKMilCommute", 1, commutative2D(false), 4},
		{"RKMilGeneral", 1, area, 2}, {"RKMilGeneral", 1, commutative2D(true), 4}, {"RKMilGeneral", 1, strat, 4},
		{"ImplicitEM", 0.5, lin, 5}, {"ImplicitEM", 0.5, cub, 4}, {"ImplicitEM", 1, add, 3}, {"ImplicitEM", 0.5, commutative2D(false), 4}, {"ImplicitEulerHeun", 1, strat, 5}, {"STrapezoid", 0.5, lin, 4}, {"STrapezoid", 1, add, 3},
		{"ImplicitRKMil", 1, lin, 5}, {"ImplicitRKMil", 1, cub, 4}, {"ImplicitRKMil", 1, strat, 5}, {"ImplicitRKMil", 1, diagonal3(), 4},
		{"SKenCarp", 2, add, 3}, {"SOSRI", 1.5, strat, 4}, {"EM", 0.5, strat, 4},
	} {
		if ran[c.solver] && !*long {
			continue
		}
		ran[c.solver] = true
		errs := strong(t, c.p, c.solver, 1000, c.k, c.k+1, c.k+2, c.k+3)
		s := slope(errs)
		t.Logf("%-8s %-16s %.2f  %.3g", c.solver, c.p.Name, s, errs)
		if math.Abs(s-c.order) > 0.15 {
			t.Errorf("%s on %s: order %.3f, want %v; errors %.3g", c.solver, c.p.Name, s, c.order, errs)
		}
	}
}

// Where the drift is not linear, methods for additive noise are of order 1.5: du = (sin u - u^3) dt + (1 + t/2) dW, against SRA3 with steps 8 times
// shorter than the shortest on the same path.
func TestStrongOrderAdditive(t *testing.T) {
	p := single("nonlinear", 0.5, 1, func(_, u float64) float64 { return math.Sin(u) - u*u*u }, func(t, _ float64) float64 { return 1 + t/2 }, nil, nil)
	const paths = 1000
	ends := func(solver string, k int) []float64 {
		r := &runner{t: t, p: p.Problem, opt: ode.Options{Solver: solver, Seed: 11, InitialStep: math.Ldexp(1, -k), HMax: math.Ldexp(1, -k), RelTol: 1, AbsTol: 1}}
		out := make([]float64, paths)
		for i := range out {
			out[i] = r.end(uint64(i))[0]
		}
		return out
	}
	want := ends("SRA3", 11)
	for _, solver := range []string{"SOSRA", "SRA1", "SRA3", "SKenCarp"} {
		var errs []float64
		for k := 5; k < 9; k++ {
			sum := 0.0
			for i, v := range ends(solver, k) {
				sum += math.Abs(v-want[i]) / paths
			}
			errs = append(errs, sum)
		}
		s := slope(errs)
		t.Logf("%-8s %.2f  %.3g", solver, s, errs)
		if math.Abs(s-1.5) > 0.15 {
			t.Errorf("%s: order %.3f, want 1.5; errors %.3g", solver, s, errs)
		}
	}
}
