package structural

import (
	"math"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// prepare turns the system into working form: constants and structural parameters
// are replaced by their values, der() of a term is expanded by the chain rule and
// der(x) becomes a variable of its own, relations become memory atoms.
func (w *work) prepare() {
	w.assignRoles()
	w.noiseRoles()
	w.parameters()
	if w.list.Errors() > 0 {
		return
	}
	for i := range w.sys.Equations {
		e := &w.sys.Equations[i]
		w.eqs = append(w.eqs, w.translateEquation(e, int32(i), inEquation))
	}
	for i := range w.sys.Initial {
		e := &w.sys.Initial[i]
		w.init = append(w.init, w.translateEquation(e, int32(-2-i), inInitial))
	}
	w.blend()
}

// assignRoles gives every variable of the model its role.
func (w *work) assignRoles() {
	s := w.sys
	set := make([]bool, len(s.Vars)) // assigned by a when-clause
	for _, wc := range s.Whens {
		for _, b := range wc.Branches {
			for _, a := range b.Actions {
				if a.Kind == model.SetAction {
					if i, ok := s.VarOf(a.Target); ok {
						set[i] = true
					}
				}
			}
		}
	}
	for i := range s.Vars {
		v := &s.Vars[i]
		if v.Type == model.StringType {
			continue
		}
		switch v.Kind {
		case model.ParameterVar, model.InputVar, model.ConstantVar:
			// parameters() decides.
		default:
			if set[i] {
				w.addDiscrete(i)
				continue
			}
			k := int32(len(w.vars))
			w.vars = append(w.vars, variable{
				atom: v.Sym, sys: int32(i), typ: v.Type, der: none, integ: none,
				start: expr.None, fixed: v.Fixed == model.FixedTrue, hint: v.State,
			})
			w.setRole(v.Sym, roleVar, k)
		}
	}
}

// parameters orders the bindings of constants and parameters, replaces what must be
// known at compile time by its value, and lists the rest in plan.Params, dependents
// after what they need.
func (w *work) parameters() {
	s, p := w.sys, w.pool
	const (
		fresh = iota
		open
		closed
	)
	state := make([]uint8, len(s.Vars))
	isParam := func(i int) bool {
		v := &s.Vars[i]
		return v.Type != model.StringType && (v.Kind == model.ParameterVar || v.Kind == model.InputVar || v.Kind == model.ConstantVar) && !w.isNoise(v.Sym)
	}
	binding := func(i int) expr.ID {
		v := &s.Vars[i]
		switch {
		case v.Value != expr.None:
			return v.Value
		case v.Fixed == model.FixedFalse && v.Kind == model.ParameterVar:
			return expr.None
		case v.Start != expr.None:
			if v.Kind == model.ParameterVar {
				w.note(v.Pos, "W305", "give it a value", "parameter %s has no value: its start value is used", v.Name)
			}
			return v.Start
		case v.Kind == model.InputVar:
			w.note(v.Pos, "W305", "give it a value, or set it for the run", "input %s has no value and is taken to be 0", v.Name)
			return expr.Zero
		}
		return expr.None
	}
	// What a structural parameter depends on is structural as well.
	structural := make([]bool, len(s.Vars))
	var force func(i int)
	force = func(i int) {
		if structural[i] {
			return
		}
		structural[i] = true
		if v := s.Vars[i].Value; v != expr.None {
			for _, a := range p.Free(v) {
				if j, ok := s.VarOf(a); ok && isParam(j) {
					force(j)
				}
			}
		}
	}
	for i := range s.Vars {
		_, put := w.opt.evaluate[i]
		if isParam(i) && (s.Vars[i].Kind == model.ConstantVar || s.Vars[i].Structural || put) {
			force(i)
		}
	}
	value := map[expr.ID]expr.ID{} // of structural ones
	var visit func(i int) bool
	visit = func(i int) bool {
		v := &s.Vars[i]
		switch state[i] {
		case closed:
			return true
		case open:
			w.list.Add(v.Pos, "E303", "break the cycle by giving one of the parameters a number", "the binding of parameter %s depends on itself", v.Name)
			return false
		}
		state[i] = open
		b := binding(i)
		ok := true
		if b != expr.None {
			for _, a := range p.Free(b) {
				j, known := s.VarOf(a)
				switch {
				case !known || !isParam(j):
					w.list.Add(v.Pos, "E313", "bind it to parameters and numbers only", "the binding of %s %s refers to %s, which is not a parameter", kindName(v.Kind), v.Name, p.Name(a))
					ok = false
				case !visit(j):
					ok = false
				}
			}
		}
		state[i] = closed
		if !ok {
			return false
		}
		if b == expr.None && v.Fixed != model.FixedFalse {
			w.list.Add(v.Pos, "E304", "give it a value, or set it with --set "+v.Name+"=...", "%s %s has no value", kindName(v.Kind), v.Name)
			return false
		}
		if b != expr.None && len(value) > 0 {
			b = w.substitute(b, value)
		}
		if x, given := w.opt.Values[v.Name]; given && v.Kind == model.ParameterVar {
			if _, put := w.opt.evaluate[i]; put {
				b = p.Float(x)
			}
		}
		if structural[i] && b != expr.None {
			x := w.pool.Eval(b, func(expr.ID) (float64, bool) { return 0, false })
			c := b
			if !math.IsNaN(x) && p.Op(b) > expr.OpFalse {
				c = p.Float(x)
			}
			if v.Type == model.BooleanType && p.Op(c) == expr.OpConst {
				c = boolean(x != 0)
			}
			value[v.Sym] = c
			w.known = append(w.known, Assign{Target: v.Sym, Value: c, Eq: -1})
			return true
		}
		w.addParam(Param{Atom: v.Sym, Name: v.Name, Var: i, Value: b})
		return true
	}
	for i := range s.Vars {
		if isParam(i) {
			visit(i)
		}
	}
	w.hyb.constants = value
	if w.list.Errors() > 0 {
		return
	}
	// Start values of everything that has one.
	for i := range s.Vars {
		v := &s.Vars[i]
		r, k := w.roleOf(v.Sym)
		free := r == roleParam && w.plan.Params[k].Value == expr.None && v.Kind == model.ParameterVar
		if _, bound := w.hyb.freeBinding[k]; bound && r == roleParam {
			free = false
		}
		if v.Start == expr.None || !(r == roleVar || r == roleDiscrete || free) {
			continue
		}
		a := w.startParam("start("+v.Name+")", i, w.startTerm(v))
		switch r {
		case roleVar:
			w.vars[k].start = a
		case roleDiscrete:
			w.hyb.discrete[k].start = a
		case roleParam:
			w.hyb.freeStart[k] = a
		}
	}
}

// startTerm checks that a start value is a term in parameters.
func (w *work) startTerm(v *model.Variable) expr.ID {
	t := w.substitute(v.Start, w.hyb.constants)
	bad := expr.None
	w.atoms(t, func(a expr.ID) {
		if r, _ := w.roleOf(a); r != roleParam && bad == expr.None {
			bad = a
		}
	})
	if bad != expr.None {
		w.list.Add(v.Pos, "E313", "use parameters and numbers only, or state an initial equation", "the start value of %s refers to %s, which is not a parameter", v.Name, w.pool.String(bad))
		return expr.Zero
	}
	return t
}

// startParam lists a start value as a parameter.
func (w *work) startParam(name string, sys int, value expr.ID) expr.ID {
	a := w.fresh(name)
	w.addParam(Param{Atom: a, Name: name, Var: sys, Start: true, Value: value})
	return a
}

// addParam lists a parameter. What is bound to a free parameter is free itself; its
// binding becomes an equation of the initialization.
func (w *work) addParam(q Param) {
	if q.Value != expr.None {
		w.atoms(q.Value, func(a expr.ID) {
			if r, i := w.roleOf(a); r == roleParam && w.plan.Params[i].Value == expr.None {
				w.hyb.freeBinding[int32(len(w.plan.Params))] = q.Value
			}
		})
		if _, ok := w.hyb.freeBinding[int32(len(w.plan.Params))]; ok {
			q.Value = expr.None
		}
	}
	x := math.NaN()
	if q.Value != expr.None {
		x = w.number(q.Value)
	}
	if v, given := w.opt.Values[q.Name]; given && !q.Start && q.Value != expr.None {
		x = v
	}
	w.setRole(q.Atom, roleParam, int32(len(w.plan.Params)))
	w.plan.Params = append(w.plan.Params, q)
	w.paramValue = append(w.paramValue, x)
}

func kindName(k model.VarKind) string {
	switch k {
	case model.ConstantVar:
		return "constant"
	case model.InputVar:
		return "input"
	}
	return "parameter"
}

func boolean(b bool) expr.ID {
	if b {
		return expr.True
	}
	return expr.False
}

// context says where a term stands, which decides what its relations mean.
type context uint8

const (
	inEquation  context = iota // relations make events
	inNoEvent                  // relations are evaluated as they stand
	inInitial                  // as inNoEvent; initial() is true
	inCondition                // of a when-clause: relations make events
	inAction                   // within a when-clause: as inNoEvent, pre(x) is allowed for any x
	inSmooth                   // of a term that is continuous: relations are kinks
)

// withoutNoise names the place, where no noise can be in it.
func (c context) withoutNoise() string {
	switch c {
	case inInitial:
		return "an initial equation"
	case inCondition:
		return "the condition of an event"
	case inAction:
		return "an event"
	}
	return ""
}

// events reports whether what jumps is remembered and watched.
func (c context) events() bool { return c == inEquation || c == inCondition || c == inSmooth }

func (w *work) translateEquation(e *model.Equation, src int32, ctx context) equation {
	q := equation{lhs: expr.None, rhs: expr.None, src: src}
	w.hyb.pos = e.Pos
	w.memo.reset()
	l, r := w.translate(e.Lhs, ctx), w.translate(e.Rhs, ctx)
	if w.discreteTyped(l) || w.discreteTyped(r) {
		q.lhs, q.rhs = l, r
	}
	q.res = w.pool.Sub(l, r)
	return q
}

// discreteTyped reports whether a term is Boolean, Integer or of an enumeration.
func (w *work) discreteTyped(e expr.ID) bool {
	op := w.pool.Op(e)
	if op == expr.OpSym {
		if i, ok := w.sys.VarOf(e); ok {
			return w.sys.Vars[i].Type != model.RealType
		}
		r, i := w.roleOf(e)
		return r == roleRelation && w.rels[i].kind == Comparison || r == roleSample
	}
	return op.Info().Bool || op == expr.OpTrue || op == expr.OpFalse
}

// translateWithin translates the argument of noEvent or smooth; where there are no events
// anyway, the context stays.
func (w *work) translateWithin(e expr.ID, ctx, inner context) (r expr.ID) {
	if !ctx.events() {
		return w.translate(e, ctx)
	}
	w.aside(func() { r = w.translate(e, inner) })
	return r
}

// translate replaces everything in e that is not a function of atoms of the plan.
// w.memo holds the results for this context.
func (w *work) translate(e expr.ID, ctx context) expr.ID {
	p := w.pool
	op := p.Op(e)
	switch op {
	case expr.OpConst, expr.OpTrue, expr.OpFalse, expr.OpTime:
		return e
	case expr.OpSym:
		if c, ok := w.hyb.constants[e]; ok {
			return c
		}
		if where := ctx.withoutNoise(); where != "" && w.isNoise(e) {
			w.misplaced(w.hyb.pos, where, p.Name(e))
			return expr.Zero
		}
		return e
	}
	if r, ok := w.memo.get(e); ok {
		return r
	}
	var r expr.ID
	switch op {
	case expr.OpDer:
		x := w.translate(p.Args(e)[0], ctx)
		w.differentiate(x, w.hyb.pos, "a derivative")
		r = w.derivative(x)
	case expr.OpPre:
		r = w.previous(w.translate(p.Args(e)[0], ctx), ctx)
	case expr.OpEdge:
		b := w.translate(p.Args(e)[0], ctx)
		r = p.Fn(expr.OpAnd, b, p.Fn(expr.OpNot, w.previous(b, ctx)))
	case expr.OpChange:
		b := w.translate(p.Args(e)[0], ctx)
		r = p.Fn(expr.OpNe, b, w.previous(b, ctx))
	case expr.OpInitial:
		if r = expr.True; ctx != inInitial {
			r = p.Fn(expr.OpNot, w.started())
		}
	case expr.OpTerminal:
		r = w.terminal()
	case expr.OpSample:
		r = w.sampleAtom(w.translate(p.Args(e)[0], ctx), w.translate(p.Args(e)[1], ctx))
	case expr.OpNoEvent:
		r = w.translateWithin(p.Args(e)[0], ctx, inNoEvent)
	case expr.OpSmooth:
		r = w.translateWithin(p.Args(e)[1], ctx, inSmooth)
	case expr.OpHomotopy:
		r = w.translate(p.Args(e)[0], ctx)
		if w.blending {
			simplified := p.Args(e)[1]
			c := ctx
			if ctx.events() {
				c = inNoEvent
			}
			w.aside(func() { simplified = w.translate(simplified, c) })
			r = w.mixed(r, simplified)
		}
	case expr.OpDelay:
		w.list.Add(w.hyb.pos, "E309", "replace it by a state (a first-order lag or a chain of them)", "delay() is not supported yet")
		r = expr.Zero
	default:
		var buf [16]expr.ID
		args := append(buf[:0], p.Args(e)...)
		changed := false
		for i, a := range args {
			args[i] = w.translate(a, ctx)
			changed = changed || args[i] != a
		}
		if r = e; changed {
			r = p.Rebuild(e, args)
		}
		if ctx.events() {
			switch o := p.Op(r); {
			case o != expr.OpLt && o != expr.OpLe:
				r = w.stepped(r)
			case ctx != inSmooth:
				r = w.relationAtom(r)
			case !w.quiet(r):
				r = w.kink(r)
			}
		} else if ctx == inNoEvent {
			r = w.quietly(r)
		}
	}
	w.memo.put(e, r)
	return r
}
