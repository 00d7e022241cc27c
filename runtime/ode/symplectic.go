package ode

// Symplectic methods for separable systems q' = g(t, p), p' = f(t, q): compositions of kicks
// p += b_i h f and drifts q += a_i h g, each the exact flow of a part of the Hamiltonian, so
// that the whole keeps the symplectic form; the energy then stays near its value for times
// exponentially long in 1/h. Steps are of fixed length: changing them by the state would
// destroy that. Hairer, Lubich, Wanner, Geometric Numerical Integration, II.5 and IX.8.
//
// Time is treated as two more coordinates: that in f moves with the drifts, that in g with the
// kicks, so that orders hold for non-autonomous systems.
//
// q, p and the time are summed with compensation (Moller, BIT 5, 1965; Kahan), as the rounding of a
// million steps would hide the conservation: it makes the energy drift like the square root of their
// number, and without compensation often in proportion.
//
// A kernel evaluates the whole of u'. Where q' = B p with a constant B (x' = v, or p
// over a mass), drifts use B and there is one evaluation for each kick; else one for each kick
// and one for each drift. A kick at the same q and time as the one before, at the seam of
// two steps, takes over its f.

import (
	"fmt"
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/tableau"
)

func init() {
	registerFamily(tableau.Symplectic, func(name string) Method { return SymplecticRK(tableau.ReadSplitting(name)) })
}

// symplecticMethod is a composition as a Method.
type symplecticMethod struct {
	info  Info
	table *tableau.Splitting
}

// SymplecticRK makes a Method of a table.
func SymplecticRK(s *tableau.Splitting) Method {
	needs := "q' = g(t, p), p' = f(t, q)"
	if s.Quadratic() {
		needs = "q' = B p, p' = f(t, q)"
	}
	return &symplecticMethod{
		table: s,
		info: Info{
			Name: s.Name, Use: Hamiltonian, Order: s.Order, Stages: len(s.Kick), Needs: needs,
			Stability: "symplectic", Reference: s.Reference,
			Description: fmt.Sprintf("symplectic composition of order %d for %s, fixed steps", s.Order, needs),
		},
	}
}

// Info describes the method.
func (m *symplecticMethod) Info() Info { return m.info }

// New returns a stepper; a problem that is not separable is an error.
func (m *symplecticMethod) New(ws *Workspace) (Stepper, error) {
	sep, err := separate(ws, m.info.Name)
	if err != nil {
		return nil, err
	}
	if m.table.Quadratic() && !sep.linear {
		return nil, fmt.Errorf("%s has its order only where q' is linear in p, and %s is not known to be so; use KahanLi8, McAte42 or another symplectic method", m.info.Name, ws.P.title())
	}
	if !(ws.InitialStep > 0) {
		return nil, fmt.Errorf("%s is symplectic and keeps its step fixed, so it cannot choose one: give --step, or Options.InitialStep", m.info.Name)
	}
	e := &symplectic{ws: ws, name: m.info.Name, sep: sep, sigma: 1}
	if ws.flip {
		e.sigma = -1
	}
	n := ws.N()
	buf := make([]float64, 5*n)
	e.lo, e.keep, e.du, e.f0, e.f1 = buf[:n:n], buf[n:2*n:2*n], buf[2*n:3*n:3*n], buf[3*n:4*n:4*n], buf[4*n:]
	e.program(m.table)
	switch {
	case sep.pairs:
		e.pairs = newPairing(&Second{X: sep.Q, V: sep.P})
		e.second = newSecondDense(ws, e.pairs, m.info.Order)
		e.a0, e.a1 = make([]float64, len(sep.Q)), make([]float64, len(sep.Q))
	default:
		e.first = newFirstDense(ws, m.info.Order)
	}
	if sep.linear && !sep.pairs {
		e.shape()
	}
	return e, nil
}

// substep is a kick or a drift.
type substep struct {
	kick   bool
	weight float64
	at     float64 // time of the evaluation, in steps
}

// symplectic is the stepper of one run.
type symplectic struct {
	ws    *Workspace
	name  string
	sep   *separable
	sigma float64
	steps []substep

	lo   []float64 // what u is short of
	keep []float64 // lo at the start of the step, in case it fails
	du   []float64 // last evaluation

	// B by rows, where q' = B p and not p itself.
	rowPtr, col, entry []int32
	jac, b             []float64

	forceAt float64 // time for which the entries P of du belong to the present q; NaN: none

	pairs  *pairing
	second *secondDense
	first  *firstDense
	a0, a1 []float64
	f0, f1 []float64 // u' at both ends of the last step, for the interpolant
	inside bool      // the interpolant has the last step

	h float64
}

// program lists the substeps without those of weight zero.
func (e *symplectic) program(s *tableau.Splitting) {
	drift, kick := s.Coeffs()
	q, p := 0.0, 0.0 // times
	whole := func(t float64) float64 {
		// The weights are rounded: an end of the step is meant.
		if math.Abs(t-1) < 1e-9 {
			return 1
		}
		return t
	}
	for i := range drift {
		for _, isKick := range [...]bool{s.KickFirst(), !s.KickFirst()} {
			switch {
			case isKick && kick[i] != 0:
				e.steps = append(e.steps, substep{true, kick[i], whole(q)})
				p += kick[i]
			case !isKick && drift[i] != 0:
				e.steps = append(e.steps, substep{false, drift[i], whole(p)})
				q += drift[i]
			}
		}
	}
}

// shape lists the entries of B by rows of Q.
func (e *symplectic) shape() {
	pat := e.ws.P.Jac
	row := make([]int32, e.ws.N())
	for i := range row {
		row[i] = -1
	}
	for k, i := range e.sep.Q {
		row[i] = int32(k)
	}
	e.rowPtr = make([]int32, len(e.sep.Q)+1)
	for _, i := range pat.RowIdx {
		if row[i] >= 0 {
			e.rowPtr[row[i]+1]++
		}
	}
	for k := range e.sep.Q {
		e.rowPtr[k+1] += e.rowPtr[k]
	}
	nnz := e.rowPtr[len(e.sep.Q)]
	e.col, e.entry, e.b = make([]int32, nnz), make([]int32, nnz), make([]float64, nnz)
	e.jac = make([]float64, pat.NNZ())
	next := append([]int32(nil), e.rowPtr...)
	for j := range pat.Cols {
		for k := pat.ColPtr[j]; k < pat.ColPtr[j+1]; k++ {
			if r := row[pat.RowIdx[k]]; r >= 0 {
				e.col[next[r]], e.entry[next[r]] = int32(j), k
				next[r]++
			}
		}
	}
}

// Restart makes (ws.T, ws.U) the start.
func (e *symplectic) Restart() error {
	ws := e.ws
	clear(e.lo)
	e.forceAt = math.NaN()
	if e.b != nil {
		ws.Jac(ws.T, ws.U, nil, e.jac)
		for k, i := range e.entry {
			e.b[k] = e.jac[i]
		}
		ws.RHS(ws.T, ws.U, e.f0)
		e.product(ws.U)
		for k, i := range e.sep.Q {
			size := 0.0
			for j := e.rowPtr[k]; j < e.rowPtr[k+1]; j++ {
				size += math.Abs(e.b[j] * ws.U[e.col[j]])
			}
			// As in affineRows. Parameters may have changed since then.
			if d := math.Abs(e.f0[i] - e.du[i]); d > 4*eps*float64(1+e.rowPtr[k+1]-e.rowPtr[k])*size {
				return ws.Fail(Unstable, "the derivative of %s was linear when %s was set up, and with these parameters is not; set it up again", ws.P.state(int(i)), e.name)
			}
		}
	}
	ws.H = ws.InitialStep
	return nil
}

// Step makes one step of the fixed length, shorter only to meet TStop.
func (e *symplectic) Step() error {
	ws := e.ws
	if err := ws.Begin(); err != nil {
		return err
	}
	h, t := ws.Clip(ws.InitialStep)
	e.h, e.inside = h, false
	u := ws.UNew
	copy(u, ws.U)
	copy(e.keep, e.lo)
	for i := range e.steps {
		s := &e.steps[i]
		at := t
		if s.at != 1 {
			at = ws.T + s.at*h
		}
		if s.kick {
			if e.forceAt != at {
				ws.RHS(at, u, e.du)
				if e.pairs != nil {
					if err := e.check(u); err != nil {
						copy(e.lo, e.keep)
						e.forceAt = math.NaN()
						return err
					}
				}
				e.forceAt = at
			}
			e.move(u, e.sep.P, s.weight*h)
			continue
		}
		e.forceAt = math.NaN()
		switch {
		case e.pairs != nil:
			e.drift(u, s.weight*h)
		case e.b != nil:
			e.product(u)
			e.move(u, e.sep.Q, s.weight*h)
		default:
			ws.RHS(at, u, e.du)
			e.move(u, e.sep.Q, s.weight*h)
		}
	}
	if nonFinite(u) >= 0 {
		copy(e.lo, e.keep)
		e.forceAt = math.NaN()
		return ws.FailStep(h)
	}
	ws.Accept(h, t)
	ws.H = ws.InitialStep
	return nil
}

// move adds c times the entries of du in the list to u, with compensation. The sum is that
// of Knuth, which is exact whichever term is larger.
func (e *symplectic) move(u []float64, list []int32, c float64) {
	du, lo := e.du[:len(u)], e.lo[:len(u)]
	for _, i := range list {
		a, b := u[i], c*du[i]+lo[i]
		s := a + b
		z := s - a
		u[i], lo[i] = s, (a-(s-z))+(b-z)
	}
}

// drift adds c p to q, where p is the velocity of q.
func (e *symplectic) drift(u []float64, c float64) {
	lo, p := e.lo[:len(u)], e.sep.P
	c *= e.sigma
	for k, i := range e.sep.Q {
		a, b := u[i], c*u[p[k]]+lo[i]
		s := a + b
		z := s - a
		u[i], lo[i] = s, (a-(s-z))+(b-z)
	}
}

// product writes B p to the entries Q of du.
func (e *symplectic) product(u []float64) {
	for k, i := range e.sep.Q {
		s := 0.0
		for j := e.rowPtr[k]; j < e.rowPtr[k+1]; j++ {
			s += e.b[j] * u[e.col[j]]
		}
		e.du[i] = s
	}
}

// check fails if q' is not p in du, evaluated at u.
func (e *symplectic) check(u []float64) error {
	for k, i := range e.sep.Q {
		if j := e.sep.P[k]; e.du[i] != e.sigma*u[j] {
			ws := e.ws
			if nonFinite(e.du) >= 0 || nonFinite(u) >= 0 {
				return ws.FailStep(ws.InitialStep)
			}
			return ws.Fail(Unstable, "%s needs %s' = %s, which holds no longer; use a method for any f such as Vern7", e.name, ws.P.state(int(i)), ws.P.state(int(j)))
		}
	}
	return nil
}

// Degree of the interpolant in t.
func (e *symplectic) Degree() int {
	if e.second != nil {
		return e.second.degree()
	}
	return e.first.degree()
}

// Interpolate writes the solution at t in [ws.TPrev, ws.T] to u.
func (e *symplectic) Interpolate(t float64, u []float64) {
	ws := e.ws
	if ws.ends(t, u) {
		return
	}
	if !e.inside {
		e.inside = true
		ws.RHS(ws.TPrev, ws.UPrev, e.f0)
		ws.RHS(ws.T, ws.U, e.f1)
		if e.second != nil {
			e.pairs.pick(e.f0, e.a0)
			e.pairs.pick(e.f1, e.a1)
			e.second.begin(ws.TPrev, e.h, e.sigma, ws.UPrev, e.a0, ws.U, e.a1)
		} else {
			e.first.begin(ws.TPrev, e.h, ws.UPrev, e.f0, ws.U, e.f1)
		}
	}
	theta := (t - ws.TPrev) / e.h
	if e.second != nil {
		e.second.at(theta, u)
	} else {
		e.first.at(theta, u)
	}
}

// Archive visits what the sums are short of, the last f and B, and the interpolant.
func (e *symplectic) Archive(a *archive.Archive) {
	a.Floats(e.lo, e.du, e.b)
	a.Float(&e.forceAt, &e.h)
	a.Bool(&e.inside)
	if e.second != nil {
		e.second.Archive(a)
	} else {
		e.first.Archive(a)
	}
}

// Projected forgets what belongs to the point before.
func (e *symplectic) Projected() {
	clear(e.lo)
	e.forceAt = math.NaN()
}
