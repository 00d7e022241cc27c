package ode

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"
	"text/tabwriter"
	"time"
)

// singles are the methods that the automatic choice is measured against: the best of each
// family on the problems below.
func singles() []string {
	return []string{"Tsit5", "Vern7", "Vern8", "DP8", "Rodas4", "Rodas5", "Rodas5P", "RadauIIA5", "RadauIIA9", "Radau", "BDF", "SEULEX", "DPRKN8", "DPRKN12"}
}

// autoProblems are the problems of the rule, with atol/rtol and with what the end amplifies errors by,
// as digits that are added to those found.
var autoProblems = []struct {
	name  string
	scale float64
	gain  float64
}{
	{"arenstorf", 1, 3}, {"pleiades", 1, 2}, {"brusselator", 1, 0}, {"rober", 1e-6, 0}, {"rober_dae", 1e-6, 0}, {"vdpol", 1, 0},
	{"hires", 1e-4, 0}, {"orego", 1, 0}, {"pollu", 1e-3, 0}, {"chemakzo", 1, 0},
}

// autoWork is the predicted time of a run in nanoseconds by its counts.
func autoWork(p *Problem, s *Stats) float64 { return newPrice(p.Jac, p.Mass).work(s, new(Stats)) }

// cheapest is the least cost among runs of one method over tolerances at which the end has at
// least digits; +Inf where none has.
type cheapest struct {
	cost, rtol float64
	solver     string
}

// workAt measures name on p: the cheapest run for each of the digits. Explicit methods are
// given up on stiff problems after 2000 steps. Tolerances are
// whole powers of ten, with -long half ones too.
func workAt(t testing.TB, p *Problem, ref []float64, name string, scale, gain float64, digits []float64, cost func(sol *Solution, opt Options) float64) []cheapest {
	t.Helper()
	best := make([]cheapest, len(digits))
	for i := range best {
		best[i].cost = math.Inf(1)
	}
	step := 1.0
	if *long {
		step = 0.5
	}
	for k := 3.0; k <= 11; k += step {
		tol := math.Pow(10, -k)
		opt := Options{Solver: name, RelTol: tol, AbsTol: tol * scale, MaxSteps: 2000, FinalOnly: true}
		sol, err := Solve(context.Background(), p, opt)
		if err != nil {
			if name == "auto" {
				t.Errorf("%s at %g: %v", p.Name, tol, err)
			}
			if sol != nil && sol.Retcode == MaxSteps {
				break // more at the next tolerance
			}
			continue
		}
		d, c := mixedDigits(sol.U, ref, scale)+gain, math.NaN()
		for i, want := range digits {
			if d >= want {
				if c != c {
					c = cost(sol, opt)
				}
				if c < best[i].cost {
					best[i] = cheapest{c, tol, sol.Solver}
				}
			}
		}
	}
	return best
}

// The automatic choice is never worse than three times the best single method, in counted work for
// 4, 6 and 8 digits. (Seen: 2.4 on Robertson's problem for 4 digits, 1.9 on POLLU. TestAutoZoo of internal/check/peers
// has large problems too.)
func TestAutoWork(t *testing.T) {
	digits := []float64{4, 6, 8}
	for _, c := range autoProblems {
		p, ref := zoo(t, c.name)
		cost := func(sol *Solution, _ Options) float64 { return autoWork(p, &sol.Stats) }
		best, by := make([]cheapest, len(digits)), make([]string, len(digits))
		for _, name := range singles() {
			if _, err := NewIntegrator(context.Background(), p, Options{Solver: name}); err != nil {
				continue // not for problems of this kind
			}
			for i, b := range workAt(t, p, ref, name, c.scale, c.gain, digits, cost) {
				if by[i] == "" || b.cost < best[i].cost {
					best[i], by[i] = b, name
				}
			}
		}
		auto := workAt(t, p, ref, "auto", c.scale, c.gain, digits, cost)
		for i, d := range digits {
			if math.IsInf(best[i].cost, 1) {
				continue
			}
			ratio := auto[i].cost / best[i].cost
			t.Logf("%-12s %v digits: %.2f, %.3g us at %.1e by %s; %s %.3g us at %.1e", c.name, d, ratio, auto[i].cost*1e-3, auto[i].rtol, auto[i].solver, by[i], best[i].cost*1e-3, best[i].rtol)
			if !(ratio <= 3) {
				t.Errorf("%s, %v digits: auto takes %.2f times the work of %s", c.name, d, ratio, by[i])
			}
		}
	}
}

func median(x []float64) float64 {
	y := slices.Sorted(slices.Values(x))
	return (y[(len(y)-1)/2] + y[len(y)/2]) / 2
}

// BenchmarkAuto prints the time of the automatic choice and of the best single methods for the same digits:
// medians of eleven solves that take turns, so that what else the machine does falls on all of them.
func BenchmarkAuto(b *testing.B) {
	digits := []float64{4, 6, 8}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintln(w, "problem\tdigits\tauto\tbest\tratio\tsecond")
	for range b.N {
		for _, c := range autoProblems {
			p, ref := zoo(b, c.name)
			cost := func(sol *Solution, _ Options) float64 { return autoWork(p, &sol.Stats) }
			names := append([]string{"auto"}, singles()...)
			runs := make([][]cheapest, 0, len(names))
			for _, name := range names {
				runs = append(runs, workAt(b, p, ref, name, c.scale, c.gain, digits, cost))
			}
			for i, d := range digits {
				times := make([][]float64, len(names))
				for range 11 {
					for j, name := range names {
						if math.IsInf(runs[j][i].cost, 1) {
							continue
						}
						tol := runs[j][i].rtol
						start := time.Now()
						if _, err := Solve(context.Background(), p, Options{Solver: name, RelTol: tol, AbsTol: tol * c.scale, FinalOnly: true}); err != nil {
							b.Fatal(err)
						}
						times[j] = append(times[j], time.Since(start).Seconds())
					}
				}
				first, second := -1, -1
				for j := 1; j < len(names); j++ {
					switch {
					case times[j] == nil:
					case first < 0 || median(times[j]) < median(times[first]):
						first, second = j, first
					case second < 0 || median(times[j]) < median(times[second]):
						second = j
					}
				}
				if first < 0 || second < 0 || times[0] == nil {
					continue
				}
				us := func(j int) string {
					return fmt.Sprintf("%s at %.0e, %.3g us", names[j], runs[j][i].rtol, 1e6*median(times[j]))
				}
				fmt.Fprintf(w, "%s\t%v\t%s, %s\t%s\t%.2f\t%s\n", c.name, d, us(0), runs[0][i].solver, us(first), median(times[0])/median(times[first]), us(second))
			}
		}
	}
}
