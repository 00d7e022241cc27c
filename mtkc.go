// Package mtkc compiles symbolic models: a flat system of equations and events goes
// through an ordered table of passes and becomes a problem that package runtime/ode
// integrates, Go source, or text.
//
// In: a model, from a file or built in memory, and a target. Out: the artifact, a
// dump of every stage that is asked for, and diagnostics in the names of the model.
// Equal models give equal bytes. A Compiler serves one model; any number of them may
// work at the same time.
package mtkc

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/llvm"
	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/model"
	_ "github.com/mtkc/mtkc/runtime/jump" // methods for jump processes
	"github.com/mtkc/mtkc/runtime/ode"
	_ "github.com/mtkc/mtkc/runtime/sde" // methods for stochastic differential equations
	"github.com/mtkc/mtkc/structural"
)

// Options of a compilation. The zero value compiles the default model as it stands.
type Options struct {
	Model string            // name of the model, where the source holds several
	Args  map[string]string // structural parameters: the model is built with them
	Dir   string            // directory that relative paths and positions refer to; "": the working directory

	// Positive names variables that are replaced by their logarithms, which keeps
	// them positive whatever the integrator does.
	Positive []string

	// Conserved says that one species of each conservation law of a reaction network is computed from the others and the total at the
	// start, instead of integrated. See reaction.Conserve.
	Conserved bool

	// Method is the form in which a model with reactions is solved, one of Methods; "": ode. Items is how many single events a unit
	// of the extent of reactions stands for in the random forms, 0: as the model says.
	Method string
	Items  float64

	Structural structural.Options
	Lower      backend.Options

	// Go holds the settings of the target go.
	Go GoOptions

	// LLVM says how Native compiles the kernels.
	LLVM llvm.Options

	// Check runs the checker of every pass after it. A checker that finds a fault
	// panics: it is a bug of mtkc. Tests set it.
	Check bool
}

// GoOptions are the settings of generated Go source.
type GoOptions struct {
	Package string // name of the package; "": made from the name of the model
	// Dedicated: the package holds this model alone, so that its names need no prefix.
	Dedicated bool
}

// Compiler takes one model through the passes. Its zero value is of no use: see New.
type Compiler struct {
	Options

	path   string // of the source, "" for a model built in memory
	sys    *model.System
	loaded *model.System // as it was before passes changed it
	plan   *structural.Plan
	prog   *backend.Program
	prob   *ode.Problem
	start  *initialized
	code   []byte // Go source
	ir     []byte // text of LLVM IR

	native *llvm.Machine

	done   map[string]bool
	timing []Timing
	failed bool
}

// Timing is what a pass took and how large its result is.
type Timing struct {
	Pass    string
	Seconds float64
	Size    string
}

// New returns a compiler for the model in a file or directory. Nothing is read yet.
func New(path string, opt Options) *Compiler {
	return &Compiler{Options: opt, path: path, done: map[string]bool{}}
}

// NewSystem returns a compiler for a system in memory. The compiler adds terms to the
// pool of the system and leaves everything else as it is.
func NewSystem(sys *model.System, opt Options) *Compiler {
	c := New("", opt)
	c.sys = sys
	return c
}

// Run runs the named pass after the passes it needs, each once. A pass whose findings
// hold an error ends the compilation: nothing after it runs. The findings of passes
// that ran before are not repeated.
func (c *Compiler) Run(ctx context.Context, name string) diag.List {
	k := passIndex(name)
	if k < 0 {
		return diag.New(diag.Pos{}, "E009", "passes: "+PassNames(), "there is no pass %q", name)
	}
	var found diag.List
	for _, need := range passes[k].Needs {
		found = append(found, c.Run(ctx, need)...)
		if c.failed {
			return found
		}
	}
	if c.done[name] || c.failed {
		return found
	}
	start := time.Now()
	p := &passes[k]
	list := p.run(ctx, c)
	c.done[name] = true
	t := Timing{Pass: name, Seconds: time.Since(start).Seconds()}
	if list.Errors() > 0 {
		c.failed = true
	} else {
		if c.Check && p.check != nil {
			if err := p.check(c); err != nil {
				panic(fmt.Sprintf("mtkc: bug: after pass %s: %v", name, err))
			}
		}
		if p.size != nil {
			t.Size = p.size(c)
		}
	}
	c.timing = append(c.timing, t)
	return append(found, list...)
}

// Problem runs all passes that solving needs and returns the problem, nil if the
// findings hold an error.
func (c *Compiler) Problem(ctx context.Context) (*ode.Problem, diag.List) {
	found := c.Run(ctx, "vm")
	if c.failed {
		return nil, found
	}
	return c.prob, found
}

// System returns the flat system, nil before the pass load.
func (c *Compiler) System() *model.System { return c.sys }

// Plan returns the structural plan, nil before the pass structural.
func (c *Compiler) Plan() *structural.Plan { return c.plan }

// Program returns the lowered program, nil before the pass lower.
func (c *Compiler) Program() *backend.Program { return c.prog }

// GoSource returns the generated Go source, nil before the pass go.
func (c *Compiler) GoSource() []byte { return c.code }

// Timing lists the passes that ran, in order.
func (c *Compiler) Timing() []Timing { return c.timing }

// Seconds is the time that the named passes took together.
func (c *Compiler) Seconds(names ...string) float64 {
	s := 0.0
	for i := range c.timing {
		for _, n := range names {
			if c.timing[i].Pass == n {
				s += c.timing[i].Seconds
			}
		}
	}
	return s
}

// Dump writes the result of a pass, which must have run, as text.
func (c *Compiler) Dump(name string, w io.Writer) error {
	k := passIndex(name)
	if k < 0 {
		return diag.New(diag.Pos{}, "E009", "passes: "+PassNames(), "there is no pass %q", name)
	}
	if !c.done[name] {
		return fmt.Errorf("pass %s has not run", name)
	}
	return passes[k].dump(c, w)
}

// Compile makes a problem of a model built in memory (model.New), for the vm. The
// error is a diag.List.
func Compile(m *model.System) (*ode.Problem, error) {
	if err := m.Diagnostics().Err(); err != nil {
		return nil, err
	}
	p, found := NewSystem(m, Options{}).Problem(context.Background())
	if err := found.Err(); err != nil {
		return nil, err
	}
	return p, nil
}
