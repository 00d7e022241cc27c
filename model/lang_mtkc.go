//go:build mtkc

package model

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
)

// This file is the language while a model's program builds the flat system: Real is a
// symbol. frontend/gosrc writes the calls of the Op functions; nobody else should.

// Real is a term of the model under construction; the zero Real is the number 0.
type Real struct{ id int32 }

// Bool is a condition; the zero Bool is false.
type Bool struct{ id int32 }

type (
	Param    = Real
	Flow     = Real
	Input    = Real
	Output   = Real
	Discrete = Real
	Stream   = Real
	Const    = Real
)

// Operators of terms beyond those of expr.
const (
	tSub = 128 + iota
	tDiv
	tNeg
	tPow
	tSqrt
	tInStream
	tActual
	tNoise
)

// term is a node of the arena: op and arguments, which come earlier. Constants have
// their index in nums in a, variables theirs in vars.
type term struct {
	op      uint8
	a, b, c int32
}

// builder is the state of the one model that this program builds.
type builder struct {
	terms []term
	nums  []expr.Num
	vars  []*variable
	slab  []variable // room for more of them
	numAt map[expr.Num]int32

	top        *node
	comp       *node // the component whose method runs
	phase      phase
	registered map[nodeKey]*node

	equations  []eqRec
	initial    []eqRec
	whens      []*whenRec
	branch     *branchRec
	lastWhen   *whenRec
	asserts    []actionRec
	reactions  []*reactRec
	links      []link
	points     []pointRec
	pointNames map[string]bool
	noises     []noiseRec
	replaced   []int32 // by term: what InStream and ActualStream became, 0 elsewhere
	args       []*argument
	open       int // loose variables that no part holds yet
	found      diag.List
}

type phase uint8

const (
	structurePhase phase = iota
	equationPhase
)

type eqRec struct {
	lhs, rhs int32
	site     OpSite
	comp     *node
	conn     bool
}

// pointRec says that an equation is a connection at an analysis point.
type pointRec struct {
	eq   int // index into equations
	name string
}

// noiseRec is a call of Noise or StratonovichNoise.
type noiseRec struct {
	term         int32
	comp         *node
	site         OpSite
	stratonovich bool
}

type whenRec struct {
	branches []*branchRec
	comp     *node
	site     OpSite
}

type branchRec struct {
	cond    int32
	actions []actionRec
	site    OpSite
}

type actionRec struct {
	kind    ActionKind
	target  int32
	value   int32
	message string
	site    OpSite
	comp    *node
}

// b is the model under construction. Id 0 is the value of a Real that nothing was
// assigned to, the number 0.
var b = &builder{
	terms: []term{{}}, nums: []expr.Num{expr.IntNum(0)},
	numAt: map[expr.Num]int32{}, pointNames: map[string]bool{}, registered: map[nodeKey]*node{},
}

// handover is where the flat system goes. What a model prints must not get into it,
// so that its standard output is standard error from the start.
var handover = os.Stdout

func init() { os.Stdout = os.Stderr }

func (b *builder) add(op uint8, args ...int32) int32 {
	t := term{op: op}
	switch len(args) {
	case 3:
		t.c = args[2]
		fallthrough
	case 2:
		t.b = args[1]
		fallthrough
	case 1:
		t.a = args[0]
	}
	if len(b.terms) == cap(b.terms) {
		b.terms = slices.Grow(b.terms, len(b.terms)) // double: append grows large slices by a quarter
	}
	b.terms = append(b.terms, t)
	return int32(len(b.terms) - 1)
}

func (b *builder) num(v expr.Num) int32 {
	if i, ok := b.numAt[v]; ok {
		return i
	}
	i := b.add(uint8(expr.OpConst), int32(len(b.nums)))
	b.nums = append(b.nums, v)
	b.numAt[v] = i
	return i
}

// OpConst is the number v as a term.
func OpConst(v float64) Real { return Real{b.num(expr.FloatNum(v))} }

// OpRat is the exact number n/d as a term.
func OpRat(n, d int64) Real { return Real{b.num(expr.RatNum(n, d))} }

// OpBool is a Go condition as a term.
func OpBool(v bool) Bool {
	if v {
		return Bool{b.add(uint8(expr.OpTrue))}
	}
	return Bool{b.add(uint8(expr.OpFalse))}
}

// String shows a term in what a model prints while it is built.
func (x Real) String() string { return b.text(x.id) }

// String shows a condition in what a model prints while it is built.
func (c Bool) String() string { return b.text(c.id) }

func OpAdd(x, y Real) Real { return Real{b.add(uint8(expr.OpAdd), x.id, y.id)} }
func OpSub(x, y Real) Real { return Real{b.add(tSub, x.id, y.id)} }
func OpMul(x, y Real) Real { return Real{b.add(uint8(expr.OpMul), x.id, y.id)} }
func OpDiv(x, y Real) Real { return Real{b.add(tDiv, x.id, y.id)} }
func OpNeg(x Real) Real    { return Real{b.add(tNeg, x.id)} }

func OpAddTo(x *Real, y Real) { *x = OpAdd(*x, y) }
func OpSubTo(x *Real, y Real) { *x = OpSub(*x, y) }
func OpMulTo(x *Real, y Real) { *x = OpMul(*x, y) }
func OpDivTo(x *Real, y Real) { *x = OpDiv(*x, y) }

func OpLess(x, y Real) Bool      { return Bool{b.add(uint8(expr.OpLt), x.id, y.id)} }
func OpLessEq(x, y Real) Bool    { return Bool{b.add(uint8(expr.OpLe), x.id, y.id)} }
func OpGreater(x, y Real) Bool   { return OpLess(y, x) }
func OpGreaterEq(x, y Real) Bool { return OpLessEq(y, x) }
func OpEqual(x, y Real) Bool     { return Bool{b.add(uint8(expr.OpEq), x.id, y.id)} }
func OpNotEqual(x, y Real) Bool  { return Bool{b.add(uint8(expr.OpNe), x.id, y.id)} }
func OpAnd(x, y Bool) Bool       { return Bool{b.add(uint8(expr.OpAnd), b.truth(x), b.truth(y))} }
func OpOr(x, y Bool) Bool        { return Bool{b.add(uint8(expr.OpOr), b.truth(x), b.truth(y))} }
func OpNot(x Bool) Bool          { return Bool{b.add(uint8(expr.OpNot), b.truth(x))} }
func OpSame(x, y Bool) Bool      { return OpNot(OpDiffer(x, y)) }
func OpDiffer(x, y Bool) Bool {
	return OpOr(OpAnd(x, OpNot(y)), OpAnd(OpNot(x), y))
}

// truth is the term of a condition; the zero Bool shares its id with the number 0.
func (b *builder) truth(c Bool) int32 {
	if c.id == 0 {
		return b.add(uint8(expr.OpFalse))
	}
	return c.id
}

// OpField reads a field or an element. In the structure phase one that has no symbol
// yet gets a symbol without an owner, which the part that holds it claims later.
func OpField(p *Real) Real {
	if p.id == 0 && b.phase == structurePhase {
		v := b.newVar()
		v.loose, v.origin = true, p
		b.open++
		*p = Real{v.term}
	}
	return *p
}

// OpSite is the place of a statement in the source.
type OpSite struct {
	File      string
	Line, Col int
}

// OpAt is the place at which the next method is called.
func OpAt(file string, line, col int) OpSite { return OpSite{file, line, col} }

func (s OpSite) pos() diag.Pos { return diag.Pos{File: s.File, Line: s.Line, Col: s.Col} }

// caller is the place of the call of an exported function of this file.
func caller() OpSite {
	_, file, line, _ := runtime.Caller(2)
	return OpSite{File: file, Line: line}
}

func (s OpSite) fail(code, next, format string, args ...any) {
	d := b.found.Add(s.pos(), code, next, format, args...)
	if b.comp != nil && b.comp.path != "" {
		d.Notes = append(d.Notes, diag.Note{Text: "in " + b.comp.path})
	}
}

// outside checks that a statement is in Equations and not in a when-clause.
func (s OpSite) outside(name string) bool {
	switch {
	case b.branch != nil:
		s.fail("E130", "within When use Set, Reinit, Terminate and Assert; equations with a condition use If", "%s within When", name)
	case b.phase != equationPhase:
		s.fail("E131", "state it in Equations", "%s in Structure", name)
	default:
		return true
	}
	return false
}

func (s OpSite) Eq(x, y Real) {
	if s.outside("Eq") {
		b.equations = append(b.equations, eqRec{x.id, y.id, s, b.comp, false})
	}
}

func (s OpSite) Initial(x, y Real) {
	if s.outside("Initial") {
		b.initial = append(b.initial, eqRec{x.id, y.id, s, b.comp, false})
	}
}

// attribute finds the variable of Start and Guess, and whether x is its derivative.
func (s OpSite) attribute(name string, x Real) (v *variable, der bool) {
	if b.branch != nil {
		s.fail("E130", "within When use Reinit", "%s within When", name)
		return nil, false
	}
	id := x.id
	t := b.at(id)
	if t.op == uint8(expr.OpDer) {
		der = true
	} else if t.op == uint8(expr.OpSym) {
		return b.vars[t.a].resolve(), false
	}
	if !der {
		s.fail("E132", "give it a variable; for an expression state Initial(expression, value)", "%s of something that is not a variable of the model", name)
	}
	return nil, der
}

func (b *builder) at(id int32) term {
	if int(id) >= len(b.terms) {
		return term{}
	}
	return b.terms[id]
}

func (s OpSite) Start(x, v Real) {
	y, der := s.attribute("Start", x)
	if der {
		b.initial = append(b.initial, eqRec{x.id, v.id, s, b.comp, false})
	} else if y != nil && !y.startOuter(b.comp) {
		y.start, y.fixed, y.hasStart, y.startBy = v.id, FixedTrue, true, b.comp
	}
}

func (s OpSite) Guess(x, v Real) {
	y, der := s.attribute("Guess", x)
	if der {
		s.fail("E132", "guess the variable itself", "Guess of a derivative")
	} else if y != nil && !y.startOuter(b.comp) {
		y.start, y.fixed, y.hasStart, y.startBy = v.id, FixedFalse, true, b.comp
	}
}

func (s OpSite) when(name string, cond int32, do func(), w *whenRec) {
	if !s.outside(name) {
		return
	}
	if w == nil {
		w = &whenRec{comp: b.comp, site: s}
		b.whens = append(b.whens, w)
	}
	r := &branchRec{cond: cond, site: s}
	w.branches = append(w.branches, r)
	b.lastWhen, b.branch = w, r
	do()
	b.branch = nil
}

func (s OpSite) When(cond Bool, do func()) { s.when("When", b.truth(cond), do, nil) }

func (s OpSite) ElseWhen(cond Bool, do func()) {
	if b.lastWhen == nil || b.lastWhen.comp != b.comp {
		s.fail("E133", "put it directly after the When it belongs to", "ElseWhen without When")
		return
	}
	s.when("ElseWhen", b.truth(cond), do, b.lastWhen)
}

func (s OpSite) At(t Real, do func()) { s.when("At", OpGreaterEq(Time(), t).id, do, nil) }

func (s OpSite) Every(dt Real, do func()) {
	c := s.Clock(dt)
	s.when("Every", b.add(uint8(expr.OpSample), c.start, c.interval), do, nil)
}

// Ticks are the terms of the first instant and the interval; the zero Ticks never tick.
type Ticks struct{ start, interval int32 }

func Clock(interval Real) Ticks { return caller().Clock(interval) }

func (s OpSite) Clock(interval Real) Ticks {
	if t := b.at(interval.id); t.op == uint8(expr.OpConst) && !(b.nums[t.a].Float() > 0) {
		s.fail("E137", "give the time between two ticks, in seconds", "a clock with the interval %s", b.text(interval.id))
	}
	return Ticks{0, interval.id}
}

func (c Ticks) Sub(n int) Ticks {
	if n < 1 {
		caller().fail("E137", "give a factor of 1 or more", "a clock with every tick number %d of another", n)
		return c
	}
	return Ticks{c.start, OpMul(OpConst(float64(n)), Real{c.interval}).id}
}

func (c Ticks) Super(n int) Ticks {
	if n < 1 {
		caller().fail("E137", "give a factor of 1 or more", "a clock with %d ticks for one of another", n)
		return c
	}
	return Ticks{c.start, OpDiv(Real{c.interval}, OpConst(float64(n))).id}
}

func (c Ticks) Shift(k, n int) Ticks {
	if n < 1 {
		caller().fail("E137", "give a denominator of 1 or more", "a clock shifted by %d/%d of its interval", k, n)
		return c
	}
	return Ticks{OpAdd(Real{c.start}, OpMul(OpRat(int64(k), int64(n)), Real{c.interval})).id, c.interval}
}

func (c Ticks) Interval() Real { return Real{c.interval} }

func (s OpSite) Clocked(c Ticks, do func()) {
	if c == (Ticks{}) {
		s.fail("E137", "set it to Clock(interval), or to a clock derived from one", "a clock that was never set")
		return
	}
	s.when("Clocked", b.add(uint8(expr.OpSample), c.start, c.interval), do, nil)
}

// action adds a statement to the open when-clause.
func (s OpSite) action(name string, a actionRec) {
	if b.branch == nil {
		s.fail("E134", "put it into the function given to When, At, Every or Clocked", "%s outside of When", name)
		return
	}
	a.site, a.comp = s, b.comp
	b.branch.actions = append(b.branch.actions, a)
}

func (s OpSite) Set(x, v Real) {
	t := b.at(x.id)
	if t.op != uint8(expr.OpSym) || b.vars[t.a].resolve().role() != "discrete" {
		s.fail("E135", "declare the variable as Discrete, or restart a state with Reinit", "Set of %s, which is not a discrete variable", b.text(x.id))
		return
	}
	s.action("Set", actionRec{kind: SetAction, target: x.id, value: v.id})
}

func (s OpSite) Reinit(x, v Real) {
	t := b.at(x.id)
	ok := t.op == uint8(expr.OpSym)
	if ok {
		switch b.vars[t.a].resolve().role() {
		case "discrete", "param", "const":
			ok = false
		}
	} else if t.op == uint8(expr.OpDer) {
		ok = false
	}
	if !ok {
		s.fail("E136", "Reinit restarts a state, a variable whose derivative occurs; a discrete variable takes a value with Set", "Reinit of %s, which is not a continuous variable", b.text(x.id))
		return
	}
	s.action("Reinit", actionRec{kind: ReinitAction, target: x.id, value: v.id})
}

func (s OpSite) Terminate(message string) {
	s.action("Terminate", actionRec{kind: TerminateAction, message: message})
}

func (s OpSite) Assert(cond Bool, message string) {
	a := actionRec{kind: AssertAction, value: b.truth(cond), message: message, site: s, comp: b.comp}
	if b.branch != nil {
		b.branch.actions = append(b.branch.actions, a)
	} else if s.outside("Assert") {
		b.asserts = append(b.asserts, a)
	}
}

func (s OpSite) Connect(x any, y ...any) {
	if s.outside("Connect") {
		b.connect(s, x, y)
	}
}

func (s OpSite) AnalysisPoint(name string, out Real, in ...Real) {
	if s.outside("AnalysisPoint") {
		b.analysisPoint(s, name, out, in)
	}
}

func (s OpSite) Noise() Real             { return b.noise(s, false) }
func (s OpSite) StratonovichNoise() Real { return b.noise(s, true) }

func (b *builder) noise(s OpSite, stratonovich bool) Real {
	t := b.add(tNoise)
	b.noises = append(b.noises, noiseRec{t, b.comp, s, stratonovich})
	return Real{t}
}

// The statements under their own names are for function values: what is called
// directly comes through OpAt and knows its column.

func Eq(x, y Real)                                    { caller().Eq(x, y) }
func Connect(x any, y ...any)                         { caller().Connect(x, y...) }
func Initial(x, y Real)                               { caller().Initial(x, y) }
func AnalysisPoint(name string, out Real, in ...Real) { caller().AnalysisPoint(name, out, in...) }
func Start(x, v Real)                                 { caller().Start(x, v) }
func Guess(x, v Real)                                 { caller().Guess(x, v) }
func When(cond Bool, do func())                       { caller().When(cond, do) }
func ElseWhen(cond Bool, do func())                   { caller().ElseWhen(cond, do) }
func At(t Real, do func())                            { caller().At(t, do) }
func Every(dt Real, do func())                        { caller().Every(dt, do) }
func Clocked(c Ticks, do func())                      { caller().Clocked(c, do) }
func Set(x, v Real)                                   { caller().Set(x, v) }
func Reinit(x, v Real)                                { caller().Reinit(x, v) }
func Terminate(message string)                        { caller().Terminate(message) }
func Assert(cond Bool, message string)                { caller().Assert(cond, message) }

func Der(x Real) Real { return Real{b.add(uint8(expr.OpDer), x.id)} }
func Time() Real      { return Real{b.add(uint8(expr.OpTime))} }
func If(cond Bool, x, y Real) Real {
	return Real{b.add(uint8(expr.OpIf), b.truth(cond), x.id, y.id)}
}
func Pre(x Real) Real          { return Real{b.add(uint8(expr.OpPre), x.id)} }
func InStream(h Real) Real     { return caller().InStream(h) }
func ActualStream(h Real) Real { return caller().ActualStream(h) }
func Delay(x, tau Real) Real   { return Real{b.add(uint8(expr.OpDelay), x.id, tau.id)} }
func Noise() Real              { return caller().Noise() }
func StratonovichNoise() Real  { return caller().StratonovichNoise() }
func NoEvent(x Real) Real      { return Real{b.add(uint8(expr.OpNoEvent), x.id)} }
func Smooth(order int, x Real) Real {
	return Real{b.add(uint8(expr.OpSmooth), OpConst(float64(order)).id, x.id)}
}
func Homotopy(actual, simplified Real) Real {
	return Real{b.add(uint8(expr.OpHomotopy), actual.id, simplified.id)}
}

// Func is diagnosed by frontend/gosrc before a model's program is built.
func Func(name string, f func(args ...float64) float64) func(args ...Real) Real {
	panic(fmt.Sprintf("Func(%q): a numeric Go function cannot become part of a flat model", name))
}

func fn1(op expr.Op, x Real) Real { return Real{b.add(uint8(op), x.id)} }

func Sin(x Real) Real      { return fn1(expr.OpSin, x) }
func Cos(x Real) Real      { return fn1(expr.OpCos, x) }
func Tan(x Real) Real      { return fn1(expr.OpTan, x) }
func Asin(x Real) Real     { return fn1(expr.OpAsin, x) }
func Acos(x Real) Real     { return fn1(expr.OpAcos, x) }
func Atan(x Real) Real     { return fn1(expr.OpAtan, x) }
func Atan2(y, x Real) Real { return Real{b.add(uint8(expr.OpAtan2), y.id, x.id)} }
func Sinh(x Real) Real     { return fn1(expr.OpSinh, x) }
func Cosh(x Real) Real     { return fn1(expr.OpCosh, x) }
func Tanh(x Real) Real     { return fn1(expr.OpTanh, x) }
func Asinh(x Real) Real    { return fn1(expr.OpAsinh, x) }
func Acosh(x Real) Real    { return fn1(expr.OpAcosh, x) }
func Atanh(x Real) Real    { return fn1(expr.OpAtanh, x) }
func Exp(x Real) Real      { return fn1(expr.OpExp, x) }
func Log(x Real) Real      { return fn1(expr.OpLog, x) }
func Log10(x Real) Real    { return fn1(expr.OpLog10, x) }
func Sqrt(x Real) Real     { return Real{b.add(tSqrt, x.id)} }
func Pow(x, y Real) Real   { return Real{b.add(tPow, x.id, y.id)} }
func Abs(x Real) Real      { return fn1(expr.OpAbs, x) }
func Sign(x Real) Real     { return fn1(expr.OpSign, x) }
func Floor(x Real) Real    { return fn1(expr.OpFloor, x) }
func Ceil(x Real) Real     { return fn1(expr.OpCeil, x) }
func Mod(x, y Real) Real   { return Real{b.add(uint8(expr.OpMod), x.id, y.id)} }

func Min(x Real, more ...Real) Real {
	for _, y := range more {
		x = Real{b.add(uint8(expr.OpMin), x.id, y.id)}
	}
	return x
}

func Max(x Real, more ...Real) Real {
	for _, y := range more {
		x = Real{b.add(uint8(expr.OpMax), x.id, y.id)}
	}
	return x
}

func Sum(x []Real) Real {
	var s Real
	for _, y := range x {
		s = OpAdd(s, y)
	}
	return s
}

// text prints a term for messages, to a limited depth.
func (b *builder) text(id int32) string { return b.textDepth(id, 6) }

func (b *builder) textDepth(id int32, depth int) string {
	t := b.at(id)
	if depth == 0 {
		return "..."
	}
	arg := func(i int32) string { return b.textDepth(i, depth-1) }
	infix := func(op string) string { return "(" + arg(t.a) + op + arg(t.b) + ")" }
	switch t.op {
	case uint8(expr.OpConst):
		f := b.nums[t.a].Float()
		if f == math.Trunc(f) {
			return fmt.Sprintf("%.0f", f)
		}
		return fmt.Sprint(f)
	case uint8(expr.OpSym):
		v := b.vars[t.a].resolve()
		if v.node == nil {
			return "a variable of no part"
		}
		return v.name()
	case uint8(expr.OpTime), uint8(expr.OpTrue), uint8(expr.OpFalse):
		return expr.Op(t.op).String()
	case uint8(expr.OpAdd):
		return infix(" + ")
	case tSub:
		return infix(" - ")
	case uint8(expr.OpMul):
		return infix("*")
	case tDiv:
		return infix("/")
	case tNeg:
		return "-" + arg(t.a)
	case tPow:
		return infix("^")
	case tSqrt:
		return "sqrt(" + arg(t.a) + ")"
	case tNoise:
		return "Noise()"
	case tInStream:
		return "inStream(" + arg(t.a) + ")"
	case tActual:
		return "actualStream(" + arg(t.a) + ")"
	case uint8(expr.OpLt), uint8(expr.OpLe), uint8(expr.OpEq), uint8(expr.OpNe), uint8(expr.OpAnd), uint8(expr.OpOr):
		return infix(" " + expr.Op(t.op).String() + " ")
	}
	info := expr.Op(t.op).Info()
	s := info.Name + "(" + arg(t.a)
	if info.Arity > 1 {
		s += ", " + arg(t.b)
	}
	if info.Arity > 2 {
		s += ", " + arg(t.c)
	}
	return s + ")"
}
