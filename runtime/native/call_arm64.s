//go:build linux

#include "go_asm.h"
#include "textflag.h"

// AAPCS64: integer arguments in R0 to R3, the first floating-point argument in F0, the
// stack pointer a multiple of 16. The callee keeps R19 to R29, so R19 carries Go's
// stack pointer over the call and R28 (g) comes back unchanged; the package's contract is
// that it is not even changed in between.

// func callArgs(fn, sp uintptr, args unsafe.Pointer)
TEXT ·callArgs(SB), NOSPLIT, $16-24
	MOVD fn+0(FP), R9
	MOVD sp+8(FP), R10
	MOVD args+16(FP), R0
	MOVD RSP, R19
	MOVD R10, RSP
	CALL (R9)
	MOVD R19, RSP
	RET

// func callKernel(f *Func, s *Stack, t float64, u, p, out, w *float64)
TEXT ·callKernel(SB), NOSPLIT, $16-56
	MOVD  f+0(FP), R9
	MOVD  s+8(FP), R10
	MOVD  Func_entry(R9), R9
	MOVD  Stack_top(R10), R10
	FMOVD t+16(FP), F0
	MOVD  u+24(FP), R0
	MOVD  p+32(FP), R1
	MOVD  out+40(FP), R2
	MOVD  w+48(FP), R3
	MOVD  RSP, R19
	MOVD  R10, RSP
	CALL  (R9)
	MOVD  R19, RSP
	RET

// The smallest data and instruction cache lines are named by CTR_EL0, in words as powers
// of two. Arm Architecture Reference Manual, B2.4.4, the sequence for code that a
// program wrote.
//
// func flushRange(from, to uintptr)
TEXT ·flushRange(SB), NOSPLIT, $0-16
	MOVD from+0(FP), R0
	MOVD to+8(FP), R1
	WORD $0xd53b0022              // MRS R2, CTR_EL0
	UBFX $16, R2, $4, R3          // data line
	MOVD $4, R4
	LSL  R3, R4, R4
	SUB  $1, R4, R5
	BIC  R5, R0, R6
clean:
	WORD $0xd50b7b26              // DC CVAU, R6
	ADD  R4, R6
	CMP  R1, R6
	BLO  clean
	WORD $0xd5033b9f              // DSB ISH
	AND  $15, R2, R3              // instruction line
	MOVD $4, R4
	LSL  R3, R4, R4
	SUB  $1, R4, R5
	BIC  R5, R0, R6
invalidate:
	WORD $0xd50b7526              // IC IVAU, R6
	ADD  R4, R6
	CMP  R1, R6
	BLO  invalidate
	WORD $0xd5033b9f              // DSB ISH
	WORD $0xd5033fdf              // ISB
	RET
