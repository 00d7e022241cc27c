package schedule_test

import (
	"context"
	"strings"
	"testing"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/ode"
)

// event is one of a test: it sets x to value (x itself is the argument).
type event struct {
	trigger         func(m *model.System, x expr.Expr) expr.Expr
	delay, priority any // nil: none
	initially       bool
	volatile        bool // not persistent
	atExecution     bool
	value           func(m *model.System, x expr.Expr) expr.Expr
}

func at(t float64) func(*model.System, expr.Expr) expr.Expr {
	return func(m *model.System, _ expr.Expr) expr.Expr { return m.T().Ge(t) }
}

func to(v float64) func(*model.System, expr.Expr) expr.Expr {
	return func(m *model.System, _ expr.Expr) expr.Expr { return m.Pool.Of(m.Pool.Float(v)) }
}

func times(k float64) func(*model.System, expr.Expr) expr.Expr {
	return func(_ *model.System, x expr.Expr) expr.Expr { return x.Mul(k) }
}

// TestEvents runs x = 1 with events and looks at x at the end, t = 10.
func TestEvents(t *testing.T) {
	for _, c := range []struct {
		name   string
		events []event
		want   float64
	}{
		{"at once", []event{{trigger: at(1), value: to(5)}}, 5},
		{"true at the start", []event{{trigger: at(-1), initially: true, value: to(5)}}, 1},
		{"false before the start", []event{{trigger: at(-1), value: to(5)}}, 5},
		{"after the end", []event{{trigger: at(1), delay: 20.0, value: to(5)}}, 1},
		{"later one wins", []event{{trigger: at(1), delay: 2.0, value: to(5)}, {trigger: at(2), value: to(7)}}, 5},
		{"value at the trigger", []event{{trigger: at(1), delay: 2.0, value: times(2)}, {trigger: at(2), value: to(7)}}, 2},
		{"value at the execution", []event{{trigger: at(1), delay: 2.0, atExecution: true, value: times(2)}, {trigger: at(2), value: to(7)}}, 14},
		{"priority", []event{{trigger: at(1), priority: 1.0, value: to(5)}, {trigger: at(1), priority: 2.0, value: to(7)}}, 5},
		{"none is the least", []event{{trigger: at(1), value: to(5)}, {trigger: at(1), priority: -2.0, value: to(7)}}, 5},
		{"persistent", []event{
			{trigger: func(_ *model.System, x expr.Expr) expr.Expr { return x.Gt(1) }, delay: 3.0, value: to(9)},
			{trigger: at(1), value: to(2)}, {trigger: at(2), value: to(0)}}, 9},
		{"not persistent", []event{
			{trigger: func(_ *model.System, x expr.Expr) expr.Expr { return x.Gt(1) }, delay: 3.0, volatile: true, value: to(9)},
			{trigger: at(1), value: to(2)}, {trigger: at(2), value: to(0)}}, 0},
		{"one undoes the trigger of the next", []event{
			{trigger: at(1), priority: 2.0, value: to(-1)},
			{trigger: func(m *model.System, x expr.Expr) expr.Expr { return m.T().Ge(1).And(x.Gt(0)) }, priority: 1.0, volatile: true, value: to(9)}}, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := model.New("events")
			x := m.Var("x", model.Init(1))
			m.Eq(expr.Der(x), 0)
			for i, e := range c.events {
				s := model.ScheduledEvent{Name: string(rune('a' + i)), Delay: expr.None, Priority: expr.None, Initially: e.initially, Persistent: !e.volatile, AtTrigger: !e.atExecution,
					Targets: []expr.ID{x.ID()}, Values: []expr.ID{e.value(m, x).ID()}}
				if v, ok := e.delay.(float64); ok {
					s.Delay = m.Pool.Float(v)
				}
				if v, ok := e.priority.(float64); ok {
					s.Priority = m.Pool.Float(v)
				}
				m.Schedule(s, e.trigger(m, x).ID())
			}
			p, err := mtkc.Compile(m)
			if err != nil {
				t.Fatal(err)
			}
			sol, err := ode.Solve(context.Background(), p, ode.Options{Span: [2]float64{0, 10}})
			if err != nil {
				t.Fatal(err)
			}
			if got := sol.U[0]; got != c.want {
				t.Errorf("x = %v, want %v", got, c.want)
			}
		})
	}
}

// An event that sets off itself at once ends the run with its name.
func TestEndless(t *testing.T) {
	m := model.New("endless")
	x := m.Var("x", model.Init(0))
	m.Eq(expr.Der(x), 1)
	m.Schedule(model.ScheduledEvent{Name: "again", Delay: expr.None, Priority: expr.None, Persistent: true, AtTrigger: true,
		Targets: []expr.ID{x.ID()}, Values: []expr.ID{expr.Zero}}, x.Gt(0).ID())
	p, err := mtkc.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	_, err = ode.Solve(context.Background(), p, ode.Options{Span: [2]float64{0, 1}})
	if err == nil || !strings.Contains(err.Error(), "again") {
		t.Errorf("the run ends with %v", err)
	}
}

// An event that sets what an equation determines is a diagnostic.
func TestNoState(t *testing.T) {
	m := model.New("algebraic")
	y := m.Var("y")
	m.Eq(y, m.T().Mul(2))
	m.Schedule(model.ScheduledEvent{Name: "set", Delay: expr.None, Priority: expr.None, Targets: []expr.ID{y.ID()}, Values: []expr.ID{expr.Zero}}, m.T().Gt(1).ID())
	if _, err := mtkc.Compile(m); err == nil || !strings.Contains(err.Error(), "E194") {
		t.Errorf("the compilation ends with %v", err)
	}
}

// A run that is saved while events wait goes back in its own memory, and elsewhere to a later end, where what
// waited for a time behind the first end happens in time.
func TestArchive(t *testing.T) {
	m := model.New("waiting")
	x := m.Var("x", model.Init(1))
	m.Eq(expr.Der(x), 0)
	for i, s := range []model.ScheduledEvent{
		{Delay: m.Pool.Float(7), AtTrigger: true, Values: []expr.ID{x.Add(1).ID()}}, // at 8: x is then 1 at the trigger
		{Delay: m.Pool.Float(2), Values: []expr.ID{x.Mul(3).ID()}},                  // at 3
		{Delay: m.Pool.Float(14), Values: []expr.ID{x.Mul(10).ID()}},                // at 15
	} {
		s.Name, s.Priority, s.Persistent, s.Targets = string(rune('a'+i)), expr.None, true, []expr.ID{x.ID()}
		m.Schedule(s, m.T().Ge(1).ID())
	}
	p, err := mtkc.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	opt := ode.Options{Span: [2]float64{0, 10}}
	in, err := ode.NewIntegrator(context.Background(), p, opt)
	if err != nil {
		t.Fatal(err)
	}
	finish := func(in *ode.Integrator) float64 {
		t.Helper()
		for !in.Done() {
			if err := in.Step(); err != nil {
				t.Fatal(err)
			}
		}
		return in.U()[0]
	}
	for in.T() < 1 {
		if err := in.Step(); err != nil {
			t.Fatal(err)
		}
	}
	data, err := in.Save()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := finish(in); got != 2 {
			t.Errorf("x = %v at the end, want 2", got)
		}
		if err := in.Restore(data); err != nil {
			t.Fatal(err)
		}
	}
	opt.Span[1], opt.SaveAt = 20, []float64{14.999, 15.001, 20}
	more, err := ode.Resume(context.Background(), p, opt, data)
	if err != nil {
		t.Fatal(err)
	}
	if got := finish(more); got != 20 {
		t.Errorf("x = %v at the later end, want 20", got)
	}
	if sol := more.Solution(); sol.Len() < 3 || sol.State(sol.Len() - 3)[0] != 2 || sol.State(sol.Len() - 2)[0] != 20 {
		t.Errorf("x is %v around 15, want 2 and 20", sol.Times)
	}
}
