//go:build mtkc

package model

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/mtkc/mtkc/expr"
)

// This file turns the terms and the tree into a flat System.

// sealer converts terms to expressions of the system's pool.
type sealer struct {
	b    *builder
	s    *System
	refs []int32
	memo []expr.ID
	dots map[expr.ID]expr.ID

	named []bool // see builder.named; by index of the variable

	addends []addend // see sum
	ks      []expr.Num
	ts      []expr.ID
	factors []int32 // see product
	fs      []expr.ID
}

const unsealed = expr.None

// system makes the flat system: variables in declaration order, then everything else.
func (b *builder) system(name string) *System {
	order := make([]*variable, 0, len(b.vars))
	b.eachVar(b.top, func(v *variable) {
		order = append(order, v)
	})
	s := &System{Name: name, Pool: expr.NewPoolFor(len(b.terms)/3, len(order))}
	z := &sealer{b: b, s: s, dots: map[expr.ID]expr.ID{}}
	z.memo = make([]expr.ID, len(b.terms))
	for i := range z.memo {
		z.memo[i] = unsealed
	}
	z.memo[0] = expr.Zero
	z.count(order)
	for i, v := range order {
		name := v.name()
		if _, dup := z.s.Pool.Lookup(name); dup {
			first := order[slices.IndexFunc(order[:i], func(o *variable) bool { return o.name() == name })]
			b.found.Add(v.field.pos, "E141", `give one of them another name with the tag name:"..."`, "two variables are called %s in the flat model (fields %s and %s)", name, first.field.goName, v.field.goName)
		}
		z.memo[v.term] = z.s.Pool.Sym(name)
	}
	noises := z.noises()
	z.s.Vars = make([]Variable, 0, len(order)+len(noises))
	z.named = b.named(order)
	for _, v := range order {
		z.variable(v)
	}
	for _, v := range noises {
		z.s.AddVar(v)
	}
	z.checkBindings(order)
	z.s.Equations = z.equations(z.s.Equations, b.equations)
	for _, q := range b.points {
		z.s.Equations[q.eq].Point = q.name
	}
	z.s.Initial = z.equations(z.s.Initial, b.initial)
	z.reactions()
	for _, w := range b.whens {
		z.when(w)
	}
	for _, a := range b.asserts {
		z.s.Asserts = append(z.s.Asserts, Assertion{Cond: z.expr(a.value), Message: a.message, Pos: a.site.pos(), Path: a.comp.path})
	}
	return z.s
}

// noises makes the variables of the noises: noise[1], noise[2], ... of the component that calls Noise.
func (z *sealer) noises() []Variable {
	out := make([]Variable, len(z.b.noises))
	count := map[string]int{}
	for i, n := range z.b.noises {
		path := ""
		if n.comp != nil {
			path = n.comp.path
		}
		name := ""
		for taken := true; taken; _, taken = z.s.Pool.Lookup(name) {
			count[path]++
			name = join(path, "noise["+strconv.Itoa(count[path])+"]")
		}
		v := z.s.NewVariable(name, InputVar)
		v.Value, v.Pos, v.Path = expr.Zero, n.site.pos(), path
		z.memo[n.term] = v.Sym
		z.s.Noises = append(z.s.Noises, WhiteNoise{Sym: v.Sym, Stratonovich: n.stratonovich, Pos: v.Pos})
		out[i] = v
	}
	return out
}

// named marks the inputs of parts that something further out determines: a connection, or an
// equation of another component in which they occur. The others take the default of
// their tag.
func (b *builder) named(order []*variable) []bool {
	out := make([]bool, len(b.vars))
	left := 0
	for _, v := range order {
		if v.field.role == "input" && v.field.numeric[valueTag].there && owner(v.node) != b.top {
			left++
		}
	}
	if left == 0 {
		return out
	}
	for _, l := range b.links {
		for _, e := range []end{l.x, l.y} {
			out[e.v] = out[e.v] || !e.outer
		}
	}
	// A term that was searched for an equation of one component need not be for another of
	// the same.
	seen := make([]*node, len(b.terms))
	var stack []int32
	for _, q := range b.equations {
		if q.conn {
			continue
		}
		stack = append(stack, q.lhs, q.rhs)
		for len(stack) > 0 {
			id := b.replacement(stack[len(stack)-1])
			stack = stack[:len(stack)-1]
			if seen[id] == q.comp {
				continue
			}
			seen[id] = q.comp
			t := b.terms[id]
			if t.op == uint8(expr.OpSym) {
				if v := b.vars[t.a].resolve(); v.node != nil && v.field.role == "input" && owner(v.node) != q.comp {
					out[v.index] = true
				}
				continue
			}
			stack = append(stack, []int32{t.a, t.b, t.c}[:arity(t.op)]...)
		}
	}
	return out
}

// checkBindings finds parameters that depend on what changes during a run, and turns
// fixed start values that depend on other unknowns into initial equations.
func (z *sealer) checkBindings(order []*variable) {
	for i, v := range order {
		x := &z.s.Vars[i]
		if x.Kind == ParameterVar || x.Kind == ConstantVar {
			if other := z.varies(x.Value, x.Kind); other != "" {
				what := "parameter"
				if x.Kind == ConstantVar {
					what = "constant"
				}
				b.found.Add(x.Pos, "E148", "declare it as Real and state Eq, or use parameters alone", "the value of the %s %s depends on %s", what, x.Name, other)
			}
		}
		for _, t := range []*expr.ID{&x.Start, &x.Min, &x.Max, &x.Nominal} {
			other := z.varies(*t, ParameterVar)
			if other == "" {
				continue
			}
			if t == &x.Start && x.Fixed == FixedTrue && x.Kind == Unknown {
				pos := x.Pos
				z.s.Initial = append(z.s.Initial, Equation{Lhs: x.Sym, Rhs: x.Start, Pos: pos, Path: owner(v.node).path})
				x.Start, x.Fixed = expr.None, FixedDefault
				continue
			}
			b.found.Add(x.Pos, "E148", "use parameters and numbers alone", "an attribute of %s depends on %s", x.Name, other)
		}
	}
}

// varies names a variable that e depends on and that is not as constant as kind.
func (z *sealer) varies(e expr.ID, kind VarKind) string {
	if e == expr.None {
		return ""
	}
	if _, ok := z.s.Pool.Value(e); ok {
		return ""
	}
	other := ""
	z.s.Pool.Walk(e, map[expr.ID]bool{}, nil, func(t expr.ID) {
		if t == expr.Time {
			other = "time"
		}
		if i, ok := z.s.VarOf(t); ok {
			if k := z.s.Vars[i].Kind; k != ConstantVar && k != kind && k != InputVar {
				other = z.s.Vars[i].Name
			}
		}
	})
	return other
}

// count counts the uses of each term, so that sums and products that are used once
// open into the ones that use them.
func (z *sealer) count(order []*variable) {
	z.refs = make([]int32, len(z.b.terms))
	var stack []int32
	use := func(id int32) {
		id = z.b.replacement(id)
		z.refs[id]++
		if z.refs[id] == 1 {
			stack = append(stack, id)
		}
	}
	for _, v := range order {
		if v.bound {
			use(v.binding)
		}
		if v.hasStart {
			use(v.start)
		}
	}
	for _, l := range [][]eqRec{z.b.equations, z.b.initial} {
		for _, e := range l {
			use(e.lhs)
			use(e.rhs)
		}
	}
	for _, w := range z.b.whens {
		for _, r := range w.branches {
			use(r.cond)
			for _, a := range r.actions {
				use(a.target)
				use(a.value)
			}
		}
	}
	for _, a := range z.b.asserts {
		use(a.value)
	}
	for _, r := range z.b.reactions {
		use(r.rate)
		use(r.back)
	}
	for len(stack) > 0 {
		id := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		t := z.b.terms[id]
		for i, n := 0, arity(t.op); i < n; i++ {
			use([3]int32{t.a, t.b, t.c}[i])
		}
	}
}

func arity(op uint8) int {
	switch op {
	case uint8(expr.OpConst), uint8(expr.OpSym), tNoise:
		return 0
	case tSub, tDiv, tPow, uint8(expr.OpAdd), uint8(expr.OpMul):
		return 2
	case tNeg, tSqrt, tInStream, tActual:
		return 1
	}
	return expr.Op(op).Info().Arity
}

// addend is coefficient * term of a sum that is being opened.
type addend struct {
	neg bool
	id  int32
}

func (z *sealer) expr(id int32) expr.ID {
	id = z.b.replacement(id)
	if z.memo[id] != unsealed {
		return z.memo[id]
	}
	p := z.s.Pool
	t := z.b.terms[id]
	var r expr.ID
	switch t.op {
	case uint8(expr.OpConst):
		r = p.Num(z.b.nums[t.a])
	case uint8(expr.OpSym):
		v := z.b.vars[t.a].resolve()
		if v.node == nil {
			r = expr.Zero // a Real that belongs to no part and was never set
		} else {
			r = z.memo[v.term]
		}
	case uint8(expr.OpAdd), tSub, tNeg:
		r = z.sum(id)
	case uint8(expr.OpMul):
		r = z.product(id)
	case tDiv:
		r = p.Div(z.expr(t.a), z.expr(t.b))
	case tPow:
		r = p.Pow(z.expr(t.a), z.expr(t.b))
	case tSqrt:
		r = p.Sqrt(z.expr(t.a))
	case tInStream, tActual:
		r = z.expr(t.a)
	case uint8(expr.OpTime):
		r = expr.Time
	case uint8(expr.OpTrue):
		r = expr.True
	case uint8(expr.OpFalse):
		r = expr.False
	case uint8(expr.OpDer):
		r = z.der(z.expr(t.a))
	default:
		args := [3]int32{t.a, t.b, t.c}
		var ids [3]expr.ID
		n := arity(t.op)
		for i := range n {
			ids[i] = z.expr(args[i])
		}
		r = p.Fn(expr.Op(t.op), ids[:n]...)
	}
	z.memo[id] = r
	return r
}

// sum opens the additions below id that nothing else uses and adds once. The buffers
// are stacks: what is below their heights at the start belongs to the sums around.
func (z *sealer) sum(id int32) expr.ID {
	plus, minus := expr.IntNum(1), expr.IntNum(-1)
	low, first := len(z.addends), len(z.ts)
	z.addends = append(z.addends, addend{false, id})
	for len(z.addends) > low {
		x := z.addends[len(z.addends)-1]
		z.addends = z.addends[:len(z.addends)-1]
		t := z.b.terms[x.id]
		if x.id == id || z.refs[x.id] == 1 {
			switch t.op {
			case uint8(expr.OpAdd):
				z.addends = append(z.addends, addend{x.neg, t.b}, addend{x.neg, t.a})
				continue
			case tSub:
				z.addends = append(z.addends, addend{!x.neg, t.b}, addend{x.neg, t.a})
				continue
			case tNeg:
				z.addends = append(z.addends, addend{!x.neg, t.a})
				continue
			}
		}
		k := plus
		if x.neg {
			k = minus
		}
		var e expr.ID
		if t.op == uint8(expr.OpMul) && z.refs[x.id] == 1 {
			var f expr.Num
			f, e = z.factored(x.id)
			k = k.Mul(f)
		} else {
			e = z.expr(x.id)
		}
		z.ks, z.ts = append(z.ks, k), append(z.ts, e)
	}
	e := z.s.Pool.Linear(expr.IntNum(0), z.ks[first:], z.ts[first:])
	z.ks, z.ts = z.ks[:first], z.ts[:first]
	return e
}

func (z *sealer) product(id int32) expr.ID {
	k, t := z.factored(id)
	return z.s.Pool.Scale(k, t)
}

// factored opens the multiplications likewise: the product is k*t.
func (z *sealer) factored(id int32) (k expr.Num, t expr.ID) {
	low, first := len(z.factors), len(z.fs)
	z.factors = append(z.factors, id)
	for len(z.factors) > low {
		x := z.factors[len(z.factors)-1]
		z.factors = z.factors[:len(z.factors)-1]
		f := z.b.terms[x]
		if f.op == uint8(expr.OpMul) && (x == id || z.refs[x] == 1) {
			z.factors = append(z.factors, f.b, f.a)
			continue
		}
		e := z.expr(x)
		z.fs = append(z.fs, e)
	}
	k, t = z.s.Pool.Factored(z.fs[first:]...)
	z.fs = z.fs[:first]
	return k, t
}

// der is the derivative of an expression: of a variable a symbol of its own, of
// anything else by the chain rule.
func (z *sealer) der(e expr.ID) expr.ID {
	p := z.s.Pool
	switch p.Op(e) {
	case expr.OpSym, expr.OpDer:
		return z.dot(e)
	}
	if len(z.b.noises) > 0 {
		return p.Der(e) // the chain rule holds for Ito noise only where structural says so
	}
	return p.TimeDerivative(e, z.dots, z.dot)
}

// dot is the derivative of an atom.
func (z *sealer) dot(a expr.ID) expr.ID {
	p := z.s.Pool
	if p.Op(a) == expr.OpPre {
		return expr.Zero
	}
	if i, ok := z.s.VarOf(a); ok {
		switch z.s.Vars[i].Kind {
		case ParameterVar, ConstantVar, DiscreteVar:
			return expr.Zero
		}
	}
	return p.Der(a)
}

// equations appends what the records say.
func (z *sealer) equations(out []Equation, recs []eqRec) []Equation {
	out = slices.Grow(out, len(recs))
	for _, e := range recs {
		out = append(out, Equation{Lhs: z.expr(e.lhs), Rhs: z.expr(e.rhs), Pos: e.site.pos(), Path: e.comp.path, Connection: e.conn})
	}
	return out
}

func (z *sealer) when(w *whenRec) {
	out := WhenClause{Pos: w.site.pos(), Path: w.comp.path}
	for _, r := range w.branches {
		br := WhenBranch{Conds: []expr.ID{z.expr(r.cond)}, Pos: r.site.pos()}
		for _, a := range r.actions {
			x := Action{Kind: a.kind, Target: expr.None, Value: expr.None, Cond: expr.None, If: expr.None, Message: a.message, Pos: a.site.pos()}
			switch a.kind {
			case SetAction, ReinitAction:
				x.Target, x.Value = z.expr(a.target), z.expr(a.value)
			case AssertAction:
				x.Cond = z.expr(a.value)
			}
			br.Actions = append(br.Actions, x)
		}
		out.Branches = append(out.Branches, br)
	}
	z.s.Whens = append(z.s.Whens, out)
}

// tagValue is the value of a numeric tag: a number or an expression in the parameters
// of the component. Numbers are parsed once per field.
func (z *sealer) tagValue(v *variable, tag int) expr.ID {
	f := v.field
	t := &f.numeric[tag]
	if !t.there {
		return expr.None
	}
	if t.known {
		return t.term
	}
	constant := true
	id, err := z.s.Pool.Parse(t.text, expr.ParseOptions{Symbol: func(name string) (expr.ID, error) {
		id, fixed, err := z.tagName(v, name)
		constant = constant && fixed
		return id, err
	}})
	if err != nil {
		b.found.Add(f.pos, "E147", `give a number or an expression in the parameters of the component, as in value:"2*R"`, "%s tag of %s: %q: %v", numericNames[tag], v.name(), t.text, err)
		id = expr.None
	}
	t.known, t.term = constant, id
	return id
}

// tagName finds a name of a tag: a field of the component, or pi.
func (z *sealer) tagName(v *variable, name string) (id expr.ID, fixed bool, err error) {
	for n := v.node; n != nil; n = n.parent {
		if id, ok := z.findLeaf(n, name); ok {
			return id, false, nil
		}
		if n.plan.component && !n.embedded {
			break
		}
	}
	if name == "pi" || name == "Pi" {
		return z.s.Pool.Float(math.Pi), true, nil
	}
	return expr.None, false, fmt.Errorf("%s is not a parameter of the component", name)
}

func (z *sealer) findLeaf(n *node, name string) (expr.ID, bool) {
	for i := range n.plan.fields {
		f := &n.plan.fields[i]
		if f.goName == name || f.name == name {
			if f.kind == structuralField {
				v := access(n.val.Field(f.index))
				if x, err := strconv.ParseFloat(fmt.Sprint(v.Interface()), 64); err == nil {
					return z.s.Pool.Float(x), true
				}
			}
			if len(n.items[i]) == 1 && n.items[i][0].v != nil {
				return z.memo[n.items[i][0].v.term], true
			}
		}
		for _, it := range n.items[i] {
			if it.n != nil && it.n.embedded {
				if id, ok := z.findLeaf(it.n, name); ok {
					return id, true
				}
			}
		}
	}
	return expr.None, false
}

// values sets the binding and the start value of a variable, from modifications or
// tags.
func (z *sealer) values(v *variable, s *Variable) {
	f := v.field
	isParam := f.role == "param" || f.role == "const"
	tag := z.tagValue(v, valueTag)
	switch {
	case v.bound:
		s.Value = z.expr(v.binding)
	case tag != expr.None && !isParam && f.role != "input":
		b.found.Add(f.pos, "E146", `init:"..." fixes the start value, guess:"..." guesses it`, "%s is an unknown and cannot have a value tag", v.name())
	case tag != expr.None && (isParam || s.Kind == InputVar || !z.named[v.index]):
		s.Value = tag
	}
	init, guess := z.tagValue(v, initTag), z.tagValue(v, guessTag)
	if init != expr.None && isParam {
		b.found.Add(f.pos, "E146", `value:"..." is the default of a parameter; guess:"..." lets initialization find it`, "the parameter %s cannot have an init tag", v.name())
		return
	}
	switch {
	case v.hasStart:
		s.Start, s.Fixed = z.expr(v.start), v.fixed
	case init != expr.None:
		s.Start, s.Fixed = init, FixedTrue
	case guess != expr.None:
		s.Start, s.Fixed = guess, FixedFalse
	}
	if isParam && s.Value != expr.None {
		s.Fixed = FixedDefault
	}
}

var hints = map[string]StateHint{"never": StateNever, "avoid": StateAvoid, "prefer": StatePrefer, "always": StateAlways, "default": StateDefault}

// variable appends a variable to the system.
func (z *sealer) variable(v *variable) {
	f := v.field
	s := Variable{
		Name: z.s.Pool.Name(z.memo[v.term]), Sym: z.memo[v.term],
		Value: expr.None, Start: expr.None, Min: expr.None, Max: expr.None, Nominal: expr.None,
		Unit: f.unit, Desc: f.desc, Display: f.display,
		Pos: f.pos, Path: owner(v.node).path,
	}
	top := owner(v.node) == z.b.top
	switch f.role {
	case "param":
		s.Kind = ParameterVar
	case "const":
		s.Kind = ConstantVar
	case "discrete":
		s.Kind = DiscreteVar
	case "input":
		if top {
			s.Kind = InputVar
		}
	case "output":
		s.Output = top
	}
	z.values(v, &s)
	s.Min, s.Max, s.Nominal = z.tagValue(v, minTag), z.tagValue(v, maxTag), z.tagValue(v, nominalTag)
	switch f.role {
	case "flow", "stream", "input", "output":
		s.Prefix = f.role
	}
	hint, ok := hints[f.state]
	if !ok {
		z.b.found.Add(f.pos, "E147", `write state:"prefer", "avoid", "always" or "never"`, "state tag of %s: %q", s.Name, f.state)
	}
	s.State = hint
	s.Tunable = f.tunable
	if s.Kind != ParameterVar && s.Kind != ConstantVar && s.Kind != InputVar && s.Value != expr.None {
		// An input of a part that was bound by assignment, or by its default: an equation
		// of the component that bound it, or of the one around.
		n := v.boundBy
		if n == nil {
			n = around(owner(v.node))
		}
		z.s.Equations = append(z.s.Equations, Equation{Lhs: s.Sym, Rhs: s.Value, Pos: f.pos, Path: n.path})
		s.Value = expr.None
	}
	z.s.AddVar(s)
}
