package plot

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image/png"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/runtime/trace"
)

func times(n int, dt float64) []float64 {
	t := make([]float64, n)
	for i := range t {
		t[i] = float64(i) * dt
	}
	return t
}

func column(name, unit string, t []float64, f func(float64) float64) trace.Column {
	c := trace.Column{Name: name, Unit: unit}
	for _, x := range t {
		c.Values = append(c.Values, f(x))
	}
	return c
}

func svg(t *testing.T, f *Figure) string {
	t.Helper()
	var b bytes.Buffer
	if err := f.Write(&b, "svg"); err != nil {
		t.Fatal(err)
	}
	for d := xml.NewDecoder(bytes.NewReader(b.Bytes())); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
	}
	if s := b.String(); strings.Contains(s, "NaN") || strings.Contains(s, "Inf") {
		t.Errorf("a coordinate is not finite")
	}
	return b.String()
}

func TestPanels(t *testing.T) {
	at := times(101, 0.1)
	one := func(float64) float64 { return 1 }
	var ladder []trace.Column
	for k := range 30 {
		ladder = append(ladder, column(fmt.Sprintf("c[%d].v", k+1), "V", at, func(t float64) float64 { return math.Exp(-float64(k) / 3) }))
	}
	for _, c := range []struct {
		name    string
		columns []trace.Column
		panels  string
		notes   int
	}{
		{"by unit", []trace.Column{column("x", "m", at, math.Sin), column("v", "m/s", at, math.Cos), column("y", "m", at, math.Cos)}, "x,y v", 0},
		{"by magnitude", []trace.Column{column("y1", "", at, one), column("y2", "", at, func(float64) float64 { return 3e-5 }), column("y3", "", at, math.Sin)}, "y1,y3 y2", 0},
		{"zero belongs to all", []trace.Column{column("a", "", at, one), column("z", "", at, func(float64) float64 { return 0 })}, "a,z", 0},
		{"no gap, no split; evenly thinned", ladder, "c[1].v,c[5].v,c[9].v,c[13].v,c[17].v,c[21].v,c[25].v,c[30].v", 1},
	} {
		f, err := New(&trace.Table{Times: at, Columns: c.columns}, "test")
		if err != nil {
			t.Fatal(err)
		}
		var panels []string
		for _, p := range f.panels {
			var names []string
			for _, k := range p.columns {
				names = append(names, c.columns[k].Name)
			}
			panels = append(panels, strings.Join(names, ","))
		}
		if got := strings.Join(panels, " "); got != c.panels {
			t.Errorf("%s: panels %s, want %s", c.name, got, c.panels)
		}
		if len(f.Notes) != c.notes {
			t.Errorf("%s: notes %q", c.name, f.Notes)
		}
		s := svg(t, f)
		for _, name := range strings.FieldsFunc(c.panels, func(r rune) bool { return r == ' ' || r == ',' }) {
			if !strings.Contains(s, ">"+name+"<") && !strings.Contains(s, ">"+name+" [") {
				t.Errorf("%s: %s is not labelled", c.name, name)
			}
		}
	}
}

func TestManyPanels(t *testing.T) {
	at := times(11, 1)
	var cols []trace.Column
	for k := range 9 {
		cols = append(cols, column(fmt.Sprint("x", k), fmt.Sprint("u", k), at, math.Sin))
	}
	f, err := New(&trace.Table{Times: at, Columns: cols}, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(f.panels) != maxPanels || len(f.Notes) != 1 || !strings.Contains(f.Notes[0], "3 variables") {
		t.Errorf("%d panels, notes %q", len(f.panels), f.Notes)
	}
}

func TestLogTime(t *testing.T) {
	var at []float64
	for e := -6.0; e <= 11; e += 0.1 {
		at = append(at, math.Pow(10, e))
	}
	f, err := New(&trace.Table{Times: append([]float64{0}, at...), Columns: []trace.Column{column("y", "", append([]float64{0}, at...), func(t float64) float64 { return 1 / (1 + t) })}}, "")
	if err != nil {
		t.Fatal(err)
	}
	if !f.log {
		t.Errorf("times over 17 decades are drawn linearly")
	}
	if s := svg(t, f); !strings.Contains(s, ">1e7<") {
		t.Errorf("no tick at 1e7")
	}
	if wantsLogTime(times(500, 0.1)) {
		t.Errorf("equidistant times are drawn logarithmically")
	}
}

// What cannot be drawn does not stop the rest from being drawn.
func TestOddValues(t *testing.T) {
	at := times(5, 1)
	for _, c := range []struct {
		name   string
		values []float64
	}{
		{"gap", []float64{0, 1, math.NaN(), 2, 3}},
		{"infinite", []float64{0, math.Inf(1), 1, math.Inf(-1), 3}},
		{"nothing", []float64{math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN()}},
		{"constant", []float64{7, 7, 7, 7, 7}},
		{"zero", make([]float64, 5)},
		{"rounding", []float64{1, 1 + 1e-16, 1, 1 - 1e-16, 1}},
		{"huge", []float64{1e300, 2e300, 0, -1e300, 1}},
		{"tiny", []float64{1e-300, 2e-300, 0, -1e-300, 0}},
	} {
		f, err := New(&trace.Table{Times: at, Columns: []trace.Column{{Name: c.name, Values: c.values}}}, c.name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(svg(t, f), ">"+c.name+"<") {
			t.Errorf("%s: no label", c.name)
		}
	}
	f, err := New(&trace.Table{Times: []float64{3}, Columns: []trace.Column{{Name: "x", Values: []float64{1}}}}, "")
	if err != nil {
		t.Fatal(err)
	}
	svg(t, f)
	if _, err := New(&trace.Table{Times: at}, ""); err == nil {
		t.Error("a plot of nothing")
	}
}

func TestDiscreteIsStepped(t *testing.T) {
	f := &Figure{table: &trace.Table{Times: []float64{0, 1, 2}, Columns: []trace.Column{{Name: "on", Discrete: true, Values: []float64{0, 1, 1}}}}}
	got := fmt.Sprint(f.points(0))
	if want := "[{0 0} {1 0} {1 1} {2 1}]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Reduction keeps every extreme and the ends.
func TestReduce(t *testing.T) {
	var p []point
	for i := range 200000 {
		y := math.Sin(float64(i) / 50)
		if i == 77777 {
			y = 9
		}
		p = append(p, point{float64(i), y})
	}
	q := reduce(p)
	if len(q) > 4*(buckets+1) {
		t.Errorf("%d points are left", len(q))
	}
	if q[0] != p[0] || q[len(q)-1] != p[len(p)-1] {
		t.Errorf("an end is lost")
	}
	spike := false
	for i := range q {
		spike = spike || q[i].y == 9
		if i > 0 && q[i].t <= q[i-1].t {
			t.Fatalf("out of order at %d", i)
		}
	}
	if !spike {
		t.Errorf("the spike is lost")
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		n      int
		want   string
	}{
		{0, 10, 8, "0 2 4 6 8 10"},
		{-1, 1, 6, "-1.0 -0.5 0 0.5 1.0"},
		{0, 3.6e-5, 6, "0 1e-5 2e-5 3e-5"},
		{0, 2.5e7, 6, "0 5e6 1.0e7 1.5e7 2.0e7 2.5e7"},
		{0.95, 1.05, 6, "0.96 0.98 1.00 1.02 1.04"},
		{1, 1, 6, ""},
	} {
		var got []string
		for _, k := range (round{true, c.n}).Ticks(c.lo, c.hi) {
			if !minor(k) {
				got = append(got, k.Label)
			}
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%v to %v: %s, want %s", c.lo, c.hi, s, c.want)
		}
	}
}

func TestWrite(t *testing.T) {
	at := times(101, 0.1)
	f, err := New(&trace.Table{Times: at, Columns: []trace.Column{column("a<b & \"c\"", "m", at, math.Sin)}}, "escape < & >")
	if err != nil {
		t.Fatal(err)
	}
	if first, second := svg(t, f), svg(t, f); first != second {
		t.Error("two drawings of one figure differ")
	}
	var b bytes.Buffer
	if err := f.Write(&b, "png"); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if s := img.Bounds().Size(); s.X < 1000 || s.Y < 500 {
		t.Errorf("a picture of %v", s)
	}
	if err := f.Write(io.Discard, "bmp"); err == nil {
		t.Error("bmp is written")
	}
	for file, want := range map[string]string{"a.svg": "svg", "b.PNG": "png", "c": "", "d.pdf": ""} {
		if got, err := Format(file); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: format %q, %v", file, got, err)
		}
	}
}

// matrix is a panel of n equations: a dense block of border equations at the end, the
// others explicit in a chain.
func matrix(n, known, border int) IncidencePanel {
	name := func(kind string) func(i int) (string, string) {
		return func(i int) (string, string) { return fmt.Sprintf("%s<%d>", kind, i), fmt.Sprint(kind[:1], i) }
	}
	p := IncidencePanel{
		Title: "a < b", Note: "x & y", Rows: n, Cols: n + known, Known: known, Row: name("equation"), Col: name("unknown"),
		RowMark: map[int]Mark{0: DerivedMark}, ColMark: map[int]Mark{known: TornMark, known + n/2: DerivativeMark},
	}
	for j := range known {
		p.ColMark[j] = StateMark
		p.Entries = append(p.Entries, IncidenceEntry{Row: int32(j % n), Col: int32(j)})
	}
	first := max(n-border, 0)
	for i := range n {
		p.Entries = append(p.Entries, IncidenceEntry{Row: int32(i), Col: int32(known + i), Derivative: i%7 == 3})
		if i > 0 {
			p.Entries = append(p.Entries, IncidenceEntry{Row: int32(i), Col: int32(known + i/2)})
		}
		if i < first {
			p.Blocks = append(p.Blocks, IncidenceBlock{Row: i, Col: known + i, Size: 1})
		}
	}
	if border > 0 {
		p.Blocks = append(p.Blocks, IncidenceBlock{Row: first, Col: known + first, Size: n - first, Border: min(2, n), Kind: NonlinearBlock, Name: "the loop"})
		for k := range border * border {
			p.Entries = append(p.Entries, IncidenceEntry{Row: int32(first + k%border), Col: int32(known + first + k/border)})
		}
	}
	return p
}

// TestIncidence draws systems of 1 to 100,000 unknowns: the text is XML, names stand in it
// while there is room, and the file stays small.
func TestIncidence(t *testing.T) {
	for _, c := range []struct {
		n, known, border int
		want             []string
	}{
		{1, 0, 0, []string{"a &lt; b", "x &amp; y", "unknown&lt;0&gt;\nin equation&lt;0&gt;"}},
		{5, 2, 2, []string{"der(unknown&lt;5&gt;)\nin equation&lt;3&gt;", ">u6<title>", ">e4<title>", "the loop", "tearing variable", "derivative of a state"}},
		{60, 5, 7, []string{"unknown&lt;64&gt;\nin equation&lt;59&gt;", "<title>unknown&lt;64&gt;</title>"}},
		{380, 4, 100, []string{"<title>equation&lt;379&gt;</title>", "the loop"}},
		{3000, 100, 300, []string{"the loop", "… unknown&lt;3099&gt;</title>", "darker"}},
		{100000, 30000, 400, []string{"the loop", "… equation&lt;99999&gt;</title>"}},
	} {
		var first string
		for range 2 {
			m := Incidence{Title: "system", Panels: []IncidencePanel{matrix(c.n, 0, 0), matrix(c.n, c.known, c.border)}}
			var b bytes.Buffer
			if err := m.WriteSVG(&b); err != nil {
				t.Fatal(err)
			}
			text := b.String()
			if first == "" {
				first = text
			} else if text != first {
				t.Errorf("n = %d: two pictures of one system differ", c.n)
			}
			d := xml.NewDecoder(&b)
			for {
				if _, err := d.Token(); err == io.EOF {
					break
				} else if err != nil {
					t.Fatalf("n = %d: %v", c.n, err)
				}
			}
			if len(text) > 2<<20 {
				t.Errorf("n = %d: %d bytes", c.n, len(text))
			}
			for _, w := range c.want {
				if !strings.Contains(text, w) {
					t.Errorf("n = %d: no %q", c.n, w)
				}
			}
			if strings.Contains(text, "NaN") || strings.Contains(text, "Inf\"") {
				t.Errorf("n = %d: a coordinate is no number", c.n)
			}
		}
	}
}

// TestIncidenceFull is the worst case for the size: every merged cell is taken, in a
// pattern without runs.
func TestIncidenceFull(t *testing.T) {
	const n = 1600
	p := matrix(n, 0, 0)
	for i := range n {
		for j := range n {
			if (i/4+j/4)%2 == 0 {
				p.Entries = append(p.Entries, IncidenceEntry{Row: int32(i), Col: int32(j), Derivative: (i/4)%2 == 0})
			}
		}
	}
	var b bytes.Buffer
	if err := (&Incidence{Title: "full", Panels: []IncidencePanel{p, p}}).WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 2<<20 {
		t.Errorf("%d bytes", b.Len())
	}
}
