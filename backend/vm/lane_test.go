package vm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/mtkc/mtkc/backend"
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
	var vals, truths []backend.Ref
	for i := range nu {
		vals = append(vals, b.Input(backend.U, int32(i)))
	}
	for i := range np {
		vals = append(vals, b.Input(backend.P, int32(i)))
	}
	for i := range nw {
		vals = append(vals, b.Input(backend.W, int32(i)))
	}
	vals = append(vals, b.Input(backend.Time, 0))
	for range 1 + size/8 {
		v := edges[rng.IntN(len(edges))]
		if rng.IntN(2) == 0 {
			v = rng.NormFloat64()
		}
		vals = append(vals, b.Number(v))
	}
	pick := func() backend.Ref {
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
	for i := range 1 + size/10 {
		b.Output(backend.Main, i, pick())
	}
	for i := range 1 + size/20 {
		b.Output(backend.Memory, i, pick())
	}
	b.Output(backend.Code, 0, pick())
	return b.Finish()
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
func (a *laneArgs) compare(t *testing.T, k *backend.Kernel, what string) {
	t.Helper()
	r := NewLanes(k, nil, a.width).Runner()
	scalar := newKernel(k, nil).runner()
	out, mem, cd := append([]float64(nil), a.out...), append([]float64(nil), a.mem...), append([]float64(nil), a.cd...)
	r.Run(a.t, a.u, a.p, a.w, out, mem, cd)
	for l := range a.width {
		o, m := lane(a.out, a.width, l), lane(a.mem, a.width, l)
		c := scalar.run(a.t[l], arrays{u: lane(a.u, a.width, l), p: lane(a.p, a.width, l), w: lane(a.w, a.width, l), main: o, mem: m})
		check := func(name string, want, got []float64) {
			for i, v := range want {
				g := got[i*a.width+l]
				if math.Float64bits(v) != math.Float64bits(g) && !(math.IsNaN(v) && math.IsNaN(g)) {
					t.Fatalf("%s: lane %d of %d: %s[%d] = %v (%x), want %v (%x)\n%s%s", what, l, a.width, name, i, g, math.Float64bits(g), v, math.Float64bits(v), k, listing(encodeLanes(k, nil, func(backend.Instr) bool { return false })))
				}
			}
		}
		check("out", o, out)
		check("mem", m, mem)
		check("code", []float64{c}, cd)
	}
}

// listing prints lane code.
func listing(c *laneCode) string {
	s := ""
	for _, in := range c.code {
		v := laneVariants[in.op]
		name := fmt.Sprint("op", v.op)
		if v.op < uint16(backend.NumOps) {
			name = backend.Op(v.op).String()
		}
		s += fmt.Sprintln(name, v.modes, v.store, in)
	}
	return s
}

func TestLanesRandom(t *testing.T) {
	onEachMachine(t, func(t *testing.T) {
		for seed := range uint64(300) {
			rng := rand.New(rand.NewPCG(seed, 21))
			k := randomKernel(rng, 1+rng.IntN(120), 4, 3, 2)
			width := []int{8, 16, 24, 64, 72, 128, 256}[rng.IntN(7)]
			a := newLaneArgs(rng, width, 4, 3, 2, 20, 10)
			a.compare(t, k, fmt.Sprint("seed ", seed))
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
				a.compare(t, k, fmt.Sprint(op, " form ", form))
			}
		}
	})
}
