package examples_test

import (
	"context"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/runtime/ode"
)

// The linear part of every example holds all that is constant in the Jacobian: where an
// entry is the same at several points, it is that of A. Steps and straight-line code alike.
func TestLinearParts(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, m := range models {
		switch m.dir {
		case "brusselator", "cascade", "chua", "dcmotor", "lorenz", "pollution", "rcladder", "robertson", "servo", "vanderpol":
		default:
			continue
		}
		if m.n != "" || m.roll > 0 {
			continue // large ones have tests of their own
		}
		for _, roll := range []int{0, 1} {
			opt := mtkc.Options{Model: m.name, Lower: backend.Options{RollFrom: roll, MinLoop: 8}}
			prob, found := mtkc.New(m.dir, opt).Problem(context.Background())
			if err := found.Err(); err != nil {
				t.Fatal(err)
			}
			if prob.Mass != nil {
				if prob.Linear != nil {
					t.Errorf("%s: a linear part beside algebraic equations", prob.Name)
				}
				continue
			}
			n := prob.N()
			k := prob.NewKernels()
			a := map[[2]int32]float64{}
			if prob.Linear != nil {
				v := make([]float64, prob.Linear.NNZ())
				k.Linear(prob.P, v)
				for j := range n {
					for e := prob.Linear.ColPtr[j]; e < prob.Linear.ColPtr[j+1]; e++ {
						a[[2]int32{prob.Linear.RowIdx[e], int32(j)}] = v[e]
					}
				}
			}
			const points = 4
			var jac [points][]float64
			for q := range jac {
				u := make([]float64, n)
				for i := range u {
					u[i] = 0.2 + rnd.Float64()
				}
				jac[q] = make([]float64, prob.Jac.NNZ())
				k.Jac(rnd.Float64(), u, prob.P, jac[q])
			}
			for j := range n {
				for e := prob.Jac.ColPtr[j]; e < prob.Jac.ColPtr[j+1]; e++ {
					constant := jac[0][e] != 0
					for q := range jac {
						constant = constant && math.Abs(jac[q][e]-jac[0][e]) < 1e-12*math.Abs(jac[0][e])
					}
					at := [2]int32{prob.Jac.RowIdx[e], int32(j)}
					// 1e-12: sums of a few entries in another order.
					if got := a[at]; constant && math.Abs(got-jac[0][e]) > 1e-12*math.Abs(jac[0][e]) {
						t.Errorf("%s: A%v = %v, and %v in the Jacobian everywhere", prob.Name, at, got, jac[0][e])
					}
				}
			}
			t.Logf("%s: %d of %d entries of df/du have a linear part", prob.Name, len(a), prob.Jac.NNZ())
		}
	}
}

// The diffusion of the Brusselator and what is linear in its reaction are found, and an IMEX method with
// one linear system for each stage gives the solution of the others.
func TestLinearBrusselator(t *testing.T) {
	for _, n := range []string{"40", "500"} {
		prob := compile(t, "brusselator", "Brusselator", map[string]string{"N": n})
		size := prob.N() / 2
		c := 0.02 * float64((size+1)*(size+1))
		k := prob.NewKernels()
		v := make([]float64, prob.Linear.NNZ())
		k.Linear(prob.P, v)
		au, u := make([]float64, prob.N()), make([]float64, prob.N())
		for i := range u {
			u[i] = math.Sin(float64(3 * i))
		}
		for j := range prob.N() {
			for e := prob.Linear.ColPtr[j]; e < prob.Linear.ColPtr[j+1]; e++ {
				au[prob.Linear.RowIdx[e]] += v[e] * u[j]
			}
		}
		f := make([]float64, prob.N())
		k.RHS(0, u, prob.P, f)
		at := map[string]int{}
		for i, q := range prob.States {
			at[q.Name] = i
		}
		name := func(x string, i int) int { return at[x+"["+strconv.Itoa(i)+"]"] }
		for i := range size {
			ui, vi := u[name("u", i)], u[name("v", i)]
			g := [2]float64{1 + ui*ui*vi, -ui * ui * vi} // what is left
			if i == 0 || i == size-1 {
				g[0] += c
				g[1] += 3 * c
			}
			for q, x := range []string{"u", "v"} {
				row := name(x, i)
				if d := math.Abs(f[row] - au[row] - g[q]); d > 1e-12*c {
					t.Errorf("row %s[%d]: f - A u = %v, want %v", x, i, f[row]-au[row], g[q])
				}
			}
		}
	}
	prob := compile(t, "brusselator", "Brusselator", nil)
	for _, name := range []string{"KenCarp4IMEX", "ARK437L2SAIMEX"} {
		sol := solve(t, prob, ode.Options{Solver: name, RelTol: 1e-7, AbsTol: 1e-9, FinalOnly: true})
		// The reference of TestBrusselator.
		near(t, "u[20]", last(t, sol, "u[20]"), 0.4300851230517, 0, 1e-5)
		near(t, "v[20]", last(t, sol, "v[20]"), 3.6890712250837, 0, 1e-5)
		if len(sol.Warnings) > 0 || sol.Stats.Jac > 0 {
			t.Errorf("%s: %q, %+v", name, sol.Warnings, sol.Stats)
		}
	}
}
