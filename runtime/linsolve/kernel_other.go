//go:build !amd64

package linsolve

var vectors = false

func rowMax(a, big []float64, ld, rows, cols int) bool { return rowMaxGo(a, big, ld, rows, cols) }

func panelReal(c, l []float64, ldc, ldl, rows, cols int) { panelGo(c, l, ldc, ldl, rows, cols) }

func panelComplex(c, l []complex128, ldc, ldl, rows, cols int) { panelGo(c, l, ldc, ldl, rows, cols) }

func gemvReal(c, l []float64, ldl, rows int, u *[panel]float64) { gemvGo(c, l, ldl, rows, u) }

func gemvComplex(c, l []complex128, ldl, rows int, u *[panel]complex128) { gemvGo(c, l, ldl, rows, u) }

func axpyReal(c, l []float64, rows int, u float64) { axpyGo(c, l, rows, u) }

func axpyComplex(c, l []complex128, rows int, u complex128) { axpyGo(c, l, rows, u) }
