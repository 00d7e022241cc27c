// Package schedule executes events with delays and priorities, as reaction networks have
// them (SBML Level 3 Version 2, section 4.11, and its appendix on the order of events).
//
// In: the events of a model, their terms as observables of its problem. Out: a callback that
// belongs to the problem. An event whose trigger becomes true is put into a queue. What is
// due at an instant is executed one by one, the highest priority first; after each the model
// is made consistent, and triggers and priorities are looked at again.
package schedule

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/draw"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/runtime/random"
)

// The operators of Event.Trigger; a number k >= 0 is relation k.
const (
	True = -1 - iota
	False
	Not
	And
	Or
	Same
)

// Event is one event. Its terms are indices into ode.Problem.Observables, -1 where there is
// none.
type Event struct {
	Name       string
	Indicators []int  // of the relations of the trigger: true above 0,
	Strict     []bool // and at 0 where not strict
	Trigger    []int  // in postfix form
	Delay      int
	Priority   int
	Initially  bool // before the start the trigger counts as what it is there, else as false
	Persistent bool // executed even if the trigger becomes false before
	AtTrigger  bool // the values are those at the trigger
	Targets    []int
	Values     []int // what they are set to,
	Factors    []int // times what this is at the execution; -1: 1

	ValueDraws, DelayDraws, PriorityDraws []int // random numbers that are drawn anew before these are evaluated
}

// mostExecuted bounds the events at one instant.
const mostExecuted = 10000

// purpose sets the stream of choices among events apart from others of a path.
const purpose = 0x7175657565

// New returns the callback of a run with the kernels k. Targets must be observables of kind State. draws are the random numbers of
// the model, nil where its events have none.
func New(p *ode.Problem, k *ode.Kernels, events []Event, draws *draw.Run) *ode.Callback {
	observer := func(which []int) func(t float64, u, p, out []float64) {
		f := p.NewObserver(which)
		if k.Refresh == nil {
			return f
		}
		return func(t float64, u, p, out []float64) {
			k.Refresh(t, u, p)
			f(t, u, p, out)
		}
	}
	q := &queue{p: p, events: events, random: draws, was: make([]bool, len(events)), now: make([]bool, len(events))}
	var relations, delays, priorities []int
	for i := range events {
		e := &events[i]
		q.firstRelation = append(q.firstRelation, len(relations))
		relations = append(relations, e.Indicators...)
		q.strict = append(q.strict, e.Strict...)
		delays = append(delays, max(e.Delay, 0))
		priorities = append(priorities, max(e.Priority, 0))
		q.values = append(q.values, observer(e.Values))
		factors := make([]int, len(e.Factors))
		for k, f := range e.Factors {
			factors[k] = max(f, 0)
		}
		q.factors = append(q.factors, observer(factors))
		q.most = max(q.most, len(e.Trigger))
	}
	q.relations, q.delays, q.priorities = observer(relations), observer(delays), observer(priorities)
	q.g = make([]float64, len(relations))
	q.out = make([]float64, len(events))
	q.stack = make([]bool, 0, q.most)
	q.u, q.du = make([]float64, p.N()), make([]float64, p.N())
	return &ode.Callback{
		Name: "events",
		Start: func(in *ode.Integrator) error {
			q.pending, q.order = q.pending[:0], 0
			seed, path := in.Chance()
			q.chance.Reset(seed, path, purpose)
			q.conditions(in, false)
			for i := range events {
				q.was[i] = q.now[i] && events[i].Initially
			}
			return q.run(in)
		},
		Conditions: len(relations),
		Crossings:  q.relations,
		Affect:     func(*ode.Integrator, int, float64, []float64) error { return nil },
		After:      q.run,
		Archive:    q.archive,
	}
}

// queue is the memory of a run.
type queue struct {
	p             *ode.Problem
	events        []Event
	firstRelation []int
	strict        []bool
	was, now      []bool // triggers
	pending       []entry
	order         int // of the next entry
	random        *draw.Run
	chance        random.Stream

	relations, delays, priorities func(t float64, u, p, out []float64)
	values, factors               []func(t float64, u, p, out []float64)
	g, out, u, du                 []float64
	stack                         []bool
	most                          int
}

// entry is an event that waits for its time.
type entry struct {
	event  int
	at     float64
	order  int
	values []float64 // nil: those at the execution
}

// near is the tolerance within which times are the same instant.
func near(t float64) float64 { return 8 * 2.220446049250313e-16 * math.Abs(t) }

// conditions evaluates all triggers into now. A relation whose indicator is zero is what it is
// there, or, if after, what it will be right behind.
func (q *queue) conditions(in *ode.Integrator, after bool) {
	t, p := in.T(), in.P()
	q.relations(t, in.U(), p, q.g)
	if after {
		if !slices.Contains(q.g, 0) {
			return
		}
		// The indicators a little later, by a step of Euler's method.
		t0, t1 := in.Span()
		h := 1e-8 * (t1 - t0)
		in.Derivative(q.du)
		for i, v := range in.U() {
			q.u[i] = v
			if in.Differential(i) {
				q.u[i] += h * q.du[i]
			}
		}
		later := make([]float64, len(q.g))
		q.relations(t+h, q.u, p, later)
		for i, v := range q.g {
			if v == 0 {
				q.g[i] = later[i]
			}
		}
	}
	for i := range q.events {
		e, k := &q.events[i], q.firstRelation[i]
		s := q.stack[:0]
		for _, op := range e.Trigger {
			n := len(s)
			switch op {
			case True, False:
				s = append(s, op == True)
			case Not:
				s[n-1] = !s[n-1]
			case And:
				s = append(s[:n-2], s[n-2] && s[n-1])
			case Or:
				s = append(s[:n-2], s[n-2] || s[n-1])
			case Same:
				s = append(s[:n-2], s[n-2] == s[n-1])
			default:
				g := q.g[k+op]
				s = append(s, g > 0 || g == 0 && !e.Strict[op])
			}
		}
		q.now[i] = s[0]
	}
}

// edges puts the events into the queue whose triggers became true.
func (q *queue) edges(in *ode.Integrator) error {
	t := in.T()
	for i := range q.events {
		e := &q.events[i]
		switch {
		case q.now[i] && !q.was[i]:
			x := entry{event: i, at: t, order: q.order}
			q.order++
			if e.Delay >= 0 {
				if err := q.renew(in, e, e.DelayDraws); err != nil {
					return err
				}
				q.delays(t, in.U(), in.P(), q.out)
				d := q.out[i]
				if !(d >= 0) {
					return fmt.Errorf("the delay of %s is %v: it must not be negative", e.Name, d)
				}
				x.at = t + d
			}
			if e.AtTrigger {
				var err error
				if x.values, err = q.value(in, i); err != nil {
					return err
				}
			}
			q.pending = append(q.pending, x)
			if x.at > t+near(t) && !math.IsInf(x.at, 1) {
				if err := in.AddStop(x.at); err != nil {
					return err
				}
			}
		case !q.now[i] && q.was[i] && !e.Persistent:
			q.pending = slices.DeleteFunc(q.pending, func(x entry) bool { return x.event == i })
		}
		q.was[i] = q.now[i]
	}
	return nil
}

// renew draws the random numbers of an event that are listed.
func (q *queue) renew(in *ode.Integrator, e *Event, list []int) error {
	if len(list) == 0 {
		return nil
	}
	if err := q.random.Draw(in, list); err != nil {
		return fmt.Errorf("event %s: %w", e.Name, err)
	}
	return nil
}

// value is what the targets of event i are set to.
func (q *queue) value(in *ode.Integrator, i int) ([]float64, error) {
	e := &q.events[i]
	if err := q.renew(in, e, e.ValueDraws); err != nil {
		return nil, err
	}
	v := make([]float64, len(e.Values))
	q.values[i](in.T(), in.U(), in.P(), v)
	return v, nil
}

// next is the index of the entry to be executed now, -1: none. Among equal priorities chance
// decides, by the seed of the run.
func (q *queue) next(in *ode.Integrator) (int, error) {
	t := in.T()
	due := t + near(t)
	best, some, ties := -1, false, 1
	for k := range q.pending {
		if x := &q.pending[k]; x.at <= due {
			if best < 0 {
				best = k
				continue
			}
			if !some {
				if err := q.prioritise(in, due); err != nil {
					return -1, err
				}
				some = true
			}
			switch a, b := q.priority(x), q.priority(&q.pending[best]); {
			case a > b:
				best, ties = k, 1
			case a == b && !math.IsInf(a, -1):
				if ties++; q.chance.Uint64()%uint64(ties) == 0 {
					best = k
				}
			}
		}
	}
	return best, nil
}

// prioritise evaluates the priorities of what is due.
func (q *queue) prioritise(in *ode.Integrator, due float64) error {
	if q.random != nil {
		for k := range q.pending {
			if x := &q.pending[k]; x.at <= due {
				if err := q.renew(in, &q.events[x.event], q.events[x.event].PriorityDraws); err != nil {
					return err
				}
			}
		}
	}
	q.priorities(in.T(), in.U(), in.P(), q.out)
	return nil
}

// priority of an entry; one without priority comes last, in the order of the triggers.
func (q *queue) priority(x *entry) float64 {
	if q.events[x.event].Priority < 0 {
		return math.Inf(-1)
	}
	return q.out[x.event]
}

// run is what happens at the present time.
func (q *queue) run(in *ode.Integrator) error {
	after := false
	for n := 0; ; {
		q.conditions(in, after)
		if err := q.edges(in); err != nil {
			return err
		}
		k, err := q.next(in)
		if err != nil {
			return err
		}
		if k < 0 {
			if after {
				return nil
			}
			after = true
			continue
		}
		if n++; n > mostExecuted {
			return fmt.Errorf("more than %d events at t = %v, the last one %s", mostExecuted, in.T(), q.events[q.pending[k].event].Name)
		}
		x := q.pending[k]
		q.pending = slices.Delete(q.pending, k, k+1)
		if err := q.execute(in, x); err != nil {
			return err
		}
		after = false
	}
}

// execute sets the targets of an event and makes the model consistent.
func (q *queue) execute(in *ode.Integrator, x entry) error {
	e := &q.events[x.event]
	if x.values == nil {
		var err error
		if x.values, err = q.value(in, x.event); err != nil {
			return err
		}
	}
	factors := make([]float64, len(e.Factors))
	q.factors[x.event](in.T(), in.U(), in.P(), factors)
	for i, target := range e.Targets {
		o := &q.p.Observables[target]
		v := o.Sign * x.values[i]
		if e.Factors[i] >= 0 {
			v *= factors[i]
		}
		if err := in.SetState(o.Index, v); err != nil {
			return errors.Join(fmt.Errorf("event %s sets %s", e.Name, o.Name), err)
		}
	}
	return in.Settle()
}

// archive visits the memory.
func (q *queue) archive(a *archive.Archive) {
	a.Bools(q.was)
	a.Int(&q.order)
	q.chance.Archive(a)
	n := len(q.pending)
	a.Int(&n)
	for len(q.pending) < n {
		q.pending = append(q.pending, entry{})
	}
	q.pending = q.pending[:n]
	for k := range q.pending {
		x := &q.pending[k]
		a.Int(&x.event)
		a.Int(&x.order)
		a.Float(&x.at)
		atTrigger := x.values != nil
		a.Bool(&atTrigger)
		if !atTrigger {
			x.values = nil
			continue
		}
		if a.Grown(&x.values); x.values == nil {
			x.values = []float64{}
		}
	}
}
