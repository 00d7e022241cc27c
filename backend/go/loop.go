package gogen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mtkc/mtkc/backend"
)

// Loops over instances. What an instance reads and writes is given by tables of indices; where
// those go up in steps, a whole loop or a run of it works on windows of the arrays, so
// that the compiler checks the bounds of each window once and no table is read inside.

// runs divides the instances of a loop into runs in which every table of indices goes up by
// a constant step.
type runs struct {
	first  []int32 // instance that each run starts with, and N
	equal  int     // length of all runs, 0: it differs
	stride []int32 // of each table
}

// leastRun is the mean length of runs from which on two nested loops are faster than tables.
const leastRun = 6

// runsOf divides a loop; nil where it needs no division, or is not worth it.
func runsOf(loop *backend.Step) *runs {
	r := &runs{stride: make([]int32, len(loop.Index))}
	listed := false
	for k := range loop.Index {
		t := &loop.Index[k]
		if r.stride[k] = t.Stride; t.List == nil || loop.N < 2 {
			continue
		}
		listed = true
		// The most frequent difference.
		d := make([]int32, loop.N-1)
		for i := range d {
			d[i] = t.List[i+1] - t.List[i]
		}
		slices.Sort(d)
		best, n := int32(0), 0
		for i := 0; i < len(d); {
			j := i
			for j < len(d) && d[j] == d[i] {
				j++
			}
			if j-i > n {
				best, n = d[i], j-i
			}
			i = j
		}
		r.stride[k] = best
	}
	if !listed {
		return nil
	}
	for i := range loop.N {
		begins := i == 0
		for k := range loop.Index {
			if t := &loop.Index[k]; t.List != nil && !begins {
				begins = t.List[i]-t.List[i-1] != r.stride[k]
			}
		}
		if begins {
			r.first = append(r.first, int32(i))
		}
	}
	n := len(r.first)
	if n*leastRun > loop.N {
		return nil
	}
	r.first = append(r.first, int32(loop.N))
	r.equal = int(r.first[1])
	for i := range n {
		if int(r.first[i+1]-r.first[i]) != r.equal {
			r.equal = 0
		}
	}
	return r
}

// looped is the text of a loop: its head, and one loop, or two nested ones.
func (f *function) looped() string {
	head := f.bounds() + f.head.String()
	if f.run == nil {
		return fmt.Sprintf("%s\tfor i := range %d {\n%s}\n", head, f.loop.N, f.out.String())
	}
	n := len(f.run.first) - 1
	length := strconv.Itoa(f.run.equal)
	var b strings.Builder
	b.WriteString(head)
	fmt.Fprintf(&b, "\tfor r := range %d {\n", n)
	if f.run.equal == 0 {
		table := f.g.intTable(f.run.first)
		fmt.Fprintf(&b, "\tn := int(%[1]s[r+1] - %[1]s[r])\n", table)
		length = "n"
	}
	b.WriteString(f.inner.String())
	fmt.Fprintf(&b, "\tfor i := range %s {\n%s}\n}\n", length, f.out.String())
	return b.String()
}

// length is the text of the number of instances that the innermost loop makes.
func (f *function) length() string {
	switch {
	case f.run == nil:
		return strconv.Itoa(f.loop.N)
	case f.run.equal > 0:
		return strconv.Itoa(f.run.equal)
	}
	return "n"
}

// begin is the text of the instance that the innermost loop starts with, times a stride.
func (f *function) begin(stride int32) string {
	text := ""
	switch {
	case f.run == nil:
		return "0"
	case f.run.equal > 0:
		return strconv.Itoa(f.run.equal*int(stride)) + "*r"
	default:
		text = "int(" + f.g.intTable(f.run.first) + "[r])"
	}
	if stride != 1 {
		text = strconv.Itoa(int(stride)) + "*" + text
	}
	return text
}

// at is the text of the entry of an array that index k stands for: outside of loops entry
// k itself, in a loop the entry of the instance.
func (f *function) at(array string, k int32) string {
	if f.loop == nil {
		return f.entry(array, strconv.Itoa(int(k)))
	}
	t := &f.loop.Index[k]
	if t.List == nil && t.Stride == 0 {
		return f.entry(array, strconv.Itoa(int(t.Base)))
	}
	if t.List != nil && f.run == nil {
		return array + "[" + f.g.intTable(t.List) + "[i]]"
	}
	stride := t.Stride
	if t.List != nil {
		stride = f.run.stride[k]
	}
	key := array + " " + strconv.Itoa(int(k))
	part, ok := f.parts[key]
	if !ok {
		start := strconv.Itoa(int(t.Base))
		switch {
		case t.List != nil:
			starts := make([]int32, len(f.run.first)-1)
			for i := range starts {
				starts[i] = t.List[f.run.first[i]]
			}
			start = "int(" + f.g.intTable(starts) + "[r])"
		case f.run != nil && t.Base == 0:
			start = f.begin(stride)
		case f.run != nil:
			start += "+" + f.begin(stride)
		}
		lines := &f.head
		if f.run != nil {
			lines = &f.inner
		}
		if stride == 1 {
			part = f.scope.unique(array + "s")
			fmt.Fprintf(lines, "\t%s := %s[%s:][:%s]\n", part, array, start, f.length())
		} else if part = start; f.run != nil {
			part = f.scope.unique("at")
			fmt.Fprintf(lines, "\t%s := %s\n", part, start)
		}
		f.parts[key] = part
	}
	switch {
	case stride == 1:
		return part + "[i]"
	case stride == 0:
		return array + "[" + part + "]"
	case part == "0":
		return fmt.Sprintf("%s[%d*i]", array, stride)
	}
	return fmt.Sprintf("%s[%s+%d*i]", array, part, stride)
}

// data is the text of the number of the instance in a table of numbers.
func (f *function) data(table string) string {
	part, ok := f.parts[table]
	if !ok {
		part = f.scope.unique("cs")
		lines := &f.head
		if f.run != nil {
			lines = &f.inner
		}
		fmt.Fprintf(lines, "\t%s := %s[%s:][:%s]\n", part, table, f.begin(1), f.length())
		f.parts[table] = part
	}
	return part + "[i]"
}
