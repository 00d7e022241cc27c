/* Ensemble of Lorenz trajectories in plain scalar C: the method Tsit5 (Tsitouras, Comput.
 * Math. Appl. 62, 2011), its error norm and its PI controller written out for three
 * equations, as package fuse has them. Logarithm and power of the controller are the same
 * approximations, so that no time goes to libm; with -DLIBM they are its log2 and exp2, as one
 * would write it.
 *
 *   gcc -O3 -march=native lorenz.c -o lorenz -lm && ./lorenz 10000
 *
 * prints: trajectories, nanoseconds of processor time for all, accepted steps, rejected
 * ones, sum of the final states. Parameters come from a linear congruential generator.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double bits(uint64_t x) { double d; memcpy(&d, &x, 8); return d; }
static uint64_t word(double d) { uint64_t x; memcpy(&x, &d, 8); return x; }

/* The PI controller of package control for an estimate of order 4. */
#define BETA1 (2. / 15)
#define BETA2 (-1. / 15)
#define SAFETY 0.9
#define TOP 3.4739311883324124     /* log2(10/0.9) */
#define RETRY 0.07800251200127316  /* log2(0.95/0.9) */
#define BOTTOM (-2.169925001442312) /* log2(0.2/0.9) */
#define ORDER1 5

#ifdef LIBM
static inline double log2_(double x) { return log2(x); }
static inline double stretch(double x) { return SAFETY * exp2(x); }
#else
/* Along chords between powers of two; half of the mean error goes to the norm, the root of x. */
static inline double log2_(double x) {
    return bits(word(x) >> 12 | 0x4330000000000000ull) * 0x1p-40 - (4096 + 1023 - 0.0574);
}

/* 0.9 2^x */
static inline double stretch(double x) {
    const double f = 0.97400374642529675; /* the fourth root of 0.9 */
    double q = (f * 0.016284700081339087 * x + f * 0.17673628920065687) * x + f * 0.9995692713219431;
    q *= q;
    return q * q;
}
#endif

static inline double least(double a, double b) { return a < b ? a : b; }
static inline double most(double a, double b) { return b < a ? a : b; }

static inline void rhs(const double u[3], const double p[3], double k[3]) {
    k[0] = p[0] * (u[1] - u[0]);
    k[1] = u[0] * (p[1] - u[2]) - u[1];
    k[2] = u[0] * u[1] - p[2] * u[2];
}

static const double a2 = 0.161;
static const double a3[] = {-0.008480655492356989, 0.335480655492357};
static const double a4[] = {2.8971530571054935, -6.359448489975075, 4.3622954328695815};
static const double a5[] = {5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525};
static const double a6[] = {5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401, -0.028269050394068383};
static const double a7[] = {0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081, 2.324710524099774};
static const double e_[] = {-0.00178001105222577714, -0.0008164344596567469, 0.007880878010261995, -0.1447110071732629, 0.5823571654525552, -0.45808210592918697, 0.015151515151515152};

static double rtol, atol_;

static int solve(double u[3], const double p[3], double tend, long *steps, long *rejected) {
    double k1[3], k2[3], k3[3], k4[3], k5[3], k6[3], k7[3], y[3], v[3];
    double t = 0, h, old = 0;
    int i;
    rhs(u, p, k1);
    { /* first step: Hairer, Norsett, Wanner, II.4 */
        double d0 = 0, d1 = 0, d2 = 0, h0, sc[3];
        for (i = 0; i < 3; i++) {
            sc[i] = atol_ + rtol * fabs(u[i]);
            d0 += u[i] / sc[i] * (u[i] / sc[i]);
            d1 += k1[i] / sc[i] * (k1[i] / sc[i]);
        }
        d0 = sqrt(d0 / 3), d1 = sqrt(d1 / 3);
        h0 = d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * d0 / d1;
        for (i = 0; i < 3; i++) y[i] = u[i] + h0 * k1[i];
        rhs(y, p, k2);
        for (i = 0; i < 3; i++) d2 += (k2[i] - k1[i]) / sc[i] * ((k2[i] - k1[i]) / sc[i]);
        d2 = sqrt(d2 / 3) / h0;
        h = least(100 * h0, most(d1, d2) > 1e-15 ? exp2(log2(0.01 / most(d1, d2)) / 6) : tend);
        h = least(h, tend);
    }
    for (;;) {
        double left = tend - t, tn, square = 0, x, top, err;
        int last = left * (1 - 1e-10) <= h, ok;
        if (last) h = left, tn = tend;
        else h = least(h, 0.5 * left), tn = t + h;
        for (i = 0; i < 3; i++) y[i] = u[i] + h * (a2 * k1[i]);
        rhs(y, p, k2);
        for (i = 0; i < 3; i++) y[i] = u[i] + h * (a3[0] * k1[i] + a3[1] * k2[i]);
        rhs(y, p, k3);
        for (i = 0; i < 3; i++) y[i] = u[i] + h * (a4[0] * k1[i] + a4[1] * k2[i] + a4[2] * k3[i]);
        rhs(y, p, k4);
        for (i = 0; i < 3; i++) y[i] = u[i] + h * (a5[0] * k1[i] + a5[1] * k2[i] + a5[2] * k3[i] + a5[3] * k4[i]);
        rhs(y, p, k5);
        for (i = 0; i < 3; i++) y[i] = u[i] + h * (a6[0] * k1[i] + a6[1] * k2[i] + a6[2] * k3[i] + a6[3] * k4[i] + a6[4] * k5[i]);
        rhs(y, p, k6);
        for (i = 0; i < 3; i++) v[i] = u[i] + h * (a7[0] * k1[i] + a7[1] * k2[i] + a7[2] * k3[i] + a7[3] * k4[i] + a7[4] * k5[i] + a7[5] * k6[i]);
        rhs(v, p, k7);
        for (i = 0; i < 3; i++) {
            double d = e_[0] * k1[i] + e_[1] * k2[i] + e_[2] * k3[i] + e_[3] * k4[i] + e_[4] * k5[i] + e_[5] * k6[i] + e_[6] * k7[i];
            double r = d / (atol_ + rtol * most(fabs(u[i]), fabs(v[i])));
            square += r * r;
        }
        square = square * (h * h / 3) + 0x1p-66;
        ok = square <= 1;
        err = 0.5 * log2_(square);
        if (ok) x = -BETA1 * err - BETA2 * old, top = TOP;
        else x = -err / ORDER1, top = RETRY;
        x = most(BOTTOM, least(x, top));
        h *= stretch(x);
        if (ok) {
            if (last) {
                memcpy(u, v, sizeof v);
                ++*steps;
                return 0;
            }
            t = tn, old = err;
            memcpy(u, v, sizeof v);
            memcpy(k1, k7, sizeof v);
            ++*steps;
        } else {
            ++*rejected;
            if (!(h > 1e-15 * t)) return 2;
        }
    }
}

static double now(void) {
    struct timespec s;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &s);
    return s.tv_sec * 1e9 + s.tv_nsec;
}

static uint64_t seed = 1;
static double uniform(void) {
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (double)(seed >> 11) * 0x1p-53;
}

int main(int argc, char **argv) {
    int n = atoi(argv[1]), i;
    double *p = malloc(3 * n * sizeof *p), sum = 0, start, stop;
    long steps = 0, rejected = 0;
    rtol = atol_ = 1e-6;
    for (i = 0; i < n; i++) p[3 * i] = 10, p[3 * i + 1] = 10 + 40 * uniform(), p[3 * i + 2] = 8. / 3;
    start = now();
    for (i = 0; i < n; i++) {
        double u[3] = {1, 0, 0};
        if (solve(u, p + 3 * i, 10, &steps, &rejected)) return 1;
        sum += u[0] + u[1] + u[2];
    }
    stop = now();
    printf("%d %.0f %ld %ld %.17g\n", n, stop - start, steps, rejected, sum);
    return 0;
}
