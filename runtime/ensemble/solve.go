package ensemble

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/mtkc/mtkc/runtime/ode"
)

// ensemble is what its workers share; all of it is read-only while they work, but src under lock.
type ensemble struct {
	p       *ode.Problem
	opt     *Options
	run     ode.Options // of all trajectories; SaveAt is nil where the end alone is recorded
	span    [2]float64
	entries []ode.Entry // of the columns
	vars    []string    // recorded
	rows    int         // records of a trajectory, at most
	nv      int         // len(vars)

	lock sync.Mutex
	src  Source
	next int   // number of the chunk to read next
	err  error // of the source; io.EOF: it has ended
}

// chunk is a piece of work: consecutive trajectories.
type chunk struct {
	number int
	setups []Setup      // those that were read
	list   []Trajectory // what became of them
	groups []moments
	ends   []int // of groups, in list
	notes  []note
	err    error // the whole chunk came to nothing

	allSetups []Setup
	allList   []Trajectory
	allGroups []moments
	values    []float64
	times     []float64
	record    []float64
	extra     []float64
}

// note is a warning of a trajectory.
type note struct {
	index int64
	text  string
}

// runner integrates the trajectories of chunks; each worker has one.
type runner interface {
	run(ctx context.Context, c *chunk) error
	chunk(workers int) int // the number of trajectories that suits it
	close() error
}

// errInterrupted is the error of a chunk that was not finished.
var errInterrupted = errors.New("interrupted")

// Solve solves p for every trajectory of src. A trajectory that fails is counted and described in the
// Result; the error is about options that make no sense (then the Result is nil), the source, the sink or the
// engine, or that ctx was cancelled: then the Result holds the trajectories before the first one that is
// missing, and they alone went to the sink.
func Solve(ctx context.Context, p *ode.Problem, src Source, opt Options) (*Result, error) {
	e, res, err := prepare(ctx, p, src, &opt)
	if err != nil {
		return nil, err
	}
	workers := opt.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	first, err := e.runner(res)
	if err != nil {
		return nil, err
	}
	size := opt.ChunkSize
	length := int64(math.MaxInt64)
	if s, ok := src.(Sized); ok {
		length = s.Len()
	}
	if size <= 0 {
		size = first.chunk(workers)
		if workers > 1 {
			size = int(min(int64(size), share(length, workers)))
		}
		size = min(size, max(leastChunk, mostRecord/(e.rows*max(1, e.nv, p.N()))))
	}
	size = (max(size, 1) + group - 1) / group * group
	if length < int64(size)*int64(workers) {
		workers = int(max(1, (length+int64(size)-1)/int64(size)))
	}

	outer := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	free, done := make(chan *chunk, 2*workers+2), make(chan *chunk, 2*workers+2)
	for range cap(free) {
		free <- nil // made when needed
	}
	var wait sync.WaitGroup
	for w := range workers {
		r := first
		if w > 0 {
			if r, err = e.runner(res); err != nil {
				cancel(err)
				break
			}
		}
		wait.Go(func() {
			e.work(ctx, r, size, free, done)
			if err := r.close(); err != nil {
				cancel(err)
			}
		})
	}
	go func() {
		wait.Wait()
		close(done)
	}()
	f := &folder{e: e, res: res, pending: map[int]*chunk{}, point: Point{Values: make([]float64, len(e.entries))}}
	for c := range done {
		if f.err == nil {
			if f.take(c, free); f.err != nil {
				cancel(f.err)
			}
			continue
		}
		select { // let the workers see that it is over
		case free <- c:
		default:
		}
	}
	switch {
	case f.err != nil && f.err != errInterrupted:
		return res, f.err
	case err != nil:
		return res, err
	case e.err == io.EOF && f.err == nil && f.next == e.next:
		return res, f.end()
	case outer.Err() != nil:
		return res, outer.Err()
	case ctx.Err() != nil: // what a worker brought about
		return res, context.Cause(ctx)
	}
	return res, e.err
}

// mostRecord is how many recorded numbers, or numbers of states at these times, a chunk may hold, of which there are a few for each worker: a GPU would like
// a million trajectories at a time, and models have thousands of states.
// A chunk has leastChunk trajectories at least.
const (
	mostRecord = 1 << 23
	leastChunk = 64
)

// share is the largest chunk that leaves each worker several of them, for some take longer than others; at
// least one, though, and none that is too small for lanes.
func share(length int64, workers int) int64 {
	const several, small, least = 4, 256, leastChunk
	part := length / int64(workers)
	return max(least, min(part, max(small, part/several)))
}

// prepare checks the options.
func prepare(ctx context.Context, p *ode.Problem, src Source, opt *Options) (*ensemble, *Result, error) {
	e := &ensemble{p: p, opt: opt, src: src, run: opt.Run, span: opt.Run.Span}
	if e.span == [2]float64{} {
		e.span = p.Span
	}
	e.run.Span = e.span
	switch {
	case opt.Run.Callbacks != nil || opt.Run.Progress != nil:
		return nil, nil, errors.New("Options.Run has Callbacks or Progress: they belong to one run; use Options.Callbacks and Options.Progress of the ensemble")
	case opt.Run.Dense || opt.Run.SaveGap > 0:
		return nil, nil, errors.New("Options.Run asks for dense output or SaveGap, which an ensemble does not record: give SaveAt or Steps")
	case opt.Run.Entries != nil:
		return nil, nil, errors.New("Options.Run.Entries: give what all trajectories have in common in Set, P or U0")
	case opt.Each < 0 || opt.Each > 0 && (!opt.Statistics || opt.Point == nil):
		return nil, nil, fmt.Errorf("Options.Each = %d: give the number of trajectories of a point, with Statistics, and Point to take these", opt.Each)
	case opt.Each == 0 && opt.Point != nil:
		return nil, nil, errors.New("Options.Point without Options.Each, which says how many trajectories a point has")
	case opt.First < 0 || opt.Statistics && opt.First%group != 0:
		return nil, nil, fmt.Errorf("Options.First = %d: give a multiple of %d from 0 on", opt.First, group)
	}
	for _, q := range opt.Quantiles {
		if !(q >= 0 && q <= 1) {
			return nil, nil, fmt.Errorf("there is no quantile %v: they lie between 0 and 1", q)
		}
	}
	if s := e.run.Steps; s > 0 {
		e.run.Steps = 0
		e.run.SaveAt = make([]float64, s+1)
		for i := range e.run.SaveAt {
			e.run.SaveAt[i] = (float64(s-i)*e.span[0] + float64(i)*e.span[1]) / float64(s)
		}
		e.run.SaveAt[0], e.run.SaveAt[s] = e.span[0], e.span[1] // whatever the rounding
	}
	if e.run.FinalOnly {
		e.run.SaveAt = nil
	}
	e.run.FinalOnly = e.run.SaveAt == nil
	e.rows = max(1, len(e.run.SaveAt))

	res := &Result{Problem: p, Vars: opt.Vars, Times: e.run.SaveAt}
	if res.Vars == nil {
		all := (&ode.Solution{Problem: p}).Names()
		if len(p.States) == p.N() {
			all = all[:0]
			for i := range p.States {
				all = append(all, p.States[i].Name)
			}
		}
		res.Vars = all[:p.N()]
	}
	e.vars, e.nv = res.Vars, len(res.Vars)
	seen := map[ode.Entry]string{}
	startOf := map[int]int{} // of a parameter that is the start value of a state
	for i := range p.States {
		startOf[p.States[i].StartParam-1] = i
	}
	for k, c := range src.Columns() {
		entry, name := c.Entry, c.Name
		if name != "" {
			var err error
			if entry, err = p.Entry(name); err != nil {
				return nil, nil, err
			}
		} else if name = fmt.Sprintf("column %d", k); entry.State && entry.Index < len(p.States) {
			name = p.States[entry.Index].Name
		} else if !entry.State && entry.Index < len(p.Params) {
			name = p.Params[entry.Index].Name
		}
		same := ode.Entry{State: entry.State, Index: entry.Index}
		if i, ok := startOf[entry.Index]; ok && !entry.State {
			same = ode.Entry{State: true, Index: i}
		}
		if other, twice := seen[same]; twice {
			return nil, nil, fmt.Errorf("two columns of the source, %s and %s, set the same value", other, name)
		}
		seen[same] = name
		e.entries = append(e.entries, entry)
		res.Columns = append(res.Columns, name)
	}
	// An integrator with what all trajectories have in common says what is wrong with the options.
	in, err := ode.NewIntegrator(ctx, p, e.run)
	if in == nil {
		return nil, nil, err
	}
	res.Method = in.Solution().Solver
	if _, err := p.Observer(res.Vars); err != nil {
		return nil, nil, err
	}
	if opt.Statistics {
		size := opt.SketchSize
		if size <= 0 {
			size = 1024
		}
		var extra []string
		if opt.Functional != nil {
			extra = opt.Functional.Names
		}
		res.Statistics = newStatistics(res.Vars, res.Times, extra, opt.Quantiles, size)
		if opt.From != nil {
			if err := res.Statistics.adopt(opt.From); err != nil {
				return nil, nil, err
			}
		}
	}
	return e, res, nil
}

// runner makes the runner of a worker.
func (e *ensemble) runner(res *Result) (runner, error) {
	if e.opt.Engine != nil && res.Unfit == "" {
		res.Unfit = unfit(e.p, &e.run, e.span)
		if e.opt.Callbacks != nil {
			res.Unfit = "there are callbacks"
		}
		if res.Unfit == "" {
			eng, err := e.opt.Engine()
			var no *Unfit
			switch {
			case errors.As(err, &no):
				res.Unfit = no.Why
			case err != nil:
				return nil, err
			case eng != nil:
				res.Engine = eng.Name()
				return newLanes(e, eng)
			}
		}
	}
	return newScalar(e)
}

// work integrates chunks until there are no more.
func (e *ensemble) work(ctx context.Context, r runner, size int, free, done chan *chunk) {
	for {
		var c *chunk
		select {
		case c = <-free:
		case <-ctx.Done():
			return
		}
		if c == nil {
			c = e.newChunk(size)
		}
		if !e.read(c, size) {
			return
		}
		if c.err = r.run(ctx, c); c.err == nil {
			e.finish(c)
		}
		done <- c
	}
}

func (e *ensemble) newChunk(size int) *chunk {
	extra := 0
	if e.opt.Functional != nil {
		extra = len(e.opt.Functional.Names)
	}
	c := &chunk{
		allSetups: make([]Setup, size), allList: make([]Trajectory, size),
		values: make([]float64, size*len(e.entries)), record: make([]float64, size*e.rows*e.nv), extra: make([]float64, size*extra),
	}
	if e.run.SaveAt == nil {
		c.times = make([]float64, size)
	}
	if e.opt.Statistics {
		n := size / group
		if each := e.opt.Each; each > 0 {
			n = min(size, n+int(int64(size)/each)+1)
		}
		c.allGroups = make([]moments, n)
		for g := range c.allGroups {
			c.allGroups[g] = newMoments(e.rows*e.nv + extra)
		}
	}
	return c
}

// read takes the next trajectories from the source; false: there are none.
func (e *ensemble) read(c *chunk, size int) bool {
	e.lock.Lock()
	defer e.lock.Unlock()
	if e.err != nil {
		return false
	}
	renew(c.allSetups, c.values, len(e.entries))
	n, err := e.src.Read(c.allSetups)
	if n < size && err == nil {
		err = io.EOF
	}
	e.err = err
	if n == 0 {
		return false
	}
	c.number = e.next
	e.next++
	c.setups, c.list, c.notes, c.err = c.allSetups[:n], c.allList[:n], c.notes[:0], nil
	if e.opt.Statistics {
		c.ends = groupEnds(c.ends[:0], e.opt.First+int64(c.number)*int64(size), n, e.opt.Each)
		c.groups = c.allGroups[:len(c.ends)]
	}
	extra := len(c.extra) / size
	for i := range c.list {
		c.list[i] = Trajectory{
			Index: e.opt.First + int64(c.number)*int64(size) + int64(i), Values: c.setups[i].Values,
			Extra: c.extra[i*extra : (i+1)*extra : (i+1)*extra],
		}
	}
	return true
}

// finish computes what follows from the records of a chunk.
func (e *ensemble) finish(c *chunk) {
	if f := e.opt.Functional; f != nil {
		for i := range c.list {
			t := &c.list[i]
			for k := range t.Extra {
				t.Extra[k] = math.NaN()
			}
			if t.OK() {
				f.Eval(t, t.Extra)
			}
		}
	}
	if e.opt.Statistics {
		gather(c.list, e.rows*e.nv, c.groups, c.ends)
	}
}

// end is where trajectory s ends; ok: that is behind its start.
func (e *ensemble) end(s *Setup) (end float64, ok bool) {
	if s.End == s.End {
		return s.End, (s.End-e.span[0])*(e.span[1]-e.span[0]) > 0
	}
	return e.span[1], true
}

// folder takes finished chunks in, in their order.
type folder struct {
	e       *ensemble
	res     *Result
	pending map[int]*chunk
	next    int
	err     error
	point   Point // Values and End of the last trajectory
}

func (f *folder) take(c *chunk, free chan *chunk) {
	f.pending[c.number] = c
	for f.err == nil {
		c := f.pending[f.next]
		if c == nil {
			return
		}
		delete(f.pending, f.next)
		f.next++
		if f.fold(c); f.err == nil {
			free <- c
		}
	}
}

func (f *folder) fold(c *chunk) {
	res, opt := f.res, f.e.opt
	if c.err != nil {
		f.err = c.err
		return
	}
	for i := range c.list {
		t := &c.list[i]
		if opt.Sink != nil {
			if f.err = opt.Sink(t); f.err != nil {
				return
			}
		}
		f.count(t)
		if opt.Keep {
			res.Trajectories = append(res.Trajectories, t.clone())
		}
	}
	if res.Statistics != nil {
		if f.err = f.statistics(c); f.err != nil {
			return
		}
	}
	for _, n := range c.notes {
		res.Warnings = warned(res.Warnings, Warning{n.text, n.index, 1})
	}
	if opt.Checkpoint != nil {
		if f.err = opt.Checkpoint(res); f.err != nil {
			return
		}
	}
	if opt.Progress != nil {
		opt.Progress(res.N)
	}
}

// statistics folds the trajectories of a chunk in, a point at a time.
func (f *folder) statistics(c *chunk) error {
	each, s := f.e.opt.Each, f.res.Statistics
	if each == 0 {
		s.take(c.list, c.groups)
		return nil
	}
	for i, g := 0, 0; i < len(c.list); {
		to, h := i, g
		for whole := false; h < len(c.ends) && !whole; h++ {
			to = c.ends[h]
			whole = (c.list[to-1].Index+1)%each == 0
		}
		s.take(c.list[i:to], c.groups[g:h])
		i, g = to, h
		last := &c.list[to-1]
		copy(f.point.Values, last.Values)
		f.point.End, _ = f.e.end(&c.setups[to-1])
		if (last.Index+1)%each != 0 {
			continue
		}
		if err := f.give(last.Index / each); err != nil {
			return err
		}
	}
	return nil
}

// give hands the statistics of a point out.
func (f *folder) give(index int64) error {
	f.point.Index, f.point.Statistics = index, f.res.Statistics
	err := f.e.opt.Point(&f.point)
	f.res.Statistics.reset()
	return err
}

// end hands out the last point where it is not complete.
func (f *folder) end() error {
	each, n := f.e.opt.Each, f.e.opt.First+f.res.N
	if each == 0 || n%each == 0 || f.res.N == 0 {
		return nil
	}
	return f.give(n / each)
}

// count notes how a trajectory ended.
func (f *folder) count(t *Trajectory) {
	res := f.res
	res.N++
	res.Steps += t.Steps
	res.Rejected += t.Rejected
	res.Events += t.Events
	res.Counts = counted(res.Counts, t.Retcode, 1)
	if !t.OK() && len(res.Failed) < mostFailed {
		res.Failed = append(res.Failed, Failed{t.Index, slices.Clone(t.Values), t.T, t.Retcode, t.Message})
	}
}

// clone copies a trajectory out of the memory of its chunk.
func (t *Trajectory) clone() Trajectory {
	c := *t
	c.Values, c.Times, c.Record, c.Extra = slices.Clone(t.Values), slices.Clone(t.Times), slices.Clone(t.Record), slices.Clone(t.Extra)
	return c
}
