package vm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/internal/modeltext"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/structural"
)

// repeated makes a plan of n states whose right-hand sides line writes.
func repeated(t testing.TB, n int, line func(i int) string) *structural.Plan {
	t.Helper()
	p := expr.NewPool()
	var x, k, rhs []expr.ID
	for i := range n {
		x = append(x, p.Sym(fmt.Sprint("x", i)))
	}
	k = append(k, p.Sym("k"))
	pl := plain(p, x, k, nil)
	for i := range n {
		for _, l := range strings.Split(line(i), "\n") {
			name, text, assign := strings.Cut(l, " := ")
			if !assign {
				text = name
			}
			e, err := p.Parse(text, expr.ParseOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if assign {
				pl.Seq = append(pl.Seq, structural.Assign{Target: p.Sym(name), Value: e, Eq: -1})
			} else {
				rhs = append(rhs, e)
			}
		}
	}
	pl.Deriv = rhs
	return pl
}

// Loops of every kind give what straight-line code gives: with tables and even spacing,
// numbers of the instances, in order, with conditions around values that do not exist,
// and for more instances than there are lanes.
func TestLoops(t *testing.T) {
	const n = 150
	at := func(i int) int { return (i + n) % n }
	for name, line := range map[string]func(i int) string{
		"neighbours": func(i int) string {
			return fmt.Sprintf("k*(x%d - 2*x%d + x%d) + x%d^2*exp(-x%d)", at(i-1), i, at(i+1), i, (i*37)%n)
		},
		"shared definitions": func(i int) string {
			return fmt.Sprintf("f%d := k*sqrt(x%d^2 + 1)*(x%d - x%d)\nf%d - time*f%d", i, i, i, at(i+1), i, max(i-1, 0))
		},
		"numbers": func(i int) string {
			return fmt.Sprintf("%v*x%d + %v - x%d^%v", 5.503+float64(i), i, 0.1*float64(i)+7.303, i, 1.703+0.01*float64(i))
		},
		"chain": func(i int) string {
			if i == 0 {
				return "s0 := x0 + 0.01*x1*x0\ns0"
			}
			return fmt.Sprintf("s%d := s%d*0.5 + x%d*x%d + sin(x%d)\ns%d*x%d + s%d", i, i-1, i, i, i-1, i, i, i/2)
		},
		"conditions": func(i int) string {
			return fmt.Sprintf("z%d := (if x%d > k then 0 else x%d*cos(x%d))\n(if x%d > k then sqrt(x%d - k) else sqrt(z%d)*x%d)", i, i, i, i, i, i, i, i)
		},
		"operations": func(i int) string {
			return fmt.Sprintf("min(x%d, k) + max(x%d, 1) + atan2(x%d, k) + mod(x%d, k) + abs(x%d - 1) + sign(x%d) + tanh(x%d)^x%d + log10(x%d) + floor(3*x%d)*x%d",
				i, i, i, i, i, i, i, i, i, i, i)
		},
	} {
		t.Run(name, func(t *testing.T) {
			program := func(opt backend.Options) (*backend.Program, *ode.Problem) {
				prog, list := backend.Lower(repeated(t, n, line), opt)
				if err := list.Err(); err != nil {
					t.Fatal(err)
				}
				checkLanes(t, prog)
				return prog, Problem(prog)
			}
			_, want := program(backend.Options{RollFrom: math.MaxInt})
			prog, got := program(backend.Options{RollFrom: 1})
			if prog.RHS.Work() < 5*prog.RHS.Ops() {
				t.Errorf("the kernel has %d operations and does the work of %d: no loops", prog.RHS.Ops(), prog.RHS.Work())
			}
			a, b := want.NewKernels(), got.NewKernels()
			rnd := rand.New(rand.NewPCG(3, 5))
			u, p := make([]float64, n), []float64{1}
			for range 3 {
				for i := range u {
					u[i] = 0.5 + rnd.Float64()
				}
				x, y := make([]float64, n), make([]float64, n)
				same := func(what string) {
					t.Helper()
					for i := range x {
						if !(math.Abs(x[i]-y[i]) <= 1e-12*math.Max(1, math.Abs(x[i]))) { // sums in another order
							t.Fatalf("%s[%d] = %v, want %v", what, i, y[i], x[i])
						}
					}
				}
				a.RHS(0.3, u, p, x)
				b.RHS(0.3, u, p, y)
				same("RHS")
				a.TGrad(0.3, u, p, x)
				b.TGrad(0.3, u, p, y)
				same("TGrad")
				va, vb := make([]float64, want.Jac.NNZ()), make([]float64, got.Jac.NNZ())
				a.Jac(0.3, u, p, va)
				b.Jac(0.3, u, p, vb)
				for j := range n {
					clear(x)
					clear(y)
					for e := want.Jac.ColPtr[j]; e < want.Jac.ColPtr[j+1]; e++ {
						x[want.Jac.RowIdx[e]] = va[e]
					}
					for e := got.Jac.ColPtr[j]; e < got.Jac.ColPtr[j+1]; e++ {
						y[got.Jac.RowIdx[e]] = vb[e]
					}
					same(fmt.Sprintf("column %d of the Jacobian", j))
				}
			}
			if n := testing.AllocsPerRun(5, func() { b.RHS(0, u, p, make([]float64, 0, n)[:n]) }); n > 1 {
				t.Errorf("%v allocations per run", n)
			}
		})
	}
}

// Bindings that repeat are a loop; a parameter that is set keeps its value, also in what
// depends on it.
func TestLoopOfBindings(t *testing.T) {
	text := "param k = 2\nvar x = 1 fixed\nder(x) = r3 + s4\n"
	for i := range 20 {
		text += fmt.Sprintf("param r%d = %d*k\nparam s%d = r%d^2 + 1\n", i, i+7, i, i)
	}
	pl, list := structural.Analyze(modeltext.System(t, text), structural.Options{})
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	prog, list := backend.Lower(pl, backend.Options{RollFrom: 1})
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	if prog.Bind.Ops() >= 20 {
		t.Errorf("no loop:\n%s", prog.Bind)
	}
	p := Problem(prog)
	at := map[string]int{}
	for i, q := range p.Params {
		at[q.Name] = i
	}
	set, v := make([]bool, len(p.Params)), append([]float64(nil), p.P...)
	v[at["k"]], set[at["k"]] = 3, true
	v[at["r3"]], set[at["r3"]] = 100, true
	p.NewKernels().Bind(v, set)
	for name, want := range map[string]float64{"r3": 100, "s3": 10001, "r4": 33, "s4": 33*33 + 1, "s19": 78*78 + 1} {
		if got := v[at[name]]; got != want {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
}

// A kernel of one step with a scratch array, which it writes.
func TestOneStep(t *testing.T) {
	b := backend.NewBuilder("one")
	x := b.Emit(backend.Neg, b.Input(backend.U, 0))
	b.Output(backend.Main, 0, x)
	b.Output(backend.Scratch, 1, x)
	k := &backend.Kernel{Scratch: 2, Steps: []backend.Step{{Body: b.Finish()}}}
	out := make([]float64, 1)
	newKernel(k, nil).runner().run(0, &arrays{u: []float64{3}, main: out})
	if out[0] != -3 {
		t.Errorf("%v, want -3", out[0])
	}
}
