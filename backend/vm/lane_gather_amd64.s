#include "textflag.h"

// func gatherAVX512(d, from *float64, list *int32, n int)
TEXT ·gatherAVX512(SB), NOSPLIT, $0-32
	MOVQ d+0(FP), DI
	MOVQ from+8(FP), SI
	MOVQ list+16(FP), DX
	MOVQ n+24(FP), CX
loop:
	VMOVDQU (DX), Y1
	VPXORQ Z0, Z0, Z0
	KXNORW K1, K1, K1
	VGATHERDPD (SI)(Y1*8), K1, Z0
	VMOVUPD Z0, (DI)
	ADDQ $32, DX
	ADDQ $64, DI
	SUBQ $8, CX
	JGT loop
	VZEROUPPER
	RET
