package plot

import (
	"math"
	"math/cmplx"
	"testing"
)

// 1/(s + 1)^4 turns by 360 degrees in all: its phase does not jump, and its magnitude is
// that of the formula.
func TestBode(t *testing.T) {
	var w []float64
	var g []complex128
	for k := range 201 {
		x := math.Pow(10, -2+float64(k)/50)
		w = append(w, x)
		g = append(g, 1/cmplx.Pow(complex(1, x), 4))
	}
	f, err := Bode("lags", w, []Curve{{"y / u", g}})
	if err != nil {
		t.Fatal(err)
	}
	mag, phase := f.table.Columns[0].Values, f.table.Columns[1].Values
	for k, x := range w {
		if d := mag[k] + 40*math.Log10(1+x*x); math.Abs(d) > 1e-9 {
			t.Errorf("magnitude at %v is off by %v dB", x, d)
		}
		if d := phase[k] + 4*math.Atan(x)*180/math.Pi; math.Abs(d) > 1e-9 {
			t.Errorf("phase at %v is off by %v degrees", x, d)
		}
	}
	svg(t, f)
	// A zero of the response is a gap, many channels are cut, none is an error.
	g[100] = 0
	many := make([]Curve, maxTraces+3)
	for i := range many {
		many[i] = Curve{"c", g}
	}
	if f, err = Bode("", w, many); err != nil || len(f.Notes) != 1 || len(f.panels[0].columns) != maxTraces {
		t.Errorf("%v, notes %q", err, f.Notes)
	}
	svg(t, f)
	if _, err := Bode("", w, nil); err == nil {
		t.Error("nothing to draw is no error")
	}
}
