package plot

import (
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// palette holds the colours of Okabe and Ito (Color Universal Design, 2008), which
// readers with any kind of colour vision can tell apart, without the yellow, which
// is faint on white. After them the same colours come dashed.
var palette = []color.RGBA{
	{0x00, 0x72, 0xB2, 0xFF}, // blue
	{0xD5, 0x5E, 0x00, 0xFF}, // vermillion
	{0x00, 0x9E, 0x73, 0xFF}, // bluish green
	{0xCC, 0x79, 0xA7, 0xFF}, // reddish purple
	{0xE6, 0x9F, 0x00, 0xFF}, // orange
	{0x56, 0xB4, 0xE9, 0xFF}, // sky blue
	{0x00, 0x00, 0x00, 0xFF}, // black
}

var (
	ink  = color.RGBA{0x26, 0x26, 0x26, 0xFF}
	grey = color.RGBA{0xDD, 0xDD, 0xDD, 0xFF}
	soft = color.RGBA{0x66, 0x66, 0x66, 0xFF}
)

func lineStyle(k int) draw.LineStyle {
	s := draw.LineStyle{Color: palette[k%len(palette)], Width: vg.Points(1.4)}
	if k >= len(palette) {
		s.Dashes = []vg.Length{vg.Points(5), vg.Points(3)}
	}
	return s
}

func style(size vg.Length, c color.Color) text.Style {
	return text.Style{Color: c, Font: typeface(size), Handler: text.Plain{Fonts: fonts}}
}

const margin = 10 // points around everything

// draw draws the figure: title, panels with their legends on the right, notes.
func (f *Figure) draw(c draw.Canvas) {
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, margin, -margin, margin, -margin)
	if f.Title != "" {
		st := style(13, ink)
		st.YAlign = text.YTop
		c.FillText(st, vg.Point{X: c.Min.X, Y: c.Max.Y}, f.Title)
		c = draw.Crop(c, 0, 0, 0, -22)
	}
	notes := style(9, soft)
	for i := len(f.Notes) - 1; i >= 0; i-- {
		c.FillText(notes, vg.Point{X: c.Min.X, Y: c.Min.Y}, f.Notes[i])
		c = draw.Crop(c, 0, 0, 13, 0)
	}
	legend := f.legendWidth()
	rest := draw.Crop(c, 0, -legend, 0, 0)
	plots := make([][]*plot.Plot, len(f.panels))
	for i := range f.panels {
		plots[i] = []*plot.Plot{f.plot(i)}
	}
	tiles := draw.Tiles{Rows: len(plots), Cols: 1, PadY: vg.Points(6)}
	canvases := plot.Align(plots, tiles, rest)
	for i := range plots {
		plots[i][0].Draw(canvases[i][0])
		if f.hasLegend(i) {
			right := draw.Crop(c, c.Size().X-legend, 0, 0, 0)
			right.Max.Y = plots[i][0].DataCanvas(canvases[i][0]).Max.Y
			f.legend(right, i)
		}
	}
}

// hasLegend: a single trace is named at its axis instead.
func (f *Figure) hasLegend(i int) bool {
	return len(f.panels[i].columns) > 1 || f.panels[i].label != ""
}

const (
	legendGap  = 12 // between axes and legend
	legendLine = 18 // length of a sample of the line
	legendRow  = 14
	maxLegend  = 170
)

func (f *Figure) legendWidth() vg.Length {
	w := vg.Length(0)
	st := style(10, ink)
	for i := range f.panels {
		if f.hasLegend(i) {
			for _, c := range f.panels[i].columns {
				w = max(w, legendGap+legendLine+5+st.Width(f.table.Columns[c].Name))
			}
		}
	}
	return min(w, maxLegend)
}

func (f *Figure) legend(c draw.Canvas, i int) {
	st := style(10, ink)
	st.YAlign = text.YCenter
	y := c.Max.Y - legendRow/2
	for k, col := range f.panels[i].columns {
		x := c.Min.X + legendGap
		c.StrokeLine2(lineStyle(k), x, y, x+legendLine, y)
		c.FillText(st, vg.Point{X: x + legendLine + 5, Y: y}, shorten(f.table.Columns[col].Name, st, maxLegend-legendGap-legendLine-5))
		y -= legendRow
	}
}

// shorten cuts the middle of a name that is too wide: its end tells most.
func shorten(name string, st text.Style, width vg.Length) string {
	if st.Width(name) <= width {
		return name
	}
	r := []rune(name)
	for cut := 1; cut < len(r)-4; cut++ {
		if s := string(r[:2]) + "…" + string(r[2+cut:]); st.Width(s) <= width {
			return s
		}
	}
	return name
}

// plot makes the axes and the traces of panel i.
func (f *Figure) plot(i int) *plot.Plot {
	p := plot.New()
	pn := &f.panels[i]
	last := i == len(f.panels)-1
	p.BackgroundColor = color.White
	p.TextHandler = text.Plain{Fonts: fonts}
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle = style(11, ink)
		a.Label.TextStyle.XAlign, a.Label.TextStyle.YAlign = text.XCenter, text.YBottom
		align := a.Tick.Label
		a.Tick.Label = style(10, ink)
		a.Tick.Label.XAlign, a.Tick.Label.YAlign = align.XAlign, align.YAlign
		a.LineStyle = draw.LineStyle{Color: ink, Width: vg.Points(0.7)}
		a.Tick.LineStyle = a.LineStyle
		a.Tick.Length = vg.Points(4)
		a.Padding = vg.Points(3)
	}
	t := f.table.Times
	p.X.Min, p.X.Max = min(t[0], t[len(t)-1]), max(t[0], t[len(t)-1])
	if f.scattered {
		p.X.Min, p.X.Max = around(bounds(t))
	}
	if f.log {
		if f.axis == "" {
			p.X.Min = f.start()
		}
		p.X.Scale = plot.LogScale{}
		p.X.Tick.Marker = decades{}
	} else {
		p.X.Tick.Marker = round{labels: last, n: 8}
	}
	if p.X.Min >= p.X.Max {
		p.X.Min, p.X.Max = t[0]-0.5, t[0]+0.5
	}
	p.Y.Min, p.Y.Max = pn.lo, pn.hi
	p.Y.Tick.Marker = round{labels: true, n: 6}
	if pn.log {
		p.Y.Scale = plot.LogScale{}
		p.Y.Tick.Marker = decades{}
	}
	if last {
		p.X.Label.Text = "t"
		if f.units {
			p.X.Label.Text = "t [s]"
		}
		if f.axis != "" {
			p.X.Label.Text = f.axis
		}
	} else if f.log {
		p.X.Tick.Marker = decades{mute: true}
	}
	switch {
	case pn.label != "":
		p.Y.Label.Text = pn.label
	case !f.hasLegend(i):
		c := &f.table.Columns[pn.columns[0]]
		p.Y.Label.Text = c.Name
		if pn.unit != "" {
			p.Y.Label.Text += " [" + pn.unit + "]"
		}
	case pn.unit != "":
		p.Y.Label.Text = "[" + pn.unit + "]"
	}
	p.Add(grid{})
	for k, c := range pn.columns {
		p.Add(&curve{f.points(c), lineStyle(k), len(t) == 1, f.scattered})
	}
	return p
}

// grid draws light lines at the labelled ticks.
type grid struct{}

func (grid) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	st := draw.LineStyle{Color: grey, Width: vg.Points(0.5)}
	for _, k := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		if x := tx(k.Value); !minor(k) && x >= c.Min.X && x <= c.Max.X {
			c.StrokeLine2(st, x, c.Min.Y, x, c.Max.Y)
		}
	}
	for _, k := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		if y := ty(k.Value); !minor(k) && y >= c.Min.Y && y <= c.Max.Y {
			c.StrokeLine2(st, c.Min.X, y, c.Max.X, y)
		}
	}
}

// minor: a tick without label. A label of one space is a major tick whose text is
// left to the panel below.
func minor(k plot.Tick) bool { return k.Label == "" }

// curve is one trace. A NaN breaks it.
type curve struct {
	points []point
	style  draw.LineStyle
	dots   bool // a single time
	marks  bool // the points are shown on the line
}

type point struct{ t, y float64 }

func (l *curve) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	c.SetLineStyle(l.style)
	var pa vg.Path
	open := false
	for _, q := range l.points {
		if q.t < p.X.Min && l.after(p.X.Min) || math.IsNaN(q.y) || math.IsInf(q.y, 0) {
			open = false
			continue
		}
		at := vg.Point{X: tx(max(q.t, p.X.Min)), Y: ty(q.y)}
		if l.dots {
			c.DrawGlyph(draw.GlyphStyle{Color: l.style.Color, Radius: vg.Points(3), Shape: draw.CircleGlyph{}}, at)
			continue
		}
		if l.marks {
			c.DrawGlyph(draw.GlyphStyle{Color: l.style.Color, Radius: vg.Points(2.2), Shape: draw.CircleGlyph{}}, at)
			c.SetLineStyle(l.style)
		}
		if open {
			pa.Line(at)
		} else {
			pa.Move(at)
		}
		open = true
	}
	if len(pa) > 0 {
		c.Stroke(pa)
	}
}

func (l *curve) after(t float64) bool { return l.points[len(l.points)-1].t >= t }

// points are the values of a column as they are drawn: steps for a discrete
// variable, and not more than the eye can see.
func (f *Figure) points(column int) []point {
	col := &f.table.Columns[column]
	t := f.table.Times
	pts := make([]point, 0, len(t))
	for i, y := range col.Values {
		if f.scattered && math.IsNaN(y) {
			continue
		}
		if col.Discrete && i > 0 && y != col.Values[i-1] && t[i] != t[i-1] {
			pts = append(pts, point{t[i], col.Values[i-1]})
		}
		pts = append(pts, point{t[i], y})
	}
	if f.log {
		return pts
	}
	return reduce(pts)
}

// buckets of a reduced trace: about four to a dot of a printed figure.
const buckets = 2000

// reduce keeps the first, least, largest and last point of each of many narrow
// intervals of time where a trace has more points than that: the drawing is the
// same, the file smaller. NaN is kept.
func reduce(p []point) []point {
	n := len(p)
	if n <= 4*buckets {
		return p
	}
	width := (p[n-1].t - p[0].t) / buckets
	if width == 0 {
		return p
	}
	out := make([]point, 0, 4*buckets)
	for i := 0; i < n; {
		cell := math.Floor((p[i].t - p[0].t) / width)
		lo, hi, j := i, i, i
		for ; j < n && math.Floor((p[j].t-p[0].t)/width) == cell; j++ {
			if !(p[j].y >= p[lo].y) {
				lo = j
			}
			if !(p[j].y <= p[hi].y) {
				hi = j
			}
		}
		last := -1
		for _, k := range []int{i, min(lo, hi), max(lo, hi), j - 1} {
			if k > last {
				out = append(out, p[k])
				last = k
			}
		}
		i = j
	}
	return out
}

// round places about n ticks at 1, 2 or 5 times a power of ten, with two to five
// minor ones between.
type round struct {
	labels bool
	n      int
}

func (r round) Ticks(lo, hi float64) []plot.Tick {
	span := hi - lo
	if !(span > 0) || math.IsInf(span, 0) {
		return nil
	}
	raw := span / float64(r.n)
	exp := math.Floor(math.Log10(raw))
	mantissa, minors := 10.0, 5
	for _, c := range []struct {
		m      float64
		minors int
	}{{1, 5}, {2, 4}, {5, 5}} {
		if raw <= c.m*math.Pow(10, exp)*(1+1e-9) {
			mantissa, minors = c.m, c.minors
			break
		}
	}
	// value of k minor steps, without the rounding of a product with 0.1
	value := func(k float64) float64 {
		v := k * mantissa / float64(minors)
		if exp < 0 {
			return v / math.Pow(10, -exp)
		}
		return v * math.Pow(10, exp)
	}
	small := value(1)
	var ticks []plot.Tick
	scale := max(math.Abs(lo), math.Abs(hi))
	for k := math.Ceil(lo/small - 1e-9); k <= math.Floor(hi/small+1e-9) && len(ticks) < 200; k++ {
		tick := plot.Tick{Value: value(k)}
		if math.Mod(k, float64(minors)) == 0 {
			tick.Label = " "
			if r.labels {
				tick.Label = number(tick.Value, mantissa*math.Pow(10, exp), scale)
			}
		}
		ticks = append(ticks, tick)
	}
	return ticks
}

// number writes a tick value: decimals where they are short, else with an exponent.
func number(v, step, scale float64) string {
	if v == 0 {
		return "0"
	}
	if scale >= 1e5 || scale < 1e-3 {
		digits := int(math.Max(0, math.Floor(math.Log10(math.Abs(v))+1e-9)-math.Floor(math.Log10(step)+1e-9)))
		return trimExponent(strconv.FormatFloat(v, 'e', digits, 64))
	}
	digits := int(math.Max(0, -math.Floor(math.Log10(step)+1e-9)))
	return strconv.FormatFloat(v, 'f', digits, 64)
}

// trimExponent turns 1e-05 into 1e-5 and 2e+07 into 2e7.
func trimExponent(s string) string {
	for i := range len(s) {
		if s[i] == 'e' {
			sign := ""
			if s[i+1] == '-' {
				sign = "-"
			}
			k := i + 2
			for k < len(s)-1 && s[k] == '0' {
				k++
			}
			return s[:i+1] + sign + s[k:]
		}
	}
	return s
}

// decades places ticks of a logarithmic axis.
type decades struct{ mute bool }

func (d decades) Ticks(lo, hi float64) []plot.Tick {
	first, last := math.Ceil(math.Log10(lo)-1e-9), math.Floor(math.Log10(hi)+1e-9)
	every := math.Ceil((last - first + 1) / 9)
	var ticks []plot.Tick
	for e := math.Floor(math.Log10(lo)); e <= last; e++ {
		v := math.Pow(10, e)
		if v >= lo*(1-1e-9) {
			k := plot.Tick{Value: v}
			if math.Mod(e-first, every) == 0 {
				k.Label = " "
				if !d.mute {
					k.Label = trimExponent(strconv.FormatFloat(v, 'e', 0, 64))
					if e >= -2 && e <= 3 {
						k.Label = strconv.FormatFloat(v, 'f', -1, 64)
					}
				}
			}
			ticks = append(ticks, k)
		}
		if every == 1 {
			for m := 2.0; m < 10; m++ {
				if x := m * v; x >= lo && x <= hi {
					ticks = append(ticks, plot.Tick{Value: x})
				}
			}
		}
	}
	return ticks
}
