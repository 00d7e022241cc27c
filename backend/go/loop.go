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
	head = "i := range " + length
	if f.limits != nil { // the compiler sees from them that no index leaves its window
		head = "i := 0; i < " + strings.Join(append([]string{length}, f.limits...), " && i < ") + "; i++"
	}
	fmt.Fprintf(&b, "\tfor %s {\n%s}\n}\n", head, f.out.String())
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
	if t.List != nil {
		return f.listed(array, k)
	}
	part, ok := f.parts[array+" "+strconv.Itoa(int(k))]
	if !ok {
		start := strconv.Itoa(int(t.Base))
		switch {
		case f.run != nil && t.Base == 0:
			start = f.begin(t.Stride)
		case f.run != nil:
			start += "+" + f.begin(t.Stride)
		}
		lines := &f.head
		if f.run != nil {
			lines = &f.inner
		}
		if t.Stride == 1 {
			part = f.scope.unique(array + "s")
			fmt.Fprintf(lines, "\t%s := %s[%s:][:%s]\n", part, array, start, f.length())
		} else if part = start; f.run != nil {
			part = f.scope.unique("at")
			fmt.Fprintf(lines, "\t%s := %s\n", part, start)
		}
		f.parts[array+" "+strconv.Itoa(int(k))] = part
	}
	switch {
	case t.Stride == 1:
		return part + "[i]"
	case part == "0":
		return fmt.Sprintf("%s[%d*i]", array, t.Stride)
	}
	return fmt.Sprintf("%s[%s+%d*i]", array, part, t.Stride)
}

// window is what a loop reads or writes of an array by tables that go along with one.
type window struct {
	array string
	table int32
}

// extent is the first and the last entry of a window, from the entry that the table names, and how many are used.
type extent struct{ lo, hi, n int }

// windowsOf finds the windows of the loop.
func (f *function) windowsOf() map[window]*extent {
	all := map[window]*extent{}
	seen := map[string]bool{}
	add := func(array string, k int32) {
		key := array + " " + strconv.Itoa(int(k))
		if f.loop.Index[k].List == nil || seen[key] {
			return
		}
		seen[key] = true
		l := f.lead[k]
		e, ok := all[window{array, l.Table}]
		if !ok {
			e = &extent{lo: l.Ahead, hi: l.Ahead}
			all[window{array, l.Table}] = e
		}
		e.lo, e.hi, e.n = min(e.lo, l.Ahead), max(e.hi, l.Ahead), e.n+1
	}
	for _, in := range f.code {
		switch in.Op {
		case backend.U, backend.P, backend.W:
			add(inputArrays[in.Op], in.A)
		case backend.S:
			add(f.scratchName(), in.A)
		}
	}
	for _, o := range f.k.Out {
		switch o.Space {
		case backend.Main:
			add(f.arr.main, o.Index)
		case backend.Memory:
			add(f.arr.mem, o.Index)
		case backend.Scratch:
			add(f.scratchName(), o.Index)
		}
	}
	return all
}

// listed is at for a table that is a list: an entry of a window on the array, whose bounds are checked once for all entries. It is an array
// of Go where its length is known.
func (f *function) listed(array string, k int32) string {
	l := f.lead[k]
	w := f.windows[window{array, l.Table}]
	lines := &f.out
	if f.run != nil {
		lines = &f.inner
	}
	named := func(key, base, format string, args ...any) string {
		v, ok := f.parts[key]
		if !ok {
			v = f.scope.unique(base)
			fmt.Fprintf(lines, "\t%s := %s\n", v, fmt.Sprintf(format, args...))
			f.parts[key] = v
		}
		return v
	}
	t := &f.loop.Index[l.Table]
	table, i := t.List, "i"
	if f.run != nil {
		table, i = make([]int32, len(f.run.first)-1), "r"
		for n := range table {
			table[n] = t.List[f.run.first[n]]
		}
	}
	at := named(strconv.Itoa(int(l.Table)), "at", "int(%s[%s])", f.g.intTable(table), i)
	key := fmt.Sprintf("%s+%d", array, l.Table)
	switch {
	case f.run == nil && w.n > 1:
		part := named(key, array+"s", "(*[%d]float64)(%s[%s:])", w.hi-w.lo+1, array, sum(at, w.lo))
		return fmt.Sprintf("%s[%d]", part, l.Ahead-w.lo)
	case f.run == nil:
		return array + "[" + sum(at, l.Ahead) + "]"
	}
	switch stride := f.run.stride[k]; {
	case stride == 0:
		return array + "[" + sum(at, l.Ahead) + "]"
	case stride != 1:
		return fmt.Sprintf("%s[%s+%d*i]", array, sum(at, l.Ahead), stride)
	case f.run.equal > 0:
		part := named(key, array+"s", "(*[%d]float64)(%s[%s:])", f.run.equal+w.hi-w.lo, array, sum(at, w.lo))
		return part + "[" + sum("i", l.Ahead-w.lo) + "]"
	}
	_, known := f.parts[key]
	part := named(key, array+"s", "%s[%s:][:%s]", array, sum(at, w.lo), sum("n", w.hi-w.lo))
	if !known && w.hi > w.lo {
		f.limits = append(f.limits, "len("+sum(part+")", w.lo-w.hi))
	}
	return part + "[" + sum("i", l.Ahead-w.lo) + "]"
}

// sum is the text of an index and a number.
func sum(index string, n int) string {
	if n == 0 {
		return index
	}
	return fmt.Sprintf("%s%+d", index, n)
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
