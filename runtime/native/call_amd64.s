//go:build linux

#include "go_asm.h"
#include "textflag.h"

// The System V ABI: integer arguments in DI, SI, DX, CX, the first floating-point
// argument in X0, the stack pointer a multiple of 16 at the CALL. R12 is kept by the
// callee. Go's registers R14 (g) and X15 (zero) are restored by the wrapper through
// which Go calls assembly. The state of the vector registers needs no VZEROUPPER here:
// compilers end functions that use wide registers with one.

// func callArgs(fn, sp uintptr, args unsafe.Pointer)
TEXT ·callArgs(SB), NOSPLIT|NOFRAME, $0-24
	MOVQ fn+0(FP), AX
	MOVQ sp+8(FP), R11
	MOVQ args+16(FP), DI
	MOVQ SP, R12
	MOVQ R11, SP
	CALL AX
	MOVQ R12, SP
	RET

// func callKernel(f *Func, s *Stack, t float64, u, p, out, w *float64)
TEXT ·callKernel(SB), NOSPLIT|NOFRAME, $0-56
	MOVQ  f+0(FP), AX
	MOVQ  s+8(FP), R11
	MOVSD t+16(FP), X0
	MOVQ  u+24(FP), DI
	MOVQ  p+32(FP), SI
	MOVQ  out+40(FP), DX
	MOVQ  w+48(FP), CX
	MOVQ  Func_entry(AX), AX
	MOVQ  SP, R12
	MOVQ  Stack_top(R11), SP
	CALL  AX
	MOVQ  R12, SP
	RET
