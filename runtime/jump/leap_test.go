package jump

import (
	"math"
	"slices"
	"testing"

	"github.com/mtkc/mtkc/runtime/ode"
)

// Mean, variance and cells of the Poisson numbers, to 4 standard errors and 5 standard deviations of chi-square.
func TestPoisson(t *testing.T) {
	const n = 400000
	for _, mean := range []float64{0, 0.05, 3, 9.99, 10, 37.5, 900, 1e6, 3e11} {
		var d draws
		d.reset(3, uint64(mean))
		sum, square := 0.0, 0.0
		count := map[float64]float64{}
		for range n {
			k := d.poisson(mean)
			if k < 0 || k != math.Trunc(k) {
				t.Fatalf("a number %v of mean %v", k, mean)
			}
			sum += (k - mean) / n
			square += (k - mean) * (k - mean) / n
			count[k]++
		}
		if math.Abs(sum) > 4*math.Sqrt(mean/n) || math.Abs(square-mean) > 4*math.Sqrt((mean+2*mean*mean)/n) {
			t.Errorf("mean %v: the mean is off by %v, the variance is %v", mean, sum, square)
		}
		if mean == 0 || mean > 1e4 {
			continue
		}
		chi, cells := 0.0, 0.0
		for k := range count {
			g, _ := math.Lgamma(k + 1)
			if e := n * math.Exp(k*math.Log(mean)-mean-g); e > 20 {
				chi += (count[k] - e) * (count[k] - e) / e
				cells++
			}
		}
		if math.Abs(chi-cells) > 5*math.Sqrt(2*cells) {
			t.Errorf("mean %v: chi-square %v for %v cells", mean, chi, cells)
		}
	}
}

// The law of k by logPoisson against Lgamma, where that does not cancel.
func TestLogPoisson(t *testing.T) {
	for _, mean := range []float64{10, 50, 1000} {
		for k := 0.0; k < 3*mean; k++ {
			g, _ := math.Lgamma(k + 1)
			if want, got := k*math.Log(mean)-mean-g, logPoisson(k, mean); math.Abs(got-want) > 1e-12*(1+k*math.Log(mean)+g) {
				t.Fatalf("mean %v, %v: %v, want %v", mean, k, got, want)
			}
		}
	}
}

// The bias of the mean is of the order of epsilon for explicit and implicit leaps, with opposite signs, and of its square for the midpoint and the trapezoidal rule. For
// a decay the expectations are products of (1 - tau), 1/(1 + tau), ...; tau is epsilon but for the last of them, as long as epsilon x > 1.
func TestLeapBias(t *testing.T) {
	const n = 1500
	p := reactions("decay", map[string]float64{"A": 4000}, 1, "A -> 0 : 1")
	exactly := 4000 * math.Exp(-1)
	for _, c := range []struct {
		make   func(float64) ode.Method
		factor func(tau float64) float64
	}{
		{TauLeaping, func(tau float64) float64 { return 1 - tau }},
		{MidpointTau, func(tau float64) float64 { return 1 - tau + tau*tau/2 }},
		{ImplicitTau, func(tau float64) float64 { return 1 / (1 + tau) }},
		{TrapezoidalTau, func(tau float64) float64 { return (1 - tau/2) / (1 + tau/2) }},
		{AdaptiveTau, func(tau float64) float64 { return 1 - tau }},
	} {
		last := math.Inf(1)
		for _, epsilon := range []float64{0.2, 0.1, 0.05} {
			m := c.make(epsilon)
			rows := sample(t, p, ode.Options{Method: m, Seed: 5}, n)
			mean, _, se, _ := moments(rows, 0)
			want := exactly * math.Pow(c.factor(epsilon)/math.Exp(-epsilon), 1/epsilon)
			if math.Abs(mean-want) > 5*se {
				t.Errorf("%s with %v: mean %v, want %v +- %v (exact %v)", m.Info().Name, epsilon, mean, want, se, exactly)
			}
			if bias := math.Abs(mean - exactly); bias > last+4*se {
				t.Errorf("%s: the bias grows to %v with epsilon = %v", m.Info().Name, bias, epsilon)
			} else {
				last = bias
			}
		}
	}
}

// Fast reactions in balance keep explicit leaps short; the adaptive method takes implicit ones, to the same law.
func TestStiffLeaps(t *testing.T) {
	p := reactions("stiff", map[string]float64{"A": 20000, "B": 20000}, 5, "A -> B : 100000", "B -> A : 100000", "B -> C : 0.2")
	want := 40000 * math.Exp(-0.1*5) // A and B together
	sol := run(t, p, ode.Options{Method: TauLeaping(0.03), FinalOnly: true, Span: [2]float64{0, 0.05}})
	adaptive := run(t, p, ode.Options{Method: AdaptiveTau(0.03), FinalOnly: true, Span: [2]float64{0, 0.05}})
	if sol.Stats.Steps < 100*adaptive.Stats.Steps {
		t.Errorf("%d explicit leaps, %d adaptive ones", sol.Stats.Steps, adaptive.Stats.Steps)
	}
	for _, m := range []ode.Method{AdaptiveTau(0.01), ImplicitTau(0.01), TrapezoidalTau(0.01)} {
		rows := sample(t, p, ode.Options{Method: m, Seed: 5}, 50)
		for _, r := range rows {
			r[0] += r[1]
		}
		mean, _, se, _ := moments(rows, 0)
		// The implicit Euler method loses 0.1^2 tau t / 2 of the mean at most, where tau is 0.1: 0.25 %.
		if math.Abs(mean-want) > 4*se+0.0025*want {
			t.Errorf("%s: mean %v, want %v +- %v", m.Info().Name, mean, want, se)
		}
	}
}

// Where molecules are few, leaps are jumps: the law is exact up to the few leaps.
func TestLeapOfFew(t *testing.T) {
	p := reactions("dimerisation", map[string]float64{"A": 2}, 1, "2A -> B : 1")
	for _, m := range leaps {
		rows := sample(t, p, ode.Options{Method: m, Seed: 6}, 20000)
		mean, _, se, _ := moments(rows, slices.IndexFunc(p.States, func(q ode.Quantity) bool { return q.Name == "B" }))
		if want := 0.6321205588285577; math.Abs(mean-want) > 4*se {
			t.Errorf("%s: mean %v, want %v +- %v", m.name, mean, want, se)
		}
	}
}
