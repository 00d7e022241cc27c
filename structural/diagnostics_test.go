package structural

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/internal/modeltext"
)

// TestDiagnostics has a wrong model for each code, with words that the message must
// contain: names and positions of what is to blame.
func TestDiagnostics(t *testing.T) {
	for _, c := range []struct{ name, code, text, want string }{
		{"too few equations", "E204", `
var x
var y
der(x) = y`, "1 equation for 2 unknowns: x (with its derivative y) is not determined"},
		{"variable without equation in a component", "E204", `
var r1.v
var r1.i
var r2.v
r1.v = 1
r2.v = sin(time)`, "2 equations for 3 unknowns: r1.i|state another equation in r1"},
		{"too many equations", "E205", `
var x
var y
x + y = time
x - y = sin(time)
x*y = 3`, "3 equations for 2 unknowns|test.mo:4|test.mo:5|test.mo:6|x, y"},
		{"singular", "E301", `
var x
var y
var z
x + sin(x) = time
x*x = 2*time
y + z = x
`, "structurally singular|test.mo:5|test.mo:6|y"},
		{"contradiction", "E302", `
var x
var y
x = 1
y = x
x = y + 1
`, "test.mo:6|contradicts"},
		{"linear contradiction", "E302", `
var x
var y
var z
x + y + z = 1
x - y = 2
z*z = x
2*x + z = 4
`, "test.mo:5|test.mo:6|test.mo:8|contradicts"},
		{"circuit without ground", "E204", `
var a.v
var b.v
var r1.i
var r2.i
param R = 1
r1.i = (a.v - b.v + sin(time))/R
r2.i = (b.v - a.v)/R
r1.i + r2.i = 0
-r1.i - r2.i = 0
`, "not determined"},
		{"parameter cycle", "E303", `
param a = b
param b = a + 1
var x
x = a`, "itself"},
		{"parameter without value", "E304", `
param a
var x
x = a`, "parameter a has no value|--set a"},
		{"starts of aliases", "E305", `
var x = 1 fixed
var y = 2 fixed
x = y
der(x) = -y`, "x|y|different fixed start"},
		{"two whens", "E306", `
discrete d = 0
var x = 0 fixed
der(x) = 1
when x > 1 then set d = 1
when x > 2 then set d = 2`, "d is set in two|test.mo:5"},
		{"reinit of an algebraic variable", "E307", `
var x = 0 fixed
var y
der(x) = 1
y = sin(x)
when x > 1 then reinit y = 0`, "y is not a state"},
		{"discrete loop", "E308", `
discrete d = 0
discrete e = 0
var x = 0 fixed
der(x) = 1
when x > 1 then set d = e + 1
when x > 2 then set e = d + 1`, "depends on itself|pre("},
		{"Boolean loop", "E308", `
var a : Boolean
var b : Boolean
var x
x = sin(time)
a = b or x > 0
b = a and x < 1`, "algebraic loop"},
		{"delay", "E309", `
var x
x = delay(time, 1)`, "delay"},
		{"pre of a continuous variable", "E312", `
var x
var y
x = sin(time)
y = pre(x) + 1`, "pre(x)"},
		{"binding to an unknown", "E313", `
var x
param p = x + 1
x = p`, "refers to x"},
		{"fixed starts that contradict a constraint", "E601", `
var x = 1 fixed
var y = 1 fixed
var T
der(der(x)) = -T*x
der(der(y)) = -T*y - 9.81
x*x + y*y = 1`, "too many initial conditions|y"},
		{"a constant with another start", "E601", `
var x = 2 fixed
var y = 1 fixed
x = 3
der(y) = -x`, "x is constant, 3|fixed at 2"},
		{"discrete variable that nothing sets", "E204", `
discrete d = 1
var x = 0 fixed
der(x) = d`, "no when-clause sets it"},
		{"initial equations that contradict", "E602", `
var x
init x = 1
init x = 2
der(x) = -x`, "too many initial conditions"},
	} {
		t.Run(c.name, func(t *testing.T) {
			pl, list := Analyze(modeltext.System(t, c.text), Options{})
			if pl != nil {
				t.Fatalf("no error; plan:\n%s", text(pl))
			}
			all := list.Error()
			for _, d := range list {
				if d.Code == c.code {
					for _, want := range strings.Split(c.want, "|") {
						if !strings.Contains(all, want) {
							t.Errorf("%q is missing in:\n%s", want, all)
						}
					}
					return
				}
			}
			t.Fatalf("no %s in:\n%s", c.code, all)
		})
	}
}

func TestWarnings(t *testing.T) {
	for _, c := range []struct{ name, code, text, want string }{
		{"empty", "W304", ``, "empty"},
		{"start taken as fixed", "W301", `
var x = 2
der(x) = -x`, "start value of x"},
		{"no start value", "W301", `
var x
der(x) = -x`, "x has no start value"},
		{"many guesses", "W301", `
var a = 1
var b = 1
var c = 1
var d = 1
var e = 1
var f = 1
var g = 1
var h = 1
var i = 1
var j = 1
der(a) = b
der(b) = c
der(c) = d
der(d) = e
der(e) = f
der(f) = g
der(g) = h
der(h) = i
der(i) = j
der(j) = -a`, "a, b, c, d, e, f, g, h and 2 more are taken as fixed"},
		{"hidden constraint", "W306", `
var x = 1 fixed
var y = 2
der(x) - der(y) = -x
2*der(x) - 2*der(y) = y`, "hidden constraint|test.mo:5"},
		{"redundant start", "W302", `
var x = 1 fixed
var y = 0 fixed
var T
der(der(x)) = -T*x
der(der(y)) = -T*y - 9.81
x*x + y*y = 1`, "not used"},
		{"redundant start that only the run can check", "W302", `
var x = 0.6 fixed
var y = -0.8 fixed
var r
var T
der(der(x)) = -T*x
der(der(y)) = -T*y - 9.81
r = x*x + y*y
r*r = 1`, "checked when"},
	} {
		t.Run(c.name, func(t *testing.T) {
			pl, list := Analyze(modeltext.System(t, c.text), Options{})
			if pl == nil {
				t.Fatal(list)
			}
			check(t, pl)
			for _, d := range list {
				if d.Code == c.code {
					for _, want := range strings.Split(c.want, "|") {
						if !strings.Contains(d.String(), want) {
							t.Errorf("%q is missing in %s", want, d.String())
						}
					}
					return
				}
			}
			t.Fatalf("no %s in %v", c.code, list)
		})
	}
}

// Every code in the sources is listed, and every listed code is in the sources.
func TestCodes(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	code := regexp.MustCompile(`"([EW][0-9]{3})"`)
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") || f == "codes.go" {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range code.FindAllStringSubmatch(string(text), -1) {
			used[m[1]] = true
		}
	}
	for _, c := range Codes {
		if !used[c.Code] {
			t.Errorf("%s is listed and not used", c.Code)
		}
		delete(used, c.Code)
	}
	for c := range used {
		t.Errorf("%s is used and not listed", c)
	}
}
