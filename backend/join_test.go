package backend

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// grid is a kernel of two quantities x and y in rows of cells: x[i]' = x*y + x[i-1] for the places in a, y[i]' = 2*c[i] - x*y for
// those in b, c numbers of the places. There are n cells; x are the states from 0 on, y those from n on.
func grid(n int, a, b []int32) *Kernel {
	shifted := func(list []int32, by int) Table {
		s := slices.Clone(list)
		for i := range s {
			s[i] += int32(by)
		}
		return NewTable(s)
	}
	k := &Kernel{Name: "grid"}
	e := NewBuilder("x")
	x, y := e.Input(U, 0), e.Input(U, 1)
	v := e.Emit(Add, e.Emit(Mul, x, y), e.Input(U, 2))
	e.Label(v, "rate", -1)
	e.Output(Main, 3, v)
	k.Steps = append(k.Steps, Step{Name: "x[*]", Body: e.Finish(), N: len(a), Index: []Table{shifted(a, 0), shifted(a, n), shifted(a, -1), shifted(a, 0)}})
	e = NewBuilder("between")
	e.Output(Main, 0, e.Number(3))
	k.Steps = append(k.Steps, Step{Name: "ends", Body: e.Finish(), N: 2, Index: []Table{{Base: 0, Stride: int32(n)}}})
	e = NewBuilder("y")
	c, y, x := e.Emit(Data, 0), e.Input(U, 0), e.Input(U, 1)
	e.Output(Main, 2, e.Emit(Sub, e.Emit(Mul, c, e.Input(P, 3)), e.Emit(Mul, x, y)))
	row := make([]float64, len(b))
	for i := range row {
		row[i] = float64(i) + 0.5
	}
	k.Steps = append(k.Steps, Step{Name: "y[*]", Body: e.Finish(), N: len(b), Index: []Table{shifted(b, n), shifted(b, 0), shifted(b, n), {}}, Data: [][]float64{row}})
	return k
}

// runSteps computes a kernel of a few operations.
func runSteps(k *Kernel, u, p []float64, main int) []float64 {
	out, scratch := make([]float64, main), make([]float64, k.Scratch)
	steps := k.Steps
	if len(steps) == 0 {
		steps = []Step{{Body: k}}
	}
	for _, s := range steps {
		for i := range max(s.N, 1) {
			entry := func(k int32) int32 {
				if s.N == 0 {
					return k
				}
				return s.Index[k].At(i)
			}
			var in []float64
			code := slices.Clone(s.Body.Code)
			for r := range code { // inputs in a row, as states
				v := 0.0
				switch code[r].Op {
				case U:
					v = u[entry(code[r].A)]
				case P:
					v = p[entry(code[r].A)]
				case S:
					v = scratch[entry(code[r].A)]
				case Data:
					v = s.Data[code[r].A][i]
				default:
					continue
				}
				code[r] = Instr{Op: U, A: int32(len(in))}
				in = append(in, v)
			}
			v := run(code, s.Body.Consts, in)
			for _, o := range s.Body.Out {
				if o.Space == Scratch {
					scratch[entry(o.Index)] = v[o.Val]
				} else {
					out[entry(o.Index)] = v[o.Val]
				}
			}
		}
	}
	return out
}

func TestJoin(t *testing.T) {
	span := func(from, to int) (list []int32) {
		for i := from; i < to; i++ {
			list = append(list, int32(i))
		}
		return
	}
	without := func(list []int32, from, to int32) []int32 {
		return slices.DeleteFunc(slices.Clone(list), func(i int32) bool { return from <= i && i < to })
	}
	all := span(1, 61)
	shuffled := slices.Clone(all)
	rng := rand.New(rand.NewPCG(6, 6))
	rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for _, test := range []struct {
		name  string
		a, b  []int32
		loops []int // instances of the loops then
	}{
		{"the same places", all, all, []int{2, 60}},
		{"in another order", all, shuffled, []int{2, 60}},
		{"more of b", without(all, 20, 40), all, []int{2, 40, 20}},
		{"more of both", without(all, 20, 30), without(all, 40, 50), []int{10, 2, 40, 10}},
		{"a few left", without(all, 20, 22), all, []int{58, 2, 60}},
		{"other places", span(1, 31), span(30, 60), []int{30, 2, 30}},
		{"little in common", span(1, 41), span(30, 61), []int{40, 2, 31}},
		{"short", span(1, 9), span(1, 9), []int{8, 2, 8}},
	} {
		const n = 61
		u, p := make([]float64, 2*n), []float64{2}
		for i := range u {
			u[i] = rng.NormFloat64()
		}
		want := runSteps(grid(n, test.a, test.b), u, p, 2*n)
		k := grid(n, test.a, test.b)
		ops := k.Work()
		k.join()
		var loops []int
		for _, s := range k.Steps {
			loops = append(loops, s.N)
		}
		if !slices.Equal(loops, test.loops) {
			t.Errorf("%s: loops over %v, not %v", test.name, loops, test.loops)
		}
		if got := runSteps(k, u, p, 2*n); !slices.Equal(got, want) {
			t.Errorf("%s: other results", test.name)
		}
		if joined := len(test.a) + len(test.b) + 2; len(loops) < 3 && k.Work() != ops-60 { // a product of each place
			t.Errorf("%s: %d operations of %d over %d", test.name, k.Work(), ops, joined)
		}
	}
}

// What reads the scratch array, is ordered or calls functions stays as it is.
func TestNotJoined(t *testing.T) {
	places := make([]int32, 40)
	for i := range places {
		places[i] = int32(i + 1)
	}
	for name, change := range map[string]func(s *Step){
		"ordered": func(s *Step) { s.Ordered = true },
		"scratch": func(s *Step) { s.Body.Out[0].Space = Scratch },
		"reads scratch": func(s *Step) {
			for i := range s.Body.Code {
				if s.Body.Code[i].Op == U {
					s.Body.Code[i].Op = S
					break
				}
			}
		},
	} {
		k := grid(41, places, places)
		change(&k.Steps[0])
		if k.join(); len(k.Steps) != 3 {
			t.Errorf("%s: joined", name)
		}
	}
}
