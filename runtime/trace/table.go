package trace

import (
	"bufio"
	"io"
	"strconv"
	"strings"

	"github.com/mtkc/mtkc/runtime/ode"
)

// Table holds chosen variables over time.
type Table struct {
	Times   []float64
	Columns []Column
}

// Column is one variable of a table, a value for each time.
type Column struct {
	Name, Unit, Desc string
	Discrete         bool // changes at events only
	Values           []float64
}

// New records the named variables at the saved points of a solution.
func New(sol *ode.Solution, names []string) (*Table, error) {
	t := &Table{Times: sol.Times}
	vals, err := sol.Table(names)
	if err != nil {
		return nil, err
	}
	p := sol.Problem
	at := make(map[string]int, len(p.Observables))
	for i := range p.Observables {
		at[p.Observables[i].Name] = i
	}
	memory := len(p.Params)
	for k, name := range names {
		c := Column{Name: name, Values: vals[k]}
		if i, ok := at[name]; ok {
			o := &p.Observables[i]
			c.Unit, c.Desc = o.Unit, o.Desc
			c.Discrete = o.Kind == ode.Parameter && o.Index >= memory
		}
		t.Columns = append(t.Columns, c)
	}
	return t, nil
}

// WriteCSV writes a header t,name,... and one row for each time, numbers in the
// shortest form that reads back to the same value. Names with a comma or a quote are
// quoted (RFC 4180).
func (t *Table) WriteCSV(w io.Writer) error {
	b := bufio.NewWriterSize(w, 1<<16)
	b.WriteString("t")
	for i := range t.Columns {
		b.WriteByte(',')
		b.WriteString(quoted(t.Columns[i].Name))
	}
	b.WriteByte('\n')
	var buf []byte
	for i, at := range t.Times {
		buf = strconv.AppendFloat(buf[:0], at, 'g', -1, 64)
		for k := range t.Columns {
			buf = append(buf, ',')
			buf = strconv.AppendFloat(buf, t.Columns[k].Values[i]+0, 'g', -1, 64)
		}
		buf = append(buf, '\n')
		b.Write(buf)
	}
	return b.Flush()
}

func quoted(name string) string {
	if strings.ContainsAny(name, ",\"\r\n") {
		return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	}
	return name
}
