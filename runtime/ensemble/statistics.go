package ensemble

import (
	"encoding/binary"
	"errors"
	"math"
	"runtime"
	"slices"
	"sync"
)

// group is how many consecutive trajectories are summed up by a worker before their moments go to those
// of the ensemble: what comes out depends on this number and on nothing else.
const group = 16

// Statistics are mean, variance, least and largest value and quantiles of every recorded variable at every recorded
// time, and of the numbers of Options.Functional. Trajectories that failed do not count; those that ended early by
// themselves, or have an end of their own, count up to it; NaN does not count.
//
// Means and sums of squared deviations come from Welford's recurrence (Technometrics 4(3), 1962) over groups of 16 consecutive
// trajectories, fewer where a point ends (Options.Each), which are merged one after the other by the formula of Chan, Golub, LeVeque
// (American Statistician 37(3), 1983). Quantiles come from a Sketch each.
type Statistics struct {
	Vars  []string
	Times []float64 // nil: at the end of each trajectory
	Extra []string

	m        moments
	sketches []*Sketch // nil: no quantiles asked for
	probs    []float64
}

// Summary describes the distribution of one number.
type Summary struct {
	N              int64 // trajectories that count
	Mean, Variance float64
	Min, Max       float64
	Quantiles      []float64 // for Options.Quantiles
	Exact          bool      // the quantiles are exact
}

// SD is the standard deviation.
func (s *Summary) SD() float64 { return math.Sqrt(s.Variance) }

// Rows is the number of recorded times.
func (s *Statistics) Rows() int { return max(1, len(s.Times)) }

// At summarises variable Vars[j] at Times[k]. Of no trajectory, everything is NaN; the variance of one
// is NaN, that of n is the sum of squared deviations over n-1.
func (s *Statistics) At(k, j int) Summary { return s.entry(k*len(s.Vars) + j) }

// ExtraAt summarises the number Extra[j] of the functional.
func (s *Statistics) ExtraAt(j int) Summary { return s.entry(s.Rows()*len(s.Vars) + j) }

func (s *Statistics) entry(e int) Summary {
	m := &s.m
	out := Summary{N: int64(m.n[e]), Mean: m.mean[e], Variance: math.NaN(), Min: m.min[e], Max: m.max[e]}
	if out.N == 0 {
		out.Mean, out.Min, out.Max = math.NaN(), math.NaN(), math.NaN()
	}
	if out.N > 1 {
		out.Variance = m.m2[e] / (m.n[e] - 1)
	}
	if s.sketches != nil {
		out.Quantiles, out.Exact = s.sketches[e].Quantiles(s.probs...), s.sketches[e].Exact()
	}
	return out
}

// Quantile estimates the quantile q of Vars[j] at Times[k]; NaN where Options.Quantiles is empty.
func (s *Statistics) Quantile(k, j int, q float64) float64 {
	if s.sketches == nil {
		return math.NaN()
	}
	return s.sketches[k*len(s.Vars)+j].Quantiles(q)[0]
}

// moments of several numbers.
type moments struct {
	n, mean, m2, min, max []float64
}

func newMoments(entries int) moments {
	buf := make([]float64, 5*entries)
	cut := func(i int) []float64 { return buf[i*entries : (i+1)*entries : (i+1)*entries] }
	m := moments{cut(0), cut(1), cut(2), cut(3), cut(4)}
	m.clear()
	return m
}

func (m *moments) clear() {
	clear(m.n)
	clear(m.mean)
	clear(m.m2)
	for e := range m.min {
		m.min[e], m.max[e] = math.Inf(1), math.Inf(-1)
	}
}

// add takes numbers in, the first of them entry from.
func (m *moments) add(from int, x []float64) {
	n, mean, m2, least, most := m.n[from:], m.mean[from:], m.m2[from:], m.min[from:], m.max[from:]
	for e, v := range x {
		if v != v {
			continue
		}
		n[e]++
		d := v - mean[e]
		mean[e] += d / n[e]
		m2[e] += d * (v - mean[e])
		least[e] = min(least[e], v)
		most[e] = max(most[e], v)
	}
}

// merge takes the moments of later numbers in.
func (m *moments) merge(o *moments) {
	for e, k := range o.n {
		if k == 0 {
			continue
		}
		n := m.n[e]
		d := o.mean[e] - m.mean[e]
		part := k / (n + k)
		m.mean[e] += d * part
		m.m2[e] += o.m2[e] + d*d*n*part
		m.n[e] = n + k
		m.min[e] = min(m.min[e], o.min[e])
		m.max[e] = max(m.max[e], o.max[e])
	}
}

// newStatistics makes empty ones.
func newStatistics(vars []string, times []float64, extra []string, probs []float64, size int) *Statistics {
	s := &Statistics{Vars: vars, Times: times, Extra: extra, probs: probs}
	entries := s.Rows()*len(vars) + len(extra)
	s.m = newMoments(entries)
	if len(probs) > 0 {
		s.sketches = make([]*Sketch, entries)
		for e := range s.sketches {
			s.sketches[e] = NewSketch(size)
		}
	}
	return s
}

// reset empties s.
func (s *Statistics) reset() {
	s.m.clear()
	for _, k := range s.sketches {
		k.reset()
	}
}

// gather computes the moments of groups of consecutive trajectories; ends has where each ends in the list.
func gather(list []Trajectory, extra int, groups []moments, ends []int) {
	i := 0
	for g := range groups {
		m := &groups[g]
		m.clear()
		for ; i < ends[g]; i++ {
			if t := &list[i]; t.OK() {
				m.add(0, t.Record)
				m.add(extra, t.Extra)
			}
		}
	}
}

// groupEnds appends where the groups of n trajectories from number first on end, counted from there: at multiples of 16, and where
// a point ends (each > 0).
func groupEnds(dst []int, first int64, n int, each int64) []int {
	for i := 0; i < n; {
		step := group - (first+int64(i))%group
		if each > 0 {
			step = min(step, each-(first+int64(i))%each)
		}
		i = int(min(int64(i)+step, int64(n)))
		dst = append(dst, i)
	}
	return dst
}

// severalEntries is how many numbers go to sketches before it pays to let several goroutines do it.
const severalEntries = 1 << 14

// take folds trajectories, and the moments of their groups, in.
func (s *Statistics) take(list []Trajectory, groups []moments) {
	for g := range groups {
		s.m.merge(&groups[g])
	}
	if s.sketches == nil {
		return
	}
	extra := s.Rows() * len(s.Vars)
	fill := func(from, to int) {
		for e := from; e < to; e++ {
			for i := range list {
				t := &list[i]
				if !t.OK() {
					continue
				}
				v := math.NaN()
				if e >= extra {
					v = t.Extra[e-extra]
				} else if e < len(t.Record) {
					v = t.Record[e]
				}
				if v == v {
					s.sketches[e].Add(v)
				}
			}
		}
	}
	n := len(s.sketches)
	parts := min(runtime.GOMAXPROCS(0), n*len(list)/severalEntries+1)
	if parts < 2 {
		fill(0, n)
		return
	}
	var wait sync.WaitGroup
	for p := range parts {
		wait.Go(func() { fill(p*n/parts, (p+1)*n/parts) })
	}
	wait.Wait()
}

// statisticsVersion begins the bytes of Statistics; it changes whenever they do.
const statisticsVersion = "mtkc statistics 1\n"

// MarshalBinary returns everything that was accumulated, for an ensemble that goes on later.
func (s *Statistics) MarshalBinary() ([]byte, error) {
	b := []byte(statisticsVersion)
	put := func(v []float64) {
		b = binary.LittleEndian.AppendUint64(b, uint64(len(v)))
		for _, x := range v {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
		}
	}
	m := &s.m
	for _, v := range [][]float64{m.n, m.mean, m.m2, m.min, m.max} {
		put(v)
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(len(s.sketches)))
	for _, k := range s.sketches {
		for _, v := range []uint64{uint64(k.k), uint64(k.n), k.coins, uint64(len(k.levels))} {
			b = binary.LittleEndian.AppendUint64(b, v)
		}
		for _, v := range k.levels {
			put(v)
		}
	}
	return b, nil
}

var errStatistics = errors.New("these are not statistics of this ensemble, or they are damaged")

// UnmarshalBinary reads what MarshalBinary wrote. Only Options.From is to be filled by it: names and times
// come from the ensemble that goes on.
func (s *Statistics) UnmarshalBinary(b []byte) error {
	if len(b) < len(statisticsVersion) || string(b[:len(statisticsVersion)]) != statisticsVersion {
		return errStatistics
	}
	b = b[len(statisticsVersion):]
	ok := true
	word := func() uint64 {
		if len(b) < 8 {
			ok = false
			return 0
		}
		v := binary.LittleEndian.Uint64(b)
		b = b[8:]
		return v
	}
	get := func() []float64 {
		n := word()
		if n > uint64(len(b)/8) {
			ok = false
			return nil
		}
		v := make([]float64, n)
		for i := range v {
			v[i] = math.Float64frombits(word())
		}
		return v
	}
	s.m = moments{get(), get(), get(), get(), get()}
	n := word()
	if n > uint64(len(b)/8) {
		return errStatistics
	}
	s.sketches = nil
	for range n {
		k := &Sketch{k: int(word()), n: int64(word()), coins: word()}
		levels := word()
		if !ok || levels < 1 || levels > 64 || k.k < leastLevel {
			return errStatistics
		}
		for range levels {
			v := get()
			k.levels = append(k.levels, v)
			k.size += len(v)
		}
		s.sketches = append(s.sketches, k)
	}
	for _, v := range [][]float64{s.m.mean, s.m.m2, s.m.min, s.m.max} {
		ok = ok && len(v) == len(s.m.n)
	}
	if !ok || len(b) > 0 || s.sketches != nil && len(s.sketches) != len(s.m.n) {
		return errStatistics
	}
	return nil
}

// adopt goes on with what was accumulated before.
func (s *Statistics) adopt(from *Statistics) error {
	if len(from.m.n) != len(s.m.n) || len(from.sketches) != len(s.sketches) {
		return errStatistics
	}
	for e := range s.sketches {
		if from.sketches[e].k != s.sketches[e].k {
			return errStatistics
		}
	}
	b, err := from.MarshalBinary()
	if err != nil {
		return err
	}
	fresh := &Statistics{}
	if err := fresh.UnmarshalBinary(b); err != nil {
		return err
	}
	s.m, s.sketches = fresh.m, slices.Clip(fresh.sketches)
	return nil
}
