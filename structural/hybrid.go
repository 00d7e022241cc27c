package structural

import (
	"fmt"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// branch is a translated branch of a when-clause.
type branch struct {
	conds   []expr.ID // without initial()
	initial bool      // initial() is among the conditions
	actions []action
	pos     diag.Pos
	fire    expr.ID // the branch is executed in this evaluation
}

// action is a translated statement.
type action struct {
	kind    model.ActionKind
	target  int32 // index into hybrid.discrete, or a variable (reinit)
	value   expr.ID
	cond    expr.ID // of an assertion
	guard   expr.ID // a further condition, or True
	message string
	warn    bool
	pos     diag.Pos
}

// translateHybrid puts when-clauses and assertions into working form.
func (w *work) translateHybrid() {
	s := w.sys
	owner := map[int32]int{} // discrete variable -> when-clause that sets it
	for k := range s.Whens {
		var out []branch
		initially := false // a branch that acts at the start was seen
		for j := range s.Whens[k].Branches {
			b := &s.Whens[k].Branches[j]
			x := branch{pos: b.Pos}
			if x.pos.IsZero() {
				x.pos = s.Whens[k].Pos
			}
			w.hyb.pos = x.pos
			for _, c := range b.Conds {
				for _, c := range w.alternatives(c) {
					if w.pool.Op(c) == expr.OpInitial {
						x.initial = true
						continue
					}
					x.conds = append(x.conds, w.in(inCondition, c))
				}
			}
			for i := range b.Actions {
				if a, ok := w.translateAction(&b.Actions[i], x.pos); ok {
					x.actions = append(x.actions, a)
					if a.kind == model.SetAction {
						if was, seen := owner[a.target]; seen && was != k {
							d := w.list.Add(a.pos, "E306", "set it in one when-clause with further branches: ElseWhen, or elsewhen in Base Modelica", "%s is set in two when-clauses", w.pool.Name(w.hyb.discrete[a.target].cur))
							d.Notes = append(d.Notes, diag.Note{Pos: s.Whens[was].Pos, Text: "the other one"})
						}
						owner[a.target] = k
					}
				}
			}
			if x.initial && !initially {
				initially = true
				w.assertInitially(&x)
			}
			out = append(out, x)
		}
		w.hyb.clauses = append(w.hyb.clauses, out)
	}
	for i := range s.Asserts {
		a := &s.Asserts[i]
		w.hyb.pos = a.Pos
		w.hyb.asserts = append(w.hyb.asserts, action{
			kind: model.AssertAction, cond: w.in(inNoEvent, a.Cond), guard: expr.True,
			message: a.Message, warn: a.Warn, pos: a.Pos,
		})
	}
}

// assertInitially makes assertions and terminations of a branch that acts at the start
// assertions that hold while initial() is true.
func (w *work) assertInitially(b *branch) {
	for _, a := range b.actions {
		if a.kind == model.AssertAction || a.kind == model.TerminateAction {
			a.guard = w.pool.Fn(expr.OpAnd, w.pool.Fn(expr.OpNot, w.started()), a.guard)
			w.hyb.asserts = append(w.hyb.asserts, a)
		}
	}
}

// alternatives splits c1 or initial() or c2, so that initial() stands alone.
func (w *work) alternatives(c expr.ID) []expr.ID {
	p := w.pool
	if p.Op(c) == expr.OpOr {
		a := p.Args(c)
		l, r := a[0], a[1]
		if p.Op(l) == expr.OpInitial || p.Op(r) == expr.OpInitial || p.Op(l) == expr.OpOr || p.Op(r) == expr.OpOr {
			la, ra := w.alternatives(l), w.alternatives(r)
			for _, x := range append(append([]expr.ID(nil), la...), ra...) {
				if p.Op(x) == expr.OpInitial {
					return append(la, ra...)
				}
			}
		}
	}
	return []expr.ID{c}
}

// in translates a term in a context.
func (w *work) in(ctx context, e expr.ID) expr.ID {
	w.memo.reset()
	return w.translate(e, ctx)
}

func (w *work) translateAction(a *model.Action, where diag.Pos) (action, bool) {
	x := action{kind: a.Kind, guard: expr.True, message: a.Message, warn: a.Warn, pos: a.Pos}
	if x.pos.IsZero() {
		x.pos = where
	}
	w.hyb.pos = x.pos
	if a.If != expr.None {
		x.guard = w.in(inAction, a.If)
	}
	switch a.Kind {
	case model.SetAction:
		r, i := w.roleOf(a.Target)
		if r != roleDiscrete {
			w.list.Add(x.pos, "E307", "declare it a discrete variable", "%s cannot be set by a when-clause", w.pool.String(a.Target))
			return x, false
		}
		x.target = i
		x.value = w.in(inAction, a.Value)
	case model.ReinitAction:
		t := w.in(inAction, a.Target)
		r, i := w.roleOf(t)
		if r != roleVar || w.vars[i].typ != model.RealType {
			w.list.Add(x.pos, "E307", "reinit a variable whose derivative the model uses", "%s is not a continuous variable and cannot be reinitialised", w.pool.String(a.Target))
			return x, false
		}
		x.target = i
		x.value = w.in(inAction, a.Value)
	case model.AssertAction:
		x.cond = w.in(inAction, a.Cond)
	}
	return x, true
}

// finishHybrid substitutes the result of the elimination into the discrete part and
// decides which relations make events of which kind.
func (w *work) finishHybrid() {
	e := w.elim
	// A relation of known terms alone is evaluated as it stands, also within others.
	for i := range w.rels {
		if _, ok := w.hyb.renamed[w.rels[i].atom]; ok {
			continue
		}
		w.rels[i].term = w.substitute(w.rels[i].term, w.hyb.renamed)
		if w.quiet(w.rels[i].term) {
			w.hyb.renamed[w.rels[i].atom] = w.literal(w.rels[i].kind, w.rels[i].term)
		}
	}
	if len(w.hyb.renamed) > 0 {
		for i := range w.eqs {
			w.quieten(&w.eqs[i])
		}
		for i := range w.init {
			w.quieten(&w.init[i])
		}
	}
	fix := func(t *expr.ID) { *t = w.substitute(e.replace(*t), w.hyb.renamed) }
	for i := range w.hyb.samples {
		fix(&w.hyb.samples[i].Start)
		fix(&w.hyb.samples[i].Interval)
	}
	for _, c := range w.hyb.clauses {
		for j := range c {
			b := &c[j]
			for i := range b.conds {
				fix(&b.conds[i])
			}
			for i := range b.actions {
				w.finishAction(&b.actions[i], fix)
			}
		}
	}
	for i := range w.hyb.asserts {
		w.finishAction(&w.hyb.asserts[i], fix)
	}
}

func (w *work) finishAction(a *action, fix func(*expr.ID)) {
	fix(&a.guard)
	switch a.kind {
	case model.SetAction:
		fix(&a.value)
	case model.ReinitAction:
		fix(&a.value)
		t := w.elim.replacement(a.target)
		_, i := w.roleOf(t)
		if w.pool.Op(t) != expr.OpSym {
			a.value = w.pool.Neg(a.value)
			_, i = w.roleOf(w.pool.Neg(t))
		}
		a.target = i
	case model.AssertAction:
		fix(&a.cond)
	}
}

func (w *work) quieten(q *equation) {
	q.res = w.substitute(q.res, w.hyb.renamed)
	if q.lhs != expr.None {
		q.lhs, q.rhs = w.substitute(q.lhs, w.hyb.renamed), w.substitute(q.rhs, w.hyb.renamed)
	}
}

// quiet reports whether a relation can change only together with discrete variables, so
// that it needs no event of its own.
func (w *work) quiet(e expr.ID) bool {
	ok := true
	w.atoms(e, func(a expr.ID) {
		switch r, v := w.roleOf(a); {
		case a == expr.Time, r == roleNone:
			ok = false
		case r == roleVar && w.vars[v].typ == model.RealType:
			ok = false
		}
	})
	return ok
}

// timeEvent solves a relation that depends on time and known terms only for the
// instant at which it changes. The coefficient of time must be a number, because the
// direction of the change is settled here.
func (w *work) timeEvent(g expr.ID) (at expr.ID, rising, ok bool) {
	usable := true
	w.atoms(g, func(a expr.ID) { usable = usable && w.atEvents(a) })
	if !usable {
		return expr.None, false, false
	}
	k, rest, affine := w.affineIn(g, expr.Time)
	if !affine {
		return expr.None, false, false
	}
	v, isNum := w.pool.Value(k)
	if !isNum || v.Sign() == 0 {
		return expr.None, false, false
	}
	return w.pool.Scale(v.Inv().Neg(), w.inlineKnown(rest)), v.Sign() > 0, true
}

// counter reads the argument of floor as a*time + b with terms that change at events
// only.
func (w *work) counter(g expr.ID) (a, b expr.ID, ok bool) {
	ok = true
	w.atoms(g, func(a expr.ID) { ok = ok && w.atEvents(a) })
	if !ok {
		return expr.None, expr.None, false
	}
	if a, b, ok = w.affineIn(g, expr.Time); !ok || a == expr.Zero {
		return expr.None, expr.None, false
	}
	return w.inlineKnown(a), w.inlineKnown(b), true
}

// relations lists the memories of relations by the way in which their changes are found.
func (w *work) relations() {
	p, h := w.pool, &w.plan.Hybrid
	var open []int32
	for i := range w.rels {
		if _, gone := w.hyb.renamed[w.rels[i].atom]; !gone {
			open = append(open, int32(i))
		}
	}
	// What changes at known instants, first by itself and then by way of unknowns and
	// relations that do: y = mod(time, 1), y < 0.1.
	for n := 0; len(open) > 0 && n < maxTimedRounds; n++ {
		if n > 0 {
			w.scheduled()
		}
		rest := open[:0]
		for _, i := range open {
			if !w.timed(&w.rels[i]) {
				rest = append(rest, i)
			}
		}
		if len(rest) == len(open) && n > 0 {
			break
		}
		open = rest
	}
	for _, i := range open {
		r := &w.rels[i]
		x := Relation{Atom: r.atom, Kind: r.kind, Text: w.relationText(r)}
		switch op := p.Op(r.term); {
		case r.kind >= SignOf:
			x.G = r.term
		case op == expr.OpLt || op == expr.OpLe:
			a := p.Args(r.term)
			x.G, x.Strict = p.Sub(a[1], a[0]), op == expr.OpLt
		default:
			// It became constant by substitution: the atom keeps a fixed indicator.
			x.G, x.Strict = p.Sub(p.If(r.term, expr.One, expr.MinusOne), expr.Zero), true
		}
		h.Relations = append(h.Relations, x)
	}
}

// maxTimedRounds bounds how often instants are looked for by way of other instants.
const maxTimedRounds = 5

// timed lists a relation that changes at instants known beforehand.
func (w *work) timed(r *relation) bool {
	p, h := w.pool, &w.plan.Hybrid
	term := r.term
	if len(w.hyb.timeTerm) > 0 {
		term = w.substitute(term, w.hyb.timeTerm)
	}
	if r.kind == FloorOf || r.kind == TruncOf {
		k, b, ok := w.counter(term)
		if ok {
			h.Counters = append(h.Counters, Counter{Atom: r.atom, Rate: k, Offset: b, Trunc: r.kind == TruncOf})
			r.timed = true
		}
		return ok
	}
	g, strict := term, false
	if r.kind != SignOf {
		op := p.Op(term)
		if op != expr.OpLt && op != expr.OpLe {
			return false
		}
		a := p.Args(term)
		g, strict = p.Sub(a[1], a[0]), op == expr.OpLt
	}
	at, rising, ok := w.timeEvent(g)
	if ok {
		h.TimeRelations = append(h.TimeRelations, TimeRelation{Atom: r.atom, Kind: r.kind, At: at, Strict: strict, Falling: !rising, Text: w.relationText(r)})
		r.timed = true
	}
	return ok
}

// scheduled finds the unknowns that are terms in time and in what changes at known
// instants only.
func (w *work) scheduled() {
	if w.hyb.timeTerm == nil {
		w.hyb.timeTerm = map[expr.ID]expr.ID{}
	}
	for k := range w.plan.Seq {
		x := &w.plan.Seq[k]
		if _, ok := w.hyb.timeTerm[x.Target]; ok {
			continue
		}
		if r, _ := w.roleOf(x.Target); r != roleVar && r != roleAuxiliary {
			continue
		}
		ok := true
		w.atoms(x.Value, func(a expr.ID) {
			if _, timed := w.hyb.timeTerm[a]; ok && !timed {
				ok = w.atEvents(a)
			}
		})
		if ok {
			w.hyb.timeTerm[x.Target] = w.substitute(x.Value, w.hyb.timeTerm)
		}
	}
}

// atEvents reports whether an atom is time, or changes at events only and not because a
// crossing was found.
func (w *work) atEvents(a expr.ID) bool {
	switch r, i := w.roleOf(a); r {
	case roleParam, roleKnown, roleDiscrete:
		return true
	case roleRelation:
		return w.rels[i].timed
	}
	return a == expr.Time
}

// inlineKnown writes terms constant in time in terms of parameters.
func (w *work) inlineKnown(e expr.ID) expr.ID {
	found := false
	w.atoms(e, func(a expr.ID) {
		if r, _ := w.roleOf(a); r == roleKnown {
			found = true
		}
	})
	if !found {
		return e
	}
	if w.hyb.knownTerm == nil {
		w.hyb.knownTerm = map[expr.ID]expr.ID{}
		for _, k := range w.known {
			w.hyb.knownTerm[k.Target] = w.substitute(k.Value, w.hyb.knownTerm)
		}
	}
	return w.substitute(e, w.hyb.knownTerm)
}

// update builds Plan.Hybrid and the memory once Seq is known.
func (w *work) update() {
	h := &w.plan.Hybrid
	w.kinks()
	w.relations()
	for i := range w.hyb.samples {
		x := w.hyb.samples[i]
		x.Start, x.Interval = w.inlineKnown(x.Start), w.inlineKnown(x.Interval)
		h.Samples = append(h.Samples, x)
	}
	for k := range w.hyb.discrete {
		d := &w.hyb.discrete[k]
		v := d.sys
		if d.shadow != none {
			v = -1
		}
		h.Discrete = append(h.Discrete, Discrete{Var: v, Cur: d.cur, Pre: d.pre, Start: d.start, Left: d.left})
	}
	w.conditions()
	w.order()
	pl := w.plan
	for _, r := range h.Relations {
		pl.Memory = append(pl.Memory, r.Atom)
	}
	for _, r := range h.TimeRelations {
		pl.Memory = append(pl.Memory, r.Atom)
	}
	for _, r := range h.Samples {
		pl.Memory = append(pl.Memory, r.Atom)
	}
	for _, c := range h.Counters {
		pl.Memory = append(pl.Memory, c.Atom)
	}
	for _, d := range h.Discrete {
		pl.Memory = append(pl.Memory, d.Cur, d.Pre)
	}
	for _, x := range h.Whens {
		pl.Memory = append(pl.Memory, x.Atom)
	}
}

func (w *work) relationText(r *relation) string {
	t := r.term
	if r.kind != Kink {
		t = w.literal(r.kind, t)
	}
	return w.pool.Text(t, expr.TextOptions{Limit: 120})
}

// conditions gives every condition of a when-clause a memory and works out when each
// branch fires: one of its conditions is true and was not, and no branch before it
// fires.
func (w *work) conditions() {
	p, h := w.pool, &w.plan.Hybrid
	for _, clause := range w.hyb.clauses {
		before := expr.False
		initialBefore := false
		for j := range clause {
			b := &clause[j]
			edge := expr.False
			for _, c := range b.conds {
				a := w.fresh(fmt.Sprintf("$when%d", len(h.Whens)+1))
				w.setRole(a, roleWhen, int32(len(h.Whens)))
				h.Whens = append(h.Whens, When{Atom: a, Cond: c, Text: p.Text(c, expr.TextOptions{Limit: 120})})
				edge = p.Fn(expr.OpOr, edge, p.Fn(expr.OpAnd, c, p.Fn(expr.OpNot, a)))
			}
			b.fire = p.Fn(expr.OpAnd, edge, p.Fn(expr.OpNot, before))
			before = p.Fn(expr.OpOr, before, edge)
			if b.initial && !initialBefore {
				initialBefore = true
				w.actInitially(b)
			}
		}
	}
}

// actInitially makes the actions of a branch equations of the initial system.
func (w *work) actInitially(b *branch) {
	p := w.pool
	for _, a := range b.actions {
		switch a.kind {
		case model.SetAction:
			d := &w.hyb.discrete[a.target]
			d.initial = p.If(a.guard, a.value, d.pre)
		case model.ReinitAction:
			x := w.vars[a.target].atom
			w.hyb.initialReinit = append(w.hyb.initialReinit, equation{lhs: expr.None, rhs: expr.None, src: -1, res: p.Sub(x, a.value)})
		}
	}
}

// order writes Update: the conditions' needs, the discrete assignments and the
// targets between them in dependency order, then the states.
//
// Reads of a state's atom mean its value before the event, also after it has been
// assigned; so reinit(v, -e*pre(v)) is v := if fire then -e*v else v.
func (w *work) order() {
	p, h := w.pool, &w.plan.Hybrid
	// Values of discrete variables and states, by branches in order.
	assigned := map[int32]expr.ID{}
	states := map[int32]expr.ID{}
	var stateOrder []int32
	isState := map[expr.ID]bool{}
	for i := range w.plan.NDiff {
		isState[w.plan.States[i].Atom] = true
	}
	for _, clause := range w.hyb.clauses {
		for j := len(clause) - 1; j >= 0; j-- {
			b := &clause[j]
			for i := len(b.actions) - 1; i >= 0; i-- {
				a := &b.actions[i]
				fire := p.Fn(expr.OpAnd, b.fire, a.guard)
				switch a.kind {
				case model.SetAction:
					d := &w.hyb.discrete[a.target]
					was, ok := assigned[a.target]
					if !ok {
						was = d.pre
					}
					assigned[a.target] = p.If(fire, a.value, was)
				case model.ReinitAction:
					x := w.vars[a.target].atom
					if !isState[x] {
						w.list.Add(a.pos, "E307", "reinit one of the states of the model (mtkc inspect lists them), or make it one with state:\"always\"", "%s is not a state: it follows from other variables, so it cannot be reinitialised", p.Name(x))
						continue
					}
					was, ok := states[a.target]
					if !ok {
						was = x
						stateOrder = append(stateOrder, a.target)
					}
					states[a.target] = p.If(fire, a.value, was)
				}
			}
		}
	}
	if len(w.hyb.clauses) == 0 && len(w.hyb.discrete) == 0 {
		w.alwaysActions()
		return
	}
	// Producers: targets of Seq, discrete variables.
	seqOf := map[expr.ID]int32{}
	for k := range w.plan.Seq {
		seqOf[w.plan.Seq[k].Target] = int32(k)
	}
	valueOf := map[expr.ID]expr.ID{}
	for k := range w.hyb.discrete {
		d := &w.hyb.discrete[k]
		if d.shadow != none {
			valueOf[d.cur] = w.elim.replace(expr.ID(d.shadow))
		} else if v, ok := assigned[int32(k)]; ok {
			valueOf[d.cur] = v
		}
	}
	done := map[expr.ID]uint8{} // 1 open, 2 closed
	var visit func(t expr.ID)
	produce := func(a expr.ID) {
		v, isDiscrete := valueOf[a]
		k, isTarget := seqOf[a]
		if !isDiscrete && !isTarget {
			return
		}
		switch done[a] {
		case 2:
			return
		case 1:
			w.list.Add(w.loopPos(a), "E308", "use the previous value, Pre(...) or pre(...), of one of the variables in the loop", "the value of %s at an event depends on itself", p.Name(a))
			done[a] = 2
			return
		}
		done[a] = 1
		eq := -1
		if !isDiscrete {
			v, eq = w.plan.Seq[k].Value, w.plan.Seq[k].Eq
		}
		visit(v)
		if done[a] == 2 {
			return
		}
		done[a] = 2
		h.Update = append(h.Update, Assign{Target: a, Value: v, Eq: eq})
	}
	visit = func(t expr.ID) {
		var atoms []expr.ID
		w.atoms(t, func(a expr.ID) { atoms = append(atoms, a) })
		for _, a := range atoms {
			produce(a)
		}
	}
	for _, x := range h.Whens {
		visit(x.Cond)
	}
	for k := range w.hyb.discrete {
		produce(w.hyb.discrete[k].cur)
	}
	for _, v := range stateOrder {
		visit(states[v])
	}
	// Actions.
	for _, clause := range w.hyb.clauses {
		for j := range clause {
			b := &clause[j]
			for _, a := range b.actions {
				fire := p.Fn(expr.OpAnd, b.fire, a.guard)
				switch a.kind {
				case model.TerminateAction:
					visit(fire)
					h.Actions = append(h.Actions, Action{Cond: fire, Terminate: true, Message: a.message})
				case model.AssertAction:
					c := p.Fn(expr.OpAnd, fire, p.Fn(expr.OpNot, a.cond))
					visit(c)
					h.Actions = append(h.Actions, Action{Cond: c, Warn: a.warn, Message: a.message})
				}
			}
		}
	}
	w.alwaysActions()
	for _, v := range stateOrder {
		h.Update = append(h.Update, Assign{Target: w.vars[v].atom, Value: states[v], Eq: -1})
	}
}

// alwaysActions are the assertions outside when-clauses, and those at the start.
func (w *work) alwaysActions() {
	h, p := &w.plan.Hybrid, w.pool
	for _, a := range w.hyb.asserts {
		x := Action{Cond: a.guard, Always: true, Terminate: a.kind == model.TerminateAction, Warn: a.warn, Message: a.message}
		if !x.Terminate {
			x.Cond = p.Fn(expr.OpAnd, a.guard, p.Fn(expr.OpNot, a.cond))
		}
		h.Actions = append(h.Actions, x)
	}
}

// loopPos finds a position for an atom in a discrete loop.
func (w *work) loopPos(a expr.ID) diag.Pos {
	switch r, i := w.roleOf(a); r {
	case roleVar:
		return w.varPos(i)
	case roleDiscrete:
		if s := w.hyb.discrete[i].sys; s >= 0 {
			return w.sys.Vars[s].Pos
		}
	}
	return diag.Pos{}
}
