package sde

import (
	"math"
	"testing"

	"github.com/mtkc/mtkc/runtime/ode"
)

// pathwise is the mean error at the end over paths of a run with error control, and the mean numbers of steps and rejections.
func pathwise(t testing.TB, p *test, solver string, rtol, atol float64, paths uint64) (err, steps, rejected float64) {
	n, m := p.N(), len(p.Noise.Names)
	t1 := p.Span[1]
	want, w, h := make([]float64, n), make([]float64, m), make([]float64, m)
	path := NewPath(m)
	r := &runner{t: t, p: p.Problem, opt: ode.Options{Solver: solver, Seed: 11, RelTol: rtol, AbsTol: atol}}
	for i := range paths {
		u := r.end(i)
		path.Begin(11, i, 0, t1)
		path.Take(t1, w, h)
		p.exact(t1, w, want)
		worst := 0.0
		for j, v := range u {
			worst = math.Max(worst, math.Abs(v-want[j]))
		}
		err += worst / float64(paths)
		st := r.in.Stats()
		steps += float64(st.Steps) / float64(paths)
		rejected += float64(st.Rejected) / float64(paths)
	}
	return err, steps, rejected
}

// With the tolerance the error over paths falls: by about its root for Euler's method, else by a factor of 2.5 at least for one of 10; and it is no
// more than a few tolerances where the method's order is above that of its error estimate, or some tens, the root of the number of steps, where
// it is not.
func TestAdaptive(t *testing.T) {
	lin := linear(1.01, 0.87, 0.5, 1, false)
	for _, c := range []struct {
		solver     string
		p          *test
		times      float64 // of the tolerance
		from, tols int
		falls      float64 // by a tenth of the tolerance
	}{
		{"SOSRI", lin, 3, 1, 3, 2.5}, {"SOSRI", cubic(), 3, 1, 3, 2.5}, {"SRIW1", lin, 3, 1, 3, 2.5}, {"SOSRI2", lin, 3, 1, 3, 2.5}, {"SOSRA", additiveProblem(1, 0.5), 1, 1, 3, 2.5}, {"SRA3", additiveProblem(1, 0.5), 1, 1, 3, 2.5}, {"SOSRI", diagonal3(), 3, 1, 3, 2.5},
		{"SOSRI", linear(1.01, 0.87, 0.5, 1, true), 3, 1, 3, 2.5}, {"SKenCarp", additiveProblem(1, 0.5), 1, 4, 3, 2.5},
		{"RKMil", lin, 50, 1, 3, 2.5}, {"RKMilCommute", commutative2D(true), 50, 2, 3, 2.5}, {"ImplicitRKMil", lin, 50, 1, 3, 2.5}, {"LambaEM", lin, 50, 1, 3, 1.6}, {"LambaEulerHeun", linear(1.01, 0.87, 0.5, 1, true), 20, 1, 2, 2.5}, {"ImplicitEM", lin, 50, 1, 3, 1.6},
	} {
		last := 0.0
		for k := range c.tols {
			tol := math.Pow(10, -float64(k+c.from))
			e, n, r := pathwise(t, c.p, c.solver, tol, tol, 100)
			t.Logf("%-8s %-16s %.0e  error %.3g, %.0f steps, %.0f rejected", c.solver, c.p.Name, tol, e, n, r)
			if e > c.times*tol || k > 0 && e > last/c.falls {
				t.Errorf("%s of %s: error %.3g at tolerance %v after %.3g", c.solver, c.p.Name, e, tol, last)
			}
			last = e
		}
	}
}

// Means and variances of the published problems, from 1000 paths of the automatic choice: the mean within 4 standard errors, the variance within 4
// of its own, from the fourth moment; and 1e-3 of the size, the tolerance.
func TestPublishedMoments(t *testing.T) {
	const paths = 1000
	d := data(t)
	for id, p := range map[string]*test{
		"linear-ito": linear(d["linear-ito"].Parameters["a"], d["linear-ito"].Parameters["b"], 0.5, 1, false), "linear-stratonovich": linear(d["linear-stratonovich"].Parameters["a"], d["linear-stratonovich"].Parameters["b"], 0.5, 1, true),
		"cubic": cubic(), "wave": wave(), "additive": additiveProblem(d["additive"].Parameters["a"], d["additive"].Parameters["b"]), "tocino-ardanuy": tocino(), "stiff-quadratic": stiffQuadratic(1, 1),
		"ornstein-uhlenbeck": ornstein(2, 1, 0.3, 0, 1), "cir": cir(), "commutative-2d": commutative2D(false),
	} {
		q := d[id]
		if q.T != p.Span[1] || math.Abs(numbers(q.U0)[0]-p.U0[0]) > 0 {
			t.Fatalf("%s: the data say T = %v, u0 = %v", id, q.T, q.U0)
		}
		r := &runner{t: t, p: p.Problem, opt: ode.Options{Seed: 77}}
		if id == "stiff-quadratic" { // paths that come near -1, where errors grow beyond, must not pass it
			r.opt.AbsTol, r.opt.RelTol = 1e-4, 1e-4
		}
		ends := make([][]float64, p.N())
		steps := 0
		for i := range uint64(paths) {
			for k, v := range r.end(i) {
				ends[k] = append(ends[k], v)
			}
			steps += r.in.Stats().Steps
		}
		for k, list := range ends {
			mean, m2, m4 := 0.0, 0.0, 0.0
			for _, v := range list {
				mean += v / paths
			}
			for _, v := range list {
				x := (v - mean) * (v - mean)
				m2 += x / paths
				m4 += x * x / paths
			}
			want, variance := numbers(q.Mean)[k], numbers(q.Variance)[k]
			size := math.Abs(want) + math.Sqrt(variance)
			if math.Abs(mean-want) > 4*math.Sqrt(variance/paths)+1e-3*size || math.Abs(m2-variance) > 4*math.Sqrt((m4-m2*m2)/paths)+2e-3*size*math.Sqrt(variance) {
				t.Errorf("%s: mean %v, variance %v; want %v, %v", id, mean, m2, want, variance)
			}
		}
		t.Logf("%-20s %-12s %d steps in a path", id, r.in.Solution().Solver, steps/paths)
	}
}
