package plot

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Incidence is a picture of which unknown stands in which equation: a panel for each
// stage of a system, side by side.
type Incidence struct {
	Title, Subtitle string
	Panels          []IncidencePanel
}

// IncidencePanel is a matrix of equations (rows) and unknowns (columns).
type IncidencePanel struct {
	Title, Note string
	Rows, Cols  int
	Known       int // leading columns that are given, the states; they are set apart
	// Row and Col describe a row or column: a name that may be long and one that fits
	// beside a small matrix.
	Row, Col func(i int) (name, short string)
	RowMark  map[int]Mark
	ColMark  map[int]Mark
	Entries  []IncidenceEntry
	Blocks   []IncidenceBlock // in any order
}

// IncidenceEntry says that a column stands in a row.
type IncidenceEntry struct {
	Row, Col   int32
	Derivative bool // as its time derivative
}

// IncidenceBlock is a square set of rows and columns that begin at Row and Col.
type IncidenceBlock struct {
	Row, Col, Size int
	Border         int // trailing rows and columns: residuals and tearing variables
	Kind           BlockKind
	Name           string
}

// BlockKind colours a block.
type BlockKind uint8

const (
	ExplicitBlock   BlockKind = iota // one equation solved for one unknown
	EliminatedBlock                  // linear, solved in closed form
	LinearBlock                      // linear, solved by iteration variables
	NonlinearBlock
	blockKinds
)

// Mark is a sign at the head of a row or column.
type Mark uint8

const (
	NoMark         Mark = iota
	StateMark           // a state
	DerivativeMark      // the time derivative of a state
	TornMark            // a tearing variable
	DerivedMark         // an equation that was differentiated or otherwise derived
	EliminatedMark      // a variable or equation that is gone in the next panel
	marks
)

// The colours are those of Okabe and Ito, which colour-blind readers can tell apart.
var (
	blockFill   = [blockKinds]string{"#d5dae1", "#d3e9f9", "#a9cdea", "#fbd9c6"}
	blockLine   = [blockKinds]string{"#aeb7c2", "#56b4e9", "#0072b2", "#d55e00"}
	blockLegend = [blockKinds]string{"explicit", "linear, closed form", "linear, iterated", "nonlinear"}
	markFill    = [marks]string{"", "#009e73", "#009e73", "#e69f00", "#cc79a7", "#b8c0cb"}
	markLegend  = [marks]string{"", "state", "derivative of a state", "tearing variable", "differentiated equation", "eliminated"}
)

const (
	panelSide  = 620  // of a matrix, in pixels
	cellMost   = 26   // side of a cell
	cellLeast  = 1.55 // below that, cells are merged
	labelled   = 45   // rows and columns up to which names stand beside the matrix
	hoverMost  = 4000 // entries up to which each tells its name
	stripMost  = 420  // rows and columns up to which each tells its name at the edge
	blockHover = 400  // coupled blocks that tell their name
)

// WriteSVG draws the panels: entries as squares, blocks shaded by kind, states, tearing
// variables and differentiated equations marked at the edges. A pointer that rests on an
// entry, a block or an edge shows names. Where a cell would be smaller than about two
// pixels, neighbouring ones are merged and shaded by how many entries they hold, so the
// size of the file stays below 2 MB.
func (m *Incidence) WriteSVG(dst io.Writer) error {
	d := &drawing{w: bufio.NewWriter(dst)}
	const margin, gap, head = 24, 36, 64
	x := float64(margin)
	height := 0.0
	var frames []frame
	top := 0.0
	for i := range m.Panels {
		top = max(top, newFrame(&m.Panels[i]).top)
	}
	for i := range m.Panels {
		f := newFrame(&m.Panels[i])
		f.x, f.y, f.top = x, head, top
		x += f.width() + gap
		height = max(height, f.height())
		frames = append(frames, f)
	}
	width := max(x-gap+margin, 640)
	legend := m.legend(width - 2*margin)
	total := head + height + 26 + 20*float64(len(legend)) + 12
	d.print(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%s" height="%s" font-family="system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif">`+"\n", num(width), num(total), num(width), num(total))
	d.print("<style>.e:hover{fill:#111}.h:hover{fill-opacity:.35}.b:hover{stroke-width:2}</style>\n")
	d.print(`<rect width="100%%" height="100%%" fill="#fff"/>` + "\n")
	d.text(margin, 28, `font-size="17" font-weight="600" fill="#1f2933"`, m.Title)
	d.text(margin, 46, `font-size="12" fill="#66717f"`, m.Subtitle)
	for i := range frames {
		frames[i].draw(d)
	}
	for i, row := range legend {
		at := float64(margin)
		for _, k := range row {
			y := head + height + 26 + 20*float64(i)
			k.draw(d, at, y)
			d.text(at+18, y+10, `font-size="12" fill="#3e4c59"`, k.text)
			at += k.width()
		}
	}
	d.print("</svg>\n")
	return d.w.Flush()
}

type drawing struct{ w *bufio.Writer }

func (d *drawing) print(format string, args ...any) { fmt.Fprintf(d.w, format, args...) }

func (d *drawing) text(x, y float64, attr, s string) {
	d.print(`<text x="%s" y="%s" %s>%s</text>`+"\n", num(x), num(y), attr, html.EscapeString(s))
}

// num writes a coordinate with up to two decimals.
func num(x float64) string {
	return strconv.FormatFloat(math.Round(x*100)/100, 'f', -1, 64)
}

// legendEntry is a sample with its meaning.
type legendEntry struct {
	text string
	draw func(d *drawing, x, y float64)
}

func (k *legendEntry) width() float64 { return 18 + 6.6*float64(len(k.text)) + 22 }

// legend lists what occurs, in rows of the given width.
func (m *Incidence) legend(width float64) [][]legendEntry {
	var list []legendEntry
	var kinds [blockKinds]bool
	var signs [marks]bool
	plain, derivative, known, merged := false, false, false, false
	for i := range m.Panels {
		p := &m.Panels[i]
		for _, b := range p.Blocks {
			kinds[b.Kind] = true
		}
		for _, list := range []map[int]Mark{p.RowMark, p.ColMark} {
			for _, k := range list {
				signs[k] = true
			}
		}
		coarse := newFrame(p).merge
		for _, e := range p.Entries {
			plain, derivative = plain || !e.Derivative, derivative || e.Derivative
			known = known || int(e.Col) < p.Known
		}
		merged = merged || coarse
	}
	square := func(fill, line string, side float64) func(d *drawing, x, y float64) {
		return func(d *drawing, x, y float64) {
			o := (12 - side) / 2
			d.print(`<rect x="%s" y="%s" width="%s" height="%s" rx="1.5" fill="%s" stroke="%s"/>`+"\n", num(x+o), num(y+o), num(side), num(side), fill, line)
		}
	}
	if plain {
		text := "unknown in equation"
		if merged {
			text += " (darker: more of them)"
		}
		list = append(list, legendEntry{text, square(entryFill, "none", 9)})
	}
	if derivative {
		list = append(list, legendEntry{"time derivative in equation", square(derivativeFill, "none", 9)})
	}
	if known {
		list = append(list, legendEntry{"state in equation", square(stateFill, "none", 9)})
	}
	for k, used := range kinds {
		if used {
			list = append(list, legendEntry{blockLegend[k], square(blockFill[k], blockLine[k], 12)})
		}
	}
	for k, used := range signs {
		if used && Mark(k) != NoMark {
			mark := Mark(k)
			list = append(list, legendEntry{markLegend[k], func(d *drawing, x, y float64) {
				d.print(`<path d="%s" %s/>`+"\n", mark.path(x+6, y+2, 10, false), mark.style(10))
			}})
		}
	}
	var rows [][]legendEntry
	at := width
	for _, k := range list {
		if at += k.width(); at > width {
			rows = append(rows, nil)
			at = k.width()
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], k)
	}
	return rows
}

const (
	entryFill      = "#3e4c59"
	derivativeFill = "#009e73"
	stateFill      = "#74b39d"
	diagonalFill   = "#111827"
)

// path is the sign of a mark at the edge: a triangle that points to the matrix, or a bar
// where there is no room.
func (k Mark) path(x, y, side float64, row bool) string {
	h := side / 2
	if side < 5 {
		if row {
			return fmt.Sprintf("M%s %sh5v%sh-5z", num(x), num(y-h), num(side))
		}
		return fmt.Sprintf("M%s %sh%sv5h-%sz", num(x-h), num(y), num(side), num(side))
	}
	side = min(side, 8)
	h = side / 2
	if row {
		return fmt.Sprintf("M%s %sl%s %sl-%s %sz", num(x), num(y-h), num(side), num(h), num(side), num(h))
	}
	return fmt.Sprintf("M%s %sh%sl-%s %sz", num(x-h), num(y), num(side), num(h), num(side))
}

func (k Mark) style(side float64) string {
	switch {
	case k == DerivativeMark && side < 5:
		return `fill="#8fd4bf"`
	case k == DerivativeMark:
		return fmt.Sprintf(`fill="#fff" stroke="%s" stroke-width="1.2"`, markFill[k])
	}
	return fmt.Sprintf(`fill="%s"`, markFill[k])
}

// frame is a panel with its place.
type frame struct {
	*IncidencePanel
	x, y         float64 // of the upper left corner of everything
	left, top    float64 // room for names
	n            int     // cells of the longer side
	grid         int     // merged cells of the longer side
	cell         float64 // side of a merged cell
	gap          float64 // between known columns and the others
	merge        bool
	names        bool
	longR, longC int // characters of the longest short names
}

func newFrame(p *IncidencePanel) frame {
	f := frame{IncidencePanel: p}
	f.n = max(p.Rows, p.Cols, 1)
	f.grid = f.n
	f.cell = min(cellMost, panelSide/float64(f.n))
	if f.cell < cellLeast {
		f.merge = true
		f.grid = int(panelSide / cellLeast)
		f.cell = panelSide / float64(f.grid)
	}
	f.left, f.top = 14, 48
	if p.Rows <= labelled && p.Cols <= labelled {
		f.names = true
		for i := range p.Rows {
			_, s := p.Row(i)
			f.longR = max(f.longR, len([]rune(s)))
		}
		for j := range p.Cols {
			_, s := p.Col(j)
			f.longC = max(f.longC, len([]rune(s)))
		}
		f.left += min(5.6*float64(f.longR), 150) + 4
		f.top += 14 + min(5.6*float64(f.longC), 150)*0.87
	}
	if p.Known > 0 && p.Known < p.Cols {
		f.gap = 8
	}
	return f
}

func (f *frame) width() float64 {
	w := f.left + f.cell*float64(min(f.grid, f.toGrid(f.Cols))) + f.gap
	if f.names {
		w += 0.5 * min(5.6*float64(f.longC), 150) // names lean to the right
	}
	return max(w, f.left+7*float64(len(f.Note)), 200)
}
func (f *frame) height() float64 { return f.top + f.cell*float64(f.toGrid(f.Rows)) + 4 }

// toGrid is the merged cell that cell i begins in, rounded up at the end.
func (f *frame) toGrid(i int) int {
	if !f.merge {
		return i
	}
	return (i*f.grid + f.n - 1) / f.n
}

func (f *frame) at(i int) int { return i * f.grid / f.n }

// col and row are the coordinates of merged cells.
func (f *frame) col(k int) float64 {
	x := f.cell * float64(k)
	if k >= f.at(f.Known) {
		x += f.gap
	}
	return x
}
func (f *frame) row(k int) float64 { return f.cell * float64(k) }

func (f *frame) draw(d *drawing) {
	d.print(`<g transform="translate(%s %s)">`+"\n", num(f.x), num(f.y))
	d.text(0, 12, `font-size="13" font-weight="600" fill="#1f2933"`, f.Title)
	d.text(0, 27, `font-size="11.5" fill="#66717f"`, f.Note)
	d.print(`<g transform="translate(%s %s)">`+"\n", num(f.left), num(f.top))
	f.background(d)
	f.blocks(d)
	f.entries(d)
	f.edges(d)
	d.print("</g>\n</g>\n")
}

func (f *frame) background(d *drawing) {
	h := f.row(f.toGrid(f.Rows))
	known := f.at(f.Known)
	if f.Known > 0 {
		w := f.cell * float64(max(known, 1))
		d.print(`<rect width="%s" height="%s" fill="#eef8f4" stroke="#cfe9df"/>`+"\n", num(w), num(h))
	}
	x := f.col(known)
	w := f.cell*float64(f.toGrid(f.Cols)) + f.gap - x
	if w > 0 {
		d.print(`<rect x="%s" width="%s" height="%s" fill="#f7f9fb" stroke="#e1e6ec"/>`+"\n", num(x), num(w), num(h))
	}
	if f.merge || f.cell < 6 {
		return
	}
	var b strings.Builder
	for i := 1; i < f.Rows; i++ {
		fmt.Fprintf(&b, "M0 %sH%s", num(f.row(i)), num(x+w))
	}
	for j := 1; j < f.Cols; j++ {
		if j != f.Known {
			fmt.Fprintf(&b, "M%s 0V%s", num(f.col(j)), num(h))
		}
	}
	d.print(`<path d="%s" stroke="#fff" fill="none"/>`+"\n", b.String())
}

// blocks shades the diagonal. Explicit ones are one shape; of the others the largest tell
// their names.
func (f *frame) blocks(d *drawing) {
	var single strings.Builder
	var coupled []*IncidenceBlock
	last := -1
	for i := range f.Blocks {
		b := &f.Blocks[i]
		if b.Kind != ExplicitBlock {
			coupled = append(coupled, b)
			continue
		}
		if k := f.at(b.Row); !f.merge || k != last {
			fmt.Fprintf(&single, "M%s %sh%[3]sv%[3]sh-%[3]sz", num(f.col(f.at(b.Col))), num(f.row(k)), num(f.cell*float64(max(b.Size*f.grid/f.n, 1))))
			last = k
		}
	}
	if single.Len() > 0 {
		d.print(`<path d="%s" fill="%s"/>`+"\n", single.String(), blockFill[ExplicitBlock])
	}
	order := slices.Clone(coupled)
	slices.SortStableFunc(order, func(a, b *IncidenceBlock) int { return b.Size - a.Size })
	named := map[*IncidenceBlock]bool{}
	for _, b := range order[:min(len(order), blockHover)] {
		named[b] = true
	}
	var rest [blockKinds]strings.Builder
	for _, b := range coupled {
		r, c := f.row(f.at(b.Row)), f.col(f.at(b.Col))
		side := max(f.cell*float64(b.Size)*float64(f.grid)/float64(f.n), f.cell)
		if !named[b] {
			fmt.Fprintf(&rest[b.Kind], "M%s %sh%[3]sv%[3]sh-%[3]sz", num(c), num(r), num(side))
			continue
		}
		d.print(`<g><title>%s</title><rect class="b" x="%s" y="%s" width="%s" height="%s" fill="%s" stroke="%s"/>`, html.EscapeString(b.Name), num(c), num(r), num(side), num(side), blockFill[b.Kind], blockLine[b.Kind])
		if t := side * float64(b.Border) / float64(b.Size); b.Border < b.Size && t >= 0.5 {
			d.print(`<path d="M%s %sh%sv%sH%sv-%sh%sz" fill="%s" fill-opacity=".28"/>`, num(c+side-t), num(r), num(t), num(side), num(c), num(t), num(side-t), blockLine[b.Kind])
		}
		d.print("</g>\n")
	}
	for k := range rest {
		if rest[k].Len() > 0 {
			d.print(`<path d="%s" fill="%s" stroke="%s"/>`+"\n", rest[k].String(), blockFill[k], blockLine[k])
		}
	}
}

// entries draws each entry by itself while they are few, else runs of equally full
// merged cells.
func (f *frame) entries(d *drawing) {
	if !f.merge && len(f.Entries) <= hoverMost {
		side := max(f.cell*0.68, 1)
		o := (f.cell - side) / 2
		for _, e := range f.Entries {
			name, _ := f.Row(int(e.Row))
			unknown, _ := f.Col(int(e.Col))
			if e.Derivative {
				unknown = "der(" + unknown + ")"
			}
			d.print(`<rect class="e" x="%s" y="%s" width="%[3]s" height="%[3]s" rx="%s" fill="%s"><title>%s</title></rect>`+"\n",
				num(f.col(int(e.Col))+o), num(f.row(int(e.Row))+o), num(side), num(min(side/5, 3)), f.fill(e), html.EscapeString(unknown+"\nin "+name))
		}
		return
	}
	// Count by merged cell, derivatives and states apart.
	count := map[[3]int]int{}
	most := 1
	for _, e := range f.Entries {
		k := [3]int{f.at(int(e.Row)), f.at(int(e.Col)), 0}
		switch {
		case e.Derivative:
			k[2] = 1
		case int(e.Col) < f.Known:
			k[2] = 2
		}
		count[k]++
		most = max(most, count[k])
	}
	keys := make([][3]int, 0, len(count))
	for k := range count {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b [3]int) int {
		for i := range a {
			j := []int{2, 0, 1}[i]
			if a[j] != b[j] {
				return a[j] - b[j]
			}
		}
		return 0
	})
	const levels = 4
	level := func(n int) int {
		if most == 1 {
			return levels - 1
		}
		return min(int(float64(levels)*math.Log(float64(n)+0.5)/math.Log(float64(most)+0.5)), levels-1)
	}
	var paths [3][levels]strings.Builder
	for i := 0; i < len(keys); {
		k := keys[i]
		l := level(count[k])
		run := 1
		for i+run < len(keys) && keys[i+run] == [3]int{k[0], k[1] + run, k[2]} && level(count[keys[i+run]]) == l {
			run++
		}
		i += run
		fmt.Fprintf(&paths[k[2]][l], "M%d %dh%d", k[1], k[0], run)
	}
	// Strokes on the grid of merged cells keep the text short.
	for kind, fill := range []string{entryFill, derivativeFill, stateFill} {
		for l := range levels {
			if paths[kind][l].Len() > 0 {
				shift := f.col(f.at(f.Known)) - f.cell*float64(f.at(f.Known))
				if kind == 2 {
					shift = 0
				}
				d.print(`<path transform="translate(%s %s) scale(%.5g)" d="%s" stroke="%s" stroke-opacity="%s"/>`+"\n", num(shift), num(f.cell/2), f.cell, paths[kind][l].String(), fill, num(0.4+0.6*float64(l+1)/levels))
			}
		}
	}
}

func (f *frame) fill(e IncidenceEntry) string {
	switch {
	case e.Derivative:
		return derivativeFill
	case int(e.Col) < f.Known:
		return stateFill
	case int(e.Row) == int(e.Col)-f.Known && len(f.Blocks) > 0:
		return diagonalFill
	}
	return entryFill
}

// edges draws marks and names, and strips at the edges that tell names where there is no
// room for them.
func (f *frame) edges(d *drawing) {
	f.signs(d, f.ColMark, f.Cols, false)
	f.signs(d, f.RowMark, f.Rows, true)
	switch {
	case f.names:
		for i := range f.Rows {
			name, s := f.Row(i)
			d.print(`<text x="-13" y="%s" font-size="%s" text-anchor="end" fill="#3e4c59">%s<title>%s</title></text>`+"\n", num(f.row(i)+f.cell/2+3.4), num(min(10.5, f.cell*0.8)), html.EscapeString(cut(s, 26)), html.EscapeString(name))
		}
		for j := range f.Cols {
			name, s := f.Col(j)
			d.print(`<text transform="translate(%s -13) rotate(-60)" font-size="%s" fill="#3e4c59">%s<title>%s</title></text>`+"\n", num(f.col(j)+f.cell/2+3), num(min(10.5, f.cell*0.8)), html.EscapeString(cut(s, 26)), html.EscapeString(name))
		}
	default:
		f.strip(d, f.Cols, f.Col, false)
		f.strip(d, f.Rows, f.Row, true)
	}
}

func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

func (f *frame) signs(d *drawing, list map[int]Mark, n int, row bool) {
	var paths [marks]strings.Builder
	last := [marks]int{}
	for k := range last {
		last[k] = -1
	}
	for i := range n {
		k := list[i]
		if k == NoMark || last[k] == f.at(i) {
			continue
		}
		if k == EliminatedMark && f.merge {
			// A merged cell is gone where most of it is.
			gone, all := 0, 0
			for j := i; j < n && f.at(j) == f.at(i); j++ {
				if all++; list[j] == k {
					gone++
				}
			}
			if 2*gone < all {
				continue
			}
		}
		last[k] = f.at(i)
		if row {
			paths[k].WriteString(k.path(-10, f.row(f.at(i))+f.cell/2, f.cell, true))
		} else {
			paths[k].WriteString(k.path(f.col(f.at(i))+f.cell/2, -10, f.cell, false))
		}
	}
	for k := range paths {
		if paths[k].Len() > 0 {
			d.print(`<path d="%s" %s/>`+"\n", paths[k].String(), Mark(k).style(f.cell))
		}
	}
}

// strip lets the pointer read the names of merged rows or columns beside the matrix.
func (f *frame) strip(d *drawing, n int, name func(i int) (string, string), row bool) {
	cells := f.toGrid(n)
	group := 1
	for cells/group > stripMost {
		group++
	}
	for k := 0; k < cells; k += group {
		// The cells of this strip.
		lo, hi := n, -1
		if !f.merge {
			lo, hi = k, min(k+group, n)-1
		} else {
			lo = (k*f.n + f.grid - 1) / f.grid
			hi = min(((k+group)*f.n+f.grid-1)/f.grid, n) - 1
		}
		if lo > hi {
			continue
		}
		first, _ := name(lo)
		text := first
		if hi > lo {
			end, _ := name(hi)
			text = fmt.Sprintf("%d to %d: %s … %s", lo+1, hi+1, cut(first, 100), cut(end, 100))
		}
		x, y, w, h := f.col(k), -12.0, f.cell*float64(group), 11.0
		if row {
			x, y, w, h = -12, f.row(k), 11, f.cell*float64(group)
		}
		d.print(`<rect class="h" x="%s" y="%s" width="%s" height="%s" fill="#3e4c59" fill-opacity="0"><title>%s</title></rect>`+"\n", num(x), num(y), num(w), num(h), html.EscapeString(text))
	}
}
