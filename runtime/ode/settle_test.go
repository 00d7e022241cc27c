package ode

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// count agrees with floor(a*t + b) just after t, and the next change is one.
func TestCount(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		a, b, at := 4*rnd.NormFloat64(), 10*rnd.NormFloat64(), 50*rnd.Float64()
		if rnd.IntN(2) == 0 { // instants that are numbers, and times that meet them
			a, b = float64(rnd.IntN(9)-4)/4, float64(rnd.IntN(9)-4)/2
			if a != 0 && rnd.IntN(2) == 0 {
				at = (float64(rnd.IntN(40)) - b) / a
			}
		}
		n, next := count(a, b, at)
		if a == 0 {
			if n != math.Floor(b) || !math.IsInf(next, 1) {
				t.Fatalf("count(0, %v, %v) = %v until %v", b, at, n, next)
			}
			continue
		}
		if !(next > at) || next > at+1/math.Abs(a)*(1+1e-9) {
			t.Fatalf("count(%v, %v, %v): the next change is at %v", a, b, at, next)
		}
		mid := at + (next-at)/2
		if want := math.Floor(a*mid + b); n != want {
			t.Fatalf("count(%v, %v, %v) = %v, want %v, the value at %v", a, b, at, n, want, mid)
		}
		if m, _ := count(a, b, next); m != n+math.Copysign(1, a) {
			t.Fatalf("count(%v, %v, %v) = %v, and %v behind its next change", a, b, at, n, m)
		}
	}
}

// Ideal switches whose currents and voltages are linked by a matrix with positive
// principal minors (a linear complementarity problem) have one state for every source
// (Samelson, Thrall, Wesler, Proc. AMS 9, 1958): w - M z = q, w, z >= 0, w z = 0. Each has a
// parameter s with z = s where it is positive and w = -s elsewhere. The sources move, so
// that switches change in groups; the state between the events is compared with that found
// by trying all combinations.
func TestSwitchNetworks(t *testing.T) {
	for seed := uint64(1); seed <= 40; seed++ {
		rnd := rand.New(rand.NewPCG(seed, 7))
		n := 2 + rnd.IntN(5)
		m := make([][]float64, n)
		q0, q1 := make([]float64, n), make([]float64, n)
		a := make([][]float64, n)
		for i := range n {
			a[i] = make([]float64, n)
			for j := range n {
				a[i][j] = rnd.NormFloat64()
			}
			q0[i], q1[i] = rnd.NormFloat64(), 2*rnd.NormFloat64()
		}
		for i := range n { // A A' + a skew part + a little: all principal minors are positive
			m[i] = make([]float64, n)
			for j := range n {
				for k := range n {
					m[i][j] += a[i][k] * a[j][k]
				}
				m[i][j] += 3 * (a[i][j] - a[j][i])
			}
			m[i][i] += 0.1
		}
		q := func(t float64, i int) float64 { return q0[i] + q1[i]*math.Sin(3*t) }
		mach := newMachine("switches", make([]float64, n+1), nil, 2, nil)
		mach.Mass = make([]float64, n+1)
		mach.Mass[0] = 1
		on := make([]int, n)
		for i := range n {
			on[i] = mach.relation("s > 0", true)
		}
		mach.k.RHS = func(t float64, u, p, du []float64) {
			du[0] = u[1]
			for i := range n {
				r := q(t, i)
				if p[on[i]] == 0 {
					r += u[1+i] // -w
				}
				for j := range n {
					if p[on[j]] != 0 {
						r += m[i][j] * u[1+j]
					}
				}
				du[1+i] = r
			}
		}
		mach.k.Crossings = func(t float64, u, p, g []float64) { copy(g, u[1:]) }
		oracle := func(t float64) []float64 {
			for mask := range 1 << n {
				// Gauss elimination of the equations above for this combination.
				s := make([][]float64, n)
				for i := range n {
					s[i] = make([]float64, n+1)
					s[i][n] = -q(t, i)
					for j := range n {
						if mask>>j&1 != 0 {
							s[i][j] = m[i][j]
						} else if i == j {
							s[i][j] = 1
						}
					}
				}
				for c := range n {
					p := c
					for i := c; i < n; i++ {
						if math.Abs(s[i][c]) > math.Abs(s[p][c]) {
							p = i
						}
					}
					s[c], s[p] = s[p], s[c]
					for i := range n {
						if i != c {
							f := s[i][c] / s[c][c]
							for j := c; j <= n; j++ {
								s[i][j] -= f * s[c][j]
							}
						}
					}
				}
				x, ok := make([]float64, n), true
				for i := range n {
					x[i] = s[i][n] / s[i][i]
					ok = ok && (x[i] > 0) == (mask>>i&1 != 0)
				}
				if ok {
					return x
				}
			}
			return nil
		}
		sol, err := Solve(context.Background(), mach.Problem, Options{RelTol: 1e-8, Steps: 37})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for k, at := range sol.Times {
			want := oracle(at)
			if want == nil {
				t.Fatalf("seed %d: the oracle finds no state at %v", seed, at)
			}
			for i, x := range want {
				if u := sol.State(k)[1+i]; math.Abs(u-x) > 1e-6*(1+math.Abs(x)) {
					t.Errorf("seed %d: s%d = %g at %g, want %g", seed, i, u, at, x)
				}
			}
		}
	}
}

// A relation may have to change together with others before there is any solution: with
// one of two switches in series open the node between them belongs to nothing.
func TestCombination(t *testing.T) {
	m := newMachine("series", []float64{0, 0, 0}, nil, 2, nil)
	m.Mass = []float64{1, 0, 0}
	a, b := m.relation("x < 1", true), m.relation("s < 1", true)
	m.k.RHS = func(t float64, u, p, du []float64) {
		du[0] = 1
		// Both closed: s = x. Both open: s = 2. One open: 0 = 1.
		du[2] = u[2] - u[1]
		switch {
		case p[a] != p[b]:
			du[1] = 1
		case p[a] != 0:
			du[1] = u[1] - 0.5*u[0]
		default:
			du[1] = u[1] - 2
		}
	}
	m.k.Crossings = func(t float64, u, p, g []float64) { g[0], g[1] = 1-u[0], 1-u[1] }
	sol := mustSolve(t, m.Problem, Options{})
	if sol.U[1] != 2 || sol.Params[a] != 0 || sol.Params[b] != 0 {
		t.Errorf("s = %v, relations %v and %v at the end", sol.U[1], sol.Params[a], sol.Params[b])
	}
	// At the start neither may be open while the other is closed.
	m.U0[0] = 1.5
	sol = mustSolve(t, m.Problem, Options{})
	if u := sol.State(0); u[1] != 2 || sol.P(0)[a] != 0 || sol.P(0)[b] != 0 {
		t.Errorf("starts at %v, relations %v and %v", u, sol.P(0)[a], sol.P(0)[b])
	}
}

// A kink at which the solution rests up to rounding costs a few steps and then none; a
// kink that is crossed in earnest is an end of a step each time.
func TestKinkOfNoise(t *testing.T) {
	m := newMachine("noise", []float64{1, 0}, nil, 100, nil)
	k := m.slot()
	m.Hybrid.Relations = append(m.Hybrid.Relations, Relation{Text: "x >= 0", Slot: k, Kind: Kink})
	m.k.RHS = func(t float64, u, p, du []float64) {
		positive := p[k] > 0.75 || p[k] > 0.25 && u[0] >= 0
		du[0] = -20*u[0] + 1e-14*math.Sin(1e5*u[0]+1e3*t)
		du[1] = 1e-3
		if positive {
			du[1] += u[0]
		}
	}
	m.k.Crossings = func(t float64, u, p, g []float64) { g[0] = u[0] }
	for _, name := range []string{"auto", "Tsit5", "Rodas5P", "BDF"} {
		free := mustSolve(t, system("free", []float64{1, 0}, nil, 100, func(t float64, u, p, du []float64) {
			du[0] = -20*u[0] + 1e-14*math.Sin(1e5*u[0]+1e3*t)
			du[1] = 1e-3 + math.Max(u[0], 0)
		}), Options{Solver: name})
		sol := mustSolve(t, m.Problem, Options{Solver: name})
		if math.Abs(sol.U[1]-0.15) > 1e-5 || sol.Stats.Events != 0 {
			t.Errorf("%s: ends at %v after %d events", name, sol.U[1], sol.Stats.Events)
		}
		if sol.Stats.Steps > 2*free.Stats.Steps+100 {
			t.Errorf("%s: %d steps, %d without looking at the kink", name, sol.Stats.Steps, free.Stats.Steps)
		}
	}
}

// The relay with an algebraic equation cannot slide, and says so.
func TestChattering(t *testing.T) {
	m := newMachine("relay", []float64{1, 0}, nil, 10, nil)
	m.Mass = []float64{1, 0}
	pos := m.relation("x > 0", true)
	m.k.RHS = func(t float64, u, p, du []float64) { du[0], du[1] = u[1], u[1]-1+2*p[pos] }
	m.k.Crossings = func(t float64, u, p, g []float64) { g[0] = u[0] }
	sol, err := Solve(context.Background(), m.Problem, Options{})
	wantFailure(t, err, EventFailure, "x > 0")
	if !strings.Contains(err.Error(), "algebraic equations") || math.Abs(sol.T-1) > 1e-6 {
		t.Errorf("stopped at %g: %v", sol.T, err)
	}
}
