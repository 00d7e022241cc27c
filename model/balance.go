package model

import (
	"strings"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
)

// Imbalance is a component whose equations do not fit its unknowns.
type Imbalance struct {
	Path    string // instance path, "" for the top
	Missing int    // equations that it lacks; negative: that it has too many
	Pos     diag.Pos
}

// Imbalances lists the components whose own equations, connections included, do not
// balance, in declaration order: the ones to look at first when a system has too few
// or too many equations. Flows and inputs of a component are up to the component
// around it, everything else is up to the component itself. Components that the
// equations of another one determine may be listed although nothing is wrong.
//
// The rule is that of balanced models in Modelica (Olsson, Otter, Mattsson and
// Elmqvist, Balanced models in Modelica 3.0, 2008), counted on the flat system; it needs
// Variable.Prefix and Equation.Path.
func (s *System) Imbalances() []Imbalance {
	type count struct {
		missing, outward int
		pos              diag.Pos
	}
	at := map[string]int{}
	var paths []string
	var counts []count
	of := func(path string) *count {
		i, ok := at[path]
		if !ok {
			i = len(paths)
			at[path] = i
			paths = append(paths, path)
			counts = append(counts, count{})
		}
		return &counts[i]
	}
	set := map[expr.ID]bool{} // targets of when-clauses, which are no unknowns
	for i := range s.Whens {
		for _, b := range s.Whens[i].Branches {
			for _, a := range b.Actions {
				if a.Kind == SetAction {
					set[a.Target] = true
				}
			}
		}
	}
	of("")
	for i := range s.Vars {
		v := &s.Vars[i]
		c := of(v.Path)
		if c.pos.IsZero() {
			c.pos = v.Pos
		}
		if v.Kind != Unknown && (v.Kind != DiscreteVar || set[v.Sym]) {
			continue
		}
		c.missing++
		if v.Prefix == "flow" || v.Prefix == "input" {
			c.outward++
		}
	}
	for i := range s.Equations {
		of(s.Equations[i].Path).missing--
	}
	for i, p := range paths {
		if p == "" {
			continue
		}
		counts[i].missing -= counts[i].outward
		counts[at[above(p, at)]].missing += counts[i].outward
	}
	var out []Imbalance
	for i, p := range paths {
		if counts[i].missing != 0 {
			out = append(out, Imbalance{Path: p, Missing: counts[i].missing, Pos: counts[i].pos})
		}
	}
	return out
}

// above is the nearest component around a path.
func above(path string, known map[string]int) string {
	for {
		i := strings.LastIndexByte(path, '.')
		if i < 0 {
			return ""
		}
		path = path[:i]
		if _, ok := known[path]; ok {
			return path
		}
	}
}
