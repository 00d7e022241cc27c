package ode

import (
	"math"
	"slices"
)

// The sums of explicit methods,
//
//	u + h (a_1 k_1 + ... + a_m k_m),
//
// are taken as (u + h (a_1 k_1 + ... + a_{m-1} k_{m-1})) + (h a_m) k_m, from left to
// right and without fused operations: the last stage has just been computed, and all but one
// product and sum are ready when it is. With up to four unknowns the time of a step is
// that of such chains, not of the operations, so those are written out.

// row is a row of a table without its zeros.
type row struct {
	c float64
	a []float64
	k [][]float64
	// The same stages as arrays, for as many unknowns.
	k1 []*[1]float64
	k2 []*[2]float64
	k3 []*[3]float64
	k4 []*[4]float64
}

// add appends the terms of a to the row; k are the stages.
func (r *row) add(a []float64, k [][]float64) {
	n := 0 // room for all at once: most of what a short run costs to prepare
	for _, v := range a {
		if v != 0 {
			n++
		}
	}
	if n == 0 {
		return
	}
	r.a, r.k = slices.Grow(r.a, n), slices.Grow(r.k, n)
	switch len(k[0]) {
	case 1:
		r.k1 = slices.Grow(r.k1, n)
	case 2:
		r.k2 = slices.Grow(r.k2, n)
	case 3:
		r.k3 = slices.Grow(r.k3, n)
	case 4:
		r.k4 = slices.Grow(r.k4, n)
	}
	for j, v := range a {
		if v == 0 {
			continue
		}
		r.a, r.k = append(r.a, v), append(r.k, k[j])
		switch len(k[j]) {
		case 1:
			r.k1 = append(r.k1, (*[1]float64)(k[j]))
		case 2:
			r.k2 = append(r.k2, (*[2]float64)(k[j]))
		case 3:
			r.k3 = append(r.k3, (*[3]float64)(k[j]))
		case 4:
			r.k4 = append(r.k4, (*[4]float64)(k[j]))
		}
	}
}

// combine writes u + h*(a_1 k_1 + ... + a_m k_m) to dst, which may not be one of the k.
func (r *row) combine(dst, u []float64, h float64) {
	m := len(r.a) - 1
	if m < 0 {
		copy(dst, u)
		return
	}
	last := h * r.a[m]
	switch len(dst) {
	case 1:
		s := 0.0
		k := r.k1[:m+1]
		for j, a := range r.a[:m] {
			s += a * k[j][0]
		}
		dst[0] = (u[0] + h*s) + last*k[m][0]
	case 2:
		var s0, s1 float64
		k := r.k2[:m+1]
		for j, a := range r.a[:m] {
			v := k[j]
			s0 += a * v[0]
			s1 += a * v[1]
		}
		d, u, v := (*[2]float64)(dst), (*[2]float64)(u), k[m]
		d[0], d[1] = (u[0]+h*s0)+last*v[0], (u[1]+h*s1)+last*v[1]
	case 3:
		var s0, s1, s2 float64
		k := r.k3[:m+1]
		for j, a := range r.a[:m] {
			v := k[j]
			s0 += a * v[0]
			s1 += a * v[1]
			s2 += a * v[2]
		}
		d, u, v := (*[3]float64)(dst), (*[3]float64)(u), k[m]
		d[0], d[1], d[2] = (u[0]+h*s0)+last*v[0], (u[1]+h*s1)+last*v[1], (u[2]+h*s2)+last*v[2]
	case 4:
		var s0, s1, s2, s3 float64
		k := r.k4[:m+1]
		for j, a := range r.a[:m] {
			v := k[j]
			s0 += a * v[0]
			s1 += a * v[1]
			s2 += a * v[2]
			s3 += a * v[3]
		}
		d, u, v := (*[4]float64)(dst), (*[4]float64)(u), k[m]
		d[0], d[1] = (u[0]+h*s0)+last*v[0], (u[1]+h*s1)+last*v[1]
		d[2], d[3] = (u[2]+h*s2)+last*v[2], (u[3]+h*s3)+last*v[3]
	default:
		weighted(dst, u, h, r.a, r.k)
	}
}

// sum writes h*(a_1 k_1 + ... + a_m k_m) to dst.
func (r *row) sum(dst []float64, h float64) {
	clear(dst)
	r.combine(dst, dst, h)
}

// norm is the square of the norm of h*(a_1 k_1 + ... + a_m k_m) with the weights of an
// error between u0 and u1, see Workspace.ErrNorm; tmp is scratch. As in combine, all but the
// last stage is summed first, and the weights do not wait for it.
func (r *row) norm(ws *Workspace, u0, u1 []float64, h float64, tmp []float64) float64 {
	m := len(r.a) - 1
	last := h * r.a[m]
	switch len(u0) {
	case 1:
		var s0 float64
		k := r.k1[:m+1]
		for j, a := range r.a[:m] {
			v := k[j]
			s0 += a * v[0]
		}
		u0, u1, v := (*[1]float64)(u0), (*[1]float64)(u1), k[m]
		return square((h*s0 + last*v[0]) * ws.weight(u0[0], u1[0], 0))
	case 2:
		var s0, s1 float64
		k := r.k2[:m+1]
		for j, a := range r.a[:m] {
			v := k[j]
			s0 += a * v[0]
			s1 += a * v[1]
		}
		u0, u1, v := (*[2]float64)(u0), (*[2]float64)(u1), k[m]
		return (square((h*s0+last*v[0])*ws.weight(u0[0], u1[0], 0)) + square((h*s1+last*v[1])*ws.weight(u0[1], u1[1], 1))) * (1. / 2)
	case 3:
		var s0, s1, s2 float64
		k := r.k3[:m+1]
		for j, a := range r.a[:m] {
			v := k[j]
			s0 += a * v[0]
			s1 += a * v[1]
			s2 += a * v[2]
		}
		u0, u1, v := (*[3]float64)(u0), (*[3]float64)(u1), k[m]
		return (square((h*s0+last*v[0])*ws.weight(u0[0], u1[0], 0)) + square((h*s1+last*v[1])*ws.weight(u0[1], u1[1], 1)) + square((h*s2+last*v[2])*ws.weight(u0[2], u1[2], 2))) * (1. / 3)
	case 4:
		var s0, s1, s2, s3 float64
		k := r.k4[:m+1]
		for j, a := range r.a[:m] {
			v := k[j]
			s0 += a * v[0]
			s1 += a * v[1]
			s2 += a * v[2]
			s3 += a * v[3]
		}
		u0, u1, v := (*[4]float64)(u0), (*[4]float64)(u1), k[m]
		return ((square((h*s0+last*v[0])*ws.weight(u0[0], u1[0], 0)) + square((h*s1+last*v[1])*ws.weight(u0[1], u1[1], 1))) + (square((h*s2+last*v[2])*ws.weight(u0[2], u1[2], 2)) + square((h*s3+last*v[3])*ws.weight(u0[3], u1[3], 3)))) * (1. / 4)
	}
	clear(tmp)
	weighted(tmp, tmp, h, r.a, r.k)
	return ws.errSquare(tmp, u0, u1)
}

func square(x float64) float64 { return x * x }

// weight is 1/(atol + rtol*max(|a|, |b|)) for entry i; NaN where that is not finite.
func (ws *Workspace) weight(a, b float64, i int) float64 {
	a, b = math.Abs(a), math.Abs(b)
	if b > a || b != b {
		a = b
	}
	if a > math.MaxFloat64 {
		return math.NaN()
	}
	return 1 / (ws.AbsTol[i] + ws.RelTol*a)
}

// weighted is combine for any number of unknowns: rows of up to eight terms in one sweep,
// longer ones eight terms at a time.
func weighted(dst, u []float64, h float64, a []float64, k [][]float64) {
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
