package ode

import "math"

// The sums of Nystrom methods. On amd64 they are computed four entries at a time
// (sum_amd64.s), in the same order of operations and without fused ones, so to the same bits.

// nystromRow is a row of a table without its zeros.
type nystromRow struct {
	c float64
	a []float64
	k [][]float64
	p []*float64 // the first entries of k
	n int        // entries of each
	// The same stages as arrays, for as many pairs.
	k1 []*[1]float64
	k2 []*[2]float64
	k3 []*[3]float64
}

func (r *nystromRow) add(a []float64, k [][]float64) {
	for j, v := range a {
		if v != 0 && len(k[j]) > 0 {
			r.a, r.k, r.p = append(r.a, v), append(r.k, k[j]), append(r.p, &k[j][0])
			r.n = len(k[j])
			switch r.n {
			case 1:
				r.k1 = append(r.k1, (*[1]float64)(k[j]))
			case 2:
				r.k2 = append(r.k2, (*[2]float64)(k[j]))
			case 3:
				r.k3 = append(r.k3, (*[3]float64)(k[j]))
			}
		}
	}
}

// sum writes x + (hv*v + h*(a_1 k_1 + ... + a_m k_m)) to dst, with x or v nil for zero.
// dst may be x, but none of the others. For up to three pairs, where the time is that of the chain
// of operations behind the last stage, that is added last, as in combine.go.
func (r *nystromRow) sum(dst, x, v []float64, hv, h float64) {
	m := len(r.a) - 1
	if m < 0 || r.n > 3 || len(dst) != r.n {
		r.sumMany(dst, x, v, hv, h)
		return
	}
	last := h * r.a[m]
	var s [3]float64
	switch r.n {
	case 1:
		s0 := 0.0
		k := r.k1[:m+1]
		for j, a := range r.a[:m] {
			s0 += a * k[j][0]
		}
		s[0] = h * s0
	case 2:
		var s0, s1 float64
		k := r.k2[:m+1]
		for j, a := range r.a[:m] {
			v := k[j]
			s0 += a * v[0]
			s1 += a * v[1]
		}
		s[0], s[1] = h*s0, h*s1
		if x != nil && v != nil {
			d, x, v, l := (*[2]float64)(dst), (*[2]float64)(x), (*[2]float64)(v), k[m]
			d[0], d[1] = (x[0]+(hv*v[0]+h*s0))+last*l[0], (x[1]+(hv*v[1]+h*s1))+last*l[1]
			return
		}
	case 3:
		var s0, s1, s2 float64
		k := r.k3[:m+1]
		for j, a := range r.a[:m] {
			v := k[j]
			s0 += a * v[0]
			s1 += a * v[1]
			s2 += a * v[2]
		}
		s[0], s[1], s[2] = h*s0, h*s1, h*s2
	}
	l := r.k[m]
	for i := range dst {
		w := s[i]
		if v != nil {
			w = hv*v[i] + w
		}
		if x != nil {
			w = x[i] + w
		}
		dst[i] = w + last*l[i]
	}
}

// sumGo is sum in Go, four terms at a time.
func (r *nystromRow) sumGo(dst, x, v []float64, hv, h float64) {
	n := len(dst)
	var tmp [16]float64
	for from := 0; from < n; from += len(tmp) {
		s := tmp[:min(len(tmp), n-from)]
		to := from + len(s)
		clear(s)
		j := 0
		for ; j+4 <= len(r.a); j += 4 {
			a0, a1, a2, a3 := r.a[j], r.a[j+1], r.a[j+2], r.a[j+3]
			k0, k1, k2, k3 := r.k[j][from:to], r.k[j+1][from:to], r.k[j+2][from:to], r.k[j+3][from:to]
			k0, k1, k2, k3 = k0[:len(s)], k1[:len(s)], k2[:len(s)], k3[:len(s)]
			for i := range s {
				s[i] = s[i] + a0*k0[i] + a1*k1[i] + a2*k2[i] + a3*k3[i]
			}
		}
		for ; j < len(r.a); j++ {
			a0, k0 := r.a[j], r.k[j][from:to]
			for i, k := range k0[:len(s)] {
				s[i] += a0 * k
			}
		}
		for i := range s {
			s[i] *= h
		}
		if v != nil {
			for i, w := range v[from:to][:len(s)] {
				s[i] = hv*w + s[i]
			}
		}
		if x != nil {
			for i, w := range x[from:to][:len(s)] {
				s[i] = w + s[i]
			}
		}
		copy(dst[from:to], s)
	}
}

// errorSquaresGo is the sum of the squares of ex over sx = atx + rtol*max(|x0|, |x1|) and of ev
// over the like, with one division for both; NaN where x1 or v1 is not finite. Four sums in turn, then (0 + 2)
// + (1 + 3).
func errorSquaresGo(ex, ev, atx, atv, x0, x1, v0, v1 []float64, rtol float64) float64 {
	n := len(ex)
	ev, atx, atv, x0, x1, v0, v1 = ev[:n], atx[:n], atv[:n], x0[:n], x1[:n], v0[:n], v1[:n]
	var sum [4]float64
	for i := range ex {
		sx, sx1, sv, sv1 := math.Abs(x0[i]), math.Abs(x1[i]), math.Abs(v0[i]), math.Abs(v1[i])
		bad := (sx1 - sx1) + (sv1 - sv1) // 0 unless not finite
		if sx1 > sx {
			sx = sx1
		}
		if sv1 > sv {
			sv = sv1
		}
		sx, sv = atx[i]+rtol*sx, atv[i]+rtol*sv
		r := 1 / (sx * sv)
		a, b := ex[i]*(sv*r), ev[i]*(sx*r)
		sum[i&3] += (a*a + b*b) + bad
	}
	return (sum[0] + sum[2]) + (sum[1] + sum[3])
}
