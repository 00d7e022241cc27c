package structural

import "testing"

const lorenz = `
var x = 1 fixed
var y = 0 fixed
var z = 0 fixed
param s = 10
der(x) = s*(y - x)
der(y) = x*(28 - z) - y
der(z) = x*y - 8/3*z`

const pendulum = `
var x = 1 fixed
var y = 0
var T
param L = 1
param g = 9.81
der(der(x)) = -T*x
der(der(y)) = -T*y - g
x*x + y*y = L*L`

func TestLorenz(t *testing.T) {
	pl := analyze(t, lorenz)
	t.Log(text(pl))
	residuals(t, pl, 1)
}

func TestPendulum(t *testing.T) {
	pl := analyze(t, pendulum)
	t.Log(text(pl))
	if pl.Index != 3 {
		t.Errorf("index %d", pl.Index)
	}
}
