package vm

import (
	"slices"
	"unsafe"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/elementary"
	"github.com/mtkc/mtkc/expr"
)

// Loops run an instruction for many instances at a time, on the lane machine: a row has a lane for
// each instance. An ordered loop, whose instances may read what earlier ones have written, runs
// them one by one.

// loop is a step over instances made ready to run. It is not changed afterwards.
type loop struct {
	isa     *laneISA
	code    *laneCode
	index   []backend.Table
	data    [][]float64
	rows    []loopRow
	chunks  []chunk
	n       int
	need    [rowSOut + 1]int // entries of each array
	inPlace bool             // arguments may be read where they lie
}

// loopRow is a row of an argument or result.
type loopRow struct {
	row    int32
	space  rowSpace
	single bool
	table  *backend.Table
	data   []float64
}

// chunk is a part of the instances that run together. Bit i of even says of row i that its entries
// follow each other.
type chunk struct {
	first, n int32
	even     uint64
}

// shortest is the length from which a stretch of entries that follow each other is worth a chunk of
// its own, so that they are read and written in place.
const shortest = 16

// lowered is the number of instances from which elementary functions are done by vectors. Below, and
// in order, a call for each is faster than their programs for a few lanes.
const lowered = 16

// encodeLoop translates a step. What lies at the same place for all instances is one number for all
// lanes.
func encodeLoop(s *backend.Step, funcs []*expr.Func) *loop {
	l := &loop{isa: laneMachine, n: s.N, index: s.Index, data: s.Data, inPlace: true}
	body := s.Body
	if !s.Ordered && s.N >= lowered {
		body = elementary.Lower(body)
	}
	l.code = encodeLanes(body, funcs, l.single)
	for _, o := range s.Body.Out {
		if o.Space == backend.Memory { // which may be the array of an argument
			l.inPlace = false
		}
	}
	for k, r := range l.code.rows {
		if r.space < rowTime {
			continue
		}
		x := loopRow{row: int32(k), space: r.space}
		switch r.space {
		case rowTime:
			x.single = true
		case rowData:
			x.data = l.data[r.index]
		default:
			x.table = &l.index[r.index]
			x.single = r.space < rowMain && x.table.List == nil && x.table.Stride == 0
			l.need[r.space] = max(l.need[r.space], bound(x.table, l.n))
		}
		l.rows = append(l.rows, x)
	}
	l.cut(s.Ordered)
	return l
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

// cut makes the chunks.
func (l *loop) cut(ordered bool) {
	if ordered {
		for i := range l.n {
			l.chunks = append(l.chunks, chunk{int32(i), 1, 0})
		}
		return
	}
	ends := make([]int, min(len(l.rows), 64)) // of the stretch that the present instance belongs to
	for first := 0; first < l.n; {
		end := min(first+l.isa.block(), l.n)
		for i := range ends {
			r := &l.rows[i]
			switch {
			case r.single:
				ends[i] = first
				continue
			case r.data != nil || r.table.List == nil && r.table.Stride == 1:
				ends[i] = l.n
			case r.table.List == nil:
				ends[i] = first
			case ends[i] <= first:
				e := first + 1
				for list := r.table.List; e < l.n && list[e] == list[e-1]+1; e++ {
				}
				ends[i] = e
			}
			if ends[i] >= first+shortest {
				end = min(end, ends[i])
			}
		}
		c := chunk{first: int32(first), n: int32(end - first)}
		for i, e := range ends {
			if e >= end {
				c.even |= 1 << i
			}
		}
		l.chunks = append(l.chunks, c)
		first = end
	}
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
	own   [][]float64 // by row, for the entries of a chunk where they do not lie in a row
	time  float64
}

// frame makes a frame that has its registers and rows in buf, which holds no values between runs: the
// loops of a kernel share it.
func (l *loop) frame(buf []float64) *loopFrame {
	block := l.isa.block()
	f := &loopFrame{loop: l, frame: l.code.frame(l.isa, block, buf), own: make([][]float64, len(l.rows))}
	for i := range l.rows {
		at := (l.code.temps + i) * block
		f.own[i] = buf[at : at+block : at+block]
	}
	return f
}

// size is the length of the buffer of a frame.
func (l *loop) size() int { return (l.code.temps + len(l.rows)) * l.isa.block() }

// bySpace are the arrays of a run.
type bySpace [rowSOut + 1][]float64

// check panics if an array is shorter than need: gather and scatter do not look.
func (from *bySpace) check(need *[rowSOut + 1]int) {
	for s, n := range need {
		_ = from[s][:n]
	}
}

// run computes all instances. The arrays have been checked.
func (f *loopFrame) run(t float64, from *bySpace) {
	f.time = t
	for i := range f.rows {
		if r := &f.rows[i]; r.space == rowTime {
			f.frame.single(r.row, &f.time)
		} else if r.single {
			f.frame.single(r.row, &from[r.space][r.table.Base])
		}
	}
	for _, c := range f.chunks {
		first, n := int(c.first), int(c.n)
		lanes := f.isa.least(n) // those above n have no meaning
		for i := range f.rows {
			r := &f.rows[i]
			if r.single {
				continue
			}
			even := c.even>>i&1 != 0
			own := f.own[i]
			f.frame.at[r.row] = unsafe.Pointer(&own[0])
			switch {
			case r.data != nil:
				if first+lanes <= len(r.data) {
					f.frame.at[r.row] = unsafe.Pointer(&r.data[first])
				} else {
					copy(own, r.data[first:])
				}
			case r.space >= rowMain:
				if even && n == lanes {
					f.frame.at[r.row] = unsafe.Pointer(&from[r.space][r.table.At(first)])
				}
			case even:
				a := from[r.space][r.table.At(first):]
				if f.inPlace && lanes <= len(a) {
					f.frame.at[r.row] = unsafe.Pointer(&a[0])
				} else {
					copy(own[:n], a)
				}
			default:
				f.isa.gather(own[:n], from[r.space], r.table, first)
			}
		}
		f.frame.run(lanes)
		for i := range f.rows {
			switch r := &f.rows[i]; {
			case r.space < rowMain:
			case c.even>>i&1 == 0:
				scatter(from[r.space], f.own[i][:n], r.table, first)
			case n < lanes:
				copy(from[r.space][r.table.At(first):], f.own[i][:n])
			}
		}
	}
}

// gather reads the entries of instances first, first+1, ... from an array, which has them.
func (isa *laneISA) gather(d, from []float64, t *backend.Table, first int) {
	p := unsafe.Pointer(unsafe.SliceData(from))
	if t.List != nil {
		list := t.List[first : first+len(d)]
		if isa.read != nil && len(d) > 0 {
			isa.read(&d[0], &from[0], &list[0], len(d))
			return
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
	for i := range v {
		*(*float64)(unsafe.Add(p, at*8)) = v[i]
		at += step
	}
}
