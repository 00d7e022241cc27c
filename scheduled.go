package mtkc

import (
	"fmt"
	"io"
	"strings"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/draw"
	"github.com/mtkc/mtkc/runtime/history"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/runtime/schedule"
)

// withSchedule gives a problem the events with delays and priorities of its system, its random numbers, and its
// values of the past. An event that sets what is no state is E194.
func withSchedule(sys *model.System, p *ode.Problem) (found diag.List) {
	p.Undefined = sys.Undefined
	if len(sys.Scheduled)+len(sys.Delays)+len(sys.Draws) == 0 {
		return nil
	}
	index := make(map[string]int, len(p.Observables))
	for i := range p.Observables {
		index[p.Observables[i].Name] = i
	}
	find := func(sym expr.ID) int {
		if sym == expr.None {
			return -1
		}
		i, ok := index[sys.Pool.Name(sym)]
		if !ok {
			panic("mtkc: bug: no observable " + sys.Pool.Name(sym))
		}
		return i
	}
	all := func(syms []expr.ID) []int {
		out := make([]int, len(syms))
		for i, s := range syms {
			out[i] = find(s)
		}
		return out
	}
	events := make([]schedule.Event, len(sys.Scheduled))
	for i := range sys.Scheduled {
		s := &sys.Scheduled[i]
		events[i] = schedule.Event{
			Name: s.Name, Indicators: all(s.Indicators), Strict: s.Strict, Trigger: s.Trigger,
			Delay: find(s.Delay), Priority: find(s.Priority),
			Initially: s.Initially, Persistent: s.Persistent, AtTrigger: s.AtTrigger,
			Targets: all(s.Targets), Values: all(s.Values), Factors: all(s.Factors),
			ValueDraws: s.ValueDraws, DelayDraws: s.DelayDraws, PriorityDraws: s.PriorityDraws,
		}
		for _, k := range events[i].Targets {
			if p.Observables[k].Kind != ode.State {
				found.Add(s.Pos, "E194", "state what sets it as an equation, or let the event set what it depends on", "the event %s sets %s, which the equations of the model determine", s.Name, p.Observables[k].Name)
			}
		}
	}
	parameter := func(sym expr.ID) *ode.Observable {
		o := &p.Observables[find(sym)]
		if o.Kind != ode.Parameter {
			panic("mtkc: bug: " + o.Name + " is no parameter")
		}
		return o
	}
	draws := make([]draw.Variate, len(sys.Draws))
	for i := range sys.Draws {
		d := &sys.Draws[i]
		o := parameter(d.Value)
		draws[i] = draw.Variate{Name: o.Name, Value: o.Index, Initial: d.Initial, Optional: d.Optional}
		var ok bool
		if draws[i].Dist, ok = draw.Lookup(d.Dist); !ok {
			panic("mtkc: bug: no distribution " + d.Dist)
		}
		for _, a := range d.Args {
			arg := draw.Arg{Observable: -1}
			if v, number := sys.Pool.Value(a); number {
				arg.Number = v.Float()
			} else {
				arg.Observable = find(a)
			}
			draws[i].Args = append(draws[i].Args, arg)
		}
	}
	if len(events)+len(draws) > 0 {
		p.Callbacks = func(k *ode.Kernels) []*ode.Callback {
			var list []*ode.Callback
			var numbers *draw.Run
			if len(draws) > 0 {
				numbers = draw.NewRun(p, k, draws)
				list = append(list, numbers.Callback())
			}
			if len(events) > 0 {
				list = append(list, schedule.New(p, k, events, numbers))
			}
			return list
		}
	}
	var delays []history.Delay
	for i := range sys.Delays {
		d := &sys.Delays[i]
		o := parameter(d.Value)
		delays = append(delays, history.Delay{Name: o.Name, Value: o.Index, Of: find(d.Of), Tau: find(d.Tau), Before: find(d.Before)})
	}
	if len(delays) > 0 {
		history.Attach(p, delays)
	}
	return found
}

// Portable refuses a target, named for the message, that has no events with delays and priorities, no values of the past
// and no random jumps, where the system holds such (E021). The pass form must have run.
func (c *Compiler) Portable(target string) diag.List {
	if c.sys != nil && len(c.sys.Jumps) > 0 {
		return diag.New(c.sys.Jumps[0].Pos, "E021", "leave --backend out in mtkc run and mtkc ensemble, which take the vm; or take --method cle or ode", "%s: reactions at random instants (--method ssa) happen on the vm only", target)
	}
	if c.sys != nil && len(c.sys.Delays) > 0 {
		return diag.New(c.sys.Delays[0].Pos, "E021", "use mtkc run with --backend vm", "%s: values of the past are kept by the vm only", target)
	}
	if c.sys != nil && len(c.sys.Draws) > 0 {
		return diag.New(c.sys.Draws[0].Pos, "E021", "use mtkc run with --backend vm or llvm", "%s: random numbers, such as %s, are drawn by the vm only", target, c.sys.Draws[0].Dist)
	}
	if c.sys == nil || len(c.sys.Scheduled) == 0 {
		return nil
	}
	s := &c.sys.Scheduled[0]
	return diag.New(s.Pos, "E021", "use mtkc run with --backend vm or llvm", "%s: events with delays and priorities, such as %s, are executed by the vm only", target, s.Name)
}

// dumpSchedule lists what Base Modelica has no form for, as comments.
func dumpSchedule(w io.Writer, sys *model.System) error {
	p := sys.Pool
	names := func(syms []expr.ID) string {
		var list []string
		for _, s := range syms {
			list = append(list, p.Name(s))
		}
		return strings.Join(list, ", ")
	}
	for i := range sys.Scheduled {
		s := &sys.Scheduled[i]
		if _, err := fmt.Fprintf(w, "// event %s, with a queue: sets %s to %s\n", s.Name, names(s.Targets), names(s.Values)); err != nil {
			return err
		}
	}
	for i := range sys.Draws {
		d := &sys.Draws[i]
		when := "by events"
		if d.Initial {
			when = "before the start"
		}
		args := make([]string, len(d.Args))
		for k, a := range d.Args {
			args[k] = p.String(a)
		}
		if _, err := fmt.Fprintf(w, "// %s = %s(%s), drawn %s\n", p.Name(d.Value), d.Dist, strings.Join(args, ", "), when); err != nil {
			return err
		}
	}
	for i := range sys.Delays {
		d := &sys.Delays[i]
		if _, err := fmt.Fprintf(w, "// %s = %s at the time %s ago\n", p.Name(d.Value), p.Name(d.Of), p.Name(d.Tau)); err != nil {
			return err
		}
	}
	return nil
}
