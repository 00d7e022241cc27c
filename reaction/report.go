package reaction

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/reaction/notation"
)

// Write writes the reactions with their laws and what the analysis says of them, for people. Lists end after limit entries; 0 means they do
// not.
func (a *Analysis) Write(dst io.Writer, limit int) error {
	w := &writer{Writer: bufio.NewWriter(dst), a: a, n: a.Network, limit: limit}
	w.reactions()
	w.network()
	w.classes()
	w.conserved()
	w.roles()
	return w.Flush()
}

type writer struct {
	*bufio.Writer
	a     *Analysis
	n     *Network
	limit int
}

func (w *writer) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

func (w *writer) list(n int, entry func(i int) string) {
	for i := range n {
		if w.limit > 0 && i == w.limit {
			w.line("    ... and %d more (--all lists them)", n-i)
			return
		}
		w.line("    %s", entry(i))
	}
}

func (w *writer) reactions() {
	n := w.n
	w.line("\nreactions")
	shown := len(n.Reactions)
	if w.limit > 0 {
		shown = min(shown, w.limit)
	}
	text := make([]string, shown)
	wide := 0
	for i := range shown {
		text[i] = w.clip(n.arrow(&n.Reactions[i]))
		if n.Reactions[i].Name != "" {
			text[i] = n.Reactions[i].Name + ": " + text[i]
		}
		if k := utf8.RuneCountInString(text[i]); k <= 60 {
			wide = max(wide, k)
		}
	}
	opt := expr.TextOptions{Symbol: n.Pool.Name}
	if w.limit > 0 {
		opt.Limit = 400
	}
	w.list(len(n.Reactions), func(i int) string {
		r := &n.Reactions[i]
		law := r.Law
		if law == expr.None {
			law = r.Rate
		}
		return text[i] + strings.Repeat(" ", max(0, wide-utf8.RuneCountInString(text[i]))) + "   rate " + n.Pool.Text(law, opt)
	})
}

// clip cuts a line that no reader would read, unless everything is asked for.
func (w *writer) clip(text string) string {
	const most = 160
	if r := []rune(text); w.limit > 0 && len(r) > most {
		return string(r[:most]) + " ..."
	}
	return text
}

// arrow prints a reaction with <-> where it is reversible and -> where not, whatever its kinetics, and names as they are.
func (n *Network) arrow(r *Reaction) string {
	how := " -> "
	if r.Reversible {
		how = " <-> "
	}
	return n.bare(r.Reactants) + how + n.bare(r.Products)
}

// bare prints a side with names as they are, without quotes.
func (n *Network) bare(list []Participant) string {
	if len(list) == 0 {
		return "0"
	}
	var parts []string
	for _, x := range list {
		one := []Participant{x}
		text := notation.Side(n.side(one))
		parts = append(parts, strings.Replace(text, notation.Quote(n.label(x.Species)), n.label(x.Species), 1))
	}
	return strings.Join(parts, " + ")
}

func (w *writer) network() {
	a, n := w.a, w.n
	species := len(n.Species) - len(a.Boundary)
	w.line("\nnetwork: %s, %s; stoichiometric matrix with %s, rank %d", plural(species, "species"), plural(len(n.Reactions), "reaction"), entries(a.Entries), a.Rank)
	mass := 0
	for i := range n.Reactions {
		if n.Reactions[i].Kinetics != model.Stated {
			mass++
		}
	}
	switch mass {
	case len(n.Reactions):
		w.line("    mass action")
	case 0:
		w.line("    no reaction has mass action")
	default:
		w.line("    %s of %d with mass action", plural(mass, "reaction"), len(n.Reactions))
	}
	if a.Symbolic {
		w.line("    numbers of molecules that are no numbers: species with them are left out of rank and laws, and complexes are not counted")
		return
	}
	how := "not weakly reversible"
	switch {
	case a.Reversible:
		how = "reversible"
	case a.WeaklyReversible:
		how = "weakly reversible"
	}
	w.line("    %s, %s, deficiency %d; %s", plural(len(a.Complexes), "complex"), plural(len(a.Classes), "linkage class"), a.Deficiency, how)
	if text := a.Theorem(); text != "" {
		w.line("    %s", text)
	}
}

func entries(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return strconv.Itoa(n) + " entries"
}

// classes lists the linkage classes, where there are several that are not all alike.
func (w *writer) classes() {
	a := w.a
	if len(a.Classes) < 2 {
		return
	}
	w.line("\nlinkage classes")
	whole := w.limit
	w.limit = min(w.limit, 12)
	defer func() { w.limit = whole }()
	w.list(len(a.Classes), func(i int) string {
		l := &a.Classes[i]
		const most = 6
		var names []string
		for k, c := range l.Complexes {
			if k == most && len(l.Complexes) > most+1 {
				names = append(names, fmt.Sprintf("... %d more", len(l.Complexes)-k))
				break
			}
			names = append(names, w.n.bare(a.Complexes[c].side()))
		}
		how := "not weakly reversible"
		if l.WeaklyReversible {
			how = "weakly reversible"
		}
		text := fmt.Sprintf("deficiency %d, rank %d, %s: %s", l.Deficiency, l.Rank, how, strings.Join(names, ", "))
		if l.Terminal > 1 {
			text += fmt.Sprintf(" (%d terminal sets)", l.Terminal)
		}
		return w.clip(text)
	})
}

func (w *writer) conserved() {
	a, n := w.a, w.n
	if len(a.Laws) == 0 {
		return
	}
	what := "conserved"
	if slices.ContainsFunc(n.Species, func(s Species) bool { return s.Label != "" }) {
		what = "conserved amounts"
	}
	w.line("\n%s", what)
	value := n.values()
	most := 12
	if w.limit == 0 {
		most = 0
	}
	w.list(len(a.Laws), func(i int) string {
		l := &a.Laws[i]
		text := w.clip(l.text(n, most))
		total, known := 0.0, true
		for k, s := range l.Species {
			v, ok := math.NaN(), false
			if start := n.Species[s].Start; start != expr.None {
				v, ok = value(start)
			}
			f, _ := l.Numbers[k].Float64()
			total += f * v
			known = known && ok
		}
		if known {
			text += " = " + strconv.FormatFloat(total, 'g', 12, 64)
		}
		if !l.Moiety() {
			text += " (no moiety: numbers of both signs)"
		}
		return text
	})
}

func (w *writer) roles() {
	a, n := w.a, w.n
	names := func(list []int) string {
		var out []string
		for k, i := range list {
			if w.limit > 0 && k == w.limit {
				out = append(out, fmt.Sprintf("... %d more", len(list)-k))
				break
			}
			out = append(out, n.label(i))
		}
		return strings.Join(out, ", ")
	}
	var open []int
	for i := range n.Species {
		if n.Species[i].Open && !n.Species[i].Boundary {
			open = append(open, i)
		}
	}
	for _, x := range []struct {
		what string
		list []int
	}{
		{"catalysts", a.Catalysts}, {"at the boundary", a.Boundary}, {"changed by more than reactions", open}, {"in no reaction", a.Idle},
		{"never there, at these start values", a.Absent},
	} {
		if len(x.list) > 0 {
			w.line("\n%s: %s", x.what, names(x.list))
		}
	}
	if len(a.Dead) > 0 {
		w.line("\nreactions that never happen, at these start values")
		w.list(len(a.Dead), func(i int) string { return w.clip(n.arrow(&n.Reactions[a.Dead[i]])) })
	}
}
