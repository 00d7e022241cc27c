package ode

import (
	"context"
	"flag"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

var long = flag.Bool("long", false, "solve all problems of DETEST with all methods, and print the table")

// Every method with error control on the problems of DETEST that it is for: Hull, Enright,
// Fellen, Sedgwick, SIAM J. Numer. Anal. 9(4), 1972; Enright, Pryce, ACM Trans. Math. Softw.
// 13(1), 1987. The rule of the data folder is an error of about a hundred tolerances at the end, relative to
// the largest value there, but for orbits that amplify errors and problems with kinks. The
// torus of B4 and the predators of B1 add up errors over 20 units of time, so that every third method is above it there:
// 1500 is what fails (seen: 1245 with QPRK98, which loses digits, on B1), three thousand for methods of order 1.
// The long table counts both.
func TestDetest(t *testing.T) {
	// Kepler orbits: an error of the energy is one of the period, which moves the body along the orbit
	// by an error that grows with the square of the time, by 1e4 tolerances with methods of low order.
	sensitive := func(id string) bool { return strings.HasPrefix(id, "nonstiff-D") }
	// Reactions with rates of 1e10: methods whose stability function does not vanish at infinity keep what
	// the first transient leaves; those that are not made for stiff problems take forever.
	violent := func(id string) bool { return id == "stiff-F1" || id == "stiff-F5" }
	quick := []string{"nonstiff-A2", "nonstiff-B4", "nonstiff-E2", "stiff-B1", "stiff-C3", "stiff-D3", "stiff-E3"}
	type column struct {
		z   zooFile
		p   *Problem
		ref []float64
	}
	columns := map[string][]column{}
	for _, kind := range []string{"nonstiff", "stiff"} {
		for _, z := range detest(t, kind) {
			// Class F of the nonstiff problems has jumps and kinks; TestDETEST of the root package has them as
			// models with events.
			if !strings.HasPrefix(z.ID, "nonstiff-F") && (*long || slices.Contains(quick, z.ID)) {
				p, ref := z.problem(t)
				columns[kind] = append(columns[kind], column{z, p, ref})
			}
		}
	}
	if *long {
		fmt.Println("| method | problems | within 10 tol | within 100 tol | failed | worst error in tol | steps | f | ms |")
		fmt.Println("|---|---|---|---|---|---|---|---|---|")
	}
	for _, m := range append([]Method{nil}, Methods()...) {
		name, use, order, damps := "auto", Stiff, 5, true
		if m != nil {
			i := m.Info()
			damps = strings.Contains(i.Stability, "L-stable")
			if i.Embedded == 0 || i.Needs != "" || strings.Contains(i.Description, "does not see errors on linear problems") {
				continue
			}
			name, use, order = i.Name, i.Use, i.Order
		}
		kinds := []string{"nonstiff"}
		if m == nil || use == Stiff && m.Info().Implicit {
			kinds = []string{"nonstiff", "stiff"}
		}
		tol := 1e-6
		if order < 3 {
			tol = 1e-4
		}
		n, ten, hundred, failed, steps, evaluations := 0, 0, 0, 0, 0, 0
		worst, at := 0.0, ""
		start := time.Now()
		for _, kind := range kinds {
			for _, c := range columns[kind] {
				size := 0.0
				for _, v := range c.ref {
					size = math.Max(size, math.Abs(v))
				}
				n++
				sol, err := Solve(context.Background(), c.p, Options{Solver: name, RelTol: tol, AbsTol: tol * math.Min(1, math.Max(size, 1e-6)), FinalOnly: true, MaxSteps: 200000})
				if err != nil {
					failed++
					if violent(c.z.ID) && !damps || sensitive(c.z.ID) && order == 1 {
						continue // counted, as nothing else is to be expected
					}
					t.Errorf("%s on %s: %v", name, c.z.ID, err)
					continue
				}
				e := 0.0
				for i, r := range c.ref {
					if r == r {
						e = math.Max(e, math.Abs(sol.U[i]-r)/math.Max(size, 1e-6))
					}
				}
				e /= tol
				steps, evaluations = steps+sol.Stats.Steps, evaluations+sol.Stats.RHS
				if e <= 10 {
					ten++
				}
				if e <= 100 {
					hundred++
				}
				if e > worst && !sensitive(c.z.ID) {
					worst, at = e, c.z.ID
				}
			}
		}
		limit := 1500.0
		if order == 1 {
			limit = 3000
		}
		if strings.HasPrefix(name, "BDF") || strings.HasPrefix(name, "NDF") {
			// They allow each step an error of the tolerance, and with the order held low they make thousands.
			limit = 10000
		}
		if name == "RKF12" {
			continue // its estimate is 500 times too small by construction
		}
		if worst > limit {
			t.Errorf("%s at tolerance %g: error of %.0f tolerances on %s", name, tol, worst, at)
		}
		if *long {
			fmt.Printf("| %s | %d | %d | %d | %d | %.1f %s | %d | %d | %.0f |\n", name, n, ten, hundred, failed, worst, at, steps, evaluations, time.Since(start).Seconds()*1e3)
		}
	}
}
