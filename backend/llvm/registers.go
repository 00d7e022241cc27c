package llvm

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/fuse"
)

// The inner loop of a step whose state is in registers.
//
// The lanes are one group, or two that are half a step apart: the loop has the second half of the step of one
// group beside the first half of the step of the other, and then the other way round. So operations that wait for each other, such as those
// that choose the length of the next step, have others beside them, and while one group has all slopes of a step
// in registers the other has few. Where lanes of the first group want attention the other ends its step too; where those of the other do, the
// half step of the first is forgotten.

// loopPlan is a step made ready for the loop.
type loopPlan struct {
	step    *backend.Kernel
	out     []backend.Ref
	going   []backend.Ref // the same of lanes whose status stays Running
	kept    []bool        // entries of the state that a step leaves alone stay in memory
	live    []bool        // entries that matter
	need    []bool        // operations of the loop
	late    []bool        // operations that only lanes which leave the loop need
	reasons []backend.Ref
	known   bool // the status changes where one of reasons holds
	time    []int
	half    int // time where the second half of a step begins
}

// plan looks at the step.
func (w *runWriter) plan() *loopPlan {
	step := w.in.Step
	p := &loopPlan{step: step, out: make([]backend.Ref, w.in.Slots), kept: make([]bool, w.in.Slots)}
	for _, o := range step.Out {
		p.out[o.Index] = o.Val
	}
	var always bool
	always, p.reasons, p.known = p.changes(p.out[fuse.Status])
	p.known = p.known && !always
	p.going = slices.Clone(p.out)
	if p.known { // lanes where a reason holds leave the loop, and get what is theirs there
		for i, r := range p.going {
			for step.Code[r].Op == backend.Select && slices.Contains(p.reasons, step.Code[r].A) {
				r = step.Code[r].C
			}
			p.going[i] = r
		}
	}
	all := w.live(p)
	p.late = make([]bool, len(all))
	for r, v := range all {
		p.late[r] = v && !p.need[r]
	}
	for i := range p.kept {
		p.kept[i] = !p.live[i] || step.Code[p.out[i]] == backend.Instr{Op: backend.U, A: int32(i)}
	}
	p.times()
	return p
}

// changes finds truth values of which one holds where a status is not Running; ok is false if there are none such.
func (p *loopPlan) changes(r backend.Ref) (always bool, any []backend.Ref, ok bool) {
	switch in := p.step.Code[r]; in.Op {
	case backend.Const:
		return p.step.Consts[in.A] != fuse.Running, nil, true
	case backend.U:
		return false, nil, in.A == fuse.Status
	case backend.Select:
		first, anyFirst, ok := p.changes(in.B)
		second, anySecond, too := p.changes(in.C)
		switch {
		case !ok || !too:
			return false, nil, false
		case first && second:
			return true, nil, true
		case first:
			return false, append(anySecond, in.A), true
		case len(anySecond) == 0 && !second:
			// Where the choice is made while a trajectory is running, or another is not worse.
			return false, anyFirst, p.running(in.A)
		}
	}
	return false, nil, false
}

// running reports whether a value is the comparison of the status with Running, which holds in the loop.
func (p *loopPlan) running(r backend.Ref) bool {
	in := p.step.Code[r]
	if in.Op != backend.Eq {
		return false
	}
	a, b := p.step.Code[in.A], p.step.Code[in.B]
	if a.Op == backend.Const {
		a, b = b, a
	}
	return a.Op == backend.U && a.A == fuse.Status && b.Op == backend.Const && p.step.Consts[b.A] == fuse.Running
}

// live says which entries of the state matter, and which operations of a step: what goes back to
// the batch, what Save reads, and what the next of these are made from. need are those without what the status
// alone is made from, if its reasons are known.
func (w *runWriter) live(p *loopPlan) (all []bool) {
	p.live, p.need, all = make([]bool, len(p.out)), make([]bool, len(p.step.Code)), make([]bool, len(p.step.Code))
	var todo []int32
	slot := func(i int32) {
		if !p.live[i] {
			p.live[i] = true
			todo = append(todo, i)
		}
	}
	for _, i := range []int32{fuse.T, fuse.H, fuse.Status, fuse.Steps, fuse.Rejected} {
		slot(i)
	}
	for i := range w.in.N {
		slot(int32(fuse.StateAt + i))
	}
	if save := w.in.Save; save != nil {
		for i := range p.out {
			slot(int32(i))
		}
	}
	var visit func(r backend.Ref, seen []bool)
	visit = func(r backend.Ref, seen []bool) {
		if seen[r] {
			return
		}
		seen[r] = true
		in := p.step.Code[r]
		if in.Op == backend.U {
			slot(in.A)
		}
		p.step.Operands(in, func(a backend.Ref) { visit(a, seen) })
	}
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		visit(p.out[i], all)
		if i != fuse.Status || !p.known {
			visit(p.going[i], p.need)
		}
	}
	for _, r := range p.reasons {
		if p.known {
			visit(r, p.need)
		}
	}
	return all
}

// latency is about how many cycles an operation takes, and product whether it goes through the multipliers.
func latency(op backend.Op) (cycles int, product bool) {
	switch op {
	case backend.Mul, backend.FMA:
		return 4, true
	case backend.Add, backend.Sub, backend.Lt, backend.Le, backend.Eq, backend.Ne:
		return 3, false
	case backend.Div:
		return 14, true
	case backend.Sqrt:
		return 20, true
	case backend.Select, backend.Abs, backend.Neg, backend.And, backend.Or, backend.Not, backend.Min, backend.Max:
		return 1, false
	}
	if op.Base() {
		return 1, false
	}
	return 40, true
}

// window is how far a processor looks ahead for operations that need not wait.
const window = 48

// times makes a guess when a processor makes the operations: one product and one other operation in a
// cycle, the first ones in order that are ready.
func (p *loopPlan) times() {
	code := p.step.Code
	p.time = make([]int, len(code))
	done := make([]int, len(code)) // inputs are there at once
	var wait []backend.Ref
	for r, in := range code {
		if p.need[r] && !in.Op.Input() {
			wait = append(wait, backend.Ref(r))
			done[r] = 1 << 30
		}
	}
	last := 0
	for now := 0; len(wait) > 0; now++ {
		free := [2]bool{true, true}
		rest := wait[:0:0]
		for i, r := range wait {
			if i >= window {
				rest = append(rest, wait[i:]...)
				break
			}
			cycles, product := latency(code[r].Op)
			port := 0
			if product {
				port = 1
			}
			ready := free[port]
			p.step.Operands(code[r], func(a backend.Ref) { ready = ready && done[a] <= now })
			if !ready {
				rest = append(rest, r)
				continue
			}
			free[port] = false
			p.time[r], done[r] = now, now+cycles
			last = max(last, now+cycles)
		}
		wait = rest
	}
	p.half = last / 2
}

// group are lanes that make their steps together.
type group struct {
	w     *runWriter
	p     *loopPlan
	first int // lane
	lanes int
	name  string
	q     []string // parameters

	active, due string // lanes that have a trajectory, and their next times to save
}

// state is the state of a group at the beginning of a step, and code what has been computed of it.
type state struct {
	g *group
	x []string
	c *code
}

// begin is a step of a group from x.
func (g *group) begin(x []string) *state {
	s := &state{g: g, x: x}
	s.c = newCode(g.w.module, g.p.step, g.lanes)
	s.c.fixed = map[int32]float64{fuse.Status: fuse.Running} // the loop ends where it changes; idle lanes may do what they like
	s.c.input = func(op backend.Op, index int32) string {
		if op == backend.U {
			return x[index]
		}
		return g.q[index]
	}
	return s
}

// at is the address of an entry of an array of the lanes.
func (g *group) at(array string, i int) string {
	return g.w.at(g.w.arg[array], i*g.w.lanes+g.first)
}

// load reads the state.
func (g *group) load() []string {
	x := make([]string, g.w.in.Slots)
	for i := range x {
		x[i] = g.w.module.load(g.at("X", i), g.lanes)
	}
	return x
}

// phis are names for the state that changes in the loop.
func (g *group) phis(first []string) []string {
	x := slices.Clone(first)
	for i := range x {
		if !g.p.kept[i] {
			x[i] = "%" + g.name + strconv.Itoa(i)
		}
	}
	return x
}

// next is the state after the step, without the status where that is known to be Running, of lanes that stay in the loop.
func (s *state) next() []string {
	x := slices.Clone(s.x)
	for i, r := range s.g.p.going {
		if !s.g.p.kept[i] && (i != fuse.Status || !s.g.p.known) {
			x[i] = s.c.number(r)
		}
	}
	return x
}

// changed is true where the status is not Running after the step.
func (s *state) changed(next []string) string {
	w, p := s.g.w, s.g.p
	if !p.known {
		return w.let("fcmp une ", vector(s.g.lanes, "double"), " ", next[fuse.Status], ", ", constant(fuse.Running, s.g.lanes))
	}
	any := s.c.truth(p.reasons[0])
	for _, r := range p.reasons[1:] {
		any = w.let("or ", vector(s.g.lanes, "i1"), " ", any, ", ", s.c.truth(r))
	}
	return any
}

// keep puts the state into memory.
func (g *group) keep(x []string) {
	for i, v := range x {
		if !g.p.kept[i] {
			g.w.store(v, g.at("X", i), g.lanes)
		}
	}
}

// status makes what the loop leaves out of the state after a step that may have ended: the status and what goes with it.
func (s *state) status(next []string) []string {
	if !s.g.p.known {
		return next
	}
	for r, late := range s.g.p.late {
		if late && !s.g.p.step.Code[r].Op.Input() {
			s.c.emit(backend.Ref(r))
		}
	}
	next = slices.Clone(next)
	for i, r := range s.g.p.out {
		if i == fuse.Status || r != s.g.p.going[i] {
			next[i] = s.c.number(r)
		}
	}
	return next
}

// turn is an operation of a step at a time.
type turn struct {
	s    *state
	r    backend.Ref
	time int
}

// turns are the operations of the first or second half of a step.
func (s *state) turns(second bool) (t []turn) {
	p := s.g.p
	for r, v := range p.need {
		if v && !p.step.Code[r].Op.Input() && p.time[r] >= p.half == second {
			at := p.time[r]
			if second {
				at -= p.half
			}
			t = append(t, turn{s, backend.Ref(r), at})
		}
	}
	return t
}

// copied is a state of which more can be computed in another place.
func (s *state) copied() *state {
	c := *s.c
	c.num, c.bits, c.cond, c.made = slices.Clone(c.num), slices.Clone(c.bits), slices.Clone(c.cond), nil
	return &state{s.g, s.x, &c}
}

// beside emits operations of two halves in the order of their times.
func beside(t []turn) {
	slices.SortStableFunc(t, func(a, b turn) int { return cmp.Compare(a.time, b.time) })
	for _, v := range t {
		v.s.c.emit(v.r)
	}
}

// crossing lists the values of the first half that the second half or the next state needs.
func (p *loopPlan) crossing() (refs []backend.Ref) {
	cross := make([]bool, len(p.step.Code))
	use := func(r backend.Ref) {
		if p.need[r] && !p.step.Code[r].Op.Input() && p.time[r] < p.half {
			cross[r] = true
		}
	}
	for r, in := range p.step.Code {
		if p.late[r] || p.need[r] && p.time[r] >= p.half {
			p.step.Operands(in, use)
		}
	}
	for i := range p.out {
		if !p.kept[i] {
			use(p.out[i])
			use(p.going[i])
		}
	}
	for _, r := range p.reasons {
		use(r)
	}
	for r, v := range cross {
		if v {
			refs = append(refs, backend.Ref(r))
		}
	}
	return refs
}

// form is the form in which a value crosses, as a place and a type.
func (s *state) form(r backend.Ref) (*string, string) {
	c := s.c
	switch {
	case c.cond[r] != "" && (c.k.Code[r].Op.Bool() || c.num[r] == ""):
		return &c.cond[r], c.truths()
	case c.bits[r] != "" && c.num[r] == "":
		return &c.bits[r], c.ints()
	}
	return &c.num[r], c.doubles()
}

// inRegisters writes the inner loop.
func (w *runWriter) inRegisters() {
	p := w.plan()
	var g []*group
	for i := range w.groups {
		v := &group{w: w, p: p, first: i * w.lanes / w.groups, lanes: w.lanes / w.groups, name: string(rune('s' + i)), q: make([]string, w.in.NPAll())}
		for _, in := range p.step.Code {
			if in.Op == backend.P && v.q[in.A] == "" {
				v.q[in.A] = w.module.load(v.at("Q", int(in.A)), v.lanes)
			}
		}
		g = append(g, v)
	}
	if w.groups == 2 {
		w.inTurns(p, g[0], g[1])
		return
	}
	v := g[0]
	first := v.load()
	v.actives()
	w.line("  br label %loop")
	x := first
	if !w.gpu {
		x = v.phis(first)
	}
	s := v.begin(x)
	w.block = "loop"
	outer := w.buf
	w.buf = nil // the values of the next turn have no names yet
	for r, in := range p.step.Code {
		if p.need[r] && !in.Op.Input() {
			s.c.emit(backend.Ref(r))
		}
	}
	next := s.next()
	v.attention(s, next, "")
	body := w.buf
	w.buf = outer
	w.line("loop:")
	if !w.gpu {
		w.phi(v, x, first, next, "enter.active", w.block)
		w.line("  %budget = phi i64 [%budget.in, %enter.active], [%budget.left, %", w.block, "]")
	} else {
		w.line("  %budget = add i64 %budget.in, 0")
	}
	w.buf = append(w.buf, body...)
	w.again("", "spill", "loop")
	w.line("spill:")
	v.keep(s.status(next))
}

// phi writes those of the state.
func (w *runWriter) phi(g *group, x, first, next []string, before, from string) {
	for i := range x {
		if !g.p.kept[i] {
			value := next[i]
			if i == fuse.Status && g.p.known {
				value = constant(fuse.Running, g.lanes)
			}
			w.line("  ", x[i], " = phi ", vector(g.lanes, "double"), " [", first[i], ", %", before, "], [", value, ", %", from, "]")
		}
	}
}

// actives finds the lanes that have a trajectory, and their next times to save.
func (g *group) actives() {
	w := g.w
	g.due = w.load(g.at("due", 0), g.lanes)
	if g.lanes == w.lanes {
		g.active = "%active"
		return
	}
	ints := vector(g.lanes, "i64")
	at := w.let("getelementptr inbounds i64, ", w.local("i64"), " ", w.arg["lane"], ", i64 ", strconv.Itoa(g.first))
	held := w.let("load ", ints, ", ", w.local(ints), " ", w.cast(at, w.local("i64"), w.local(ints)), ", align 8")
	g.active = w.let("icmp sge ", ints, " ", held, ", ", uniform("i64", "0", g.lanes))
}

// attention is for the lanes of a group whose status has changed or whose time has come to a time to save; of tells
// the names apart.
func (g *group) attention(s *state, next []string, of string) {
	w := g.w
	truths := vector(g.lanes, "i1")
	wants := s.changed(next)
	if w.in.Save != nil {
		passed := w.let("fcmp oge ", vector(g.lanes, "double"), " ", next[fuse.T], ", ", g.due)
		wants = w.let("or ", truths, " ", wants, ", ", passed)
	}
	w.wanted(of, w.let("and ", truths, " ", g.active, ", ", wants), g.lanes)
}

// inTurns writes the loop of two groups.
func (w *runWriter) inTurns(p *loopPlan, a, b *group) {
	firstA, firstB := a.load(), b.load()
	a.actives()
	b.actives()
	cross := p.crossing()
	w.block = "enter.active"
	head := a.begin(firstA)
	beside(head.turns(false))
	before := w.block
	w.line("  br label %loop")
	xa, xb := a.phis(firstA), b.phis(firstB)
	sa, sb := a.begin(xa), b.begin(xb)
	for _, r := range cross {
		from, _ := head.form(r)
		to := &sa.c.num[r]
		switch from {
		case &head.c.cond[r]:
			to = &sa.c.cond[r]
		case &head.c.bits[r]:
			to = &sa.c.bits[r]
		}
		*to = *from
		if strings.HasPrefix(*from, "%") {
			*to = "%h" + strconv.Itoa(int(r))
		}
	}
	outer := w.buf
	w.buf = nil
	beside(append(sa.turns(true), sb.turns(false)...))
	nextA := sa.next()
	a.attention(sa, nextA, ".s")
	w.again(".s", "rest", "loop.t")
	w.line("loop.t:")
	w.block = "loop.t"
	rest := sb.copied()
	again := a.begin(nextA)
	beside(append(sb.turns(true), again.turns(false)...))
	nextB := sb.next()
	b.attention(sb, nextB, ".t")
	w.line("  br i1 %attend.t, label %spill.t, label %loop")
	from := w.block
	body := w.buf
	w.buf = outer
	w.line("loop:")
	w.phi(a, xa, firstA, nextA, before, from)
	w.phi(b, xb, firstB, nextB, before, from)
	for _, r := range cross {
		at, typ := head.form(r)
		if strings.HasPrefix(*at, "%") {
			to, _ := again.form(r)
			w.line("  %h", strconv.Itoa(int(r)), " = phi ", typ, " [", *at, ", %", before, "], [", *to, ", %", from, "]")
		}
	}
	w.line("  %budget = phi i64 [%budget.in, %", before, "], [%budget.left, %", from, "]")
	w.buf = append(w.buf, body...)

	bits, half := "i"+strconv.Itoa(w.lanes), "i"+strconv.Itoa(a.lanes)
	mask := func(first, second string) string {
		second = w.let("shl ", bits, " ", w.let("zext ", half, " ", second, " to ", bits), ", ", strconv.Itoa(a.lanes))
		if first == "" {
			return second
		}
		return w.let("or ", bits, " ", w.let("zext ", half, " ", first, " to ", bits), ", ", second)
	}
	w.line("rest:")
	w.block = "rest"
	beside(rest.turns(true))
	restB := rest.next()
	b.attention(rest, restB, ".rest")
	a.keep(sa.status(nextA))
	b.keep(rest.status(restB))
	both := mask("%attention.s", "%attention.rest")
	rested := w.block
	w.line("  br label %spill\nspill.t:")
	w.block = "spill.t"
	a.keep(nextA)
	b.keep(sb.status(nextB))
	second := mask("", "%attention.t")
	w.line("  br label %spill\nspill:")
	w.line("  %attention = phi ", bits, " [", both, ", %", rested, "], [", second, ", %", w.block, "]")
	w.line("  %attend = icmp ne ", bits, " %attention, 0")
}
