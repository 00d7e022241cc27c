// Package gogen writes a program as Go source: a file that imports only the runtime and
// package math, for a model that is compiled ahead of time and needs no compiler where
// it runs.
//
// In: a backend.Program. Out: one gofmt-clean file with the parameters as a struct, the
// states as constants, the kernels in the names of the model, and a function that
// returns the ode.Problem. The order of operations is that of package backend, so the
// results agree with the vm to the last bits of the elementary functions. The same
// program and options give the same bytes.
package gogen

import (
	"fmt"
	"strings"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/runtime/ode"
)

// Options choose the names in the file.
type Options struct {
	Package string // of the file; "": the model's name in lower case
	Model   string // prefix of all names at the package level; "": the model's name
	// Dedicated drops the prefix: the package holds this model alone, and its interface
	// is Params, NewProblem, Kernels.
	Dedicated bool
	Source    string // where the model comes from, for the header; may be ""
}

// FileName is the name that the file of a model should have: <model>_mtk.go.
func FileName(model string) string {
	return strings.ToLower(identifier(model)) + "_mtk.go"
}

// Generate writes the program. The error is a diag.List: functions of the model that
// have no Go form.
func Generate(prog *backend.Program, opt Options) ([]byte, error) {
	if err := expressible(prog); err != nil {
		return nil, err
	}
	return formatted(newGenerator(prog, opt).file()), nil
}

// expressible reports what of a program has no Go form, nil if all has.
func expressible(prog *backend.Program) error {
	if len(prog.Funcs) == 0 {
		return nil
	}
	var list diag.List
	for _, f := range prog.Funcs {
		list.Add(diag.Pos{}, "E402", "write it with operators, or run the model with --backend vm", "function %s cannot be written as Go source", f.Name)
	}
	return list
}

// numbered is the part of a source that fits into a message.
func numbered(src string) string {
	lines := strings.Split(src, "\n")
	if len(lines) > 2000 {
		lines = lines[:2000]
	}
	for i := range lines {
		lines[i] = fmt.Sprintf("%d\t%s", i+1, lines[i])
	}
	return strings.Join(lines, "\n")
}

// generator is the state of one file.
type generator struct {
	prog *backend.Program
	opt  Options
	body strings.Builder // declarations after the head

	model     string            // exported prefix, "" if dedicated
	lower     string            // unexported prefix
	top       *names            // identifiers at the package level
	functions map[string]string // kernels that are plain functions, by the name of their method
	reserved  []string

	// Names at the package level.
	params, defaults, newProblem, kernels, newKernels string
	truthFunc                                         string

	stateNames, memoryNames []string // of the model
	fields                  []string // of the parameter struct
	stateConsts             []string

	// State of the kernel that is being written.
	initial bool                   // w are initial unknowns, else flags
	lifted  bool                   // w are states and exponents
	rowName func(row int32) string // comment behind an output, or nil

	obs, newObserver string // names of tables

	// A large model keeps its data in packed tables, and its parameters and states in
	// groups; see large.go.
	large    bool
	data     string            // function that returns the unpacked problem
	tables   strings.Builder   // declarations of tables
	tableOf  map[string]string // names of tables, by content
	usesPack bool

	// Machine code, and the names of what concerns it at the package level; nil: none.
	native                   *Native
	code, nativeName, engine string

	jet, usesTaylor bool // the Taylor coefficients are written, with calls of package taylor

	scratch                             int // length of the scratch array
	usesMath, usesElementary, usesTruth bool
}

func newGenerator(prog *backend.Program, opt Options) *generator {
	g := &generator{prog: prog, opt: opt, tableOf: map[string]string{}, functions: map[string]string{}}
	m := &prog.Meta
	g.large = len(m.States)+len(m.Params)+len(m.Observables) > largeFrom
	if g.opt.Model == "" {
		g.opt.Model = prog.Meta.Name
	}
	name := exported(g.opt.Model)
	if g.opt.Package == "" {
		g.opt.Package = strings.ToLower(identifier(g.opt.Model))
	}
	g.lower = unexported(g.opt.Model)
	if !opt.Dedicated {
		g.model = name
	}
	g.top = newNames(predeclared...)
	g.params = g.top.unique(g.model + "Params")
	g.defaults = g.top.unique("Default" + g.model + "Params")
	g.newProblem = g.top.unique("New" + g.model + "Problem")
	g.kernels = g.top.unique(g.model + "Kernels")
	g.newKernels = g.top.unique("New" + g.model + "Kernels")
	if g.large {
		g.data = g.top.unique(g.lower + "Data")
	}
	g.truthFunc = g.top.unique(g.lower + "Truth")
	for i := range prog.Meta.States {
		g.stateNames = append(g.stateNames, prog.Meta.States[i].Name)
	}
	for i := range prog.Meta.Params {
		g.memoryNames = append(g.memoryNames, prog.Meta.Params[i].Name)
	}
	g.memoryNames = append(g.memoryNames, g.memory()...)
	if !g.large {
		f := newNames()
		for i := range prog.Meta.Params {
			g.fields = append(g.fields, f.unique(exported(prog.Meta.Params[i].Name)))
		}
	}
	for _, s := range g.stateNames {
		if g.large {
			break
		}
		g.stateConsts = append(g.stateConsts, g.top.unique(g.model+"State"+exported(s)))
	}
	g.reserved = append([]string{"k", "t",
		g.truthFunc}, predeclared...)
	return g
}

// memory names the discrete memory behind the parameters.
func (g *generator) memory() []string {
	m := &g.prog.Meta
	first := len(m.Params)
	out := make([]string, len(m.P)-first)
	for i := range out {
		out[i] = fmt.Sprintf("memory%d", i)
	}
	h := m.Hybrid
	if h == nil {
		return out
	}
	relation := func(list []ode.Relation) {
		for _, r := range list {
			out[r.Slot-first] = "holds " + r.Text
		}
	}
	relation(h.Relations)
	relation(h.TimeRelations)
	for i, s := range h.Samples {
		if out[s.Flag-first] = fmt.Sprintf("sample%d", i+1); s.Terminal {
			out[s.Flag-first] = "terminal"
		}
	}
	for i, c := range h.Counters {
		out[c.Slot-first] = fmt.Sprintf("counter%d", i+1)
	}
	for _, d := range h.Discrete {
		out[d.Cur-first], out[d.Pre-first] = d.Name, "pre("+d.Name+")"
	}
	for _, w := range h.Whens {
		out[w.Cond-first] = "was " + w.Text
	}
	return out
}
