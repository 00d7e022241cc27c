#include "textflag.h"

DATA signMask<>+0(SB)/8, $0x7fffffffffffffff
GLOBL signMask<>(SB), RODATA|NOPTR, $8

DATA oneVec<>+0(SB)/8, $0x3ff0000000000000
GLOBL oneVec<>(SB), RODATA|NOPTR, $8

// func combineAVX(dst, src, extra, c *float64, ce float64, stride, m, n int)
//
// dst[i] = ce*extra[i] + sum over k < m of c[k]*src[k*stride+i], stride in bytes, n a
// multiple of 4.
TEXT ·combineAVX(SB), NOSPLIT, $0-64
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ extra+16(FP), DX
	MOVQ c+24(FP), BX
	VBROADCASTSD ce+32(FP), Y15
	MOVQ stride+40(FP), R8
	MOVQ m+48(FP), R9
	MOVQ n+56(FP), CX

wide:
	CMPQ CX, $16
	JLT  narrow
	VMULPD (DX), Y15, Y0
	VMULPD 32(DX), Y15, Y1
	VMULPD 64(DX), Y15, Y2
	VMULPD 96(DX), Y15, Y3
	MOVQ SI, R10
	MOVQ BX, R11
	MOVQ R9, R12

wideTerm:
	VBROADCASTSD (R11), Y14
	VFMADD231PD (R10), Y14, Y0
	VFMADD231PD 32(R10), Y14, Y1
	VFMADD231PD 64(R10), Y14, Y2
	VFMADD231PD 96(R10), Y14, Y3
	ADDQ R8, R10
	ADDQ $8, R11
	DECQ R12
	JNZ  wideTerm
	VMOVUPD Y0, (DI)
	VMOVUPD Y1, 32(DI)
	VMOVUPD Y2, 64(DI)
	VMOVUPD Y3, 96(DI)
	ADDQ $128, DI
	ADDQ $128, SI
	ADDQ $128, DX
	SUBQ $16, CX
	JMP  wide

narrow:
	CMPQ CX, $4
	JLT  done
	VMULPD (DX), Y15, Y0
	MOVQ SI, R10
	MOVQ BX, R11
	MOVQ R9, R12

narrowTerm:
	VBROADCASTSD (R11), Y14
	VFMADD231PD (R10), Y14, Y0
	ADDQ R8, R10
	ADDQ $8, R11
	DECQ R12
	JNZ  narrowTerm
	VMOVUPD Y0, (DI)
	ADDQ $32, DI
	ADDQ $32, SI
	ADDQ $32, DX
	SUBQ $4, CX
	JMP  narrow

done:
	VZEROUPPER
	RET

// func weightsAVX(dst, u, abs *float64, rel float64, n int)
//
// dst[i] = 1/(abs[i] + rel*|u[i]|), n a multiple of 4.
TEXT ·weightsAVX(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ u+8(FP), SI
	MOVQ abs+16(FP), DX
	VBROADCASTSD rel+24(FP), Y15
	MOVQ n+32(FP), CX
	VBROADCASTSD signMask<>(SB), Y14
	VBROADCASTSD oneVec<>(SB), Y13

weight:
	VANDPD (SI), Y14, Y0
	VMOVUPD (DX), Y1
	VFMADD231PD Y0, Y15, Y1
	VDIVPD Y1, Y13, Y2
	VMOVUPD Y2, (DI)
	ADDQ $32, SI
	ADDQ $32, DX
	ADDQ $32, DI
	SUBQ $4, CX
	JNZ  weight
	VZEROUPPER
	RET

// func correctAVX(y, d, w *float64, n int) (sum, bad float64)
//
// y[i] += d[i]; sum is that of (d[i]*w[i])^2, bad is 0 where all y are finite, n a multiple
// of 4.
TEXT ·correctAVX(SB), NOSPLIT, $0-48
	MOVQ y+0(FP), DI
	MOVQ d+8(FP), SI
	MOVQ w+16(FP), DX
	MOVQ n+24(FP), CX
	VXORPD Y0, Y0, Y0
	VXORPD Y1, Y1, Y1
	VXORPD Y5, Y5, Y5

corr:
	VMOVUPD (SI), Y2
	VADDPD (DI), Y2, Y3
	VMOVUPD Y3, (DI)
	VMULPD (DX), Y2, Y4
	VFMADD231PD Y4, Y4, Y0
	VFMADD231PD Y3, Y5, Y1
	ADDQ $32, SI
	ADDQ $32, DX
	ADDQ $32, DI
	SUBQ $4, CX
	JNZ  corr
	VEXTRACTF128 $1, Y0, X2
	VADDPD X2, X0, X0
	VHADDPD X0, X0, X0
	VEXTRACTF128 $1, Y1, X3
	VADDPD X3, X1, X1
	VHADDPD X1, X1, X1
	VMOVSD X0, sum+32(FP)
	VMOVSD X1, bad+40(FP)
	VZEROUPPER
	RET
