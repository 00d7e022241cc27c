package mtkc

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/cmplx"
	"strconv"
	"strings"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/runtime/lti"
)

// This file writes linearizations, for people and for other programs.

// Title says what was linearized and where.
func (l *Linearization) Title() string {
	s := l.sys.Name
	if l.Of != "" {
		s = l.Of + " of " + s + " at " + l.Inputs[0]
	} else {
		s += " linearized"
	}
	s += fmt.Sprintf(", t = %v", l.T)
	if l.opt.Steady {
		s += ", steady state"
	}
	if len(l.opt.Open) > 0 {
		s += ", open at " + strings.Join(l.opt.Open, ", ")
	}
	return s
}

// maxRoots is the number of states up to which reports hold poles and zeros, which take
// time in proportion to its cube.
const maxRoots = 400

// WriteReport writes operating point, matrices, poles, zeros and transfer functions for
// people; symbolic adds the matrices as terms. Matrices of more than 12 states and
// transfer functions of order above 12 are left to WriteJSON and WriteScript.
func (l *Linearization) WriteReport(dst io.Writer, symbolic bool) error {
	w := bufio.NewWriter(dst)
	fmt.Fprintf(w, "%s\n", l.Title())
	unit := func(name string) string {
		if i := findVariable(l.sys, name); i >= 0 && l.sys.Vars[i].Unit != "" {
			return " " + l.sys.Vars[i].Unit
		}
		return ""
	}
	list := func(title string, names []string, values []float64, rest func(i int) string) {
		if len(names) == 0 {
			return
		}
		fmt.Fprintf(w, "\n%s\n", title)
		width := longest(names)
		for i, n := range names {
			if i == 40 {
				fmt.Fprintf(w, "    ... and %d more\n", len(names)-i)
				break
			}
			fmt.Fprintf(w, "    %-*s  %.6g%s%s\n", width, n, values[i], unit(n), rest(i))
		}
	}
	none := func(int) string { return "" }
	list("states", l.States, l.X0, func(i int) string {
		if math.Abs(l.Drift[i]) > 1e-7*max(math.Abs(l.X0[i]), 1e-3) {
			return fmt.Sprintf("    changes by %.6g in a unit of time", l.Drift[i])
		}
		return ""
	})
	if len(l.Dependent) > 0 {
		fmt.Fprintf(w, "    given by these and the constraints: %s\n", strings.Join(l.Dependent, ", "))
	}
	if l.Of == "" {
		list("inputs", l.Inputs, l.U0, none)
		list("outputs", l.Outputs, l.Y0, none)
	}
	const most = 12
	if n := l.N(); n <= most {
		for _, m := range l.matrices() {
			matrixText(w, m.name, m.rows, m.cols, m.value)
		}
	} else {
		fmt.Fprintf(w, "\nmatrices with %d states: see -o\n", n)
	}
	if symbolic {
		if err := l.writeTerms(w); err != nil {
			return err
		}
	}
	roots := func(title string, v []complex128) {
		fmt.Fprintf(w, "\n%s\n", title)
		if len(v) == 0 {
			fmt.Fprintf(w, "    none\n")
		}
		for i, z := range v {
			switch {
			case i == 40:
				fmt.Fprintf(w, "    ... and %d more\n", len(v)-i)
				return
			case imag(z) > 0 && cmplx.Abs(z) > 0:
				fmt.Fprintf(w, "    %s    frequency %.6g, damping %.4g\n", rootText(z), cmplx.Abs(z), -real(z)/cmplx.Abs(z))
			case imag(z) == 0:
				fmt.Fprintf(w, "    %s\n", rootText(z))
			}
		}
	}
	if l.N() > maxRoots {
		fmt.Fprintf(w, "\npoles, zeros and transfer functions of more than %d states are left out\n", maxRoots)
		return w.Flush()
	}
	roots("poles", l.Poles())
	if l.M() > 0 && l.P() > 0 {
		if z, err := l.Zeros(); err == nil {
			roots("zeros", z)
		} else {
			fmt.Fprintf(w, "\nzeros\n    undefined: %v\n", err)
		}
		fmt.Fprintf(w, "\ntransfer functions\n")
		for i := range l.P() {
			for j := range l.M() {
				t := l.TransferFunction(i, j)
				text := t.String()
				if len(t.Poles) > most {
					text = fmt.Sprintf("gain %.6g, %d zeros, %d poles", t.Gain, len(t.Zeros), len(t.Poles))
				}
				if l.Of != "" {
					fmt.Fprintf(w, "    %s\n", text)
				} else {
					fmt.Fprintf(w, "    %s / %s = %s\n", l.Outputs[i], l.Inputs[j], text)
				}
			}
		}
	}
	if l.Of == measures[0].name {
		m := l.Margins()
		fmt.Fprintf(w, "\nmargins of negative feedback\n")
		margin := func(name string, v, at float64, text string) {
			if math.IsInf(v, 0) {
				fmt.Fprintf(w, "    %-16s none\n", name)
				return
			}
			fmt.Fprintf(w, "    %-16s %s at %.6g rad/s\n", name, text, at)
		}
		margin("gain", m.Gain, m.WGain, fmt.Sprintf("%.6g (%.4g dB)", m.Gain, 20*math.Log10(m.Gain)))
		margin("phase", m.Phase, m.WPhase, fmt.Sprintf("%.6g degrees", m.Phase))
		margin("delay", m.Delay, m.WPhase, fmt.Sprintf("%.6g s", m.Delay))
		margin("peak of |S|", m.Peak, m.WPeak, fmt.Sprintf("%.6g", m.Peak))
	}
	return w.Flush()
}

func longest(names []string) int {
	n := 0
	for _, s := range names {
		n = max(n, len([]rune(s)))
	}
	return min(n, 40)
}

func rootText(z complex128) string {
	if imag(z) == 0 {
		return fmt.Sprintf("%.6g", real(z))
	}
	return fmt.Sprintf("%.6g ± %.6gi", real(z), math.Abs(imag(z)))
}

// named is a matrix with the names of its rows and columns.
type named struct {
	name       string
	rows, cols []string
	value      lti.Matrix
}

func (l *Linearization) matrices() []named {
	derivatives := make([]string, l.N())
	for i, s := range l.States {
		derivatives[i] = "der(" + s + ")"
	}
	list := []named{
		{"A", derivatives, l.States, l.A}, {"B", derivatives, l.Inputs, l.B},
		{"C", l.Outputs, l.States, l.C}, {"D", l.Outputs, l.Inputs, l.D},
	}
	for i, m := range l.Improper {
		list = append(list, named{fmt.Sprintf("D%d", i+1), l.Outputs, wrap(l.Inputs, i+1), m})
	}
	for i, m := range l.Shift {
		list = append(list, named{fmt.Sprintf("E%d", i), l.States, wrap(l.Inputs, i), m})
	}
	return list
}

// wrap names derivatives of that order.
func wrap(names []string, order int) []string {
	out := make([]string, len(names))
	for i, s := range names {
		out[i] = strings.Repeat("der(", order) + s + strings.Repeat(")", order)
	}
	return out
}

func matrixText(w io.Writer, name string, rows, cols []string, m lti.Matrix) {
	if m.Rows == 0 || m.Cols == 0 {
		return
	}
	cell := make([][]string, m.Rows)
	width := make([]int, m.Cols)
	for j, c := range cols {
		width[j] = len([]rune(c))
	}
	for i := range cell {
		cell[i] = make([]string, m.Cols)
		for j := range m.Cols {
			cell[i][j] = strconv.FormatFloat(m.At(i, j), 'g', 6, 64)
			width[j] = max(width[j], len(cell[i][j]))
		}
	}
	left := max(longest(rows), len(name))
	fmt.Fprintf(w, "\n%-*s", left+4, name)
	for j, c := range cols {
		fmt.Fprintf(w, "  %*s", width[j], c)
	}
	fmt.Fprintln(w)
	for i := range cell {
		fmt.Fprintf(w, "    %-*s", left, rows[i])
		for j, c := range cell[i] {
			fmt.Fprintf(w, "  %*s", width[j], c)
		}
		fmt.Fprintln(w)
	}
}

// writeTerms lists the entries of the matrices that are not zero, as terms.
func (l *Linearization) writeTerms(w io.Writer) error {
	t, err := l.Terms()
	if err != nil {
		_, err = fmt.Fprintf(w, "\nno symbolic matrices: %v\n", err)
		return err
	}
	opt := expr.TextOptions{Symbol: t.Pool.Name, Limit: 2000}
	write := func(name string, m [][]expr.ID) {
		for i := range m {
			for j, e := range m[i] {
				if e != expr.Zero {
					fmt.Fprintf(w, "    %s[%d,%d] = %s\n", name, i+1, j+1, t.Pool.Text(e, opt))
				}
			}
		}
	}
	fmt.Fprintf(w, "\nin symbols, entries that are not zero\n")
	write("A", t.A)
	write("B", t.B)
	write("C", t.C)
	write("D", t.D)
	for k, m := range t.Improper {
		write(fmt.Sprintf("D%d", k+1), m)
	}
	for k, m := range t.Shift {
		write(fmt.Sprintf("E%d", k), m)
	}
	return nil
}

// WriteLaTeX writes the matrices in symbols, as LaTeX.
func (l *Linearization) WriteLaTeX(w io.Writer) error {
	t, err := l.Terms()
	if err != nil {
		return err
	}
	b := bufio.NewWriter(w)
	write := func(name string, m [][]expr.ID) {
		if len(m) == 0 || len(m[0]) == 0 {
			return
		}
		fmt.Fprintf(b, "%s &= \\begin{bmatrix}\n", name)
		for i := range m {
			for j, e := range m[i] {
				if j > 0 {
					b.WriteString(" & ")
				}
				b.WriteString(t.Pool.LaTeX(e, expr.LaTeXOptions{Symbol: func(sym expr.ID) string { return latexSignal(t.Pool.Name(sym)) }}))
			}
			b.WriteString(" \\\\\n")
		}
		b.WriteString("\\end{bmatrix} \\\\\n")
	}
	vector := func(name string, names []string) {
		if len(names) == 0 {
			return
		}
		fmt.Fprintf(b, "%s &= \\begin{bmatrix}", name)
		for i, n := range names {
			if i > 0 {
				b.WriteString(" \\\\ ")
			}
			b.WriteString(latexSignal(n))
		}
		b.WriteString("\\end{bmatrix} \\\\\n")
	}
	b.WriteString("\\begin{align*}\n")
	vector("x", l.States)
	write("A", t.A)
	write("B", t.B)
	write("C", t.C)
	write("D", t.D)
	for k, m := range t.Improper {
		write(fmt.Sprintf("D_{%d}", k+1), m)
	}
	for k, m := range t.Shift {
		write(fmt.Sprintf("E_{%d}", k), m)
	}
	b.WriteString("\\end{align*}\n")
	return b.Flush()
}

// latexSignal is the name of a variable, or of a derivative with its dots.
func latexSignal(name string) string {
	order := 0
	for strings.HasPrefix(name, "der(") && strings.HasSuffix(name, ")") {
		name = name[len("der(") : len(name)-1]
		order++
	}
	text := expr.LaTeXName(name)
	switch order {
	case 0:
	case 1:
		text = "\\dot{" + text + "}"
	case 2:
		text = "\\ddot{" + text + "}"
	default:
		text += fmt.Sprintf("^{(%d)}", order)
	}
	return text
}

// linearRecord is a linearization as JSON.
type linearRecord struct {
	T        float64        `json:"t"`
	Of       string         `json:"of,omitempty"`
	Steady   bool           `json:"steady"`
	Open     []string       `json:"open,omitempty"`
	States   []signalRecord `json:"states"`
	Inputs   []signalRecord `json:"inputs"`
	Outputs  []signalRecord `json:"outputs"`
	A        lti.Matrix     `json:"A"`
	B        lti.Matrix     `json:"B"`
	C        lti.Matrix     `json:"C"`
	D        lti.Matrix     `json:"D"`
	Improper []lti.Matrix   `json:"improper,omitempty"`
	Shift    []lti.Matrix   `json:"shift,omitempty"`
	Poles    [][2]float64   `json:"poles"`
	Zeros    [][2]float64   `json:"zeros,omitempty"`
	Transfer []transferJSON `json:"transfer"`
	Margins  *marginsJSON   `json:"margins,omitempty"`
	Symbols  *symbolsJSON   `json:"symbols,omitempty"`
	Warnings []string       `json:"warnings,omitempty"`
}

type signalRecord struct {
	Name  string   `json:"name"`
	Value float64  `json:"value"`
	Drift *float64 `json:"der,omitempty"`
}

type transferJSON struct {
	Output string       `json:"output"`
	Input  string       `json:"input"`
	Gain   *float64     `json:"gain"`
	Zeros  [][2]float64 `json:"zeros"`
	Poles  [][2]float64 `json:"poles"`
	Num    []float64    `json:"num"` // null where coefficients overflow
	Den    []float64    `json:"den"`
}

type marginsJSON struct {
	Gain   *float64 `json:"gain"`
	WGain  *float64 `json:"wgain"`
	Phase  *float64 `json:"phase"`
	WPhase *float64 `json:"wphase"`
	Delay  *float64 `json:"delay"`
	Peak   *float64 `json:"peak"`
	WPeak  *float64 `json:"wpeak"`
}

type symbolsJSON struct {
	A        [][]string   `json:"A"`
	B        [][]string   `json:"B"`
	C        [][]string   `json:"C"`
	D        [][]string   `json:"D"`
	Improper [][][]string `json:"improper,omitempty"`
	Shift    [][][]string `json:"shift,omitempty"`
}

func pairs(v []complex128) [][2]float64 {
	out := make([][2]float64, len(v))
	for i, z := range v {
		out[i] = [2]float64{real(z), imag(z)}
	}
	return out
}

// finite is a number of JSON, null where v is none.
func finite(v float64) *float64 {
	if v-v != 0 {
		return nil
	}
	return &v
}

func (l *Linearization) record(symbolic bool) (*linearRecord, error) {
	r := &linearRecord{
		T: l.T, Of: l.Of, Steady: l.opt.Steady, Open: l.opt.Open,
		States: []signalRecord{}, Inputs: []signalRecord{}, Outputs: []signalRecord{},
		A: l.A, B: l.B, C: l.C, D: l.D, Improper: l.Improper, Shift: l.Shift,
		Transfer: []transferJSON{}, Warnings: l.Warnings,
	}
	for i, n := range l.States {
		r.States = append(r.States, signalRecord{n, l.X0[i], finite(l.Drift[i])})
	}
	for i, n := range l.Inputs {
		r.Inputs = append(r.Inputs, signalRecord{Name: n, Value: l.U0[i]})
	}
	for i, n := range l.Outputs {
		r.Outputs = append(r.Outputs, signalRecord{Name: n, Value: l.Y0[i]})
	}
	if l.N() <= maxRoots {
		r.Poles = pairs(l.Poles())
		if z, err := l.Zeros(); err == nil {
			r.Zeros = pairs(z)
		}
		for i, out := range l.Outputs {
			for j, in := range l.Inputs {
				t := l.TransferFunction(i, j)
				r.Transfer = append(r.Transfer, transferJSON{out, in, finite(t.Gain), pairs(t.Zeros), pairs(t.Poles), t.Num, t.Den})
			}
		}
	}
	if l.Of == measures[0].name {
		m := l.Margins()
		r.Margins = &marginsJSON{finite(m.Gain), finite(m.WGain), finite(m.Phase), finite(m.WPhase), finite(m.Delay), finite(m.Peak), finite(m.WPeak)}
	}
	if symbolic {
		t, err := l.Terms()
		if err != nil {
			return nil, err
		}
		text := func(m [][]expr.ID) [][]string {
			out := make([][]string, len(m))
			for i := range m {
				out[i] = make([]string, len(m[i]))
				for j, e := range m[i] {
					out[i][j] = t.Pool.Text(e, expr.TextOptions{Symbol: t.Pool.Name, Limit: 100000})
				}
			}
			return out
		}
		s := &symbolsJSON{A: text(t.A), B: text(t.B), C: text(t.C), D: text(t.D)}
		for _, m := range t.Improper {
			s.Improper = append(s.Improper, text(m))
		}
		for _, m := range t.Shift {
			s.Shift = append(s.Shift, text(m))
		}
		r.Symbols = s
	}
	return r, nil
}

// WriteLinearJSON writes linearizations of one model as one JSON object with a list
// "points". Complex numbers are pairs.
func WriteLinearJSON(w io.Writer, list []*Linearization, symbolic bool) error {
	object := struct {
		Model  string          `json:"model"`
		Points []*linearRecord `json:"points"`
	}{Points: []*linearRecord{}}
	for _, l := range list {
		object.Model = l.sys.Name
		r, err := l.record(symbolic)
		if err != nil {
			return err
		}
		object.Points = append(object.Points, r)
	}
	text, err := json.Marshal(object)
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// WriteCSV writes the matrix [A B; C D] with the names of rows and columns.
func (l *Linearization) WriteCSV(dst io.Writer) error {
	w := csv.NewWriter(dst)
	_ = w.Write(append(append([]string{""}, l.States...), l.Inputs...))
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	row := func(name string, left, right lti.Matrix, i int) {
		cells := []string{name}
		for j := range left.Cols {
			cells = append(cells, number(left.At(i, j)))
		}
		for j := range right.Cols {
			cells = append(cells, number(right.At(i, j)))
		}
		_ = w.Write(cells)
	}
	for i, n := range l.States {
		row("der("+n+")", l.A, l.B, i)
	}
	for i, n := range l.Outputs {
		row(n, l.C, l.D, i)
	}
	w.Flush()
	return w.Error()
}

// WriteScript writes the system as a program of another language: "m" for MATLAB and
// Octave, "py" for Python with numpy and python-control.
func (l *Linearization) WriteScript(dst io.Writer, language string) error {
	w := bufio.NewWriter(dst)
	comment, open, sep, end := "%", "[", "; ", "];"
	if language == "py" {
		comment, open, sep, end = "#", "np.array([[", "], [", "]])"
	}
	fmt.Fprintf(w, "%s %s\n", comment, l.Title())
	if language == "py" {
		fmt.Fprintf(w, "import control as ct\nimport numpy as np\n\n")
	}
	for _, m := range l.matrices() {
		if m.value.Rows == 0 || m.value.Cols == 0 {
			zeros := fmt.Sprintf("zeros(%d, %d);", m.value.Rows, m.value.Cols)
			if language == "py" {
				zeros = fmt.Sprintf("np.zeros((%d, %d))", m.value.Rows, m.value.Cols)
			}
			fmt.Fprintf(w, "%s = %s\n", m.name, zeros)
			continue
		}
		fmt.Fprintf(w, "%s = %s", m.name, open)
		for i := range m.value.Rows {
			if i > 0 {
				w.WriteString(sep)
			}
			for j := range m.value.Cols {
				if j > 0 {
					w.WriteString(", ")
				}
				w.WriteString(strconv.FormatFloat(m.value.At(i, j), 'g', -1, 64))
			}
		}
		fmt.Fprintf(w, "%s\n", end)
	}
	quoted := func(names []string) string {
		q := make([]string, len(names))
		for i, n := range names {
			q[i] = "'" + strings.ReplaceAll(n, "'", "") + "'"
		}
		return strings.Join(q, ", ")
	}
	if language == "py" {
		fmt.Fprintf(w, "sys = ct.ss(A, B, C, D, states=[%s], inputs=[%s], outputs=[%s])\n", quoted(l.States), quoted(l.Inputs), quoted(l.Outputs))
	} else {
		fmt.Fprintf(w, "%% Octave: pkg load control\nsys = ss(A, B, C, D, 'StateName', {%s}, 'InputName', {%s}, 'OutputName', {%s});\n", quoted(l.States), quoted(l.Inputs), quoted(l.Outputs))
	}
	return w.Flush()
}
