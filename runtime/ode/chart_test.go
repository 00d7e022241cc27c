package ode

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// constrained is a problem with n states and the linear invariants G u = 0, of level 1
// for the first m and level 2 for others, given by rows; zeros are no entries.
func constrained(g [][]float64, choice *Choice) *Problem {
	m, n := len(g), len(g[0])
	pat := &linsolve.Pattern{Rows: m, Cols: n, ColPtr: []int32{0}}
	var vals []float64
	for j := range n {
		for i := range m {
			if g[i][j] != 0 {
				pat.RowIdx = append(pat.RowIdx, int32(i))
				vals = append(vals, g[i][j])
			}
		}
		pat.ColPtr = append(pat.ColPtr, int32(len(pat.RowIdx)))
	}
	return &Problem{U0: make([]float64, n), NInv: m, InvJac: pat, Choice: choice, NewKernels: func() *Kernels {
		return &Kernels{
			RHS: func(t float64, u, p, du []float64) { clear(du) },
			Invariants: func(t float64, u, p, r []float64) {
				for i := range g {
					r[i] = 0
					for j, v := range g[i] {
						r[i] += v * u[j]
					}
				}
			},
			InvariantJac: func(t float64, u, p, v []float64) { copy(v, vals) },
		}
	}}
}

func chartOf(p *Problem, u []float64) (*chart, *Workspace) {
	ws := newWorkspace(context.Background(), p, p.NewKernels(), p.P, 0, 1)
	for i := range ws.AbsTol {
		ws.AbsTol[i] = ws.RelTol
	}
	copy(ws.U, u)
	return newChart(ws), ws
}

// Random sparse Jacobians, small groups and large ones: the choice has a regular
// Jacobian, and no dependent state follows an independent one more steeply than
// chartSettle, by dense arithmetic. After a change of the point the choice is judged and
// mended alike.
func TestChartRandom(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 7))
		m := 1 + r.IntN(8)
		if seed%4 == 0 {
			m = chartDense + 1 + r.IntN(20)
		}
		n := m + 1 + r.IntN(m+2)
		g := make([][]float64, m)
		fill := func() {
			for i := range g {
				g[i] = make([]float64, n)
				g[i][i] = r.NormFloat64() // structurally regular
				g[i][(i+1)%n] = r.NormFloat64()
				for range 2 {
					g[i][r.IntN(n)] = r.NormFloat64()
				}
			}
		}
		fill()
		for i := range g { // one pattern for all values
			for j := range g[i] {
				if g[i][j] == 0 && r.IntN(3) == 0 {
					g[i][j] = r.NormFloat64()
				}
			}
		}
		u := make([]float64, n)
		for j := range u {
			u[j] = 1
		}
		p := constrained(g, nil)
		values := func() []float64 {
			var v []float64
			for j := range n {
				for e := p.InvJac.ColPtr[j]; e < p.InvJac.ColPtr[j+1]; e++ {
					v = append(v, g[p.InvJac.RowIdx[e]][j])
				}
			}
			return v
		}
		c, ws := chartOf(p, u)
		vals := values()
		ws.K.InvariantJac = func(t float64, u, p, v []float64) { copy(v, vals) }
		if c == nil {
			t.Fatalf("seed %d: no chart", seed)
		}
		for round := range 3 {
			changed, ok := c.choose(0, u)
			if !ok || round == 0 && !changed {
				t.Fatalf("seed %d, round %d: changed %v, ok %v", seed, round, changed, ok)
			}
			if s := steepest(g, c.dep); s > chartSettle*(1+1e-9) {
				t.Fatalf("seed %d, round %d: a state is %g times as steep", seed, round, s)
			}
			if bad, crossed := c.steep(0, u); bad || crossed {
				t.Fatalf("seed %d: steep where it was chosen", seed)
			}
			before := determinant(g, c.dep)
			for i := range g {
				for j := range g[i] {
					if g[i][j] != 0 {
						g[i][j] += 0.7 * r.NormFloat64()
					}
				}
			}
			vals = values()
			bad, crossed := c.steep(0, u)
			if s := steepest(g, c.dep); (s > chartLimit) != bad && math.Abs(s/chartLimit-1) > 1e-9 {
				t.Fatalf("seed %d, round %d: steepness %g, steep says %v", seed, round, s, bad)
			}
			// Of several groups, any may have crossed, so that the whole need not.
			if flip := determinant(g, c.dep)*before < 0; flip && !crossed && m <= chartDense || len(c.groups) == 1 && crossed && !flip {
				t.Fatalf("seed %d, round %d: the determinant changes sign: %v, crossed says %v", seed, round, flip, crossed)
			}
		}
	}
}

// determinant of the dependent columns, which are taken in order.
func determinant(g [][]float64, dep []int32) float64 {
	cols := slices.Sorted(slices.Values(dep))
	d := mat.NewDense(len(g), len(g), nil)
	for i := range g {
		for k, j := range cols {
			d.Set(i, k, g[i][j])
		}
	}
	return mat.Det(d)
}

// steepest is the largest entry of A_d^-1 A in the independent columns.
func steepest(g [][]float64, dep []int32) float64 {
	m, n := len(g), len(g[0])
	a := mat.NewDense(m, n, nil)
	d := mat.NewDense(m, m, nil)
	for i := range g {
		for j, v := range g[i] {
			a.Set(i, j, v)
			if k := slices.Index(dep, int32(j)); k >= 0 {
				d.Set(i, k, v)
			}
		}
	}
	var b mat.Dense
	if err := b.Solve(d, a); err != nil {
		return math.Inf(1)
	}
	s := 0.0
	for i := range m {
		for j := range n {
			if !slices.Contains(dep, int32(j)) {
				s = math.Max(s, math.Abs(b.At(i, j)))
			}
		}
	}
	return s
}

// The user's wishes decide between states that would do, and give way where they
// would not.
func TestChartWishes(t *testing.T) {
	g := [][]float64{{1, 1, 1}}
	at := func(wish []Wish, u ...float64) int32 {
		c, _ := chartOf(constrained(g, &Choice{InvLevel: []int8{1}, Level: []int8{1, 1, 1}, Wish: wish}), u)
		if _, ok := c.choose(0, u); !ok {
			t.Fatal("no choice")
		}
		return c.dep[0]
	}
	for _, w := range []struct {
		wish []Wish
		u    []float64
		dep  int32
	}{
		{[]Wish{0, 0, 0}, []float64{1, 3, 1}, 1},
		{[]Wish{0, WishPrefer, 0}, []float64{1, 2, 1.5}, 2},
		{[]Wish{0, WishPrefer, 0}, []float64{1, 9, 2}, 1},
		{[]Wish{0, WishAlways, 0}, []float64{1, 9, 2}, 2},
		{[]Wish{0, WishAlways, 0}, []float64{1, 900, 2}, 1},
		{[]Wish{WishAvoid, 0, 0}, []float64{1, 2, 1}, 0},
		{[]Wish{WishNever, WishAvoid, 0}, []float64{1, 20, 1}, 0},
	} {
		if dep := at(w.wish, w.u...); dep != w.dep {
			t.Errorf("wishes %v at %v: state %d follows, want %d", w.wish, w.u, dep, w.dep)
		}
	}
}

// Levels keep positions and velocities apart; where the invariants lose rank there is no
// choice; too few states of a level are none.
func TestChartLevels(t *testing.T) {
	g := [][]float64{{1, 2, 0, 0}, {5, 5, 1, 2}}
	p := constrained(g, &Choice{InvLevel: []int8{2, 1}, Level: []int8{2, 2, 1, 1}, Wish: make([]Wish, 4)})
	c, ws := chartOf(p, []float64{1, 1, 1, 1})
	if _, ok := c.choose(0, ws.U); !ok || c.dep[0] != 1 || c.dep[1] != 3 {
		t.Errorf("states %v follow, want 1 and 3", c.dep)
	}
	sets, ok := p.StateSets()
	if !ok || len(sets) != 2 || !slices.Equal(sets[0].States, []int{0, 1}) || !slices.Equal(sets[1].States, []int{2, 3}) || sets[0].Dependent != 1 {
		t.Errorf("sets %v", sets)
	}
	p = constrained([][]float64{{1, 2}, {2, 4}}, nil)
	c, ws = chartOf(p, []float64{1, 1})
	if _, ok := c.choose(0, ws.U); ok {
		t.Error("dependent invariants have a chart")
	}
	p = constrained([][]float64{{1, 0}, {2, 0}}, &Choice{InvLevel: []int8{1, 1}, Level: []int8{1, 1}, Wish: make([]Wish, 2)})
	if c, _ = chartOf(p, []float64{1, 1}); c != nil {
		t.Error("two invariants are solved for one state")
	}
}
