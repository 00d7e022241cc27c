package mtkc

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/structural"
)

// initialized is what the pass init found.
type initialized struct {
	report *ode.InitReport // nil for a model without unknowns at the start
	err    error           // why it failed
	time   float64
}

// initialize solves the initialization with the default parameters. That it fails is a
// result to be shown, not an error of the pass.
func initialize(ctx context.Context, c *Compiler) diag.List {
	span := c.prob.Span
	if !(span[1] > span[0]) {
		span[1] = span[0] + 1
	}
	r, err := ode.Initialize(ctx, c.prob, ode.Options{Span: span})
	c.start = &initialized{r, err, span[0]}
	return nil
}

func sizeInit(c *Compiler) string {
	s := fmt.Sprintf("%d unknowns in %d blocks", len(c.plan.Init.W), len(c.plan.Init.Blocks))
	if c.start.err != nil {
		s += ", failed"
	}
	return s
}

// dumpInit reports how the initial values were found: the conditions, where each unknown
// has its value from, how each block was solved and what is left of its equations.
func dumpInit(c *Compiler, dst io.Writer) error {
	w := &initWriter{Writer: bufio.NewWriter(dst), c: c, pl: c.plan, r: c.start.report}
	in := &c.plan.Init
	state := "solved"
	if c.start.err != nil {
		state = "failed"
	}
	fmt.Fprintf(w, "initialization of %s at t = %v: %d unknowns in %d blocks, %s\n", c.sys.Name, c.start.time, len(in.W), len(in.Blocks), state)
	w.prepare()
	w.conditions()
	w.values()
	w.blocks()
	w.remarks()
	return w.Flush()
}

type initWriter struct {
	*bufio.Writer
	c  *Compiler
	pl *structural.Plan
	r  *ode.InitReport

	at    map[expr.ID]int // of unknowns in W
	fixed map[expr.ID]*structural.FixedStart
	moved map[string]*ode.MovedStart
}

func (w *initWriter) prepare() {
	w.at, w.fixed, w.moved = map[expr.ID]int{}, map[expr.ID]*structural.FixedStart{}, map[string]*ode.MovedStart{}
	for i := range w.pl.Init.W {
		w.at[w.pl.Init.W[i].Atom] = i
	}
	for i := range w.pl.Init.Fixed {
		w.fixed[w.pl.Init.Fixed[i].Atom] = &w.pl.Init.Fixed[i]
	}
	if w.r != nil {
		for i := range w.r.Moved {
			w.moved[w.r.Moved[i].Name] = &w.r.Moved[i]
		}
	}
}

func (w *initWriter) value(i int) string {
	if w.r == nil {
		return "?"
	}
	return fmt.Sprintf("%.9g", w.r.W[i])
}

// conditions lists what the model, and where it leaves a choice the compiler, asks for
// at the start.
func (w *initWriter) conditions() {
	fmt.Fprintf(w, "\nconditions at the start\n")
	n := 0
	for i := range w.pl.Init.Fixed {
		f := &w.pl.Init.Fixed[i]
		x := &w.pl.Init.W[w.at[f.Atom]]
		how := "fixed by the model"
		switch {
		case f.Soft && f.Given:
			how = "start value of the model, taken as fixed because a condition was missing"
		case f.Soft:
			how = "no start value in the model, taken to start at 0"
		}
		if m := w.moved[x.Name]; m != nil {
			how += fmt.Sprintf("; moved from %.9g, which contradicts the equations", m.From)
		}
		fmt.Fprintf(w, "    %s = %s    %s\n", x.Name, w.value(w.at[f.Atom]), how)
		n++
	}
	s := w.c.sys
	for i := range s.Initial {
		e := &s.Initial[i]
		opt := expr.TextOptions{Limit: 200}
		fmt.Fprintf(w, "    %s = %s    initial equation, %s\n", s.Pool.Text(e.Lhs, opt), s.Pool.Text(e.Rhs, opt), e.Pos)
		n++
	}
	if n == 0 {
		fmt.Fprintf(w, "    none\n")
	}
}

// values lists the unknowns with where their values come from.
func (w *initWriter) values() {
	fmt.Fprintf(w, "\nunknowns\n")
	s := w.c.sys
	line := func(a expr.ID, format string, args ...any) {
		i, ok := w.at[a]
		if name := w.pl.Pool.Name(a); ok && !strings.HasPrefix(name, "$") {
			fmt.Fprintf(w, "    %-24s %-16s %s\n", name, w.value(i), fmt.Sprintf(format, args...))
		}
	}
	for b := range w.pl.Init.Blocks {
		blk := &w.pl.Init.Blocks[b]
		for k, u := range blk.Unknowns {
			from := ""
			if w.r != nil && k < len(w.r.Blocks[b].Guess) {
				from = fmt.Sprintf(" from %.9g", w.r.Blocks[b].Guess[k])
				if i := w.at[u]; w.pl.Init.W[i].Start == expr.None {
					from += ", as the model gives no guess"
				}
			}
			line(u, "block %d, iterated%s", b+1, from)
		}
		for i := range blk.Assigns {
			a := &blk.Assigns[i]
			switch f := w.fixed[a.Target]; {
			case f != nil && f.Soft:
				line(a.Target, "start value, taken as fixed")
			case f != nil:
				line(a.Target, "fixed start value")
			case a.Eq >= 0:
				e := &s.Equations[a.Eq]
				opt := expr.TextOptions{Limit: 120}
				text := s.Pool.Text(e.Lhs, opt) + " = " + s.Pool.Text(e.Rhs, opt)
				if p := e.Pos.String(); p != "" {
					text = p + ": " + text
				}
				line(a.Target, "block %d, %s", b+1, text)
			default:
				line(a.Target, "block %d, := %s", b+1, w.pl.Pool.Text(a.Value, expr.TextOptions{Limit: 120}))
			}
		}
	}
}

// blocks says how each block with iteration variables was solved.
func (w *initWriter) blocks() {
	fmt.Fprintf(w, "\nblocks\n")
	direct := 0
	for b := range w.pl.Init.Blocks {
		blk := &w.pl.Init.Blocks[b]
		if len(blk.Residuals) == 0 {
			direct++
			continue
		}
		if len(blk.Unknowns) == 0 {
			fmt.Fprintf(w, "    %d: conditions that depend on the others and are checked\n", b+1)
			w.residuals(b)
			continue
		}
		fmt.Fprintf(w, "    %d: %d iterated, %d assigned", b+1, len(blk.Unknowns)-blk.Lift, len(blk.Assigns))
		if n := blk.Lift; n > 0 {
			fmt.Fprintf(w, ", %d steep exponentials", n)
		}
		if blk.Homotopy {
			fmt.Fprintf(w, ", with homotopy")
		}
		if w.r == nil || w.r.Blocks[b].Guess == nil {
			fmt.Fprintf(w, "; not reached\n")
			continue
		}
		r := &w.r.Blocks[b]
		fmt.Fprintf(w, "; %s: %s, %d iterations", r.Method, r.Status, r.Own())
		if r.Restarts > 0 {
			fmt.Fprintf(w, ", start point %d", r.Restarts)
		}
		if r.Rank < len(blk.Unknowns) {
			fmt.Fprintf(w, ", rank %d of %d", r.Rank, len(blk.Unknowns))
		}
		fmt.Fprintln(w)
		for _, a := range r.Tried {
			if a.Method != r.Method || a.Status != r.Status {
				fmt.Fprintf(w, "       tried %s: %s after %d iterations, worst residual %.3g\n", a.Method, a.Status, a.Iterations, a.Residual)
			}
		}
		unknowns := w.c.prob.Init.Blocks[b].Unknowns
		if k, far := r.Farthest(w.r.W, unknowns); k >= 0 && len(r.Tried) > 0 {
			i := unknowns[k]
			what := fmt.Sprintf("%.0f %% off", 100*far)
			if r.Guess[k] == 0 || math.Signbit(r.Guess[k]) != math.Signbit(w.r.W[i]) {
				what = "farthest off"
			}
			fmt.Fprintf(w, "       guess %s = %.6g was %s: the value is %.6g\n", w.pl.Init.W[i].Name, r.Guess[k], what, w.r.W[i])
		}
		w.residuals(b)
	}
	if direct > 0 {
		fmt.Fprintf(w, "    %d of assignments alone\n", direct)
	}
}

func (w *initWriter) residuals(b int) {
	if w.r == nil {
		return
	}
	for i, v := range w.r.Residuals[b] {
		fmt.Fprintf(w, "       residual %-10.3g %s\n", v, w.c.prob.Init.Blocks[b].Residual[i])
	}
}

// remarks repeats the warnings about the start, and why it failed.
func (w *initWriter) remarks() {
	var list []string
	for _, n := range w.pl.StartNotes() {
		list = append(list, n.String())
	}
	if w.r != nil {
		list = append(list, w.r.Notes...)
	}
	if w.c.start.err != nil {
		list = append(list, w.c.start.err.Error())
	}
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(w, "\nremarks\n")
	for _, s := range list {
		fmt.Fprintf(w, "    %s\n", strings.ReplaceAll(s, "\n", "\n    "))
	}
}
