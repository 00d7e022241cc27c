package linsolve

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/mtkc/mtkc/runtime/archive"
)

// sites is the pattern of a molecule with so many sites of three states, each state next to two others, and for each site a species
// that meets all of them: 3^sites + sites unknowns.
func sites(count int) *Pattern {
	total := 1
	for range count {
		total *= 3
	}
	n := total + count
	p := &Pattern{Rows: n, Cols: n, ColPtr: []int32{0}}
	for k := range n {
		col := []int32{int32(k)}
		if k < total {
			for s, q, step := 0, k, 1; s < count; s, q, step = s+1, q/3, 3*step {
				if q%3 > 0 {
					col = append(col, int32(k-step))
				}
				if q%3 < 2 {
					col = append(col, int32(k+step))
				}
				if q%3 > 0 {
					col = append(col, int32(total+s))
				}
			}
		} else {
			step := 1
			for range k - total {
				step *= 3
			}
			for j := range total {
				if j/step%3 > 0 {
					col = append(col, int32(j))
				}
			}
		}
		slices.Sort(col)
		p.RowIdx = append(p.RowIdx, col...)
		p.ColPtr = append(p.ColPtr, int32(len(p.RowIdx)))
	}
	return p
}

// dominant makes values whose diagonal is the sum of the other entries of its column times the factor.
func dominant(p *Pattern, rng *rand.Rand, factor float64) []float64 {
	v := make([]float64, p.NNZ())
	for j := range p.Cols {
		sum, d := 0.0, int32(-1)
		for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
			if int(p.RowIdx[e]) == j {
				d = e
				continue
			}
			v[e] = rng.Float64() - 0.5
			sum += math.Abs(v[e])
		}
		v[d] = factor * sum
	}
	return v
}

// misfit is |b - A x| / |b| in the weighted norm.
func misfit(p *Pattern, vals, x, b, w []float64) float64 {
	y := make([]float64, p.Rows)
	(&multiplier[float64]{p, vals}).Apply(x, y)
	r, s := 0.0, 0.0
	for i := range y {
		r += (b[i] - y[i]) * (b[i] - y[i]) * w[i] * w[i]
		s += b[i] * b[i] * w[i] * w[i]
	}
	return math.Sqrt(r / s)
}

// Matrices with a heavy diagonal are solved by the iteration; of others three are eliminated, then all are.
func TestGuarded(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	if p := sites(7); NewGuarded(p, 1e-6) == nil {
		t.Fatalf("a matrix of %g ns per entry is eliminated", Cost(p)/float64(p.NNZ()))
	}
	p := sites(5)
	const tol = 1e-6
	g := newGuarded(p, tol, 1e8)
	w, b := make([]float64, p.Cols), make([]float64, p.Cols)
	for i := range w {
		w[i] = math.Exp(4 * rng.Float64())
		b[i] = (rng.Float64() - 0.5) / w[i]
	}
	g.Weigh(w)
	solve := func(vals []float64) float64 {
		t.Helper()
		if err := g.Factor(vals); err != nil {
			t.Fatal(err)
		}
		x := slices.Clone(b)
		g.Solve(x)
		return misfit(p, vals, x, b, w)
	}
	easy := dominant(p, rng, 1.5)
	if e := solve(easy); e > tol {
		t.Errorf("residual %g", e)
	}
	if s := g.Stats(); s.Kind != Iterative || s.Iterations == 0 || g.losses > 0 {
		t.Errorf("the iteration was not used: %+v", s)
	}
	for k := 1; k <= mostLosses; k++ {
		if e := solve(dominant(p, rng, 0.01)); e > 1e-8 {
			t.Errorf("matrix %d: residual %g", k, e)
		}
		if g.losses != k {
			t.Errorf("%d matrices were eliminated, want %d", g.losses, k)
		}
	}
	if e := solve(easy); e > 1e-12 {
		t.Errorf("residual %g by elimination", e)
	}
	if s := g.Stats(); s.Kind == Iterative {
		t.Errorf("the iteration goes on: %+v", s)
	}
	if err := g.Factor(make([]float64, p.NNZ())); !errors.Is(err, ErrSingular) {
		t.Errorf("zeros are factorised: %v", err)
	}
	g.Forget()
	if e := solve(easy); e > tol || g.losses > 0 || g.Stats().Kind != Iterative {
		t.Errorf("after Forget: residual %g, %d eliminated", e, g.losses)
	}
	bad := slices.Clone(easy)
	bad[3] = math.NaN()
	if err := g.Factor(bad); err != ErrNotFinite {
		t.Errorf("NaN gives %v", err)
	}
}

// Many solutions with one matrix take more time than an elimination, and are not iterated for ever.
func TestGuardedTime(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	p := sites(4)
	g := newGuarded(p, 1e-6, Cost(p))
	vals := dominant(p, rng, 1.2)
	if err := g.Factor(vals); err != nil {
		t.Fatal(err)
	}
	b := make([]float64, p.Cols)
	for k := 0; g.losses == 0; k++ {
		if k > 10_000 {
			t.Fatal("no elimination")
		}
		for i := range b {
			b[i] = rng.Float64()
		}
		g.Solve(b)
	}
	if g.spent < g.limit {
		t.Errorf("eliminated after %g of %g ns", g.spent, g.limit)
	}
}

// What is cheap to eliminate is eliminated.
func TestGuardedCheap(t *testing.T) {
	for name, p := range map[string]*Pattern{"band": offsets(1000, -1, 0, 1).p, "small": sites(3), "grid": laplacian(20, 1).p, "dense": Dense(100, 100)} {
		if NewGuarded(p, 1e-6) != nil {
			t.Errorf("%s is iterated", name)
		}
	}
}

// A solver that is saved and loaded goes on to the bit, whichever way it solves.
func TestGuardedArchive(t *testing.T) {
	p := sites(5)
	for losses := 0; losses <= mostLosses; losses++ {
		rng := rand.New(rand.NewPCG(5, uint64(losses)))
		vals := make([]float64, p.NNZ())
		remake := func() Solver[float64] { return newGuarded(p, 1e-6, 1e8) }
		a, b := NewReplay(remake(), remake), NewReplay(remake(), remake)
		for range losses {
			copy(vals, dominant(p, rng, 0.01))
			if err := a.Factor(vals); err != nil {
				t.Fatal(err)
			}
			a.Solve(make([]float64, p.Cols)) // zeros are solved at once
			x := make([]float64, p.Cols)
			x[0] = 1
			a.Solve(x)
		}
		if losses%2 == 0 { // the present matrix is one that converges
			copy(vals, dominant(p, rng, 1.5))
			if err := a.Factor(vals); err != nil {
				t.Fatal(err)
			}
		}
		s := archive.Saver(nil)
		a.Archive(s, vals)
		other := make([]float64, p.NNZ())
		l := archive.Loader(s.Bytes())
		b.Archive(l, other)
		if err := l.Err(); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			x := make([]float64, p.Cols)
			for i := range x {
				x[i] = rng.Float64()
			}
			y := slices.Clone(x)
			a.Solve(x)
			b.Solve(y)
			if !slices.Equal(x, y) {
				t.Fatalf("after %d losses the loaded solver differs", losses)
			}
			copy(vals, dominant(p, rng, 1.5))
			copy(other, vals)
			if err := errors.Join(a.Factor(vals), b.Factor(other)); err != nil {
				t.Fatal(err)
			}
		}
	}
}
