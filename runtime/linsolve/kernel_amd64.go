package linsolve

import (
	"unsafe"

	"github.com/mtkc/mtkc/runtime/cpu"
)

var vectors = cpu.AVX2

//go:noescape
func rowMaxAVX(a, big *float64, ld, rows, cols int) float64

//go:noescape
func panelRealAVX(c, l *float64, ldc, ldl, rows, cols int)

//go:noescape
func gemvRealAVX(c, l *float64, ldl, rows int, u *[panel]float64)

//go:noescape
func axpyRealAVX(c, l *float64, rows int, u float64)

//go:noescape
func panelComplexAVX(c, l *complex128, ldc, ldl, rows, cols int)

//go:noescape
func gemvComplexAVX(c, l *complex128, ldl, rows int, u *[panel]complex128)

//go:noescape
func axpyComplexAVX(c, l *complex128, rows int, u complex128)

// rowMax writes the largest magnitudes of the rows of a to big; it reports whether all
// entries are finite. rows is a multiple of 4.
func rowMax(a, big []float64, ld, rows, cols int) bool {
	if !vectors || rows == 0 || cols == 0 {
		return rowMaxGo(a, big, ld, rows, cols)
	}
	_, _ = a[(cols-1)*ld+rows-1], big[rows-1]
	return rowMaxAVX(unsafe.SliceData(a), unsafe.SliceData(big), ld, rows, cols) == 0
}

// panelReal eliminates with the four columns l of unit lower triangular form, which go on
// for rows rows below the triangle, in the columns of c: c is replaced by L^-1 c above and
// by c - L c above below.
func panelReal(c, l []float64, ldc, ldl, rows, cols int) {
	if !vectors || cols == 0 {
		panelGo(c, l, ldc, ldl, rows, cols)
		return
	}
	_, _ = c[(cols-1)*ldc+panel+rows-1], l[3*ldl+panel+rows-1]
	panelRealAVX(unsafe.SliceData(c), unsafe.SliceData(l), ldc, ldl, rows, cols)
}

func panelComplex(c, l []complex128, ldc, ldl, rows, cols int) {
	if !vectors || cols == 0 {
		panelGo(c, l, ldc, ldl, rows, cols)
		return
	}
	_, _ = c[(cols-1)*ldc+panel+rows-1], l[3*ldl+panel+rows-1]
	panelComplexAVX(unsafe.SliceData(c), unsafe.SliceData(l), ldc, ldl, rows, cols)
}

// gemvReal subtracts four columns l times u from c.
func gemvReal(c, l []float64, ldl, rows int, u *[panel]float64) {
	if !vectors || rows == 0 {
		gemvGo(c, l, ldl, rows, u)
		return
	}
	_, _ = c[rows-1], l[3*ldl+rows-1]
	gemvRealAVX(unsafe.SliceData(c), unsafe.SliceData(l), ldl, rows, u)
}

func gemvComplex(c, l []complex128, ldl, rows int, u *[panel]complex128) {
	if !vectors || rows == 0 {
		gemvGo(c, l, ldl, rows, u)
		return
	}
	_, _ = c[rows-1], l[3*ldl+rows-1]
	gemvComplexAVX(unsafe.SliceData(c), unsafe.SliceData(l), ldl, rows, u)
}

// axpyReal subtracts l times u from c.
func axpyReal(c, l []float64, rows int, u float64) {
	if !vectors || rows == 0 {
		axpyGo(c, l, rows, u)
		return
	}
	_, _ = c[rows-1], l[rows-1]
	axpyRealAVX(unsafe.SliceData(c), unsafe.SliceData(l), rows, u)
}

func axpyComplex(c, l []complex128, rows int, u complex128) {
	if !vectors || rows == 0 {
		axpyGo(c, l, rows, u)
		return
	}
	_, _ = c[rows-1], l[rows-1]
	axpyComplexAVX(unsafe.SliceData(c), unsafe.SliceData(l), rows, u)
}
