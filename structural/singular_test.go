package structural

import "testing"

func TestDebug(t *testing.T) {
	for _, m := range []string{
		// Tan, Nedialkov, Pryce: LC
		`
var x1 = 1
var x2 = 2
var x3
var x4
0 = x3 - der(x1)
0 = x4 - der(x2)
0 = x1*x2 - 2 - time
0 = x1*x4 + x2*x3 + x1 + x2 - 4`,
		// ES
		`
var x1 = 1
var x2 = 2
0 = x1 + exp(-der(x1) - x2*der(der(x2))) - cos(time)
0 = x1 + x2*der(x2) + x2^2 - sin(time)`,
		`
var u1
var u2
param C = 1e-6
param R = 1000
C*(der(u1) - der(u2)) = -u1/R + sin(time)
C*(der(u2) - der(u1)) = -u2/R`,
		`
var u1 = 0.2
var u2
param C = 0
param R = 1000
C*der(u1) = u2 - u1
0.1*der(u2) = u1-u2`,
	} {
		pl, list := Analyze(build(t, m), Options{})
		t.Log(list)
		if pl != nil {
			t.Log(text(pl))
			check(t, pl)
		}
	}
}
