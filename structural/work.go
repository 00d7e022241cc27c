package structural

import (
	"fmt"
	"math"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/structural/graph"
)

// role says what an atom of the working system is.
type role uint8

const (
	roleNone      role = iota
	roleVar            // an unknown: a node of work.vars
	roleParam          // an entry of the parameter vector
	roleKnown          // an eliminated unknown that is a term in parameters, constant in time
	roleDiscrete       // the present value of a discrete variable
	rolePre            // its previous value
	roleRelation       // memory of a relation, or of another function that jumps
	roleSample         // flag of a sample
	roleWhen           // memory of a when-condition
	roleAuxiliary      // a name that the plan gave to a term
	roleLambda         // the parameter of homotopies in the initial system
	roleNoise          // a white noise, or (index none) its derivative, which does not exist
)

// none is the absent index.
const none = int32(-1)

// variable is an unknown of the working system: a variable of the model or a time
// derivative made a symbol.
type variable struct {
	atom    expr.ID
	sys     int32 // index into Sys.Vars, none for a derivative
	typ     model.ScalarType
	der     int32 // its time derivative
	integ   int32 // the variable whose time derivative it is
	start   expr.ID
	fixed   bool
	hint    model.StateHint
	assumed bool    // the model gives no start value
	pseudo  bool    // another kind of atom, made a variable for the initialization
	known   expr.ID // its value, of a pseudo variable for a term constant in time
	alias   int32   // 1 + index into Sys.Equations of the first equation that made it equal to another, 0: none
}

// equation is 0 = res, or, where target is a variable of a discrete type, lhs = rhs.
type equation struct {
	res      expr.ID
	lhs, rhs expr.ID // of an equation between Boolean, Integer or enumeration terms; else None
	src      int32   // index into Sys.Equations, or minus 2 minus an index into Sys.Initial; of its first ancestor
	from     int32   // 1 + index into plan.Derivations, 0: as the model states it
}

// work is the state that the passes of one analysis share.
type work struct {
	sys  *model.System
	pool *expr.Pool
	opt  Options
	plan *Plan
	list diag.List

	role  []role  // by atom id
	index []int32 // by atom id: into vars, params, ...

	vars []variable
	eqs  []equation
	init []equation

	paramValue []float64 // by index into plan.Params: default values, NaN if free
	known      []Assign  // eliminated unknowns constant in time, in dependency order

	memo   memo   // of rewriting
	memos  []memo // see aside
	degree memo   // of steepTerms
	local  memo
	mark   marks
	lin    affine
	bounds spans // by the attributes of parameters alone
	ranges spans // by those of variables too
	elim   *elimination
	rels   []relation
	relOf  map[relationKey]int32

	hyb hybrid

	lambda   expr.ID           // parameter of homotopies, None where the model has none
	blending bool              // translate puts homotopies into the initial system
	blends   map[int32]blended // by source of the equation

	flowClass map[int32]bool // roots of classes with a flow, for messages

	dropped    map[int32]bool // derivatives that dropped out, and that nothing needs
	repaired   bool           // equations were combined: derivatives may have dropped out
	evaluate   []int32        // parameters whose values the structure depends on: start again with them as numbers
	conversion int32          // variables made by expression substitution
	multiplied []expr.ID      // terms that equations were multiplied with when they were combined

	tangents []tangent // see differentiate

	aux     []auxiliary
	divided map[expr.ID]bool       // see divisors
	torn    map[string]*graph.Torn // small blocks by structure
}

// auxiliary is a name that the plan gave to a term.
type auxiliary struct {
	value    expr.ID
	constant bool
	number   float64 // with default parameters, of a constant one
}

// auxiliary returns an atom that stands for a term.
func (w *work) auxiliary(tag string, value expr.ID) expr.ID {
	a := w.fresh(fmt.Sprintf("$%s%d", tag, len(w.aux)))
	w.setRole(a, roleAuxiliary, int32(len(w.aux)))
	x := auxiliary{value: value, constant: w.constant(value)}
	if x.constant {
		x.number = w.number(value)
	}
	w.aux = append(w.aux, x)
	return a
}

// memo is a dense table from term to term that empties in constant time.
type memo struct {
	stamp []uint32
	val   []expr.ID
	cur   uint32
}

func (m *memo) reset() { m.cur++ }

func (m *memo) get(e expr.ID) (expr.ID, bool) {
	if int(e) < len(m.stamp) && m.stamp[e] == m.cur {
		return m.val[e], true
	}
	return 0, false
}

func (m *memo) put(e, v expr.ID) {
	if int(e) >= len(m.stamp) {
		n := int(e) + int(e)/2 + 64
		m.stamp = append(m.stamp, make([]uint32, n-len(m.stamp))...)
		m.val = append(m.val, make([]expr.ID, n-len(m.val))...)
	}
	m.stamp[e], m.val[e] = m.cur, v
}

// aside runs f with another, empty memo. The memos are kept for the next time: they are as
// long as the pool.
func (w *work) aside(f func()) {
	saved := w.memo
	w.memo = memo{}
	if n := len(w.memos); n > 0 {
		w.memo, w.memos = w.memos[n-1], w.memos[:n-1]
	}
	w.memo.reset()
	f()
	w.memos = append(w.memos, w.memo)
	w.memo = saved
}

// marks is a dense set of terms that empties in constant time.
type marks struct {
	stamp []uint32
	cur   uint32
}

func (m *marks) reset() { m.cur++ }

// add reports whether e was not yet in the set.
func (m *marks) add(e expr.ID) bool {
	if int(e) >= len(m.stamp) {
		m.stamp = append(m.stamp, make([]uint32, int(e)+int(e)/2+64-len(m.stamp))...)
	}
	if m.stamp[e] == m.cur {
		return false
	}
	m.stamp[e] = m.cur
	return true
}

// setRole records what an atom is.
func (w *work) setRole(a expr.ID, r role, i int32) {
	for int(a) >= len(w.role) {
		n := int(a) + int(a)/2 + 64
		w.role = append(w.role, make([]role, n-len(w.role))...)
		w.index = append(w.index, make([]int32, n-len(w.index))...)
	}
	w.role[a], w.index[a] = r, i
}

func (w *work) roleOf(a expr.ID) (role, int32) {
	if int(a) >= len(w.role) {
		return roleNone, none
	}
	return w.role[a], w.index[a]
}

// atoms calls f for each distinct symbol of e and for Time, in depth-first order.
func (w *work) atoms(e expr.ID, f func(expr.ID)) {
	w.mark.reset()
	w.walkAtoms(e, f)
}

func (w *work) walkAtoms(e expr.ID, f func(expr.ID)) {
	op := w.pool.Op(e)
	if op == expr.OpConst || op == expr.OpTrue || op == expr.OpFalse || !w.mark.add(e) {
		return
	}
	if op == expr.OpSym || op == expr.OpTime {
		f(e)
		return
	}
	for _, a := range w.pool.Args(e) {
		w.walkAtoms(a, f)
	}
}

// rewrite rebuilds e with atoms replaced as leaf says. The caller resets w.memo when
// leaf changes.
func (w *work) rewrite(e expr.ID, leaf func(expr.ID) expr.ID) expr.ID {
	p := w.pool
	switch p.Op(e) {
	case expr.OpConst, expr.OpTrue, expr.OpFalse:
		return e
	case expr.OpSym, expr.OpTime:
		return leaf(e)
	}
	if r, ok := w.memo.get(e); ok {
		return r
	}
	var buf [16]expr.ID
	args := append(buf[:0], p.Args(e)...)
	changed := false
	for i, a := range args {
		if b := w.rewrite(a, leaf); b != a {
			args[i] = b
			changed = true
		}
	}
	r := e
	if changed {
		r = p.Rebuild(e, args)
	}
	w.memo.put(e, r)
	return r
}

// substitute replaces atoms by the terms of with.
func (w *work) substitute(e expr.ID, with map[expr.ID]expr.ID) expr.ID {
	w.memo.reset()
	return w.rewrite(e, func(a expr.ID) expr.ID {
		if r, ok := with[a]; ok {
			return r
		}
		return a
	})
}

// derivative returns the total time derivative of e; new derivative variables are
// made on the way.
func (w *work) derivative(e expr.ID) expr.ID {
	return w.pool.TimeDerivative(e, nil, func(a expr.ID) expr.ID {
		switch r, i := w.roleOf(a); {
		case r == roleVar && w.vars[i].typ == model.RealType:
			return w.vars[w.derOf(i)].atom
		case r == roleNoise:
			return w.noiseSlope(a)
		}
		return expr.Zero
	})
}

// derOf returns the variable that is the time derivative of v, new or old.
func (w *work) derOf(v int32) int32 {
	if d := w.vars[v].der; d != none {
		return d
	}
	name := "der(" + w.pool.Name(w.vars[v].atom) + ")"
	d := int32(len(w.vars))
	w.vars = append(w.vars, variable{atom: w.fresh(name), sys: none, der: none, integ: v, start: expr.None})
	w.vars[v].der = d
	w.setRole(w.vars[d].atom, roleVar, d)
	return d
}

// fresh returns a symbol of that name, or of that name with primes if the name is
// in use.
func (w *work) fresh(name string) expr.ID {
	for {
		if a, ok := w.pool.Lookup(name); ok {
			if r, _ := w.roleOf(a); r != roleNone {
				name += "'"
				continue
			}
			if _, ok := w.sys.VarOf(a); ok {
				name += "'"
				continue
			}
			return a
		}
		return w.pool.Sym(name)
	}
}

// constant reports whether e consists of numbers, parameters and known terms.
func (w *work) constant(e expr.ID) bool {
	ok := true
	w.atoms(e, func(a expr.ID) {
		switch r, i := w.roleOf(a); r {
		case roleParam, roleKnown:
		case roleAuxiliary:
			ok = ok && w.aux[i].constant
		default:
			ok = false
		}
	})
	return ok
}

// number is the value of e with default parameters, NaN if it depends on anything
// else or on a parameter without value.
func (w *work) number(e expr.ID) float64 {
	if v, ok := w.pool.Value(e); ok {
		return v.Float()
	}
	return w.pool.Eval(e, func(a expr.ID) (float64, bool) {
		switch r, i := w.roleOf(a); r {
		case roleParam:
			return w.paramValue[i], true
		case roleKnown:
			return w.elim.number[i], true
		case roleAuxiliary:
			return w.aux[i].number, true
		}
		if w.pool.IsAtom(a) {
			return math.NaN(), true
		}
		return 0, false
	})
}

// source is the equation of the model that q comes from, false if it comes from none.
func (w *work) source(q *equation) (*model.Equation, bool) {
	if q.src >= 0 {
		return &w.sys.Equations[q.src], true
	}
	if q.src <= -2 {
		return &w.sys.Initial[-2-q.src], true
	}
	return nil, false
}

func (w *work) pos(q *equation) diag.Pos {
	if s, ok := w.source(q); ok {
		return s.Pos
	}
	return diag.Pos{}
}

// describe is the equation as the user wrote it, behind its position, with how q was
// derived from it.
func (w *work) describe(q *equation) string {
	r := w.residual(q)
	return w.plan.Describe(&r)
}

// name of a variable for messages.
func (w *work) name(v int32) string { return w.pool.Name(w.vars[v].atom) }

func (w *work) residual(q *equation) Residual {
	return Residual{Value: q.res, Eq: max(int(q.src), -1), From: q.from, src: q.src}
}

func (w *work) note(pos diag.Pos, code, next, format string, args ...any) {
	w.plan.Notes = append(w.plan.Notes, diag.Diagnostic{Pos: pos, Code: code, Message: fmt.Sprintf(format, args...), Next: next})
}
