package linsolve

import (
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
)

// Guarded solves large sparse systems whose elimination fills in by GMRES with ILU(0), for iterations of Newton's kind, to
// which a small relative error of a correction does not matter. A matrix for which GMRES does not converge, or for which it
// has taken three times the predicted time of an elimination with two solutions, is eliminated after all; after the third such matrix all are.
//
// Reaction networks are such systems: a species that meets many others couples them, and LU has hundreds of times the entries of the
// matrix, whose diagonal is heavy all the same.
//
// The values given to Factor must stay as they are until the next call.
type Guarded struct {
	p      *Pattern
	k      *Krylov[float64]
	vals   []float64
	spent  float64 // predicted nanoseconds of iterations with the present matrix
	limit  float64 // from which on it is eliminated
	each   float64 // and of an iteration
	losses int     // matrices that were eliminated
	now    bool    // the present one is
	lu     *Replay[float64]
	err    error
}

// Where the predicted time of an elimination with two solutions is so many nanoseconds for each entry of the matrix, the iteration is
// tried. On reaction networks of 700 to 6600 species the time of elimination over that of iteration, in runs of BDF, is 0.6 where the prediction is
// 140, 1 at 210, 2 at 950, and 12 at 6800.
const guardedFrom = 400

// mostLosses is how many matrices may go wrong before all are eliminated.
const mostLosses = 3

// NewGuarded returns such a solver, or nil where elimination is cheap. tol is the residual relative to the right-hand side, both in the norm of
// Krylov.
func NewGuarded(p *Pattern, tol float64) *Guarded {
	c := choose(p, Hints{})
	if c.cost < guardedFrom*float64(p.NNZ()) || c.kind == BandLU {
		return nil
	}
	return newGuarded(p, tol, c.cost)
}

func newGuarded(p *Pattern, tol, cost float64) *Guarded {
	const restart = 20
	g := &Guarded{p: p, limit: 3 * cost}
	g.each = 4*float64(p.NNZ()) + 2*restart*float64(p.Cols)
	g.k = NewKrylov[float64](p, nil, KrylovOptions{Tol: tol, Restart: restart, MaxIter: 2 * restart})
	return g
}

// Weigh sets the weights of the norm, which are kept, not copied.
func (g *Guarded) Weigh(w []float64) { g.k.Weigh(w) }

// Factor prepares for a matrix.
func (g *Guarded) Factor(vals []float64) error {
	g.vals, g.spent, g.now, g.err = vals, 0, false, nil
	if g.losses >= mostLosses {
		g.eliminate()
		return g.err
	}
	if err := g.k.Factor(vals); err != nil {
		if err == ErrNotFinite {
			return err
		}
		g.lose()
		return g.err
	}
	return nil
}

// lose goes over to elimination for the present matrix.
func (g *Guarded) lose() {
	g.losses++
	g.eliminate()
}

func (g *Guarded) eliminate() {
	if g.lu == nil {
		remake := func() Solver[float64] { return New[float64](g.p, Hints{}) }
		g.lu = NewReplay(remake(), remake)
	}
	g.now = true
	g.err = g.lu.Factor(g.vals)
}

// Solve replaces b by the solution of A x = b; where the matrix turns out to be singular, by NaN.
func (g *Guarded) Solve(b []float64) {
	if !g.now && g.spent > g.limit {
		g.lose()
	}
	if !g.now {
		before := g.k.stats.Iterations
		err := g.k.SolveFrom(b, nil)
		g.spent += g.each * float64(g.k.stats.Iterations-before+1)
		if err == nil {
			return
		}
		copy(b, g.k.b)
		g.lose()
	}
	if g.err != nil {
		for i := range b[:g.k.n] {
			b[i] = math.NaN()
		}
		return
	}
	g.lu.Solve(b)
}

// Stats are those of the iteration, and of the elimination once all matrices are eliminated.
func (g *Guarded) Stats() Stats {
	if g.losses >= mostLosses {
		s := g.lu.Stats()
		s.Iterations, s.Unconverged = g.k.stats.Iterations, g.k.stats.Unconverged
		return s
	}
	return g.k.Stats()
}

// Forget makes the next Factor that of a new solver.
func (g *Guarded) Forget() {
	g.vals, g.spent, g.losses, g.now, g.err = nil, 0, 0, false, nil
	if g.lu != nil {
		g.lu.Forget()
	}
}

// Archive visits the state, after Factor with the present values where there are any.
func (g *Guarded) Archive(a *archive.Archive) {
	a.Int(&g.losses)
	a.Float(&g.spent)
	a.Bool(&g.now)
	if g.losses == 0 || g.vals == nil {
		return
	}
	if a.Loading() {
		remake := func() Solver[float64] { return New[float64](g.p, Hints{}) }
		g.lu = NewReplay(remake(), remake)
	}
	g.lu.Archive(a, g.vals)
}
