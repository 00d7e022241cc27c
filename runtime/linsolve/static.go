package linsolve

// static is sparse LU with pivots fixed before the values are known: the diagonal of the
// block triangular form in an order of low fill. Elimination runs without searching,
// by a program or by dense fronts, and watches the growth of the entries as the banded
// factorisation does. A matrix for which the pivots are not sound is factorised by
// sparse, which chooses them by value; its pivots are taken over if that happens again.
type static[T Scalar] struct {
	pat    *Pattern
	h      Hints
	an     *analysis
	run    engine[T]
	made   func(p *Pattern, bl blocks) engine[T]
	chosen *sparse[T] // made when first needed
	failed int        // factorisations in a row with unsound pivots
	use    bool       // the last factorisation is that of chosen
	stats  Stats
}

// engine factorises and solves with fixed pivots.
type engine[T Scalar] interface {
	factor(vals []T) verdict
	solve(b []T)
	entries() int
}

// verdict is how elimination with fixed pivots ended.
type verdict uint8

const (
	sound         verdict = iota
	doubtfulPivot         // a pivot is too small, or products too large beside a row
	notFinite
)

func newStatic[T Scalar](p *Pattern, an *analysis, h Hints, kind Kind, run engine[T], made func(p *Pattern, bl blocks) engine[T]) *static[T] {
	s := &static[T]{pat: p, h: h, an: an, run: run, made: made}
	s.stats = Stats{Kind: kind, Sparse: true, Blocks: len(an.Start) - 1}
	return s
}

func (s *static[T]) Stats() Stats {
	st := s.stats
	st.NNZ = s.run.entries()
	if s.use {
		st.NNZ = s.chosen.Stats().NNZ
	}
	return st
}

func (s *static[T]) Factor(vals []T) error {
	s.use = false
	if s.failed < 2 || s.failed%retry == 0 {
		switch s.run.factor(vals) {
		case sound:
			s.failed = 0
			s.stats.Reused++
			return nil
		case notFinite:
			return ErrNotFinite
		}
	}
	if s.chosen == nil {
		s.chosen = newSparse[T](s.pat, s.an, s.h)
	}
	s.use = true
	before := s.chosen.stats.Pivoted
	err := s.chosen.Factor(vals)
	s.stats.Pivoted += s.chosen.stats.Pivoted - before
	if err != nil {
		return err
	}
	if s.failed++; s.failed == 2 {
		// The pivots of sparse for the next matrices.
		bl := blocks{Row: append([]int32(nil), s.chosen.rowOf...), Col: s.an.Col, Start: s.an.Start}
		if run := s.made(s.pat, bl); run != nil {
			s.run = run
			s.failed = 0
		}
	}
	return nil
}

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
