package main

import (
	"context"
	"errors"
	"flag"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/ode"
)

var long = flag.Bool("long", false, "measure the automatic choice on all problems, at half decades")

// work is the predicted time of a run in nanoseconds of compiled code, by its counts. An evaluation of f takes
// about a nanosecond for each entry of df/du, and so does one of the Jacobian (both within a factor of 1.5 on most of
// these problems; --rhs prints them); the sums of a stage and its share of the norms eight products for
// each state; those of a Nystrom method are over half as many. A factorisation takes two thirds of what
// linsolve.Cost says of it with two solutions; a complex one counts as a real one. A step costs 30 more.
type work struct{ sums, f, lu float64 }

func workOf(p *ode.Problem) work {
	return work{8 * float64(p.N()), float64(p.Jac.NNZ()), linsolve.Cost(linsolve.NewShifted[float64](p.Jac, p.Mass).Pattern)}
}

func (w work) of(sol *ode.Solution) float64 {
	sums, s := w.sums, &sol.Stats
	if m, err := ode.Lookup(sol.Solver); err == nil && m.Info().Use == ode.SecondOrder {
		sums /= 2
	}
	return (w.f+sums)*float64(s.RHS) + w.f*float64(s.Jac) + 0.66*w.lu*float64(s.Factor) + 0.17*w.lu*float64(s.Solve) + 30*float64(s.Steps+s.Rejected)
}

// lucky are the methods whose errors at the end have nothing to do with those on the way: next to a steady state,
// which Rodas3 finds to 7 digits at the tolerance 1e-2 and at 1e-5 alike.
var lucky = map[string][]string{"robertson11": {"Rodas3"}}

// TestAutoZoo solves the problems of the comparison with the automatic choice and with the methods that may win, over
// tolerances. All of them must be solved by the automatic choice, and for 4, 6 and 8 digits at the end it must take no
// more than three times the work of the best single method. A few problems are measured; with -long all, in some
// minutes.
func TestAutoZoo(t *testing.T) {
	quick := []string{"robertson11", "vdp1e6", "hires", "chemakzo", "transamp", "pleiades"}
	digits := []float64{4, 6, 8}
	step := 1.0
	if *long {
		step = 0.5
	}
	for i := range problems {
		p := &problems[i]
		if !*long && !slices.Contains(quick, p.name) {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			prob, err := p.load("vm")
			if err != nil {
				t.Fatal(err)
			}
			ref, err := p.reference("")
			if errors.Is(err, os.ErrNotExist) && p.name != "lorenz" { // past what can be predicted
				t.Skip("no reference solution is here: ", err)
			} else if err != nil && p.name != "lorenz" {
				t.Fatal(err)
			}
			names := ourNames[p.name]
			if names == nil {
				names = stiffOurs
			}
			w := workOf(prob)
			type best struct {
				cost, rtol float64
				solver     string
			}
			least := make([]best, len(digits)) // of single methods
			auto := make([]best, len(digits))
			for i := range digits {
				least[i].cost, auto[i].cost = math.Inf(1), math.Inf(1)
			}
			for _, name := range names {
				if slices.Contains(lucky[p.name], name) || ref == nil && name != "auto" {
					continue
				}
				into := least
				if name == "auto" {
					into = auto
				}
				for k := 2.0; k <= 11; k += step {
					tol := math.Pow(10, -k)
					opt := ode.Options{Span: p.span, RelTol: tol, AbsTol: tol * p.scale, Solver: name, FinalOnly: true}
					if name != "auto" {
						opt.MaxSteps = 20000
					}
					sol, err := ode.Solve(context.Background(), prob, opt)
					if err != nil {
						if name == "auto" {
							t.Errorf("auto at %.1g: %v", tol, err)
						}
						if sol == nil || sol.Retcode == ode.MaxSteps {
							break // not applicable, or more steps still at the next one
						}
						continue
					}
					if ref == nil {
						continue
					}
					y, err := sol.Final(p.unknowns)
					if err != nil {
						t.Fatal(err)
					}
					most, _, _ := p.errors(y, ref)
					cost := w.of(sol)
					enough := true
					for i, d := range digits {
						if most <= math.Pow(10, -d) && cost < into[i].cost {
							into[i] = best{cost, tol, sol.Solver}
						}
						enough = enough && (most <= math.Pow(10, -d) || cost > 4*least[i].cost)
					}
					if enough && name != "auto" {
						break
					}
				}
			}
			for i, d := range digits {
				a, b := auto[i], least[i]
				if math.IsInf(b.cost, 1) {
					continue
				}
				t.Logf("%v digits: %.2f, auto %.4g us at %.1e with %s; %.4g us at %.1e with %s", d, a.cost/b.cost, a.cost*1e-3, a.rtol, a.solver, b.cost*1e-3, b.rtol, b.solver)
				if !(a.cost <= 3*b.cost) {
					t.Errorf("%v digits: auto takes %.2f times the work of %s", d, a.cost/b.cost, b.solver)
				}
			}
		})
	}
}
