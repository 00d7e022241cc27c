// Package cpu says what the processor can do.
//
// In: nothing. Out: whether vector code may run, found once when the program starts.
package cpu

// AVX2 says that the processor and the operating system have AVX2 and FMA, AVX512 that they have
// these and AVX-512 F, DQ, BW and VL.
var AVX2, AVX512 = detect()
