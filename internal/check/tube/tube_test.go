package tube

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// wave samples f at n+1 points of [0, 1].
func wave(n int, f func(float64) float64) *Table {
	t := &Table{Names: []string{"x"}, Cols: make([][]float64, 1)}
	for i := range n + 1 {
		s := float64(i) / float64(n)
		t.Time = append(t.Time, s)
		t.Cols[0] = append(t.Cols[0], f(s))
	}
	return t
}

func TestCompare(t *testing.T) {
	sin := func(s float64) float64 { return math.Sin(2 * math.Pi * s) }
	step := func(at float64) func(float64) float64 {
		return func(s float64) float64 {
			if s < at {
				return 0
			}
			return 1
		}
	}
	// The range of sin is 2: half the tube's height is 0.004 where the curve is flat,
	// plus the slope times 0.002 elsewhere.
	for _, c := range []struct {
		name     string
		ref, got *Table
		inside   bool
	}{
		{"equal", wave(1000, sin), wave(1000, sin), true},
		{"other grid", wave(1000, sin), wave(777, sin), true},
		{"offset inside", wave(1000, sin), wave(500, func(s float64) float64 { return sin(s) + 0.0039 }), true},
		{"offset outside", wave(1000, sin), wave(500, func(s float64) float64 { return sin(s) + 0.0042 }), false},
		{"offset below", wave(1000, sin), wave(500, func(s float64) float64 { return sin(s) - 0.0042 }), false},
		{"shift inside", wave(1000, sin), wave(500, func(s float64) float64 { return sin(max(0, s-0.0019)) }), true},
		{"shift outside", wave(1000, sin), wave(500, func(s float64) float64 { return sin(max(0, s-0.0030)) }), false},
		{"step inside", wave(1000, step(0.5)), wave(1000, step(0.5015)), true},
		{"step early", wave(1000, step(0.5)), wave(1000, step(0.4985)), true},
		{"step outside", wave(1000, step(0.5)), wave(1000, step(0.504)), false},
		{"peak", wave(1000, sin), wave(100, func(s float64) float64 {
			if s == 0.25 {
				return 1.1
			}
			return sin(s)
		}), false},
		{"not a number", wave(1000, sin), wave(100, func(s float64) float64 {
			if s == 0.5 {
				return math.NaN()
			}
			return sin(s)
		}), false},
		{"constant", wave(10, func(float64) float64 { return 5 }), wave(10, func(float64) float64 { return 5 + 5e-9 }), true},
		{"not constant", wave(10, func(float64) float64 { return 5 }), wave(10, func(float64) float64 { return 5.001 }), false},
		{"zero", wave(10, func(float64) float64 { return 0 }), wave(10, func(float64) float64 { return 1e-12 }), true},
	} {
		m, err := Rule{}.Compare(c.ref, c.got, []string{"time", "x"})
		if err != nil {
			t.Fatal(err)
		}
		if (len(m) == 0) != c.inside {
			t.Errorf("%s: misses %v", c.name, m)
		}
	}
}

func TestMiss(t *testing.T) {
	ref := wave(100, func(s float64) float64 { return s })
	short := &Table{Names: []string{"x"}, Time: []float64{0, 0.5}, Cols: [][]float64{{0, 0.5}}}
	if m, _ := (Rule{}).Compare(ref, short, []string{"x"}); len(m) != 1 || m[0].Time != 1 {
		t.Errorf("a trajectory that ends early: %v", m)
	}
	if m, _ := (Rule{}).Compare(ref, &Table{Time: []float64{0, 1}}, []string{"x"}); len(m) != 1 || !strings.Contains(m[0].String(), "no such signal") {
		t.Errorf("a missing signal: %v", m)
	}
	if _, err := (Rule{}).Compare(ref, ref, []string{"y"}); err == nil {
		t.Error("a signal that the reference lacks is no error")
	}
	if _, err := (Rule{}).Compare(ref, &Table{Time: []float64{1, 0}}, []string{"x"}); err == nil {
		t.Error("decreasing times are no error")
	}
}

// TestShared reads the reference data and compares it with itself and with itself
// disturbed.
func TestShared(t *testing.T) {
	dir := "../../../../shared/data/basemodelica/"
	refs, _ := filepath.Glob(dir + "*.reference.csv.gz")
	if len(refs) == 0 {
		t.Skip("../shared/data/basemodelica is not here")
	}
	for _, f := range refs {
		base := strings.TrimSuffix(f, ".reference.csv.gz")
		ref, err := Load(f)
		if err != nil {
			t.Fatal(err)
		}
		names, err := Signals(base + ".signals.txt")
		if err != nil {
			t.Fatal(err)
		}
		x, err := LoadExperiment(base + ".experiment.txt")
		if err != nil {
			t.Fatal(err)
		}
		if x.Stop != ref.Time[len(ref.Time)-1] || x.Interval <= 0 || x.Tolerance <= 0 {
			t.Errorf("%s: experiment %+v, reference ends at %g", base, x, ref.Time[len(ref.Time)-1])
		}
		if m, err := (Rule{}).Compare(ref, ref, names); err != nil || len(m) > 0 {
			t.Errorf("%s against itself: %v %v", base, m, err)
		}
		for k, name := range ref.Names {
			bad := *ref
			bad.Cols = append([][]float64{}, ref.Cols...)
			bad.Cols[k] = append([]float64{}, ref.Cols[k]...)
			lo, hi := math.Inf(1), math.Inf(-1)
			for _, v := range ref.Cols[k] {
				lo, hi = math.Min(lo, v), math.Max(hi, v)
			}
			// At the highest point nothing of the tube lies above.
			for i, v := range bad.Cols[k] {
				if v == hi {
					bad.Cols[k][i] += 0.0021 * (hi - lo)
				}
			}
			m, err := Rule{}.Compare(ref, &bad, names)
			if err != nil || len(m) != 1 || m[0].Name != name {
				t.Errorf("%s: %s disturbed: %v %v", base, name, m, err)
			}
		}
	}
}

func TestRead(t *testing.T) {
	p := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(p, []byte("\"time\",\"a.b\", \"c[1,2]\"\n0,1,2\n0.5,3,4e-3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(p); err == nil {
		t.Error("a quote within a field is no error")
	}
	tab, err := Read(strings.NewReader("\"time\",\"a.b\",\"c[1,2]\"\n0,1,2\n0.5,3,4e-3\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c := tab.Column("c[1,2]"); len(c) != 2 || c[1] != 0.004 || len(tab.Time) != 2 || tab.Time[1] != 0.5 {
		t.Errorf("read %+v", tab)
	}
	for _, s := range []string{"", "time\n0\n", "time,x\n0,y\n", "time,x\n0\n"} {
		if _, err := Read(strings.NewReader(s)); err == nil {
			t.Errorf("no error for %q", s)
		}
	}
}
