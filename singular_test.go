package mtkc_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/runtime/trace"
	"github.com/mtkc/mtkc/structural"
)

// Models whose Jacobian is singular although their structure is sound, solved as they
// are written.

// transistorAmplifier is the two-transistor amplifier of Hairer and Wanner, Solving
// Ordinary Differential Equations II, 1996, section VI.1, as in the Test Set for IVP Solvers.
const transistorAmplifier = `
C1*(der(y2) - der(y1)) = (y1 - 0.1*sin(628.3185307179587*time))/R0
C1*(der(y1) - der(y2)) = -Ub/R + 2*y2/R + 0.01*1e-6*(exp((y2 - y3)/0.026) - 1)
-C2*der(y3) = -1e-6*(exp((y2 - y3)/0.026) - 1) + y3/R
C3*(der(y5) - der(y4)) = -Ub/R + y4/R + 0.99*1e-6*(exp((y2 - y3)/0.026) - 1)
C3*(der(y4) - der(y5)) = -Ub/R + 2*y5/R + 0.01*1e-6*(exp((y5 - y6)/0.026) - 1)
-C4*der(y6) = -1e-6*(exp((y5 - y6)/0.026) - 1) + y6/R
C5*(der(y8) - der(y7)) = -Ub/R + y7/R + 0.99*1e-6*(exp((y5 - y6)/0.026) - 1)
C5*(der(y7) - der(y8)) = y8/R`

// textModel declares variables with start values and states equations.
func textModel(name string, vars map[string]float64, order, equations string, params map[string]float64) *model.System {
	m := model.New(name)
	for _, p := range []string{"C1", "C2", "C3", "C4", "C5", "R0", "R", "Ub", "Cs"} {
		if x, ok := params[p]; ok {
			m.Param(p, x)
		}
	}
	for _, v := range strings.Fields(order) {
		if x, ok := vars[v]; ok {
			m.Var(v, model.WithGuess(x))
		} else {
			m.Var(v)
		}
	}
	for _, line := range strings.Split(strings.TrimSpace(equations), "\n") {
		m.MustText(line)
	}
	return m
}

func solveText(t *testing.T, sys *model.System, span [2]float64, tol, atol float64) *ode.Solution {
	t.Helper()
	prob, found := mtkc.NewSystem(sys, mtkc.Options{Check: true}).Problem(context.Background())
	if found.Errors() > 0 {
		t.Fatal(found)
	}
	sol, err := ode.Solve(context.Background(), prob, ode.Options{Span: span, RelTol: tol, AbsTol: atol, SaveAt: span[:]})
	if err != nil {
		t.Fatal(err)
	}
	return sol
}

func last(t *testing.T, sol *ode.Solution, name string) float64 {
	t.Helper()
	v, err := sol.Values(name)
	if err != nil {
		t.Fatal(err)
	}
	return v[len(v)-1]
}

func TestTransistorAmplifier(t *testing.T) {
	vars := map[string]float64{"y1": 0, "y2": 3, "y3": 3, "y4": 6, "y5": 3, "y6": 3, "y7": 6, "y8": 0}
	params := map[string]float64{"C1": 1e-6, "C2": 2e-6, "C3": 3e-6, "C4": 4e-6, "C5": 5e-6, "R0": 1000, "R": 9000, "Ub": 6}
	sol := solveText(t, textModel("amplifier", vars, "y1 y2 y3 y4 y5 y6 y7 y8", transistorAmplifier, params), [2]float64{0, 0.2}, 1e-8, 1e-8)
	// The reference of the Test Set at t = 0.2.
	want := map[string]float64{
		"y1": -0.5562145012262709e-2, "y2": 0.3006522471903042e1, "y3": 0.2849958788608128e1, "y4": 0.2926422536206241e1,
		"y5": 0.2704617865010554e1, "y6": 0.2761837778393145e1, "y7": 0.4770927631616772e1, "y8": 0.1236995868091548e1,
	}
	for name, w := range want {
		if got := last(t, sol, name); math.Abs(got-w) > 1e-6*(1+math.Abs(w)) {
			t.Errorf("%s = %.10g, want %.10g", name, got, w)
		}
	}
}

// TestRobotArm follows the path of Campbell and Griepentrog, SIAM J. Sci. Comput. 16,
// 1995: index 5, and the motion is given by the path: x1 = 1 - e^t, x3 = e^t - t.
func TestRobotArm(t *testing.T) {
	const equations = `
a = 2/(2 - cos(x3)^2)
b = cos(x3)/(2 - cos(x3)^2)
c = sin(x3)/(2 - cos(x3)^2)
d = sin(x3)*cos(x3)/(2 - cos(x3)^2)
der(der(x1)) = 2*c*(der(x1) + der(x3))^2 + der(x1)^2*d + (2*x3 - x2)*(a + 2*b) + a*(u1 - u2)
der(der(x2)) = -2*c*(der(x1) + der(x3))^2 - der(x1)^2*d + (2*x3 - x2)*(1 - 3*a - 2*b) - a*u1 + (a + 1)*u2
der(der(x3)) = -2*c*(der(x1) + der(x3))^2 - der(x1)^2*d - (2*x3 - x2)*(a - 9*b) - 2*der(x1)^2*c - d*(der(x1) + der(x3))^2 - (a + b)*(u1 - u2)
cos(x1) + cos(x1 + x3) = cos(1 - exp(time)) + cos(1 - time)
sin(x1) + sin(x1 + x3) = sin(1 - exp(time)) + sin(1 - time)`
	sol := solveText(t, textModel("arm", map[string]float64{"x1": 0, "x3": 1}, "x1 x2 x3 u1 u2 a b c d", equations, nil), [2]float64{0, 0.5}, 1e-8, 1e-10)
	e := math.Exp(0.5)
	for name, w := range map[string]float64{"x1": 1 - e, "x3": e - 0.5} {
		if got := last(t, sol, name); math.Abs(got-w) > 1e-7 {
			t.Errorf("%s = %.10g, want %.10g", name, got, w)
		}
	}
	// x2 and the torques follow from the equations of motion: with x1 and x3 known, the
	// first and the third are linear in x2 and u1 - u2.
	x1d, x1dd, x3, x3d, x3dd := -e, -e, e-0.5, e-1, e
	den := 2 - math.Cos(x3)*math.Cos(x3)
	a, b, c, d := 2/den, math.Cos(x3)/den, math.Sin(x3)/den, math.Sin(x3)*math.Cos(x3)/den
	s := (x1d + x3d) * (x1d + x3d)
	// k*(a + 2b) + a*w = r1, -k*(a - 9b) - (a + b)*w = r3 with k = 2 x3 - x2, w = u1 - u2
	r1 := x1dd - 2*c*s - x1d*x1d*d
	r3 := x3dd + 2*c*s + x1d*x1d*d + 2*x1d*x1d*c + d*s
	det := -(a+2*b)*(a+b) + a*(a-9*b)
	k := (-r1*(a+b) - a*r3) / det
	if got, w := last(t, sol, "x2"), 2*x3-k; math.Abs(got-w) > 1e-5 {
		t.Errorf("x2 = %.10g, want %.10g", got, w)
	}
}

// TestRingModulator solves the ring modulator without its smallest capacitances: the
// Kirchhoff law that they hid, I3 + I4 + I5 + I6 = 0, must hold.
func TestRingModulator(t *testing.T) {
	const equations = `
1.6e-8*der(U1) = I1 - 0.5*I3 + 0.5*I4 + I7 - U1/25000
1.6e-8*der(U2) = I2 - 0.5*I5 + 0.5*I6 + I8 - U2/25000
Cs*der(U3) = I3 - q1 + q4
Cs*der(U4) = -I4 + q2 - q3
Cs*der(U5) = I5 + q1 - q3
Cs*der(U6) = -I6 - q2 + q4
1e-8*der(U7) = -U7/50 + q1 + q2 - q3 - q4
4.45*der(I1) = -U1
4.45*der(I2) = -U2
5e-4*der(I3) = 0.5*U1 - U3 - 17.3*I3
5e-4*der(I4) = -0.5*U1 + U4 - 17.3*I4
5e-4*der(I5) = 0.5*U2 - U5 - 17.3*I5
5e-4*der(I6) = -0.5*U2 + U6 - 17.3*I6
0.002*der(I7) = -U1 + 0.5*sin(6283.185307179586*time) - 86.3*I7
0.002*der(I8) = -U2 - 636.3*I8
q1 = 40.67286402e-9*(exp(17.7493332*(U3 - U5 - U7 - 2*sin(62831.85307179586*time))) - 1)
q2 = 40.67286402e-9*(exp(17.7493332*(-U4 + U6 - U7 - 2*sin(62831.85307179586*time))) - 1)
q3 = 40.67286402e-9*(exp(17.7493332*(U4 + U5 + U7 + 2*sin(62831.85307179586*time))) - 1)
q4 = 40.67286402e-9*(exp(17.7493332*(-U3 - U6 + U7 + 2*sin(62831.85307179586*time))) - 1)`
	order := "U1 U2 U3 U4 U5 U6 U7 I1 I2 I3 I4 I5 I6 I7 I8 q1 q2 q3 q4"
	end := map[float64]map[string]float64{}
	for _, cs := range []float64{0, 1e-13} {
		sol := solveText(t, textModel("ring", nil, order, equations, map[string]float64{"Cs": cs}), [2]float64{0, 1e-4}, 1e-7, 1e-10)
		end[cs] = map[string]float64{}
		for _, v := range strings.Fields(order) {
			end[cs][v] = last(t, sol, v)
		}
	}
	z := end[0]
	if sum := z["I3"] + z["I4"] + z["I5"] + z["I6"]; math.Abs(sum) > 1e-9 {
		t.Errorf("I3 + I4 + I5 + I6 = %g", sum)
	}
	for _, v := range []string{"U1", "U2", "I1", "I2", "I7", "I8"} {
		// Cs = 1e-13 shifts the solution by about Cs/C, 1e-5.
		if w := end[1e-13][v]; math.Abs(z[v]-w) > 1e-5*math.Abs(w) {
			t.Errorf("%s = %.8g with Cs = 0, %.8g with Cs = 1e-13", v, z[v], w)
		}
	}
}

// TestGuards sets parameters for which a compiled model does not hold. The run must not
// begin, and must say why.
func TestGuards(t *testing.T) {
	for _, c := range []struct {
		name, order, equations string
		params, set            map[string]float64
		want                   string // "" where the run succeeds
	}{
		{"resistor", "v i", "R*i = 10 - v\nC1*der(v) = i", map[string]float64{"R": 1, "C1": 2}, map[string]float64{"R": 0}, "R must not be 0"},
		{"capacitor", "v i", "R*i = 10 - v\nC1*der(v) = i", map[string]float64{"R": 1, "C1": 2}, map[string]float64{"C1": 0}, "C1 must not be 0"},
		{"divider", "v i x", "R0*i = 10 - v\nR*i = v\nder(x) = v", map[string]float64{"R0": 1, "R": 2}, map[string]float64{"R0": -2}, "R0 + R must not be 0"},
		{"short half of a divider", "v i x", "R0*i = 10 - v\nR*i = v\nder(x) = v", map[string]float64{"R0": 1, "R": 2}, map[string]float64{"R0": 0}, ""},
		{"parallel sources", "v x", "v = C1\nv = C2\nder(x) = v", map[string]float64{"C1": 5, "C2": 5}, map[string]float64{"C1": 6}, "C1 - C2 must be 0"},
		{"parallel sources, both", "v x", "v = C1\nv = C2\nder(x) = v", map[string]float64{"C1": 5, "C2": 5}, map[string]float64{"C1": 6, "C2": 6}, ""},
		{"division by the model", "x", "der(x) = -x/R", map[string]float64{"R": 1}, map[string]float64{"R": 0}, "R must not be 0"},
		{"division under a condition", "x", "der(x) = if R > 0 then -x/R else -x", map[string]float64{"R": 1}, map[string]float64{"R": 0}, ""},
		{"gear", "a b x", "der(x) = a\na = R*b\nb = 1 - x", map[string]float64{"R": 3}, map[string]float64{"R": 0}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			comp := mtkc.NewSystem(textModel("guards", nil, c.order, c.equations, c.params), mtkc.Options{Check: true})
			prob, found := comp.Problem(context.Background())
			if found.Errors() > 0 {
				t.Fatal(found)
			}
			req := trace.Request{Options: ode.Options{Span: [2]float64{0, 1}, Set: c.set}}
			r, err := trace.Run(context.Background(), prob, req)
			if err != nil {
				t.Fatal(err)
			}
			if c.want == "" {
				if !r.OK() {
					t.Fatal(r.Message)
				}
				return
			}
			if r.OK() {
				t.Fatal("the run succeeded")
			}
			if s := comp.Stopped(r); s[0].Code != "E513" || !strings.Contains(s[0].Message, c.want) {
				t.Errorf("%v, want E513 and %q", s, c.want)
			}
			// Compiled for these values, the structure is another one.
			again := mtkc.NewSystem(textModel("guards", nil, c.order, c.equations, c.params), mtkc.Options{Check: true, Structural: structural.Options{Values: c.set}})
			prob, found = again.Problem(context.Background())
			if found.Errors() > 0 {
				return // R = 0 beside a capacitor with a start value, or sources that contradict each other
			}
			req.Options.Set = again.Settle(c.set)
			if r, err = trace.Run(context.Background(), prob, req); err != nil || r.OK() == (c.name == "division by the model") {
				t.Errorf("compiled for the values: %v %v", err, r.Message)
			}
		})
	}
}
