package structural

import (
	"fmt"
	"strings"
)

// text shows a plan for comparison in tests.
func text(pl *Plan) string {
	var b strings.Builder
	p := pl.Pool
	for _, s := range pl.States {
		fmt.Fprintf(&b, "state %s\n", s.Name)
	}
	for _, a := range pl.Seq {
		fmt.Fprintf(&b, "%s := %s\n", p.String(a.Target), p.String(a.Value))
	}
	for i, d := range pl.Deriv {
		fmt.Fprintf(&b, "d/dt %s = %s\n", pl.States[i].Name, p.String(d))
	}
	for _, r := range pl.Residuals {
		fmt.Fprintf(&b, "0 = %s\n", p.String(r.Value))
	}
	for _, r := range pl.Invariants {
		fmt.Fprintf(&b, "invariant %s\n", p.String(r.Value))
	}
	h := &pl.Hybrid
	for _, r := range h.Relations {
		fmt.Fprintf(&b, "relation %s: %s strict=%v\n", p.Name(r.Atom), p.String(r.G), r.Strict)
	}
	for _, r := range h.TimeRelations {
		fmt.Fprintf(&b, "time %s: at %s strict=%v falling=%v\n", p.Name(r.Atom), p.String(r.At), r.Strict, r.Falling)
	}
	for _, r := range h.Samples {
		fmt.Fprintf(&b, "sample %s: %s, %s\n", p.Name(r.Atom), p.String(r.Start), p.String(r.Interval))
	}
	for _, d := range h.Discrete {
		fmt.Fprintf(&b, "discrete %s\n", p.Name(d.Cur))
	}
	for _, x := range h.Whens {
		fmt.Fprintf(&b, "when %s: %s\n", p.Name(x.Atom), p.String(x.Cond))
	}
	for _, a := range h.Update {
		fmt.Fprintf(&b, "update %s := %s\n", p.String(a.Target), p.String(a.Value))
	}
	for _, a := range h.Actions {
		fmt.Fprintf(&b, "action %s: %s\n", p.String(a.Cond), a.Message)
	}
	for _, k := range pl.Init.Blocks {
		b.WriteString("init")
		for _, u := range k.Unknowns {
			fmt.Fprintf(&b, " %s", p.Name(u))
		}
		b.WriteString("\n")
		for _, a := range k.Assigns {
			fmt.Fprintf(&b, "  %s := %s\n", p.String(a.Target), p.String(a.Value))
		}
		for _, r := range k.Residuals {
			fmt.Fprintf(&b, "  0 = %s\n", p.String(r.Value))
		}
	}
	for _, n := range pl.Notes {
		fmt.Fprintf(&b, "%s\n", n.String())
	}
	return b.String()
}
