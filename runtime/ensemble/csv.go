package ensemble

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"

	"strconv"
	"strings"
)

// CSV is a source of trajectories from a table: a header with names, as in ode.Options.Set, then a row for
// each trajectory (RFC 4180). Rows are read when they are needed. A column with the name Ends sets the end of the trajectory.
// Lines that begin with # are comments.
type CSV struct {
	r       *csv.Reader
	header  []string
	columns []Column
	places  [][2]int // line and column of each of columns in the header
	end     int      // column of the ends, -1: none
	err     error

	// Check says why a value cannot be that of a column (of Columns), and what to write; "": it can. Nil: every number can.
	Check func(column int, v float64) (what, next string)
}

// TableError says what is wrong with a table, and where. Lines and columns count from 1, columns in bytes.
type TableError struct {
	Kind         TableFault
	Line, Column int
	Name         string // of the column, "" where there is none
	Text         string // the cell, or what is wrong
	Next         string // with Misfit: what to write
}

// TableFault is a way in which a table can be wrong.
type TableFault uint8

const (
	BadSyntax  TableFault = iota // not a table as of RFC 4180
	NoHeader                     // the table is empty, or a name is
	TwoColumns                   // two columns have one name
	WrongCells                   // a row has more or fewer cells than the header
	NotNumber                    // a cell is not a number
	Unbounded                    // a number is not finite
	Misfit                       // CSV.Check refuses a number
)

func (e *TableError) Error() string {
	s := fmt.Sprintf("line %d, column %d: ", e.Line, e.Column)
	switch e.Kind {
	case NoHeader:
		return s + "there is no header: the first line names the columns"
	case TwoColumns:
		return s + fmt.Sprintf("two columns are named %q", e.Name)
	case WrongCells:
		return s + e.Text
	case NotNumber:
		return s + fmt.Sprintf("%q is not a number, for %s", e.Text, e.Name)
	case Misfit:
		return s + e.Name + ": " + e.Text
	case Unbounded:
		return s + fmt.Sprintf("%s cannot be %s", e.Name, e.Text)
	}
	return s + e.Text
}

// Ends is the name of the column that holds the ends of trajectories.
const Ends = "t_end"

// NewCSV reads the header of a table. The error is a *TableError, or one of r.
func NewCSV(r io.Reader) (*CSV, error) {
	c := &CSV{r: csv.NewReader(r), end: -1}
	c.r.ReuseRecord = true
	c.r.TrimLeadingSpace = true
	c.r.FieldsPerRecord = -1
	c.r.Comment = '#'
	header, err := c.r.Read()
	switch {
	case err == io.EOF:
		return nil, &TableError{Kind: NoHeader, Line: 1, Column: 1}
	case err != nil:
		return nil, c.fault(err)
	}
	for i, name := range header {
		if i == 0 {
			name = strings.TrimPrefix(name, "\ufeff")
		}
		name = strings.TrimSpace(name)
		line, column := c.r.FieldPos(i)
		if name == "" {
			return nil, &TableError{Kind: NoHeader, Line: line, Column: column}
		}
		for _, other := range c.header {
			if other == name {
				return nil, &TableError{Kind: TwoColumns, Line: line, Column: column, Name: name}
			}
		}
		c.header = append(c.header, name)
		if name == Ends {
			c.end = i
		} else {
			c.columns = append(c.columns, Column{Name: name})
			c.places = append(c.places, [2]int{line, column})
		}
	}
	return c, nil
}

// Columns are the names of the header, without that of the ends.
func (c *CSV) Columns() []Column { return c.columns }

// Place is where the name of column i stands.
func (c *CSV) Place(i int) (line, column int) { return c.places[i][0], c.places[i][1] }

// fault is what is wrong with the text of the table.
func (c *CSV) fault(err error) error {
	if e := (*csv.ParseError)(nil); errors.As(err, &e) {
		return &TableError{Kind: BadSyntax, Line: e.Line, Column: max(1, e.Column), Text: e.Err.Error()}
	}
	return err
}

// row reads the next row.
func (c *CSV) row() ([]string, error) {
	row, err := c.r.Read()
	switch {
	case err == io.EOF:
		return nil, err
	case err != nil:
		return nil, c.fault(err)
	case len(row) != len(c.header):
		line, column := c.r.FieldPos(len(row) - 1)
		what := "is"
		if len(row) != 1 {
			what = "are"
		}
		return nil, &TableError{Kind: WrongCells, Line: line, Column: column, Text: fmt.Sprintf("there %s %d of %d cells", what, len(row), len(c.header))}
	}
	return row, nil
}

// Read reads the next rows. Spaces around a number do not count.
func (c *CSV) Read(dst []Setup) (int, error) {
	for k := range dst {
		if c.err != nil {
			return k, c.err
		}
		row, err := c.row()
		if err == nil {
			err = c.set(&dst[k], row)
		}
		if err != nil {
			c.err = err
			return k, err
		}
	}
	return len(dst), nil
}

// set takes the numbers of a row.
func (c *CSV) set(s *Setup, row []string) error {
	at := 0
	for i, cell := range row {
		cell = strings.TrimSpace(cell)
		v, err := strconv.ParseFloat(cell, 64)
		if kind := NotNumber; err != nil || v-v != 0 {
			if err == nil || errors.Is(err, strconv.ErrRange) {
				kind = Unbounded
			}
			line, column := c.r.FieldPos(i)
			return &TableError{Kind: kind, Line: line, Column: column, Name: c.header[i], Text: cell}
		}
		if i == c.end {
			s.End = v
			continue
		}
		if c.Check != nil {
			if what, next := c.Check(at, v); what != "" {
				line, column := c.r.FieldPos(i)
				return &TableError{Kind: Misfit, Line: line, Column: column, Name: c.header[i], Text: cell + ": " + what, Next: next}
			}
		}
		s.Values[at] = v
		at++
	}
	return nil
}

// Skip passes over n rows without looking at their numbers.
func (c *CSV) Skip(n int64) error {
	for ; n > 0; n-- {
		if _, err := c.row(); err == io.EOF {
			return fmt.Errorf("the table ends %d rows too early", n)
		} else if err != nil {
			return err
		}
	}
	return nil
}
