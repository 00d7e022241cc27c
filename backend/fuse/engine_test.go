package fuse

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/runtime/ensemble"
)

// batch makes n trajectories from the initial values of a model, changed by vary.
func batch(t testing.TB, prog *backend.Program, n int, t1 float64, save []float64, vary func(i int, u, p []float64)) *ensemble.Batch {
	u, p := initial(t, prog, 0, t1)
	b := &ensemble.Batch{
		N: n, T: make([]float64, n), TEnd: make([]float64, n), Save: save, Status: make([]ensemble.Status, n), H: make([]float64, n),
		Steps: make([]int64, n), Rejected: make([]int64, n), Out: make([]float64, n*len(save)*len(u)),
	}
	for i := range b.Out {
		b.Out[i] = math.NaN()
	}
	for i := range n {
		b.TEnd[i] = t1
		b.U, b.P = append(b.U, u...), append(b.P, p...)
		if vary != nil {
			vary(i, b.U[i*len(u):], b.P[i*len(p):])
		}
	}
	return b
}

// TestLanes integrates trajectories with different parameters, ends and saves: the results
// are those of one lane, to the bit, for any number of lanes.
func TestLanes(t *testing.T) {
	save := []float64{0.1, 0.11, 0.5, 1, 1.9, 2}
	make := func(prog *backend.Program) *ensemble.Batch {
		rng := rand.New(rand.NewPCG(1, 2))
		b := batch(t, prog, 37, 2, save, func(i int, u, p []float64) {
			if u[0] *= 0.5 + rng.Float64(); len(p) > 1 {
				p[1] *= rng.Float64()
			}
		})
		for i := range b.N {
			switch i % 5 {
			case 1:
				b.TEnd[i] = 0.1 + rng.Float64()
			case 2:
				b.T[i] = rng.Float64()
			}
		}
		b.TEnd[7], b.Status[8], b.H[9], b.U[10*len(prog.Meta.U0)] = 0, TooSmall, 1e-5, math.NaN()
		return b
	}
	settings := Settings{RelTol: 1e-6, AbsTol: []float64{1e-6}}
	for _, c := range []struct{ text, method string }{
		{lorenz, "Tsit5"}, {lorenz, "Vern7"}, {lorenz, "Rodas5P"}, {brusselator, "Tsit5"}, {brusselator, "Rodas5P"},
	} {
		prog, method := compile(t, c.text), c.method
		in := integrator(t, prog, method, Options{Dense: true})
		var want *ensemble.Batch
		for _, w := range []int{1, 8, 16, 64} {
			e, err := NewVMEngine(in, w, settings)
			if err != nil {
				t.Fatal(err)
			}
			b := make(prog)
			if err := e.Run(context.Background(), b); err != nil {
				t.Fatal(err)
			}
			if want == nil {
				want = b
				checkBatch(t, prog, in, b, make(prog), settings)
				continue
			}
			if !sameBatch(b, want) {
				t.Errorf("%s: %d lanes differ from one", method, w)
			}
		}
	}
}

// checkBatch compares each trajectory with one that runs alone.
func checkBatch(t *testing.T, prog *backend.Program, in *Integrator, b, before *ensemble.Batch, s Settings) {
	t.Helper()
	n := in.N
	for i := range b.N {
		if before.Status[i] != Running {
			if b.T[i] != before.T[i] || b.Status[i] != before.Status[i] {
				t.Errorf("trajectory %d was not left alone", i)
			}
			continue
		}
		x, p := make([]float64, in.Slots), make([]float64, in.NPAll())
		x[T], x[TEnd], x[H] = before.T[i], before.TEnd[i], before.H[i]
		copy(x[StateAt:], before.U[i*n:][:n])
		copy(p, before.P[i*in.NP:][:in.NP])
		in.Put(s, p)
		tr := begin(in, x, p)
		tr.run()
		if ensemble.Status(tr.x[Status]) != b.Status[i] || tr.x[T] != b.T[i] || tr.x[H] != b.H[i] || int64(tr.x[Steps]) != b.Steps[i] || int64(tr.x[Rejected]) != b.Rejected[i] {
			t.Errorf("trajectory %d: %v at %v, alone %v", i, b.Status[i], b.T[i], tr.x[:StateAt])
		}
		for j, v := range tr.u() {
			if math.Float64bits(v) != math.Float64bits(b.U[i*n+j]) && v == v {
				t.Errorf("trajectory %d: state %d = %v, alone %v", i, j, b.U[i*n+j], v)
			}
		}
		for k, at := range b.Save {
			v := b.Out[(i*len(b.Save)+k)*n]
			if saved := v == v; saved != (at > before.T[i] && at <= before.TEnd[i] && b.Status[i] == Done) {
				t.Errorf("trajectory %d from %v to %v: saved at %v: %v", i, before.T[i], before.TEnd[i], at, saved)
			}
			if at == b.TEnd[i] && b.Status[i] == Done && v != b.U[i*n] && before.T[i] < at {
				t.Errorf("trajectory %d: saved %v at the end %v, state %v", i, v, at, b.U[i*n])
			}
		}
	}
}

func sameBatch(a, b *ensemble.Batch) bool {
	same := func(x, y []float64) bool {
		for i := range x {
			if math.Float64bits(x[i]) != math.Float64bits(y[i]) && (x[i] == x[i] || y[i] == y[i]) {
				return false
			}
		}
		return true
	}
	for i := range a.N {
		if a.Status[i] != b.Status[i] || a.Steps[i] != b.Steps[i] || a.Rejected[i] != b.Rejected[i] {
			return false
		}
	}
	return same(a.T, b.T) && same(a.U, b.U) && same(a.H, b.H) && same(a.Out, b.Out)
}

func TestStatus(t *testing.T) {
	for _, c := range []struct {
		name, text string
		set        Settings
		want       float64
		at         float64 // it is reached about there
	}{
		{"blow-up", "var x = 1 fixed\nder(x) = x*x", Settings{}, TooSmall, 1},
		{"no number", "var x = 1 fixed\nder(x) = -1 - sqrt(x)", Settings{}, NotANum, 2 - 2*math.Ln2},
		{"steps", lorenz, Settings{MaxSteps: 20}, MaxSteps, math.NaN()},
		{"least step", "var x = 1 fixed\nder(x) = x*x", Settings{HMin: 1e-3}, TooSmall, 0.99},
	} {
		prog := compile(t, c.text)
		in := integrator(t, prog, "Tsit5", Options{})
		c.set.RelTol, c.set.AbsTol = 1e-6, []float64{1e-9}
		tr := start(t, prog, in, 0, 10, c.set)
		tr.run()
		if tr.x[Status] != c.want || c.at == c.at && math.Abs(tr.x[T]-c.at) > 0.02 {
			t.Errorf("%s: status %v at %v, want %v at %v", c.name, tr.x[Status], tr.x[T], c.want, c.at)
		}
		for i, v := range tr.x {
			if i != TSave && v-v != 0 {
				t.Errorf("%s: x[%d] = %v", c.name, i, v)
			}
		}
		was := append([]float64(nil), tr.x...)
		tr.step()
		for i, v := range tr.x {
			if v != was[i] && v == v {
				t.Errorf("%s: a step after the end changed x[%d]", c.name, i)
			}
		}
	}
}

// TestNoStart begins where f has no value.
func TestNoStart(t *testing.T) {
	in := integrator(t, compile(t, "param c = 1\nvar x = 1\nder(x) = sqrt(c)"), "Tsit5", Options{})
	x, p := make([]float64, in.Slots), make([]float64, in.NPAll())
	in.Put(Settings{RelTol: 1e-6, AbsTol: []float64{1e-6}}, p)
	x[TEnd], p[0] = 1, -1
	if tr := begin(in, x, p); tr.x[Status] != NotANum || tr.x[T] != 0 {
		t.Errorf("%v", tr.x)
	}
}

func TestCancel(t *testing.T) {
	prog := compile(t, lorenz)
	in := integrator(t, prog, "Tsit5", Options{})
	e, err := NewVMEngine(in, 1, Settings{RelTol: 1e-6, AbsTol: []float64{1e-6}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := e.Run(ctx, batch(t, prog, 3, 10, nil, nil)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if err := e.Run(context.Background(), batch(t, prog, 3, 10, []float64{5}, nil)); err == nil {
		t.Error("a save without dense output")
	}
}

// TestEvents stops steps before relations change.
func TestEvents(t *testing.T) {
	const ball = `
		param g = 10
		var h = 1 fixed
		var v = 0 fixed
		der(h) = v
		der(v) = -g
		when h <= 0 then reinit v = -0.8*v`
	prog := compile(t, ball)
	for _, method := range []string{"Tsit5", "Vern7"} {
		in := integrator(t, prog, method, Options{Events: true})
		tr := start(t, prog, in, 0, 3, Settings{RelTol: 1e-6, AbsTol: []float64{1e-6}})
		tr.run()
		hit := math.Sqrt(0.2)
		if tr.x[Status] != Event || tr.x[T] > hit || tr.x[T]+tr.x[H] < hit || tr.u()[0] < 0 {
			t.Errorf("%s: %v", method, tr.x)
		}
	}
	// A relation that crosses twice in one step: the parabola 0.01 - 100 (t - 0.5)^2 is above zero for 0.02.
	const twice = `
		var s = -24.99 fixed
		var x = 0 fixed
		der(s) = 200*(0.5 - time)
		der(x) = if s > 0 then 1 else 0`
	prog = compile(t, twice)
	in := integrator(t, prog, "Tsit5", Options{Events: true})
	for _, h := range []float64{0.5, 0.49} {
		tr := start(t, prog, in, 0, 1, Settings{RelTol: 1e-3, AbsTol: []float64{1e-3}})
		tr.x[H] = 2 * h // the middle is at h, within 0.01 of the top
		tr.x[TEnd] = 2
		tr.step()
		if tr.x[Status] != Event || tr.x[T] != 0 {
			t.Errorf("step %v: %v", 2*h, tr.x)
		}
	}
}
