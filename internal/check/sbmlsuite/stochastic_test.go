package main

import (
	"flag"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/runtime/draw"
	"github.com/mtkc/mtkc/runtime/random"
)

var long = flag.Bool("long", false, "run the whole stochastic suite")

// sampled fills a series with n repeats at each of 50 times of what sample draws.
func (s *series) sampled(n int, path uint64, sample func(g *draw.Generator) float64) {
	g := draw.NewGenerator(random.New(5, path, 0))
	s.clear(50)
	for range n {
		s.n++
		for k := range 50 {
			s.take(k, sample(g))
		}
	}
}

func constant(v float64) []float64 { return slices.Repeat([]float64{v}, 50) }

// A right sampler passes and a biased one fails, of normal numbers and of those with heavy tails.
func TestJudge(t *testing.T) {
	const n = 4000
	times := make([]float64, 50)
	number := func(d draw.Dist, args ...float64) func(g *draw.Generator) float64 {
		return func(g *draw.Generator) float64 {
			v, err := g.Draw(d, args...)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
	rare := func(p float64) func(g *draw.Generator) float64 { // 1 with the probability p, else 0: kurtosis about 1/p
		return number(draw.Bernoulli, p)
	}
	for k, c := range []struct {
		name     string
		mean, sd float64
		sample   func(g *draw.Generator) float64
		ok       bool
	}{
		{"normal", 2, 3, number(draw.Normal, 2, 3), true},
		{"poisson", 4, 2, number(draw.Poisson, 4), true},
		{"exponential", 1, 1, number(draw.Exponential, 1), true},
		{"rare", 0.01, math.Sqrt(0.01 * 0.99), rare(0.01), true},
		{"constant", 7, 0, number(draw.Normal, 7, 0), true},
		{"the mean is off by 4 standard errors", 2, 3, number(draw.Normal, 2+4*3/math.Sqrt(n), 3), false},
		{"the standard deviation is off by 4 %", 2, 3, number(draw.Normal, 2, 3.12), false},
		{"the variance of a Poisson number is not that", 4, 2, number(draw.Normal, 4, 2.1), false},
		{"too rare", 0.01, math.Sqrt(0.01 * 0.99), rare(0.007), false},
		{"never", 0.01, math.Sqrt(0.01 * 0.99), rare(0), false},
		{"a number that should be constant varies", 7, 0, number(draw.Normal, 7, 0.1), false},
		{"a constant that is another", 7, 0, number(draw.Normal, 7.1, 0), false},
		{"a number that should vary is constant", 7, 1, number(draw.Normal, 7, 0), false},
		{"no value", 1, 1, func(*draw.Generator) float64 { return math.NaN() }, false},
	} {
		s := &series{name: c.name, mean: constant(c.mean), sd: constant(c.sd)}
		s.sampled(n, uint64(2*k), c.sample)
		first := s.judge([2]float64{-3, 3}, [2]float64{-5, 5}, times, false)
		ok := first.ok()
		text := first.String()
		if !ok {
			s.sampled(again*n, uint64(2*k+1), c.sample)
			second := s.judge([2]float64{-3, 3}, [2]float64{-5, 5}, times, true)
			ok = second.ok()
			text += "; " + second.String()
			if second.means != first.outMeans || second.sds != first.outSDs {
				t.Errorf("%s: %d values are judged again, %d were outside", c.name, second.means+second.sds, first.outMeans+first.outSDs)
			}
		}
		if ok != c.ok {
			t.Errorf("%s: passed %v: %s", c.name, ok, text)
		}
		if first.means != 50 || first.sds != 50 {
			t.Errorf("%s: %s", c.name, text)
		}
	}
}

// The moments of a sample are those of the formulas.
func TestMoments(t *testing.T) {
	x := []float64{3, -1, 4, 1, -5, 9, 2, 6}
	s := &series{log: false}
	s.clear(1)
	for _, v := range x {
		s.n++
		s.take(0, v)
	}
	var mean, m2, m3, m4 float64
	for _, v := range x {
		mean += v / 8
	}
	for _, v := range x {
		d := v - mean
		m2, m3, m4 = m2+d*d, m3+d*d*d, m4+d*d*d*d
	}
	for i, p := range [][2]float64{{s.m[0], mean}, {s.m2[0], m2}, {s.m3[0], m3}, {s.m4[0], m4}} {
		if math.Abs(p[0]-p[1]) > 1e-12*math.Abs(p[1]) {
			t.Errorf("moment %d is %v, want %v", i+1, p[0], p[1])
		}
	}
}

// Columns go by variable; ranges and settings are read.
func TestSeries(t *testing.T) {
	list, err := seriesOf([]string{"X-mean", "ln(Y)-mean", "X-sd", "ln(Y)-sd", "Z-mean"}, [][]float64{{1, 2, 3, 4, 5}, {6, 7, 8, 9, 10}})
	if err != nil || len(list) != 3 {
		t.Fatal(list, err)
	}
	x, y, z := list[0], list[1], list[2]
	if x.variable != "X" || !slices.Equal(x.mean, []float64{1, 6}) || !slices.Equal(x.sd, []float64{3, 8}) || y.variable != "Y" || !y.log || y.sd[1] != 9 || z.sd != nil || z.mean[1] != 10 {
		t.Error(x, y, z)
	}
	if _, err := seriesOf([]string{"X"}, nil); err == nil {
		t.Error("a column without -mean or -sd is taken")
	}
	for text, want := range map[string][2]float64{"(-3, 3)": {-3, 3}, "(-5,4)": {-5, 4}} {
		if r, err := interval(text); err != nil || r != want {
			t.Errorf("%s is read as %v, %v", text, r, err)
		}
	}
	for _, text := range []string{"3", "(a, 3)", "(3, -3)"} {
		if _, err := interval(text); err == nil {
			t.Errorf("%s is read", text)
		}
	}
	dir := filepath.Join(t.TempDir(), "00001")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	const settings = "start: 0\nduration: 5\nsteps: 1\nvariables: X\nabsolute: \namount: X\noutput: X-mean, X-sd\nmeanRange: (-3, 3)\nsdRange: (-4, 4)\n"
	if err := os.WriteFile(filepath.Join(dir, "00001-settings.txt"), []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	c := &suiteCase{ID: "00001", dir: dir}
	if err := c.read(); err != nil || !c.stochastic() || c.sdRange != [2]float64{-4, 4} {
		t.Errorf("%+v %v", c, err)
	}
	if other := (&suiteCase{ID: "00002"}); other.seed() == c.seed() {
		t.Error("two cases have the same random numbers")
	}
}

// TestStochastic repeats a few cases of each kind, or with -long all of them as often as the suite asks for: all must pass.
func TestStochastic(t *testing.T) {
	const dir = "../../../../shared/data/sbml-stochastic"
	cases, err := find(dir)
	if err != nil {
		t.Skip("../shared/data/sbml-stochastic is not here")
	}
	if !*long {
		defer func(n int) { repeats = n }(repeats)
		repeats = 500
		few := []string{"00001", "00007", "00019", "00028", "00033", "00037", "00056", "00059", "00074"}
		cases = slices.DeleteFunc(cases, func(c *suiteCase) bool { return !slices.Contains(few, c.ID) })
	}
	runAll(cases, 2)
	for _, c := range cases {
		if c.outcome != passed {
			t.Errorf("%s %v: %s", c.ID, c.outcome, c.message)
		}
	}
}

// A model in which a number is another does not pass.
func TestWrongModel(t *testing.T) {
	const dir = "../../../../shared/data/sbml-stochastic"
	cases, err := find(dir)
	if err != nil {
		t.Skip("../shared/data/sbml-stochastic is not here")
	}
	defer func(n int) { repeats = n }(repeats)
	for _, c := range cases {
		var old, with string
		switch c.ID {
		case "00001":
			repeats, old, with = 2000, `value="0.1"`, `value="0.102"` // births
		case "00061":
			repeats, old, with = 300, `<cn type="integer"> 9 </cn>`, `<cn type="integer"> 5 </cn>` // upper bound
		default:
			continue
		}
		data, err := os.ReadFile(filepath.Join(c.dir, c.XML))
		if err != nil {
			t.Fatal(err)
		}
		wrong := strings.Replace(string(data), old, with, 1)
		if wrong == string(data) {
			t.Fatal(c.ID, " does not hold ", old)
		}
		to := filepath.Join(t.TempDir(), c.ID)
		if err := os.MkdirAll(to, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, f := range []string{"settings.txt", "results.csv"} {
			data, err := os.ReadFile(filepath.Join(c.dir, c.ID+"-"+f))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(to, c.ID+"-"+f), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(to, c.XML), []byte(wrong), 0o644); err != nil {
			t.Fatal(err)
		}
		c.dir = to
		if c.run(); c.outcome != failed || !strings.Contains(c.message, "outside") {
			t.Errorf("%s: %v %s", c.ID, c.outcome, c.message)
		}
	}
}
