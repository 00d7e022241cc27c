; Operations on integers of 64, 32 and 16 bits and conversions; entry k of element i at out[k*n + i].
target triple = "nvptx64-nvidia-cuda"
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.nctaid.x()

declare i64 @llvm.ctpop.i64(i64)
declare i64 @llvm.ctlz.i64(i64, i1)
declare i32 @llvm.ctlz.i32(i32, i1)
declare i64 @llvm.bitreverse.i64(i64)
declare i32 @llvm.bitreverse.i32(i32)
declare i64 @llvm.fshl.i64(i64, i64, i64)
declare i32 @llvm.fshl.i32(i32, i32, i32)
declare i32 @llvm.fshr.i32(i32, i32, i32)
declare i64 @llvm.smin.i64(i64, i64)
declare i64 @llvm.umax.i64(i64, i64)
declare i32 @llvm.smax.i32(i32, i32)
declare i64 @llvm.abs.i64(i64, i1)
declare i32 @llvm.bswap.i32(i32)
define ptx_kernel void @integers(i64 %n, i64 addrspace(1)* %a, i64 addrspace(1)* %b, double addrspace(1)* %f, i64 addrspace(1)* %out) {
  %tid = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %cta = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %ntid = call i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
  %base = mul i32 %cta, %ntid
  %i32 = add i32 %base, %tid
  %i = zext i32 %i32 to i64
  %in = icmp ult i64 %i, %n
  br i1 %in, label %go, label %end
go:
  %ap = getelementptr i64, i64 addrspace(1)* %a, i64 %i
  %av = load i64, i64 addrspace(1)* %ap
  %bp = getelementptr i64, i64 addrspace(1)* %b, i64 %i
  %bv = load i64, i64 addrspace(1)* %bp
  %fp = getelementptr double, double addrspace(1)* %f, i64 %i
  %fv = load double, double addrspace(1)* %fp
  %a32 = trunc i64 %av to i32
  %b32 = trunc i64 %bv to i32
  %a16 = trunc i64 %av to i16
  %b16 = trunc i64 %bv to i16
  %a8 = trunc i64 %av to i8
  %bnz = or i64 %bv, 1
  %b32nz = or i32 %b32, 1
  %sh = and i64 %bv, 63
  %sh32 = and i32 %b32, 31
  %b16z = or i16 %b16, 1
  %v0 = add i64 %av, %bv
  %oi0 = mul i64 %n, 0
  %oj0 = add i64 %oi0, %i
  %op0 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj0
  store i64 %v0, i64 addrspace(1)* %op0
  %v1 = sub i64 %av, %bv
  %oi1 = mul i64 %n, 1
  %oj1 = add i64 %oi1, %i
  %op1 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj1
  store i64 %v1, i64 addrspace(1)* %op1
  %v2 = mul i64 %av, %bv
  %oi2 = mul i64 %n, 2
  %oj2 = add i64 %oi2, %i
  %op2 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj2
  store i64 %v2, i64 addrspace(1)* %op2
  %v3 = sdiv i64 %av, %bnz
  %oi3 = mul i64 %n, 3
  %oj3 = add i64 %oi3, %i
  %op3 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj3
  store i64 %v3, i64 addrspace(1)* %op3
  %v4 = udiv i64 %av, %bnz
  %oi4 = mul i64 %n, 4
  %oj4 = add i64 %oi4, %i
  %op4 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj4
  store i64 %v4, i64 addrspace(1)* %op4
  %v5 = srem i64 %av, %bnz
  %oi5 = mul i64 %n, 5
  %oj5 = add i64 %oi5, %i
  %op5 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj5
  store i64 %v5, i64 addrspace(1)* %op5
  %v6 = urem i64 %av, %bnz
  %oi6 = mul i64 %n, 6
  %oj6 = add i64 %oi6, %i
  %op6 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj6
  store i64 %v6, i64 addrspace(1)* %op6
  %v7 = shl i64 %av, %sh
  %oi7 = mul i64 %n, 7
  %oj7 = add i64 %oi7, %i
  %op7 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj7
  store i64 %v7, i64 addrspace(1)* %op7
  %v8 = lshr i64 %av, %sh
  %oi8 = mul i64 %n, 8
  %oj8 = add i64 %oi8, %i
  %op8 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj8
  store i64 %v8, i64 addrspace(1)* %op8
  %v9 = ashr i64 %av, %sh
  %oi9 = mul i64 %n, 9
  %oj9 = add i64 %oi9, %i
  %op9 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj9
  store i64 %v9, i64 addrspace(1)* %op9
  %v10 = and i64 %av, %bv
  %oi10 = mul i64 %n, 10
  %oj10 = add i64 %oi10, %i
  %op10 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj10
  store i64 %v10, i64 addrspace(1)* %op10
  %v11 = xor i64 %av, -1
  %oi11 = mul i64 %n, 11
  %oj11 = add i64 %oi11, %i
  %op11 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj11
  store i64 %v11, i64 addrspace(1)* %op11
  %v12 = add i32 %a32, %b32
  %x12 = sext i32 %v12 to i64
  %oi12 = mul i64 %n, 12
  %oj12 = add i64 %oi12, %i
  %op12 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj12
  store i64 %x12, i64 addrspace(1)* %op12
  %v13 = sub i32 %a32, %b32
  %x13 = sext i32 %v13 to i64
  %oi13 = mul i64 %n, 13
  %oj13 = add i64 %oi13, %i
  %op13 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj13
  store i64 %x13, i64 addrspace(1)* %op13
  %v14 = mul i32 %a32, %b32
  %x14 = sext i32 %v14 to i64
  %oi14 = mul i64 %n, 14
  %oj14 = add i64 %oi14, %i
  %op14 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj14
  store i64 %x14, i64 addrspace(1)* %op14
  %v15 = sdiv i32 %a32, %b32nz
  %x15 = sext i32 %v15 to i64
  %oi15 = mul i64 %n, 15
  %oj15 = add i64 %oi15, %i
  %op15 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj15
  store i64 %x15, i64 addrspace(1)* %op15
  %v16 = urem i32 %a32, %b32nz
  %x16 = sext i32 %v16 to i64
  %oi16 = mul i64 %n, 16
  %oj16 = add i64 %oi16, %i
  %op16 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj16
  store i64 %x16, i64 addrspace(1)* %op16
  %v17 = shl i32 %a32, %sh32
  %x17 = sext i32 %v17 to i64
  %oi17 = mul i64 %n, 17
  %oj17 = add i64 %oi17, %i
  %op17 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj17
  store i64 %x17, i64 addrspace(1)* %op17
  %v18 = lshr i32 %a32, %sh32
  %x18 = sext i32 %v18 to i64
  %oi18 = mul i64 %n, 18
  %oj18 = add i64 %oi18, %i
  %op18 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj18
  store i64 %x18, i64 addrspace(1)* %op18
  %v19 = ashr i32 %a32, %sh32
  %x19 = sext i32 %v19 to i64
  %oi19 = mul i64 %n, 19
  %oj19 = add i64 %oi19, %i
  %op19 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj19
  store i64 %x19, i64 addrspace(1)* %op19
  %v20 = add i16 %a16, %b16
  %x20 = sext i16 %v20 to i64
  %oi20 = mul i64 %n, 20
  %oj20 = add i64 %oi20, %i
  %op20 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj20
  store i64 %x20, i64 addrspace(1)* %op20
  %v21 = mul i16 %a16, %b16
  %x21 = sext i16 %v21 to i64
  %oi21 = mul i64 %n, 21
  %oj21 = add i64 %oi21, %i
  %op21 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj21
  store i64 %x21, i64 addrspace(1)* %op21
  %v22 = sdiv i16 %a16, %b16z
  %x22 = sext i16 %v22 to i64
  %oi22 = mul i64 %n, 22
  %oj22 = add i64 %oi22, %i
  %op22 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj22
  store i64 %x22, i64 addrspace(1)* %op22
  %v23 = ashr i16 %a16, 3
  %x23 = sext i16 %v23 to i64
  %oi23 = mul i64 %n, 23
  %oj23 = add i64 %oi23, %i
  %op23 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj23
  store i64 %x23, i64 addrspace(1)* %op23
  %x24 = sext i8 %a8 to i64
  %oi24 = mul i64 %n, 24
  %oj24 = add i64 %oi24, %i
  %op24 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj24
  store i64 %x24, i64 addrspace(1)* %op24
  %x25 = zext i8 %a8 to i64
  %oi25 = mul i64 %n, 25
  %oj25 = add i64 %oi25, %i
  %op25 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj25
  store i64 %x25, i64 addrspace(1)* %op25
  %x26 = zext i16 %a16 to i64
  %oi26 = mul i64 %n, 26
  %oj26 = add i64 %oi26, %i
  %op26 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj26
  store i64 %x26, i64 addrspace(1)* %op26
  %x27 = sext i32 %a32 to i64
  %oi27 = mul i64 %n, 27
  %oj27 = add i64 %oi27, %i
  %op27 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj27
  store i64 %x27, i64 addrspace(1)* %op27
  %x28 = zext i32 %a32 to i64
  %oi28 = mul i64 %n, 28
  %oj28 = add i64 %oi28, %i
  %op28 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj28
  store i64 %x28, i64 addrspace(1)* %op28
  %v29 = call i64 @llvm.ctpop.i64(i64 %av)
  %oi29 = mul i64 %n, 29
  %oj29 = add i64 %oi29, %i
  %op29 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj29
  store i64 %v29, i64 addrspace(1)* %op29
  %v30 = call i64 @llvm.ctlz.i64(i64 %av, i1 false)
  %oi30 = mul i64 %n, 30
  %oj30 = add i64 %oi30, %i
  %op30 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj30
  store i64 %v30, i64 addrspace(1)* %op30
  %v31 = call i32 @llvm.ctlz.i32(i32 %a32, i1 false)
  %x31 = sext i32 %v31 to i64
  %oi31 = mul i64 %n, 31
  %oj31 = add i64 %oi31, %i
  %op31 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj31
  store i64 %x31, i64 addrspace(1)* %op31
  %v32 = call i64 @llvm.bitreverse.i64(i64 %av)
  %oi32 = mul i64 %n, 32
  %oj32 = add i64 %oi32, %i
  %op32 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj32
  store i64 %v32, i64 addrspace(1)* %op32
  %v33 = call i32 @llvm.bitreverse.i32(i32 %a32)
  %x33 = sext i32 %v33 to i64
  %oi33 = mul i64 %n, 33
  %oj33 = add i64 %oi33, %i
  %op33 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj33
  store i64 %x33, i64 addrspace(1)* %op33
  %v34 = call i64 @llvm.fshl.i64(i64 %av, i64 %bv, i64 13)
  %oi34 = mul i64 %n, 34
  %oj34 = add i64 %oi34, %i
  %op34 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj34
  store i64 %v34, i64 addrspace(1)* %op34
  %v35 = call i32 @llvm.fshl.i32(i32 %a32, i32 %b32, i32 %sh32)
  %x35 = sext i32 %v35 to i64
  %oi35 = mul i64 %n, 35
  %oj35 = add i64 %oi35, %i
  %op35 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj35
  store i64 %x35, i64 addrspace(1)* %op35
  %v36 = call i32 @llvm.fshr.i32(i32 %a32, i32 %b32, i32 %sh32)
  %x36 = sext i32 %v36 to i64
  %oi36 = mul i64 %n, 36
  %oj36 = add i64 %oi36, %i
  %op36 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj36
  store i64 %x36, i64 addrspace(1)* %op36
  %v37 = call i64 @llvm.smin.i64(i64 %av, i64 %bv)
  %oi37 = mul i64 %n, 37
  %oj37 = add i64 %oi37, %i
  %op37 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj37
  store i64 %v37, i64 addrspace(1)* %op37
  %v38 = call i64 @llvm.umax.i64(i64 %av, i64 %bv)
  %oi38 = mul i64 %n, 38
  %oj38 = add i64 %oi38, %i
  %op38 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj38
  store i64 %v38, i64 addrspace(1)* %op38
  %v39 = call i32 @llvm.smax.i32(i32 %a32, i32 %b32)
  %x39 = sext i32 %v39 to i64
  %oi39 = mul i64 %n, 39
  %oj39 = add i64 %oi39, %i
  %op39 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj39
  store i64 %x39, i64 addrspace(1)* %op39
  %v40 = call i64 @llvm.abs.i64(i64 %av, i1 false)
  %oi40 = mul i64 %n, 40
  %oj40 = add i64 %oi40, %i
  %op40 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj40
  store i64 %v40, i64 addrspace(1)* %op40
  %v41 = call i32 @llvm.bswap.i32(i32 %a32)
  %x41 = sext i32 %v41 to i64
  %oi41 = mul i64 %n, 41
  %oj41 = add i64 %oi41, %i
  %op41 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj41
  store i64 %x41, i64 addrspace(1)* %op41
  %e0 = lshr i64 %av, 52
  %e1 = and i64 %e0, 2047
  %oi42 = mul i64 %n, 42
  %oj42 = add i64 %oi42, %i
  %op42 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj42
  store i64 %e1, i64 addrspace(1)* %op42
  %g0 = shl i64 %av, 20
  %g1 = ashr i64 %g0, 45
  %oi43 = mul i64 %n, 43
  %oj43 = add i64 %oi43, %i
  %op43 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj43
  store i64 %g1, i64 addrspace(1)* %op43
  %wa = sext i32 %a32 to i64
  %wb = sext i32 %b32 to i64
  %w = mul i64 %wa, %wb
  %oi44 = mul i64 %n, 44
  %oj44 = add i64 %oi44, %i
  %op44 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj44
  store i64 %w, i64 addrspace(1)* %op44
  %ua = zext i32 %a32 to i64
  %ub = zext i32 %b32 to i64
  %uw = mul i64 %ua, %ub
  %oi45 = mul i64 %n, 45
  %oj45 = add i64 %oi45, %i
  %op45 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj45
  store i64 %uw, i64 addrspace(1)* %op45
  %ha = sext i64 %av to i128
  %hb = sext i64 %bv to i128
  %hm = mul i128 %ha, %hb
  %hs = lshr i128 %hm, 64
  %hh = trunc i128 %hs to i64
  %oi46 = mul i64 %n, 46
  %oj46 = add i64 %oi46, %i
  %op46 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj46
  store i64 %hh, i64 addrspace(1)* %op46
  %hua = zext i64 %av to i128
  %hub = zext i64 %bv to i128
  %hum = mul i128 %hua, %hub
  %hus = lshr i128 %hum, 64
  %huh = trunc i128 %hus to i64
  %oi47 = mul i64 %n, 47
  %oj47 = add i64 %oi47, %i
  %op47 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj47
  store i64 %huh, i64 addrspace(1)* %op47
  %cslt = icmp slt i64 %av, %bv
  %dslt = icmp slt i32 %a32, %b32
  %hslt = icmp slt i16 %a16, %b16
  %cdslt = xor i1 %cslt, %dslt
  %ceslt = and i1 %cdslt, %hslt
  %sslt = select i1 %ceslt, i64 %av, i64 %bv
  %oi48 = mul i64 %n, 48
  %oj48 = add i64 %oi48, %i
  %op48 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj48
  store i64 %sslt, i64 addrspace(1)* %op48
  %zslt = zext i1 %hslt to i32
  %x49 = sext i32 %zslt to i64
  %oi49 = mul i64 %n, 49
  %oj49 = add i64 %oi49, %i
  %op49 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj49
  store i64 %x49, i64 addrspace(1)* %op49
  %cule = icmp ule i64 %av, %bv
  %dule = icmp ule i32 %a32, %b32
  %hule = icmp ule i16 %a16, %b16
  %cdule = xor i1 %cule, %dule
  %ceule = and i1 %cdule, %hule
  %sule = select i1 %ceule, i64 %av, i64 %bv
  %oi50 = mul i64 %n, 50
  %oj50 = add i64 %oi50, %i
  %op50 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj50
  store i64 %sule, i64 addrspace(1)* %op50
  %zule = zext i1 %hule to i32
  %x51 = sext i32 %zule to i64
  %oi51 = mul i64 %n, 51
  %oj51 = add i64 %oi51, %i
  %op51 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj51
  store i64 %x51, i64 addrspace(1)* %op51
  %csgt = icmp sgt i64 %av, %bv
  %dsgt = icmp sgt i32 %a32, %b32
  %hsgt = icmp sgt i16 %a16, %b16
  %cdsgt = xor i1 %csgt, %dsgt
  %cesgt = and i1 %cdsgt, %hsgt
  %ssgt = select i1 %cesgt, i64 %av, i64 %bv
  %oi52 = mul i64 %n, 52
  %oj52 = add i64 %oi52, %i
  %op52 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj52
  store i64 %ssgt, i64 addrspace(1)* %op52
  %zsgt = zext i1 %hsgt to i32
  %x53 = sext i32 %zsgt to i64
  %oi53 = mul i64 %n, 53
  %oj53 = add i64 %oi53, %i
  %op53 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj53
  store i64 %x53, i64 addrspace(1)* %op53
  %cuge = icmp uge i64 %av, %bv
  %duge = icmp uge i32 %a32, %b32
  %huge = icmp uge i16 %a16, %b16
  %cduge = xor i1 %cuge, %duge
  %ceuge = and i1 %cduge, %huge
  %suge = select i1 %ceuge, i64 %av, i64 %bv
  %oi54 = mul i64 %n, 54
  %oj54 = add i64 %oi54, %i
  %op54 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj54
  store i64 %suge, i64 addrspace(1)* %op54
  %zuge = zext i1 %huge to i32
  %x55 = sext i32 %zuge to i64
  %oi55 = mul i64 %n, 55
  %oj55 = add i64 %oi55, %i
  %op55 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj55
  store i64 %x55, i64 addrspace(1)* %op55
  %ceq = icmp eq i64 %av, %bv
  %deq = icmp eq i32 %a32, %b32
  %heq = icmp eq i16 %a16, %b16
  %cdeq = xor i1 %ceq, %deq
  %ceeq = and i1 %cdeq, %heq
  %seq = select i1 %ceeq, i64 %av, i64 %bv
  %oi56 = mul i64 %n, 56
  %oj56 = add i64 %oi56, %i
  %op56 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj56
  store i64 %seq, i64 addrspace(1)* %op56
  %zeq = zext i1 %heq to i32
  %x57 = sext i32 %zeq to i64
  %oi57 = mul i64 %n, 57
  %oj57 = add i64 %oi57, %i
  %op57 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj57
  store i64 %x57, i64 addrspace(1)* %op57
  %cne = icmp ne i64 %av, %bv
  %dne = icmp ne i32 %a32, %b32
  %hne = icmp ne i16 %a16, %b16
  %cdne = xor i1 %cne, %dne
  %cene = and i1 %cdne, %hne
  %sne = select i1 %cene, i64 %av, i64 %bv
  %oi58 = mul i64 %n, 58
  %oj58 = add i64 %oi58, %i
  %op58 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj58
  store i64 %sne, i64 addrspace(1)* %op58
  %zne = zext i1 %hne to i32
  %x59 = sext i32 %zne to i64
  %oi59 = mul i64 %n, 59
  %oj59 = add i64 %oi59, %i
  %op59 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj59
  store i64 %x59, i64 addrspace(1)* %op59
  %v60 = fptosi double %fv to i16
  %x60 = sext i16 %v60 to i64
  %oi60 = mul i64 %n, 60
  %oj60 = add i64 %oi60, %i
  %op60 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj60
  store i64 %x60, i64 addrspace(1)* %op60
  %v61 = fptoui double %fv to i16
  %x61 = zext i16 %v61 to i64
  %oi61 = mul i64 %n, 61
  %oj61 = add i64 %oi61, %i
  %op61 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj61
  store i64 %x61, i64 addrspace(1)* %op61
  %v62 = fptosi double %fv to i32
  %x62 = sext i32 %v62 to i64
  %oi62 = mul i64 %n, 62
  %oj62 = add i64 %oi62, %i
  %op62 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj62
  store i64 %x62, i64 addrspace(1)* %op62
  %v63 = fptoui double %fv to i32
  %x63 = zext i32 %v63 to i64
  %oi63 = mul i64 %n, 63
  %oj63 = add i64 %oi63, %i
  %op63 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj63
  store i64 %x63, i64 addrspace(1)* %op63
  %v64 = fptosi double %fv to i64
  %oi64 = mul i64 %n, 64
  %oj64 = add i64 %oi64, %i
  %op64 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj64
  store i64 %v64, i64 addrspace(1)* %op64
  %v65 = fptoui double %fv to i64
  %oi65 = mul i64 %n, 65
  %oj65 = add i64 %oi65, %i
  %op65 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj65
  store i64 %v65, i64 addrspace(1)* %op65
  %k66 = sitofp i64 %av to double
  %kb66 = bitcast double %k66 to i64
  %oi66 = mul i64 %n, 66
  %oj66 = add i64 %oi66, %i
  %op66 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj66
  store i64 %kb66, i64 addrspace(1)* %op66
  %k67 = uitofp i64 %av to double
  %kb67 = bitcast double %k67 to i64
  %oi67 = mul i64 %n, 67
  %oj67 = add i64 %oi67, %i
  %op67 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj67
  store i64 %kb67, i64 addrspace(1)* %op67
  %k68 = sitofp i32 %a32 to double
  %kb68 = bitcast double %k68 to i64
  %oi68 = mul i64 %n, 68
  %oj68 = add i64 %oi68, %i
  %op68 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj68
  store i64 %kb68, i64 addrspace(1)* %op68
  %k69 = uitofp i32 %a32 to double
  %kb69 = bitcast double %k69 to i64
  %oi69 = mul i64 %n, 69
  %oj69 = add i64 %oi69, %i
  %op69 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj69
  store i64 %kb69, i64 addrspace(1)* %op69
  %k70 = sitofp i16 %a16 to double
  %kb70 = bitcast double %k70 to i64
  %oi70 = mul i64 %n, 70
  %oj70 = add i64 %oi70, %i
  %op70 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj70
  store i64 %kb70, i64 addrspace(1)* %op70
  %k71 = uitofp i8 %a8 to double
  %kb71 = bitcast double %k71 to i64
  %oi71 = mul i64 %n, 71
  %oj71 = add i64 %oi71, %i
  %op71 = getelementptr i64, i64 addrspace(1)* %out, i64 %oj71
  store i64 %kb71, i64 addrspace(1)* %op71
  br label %end
end:
  ret void
}
