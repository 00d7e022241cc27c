package structural

import (
	"strings"
	"testing"

	"github.com/mtkc/mtkc/internal/modeltext"
)

// hidden holds systems whose Jacobian is singular although their structure is sound.
// w306 and w307 count the remarks that the analysis makes.
var hidden = []struct {
	name, text             string
	index, dof, w306, w307 int // index -1: not of interest
}{
	// Tan, Nedialkov and Pryce, BIT 57, 2017, the example of the linear combination
	// method: x1 + x2 is given by the combination f4 - f3' - x2*f1 - x1*f2.
	{name: "linear combination", text: `
var x1 = 1
var x2 = 2
var x3
var x4
0 = x3 - der(x1)
0 = x4 - der(x2)
0 = x1*x2 + 2*time - 2
0 = x1*x4 + x2*x3 + x1 + x2 + 4*time - 1`, index: 2, dof: 0, w306: 1},
	// The same, the example of the expression substitution method: x1 + x2*x2' is to become
	// an unknown. Its index is 2.
	{name: "expression substitution", text: `
var x1 = 1
var x2 = 2
0 = x1 + exp(-der(x1) - x2*der(der(x2))) - cos(time)
0 = x1 + x2*der(x2) + x2^2 - sin(time)`, index: 2, dof: 1, w306: 1},
	// Hairer and Wanner, Solving Ordinary Differential Equations II, 1996, section VI.1:
	// three capacitors between two nodes each without another way. Index 1.
	{name: "transistor amplifier", text: transistorAmplifier, index: 1, dof: 5, w306: 3},
	// Test Set for IVP Solvers, ring modulator: with Cs = 0 its index is 2, for
	// I3 + I4 + I5 + I6 = 0 follows from the algebraic equations.
	{name: "ring modulator", text: ringModulator, index: 2, dof: 10, w306: 2, w307: 1},
	// Campbell and Griepentrog, SIAM J. Sci. Comput. 16, 1995: a robot arm that follows a
	// path. The index is 5, and nothing is left free; structure alone cannot tell, since u1
	// and u2 enter two equations in their difference only.
	{name: "robot arm", text: robotArm, index: 5, dof: 0, w306: 1},
	// Reissig, Martinson and Barton, SIAM J. Sci. Comput. 21, 2000: an index 1 system whose
	// structural index grows with its length. The Jacobian is regular, so that nothing has to
	// be done but differentiate more often than necessary.
	{name: "high structural index", text: `
var x1
var x2
var x3
var x4
var x5
der(x2) + der(x3) + x1 = sin(time)
der(x2) + der(x3) + x2 = cos(time)
der(x4) + der(x5) + x3 = 1
der(x4) + der(x5) + x4 = time
x5 = exp(-time)`, dof: 2, index: 3},
	{name: "two capacitors in series, nothing between", text: `
var u1
var u2
var u3
var i
param C1 = 1e-6
param C2 = 2e-6
C1*(der(u1) - der(u2)) = i
C1*(der(u2) - der(u1)) + C2*(der(u2) - der(u3)) = 0
C2*(der(u3) - der(u2)) = -u3/1000
u1 = sin(time)`, index: 2, dof: 2, w306: 0},
	{name: "floating nonlinear capacitors", text: `
var u1
var u2
var u3
param C = 1e-6
param R = 1000
C*(1 + (u1 - u2)^2)*(der(u1) - der(u2)) = (sin(time) - u1)/R
C*(1 + (u1 - u2)^2)*(der(u2) - der(u1)) + C*exp(u2 - u3)*(der(u2) - der(u3)) = -u2/R
C*exp(u2 - u3)*(der(u3) - der(u2)) = -u3/R`, index: 1, dof: 2, w306: 1},
	{name: "equal masses that cancel", text: `
var x = 1
var v = 0
param m = 0
v = der(x)
m*der(v) = -x - 2*v`, index: 0, dof: 1, w307: 1},
	{name: "entries that vanish", text: `
var x = 1 fixed
var y
der(x) = -y
(x + y)^2 - y^2 - 2*x*y = x + y - 1`, index: 1, dof: 1},
	{name: "a false dependence", text: `
var x = 1 fixed
var y
var z
der(x) = -y
(z + 1)^2 - z^2 - 2*z + y = 2*x
z = der(y) + x`, index: 2, dof: 1, w306: 1},
}

const transistorAmplifier = `
var y1 = 0
var y2 = 3
var y3 = 3
var y4 = 6
var y5 = 3
var y6 = 3
var y7 = 6
var y8 = 0
param C1 = 1e-6
param C2 = 2e-6
param C3 = 3e-6
param C4 = 4e-6
param C5 = 5e-6
param R0 = 1000
param R = 9000
param Ub = 6
C1*(der(y2) - der(y1)) = (y1 - 0.1*sin(628.3185307179587*time))/R0
C1*(der(y1) - der(y2)) = -Ub/R + 2*y2/R + 0.01*1e-6*(exp((y2 - y3)/0.026) - 1)
-C2*der(y3) = -1e-6*(exp((y2 - y3)/0.026) - 1) + y3/R
C3*(der(y5) - der(y4)) = -Ub/R + y4/R + 0.99*1e-6*(exp((y2 - y3)/0.026) - 1)
C3*(der(y4) - der(y5)) = -Ub/R + 2*y5/R + 0.01*1e-6*(exp((y5 - y6)/0.026) - 1)
-C4*der(y6) = -1e-6*(exp((y5 - y6)/0.026) - 1) + y6/R
C5*(der(y8) - der(y7)) = -Ub/R + y7/R + 0.99*1e-6*(exp((y5 - y6)/0.026) - 1)
C5*(der(y7) - der(y8)) = y8/R`

const ringModulator = `
var U1
var U2
var U3
var U4
var U5
var U6
var U7
var I1
var I2
var I3
var I4
var I5
var I6
var I7
var I8
var q1
var q2
var q3
var q4
param Cs = 0
param C = 1.6e-8
param Cp = 1e-8
param R = 25000
param Rp = 50
param Lh = 4.45
param Ls1 = 0.002
param Ls2 = 5e-4
param Ls3 = 5e-4
C*der(U1) = I1 - 0.5*I3 + 0.5*I4 + I7 - U1/R
C*der(U2) = I2 - 0.5*I5 + 0.5*I6 + I8 - U2/R
Cs*der(U3) = I3 - q1 + q4
Cs*der(U4) = -I4 + q2 - q3
Cs*der(U5) = I5 + q1 - q3
Cs*der(U6) = -I6 - q2 + q4
Cp*der(U7) = -U7/Rp + q1 + q2 - q3 - q4
Lh*der(I1) = -U1
Lh*der(I2) = -U2
Ls2*der(I3) = 0.5*U1 - U3 - 17.3*I3
Ls3*der(I4) = -0.5*U1 + U4 - 17.3*I4
Ls2*der(I5) = 0.5*U2 - U5 - 17.3*I5
Ls3*der(I6) = -0.5*U2 + U6 - 17.3*I6
Ls1*der(I7) = -U1 + 0.5*sin(6283.185307179586*time) - 86.3*I7
Ls1*der(I8) = -U2 - 636.3*I8
q1 = 40.67286402e-9*(exp(17.7493332*(U3 - U5 - U7 - 2*sin(62831.85307179586*time))) - 1)
q2 = 40.67286402e-9*(exp(17.7493332*(-U4 + U6 - U7 - 2*sin(62831.85307179586*time))) - 1)
q3 = 40.67286402e-9*(exp(17.7493332*(U4 + U5 + U7 + 2*sin(62831.85307179586*time))) - 1)
q4 = 40.67286402e-9*(exp(17.7493332*(-U3 - U6 + U7 + 2*sin(62831.85307179586*time))) - 1)`

const robotArm = `
var x1 = 0
var x2
var x3 = 1
var u1
var u2
var a
var b
var c
var d
a = 2/(2 - cos(x3)^2)
b = cos(x3)/(2 - cos(x3)^2)
c = sin(x3)/(2 - cos(x3)^2)
d = sin(x3)*cos(x3)/(2 - cos(x3)^2)
der(der(x1)) = 2*c*(der(x1) + der(x3))^2 + der(x1)^2*d + (2*x3 - x2)*(a + 2*b) + a*(u1 - u2)
der(der(x2)) = -2*c*(der(x1) + der(x3))^2 - der(x1)^2*d + (2*x3 - x2)*(1 - 3*a - 2*b) - a*u1 + (a + 1)*u2
der(der(x3)) = -2*c*(der(x1) + der(x3))^2 - der(x1)^2*d - (2*x3 - x2)*(a - 9*b) - 2*der(x1)^2*c - d*(der(x1) + der(x3))^2 - (a + b)*(u1 - u2)
cos(x1) + cos(x1 + x3) = cos(1 - exp(time)) + cos(1 - time)
sin(x1) + sin(x1 + x3) = sin(1 - exp(time)) + sin(1 - time)`

func TestHidden(t *testing.T) {
	for _, c := range hidden {
		t.Run(c.name, func(t *testing.T) {
			pl, list := Analyze(modeltext.System(t, c.text), Options{})
			if err := list.Err(); err != nil {
				t.Fatal(err)
			}
			check(t, pl)
			if dof := pl.NDiff - len(pl.Invariants); dof != c.dof {
				t.Errorf("%d degrees of freedom, want %d", dof, c.dof)
			}
			if c.index >= 0 && pl.Index != c.index {
				t.Errorf("index %d, want %d", pl.Index, c.index)
			}
			count := map[string]int{}
			for _, d := range list {
				count[d.Code]++
			}
			if count["W306"] != c.w306 || count["W307"] != c.w307 {
				t.Errorf("%d remarks W306 and %d W307, want %d and %d", count["W306"], count["W307"], c.w306, c.w307)
			}
			if len(pl.Invariants) == 0 {
				// Newton's method does not find the algebraic states behind steep exponentials from
				// every random point, but from most.
				lost, most := 0, 0
				if len(pl.Residuals) > 0 {
					most = 1
				}
				for seed := range uint64(3) {
					bad, _ := violations(t, pl, seed)
					if len(bad) > 0 {
						lost++
					}
					if lost > most {
						t.Errorf("seed %d: %s", seed, strings.Join(bad, "\n"))
					}
				}
			}
			if t.Failed() {
				t.Log(list)
				t.Log(text(pl))
			}
		})
	}
}
