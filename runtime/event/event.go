// Package event isolates the instants at which indicator functions change sign
// within one step of an integrator.
//
// In: values of an indicator at fixed nodes of the step, and the indicator itself
// as a function of time. Out: the first instant at which it lies on the other
// side, to the last bit of time. Promised: no crossing of the polynomial through
// the nodes is missed, pairs of crossings between two nodes included.
package event

import (
	"fmt"
	"math"
)

// An indicator y is oriented so that it starts on the side "before" and an event
// is its first arrival on the side "after". After is y > 0, and y = 0 as well if
// closed is set; everything else, NaN included, is before.

// After reports on which side y lies.
func After(y float64, closed bool) bool { return y > 0 || closed && y == 0 }

// Scanner finds the first sign change of a polynomial given by its values at the
// nodes of a step, in Bernstein form: a polynomial lies within the hull of its
// Bernstein coefficients and has at most as many roots in the interval as they
// have sign changes (Lane, Riesenfeld, BIT 21, 1981).
type Scanner struct {
	d     int
	nodes []float64
	conv  []float64 // (d+1)^2, row k: Bernstein coefficient k from the node values
	bound float64   // largest row sum of |conv|

	places  [Checks]float64 // of Check
	weights [Checks][]float64

	stack []piece
	coef  []float64
	work  []float64
}

type piece struct {
	lo, hi float64
	depth  int
	at     int // offset of its coefficients in coef
}

// deepest bounds the subdivision: lobes narrower than 2^-deepest of the step are
// taken for contacts without crossing.
const deepest = 32

// NewScanner makes a scanner for polynomials of the given degree, 1 to 12.
func NewScanner(degree int) *Scanner {
	if degree < 1 || degree > 12 {
		panic(fmt.Sprintf("mtkc: bug: event: degree %d", degree))
	}
	d, n := degree, degree+1
	s := &Scanner{d: d, nodes: make([]float64, n), conv: make([]float64, n*n)}
	for i := range n {
		v := math.Sin(math.Pi * float64(i) / float64(2*d))
		s.nodes[i] = v * v
	}
	s.nodes[0], s.nodes[d] = 0, 1
	s.between()
	// Invert the matrix of Bernstein polynomials at the nodes.
	m := make([][]float64, n)
	for i, x := range s.nodes {
		m[i] = make([]float64, 2*n)
		m[i][n+i] = 1
		binom := 1.0
		for k := range n {
			m[i][k] = binom * math.Pow(x, float64(k)) * math.Pow(1-x, float64(d-k))
			binom = binom * float64(d-k) / float64(k+1)
		}
	}
	for c := range n {
		p := c
		for i := c; i < n; i++ {
			if math.Abs(m[i][c]) > math.Abs(m[p][c]) {
				p = i
			}
		}
		m[c], m[p] = m[p], m[c]
		inv := 1 / m[c][c]
		for j := range m[c] {
			m[c][j] *= inv
		}
		for i := range n {
			if f := m[i][c]; i != c && f != 0 {
				for j := range m[i] {
					m[i][j] -= f * m[c][j]
				}
			}
		}
	}
	for k := range n {
		sum := 0.0
		for i := range n {
			s.conv[k*n+i] = m[k][n+i]
			sum += math.Abs(m[k][n+i])
		}
		s.bound = max(s.bound, sum)
	}
	s.stack = make([]piece, 0, deepest+2)
	s.coef = make([]float64, (deepest+3)*n)
	s.work = make([]float64, n)
	return s
}

// Nodes are the abscissas in [0, 1], ascending, both ends included. They may not be
// changed.
func (s *Scanner) Nodes() []float64 { return s.nodes }

// Bernstein is the row of weights of the values at the nodes that give Bernstein coefficient k. It
// may not be changed.
func (s *Scanner) Bernstein(k int) []float64 { return s.conv[k*(s.d+1):][:s.d+1] }

// Far reports that a polynomial with node values between least and most stays before
// zero everywhere: its coefficients differ from the mean of the values by at most bound
// times their half range.
func (s *Scanner) Far(least, most float64) bool {
	mid, half := (least+most)/2, (most-least)/2
	return mid+s.bound*half < 0
}

// Where a glance looks, from the start of a step: Soon behind the start and before the end, and at an odd place between.
const (
	Soon  = 1e-3
	Place = 0.39
)

// Clear reports whether an indicator stays before zero for sure on a step, judged by its values at both ends, at Soon, at
// Place, and at 1-Soon: the Bernstein coefficients of the cubic polynomial with these values and slopes at
// the ends lie on the side before, away from zero by their spread at least, and the value between agrees
// to a twentieth of it.
func Clear(start, soon, between, last, end float64) bool {
	const x, y = Place, 1 - Place
	p, q := start+(soon-start)/(3*Soon), end+(last-end)/(3*Soon)
	most := max(max(start, end), max(p, q))
	least := min(min(start, end), min(p, q))
	if !(most < least-most) {
		return false
	}
	cubic := y*y*y*start + 3*x*y*y*p + 3*x*x*y*q + x*x*x*end
	return math.Abs(between-cubic) <= 0.05*(most-least)+1e-9*math.Abs(between)
}

// First returns an interval [lo, hi] in which the polynomial through the values y
// at the nodes passes to the side after for the first time: it is before at lo,
// after at hi, and changes once between them; hi-lo is at most 2^-10. The value at
// the first node counts as before whatever it is. ok is false if there is no
// crossing, or if it lies behind limit: the search ends as soon as that is known.
func (s *Scanner) First(y []float64, closed bool, limit float64) (lo, hi float64, ok bool) {
	n := s.d + 1
	for _, v := range y[:n] {
		if v-v != 0 { // no polynomial: the nodes must do
			for i := 1; i < n; i++ {
				if After(y[i], closed) {
					return s.nodes[i-1], s.nodes[i], s.nodes[i-1] < limit
				}
			}
			return 0, 0, false
		}
	}
	least, most := y[0], y[0]
	for _, v := range y[1:n] {
		least, most = min(least, v), max(most, v)
	}
	if s.Far(least, most) {
		return 0, 0, false
	}
	// A start on the wrong side, by rounding or because an event has just put it
	// there, counts as before.
	size := max(math.Abs(least), math.Abs(most))
	c := s.coef[:n]
	for k := range n {
		sum := 0.0
		for i, f := range s.conv[k*n : (k+1)*n] {
			sum += f * y[i]
		}
		c[k] = sum
	}
	c[s.d] = y[s.d]
	c[0] = y[0]
	if After(c[0], closed) {
		c[0] = -1e-300
		if size > 0 {
			c[0] = -size * 0x1p-60
		}
	}
	s.stack = append(s.stack[:0], piece{0, 1, 0, 0})
	for len(s.stack) > 0 {
		p := s.stack[len(s.stack)-1]
		s.stack = s.stack[:len(s.stack)-1]
		c := s.coef[p.at : p.at+n]
		changes, side := 0, After(c[0], closed)
		if side && p.lo > 0 {
			return p.lo, p.lo, true // rounding in the subdivision put the crossing on the border
		}
		for _, v := range c[1:] {
			if a := After(v, closed); a != side {
				changes, side = changes+1, a
			}
		}
		switch {
		case changes == 0:
			continue
		case changes == 1:
			lo, hi = s.narrow(c, p.lo, p.hi, closed, limit)
			return lo, hi, lo < limit
		case p.lo >= limit:
			return 0, 0, false
		case p.depth == deepest:
			continue // contact
		}
		// De Casteljau: the left half stays in place, the right half goes behind it.
		mid := (p.lo + p.hi) / 2
		right := s.coef[p.at+n : p.at+2*n]
		copy(right, c)
		// right holds the working row; c collects the left coefficients.
		for r := 1; r < n; r++ {
			for k := range n - r {
				right[k] = (right[k] + right[k+1]) / 2
			}
			c[r] = right[0]
		}
		// After the sweep right[k] is the coefficient of the right half, in order.
		// The left half is looked at first, so it goes on the top of the stack and
		// needs room behind the right half.
		left := piece{p.lo, mid, p.depth + 1, p.at + n}
		for k := range n {
			c[k], right[k] = right[k], c[k]
		}
		s.stack = append(s.stack, piece{mid, p.hi, p.depth + 1, p.at}, left)
	}
	return 0, 0, false
}

// Check is one of three places between nodes, in the middle and on both sides of it, at odd distances, lest a periodic
// indicator agree with its polynomial by chance; and the weights of the values at the nodes, of which the
// polynomial there is the sum. They may not be changed.
func (s *Scanner) Check(k int) (theta float64, weights []float64) {
	return s.places[k], s.weights[k]
}

// Checks is the number of places of Check.
const Checks = 3

// between chooses the places of Check, with weights by the barycentric formula at Chebyshev points of the second kind
// (Berrut, Trefethen, SIAM Review 46(3), 2004).
func (s *Scanner) between() {
	x, m := s.nodes, s.d/2
	left, right := m/2, s.d-1-m/2
	s.places = [Checks]float64{0.58*x[m] + 0.42*x[m+1], 0.37*x[left] + 0.63*x[left+1], 0.71*x[right] + 0.29*x[right+1]}
	for c, theta := range s.places {
		w, sum := make([]float64, s.d+1), 0.0
		for k, x := range s.nodes {
			w[k] = 1 / (theta - x)
			if k == 0 || k == s.d {
				w[k] /= 2
			}
			if k&1 == 1 {
				w[k] = -w[k]
			}
			sum += w[k]
		}
		for k := range w {
			w[k] /= sum
		}
		s.weights[c] = w
	}
}

// What an indicator differs from its polynomial by is seen at a few points: the largest difference may be Lack
// times as much. Below Rounding, relative to the values, it is nothing but rounding.
const (
	Lack     = 32
	Rounding = 1e-12
)

// Uncertain reports whether an indicator that differs from the polynomial with values y at the nodes by err may have its
// first crossing where the polynomial has none: the polynomial that is higher by err crosses elsewhere. It
// changes y.
func (s *Scanner) Uncertain(y []float64, closed bool, err float64) bool {
	lo, _, crosses := s.First(y, closed, 2)
	y = y[:s.d+1]
	for k := range y {
		y[k] += err
	}
	_, hi, may := s.First(y, closed, 2)
	return may && (!crosses || hi < lo)
}

// narrow bisects an interval with one change of side, given the Bernstein
// coefficients c on it.
func (s *Scanner) narrow(c []float64, lo, hi float64, closed bool, limit float64) (float64, float64) {
	a, b := 0.0, 1.0
	w := s.work
	for (hi-lo)*(b-a) > 0x1p-10 && lo+a*(hi-lo) < limit {
		x := (a + b) / 2
		copy(w, c)
		for n := len(w) - 1; n > 0; n-- {
			for k := range n {
				w[k] += x * (w[k+1] - w[k])
			}
		}
		if After(w[0], closed) {
			b = x
		} else {
			a = x
		}
	}
	end := lo + b*(hi-lo)
	if b == 1 {
		end = hi
	}
	return lo + a*(hi-lo), end
}

// Locate narrows a bracket a < b with y before at a and after at b down to
// neighbouring floating-point numbers, or to 2^-60 of its width, and returns the
// end that lies after. ya and yb are the values at the ends.
//
// ITP: Oliveira, Takahashi, ACM Trans. Math. Softw. 47(1), 2020, with kappa1 =
// 0.2/(b-a), kappa2 = 2, n0 = 1; no more than one evaluation above bisection.
func Locate(y func(t float64) float64, a, b, ya, yb float64, closed bool) float64 {
	width := b - a
	least := width * 0x1p-60
	tol := least
	if a > 0 || b < 0 {
		tol = math.Max(least, ulp(math.Min(math.Abs(a), math.Abs(b))))
	}
	nmax := math.Ceil(math.Log2(width/tol)) + 1
	k1 := 0.2 / width
	for j := 0.0; b-a > least; j++ {
		mid := a + (b-a)/2
		if !(mid > a && mid < b) {
			break // neighbours
		}
		x := mid
		// Regula falsi, truncation towards the middle, projection onto the radius
		// that keeps the count of bisection.
		if f := (yb*a - ya*b) / (yb - ya); f >= a && f <= b {
			sigma := math.Copysign(1, mid-f)
			delta := math.Max(k1*(b-a)*(b-a), math.Max(ulp(f), least/2))
			if delta <= math.Abs(mid-f) {
				x = f + sigma*delta
			}
			r := math.Max(0, tol/2*math.Exp2(nmax-j)-(b-a)/2)
			if math.Abs(x-mid) > r {
				x = mid - sigma*r
			}
			if !(x > a && x < b) {
				x = mid
			}
		}
		if v := y(x); After(v, closed) {
			b, yb = x, v
		} else {
			a, ya = x, v
		}
	}
	return b
}

// ulp is the distance from |x| to the next larger number.
func ulp(x float64) float64 {
	x = math.Abs(x)
	return math.Nextafter(x, math.Inf(1)) - x
}
