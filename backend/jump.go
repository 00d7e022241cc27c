package backend

import (
	"cmp"
	"slices"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/ode"
)

// JumpKernels compute what happens at random instants, see ode.Jumps. Those of a single reaction are straight-line code, so that a
// method evaluates what has changed and no more.
type JumpKernels struct {
	Constants *Kernel   // t, u, p -> factors of the reactions of mass action, by reaction; nil: there are none
	Rate      []*Kernel // t, u, p -> the rate; nil for mass action
	Change    []*Kernel // t, u, p -> changes in the order of Changes; nil where these are numbers
}

// jumps lowers the jumps of the system.
func (c *compiler) jumps() {
	list := c.plan.Sys.Jumps
	if len(list) == 0 {
		return
	}
	m := &ode.Jumps{Reactions: make([]ode.Jump, len(list)), Still: c.still()}
	k := &JumpKernels{Rate: make([]*Kernel, len(list)), Change: make([]*Kernel, len(list))}
	var factors []expr.ID
	var places []place
	for r := range list {
		x := &list[r]
		j := &m.Reactions[r]
		j.Name, j.MassAction = x.Name, x.MassAction
		if x.MassAction {
			factors, places = append(factors, x.Rate), append(places, place{Main, int32(r)})
			for _, s := range x.Reactants {
				i, sign, ok := c.stateOf(s.Species)
				if !ok || sign < 0 {
					c.noState(x, s.Species)
					continue
				}
				j.Reactants = append(j.Reactants, ode.Reactant{State: i, Order: int32(s.Order)})
				j.Reads = append(j.Reads, i)
			}
			slices.SortFunc(j.Reactants, func(a, b ode.Reactant) int { return cmp.Compare(a.State, b.State) })
		} else {
			k.Rate[r] = c.single(x.Name, x.Rate)
			j.Reads = c.dependsOn(k.Rate[r])
			j.Clock = k.Rate[r].usesTime()
		}
		slices.Sort(j.Reads)
		by := map[int32]expr.ID{}
		for _, s := range x.Changes {
			i, sign, ok := c.stateOf(s.State)
			if !ok {
				c.noState(x, s.State)
				continue
			}
			term := s.By
			if sign < 0 {
				term = c.p.Neg(term)
			}
			if old, again := by[i]; again { // two names of one state
				if old != term {
					c.list.Add(x.Pos, "E245", "state one balance for them", "%s changes %s, which equals another variable that it changes otherwise", x.Name, c.p.Name(s.State))
				}
				continue
			}
			by[i] = term
			j.Changes = append(j.Changes, ode.Change{State: i})
		}
		slices.SortFunc(j.Changes, func(a, b ode.Change) int { return cmp.Compare(a.State, b.State) })
		terms := make([]expr.ID, len(j.Changes))
		for n := range j.Changes {
			terms[n] = by[j.Changes[n].State]
			if v, ok := c.p.Value(terms[n]); ok {
				j.Changes[n].By = v.Float()
			} else {
				j.Vary = true
			}
		}
		if j.Vary {
			for n := range j.Changes {
				j.Changes[n].By = 0
			}
			k.Change[r] = c.single(x.Name+" changes", terms...)
		}
	}
	if len(factors) > 0 {
		name := "JumpConstants"
		if k.Constants, _ = c.roll(c.sim, name, factors, places, func(o place) string { return list[o.index].Name }); k.Constants == nil {
			c.sim.begin(name)
			for n, f := range factors {
				c.sim.b.Output(Main, int(places[n].index), c.sim.lower(f))
			}
			k.Constants = c.sim.b.Finish()
		}
	}
	c.prog.Meta.Jumps, c.prog.Jumps = m, k
}

// single lowers terms to straight-line code.
func (c *compiler) single(name string, terms ...expr.ID) *Kernel {
	c.sim.begin(name)
	return c.sim.outputs(terms)
}

func (c *compiler) noState(x *model.Jump, sym expr.ID) {
	c.list.Add(x.Pos, "E245", "let nothing but reactions, rate rules and events determine it", "%s changes or takes %s, which the equations of the model determine from other variables, so that it cannot jump", x.Name, c.p.Name(sym))
}

// stateOf follows aliases from a variable to a differential state.
func (c *compiler) stateOf(sym expr.ID) (i int32, sign float64, ok bool) {
	o := ode.Observable{Sign: 1}
	if c.sim.meaning(sym).kind == unknownAtom || !c.place(sym, &o) || o.Kind != ode.State || o.Index >= c.plan.NDiff {
		return 0, 0, false
	}
	return int32(o.Index), o.Sign, true
}

// still reports whether no state moves but by jumps and events.
func (c *compiler) still() bool {
	for _, d := range c.plan.Deriv {
		for m := c.sim.meaning(d); m.kind == targetAtom; m = c.sim.meaning(d) {
			d = c.sim.defs[m.index].value
		}
		if d != expr.Zero {
			return false
		}
	}
	return len(c.plan.Residuals) == 0
}

// dependsOn lists the states that a rate depends on. One that reads algebraic states, which the others determine, may
// depend on all.
func (c *compiler) dependsOn(k *Kernel) []int32 {
	read := k.reads(U)
	if n := len(read); n == 0 || int(read[n-1]) < c.plan.NDiff {
		return read
	}
	read = read[:0]
	for i := range c.plan.States {
		read = append(read, int32(i))
	}
	return read
}

// usesTime reports whether a kernel of straight-line code reads the time.
func (k *Kernel) usesTime() bool {
	for _, in := range k.Code {
		if in.Op == Time {
			return true
		}
	}
	return false
}
