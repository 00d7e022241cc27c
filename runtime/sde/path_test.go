package sde

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The moments of the ziggurat and the shares beyond some points, against the normal distribution, in standard errors.
func TestNormal(t *testing.T) {
	const n = 2_000_000
	var m [5]float64
	points := []float64{-4, -3.7, -3, -2, -1, -0.1, 0, 0.1, 1, 2, 3, 3.7, 4}
	below := make([]float64, len(points))
	key := uint64(12345)
	for range n {
		key += gamma
		x := normal(mix(key))
		p := 1.0
		for k := range m {
			m[k] += p / n
			p *= x
		}
		for k, at := range points {
			if x < at {
				below[k]++
			}
		}
	}
	for k, want := range []struct{ mean, variance float64 }{{1, 0}, {0, 1}, {1, 2}, {0, 15}, {3, 96}} {
		if d := math.Abs(m[k] - want.mean); d > 4*math.Sqrt(want.variance/n)+1e-9 {
			t.Errorf("moment %d is %v", k, m[k])
		}
	}
	for k, at := range points {
		p := 0.5 * math.Erfc(-at/math.Sqrt2)
		if d := math.Abs(below[k]/n - p); d > 4.5*math.Sqrt(p*(1-p)/n) {
			t.Errorf("%v of %v lie below %v, want %v", below[k], n, at, p*n)
		}
	}
}

// wander goes through [t0, t1] by steps of random length, some of which are undone, dyadic or not, and returns what
// each step took.
func wander(p *Path, t0, t1 float64, r *rand.Rand, visit func(a, b float64, w, h []float64)) {
	w, h := make([]float64, p.m), make([]float64, p.m)
	for t := t0; t < t1; {
		step := (t1 - t0) * (0.02 + 0.2*r.Float64())
		next := t + step
		if r.IntN(2) == 0 {
			next = math.Ceil(next*64) / 64
		}
		next = min(next, t1)
		p.Take(next, w, h)
		for range r.IntN(4) { // rejected, and shorter
			p.Undo()
			next = t + (next-t)*(0.2+0.7*r.Float64())
			p.Take(next, w, h)
		}
		visit(t, next, w, h)
		t = next
	}
}

// After many rejections the increments and areas over given intervals have their distribution: W and H of unit variance in
// their scale and independent of each other, of those of other processes and of those of the intervals before and after.
func TestPathDistribution(t *testing.T) {
	const n = 60000
	r := rand.New(rand.NewPCG(1, 2))
	p := NewPath(2)
	// Of two successive accepted steps, whose ends the rejections choose: eight numbers each with mean 0 and variance 1.
	var sum, square, fourth [8]float64
	var product [8][8]float64
	count := 0.0
	for path := range uint64(n / 10) {
		t0 := []float64{0, 0.1, 3, -1.3}[path%4]
		p.Begin(7, path, t0, 1)
		var x [8]float64
		k := 0
		wander(p, t0, t0+1, r, func(a, b float64, w, h []float64) {
			s := math.Sqrt(b - a)
			for i := range 2 {
				x[4*k+i], x[4*k+2+i] = w[i]/s, h[i]/s*math.Sqrt(12)
			}
			if k++; k < 2 {
				return
			}
			k = 0
			count++
			for i, v := range x {
				sum[i] += v
				square[i] += v * v
				fourth[i] += v * v * v * v
				for j := range i {
					product[i][j] += v * x[j]
				}
			}
		})
	}
	if count < n/3 {
		t.Fatalf("%v pairs of steps", count)
	}
	se := 1 / math.Sqrt(count)
	for i := range 8 {
		if math.Abs(sum[i]/count) > 4.5*se || math.Abs(square[i]/count-1) > 4.5*math.Sqrt2*se || math.Abs(fourth[i]/count-3) > 4.5*math.Sqrt(96)*se {
			t.Errorf("number %d: mean %v, variance %v, fourth moment %v, with standard error %v", i, sum[i]/count, square[i]/count, fourth[i]/count, se)
		}
		for j := range i {
			if math.Abs(product[i][j]/count) > 4.5*se {
				t.Errorf("numbers %d and %d have the covariance %v with standard error %v", i, j, product[i][j]/count, se)
			}
		}
	}
}

// Whatever the steps, the path is the same: W and its integral at a set of times.
func TestPathIsAFunctionOfTime(t *testing.T) {
	times := []float64{0.1, 0.25, 1. / 3, 0.5, 0.77, 1, 2.5}
	walk := func(r *rand.Rand, p *Path) (out []float64) {
		at, sum, area := 0.0, make([]float64, p.m), make([]float64, p.m)
		for _, to := range times {
			wander(p, at, to, r, func(a, b float64, w, h []float64) {
				for i := range w {
					area[i] += (b - a) * (sum[i] + w[i]/2 + h[i])
					sum[i] += w[i]
				}
			})
			at = to
			out = append(append(out, sum...), area...)
		}
		return out
	}
	p := NewPath(3)
	p.Begin(3, 5, 0, 2.5)
	want := walk(rand.New(rand.NewPCG(0, 0)), p)
	for k := range uint64(20) {
		p.Begin(3, 5, 0, 2.5)
		for i, v := range walk(rand.New(rand.NewPCG(k, 1)), p) {
			// Times that are cut at in a finest cell leave a path that differs within that cell: sqrt of its size.
			if math.Abs(v-want[i]) > 1e-4 {
				t.Fatalf("walk %d, number %d: %v, want %v", k, i, v, want[i])
			}
		}
	}
	// From another start the path is the same one.
	w, h := make([]float64, 3), make([]float64, 3)
	p.Begin(3, 5, 0.5, 2.5)
	p.Take(1, w, h)
	for i := range w {
		if d := want[6*5+i] - want[6*3+i]; math.Abs(d-w[i]) > 1e-12 {
			t.Errorf("from 0.5 to 1 process %d gains %v, want %v", i, w[i], d)
		}
	}
	p.Begin(3, 6, 0.5, 2.5)
	if u := append([]float64(nil), w...); true {
		if p.Take(1, w, h); w[0] == u[0] {
			t.Error("two paths of a seed are equal")
		}
	}
}

// Between the ends of a step, and after going back into it, the path is the one that a walk by shorter steps finds.
func TestPathWithin(t *testing.T) {
	p, q := NewPath(2), NewPath(2)
	p.Begin(1, 1, 0, 1)
	q.Begin(1, 1, 0, 1)
	w, h, x := make([]float64, 2), make([]float64, 2), make([]float64, 8)
	p.Take(0.25, w, h)
	p.Take(0.75, w, h)
	end := append([]float64(nil), w...)
	p.Within(x)
	q.Take(0.25, w, h)
	var sum [2]float64
	for k, to := range []float64{0.375, 0.5, 0.625, 0.75} {
		q.Take(to, w, h)
		for i := range w {
			sum[i] += w[i]
			if math.Abs(x[2*k+i]-sum[i]) > 1e-14 {
				t.Errorf("at %v process %d is %v, want %v", to, i, x[2*k+i], sum[i])
			}
		}
	}
	if !p.Seek(0.5, w) {
		t.Fatal("no way back to 0.5")
	}
	p.Take(0.75, w, h)
	for i := range w {
		if math.Abs(x[2+i]+w[i]-end[i]) > 1e-14 {
			t.Errorf("process %d: %v and %v are not %v", i, x[2+i], w[i], end[i])
		}
	}
	if p.Seek(0.4, w) || p.Seek(0.8, w) {
		t.Error("it goes to times that it does not know")
	}
}

func BenchmarkPath(b *testing.B) {
	for _, c := range []struct {
		name string
		m    int
		h    float64
	}{{"m=1/dyadic", 1, 0x1p-10}, {"m=1/decimal", 1, 1e-3}, {"m=100/dyadic", 100, 0x1p-10}, {"m=100/decimal", 100, 1e-3}} {
		b.Run(c.name, func(b *testing.B) {
			p := NewPath(c.m)
			w, h := make([]float64, c.m), make([]float64, c.m)
			b.ReportAllocs()
			k := 0
			for b.Loop() {
				if k%1000 == 0 {
					p.Begin(1, uint64(k), 0, 1)
					k = 0
				}
				k++
				p.Take(float64(k)*c.h, w, h)
			}
		})
	}
}
