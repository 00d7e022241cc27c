package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/runtime/ode"
)

func TestMain(m *testing.M) {
	root = "../../.."
	os.Exit(m.Run())
}

// tight are the tolerances of TestProblems where 1e-11 is not the right one, and how many
// times the tolerance the error may be. Otherwise it may be 1000 times the tolerance, since errors add
// up over thousands of steps.
var tight = map[string]struct{ rtol, factor float64 }{
	"ringmod":   {1e-8, 1e4}, // a million steps at 1e-11, and oscillations that add their errors up
	"bruss2d32": {1e-8, 1e3}, // the reference is good to 1e-9, a solve takes seconds
	"bruss2d64": {1e-6, 1e3},
	"rcladder":  {1e-9, 1e3},
	"rcdae":     {1e-9, 1e3},
	"medakzo":   {1e-9, 1e3},
	"beam":      {1e-9, 1e4}, // waves that hardly fade add their errors up
	"emep":      {1e-9, 1e3},
	"arenstorf": {1e-11, 1e7}, // the orbit amplifies errors by 1e6
	"pleiades":  {1e-11, 1e4}, // stars pass each other closely
	"caraxis":   {1e-10, 1e4}, // the published values are good to 4e-10
}

// TestProblems compares each problem with its reference: it is the same as the peers'.
func TestProblems(t *testing.T) {
	for i := range problems {
		p := &problems[i]
		t.Run(p.name, func(t *testing.T) {
			prob, err := p.load("vm")
			if err != nil {
				t.Fatal(err)
			}
			ref, err := p.reference("")
			if p.name == "lorenz" { // past what can be predicted, there is none
				if !errors.Is(err, os.ErrNotExist) {
					t.Errorf("a reference, or %v", err)
				}
				return
			}
			if errors.Is(err, os.ErrNotExist) {
				t.Skip("no reference solution is here: ", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			c, ok := tight[p.name]
			if !ok {
				c.rtol, c.factor = 1e-11, 1000
			}
			_, sol, _, _, err := solve(prob, nil, ode.Options{Span: p.span, RelTol: c.rtol, AbsTol: c.rtol * p.scale, FinalOnly: true})
			if err != nil {
				t.Fatal(err)
			}
			y, err := sol.Final(p.unknowns)
			if err != nil {
				t.Fatal(err)
			}
			if most, _, worst := p.errors(y, ref); !(most <= c.factor*c.rtol) {
				t.Errorf("%s is off by %.3g at the tolerance %v, by %s", p.unknowns[worst], most, c.rtol, sol.Solver)
			} else {
				t.Logf("error %.3g at the tolerance %v, %d steps of %s", most, c.rtol, sol.Stats.Steps, sol.Solver)
			}
		})
	}
}

// The line of JSON has the keys that the runners of other programs read, and the exit status
// says what happened.
func TestInterface(t *testing.T) {
	run := func(want int, args ...string) map[string]any {
		t.Helper()
		var stdout, stderr bytes.Buffer
		if got := drive(args, &stdout, &stderr); got != want {
			t.Fatalf("%v: exit status %d, want %d: %s", args, got, want, stderr.String())
		}
		if stdout.Len() == 0 {
			return nil
		}
		d := json.NewDecoder(&stdout)
		m := map[string]any{}
		if err := d.Decode(&m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	m := run(solved, "--problem", "orego", "--method", "rodas5p", "--rtol", "1e-5", "--repeat", "2", "--kernels", "vm", "--dump")
	for _, key := range strings.Fields(`problem n method linsol impl rtol atol repeat wall_min_s wall_median_s cpu_mean_s setup_s first_s
		steps rejected rhs_evals jac_evals lu_count lin_solves newton_fails status err_max err_rms digits y`) {
		if _, ok := m[key]; !ok {
			t.Errorf("the line has no %s: %v", key, m)
		}
	}
	if m["atol"] != 1e-11 && math.Abs(m["atol"].(float64)-1e-11) > 1e-25 || m["repeat"] != 2.0 || m["status"] != 0.0 || len(m["y"].([]any)) != 3 {
		t.Errorf("%v", m)
	}
	if m = run(failed, "--problem", "orego", "--method", "Tsit5", "--maxsteps", "10", "--kernels", "vm"); m["status"] == 0.0 || m["retcode"] != "MaxSteps" || m["digits"] != nil {
		t.Errorf("%v", m)
	}
	run(usage, "--problem", "nothing")
	run(usage, "--problem", "orego", "--method", "nothing")
	run(usage, "--problem", "orego", "--repeat", "0")
	run(usage, "--nothing")
	run(inapplicable, "--problem", "orego", "--linsol", "klu")
	run(inapplicable, "--problem", "orego", "--kernels", "go") // this program was not made by build
	if m = run(solved, "--list"); m["problem"] != "lorenz" {
		t.Errorf("%v", m)
	}
}

// What the table says of results: the fastest with enough digits on each side.
func TestTable(t *testing.T) {
	e := func(x float64) *float64 { return &x }
	c := &comparison{targets: []float64{4, 6}}
	for _, r := range []*result{
		{Problem: "hires", Label: "mtkc/A", ErrMax: e(1e-5), best: 2e-4},
		{Problem: "hires", Label: "mtkc/B", ErrMax: e(9e-5), best: 1e-4, RTol: 1e-3},
		{Problem: "hires", Label: "mtkc/B", ErrMax: e(2e-4), best: 1e-5},            // not enough digits
		{Problem: "hires", Label: "mtkc/B", ErrMax: e(0), best: 3e-6, Status: 1},    // failed
		{Problem: "hires", Label: "mtkc/A", ErrMax: e(1e-7), best: 8e-4},            // 6 digits
		{Problem: "hires", Label: "radau5", ErrMax: e(1e-5), best: 4e-5},            // 4 digits
		{Problem: "hires", Label: "rodas", ErrMax: e(1e-6), best: 1e-4},             // 6 digits
		{Problem: "hires", Label: "x", ErrMax: e(1e-9), best: 1.6e-4, RTol: 1e-9},   // slower
		{Problem: "lorenz", Label: "mtkc/A", best: 1e-4, RTol: 1e-4},                // no reference: by tolerance
		{Problem: "lorenz", Label: "dop853", best: 2e-4, RTol: math.Pow(10, -4)},    //
		{Problem: "lorenz", Label: "dop853", best: 1e-5, RTol: math.Pow(10, -3.5)},  // looser
		{Problem: "orego", Label: "radau", ErrMax: e(1e-8), best: 3e-3, RTol: 1e-8}, // none of ours
	} {
		r.ours = strings.HasPrefix(r.Label, "mtkc/")
		c.results = append(c.results, r)
	}
	var b bytes.Buffer
	c.table(&b, []*problem{find("lorenz"), find("hires"), find("orego"), find("pollu")}, true)
	want := `| problem | 4 digits: ours / fastest peer = ratio | 6 digits: ours / fastest peer = ratio | worst |
|---|---|---|---|
| orego | none / radau 3 ms | none / radau 3 ms | - |
| hires | B 100 us / radau5 40 us = **2.50** | A 800 us / rodas 100 us = **8.00** | 8.00 |
| lorenz | A 100 us / dop853 200 us = **0.50** | - | 0.50 |
| geometric mean | 1.12 of 2 | 8.00 of 1 | |
`
	if b.String() != want {
		t.Errorf("the table is\n%s\nwant\n%s", b.String(), want)
	}
}

// A run whose values at the end are not numbers has failed, whatever its program says: it must not stand for a problem
// whose errors are known. Only where there is no reference does the tolerance count.
func TestNotANumber(t *testing.T) {
	file := filepath.Join(t.TempDir(), "runs.jsonl")
	lines := `{"problem":"arenstorf","label":"dop853","rtol":1e-4,"wall_min_s":1e-6,"status":0,"err_max":null}
{"problem":"arenstorf","label":"odex","rtol":1e-4,"wall_min_s":2e-6,"status":0,"err_max":1e-5}
{"problem":"arenstorf","label":"mtkc/DP8 (llvm)","rtol":1e-4,"wall_min_s":1e-6,"status":0,"err_max":1e-5}
{"problem":"lorenz","label":"dop853","rtol":1e-4,"wall_min_s":1e-6,"status":0,"err_max":null}
{"problem":"lorenz","label":"mtkc/DP8 (go)","rtol":1e-4,"wall_min_s":1e-6,"status":0,"err_max":null}
`
	if err := os.WriteFile(file, []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	c := &comparison{targets: []float64{4}}
	if err := c.read(file, false); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	c.table(&b, []*problem{find("lorenz"), find("arenstorf")}, false)
	want := `| problem | 4 digits: ours / fastest peer = ratio | worst |
|---|---|---|
| lorenz | DP8 (go) 1 us / dop853 1 us = **1.00** | 1.00 |
| arenstorf | DP8 (llvm) 1 us / odex 2 us = **0.50** | 0.50 |
| geometric mean | 0.71 of 2 | |
`
	if b.String() != want {
		t.Errorf("the table is\n%s\nwant\n%s", b.String(), want)
	}
}

// A label says what to run again.
func TestLabels(t *testing.T) {
	self := &program{name: "mtkc", ours: true, methods: map[string]bool{"DP8": true}}
	driver := &program{methods: map[string]bool{"cvode_bdf": true}}
	for _, c := range []struct {
		label string
		want  *contender
	}{
		{"mtkc/DP8 (llvm)", &contender{prog: self, method: "DP8", kernels: "llvm"}},
		{"mtkc/DP8", &contender{prog: self, method: "DP8", kernels: "go"}}, // of runs that did not tell
		{"mtkc/auto (vm)", &contender{prog: self, method: "auto", kernels: "vm"}},
		{"cvode_bdf:klu", &contender{prog: driver, method: "cvode_bdf", linsol: "klu"}},
		{"radau", nil},
		{"python/lsoda", nil},
	} {
		got := labelled(c.label, []*program{self, driver})
		if (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
			t.Errorf("%s: %+v, want %+v", c.label, got, c.want)
		}
		if got != nil && strings.Contains(c.label, "(") && got.label() != c.label {
			t.Errorf("%s is labelled %s", c.label, got.label())
		}
	}
}
