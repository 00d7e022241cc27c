package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/runtime/ensemble"
	"github.com/mtkc/mtkc/runtime/ode"
)

// This file judges stochastic cases, by the rule of the suite they come from: T. W. Evans, C. S. Gillespie, D. J. Wilkinson, The
// SBML discrete stochastic models test suite, Bioinformatics 24(2), 2008, and its user guide. Of n repeats with the
// mean m and the standard deviation s at some time, where mu and sigma are expected,
//
//	Z = sqrt(n) (m - mu) / sigma      must lie in meanRange,
//	Y = sqrt(n/2) (s^2/sigma^2 - 1)   in sdRange.
//
// A right program still has values outside now and then: Z lies outside of (-3, 3) with the probability 0.0027, so that of a case
// with 50 independent values one in eight has some. The guide takes a few of them to be no evidence, and more repeats to be the way to
// find out. So a case with values outside is repeated four times as often, with other random numbers, and the values that were
// outside must then be within: what is wrong shows twice as clearly, and what was chance is gone.
//
// The range for Y is one for variables that are about normal, for which Y has the variance 1. In general it has the variance (k-1)/2, where
// k is the kurtosis E(x-mu)^4/sigma^4, which is 60 where a population is nearly extinct: there no number of repeats takes Y into the
// range. So among the further repeats the range for Y is wider, by the square root of that where it is above 1, with the
// kurtosis of the sample.

// repeats of a stochastic case, and the seed of the random numbers.
var (
	repeats        = 10000
	seed    uint64 = 1
)

// again is how many times as many repeats a case gets that has values outside of its ranges.
const again = 4

// series is a random variable of which mean or standard deviation is expected.
type series struct {
	name     string // as in the results, such as X or ln(X)
	variable string
	log      bool
	mean, sd []float64 // expected, by time; nil: not stated

	n              float64
	m, m2, m3, m4  []float64 // mean of the sample, and sums of powers of deviations from it
	farMean, farSD []bool    // outside in the first sample
}

// take takes the n-th value at time k into the sample, by the recurrences of Welford and Terriberry. The logarithm of zero counts as
// zero, as in the tables of the suite, where a variable starts at zero.
func (s *series) take(k int, v float64) {
	if s.log && v != 0 {
		v = math.Log(v)
	}
	n := s.n
	d := v - s.m[k]
	e := d / n
	f := d * e * (n - 1)
	s.m[k] += e
	s.m4[k] += f*e*e*(n*n-3*n+3) + 6*e*e*s.m2[k] - 4*e*s.m3[k]
	s.m3[k] += f*e*(n-2) - 3*e*s.m2[k]
	s.m2[k] += f
}

// clear empties the sample.
func (s *series) clear(times int) {
	s.n, s.m, s.m2, s.m3, s.m4 = 0, make([]float64, times), make([]float64, times), make([]float64, times), make([]float64, times)
}

// tally counts values, and those outside of their range.
type tally struct {
	means, sds, outMeans, outSDs int
	worst                        string  // value
	most                         float64 // its distance from the middle of its range over half the width
}

func (t *tally) add(o tally) {
	t.means, t.sds, t.outMeans, t.outSDs = t.means+o.means, t.sds+o.sds, t.outMeans+o.outMeans, t.outSDs+o.outSDs
	if o.most > t.most {
		t.most, t.worst = o.most, o.worst
	}
}

func (t *tally) ok() bool { return t.outMeans+t.outSDs == 0 }

func (t *tally) String() string {
	s := fmt.Sprintf("%d of %d means and %d of %d standard deviations outside", t.outMeans, t.means, t.outSDs, t.sds)
	if t.worst != "" {
		s += ", " + t.worst
	}
	return s
}

// exactly is how far a value that is not random may be from the expected one, relative to it or absolutely: what the solution of
// equations between jumps may be off.
const exactly = 1e-6

// judge compares the sample with what is expected: the first one all of it, a later one what was outside then.
func (s *series) judge(meanRange, sdRange [2]float64, times []float64, later bool) (t tally) {
	if !later {
		s.farMean, s.farSD = make([]bool, len(times)), make([]bool, len(times))
	}
	outside := func(v float64, r [2]float64, what string, k int, got, want float64) bool {
		off := math.Abs(v-(r[0]+r[1])/2) / ((r[1] - r[0]) / 2)
		if !(off <= t.most) {
			t.most = off
			if off != off {
				t.most = math.Inf(1)
			}
			t.worst = fmt.Sprintf("%s(%s) at t = %v is %.6g, not %.6g (%.2f)", what, s.name, times[k], got, want, v)
		}
		return !(v > r[0] && v < r[1])
	}
	fixed := func(got, want float64) float64 { // 0 or infinite
		if math.Abs(got-want) <= exactly*max(1, math.Abs(want)) {
			return 0
		}
		return math.Inf(1)
	}
	for k := range times {
		sd := math.Sqrt(s.m2[k] / (s.n - 1))
		sigma := sd
		if s.sd != nil {
			sigma = s.sd[k]
		}
		if s.sd != nil && (!later || s.farSD[k]) {
			y := math.Sqrt(s.n/2) * (sd*sd/(sigma*sigma) - 1)
			if sigma == 0 {
				y = fixed(sd, 0)
			}
			if kurtosis := s.n * s.m4[k] / (s.m2[k] * s.m2[k]); later && kurtosis > 3 {
				y /= math.Sqrt((kurtosis - 1) / 2)
			}
			t.sds++
			if s.farSD[k] = outside(y, sdRange, "sd", k, sd, sigma); s.farSD[k] {
				t.outSDs++
			}
		}
		if s.mean != nil && (!later || s.farMean[k]) {
			z := math.Sqrt(s.n) * (s.m[k] - s.mean[k]) / sigma
			if sigma == 0 {
				z = fixed(s.m[k], s.mean[k])
			}
			t.means++
			if s.farMean[k] = outside(z, meanRange, "mean", k, s.m[k], s.mean[k]); s.farMean[k] {
				t.outMeans++
			}
		}
	}
	return t
}

// seed is that of the random numbers of a case, another one for each.
func (c *suiteCase) seed() uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, seed, " ", c.ID)
	return h.Sum64()
}

// stochastic reports whether a case is one of repeats; its settings are read.
func (c *suiteCase) stochastic() bool {
	return c.TestType == "StochasticTimeCourse" || c.TestType == "StatisticalDistribution" || c.meanRange != [2]float64{} || c.sdRange != [2]float64{}
}

// interval reads a range such as (-3, 3).
func interval(text string) (r [2]float64, err error) {
	a, b, ok := strings.Cut(strings.Trim(text, "()[] "), ",")
	if !ok {
		return r, fmt.Errorf("%q is no range", text)
	}
	if r[0], err = strconv.ParseFloat(strings.TrimSpace(a), 64); err == nil {
		r[1], err = strconv.ParseFloat(strings.TrimSpace(b), 64)
	}
	if err == nil && !(r[0] < r[1]) {
		err = fmt.Errorf("%q is no range", text)
	}
	return r, err
}

// seriesOf sorts the columns of the results by variable.
func seriesOf(names []string, rows [][]float64) ([]*series, error) {
	var list []*series
	for j, column := range names {
		base, mean := strings.CutSuffix(column, "-mean")
		sd := false
		if !mean {
			base, sd = strings.CutSuffix(column, "-sd")
		}
		if !mean && !sd {
			return nil, fmt.Errorf("a stochastic case with the column %s: neither -mean nor -sd", column)
		}
		k := slices.IndexFunc(list, func(s *series) bool { return s.name == base })
		if k < 0 {
			k = len(list)
			s := &series{name: base, variable: base}
			if inner, ok := strings.CutPrefix(base, "ln("); ok && strings.HasSuffix(inner, ")") {
				s.variable, s.log = strings.TrimSuffix(inner, ")"), true
			}
			list = append(list, s)
		}
		values := make([]float64, len(rows))
		for i := range rows {
			values[i] = rows[i][j]
		}
		if mean {
			list[k].mean = values
		} else {
			list[k].sd = values
		}
	}
	return list, nil
}

// runStochastic repeats a stochastic case and judges it.
func (c *suiteCase) runStochastic() {
	if c.meanRange == [2]float64{} {
		c.meanRange = [2]float64{-3, 3}
	}
	if c.sdRange == [2]float64{} {
		c.sdRange = [2]float64{-5, 5}
	}
	times, want, names, err := c.expected()
	if err != nil {
		c.message = err.Error()
		return
	}
	list, err := seriesOf(names, want)
	if err != nil {
		c.outcome, c.message = unsupported, err.Error()
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(repeats)*limit)
	defer cancel()
	k := mtkc.New(filepath.Join(c.dir, c.XML), mtkc.Options{})
	found := k.Run(ctx, "load")
	if found.Errors() == 0 && len(k.System().Reactions) > 0 { // else what is random are the numbers that events draw
		k.Method = "ssa"
	}
	prob, more := k.Problem(ctx)
	found = append(found, more...)
	if err := found.Err(); err != nil {
		c.outcome, c.message = unsupported, err.Error()
		return
	}
	columns := make([]string, len(list))
	for j, s := range list {
		columns[j] = c.observable(prob, s.variable)
	}
	opt := ode.Options{Span: [2]float64{0, c.start + c.duration}, SaveAt: times, Seed: c.seed()}
	sample := func(n int, later bool) (t tally, err error) {
		if later { // as far as there is something to judge
			last := 0
			for k := range times {
				for _, s := range list {
					if s.farMean[k] || s.farSD[k] {
						last = k
					}
				}
			}
			times = times[:last+1]
			opt.SaveAt, opt.Span[1] = times, max(times[last], times[0]+c.duration/1000)
		}
		for _, s := range list {
			s.clear(len(times))
		}
		res, err := ensemble.Solve(ctx, prob, ensemble.Func(nil, int64(n), func(int64, *ensemble.Setup) {}), ensemble.Options{
			Run: opt, Vars: columns, Workers: 1,
			Sink: func(tr *ensemble.Trajectory) error {
				if !tr.OK() || len(tr.Times) != len(times) {
					return fmt.Errorf("repeat %d ended at t = %v: %v %s", tr.Index, tr.T, tr.Retcode, tr.Message)
				}
				for j, s := range list {
					s.n++
					for k := range times {
						s.take(k, tr.Row(k)[j])
					}
				}
				return nil
			},
		})
		if err != nil {
			return t, err
		}
		c.jumps += res.Steps
		opt.Path += uint64(n)
		for _, s := range list {
			t.add(s.judge(c.meanRange, c.sdRange, times, later))
		}
		return t, nil
	}
	if c.first, err = sample(repeats, false); err != nil {
		c.message = err.Error()
		return
	}
	c.message = c.first.String()
	if !c.first.ok() {
		c.more = true
		t, err := sample(again*repeats, true)
		if err != nil {
			c.message = err.Error()
			return
		}
		c.message += fmt.Sprintf("; of these, with %d times as many repeats, %s", again, &t)
		if !t.ok() {
			return
		}
	}
	c.outcome = passed
}
