package mtkc_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/fuse"
	"github.com/mtkc/mtkc/backend/llvm"
	"github.com/mtkc/mtkc/backend/llvm/libllvm"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/native"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/runtime/random"
)

// euler is the method of Euler and Maruyama with a fixed step, which keeps the Wiener processes: tests compare
// runs with what follows from them.
type euler struct{ w []float64 }

func (*euler) Info() ode.Info { return ode.Info{Name: "euler of tests", Use: ode.Diffusive, Order: 1} }

func (e *euler) New(ws *ode.Workspace) (ode.Stepper, error) {
	n := ws.P.Noise
	if len(ws.Alg) > 0 {
		return nil, fmt.Errorf("it takes no algebraic equations")
	}
	e.w = make([]float64, len(n.Names))
	return &eulerStepper{ws: ws, e: e, f: make([]float64, ws.N()), g: make([]float64, n.Matrix.NNZ()), rnd: random.New(ws.Seed, ws.Path, 99).Rand()}, nil
}

type eulerStepper struct {
	ws   *ode.Workspace
	e    *euler
	f, g []float64
	rnd  *rand.Rand
}

func (s *eulerStepper) Restart() error                     { return nil }
func (s *eulerStepper) Projected()                         {}
func (s *eulerStepper) Interpolate(t float64, u []float64) { copy(u, s.ws.U) }

func (s *eulerStepper) Step() error {
	ws := s.ws
	h := math.Min(ws.InitialStep, ws.TStop-ws.T)
	if ws.TStop-ws.T-h < 1e-9*h {
		h = ws.TStop - ws.T
	}
	ws.K.RHS(ws.T, ws.U, ws.Params, s.f)
	ws.K.Noise(ws.T, ws.U, ws.Params, s.g)
	for i := range ws.UNew {
		ws.UNew[i] = ws.U[i] + h*s.f[i]
	}
	m := ws.P.Noise.Matrix
	for j := range m.Cols {
		dw := math.Sqrt(h) * s.rnd.NormFloat64()
		s.e.w[j] += dw
		for k := m.ColPtr[j]; k < m.ColPtr[j+1]; k++ {
			ws.UNew[m.RowIdx[k]] += s.g[k] * dw
		}
	}
	to := ws.T + h
	if h == ws.TStop-ws.T {
		to = ws.TStop
	}
	ws.Accept(h, to)
	return nil
}

// stochastic compiles a system with all checks.
func stochastic(t testing.TB, m *model.System, opt mtkc.Options) (*mtkc.Compiler, *ode.Problem) {
	t.Helper()
	opt.Check = true
	c := mtkc.NewSystem(m, opt)
	p, found := c.Problem(context.Background())
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return c, p
}

// lognormal is geometric Brownian motion, dx = a x dt + b x dW + c x o dV, in the sense of Ito for W and of
// Stratonovich for V. Its solution is x(0) exp((a - b^2/2) t + b W + c V).
func lognormal() *model.System {
	m := model.New("lognormal")
	x := m.Var("x", model.Init(1.5))
	v, u := m.Var("v"), m.Var("u")
	a, b, c := m.Param("a", 0.7), m.Param("b", 0.6), m.Param("c", 0.4)
	m.Eq(v, b.Mul(x).Mul(m.Noise("W")))
	m.Eq(expr.Der(x), a.Mul(x).Add(v).Sub(u))
	m.Eq(u, c.Mul(x).Mul(m.StratonovichNoise("V")).Neg())
	return m
}

// The logarithm of geometric Brownian motion moves by increments that the method of Euler and Maruyama takes exactly: the drift must be
// that of Ito's lemma, and without the change of variables that of the mixture of both kinds.
func TestNoiseOfBothKinds(t *testing.T) {
	_, p := stochastic(t, lognormal(), mtkc.Options{Positive: []string{"x"}})
	slopes := make([]float64, p.Noise.Reads.NNZ())
	p.NewKernels().NoiseJac(0, []float64{0.3}, p.P, slopes)
	for _, s := range slopes {
		if math.Abs(s) > 1e-15 {
			t.Errorf("the noise of the logarithm is not additive: %v", slopes)
		}
	}
	method := &euler{}
	sol, err := ode.Solve(context.Background(), p, ode.Options{Span: [2]float64{0, 2}, InitialStep: 0.25, Method: method, Seed: 3, FinalOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	x, err := sol.Values("x")
	if err != nil {
		t.Fatal(err)
	}
	w := map[string]float64{}
	for k, name := range p.Noise.Names {
		w[name] = method.w[k]
	}
	if want := 1.5 * math.Exp((0.7-0.36/2)*2+0.6*w["W"]+0.4*w["V"]); math.Abs(x[len(x)-1]/want-1) > 1e-13 {
		t.Errorf("x = %v, want %v", x[len(x)-1], want)
	}
	_, p = stochastic(t, lognormal(), mtkc.Options{})
	if p.Noise.Stratonovich {
		t.Error("the sense is that of Stratonovich")
	}
	k := p.NewKernels()
	out := make([]float64, 1)
	k.RHS(0, []float64{2}, p.P, out)
	if want := (0.7 + 0.16/2) * 2; math.Abs(out[0]-want) > 1e-14 {
		t.Errorf("the drift is %v, want %v", out[0], want)
	}
	k.Jac(0, []float64{2}, p.P, out)
	if want := 0.7 + 0.16/2; math.Abs(out[0]-want) > 1e-14 {
		t.Errorf("its derivative is %v, want %v", out[0], want)
	}
	for i := range p.Params {
		if name := p.Params[i].Name; name == "W" || name == "V" {
			t.Errorf("%s is a parameter", name)
		}
	}
}

// The kinds that a model has, and what becomes of them.
func TestNoiseKinds(t *testing.T) {
	for _, c := range []struct {
		name                      string
		noise, factor             [2]string // kind and factor of two noises
		stratonovich, correctable bool
	}{
		{"Ito", [2]string{"ito", "ito"}, [2]string{"x", "y"}, false, false},
		{"Stratonovich", [2]string{"strat", "strat"}, [2]string{"x", "y"}, true, false},
		{"additive", [2]string{"strat", "strat"}, [2]string{"2", "t"}, false, false},
		{"one additive", [2]string{"ito", "strat"}, [2]string{"2", "y"}, true, false},
		{"the other additive", [2]string{"ito", "strat"}, [2]string{"x", "3"}, false, false},
		{"both", [2]string{"ito", "strat"}, [2]string{"x", "x"}, false, true},
	} {
		m := model.New("kinds")
		x, y := m.Var("x", model.Init(1)), m.Var("y", model.Init(2))
		rhs := []expr.Expr{x.Neg(), y.Neg()}
		for i := range 2 {
			w := m.Noise
			if c.noise[i] == "strat" {
				w = m.StratonovichNoise
			}
			f := map[string]expr.Expr{"x": x, "y": y, "t": m.T(), "2": m.Pool.Of(m.Pool.Int(2)), "3": m.Pool.Of(m.Pool.Int(3))}[c.factor[i]]
			rhs[i] = rhs[i].Add(f.Mul(w(fmt.Sprintf("w%d", i+1))))
		}
		m.Eq(expr.Der(x), rhs[0])
		m.Eq(expr.Der(y), rhs[1])
		_, p := stochastic(t, m, mtkc.Options{})
		if p.Noise.Stratonovich != c.stratonovich {
			t.Errorf("%s: of Stratonovich: %v", c.name, p.Noise.Stratonovich)
		}
		// dy = -y dt + x o dw2 has no correction, for w2 does not drive x.
		f := make([]float64, 2)
		p.NewKernels().RHS(0, []float64{3, 5}, p.P, f)
		if f[0] != -3 || f[1] != -5 {
			t.Errorf("%s: drift %v", c.name, f)
		}
	}
}

// crowd is n oscillators that noise of their own and one process of all drive, coupled along a ring.
func crowd(n int) *model.System {
	m := model.New("crowd")
	k, s := m.Param("k", 2), m.Param("s", 0.3)
	all := m.Noise("all")
	x := make([]expr.Expr, n)
	f := make([]expr.Expr, n)
	for i := range n {
		x[i] = m.Var(fmt.Sprintf("x[%d]", i), model.Init(1+float64(i%7)/10))
		f[i] = m.Var(fmt.Sprintf("f[%d]", i))
	}
	for i := range n {
		next := x[(i+1)%n]
		own := m.Noise(fmt.Sprintf("w[%d]", i))
		m.Eq(f[i], k.Mul(next.Sub(x[i])).Add(s.Mul(x[i]).Mul(expr.Sin(next)).Mul(own)))
		m.Eq(expr.Der(x[i]), f[i].Sub(x[i].Mul(x[i])).Add(x[i].Mul(all)))
	}
	return m
}

// The kernels of noise in many equations are loops, whose code does not grow, and the derivatives are those of
// the entries.
func TestNoiseRolled(t *testing.T) {
	size := map[int]int{}
	took := map[int]time.Duration{}
	for _, n := range []int{500, 1000} {
		start := time.Now()
		c, p := stochastic(t, crowd(n), mtkc.Options{})
		took[n] = time.Since(start)
		noise := p.Noise
		if len(noise.Names) != n+1 || noise.Matrix.NNZ() != 2*n {
			t.Fatalf("%d noises, %d entries", len(noise.Names), noise.Matrix.NNZ())
		}
		if want := 3 * n; noise.Reads.NNZ() != want {
			t.Errorf("%d derivatives, want %d", noise.Reads.NNZ(), want)
		}
		loops := 0
		for _, k := range []*backend.Kernel{c.Program().Noise, c.Program().NoiseJac} {
			for i := range k.Steps {
				if k.Steps[i].N >= n-1 {
					loops++
				}
			}
			size[n] += k.Ops()
		}
		if loops < 2 {
			t.Errorf("%d loops", loops)
		}
		if n == 1000 {
			_, straight := stochastic(t, crowd(n), mtkc.Options{Lower: backend.Options{RollFrom: math.MaxInt}})
			compareKernels(t, straight, p)
			slopesOfNoise(t, p)
		}
	}
	if size[1000] > size[500]+20 {
		t.Errorf("%d operations for 500 equations, %d for 1000", size[500], size[1000])
	}
	t.Logf("compiled in %v and %v", took[500], took[1000])
}

// slopesOfNoise compares NoiseJac with central differences of Noise. Where the factors are polynomials and sines of size 1 the
// differences are right to about h^2 + eps/h, 1e-10 for h = 1e-5.
func slopesOfNoise(t *testing.T, p *ode.Problem) {
	t.Helper()
	k := p.NewKernels()
	n := p.N()
	rng := rand.New(rand.NewPCG(5, 5))
	u := make([]float64, n)
	for i := range u {
		u[i] = 0.5 + rng.Float64()
	}
	vals := make([]float64, p.Noise.Reads.NNZ())
	k.NoiseJac(0.3, u, p.P, vals)
	hi, lo := make([]float64, p.Noise.Matrix.NNZ()), make([]float64, p.Noise.Matrix.NNZ())
	const h = 1e-5
	r := p.Noise.Reads
	for j := range n {
		at := u[j]
		u[j] = at + h
		k.Noise(0.3, u, p.P, hi)
		u[j] = at - h
		k.Noise(0.3, u, p.P, lo)
		u[j] = at
		d := map[int32]float64{}
		for e := r.ColPtr[j]; e < r.ColPtr[j+1]; e++ {
			d[r.RowIdx[e]] = vals[e]
		}
		for i := range hi {
			if got, want := d[int32(i)], (hi[i]-lo[i])/(2*h); math.Abs(got-want) > 1e-8*(1+math.Abs(want)) {
				t.Fatalf("the derivative of entry %d by u[%d] is %v, differences give %v", i, j, got, want)
			}
		}
	}
}

// The derivatives of the noise of small models of many forms.
func TestNoiseDerivatives(t *testing.T) {
	m := model.New("forms")
	x, y, z := m.Var("x", model.Init(1)), m.Var("y", model.Init(2)), m.Var("z", model.WithGuess(0.5))
	v := m.Var("v")
	w, u := m.Noise("w"), m.Noise("u")
	m.Eq(z.Mul(z).Mul(z).Add(z), x) // algebraic
	m.Eq(v, x.Mul(w).Add(expr.Exp(y.Neg()).Mul(u)))
	m.Eq(expr.Der(x), v.Mul(y).Sub(x))
	m.Eq(expr.Der(y).Mul(x).Add(expr.Der(x)), z.Mul(w).Add(expr.Sqrt(y).Mul(m.T()).Mul(u)))
	_, p := stochastic(t, m, mtkc.Options{})
	if p.Noise.Matrix.NNZ() != 4 {
		t.Errorf("%d entries", p.Noise.Matrix.NNZ())
	}
	slopesOfNoise(t, p)
	for j := range p.Noise.Matrix.Cols {
		for k := p.Noise.Matrix.ColPtr[j]; k < p.Noise.Matrix.ColPtr[j+1]; k++ {
			if i := p.Noise.Matrix.RowIdx[k]; p.Mass[i] == 0 {
				t.Errorf("the algebraic row %d has noise", i)
			}
		}
	}
}

// What a trajectory is on the average: the Ornstein-Uhlenbeck process through the connectors of a library, whose
// stationary variances follow from the fluctuation-dissipation theorem. The step 0.02 of Euler and Maruyama changes the variances of this
// oscillator by h*omega^2/(2*damping) and the like, below 4 %. The mean over the time T has, for a process with
// correlation time tau, the relative standard error sqrt(2 tau/T) of a variance: tau is below 1 s here, T = 40000 s.
func TestNoiseThroughConnectors(t *testing.T) {
	c := mtkc.New("examples/langevin", mtkc.Options{Check: true})
	p, found := c.Problem(context.Background())
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	if len(p.Noise.Names) != 1 || p.Noise.Names[0] != "noise[1]" || p.Noise.Reads.NNZ() != 0 {
		t.Errorf("noise %+v", p.Noise)
	}
	sol, err := ode.Solve(context.Background(), p, ode.Options{Span: [2]float64{0, 40000}, InitialStep: 0.02, Steps: 200000, MaxSteps: 1 << 40, Method: &euler{}, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	variance := func(name string) float64 {
		v, err := sol.Values(name)
		if err != nil {
			t.Fatal(err)
		}
		var sum, square float64
		for _, x := range v {
			sum += x
			square += x * x
		}
		n := float64(len(v))
		return square/n - sum/n*(sum/n)
	}
	const slack = 0.04 + 4*0.00707 // bias, and four standard errors
	for name, want := range map[string]float64{"particle.s": 2. / 3, "particle.v": 2 / 0.5} {
		if got := variance(name); math.Abs(got/want-1) > slack {
			t.Errorf("the variance of %s is %v, want %v", name, got, want)
		}
	}
}

// A model with noise is the same from its text.
func TestNoiseAsText(t *testing.T) {
	m := lognormal()
	c, want := stochastic(t, m, mtkc.Options{})
	var text strings.Builder
	if err := c.Dump("load", &text); err != nil {
		t.Fatal(err)
	}
	for _, x := range []string{`noise="Ito"`, `noise="Stratonovich"`} {
		if !strings.Contains(text.String(), x) {
			t.Errorf("no %s in\n%s", x, text.String())
		}
	}
	path := t.TempDir() + "/m.bmo"
	if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	got, found := mtkc.New(path, mtkc.Options{Check: true}).Problem(context.Background())
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got.Noise.Names) != fmt.Sprint(want.Noise.Names) {
		t.Errorf("noises %v, want %v", got.Noise.Names, want.Noise.Names)
	}
	compareKernels(t, want, got)
}

// A linearization has noise among its inputs where that is asked for, and looks at the drift.
func TestNoiseLinearized(t *testing.T) {
	m := model.New("linear")
	x := m.Var("x", model.Init(2))
	w, in := m.Noise("w"), m.Input("in", 0)
	m.Eq(expr.Der(x), in.Sub(x.Mul(x)).Add(expr.Sin(x).Mul(w)))
	y := m.Var("y")
	m.Eq(y, x)
	l, err := mtkc.Linearize(context.Background(), m, mtkc.LinearizeOptions{Outputs: []string{"y"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Inputs) != 1 || l.Inputs[0] != "in" || l.A.At(0, 0) != -4 {
		t.Errorf("inputs %v, A = %v", l.Inputs, l.A.At(0, 0))
	}
	l, err = mtkc.Linearize(context.Background(), m, mtkc.LinearizeOptions{Inputs: []string{"w"}, Outputs: []string{"y"}})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(l.B.At(0, 0)-math.Sin(2)) > 1e-15 {
		t.Errorf("B = %v", l.B.At(0, 0))
	}
}

// Machine code of noise is that of the vm to the last bit, straight and with loops.
func TestNoiseNative(t *testing.T) {
	if _, err := libllvm.Find(); err != nil {
		t.Skip(err)
	}
	if err := native.Supported(); err != nil {
		t.Skip(err)
	}
	for name, low := range map[string]backend.Options{"straight": {}, "loops": {RollFrom: 1, MinLoop: 2}} {
		c, p := stochastic(t, crowd(40), mtkc.Options{Lower: low})
		m, err := llvm.New(c.Program(), llvm.Options{})
		if err != nil {
			t.Fatal(err)
		}
		compiled := map[string]bool{}
		for _, k := range m.Report().Kernels {
			compiled[k.Name] = k.Reason == ""
		}
		if !compiled["noise"] || !compiled["noisejac"] {
			t.Errorf("%s: %v", name, compiled)
		}
		sameKernels(t, p, m.Problem())
	}
}

// What cannot know noise says so.
func TestNoiseRefused(t *testing.T) {
	c, p := stochastic(t, crowd(3), mtkc.Options{})
	if _, err := fuse.New(c.Program(), "Tsit5", fuse.Options{}); err == nil || !strings.Contains(err.Error(), "the model has noise") {
		t.Errorf("a fused integrator: %v", err)
	}
	for _, name := range []string{"vm", "llvm", "cuda"} {
		_, found := c.EnsembleEngine(context.Background(), mtkc.EnsembleOptions{Backend: name, Run: ode.Options{Span: [2]float64{0, 1}}})
		if len(found) != 1 || found[0].Code != "E020" || !strings.Contains(found[0].Message, "noise") {
			t.Errorf("engine %s: %v", name, found)
		}
	}
	if _, found := c.PTX(context.Background(), mtkc.PTXOptions{}); len(found) != 1 || found[0].Code != "E020" || !strings.Contains(found[0].Message, "noise") {
		t.Errorf("PTX: %v", found)
	}
	for _, name := range []string{"Tsit5", "Rodas5P", "CVODE_BDF"} {
		if m, err := ode.Lookup(name); err == nil {
			if _, err := ode.Solve(context.Background(), p, ode.Options{Span: [2]float64{0, 1}, Method: m}); err == nil || !strings.Contains(err.Error(), "has noise") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if _, err := ode.Solve(context.Background(), p, ode.Options{Span: [2]float64{0, 1}, Set: map[string]float64{"all": 1}}); err == nil {
		t.Error("a noise can be set")
	}
	// A logarithm that is no state follows from one that Ito's lemma is not known for.
	m := model.New("half")
	x := m.Var("x", model.Init(1))
	y := m.Var("y", model.WithState(model.StateAlways))
	m.Eq(expr.Der(x), x.Mul(m.Noise("w")))
	m.Eq(y, expr.Log(x).Mul(2))
	m.Eq(m.Var("slope"), expr.Der(y))
	c = mtkc.NewSystem(m, mtkc.Options{Positive: []string{"x"}, Check: true})
	if _, found := c.Problem(context.Background()); found.Errors() == 0 {
		t.Errorf("a logarithm that is no state: %v", found)
	}
}

// thermal is a ladder of n nodes between noisy resistors, with a capacitor behind a resistor at each: the algebraic equations
// of the nodes are solved together.
func thermal(n int) *model.System {
	m := model.New("thermal")
	kt, c := m.Param("kT", 0.3), m.Param("C", 2)
	before := m.Pool.Of(m.Pool.Int(5)) // a source of constant voltage
	zero := m.Pool.Of(m.Pool.Int(0))
	resistor := func(name string, r float64, a, b expr.Expr) expr.Expr {
		rr, i, v := m.Param(name+".R", r), m.Var(name+".i"), m.Var(name+".v")
		m.Eq(v, a.Sub(b))
		m.Eq(v, rr.Mul(i).Add(expr.Sqrt(kt.Mul(rr).Mul(m.Pool.Of(m.Pool.Int(2)))).Mul(m.Noise(name+".noise"))))
		return i
	}
	in := make([]expr.Expr, n)    // currents into the nodes
	out := make([][]expr.Expr, n) // and out of them
	for k := range n {
		node := m.Var(fmt.Sprintf("node[%d]", k))
		cap := m.Var(fmt.Sprintf("cap[%d]", k), model.Init(0))
		in[k] = resistor(fmt.Sprintf("a[%d]", k), 1+0.3*float64(k), before, node)
		side := resistor(fmt.Sprintf("b[%d]", k), 2, node, cap)
		ground := resistor(fmt.Sprintf("c[%d]", k), 3+float64(k%2), node, zero)
		m.Eq(c.Mul(expr.Der(cap)), side)
		out[k] = []expr.Expr{side, ground}
		before = node
	}
	for k := range n {
		sum := in[k]
		for _, i := range out[k] {
			sum = sum.Sub(i)
		}
		if k+1 < n {
			sum = sum.Sub(in[k+1])
		}
		m.Eq(sum, 0)
	}
	return m
}

// Resistors of one temperature heat each capacitor to kT/2, whatever the network: the stationary covariance S of
// du = A u dt + G dW, which A S + S A' + G G' = 0 determines, is kT/C times the identity (Nyquist, Phys. Rev. 32, 1928). A is
// made of the Jacobian without the algebraic states, G is what the compiler solved for.
func TestNoiseOfResistors(t *testing.T) {
	for _, n := range []int{1, 2, 12} {
		c, p := stochastic(t, thermal(n), mtkc.Options{})
		if n == 12 && c.Plan().NDiff == len(c.Plan().States) {
			t.Error("no algebraic equations are left")
		}
		rng := rand.New(rand.NewPCG(2, 2))
		q := append([]float64(nil), p.P...)
		for i := range p.Params {
			if strings.HasSuffix(p.Params[i].Name, ".R") {
				q[i] *= 0.5 + rng.Float64() // the elimination was chosen for other values
			}
		}
		k := p.NewKernels()
		all := p.N()
		u := make([]float64, all)
		vals := make([]float64, p.Jac.NNZ())
		k.Jac(0, u, q, vals)
		jac := mat.NewDense(all, all, nil)
		for j := range all {
			for e := p.Jac.ColPtr[j]; e < p.Jac.ColPtr[j+1]; e++ {
				jac.Set(int(p.Jac.RowIdx[e]), j, vals[e])
			}
		}
		a := mat.DenseCopyOf(jac.Slice(0, n, 0, n))
		if all > n {
			var z mat.Dense
			if err := z.Solve(jac.Slice(n, all, n, all), jac.Slice(n, all, 0, n)); err != nil {
				t.Fatal(err)
			}
			var back mat.Dense
			back.Mul(jac.Slice(0, n, n, all), &z)
			a.Sub(a, &back)
		}
		g := make([]float64, p.Noise.Matrix.NNZ())
		k.Noise(0, u, q, g)
		gg := mat.NewDense(n, len(p.Noise.Names), nil)
		for j := range p.Noise.Matrix.Cols {
			for e := p.Noise.Matrix.ColPtr[j]; e < p.Noise.Matrix.ColPtr[j+1]; e++ {
				gg.Set(int(p.Noise.Matrix.RowIdx[e]), j, g[e])
			}
		}
		var sum, at mat.Dense
		sum.Mul(gg, gg.T())
		at.Add(a, a.T())
		at.Scale(0.3/2, &at)
		sum.Add(&sum, &at)
		if worst := mat.Max(&sum) - mat.Min(&sum); !(worst < 1e-13) {
			t.Errorf("%d nodes: A S + S A' + G G' differs from 0 by %v", n, worst)
		}
	}
}

// An algebraic equation beside one that noise drives, dx = (z - x) dt + z dW and z + z^3 = x, gives by the method of Euler and Maruyama of
// package sde the path that the equation with z in closed form gives.
func TestNoiseAndAlgebraicEquations(t *testing.T) {
	m := model.New("index1")
	x, z := m.Var("x", model.Init(1)), m.Var("z", model.WithGuess(0.5))
	m.Eq(expr.Der(x), z.Sub(x).Add(z.Mul(m.Noise("w"))))
	m.Eq(z.Add(z.Mul(z).Mul(z)), x)
	_, p := stochastic(t, m, mtkc.Options{})
	// The same without the algebraic equation: z solved by Cardano's formula.
	m = model.New("explicit")
	x, z = m.Var("x", model.Init(1)), m.Var("z")
	root := expr.Sqrt(x.Mul(x).Div(m.Pool.Of(m.Pool.Int(4))).Add(m.Pool.Of(m.Pool.Num(expr.RatNum(1, 27)))))
	half := x.Mul(m.Pool.Of(m.Pool.Num(expr.RatNum(1, 2))))
	third := m.Pool.Of(m.Pool.Num(expr.RatNum(1, 3)))
	m.Eq(z, half.Add(root).Pow(third).Sub(root.Sub(half).Pow(third)))
	m.Eq(expr.Der(x), z.Sub(x).Add(z.Mul(m.Noise("w"))))
	_, q := stochastic(t, m, mtkc.Options{})
	end := func(p *ode.Problem, h float64) float64 {
		sol, err := ode.Solve(context.Background(), p, ode.Options{Span: [2]float64{0, 1}, Solver: "EM", InitialStep: h, Form: "nested", Seed: 11, FinalOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		v, err := sol.Values("x")
		if err != nil {
			t.Fatal(err)
		}
		return v[len(v)-1]
	}
	// One path and one step: the two problems differ by how well z is solved for.
	for _, h := range []float64{1. / 64, 1. / 512} {
		if a, b := end(p, h), end(q, h); math.Abs(a-b) > 1e-8 {
			t.Errorf("with the algebraic equation x(1) = %v, without it %v", a, b)
		}
	}
}
