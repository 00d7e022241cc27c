# The routines of the C library that compilers assume, System V ABI, GNU syntax.
# Arguments in rdi, rsi, rdx; result in rax.
	.intel_syntax noprefix
	.text
	.globl	memcpy, memmove, memset, memcmp
	.type	memcpy, @function
memcpy:
	mov	rax, rdi
	mov	rcx, rdx
	rep movsb
	ret
	.size	memcpy, .-memcpy

	.type	memmove, @function
memmove:
	mov	rax, rdi
	mov	rcx, rdx
	mov	r8, rdi
	sub	r8, rsi
	cmp	r8, rdx
	jb	1f			# dst - src < n, unsigned: from the end
	rep movsb
	ret
1:	lea	rdi, [rdi+rdx-1]
	lea	rsi, [rsi+rdx-1]
	std
	rep movsb
	cld
	ret
	.size	memmove, .-memmove

	.type	memset, @function
memset:
	mov	r8, rdi
	mov	eax, esi
	mov	rcx, rdx
	rep stosb
	mov	rax, r8
	ret
	.size	memset, .-memset

	.type	memcmp, @function
memcmp:
	xor	ecx, ecx
1:	cmp	rcx, rdx
	je	2f
	movzx	eax, byte ptr [rdi+rcx]
	movzx	r8d, byte ptr [rsi+rcx]
	inc	rcx
	sub	eax, r8d
	je	1b
	ret
2:	xor	eax, eax
	ret
	.size	memcmp, .-memcmp
