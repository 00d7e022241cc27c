package structural

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/structural/graph"
)

// The initialization plan. Its unknowns are all states and unknowns of the
// simulation, the free parameters and the discrete variables with their previous
// values; its equations, by rank,
//
//	those of the simulation, the invariants and the initial equations, all of them;
//	start values that the model fixes;
//	start values that it does not fix, taken as fixed as far as unknowns are left.
//
// Equations enter a maximum matching one by one in this order (the greedy algorithm
// of the transversal matroid), so that an equation of lower rank is refused only
// where it is structurally dependent on those before it. Entries that vanish at the
// start values (in x*vx + y*vy = 0 the coefficient of vy where y starts at 0) are
// avoided as long as there is another way.
type initial struct {
	w    *work
	eqs  []equation
	vars []int32 // of columns
	col  []int32 // by variable
	full *graph.Bipartite
	firm *graph.Bipartite // without entries that vanish at the start
	aug  *graph.Augmenter // over firm
	at   map[expr.ID]float64

	checks []int32 // equations that must hold although none determines an unknown
	starts []startRow
}

// StartNotes are the notes of the plan that are about initial conditions.
func (pl *Plan) StartNotes() diag.List {
	var list diag.List
	for i := range pl.Notes {
		if c := pl.Notes[i].Code; c == "W301" || c == "W302" {
			list = append(list, pl.Notes[i])
		}
	}
	return list
}

// startRow is an equation for a start value.
type startRow struct {
	row, v int32
	soft   bool // assumed
}

func (w *work) initialize(a *assembled, sim *graph.Matching) {
	z := &initial{w: w, at: map[expr.ID]float64{}}
	z.columns(a)
	n := len(z.vars)
	z.full, z.firm = graph.New(n), graph.New(n)
	m := graph.NewMatching(0, n)
	// The simulation's matching is the beginning: it leaves the states free.
	for i := range a.eqs {
		r := z.add(a.eqs[i], false)
		m.Col = append(m.Col, graph.None)
		c := z.col[a.unknowns[sim.Col[i]]]
		m.Pair(r, c)
	}
	z.aug = graph.NewAugmenter(z.firm, m)
	full := func() *graph.Augmenter { return graph.NewAugmenter(z.full, m) }
	// settle matches what firm entries cannot by all entries, and reports what has no
	// place at all.
	settle := func(weak []int32) bool {
		if len(weak) == 0 {
			return true
		}
		f := full()
		for _, r := range weak {
			if !f.Augment(r) {
				z.refuse(f, r)
			}
		}
		if w.failed() {
			return false
		}
		z.aug = graph.NewAugmenter(z.firm, m)
		return true
	}
	// Mandatory equations, firm entries first.
	var must, weak []int32
	for i := range a.invariants {
		must = append(must, z.add(a.invariants[i], true))
	}
	for i := range w.init {
		must = append(must, z.add(w.init[i], true))
	}
	for _, q := range z.discreteEquations() {
		must = append(must, z.add(q, false))
	}
	for _, r := range must {
		if !z.aug.Augment(r) {
			weak = append(weak, r)
		}
	}
	if !settle(weak) {
		return
	}
	// Fixed start values. That of an unknown of discrete type is about its previous
	// value (Modelica 3.6, section 8.6).
	weak = weak[:0]
	for _, v := range z.vars {
		if x := &w.vars[v]; x.fixed && x.typ == model.RealType {
			r := z.add(z.startEquation(v), false)
			z.starts = append(z.starts, startRow{r, v, false})
			if !z.aug.Augment(r) {
				weak = append(weak, r)
			}
		}
	}
	if !settle(weak) {
		return
	}
	z.assume(m, a, full)
	if m.N != n {
		panic("mtkc: bug: the initial system is not square")
	}
	z.solve(m)
}

// columns lists the unknowns of the initial system.
func (z *initial) columns(a *assembled) {
	w := z.w
	// Discrete variables and free parameters take part as variables from here on.
	for k := range w.hyb.discrete {
		d := &w.hyb.discrete[k]
		typ := model.RealType
		if d.sys >= 0 {
			typ = w.sys.Vars[d.sys].Type
		} else {
			typ = model.BooleanType
		}
		d.curVar = w.pseudo(d.cur, typ, expr.None)
		d.preVar = w.pseudo(d.pre, typ, d.start)
	}
	var free []int32
	for k := range w.plan.Params {
		if q := &w.plan.Params[k]; q.Value == expr.None {
			start := expr.None
			if s, ok := w.hyb.freeStart[int32(k)]; ok {
				start = s
			}
			typ := model.RealType
			if q.Var >= 0 {
				typ = w.sys.Vars[q.Var].Type
			}
			v := w.pseudo(q.Atom, typ, start)
			w.vars[v].sys = int32(q.Var)
			if b, ok := w.hyb.freeBinding[int32(k)]; ok {
				w.vars[v].known = b
			}
			free = append(free, v)
		}
	}
	// Terms constant in time that depend on a free parameter are unknowns as well.
	if len(free) > 0 {
		for _, k := range w.known {
			if r, _ := w.roleOf(k.Target); r == roleKnown && !w.constant(k.Value) {
				z.w.vars[w.pseudo(k.Target, model.RealType, expr.None)].known = k.Value
			}
		}
	}
	z.col = make([]int32, len(w.vars))
	for v := range z.col {
		z.col[v] = none
	}
	add := func(v int32) {
		z.col[v] = int32(len(z.vars))
		z.vars = append(z.vars, v)
	}
	for _, v := range a.states {
		add(v)
	}
	for _, v := range a.unknowns {
		add(v)
	}
	for _, v := range free {
		add(v)
	}
	for v := range int32(len(w.vars)) {
		if w.vars[v].known != expr.None && w.vars[v].pseudo && z.col[v] == none {
			add(v)
		}
	}
	for k := range w.hyb.discrete {
		add(w.hyb.discrete[k].curVar)
		add(w.hyb.discrete[k].preVar)
	}
	for _, v := range z.vars {
		x := 0.0
		if s := w.vars[v].start; s != expr.None {
			x = w.number(s)
		}
		z.at[w.vars[v].atom] = x
	}
}

// pseudo makes an atom of another role a variable of the initial system.
func (w *work) pseudo(a expr.ID, typ model.ScalarType, start expr.ID) int32 {
	v := int32(len(w.vars))
	w.vars = append(w.vars, variable{atom: a, sys: none, typ: typ, der: none, integ: none, start: start, known: expr.None, pseudo: true})
	w.setRole(a, roleVar, v)
	return v
}

// add appends an equation to both graphs.
func (z *initial) add(q equation, weigh bool) int32 {
	w := z.w
	r := int32(len(z.eqs))
	w.normalise(&q)
	z.eqs = append(z.eqs, q)
	var all, firm []int32
	w.atoms(q.res, func(a expr.ID) {
		ro, v := w.roleOf(a)
		if ro != roleVar || int(v) >= len(z.col) || z.col[v] == none || !w.solvable(&q, v) {
			return
		}
		all = append(all, z.col[v])
	})
	firm = all
	if weigh && q.lhs == expr.None && len(all) > 1 {
		firm = nil
		for _, c := range all {
			g := w.pool.Diff(q.res, w.vars[z.vars[c]].atom, nil)
			if x := z.number(g); x != 0 {
				firm = append(firm, c)
			}
		}
	}
	z.full.AddRow(all...)
	z.firm.AddRow(firm...)
	return r
}

// number evaluates a term at the start values and default parameters; relations that
// are memory count as false.
func (z *initial) number(e expr.ID) float64 {
	w := z.w
	return w.pool.Eval(e, func(a expr.ID) (float64, bool) {
		if x, ok := z.at[a]; ok {
			return x, true
		}
		switch r, i := w.roleOf(a); r {
		case roleParam, roleKnown:
			return w.number(a), true
		case roleRelation:
			switch q := &w.rels[i]; q.kind {
			case Comparison:
				return 0, true
			case Kink:
				return 0.5, true
			default:
				return z.number(w.literal(q.kind, q.term)), true
			}
		case roleSample, roleWhen:
			return 0, true
		case roleLambda:
			return 1, true
		}
		if a == expr.Time {
			return w.sys.Experiment.Start, true
		}
		return 0, false
	})
}

// startEquation is x = start(x).
func (z *initial) startEquation(v int32) equation {
	w := z.w
	x := w.vars[v].atom
	s := w.startOf(v)
	q := equation{lhs: expr.None, rhs: expr.None, src: -1, res: w.pool.Sub(x, s)}
	if w.vars[v].typ != model.RealType {
		q.lhs, q.rhs = x, s
	}
	return q
}

// discreteEquations hold for discrete variables at the start: the present value is
// the previous one, unless a when-clause acts at initialization, and a memory has the
// value of what it remembers.
func (z *initial) discreteEquations() []equation {
	w := z.w
	var out []equation
	equate := func(typ model.ScalarType, l, r expr.ID) {
		q := equation{lhs: expr.None, rhs: expr.None, src: -1, res: w.pool.Sub(l, r)}
		if typ != model.RealType {
			q.lhs, q.rhs = l, r
		}
		out = append(out, q)
	}
	for k := range w.hyb.discrete {
		d := &w.hyb.discrete[k]
		typ := w.vars[d.curVar].typ
		switch {
		case d.shadow != none:
			equate(typ, d.cur, w.elim.replace(expr.ID(d.shadow)))
		case d.initial != expr.None:
			equate(typ, d.cur, d.initial)
		default:
			equate(typ, d.cur, d.pre)
		}
	}
	for v := range int32(len(w.vars)) {
		if x := &w.vars[v]; x.pseudo && x.known != expr.None {
			equate(x.typ, x.atom, x.known)
		}
	}
	out = append(out, w.hyb.initialReinit...)
	return out
}

// describe names an equation of the initial system.
func (z *initial) describe(q *equation) (diag.Pos, string) {
	w := z.w
	if _, ok := w.source(q); ok {
		res := Residual{text: w.equationText(q), From: q.from}
		return w.pos(q), w.plan.Describe(&res)
	}
	text := ""
	pos := diag.Pos{}
	w.atoms(q.res, func(a expr.ID) {
		if r, v := w.roleOf(a); r == roleVar && text == "" {
			text = "start value of " + w.name(v)
			pos = w.varPos(v)
		}
	})
	return pos, text
}

// refuse handles an equation that depends structurally on others. Where all of them
// hold at the start values, it is dropped with a warning; where start values are given
// for all that they mention and contradict them, that is an error; else it is kept as
// a check at run time, once all unknowns have their values.
func (z *initial) refuse(f *graph.Augmenter, r int32) {
	w := z.w
	rows := f.Reach(r)
	saved := z.at
	z.at = maps.Clone(z.at)
	defer func() { z.at = saved }()
	solved := z.propagate(rows[1:])
	consistent, given := true, true
	for _, i := range rows {
		q := &z.eqs[i]
		if x := z.number(q.res); !(math.Abs(x) <= looseStart*(1e-3+z.magnitude(q.res))) {
			consistent = false
		}
		w.atoms(q.res, func(a expr.ID) {
			if ro, v := w.roleOf(a); ro == roleVar && int(v) < len(z.col) && z.col[v] != none {
				given = given && (solved[v] || w.vars[v].start != expr.None && !w.vars[v].assumed)
			}
		})
	}
	pos, text := z.describe(&z.eqs[r])
	switch {
	case consistent:
		w.note(pos, "W302", "", "%s follows from other initial conditions and is not used", text)
		return
	case !given:
		w.note(pos, "W302", "", "%s follows from other initial conditions; it is checked when they are solved", text)
		z.checks = append(z.checks, r)
		return
	}
	code, next := z.superfluous(rows)
	d := w.list.Add(pos, code, next, "too many initial conditions: %s is not independent of the others and contradicts them", text)
	for k, i := range rows[1:] {
		if k == maxNamed {
			break
		}
		p, t := z.describe(&z.eqs[i])
		d.Notes = append(d.Notes, diag.Note{Pos: p, Text: t})
	}
}

// superfluous is the code for an over-determined set of rows of the initial system (the
// over-determined part of Dulmage and Mendelsohn that one row brings about), and what to
// do: one of its conditions is too many, and only those that are conditions for the start
// can go.
func (z *initial) superfluous(rows []int32) (code, next string) {
	w := z.w
	code = "E601"
	if _, ok := w.source(&z.eqs[rows[0]]); ok {
		code = "E602"
	}
	var starts, initials []string
	for _, i := range rows {
		q := &z.eqs[i]
		if _, ok := w.source(q); !ok {
			if len(q.starts(w)) == 1 {
				starts = append(starts, q.starts(w)[0])
			}
		} else if q.src <= -2 {
			initials = append(initials, w.describe(q))
		}
	}
	var ways []string
	if len(starts) > 0 {
		ways = append(ways, "make the start value of "+either(starts)+" a guess")
	}
	if len(initials) > 0 {
		ways = append(ways, "remove the initial equation "+either(initials))
	}
	if len(ways) == 0 {
		return code, "remove one of the initial conditions"
	}
	return code, "one condition is too many: " + strings.Join(ways, ", or ")
}

// starts is the name of the unknown that a start value belongs to.
func (q *equation) starts(w *work) []string {
	var names []string
	w.atoms(q.res, func(a expr.ID) {
		if r, v := w.roleOf(a); r == roleVar {
			names = append(names, w.name(v))
		}
	})
	return names
}

// either joins names with "or", the first few of them.
func either(names []string) string {
	const most = 5
	switch n := len(names); {
	case n == 1:
		return names[0]
	case n > most:
		return strings.Join(names[:most], ", ") + " or one of the others"
	default:
		return strings.Join(names[:n-1], ", ") + " or " + names[n-1]
	}
}

// propagate solves the equations of the rows one after the other as long as one has a
// single unknown left in which it is affine, and puts the values into z.at.
func (z *initial) propagate(rows []int32) map[int32]bool {
	w := z.w
	solved := map[int32]bool{}
	for range rows {
		progress := false
		for _, i := range rows {
			q := &z.eqs[i]
			open, count := none, 0
			w.atoms(q.res, func(a expr.ID) {
				if ro, v := w.roleOf(a); ro == roleVar && !solved[v] {
					open = v
					count++
				}
			})
			if count != 1 {
				continue
			}
			a := w.vars[open].atom
			k, rest, ok := w.affineIn(q.res, a)
			if !ok {
				continue
			}
			if x := -z.number(rest) / z.number(k); !math.IsNaN(x) && !math.IsInf(x, 0) {
				z.at[a] = x
				solved[open] = true
				progress = true
			}
		}
		if !progress || len(rows) > maxSmallRow {
			break
		}
	}
	return solved
}

// looseStart is the relative size up to which a redundant start value counts as
// consistent with the equations, so that values written with six digits do.
const looseStart = 1e-5

func (z *initial) magnitude(e expr.ID) float64 {
	m := 0.0
	if z.w.pool.Op(e) == expr.OpAdd {
		a := z.w.pool.Args(e)
		m = math.Abs(z.number(a[0]))
		for i := 1; i < len(a); i += 2 {
			m = max(m, math.Abs(z.number(a[i])*z.number(a[i+1])))
		}
	}
	return m
}

// assume takes start values as fixed until every unknown has an equation.
func (z *initial) assume(m *graph.Matching, a *assembled, full func() *graph.Augmenter) {
	w := z.w
	n := len(z.vars)
	tried := make([]bool, n)
	var taken, zero []int32 // guesses taken as fixed, and starts at 0 for want of one
	try := func(f *graph.Augmenter, v int32, tell bool) {
		c := z.col[v]
		if m.N == n || tried[c] || w.vars[v].fixed && w.vars[v].typ == model.RealType {
			return
		}
		given := w.vars[v].start != expr.None && !w.vars[v].assumed
		q := z.startEquation(v)
		r := z.add(q, false)
		if !f.Augment(r) {
			return
		}
		tried[c] = true
		z.starts = append(z.starts, startRow{r, v, true})
		switch {
		case !tell:
		case given:
			taken = append(taken, v)
		default:
			zero = append(zero, v)
		}
	}
	states := map[int32]bool{}
	for _, v := range a.states {
		states[v] = true
	}
	sweep := func(f *graph.Augmenter) {
		for k := range w.hyb.discrete {
			try(f, w.hyb.discrete[k].preVar, false)
		}
		for _, given := range []bool{true, false} {
			for _, v := range a.states {
				if !w.vars[v].assumed == given {
					try(f, v, true)
				}
			}
		}
		for _, v := range z.vars {
			if w.vars[v].start != expr.None && !w.vars[v].assumed && !states[v] {
				try(f, v, true)
			}
		}
	}
	sweep(z.aug)
	if m.N < n {
		sweep(full())
	}
	if m.N < n {
		f := full()
		for c := range int32(n) {
			if m.Row[c] == graph.None {
				try(f, z.vars[c], true)
			}
		}
	}
	z.tellAssumed(taken, "", "the start value of %s is taken as fixed", "the start values of %s are taken as fixed")
	z.tellAssumed(zero, z.missing(zero, m), "%s has no start value and is taken to start at 0", "%s have no start values and are taken to start at 0")
}

// missing says how the conditions that are left open can be stated: with start values
// of these unknowns, or, where there is a choice, of others in the same under-determined
// part (what alternating paths from the unknowns reach: Dulmage and Mendelsohn).
func (z *initial) missing(vars []int32, m *graph.Matching) string {
	w := z.w
	const most = 4
	if len(vars) == 0 || len(vars) > maxNamed {
		return "give start values"
	}
	back := z.full.Transpose()
	own := map[int32]bool{}
	for _, v := range vars {
		own[v] = true
	}
	var others []string
	seen := map[int32]bool{}
	var queue []int32
	for _, v := range vars {
		seen[z.col[v]] = true
		queue = append(queue, z.col[v])
	}
	for k := 0; k < len(queue) && len(others) < most && k < maxReach; k++ {
		for _, r := range back.Row(queue[k]) {
			if int(r) >= len(m.Col) || m.Col[r] == graph.None || seen[m.Col[r]] {
				continue
			}
			c := m.Col[r]
			seen[c] = true
			queue = append(queue, c)
			v := z.vars[c]
			if x := &w.vars[v]; !own[v] && len(others) < most && x.typ == model.RealType && !x.pseudo && !x.fixed {
				others = append(others, w.name(v))
			}
		}
	}
	next := "give a start value"
	if len(vars) > 1 {
		next = fmt.Sprintf("%d conditions are missing at the start: give start values", len(vars))
	}
	if len(others) > 0 {
		next += ", or state an initial equation, which may also be one for " + either(others)
	}
	return next
}

// maxReach bounds the search for alternatives.
const maxReach = 1000

// tellAssumed notes what assume did, each variable by itself as long as they are few.
func (z *initial) tellAssumed(vars []int32, next, one, many string) {
	w := z.w
	if len(vars) <= maxNamed {
		for _, v := range vars {
			w.note(w.varPos(v), "W301", next, one, w.name(v))
		}
		return
	}
	var b strings.Builder
	for k, v := range vars[:maxNamed] {
		if k > 0 {
			b.WriteString(", ")
		}
		b.WriteString(w.name(v))
	}
	fmt.Fprintf(&b, " and %d more", len(vars)-maxNamed)
	w.note(w.varPos(vars[0]), "W301", next, many, b.String())
}

// solve orders the matched initial system into blocks.
func (z *initial) solve(m *graph.Matching) {
	w, pl := z.w, z.w.plan
	// Unmatched equations have been dropped.
	var eqs []equation
	mixed := false
	for r := range z.eqs {
		if r < len(m.Col) && m.Col[r] != graph.None {
			q := z.eqs[r]
			if w.lambda != expr.None {
				var ok bool
				q.res, ok = w.mix(&q)
				mixed = mixed || ok
			}
			eqs = append(eqs, q)
		}
	}
	mm := graph.NewMatching(0, len(z.vars))
	for r := range z.eqs {
		if r < len(m.Col) && m.Col[r] != graph.None {
			mm.Col = append(mm.Col, graph.None)
			mm.Pair(int32(len(mm.Col)-1), m.Col[r])
		}
	}
	_, depend := w.graphs(eqs, z.col, len(z.vars))
	comps := graph.Components(depend, mm)
	var listed marks
	listed.reset()
	list := func(a expr.ID, start expr.ID) {
		if listed.add(a) {
			pl.Init.W = append(pl.Init.W, InitVar{Atom: a, Name: w.pool.Name(a), Start: start})
		}
	}
	for _, v := range z.vars {
		list(w.vars[v].atom, w.vars[v].start)
	}
	pl.Init.Lambda = expr.None
	if mixed {
		pl.Init.Lambda = w.lambda
		list(w.lambda, expr.None)
	}
	for _, s := range z.starts {
		x := &w.vars[s.v]
		if x.typ == model.RealType && int(s.row) < len(m.Col) && m.Col[s.row] != graph.None {
			pl.Init.Fixed = append(pl.Init.Fixed, FixedStart{Atom: x.atom, Start: x.start, Soft: s.soft, Given: !x.assumed})
		}
	}
	var open []Assign // assignments that have not been put into a block
	flush := func() {
		if len(open) > 0 {
			pl.Init.Blocks = append(pl.Init.Blocks, InitBlock{Assigns: open})
			open = nil
		}
	}
	emit := func(x Assign) {
		list(x.Target, expr.None)
		open = append(open, x)
	}
	for _, k := range w.known {
		if r, _ := w.roleOf(k.Target); r == roleKnown {
			emit(k)
		}
	}
	b := &solver{
		w: w, eqs: eqs, vars: z.vars, col: z.col, safe: pivotMaybe, tag: "i",
		emit: emit,
		iterate: func(k algebraic) {
			flush()
			blk := InitBlock{Assigns: k.inner, Linear: k.linear}
			for _, v := range k.unknowns {
				blk.Unknowns = append(blk.Unknowns, w.vars[v].atom)
			}
			for _, q := range k.residuals {
				blk.Residuals = append(blk.Residuals, z.residual(q))
			}
			z.annotate(&blk)
			pl.Init.Blocks = append(pl.Init.Blocks, blk)
		},
	}
	b.run(comps, mm, depend)
	flush()
	if len(z.checks) > 0 {
		blk := InitBlock{}
		for _, r := range z.checks {
			blk.Residuals = append(blk.Residuals, z.residual(&z.eqs[r]))
		}
		pl.Init.Blocks = append(pl.Init.Blocks, blk)
	}
	if len(pl.Init.Fixed) > 0 {
		w.reads()
	}
}

// reads notes for each block the earlier ones that it depends on, and for each start
// value the block that it is in.
func (w *work) reads() {
	in := &w.plan.Init
	writer := make([]int32, w.pool.Len())
	for b := range in.Blocks {
		blk := &in.Blocks[b]
		for _, u := range blk.Unknowns {
			writer[u] = int32(b) + 1
		}
		for i := range blk.Assigns {
			writer[blk.Assigns[i].Target] = int32(b) + 1
		}
	}
	stamp := make([]int, len(in.Blocks)+1)
	for b := range in.Blocks {
		blk := &in.Blocks[b]
		w.mark.reset()
		visit := func(a expr.ID) {
			if from := writer[a]; from > 0 && int(from) <= b && stamp[from] != b+1 {
				stamp[from] = b + 1
				blk.Reads = append(blk.Reads, from-1)
			}
		}
		for i := range blk.Assigns {
			w.walkAtoms(blk.Assigns[i].Value, visit)
		}
		for i := range blk.Residuals {
			w.walkAtoms(blk.Residuals[i].Value, visit)
		}
		slices.Sort(blk.Reads)
	}
	for i := range in.Fixed {
		in.Fixed[i].Block = writer[in.Fixed[i].Atom] - 1
	}
}

// annotate notes what helps to solve a block.
func (z *initial) annotate(blk *InitBlock) {
	w := z.w
	var exponents []expr.ID
	exponents, blk.Assigns, blk.Residuals = w.lift(blk.Unknowns, blk.Assigns, blk.Residuals, z.number)
	blk.Unknowns = append(blk.Unknowns, exponents...)
	blk.Lift = len(exponents)
	for _, s := range exponents {
		w.plan.Init.W = append(w.plan.Init.W, InitVar{Atom: s, Name: w.pool.Name(s), Start: expr.None})
	}
	if w.plan.Init.Lambda == expr.None {
		return
	}
	for i := range blk.Assigns {
		blk.Homotopy = blk.Homotopy || w.contains(blk.Assigns[i].Value, w.lambda)
	}
	for i := range blk.Residuals {
		blk.Homotopy = blk.Homotopy || w.contains(blk.Residuals[i].Value, w.lambda)
	}
}

// typical is the nominal value of a variable of the model, else 1.
func (w *work) typical(a expr.ID) float64 {
	if r, v := w.roleOf(a); r == roleVar && w.vars[v].sys >= 0 {
		if n := w.sys.Vars[w.vars[v].sys].Nominal; n != expr.None {
			if x := math.Abs(w.number(w.substitute(n, w.hyb.constants))); x > 0 {
				return x
			}
		}
	}
	return 1
}

// residual is an equation of the initial system with its text.
func (z *initial) residual(q *equation) Residual {
	res := z.w.residual(q)
	if _, ok := z.w.source(q); !ok {
		p, t := z.describe(q)
		res.text = t
		if s := p.String(); s != "" {
			res.text = s + ": " + t
		}
	}
	return res
}
