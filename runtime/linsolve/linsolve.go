package linsolve

import (
	"errors"
	"fmt"
	"math"
)

// Scalar is the field a system is solved over: the integrators need real
// matrices and, for the complex pairs of Radau IIA, complex ones.
type Scalar interface{ float64 | complex128 }

// Solver factorises matrices of one pattern and solves with the last
// factorisation. A Solver owns its memory: two of them are independent, one must
// not be used concurrently. After its first call Factor does not allocate unless a
// new pivot sequence needs more room; Solve never allocates.
type Solver[T Scalar] interface {
	// Factor factorises the matrix whose values are given in the order of the
	// pattern. vals is only read, and only during the call. The error is ErrSingular
	// (a *SingularError that names the column) or ErrNotFinite; the
	// factorisation is then unusable.
	Factor(vals []T) error
	// Solve replaces b by the solution of A x = b.
	Solve(b []T)
	// Stats describes the last factorisation.
	Stats() Stats
}

// Stats describes a factorisation and how it came about.
type Stats struct {
	Kind    Kind
	Sparse  bool // pivots of earlier factorisations are used again
	NNZ     int  // entries of L and U, unit diagonal of L not counted
	Blocks  int  // diagonal blocks of the block triangular form, 1 for dense
	Pivoted int  // factorisations that chose pivots
	Reused  int  // factorisations that used the pivot sequence of an earlier one

	Iterations  int // of all solutions of an iterative solver
	Unconverged int // solutions of it that missed the tolerance
}

// Kind is a way to solve.
type Kind uint8

const (
	Auto      Kind = iota // the kind of least predicted time
	DenseLU               // LU of the full matrix
	BandLU                // LU of a band, in the order as given or in a better one
	ProgramLU             // LU of a sparse matrix by a list of indices, pivots fixed
	FrontalLU             // LU of a sparse matrix by dense fronts, pivots fixed
	SparseLU              // LU of a sparse matrix, pivots chosen by value
	Iterative             // GMRES preconditioned by ILU0, see NewKrylov; never chosen by itself
)

var kindNames = [...]string{"automatic", "dense LU", "banded LU", "sparse LU by a program", "sparse LU by fronts", "sparse LU", "iterative"}

// String names the kind.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Hints steer New. The zero value lets New choose.
type Hints struct {
	Kind Kind
	// PivotTol is the threshold of sparse partial pivoting: the diagonal entry is the
	// pivot if it is at least PivotTol times the largest candidate. Default 0.1.
	PivotTol float64
	Krylov   KrylovOptions // of the kind Iterative
}

// ways are the names of Way.
var ways = []struct {
	name string
	h    Hints
}{
	{"auto", Hints{}}, {"dense", Hints{Kind: DenseLU}}, {"band", Hints{Kind: BandLU}}, {"sparse", Hints{Kind: SparseLU}},
	{"gmres", Hints{Kind: Iterative}}, {"bicgstab", Hints{Kind: Iterative, Krylov: KrylovOptions{BiCGStab: true}}},
}

// Ways lists the names that Way knows.
func Ways() []string {
	names := make([]string, len(ways))
	for i, w := range ways {
		names[i] = w.name
	}
	return names
}

// Way returns the hints of a name for users: auto leaves the choice to New; dense, band and sparse are
// direct, gmres and bicgstab iterate with ILU(0). It reports whether there is such a name.
func Way(name string) (Hints, bool) {
	for _, w := range ways {
		if w.name == name {
			return w.h, true
		}
	}
	return Hints{}, false
}

// ErrSingular is matched (errors.Is) by the error of Factor for a matrix that is
// singular to working precision.
var ErrSingular = errors.New("matrix is singular to working precision")

// ErrNotFinite is returned by Factor for a matrix with NaN or Inf among its values.
var ErrNotFinite = errors.New("matrix has an entry that is not finite")

// SingularError says where elimination broke down: column Col (of the matrix as
// given) depends linearly on the columns eliminated before it.
type SingularError struct{ Col int }

func (e *SingularError) Error() string {
	return fmt.Sprintf("matrix is singular to working precision: column %d depends on others", e.Col)
}

// Is makes errors.Is(err, ErrSingular) true.
func (e *SingularError) Is(target error) bool { return target == ErrSingular }

// New returns a solver for square matrices of pattern p. It chooses the kind of least
// predicted time, see denseCost and those after it; up to eight unknowns the dense one.
func New[T Scalar](p *Pattern, h Hints) Solver[T] { return build[T](p, h, choose(p, h)) }

// NewPair returns a real and a complex solver for the same pattern; the pattern is
// analysed once.
func NewPair(p *Pattern, h Hints) (Solver[float64], Solver[complex128]) {
	c := choose(p, h)
	return build[float64](p, h, c), build[complex128](p, h, c)
}

// eps is the distance from 1 to the next float64.
const eps = 0x1p-52

// magnitude is |x| for real x, |re| + |im| for complex x: cheap, and within a
// factor sqrt(2) of the modulus.
func magnitude[T Scalar](x T) float64 {
	switch v := any(x).(type) {
	case float64:
		return math.Abs(v)
	case complex128:
		return math.Abs(real(v)) + math.Abs(imag(v))
	}
	panic("mtkc: bug: linsolve: not a Scalar")
}

// fromReal returns x as a T.
func fromReal[T Scalar](x float64) T {
	var r T
	switch p := any(&r).(type) {
	case *float64:
		*p = x
	case *complex128:
		*p = complex(x, 0)
	}
	return r
}

// finite reports whether all of v is finite.
func finite[T Scalar](v []T) bool {
	var s T
	for _, x := range v {
		s += x * 0
	}
	return s == s
}

// scaleFor returns the power of two that brings a row with largest magnitude m
// near 1; 1 where the row is zero or its scale is not representable.
func scaleFor(m float64) float64 {
	e := math.Float64bits(m) >> 52 & 0x7ff
	if e == 0 || e >= 2046 {
		return 1
	}
	return math.Float64frombits((2046 - e) << 52)
}

// isReal tells the two scalar types apart.
func isReal[T Scalar]() bool {
	var x T
	_, ok := any(x).(float64)
	return ok
}
