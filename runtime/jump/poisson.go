package jump

import "math"

// poisson is a number of the Poisson distribution of that mean: by inversion below 10, above by the transformed rejection of Hormann, Insur. Math. Econ.
// 12(1), 1993 (PTRS). The mean is finite and not negative. Beyond 1e15, where not all whole numbers are there, it is a normal number
// rounded.
func (d *draws) poisson(mean float64) float64 {
	switch {
	case !(mean > 0):
		return 0
	case mean < 10:
		u, k := d.uniform(), 0.0
		for p := math.Exp(-mean); u > p && k < 200; {
			u -= p
			k++
			p *= mean / k
		}
		return k
	case mean > 1e15:
		// Box, Muller.
		z := math.Sqrt(2*d.exp()) * math.Cos(2*math.Pi*d.uniform())
		return math.Max(0, math.Round(mean+math.Sqrt(mean)*z))
	}
	b := 0.931 + 2.53*math.Sqrt(mean)
	a := -0.059 + 0.02483*b
	inverse := 1.1239 + 1.1328/(b-3.4)
	squeeze := 0.9277 - 3.6224/(b-2)
	for {
		u, v := d.uniform()-0.5, d.uniform()
		us := 0.5 - math.Abs(u)
		k := math.Floor((2*a/us+b)*u + mean + 0.43)
		if us >= 0.07 && v <= squeeze {
			return k
		}
		if k < 0 || us < 0.013 && v > us {
			continue
		}
		if math.Log(v*inverse/(a/(us*us)+b)) <= logPoisson(k, mean) {
			return k
		}
	}
}

// logPoisson is the logarithm of the probability of k under the Poisson distribution, without cancellation where k is near the mean: Loader,
// Fast and accurate computation of binomial probabilities, 2000.
func logPoisson(k, mean float64) float64 {
	if k < 16 {
		g, _ := math.Lgamma(k + 1)
		return k*math.Log(mean) - mean - g
	}
	x := (mean - k) / k
	i := 1 / (k * k)
	stirling := (1./12 - (1./360-(1./1260-i/1680)*i)*i) / k
	return k*(math.Log1p(x)-x) - 0.5*math.Log(2*math.Pi*k) - stirling
}
