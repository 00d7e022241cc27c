package linsolve

import (
	"slices"

	"github.com/mtkc/mtkc/runtime/archive"
)

// Replay is a Solver whose state can be saved and forgotten. The factors of a sparse
// solver depend on the matrix for which it chose its pivots last, besides the present
// one; so Replay keeps the values of both, and a load makes the factors again, bit by
// bit. The values given to Factor must stay as they are until the next call.
type Replay[T Scalar] struct {
	Solver[T]
	make    func() Solver[T]
	sparse  bool
	pivoted int
	fresh   bool // the present factors come with a choice of pivots
	first   []T  // values for which the pivots were chosen
	last    []T  // values of the present factors, the caller's memory
}

// NewReplay wraps s; remake makes another solver of its kind, for a solver that cannot forget.
func NewReplay[T Scalar](s Solver[T], remake func() Solver[T]) *Replay[T] {
	return &Replay[T]{Solver: s, make: remake, sparse: s.Stats().Sparse}
}

// Factor factorises as the solver does.
func (r *Replay[T]) Factor(vals []T) error {
	r.last = vals
	err := r.Solver.Factor(vals)
	if r.sparse {
		n := r.Solver.Stats().Pivoted
		if r.fresh = n != r.pivoted; r.fresh {
			r.pivoted = n
			r.first = append(r.first[:0], vals...)
		}
	}
	return err
}

// forgetter is a solver that can choose its pivots anew.
type forgetter interface{ Forget() }

// Forget makes the next Factor choose pivots, as that of a new solver does.
func (r *Replay[T]) Forget() {
	r.last, r.first = nil, r.first[:0]
	switch f, ok := r.Solver.(forgetter); {
	case ok:
		f.Forget()
	case !r.sparse:
		return
	default:
		r.Solver = r.make()
	}
	r.pivoted = r.Solver.Stats().Pivoted
}

// Archive visits the state of the solver. vals is the memory whose values Factor is given.
func (r *Replay[T]) Archive(a *archive.Archive, vals []T) {
	r.archive(a, vals)
	if s, ok := r.Solver.(interface{ Archive(*archive.Archive) }); ok {
		s.Archive(a)
	}
}

func (r *Replay[T]) archive(a *archive.Archive, vals []T) {
	factored, fresh := r.last != nil, r.fresh
	a.Bool(&factored, &fresh)
	if a.Loading() {
		r.Forget()
	}
	chosen := len(r.first) == len(vals)
	a.Bool(&chosen)
	if chosen && a.Loading() {
		r.first = slices.Grow(r.first[:0], len(vals))[:len(vals)]
	}
	if chosen {
		visit(a, r.first)
	}
	visit(a, vals)
	if !a.Loading() || a.Err() != nil || !factored {
		return
	}
	// An error is that of the run that was saved.
	if r.sparse && chosen {
		if fresh {
			r.choose(vals)
			return
		}
		r.choose(append([]T(nil), r.first...))
	}
	_ = r.Factor(vals)
}

// choose makes the solver choose its pivots for vals.
func (r *Replay[T]) choose(vals []T) {
	c, ok := r.Solver.(interface{ choose(vals []T) error })
	if !ok {
		_ = r.Factor(vals)
		return
	}
	_ = c.choose(vals)
	r.last, r.fresh = vals, true
	r.pivoted = r.Solver.Stats().Pivoted
	r.first = append(r.first[:0], vals...)
}

func visit[T Scalar](a *archive.Archive, v []T) {
	switch s := any(v).(type) {
	case []float64:
		a.Floats(s)
	case []complex128:
		a.Complex(s)
	}
}
