// Package draw draws random numbers from distributions whose arguments are computed as the run goes.
//
// In: a stream of random numbers, a distribution, its arguments. Out: a number, or an error that says which argument makes no
// sense. Truncation is exact: a number comes from the distribution under the condition that it lies within the bounds, however
// far out in a tail these are. Run gives the draws of a model to a run of ode.Integrator.
package draw

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/mtkc/mtkc/runtime/random"
)

// Dist is a distribution. All but Uniform and Bernoulli take two more arguments, the bounds of a truncation, both included.
type Dist uint8

const (
	Normal      Dist = iota // mean, standard deviation
	Uniform                 // least, greatest
	Bernoulli               // probability of 1, else 0
	Binomial                // number of trials, probability
	Cauchy                  // location (0 where it is left out), scale
	ChiSquare               // degrees of freedom
	Exponential             // rate
	Gamma                   // shape, scale
	Laplace                 // location (0 where it is left out), scale
	LogNormal               // mean and standard deviation of the logarithm
	Poisson                 // rate
	Rayleigh                // scale
	dists
)

// table holds what is to be known of each distribution: least is the least number of arguments where those that may be left
// out are.
var table = [dists]struct {
	name        string
	args, least int
	whole       bool // takes no bounds
}{
	Normal: {"normal", 2, 2, false}, Uniform: {"uniform", 2, 2, true}, Bernoulli: {"bernoulli", 1, 1, true}, Binomial: {"binomial", 2, 2, false},
	Cauchy: {"cauchy", 2, 1, false}, ChiSquare: {"chisquare", 1, 1, false}, Exponential: {"exponential", 1, 1, false}, Gamma: {"gamma", 2, 2, false},
	Laplace: {"laplace", 2, 1, false}, LogNormal: {"lognormal", 2, 2, false}, Poisson: {"poisson", 1, 1, false}, Rayleigh: {"rayleigh", 1, 1, false},
}

func (d Dist) String() string { return table[d].name }

// Lookup finds a distribution by its name, such as "normal" or "chisquare".
func Lookup(name string) (Dist, bool) {
	for d := range table {
		if table[d].name == name {
			return Dist(d), true
		}
	}
	return 0, false
}

// Takes reports whether the distribution takes n arguments.
func (d Dist) Takes(n int) bool {
	t := &table[d]
	return n == t.args || n == t.least || !t.whole && n == t.args+2
}

// Generator draws numbers from a stream. It is not safe for concurrent use.
type Generator struct {
	stream *random.Stream
	rand   *rand.Rand
}

// NewGenerator returns a generator that takes its words from s.
func NewGenerator(s *random.Stream) *Generator { return &Generator{s, s.Rand()} }

// Draw is a number from d with the given arguments, as many as d.Takes; with two more than it needs it is truncated to
// the interval from the last but one to the last. The error names the distribution.
func (g *Generator) Draw(d Dist, args ...float64) (float64, error) {
	t := &table[d]
	if !d.Takes(len(args)) {
		return 0, fmt.Errorf("%s with %d arguments", t.name, len(args))
	}
	for _, a := range args {
		if math.IsNaN(a) {
			return 0, fmt.Errorf("%s: an argument has no value", t.name)
		}
	}
	var x [2]float64
	lo, hi := math.Inf(-1), math.Inf(1)
	if len(args) == t.args+2 {
		if lo, hi = args[t.args], args[t.args+1]; lo > hi {
			return 0, fmt.Errorf("%s: the lower bound %v is above the upper bound %v", t.name, lo, hi)
		}
		copy(x[:], args[:t.args])
	} else {
		copy(x[t.args-len(args):], args)
	}
	v, fault := g.draw(d, x[0], x[1], lo, hi)
	switch {
	case fault != "":
		return 0, fmt.Errorf("%s: %s", t.name, fault)
	case v != v:
		return 0, fmt.Errorf("%s: no number between %v and %v", t.name, lo, hi)
	}
	return v, nil
}

// bound says that an argument is none that it can be; "" where ok.
func bound(ok bool, what string, v float64, must string) string {
	if ok && !math.IsInf(v, 0) {
		return ""
	}
	return fmt.Sprintf("the %s is %v: it must be %s", what, v, must)
}

// most is the greatest rate and number of trials: numbers up to the largest that are drawn are integers, each.
const most = 1e15

// draw draws with arguments a, b within [lo, hi], NaN where nothing of the distribution lies there.
func (g *Generator) draw(d Dist, a, b, lo, hi float64) (v float64, fault string) {
	const positive, nonNegative, share = "positive and finite", "finite and not negative", "between 0 and 1"
	location := func() string { return bound(true, "location", a, "finite") }
	whole := math.IsInf(lo, -1) && math.IsInf(hi, 1)
	switch d {
	case Normal, LogNormal:
		if fault = bound(true, "mean", a, "finite"); fault == "" {
			fault = bound(b >= 0, "standard deviation", b, nonNegative)
		}
		if fault != "" {
			return 0, fault
		}
		if d == LogNormal {
			if hi <= 0 {
				return math.NaN(), ""
			}
			v = g.normal(a, b, math.Log(max(lo, 0)), math.Log(hi))
			return clamp(math.Exp(v), lo, hi), ""
		}
		return g.normal(a, b, lo, hi), ""
	case Uniform:
		if a > b || math.IsInf(b-a, 0) || math.IsNaN(b-a) {
			return 0, fmt.Sprintf("the bounds are %v and %v: the first must not be above the second, and both finite", a, b)
		}
		return clamp(a+(b-a)*g.stream.Open(), a, b), ""
	case Bernoulli:
		if fault = bound(a >= 0 && a <= 1, "probability", a, share); fault == "" && g.stream.Open() < a {
			v = 1
		}
		return v, fault
	case Binomial:
		if fault = bound(a >= 0 && a <= most && a == math.Floor(a), "number of trials", a, "an integer from 0 to 1e15"); fault == "" {
			fault = bound(b >= 0 && b <= 1, "probability", b, share)
		}
		if fault != "" {
			return 0, fault
		}
		return g.binomial(a, b, lo, hi), ""
	case Cauchy, Laplace:
		if fault = location(); fault == "" {
			fault = bound(b > 0, "scale", b, positive)
		}
		if fault != "" {
			return 0, fault
		}
		standard := g.cauchy
		if d == Laplace {
			standard = g.laplace
		}
		return clamp(a+b*standard((lo-a)/b, (hi-a)/b), lo, hi), ""
	case Exponential:
		if fault = bound(a > 0, "rate", a, positive); fault != "" {
			return 0, fault
		}
		return clamp(g.exponential(a, max(lo, 0), hi), lo, hi), ""
	case Rayleigh:
		if fault = bound(a > 0, "scale", a, positive); fault != "" {
			return 0, fault
		}
		if hi < 0 {
			return math.NaN(), ""
		}
		// (x/scale)^2 is exponential with the rate 1/2; measured from its least value, so that nothing overflows.
		l, h := max(lo, 0)/a, hi/a
		y := g.exponential(0.5, 0, (h-l)*(h+l))
		return clamp(a*(l+y/(l+math.Sqrt(l*l+y))), lo, hi), ""
	case Gamma, ChiSquare:
		k, scale := a, b
		if d == ChiSquare {
			k, scale = a/2, 2
			fault = bound(a > 0, "number of degrees of freedom", a, positive)
		} else if fault = bound(a > 0, "shape", a, positive); fault == "" {
			fault = bound(b > 0, "scale", b, positive)
		}
		if fault != "" {
			return 0, fault
		}
		if whole {
			return scale * g.plainGamma(k), ""
		}
		return clamp(scale*g.gamma(k, max(lo/scale, 0), hi/scale), lo, hi), ""
	case Poisson:
		if fault = bound(a >= 0 && a <= most, "rate", a, "between 0 and 1e15"); fault != "" {
			return 0, fault
		}
		return g.poisson(a, lo, hi), ""
	}
	panic("mtkc: bug: no distribution " + fmt.Sprint(uint8(d)))
}

// clamp moves v, which rounding may have taken out of [lo, hi], back.
func clamp(v, lo, hi float64) float64 {
	if lo > hi || v != v {
		return math.NaN()
	}
	return math.Min(math.Max(v, lo), hi)
}

// empty reports whether an interval of standardised bounds holds no number.
func empty(a, b float64) bool { return a > b || math.IsInf(a, 1) || math.IsInf(b, -1) }

// exponential is one with the given rate in [lo, hi], lo >= 0, by inversion: what is behind lo is again exponential.
func (g *Generator) exponential(rate, lo, hi float64) float64 {
	if lo > hi {
		return math.NaN()
	}
	return lo - math.Log1p(g.stream.Open()*math.Expm1(-rate*(hi-lo)))/rate
}

// normal is one in [lo, hi].
func (g *Generator) normal(mean, sd, lo, hi float64) float64 {
	if sd == 0 {
		if mean < lo || mean > hi {
			return math.NaN()
		}
		return mean
	}
	return clamp(mean+sd*g.standardNormal((lo-mean)/sd, (hi-mean)/sd), lo, hi)
}

// standardNormal is one in [a, b]: where zero is within, by rejection of normal or, where the interval is short, of uniform
// numbers; in a tail by rejection of exponential ones that touch the density (Robert, Statistics and Computing 5(2), 1995),
// truncated to [a, b] themselves. The least probability of acceptance is about 0.48, 0.6 and 0.76.
func (g *Generator) standardNormal(a, b float64) float64 {
	switch {
	case empty(a, b):
		return math.NaN()
	case b < 0:
		return -g.standardNormal(-b, -a)
	case a > 0:
		rate := (a + math.Sqrt(a*a+4)) / 2
		if a > 1e8 {
			rate = a
		}
		top := min(rate, b) - rate // the exponent is largest there
		for {
			x := g.exponential(rate, 0, b-a) // from a
			z := a - rate + x
			if 2*math.Log(g.stream.Open()) <= (top-z)*(top+z) {
				return a + x
			}
		}
	case b-a < 2:
		for {
			x := a + (b-a)*g.stream.Open()
			if 2*math.Log(g.stream.Open()) <= -x*x {
				return x
			}
		}
	}
	for {
		if x := g.rand.NormFloat64(); x >= a && x <= b {
			return x
		}
	}
}

// laplace is one of location 0 and scale 1 in [a, b]: exponential on either side of zero.
func (g *Generator) laplace(a, b float64) float64 {
	switch {
	case empty(a, b):
		return math.NaN()
	case a >= 0:
		return g.exponential(1, a, b)
	case b <= 0:
		return -g.exponential(1, -b, -a)
	}
	left, right := -math.Expm1(a), -math.Expm1(-b)
	if g.stream.Open()*(left+right) < left {
		return -g.exponential(1, 0, -a)
	}
	return g.exponential(1, 0, b)
}

// cauchy is one of location 0 and scale 1 in [a, b]: the tangent of an angle, or, in a tail, its reciprocal.
func (g *Generator) cauchy(a, b float64) float64 {
	switch {
	case empty(a, b):
		return math.NaN()
	case b < -1:
		return -g.cauchy(-b, -a)
	case a > 1:
		from, to := math.Atan(1/b), math.Atan(1/a)
		return 1 / math.Tan(from+(to-from)*g.stream.Open())
	}
	from, to := math.Atan(a), math.Atan(b)
	return math.Tan(from + (to-from)*g.stream.Open())
}

// plainGamma is one of shape k and scale 1.
func (g *Generator) plainGamma(k float64) float64 {
	return distuv.Gamma{Alpha: k, Beta: 1, Src: g.stream}.Rand()
}

// gamma is one of shape k and scale 1 in [a, b], a >= 0, by rejection. For k >= 1 the density is log-concave: in its tails the
// exponential that touches it at the near end of the interval lies above it (Gilks, Wild, Applied Statistics 41(2), 1992), near the
// mode gamma numbers or, on short intervals, uniform ones are accepted often enough. For k < 1 it lies below x^(k-1) on the
// left of 1 and below exp(-x) on the right.
func (g *Generator) gamma(k, a, b float64) float64 {
	switch {
	case empty(a, b) || b == 0:
		return math.NaN()
	case k < 1:
		return g.flatGamma(k, a, b)
	}
	mode, sd := k-1, math.Sqrt(k)
	accept := func(x, at float64) float64 { return (k - 1) * (math.Log(x/at) - (x-at)/at) }
	switch {
	case a > mode+sd:
		rate := 1 - mode/a
		for {
			x := a + g.exponential(rate, 0, b-a)
			if math.Log(g.stream.Open()) <= accept(x, a) {
				return x
			}
		}
	case b < mode-sd:
		rate := mode/b - 1
		for {
			x := b - g.exponential(rate, 0, b-a)
			if x > 0 && math.Log(g.stream.Open()) <= accept(x, b) {
				return x
			}
		}
	case b-a < sd:
		at := min(max(mode, a), b)
		for {
			x := a + (b-a)*g.stream.Open()
			e := at - x
			if mode > 0 {
				e += mode * math.Log(x/at)
			}
			if math.Log(g.stream.Open()) <= e {
				return x
			}
		}
	}
	for {
		if x := g.plainGamma(k); x >= a && x <= b {
			return x
		}
	}
}

// flatGamma is gamma for k < 1.
func (g *Generator) flatGamma(k, a, b float64) float64 {
	c := min(max(a, 1), b) // the envelope is e^-a x^(k-1) up to c and c^(k-1) e^-x behind it; both times e^a
	ak, ck := math.Pow(a, k), math.Pow(c, k)
	left := (ck - ak) / k
	right := math.Pow(c, k-1) * math.Exp(a-c) * -math.Expm1(c-b)
	for {
		if g.stream.Open()*(left+right) < left {
			x := math.Pow(ak+(ck-ak)*g.stream.Open(), 1/k)
			if math.Log(g.stream.Open()) <= a-x {
				return x
			}
			continue
		}
		x := g.exponential(1, c, b)
		if math.Log(g.stream.Open()) <= (k-1)*math.Log(x/c) {
			return x
		}
	}
}

// poisson is one in [lo, hi].
func (g *Generator) poisson(rate, lo, hi float64) float64 {
	lo, hi = math.Ceil(max(lo, 0)), math.Floor(hi)
	switch {
	case lo > hi || rate == 0 && lo > 0:
		return math.NaN()
	case rate == 0:
		return 0
	}
	return g.discrete(lo, hi, math.Floor(rate), math.Sqrt(rate), distuv.Poisson{Lambda: rate, Src: g.stream}.Rand,
		func(k float64) float64 { return rate / (k + 1) })
}

// binomial is one in [lo, hi].
func (g *Generator) binomial(n, p, lo, hi float64) float64 {
	lo, hi = math.Ceil(max(lo, 0)), math.Floor(min(hi, n))
	certain := n * p
	switch {
	case lo > hi || (p == 0 || p == 1) && (certain < lo || certain > hi):
		return math.NaN()
	case p == 0 || p == 1:
		return certain
	}
	return g.discrete(lo, hi, math.Floor((n+1)*p), math.Sqrt(n*p*(1-p)), distuv.Binomial{N: n, P: p, Src: g.stream}.Rand,
		func(k float64) float64 { return (n - k) / (k + 1) * (p / (1 - p)) })
}

// discrete is an integer in [lo, hi] of a unimodal distribution that plain draws from, with its mode and standard deviation;
// ratio(k) is the probability of k+1 over that of k. Where the interval holds a good part of the distribution numbers of plain are
// rejected; else the probabilities are summed from the greatest of them outwards.
func (g *Generator) discrete(lo, hi, mode, sd float64, plain func() float64, ratio func(k float64) float64) float64 {
	if lo <= mode+sd && hi >= mode-sd && hi-lo >= sd+2 {
		for {
			if k := plain(); k >= lo && k <= hi {
				return k
			}
		}
	}
	top := min(max(mode, lo), hi)
	const small = 0x1p-60
	sum := 1.0
	for k, w := top, 1.0; k < hi && w > small*sum; k++ {
		w *= ratio(k)
		sum += w
	}
	for k, w := top, 1.0; k > lo && w > small*sum; k-- {
		w /= ratio(k - 1)
		sum += w
	}
	u := g.stream.Open()*sum - 1
	if u < 0 {
		return top
	}
	for k, w := top, 1.0; k < hi && w > small*sum; {
		w *= ratio(k)
		k++
		if u -= w; u < 0 {
			return k
		}
	}
	last := top
	for k, w := top, 1.0; k > lo && w > small*sum; {
		w /= ratio(k - 1)
		k--
		last = k
		if u -= w; u < 0 {
			return k
		}
	}
	return last // of rounding
}
