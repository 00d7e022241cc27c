; exp(x) for |x| < 700: x = k*ln2 + r, a polynomial in r, and k added to the exponent.
target triple = "nvptx64-nvidia-cuda"
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
declare double @llvm.fma.f64(double, double, double)
define ptx_kernel void @exp(i64 %n, double addrspace(1)* %x) {
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
  %xv = load double, double addrspace(1)* %xp
  %m = call double @llvm.fma.f64(double %xv, double 0x3FF71547652B82FE, double 0x4338000000000000)
  %kb = bitcast double %m to i64
  %k = fsub double %m, 0x4338000000000000
  %r0 = call double @llvm.fma.f64(double %k, double 0xBFE62E42FEFA39EF, double %xv)
  %r = call double @llvm.fma.f64(double %k, double 0xBC7ABC9E3B39803F, double %r0)
  %p9 = call double @llvm.fma.f64(double %r, double 0x3E21EED8EFF8D898, double 0x3E5AE64567F544E4)
  %p8 = call double @llvm.fma.f64(double %r, double %p9, double 0x3E927E4FB7789F5C)
  %p7 = call double @llvm.fma.f64(double %r, double %p8, double 0x3EC71DE3A556C734)
  %p6 = call double @llvm.fma.f64(double %r, double %p7, double 0x3EFA01A01A01A01A)
  %p5 = call double @llvm.fma.f64(double %r, double %p6, double 0x3F2A01A01A01A01A)
  %p4 = call double @llvm.fma.f64(double %r, double %p5, double 0x3F56C16C16C16C17)
  %p3 = call double @llvm.fma.f64(double %r, double %p4, double 0x3F81111111111111)
  %p2 = call double @llvm.fma.f64(double %r, double %p3, double 0x3FA5555555555555)
  %p1 = call double @llvm.fma.f64(double %r, double %p2, double 0x3FC5555555555555)
  %p0 = call double @llvm.fma.f64(double %r, double %p1, double 0.5)
  %q1 = call double @llvm.fma.f64(double %r, double %p0, double 1.0)
  %q0 = call double @llvm.fma.f64(double %r, double %q1, double 1.0)
  %qb = bitcast double %q0 to i64
  %ks = shl i64 %kb, 52
  %eb = add i64 %qb, %ks
  %e = bitcast i64 %eb to double
  store double %e, double addrspace(1)* %xp
  br label %end
end:
  ret void
}
