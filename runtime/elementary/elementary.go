// Package elementary has the elementary functions as compiled models compute them.
//
// In: numbers. Out: values within 2 units in the last place of the exact ones, the same bits on
// every processor, and the same as those of vectorised and GPU code: all of these are printed from
// the programs of package backend/elementary, which has the methods; docs/elementary.md has measured
// errors and times.
//
// The special values are those of package math, except that the sine, cosine and tangent of a finite
// |x| >= 2^45 are 0, 1 and 0, and that the remainder of x/y is 0 for |x/y| >= 2^53. A result that is
// not a number may have any sign and payload.
package elementary

//go:generate go run ./gen

// number is a truth value as a number.
func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
