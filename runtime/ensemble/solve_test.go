package ensemble_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/runtime/ensemble"
	"github.com/mtkc/mtkc/runtime/ode"
)

// grid makes a source, which reading uses up.
func grid(t testing.TB, axes ...ensemble.Axis) ensemble.Source {
	t.Helper()
	src, err := ensemble.Grid(axes...)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// dump writes everything that a result holds, to the last bit.
func dump(r *ensemble.Result) string {
	var b strings.Builder
	fmt.Fprintln(&b, r.N, r.Counts, r.Failed, r.Warnings, r.Steps, r.Rejected, r.Events)
	for i := range r.Trajectories {
		t := &r.Trajectories[i]
		fmt.Fprintf(&b, "%d %x %x %x %x %v %v %q %d %d %d\n", t.Index, t.Values, t.Times, t.Record, t.Extra, t.T, t.Retcode, t.Message, t.Steps, t.Rejected, t.Events)
	}
	if s := r.Statistics; s != nil {
		for k := range s.Rows() {
			for j := range s.Vars {
				q := s.At(k, j)
				fmt.Fprintf(&b, "%d %x %x %x %x %x\n", q.N, q.Mean, q.Variance, q.Min, q.Max, q.Quantiles)
			}
		}
		for j := range s.Extra {
			q := s.ExtraAt(j)
			fmt.Fprintf(&b, "%d %x %x %x\n", q.N, q.Mean, q.Variance, q.Quantiles)
		}
	}
	return b.String()
}

// Each trajectory is the run of ode.Solve with the same options, bit by bit, and nothing depends on the
// number of workers or the size of chunks.
func TestSolve(t *testing.T) {
	for _, m := range []struct {
		p    *ode.Problem
		axes []ensemble.Axis
		vars []string
	}{
		{lorenz(t), []ensemble.Axis{ensemble.Linear("rho", 20, 30, 9), ensemble.Linear("start(x)", -1, 1, 5)}, []string{"energy", "x"}},
		{ball(t), []ensemble.Axis{ensemble.Linear("e", 0.4, 0.8, 7), ensemble.Linear("h", 0.5, 1.5, 5)}, []string{"h", "bounces", "e"}},
		{relay(t), []ensemble.Axis{ensemble.Logarithmic("band", 0.1, 2, 20)}, nil},
		{sampled(t), []ensemble.Axis{ensemble.Linear("k", 0.1, 2, 20)}, []string{"y", "u", "ref"}},
		{ender(t), []ensemble.Axis{ensemble.Linear("rate", 0.1, 4, 20)}, nil},
	} {
		for _, steps := range []int{0, 10} {
			opt := ensemble.Options{Run: ode.Options{Steps: steps, RelTol: 1e-7}, Vars: m.vars, Keep: true, Statistics: true, Quantiles: []float64{0.05, 0.5, 0.95},
				Functional: &ensemble.Functional{Names: []string{"last"}, Eval: func(t *ensemble.Trajectory, out []float64) { out[0] = t.Row(len(t.Times) - 1)[0] }}}
			var first *ensemble.Result
			for _, w := range []struct{ workers, chunk int }{{1, 0}, {2, 0}, {7, 0}, {3, 32}, {2, 48}} {
				opt.Workers, opt.ChunkSize = w.workers, w.chunk
				r, err := ensemble.Solve(context.Background(), m.p, grid(t, m.axes...), opt)
				if err != nil {
					t.Fatal(err)
				}
				if first == nil {
					first = r
				} else if a, b := dump(first), dump(r); a != b {
					t.Errorf("%s: %d workers, chunks of %d: another result\n%s\n%s", m.vars, w.workers, w.chunk, a, b)
				}
			}
			if n := int64(len(first.Trajectories)); n != first.N || n < 20 {
				t.Fatalf("%d trajectories of %d", n, first.N)
			}
			for i := range first.Trajectories {
				got := &first.Trajectories[i]
				run := opt.Run
				run.FinalOnly = steps == 0
				run.Set = map[string]float64{}
				for k, name := range first.Columns {
					run.Set[name] = got.Values[k]
				}
				want, _ := ode.Solve(context.Background(), m.p, run)
				if want.Retcode != got.Retcode || want.Message != got.Message || want.T != got.T || want.Len() != len(got.Times) {
					t.Fatalf("trajectory %d: %v at %v, %d points; want %v at %v, %d", i, got.Retcode, got.T, len(got.Times), want.Retcode, want.T, want.Len())
				}
				table, err := want.Table(first.Vars)
				if err != nil {
					t.Fatal(err)
				}
				for k := range got.Times {
					for j, v := range got.Row(k) {
						if want := table[j][k]; v != want {
							t.Errorf("trajectory %d: %s = %v at %v, want %v", i, first.Vars[j], v, got.Times[k], want)
						}
					}
				}
			}
			compareStatistics(t, first)
		}
	}
}

// The statistics of points are those of ensembles of a point each, whatever works on them, and before and after an interrupt.
func TestPoints(t *testing.T) {
	p := lorenz(t)
	const points = 7
	src := func() ensemble.Source {
		return grid(t, ensemble.Linear("rho", 20, 30, points))
	}
	for _, each := range []int64{1, 5, 16, 30, 64, 100} {
		// Trajectories of a point differ in a start value, as those of chance do.
		all := func() ensemble.Source {
			return ensemble.Func(ensemble.Named("rho", "start(x)"), points*each-each/2, func(i int64, s *ensemble.Setup) {
				s.Values[0], s.Values[1] = 20+float64(i/each), 1+float64(i%each)*1e-3
				s.End = 1 + float64(i/each)/8
			})
		}
		opt := ensemble.Options{Run: ode.Options{Solver: "Tsit5", RelTol: 1e-5, Span: [2]float64{0, 1}}, Vars: []string{"x", "y"}, Statistics: true, Quantiles: []float64{0.5}, Each: each}
		var first string
		for _, w := range []struct{ workers, chunk, stop int }{{1, 0, 0}, {3, 16, 0}, {2, 48, 0}, {2, 32, 64}} {
			var b strings.Builder
			o := opt
			o.Workers, o.ChunkSize = w.workers, w.chunk
			o.Point = func(p *ensemble.Point) error {
				fmt.Fprintf(&b, "point %d %v %v\n%s", p.Index, p.Values[0], p.End, dump(&ensemble.Result{Statistics: p.Statistics}))
				return nil
			}
			from := all()
			if w.stop > 0 { // an interrupt, and then the rest
				halt := errors.New("halt")
				o.Checkpoint = func(r *ensemble.Result) error {
					if r.N >= int64(w.stop) {
						return halt
					}
					return nil
				}
				r, err := ensemble.Solve(context.Background(), p, from, o)
				if points*each-each/2 <= int64(w.stop) {
					continue
				}
				if !errors.Is(err, halt) {
					t.Fatalf("points of %d: %v", each, err)
				}
				from, o.First, o.From, o.Checkpoint = all(), r.N, r.Statistics, nil
				if err := ensemble.Skip(from, r.N); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := ensemble.Solve(context.Background(), p, from, o); err != nil {
				t.Fatal(err)
			}
			if first == "" {
				first = b.String()
			} else if b.String() != first {
				t.Errorf("points of %d, %+v:\n%s\nwant\n%s", each, w, b.String(), first)
			}
		}
		if n := strings.Count(first, "point "); n != points {
			t.Fatalf("%d points", n)
		}
		if each%16 != 0 {
			continue
		}
		// Groups of 16 lie in points as they do in an ensemble of the point alone.
		var b strings.Builder
		for k := range int64(points) {
			n := min(each, points*each-each/2-k*each)
			one := ensemble.Func(ensemble.Named("rho", "start(x)"), n, func(i int64, s *ensemble.Setup) {
				s.Values[0], s.Values[1] = 20+float64(k), 1+float64(i)*1e-3
				s.End = 1 + float64(k)/8
			})
			o := opt
			o.Each = 0
			r, err := ensemble.Solve(context.Background(), p, one, o)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "point %d %v %v\n%s", k, 20+float64(k), 1+float64(k)/8, dump(&ensemble.Result{Statistics: r.Statistics}))
		}
		if b.String() != first {
			t.Errorf("points of %d:\n%s\nwant\n%s", each, first, b.String())
		}
	}
	for _, o := range []ensemble.Options{{Each: 3}, {Each: 3, Statistics: true}, {Each: -1, Statistics: true, Point: func(*ensemble.Point) error { return nil }}, {Statistics: true, Point: func(*ensemble.Point) error { return nil }}} {
		if r, err := ensemble.Solve(context.Background(), p, src(), o); r != nil || err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
	stop := errors.New("enough")
	n := 0
	_, err := ensemble.Solve(context.Background(), p, src(), ensemble.Options{Run: ode.Options{Span: [2]float64{0, 1}}, Statistics: true, Each: 2, Point: func(*ensemble.Point) error {
		if n++; n == 2 {
			return stop
		}
		return nil
	}})
	if !errors.Is(err, stop) || n != 2 {
		t.Errorf("an error of Point: %v after %d", err, n)
	}
}

// compareStatistics compares the statistics with sums over the kept trajectories.
func compareStatistics(t *testing.T, r *ensemble.Result) {
	t.Helper()
	s := r.Statistics
	for k := range s.Rows() {
		for j := range s.Vars {
			var list []float64
			for i := range r.Trajectories {
				if x := &r.Trajectories[i]; x.OK() && k < len(x.Times) {
					list = append(list, x.Row(k)[j])
				}
			}
			got := s.At(k, j)
			mean, m2, least, most := 0.0, 0.0, math.Inf(1), math.Inf(-1)
			for _, x := range list {
				mean += x / float64(len(list))
				least, most = min(least, x), max(most, x)
			}
			for _, x := range list {
				m2 += (x - mean) * (x - mean)
			}
			size := max(math.Abs(least), math.Abs(most))
			// Rounding of sums of 50 terms.
			if got.N != int64(len(list)) || len(list) > 1 && (math.Abs(got.Mean-mean) > 1e-14*size || math.Abs(got.Variance-m2/float64(len(list)-1)) > 1e-13*size*size || got.Min != least || got.Max != most) {
				t.Errorf("%s at row %d: %+v, want %d, mean %v, variance %v, %v to %v", s.Vars[j], k, got, len(list), mean, m2/float64(len(list)-1), least, most)
			}
			if !got.Exact {
				t.Errorf("the quantiles of %d numbers are not exact", len(list))
			}
		}
	}
}

// Engines get smooth pieces alone, and the trajectories are those of ode.Solve within the tolerances.
func TestEngine(t *testing.T) {
	for _, m := range []struct {
		name string
		p    *ode.Problem
		axes []ensemble.Axis
		vars []string
		tol  float64 // on values of the size of 1, accumulated over the run at the tolerance 1e-9
	}{
		{"pendulum", pendulum(t), []ensemble.Axis{ensemble.Linear("l", 0.5, 2, 6), ensemble.Linear("phi", 0.1, 3, 6)}, []string{"phi", "x"}, 1e-6},
		{"ball", ball(t), []ensemble.Axis{ensemble.Linear("e", 0.4, 0.8, 7), ensemble.Linear("h", 0.5, 1.5, 5)}, []string{"h", "flying", "bounces"}, 1e-6},
		{"relay", relay(t), []ensemble.Axis{ensemble.Logarithmic("band", 0.1, 2, 36)}, []string{"T", "on"}, 1e-5},
		{"sampled", sampled(t), []ensemble.Axis{ensemble.Linear("k", 0.1, 2, 36)}, []string{"y", "u", "ref"}, 1e-6},
		{"ender", ender(t), []ensemble.Axis{ensemble.Linear("rate", 0.1, 4, 36)}, nil, 1e-6},
		{"kinked", kinked(t), []ensemble.Axis{ensemble.Linear("a", 0.5, 2, 36)}, nil, 1e-6},
		{"slider", slider(t), []ensemble.Axis{ensemble.Linear("f", 0.3, 0.9, 36)}, nil, 1e-6},
	} {
		for _, steps := range []int{0, 12} {
			opt := ensemble.Options{Run: ode.Options{Steps: steps, Solver: "Tsit5", RelTol: 1e-9, AbsTol: 1e-9}, Vars: m.vars, Keep: true}
			want, err := ensemble.Solve(context.Background(), m.p, grid(t, m.axes...), opt)
			if err != nil {
				t.Fatal(err)
			}
			var first *ensemble.Result
			for _, workers := range []int{1, 2, 7} {
				opt.Workers, opt.ChunkSize = workers, 16
				if workers == 2 {
					opt.ChunkSize = 0
				}
				var engines []*reference
				opt.Engine = func() (ensemble.Engine, error) {
					engines = append(engines, newReference(m.p, 1e-9))
					return engines[len(engines)-1], nil
				}
				got, err := ensemble.Solve(context.Background(), m.p, grid(t, m.axes...), opt)
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%s: %d of %d steps by the engine, %d rounds, %d events", m.name, engines[0].steps, got.Steps, engines[0].runs, got.Events)
				if got.Engine != "reference" || got.Unfit != "" {
					t.Fatalf("%s: engine %q, %s", m.name, got.Engine, got.Unfit)
				}
				if first == nil {
					first = got
				} else if a, b := dump(first), dump(got); a != b {
					t.Errorf("%s: %d workers: another result\n%s\n%s", m.name, workers, a, b)
				}
			}
			for i := range want.Trajectories {
				a, b := &want.Trajectories[i], &first.Trajectories[i]
				if a.Retcode != b.Retcode || a.Message != b.Message || math.Abs(a.T-b.T) > m.tol || len(a.Times) != len(b.Times) {
					t.Errorf("%s %v: %v %q at %v, %d points; want %v %q at %v, %d", m.name, a.Values, b.Retcode, b.Message, b.T, len(b.Times), a.Retcode, a.Message, a.T, len(a.Times))
					continue
				}
				for k := range a.Record {
					if d := math.Abs(a.Record[k] - b.Record[k]); !(d <= m.tol) {
						t.Errorf("%s %v: value %d of the record is %v, want %v", m.name, a.Values, k, b.Record[k], a.Record[k])
					}
				}
			}
		}
	}
}

// A trajectory that fails is counted and described; the others go on.
func TestFailures(t *testing.T) {
	p := flat(t, `parameter Real a = 1; Real x(start = 1, fixed = true);`, `der(x) = a*x^2;`) // infinite at t = 1/a
	p.Span = [2]float64{0, 1.02}
	for _, engine := range []bool{false, true} {
		opt := ensemble.Options{Run: ode.Options{Steps: 4, Solver: "Tsit5"}, Keep: true, Statistics: true, Workers: 2}
		if engine {
			opt.Engine = func() (ensemble.Engine, error) { return newReference(p, 1e-6), nil }
		}
		r, err := ensemble.Solve(context.Background(), p, grid(t, ensemble.Linear("a", 0.1, 2, 20)), opt) // 0.1, 0.2, ...
		if err != nil {
			t.Fatal(err)
		}
		if r.N != 20 || r.Failures() != 11 || len(r.Failed) != 11 {
			t.Errorf("%d of %d failed: %v", r.Failures(), r.N, r.Counts)
		}
		for _, f := range r.Failed {
			if f.Message == "" || math.Abs(f.T*f.Values[0]-1) > 1e-3 {
				t.Errorf("%+v", f)
			}
		}
		for k := range 5 {
			if s := r.Statistics.At(k, 0); s.N != 9 {
				t.Errorf("%d trajectories count at time %d, want 9", s.N, k)
			}
		}
	}
	// A value that cannot be.
	r, err := ensemble.Solve(context.Background(), p, ensemble.Rows(ensemble.Named("a"), [][]float64{{0.5}, {math.NaN()}, {0.25}}), ensemble.Options{Keep: true})
	if err != nil || r.N != 3 || r.Failures() != 1 || !strings.Contains(r.Failed[0].Message, "NaN") || math.Abs(r.Trajectories[2].Record[0]-1/(1-0.25*1.02)) > 1e-5 {
		t.Errorf("%v: %+v", err, r)
	}
}

// Own start values, own ends, entries by index.
func TestSetups(t *testing.T) {
	p := pendulum(t)
	src := func() ensemble.Source {
		return ensemble.Func([]ensemble.Column{{Entry: ode.Entry{Index: 0}}}, 20, func(i int64, s *ensemble.Setup) {
			s.Values[0] = 1 + float64(i)/10
			s.U0 = []float64{0.1 * float64(i), 0.5}
			s.End = 0.15 * float64(i+1)
		})
	}
	for _, engine := range []bool{false, true} {
		opt := ensemble.Options{Run: ode.Options{Steps: 8, Solver: "Tsit5", RelTol: 1e-9, AbsTol: 1e-9}, Keep: true}
		if engine {
			opt.Engine = func() (ensemble.Engine, error) { return newReference(p, 1e-9), nil }
		}
		r, err := ensemble.Solve(context.Background(), p, src(), opt)
		if err != nil {
			t.Fatal(err)
		}
		for i := range r.Trajectories {
			got := &r.Trajectories[i]
			end := 0.15 * float64(i+1)
			if got.T != end || len(got.Times) != int(end/0.5)+1 {
				t.Errorf("trajectory %d ends at %v with %d points", i, got.T, len(got.Times))
			}
			want, err := ode.Solve(context.Background(), p, ode.Options{Span: [2]float64{0, end}, Set: map[string]float64{"l": got.Values[0], "phi": 0.1 * float64(i), "w": 0.5},
				SaveAt: got.Times, Solver: "Tsit5", RelTol: 1e-9, AbsTol: 1e-9})
			if err != nil {
				t.Fatal(err)
			}
			for k := range got.Times {
				if math.Abs(got.Row(k)[0]-want.State(k)[0]) > 1e-6 {
					t.Errorf("trajectory %d at %v: %v, want %v", i, got.Times[k], got.Row(k), want.State(k))
				}
			}
		}
		if r.Columns[0] != "l" {
			t.Errorf("columns %v", r.Columns)
		}
	}
}

// A cancelled ensemble returns the trajectories before the first that is missing; it goes on from there to the same
// result, to the last bit.
func TestCancel(t *testing.T) {
	p := lorenz(t)
	axes := []ensemble.Axis{ensemble.Linear("rho", 20, 30, 40), ensemble.Linear("x", -1, 1, 10)}
	opt := ensemble.Options{Run: ode.Options{Steps: 3}, Keep: true, Statistics: true, Quantiles: []float64{0.5}, SketchSize: 16, Workers: 3}
	whole, err := ensemble.Solve(context.Background(), p, grid(t, axes...), opt)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	opt.Progress = func(done int64) {
		if done >= 100 {
			cancel()
		}
	}
	part, err := ensemble.Solve(ctx, p, grid(t, axes...), opt)
	if !errors.Is(err, context.Canceled) || part.N < 100 || part.N == 400 || part.N != int64(len(part.Trajectories)) {
		t.Fatalf("%v after %d trajectories", err, part.N)
	}
	state, err := part.Statistics.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	opt.Progress, opt.First, opt.From = nil, part.N, &ensemble.Statistics{}
	if err := opt.From.UnmarshalBinary(state); err != nil {
		t.Fatal(err)
	}
	src := grid(t, axes...)
	if err := ensemble.Skip(src, part.N); err != nil {
		t.Fatal(err)
	}
	rest, err := ensemble.Solve(context.Background(), p, src, opt)
	if err != nil {
		t.Fatal(err)
	}
	rest.Trajectories = append(part.Trajectories, rest.Trajectories...)
	rest.N, rest.Counts, rest.Steps, rest.Rejected = whole.N, whole.Counts, whole.Steps, whole.Rejected
	if a, b := dump(whole), dump(rest); a != b {
		t.Errorf("an interrupted ensemble ends otherwise\n%s\n%s", a, b)
	}
	if err := new(ensemble.Statistics).UnmarshalBinary(state[:len(state)-3]); err == nil {
		t.Errorf("damaged statistics are read")
	}
	// An error of the sink ends it, too.
	opt = ensemble.Options{Sink: func(t *ensemble.Trajectory) error {
		if t.Index == 50 {
			return bytes.ErrTooLarge
		}
		return nil
	}}
	if r, err := ensemble.Solve(context.Background(), p, grid(t, axes...), opt); err != bytes.ErrTooLarge || r.N != 50 {
		t.Errorf("%v after %d", err, r.N)
	}
}

// Options that make no sense are errors before anything runs.
func TestMistakes(t *testing.T) {
	p := lorenz(t)
	axis := ensemble.Linear("rho", 1, 2, 2)
	for want, f := range map[string]func() (ensemble.Source, ensemble.Options){
		`did you mean "rho"`: func() (ensemble.Source, ensemble.Options) {
			return grid(t, ensemble.Linear("rhoo", 1, 2, 2)), ensemble.Options{}
		},
		"energy is computed": func() (ensemble.Source, ensemble.Options) {
			return grid(t, ensemble.Linear("energy", 1, 2, 2)), ensemble.Options{}
		},
		"x and start(x), set the same": func() (ensemble.Source, ensemble.Options) {
			return grid(t, ensemble.Linear("x", 1, 2, 2), ensemble.Linear("start(x)", 1, 2, 2)), ensemble.Options{}
		},
		"no variable named": func() (ensemble.Source, ensemble.Options) {
			return grid(t, axis), ensemble.Options{Vars: []string{"q"}}
		},
		"no quantile 2": func() (ensemble.Source, ensemble.Options) {
			return grid(t, axis), ensemble.Options{Quantiles: []float64{2}}
		},
		"multiple of 16": func() (ensemble.Source, ensemble.Options) {
			return grid(t, axis), ensemble.Options{First: 3, Statistics: true}
		},
		"one run": func() (ensemble.Source, ensemble.Options) {
			return grid(t, axis), ensemble.Options{Run: ode.Options{Progress: func(float64) {}}}
		},
	} {
		src, opt := f()
		if r, err := ensemble.Solve(context.Background(), p, src, opt); r != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// What a batch cannot take goes to ode.Integrator.
func TestUnfit(t *testing.T) {
	p := pendulum(t)
	for want, opt := range map[string]ensemble.Options{
		"backward":  {Run: ode.Options{Span: [2]float64{1, 0}}},
		"callbacks": {Callbacks: func() []*ode.Callback { return nil }},
		"too large": {Engine: func() (ensemble.Engine, error) { return nil, &ensemble.Unfit{Why: "it is too large"} }},
	} {
		if opt.Engine == nil {
			opt.Engine = func() (ensemble.Engine, error) { return newReference(p, 1e-6), nil }
		}
		r, err := ensemble.Solve(context.Background(), p, grid(t, ensemble.Linear("l", 1, 2, 3)), opt)
		if err != nil || r.Engine != "" || !strings.Contains(r.Unfit, want) || r.N != 3 || r.Failures() > 0 {
			t.Errorf("%v: %+v", err, r)
		}
	}
}

// wide is an engine for as many trajectories as it gets, which are where they are to end at once.
type wide struct{ most *int }

func (wide) Name() string { return "wide" }
func (wide) Chunk() int   { return 1 << 20 }
func (w wide) Run(_ context.Context, b *ensemble.Batch) error {
	*w.most = max(*w.most, b.N)
	for i := range b.N {
		if b.Status[i] == ensemble.Running {
			b.T[i], b.Status[i] = b.TEnd[i], ensemble.Reached
		}
	}
	return nil
}

// Chunks are bounded by what is recorded, whatever size an engine likes.
func TestChunkMemory(t *testing.T) {
	p := lorenz(t)
	for _, c := range []struct{ steps, least, most int }{
		{0, 100_000, 100_000}, // the end alone
		{999, 2048, 1<<23/3000 + 16},
	} {
		most := 0
		n := 100_000
		if c.steps > 0 {
			n = 10_000
		}
		opt := ensemble.Options{Run: ode.Options{Solver: "Tsit5", Span: [2]float64{0, 1}, Steps: c.steps}, Workers: 1, Engine: func() (ensemble.Engine, error) { return wide{&most}, nil }}
		r, err := ensemble.Solve(context.Background(), p, grid(t, ensemble.Linear("rho", 20, 30, n)), opt)
		if err != nil || r.Unfit != "" || r.N != int64(n) {
			t.Fatalf("%v, %+v", err, r)
		}
		if most < c.least || most > c.most {
			t.Errorf("%d steps: batches of up to %d trajectories, want %d to %d", c.steps, most, c.least, c.most)
		}
	}
}
