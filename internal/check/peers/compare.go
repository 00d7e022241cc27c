package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/mtkc/mtkc/runtime/ode"
)

// A program that solves problems with the interface of this one.
type program struct {
	name     string // in labels; "" for the peers' driver
	command  []string
	ours     bool
	start    time.Duration // that it may take before it solves: it compiles
	problems map[string]bool
	methods  map[string]bool
}

// contender is a method of a program, with its linear solver.
type contender struct {
	prog           *program
	method, linsol string
	strikes        int
	done           bool
}

func (c *contender) label() string {
	s := c.method
	if c.linsol != "" {
		s += ":" + c.linsol
	}
	if c.prog.name != "" {
		s = c.prog.name + "/" + s
	}
	return s
}

// result is a line of a program with where it came from.
type result struct {
	Problem  string   `json:"problem"`
	Method   string   `json:"method"`
	Linsol   string   `json:"linsol"`
	RTol     float64  `json:"rtol"`
	WallMin  float64  `json:"wall_min_s"`
	CPUMean  float64  `json:"cpu_mean_s"`
	First    float64  `json:"first_s"`
	Status   int      `json:"status"`
	ErrMax   *float64 `json:"err_max"`
	Label    string   `json:"label"`
	Recorded bool     `json:"recorded"`

	ours bool
	who  *contender
	best float64 // seconds: the least of the runs
}

// digits are those of the result that are correct; NaN where it has no reference.
func (r *result) digits() float64 {
	switch {
	case r.ErrMax == nil:
		return math.NaN()
	case *r.ErrMax == 0:
		return 17
	}
	return -math.Log10(*r.ErrMax)
}

// The peers' methods by kind of problem, with the linear solvers that suit it.
var (
	nonstiffPeers = []string{"dop853", "dopri5", "odex", "arkode_erk_verner7", "arkode_erk_verner8", "arkode_erk_verner9", "arkode_erk_tsit5", "cvode_adams", "lsoda"}
	stiffPeers    = []string{"radau5", "radau", "rodas", "seulex", "lsodes", "lsoda", "cvode_bdf", "ida", "dop853"}
	bandPeers     = []string{"cvode_bdf:band", "cvode_bdf:klu", "ida:band", "radau5", "radau", "rodas", "seulex", "lsodes", "arkode_rkc2"}
	planePeers    = []string{"cvode_bdf:klu", "ida:klu", "arkode_rkc2", "arkode_rkl2", "lsodes"}
	daePeers      = []string{"radau5", "radau", "rodas", "seulex", "ida:dense"}
	daeBandPeers  = []string{"ida:band", "ida:klu", "radau5", "radau", "rodas", "seulex"}
	peerMethods   = map[string][]string{
		"lorenz": nonstiffPeers, "lorenz10": nonstiffPeers, "pleiades": nonstiffPeers, "arenstorf": nonstiffPeers,
		"pollu": append([]string{"cvode_bdf:klu"}, stiffPeers...), "ringmod": append([]string{"cvode_bdf:klu"}, stiffPeers...),
		"emep":    append([]string{"cvode_bdf:klu"}, stiffPeers...),
		"medakzo": bandPeers, "bruss1d": bandPeers, "rcladder": bandPeers,
		"bruss2d32": planePeers, "bruss2d64": planePeers,
		"robertson_dae": daePeers, "chemakzo": daePeers, "transamp": daePeers, "rcdae": daeBandPeers, "caraxis": {"radau5", "radau"},
	}
)

// Our methods that are measured unless --methods says otherwise: those that may win, of each
// family, as far as they exist. --methods all takes all with error control.
var (
	nonstiffOurs = []string{"auto", "BS5", "DP5", "Tsit5", "Vern6", "Vern7", "Vern8", "Vern9", "DP8", "TsitPap8", "ODEX", "Adams", "LSODA"}
	stiffOurs    = []string{"auto", "Rodas3", "Rodas4", "Rodas42", "Rodas5", "Rodas5P", "Rodas6P", "RadauIIA5", "Radau", "SEULEX", "BDF", "NDF", "LSODA", "IDA",
		"TRBDF2", "KenCarp4", "KenCarp5", "ESDIRK54I8L2SA", "RadauIIA9", "RadauIIA13"}
	largeOurs = append(slices.Clone(stiffOurs), "RKC", "RKL2", "ROCK2", "ROCK4")
	ourNames  = map[string][]string{
		"lorenz": nonstiffOurs, "lorenz10": nonstiffOurs, "pleiades": append(slices.Clone(nonstiffOurs), "DPRKN6", "DPRKN8", "DPRKN12"), "arenstorf": nonstiffOurs,
		"medakzo": largeOurs, "bruss1d": largeOurs, "rcladder": largeOurs, "bruss2d32": largeOurs, "bruss2d64": largeOurs,
		"vdp1e3": append(slices.Clone(stiffOurs), "Vern7", "DP8"), "caraxis": append(slices.Clone(stiffOurs), "Vern7", "Vern9"),
		"chemakzo": append(slices.Clone(stiffOurs), "Vern7"), "transamp": append(slices.Clone(stiffOurs), "Vern7"),
	}
)

// comparison is a run of the command compare.
type comparison struct {
	ctx     context.Context
	stderr  io.Writer
	out     *json.Encoder
	repeat  string
	ref     string
	timeout time.Duration
	slow    float64
	targets []float64
	results []*result
}

// compare runs our methods and the peers' by turns and prints who is faster by how much.
func compare(args []string, stdout, stderr io.Writer) int {
	fl := flag.NewFlagSet("bench-peers", flag.ContinueOnError)
	fl.SetOutput(stderr)
	probs := fl.String("problems", "", "problems by name, with commas (default: all)")
	methods := fl.String("methods", "", "our methods by name, with commas, or all (default: auto and those that may win)")
	peers := fl.String("peers", os.Getenv("MTKC_PEERS"), "programs of peers, with `commas`: a directory that holds driver, or NAME=COMMAND (default: $MTKC_PEERS); none: without")
	peerNames := fl.String("peer-methods", "", "methods of the peers, with commas, METHOD or METHOD:LINSOL (default: those that suit the problem)")
	python := fl.String("python", pythonCommand(), "Python `command` that may have packages of solvers (default: $MTKC_PYTHON, else python3); none: without")
	recorded := fl.String("recorded", "", "`FILE` of results that were measured some other time, JSON lines or CSV: they stand for peers that are not here")
	ours := fl.String("also", "", "JSON lines of earlier runs to take in, ours and the peers', with commas")
	tols := fl.String("tols", "", "tolerances, with commas (default: half decades from 1e-2 to 1e-12, as far as they pay)")
	digits := fl.String("digits", "4,6,8", "correct digits to compare at")
	out := fl.String("out", "", "`FILE` to append a line of JSON of each run to")
	repeat := fl.String("repeat", "auto", "timed solves of a run")
	ref := fl.String("ref", "", "directory of the reference solutions")
	timeout := fl.Duration("timeout", 30*time.Second, "limit of a run")
	slow := fl.Float64("slow", 4, "go no finer once a solve takes so many seconds")
	tableOnly := fl.Bool("table", false, "measure nothing: print the table of --also and --recorded")
	byRatio := fl.Bool("sort", false, "sort the table by the worst ratio")
	if err := fl.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return solved
		}
		return usage
	}
	fail := func(format string, args ...any) int {
		fmt.Fprintf(stderr, "bench-peers: "+format+"\n", args...)
		return usage
	}
	if fl.NArg() > 0 {
		return fail("unknown argument %s", fl.Arg(0))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c := &comparison{ctx: ctx, stderr: stderr, repeat: *repeat, ref: *ref, timeout: *timeout, slow: *slow}
	for _, s := range split(*digits) {
		d, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return fail("--digits %s: %v", s, err)
		}
		c.targets = append(c.targets, d)
	}
	var ladder []float64
	for _, s := range split(*tols) {
		tol, err := strconv.ParseFloat(s, 64)
		if err != nil || !(tol > 0 && tol < 1) {
			return fail("--tols %s: a tolerance lies between 0 and 1", s)
		}
		ladder = append(ladder, tol)
	}
	if ladder == nil {
		for k := 4; k <= 24; k++ {
			ladder = append(ladder, math.Pow(10, -float64(k)/2))
		}
	}
	var list []*problem
	for i := range problems {
		list = append(list, &problems[i])
	}
	if *probs != "" {
		list = nil
		for _, s := range split(*probs) {
			p := find(s)
			if p == nil {
				return fail("--problems %s: there is no such problem", s)
			}
			list = append(list, p)
		}
	}
	for _, f := range split(*ours) {
		if err := c.read(f, false); err != nil {
			return fail("--also: %v", err)
		}
	}
	if *recorded != "" {
		if err := c.read(*recorded, true); err != nil {
			return fail("--recorded: %v", err)
		}
	}
	if *out != "" {
		f, err := os.OpenFile(*out, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		if err != nil {
			return fail("--out: %v", err)
		}
		defer f.Close()
		c.out = json.NewEncoder(f)
	}
	if !*tableOnly {
		programs, err := c.programs(*peers, *python)
		if err != nil {
			return fail("%v", err)
		}
		for _, p := range list {
			c.measure(p, c.contenders(p, programs, split(*methods), split(*peerNames)), ladder)
			if ctx.Err() != nil {
				fmt.Fprintln(stderr, "bench-peers: interrupted; what was measured until then:")
				break
			}
		}
	}
	c.table(stdout, list, *byRatio)
	if ctx.Err() != nil {
		return failed
	}
	return solved
}

func pythonCommand() string {
	if s := os.Getenv("MTKC_PYTHON"); s != "" {
		return s
	}
	return "python3"
}

func split(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// programs finds our own driver, which is this program, and those of the peers.
func (c *comparison) programs(peers, python string) ([]*program, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if len(compiled) == 0 {
		return nil, errors.New("this program holds no compiled problems: run scripts/bench-peers, which builds one that does")
	}
	list := []*program{{name: "mtkc", command: []string{self}, ours: true}}
	if peers == "" {
		fmt.Fprintln(c.stderr, "bench-peers: no peers: set MTKC_PEERS to a directory that holds the driver of other solvers, or give --recorded")
	}
	for _, s := range split(peers) {
		if s == "none" {
			continue
		}
		p := &program{}
		if name, command, ok := strings.Cut(s, "="); ok {
			p.name, p.command = name, strings.Fields(command)
		} else {
			p.command = []string{filepath.Join(s, "driver")}
		}
		list = append(list, p)
	}
	if python != "none" {
		list = append(list, &program{name: "python", start: 20 * time.Second, command: append(strings.Fields(python), filepath.Join(root, "scripts/python-peers"))})
	}
	var found []*program
	for _, p := range list {
		switch err := c.ask(p); {
		case err != nil:
			fmt.Fprintf(c.stderr, "bench-peers: %s does not answer, it is left out: %v\n", strings.Join(p.command, " "), err)
		case len(p.methods) == 0:
			fmt.Fprintf(c.stderr, "bench-peers: %s has no solvers here\n", strings.Join(p.command, " "))
		default:
			found = append(found, p)
		}
	}
	return found, nil
}

// ask asks a program what it knows.
func (c *comparison) ask(p *program) error {
	p.problems, p.methods = map[string]bool{}, map[string]bool{}
	cmd := exec.CommandContext(c.ctx, p.command[0], append(slices.Clone(p.command[1:]), "--list")...)
	cmd.Stderr = c.stderr // what is missing, and why
	text, err := cmd.Output()
	if err != nil {
		return err
	}
	for line := range bytes.Lines(text) {
		var l struct{ Problem, Method string }
		if json.Unmarshal(line, &l) != nil {
			continue
		}
		if l.Problem != "" {
			p.problems[l.Problem] = true
		}
		if l.Method != "" {
			p.methods[l.Method] = true
		}
	}
	return nil
}

// contenders are the methods to try on a problem.
func (c *comparison) contenders(p *problem, programs []*program, ours, peers []string) []*contender {
	var list []*contender
	for _, prog := range programs {
		if !prog.problems[p.name] {
			continue
		}
		names := peers
		switch {
		case prog.ours:
			if names = ours; names == nil {
				if names = ourNames[p.name]; names == nil {
					names = stiffOurs
				}
			}
			if len(names) == 1 && names[0] == "all" {
				names = []string{"auto"}
				for _, m := range ode.Methods() {
					if x := m.Info(); x.Use < ode.Diffusive && (x.Embedded > 0 || x.Implicit) {
						names = append(names, x.Name)
					}
				}
			}
		case names == nil:
			if names = peerMethods[p.name]; names == nil {
				names = stiffPeers
			}
			if prog.name != "" { // another program has methods of its own
				names = nil
				for m := range prog.methods {
					names = append(names, m)
				}
				slices.Sort(names)
			}
		}
		for _, s := range names {
			method, linsol, _ := strings.Cut(s, ":")
			if method == "auto" || prog.methods[method] {
				list = append(list, &contender{prog: prog, method: method, linsol: linsol})
			}
		}
	}
	return list
}

// measure runs the contenders on a problem, each in turn at one tolerance, then all at the
// next finer one. A contender leaves when it takes three times as long as another one of its
// side does for as many digits, twice running, or once it has all digits that are asked for.
func (c *comparison) measure(p *problem, list []*contender, ladder []float64) {
	start := time.Now()
	if len(ladder) > 4 {
		c.probe(p, list)
	}
	runs := 0
	for _, tol := range ladder {
		for _, who := range list {
			if who.done || c.ctx.Err() != nil {
				continue
			}
			runs++
			r := c.run(p, who, tol, c.repeat)
			switch {
			case r == nil:
				who.done = true
			case r.Status != 0:
				who.strikes++
			case c.dominated(r, 3):
				who.strikes++
			default:
				who.strikes = 0
			}
			if r != nil && (r.First > c.slow || r.digits() > slices.Max(c.targets)+0.5) || who.strikes > 1 && len(ladder) > 4 {
				who.done = true
			}
		}
	}
	// The best ones once more, by turns, for the least of several times on a busy machine.
	for range 3 {
		for _, r := range c.leaders(p) {
			if c.ctx.Err() != nil {
				return
			}
			if again := c.once(p, r.who, r.RTol, c.repeat); again != nil && again.Status == 0 {
				r.best = min(r.best, again.best)
			}
		}
	}
	fmt.Fprintf(c.stderr, "%-14s %4d runs, %.0f s\n", p.name, runs, time.Since(start).Seconds())
}

// probe solves once at a crude and a fine tolerance, and takes those out that take ten times
// as long for no more digits at both.
func (c *comparison) probe(p *problem, list []*contender) {
	hopeless := map[*contender]int{}
	for _, tol := range []float64{1e-4, 1e-7} {
		var tried []*result
		patience := c.timeout
		for _, who := range list {
			if c.ctx.Err() != nil {
				return
			}
			r := c.within(patience+who.prog.start, p, who, tol, "1")
			if r != nil && r.Status == 0 { // the automatic choice is the first
				patience = min(patience, time.Second/2+time.Duration(60*r.best*float64(time.Second)))
			}
			if r == nil {
				hopeless[who] += 2
				continue
			}
			if r.Status != 0 {
				hopeless[who]++
				continue
			}
			tried = append(tried, r)
		}
		for _, r := range tried {
			for _, q := range tried {
				if q.ours == r.ours && 10*q.best < r.best && (q.ErrMax == nil || q.digits() >= r.digits()) {
					hopeless[r.who]++
					break
				}
			}
		}
	}
	for who, n := range hopeless {
		who.done = who.done || n > 1
	}
}

// dominated reports whether another result of its side has as many digits in less than a
// factor-th of the time.
func (c *comparison) dominated(r *result, factor float64) bool {
	for _, q := range c.results {
		if q.Problem == r.Problem && q.ours == r.ours && !q.Recorded && q.Status == 0 && factor*q.best < r.best {
			if q.ErrMax == nil && q.RTol <= r.RTol || q.digits() >= r.digits() {
				return true
			}
		}
	}
	return false
}

// leaders are the two best results of each side for each of the targets.
func (c *comparison) leaders(p *problem) []*result {
	var list []*result
	for _, d := range c.targets {
		for _, ours := range []bool{true, false} {
			n := 0
			for _, r := range c.best(p.name, d, ours, true) {
				if !slices.Contains(list, r) {
					list = append(list, r)
				}
				if n++; n == 2 {
					break
				}
			}
		}
	}
	return list
}

// best are the results of a side with at least d digits, the fastest first, one of each
// contender. A problem without a reference is judged at the tolerance 10^-d.
func (c *comparison) best(name string, d float64, ours, measured bool) []*result {
	of := map[string]*result{}
	for _, r := range c.results {
		if r.Problem != name || r.ours != ours || r.Status != 0 || measured && r.who == nil {
			continue
		}
		if ok := r.digits() >= d || r.ErrMax == nil && math.Abs(math.Log10(r.RTol)+d) < 1e-3; !ok {
			continue
		}
		if q := of[r.Label]; q == nil || r.best < q.best {
			of[r.Label] = r
		}
	}
	var list []*result
	for _, r := range of {
		list = append(list, r)
	}
	sort.Slice(list, func(i, j int) bool {
		if list[i].best != list[j].best {
			return list[i].best < list[j].best
		}
		return list[i].Label < list[j].Label
	})
	return list
}

// run runs a contender and keeps the result; nil: the contender cannot do this.
func (c *comparison) run(p *problem, who *contender, tol float64, repeat string) *result {
	r := c.once(p, who, tol, repeat)
	if r != nil {
		c.results = append(c.results, r)
	}
	return r
}

// once runs a contender; nil: it cannot do this, or not in time.
func (c *comparison) once(p *problem, who *contender, tol float64, repeat string) *result {
	return c.within(c.timeout, p, who, tol, repeat)
}

// within is once with a limit of its own.
func (c *comparison) within(limit time.Duration, p *problem, who *contender, tol float64, repeat string) *result {
	ctx, cancel := context.WithTimeout(c.ctx, limit)
	defer cancel()
	args := append(slices.Clone(who.prog.command[1:]), "--problem", p.name, "--method", who.method, "--rtol", strconv.FormatFloat(tol, 'g', 6, 64), "--repeat", repeat)
	if who.linsol != "" {
		args = append(args, "--linsol", who.linsol)
	}
	ref := c.ref
	if ref == "" {
		ref = filepath.Join(root, "../shared/bench/reference")
	}
	if _, err := os.Stat(filepath.Join(ref, p.name+".json")); err != nil {
		ref = filepath.Join(root, "testdata/bench/reference")
	}
	args = append(args, "--ref", ref)
	cmd := exec.CommandContext(ctx, who.prog.command[0], args...)
	cmd.Env = append(os.Environ(), "OPENBLAS_NUM_THREADS=1")
	text, _ := cmd.Output()
	for line := range bytes.Lines(text) {
		if !bytes.HasPrefix(line, []byte("{")) {
			continue
		}
		r := &result{who: who, ours: who.prog.ours}
		if err := json.Unmarshal(line, r); err != nil {
			continue
		}
		r.Label = who.label()
		r.best = r.seconds()
		if c.out != nil {
			var all map[string]any
			if json.Unmarshal(line, &all) == nil {
				all["label"], all["by"] = r.Label, who.prog.name
				_ = c.out.Encode(all)
			}
		}
		return r
	}
	return nil
}

// seconds is the time of a solve: the least wall time, or the mean CPU time where that is
// less, as no long solve runs undisturbed on a busy machine.
func (r *result) seconds() float64 {
	if r.CPUMean > 0 {
		return min(r.WallMin, r.CPUMean)
	}
	return r.WallMin
}

// read takes in results of a file.
func (c *comparison) read(file string, recorded bool) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	add := func(r *result) {
		r.Recorded = recorded
		r.ours = strings.HasPrefix(r.Label, "mtkc/")
		r.best = r.seconds()
		if !recorded || !r.ours {
			c.results = append(c.results, r)
		}
	}
	if strings.HasSuffix(file, ".csv") {
		rows, err := csv.NewReader(f).ReadAll()
		if err != nil || len(rows) == 0 {
			return fmt.Errorf("%s: %v", file, err)
		}
		at := map[string]int{}
		for i, name := range rows[0] {
			at[name] = i
		}
		for _, name := range []string{"problem", "method", "linsol", "rtol", "wall_min_s", "status", "err_max"} {
			if _, ok := at[name]; !ok {
				return fmt.Errorf("%s has no column %s", file, name)
			}
		}
		for _, row := range rows[1:] {
			number := func(name string) float64 { x, _ := strconv.ParseFloat(row[at[name]], 64); return x }
			r := &result{Problem: row[at["problem"]], Method: row[at["method"]], Linsol: row[at["linsol"]], RTol: number("rtol"), WallMin: number("wall_min_s"), Status: int(number("status"))}
			if e := number("err_max"); row[at["err_max"]] != "" && !math.IsNaN(e) {
				r.ErrMax = &e
			}
			r.Label = r.Method
			if r.Linsol == "klu" || r.Linsol == "band" {
				r.Label += ":" + r.Linsol
			}
			add(r)
		}
		return nil
	}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		r := &result{}
		if err := json.Unmarshal(lines.Bytes(), r); err != nil {
			return fmt.Errorf("%s: %v", file, err)
		}
		add(r)
	}
	return lines.Err()
}

// table prints who is fastest at each number of digits, and our time by the peer's.
func (c *comparison) table(w io.Writer, list []*problem, byRatio bool) {
	type row struct {
		text  string
		worst float64
	}
	var rows []row
	logs, n := make([]float64, len(c.targets)), make([]int, len(c.targets))
	for _, p := range list {
		var cells []string
		r := row{worst: math.Inf(-1)}
		for i, d := range c.targets {
			ours, peers := c.best(p.name, d, true, false), c.best(p.name, d, false, false)
			cell := "-"
			switch {
			case len(ours) > 0 && len(peers) > 0:
				ratio := ours[0].best / peers[0].best
				r.worst = max(r.worst, ratio)
				logs[i] += math.Log(ratio)
				n[i]++
				cell = fmt.Sprintf("%s %s / %s %s = **%.2f**", ours[0].name(), seconds(ours[0].best), peers[0].name(), seconds(peers[0].best), ratio)
			case len(ours) > 0:
				cell = fmt.Sprintf("%s %s / none", ours[0].name(), seconds(ours[0].best))
			case len(peers) > 0:
				r.worst = math.Inf(1)
				cell = fmt.Sprintf("none / %s %s", peers[0].name(), seconds(peers[0].best))
			}
			cells = append(cells, cell)
		}
		worst := "-"
		if !math.IsInf(r.worst, 0) {
			worst = fmt.Sprintf("%.2f", r.worst)
		}
		if strings.Join(cells, "") == strings.Repeat("-", len(cells)) {
			continue
		}
		r.text = fmt.Sprintf("| %s | %s | %s |", p.name, strings.Join(cells, " | "), worst)
		rows = append(rows, r)
	}
	if byRatio {
		sort.SliceStable(rows, func(i, j int) bool { return rows[i].worst > rows[j].worst })
	}
	head := "| problem |"
	for _, d := range c.targets {
		head += fmt.Sprintf(" %g digits: ours / fastest peer = ratio |", d)
	}
	fmt.Fprintln(w, head, "worst |")
	fmt.Fprintln(w, "|"+strings.Repeat("---|", len(c.targets)+2))
	for _, r := range rows {
		fmt.Fprintln(w, r.text)
	}
	mean := "| geometric mean |"
	for i := range c.targets {
		if n[i] == 0 {
			mean += " - |"
		} else {
			mean += fmt.Sprintf(" %.2f of %d |", math.Exp(logs[i]/float64(n[i])), n[i])
		}
	}
	fmt.Fprintln(w, mean, "|")
	for _, r := range c.results {
		if r.Recorded {
			fmt.Fprintln(w, "\n(r): not measured now but recorded elsewhere, perhaps at another load of the machine.")
			break
		}
	}
}

// name is the label of a result as the table shows it.
func (r *result) name() string {
	s := strings.TrimPrefix(r.Label, "mtkc/")
	if r.Recorded {
		s += " (r)"
	}
	return s
}

func seconds(x float64) string {
	switch {
	case x < 1e-3:
		return fmt.Sprintf("%.3g us", x*1e6)
	case x < 1:
		return fmt.Sprintf("%.3g ms", x*1e3)
	}
	return fmt.Sprintf("%.3g s", x)
}
