package sde

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/ode"
)

// published is a problem of ../shared/data/dde-sde-jump/sde.json.
type published struct {
	ID             string
	Parameters     map[string]float64
	U0             any
	T              float64
	Mean, Variance any
}

// data reads the published problems; the test is skipped where they are not at hand.
func data(t testing.TB) map[string]published {
	t.Helper()
	text, err := os.ReadFile("../../../shared/data/dde-sde-jump/sde.json")
	if err != nil {
		t.Skip("no ../shared/data/dde-sde-jump/sde.json: ", err)
	}
	var all struct{ Problems []published }
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	list := map[string]published{}
	for _, p := range all.Problems {
		list[p.ID] = p
	}
	return list
}

// numbers is a JSON number or a list of them.
func numbers(v any) []float64 {
	switch v := v.(type) {
	case float64:
		return []float64{v}
	case []any:
		var list []float64
		for _, x := range v {
			list = append(list, x.(float64))
		}
		return list
	}
	return nil
}

// test is a problem with its solution as a function of the path: exact(t, w) where w are the processes at t.
type test struct {
	*ode.Problem
	exact func(t float64, w, u []float64)
}

// pattern of rows and columns, given as pairs in column order.
func pattern(rows, cols int, pairs ...[2]int32) *linsolve.Pattern {
	p := &linsolve.Pattern{Rows: rows, Cols: cols, ColPtr: make([]int32, cols+1)}
	for _, x := range pairs {
		p.RowIdx = append(p.RowIdx, x[0])
		for j := x[1] + 1; j <= int32(cols); j++ {
			p.ColPtr[j]++
		}
	}
	return p
}

// single is a problem of one state and one process.
func single(name string, u0, t1 float64, f, g func(t, u float64) float64, dg func(t, u float64) float64, exact func(t, w float64) float64) *test {
	p := &ode.Problem{Name: name, Span: [2]float64{0, t1}, U0: []float64{u0}, States: []ode.Quantity{{Name: "u"}}, Jac: linsolve.Dense(1, 1)}
	p.Noise = &ode.Noise{Names: []string{"W"}, Matrix: linsolve.Dense(1, 1), Reads: linsolve.Dense(1, 1)}
	if dg == nil {
		p.Noise.Reads = pattern(1, 1)
	}
	p.NewKernels = func() *ode.Kernels {
		k := &ode.Kernels{
			RHS:   func(t float64, u, _, du []float64) { du[0] = f(t, u[0]) },
			Noise: func(t float64, u, _, g1 []float64) { g1[0] = g(t, u[0]) },
		}
		if dg != nil {
			k.NoiseJac = func(t float64, u, _, v []float64) { v[0] = dg(t, u[0]) }
		}
		return k
	}
	return &test{p, func(t float64, w, u []float64) { u[0] = exact(t, w[0]) }}
}

func linear(a, b, u0, t1 float64, strat bool) *test {
	p := single("linear", u0, t1, func(_, u float64) float64 { return a * u }, func(_, u float64) float64 { return b * u }, func(_, _ float64) float64 { return b },
		func(t, w float64) float64 {
			if strat {
				return u0 * math.Exp(a*t+b*w)
			}
			return u0 * math.Exp((a-b*b/2)*t+b*w)
		})
	p.Noise.Stratonovich = strat
	return p
}

func cubic() *test {
	return single("cubic", 0.5, 1, func(_, u float64) float64 { return -u * (1 - u*u) / 4 }, func(_, u float64) float64 { return (1 - u*u) / 2 }, func(_, u float64) float64 { return -u },
		func(_, w float64) float64 { e := 1.5 * math.Exp(w); return (e - 0.5) / (e + 0.5) })
}

func wave() *test {
	return single("wave", 1, 1, func(_, u float64) float64 { c := math.Cos(u); return -0.01 * math.Sin(u) * c * c * c }, func(_, u float64) float64 { c := math.Cos(u); return 0.1 * c * c },
		func(_, u float64) float64 { return -0.2 * math.Cos(u) * math.Sin(u) }, func(_, w float64) float64 { return math.Atan(w/10 + math.Tan(1)) })
}

// additiveProblem is the additive problem of the data; with a noise that does not vanish beside the drift where big is set.
func additiveProblem(a, b float64) *test {
	return single("additive", 1, 1, func(t, u float64) float64 { return b/math.Sqrt(1+t) - u/(2*(1+t)) }, func(t, _ float64) float64 { return a * b / math.Sqrt(1+t) }, nil,
		func(t, w float64) float64 { return (1 + b*(t+a*w)) / math.Sqrt(1+t) })
}

func stiffQuadratic(a, b float64) *test {
	return single("stiff-quadratic", 0.5, 3, func(_, u float64) float64 { return -(a + b*b*u) * (1 - u*u) }, func(_, u float64) float64 { return b * (1 - u*u) },
		func(_, u float64) float64 { return -2 * b * u },
		func(t, w float64) float64 { e := 1.5 * math.Exp(-2*a*t+2*b*w); return (e - 0.5) / (e + 0.5) })
}

func ornstein(th, mu, sg, u0, t1 float64) *test {
	return single("ornstein-uhlenbeck", u0, t1, func(_, u float64) float64 { return th * (mu - u) }, func(_, _ float64) float64 { return sg }, nil, nil)
}

func cir() *test {
	return single("cir", 0.09, 2, func(_, r float64) float64 { return 1.5 * (0.04 - r) }, func(_, r float64) float64 { return 0.2 * math.Sqrt(math.Max(r, 0)) },
		func(_, r float64) float64 { return 0.1 / math.Sqrt(math.Max(r, 1e-300)) }, nil)
}

func tocino() *test {
	return single("tocino-ardanuy", 1, 1, func(_, u float64) float64 { c := math.Cbrt(u); return c/3 + 6*c*c }, func(_, u float64) float64 { c := math.Cbrt(u); return c * c },
		func(_, u float64) float64 { return 2. / 3 / math.Cbrt(u) }, func(t, w float64) float64 { c := 2*t + 1 + w/3; return c * c * c })
}

// commutative2D has two processes in both rows; reads says whether the derivatives are given.
func commutative2D(reads bool) *test {
	const a, b1, b2 = 0.5, 0.2, 0.3
	p := &ode.Problem{Name: "commutative-2d", Span: [2]float64{0, 1}, U0: []float64{1, 2}, States: []ode.Quantity{{Name: "x1"}, {Name: "x2"}}}
	p.Noise = &ode.Noise{Names: []string{"W1", "W2"}, Matrix: linsolve.Dense(2, 2)}
	if reads { // entries 11 21 12 22
		p.Noise.Reads = pattern(4, 2, [2]int32{0, 0}, [2]int32{2, 0}, [2]int32{1, 1}, [2]int32{3, 1})
	}
	p.NewKernels = func() *ode.Kernels {
		k := &ode.Kernels{
			RHS:   func(_ float64, u, _, du []float64) { du[0], du[1] = a*u[0], a*u[1] },
			Noise: func(_ float64, u, _, g []float64) { g[0], g[1], g[2], g[3] = b1*u[0], b1*u[1], b2*u[0], b2*u[1] },
		}
		if reads {
			k.NoiseJac = func(_ float64, _, _, v []float64) { v[0], v[1], v[2], v[3] = b1, b2, b1, b2 }
		}
		return k
	}
	return &test{p, func(t float64, w, u []float64) {
		e := math.Exp((a-(b1*b1+b2*b2)/2)*t + b1*w[0] + b2*w[1])
		u[0], u[1] = e, 2*e
	}}
}

// diagonal3 are three linear problems, each with its process.
func diagonal3() *test {
	a, b := []float64{0.5, -1, 0.2}, []float64{0.8, 0.5, -0.6}
	p := &ode.Problem{Name: "diagonal", Span: [2]float64{0, 1}, U0: []float64{1, 2, -1}, States: make([]ode.Quantity, 3)}
	eye := pattern(3, 3, [2]int32{0, 0}, [2]int32{1, 1}, [2]int32{2, 2})
	p.Jac = eye
	p.Noise = &ode.Noise{Names: []string{"W1", "W2", "W3"}, Matrix: eye, Reads: eye}
	p.NewKernels = func() *ode.Kernels {
		return &ode.Kernels{
			RHS: func(_ float64, u, _, du []float64) {
				for i := range du {
					du[i] = a[i] * u[i]
				}
			},
			Noise: func(_ float64, u, _, g []float64) {
				for i := range g {
					g[i] = b[i] * u[i]
				}
			},
		}
	}
	return &test{p, func(t float64, w, u []float64) {
		for i := range u {
			u[i] = p.U0[i] * math.Exp((a[i]-b[i]*b[i]/2)*t+b[i]*w[i])
		}
	}}
}

// levy is dx1 = dW1, dx2 = dW2, dx3 = (x1 dW2 - x2 dW1)/2, whose third state is the Levy area: no method without it is of order 1.
func levy() *test {
	p := &ode.Problem{Name: "levy", Span: [2]float64{0, 1}, U0: []float64{0, 0, 0}, States: make([]ode.Quantity, 3)}
	// Entries 11, 31, 22, 32.
	p.Noise = &ode.Noise{Names: []string{"W1", "W2"}, Matrix: pattern(3, 2, [2]int32{0, 0}, [2]int32{2, 0}, [2]int32{1, 1}, [2]int32{2, 1})}
	p.Noise.Reads = pattern(4, 3, [2]int32{3, 0}, [2]int32{1, 1})
	p.NewKernels = func() *ode.Kernels {
		return &ode.Kernels{
			RHS:      func(_ float64, _, _, du []float64) { clear(du) },
			Noise:    func(_ float64, u, _, g []float64) { g[0], g[1], g[2], g[3] = 1, -u[1]/2, 1, u[0]/2 },
			NoiseJac: func(_ float64, _, _, v []float64) { v[0], v[1] = 0.5, -0.5 },
		}
	}
	return &test{p, nil}
}
