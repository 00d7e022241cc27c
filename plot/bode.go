package plot

import (
	"errors"
	"fmt"
	"math"
	"math/cmplx"

	"github.com/mtkc/mtkc/runtime/trace"
)

// Curve is a frequency response: G[k] at the angular frequency W[k].
type Curve struct {
	Name string
	G    []complex128
}

// Bode draws frequency responses over the ascending angular frequencies w: magnitude in
// decibels above phase in degrees, which is continuous from the left, where it lies
// between -180 and 180.
func Bode(title string, w []float64, curves []Curve) (*Figure, error) {
	if len(curves) == 0 || len(w) < 2 {
		return nil, errors.New("there is no frequency response to plot")
	}
	t := &trace.Table{Times: w}
	f := &Figure{Title: title, table: t, log: true, axis: "angular frequency [rad/s]"}
	if len(curves) > maxTraces {
		f.Notes = append(f.Notes, fmt.Sprintf("%d of %d channels shown: choose inputs and outputs", maxTraces, len(curves)))
		curves = curves[:maxTraces]
	}
	f.panels = []panel{{unit: "dB"}, {unit: "deg"}}
	for _, c := range curves {
		mag, phase := make([]float64, len(w)), make([]float64, len(w))
		last := math.NaN()
		for k, g := range c.G {
			mag[k] = 20 * math.Log10(cmplx.Abs(g))
			ph := cmplx.Phase(g) * 180 / math.Pi
			if g == 0 {
				mag[k], ph = math.NaN(), math.NaN()
			}
			if last == last && ph == ph {
				ph -= 360 * math.Round((ph-last)/360)
			}
			if phase[k] = ph; ph == ph {
				last = ph
			}
		}
		f.panels[0].columns = append(f.panels[0].columns, len(t.Columns))
		f.panels[1].columns = append(f.panels[1].columns, len(t.Columns)+1)
		t.Columns = append(t.Columns,
			trace.Column{Name: c.Name, Unit: "dB", Values: mag},
			trace.Column{Name: c.Name, Unit: "deg", Values: phase})
	}
	for i := range f.panels {
		f.thin(&f.panels[i])
	}
	return f, nil
}
