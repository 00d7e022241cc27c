package vm

import (
	"fmt"
	"unsafe"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/elementary"
	"github.com/mtkc/mtkc/expr"
)

// Lanes run a kernel for many arguments at a time: an instruction works on a row of numbers, one
// for each lane, so that the cost of decoding is shared and the processor's vectors are used. A
// lane has the same result as the scalar machine, to the last bit, whatever the width.

//go:generate go run ./gen

// MaxLanes is the largest width of Lanes.
const MaxLanes = 256

// Lanes is a kernel made ready to run for several lanes. It is read-only: any number of goroutines
// may make Runners from it and run these, each its own.
type Lanes struct {
	width   int
	steps   []laneStep
	scratch int
	zero    bool
	temps   int
	need    [rowSOut + 1]int // entries of each array
}

// laneStep is a part of the kernel: straight-line code, or the body of a loop over instances, each
// of which runs for all lanes.
type laneStep struct {
	code *laneCode
	loop *backend.Step // nil: it runs once
}

// NewLanes encodes a kernel for width lanes, a multiple of 8 up to MaxLanes; 0 chooses one by the
// length of the arrays. Elementary functions are lowered to base operations; the functions funcs of
// the model run lane by lane in Go. The tables of the kernel's steps are kept.
func NewLanes(k *backend.Kernel, funcs []*expr.Func, width int) *Lanes {
	if width < 0 || width > MaxLanes || width%8 != 0 {
		panic(fmt.Sprintf("mtkc: bug: %d lanes", width))
	}
	k = elementary.Lower(k)
	l := &Lanes{width: width, scratch: k.Scratch, zero: k.Zero}
	number := func(in backend.Instr) bool { return in.Op == backend.Data }
	add := func(body *backend.Kernel, loop *backend.Step) {
		c := encodeLanes(body, funcs, number)
		l.steps = append(l.steps, laneStep{c, loop})
		l.temps = max(l.temps, c.temps)
		l.require(c, loop)
	}
	if len(k.Steps) == 0 {
		add(k, nil)
	}
	for i := range k.Steps {
		s := &k.Steps[i]
		if s.N == 0 {
			add(s.Body, nil)
		} else {
			add(s.Body, s)
		}
	}
	if width == 0 {
		l.width = l.choose()
	}
	return l
}

// require notes how long the arrays must be.
func (l *Lanes) require(c *laneCode, loop *backend.Step) {
	for _, r := range c.rows {
		switch {
		case r.space < rowTime || r.space == rowData:
			continue
		case loop == nil || r.space == rowTime:
			l.need[r.space] = max(l.need[r.space], int(r.index)+1)
			continue
		}
		for i := range loop.N {
			l.need[r.space] = max(l.need[r.space], int(loop.Index[r.index].At(i))+1)
		}
	}
	if max(l.need[rowS], l.need[rowSOut]) > l.scratch {
		panic("mtkc: bug: the scratch array is too short")
	}
}

// choose finds a width for which the rows that a run passes over stay in the second-level cache.
func (l *Lanes) choose() int {
	const cache = 1 << 19 // bytes
	rows := 0
	for s := rowTime; s <= rowSOut; s++ {
		rows += l.need[s]
	}
	width := 64
	for width > 8 && rows*width*8 > cache {
		width /= 2
	}
	return width
}

// Width is the number of lanes.
func (l *Lanes) Width() int { return l.width }

// LaneRunner runs Lanes with registers of its own.
type LaneRunner struct {
	lanes  *Lanes
	blocks []laneBlock
	s      []float64                   // scratch array, for a block of lanes
	base   [rowSOut + 1]unsafe.Pointer // of the arrays of the last run
}

// laneBlock are lanes that run together.
type laneBlock struct {
	first, n int
	frames   []*laneFrame // by step
	at       [rowSOut + 1]unsafe.Pointer
	stride   [rowSOut + 1]int // bytes between the entries of a lane
}

// Runner makes a runner.
func (l *Lanes) Runner() *LaneRunner {
	isa := laneMachine
	block := isa.most(l.width)
	r := &LaneRunner{lanes: l, s: rowAlign(l.scratch * block)}
	temps := rowAlign(l.temps * block)
	var frames []*laneFrame
	for _, s := range l.steps {
		frames = append(frames, s.code.frame(isa, block, temps))
	}
	for first := 0; first < l.width; {
		b := laneBlock{first: first, n: isa.most(l.width - first)}
		for _, f := range frames {
			b.frames = append(b.frames, f.copy())
		}
		for s := range b.stride {
			b.stride[s] = 8 * l.width
		}
		b.stride[rowS], b.stride[rowSOut] = 8*block, 8*block
		r.blocks = append(r.blocks, b)
		first += b.n
	}
	return r
}

// Run computes all lanes: entry i of lane l of an array is at [i*Width+l]. t has one entry of each
// lane, and code, the action codes, too. Arrays that the kernel does not use may be nil. What is
// written must not overlap what is read. A run on the arrays of the one before is a little faster;
// the runner keeps them.
func (r *LaneRunner) Run(t, u, p, w, out, mem, code []float64) {
	l := r.lanes
	if l.zero {
		clear(out)
	}
	same := r.set(rowTime, t)
	same = r.set(rowU, u) && same
	same = r.set(rowP, p) && same
	same = r.set(rowW, w) && same
	same = r.set(rowMain, out) && same
	same = r.set(rowMem, mem) && same
	same = r.set(rowCode, code) && same
	for i := range r.blocks {
		b := &r.blocks[i]
		if !same {
			r.place(b)
		}
		for i, s := range l.steps {
			f := b.frames[i]
			if s.loop == nil {
				f.run(b.n)
				continue
			}
			for j := range s.loop.N {
				b.instance(f, s.loop, j)
				f.run(b.n)
			}
		}
	}
}

// set notes an array, of which there must be what the kernel needs, and reports whether it was the
// same before.
func (r *LaneRunner) set(s rowSpace, a []float64) bool {
	n := r.lanes.need[s]
	if n == 0 {
		return true
	}
	at := unsafe.Pointer(unsafe.SliceData(a[:n*r.lanes.width]))
	same := r.base[s] == at
	r.base[s] = at
	return same
}

// place gives the rows of a block their places.
func (r *LaneRunner) place(b *laneBlock) {
	for s, base := range r.base {
		if base != nil {
			b.at[s] = unsafe.Add(base, 8*b.first)
		}
	}
	if len(r.s) > 0 {
		b.at[rowS] = unsafe.Pointer(&r.s[0])
		b.at[rowSOut] = b.at[rowS]
	}
	for i, s := range r.lanes.steps {
		if s.loop != nil {
			continue
		}
		f := b.frames[i]
		for _, k := range f.moving {
			row := f.rows[k]
			f.at[k] = unsafe.Add(b.at[row.space], int(row.index)*b.stride[row.space])
		}
	}
}

// instance gives the rows of a loop their places for instance j.
func (b *laneBlock) instance(f *laneFrame, s *backend.Step, j int) {
	for _, k := range f.moving {
		switch row := f.rows[k]; row.space {
		case rowData:
			f.single(k, &s.Data[row.index][j])
		case rowTime:
			f.at[k] = b.at[rowTime]
		default:
			f.at[k] = unsafe.Add(b.at[row.space], int(s.Index[row.index].At(j))*b.stride[row.space])
		}
	}
}

// LanesRHS, LanesJac, LanesTGrad and LanesCrossings are the kernels of the machine for lanes.
// The last is nil for a model without crossings.

// LanesRHS maps t, u, p to du.
func (m *Machine) LanesRHS(width int) *Lanes { return m.lanes(m.prog.RHS, width) }

// LanesJac maps t, u, p to the values of the Jacobian matrix.
func (m *Machine) LanesJac(width int) *Lanes { return m.lanes(m.prog.Jac, width) }

// LanesTGrad maps t, u, p to df/dt.
func (m *Machine) LanesTGrad(width int) *Lanes { return m.lanes(m.prog.TGrad, width) }

// LanesCrossings maps t, u, p to the event indicators; nil for a model without them.
func (m *Machine) LanesCrossings(width int) *Lanes { return m.lanes(m.prog.Crossings, width) }

func (m *Machine) lanes(k *backend.Kernel, width int) *Lanes {
	if k == nil {
		return nil
	}
	return NewLanes(k, m.prog.Funcs, width)
}
