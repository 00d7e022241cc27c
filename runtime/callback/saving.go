package callback

import (
	"bytes"
	"encoding/gob"
	"math"
	"slices"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/ode"
)

// Table is what Saving fills: the values of a function of the solution.
type Table[T any] struct {
	Times  []float64
	Values []T
}

// Saving fills the table with f(t, u, p): at the start and after every step where times is nil, else
// at these times, by the interpolant, without any influence on the steps. At the time of a jump it takes the value
// before it. The table is emptied when a run starts. A run is saved with its table as
// encoding/gob writes it, so that T must be a type which that can handle.
func Saving[T any](table *Table[T], times []float64, f func(t float64, u, p []float64) T) *ode.Callback {
	put := func(t float64, u, p []float64) {
		table.Times = append(table.Times, t)
		table.Values = append(table.Values, f(t, u, p))
	}
	now := func(in *ode.Integrator) { put(in.T(), in.U(), in.P()) }
	empty := func() {
		clear(table.Values)
		table.Times, table.Values = table.Times[:0], table.Values[:0]
	}
	visit := func(a *archive.Archive) {
		a.Grown(&table.Times)
		var text string
		if !a.Loading() {
			var b bytes.Buffer
			if err := gob.NewEncoder(&b).Encode(table.Values); err != nil {
				a.Fail("the saved values: %v", err)
			}
			text = b.String()
		}
		a.String(&text)
		if a.Loading() && a.Err() == nil {
			table.Values = nil
			if err := gob.NewDecoder(bytes.NewReader([]byte(text))).Decode(&table.Values); err != nil {
				a.Fail("the saved values: %v", err)
			}
		}
	}
	if times == nil {
		return &ode.Callback{
			Name: "saving", Archive: visit,
			Start: func(in *ode.Integrator) error { empty(); now(in); return nil },
			After: func(in *ode.Integrator) error { now(in); return nil },
		}
	}
	sorted := slices.Clone(times)
	slices.Sort(sorted)
	var u []float64
	next := 0
	return &ode.Callback{
		Name: "saving",
		Start: func(in *ode.Integrator) error {
			empty()
			u = slices.Grow(u[:0], len(in.U()))[:len(in.U())]
			if in.Backward() != (len(sorted) > 1 && sorted[0] > sorted[len(sorted)-1]) {
				slices.Reverse(sorted)
			}
			back := in.Backward()
			for next = 0; next < len(sorted) && (!back && sorted[next] < in.T() || back && sorted[next] > in.T()); {
				next++
			}
			for ; next < len(sorted) && sorted[next] == in.T(); next++ {
				now(in)
			}
			return nil
		},
		Passed: func(in *ode.Integrator, t0, t1 float64) error {
			if len(u) != len(in.U()) {
				u = make([]float64, len(in.U()))
			}
			back := in.Backward()
			for ; next < len(sorted) && (!back && sorted[next] <= t1 || back && sorted[next] >= t1); next++ {
				in.Interpolate(sorted[next], u)
				put(sorted[next], u, in.P())
			}
			return nil
		},
		Archive: func(a *archive.Archive) {
			visit(a)
			a.Int(&next)
			a.Floats(sorted)
		},
	}
}

// Integral is the integral of a function along the trajectory.
type Integral struct {
	Value []float64
	Error []float64 // sum of the estimates of the quadrature errors
	Evals int

	low []float64 // what Value could not hold
}

// Integrating integrates g(t, u, p), of m entries, along the solution, from the start on and along the
// run: backward in time the integral has the sign that the reversal gives it. Each step is
// integrated on its interpolant, of degree d, by the Gauss rules of k = d/2+1 and k+1 points; where these differ by
// more than tol (relative to the integral of |g|, 0: a tenth of the run's relative tolerance)
// the interval is halved. Sums over steps are compensated.
//
// The states need not grow by quadrature states, whose errors would then steer the steps: the
// error of the integral is that of the solution, and that of a rule that is exact for
// g linear in u and its interpolant.
func Integrating(result *Integral, m int, g func(t float64, u, p, out []float64), tol float64) *ode.Callback {
	var u, out, lo, hi, size, stepSize []float64
	var rules [14]rule
	get := func(k int) *rule {
		if rules[k].x == nil {
			rules[k] = gauss(k)
		}
		return &rules[k]
	}
	var panel func(in *ode.Integrator, a, b float64, depth int)
	apply := func(in *ode.Integrator, r *rule, a, b float64, sum []float64) {
		clear(sum)
		clear(stepSize)
		for i, x := range r.x {
			t := a + (b-a)*x
			in.Interpolate(t, u)
			g(t, u, in.P(), out)
			result.Evals++
			for j, v := range out {
				sum[j] += r.w[i] * (b - a) * v
				stepSize[j] += math.Abs(r.w[i] * (b - a) * v)
			}
		}
	}
	panel = func(in *ode.Integrator, a, b float64, depth int) {
		limit := tol
		if limit == 0 {
			limit = 0.1 * in.RelTol()
		}
		k := min(in.Degree()/2+1, len(rules)-2) // interpolants of higher degree than that of 13 points have halves
		apply(in, get(k), a, b, lo)
		apply(in, get(k+1), a, b, hi)
		if depth < 12 {
			for j := range hi {
				// The part of this interval in the whole; a first step has nothing to compare with.
				if math.Abs(hi[j]-lo[j]) > limit*math.Max(stepSize[j], size[j]*math.Abs(b-a)) {
					mid := a + (b-a)/2
					panel(in, a, mid, depth+1)
					panel(in, mid, b, depth+1)
					return
				}
			}
		}
		for j, v := range hi {
			s := result.Value[j] + v
			big, small := result.Value[j], v
			if math.Abs(small) > math.Abs(big) {
				big, small = small, big
			}
			result.low[j] += small - (s - big)
			result.Value[j] = s
			result.Error[j] += math.Abs(hi[j] - lo[j])
			size[j] = math.Max(size[j], stepSize[j]/math.Abs(b-a))
		}
	}
	begin := func(in *ode.Integrator) {
		n := len(in.U())
		u, out, lo, hi, stepSize = make([]float64, n), make([]float64, m), make([]float64, m), make([]float64, m), make([]float64, m)
	}
	return &ode.Callback{
		Name: "integral",
		Start: func(in *ode.Integrator) error {
			if len(u) != len(in.U()) {
				begin(in)
			}
			if len(result.Value) != m || len(result.low) != m || len(size) != m {
				result.Value, result.Error, result.low, size = make([]float64, m), make([]float64, m), make([]float64, m), make([]float64, m)
			}
			clear(result.Value)
			clear(result.Error)
			clear(result.low)
			clear(size)
			result.Evals = 0
			return nil
		},
		Passed: func(in *ode.Integrator, t0, t1 float64) error {
			if len(u) != len(in.U()) {
				begin(in)
			}
			panel(in, t0, t1, 0)
			return nil
		},
		Finish: func(*ode.Integrator) {
			for j, v := range result.low {
				result.Value[j] += v
				result.low[j] = 0
			}
		},
		Archive: func(a *archive.Archive) {
			a.Grown(&result.Value, &result.Error, &result.low, &size)
			a.Int(&result.Evals)
		},
	}
}

// rule is a quadrature rule on [0, 1].
type rule struct{ x, w []float64 }

// gauss is the Gauss-Legendre rule of n points: roots of the Legendre polynomial by Newton's
// method from Tricomi's approximation.
func gauss(n int) rule {
	r := rule{make([]float64, n), make([]float64, n)}
	for i := range n {
		z := math.Cos(math.Pi * (float64(i) + 0.75) / (float64(n) + 0.5))
		var d float64
		for range 100 {
			p, q := 1.0, 0.0
			for j := range n {
				p, q = ((2*float64(j)+1)*z*p-float64(j)*q)/float64(j+1), p
			}
			d = float64(n) * (z*p - q) / (z*z - 1)
			step := p / d
			z -= step
			if math.Abs(step) < 1e-15 {
				break
			}
		}
		r.x[n-1-i] = (1 + z) / 2
		r.w[n-1-i] = 1 / ((1 - z*z) * d * d)
	}
	return r
}
