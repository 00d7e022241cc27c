package linearize

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// freezer turns a system into the smooth one that is linearized: without events, every
// parameter a number, the inputs functions of time, the analysis points as the study
// wants them.
type freezer struct {
	old   *model.System
	sys   *model.System
	pool  *expr.Pool
	study Study
	at    Point
	m     meaning

	def       map[expr.ID]expr.ID // of frozen atoms: the terms of the model that they stand for
	outputs   []expr.ID           // symbols
	operating []expr.ID           // of the inputs: terms of their values at the point
	calls     [][]expr.ID         // of the inputs: by order of differentiation, by input

	discrete []bool // by variable: set by a when-clause
	moving   []bool // by variable: a parameter that depends on an input
	memo     map[expr.ID]expr.ID
	taken    map[string]bool // functions of the model
}

func newFreezer(sys *model.System, study Study, at Point) *freezer {
	f := &freezer{
		old: sys, sys: model.NewSystem(sys.Name), pool: sys.Pool, study: study, at: at,
		m:   meaning{sys.Pool, at},
		def: map[expr.ID]expr.ID{}, memo: map[expr.ID]expr.ID{},
		discrete: make([]bool, len(sys.Vars)), moving: make([]bool, len(sys.Vars)),
	}
	f.sys.Pool = sys.Pool
	f.taken = calls(sys)
	f.sys.Enums = sys.Enums
	for _, w := range sys.Whens {
		for _, b := range w.Branches {
			for _, a := range b.Actions {
				if i, ok := sys.VarOf(a.Target); ok && a.Kind == model.SetAction {
					f.discrete[i] = true
				}
			}
		}
	}
	for i := range sys.Vars {
		f.discrete[i] = f.discrete[i] || sys.Vars[i].Kind == model.DiscreteVar
	}
	return f
}

// symbol is a symbol that no variable of the model has.
func (f *freezer) symbol(name string) expr.ID {
	for {
		s := f.pool.Sym(name)
		if _, ok := f.old.VarOf(s); !ok {
			return s
		}
		name += "_"
	}
}

// system builds the frozen system.
func (f *freezer) system() *model.System {
	f.inputs()
	for i := range f.old.Vars {
		f.variable(i)
	}
	for i := range f.old.Equations {
		f.equation(&f.old.Equations[i])
	}
	for i := range f.study.Outputs {
		y := f.sys.NewVariable(f.pool.Name(f.symbol(fmt.Sprintf("$y%d", i+1))), model.Unknown)
		y.Start = f.number(f.m.value(f.study.Outputs[i].Term))
		f.sys.AddVar(y)
		f.outputs = append(f.outputs, y.Sym)
		f.def[y.Sym] = f.study.Outputs[i].Term // it may stand for a state that it is equal to
		f.sys.Equations = append(f.sys.Equations, model.Equation{Lhs: y.Sym, Rhs: f.freeze(f.study.Outputs[i].Term)})
	}
	return f.sys
}

// inputs declares a function of time for every input, whose derivative is declared when
// index reduction asks for it, and finds the parameters that depend on inputs.
func (f *freezer) inputs() {
	f.calls = [][]expr.ID{make([]expr.ID, len(f.study.Inputs))}
	for i := range f.study.Inputs {
		in := &f.study.Inputs[i]
		operating := expr.Zero
		if in.Point == "" {
			operating = f.old.Vars[in.Var].Sym
			f.moving[in.Var] = true
		}
		f.operating = append(f.operating, operating)
		f.declare(i, 0)
	}
	looked := slices.Clone(f.moving)
	var depends func(i int) bool
	depends = func(i int) bool {
		v := &f.old.Vars[i]
		if looked[i] || v.Kind != model.ParameterVar || v.Value == expr.None || v.Type != model.RealType || v.Structural {
			return f.moving[i]
		}
		looked[i] = true
		for _, a := range f.pool.Free(v.Value) {
			// A parameter that was set otherwise does not follow its binding.
			if j, ok := f.old.VarOf(a); ok && depends(j) && same(f.m.value(v.Value), f.at.Values[v.Sym]) {
				f.moving[i] = true
			}
		}
		return f.moving[i]
	}
	for i := range f.old.Vars {
		depends(i)
	}
}

func same(a, b float64) bool { return math.Abs(a-b) <= 1e-12*max(math.Abs(a), math.Abs(b)) }

// declare makes the call of derivative k of input i.
func (f *freezer) declare(i, k int) expr.ID {
	name := f.function(i, k)
	value := 0.0
	if k == 0 {
		value = f.m.value(f.operating[i])
	}
	f.pool.DeclareFunc(&expr.Func{
		Name: name, Arity: 1,
		Eval:    func([]float64) float64 { return value },
		Partial: func(*expr.Pool, []expr.ID, int) expr.ID { return f.declare(i, k+1) },
	})
	for len(f.calls) <= k {
		f.calls = append(f.calls, nil)
	}
	// Every order has a call of every input, so that the columns have one layout.
	if len(f.calls[k]) < len(f.study.Inputs) {
		f.calls[k] = make([]expr.ID, len(f.study.Inputs))
	}
	call := f.pool.Call(name, expr.Time)
	if f.calls[k][i] == expr.Zero {
		f.calls[k][i] = call
		if k > 0 {
			for j := range f.study.Inputs {
				if f.calls[k][j] == expr.Zero {
					f.declare(j, k)
				}
			}
		}
	}
	return call
}

// function names derivative k of input i as a function of time, for messages. The calls
// are gone when the pool is used again, so that a name may be declared anew.
func (f *freezer) function(i, k int) string {
	name := f.study.Inputs[i].Name
	if f.study.Inputs[i].Point != "" {
		name = "added at " + name
	}
	for range k {
		name = "der(" + name + ")"
	}
	for f.taken[name] {
		name += "'"
	}
	return name
}

// variable copies variable i into the frozen system.
func (f *freezer) variable(i int) {
	v := f.old.Vars[i]
	v.Fixed, v.Output = model.FixedDefault, false
	value, known := f.at.Values[v.Sym]
	if v.Type == model.StringType || v.Kind == model.ConstantVar || v.Structural {
		f.sys.AddVar(v)
		return
	}
	switch {
	case f.moving[i]:
		q := model.Equation{Lhs: v.Sym, Pos: v.Pos, Path: v.Path}
		if k := slices.IndexFunc(f.study.Inputs, func(in Input) bool { return in.Point == "" && in.Var == i }); k >= 0 {
			q.Rhs = f.calls[0][k]
		} else {
			q.Rhs = f.freeze(v.Value)
		}
		f.sys.Equations = append(f.sys.Equations, q)
		v.Kind, v.Value, v.Start = model.Unknown, expr.None, f.number(value)
	case v.Kind == model.Unknown && !f.discrete[i]:
		v.Start = expr.None
		if known {
			v.Start = f.typed(v.Type, value)
		}
	default:
		v.Kind, v.Start, v.Value = model.ParameterVar, expr.None, f.typed(v.Type, value)
	}
	f.sys.AddVar(v)
}

// number is a term with that value; what is not finite starts at 0.
func (f *freezer) number(v float64) expr.ID {
	if v-v != 0 {
		return expr.Zero
	}
	return f.pool.Float(v)
}

func (f *freezer) typed(t model.ScalarType, v float64) expr.ID {
	if t == model.BooleanType {
		if v != 0 {
			return expr.True
		}
		return expr.False
	}
	return f.number(v)
}

// equation copies an equation; at an analysis point the study may cut it, or add an
// input to it.
func (f *freezer) equation(q *model.Equation) {
	e := *q
	e.Lhs, e.Rhs = f.freeze(q.Lhs), f.freeze(q.Rhs)
	if q.Point != "" {
		if slices.Contains(f.study.Open, q.Point) {
			e.Rhs = f.atom("held", q.Lhs)
		}
		for i := range f.study.Inputs {
			if f.study.Inputs[i].Point == q.Point {
				e.Rhs = f.pool.Add(e.Rhs, f.calls[0][i])
			}
		}
	}
	f.sys.Equations = append(f.sys.Equations, e)
}

// atom is a new parameter that holds the value of a term of the model at the point.
func (f *freezer) atom(what string, term expr.ID) expr.ID {
	if len(f.pool.Atoms(term)) == 0 {
		return term // it is the same at every point
	}
	name := what + "(" + f.pool.Text(term, expr.TextOptions{Symbol: f.pool.Name, Limit: 200}) + ")"
	sym := f.symbol(name)
	for _, again := f.def[sym]; again; _, again = f.def[sym] {
		name += "'"
		sym = f.symbol(name)
	}
	v := f.sys.NewVariable(f.pool.Name(sym), model.ParameterVar)
	if f.pool.Op(term).Info().Bool {
		v.Type = model.BooleanType
	} else if i, ok := f.old.VarOf(term); ok {
		v.Type, v.EnumName = f.old.Vars[i].Type, f.old.Vars[i].EnumName
	}
	v.Value = f.typed(v.Type, f.m.value(term))
	f.sys.AddVar(v)
	f.def[v.Sym] = term
	return v.Sym
}

// freeze replaces what only changes at events by what it is at the point.
func (f *freezer) freeze(e expr.ID) expr.ID {
	p := f.pool
	op := p.Op(e)
	switch op {
	case expr.OpConst, expr.OpTrue, expr.OpFalse, expr.OpSym, expr.OpTime:
		return e
	}
	if r, ok := f.memo[e]; ok {
		return r
	}
	args := p.Args(e)
	var r expr.ID
	switch op {
	case expr.OpLt, expr.OpLe, expr.OpEq, expr.OpNe:
		r = f.atom("if", e)
	case expr.OpPre:
		r = f.atom("pre", args[0])
	case expr.OpEdge, expr.OpChange, expr.OpSample, expr.OpInitial, expr.OpTerminal:
		r = expr.False
	case expr.OpNoEvent, expr.OpHomotopy:
		r = f.freeze(args[0])
	case expr.OpSmooth:
		r = f.freeze(args[1])
	case expr.OpSign, expr.OpFloor, expr.OpCeil, expr.OpQuo:
		r = f.atom("fixed", e)
	case expr.OpAbs: // the side of a kink is that of the point
		x := f.freeze(args[0])
		r = p.If(f.atom("if", p.Fn(expr.OpLt, args[0], expr.Zero)), p.Neg(x), x)
	case expr.OpMin, expr.OpMax:
		x, y := f.freeze(args[0]), f.freeze(args[1])
		lo, hi := args[0], args[1]
		if op == expr.OpMax {
			lo, hi = hi, lo
		}
		r = p.If(f.atom("if", p.Fn(expr.OpLe, lo, hi)), x, y)
	case expr.OpMod, expr.OpRem: // x - n*y
		x, y := f.freeze(args[0]), f.freeze(args[1])
		n := p.Fn(expr.OpFloor, p.Div(args[0], args[1]))
		if op == expr.OpRem {
			n = p.Fn(expr.OpQuo, args[0], args[1])
		}
		r = p.Sub(x, p.Mul(f.atom("fixed", n), y))
	default:
		args = slices.Clone(args)
		for i, a := range args {
			args[i] = f.freeze(a)
		}
		r = p.Rebuild(e, args)
	}
	f.memo[e] = r
	return r
}

// meaning evaluates terms of the model at a point.
type meaning struct {
	pool *expr.Pool
	at   Point
}

// value of a term, NaN where the point does not say it.
func (m meaning) value(e expr.ID) float64 {
	return m.pool.Eval(e, func(t expr.ID) (float64, bool) {
		switch m.pool.Op(t) {
		case expr.OpSym:
			v, ok := m.at.Values[t]
			return v, ok
		case expr.OpTime:
			return m.at.T, true
		case expr.OpDer:
			return m.derivative(m.pool.Args(t)[0], 1), true
		case expr.OpPre, expr.OpNoEvent, expr.OpHomotopy:
			return m.value(m.pool.Args(t)[0]), true
		case expr.OpSmooth:
			return m.value(m.pool.Args(t)[1]), true
		case expr.OpEdge, expr.OpChange, expr.OpSample, expr.OpInitial, expr.OpTerminal:
			return 0, true
		}
		return 0, false
	})
}

// derivative is the derivative of e of that order.
func (m meaning) derivative(e expr.ID, order int) float64 {
	for m.pool.Op(e) == expr.OpDer {
		e = m.pool.Args(e)[0]
		order++
	}
	if name := m.pool.Name(e); name != "" {
		if s, ok := m.pool.Lookup(strings.Repeat("der(", order) + name + strings.Repeat(")", order)); ok {
			if v, ok := m.at.Values[s]; ok {
				return v
			}
		}
		return math.NaN()
	}
	for range order {
		e = m.pool.TimeDerivative(e, nil, func(a expr.ID) expr.ID { return m.pool.Der(a) })
	}
	return m.value(e)
}

// missing names the derivatives in a term that the point does not say.
func (m meaning) missing(e expr.ID) []string {
	var names []string
	m.pool.Walk(e, map[expr.ID]bool{}, nil, func(t expr.ID) {
		if m.pool.Op(t) != expr.OpDer || !math.IsNaN(m.derivative(t, 0)) {
			return
		}
		order := 0
		for m.pool.Op(t) == expr.OpDer {
			t = m.pool.Args(t)[0]
			order++
		}
		if name := m.pool.Name(t); name != "" {
			names = append(names, strings.Repeat("der(", order)+name+strings.Repeat(")", order))
		}
	})
	return names
}

// calls names the functions that the equations of a system call.
func calls(sys *model.System) map[string]bool {
	names, seen := map[string]bool{}, map[expr.ID]bool{}
	for i := range sys.Equations {
		for _, e := range []expr.ID{sys.Equations[i].Lhs, sys.Equations[i].Rhs} {
			sys.Pool.Walk(e, seen, nil, func(t expr.ID) {
				if sys.Pool.Op(t) == expr.OpCall {
					fn, _ := sys.Pool.Callee(t)
					names[fn.Name] = true
				}
			})
		}
	}
	for i := range sys.Vars { // bindings of parameters call functions too
		if e := sys.Vars[i].Value; e != expr.None {
			sys.Pool.Walk(e, seen, nil, func(t expr.ID) {
				if sys.Pool.Op(t) == expr.OpCall {
					fn, _ := sys.Pool.Callee(t)
					names[fn.Name] = true
				}
			})
		}
	}
	return names
}
