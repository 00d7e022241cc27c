// Command peers is the side of mtkc in the comparison with other solvers: it solves one of
// the problems with one method at one tolerance and prints a line of JSON with the time, the
// error at the end and the work. Programs of other solvers with the same interface stand beside
// it; scripts/bench-peers builds and runs them.
//
//	peers --problem hires --method Rodas5P --rtol 1e-6 --repeat auto --ref DIR
//	peers --list
//	peers build -o FILE
//	peers compare --help
//
// The command build compiles the models to Go and makes a program with that code; run without
// build, or with --kernels vm or llvm, the same problems are solved with the kernels of the vm or machine code of LLVM.
//
// What is timed is one solve from t0 to t1 with the end alone as its output, by an integrator
// that has solved before: Reset, which finds consistent initial values anew, and all steps. The
// peers likewise use again the memory, patterns and symbolic analysis that they have set up.
// With --fresh, and in fresh_min_s, an integrator is made for each solve: NewIntegrator allocates
// its memory and sets up the method and the linear solver. Solves before the clock starts warm the
// caches; the collection of garbage goes on as in any Go program.
//
// Exit status: 0 solved, 1 the solver failed, 2 usage, 3 not applicable.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/mtkc/mtkc/runtime/ode"
)

const (
	solved = iota
	failed
	usage
	inapplicable
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "build" {
		fl := flag.NewFlagSet("peers build", flag.ContinueOnError)
		out := fl.String("o", "peers.exe", "program to write")
		if err := fl.Parse(os.Args[2:]); err != nil {
			os.Exit(usage)
		}
		if err := build(*out); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(failed)
		}
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "compare" {
		os.Exit(compare(os.Args[2:], os.Stdout, os.Stderr))
	}
	os.Exit(drive(os.Args[1:], os.Stdout, os.Stderr))
}

// options are the flags of a run. Those without a meaning here are those of the peers.
type options struct {
	problem, method, linsol, repeat, ref string
	rtol, atol, h0                       float64
	form, constraints, kernels, profile  string
	maxsteps                             int
	dump, list, rhs, fresh               bool
}

// line is the result of a run. The keys up to digits are those of every program.
type line struct {
	Problem      string   `json:"problem"`
	N            int      `json:"n"`
	Method       string   `json:"method"`
	Linsol       string   `json:"linsol"`
	Impl         string   `json:"impl"`
	RTol         float64  `json:"rtol"`
	ATol         float64  `json:"atol"`
	Repeat       int      `json:"repeat"`
	WallMin      float64  `json:"wall_min_s"`
	WallMedian   float64  `json:"wall_median_s"`
	CPUMean      float64  `json:"cpu_mean_s"`
	Setup        float64  `json:"setup_s"` // ode.Problem, from generated code or from the model
	First        float64  `json:"first_s"`
	Steps        int      `json:"steps"`
	Rejected     int      `json:"rejected"`
	RHS          int      `json:"rhs_evals"`
	Jac          int      `json:"jac_evals"`
	LU           int      `json:"lu_count"`
	Solves       int      `json:"lin_solves"`
	NewtonFails  int      `json:"newton_fails"`
	Status       int      `json:"status"`
	ErrMax       *float64 `json:"err_max"`
	ErrRMS       *float64 `json:"err_rms"`
	Digits       *float64 `json:"digits"`
	IntegrateMin float64  `json:"integrate_min_s"` // the steps alone
	FreshMin     float64  `json:"fresh_min_s"`     // with an integrator for each solve
	Newton       int      `json:"newton_iters"`
	Events       int      `json:"events"`
	Solver       string   `json:"solver"` // of the method auto: what it ended with
	Form         string   `json:"form,omitempty"`
	Retcode      string   `json:"retcode"`
	Message      string   `json:"message,omitempty"`
	Worst        string   `json:"worst,omitempty"` // the component with the largest error
	Y            []num    `json:"y,omitempty"`
}

// num prints as a number of 17 digits, so that nothing of it is lost.
type num float64

func (x num) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(x), 'g', 17, 64), nil
}

func drive(args []string, stdout, stderr io.Writer) int {
	var o options
	fl := flag.NewFlagSet("peers", flag.ContinueOnError)
	fl.SetOutput(stderr)
	fl.StringVar(&o.problem, "problem", "", "what to solve, see --list")
	fl.StringVar(&o.method, "method", "auto", "method of the registry, or auto")
	fl.StringVar(&o.linsol, "linsol", "auto", "auto: the methods choose their linear solver")
	fl.StringVar(&o.repeat, "repeat", "20", "timed solves; auto: about 0.2 s, 3 to 2000 solves")
	fl.StringVar(&o.ref, "ref", "", "directory of reference solutions (default ../shared/bench/reference)")
	fl.Float64Var(&o.rtol, "rtol", 1e-6, "relative tolerance")
	fl.Float64Var(&o.atol, "atol", 0, "absolute tolerance (default rtol times the scale of the problem)")
	fl.Float64Var(&o.h0, "h0", 0, "first step (default: chosen)")
	fl.StringVar(&o.form, "form", "", "auto, dae or nested, as in mtkc run")
	fl.StringVar(&o.constraints, "constraints", "", "auto, project or states, as in mtkc run")
	fl.StringVar(&o.kernels, "kernels", "go", "go: compiled Go, llvm: machine code, vm: interpreted")
	fl.StringVar(&o.profile, "cpuprofile", "", "write a CPU profile of the timed solves to `FILE`")
	fl.IntVar(&o.maxsteps, "maxsteps", 0, "limit on steps")
	fl.BoolVar(&o.dump, "dump", false, "print the values at the end too")
	fl.BoolVar(&o.list, "list", false, "list problems and methods")
	fl.BoolVar(&o.rhs, "rhs", false, "print ns per evaluation of f and of its Jacobian, of --problem or of all")
	fl.BoolVar(&o.fresh, "fresh", false, "make an integrator for each timed solve")
	fla := fl.String("fla", "", "of other programs, ignored")
	maxord := fl.Int("maxord", 0, "of other programs: not applicable here")
	if err := fl.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return solved
		}
		return usage
	}
	_ = *fla
	complain := func(code int, format string, args ...any) int {
		fmt.Fprintf(stderr, format+"\n", args...)
		return code
	}
	if fl.NArg() > 0 {
		return complain(usage, "unknown argument %s", fl.Arg(0))
	}
	enc := json.NewEncoder(stdout)
	if o.list {
		for i := range problems {
			p := &problems[i]
			_ = enc.Encode(map[string]any{"problem": p.name, "n": len(p.unknowns), "t0": p.span[0], "t1": p.span[1], "atol_over_rtol": p.scale})
		}
		for _, m := range ode.Methods() {
			_ = enc.Encode(map[string]any{"method": m.Info().Name, "what": m.Info().Description})
		}
		return solved
	}
	if o.rhs {
		for i := range problems {
			if p := &problems[i]; o.problem == "" || o.problem == p.name {
				if code := kernelTimes(p, &o, enc, stderr); code != solved {
					return code
				}
			}
		}
		return solved
	}
	p := find(o.problem)
	if p == nil {
		return complain(usage, "--problem %q: there is no such problem; --list lists them", o.problem)
	}
	if o.method != "auto" {
		if _, err := ode.Lookup(o.method); err != nil {
			return complain(usage, "--method: %v", err)
		}
	}
	if o.linsol != "auto" || *maxord != 0 {
		return complain(inapplicable, "the methods choose linear solver and order themselves")
	}
	repeat, err := strconv.Atoi(o.repeat)
	if o.repeat != "auto" && (err != nil || repeat < 1) {
		return complain(usage, "--repeat %q is neither auto nor a positive number", o.repeat)
	}
	if o.atol == 0 {
		o.atol = o.rtol * p.scale
	}
	l := &line{Problem: p.name, N: len(p.unknowns), Method: o.method, Linsol: "auto", Impl: "mtkc " + o.kernels, RTol: o.rtol, ATol: o.atol}
	start := time.Now()
	prob, err := p.load(o.kernels)
	if err != nil {
		return complain(inapplicable, "%s: %v", p.name, err)
	}
	l.Setup = time.Since(start).Seconds()
	opt := ode.Options{Span: p.span, RelTol: o.rtol, AbsTol: o.atol, Solver: o.method, Form: o.form, Constraints: o.constraints,
		InitialStep: o.h0, MaxSteps: o.maxsteps, FinalOnly: true}
	in, sol, wall, _, err := solve(prob, nil, opt)
	if sol == nil {
		return complain(inapplicable, "%s: %v", p.name, err)
	}
	l.First = wall
	if o.repeat == "auto" {
		repeat = max(3, min(2000, int(0.2/wall)))
		if wall > 3 {
			repeat = 1
		}
	}
	if err != nil {
		repeat = 0 // a failure is not worth timing
		l.WallMin, l.WallMedian, l.CPUMean, l.IntegrateMin, l.FreshMin = wall, wall, wall, wall, wall
	}
	fresh := min(repeat, max(1, min(10, int(0.1/wall))))
	if o.fresh {
		in, fresh = nil, 0
	} else if repeat > 0 && wall < 0.1 { // memory is reused from the third run on
		_, _, _, _, err = solve(prob, in, opt)
	}
	if o.profile != "" {
		f, err := os.Create(o.profile)
		if err != nil {
			return complain(usage, "--cpuprofile: %v", err)
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return complain(usage, "--cpuprofile: %v", err)
		}
	}
	walls, bare := make([]float64, repeat), make([]float64, repeat)
	cpu := cpuTime()
	for i := range walls {
		_, sol, walls[i], bare[i], err = solve(prob, in, opt)
	}
	if repeat > 0 {
		l.CPUMean = (cpuTime() - cpu) / float64(repeat)
		slices.Sort(walls)
		l.WallMin, l.WallMedian, l.IntegrateMin, l.FreshMin = walls[0], walls[repeat/2], slices.Min(bare), math.Inf(1)
	}
	if o.profile != "" {
		pprof.StopCPUProfile()
	}
	for range fresh {
		_, _, wall, _, _ := solve(prob, nil, opt)
		l.FreshMin = min(l.FreshMin, wall)
	}
	if o.fresh {
		l.FreshMin = l.WallMin
	}
	l.Repeat = repeat
	st := sol.Stats
	l.Steps, l.Rejected, l.RHS, l.Jac, l.LU, l.Solves, l.NewtonFails = st.Steps, st.Rejected, st.RHS, st.Jac, st.Factor, st.Solve, st.NewtonFail
	l.Newton, l.Events, l.Solver, l.Form, l.Retcode = st.Newton, st.Events, sol.Solver, sol.Form, sol.Retcode.String()
	if err != nil {
		l.Status, l.Message = int(sol.Retcode), err.Error()
	}
	y, missing := sol.Final(p.unknowns)
	if missing != nil {
		panic("mtkc: bug: " + missing.Error())
	}
	ref, missing := p.reference(o.ref)
	switch {
	case missing == nil && err == nil:
		most, rms, worst := p.errors(y, ref)
		digits := 17.0
		if most > 0 {
			digits = -math.Log10(most)
		}
		l.ErrMax, l.ErrRMS, l.Digits, l.Worst = &most, &rms, &digits, p.unknowns[worst]
	case missing != nil && !errors.Is(missing, os.ErrNotExist):
		return complain(usage, "%v", missing)
	}
	if o.dump {
		for _, v := range y {
			l.Y = append(l.Y, num(v))
		}
	}
	if err := enc.Encode(l); err != nil {
		return complain(failed, "%v", err)
	}
	if err != nil {
		return failed
	}
	return solved
}

// load makes the problem, from the code in this program or with the kernels of the vm.
func (p *problem) load(kernels string) (*ode.Problem, error) {
	switch kernels {
	case "go":
		if compiled[p.name] == nil {
			return nil, errors.New("this program holds no compiled problems: make one with the command build, or use --kernels vm")
		}
		return compiled[p.name](), nil
	case "vm":
		prob, found := p.compiler().Problem(context.Background())
		return prob, found.Err()
	case "llvm":
		prob, found := p.compiler().Native(context.Background())
		return prob, found.Err()
	}
	return nil, fmt.Errorf("--kernels %q is none of go, llvm, vm", kernels)
}

// solve solves once, with an integrator that is at hand or, where there is none, with a new one,
// which it returns. It returns the seconds of all of it, and of the steps alone.
func solve(p *ode.Problem, at *ode.Integrator, opt ode.Options) (in *ode.Integrator, sol *ode.Solution, wall, bare float64, err error) {
	start := time.Now()
	if in = at; in != nil {
		err = in.Reset(context.Background(), opt)
	} else {
		in, err = ode.NewIntegrator(context.Background(), p, opt)
	}
	ready := time.Now()
	for err == nil && !in.Done() {
		err = in.Step()
	}
	end := time.Now()
	if in != nil {
		sol = in.Solution()
	}
	return in, sol, end.Sub(start).Seconds(), end.Sub(ready).Seconds(), err
}

// cpuTime is the CPU time of this process in seconds.
func cpuTime() float64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return math.NaN()
	}
	return float64(r.Utime.Nano()+r.Stime.Nano()) * 1e-9
}

// reference reads the values at the end: from dir, else from those of this repository.
func (p *problem) reference(dir string) ([]float64, error) {
	if dir == "" {
		dir = filepath.Join(root, "../shared/bench/reference")
	}
	data, err := os.ReadFile(filepath.Join(dir, p.name+".json"))
	if errors.Is(err, os.ErrNotExist) {
		data, err = os.ReadFile(filepath.Join(root, "testdata/bench/reference", p.name+".json"))
	}
	if err != nil {
		return nil, err
	}
	var r struct {
		Y      []float64
		T0, T1 float64
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("%s.json: %v", p.name, err)
	}
	if len(r.Y) != len(p.unknowns) || r.T0 != p.span[0] || r.T1 != p.span[1] {
		return nil, fmt.Errorf("%s.json has %d values at %v from %v, the problem %d at %v from %v", p.name, len(r.Y), r.T1, r.T0, len(p.unknowns), p.span[1], p.span[0])
	}
	return r.Y, nil
}

// errors returns the largest and the mean square of abs(y-ref)/(abs(ref)+scale).
func (p *problem) errors(y, ref []float64) (most, rms float64, worst int) {
	for i, r := range ref {
		e := math.Abs(y[i]-r) / (math.Abs(r) + p.scale)
		if !(e <= most) {
			most, worst = e, i
		}
		rms += e * e
	}
	return most, math.Sqrt(rms / float64(len(ref))), worst
}

// kernelTimes prints what f and its Jacobian cost.
func kernelTimes(p *problem, o *options, enc *json.Encoder, stderr io.Writer) int {
	prob, err := p.load(o.kernels)
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", p.name, err)
		return inapplicable
	}
	in, err := ode.NewIntegrator(context.Background(), prob, ode.Options{Span: p.span, FinalOnly: true})
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", p.name, err)
		return failed
	}
	k := prob.NewKernels()
	n, nnz := prob.N(), 0
	u, params, du := in.U(), in.P(), make([]float64, n)
	rhs := nanoseconds(func(t float64) { k.RHS(t, u, params, du) }, p.span[0])
	out := map[string]any{"problem": p.name, "n": n, "rhs_ns": rhs}
	if prob.Jac != nil && k.Jac != nil {
		nnz = prob.Jac.NNZ()
		vals := make([]float64, nnz)
		out["jac_ns"] = nanoseconds(func(t float64) { k.Jac(t, u, params, vals) }, p.span[0])
	}
	out["nnz"] = nnz
	if err := enc.Encode(out); err != nil {
		return failed
	}
	return solved
}

// nanoseconds is the least time of a call among nine rounds of 10 ms.
func nanoseconds(f func(t float64), t0 float64) float64 {
	reps, best := 1, math.Inf(1)
	round := func() time.Duration {
		start := time.Now()
		for i := range reps {
			f(t0 + 1e-9*float64(i))
		}
		return time.Since(start)
	}
	for round() < 10*time.Millisecond {
		reps *= 2
	}
	for range 9 {
		best = min(best, float64(round().Nanoseconds())/float64(reps))
	}
	return best
}
