package vm

import (
	"fmt"
	"unsafe"

	"github.com/mtkc/mtkc/backend"
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
// number of values that are alive at once. Operations that are not Base run lane by lane in Go,
// and so do the functions funcs of the model. The tables of the kernel's steps are kept.
func NewLanes(k *backend.Kernel, funcs []*expr.Func, width int) *Lanes {
	if width < 0 || width > MaxLanes || width%8 != 0 {
		panic(fmt.Sprintf("mtkc: bug: %d lanes", width))
	}
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
	width := 128
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
	isa    *laneISA
	frames []*laneFrame
	s      []float64 // scratch array, for a block of lanes
	base   [rowSOut + 1]unsafe.Pointer
	stride [rowSOut + 1]int // bytes between the entries of a lane
}

// Runner makes a runner.
func (l *Lanes) Runner() *LaneRunner {
	r := &LaneRunner{lanes: l, isa: laneMachine}
	block := r.isa.block()
	temps := rowAlign(l.temps * block)
	for _, s := range l.steps {
		r.frames = append(r.frames, s.code.frame(r.isa, temps))
	}
	r.s = rowAlign(l.scratch * block)
	for s := range r.stride {
		r.stride[s] = 8 * l.width
	}
	r.stride[rowS], r.stride[rowSOut] = 8*block, 8*block
	return r
}

// Run computes all lanes: entry i of lane l of an array is at [i*Width+l]. t has one entry of each
// lane, and code, the action codes, too. Arrays that the kernel does not use may be nil. What is
// written must not overlap what is read.
func (r *LaneRunner) Run(t, u, p, w, out, mem, code []float64) {
	l := r.lanes
	if l.zero {
		clear(out)
	}
	if l.scratch > 0 {
		r.base[rowS] = unsafe.Pointer(&r.s[0])
		r.base[rowSOut] = r.base[rowS]
	}
	for first := 0; first < l.width; {
		n := r.isa.most(l.width - first)
		r.set(rowTime, t, first)
		r.set(rowU, u, first)
		r.set(rowP, p, first)
		r.set(rowW, w, first)
		r.set(rowMain, out, first)
		r.set(rowMem, mem, first)
		r.set(rowCode, code, first)
		for i, s := range l.steps {
			f := r.frames[i]
			if s.loop == nil {
				for _, k := range f.moving {
					row := f.rows[k]
					f.at[k] = unsafe.Add(r.base[row.space], int(row.index)*r.stride[row.space])
				}
				f.run(n)
				continue
			}
			for j := range s.loop.N {
				r.instance(f, s.loop, j)
				f.run(n)
			}
		}
		first += n
	}
}

// set notes where lane first of an array begins, of which there must be what the kernel needs.
func (r *LaneRunner) set(s rowSpace, a []float64, first int) {
	if n := r.lanes.need[s]; n > 0 {
		r.base[s] = unsafe.Pointer(&a[:n*r.lanes.width][first])
	}
}

// instance gives the rows of a loop their places for instance j.
func (r *LaneRunner) instance(f *laneFrame, s *backend.Step, j int) {
	for _, k := range f.moving {
		switch row := f.rows[k]; row.space {
		case rowData:
			f.single(k, &s.Data[row.index][j])
		case rowTime:
			f.at[k] = r.base[rowTime]
		default:
			f.at[k] = unsafe.Add(r.base[row.space], int(s.Index[row.index].At(j))*r.stride[row.space])
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
