package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/mtkc/mtkc/runtime/ode"
)

// bar shows how far a run is, on a terminal, if the run takes a while.
type bar struct {
	p     *progressbar.ProgressBar
	start time.Time
	begin float64
	span  float64
	w     io.Writer
}

// patience is how long a run may take before a bar appears.
const patience = 500 * time.Millisecond

const ticks = 1000

// newBar hooks a bar into the options; nothing happens where w is no terminal.
func newBar(w io.Writer, p *ode.Problem, o *ode.Options) *bar {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	span := o.Span
	if span == [2]float64{} {
		span = p.Span
	}
	b := &bar{start: time.Now(), begin: span[0], span: span[1] - span[0], w: w}
	o.Progress = b.at
	return b
}

func (b *bar) at(t float64) {
	if b.p == nil {
		if time.Since(b.start) < patience {
			return
		}
		b.p = progressbar.NewOptions(ticks,
			progressbar.OptionSetWriter(b.w), progressbar.OptionSetDescription("solving"),
			progressbar.OptionSetWidth(40), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond))
	}
	if b.span != 0 {
		_ = b.p.Set(min(ticks-1, max(0, int(ticks*(t-b.begin)/b.span))))
	}
}

func (b *bar) close() {
	if b != nil && b.p != nil {
		_ = b.p.Finish()
	}
}

// counter shows how many trajectories are done, on a terminal, if they take a while.
type counter struct {
	p     *progressbar.ProgressBar
	start time.Time
	total int64 // -1: unknown
	w     io.Writer
}

// newCounter returns nil where w is no terminal.
func newCounter(w io.Writer, total int64) *counter {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return &counter{start: time.Now(), total: total, w: w}
}

func (c *counter) at(done int64) {
	if c == nil || c.p == nil && time.Since(c.start) < patience {
		return
	}
	if c.p == nil {
		c.p = progressbar.NewOptions64(c.total,
			progressbar.OptionSetWriter(c.w), progressbar.OptionSetDescription("trajectories"),
			progressbar.OptionSetWidth(40), progressbar.OptionClearOnFinish(), progressbar.OptionShowCount(), progressbar.OptionShowIts(),
			progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond))
	}
	_ = c.p.Set64(done)
}

func (c *counter) close() {
	if c != nil && c.p != nil {
		_ = c.p.Finish()
	}
}

// status is a line on a terminal that tells what is being done; nil: there is no terminal.
type status struct {
	w     io.Writer
	start time.Time
	shown bool
}

// newStatus returns nil where w is no terminal.
func newStatus(w io.Writer) *status {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return &status{w: w, start: time.Now()}
}

func (s *status) show(what string) {
	if s != nil && time.Since(s.start) > patience {
		fmt.Fprintf(s.w, "\r\x1b[Kmeasuring: %s", what)
		s.shown = true
	}
}

func (s *status) close() {
	if s != nil && s.shown {
		fmt.Fprint(s.w, "\r\x1b[K")
	}
}
