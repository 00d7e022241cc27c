// A stand-in for the driver library with two devices whose memory is that of the host. It
// checks what the caller of the real one could get wrong: the current context of the
// thread, lengths, pointers of pointers, the order of arguments. The kernel "axpy" exists:
// y = a*x + y for (n, a, x, y).
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int R;
enum { OK, INVALID = 1, NOMEM = 2, CONTEXT = 201, BADPTX = 218, NOTFOUND = 500, NOTREADY = 600, ILLEGAL = 700 };

static int inited;
static long retained[2];
static char contexts[2];
static _Thread_local char *current;
#define NEED if (!current) return CONTEXT; if (!retained[current - contexts]) return CONTEXT

R cuInit(unsigned flags) { inited = 1; return flags ? INVALID : getenv("FAKE_INIT") ? atoi(getenv("FAKE_INIT")) : OK; }
R cuDriverGetVersion(int *v) { *v = 12040; return OK; }
R cuGetErrorName(R e, const char **s) {
	*s = e == NOMEM ? "CUDA_ERROR_OUT_OF_MEMORY" : e == BADPTX ? "CUDA_ERROR_INVALID_PTX" : e == CONTEXT ? "CUDA_ERROR_INVALID_CONTEXT" : e == 100 ? "CUDA_ERROR_NO_DEVICE" : 0;
	return *s ? OK : INVALID;
}
R cuGetErrorString(R e, const char **s) {
	*s = e == NOMEM ? "out of memory" : e == BADPTX ? "a PTX JIT compilation failed" : e == CONTEXT ? "invalid device context" : e == 100 ? "no CUDA-capable device is detected" : 0;
	return *s ? OK : INVALID;
}
R cuDeviceGetCount(int *n) { *n = 2; return inited ? OK : 3; }
R cuDeviceGet(int *d, int i) { *d = 10 + i; return OK; }
R cuDeviceGetName(char *s, int n, int d) { if (n < 20) return INVALID; sprintf(s, "Fake %d", d); return OK; }
R cuDeviceTotalMem_v2(size_t *n, int d) { *n = (size_t)80000000000ull + d; return OK; }
R cuDeviceGetAttribute(int *v, int a, int d) {
	switch (a) {
	case 12: *v = 65536; break;
	case 13: *v = 1980000; break;
	case 16: *v = 132; break;
	case 39: *v = 2048; break;
	case 75: *v = 9; break;
	case 76: *v = d - 10; break;
	case 87: *v = 2; break;
	default: return INVALID;
	}
	return OK;
}
R cuDevicePrimaryCtxSetFlags_v2(int d, unsigned f) { return f == 4 ? OK : INVALID; }
R cuDevicePrimaryCtxRetain(void **c, int d) { retained[d - 10]++; *c = contexts + (d - 10); return OK; }
R cuDevicePrimaryCtxRelease_v2(int d) { return retained[d - 10]-- > 0 ? OK : CONTEXT; }
R cuCtxSetCurrent(void *c) { current = c; return OK; }
R cuCtxSynchronize(void) { NEED; return OK; }
R cuMemGetInfo_v2(size_t *f, size_t *t) { NEED; *f = 5; *t = 7; return OK; }
R cuModuleLoadDataEx(void **m, const void *image, unsigned n, int *keys, void **vals) {
	NEED;
	for (unsigned i = 0; i < n; i++) {
		if (keys[i] == 5 && strstr(image, "bad")) snprintf(vals[i], (size_t)vals[i + 1], "ptxas line 3: fatal : bad");
		if (keys[i] == 3) snprintf(vals[i], (size_t)vals[i + 1], "info of %zu bytes", strlen(image));
		if (keys[i] == 0 && vals[i] != (void *)64) return INVALID;
	}
	*m = current;
	return strstr(image, "bad") ? BADPTX : OK;
}
R cuModuleUnload(void *m) { NEED; return OK; }
R cuModuleGetFunction(void **f, void *m, const char *name) { NEED; *f = m; return strcmp(name, "axpy") ? NOTFOUND : m == current ? OK : CONTEXT; }
R cuModuleGetGlobal_v2(uint64_t *p, size_t *n, void *m, const char *name) { NEED; *p = 77; *n = strlen(name); return OK; }
R cuFuncGetAttribute(int *v, int a, void *f) { NEED; *v = a == 0 ? 1024 : a; return OK; }
R cuOccupancyMaxActiveBlocksPerMultiprocessor(int *n, void *f, int threads, size_t shared) { NEED; *n = 2048 / threads; return shared == 5 ? OK : INVALID; }
R cuMemAlloc_v2(uint64_t *p, size_t n) { NEED; if (n > 1u << 30) return NOMEM; *p = (uint64_t)aligned_alloc(256, (n + 255) / 256 * 256); return OK; }
R cuMemFree_v2(uint64_t p) { NEED; free((void *)p); return OK; }
R cuMemHostAlloc(void **p, size_t n, unsigned flags) { NEED; *p = malloc(n); return flags ? INVALID : OK; }
R cuMemFreeHost(void *p) { NEED; free(p); return OK; }
R cuMemcpyHtoD_v2(uint64_t to, const void *from, size_t n) { NEED; memcpy((void *)to, from, n); return OK; }
R cuMemcpyDtoH_v2(void *to, uint64_t from, size_t n) { NEED; memcpy(to, (void *)from, n); return OK; }
static long streams;
#define STREAM NEED; if (!s) return INVALID
R cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t n, void *s) { STREAM; memcpy((void *)to, from, n); return OK; }
R cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t n, void *s) { STREAM; memcpy(to, (void *)from, n); return OK; }
R cuMemsetD8Async(uint64_t p, unsigned char b, size_t n, void *s) { STREAM; memset((void *)p, b, n); return OK; }
R cuStreamCreate(void **s, unsigned flags) { NEED; *s = &streams; return flags == 1 ? OK : INVALID; }
R cuStreamDestroy_v2(void *s) { STREAM; return OK; }
R cuStreamSynchronize(void *s) { NEED; return OK; }
R cuStreamQuery(void *s) { STREAM; return streams++ ? OK : NOTREADY; }
R cuLaunchKernel(void *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, void *s, void **args, void **extra) {
	STREAM;
	if (f != current || gy != 1 || gz != 1 || by != 1 || bz != 1 || shared != 48 || extra) return INVALID;
	int64_t n = *(int64_t *)args[0];
	double a = *(double *)args[1], *x = *(double **)args[2], *y = *(double **)args[3];
	if (n > (int64_t)gx * bx) return ILLEGAL;
	for (int64_t i = 0; i < n; i++) y[i] = fma(a, x[i], y[i]);
	return OK;
}
R cuEventCreate(void **e, unsigned flags) { NEED; *e = &retained; return flags ? INVALID : OK; }
R cuEventDestroy_v2(void *e) { NEED; return OK; }
R cuEventRecord(void *e, void *s) { STREAM; return e == s ? INVALID : OK; }
R cuEventSynchronize(void *e) { NEED; return OK; }
R cuEventElapsedTime(float *ms, void *start, void *end) { NEED; *ms = 1.5f; return OK; }
