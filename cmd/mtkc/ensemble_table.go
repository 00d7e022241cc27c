package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/runtime/ensemble"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/runtime/trace"
)

// ensembleTable writes an ensemble as CSV: trajectory,<varied names...>,t,variables..., a row for each trajectory and
// recorded time, or statistics. Numbers are in the shortest form that reads back to the same value. The header is written with the
// first row, so that what fails before has written nothing.
type ensembleTable struct {
	w     io.Writer
	opt   *ensemble.Options
	vary  *variation
	buf   []byte
	begun bool

	species map[string]string // names of columns that stand for a species
}

func newEnsembleTable(w io.Writer, opt *ensemble.Options, vary *variation, species map[string]string) *ensembleTable {
	return &ensembleTable{w: w, opt: opt, vary: vary, species: species}
}

// column is the name of the column of a variable.
func (t *ensembleTable) column(v string) string {
	if s, ok := t.species[v]; ok {
		return s
	}
	return v
}

func (t *ensembleTable) name(s string) {
	if len(t.buf) > 0 {
		t.buf = append(t.buf, ',')
	}
	if strings.ContainsAny(s, ",\"\r\n") {
		s = `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	t.buf = append(t.buf, s...)
}

func (t *ensembleTable) number(x float64) {
	t.buf = strconv.AppendFloat(append(t.buf, ','), x+0, 'g', -1, 64)
}

// flush writes a line.
func (t *ensembleTable) flush() error {
	_, err := t.w.Write(append(t.buf, '\n'))
	t.buf = t.buf[:0]
	return err
}

// begin writes the header, unless it stands there already.
func (t *ensembleTable) begin() error {
	if t.begun {
		return nil
	}
	t.begun = true
	switch {
	case !t.opt.Statistics:
		t.name("trajectory")
	case t.opt.Each > 0:
		t.name("point")
	}
	if !t.opt.Statistics || t.opt.Each > 0 {
		for i := range t.vary.varied {
			t.name(t.vary.varied[i].Name)
		}
	}
	t.name("t")
	for _, v := range t.opt.Vars {
		v = t.column(v)
		if !t.opt.Statistics {
			t.name(v)
			continue
		}
		t.name(v + ".mean")
		t.name(v + ".sd")
		for _, q := range t.opt.Quantiles {
			t.name(v + "." + quantileName(q))
		}
		t.name(v + ".min")
		t.name(v + ".max")
		t.name(v + ".n")
	}
	return t.flush()
}

func (t *ensembleTable) trajectory(tr *ensemble.Trajectory) error {
	if err := t.begin(); err != nil {
		return err
	}
	for k, at := range tr.Times {
		t.buf = strconv.AppendInt(t.buf, tr.Index, 10)
		for _, x := range tr.Values {
			t.number(x)
		}
		t.number(at)
		for _, x := range tr.Row(k) {
			t.number(x)
		}
		if err := t.flush(); err != nil {
			return err
		}
	}
	return nil
}

// quantileName is q05 for 0.05, q50 for 0.5, q02.5 for 0.025.
func quantileName(q float64) string {
	s := strconv.FormatFloat(q*100, 'g', 12, 64)
	if whole, _, _ := strings.Cut(s, "."); len(whole) < 2 {
		s = "0" + s
	}
	return "q" + s
}

// statistics writes t,name.mean,name.sd,quantiles,name.min,name.max,name.n for each variable; the time of the ends
// of trajectories is end.
func (t *ensembleTable) statistics(s *ensemble.Statistics, end float64) error {
	if err := t.begin(); err != nil {
		return err
	}
	for k := range s.Rows() {
		t.buf = strconv.AppendFloat(t.buf, timeOf(s, k, end)+0, 'g', -1, 64)
		t.summaries(s, k)
		if err := t.flush(); err != nil {
			return err
		}
	}
	return nil
}

// point writes the statistics of a point, with its number and the values of what is varied in front.
func (t *ensembleTable) point(p *ensemble.Point) error {
	if err := t.begin(); err != nil {
		return err
	}
	for k := range p.Statistics.Rows() {
		t.buf = strconv.AppendInt(t.buf, p.Index, 10)
		for _, x := range p.Values {
			t.number(x)
		}
		t.number(timeOf(p.Statistics, k, p.End))
		t.summaries(p.Statistics, k)
		if err := t.flush(); err != nil {
			return err
		}
	}
	return nil
}

// timeOf is the time of row k; end where the ends of trajectories were recorded.
func timeOf(s *ensemble.Statistics, k int, end float64) float64 {
	if s.Times == nil {
		return end
	}
	return s.Times[k]
}

// summaries appends the statistics of every variable in row k.
func (t *ensembleTable) summaries(s *ensemble.Statistics, k int) {
	for j := range s.Vars {
		q := s.At(k, j)
		t.number(q.Mean)
		t.number(q.SD())
		for _, x := range q.Quantiles {
			t.number(x)
		}
		t.number(q.Min)
		t.number(q.Max)
		t.buf = strconv.AppendInt(append(t.buf, ','), q.N, 10)
	}
}

// report says how the ensemble went.
func (j *ensembleJob) report(c *mtkc.Compiler, res *ensemble.Result, took time.Duration) error {
	for _, w := range res.Warnings {
		text := fmt.Sprintf("trajectory %d: %s", w.First, w.Text)
		if w.N > 1 {
			text = fmt.Sprintf("trajectory %d and %d more: %s", w.First, w.N-1, w.Text)
		}
		fmt.Fprintln(j.stderr, diag.New(diag.Pos{}, "W501", "", "%s", text))
	}
	failures := res.Failures()
	var failed error
	if failures > 0 {
		f := &res.Failed[0]
		pos, next, message := c.StoppedAt(f.Retcode, f.Message)
		var values strings.Builder
		for k, v := range f.Values {
			fmt.Fprintf(&values, ", %s = %v", res.Columns[k], v)
		}
		text := fmt.Sprintf("%d of %d trajectories failed: %s; the first is %d%s, at t = %v: %s", failures, res.N, ways(res), f.Index, values.String(), f.T, message)
		code := "W901"
		if failures == res.N {
			code = "E908"
			failed = errReported
		}
		fmt.Fprintln(j.stderr, diag.New(pos, code, next, "%s", text))
	}
	if j.f.json {
		if err := writeFile("-", j.stdout, func(w io.Writer) error { return j.json(w, c, res, took) }); err != nil {
			return err
		}
	} else if j.wrote != "" || j.f.verbose {
		fmt.Fprintf(j.stderr, "%s: %d trajectories, %d failed, %d steps, %.3g s", j.prob.Name, res.N, failures, res.Steps, took.Seconds())
		if j.wrote != "" {
			fmt.Fprintf(j.stderr, "; wrote %s", j.wrote)
		}
		fmt.Fprintln(j.stderr)
	}
	if j.f.verbose {
		fmt.Fprintf(j.stderr, "    %s\n", j.engine.Report())
		if res.Unfit != "" {
			fmt.Fprintf(j.stderr, "    not in batches: %s\n", res.Unfit)
		}
		fmt.Fprintf(j.stderr, "    %d accepted and %d rejected steps, %d events\n", res.Steps, res.Rejected, res.Events)
	}
	return failed
}

// ways lists how trajectories failed: 2 Unstable, 1 MaxSteps.
func ways(res *ensemble.Result) string {
	var list []string
	for _, c := range res.Counts {
		if c.Retcode != ode.Success && c.Retcode != ode.Terminated {
			list = append(list, fmt.Sprintf("%d %s", c.N, c.Retcode))
		}
	}
	return strings.Join(list, ", ")
}

// json writes the summary.
func (j *ensembleJob) json(w io.Writer, c *mtkc.Compiler, res *ensemble.Result, took time.Duration) error {
	type failure struct {
		Trajectory int64        `json:"trajectory"`
		Values     trace.Values `json:"values"`
		T          trace.Number `json:"t"`
		Retcode    string       `json:"retcode"`
		Message    string       `json:"message"`
	}
	object := struct {
		Model        string           `json:"model"`
		Solver       string           `json:"solver"`
		Engine       string           `json:"engine"`
		Trajectories int64            `json:"trajectories"`
		Varied       []string         `json:"varied"`
		Retcodes     map[string]int64 `json:"retcodes"`
		Failed       []failure        `json:"failed"`
		Statistics   []statisticsRow  `json:"statistics,omitempty"`
		Stats        map[string]int64 `json:"stats"`
		Seconds      struct {
			Compile float64 `json:"compile"`
			Engine  float64 `json:"engine"`
			Total   float64 `json:"total"`
		} `json:"seconds"`
		Method string  `json:"method,omitempty"`
		Seed   *uint64 `json:"seed,omitempty"`

		Points []json.RawMessage `json:"points,omitempty"`
	}{
		Model: j.prob.Name, Solver: cmp.Or(j.engine.Method, res.Method), Engine: j.engine.Name(), Trajectories: res.N, Varied: res.Columns, Retcodes: map[string]int64{}, Failed: []failure{},
		Stats: map[string]int64{"steps": res.Steps, "rejected": res.Rejected, "events": res.Events},
	}
	for _, c := range res.Counts {
		object.Retcodes[c.Retcode.String()] = c.N
	}
	for i := range res.Failed {
		f := &res.Failed[i]
		values := trace.Values{}
		for k, v := range f.Values {
			values = append(values, trace.Value{Name: res.Columns[k], V: v})
		}
		object.Failed = append(object.Failed, failure{f.Index, values, trace.Number(f.T), f.Retcode.String(), f.Message})
	}
	if res.Statistics != nil && j.opt.Each == 0 {
		object.Statistics = j.statisticsRows(res.Statistics, j.opt.Run.Span[1])
	}
	object.Points = j.points
	if j.f.method != "ode" {
		object.Method = j.f.method
	}
	if c.Random() {
		object.Seed = &j.opt.Run.Seed
	}
	object.Seconds.Compile = c.Seconds("load", "form", "flat", "structural", "lower", "vm")
	object.Seconds.Engine = j.engine.Seconds()
	object.Seconds.Total = took.Seconds()
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(object)
}

// statisticsRow is what JSON says of a recorded time.
type statisticsRow struct {
	T    trace.Number       `json:"t"`
	Vars map[string]moments `json:"vars"`
}

// moments are what JSON says of a variable there, quantiles among it.
type moments struct {
	Mean      trace.Number `json:"mean"`
	SD        trace.Number `json:"sd"`
	Quantiles trace.Values `json:"quantiles"`
	Min       trace.Number `json:"min"`
	Max       trace.Number `json:"max"`
	N         int64        `json:"n"`
}

// statisticsRows are statistics for JSON; the time of the ends of trajectories is end.
func (j *ensembleJob) statisticsRows(s *ensemble.Statistics, end float64) []statisticsRow {
	list := make([]statisticsRow, 0, s.Rows())
	for k := range s.Rows() {
		r := statisticsRow{trace.Number(timeOf(s, k, end)), map[string]moments{}}
		for i, name := range s.Vars {
			if of, ok := j.species[name]; ok {
				name = of
			}
			q := s.At(k, i)
			quantiles := trace.Values{}
			for m, p := range j.opt.Quantiles {
				quantiles = append(quantiles, trace.Value{Name: quantileName(p), V: q.Quantiles[m]})
			}
			r.Vars[name] = moments{trace.Number(q.Mean), trace.Number(q.SD()), quantiles, trace.Number(q.Min), trace.Number(q.Max), q.N}
		}
		list = append(list, r)
	}
	return list
}

// keep keeps the statistics of a point for JSON.
func (j *ensembleJob) keep(p *ensemble.Point) error {
	values := trace.Values{}
	for k, v := range p.Values {
		values = append(values, trace.Value{Name: j.vary.varied[k].Name, V: v})
	}
	text, err := json.Marshal(struct {
		Point      int64           `json:"point"`
		Values     trace.Values    `json:"values"`
		Statistics []statisticsRow `json:"statistics"`
	}{p.Index, values, j.statisticsRows(p.Statistics, p.End)})
	j.points = append(j.points, text)
	return err
}
