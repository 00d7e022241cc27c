package sbml

import (
	"fmt"
	"math"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// events schedules the events. Species are set by their amounts, with the size that the
// compartment has before the event; where an event sets a size, amounts stay.
func (b *builder) events() {
	p := b.pool
	for i := range b.m.Events {
		ev := b.m.Events[i]
		if ev.Trigger == nil {
			continue // it never happens
		}
		s := model.ScheduledEvent{
			Name: ev.ID, Delay: expr.None, Priority: expr.None, Pos: ev.Pos,
			Initially: ev.InitialValue, Persistent: ev.Persistent, AtTrigger: ev.AtTrigger,
		}
		if s.Name == "" || b.byName[s.Name] != nil {
			s.Name = fmt.Sprintf("event[%d]", i+1)
		}
		// once evaluates what counts at an instant. Where a random number takes part nothing of it is an event.
		once := func(m *Math, list *[]int) expr.ID {
			c := context{draws: new(drawing)}
			v := b.formula(m, c)
			*list = append(*list, c.draws.list...)
			if len(*list) > 0 {
				v = p.Fn(expr.OpNoEvent, v)
			}
			return v
		}
		if ev.Delay != nil {
			s.Delay = once(ev.Delay, &s.DelayDraws)
		}
		if ev.Priority != nil {
			s.Priority = once(ev.Priority, &s.PriorityDraws)
		}
		values := make([]expr.ID, len(ev.Assignments))
		sizes := map[*entity]expr.ID{} // set by this event
		set := map[*entity]bool{}
		for k := range ev.Assignments {
			if a := ev.Assignments[k]; a.Math != nil {
				e := b.byName[a.Variable]
				set[e] = true
				values[k] = once(a.Math, &s.ValueDraws)
				if e.kind == ofCompartment {
					sizes[e] = values[k]
				}
			}
		}
		add := func(target, value, factor expr.ID) {
			s.Targets, s.Values, s.Factors = append(s.Targets, target), append(s.Values, value), append(s.Factors, factor)
		}
		for k := range ev.Assignments {
			a := ev.Assignments[k]
			if a.Math == nil {
				continue
			}
			e := b.byName[a.Variable]
			if e.state == expr.None {
				b.fail(a.Pos, "E227", "let a rate rule or reactions determine it", "an event sets %s, which an algebraic rule determines", e.name)
				continue
			}
			v := values[k]
			if e.kind == ofSpecies && e.conc && e.state == e.amount {
				add(e.state, v, e.size())
				continue
			}
			add(e.state, v, expr.None)
		}
		for _, e := range b.list {
			if e.kind == ofSpecies && e.conc && e.state == e.sym && !set[e] {
				if size, ok := sizes[e.home]; ok { // its amount stays
					add(e.state, p.Div(e.size(), size), e.sym)
				}
			}
		}
		b.sys.Schedule(s, b.condition(ev.Trigger, context{}))
	}
}

// rateOf is the derivative of what a name means.
func (b *builder) rateOf(m *Math, c context) expr.ID {
	p := b.pool
	nan := p.Float(math.NaN())
	var e *entity
	x := m.Args[0]
	if x.Op == "ci" {
		if t, ok := c.local[x.Name]; ok {
			if e = b.bySym[t]; e == nil {
				if k, ok := b.sys.VarOf(t); ok && b.sys.Vars[k].Kind == model.ParameterVar {
					return expr.Zero
				}
			}
		} else {
			e = b.named(x.Name, x.Pos, "argument of rateOf")
		}
	}
	if e == nil {
		b.fail(m.Pos, "E227", "give it a variable of its own", "rateOf takes a variable")
		return nan
	}
	return b.rate(e, c)
}

// rate is the derivative of an entity.
func (b *builder) rate(e *entity, c context) expr.ID {
	p := b.pool
	if c.depth++; c.depth > maxCalls {
		b.fail(e.pos, "E226", "break the cycle", "the rate of %s depends on itself", e.name)
		return p.Float(math.NaN())
	}
	switch {
	case !e.changes() && e.kind != ofSpecies:
		return expr.Zero
	case c.mode == before && (e.state != expr.None || e.rule == nil): // nothing has moved yet
		return expr.Zero
	case e.rule != nil && e.rule.Kind == RateRule:
		return b.formula(e.rule.Math, c.global())
	case e.algebraic, e.rule != nil, e.kind == ofReaction:
		if c.mode != running {
			b.fail(e.pos, "E227", "leave rateOf out of what the start depends on", "the rate of %s, which a rule determines, is asked at the start", e.name)
			return p.Float(math.NaN())
		}
		return p.Der(e.sym)
	case e.kind != ofSpecies:
		return expr.Zero
	}
	rate := b.flowRate(e, c.mode)
	if !e.conc {
		return rate
	}
	size, s := e.size(), e.sym
	if c.mode != running {
		size, s = b.startOf(e.home, c.mode), b.startOf(e, c.mode)
	}
	dsize := b.rate(e.home, c)
	return p.Div(p.Sub(rate, p.Mul(s, dsize)), size)
}

// global is the context without local names.
func (c context) global() context { return context{mode: c.mode, depth: c.depth} }

// delay is a value of the past.
func (b *builder) delay(m *Math, c context) expr.ID {
	p := b.pool
	of, tau := b.formula(m.Args[0], c), b.formula(m.Args[1], c)
	if tau == expr.Zero {
		return of
	}
	past := context{local: c.local, mode: before, depth: c.depth}
	if c.depth > 0 && len(c.local) > 0 {
		b.fail(m.Pos, "E227", "write delay outside of the function", "delay within a function")
		return p.Float(math.NaN())
	}
	early := b.formula(m.Args[0], past)
	switch c.mode {
	case atStart:
		return p.Substitute(early, map[expr.ID]expr.ID{expr.Time: p.Neg(tau)}, nil)
	case before:
		return p.Substitute(early, map[expr.ID]expr.ID{expr.Time: p.Sub(expr.Time, tau)}, nil)
	}
	key := [2]expr.ID{of, tau}
	if v, ok := b.delays[key]; ok {
		return v
	}
	v := b.sys.Delayed(of, tau, early, m.Pos)
	b.delays[key] = v
	return v
}
