package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/frontend/sbml"
	"github.com/mtkc/mtkc/runtime/ode"
)

// outcome of a case.
type outcome int

const (
	passed outcome = iota
	failed
	unsupported
)

func (o outcome) String() string { return [...]string{"passed", "FAILED", "unsupported"}[o] }

// suiteCase is a case with what became of it.
type suiteCase struct {
	ID            string   `json:"id"`
	XML           string   `json:"xml"`
	ComponentTags []string `json:"componentTags"`
	TestTags      []string `json:"testTags"`
	TestType      string   `json:"testType"`

	dir     string
	outcome outcome
	message string
	settings

	// Of a stochastic case:
	first   tally // after the first repeats
	more    bool  // there were more repeats
	jumps   int64
	seconds float64
}

// settings of a case, as in its settings file.
type settings struct {
	start, duration, absolute, relative float64
	steps                               int
	variables, amount, concentration    []string

	meanRange, sdRange [2]float64 // of stochastic cases
}

func (c *suiteCase) tags() []string { return append(slices.Clone(c.ComponentTags), c.TestTags...) }

// find lists the cases of a directory, with the tags of its index if it has one.
func find(dir string) ([]*suiteCase, error) {
	index := map[string]*suiteCase{}
	if data, err := os.ReadFile(filepath.Join(dir, "index.json")); err == nil {
		var list []*suiteCase
		if err := json.Unmarshal(data, &list); err != nil {
			return nil, fmt.Errorf("index.json: %w", err)
		}
		for _, c := range list {
			index[c.ID] = c
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*-settings.txt"))
	if err != nil {
		return nil, err
	}
	var cases []*suiteCase
	for _, f := range files {
		id := strings.TrimSuffix(filepath.Base(f), "-settings.txt")
		c := index[id]
		if c == nil {
			c = &suiteCase{ID: id}
		}
		c.dir = filepath.Dir(f)
		if c.XML == "" || !exists(filepath.Join(c.dir, c.XML)) {
			models, _ := filepath.Glob(filepath.Join(c.dir, id+"-sbml-l*.xml"))
			if len(models) == 0 {
				continue
			}
			c.XML = filepath.Base(models[len(models)-1]) // the highest level
		}
		if c.ComponentTags == nil {
			c.readTags()
		}
		cases = append(cases, c)
	}
	if len(cases) == 0 {
		return nil, fmt.Errorf("%s holds no cases of the suite", dir)
	}
	return cases, nil
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// readTags takes the tags from the description of a case.
func (c *suiteCase) readTags() {
	data, err := os.ReadFile(filepath.Join(c.dir, c.ID+"-model.m"))
	if err != nil {
		return
	}
	for _, line := range strings.Split(string(data), "\n") {
		key, list, _ := strings.Cut(line, ":")
		switch key {
		case "componentTags":
			c.ComponentTags = words(list)
		case "testTags":
			c.TestTags = words(list)
		case "testType":
			c.TestType = strings.TrimSpace(list)
		}
	}
}

func words(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(", \t\r", r) })
}

// read reads the settings.
func (c *suiteCase) read() error {
	data, err := os.ReadFile(filepath.Join(c.dir, c.ID+"-settings.txt"))
	if err != nil {
		return err
	}
	for _, line := range strings.Split(string(data), "\n") {
		key, text, ok := strings.Cut(line, ":")
		text = strings.TrimSpace(text)
		if !ok || text == "" {
			continue
		}
		number := func() float64 {
			v, e := strconv.ParseFloat(text, 64)
			if e != nil {
				err = e
			}
			return v
		}
		switch strings.TrimSpace(key) {
		case "start":
			c.start = number()
		case "duration":
			c.duration = number()
		case "steps":
			c.steps = int(number())
		case "absolute":
			c.absolute = number()
		case "relative":
			c.relative = number()
		case "variables":
			c.variables = words(text)
		case "amount":
			c.amount = words(text)
		case "concentration":
			c.concentration = words(text)
		case "meanRange":
			c.meanRange, err = interval(text)
		case "sdRange":
			c.sdRange, err = interval(text)
		}
		if err != nil {
			return fmt.Errorf("settings: %s: %w", strings.TrimSpace(key), err)
		}
	}
	return err
}

// conserved says that species are computed from conserved totals where there are any.
var conserved bool

// limit is how long a case may take.
const limit = 60 * time.Second

// run solves a case and judges it.
func (c *suiteCase) run() {
	c.outcome = failed
	begin := time.Now()
	defer func() {
		c.seconds = time.Since(begin).Seconds()
		if e := recover(); e != nil {
			c.outcome, c.message = failed, fmt.Sprint("panic: ", e)
		}
	}()
	if err := c.read(); err != nil {
		c.message = err.Error()
		return
	}
	if !(c.duration > 0) {
		c.outcome, c.message = unsupported, strings.TrimSpace("no time course "+c.TestType)
		return
	}
	if c.stochastic() {
		c.runStochastic()
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	times, want, names, err := c.expected()
	if err != nil {
		c.message = err.Error()
		return
	}
	k := mtkc.New(filepath.Join(c.dir, c.XML), mtkc.Options{})
	var prob *ode.Problem
	found := k.Run(ctx, "load")
	if found.Errors() == 0 {
		k.Conserved = conserved && len(k.System().Reactions) > 0
		var more diag.List
		prob, more = k.Problem(ctx)
		found = append(found, more...)
	}
	if err := found.Err(); err != nil {
		c.outcome, c.message = unsupported, err.Error()
		return
	}
	columns := make([]string, len(names))
	for j, name := range names {
		columns[j] = c.observable(prob, name)
	}
	end := c.start + c.duration
	opt := ode.Options{Span: [2]float64{0, end}, SaveAt: times, RelTol: min(1e-8, c.relative*1e-2), AbsTol: min(1e-10, c.absolute*1e-4)}
	sol, err := ode.Solve(ctx, prob, opt)
	if err != nil {
		c.message = err.Error()
		return
	}
	got, err := sol.Table(columns)
	if err != nil {
		c.message = err.Error()
		return
	}
	worst := ""
	most := 1.0
	for i := range want {
		for j := range names {
			w, g := want[i][j], math.NaN()
			if i < len(got[j]) {
				g = got[j][i]
			}
			if w == g || math.IsNaN(w) && math.IsNaN(g) {
				continue
			}
			r := math.Abs(w-g) / (c.absolute + c.relative*math.Abs(w))
			if !(r <= most) {
				most = r
				if math.IsNaN(r) {
					most = math.Inf(1)
				}
				if worst == "" {
					worst = fmt.Sprintf("%s at t = %v is %v, not %v", names[j], times[i], g, w)
				}
			}
		}
	}
	if worst != "" {
		c.message = worst
		return
	}
	c.outcome = passed
}

// expected reads the table of results.
func (c *suiteCase) expected() (times []float64, rows [][]float64, names []string, err error) {
	f, err := os.Open(filepath.Join(c.dir, c.ID+"-results.csv"))
	if err != nil {
		return nil, nil, nil, err
	}
	defer f.Close()
	rd := csv.NewReader(f)
	rd.TrimLeadingSpace = true
	table, err := rd.ReadAll()
	if err != nil {
		return nil, nil, nil, err
	}
	for _, n := range table[0][1:] {
		names = append(names, strings.TrimSpace(n))
	}
	for _, line := range table[1:] {
		row := make([]float64, len(line))
		for j, text := range line {
			if row[j], err = strconv.ParseFloat(strings.TrimSpace(text), 64); err != nil {
				return nil, nil, nil, fmt.Errorf("results: %w", err)
			}
		}
		t := row[0]
		if n := len(times); c.steps > 0 { // the table rounds
			exact := c.start + c.duration*float64(n)/float64(c.steps)
			if math.Abs(exact-t) <= 1e-6*math.Max(math.Abs(t), c.duration/float64(c.steps)) {
				t = exact
			}
		}
		times = append(times, t)
		rows = append(rows, row[1:])
	}
	return times, rows, names, nil
}

// observable is the variable that a column of the results shows, as the settings say.
func (c *suiteCase) observable(p *ode.Problem, name string) string {
	has := func(name string) bool {
		return slices.ContainsFunc(p.Observables, func(o ode.Observable) bool { return o.Name == name })
	}
	switch {
	case slices.Contains(c.amount, name):
		return sbml.Amount(name, has)
	case slices.Contains(c.concentration, name):
		return sbml.Concentration(name, has)
	}
	return name
}
