package mtkc

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/reaction"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/structural"
)

// WriteReport writes what the compiler made of the model, for people: a summary, its reactions
// and what their network says, the equations as written and those that were derived from them, states, blocks, the
// sequence of evaluation, initialization, events, sparsity and code. Lists end after
// limit entries; 0 means they do not. The passes up to vm must have run.
func (c *Compiler) WriteReport(dst io.Writer, limit int) error {
	w := &report{Writer: bufio.NewWriter(dst), limit: limit, c: c}
	w.head()
	if n := reaction.Of(c.loaded); n != nil {
		w.Flush()
		if err := n.Analyze().Write(dst, limit); err != nil {
			return err
		}
	}
	w.before()
	w.derived()
	w.states()
	w.jumps()
	w.blocks()
	w.after()
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
	counts[model.InputVar] -= len(s.Noises)
	w.line("")
	row := func(name, format string, args ...any) { w.line("%-16s%s", name, fmt.Sprintf(format, args...)) }
	written := fmt.Sprintf("%s for %s", plural(len(s.Equations), "equation"), plural(counts[model.Unknown], "unknown"))
	for _, k := range []struct {
		kind model.VarKind
		noun string
	}{{model.DiscreteVar, "discrete variable"}, {model.ParameterVar, "parameter"}, {model.ConstantVar, "constant"}, {model.InputVar, "input"}} {
		if n := counts[k.kind]; n > 0 {
			written += ", " + plural(n, k.noun)
		}
	}
	if n := len(s.Noises); n > 0 {
		written += fmt.Sprintf(", %d white noise", n)
		if n > 1 {
			written += "s"
		}
	}
	row("as written", "%s", written)
	row("reduced to", "%s", w.reduced())
	row("index", "%s", w.index())
	solved := "algebraic equations only"
	alg := len(p.States) - p.NDiff
	switch {
	case p.NDiff > 0 && alg == 0:
		solved = "an ordinary differential equation with " + plural(p.NDiff, "state")
	case p.NDiff > 0:
		solved = fmt.Sprintf("a differential-algebraic equation with %s and %s", plural(p.NDiff, "differential state"), plural(alg, "algebraic state"))
	case alg > 0:
		solved = "algebraic equations with " + plural(alg, "iteration variable")
	}
	if len(p.Noises) > 0 {
		solved = strings.NewReplacer("an ordinary differential", "a stochastic differential", "a differential-algebraic", "a stochastic differential-algebraic").Replace(solved)
	}
	if n := len(s.Jumps); n > 0 {
		if solved = "a jump process of " + plural(len(p.States), "state") + " and " + plural(n, "reaction"); !w.c.prob.Jumps.Still {
			solved += ", with derivatives between the jumps"
		}
	}
	row("solved as", "%s; %s give the rest", solved, plural(len(p.Seq), "assignment"))
	if n := w.c.prob.Noise; n != nil {
		row("noise", "%s", noiseText(n))
	}
	if n := len(p.Blocks); n > 0 {
		row("blocks", "%s", w.kinds())
	}
	if n := len(p.Invariants); n > 0 {
		row("constraints", "%d, kept by projecting every step onto them (--constraints project)", n)
		w.list(n, func(i int) string { return p.Describe(&p.Invariants[i]) })
		w.choices()
	}
	w.line("offsets")
	p.WriteOffsets(w.Writer, w.limit)
	if points := s.Points(); len(points) > 0 {
		text := strings.Join(points[:min(len(points), 12)], ", ")
		if len(points) > 12 {
			text += fmt.Sprintf(" and %d more", len(points)-12)
		}
		row("analysis points", "%s", text)
	}
	if e := s.Experiment; e.Given {
		text := fmt.Sprintf("t = %v to %v", e.Start, e.Stop)
		if e.Tolerance > 0 {
			text += fmt.Sprintf(", tolerance %v", e.Tolerance)
		}
		row("experiment", "%s", text)
	}
}

// noiseText says what kind the noise of a problem is.
func noiseText(n *ode.Noise) string {
	sense := "Ito"
	if n.Stratonovich {
		sense = "Stratonovich"
	}
	m := n.Matrix
	rows, row := map[int32]int{}, make([]int32, 0, m.NNZ())
	diagonal := true
	for j := range m.Cols {
		diagonal = diagonal && m.ColPtr[j+1]-m.ColPtr[j] == 1
	}
	for _, i := range m.RowIdx {
		rows[i]++
		row = append(row, i)
		diagonal = diagonal && rows[i] == 1
	}
	for j := range n.Reads.Cols {
		for k := n.Reads.ColPtr[j]; k < n.Reads.ColPtr[j+1]; k++ {
			diagonal = diagonal && row[n.Reads.RowIdx[k]] == int32(j)
		}
	}
	text := "1 Wiener process"
	if k := len(n.Names); k > 1 {
		text = fmt.Sprintf("%d Wiener processes", k)
	}
	switch {
	case n.Reads.NNZ() == 0:
		text += ", additive: no factor depends on states"
	case len(n.Names) == 1:
		text += ", scalar: one process drives all, with factors that depend on states"
	case diagonal:
		text += ", diagonal: each drives one state, with a factor that depends on that state at most"
	default:
		text += ", general: their factors depend on states"
	}
	if n.Reads.NNZ() > 0 {
		text += "; in the sense of " + sense
	}
	return text
}

// choices lists the sets of states among which independent ones may be chosen.
func (w *report) choices() {
	prob := w.c.prob
	sets, ok := prob.StateSets()
	if !ok {
		w.line("    which cannot be solved for states (--constraints states): they depend on algebraic variables, or are too many together")
		return
	}
	w.line("    or by solving them for states that are chosen as the run goes (--constraints states):")
	w.list(len(sets), func(i int) string {
		var names []string
		for _, j := range sets[i].States {
			if w.limit > 0 && len(names) == w.limit {
				names = append(names, "...")
				break
			}
			names = append(names, prob.States[j].Name+wish(prob.Choice.Wish[j]))
		}
		return fmt.Sprintf("%d of %s", sets[i].Dependent, strings.Join(names, ", "))
	})
}

// wish is what the user said of a state.
func wish(k ode.Wish) string {
	switch k {
	case ode.WishNever:
		return " (never a state)"
	case ode.WishAvoid:
		return " (avoid as a state)"
	case ode.WishPrefer:
		return " (prefer as a state)"
	case ode.WishAlways:
		return " (always a state)"
	}
	return ""
}

// reduced says what elimination and index reduction did to the number of equations.
func (w *report) reduced() string {
	p := w.c.plan
	kept := map[int]bool{}
	n, added := 0, 0
	enter := func(q *structural.Residual) {
		n++
		if q.From == 0 && q.Eq >= 0 {
			kept[q.Eq] = true
		} else {
			added++
		}
	}
	for i := range p.Blocks {
		for k := range p.Blocks[i].Eqs {
			enter(&p.Blocks[i].Eqs[k])
		}
	}
	text := plural(n, "equation")
	if gone := len(w.c.sys.Equations) - len(kept); gone > 0 {
		text += fmt.Sprintf("; %d of the model eliminated or replaced", gone)
	}
	if added > 0 {
		text += fmt.Sprintf("; %d derived from others", added)
	}
	return text
}

func (w *report) index() string {
	p := w.c.plan
	text := fmt.Sprintf("%d as written", p.Index)
	most := 0
	for i := range p.Derivations {
		if d := &p.Derivations[i]; d.Kind == structural.Differentiated {
			most = max(most, d.Order)
		}
	}
	switch {
	case p.Index == 0:
		return "0, an ordinary differential equation after elimination"
	case most == 1:
		text += ", constraints were differentiated once"
	case most > 1:
		text += fmt.Sprintf(", constraints were differentiated up to %d times", most)
	}
	return text
}

// kinds counts the blocks by the way they are solved.
func (w *report) kinds() string {
	p := w.c.plan
	var count, largest [4]int
	for i := range p.Blocks {
		b := &p.Blocks[i]
		count[b.Kind]++
		largest[b.Kind] = max(largest[b.Kind], len(b.Vars))
	}
	var parts []string
	for k, words := range []string{"explicit", "linear in closed form", "linear by iteration variables", "nonlinear"} {
		if count[k] == 0 {
			continue
		}
		text := fmt.Sprintf("%d %s", count[k], words)
		if largest[k] > 1 {
			if count[k] == 1 {
				text += fmt.Sprintf(" (%s)", plural(largest[k], "equation"))
			} else {
				text += fmt.Sprintf(" (up to %s)", plural(largest[k], "equation"))
			}
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
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

// jumps lists what happens at random instants.
func (w *report) jumps() {
	list := w.c.sys.Jumps
	if len(list) == 0 {
		return
	}
	w.line("\nreactions at random instants")
	w.list(len(list), func(i int) string { return jumpText(w.c.sys.Pool, &list[i], 100) })
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

// derived lists the equations that the model does not state, with their parents.
func (w *report) derived() {
	p := w.c.plan
	var list []*structural.Residual
	for i := range p.Blocks {
		for k := range p.Blocks[i].Eqs {
			if q := &p.Blocks[i].Eqs[k]; q.From > 0 {
				list = append(list, q)
			}
		}
	}
	if len(list) == 0 {
		return
	}
	w.line("\nequations derived from them")
	w.list(len(list), func(i int) string {
		return fmt.Sprintf("0 = %s    (%s)", w.text(list[i].Value), p.Ancestry(list[i].From))
	})
}

// after lists what is computed from the states, in the order of evaluation.
func (w *report) after() {
	p := w.c.plan
	if n := len(p.Seq); n > 0 {
		w.line("\nassignments, in the order of evaluation")
		w.list(n, func(i int) string { return w.text(p.Seq[i].Target) + " := " + w.text(p.Seq[i].Value) })
	}
	if len(p.Noises) > 0 {
		title := "noise of the derivatives"
		stratonovich := func(n structural.Noise) bool { return n.Stratonovich }
		if slices.ContainsFunc(p.Noises, stratonovich) && !w.c.prob.Noise.Stratonovich && w.c.prob.Noise.Reads.NNZ() > 0 {
			title += "; the drift makes up for Stratonovich's sense of some"
		}
		w.line("\n%s", title)
		defs := len(p.NoiseSeq)
		w.list(defs+len(p.Diffusion), func(i int) string {
			if i < defs {
				return w.text(p.NoiseSeq[i].Target) + " := " + w.text(p.NoiseSeq[i].Value)
			}
			d := &p.Diffusion[i-defs]
			return fmt.Sprintf("der(%s)    %s times %s", p.States[d.State].Name, w.text(d.Value), p.Noises[d.Noise].Name)
		})
	}
	if n := len(p.Residuals); n > 0 {
		w.line("\nequations left for the algebraic states")
		w.list(n, func(i int) string { return "0 = " + w.text(p.Residuals[i].Value) })
	}
}

// blocks lists those that are not explicit, the largest first.
func (w *report) blocks() {
	p := w.c.plan
	var coupled []int
	for i := range p.Blocks {
		if p.Blocks[i].Kind != structural.Explicit {
			coupled = append(coupled, i)
		}
	}
	if len(coupled) == 0 {
		return
	}
	w.line("\ncoupled blocks, the largest first")
	slices.SortStableFunc(coupled, func(a, b int) int { return len(p.Blocks[b].Vars) - len(p.Blocks[a].Vars) })
	w.list(len(coupled), func(k int) string {
		b := &p.Blocks[coupled[k]]
		kind := "linear"
		if b.Kind == structural.Nonlinear {
			kind = "nonlinear"
		}
		text := plural(len(b.Vars), kind+" equation")
		how := ", iterating on "
		if b.Kind == structural.Eliminated {
			how = ", in closed form behind "
		}
		if len(b.Tear) > 1 {
			how += fmt.Sprintf("%d unknowns: ", len(b.Tear))
		}
		text += how + w.names(b.Tear)
		if b.Fewer > 0 {
			text += fmt.Sprintf("\n        %d would do if %s could not be 0: give a min above 0", b.Fewer, w.names(b.Bounded))
		}
		return text
	})
}

// names joins the first few names.
func (w *report) names(ids []expr.ID) string {
	var s []string
	for i, e := range ids {
		if i == 5 && len(ids) > 6 {
			s = append(s, fmt.Sprintf("... %d more", len(ids)-i))
			break
		}
		s = append(s, w.c.plan.Pool.Name(e))
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
	text := fmt.Sprintf("%s in %s", plural(len(in.W), "unknown"), plural(len(in.Blocks), "block"))
	switch {
	case iterated == 1:
		text += "; one of them iterates on " + plural(largest, "unknown")
	case iterated > 1:
		text += fmt.Sprintf("; %d of them iterate, on up to %s", iterated, plural(largest, "unknown"))
	}
	w.line("\ninitialization: %s", text)
	for i := range w.c.plan.Notes {
		w.line("    %s", strings.ReplaceAll(w.c.plan.Notes[i].String(), "\n", "\n    "))
	}
}

func (w *report) events() {
	h := &w.c.plan.Hybrid
	if len(h.Relations)+len(h.TimeRelations)+len(h.Samples)+len(h.Counters)+len(h.Whens)+len(h.Actions) == 0 {
		return
	}
	var parts []string
	for _, k := range []struct {
		n    int
		noun string
	}{{len(h.Relations), "zero crossing"}, {len(h.TimeRelations) + len(h.Counters), "instant"}, {len(h.Samples), "sampling"}, {len(h.Whens), "when-condition"}, {len(h.Discrete), "discrete variable"}, {len(h.Actions), "termination or assertion"}} {
		if k.n > 0 {
			parts = append(parts, plural(k.n, k.noun))
		}
	}
	w.line("\nevents: %s", strings.ReplaceAll(strings.Join(parts, ", "), "termination or assertions", "terminations or assertions"))
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

// code lists the kernels, and the loops over equations of one shape in them.
func (w *report) code() {
	w.line("\ncode")
	for _, k := range kernels(w.c.prog) {
		if len(k.Steps) == 0 {
			w.line("    %-14s%s", k.Name, plural(k.Ops(), "operation"))
			continue
		}
		loops := 0
		for i := range k.Steps {
			if k.Steps[i].N > 0 {
				loops++
			}
		}
		w.line("    %-14s%s of code for %d: %s", k.Name, plural(k.Ops(), "operation"), k.Work(), plural(loops, "loop"))
		w.list(len(k.Steps), func(i int) string {
			s := &k.Steps[i]
			if s.N == 0 {
				return fmt.Sprintf("    %8d x  %s in %s", 1, plural(s.Body.Ops(), "operation"), plural(len(s.Body.Out), "result"))
			}
			order := ""
			if s.Ordered {
				order = ", one after the other"
			}
			name := s.Name
			if name == "*" {
				name = "variables of several components"
			}
			return fmt.Sprintf("    %8d x  %s, %s%s", s.N, name, plural(s.Body.Ops(), "operation"), order)
		})
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
