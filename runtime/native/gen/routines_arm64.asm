// The routines of the C library that compilers assume, AAPCS64, GNU syntax.
// Arguments and result in x0, x1, x2.
	.text
	.globl	memcpy, memmove, memset, memcmp
	.type	memcpy, @function
memcpy:
	mov	x3, x0
1:	cmp	x2, #8
	b.lo	2f
	ldr	x4, [x1], #8
	str	x4, [x3], #8
	sub	x2, x2, #8
	b	1b
2:	cbz	x2, 3f
	ldrb	w4, [x1], #1
	strb	w4, [x3], #1
	sub	x2, x2, #1
	b	2b
3:	ret
	.size	memcpy, .-memcpy

	.type	memmove, @function
memmove:
	sub	x3, x0, x1
	cmp	x3, x2
	b.lo	4f			// dst - src < n, unsigned: from the end
	mov	x3, x0
1:	cmp	x2, #8
	b.lo	2f
	ldr	x4, [x1], #8
	str	x4, [x3], #8
	sub	x2, x2, #8
	b	1b
2:	cbz	x2, 3f
	ldrb	w4, [x1], #1
	strb	w4, [x3], #1
	sub	x2, x2, #1
	b	2b
3:	ret
4:	cbz	x2, 3b
	sub	x2, x2, #1
	ldrb	w4, [x1, x2]
	strb	w4, [x0, x2]
	b	4b
	.size	memmove, .-memmove

	.type	memset, @function
memset:
	mov	x3, x0
1:	cbz	x2, 2f
	strb	w1, [x3], #1
	sub	x2, x2, #1
	b	1b
2:	ret
	.size	memset, .-memset

	.type	memcmp, @function
memcmp:
1:	cbz	x2, 2f
	ldrb	w3, [x0], #1
	ldrb	w4, [x1], #1
	sub	x2, x2, #1
	subs	w3, w3, w4
	b.eq	1b
	mov	w0, w3
	ret
2:	mov	w0, wzr
	ret
	.size	memcmp, .-memcmp
