package ode

// What extrapolation methods share: the choice of order and step size together. Row j of
// the tableau integrates over the step with n_j substeps; column k of it has the error of k
// expansions removed. The column to aim at is that of least work per unit of time, and the
// step that for which its error is the tolerance; a step may end one column early or late, and is
// given up as soon as convergence in the columns left is not to be expected (Deuflhard, Numer. Math.
// 41, 1983; Hairer, Norsett, Wanner, Solving ODEs I, II.9, with the constants of ODEX).

import (
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/control"
)

// ladder is the state of that choice. Columns and rows count from 1.
type ladder struct {
	most int       // columns
	n    []float64 // substeps of row j
	work []float64 // of the rows up to j
	even bool      // expansion in h^2: column j has order 2j, else j

	k        int // column to aim at
	err      []float64
	h, w     []float64 // step that column j would like, its work per unit of time
	rejected bool      // the attempt before was
	last     float64   // error of the column before
	early    bool
	same     int // steps in a row that ended with the column aimed at

	safe1, safe2, fac1, fac2, fac3, fac4 float64
	expo, low                            []float64 // 1/(order of the error of column j + 1), fac1^expo
}

func newLadder(most int, even bool) *ladder {
	l := &ladder{most: most, even: even, n: make([]float64, most+1), work: make([]float64, most+1), err: make([]float64, most+1), h: make([]float64, most+1), w: make([]float64, most+1)}
	l.w[1] = math.Inf(1)
	return l
}

// limits sets the constants of the controller: err/safe1 counts, steps are safe2 of what that
// allows, and change between fac1^e and 1/fac1^e/fac2 or so; order falls where the work does below
// fac3 of what it is, and grows below fac4.
func (l *ladder) limits(safe1, safe2, fac1, fac2, fac3, fac4 float64) {
	l.safe1, l.safe2, l.fac1, l.fac2, l.fac3, l.fac4 = safe1, safe2, fac1, fac2, fac3, fac4
	l.expo, l.low = make([]float64, l.most+1), make([]float64, l.most+1)
	for j := 1; j <= l.most; j++ {
		l.expo[j] = 1 / float64(j)
		if l.even {
			l.expo[j] = 1 / float64(2*j-1)
		}
		l.low[j] = math.Pow(fac1, l.expo[j])
	}
}

// aim sets the column to start with, for a tolerance.
func (l *ladder) aim(rtol, digits float64) {
	l.k = max(2, min(l.most-1, int(-math.Log10(rtol+1e-40)*digits+1.5)))
	l.rejected = false
}

// begin a new attempt; early says that it may end in any column.
func (l *ladder) begin(early bool) { l.last, l.early = math.Inf(1), early }

// column notes the error of column j >= 2 of a step h. It reports false where the columns
// do not converge.
func (l *ladder) column(j int, h, err float64) bool {
	l.err[j] = err
	// Where errors grow from column to column, or overflow, h is far too long.
	if !(err < 1e15) || j > 2 && err >= l.last {
		return false
	}
	l.last = math.Max(4*err, 1)
	if j < l.k-2 && !l.early {
		return true // no step ends here, and none is chosen by it
	}
	low := l.low[j]
	f := min(l.fac2/low, max(low, control.Power(err/l.safe1, l.expo[j])/l.safe2))
	l.h[j] = h / f
	l.w[j] = l.work[j] / l.h[j]
	return true
}

// hopeless reports whether an error of column j is too large for columns up to k+1 to bring it
// below 1: each divides it by the square of the quotient of substeps or so; without evenness,
// where the first columns of stiff problems are slow, twice the substeps are allowed for.
func (l *ladder) hopeless(j int) bool {
	q := 1.0
	for i := j + 1; i <= min(l.k+1, l.most); i++ {
		if l.even {
			r := l.n[i] / l.n[1]
			q *= r * r
		} else {
			q *= 2 * l.n[i]
		}
	}
	return l.err[j] > q
}

// look reports that a step that has converged in column j, the one aimed at, should have one
// row more all the same: where errors of low columns fall slowly, as they do in stiff
// problems, the work of the next one is not to be guessed from theirs, and the order would
// stay for good.
func (l *ladder) look(j int) bool {
	return j == l.k && j < l.most-1 && l.same >= lookAfter
}

// lookAfter is the number of steps of the same order before a look at a higher one.
const lookAfter = 4

// accepted chooses the next column and step after a step that ended with column kc.
func (l *ladder) accepted(kc int) (h float64) {
	if l.same++; kc != l.k {
		l.same = 0
	}
	k := 2
	switch {
	case kc == 2:
		if k = min(3, l.most-1); l.rejected {
			k = 2
		}
	case kc <= l.k:
		k = kc
		if l.w[kc-1] < l.w[kc]*l.fac3 {
			k = kc - 1
		}
		if l.w[kc] < l.w[kc-1]*l.fac4 {
			k = min(kc+1, l.most-1)
		}
	default:
		k = kc - 1
		if kc > 3 && l.w[kc-2] < l.w[kc-1]*l.fac3 {
			k = kc - 2
		}
		if l.w[kc] < l.w[k]*l.fac4 {
			k = min(kc, l.most-1)
		}
	}
	switch {
	case l.rejected:
		k = min(k, kc)
		h = l.h[k]
	case k <= kc:
		h = l.h[k]
	case kc < l.k && l.w[kc] < l.w[kc-1]*l.fac4:
		h = l.h[kc] * l.work[min(k+1, l.most)] / l.work[kc]
	default:
		h = l.h[kc] * l.work[k] / l.work[kc]
	}
	if k != l.k {
		l.same = 0
	}
	l.k, l.rejected = k, false
	return h
}

// refused chooses column and step for the next attempt after one h that was given up in
// column kc >= 2, for want of convergence or before it.
func (l *ladder) refused(kc int, h float64) float64 {
	l.rejected = true
	l.k = max(2, min(l.k, kc, l.most-1))
	if l.k > 2 && l.w[l.k-1] < l.w[l.k]*l.fac3 {
		l.k--
	}
	return math.Min(l.h[l.k], 0.9*h)
}

// archive visits the choice and what it rests on.
func (l *ladder) archive(a *archive.Archive) {
	a.Int(&l.k, &l.same)
	a.Bool(&l.rejected)
	a.Floats(l.err, l.h, l.w)
}
