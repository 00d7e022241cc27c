// Needs more registers than the caller leaves it, so that it saves those it must keep;
// on arm64 x28 is among them.
void g(long *);
void f(long *x) {
	long a[16];
	for (int i = 0; i < 16; i++)
		a[i] = x[i];
	long b0 = a[0], b1 = a[1], b2 = a[2], b3 = a[3], b4 = a[4], b5 = a[5], b6 = a[6], b7 = a[7], b8 = a[8], b9 = a[9], b10 = a[10], b11 = a[11];
	g(x);
	x[0] = b0 + b1 * 2 + b2 * 3 + b3 * 5 + b4 * 7 + b5 * 11 + b6 * 13 + b7 * 17 + b8 * 19 + b9 * 23 + b10 * 29 + b11 * 31;
}
__attribute__((noinline)) void g(long *x) {
	__asm__ volatile("" ::: "memory");
	x[1]++;
}
