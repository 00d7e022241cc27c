package jump

import (
	"math"
	"testing"
)

// Moments and tail of the exponential numbers, to 4 standard errors.
func TestExponential(t *testing.T) {
	var d draws
	d.reset(1, 2)
	const n = 2000000
	var m [5]float64
	above := [4]float64{}
	bounds := [4]float64{0.05, 1, zigR, 10}
	for range n {
		x := d.exp()
		if x <= 0 {
			t.Fatal(x)
		}
		p := 1.0
		for k := range m {
			m[k] += p / n
			p *= x
		}
		for k, b := range bounds {
			if x > b {
				above[k]++
			}
		}
	}
	fact := []float64{1, 1, 2, 6, 24, 120, 720, 5040, 40320}
	for k := 1; k <= 4; k++ {
		if se := math.Sqrt((fact[2*k] - fact[k]*fact[k]) / n); math.Abs(m[k]-fact[k]) > 4*se {
			t.Errorf("moment %d is %v, want %v +- %v", k, m[k], fact[k], se)
		}
	}
	for k, b := range bounds {
		p := math.Exp(-b)
		if se := math.Sqrt(n * p * (1 - p)); math.Abs(above[k]-n*p) > 4*se {
			t.Errorf("%v of %d numbers are above %v, want %v +- %v", above[k], n, b, n*p, se)
		}
	}
}

// The distribution by a chi-square test over 400 cells of equal probability: 6 standard deviations of its law.
func TestExponentialCells(t *testing.T) {
	var d draws
	d.reset(5, 6)
	const n, cells = 4000000, 400
	var count [cells]float64
	for range n {
		count[int(cells*-math.Expm1(-d.exp()))%cells]++
	}
	chi := 0.0
	for _, c := range count {
		e := float64(n) / cells
		chi += (c - e) * (c - e) / e
	}
	if math.Abs(chi-(cells-1)) > 6*math.Sqrt(2*(cells-1)) {
		t.Errorf("chi-square %v for %d cells", chi, cells)
	}
}

func BenchmarkDraws(b *testing.B) {
	var d draws
	d.reset(1, 2)
	s := 0.0
	b.Run("exp", func(b *testing.B) {
		for range b.N {
			s += d.exp()
		}
	})
	b.Run("uniform", func(b *testing.B) {
		for range b.N {
			s += d.uniform()
		}
	})
	if s == 0 {
		b.Fatal()
	}
}
