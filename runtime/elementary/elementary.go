// Package elementary has the elementary functions as compiled models compute them.
//
// In: numbers. Out: values within 2 units in the last place of the exact ones, the same bits on
// every processor, and the same as those of vectorised and GPU code: all of these are printed from
// the programs of package backend/elementary, which has the methods; docs/elementary.md has measured
// errors and times.
//
// The special values are those of package math, except that the remainder of x/y is 0 for |x/y| >= 2^53. A result that is
// not a number may have any sign and payload.
package elementary

import "math"

//go:generate go run ./gen

// farLimit is where the rare part of sines, cosines and tangents begins.
const farLimit = 0x1p45

// isFar reports whether that has to be taken.
func isFar(x float64) bool { return math.Abs(x) >= farLimit && !math.IsInf(x, 0) }

// FarSin is y, or, of a finite |x| >= 2^45, the sine of x. Programs of the sine end with it, and FarCos and FarTan are alike.
func FarSin(x, y float64) float64 {
	if isFar(x) {
		return farSin(x)
	}
	return y
}

// FarCos is y, or, of a finite |x| >= 2^45, the cosine of x.
func FarCos(x, y float64) float64 {
	if isFar(x) {
		return farCos(x)
	}
	return y
}

// FarTan is y, or, of a finite |x| >= 2^45, the tangent of x.
func FarTan(x, y float64) float64 {
	if isFar(x) {
		return farTan(x)
	}
	return y
}

// number is a truth value as a number.
func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
