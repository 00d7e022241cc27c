package basemodelica

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// Options of Write. The zero value writes no positions.
type Options struct {
	// Positions adds annotation(__mtkc(pos="file:line:col")) wherever a source position
	// is known, so that diagnostics of later stages point to the user's source.
	Positions bool
}

// Write writes the system as Base Modelica. Reading the text gives the identical
// system: the same variables, equations and clauses in the same order with equal terms;
// positions too, if the option is set. Equal systems give equal bytes.
//
// It fails on what the format cannot hold: NaN and infinite numbers, symbols that are
// no variables, an unknown with a value (write an equation), control characters in
// texts. Nothing useful has been written then.
func Write(dst io.Writer, sys *model.System, o Options) error {
	w := &writer{printer: newPrinter(sys), opt: o}
	w.system()
	if w.err != nil {
		return w.err
	}
	_, err := dst.Write(w.head)
	if err == nil {
		_, err = dst.Write(w.out)
	}
	if err != nil {
		return fmt.Errorf("basemodelica: %w", err)
	}
	return nil
}

type writer struct {
	*printer
	opt    Options
	head   []byte // what stands before the model
	file   string // of the last position
	note   bool   // an annotation is open
	set    map[expr.ID]bool
	noises map[expr.ID]string
}

func (w *writer) system() {
	s := w.sys
	w.set = map[expr.ID]bool{}
	for i := range s.Whens {
		for k := range s.Whens[i].Branches {
			for _, a := range s.Whens[i].Branches[k].Actions {
				if a.Kind == model.SetAction {
					w.set[a.Target] = true
				}
			}
		}
	}
	w.noises = map[expr.ID]string{}
	for i := range s.Noises {
		n := &s.Noises[i]
		w.noises[n.Sym] = "Ito"
		if n.Stratonovich {
			w.noises[n.Sym] = "Stratonovich"
		}
	}
	w.out = make([]byte, 0, 256+160*(len(s.Vars)+len(s.Equations)))
	w.str("  model ")
	w.ident(s.Name)
	if s.Doc != "" {
		w.out = append(w.out, ' ')
		w.text(s.Doc)
	}
	w.str("\n")
	for i := range s.Vars {
		w.variable(&s.Vars[i])
	}
	if len(s.Initial) > 0 {
		w.str("  initial equation\n")
		for i := range s.Initial {
			w.equation(&s.Initial[i])
		}
	}
	if len(s.Equations)+len(s.Whens)+len(s.Asserts) > 0 {
		w.str("  equation\n")
		for i := range s.Equations {
			w.equation(&s.Equations[i])
		}
		for i := range s.Whens {
			w.when(&s.Whens[i])
		}
		for i := range s.Asserts {
			w.assert(&s.Asserts[i])
		}
	}
	w.experiment()
	w.str("  end ")
	w.ident(s.Name)
	w.str(";\nend ")
	w.ident(s.Name)
	w.str(";\n")

	body := w.out
	w.out = nil
	w.str("//! base 0.1.0\npackage ")
	w.ident(s.Name)
	w.str("\n")
	for i := range s.Enums {
		e := &s.Enums[i]
		w.str("  type ")
		w.ident(e.Name)
		w.str(" = enumeration(")
		for k, v := range e.Values {
			if k > 0 {
				w.str(", ")
			}
			w.ident(v)
		}
		w.str(");\n")
	}
	w.functions()
	w.head, w.out = w.out, body
}

// functions writes the definitions of the functions that terms call.
func (w *writer) functions() {
	known := map[string]bool{}
	for i := 0; i < len(w.order); i++ {
		f := w.order[i]
		if f.Source != "" {
			if !known[f.Source] {
				known[f.Source] = true
				w.str(f.Source)
			}
			continue
		}
		if f.Eval != nil && strings.ContainsAny(f.Name, "$'") {
			w.fail("function %s is known as numeric code only", f.Name)
		}
		w.str("  function ")
		w.ident(f.Name)
		w.str("\n")
		for k := range f.Arity {
			w.str("    input Real 'u" + strconv.Itoa(k+1) + "';\n")
		}
		w.str("    output Real 'y';\n    external \"Go\";\n  end ")
		w.ident(f.Name)
		w.str(";\n")
	}
}

// attr opens or continues the list of attributes.
func (w *writer) attr(n *int, name string) {
	if *n == 0 {
		w.out = append(w.out, '(')
	} else {
		w.str(", ")
	}
	*n++
	w.str(name)
	w.str(" = ")
}

func (w *writer) variable(v *model.Variable) {
	w.str("    ")
	discrete := false
	switch v.Kind {
	case model.ParameterVar:
		w.str("parameter ")
	case model.ConstantVar:
		w.str("constant ")
	case model.DiscreteVar:
		if discrete = !w.set[v.Sym]; !discrete {
			w.str("discrete ")
		}
	case model.InputVar:
		w.str("input ")
	}
	if v.Output && v.Kind != model.InputVar {
		w.str("output ")
	}
	var enum *model.Enum
	switch v.Type {
	case model.RealType:
		w.str("Real ")
	case model.IntegerType:
		w.str("Integer ")
	case model.BooleanType:
		w.str("Boolean ")
	case model.StringType:
		w.str("String ")
	case model.EnumType:
		if enum = w.enums[v.EnumName]; enum == nil {
			w.fail("the enumeration %s of %s is not defined", v.EnumName, v.Name)
		}
		w.ident(v.EnumName)
		w.out = append(w.out, ' ')
	}
	w.ident(v.Name)
	n := 0
	if v.Start != expr.None {
		w.attr(&n, "start")
		w.typed(v.Start, precIf, enum)
	}
	switch v.Fixed {
	case model.FixedTrue:
		w.attr(&n, "fixed")
		w.str("true")
	case model.FixedFalse:
		w.attr(&n, "fixed")
		w.str("false")
	}
	for _, t := range [...]struct {
		name string
		e    expr.ID
	}{{"min", v.Min}, {"max", v.Max}, {"nominal", v.Nominal}} {
		if t.e != expr.None {
			w.attr(&n, t.name)
			w.typed(t.e, precIf, enum)
		}
	}
	for _, t := range [...][2]string{{"unit", v.Unit}, {"displayUnit", v.Display}, {"quantity", v.Quantity}} {
		if t[1] != "" {
			w.attr(&n, t[0])
			w.text(t[1])
		}
	}
	if v.State != model.StateDefault {
		w.attr(&n, "stateSelect")
		w.str([...]string{"", "StateSelect.never", "StateSelect.avoid", "StateSelect.prefer", "StateSelect.always"}[v.State])
	}
	if n > 0 {
		w.out = append(w.out, ')')
	}
	switch {
	case v.Type == model.StringType:
		if v.Text != "" || v.Kind == model.ParameterVar || v.Kind == model.ConstantVar {
			w.str(" = ")
			w.text(v.Text)
		}
	case v.Value == expr.None:
	case v.Kind == model.Unknown, v.Kind == model.DiscreteVar:
		w.fail("the unknown %s has a value; state an equation", v.Name)
	default:
		w.str(" = ")
		w.typed(v.Value, precIf, enum)
	}
	if v.Desc != "" {
		w.out = append(w.out, ' ')
		w.text(v.Desc)
	}
	if v.Structural {
		w.str(" annotation(Evaluate = true")
	}
	w.note = false
	own := func(name string) {
		switch {
		case w.note:
			w.str(", ")
		case v.Structural:
			w.str(", __mtkc(")
		default:
			w.str(" annotation(__mtkc(")
		}
		w.note = true
		w.str(name)
	}
	if w.opt.Positions && v.Pos.Line != 0 {
		own("pos=")
		w.position(v.Pos)
	}
	if v.Path != parent(v.Name) {
		own("path=")
		w.text(v.Path)
	}
	if v.Tunable {
		own("tunable=true")
	}
	if discrete {
		own("isDiscrete=true")
	}
	if v.Output && v.Kind == model.InputVar {
		own("isOutput=true")
	}
	if kind := w.noises[v.Sym]; kind != "" {
		own("noise=")
		w.text(kind)
	}
	if w.opt.Positions && v.Prefix != "" {
		own("prefix=")
		w.text(v.Prefix)
	}
	if w.note {
		w.out = append(w.out, ')')
	}
	if w.note || v.Structural {
		w.out = append(w.out, ')')
	}
	w.str(";\n")
}

// position writes "file:line:col", without the file where it is the last one's.
func (w *writer) position(p diag.Pos) {
	file := p.File
	if file == w.file {
		file = ""
	}
	w.file = p.File
	w.text(file + ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Col))
}

// annotation writes our annotation: item begins an entry, end closes the annotation if
// it has any.
func (w *writer) annotation() (item, end func()) {
	n := 0
	item = func() {
		if n == 0 {
			w.str(" annotation(__mtkc(")
		} else {
			w.str(", ")
		}
		n++
	}
	end = func() {
		if n > 0 {
			w.str("))")
		}
	}
	return item, end
}

// own writes our annotation of an equation or statement.
func (w *writer) own(pos diag.Pos, path string, connection bool, point string) {
	item, end := w.annotation()
	if w.opt.Positions && pos.Line != 0 {
		item()
		w.str("pos=")
		w.position(pos)
	}
	if path != "" {
		item()
		w.str("path=")
		w.text(path)
	}
	if connection {
		item()
		w.str("connection=true")
	}
	if point != "" {
		item()
		w.str("analysisPoint=")
		w.text(point)
	}
	end()
}

func (w *writer) equation(e *model.Equation) {
	w.str("    ")
	enum := w.enumOf(safe(e.Lhs))
	if enum == nil {
		enum = w.enumOf(safe(e.Rhs))
	}
	w.typed(e.Lhs, precOr, enum)
	w.str(" = ")
	w.typed(e.Rhs, precIf, enum)
	if e.Desc != "" {
		w.out = append(w.out, ' ')
		w.text(e.Desc)
	}
	w.own(e.Pos, e.Path, e.Connection, e.Point)
	w.str(";\n")
}

// safe replaces a missing term, which is reported when it is written.
func safe(e expr.ID) expr.ID {
	if e == expr.None {
		return expr.Zero
	}
	return e
}

func (w *writer) when(c *model.WhenClause) {
	if len(c.Branches) == 0 {
		w.fail("a when-clause has no branches")
		return
	}
	for i := range c.Branches {
		b := &c.Branches[i]
		w.str("    ")
		if i > 0 {
			w.str("else")
		}
		w.str("when ")
		switch len(b.Conds) {
		case 0:
			w.fail("a branch of a when-clause has no condition")
		case 1:
			w.term(b.Conds[0], precOr)
		default:
			w.out = append(w.out, '{')
			for k, e := range b.Conds {
				if k > 0 {
					w.str(", ")
				}
				w.term(e, precIf)
			}
			w.out = append(w.out, '}')
		}
		w.str(" then\n")
		for k := range b.Actions {
			w.action(&b.Actions[k])
		}
	}
	w.str("    end when")
	item, end := w.annotation()
	if w.opt.Positions && c.Pos.Line != 0 {
		item()
		w.str("pos=")
		w.position(c.Pos)
		differ := false
		for i := range c.Branches {
			differ = differ || c.Branches[i].Pos != c.Pos
		}
		if differ {
			item()
			w.str("branches={")
			for i := range c.Branches {
				if i > 0 {
					w.str(", ")
				}
				w.position(c.Branches[i].Pos)
			}
			w.str("}")
		}
	}
	if c.Path != "" {
		item()
		w.str("path=")
		w.text(c.Path)
	}
	end()
	w.str(";\n")
}

func (w *writer) action(a *model.Action) {
	w.str("      ")
	if a.If != expr.None {
		w.str("if ")
		w.term(a.If, precOr)
		w.str(" then ")
	}
	switch a.Kind {
	case model.SetAction:
		enum := w.enumOf(safe(a.Target))
		w.term(a.Target, precOr)
		w.str(" = ")
		w.typed(a.Value, precIf, enum)
	case model.ReinitAction:
		w.str("reinit(")
		w.term(a.Target, precIf)
		w.str(", ")
		w.term(a.Value, precIf)
		w.out = append(w.out, ')')
	case model.TerminateAction:
		w.str("terminate(")
		w.text(a.Message)
		w.out = append(w.out, ')')
	case model.AssertAction:
		w.assertion(a.Cond, a.Message, a.Warn)
	}
	w.own(a.Pos, "", false, "")
	if a.If != expr.None {
		w.str("; end if")
	}
	w.str(";\n")
}

func (w *writer) assertion(cond expr.ID, msg string, warn bool) {
	w.str("assert(")
	w.term(cond, precIf)
	w.str(", ")
	w.text(msg)
	if warn {
		w.str(", AssertionLevel.warning")
	}
	w.out = append(w.out, ')')
}

func (w *writer) assert(a *model.Assertion) {
	w.str("    ")
	w.assertion(a.Cond, a.Message, a.Warn)
	w.own(a.Pos, a.Path, false, "")
	w.str(";\n")
}

func (w *writer) experiment() {
	x := &w.sys.Experiment
	if !x.Given {
		return
	}
	var parts []string
	for _, t := range [...]struct {
		name string
		v    float64
	}{{"StartTime", x.Start}, {"StopTime", x.Stop}, {"Tolerance", x.Tolerance}, {"Interval", x.Interval}} {
		if math.IsNaN(t.v) || math.IsInf(t.v, 0) {
			w.fail("%s = %v of the experiment cannot be written", t.name, t.v)
		}
		if t.v != 0 {
			parts = append(parts, t.name+" = "+strconv.FormatFloat(t.v, 'g', -1, 64))
		}
	}
	w.str("    annotation(experiment(" + strings.Join(parts, ", ") + ")")
	if x.Solver != "" {
		w.str(", __mtkc(solver=")
		w.text(x.Solver)
		w.out = append(w.out, ')')
	}
	w.str(");\n")
}
