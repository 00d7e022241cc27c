package ode

// Initialization: the problem's plan is a sequence of blocks, each a small system
// of equations or a run of assignments; every block is solved with the blocks before it
// known (Brown, Hindmarsh, Petzold, SIAM J. Sci. Comput. 19(5), 1998, state the aim; the
// decomposition is the compiler's). Newton's method from the guesses comes first, then
// what package newton has besides, and where the equations contradict start values that
// the model does not fix, the nearest values that agree: see nearest.

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/runtime/newton"
)

// initializer runs the plan of a problem.
type initializer struct {
	plan    *Init
	kernels []InitKernel
	w       []float64
	p       []float64        // parameters of the present run, with start values that were moved
	nominal []float64        // of w, 0 where not given
	lo, hi  []float64        // ranges of w; nil: there are none
	ranged  []int32          // entries of w that have one
	guard   []int32          // entries that a run of the plan left outside of their ranges
	before  []float64        // of guard, before the present block
	solvers []*newton.Solver // kept for the next run of the plan, if there are not too many
	x       []float64        // iteration variables of the present block
	guess   []float64        // where they started
	ws      *Workspace
	notes   []string      // warnings of the last run
	blocks  []BlockReport // of the last run, for blocks with unknowns
	moved   []MovedStart  // in the last run
	set     map[int32]bool
}

func newInitializer(ws *Workspace) *initializer {
	plan := ws.P.Init
	in := &initializer{
		plan: plan, kernels: ws.K.Init, ws: ws,
		w: make([]float64, plan.NW), p: make([]float64, len(ws.Params)), nominal: make([]float64, plan.NW),
		blocks: make([]BlockReport, len(plan.Blocks)),
	}
	if len(plan.Blocks) <= 1000 {
		in.solvers = make([]*newton.Solver, len(plan.Blocks))
	}
	for i, k := range plan.U {
		if i < len(ws.P.States) {
			in.describe(k, &ws.P.States[i])
		}
	}
	for _, pair := range plan.P {
		if int(pair[0]) < len(ws.P.Params) {
			in.describe(pair[1], &ws.P.Params[pair[0]])
		}
	}
	return in
}

// describe takes size and range of unknown k from the model.
func (in *initializer) describe(k int32, q *Quantity) {
	in.nominal[k] = q.Nominal
	if !(q.Min < q.Max) || math.IsInf(q.Min, -1) && math.IsInf(q.Max, 1) {
		return
	}
	if in.lo == nil {
		in.lo, in.hi = make([]float64, in.plan.NW), make([]float64, in.plan.NW)
		for i := range in.lo {
			in.lo[i], in.hi[i] = math.Inf(-1), math.Inf(1)
		}
	}
	in.lo[k], in.hi[k] = q.Min, q.Max
	in.ranged = append(in.ranged, k)
}

// A least value as small as this says that the unknown is positive, and a value that
// is so much smaller than the guess that it is zero.
const (
	justPositive = 1e-100
	justZero     = 1e-8
)

// limits returns the range of unknown k in this run, widened by what rounding makes of
// a value at its end.
func (in *initializer) limits(k int32) (lo, hi float64) {
	lo, hi = in.lo[k], in.hi[k]
	size := math.Max(math.Abs(in.startOf(k)), in.nominal[k])
	slack := 1e-9 * math.Max(size, 1)
	if lo > 0 && lo < justPositive {
		lo = math.Max(lo, justZero*size)
	} else {
		lo -= slack + 1e-9*math.Abs(lo)
	}
	return lo, hi + slack + 1e-9*math.Abs(hi)
}

// startOf is where the search for unknown k begins.
func (in *initializer) startOf(k int32) float64 {
	if p := in.plan.StartFrom[k]; p >= 0 {
		return in.ws.Params[p]
	}
	return in.plan.Start[k]
}

// outside lists the entries of w that are out of their ranges.
func (in *initializer) outside() []int32 {
	var list []int32
	for _, k := range in.ranged {
		if lo, hi := in.limits(k); in.w[k] < lo || in.w[k] > hi {
			list = append(list, k)
		}
	}
	return list
}

// valid reports whether the present block left the guarded entries that it computes in
// their ranges.
func (in *initializer) valid() bool {
	for j, k := range in.guard {
		if v := in.w[k]; v != in.before[j] {
			if lo, hi := in.limits(k); v < lo || v > hi {
				return false
			}
		}
	}
	return true
}

// reset loads the guesses: start values of u0 that are numbers go before the plan's.
func (in *initializer) reset(u0 []float64) {
	for i := range in.w {
		if k := in.plan.StartFrom[i]; k >= 0 {
			in.w[i] = in.ws.Params[k]
		} else {
			in.w[i] = in.plan.Start[i]
		}
	}
	in.set = map[int32]bool{}
	for i, v := range u0 {
		if v == v {
			in.w[in.plan.U[i]] = v
			in.set[in.plan.U[i]] = true
		}
	}
}

// lambda sets the parameter of homotopies.
func (in *initializer) lambda(l float64) { in.w[in.plan.Lambda-1] = l }

// run solves all blocks at the workspace's time and writes u0 and the solved
// entries of p. If values come out that their ranges exclude, it starts again and looks
// for others. What there is to say goes to notes.
func (in *initializer) run() error {
	ws := in.ws
	t := ws.Time(ws.T)
	in.guard, in.notes, in.moved = nil, nil, nil
	copy(in.p, ws.Params)
	if in.plan.Lambda > 0 {
		in.lambda(1)
	}
	var start []float64
	if in.ranged != nil {
		start = append(start, in.w...)
	}
	err := in.all(t)
	if err == nil && nonFinite(in.w) < 0 {
		if in.guard = in.outside(); in.guard != nil {
			end := append([]float64(nil), in.w...)
			copy(in.w, start)
			clear(in.solvers)
			if in.all(t) != nil || nonFinite(in.w) >= 0 {
				copy(in.w, end)
			}
			clear(in.solvers)
			for _, k := range in.outside() {
				in.note("the start value %.6g of %s lies outside its range, %v to %v, and no other was found; give guesses that lead to the solution meant",
					in.w[k], in.name(k), in.lo[k], in.hi[k])
			}
			in.guard = nil
		}
	}
	if err != nil {
		return err
	}
	if i := nonFinite(in.w); i >= 0 && !in.idle() {
		return in.invalid(t, i)
	}
	for i, k := range in.plan.U {
		ws.U[i] = in.w[k]
	}
	for _, pair := range in.plan.P {
		ws.Params[pair[0]] = in.w[pair[1]]
	}
	return nil
}

// idle reports whether values that are not finite may stay: those of variables that nothing
// depends on, where the problem allows it.
func (in *initializer) idle() bool {
	if !in.ws.P.Undefined {
		return false
	}
	for _, k := range in.plan.U {
		if v := in.w[k]; v-v != 0 {
			return false
		}
	}
	for _, pair := range in.plan.P {
		if v := in.w[pair[1]]; v-v != 0 {
			return false
		}
	}
	return true
}

// note adds a warning, once.
func (in *initializer) note(format string, args ...any) {
	if s := fmt.Sprintf(format, args...); !slices.Contains(in.notes, s) {
		in.notes = append(in.notes, s)
	}
}

// all solves one block after the other.
func (in *initializer) all(t float64) error {
	for b := range in.plan.Blocks {
		if err := in.solve(b, t); err != nil {
			return err
		}
	}
	return nil
}

// solve solves block b. Where its equations have no solution, start values that the
// model does not fix are moved.
func (in *initializer) solve(b int, t float64) error {
	res, err := in.attempt(b, t)
	if err == nil {
		return nil
	}
	if moved := in.nearest(b, t, false); moved != nil {
		if in.confirm(b, t, moved) {
			in.tellMoved(moved)
			return nil
		}
		for _, m := range moved {
			in.p[in.plan.Fixed[m.fixed].P] = m.From
		}
	}
	f := in.failure(b, res, err)
	if moved := in.nearest(b, t, true); moved != nil {
		for _, m := range moved {
			in.p[in.plan.Fixed[m.fixed].P] = m.From
		}
		f.Message += "; " + agree(moved)
	}
	return f
}

// confirm solves the blocks up to b in the ordinary way, with the moved start values and
// from where they led. The nearest values often lie where two roots of the equations meet
// and vanish, and rounding decides whether there is one: then values a little beyond are
// taken.
func (in *initializer) confirm(b int, t float64, moved []MovedStart) bool {
	w := slices.Clone(in.w)
	to := make([]float64, len(moved))
	for k, m := range moved {
		to[k] = m.To
	}
	for _, beyond := range []float64{0, 1e-9, 1e-7, 1e-5} {
		copy(in.w, w)
		for k := range moved {
			m := &moved[k]
			m.To = to[k] + beyond*(to[k]-m.From)
			in.p[in.plan.Fixed[m.fixed].P] = m.To
		}
		ok := true
		for _, k := range in.upstream(b) {
			if _, err := in.attempt(int(k), t); err != nil {
				ok = false
				break
			}
		}
		if ok {
			return true
		}
	}
	return false
}

// solver is that of block b.
func (in *initializer) solver(b int, t float64) *newton.Solver {
	if in.solvers != nil && in.solvers[b] != nil {
		return in.solvers[b]
	}
	block, k := &in.plan.Blocks[b], &in.kernels[b]
	sys := newton.System{
		N: len(block.Unknowns), M: len(block.Residual), Pattern: block.Jac,
		Residual: func(x, r []float64) {
			in.scatter(block, x)
			k.Eval(t, in.w, in.p, r)
		},
		Nominal: in.nominals(block),
	}
	if in.ranged != nil {
		for _, i := range block.Unknowns {
			lo, hi := in.limits(i)
			sys.Min, sys.Max = append(sys.Min, lo), append(sys.Max, hi)
		}
	}
	if in.guard != nil {
		sys.Valid = in.valid
	}
	if k.Jac != nil {
		sys.Jacobian = func(x, vals []float64) {
			in.scatter(block, x)
			k.Jac(t, in.w, in.p, vals)
		}
	}
	if block.Homotopy {
		sys.Lambda = in.lambda
	}
	sys.Lift = block.Lift
	s := newton.New(sys, newton.Options{Tol: math.Min(1e-10, in.ws.RelTol*1e-2)})
	if in.solvers != nil {
		in.solvers[b] = s
	}
	return s
}

// unsolved says that the iterations of a block found no solution, or that what is to
// hold by itself does not.
type unsolved struct {
	worst    int // equation
	residual float64
}

func (u *unsolved) Error() string { return "no solution" }

// attempt solves block b with the values of the blocks before it.
func (in *initializer) attempt(b int, t float64) (newton.Result, error) {
	block, k := &in.plan.Blocks[b], &in.kernels[b]
	if len(block.Unknowns) == 0 {
		r := make([]float64, len(block.Residual))
		k.Eval(t, in.w, in.p, r)
		return newton.Result{}, in.satisfied(r)
	}
	solver := in.solver(b, t)
	x := in.x[:0]
	for _, i := range block.Unknowns {
		x = append(x, in.w[i])
	}
	if block.Lift > 0 {
		// Lifted arguments begin where the guesses of the others put them.
		n, r := len(x)-block.Lift, make([]float64, len(block.Residual))
		clear(x[n:])
		in.scatter(block, x)
		k.Eval(t, in.w, in.p, r)
		for j, v := range r[len(r)-block.Lift:] {
			x[n+j] = -v
		}
		in.scatter(block, x)
	}
	in.x = x
	in.guess = append(in.guess[:0], x...)
	in.before = in.before[:0]
	for _, i := range in.guard {
		in.before = append(in.before, in.w[i])
	}
	res := solver.Further(x, solver.Solve(x))
	in.ws.Stats.Newton += res.Iterations
	in.scatter(block, x)
	in.blocks[b] = BlockReport{Result: res, Guess: slices.Clone(in.guess)}
	if res.Status != newton.Converged {
		return res, &unsolved{res.Worst, res.Residual}
	}
	k.Eval(t, in.w, in.p, make([]float64, len(block.Residual))) // assigned unknowns at the solution
	if res.Restarts > 0 {
		in.note("the guesses do not lead to consistent initial values; from others came %s: check them, or give better guesses", in.list(block, 8))
	}
	if res.Rank < len(x) && !in.guessed(block, x) {
		in.note("the initial equations leave %d of the values %s open; those nearest to the guesses were taken; fix the start value of one of them",
			len(x)-res.Rank, in.list(block, 8))
	}
	return res, nil
}

// guessed reports that the guesses of the model solve the block as they stand.
func (in *initializer) guessed(block *InitBlock, x []float64) bool {
	for k, i := range block.Unknowns {
		if in.plan.StartFrom[i] < 0 || x[k] != in.guess[k] {
			return false
		}
	}
	return true
}

// satisfied checks the equations of a block that has nothing to solve for: they must
// hold by themselves.
func (in *initializer) satisfied(r []float64) error {
	size := 1.0
	for i, v := range r {
		if v-v != 0 {
			return &unsolved{i, v}
		}
		if math.Abs(v) <= 1e-9 {
			continue
		}
		for _, x := range in.w {
			size = math.Max(size, math.Abs(x))
		}
		if math.Abs(v) > 1e-9*size {
			return &unsolved{i, v}
		}
	}
	return nil
}

func (in *initializer) scatter(block *InitBlock, x []float64) {
	for j, i := range block.Unknowns {
		in.w[i] = x[j]
	}
}

// nominals returns the typical sizes of the iteration variables: the nominal values of
// states and parameters; else the guesses where these are small.
func (in *initializer) nominals(block *InitBlock) []float64 {
	v := make([]float64, len(block.Unknowns))
	for j, i := range block.Unknowns {
		if j >= len(v)-block.Lift {
			v[j] = 1
			continue
		}
		v[j] = in.nominal[i]
		if g := math.Abs(in.startOf(i)); v[j] == 0 && g < 1e-3 {
			v[j] = g
		}
	}
	return v
}

// failure explains why block b was not solved.
func (in *initializer) failure(b int, res newton.Result, err error) *Failure {
	block := &in.plan.Blocks[b]
	u, ok := err.(*unsolved)
	if !ok {
		panic("mtkc: bug: " + err.Error())
	}
	var s strings.Builder
	worst := ""
	if u.worst >= 0 && u.worst < len(block.Residual) {
		worst = block.Residual[u.worst]
	}
	invalid := u.residual-u.residual != 0
	switch {
	case len(block.Unknowns) == 0 && invalid:
		fmt.Fprintf(&s, "division by zero or invalid value at the start in %s", worst)
	case len(block.Unknowns) == 0:
		fmt.Fprintf(&s, "the initial values contradict each other: %s is off by %.6g and has no unknown left; remove or change one of the start values or initial equations",
			worst, u.residual)
	case res.Status == newton.NotFinite:
		fmt.Fprintf(&s, "division by zero or invalid value at the start in %s", worst)
		fmt.Fprintf(&s, ", with the guesses %s; change these guesses", in.list(block, 6))
	case res.Status == newton.Inconsistent:
		fmt.Fprintf(&s, "the initial values contradict each other: %s cannot hold (residual %.3g) together with the other equations for %s; remove or change one of these start values or initial equations",
			worst, u.residual, in.list(block, 6))
	case res.Status == newton.Singular:
		fmt.Fprintf(&s, "the initial equations do not determine %s: it depends on the others; give it a fixed start value, or another guess than %.6g",
			in.name(block.Unknowns[res.Column]), in.w[block.Unknowns[res.Column]])
	default:
		fmt.Fprintf(&s, "no consistent initial values found (%s after %d iterations): %s is off by %.3g at %s; give better guesses for these",
			res.Status, res.Iterations, worst, u.residual, in.list(block, 6))
	}
	return in.ws.Fail(InitFailure, "%s", s.String())
}

// invalid explains a value that is not finite although no block failed.
func (in *initializer) invalid(t float64, i int) *Failure {
	// Find the block that assigned it.
	culprit := ""
	probe := newInitializer(in.ws)
	probe.reset(nil)
	copy(probe.p, in.p)
	if in.plan.Lambda > 0 {
		probe.lambda(1)
	}
	for b := range in.plan.Blocks {
		if probe.solve(b, t) != nil || nonFinite(probe.w) >= 0 {
			if r := in.plan.Blocks[b].Residual; len(r) > 0 {
				culprit = " in " + r[0]
			}
			break
		}
	}
	return in.ws.Fail(InitFailure, "division by zero or invalid value at the start%s: %s is %v", culprit, in.name(int32(i)), in.w[i])
}

func (in *initializer) name(i int32) string {
	if int(i) < len(in.plan.Names) && in.plan.Names[i] != "" {
		return in.plan.Names[i]
	}
	return fmt.Sprintf("unknown %d", i)
}

// list writes the iteration variables and their values, most of them.
func (in *initializer) list(block *InitBlock, most int) string {
	var s strings.Builder
	own := block.Unknowns[:len(block.Unknowns)-block.Lift]
	for j, i := range own {
		if j == most {
			fmt.Fprintf(&s, " and %d more", len(own)-most)
			break
		}
		if j > 0 {
			s.WriteString(", ")
		}
		fmt.Fprintf(&s, "%s = %.6g", in.name(i), in.w[i])
	}
	return s.String()
}
