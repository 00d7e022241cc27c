// Functions of the two forms that package native calls. Together they make a compiler use
// what a loader must handle: calls, tables of constants, tables of pointers, variables
// with and without initial value, the global offset table, jump tables, the routines of
// the C library that compilers assume, and big frames.

typedef unsigned long size;
void *memcpy(void *, const void *, size);
void *memmove(void *, const void *, size);
void *memset(void *, int, size);
int memcmp(const void *, const void *, size);

// The Lorenz system, p = sigma, rho, beta.
void lorenz(double t, double *u, double *p, double *out, double *w) {
	out[0] = p[0] * (u[1] - u[0]);
	out[1] = u[0] * (p[1] - u[2]) - u[1];
	out[2] = u[0] * u[1] - p[2] * u[2];
}

// All five arguments arrive.
void arguments(double t, double *u, double *p, double *out, double *w) {
	*out = t + 2 * *u + 4 * *p + 8 * *w;
}

// The state of a pseudo random number generator after n steps from x (Marsaglia's
// xorshift, J. Stat. Softw. 8(14), 2003). n sets how long a call takes.
struct spin {
	unsigned long x, n;
};
void spin(struct spin *a) {
	unsigned long x = a->x;
	for (unsigned long i = a->n; i > 0; i--) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	a->x = x;
}

static const double coefficients[8] = {1, 0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0078125};
const double external[4] = {3, 5, 7, 11};
static double halve(double x) { return x / 2; }
static double twice(double x) { return x * 2; }
__attribute__((noinline)) double third(double x) { return x / 3; }
static double (*const functions[3])(double) = {halve, twice, third};
double variable = 42;
long zero[1000];
static long counter;

struct tables {
	long i;
	double a, b, c, d;
};
// Reads tables through indices and pointers.
void tables(struct tables *a) {
	a->a = coefficients[a->i & 7];
	a->b = external[a->i & 3];
	a->c = functions[a->i % 3](12);
	a->d = third(variable);
}

// Counts calls in a variable of the object.
void count(long *out) {
	zero[999] += 2;
	*out = ++counter + zero[999];
}

struct jump {
	long i, r;
};
// A dense switch becomes a jump table.
void jump(struct jump *a) {
	long x = a->r;
	switch (a->i) {
	case 0: x = x * 3 + 1; break;
	case 1: x = x ^ 0x55; break;
	case 2: x = x - 17; break;
	case 3: x = x << 3; break;
	case 4: x = -x; break;
	case 5: x = x % 7; break;
	case 6: x = x * x; break;
	case 7: x = ~x; break;
	case 8: x = x / 3; break;
	case 9: x = x | 0xff00; break;
	default: x = 0;
	}
	a->r = x;
}

struct memory {
	unsigned char *to, *from;
	size n;
	long value, result;
};
void copy(struct memory *a) { a->result = memcpy(a->to, a->from, a->n) == a->to; }
void move(struct memory *a) { a->result = memmove(a->to, a->from, a->n) == a->to; }
void set(struct memory *a) { a->result = memset(a->to, (int)a->value, a->n) == a->to; }
void compare(struct memory *a) { a->result = memcmp(a->to, a->from, a->n); }

// Writes the whole of a frame of 600 KiB; the sum of what it wrote is 599*600/2 KiB.
void frame(long *out) {
	volatile long big[600 * 128];
	for (long i = 0; i < 600 * 128; i++)
		big[i] = i / 128;
	long sum = 0;
	for (long i = 0; i < 600 * 128; i++)
		sum += big[i];
	*out = sum / 128;
}

// Recurses until the stack ends, with frames bigger than a page.
static long deeper(long n) {
	volatile long big[1000];
	big[n % 1000] = n;
	return deeper(n + 1) + big[n % 1000];
}
void overflow(long *out) { *out = deeper(*out); }

// The stack pointer must be aligned as the ABI says: 0 is right.
void aligned(long *out) {
	volatile __attribute__((aligned(16))) char c[16];
	*out = (long)c & 15;
}

// A symbol that nobody defines may be weak: then it is null.
extern void nobody(void) __attribute__((weak));
void weak(long *out) { *out = nobody == 0; }

// Without -fno-common this is a common symbol.
int shared_storage[3];
void common(long *out) { *out = ++shared_storage[2] + shared_storage[0]; }
