package structural

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/diag"
)

// tellCombined notes what a combination did.
func (s *signature) tellCombined(b *blockJacobian, u []multiplier, q *equation) {
	w := s.w
	var rows []int32
	for _, m := range u {
		rows = append(rows, b.rows[m.at])
	}
	seen := map[int32]bool{}
	var names []string
	for _, m := range u {
		for _, e := range b.a[m.at] {
			if j := b.cols[e.col]; !seen[j] {
				seen[j] = true
				names = append(names, w.derivativeName(s.chains[j][0], s.d[j]-s.c[b.rows[m.at]]))
			}
		}
	}
	if len(names) > maxNamed {
		names = append(names[:maxNamed], fmt.Sprintf("%d more", len(names)-maxNamed))
	}
	verb := "cancel"
	if len(names) == 1 {
		verb = "cancels"
	}
	w.note(w.pos(q), "W306", "", "hidden constraint: %s %s in a combination of %s, which takes the place of %s", strings.Join(names, ", "), verb, plural(len(u), "equation"), w.equationText(q))
	slices.Sort(rows)
	s.noteRows(rows)
}

// noteRows adds equations to the last note.
func (s *signature) noteRows(rows []int32) {
	w := s.w
	d := &w.plan.Notes[len(w.plan.Notes)-1]
	for k, i := range rows {
		if k == maxNamed {
			d.Notes = append(d.Notes, diag.Note{Text: "and " + plural(len(rows)-k, "more equation")})
			return
		}
		note(d, w, &w.eqs[i])
	}
}

// reportFailure names the equations and unknowns of a singular block for which there is
// no remedy.
func (s *signature) reportFailure(b *blockJacobian) {
	w := s.w
	q := &w.eqs[b.rows[0]]
	var names []string
	for k, j := range b.cols {
		if k == maxNamed {
			names = append(names, fmt.Sprintf("%d more", len(b.cols)-k))
			break
		}
		names = append(names, w.derivativeName(s.chains[j][0], s.d[j]))
	}
	d := w.list.Add(w.pos(q), "E314", "write what the equations share as a variable of its own, or combine them so that it cancels", "the equations below do not determine %s: their Jacobian is singular for all values, and no combination of them was found that makes the hidden constraint explicit", strings.Join(names, ", "))
	for k, i := range b.rows {
		if k == maxNamed {
			d.Notes = append(d.Notes, diag.Note{Text: "and " + plural(len(b.rows)-k, "more equation")})
			break
		}
		note(d, w, &w.eqs[i])
	}
}
