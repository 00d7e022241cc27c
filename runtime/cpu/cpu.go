// Package cpu says what the processor can do.
//
// In: nothing. Out: whether vector code may run, found once when the program starts.
package cpu

// AVX2 says that the processor and the operating system have AVX2 and FMA.
var AVX2 = detect()
