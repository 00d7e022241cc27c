package backend

import (
	"fmt"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/jacobian"
	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/structural"
)

// Lower translates a plan. It differentiates on the way, so the plan's pool grows. The
// list holds errors, in which case the program is nil, or is empty.
func Lower(plan *structural.Plan, opt Options) (*Program, diag.List) {
	c := &compiler{plan: plan, p: plan.Pool, opt: opt, prog: &Program{NDiff: plan.NDiff}}
	if c.opt.RollFrom == 0 {
		c.opt.RollFrom = rollFrom
	}
	if c.opt.MinLoop == 0 {
		c.opt.MinLoop = minLoop
	}
	c.funcs = &functions{index: map[*expr.Func]int32{}}
	c.integrals()
	if c.list.Errors() > 0 {
		return nil, c.list
	}
	c.sim = newLowerer(plan.Pool, c.funcs, c.opt)
	c.meanings(c.sim)
	c.sim.define(c.plan.Seq, c.labels)
	c.meta()
	c.dynamics()
	c.noise()
	c.linear()
	c.lifted()
	c.invariants()
	c.events()
	c.update()
	c.guards()
	c.rates()
	c.bind()
	c.initial()
	c.observed()
	c.jumps()
	c.prog.Funcs = c.funcs.list
	for _, f := range c.prog.Funcs {
		if f.Eval == nil {
			c.list.Add(diag.Pos{}, "E403", "give it an algorithm, or declare it with a value function", "function %s has no body that can be computed", f.Name)
		}
	}
	if c.list.Errors() > 0 {
		return nil, c.list
	}
	return c.prog, c.list
}

// compiler is the state of one lowering.
type compiler struct {
	plan  *structural.Plan
	p     *expr.Pool
	opt   Options
	prog  *Program
	list  diag.List
	funcs *functions
	sim   *lowerer // with the atoms of the simulation

	slot  map[expr.ID]int32 // of parameters and memory in p
	state map[expr.ID]int32 // of states in u
	value []float64         // default parameter vector

	labels       []string // of plan.Seq; nil: the names of the targets
	stratonovich bool     // the noises are of Stratonovich, else of Ito

	tables    tables // of the rollers
	sumTables tables // of those that take sums apart
	sums      bool   // a kernel consists of sums, see roller.sums

	sources []expr.ID // of the observables: a term for the Observed kernel, or None
}

// meanings gives the atoms of the simulation their places.
func (c *compiler) meanings(l *lowerer) {
	c.slot, c.state = map[expr.ID]int32{}, map[expr.ID]int32{}
	for i := range c.plan.Params {
		c.slot[c.plan.Params[i].Atom] = int32(i)
	}
	for k, a := range c.plan.Memory {
		c.slot[a] = int32(len(c.plan.Params) + k)
	}
	for i := range c.plan.States {
		c.state[c.plan.States[i].Atom] = int32(i)
	}
	c.parameters(l)
	for i := range c.plan.States {
		l.set(c.plan.States[i].Atom, stateAtom, int32(i))
	}
}

// parameters makes the entries of p atoms of l.
func (c *compiler) parameters(l *lowerer) {
	for i := range c.plan.Params {
		l.set(c.plan.Params[i].Atom, memoryAtom, int32(i))
	}
	for k, a := range c.plan.Memory {
		l.set(a, memoryAtom, int32(len(c.plan.Params)+k))
	}
}

// slotOf is the place of a parameter or memory atom in p.
func (c *compiler) slotOf(a expr.ID) int {
	s, ok := c.slot[a]
	if !ok {
		panic(fmt.Sprintf("mtkc: bug: %s is no parameter and no memory", c.p.String(a)))
	}
	return int(s)
}

// rows are the terms of f.
func (c *compiler) rows() []expr.ID {
	rows := append([]expr.ID(nil), c.plan.Deriv...)
	for i := range c.plan.Residuals {
		rows = append(rows, c.plan.Residuals[i].Value)
	}
	return rows
}

func (c *compiler) stateAtoms() []expr.ID {
	atoms := make([]expr.ID, len(c.plan.States))
	for i := range atoms {
		atoms[i] = c.plan.States[i].Atom
	}
	return atoms
}

// matrix lowers a matrix of derivatives.
func matrix(l *lowerer, name string, m *jacobian.Matrix) (*Kernel, *linsolve.Pattern) {
	l.define(m.Seq, m.Labels)
	l.begin(name)
	return l.outputs(m.Values), m.Pattern.Linsolve()
}

// values lowers terms of the simulation whose derivatives are not asked for, to loops
// where they repeat.
func (c *compiler) values(name string, rows []expr.ID, label func(place) string) *Kernel {
	if k, _ := c.roll(c.sim, name, rows, mainPlaces(len(rows)), label); k != nil {
		return k
	}
	c.sim.begin(name)
	return c.sim.outputs(rows)
}

func (c *compiler) dynamics() {
	rows := c.rows()
	l := c.sim
	k, r := c.roll(l, "RHS", rows, mainPlaces(len(rows)), func(o place) string {
		if int(o.index) < c.plan.NDiff {
			return "der(" + c.plan.States[o.index].Name + ")"
		}
		return "0: " + c.plan.Text(&c.plan.Residuals[int(o.index)-c.plan.NDiff])
	})
	if k != nil {
		n := len(rows)
		c.prog.RHS = k
		c.prog.Jac, c.prog.Meta.Jac = r.rolledMatrix("Jac", n, n, columns(U))
		dt, pat := r.gradient("TGrad", n, 1, columns(Time))
		c.prog.TGrad = scatter(dt, pat)
		c.prog.RHS.join()
		c.prog.Jac.join()
		return
	}
	l.begin("RHS")
	c.prog.RHS = l.outputs(rows)
	m := jacobian.Of(c.p, c.plan.Seq, rows, c.stateAtoms(), "jac")
	c.prog.Jac, c.prog.Meta.Jac = matrix(l, "Jac", m)
	dt := jacobian.Of(c.p, c.plan.Seq, rows, []expr.ID{expr.Time}, "time")
	l.define(dt.Seq, dt.Labels)
	l.begin("TGrad")
	for k, i := range dt.Pattern.Column(0) {
		l.b.Output(Main, int(i), l.lower(dt.Values[k]))
	}
	c.prog.TGrad = l.b.Finish()
	c.prog.TGrad.Zero = true
}

// lifted lowers the algebraic part with lifted exponents as a block whose w holds the
// states and behind them the exponents.
func (c *compiler) lifted() {
	lift := c.plan.Lifted
	if lift == nil {
		return
	}
	l := newLowerer(c.p, c.funcs, c.opt)
	c.parameters(l)
	meta := &ode.InitBlock{Lift: len(lift.Exponents)}
	var atoms []expr.ID
	col := map[int32]int32{}
	unknown := func(a expr.ID, i int32) {
		col[i] = int32(len(atoms))
		atoms = append(atoms, a)
		meta.Unknowns = append(meta.Unknowns, i)
	}
	for i := range c.plan.States {
		a := c.plan.States[i].Atom
		l.set(a, initialAtom, int32(i))
		if i >= c.plan.NDiff {
			unknown(a, int32(i))
		}
	}
	for i, a := range lift.Exponents {
		k := int32(len(c.plan.States) + i)
		l.set(a, initialAtom, k)
		unknown(a, k)
	}
	l.define(lift.Seq, nil)
	rows := make([]expr.ID, len(lift.Residuals))
	for i := range rows {
		rows[i] = lift.Residuals[i].Value
		meta.Residual = append(meta.Residual, c.plan.Describe(&lift.Residuals[i]))
	}
	c.prog.Lifted, c.prog.Meta.Lifted = &InitKernel{}, meta
	k, r := c.roll(l, "Lifted", rows, mainPlaces(len(rows)), func(o place) string { return "0: " + c.plan.Describe(&lift.Residuals[o.index]) })
	if k != nil {
		c.prog.Lifted.Eval = k
		c.prog.Lifted.Jac, meta.Jac = r.rolledMatrix("LiftedJac", len(rows), len(rows), unknowns(col))
		return
	}
	l.begin("Lifted")
	c.prog.Lifted.Eval = l.outputs(rows)
	m := jacobian.Of(c.p, lift.Seq, rows, atoms, "lift")
	c.prog.Lifted.Jac, meta.Jac = matrix(l, "LiftedJac", m)
}

func (c *compiler) invariants() {
	if len(c.plan.Invariants) == 0 {
		return
	}
	rows := make([]expr.ID, len(c.plan.Invariants))
	for i := range rows {
		rows[i] = c.plan.Invariants[i].Value
	}
	c.prog.Meta.NInv = len(rows)
	k, r := c.roll(c.sim, "Invariants", rows, mainPlaces(len(rows)), func(o place) string {
		return "0: " + c.plan.Text(&c.plan.Invariants[o.index])
	})
	if k != nil {
		c.prog.Invariants = k
		c.prog.InvariantJac, c.prog.Meta.InvJac = r.rolledMatrix("InvariantJac", len(rows), len(c.plan.States), columns(U))
		return
	}
	c.sim.begin("Invariants")
	c.prog.Invariants = c.sim.outputs(rows)
	m := jacobian.Of(c.p, c.plan.Seq, rows, c.stateAtoms(), "inv")
	c.prog.InvariantJac, c.prog.Meta.InvJac = matrix(c.sim, "InvariantJac", m)
}

func (c *compiler) events() {
	h := &c.plan.Hybrid
	if len(h.Relations) > 0 {
		rows := make([]expr.ID, len(h.Relations))
		for i := range rows {
			rows[i] = h.Relations[i].G
		}
		c.prog.Crossings = c.values("Crossings", rows, func(o place) string { return h.Relations[o.index].Text })
		if read := c.prog.Crossings.reads(U); 2*len(read) <= len(c.plan.States) {
			c.prog.Meta.Hybrid.CrossingStates = read
		}
	}
	if len(h.TimeRelations)+len(h.Samples)+len(h.Counters) > 0 {
		var rows []expr.ID
		for i := range h.TimeRelations {
			rows = append(rows, h.TimeRelations[i].At)
		}
		for i := range h.Samples {
			rows = append(rows, h.Samples[i].Start, h.Samples[i].Interval)
		}
		for i := range h.Counters {
			rows = append(rows, h.Counters[i].Rate, h.Counters[i].Offset)
		}
		c.prog.TimeEvents = c.values("TimeEvents", rows, nil)
	}
	n := 0 // assertions
	for _, a := range h.Actions {
		if a.Always {
			n++
		}
	}
	if n > 0 {
		var k *Kernel
		if n >= c.opt.MinLoop {
			k, _ = c.roll(c.sim, "Assert", []expr.ID{c.firstAction(true)}, []place{{Code, 0}}, func(place) string { return "assertions" })
		}
		if k == nil {
			c.sim.begin("Assert")
			c.code(true)
			k = c.sim.b.Finish()
		}
		c.prog.Assert = k
	}
}

// code outputs k+1 for the action k that fires: the first that is no warning, or else
// the first warning.
func (c *compiler) code(always bool) {
	l := c.sim
	acc := l.b.Number(0)
	for _, warn := range []bool{true, false} {
		for k := len(c.plan.Hybrid.Actions) - 1; k >= 0; k-- {
			if a := &c.plan.Hybrid.Actions[k]; a.Always == always && a.Warn == warn {
				acc = l.b.Emit(Select, l.lower(a.Cond), l.b.Number(float64(k+1)), acc)
			}
		}
	}
	l.b.Output(Code, 0, acc)
}

// firstAction is what code outputs as a term: the least number of an action that fires,
// in pieces of which many have one shape.
func (c *compiler) firstAction(always bool) expr.ID {
	p := c.p
	never := p.Float(1e18)
	code := expr.Zero
	for _, warn := range []bool{true, false} {
		var least []expr.ID
		for k := range c.plan.Hybrid.Actions {
			if a := &c.plan.Hybrid.Actions[k]; a.Always == always && a.Warn == warn {
				least = append(least, p.If(a.Cond, p.Int(int64(k+1)), never))
			}
		}
		for len(least) > 1 {
			var parts []expr.ID
			for i := 0; i < len(least); i += partSum {
				m := least[i]
				for _, x := range least[i+1 : min(i+partSum, len(least))] {
					m = p.Fn(expr.OpMin, m, x)
				}
				parts = append(parts, c.sim.piece(m))
			}
			least = parts
		}
		if len(least) == 1 {
			code = p.If(p.Fn(expr.OpLt, least[0], never), least[0], code)
		}
	}
	return code
}

// update lowers one evaluation of the when-clauses. Terms see the new values of
// discrete variables and the old ones of states.
func (c *compiler) update() {
	h := &c.plan.Hybrid
	acts := false
	for _, a := range h.Actions {
		acts = acts || !a.Always
	}
	if len(h.Update) == 0 && len(h.Whens) == 0 && !acts {
		return
	}
	l := c.sim
	if c.prog.Update = c.rolledUpdate(acts); c.prog.Update != nil {
		return
	}
	l.begin("Update")
	for _, a := range h.Update {
		v := l.lower(a.Value)
		if i, ok := c.state[a.Target]; ok {
			l.b.Output(Main, int(i), v)
			continue
		}
		l.b.Label(v, c.p.Name(a.Target), a.Eq)
		l.assign(a.Target, v)
		if s, ok := c.slot[a.Target]; ok {
			l.b.Output(Memory, int(s), v)
		}
	}
	for i := range h.Whens {
		l.b.Output(Memory, c.slotOf(h.Whens[i].Atom), l.lower(h.Whens[i].Cond))
	}
	c.code(false)
	c.prog.Update = l.b.Finish()
}

// guards lowers the conditions on parameters.
func (c *compiler) guards() {
	var rows []expr.ID
	for i := range c.plan.Guards {
		g := &c.plan.Guards[i]
		q := ode.Guard{Param: -1, Zero: g.Zero, Text: g.Text}
		if s, ok := c.slot[g.Value]; ok && !g.Zero {
			q.Param = int(s)
		} else {
			rows = append(rows, g.Value, g.Size)
		}
		c.prog.Meta.Guards = append(c.prog.Meta.Guards, q)
	}
	if len(rows) > 0 {
		c.sim.begin("Guards")
		c.prog.Guards = c.sim.outputs(rows)
	}
}

// rolledUpdate is update for many when-clauses that repeat, nil if they do not.
func (c *compiler) rolledUpdate(acts bool) *Kernel {
	h, l := &c.plan.Hybrid, c.sim
	var seq []structural.Assign // of discrete variables
	var terms []expr.ID
	var outs []place
	for _, a := range h.Update {
		if i, ok := c.state[a.Target]; ok {
			terms, outs = append(terms, a.Value), append(outs, place{Main, i})
		} else if s, ok := c.slot[a.Target]; ok {
			seq = append(seq, a)
			terms, outs = append(terms, a.Target), append(outs, place{Memory, s})
		} // others are definitions of the simulation
	}
	for i := range h.Whens {
		terms, outs = append(terms, h.Whens[i].Cond), append(outs, place{Memory, int32(c.slotOf(h.Whens[i].Atom))})
	}
	if len(terms) < c.opt.MinLoop {
		return nil
	}
	if acts {
		terms, outs = append(terms, c.firstAction(false)), append(outs, place{Code, 0})
	}
	l.define(seq, nil)
	defer func() {
		for _, a := range seq {
			l.set(a.Target, memoryAtom, c.slot[a.Target])
		}
	}()
	k, _ := c.roll(l, "Update", terms, outs, func(o place) string {
		switch o.space {
		case Main:
			return "reinit " + c.plan.States[o.index].Name
		case Memory:
			return "when"
		}
		return "actions"
	})
	return k
}

// bind lowers the bindings of parameters that depend on other parameters. A parameter
// that was set keeps its value, also in what depends on it.
func (c *compiler) bind() {
	if c.prog.Bind = c.rolledBind(); c.prog.Bind != nil {
		return
	}
	l := newLowerer(c.p, c.funcs, c.opt)
	c.parameters(l)
	l.begin("Bind")
	some := false
	for i := range c.plan.Params {
		q := &c.plan.Params[i]
		if q.Value == expr.None || len(c.p.Atoms(q.Value)) == 0 {
			continue
		}
		some = true
		own := l.b.Emit(P, int32(i))
		v := l.lower(q.Value)
		v = l.b.Emit(Select, l.b.Emit(W, int32(i)), own, v)
		l.b.Label(v, q.Name, -1)
		l.assign(q.Atom, v)
		l.b.Output(Memory, i, v)
	}
	if some {
		c.prog.Bind = l.b.Finish()
	}
}

// rolledBind is bind for many bindings that repeat, nil if they do not. A parameter is
// "if set then own value else binding" there.
func (c *compiler) rolledBind() *Kernel {
	l := newLowerer(c.p, c.funcs, c.opt)
	c.parameters(l)
	var seq []structural.Assign
	var terms []expr.ID
	var outs []place
	for i := range c.plan.Params {
		q := &c.plan.Params[i]
		if q.Value == expr.None || len(c.p.Atoms(q.Value)) == 0 {
			continue
		}
		flag, own := c.p.Sym(fmt.Sprintf("\x01set%d", i)), c.p.Sym(fmt.Sprintf("\x01own%d", i))
		l.set(flag, initialAtom, int32(i))
		l.set(own, memoryAtom, int32(i))
		seq = append(seq, structural.Assign{Target: q.Atom, Value: c.p.If(flag, own, q.Value), Eq: -1})
		terms, outs = append(terms, q.Atom), append(outs, place{Memory, int32(i)})
	}
	if len(terms) < c.opt.MinLoop {
		return nil
	}
	l.define(seq, nil)
	k, _ := c.roll(l, "Bind", terms, outs, nil)
	return k
}

// initial lowers the initialization plan.
func (c *compiler) initial() {
	in := &c.plan.Init
	if len(in.W) == 0 {
		return
	}
	l := newLowerer(c.p, c.funcs, c.opt)
	c.parameters(l)
	at := make(map[expr.ID]int32, len(in.W))
	for i := range in.W {
		l.set(in.W[i].Atom, initialAtom, int32(i))
		at[in.W[i].Atom] = int32(i)
	}
	for b := range in.Blocks {
		blk := &in.Blocks[b]
		if c.rolledInit(l, b, at) {
			continue
		}
		l.begin(fmt.Sprintf("Init%d", b))
		for _, a := range blk.Assigns {
			v := l.lower(a.Value)
			l.b.Label(v, c.p.Name(a.Target), a.Eq)
			l.assign(a.Target, v)
			i, ok := at[a.Target]
			if !ok {
				panic(fmt.Sprintf("mtkc: bug: %s is no unknown of the initialization", c.p.String(a.Target)))
			}
			l.b.Output(Memory, int(i), v)
		}
		rows := make([]expr.ID, len(blk.Residuals))
		for i := range rows {
			rows[i] = blk.Residuals[i].Value
			l.b.Output(Main, i, l.lower(rows[i]))
		}
		k := InitKernel{Eval: l.b.Finish()}
		meta := &c.prog.Meta.Init.Blocks[b]
		for _, u := range blk.Unknowns {
			meta.Unknowns = append(meta.Unknowns, at[u])
		}
		for i := range blk.Residuals {
			meta.Residual = append(meta.Residual, c.plan.Describe(&blk.Residuals[i]))
		}
		if len(blk.Unknowns) > 0 {
			m := jacobian.Of(c.p, blk.Assigns, rows, blk.Unknowns, fmt.Sprintf("init%d.", b))
			l.define(blk.Assigns, nil)
			k.Jac, meta.Jac = matrix(l, fmt.Sprintf("InitJac%d", b), m)
			c.annotate(b)
			for _, a := range blk.Assigns {
				l.set(a.Target, initialAtom, at[a.Target])
			}
		}
		c.prog.Init = append(c.prog.Init, k)
	}
}

// rolledInit lowers a large block of the initialization to loops, if its equations
// repeat.
func (c *compiler) rolledInit(l *lowerer, b int, at map[expr.ID]int32) bool {
	blk := &c.plan.Init.Blocks[b]
	if len(blk.Assigns)+len(blk.Residuals) < c.opt.MinLoop {
		return false
	}
	l.define(blk.Assigns, nil)
	defer func() {
		for _, a := range blk.Assigns {
			l.set(a.Target, initialAtom, at[a.Target])
		}
	}()
	var terms []expr.ID
	var outs []place
	for _, a := range blk.Assigns {
		i, ok := at[a.Target]
		if !ok {
			panic(fmt.Sprintf("mtkc: bug: %s is no unknown of the initialization", c.p.String(a.Target)))
		}
		terms, outs = append(terms, a.Target), append(outs, place{Memory, i})
	}
	for i := range blk.Residuals {
		terms, outs = append(terms, blk.Residuals[i].Value), append(outs, place{Main, int32(i)})
	}
	eval, r := c.roll(l, fmt.Sprintf("Init%d", b), terms, outs, func(o place) string {
		if o.space == Memory {
			return ""
		}
		return "0: " + c.plan.Text(&blk.Residuals[o.index])
	})
	if eval == nil {
		return false
	}
	k := InitKernel{Eval: eval}
	meta := &c.prog.Meta.Init.Blocks[b]
	col := map[int32]int32{}
	for j, u := range blk.Unknowns {
		meta.Unknowns = append(meta.Unknowns, at[u])
		col[at[u]] = int32(j)
	}
	for i := range blk.Residuals {
		meta.Residual = append(meta.Residual, c.plan.Describe(&blk.Residuals[i]))
	}
	if len(blk.Unknowns) > 0 {
		k.Jac, meta.Jac = r.rolledMatrix(fmt.Sprintf("InitJac%d", b), len(blk.Residuals), len(blk.Unknowns), unknowns(col))
		c.annotate(b)
	}
	c.prog.Init = append(c.prog.Init, k)
	return true
}

// annotate hands on what the plan knows of an initialization block.
func (c *compiler) annotate(b int) {
	blk, meta := &c.plan.Init.Blocks[b], &c.prog.Meta.Init.Blocks[b]
	meta.Lift, meta.Homotopy = blk.Lift, blk.Homotopy
}

// observed lowers the eliminated variables and says where the others are.
func (c *compiler) observed() {
	var terms []expr.ID
	for _, e := range c.sources {
		slot := int32(-1)
		if e != expr.None {
			slot = int32(len(terms))
			terms = append(terms, e)
		}
		c.prog.ObservedSlot = append(c.prog.ObservedSlot, slot)
	}
	c.prog.ObservedCount = len(terms)
	c.prog.Observed = c.values("Observed", terms, nil)
}
