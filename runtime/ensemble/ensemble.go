// Package ensemble solves one problem many times, with other parameters, start values and end
// times.
//
// In: an ode.Problem, a Source of trajectories, and Options. Out: a Result with statistics, kept
// trajectories, and a count of those that failed; and each trajectory to Options.Sink, in order.
// Trajectories stream through: as many as are in work, and no more, are in memory at a time, unless they are kept.
//
// What comes out is the same to the last bit for any number of workers and any size of chunks. A trajectory
// that fails ends no ensemble.
//
// Trajectories run one by one on ode.Integrator, or many at once on an Engine; see Batch.
package ensemble

import (
	"slices"

	"github.com/mtkc/mtkc/runtime/ode"
)

// Options of an ensemble. The zero value records the states at the end of each trajectory, integrates by
// the automatic choice of method, and keeps nothing but counts: set Keep, Statistics or Sink.
type Options struct {
	// Run holds what all trajectories have in common: method, tolerances, span, parameters and start
	// values. SaveAt or Steps say when variables are recorded; without them, at the end of each
	// trajectory alone. Callbacks and Progress must be nil, see Callbacks below.
	Run ode.Options

	Vars []string // variables to record, any of the model's; nil: the states

	// Functional computes numbers of the user's own from each recorded trajectory, such as a peak or the time of
	// a crossing. They stand in Trajectory.Extra and take part in the statistics.
	Functional *Functional

	Keep       bool      // keep every trajectory in Result.Trajectories
	Statistics bool      // accumulate Result.Statistics
	Quantiles  []float64 // to estimate for Statistics, each in [0, 1]; nil: none
	SketchSize int       // number of values that a quantile is estimated from, see Sketch; 0: 1024

	// Each cuts the ensemble into points of so many consecutive trajectories each, such as those of Repeat, of which
	// the last may have fewer. Statistics are of a point then: Point gets those of each, in order, on the goroutine of
	// Sink, and Result.Statistics has those behind the last complete point. An error ends the ensemble. 0: all
	// trajectories are one.
	Each  int64
	Point func(p *Point) error

	// Sink gets each trajectory, in their order, on one goroutine. The trajectory is valid until Sink returns. An
	// error ends the ensemble.
	Sink func(t *Trajectory) error

	Progress func(done int64) // is told how many trajectories are done, after each chunk, on one goroutine

	// Checkpoint gets the result so far after each chunk, on the same goroutine: what is there is complete, and
	// an ensemble can go on from it with First and From. An error ends the ensemble.
	Checkpoint func(r *Result) error

	Workers   int // goroutines that integrate; 0: GOMAXPROCS
	ChunkSize int // trajectories that a worker takes at a time, rounded up to a multiple of 16; 0: as suits the engine

	// Engine makes an engine for a worker. Nil: every trajectory is a run of ode.Integrator. Problems and
	// options that batches cannot take go to ode.Integrator in any case; Result.Engine says so.
	Engine func() (Engine, error)

	// Callbacks makes the callbacks of one run; a run of its own has callbacks of its own.
	Callbacks func() []*ode.Callback

	// First is the number of the first trajectory, for an ensemble that goes on with the rest of a source,
	// and From what was accumulated until then. First is a multiple of 16 with Statistics.
	First int64
	From  *Statistics
}

// Functional maps a recorded trajectory to numbers.
type Functional struct {
	Names []string
	// Eval writes a number for each name to out. It is called on several goroutines at once. NaN means that there
	// is none; it does not count.
	Eval func(t *Trajectory, out []float64)
}

// Trajectory is what was recorded of one member of an ensemble.
type Trajectory struct {
	Index  int64
	Values []float64 // of the columns of the source

	Times  []float64 // recorded: a leading part of Options.Run.SaveAt, or the end alone
	Record []float64 // len(Times) rows of len(Options.Vars)
	Extra  []float64 // of Functional

	T       float64 // time reached
	Retcode ode.Retcode
	Message string // why it stopped early, "" if it did not
	Method  string // that integrated it, where it was a run of ode.Integrator all the way; as Solution.Solver

	Steps, Rejected, Events int64
}

// OK reports whether the trajectory reached its end, or the end that the model asked for.
func (t *Trajectory) OK() bool { return t.Retcode == ode.Success || t.Retcode == ode.Terminated }

// Row is what was recorded at Times[k].
func (t *Trajectory) Row(k int) []float64 {
	n := len(t.Record) / len(t.Times)
	return t.Record[k*n : (k+1)*n : (k+1)*n]
}

// Point is what consecutive trajectories have come to, see Options.Each.
type Point struct {
	Index      int64       // of trajectories Index*Each and on
	Values     []float64   // of the columns of the source, of the last of them
	End        float64     // of the last of them, as it was set up
	Statistics *Statistics // valid until Options.Point returns
}

// Failed is a trajectory that stopped early.
type Failed struct {
	Index   int64
	Values  []float64
	T       float64
	Retcode ode.Retcode
	Message string
}

// mostFailed is how many trajectories that failed are described.
const mostFailed = 100

// Result of an ensemble.
type Result struct {
	Problem *ode.Problem
	Vars    []string
	Columns []string  // names of what the source sets
	Times   []float64 // at which variables were recorded; nil: at the end of each trajectory

	N      int64    // trajectories done, Options.First not among them
	Counts []Count  // how they ended, one entry for each way that occurred, by Retcode
	Failed []Failed // the first 100 of those that failed

	Engine string // name of the engine, "" for ode.Integrator
	Method string // of ode.Integrator, where it began
	Unfit  string // why the engine that was asked for was not used; "": it was, or none was asked for

	Warnings []Warning // of runs of ode.Integrator, the first 20 texts

	Trajectories []Trajectory // with Keep
	Statistics   *Statistics

	Steps, Rejected, Events int64
}

// Warning is a remark on some trajectories.
type Warning struct {
	Text  string
	First int64 // trajectory
	N     int64 // how many have it
}

// mostWarnings is how many different warnings are told.
const mostWarnings = 20

// Count is how many trajectories ended in some way.
type Count struct {
	Retcode ode.Retcode
	N       int64
}

// Join puts what an ensemble did before an interrupt in front of what it did after it. Statistics are
// left alone: Options.From carries them on.
func (r *Result) Join(before *Result) {
	r.N += before.N
	r.Steps += before.Steps
	r.Rejected += before.Rejected
	r.Events += before.Events
	counts := slices.Clone(before.Counts)
	for _, c := range r.Counts {
		counts = counted(counts, c.Retcode, c.N)
	}
	r.Counts = counts
	r.Failed = append(slices.Clone(before.Failed), r.Failed...)
	r.Failed = r.Failed[:min(len(r.Failed), mostFailed)]
	warnings := slices.Clone(before.Warnings)
	for _, w := range r.Warnings {
		warnings = warned(warnings, w)
	}
	r.Warnings = warnings
	r.Trajectories = append(slices.Clone(before.Trajectories), r.Trajectories...)
}

// counted adds trajectories that ended in one way to counts by ascending code.
func counted(list []Count, code ode.Retcode, n int64) []Count {
	k, found := slices.BinarySearchFunc(list, code, func(c Count, code ode.Retcode) int { return int(c.Retcode) - int(code) })
	if !found {
		list = slices.Insert(list, k, Count{Retcode: code})
	}
	list[k].N += n
	return list
}

// warned adds a warning, unless there are too many different ones.
func warned(list []Warning, w Warning) []Warning {
	for k := range list {
		if list[k].Text == w.Text {
			list[k].N += w.N
			return list
		}
	}
	if len(list) < mostWarnings {
		list = append(list, w)
	}
	return list
}

// Failures is the number of trajectories that stopped early for another reason than the model's own.
func (r *Result) Failures() int64 {
	n := int64(0)
	for _, c := range r.Counts {
		if c.Retcode != ode.Success && c.Retcode != ode.Terminated {
			n += c.N
		}
	}
	return n
}
