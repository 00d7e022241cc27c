/* A loop over CVODE (BDF, dense, analytic Jacobian): the yardstick of stiff ensembles.

       cc -O3 -march=native -I PREFIX/include cvode.c -o cvode PREFIX/lib/libsundials_{cvode,nvecserial,...}.a -lm
       ./cvode MODEL COUNT TEND RTOL ATOL [PRINT]

   Trajectory i multiplies rate constant j by 1 + 0.2 (2 v - 1), v = frac((i + 1) phi_j), phi_j = frac(sqrt(j + 2)). Prints
   one JSON object: seconds of the whole loop, steps, and the final states of the first PRINT trajectories. */
#include <cvode/cvode.h>
#include <math.h>
#include <nvector/nvector_serial.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>
#include <time.h>

#include "kinetics.h"

typedef void (*rhs_fn)(const double *, const double *, double *);
static struct model {
	const char *name;
	int n, np;
	rhs_fn f, jac;
	const double *p;
} models[] = {
	{"robertson", 3, 3, robertson_f, robertson_jac, robertson_p},
	{"hires", 8, 8, hires_f, hires_jac, hires_p},
	{"pollu", 20, 25, pollu_f, pollu_jac, pollu_p},
};

static struct model *m;
static double p[64];

static int f(sunrealtype t, N_Vector y, N_Vector d, void *user)
{
	m->f(N_VGetArrayPointer(y), p, N_VGetArrayPointer(d));
	return 0;
}

static int jac(sunrealtype t, N_Vector y, N_Vector fy, SUNMatrix J, void *user, N_Vector a, N_Vector b, N_Vector c)
{
	m->jac(N_VGetArrayPointer(y), p, SUNDenseMatrix_Data(J)); /* J is cleared by CVODE */
	return 0;
}

static void start(double *y)
{
	memset(y, 0, m->n * sizeof *y);
	if (m->n == 20) {
		y[1] = 0.2, y[3] = 0.04, y[6] = 0.1, y[7] = 0.3, y[8] = 0.01, y[16] = 0.007;
		return;
	}
	y[0] = 1;
	if (m->n == 8)
		y[7] = 0.0057;
}

int main(int argc, char **argv)
{
	if (argc < 6) {
		fprintf(stderr, "cvode MODEL COUNT TEND RTOL ATOL [PRINT]\n");
		return 2;
	}
	for (int i = 0; i < 3; i++)
		if (!strcmp(argv[1], models[i].name))
			m = &models[i];
	if (!m)
		return 2;
	int count = atoi(argv[2]), print = argc > 6 ? atoi(argv[6]) : 0;
	double tend = atof(argv[3]), rtol = atof(argv[4]), atol = atof(argv[5]);
	double *final = calloc((size_t)count * m->n, sizeof *final);
	SUNContext ctx;
	SUNContext_Create(0, &ctx); /* without MPI; a pointer before SUNDIALS 7, an int from there on */
	N_Vector y = N_VNew_Serial(m->n, ctx);
	start(N_VGetArrayPointer(y));
	void *mem = CVodeCreate(CV_BDF, ctx);
	CVodeInit(mem, f, 0, y);
	CVodeSStolerances(mem, rtol, atol);
	SUNMatrix A = SUNDenseMatrix(m->n, m->n, ctx);
	SUNLinearSolver ls = SUNLinSol_Dense(y, A, ctx);
	CVodeSetLinearSolver(mem, ls, A);
	CVodeSetJacFn(mem, jac);
	CVodeSetMaxNumSteps(mem, 100000);
	long steps = 0;
	int failed = 0;
	struct timespec a, b;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	for (int i = 0; i < count; i++) {
		for (int j = 0; j < m->np; j++) {
			double phi = sqrt(j + 2.0), v = (i + 1) * (phi - floor(phi));
			p[j] = m->p[j] * (1 + 0.2 * (2 * (v - floor(v)) - 1));
		}
		start(N_VGetArrayPointer(y));
		CVodeReInit(mem, 0, y);
		sunrealtype t;
		failed += CVode(mem, tend, y, &t, CV_NORMAL) < 0;
		long s;
		CVodeGetNumSteps(mem, &s);
		steps += s;
		memcpy(final + (size_t)i * m->n, N_VGetArrayPointer(y), m->n * sizeof *final);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	printf("{\"seconds\":%.6f,\"steps\":%ld,\"failed\":%d,\"final\":[", (b.tv_sec - a.tv_sec) + 1e-9 * (b.tv_nsec - a.tv_nsec), steps, failed);
	for (int i = 0; i < print; i++)
		for (int k = 0; k < m->n; k++)
			printf("%s%.17g", i + k ? "," : "", final[(size_t)i * m->n + k]);
	printf("]}\n");
	return 0;
}
