; Threads take items from a common counter until none is left; an item is the number of
; Newton steps of sqrt(x) until the residual is small. Results do not depend on who took what.
target triple = "nvptx64-nvidia-cuda"
declare double @llvm.fma.f64(double, double, double)
declare double @llvm.fabs.f64(double)
define ptx_kernel void @queue(i32 addrspace(1)* %next, i32 %n, double %tol, double addrspace(1)* %x, i32 addrspace(1)* %steps, i64 addrspace(1)* %total) {
entry:
  br label %fetch
fetch:
  %i = atomicrmw add i32 addrspace(1)* %next, i32 1 monotonic
  %in = icmp ult i32 %i, %n
  br i1 %in, label %take, label %end
take:
  %il = zext i32 %i to i64
  %xp = getelementptr double, double addrspace(1)* %x, i64 %il
  %xv = load double, double addrspace(1)* %xp
  %y0 = call double @llvm.fma.f64(double %xv, double 0.5, double 0.5)
  br label %loop
loop:
  %k = phi i32 [ 0, %take ], [ %k1, %step ]
  %y = phi double [ %y0, %take ], [ %y1, %step ]
  %ny = fneg double %y
  %res = call double @llvm.fma.f64(double %ny, double %y, double %xv)
  %abs = call double @llvm.fabs.f64(double %res)
  %lim = fmul double %tol, %xv
  %big = fcmp ogt double %abs, %lim
  %few = icmp ult i32 %k, 60
  %more = and i1 %big, %few
  br i1 %more, label %step, label %store
step:
  %y2 = fadd double %y, %y
  %d = fdiv double %res, %y2
  %y1 = fadd double %y, %d
  %k1 = add i32 %k, 1
  br label %loop
store:
  store double %y, double addrspace(1)* %xp
  %sp = getelementptr i32, i32 addrspace(1)* %steps, i64 %il
  store i32 %k, i32 addrspace(1)* %sp
  %kl = zext i32 %k to i64
  %old = atomicrmw add i64 addrspace(1)* %total, i64 %kl monotonic
  br label %fetch
end:
  ret void
}
