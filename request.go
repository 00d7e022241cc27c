package mtkc

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/frontend/sbml"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/model/form"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/runtime/spell"
	"github.com/mtkc/mtkc/runtime/trace"
	"github.com/mtkc/mtkc/structural"
)

// CheckRequest checks the names and values that a request mentions against the model:
// what it sets must be a parameter or have a start value, of the type that it gets; what
// it records must be a variable. The passes up to vm must have run.
func (c *Compiler) CheckRequest(req trace.Request) diag.List {
	var found diag.List
	p := c.prob
	names := make([]string, 0, len(req.Options.Set))
	for name := range req.Options.Set {
		names = append(names, name)
	}
	slices.Sort(names)
	if len(names) > 0 {
		check := c.settings(&found)
		for _, name := range names {
			check(diag.Pos{}, "--set", name, req.Options.Set[name])
		}
	}
	if _, err := trace.Select(p, req.Vars); err != nil {
		var unknown *trace.UnknownName
		if !errors.As(err, &unknown) {
			panic("mtkc: bug: " + err.Error())
		}
		next := "see the variables with mtkc inspect MODEL --dump flat"
		if len(unknown.Near) > 0 {
			next = "did you mean " + strings.Join(unknown.Near, ", ") + "?"
		}
		found.Add(diag.Pos{}, "E004", next, "--vars %s: %s has no variable of this name", unknown.Name, p.Name)
	}
	return found
}

// SpeciesColumns says how species are recorded: those of amounts by their amount, those of
// concentrations by their concentration, whatever their names mean in the model. It returns the
// variables to ask for in place of vars, and, for those that stand for a species, its name. Findings
// are E004, and E002 for a species in both lists.
func (c *Compiler) SpeciesColumns(vars, amounts, concentrations []string) (ask []string, species map[string]string, found diag.List) {
	if len(amounts)+len(concentrations) == 0 {
		return vars, nil, nil
	}
	ask = append(ask, vars...)
	if len(ask) == 0 {
		ask = trace.Default(c.prob)
	}
	known := map[string]bool{}
	for i := range c.prob.Observables {
		known[c.prob.Observables[i].Name] = true
	}
	has := func(name string) bool { return known[name] }
	species = map[string]string{}
	for _, name := range amounts {
		if slices.Contains(concentrations, name) {
			found.Add(diag.Pos{}, "E002", "leave one of them out", "--amounts and --concentrations both say how to write %s", name)
		}
	}
	for _, list := range []struct {
		flag     string
		names    []string
		variable func(string, func(string) bool) string
	}{{"--amounts", amounts, sbml.Amount}, {"--concentrations", concentrations, sbml.Concentration}} {
		for _, name := range list.names {
			if !known[name] {
				found.Add(diag.Pos{}, "E004", "see the variables with mtkc inspect MODEL --dump flat", "%s %s: %s has no species of this name", list.flag, name, c.prob.Name)
				continue
			}
			v := list.variable(name, has)
			species[v] = name
			ask = slices.DeleteFunc(ask, func(a string) bool { return a == v && v != name })
			if k := slices.Index(ask, name); k >= 0 {
				ask[k] = v
			} else {
				ask = append(ask, v)
			}
		}
	}
	return ask, species, found
}

// NotBegun is the finding for a run or an ensemble that the integrator refuses with err, E012. Where the method named, or one of the hints of auto, does not go
// with the form of a model with reactions, it says which form or method to take.
func (c *Compiler) NotBegun(what, solver string, err error) diag.List {
	next := "see mtkc " + what + " --help"
	if c.prob != nil {
		m, lookup := ode.Lookup(solver)
		reacts := len(c.sys.Reactions) > 0 || c.Method == form.CLE || c.Method == form.SSA
		use := ode.Use(0)
		if lookup == nil {
			use = m.Info().Use
		}
		switch {
		case c.prob.Jumps != nil && (strings.EqualFold(solver, "stiff") || strings.EqualFold(solver, "nonstiff")):
			next = "leave --solver out; where fast reactions balance each other, --solver ImplicitTau"
		case c.prob.Jumps != nil && lookup == nil && use != ode.Jumping:
			next = "leave --solver out, or take a method for jump processes: mtkc run --solver help lists them"
		case c.prob.Noise != nil && lookup == nil && use != ode.Diffusive && use != ode.Jumping:
			next = "leave --solver out, or take a method for stochastic differential equations: mtkc run --solver help lists them"
		case c.prob.Noise != nil && use == ode.Jumping && reacts:
			next = "leave --solver out, or take --method ssa for single reactions at random instants"
		case c.prob.Jumps == nil && use == ode.Jumping && reacts:
			next = "add --method ssa, with which reactions happen at random instants"
		case c.prob.Noise == nil && use == ode.Diffusive && reacts:
			next = "add --method cle, with which every reaction has a noise"
		}
	}
	return diag.New(diag.Pos{}, "E012", next, "the %s cannot begin: %v", what, err)
}

// Varied is something that an ensemble varies.
type Varied struct {
	Name   string
	Where  string    // what mentions it, such as --sweep
	Pos    diag.Pos  // where, if that is a file
	Values []float64 // that it takes, where these are known
	Drawn  bool      // its values are drawn from a continuous distribution
}

// CheckVaried checks what an ensemble varies, as CheckRequest does what a run sets: names, and the values for their
// types, of which a Boolean, an Integer and an enumeration cannot be drawn. Two names of one value are E902, as is what set gives a value for all.
func (c *Compiler) CheckVaried(list []Varied, set map[string]float64) diag.List {
	var found diag.List
	check := c.settings(&found)
	types := map[string]*model.Variable{}
	for i := range c.sys.Vars {
		types[c.sys.Vars[i].Name] = &c.sys.Vars[i]
	}
	for i := range list {
		v := &list[i]
		if of := types[v.Name]; v.Drawn && of != nil && of.Type != model.RealType {
			found.Add(of.Pos, "E002", "list its values with --sweep "+v.Name+"=v1,v2,... or in a table for --samples", "%s %s: its type is not Real, so its values cannot be drawn from a distribution", v.Where, v.Name)
			continue
		}
		check(v.Pos, v.Where, v.Name, v.Values...)
	}
	if found.Errors() > 0 {
		return found
	}
	names := make([]string, 0, len(set))
	for name := range set {
		names = append(names, name)
	}
	slices.Sort(names)
	entry := func(name string) (ode.Entry, bool) {
		e, err := c.prob.Entry(name)
		if err != nil {
			return e, false // put in when the model was compiled
		}
		for i := range c.prob.States {
			if !e.State && c.prob.States[i].StartParam == e.Index+1 {
				e.State, e.Index = true, i
				break
			}
		}
		e.Sign = 0
		return e, true
	}
	seen := map[ode.Entry]string{}
	for _, name := range names {
		if e, ok := entry(name); ok {
			seen[e] = "--set " + name
		}
	}
	for i := range list {
		v := &list[i]
		e, ok := entry(v.Name)
		if !ok {
			continue
		}
		if other, twice := seen[e]; twice {
			found.Add(v.Pos, "E902", "leave one of them out", "%s %s: %s sets the same value", v.Where, v.Name, other)
			continue
		}
		seen[e] = v.Where + " " + v.Name
	}
	return found
}

// CheckCells returns a function that says why a value cannot be that of list[i], and what to give, as CheckVaried does of values that
// are known before; it returns "" where it can.
func (c *Compiler) CheckCells(list []Varied) func(i int, x float64) (what, next string) {
	vars := make([]*model.Variable, len(list))
	for k := range c.sys.Vars {
		for i := range list {
			if v := &c.sys.Vars[k]; v.Name == list[i].Name {
				vars[i] = v
			}
		}
	}
	return func(i int, x float64) (what, next string) { return c.misfit(list[i].Name, vars[i], x) }
}

// settings returns a function that checks a name and the values that it is to get. where says what mentions
// it, pos at which place if that is a file.
func (c *Compiler) settings(found *diag.List) func(pos diag.Pos, where, name string, values ...float64) {
	p := c.prob
	settable, list := settableNames(p)
	vars := make(map[string]*model.Variable, len(c.sys.Vars))
	for i := range c.sys.Vars {
		vars[c.sys.Vars[i].Name] = &c.sys.Vars[i]
	}
	return func(pos diag.Pos, where, name string, values ...float64) {
		v := vars[name]
		at := pos
		if v != nil && pos.File == "" {
			at = v.Pos
		}
		switch start := "start(" + name + ")"; {
		case len(values) == 1 && c.putIn(name, values[0]):
		case c.Conserved && v != nil && v.Fixed == model.FixedFalse && strings.HasPrefix(name, "total("):
			found.Add(at, "E015", "set start values of its species", "%s %s: the total is that of the start values", where, name)
		case settable[name]:
			for _, x := range values {
				if !c.checkValue(found, at, where, name, v, x) {
					break
				}
			}
		case v != nil && (v.Kind == model.ConstantVar || v.Kind == model.ParameterVar):
			found.Add(at, "E015", "change it in the model", "%s %s: its value is fixed when the model is compiled", where, name)
		case settable[start]:
			found.Add(at, "E015", "set its start value, "+where+" '"+start+"=VALUE'", "%s %s: the model computes this variable, so it cannot be set", where, name)
		case slices.ContainsFunc(p.Observables, func(o ode.Observable) bool { return o.Name == name }):
			found.Add(at, "E015", "set a parameter, or the start value of a state", "%s %s: the model computes this variable, so it cannot be set", where, name)
		default:
			next := suggestion(name, list, "parameters and states")
			if !strings.HasPrefix(next, "did you mean") {
				next += "; a structural parameter of a model in Go (a size, a choice) takes --arg " + name + "=VALUE"
			}
			if where == "column" { // of a table
				switch {
				case strings.ContainsAny(name, ";\t"):
					next = "put commas between cells, and points into numbers"
				case !utf8.ValidString(name) || strings.ContainsRune(name, 0):
					next = "write the table as text in UTF-8"
				}
			}
			found.Add(pos, "E004", next, "%s %s: %s has no parameter or state of this name", where, strings.ToValidUTF8(name, "?"), p.Name)
		}
	}
}

// putIn reports whether a parameter has been put in with this value when the model was
// compiled.
func (c *Compiler) putIn(name string, x float64) bool {
	v, ok := c.Structural.Values[name]
	return ok && v == x && slices.ContainsFunc(c.plan.Evaluated, func(i int) bool { return c.sys.Vars[i].Name == name })
}

// Settle returns the values of a request without those that were put in when the model
// was compiled, since its structure depends on them: Options.Structural.Values names
// them.
func (c *Compiler) Settle(set map[string]float64) map[string]float64 {
	out := make(map[string]float64, len(set))
	for name, x := range set {
		if !c.putIn(name, x) {
			out[name] = x
		}
	}
	return out
}

// settableNames are the parameters, the start values, the states and other names of
// these.
func settableNames(p *ode.Problem) (map[string]bool, []string) {
	known := map[string]bool{}
	var list []string
	add := func(name string) {
		if !known[name] {
			known[name] = true
			list = append(list, name)
		}
	}
	params := make(map[string]bool, len(p.Params))
	for i := range p.Params {
		add(p.Params[i].Name)
		params[p.Params[i].Name] = true
	}
	for i := range p.States {
		add(p.States[i].Name)
	}
	for i := range p.Observables {
		o := &p.Observables[i]
		if o.Kind == ode.State || o.Kind == ode.Parameter && o.Index < len(p.Params) {
			add(o.Name)
		}
	}
	for i := range p.Params {
		if x, ok := strings.CutPrefix(p.Params[i].Name, "total("); ok { // a species that is computed from its total
			if x = strings.TrimSuffix(x, ")"); params["start("+x+")"] {
				add(x)
			}
		}
	}
	for _, name := range list {
		if !params[name] {
			known["start("+name+")"] = true
		}
	}
	return known, list
}

// checkValue checks the value that a variable is to get; v is nil where the name is not that of a variable.
func (c *Compiler) checkValue(found *diag.List, pos diag.Pos, where, name string, v *model.Variable, x float64) (ok bool) {
	what, next := c.misfit(name, v, x)
	if what != "" {
		found.Add(pos, "E002", next, "%s %s=%v: %s", where, name, x, what)
	}
	return what == ""
}

// misfit says why a variable, or the start value start(x) of one, cannot have the value x, and what to give; "": it can. Parameters may be infinite, such as a
// bound that does not bind.
func (c *Compiler) misfit(name string, v *model.Variable, x float64) (what, next string) {
	if math.IsInf(x, 0) {
		if e, err := c.prob.Entry(name); err == nil && (e.State || slices.ContainsFunc(c.prob.States, func(s ode.Quantity) bool { return s.StartParam == e.Index+1 })) {
			return "a start value is finite", "give a finite number"
		}
	}
	if v == nil {
		return "", ""
	}
	whole := x == math.Trunc(x) && !math.IsInf(x, 0)
	switch v.Type {
	case model.BooleanType:
		if x != 0 && x != 1 {
			return "it is a Boolean", "give true or false"
		}
	case model.IntegerType:
		if !whole {
			return "it is an Integer", "give a whole number"
		}
	case model.EnumType:
		for _, e := range c.sys.Enums {
			if e.Name == v.EnumName && !(whole && x >= 1 && x <= float64(len(e.Values))) {
				var values []string
				for i, s := range e.Values {
					values = append(values, fmt.Sprintf("%d (%s)", i+1, s))
				}
				return "it is a value of " + e.Name, "give " + strings.Join(values, ", ")
			}
		}
	}
	return "", ""
}

// suggestion is the next step where the model has no such name: those of the list that
// look like it, else the first ones; what says in the plural what they name.
func suggestion(name string, list []string, what string) string {
	near := spell.Near(name, list)
	if len(near) > 0 {
		return "did you mean " + strings.Join(near, ", ") + "?"
	}
	if len(list) == 0 {
		return "the model has no " + what
	}
	const most = 12
	if len(list) > most {
		return "among its " + what + " are " + strings.Join(list[:most], ", ")
	}
	return "its " + what + ": " + strings.Join(list, ", ")
}

// stops gives each way in which a run can end early its code and the next step.
var stops = map[ode.Retcode]struct{ code, next string }{
	ode.MaxSteps:          {"E502", "raise --max-steps; or try a stiff method (--solver rodas5p), a shorter --tspan, looser tolerances"},
	ode.DtTooSmall:        {"E503", "look for a singularity of the solution near this time, or try another --solver"},
	ode.Unstable:          {"E504", "the solution grows without bound or leaves the domain of a function: look at the last values (-o), check the parameters"},
	ode.InitFailure:       {"E505", "check start values and guesses: init and guess in the model, or --set name=value"},
	ode.NewtonFailure:     {"E506", "try tighter tolerances (--rtol 1e-8), another --solver, or better guesses"},
	ode.SingularMatrix:    {"E507", "the model loses an equation at this point: check for a parameter that is zero, or for states that become dependent"},
	ode.AssertFailed:      {"E508", "an assertion of the model does not hold: check the parameters, or the range in which the model is valid"},
	ode.Interrupted:       {"E509", "what was computed until then has been written"},
	ode.TooMuchAccuracy:   {"E510", "use looser tolerances, for example --rtol 1e-10"},
	ode.EventFailure:      {"E511", "events follow each other without end: add hysteresis, or a terminate condition"},
	ode.ProjectionFailure: {"E512", "the constraints cannot be met: try tighter tolerances, or other start values"},
}

// afterStop is what to try after a run of this model that ended early.
func (c *Compiler) afterStop(code ode.Retcode) string {
	if p := c.prob; p != nil {
		switch {
		case code == ode.Unstable && p.Jumps != nil:
			return "look at the last values (-o), and at the parameters and start values that rates depend on"
		case code == ode.MaxSteps && p.Jumps != nil:
			return "take many jumps at once by --solver TauLeaping, or AdaptiveTau where fast reactions balance each other; or raise --max-steps, or shorten --tspan"
		case code == ode.MaxSteps && p.Noise != nil:
			return "raise --max-steps; or try looser tolerances (--rtol, --atol), --solver stiff, a shorter --tspan"
		}
	}
	return stops[code].next
}

// Stopped is the finding for a run of this model that ended early. Its position is
// that of the equation or variable that the message of the integrator speaks of.
func (c *Compiler) Stopped(r *trace.Result) diag.List {
	if c.plan != nil && r.Retcode == ode.InitFailure.String() {
		for i := range c.plan.Guards {
			if g := &c.plan.Guards[i]; g.Text == r.Message {
				pos, message := c.place(r.Message)
				next := "give the parameters other values, or these values in the model: its structure is worked out when it is compiled"
				return diag.New(pos, "E513", next, "%s cannot run with these parameters: %s", r.Model, message)
			}
		}
	}
	for code, s := range stops {
		if code.String() == r.Retcode {
			pos, message := c.place(r.Message)
			return diag.New(pos, s.code, c.afterStop(code), "%s stopped at t = %v (%s): %s", r.Model, r.T, r.Retcode, message)
		}
	}
	panic("mtkc: bug: no finding for the end of a run: " + r.Retcode)
}

// StoppedAt is where in the model the message of a trajectory that stopped early belongs, what to try next, and the
// message without that place.
func (c *Compiler) StoppedAt(code ode.Retcode, message string) (pos diag.Pos, next, text string) {
	pos, text = c.place(message)
	return pos, c.afterStop(code), text
}

// source is a position within a message.
var source = regexp.MustCompile(`(\S+):([0-9]+):([0-9]+): `)

// place finds where in the source the message of a run belongs, and takes a position
// out of the message if it is the only one.
func (c *Compiler) place(message string) (diag.Pos, string) {
	if at := source.FindAllStringSubmatchIndex(message, -1); len(at) > 0 {
		m := source.FindStringSubmatch(message)
		line, _ := strconv.Atoi(m[2])
		col, _ := strconv.Atoi(m[3])
		pos := diag.Pos{File: m[1], Line: line, Col: col}
		if len(at) == 1 {
			message = message[:at[0][0]] + message[at[0][1]:]
		}
		return pos, message
	}
	if c.plan == nil {
		return diag.Pos{}, message
	}
	for i := range c.plan.Sys.Asserts {
		if a := &c.plan.Sys.Asserts[i]; a.Message == message {
			return a.Pos, message
		}
	}
	for i := range c.plan.Sys.Whens {
		for _, b := range c.plan.Sys.Whens[i].Branches {
			for k := range b.Actions {
				if a := &b.Actions[k]; a.Kind == model.AssertAction && a.Message == message {
					return a.Pos, message
				}
			}
		}
	}
	for i := range c.plan.Sys.Jumps {
		j := &c.plan.Sys.Jumps[i]
		if _, after, ok := strings.Cut(message, " reaction "+j.Name); ok && (strings.HasPrefix(after, " ") || strings.HasPrefix(after, ",")) {
			return j.Pos, message
		}
	}
	equation := map[string]int{}
	note := func(list []structural.Assign) {
		for i := range list {
			name := c.plan.Pool.Name(list[i].Target)
			if _, ok := equation[name]; !ok && name != "" && list[i].Eq >= 0 {
				equation[name] = list[i].Eq
			}
		}
	}
	note(c.plan.Seq)
	for i := range c.plan.Init.Blocks {
		note(c.plan.Init.Blocks[i].Assigns)
	}
	variable := map[string]int{}
	for i := range c.plan.Sys.Vars {
		variable[c.plan.Sys.Vars[i].Name] = i
	}
	for _, word := range strings.Fields(message) {
		word = strings.Trim(word, ",;:")
		if q, ok := equation[word]; ok {
			return c.plan.Sys.Equations[q].Pos, message
		}
		if v, ok := variable[word]; ok {
			return c.plan.Sys.Vars[v].Pos, message
		}
	}
	return diag.Pos{}, message
}
