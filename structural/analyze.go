package structural

import (
	"maps"
	"slices"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/structural/graph"
)

// Options change the analysis. The zero value is the usual choice.
type Options struct {
	// KeepNonlinear leaves scalar equations that could be inverted (exp(x) = y) to the
	// integrator.
	KeepNonlinear bool

	// Values are the values, by name, that a run is going to give to parameters. The
	// structure is worked out for them in place of the defaults, which the plan keeps all
	// the same: a resistance that is set to 0 is a short circuit.
	Values map[string]float64

	// evaluate names parameters, by index into System.Vars, whose values are put in as
	// numbers, with the remarks that say so.
	evaluate map[int]diag.Diagnostic
}

// Analyze turns a flat system into a plan. The list holds errors, in which case the
// plan is nil, or warnings; those that are remarks on the plan are in Plan.Notes as
// well. sys is not changed, except that its pool grows.
func Analyze(sys *model.System, opt Options) (*Plan, diag.List) {
	w := &work{
		sys: sys, pool: sys.Pool, opt: opt,
		plan:  &Plan{Sys: sys, Pool: sys.Pool},
		relOf: map[relationKey]int32{}, blends: map[int32]blended{},
		hyb: hybrid{
			freeStart: map[int32]expr.ID{}, freeBinding: map[int32]expr.ID{},
			renamed:  map[expr.ID]expr.ID{},
			sampleOf: map[[2]expr.ID]int32{},
			shadow:   map[int32]int32{},
		},
	}
	w.mark.reset()
	w.memo.reset()
	w.elim = newElimination(w)
	w.torn = map[string]*graph.Torn{}
	w.bounds, w.ranges = spans{w: w}, spans{w: w, attributes: true}
	if !w.analyze() {
		if len(w.evaluate) > 0 && !w.failed() {
			return Analyze(sys, w.evaluated())
		}
		// What was done to the structure explains what is wrong with it.
		for _, n := range w.plan.Notes {
			if n.Code == "W306" || n.Code == "W307" {
				w.list = append(w.list, n)
			}
		}
		w.list.Sort()
		return nil, w.list
	}
	w.list = append(w.list, w.plan.Notes...)
	return w.plan, w.list
}

func (w *work) failed() bool { return w.list.Errors() > 0 }

func (w *work) analyze() bool {
	if len(w.sys.Equations) == 0 && len(w.sys.Whens) == 0 {
		n := 0
		for i := range w.sys.Vars {
			if k := w.sys.Vars[i].Kind; k == model.Unknown || k == model.DiscreteVar {
				n++
			}
		}
		if n == 0 {
			w.note(diag.Pos{}, "W304", "state equations with Eq(a, b)", "model %s is empty: it has no unknowns and no equations", w.sys.Name)
		}
	}
	w.prepare()
	for _, i := range slices.Sorted(maps.Keys(w.opt.evaluate)) {
		w.plan.Notes = append(w.plan.Notes, w.opt.evaluate[i])
		w.plan.Evaluated = append(w.plan.Evaluated, i)
	}
	if w.failed() {
		return false
	}
	w.translateHybrid()
	if w.failed() {
		return false
	}
	w.elim.run()
	w.elim.dropRedundant()
	w.elim.finish()
	w.finishHybrid()
	if w.failed() {
		return false
	}
	w.conserved()
	s := w.reduceIndex()
	if s == nil {
		return false
	}
	if !s.checkSmooth() {
		return false
	}
	w.plan.Offsets = s.offsets()
	sel := s.selectStates()
	a := s.assemble(sel)
	m := w.sequence(s, a)
	if w.failed() {
		return false
	}
	w.noises(a)
	if w.failed() {
		return false
	}
	w.update()
	if w.failed() {
		return false
	}
	w.initialize(a, m)
	if w.failed() {
		return false
	}
	w.guards()
	return true
}

// checkDifferentiable reports equations between discrete terms that index reduction
// wants to differentiate.
func (s *signature) checkDifferentiable() bool {
	w := s.w
	for i := range w.eqs {
		if s.c[i] > 0 && w.eqs[i].lhs != expr.None {
			w.list.Add(w.pos(&w.eqs[i]), "E311", "", "the constraints of the model ask for the derivative of an equation between discrete values: %s", w.equationText(&w.eqs[i]))
			return false
		}
	}
	return true
}

// sequence matches the assembled system, brings it to block triangular form and
// solves the blocks into the plan.
func (w *work) sequence(s *signature, a *assembled) *graph.Matching {
	pl := w.plan
	for k, v := range a.states {
		x := &w.vars[v]
		pl.States = append(pl.States, State{Atom: x.atom, Name: w.pool.Name(x.atom), Var: int(x.sys), Start: w.startOf(v), Fixed: x.fixed, Level: a.level[k], Hint: a.hint[k]})
		pl.Deriv = append(pl.Deriv, w.vars[x.der].atom)
	}
	pl.NDiff = len(pl.States)
	for i := range a.invariants {
		g := w.residual(&a.invariants[i])
		g.Level = a.below[i]
		pl.Invariants = append(pl.Invariants, g)
	}
	solve, depend := w.graphs(a.eqs, a.col, len(a.unknowns))
	m := graph.Match(solve, nil)
	if m.N != solve.Rows() || m.N != len(a.unknowns) {
		w.reportSingular(a, solve, m)
		return m
	}
	comps := graph.Components(depend, m)
	pl.Seq = append(pl.Seq, w.known...)
	b := &solver{
		w: w, eqs: a.eqs, vars: a.unknowns, col: a.col, safe: pivotState, tag: "c",
		emit: func(x Assign) { pl.Seq = append(pl.Seq, x) },
		iterate: func(k algebraic) {
			pl.AlgBlocks = append(pl.AlgBlocks, AlgBlock{First: len(pl.Residuals), N: len(k.unknowns), Linear: k.linear, Steady: k.linear && k.coef < moving})
			for i, v := range k.unknowns {
				x := &w.vars[v]
				pl.States = append(pl.States, State{Atom: x.atom, Name: w.pool.Name(x.atom), Var: int(x.sys), Start: w.startOf(v), Fixed: x.fixed})
				pl.Residuals = append(pl.Residuals, w.residual(k.residuals[i]))
			}
			pl.Seq = append(pl.Seq, k.inner...)
		},
		report: func(x Block) { pl.Blocks = append(pl.Blocks, x) },
	}
	b.run(comps, m, depend)
	if len(pl.Residuals) > 0 {
		var unknowns []expr.ID
		for _, s := range pl.States[pl.NDiff:] {
			unknowns = append(unknowns, s.Atom)
		}
		if e, seq, res := w.lift(unknowns, pl.Seq, pl.Residuals, w.number); e != nil {
			pl.Lifted = &Lifted{e, seq, res}
		}
	}
	w.aliases()
	pl.Index = s.index(a)
	return m
}

// startOf returns the parameter that holds the start value of v, making one with
// value 0 where the model gives none.
func (w *work) startOf(v int32) expr.ID {
	x := &w.vars[v]
	if x.start == expr.None {
		value := expr.Zero
		if x.typ == model.BooleanType {
			value = expr.False
		}
		x.assumed = true
		x.start = w.startParam("start("+w.pool.Name(x.atom)+")", int(x.sys), value)
	}
	return x.start
}

// aliases appends the eliminated variables that are multiples of others.
func (w *work) aliases() {
	for v := range int32(len(w.vars)) {
		x := &w.vars[v]
		if r, i := w.roleOf(x.atom); r != roleVar || i != v {
			continue
		}
		if x.sys == none && w.dropped[w.elim.repr[w.elim.find(v)].v] {
			continue // a derivative that no equation mentions any more
		}
		if t := w.elim.replacement(v); t != x.atom {
			w.plan.Seq = append(w.plan.Seq, Assign{Target: x.atom, Value: t, Eq: int(x.alias) - 1})
		}
	}
}

// index is the structural differentiation index: the largest number of
// differentiations, plus one if that leaves unknowns that are not derivatives (Pryce,
// BIT 41(2), 2001, section 5). Without differentiation only such unknowns count that
// the derivatives depend on: an ODE with outputs remains an ODE.
func (s *signature) index(a *assembled) int {
	most := int32(0)
	for _, c := range s.c {
		most = max(most, c)
	}
	if most > 0 {
		for j, d := range s.d {
			// A variable of the model that stands for the highest derivative counts as
			// what it is without that elimination.
			if d == 0 || s.w.vars[s.chains[j][d]].sys != none {
				return int(most) + 1
			}
		}
		return int(most)
	}
	w := s.w
	// Which targets do the derivatives need?
	need := make([]bool, w.pool.Len())
	for _, d := range w.plan.Deriv {
		need[d] = true
	}
	if len(w.plan.Residuals) > 0 {
		return 1
	}
	// The unknowns of a block depend on each other, whatever the formulas look like.
	blockOf := map[expr.ID]*Block{}
	for i := range w.plan.Blocks {
		if b := &w.plan.Blocks[i]; len(b.Vars) > 1 {
			for _, v := range b.Vars {
				blockOf[v] = b
			}
		}
	}
	for k := len(w.plan.Seq) - 1; k >= 0; k-- {
		x := &w.plan.Seq[k]
		if !need[x.Target] {
			continue
		}
		if b := blockOf[x.Target]; b != nil {
			for _, a := range b.Vars {
				need[a] = true
				if _, v := w.roleOf(a); s.inChain(v) && s.d[s.chainOf[v]] == 0 {
					return 1
				}
			}
		}
		r, v := w.roleOf(x.Target)
		if r == roleVar && s.inChain(v) && s.d[s.chainOf[v]] == 0 {
			return 1
		}
		w.atoms(x.Value, func(a expr.ID) {
			if r, _ := w.roleOf(a); r == roleVar || r == roleAuxiliary {
				need[a] = true
			}
		})
	}
	return 0
}

func (s *signature) inChain(v int32) bool {
	return int(v) < len(s.chainOf) && s.chainOf[v] != none
}

// reportSingular handles a reduced system without perfect matching, which only a
// restriction to solvable entries can bring about.
func (w *work) reportSingular(a *assembled, g *graph.Bipartite, m *graph.Matching) {
	d := w.list.Add(diag.Pos{}, "E301", "look for an equation that repeats another one", "the system is structurally singular after index reduction")
	for r := range a.eqs {
		if m.Col[r] == graph.None && len(d.Notes) < maxNamed {
			note(d, w, &a.eqs[r])
		}
	}
}
