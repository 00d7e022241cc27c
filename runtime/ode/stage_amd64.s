#include "textflag.h"

// func threeAVX(y, y1, y0, f *float64, l, k, m float64, n int)
// y = l y1 - k y0 + m f, in this order and without fused operations; n is a multiple of 8.
TEXT ·threeAVX(SB), NOSPLIT, $0-64
	MOVQ y+0(FP), DI
	MOVQ y1+8(FP), SI
	MOVQ y0+16(FP), DX
	MOVQ f+24(FP), CX
	VBROADCASTSD l+32(FP), Y13
	VBROADCASTSD k+40(FP), Y14
	VBROADCASTSD m+48(FP), Y15
	MOVQ n+56(FP), R8
	XORQ AX, AX
loop:
	CMPQ AX, R8
	JGE done
	VMULPD (SI)(AX*8), Y13, Y0
	VMULPD 32(SI)(AX*8), Y13, Y1
	VMULPD (DX)(AX*8), Y14, Y2
	VMULPD 32(DX)(AX*8), Y14, Y3
	VMULPD (CX)(AX*8), Y15, Y4
	VMULPD 32(CX)(AX*8), Y15, Y5
	VSUBPD Y2, Y0, Y0
	VSUBPD Y3, Y1, Y1
	VADDPD Y4, Y0, Y0
	VADDPD Y5, Y1, Y1
	VMOVUPD Y0, (DI)(AX*8)
	VMOVUPD Y1, 32(DI)(AX*8)
	ADDQ $8, AX
	JMP loop
done:
	VZEROUPPER
	RET

// func fiveAVX(y, y1, u, f, f0 *float64, c *[5]float64, n int)
// y = c0 u + c1 y1 + c2 y + c3 f + c4 f0, in this order and without fused operations; n is a
// multiple of 8.
TEXT ·fiveAVX(SB), NOSPLIT, $0-56
	MOVQ y+0(FP), DI
	MOVQ y1+8(FP), SI
	MOVQ u+16(FP), DX
	MOVQ f+24(FP), CX
	MOVQ f0+32(FP), R9
	MOVQ c+40(FP), R10
	VBROADCASTSD (R10), Y11
	VBROADCASTSD 8(R10), Y12
	VBROADCASTSD 16(R10), Y13
	VBROADCASTSD 24(R10), Y14
	VBROADCASTSD 32(R10), Y15
	MOVQ n+48(FP), R8
	XORQ AX, AX
loop:
	CMPQ AX, R8
	JGE done
	VMULPD (DX)(AX*8), Y11, Y0
	VMULPD 32(DX)(AX*8), Y11, Y1
	VMULPD (SI)(AX*8), Y12, Y2
	VMULPD 32(SI)(AX*8), Y12, Y3
	VMULPD (DI)(AX*8), Y13, Y4
	VMULPD 32(DI)(AX*8), Y13, Y5
	VMULPD (CX)(AX*8), Y14, Y6
	VMULPD 32(CX)(AX*8), Y14, Y7
	VMULPD (R9)(AX*8), Y15, Y8
	VMULPD 32(R9)(AX*8), Y15, Y9
	VADDPD Y2, Y0, Y0
	VADDPD Y3, Y1, Y1
	VADDPD Y4, Y0, Y0
	VADDPD Y5, Y1, Y1
	VADDPD Y6, Y0, Y0
	VADDPD Y7, Y1, Y1
	VADDPD Y8, Y0, Y0
	VADDPD Y9, Y1, Y1
	VMOVUPD Y0, (DI)(AX*8)
	VMOVUPD Y1, 32(DI)(AX*8)
	ADDQ $8, AX
	JMP loop
done:
	VZEROUPPER
	RET
