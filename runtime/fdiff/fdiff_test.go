package fdiff

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

func randomPattern(rng *rand.Rand, m, n int, density float64) *linsolve.Pattern {
	p := &linsolve.Pattern{Rows: m, Cols: n, ColPtr: make([]int32, n+1)}
	for j := range n {
		for i := range m {
			if rng.Float64() < density {
				p.RowIdx = append(p.RowIdx, int32(i))
			}
		}
		p.ColPtr[j+1] = int32(len(p.RowIdx))
	}
	return p
}

// Every column has one colour, and no two of a colour share a row.
func TestColour(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for trial := range 300 {
		p := randomPattern(rng, rng.IntN(30), rng.IntN(30), rng.Float64()*rng.Float64())
		seen := make([]bool, p.Cols)
		for _, cols := range Colour(p) {
			row := make([]bool, p.Rows)
			for _, j := range cols {
				if seen[j] {
					t.Fatalf("trial %d: column %d twice", trial, j)
				}
				seen[j] = true
				for _, i := range p.RowIdx[p.ColPtr[j]:p.ColPtr[j+1]] {
					if row[i] {
						t.Fatalf("trial %d: row %d twice in a group", trial, i)
					}
					row[i] = true
				}
			}
		}
		for j, ok := range seen {
			if !ok {
				t.Fatalf("trial %d: column %d has no colour", trial, j)
			}
		}
	}
	// A band of width w needs w colours.
	for _, w := range []int{1, 3, 5} {
		p := &linsolve.Pattern{Rows: 40, Cols: 40, ColPtr: []int32{0}}
		for j := range 40 {
			for i := max(0, j-w/2); i <= min(39, j+w/2); i++ {
				p.RowIdx = append(p.RowIdx, int32(i))
			}
			p.ColPtr = append(p.ColPtr, int32(len(p.RowIdx)))
		}
		if g := len(Colour(p)); g != w {
			t.Errorf("band of width %d: %d colours", w, g)
		}
	}
}

// Unknowns of sizes from 1e-12 to 1e12: each entry is right to half the digits of the
// largest term of its row.
func TestJacobian(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for trial := range 100 {
		n := 1 + rng.IntN(20)
		p := randomPattern(rng, n, n, 0.3)
		size, x := make([]float64, n), make([]float64, n)
		for j := range x {
			size[j] = math.Pow(10, 24*rng.Float64()-12)
			x[j] = size[j] * rng.NormFloat64()
			if rng.IntN(4) == 0 {
				x[j] = 0
			}
		}
		coef := make([]float64, p.NNZ())
		for e := range coef {
			coef[e] = rng.NormFloat64()
		}
		// f_i = sum of coef sin(x_j/size_j).
		f := func(x, y []float64) {
			clear(y)
			for j := range n {
				for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
					y[p.RowIdx[e]] += coef[e] * math.Sin(x[j]/size[j])
				}
			}
		}
		vals := make([]float64, p.NNZ())
		New(p).Eval(f, x, nil, Space{Size: size}, vals)
		v, y, f0 := make([]float64, n), make([]float64, n), make([]float64, n)
		for j := range v {
			v[j] = size[j] * rng.NormFloat64()
		}
		f(x, f0)
		NewProduct(n, n).Eval(f, x, f0, Space{Size: size}, v, y)
		for j := range n {
			for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
				want := coef[e] * math.Cos(x[j]/size[j])
				// Truncation: half the second derivative times the increment, which is 1.5e-8
				// times at most 3 sizes or so; rounding: eps of the sum over the increment.
				if got := vals[e] * size[j]; !(math.Abs(got-want) < 1e-6*(1+math.Abs(coef[e]))) {
					t.Errorf("trial %d: entry %d: %g, want %g", trial, e, got, want)
				}
				y[p.RowIdx[e]] -= coef[e] * math.Cos(x[j]/size[j]) * v[j] / size[j]
			}
		}
		for i, d := range y {
			// As above, times the up to 20 entries of a row and |v| of a few sizes.
			if !(math.Abs(d) < 1e-5) {
				t.Errorf("trial %d: product off by %g in row %d", trial, d, i)
			}
		}
	}
}

// At the ends of ranges and of domains the increments go the other way.
func TestRanges(t *testing.T) {
	p := linsolve.Dense(1, 1)
	f := func(x, y []float64) {
		if x[0] > 1 {
			t.Errorf("evaluated at %g, beyond the range", x[0])
		}
		y[0] = math.Sqrt(1-x[0]) + 3*x[0]
	}
	vals := []float64{0}
	x := []float64{1 - 1e-9}
	New(p).Eval(f, x, nil, Space{Min: []float64{0}, Max: []float64{1}}, vals)
	// d/dx = 3 - 1/(2 sqrt(1-x)) = -15808; a step of 1.5e-8 back from 1e-9 before the
	// branch point sees a chord: (sqrt(1.6e-8) - sqrt(1e-9))/1.5e-8 = 6300 or so.
	if !(vals[0] < -5000 && vals[0] > -16000) {
		t.Errorf("derivative %g", vals[0])
	}
	// Without a range, NaN says where the domain ends.
	g := func(x, y []float64) { y[0] = math.Sqrt(1 - x[0]) }
	New(p).Eval(g, []float64{1}, nil, Space{}, vals)
	if !(vals[0] < -1e3) {
		t.Errorf("derivative at the branch point %g", vals[0])
	}
	y := []float64{0}
	NewProduct(1, 1).Eval(g, []float64{1}, []float64{0}, Space{}, []float64{2}, y)
	if !(y[0] < -1e3) {
		t.Errorf("directional derivative at the branch point %g", y[0])
	}
	// Outside its range the point moves as if there were none.
	h := func(x, y []float64) { y[0] = x[0] * x[0] }
	New(p).Eval(h, []float64{5}, nil, Space{Min: []float64{0}, Max: []float64{1}}, vals)
	if math.Abs(vals[0]-10) > 1e-6 { // truncation 7.5e-8, rounding 25 eps / 7.5e-8
		t.Errorf("derivative outside the range %g", vals[0])
	}
}

// A small derivative beside a large value keeps some digits.
func TestFaint(t *testing.T) {
	f := func(x, y []float64) { y[0] = 1e8 + 3*x[0] }
	vals := []float64{0}
	New(linsolve.Dense(1, 1)).Eval(f, []float64{1}, nil, Space{}, vals)
	// The increment moves f by 4.5e-8, three units in the last place; one that is 4096 times
	// larger, by 12288 units, of which rounding takes one at most.
	if math.Abs(vals[0]-3) > 3e-4 {
		t.Errorf("derivative %g", vals[0])
	}
}

func TestNoAllocations(t *testing.T) {
	p := linsolve.Dense(3, 3)
	d, q := New(p), NewProduct(3, 3)
	f := func(x, y []float64) { y[0], y[1], y[2] = x[0]*x[1], x[2], 1e12+x[0] }
	x, f0, v, vals := []float64{1, 2, 3}, []float64{2, 3, 1e12}, []float64{1, 1, 1}, make([]float64, 9)
	d.Eval(f, x, f0, Space{}, vals)
	if a := testing.AllocsPerRun(10, func() {
		d.Eval(f, x, f0, Space{}, vals)
		q.Eval(f, x, f0, Space{}, v, f0)
	}); a != 0 {
		t.Errorf("%v allocations", a)
	}
}
