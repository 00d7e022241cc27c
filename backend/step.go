package backend

import (
	"fmt"
	"slices"
	"strings"
)

// Step is a part of a kernel that has steps: a loop over instances, or straight-line
// code that runs once.
//
// The inputs and outputs of the body of a loop name tables in place of entries: U with
// A = k reads u[Index[k].At(i)] in instance i, and an output with Index k writes
// there. In straight-line code (N is 0) they name the entries themselves.
type Step struct {
	Name    string  // what is computed, with * for what differs between the instances
	Body    *Kernel // straight-line code
	N       int     // instances; 0: the body runs once, without tables
	Index   []Table
	Data    [][]float64 // numbers of the instances, by operand of the operation Data
	Ordered bool        // an instance may read what an earlier one has written to the scratch array
}

// Table gives each instance of a loop an entry of an array: Base + i*Stride, or List[i].
type Table struct {
	Base, Stride int32
	List         []int32 // nil: the entries are evenly spaced
}

// NewTable returns the table of the entries, which are kept if they are not evenly
// spaced.
func NewTable(entries []int32) Table {
	t := Table{Base: entries[0]}
	if len(entries) > 1 {
		t.Stride = entries[1] - entries[0]
	}
	for i, e := range entries {
		if e != t.At(i) {
			return Table{List: entries}
		}
	}
	return t
}

// At is the entry of instance i.
func (t *Table) At(i int) int32 {
	if t.List != nil {
		return t.List[i]
	}
	return t.Base + int32(i)*t.Stride
}

// Lead says that a table names what another one names, so much further on.
type Lead struct {
	Table int32
	Ahead int
}

// Leads gives for each table of the step the first listed one that it goes along with; itself where there is none.
func (s *Step) Leads() []Lead {
	list := make([]Lead, len(s.Index))
	var own []int32 // tables that go along with no earlier one
	for k := range s.Index {
		list[k].Table = int32(k)
		t := &s.Index[k]
		if t.List == nil {
			continue
		}
		for _, o := range own {
			ahead := t.List[0] - s.Index[o].List[0]
			same := true
			for i, e := range t.List {
				if e-s.Index[o].List[i] != ahead {
					same = false
					break
				}
			}
			if same {
				list[k] = Lead{o, int(ahead)}
				break
			}
		}
		if list[k].Table == int32(k) {
			own = append(own, int32(k))
		}
	}
	return list
}

// pick returns the table of some of the instances.
func (t *Table) pick(which []int32) Table {
	list := make([]int32, len(which))
	for k, i := range which {
		list[k] = t.At(int(i))
	}
	return NewTable(list)
}

// rows returns the tables and the numbers of some of the instances.
func (s *Step) rows(which []int32) (index []Table, data [][]float64) {
	for k := range s.Index {
		index = append(index, s.Index[k].pick(which))
	}
	for _, of := range s.Data {
		some := make([]float64, len(which))
		for n, i := range which {
			some[n] = of[i]
		}
		data = append(data, some)
	}
	return index, data
}

// reads lists the entries of an input that the kernel reads, ascending.
func (k *Kernel) reads(input Op) []int32 {
	read := []int32{}
	for _, in := range k.Code {
		if in.Op == input {
			read = append(read, in.A)
		}
	}
	for i := range k.Steps {
		s := &k.Steps[i]
		for _, in := range s.Body.Code {
			if in.Op != input {
				continue
			}
			if s.N == 0 {
				read = append(read, in.A)
				continue
			}
			for j := range s.N {
				read = append(read, s.Index[in.A].At(j))
			}
		}
	}
	slices.Sort(read)
	return slices.Compact(read)
}

// trim drops the tables and numbers that the body does not name.
func (s *Step) trim() {
	var table, data []int32 // new place plus 1
	place := func(at *[]int32, k int32, count *int32) int32 {
		for int(k) >= len(*at) {
			*at = append(*at, 0)
		}
		if (*at)[k] == 0 {
			*count++
			(*at)[k] = *count
		}
		return (*at)[k] - 1
	}
	var tables, numbers int32
	for i := range s.Body.Code {
		switch in := &s.Body.Code[i]; in.Op {
		case U, P, W, S:
			in.A = place(&table, in.A, &tables)
		case Data:
			in.A = place(&data, in.A, &numbers)
		}
	}
	for i := range s.Body.Out {
		o := &s.Body.Out[i]
		o.Index = place(&table, o.Index, &tables)
	}
	index, rows := make([]Table, tables), make([][]float64, numbers)
	for k, to := range table {
		if to > 0 {
			index[to-1] = s.Index[k]
		}
	}
	for k, to := range data {
		if to > 0 {
			rows[to-1] = s.Data[k]
		}
	}
	s.Index, s.Data = index, rows
}

// write prints a step for dumps.
func (s *Step) write(b *strings.Builder) {
	if s.N == 0 {
		fmt.Fprintf(b, "once\n%s", s.Body)
		return
	}
	order := ""
	if s.Ordered {
		order = ", in order"
	}
	fmt.Fprintf(b, "loop %d%s: %s\n", s.N, order, s.Name)
	for k := range s.Index {
		t := &s.Index[k]
		if t.List == nil {
			fmt.Fprintf(b, "  index %d: %d + %d*i\n", k, t.Base, t.Stride)
		} else {
			n := min(len(t.List), 20)
			fmt.Fprintf(b, "  index %d: %v", k, t.List[:n])
			if n < len(t.List) {
				fmt.Fprintf(b, " ...")
			}
			b.WriteByte('\n')
		}
	}
	b.WriteString(s.Body.String())
}

// sliceSteps is Slice of a kernel with steps: instances that no wanted entry needs are
// left out.
func (k *Kernel) sliceSteps(which []int) *Kernel {
	want := make(map[int32]int32, len(which)) // entry of Main -> place
	for i, w := range which {
		want[int32(w)] = int32(i)
	}
	need := make([]bool, k.Scratch)
	var steps []Step // backwards
	for n := len(k.Steps) - 1; n >= 0; n-- {
		s := &k.Steps[n]
		steps = append(steps, s.slice(want, need)...)
	}
	slices.Reverse(steps)
	return &Kernel{Name: k.Name, Scratch: k.Scratch, Steps: steps, Zero: k.Zero}
}

// slice returns the parts of a step that compute wanted entries, last part first, and
// notes the entries of the scratch array that they read. Instances of which the same
// outputs are wanted make a part.
func (s *Step) slice(want map[int32]int32, need []bool) []Step {
	entry := func(table int32, i int) int32 {
		if s.N == 0 {
			return table
		}
		return s.Index[table].At(i)
	}
	wanted := func(o Output, i int) bool {
		e := entry(o.Index, i)
		switch o.Space {
		case Main:
			_, ok := want[e]
			return ok
		case Scratch:
			return need[e]
		}
		return false
	}
	reads := func(body *Kernel, i int) {
		for _, in := range body.Code {
			if in.Op == S {
				need[entry(in.A, i)] = true
			}
		}
	}
	if s.N == 0 {
		part := s.part(func(o Output) bool { return wanted(o, 0) })
		if part == nil {
			return nil
		}
		for i := range part.Out {
			if o := &part.Out[i]; o.Space == Main {
				o.Index = want[o.Index]
			}
		}
		reads(part, 0)
		return []Step{{Name: s.Name, Body: part}}
	}
	// Instances by the outputs that are wanted of them. Those of an ordered loop stay
	// together, with all outputs; these lie in the scratch array.
	var kinds []string
	groups := map[string][]int32{}
	mask := make([]byte, len(s.Body.Out))
	for i := s.N - 1; i >= 0; i-- {
		some := false
		for k, o := range s.Body.Out {
			mask[k] = '0'
			if wanted(o, i) {
				mask[k] = '1'
				some = true
			}
		}
		if !some {
			continue
		}
		if s.Ordered {
			for k := range mask {
				mask[k] = '1'
			}
			reads(s.Body, i)
		}
		if groups[string(mask)] == nil {
			kinds = append(kinds, string(mask))
		}
		groups[string(mask)] = append(groups[string(mask)], int32(i))
	}
	var parts []Step
	for _, kind := range kinds {
		list := groups[kind]
		slices.Reverse(list)
		k := 0
		body := s.part(func(Output) bool { k++; return kind[k-1] == '1' })
		part := Step{Name: s.Name, Body: body, N: len(list), Ordered: s.Ordered}
		part.Index, part.Data = s.rows(list)
		for _, o := range part.Body.Out {
			if o.Space != Main {
				continue
			}
			places := make([]int32, len(list))
			for j, i := range list {
				places[j] = want[s.Index[o.Index].At(int(i))]
			}
			part.Index[o.Index] = NewTable(places)
		}
		for _, i := range list {
			reads(part.Body, int(i))
		}
		part.trim()
		parts = append(parts, part)
	}
	return parts
}

// part is the body with the outputs that keep accepts, nil if there are none.
func (s *Step) part(keep func(Output) bool) *Kernel {
	b := *s.Body
	b.Out = nil
	for _, o := range s.Body.Out {
		if keep(o) {
			b.Out = append(b.Out, o)
		}
	}
	if len(b.Out) == 0 {
		return nil
	}
	return b.live()
}
