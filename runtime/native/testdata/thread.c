// Has a variable per thread, which cannot be loaded.
__thread long mine;
void f(long *out) { *out = ++mine; }
