package structural

import (
	"fmt"
	"strings"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/structural/graph"
)

// maxNamed is the number of equations or unknowns that a diagnostic lists.
const maxNamed = 8

// checkRegular reports a system whose equations cannot determine its unknowns, with
// the over- and under-determined parts of the Dulmage-Mendelsohn decomposition.
func (s *signature) checkRegular() bool {
	w := s.w
	g := s.pattern()
	m := graph.Match(g, nil)
	n, u := g.Rows(), g.Cols
	if m.N == n && n == u {
		return true
	}
	d := graph.DulmageMendelsohn(g, m)
	var rows, cols []int32 // suspicious ones
	for r := range int32(n) {
		if d.Row[r] == graph.Over {
			rows = append(rows, r)
		}
	}
	for c := range int32(u) {
		if d.Col[c] == graph.Under {
			cols = append(cols, c)
		}
	}
	pos := diag.Pos{}
	if len(rows) > 0 {
		pos = w.pos(&w.eqs[rows[0]])
	} else if len(cols) > 0 {
		pos = w.varPos(s.chains[cols[0]][0])
	}
	eqs, vars := len(w.sys.Equations), 0
	for i := range w.sys.Vars {
		if r, _ := w.roleOf(w.sys.Vars[i].Sym); (w.sys.Vars[i].Kind == model.Unknown || w.sys.Vars[i].Kind == model.DiscreteVar) && r != roleDiscrete {
			vars++
		}
	}
	var q *diag.Diagnostic
	switch {
	case len(cols) > 0 && len(rows) == 0:
		q = w.list.Add(pos, "E204", "", "%s for %s: %s not determined", plural(eqs, "equation"), plural(vars, "unknown"), s.sample(cols))
		if eqs >= vars {
			verb := "follow"
			if u-n+eqs-vars == 1 {
				verb = "follows"
			}
			q.Message += fmt.Sprintf(", since %s %s from the others", plural(u-n+eqs-vars, "equation"), verb)
			q.Next = "fix one of the unknowns above; a circuit, for example, needs a ground"
		} else if c := w.unbalanced(q, 1); c != "" {
			q.Next = "state another equation in " + c + ", or connect or fix the unknown"
		} else if c := s.component(cols); c != "" {
			q.Next = "state another equation, most likely in " + c + ", or connect or fix the unknown"
		} else {
			q.Next = "state another equation for one of the unknowns above, or declare it a parameter"
		}
	case len(rows) > 0 && len(cols) == 0:
		q = w.list.Add(pos, "E205", "remove one of the equations below, or declare one of their parameters an unknown", "%s for %s: %s too many", plural(eqs, "equation"), plural(vars, "unknown"), plural(n-m.N, "equation"))
		w.unbalanced(q, -1)
	default:
		q = w.list.Add(pos, "E301", "look for an equation that repeats another one, and for unknowns that no equation mentions", "the system is structurally singular: %s have too few unknowns, and %s not determined", plural(len(rows), "equation"), s.sample(cols))
	}
	for k, r := range rows {
		if k == maxNamed {
			q.Notes = append(q.Notes, diag.Note{Text: fmt.Sprintf("and %d more equations", len(rows)-k)})
			break
		}
		e := &w.eqs[r]
		free := ""
		if m.Col[r] == graph.None {
			free = " (left over)"
		}
		q.Notes = append(q.Notes, diag.Note{Pos: w.pos(e), Text: "equation" + free + ": " + w.equationText(e)})
	}
	if len(rows) > 0 {
		var names []int32
		for c := range int32(u) {
			if d.Col[c] == graph.Over {
				names = append(names, c)
			}
		}
		if len(names) > 0 {
			q.Notes = append(q.Notes, diag.Note{Text: "together they involve only " + s.names(names)})
		}
	}
	for k, c := range cols {
		if k == maxNamed {
			q.Notes = append(q.Notes, diag.Note{Text: fmt.Sprintf("and %d more unknowns", len(cols)-k)})
			break
		}
		text := w.name(s.chains[c][0]) + " takes part in too few equations"
		if len(cols) == 1 || m.Row[c] == graph.None {
			text = w.name(s.chains[c][0]) + " has no equation"
		}
		for _, v := range s.chains[c] {
			if i := w.vars[v].sys; i != none && w.sys.Vars[i].Kind == model.DiscreteVar {
				text += "; " + w.name(v) + " is discrete, but no when-clause sets it"
			}
		}
		q.Notes = append(q.Notes, diag.Note{Pos: w.varPos(s.chains[c][0]), Text: text})
	}
	return false
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (s *signature) names(cols []int32) string {
	var b strings.Builder
	for k, c := range cols {
		if k > 0 {
			b.WriteString(", ")
		}
		if k == maxNamed {
			fmt.Fprintf(&b, "%d more", len(cols)-k)
			break
		}
		b.WriteString(s.chainName(c))
	}
	return b.String()
}

// chainName is the name of a variable, with that of its derivative where the model
// has one: an equation v = der(x) makes the two one unknown.
func (s *signature) chainName(c int32) string {
	name := s.w.name(s.chains[c][0])
	for _, v := range s.chains[c][1:] {
		if s.w.vars[v].sys != none {
			return name + " (with its derivative " + s.w.name(v) + ")"
		}
	}
	return name
}

func (s *signature) sample(cols []int32) string {
	if len(cols) == 1 {
		return s.names(cols) + " is"
	}
	return s.names(cols) + " are"
}

// component is the instance path that most of the unknowns share, "" if they are of
// the top level.
func (s *signature) component(cols []int32) string {
	count := map[string]int{}
	best := ""
	for _, c := range cols {
		v := &s.w.vars[s.chains[c][0]]
		if v.sys == none {
			continue
		}
		p := s.w.sys.Vars[v.sys].Path
		if p == "" {
			if i := strings.LastIndexByte(s.w.sys.Vars[v.sys].Name, '.'); i > 0 {
				p = s.w.sys.Vars[v.sys].Name[:i]
			}
		}
		if i := strings.IndexByte(p, '.'); i > 0 {
			p = p[:i]
		}
		if p == "" {
			continue
		}
		count[p]++
		if best == "" || count[p] > count[best] {
			best = p
		}
	}
	return best
}

func (w *work) varPos(v int32) diag.Pos {
	if i := w.vars[v].sys; i != none {
		return w.sys.Vars[i].Pos
	}
	if x := w.vars[v].integ; x != none {
		return w.varPos(x)
	}
	return diag.Pos{}
}

// equationText is the equation as the user wrote it, without position.
func (w *work) equationText(q *equation) string {
	const limit = 160
	s, ok := w.source(q)
	if !ok {
		return w.pool.Text(q.res, expr.TextOptions{Limit: limit}) + " = 0"
	}
	text := w.pool.Text(s.Lhs, expr.TextOptions{Limit: limit}) + " = " + w.pool.Text(s.Rhs, expr.TextOptions{Limit: limit})
	if s.Path != "" {
		text += " (in " + s.Path + ")"
	}
	return text
}

// note adds an equation to a diagnostic.
func note(d *diag.Diagnostic, w *work, q *equation) {
	d.Notes = append(d.Notes, diag.Note{Pos: w.pos(q), Text: w.equationText(q)})
}

// unbalanced adds notes on the components that have too few equations by themselves
// (sign 1) or too many (-1), and returns the path of the first, "" if there is none or
// only the model as a whole.
func (w *work) unbalanced(q *diag.Diagnostic, sign int) string {
	first, n := "", 0
	for _, b := range w.sys.Imbalances() {
		if b.Missing*sign <= 0 || b.Path == "" {
			continue
		}
		if n++; n > 3 {
			break
		}
		if first == "" {
			first = b.Path
		}
		word := "few"
		if sign < 0 {
			word = "many"
		}
		q.Notes = append(q.Notes, diag.Note{Pos: b.Pos, Text: fmt.Sprintf("component %s has %s too %s", b.Path, plural(b.Missing*sign, "equation"), word)})
	}
	return first
}
