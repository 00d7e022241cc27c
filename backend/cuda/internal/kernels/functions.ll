; Device functions, tables in constant and global memory, an array on the stack with a
; variable index, parameters that are arrays and structures, vector loads.
target triple = "nvptx64-nvidia-cuda"
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
declare double @llvm.fma.f64(double, double, double)

@tab = internal addrspace(4) constant [8 x double] [double 1.0, double -2.0, double 0.5, double 3.0, double 1.25, double -0.75, double 7.0, double 0.125]
@index = internal addrspace(1) constant [8 x i32] [i32 3, i32 1, i32 4, i32 0, i32 5, i32 2, i32 7, i32 6]
@sum = addrspace(1) global double 0.5

; a product by repeated squaring: x^k
define internal double @power(double %x, i32 %k) noinline {
entry:
  %small = icmp sle i32 %k, 1
  br i1 %small, label %base, label %rest
base:
  %one = icmp eq i32 %k, 1
  %b = select i1 %one, double %x, double 1.0
  ret double %b
rest:
  %h = lshr i32 %k, 1
  %s = fmul double %x, %x
  %q = call double @power(double %s, i32 %h)
  %o = and i32 %k, 1
  %odd = icmp ne i32 %o, 0
  %qx = fmul double %q, %x
  %r = select i1 %odd, double %qx, double %q
  ret double %r
}

; a reads of the array p through a generic pointer
define internal double @dot(double* %p, double addrspace(4)* %t) noinline {
entry:
  br label %loop
loop:
  %k = phi i64 [ 0, %entry ], [ %k1, %loop ]
  %s = phi double [ 0.0, %entry ], [ %s1, %loop ]
  %pp = getelementptr double, double* %p, i64 %k
  %tp = getelementptr double, double addrspace(4)* %t, i64 %k
  %pv = load double, double* %pp
  %tv = load double, double addrspace(4)* %tp
  %s1 = call double @llvm.fma.f64(double %pv, double %tv, double %s)
  %k1 = add i64 %k, 1
  %c = icmp ult i64 %k1, 8
  br i1 %c, label %loop, label %out
out:
  ret double %s1
}

define ptx_kernel void @functions(i64 %n, <2 x double> addrspace(1)* %xy, double addrspace(1)* %out, [2 x double] %ab, { i32, double }* byval({ i32, double }) %kc, i8 addrspace(1)* %flags) {
entry:
  %a = alloca [8 x double]
  %tid = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %cta = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %ntid = call i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
  %base = mul i32 %cta, %ntid
  %i32 = add i32 %base, %tid
  %i = zext i32 %i32 to i64
  %in = icmp ult i64 %i, %n
  br i1 %in, label %go, label %end
go:
  %p = getelementptr <2 x double>, <2 x double> addrspace(1)* %xy, i64 %i
  %v = load <2 x double>, <2 x double> addrspace(1)* %p
  %x = extractelement <2 x double> %v, i32 0
  %y = extractelement <2 x double> %v, i32 1
  br label %loop
loop:
  %k = phi i32 [ 0, %go ], [ %k1, %loop ]
  %q = call double @power(double %x, i32 %k)
  %kk = zext i32 %k to i64
  %ip = getelementptr [8 x i32], [8 x i32] addrspace(1)* @index, i64 0, i64 %kk
  %j = load i32, i32 addrspace(1)* %ip
  %jj = zext i32 %j to i64
  %ap = getelementptr [8 x double], [8 x double]* %a, i64 0, i64 %jj
  store double %q, double* %ap
  %k1 = add i32 %k, 1
  %c = icmp ult i32 %k1, 8
  br i1 %c, label %loop, label %rest
rest:
  %a0 = getelementptr [8 x double], [8 x double]* %a, i64 0, i64 0
  %t0 = getelementptr [8 x double], [8 x double] addrspace(4)* @tab, i64 0, i64 0
  %d = call double @dot(double* %a0, double addrspace(4)* %t0)
  %s0 = load double, double addrspace(1)* @sum
  %pa = extractvalue [2 x double] %ab, 0
  %pb = extractvalue [2 x double] %ab, 1
  %kp = getelementptr { i32, double }, { i32, double }* %kc, i32 0, i32 0
  %cp = getelementptr { i32, double }, { i32, double }* %kc, i32 0, i32 1
  %kv = load i32, i32* %kp
  %cv = load double, double* %cp
  %kd = sitofp i32 %kv to double
  %e0 = call double @llvm.fma.f64(double %pa, double %d, double %pb)
  %e1 = call double @llvm.fma.f64(double %kd, double %y, double %e0)
  %e2 = fadd double %e1, %cv
  %e3 = fadd double %e2, %s0
  %op = getelementptr double, double addrspace(1)* %out, i64 %i
  store double %e3, double addrspace(1)* %op
  %neg = fcmp olt double %e3, 0.0
  %fp = getelementptr i8, i8 addrspace(1)* %flags, i64 %i
  %f0 = load i8, i8 addrspace(1)* %fp
  %f1 = add i8 %f0, -3
  %f2 = ashr i8 %f1, 1
  %f3 = select i1 %neg, i8 %f2, i8 %f0
  store i8 %f3, i8 addrspace(1)* %fp
  %res = insertelement <2 x double> %v, double %e3, i32 1
  store <2 x double> %res, <2 x double> addrspace(1)* %p
  br label %end
end:
  ret void
}
