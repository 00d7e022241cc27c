// Command networks compares mtkc with other simulators of reaction networks, on this machine in one run.
//
//	go run ./internal/check/networks [-ssa] [-runs N] [-only A,B] DATA
//
// DATA is the directory with the folders biomodels (SBML, with an index and reference trajectories) and
// reaction-networks (BioNetGen). Without -ssa every model of biomodels is loaded and simulated: 0 to 100, 501 points, rtol
// 1e-6, atol 1e-9. With -ssa paths of networks of mass action are drawn, 51 points each.
// The peers are run by scripts/network-peers, with the Python of $MTKC_PYTHON, or python3; those that are not
// installed are named.
//
// Load is from the file to what can be simulated, simulate the first time course; error is the largest of the species at the
// end against the reference, relative to the largest value of its column. All times are medians.
package main

import (
	"bufio"
	"bytes"
	"cmp"
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
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/frontend/sbml"
	"github.com/mtkc/mtkc/runtime/ode"
)

// result is what a simulator says of a model; a line of scripts/network-peers.
type result struct {
	Peer    string             `json:"peer"`
	Version string             `json:"version"`
	Model   string             `json:"model"`
	Missing bool               `json:"missing"`
	Error   string             `json:"error"`
	Load    float64            `json:"load_s"`
	First   float64            `json:"first_s"`
	Solve   float64            `json:"solve_s"`
	Values  map[string]float64 `json:"values"`
	Mean    map[string]float64 `json:"mean"`

	jumps  float64 // of a path, on average
	method string
}

// network is a model of the comparison.
type network struct {
	name, file, reference string
	end                   float64
}

func main() {
	ssa := flag.Bool("ssa", false, "compare stochastic simulation")
	runs := flag.Int("runs", 20, "paths of a network")
	only := flag.String("only", "", "these models alone, `A,B,...`")
	limit := flag.Float64("limit", 120, "`SECONDS` that a peer has for a model")
	peers := flag.String("peers", "scripts/network-peers", "`PROGRAM` that runs the peers; none: without them")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: networks [-ssa] [-runs N] [-only A,B] DATA")
		os.Exit(2)
	}
	c := &comparison{ssa: *ssa, runs: *runs, peers: *peers, limit: *limit}
	if err := c.run(flag.Arg(0), *only); err != nil {
		fmt.Fprintln(os.Stderr, "networks:", err)
		os.Exit(1)
	}
}

type comparison struct {
	ssa   bool
	runs  int
	peers string
	limit float64
	list  []network
	lines map[[2]string]*result // by simulator and model
	names []string              // of simulators
}

func (c *comparison) run(data, only string) error {
	c.lines = map[[2]string]*result{}
	var err error
	if c.ssa {
		c.list = stochastic(data)
	} else if c.list, err = biomodels(filepath.Join(data, "biomodels")); err != nil {
		return err
	}
	if only != "" {
		names := strings.Split(only, ",")
		c.list = slices.DeleteFunc(c.list, func(n network) bool { return !slices.Contains(names, n.name) })
	}
	if len(c.list) == 0 {
		return errors.New("there are no models of these names")
	}
	c.names = []string{"mtkc"}
	for _, n := range c.list {
		r := c.ours(n)
		r.Peer, r.Model = "mtkc", n.name
		c.lines[[2]string{"mtkc", n.name}] = r
	}
	if c.peers != "none" {
		if err := c.others(); err != nil {
			return err
		}
	}
	return c.print(os.Stdout)
}

// biomodels lists the models of an index.
func biomodels(dir string) ([]network, error) {
	text, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil {
		return nil, err
	}
	var index []struct {
		ID, XML   string
		Reference string
		End       float64 `json:"t_end"`
	}
	if err := json.Unmarshal(text, &index); err != nil {
		return nil, err
	}
	var list []network
	for _, e := range index {
		n := network{name: e.ID, file: filepath.Join(dir, e.XML), end: cmp.Or(e.End, 100)}
		if e.Reference != "" {
			n.reference = filepath.Join(dir, e.Reference)
		}
		list = append(list, n)
	}
	return list, nil
}

// stochastic lists networks of mass action from one reaction to thousands, with ends that make paths of
// 10^3 to 10^5 jumps.
func stochastic(data string) []network {
	var list []network
	for _, n := range []network{{name: "birth-death", end: 50}, {name: "simple_system", end: 100}, {name: "multistate", end: 100}, {name: "Repressilator", end: 20},
		{name: "Motivating_example", end: 40}, {name: "egfr_net", end: 0.02}, {name: "bcr", end: 0.002}} {
		n.file = filepath.Join(data, "reaction-networks", n.name+".net")
		if _, err := os.Stat(n.file); err == nil {
			list = append(list, n)
		}
	}
	return list
}

func seconds(f func() error) (float64, error) {
	start := time.Now()
	err := f()
	return time.Since(start).Seconds(), err
}

func median(x []float64) float64 {
	slices.Sort(x)
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}

// ours loads and simulates a model. Everything is made anew each time.
func (c *comparison) ours(n network) *result {
	r := &result{}
	ctx := context.Background()
	opt := mtkc.Options{}
	times := 7
	if c.ssa {
		opt.Method = "ssa"
		times = 3
	}
	var loads, solves []float64
	var p *ode.Problem
	for range times {
		s, err := seconds(func() error {
			var found error
			q, list := mtkc.New(n.file, opt).Problem(ctx)
			p, found = q, list.Err()
			return found
		})
		if err != nil {
			r.Error = strings.Split(err.Error(), "\n")[0]
			return r
		}
		loads = append(loads, s)
	}
	if c.ssa {
		c.paths(ctx, p, n, r)
	} else {
		var sol *ode.Solution
		for range times {
			s, err := seconds(func() (err error) {
				sol, err = ode.Solve(ctx, p, ode.Options{Span: [2]float64{0, n.end}, Steps: 500, RelTol: 1e-6, AbsTol: 1e-9})
				return err
			})
			if err != nil {
				r.Error = err.Error()
				return r
			}
			solves = append(solves, s)
		}
		r.method, r.Values = sol.Solver, map[string]float64{}
		known := map[string]bool{}
		for i := range p.Observables {
			known[p.Observables[i].Name] = true
		}
		for name := range known {
			v, err := sol.Final([]string{sbml.Concentration(name, func(s string) bool { return known[s] })})
			if err != nil {
				r.Error = err.Error()
				return r
			}
			r.Values[name] = v[0]
		}
		r.Solve = median(solves)
		r.First = r.Solve
	}
	r.Load = median(loads)
	return r
}

// paths draws paths of a jump process.
func (c *comparison) paths(ctx context.Context, p *ode.Problem, n network, r *result) {
	var times []float64
	r.Mean = map[string]float64{}
	var names []string
	for i := range p.States {
		names = append(names, p.States[i].Name)
	}
	opt := ode.Options{Span: [2]float64{0, n.end}, Steps: 50, Seed: 1}
	in, err := ode.NewIntegrator(ctx, p, opt)
	for k := 0; err == nil && k <= c.runs; k++ {
		var s float64
		opt.Path = uint64(k)
		s, err = seconds(func() error {
			if err := in.Reset(ctx, opt); err != nil {
				return err
			}
			for !in.Done() {
				if err := in.Step(); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || k == 0 { // code and caches
			continue
		}
		times = append(times, s)
		for i, u := range in.Solution().U {
			r.Mean[names[i]] += u / float64(c.runs)
		}
		r.jumps += float64(in.Stats().Steps) / float64(c.runs)
	}
	if err != nil {
		r.Error = err.Error()
		return
	}
	r.method, r.Solve = in.Solution().Solver, median(times)
}

// others runs the peers.
func (c *comparison) others() error {
	args := []string{c.peers, "sbml", "--rtol", "1e-6", "--points", "501"}
	if c.ssa {
		args = []string{c.peers, "ssa", "--runs", strconv.Itoa(c.runs), "--points", "51"}
	}
	args = append(args, "--limit", fmt.Sprint(c.limit))
	for _, n := range c.list {
		args = append(args, fmt.Sprintf("%s=%s:%v", n.name, n.file, n.end))
	}
	python := cmp.Or(os.Getenv("MTKC_PYTHON"), "python3")
	cmd := exec.Command(python, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cannot run the peers: %w", err)
	}
	in := bufio.NewScanner(out)
	in.Buffer(nil, 1<<26)
	for in.Scan() {
		line := bytes.TrimSpace(in.Bytes())
		if len(line) == 0 || line[0] != '{' {
			continue
		}
		r := &result{}
		if err := json.Unmarshal(line, r); err != nil {
			return fmt.Errorf("%s: %w in %s", c.peers, err, line)
		}
		if r.Missing {
			fmt.Fprintf(os.Stderr, "networks: %s is not installed\n", r.Peer)
			continue
		}
		if !slices.Contains(c.names, r.Peer) {
			c.names = append(c.names, r.Peer)
		}
		c.lines[[2]string{r.Peer, r.Model}] = r
	}
	if err := in.Err(); err != nil {
		return err
	}
	return cmd.Wait()
}

// errorAtEnd compares the species at the end with a reference; NaN where there is none.
func errorAtEnd(values map[string]float64, reference string) (float64, error) {
	if reference == "" {
		return math.NaN(), nil
	}
	f, err := os.Open(reference)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return 0, err
	}
	worst := 0.0
	for j, name := range rows[0][1:] {
		v, ok := values[name]
		if !ok {
			continue
		}
		scale, want := 0.0, 0.0
		for _, row := range rows[1:] {
			if want, err = strconv.ParseFloat(row[j+1], 64); err != nil {
				return 0, err
			}
			scale = max(scale, math.Abs(want))
		}
		if scale > 0 {
			worst = max(worst, math.Abs(v-want)/scale)
		}
	}
	return worst, nil
}

// print writes the table: for the peers the ratio of their time to that of mtkc.
func (c *comparison) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if c.ssa {
		fmt.Fprint(t, "network\tjumps\tmtkc\tjumps/s\tload ms")
	} else {
		fmt.Fprint(t, "model\tmtkc\tload ms\tsimulate ms\terror")
	}
	for _, p := range c.names[1:] {
		if c.ssa {
			fmt.Fprintf(t, "\t%s\tjumps/s\tload ms\tmolecules", p)
		} else {
			fmt.Fprintf(t, "\t%s\tload ms\tsimulate ms\terror", p)
		}
	}
	fmt.Fprintln(t)
	logs := map[string][]float64{}
	for _, n := range c.list {
		our := c.lines[[2]string{"mtkc", n.name}]
		if our.Error != "" {
			fmt.Fprintf(t, "%s\t%s\n", n.name, our.Error)
			continue
		}
		if c.ssa {
			fmt.Fprintf(t, "%s\t%.0f\t%s\t%.3g\t%.2f", n.name, our.jumps, our.method, our.jumps/our.Solve, 1e3*our.Load)
		} else {
			e, err := errorAtEnd(our.Values, n.reference)
			if err != nil {
				return err
			}
			fmt.Fprintf(t, "%s\t%s\t%.2f\t%.2f\t%.1e", n.name, our.method, 1e3*our.Load, 1e3*our.First, e)
		}
		for _, p := range c.names[1:] {
			r := c.lines[[2]string{p, n.name}]
			switch {
			case r == nil:
				fmt.Fprint(t, "\t\t\t\t")
			case r.Error != "":
				fmt.Fprintf(t, "\t%.40s\t\t\t", r.Error)
			case c.ssa:
				ratio := r.Solve / our.Solve
				logs[p] = append(logs[p], math.Log(ratio))
				fmt.Fprintf(t, "\t%.2f\t%.3g\t%.2f\t%s", ratio, our.jumps/r.Solve, 1e3*r.Load, agree(our, r))
			default:
				ratio := (r.Load + r.First) / (our.Load + our.First)
				logs[p] = append(logs[p], math.Log(ratio))
				e, err := errorAtEnd(r.Values, n.reference)
				if err != nil {
					return err
				}
				fmt.Fprintf(t, "\t%.2f\t%.2f\t%.2f\t%.1e", ratio, 1e3*r.Load, 1e3*r.First, e)
			}
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, p := range c.names[1:] {
		sum, least := 0.0, math.Inf(1)
		for _, x := range logs[p] {
			sum += x / float64(len(logs[p]))
			least = min(least, x)
		}
		if len(logs[p]) > 0 {
			fmt.Fprintf(w, "time of %s over ours: geometric mean %.2f, least %.2f, of %d\n", p, math.Exp(sum), math.Exp(least), len(logs[p]))
		}
	}
	return nil
}

// agree is the number of molecules at the end over ours; it tells that both simulate the same thing.
func agree(our, r *result) string {
	a, b := 0.0, 0.0
	for _, v := range our.Mean {
		a += v
	}
	for k, v := range r.Mean {
		if strings.HasPrefix(k, "s") { // species alone
			b += v
		}
	}
	return fmt.Sprintf("%.3f", b/a)
}
