package ode

// Extrapolation of the linearly implicit Euler method, order and step size chosen together,
// for stiff and differential-algebraic problems of index 1: Deuflhard, Numer. Math. 41, 1983;
// Hairer, Wanner, Solving ODEs II, IV.9 and VI.4, whose code SEULEX takes its name from it.
//
// Row j makes n_j = 2, 3, 4, 6, 8, 12, ... substeps
//
//	(M/h_j - J) (y_(i+1) - y_i) = f(t_i, y_i) + h_j df/dt
//
// with J and df/dt at the start of the step, so one factorisation serves a row, and the
// first f all rows; column k has order k. J is kept from step to step while the first substeps would
// change little in a second iteration of Newton's. Departures from the code: df/dt in place of f at t_(i+1);
// a look at a higher order now and then (ladder.look); the weight of a factorisation in the
// choice of order follows the size of the matrix.
//
// The interpolant is the polynomial that meets both ends and the derivatives at the right
// one, extrapolated from backward differences of the substeps (Hairer, Ostermann, Numer. Math. 58, 1990). That
// takes many rows with numbers of substeps close to each other: the rows of runs that need interpolants
// (Workspace.Inner) have 2, 3, 4, 5, ... substeps. Where one is asked for that was not foreseen, its
// step is integrated a second time, in pieces, and the run goes on in those rows.

import (
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
)

func init() { Register(seulexMethod{}) }

const (
	seulexColumns = 12
	seulexWide    = 5000 // states beyond which a run keeps seulexFew columns
	seulexFew     = 8    // and those of a step that is integrated again: more would only raise rounding
	seulexSlopes  = 9    // derivatives of the interpolant at most
	seulexPieces  = 8    // into which a step is cut that is integrated again
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
	s := &seulex{ws: ws, m: newIterationMatrix(ws), columns: columns}
	// In units of an evaluation of f, which a solution costs too.
	dec := math.Max(1, float64(n)/3)
	if ws.Pattern.NNZ() < n*n/4 {
		dec = math.Min(dec, 5)
	}
	s.plain = newSeulexLadder(columns, dec, []int{2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96})
	s.dense = newSeulexLadder(columns, dec, []int{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13})
	s.seulexLadder = s.plain
	s.stride = columns + 1
	flat := make([]float64, (9+s.stride)*n)
	cut := func() []float64 {
		v := flat[:n:n]
		flat = flat[n:]
		return v
	}
	s.f0, s.ft, s.fp, s.ftp, s.tmp, s.err, s.wt, s.early[0], s.early[1] = cut(), cut(), cut(), cut(), cut(), cut(), cut(), cut(), cut()
	s.t = flat
	s.aim(ws.RelTol, 0.6)
	return s, nil
}

// seulexLadder is a ladder with the factors of the extrapolation.
type seulexLadder struct {
	*ladder
	factor [seulexColumns + 1][seulexColumns]float64 // factor[j][i] is 1/(n_j/n_i - 1)
}

func newSeulexLadder(columns int, dec float64, substeps []int) *seulexLadder {
	l := &seulexLadder{ladder: newLadder(columns, false)}
	l.limits(0.6, 0.93, 0.1, 4, 0.7, 0.9)
	l.work[0] = 5 // the Jacobian, and f
	for j := 1; j <= columns; j++ {
		l.n[j] = float64(substeps[j-1])
		l.work[j] = l.work[j-1] + 2*l.n[j] - 1 + dec
		for i := 1; i < j; i++ {
			l.factor[j][i] = 1 / (l.n[j]/l.n[i] - 1)
		}
	}
	return l
}

// seulex is the stepper of one run.
type seulex struct {
	ws *Workspace
	m  *iterationMatrix
	*seulexLadder
	plain, dense    *seulexLadder
	columns, stride int

	f0, ft, fp, ftp  []float64 // f and df/dt at (T, U) and at the start of the last step
	tmp, err         []float64
	wt               []float64    // 1/(AbsTol + RelTol |U|)
	early            [2][]float64 // values of a row, by turns
	end              []float64    // the last of them
	t                []float64    // tableau: n groups of columns+1, entry l of a row j is T_j,j-l+1
	fresh            bool         // f0 is f at (T, U), ft df/dt
	haveJac, current bool         // J may be used; it is that of (T, U)
	theta            float64
	first            bool

	kc     int // columns of the last step
	mid    *seulexDense
	stored bool // the rows of the last step are in mid.y
	ready  bool // the polynomial of the last step is made, or of a piece of it
	degree int  // of it, where it is made
	part   int  // the piece, from 0, where rows are not stored
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

// choose takes the rows of the interpolant where those are asked for.
func (s *seulex) choose() {
	ws := s.ws
	if s.mid == nil && (ws.Inner || ws.Mass != nil) { // Integrator.resolve looks inside every step
		s.mid = newSeulexDense(ws.N(), s.dense)
	}
	if s.mid != nil && s.seulexLadder != s.dense {
		s.dense.k, s.dense.rejected = s.k, s.rejected
		s.seulexLadder = s.dense
	}
}

// Step makes one accepted step.
func (s *seulex) Step() error {
	ws := s.ws
	if !s.fresh {
		ws.RHS(ws.T, ws.U, s.f0)
		s.slope()
		s.haveJac = false
	}
	s.current = false
	s.choose()
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
			s.haveJac, s.current = true, true
		}
		h, t := ws.Clip(want)
		kc, ok := s.attempt(h, s.first || h < want)
		if ok {
			// A step that ends where f is undefined is too long.
			ws.RHS(t, ws.UNew, s.tmp)
			if ok = nonFinite(s.tmp) < 0 && s.goesOn(); !ok {
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
			s.kc, s.ready, s.first, s.stored = kc, false, false, s.seulexLadder == s.dense
			ws.Accept(h, t)
			s.fp, s.f0, s.tmp = s.f0, s.tmp, s.fp
			s.ft, s.ftp = s.ftp, s.ft
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
		s.haveJac = s.current
		if ws.TooSmall(want) {
			return s.m.failure(want)
		}
	}
}

// goesOn reports whether the run can go on where a step has converged: with f at the end and the matrix of the last row a further
// substep must not go much farther than the whole step. The rows see f at the start of substeps alone, and
// what rises in the last of them, such as the current of a diode, not at all.
func (s *seulex) goesOn() bool {
	ws := s.ws
	d, u, v, w := s.err[:ws.N()], ws.U, ws.UNew, s.wt
	copy(d, s.tmp)
	s.m.solve(d)
	next, whole := 0.0, 0.0
	for i, x := range d {
		x *= w[i]
		next += x * x
		x = (v[i] - u[i]) * w[i]
		whole += x * x
	}
	n := float64(max(1, len(d)))
	return math.Sqrt(next/n) <= seulexOn+10*math.Sqrt(whole/n)
}

// seulexOn is in tolerances.
const seulexOn = 1000

// attempt builds rows until a column has converged and reports which; where none will, it
// reports the last one and false, and 0 if the step is far too long. early says that
// every column is worth a look. The last entry of the last row is left in ws.UNew.
func (s *seulex) attempt(h float64, early bool) (kc int, ok bool) {
	s.begin(early)
	s.theta = 0
	for j := 1; j <= s.k+1; j++ {
		if !s.row(j, h, true) {
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
			if s.look(j) {
				continue
			}
			return j, true
		}
		if j >= s.k-1 && s.hopeless(j) {
			return j, false
		}
	}
	return s.k + 1, false
}

// row integrates over h with n_j substeps, to s.end. It reports false where the matrix is
// singular or, if asked for, where Newton's method would diverge in the first substep.
func (s *seulex) row(j int, h float64, check bool) bool {
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
	last := int(s.n[j])
	var kept [][]float64
	if s.seulexLadder == s.dense {
		kept = s.mid.y[j]
	}
	skip := last - len(kept)
	for i := 1; ; i++ {
		s.m.solve(delta)
		next := s.early[i&1][:n]
		if i > skip {
			next = kept[i-skip-1][:n]
		}
		for c, v := range delta {
			next[c] = y[c] + v
		}
		y = next
		if i == last {
			s.end = y
			return true
		}
		f := s.tmp[:n]
		ws.RHS(ws.T+float64(i)*hj, y, f)
		if check && i == 1 && j <= 2 {
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
			theta := math.Sqrt(change / math.Max(float64(max(1, n)), size))
			if !(theta <= 1) {
				return false
			}
			s.theta = math.Max(s.theta, theta)
		}
		for c, v := range f {
			delta[c] = v + hj*ft[c]
		}
	}
}

// extrapolate adds row j to the tableau and returns the norm of the error of its last
// column, which it leaves in ws.UNew; for j = 1, 0.
func (s *seulex) extrapolate(j int) float64 {
	ws := s.ws
	n, stride := ws.N(), s.stride
	y, out, e := s.end[:n], ws.UNew[:n], s.err[:n]
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

// seulexDense is the interpolant.
type seulexDense struct {
	y [seulexColumns + 1][][]float64 // the last values of row j, the end included
	d [][]float64                    // coefficients of powers of theta - 1

	ends []float64 // of pieces, by turns
}

func newSeulexDense(n int, l *seulexLadder) *seulexDense {
	m := new(seulexDense)
	many := func(count int) (v [][]float64) {
		flat := make([]float64, count*n)
		for i := range count {
			v = append(v, flat[i*n:(i+1)*n:(i+1)*n])
		}
		return v
	}
	for j := 1; j <= l.most; j++ {
		m.y[j] = many(min(int(l.n[j]), seulexSlopes+1))
	}
	m.d = many(seulexSlopes + 2)
	return m
}

// Degree of the interpolant in t; of each piece, where there are some.
func (s *seulex) Degree() int {
	if s.stored {
		return min(s.kc, seulexSlopes) + 1
	}
	return seulexFew + 1
}

// Interpolate writes the solution at t in [ws.TPrev, ws.T] to u.
func (s *seulex) Interpolate(t float64, u []float64) {
	ws := s.ws
	if ws.ends(t, u) {
		return
	}
	h, end := ws.T-ws.TPrev, ws.T
	if s.stored {
		if !s.ready {
			s.polynomial(s.kc, ws.UPrev, ws.U)
		}
	} else {
		h /= seulexPieces
		part := max(0, min(seulexPieces-1, int((t-ws.TPrev)/h)))
		end = ws.TPrev + float64(part+1)*h
		if !s.ready || s.part != part {
			s.again(part, h)
		}
	}
	s.ready = true
	theta := (t - end) / h
	d := s.mid.d
	for i := range u {
		v := d[s.degree][i]
		for m := s.degree - 1; m >= 0; m-- {
			v = v*theta + d[m][i]
		}
		u[i] = v
	}
}

// again integrates the last step up to the end of a piece, in pieces h in rows of the
// interpolant, and makes the polynomial of that piece.
func (s *seulex) again(part int, h float64) {
	ws := s.ws
	n := ws.N()
	if s.mid == nil {
		s.mid = newSeulexDense(n, s.dense)
	}
	l, t, u, fresh := s.seulexLadder, ws.T, ws.U, s.fresh
	s.seulexLadder = s.dense
	if s.mid.ends == nil {
		s.mid.ends = make([]float64, 2*n)
	}
	ws.T, ws.U = ws.TPrev, ws.UPrev
	s.f0, s.ft, s.fp, s.ftp = s.fp, s.ftp, s.f0, s.ft
	for p := 0; ; p++ {
		ws.RHS(ws.T, ws.U, s.f0)
		s.slope()
		rows := 0
		if s.m.evaluate(ws.T, ws.U, s.f0) {
			for j := 1; j <= seulexFew && s.row(j, h, false); j++ {
				s.extrapolate(j)
				rows = j
			}
		}
		if rows < 2 {
			copy(ws.UNew, u) // a straight line has to do
		}
		if p == part {
			end := ws.UNew
			if p == seulexPieces-1 {
				end = u
			}
			s.polynomial(rows, ws.U, end)
			break
		}
		next := s.mid.ends[:n]
		if p&1 == 1 {
			next = s.mid.ends[n:]
		}
		copy(next, ws.UNew)
		ws.T, ws.U = ws.TPrev+float64(p+1)*h, next
	}
	s.f0, s.ft, s.fp, s.ftp = s.fp, s.ftp, s.f0, s.ft
	ws.T, ws.U = t, u
	s.seulexLadder, s.part = l, part
	s.fresh, s.haveJac = fresh, false
}

// polynomial makes that from u0 to u1 of rows of the interpolant, in powers of theta - 1.
func (s *seulex) polynomial(rows int, u0, u1 []float64) {
	last := min(rows, seulexSlopes)
	d, l := s.mid.d, s.dense
	copy(d[0], u1)
	var table, scale [seulexColumns + 1]float64
	factorial := 1.0
	for m := 1; m <= last; m++ {
		factorial *= float64(m)
		// Derivative m by m backward differences, in the rows with a substep more than that.
		for j := m; j <= rows; j++ {
			scale[j] = 1
			for range m {
				scale[j] *= l.n[j]
			}
		}
		for i := range d[m] {
			for j := m; j <= rows; j++ {
				y := s.mid.y[j]
				v, b := 0.0, 1.0
				for q := 0; q <= m; q++ {
					v += b * y[len(y)-1-q][i]
					b *= -float64(m-q) / float64(q+1)
				}
				table[j] = v * scale[j]
				for r := j; r > m; r-- {
					table[r-1] = table[r] + (table[r]-table[r-1])*l.factor[j][r-1]
				}
			}
			d[m][i] = table[m] / factorial
		}
	}
	// What is missing at theta = 0 goes to the power last+1.
	for i, start := range u0 {
		v, sign := 0.0, 1.0
		for m := 0; m <= last; m++ {
			v += sign * d[m][i]
			sign = -sign
		}
		d[last+1][i] = (start - v) * sign
	}
	s.degree = last + 1
}

// Projected marks f and J at (ws.T, ws.U) as unknown.
func (s *seulex) Projected() { s.fresh, s.haveJac = false, false }

// Turned marks f and J as unknown: other rows are algebraic now.
func (s *seulex) Turned() { s.fresh, s.haveJac = false, false }

// Archive visits f and df/dt at both ends of the last step, J and the factors, order and step
// size, and the last interpolant with the rows that it is made of.
func (s *seulex) Archive(a *archive.Archive) {
	a.Floats(s.f0, s.ft, s.fp, s.ftp)
	a.Bool(&s.fresh, &s.haveJac, &s.first, &s.ready, &s.stored)
	a.Float(&s.theta)
	a.Int(&s.kc, &s.degree, &s.part)
	dense, made := s.seulexLadder == s.dense, s.mid != nil
	a.Bool(&dense, &made)
	if s.seulexLadder = s.plain; dense {
		s.seulexLadder = s.dense
	}
	s.plain.archive(a)
	s.dense.archive(a)
	s.m.Archive(a)
	if !made {
		s.mid = nil
		return
	}
	if s.mid == nil {
		s.mid = newSeulexDense(s.ws.N(), s.dense)
	}
	for j := 1; j <= s.columns; j++ {
		a.Floats(s.mid.y[j]...)
	}
	a.Floats(s.mid.d...)
}
