package linsolve

// LU with partial pivoting of up to four unknowns, written out: of matrices that are not
// larger, and of the last columns of those that are.

// pivot1 factorises the last column, k0, of the last row.
func (d *denseReal) pivot1(k0 int) bool {
	c0 := (*[4]realNum)(d.a[k0*d.ld+k0:])
	inv, scale, swap := (*[4]realNum)(d.inv[k0:]), (*[4]float64)(d.scale[k0:]), (*[1]int32)(d.swap[k0:])
	best := magReal(c0[0]) * scale[0]
	if !(best > doubt) && d.small(k0, best) {
		return false
	}
	swap[0] = int32(k0)
	r0 := recipReal(c0[0])
	inv[0] = r0
	return true
}

// pivot2 factorises the last 2 columns, from k0 on, of the rows from k0 on.
func (d *denseReal) pivot2(k0 int) bool {
	c0 := (*[4]realNum)(d.a[k0*d.ld+k0:])
	c1 := (*[4]realNum)(d.a[(k0+1)*d.ld+k0:])
	inv, scale, swap := (*[4]realNum)(d.inv[k0:]), (*[4]float64)(d.scale[k0:]), (*[2]int32)(d.swap[k0:])
	best := magReal(c0[0]) * scale[0]
	at := 0
	if m := magReal(c0[1]) * scale[1]; m > best {
		best, at = m, 1
	}
	if !(best > doubt) && d.small(k0, best) {
		return false
	}
	swap[0] = int32(k0 + at)
	if at != 0 {
		at &= 3
		scale[0], scale[at] = scale[at], scale[0]
		c0[0], c0[at] = c0[at], c0[0]
		c1[0], c1[at] = c1[at], c1[0]
	}
	r0 := recipReal(c0[0])
	inv[0] = r0
	l10 := c0[1] * r0
	c0[1] = l10
	c1[1] = msubReal(c1[1], l10, c1[0])
	best = magReal(c1[1]) * scale[1]
	if !(best > doubt) && d.small(k0+1, best) {
		return false
	}
	swap[1] = int32(k0 + 1)
	r1 := recipReal(c1[1])
	inv[1] = r1
	return true
}

// pivot3 factorises the last 3 columns, from k0 on, of the rows from k0 on.
func (d *denseReal) pivot3(k0 int) bool {
	c0 := (*[4]realNum)(d.a[k0*d.ld+k0:])
	c1 := (*[4]realNum)(d.a[(k0+1)*d.ld+k0:])
	c2 := (*[4]realNum)(d.a[(k0+2)*d.ld+k0:])
	inv, scale, swap := (*[4]realNum)(d.inv[k0:]), (*[4]float64)(d.scale[k0:]), (*[3]int32)(d.swap[k0:])
	best := magReal(c0[0]) * scale[0]
	at := 0
	if m := magReal(c0[1]) * scale[1]; m > best {
		best, at = m, 1
	}
	if m := magReal(c0[2]) * scale[2]; m > best {
		best, at = m, 2
	}
	if !(best > doubt) && d.small(k0, best) {
		return false
	}
	swap[0] = int32(k0 + at)
	if at != 0 {
		at &= 3
		scale[0], scale[at] = scale[at], scale[0]
		c0[0], c0[at] = c0[at], c0[0]
		c1[0], c1[at] = c1[at], c1[0]
		c2[0], c2[at] = c2[at], c2[0]
	}
	r0 := recipReal(c0[0])
	inv[0] = r0
	l10 := c0[1] * r0
	c0[1] = l10
	l20 := c0[2] * r0
	c0[2] = l20
	c1[1] = msubReal(c1[1], l10, c1[0])
	c1[2] = msubReal(c1[2], l20, c1[0])
	c2[1] = msubReal(c2[1], l10, c2[0])
	c2[2] = msubReal(c2[2], l20, c2[0])
	best = magReal(c1[1]) * scale[1]
	at = 1
	if m := magReal(c1[2]) * scale[2]; m > best {
		best, at = m, 2
	}
	if !(best > doubt) && d.small(k0+1, best) {
		return false
	}
	swap[1] = int32(k0 + at)
	if at != 1 {
		at &= 3
		scale[1], scale[at] = scale[at], scale[1]
		c0[1], c0[at] = c0[at], c0[1]
		c1[1], c1[at] = c1[at], c1[1]
		c2[1], c2[at] = c2[at], c2[1]
	}
	r1 := recipReal(c1[1])
	inv[1] = r1
	l21 := c1[2] * r1
	c1[2] = l21
	c2[2] = msubReal(c2[2], l21, c2[1])
	best = magReal(c2[2]) * scale[2]
	if !(best > doubt) && d.small(k0+2, best) {
		return false
	}
	swap[2] = int32(k0 + 2)
	r2 := recipReal(c2[2])
	inv[2] = r2
	return true
}

// pivot4 factorises the last 4 columns, from k0 on, of the rows from k0 on.
func (d *denseReal) pivot4(k0 int) bool {
	c0 := (*[4]realNum)(d.a[k0*d.ld+k0:])
	c1 := (*[4]realNum)(d.a[(k0+1)*d.ld+k0:])
	c2 := (*[4]realNum)(d.a[(k0+2)*d.ld+k0:])
	c3 := (*[4]realNum)(d.a[(k0+3)*d.ld+k0:])
	inv, scale, swap := (*[4]realNum)(d.inv[k0:]), (*[4]float64)(d.scale[k0:]), (*[4]int32)(d.swap[k0:])
	best := magReal(c0[0]) * scale[0]
	at := 0
	if m := magReal(c0[1]) * scale[1]; m > best {
		best, at = m, 1
	}
	if m := magReal(c0[2]) * scale[2]; m > best {
		best, at = m, 2
	}
	if m := magReal(c0[3]) * scale[3]; m > best {
		best, at = m, 3
	}
	if !(best > doubt) && d.small(k0, best) {
		return false
	}
	swap[0] = int32(k0 + at)
	if at != 0 {
		at &= 3
		scale[0], scale[at] = scale[at], scale[0]
		c0[0], c0[at] = c0[at], c0[0]
		c1[0], c1[at] = c1[at], c1[0]
		c2[0], c2[at] = c2[at], c2[0]
		c3[0], c3[at] = c3[at], c3[0]
	}
	r0 := recipReal(c0[0])
	inv[0] = r0
	l10 := c0[1] * r0
	c0[1] = l10
	l20 := c0[2] * r0
	c0[2] = l20
	l30 := c0[3] * r0
	c0[3] = l30
	c1[1] = msubReal(c1[1], l10, c1[0])
	c1[2] = msubReal(c1[2], l20, c1[0])
	c1[3] = msubReal(c1[3], l30, c1[0])
	c2[1] = msubReal(c2[1], l10, c2[0])
	c2[2] = msubReal(c2[2], l20, c2[0])
	c2[3] = msubReal(c2[3], l30, c2[0])
	c3[1] = msubReal(c3[1], l10, c3[0])
	c3[2] = msubReal(c3[2], l20, c3[0])
	c3[3] = msubReal(c3[3], l30, c3[0])
	best = magReal(c1[1]) * scale[1]
	at = 1
	if m := magReal(c1[2]) * scale[2]; m > best {
		best, at = m, 2
	}
	if m := magReal(c1[3]) * scale[3]; m > best {
		best, at = m, 3
	}
	if !(best > doubt) && d.small(k0+1, best) {
		return false
	}
	swap[1] = int32(k0 + at)
	if at != 1 {
		at &= 3
		scale[1], scale[at] = scale[at], scale[1]
		c0[1], c0[at] = c0[at], c0[1]
		c1[1], c1[at] = c1[at], c1[1]
		c2[1], c2[at] = c2[at], c2[1]
		c3[1], c3[at] = c3[at], c3[1]
	}
	r1 := recipReal(c1[1])
	inv[1] = r1
	l21 := c1[2] * r1
	c1[2] = l21
	l31 := c1[3] * r1
	c1[3] = l31
	c2[2] = msubReal(c2[2], l21, c2[1])
	c2[3] = msubReal(c2[3], l31, c2[1])
	c3[2] = msubReal(c3[2], l21, c3[1])
	c3[3] = msubReal(c3[3], l31, c3[1])
	best = magReal(c2[2]) * scale[2]
	at = 2
	if m := magReal(c2[3]) * scale[3]; m > best {
		best, at = m, 3
	}
	if !(best > doubt) && d.small(k0+2, best) {
		return false
	}
	swap[2] = int32(k0 + at)
	if at != 2 {
		at &= 3
		scale[2], scale[at] = scale[at], scale[2]
		c0[2], c0[at] = c0[at], c0[2]
		c1[2], c1[at] = c1[at], c1[2]
		c2[2], c2[at] = c2[at], c2[2]
		c3[2], c3[at] = c3[at], c3[2]
	}
	r2 := recipReal(c2[2])
	inv[2] = r2
	l32 := c2[3] * r2
	c2[3] = l32
	c3[3] = msubReal(c3[3], l32, c3[2])
	best = magReal(c3[3]) * scale[3]
	if !(best > doubt) && d.small(k0+3, best) {
		return false
	}
	swap[3] = int32(k0 + 3)
	r3 := recipReal(c3[3])
	inv[3] = r3
	return true
}

func (d *denseReal) solve2(b *[2]realNum) {
	a, inv, swap := (*[16]realNum)(d.a), (*[4]realNum)(d.inv), (*[2]int32)(d.swap)
	if at := swap[0]; at != 0 {
		b[0], b[at] = b[at], b[0]
	}
	y0 := b[0]
	y1 := msubReal(b[1], a[1], y0)
	y1 = y1 * inv[1]
	y0 = msubReal(y0, a[4], y1) * inv[0]
	b[0], b[1] = y0, y1
}

func (d *denseReal) solve3(b *[3]realNum) {
	a, inv, swap := (*[16]realNum)(d.a), (*[4]realNum)(d.inv), (*[3]int32)(d.swap)
	if at := swap[0]; at != 0 {
		b[0], b[at] = b[at], b[0]
	}
	if at := swap[1]; at != 1 {
		b[1], b[at] = b[at], b[1]
	}
	y0 := b[0]
	y1 := msubReal(b[1], a[1], y0)
	y2 := msubReal(msubReal(b[2], a[2], y0), a[6], y1)
	y2 = y2 * inv[2]
	y1 = msubReal(y1, a[9], y2) * inv[1]
	y0 = msubReal(msubReal(y0, a[8], y2), a[4], y1) * inv[0]
	b[0], b[1], b[2] = y0, y1, y2
}

func (d *denseReal) solve4(b *[4]realNum) {
	a, inv, swap := (*[16]realNum)(d.a), (*[4]realNum)(d.inv), (*[4]int32)(d.swap)
	if at := swap[0]; at != 0 {
		b[0], b[at] = b[at], b[0]
	}
	if at := swap[1]; at != 1 {
		b[1], b[at] = b[at], b[1]
	}
	if at := swap[2]; at != 2 {
		b[2], b[at] = b[at], b[2]
	}
	y0 := b[0]
	y1 := msubReal(b[1], a[1], y0)
	y2 := msubReal(msubReal(b[2], a[2], y0), a[6], y1)
	y3 := msubReal(msubReal(msubReal(b[3], a[3], y0), a[7], y1), a[11], y2)
	y3 = y3 * inv[3]
	y2 = msubReal(y2, a[14], y3) * inv[2]
	y1 = msubReal(msubReal(y1, a[13], y3), a[9], y2) * inv[1]
	y0 = msubReal(msubReal(msubReal(y0, a[12], y3), a[8], y2), a[4], y1) * inv[0]
	b[0], b[1], b[2], b[3] = y0, y1, y2, y3
}

// scale1 finds the scales of the rows of a matrix of order 1; it reports whether all
// entries are finite.
func (d *denseReal) scale1() bool {
	a, scale := (*[16]realNum)(d.a), (*[4]float64)(d.scale)
	m0 := bitsReal(a[0])
	if m0 >= infinite {
		return false
	}
	scale[0] = scaleForBits(m0)
	return true
}

// scale2 finds the scales of the rows of a matrix of order 2; it reports whether all
// entries are finite.
func (d *denseReal) scale2() bool {
	a, scale := (*[16]realNum)(d.a), (*[4]float64)(d.scale)
	m0 := max(bitsReal(a[0]), bitsReal(a[4]))
	m1 := max(bitsReal(a[1]), bitsReal(a[5]))
	if max(m0, m1) >= infinite {
		return false
	}
	scale[0] = scaleForBits(m0)
	scale[1] = scaleForBits(m1)
	return true
}

// scale3 finds the scales of the rows of a matrix of order 3; it reports whether all
// entries are finite.
func (d *denseReal) scale3() bool {
	a, scale := (*[16]realNum)(d.a), (*[4]float64)(d.scale)
	m0 := max(bitsReal(a[0]), bitsReal(a[4]), bitsReal(a[8]))
	m1 := max(bitsReal(a[1]), bitsReal(a[5]), bitsReal(a[9]))
	m2 := max(bitsReal(a[2]), bitsReal(a[6]), bitsReal(a[10]))
	if max(m0, m1, m2) >= infinite {
		return false
	}
	scale[0] = scaleForBits(m0)
	scale[1] = scaleForBits(m1)
	scale[2] = scaleForBits(m2)
	return true
}

// scale4 finds the scales of the rows of a matrix of order 4; it reports whether all
// entries are finite.
func (d *denseReal) scale4() bool {
	a, scale := (*[16]realNum)(d.a), (*[4]float64)(d.scale)
	m0 := max(bitsReal(a[0]), bitsReal(a[4]), bitsReal(a[8]), bitsReal(a[12]))
	m1 := max(bitsReal(a[1]), bitsReal(a[5]), bitsReal(a[9]), bitsReal(a[13]))
	m2 := max(bitsReal(a[2]), bitsReal(a[6]), bitsReal(a[10]), bitsReal(a[14]))
	m3 := max(bitsReal(a[3]), bitsReal(a[7]), bitsReal(a[11]), bitsReal(a[15]))
	if max(m0, m1, m2, m3) >= infinite {
		return false
	}
	scale[0] = scaleForBits(m0)
	scale[1] = scaleForBits(m1)
	scale[2] = scaleForBits(m2)
	scale[3] = scaleForBits(m3)
	return true
}

// four factorises the four columns from k0 on, of the rows from k0 on; there are more
// than four. Each pass over the rows forms the multipliers, updates the columns behind
// and looks for the next pivot. moved says whether rows were exchanged.
func (d *denseReal) four(k0 int) (moved, ok bool) {
	n, ld, a := d.n, d.ld, d.a
	c0 := a[k0*ld+k0 : k0*ld+n]
	c1 := a[(k0+1)*ld+k0:][:len(c0)]
	c2 := a[(k0+2)*ld+k0:][:len(c0)]
	c3 := a[(k0+3)*ld+k0:][:len(c0)]
	scale := d.scale[k0:][:len(c0)]
	inv, swap := (*[4]realNum)(d.inv[k0:]), (*[4]int32)(d.swap[k0:])
	best, at := 0.0, 0
	for i, v := range c0 {
		if m := magReal(v) * scale[i]; m > best {
			best, at = m, i
		}
	}
	if !(best > doubt) && d.small(k0, best) {
		return moved, false
	}
	swap[0] = int32(k0 + at)
	if at != 0 {
		moved = true
		scale[0], scale[at] = scale[at], scale[0]
		c0[0], c0[at] = c0[at], c0[0]
		c1[0], c1[at] = c1[at], c1[0]
		c2[0], c2[at] = c2[at], c2[0]
		c3[0], c3[at] = c3[at], c3[0]
	}
	r0 := recipReal(c0[0])
	inv[0] = r0
	best, at = 0, 1
	u01, u02, u03 := c1[0], c2[0], c3[0]
	for i := 1; i < len(c0); i++ {
		l := c0[i] * r0
		c0[i] = l
		v := c1[i] - l*u01
		c1[i] = v
		c2[i] -= l * u02
		c3[i] -= l * u03
		if m := magReal(v) * scale[i]; m > best {
			best, at = m, i
		}
	}
	if !(best > doubt) && d.small(k0+1, best) {
		return moved, false
	}
	swap[1] = int32(k0 + at)
	if at != 1 {
		moved = true
		scale[1], scale[at] = scale[at], scale[1]
		c0[1], c0[at] = c0[at], c0[1]
		c1[1], c1[at] = c1[at], c1[1]
		c2[1], c2[at] = c2[at], c2[1]
		c3[1], c3[at] = c3[at], c3[1]
	}
	r1 := recipReal(c1[1])
	inv[1] = r1
	best, at = 0, 2
	u12, u13 := c2[1], c3[1]
	for i := 2; i < len(c0); i++ {
		l := c1[i] * r1
		c1[i] = l
		v := c2[i] - l*u12
		c2[i] = v
		c3[i] -= l * u13
		if m := magReal(v) * scale[i]; m > best {
			best, at = m, i
		}
	}
	if !(best > doubt) && d.small(k0+2, best) {
		return moved, false
	}
	swap[2] = int32(k0 + at)
	if at != 2 {
		moved = true
		scale[2], scale[at] = scale[at], scale[2]
		c0[2], c0[at] = c0[at], c0[2]
		c1[2], c1[at] = c1[at], c1[2]
		c2[2], c2[at] = c2[at], c2[2]
		c3[2], c3[at] = c3[at], c3[2]
	}
	r2 := recipReal(c2[2])
	inv[2] = r2
	best, at = 0, 3
	u23 := c3[2]
	for i := 3; i < len(c0); i++ {
		l := c2[i] * r2
		c2[i] = l
		v := c3[i] - l*u23
		c3[i] = v
		if m := magReal(v) * scale[i]; m > best {
			best, at = m, i
		}
	}
	if !(best > doubt) && d.small(k0+3, best) {
		return moved, false
	}
	swap[3] = int32(k0 + at)
	if at != 3 {
		moved = true
		scale[3], scale[at] = scale[at], scale[3]
		c0[3], c0[at] = c0[at], c0[3]
		c1[3], c1[at] = c1[at], c1[3]
		c2[3], c2[at] = c2[at], c2[3]
		c3[3], c3[at] = c3[at], c3[3]
	}
	r3 := recipReal(c3[3])
	inv[3] = r3
	for i := 4; i < len(c3); i++ {
		c3[i] *= r3
	}
	return moved, true
}
