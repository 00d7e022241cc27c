package structural

import (
	"math"
	"testing"
)

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
	residuals(t, pl, 1)
}

func TestPendulum(t *testing.T) {
	pl := analyze(t, pendulum)
	if pl.Index != 3 {
		t.Errorf("index %d", pl.Index)
	}
	v := start(t, pl)
	for name, want := range map[string]float64{"x": 1, "y": 0, "der(x)": 0, "der(y)": 0, "T": 0, "der(der(x))": 0, "der(der(y))": -9.81} {
		a, _ := pl.Pool.Lookup(name)
		if math.Abs(v[a]-want) > 1e-9 {
			t.Errorf("%s starts at %g, not %g", name, v[a], want)
		}
	}
	if len(pl.Invariants) != 2 || pl.NDiff != 4 || len(pl.Residuals) != 0 {
		t.Errorf("%d invariants, %d states, %d residuals", len(pl.Invariants), pl.NDiff, len(pl.Residuals))
	}
}

const ball = `
var h = 1 fixed
var v = 0 fixed
discrete flying = 1
param g = 9.81
param e = 0.7
param vmin = 1e-3
der(h) = v
der(v) = -g*flying
when h <= 0 then reinit v = if -pre(v) < vmin then 0 else -e*pre(v); set flying = if -pre(v) < vmin then 0 else 1`

const heater = `
var T = 15 fixed
discrete on = 1
param tset = 20
param band = 1
3600*der(T) = 5 - T + 25*on
when T > tset + band/2 then set on = 0
elsewhen T < tset - band/2 then set on = 1`

const sampled = `
var y : Boolean
discrete pulseStart
init pulseStart = 0.0
when sample(0.0, 1.0) then set pulseStart = time
y = time >= pulseStart and time < pulseStart + 0.5`

const entryModel = `
var u : Boolean
discrete entryTime
var y
init pre(entryTime) = 0.0
when u then set entryTime = time
y = if u then time - entryTime else 0.0
u = time > 0.5`

const unknownParameter = `
param p = 2.0 free
var x
var y
init der(x) = 0.0
init y = 5.0
der(x) = sin(p) - x + (if time < 0.1 then 0.0 else 1.0)
y = 10.0*x`

const boundToFree = `
param p = 0.5 free
param q = 2*p
param m = q + 1
var x = q fixed
var y
var z
init der(x) = 3
der(x) = m*x
y = m
z = y + x`

func TestHybrid(t *testing.T) {
	for _, m := range []string{ball, heater, sampled, entryModel, unknownParameter, boundToFree} {
		pl := analyze(t, m)
		residuals(t, pl, 1)
		start(t, pl)
	}
}
