//go:build linux && go1.26 && !go1.27

#include "go_asm.h"
#include "textflag.h"

// The code of a closure of type func(t float64, u, p, out []float64). Go passes the closure in DX, t in X0, address, length and
// capacity of u in AX, BX, CX, of p in DI, SI, R8, of out in R9, R10, R11, and wants R14 (g) and X15 (zero) back;
// the callee keeps R12 and R14. See call_amd64.s for the other side.
TEXT kernel<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ closure_stack(DX), R13
	CMPQ BX, closure_n(DX)
	JLT  checked
	CMPQ SI, closure_np(DX)
	JLT  checked
	CMPQ R10, closure_main(DX)
	JLT  checked
	MOVQ Stack_top(R13), R13
	TESTQ R13, R13
	JEQ  checked
	MOVQ DI, SI
	MOVQ AX, DI
	MOVQ closure_entry(DX), AX
	MOVQ closure_w(DX), CX
	MOVQ R9, DX
	MOVQ SP, R12
	MOVQ R13, SP
	CALL AX
	MOVQ R12, SP
	XORPS X15, X15
	RET
checked:
	MOVQ closure_checked(DX), DX
	MOVQ (DX), R12
	JMP  R12

// func kernelCode() uintptr
TEXT ·kernelCode(SB), NOSPLIT, $0-8
	LEAQ kernel<>(SB), AX
	MOVQ AX, ret+0(FP)
	RET
