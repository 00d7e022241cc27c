package lti

import (
	"errors"
	"math"
	"math/cmplx"
	"slices"

	"gonum.org/v1/gonum/lapack/gonum"
	"gonum.org/v1/gonum/mat"
)

// Response is the transfer function along the imaginary axis.
type Response struct {
	W    []float64 // angular frequencies, rad per unit of time
	P, M int
	G    []complex128 // by frequency, output, input
}

// At is the value at frequency k, from input j to output i.
func (r *Response) At(k, i, j int) complex128 { return r.G[(k*r.P+i)*r.M+j] }

// FrequencyResponse evaluates the transfer function at i*w for every w.
//
// A is brought to Hessenberg form once, after which a frequency costs n^2 operations:
// A. Laub, Efficient multivariable frequency response computations, IEEE Trans.
// Automatic Control 26(2), 1981.
func (s *System) FrequencyResponse(w []float64) *Response {
	r := &Response{W: slices.Clone(w), P: s.P(), M: s.M(), G: make([]complex128, len(w)*s.P()*s.M())}
	h := s.hessenberg()
	for k, x := range w {
		h.at(complex(0, x), r.G[k*r.P*r.M:(k+1)*r.P*r.M])
	}
	return r
}

// At is the transfer function at z, p by m, row by row. At a pole it is not finite.
func (s *System) At(z complex128) []complex128 {
	g := make([]complex128, s.P()*s.M())
	s.hessenberg().at(z, g)
	return g
}

// evaluator holds a system with A in Hessenberg form.
type evaluator struct {
	*System
	work []complex128 // n by n+m
}

func (s *System) hessenberg() *evaluator {
	n := s.N()
	r := s.balanced()
	e := &evaluator{System: r, work: make([]complex128, n*(n+s.M()))}
	if n < 3 {
		return e
	}
	var lp gonum.Implementation
	h, tau := r.A.clone(), make([]float64, n-1)
	work := make([]float64, 1)
	lp.Dgehrd(n, 0, n-1, h.Data, n, tau, work, -1)
	work = make([]float64, int(work[0]))
	lp.Dgehrd(n, 0, n-1, h.Data, n, tau, work, len(work))
	q := h.clone()
	lp.Dorghr(n, 0, n-1, q.Data, n, tau, work[:1], -1)
	work = make([]float64, int(work[0]))
	lp.Dorghr(n, 0, n-1, q.Data, n, tau, work, len(work))
	for i := range n {
		for j := range i - 1 {
			h.Set(i, j, 0)
		}
	}
	r.A, r.B, r.C = h, Mul(q.t(), r.B), Mul(r.C, q)
	return e
}

// at writes G(z) = C (z I - A)^-1 B + D + z Improper[0] + ... by Gaussian elimination
// with row interchanges on the Hessenberg matrix.
func (e *evaluator) at(z complex128, g []complex128) {
	n, m, p := e.N(), e.M(), e.P()
	w, x := e.work, n+m
	for i := range n {
		row := w[i*x : (i+1)*x]
		for j := range n {
			row[j] = complex(-e.A.At(i, j), 0)
		}
		row[i] += z
		for j := range m {
			row[n+j] = complex(e.B.At(i, j), 0)
		}
	}
	for k := range n - 1 {
		up, down := w[k*x:(k+1)*x], w[(k+1)*x:(k+2)*x]
		if abs1(down[k]) > abs1(up[k]) {
			for j := k; j < x; j++ {
				up[j], down[j] = down[j], up[j]
			}
		}
		if down[k] == 0 {
			continue
		}
		f := down[k] / up[k]
		for j := k; j < x; j++ {
			down[j] -= f * up[j]
		}
	}
	for i := n - 1; i >= 0; i-- {
		row := w[i*x : (i+1)*x]
		for j := range m {
			v := row[n+j]
			for k := i + 1; k < n; k++ {
				v -= row[k] * w[k*x+n+j]
			}
			row[n+j] = v / row[i]
		}
	}
	for i := range p {
		for j := range m {
			v := complex(e.D.At(i, j), 0)
			zk := z
			for _, q := range e.Improper {
				v += zk * complex(q.At(i, j), 0)
				zk *= z
			}
			for k := range n {
				if c := e.C.At(i, k); c != 0 {
					v += complex(c, 0) * w[k*x+n+j]
				}
			}
			g[i*m+j] = v
		}
	}
}

func abs1(z complex128) float64 { return math.Abs(real(z)) + math.Abs(imag(z)) }

// Grid returns frequencies, evenly spaced on a logarithmic axis with perDecade points in
// a decade, that cover the poles and zeros of the system with a decade to each side;
// lightly damped ones get more points around them.
func (s *System) Grid(perDecade int) []float64 {
	roots := s.Poles()
	if z, err := s.Zeros(); err == nil {
		roots = append(roots, z...)
	}
	lo, hi := math.Inf(1), 0.0
	size := s.A.norm()
	for _, r := range roots {
		if a := cmplx.Abs(r); a > 1e-9*size && a < math.MaxFloat64 {
			lo, hi = min(lo, a), max(hi, a)
		}
	}
	if lo > hi {
		lo, hi = 1, 1
	}
	first, last := math.Floor(math.Log10(lo))-1, math.Ceil(math.Log10(hi))+1
	last = max(last, first+3)
	var w []float64
	steps := int(math.Round((last - first) * float64(perDecade)))
	for k := 0; k <= steps; k++ {
		w = append(w, math.Pow(10, first+(last-first)*float64(k)/float64(steps)))
	}
	for _, r := range roots {
		a, zeta := imag(r), 0.0
		if a <= 0 || a < 1e-9*size {
			continue
		}
		if zeta = math.Abs(real(r)) / cmplx.Abs(r); zeta > 0.3 {
			continue
		}
		for _, d := range []float64{0, 0.25, 0.5, 1, 2, 4} {
			off := d * max(zeta, 1e-4)
			w = append(w, a*(1+off), a/(1+off))
		}
	}
	slices.Sort(w)
	return slices.Compact(w)
}

// StepResponse is the response from rest of every output to a unit step of input j, at
// times t, which ascend from 0: one slice for each output. It is exact, by the matrix
// exponential. The error says that the system is not proper, so that its response holds
// impulses.
func (s *System) StepResponse(j int, t []float64) ([][]float64, error) {
	for _, q := range s.Improper {
		if !q.Column(j).IsZero() {
			return nil, errors.New("the response to a step holds impulses: the outputs depend on derivatives of the inputs")
		}
	}
	n, p := s.N(), s.P()
	y := make([][]float64, p)
	for i := range y {
		y[i] = make([]float64, len(t))
	}
	x := make([]float64, n+1)
	x[n] = 1
	next := make([]float64, n+1)
	var phi mat.Dense
	last, dt := 0.0, math.NaN()
	for k, tk := range t {
		if h := tk - last; h != 0 {
			if !(math.Abs(h-dt) <= 1e-14*math.Abs(tk)) {
				m := Zeros(n+1, n+1)
				for r := range n {
					for c := range n {
						m.Set(r, c, s.A.At(r, c)*h)
					}
					m.Set(r, n, s.B.At(r, j)*h)
				}
				phi.Reset()
				phi.Exp(m.dense())
				dt = h
			}
			for r := range next {
				next[r] = 0
				for c, v := range phi.RawRowView(r) {
					next[r] += v * x[c]
				}
			}
			x, next = next, x
			last = tk
		}
		for i := range p {
			v := s.D.At(i, j)
			for c := range n {
				v += s.C.At(i, c) * x[c]
			}
			y[i][k] = v
		}
	}
	return y, nil
}

// Margins says how far a loop with one input and one output is from instability under
// negative feedback. What does not exist is +Inf, its frequency NaN.
type Margins struct {
	Gain, WGain   float64 // least factor (in either direction, as a factor above 1) on the loop gain, and the phase crossover
	Phase, WPhase float64 // degrees, and the gain crossover
	Delay         float64 // in units of time
	Peak, WPeak   float64 // largest |1/(1+L)|, and where
}

// Margins evaluates the loop transfer function of a system with one input and one
// output on a grid and refines every crossing by bisection.
func (s *System) Margins() Margins {
	m := Margins{Gain: math.Inf(1), WGain: math.NaN(), Phase: math.Inf(1), WPhase: math.NaN(), Delay: math.Inf(1), Peak: 0, WPeak: math.NaN()}
	if s.M() != 1 || s.P() != 1 {
		return m
	}
	e := s.hessenberg()
	g := make([]complex128, 1)
	at := func(w float64) complex128 {
		e.at(complex(0, w), g)
		return g[0]
	}
	w := s.Grid(100)
	bisect := func(lo, hi float64, f func(complex128) float64) float64 {
		sign := f(at(lo)) > 0
		for range 100 {
			mid := math.Sqrt(lo * hi)
			if mid <= lo || mid >= hi {
				break
			}
			if f(at(mid)) > 0 == sign {
				lo = mid
			} else {
				hi = mid
			}
		}
		return hi
	}
	above := func(l complex128) float64 { return cmplx.Abs(l) - 1 }
	last := at(w[0])
	for k := 1; k < len(w); k++ {
		l := at(w[k])
		if above(last) > 0 != (above(l) > 0) {
			x := bisect(w[k-1], w[k], above)
			phase := cmplx.Phase(at(x)) * 180 / math.Pi
			pm := phase + 180
			if pm > 180 {
				pm -= 360
			}
			if math.Abs(pm) < math.Abs(m.Phase) {
				m.Phase, m.WPhase = pm, x
			}
			if lag := math.Mod(phase+180+360, 360); lag*math.Pi/180/x < m.Delay {
				m.Delay = lag * math.Pi / 180 / x
			}
		}
		if imag(last) > 0 != (imag(l) > 0) && real(last) < 0 && real(l) < 0 {
			x := bisect(w[k-1], w[k], func(l complex128) float64 { return imag(l) })
			a := cmplx.Abs(at(x))
			if f := max(a, 1/a); f < m.Gain {
				m.Gain, m.WGain = f, x
			}
		}
		if p := 1 / cmplx.Abs(1+l); p > m.Peak {
			m.Peak, m.WPeak = p, w[k]
		}
		last = l
	}
	// The peak lies between the neighbours of the highest point: golden section.
	if k, ok := slices.BinarySearch(w, m.WPeak); ok && k > 0 && k+1 < len(w) {
		lo, hi := w[k-1], w[k+1]
		f := func(x float64) float64 { return 1 / cmplx.Abs(1+at(x)) }
		const gold = 0.6180339887498949
		a, b := hi-gold*(hi-lo), lo+gold*(hi-lo)
		fa, fb := f(a), f(b)
		for range 60 {
			if fa > fb {
				hi, b, fb = b, a, fa
				a = hi - gold*(hi-lo)
				fa = f(a)
			} else {
				lo, a, fa = a, b, fb
				b = lo + gold*(hi-lo)
				fb = f(b)
			}
		}
		if fa >= m.Peak {
			m.Peak, m.WPeak = fa, a
		}
	}
	return m
}
