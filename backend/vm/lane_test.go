package vm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/expr"
)

// onEachMachine runs a test on every lane machine of this processor.
func onEachMachine(t *testing.T, f func(t *testing.T)) {
	defer func(m *laneISA) { laneMachine = m }(laneMachine)
	for _, m := range append(laneISAs(), portable) {
		laneMachine = m
		t.Run(m.name, f)
	}
}

var edges = []float64{0, math.Copysign(0, -1), 1, -1, 0.5, -2.5, 1.5, 3, 1e300, -1e300, 5e-324, -5e-324, math.Inf(1), math.Inf(-1), math.NaN(),
	math.MaxFloat64, 0x1p52, 0x1p53 + 2, -0x1p52 - 1, 2.2250738585072014e-308, 0.49999999999999994, -0.49999999999999994}

// randomKernel makes a straight-line kernel of base operations on nu, np and nw inputs with outputs
// in all spaces.
func randomKernel(rng *rand.Rand, size, nu, np, nw int) *backend.Kernel {
	b := backend.NewBuilder("random")
	pick := random(rng, b, size, map[backend.Op]int{backend.U: nu, backend.P: np, backend.W: nw, backend.Time: 1})
	for i := range 1 + size/10 {
		b.Output(backend.Main, i, pick())
	}
	for i := range 1 + size/20 {
		b.Output(backend.Memory, i, pick())
	}
	b.Output(backend.Code, 0, pick())
	return b.Finish()
}

// random emits operations on inputs, so many of each kind, and returns a function that chooses one
// of the values.
func random(rng *rand.Rand, b *backend.Builder, size int, inputs map[backend.Op]int) (pick func() backend.Ref) {
	var vals, truths []backend.Ref
	for op := backend.Time; op <= backend.Data; op++ {
		for i := range inputs[op] {
			vals = append(vals, b.Input(op, int32(i)))
		}
	}
	for range 1 + size/8 {
		v := edges[rng.IntN(len(edges))]
		if rng.IntN(2) == 0 {
			v = rng.NormFloat64()
		}
		vals = append(vals, b.Number(v))
	}
	pick = func() backend.Ref {
		if n := len(vals); rng.IntN(2) == 0 {
			return vals[n-1-rng.IntN(min(n, 6))]
		}
		return vals[rng.IntN(len(vals))]
	}
	truth := func() backend.Ref {
		if len(truths) > 0 && rng.IntN(4) > 0 {
			return truths[len(truths)-1-rng.IntN(min(len(truths), 3))]
		}
		return pick()
	}
	// The bits of a NaN are not promised: operations on bits get 0 for it.
	zero := b.Number(0)
	clean := func(r backend.Ref) backend.Ref { return b.Emit(backend.Select, b.Emit(backend.Eq, r, r), r, zero) }
	for range size {
		var r backend.Ref
		switch op := backend.Op(rng.IntN(int(backend.NumOps))); {
		case rng.IntN(3) == 0:
			op = []backend.Op{backend.Add, backend.Sub, backend.Mul, backend.Mul}[rng.IntN(4)]
			r = b.Emit(op, pick(), pick())
		case op.Input(), op == backend.Call, !op.Base():
			continue
		case op.Shift():
			r = b.Emit(op, clean(pick()), int32(rng.IntN(64)))
		case backend.BitAnd <= op && op <= backend.BitSub:
			r = b.Emit(op, clean(pick()), clean(pick()))
		case op == backend.Select:
			r = b.Emit(op, truth(), pick(), pick())
		case op.Bool():
			if op == backend.Not {
				r = b.Emit(op, truth())
			} else {
				r = b.Emit(op, pick(), pick())
			}
			truths = append(truths, r)
		case op.Arity() == 3:
			r = b.Emit(op, pick(), pick(), pick())
		case op.Arity() == 2:
			r = b.Emit(op, pick(), pick())
		default:
			r = b.Emit(op, pick())
		}
		vals = append(vals, r)
	}
	return pick
}

// laneArgs are the arguments of a run of width lanes, scattered for one lane by lane.
type laneArgs struct {
	width                    int
	t, u, p, w, out, mem, cd []float64
}

// lane copies lane l of an array.
func lane(a []float64, width, l int) []float64 {
	one := make([]float64, len(a)/width)
	for i := range one {
		one[i] = a[i*width+l]
	}
	return one
}

func value(rng *rand.Rand) float64 {
	switch rng.IntN(6) {
	case 0:
		return edges[rng.IntN(len(edges))]
	case 1:
		return math.Float64frombits(rng.Uint64())
	case 2:
		return float64(rng.IntN(9) - 4)
	}
	return rng.NormFloat64()
}

func newLaneArgs(rng *rand.Rand, width, nu, np, nw, nout, nmem int) *laneArgs {
	fill := func(n int) []float64 {
		a := make([]float64, n*width)
		for i := range a {
			a[i] = value(rng)
		}
		return a
	}
	return &laneArgs{width, fill(1), fill(nu), fill(np), fill(nw), fill(nout), fill(nmem), fill(1)}
}

// compare holds lanes to the scalar machine, bit by bit; NaNs are all the same.
func (a *laneArgs) compare(t testing.TB, k *backend.Kernel, funcs []*expr.Func, what string) {
	t.Helper()
	r := NewLanes(k, funcs, a.width).Runner()
	scalar := newKernel(unrolled(k), funcs).runner()
	out, mem, cd := append([]float64(nil), a.out...), append([]float64(nil), a.mem...), append([]float64(nil), a.cd...)
	r.Run(a.t, a.u, a.p, a.w, out, mem, cd)
	for l := range a.width {
		o, m := lane(a.out, a.width, l), lane(a.mem, a.width, l)
		c := scalar.run(a.t[l], &arrays{u: lane(a.u, a.width, l), p: lane(a.p, a.width, l), w: lane(a.w, a.width, l), main: o, mem: m})
		check := func(name string, want, got []float64) {
			for i, v := range want {
				g := got[i*a.width+l]
				if !identical(v, g) {
					t.Fatalf("%s: lane %d of %d: %s[%d] = %v (%x), want %v (%x)\n%s", what, l, a.width, name, i, g, math.Float64bits(g), v, math.Float64bits(v), k)
				}
			}
		}
		check("out", o, out)
		check("mem", m, mem)
		check("code", []float64{c}, cd)
	}
}

func identical(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b)
}

// unrolled is a kernel without loops: a step for each instance.
func unrolled(k *backend.Kernel) *backend.Kernel {
	if len(k.Steps) == 0 {
		return k
	}
	flat := &backend.Kernel{Name: k.Name, Scratch: k.Scratch, Zero: k.Zero}
	for i := range k.Steps {
		s := &k.Steps[i]
		if s.N == 0 {
			flat.Steps = append(flat.Steps, *s)
			continue
		}
		for j := range s.N {
			body := *s.Body
			body.Code = append([]backend.Instr(nil), body.Code...)
			body.Consts = append([]float64(nil), body.Consts...)
			body.Out = append([]backend.Output(nil), body.Out...)
			for r := range body.Code {
				switch in := &body.Code[r]; in.Op {
				case backend.U, backend.P, backend.W, backend.S:
					in.A = s.Index[in.A].At(j)
				case backend.Data:
					body.Consts = append(body.Consts, s.Data[in.A][j])
					*in = backend.Instr{Op: backend.Const, A: int32(len(body.Consts) - 1)}
				}
			}
			for r := range body.Out {
				body.Out[r].Index = s.Index[body.Out[r].Index].At(j)
			}
			flat.Steps = append(flat.Steps, backend.Step{Name: s.Name, Body: &body})
		}
	}
	return flat
}

// randomSteps makes a kernel of a loop, straight-line code on its results, and a loop in order, on
// nu and np inputs. It writes n+1 entries of Main and n of Memory.
func randomSteps(rng *rand.Rand, n, nu, np int) *backend.Kernel {
	k := &backend.Kernel{Name: "steps", Scratch: 2*n + 1}
	entries := func(most int) backend.Table {
		switch rng.IntN(4) {
		case 0:
			return backend.Table{Base: int32(rng.IntN(most))}
		case 1:
			if most >= n {
				return backend.Table{Base: int32(rng.IntN(most - n + 1)), Stride: 1}
			}
		case 2:
			if most >= n {
				return backend.Table{Base: int32(n - 1 + rng.IntN(most-n+1)), Stride: -1}
			}
		}
		list := make([]int32, n)
		for i := range list {
			list[i] = int32(rng.IntN(most))
		}
		return backend.NewTable(list)
	}
	once := func(first int) backend.Table { // each of n entries once
		if rng.IntN(2) == 0 {
			return backend.Table{Base: int32(first), Stride: 1}
		}
		list := make([]int32, n)
		for i, j := range rng.Perm(n) {
			list[i] = int32(first + j)
		}
		return backend.NewTable(list)
	}
	data := [][]float64{make([]float64, n), make([]float64, n)}
	for _, row := range data {
		for i := range row {
			row[i] = value(rng)
		}
	}
	b := backend.NewBuilder("loop")
	pick := random(rng, b, 1+rng.IntN(30), map[backend.Op]int{backend.Time: 1, backend.U: 3, backend.P: 3, backend.Data: 2})
	s := backend.Step{Name: "loop", N: n, Data: data}
	for range 3 {
		s.Index = append(s.Index, entries(min(nu, np)))
	}
	b.Output(backend.Main, 3, pick())
	b.Output(backend.Scratch, 4, pick())
	b.Output(backend.Memory, 5, pick())
	s.Index = append(s.Index, once(0), once(0), once(0))
	s.Body = b.Finish()
	k.Steps = append(k.Steps, s)

	b = backend.NewBuilder("once")
	pick = random(rng, b, 1+rng.IntN(20), map[backend.Op]int{backend.Time: 1, backend.U: nu, backend.S: n})
	b.Output(backend.Main, n, pick())
	b.Output(backend.Scratch, n, pick())
	k.Steps = append(k.Steps, backend.Step{Name: "once", Body: b.Finish()})

	b = backend.NewBuilder("chain")
	pick = random(rng, b, 1+rng.IntN(20), map[backend.Op]int{backend.S: 3, backend.P: 1, backend.Data: 1})
	s = backend.Step{Name: "chain", N: n, Data: data, Ordered: true}
	earlier := make([]int32, n)
	for i := range earlier {
		earlier[i] = int32(rng.IntN(n + 1 + i))
	}
	s.Index = []backend.Table{entries(min(n, np)), {Base: int32(n), Stride: 1}, backend.NewTable(earlier), {Base: int32(n + 1), Stride: 1}}
	b.Output(backend.Scratch, 3, pick())
	s.Body = b.Finish()
	k.Steps = append(k.Steps, s)

	b = backend.NewBuilder("last")
	b.Output(backend.Code, 0, b.Input(backend.S, int32(2*n)))
	k.Steps = append(k.Steps, backend.Step{Name: "last", Body: b.Finish()})
	return k
}

// Loops run all lanes for each instance.
func TestLanesSteps(t *testing.T) {
	onEachMachine(t, func(t *testing.T) {
		for seed := range uint64(60) {
			rng := rand.New(rand.NewPCG(seed, 31))
			n := []int{1, 2, 9, 40}[rng.IntN(4)]
			k := randomSteps(rng, n, 45, 50)
			a := newLaneArgs(rng, []int{8, 32, 72, 128}[rng.IntN(4)], 45, 50, 0, n+1, n)
			a.compare(t, k, nil, fmt.Sprint("seed ", seed))
		}
	})
}

// Loops of the scalar machine, where a lane is an instance.
func TestLoopsRandom(t *testing.T) {
	onEachMachine(t, func(t *testing.T) {
		for seed := range uint64(120) {
			rng := rand.New(rand.NewPCG(seed, 41))
			n := []int{1, 2, 8, 9, 31, 63, 64, 65, 100, 128, 200}[rng.IntN(11)]
			k := randomSteps(rng, n, 200, 210)
			u, p := make([]float64, 200), make([]float64, 210)
			for i := range u {
				u[i] = value(rng)
			}
			for i := range p {
				p[i] = value(rng)
			}
			run := func(k *backend.Kernel) (out, mem []float64, code float64) {
				out, mem = make([]float64, n+1), make([]float64, n)
				code = newKernel(k, nil).runner().run(0.5, &arrays{u: u, p: p, main: out, mem: mem})
				return out, mem, code
			}
			out, mem, code := run(k)
			wout, wmem, wcode := run(unrolled(k))
			for i, v := range append(append(wout, wmem...), wcode) {
				if g := append(append(out, mem...), code)[i]; !identical(v, g) {
					t.Fatalf("seed %d: result %d of %d: %v, want %v\n%s", seed, i, n, g, v, k)
				}
			}
		}
	})
}

func TestLanesRandom(t *testing.T) {
	onEachMachine(t, func(t *testing.T) {
		for seed := range uint64(300) {
			rng := rand.New(rand.NewPCG(seed, 21))
			k := randomKernel(rng, 1+rng.IntN(120), 4, 3, 2)
			width := []int{8, 16, 24, 64, 72, 128, 256}[rng.IntN(7)]
			a := newLaneArgs(rng, width, 4, 3, 2, 20, 10)
			a.compare(t, k, nil, fmt.Sprint("seed ", seed))
		}
	})
}

// Each operation alone on all pairs of edge values, in all forms of its operands.
func TestLanesEdges(t *testing.T) {
	onEachMachine(t, func(t *testing.T) {
		for op := backend.Neg; op < backend.Call; op++ {
			if !op.Base() {
				continue
			}
			for form := range 64 {
				b := backend.NewBuilder("edge")
				var args []int32
				for i := range op.Arity() {
					switch form >> (2 * i) & 3 {
					case 0:
						args = append(args, b.Input(backend.U, int32(i)))
					case 1:
						args = append(args, b.Number(edges[(form+i)%len(edges)]))
					case 2: // the result of an instruction before
						args = append(args, b.Emit(backend.Neg, b.Input(backend.U, int32(i))))
					default:
						args = append(args, b.Emit(backend.Lt, b.Input(backend.P, 0), b.Input(backend.U, int32(i))))
					}
				}
				if op.Shift() {
					args = append(args, int32(form))
				}
				b.Output(backend.Main, 0, b.Emit(op, args...))
				k := b.Finish()
				a := &laneArgs{width: 256}
				rng := rand.New(rand.NewPCG(1, 2))
				for i := range 3 * 256 {
					v := edges[rng.IntN(len(edges))]
					if i < 512 {
						v = edges[[]int{i / len(edges), i % len(edges)}[i/256]%len(edges)]
					}
					a.u = append(a.u, v)
				}
				for range 256 {
					a.p = append(a.p, edges[rng.IntN(len(edges))])
				}
				a.t, a.cd, a.out = make([]float64, 256), make([]float64, 256), make([]float64, 256)
				a.compare(t, k, nil, fmt.Sprint(op, " form ", form))
			}
		}
	})
}

// checkLanes holds the lanes of all kernels of a program to the scalar machine.
func checkLanes(t testing.TB, prog *backend.Program) {
	t.Helper()
	if _, ok := t.(*testing.T); !ok {
		return
	}
	kernels := []*backend.Kernel{prog.RHS, prog.Jac, prog.TGrad, prog.Linear, prog.Invariants, prog.InvariantJac, prog.Crossings, prog.TimeEvents,
		prog.Update, prog.Assert, prog.Guards, prog.Bind, prog.Observed}
	for _, ik := range prog.Init {
		kernels = append(kernels, ik.Eval, ik.Jac)
	}
	rng := rand.New(rand.NewPCG(7, 7))
	defer func(m *laneISA) { laneMachine = m }(laneMachine)
	for _, m := range append(laneISAs(), portable) {
		laneMachine = m
		for i, k := range kernels {
			if k == nil || k.Work() > 20000 {
				continue
			}
			need := NewLanes(k, prog.Funcs, 8).need
			a := newLaneArgs(rng, 8, need[rowU], need[rowP], need[rowW], need[rowMain], need[rowMem])
			if need[rowCode] == 0 {
				clear(a.cd)
			}
			a.compare(t, k, prog.Funcs, fmt.Sprintf("kernel %d on %s", i, m.name))
		}
	}
}

// The kernels of a machine for lanes: nothing is allocated, and runners do not disturb each other.
func TestLanesMachine(t *testing.T) {
	prog := compile(t, `
		var x = 1 fixed
		var y = 2 fixed
		discrete n = 0
		der(x) = sin(y) + n
		der(y) = x*y/(1 + x^2)
		when x > 2 then set n = pre(n) + 1`)
	m := New(prog)
	k := m.Kernels()
	const width = 64
	u, p, g := make([]float64, 2*width), make([]float64, len(prog.Meta.P)*width), make([]float64, width)
	du, vals, dt, ts := make([]float64, 2*width), make([]float64, prog.Meta.Jac.NNZ()*width), make([]float64, 2*width), make([]float64, width)
	for i := range u {
		u[i] = 1 + float64(i)/100
	}
	rhs, jac, tgrad, crossings := m.LanesRHS(width), m.LanesJac(width), m.LanesTGrad(width), m.LanesCrossings(width)
	r := []*LaneRunner{rhs.Runner(), jac.Runner(), tgrad.Runner(), crossings.Runner()}
	run := func() {
		r[0].Run(ts, u, p, nil, du, nil, nil)
		r[1].Run(ts, u, p, nil, vals, nil, nil)
		r[2].Run(ts, u, p, nil, dt, nil, nil)
		r[3].Run(ts, u, p, nil, g, nil, nil)
	}
	if n := testing.AllocsPerRun(100, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
	for l := range width {
		check := func(what string, f func(t float64, u, p, out []float64), got []float64) {
			want := make([]float64, len(got)/width)
			f(0, lane(u, width, l), lane(p, width, l), want)
			for i, v := range want {
				if !identical(v, got[i*width+l]) {
					t.Errorf("%s, lane %d: %v, want %v", what, l, got[i*width+l], v)
				}
			}
		}
		check("RHS", k.RHS, du)
		check("Jac", k.Jac, vals)
		check("TGrad", k.TGrad, dt)
		check("Crossings", k.Crossings, g)
	}
	want := append([]float64(nil), du...)
	var wg sync.WaitGroup
	for range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			r, out := rhs.Runner(), make([]float64, 2*width)
			for range 200 {
				clear(out)
				r.Run(ts, u, p, nil, out, nil, nil)
				for i, v := range want {
					if out[i] != v {
						t.Errorf("result %d is %v, want %v", i, out[i], v)
						return
					}
				}
			}
		}()
	}
	wg.Wait()
}

// More rows than 16 bits number.
func TestLanesFar(t *testing.T) {
	onEachMachine(t, func(t *testing.T) {
		const n = 35000
		b := backend.NewBuilder("far")
		var v []backend.Ref
		for i := range int32(n) {
			v = append(v, b.Emit(backend.Floor, b.Input(backend.U, i)))
		}
		for i := range n {
			b.Output(backend.Main, i, b.Emit(backend.Add, v[i], b.Emit(backend.Mul, v[n-1-i], v[(i*7)%n])))
		}
		a := newLaneArgs(rand.New(rand.NewPCG(1, 1)), 8, n, 0, 0, n, 0)
		clear(a.cd)
		k := b.Finish()
		if c := encodeLanes(k, nil, func(backend.Instr) bool { return false }); len(c.rows) <= far {
			t.Errorf("only %d rows", len(c.rows))
		}
		a.compare(t, k, nil, "far")
	})
}

// FuzzLanes holds the lanes to the scalar machine on random kernels and numbers.
func FuzzLanes(f *testing.F) {
	f.Add(uint64(1), uint64(2), 1.5, -0.25)
	f.Add(uint64(7), uint64(0), math.Inf(1), 5e-324)
	f.Fuzz(func(t *testing.T, seed, size uint64, x, y float64) {
		rng := rand.New(rand.NewPCG(seed, size))
		k := randomKernel(rng, 1+int(size%200), 4, 3, 2)
		if seed%3 == 0 {
			k = randomSteps(rng, 1+int(size%70), 75, 80)
		}
		defer func(m *laneISA) { laneMachine = m }(laneMachine)
		for _, m := range append(laneISAs(), portable) {
			laneMachine = m
			a := newLaneArgs(rng, 8*(1+rng.IntN(12)), 75, 80, 2, 100, 100)
			for i := range a.u {
				switch rng.IntN(6) {
				case 0:
					a.u[i] = x
				case 1:
					a.u[i] = y
				}
			}
			a.compare(t, k, nil, m.name)
		}
	})
}
