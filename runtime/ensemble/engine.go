package ensemble

import (
	"context"
	"slices"

	"github.com/mtkc/mtkc/runtime/ode"
)

// Batch is a set of N trajectories of one problem with n states and np entries of p, row-major.
type Batch struct {
	N        int
	T, TEnd  []float64 // N: where each starts (in) and where it stopped (out, in T); where it ends
	U        []float64 // N*n: in, and out at T
	P        []float64 // N*np, with the discrete memory
	Save     []float64 // M ascending times, common to all; those in (T, TEnd] of a trajectory are saved
	Out      []float64 // N*M*n, entry [(i*M+k)*n+j]; untouched where not reached
	Status   []Status  // N: in: Running, anything else means that the trajectory is left alone
	H        []float64 // N: in: the first step size, 0 = choose; out: the next one, where an event stopped it the one that crosses
	Steps    []int64   // N: accepted steps, counted up
	Rejected []int64   // N: rejected ones, counted up
}

// Status says why an engine left a trajectory.
type Status int32

const (
	Running   Status = iota
	Reached          // T is TEnd
	TooSmall         // the step size fell below the resolution of time
	NotFinite        // a state that is not a number, or infinite
	TooMany          // too many steps
	Crossed          // an event indicator changed sign in the next step; the trajectory stands at its start
	Unsound          // the engine's linear algebra does for this trajectory no longer
)

// Engine integrates batches with one method at fixed tolerances, smooth pieces of trajectories alone:
// a trajectory whose relations change stops before. It serves one goroutine. What it makes of a trajectory must
// not depend on the others in the batch. Run returns early with an error where ctx is done.
//
// An engine may have methods Chunk() int, the size of batches that suits it, and Close() error.
type Engine interface {
	Run(ctx context.Context, b *Batch) error
	Name() string
}

// Unfit is the error of an engine that cannot take a problem; its trajectories are runs of ode.Integrator then.
type Unfit struct{ Why string }

func (e *Unfit) Error() string { return "the engine cannot take the problem: " + e.Why }

// Fit says whether engines can take a problem with these options of its runs. The error is an *Unfit.
func Fit(p *ode.Problem, run *ode.Options) error {
	span := run.Span
	if span == [2]float64{} {
		span = p.Span
	}
	if why := unfit(p, run, span); why != "" {
		return &Unfit{why}
	}
	return nil
}

func unfit(p *ode.Problem, run *ode.Options, span [2]float64) string {
	switch {
	case span[1] < span[0]:
		return "the run goes backward in time"
	case p.Implicit != nil:
		return "the problem is an implicit one"
	case p.Noise != nil:
		return "the problem has noise"
	case p.Jumps != nil:
		return "the problem jumps at random instants"
	case p.NInv > 0:
		return "the problem keeps constraints"
	case p.N() == 0:
		return "the problem has no states"
	case p.Callbacks != nil:
		return "there are callbacks"
	case run.AbsTols != nil && len(run.AbsTols) != p.N():
		return "tolerances do not fit"
	case run.Controller != nil:
		return "steps are chosen by a controller of the caller's"
	case run.Form == "nested" && slices.Contains(p.Mass, 0):
		return "algebraic equations are to be solved inside the right-hand side"
	}
	if h := p.Hybrid; h != nil {
		for i := range h.Actions {
			if a := &h.Actions[i]; a.Always && !a.Terminate {
				return "an assertion is to be checked at every step: " + a.Message
			}
		}
		for i := range h.Relations {
			if k := h.Relations[i].Kind; k != ode.Comparison && k != ode.Kink {
				return "the value of " + h.Relations[i].Text + " is a function with several jumps"
			}
		}
	}
	return ""
}
