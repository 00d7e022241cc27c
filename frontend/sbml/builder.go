package sbml

import (
	"math"
	"slices"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// kind is what an identifier names.
type kind uint8

const (
	ofCompartment kind = iota
	ofSpecies
	ofParameter
	ofReaction
	ofReference
)

// entity is what formulas may name.
type entity struct {
	name     string
	kind     kind
	pos      diag.Pos
	value    float64 // as declared; of a species in the unit of amount or concentration that given says
	constant bool

	rule       *Rule // that determines it
	initial    *Math // of an initial assignment
	assigned   bool  // by an event
	algebraic  bool  // determined by an algebraic rule
	reaction   *Reaction
	species    *Species
	home       *entity // compartment of a species
	dimensions float64 // of a compartment
	conc       bool    // its name means a concentration
	flows      []flow  // reactions that change a species

	sym    expr.ID        // what its name means
	amount expr.ID        // of a species: its amount
	state  expr.ID        // what is integrated, None: nothing
	start  [modes]expr.ID // value of sym at the start, and before; None: not yet known
	bound  expr.ID        // of what does not change and has an initial assignment: its value
	open   bool           // the start value is being computed
}

// flow is one appearance of a species in a reaction: sign * stoichiometry * rate.
type flow struct {
	reaction *entity
	sign     int64
	ref      *Reference
}

// builder makes the system of a model.
type builder struct {
	m     *Model
	sys   *model.System
	pool  *expr.Pool
	diags diag.List

	functions map[string]*Function
	byName    map[string]*entity
	list      []*entity
	bySym     map[expr.ID]*entity
	factor    *entity                // conversion factor of the model
	used      map[string]bool        // names in formulas and reactions
	delays    map[[2]expr.ID]expr.ID // values of the past by what and how long ago

	initialDraws []initialDraw
}

func (b *builder) fail(at diag.Pos, code, next, format string, args ...any) {
	if len(b.diags) < mostFindings {
		b.diags.Add(at, code, next, format, args...)
	}
}

// add registers an identifier.
func (b *builder) add(e *entity) *entity {
	if old := b.byName[e.name]; old != nil {
		d := b.diags.Add(e.pos, "E225", "give each its own id", "%s is declared twice", e.name)
		d.Notes = append(d.Notes, diag.Note{Pos: old.pos, Text: "the first one"})
		return old
	}
	e.sym, e.amount, e.state = expr.None, expr.None, expr.None
	for m := range e.start {
		e.start[m] = expr.None
	}
	b.byName[e.name] = e
	b.list = append(b.list, e)
	return e
}

// System makes a flat system of a model: a variable for every identifier with the meaning
// that it has in formulas, the amounts of species as states.
func System(m *Model) (*model.System, diag.List) {
	name := m.ID
	if name == "" {
		name = "model"
	}
	b := &builder{m: m, sys: model.NewSystem(name), functions: map[string]*Function{}, bySym: map[expr.ID]*entity{}, delays: map[[2]expr.ID]expr.ID{}}
	b.pool = b.sys.Pool
	b.reserve()
	b.sys.Doc, b.sys.Undefined = m.Name, true
	b.used = m.uses()
	b.declare()
	if b.diags.Errors() > 0 {
		return b.sys, b.diags
	}
	b.determine()
	if b.diags.Errors() > 0 {
		return b.sys, b.diags
	}
	b.variables()
	b.fast()
	b.equations()
	b.reactions()
	b.starts()
	b.sizes()
	b.events()
	b.checkDraws()
	return b.sys, b.diags
}

// reserve makes room for what a large network has, so that it is not copied as it grows.
func (b *builder) reserve() {
	m := b.m
	names := len(m.Compartments) + len(m.Species) + len(m.Parameters) + len(m.Reactions)
	vars := names + len(m.Species)
	for _, x := range m.Reactions {
		vars += len(x.Local)
	}
	b.byName, b.list = make(map[string]*entity, names), make([]*entity, 0, names)
	b.sys.Vars = slices.Grow(b.sys.Vars, vars)
	b.sys.Equations = slices.Grow(b.sys.Equations, 2*len(m.Species)+len(m.Reactions)+len(m.Rules))
}

// uses lists the names that formulas, species and reactions mention.
func (m *Model) uses() map[string]bool {
	used := map[string]bool{m.ConversionFactor: true}
	(&instance{Model: m}).formulas(func(f **Math, _ []*Parameter) {
		(*f).walk(func(x *Math) {
			if x.Op == "ci" {
				used[x.Name] = true
			}
		})
	})
	for _, s := range m.Species {
		used[s.Compartment], used[s.ConversionFactor] = true, true
	}
	for _, x := range m.Reactions {
		for _, list := range [][]*Reference{x.Reactants, x.Products} {
			for _, f := range list {
				used[f.ID] = true
			}
		}
	}
	return used
}

// declare registers all identifiers and what changes them.
func (b *builder) declare() {
	m := b.m
	for i := range m.Functions {
		f := m.Functions[i]
		b.functions[f.ID] = f
	}
	for i := range m.Compartments {
		c := m.Compartments[i]
		b.add(&entity{name: c.ID, kind: ofCompartment, pos: c.Pos, value: c.Size, constant: c.Constant, dimensions: c.Dimensions})
	}
	for i := range m.Species {
		s := m.Species[i]
		e := b.add(&entity{name: s.ID, kind: ofSpecies, pos: s.Pos, species: s, constant: s.Constant})
		e.home = b.byName[s.Compartment]
		if e.home == nil || e.home.kind != ofCompartment {
			b.fail(s.Pos, "E224", "declare it, or correct the name", "the compartment %s of %s does not exist", s.Compartment, s.ID)
			continue
		}
		e.conc = !s.OnlySubstance && e.home.dimensions != 0
	}
	for i := range m.Parameters {
		p := m.Parameters[i]
		b.add(&entity{name: p.ID, kind: ofParameter, pos: p.Pos, value: p.Value, constant: p.Constant})
	}
	for i := range m.Reactions {
		b.reaction(m.Reactions[i])
	}
	if m.ConversionFactor != "" {
		b.factor = b.named(m.ConversionFactor, m.Pos, "conversion factor")
	}
	for i := range m.Rules {
		u := m.Rules[i]
		if u.Math == nil || u.Kind == AlgebraicRule {
			continue
		}
		if e := b.named(u.Variable, u.Pos, "variable of a rule"); e != nil {
			if e.rule != nil {
				b.fail(u.Pos, "E228", "leave one of them out", "%s has two rules", e.name)
			}
			if e.kind == ofReaction {
				b.fail(u.Pos, "E228", "change the kinetic law", "the reaction %s cannot have a rule", e.name)
			}
			e.rule = u
		}
	}
	for i := range m.Initial {
		a := m.Initial[i]
		if a.Math == nil {
			continue
		}
		if e := b.named(a.Variable, a.Pos, "symbol of an initial assignment"); e != nil {
			e.initial = a.Math
		}
	}
	for i := range m.Events {
		ev := m.Events[i]
		for k := range ev.Assignments {
			a := ev.Assignments[k]
			if a.Math == nil || ev.Trigger == nil {
				continue
			}
			if e := b.named(a.Variable, a.Pos, "variable of an event"); e != nil {
				e.assigned = true
				if e.rule != nil && e.rule.Kind == AssignmentRule || e.kind == ofReaction {
					b.fail(a.Pos, "E228", "leave one of them out", "an event sets %s, which the model determines at all times", e.name)
				}
			}
		}
	}
}

// named finds an identifier, or says that there is none.
func (b *builder) named(name string, at diag.Pos, what string) *entity {
	e := b.byName[name]
	if e == nil {
		b.fail(at, "E224", "declare it, or correct the name", "there is no %s, the %s", name, what)
	}
	return e
}

// reaction registers a reaction, its references and local parameters.
func (b *builder) reaction(x *Reaction) {
	e := b.add(&entity{name: x.ID, kind: ofReaction, pos: x.Pos, reaction: x, value: none})
	for side, refs := range [][]*Reference{x.Reactants, x.Products} {
		for i := range refs {
			f := refs[i]
			if f.ID != "" {
				e := b.add(&entity{name: f.ID, kind: ofReference, pos: f.Pos, value: f.Number, constant: f.Constant})
				if f.Math != nil {
					e.rule = &Rule{Kind: AssignmentRule, Variable: f.ID, Math: f.Math, Pos: f.Pos}
				}
			}
			s := b.byName[f.Species]
			if s == nil || s.kind != ofSpecies {
				b.fail(f.Pos, "E224", "declare it, or correct the name", "there is no species %s", f.Species)
				continue
			}
			s.flows = append(s.flows, flow{e, int64(2*side - 1), f})
		}
	}
}

// moved reports whether reactions change a species.
func (e *entity) moved() bool {
	if e.kind != ofSpecies || e.species.Boundary || e.constant || e.rule != nil {
		return false
	}
	for i := range e.flows {
		if e.flows[i].reaction.reaction.Law != nil || e.flows[i].reaction.reaction.Fast {
			return true
		}
	}
	return false
}

// determine finds what the algebraic rules determine: each a variable that nothing else
// does, by a matching in which species at the boundary and what events set come last.
func (b *builder) determine() {
	taken := map[*entity]int{} // by rule
	var rules []*Rule
	var names [][]*entity
	for i := range b.m.Rules {
		u := b.m.Rules[i]
		if u.Kind != AlgebraicRule || u.Math == nil {
			continue
		}
		var rank [3][]*entity
		seen := map[*entity]bool{}
		var visit func(m *Math, bound map[string]bool, depth int)
		visit = func(m *Math, bound map[string]bool, depth int) {
			m.walk(func(x *Math) {
				if x.Op == "call" && depth < maxCalls && b.functions[x.Name] != nil && b.functions[x.Name].Body != nil {
					in := map[string]bool{}
					for _, p := range b.functions[x.Name].Body.Params {
						in[p] = true
					}
					visit(b.functions[x.Name].Body, in, depth+1)
				}
				if x.Op != "ci" || bound[x.Name] {
					return
				}
				e := b.byName[x.Name]
				for _, e := range b.behind(e, nil) {
					if seen[e] {
						continue
					}
					seen[e] = true
					switch {
					case e.assigned:
						rank[2] = append(rank[2], e)
					case e.kind == ofSpecies && e.species.Boundary:
						rank[1] = append(rank[1], e)
					default:
						rank[0] = append(rank[0], e)
					}
				}
			})
		}
		visit(u.Math, nil, 0)
		rules = append(rules, u)
		names = append(names, append(append(rank[0], rank[1]...), rank[2]...))
	}
	var try func(k int, seen map[*entity]bool) bool
	try = func(k int, seen map[*entity]bool) bool {
		for _, e := range names[k] {
			if seen[e] {
				continue
			}
			seen[e] = true
			if old, ok := taken[e]; !ok || try(old, seen) {
				taken[e] = k
				return true
			}
		}
		return false
	}
	for k := range rules {
		if !try(k, map[*entity]bool{}) {
			b.fail(rules[k].Pos, "E228", "declare a variable that it determines, not constant and without rule or reaction", "the algebraic rule determines no variable")
		}
	}
	for e := range taken {
		e.algebraic = true
	}
}

// behind lists the variables that an algebraic rule may determine by way of e: e itself, or
// what an assignment rule makes it of.
func (b *builder) behind(e *entity, path []*entity) []*entity {
	if e == nil || len(path) > 1000 {
		return nil
	}
	for _, x := range path {
		if x == e {
			return nil
		}
	}
	var out []*entity
	switch {
	case e.rule != nil && e.rule.Kind == AssignmentRule:
		e.rule.Math.walk(func(m *Math) {
			if m.Op == "ci" {
				out = append(out, b.behind(b.byName[m.Name], append(path, e))...)
			}
		})
	case e.rule != nil, e.constant, e.kind == ofReaction, e.moved():
		if e.conc && e.moved() {
			out = b.behind(e.home, append(path, e))
		}
	default:
		out = []*entity{e}
	}
	return out
}

// size is the term of a compartment's size.
func (e *entity) size() expr.ID { return e.home.sym }

// variables gives every identifier its symbol, and declares the parameters of reactions.
func (b *builder) variables() {
	for i := range b.m.Reactions {
		x := b.m.Reactions[i]
		for k := range x.Local {
			l := x.Local[k]
			v := b.sys.NewVariable(x.ID+"."+l.ID, model.ParameterVar)
			v.Value, v.Pos, v.Path = b.pool.Float(l.Value), l.Pos, x.ID
			b.sys.AddVar(v)
		}
	}
	for _, e := range b.list {
		if e.kind != ofSpecies {
			e.sym = b.pool.Sym(e.name)
			b.bySym[e.sym] = e
			if e.changes() && !(e.rule != nil && e.rule.Kind == AssignmentRule) && !e.algebraic && e.kind != ofReaction {
				e.state = e.sym
			}
			continue
		}
		e.sym = b.pool.Sym(e.name)
		b.bySym[e.sym] = e
		e.amount = e.sym
		if e.conc {
			e.amount = b.pool.Sym(e.name + ".amount")
		}
		switch {
		case e.rule != nil && e.rule.Kind == RateRule:
			e.state = e.sym
		case e.rule == nil && !e.algebraic && (e.moved() || e.assigned):
			e.state = e.amount
		}
	}
}

// changes reports whether the value is another later than at the start.
func (e *entity) changes() bool {
	return e.rule != nil || e.algebraic || e.assigned || e.kind == ofReaction || e.moved()
}

// declareVar adds a variable of the system.
func (b *builder) declareVar(e *entity, name string, k model.VarKind, value expr.ID) {
	v := b.sys.NewVariable(name, k)
	v.Pos = e.pos
	if k == model.ParameterVar {
		v.Value = value
	}
	b.sys.AddVar(v)
}

func (b *builder) eq(lhs, rhs expr.ID, at diag.Pos) {
	b.sys.Equations = append(b.sys.Equations, model.Equation{Lhs: lhs, Rhs: rhs, Pos: at})
}

// equations declares all variables and states their equations. Start values come later,
// except those of parameters, which are their values.
func (b *builder) equations() {
	p := b.pool
	for _, e := range b.list {
		kind := model.Unknown
		switch {
		case e.kind == ofSpecies:
			b.speciesEquations(e)
			continue
		case !e.changes():
			kind = model.ParameterVar
		}
		if kind == model.ParameterVar {
			b.declareVar(e, e.name, kind, b.parameterValue(e))
			continue
		}
		b.declareVar(e, e.name, kind, expr.None)
		switch {
		case e.equilibrium():
			b.eq(expr.Zero, b.law(e.reaction, running), e.pos)
		case e.kind == ofReaction:
			b.eq(e.sym, b.law(e.reaction, running), e.pos)
		case e.algebraic:
		case e.rule != nil && e.rule.Kind == AssignmentRule:
			rhs := b.formula(e.rule.Math, context{})
			if !b.used[e.name] { // it is evaluated as it stands, and its jumps are no events
				rhs = p.Fn(expr.OpNoEvent, rhs)
			}
			b.eq(e.sym, rhs, e.rule.Pos)
		case e.rule != nil:
			b.eq(p.Der(e.sym), b.formula(e.rule.Math, context{}), e.rule.Pos)
		default:
			b.eq(p.Der(e.sym), expr.Zero, e.pos)
		}
	}
	for i := range b.m.Rules {
		if u := b.m.Rules[i]; u.Kind == AlgebraicRule && u.Math != nil {
			b.eq(expr.Zero, b.formula(u.Math, context{}), u.Pos)
		}
	}
	for i := range b.m.Constraints {
		c := b.m.Constraints[i]
		if c.Math == nil {
			continue
		}
		text := c.Message
		if text == "" {
			text = "a constraint of the model does not hold"
		}
		b.sys.Asserts = append(b.sys.Asserts, model.Assertion{Cond: b.condition(c.Math, context{}), Message: text, Warn: true, Pos: c.Pos})
	}
}

// law is the rate of a reaction.
func (b *builder) law(x *Reaction, m mode) expr.ID {
	if x.Law == nil {
		return expr.Zero
	}
	c := context{mode: m}
	if len(x.Local) > 0 {
		c.local = make(map[string]expr.ID, len(x.Local))
		for i := range x.Local {
			c.local[x.Local[i].ID] = b.pool.Sym(x.ID + "." + x.Local[i].ID)
		}
	}
	return b.formula(x.Law, c)
}

// speciesEquations states what determines a species: its amount, or its concentration,
// and the other by the size of the compartment.
func (b *builder) speciesEquations(e *entity) {
	p := b.pool
	if e.conc {
		if e.state == expr.None && !e.changes() {
			b.declareVar(e, e.name+".amount", model.ParameterVar, b.startAmount(e, atStart))
		} else {
			b.declareVar(e, e.name+".amount", model.Unknown, expr.None)
		}
		b.declareVar(e, e.name, model.Unknown, expr.None)
		b.eq(e.sym, p.Div(e.amount, e.size()), e.pos)
	} else {
		if e.state == expr.None && !e.changes() {
			b.declareVar(e, e.name, model.ParameterVar, b.startAmount(e, atStart))
		} else {
			b.declareVar(e, e.name, model.Unknown, expr.None)
		}
		if b.sized(e.home) {
			b.declareVar(e, e.name+".concentration", model.Unknown, expr.None)
			b.eq(p.Sym(e.name+".concentration"), p.Div(e.amount, e.size()), e.pos)
		}
	}
	switch {
	case e.rule != nil && e.rule.Kind == AssignmentRule:
		b.eq(e.sym, b.formula(e.rule.Math, context{}), e.rule.Pos)
	case e.rule != nil:
		b.eq(p.Der(e.sym), b.formula(e.rule.Math, context{}), e.rule.Pos)
	case e.state != expr.None:
		b.eq(p.Der(e.amount), b.flowRate(e, running), e.pos)
		b.sys.Equations[len(b.sys.Equations)-1].Balance = e.moved()
	}
}

// sized reports whether a compartment has a size other than 0 that the model states.
func (b *builder) sized(c *entity) bool {
	return c.dimensions != 0 && (c.value == c.value && c.value != 0 || c.rule != nil || c.initial != nil || c.algebraic)
}

// flowRate is the rate at which reactions change the amount of a species.
func (b *builder) flowRate(e *entity, m mode) expr.ID {
	p := b.pool
	if !e.moved() {
		return expr.Zero
	}
	var terms []expr.ID
	for i := range e.flows {
		f := &e.flows[i]
		if f.reaction.reaction.Law == nil {
			continue
		}
		rate := f.reaction.sym
		if m != running {
			rate = b.law(f.reaction.reaction, m)
		}
		terms = append(terms, p.Mul(p.Int(f.sign), b.stoichiometry(f.ref, m), rate))
	}
	return b.converted(e, p.Add(terms...), m)
}

// converted takes extents over into the amount of a species.
func (b *builder) converted(e *entity, x expr.ID, m mode) expr.ID {
	factor := b.factor
	if id := e.species.ConversionFactor; id != "" {
		factor = b.named(id, e.pos, "conversion factor")
	}
	if factor == nil {
		return x
	}
	k := factor.sym
	if m != running {
		k = b.startOf(factor, m)
	}
	return b.pool.Mul(k, x)
}

// stoichiometry is that of a reference: its variable, its formula or its number.
func (b *builder) stoichiometry(f *Reference, m mode) expr.ID {
	switch {
	case f.ID != "" && m != running:
		return b.startOf(b.byName[f.ID], m)
	case f.ID != "":
		return b.byName[f.ID].sym
	case f.Math != nil:
		return b.formula(f.Math, context{mode: m})
	case math.IsNaN(f.Number):
		b.fail(f.Pos, "E227", "give it, or an id with a rule", "the stoichiometry of %s is not given", f.Species)
		return expr.One
	}
	return b.pool.Float(f.Number)
}

// symbol is what a name means.
func (b *builder) symbol(m *Math, c context) expr.ID {
	e := b.byName[m.Name]
	if e == nil {
		b.fail(m.Pos, "E224", "declare it, or correct the name", "there is no variable %s", m.Name)
		return expr.Zero
	}
	if c.mode != running {
		return b.startOf(e, c.mode)
	}
	return e.sym
}
