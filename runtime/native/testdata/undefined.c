// Uses functions that no object here defines.
double sin(double), fma(double, double, double);
void f(double *x) { *x = sin(*x) + fma(*x, *x, *x); }
