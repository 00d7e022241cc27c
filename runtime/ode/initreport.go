package ode

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/mtkc/mtkc/runtime/newton"
)

// BlockReport says how a block of the initialization was solved.
type BlockReport struct {
	newton.Result
	Guess []float64 // of its unknowns
}

// InitReport is what an initialization did and found.
type InitReport struct {
	W         []float64     // the unknowns of Problem.Init
	Blocks    []BlockReport // by Problem.Init.Blocks; empty for blocks without unknowns
	Residuals [][]float64   // what is left of the equations of each block
	Moved     []MovedStart  // start values that yielded
	Notes     []string      // warnings
}

// Initialize solves the initialization of p at the start of the span of opt, without a
// run behind it. The report is there also where the error says that it failed; it is nil
// for a problem without initialization plan.
func Initialize(ctx context.Context, p *Problem, opt Options) (*InitReport, error) {
	in, err := NewIntegrator(ctx, p, opt)
	if in == nil || in.init == nil {
		return nil, err
	}
	return in.init.report(), err
}

// report evaluates the equations once more, at what was found.
func (in *initializer) report() *InitReport {
	r := &InitReport{W: append([]float64(nil), in.w...), Blocks: in.blocks, Moved: in.moved, Notes: in.notes}
	t := in.ws.Time(in.ws.T)
	for b := range in.plan.Blocks {
		res := make([]float64, len(in.plan.Blocks[b].Residual))
		if len(res) > 0 {
			in.kernels[b].Eval(t, in.w, in.p, res)
		}
		r.Residuals = append(r.Residuals, res)
	}
	return r
}

// summary says in a line which blocks needed more than the iteration that comes first.
func (in *initializer) summary() string {
	var parts []string
	for b := range in.blocks {
		r := &in.blocks[b]
		if len(r.Tried) == 0 || len(in.plan.Blocks[b].Unknowns) == 0 {
			continue
		}
		if len(parts) == 3 {
			parts = append(parts, "...")
			break
		}
		block := &in.plan.Blocks[b]
		names := in.name(block.Unknowns[0])
		if n := len(block.Unknowns); n == 2 {
			names += ", " + in.name(block.Unknowns[1])
		} else if n > 2 {
			names += fmt.Sprintf(" and %d more", n-1)
		}
		parts = append(parts, fmt.Sprintf("%s by %s after %s", names, r.Method, methods(r.Tried)))
	}
	if len(in.moved) > 0 {
		parts = append(parts, fmt.Sprintf("%d start values moved", len(in.moved)))
	}
	return strings.Join(parts, "; ")
}

// methods lists attempts by name, each name once.
func methods(tried []newton.Attempt) string {
	var names []string
	seen := map[newton.Method]bool{}
	for _, a := range tried {
		if !seen[a.Method] {
			seen[a.Method] = true
			names = append(names, a.Method.String())
		}
	}
	return strings.Join(names, ", ")
}

// Farthest returns the unknown of the block whose guess was the worst, as an index into
// the guesses, and its distance from the solution relative to the larger of the two; -1
// where all were good to a factor of two.
func (r *BlockReport) Farthest(w []float64, unknowns []int32) (int, float64) {
	at, worst := -1, 0.5
	for k, g := range r.Guess {
		x := w[unknowns[k]]
		if d := math.Abs(x-g) / math.Max(math.Max(math.Abs(x), math.Abs(g)), 1e-300); d > worst {
			at, worst = k, d
		}
	}
	return at, worst
}
