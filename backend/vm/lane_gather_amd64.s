#include "textflag.h"

// func gatherAVX512(d, from *float64, list *int32, n int)
TEXT ·gatherAVX512(SB), NOSPLIT, $0-32
	MOVQ d+0(FP), DI
	MOVQ from+8(FP), SI
	MOVQ list+16(FP), DX
	MOVQ n+24(FP), CX
	SUBQ $8, CX
	JLT  rest

loop:
	VMOVDQU    (DX), Y1
	VPXORQ     Z0, Z0, Z0
	KXNORW     K1, K1, K1
	VGATHERDPD (SI)(Y1*8), K1, Z0
	VMOVUPD    Z0, (DI)
	ADDQ       $32, DX
	ADDQ       $64, DI
	SUBQ       $8, CX
	JGE        loop

rest:
	ADDQ       $8, CX
	JZ         done
	MOVL       $1, AX
	SHLL       CX, AX
	DECL       AX
	KMOVW      AX, K2
	KMOVW      AX, K1
	VMOVDQU32.Z (DX), K2, Y1
	VPXORQ     Z0, Z0, Z0
	VGATHERDPD (SI)(Y1*8), K1, Z0
	VMOVUPD    Z0, K2, (DI)

done:
	VZEROUPPER
	RET
