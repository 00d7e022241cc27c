package ode

// Extrapolation of the explicit midpoint rule (Gragg, Bulirsch, Stoer), order and step
// size chosen together: Hairer, Norsett, Wanner, Solving ODEs I, II.9, whose code ODEX
// takes its name from it.
//
// Row j of the tableau makes n_j even substeps of y_(i+1) = y_(i-1) + 2 h_j f(y_i), whose value
// at the end has an expansion in h_j^2; column k has order 2k. Departures from the code: no
// smoothing step, which saves an evaluation in each row, and the slope at the end compared with the rows once instead; convergence is judged against the larger of the
// values at both ends.
//
// The rows have 2, 4, 6, ... substeps. An interpolant needs the middle of the step as a point with
// the same parity in all rows, which 2, 6, 10, ... give (Hairer, Ostermann, Numer. Math. 58,
// 1990): central differences of f there, extrapolated, are the derivatives of the solution in
// the middle, and with values and slopes at both ends they make a polynomial of degree 2k+1.
// Those are the rows of runs that need interpolants (Workspace.Inner), and there the error of the interpolant
// limits the steps too, as in ODEX: steps of high order are long, and a polynomial through such a step
// may be far worse than its ends. Where an interpolant is asked for that was not foreseen, its step is integrated a
// second time, and the run goes on in those rows.

import (
	"fmt"
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
)

func init() { Register(odexMethod{}, "GBS") }

const odexColumns = 9

type odexMethod struct{}

// Info describes the method.
func (odexMethod) Info() Info {
	return Info{
		Name: "ODEX", Use: Nonstiff, Order: 8, Embedded: 6, Stages: 17,
		Stability:   "explicit",
		Description: "extrapolation of the explicit midpoint rule, order 4 to 18 as the tolerance and the solution need; figures are those of order 8",
		Reference:   "Hairer, Norsett, Wanner, Solving ODEs I, 2nd ed. 1993, II.9",
	}
}

// New returns a stepper; a problem with algebraic rows is an error.
func (odexMethod) New(ws *Workspace) (Stepper, error) {
	if len(ws.Alg) > 0 {
		return nil, fmt.Errorf("ODEX is explicit and cannot solve the %d algebraic equations of %s; use the nested form, SEULEX, or auto", len(ws.Alg), ws.P.title())
	}
	n := ws.N()
	o := &odex{ws: ws, plain: newOdexLadder(2), dense: newOdexLadder(4)}
	o.odexLadder = o.plain
	flat := make([]float64, (6+odexColumns+1)*n)
	cut := func() []float64 {
		v := flat[:n:n]
		flat = flat[n:]
		return v
	}
	o.f0, o.f1, o.dy, o.y0, o.y1, o.t1 = cut(), cut(), cut(), cut(), cut(), cut()
	o.t = flat
	o.plain.aim(ws.RelTol, 0.6)
	return o, nil
}

// odexLadder is a ladder with the factors of the extrapolation.
type odexLadder struct {
	*ladder
	// factor[j][l-1] is 1/((n_j/n_(l-1))^2 - 1), by which T_j,j-l+2 follows from its neighbours.
	factor [odexColumns + 1][odexColumns]float64
}

// newOdexLadder makes that of rows 2, 2+gap, 2+2 gap, ...
func newOdexLadder(gap int) *odexLadder {
	l := &odexLadder{ladder: newLadder(odexColumns, true)}
	l.limits(0.65, 0.94, 0.02, 4, 0.8, 0.9)
	l.work[0] = 1 // f at the start
	for j := 1; j <= odexColumns; j++ {
		l.n[j] = float64(2 + (j-1)*gap)
		l.work[j] = l.work[j-1] + l.n[j] - 1
		for i := 1; i < j; i++ {
			q := l.n[j] / l.n[i]
			l.factor[j][i] = 1 / (q*q - 1)
		}
	}
	return l
}

// odex is the stepper of one run.
type odex struct {
	ws *Workspace
	*odexLadder
	plain, dense *odexLadder

	f0, f1, dy, y0, y1 []float64
	t1                 []float64 // end of the first row
	t                  []float64 // tableau: n groups of odexColumns+1, entry l of a row j is T_j,j-l+1
	fresh              bool      // f0 is f at (T, U)
	ended              bool      // f1 is f at (T, U), f0 at (TPrev, UPrev)
	first              bool

	mid   *odexMiddle
	kc    int  // columns of the last step
	ready bool // the polynomial of the last step is made
}

// Restart makes (ws.T, ws.U) the start.
func (o *odex) Restart() error {
	ws := o.ws
	o.ended = false
	o.first = true
	o.rejected = false
	if ws.H > 0 {
		o.fresh = false
		return nil
	}
	ws.RHS(ws.T, ws.U, o.f0)
	if nonFinite(o.f0) >= 0 {
		return ws.FailStep(0)
	}
	o.fresh = true
	ws.H = ws.FirstStep(o.f0, 2*o.k-2)
	return nil
}

// choose takes the rows of the interpolant where those are asked for.
func (o *odex) choose() {
	if o.mid == nil && o.ws.Inner {
		o.mid = newOdexMiddle(o.ws.N(), o.dense.ladder)
	}
	if o.mid != nil && o.odexLadder != o.dense {
		o.dense.k, o.dense.rejected = o.k, o.rejected
		o.odexLadder = o.dense
	}
}

// Step makes one accepted step.
func (o *odex) Step() error {
	ws := o.ws
	if !o.fresh {
		if o.ended {
			o.f0, o.f1 = o.f1, o.f0
		} else {
			ws.RHS(ws.T, ws.U, o.f0)
		}
		o.fresh = true
	}
	o.ended = false
	o.choose()
	want := ws.H
	for {
		if err := ws.Begin(); err != nil {
			return err
		}
		h, t := ws.Clip(want)
		kc, ok := o.attempt(h, o.first || h < want)
		if ok {
			for i := range ws.UNew {
				ws.UNew[i] = o.t[i*(odexColumns+1)+1]
			}
			// A step that ends where f is undefined is too long.
			ws.RHS(t, ws.UNew, o.f1)
			ok = nonFinite(o.f1) < 0 && o.agree(h)
			if !ok {
				kc = 0
			}
		}
		inner := math.Inf(1) // the step that the interpolant allows
		if ok && o.odexLadder == o.dense {
			o.coefficients(h, kc, ws.U, ws.UNew)
			e := o.innerError(kc)
			var fits bool
			if inner, fits = innerStep(h, e, 2*kc+1); !fits {
				ws.Stats.Rejected++
				o.rejected = true
				if want = inner; ws.TooSmall(want) {
					return ws.FailStep(want)
				}
				continue
			}
		}
		if ok {
			if h < 0.5*want {
				ws.H = want // cut short by TStop: its error says little about longer steps
				o.rejected = false
			} else {
				ws.H = o.accepted(kc)
			}
			ws.H = math.Min(ws.H, inner)
			ws.Accept(h, t)
			o.fresh, o.ended, o.first = false, true, false
			o.kc, o.ready = kc, o.odexLadder == o.dense
			return nil
		}
		ws.Stats.Rejected++
		if kc < 2 {
			want = 0.5 * h
			o.rejected = true
		} else {
			want = o.refused(kc, h)
		}
		if ws.TooSmall(want) {
			return ws.FailStep(want)
		}
	}
}

// attempt builds rows until a column has converged and reports which; where none will, it
// reports the last one and false, and 0 if the step is far too long. early says that
// every column is worth a look.
func (o *odex) attempt(h float64, early bool) (kc int, ok bool) {
	o.begin(early)
	for j := 1; j <= o.k+1; j++ {
		if !o.row(j, h, true) {
			return 0, false
		}
		err := o.extrapolate(j)
		if j == 1 {
			continue
		}
		if !o.column(j, h, err) {
			return 0, false
		}
		if j < o.k-1 && !early {
			continue
		}
		if err <= 1 {
			return j, true
		}
		if j >= o.k-1 && o.hopeless(j) || j == o.k+1 {
			return j, false
		}
	}
	return o.k + 1, false
}

// agree reports whether the slopes at the ends and in the middle of a step that has converged belong together:
// h (f_0 - 2 f_m + f_1), with f_m from the first row, is a small multiple of the difference of the first two rows where
// f is smooth. The rows do not see f at the end, and an even number of substeps takes
// back what f at the start has done, so that they converge to nonsense where f is large at an end alone.
func (o *odex) agree(h float64) bool {
	ws := o.ws
	n := ws.N()
	f0, f1, t1, u, v, tol := o.f0[:n], o.f1[:n], o.t1[:n], ws.U[:n], ws.UNew[:n], ws.AbsTol[:n]
	sum := 0.0
	for i := range u {
		e := (h*(f0[i]+f1[i]) - 2*(t1[i]-u[i])) / (tol[i] + ws.RelTol*math.Max(math.Abs(u[i]), math.Abs(v[i])))
		sum += e * e
	}
	return math.Sqrt(sum/float64(max(1, n))) <= odexAgree*math.Max(1, o.err[2])
}

// odexAgree is some forty times what a quadratic f has.
const odexAgree = 1000

// row integrates over h with n_j substeps into y1. With check it reports false where few columns are
// aimed at, of which two may agree by chance, and f changes so much in the first substep of the first two rows that h is beyond the
// bound of stability: the check of the code ODEX, which has it for all.
func (o *odex) row(j int, h float64, check bool) bool {
	ws := o.ws
	n := ws.N()
	m := int(o.n[j])
	hj := h / o.n[j]
	twice := 2 * hj
	p, q := o.y0[:n], o.y1[:n]
	dy, u, f0 := o.dy[:n], ws.U[:n], o.f0[:n]
	for i, v := range u {
		p[i] = v
		q[i] = v + hj*f0[i]
	}
	f, params := ws.K.RHS, ws.Params
	ws.Stats.RHS += m - 1
	var kept [][]float64
	if o.odexLadder == o.dense {
		kept = o.mid.f[j]
	}
	for s := 1; s < m; s++ {
		if kept != nil {
			dy = kept[s][:n]
		}
		if 2*s == m && kept != nil {
			copy(o.mid.y[j], q)
		}
		f(ws.T+float64(s)*hj, q, params, dy)
		if s == 1 && j <= 2 && check && o.k <= odexCalm && !o.calm(dy) {
			ws.Stats.RHS -= m - 2
			return false
		}
		p = p[:len(dy)]
		for i, v := range dy {
			p[i] += twice * v
		}
		p, q = q, p
	}
	o.y0, o.y1 = p, q
	return true
}

// odexCalm is how many columns are few.
const odexCalm = 3

// calm reports whether dy differs from f at the start by twice that at most, in the norm of the error.
func (o *odex) calm(dy []float64) bool {
	ws := o.ws
	start, change := 0.0, 0.0
	for i, f := range o.f0[:len(dy)] {
		w := 1 / (ws.AbsTol[i] + ws.RelTol*math.Abs(ws.U[i]))
		a, b := f*w, (dy[i]-f)*w
		start += a * a
		change += b * b
	}
	return !(change > 4*math.Max(start, eps))
}

// extrapolate adds row j, whose first entry is y1, to the tableau and returns the norm of
// the error of its last column; for j = 1, 0.
func (o *odex) extrapolate(j int) float64 {
	ws := o.ws
	const stride = odexColumns + 1
	n := ws.N()
	y, u, tol := o.y1[:n], ws.U[:n], ws.AbsTol[:n]
	if j == 1 {
		copy(o.t1, y)
		for i, v := range y {
			o.t[i*stride+1] = v
		}
		return 0
	}
	fac := &o.factor[j]
	rtol, sum := ws.RelTol, 0.0
	for i, v := range y {
		t := o.t[i*stride : i*stride+stride : i*stride+stride]
		d := 0.0
		for l := j; l >= 2; l-- {
			t[l] = v
			d = (v - t[l-1]) * fac[l-1]
			v += d
		}
		t[1] = v
		size := math.Abs(u[i])
		if a := math.Abs(v); a > size {
			size = a
		}
		e := d / (tol[i] + rtol*size)
		sum += e * e
	}
	return math.Sqrt(sum / float64(max(1, n)))
}

// odexMiddle is the interpolant: derivatives in the middle of the step.
type odexMiddle struct {
	f [odexColumns + 1][][]float64 // f of row j at its points 1 to n_j - 1
	y [odexColumns + 1][]float64   // value of row j in the middle
	d [][]float64                  // h^m times the derivative m over m!, from m = 0; four further ones complete the polynomial
}

func newOdexMiddle(n int, l *ladder) *odexMiddle {
	m := new(odexMiddle)
	for j := 1; j <= odexColumns; j++ {
		m.y[j] = make([]float64, n)
		count := int(l.n[j])
		flat := make([]float64, (count-1)*n)
		m.f[j] = make([][]float64, count)
		for s := 1; s < count; s++ {
			m.f[j][s] = flat[(s-1)*n : s*n : s*n]
		}
	}
	flat := make([]float64, (2*odexColumns+2)*n)
	for i := range 2*odexColumns + 2 {
		m.d = append(m.d, flat[i*n:(i+1)*n:(i+1)*n])
	}
	return m
}

// Degree of the interpolant in t.
func (o *odex) Degree() int { return 2*o.kc + 1 }

// Interpolate writes the solution at t in [ws.TPrev, ws.T] to u.
func (o *odex) Interpolate(t float64, u []float64) {
	ws := o.ws
	if ws.ends(t, u) {
		return
	}
	h := ws.T - ws.TPrev
	if !o.ready {
		o.again(h, o.kc)
		o.coefficients(h, o.kc, ws.UPrev, ws.U)
		o.ready = true
	}
	s := (t-ws.TPrev)/h - 0.5
	deg := o.Degree()
	d := o.mid.d
	for i := range u {
		v := d[deg][i]
		for m := deg - 1; m >= 0; m-- {
			v = v*s + d[m][i]
		}
		u[i] = v
	}
}

// innerError is the norm of the last term of the interpolant of a step to UNew with k columns, an estimate of the error without it
// (Hairer, Norsett, Wanner, II.9): what the highest derivative in the
// middle adds, d s^mu (1/4 - s^2)^2, where it is largest.
func (o *odex) innerError(k int) float64 {
	ws, mu := o.ws, float64(2*k-3)
	size := math.Pow(0.5*math.Sqrt(mu/(mu+4)), mu) / ((mu + 4) * (mu + 4))
	return size * ws.ErrNorm(o.mid.d[2*k+1], ws.U, ws.UNew)
}

// coefficients makes the polynomial of a step h from u0 to u1 of k columns in the rows of the interpolant: mid.d are its
// coefficients in powers of theta - 1/2.
func (o *odex) coefficients(h float64, k int, u0, u1 []float64) {
	n := o.ws.N()
	l := o.dense
	mu := 2*k - 3
	var table [odexColumns + 1]float64
	scale := 1.0 // h^m / m!
	for m := 0; m <= mu; m++ {
		if m > 0 {
			scale *= h / float64(m)
		}
		// Derivative m, from f by m-1 central differences, in rows from j0 on: those need
		// m-1 points on either side of the middle.
		j0 := max(1, m/2+1)
		if m%2 == 1 {
			j0 = (m + 1) / 2
		}
		dst := o.mid.d[m]
		for i := range n {
			for j := j0; j <= k; j++ {
				v := 0.0
				if m == 0 {
					v = o.mid.y[j][i]
				} else {
					c := int(l.n[j]) / 2
					// sum over q of (-1)^q binom(m-1, q) f(c + m-1-2q)
					b := 1.0
					for q := 0; q < m; q++ {
						v += b * o.mid.f[j][c+m-1-2*q][i]
						b *= -float64(m-1-q) / float64(q+1)
					}
					v *= math.Pow(l.n[j]/(2*h), float64(m-1))
				}
				table[j] = v
				for r := j; r > j0; r-- {
					q := l.n[j] / l.n[r-1]
					table[r-1] = table[r] + (table[r]-table[r-1])/(q*q-1)
				}
			}
			dst[i] = scale * table[j0]
		}
	}
	// The rest, s^(mu+1) times a cubic in s = theta - 1/2, meets values and slopes at the ends.
	d := o.mid.d
	p := math.Pow(0.5, float64(mu+1))
	sign := 1.0
	if (mu+1)%2 == 1 {
		sign = -1
	}
	for i := range n {
		// Even and odd parts of the Taylor polynomial and of its slope at 1/2.
		var v, w [2]float64 // at s = -1/2 and 1/2
		for e, s := range [2]float64{-0.5, 0.5} {
			for m := mu; m >= 0; m-- {
				w[e] = w[e]*s + v[e]
				v[e] = v[e]*s + d[m][i]
			}
		}
		a0, a1 := (u0[i]-v[0])/(sign*p), (u1[i]-v[1])/p
		// The slope of s^(mu+1) c(s) is (mu+1)/s times the value plus s^(mu+1) c'.
		b0 := (h*o.f0[i]-w[0])/(sign*p) + 2*float64(mu+1)*a0
		b1 := (h*o.f1[i]-w[1])/p - 2*float64(mu+1)*a1
		// The cubic with values a and slopes b at -1/2 and 1/2.
		mean, rise := (a0+a1)/2, a1-a0
		d[mu+1][i] = mean + (b0-b1)/8
		d[mu+2][i] = 1.5*rise - (b0+b1)/4
		d[mu+3][i] = (b1 - b0) / 2
		d[mu+4][i] = b0 + b1 - 2*rise
	}
}

// again integrates the last step, over h with k rows, in the rows of the interpolant.
func (o *odex) again(h float64, k int) {
	ws := o.ws
	if o.mid == nil {
		o.mid = newOdexMiddle(ws.N(), o.dense.ladder)
	}
	l, t, u := o.odexLadder, ws.T, ws.U
	o.odexLadder = o.dense
	ws.T, ws.U = ws.TPrev, ws.UPrev
	for j := 1; j <= k; j++ {
		o.row(j, h, false)
	}
	ws.T, ws.U = t, u
	o.odexLadder = l
}

// Slopes returns f at both ends of the last step, nil if the point was moved since.
func (o *odex) Slopes() (f0, f1 []float64) {
	if !o.ended {
		return nil, nil
	}
	return o.f0, o.f1
}

// Projected marks f at (ws.T, ws.U) as unknown.
func (o *odex) Projected() { o.fresh, o.ended = false, false }

// Archive visits f at both ends of the last step, order and step size, and the last
// interpolant with the rows that it is made of.
func (o *odex) Archive(a *archive.Archive) {
	a.Floats(o.f0, o.f1)
	a.Bool(&o.fresh, &o.ended, &o.first, &o.ready)
	a.Int(&o.kc)
	dense, made := o.odexLadder == o.dense, o.mid != nil
	a.Bool(&dense, &made)
	if o.odexLadder = o.plain; dense {
		o.odexLadder = o.dense
	}
	o.plain.archive(a)
	o.dense.archive(a)
	if !made {
		o.mid = nil
		return
	}
	if o.mid == nil {
		o.mid = newOdexMiddle(o.ws.N(), o.dense.ladder)
	}
	a.Floats(o.mid.d...)
	for j := 1; j <= odexColumns; j++ {
		a.Floats(o.mid.y[j])
		a.Floats(o.mid.f[j][1:]...)
	}
}
