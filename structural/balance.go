package structural

import (
	"fmt"
	"slices"
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
	if s.reportDependent() {
		return false
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
	eqs, vars := len(w.sys.Equations), 0
	for i := range w.sys.Vars {
		if r, _ := w.roleOf(w.sys.Vars[i].Sym); (w.sys.Vars[i].Kind == model.Unknown || w.sys.Vars[i].Kind == model.DiscreteVar) && r != roleDiscrete {
			vars++
		}
	}
	if len(rows) == 0 && eqs >= vars {
		cols = s.undetermined(d, cols)
	}
	pos := diag.Pos{}
	if len(rows) > 0 {
		pos = w.pos(&w.eqs[rows[0]])
	} else if len(cols) > 0 {
		pos = w.varPos(s.chains[cols[0]][0])
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
			q.Next = w.redundancies(q)
		} else if c := w.unbalanced(q, 1); c != "" {
			q.Next = "state another equation in " + c + ", or connect or fix the unknown"
			s.suspectFirst(cols, c)
			q.Message = fmt.Sprintf("%s for %s: %s not determined", plural(eqs, "equation"), plural(vars, "unknown"), s.sample(cols))
		} else if c := s.component(cols); c != "" {
			q.Next = "state another equation, most likely in " + c + ", or connect or fix the unknown"
		} else {
			q.Next = "state another equation for one of the unknowns above, or declare it a parameter"
		}
	case len(rows) > 0 && len(cols) == 0:
		q = w.list.Add(pos, "E205", "remove one of the equations below, or declare one of their parameters an unknown", "%s for %s: %s too many", plural(eqs, "equation"), plural(vars, "unknown"), plural(n-m.N, "equation"))
		w.unbalanced(q, -1)
	default:
		has := "have"
		if len(rows) == 1 {
			has = "has"
		}
		q = w.list.Add(pos, "E301", "look for an equation that repeats another one, and for unknowns that no equation mentions", "the system is structurally singular: %s %s too few unknowns, and %s not determined", plural(len(rows), "equation"), has, s.sample(cols))
		w.unbalanced(q, 1)
		w.unbalanced(q, -1)
	}
	s.noteTwice(q, rows)
	used := s.usedSomewhere()
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
		switch {
		case !used[c]:
			text = w.name(s.chains[c][0]) + " is used nowhere"
		case len(cols) == 1 || m.Row[c] == graph.None && eqs < vars:
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

// undetermined are those of the under-determined columns that the equations leave free by
// value too: with the voltages of a circuit without ground, structure alone names its
// currents. A solution of the linearized, homogeneous equations with random values of
// what they leave free is 0 in the others, but for an unlikely accident of the numbers;
// a derivative of order k counts as a power k of a random number, as in a Laplace
// transform.
func (s *signature) undetermined(d *graph.Decomposition, cols []int32) []int32 {
	w, p := s.w, s.w.pool
	g := w.point(1, givenNone)
	column := make(map[int32]int32, len(cols))
	for k, c := range cols {
		column[c] = int32(k)
	}
	var rows []sparseRow
	var order []int32
	for i := range int32(len(w.eqs)) {
		if d.Row[i] != graph.Under {
			continue
		}
		if w.eqs[i].lhs != expr.None {
			return cols
		}
		var r sparseRow
		for _, e := range s.row(i) {
			k, under := column[e.chain]
			if !under || slices.Contains(r.col, k) {
				continue
			}
			sum, power := uint64(0), uint64(1)
			for _, v := range s.chains[e.chain] {
				x := g.of(p.Diff(w.eqs[i].res, w.vars[v].atom, nil))
				if x == undefined {
					return cols
				}
				sum, power = addMod(sum, mulMod(x, power)), mulMod(power, g.draw(saltOrder))
			}
			if sum != 0 {
				r.col, r.val = append(r.col, k), append(r.val, sum)
			}
		}
		rows, order = append(rows, r), append(order, int32(len(order)))
	}
	const limit = 1 << 24
	basis, _, ok := eliminate(rows, order, len(cols), limit)
	if !ok {
		return cols
	}
	x := make([]uint64, len(cols))
	for k := range x {
		x[k] = g.draw(saltOrder + 1 + uint64(k))
	}
	for k := len(basis) - 1; k >= 0; k-- {
		b := &basis[k]
		sum := uint64(0)
		for j, c := range b.left.col {
			if c != b.pivot {
				sum = addMod(sum, mulMod(b.left.val[j], x[c]))
			}
		}
		x[b.pivot] = mulMod(negMod(sum), b.inv)
	}
	var open []int32
	for k, c := range cols {
		if x[k] != 0 {
			open = append(open, c)
		}
	}
	if len(open) == 0 {
		return cols
	}
	return open
}

// reportDependent reports equations that were combined until no unknown was left: they
// follow from each other, or contradict each other.
func (s *signature) reportDependent() bool {
	w := s.w
	pr := &prober{w: w, points: map[[2]uint64]*point{}}
	for i := range int32(len(w.eqs)) {
		q := &w.eqs[i]
		mix := w.partners(q)
		if len(s.row(i)) > 0 || len(mix) == 0 {
			continue
		}
		var d *diag.Diagnostic
		if pr.vanishes(q.res) {
			d = w.list.Add(w.pos(q), "E301", "replace one of these equations by one that says something else", "%s follows from other equations, so that something is not determined", w.equationText(q))
		} else {
			d = w.list.Add(w.pos(q), "E302", "remove one of these equations, or look for a sign or connection error in them", "%s contradicts other equations: together they give 0 = %s", w.equationText(q), w.pool.Text(q.res, expr.TextOptions{Limit: 120}))
		}
		for k, src := range mix {
			if k == maxNamed {
				d.Notes = append(d.Notes, diag.Note{Text: "and " + plural(len(mix)-k, "more equation")})
				break
			}
			note(d, w, &equation{src: src})
		}
		return true
	}
	return false
}

// redundancies adds notes on the equations that were left out because they follow from
// others, and returns the next step: what is wrong with a network differs with whether
// balances of flows are redundant or equations between potentials.
func (w *work) redundancies(q *diag.Diagnostic) string {
	e := w.elim
	flows, others, fixed := 0, 0, 0
	for k, src := range e.redundantSrc {
		if src < 0 {
			continue
		}
		r := &equation{src: src}
		if k < maxNamed {
			q.Notes = append(q.Notes, diag.Note{Pos: w.pos(r), Text: "follows from others: " + w.equationText(r)})
		}
		switch mentions, known := w.mentionsFlow(src); {
		case known:
			fixed++
		case mentions:
			flows++
		default:
			others++
		}
	}
	switch {
	case fixed > 0 && flows == 0 && others == 0:
		return "the equations above fix a flow twice, so that a potential is not determined: remove one (a source of flow in series with another), or put something in parallel to it"
	case flows > 0 && others == 0:
		return "fix one of the potentials above: a circuit, for example, needs a ground, and so does every part of it that is connected to nothing else"
	case others > 0 && flows == 0 && w.hasFlows():
		return "the equations above fix a potential twice, so that a flow is not determined: remove one (a second ground, a source in parallel to another), or put a resistance between them"
	}
	return "fix one of the unknowns above, or replace an equation that follows from others"
}

// mentionsFlow reports whether an equation of the model mentions a flow, or what is equal
// to one, and whether the value of such a one is known.
func (w *work) mentionsFlow(src int32) (found, known bool) {
	e := w.elim
	if w.flowClass == nil {
		w.flowClass = map[int32]bool{}
		for v := range int32(len(w.vars)) {
			if i := w.vars[v].sys; i != none && w.sys.Vars[i].Prefix == "flow" {
				w.flowClass[e.find(v)] = true
			}
		}
	}
	seen := map[expr.ID]bool{}
	for _, t := range []expr.ID{w.sys.Equations[src].Lhs, w.sys.Equations[src].Rhs} {
		w.pool.Walk(t, seen, nil, func(x expr.ID) {
			r, v := w.roleOf(x)
			if r == roleKnown {
				known = known || w.flowClass[v]
			}
			if r == roleVar && w.flowClass[e.find(v)] {
				found = true
				known = known || e.value[e.find(v)] != expr.None
			}
		})
	}
	return found, known
}

// usedSomewhere marks the chains of which some equation of the model mentions a variable.
func (s *signature) usedSomewhere() []bool {
	w := s.w
	used := make([]bool, len(s.chains))
	seen := map[expr.ID]bool{}
	see := func(x expr.ID) {
		r, v := w.roleOf(x)
		if r != roleVar {
			return
		}
		if root := w.elim.find(v); w.elim.repr[root].v != none {
			v = w.elim.repr[root].v
		}
		if int(v) < len(s.chainOf) && s.chainOf[v] != none {
			used[s.chainOf[v]] = true
		}
	}
	for i := range w.sys.Equations {
		w.pool.Walk(w.sys.Equations[i].Lhs, seen, nil, see)
		w.pool.Walk(w.sys.Equations[i].Rhs, seen, nil, see)
	}
	return used
}

func (w *work) hasFlows() bool {
	for i := range w.sys.Vars {
		if w.sys.Vars[i].Prefix == "flow" {
			return true
		}
	}
	return false
}

// suspectFirst puts the unknowns of a component to the front.
func (s *signature) suspectFirst(cols []int32, path string) {
	w := s.w
	of := func(c int32) int {
		for _, v := range s.chains[c] {
			if i := w.vars[v].sys; i != none {
				if p := w.sys.Vars[i].Path; p == path || strings.HasPrefix(p, path+".") {
					return 0
				}
			}
		}
		return 1
	}
	slices.SortStableFunc(cols, func(a, b int32) int { return of(a) - of(b) })
}

// noteTwice notes variables that stand alone on the left side of two of the equations.
func (s *signature) noteTwice(q *diag.Diagnostic, rows []int32) {
	w := s.w
	first := map[expr.ID]int32{}
	for _, r := range rows {
		e, ok := w.source(&w.eqs[r])
		if !ok || w.pool.Op(e.Lhs) != expr.OpSym {
			continue
		}
		if was, twice := first[e.Lhs]; twice {
			q.Notes = append(q.Notes, diag.Note{Pos: w.pos(&w.eqs[r]), Text: fmt.Sprintf("%s has two equations, this one and %s", w.pool.Name(e.Lhs), w.describe(&w.eqs[was]))})
			continue
		}
		first[e.Lhs] = r
	}
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
