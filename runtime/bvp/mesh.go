package bvp

// Meshes: the equations are solved on one, the defect of the continuous extension is compared with the tolerance, and
// where it is too large the mesh is chosen anew, so that the defects of all intervals come out equal and below the
// tolerance (Ascher, Mattheij, Russell, Numerical Solution of Boundary Value Problems for Ordinary
// Differential Equations, SIAM 1995, chapter 9; Enright, Muir 1996). A mesh on which the iteration fails is halved.

import (
	"context"
	"math"
	"slices"

	"github.com/mtkc/mtkc/runtime/newton"
)

const (
	meshSafety = 1.3 // intervals beyond those that the defect asks for
	meshGrow   = 4.0 // factor by which a mesh grows at most,
	meshShrink = 0.5 // or shrinks
	meshSpread = 4.0 // ratio of neighbouring lengths that the smoothing allows, roughly
	meshRounds = 60

	// Defect above which polynomials overshoot more than they interpolate.
	roughDefect = 0.3
)

// collocate solves on one mesh after the other.
func (s *system) collocate() (*Solution, error) {
	m := s.opt.Method
	sc := schemes[m]
	t := s.firstMesh()
	x := s.values(t, nil)
	if !finite(x) {
		return nil, fail(NotFinite, "the guess is not finite")
	}
	guess := append([]float64(nil), s.par...)
	start, first := append([]float64(nil), guess...), s.opt.Start
	var rough *Solution // the last solution, with a defect that is too large
	// The iteration is solved well below the tolerance of the defect.
	tol := math.Max(1e-12, math.Min(1e-6, 1e-3*s.opt.Tol))
	var last newton.Result
	failures := 0
	for range meshRounds {
		if err := s.ctx.Err(); err != nil {
			f := fail(Interrupted, "%v", context.Cause(s.ctx))
			f.Err = err
			return nil, f
		}
		if len(t)-1 > s.opt.MaxMesh {
			if failures > 0 {
				return nil, fail(NewtonFailure, "%v, on meshes of up to %d intervals; give a better guess, or go there by Continue from a parameter for which the problem is easy", last, (len(t)-1)/2)
			}
			return nil, fail(MeshLimit, "the tolerance %.3g asks for more than %d intervals; raise MaxMesh, or loosen it", s.opt.Tol, s.opt.MaxMesh)
		}
		e := newEquations(s, sc, t)
		last = e.solve(x, tol)
		if last.Status != newton.Converged || last.Rank < len(x) {
			if last.Status == newton.NotFinite && failures > 3 {
				return nil, fail(NotFinite, "f or the conditions are not finite along the guess: %v", last)
			}
			failures++
			t = s.halve(t)
			copy(s.par, guess)
			if failures%2 == 1 && rough != nil { // a coarse solution was no guess for a finer one
				s.opt.Start, rough = first, nil
				copy(s.par, start)
				copy(guess, start)
			}
			x = s.values(t, rough)
			continue
		}
		e.load(x)
		poly, deg := e.interpolate(m, x)
		d := e.defects(poly, deg)
		sol := &Solution{Method: m, T: t, U: x[:len(t)*s.n], P: append([]float64(nil), s.par...), Unknown: s.p.Unknown, n: s.n, poly: poly, deg: deg, Defect: slices.Max(d)}
		if sol.Defect <= s.opt.Tol {
			if s.opt.Estimate {
				return s.estimate(sol, tol)
			}
			sol.Stats = s.stats
			return sol, nil
		}
		failures = 0
		copy(guess, s.par)
		t = s.remesh(t, d, float64(sc.order))
		rough = sol
		x = s.values(t, rough)
	}
	return nil, fail(MeshLimit, "no mesh of at most %d intervals meets the tolerance %.3g after %d attempts", s.opt.MaxMesh, s.opt.Tol, meshRounds)
}

// estimate solves on the halved mesh. There the errors are 2^-p times what they were, p being the
// order, so the difference of both solutions is 2^p - 1 times the error of the new one (Richardson).
func (s *system) estimate(sol *Solution, tol float64) (*Solution, error) {
	sc := schemes[sol.Method]
	e := newEquations(s, sc, s.halve(sol.T))
	x := s.values(e.t, sol)
	res := e.solve(x, tol*math.Pow(2, -float64(sc.order)))
	if res.Status != newton.Converged || res.Rank < len(x) {
		return nil, fail(NewtonFailure, "%v on the halved mesh, for the estimate of the error", res)
	}
	e.load(x)
	poly, deg := e.interpolate(sol.Method, x)
	fine := &Solution{Method: sol.Method, T: e.t, U: x[:len(e.t)*s.n], P: append([]float64(nil), s.par...), Unknown: s.p.Unknown, n: s.n, poly: poly, deg: deg,
		Defect: slices.Max(e.defects(poly, deg))}
	for i := range sol.T {
		for q := range s.n {
			a, b := sol.U[i*s.n+q], fine.U[2*i*s.n+q]
			fine.Error = math.Max(fine.Error, math.Abs(a-b)/(1+math.Abs(b)))
		}
	}
	fine.Error /= math.Pow(2, float64(sc.order)) - 1
	fine.Stats = s.stats
	return fine, nil
}

// firstMesh is the mesh to begin with; it holds all points of the conditions.
func (s *system) firstMesh() []float64 {
	var t []float64
	if st := s.opt.Start; st != nil {
		for _, v := range st.T {
			if v > s.a && v < s.b {
				t = append(t, v)
			}
		}
		t = append(append([]float64{s.a}, t...), s.b)
	} else {
		for i := range s.opt.Mesh + 1 {
			x := float64(i) / float64(s.opt.Mesh)
			t = append(t, (1-x)*s.a+x*s.b)
		}
		t[0], t[s.opt.Mesh] = s.a, s.b
	}
	return s.pin(t)
}

// pin moves the nearest mesh points onto the points of the conditions, or adds them, where that makes no
// interval much shorter than it was.
func (s *system) pin(t []float64) []float64 {
	free := func(k int) bool { // point k may move
		if k == 0 || k == len(t)-1 {
			return false
		}
		_, pinned := slices.BinarySearch(s.points, t[k])
		return !pinned
	}
	for _, v := range s.points {
		k, there := slices.BinarySearch(t, v)
		if there {
			continue
		}
		close := 0.25 * (t[k] - t[k-1]) // t[0] <= v <= the last one
		switch {
		case v-t[k-1] < close && free(k-1):
			t[k-1] = v
		case t[k]-v < close && free(k):
			t[k] = v
		default:
			t = slices.Insert(t, k, v)
		}
	}
	return t
}

// halve divides every interval.
func (s *system) halve(t []float64) []float64 {
	out := make([]float64, 0, 2*len(t))
	for i, v := range t {
		if i > 0 {
			out = append(out, t[i-1]+(v-t[i-1])/2)
		}
		out = append(out, v)
	}
	return out
}

// values are the unknowns on mesh t: those of sol, or of the guess.
func (s *system) values(t []float64, sol *Solution) []float64 {
	x := make([]float64, len(t)*s.n+s.m)
	for i, v := range t {
		u := x[i*s.n : (i+1)*s.n]
		switch {
		case sol == nil || v < sol.T[0] || v > sol.T[len(sol.T)-1]:
			s.guess(v, u)
		case sol.Defect > roughDefect:
			sol.linear(v, u)
		default:
			sol.At(v, u)
		}
	}
	for l, j := range s.p.Unknown {
		x[len(t)*s.n+l] = s.par[j]
	}
	return x
}

// linear interpolates the values at the mesh points.
func (s *Solution) linear(t float64, u []float64) {
	i, _ := slices.BinarySearch(s.T, t)
	i = min(max(i, 1), len(s.T)-1)
	x := (t - s.T[i-1]) / (s.T[i] - s.T[i-1])
	a, b := s.U[(i-1)*s.n:i*s.n], s.U[i*s.n:(i+1)*s.n]
	for q := range u {
		u[q] = (1-x)*a[q] + x*b[q]
	}
}

// remesh chooses a mesh for the defects d of order p on t.
func (s *system) remesh(t, d []float64, p float64) []float64 {
	n := len(d)
	// The density of intervals that brings each defect to the tolerance.
	density := make([]float64, n)
	most := 0.0
	for i, v := range d {
		v = math.Max(v/s.opt.Tol, 1e-6)
		if math.IsInf(v, 1) {
			v = 1e6
		}
		density[i] = math.Pow(v, 1/p) / (t[i+1] - t[i])
	}
	// No interval is very much longer than its neighbours: defects of far too long ones are no
	// measure.
	for i := 1; i < n; i++ {
		density[i] = math.Max(density[i], density[i-1]/meshSpread)
	}
	for i := n - 2; i >= 0; i-- {
		density[i] = math.Max(density[i], density[i+1]/meshSpread)
	}
	total := 0.0
	for i := range density {
		part := density[i] * (t[i+1] - t[i])
		total += part
		most = math.Max(most, part)
	}
	want := math.Ceil(meshSafety * total)
	if most > 1 && most <= 1.5*total/float64(n) { // equal already, and too large
		want = math.Max(want, 1.1*float64(n)+1)
	}
	want = math.Min(meshGrow*float64(n), math.Max(meshShrink*float64(n), want))
	k := int(want)
	out := make([]float64, 0, k+1)
	out = append(out, t[0])
	i, done := 0, 0.0 // done: integral of the density up to t[i]
	for j := 1; j < k; j++ {
		goal := total * float64(j) / float64(k)
		for i < n-1 && done+density[i]*(t[i+1]-t[i]) < goal {
			done += density[i] * (t[i+1] - t[i])
			i++
		}
		v := t[i] + (goal-done)/density[i]
		if v > out[len(out)-1] && v < t[n] {
			out = append(out, v)
		}
	}
	return s.pin(append(out, t[n]))
}
