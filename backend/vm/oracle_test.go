package vm

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/internal/check/randexpr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/elementary"
	"github.com/mtkc/mtkc/structural"
)

// inOrder evaluates a term in the order of operations that package backend states,
// straight from the term.
func inOrder(p *expr.Pool, e expr.ID, val map[expr.ID]float64, memo map[expr.ID]float64) float64 {
	if v, ok := memo[e]; ok {
		return v
	}
	a := p.Args(e)
	at := func(i int) float64 { return inOrder(p, a[i], val, memo) }
	var r float64
	switch op := p.Op(e); op {
	case expr.OpConst:
		v, _ := p.Value(e)
		r = v.Float()
	case expr.OpTrue:
		r = 1
	case expr.OpFalse:
		r = 0
	case expr.OpSym, expr.OpTime:
		r = val[e]
	case expr.OpAdd:
		c, _ := p.Value(a[0])
		r = c.Float()
		for i := 1; i < len(a); i += 2 {
			k, _ := p.Value(a[i])
			r += float64(k.Float() * at(i+1))
			if p.Op(a[i+1]) == expr.OpMul && k.Float() != 1 && k.Float() != -1 {
				// A coefficient is the numerator of a product of denominators only.
				num, den := parts(p, a[i+1], val, memo)
				if num == nil {
					x := k.Float() / prod(den)
					if i == 1 && c.IsZero() {
						r = x
					} else {
						r = partial(p, a[:i], val, memo) + x
					}
				}
			}
		}
		return remember(memo, e, r)
	case expr.OpMul:
		num, den := parts(p, e, val, memo)
		switch {
		case den == nil:
			r = prod(num)
		case num == nil:
			r = 1 / prod(den)
		default:
			r = prod(num) / prod(den)
		}
	case expr.OpNoEvent, expr.OpHomotopy:
		r = at(0)
	case expr.OpSmooth:
		r = at(1)
	default:
		v := make([]float64, len(a))
		for i := range a {
			v[i] = at(i)
		}
		r = op.Info().Eval(v)
	}
	return remember(memo, e, r)
}

func remember(memo map[expr.ID]float64, e expr.ID, r float64) float64 {
	memo[e] = r
	return r
}

// partial is the value of the leading part of a sum.
func partial(p *expr.Pool, a []expr.ID, val, memo map[expr.ID]float64) float64 {
	c, _ := p.Value(a[0])
	r := c.Float()
	for i := 1; i < len(a); i += 2 {
		k, _ := p.Value(a[i])
		x := float64(k.Float() * inOrder(p, a[i+1], val, memo))
		if p.Op(a[i+1]) == expr.OpMul && k.Float() != 1 && k.Float() != -1 {
			if num, den := parts(p, a[i+1], val, memo); num == nil {
				x = k.Float() / prod(den)
			}
		}
		r += x
	}
	return r
}

func prod(f []float64) float64 {
	r := f[0]
	for _, x := range f[1:] {
		r *= x
	}
	return r
}

// parts are the numerators and denominators of a product.
func parts(p *expr.Pool, e expr.ID, val, memo map[expr.ID]float64) (num, den []float64) {
	a := p.Args(e)
	for i := 0; i < len(a); i += 2 {
		b := inOrder(p, a[i], val, memo)
		v, isNum := p.Value(a[i+1])
		n, d, exact := v.Exact()
		if !isNum || !exact || d > 2 {
			num = append(num, elementary.Pow(b, inOrder(p, a[i+1], val, memo)))
			continue
		}
		m := max(n, -n)
		f := chain(b, m)
		if d == 2 {
			f = math.Sqrt(b)
			if m > 1 {
				f = chain(b, m/2) * math.Sqrt(b)
			}
		}
		if n > 0 {
			num = append(num, f)
		} else {
			den = append(den, f)
		}
	}
	return num, den
}

func chain(x float64, n int64) float64 {
	switch {
	case n == 1:
		return x
	case n%2 == 0:
		h := chain(x, n/2)
		return h * h
	}
	return chain(x, n-1) * x
}

// plain makes a plan with the given right-hand sides and no equations.
func plain(p *expr.Pool, states []expr.ID, params []expr.ID, rhs []expr.ID) *structural.Plan {
	sys := &model.System{Name: "plain", Pool: p}
	pl := &structural.Plan{Sys: sys, Pool: p, NDiff: len(states), Deriv: rhs}
	for _, s := range states {
		pl.States = append(pl.States, structural.State{Atom: s, Name: p.Name(s), Var: -1, Start: expr.None})
	}
	for _, a := range params {
		pl.Params = append(pl.Params, structural.Param{Atom: a, Name: p.Name(a), Var: -1, Value: expr.One})
	}
	return pl
}

func lower(t testing.TB, pl *structural.Plan) *backend.Program {
	t.Helper()
	return lowerWith(t, pl, backend.Options{})
}

func lowerWith(t testing.TB, pl *structural.Plan, opt backend.Options) *backend.Program {
	t.Helper()
	prog, list := backend.Lower(pl, opt)
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	checkLanes(t, prog)
	return prog
}

func same(a, b float64) bool {
	return a == b || math.IsNaN(a) && math.IsNaN(b)
}

// Random programs agree with the terms to the last bit in the stated order, and with
// expr's own evaluation up to rounding.
func TestOracle(t *testing.T) {
	n := 400
	if testing.Short() {
		n = 50
	}
	finite, close := 0, 0
	for seed := range uint64(n) {
		rng := rand.New(rand.NewPCG(seed, 11))
		p := expr.NewPool()
		g := randexpr.New(p, randexpr.Func(rng.IntN), randexpr.Options{Depth: 5, Symbols: 6})
		var rhs []expr.ID
		for range 3 {
			rhs = append(rhs, g.Real())
		}
		pl := plain(p, g.Syms[:3], g.Syms[3:], rhs)
		prog := lowerWith(t, pl, backend.Options{Quotients: true})
		k := Problem(prog).NewKernels()
		shared := Problem(lower(t, pl)).NewKernels() // with reciprocals
		for range 4 {
			val := map[expr.ID]float64{expr.Time: rng.NormFloat64()}
			u, q := make([]float64, 3), make([]float64, 3)
			for i := range u {
				u[i], q[i] = rng.NormFloat64()*2, rng.NormFloat64()*2
				if rng.IntN(6) == 0 {
					u[i] = float64(rng.IntN(3) - 1)
				}
				val[g.Syms[i]], val[g.Syms[3+i]] = u[i], q[i]
			}
			du := make([]float64, 3)
			k.RHS(val[expr.Time], u, q, du)
			du2 := make([]float64, 3)
			shared.RHS(val[expr.Time], u, q, du2)
			memo := map[expr.ID]float64{}
			for i, e := range rhs {
				want := inOrder(p, e, val, memo)
				if !same(du[i], want) {
					t.Fatalf("seed %d: %s = %v, want %v\n%s", seed, p.String(e), du[i], want, prog.RHS)
				}
				v := p.Eval(e, func(a expr.ID) (float64, bool) { x, ok := val[a]; return x, ok })
				if !math.IsNaN(v) && !math.IsInf(v, 0) {
					finite++
					if math.Abs(v-want) <= 1e-9*math.Abs(v) && math.Abs(v-du2[i]) <= 1e-9*math.Abs(v) {
						close++
					}
				}
			}
		}
	}
	// Where floor or a comparison stands at its jump, or large terms cancel, the two
	// orders may differ by more: these are few.
	if finite < n || close < finite*99/100 {
		t.Errorf("%d of %d finite values agree with expr to 1e-9", close, finite)
	}
}

// The Jacobian agrees with the forward derivative of each entry.
func TestJacobian(t *testing.T) {
	for seed := range uint64(150) {
		rng := rand.New(rand.NewPCG(seed, 12))
		p := expr.NewPool()
		g := randexpr.New(p, randexpr.Func(rng.IntN), randexpr.Options{Depth: 4, Symbols: 5, Smooth: true})
		var rhs []expr.ID
		for range 3 {
			rhs = append(rhs, g.Real())
		}
		prog := lower(t, plain(p, g.Syms[:3], g.Syms[3:], rhs))
		prob := Problem(prog)
		k := prob.NewKernels()
		val := map[expr.ID]float64{expr.Time: 0.7}
		u, q := make([]float64, 3), make([]float64, 2)
		for i, s := range g.Syms {
			v := 0.2 + rng.Float64()
			val[s] = v
			if i < 3 {
				u[i] = v
			} else {
				q[i-3] = v
			}
		}
		vals, dt := make([]float64, prob.Jac.NNZ()), make([]float64, 3)
		k.Jac(0.7, u, q, vals)
		k.TGrad(0.7, u, q, dt)
		look := func(a expr.ID) (float64, bool) { v, ok := val[a]; return v, ok }
		for i, e := range rhs {
			for j := range 4 {
				x, got := expr.Time, dt[i]
				if j < 3 {
					x, got = g.Syms[j], 0
					for s := prob.Jac.ColPtr[j]; s < prob.Jac.ColPtr[j+1]; s++ {
						if prob.Jac.RowIdx[s] == int32(i) {
							got = vals[s]
						}
					}
				}
				want := p.Eval(p.Diff(e, x, nil), look)
				if math.IsNaN(want) || math.IsInf(want, 0) || math.Abs(want) > 1e8 {
					continue
				}
				if math.Abs(got-want) > 1e-7*(1+math.Abs(want)) {
					t.Errorf("seed %d: d(%s)/d(%s) = %v, want %v", seed, p.String(e), p.String(x), got, want)
				}
			}
		}
	}
}

// Kernels with more live values than 16 bits address run in the wide encoding.
func TestWide(t *testing.T) {
	const n = 70000
	// y_i = floor(u_i) for all i, then main[i] = y_i + y_{n-1-i}: all are alive at once.
	k := &backend.Kernel{Name: "wide"}
	var code []backend.Instr
	for i := range int32(n) {
		code = append(code, backend.Instr{Op: backend.U, A: i})
	}
	for i := range int32(n) {
		code = append(code, backend.Instr{Op: backend.Floor, A: i})
	}
	for i := range int32(n) {
		k.Out = append(k.Out, backend.Output{Space: backend.Main, Index: i, Val: int32(len(code))})
		code = append(code, backend.Instr{Op: backend.Add, A: n + i, B: 2*n - 1 - i})
	}
	k.Code = code
	c := encode(k, nil)
	if c.wide == nil {
		t.Fatalf("%d registers are addressed with 16 bits", len(c.regs))
	}
	u, du := make([]float64, n), make([]float64, n)
	for i := range u {
		u[i] = 1.1 * float64(i%1000)
	}
	c.frame().run(0, &arrays{u: u, main: du})
	for i := range du {
		if want := math.Floor(u[i]) + math.Floor(u[n-1-i]); du[i] != want {
			t.Fatalf("row %d: %v, want %v", i, du[i], want)
		}
	}
}
