package structural

import (
	"fmt"
	"strings"
	"testing"
)

// arm is a planar arm of n links in Cartesian coordinates with hinge forces.
func arm(n int) string {
	var b strings.Builder
	p := func(f string, a ...any) { fmt.Fprintf(&b, f+"\n", a...) }
	p("param m = 1")
	p("param L = 1")
	p("param g = 9.81")
	for i := range n {
		for _, v := range []string{"ax", "ay", "bx", "by", "afx", "afy", "bfx", "bfy", "x", "y"} {
			p("var l%d.%s", i, v)
		}
		p("var l%d.phi = 0", i)
		c, s := fmt.Sprintf("L/2*cos(l%d.phi)", i), fmt.Sprintf("L/2*sin(l%d.phi)", i)
		for _, e := range []string{
			"l%[1]d.ax = l%[1]d.x - %[2]s", "l%[1]d.ay = l%[1]d.y - %[3]s",
			"l%[1]d.bx = l%[1]d.x + %[2]s", "l%[1]d.by = l%[1]d.y + %[3]s",
			"m*der(der(l%[1]d.x)) = l%[1]d.afx + l%[1]d.bfx",
			"m*der(der(l%[1]d.y)) = l%[1]d.afy + l%[1]d.bfy - m*g",
			"m*L*L/12*der(der(l%[1]d.phi)) = %[3]s*(l%[1]d.afx - l%[1]d.bfx) - %[2]s*(l%[1]d.afy - l%[1]d.bfy)",
		} {
			e = strings.ReplaceAll(strings.ReplaceAll(e, "%[2]s", c), "%[3]s", s)
			p(strings.ReplaceAll(e, "%[1]d", fmt.Sprint(i)))
		}
		if i == 0 {
			p("l0.ax = 0")
			p("l0.ay = 0")
		} else {
			for _, d := range []string{"x", "y"} {
				p("l%d.b%s = l%d.a%s", i-1, d, i, d)
				p("l%d.bf%s + l%d.af%s = 0", i-1, d, i, d)
			}
		}
	}
	p("l%d.bfx = 0", n-1)
	p("l%d.bfy = 0", n-1)
	return b.String()
}

func TestArm(t *testing.T) {
	pl := analyze(t, arm(2))
	start(t, pl)
	residuals(t, pl, 1)
}
