; y = a*x + y, rounded once.
target triple = "nvptx64-nvidia-cuda"
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.nctaid.x()

declare double @llvm.fma.f64(double, double, double)
define ptx_kernel void @axpy(i64 %n, double %a, double addrspace(1)* noalias %x, double addrspace(1)* %y) {
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
  %r = call double @llvm.fma.f64(double %a, double %xv, double %yv)
  store double %r, double addrspace(1)* %yp
  br label %end
end:
  ret void
}
