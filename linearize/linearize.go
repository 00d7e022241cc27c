// Package linearize makes linear systems of flat hybrid systems at points of their
// solutions.
//
// In: a model.System, what counts as input and output, which analysis points are open,
// and a Point that satisfies the equations. Out: an lti.System, numeric, and Terms, the
// same symbolically.
//
// The discrete part is frozen: discrete variables, previous values and the truth of
// comparisons keep what they have at the point. What remains is a smooth system of
// equations, in which the inputs are functions of time. It goes through the structural
// stage like every model, so that index reduction takes derivatives of the inputs where
// it needs them, and is then differentiated. Algebraic unknowns are eliminated by the
// implicit function theorem; states that the constraints tie together are reduced to
// independent ones, which keep their names, on the tangent space of the constraints. This
// is the linearization of the differential equation that the system is on its constraint
// manifold, at equilibria and elsewhere.
package linearize

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/jacobian"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/lti"
	"github.com/mtkc/mtkc/structural"
)

// Study says what is linearized.
type Study struct {
	Inputs  []Input
	Outputs []Output
	Open    []string // analysis points whose inputs keep their values
}

// Input is a signal that is varied: a real variable of kind InputVar or ParameterVar that
// is not structural, or, where Point is given, what is added to the signal at an analysis
// point.
type Input struct {
	Name  string
	Var   int // index into Sys.Vars; -1 at an analysis point
	Point string
}

// Output is a term in the variables of the system and their derivatives.
type Output struct {
	Name string
	Term expr.ID
}

// Point is where a system is linearized.
type Point struct {
	T float64
	// Values holds every variable of the system by its symbol, and derivatives by the
	// symbols der(x).
	Values map[expr.ID]float64
}

// Linearizer is a system prepared for linearization at any number of points. It is not
// safe for concurrent use.
type Linearizer struct {
	study  Study
	old    *model.System // the model
	sys    *model.System // frozen
	pool   *expr.Pool
	def    map[expr.ID]expr.ID // terms of the model that frozen atoms stand for
	plan   *structural.Plan
	inputs [][]expr.ID // by order of differentiation, by input; atoms

	seq  []structural.Assign
	rows []expr.ID // derivatives, residuals, invariants, outputs
	cols []expr.ID // states, inputs, first derivatives of inputs, ...
	jac  *jacobian.Matrix
}

// Result is a linearization at a point.
type Result struct {
	lti.System
	T          float64
	X0, U0, Y0 []float64 // values of states, inputs and outputs
	// Drift is the time derivative of the states. The point is an equilibrium where it
	// is 0.
	Drift []float64
	// Shift: where the equations hold derivatives of inputs, the state of the linear
	// system is x - X0 - Shift[0] (u - U0) - Shift[1] u' - ..., with x the named states.
	Shift []lti.Matrix
	// Dependent are states of the plan that the constraints determine from the others.
	Dependent []string

	independent []int // states of the plan that remain
	dependent   []int
	pivots      [][2]int // row and column of the unknowns that were eliminated
}

// maxStates bounds the size of the dense matrices.
const maxStates = 4000

// Missing is the error of a point that lacks values.
type Missing struct{ Names []string }

func (e *Missing) Error() string { return fmt.Sprintf("the point has no value of %v", e.Names) }

// Singular is the error of a point at which the equations do not determine an unknown.
type Singular struct{ Name string }

func (e *Singular) Error() string {
	return fmt.Sprintf("the linearized equations do not determine %s there", e.Name)
}

// New prepares a study of a system. The point serves the choice of states; at others
// that differ much, At may fail with Singular where a new Linearizer does not. sys is not
// changed, except that its pool grows.
func New(sys *model.System, study Study, at Point) (*Linearizer, diag.List) {
	f := newFreezer(sys, study, at)
	frozen := f.system()
	plan, found := structural.Analyze(frozen, structural.Options{})
	if plan == nil {
		return nil, found
	}
	l := &Linearizer{study: study, old: sys, sys: frozen, pool: sys.Pool, def: f.def, plan: plan}
	if n := len(plan.States); n > maxStates {
		return nil, diag.New(diag.Pos{}, "E703", "linearize a smaller model, for example with fewer segments (--arg)",
			"the linear system would have %d states, more than the %d that its dense matrices may have", n, maxStates)
	}
	l.derive(f)
	return l, nil
}

// derive replaces the input functions by atoms and differentiates.
func (l *Linearizer) derive(f *freezer) {
	p, pl := l.pool, l.plan
	with := map[expr.ID]expr.ID{}
	for k, calls := range f.calls {
		var atoms []expr.ID
		for i, c := range calls {
			a := f.symbol(fmt.Sprintf("$u%d", i+1) + primes(k))
			with[c] = a
			atoms = append(atoms, a)
			if k == 0 {
				l.def[a] = f.operating[i]
			} else {
				l.def[a] = expr.Zero
			}
		}
		l.inputs = append(l.inputs, atoms)
	}
	memo := map[expr.ID]expr.ID{}
	sub := func(e expr.ID) expr.ID { return p.Substitute(e, with, memo) }
	for _, a := range pl.Seq {
		a.Value = sub(a.Value)
		l.seq = append(l.seq, a)
	}
	for _, d := range pl.Deriv {
		l.rows = append(l.rows, sub(d))
	}
	for _, list := range [][]structural.Residual{pl.Residuals, pl.Invariants} {
		for i := range list {
			l.rows = append(l.rows, sub(list[i].Value))
		}
	}
	l.rows = append(l.rows, f.outputs...)
	for i := range pl.States {
		l.cols = append(l.cols, pl.States[i].Atom)
	}
	for _, atoms := range l.inputs {
		l.cols = append(l.cols, atoms...)
	}
	l.jac = jacobian.Of(p, l.seq, l.rows, l.cols, "lin.")
}

func primes(k int) string {
	s := ""
	for range k {
		s += "'"
	}
	return s
}

// evaluate returns the values of all atoms at a point.
func (l *Linearizer) evaluate(at Point) (map[expr.ID]float64, error) {
	vals := make(map[expr.ID]float64, len(at.Values)+len(l.seq)+len(l.jac.Seq))
	m := meaning{l.pool, at}
	for a, term := range l.def {
		vals[a] = m.value(term)
	}
	var missing []string
	for i := range l.plan.States {
		a := l.plan.States[i].Atom
		if term, ok := l.def[a]; ok {
			missing = append(missing, m.missing(term)...)
			continue
		}
		v, ok := at.Values[a]
		if !ok {
			missing = append(missing, l.plan.States[i].Name)
		}
		vals[a] = v
	}
	if missing != nil {
		return nil, &Missing{missing}
	}
	for i := range l.plan.Params {
		if a := l.plan.Params[i].Atom; !l.plan.Params[i].Start {
			if _, ok := vals[a]; !ok {
				vals[a] = at.Values[a]
			}
		}
	}
	look := func(t expr.ID) (float64, bool) {
		if t == expr.Time {
			return at.T, true
		}
		v, ok := vals[t]
		return v, ok
	}
	for _, list := range [][]structural.Assign{l.seq, l.jac.Seq} {
		for i := range list {
			vals[list[i].Target] = l.pool.Eval(list[i].Value, look)
		}
	}
	for k, v := range l.pool.EvalAll(l.rows, look) {
		vals[l.rows[k]] = v
	}
	for k, v := range l.pool.EvalAll(l.jac.Values, look) {
		vals[l.jac.Values[k]] = v
	}
	return vals, nil
}

// At linearizes at a point. The error is a *Missing, a *Singular, or says which value is
// not finite or which inputs cannot vary.
func (l *Linearizer) At(at Point) (*Result, error) {
	vals, err := l.evaluate(at)
	if err != nil {
		return nil, err
	}
	j := lti.Zeros(len(l.rows), len(l.cols))
	pat := l.jac.Pattern
	for c := range l.cols {
		for k := pat.Ptr[c]; k < pat.Ptr[c+1]; k++ {
			r := int(pat.Row[k])
			v := vals[l.jac.Values[k]]
			if v-v != 0 {
				return nil, fmt.Errorf("the derivative of %s by %s is %v at this point", l.rowName(r), l.pool.Name(l.cols[c]), v)
			}
			j.Set(r, c, v)
		}
	}
	r := &Result{T: at.T}
	if err := l.reduce(j, r); err != nil {
		return nil, err
	}
	for _, i := range r.independent {
		s := &l.plan.States[i]
		r.States = append(r.States, l.stateName(i))
		r.X0 = append(r.X0, vals[s.Atom])
		r.Drift = append(r.Drift, vals[l.rows[i]])
	}
	for _, i := range r.dependent {
		r.Dependent = append(r.Dependent, l.stateName(i))
	}
	for i := range l.study.Inputs {
		r.Inputs = append(r.Inputs, l.study.Inputs[i].Name)
		r.U0 = append(r.U0, vals[l.inputs[0][i]])
	}
	first := len(l.rows) - len(l.study.Outputs)
	for i := range l.study.Outputs {
		r.Outputs = append(r.Outputs, l.study.Outputs[i].Name)
		r.Y0 = append(r.Y0, vals[l.rows[first+i]])
	}
	return r, nil
}

// stateName is the name of a state of the plan in the model.
func (l *Linearizer) stateName(i int) string {
	s := &l.plan.States[i]
	if term, ok := l.def[s.Atom]; ok {
		return l.pool.Text(term, expr.TextOptions{Symbol: l.pool.Name})
	}
	return s.Name
}

// rowName describes a row for messages.
func (l *Linearizer) rowName(r int) string {
	pl := l.plan
	switch nd, na, ni := pl.NDiff, len(pl.Residuals), len(pl.Invariants); {
	case r < nd:
		return "der(" + l.stateName(r) + ")"
	case r < nd+na:
		return "the equation " + pl.Text(&pl.Residuals[r-nd])
	case r < nd+na+ni:
		return "the constraint " + pl.Text(&pl.Invariants[r-nd-na])
	default:
		return l.study.Outputs[r-nd-na-ni].Name
	}
}

// Residual is the largest error of the equations and constraints that are left to be
// solved, at a point, relative to the size of their terms' derivatives, and the equation;
// "" where there are none. It tells whether a point satisfies the equations.
func (l *Linearizer) Residual(at Point) (float64, string) {
	vals, err := l.evaluate(at)
	if err != nil {
		return math.NaN(), ""
	}
	worst, name := 0.0, ""
	nd, last := l.plan.NDiff, len(l.rows)-len(l.study.Outputs)
	size := make([]float64, len(l.rows))
	for c := range l.plan.States {
		x := max(math.Abs(vals[l.cols[c]]), 1e-3)
		for k := l.jac.Pattern.Ptr[c]; k < l.jac.Pattern.Ptr[c+1]; k++ {
			if v := math.Abs(vals[l.jac.Values[k]]) * x; v-v == 0 {
				size[l.jac.Pattern.Row[k]] += v
			}
		}
	}
	for r := nd; r < last; r++ {
		if v := math.Abs(vals[l.rows[r]]) / max(size[r], 1e-9); !(v <= worst) {
			worst, name = v, l.rowName(r)
		}
	}
	return worst, name
}

// reduce eliminates the algebraic unknowns and the dependent states from the matrix of
// derivatives and writes the linear system to r.
func (l *Linearizer) reduce(j lti.Matrix, r *Result) error {
	pl := l.plan
	nd, na, ni, no := pl.NDiff, len(pl.Residuals), len(pl.Invariants), len(l.study.Outputs)
	m := len(l.study.Inputs)
	width := len(l.cols)
	row := func(i int) []float64 { return j.Data[i*width : (i+1)*width] }
	// solve brings rows to reduced echelon form in some of the columns, with complete
	// pivoting on scaled rows, and returns the pairs of pivot row and column.
	solve := func(rows, cols []int, weight func(c int) float64, tol float64) (pairs [][2]int, rest []int) {
		for _, i := range rows {
			size := 0.0
			for _, v := range row(i) {
				size = max(size, math.Abs(v))
			}
			if size > 0 {
				scale(row(i), 1/size)
			}
		}
		rest = slices.Clone(rows)
		cols = slices.Clone(cols)
		for len(rest) > 0 && len(cols) > 0 {
			bi, bc, best := 0, 0, 0.0
			for a, i := range rest {
				for b, c := range cols {
					if v := math.Abs(j.At(i, c)) * weight(c); v > best {
						bi, bc, best = a, b, v
					}
				}
			}
			if best <= tol {
				break
			}
			i, c := rest[bi], cols[bc]
			rest, cols = slices.Delete(rest, bi, bi+1), slices.Delete(cols, bc, bc+1)
			pairs = append(pairs, [2]int{i, c})
			scale(row(i), 1/j.At(i, c))
			for k := range j.Rows {
				if f := j.At(k, c); k != i && f != 0 {
					for x, v := range row(i) {
						row(k)[x] -= f * v
					}
					j.Set(k, c, 0)
				}
			}
		}
		return pairs, rest
	}
	one := func(int) float64 { return 1 }
	algebraic, rest := solve(interval(nd, nd+na), interval(nd, nd+na), one, 1e-13)
	if len(rest) > 0 {
		return &Singular{pl.States[rest[0]].Name}
	}
	// Constraints: prefer to drop the states that the user wants least; of positions and
	// velocities, those that belong together, so that what remains does as well.
	wish, of := l.wishes(), l.positions()
	var places, speeds, holonomic, others []int
	for c := range nd {
		if of[c] < 0 {
			places = append(places, c)
		} else {
			speeds = append(speeds, c)
		}
	}
	for _, i := range interval(nd+na, nd+na+ni) {
		if slices.ContainsFunc(speeds, func(c int) bool { return j.At(i, c) != 0 }) {
			others = append(others, i)
		} else {
			holonomic = append(holonomic, i)
		}
	}
	dropped := make([]bool, nd)
	var pairs [][2]int
	take := func(rows, cols []int, weight func(c int) float64) []int {
		got, rest := solve(rows, cols, weight, 1e-9)
		for _, q := range got {
			dropped[q[1]] = true
		}
		pairs = append(pairs, got...)
		return rest
	}
	redundant := take(holonomic, places, func(c int) float64 { return wish[c] })
	others = take(others, speeds, func(c int) float64 {
		if !dropped[of[c]] {
			return 1e-4 * wish[c]
		}
		return wish[c]
	})
	rest = append(redundant, take(others, places, func(c int) float64 {
		if dropped[c] {
			return 0
		}
		return wish[c]
	})...)
	for _, i := range rest {
		for k, v := range row(i)[nd+na:] {
			if math.Abs(v) > 1e-7 {
				return fmt.Errorf("the input %s cannot vary: %s determines it from other inputs", l.study.Inputs[k%m].Name, l.rowName(i))
			}
		}
	}
	r.pivots = append(algebraic, pairs...)
	gone := make([]bool, nd)
	for _, q := range pairs {
		gone[q[1]] = true
	}
	for i := range nd {
		if gone[i] {
			r.dependent = append(r.dependent, i)
		} else {
			r.independent = append(r.independent, i)
		}
	}
	n := len(r.independent)
	pick := func(rows []int, first, cols int, at []int) lti.Matrix {
		x := lti.Zeros(len(rows), cols)
		for i, q := range rows {
			for c := range cols {
				k := first + c
				if at != nil {
					k = at[c]
				}
				x.Set(i, c, j.At(q, k))
			}
		}
		return x
	}
	outs := interval(j.Rows-no, j.Rows)
	r.A, r.C = pick(r.independent, 0, n, r.independent), pick(outs, 0, n, r.independent)
	var b, d []lti.Matrix
	for k := range l.inputs {
		b = append(b, pick(r.independent, len(pl.States)+k*m, m, nil))
		d = append(d, pick(outs, len(pl.States)+k*m, m, nil))
	}
	// x' = A x + sum_k B_k u(k) becomes proper in the state x - sum_k E_k u(k), with
	// E_(k-1) = B_k + A E_k.
	e := lti.Zeros(n, m)
	for k := len(b) - 1; k > 0; k-- {
		e = sum(b[k], lti.Mul(r.A, e))
		r.Shift = append(r.Shift, e)
		d[k-1] = sum(d[k-1], lti.Mul(r.C, e))
	}
	slices.Reverse(r.Shift)
	for len(r.Shift) > 0 && r.Shift[len(r.Shift)-1].IsZero() {
		r.Shift = r.Shift[:len(r.Shift)-1]
	}
	r.B, r.D = sum(b[0], lti.Mul(r.A, e)), d[0]
	r.Improper = d[1:]
	for len(r.Improper) > 0 && negligible(r.Improper[len(r.Improper)-1], d[0]) {
		r.Improper = r.Improper[:len(r.Improper)-1]
	}
	return nil
}

// positions gives for each differential state the state that it is the derivative of,
// -1 for the others.
func (l *Linearizer) positions() []int {
	pl := l.plan
	at := map[expr.ID]int{}
	for i := range pl.NDiff {
		at[pl.States[i].Atom] = i
	}
	for i := range l.seq { // other names of states
		if k, ok := at[l.seq[i].Value]; ok {
			if _, known := at[l.seq[i].Target]; !known {
				at[l.seq[i].Target] = k
			}
		}
	}
	of := make([]int, pl.NDiff)
	for i := range of {
		of[i] = -1
	}
	for i, d := range pl.Deriv {
		if k, ok := at[d]; ok && k != i {
			of[k] = i
		}
	}
	return of
}

// wishes weighs the differential states as unknowns of the constraints: what the user
// prefers as a state, and its derivatives, weighs little.
func (l *Linearizer) wishes() []float64 {
	w := make([]float64, l.plan.NDiff)
	for i := range w {
		w[i] = 1
		name := l.plan.States[i].Name
		for strings.HasPrefix(name, "der(") && strings.HasSuffix(name, ")") {
			name = name[len("der(") : len(name)-1]
		}
		sym, _ := l.pool.Lookup(name)
		v, ok := l.sys.VarOf(sym)
		if !ok {
			continue
		}
		switch l.sys.Vars[v].State {
		case model.StateAlways:
			w[i] = 1e-3
		case model.StatePrefer:
			w[i] = 0.05
		case model.StateAvoid, model.StateNever:
			w[i] = 20
		}
	}
	return w
}

// negligible reports whether a coefficient is the rounding of zero.
func negligible(a, d lti.Matrix) bool {
	size := 1e-14
	for _, v := range d.Data {
		size = max(size, 1e-13*math.Abs(v))
	}
	return !slices.ContainsFunc(a.Data, func(v float64) bool { return math.Abs(v) > size })
}

func scale(x []float64, f float64) {
	for i := range x {
		x[i] *= f
	}
}

func interval(lo, hi int) []int {
	x := make([]int, hi-lo)
	for i := range x {
		x[i] = lo + i
	}
	return x
}

func sum(a, b lti.Matrix) lti.Matrix {
	c := lti.Zeros(a.Rows, a.Cols)
	for i := range c.Data {
		c.Data[i] = a.Data[i] + b.Data[i]
	}
	return c
}
