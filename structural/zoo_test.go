package structural

import "testing"

// zoo holds small models with known structure.
var zoo = []struct {
	name, text                                 string
	index, states, algebraic, invariants, rest int // rest: degrees of freedom
}{
	{"implicit ODE", `
var x = 1 fixed
der(x)^3 + der(x) = cos(time) - x`, 1, 1, 1, 0, 1},
	{"linearly implicit ODE", `
var x = 1 fixed
var y = 2 fixed
2*der(x) + der(y) = -x
der(x) - der(y) = y`, 0, 2, 0, 0, 2},
	{"index 1", `
var x = 1 fixed
var y = 0.5
der(x) = -y
y + y^3 = x`, 1, 1, 1, 0, 1},
	{"Robertson", `
var y1 = 1 fixed
var y2 = 0 fixed
var y3 = 0
der(y1) = -0.04*y1 + 1e4*y2*y3
der(y2) = 0.04*y1 - 1e4*y2*y3 - 3e7*y2*y2
y1 + y2 + y3 = 1`, 1, 2, 0, 0, 2},
	{"gear: a linear constraint on position level", `
var phi1 = 0 fixed
var phi2
var tau
param n = 3
param J1 = 1
param J2 = 2
J1*der(der(phi1)) = sin(time) - tau
J2*der(der(phi2)) = n*tau - 0.1*der(phi2)
phi1 = n*phi2`, 3, 2, 0, 0, 2},
	{"two capacitors in parallel with a resistor between sources", `
var v1 = 1 fixed
var v2
var i1
var i2
param C1 = 1
param C2 = 2
C1*der(v1) = i1
C2*der(v2) = i2
v1 = v2 + 0.5
i1 + i2 = sin(time)`, 2, 1, 0, 0, 1},
	{"prescribed motion", `
var x
var v
var f
v = der(x)
der(v) = f
x = sin(time)`, 3, 0, 0, 0, 0},
	{"inverse dynamics through a filter", `
var x = 0
var u
der(x) = -x + u
x = sin(time)*exp(-time)`, 2, 0, 0, 0, 0},
	{"double pendulum, Cartesian", `
var x1 = 1 fixed
var y1 = 0
var x2 = 2 fixed
var y2 = 0
var T1
var T2
der(der(x1)) = -T1*x1 + T2*(x2 - x1)
der(der(y1)) = -T1*y1 + T2*(y2 - y1) - 9.81
der(der(x2)) = -T2*(x2 - x1)
der(der(y2)) = -T2*(y2 - y1) - 9.81
x1^2 + y1^2 = 1
(x2 - x1)^2 + (y2 - y1)^2 = 1`, 3, 8, 0, 4, 4},
	{"pendulum with velocities as variables", `
var x = 0.6 fixed
var y = -0.8
var vx = 0
var vy = 0
var T
der(x) = vx
der(y) = vy
der(vx) = -T*x
der(vy) = -T*y - 9.81
x^2 + y^2 = 1`, 3, 4, 0, 2, 2},
	{"pendulum with an index-2 constraint as written", `
var x = 0.6 fixed
var y = -0.8 fixed
var vx = 0.8
var vy = 0.6
var T
der(x) = vx
der(y) = vy
der(vx) = -T*x
der(vy) = -T*y - 9.81
x*vx + y*vy = 0`, 2, 4, 0, 1, 3},
	{"rod driven by time: a constraint with time in it", `
var x = 1 fixed
var y = 0
var T
der(der(x)) = -T*(x - sin(time))
der(der(y)) = -T*y - 9.81
(x - sin(time))^2 + y^2 = 1`, 3, 4, 0, 2, 2},
	{"nonlinear resistor network without dynamics", `
var u = 0.3
var i = 0.1
i = exp(u) - 1
u + 0.5*i + 0.1*i^3 = 1`, 1, 0, 1, 0, 0},
	{"linear block of two", `
var x
var y
2*x + y = sin(time)
x - 3*y = 1`, 0, 0, 0, 0, 0},
	{"linear block of four unknowns", `
var a
var b
var c
var d
var x = 1 fixed
der(x) = a
4*a + b + c*x + d = 1
a + 5*b + c - d = x
a*x + b + 6*c + d = 2
a + b - c + 7*d = time`, 1, 1, 0, 0, 1},
	{"if-expression with affine branches", `
var x = 1 fixed
var i
var v
der(x) = i
i = if v > 0 then 2*v else 3*v
v = 1 - x - i`, 1, 1, 0, 0, 1},
	{"integrator chain", `
var a = 1 fixed
var b = 2 fixed
var c = 3 fixed
der(a) = b
der(b) = c
der(c) = -a`, 0, 3, 0, 0, 3},
	{"steady state start", `
var x
var y
init der(x) = 0
init der(y) = 0
der(x) = 3 - x - y
der(y) = x - 2*y`, 0, 2, 0, 0, 2},
	{"negated aliases of derivatives", `
var x = 1 fixed
var v
var a
var w
v = -der(x)
a = -der(v)
w = -v
a = -x - 0.1*w`, 0, 2, 0, 0, 2},
	{"a redundant current balance", `
var x = 1 fixed
var i1
var i2
var i3
der(x) = i1
i1 - 2*i2 + i3 = 0
2*i1 - i2 - i3 = 0
i1 + i2 - 2*i3 = 0
i3 = -x`, 1, 1, 0, 0, 1},
	{"states that the user asks for", `
var x = 0.6 fixed always
var y = -0.8
var vx = 0 fixed always
var vy
var T
der(x) = vx
der(y) = vy
der(vx) = -T*x
der(vy) = -T*y - 9.81
x^2 + y^2 = 9`, 3, 2, 1, 0, 2},
	{"explicit inverse of a logarithm", `
var x = 1 fixed
var y
der(x) = -y
log(y) = -x`, 0, 1, 0, 0, 1},
}

func TestZoo(t *testing.T) {
	for _, c := range zoo {
		t.Run(c.name, func(t *testing.T) {
			pl := analyze(t, c.text)
			if pl.Index != c.index || pl.NDiff != c.states || len(pl.Residuals) != c.algebraic || len(pl.Invariants) != c.invariants {
				t.Errorf("index %d, %d states, %d algebraic, %d invariants; want %d, %d, %d, %d", pl.Index, pl.NDiff, len(pl.Residuals), len(pl.Invariants), c.index, c.states, c.algebraic, c.invariants)
			}
			if pl.NDiff-len(pl.Invariants) != c.rest {
				t.Errorf("%d degrees of freedom", pl.NDiff-len(pl.Invariants))
			}
			if len(pl.Invariants) == 0 {
				for seed := range uint64(3) {
					residuals(t, pl, seed)
				}
			}
			start(t, pl)
			if t.Failed() {
				t.Log(text(pl))
			}
		})
	}
}
