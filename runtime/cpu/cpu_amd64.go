package cpu

func detect() (avx2, avx512 bool) {
	const (
		fma, osxsave, avx = 1 << 12, 1 << 27, 1 << 28       // CPUID 1, ECX
		has2              = 1 << 5                          // CPUID 7, EBX
		has512            = 1<<16 | 1<<17 | 1<<30 | 1<<31   // F, DQ, BW, VL
		ymm, zmm          = 1<<1 | 1<<2, 1<<5 | 1<<6 | 1<<7 // state that the system saves
	)
	max, _, _, _ := cpuid(0, 0)
	if max < 7 {
		return false, false
	}
	if _, _, c, _ := cpuid(1, 0); c&fma == 0 || c&osxsave == 0 || c&avx == 0 {
		return false, false
	}
	saved := xgetbv()
	_, b, _, _ := cpuid(7, 0)
	avx2 = saved&ymm == ymm && b&has2 != 0
	return avx2, avx2 && saved&zmm == zmm && b&has512 == has512
}

func cpuid(eax, ecx uint32) (a, b, c, d uint32)
func xgetbv() uint32
