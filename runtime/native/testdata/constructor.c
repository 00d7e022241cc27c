// Has a constructor, which nothing would call.
long made;
__attribute__((constructor)) static void make(void) { made = 1; }
void f(long *out) { *out = made; }
