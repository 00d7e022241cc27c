package ensemble

import (
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	numbers "github.com/mtkc/mtkc/runtime/random"
)

func read(t *testing.T, s Source, n int) [][]float64 {
	t.Helper()
	dst := make([]Setup, n)
	renew(dst, make([]float64, n*len(s.Columns())), len(s.Columns()))
	k, err := s.Read(dst)
	if k != n || err != nil {
		t.Fatalf("%d of %d trajectories: %v", k, n, err)
	}
	rows := make([][]float64, n)
	for i := range rows {
		rows[i] = dst[i].Values
	}
	return rows
}

// Means and variances are those of the distributions, within five standard errors; a skipped source goes on where
// the whole one does.
func TestRandom(t *testing.T) {
	const n = 20000
	draws := []Draw{{Column{Name: "a"}, Uniform{2, 5}}, {Column{Name: "b"}, Normal{-1, 3}}, {Column{Name: "c"}, LogNormal{0.5, 0.25}}, {Column{Name: "d"}, Uniform{0, 1}}, {Column{Name: "e"}, Normal{0, 1}}}
	mean := []float64{3.5, -1, math.Exp(0.5 + 0.25*0.25/2), 0.5, 0}
	variance := []float64{9.0 / 12, 9, (math.Exp(0.25*0.25) - 1) * math.Exp(1+0.25*0.25), 1.0 / 12, 1}
	for _, latin := range []bool{false, true} {
		make := func(seed uint64) Source {
			if latin {
				return Latin(n, seed, draws...)
			}
			return Random(n, seed, draws...)
		}
		rows := read(t, make(7), n)
		for d := range draws {
			m, v := 0.0, 0.0
			for _, r := range rows {
				m += r[d] / n
			}
			for _, r := range rows {
				v += (r[d] - m) * (r[d] - m) / (n - 1)
			}
			// The fourth moment of these is at most 4 variances squared.
			bound := 5 * math.Sqrt(variance[d]/n)
			if latin {
				bound = 0.02 * math.Sqrt(variance[d]/n) // stratified: 1/n instead of 1/sqrt(n)
			}
			if math.Abs(m-mean[d]) > bound || math.Abs(v/variance[d]-1) > 5*2/math.Sqrt(n) {
				t.Errorf("latin %v: %s has mean %v, variance %v; want %v, %v", latin, draws[d].Column.Name, m, v, mean[d], variance[d])
			}
		}
		// Two of them are not correlated.
		cor := 0.0
		for _, r := range rows {
			cor += (r[3] - 0.5) * r[4] / n / math.Sqrt(variance[3])
		}
		if math.Abs(cor) > 5/math.Sqrt(n) {
			t.Errorf("latin %v: correlation %v", latin, cor)
		}
		part := make(7)
		if err := Skip(part, 12345); err != nil {
			t.Fatal(err)
		}
		if got := read(t, part, 10); !slices.EqualFunc(got, rows[12345:12355], slices.Equal) {
			t.Errorf("a skipped source is another one")
		}
		if other := read(t, make(8), 1); other[0][0] == rows[0][0] {
			t.Errorf("two seeds, one sample")
		}
	}
	// Each interval once.
	for _, n := range []uint64{1, 2, 3, 5, 64, 1000} {
		seen := make([]bool, n)
		for i := range n {
			at := permute(i, n, 99)
			if seen[at] {
				t.Errorf("of %d, %d comes twice", n, at)
			}
			seen[at] = true
		}
	}
}

func TestGrid(t *testing.T) {
	g, err := Grid(Linear("a", 0, 1, 3), Logarithmic("b", 1, 100, 3))
	if err != nil {
		t.Fatal(err)
	}
	want := [][]float64{{0, 1}, {0, 10}, {0, 100}, {0.5, 1}, {0.5, 10}, {0.5, 100}, {1, 1}, {1, 10}, {1, 100}}
	for i, r := range read(t, g, 9) {
		for k := range r {
			if math.Abs(r[k]-want[i][k]) > 1e-14*want[i][k] {
				t.Errorf("%v, want %v", r, want[i])
			}
		}
	}
	if n, err := g.Read(make([]Setup, 1)); n != 0 || err != io.EOF {
		t.Errorf("%d more, %v", n, err)
	}
	if _, err := Grid(Linear("a", 0, 1, 1<<20), Linear("a", 0, 1, 1<<20), Linear("a", 0, 1, 1<<20), Linear("a", 0, 1, 1<<20)); err == nil {
		t.Errorf("a grid of 2^80 points")
	}
	if err := Skip(Rows(Named("a"), [][]float64{{1}}), 2); err == nil {
		t.Errorf("two of one are skipped")
	}
}

func TestCSV(t *testing.T) {
	c, err := NewCSV(strings.NewReader("\ufeffa, \"y[1,2]\",t_end\n# a remark\n1, 2.5,10\n-1e3,0,20\n"))
	if err != nil || len(c.Columns()) != 2 || c.Columns()[1].Name != "y[1,2]" {
		t.Fatal(err, c)
	}
	dst := make([]Setup, 3)
	renew(dst, make([]float64, 6), 2)
	if n, err := c.Read(dst); n != 2 || err != io.EOF {
		t.Fatalf("%d, %v", n, err)
	}
	if !slices.Equal(dst[0].Values, []float64{1, 2.5}) || dst[0].End != 10 || !slices.Equal(dst[1].Values, []float64{-1000, 0}) || dst[1].End != 20 {
		t.Errorf("%v", dst)
	}
	for text, want := range map[string]TableError{
		"":                    {NoHeader, 1, 1, "", "", ""},
		"a,,b\n":              {NoHeader, 1, 3, "", "", ""},
		"a,b,a\n":             {TwoColumns, 1, 5, "a", "", ""},
		"a,b\n1,2\n3\n":       {WrongCells, 3, 1, "", "there is 1 of 2 cells", ""},
		"a,b\n1,2,3\n":        {WrongCells, 2, 5, "", "there are 3 of 2 cells", ""},
		"a,b\n1,2\n1,x\n":     {NotNumber, 3, 3, "b", "x", ""},
		"a,b\n1,\n":           {NotNumber, 2, 3, "b", "", ""},
		"a,b\nNaN,1\n":        {Unbounded, 2, 1, "a", "NaN", ""},
		"a,b\n1,1e999\n":      {Unbounded, 2, 3, "b", "1e999", ""},
		"a,b\n1,\"2\n":        {BadSyntax, 2, 6, "", "extraneous or missing \" in quoted-field", ""},
		"t_end,a,b\n1,-1,7\n": {Misfit, 2, 6, "b", "7: it is at most 5", "give less"},
	} {
		c, err := NewCSV(strings.NewReader(text))
		if err == nil {
			c.Check = func(column int, v float64) (what, next string) {
				if column == 1 && v > 5 {
					return "it is at most 5", "give less"
				}
				return "", ""
			}
		}
		for err == nil {
			dst := make([]Setup, 1)
			renew(dst, make([]float64, len(c.Columns())), len(c.Columns()))
			_, err = c.Read(dst)
		}
		if e, ok := err.(*TableError); !ok || *e != want {
			t.Errorf("%q: %+v, want %+v", text, err, want)
		}
	}
}

// The ranks of estimated quantiles are within the documented bound, in sorted, reversed, random and
// periodic streams; few numbers give exact ones.
func TestSketch(t *testing.T) {
	const n = 200000
	for _, k := range []int{64, 1024} {
		bound := 2.3 / math.Pow(float64(k), 0.97) // 99 of 100 streams; these four are fixed
		for name, f := range map[string]func(i int) float64{
			"sorted": func(i int) float64 { return float64(i) }, "reversed": func(i int) float64 { return -float64(i) },
			"random": func(i int) float64 { return numbers.Unit(mix(uint64(i))) }, "periodic": func(i int) float64 { return math.Sin(float64(i)) },
		} {
			s := NewSketch(k)
			all := make([]float64, n)
			for i := range all {
				all[i] = f(i)
				s.Add(all[i])
			}
			slices.Sort(all)
			worst, total := 0.0, int64(0)
			for h, v := range s.levels {
				total += int64(len(v)) << h
			}
			for p := 0.005; p < 1; p += 0.005 {
				r, _ := slices.BinarySearch(all, s.Quantiles(p)[0])
				worst = max(worst, math.Abs(float64(r)/n-p))
			}
			if worst > bound || total != n || s.size > 3*k+64*leastLevel {
				t.Errorf("k = %d, %s: ranks are off by %v, bound %v; weight %d, %d numbers kept", k, name, worst, bound, total, s.size)
			}
		}
	}
	s := NewSketch(64)
	for _, x := range []float64{3, 1, 2, 4} {
		s.Add(x)
	}
	if q := s.Quantiles(0, 0.25, 0.5, 1); !slices.Equal(q, []float64{1, 1.75, 2.5, 4}) || !s.Exact() {
		t.Errorf("quantiles of 1, 2, 3, 4: %v", q)
	}
	if q := NewSketch(8).Quantiles(0.5); !math.IsNaN(q[0]) {
		t.Errorf("the median of nothing is %v", q)
	}
}

// Moments do not lose the variance of numbers with a large mean.
func TestMoments(t *testing.T) {
	list := make([]Trajectory, 1000)
	for i := range list {
		list[i].Record = []float64{1e9 + float64(i%2)}
	}
	s := newStatistics([]string{"x"}, nil, nil, nil, 8)
	groups := make([]moments, (len(list)+group-1)/group)
	for g := range groups {
		groups[g] = newMoments(1)
	}
	gather(list, 1, groups, groupEnds(nil, 0, len(list), 0))
	s.take(list, groups)
	q := s.At(0, 0)
	// The exact variance is 250/999; the mean carries an error of half a unit in its last place, 6e-8.
	if q.N != 1000 || math.Abs(q.Mean-1e9-0.5) > 1e-6 || math.Abs(q.Variance-250.0/999) > 1e-6 || q.Min != 1e9 || q.Max != 1e9+1 {
		t.Errorf("%+v", q)
	}
}

// Repeated trajectories come one after the other, from wherever reading begins, with their ends; a table as a grid.
func TestRepeat(t *testing.T) {
	const times = 3
	table := func() Source {
		c, err := NewCSV(strings.NewReader("a,t_end\n1,10\n2,20\n4,40\n"))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	grid := func() Source {
		g, err := Grid(Axis{Column{Name: "a"}, []float64{1, 2, 4}})
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	want := []float64{1, 1, 1, 2, 2, 2, 4, 4, 4}
	for name, source := range map[string]func() Source{"table": table, "grid": grid} {
		for from := range len(want) + 1 {
			for first := range from + 1 { // read so many, pass over the others
				s := Repeat(source(), times)
				if n, ok := s.(Sized); ok != (name == "grid") || ok && n.Len() != int64(len(want)) {
					t.Errorf("%s: its length is known: %v", name, ok)
				}
				got := read(t, s, first)
				if err := Skip(s, int64(from-first)); err != nil {
					t.Fatalf("%s, %d read and %d passed over: %v", name, first, from-first, err)
				}
				dst := make([]Setup, len(want)+1-from)
				renew(dst, make([]float64, len(dst)), 1)
				n, err := s.Read(dst)
				if n != len(want)-from || err != io.EOF {
					t.Fatalf("%s from %d: %d, %v", name, from, n, err)
				}
				for i := range n {
					got = append(got, dst[i].Values)
					if v := dst[i].Values[0]; name == "table" && dst[i].End != 10*v || name == "grid" && !math.IsNaN(dst[i].End) {
						t.Errorf("%s: %v ends at %v", name, v, dst[i].End)
					}
				}
				for i, v := range got {
					k := i
					if i >= first {
						k += from - first
					}
					if v[0] != want[k] {
						t.Errorf("%s, %d read and %d passed over: trajectory %d has %v, want %v", name, first, from-first, k, v[0], want[k])
					}
				}
			}
		}
		if err := Skip(Repeat(source(), times), 10); err == nil {
			t.Errorf("%s: ten of nine are passed over", name)
		}
		if n, err := Repeat(source(), 0).Read(make([]Setup, 1)); n != 0 || err != io.EOF {
			t.Errorf("%s: no times gives %d, %v", name, n, err)
		}
	}
}
