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

// With the tolerance the error over paths falls.
func TestAdaptive(t *testing.T) {
	for _, c := range []struct {
		solver string
		p      *test
	}{
		{"SOSRI", linear(1.01, 0.87, 0.5, 1, false)}, {"SOSRI", cubic()}, {"SRIW1", linear(1.01, 0.87, 0.5, 1, false)}, {"SOSRI2", linear(1.01, 0.87, 0.5, 1, false)}, {"SOSRA", additiveProblem(1, 0.5)}, {"SRA3", additiveProblem(1, 0.5)}, {"SOSRI", diagonal3()},
	} {
		for _, tol := range []float64{1e-1, 1e-2, 1e-3, 1e-4} {
			e, n, r := pathwise(t, c.p, c.solver, tol, tol, 200)
			fixed := ""
			t.Logf("%-8s %-16s %.0e  error %.3g, %.0f steps, %.0f rejected %s", c.solver, c.p.Name, tol, e, n, r, fixed)
		}
	}
}
