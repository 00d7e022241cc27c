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
// recorded time, or statistics. Numbers are in the shortest form that reads back to the same value.
type ensembleTable struct {
	w    io.Writer
	opt  *ensemble.Options
	vary *variation
	buf  []byte

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

func (t *ensembleTable) header() error {
	t.name("trajectory")
	for i := range t.vary.varied {
		t.name(t.vary.varied[i].Name)
	}
	t.name("t")
	for _, v := range t.opt.Vars {
		t.name(t.column(v))
	}
	return t.flush()
}

func (t *ensembleTable) trajectory(tr *ensemble.Trajectory) error {
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
	t.name("t")
	for _, v := range s.Vars {
		v = t.column(v)
		t.name(v + ".mean")
		t.name(v + ".sd")
		for _, q := range t.opt.Quantiles {
			t.name(v + "." + quantileName(q))
		}
		t.name(v + ".min")
		t.name(v + ".max")
		t.name(v + ".n")
	}
	if err := t.flush(); err != nil {
		return err
	}
	for k := range s.Rows() {
		at := end
		if s.Times != nil {
			at = s.Times[k]
		}
		t.buf = strconv.AppendFloat(t.buf, at+0, 'g', -1, 64)
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
		if err := t.flush(); err != nil {
			return err
		}
	}
	return nil
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
	type summary struct {
		Mean      trace.Number `json:"mean"`
		SD        trace.Number `json:"sd"`
		Quantiles trace.Values `json:"quantiles"`
		Min       trace.Number `json:"min"`
		Max       trace.Number `json:"max"`
		N         int64        `json:"n"`
	}
	type row struct {
		T    trace.Number       `json:"t"`
		Vars map[string]summary `json:"vars"`
	}
	object := struct {
		Model        string           `json:"model"`
		Solver       string           `json:"solver"`
		Engine       string           `json:"engine"`
		Trajectories int64            `json:"trajectories"`
		Varied       []string         `json:"varied"`
		Retcodes     map[string]int64 `json:"retcodes"`
		Failed       []failure        `json:"failed"`
		Statistics   []row            `json:"statistics,omitempty"`
		Stats        map[string]int64 `json:"stats"`
		Seconds      struct {
			Compile float64 `json:"compile"`
			Engine  float64 `json:"engine"`
			Total   float64 `json:"total"`
		} `json:"seconds"`
		Method string  `json:"method,omitempty"`
		Seed   *uint64 `json:"seed,omitempty"`
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
	if s := res.Statistics; s != nil {
		for k := range s.Rows() {
			r := row{T: trace.Number(j.opt.Run.Span[1]), Vars: map[string]summary{}}
			if s.Times != nil {
				r.T = trace.Number(s.Times[k])
			}
			for i, name := range s.Vars {
				if of, ok := j.species[name]; ok {
					name = of
				}
				q := s.At(k, i)
				quantiles := trace.Values{}
				for m, p := range j.opt.Quantiles {
					quantiles = append(quantiles, trace.Value{Name: quantileName(p), V: q.Quantiles[m]})
				}
				r.Vars[name] = summary{trace.Number(q.Mean), trace.Number(q.SD()), quantiles, trace.Number(q.Min), trace.Number(q.Max), q.N}
			}
			object.Statistics = append(object.Statistics, r)
		}
	}
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
