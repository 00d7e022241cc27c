package main

import (
	"bytes"
	"context"
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
	"strconv"
	"strings"
	"syscall"
	"time"
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

// contender is a method of a program, with its linear solver or, of ours, the kernels.
type contender struct {
	prog           *program
	method, linsol string
	kernels        string
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
	if c.kernels != "" {
		s += " (" + c.kernels + ")"
	}
	return s
}

// start is what it may take before it solves.
func (c *contender) start() time.Duration {
	if c.kernels == "llvm" { // LLVM compiles the model in each run
		return 20 * time.Second
	}
	return c.prog.start
}

// labelled finds the contender of a label among programs; nil: there is none.
func labelled(label string, programs []*program) *contender {
	c := &contender{}
	if head, kernels, ok := strings.Cut(strings.TrimSuffix(label, ")"), " ("); ok {
		label, c.kernels = head, kernels
	}
	name, rest, ok := strings.Cut(label, "/")
	if !ok {
		name, rest = "", label
	}
	c.method, c.linsol, _ = strings.Cut(rest, ":")
	for _, p := range programs {
		if p.name == name && (c.method == "auto" || p.methods[c.method]) {
			c.prog = p
			if p.ours && c.kernels == "" {
				c.kernels = "go"
			}
			return c
		}
	}
	return nil
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

// judge makes a run a failure that ended well by its own account, and yet without an error although the problem has a
// reference in dir: its values at the end are not numbers. RADAU does that on the ring modulator.
func (r *result) judge(dir string) {
	if r.ErrMax != nil || r.Status != 0 {
		return
	}
	if p := find(r.Problem); p != nil {
		if _, err := p.reference(dir); err == nil {
			r.Status = -1
		}
	}
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
	kernels []string // of our methods
	targets []float64
	results []*result
}

// compare runs our methods and the peers' by turns and prints who is faster by how much.
func compare(args []string, stdout, stderr io.Writer) int {
	fl := flag.NewFlagSet("bench-peers", flag.ContinueOnError)
	fl.SetOutput(stderr)
	probs := fl.String("problems", "", "problems by name, with commas (default: all)")
	methods := fl.String("methods", "", "our methods by name, with commas, or all (default: auto and those that may win)")
	kernels := fl.String("kernels", "go", "kernels of our methods, with commas: go, llvm, vm")
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
	again := fl.Bool("again", false, "of the runs of --also, measure the best ones of each side once more, and print the table of the new times alone")
	rounds := fl.Int("rounds", 3, "with --again: times that each is measured, by turns")
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
	c := &comparison{ctx: ctx, stderr: stderr, repeat: *repeat, ref: *ref, timeout: *timeout, slow: *slow, kernels: split(*kernels)}
	for _, k := range c.kernels {
		if k != "go" && k != "llvm" && k != "vm" {
			return fail("--kernels %s: %q is none of go, llvm, vm", *kernels, k)
		}
	}
	if *again && (*ours == "" || *tableOnly) {
		return fail("--again measures what the runs of --also found best: give --also FILE, without --table")
	}
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
		earlier := c.results
		if *again {
			c.results = nil
		}
		for _, p := range list {
			if *again {
				c.repeatBest(p, earlier, programs, *rounds)
			} else {
				c.measure(p, c.contenders(p, programs, split(*methods), split(*peerNames)), ladder)
			}
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
