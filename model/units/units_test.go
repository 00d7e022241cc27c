package units

import (
	"strings"
	"testing"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"1", "1"}, {"m", "m"}, {"m/s2", "m/s2"}, {"m.s-2", "m/s2"}, {"m/s^2", "m/s2"}, {"kg.m2", "m2.kg"},
		{"N.m/rad", "m2.kg/s2"}, {"J", "m2.kg/s2"}, {"W/(m2.K)", "kg/(s3.K)"}, {"W/(m2.K4)", "kg/(s3.K4)"},
		{"1/s", "1/s"}, {"Ohm", "m2.kg/(s3.A2)"}, {"V/A", "m2.kg/(s3.A2)"}, {"kOhm", "m2.kg/(s3.A2)"},
		{"mm", "m"}, {"min", "s"}, {"mol/l", "mol/m3"}, {"umol/(l.s)", "mol/(m3.s)"}, {"degC", "K"}, {"daN", "m.kg/s2"},
		{"F", "s4.A2/(m2.kg)"}, {"m/s/s", "m/s2"}, {"cd", "cd"}, {"Pa", "kg/(m.s2)"}, {"%", "1"}, {"1/(s.K)", "1/(s.K)"},
	} {
		d, err := Parse(c.text)
		if err != nil || d.String() != c.want {
			t.Errorf("%q: %v, %v, want %s", c.text, d, err, c.want)
		}
	}
	for _, bad := range []string{"", "furlong", "m/", "(m", "m)", "m2s", "m..s", "2m", "m^x", "m99999"} {
		if d, err := Parse(bad); err == nil {
			t.Errorf("%q: %v, want an error", bad, d)
		}
	}
}

func build(t *testing.T, equations string) *model.System {
	t.Helper()
	m := model.New("m")
	for _, v := range []struct{ name, unit string }{
		{"x", "m"}, {"v", "m/s"}, {"a", "m/s2"}, {"m", "kg"}, {"f", "N"}, {"e", "J"}, {"phi", "rad"}, {"w", "rad/s"},
		{"n", "1"}, {"area", "m2"}, {"temp", "K"}, {"q", ""}, {"freq", "Hz"},
	} {
		m.Var(v.name, model.WithUnit(v.unit))
	}
	m.MustText(equations)
	return m
}

func TestCheck(t *testing.T) {
	for _, c := range []struct{ eq, want string }{
		{"der(x) = v", ""},
		{"der(x) = a", "der(x) has the unit m/s, a has m/s2"},
		{"m*der(v) = f", ""},
		{"e = 0.5*m*v^2 + f*x", ""},
		{"e = m*v + f*x", "has the unit"},
		{"x = 3", ""}, // a number fits everywhere
		{"x = 9.81*time", ""},
		{"x = 2*time", "has the unit m"},
		{"v = sqrt(2*e/m)", ""},
		{"v = sqrt(2*e)", "has the unit m/s"},
		{"x = area^(1/2)", ""},
		{"n = sin(phi)", ""},
		{"n = sin(x)", "argument x of sin"},
		{"n = sin(2*time) + exp(1 - time)", ""}, // the time and numbers: 2 rad/s
		{"n = sin(2*time*n)", "of sin has the unit s"},
		{"n = exp(temp)", "argument temp of exp"},
		{"w = freq", ""},
		{"x = q*v + x", ""}, // q fits everywhere, and so does its product
		{"x = if v > 1 then x else v", "x has the unit m, but v has m/s"},
		{"x = if v > a then x else 2*x", "but"},
		{"x = x*n^x", "exponent x"},
		{"q = min(x, v)", "but v has m/s"},
		{"x = v*max(time, 1)", ""},
		{"x = abs(x) + der(area)/v", ""},
	} {
		d := Check(build(t, c.eq), false)
		switch {
		case c.want == "" && len(d) != 0:
			t.Errorf("%s: %v", c.eq, d)
		case c.want != "" && (len(d) != 1 || d[0].Code != "E401" || !strings.Contains(d[0].Message, c.want)):
			t.Errorf("%s: %v, want %q", c.eq, d, c.want)
		}
	}
}

func TestCheckReportsEveryEquation(t *testing.T) {
	d := Check(build(t, "x = sin(x)*x\nv = sin(x)*v\nx = x"), true)
	if len(d) != 2 || d[0].Code != "W401" || d[0].Pos.Line != 1 || d[1].Pos.Line != 2 {
		t.Errorf("%v", d)
	}
	m := build(t, "x = x")
	m.Var("y", model.WithUnit("blob"))
	m.Event(m.Pool.Of(m.Vars[0].Sym).Gt(m.Pool.Of(m.Vars[1].Sym)), m.ReinitTo(m.Pool.Of(m.Vars[0].Sym), expr.Der(m.Pool.Of(m.Vars[0].Sym))))
	d = Check(m, false)
	if len(d) != 3 || d[0].Code != "W402" || d[1].Code != "E401" || d[2].Code != "E401" {
		t.Errorf("%v", d)
	}
}
