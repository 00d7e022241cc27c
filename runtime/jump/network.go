package jump

// Reactions as flat tables. Rates of mass action with at most two molecules are evaluated in straight code without branches:
// c x_i (x_j - s), where the entry behind the states is 1 and stands for what is missing, and s is 1 for two equal molecules.

import (
	"math"
	"slices"

	"github.com/mtkc/mtkc/runtime/ode"
)

// reaction is what a rate of mass action is made of.
type reaction struct {
	c, s float64
	i, j int32
}

// change adds by to a state.
type change struct {
	by    float64
	state int32
}

// act is what follows when a reaction happens: which changes, and which rates are to be evaluated again.
type act struct {
	change, changes int32 // the first of network.changes and behind the last
	span, spans     int32 // the same of network.spans
	vary            bool  // the changes are those of Kernels.JumpChange
}

// span is a part of network.follow: reactions from lo on have rates of mass action with at most two molecules, those from mid on
// others.
type span struct{ lo, mid, hi int32 }

// network is what all methods know of the reactions of a problem.
type network struct {
	p       *ode.Problem
	n       int // states
	list    []ode.Jump
	rx      []reaction // without constants
	simple  []bool     // the rate is that of rx
	changes []change
	acts    []act
	spans   []span
	follow  []int32 // reactions whose rates change

	counted []int32   // states that reactions of mass action count, ascending
	reads   [][]int32 // of each reaction: the states that its rate depends on
	readers [][]int32 // of each state: the reactions whose rates depend on it
}

// union is the number of rates to follow up to which those of a reaction are listed for itself, each once. With more of them, it has
// the lists of the states that it changes.
const union = 96

// newNetwork arranges the reactions of a problem.
func newNetwork(p *ode.Problem) *network {
	n := len(p.U0)
	net := &network{p: p, n: n, list: p.Jumps.Reactions}
	list := net.list
	net.rx, net.simple, net.acts = make([]reaction, len(list)), make([]bool, len(list)), make([]act, len(list))
	loose := net.loose()
	counted := make([]bool, n)
	readers := make([][]int32, n)
	for r := range list {
		x := &list[r]
		rx := &net.rx[r]
		rx.i, rx.j = int32(n), int32(n)
		reads := x.Reads
		for _, a := range x.Reactants {
			if !slices.Contains(reads, a.State) {
				reads = append(slices.Clip(reads), a.State)
			}
		}
		net.reads = append(net.reads, reads)
		for _, i := range reads {
			readers[i] = append(readers[i], int32(r))
		}
		if !x.MassAction {
			continue
		}
		ok := p.Jumps.Still
		for _, a := range x.Reactants {
			counted[a.State] = true
			ok = ok && !loose[a.State]
		}
		switch as := x.Reactants; {
		case len(as) == 0:
		case len(as) == 1 && as[0].Order == 1:
			rx.i = as[0].State
		case len(as) == 1 && as[0].Order == 2:
			rx.i, rx.j, rx.s = as[0].State, as[0].State, 1
		case len(as) == 2 && as[0].Order == 1 && as[1].Order == 1:
			rx.i, rx.j = as[0].State, as[1].State
		default:
			ok = false
		}
		net.simple[r] = ok
	}
	for i, c := range counted {
		if c {
			net.counted = append(net.counted, int32(i))
		}
	}
	net.readers = readers
	of := make([]span, n) // of the readers of a state, once they are needed
	var all []int32
	for r := range list {
		x := &list[r]
		a := &net.acts[r]
		a.change, a.span, a.vary = int32(len(net.changes)), int32(len(net.spans)), x.Vary
		all = all[:0]
		many := 0
		for _, c := range x.Changes {
			if c.By == 0 && !x.Vary {
				continue
			}
			net.changes = append(net.changes, change{c.By, c.State})
			if many += len(readers[c.State]); many <= 4*union {
				all = append(all, readers[c.State]...)
			}
		}
		slices.Sort(all)
		all = slices.Compact(all)
		if many <= 4*union && len(all) <= union {
			if len(all) > 0 {
				net.spans = append(net.spans, net.append(all))
			}
		} else {
			for _, c := range net.changes[a.change:] {
				s := &of[c.state]
				if *s == (span{}) {
					*s = net.append(readers[c.state])
				}
				if s.hi > s.lo {
					net.spans = append(net.spans, *s)
				}
			}
		}
		a.changes, a.spans = int32(len(net.changes)), int32(len(net.spans))
	}
	return net
}

// append adds reactions to follow, the simple ones first.
func (net *network) append(list []int32) span {
	s := span{lo: int32(len(net.follow))}
	for _, q := range list {
		if net.simple[q] {
			net.follow = append(net.follow, q)
		}
	}
	s.mid = int32(len(net.follow))
	for _, q := range list {
		if !net.simple[q] {
			net.follow = append(net.follow, q)
		}
	}
	s.hi = int32(len(net.follow))
	return s
}

// loose says which states may leave the whole numbers from 0 on, though they start there: some reaction takes more of
// them than its rate of mass action asks to be there.
func (net *network) loose() []bool {
	loose := make([]bool, net.n)
	for r := range net.list {
		x := &net.list[r]
		for _, c := range x.Changes {
			there := 0.0
			if x.MassAction {
				for _, a := range x.Reactants {
					if a.State == c.State {
						there = float64(a.Order)
					}
				}
			}
			if x.Vary || -c.By > there || c.By != math.Trunc(c.By) {
				loose[c.State] = true
			}
		}
	}
	return loose
}

// guarded are the spans with all rates among the others.
func (net *network) guarded() []span {
	g := slices.Clone(net.spans)
	for i := range g {
		g[i].mid = g[i].lo
	}
	return g
}
