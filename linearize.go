package mtkc

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/linearize"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/runtime/spell"
	"github.com/mtkc/mtkc/runtime/trace"
)

// LinearizeOptions say what is linearized, and where. The zero value takes the inputs and
// outputs that the model declares, at its initial point.
type LinearizeOptions struct {
	// Inputs names what is varied: inputs and parameters of the model; variables that no
	// equation determines; analysis points, where it is added to the signal; and noises, which are 0 else. Nil:
	// every real input of the model but noises.
	Inputs []string
	// Outputs names what is looked at: any variable of the model, eliminated ones and
	// derivatives der(x) too; an analysis point, for the signal that arrives there; or an
	// expression in variables. Nil: every output of the model.
	Outputs []string
	// Open names analysis points at which the loop is open: what follows keeps the value
	// that it has at the operating point, which is that of the closed loop.
	Open []string

	// At most one of these names an analysis point whose loop is measured, in the place of
	// inputs and outputs: see the methods LoopTransfer, Sensitivity and
	// ComplementarySensitivity of Linearization.
	Loop, Sensitivity, Complementary string

	// At lists times, in order; the operating points are those of a run. Nil: the start.
	At []float64
	// Steady takes the steady state that a search from the point at time At leads to.
	Steady bool
	// Set gives parameters, inputs and start values, as in a run.
	Set map[string]float64
	// Values fixes variables at the start, any that the model computes; what the model
	// fixes there itself becomes a guess, and its initial equations do not count.
	Values map[string]float64
	// Run holds the options of the run to the operating points: method, tolerances.
	Run ode.Options
}

// Linearization is a model linearized at a point:
//
//	d(x-X0)/dt = Drift + A (x-X0) + B (u-U0),   y - Y0 = C (x-X0) + D (u-U0)
//
// with matrices and names in the embedded lti.System, and values and derivatives at the
// point in the embedded linearize.Result.
type Linearization struct {
	*linearize.Result
	// Of says what it is the transfer function of: "" from inputs to outputs, or one of
	// "loop transfer function", "sensitivity", "complementary sensitivity".
	Of string
	// Warnings says what is noteworthy about the operating point and the result.
	Warnings []string

	c      *Compiler // of the model as it was simulated
	sys    *model.System
	lz     *linearize.Linearizer
	at     instant
	values linearize.Point
	opt    *LinearizeOptions
}

// Linearize linearizes a model built in memory at its operating point, the first of them
// if the options name several. The error is a diag.List.
func Linearize(ctx context.Context, m *model.System, opt LinearizeOptions) (*Linearization, error) {
	if err := m.Diagnostics().Err(); err != nil {
		return nil, err
	}
	list, found := NewSystem(m, Options{}).Linearize(ctx, opt)
	if err := found.Err(); err != nil {
		return nil, err
	}
	return list[0], nil
}

// Linearize linearizes the model at every operating point of the options. The findings
// hold an error, and the list is nil, or they are warnings about the model.
func (c *Compiler) Linearize(ctx context.Context, opt LinearizeOptions) ([]*Linearization, diag.List) {
	found := c.Run(ctx, "flat")
	if c.failed {
		return nil, found
	}
	sys, bad := c.prepareLinear(&opt)
	if bad.Errors() > 0 {
		return nil, append(found, bad...)
	}
	study, bad := resolveStudy(sys, &opt)
	if bad.Errors() > 0 {
		return nil, append(found, bad...)
	}
	s := &studies{c: c, sys: sys, opt: &opt}
	if bad := s.operate(ctx, nil); bad.Errors() > 0 {
		return nil, append(found, bad...)
	} else {
		found = append(found, bad...)
	}
	list, bad := s.linearize(ctx, study)
	return list, append(found, bad...)
}

// prepareLinear is the system with the inputs that are free unknowns of the model, and
// with the values of the options.
func (c *Compiler) prepareLinear(opt *LinearizeOptions) (*model.System, diag.List) {
	sys := c.sys
	var found diag.List
	if len(opt.Values) > 0 {
		sys = sys.Clone()
		for i := range sys.Vars {
			if v := &sys.Vars[i]; v.Kind == model.Unknown && v.Fixed == model.FixedTrue {
				v.Fixed = model.FixedDefault
			}
		}
		sys.Initial = nil
		names := make([]string, 0, len(opt.Values))
		for name := range opt.Values {
			names = append(names, name)
		}
		slices.Sort(names)
		set := map[string]float64{}
		for k, v := range opt.Set {
			set[k] = v
		}
		for _, name := range names {
			i := findVariable(sys, name)
			if i < 0 {
				found.Add(diag.Pos{}, "E004", nearNames(sys, name), "%s has no variable %s", sys.Name, name)
				continue
			}
			v := &sys.Vars[i]
			if v.Kind != model.Unknown {
				set[v.Name] = opt.Values[name]
				continue
			}
			v.Start, v.Fixed = sys.Pool.Float(opt.Values[name]), model.FixedTrue
		}
		opt.Set = set
	}
	// Unknowns among the inputs are free if there are as many more unknowns than equations.
	var free []int
	for _, name := range opt.Inputs {
		if i := findVariable(sys, name); i >= 0 && !isPoint(sys, name) && sys.Vars[i].Kind == model.Unknown && !slices.Contains(free, i) {
			free = append(free, i)
		}
	}
	if len(free) == 0 {
		return sys, found
	}
	unknowns := 0
	set := map[expr.ID]bool{}
	for _, w := range sys.Whens {
		for _, b := range w.Branches {
			for _, a := range b.Actions {
				if a.Kind == model.SetAction {
					set[a.Target] = true
				}
			}
		}
	}
	for i := range sys.Vars {
		if v := &sys.Vars[i]; v.Kind == model.Unknown && v.Type != model.StringType && !set[v.Sym] {
			unknowns++
		}
	}
	if unknowns-len(sys.Equations) != len(free) {
		for _, i := range free {
			v := &sys.Vars[i]
			next := "name an input or a parameter"
			if points := sys.Points(); len(points) > 0 {
				next += ", or an analysis point: " + strings.Join(points[:min(len(points), 8)], ", ")
			} else {
				next += "; or give the connection a name with AnalysisPoint, and name that"
			}
			found.Add(v.Pos, "E701", next, "%s cannot be an input: the equations of the model determine it", v.Name)
		}
		return sys, found
	}
	if sys == c.sys {
		sys = sys.Clone()
	}
	for _, i := range free {
		v := &sys.Vars[i]
		v.Kind, v.Value, v.Start, v.Fixed = model.InputVar, v.Start, expr.None, model.FixedDefault
		if v.Value == expr.None {
			v.Value = expr.Zero
		}
	}
	return sys, found
}

// findVariable is the index of the variable of that name; of the only one that differs
// in the case of letters; or -1.
func findVariable(sys *model.System, name string) int {
	if a, ok := sys.Pool.Lookup(name); ok {
		if i, ok := sys.VarOf(a); ok {
			return i
		}
	}
	at := -1
	for i := range sys.Vars {
		if strings.EqualFold(sys.Vars[i].Name, name) {
			if at >= 0 {
				return -1
			}
			at = i
		}
	}
	return at
}

func isPoint(sys *model.System, name string) bool { return slices.Contains(sys.Points(), name) }

// nearNames suggests variables and analysis points.
func nearNames(sys *model.System, name string) string {
	list := sys.Points()
	for i := range sys.Vars {
		list = append(list, sys.Vars[i].Name)
	}
	if near := spell.Near(name, list); len(near) > 0 {
		return "did you mean " + strings.Join(near, ", ") + "?"
	}
	if points := sys.Points(); len(points) > 0 {
		return "analysis points: " + strings.Join(points[:min(len(points), 8)], ", ") + "; see the variables with mtkc inspect MODEL --dump flat"
	}
	return "see the variables with mtkc inspect MODEL --dump flat"
}

// what names the measure that the options ask for.
func (o *LinearizeOptions) what() string {
	for _, m := range measures {
		if *m.of(o) != "" {
			return m.name
		}
	}
	return ""
}

// resolveStudy finds what the names of the options mean.
func resolveStudy(sys *model.System, opt *LinearizeOptions) (linearize.Study, diag.List) {
	var study linearize.Study
	var found diag.List
	points := map[string]*model.Equation{}
	for i := range sys.Equations {
		if q := &sys.Equations[i]; q.Point != "" && points[q.Point] == nil {
			points[q.Point] = q
		}
	}
	for _, name := range opt.Open {
		if points[name] == nil {
			found.Add(diag.Pos{}, "E004", pointNames(sys, name), "%s has no analysis point %s", sys.Name, name)
		}
	}
	study.Open = opt.Open
	for _, m := range measures {
		if point := *m.of(opt); point != "" {
			if points[point] == nil {
				return study, append(found, diag.New(diag.Pos{}, "E004", pointNames(sys, point), "%s has no analysis point %s", sys.Name, point)...)
			}
			if opt.Inputs != nil || opt.Outputs != nil {
				found.Add(diag.Pos{}, "E701", "leave inputs and outputs out", "the %s at %s has its own input and output", m.name, point)
			}
			if slices.Contains(opt.Open, point) && !m.cut {
				found.Add(diag.Pos{}, "E701", "leave the opening out, or ask for the loop transfer function", "the %s at %s needs the loop closed there", m.name, point)
			}
			return m.study(sys, points[point], opt.Open), found
		}
	}
	for _, name := range opt.Inputs {
		if points[name] != nil {
			study.Inputs = append(study.Inputs, linearize.Input{Name: name, Var: -1, Point: name})
			continue
		}
		i := findVariable(sys, name)
		switch {
		case i < 0:
			found.Add(diag.Pos{}, "E004", nearNames(sys, name), "%s has no input, parameter or analysis point %s", sys.Name, name)
			continue
		case sys.Vars[i].Kind == model.DiscreteVar:
			found.Add(sys.Vars[i].Pos, "E701", "name an input or a parameter", "%s cannot be an input: events set it", sys.Vars[i].Name)
			continue
		case sys.Vars[i].Type != model.RealType:
			found.Add(sys.Vars[i].Pos, "E701", "name a real variable", "%s cannot be an input: it is not a real number", sys.Vars[i].Name)
			continue
		case sys.Vars[i].Structural || sys.Vars[i].Kind == model.ConstantVar:
			found.Add(sys.Vars[i].Pos, "E701", "declare it as a parameter", "%s cannot be an input: its value is fixed when the model is compiled", sys.Vars[i].Name)
			continue
		}
		study.Inputs = append(study.Inputs, linearize.Input{Name: sys.Vars[i].Name, Var: i})
	}
	if opt.Inputs == nil {
		for i := range sys.Vars {
			if v := &sys.Vars[i]; v.Kind == model.InputVar && v.Type == model.RealType && !sys.IsNoise(v.Sym) {
				study.Inputs = append(study.Inputs, linearize.Input{Name: v.Name, Var: i})
			}
		}
	}
	for i := range study.Inputs {
		for k := range i {
			if study.Inputs[i] == study.Inputs[k] {
				found.Add(diag.Pos{}, "E004", "name it once", "the input %s is named twice", study.Inputs[i].Name)
			}
		}
	}
	for _, name := range opt.Outputs {
		term, err := outputTerm(sys, points, name)
		if err != nil {
			found.Add(diag.Pos{}, "E004", nearNames(sys, name), "the output %s: %v", name, err)
			continue
		}
		study.Outputs = append(study.Outputs, linearize.Output{Name: name, Term: term})
	}
	if opt.Outputs == nil {
		for i := range sys.Vars {
			if v := &sys.Vars[i]; v.Output && v.Type == model.RealType {
				study.Outputs = append(study.Outputs, linearize.Output{Name: v.Name, Term: v.Sym})
			}
		}
	}
	if len(found) == 0 && len(study.Inputs) == 0 {
		found.Add(diag.Pos{}, "E701", "name parameters or analysis points as inputs (--inputs a,b)", "%s declares no input", sys.Name)
	}
	if len(found) == 0 && len(study.Outputs) == 0 {
		found.Add(diag.Pos{}, "E701", "name variables or expressions as outputs (--outputs c,d)", "%s declares no output", sys.Name)
	}
	return study, found
}

func pointNames(sys *model.System, name string) string {
	points := sys.Points()
	if near := spell.Near(name, points); len(near) > 0 {
		return "did you mean " + strings.Join(near, ", ") + "?"
	}
	if len(points) == 0 {
		return "the model has none: name a connection with AnalysisPoint(\"name\", output, input)"
	}
	return "analysis points: " + strings.Join(points[:min(len(points), 12)], ", ")
}

// outputTerm is what an output means: the signal that arrives at an analysis point, a
// variable, or an expression.
func outputTerm(sys *model.System, points map[string]*model.Equation, name string) (expr.ID, error) {
	if q := points[name]; q != nil {
		return q.Rhs, nil
	}
	symbol := func(name string) (expr.ID, error) {
		if i := findVariable(sys, name); i >= 0 {
			if v := &sys.Vars[i]; v.Type != model.RealType && v.Type != model.IntegerType {
				return expr.None, fmt.Errorf("%s is no number", v.Name)
			}
			return sys.Vars[i].Sym, nil
		}
		return expr.None, fmt.Errorf("there is no variable %s", name)
	}
	if e, err := symbol(name); err == nil {
		return e, nil
	}
	e, err := sys.Pool.Parse(name, expr.ParseOptions{Symbol: symbol})
	if err != nil {
		return expr.None, err
	}
	if sys.Pool.Op(e).Info().Bool {
		return expr.None, errors.New("it is a condition, not a number")
	}
	return e, nil
}

// studies holds the operating points of a model for any number of studies.
type studies struct {
	c     *Compiler
	sys   *model.System // what is linearized
	opt   *LinearizeOptions
	run   *Compiler // of what is simulated
	extra map[string]expr.ID
	notes []string
	at    []instant
	point []linearize.Point
}

// operate compiles the model and finds the operating points. derivatives are those
// whose values the plan of the model does not hold.
func (s *studies) operate(ctx context.Context, derivatives []string) diag.List {
	sys := s.sys
	s.extra = nil
	if len(derivatives) > 0 {
		sys, s.extra = withDerivatives(sys, derivatives)
	}
	s.run = s.c
	if sys != s.c.sys {
		s.run = NewSystem(sys, Options{Structural: s.c.Structural, Check: s.c.Check})
	}
	_, found := s.run.Problem(ctx)
	if found.Errors() > 0 {
		return found
	}
	found = append(found, s.run.CheckRequest(trace.Request{Options: ode.Options{Set: s.opt.Set}})...)
	if found.Errors() > 0 {
		return found
	}
	at, notes, bad := s.run.points(ctx, s.opt)
	if bad.Errors() > 0 {
		return append(found, bad...)
	}
	s.at, s.notes = at, notes
	s.point = s.point[:0]
	for _, q := range at {
		pt := s.run.point(q)
		for name, d := range s.extra {
			if a, ok := s.sys.Pool.Lookup(name); ok {
				pt.Values[a] = pt.Values[d]
			}
		}
		s.point = append(s.point, pt)
	}
	return found
}

// linearize does one study at all operating points.
func (s *studies) linearize(ctx context.Context, study linearize.Study) ([]*Linearization, diag.List) {
	for range 4 {
		list, err := s.try(study)
		var missing *linearize.Missing
		var found diag.List
		switch {
		case err == nil:
			return list, nil
		case errors.As(err, &found):
			return nil, found
		case errors.As(err, &missing):
			known := slices.Clone(missing.Names)
			for name := range s.extra {
				known = append(known, name)
			}
			slices.Sort(known)
			if bad := s.operate(ctx, slices.Compact(known)); bad.Errors() > 0 {
				return nil, bad
			}
		default:
			pos, why := s.run.place(err.Error())
			return nil, diag.New(pos, "E704", "linearize at another point: other start values or times; or name other inputs", "%s cannot be linearized: %s", s.sys.Name, why)
		}
	}
	return nil, diag.New(diag.Pos{}, "E704", "name other inputs or outputs", "%s cannot be linearized: the model does not say the values of all states of its linearization", s.sys.Name)
}

func (s *studies) try(study linearize.Study) ([]*Linearization, error) {
	var list []*Linearization
	var lz *linearize.Linearizer
	for k, pt := range s.point {
		for attempt := 0; ; attempt++ {
			if lz == nil || attempt > 0 {
				var found diag.List
				if lz, found = linearize.New(s.sys, study, pt); lz == nil {
					return nil, found
				}
			}
			r, err := lz.At(pt)
			var singular *linearize.Singular
			if errors.As(err, &singular) && attempt == 0 && k > 0 {
				continue // other states may do here
			}
			if err != nil {
				return nil, err
			}
			l := &Linearization{Result: r, Of: s.opt.what(), c: s.c, sys: s.sys, lz: lz, at: s.at[k], values: pt, opt: s.opt}
			l.Warnings = slices.Clone(s.notes)
			l.remark()
			list = append(list, l)
			break
		}
	}
	return list, nil
}

// remark adds what is noteworthy about a result.
func (l *Linearization) remark() {
	if len(l.Improper) > 0 {
		l.Warnings = append(l.Warnings, "the outputs depend on time derivatives of the inputs: the system is not proper")
	}
	if len(l.Shift) > 0 {
		var names []string
		for i, n := range l.States {
			for _, e := range l.Shift {
				if !e.Row(i).IsZero() {
					names = append(names, n)
					break
				}
			}
		}
		l.Warnings = append(l.Warnings, fmt.Sprintf("the equations hold derivatives of the inputs: the states %s of the linear system are those of the model less multiples of the inputs (Shift)", strings.Join(names, ", ")))
	}
	if res, where := l.lz.Residual(l.values); !(res < 1e-4) {
		l.Warnings = append(l.Warnings, fmt.Sprintf("the operating point does not satisfy %s well: it is off by %.2g of its size", where, res))
	}
}

// Equilibrium reports whether the states do not change at the point, as far as its
// accuracy goes: tol is relative to the size of a state, at least 1e-3, in a unit of time.
func (l *Linearization) Equilibrium(tol float64) bool {
	for i, d := range l.Drift {
		if !(math.Abs(d) <= tol*max(math.Abs(l.X0[i]), 1e-3)) {
			return false
		}
	}
	return true
}

// Terms returns the matrices symbolically, in the names of the model.
func (l *Linearization) Terms() (*linearize.Terms, error) { return l.lz.Terms(l.values) }

// measure is a transfer function at an analysis point, from what is added to the signal
// to a term: the signal behind the point (the left side of its equation), or what arrives
// there with the sign of negative feedback.
type measure struct {
	name   string
	of     func(*LinearizeOptions) *string
	cut    bool // the loop is open at the point itself
	behind bool
}

var measures = []measure{
	{"loop transfer function", func(o *LinearizeOptions) *string { return &o.Loop }, true, false},
	{"sensitivity", func(o *LinearizeOptions) *string { return &o.Sensitivity }, false, true},
	{"complementary sensitivity", func(o *LinearizeOptions) *string { return &o.Complementary }, false, false},
}

func (m *measure) study(sys *model.System, q *model.Equation, open []string) linearize.Study {
	out := q.Lhs
	if !m.behind {
		out = sys.Pool.Neg(q.Rhs)
	}
	study := linearize.Study{
		Inputs:  []linearize.Input{{Name: q.Point, Var: -1, Point: q.Point}},
		Outputs: []linearize.Output{{Name: q.Point, Term: out}},
		Open:    slices.Clone(open),
	}
	if m.cut && !slices.Contains(open, q.Point) {
		study.Open = append(study.Open, q.Point)
	}
	return study
}

// LoopTransfer is the loop transfer function L at an analysis point: the loop is cut
// there, and at the points open. L has the sign of negative feedback, S = 1/(1+L): for a
// plant P with the controller C and u = C (r - y) it is P C.
func (l *Linearization) LoopTransfer(point string, open ...string) (*Linearization, error) {
	return l.measure(LinearizeOptions{Loop: point, Open: open})
}

// Sensitivity is the transfer function S from what is added to the signal at an analysis
// point to the signal behind it, with the loop closed there and open at the points open.
func (l *Linearization) Sensitivity(point string, open ...string) (*Linearization, error) {
	return l.measure(LinearizeOptions{Sensitivity: point, Open: open})
}

// ComplementarySensitivity is T = 1 - S = L S, from what is added to the signal at an
// analysis point to what of it arrives there again, with the sign of negative feedback.
func (l *Linearization) ComplementarySensitivity(point string, open ...string) (*Linearization, error) {
	return l.measure(LinearizeOptions{Complementary: point, Open: open})
}

// measure does another study at the same operating point. Only the names in opt count.
func (l *Linearization) measure(opt LinearizeOptions) (*Linearization, error) {
	study, found := resolveStudy(l.sys, &opt)
	if err := found.Err(); err != nil {
		return nil, err
	}
	opt.Set, opt.At, opt.Steady, opt.Run = l.opt.Set, []float64{l.T}, l.opt.Steady, l.opt.Run
	s := &studies{c: l.c, sys: l.sys, opt: &opt, run: l.c, at: []instant{l.at}, point: []linearize.Point{l.values}}
	list, found := s.linearize(context.Background(), study)
	if err := found.Err(); err != nil {
		return nil, err
	}
	return list[0], nil
}
