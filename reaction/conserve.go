package reaction

import (
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// Conserve returns a copy of a system in which one species of each conservation law is computed from the others instead of integrated:
//
//	x = total - sum of the others
//
// The total is a parameter, found at the start from the start values whatever they are set to, and called total(x). So the states are
// independent, the Jacobian of a closed network is regular at a steady state, and laws hold to rounding. The pool and all that does not change are
// shared with s, which is left as it is.
//
// Of a law the species is chosen that stands in no other law, if there is one, with the number 1, and of those the one that starts with
// most; the laws are combined so that none holds the species of another. It must have a fixed start value or an equation at the start, and
// keep must not want it, which may be nil. Laws of species that something else than reactions changes are no laws; where it is events alone, a
// warning says so, for a total would jump with them.
//
// A species that is computed reads all others of its law: in large networks the Jacobian fills.
func Conserve(s *model.System, keep func(name string) bool) (*model.System, diag.List) {
	n := Of(s)
	if n == nil {
		return s, nil
	}
	laws, ok := n.Conservation()
	found := n.broken(len(laws))
	if !ok {
		found.Add(diag.Pos{}, "W196", "leave --conserved out", "the conserved totals of %s have numbers that are too long to be worked out", s.Name)
	}
	c := s.Clone()
	p := s.Pool
	at := map[expr.ID]int{}
	for i := range c.Equations {
		if e := &c.Equations[i]; e.Balance && p.Op(e.Lhs) == expr.OpDer {
			at[p.Args(e.Lhs)[0]] = i
		}
	}
	picks, left := n.dependent(s, laws, keep)
	for _, k := range left {
		found.Add(n.Species[laws[k].Species[0]].Pos, "W196", "give one of its species a fixed start value", "the total of %s stays implicit: no species of it can be computed from it", laws[k].text(n, 6))
	}
	for _, d := range picks {
		x := &n.Species[d.species]
		v := c.NewVariable("total("+x.Name+")", model.ParameterVar)
		if _, taken := c.VarOf(v.Sym); taken {
			found.Add(x.Pos, "W196", "give that variable another name", "%s stays a state: the model has a variable %s", x.Name, v.Name)
			continue
		}
		i, _ := c.VarOf(x.Sym)
		v.Fixed, v.Pos, v.Path, v.Unit = model.FixedFalse, c.Vars[i].Pos, c.Vars[i].Path, c.Vars[i].Unit
		v.Desc = "total of " + d.law
		c.AddVar(v)
		ks, ts := []expr.Num{expr.IntNum(1)}, []expr.ID{v.Sym}
		for _, e := range d.rest {
			ks, ts = append(ks, expr.RatNum(e.v.n, e.v.d)), append(ts, n.Species[e.i].Sym)
		}
		q := &c.Equations[at[x.Sym]]
		*q = model.Equation{Lhs: x.Sym, Rhs: p.Linear(expr.IntNum(0), ks, ts), Pos: q.Pos, Path: q.Path, Desc: "conservation of " + x.Name}
	}
	return c, found
}

// broken warns of totals that events change.
func (n *Network) broken(laws int) (found diag.List) {
	var set []string
	var pos diag.Pos
	with := *n
	with.Species = slices.Clone(n.Species)
	for i := range with.Species {
		if x := &with.Species[i]; x.Events {
			x.Open = x.Otherwise
			if len(set) == 0 {
				pos = x.Pos
			}
			set = append(set, x.Name)
		}
	}
	if len(set) == 0 {
		return nil
	}
	all, _ := with.Conservation()
	if more := len(all) - laws; more > 0 {
		what := strings.Join(set[:min(len(set), 6)], ", ")
		found.Add(pos, "W196", "without these events they would be", "%s of species that events change (%s) are not conserved, and nothing is computed from them", plural(more, "total"), what)
	}
	return found
}

// pick is a law solved for one of its species: species = total + sum of rest.
type pick struct {
	species int
	rest    []entry
	law     string
}

// dependent chooses a species for each law. left are the laws for which there is none.
func (n *Network) dependent(s *model.System, laws []Law, keep func(string) bool) (picks []pick, left []int) {
	initial := map[expr.ID]bool{}
	for i := range s.Initial {
		for _, e := range []expr.ID{s.Initial[i].Lhs, s.Initial[i].Rhs} {
			for _, a := range s.Pool.Atoms(e) {
				initial[a] = true
			}
		}
	}
	value := n.values()
	rows := make([][]entry, len(laws))
	count := make([]int, len(n.Species))
	for k := range laws {
		for j, i := range laws[k].Species {
			rows[k] = append(rows[k], entry{int32(i), small(new(big.Rat).SetInt(laws[k].Numbers[j]))})
			count[i]++
		}
	}
	chosen := make([]int, len(laws)) // index into rows[k], -1: none
	start := func(i int32) float64 {
		if e := n.Species[i].Start; e != expr.None {
			if v, ok := value(e); ok {
				return v
			}
		}
		return math.Inf(-1)
	}
	fits := func(i int32) bool {
		x := &n.Species[i]
		v, ok := s.VarOf(x.Sym)
		if !ok || keep != nil && keep(x.Name) {
			return false
		}
		hint := s.Vars[v].State
		return hint != model.StatePrefer && hint != model.StateAlways && (s.Vars[v].Fixed == model.FixedTrue && s.Vars[v].Start != expr.None || initial[x.Sym])
	}
	for k := range rows {
		best := -1
		for j, e := range rows[k] {
			if !fits(e.i) {
				continue
			}
			if best < 0 {
				best = j
				continue
			}
			b := rows[k][best]
			alone, other := count[e.i] == 1, count[b.i] == 1
			switch {
			case alone != other:
				if alone {
					best = j
				}
			case e.v.isUnit() != b.v.isUnit():
				if e.v.isUnit() {
					best = j
				}
			case start(e.i) > start(b.i):
				best = j
			}
		}
		if chosen[k] = best; best < 0 {
			left = append(left, k)
			continue
		}
		pivot := rows[k][best]
		scale := pivot.v.inv()
		for j := range rows[k] {
			rows[k][j].v = rows[k][j].v.mul(scale)
		}
		for r := range rows {
			if r == k {
				continue
			}
			j := slices.IndexFunc(rows[r], func(e entry) bool { return e.i == pivot.i })
			if j < 0 {
				continue
			}
			held := int32(-1)
			if r < k && chosen[r] >= 0 {
				held = rows[r][chosen[r]].i
			}
			y := []entry{{int32(r), one}, {int32(k), rows[r][j].v.neg()}}
			rows[r] = combine(rows, y)
			if held >= 0 {
				chosen[r] = slices.IndexFunc(rows[r], func(e entry) bool { return e.i == held })
			}
		}
	}
next:
	for k := range rows {
		if chosen[k] < 0 {
			continue
		}
		d := pick{species: int(rows[k][chosen[k]].i), law: laws[k].text(n, 4)}
		for j, e := range rows[k] {
			if e.v.big != nil {
				left = append(left, k)
				continue next
			}
			if j != chosen[k] {
				d.rest = append(d.rest, entry{e.i, e.v.neg()})
			}
		}
		picks = append(picks, d)
	}
	return picks, left
}
