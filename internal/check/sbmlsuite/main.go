// Command sbmlsuite runs the cases of the SBML Test Suite in a directory and judges them by
// the suite's rule: a value passes where it differs from the expected one by no more than
// absolute + relative*|expected|.
//
//	go run ./internal/check/sbmlsuite DIR [-tags] [-case N] [-j N] [-v] [-repeats N] [-seed N]
//
// DIR holds a folder for each case with N-sbml-lXvY.xml, N-settings.txt and N-results.csv, and
// optionally index.json or N-model.m with the tags. A case is unsupported where reading it
// ends with diagnostics; everything else that does not give the expected values has failed.
//
// Stochastic cases, those with the settings meanRange and sdRange, are repeated, with reactions that happen one at a time, and judged
// by the means and standard deviations of the repeats; see stochastic.go.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

func main() {
	var (
		byTag   = flag.Bool("tags", false, "print the counts by tag")
		only    = flag.String("case", "", "run these cases alone, `N,N,...`")
		tag     = flag.String("tag", "", "run the cases with this tag alone")
		workers = flag.Int("j", runtime.GOMAXPROCS(0), "cases at a time")
		verbose = flag.Bool("v", false, "print every case, and whole diagnostics")
	)
	flag.BoolVar(&conserved, "conserved", false, "compute species from conserved totals")
	flag.IntVar(&repeats, "repeats", repeats, "`N` repeats of stochastic cases")
	flag.Uint64Var(&seed, "seed", seed, "`SEED` of stochastic cases")
	flag.Parse()
	dir := flag.Arg(0)
	if dir == "" {
		fmt.Fprintln(os.Stderr, "usage: sbmlsuite DIR [-tags] [-case N] [-j N] [-v] [-repeats N] [-seed N]")
		os.Exit(2)
	}
	_ = flag.CommandLine.Parse(flag.Args()[1:]) // flags behind DIR
	cases, err := find(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if *only != "" {
		want := strings.Split(*only, ",")
		for i := range want {
			want[i] = fmt.Sprintf("%05s", want[i])
		}
		cases = slices.DeleteFunc(cases, func(c *suiteCase) bool { return !slices.Contains(want, c.ID) })
	}
	if *tag != "" {
		cases = slices.DeleteFunc(cases, func(c *suiteCase) bool { return !slices.Contains(c.tags(), *tag) })
	}
	if repeats < 2 {
		fmt.Fprintln(os.Stderr, "sbmlsuite: -repeats must be at least 2")
		os.Exit(2)
	}
	begin := time.Now()
	runAll(cases, *workers)
	fmt.Fprintf(os.Stderr, "%.1f s\n", time.Since(begin).Seconds())
	report(cases, *byTag, *verbose)
}

// runAll runs the cases, so many at a time.
func runAll(cases []*suiteCase, workers int) {
	var wg sync.WaitGroup
	next := make(chan *suiteCase)
	for range workers {
		wg.Go(func() {
			for c := range next {
				c.run()
			}
		})
	}
	for _, c := range cases {
		next <- c
	}
	close(next)
	wg.Wait()
}

// report prints what did not pass, the counts, and the counts by tag.
func report(cases []*suiteCase, byTag, verbose bool) {
	var total [3]int
	var values tally
	stochastic, more, jumps := 0, 0, int64(0)
	counts := map[string]*[3]int{}
	var tags []string
	for _, c := range cases {
		total[c.outcome]++
		values.add(c.first)
		if c.first.means+c.first.sds > 0 {
			stochastic++
			jumps += c.jumps
		}
		if c.more {
			more++
		}
		for _, t := range c.tags() {
			if counts[t] == nil {
				counts[t] = new([3]int)
				tags = append(tags, t)
			}
			counts[t][c.outcome]++
		}
		if verbose || c.outcome != passed {
			text := c.message
			if first, _, more := strings.Cut(text, "\n"); more && !verbose {
				text = first
			}
			if verbose {
				text = fmt.Sprintf("%.2f s %s", c.seconds, text)
			}
			fmt.Printf("%s %s %s\n", c.ID, c.outcome, text)
		}
	}
	if byTag {
		slices.Sort(tags)
		w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(w, "passed\tfailed\tunsupported\ttag\t")
		for _, t := range tags {
			n := counts[t]
			fmt.Fprintf(w, "%d\t%d\t%d\t%s\t\n", n[passed], n[failed], n[unsupported], t)
		}
		w.Flush()
	}
	if stochastic > 0 {
		values.worst = ""
		fmt.Printf("%d stochastic cases, %d repeats, %.3g steps: %v (of the means about %.0f by chance); %d cases repeated %d times as often\n",
			stochastic, repeats, float64(jumps), &values, 0.0027*float64(values.means), more, again)
	}
	fmt.Printf("%d cases: %d passed (%.1f %%), %d failed, %d unsupported\n", len(cases), total[passed],
		100*float64(total[passed])/float64(max(len(cases), 1)), total[failed], total[unsupported])
	if total[failed] > 0 {
		os.Exit(1)
	}
}
