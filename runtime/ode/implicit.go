package ode

// Fully implicit problems F(t, u, u', p) = 0: consistent start values, and the residual of
// a step of the multistep stepper. With the predicted history z and the correction e,
//
//	F(t, z_0 + e, (z_1 + c e)/h) = 0
//
// is solved by Newton iterations with dF/du + alpha dF/du', alpha = c/h, evaluated and
// factorised together whenever new factors are wanted.
//
// Brenan, Campbell, Petzold, Numerical Solution of Initial-Value Problems in
// Differential-Algebraic Equations, SIAM 1996 (DASSL); Hindmarsh et al., ACM Trans. Math.
// Softw. 31(3), 2005 (IDA); Brown, Hindmarsh, Petzold, SIAM J. Sci. Comput. 19(5), 1998 (consistent
// initialization). Departures: the history is the one of BDF, in Nordsieck form, with its error
// estimates and its choice of order and step, of which those of IDA take more steps on the
// test problems; consistent values are found with the exact Jacobian of the unknowns
// instead of that of a short step.

import (
	"errors"
	"fmt"
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/fdiff"
	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/newton"
)

// Implicit describes a problem in the form F(t, u, u', p) = 0 (Kernels.Residual), which goes
// before Kernels.RHS and Problem.Mass. Its index may be 1 at most, or 2 with the higher-index
// variables among Options.ExcludeAlgebraic.
type Implicit struct {
	DU0       []float64         // start values of u', or guesses, len N; nil: zeros
	Algebraic []bool            // entries of u whose derivative does not occur, len N; nil: found out at the start
	Jac       *linsolve.Pattern // of dF/du + alpha dF/du', N by N; nil: dense
	Start     ImplicitStart
}

// ImplicitStart says which values at the start are given, and so which are computed.
type ImplicitStart uint8

const (
	StartStates      ImplicitStart = iota // u of differential entries: u' of them, u of the others
	StartDerivatives                      // u': all of u
	StartGiven                            // u and u', which satisfy the equations
)

func init() { Register(idaMethod{}, "DASSL", "DFBDF") }

// idaMethod is backward differentiation on residuals.
type idaMethod struct{}

// Info describes the method.
func (idaMethod) Info() Info {
	return Info{
		Name: "IDA", Use: Stiff, Order: bdfMaxOrder, Embedded: bdfMaxOrder, Stages: 1, Implicit: true, Mass: true,
		Stability:   "A-stable to order 2, A(alpha)-stable to order 5",
		Description: "backward differentiation formulas of orders 1 to 5 for fully implicit systems F(t, u, u') = 0",
		Reference:   "Brenan, Campbell, Petzold, Numerical Solution of Initial-Value Problems in Differential-Algebraic Equations, SIAM 1996",
	}
}

// New returns a stepper.
func (idaMethod) New(ws *Workspace) (Stepper, error) {
	b := newMultistep(ws, backward, bdfMaxOrder, bdfMaxOrder)
	b.im = ws.implicit()
	b.tol = msNewtonAlg
	return b, nil
}

// implicitSystem is a residual with what is needed to solve it.
type implicitSystem struct {
	ws   *Workspace
	du   []float64 // u' at the last point, or of the residual
	made bool      // of M u' = f, not given

	pat  *linsolve.Pattern
	vals []float64 // dF/du + alpha dF/du'
	lu   *linsolve.Replay[float64]
	w    *linsolve.Shifted[float64] // of M u' = f
	jac  []float64
	fd   *residualDifferences

	algebraic []int32
	known     bool // algebraic is
	start     *newton.Solver
	shape     int

	f, u, v []float64
	t       float64
	a0, a1  []float64 // of start: Jacobians with alpha = 0 and 1
	fixed   ImplicitStart
	x       []float64
	bad     int // entry of the Jacobian that is not finite, -1: none
	err     error
}

// implicit is the residual form of the problem, made when first asked for.
func (ws *Workspace) implicit() *implicitSystem {
	if ws.im == nil {
		ws.im = newImplicitSystem(ws)
	}
	return ws.im
}

func newImplicitSystem(ws *Workspace) *implicitSystem {
	n := ws.N()
	s := &implicitSystem{ws: ws, du: make([]float64, n), made: ws.P.Implicit == nil, f: make([]float64, n), bad: -1}
	if s.made {
		s.shapeUp()
		return s
	}
	im := ws.P.Implicit
	if s.pat = im.Jac; s.pat == nil {
		s.pat = linsolve.Dense(n, n)
	}
	s.vals = make([]float64, s.pat.NNZ())
	s.lu = replayed(s.pat)
	s.u, s.x, s.v = make([]float64, n), make([]float64, n), make([]float64, n)
	s.a0, s.a1 = make([]float64, s.pat.NNZ()), make([]float64, s.pat.NNZ())
	if im.Algebraic != nil {
		for i, a := range im.Algebraic {
			if a {
				s.algebraic = append(s.algebraic, int32(i))
			}
		}
		s.known = true
	}
	copy(s.du, im.DU0)
	return s
}

// shapeUp makes the matrices of M u' = f for the present shape of the workspace.
func (s *implicitSystem) shapeUp() {
	ws := s.ws
	if s.w != nil && s.shape == ws.shape {
		return
	}
	s.shape = ws.shape
	s.w = linsolve.NewShifted[float64](ws.Pattern, ws.Mass)
	s.jac = make([]float64, ws.Pattern.NNZ())
	s.lu = replayed(s.w.Pattern)
}

// excluded lists the entries that the error test leaves out.
func (s *implicitSystem) excluded(first bool) []int32 {
	switch {
	case s.made && !first:
		return s.ws.Forces
	case s.made:
		return s.ws.Alg
	case first || s.ws.ExcludeAlgebraic:
		return s.algebraic
	}
	return nil
}

// evaluate writes F(t, u, du) to r and counts it.
func (s *implicitSystem) evaluate(t float64, u, du, r []float64) {
	ws := s.ws
	ws.Stats.RHS++
	if !s.made {
		ws.K.Residual(t, u, du, ws.Params, r)
		return
	}
	ws.K.RHS(t, u, ws.Params, r)
	for i, f := range r {
		if ws.differential(i) {
			f -= du[i]
		}
		r[i] = -f
	}
}

// residual evaluates F for the step in progress after k iterations.
func (s *implicitSystem) residual(b *multistep, t float64, k int) {
	back := 1 / b.gamma
	if k == 0 {
		for i, v := range b.slope0 {
			s.du[i] = back * v
		}
	} else {
		for i, v := range b.slope0 {
			s.du[i] = back * (v + b.e[i])
		}
	}
	s.evaluate(t, b.ws.UNew, s.du, b.f)
}

// jacobian evaluates dF/du + alpha dF/du' at the predicted point.
func (s *implicitSystem) jacobian(b *multistep, t float64) bool {
	ws := b.ws
	if s.made {
		s.shapeUp()
		ws.Jac(t, ws.UNew, nil, s.jac)
		s.w.Set(1/b.gamma, -1, s.jac)
		s.vals = s.w.Vals
	} else {
		s.matrix(t, ws.UNew, s.du, b.f, 1/b.gamma, s.vals)
	}
	s.bad = nonFinite(s.vals)
	return s.bad < 0
}

// matrix writes dF/du + alpha dF/du' at a point to vals, where r is F.
func (s *implicitSystem) matrix(t float64, u, du, r []float64, alpha float64, vals []float64) {
	ws := s.ws
	ws.Stats.Jac++
	if ws.K.ResidualJac != nil {
		ws.K.ResidualJac(t, u, du, ws.Params, alpha, vals)
		return
	}
	if s.fd == nil {
		s.fd = &residualDifferences{
			groups: fdiff.Colour(s.pat), u: make([]float64, len(u)), du: make([]float64, len(u)),
			r: make([]float64, len(u)), delta: make([]float64, len(u)),
		}
	}
	s.fd.jac(s, t, u, du, r, alpha, vals)
}

// factor factorises the matrix.
func (s *implicitSystem) factor(ws *Workspace) (bool, error) {
	ws.Stats.Factor++
	s.err = s.lu.Factor(s.vals)
	return s.err == nil, s.err
}

func (s *implicitSystem) solve(ws *Workspace, d []float64) {
	ws.Stats.Solve++
	s.lu.Solve(d)
}

// residualDifferences approximates dF/du + alpha dF/du' by moving u_j and u_j' together, all
// columns of a colour at once.
type residualDifferences struct {
	groups          [][]int32
	u, du, r, delta []float64
}

// jac moves entry j by sqrt(eps) of its size, or by as much as moves alpha u_j that far
// relative to u_j', whichever is more.
func (d *residualDifferences) jac(s *implicitSystem, t float64, u, du, r0 []float64, alpha float64, vals []float64) {
	ws := s.ws
	copy(d.u, u)
	copy(d.du, du)
	for _, cols := range d.groups {
		for _, j := range cols {
			size := math.Max(math.Abs(u[j]), ws.AbsTol[j]/ws.RelTol)
			if alpha != 0 {
				size = math.Max(size, math.Abs(du[j]/alpha))
			}
			if int(j) < len(ws.P.States) {
				size = math.Max(size, 1e-3*math.Abs(ws.P.States[j].Nominal))
			}
			d.u[j] = u[j] + math.Sqrt(eps)*size
			d.delta[j] = d.u[j] - u[j]
			d.du[j] = du[j] + alpha*d.delta[j]
		}
		s.evaluate(t, d.u, d.du, d.r)
		for _, j := range cols {
			d.u[j], d.du[j] = u[j], du[j]
			inv := 1 / d.delta[j]
			for k := s.pat.ColPtr[j]; k < s.pat.ColPtr[j+1]; k++ {
				i := s.pat.RowIdx[k]
				vals[k] = (d.r[i] - r0[i]) * inv
			}
		}
	}
}

// findAlgebraic finds the entries whose derivative does not occur: whose column of dF/du' is
// zero at the point (t, u, du), and where all u' are changed.
func (s *implicitSystem) findAlgebraic(t float64, u []float64) {
	if s.known {
		return
	}
	n := len(u)
	occurs := make([]bool, n)
	du, r0, r1 := make([]float64, n), make([]float64, n), make([]float64, n)
	for round := range 2 {
		for j := range du {
			du[j] = s.du[j] + float64(round)*(1+math.Mod(0.754877666*float64(j+1), 1))
		}
		s.evaluate(t, u, du, r0)
		for _, cols := range fdiff.Colour(s.pat) {
			for _, j := range cols {
				du[j] += 1 + math.Abs(du[j])
			}
			s.evaluate(t, u, du, r1)
			for _, j := range cols {
				for k := s.pat.ColPtr[j]; k < s.pat.ColPtr[j+1]; k++ {
					i := s.pat.RowIdx[k]
					occurs[j] = occurs[j] || r0[i] != r1[i]
				}
				du[j] = s.du[j] + float64(round)*(1+math.Mod(0.754877666*float64(j+1), 1))
			}
		}
	}
	s.algebraic = s.algebraic[:0]
	for j, o := range occurs {
		if !o {
			s.algebraic = append(s.algebraic, int32(j))
		}
	}
	s.known = true
}

// consistent finds values at (t, u) that satisfy the equations: those that kind leaves
// open.
func (s *implicitSystem) consistent(t float64, u []float64, kind ImplicitStart) error {
	ws := s.ws
	if kind == StartGiven {
		s.evaluate(t, u, s.du, s.f)
		if i := nonFinite(s.f); i >= 0 {
			return fmt.Errorf("division by zero or invalid value in %s", ws.P.equation(i))
		}
		s.findAlgebraic(t, u)
		return nil
	}
	s.findAlgebraic(t, u)
	s.t, s.fixed = t, kind
	copy(s.u, u)
	if s.start == nil {
		nominal := make([]float64, len(u))
		for i := range nominal {
			if i < len(ws.P.States) {
				nominal[i] = ws.P.States[i].Nominal
			}
		}
		s.start = newton.New(newton.System{
			N: len(u), M: len(u), Pattern: s.pat, Nominal: nominal,
			Residual: func(x, r []float64) {
				s.place(x)
				s.evaluate(s.t, s.u, s.du, r)
			},
			Jacobian: func(x, vals []float64) { s.startJacobian(x, vals) },
		}, newton.Options{Tol: math.Min(1e-10, ws.RelTol*1e-2), MaxIter: 100})
	}
	copy(s.x, s.du)
	if kind == StartDerivatives {
		copy(s.x, u)
	} else {
		for _, i := range s.algebraic {
			s.x[i] = u[i]
		}
	}
	res := s.start.Solve(s.x)
	s.place(s.x)
	if res.Status != newton.Converged {
		what := "the derivatives and the algebraic variables"
		if kind == StartDerivatives {
			what = "the variables"
		}
		return fmt.Errorf("%s, %s; the start values do not determine %s: change them, or give u and u' that satisfy the equations (Implicit.Start)",
			res, ws.P.equation(res.Worst), what)
	}
	copy(u, s.u)
	return nil
}

// place puts the unknowns of the start into u and du.
func (s *implicitSystem) place(x []float64) {
	if s.fixed == StartDerivatives {
		copy(s.u, x)
		return
	}
	copy(s.du, x)
	for _, i := range s.algebraic {
		s.u[i], s.du[i] = x[i], 0
	}
}

// startJacobian writes dF/dx: columns of dF/du', which is the difference between the
// matrices with alpha = 1 and 0, or of dF/du.
func (s *implicitSystem) startJacobian(x, vals []float64) {
	s.place(x)
	s.evaluate(s.t, s.u, s.du, s.f)
	s.matrix(s.t, s.u, s.du, s.f, 0, s.a0)
	copy(vals, s.a0)
	if s.fixed == StartDerivatives {
		return
	}
	s.matrix(s.t, s.u, s.du, s.f, 1, s.a1)
	k := 0
	for j := range s.pat.Cols {
		if k < len(s.algebraic) && int(s.algebraic[k]) == j {
			k++
			continue
		}
		for e := s.pat.ColPtr[j]; e < s.pat.ColPtr[j+1]; e++ {
			vals[e] = s.a1[e] - s.a0[e]
		}
	}
}

// beginImplicit makes the start values of an implicit problem consistent.
func (ws *Workspace) beginImplicit() error {
	s := ws.implicit()
	im := ws.P.Implicit
	clear(s.du)
	copy(s.du, im.DU0)
	t := ws.T
	k := ws.K
	if ws.flip {
		for i := range s.du {
			s.du[i] = -s.du[i]
		}
		ws.K = reversed(k)
	}
	err := s.consistent(t, ws.U, im.Start)
	ws.K = k
	if err != nil {
		return ws.fail(InitFailure, err, "no consistent initial values: %v", err)
	}
	return nil
}

// slopes writes the u' that belong to the differential entries of u, as the right-hand side
// of other problems does; NaN where there are none.
func (s *implicitSystem) slopes(t float64, u, du []float64) {
	copy(s.v, u)
	if s.consistent(t, s.v, StartStates) != nil {
		for i := range du {
			du[i] = math.NaN()
		}
		return
	}
	copy(du, s.du)
}

// resettle makes u' and the algebraic variables consistent with the differential variables
// at the present point, after an event.
func (ws *Workspace) resettle() error {
	if err := ws.implicit().consistent(ws.T, ws.U, StartStates); err != nil {
		return ws.fail(InitFailure, err, "no consistent values after the event or change: %v", err)
	}
	return nil
}

// restartImplicit makes (ws.T, ws.U) the start of an implicit problem, with the slopes that
// belong to it.
func (b *multistep) restartImplicit() error {
	ws, s := b.ws, b.im
	if s.made {
		ws.RHS(ws.T, ws.U, b.f)
		if nonFinite(b.f) >= 0 {
			return ws.FailStep(0)
		}
		b.begin(ws.FirstStep(b.f, 1), b.f, ws.Mass)
		return nil
	}
	s.evaluate(ws.T, ws.U, s.du, s.f)
	if nonFinite(s.f) >= 0 {
		return s.failure(b, 0)
	}
	if b.steps > 0 {
		// Somewhere else than at the start: the slopes are not known there.
		if err := ws.resettle(); err != nil {
			return err
		}
	}
	copy(b.f, s.du)
	for _, i := range s.algebraic {
		b.f[i] = 0
	}
	h := ws.InitialStep
	if !(h > 0) {
		// IDA's: a thousandth of the span, and half of what moves u by its tolerance.
		h = 1e-3 * (ws.TEnd - ws.T)
		if v := ws.Norm(b.f, ws.U); v*h > 0.5 {
			h = 0.5 / v
		}
		h = math.Min(h, ws.HMax)
	}
	b.begin(h, b.f, nil)
	return nil
}

// failure is why a run ends when the step size h has become too small.
func (s *implicitSystem) failure(b *multistep, h float64) *Failure {
	ws := b.ws
	if s.made {
		return ws.FailStep(h)
	}
	var singular *linsolve.SingularError
	if i := nonFinite(b.f); i >= 0 {
		return ws.Fail(Unstable, "division by zero or invalid value in %s", ws.P.equation(i))
	}
	if s.bad >= 0 {
		return ws.Fail(Unstable, "the derivatives of %s are not finite", ws.P.equation(int(s.pat.RowIdx[s.bad])))
	}
	if errors.As(s.err, &singular) {
		return ws.fail(SingularMatrix, s.err, "the linear system of a step stays singular: the equations do not determine %s "+
			"(their index may be higher than 1 here, or a coefficient became 0)", ws.P.state(singular.Col))
	}
	worst, at := 0.0, 0
	for i, v := range s.du {
		if r := math.Abs(v) / (ws.AbsTol[i] + ws.RelTol*math.Abs(ws.U[i])); r > worst {
			worst, at = r, i
		}
	}
	return ws.Fail(DtTooSmall, "the step size fell to %.3g; the fastest variable is %s = %.6g with derivative %.6g: "+
		"a singularity of the solution, a discontinuity, or an index higher than 1", h, ws.P.state(at), ws.U[at], s.du[at])
}

func (s *implicitSystem) archive(a *archive.Archive) {
	a.Floats(s.du)
	if s.made {
		s.shapeUp()
		s.vals = s.w.Vals
	}
	a.Floats(s.vals)
	s.lu.Archive(a, s.vals)
	count := len(s.algebraic)
	a.Int(&count)
	a.Bool(&s.known)
	if a.Loading() && a.Err() == nil {
		s.algebraic = make([]int32, count)
	}
	a.Int32s(s.algebraic)
}

// reverseImplicit makes the functions of an implicit problem those with time reversed.
func reverseImplicit(k, r *Kernels) {
	if k.Residual == nil {
		return
	}
	var back []float64
	turn := func(du []float64) []float64 {
		if len(back) != len(du) {
			back = make([]float64, len(du))
		}
		for i, v := range du {
			back[i] = -v
		}
		return back
	}
	r.RHS = k.RHS // slopes of the workspace
	r.Residual = func(t float64, u, du, p, out []float64) { k.Residual(-t, u, turn(du), p, out) }
	if k.ResidualJac != nil {
		r.ResidualJac = func(t float64, u, du, p []float64, alpha float64, vals []float64) {
			k.ResidualJac(-t, u, turn(du), p, -alpha, vals)
		}
	}
}
