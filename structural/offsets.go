package structural

import (
	"bufio"
	"fmt"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/expr"
)

// Offsets are the result of the index reduction in the terms of Pryce, BIT 41(2), 2001:
// equation i is differentiated c_i times and then determines derivatives of the chains of
// order d_j.
type Offsets struct {
	Index     int // structural index: the largest c_i, plus 1 if some d_j is 0
	Freedom   int // degrees of freedom: the sum of the d_j less that of the c_i
	Equations []EquationOffset
	Unknowns  []UnknownOffset
}

// EquationOffset is an equation with its offset c.
type EquationOffset struct {
	Eq    int // index into Sys.Equations, -1 for a definition that the analysis made
	C     int
	Text  string // without position
	Mixed []int  // equations that it was combined with
}

// UnknownOffset is a chain, a variable with its derivatives, and its offset d.
type UnknownOffset struct {
	Name string
	D    int
}

// offsets records what the reduction found.
func (s *signature) offsets() *Offsets {
	w := s.w
	o := &Offsets{Freedom: s.valueOfSignature()}
	zero := false
	for j, d := range s.d {
		zero = zero || d == 0
		o.Unknowns = append(o.Unknowns, UnknownOffset{w.name(s.chains[j][0]), int(d)})
	}
	for i, c := range s.c {
		q := &w.eqs[i]
		e := EquationOffset{Eq: max(int(q.src), -1), C: int(c)}
		mix := w.partners(q)
		if c > 0 || len(mix) > 0 {
			e.Text = w.equationText(q)
		}
		for _, src := range mix {
			if src >= 0 {
				e.Mixed = append(e.Mixed, int(src))
			}
		}
		o.Equations = append(o.Equations, e)
		o.Index = max(o.Index, int(c))
	}
	if zero {
		o.Index++
	}
	return o
}

// WriteOffsets writes the offsets as text, for people: the equations that are
// differentiated or combined, instances of one equation together, and the unknowns by
// the order of their highest derivative. Each list ends after limit lines; 0 means it
// does not.
func (pl *Plan) WriteOffsets(b *bufio.Writer, limit int) {
	o := pl.Offsets
	if o == nil {
		return
	}
	fmt.Fprintf(b, "    structural index %d, %s of freedom\n", o.Index, plural(o.Freedom, "degree"))
	type group struct {
		c, n  int
		where string
		text  string
		mixed []int
	}
	var groups []*group
	index := map[string]*group{}
	for i := range o.Equations {
		e := &o.Equations[i]
		if e.C == 0 && len(e.Mixed) == 0 {
			continue
		}
		where := ""
		if e.Eq >= 0 {
			where = pl.Sys.Equations[e.Eq].Pos.String()
		}
		key := fmt.Sprint(where, " ", e.C, " ", len(e.Mixed))
		if where == "" {
			key = fmt.Sprint(i)
		}
		g := index[key]
		if g == nil {
			g = &group{c: e.C, where: where, text: e.Text, mixed: e.Mixed}
			index[key] = g
			groups = append(groups, g)
		}
		g.n++
	}
	slices.SortStableFunc(groups, func(x, y *group) int { return y.c - x.c })
	for k, g := range groups {
		if limit > 0 && k == limit {
			fmt.Fprintf(b, "    ... and %d more (--all lists them)\n", len(groups)-k)
			break
		}
		times := "not differentiated"
		switch g.c {
		case 0:
		case 1:
			times = "differentiated once"
		case 2:
			times = "differentiated twice"
		default:
			times = fmt.Sprintf("differentiated %d times", g.c)
		}
		text := g.text
		if g.where != "" {
			text = g.where + ": " + text
		}
		if g.n > 1 {
			text += fmt.Sprintf(", and %d like it", g.n-1)
		}
		if len(g.mixed) > 0 {
			var names []string
			for m, eq := range g.mixed {
				if m == 3 {
					names = append(names, fmt.Sprintf("%d more", len(g.mixed)-m))
					break
				}
				if at := pl.Sys.Equations[eq].Pos.String(); at != "" {
					names = append(names, at)
				} else {
					names = append(names, fmt.Sprintf("equation %d", eq+1))
				}
			}
			text += ", combined with " + strings.Join(names, ", ")
		}
		fmt.Fprintf(b, "    %-24s%s\n", times, text)
	}
	byOrder := map[int][]string{}
	var orders []int
	for _, u := range o.Unknowns {
		if byOrder[u.D] == nil {
			orders = append(orders, u.D)
		}
		byOrder[u.D] = append(byOrder[u.D], u.Name)
	}
	slices.Sort(orders)
	for k := len(orders) - 1; k >= 0; k-- {
		d := orders[k]
		what := "algebraic"
		switch d {
		case 0:
		case 1:
			what = "first derivative"
		case 2:
			what = "second derivative"
		default:
			what = fmt.Sprintf("derivative of order %d", d)
		}
		names := byOrder[d]
		more := ""
		if len(names) > maxNamed {
			more = fmt.Sprintf(" and %d more", len(names)-maxNamed)
			names = names[:maxNamed]
		}
		fmt.Fprintf(b, "    %-24s%s%s\n", what, strings.Join(names, ", "), more)
	}
	for _, c := range pl.Conserved {
		fmt.Fprintf(b, "    %-24s%s\n", "conserved", pl.Pool.Text(c.Term, expr.TextOptions{Limit: 160}))
	}
}
