package llvm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/llvm/libllvm"
	"github.com/mtkc/mtkc/backend/vm"
	"github.com/mtkc/mtkc/runtime/native"
)

// libraries are those of this machine: that which Find finds, and LLVM 14, the oldest.
func libraries(t testing.TB) []*libllvm.Library {
	t.Helper()
	if err := native.Supported(); err != nil {
		t.Skip(err)
	}
	l, err := libllvm.Find()
	if err != nil {
		t.Skip(err)
	}
	list := []*libllvm.Library{l}
	if l.Major() > 14 {
		if old, err := libllvm.Open("libLLVM-14.so.1"); err == nil {
			list = append(list, old)
		}
	}
	return list
}

// load compiles a text and loads it.
func load(t testing.TB, l *libllvm.Library, text []byte, level int) *native.Module {
	t.Helper()
	obj, err := l.Compile(text, libllvm.Options{Level: level})
	if err != nil {
		t.Fatalf("%v\n%s", err, text[:min(len(text), 5000)])
	}
	m, err := native.Load(obj)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// runner calls an entry for all lanes.
type runner struct {
	e     Entry
	f     *native.Func
	stack *native.Stack
	w     []float64
}

func newRunner(t testing.TB, m *native.Module, e Entry) *runner {
	t.Helper()
	f, err := m.Func(e.Name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := native.NewStack()
	if err != nil {
		t.Fatal(err)
	}
	return &runner{e, f, s, make([]float64, e.Scratch)}
}

func (r *runner) run(t, u, p, out []float64) {
	ptr := func(x []float64) *float64 { return unsafe.SliceData(x) }
	if r.e.Lanes == 1 {
		r.f.CallKernel(r.stack, t[0], ptr(u), ptr(p), ptr(out), ptr(r.w))
		return
	}
	args := [5]*float64{ptr(t), ptr(u), ptr(p), ptr(out), ptr(r.w)}
	r.f.Call(r.stack, unsafe.Pointer(&args))
}

// reference is what the vm computes.
func reference(k *backend.Kernel) func(t float64, u, p, out []float64) {
	return vm.Function(k, nil)
}

func same(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b
}

// compare runs a kernel by the vm and as code of some lanes at random arguments.
func compare(t *testing.T, rng *rand.Rand, k *backend.Kernel, n, np, main int, target Target, lanes ...int) {
	t.Helper()
	k, err := target.prepare(k)
	if err != nil {
		t.Fatal(err)
	}
	libs := libraries(t)
	lib := libs[rng.IntN(len(libs))]
	target.Opaque = lib.Major() >= 15
	m := newModule(target)
	var entries []Entry
	for _, l := range lanes {
		entries = append(entries, m.kernel(k, fmt.Sprintf("f%d", l), l, main))
	}
	mod := load(t, lib, m.text(""), rng.IntN(2))
	want := reference(k)
	for _, e := range entries {
		sameRuns(t, rng, newRunner(t, mod, e), want, k, n, np, main)
	}
}

// sameRuns runs an entry and the vm at random arguments.
func sameRuns(t *testing.T, rng *rand.Rand, r *runner, want func(t float64, u, p, out []float64), k *backend.Kernel, n, np, main int) {
	t.Helper()
	l := r.e.Lanes
	fill := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = value(rng)
		}
		return x
	}
	one := func(x []float64, lane int) []float64 {
		y := make([]float64, len(x)/l)
		for i := range y {
			y[i] = x[i*l+lane]
		}
		return y
	}
	for range 20 {
		at, u, p, out := fill(l), fill(n*l), fill(np*l), fill(main*l)
		var wants [][]float64
		for lane := range l {
			w := one(out, lane)
			want(at[lane], one(u, lane), one(p, lane), w)
			wants = append(wants, w)
		}
		r.run(at, u, p, out)
		for lane := range l {
			got := one(out, lane)
			for i := range got {
				if !same(got[i], wants[lane][i]) {
					t.Fatalf("%d lanes, lane %d: output %d is %v, the vm has %v (t %v, u %v, p %v)\n%s", l, lane, i, got[i], wants[lane][i], at[lane], one(u, lane), one(p, lane), k)
				}
			}
		}
	}
}

// value is a random number, a special one now and then.
func value(rng *rand.Rand) float64 {
	special := []float64{0, math.Copysign(0, -1), 1, -1, math.Inf(1), math.Inf(-1), math.NaN(), 5e-324, 1e308, 0.5}
	if rng.IntN(5) == 0 {
		return special[rng.IntN(len(special))]
	}
	return rng.NormFloat64() * math.Exp(2*rng.NormFloat64())
}

// base are the operations that code writes.
func base() (ops []backend.Op) {
	for op := range backend.NumOps {
		if op.Base() && !op.Input() && op != backend.Call {
			ops = append(ops, op)
		}
	}
	return ops
}

// random makes a kernel of n base operations.
func random(rng *rand.Rand, n, inputs, outputs int) *backend.Kernel {
	b := backend.NewBuilder("random")
	vals := []backend.Ref{b.Input(backend.Time, 0)}
	for i := range inputs {
		vals = append(vals, b.Input(backend.U, int32(i)), b.Input(backend.P, int32(i)), b.Number(value(rng)))
	}
	ops := base()
	// recent values are used more often than old ones
	pick := func() int32 {
		if len(vals) > 30 && rng.IntN(3) > 0 {
			return vals[len(vals)-1-rng.IntN(30)]
		}
		return vals[rng.IntN(len(vals))]
	}
	for range n {
		op := ops[rng.IntN(len(ops))]
		args := []int32{pick(), pick(), pick()}[:op.Arity()]
		if backend.BitAnd <= op && op <= backend.BitSar { // the bits of what is not a number are not promised
			for i, a := range args {
				args[i] = b.Emit(backend.Select, b.Emit(backend.Eq, a, a), a, b.Number(1.25))
			}
		}
		if op.Shift() {
			args = append(args, rng.Int32N(64))
		}
		vals = append(vals, b.Emit(op, args...))
	}
	for i := range outputs {
		v := vals[len(vals)-1-i]
		if i%3 == 2 {
			v = pick()
		}
		b.Output(backend.Main, i, v)
	}
	return b.Finish()
}

// Random kernels of every base operation give the bits of the vm, whole and cut, one lane and
// several.
func TestRandomKernels(t *testing.T) {
	for round := range uint64(*rounds) * 3 / 2 {
		rng := rand.New(rand.NewPCG(round, *seed))
		k := random(rng, 40+200*int(round%4), 4, 9)
		if compare(t, rng, k, 4, 4, 9, Target{Chunk: []int{0, 7, 60}[round%3]}, 1, 2, 4, 8, 16); t.Failed() {
			t.Fatalf("seed %d, round %d", *seed, round)
		}
	}
}

// Each operation alone, at special values.
func TestOperations(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	b := backend.NewBuilder("all")
	x, y, z := b.Input(backend.U, 0), b.Input(backend.U, 1), b.Input(backend.P, 0)
	n := 0
	for _, op := range base() {
		args := []int32{x, y, z}[:op.Arity()]
		if op.Shift() {
			args = append(args, 11)
		}
		v := b.Emit(op, args...)
		for _, w := range []backend.Ref{v, b.Emit(backend.Select, v, x, y), b.Emit(backend.BitXor, v, z)} {
			b.Output(backend.Main, n, w)
			n++
		}
	}
	for _, op := range []backend.Op{backend.Min, backend.Max} {
		for _, v := range []float64{0, 2, math.NaN(), math.Copysign(0, -1)} {
			b.Output(backend.Main, n, b.Emit(op, b.Number(v), x))
			b.Output(backend.Main, n+1, b.Emit(op, x, b.Number(v)))
			n += 2
		}
		b.Output(backend.Main, n, b.Emit(op, b.Emit(backend.Abs, x), b.Emit(backend.Abs, y)))
		n++
	}
	for range 20 {
		compare(t, rng, b.Finish(), 2, 1, n, Target{}, 1, 8)
	}
}

// Elementary functions give the bits of their programs, within the code and as functions of
// the module.
func TestElementary(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 1))
	for _, uses := range []int{1, inlined} {
		b := backend.NewBuilder("elementary")
		x, y := b.Input(backend.U, 0), b.Input(backend.P, 0)
		n := 0
		for op := range backend.NumOps {
			if op.Base() {
				continue
			}
			v := x
			for range uses {
				v = b.Emit(op, []int32{v, y}[:op.Arity()]...)
				b.Output(backend.Main, n, v)
				n++
			}
		}
		for range 5 {
			compare(t, rng, b.Finish(), 1, 1, n, Target{}, 1, 2, 8)
		}
	}
}

// Large angles have a function of their own, within the code, in functions of the module and in loops.
func TestFar(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 3))
	for _, uses := range []int{1, inlined} {
		b := backend.NewBuilder("far")
		x := b.Input(backend.U, 0)
		n := 0
		for _, op := range []backend.Op{backend.Sin, backend.Cos, backend.Tan} {
			for range uses {
				// Angles from 2^38 to 2^53 or so, and infinities.
				v := b.Emit(op, b.Emit(backend.Mul, x, b.Number(math.Ldexp(1+rng.Float64(), 38+rng.IntN(15)))))
				b.Output(backend.Main, n, v)
				n++
			}
		}
		for range 5 {
			compare(t, rng, b.Finish(), 1, 0, n, Target{}, 1, 2, 8)
		}
		const instances = 21
		body := b.Finish()
		s := backend.Step{N: instances, Index: []backend.Table{{Stride: 1}}}
		for i := range body.Out {
			s.Index = append(s.Index, backend.Table{Base: int32(i), Stride: int32(n)})
			body.Out[i].Index = int32(i + 1)
		}
		s.Body = body
		compare(t, rng, &backend.Kernel{Name: "loop", Steps: []backend.Step{s}}, instances, 0, n*instances, Target{}, 1, 2)
	}
}

// Loops with every kind of table, in order and not, more and fewer instances than lanes, bodies
// that are cut, and values that pass in the scratch array.
func TestLoops(t *testing.T) {
	for seed := range uint64(16) {
		rng := rand.New(rand.NewPCG(seed, 2))
		n := []int{3, 8, 21, 64}[seed%4]
		const per = 3 // entries of u and p for an instance
		k := &backend.Kernel{Name: "loops", Zero: seed%2 == 0}
		table := func(at, most int) backend.Table {
			list := make([]int32, n)
			switch rng.IntN(4) {
			case 0: // one entry
				for i := range list {
					list[i] = int32(at)
				}
			case 1: // side by side
				for i := range list {
					list[i] = int32(at + i)
				}
			case 2: // backwards, or evenly
				for i := range list {
					list[i] = int32(per*(n-1-i) + at%per)
				}
			default:
				for i := range list {
					list[i] = rng.Int32N(int32(most))
				}
			}
			return backend.NewTable(list)
		}
		// The first step puts n numbers into the scratch array, the loops n more each.
		first := random(rng, 30+n, 2, n)
		for i := range first.Out {
			first.Out[i].Space = backend.Scratch
		}
		k.Steps = append(k.Steps, backend.Step{Body: first})
		k.Scratch = n
		main := 0
		for loop := range 3 {
			ordered := loop == 1
			body := random(rng, []int{20, 90}[seed/2%2], 6, 4)
			s := backend.Step{Body: body, N: n, Ordered: ordered}
			for i := range body.Code {
				in := &body.Code[i]
				switch {
				case in.Op == backend.Time && rng.IntN(2) == 0:
					row := make([]float64, n)
					for i := range row {
						row[i] = value(rng)
					}
					*in = backend.Instr{Op: backend.Data, A: int32(len(s.Data))}
					s.Data = append(s.Data, row)
				case in.Op == backend.U || in.Op == backend.P:
					if rng.IntN(4) == 0 {
						in.Op = backend.S
						s.Index = append(s.Index, table(k.Scratch-n, k.Scratch))
						if list := s.Index[len(s.Index)-1]; list.At(0) >= int32(k.Scratch) || list.At(n-1) >= int32(k.Scratch) {
							s.Index[len(s.Index)-1] = backend.Table{Base: int32(k.Scratch - n), Stride: 1}
						}
					} else {
						s.Index = append(s.Index, table(int(in.A)%per*n, per*n))
					}
					in.A = int32(len(s.Index) - 1)
				}
			}
			if ordered { // reads what the instance before has written
				v := len(body.Code)
				body.Code = append(body.Code, backend.Instr{Op: backend.S, A: int32(len(s.Index))}, backend.Instr{Op: backend.Mul, A: int32(v), B: 0})
				s.Index = append(s.Index, backend.Table{Base: int32(k.Scratch - 1), Stride: 1})
				body.Out[3] = backend.Output{Space: backend.Scratch, Val: int32(v + 1)}
			} else {
				body.Out[3].Space = backend.Scratch
			}
			for i := range body.Out {
				o := &body.Out[i]
				o.Index = int32(len(s.Index))
				switch {
				case o.Space == backend.Scratch:
					s.Index = append(s.Index, backend.Table{Base: int32(k.Scratch), Stride: 1})
				case i == 0:
					s.Index = append(s.Index, backend.Table{Base: int32(main + n - 1), Stride: -1})
				case i == 1:
					list := make([]int32, n)
					for j, p := range rng.Perm(n) {
						list[j] = int32(main + n + p)
					}
					s.Index = append(s.Index, backend.NewTable(list))
				default:
					s.Index = append(s.Index, backend.Table{Base: int32(main + 2*n), Stride: 1})
				}
			}
			main += 3*n + 5 // five are not written
			k.Scratch += n
			k.Steps = append(k.Steps, s)
		}
		compare(t, rng, k, per*n, per*n, main, Target{Chunk: []int{0, 25}[seed%2], Lanes: []int{0, 4, 1}[seed%3]}, 1, 4)
	}
}

// A Jacobian of a grid: one number goes to most of its entries, those between are written by loops that read
// rows of the states and write entries that do not follow each other. Some of what lies between is written by no one.
func TestGrid(t *testing.T) {
	const rows, columns, wide, per = 9, 13, 17, 5
	rng := rand.New(rand.NewPCG(4, 4))
	for _, whole := range []bool{true, false} {
		k := &backend.Kernel{Name: "grid"}
		var constants, read, first, second []int32
		for r := range rows {
			for c := range columns {
				cell := r*columns + c
				read = append(read, int32(r*wide+c))
				first = append(first, int32(cell*per+2))
				second = append(second, int32(cell*per+1+cell%2*3)) // 1 or 4
				for j := range per {
					if e := cell*per + j; j != 2 && e != int(second[cell]) && (whole || e != 100) {
						constants = append(constants, int32(e))
					}
				}
			}
		}
		rng.Shuffle(len(constants), func(i, j int) { constants[i], constants[j] = constants[j], constants[i] })
		b := backend.NewBuilder("constant")
		b.Output(backend.Main, 0, b.Number(7))
		k.Steps = append(k.Steps, backend.Step{Body: b.Finish(), N: len(constants), Index: []backend.Table{backend.NewTable(constants)}})
		b = backend.NewBuilder("cells")
		u, p := b.Input(backend.U, 0), b.Input(backend.P, 1)
		b.Output(backend.Main, 2, b.Emit(backend.Mul, u, p))
		b.Output(backend.Main, 3, b.Emit(backend.Sub, p, u))
		k.Steps = append(k.Steps, backend.Step{Body: b.Finish(), N: len(read), Index: []backend.Table{
			backend.NewTable(read), {}, backend.NewTable(first), backend.NewTable(second),
		}})
		if got := filling(k, 0) != nil; got != whole {
			t.Errorf("all entries written: %v, filled: %v", whole, got)
		}
		if d := cutInto(&k.Steps[1], 8); !slices.Equal(d.follow, []bool{true, false, false, false}) || len(d.wide) != 2*rows || d.half != nil || d.rest != nil {
			t.Errorf("the grid is divided into %+v", d)
		}
		compare(t, rng, k, rows*wide, 1, rows*columns*per, Target{}, 1, 4)
		compare(t, rng, k, rows*wide, 1, rows*columns*per, Target{Lanes: 4}, 1)
	}
}
