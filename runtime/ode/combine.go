package ode

// combine writes u + h*(a_1 k_1 + ... + a_m k_m) to dst; u nil stands for zero.
// dst may not be one of the k.
func (r *erkRow) combine(dst, u []float64, h float64) { weighted(dst, u, h, r.a, r.k) }

// weighted is the inner loop of every explicit method: rows of up to eight terms in
// one sweep, longer ones eight terms at a time.
func weighted(dst, u []float64, h float64, a []float64, k [][]float64) {
	if u == nil {
		clear(dst)
		u = dst
	}
	for len(a) > 8 {
		sweep(dst, u, h, a[:8], k[:8])
		u, a, k = dst, a[8:], k[8:]
	}
	sweep(dst, u, h, a, k)
}

func sweep(dst, u []float64, h float64, a []float64, k [][]float64) {
	n := len(dst)
	u = u[:n]
	switch len(a) {
	case 0:
		copy(dst, u)
	case 1:
		a0, k0 := h*a[0], k[0][:n]
		for i := range dst {
			dst[i] = u[i] + a0*k0[i]
		}
	case 2:
		a0, a1 := a[0], a[1]
		k0, k1 := k[0][:n], k[1][:n]
		for i := range dst {
			dst[i] = u[i] + h*(a0*k0[i]+a1*k1[i])
		}
	case 3:
		a0, a1, a2 := a[0], a[1], a[2]
		k0, k1, k2 := k[0][:n], k[1][:n], k[2][:n]
		for i := range dst {
			dst[i] = u[i] + h*(a0*k0[i]+a1*k1[i]+a2*k2[i])
		}
	case 4:
		a0, a1, a2, a3 := a[0], a[1], a[2], a[3]
		k0, k1, k2, k3 := k[0][:n], k[1][:n], k[2][:n], k[3][:n]
		for i := range dst {
			dst[i] = u[i] + h*(a0*k0[i]+a1*k1[i]+a2*k2[i]+a3*k3[i])
		}
	case 5:
		a0, a1, a2, a3, a4 := a[0], a[1], a[2], a[3], a[4]
		k0, k1, k2, k3, k4 := k[0][:n], k[1][:n], k[2][:n], k[3][:n], k[4][:n]
		for i := range dst {
			dst[i] = u[i] + h*(a0*k0[i]+a1*k1[i]+a2*k2[i]+a3*k3[i]+a4*k4[i])
		}
	case 6:
		a0, a1, a2, a3, a4, a5 := a[0], a[1], a[2], a[3], a[4], a[5]
		k0, k1, k2, k3, k4, k5 := k[0][:n], k[1][:n], k[2][:n], k[3][:n], k[4][:n], k[5][:n]
		for i := range dst {
			dst[i] = u[i] + h*(a0*k0[i]+a1*k1[i]+a2*k2[i]+a3*k3[i]+a4*k4[i]+a5*k5[i])
		}
	case 7:
		a0, a1, a2, a3, a4, a5, a6 := a[0], a[1], a[2], a[3], a[4], a[5], a[6]
		k0, k1, k2, k3, k4, k5, k6 := k[0][:n], k[1][:n], k[2][:n], k[3][:n], k[4][:n], k[5][:n], k[6][:n]
		for i := range dst {
			dst[i] = u[i] + h*(a0*k0[i]+a1*k1[i]+a2*k2[i]+a3*k3[i]+a4*k4[i]+a5*k5[i]+a6*k6[i])
		}
	case 8:
		a0, a1, a2, a3, a4, a5, a6, a7 := a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]
		k0, k1, k2, k3, k4, k5, k6, k7 := k[0][:n], k[1][:n], k[2][:n], k[3][:n], k[4][:n], k[5][:n], k[6][:n], k[7][:n]
		for i := range dst {
			dst[i] = u[i] + h*(a0*k0[i]+a1*k1[i]+a2*k2[i]+a3*k3[i]+a4*k4[i]+a5*k5[i]+a6*k6[i]+a7*k7[i])
		}
	default:
		panic("mtkc: bug: a sweep takes eight terms")
	}
}
