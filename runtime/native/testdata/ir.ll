; What LLVM makes of constants, tables, vectors, globals and calls.
@table = internal constant [4 x double] [double 1.5, double 2.5, double 3.5, double 4.5]
@state = internal global i64 7
@outside = global double 0.125

define internal double @scale(double %x) noinline {
  %y = fmul double %x, 0x400921FB54442D18
  ret double %y
}

define void @kernel(double %t, double* %u, double* %p, double* %out, double* %w) {
  %x = load double, double* %u
  %y = call double @scale(double %x)
  %i = fptosi double %t to i64
  %e = getelementptr [4 x double], [4 x double]* @table, i64 0, i64 %i
  %c = load double, double* %e
  %z = fadd double %y, %c
  %g = load double, double* @outside
  %r = fmul double %z, %g
  store double %r, double* %out
  ret void
}

define void @lanes(<4 x double>* %a) {
  %x = load <4 x double>, <4 x double>* %a, align 8
  %y = fmul <4 x double> %x, <double 1.0, double 0.5, double 0.1, double 7.0>
  %z = fadd <4 x double> %y, <double 0.25, double 0.75, double 3.0, double 9.0>
  store <4 x double> %z, <4 x double>* %a, align 8
  ret void
}

define void @next(i64* %out) {
  %x = load i64, i64* @state
  %y = mul i64 %x, 6364136223846793005
  %z = add i64 %y, 1442695040888963407
  store i64 %z, i64* @state
  store i64 %z, i64* %out
  ret void
}
