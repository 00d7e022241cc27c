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
