package ensemble

import (
	"fmt"
	"math"
	"math/bits"

	numbers "github.com/mtkc/mtkc/runtime/random"
)

// Distribution is that of a random number, by its quantile function: the number for a probability p, 0 < p < 1.
type Distribution interface{ Quantile(p float64) float64 }

// Uniform is the uniform distribution between Min and Max.
type Uniform struct{ Min, Max float64 }

// Quantile is that of the distribution.
func (d Uniform) Quantile(p float64) float64 { return d.Min*(1-p) + d.Max*p }

// Normal is the normal distribution of that mean and standard deviation.
type Normal struct{ Mean, SD float64 }

// Quantile is that of the distribution. Its error is that of rounding 1 - 2p.
func (d Normal) Quantile(p float64) float64 {
	return d.Mean - d.SD*math.Sqrt2*math.Erfinv(1-2*p)
}

// LogNormal is the distribution of exp(x) where x has the normal distribution of mean Mu and standard deviation Sigma.
type LogNormal struct{ Mu, Sigma float64 }

// Quantile is that of the distribution.
func (d LogNormal) Quantile(p float64) float64 { return math.Exp(Normal{d.Mu, d.Sigma}.Quantile(p)) }

// Draw is a parameter or start value that is drawn at random.
type Draw struct {
	Column Column
	From   Distribution
}

// Random is a source of n trajectories with independent random values. Those of the trajectory with number i are a
// function of the seed and i, so that the source can begin anywhere: numbers come from the counter-based
// generator Philox4x64-10, see package random.
func Random(n int64, seed uint64, draws ...Draw) Source {
	return random(n, draws, func(i int64, d int) float64 { return numbers.Unit(draw(seed, 0, i, d)) })
}

// Latin is a source of n trajectories that fill the space evenly: each drawn value falls once into each of n intervals of
// equal probability (McKay, Beckman, Conover, Technometrics 21(2), 1979). The permutations of the intervals are
// Feistel networks, so that nothing is stored, however large n is.
func Latin(n int64, seed uint64, draws ...Draw) Source {
	return random(n, draws, func(i int64, d int) float64 {
		at := permute(uint64(i), uint64(n), draw(seed, 2, 0, d))
		return (float64(at) + numbers.Unit(draw(seed, 1, i, d))) / float64(n)
	})
}

// random makes a source of the probabilities of trajectory i and draw d.
func random(n int64, draws []Draw, p func(i int64, d int) float64) Source {
	columns := make([]Column, len(draws))
	for d := range draws {
		columns[d] = draws[d].Column
	}
	return Func(columns, n, func(i int64, s *Setup) {
		for d := range draws {
			s.Values[d] = draws[d].From.Quantile(p(i, d))
		}
	})
}

// draw is number d of trajectory i in a stream of random words.
func draw(seed, stream uint64, i int64, d int) uint64 {
	return numbers.Philox([4]uint64{uint64(i), uint64(d) / 4, 0, 0}, [2]uint64{seed, stream})[d%4]
}

// permute is where a permutation of 0..n-1, one for each key, takes i: a balanced Feistel network on the least even number
// of bits that holds n, again as long as the result is too large (Black, Rogaway, Ciphers with arbitrary finite
// domains, CT-RSA 2002).
func permute(i, n, key uint64) uint64 {
	half := (bits.Len64(n-1) + 1) / 2
	mask := uint64(1)<<half - 1
	for {
		l, r := i>>half, i&mask
		for round := range uint64(8) {
			l, r = r, l^mix(r^mix(key+round))&mask
		}
		if i = l<<half | r; i < n {
			return i
		}
	}
}

// String describes the distribution as mtkc ensemble takes it.
func (d Uniform) String() string   { return fmt.Sprintf("uniform:%v:%v", d.Min, d.Max) }
func (d Normal) String() string    { return fmt.Sprintf("normal:%v:%v", d.Mean, d.SD) }
func (d LogNormal) String() string { return fmt.Sprintf("lognormal:%v:%v", d.Mu, d.Sigma) }
