package draw_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/mtkc/mtkc/runtime/draw"
	"github.com/mtkc/mtkc/runtime/random"
)

var inf = math.Inf(1)

// kolmogorov is the statistic sqrt(n) sup |F_n - F| of Kolmogorov and Smirnov of a sample that is sorted here. For a continuous F it exceeds 2.2
// with the probability 2 exp(-2*2.2^2) = 1.3e-4, for a discrete one less often.
func kolmogorov(x []float64, cdf func(x float64) float64) float64 {
	slices.Sort(x)
	n := float64(len(x))
	d := 0.0
	for i := 0; i < len(x); {
		k := i
		for k < len(x) && x[k] == x[i] {
			k++
		}
		d = max(d, math.Abs(float64(k)/n-cdf(x[i])))
		if below := math.Nextafter(x[i], -inf); i > 0 || k > 0 {
			d = max(d, math.Abs(float64(i)/n-cdf(below)))
		}
		i = k
	}
	return d * math.Sqrt(n)
}

const worst = 2.2

// Every distribution is the one of gonum with the same meaning of the arguments, and what is truncated is it under the
// condition that it lies within the bounds.
func TestDistributions(t *testing.T) {
	const n = 20000
	rayleigh := func(s float64) func(float64) float64 {
		return func(x float64) float64 { return -math.Expm1(-max(x, 0) * max(x, 0) / (2 * s * s)) }
	}
	cauchy := func(m, s float64) func(float64) float64 {
		return func(x float64) float64 { return 0.5 + math.Atan((x-m)/s)/math.Pi }
	}
	discrete := func(f func(float64) float64) func(float64) float64 { // what is below an integer is not it
		return func(x float64) float64 {
			if math.IsInf(x, 1) {
				return 1
			}
			return f(math.Floor(x))
		}
	}
	positive := func(f func(float64) float64) func(float64) float64 {
		return func(x float64) float64 {
			if x <= 0 {
				return 0
			}
			return f(x)
		}
	}
	for k, c := range []struct {
		d    draw.Dist
		args []float64 // without bounds
		cdf  func(x float64) float64
		cut  [][2]float64
	}{
		{draw.Normal, []float64{1, 2}, distuv.Normal{Mu: 1, Sigma: 2}.CDF, [][2]float64{{-inf, 0}, {0, inf}, {0.9, 1.2}, {-1, 4}, {3, 4}, {5, inf}, {-6, -3}, {-inf, inf}, {1, inf}, {1, 1.5}}},
		{draw.Uniform, []float64{-2, 5}, distuv.Uniform{Min: -2, Max: 5}.CDF, nil},
		{draw.Bernoulli, []float64{0.3}, discrete(func(x float64) float64 { return distuv.Binomial{N: 1, P: 0.3}.CDF(x) }), nil},
		{draw.Binomial, []float64{100, 0.2}, discrete(distuv.Binomial{N: 100, P: 0.2}.CDF), [][2]float64{{18.5, 22.5}, {-inf, 10}, {30, inf}, {0, 100}, {25, 27}, {20, inf}}},
		{draw.Binomial, []float64{3, 0.9}, discrete(distuv.Binomial{N: 3, P: 0.9}.CDF), [][2]float64{{0, 1}, {1, 5}}},
		{draw.Cauchy, []float64{1, 2}, cauchy(1, 2), [][2]float64{{0, 2}, {4, inf}, {10, 20}, {-inf, -5}, {-9, 0}}},
		{draw.Cauchy, []float64{2}, cauchy(0, 2), nil},
		{draw.ChiSquare, []float64{3}, positive(distuv.ChiSquared{K: 3}.CDF), [][2]float64{{1, 2}, {-1, 0.5}, {9, inf}, {10, 11}}},
		{draw.Exponential, []float64{0.5}, distuv.Exponential{Rate: 0.5}.CDF, [][2]float64{{-inf, 0.75}, {2, 9}, {3, inf}}},
		{draw.Gamma, []float64{2, 1.1}, positive(distuv.Gamma{Alpha: 2, Beta: 1 / 1.1}.CDF), [][2]float64{{0, 1}, {5, inf}, {5, 6}, {1, 3}, {1, 1.2}}},
		{draw.Gamma, []float64{0.3, 2}, positive(distuv.Gamma{Alpha: 0.3, Beta: 0.5}.CDF), [][2]float64{{0, 0.1}, {0.1, 5}, {3, inf}, {4, 5}, {0.01, 0.02}}},
		{draw.Gamma, []float64{50, 2}, positive(distuv.Gamma{Alpha: 50, Beta: 0.5}.CDF), [][2]float64{{0, 70}, {150, inf}, {95, 100}, {0, 100}, {60, 75}}},
		{draw.Laplace, []float64{1, 2}, distuv.Laplace{Mu: 1, Scale: 2}.CDF, [][2]float64{{2, 10}, {-3, 0}, {0, 2}, {-inf, 1.5}}},
		{draw.Laplace, []float64{2}, distuv.Laplace{Scale: 2}.CDF, nil},
		{draw.LogNormal, []float64{0.5, 0.8}, positive(distuv.LogNormal{Mu: 0.5, Sigma: 0.8}.CDF), [][2]float64{{-1, 1}, {1, 3}, {5, inf}}},
		{draw.Poisson, []float64{1.5}, discrete(distuv.Poisson{Lambda: 1.5}.CDF), [][2]float64{{1, 2}, {4, inf}, {-inf, 0}, {0, 3}}},
		{draw.Poisson, []float64{80}, discrete(distuv.Poisson{Lambda: 80}.CDF), [][2]float64{{79, 82}, {95, inf}, {0, 70}, {60, 90}}},
		{draw.Rayleigh, []float64{2}, rayleigh(2), [][2]float64{{3, 5}, {-1, 1}, {6, inf}}},
	} {
		g := draw.NewGenerator(random.New(7, uint64(k), 0))
		for _, cut := range append([][2]float64{{math.NaN()}}, c.cut...) {
			args, cdf := c.args, c.cdf
			if cut[0] == cut[0] {
				if len(args) == 1 && c.d.Takes(4) && !c.d.Takes(3) {
					args = append([]float64{0}, args...)
				}
				args = append(slices.Clone(args), cut[0], cut[1])
				from := math.Nextafter(cut[0], -inf) // the lower bound belongs to the interval, which matters to integers
				if math.IsInf(cut[0], -1) {
					from = cut[0]
				}
				below := c.cdf(from)
				within := c.cdf(cut[1]) - below
				cdf = func(x float64) float64 { return min(max((c.cdf(x)-below)/within, 0), 1) }
			}
			x := make([]float64, n)
			for i := range x {
				var err error
				if x[i], err = g.Draw(c.d, args...); err != nil {
					t.Fatal(err)
				}
				if cut[0] == cut[0] && (x[i] < cut[0] || x[i] > cut[1]) {
					t.Fatalf("%v%v gives %v", c.d, args, x[i])
				}
			}
			if s := kolmogorov(x, cdf); !(s < worst) {
				t.Errorf("%v%v: the statistic of Kolmogorov and Smirnov is %.2f", c.d, args, s)
			}
		}
	}
}

// The test above tells distributions apart that hardly differ.
func TestKolmogorov(t *testing.T) {
	g := draw.NewGenerator(random.New(1, 0, 0))
	x := make([]float64, 20000)
	for i := range x {
		x[i], _ = g.Draw(draw.Normal, 0.05, 1)
	}
	if s := kolmogorov(x, distuv.UnitNormal.CDF); s < worst {
		t.Errorf("a mean that is wrong by 5 %% of the standard deviation goes unseen: %.2f", s)
	}
}

// Far out in the tails, where distribution functions are zero or one to rounding, the number behind the bound times the slope of the
// logarithm of the density there is exponential to first order.
func TestTails(t *testing.T) {
	const n = 20000
	for k, c := range []struct {
		d      draw.Dist
		args   []float64
		at     float64
		slope  float64 // -d log f/dx at the bound
		second float64 // of which the mean, 1/slope, is wrong by this relative amount at most
	}{
		{draw.Normal, []float64{0, 1, 40, inf}, 40, 40, 1.0 / 1600},
		{draw.Normal, []float64{0, 1, -inf, -200}, -200, -200, 1.0 / 40000},
		{draw.Gamma, []float64{3, 1, 1000, inf}, 1000, 1 - 2.0/1000, 1e-5},
		{draw.Gamma, []float64{1000, 1, 0, 10}, 10, 1 - 999.0/10, 2e-2},
		{draw.Exponential, []float64{2, 1e6, inf}, 1e6, 2, 1e-9},
		{draw.Laplace, []float64{0, 1, -inf, -800}, -800, -1, 1e-9},
		{draw.Rayleigh, []float64{1, 1e3, inf}, 1e3, 1e3, 1e-5},
	} {
		g := draw.NewGenerator(random.New(3, uint64(k), 0))
		sum := 0.0
		for range n {
			v, err := g.Draw(c.d, c.args...)
			if err != nil {
				t.Fatal(err)
			}
			sum += (v - c.at) * c.slope
		}
		if mean := sum / n; math.Abs(mean-1) > 4/math.Sqrt(n)+c.second { // 4 standard errors of an exponential
			t.Errorf("%v%v: the mean behind the bound is %.4f times what it should be", c.d, c.args, mean)
		}
	}
	g := draw.NewGenerator(random.New(3, 99, 0))
	for _, cut := range [][2]float64{{1e300, inf}, {1e9, 1e9 + 1}, {-1e-300, 1e-300}, {5, 5}} {
		for d := draw.Normal; d <= draw.Rayleigh; d++ {
			for _, args := range [][]float64{{0.5}, {2, 0.5}} {
				if d.Takes(len(args)) && d.Takes(len(args)+2) {
					if v, err := g.Draw(d, append(args, cut[0], cut[1])...); err == nil && (v < cut[0] || v > cut[1]) {
						t.Errorf("%v%v in %v is %v", d, args, cut, v)
					}
				}
			}
		}
	}
}

// Arguments that make no sense are errors that name them.
func TestInvalid(t *testing.T) {
	g := draw.NewGenerator(random.New(1, 0, 0))
	nan := math.NaN()
	for _, c := range []struct {
		d    draw.Dist
		args []float64
		want string
	}{
		{draw.Normal, []float64{0, -1}, "normal: the standard deviation is -1: it must be finite and not negative"},
		{draw.Normal, []float64{inf, 1}, "normal: the mean is +Inf: it must be finite"},
		{draw.Normal, []float64{0, 1, 2, 1}, "normal: the lower bound 2 is above the upper bound 1"},
		{draw.Normal, []float64{0, 0, 1, 2}, "normal: no number between 1 and 2"},
		{draw.Normal, []float64{0, 1, inf, inf}, "normal: no number between +Inf and +Inf"},
		{draw.Normal, []float64{0, nan}, "normal: an argument has no value"},
		{draw.Normal, []float64{0}, "normal with 1 arguments"},
		{draw.Uniform, []float64{1, 0}, "uniform: the bounds are 1 and 0: the first must not be above the second, and both finite"},
		{draw.Bernoulli, []float64{1.5}, "bernoulli: the probability is 1.5: it must be between 0 and 1"},
		{draw.Binomial, []float64{2.5, 0.5}, "binomial: the number of trials is 2.5: it must be an integer from 0 to 1e15"},
		{draw.Binomial, []float64{3, 0, 1, 2}, "binomial: no number between 1 and 2"},
		{draw.Cauchy, []float64{0, 0}, "cauchy: the scale is 0: it must be positive and finite"},
		{draw.ChiSquare, []float64{-1}, "chisquare: the number of degrees of freedom is -1: it must be positive and finite"},
		{draw.Exponential, []float64{0}, "exponential: the rate is 0: it must be positive and finite"},
		{draw.Exponential, []float64{1, -2, -1}, "exponential: no number between -2 and -1"},
		{draw.Gamma, []float64{1, inf}, "gamma: the scale is +Inf: it must be positive and finite"},
		{draw.LogNormal, []float64{0, 1, -3, 0}, "lognormal: no number between -3 and 0"},
		{draw.Poisson, []float64{-1}, "poisson: the rate is -1: it must be between 0 and 1e15"},
		{draw.Poisson, []float64{3, 1.2, 1.8}, "poisson: no number between 1.2 and 1.8"},
		{draw.Rayleigh, []float64{1, -2, -1}, "rayleigh: no number between -2 and -1"},
	} {
		if _, err := g.Draw(c.d, c.args...); err == nil || err.Error() != c.want {
			t.Errorf("%v%v: %v, want %s", c.d, c.args, err, c.want)
		}
	}
	if d, ok := draw.Lookup("chisquare"); !ok || d != draw.ChiSquare || d.String() != "chisquare" {
		t.Error("chisquare is not found")
	}
	if _, ok := draw.Lookup("weibull"); ok {
		t.Error("weibull is found")
	}
}

func ExampleGenerator_Draw() {
	g := draw.NewGenerator(random.New(1, 0, 0))
	v, err := g.Draw(draw.Normal, 0, 1, 3, 4) // truncated to [3, 4]
	fmt.Println(v >= 3 && v <= 4, err)
	_, err = g.Draw(draw.Normal, 0, -1)
	fmt.Println(err)
	// Output:
	// true <nil>
	// normal: the standard deviation is -1: it must be finite and not negative
}
