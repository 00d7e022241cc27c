package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mtkc/mtkc/runtime/ode"
)

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
			if method != "auto" && !prog.methods[method] {
				continue
			}
			if !prog.ours {
				list = append(list, &contender{prog: prog, method: method, linsol: linsol})
				continue
			}
			for _, k := range c.kernels {
				list = append(list, &contender{prog: prog, method: method, linsol: linsol, kernels: k})
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
		for _, r := range c.leaders(p, true) {
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

// repeatBest measures the best runs of earlier ones again, by turns, and keeps the least times.
func (c *comparison) repeatBest(p *problem, earlier []*result, programs []*program, rounds int) {
	start := time.Now()
	old := &comparison{results: earlier, targets: c.targets}
	now := map[*result]*result{}
	list := old.leaders(p, false)
	for range rounds {
		for _, r := range list {
			who := labelled(r.Label, programs)
			if who == nil || r.Recorded || c.ctx.Err() != nil {
				continue
			}
			again := c.once(p, who, r.RTol, c.repeat)
			switch seen := now[r]; {
			case again == nil || again.Status != 0:
			case seen == nil:
				now[r] = again
				c.results = append(c.results, again)
			default:
				seen.best = min(seen.best, again.best)
			}
		}
	}
	if len(list) > 0 {
		fmt.Fprintf(c.stderr, "%-14s %4d runs, %.0f s\n", p.name, rounds*len(list), time.Since(start).Seconds())
	}
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
			r := c.within(patience+who.start(), p, who, tol, "1")
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
	return c.within(c.timeout+who.start(), p, who, tol, repeat)
}

// within is once with a limit of its own.
func (c *comparison) within(limit time.Duration, p *problem, who *contender, tol float64, repeat string) *result {
	ctx, cancel := context.WithTimeout(c.ctx, limit)
	defer cancel()
	args := append(slices.Clone(who.prog.command[1:]), "--problem", p.name, "--method", who.method, "--rtol", strconv.FormatFloat(tol, 'g', 6, 64), "--repeat", repeat)
	if who.linsol != "" {
		args = append(args, "--linsol", who.linsol)
	}
	if who.kernels != "" {
		args = append(args, "--kernels", who.kernels)
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
		r.judge(ref)
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
