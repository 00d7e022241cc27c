package cpu

func detect() bool {
	const fma, osxsave, avx, avx2 = 1 << 12, 1 << 27, 1 << 28, 1 << 5
	max, _, _, _ := cpuid(0, 0)
	if max < 7 {
		return false
	}
	if _, _, c, _ := cpuid(1, 0); c&fma == 0 || c&osxsave == 0 || c&avx == 0 {
		return false
	}
	if xgetbv()&6 != 6 {
		return false
	}
	_, b, _, _ := cpuid(7, 0)
	return b&avx2 != 0
}

func cpuid(eax, ecx uint32) (a, b, c, d uint32)
func xgetbv() uint32
