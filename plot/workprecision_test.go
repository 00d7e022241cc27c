package plot

import (
	"math"
	"strings"
	"testing"
)

func TestWorkPrecision(t *testing.T) {
	f, err := WorkPrecision("model", "error", []Work{
		{Name: "one", Errors: []float64{1e-3, 1e-6, 0, math.NaN()}, Times: []float64{1e-5, 1e-4, 1e-3, 1e-2}},
		{Name: "two", Errors: []float64{1e-2, 1e-8}, Times: []float64{2e-5, 3e-4}},
		{Name: "none", Errors: []float64{math.NaN()}, Times: []float64{1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	// The axes hold what is drawn and not what is left out, with a margin of a twentieth.
	if pn := f.panels[0]; !(pn.lo < 1e-5 && pn.lo > 5e-6) || !(pn.hi > 3e-4 && pn.hi < 6e-4) {
		t.Errorf("the times are drawn from %v to %v", pn.lo, pn.hi)
	}
	if p := f.plot(0); !(p.X.Min < 1e-8 && p.X.Min > 3e-9) || !(p.X.Max > 1e-2 && p.X.Max < 3e-2) {
		t.Errorf("the errors are drawn from %v to %v", p.X.Min, p.X.Max)
	}
	for i, want := range [][]point{{{1e-3, 1e-5}, {1e-6, 1e-4}}, {{1e-2, 2e-5}, {1e-8, 3e-4}}, nil} {
		got := f.points(i)
		if len(got) != len(want) {
			t.Errorf("method %d has the points %v, want %v", i, got, want)
			continue
		}
		for k := range want {
			if got[k] != want[k] {
				t.Errorf("method %d has the points %v, want %v", i, got, want)
			}
		}
	}
	text := svg(t, f)
	for _, want := range []string{"one", "two", "none", "time of a solve [s]", "error"} {
		if !strings.Contains(text, ">"+want+"<") {
			t.Errorf("the figure lacks %q", want)
		}
	}
	// A single point has a range around it.
	if f, err = WorkPrecision("", "error", []Work{{Name: "one", Errors: []float64{1e-3}, Times: []float64{1e-5}}}); err != nil {
		t.Fatal(err)
	}
	if p := f.plot(0); !(p.X.Min < 1e-3 && p.X.Max > 1e-3) || !(f.panels[0].lo < 1e-5 && f.panels[0].hi > 1e-5) {
		t.Errorf("a single point has the axes %v to %v and %+v", p.X.Min, p.X.Max, f.panels[0])
	}
	if _, err := WorkPrecision("", "error", []Work{{Name: "one", Errors: []float64{0}, Times: []float64{1e-5}}}); err == nil {
		t.Error("a figure without points")
	}
}
