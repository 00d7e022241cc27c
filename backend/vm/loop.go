package vm

import (
	"slices"
	"unsafe"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/expr"
)

// Loops run an instruction for many instances at a time, on the lane machine: a row has a lane for
// each instance. An ordered loop, whose instances may read what earlier ones have written, runs
// them one by one.

// loop is a step over instances made ready to run. It is not changed afterwards.
type loop struct {
	n       int
	ordered bool
	code    *laneCode
	index   []backend.Table
	data    [][]float64
	inPlace bool // arguments that are read evenly may be read where they lie
}

// encodeLoop translates a step. What lies at the same place for all instances is one number for all
// lanes.
func encodeLoop(s *backend.Step, funcs []*expr.Func) *loop {
	l := &loop{n: s.N, ordered: s.Ordered, index: s.Index, data: s.Data, inPlace: !s.Ordered}
	l.code = encodeLanes(s.Body, funcs, l.single)
	for _, o := range s.Body.Out {
		if o.Space == backend.Memory { // which may be the array of an argument
			l.inPlace = false
		}
	}
	return l
}

// single reports whether an input is one number for all instances.
func (l *loop) single(in backend.Instr) bool {
	switch in.Op {
	case backend.Time:
		return true
	case backend.Data:
		return false
	}
	t := &l.index[in.A]
	return t.List == nil && t.Stride == 0
}

// loopFrame is what a run of a loop needs of its own.
type loopFrame struct {
	*loop
	frame *laneFrame
	rows  []loopRow
	time  float64
	need  [rowSOut + 1]int // entries of each array
}

// loopRow is a row of an argument or result.
type loopRow struct {
	row    int32
	space  rowSpace
	single bool
	even   bool // entries follow each other
	table  *backend.Table
	data   []float64
	own    []float64 // for the entries of a block, where they do not lie in a row
}

// bound is the length that an array must have for the n entries of a table.
func bound(t *backend.Table, n int) int {
	if t.List == nil {
		return int(max(t.At(0), t.At(n-1))) + 1
	}
	if slices.Min(t.List[:n]) < 0 {
		panic("mtkc: bug: a table has a negative entry")
	}
	return int(slices.Max(t.List[:n])) + 1
}

func (l *loop) frame() *loopFrame {
	block := laneMachine.lanes[0]
	f := &loopFrame{loop: l, frame: l.code.frame(laneMachine, rowAlign(l.code.temps*block))}
	for _, k := range f.frame.moving {
		r := loopRow{row: k, space: l.code.rows[k].space}
		index := l.code.rows[k].index
		switch r.space {
		case rowTime:
			r.single = true
		case rowData:
			r.data, r.even = l.data[index], true
		default:
			r.table = &l.index[index]
			r.even = r.table.List == nil && r.table.Stride == 1
			r.single = r.space < rowMain && r.table.List == nil && r.table.Stride == 0
			f.need[r.space] = max(f.need[r.space], bound(r.table, l.n))
		}
		if !r.single {
			r.own = rowAlign(block)
		}
		f.rows = append(f.rows, r)
	}
	return f
}

// run computes all instances.
func (f *loopFrame) run(t float64, arr *arrays) {
	f.time = t
	from := [...][]float64{rowU: arr.u, rowP: arr.p, rowW: arr.w, rowS: arr.s, rowMain: arr.main, rowMem: arr.mem, rowSOut: arr.s}
	for s, a := range from {
		_ = a[:f.need[s]] // gather and scatter do not look
	}
	isa := f.frame.isa
	block := isa.lanes[0]
	step := block
	if f.ordered {
		step = 1
	}
	for first := 0; first < f.n; first += step {
		m := min(step, f.n-first)
		whole := m == block
		for i := range f.rows {
			r := &f.rows[i]
			switch {
			case r.space == rowTime:
				f.frame.single(r.row, &f.time)
			case r.single:
				f.frame.single(r.row, &from[r.space][r.table.Base])
			case whole && r.data != nil:
				f.frame.at[r.row] = unsafe.Pointer(&r.data[first : first+m][0])
			case whole && r.even && (f.inPlace || r.space >= rowMain):
				at := int(r.table.Base) + first
				f.frame.at[r.row] = unsafe.Pointer(&from[r.space][at : at+m][0])
			default:
				f.frame.at[r.row] = unsafe.Pointer(&r.own[0])
				if r.data != nil {
					copy(r.own[:m], r.data[first:first+m])
				} else if r.space < rowMain {
					isa.gather(r.own[:m], from[r.space], r.table, first)
				}
			}
		}
		switch {
		case isa.run[0] == nil:
			f.frame.run(m)
		case m <= isa.lanes[1]:
			f.frame.run(isa.lanes[1])
		default:
			f.frame.run(block)
		}
		for i := range f.rows {
			r := &f.rows[i]
			if r.space >= rowMain && !(whole && r.even) {
				scatter(from[r.space], r.own[:m], r.table, first)
			}
		}
	}
}

// gather reads the entries of instances first, first+1, ... from an array, which has them.
func (isa *laneISA) gather(d, from []float64, t *backend.Table, first int) {
	p := unsafe.Pointer(unsafe.SliceData(from))
	if t.List != nil {
		list := t.List[first : first+len(d)]
		if n := len(d) &^ 7; n > 0 && isa.read != nil {
			isa.read(&d[0], &from[0], &list[0], n)
			d, list = d[n:], list[n:]
		}
		for len(d) >= 4 && len(list) >= 4 {
			d[0], d[1] = *(*float64)(unsafe.Add(p, int(list[0])*8)), *(*float64)(unsafe.Add(p, int(list[1])*8))
			d[2], d[3] = *(*float64)(unsafe.Add(p, int(list[2])*8)), *(*float64)(unsafe.Add(p, int(list[3])*8))
			d, list = d[4:], list[4:]
		}
		for i := range d {
			d[i] = *(*float64)(unsafe.Add(p, int(list[i])*8))
		}
		return
	}
	at, step := int(t.Base)+first*int(t.Stride), int(t.Stride)
	if step == 1 {
		copy(d, from[at:at+len(d)])
		return
	}
	for i := range d {
		d[i] = *(*float64)(unsafe.Add(p, at*8))
		at += step
	}
}

// scatter writes to the entries of instances first, first+1, ... of an array, which has them.
func scatter(to, v []float64, t *backend.Table, first int) {
	p := unsafe.Pointer(unsafe.SliceData(to))
	if t.List != nil {
		list := t.List[first : first+len(v)]
		for i, e := range list {
			*(*float64)(unsafe.Add(p, int(e)*8)) = v[i]
		}
		return
	}
	at, step := int(t.Base)+first*int(t.Stride), int(t.Stride)
	if step == 1 {
		copy(to[at:at+len(v)], v)
		return
	}
	for i := range v {
		*(*float64)(unsafe.Add(p, at*8)) = v[i]
		at += step
	}
}
