package backend

import (
	"fmt"
	"math"
	"strings"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/structural"
)

// meta fills everything of the problem but functions and patterns.
func (c *compiler) meta() {
	pl, sys := c.plan, c.plan.Sys
	m := &c.prog.Meta
	m.Name, m.Doc, m.Index = sys.Name, sys.Doc, pl.Index
	if sys.Experiment.Given {
		m.Span = [2]float64{sys.Experiment.Start, sys.Experiment.Stop}
		m.RelTol = sys.Experiment.Tolerance
	}
	c.defaults()
	m.P = c.value
	for i := range pl.Params {
		m.Params = append(m.Params, c.parameter(&pl.Params[i]))
	}
	m.U0 = make([]float64, len(pl.States))
	for i := range pl.States {
		s := &pl.States[i]
		q := c.quantity(s.Name, s.Var)
		if s.Start != expr.None {
			k := c.slotOf(s.Start)
			q.StartParam = k + 1
			m.U0[i] = c.value[k]
		}
		m.States = append(m.States, q)
	}
	if len(pl.Residuals) > 0 {
		m.Mass = make([]float64, len(pl.States))
		for i := range pl.NDiff {
			m.Mass[i] = 1
		}
		m.AlgLinear = pl.LinearAlgebraic()
	}
	if len(pl.Invariants) > 0 {
		m.Choice = choice(pl)
	}
	m.Equation = c.equation
	c.prog.Source = func(eq int) string { return equationText(sys, eq) }
	c.hybridMeta()
	c.initMeta()
	c.observables()
}

// choice describes the candidates for dependent states.
func choice(pl *structural.Plan) *ode.Choice {
	c := &ode.Choice{Level: make([]int8, len(pl.States)), Wish: make([]ode.Wish, len(pl.States))}
	level := func(n int) int8 { return int8(min(n, math.MaxInt8)) }
	for i := range pl.Invariants {
		c.InvLevel = append(c.InvLevel, level(pl.Invariants[i].Level))
	}
	for i := range pl.States {
		c.Level[i] = level(pl.States[i].Level)
		switch pl.States[i].Hint {
		case model.StateNever:
			c.Wish[i] = ode.WishNever
		case model.StateAvoid:
			c.Wish[i] = ode.WishAvoid
		case model.StatePrefer:
			c.Wish[i] = ode.WishPrefer
		case model.StateAlways:
			c.Wish[i] = ode.WishAlways
		}
	}
	return c
}

// defaults evaluates the bindings of the parameters and the start values of the
// discrete memory.
func (c *compiler) defaults() {
	pl := c.plan
	c.value = make([]float64, len(pl.Params)+len(pl.Memory))
	guess := map[expr.ID]expr.ID{} // of free parameters
	for i := range pl.Init.W {
		if w := &pl.Init.W[i]; w.Start != expr.None {
			guess[w.Atom] = w.Start
		}
	}
	known := make([]bool, len(pl.Params))
	var free []int
	for i := range pl.Params {
		if pl.Params[i].Value == expr.None {
			free = append(free, i)
			known[i] = true
		}
	}
	// A free parameter starts at its guess, which comes later in the list. Guesses and
	// bindings may depend on each other in any order without cycles.
	var eval func(i int32) float64
	eval = func(i int32) float64 {
		if known[i] {
			return c.value[i]
		}
		known[i] = true
		c.value[i] = c.number(pl.Params[i].Value, eval)
		return c.value[i]
	}
	for _, i := range free {
		if s, ok := guess[pl.Params[i].Atom]; ok {
			c.value[i] = eval(c.slot[s])
		}
	}
	for i := range pl.Params {
		eval(int32(i))
	}
	for _, d := range pl.Hybrid.Discrete {
		if d.Start != expr.None {
			v := c.number(d.Start, eval)
			c.value[c.slotOf(d.Cur)], c.value[c.slotOf(d.Pre)] = v, v
		}
	}
}

// number evaluates a term in parameters.
func (c *compiler) number(e expr.ID, param func(int32) float64) float64 {
	if v, ok := c.p.Value(e); ok {
		return v.Float()
	}
	return c.p.Eval(e, func(a expr.ID) (float64, bool) {
		if s, ok := c.slot[a]; ok && int(s) < len(c.plan.Params) {
			return param(s), true
		}
		return 0, false
	})
}

// attribute is the number of an attribute such as min, other where it is not given or
// is no term in parameters.
func (c *compiler) attribute(e expr.ID, other float64) float64 {
	if e == expr.None {
		return other
	}
	v := c.number(e, func(i int32) float64 { return c.value[i] })
	if math.IsNaN(v) {
		return other
	}
	return v
}

func (c *compiler) quantity(name string, sysVar int) ode.Quantity {
	q := ode.Quantity{Name: name, Min: math.Inf(-1), Max: math.Inf(1)}
	if sysVar < 0 {
		return q
	}
	v := &c.plan.Sys.Vars[sysVar]
	q.Unit, q.Desc = v.Unit, v.Desc
	q.Min, q.Max = c.attribute(v.Min, q.Min), c.attribute(v.Max, q.Max)
	q.Nominal, q.AbsTol = math.Abs(c.attribute(v.Nominal, 0)), v.AbsTol
	return q
}

func (c *compiler) parameter(p *structural.Param) ode.Quantity {
	q := c.quantity(p.Name, p.Var)
	q.AbsTol = 0
	if p.Start {
		q.Desc = "start value"
		if p.Var >= 0 {
			q.Desc = "start value of " + c.plan.Sys.Vars[p.Var].Name
		}
	}
	return q
}

// equation describes row i of f.
func (c *compiler) equation(i int) string {
	pl := c.plan
	if i >= pl.NDiff {
		return pl.Describe(&pl.Residuals[i-pl.NDiff])
	}
	if eq, from, ok := c.derivEq(pl.Deriv[i]); ok {
		return pl.DescribeEquation(eq, from)
	}
	d := pl.Deriv[i]
	for m := c.sim.meaning(d); m.kind == targetAtom; m = c.sim.meaning(d) {
		if d = c.sim.defs[m.index].value; !c.p.IsAtom(d) {
			return "der(" + pl.States[i].Name + ") = " + c.p.Text(d, expr.TextOptions{Limit: 200})
		}
	}
	return "der(" + pl.States[i].Name + ")" // itself an unknown
}

// derivEq finds the equation that a derivative was solved from.
func (c *compiler) derivEq(d expr.ID) (eq int, from int32, ok bool) {
	m := c.sim.meaning(d)
	for m.kind == targetAtom {
		def := &c.sim.defs[m.index]
		if def.eq >= 0 {
			return def.eq, def.from, true
		}
		if !c.p.IsAtom(def.value) {
			break
		}
		m = c.sim.meaning(def.value)
	}
	return 0, 0, false
}

func equationText(s *model.System, eq int) string {
	e := &s.Equations[eq]
	opt := expr.TextOptions{Limit: 200}
	text := s.Pool.Text(e.Lhs, opt) + " = " + s.Pool.Text(e.Rhs, opt)
	if p := e.Pos.String(); p != "" {
		text = p + ": " + text
	}
	if e.Path != "" {
		text += " (in " + e.Path + ")"
	}
	return text
}

var relationKinds = [...]ode.RelationKind{
	structural.Comparison: ode.Comparison, structural.Kink: ode.Kink, structural.SignOf: ode.SignOf,
	structural.FloorOf: ode.FloorOf, structural.TruncOf: ode.TruncOf,
}

func (c *compiler) hybridMeta() {
	h := &c.plan.Hybrid
	if len(h.Relations)+len(h.TimeRelations)+len(h.Samples)+len(h.Counters)+len(h.Discrete)+len(h.Whens)+len(h.Actions) == 0 {
		return
	}
	m := &ode.Hybrid{}
	for _, r := range h.Relations {
		m.Relations = append(m.Relations, ode.Relation{Text: r.Text, Slot: c.slotOf(r.Atom), Kind: relationKinds[r.Kind], Strict: r.Strict})
	}
	for _, r := range h.TimeRelations {
		m.TimeRelations = append(m.TimeRelations, ode.Relation{Text: r.Text, Slot: c.slotOf(r.Atom), Kind: relationKinds[r.Kind], Strict: r.Strict, Falling: r.Falling})
	}
	for _, s := range h.Samples {
		m.Samples = append(m.Samples, ode.Sample{Flag: c.slotOf(s.Atom), Terminal: s.Terminal})
	}
	for _, x := range h.Counters {
		m.Counters = append(m.Counters, ode.Counter{Slot: c.slotOf(x.Atom), Trunc: x.Trunc})
	}
	for _, d := range h.Discrete {
		m.Discrete = append(m.Discrete, ode.Discrete{Name: c.p.Name(d.Cur), Cur: c.slotOf(d.Cur), Pre: c.slotOf(d.Pre), Left: d.Left})
	}
	for _, w := range h.Whens {
		m.Whens = append(m.Whens, ode.When{Text: w.Text, Cond: c.slotOf(w.Atom)})
	}
	for _, a := range h.Actions {
		m.Actions = append(m.Actions, ode.Action{Terminate: a.Terminate, Always: a.Always, Warn: a.Warn, Message: a.Message})
	}
	c.prog.Meta.Hybrid = m
}

func (c *compiler) initMeta() {
	pl := c.plan
	if len(pl.Init.W) == 0 {
		return
	}
	m := &ode.Init{NW: len(pl.Init.W)}
	at := make(map[expr.ID]int32, len(pl.Init.W))
	for i := range pl.Init.W {
		w := &pl.Init.W[i]
		at[w.Atom] = int32(i)
		m.Names = append(m.Names, w.Name)
		from, start := int32(-1), 0.0
		if w.Start != expr.None {
			from = int32(c.slotOf(w.Start))
			start = c.value[from]
		}
		m.StartFrom, m.Start = append(m.StartFrom, from), append(m.Start, start)
	}
	for i := range pl.States {
		k, ok := at[pl.States[i].Atom]
		if !ok {
			panic(fmt.Sprintf("mtkc: bug: state %s is not initialised", pl.States[i].Name))
		}
		m.U = append(m.U, k)
	}
	for i := range pl.Params {
		if k, ok := at[pl.Params[i].Atom]; ok {
			m.P = append(m.P, [2]int32{int32(i), k})
		}
	}
	for i, a := range pl.Memory {
		if k, ok := at[a]; ok {
			m.P = append(m.P, [2]int32{int32(len(pl.Params) + i), k})
		}
	}
	m.Blocks = make([]ode.InitBlock, len(pl.Init.Blocks))
	for i := range m.Blocks {
		m.Blocks[i].Reads = pl.Init.Blocks[i].Reads
	}
	if k, ok := at[pl.Init.Lambda]; ok {
		m.Lambda = k + 1
	}
	for _, s := range pl.Init.Fixed {
		m.Fixed = append(m.Fixed, ode.FixedStart{W: at[s.Atom], P: int32(c.slotOf(s.Start)), Block: s.Block, Soft: s.Soft, Given: s.Given})
	}
	for i := range pl.Notes {
		d := &pl.Notes[i]
		text := d.Message
		if p := d.Pos.String(); p != "" {
			text = p + ": " + text
		}
		m.Notes = append(m.Notes, text)
	}
	c.prog.Meta.Init = m
}

// observables lists the variables of the model, and behind them their second names and the
// derivatives that the plan computes, der(x).
func (c *compiler) observables() {
	m := &c.prog.Meta
	n := len(c.plan.Sys.Vars) + len(c.plan.States)
	m.Observables, c.sources = make([]ode.Observable, 0, n), make([]expr.ID, 0, n)
	add := func(o ode.Observable, atom expr.ID) {
		o.Sign = 1
		term := expr.None
		if !c.place(atom, &o) {
			term = atom
			if c.sim.meaning(atom).kind == unknownAtom {
				panic(fmt.Sprintf("mtkc: bug: variable %s is not in the plan", o.Name))
			}
		}
		m.Observables = append(m.Observables, o)
		c.sources = append(c.sources, term)
	}
	noises := map[expr.ID]bool{} // which have no values
	for i := range c.plan.Sys.Noises {
		noises[c.plan.Sys.Noises[i].Sym] = true
	}
	for i := range c.plan.Sys.Vars {
		v := &c.plan.Sys.Vars[i]
		if v.Type == model.StringType || noises[v.Sym] {
			continue
		}
		add(ode.Observable{Name: v.Name, Unit: v.Unit, Desc: v.Desc, Listing: ode.Listing(v.Listing)}, v.Sym)
		if o := &m.Observables[len(m.Observables)-1]; o.Kind == ode.State {
			c.narrow(&m.States[o.Index], v, o.Sign)
		}
	}
	for i := range c.plan.Sys.Vars {
		if v := &c.plan.Sys.Vars[i]; v.Alias != "" {
			add(ode.Observable{Name: v.Alias, Unit: v.Unit, Desc: v.Name, Listing: ode.ListNever}, v.Sym)
		}
	}
	for i := range c.plan.States {
		if s := &c.plan.States[i]; s.Var < 0 {
			add(ode.Observable{Name: s.Name}, s.Atom)
		}
	}
	for i := range c.plan.Seq {
		a := c.plan.Seq[i].Target
		if name := c.p.Name(a); strings.HasPrefix(name, "der(") {
			if _, isVar := c.plan.Sys.VarOf(a); !isVar {
				add(ode.Observable{Name: name}, a)
			}
		}
	}
}

// narrow gives a state the range and the nominal value of v, which equals it up to
// sign.
func (c *compiler) narrow(q *ode.Quantity, v *model.Variable, sign float64) {
	lo, hi := c.attribute(v.Min, math.Inf(-1)), c.attribute(v.Max, math.Inf(1))
	if sign < 0 {
		lo, hi = -hi, -lo
	}
	q.Min, q.Max = math.Max(q.Min, lo), math.Min(q.Max, hi)
	if q.Nominal == 0 {
		q.Nominal = math.Abs(c.attribute(v.Nominal, 0))
	}
}

// place follows aliases from a to a state or parameter.
func (c *compiler) place(a expr.ID, o *ode.Observable) bool {
	p := c.p
	for {
		switch mean := c.sim.meaning(a); mean.kind {
		case stateAtom:
			o.Kind, o.Index = ode.State, int(mean.index)
			return true
		case memoryAtom:
			o.Kind, o.Index = ode.Parameter, int(mean.index)
			return true
		case targetAtom:
			a = c.sim.defs[mean.index].value
			if args := p.Args(a); p.Op(a) == expr.OpAdd && len(args) == 3 && args[0] == expr.Zero && args[1] == expr.MinusOne {
				o.Sign = -o.Sign
				a = args[2]
			}
			if p.Op(a) == expr.OpSym {
				continue
			}
		}
		o.Sign = 1
		return false
	}
}
