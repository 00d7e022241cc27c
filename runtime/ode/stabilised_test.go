package ode

import (
	"context"
	"math"
	"testing"
)

var stabilisedNames = []string{"RKC", "RKL2", "RKG2", "ROCK2", "ROCK4"}

// scalars makes one step h = 1 of s stages for u' = -z u, u(0) = 1, for the given z at once and
// returns the result, which is the stability polynomial R(-z), and the stepper.
func scalars(t *testing.T, name string, s int, z []float64) ([]float64, *stabilised) {
	t.Helper()
	u0 := make([]float64, len(z))
	for i := range u0 {
		u0[i] = 1
	}
	p := system("scalars", u0, nil, 1, func(_ float64, u, _, du []float64) {
		for i, v := range u {
			du[i] = -z[i] * v
		}
	})
	in, err := NewIntegrator(context.Background(), p, Options{Solver: name, RelTol: 1e-3, InitialStep: 1})
	if err != nil {
		t.Fatal(err)
	}
	st := in.st.(*stabilised)
	st.attempt(1, 1, s)
	return in.ws.UNew, st
}

// The stability polynomials are of order p at 0 and at most 1 in size on the whole interval
// that the step size control counts on, with damping where the method has it.
func TestStabilityPolynomials(t *testing.T) {
	for _, name := range stabilisedNames {
		m, err := Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		var degrees []int
		if tables := m.(*stabilisedMethod).tables; tables != nil {
			for _, c := range tables() {
				degrees = append(degrees, c.Stages)
			}
		} else {
			for s := m.Info().Stages; s < 40; s++ {
				degrees = append(degrees, s)
			}
			degrees = append(degrees, 63, 64, 101, 200, 501)
		}
		for _, s := range degrees {
			_, st := scalars(t, name, s, []float64{1})
			reach := st.reach(s)
			z := make([]float64, 8*s)
			for i := range z {
				z[i] = reach * float64(i+1) / float64(len(z))
			}
			r, _ := scalars(t, name, s, z)
			worst, at := 0.0, 0.0
			for i, v := range r {
				if v = math.Abs(v); v > worst {
					worst, at = v, z[i]
				}
			}
			if worst > 1+1e-11*float64(s*s) { // rounding grows with the stages
				t.Errorf("%s, %d stages: |R(-%g)| = %.12g, reach %g", name, s, at, worst, reach)
			}
			// R(-z) = 1 - z + z^2/2 - ... to the order.
			x := 0.02
			r, _ = scalars(t, name, s, []float64{x})
			order := m.Info().Order
			sum, term := 0.0, 1.0
			for k := range order + 1 {
				sum += term
				term *= -x / float64(k+1)
			}
			// The next coefficient of R is between 0 and twice that of the exponential; the tables
			// are of 15 digits.
			if d := math.Abs(r[0] - sum); d > 2.5*math.Abs(term)+1e-13 {
				t.Errorf("%s, %d stages: R(-%g) differs from order %d by %.3g", name, s, x, order, d)
			}
			if got := st.stages(reach * 0.999); got > s+1 {
				t.Errorf("%s: %d stages for %g, which %d reach", name, got, reach*0.999, s)
			}
			if got := st.stages(reach * 1.001); got <= s && s < st.most {
				t.Errorf("%s: %d stages for %g, beyond their reach", name, got, reach*1.001)
			}
		}
	}
}

// Order of one step of a given number of stages on a problem that is neither linear nor
// autonomous: the local error falls like h^(order+1), and so does the estimate with its
// own order.
func TestStabilisedOrder(t *testing.T) {
	p := brusselator(1)
	for _, name := range stabilisedNames {
		for _, s := range []int{6, 24, 96} {
			local := func(h float64) (e, est float64) {
				in, err := NewIntegrator(context.Background(), p, Options{Solver: name, RelTol: 1e-3, AbsTol: 1e-3, InitialStep: h})
				if err != nil {
					t.Fatal(err)
				}
				st := in.st.(*stabilised)
				est = st.attempt(h, h, s)
				ref := mustSolve(t, p, Options{Solver: "Vern9", RelTol: 1e-13, AbsTol: 1e-13, Span: [2]float64{0, h}})
				return math.Hypot(in.ws.UNew[0]-ref.U[0], in.ws.UNew[1]-ref.U[1]), est
			}
			m, _ := Lookup(name)
			order := float64(m.Info().Order)
			e1, est1 := local(0.02)
			e2, est2 := local(0.01)
			// One halving at h |f'| = 0.1: the next term bends the line by a few per cent.
			if slope := math.Log2(e1 / e2); math.Abs(slope-order-1) > 0.3 {
				t.Errorf("%s, %d stages: local order %.2f", name, s, slope)
			}
			want := map[string]float64{"ROCK2": 2, "ROCK4": 4}[name]
			if want == 0 {
				want = 3
			}
			if slope := math.Log2(est1 / est2); math.Abs(slope-want) > 0.3 {
				t.Errorf("%s, %d stages: the estimate has order %.2f, want %g", name, s, slope, want)
			}
		}
	}
}

// The spectral radius of the heat equation is known; both ways must bound it, neither by
// more than 30 per cent.
func TestSpectralBound(t *testing.T) {
	const n = 63
	p, _ := rod(n, 1)
	rho := 4.0 * 64 * 64
	for _, jac := range []bool{false, true} {
		q := *p
		q.NewKernels = func() *Kernels {
			k := *p.NewKernels()
			if jac {
				k.Jac = func(_ float64, _, _, v []float64) {
					e := 0
					for c := range n {
						for i := max(0, c-1); i <= min(n-1, c+1); i++ {
							v[e] = rho / 4
							if i == c {
								v[e] = -rho / 2
							}
							e++
						}
					}
				}
			}
			return &k
		}
		in, err := NewIntegrator(context.Background(), &q, Options{Solver: "RKC"})
		if err != nil {
			t.Fatal(err)
		}
		st := in.st.(*stabilised)
		for range 3 {
			st.bound()
			if st.rho < 0.99*rho || st.rho > 1.3*rho {
				t.Errorf("compiled Jacobian %v: %g, want %g", jac, st.rho, rho)
			}
		}
		if st.spectrum.circles != jac {
			t.Errorf("circles in use: %v, want %v", st.spectrum.circles, jac)
		}
	}
}

// A step allocates nothing, and neither does its interpolant.
func TestStabilisedAllocations(t *testing.T) {
	for _, name := range stabilisedNames {
		p := brusselator2D(6, true)
		p.Span[1] = 1e6
		in, err := NewIntegrator(context.Background(), p, Options{Solver: name, RelTol: 1e-4, AbsTol: 1e-4})
		if err != nil {
			t.Fatal(err)
		}
		u := make([]float64, p.N())
		step := func() {
			if err := in.st.Step(); err != nil {
				t.Fatal(err)
			}
			in.st.Interpolate((in.ws.TPrev+in.ws.T)/2, u)
		}
		step() // makes room for the Jacobian
		if a := testing.AllocsPerRun(100, step); a != 0 {
			t.Errorf("%s: %v allocations in a step", name, a)
		}
	}
}

// In the nested form there is no pattern of df/du for explicit methods: the spectral radius comes from f.
func TestStabilisedNested(t *testing.T) {
	p, ref := zoo(t, "chemakzo")
	sol := mustSolve(t, p, Options{Solver: "ROCK4", RelTol: 1e-5, AbsTol: 1e-5})
	// The rule of the zoo: two digits less than the tolerance.
	if d := mixedDigits(sol.U, ref, 1); d < 3 {
		t.Errorf("%.1f digits, %+v", d, sol.Stats)
	}
}

// Between the ends of steps ROCK2 and ROCK4 follow the solution of the heat equation, with rates up to 4e4, though the slopes
// at the ends are the errors of the values times as much: Hermite's polynomial was off by 0.68 in a solution of 0.7 (ROCK4, tolerance 1e-3).
func TestStabilisedInterpolantStiff(t *testing.T) {
	p := heated(100)
	ref := mustSolve(t, p, Options{Solver: "RadauIIA9", RelTol: 1e-11, AbsTol: 1e-11, Dense: true})
	u, v := make([]float64, 100), make([]float64, 100)
	for _, name := range []string{"RKC", "RKL2", "RKG2", "ROCK2", "ROCK4"} {
		for _, tol := range []float64{1e-3, 1e-5} {
			sol := mustSolve(t, p, Options{Solver: name, RelTol: tol, AbsTol: tol, Dense: true})
			worst := 0.0
			for i := range 200 {
				at := (float64(i) + 0.5) / 200
				sol.At(at, u)
				ref.At(at, v)
				for k := range u {
					worst = max(worst, math.Abs(u[k]-v[k]))
				}
			}
			if worst > 20*tol {
				t.Errorf("%s at %g: error %.3g between steps", name, tol, worst)
			}
		}
	}
}
