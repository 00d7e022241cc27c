package mtkc

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/mtkc/mtkc/backend"
	gogen "github.com/mtkc/mtkc/backend/go"
	"github.com/mtkc/mtkc/backend/vm"
	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/frontend/basemodelica"
	"github.com/mtkc/mtkc/frontend/bngl"
	"github.com/mtkc/mtkc/frontend/gosrc"
	"github.com/mtkc/mtkc/frontend/sbml"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/model/units"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/structural"
)

// Pass is one step of a compilation, as a value.
type Pass struct {
	Name  string
	Needs []string // passes that run before it
	Doc   string

	run   func(ctx context.Context, c *Compiler) diag.List
	check func(c *Compiler) error // of what the pass promises, for tests
	dump  func(c *Compiler, w io.Writer) error
	size  func(c *Compiler) string
}

// passes lists every pass in order: what a pass needs stands before it.
var passes = []Pass{
	{
		Name: "load", Doc: "read the source with the front end that its name asks for, and flatten the model",
		run: load, dump: dumpLoad, size: sizeFlat,
	},
	{
		Name: "form", Needs: []string{"load"}, Doc: "make the form asked for of a system with reactions: rate equations, chemical Langevin equation or jump process",
		run: toForm, check: checkFlat, dump: dumpFlat, size: sizeFlat,
	},
	{
		Name: "flat", Needs: []string{"form"}, Doc: "check the flat system and change variables that were asked to stay positive",
		run: changeVariables, check: checkFlat, dump: dumpFlat, size: sizeFlat,
	},
	{
		Name: "structural", Needs: []string{"flat"}, Doc: "eliminate, match, reduce the index, select states, order and tear the blocks, plan the initialization",
		run: analyze, check: checkPlan, dump: dumpPlan, size: sizePlan,
	},
	{
		Name: "lower", Needs: []string{"structural"}, Doc: "derive sparse Jacobians and lower everything to kernels",
		run: lower, dump: dumpProgram, size: sizeProgram,
	},
	{
		Name: "vm", Needs: []string{"lower"}, Doc: "make the kernels callable",
		run: toVM, check: checkProblem, dump: dumpProblem, size: sizeProblem,
	},
	{
		Name: "init", Needs: []string{"vm"}, Doc: "find the initial values with the default parameters, for the report",
		run: initialize, dump: dumpInit, size: sizeInit,
	},
	{
		Name: "go", Needs: []string{"lower"}, Doc: "write the kernels as Go source",
		run: toGo, dump: dumpGo, size: sizeGo,
	},
	{
		Name: "llvm", Needs: []string{"lower"}, Doc: "write the kernels as text of LLVM IR",
		run: toLLVM, dump: dumpLLVM, size: sizeLLVM,
	},
}

// Passes returns the table of passes, in order. It is a copy.
func Passes() []Pass { return append([]Pass(nil), passes...) }

// PassNames lists the names for messages.
func PassNames() string {
	var names []string
	for i := range passes {
		names = append(names, passes[i].Name)
	}
	return strings.Join(names, ", ")
}

func passIndex(name string) int {
	for i := range passes {
		if passes[i].Name == name {
			return i
		}
	}
	return -1
}

// formats are the endings that the front ends read.
const formats = "a Go package directory, a .go file, Base Modelica (.mo, .bmo), SBML (.xml, .sbml), or a network of BioNetGen (.net)"

// load picks the front end by the ending of the name.
func load(ctx context.Context, c *Compiler) diag.List {
	defer func() { c.loaded = c.sys }()
	if c.sys != nil {
		return nil
	}
	at := diag.Pos{File: c.path}
	path := c.path
	if c.Dir != "" && !filepath.IsAbs(path) {
		path = filepath.Join(c.Dir, path)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return diag.New(at, "E003", "give "+formats, "there is no such file or directory")
	case err != nil:
		return diag.New(at, "E003", "check the path and its permissions", "cannot read the model: %v", err)
	}
	var found diag.List
	switch ext := strings.ToLower(filepath.Ext(c.path)); {
	case info.IsDir() || ext == ".go":
		c.sys, found = gosrc.Load(ctx, c.path, gosrc.Options{Model: c.Model, Args: c.Args, Dir: c.Dir, Sources: Sources()})
	case ext == ".mo" || ext == ".bmo":
		if len(c.Args) > 0 {
			return diag.New(at, "E008", "change its parameters with --set name=value", "a flat model has no structural parameters, so --arg cannot be used")
		}
		c.sys, found = basemodelica.Load(path)
		if c.sys != nil && c.Model != "" && c.Model != c.sys.Name && found.Errors() == 0 {
			return diag.New(at, "E007", "leave --model out: a flat file holds one model", "the file holds the model %s, not %s", c.sys.Name, c.Model)
		}
		if c.sys != nil && found.Errors() == 0 {
			found = append(found, units.Check(c.sys, true)...)
		}
	case ext == ".xml" || ext == ".sbml":
		if len(c.Args) > 0 {
			return diag.New(at, "E008", "change its parameters with --set name=value", "a model in SBML has no structural parameters, so --arg cannot be used")
		}
		c.sys, found = sbml.Load(path)
		if c.sys != nil && c.Model != "" && c.Model != c.sys.Name && found.Errors() == 0 {
			return diag.New(at, "E007", "leave --model out: the document holds one model", "the document holds the model %s, not %s", c.sys.Name, c.Model)
		}
	case ext == ".net":
		if len(c.Args) > 0 {
			return diag.New(at, "E008", "change its parameters with --set name=value", "a network has no structural parameters, so --arg cannot be used")
		}
		c.sys, found = bngl.Load(path)
		if c.sys != nil && c.Model != "" && c.Model != c.sys.Name && found.Errors() == 0 {
			return diag.New(at, "E007", "leave --model out: the file holds one network", "the file holds the network %s, not %s", c.sys.Name, c.Model)
		}
	default:
		return diag.New(at, "E006", "give "+formats, "no front end reads files that end in %q", ext)
	}
	if c.sys == nil && found.Errors() == 0 {
		panic("mtkc: bug: the front end gave neither a system nor an error for " + c.path)
	}
	return found
}

func analyze(_ context.Context, c *Compiler) diag.List {
	plan, found := structural.Analyze(c.sys, c.Structural)
	c.plan = plan
	return found
}

func lower(_ context.Context, c *Compiler) diag.List {
	opt := c.Lower
	logs, found := c.logarithms()
	if found.Errors() > 0 {
		return found
	}
	opt.Logarithms = append(opt.Logarithms, logs...)
	prog, found := backend.Lower(c.plan, opt)
	c.prog = prog
	return found
}

func toVM(_ context.Context, c *Compiler) diag.List {
	c.prob = vm.Problem(c.prog)
	return withSchedule(c.sys, c.prob)
}

func toGo(_ context.Context, c *Compiler) diag.List {
	if found := c.Portable("Go source"); found != nil {
		return found
	}
	code, err := gogen.Generate(c.prog, gogen.Options{Package: c.Go.Package, Dedicated: c.Go.Dedicated, Source: filepath.ToSlash(c.path)})
	if err != nil {
		var found diag.List
		if !errors.As(err, &found) {
			panic("mtkc: bug: generating Go source: " + err.Error())
		}
		return found
	}
	c.code = code
	return nil
}

func sizeFlat(c *Compiler) string {
	unknowns, params := 0, 0
	for i := range c.sys.Vars {
		switch c.sys.Vars[i].Kind {
		case model.Unknown, model.DiscreteVar:
			unknowns++
		default:
			params++
		}
	}
	return fmt.Sprintf("%d equations, %d unknowns, %d parameters", len(c.sys.Equations), unknowns, params)
}

func sizePlan(c *Compiler) string {
	return fmt.Sprintf("%d states, %d algebraic, %d assignments, index %d", c.plan.NDiff, len(c.plan.States)-c.plan.NDiff, len(c.plan.Seq), c.plan.Index)
}

func sizeGo(c *Compiler) string { return fmt.Sprintf("%d bytes", len(c.code)) }

func dumpLoad(c *Compiler, w io.Writer) error {
	if err := basemodelica.Write(w, c.sys, basemodelica.Options{Positions: true}); err != nil {
		return err
	}
	return dumpSchedule(w, c.sys)
}

func dumpFlat(c *Compiler, w io.Writer) error {
	if err := basemodelica.Write(w, c.sys, basemodelica.Options{}); err != nil {
		return err
	}
	if err := dumpSchedule(w, c.sys); err != nil {
		return err
	}
	return dumpJumps(w, c.sys)
}

func dumpPlan(c *Compiler, w io.Writer) error { return c.plan.Dump(w) }

// kernels lists the kernels of a program that are there, in a fixed order.
func kernels(p *backend.Program) []*backend.Kernel {
	var list []*backend.Kernel
	for _, k := range []*backend.Kernel{p.Bind, p.RHS, p.Jac, p.TGrad, p.Linear, p.Noise, p.NoiseJac, p.Invariants, p.InvariantJac, p.Crossings, p.TimeEvents, p.Update, p.Assert, p.Guards, p.Rates} {
		if k != nil {
			list = append(list, k)
		}
	}
	for i := range p.Init {
		list = append(list, p.Init[i].Eval)
		if p.Init[i].Jac != nil {
			list = append(list, p.Init[i].Jac)
		}
	}
	if p.Lifted != nil {
		list = append(list, p.Lifted.Eval, p.Lifted.Jac)
	}
	if p.Observed != nil {
		list = append(list, p.Observed)
	}
	if j := p.Jumps; j != nil {
		if j.Constants != nil {
			list = append(list, j.Constants)
		}
		for r := range j.Rate {
			for _, k := range []*backend.Kernel{j.Rate[r], j.Change[r]} {
				if k != nil {
					list = append(list, k)
				}
			}
		}
	}
	return list
}

func sizeProgram(c *Compiler) string {
	ops := 0
	list := kernels(c.prog)
	for _, k := range list {
		ops += k.Ops()
	}
	return fmt.Sprintf("%d kernels, %d operations", len(list), ops)
}

func dumpProgram(c *Compiler, w io.Writer) error {
	for _, k := range kernels(c.prog) {
		if _, err := fmt.Fprintln(w, k); err != nil {
			return err
		}
	}
	return nil
}

func sizeProblem(c *Compiler) string {
	p := c.prob
	nnz := p.N() * p.N()
	if p.Jac != nil {
		nnz = p.Jac.NNZ()
	}
	return fmt.Sprintf("%d states, %d parameters, %d nonzeros, %d observables", p.N(), len(p.Params), nnz, len(p.Observables))
}

// dumpProblem writes what an integrator sees of the model.
func dumpProblem(c *Compiler, w io.Writer) error {
	p := c.prob
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "problem %s\nspan %v %v\nindex %d\n", p.Name, p.Span[0], p.Span[1], p.Index)
	for i := range p.States {
		mass := 1.0
		if p.Mass != nil {
			mass = p.Mass[i]
		}
		fmt.Fprintf(b, "state %d %s start %v mass %v\n", i, p.States[i].Name, p.U0[i], mass)
	}
	for i := range p.Params {
		fmt.Fprintf(b, "parameter %d %s = %v\n", i, p.Params[i].Name, p.P[i])
	}
	for i := len(p.Params); i < len(p.P); i++ {
		fmt.Fprintf(b, "memory %d = %v\n", i, p.P[i])
	}
	if n := p.Noise; n != nil {
		fmt.Fprintf(b, "noise %s\n", noiseText(n))
		for j := range n.Matrix.Cols {
			fmt.Fprintf(b, "noise %d %s rows %v\n", j, n.Names[j], n.Matrix.RowIdx[n.Matrix.ColPtr[j]:n.Matrix.ColPtr[j+1]])
		}
	}
	for i := range p.Observables {
		o := &p.Observables[i]
		switch o.Kind {
		case ode.State:
			fmt.Fprintf(b, "observable %s = %+g*u[%d]\n", o.Name, o.Sign, o.Index)
		case ode.Parameter:
			fmt.Fprintf(b, "observable %s = %+g*p[%d]\n", o.Name, o.Sign, o.Index)
		default:
			fmt.Fprintf(b, "observable %s computed\n", o.Name)
		}
	}
	if p.Jac != nil {
		for j := range p.Jac.Cols {
			fmt.Fprintf(b, "column %d rows %v\n", j, p.Jac.RowIdx[p.Jac.ColPtr[j]:p.Jac.ColPtr[j+1]])
		}
	}
	if p.Equation != nil {
		for i := range p.N() {
			fmt.Fprintf(b, "row %d: %s\n", i, p.Equation(i))
		}
	}
	return b.Flush()
}

func dumpGo(c *Compiler, w io.Writer) error {
	_, err := w.Write(c.code)
	return err
}
