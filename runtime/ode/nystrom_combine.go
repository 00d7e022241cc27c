package ode

// The inner loops of Nystrom methods: as combine.go, with the term h*c*v of a position.

// nystromRow is a row of a table without its zeros.
type nystromRow struct {
	c float64
	a []float64
	k [][]float64
}

func (r *nystromRow) add(a []float64, k [][]float64) {
	for j, v := range a {
		if v != 0 {
			r.a, r.k = append(r.a, v), append(r.k, k[j])
		}
	}
}

// combine writes u + h*(a_1 k_1 + ... + a_m k_m) to dst, which may not be one of the k.
func (r *nystromRow) combine(dst, u []float64, h float64) { weighted(dst, u, h, r.a, r.k) }

// drift writes x + hv*v + h*(a_1 k_1 + ... + a_m k_m) to dst, which may not be one of the others.
func (r *nystromRow) drift(dst, x, v []float64, hv, h float64) {
	a, k := r.a, r.k
	if len(a) == 0 {
		x, v = x[:len(dst)], v[:len(dst)]
		for i := range dst {
			dst[i] = x[i] + hv*v[i]
		}
		return
	}
	m := min(len(a), 8)
	driftSweep(dst, x, v, hv, h, a[:m], k[:m])
	for a, k = a[m:], k[m:]; len(a) > 0; a, k = a[m:], k[m:] {
		m = min(len(a), 8)
		sweep(dst, dst, h, a[:m], k[:m])
	}
}

// sum writes h*(a_1 k_1 + ... + a_m k_m) to dst, which may not be one of the k.
func (r *nystromRow) sum(dst []float64, h float64) {
	a, k := r.a, r.k
	if len(a) == 0 {
		clear(dst)
		return
	}
	m := min(len(a), 8)
	sumSweep(dst, h, a[:m], k[:m])
	for a, k = a[m:], k[m:]; len(a) > 0; a, k = a[m:], k[m:] {
		m = min(len(a), 8)
		sweep(dst, dst, h, a[:m], k[:m])
	}
}

// driftSweep writes x + hv*v + h*(a_1 k_1 + ...) to dst.
func driftSweep(dst, x, v []float64, hv, h float64, a []float64, k [][]float64) {
	n := len(dst)
	x = x[:n]
	v = v[:n]
	switch len(a) {
	case 1:
		a0 := h * a[0]
		k0 := k[0][:n]
		for i := range dst {
			dst[i] = x[i] + (hv*v[i] + a0*k0[i])
		}
	case 2:
		a0, a1 := h*a[0], h*a[1]
		k0, k1 := k[0][:n], k[1][:n]
		for i := range dst {
			dst[i] = x[i] + (hv*v[i] + (a0*k0[i] + a1*k1[i]))
		}
	case 3:
		a0, a1, a2 := h*a[0], h*a[1], h*a[2]
		k0, k1, k2 := k[0][:n], k[1][:n], k[2][:n]
		for i := range dst {
			dst[i] = x[i] + (hv*v[i] + (a0*k0[i] + a1*k1[i] + a2*k2[i]))
		}
	case 4:
		a0, a1, a2, a3 := h*a[0], h*a[1], h*a[2], h*a[3]
		k0, k1, k2, k3 := k[0][:n], k[1][:n], k[2][:n], k[3][:n]
		for i := range dst {
			dst[i] = x[i] + (hv*v[i] + (a0*k0[i] + a1*k1[i] + a2*k2[i] + a3*k3[i]))
		}
	case 5:
		a0, a1, a2, a3, a4 := h*a[0], h*a[1], h*a[2], h*a[3], h*a[4]
		k0, k1, k2, k3, k4 := k[0][:n], k[1][:n], k[2][:n], k[3][:n], k[4][:n]
		for i := range dst {
			dst[i] = x[i] + (hv*v[i] + (a0*k0[i] + a1*k1[i] + a2*k2[i] + a3*k3[i] + a4*k4[i]))
		}
	case 6:
		a0, a1, a2, a3, a4, a5 := h*a[0], h*a[1], h*a[2], h*a[3], h*a[4], h*a[5]
		k0, k1, k2, k3, k4, k5 := k[0][:n], k[1][:n], k[2][:n], k[3][:n], k[4][:n], k[5][:n]
		for i := range dst {
			dst[i] = x[i] + (hv*v[i] + (a0*k0[i] + a1*k1[i] + a2*k2[i] + a3*k3[i] + a4*k4[i] + a5*k5[i]))
		}
	case 7:
		a0, a1, a2, a3, a4, a5, a6 := h*a[0], h*a[1], h*a[2], h*a[3], h*a[4], h*a[5], h*a[6]
		k0, k1, k2, k3, k4, k5, k6 := k[0][:n], k[1][:n], k[2][:n], k[3][:n], k[4][:n], k[5][:n], k[6][:n]
		for i := range dst {
			dst[i] = x[i] + (hv*v[i] + (a0*k0[i] + a1*k1[i] + a2*k2[i] + a3*k3[i] + a4*k4[i] + a5*k5[i] + a6*k6[i]))
		}
	case 8:
		a0, a1, a2, a3, a4, a5, a6, a7 := h*a[0], h*a[1], h*a[2], h*a[3], h*a[4], h*a[5], h*a[6], h*a[7]
		k0, k1, k2, k3, k4, k5, k6, k7 := k[0][:n], k[1][:n], k[2][:n], k[3][:n], k[4][:n], k[5][:n], k[6][:n], k[7][:n]
		for i := range dst {
			dst[i] = x[i] + (hv*v[i] + (a0*k0[i] + a1*k1[i] + a2*k2[i] + a3*k3[i] + a4*k4[i] + a5*k5[i] + a6*k6[i] + a7*k7[i]))
		}
	default:
		panic("mtkc: bug: a sweep takes one to eight terms")
	}
}

// sumSweep writes h*(a_1 k_1 + ...) to dst.
func sumSweep(dst []float64, h float64, a []float64, k [][]float64) {
	n := len(dst)
	switch len(a) {
	case 1:
		a0 := h * a[0]
		k0 := k[0][:n]
		for i := range dst {
			dst[i] = a0 * k0[i]
		}
	case 2:
		a0, a1 := h*a[0], h*a[1]
		k0, k1 := k[0][:n], k[1][:n]
		for i := range dst {
			dst[i] = (a0*k0[i] + a1*k1[i])
		}
	case 3:
		a0, a1, a2 := h*a[0], h*a[1], h*a[2]
		k0, k1, k2 := k[0][:n], k[1][:n], k[2][:n]
		for i := range dst {
			dst[i] = (a0*k0[i] + a1*k1[i] + a2*k2[i])
		}
	case 4:
		a0, a1, a2, a3 := h*a[0], h*a[1], h*a[2], h*a[3]
		k0, k1, k2, k3 := k[0][:n], k[1][:n], k[2][:n], k[3][:n]
		for i := range dst {
			dst[i] = (a0*k0[i] + a1*k1[i] + a2*k2[i] + a3*k3[i])
		}
	case 5:
		a0, a1, a2, a3, a4 := h*a[0], h*a[1], h*a[2], h*a[3], h*a[4]
		k0, k1, k2, k3, k4 := k[0][:n], k[1][:n], k[2][:n], k[3][:n], k[4][:n]
		for i := range dst {
			dst[i] = (a0*k0[i] + a1*k1[i] + a2*k2[i] + a3*k3[i] + a4*k4[i])
		}
	case 6:
		a0, a1, a2, a3, a4, a5 := h*a[0], h*a[1], h*a[2], h*a[3], h*a[4], h*a[5]
		k0, k1, k2, k3, k4, k5 := k[0][:n], k[1][:n], k[2][:n], k[3][:n], k[4][:n], k[5][:n]
		for i := range dst {
			dst[i] = (a0*k0[i] + a1*k1[i] + a2*k2[i] + a3*k3[i] + a4*k4[i] + a5*k5[i])
		}
	case 7:
		a0, a1, a2, a3, a4, a5, a6 := h*a[0], h*a[1], h*a[2], h*a[3], h*a[4], h*a[5], h*a[6]
		k0, k1, k2, k3, k4, k5, k6 := k[0][:n], k[1][:n], k[2][:n], k[3][:n], k[4][:n], k[5][:n], k[6][:n]
		for i := range dst {
			dst[i] = (a0*k0[i] + a1*k1[i] + a2*k2[i] + a3*k3[i] + a4*k4[i] + a5*k5[i] + a6*k6[i])
		}
	case 8:
		a0, a1, a2, a3, a4, a5, a6, a7 := h*a[0], h*a[1], h*a[2], h*a[3], h*a[4], h*a[5], h*a[6], h*a[7]
		k0, k1, k2, k3, k4, k5, k6, k7 := k[0][:n], k[1][:n], k[2][:n], k[3][:n], k[4][:n], k[5][:n], k[6][:n], k[7][:n]
		for i := range dst {
			dst[i] = (a0*k0[i] + a1*k1[i] + a2*k2[i] + a3*k3[i] + a4*k4[i] + a5*k5[i] + a6*k6[i] + a7*k7[i])
		}
	default:
		panic("mtkc: bug: a sweep takes one to eight terms")
	}
}
