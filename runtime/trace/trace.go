// Package trace runs a problem and records what is shown to people and programs:
// chosen variables over time as a table, and how the run went.
//
// In: an ode.Problem and the wishes of the user. Out: a Result, the same from the
// vm and from generated code, with a table that writes itself as CSV and a summary
// that writes itself as JSON. Equal runs write equal bytes, apart from the seconds.
package trace

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/mtkc/mtkc/runtime/ode"
)

// Request says what to run and what to record.
type Request struct {
	Options ode.Options
	// Vars are names or patterns of the variables to record, see Select; none means
	// the choice of Default.
	Vars []string
}

// Result is the record of a run. It holds data alone, so that it can be sent from
// one process to another.
type Result struct {
	Model    string
	Solver   string
	Why      string // why this solver, "" where the user chose it
	Start    string // how the initial values were found where that took more than one method; "": it did not
	Form     string // how algebraic equations and constraints are treated, "" where there are none
	Retcode  string
	Message  string
	Warnings []string
	Span     [2]float64

	T     float64   // time reached
	Final []float64 // values of the table's columns there
	Stats ode.Stats
	Size  Size

	Init, Solve time.Duration

	Table *Table
}

// Size counts what was solved. Equations is filled in by who knows the model; here
// it is the number of states.
type Size struct {
	Equations, States, Algebraic, NNZ int
}

// OK reports whether the run reached its end or the end that the model asked for.
func (r *Result) OK() bool {
	return r.Retcode == ode.Success.String() || r.Retcode == ode.Terminated.String()
}

// rows is the number of saved points that a smooth curve needs where the user asks
// for no particular ones.
const rows = 500

// large is the number of states above which only the steps themselves are saved: the
// points between would cost more memory than they are worth.
const large = 20000

// jumpRows and jumpNumbers bound how many jumps are saved, each with all states; a run with more is made again and saved at as many
// equidistant times as jumpSteps says.
const (
	jumpRows    = 100_000
	jumpNumbers = 10_000_000
	jumpSteps   = 1000
)

// Run solves the problem and records it. A run that stops early, or does not begin
// for want of initial values, is a Result as well; its Retcode says so. An error
// means that the request makes no sense for this problem.
//
// Where neither Options.SaveAt nor Options.Steps is given, every step of the method
// is saved, and long ones are divided so that curves are smooth. Of a jump process each jump is, as long as these are not too many.
func Run(ctx context.Context, p *ode.Problem, req Request) (*Result, error) {
	names, err := Select(p, req.Vars)
	if err != nil {
		return nil, err
	}
	opt := req.Options
	span := opt.Span
	if span == [2]float64{} {
		span = p.Span
	}
	if opt.SaveAt == nil && opt.Steps == 0 && !opt.FinalOnly && p.N() <= large {
		opt.SaveGap = max(span[1]-span[0], span[0]-span[1]) / rows
	}
	most := math.MaxInt
	if p.Jumps != nil && opt.SaveAt == nil && opt.Steps == 0 && !opt.FinalOnly {
		most = min(jumpRows, jumpNumbers/max(p.N(), 1))
	}
	start := time.Now()
	in, err := ode.NewIntegrator(ctx, p, opt)
	begun := time.Now()
	if in == nil {
		return nil, err
	}
	for err == nil && !in.Done() {
		if err = in.Step(); err == nil && len(in.Solution().Times) > most && !in.Done() {
			opt.Steps, opt.SaveGap = jumpSteps, 0
			if in, err = ode.NewIntegrator(ctx, p, opt); in == nil {
				return nil, err
			}
			most = math.MaxInt
		}
	}
	if f := (*ode.Failure)(nil); err != nil && !errors.As(err, &f) {
		return nil, err
	}
	sol := in.Solution()
	r := &Result{
		Model: p.Name, Solver: sol.Solver, Why: sol.Why, Start: sol.Init, Form: sol.Form, Retcode: sol.Retcode.String(), Message: sol.Message,
		Warnings: sol.Warnings, Span: span, T: sol.T, Stats: sol.Stats, Size: sizeOf(p),
		Init: begun.Sub(start), Solve: time.Since(begun),
	}
	if req.Options.Steps == 0 && opt.Steps == jumpSteps {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%d equidistant times are saved, as there are too many jumps to save each of them; choose the times, or how many", jumpSteps+1))
	}
	if opt.Solver != "" && opt.Solver != "auto" {
		r.Why = ""
	}
	if r.Table, err = New(sol, names); err != nil {
		return nil, err
	}
	if r.Final, err = sol.Final(names); err != nil {
		return nil, err
	}
	if w := belowZero(sol); w != "" {
		r.Warnings = append(r.Warnings, w)
	}
	if w := notNumbers(r.Table); w != "" && r.OK() {
		r.Warnings = append(r.Warnings, w)
	}
	return r, nil
}

// belowZero says which species of a chemical Langevin equation went below zero by more than a molecule, 10 absolute
// tolerances of its form. "" if there is none.
func belowZero(sol *ode.Solution) string {
	p := sol.Problem
	if p.Noise == nil {
		return ""
	}
	worst, least, more := -1, 0.0, 0
	for i := range p.States {
		one := 10 * p.States[i].AbsTol
		if one == 0 {
			continue
		}
		low := 0.0
		for k := range sol.Len() {
			low = min(low, sol.State(k)[i]/one)
		}
		if low < -1 {
			more++
			if low < least {
				worst, least = i, low
			}
		}
	}
	if worst < 0 {
		return ""
	}
	text := fmt.Sprintf("%s went down to %.3g: for so few molecules the chemical Langevin equation is a poor approximation, and --method ssa is exact", p.States[worst].Name, 10*p.States[worst].AbsTol*least)
	if more > 1 {
		text += fmt.Sprintf("; so did %d more species", more-1)
	}
	return text
}

// notNumbers says which columns hold NaN: variables that no equation of the integrator
// needs, computed outside of the domain of a function. "" if there is none.
func notNumbers(t *Table) string {
	var text string
	more := 0
	for k := range t.Columns {
		c := &t.Columns[k]
		i := slices.IndexFunc(c.Values, math.IsNaN)
		switch {
		case i < 0:
		case text == "":
			text = fmt.Sprintf("%s is not a number (NaN) at t = %v: a function in its equation is outside of its domain", c.Name, t.Times[i])
		default:
			more++
		}
	}
	if more > 0 {
		text += fmt.Sprintf("; so are %d more variables at some time", more)
	}
	return text
}

func sizeOf(p *ode.Problem) Size {
	s := Size{Equations: p.N(), States: p.N()}
	for _, m := range p.Mass {
		if m == 0 {
			s.Algebraic++
		}
	}
	if p.Jac != nil {
		s.NNZ = p.Jac.NNZ()
	} else {
		s.NNZ = p.N() * p.N()
	}
	return s
}
