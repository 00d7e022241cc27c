// Package plot draws the table of a run as SVG or PNG, so that it can be read
// without any option, frequency responses as Bode diagrams, and work-precision diagrams.
//
// In: a trace.Table, curves over the frequency, or times over errors. Out: a figure of panels above one another that share the time
// axis, one for each unit and magnitude. Equal tables give equal bytes.
package plot

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/mtkc/mtkc/runtime/trace"
)

// Figure is a table laid out in panels.
type Figure struct {
	Title string
	Notes []string // what was left out, and how to see it

	table     *trace.Table
	panels    []panel
	log       bool
	units     bool   // some variable has a unit, so the model counts time in seconds
	axis      string // what the horizontal axis shows, "": the time
	scattered bool   // every row belongs to one column, NaN in the others: points with lines between
}

// Limits of what one figure shows; a reader cannot tell more lines apart.
const (
	maxPanels = 6
	maxTraces = 8
)

// New lays out the columns of a table.
func New(t *trace.Table, title string) (*Figure, error) {
	if len(t.Columns) == 0 {
		return nil, errors.New("there is no variable to plot")
	}
	if len(t.Times) == 0 {
		return nil, errors.New("there is no time to plot")
	}
	f := &Figure{Title: title, table: t}
	for i := range t.Columns {
		f.units = f.units || t.Columns[i].Unit != ""
	}
	f.panels = f.layout()
	f.log = wantsLogTime(t.Times)
	return f, nil
}

// Format returns the format of a file name, "svg" or "png", or an error that names
// both.
func Format(file string) (string, error) {
	switch ext := strings.ToLower(filepath.Ext(file)); ext {
	case ".svg", ".png":
		return ext[1:], nil
	case "":
		return "", fmt.Errorf("%s does not say its format: end it in .svg or .png", file)
	default:
		return "", fmt.Errorf("plots are written as .svg or .png, not as %s", ext)
	}
}

// Write draws the figure in a format, "svg" or "png" (at 192 dots per inch).
func (f *Figure) Write(w io.Writer, format string) error {
	width, height := f.size()
	switch format {
	case "svg":
		c := vgsvg.New(width, height)
		f.draw(draw.New(c))
		_, err := c.WriteTo(w)
		return err
	case "png":
		c := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(192))}
		f.draw(draw.New(c))
		_, err := c.WriteTo(w)
		return err
	}
	return fmt.Errorf("there is no plot format %q; there are svg and png", format)
}

// size of the whole figure.
func (f *Figure) size() (w, h vg.Length) {
	each := 3.4 * vg.Inch
	switch n := len(f.panels); {
	case n == 2:
		each = 2.4 * vg.Inch
	case n > 2:
		each = 1.9 * vg.Inch
	}
	return 8 * vg.Inch, 0.9*vg.Inch + each*vg.Length(len(f.panels))
}

// fonts is the sans-serif family that ships with gonum/plot, so that a figure looks
// the same on every machine.
var fonts = font.NewCache(liberation.Collection())

// typeface returns the font of that size.
func typeface(size vg.Length) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
}
