package mtkc

import (
	"fmt"
	"io"
	"strings"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/plot"
	"github.com/mtkc/mtkc/structural"
)

// WriteIncidence draws, as SVG, which unknown stands in which equation: of the model as
// written, and of what is solved, in the order of the block triangular form. The pass
// structural must have run.
func (c *Compiler) WriteIncidence(w io.Writer) error {
	before, after := c.writtenPanel(), c.solvedPanel()
	m := plot.Incidence{
		Title:    c.sys.Name,
		Subtitle: fmt.Sprintf("%s for %s; %s", plural(before.Rows, "equation"), plural(before.Cols, "unknown"), c.sizes()),
		Panels:   []plot.IncidencePanel{before, after},
	}
	return m.WriteSVG(w)
}

// sizes says what is left of a model in a few words.
func (c *Compiler) sizes() string {
	p := c.plan
	text := fmt.Sprintf("index %d, %s", p.Index, plural(p.NDiff, "state"))
	if n := len(p.States) - p.NDiff; n > 0 {
		text += fmt.Sprintf(" and %s", plural(n, "algebraic state"))
	}
	if n := len(p.Invariants); n > 0 {
		text += fmt.Sprintf(", %s kept", plural(n, "constraint"))
	}
	return text
}

// maxEquationText is the length at which equations are cut in a picture.
const maxEquationText = 140

func (c *Compiler) equationName(i int) (name, short string) {
	e := &c.sys.Equations[i]
	p := c.sys.Pool
	opt := expr.TextOptions{Symbol: p.Name, Limit: maxEquationText}
	name = p.Text(e.Lhs, opt) + " = " + p.Text(e.Rhs, opt)
	if s := e.Pos.String(); s != "" {
		name = s + ": " + name
	}
	short = fmt.Sprintf("equation %d", i+1)
	switch {
	case e.Path != "":
		name += " (in " + e.Path + ")"
		short = e.Path
		if e.Pos.Line > 0 {
			short += fmt.Sprintf(":%d", e.Pos.Line)
		}
	case e.Pos.Line > 0:
		file := e.Pos.File[strings.LastIndexAny(e.Pos.File, `/\`)+1:]
		short = fmt.Sprintf("%s:%d", file, e.Pos.Line)
	}
	return name, short
}

// writtenPanel is the system as the model states it.
func (c *Compiler) writtenPanel() plot.IncidencePanel {
	s, pl := c.sys, c.plan
	f := plot.IncidencePanel{
		Title: "As written", Rows: len(s.Equations), Row: c.equationName,
		RowMark: map[int]plot.Mark{}, ColMark: map[int]plot.Mark{},
	}
	col := map[expr.ID]int32{}
	var names []string
	for i := range s.Vars {
		if v := &s.Vars[i]; v.Kind == model.Unknown && v.Type != model.StringType {
			col[v.Sym] = int32(len(names))
			names = append(names, v.Name)
		}
	}
	f.Cols = len(names)
	f.Col = func(i int) (string, string) { return names[i], names[i] }
	p := s.Pool
	seen := map[expr.ID]bool{}
	for i := range s.Equations {
		e := &s.Equations[i]
		clear(seen)
		// A variable that occurs with a derivative is shown as the derivative.
		mark := map[int32]bool{}
		var order []int32
		enter := func(a expr.ID, derivative bool) {
			j, ok := col[a]
			if !ok {
				return
			}
			if d, known := mark[j]; !known {
				order = append(order, j)
				mark[j] = derivative
			} else {
				mark[j] = d || derivative
			}
		}
		for _, side := range []expr.ID{e.Lhs, e.Rhs} {
			p.Walk(side, seen, nil, func(t expr.ID) {
				switch p.Op(t) {
				case expr.OpSym:
					enter(t, false)
				case expr.OpDer:
					for _, a := range p.Free(t) {
						enter(a, true)
					}
				}
			})
		}
		for _, j := range order {
			f.Entries = append(f.Entries, plot.IncidenceEntry{Row: int32(i), Col: j, Derivative: mark[j]})
		}
	}
	rows, cols := map[int]bool{}, map[int32]bool{}
	left := func(a expr.ID) {
		if j, ok := col[a]; ok {
			cols[j] = true
		}
	}
	for i := range pl.Blocks {
		for k := range pl.Blocks[i].Eqs {
			rows[pl.Blocks[i].Eqs[k].Eq] = true
			left(pl.Blocks[i].Vars[k])
		}
	}
	for i := range pl.Invariants {
		rows[pl.Invariants[i].Eq] = true
	}
	for i := range pl.States[:pl.NDiff] {
		left(pl.States[i].Atom)
		if j, ok := col[pl.States[i].Atom]; ok {
			f.ColMark[int(j)] = plot.StateMark
		}
	}
	for i := range f.Rows {
		if !rows[i] {
			f.RowMark[i] = plot.EliminatedMark
		}
	}
	for j := range f.Cols {
		if !cols[int32(j)] {
			f.ColMark[j] = plot.EliminatedMark
		}
	}
	f.Note = plural(len(f.Entries), "incidence")
	if gone := len(f.RowMark); gone > 0 {
		f.Note += fmt.Sprintf(", %s eliminated (aliases, constants, repetitions)", plural(gone, "equation"))
	}
	return f
}

// blockKind is the colour of a block and what it is called.
func blockKind(b *structural.Block) (plot.BlockKind, string) {
	switch b.Kind {
	case structural.Eliminated:
		return plot.EliminatedBlock, "linear, solved in closed form"
	case structural.Linear:
		return plot.LinearBlock, "linear, iterated"
	case structural.Nonlinear:
		return plot.NonlinearBlock, "nonlinear, iterated"
	}
	return plot.ExplicitBlock, "explicit"
}

// solvedPanel is the reduced system: states in front, then the unknowns in the order in
// which they are computed.
func (c *Compiler) solvedPanel() plot.IncidencePanel {
	pl := c.plan
	p := pl.Pool
	f := plot.IncidencePanel{
		Title: "Solved: reduced, in order of evaluation", Known: pl.NDiff,
		RowMark: map[int]plot.Mark{}, ColMark: map[int]plot.Mark{},
	}
	var cols []expr.ID
	col := map[expr.ID]int32{}
	add := func(a expr.ID) {
		col[a] = int32(len(cols))
		cols = append(cols, a)
	}
	for i := range pl.States[:pl.NDiff] {
		add(pl.States[i].Atom)
		f.ColMark[i] = plot.StateMark
	}
	var eqs []*structural.Residual
	coupled, largest := 0, 0
	for i := range pl.Blocks {
		b := &pl.Blocks[i]
		kind, words := blockKind(b)
		blk := plot.IncidenceBlock{Row: len(eqs), Col: len(cols), Size: len(b.Vars), Kind: kind, Border: len(b.Tear)}
		if kind != plot.ExplicitBlock {
			coupled++
			largest = max(largest, blk.Size)
			blk.Name = fmt.Sprintf("%s, %s", plural(blk.Size, "equation"), words)
			if blk.Size > 1 {
				var torn []string
				for k, v := range b.Tear {
					if k == 4 && len(b.Tear) > 5 {
						torn = append(torn, fmt.Sprintf("%d more", len(b.Tear)-k))
						break
					}
					torn = append(torn, p.Name(v))
				}
				blk.Name += "\ntearing variables: " + strings.Join(torn, ", ")
			}
		}
		f.Blocks = append(f.Blocks, blk)
		for _, v := range b.Vars {
			add(v)
		}
		for k := range b.Eqs {
			if b.Eqs[k].From > 0 {
				f.RowMark[len(eqs)] = plot.DerivedMark
			}
			eqs = append(eqs, &b.Eqs[k])
		}
	}
	for _, d := range pl.Deriv {
		if j, ok := col[d]; ok && int(j) >= f.Known {
			f.ColMark[int(j)] = plot.DerivativeMark
		}
	}
	for i := range pl.Blocks {
		if kind, _ := blockKind(&pl.Blocks[i]); kind != plot.ExplicitBlock {
			for _, v := range pl.Blocks[i].Tear {
				f.ColMark[int(col[v])] = plot.TornMark
			}
		}
	}
	for r, q := range eqs {
		for _, a := range p.Atoms(q.Value) {
			if j, ok := col[a]; ok {
				f.Entries = append(f.Entries, plot.IncidenceEntry{Row: int32(r), Col: j})
			}
		}
	}
	f.Rows, f.Cols = len(eqs), len(cols)
	f.Row = func(i int) (name, short string) {
		q := eqs[i]
		if q.Eq < 0 {
			return pl.Text(q), fmt.Sprintf("row %d", i+1)
		}
		name, short = c.equationName(q.Eq)
		if how := pl.Ancestry(q.From); how != "" {
			d := &pl.Derivations[q.From-1]
			if d.Kind == structural.Differentiated {
				short += strings.Repeat("′", d.Order)
			} else {
				short += "*"
			}
			name += "\n" + how
		}
		return name, short
	}
	f.Col = func(j int) (string, string) { return p.Name(cols[j]), p.Name(cols[j]) }
	f.Note = fmt.Sprintf("%s in %s", plural(f.Rows, "equation"), plural(len(pl.Blocks), "block"))
	if coupled > 0 {
		f.Note += fmt.Sprintf("; %d coupled or iterated, the largest of %s", coupled, plural(largest, "equation"))
	}
	return f
}
