package mtkc

import (
	"bytes"
	"context"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/model"
)

// mesh is a bridge of resistors with a capacitor, a diode and a pendulum beside it.
func mesh(m *model.System) {
	for _, n := range []string{"R1", "R2", "R3", "R4", "R5", "R6"} {
		m.Param(n, 2)
	}
	m.Var("v", model.Init(1))
	m.Var("x", model.Init(0.6))
	for _, n := range []string{"i1", "i2", "i3", "i4", "i5", "i6", "a", "b", "d", "y", "T", "w"} {
		m.Var(n)
	}
	m.MustText(`R1*i1 = v - a; R2*i2 = v - b; R3*i3 = a - b; R4*i4 = a; R5*i5 = b; i1 = i3 + i4; i2 + i3 = i5;
		der(v) = -i1 - i2 - i6; d = R6*i6; exp(d) - 1 + i6 = v;
		der(der(x)) = -T*x; der(der(y)) = -T*y - 10; x^2 + y^2 = 1; w = v`)
}

func inspected(t *testing.T) *Compiler {
	t.Helper()
	m := model.New("mesh")
	mesh(m)
	c := NewSystem(m, Options{Check: true})
	if _, found := c.Problem(context.Background()); found.Errors() > 0 {
		t.Fatal(found)
	}
	return c
}

// TestReport reads the report for people, which is the same each time.
func TestReport(t *testing.T) {
	var first string
	for range 2 {
		var b bytes.Buffer
		if err := inspected(t).WriteReport(&b, 0); err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = b.String()
		} else if b.String() != first {
			t.Fatal("two reports of one model differ")
		}
	}
	for _, want := range []string{
		"as written      14 equations for 14 unknowns, 6 parameters\n",
		"reduced to      13 equations; 2 of the model eliminated or replaced; 1 derived from others\n",
		"index           3 as written, constraints were differentiated up to 2 times\n",
		"a differential-algebraic equation with 5 differential states and 1 algebraic state",
		"blocks          1 explicit, 2 linear in closed form (up to 7 equations), 1 nonlinear (2 equations)\n",
		"constraints     2, kept by projecting every step onto them (--constraints project)\n",
		"(differentiated twice from mesh:3:48)\n",
		"    7 linear equations, in closed form behind 3 unknowns: i1, i2, i3\n",
		"    2 nonlinear equations, iterating on d\n",
		"    3 linear equations, in closed form behind T\n",
		"\ninitialization: ",
		"\nJacobian: 6 by 6",
	} {
		if !strings.Contains(first, want) {
			t.Errorf("no %q", want)
		}
	}
	if t.Failed() {
		t.Log(first)
	}
}

// TestIncidencePicture looks for what the picture of a small model shows.
func TestIncidencePicture(t *testing.T) {
	var b bytes.Buffer
	if err := inspected(t).WriteIncidence(&b); err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(b.Bytes(), new(struct{})); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"As written", "Solved", "14 equations for 14 unknowns; index 3, 5 states and 1 algebraic state, 2 constraints kept",
		"der(v)\nin ", "differentiated twice from mesh:3:48", "7 equations, linear, solved in closed form\ntearing variables: ",
		"2 equations, nonlinear, iterated\ntearing variables: d", "mesh:3′′", ">derivative of a state<", ">eliminated<",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q", want)
		}
	}
}
