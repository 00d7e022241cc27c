package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/runtime/ensemble"
	"github.com/mtkc/mtkc/runtime/ode"
)

// variation says what sets the trajectories of an ensemble apart.
type variation struct {
	varied   []mtkc.Varied
	axes     []ensemble.Axis
	draws    []ensemble.Draw
	n        int64 // drawn
	runs     int64 // of each, set apart by chance alone
	seed     uint64
	latin    bool
	table    *ensemble.CSV
	path     string   // of the table
	file     *os.File // nil: there is no table
	again    *os.File // the same file, for a look at the first trajectory
	identity string   // everything above as a text
}

// source makes what yields the trajectories.
func (v *variation) source() (ensemble.Source, error) {
	s, err := v.values()
	if err == nil && v.runs > 0 {
		s = ensemble.Repeat(s, v.runs)
	}
	return s, err
}

// values makes what yields the values, once each.
func (v *variation) values() (ensemble.Source, error) {
	switch {
	case v.table != nil:
		return v.table, nil
	case v.axes == nil && v.draws == nil:
		return ensemble.Func(nil, 1, func(int64, *ensemble.Setup) {}), nil
	case v.draws != nil && v.latin:
		return ensemble.Latin(v.n, v.seed, v.draws...), nil
	case v.draws != nil:
		return ensemble.Random(v.n, v.seed, v.draws...), nil
	}
	return ensemble.Grid(v.axes...)
}

// engineOptions say what the ensemble is to be integrated with.
func (v *variation) engineOptions(backend string, run *ode.Options, workers int) mtkc.EnsembleOptions {
	opt := mtkc.EnsembleOptions{Backend: backend, Run: *run, Workers: workers}
	if v.table == nil {
		opt.Sample, _ = v.source()
	} else if info, err := v.file.Stat(); err == nil && info.Mode().IsRegular() {
		if f, err := os.Open(v.path); err == nil {
			v.again = f
			if table, err := ensemble.NewCSV(f); err == nil {
				opt.Sample = table
			}
		}
	}
	if s, ok := opt.Sample.(ensemble.Sized); ok {
		opt.N = s.Len()
	}
	return opt
}

func (v *variation) close() {
	if v.again != nil {
		v.again.Close()
	}
	if v.file != nil {
		v.file.Close()
	}
}

const (
	sweepForm = "write --sweep name=LO:HI:N, name=log:LO:HI:N or name=v1,v2,..."
	distForm  = "write --dist name=normal:MEAN:SD, name=uniform:LO:HI or name=lognormal:MU:SIGMA"
)

// mostOnAxis is how many values an axis of a sweep may have.
const mostOnAxis = 100_000_000

// axis reads name=lo:hi:n, name=log:lo:hi:n or name=v1,v2,...
func axis(text string) (ensemble.Axis, error) {
	i := strings.LastIndexByte(text, '=')
	if i <= 0 {
		return ensemble.Axis{}, errors.New("there is no name=")
	}
	name, rest := strings.TrimSpace(text[:i]), strings.TrimSpace(text[i+1:])
	parts := strings.Split(rest, ":")
	if len(parts) == 1 {
		list, ok := numbers(rest)
		if !ok {
			return ensemble.Axis{}, fmt.Errorf("%q is no list of numbers", rest)
		}
		return ensemble.Axis{Column: ensemble.Column{Name: name}, Values: list}, nil
	}
	log := parts[0] == "log"
	if log {
		parts = parts[1:]
	}
	if len(parts) != 3 {
		return ensemble.Axis{}, errors.New("a range has three parts")
	}
	var ends [2]float64
	for k := range ends {
		v, ok := number(parts[k])
		if !ok || math.IsInf(v, 0) {
			return ensemble.Axis{}, fmt.Errorf("%q is not a number", parts[k])
		}
		ends[k] = v
	}
	n, err := strconv.Atoi(strings.TrimSpace(parts[2]))
	switch {
	case err != nil || n < 1 || n > mostOnAxis:
		return ensemble.Axis{}, fmt.Errorf("%q is not a number of values from 1 to %d", parts[2], mostOnAxis)
	case log && !(ends[0] > 0 && ends[1] > 0):
		return ensemble.Axis{}, errors.New("a logarithmic range lies above 0")
	case log:
		return ensemble.Logarithmic(name, ends[0], ends[1], n), nil
	}
	return ensemble.Linear(name, ends[0], ends[1], n), nil
}

// dist reads name=normal:mean:sd, name=uniform:lo:hi or name=lognormal:mu:sigma.
func dist(text string) (ensemble.Draw, error) {
	i := strings.LastIndexByte(text, '=')
	if i <= 0 {
		return ensemble.Draw{}, errors.New("there is no name=")
	}
	d := ensemble.Draw{Column: ensemble.Column{Name: strings.TrimSpace(text[:i])}}
	parts := strings.Split(text[i+1:], ":")
	if len(parts) != 3 {
		return d, errors.New("a distribution has a kind and two numbers")
	}
	var x [2]float64
	for k := range x {
		v, ok := number(parts[1+k])
		if !ok || math.IsInf(v, 0) {
			return d, fmt.Errorf("%q is not a number", parts[1+k])
		}
		x[k] = v
	}
	switch kind := strings.ToLower(strings.TrimSpace(parts[0])); {
	case kind == "uniform" && !(x[0] <= x[1]):
		return d, fmt.Errorf("the range ends at %v, below its start %v", x[1], x[0])
	case kind == "uniform":
		d.From = ensemble.Uniform{Min: x[0], Max: x[1]}
	case (kind == "normal" || kind == "lognormal") && x[1] < 0:
		return d, fmt.Errorf("the standard deviation %v is negative", x[1])
	case kind == "normal":
		d.From = ensemble.Normal{Mean: x[0], SD: x[1]}
	case kind == "lognormal":
		d.From = ensemble.LogNormal{Mu: x[0], Sigma: x[1]}
	default:
		return d, fmt.Errorf("there is no distribution %q", parts[0])
	}
	return d, nil
}

// variation reads the flags that say what varies.
func (f *ensembleFlags) variation(found *diag.List) *variation {
	v := &variation{n: f.random, runs: f.runs, seed: f.seed, latin: f.latin, path: f.samples}
	var ways []string
	if len(f.sweep) > 0 {
		ways = append(ways, "--sweep")
	}
	if f.samples != "" {
		ways = append(ways, "--samples")
	}
	if f.random != 0 || len(f.dist) > 0 {
		ways = append(ways, "--random")
	}
	if f.runs != 0 && (f.runs < 1 || f.runs > 1<<40) {
		found.Add(diag.Pos{}, "E901", "give a number of trajectories, for example --runs 1000", "--runs %d: a number of trajectories lies between 1 and 2^40", f.runs)
	}
	switch {
	case len(ways) == 0 && f.runs != 0:
	case len(ways) == 0:
		found.Add(diag.Pos{}, "E905", "give --sweep name=LO:HI:N, --samples FILE, --random N with --dist name=normal:MEAN:SD, or --runs N for a model with noise or random reactions", "nothing says what sets the trajectories apart")
	case len(ways) > 1:
		found.Add(diag.Pos{}, "E905", "give one of them", "%s: each says what sets the trajectories apart", strings.Join(ways, " and "))
	case ways[0] == "--random" && (f.random < 1 || f.random > 1<<40):
		found.Add(diag.Pos{}, "E901", "give a number of trajectories, for example --random 1000", "--random %d: a number of trajectories lies between 1 and 2^40", f.random)
	case ways[0] == "--random" && len(f.dist) == 0:
		found.Add(diag.Pos{}, "E905", distForm, "--random does not say what is drawn")
	}
	if f.latin && f.random == 0 {
		found.Add(diag.Pos{}, "E002", "leave it out, or give --random", "--latin says how --random draws")
	}
	id := sha256.New()
	for _, text := range f.sweep {
		a, err := axis(text)
		if err != nil {
			found.Add(diag.Pos{}, "E901", sweepForm, "--sweep %s: %v", text, err)
			continue
		}
		v.axes = append(v.axes, a)
		v.varied = append(v.varied, mtkc.Varied{Name: a.Column.Name, Where: "--sweep", Values: a.Values})
		fmt.Fprintf(id, "sweep %q %x\n", a.Column.Name, a.Values)
	}
	for _, text := range f.dist {
		d, err := dist(text)
		if err != nil {
			found.Add(diag.Pos{}, "E901", distForm, "--dist %s: %v", text, err)
			continue
		}
		v.draws = append(v.draws, d)
		v.varied = append(v.varied, mtkc.Varied{Name: d.Column.Name, Where: "--dist", Drawn: true})
		fmt.Fprintf(id, "draw %q %v\n", d.Column.Name, d.From)
	}
	if v.runs > 0 {
		fmt.Fprintln(id, "runs", v.runs)
	}
	if v.draws != nil {
		fmt.Fprintln(id, "random", v.n, v.seed, v.latin)
	}
	if found.Errors() == 0 && f.samples != "" {
		if err := v.open(id); err != nil {
			*found = append(*found, err...)
		}
	}
	if found.Errors() == 0 && v.axes != nil {
		if _, err := ensemble.Grid(v.axes...); err != nil {
			found.Add(diag.Pos{}, "E901", "fewer values", "--sweep: %v", err)
		}
	}
	v.identity = fmt.Sprintf("%x", id.Sum(nil))
	return v
}

// open opens the table of samples and reads its header. A table in a file is read once before, for its identity.
func (v *variation) open(id io.Writer) diag.List {
	f, err := os.Open(v.path)
	if err != nil {
		return diag.New(diag.Pos{File: v.path}, "E003", "check the path", "cannot read the samples: %v", why(err))
	}
	v.file = f
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		_, err := io.Copy(id, f)
		if err == nil {
			_, err = f.Seek(0, io.SeekStart)
		}
		if err != nil {
			return v.fault(err)
		}
	}
	if v.table, err = ensemble.NewCSV(f); err != nil {
		return v.fault(err)
	}
	for i, c := range v.table.Columns() {
		line, column := v.table.Place(i)
		v.varied = append(v.varied, mtkc.Varied{Name: c.Name, Where: "column", Pos: diag.Pos{File: v.path, Line: line, Col: column}})
	}
	return nil
}

// fault is the finding of a table that cannot be read.
func (v *variation) fault(err error) diag.List {
	var e *ensemble.TableError
	if !errors.As(err, &e) {
		return diag.New(diag.Pos{File: v.path}, "E003", "check the file", "cannot read the samples: %v", why(err))
	}
	pos := diag.Pos{File: v.path, Line: e.Line, Col: e.Column}
	switch e.Kind {
	case ensemble.NoHeader:
		return diag.New(pos, "E903", "the first line names the parameters and start values that the columns set: a,b,x", "the header has no name here")
	case ensemble.TwoColumns:
		return diag.New(pos, "E903", "leave one of them out", "two columns are named %q", e.Name)
	case ensemble.WrongCells:
		return diag.New(pos, "E903", "give every row a cell for each name of the header", "%s", e.Text)
	case ensemble.NotNumber:
		return diag.New(pos, "E904", "write a number, such as 0.5 or 1e-3", "column %s: %q is not a number", e.Name, e.Text)
	case ensemble.Misfit:
		return diag.New(pos, "E904", e.Next, "column %s: %s", e.Name, e.Text)
	case ensemble.Unbounded:
		return diag.New(pos, "E904", "write a finite number", "column %s: %s cannot be set", e.Name, e.Text)
	}
	return diag.New(pos, "E903", "write numbers with commas between, names with a comma in quotes", "%s", e.Text)
}
