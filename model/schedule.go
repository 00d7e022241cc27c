package model

import (
	"fmt"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
)

// ScheduledEvent is an event of another kind than a when-clause: when its trigger becomes
// true it is put into a queue, with a delay, and it is executed by itself when its time has
// come; of several whose time has come the one of the highest priority at that moment goes
// first, after which triggers and priorities are looked at again. Reaction networks in SBML
// have such events (Level 3 Version 2, section 4.11). See System.Schedule.
//
// All terms are symbols of variables of the system.
type ScheduledEvent struct {
	Name string
	// Indicators of the relations that the trigger is made of. Relation k is true where its
	// indicator is above 0, or 0 if it is not Strict.
	Indicators []expr.ID
	Strict     []bool
	// Trigger is the condition in postfix form: a number k >= 0 is relation k, the others are
	// TriggerAnd and so on.
	Trigger []int

	Delay    expr.ID // time between trigger and execution; None: none
	Priority expr.ID // None: below all others

	Initially  bool // before the start the trigger counts as what it is there; else as false
	Persistent bool // executed even if the trigger becomes false again before
	AtTrigger  bool // the values are those at the trigger, not those at the execution

	Targets []expr.ID // states
	Values  []expr.ID // what they are set to, all at once,
	Factors []expr.ID // times what this is at the execution; None: 1

	// Indices into System.Draws of the random numbers that are drawn anew before Values, Delay and Priority are evaluated,
	// in this order.
	ValueDraws, DelayDraws, PriorityDraws []int

	Pos diag.Pos
}

// The operators of ScheduledEvent.Trigger.
const (
	TriggerTrue = -1 - iota
	TriggerFalse
	TriggerNot
	TriggerAnd
	TriggerOr
	TriggerSame // both true or both false
)

// Schedule adds an event of which Name, Delay, Priority, Targets, Values, Factors and the Booleans
// are given, all as terms. It declares variables for the terms, in the path Name, so that
// they are computed as the rest of the model is. Targets must be states.
func (s *System) Schedule(e ScheduledEvent, trigger expr.ID) {
	n := 0
	named := func(what string, term expr.ID) expr.ID {
		if term == expr.None {
			return expr.None
		}
		v := s.NewVariable(e.Name+"."+what, Unknown)
		v.Pos, v.Path = e.Pos, e.Name
		s.AddVar(v)
		s.Equations = append(s.Equations, Equation{Lhs: v.Sym, Rhs: term, Pos: e.Pos, Path: e.Name})
		return v.Sym
	}
	p := s.Pool
	relation := func(g expr.ID, strict bool) {
		n++
		e.Indicators = append(e.Indicators, named(fmt.Sprintf("trigger[%d]", n), g))
		e.Strict = append(e.Strict, strict)
		e.Trigger = append(e.Trigger, n-1)
	}
	emit := func(op int) { e.Trigger = append(e.Trigger, op) }
	var condition func(c expr.ID)
	condition = func(c expr.ID) {
		a := p.Args(c)
		switch op := p.Op(c); op {
		case expr.OpTrue:
			emit(TriggerTrue)
		case expr.OpFalse:
			emit(TriggerFalse)
		case expr.OpNot:
			condition(a[0])
			emit(TriggerNot)
		case expr.OpAnd, expr.OpOr:
			for i := range a {
				condition(a[i])
				if i > 0 && op == expr.OpAnd {
					emit(TriggerAnd)
				} else if i > 0 {
					emit(TriggerOr)
				}
			}
		case expr.OpLt, expr.OpLe:
			relation(p.Sub(a[1], a[0]), op == expr.OpLt)
		case expr.OpEq, expr.OpNe:
			if p.Op(a[0]).Info().Bool {
				condition(a[0])
				condition(a[1])
				emit(TriggerSame)
			} else {
				d := p.Sub(a[1], a[0])
				relation(d, false)
				relation(p.Neg(d), false)
				emit(TriggerAnd)
			}
			if op == expr.OpNe {
				emit(TriggerNot)
			}
		case expr.OpIf:
			condition(p.Fn(expr.OpOr, p.Fn(expr.OpAnd, a[0], a[1]), p.Fn(expr.OpAnd, p.Fn(expr.OpNot, a[0]), a[2])))
		default: // a Boolean variable
			relation(p.If(c, expr.One, expr.MinusOne), true)
		}
	}
	condition(trigger)
	e.Delay, e.Priority = named("delay", e.Delay), named("priority", e.Priority)
	values, factors := make([]expr.ID, len(e.Values)), make([]expr.ID, len(e.Values))
	for i, v := range e.Values {
		values[i], factors[i] = named(fmt.Sprintf("value[%d]", i+1), v), expr.None
		if e.Factors != nil {
			factors[i] = named(fmt.Sprintf("factor[%d]", i+1), e.Factors[i])
		}
	}
	e.Values, e.Factors = values, factors
	s.Scheduled = append(s.Scheduled, e)
}

// DelayedValue is a value of the past: Value, an input of the system, is Of at the time Tau ago, and
// Before, which depends on time and parameters alone, at times before the start. All are
// symbols of variables. See System.Delayed.
type DelayedValue struct {
	Value, Of, Tau, Before expr.ID
	Pos                    diag.Pos
}

// Delayed returns what the term of was at the time tau ago. It declares variables for the
// terms.
func (s *System) Delayed(of, tau, before expr.ID, pos diag.Pos) expr.ID {
	p := s.Pool
	name := fmt.Sprintf("delay[%d]", len(s.Delays)+1)
	value := s.NewVariable(name, InputVar)
	value.Value, value.Pos = expr.Zero, pos
	s.AddVar(value)
	d := DelayedValue{Value: value.Sym, Pos: pos}
	for _, x := range []struct {
		sym  *expr.ID
		what string
		term expr.ID
	}{{&d.Of, "of", of}, {&d.Tau, "tau", tau}, {&d.Before, "before", before}} {
		v := s.NewVariable(name+"."+x.what, Unknown)
		v.Pos, v.Path = pos, name
		s.AddVar(v)
		s.Equations = append(s.Equations, Equation{Lhs: v.Sym, Rhs: x.term, Pos: pos, Path: name})
		*x.sym = v.Sym
	}
	s.Delays = append(s.Delays, d)
	// An input keeps its value between events, a delayed value does not: a function of time hides that.
	if p.FuncByName("delayed") == nil {
		p.DeclareFunc(&expr.Func{Name: "delayed'", Arity: 2, Eval: func([]float64) float64 { return 0 },
			Partial: func(p *expr.Pool, a []expr.ID, _ int) expr.ID { return p.Call("delayed'", a...) }})
		p.DeclareFunc(&expr.Func{Name: "delayed", Arity: 2, Eval: func(a []float64) float64 { return a[1] },
			Partial: func(p *expr.Pool, a []expr.ID, i int) expr.ID {
				if i == 1 {
					return expr.One
				}
				return p.Call("delayed'", a...)
			}})
	}
	return p.Call("delayed", expr.Time, value.Sym)
}
