package vm

import (
	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/expr"
)

// kernel is a kernel of the program made ready: straight-line codes and loops, run in
// order. It is not changed afterwards.
type kernel struct {
	steps   []step
	scratch int
	zero    bool // clear main first
}

// step is one of the two.
type step struct {
	code *code
	loop *loop
}

func newKernel(k *backend.Kernel, funcs []*expr.Func) *kernel {
	if k == nil {
		return nil
	}
	m := &kernel{scratch: k.Scratch, zero: k.Zero}
	if len(k.Steps) == 0 {
		m.steps = []step{{code: encode(k, funcs)}}
		return m
	}
	for i := range k.Steps {
		if s := &k.Steps[i]; s.N > 0 {
			m.steps = append(m.steps, step{loop: encodeLoop(s, funcs)})
		} else {
			m.steps = append(m.steps, step{code: encode(s.Body, funcs)})
		}
	}
	return m
}

// runner is what a run of a kernel needs of its own.
type runner struct {
	codes []*frame     // by step, nil for a loop
	loops []*loopFrame // by step, nil for a code
	s     []float64
	zero  bool
	only  *frame           // the kernel is this code
	need  [rowSOut + 1]int // entries of the arrays of the loops
}

func (k *kernel) runner() *runner {
	r := &runner{s: make([]float64, k.scratch), zero: k.zero}
	size := 0
	for _, s := range k.steps {
		if s.loop != nil {
			size = max(size, s.loop.size())
		}
	}
	buf := rowAlign(size)
	for _, s := range k.steps {
		var c *frame
		var l *loopFrame
		if s.code != nil {
			c = s.code.frame()
		} else {
			l = s.loop.frame(buf)
			for i, n := range s.loop.need {
				r.need[i] = max(r.need[i], n)
			}
		}
		r.codes, r.loops = append(r.codes, c), append(r.loops, l)
	}
	if len(k.steps) == 1 && !k.zero && k.scratch == 0 {
		r.only = r.codes[0]
	}
	return r
}

// run executes the kernel. It returns the action code.
func (r *runner) run(t float64, a *arrays) float64 {
	if r.only != nil {
		return r.only.run(t, a)
	}
	if r.zero {
		clear(a.main)
	}
	a.s = r.s
	from := bySpace{rowU: a.u, rowP: a.p, rowW: a.w, rowS: a.s, rowMain: a.main, rowMem: a.mem, rowSOut: a.s}
	from.check(&r.need)
	code := 0.0
	for i, c := range r.codes {
		if c != nil {
			if v := c.run(t, a); c.code.code >= 0 {
				code = v
			}
		} else {
			r.loops[i].run(t, &from)
		}
	}
	return code
}
