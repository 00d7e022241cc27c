package elementary

import (
	"math"
	"math/big"
	"testing"
)

// TestConstants: constants in parts add up to the numbers that they are.
func TestConstants(t *testing.T) {
	halfPi := half(zero().Set(refPi))
	log10of2 := quo(refLn2, refLn10)
	for _, c := range []struct {
		name  string
		parts []float64
		want  *big.Float
		bits  int // the error is below 2^-bits
	}{
		{"pi/2", []float64{halfPi1, halfPi2, halfPi3}, halfPi, 162},
		{"pi/4", []float64{quarterPiHi, quarterPiLo}, half(halfPi), 109},
		{"ln 2", []float64{ln2Hi, ln2Lo}, refLn2, 109},
		{"ln 2, short", []float64{ln2Short, ln2ShortRest}, refLn2, 97},
		{"log10(2)", []float64{log10of2Short, log10of2Rest}, log10of2, 97},
		{"log10(e)", []float64{log10ofEHi, log10ofELo}, quo(bi(1), refLn10), 109},
		{"log2(e)", []float64{log2e}, quo(bi(1), refLn2), 53},
		{"2/3", []float64{2.0 / 3, twoThirdsLo}, quo(bi(2), bi(3)), 107},
	} {
		sum := zero()
		for _, p := range c.parts {
			sum.Add(sum, bf(p))
		}
		d, _ := sub(sum, c.want).Float64()
		if math.Abs(d) > math.Ldexp(1, -c.bits) {
			t.Errorf("%s is off by %v", c.name, d)
		}
	}
	for name, v := range map[string]float64{"ln 2": ln2Short, "log10(2)": log10of2Short} {
		if math.Float64bits(v)&(1<<11-1) != 0 {
			t.Errorf("%s has more than 42 bits", name)
		}
	}
}
