// Package runloop integrates ensembles on fused run loops: an adaptive integrator of one
// model as one function of machine code, which takes trajectories of a batch into its lanes, makes
// steps of all of them, saves, and refills lanes, until the batch is done.
//
// In: a Loop, code that was compiled in this process or is part of the program, and settings. Out:
// an Engine for package ensemble. What becomes of a trajectory depends neither on the others
// nor on the number of lanes.
package runloop

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unsafe"

	"github.com/mtkc/mtkc/runtime/ensemble"
	"github.com/mtkc/mtkc/runtime/native"
)

// Loop is a run loop. It is read-only: any number of goroutines may make engines of it, each its
// own.
type Loop struct {
	Method  string // as package ode names it
	Dense   bool   // it can save inside of steps
	N, NP   int    // states and entries of p of the model
	Slots   int    // numbers that a lane holds
	Lanes   int
	Scratch int    // length of the array W
	Made    string // what made the code, for messages: "LLVM 15.0.6"
	Code    *native.Func
}

// args are the arguments of the code. The arrays up to Rejected are those of ensemble.Batch; the others
// belong to the engine: the lanes' states and parameters with entry i of lane l at
// [i*Lanes+l], which trajectory a lane has (-1: none), the number and the time of its next save, results of
// kernels, scratch memory, and the same as of lanes for trajectories that were begun side by side and wait for one. The code counts next up from 0 and budget, the steps that it may
// make, down; it returns where the batch or the budget is used up.
type args struct {
	n, next, budget, saves int64
	t, tend, u, p, save    *float64
	out                    *float64
	status                 *ensemble.Status
	h                      *float64
	steps, rejected        *int64
	x, q                   *float64
	lane, at               *int64
	due, y, w              *float64
	ready, given           int64 // of the queue: trajectories that were begun, and how many of them lanes have taken
	begun, begunQ          *float64
	begunLane              *int64
}

// Engine integrates batches, with settings that do not change. It serves one goroutine.
type Engine struct {
	Budget int64 // steps of all lanes that the next call makes before it looks at the context; adapts itself

	l         *Loop
	stack     *native.Stack
	x, q, due []float64
	y, w      []float64
	lane, at  []int64
	begun     []float64 // of trajectories that wait for a lane
	begunQ    []float64
	begunLane []int64
}

// Engine makes an engine. The error is the system's refusal to give memory.
func (l *Loop) Engine(s Settings) (*Engine, error) {
	stack, err := native.NewStack()
	if err != nil {
		return nil, err
	}
	n, all := l.Lanes, l.NP+AbsTol+l.N
	g := &Engine{
		Budget: 1000, l: l, stack: stack,
		x: aligned(l.Slots * n), q: aligned(all * n), due: aligned(n),
		y: aligned(l.Slots * n), w: aligned(l.Scratch),
		lane: make([]int64, n), at: make([]int64, n),
		begun: aligned(l.Slots * n), begunQ: aligned(all * n), begunLane: make([]int64, n),
	}
	p := make([]float64, all)
	s.Put(p[l.NP:])
	for i := l.NP; i < all; i++ {
		for k := range n {
			g.q[i*n+k], g.begunQ[i*n+k] = p[i], p[i]
		}
	}
	return g, nil
}

// aligned is an array of numbers that begins where a line of the cache does.
func aligned(n int) []float64 {
	x := make([]float64, n+8)
	at := uintptr(unsafe.Pointer(unsafe.SliceData(x))) / 8 % 8
	skip := int(8-at) % 8
	return x[skip : skip+n : skip+n]
}

// Name says what integrates.
func (g *Engine) Name() string {
	return fmt.Sprintf("%s, %s, %d lanes", g.l.Method, g.l.Made, g.l.Lanes)
}

// Close gives the stack of the engine back.
func (g *Engine) Close() error {
	g.stack.Close()
	return nil
}

// callTime is how long a call should take, so that a run can be cancelled.
const callTime = 20 * time.Millisecond

// Run integrates the batch until every trajectory has ended. It returns early with the error of ctx
// where that is done; the trajectories on the way have not been written back then.
func (g *Engine) Run(ctx context.Context, b *ensemble.Batch) error {
	l := g.l
	n := b.N
	if n == 0 {
		return nil
	}
	a := args{
		n: int64(n), saves: int64(len(b.Save)),
		t: &b.T[:n][0], tend: &b.TEnd[:n][0], u: unsafe.SliceData(b.U[:n*l.N]), p: unsafe.SliceData(b.P[:n*l.NP]),
		save: unsafe.SliceData(b.Save), out: unsafe.SliceData(b.Out[:n*len(b.Save)*l.N]),
		status: &b.Status[:n][0], h: &b.H[:n][0], steps: &b.Steps[:n][0], rejected: &b.Rejected[:n][0],
		x: unsafe.SliceData(g.x), q: unsafe.SliceData(g.q), lane: unsafe.SliceData(g.lane), at: unsafe.SliceData(g.at),
		due: unsafe.SliceData(g.due), y: unsafe.SliceData(g.y), w: unsafe.SliceData(g.w),
		begun: unsafe.SliceData(g.begun), begunQ: unsafe.SliceData(g.begunQ), begunLane: unsafe.SliceData(g.begunLane),
	}
	if a.saves > 0 && !l.Dense {
		return errors.New("runloop: times to save need an integrator with dense output")
	}
	for k := range g.lane {
		g.lane[k] = -1
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		a.budget = g.Budget
		start := time.Now()
		l.Code.CallLong(g.stack, unsafe.Pointer(&a))
		if a.budget > 0 { // no lane has a trajectory any more
			return nil
		}
		if took := time.Since(start); took < callTime/2 {
			g.Budget *= 2
		} else if took > 2*callTime && g.Budget > 1 {
			g.Budget /= 2
		}
	}
}
