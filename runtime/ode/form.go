package ode

// The form in which a problem with algebraic equations and constraints is handed to
// a method.

import (
	"fmt"
	"strings"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// forms and constraints are the values of Options.Form and Options.Constraints.
var (
	forms       = []string{"auto", "dae", "nested"}
	constraints = []string{"auto", "project", "states"}
)

// Forms lists the values of Options.Form.
func Forms() []string { return forms }

// ConstraintWays lists the values of Options.Constraints.
func ConstraintWays() []string { return constraints }

// pick checks a choice by name; "" is the first.
func pick(what, name string, names []string) (string, error) {
	if name == "" {
		return names[0], nil
	}
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return n, nil
		}
	}
	return "", fmt.Errorf("there is no %s %q; there are %s", what, name, strings.Join(names, ", "))
}

// formed is a method on another form of the problem than that of its states.
type formed struct {
	Method
	nested bool // algebraic and dependent states are solved inside the right-hand side
	states bool // independent states are chosen as the run goes
}

// nestedLimit is the number of states up to which implicit methods take the nested form.
const nestedLimit = 2000

// inForm puts m on a form; m itself where that is the form of the problem.
func inForm(m Method, nested, states bool) Method {
	if !nested && !states {
		return m
	}
	return formed{m, nested, states}
}

// New returns the stepper within its frame.
func (m formed) New(ws *Workspace) (Stepper, error) {
	f, err := newFrame(ws, m.nested, m.states)
	if err != nil {
		return nil, err
	}
	if m.nested && m.Info().Implicit {
		n := f.ws.N()
		if n > nestedLimit {
			return nil, fmt.Errorf("in the nested form the Jacobian of the %d states of %s is dense: use the dae form with %s", n, ws.P.title(), m.Info().Name)
		}
		f.ws.Pattern = linsolve.Dense(n, n)
	}
	if f.st, err = m.Method.New(f.ws); err != nil {
		return nil, err
	}
	return f, nil
}

// newFrame returns a frame that lacks its stepper.
func newFrame(ws *Workspace, nested, states bool) (*frame, error) {
	var c *chart
	if states {
		if c = newChart(ws); c == nil {
			return nil, fmt.Errorf("the constraints of %s cannot be solved for some of its differential states alone; use projection", ws.P.title())
		}
	}
	if nested {
		return newNested(ws, c), nil
	}
	return newDynamic(ws, c), nil
}

// bare takes the frame off a stepper.
func bare(st Stepper) Stepper {
	if f, ok := st.(*frame); ok {
		return f.st
	}
	return st
}
