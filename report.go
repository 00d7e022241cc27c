package mtkc

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/plot"
	"github.com/mtkc/mtkc/structural"
)

// WriteReport writes what the compiler made of the model, for people: equations
// before and after, index, states, blocks, sparsity. Lists end after limit entries;
// 0 means they do not. The passes up to vm must have run.
func (c *Compiler) WriteReport(dst io.Writer, limit int) error {
	w := &report{Writer: bufio.NewWriter(dst), limit: limit, c: c}
	w.head()
	w.before()
	w.states()
	w.after()
	w.blocks()
	w.initialization()
	w.events()
	w.jacobian()
	w.code()
	return w.Flush()
}

type report struct {
	*bufio.Writer
	limit int
	c     *Compiler
}

func (w *report) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// list writes entries, one a line, up to the limit.
func (w *report) list(n int, entry func(i int) string) {
	for i := range n {
		if w.limit > 0 && i == w.limit {
			w.line("    ... and %d more (--all lists them)", n-i)
			return
		}
		w.line("    %s", entry(i))
	}
}

func (w *report) head() {
	s, p := w.c.sys, w.c.plan
	title := s.Name
	if s.Doc != "" {
		title += ": " + strings.SplitN(s.Doc, "\n", 2)[0]
	}
	w.line("%s", title)
	counts := map[model.VarKind]int{}
	for i := range s.Vars {
		counts[s.Vars[i].Kind]++
	}
	w.line("")
	row := func(name, format string, args ...any) { w.line("%-16s%s", name, fmt.Sprintf(format, args...)) }
	row("model", "%d equations for %d unknowns, %d discrete variables, %d parameters, %d constants, %d inputs",
		len(s.Equations), counts[model.Unknown], counts[model.DiscreteVar], counts[model.ParameterVar], counts[model.ConstantVar], counts[model.InputVar])
	row("solved as", "%d differential and %d algebraic states; %d assignments give the rest", p.NDiff, len(p.States)-p.NDiff, len(p.Seq))
	how := "differentiation index of the model as written"
	switch {
	case p.Index == 0:
		how = "an ordinary differential equation after elimination"
	case p.Index > 1:
		how += ", reduced by differentiating its constraints"
	}
	row("index", "%d, %s", p.Index, how)
	if n := len(p.Invariants); n > 0 {
		row("constraints", "%d, which every step is projected onto", n)
		w.list(n, func(i int) string { return describe(&p.Invariants[i]) })
	}
	w.line("offsets")
	p.WriteOffsets(w.Writer, w.limit)
	if e := s.Experiment; e.Given {
		text := fmt.Sprintf("t = %v to %v", e.Start, e.Stop)
		if e.Tolerance > 0 {
			text += fmt.Sprintf(", tolerance %v", e.Tolerance)
		}
		row("experiment", "%s", text)
	}
}

func describe(r *structural.Residual) string {
	s := r.Text
	if r.Order > 0 {
		s += fmt.Sprintf("  (differentiated %d times)", r.Order)
	}
	return s
}

func (w *report) states() {
	p := w.c.plan
	if len(p.States) == 0 {
		return
	}
	values := map[expr.ID]float64{}
	for i := range w.c.prob.Params {
		if i < len(p.Params) {
			values[p.Params[i].Atom] = w.c.prob.P[i]
		}
	}
	w.line("\nstates")
	w.list(len(p.States), func(i int) string {
		s := &p.States[i]
		kind := "differential"
		if i >= p.NDiff {
			kind = "algebraic"
		}
		text := fmt.Sprintf("%-24s %-13s", s.Name, kind)
		if v, ok := values[s.Start]; ok {
			how := "guess"
			if s.Fixed {
				how = "start"
			}
			text += fmt.Sprintf(" %s %v", how, v)
		}
		if s.Var >= 0 && w.c.sys.Vars[s.Var].Unit != "" {
			text += " " + w.c.sys.Vars[s.Var].Unit
		}
		return strings.TrimRight(text, " ")
	})
}

// text is a term with plain names, cut at a length that a reader can take in.
func (w *report) text(e expr.ID) string {
	p := w.c.sys.Pool
	opt := expr.TextOptions{Symbol: p.Name, Limit: 400}
	if w.limit == 0 {
		opt.Limit = 0
	}
	return p.Text(e, opt)
}

// before lists the equations of the flat model.
func (w *report) before() {
	s := w.c.sys
	if len(s.Equations) == 0 {
		return
	}
	w.line("\nequations of the model")
	w.list(len(s.Equations), func(i int) string {
		e := &s.Equations[i]
		return w.text(e.Lhs) + " = " + w.text(e.Rhs)
	})
}

// after lists what is computed from the states, in the order of evaluation.
func (w *report) after() {
	p := w.c.plan
	if n := len(p.Seq); n > 0 {
		w.line("\nassignments, in the order of evaluation")
		w.list(n, func(i int) string { return w.text(p.Seq[i].Target) + " := " + w.text(p.Seq[i].Value) })
	}
	if n := len(p.Residuals); n > 0 {
		w.line("\nequations left for the algebraic states")
		w.list(n, func(i int) string { return "0 = " + w.text(p.Residuals[i].Value) })
	}
}

func (w *report) blocks() {
	p := w.c.plan
	if len(p.Blocks) == 0 {
		return
	}
	var coupled []int
	largest := 0
	for i := range p.Blocks {
		if n := len(p.Blocks[i].Vars); n > 1 || len(p.Blocks[i].Tear) > 0 {
			coupled = append(coupled, i)
			largest = max(largest, n)
		}
	}
	w.line("\nblocks: %d in evaluation order, %d of them coupled", len(p.Blocks), len(coupled))
	if len(coupled) == 0 {
		return
	}
	slices.SortStableFunc(coupled, func(a, b int) int { return len(p.Blocks[b].Vars) - len(p.Blocks[a].Vars) })
	w.list(len(coupled), func(k int) string {
		b := &p.Blocks[coupled[k]]
		kind := "nonlinear"
		if b.Linear {
			kind = "linear"
		}
		text := fmt.Sprintf("%d %s equations", len(b.Vars), kind)
		if len(b.Vars) == 1 {
			text = "1 " + kind + " equation"
		}
		if len(b.Tear) > 0 {
			text += fmt.Sprintf(", iterating on %s", w.names(b.Tear))
		} else {
			text += ", solved in closed form, for " + w.names(b.Vars)
		}
		return text
	})
}

// names joins the first few names.
func (w *report) names(ids []expr.ID) string {
	var s []string
	for i, e := range ids {
		if i == 5 && len(ids) > 6 {
			s = append(s, fmt.Sprintf("... (%d in all)", len(ids)))
			break
		}
		s = append(s, w.c.plan.Pool.String(e))
	}
	return strings.Join(s, ", ")
}

func (w *report) initialization() {
	in := &w.c.plan.Init
	if len(in.W) == 0 {
		return
	}
	iterated, largest := 0, 0
	for i := range in.Blocks {
		if n := len(in.Blocks[i].Unknowns); n > 0 {
			iterated++
			largest = max(largest, n)
		}
	}
	w.line("\ninitialization: %d unknowns in %d blocks", len(in.W), len(in.Blocks))
	if iterated > 0 {
		w.line("    %d blocks by iteration, the largest on %d unknowns", iterated, largest)
	}
	for i := range w.c.plan.Notes {
		w.line("    %s", strings.ReplaceAll(w.c.plan.Notes[i].String(), "\n", "\n    "))
	}
}

func (w *report) events() {
	h := &w.c.plan.Hybrid
	if len(h.Relations)+len(h.TimeRelations)+len(h.Samples)+len(h.Whens)+len(h.Actions) == 0 {
		return
	}
	w.line("\nevents: %d zero crossings, %d instants, %d samplings, %d when-conditions, %d discrete variables, %d terminations and assertions",
		len(h.Relations), len(h.TimeRelations), len(h.Samples), len(h.Whens), len(h.Discrete), len(h.Actions))
	w.list(len(h.Relations)+len(h.TimeRelations), func(i int) string {
		if i < len(h.Relations) {
			return h.Relations[i].Text
		}
		return h.TimeRelations[i-len(h.Relations)].Text
	})
}

func (w *report) jacobian() {
	p := w.c.prob
	n := p.N()
	if n == 0 {
		return
	}
	if p.Jac == nil {
		w.line("\nJacobian: %d by %d, dense, by finite differences", n, n)
		return
	}
	nnz := p.Jac.NNZ()
	w.line("\nJacobian: %d by %d with %d structural nonzeros (%.3g %%), symbolic", n, n, nnz, 100*float64(nnz)/float64(n)/float64(n))
	const draw = 40
	if n > draw {
		return
	}
	rows := make([][]byte, n)
	for i := range rows {
		rows[i] = []byte(strings.Repeat(". ", n))
	}
	for j := range n {
		for k := p.Jac.ColPtr[j]; k < p.Jac.ColPtr[j+1]; k++ {
			rows[p.Jac.RowIdx[k]][2*j] = '*'
		}
	}
	for i := range rows {
		w.line("    %s", strings.TrimRight(string(rows[i]), " "))
	}
}

// WriteIncidence draws, as SVG, which unknown stands in which equation, both in the
// order of the block triangular form. The pass structural must have run.
func (c *Compiler) WriteIncidence(w io.Writer) error {
	p := c.plan
	col := map[expr.ID]int{}
	m := plot.Incidence{Title: c.sys.Name}
	for i := range p.Blocks {
		for _, v := range p.Blocks[i].Vars {
			col[v] = len(m.Cols)
			m.Cols = append(m.Cols, p.Pool.String(v))
		}
		m.Blocks = append(m.Blocks, len(p.Blocks[i].Vars))
	}
	for i := range p.Blocks {
		for k := range p.Blocks[i].Eqs {
			q := &p.Blocks[i].Eqs[k]
			row := len(m.Rows)
			m.Rows = append(m.Rows, q.Text)
			for _, a := range p.Pool.Atoms(q.Value) {
				if j, ok := col[a]; ok {
					m.Entries = append(m.Entries, [2]int{row, j})
				}
			}
		}
	}
	return m.WriteSVG(w)
}

// code lists the kernels, and the loops over equations of one shape in them.
func (w *report) code() {
	w.line("\ncode")
	for _, k := range kernels(w.c.prog) {
		if len(k.Steps) == 0 {
			w.line("    %-14s%d operations", k.Name, k.Ops())
			continue
		}
		loops := 0
		for i := range k.Steps {
			if k.Steps[i].N > 0 {
				loops++
			}
		}
		w.line("    %-14s%d operations of code for %d: %s", k.Name, k.Ops(), k.Work(), plural(loops, "loop"))
		w.list(len(k.Steps), func(i int) string {
			s := &k.Steps[i]
			if s.N == 0 {
				return fmt.Sprintf("    %8d x  %d operations in %s", 1, s.Body.Ops(), plural(len(s.Body.Out), "result"))
			}
			order := ""
			if s.Ordered {
				order = ", one after the other"
			}
			return fmt.Sprintf("    %8d x  %s, %d operations%s", s.N, s.Name, s.Body.Ops(), order)
		})
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
