package basemodelica

import (
	"bytes"
	"errors"
	"io"
	"os"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// Load reads a file. See Read.
func Load(path string) (*model.System, diag.List) {
	f, err := os.Open(path)
	if err != nil {
		why := err
		if pe := new(os.PathError); errors.As(err, &pe) {
			why = pe.Err
		}
		return nil, diag.New(diag.Pos{File: path}, "E150", "check the path and that the file can be read", "cannot open the model: %v", why)
	}
	defer f.Close()
	return Read(f, path)
}

// Read reads a flat model in Base Modelica. file is its name in positions. If the
// list holds an error the system must not be compiled; it is nil if there was no model at all.
func Read(r io.Reader, file string) (*model.System, diag.List) {
	var diags diag.List
	src, err := io.ReadAll(r)
	if err != nil {
		return nil, diag.New(diag.Pos{File: file}, "E150", "check that the file can be read", "cannot read the model: %v", err)
	}
	if len(src) > 1<<31-16 {
		return nil, diag.New(diag.Pos{File: file}, "E150", "split the model", "the file is larger than 2 GiB")
	}
	// What is no text at all needs no list of its foreign characters.
	if i := bytes.IndexByte(src, 0); i >= 0 {
		l := newLexer(src, file, &diags)
		return nil, diag.New(l.pos(i), "E151", "give the model as a text in Base Modelica", "the file is no text: it holds a zero byte")
	}
	p := &parser{lexer: newLexer(src, file, &diags)}
	p.t.nodes = make([]node, 0, len(src)/12+16)
	p.t.kids = make([]int32, 0, len(src)/24+16)
	p.parse()
	if p.model == nil {
		if diags.Errors() == 0 {
			diags.Add(diag.Pos{File: file, Line: 1, Col: 1}, "E155", "the file must hold: model NAME ... end NAME;", "no model in the file")
		}
		return nil, finish(diags)
	}
	rd := newReader(p)
	rd.build()
	return rd.sys, finish(diags)
}

// finish sorts, and drops what was said twice of one place.
func finish(l diag.List) diag.List {
	l.Sort()
	out := l[:0]
	for i := range l {
		if n := len(out); n > 0 && out[n-1].Pos == l[i].Pos && out[n-1].Message == l[i].Message {
			continue
		}
		out = append(out, l[i])
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// reader turns the syntax of a file into a system.
type reader struct {
	*parser
	sys  *model.System
	pool *expr.Pool

	types  map[int32]*typeDef
	funcs  map[int32]*function
	comps  []*comp
	byName []*comp // by number of the name
	slab   []comp
	owner  []leafOf // by expr.ID of a symbol

	env     []local           // iterators and variables of the function that is executed
	base    int               // where the present function's locals begin
	inFunc  int               // depth of function calls
	ends    []int             // size of the dimension that `end` means
	level   int               // nesting of eval
	raw     int               // > 0: names mean the variables of the model, not their values in an algorithm
	when    bool              // inside a when-clause
	path    expr.ID           // condition under which the present statement is executed
	branch  *model.WhenBranch // of the when-statement that is executed
	scratch *interpreter      // executing with numbers for it
	flow    flow              // of the algorithm or function that is executed
	inInit  bool              // inside an initial section

	whenSet    map[expr.ID]bool // assigned in a when-clause
	elements   int              // of temporary arrays so far, against maxTemporary
	scalars    int              // of the model, against maxElements
	steps      int              // statements executed at compile time
	stateType  *typeDef         // StateSelect
	levelType  *typeDef         // AssertionLevel
	spoiled    bool             // known failed because of a value that was reported
	depthKnown int              // nested evaluations of parameters
	quiet      int              // > 0: errors are not reported
	forks      int              // rounds of loops that the present call has expanded under conditions
	filePos    string           // file of the last own position
	values     []value          // of nValue nodes
}

// Bounds against inputs that would fill the memory.
const (
	maxElements  = 4_000_000   // of one array, and scalars of a model
	maxTemporary = 100_000_000 // elements of all arrays met while reading
	maxSteps     = 5_000_000   // statements and rounds executed while reading
	maxCalls     = 200         // nested calls
)

type leafOf struct{ comp, leaf int32 }

// local is a name that hides components.
type local struct {
	name int32
	v    *value
	typ  stype
	dims []int   // declared, -1 where any size fits
	set  bool    // has a value; elements of an array may still lack one (expr.None)
	part expr.ID // if v is there and not set: when it is
	ro   bool    // an input or iterator
	comp *comp   // of a model's algorithm
}

func newReader(p *parser) *reader {
	sys := model.NewSystem(p.names[p.model.name])
	r := &reader{
		parser: p, sys: sys, pool: sys.Pool,
		types: map[int32]*typeDef{}, funcs: map[int32]*function{},
		path: expr.True, whenSet: map[expr.ID]bool{},
	}
	r.stateType = builtinEnum("StateSelect", "never", "avoid", "default", "prefer", "always")
	r.levelType = builtinEnum("AssertionLevel", "warning", "error")
	return r
}

func builtinEnum(name string, lits ...string) *typeDef {
	d := &typeDef{name: name, state: 2, enum: lits}
	d.typ = stype{bEnum, d}
	return d
}

// err reports a semantic error at an offset of the source.
func (r *reader) err(off int32, code, next, format string, args ...any) value {
	if r.quiet > 0 {
		return bad()
	}
	if len(*r.diags) < 200 {
		r.diags.Add(r.pos(int(off)), code, next, format, args...)
	}
	return bad()
}

func (r *reader) off(e ref) int32 { return r.t.nodes[e].off }

// build makes the system.
func (r *reader) build() {
	r.defineTypes()
	m := r.model
	for i := range r.consts {
		if r.consts[i].prefix != kConstant {
			r.err(r.consts[i].off, "E156", "declare it constant, or inside the model", "%s stands outside the model and is no constant", r.names[r.consts[i].name])
		}
		r.register(&r.consts[i], true)
	}
	for i := range m.decls {
		r.register(&m.decls[i], false)
	}
	if m.desc >= 0 {
		r.sys.Doc = r.names[m.desc]
	}
	for _, c := range r.comps {
		r.shape(c)
	}
	r.sys.Vars = make([]model.Variable, 0, len(r.owner))
	r.sys.Equations = make([]model.Equation, 0, len(m.eqs))
	for _, c := range r.comps {
		r.declare(c)
	}
	r.inInit = true
	r.parameterEquations(m.paramEq)
	r.sys.Initial = r.equationList(r.sys.Initial, m.initEqs)
	for _, a := range m.initAlg {
		r.sys.Initial = r.algorithm(r.sys.Initial, a)
	}
	r.inInit = false
	r.sys.Equations = r.equationList(r.sys.Equations, m.eqs)
	for _, a := range m.algs {
		r.sys.Equations = r.algorithm(r.sys.Equations, a)
	}
	r.settle()
	r.annotations(m)
}

// room counts n more elements of temporary arrays and reports whether they fit.
func (r *reader) room(n int, off int32) bool {
	if n <= 1 {
		return true
	}
	if n > maxElements || n > maxTemporary-r.elements {
		r.err(off, "E174", "make the arrays and ranges smaller", "arrays have more than %d elements together", maxTemporary)
		return false
	}
	r.elements += n
	return true
}
