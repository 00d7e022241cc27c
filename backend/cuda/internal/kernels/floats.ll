; Comparisons of x and y as the bits of mask (in the order of the predicates), roundings, and arithmetic:
; entry k of element i at out[k*n + i].
target triple = "nvptx64-nvidia-cuda"
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.nctaid.x()

declare double @llvm.floor.f64(double)
declare double @llvm.ceil.f64(double)
declare double @llvm.trunc.f64(double)
declare double @llvm.rint.f64(double)
declare double @llvm.fabs.f64(double)
declare double @llvm.sqrt.f64(double)
declare double @llvm.minnum.f64(double, double)
declare double @llvm.maxnum.f64(double, double)
declare double @llvm.copysign.f64(double, double)
define ptx_kernel void @floats(i64 %n, double addrspace(1)* %x, double addrspace(1)* %y, double addrspace(1)* %out, i32 addrspace(1)* %mask) {
  %tid = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %cta = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %ntid = call i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
  %base = mul i32 %cta, %ntid
  %i32 = add i32 %base, %tid
  %i = zext i32 %i32 to i64
  %in = icmp ult i64 %i, %n
  br i1 %in, label %go, label %end
go:
  %xp = getelementptr double, double addrspace(1)* %x, i64 %i
  %yp = getelementptr double, double addrspace(1)* %y, i64 %i
  %xv = load double, double addrspace(1)* %xp
  %yv = load double, double addrspace(1)* %yp
  %c0 = fcmp oeq double %xv, %yv
  %w0 = select i1 %c0, i32 1, i32 0
  %m0 = or i32 0, %w0
  %c1 = fcmp ogt double %xv, %yv
  %w1 = select i1 %c1, i32 2, i32 0
  %m1 = or i32 %m0, %w1
  %c2 = fcmp oge double %xv, %yv
  %w2 = select i1 %c2, i32 4, i32 0
  %m2 = or i32 %m1, %w2
  %c3 = fcmp olt double %xv, %yv
  %w3 = select i1 %c3, i32 8, i32 0
  %m3 = or i32 %m2, %w3
  %c4 = fcmp ole double %xv, %yv
  %w4 = select i1 %c4, i32 16, i32 0
  %m4 = or i32 %m3, %w4
  %c5 = fcmp one double %xv, %yv
  %w5 = select i1 %c5, i32 32, i32 0
  %m5 = or i32 %m4, %w5
  %c6 = fcmp ord double %xv, %yv
  %w6 = select i1 %c6, i32 64, i32 0
  %m6 = or i32 %m5, %w6
  %c7 = fcmp ueq double %xv, %yv
  %w7 = select i1 %c7, i32 128, i32 0
  %m7 = or i32 %m6, %w7
  %c8 = fcmp ugt double %xv, %yv
  %w8 = select i1 %c8, i32 256, i32 0
  %m8 = or i32 %m7, %w8
  %c9 = fcmp uge double %xv, %yv
  %w9 = select i1 %c9, i32 512, i32 0
  %m9 = or i32 %m8, %w9
  %c10 = fcmp ult double %xv, %yv
  %w10 = select i1 %c10, i32 1024, i32 0
  %m10 = or i32 %m9, %w10
  %c11 = fcmp ule double %xv, %yv
  %w11 = select i1 %c11, i32 2048, i32 0
  %m11 = or i32 %m10, %w11
  %c12 = fcmp une double %xv, %yv
  %w12 = select i1 %c12, i32 4096, i32 0
  %m12 = or i32 %m11, %w12
  %c13 = fcmp uno double %xv, %yv
  %w13 = select i1 %c13, i32 8192, i32 0
  %m13 = or i32 %m12, %w13
  %mp = getelementptr i32, i32 addrspace(1)* %mask, i64 %i
  store i32 %m13, i32 addrspace(1)* %mp
  %u_floor = call double @llvm.floor.f64(double %xv)
  %oi0 = mul i64 %n, 0
  %oj0 = add i64 %oi0, %i
  %op0 = getelementptr double, double addrspace(1)* %out, i64 %oj0
  store double %u_floor, double addrspace(1)* %op0
  %u_ceil = call double @llvm.ceil.f64(double %xv)
  %oi1 = mul i64 %n, 1
  %oj1 = add i64 %oi1, %i
  %op1 = getelementptr double, double addrspace(1)* %out, i64 %oj1
  store double %u_ceil, double addrspace(1)* %op1
  %u_trunc = call double @llvm.trunc.f64(double %xv)
  %oi2 = mul i64 %n, 2
  %oj2 = add i64 %oi2, %i
  %op2 = getelementptr double, double addrspace(1)* %out, i64 %oj2
  store double %u_trunc, double addrspace(1)* %op2
  %u_rint = call double @llvm.rint.f64(double %xv)
  %oi3 = mul i64 %n, 3
  %oj3 = add i64 %oi3, %i
  %op3 = getelementptr double, double addrspace(1)* %out, i64 %oj3
  store double %u_rint, double addrspace(1)* %op3
  %u_abs = call double @llvm.fabs.f64(double %xv)
  %oi4 = mul i64 %n, 4
  %oj4 = add i64 %oi4, %i
  %op4 = getelementptr double, double addrspace(1)* %out, i64 %oj4
  store double %u_abs, double addrspace(1)* %op4
  %u_sqrt = call double @llvm.sqrt.f64(double %xv)
  %oi5 = mul i64 %n, 5
  %oj5 = add i64 %oi5, %i
  %op5 = getelementptr double, double addrspace(1)* %out, i64 %oj5
  store double %u_sqrt, double addrspace(1)* %op5
  %b_minnum = call double @llvm.minnum.f64(double %xv, double %yv)
  %oi6 = mul i64 %n, 6
  %oj6 = add i64 %oi6, %i
  %op6 = getelementptr double, double addrspace(1)* %out, i64 %oj6
  store double %b_minnum, double addrspace(1)* %op6
  %b_maxnum = call double @llvm.maxnum.f64(double %xv, double %yv)
  %oi7 = mul i64 %n, 7
  %oj7 = add i64 %oi7, %i
  %op7 = getelementptr double, double addrspace(1)* %out, i64 %oj7
  store double %b_maxnum, double addrspace(1)* %op7
  %b_copysign = call double @llvm.copysign.f64(double %xv, double %yv)
  %oi8 = mul i64 %n, 8
  %oj8 = add i64 %oi8, %i
  %op8 = getelementptr double, double addrspace(1)* %out, i64 %oj8
  store double %b_copysign, double addrspace(1)* %op8
  %a_fadd = fadd double %xv, %yv
  %oi9 = mul i64 %n, 9
  %oj9 = add i64 %oi9, %i
  %op9 = getelementptr double, double addrspace(1)* %out, i64 %oj9
  store double %a_fadd, double addrspace(1)* %op9
  %a_fsub = fsub double %xv, %yv
  %oi10 = mul i64 %n, 10
  %oj10 = add i64 %oi10, %i
  %op10 = getelementptr double, double addrspace(1)* %out, i64 %oj10
  store double %a_fsub, double addrspace(1)* %op10
  %a_fmul = fmul double %xv, %yv
  %oi11 = mul i64 %n, 11
  %oj11 = add i64 %oi11, %i
  %op11 = getelementptr double, double addrspace(1)* %out, i64 %oj11
  store double %a_fmul, double addrspace(1)* %op11
  %a_fdiv = fdiv double %xv, %yv
  %oi12 = mul i64 %n, 12
  %oj12 = add i64 %oi12, %i
  %op12 = getelementptr double, double addrspace(1)* %out, i64 %oj12
  store double %a_fdiv, double addrspace(1)* %op12
  %rc = fdiv double 1.0, %xv
  %oi13 = mul i64 %n, 13
  %oj13 = add i64 %oi13, %i
  %op13 = getelementptr double, double addrspace(1)* %out, i64 %oj13
  store double %rc, double addrspace(1)* %op13
  %ng = fneg double %xv
  %oi14 = mul i64 %n, 14
  %oj14 = add i64 %oi14, %i
  %op14 = getelementptr double, double addrspace(1)* %out, i64 %oj14
  store double %ng, double addrspace(1)* %op14
  br label %end
end:
  ret void
}
