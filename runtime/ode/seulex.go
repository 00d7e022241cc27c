package ode

// Extrapolation of the linearly implicit Euler method, order and step size chosen together,
// for stiff and differential-algebraic problems of index 1: Deuflhard, Numer. Math. 41, 1983;
// Hairer, Wanner, Solving ODEs II, IV.9 and VI.4, whose code SEULEX takes its name from it.
//
// Row j makes n_j = 2, 3, 4, ... substeps
//
//	(M/h_j - J) (y_(i+1) - y_i) = f(t_i, y_i) + h_j df/dt
//
// with J and df/dt at the start of the step, so one factorisation serves a row, and the
// first f all rows; column k has order k. J is kept from step to step while the first substeps would
// change little in a second iteration of Newton's. Departures from the code: df/dt in place of f at t_(i+1);
// the harmonic sequence throughout; the weight of a factorisation in the choice of order
// follows the size of the matrix.
//
// The interpolant is the polynomial that meets both ends and the derivatives at the right
// one, extrapolated from backward differences of the substeps (Hairer, Ostermann, Numer. Math. 58, 1990).

import (
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
)

func init() { Register(seulexMethod{}) }

const (
	seulexColumns = 12
	seulexWide    = 5000 // states beyond which a run keeps seulexFew columns
	seulexFew     = 8
	seulexSlopes  = 9    // derivatives of the interpolant at most
	seulexKeep    = 1e-4 // contraction below which J is kept
)

type seulexMethod struct{}

// Info describes the method.
func (seulexMethod) Info() Info {
	return Info{
		Name: "SEULEX", Use: Stiff, Order: 5, Embedded: 4, Stages: 20, Implicit: true, Mass: true,
		Stability:   "A(alpha)-stable with alpha above 89 degrees, stiffly accurate in the limit",
		Description: "extrapolation of the linearly implicit Euler method, order 2 to 12 as the tolerance and the solution need; figures are those of order 5",
		Reference:   "Hairer, Wanner, Solving ODEs II, 2nd ed. 1996, IV.9",
	}
}

// New returns a stepper.
func (seulexMethod) New(ws *Workspace) (Stepper, error) {
	n := ws.N()
	columns := seulexColumns
	if n > seulexWide {
		columns = seulexFew
	}
	s := &seulex{ws: ws, m: newIterationMatrix(ws), ladder: newLadder(columns, false), columns: columns}
	l := s.ladder
	l.safe1, l.safe2, l.fac1, l.fac2, l.fac3, l.fac4 = 0.6, 0.93, 0.1, 4, 0.7, 0.9
	// In units of an evaluation of f, which a solution costs too.
	dec := math.Max(1, float64(n)/3)
	if ws.Pattern.NNZ() < n*n/4 {
		dec = math.Min(dec, 5)
	}
	l.work[0] = 5 // the Jacobian, and f
	for j := 1; j <= columns; j++ {
		l.n[j] = float64(j + 1)
		l.work[j] = l.work[j-1] + 2*l.n[j] - 1 + dec
		for i := 1; i < j; i++ {
			s.factor[j][i] = 1 / (l.n[j]/l.n[i] - 1)
		}
	}
	vectors := 5 + columns + 1 + seulexSlopes + 2
	for j := 1; j <= columns; j++ {
		vectors += j + 1
	}
	flat := make([]float64, vectors*n)
	cut := func() []float64 {
		v := flat[:n:n]
		flat = flat[n:]
		return v
	}
	s.f0, s.ft, s.tmp, s.err, s.wt = cut(), cut(), cut(), cut(), cut()
	for j := 1; j <= columns; j++ {
		s.y[j] = make([][]float64, j+2)
		for i := 1; i <= j+1; i++ {
			s.y[j][i] = cut()
		}
	}
	for range seulexSlopes + 2 {
		s.d = append(s.d, cut())
	}
	s.t = flat
	s.aim(ws.RelTol, 0.6)
	return s, nil
}

// seulex is the stepper of one run.
type seulex struct {
	ws *Workspace
	m  *iterationMatrix
	*ladder
	columns int
	factor  [seulexColumns + 1][seulexColumns]float64 // factor[j][i] is 1/(n_j/n_i - 1)

	f0, ft, tmp, err []float64
	wt               []float64 // 1/(AbsTol + RelTol |U|)
	t                []float64 // tableau: n groups of columns+1, entry l of a row j is T_j,j-l+1
	y                [seulexColumns + 1][][]float64
	fresh            bool // f0 is f at (T, U), ft df/dt
	haveJac, newJac  bool // J may be used; it is that of (T, U)
	theta            float64
	first            bool

	kc    int         // columns of the last step
	d     [][]float64 // of the interpolant, in powers of theta - 1
	ready bool
}

// Restart makes (ws.T, ws.U) the start.
func (s *seulex) Restart() error {
	ws := s.ws
	s.haveJac, s.first, s.rejected = false, true, false
	ws.RHS(ws.T, ws.U, s.f0)
	if nonFinite(s.f0) >= 0 {
		return ws.FailStep(0)
	}
	s.slope()
	if !(ws.H > 0) {
		ws.H = ws.FirstStep(s.f0, s.k)
	}
	return nil
}

// slope sets df/dt at (T, U).
func (s *seulex) slope() {
	s.ws.TGrad(s.ws.T, s.ws.U, s.f0, s.ft)
	if nonFinite(s.ft) >= 0 {
		clear(s.ft) // costs order, not consistency
	}
	s.fresh = true
}

// Step makes one accepted step.
func (s *seulex) Step() error {
	ws := s.ws
	if !s.fresh {
		ws.RHS(ws.T, ws.U, s.f0)
		s.slope()
		s.haveJac = false
	}
	s.newJac = false
	ws.Weights(ws.U, s.wt)
	want := ws.H
	for {
		if err := ws.Begin(); err != nil {
			return err
		}
		if !s.haveJac {
			if !s.m.evaluate(ws.T, ws.U, s.f0) {
				return s.m.failure(want)
			}
			s.haveJac, s.newJac = true, true
		}
		h, t := ws.Clip(want)
		kc, ok := s.attempt(h, s.first || h < want)
		if ok {
			// A step that ends where f is undefined is too long.
			ws.RHS(t, ws.UNew, s.tmp)
			if ok = nonFinite(s.tmp) < 0; !ok {
				kc = 0
			}
		}
		if ok {
			if h < 0.5*want {
				ws.H = want // cut short by TStop: its error says little about longer steps
				s.rejected = false
			} else {
				ws.H = s.accepted(kc)
			}
			s.kc, s.ready, s.first = kc, false, false
			ws.Accept(h, t)
			s.f0, s.tmp = s.tmp, s.f0
			s.slope()
			s.haveJac = s.theta <= seulexKeep
			return nil
		}
		ws.Stats.Rejected++
		if kc < 2 {
			want = 0.5 * h
			s.rejected = true
		} else {
			want = s.refused(kc, h)
		}
		s.haveJac = s.newJac
		if ws.TooSmall(want) {
			return s.m.failure(want)
		}
	}
}

// attempt builds rows until a column has converged and reports which; where none will, it
// reports the last one and false, and 0 if the step is far too long. early says that
// every column is worth a look. The last entry of the last row is left in ws.UNew.
func (s *seulex) attempt(h float64, early bool) (kc int, ok bool) {
	s.begin()
	s.theta = 0
	for j := 1; j <= s.k+1; j++ {
		if !s.row(j, h) {
			return 0, false
		}
		err := s.extrapolate(j)
		if j == 1 {
			continue
		}
		if !s.column(j, h, err) {
			return 0, false
		}
		if j < s.k-1 && !early {
			continue
		}
		if err <= 1 {
			return j, true
		}
		if j >= s.k-1 && s.hopeless(j) || j == s.k+1 {
			return j, false
		}
	}
	return s.k + 1, false
}

// row integrates over h with n_j substeps. It reports false where the matrix is singular
// or Newton's method would diverge in the first substep.
func (s *seulex) row(j int, h float64) bool {
	ws := s.ws
	a := s.n[j] / h
	if !s.m.factor(a) {
		return false
	}
	n := ws.N()
	hj := h / s.n[j]
	y, delta, ft := ws.U[:n], s.err[:n], s.ft[:n]
	for i, v := range s.f0[:n] {
		delta[i] = v + hj*ft[i]
	}
	for i := 1; i <= j+1; i++ {
		s.m.solve(delta)
		next := s.y[j][i][:n]
		for c, v := range delta {
			next[c] = y[c] + v
		}
		y = next
		if i > j {
			break
		}
		f := s.tmp[:n]
		ws.RHS(ws.T+float64(i)*hj, y, f)
		if i == 1 && j <= 2 {
			// A second iteration for this substep: its size by that of the first tells how good J
			// is, and whether the implicit equation is near a solution at all.
			size := 0.0
			for c, v := range delta {
				v *= s.wt[c]
				size += v * v
				delta[c] *= a
			}
			dropMassless(ws.Mass, delta)
			for c, v := range f {
				delta[c] = v - delta[c]
			}
			s.m.solve(delta)
			change := 0.0
			for c, v := range delta {
				v *= s.wt[c]
				change += v * v
			}
			theta := math.Sqrt(change) / math.Max(math.Sqrt(float64(n)), math.Sqrt(size))
			if !(theta <= 1) {
				return false
			}
			s.theta = math.Max(s.theta, theta)
		}
		for c, v := range f {
			delta[c] = v + hj*ft[c]
		}
	}
	return true
}

// extrapolate adds row j to the tableau and returns the norm of the error of its last
// column, which it leaves in ws.UNew; for j = 1, 0.
func (s *seulex) extrapolate(j int) float64 {
	ws := s.ws
	n, stride := ws.N(), s.columns+1
	y, out, e := s.y[j][j+1][:n], ws.UNew[:n], s.err[:n]
	if j == 1 {
		for i, v := range y {
			s.t[i*stride+1] = v
		}
		return 0
	}
	fac := s.factor[j][:]
	for i, v := range y {
		t := s.t[i*stride : i*stride+stride : i*stride+stride]
		d := 0.0
		for l := j; l >= 2; l-- {
			t[l] = v
			d = (v - t[l-1]) * fac[l-1]
			v += d
		}
		t[1] = v
		out[i], e[i] = v, d
	}
	ws.spareForces(e)
	return ws.ErrNorm(e, ws.U, out)
}

// Degree of the interpolant in t.
func (s *seulex) Degree() int { return min(s.kc, seulexSlopes) + 1 }

// Interpolate writes the solution at t in [ws.TPrev, ws.T] to u.
func (s *seulex) Interpolate(t float64, u []float64) {
	ws := s.ws
	if ws.ends(t, u) {
		return
	}
	if !s.ready {
		s.polynomial()
		s.ready = true
	}
	theta := (t - ws.T) / (ws.T - ws.TPrev)
	deg := s.Degree()
	for i := range u {
		v := s.d[deg][i]
		for m := deg - 1; m >= 0; m-- {
			v = v*theta + s.d[m][i]
		}
		u[i] = v
	}
}

// polynomial makes that of the last step in powers of theta - 1.
func (s *seulex) polynomial() {
	ws := s.ws
	last := min(s.kc, seulexSlopes)
	copy(s.d[0], ws.U)
	var table [seulexColumns + 1]float64
	factorial := 1.0
	for m := 1; m <= last; m++ {
		factorial *= float64(m)
		// Derivative m by m backward differences, in rows with a substep more than that.
		var scale [seulexColumns + 1]float64
		for j := m; j <= s.kc; j++ {
			scale[j] = 1
			for range m {
				scale[j] *= s.n[j]
			}
		}
		for i := range s.d[m] {
			for j := m; j <= s.kc; j++ {
				v, b := 0.0, 1.0
				for q := 0; q <= m; q++ {
					v += b * s.y[j][j+1-q][i]
					b *= -float64(m-q) / float64(q+1)
				}
				table[j] = v * scale[j]
				for r := j; r > m; r-- {
					table[r-1] = table[r] + (table[r]-table[r-1])*s.factor[j][r-1]
				}
			}
			s.d[m][i] = table[m] / factorial
		}
	}
	// What is missing at theta = 0 goes to the power last+1.
	for i, u0 := range ws.UPrev {
		v, sign := 0.0, 1.0
		for m := 0; m <= last; m++ {
			v += sign * s.d[m][i]
			sign = -sign
		}
		s.d[last+1][i] = (u0 - v) * sign
	}
}

// Projected marks f and J at (ws.T, ws.U) as unknown.
func (s *seulex) Projected() { s.fresh, s.haveJac = false, false }

// Turned marks f and J as unknown: other rows are algebraic now.
func (s *seulex) Turned() { s.fresh, s.haveJac = false, false }

// Archive visits f, df/dt, J and the factors, order and step size, and the substeps of the last step
// with the interpolant made of them.
func (s *seulex) Archive(a *archive.Archive) {
	a.Floats(s.f0, s.ft)
	a.Bool(&s.fresh, &s.haveJac, &s.first, &s.ready)
	a.Float(&s.theta)
	a.Int(&s.kc)
	s.ladder.archive(a)
	s.m.Archive(a)
	for j := 1; j <= s.columns; j++ {
		a.Floats(s.y[j][1:]...)
	}
	a.Floats(s.d...)
}
