; The Lorenz system by the classical Runge-Kutta method: steps of size h from u, entry k of
;  trajectory i at u[k*n + i]; r[i] is the Rayleigh number.
target triple = "nvptx64-nvidia-cuda"
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.nctaid.x()

declare double @llvm.fma.f64(double, double, double)
define ptx_kernel void @lorenz(i64 %n, i64 %steps, double %h, double addrspace(1)* %r, double addrspace(1)* %u) {
  %tid = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %cta = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %ntid = call i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
  %base = mul i32 %cta, %ntid
  %i32 = add i32 %base, %tid
  %i = zext i32 %i32 to i64
  %in = icmp ult i64 %i, %n
  br i1 %in, label %go, label %end
go:
  %n2 = shl i64 %n, 1
  %ix = add i64 %i, %n
  %iy = add i64 %i, %n2
  %p0 = getelementptr double, double addrspace(1)* %u, i64 %i
  %a0 = load double, double addrspace(1)* %p0
  %p1 = getelementptr double, double addrspace(1)* %u, i64 %ix
  %a1 = load double, double addrspace(1)* %p1
  %p2 = getelementptr double, double addrspace(1)* %u, i64 %iy
  %a2 = load double, double addrspace(1)* %p2
  %rp = getelementptr double, double addrspace(1)* %r, i64 %i
  %rho = load double, double addrspace(1)* %rp
  %h2 = fmul double %h, 0.5
  %h6 = fdiv double %h, 6.0
  br label %loop
loop:
  %k = phi i64 [ 0, %go ], [ %k1, %loop ]
  %y0 = phi double [ %a0, %go ], [ %z0, %loop ]
  %y1 = phi double [ %a1, %go ], [ %z1, %loop ]
  %y2 = phi double [ %a2, %go ], [ %z2, %loop ]
  %Ad = fsub double %y1, %y0
  %A0 = fmul double %Ad, 10.0
  %Ae = fsub double %rho, %y2
  %Af = fmul double %y0, %Ae
  %A1 = fsub double %Af, %y1
  %Ag = fmul double %y0, %y1
  %Am = fmul double %y2, 0x4005555555555555
  %A2 = fsub double %Ag, %Am
  %Bv0 = call double @llvm.fma.f64(double %h2, double %A0, double %y0)
  %Bv1 = call double @llvm.fma.f64(double %h2, double %A1, double %y1)
  %Bv2 = call double @llvm.fma.f64(double %h2, double %A2, double %y2)
  %Bd = fsub double %Bv1, %Bv0
  %B0 = fmul double %Bd, 10.0
  %Be = fsub double %rho, %Bv2
  %Bf = fmul double %Bv0, %Be
  %B1 = fsub double %Bf, %Bv1
  %Bg = fmul double %Bv0, %Bv1
  %Bm = fmul double %Bv2, 0x4005555555555555
  %B2 = fsub double %Bg, %Bm
  %Cv0 = call double @llvm.fma.f64(double %h2, double %B0, double %y0)
  %Cv1 = call double @llvm.fma.f64(double %h2, double %B1, double %y1)
  %Cv2 = call double @llvm.fma.f64(double %h2, double %B2, double %y2)
  %Cd = fsub double %Cv1, %Cv0
  %C0 = fmul double %Cd, 10.0
  %Ce = fsub double %rho, %Cv2
  %Cf = fmul double %Cv0, %Ce
  %C1 = fsub double %Cf, %Cv1
  %Cg = fmul double %Cv0, %Cv1
  %Cm = fmul double %Cv2, 0x4005555555555555
  %C2 = fsub double %Cg, %Cm
  %Dv0 = call double @llvm.fma.f64(double %h, double %C0, double %y0)
  %Dv1 = call double @llvm.fma.f64(double %h, double %C1, double %y1)
  %Dv2 = call double @llvm.fma.f64(double %h, double %C2, double %y2)
  %Dd = fsub double %Dv1, %Dv0
  %D0 = fmul double %Dd, 10.0
  %De = fsub double %rho, %Dv2
  %Df = fmul double %Dv0, %De
  %D1 = fsub double %Df, %Dv1
  %Dg = fmul double %Dv0, %Dv1
  %Dm = fmul double %Dv2, 0x4005555555555555
  %D2 = fsub double %Dg, %Dm
  %s0 = fadd double %B0, %C0
  %t0 = call double @llvm.fma.f64(double 2.0, double %s0, double %A0)
  %q0 = fadd double %t0, %D0
  %z0 = call double @llvm.fma.f64(double %h6, double %q0, double %y0)
  %s1 = fadd double %B1, %C1
  %t1 = call double @llvm.fma.f64(double 2.0, double %s1, double %A1)
  %q1 = fadd double %t1, %D1
  %z1 = call double @llvm.fma.f64(double %h6, double %q1, double %y1)
  %s2 = fadd double %B2, %C2
  %t2 = call double @llvm.fma.f64(double 2.0, double %s2, double %A2)
  %q2 = fadd double %t2, %D2
  %z2 = call double @llvm.fma.f64(double %h6, double %q2, double %y2)
  %k1 = add i64 %k, 1
  %more = icmp slt i64 %k1, %steps
  br i1 %more, label %loop, label %out
out:
  store double %z0, double addrspace(1)* %p0
  store double %z1, double addrspace(1)* %p1
  store double %z2, double addrspace(1)* %p2
  br label %end
end:
  ret void
}
