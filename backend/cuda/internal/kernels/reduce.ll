; Sums of 128 numbers by a block of 128 threads in shared memory, as a tree.
target triple = "nvptx64-nvidia-cuda"
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
declare void @llvm.nvvm.barrier0()
@part = internal addrspace(3) global [128 x double] undef
define ptx_kernel void @reduce(double addrspace(1)* %x, double addrspace(1)* %sums) {
entry:
  %tid = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %cta = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %base = shl i32 %cta, 7
  %i = add i32 %base, %tid
  %il = zext i32 %i to i64
  %t = zext i32 %tid to i64
  %xp = getelementptr double, double addrspace(1)* %x, i64 %il
  %v = load double, double addrspace(1)* %xp
  %mine = getelementptr [128 x double], [128 x double] addrspace(3)* @part, i64 0, i64 %t
  store double %v, double addrspace(3)* %mine
  call void @llvm.nvvm.barrier0()
  br label %loop
loop:
  %s = phi i64 [ 64, %entry ], [ %s1, %next ]
  %c = icmp ult i64 %t, %s
  br i1 %c, label %sum, label %next
sum:
  %o = add i64 %t, %s
  %other = getelementptr [128 x double], [128 x double] addrspace(3)* @part, i64 0, i64 %o
  %a = load double, double addrspace(3)* %mine
  %b = load double, double addrspace(3)* %other
  %ab = fadd double %a, %b
  store double %ab, double addrspace(3)* %mine
  br label %next
next:
  call void @llvm.nvvm.barrier0()
  %s1 = lshr i64 %s, 1
  %more = icmp ne i64 %s1, 0
  br i1 %more, label %loop, label %out
out:
  %first = icmp eq i32 %tid, 0
  br i1 %first, label %store, label %end
store:
  %r = load double, double addrspace(3)* %mine
  %cl = zext i32 %cta to i64
  %op = getelementptr double, double addrspace(1)* %sums, i64 %cl
  store double %r, double addrspace(1)* %op
  br label %end
end:
  ret void
}
