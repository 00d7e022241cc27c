package structural

import (
	"fmt"
	"strings"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// DerivationKind says how an equation was made from others.
type DerivationKind uint8

const (
	Differentiated DerivationKind = iota // Order times, from one parent
	Combined                             // the sum of Times * parent
	Substituted                          // the first parent, with what the others define put in
)

// Derivation is how an equation that the model does not state came about.
type Derivation struct {
	Kind  DerivationKind
	Order int // of a differentiated one
	Of    []Parent
}

// Parent is an equation: one of the model where From is 0, else one that was derived.
type Parent struct {
	Eq    int      // index into Sys.Equations, -2-k for Sys.Initial[k], -1: an equation that the compiler added
	From  int32    // 1 + index into Plan.Derivations; 0: as the model states it
	Times expr.Num // multiplier in a combination; the zero value: 1
}

// parent is q as others see it.
func (q *equation) parent() Parent { return Parent{Eq: int(q.src), From: q.from} }

// derive records a derivation and returns the mark that goes into equation.from. The
// equation keeps the source of its first parent, where messages point to.
func (w *work) derive(d Derivation) int32 {
	w.plan.Derivations = append(w.plan.Derivations, d)
	return int32(len(w.plan.Derivations))
}

// differentiated is the mark of q differentiated order times. Derivatives of
// derivatives add up.
func (w *work) differentiated(q *equation, order int32) int32 {
	of := q.parent()
	if of.From > 0 {
		if d := &w.plan.Derivations[of.From-1]; d.Kind == Differentiated {
			order += int32(d.Order)
			of = d.Of[0]
		}
	}
	return w.derive(Derivation{Kind: Differentiated, Order: int(order), Of: []Parent{of}})
}

// maxParents is the number of parents that a message lists.
const maxParents = 4

// Ancestry says in words how an equation came about: "differentiated twice from
// pendulum.go:18:2". It is empty for one that the model states.
func (pl *Plan) Ancestry(from int32) string {
	if from == 0 {
		return ""
	}
	d := &pl.Derivations[from-1]
	switch d.Kind {
	case Differentiated:
		return "differentiated" + times(d.Order) + " from " + pl.parentText(&d.Of[0])
	case Combined:
		return "combination of " + pl.listParents(d.Of)
	case Substituted:
		if len(d.Of) == 1 {
			return pl.parentText(&d.Of[0]) + " rewritten"
		}
		return pl.parentText(&d.Of[0]) + " with " + pl.listParents(d.Of[1:]) + " put in"
	}
	panic("mtkc: bug: unknown derivation")
}

// times is how often, for a sentence: " twice".
func times(n int) string {
	switch n {
	case 1:
		return ""
	case 2:
		return " twice"
	}
	return fmt.Sprintf(" %d times", n)
}

func (pl *Plan) listParents(of []Parent) string {
	var b strings.Builder
	for i := range of {
		if i == maxParents && len(of) > maxParents+1 {
			fmt.Fprintf(&b, " and %d more", len(of)-i)
			break
		}
		switch {
		case i == 0:
		case i == len(of)-1:
			b.WriteString(" and ")
		default:
			b.WriteString(", ")
		}
		if k := of[i].Times; k != (expr.Num{}) && !k.IsOne() {
			fmt.Fprintf(&b, "%s times ", pl.Pool.String(pl.Pool.Num(k)))
		}
		b.WriteString(pl.parentText(&of[i]))
	}
	return b.String()
}

// parentText names an equation: its position, or its number where it has none.
func (pl *Plan) parentText(q *Parent) string {
	if q.From > 0 {
		return "(" + pl.Ancestry(q.From) + ")"
	}
	var e *model.Equation
	kind, k := "equation", q.Eq
	switch {
	case q.Eq >= 0:
		e = &pl.Sys.Equations[k]
	case q.Eq <= -2:
		kind, k = "initial equation", -2-q.Eq
		e = &pl.Sys.Initial[k]
	default:
		return "an equation of the compiler"
	}
	s := e.Pos.String()
	if s == "" {
		s = fmt.Sprintf("%s %d", kind, k+1)
	}
	if e.Path != "" {
		s += " in " + e.Path
	}
	return s
}

// Text is the equation of a residual as the user wrote it, behind its position.
func (pl *Plan) Text(r *Residual) string {
	if r.text != "" {
		return r.text
	}
	w := work{sys: pl.Sys, pool: pl.Pool}
	q := equation{res: r.Value, src: r.src}
	text := w.equationText(&q)
	if p := w.pos(&q).String(); p != "" {
		text = p + ": " + text
	}
	return text
}

// DescribeEquation is Describe for an equation of the model by its index into
// Sys.Equations, and how it was derived from it.
func (pl *Plan) DescribeEquation(eq int, from int32) string {
	return pl.Describe(&Residual{Eq: eq, From: from, src: int32(eq)})
}

// Describe is the equation of a residual as the model states it, with how it was
// derived from it.
func (pl *Plan) Describe(r *Residual) string {
	if r.From == 0 {
		return pl.Text(r)
	}
	if d := &pl.Derivations[r.From-1]; d.Kind == Differentiated && d.Of[0].From == 0 {
		return pl.Text(r) + " (differentiated" + times(d.Order) + ")"
	}
	return pl.Text(r) + " (" + pl.Ancestry(r.From) + ")"
}

// partners lists the equations besides its own source from which q was combined, as
// sources (see equation.src), each once.
func (w *work) partners(q *equation) []int32 {
	var out []int32
	seen := map[int]bool{int(q.src): true}
	open := map[int32]bool{0: true} // derivations that have been visited
	var visit func(from int32)
	visit = func(from int32) {
		if open[from] {
			return
		}
		open[from] = true
		for _, of := range w.plan.Derivations[from-1].Of {
			if of.Eq != -1 && !seen[of.Eq] {
				seen[of.Eq] = true
				out = append(out, int32(of.Eq))
			}
			visit(of.From)
		}
	}
	visit(q.from)
	return out
}
