package linsolve

import "slices"

// static is sparse LU with pivots fixed before the values are known: the diagonal of the
// block triangular form in an order of low fill. Elimination runs without searching,
// by a program or by dense fronts, and watches the growth of the entries as the banded
// factorisation does. A matrix for which the pivots are not sound is factorised by
// sparse, which chooses them by value, and the next ones with those pivots, fixed again.
//
// What a factorisation computes depends on its matrix and on the last one for which
// pivots were chosen, if there is one, but on no other: see Replay.
type static[T Scalar] struct {
	pat    *Pattern
	h      Hints
	an     *analysis
	first  engine[T] // the pivots of the analysis
	run    engine[T] // the pivots in use; nil: those of chosen, which runs them itself
	made   func(p *Pattern, bl blocks) engine[T]
	chosen *sparse[T] // made when first needed
	kept   []kept[T]  // engines of pivots that were chosen before, the last used first
	use    bool       // the last factorisation is that of chosen
	stats  Stats
}

// engine factorises and solves with fixed pivots.
type engine[T Scalar] interface {
	factor(vals []T) verdict
	solve(b []T)
	entries() int
	// allow sets how often the largest entry of a row a product subtracted from it may be,
	// growth at first.
	allow(growth float64)
}

// kept is an engine with the rows of its pivots. Matrices that change back and forth, as those of
// chemistry by day and by night, come back to the same pivots, and so does each solve of a problem.
type kept[T Scalar] struct {
	row []int32
	run engine[T]
}

// So many engines of chosen pivots are kept, two of them whatever their size.
const (
	mostKept        = 8
	mostKeptEntries = 1_000_000 // of L and U, of all together
)

// verdict is how elimination with fixed pivots ended.
type verdict uint8

const (
	sound         verdict = iota
	doubtfulPivot         // a pivot is too small, or products too large beside a row
	notFinite
)

func newStatic[T Scalar](p *Pattern, an *analysis, h Hints, kind Kind, run engine[T], made func(p *Pattern, bl blocks) engine[T]) *static[T] {
	s := &static[T]{pat: p, h: h, an: an, first: run, run: run, made: made}
	s.stats = Stats{Kind: kind, Sparse: true, Blocks: len(an.Start) - 1}
	return s
}

func (s *static[T]) Stats() Stats {
	st := s.stats
	if s.use {
		st.NNZ = s.chosen.Stats().NNZ
	} else if s.run != nil {
		st.NNZ = s.run.entries()
	}
	return st
}

// Forget makes the pivots those of a new solver.
func (s *static[T]) Forget() { s.run, s.use = s.first, false }

func (s *static[T]) Factor(vals []T) error {
	s.use = false
	if s.run == nil {
		before := s.chosen.stats.Pivoted
		err := s.chosen.Factor(vals)
		s.use = true
		if s.chosen.stats.Pivoted != before {
			s.stats.Pivoted++
			return s.adopt(vals, err)
		}
		if err == nil {
			s.stats.Reused++
		}
		return err
	}
	switch s.run.factor(vals) {
	case sound:
		s.stats.Reused++
		return nil
	case notFinite:
		return ErrNotFinite
	}
	return s.choose(vals)
}

// choose factorises with pivots chosen by value, which become those of the next matrices.
func (s *static[T]) choose(vals []T) error {
	if s.chosen == nil {
		s.chosen = newSparse[T](s.pat, s.an, s.h)
	}
	s.stats.Pivoted++
	s.chosen.Forget()
	s.use = true
	return s.adopt(vals, s.chosen.Factor(vals))
}

// adopt takes over the pivots that chosen found for vals, unless it ended with err. Growth
// that they bring with them is allowed from then on; where they would be in doubt for any
// other reason, chosen goes on running them.
func (s *static[T]) adopt(vals []T, err error) error {
	if err != nil {
		s.Forget()
		return err
	}
	s.run = nil
	run := s.engine(s.chosen.rowOf)
	if run == nil {
		return nil // too much fill
	}
	for limit := float64(growth); limit <= maxGrowth; limit *= 8 {
		run.allow(limit)
		if run.factor(vals) == sound {
			run.allow(4 * limit)
			s.run = run
			break
		}
	}
	return nil
}

// engine returns the engine with pivots in these rows, one that was made before where there is one; nil: none
// can be made.
func (s *static[T]) engine(row []int32) engine[T] {
	at := slices.IndexFunc(s.kept, func(k kept[T]) bool { return slices.Equal(k.row, row) })
	if at < 0 {
		at = len(s.kept)
		row = slices.Clone(row)
		s.kept = append(s.kept, kept[T]{row, s.made(s.pat, blocks{Row: row, Col: s.an.Col, Start: s.an.Start})})
	}
	k := s.kept[at]
	copy(s.kept[1:at+1], s.kept[:at])
	s.kept[0] = k
	s.trim()
	return k.run
}

// trim drops the engines that were not used for longest, of those that are too many.
func (s *static[T]) trim() {
	entries := 0
	for i, k := range s.kept {
		if k.run != nil {
			entries += k.run.entries()
		}
		if i >= mostKept || i >= 2 && entries > mostKeptEntries {
			clear(s.kept[i:])
			s.kept = s.kept[:i]
			return
		}
	}
}

// maxGrowth is the growth beyond which pivots are not fixed.
const maxGrowth = 1e5

func (s *static[T]) Solve(b []T) {
	if s.use {
		s.chosen.Solve(b)
	} else {
		s.run.solve(b)
	}
}

// newProgramEngine makes an engine for program g, nil for none.
func newProgramEngine[T Scalar](p *Pattern, g *program) engine[T] {
	if g == nil {
		return nil
	}
	if isReal[T]() {
		return any(newProgramReal(p, g)).(engine[T])
	}
	return any(newProgramComplex(p, g)).(engine[T])
}

// newFrontsEngine makes an engine for the plan f.
func newFrontsEngine[T Scalar](p *Pattern, f *fronts) engine[T] {
	if isReal[T]() {
		return any(newFrontsReal(p, f)).(engine[T])
	}
	return any(newFrontsComplex(p, f)).(engine[T])
}
