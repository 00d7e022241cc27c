package jump

// Tau-leaping: Gillespie, J. Chem. Phys. 115(4), 2001. In a leap of the length tau every reaction happens as often as a number of the Poisson distribution says, with
// the mean tau times its rate. The leap is chosen so that rates change by a share epsilon at most, in mean and standard deviation, and reactions that are near to using
// up what they need happen once at most: Cao, Gillespie, Petzold, J. Chem. Phys. 124, 044109 (2006). Where leaps would not be longer than ten jumps, also because the
// next jump of such a reaction ends them, the run makes a hundred jumps of the direct method.
//
// Means of the rates: those at the start (explicit), those at the predicted middle (midpoint: Gillespie 2001), or such that the mean change is that
// of the implicit Euler method or of the trapezoidal rule: Rathinam, Petzold, Cao, Gillespie, J. Chem. Phys. 119(24), 2003; Cao,
// Petzold, Multiscale Model. Simul. 2005. The adaptive method takes implicit leaps where pairs of reactions that balance each
// other would keep the explicit ones a hundred times shorter: Cao, Gillespie, Petzold, J. Chem. Phys. 126, 224101 (2007).

import (
	"fmt"
	"math"
	"sort"
	"strings"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/ode"
)

// leapKind is what a leap does.
type leapKind uint8

const (
	explicitLeap leapKind = iota
	midpointLeap
	implicitLeap
	trapezoidalLeap
	adaptiveLeap
)

// leaping is a method.
type leaping struct {
	kind            leapKind
	epsilon         float64 // 0: from the options
	name, text, ref string
	aliases         []string
}

const (
	defaultEpsilon = 0.03
	coarsest       = 1e-3 // RelTol from which on it is epsilon
	critical       = 10   // a reaction that can happen less often than this is critical
	shortest       = 10   // jumps that a leap has to be longer than
	exactly        = 100  // jumps of the direct method where it is not
	balance        = 0.05 // relative difference up to which the rates of both directions balance
	stiffness      = 100  // ratio of leaps from which on implicit ones are made
)

// TauLeaping is explicit tau-leaping in which rates change by the share epsilon at most; 0: Options.RelTol where that is 1e-3 or more,
// else 0.03.
func TauLeaping(epsilon float64) ode.Method {
	return &leaping{
		kind: explicitLeap, epsilon: epsilon, name: "TauLeaping", aliases: []string{"ExplicitTau"},
		text: "explicit tau-leaping with chosen leaps: approximate, for many molecules",
		ref:  "Cao, Gillespie, Petzold, J. Chem. Phys. 124, 044109 (2006)",
	}
}

// MidpointTau is tau-leaping with the rates in the predicted middle of a leap; epsilon as of TauLeaping.
func MidpointTau(epsilon float64) ode.Method {
	return &leaping{
		kind: midpointLeap, epsilon: epsilon, name: "MidpointTau",
		text: "tau-leaping with the rates in the predicted middle of a leap",
		ref:  "Gillespie, J. Chem. Phys. 115(4), 2001",
	}
}

// ImplicitTau is implicit tau-leaping, for networks in which fast reactions balance each other; it damps their fluctuations. epsilon as of
// TauLeaping.
func ImplicitTau(epsilon float64) ode.Method {
	return &leaping{
		kind: implicitLeap, epsilon: epsilon, name: "ImplicitTau",
		text: "implicit tau-leaping, for networks with fast reactions that balance each other",
		ref:  "Rathinam, Petzold, Cao, Gillespie, J. Chem. Phys. 119(24), 2003",
	}
}

// TrapezoidalTau is ImplicitTau with the trapezoidal rule, which damps fluctuations less.
func TrapezoidalTau(epsilon float64) ode.Method {
	return &leaping{
		kind: trapezoidalLeap, epsilon: epsilon, name: "TrapezoidalTau",
		text: "trapezoidal tau-leaping, for networks with fast reactions that balance each other",
		ref:  "Cao, Petzold, Foundations of Systems Biology in Engineering, 2005",
	}
}

// AdaptiveTau goes from explicit to implicit tau-leaping and back as it suits the state; epsilon as of TauLeaping.
func AdaptiveTau(epsilon float64) ode.Method {
	return &leaping{
		kind: adaptiveLeap, epsilon: epsilon, name: "AdaptiveTau",
		text: "tau-leaping, explicit or implicit as it suits the state",
		ref:  "Cao, Gillespie, Petzold, J. Chem. Phys. 126, 224101 (2007)",
	}
}

// leaps lists them.
var leaps = func() (list []*leaping) {
	for _, m := range []ode.Method{TauLeaping(0), MidpointTau(0), ImplicitTau(0), TrapezoidalTau(0), AdaptiveTau(0)} {
		list = append(list, m.(*leaping))
	}
	return list
}()

// Info describes the method.
func (m *leaping) Info() ode.Info {
	return ode.Info{Name: m.name, Use: ode.Jumping, Description: m.text, Reference: m.ref, Implicit: m.kind >= implicitLeap, Needs: "f = 0: nothing moves between jumps"}
}

// New returns a stepper.
func (m *leaping) New(ws *ode.Workspace) (ode.Stepper, error) {
	if err := takes(ws, m.name); err != nil {
		return nil, err
	}
	if why := moves(ws.P); why != "" {
		return nil, fmt.Errorf("%s takes rates that stay what they are between jumps and events, but %s", m.name, why)
	}
	if !(m.epsilon >= 0) || m.epsilon >= 1 {
		return nil, fmt.Errorf("%s cannot keep the changes of rates below the share %v: it lies between 0 and 1", m.name, m.epsilon)
	}
	c := newCore(ws)
	l := &leaper{core: c, kind: m.kind, epsilon: m.epsilon, exact: newDirect(c)}
	n, rs := c.n, len(c.list)
	l.mean, l.variance, l.x0 = make([]float64, n), make([]float64, n), make([]float64, n)
	l.times, l.rate0 = make([]float64, rs), make([]float64, rs)
	l.critical = make([]bool, rs)
	l.natural = make([]bool, n)
	for i := range l.natural {
		l.natural[i] = i < len(ws.P.States) && ws.P.States[i].Min >= 0
	}
	for _, i := range c.counted {
		l.natural[i] = true
	}
	l.orders()
	if m.kind >= implicitLeap {
		l.pairs()
		l.newton = newNewton(c)
	}
	return l, nil
}

// leaper is a run.
type leaper struct {
	*core
	kind    leapKind
	epsilon float64
	exact   engine
	left    int // jumps that the exact method still makes

	order   []int8 // of each state: the highest order of a reaction that reads it, 0: none does,
	same    []int8 // and how many molecules of it that takes
	inverse []int32
	natural []bool // of each state: it must not go below zero

	mean, variance []float64 // of the change of each state in a unit of time
	x0             []float64 // the state before the leap
	rate0          []float64 // the rates there
	times          []float64 // how often each reaction happens
	critical       []bool
	total          float64 // of the rates
	implicit       bool    // the last leap was
	newton         *newton

	started, stale, jumped bool
}

// orders finds the highest order of the reactions that read a state. Rates that are not of mass action count as of the second order.
func (l *leaper) orders() {
	l.order, l.same = make([]int8, l.n), make([]int8, l.n)
	raise := func(i, order, same int32) {
		if o := int32(l.order[i]); order > o || order == o && same > int32(l.same[i]) {
			l.order[i], l.same[i] = int8(min(order, 100)), int8(min(same, 100))
		}
	}
	for r := range l.list {
		x := &l.list[r]
		if !x.MassAction {
			for _, i := range l.reads[r] {
				raise(i, 2, 1)
			}
			continue
		}
		order := int32(0)
		for _, a := range x.Reactants {
			order += a.Order
		}
		for _, a := range x.Reactants {
			raise(a.State, order, a.Order)
		}
	}
}

// share is the factor g of Cao, Gillespie, Petzold: the relative change of a rate is at most g times that of the number x of state i.
func (l *leaper) share(i int, x float64) float64 {
	o, m := float64(l.order[i]), float64(l.same[i])
	g := o / m // of x to the power m, there are o molecules in all
	s := 1.0
	for k := 1.0; k < m; k++ {
		s += x / max(x-k, 1) // d log of x (x-1) ... by d log x
	}
	return g * s
}

// pairs finds the reaction that undoes each one.
func (l *leaper) pairs() {
	key := func(r int, sign float64) string {
		var b strings.Builder
		a := l.acts[r]
		for _, c := range l.changes[a.change:a.changes] {
			fmt.Fprintf(&b, "%d:%v ", c.state, sign*c.by)
		}
		return b.String()
	}
	l.inverse = make([]int32, len(l.list))
	with := map[string][]int32{}
	for r := range l.list {
		l.inverse[r] = -1
		if !l.list[r].Vary {
			with[key(r, 1)] = append(with[key(r, 1)], int32(r))
		}
	}
	for r := range l.list {
		if l.list[r].Vary || l.inverse[r] >= 0 {
			continue
		}
		for _, q := range with[key(r, -1)] {
			if l.inverse[q] < 0 && int(q) != r {
				l.inverse[r], l.inverse[q] = q, int32(r)
				break
			}
		}
	}
}

// Restart makes the point of the workspace the start.
func (l *leaper) Restart() error {
	ws := l.ws
	if !l.started {
		l.draws.reset(ws.Seed, ws.Path)
	}
	if err := l.load(); err != nil {
		return err
	}
	if !l.started {
		l.started = true
		l.remark()
		if l.epsilon == 0 {
			l.epsilon = defaultEpsilon
			if ws.RelTol >= coarsest {
				l.epsilon = ws.RelTol
			}
		}
	}
	l.stale, l.jumped, l.implicit, l.left = false, false, false, 0
	copy(ws.UPrev, ws.U)
	ws.H = ws.TEnd - ws.T
	if l.newton != nil {
		l.newton.forget()
	}
	l.rates()
	return l.failed()
}

// Step makes one leap, or one jump of the exact method, and goes to TStop at most; where nothing looks at them, it makes all up to TStop.
func (l *leaper) Step() error {
	ws := l.ws
	if l.stale || ws.T != l.t {
		if err := l.Restart(); err != nil {
			return err
		}
	}
	stop := ws.TStop
	copy(ws.UPrev, ws.U)
	first, budget := ws.T, 1+burst/(16+len(l.list))
	l.jumped = false
	for {
		if l.left > 0 {
			want := 1
			if ws.Free {
				want = l.left
			} else {
				stop = math.Min(stop, ws.T+ws.HMax)
			}
			n, err := ws.BeginSome(want)
			if err != nil {
				return err
			}
			made := l.exact.run(stop, n)
			ws.Unused(n - made)
			ws.Stats.Steps += made
			l.left -= made
			l.jumped = made > 0
		} else {
			if err := ws.Begin(); err != nil {
				return err
			}
			leapt, err := l.leap(stop)
			if err != nil {
				return err
			}
			if !leapt {
				ws.Unused(1)
				l.exact.begin()
				continue
			}
			if l.jumped = l.total > 0; l.jumped {
				ws.Stats.Steps++
			} else {
				ws.Unused(1)
			}
		}
		if l.wrong != 0 {
			return l.failed()
		}
		if budget -= 1; !ws.Free || budget <= 0 || l.t >= stop {
			break
		}
	}
	copy(ws.U, l.x)
	ws.TPrev, ws.T = first, l.t
	ws.H = ws.TEnd - ws.T
	return nil
}

// longest is the leap in which no number changes by more than epsilon allows, and the same without the reactions that balance each other.
func (l *leaper) longest(stiff bool) float64 {
	clear(l.mean)
	clear(l.variance)
	for r, v := range l.rate0 {
		if v == 0 || l.critical[r] {
			continue
		}
		if stiff {
			if q := l.inverse[r]; q >= 0 {
				if w := l.rate0[q]; math.Abs(v-w) <= balance*math.Min(v, w) {
					continue
				}
			}
		}
		a := &l.acts[r]
		for _, c := range l.changes[a.change:a.changes] {
			l.mean[c.state] += c.by * v
			l.variance[c.state] += c.by * c.by * v
		}
	}
	tau := math.Inf(1)
	for i, o := range l.order {
		if o == 0 || l.variance[i] == 0 {
			continue
		}
		x := math.Abs(l.x[i])
		d := max(l.epsilon*x/l.share(i, x), 1)
		if m := math.Abs(l.mean[i]); m > 0 {
			tau = min(tau, d/m)
		}
		tau = min(tau, d*d/l.variance[i])
	}
	return tau
}

// leap makes a leap up to stop at most. It reports false where jumps are as good.
func (l *leaper) leap(stop float64) (bool, error) {
	ws := l.ws
	l.rates()
	if l.wrong != 0 {
		return false, l.failed()
	}
	copy(l.rate0, l.a)
	copy(l.x0, l.x)
	total, few := 0.0, 0.0 // few is the sum of the rates of critical reactions
	for r, v := range l.rate0 {
		total += v
		crit := false
		if v > 0 {
			a := &l.acts[r]
			crit = a.vary
			for _, c := range l.changes[a.change:a.changes] {
				if c.by < 0 && l.natural[c.state] && l.x[c.state] < -c.by*critical {
					crit = true
				}
			}
			if crit {
				few += v
			}
		}
		l.critical[r] = crit
	}
	if l.total = total; total == 0 { // nothing can happen any more
		l.t = stop
		return true, nil
	}
	tau := l.longest(false)
	implicit := l.kind == implicitLeap || l.kind == trapezoidalLeap
	limit := tau // up to which an explicit leap is good
	if l.kind >= implicitLeap {
		long := l.longest(true)
		if math.IsInf(long, 1) { // everything balances: there is nothing slow to follow, and fluctuations are all that there is
			long = tau
		}
		if l.kind == adaptiveLeap {
			implicit = long > stiffness*tau
		}
		if implicit {
			tau = long
		}
	}
	for {
		if tau < shortest/total || few > total/shortest {
			l.left = exactly
			if l.implicit {
				l.left = exactly / 10
			}
			l.implicit = false
			return false, nil
		}
		h := math.Min(tau, math.Min(stop-l.t, ws.HMax))
		one := -1
		if few > 0 {
			if next := l.exp() / few; next < h {
				h, one = next, l.pickCritical(few)
			}
		}
		by := implicit
		if l.kind == adaptiveLeap && one >= 0 && h <= limit {
			by = false
		}
		if ok := l.numbers(h, by); ok && l.apply(one) {
			if left := stop - l.t; h >= left {
				l.t = stop
			} else {
				l.t = math.Min(stop, l.t+h)
			}
			l.implicit = by
			return true, nil
		}
		copy(l.x, l.x0)
		ws.Stats.Rejected++
		tau = math.Min(tau, h) / 2
	}
}

// pickCritical draws one of the critical reactions, whose rates have that sum.
func (l *leaper) pickCritical(sum float64) int {
	y, last := l.uniform()*sum, -1
	for r, v := range l.rate0 {
		if !l.critical[r] || v == 0 {
			continue
		}
		if last = r; y < v {
			break
		}
		y -= v
	}
	return last
}

// numbers draws how often the reactions that are not critical happen in a leap h.
func (l *leaper) numbers(h float64, implicit bool) bool {
	switch {
	case implicit:
		for r, v := range l.rate0 {
			if l.times[r] = 0; !l.critical[r] {
				l.times[r] = l.poisson(v * h)
			}
		}
		return l.newton.solve(l, h, l.kind == trapezoidalLeap)
	case l.kind == midpointLeap:
		for r, v := range l.rate0 {
			if v == 0 || l.critical[r] {
				continue
			}
			a := &l.acts[r]
			for _, c := range l.changes[a.change:a.changes] {
				l.x[c.state] += 0.5 * h * v * c.by
			}
		}
		for i, ok := range l.natural {
			if ok {
				l.x[i] = max(0, l.x[i])
			}
		}
		for r := range l.times {
			if l.times[r] = 0; !l.critical[r] {
				l.times[r] = l.poisson(h * l.smooth(int32(r)))
			}
		}
		copy(l.x, l.x0)
		ok := l.wrong == 0
		l.wrong = 0 // a shorter leap may not come here
		return ok
	}
	for r, v := range l.rate0 {
		if l.times[r] = 0; !l.critical[r] {
			l.times[r] = l.poisson(v * h)
		}
	}
	return true
}

// smooth is the rate of reaction r where numbers need not be whole.
func (l *leaper) smooth(r int32) float64 {
	l.moving = true
	v := l.rate(r)
	l.moving = false
	return v
}

// apply makes all changes, those of reaction one once, and reports whether no number went below zero.
func (l *leaper) apply(one int) bool {
	for r, k := range l.times {
		if k == 0 {
			continue
		}
		a := &l.acts[r]
		for _, c := range l.changes[a.change:a.changes] {
			l.x[c.state] += k * c.by
		}
	}
	if one >= 0 {
		l.last = int32(one)
		if a := &l.acts[one]; a.vary {
			l.vary(int32(one))
		} else {
			for _, c := range l.changes[a.change:a.changes] {
				l.x[c.state] += c.by
			}
		}
	}
	for i, ok := range l.natural {
		if ok && l.x[i] < 0 && l.x[i] < l.x0[i] {
			return false
		}
	}
	return true
}

// Interpolate writes the state at t, before what happens at the end of the step, to u.
func (l *leaper) Interpolate(t float64, u []float64) {
	if t == l.ws.T {
		copy(u, l.ws.U)
		return
	}
	copy(u, l.ws.UPrev)
}

// Degree says that the state keeps its value up to the end of a step.
func (l *leaper) Degree() int { return 0 }

// Jumped reports whether anything happened at the end of the last step.
func (l *leaper) Jumped() bool { return l.jumped }

// Projected is told that the point was moved.
func (l *leaper) Projected() { l.stale = true }

// Archive visits the random numbers and what leaps remember.
func (l *leaper) Archive(a *archive.Archive) {
	a.Bool(&l.started)
	a.Float(&l.epsilon)
	if !l.started {
		return
	}
	a.Bool(&l.stale, &l.jumped, &l.implicit)
	a.Int(&l.left)
	a.Int32(&l.last)
	next := l.next
	a.Float(&next)
	if a.Loading() && a.Err() == nil {
		if err := l.load(); err != nil {
			a.Fail("%v", err)
			return
		}
		l.exact.begin()
		l.next = next
	}
	l.draws.archive(a)
	l.exact.archive(a)
	if l.newton != nil {
		l.newton.archive(a)
	}
}

// newton solves the equations of implicit leaps.
type newton struct {
	c       *core
	entry   []int32 // for each reaction, change and read, in this order: the entry of the matrix
	diag    []int32
	vals    []float64
	x, r    []float64
	partial []float64
	lu      replay
}

// newNewton lays out I - h df/dx, where f is the mean change by all reactions.
func newNewton(c *core) *newton {
	w := &newton{c: c, diag: make([]int32, c.n), x: make([]float64, c.n), r: make([]float64, c.n)}
	columns := make([][]int32, c.n)
	for j := range columns {
		columns[j] = append(columns[j], int32(j))
	}
	most := 0
	c.each(func(r int32, i, j int32) { columns[j] = append(columns[j], i) })
	pat := newPattern(columns)
	find := func(i, j int32) int32 {
		rows := pat.RowIdx[pat.ColPtr[j]:pat.ColPtr[j+1]]
		return pat.ColPtr[j] + int32(sort.Search(len(rows), func(k int) bool { return rows[k] >= i }))
	}
	c.each(func(r int32, i, j int32) { w.entry = append(w.entry, find(i, j)) })
	for j := range w.diag {
		w.diag[j] = find(int32(j), int32(j))
	}
	for r := range c.list {
		most = max(most, len(c.reads[r]))
	}
	w.partial = make([]float64, most)
	w.vals = make([]float64, pat.NNZ())
	w.lu = newReplay(pat)
	return w
}

// each visits the changes and reads of all reactions.
func (c *core) each(f func(r, i, j int32)) {
	for r := range c.list {
		a := &c.acts[r]
		for _, ch := range c.changes[a.change:a.changes] {
			for _, j := range c.reads[r] {
				f(int32(r), ch.state, j)
			}
		}
	}
}

func (w *newton) forget() { w.lu.Forget() }

func (w *newton) archive(a *archive.Archive) { w.lu.Archive(a, w.vals) }

// newtonSteps is how many iterations there are at most.
const newtonSteps = 20

// solve makes times of Poisson numbers the numbers of an implicit leap h: with the weight w of the rates at its end, 1 or 1/2, the
// state there is x = x0 + sum of v_r (times_r - w h a_r(x0) + w h a_r(x)).
func (w *newton) solve(l *leaper, h float64, trapezoidal bool) bool {
	c, x, res := w.c, w.x, w.r
	weight := h
	if trapezoidal {
		weight = h / 2
	}
	copy(x, l.x0)
	for range newtonSteps {
		// The residual and the matrix at x; the core lends its state to the rates.
		copy(c.x, x)
		for i := range res {
			res[i] = x[i] - l.x0[i]
		}
		clear(w.vals)
		for _, e := range w.diag {
			w.vals[e] = 1
		}
		entry := w.entry
		for r := range c.list {
			a := &c.acts[r]
			reads := c.reads[r]
			changes := c.changes[a.change:a.changes]
			n := len(changes) * len(reads)
			here := entry[:n]
			if entry = entry[n:]; l.critical[r] {
				continue
			}
			v := l.smooth(int32(r))
			k := l.times[r] + weight*(v-l.rate0[r])
			part := w.partial[:len(reads)]
			for m, j := range reads {
				was := c.x[j]
				d := 1e-4 * max(1, math.Abs(was))
				c.x[j] = was + d
				part[m] = (l.smooth(int32(r)) - v) / d
				c.x[j] = was
			}
			for m, ch := range changes {
				res[ch.state] -= k * ch.by
				for q := range reads {
					w.vals[here[m*len(reads)+q]] -= weight * ch.by * part[q]
				}
			}
		}
		if c.wrong != 0 {
			break
		}
		if w.lu.Factor(w.vals) != nil {
			break
		}
		w.lu.Solve(res)
		size := 0.0
		for i, d := range res {
			x[i] -= d
			size = max(size, math.Abs(d)/(1e-2+1e-6*math.Abs(x[i])))
		}
		if !(size < math.MaxFloat64) {
			break
		}
		if size <= 1 {
			copy(c.x, x)
			for r := range l.times {
				if !l.critical[r] {
					l.times[r] = max(0, math.Round(l.times[r]+weight*(l.smooth(int32(r))-l.rate0[r])))
				}
			}
			copy(c.x, l.x0)
			return c.wrong == 0
		}
	}
	copy(c.x, l.x0)
	c.wrong = 0 // a shorter leap may not come here
	return false
}
