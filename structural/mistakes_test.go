package structural

import (
	"strings"
	"testing"

	"github.com/mtkc/mtkc/internal/modeltext"
)

// A circuit of components, as a front end flattens it: parts of the text are put
// together by the cases.
const (
	sourceV = `
var v.p.v
flow v.p.i
var v.n.v
flow v.n.i
[v] v.p.v - v.n.v = 10
[v] v.p.i + v.n.i = 0`
	resistorR = `
var r.p.v
flow r.p.i
var r.n.v
flow r.n.i
param R = 5
[r] r.p.v - r.n.v = R*r.p.i
[r] r.p.i + r.n.i = 0`
	capacitorC = `
var c.p.v
flow c.p.i
var c.n.v
flow c.n.i
var c.v = 0 fixed
param C = 2
[c] c.v = c.p.v - c.n.v
[c] C*der(c.v) = c.p.i
[c] c.p.i + c.n.i = 0`
	groundG = `
var g.p.v
flow g.p.i
[g] g.p.v = 0`
	loop = `
v.p.v = r.p.v
v.p.i + r.p.i = 0
r.n.v = c.p.v
r.n.i + c.p.i = 0`
	closed = `
c.n.v = v.n.v
v.n.v = g.p.v
c.n.i + v.n.i + g.p.i = 0`
)

// TestMistakes holds the mistakes that modellers make. want is a code and words that the
// diagnostic must contain, or with ! must not: what is missing or too much, where, and
// what to do.
func TestMistakes(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"none", sourceV + resistorR + capacitorC + groundG + loop + closed, ""},
		{"no ground", sourceV + resistorR + capacitorC + loop + `
c.n.v = v.n.v
c.n.i + v.n.i = 0`, "E204|since 1 equation follows from the others|follows from others: |needs a ground|: v.p.v, v.n.v, r.n.v are not determined|!has no equation"},
		{"two grounds", sourceV + resistorR + capacitorC + groundG + loop + closed + `
var h.p.v
flow h.p.i
[h] h.p.v = 0
h.p.v = r.n.v
h.p.i = -0.1*h.p.v`, "E302|contradicts"},
		{"two grounds on one node", sourceV + resistorR + capacitorC + groundG + loop + `
var h.p.v
flow h.p.i
[h] h.p.v = 0
h.p.v = g.p.v
c.n.v = v.n.v
v.n.v = g.p.v
c.n.i + v.n.i + g.p.i + h.p.i = 0`, "E204|fix a potential twice|a second ground"},
		{"an island without ground", sourceV + resistorR + capacitorC + groundG + loop + closed + `
var s.p.v
flow s.p.i
var s.n.v
flow s.n.i
var l.p.v
flow l.p.i
var l.n.v
flow l.n.i
[s] s.p.v - s.n.v = 3*s.p.i + sin(time)
[s] s.p.i + s.n.i = 0
[l] l.p.v - l.n.v = 4*l.p.i
[l] l.p.i + l.n.i = 0
s.p.v = l.p.v
s.n.v = l.n.v
s.p.i + l.p.i = 0
s.n.i + l.n.i = 0`, "E204|s.p.v|connected to nothing else"},
		{"a missing connection", sourceV + resistorR + capacitorC + groundG + `
v.p.v = r.p.v
v.p.i + r.p.i = 0` + closed, "E204|13 equations for 15 unknowns|not determined"},
		{"a connection of potentials without the balance of the flows", sourceV + resistorR + capacitorC + groundG + `
v.p.v = r.p.v
v.p.i + r.p.i = 0
r.n.v = c.p.v` + closed, "E204|not determined"},
		{"a doubled connection", sourceV + resistorR + capacitorC + groundG + loop + closed + `
v.p.v = r.p.v
v.p.i + r.p.i = 0`, ""},
		{"two sources of potential in parallel", sourceV + resistorR + groundG + `
var w.p.v
flow w.p.i
var w.n.v
flow w.n.i
[w] w.p.v - w.n.v = 10
[w] w.p.i + w.n.i = 0
v.p.v = r.p.v
w.p.v = v.p.v
v.p.i + r.p.i + w.p.i = 0
r.n.v = g.p.v
v.n.v = g.p.v
w.n.v = g.p.v
r.n.i + v.n.i + w.n.i + g.p.i = 0`, "E204|fix a potential twice|in parallel|follows from others: "},
		{"two sources of current in series", `
var a.v
var b.v
flow i1
flow i2
i1 = 1
i2 = 1
i1 = i2
a.v - b.v = 5*i1
var m.v
b.v = 0`, "E204|m.v|fix a flow twice"},
		{"a forgotten equation in a component", sourceV + `
var r.p.v
flow r.p.i
var r.n.v
flow r.n.i
var r.T
param R = 5
[r] r.p.v - r.n.v = R*r.p.i*(1 + r.T)
[r] r.p.i + r.n.i = 0` + capacitorC + groundG + loop + closed, "E204|component r has 1 equation too few|r.T|state another equation in r"},
		{"the equations of a component are missing altogether", sourceV + `
var r.p.v
flow r.p.i
var r.n.v
flow r.n.i` + capacitorC + groundG + loop + closed, "E204|component r has 2 equations too few|state another equation in r"},
		{"an equation too much in a component", sourceV + resistorR + capacitorC + groundG + loop + closed + `
[r] r.p.i = exp(r.n.v) + 1`, "E205|component r has 1 equation too many|r.p.i = exp(r.n.v) + 1"},
		{"a variable that is never used", `
var x = 1 fixed
var y
der(x) = -x`, "E204|y is used nowhere"},
		{"a variable with two equations", `
var x = 1 fixed
var y
var z
var u
der(x) = -y
y = 2*sin(x)
y = 3*cos(x)
z + u = x`, "E301|y has two equations|test.mo:7|test.mo:8|z"},
		{"a variable with two equations, none missing", `
var x = 1 fixed
var y
der(x) = -y
y = 2*sin(x)
y = 3*cos(x)`, "E205|y has two equations"},
		{"the same equation twice in other words", `
var a
var b
var x = 1 fixed
der(x) = -a
a + b = x
2*a + 2*b = 2*x`, "E204|follows from others"},
		{"the same nonlinear equation twice in other words", `
var a
var b
var x = 1 fixed
der(x) = -a
(a + b)^2 = x
a^2 + 2*a*b + b^2 = x`, "E301|follows from other equations|test.mo:6"},
		{"equations that cannot both hold", `
var a
var b
var x = 1 fixed
der(x) = -a
(a + b)^2 = x
a^2 + 2*a*b + b^2 = x + 1`, "E302|contradicts other equations|test.mo:6"},
		{"a wrong sign in a closed balance", `
flow i1
flow i2
flow i3
i1 + i2 - i3 = 0
i1 - i2 - i3 = 2
i3 - i1 = 1`, "E302|contradicts|test.mo:5|test.mo:6|test.mo:7"},
		{"a parameter where a variable was meant", `
param x = 1
der(x) = -2`, "E302|contradicts|declare x a variable"},
		{"a variable where a parameter was meant", `
var k
var x = 1 fixed
der(x) = -k*x`, "E204|k"},
		{"a parameter without value", `
param k
var x = 1 fixed
der(x) = -k*x`, "E304|--set k"},
		{"an input of a block that nothing gives", `
var f.u
var f.y = 0 fixed
[f] der(f.y) = f.u - f.y`, "E204|f.u"},
		{"a start value too much", `
var x = 1 fixed
var y = 0 fixed
der(x) = -x
y = 2*x`, "E601|y"},
		{"an initial equation too much", `
var x = 1 fixed
init der(x) = 0
der(x) = 1 - 2*x`, "E601|too many initial conditions|initial equation"},
		{"a derivative that the equations do not give", `
var x = 1 fixed
var v
var a
v = der(x)
a = der(v)`, "E204|x"},
		{"an index that grows by a typing error: x for v", `
var x = 1 fixed
var v = 0 fixed
var f
der(x) = v
der(v) = f
x = 2*cos(time)`, "E601|"},
	} {
		t.Run(c.name, func(t *testing.T) {
			pl, list := Analyze(modeltext.System(t, c.text), Options{})
			parts := strings.Split(c.want, "|")
			if c.want == "" {
				if pl == nil || len(list) > 0 {
					t.Fatal(list)
				}
				return
			}
			for _, d := range list {
				if d.Code != parts[0] {
					continue
				}
				for _, w := range parts[1:] {
					w, not := strings.CutPrefix(w, "!")
					if strings.Contains(d.String(), w) == not {
						t.Errorf("%q is missing or should not be in:\n%s", w, d.String())
					}
				}
				return
			}
			t.Errorf("no %s in:\n%v", parts[0], list)
		})
	}
}
