package plot

import (
	"bufio"
	"fmt"
	"html"
	"io"
)

// Incidence is a square matrix of equations (rows) and unknowns (columns) in the order
// of a block triangular form.
type Incidence struct {
	Title      string
	Rows, Cols []string // descriptions
	Blocks     []int    // sizes of the diagonal blocks, in order
	Entries    [][2]int // (row, column)
}

const (
	side     = 720 // of the matrix, in pixels
	maxCells = 720 // cells beyond that many are merged
)

// WriteSVG draws the matrix: entries as squares, diagonal blocks shaded. Where a cell
// would be smaller than a pixel, neighbouring ones are merged. A pointer that rests on
// an entry of a small matrix shows the equation and the unknown.
func (m *Incidence) WriteSVG(dst io.Writer) error {
	w := bufio.NewWriter(dst)
	n := max(len(m.Rows), len(m.Cols), 1)
	cells := min(n, maxCells)
	cell := float64(side) / float64(cells)
	cell = min(cell, 28)
	width := cell * float64(cells)
	at := func(i int) float64 { return width * float64(i) / float64(n) }
	const left, top = 20, 56
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.4g %.4g" width="%.4g" height="%.4g" font-family="sans-serif">`+"\n",
		max(width, 320)+2*left, width+top+left, max(width, 320)+2*left, width+top+left)
	fmt.Fprintf(w, `<rect width="100%%" height="100%%" fill="#fff"/>`+"\n")
	fmt.Fprintf(w, `<text x="%d" y="24" font-size="15" fill="#262626">%s</text>`+"\n", left, html.EscapeString(m.Title))
	fmt.Fprintf(w, `<text x="%d" y="42" font-size="11" fill="#666">%d equations by %d unknowns, %d incidences, %d blocks</text>`+"\n",
		left, len(m.Rows), len(m.Cols), len(m.Entries), len(m.Blocks))
	fmt.Fprintf(w, `<g transform="translate(%d %d)">`+"\n", left, top)
	fmt.Fprintf(w, `<rect width="%.5g" height="%.5g" fill="#fafafa" stroke="#ddd"/>`+"\n", width, width)
	first := 0
	for _, b := range m.Blocks {
		if b > 1 || n <= maxCells {
			fill := "#eee"
			if b > 1 {
				fill = "#fbe3c0"
			}
			fmt.Fprintf(w, `<rect x="%.5g" y="%.5g" width="%.5g" height="%.5g" fill="%s"/>`+"\n", at(first), at(first), at(b), at(b), fill)
		}
		first += b
	}
	drawn := map[[2]int]bool{}
	for _, e := range m.Entries {
		q := [2]int{e[0] * cells / n, e[1] * cells / n}
		if drawn[q] {
			continue
		}
		drawn[q] = true
		size := max(0.8*cell, 0.7)
		fill := "#0072b2"
		if e[0] == e[1] {
			fill = "#d55e00"
		}
		fmt.Fprintf(w, `<rect x="%.5g" y="%.5g" width="%.4g" height="%.4g" fill="%s"`, cell*float64(q[1])+0.1*cell, cell*float64(q[0])+0.1*cell, size, size, fill)
		if n <= 200 {
			fmt.Fprintf(w, `><title>%s in %s</title></rect>`+"\n", html.EscapeString(m.Cols[e[1]]), html.EscapeString(m.Rows[e[0]]))
		} else {
			fmt.Fprint(w, "/>\n")
		}
	}
	fmt.Fprint(w, "</g>\n</svg>\n")
	return w.Flush()
}
