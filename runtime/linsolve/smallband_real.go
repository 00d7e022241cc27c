package linsolve

import "math"

// Factorisation and solution with one to four diagonals on each side of the main one,
// written out. Elimination works from both ends towards the middle (the twisted
// factorisation, Babuska, SIAM J. Numer. Anal. 9(1), 1972): the two recurrences do not
// depend on each other, so the processor runs them at the same time.
//
// A step from above eliminates unknown k from the rows behind it, a step from below
// unknown q from the rows before it. Pivots are the diagonal entries, on the terms of
// (*bandReal).sound.

// rows1 finds the largest entries of the rows; it reports whether all are finite.
func (d *bandReal) rows1() bool {
	top := uint64(0)
	big := d.big[1:][:d.n]
	for i := range big {
		w := (*[9]realNum)(d.a[i*3:])
		b := max(bitsReal(w[2]), bitsReal(w[4]), bitsReal(w[6]))
		top = max(top, b)
		big[i] = math.Float64frombits(b)
	}
	return top < infinite
}

func (d *bandReal) factor1() bool {
	a, inv, n := d.a, d.inv, d.n
	k, q := 0, n-1
	for ; q-k > 2; k, q = k+1, q-1 {
		{
			w := (*[6]realNum)(a[(k+1)*3:])
			big := (*[2]float64)(d.big[k+1:])
			p := w[1]
			u1 := w[3]
			g := shrunk(max(bitsReal(p), bitsReal(u1)))
			r := recipReal(p)
			inv[k] = r
			l1 := w[2] * r
			if !(magReal(p) > doubt*big[0] && magReal(l1)*g <= big[1]) && !d.sound(k, 1) {
				return false
			}
			w[2] = l1
			w[4] = msubReal(w[4], l1, u1)
		}
		{
			w := (*[6]realNum)(a[q*3:])
			big := (*[2]float64)(d.big[q:])
			p := w[4]
			u1 := w[2]
			g := shrunk(max(bitsReal(p), bitsReal(u1)))
			r := recipReal(p)
			inv[q] = r
			l1 := w[3] * r
			if !(magReal(p) > doubt*big[1] && magReal(l1)*g <= big[0]) && !d.sound(q, -1) {
				return false
			}
			w[3] = l1
			w[1] = msubReal(w[1], l1, u1)
		}
	}
	d.half = k
	return d.middle(k, q)
}

func (d *bandReal) solve1(x []realNum) {
	a, inv, n, half := d.a, d.inv, d.n, d.half
	if half == 0 {
		d.solveMiddle(x, 0, n-1)
		return
	}
	k, q := 0, n-1
	// The next unknowns of both recurrences stay in registers.
	t0, s0 := x[0], x[q-0]
	for ; k < half; k, q = k+1, q-1 {
		l := (*[1]realNum)(a[(k+1)*3+2:])
		v := (*[1]realNum)(a[(q+1)*3:])
		y, z := t0, s0
		x[k], x[q] = y, z
		t0, s0 = msubReal(x[k+1], l[0], y), msubReal(x[q-1], v[0], z)
	}
	x[k+0], x[q-0] = t0, s0
	d.solveMiddle(x, k, q)
	t0, s0 = x[k+0], x[q-0]
	for k, q = k-1, q+1; k >= 0; k, q = k-1, q+1 {
		u := (*[6]realNum)(a[(k+1)*3:])
		v := (*[6]realNum)(a[q*3:])
		y, z := x[k], x[q]
		y, z = msubReal(y, u[3], t0), msubReal(z, v[2], s0)
		y, z = y*inv[k], z*inv[q]
		t0, s0 = y, z
		x[k], x[q] = y, z
	}
}

// rows2 finds the largest entries of the rows; it reports whether all are finite.
func (d *bandReal) rows2() bool {
	top := uint64(0)
	big := d.big[2:][:d.n]
	for i := range big {
		w := (*[25]realNum)(d.a[i*5:])
		b := max(bitsReal(w[4]), bitsReal(w[8]), bitsReal(w[12]), bitsReal(w[16]), bitsReal(w[20]))
		top = max(top, b)
		big[i] = math.Float64frombits(b)
	}
	return top < infinite
}

func (d *bandReal) factor2() bool {
	a, inv, n := d.a, d.inv, d.n
	k, q := 0, n-1
	for ; q-k > 4; k, q = k+1, q-1 {
		{
			w := (*[15]realNum)(a[(k+2)*5:])
			big := (*[3]float64)(d.big[k+2:])
			p := w[2]
			u1 := w[6]
			u2 := w[10]
			g := shrunk(max(bitsReal(p), bitsReal(u1), bitsReal(u2)))
			r := recipReal(p)
			inv[k] = r
			l1 := w[3] * r
			l2 := w[4] * r
			if !(magReal(p) > doubt*big[0] && magReal(l1)*g <= big[1] && magReal(l2)*g <= big[2]) && !d.sound(k, 1) {
				return false
			}
			w[3] = l1
			w[4] = l2
			w[7] = msubReal(w[7], l1, u1)
			w[8] = msubReal(w[8], l2, u1)
			w[11] = msubReal(w[11], l1, u2)
			w[12] = msubReal(w[12], l2, u2)
		}
		{
			w := (*[15]realNum)(a[q*5:])
			big := (*[3]float64)(d.big[q:])
			p := w[12]
			u1 := w[8]
			u2 := w[4]
			g := shrunk(max(bitsReal(p), bitsReal(u1), bitsReal(u2)))
			r := recipReal(p)
			inv[q] = r
			l1 := w[11] * r
			l2 := w[10] * r
			if !(magReal(p) > doubt*big[2] && magReal(l1)*g <= big[1] && magReal(l2)*g <= big[0]) && !d.sound(q, -1) {
				return false
			}
			w[11] = l1
			w[10] = l2
			w[7] = msubReal(w[7], l1, u1)
			w[6] = msubReal(w[6], l2, u1)
			w[3] = msubReal(w[3], l1, u2)
			w[2] = msubReal(w[2], l2, u2)
		}
	}
	d.half = k
	return d.middle(k, q)
}

func (d *bandReal) solve2(x []realNum) {
	a, inv, n, half := d.a, d.inv, d.n, d.half
	if half == 0 {
		d.solveMiddle(x, 0, n-1)
		return
	}
	k, q := 0, n-1
	// The next unknowns of both recurrences stay in registers.
	t0, s0 := x[0], x[q-0]
	t1, s1 := x[1], x[q-1]
	for ; k < half; k, q = k+1, q-1 {
		l := (*[2]realNum)(a[(k+2)*5+3:])
		v := (*[2]realNum)(a[(q+2)*5:])
		y, z := t0, s0
		x[k], x[q] = y, z
		t0, s0 = msubReal(t1, l[0], y), msubReal(s1, v[1], z)
		t1, s1 = msubReal(x[k+2], l[1], y), msubReal(x[q-2], v[0], z)
	}
	x[k+0], x[q-0] = t0, s0
	x[k+1], x[q-1] = t1, s1
	d.solveMiddle(x, k, q)
	t0, s0 = x[k+0], x[q-0]
	t1, s1 = x[k+1], x[q-1]
	for k, q = k-1, q+1; k >= 0; k, q = k-1, q+1 {
		u := (*[15]realNum)(a[(k+2)*5:])
		v := (*[15]realNum)(a[q*5:])
		y, z := x[k], x[q]
		y, z = msubReal(y, u[10], t1), msubReal(z, v[4], s1)
		y, z = msubReal(y, u[6], t0), msubReal(z, v[8], s0)
		y, z = y*inv[k], z*inv[q]
		t1, s1 = t0, s0
		t0, s0 = y, z
		x[k], x[q] = y, z
	}
}

// rows3 finds the largest entries of the rows; it reports whether all are finite.
func (d *bandReal) rows3() bool {
	top := uint64(0)
	big := d.big[3:][:d.n]
	for i := range big {
		w := (*[49]realNum)(d.a[i*7:])
		b := max(bitsReal(w[6]), bitsReal(w[12]), bitsReal(w[18]), bitsReal(w[24]), bitsReal(w[30]), bitsReal(w[36]), bitsReal(w[42]))
		top = max(top, b)
		big[i] = math.Float64frombits(b)
	}
	return top < infinite
}

func (d *bandReal) factor3() bool {
	a, inv, n := d.a, d.inv, d.n
	k, q := 0, n-1
	for ; q-k > 6; k, q = k+1, q-1 {
		{
			w := (*[28]realNum)(a[(k+3)*7:])
			big := (*[4]float64)(d.big[k+3:])
			p := w[3]
			u1 := w[9]
			u2 := w[15]
			u3 := w[21]
			g := shrunk(max(bitsReal(p), bitsReal(u1), bitsReal(u2), bitsReal(u3)))
			r := recipReal(p)
			inv[k] = r
			l1 := w[4] * r
			l2 := w[5] * r
			l3 := w[6] * r
			if !(magReal(p) > doubt*big[0] && magReal(l1)*g <= big[1] && magReal(l2)*g <= big[2] && magReal(l3)*g <= big[3]) && !d.sound(k, 1) {
				return false
			}
			w[4] = l1
			w[5] = l2
			w[6] = l3
			w[10] = msubReal(w[10], l1, u1)
			w[11] = msubReal(w[11], l2, u1)
			w[12] = msubReal(w[12], l3, u1)
			w[16] = msubReal(w[16], l1, u2)
			w[17] = msubReal(w[17], l2, u2)
			w[18] = msubReal(w[18], l3, u2)
			w[22] = msubReal(w[22], l1, u3)
			w[23] = msubReal(w[23], l2, u3)
			w[24] = msubReal(w[24], l3, u3)
		}
		{
			w := (*[28]realNum)(a[q*7:])
			big := (*[4]float64)(d.big[q:])
			p := w[24]
			u1 := w[18]
			u2 := w[12]
			u3 := w[6]
			g := shrunk(max(bitsReal(p), bitsReal(u1), bitsReal(u2), bitsReal(u3)))
			r := recipReal(p)
			inv[q] = r
			l1 := w[23] * r
			l2 := w[22] * r
			l3 := w[21] * r
			if !(magReal(p) > doubt*big[3] && magReal(l1)*g <= big[2] && magReal(l2)*g <= big[1] && magReal(l3)*g <= big[0]) && !d.sound(q, -1) {
				return false
			}
			w[23] = l1
			w[22] = l2
			w[21] = l3
			w[17] = msubReal(w[17], l1, u1)
			w[16] = msubReal(w[16], l2, u1)
			w[15] = msubReal(w[15], l3, u1)
			w[11] = msubReal(w[11], l1, u2)
			w[10] = msubReal(w[10], l2, u2)
			w[9] = msubReal(w[9], l3, u2)
			w[5] = msubReal(w[5], l1, u3)
			w[4] = msubReal(w[4], l2, u3)
			w[3] = msubReal(w[3], l3, u3)
		}
	}
	d.half = k
	return d.middle(k, q)
}

func (d *bandReal) solve3(x []realNum) {
	a, inv, n, half := d.a, d.inv, d.n, d.half
	if half == 0 {
		d.solveMiddle(x, 0, n-1)
		return
	}
	k, q := 0, n-1
	// The next unknowns of both recurrences stay in registers.
	t0, s0 := x[0], x[q-0]
	t1, s1 := x[1], x[q-1]
	t2, s2 := x[2], x[q-2]
	for ; k < half; k, q = k+1, q-1 {
		l := (*[3]realNum)(a[(k+3)*7+4:])
		v := (*[3]realNum)(a[(q+3)*7:])
		y, z := t0, s0
		x[k], x[q] = y, z
		t0, s0 = msubReal(t1, l[0], y), msubReal(s1, v[2], z)
		t1, s1 = msubReal(t2, l[1], y), msubReal(s2, v[1], z)
		t2, s2 = msubReal(x[k+3], l[2], y), msubReal(x[q-3], v[0], z)
	}
	x[k+0], x[q-0] = t0, s0
	x[k+1], x[q-1] = t1, s1
	x[k+2], x[q-2] = t2, s2
	d.solveMiddle(x, k, q)
	t0, s0 = x[k+0], x[q-0]
	t1, s1 = x[k+1], x[q-1]
	t2, s2 = x[k+2], x[q-2]
	for k, q = k-1, q+1; k >= 0; k, q = k-1, q+1 {
		u := (*[28]realNum)(a[(k+3)*7:])
		v := (*[28]realNum)(a[q*7:])
		y, z := x[k], x[q]
		y, z = msubReal(y, u[21], t2), msubReal(z, v[6], s2)
		y, z = msubReal(y, u[15], t1), msubReal(z, v[12], s1)
		y, z = msubReal(y, u[9], t0), msubReal(z, v[18], s0)
		y, z = y*inv[k], z*inv[q]
		t2, s2 = t1, s1
		t1, s1 = t0, s0
		t0, s0 = y, z
		x[k], x[q] = y, z
	}
}

// rows4 finds the largest entries of the rows; it reports whether all are finite.
func (d *bandReal) rows4() bool {
	top := uint64(0)
	big := d.big[4:][:d.n]
	for i := range big {
		w := (*[81]realNum)(d.a[i*9:])
		b := max(bitsReal(w[8]), bitsReal(w[16]), bitsReal(w[24]), bitsReal(w[32]), bitsReal(w[40]), bitsReal(w[48]), bitsReal(w[56]), bitsReal(w[64]), bitsReal(w[72]))
		top = max(top, b)
		big[i] = math.Float64frombits(b)
	}
	return top < infinite
}

func (d *bandReal) factor4() bool {
	a, inv, n := d.a, d.inv, d.n
	k, q := 0, n-1
	for ; q-k > 8; k, q = k+1, q-1 {
		{
			w := (*[45]realNum)(a[(k+4)*9:])
			big := (*[5]float64)(d.big[k+4:])
			p := w[4]
			u1 := w[12]
			u2 := w[20]
			u3 := w[28]
			u4 := w[36]
			g := shrunk(max(bitsReal(p), bitsReal(u1), bitsReal(u2), bitsReal(u3), bitsReal(u4)))
			r := recipReal(p)
			inv[k] = r
			l1 := w[5] * r
			l2 := w[6] * r
			l3 := w[7] * r
			l4 := w[8] * r
			if !(magReal(p) > doubt*big[0] && magReal(l1)*g <= big[1] && magReal(l2)*g <= big[2] && magReal(l3)*g <= big[3] && magReal(l4)*g <= big[4]) && !d.sound(k, 1) {
				return false
			}
			w[5] = l1
			w[6] = l2
			w[7] = l3
			w[8] = l4
			w[13] = msubReal(w[13], l1, u1)
			w[14] = msubReal(w[14], l2, u1)
			w[15] = msubReal(w[15], l3, u1)
			w[16] = msubReal(w[16], l4, u1)
			w[21] = msubReal(w[21], l1, u2)
			w[22] = msubReal(w[22], l2, u2)
			w[23] = msubReal(w[23], l3, u2)
			w[24] = msubReal(w[24], l4, u2)
			w[29] = msubReal(w[29], l1, u3)
			w[30] = msubReal(w[30], l2, u3)
			w[31] = msubReal(w[31], l3, u3)
			w[32] = msubReal(w[32], l4, u3)
			w[37] = msubReal(w[37], l1, u4)
			w[38] = msubReal(w[38], l2, u4)
			w[39] = msubReal(w[39], l3, u4)
			w[40] = msubReal(w[40], l4, u4)
		}
		{
			w := (*[45]realNum)(a[q*9:])
			big := (*[5]float64)(d.big[q:])
			p := w[40]
			u1 := w[32]
			u2 := w[24]
			u3 := w[16]
			u4 := w[8]
			g := shrunk(max(bitsReal(p), bitsReal(u1), bitsReal(u2), bitsReal(u3), bitsReal(u4)))
			r := recipReal(p)
			inv[q] = r
			l1 := w[39] * r
			l2 := w[38] * r
			l3 := w[37] * r
			l4 := w[36] * r
			if !(magReal(p) > doubt*big[4] && magReal(l1)*g <= big[3] && magReal(l2)*g <= big[2] && magReal(l3)*g <= big[1] && magReal(l4)*g <= big[0]) && !d.sound(q, -1) {
				return false
			}
			w[39] = l1
			w[38] = l2
			w[37] = l3
			w[36] = l4
			w[31] = msubReal(w[31], l1, u1)
			w[30] = msubReal(w[30], l2, u1)
			w[29] = msubReal(w[29], l3, u1)
			w[28] = msubReal(w[28], l4, u1)
			w[23] = msubReal(w[23], l1, u2)
			w[22] = msubReal(w[22], l2, u2)
			w[21] = msubReal(w[21], l3, u2)
			w[20] = msubReal(w[20], l4, u2)
			w[15] = msubReal(w[15], l1, u3)
			w[14] = msubReal(w[14], l2, u3)
			w[13] = msubReal(w[13], l3, u3)
			w[12] = msubReal(w[12], l4, u3)
			w[7] = msubReal(w[7], l1, u4)
			w[6] = msubReal(w[6], l2, u4)
			w[5] = msubReal(w[5], l3, u4)
			w[4] = msubReal(w[4], l4, u4)
		}
	}
	d.half = k
	return d.middle(k, q)
}

func (d *bandReal) solve4(x []realNum) {
	a, inv, n, half := d.a, d.inv, d.n, d.half
	if half == 0 {
		d.solveMiddle(x, 0, n-1)
		return
	}
	k, q := 0, n-1
	// The next unknowns of both recurrences stay in registers.
	t0, s0 := x[0], x[q-0]
	t1, s1 := x[1], x[q-1]
	t2, s2 := x[2], x[q-2]
	t3, s3 := x[3], x[q-3]
	for ; k < half; k, q = k+1, q-1 {
		l := (*[4]realNum)(a[(k+4)*9+5:])
		v := (*[4]realNum)(a[(q+4)*9:])
		y, z := t0, s0
		x[k], x[q] = y, z
		t0, s0 = msubReal(t1, l[0], y), msubReal(s1, v[3], z)
		t1, s1 = msubReal(t2, l[1], y), msubReal(s2, v[2], z)
		t2, s2 = msubReal(t3, l[2], y), msubReal(s3, v[1], z)
		t3, s3 = msubReal(x[k+4], l[3], y), msubReal(x[q-4], v[0], z)
	}
	x[k+0], x[q-0] = t0, s0
	x[k+1], x[q-1] = t1, s1
	x[k+2], x[q-2] = t2, s2
	x[k+3], x[q-3] = t3, s3
	d.solveMiddle(x, k, q)
	t0, s0 = x[k+0], x[q-0]
	t1, s1 = x[k+1], x[q-1]
	t2, s2 = x[k+2], x[q-2]
	t3, s3 = x[k+3], x[q-3]
	for k, q = k-1, q+1; k >= 0; k, q = k-1, q+1 {
		u := (*[45]realNum)(a[(k+4)*9:])
		v := (*[45]realNum)(a[q*9:])
		y, z := x[k], x[q]
		y, z = msubReal(y, u[36], t3), msubReal(z, v[8], s3)
		y, z = msubReal(y, u[28], t2), msubReal(z, v[16], s2)
		y, z = msubReal(y, u[20], t1), msubReal(z, v[24], s1)
		y, z = msubReal(y, u[12], t0), msubReal(z, v[32], s0)
		y, z = y*inv[k], z*inv[q]
		t3, s3 = t2, s2
		t2, s2 = t1, s1
		t1, s1 = t0, s0
		t0, s0 = y, z
		x[k], x[q] = y, z
	}
}
