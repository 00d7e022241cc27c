package ode

// Runs that are saved in mid-flight and go on later, in this process or another one. The
// state of a run is what its next step reads: the workspace, the history of the method
// with its factors, the discrete state of the model, what callbacks remember, and the
// solution so far. Options, kernels and tables belong to the program that goes on with it.
//
// A run that goes on ends bitwise equal to one that was not interrupted. So the pivot
// sequences of sparse factors are part of the state (linsolve.Replay), as is everything
// that depends on when it was last used; matrices of charts that are taken up again choose
// their pivots anew.

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sort"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/linsolve"
)

// archiveVersion is part of every archive; it changes whenever a field does.
const archiveVersion = "mtkc run 8"

// Save returns the state of the run between two steps. Resume and Restore go on from it.
// A method of another package whose stepper is no archive.Archiver is an error, as is a
// callback that has state but no way to save it.
func (in *Integrator) Save() ([]byte, error) { return in.AppendSave(nil) }

// AppendSave is Save into the memory of buf: it allocates only where that is too short.
func (in *Integrator) AppendSave(buf []byte) ([]byte, error) {
	first := len(buf)
	in.ar.Save(buf)
	in.archive(&in.ar)
	if err := in.ar.Err(); err != nil {
		return nil, fmt.Errorf("the run cannot be saved: %w", err)
	}
	out := in.ar.Bytes()
	return binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(out[first:])), nil
}

// Restore makes in the run that Save was called on: its own, earlier, or one with the same
// problem, options and callbacks. After an error the run cannot go on.
func (in *Integrator) Restore(data []byte) error {
	n := len(data) - 4
	if n < 0 || crc32.ChecksumIEEE(data[:n]) != binary.LittleEndian.Uint32(data[n:]) {
		return errors.New("the state of the run is damaged: its checksum is wrong")
	}
	in.ar.Load(data[:n])
	in.archive(&in.ar)
	in.ar.Done()
	if err := in.ar.Err(); err != nil {
		in.done = true
		return fmt.Errorf("the run cannot be restored: %w", err)
	}
	return nil
}

// Resume goes on with a run that was saved, with the same problem and options. Only the
// options that a step reads anew may differ: the end of the span, limits, output. Times to save that the
// saved run had passed are not saved again.
func Resume(ctx context.Context, p *Problem, opt Options, data []byte) (*Integrator, error) {
	in, err := assemble(ctx, p, opt)
	if err != nil {
		return nil, err
	}
	in.tools()
	if in.ws.flip {
		in.ws.K = in.backward
	}
	if err := in.Restore(data); err != nil {
		return nil, err
	}
	if !in.done {
		in.next = sort.Search(len(in.set.SaveAt), func(k int) bool { return in.ws.Time(in.set.SaveAt[k]) >= in.ws.T })
	}
	return in, nil
}

// archiveStepper visits a stepper within another object.
func archiveStepper(a *archive.Archive, st Stepper) {
	if s, ok := st.(archive.Archiver); ok {
		s.Archive(a)
		return
	}
	a.Fail("the stepper %T has no Archive method", st)
}

// archive visits the whole run.
func (in *Integrator) archive(a *archive.Archive) {
	ws := in.ws
	mark := archiveVersion
	a.String(&mark)
	if mark != archiveVersion {
		a.Fail("it was saved by another version: %q, want %q", mark, archiveVersion)
	}
	name, method := in.p.Name, in.method.Info().Name
	a.String(&name)
	a.String(&method)
	if name != in.p.Name || method != in.method.Info().Name {
		a.Fail("it is a run of %q with %s, not of %q with %s", name, method, in.p.Name, in.method.Info().Name)
	}
	if a.Err() != nil {
		return
	}
	if a.Loading() && in.hy != nil && in.hy.slide != nil {
		in.hy.slide.end(in)
	}
	a.Floats(ws.Params)
	if a.Loading() && a.Err() == nil {
		in.followTime()
	}
	ws.archive(a)
	archiveStepper(a, in.base())
	a.Bool(&in.moved, &in.strayed, &in.told, &in.done)
	a.Int(&in.redone, &in.next)
	a.Grown(&in.inner)
	if in.alg != nil {
		in.alg.archive(a)
	}
	if in.proj != nil {
		in.proj.archive(a)
	}
	if in.hy != nil {
		in.hy.archive(a)
	}
	in.archiveStops(a)
	if in.cb != nil {
		in.cb.archive(a)
	}
	in.sol.archive(a)
	if a.Loading() && a.Err() == nil && in.done {
		in.sol.T, in.sol.U, in.sol.Params, in.sol.Stats = ws.Time(ws.T), in.final, ws.Params, *ws.Stats
		copy(in.final, ws.U)
	}
}

// archiveStops visits what was set for the steps to come.
func (in *Integrator) archiveStops(a *archive.Archive) {
	a.Grown(&in.stops)
	a.Bool(&in.touched, &in.bound, &in.ending)
	a.Float(&in.first, &in.equal)
	if a.Loading() {
		if in.ws.InitialStep = in.set.InitialStep; in.equal > 0 {
			in.ws.InitialStep = in.equal
		}
	}
	a.String(&in.last)
	a.Bools(in.set.set)
}

// base is the stepper of the run where it does not slide.
func (in *Integrator) base() Stepper {
	if in.hy != nil && in.hy.slide != nil {
		return in.hy.slide.stepper
	}
	return in.st
}

// archive visits the point, the step and the counts. The end of the run, tolerances and limits
// are those of the options.
func (ws *Workspace) archive(a *archive.Archive) {
	a.Floats(ws.U, ws.UPrev, ws.UNew)
	a.Float(&ws.T, &ws.TPrev, &ws.H, &ws.TStop, &ws.tLow)
	ws.Stats.archive(a)
	a.Int(ws.budget, &ws.pace.steps)
	a.Float(&ws.pace.t)
}

func (s *Stats) archive(a *archive.Archive) {
	a.Int(&s.Steps, &s.Rejected, &s.RHS, &s.Jac, &s.Factor, &s.Solve, &s.Newton, &s.NewtonFail, &s.Events, &s.Project, &s.Charts, &s.Switches)
}

// archive visits the saved points.
func (s *Solution) archive(a *archive.Archive) {
	a.Grown(&s.Times, &s.states, &s.memory)
	a.Bool(&s.wide)
	archive.Resize(a, &s.version)
	a.Int32s(s.version)
	archive.Resize(a, &s.Warnings)
	for i := range s.Warnings {
		a.String(&s.Warnings[i])
	}
	code := int(s.Retcode)
	a.Int(&code)
	s.Retcode = Retcode(code)
	a.String(&s.Message)
	a.String(&s.Solver)
	a.String(&s.Why)
	a.String(&s.Init)
	dense := s.dense != nil
	was := dense
	a.Bool(&dense)
	if dense != was {
		a.Fail("Options.Dense is %v, but the run was saved with %v", was, dense)
		return
	}
	if d := s.dense; dense {
		a.Grown(&d.vals)
		archive.Resize(a, &d.steps)
		for i := range d.steps {
			x := &d.steps[i]
			a.Float(&x.t0, &x.t1)
			a.Int(&x.first)
			a.Int32(&x.degree, &x.params)
		}
	}
}

// archive visits what searches begin with.
func (al *algebraic) archive(a *archive.Archive) {
	a.Floats(al.good)
	a.Int(&al.vain, &al.failed)
	a.Bool(&al.factored)
	a.Float(&al.t)
	al.lu.Archive(a, al.sub)
	al.solver.Archive(a)
	if al.lifted != nil {
		al.lifted.Archive(a)
	}
}

func (pr *projector) archive(a *archive.Archive) {
	a.Floats(pr.size)
	a.Bool(&pr.first)
	if pr.gram != nil {
		pr.gram.lu.Archive(a, pr.gram.vals)
	}
}

// archive visits the discrete state. Indicators at the nodes of a step and the memory of one
// event do not outlive them.
func (hy *hybrid) archive(a *archive.Archive) {
	a.Floats(hy.end, hy.scale, hy.zero, hy.given, hy.peak, hy.size, hy.band, hy.te, hy.fired, hy.u0, hy.p0, hy.recent, hy.coarse[:])
	a.Bools(hy.crossed, hy.warned, hy.rests)
	a.Int(&hy.idle, &hy.flips, &hy.count, &hy.limit.relation, &hy.limit.chattering, &hy.nudges)
	a.Ints(hy.kinkSteps[:])
	a.Bool(&hy.asleep, &hy.tolerant, &hy.hopeless)
	a.Float(&hy.next, &hy.limit.t, &hy.limit.gap, &hy.nudged)
	for i := range hy.pile {
		z := &hy.pile[i]
		a.Float(&z.last, &z.gap, &z.noise)
		a.Int(&z.shrinking, &z.small, &z.tiny, &z.step, &z.dense, &z.wake, &z.sleep)
		a.Bool(&z.acted)
	}
	along := 0 // 1 + the relation along which the run slides
	if hy.slide != nil {
		along = 1 + hy.slide.relation
	}
	a.Int(&along)
	if a.Err() != nil || along == 0 {
		return
	}
	if a.Loading() {
		stats := *hy.ws.Stats
		i := along - 1
		ok := i >= 0 && i < len(hy.h.Relations) && hy.slideAlong(i) == ""
		if *hy.ws.Stats = stats; !ok {
			a.Fail("it slides along a border of relation %d", i)
			return
		}
	}
	archiveStepper(a, hy.in.st)
}

// end goes back to the stepper of the run, for another state to be loaded.
func (s *sliding) end(in *Integrator) {
	s.keep()
	in.hy.slide, in.st = nil, s.stepper
}

// Archive visits the coordinates and the stepper in them, after the chart that says what
// they are.
func (f *frame) Archive(a *archive.Archive) {
	charted := f.chart != nil && f.shape == f.chart.shape && f.shape > 0
	a.Bool(&f.leave, &charted)
	if f.chart != nil {
		f.chart.archive(a)
		if a.Loading() && a.Err() == nil {
			f.err = nil
			if f.shape = 0; charted {
				f.shape = f.chart.shape
				f.adapt()
			} else if f.plain != nil {
				f.plain()
			}
		}
		f.dep.archive(a)
	}
	f.ws.archive(a)
	if f.alg != nil {
		f.alg.archive(a)
	}
	if f.state != nil {
		f.state(a)
	}
	if a.Err() == nil {
		archiveStepper(a, f.st)
	}
}

func (d *nested) archive(a *archive.Archive) {
	a.Floats(d.u, d.du, d.last, d.slope, d.slopePrev)
	a.Float(&d.t)
	a.Bool(&d.known, &d.moves)
	a.Bools(d.sloped[:])
	made := d.jac != nil
	a.Bool(&made)
	if a.Loading() && made && d.jac == nil {
		d.makeJac()
	}
	if made && a.Err() == nil {
		d.jac.lu.Archive(a, d.jac.vals)
	}
}

func (c *chart) archive(a *archive.Archive) {
	a.Floats(c.scale, c.reach)
	a.Int32s(c.dep)
	a.Int(&c.shape)
	for k := range c.groups {
		g := &c.groups[k]
		a.Floats(g.a, g.seen)
		a.Int32s(g.dep)
		a.Bools(g.in)
		a.Float(&g.steep, &g.small, &g.sign, &g.chosen)
		factored := g.lu != nil
		a.Bool(&factored)
		if a.Err() != nil {
			return
		}
		if a.Loading() {
			if g.lu = nil; factored {
				g.factor()
			}
		}
		if factored {
			g.lu.Archive(a, g.sub)
		}
	}
}

func (d *dependent) archive(a *archive.Archive) {
	current := d.m != nil && d.shape == d.chart.shape
	a.Bool(&current)
	if a.Err() != nil {
		return
	}
	if a.Loading() {
		d.m, d.shape = nil, -1
		if current {
			d.adopt()
		}
		d.ok = false
	}
	if current {
		a.Bool(&d.ok)
		d.m.lu.Archive(a, d.m.sub)
	}
}

// spare is a stepper that waits to be used again by the next run of an integrator.
type spare struct {
	st    Stepper
	fresh []byte // its state when it was new
}

// take returns a new stepper: the one that waits, made new, or one that make makes.
func (s *spare) take(make func() (Stepper, error)) (Stepper, error) {
	var a archive.Archive
	if st := s.st; st != nil {
		s.st = nil
		if a.Load(s.fresh); s.fresh != nil {
			archiveStepper(&a, st)
			if a.Err() == nil {
				return st, nil
			}
		}
	}
	st, err := make()
	if err != nil {
		return nil, err
	}
	a.Save(s.fresh[:0])
	archiveStepper(&a, st)
	if s.fresh = a.Bytes(); a.Err() != nil {
		s.fresh = nil
	}
	return st, nil
}

// exist visits whether a stepper is there that is made only when it is needed.
func exist(a *archive.Archive, st *Stepper, s *spare, make func() (Stepper, error)) {
	there := *st != nil
	a.Bool(&there)
	if !a.Loading() || a.Err() != nil || there == (*st != nil) {
		return
	}
	if !there {
		s.st, *st = *st, nil
		return
	}
	var err error
	if *st, err = s.take(make); err != nil {
		a.Fail("%v", err)
	}
}

// Archive visits both methods and which of them is at work.
func (r *relay) Archive(a *archive.Archive) {
	exchanged := r.before != ""
	a.Bool(&exchanged)
	if a.Loading() && exchanged != (r.before != "") {
		if r.needReserve() != nil {
			a.Fail("there is no %s", r.m.reserve)
			return
		}
		r.swap()
		if r.before = ""; exchanged {
			r.before = r.m.reserve
		}
	}
	a.Float(&r.at)
	exist(a, &r.reserve, &r.spare, func() (Stepper, error) { return begin(r.ws, r.m.reserve) })
	which := func(st *Stepper) {
		reserve := *st == r.reserve
		a.Bool(&reserve)
		if a.Loading() {
			if *st = r.first; reserve {
				*st = r.reserve
			}
		}
	}
	which(&r.cur)
	which(&r.last)
	a.Int(&r.stay, &r.left, &r.taken)
	if a.Err() != nil {
		return
	}
	archiveStepper(a, r.first)
	if r.reserve != nil {
		archiveStepper(a, r.reserve)
	}
	solves := r.alg != nil && r.shape == r.ws.shape
	a.Bool(&solves)
	if a.Loading() {
		if r.alg = nil; solves {
			r.alg, r.shape = newAlgebraic(r.ws), r.ws.shape
		}
	}
	if solves {
		r.alg.archive(a)
	}
}

// Archive visits both methods, which of them is at work, and what they are judged by.
func (m *auto) Archive(a *archive.Archive) {
	exist(a, &m.implicit, &m.spare, m.makeImplicit)
	if m.relay = nil; m.implicit != nil {
		m.relay = bare(m.implicit).(*relay)
	}
	which := func(st *Stepper) {
		implicit := *st == m.implicit && m.implicit != nil
		a.Bool(&implicit)
		if a.Loading() {
			if *st = m.front; implicit {
				*st = m.implicit
			}
		}
	}
	which(&m.cur)
	which(&m.last)
	a.Bool(&m.pending)
	a.Int(&m.stiff, &m.calm, &m.easy, &m.need, &m.patience, &m.gap, &m.wait)
	a.Ints(m.steps[:])
	a.Float(&m.first, &m.damped, &m.peak, &m.limit, &m.markT)
	a.Bool(&m.marked, &m.paid)
	m.mark.archive(a)
	known := m.rho.v != nil
	a.Bool(&known)
	if a.Loading() {
		if m.rho = (power{}); known {
			m.rho.begin(m.view.N())
		}
	}
	if known {
		a.Floats(m.rho.v)
	}
	if a.Err() != nil {
		return
	}
	archiveStepper(a, m.front)
	if m.implicit != nil {
		archiveStepper(a, m.implicit)
	}
}

// replayed makes a solver for pattern p whose state can be saved.
func replayed(p *linsolve.Pattern) *linsolve.Replay[float64] {
	return replay(linsolve.New[float64](p, linsolve.Hints{}), p, linsolve.Hints{})
}
