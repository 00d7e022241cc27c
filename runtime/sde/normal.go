package sde

import "math"

// gamma is the increment of SplitMix64, the golden ratio times 2^64.
const gamma = 0x9e3779b97f4a7c15

// mix is the finaliser of SplitMix64 (Stafford's variant 13 of that of MurmurHash3; Steele, Lea, Flood, Fast splittable pseudorandom
// number generators, OOPSLA 2014): a bijection in which each bit of z changes half of the others.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// The ziggurat of the normal density has layers of equal area; layer 0 is the base with the tail behind tail.
const (
	layers   = 256
	tail     = 3.6541528853610087963519472518
	zigArea  = 0.00492867323399 // of each layer of exp(-x^2/2)
	mantissa = 1 << 53
)

var zig = func() (z struct {
	x [layers + 1]float64 // ends of the layers, descending; x[layers] = 0
	f [layers + 1]float64 // the density there
	k [layers]uint64      // a number of 53 bits below it lies within the density for sure
	w [layers]float64     // the width of a layer, for a number of 53 bits
}) {
	density := func(x float64) float64 { return math.Exp(-0.5 * x * x) }
	z.x[0], z.x[1] = zigArea/density(tail), tail
	for i := 2; i < layers; i++ {
		z.x[i] = math.Sqrt(-2 * math.Log(zigArea/z.x[i-1]+density(z.x[i-1])))
	}
	for i := range z.f {
		z.f[i] = density(z.x[i])
	}
	for i := range z.k {
		z.k[i] = uint64(z.x[i+1] / z.x[i] * mantissa)
		z.w[i] = z.x[i] / mantissa
	}
	return z
}()

// normal makes a number with the standard normal distribution of 64 random bits; where they do not decide, of those that
// follow from them.
//
// Marsaglia, Tsang, The ziggurat method for generating random variables, J. Stat. Softw. 5(8), 2000; with different bits for the
// layer and the place in it, as Doornik, An improved ziggurat method, 2005, asks for.
func normal(w uint64) float64 {
	i, u := w&(layers-1), w>>11
	x := float64(u) * zig.w[i]
	if u >= zig.k[i] {
		x = outside(w, x)
	}
	// The sign by its bit: a branch would be mispredicted half the time.
	return math.Float64frombits(math.Float64bits(x) | w<<55&(1<<63))
}

// outside decides whether x stands, which lies in its layer but perhaps not below the density.
func outside(w uint64, x float64) float64 {
	next := func() float64 {
		w += gamma
		return (float64(mix(w)>>11) + 0.5) * 0x1p-53
	}
	i := w & (layers - 1)
	for {
		switch {
		case i == 0 && x < tail || x < zig.x[i+1]:
			return x
		case i == 0:
			for {
				a := -math.Log(next()) / tail
				if b := -math.Log(next()); b+b >= a*a {
					return tail + a
				}
			}
		case zig.f[i]+next()*(zig.f[i+1]-zig.f[i]) < math.Exp(-0.5*x*x):
			return x
		}
		w += gamma
		v := mix(w)
		i = v & (layers - 1)
		x = float64(v>>11) * zig.w[i]
	}
}
