package structural

import (
	"strings"
	"testing"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/internal/modeltext"
)

// Constraints that are not smooth. want is the code, and parts of the text; "" where
// there is nothing to say.
func TestSmooth(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"not differentiated", `
var x = 1 fixed
var y
der(x) = -y
y = floor(x) + abs(x) + (if x > 0.5 then 1 else 0)`, ""},
		{"floor", `
var x
var f
der(x) = f
x = floor(time)`, "W309|jumps where floor(time) switches"},
		{"floor of a state", `
var x
var y = 1 fixed
var f
der(y) = -y
der(x) = f
x = y + floor(10*y)`, "W309|jumps where floor(10*y)"},
		{"mod", `
var x
var y = 1 fixed
var f
der(y) = -y
der(x) = f
x = y + mod(y, 2)`, "W309|jumps where floor(y/2)"},
		{"floor without events", `
var x
var y = 1 fixed
var f
der(y) = -y
der(x) = f
x = y + noEvent(floor(10*y))`, "E315|floor(10*y) jumps"},
		{"continuous at the switch", `
var x
var y = 1 fixed
var f
der(y) = -y
der(x) = f
x = if y > 0.5 then y else 1 - y`, ""},
		{"a ramp that repeats, continuous", `
var x
var f
der(x) = f
x = if mod(time, 20) <= 5 then 0 else (if mod(time, 20) <= 10 then mod(time, 20) - 5 else (if mod(time, 20) <= 15 then 5 else 20 - mod(time, 20)))`, ""},
		{"a ramp that repeats, with jumps", `
var x
var f
der(x) = f
x = if mod(time, 20) <= 5 then 0 else (if mod(time, 20) <= 10 then mod(time, 20) - 5 else 5)`, "W309|jumps where floor(time/20)"},
		{"continuous at an instant", `
var x
var f
der(x) = f
x = if time > 2 then time else 4 - time`, ""},
		{"jumps at an instant", `
var x
var f
der(x) = f
x = if time > 2 then 1 else sin(time)`, "W309|jumps where 2 < time"},
		{"jumps", `
var x
var y = 1 fixed
var f
der(y) = -y
der(x) = f
x = if y > 0.5 then y else 2 - y`, "W309|jumps where 0.5 < y"},
		{"not affine", `
var x
var y = 1 fixed
var f
der(y) = -y
der(x) = f
x = if y^3 + y > 2 then 2*y else y^4`, "W309|is not known"},
		{"not affine, but said to be smooth", `
var x
var y = 1 fixed
var f
der(y) = -y
der(x) = f
x = smooth(1, if y^3 + y > 2 then 2*y else y^4)`, ""},
		{"abs", `
var x
var y = 1 fixed
var f
der(y) = -y
der(x) = f
x = abs(y - 0.5)`, ""},
		{"abs, twice", `
var x
var y = 1 fixed
var f
der(y) = -y
der(der(x)) = f
x = abs(y - 0.5)`, "W309|it has a kink where"},
		{"a cube has no kink", `
var x
var y = 1 fixed
var f
der(y) = -y
der(der(x)) = f
x = abs(y)*y^2`, ""},
		{"max", `
var x
var y = 1 fixed
var f
der(y) = -y
der(x) = f
x = max(y, 0.5)`, ""},
		{"quadratic friction", `
var x
var y = 1 fixed
var f
der(y) = -y
der(x) = f
x = sign(y)*y^2`, ""},
		{"sign", `
var x
var y = 1 fixed
var f
der(y) = -y
der(x) = f
x = y + sign(y)`, "W309|jumps where sign(y) switches"},
		{"noEvent", `
var x
var y = 1 fixed
var f
der(y) = -y
der(x) = f
x = noEvent(if y > 0.5 then y else 2 - y)`, "W309|jumps"},
		{"follows a discrete value", `
var x
var f
discrete d = 0
der(x) = f
x = d + time
when time > 1 then set d = 1`, "W309|when d changes"},
	} {
		t.Run(c.name, func(t *testing.T) { wantCode(t, c.text, c.want, nil) })
	}
}

// wantCode analyses a model and looks for a diagnostic: its code and parts of its text.
func wantCode(t *testing.T, text, want string, funcs []*expr.Func) {
	t.Helper()
	sys := modeltext.System(t, text, funcs...)
	pl, list := Analyze(sys, Options{})
	if pl != nil {
		check(t, pl)
	}
	parts := strings.Split(want, "|")
	for _, d := range list {
		switch {
		case want == "" && (d.Code == "W309" || d.Code[0] == 'E'):
			t.Errorf("unwanted: %s", d.String())
		case d.Code == parts[0]:
			for _, p := range parts[1:] {
				if !strings.Contains(d.String(), p) {
					t.Errorf("%q is missing in:\n%s", p, d.String())
				}
			}
			return
		}
	}
	if want != "" {
		t.Errorf("no %s in:\n%v", parts[0], list)
	}
}

func TestSmoothFunctions(t *testing.T) {
	half := func(a []float64) float64 { return a[0] / 2 }
	plain := &expr.Func{Name: "plain", Arity: 1, Eval: half}
	smooth := &expr.Func{Name: "known", Arity: 1, Eval: half, Partial: func(p *expr.Pool, args []expr.ID, i int) expr.ID { return p.Float(0.5) }}
	for _, c := range []struct{ name, text, want string }{
		{"without derivative", `
var x
var y = 1 fixed
var f
der(y) = -y
der(x) = f
x = plain(y)`, "W309|plain has no derivative"},
		{"without derivative, twice", `
var x
var y = 1 fixed
var f
der(y) = -y
der(der(x)) = f
x = plain(y)`, "E316|differentiated 2 times|plain has no derivative"},
		{"with derivative", `
var x
var y = 1 fixed
var f
der(y) = -y
der(der(x)) = f
x = known(y)`, ""},
	} {
		t.Run(c.name, func(t *testing.T) { wantCode(t, c.text, c.want, []*expr.Func{plain, smooth}) })
	}
}
