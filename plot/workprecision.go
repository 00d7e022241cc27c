package plot

import (
	"errors"
	"fmt"
	"math"

	"github.com/mtkc/mtkc/runtime/trace"
)

// Work is what a method needed: seconds for errors, in the order in which its points are
// joined. Points with an error that is not above 0 and finite are left out.
type Work struct {
	Name   string
	Errors []float64
	Times  []float64
}

// WorkPrecision draws the time over the error, both logarithmic; axis says what the error is.
// Each method has one line; the lower left is best.
func WorkPrecision(title, axis string, methods []Work) (*Figure, error) {
	t := &trace.Table{}
	f := &Figure{Title: title, table: t, log: true, axis: axis, scattered: true}
	if len(methods) > 2*len(palette) {
		f.Notes = append(f.Notes, fmt.Sprintf("%d of %d methods shown", 2*len(palette), len(methods)))
		methods = methods[:2*len(palette)]
	}
	pn := panel{label: "time of a solve [s]", log: true}
	var times []float64
	for _, m := range methods {
		pn.columns = append(pn.columns, len(t.Columns))
		c := trace.Column{Name: m.Name, Unit: "s", Values: make([]float64, len(times))}
		for i := range c.Values {
			c.Values[i] = math.NaN()
		}
		for i, e := range m.Errors {
			if e > 0 && !math.IsInf(e, 0) && m.Times[i] > 0 && !math.IsInf(m.Times[i], 0) {
				t.Times = append(t.Times, e)
				times = append(times, m.Times[i])
				c.Values = append(c.Values, m.Times[i])
			}
		}
		t.Columns = append(t.Columns, c)
	}
	if len(times) == 0 {
		return nil, errors.New("no run has an error above 0 to plot")
	}
	for i := range t.Columns {
		c := &t.Columns[i]
		for len(c.Values) < len(times) {
			c.Values = append(c.Values, math.NaN())
		}
	}
	pn.lo, pn.hi = around(bounds(times))
	f.panels = []panel{pn}
	return f, nil
}

// around widens a range of positive numbers by a tenth of it on a logarithmic scale, and to
// half a decade at least.
func around(lo, hi float64) (float64, float64) {
	pad := math.Pow(hi/lo, 0.05)
	if hi < 3*lo {
		pad = math.Sqrt(3 * lo / hi)
	}
	return lo / pad, hi * pad
}
