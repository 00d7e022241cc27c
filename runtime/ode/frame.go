package ode

// A frame lets a stepper see a problem in other coordinates than its states: it has
// a workspace of its own, and the frame completes each of its points to a state of
// the whole problem. So integrators know nothing of constraints and algebraic
// equations that are solved for them, and events, output and dense output nothing of
// coordinates.
//
// In the nested form the coordinates are the differential states, or the independent
// ones among them; the others follow inside the right-hand side. What is left is an
// ordinary differential equation, for explicit methods too.
//
// In the dynamic DAE form the coordinates are all states, but the rows of dependent
// states are the invariants instead of their derivatives. That is the index-1 system of
// dummy derivatives (Mattsson, Soderlind, SIAM J. Sci. Comput. 14(3), 1993) for the
// present choice of states, as sparse as the model. A new choice exchanges rows and
// leaves the states as they are, so that multistep methods keep their history.

import (
	"fmt"
	"math"
	"slices"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/linsolve"
)

// frame is a stepper around a stepper.
type frame struct {
	whole *Workspace
	ws    *Workspace // of st
	st    Stepper
	chart *chart // nil: all differential states are independent
	dep   *dependent
	alg   *algebraic // solves for the algebraic states; nil: there are none
	shape int        // of the chart that is in force
	leave bool       // the chart is steep: change it before the next step
	y     []float64
	guess []float64 // of the dependent states; an iteration that fails spoils them

	// adapt changes ws to the present chart; fill completes the coordinates y at t to the
	// whole state u, which holds a guess of the rest; take is the inverse.
	adapt func()
	plain func() // changes ws to what it is before the first choice; may be nil
	fill  func(t float64, y, u []float64) error
	take  func(u, y []float64)
	// near writes a guess of the dependent states at t, if it knows a good one; may be
	// nil.
	near func(t float64, u []float64)
	// turned tells st that the chart has changed at the present point.
	turned func() error
	// state visits what the coordinates remember, besides the chart; may be nil.
	state func(a *archive.Archive)

	err error // why the last completion failed
}

// inner returns a workspace for n coordinates of the same run.
func (ws *Workspace) inner(n int) *Workspace {
	in := *ws
	buf := make([]float64, 3*n)
	in.U, in.UPrev, in.UNew = buf[:n:n], buf[n:2*n:2*n], buf[2*n:]
	in.AbsTol = make([]float64, n)
	in.fd, in.tmp = nil, nil
	p := *ws.P
	in.P = &p
	return &in
}

// limits takes over what the integrator has set.
func (f *frame) limits() {
	w, in := f.whole, f.ws
	in.TStop, in.TEnd, in.HMin, in.HMax, in.InitialStep, in.H = w.TStop, w.TEnd, w.HMin, w.HMax, w.InitialStep, w.H
	in.ctx, in.done, in.span, in.flip = w.ctx, w.done, w.span, w.flip
	in.Seed, in.Path = w.Seed, w.Path
}

// enter makes the present point of the whole that of the coordinates.
func (f *frame) enter() {
	w, in := f.whole, f.ws
	f.limits()
	in.T, in.TPrev, in.tLow = w.T, w.T, 0
	if f.chart != nil && f.shape != f.chart.shape {
		f.adapt()
		f.shape = f.chart.shape
	}
	f.take(w.U, in.U)
}

// Restart chooses independent states and starts from the present point.
func (f *frame) Restart() error {
	f.leave = false
	if f.chart != nil {
		if _, ok := f.chart.choose(f.whole.T, f.whole.U); !ok && f.chart.shape == 0 {
			return f.whole.Fail(SingularMatrix, "the constraints of %s depend on each other at this point, so that no states can be solved for; use projection", f.whole.P.title())
		}
	}
	f.enter()
	f.err = nil
	err := f.st.Restart()
	f.whole.H = f.ws.H
	return f.failure(err)
}

// Step makes one step in the coordinates and completes its end. A step to another
// solution of the invariants, across a singular position of the mechanism, is taken back
// and tried again with shorter ones; where that does not help, the motion itself passes
// such a position.
func (f *frame) Step() error {
	w, in := f.whole, f.ws
	if f.leave {
		if err := f.change(); err != nil {
			return err
		}
	}
	for tries := 0; ; tries++ {
		f.limits()
		f.err = nil
		err := f.st.Step()
		if err != nil && f.chart != nil && f.turn(err) {
			err = f.st.Step()
		}
		w.H = in.H
		if err != nil {
			return f.failure(err)
		}
		w.TPrev, w.T = in.TPrev, in.T
		w.UPrev, w.U = w.U, w.UPrev
		copy(w.U, w.UPrev)
		err = f.fill(in.T, in.U, w.U)
		if f.chart == nil && err == nil {
			return nil
		}
		crossed := err != nil
		if err == nil {
			f.leave, crossed = f.chart.steep(w.T, w.U)
		}
		if !crossed || err == nil && tries == crossTries {
			return nil
		}
		h := w.T - w.TPrev
		w.T = w.TPrev
		w.UPrev, w.U = w.U, w.UPrev
		copy(w.UPrev, w.U)
		if tries == crossTries || f.chart == nil {
			return w.fail(NewtonFailure, err, "behind this point %v", err)
		}
		w.Stats.Steps--
		w.Stats.Rejected++
		f.enter()
		in.H = h / 4
		if err := f.st.Restart(); err != nil {
			return f.failure(err)
		}
		w.H = in.H
	}
}

// crossTries is how often a step across a singular position is taken back.
const crossTries = 6

// change leaves the chart for a better one, if there is one.
func (f *frame) change() error {
	f.leave = false
	if changed, _ := f.chart.choose(f.whole.T, f.whole.U); !changed {
		return nil
	}
	f.whole.Stats.Charts++
	h := f.whole.H
	f.enter()
	f.ws.H = h
	err := f.turned()
	f.whole.H = f.ws.H
	return err
}

// turn looks for a better chart where a step has failed for want of one.
func (f *frame) turn(err error) bool {
	fail, ok := err.(*Failure)
	if !ok || fail.Code != NewtonFailure && fail.Code != DtTooSmall && fail.Code != SingularMatrix && fail.Code != Unstable {
		return false
	}
	if changed, _ := f.chart.choose(f.whole.T, f.whole.U); !changed {
		return false
	}
	f.whole.Stats.Charts++
	f.enter()
	f.ws.H, f.err = 0, nil
	return f.st.Restart() == nil
}

// failure says what lies behind a right-hand side that could not be evaluated.
func (f *frame) failure(err error) error {
	if fail, ok := err.(*Failure); ok && f.err != nil && (fail.Code == Unstable || fail.Code == DtTooSmall) {
		return f.whole.fail(NewtonFailure, f.err, "just behind this point %v", f.err)
	}
	return err
}

// Interpolate completes the interpolant of the coordinates.
func (f *frame) Interpolate(t float64, u []float64) {
	w := f.whole
	if w.ends(t, u) {
		return
	}
	f.st.Interpolate(t, f.y)
	x := (t - w.TPrev) / (w.T - w.TPrev)
	for i, v := range w.UPrev {
		u[i] = v + x*(w.U[i]-v)
	}
	if f.near != nil {
		f.near(t, u)
	}
	if f.fill(t, f.y, u) == nil && nonFinite(u) < 0 {
		return
	}
	// A stage that only the interpolant needs lies where the coordinates cannot be
	// completed: the cubic Hermite polynomial of the whole takes its place.
	h := w.T - w.TPrev
	f0, f1 := make([]float64, len(u)), make([]float64, len(u))
	w.RHS(w.TPrev, w.UPrev, f0)
	w.RHS(w.T, w.U, f1)
	for i, a := range w.UPrev {
		b := w.U[i]
		u[i] = a + x*(b-a)
		if w.differential(i) {
			u[i] += x * (x - 1) * ((1-2*x)*(b-a) + h*((x-1)*f0[i]+x*f1[i]))
		}
	}
	f.take(u, f.y)
	_ = f.fill(t, f.y, u) // without it u is close
}

// restore solves for the dependent entries of u, if need be from the present point on.
func (f *frame) restore(t float64, u []float64, exact bool) error {
	if f.chart == nil {
		return nil
	}
	copy(f.guess, u)
	if f.dep.solve(t, u, exact) == nil {
		return nil
	}
	copy(u, f.guess)
	if nonFinite(u) >= 0 {
		return errDependent
	}
	w := f.whole
	if f.dep.follow(w.T, w.U, t, u, exact) == nil {
		return nil
	}
	return errDependent
}

// Projected takes over the point that was moved.
func (f *frame) Projected() {
	f.take(f.whole.U, f.ws.U)
	f.st.Projected()
}

// Degree of the interpolant of the coordinates.
func (f *frame) Degree() int { return degree(f.st) }

// Settled reports whether invariants and algebraic equations hold at all points.
func (f *frame) Settled() (constraints, algebraic bool) { return f.chart != nil, f.alg != nil }

// settler is a stepper that solves invariants or algebraic equations by itself.
type settler interface {
	Settled() (constraints, algebraic bool)
}

// settled asks st what needs no further care.
func settled(st Stepper) (constraints, algebraic bool) {
	if s, ok := st.(settler); ok {
		return s.Settled()
	}
	return false, false
}

// turner is a stepper that goes on in the same states when other rows of the system
// are algebraic.
type turner interface{ Turned() }

// newDynamic returns the frame of the dynamic DAE form.
func newDynamic(ws *Workspace, c *chart) *frame {
	n := ws.N()
	in := ws.inner(n)
	f := &frame{whole: ws, ws: in, chart: c, dep: newDependent(ws, c), y: make([]float64, n), guess: make([]float64, n)}
	copy(in.AbsTol, ws.AbsTol)
	d := &dynamic{frame: f, g: make([]float64, ws.P.NInv), gt: make([]float64, ws.P.NInv), jac: make([]float64, ws.Pattern.NNZ()), inv: make([]float64, ws.invPattern().NNZ()), kept: map[string]*dynamicRows{}}
	in.P.NInv, in.P.InvJac, in.P.Choice = 0, nil, nil
	in.P.Equation = func(i int) string {
		if d.rows != nil && d.rows.of[i] >= 0 {
			return "a constraint on " + ws.P.state(i)
		}
		return ws.P.equation(i)
	}
	in.K = &Kernels{RHS: d.rhs, Jac: d.jacobian, TGrad: d.tgrad}
	if ws.K.Jac == nil {
		in.K.Jac = nil
	}
	if ws.K.TGrad == nil {
		in.K.TGrad = nil
	}
	f.adapt = d.adapt
	f.take = func(u, y []float64) { copy(y, u) }
	if len(ws.Alg) > 0 {
		f.alg = newAlgebraic(ws)
	}
	f.fill = func(t float64, y, u []float64) error {
		copy(u, y)
		if err := f.restore(t, u, true); err != nil {
			return err
		}
		if f.alg != nil {
			_ = f.alg.polish(t, u) // what the method has found is close
		}
		return nil
	}
	f.turned = func() error {
		if s, ok := f.st.(turner); ok {
			s.Turned()
			return nil
		}
		return f.st.Restart()
	}
	// Before the first choice the system is that of the states.
	plain := d.arrange(nil)
	f.plain = func() { d.load(plain) }
	f.plain()
	return f
}

// dynamic is the system in which invariants replace the derivatives of dependent
// states.
type dynamic struct {
	*frame
	g, gt    []float64
	jac, inv []float64
	rows     *dynamicRows
	kept     map[string]*dynamicRows
	key      []byte
}

// dynamicRows is the arrangement for one choice.
type dynamicRows struct {
	of      []int32 // invariant in each row; -1: none
	mass    []float64
	alg     []int32
	pattern *linsolve.Pattern
	from    []int32 // of each entry: k for entry k of df/du, ^k for entry k of dg/du
}

func (d *dynamic) adapt() {
	d.key = key(d.key[:0], d.chart.dep)
	r := d.kept[string(d.key)]
	if r == nil {
		if len(d.kept) >= coordsKept {
			clear(d.kept)
		}
		r = d.arrange(d.chart.dep)
		d.kept[string(d.key)] = r
	}
	d.load(r)
}

func (d *dynamic) load(r *dynamicRows) {
	in := d.ws
	d.rows = r
	in.Mass, in.Alg, in.Pattern = r.mass, r.alg, r.pattern
	in.P.Mass, in.P.Jac = r.mass, r.pattern
	in.fd = nil
	in.shape++
}

// arrange merges the patterns.
func (d *dynamic) arrange(dep []int32) *dynamicRows {
	w := d.whole
	n := w.N()
	r := &dynamicRows{of: make([]int32, n), mass: make([]float64, n), pattern: &linsolve.Pattern{Rows: n, Cols: n, ColPtr: make([]int32, 1, n+1)}}
	for i := range n {
		r.of[i] = -1
		r.mass[i] = 1
		if w.Mass != nil {
			r.mass[i] = w.Mass[i]
		}
	}
	for k, j := range dep {
		r.of[j], r.mass[j] = int32(k), 0
	}
	for i, m := range r.mass {
		if m == 0 {
			r.alg = append(r.alg, int32(i))
		}
	}
	inv := w.invPattern()
	at := make([]int32, n) // 1 + source of each row of the present column
	stamp := make([]int32, n)
	for j := range n {
		for e := w.Pattern.ColPtr[j]; e < w.Pattern.ColPtr[j+1]; e++ {
			if i := w.Pattern.RowIdx[e]; r.of[i] < 0 {
				stamp[i], at[i] = int32(j+1), e
			}
		}
		for e := inv.ColPtr[j]; e < inv.ColPtr[j+1] && dep != nil; e++ {
			i := dep[inv.RowIdx[e]]
			stamp[i], at[i] = int32(j+1), ^e
		}
		r.pattern.RowIdx = appendStamped(r.pattern.RowIdx, stamp, int32(j+1), w.Pattern, inv, j, dep)
		for _, i := range r.pattern.RowIdx[r.pattern.ColPtr[j]:] {
			r.from = append(r.from, at[i])
		}
		r.pattern.ColPtr = append(r.pattern.ColPtr, int32(len(r.pattern.RowIdx)))
	}
	return r
}

// appendStamped appends the stamped rows of column j in ascending order.
func appendStamped(rows, stamp []int32, s int32, a, b *linsolve.Pattern, j int, dep []int32) []int32 {
	first := len(rows)
	for e := a.ColPtr[j]; e < a.ColPtr[j+1]; e++ {
		if i := a.RowIdx[e]; stamp[i] == s {
			rows = append(rows, i)
			stamp[i] = -s
		}
	}
	for e := b.ColPtr[j]; e < b.ColPtr[j+1] && dep != nil; e++ {
		if i := dep[b.RowIdx[e]]; stamp[i] == s {
			rows = append(rows, i)
			stamp[i] = -s
		}
	}
	slices.Sort(rows[first:])
	return rows
}

func (d *dynamic) rhs(t float64, u, p, du []float64) {
	k := d.whole.K
	k.RHS(t, u, p, du)
	k.Invariants(t, u, p, d.g)
	for i, j := range d.chart.dep {
		du[j] = d.g[i]
	}
}

func (d *dynamic) jacobian(t float64, u, p, vals []float64) {
	d.whole.K.Jac(t, u, p, d.jac)
	d.whole.invariantJac(t, u, d.inv)
	for e, k := range d.rows.from {
		if k >= 0 {
			vals[e] = d.jac[k]
		} else {
			vals[e] = d.inv[^k]
		}
	}
}

// tgrad takes forward differences for the invariants, which have no kernel for it.
func (d *dynamic) tgrad(t float64, u, p, dt []float64) {
	k, ws := d.whole.K, d.whole
	k.TGrad(t, u, p, dt)
	h := math.Sqrt(eps) * math.Max(math.Abs(t), 1e-3*math.Min(ws.span, 1))
	h = (t + h) - t
	k.Invariants(t, u, p, d.g)
	k.Invariants(t+h, u, p, d.gt)
	for i, j := range d.chart.dep {
		dt[j] = (d.gt[i] - d.g[i]) / h
	}
}

// newNested returns the frame of the nested form; c may be nil.
func newNested(ws *Workspace, c *chart) *frame {
	var ind []int32
	for i := range int32(ws.N()) {
		if ws.differential(int(i)) {
			ind = append(ind, i)
		}
	}
	n := len(ind)
	if c != nil {
		n -= ws.P.NInv
	}
	in := ws.inner(n)
	f := &frame{whole: ws, ws: in, chart: c, y: make([]float64, n), guess: make([]float64, ws.N())}
	d := &nested{frame: f, ind: slices.Clone(ind), all: ind, u: make([]float64, ws.N()), du: make([]float64, ws.N()), last: make([]float64, n)}
	if c != nil {
		f.dep = newDependent(ws, c)
	}
	if len(ws.Alg) > 0 {
		f.alg = newAlgebraic(ws)
		f.alg.eager = true
	}
	in.Mass, in.Alg, in.Forces, in.Pattern = nil, nil, nil, nil
	in.P.NInv, in.P.InvJac, in.P.Choice, in.P.Mass, in.P.Jac = 0, nil, nil, nil, nil
	in.P.U0, in.P.States = make([]float64, n), make([]Quantity, n)
	in.P.Equation = func(i int) string { return ws.P.equation(int(d.ind[i])) }
	in.K = &Kernels{RHS: d.rhs}
	if ws.K.Jac != nil {
		in.K.Jac = d.jacobian
	}
	if ws.P.Noise != nil {
		d.diffuse()
	}
	f.adapt = d.adapt
	f.take = func(u, y []float64) {
		copy(d.u, u)
		d.known, d.sloped = false, [2]bool{}
		for k, i := range d.ind {
			y[k] = u[i]
		}
	}
	f.fill = d.fill
	f.state = d.archive
	if c != nil {
		d.slope, d.slopePrev = make([]float64, ws.N()), make([]float64, ws.N())
		f.near = d.near
	}
	f.turned = func() error {
		if e, ok := f.st.(*erk); ok { // its history is the size of the step, which stays
			e.Projected()
			return nil
		}
		return f.st.Restart()
	}
	if c == nil {
		d.describe()
	}
	return f
}

// nested is the system in which dependent and algebraic states are solved for inside
// the right-hand side.
type nested struct {
	*frame
	all   []int32   // differential states
	ind   []int32   // the independent ones: the coordinates
	u, du []float64 // the state completed last, its derivatives
	last  []float64 // coordinates it belongs to
	t     float64   // and time
	known bool
	moves bool // du belongs to u

	// Derivatives of all differential states at whole.T and TPrev, where known.
	slope, slopePrev []float64
	sloped           [2]bool

	jac  *nestedJac            // of the present chart, nil: not made yet
	kept map[string]*nestedJac // of the last charts
}

// adapt makes the states that are independent now the coordinates.
func (d *nested) adapt() {
	d.dep.adopt()
	d.ind = d.ind[:0]
	for _, i := range d.all {
		if !d.dep.is[i] {
			d.ind = append(d.ind, i)
		}
	}
	if d.jac = d.kept[string(d.dep.key)]; d.jac != nil {
		d.jac.lu.Forget()
	}
	d.describe()
}

// describe fills what the workspace knows of the coordinates.
func (d *nested) describe() {
	w, in := d.whole, d.ws
	for k, i := range d.ind {
		in.AbsTol[k] = w.AbsTol[i]
		in.P.States[k].Name = w.P.state(int(i))
		if int(i) < len(w.P.States) {
			in.P.States[k] = w.P.States[i]
		}
	}
	in.shape++
}

// complete solves for the rest of u, whose coordinates are set.
func (d *nested) complete(t float64, u []float64, exact bool) error {
	if err := d.restore(t, u, exact); err != nil {
		return err
	}
	if d.alg != nil {
		if err := d.alg.polish(t, u); err != nil {
			return fmt.Errorf("the algebraic equations have no solution: %w", err)
		}
	}
	return nil
}

func (d *nested) fill(t float64, y, u []float64) error {
	if t == d.whole.T && d.chart != nil { // the end of a step, or a start
		d.slope, d.slopePrev = d.slopePrev, d.slope
		d.sloped = [2]bool{false, d.sloped[0]}
	}
	if d.known && t == d.t && sameBits(d.last, y) {
		copy(u, d.u) // the stepper has just been here
		d.noteSlope()
		return d.restore(t, u, true)
	}
	for k, i := range d.ind {
		u[i] = y[k]
	}
	return d.complete(t, u, true)
}

func (d *nested) rhs(t float64, y, p, dy []float64) {
	if !d.settle(t, y) {
		for i := range dy {
			dy[i] = math.NaN()
		}
		return
	}
	d.whole.K.RHS(t, d.u, p, d.du)
	d.moves = true
	d.noteSlope()
	for k, i := range d.ind {
		dy[k] = d.du[i]
	}
}

// diffuse makes the noise that of the coordinates, which are all differential states. What reads algebraic states
// depends on the differential ones in a way that is not known here.
func (d *nested) diffuse() {
	w, in := d.whole, d.ws
	at := make([]int32, w.N()) // of each state: its place among the coordinates, or -1
	for i := range at {
		at[i] = -1
	}
	for k, i := range d.all {
		at[i] = int32(k)
		in.P.U0[k] = w.P.U0[i]
	}
	q := *w.P.Noise
	if m := q.Matrix; m != nil {
		q.Matrix = &linsolve.Pattern{Rows: len(d.all), Cols: m.Cols, ColPtr: m.ColPtr, RowIdx: make([]int32, len(m.RowIdx))}
		for e, i := range m.RowIdx {
			q.Matrix.RowIdx[e] = at[i]
		}
	} else {
		q.Matrix = linsolve.Dense(len(d.all), len(q.Names))
	}
	if r := q.Reads; r != nil {
		q.Reads = &linsolve.Pattern{Rows: r.Rows, Cols: len(d.all), ColPtr: make([]int32, 1, len(d.all)+1), RowIdx: r.RowIdx}
		for j := range r.Cols {
			switch {
			case at[j] >= 0:
				q.Reads.ColPtr = append(q.Reads.ColPtr, r.ColPtr[j+1])
			case r.ColPtr[j+1] > r.ColPtr[j]:
				q.Reads = nil
			}
			if q.Reads == nil {
				break
			}
		}
	}
	in.P.Noise = &q
	in.K.Noise = func(t float64, y, p, vals []float64) {
		if !d.settle(t, y) {
			for i := range vals {
				vals[i] = math.NaN()
			}
			return
		}
		w.K.Noise(t, d.u, p, vals)
	}
	if w.K.NoiseJac != nil && q.Reads != nil {
		in.K.NoiseJac = func(t float64, y, p, vals []float64) {
			if !d.settle(t, y) {
				for i := range vals {
					vals[i] = math.NaN()
				}
				return
			}
			w.K.NoiseJac(t, d.u, p, vals)
		}
	}
}

// noteSlope keeps the derivatives if they are those of the present point.
func (d *nested) noteSlope() {
	w := d.whole
	if d.chart == nil || d.sloped[0] || !d.known || !d.moves || d.t != w.T || d.ws.T != w.T || !sameBits(d.last, d.ws.U) {
		return
	}
	copy(d.slope, d.du)
	d.sloped[0] = true
}

// near guesses the dependent states at t: by Taylor's formula ahead of the present
// point, by Hermite's within the last step. A good guess is what tells the solution from
// those that belong to other ways to assemble the same mechanism.
func (d *nested) near(t float64, u []float64) {
	w := d.whole
	switch h := w.T - w.TPrev; {
	case t > w.T && d.sloped[0]:
		for _, j := range d.chart.dep {
			u[j] = w.U[j] + (t-w.T)*d.slope[j]
		}
	case t > w.TPrev && t < w.T && d.sloped[0] && d.sloped[1]:
		x := (t - w.TPrev) / h
		for _, j := range d.chart.dep {
			a, b := w.UPrev[j], w.U[j]
			u[j] = a + x*(b-a) + x*(x-1)*((1-2*x)*(b-a)+h*((x-1)*d.slopePrev[j]+x*d.slope[j]))
		}
	}
}

// settle completes y into d.u, from where it was last.
func (d *nested) settle(t float64, y []float64) bool {
	if d.known && t == d.t && sameBits(d.last, y) {
		return true
	}
	u := d.u
	if nonFinite(u) >= 0 {
		copy(u, d.whole.U)
	}
	if d.chart != nil {
		d.near(t, u)
	}
	for k, i := range d.ind {
		u[i] = y[k]
	}
	d.known, d.moves = false, false
	err := error(nil)
	if nonFinite(y) < 0 {
		err = d.complete(t, u, false)
	}
	if err != nil || nonFinite(y) >= 0 {
		d.err = err
		copy(u, d.whole.U) // the next attempt starts from a good point
		return false
	}
	copy(d.last, y)
	d.t, d.known = t, true
	return true
}

// nestedJac is the linear algebra of the implicit function theorem: with w the states
// that are solved for and F their equations,
//
//	dy'/dy = f_y - f_w F_w^-1 F_y.
type nestedJac struct {
	w        []int32 // states that are solved for
	row      []int32 // of each state: its place in w, or -1
	ind      []int32 // of each state: its place among the coordinates, or -1
	jac, inv []float64
	pattern  *linsolve.Pattern
	from     []int32 // of each entry of F_w: k of df/du, ^k of dg/du
	vals     []float64
	lu       *linsolve.Replay[float64]
	x        []float64
}

func (d *nested) newJac() *nestedJac {
	ws := d.whole
	n := ws.N()
	j := &nestedJac{row: make([]int32, n), ind: make([]int32, n), jac: make([]float64, ws.Pattern.NNZ())}
	for i := range n {
		j.row[i], j.ind[i] = -1, -1
	}
	for k, i := range d.ind {
		j.ind[i] = int32(k)
	}
	nd := 0
	if d.chart != nil {
		j.w = append(j.w, d.chart.dep...)
		nd = len(j.w)
		j.inv = make([]float64, ws.invPattern().NNZ())
	}
	j.w = append(j.w, ws.Alg...)
	for k, i := range j.w {
		j.row[i] = int32(k)
	}
	m := len(j.w)
	j.pattern = &linsolve.Pattern{Rows: m, Cols: m, ColPtr: make([]int32, 1, m+1)}
	inv := ws.invPattern()
	for _, c := range j.w {
		// Invariants come first, in their own order, and so rows ascend.
		for e := inv.ColPtr[c]; e < inv.ColPtr[c+1] && nd > 0; e++ {
			j.pattern.RowIdx = append(j.pattern.RowIdx, inv.RowIdx[e])
			j.from = append(j.from, ^e)
		}
		for e := ws.Pattern.ColPtr[c]; e < ws.Pattern.ColPtr[c+1]; e++ {
			if r := j.row[ws.Pattern.RowIdx[e]]; r >= int32(nd) {
				j.pattern.RowIdx = append(j.pattern.RowIdx, r)
				j.from = append(j.from, e)
			}
		}
		j.pattern.ColPtr = append(j.pattern.ColPtr, int32(len(j.pattern.RowIdx)))
	}
	j.vals = make([]float64, len(j.from))
	j.lu = replayed(j.pattern)
	j.x = make([]float64, m)
	return j
}

// makeJac makes the matrices of the present chart where there are none.
func (d *nested) makeJac() {
	if d.jac != nil {
		return
	}
	d.jac = d.newJac()
	if d.chart != nil {
		if d.kept == nil || len(d.kept) >= coordsKept {
			d.kept = map[string]*nestedJac{}
		}
		d.kept[string(d.dep.key)] = d.jac
	}
}

// jacobian writes dy'/dy at (t, y), dense.
func (d *nested) jacobian(t float64, y, p, vals []float64) {
	ws := d.whole
	d.makeJac()
	j := d.jac
	fail := func() {
		for i := range vals {
			vals[i] = math.NaN()
		}
	}
	if !d.settle(t, y) {
		fail()
		return
	}
	ws.Jac(t, d.u, nil, j.jac)
	ws.Stats.Jac-- // counted by the caller
	if d.chart != nil {
		ws.invariantJac(t, d.u, j.inv)
	}
	for e, k := range j.from {
		if k >= 0 {
			j.vals[e] = j.jac[k]
		} else {
			j.vals[e] = j.inv[^k]
		}
	}
	if j.lu.Factor(j.vals) != nil {
		fail()
		return
	}
	n := len(d.ind)
	nd := 0
	if d.chart != nil {
		nd = ws.P.NInv
	}
	inv := ws.invPattern()
	clear(vals)
	for c, i := range d.ind {
		col := vals[c*n : (c+1)*n]
		clear(j.x)
		some := false
		for e := inv.ColPtr[i]; e < inv.ColPtr[i+1] && nd > 0; e++ {
			j.x[inv.RowIdx[e]] = j.inv[e]
			some = true
		}
		for e := ws.Pattern.ColPtr[i]; e < ws.Pattern.ColPtr[i+1]; e++ {
			r := ws.Pattern.RowIdx[e]
			if k := j.ind[r]; k >= 0 {
				col[k] = j.jac[e]
			} else if k := j.row[r]; k >= int32(nd) {
				j.x[k] = j.jac[e]
				some = true
			}
		}
		if !some {
			continue
		}
		j.lu.Solve(j.x)
		for k, x := range j.x {
			if x == 0 {
				continue
			}
			v := j.w[k]
			for e := ws.Pattern.ColPtr[v]; e < ws.Pattern.ColPtr[v+1]; e++ {
				if r := j.ind[ws.Pattern.RowIdx[e]]; r >= 0 {
					col[r] -= x * j.jac[e]
				}
			}
		}
	}
}
