// Package diag holds what the compiler tells its user: diagnostics with a position,
// a stable code, a text in the names of the model, and the next step to try.
//
// In: findings of any stage. Out: a sorted, printable List that is also an error.
package diag

import (
	"fmt"
	"slices"
	"strings"
)

// Pos is a source position. Line and Col count from 1; 0 means unknown.
type Pos struct {
	File      string
	Line, Col int
}

// String prints file:line:col without the parts that are unknown.
func (p Pos) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Col == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// IsZero reports whether nothing is known.
func (p Pos) IsZero() bool { return p == Pos{} }

// Note is a second place or a fact that belongs to a diagnostic.
type Note struct {
	Pos  Pos
	Text string
}

// Diagnostic is one finding.
type Diagnostic struct {
	Pos     Pos
	Code    string // "E204", "W101"; W codes are warnings
	Message string
	Notes   []Note
	Next    string // the next step to try, "" if the message says it
}

// Warning reports whether the diagnostic does not stop the compilation.
func (d *Diagnostic) Warning() bool { return strings.HasPrefix(d.Code, "W") }

// String prints the diagnostic in the form of the Go tools, notes and next step
// indented on lines of their own.
func (d *Diagnostic) String() string {
	var b strings.Builder
	if s := d.Pos.String(); s != "" {
		b.WriteString(s + ": ")
	}
	b.WriteString(d.Code + ": " + d.Message)
	for _, n := range d.Notes {
		b.WriteString("\n    ")
		if s := n.Pos.String(); s != "" {
			b.WriteString(s + ": ")
		}
		b.WriteString(n.Text)
	}
	if d.Next != "" {
		b.WriteString("\n    " + d.Next)
	}
	return b.String()
}

// List is a list of diagnostics. A List with an error in it is an error value; see Err.
type List []Diagnostic

// Add appends a finding.
func (l *List) Add(pos Pos, code, next, format string, args ...any) *Diagnostic {
	*l = append(*l, Diagnostic{Pos: pos, Code: code, Message: fmt.Sprintf(format, args...), Next: next})
	return &(*l)[len(*l)-1]
}

// Errors is the number of findings that are not warnings.
func (l List) Errors() int {
	n := 0
	for i := range l {
		if !l[i].Warning() {
			n++
		}
	}
	return n
}

// Err returns the list as an error if it holds an error, else nil.
func (l List) Err() error {
	if l.Errors() == 0 {
		return nil
	}
	return l
}

// Error prints all findings, one block each.
func (l List) Error() string {
	s := make([]string, len(l))
	for i := range l {
		s[i] = l[i].String()
	}
	return strings.Join(s, "\n")
}

// Sort orders by file, line, column, code and keeps the order of equal ones.
func (l List) Sort() {
	slices.SortStableFunc(l, func(a, b Diagnostic) int {
		if c := strings.Compare(a.Pos.File, b.Pos.File); c != 0 {
			return c
		}
		if a.Pos.Line != b.Pos.Line {
			return a.Pos.Line - b.Pos.Line
		}
		if a.Pos.Col != b.Pos.Col {
			return a.Pos.Col - b.Pos.Col
		}
		return strings.Compare(a.Code, b.Code)
	})
}

// New returns a list with one finding.
func New(pos Pos, code, next, format string, args ...any) List {
	var l List
	l.Add(pos, code, next, format, args...)
	return l
}
