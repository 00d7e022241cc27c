// Package tube judges a trajectory against a reference of the Modelica tools: every
// signal must stay inside a tube around the reference.
//
// In: a computed trajectory and the reference files (*.reference.csv or .csv.gz,
// *.signals.txt, *.experiment.txt). Out: for each signal, where it leaves the tube
// first. The tube is that of the shared data's LICENSES.md: around every point of the
// reference a rectangle with half the height 0.002 of the signal's range and half the
// width 0.002 of the time interval.
package tube

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Rule is the size of the tube. The zero value is the rule of the reference data.
type Rule struct {
	Height float64 // half the height relative to the signal's range; 0: 0.002
	Width  float64 // half the width relative to the interval; 0: 0.002
	// Floor is the least range that a signal is taken to have, relative to its largest
	// absolute value; 0: 1e-6. Signals that are constant up to rounding need it.
	Floor float64
}

func (r Rule) defaults() Rule {
	if r.Height == 0 {
		r.Height = 0.002
	}
	if r.Width == 0 {
		r.Width = 0.002
	}
	if r.Floor == 0 {
		r.Floor = 1e-6
	}
	return r
}

// Table holds signals over time. Times do not decrease; equal times are the sides of
// an event.
type Table struct {
	Time  []float64
	Names []string
	Cols  [][]float64 // one per name, as long as Time
}

// Column returns the signal of that name, nil if there is none.
func (t *Table) Column(name string) []float64 {
	if i := slices.Index(t.Names, name); i >= 0 {
		return t.Cols[i]
	}
	return nil
}

// Experiment holds the settings of an experiment file.
type Experiment struct{ Start, Stop, Interval, Tolerance float64 }

// Miss tells where a signal leaves the tube first.
type Miss struct {
	Name     string
	Time     float64
	Got      float64
	Low, Top float64 // the tube at that time
	Count    int     // points outside
	Of       int     // points compared
}

// String describes the miss in a line.
func (m Miss) String() string {
	if m.Of == 0 {
		return m.Name + ": the trajectory has no such signal"
	}
	return fmt.Sprintf("%s: %g at t=%g is outside [%g, %g] (%d of %d points are)", m.Name, m.Got, m.Time, m.Low, m.Top, m.Count, m.Of)
}

// Compare returns the signals of names that leave the tube around ref, in order. A
// signal that got lacks, a NaN and a trajectory that ends early are misses. names may
// hold "time", which is not compared.
func (r Rule) Compare(ref, got *Table, names []string) ([]Miss, error) {
	r = r.defaults()
	if len(ref.Time) < 2 {
		return nil, fmt.Errorf("tube: the reference has %d points", len(ref.Time))
	}
	for _, t := range []*Table{ref, got} {
		if !slices.IsSorted(t.Time) {
			return nil, fmt.Errorf("tube: times decrease")
		}
	}
	var out []Miss
	span := ref.Time[len(ref.Time)-1] - ref.Time[0]
	for _, name := range names {
		if name == "time" {
			continue
		}
		want := ref.Column(name)
		if want == nil {
			return nil, fmt.Errorf("tube: the reference has no signal %s", name)
		}
		have := got.Column(name)
		if have == nil {
			out = append(out, Miss{Name: name})
			continue
		}
		if m := r.signal(ref.Time, want, got.Time, have, span); m.Count > 0 {
			m.Name = name
			out = append(out, m)
		}
	}
	return out, nil
}

// signal compares one signal at every point of the trajectory within the reference's
// interval, and at the reference's end.
//
// The tube at time t reaches from the least to the greatest value that the reference,
// joined by straight lines, takes in [t-w, t+w], widened by h. A window that slides
// along both series finds them in linear time (monotonic queues; D. Lemire, Nordic
// Journal of Computing 13, 2006).
func (r Rule) signal(rt, rv, gt, gv []float64, span float64) Miss {
	lo, hi := slices.Min(rv), slices.Max(rv)
	size := math.Max(hi-lo, r.Floor*math.Max(math.Abs(lo), math.Abs(hi)))
	h, w := r.Height*size, r.Width*span
	if h == 0 {
		h = r.Height * r.Floor // a signal that is zero throughout
	}
	var m Miss
	var low, top []int // indices of candidates, the extreme first
	next := 0
	start, end := rt[0], rt[len(rt)-1]
	reach := start - 1
	check := func(t, v float64) {
		for next < len(rt) && rt[next] <= t+w {
			for len(low) > 0 && rv[low[len(low)-1]] >= rv[next] {
				low = low[:len(low)-1]
			}
			low = append(low, next)
			for len(top) > 0 && rv[top[len(top)-1]] <= rv[next] {
				top = top[:len(top)-1]
			}
			top = append(top, next)
			next++
		}
		for len(low) > 0 && rt[low[0]] < t-w {
			low = low[1:]
		}
		for len(top) > 0 && rt[top[0]] < t-w {
			top = top[1:]
		}
		a, b := at(rt, rv, t-w), at(rt, rv, t+w)
		l, u := math.Min(a, b), math.Max(a, b)
		if len(low) > 0 {
			l = math.Min(l, rv[low[0]])
		}
		if len(top) > 0 {
			u = math.Max(u, rv[top[0]])
		}
		m.Of++
		if l, u = l-h, u+h; !(v >= l && v <= u) {
			if m.Count == 0 {
				m.Time, m.Got, m.Low, m.Top = t, v, l, u
			}
			m.Count++
		}
	}
	for i, t := range gt {
		if t < start-w || t > end+w {
			continue
		}
		check(t, gv[i])
		reach = t
	}
	if reach < end-w { // it ends before the reference
		check(end, math.NaN())
	}
	return m
}

// at interpolates linearly and continues the ends.
func at(t, v []float64, x float64) float64 {
	i, _ := slices.BinarySearch(t, x)
	switch {
	case i == 0:
		return v[0]
	case i == len(t):
		return v[len(v)-1]
	case t[i] == t[i-1]:
		return v[i]
	}
	f := (x - t[i-1]) / (t[i] - t[i-1])
	return v[i-1] + f*(v[i]-v[i-1])
}

// open returns the contents of a file, unpacked if its name ends in .gz.
func open(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil || !strings.HasSuffix(path, ".gz") {
		return b, err
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("tube: %s: %w", path, err)
	}
	return io.ReadAll(z)
}

// Load reads a table from a CSV file (.csv or .csv.gz) whose first column is the time.
func Load(path string) (*Table, error) {
	b, err := open(path)
	if err != nil {
		return nil, err
	}
	t, err := Read(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// Read reads a table in CSV: a header with names, then numbers; the first column is the
// time, whatever its name.
func Read(r io.Reader) (*Table, error) {
	c := csv.NewReader(r)
	c.ReuseRecord = true
	head, err := c.Read()
	if err != nil {
		return nil, fmt.Errorf("tube: header: %w", err)
	}
	if len(head) < 2 {
		return nil, fmt.Errorf("tube: the table has no signals")
	}
	t := &Table{Names: slices.Clone(head[1:])}
	for i := range t.Names {
		t.Names[i] = strings.TrimSpace(t.Names[i])
	}
	t.Cols = make([][]float64, len(t.Names))
	for {
		rec, err := c.Read()
		if err == io.EOF {
			return t, nil
		}
		if err != nil {
			return nil, fmt.Errorf("tube: %w", err)
		}
		for i, s := range rec {
			x, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
			if err != nil {
				line, _ := c.FieldPos(i)
				return nil, fmt.Errorf("tube: line %d: %w", line, err)
			}
			if i == 0 {
				t.Time = append(t.Time, x)
			} else {
				t.Cols[i-1] = append(t.Cols[i-1], x)
			}
		}
	}
}

// Signals reads the names of a signals file, one a line.
func Signals(path string) ([]string, error) {
	b, err := open(path)
	if err != nil {
		return nil, err
	}
	var out []string
	s := bufio.NewScanner(bytes.NewReader(b))
	for s.Scan() {
		if l := strings.TrimSpace(s.Text()); l != "" {
			out = append(out, l)
		}
	}
	return out, s.Err()
}

// LoadExperiment reads lines such as "StopTime=60 // from model".
func LoadExperiment(path string) (Experiment, error) {
	var x Experiment
	b, err := open(path)
	if err != nil {
		return x, err
	}
	for i, l := range strings.Split(string(b), "\n") {
		l, _, _ = strings.Cut(l, "//")
		name, val, ok := strings.Cut(l, "=")
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(val), 64)
		if err != nil {
			return x, fmt.Errorf("tube: %s:%d: %w", path, i+1, err)
		}
		switch strings.TrimSpace(name) {
		case "StartTime":
			x.Start = v
		case "StopTime":
			x.Stop = v
		case "Interval":
			x.Interval = v
		case "Tolerance":
			x.Tolerance = v
		}
	}
	return x, nil
}
