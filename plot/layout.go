package plot

import (
	"fmt"
	"math"
	"slices"
)

// panel is one set of axes.
type panel struct {
	unit    string
	columns []int
	lo, hi  float64 // range of the values
	log     bool
	label   string // of the vertical axis; "": the unit, or the name of a single trace
}

// layout groups the columns: equal unit and like magnitude share a panel.
func (f *Figure) layout() []panel {
	type group struct {
		unit    string
		columns []int
	}
	var units []group
	at := map[string]int{}
	for i := range f.table.Columns {
		u := f.table.Columns[i].Unit
		k, ok := at[u]
		if !ok {
			k = len(units)
			at[u] = k
			units = append(units, group{unit: u})
		}
		units[k].columns = append(units[k].columns, i)
	}
	var panels []panel
	for _, g := range units {
		panels = append(panels, f.magnitudes(g.unit, g.columns)...)
	}
	if len(panels) > maxPanels {
		var left []string
		n := 0
		for _, p := range panels[maxPanels:] {
			n += len(p.columns)
			left = append(left, f.table.Columns[p.columns[0]].Name)
		}
		f.Notes = append(f.Notes, fmt.Sprintf("%d variables in further panels are not shown, for example %s: choose with --vars", n, left[0]))
		panels = panels[:maxPanels]
	}
	for i := range panels {
		f.thin(&panels[i])
	}
	return panels
}

// apart is the gap between neighbouring magnitudes from which on the smaller ones
// would be flat lines beside the larger ones.
const apart = 50

// noise is the magnitude, relative to the largest, below which a variable is zero for
// the reader and no reason for another panel.
const noise = 1e-9

// magnitudes splits columns of one unit where some would look flat beside others.
// The panels keep the order of the first column in each.
func (f *Figure) magnitudes(unit string, columns []int) []panel {
	type sized struct {
		column int
		size   float64
	}
	list := make([]sized, 0, len(columns))
	for _, c := range columns {
		lo, hi := bounds(f.table.Columns[c].Values)
		list = append(list, sized{c, max(math.Abs(lo), math.Abs(hi))})
	}
	slices.SortStableFunc(list, func(a, b sized) int {
		switch {
		case a.size > b.size:
			return -1
		case a.size < b.size:
			return 1
		}
		return 0
	})
	var panels []panel
	last := 0.0
	for _, s := range list {
		if len(panels) == 0 || s.size*apart < last && s.size > noise*list[0].size {
			panels = append(panels, panel{unit: unit})
		}
		last = s.size
		p := &panels[len(panels)-1]
		p.columns = append(p.columns, s.column)
	}
	for i := range panels {
		slices.Sort(panels[i].columns)
	}
	slices.SortStableFunc(panels, func(a, b panel) int { return a.columns[0] - b.columns[0] })
	return panels
}

// thin keeps at most maxTraces columns, evenly chosen from first to last, and
// computes the range of values.
func (f *Figure) thin(p *panel) {
	if n := len(p.columns); n > maxTraces {
		var keep []int
		for k := range maxTraces {
			keep = append(keep, p.columns[k*(n-1)/(maxTraces-1)])
		}
		f.Notes = append(f.Notes, fmt.Sprintf("%d of %d variables shown, from %s to %s: choose with --vars",
			maxTraces, n, f.table.Columns[keep[0]].Name, f.table.Columns[keep[maxTraces-1]].Name))
		p.columns = keep
	}
	p.lo, p.hi = math.Inf(1), math.Inf(-1)
	for _, c := range p.columns {
		lo, hi := bounds(f.table.Columns[c].Values)
		p.lo, p.hi = min(p.lo, lo), max(p.hi, hi)
	}
	if p.lo > p.hi { // nothing finite
		p.lo, p.hi = 0, 1
	}
	// A variation that is rounding only is drawn as the constant that it is.
	if spread := p.hi - p.lo; spread <= 1e-9*max(math.Abs(p.lo), math.Abs(p.hi)) {
		pad := max(0.5*math.Abs(p.hi), 1e-3)
		if p.hi == 0 && p.lo == 0 {
			pad = 1
		}
		p.lo, p.hi = p.lo-pad, p.hi+pad
		return
	}
	pad := 0.05 * (p.hi - p.lo)
	p.lo, p.hi = p.lo-pad, p.hi+pad
}

// bounds returns the least and the largest finite value; lo > hi if there is none.
func bounds(v []float64) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, y := range v {
		if !math.IsNaN(y) && !math.IsInf(y, 0) {
			lo, hi = min(lo, y), max(hi, y)
		}
	}
	return lo, hi
}

// wantsLogTime reports whether the saved times span decades so that the run can only
// be read on a logarithmic axis: a third of the points lie in the first thousandth
// of the span.
func wantsLogTime(t []float64) bool {
	n := len(t)
	if n < 20 || t[0] < 0 || t[n-1] <= t[0] {
		return false
	}
	early := 0
	for _, x := range t {
		if x-t[0] < 1e-3*(t[n-1]-t[0]) {
			early++
		}
	}
	return 3*early >= n && t[0] < 1e-3*t[n-1]
}

// start is the first time that a logarithmic axis shows: enough decades to hold all
// but the very first steps.
func (f *Figure) start() float64 {
	t := f.table.Times
	end := t[len(t)-1]
	for _, x := range t {
		if x > 0 && x >= 1e-16*end {
			// Skip the few steps with which an integrator feels its way.
			return max(x, t[min(len(t)-1, 1+len(t)/50)])
		}
	}
	return end
}
