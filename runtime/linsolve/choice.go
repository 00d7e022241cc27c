package linsolve

import (
	"fmt"
	"math"
)

// choice is how systems of a pattern are solved, and what was found out about the pattern
// for that; real and complex solvers share it.
type choice struct {
	kind   Kind
	cost   float64   // predicted, where the kind was chosen by it
	an     *analysis // sparse kinds
	perm   []int32   // BandLU
	lo, up int
	prog   *program
	fronts *fronts
}

// choose finds the kind of least predicted time, or takes that of the hints.
func choose(p *Pattern, h Hints) *choice {
	if h != (Hints{}) {
		return newChoice(p, h)
	}
	c := p.choice.Load()
	if c == nil {
		c = newChoice(p, h)
		p.choice.Store(c)
	}
	return c
}

func newChoice(p *Pattern, h Hints) *choice {
	if p.Rows != p.Cols {
		panic(fmt.Sprintf("mtkc: bug: a linear solver for a %d by %d pattern", p.Rows, p.Cols))
	}
	n := float64(p.Rows)
	c := &choice{kind: h.Kind}
	auto := c.kind == Auto
	if auto && (p.Rows <= 8 || p.Rows <= maxDense && p.NNZ() == p.Rows*p.Rows) {
		c.kind, c.cost = DenseLU, denseCost(n)
		return c
	}
	if auto {
		c.lo, c.up = bandwidth(p, nil)
		if m := max(c.lo, c.up); m < wideBand && bandCost(n, c.lo, c.up) <= 12*n+3.5*float64(p.NNZ()) {
			// The terms of programCost that do not count fill are more than that.
			c.kind, c.cost = BandLU, bandCost(n, c.lo, c.up)
			return c
		}
	}
	if auto || c.kind == BandLU {
		c.perm, c.lo, c.up = band(p)
	}
	if auto || c.kind == ProgramLU || c.kind == FrontalLU || c.kind == SparseLU {
		c.an = analyse(p)
	}
	if auto {
		c.cost = math.Inf(1)
		// In order of preference where costs are equal.
		for _, k := range []struct {
			kind Kind
			cost float64
		}{
			{BandLU, bandCost(n, c.lo, c.up)},
			{DenseLU, denseCost(n)},
			{ProgramLU, programCost(n, p, c.an)},
			{FrontalLU, frontalCost(n, c.an)},
			{SparseLU, sparseCost(n, p, c.an)},
		} {
			if k.cost < c.cost {
				c.cost, c.kind = k.cost, k.kind
			}
		}
	}
	switch c.kind {
	case BandLU:
		if n*float64(c.lo+c.up+16) > math.MaxInt32 {
			c.kind, c.an = SparseLU, analyse(p) // places in a band are 32 bits
		}
	case ProgramLU:
		if c.prog = newProgram(p, c.an.blocks); c.prog == nil {
			c.kind = SparseLU
		}
	case FrontalLU:
		c.fronts = newFronts(p, c.an.blocks)
	}
	return c
}

// build makes the solver that was chosen.
func build[T Scalar](p *Pattern, h Hints, c *choice) Solver[T] {
	var s any
	switch c.kind {
	case Iterative:
		return NewKrylov[T](p, nil, h.Krylov)
	case DenseLU:
		if isReal[T]() {
			s = newDenseReal(p)
		} else {
			s = newDenseComplex(p)
		}
	case BandLU:
		if isReal[T]() {
			s = newBandReal(p, c.perm, c.lo, c.up)
		} else {
			s = newBandComplex(p, c.perm, c.lo, c.up)
		}
	case ProgramLU:
		made := func(p *Pattern, bl blocks) engine[T] { return newProgramEngine[T](p, newProgram(p, bl)) }
		return newStatic(p, c.an, h, ProgramLU, newProgramEngine[T](p, c.prog), made)
	case FrontalLU:
		made := func(p *Pattern, bl blocks) engine[T] { return newFrontsEngine[T](p, newFronts(p, bl)) }
		return newStatic(p, c.an, h, FrontalLU, newFrontsEngine[T](p, c.fronts), made)
	default:
		return newSparse[T](p, c.an, h)
	}
	return s.(Solver[T])
}

// Cost predicts the nanoseconds of a factorisation and two solutions of a real system of
// pattern p, by the kind that New chooses for it; only ratios of such numbers mean anything.
func Cost(p *Pattern) float64 { return choose(p, Hints{}).cost }

// The costs of a factorisation and two solutions of a real system in nanoseconds, fitted
// to BenchmarkSolvers on one machine (2.1 GHz, AVX2), those of narrow bands and of up to 12 unknowns
// to small systems on another (Zen 5): only their ratios matter. fill is
// the number of entries of L and U and flops that of products of the sparse elimination.

// maxDense is the number of unknowns up to which New takes dense factorisations.
const maxDense = 2000

func denseCost(n float64) float64 {
	if n > maxDense {
		return math.Inf(1)
	}
	if n <= 12 { // written out
		return 15 + 8*n + 1.35*n*n
	}
	solve := 4 + 6*n + 0.15*n*n
	return 20 + 5*n + 1.2*n*n + 0.03*n*n*n + 2*solve
}

func bandCost(n float64, lo, up int) float64 {
	m := float64(max(lo, up, 1))
	if m < wideBand {
		return 15 + 18*m*m + n*(7+4*m)
	}
	return n*(30+0.1*float64((lo+4)*(up+4))) + 2*n*(5+0.15*float64(lo+up))
}

// productLimit is the number of products that a program is made for.
const productLimit = 100000

func programCost(n float64, p *Pattern, an *analysis) float64 {
	if p.Rows > maxProgram || an.flops > productLimit {
		return math.Inf(1)
	}
	return 0.9*an.flops + 1.5*float64(p.NNZ()) + 6*n + 2*(an.fill+3*n)
}

func frontalCost(n float64, an *analysis) float64 {
	return 0.14*an.flops + 2*an.fill + 50*n + 2*(0.8*an.fill+20*n)
}

func sparseCost(n float64, p *Pattern, an *analysis) float64 {
	return 0.6*an.flops + 8*float64(p.NNZ()) + 15*n + 2*(1.1*an.fill+5*n)
}
