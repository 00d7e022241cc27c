package linsolve

// Solution with the factors of five to eight unknowns, written out. The columns of a are
// eight entries apart.

func (d *denseReal) solve5(b *[5]realNum) {
	a, inv, swap := (*[64]realNum)(d.a), (*[8]realNum)(d.inv), (*[5]int32)(d.swap)
	if at := swap[0]; at != 0 {
		b[0], b[at] = b[at], b[0]
	}
	if at := swap[1]; at != 1 {
		b[1], b[at] = b[at], b[1]
	}
	if at := swap[2]; at != 2 {
		b[2], b[at] = b[at], b[2]
	}
	if at := swap[3]; at != 3 {
		b[3], b[at] = b[at], b[3]
	}
	y0 := b[0]
	y1 := msubReal(b[1], a[1], y0)
	y2 := msubReal(msubReal(b[2], a[2], y0), a[10], y1)
	y3 := msubReal(msubReal(msubReal(b[3], a[3], y0), a[11], y1), a[19], y2)
	b[4] = msubReal(msubReal(msubReal(msubReal(b[4], a[4], y0), a[12], y1), a[20], y2), a[28], y3)
	y4 := b[4]
	y4 = y4 * inv[4]
	b[4] = y4
	y3 = msubReal(y3, a[35], y4) * inv[3]
	b[3] = y3
	y2 = msubReal(msubReal(y2, a[34], y4), a[26], y3) * inv[2]
	b[2] = y2
	y1 = msubReal(msubReal(msubReal(y1, a[33], y4), a[25], y3), a[17], y2) * inv[1]
	b[1] = y1
	y0 = msubReal(msubReal(msubReal(msubReal(y0, a[32], y4), a[24], y3), a[16], y2), a[8], y1) * inv[0]
	b[0] = y0
}

func (d *denseReal) solve6(b *[6]realNum) {
	a, inv, swap := (*[64]realNum)(d.a), (*[8]realNum)(d.inv), (*[6]int32)(d.swap)
	if at := swap[0]; at != 0 {
		b[0], b[at] = b[at], b[0]
	}
	if at := swap[1]; at != 1 {
		b[1], b[at] = b[at], b[1]
	}
	if at := swap[2]; at != 2 {
		b[2], b[at] = b[at], b[2]
	}
	if at := swap[3]; at != 3 {
		b[3], b[at] = b[at], b[3]
	}
	y0 := b[0]
	y1 := msubReal(b[1], a[1], y0)
	y2 := msubReal(msubReal(b[2], a[2], y0), a[10], y1)
	y3 := msubReal(msubReal(msubReal(b[3], a[3], y0), a[11], y1), a[19], y2)
	b[4] = msubReal(msubReal(msubReal(msubReal(b[4], a[4], y0), a[12], y1), a[20], y2), a[28], y3)
	b[5] = msubReal(msubReal(msubReal(msubReal(b[5], a[5], y0), a[13], y1), a[21], y2), a[29], y3)
	if at := swap[4]; at != 4 {
		b[4], b[at] = b[at], b[4]
	}
	y4 := b[4]
	y5 := msubReal(b[5], a[37], y4)
	y5 = y5 * inv[5]
	b[5] = y5
	y4 = msubReal(y4, a[44], y5) * inv[4]
	b[4] = y4
	y3 = msubReal(msubReal(y3, a[43], y5), a[35], y4) * inv[3]
	b[3] = y3
	y2 = msubReal(msubReal(msubReal(y2, a[42], y5), a[34], y4), a[26], y3) * inv[2]
	b[2] = y2
	y1 = msubReal(msubReal(msubReal(msubReal(y1, a[41], y5), a[33], y4), a[25], y3), a[17], y2) * inv[1]
	b[1] = y1
	y0 = msubReal(msubReal(msubReal(msubReal(msubReal(y0, a[40], y5), a[32], y4), a[24], y3), a[16], y2), a[8], y1) * inv[0]
	b[0] = y0
}

func (d *denseReal) solve7(b *[7]realNum) {
	a, inv, swap := (*[64]realNum)(d.a), (*[8]realNum)(d.inv), (*[7]int32)(d.swap)
	if at := swap[0]; at != 0 {
		b[0], b[at] = b[at], b[0]
	}
	if at := swap[1]; at != 1 {
		b[1], b[at] = b[at], b[1]
	}
	if at := swap[2]; at != 2 {
		b[2], b[at] = b[at], b[2]
	}
	if at := swap[3]; at != 3 {
		b[3], b[at] = b[at], b[3]
	}
	y0 := b[0]
	y1 := msubReal(b[1], a[1], y0)
	y2 := msubReal(msubReal(b[2], a[2], y0), a[10], y1)
	y3 := msubReal(msubReal(msubReal(b[3], a[3], y0), a[11], y1), a[19], y2)
	b[4] = msubReal(msubReal(msubReal(msubReal(b[4], a[4], y0), a[12], y1), a[20], y2), a[28], y3)
	b[5] = msubReal(msubReal(msubReal(msubReal(b[5], a[5], y0), a[13], y1), a[21], y2), a[29], y3)
	b[6] = msubReal(msubReal(msubReal(msubReal(b[6], a[6], y0), a[14], y1), a[22], y2), a[30], y3)
	if at := swap[4]; at != 4 {
		b[4], b[at] = b[at], b[4]
	}
	if at := swap[5]; at != 5 {
		b[5], b[at] = b[at], b[5]
	}
	y4 := b[4]
	y5 := msubReal(b[5], a[37], y4)
	y6 := msubReal(msubReal(b[6], a[38], y4), a[46], y5)
	y6 = y6 * inv[6]
	b[6] = y6
	y5 = msubReal(y5, a[53], y6) * inv[5]
	b[5] = y5
	y4 = msubReal(msubReal(y4, a[52], y6), a[44], y5) * inv[4]
	b[4] = y4
	y3 = msubReal(msubReal(msubReal(y3, a[51], y6), a[43], y5), a[35], y4) * inv[3]
	b[3] = y3
	y2 = msubReal(msubReal(msubReal(msubReal(y2, a[50], y6), a[42], y5), a[34], y4), a[26], y3) * inv[2]
	b[2] = y2
	y1 = msubReal(msubReal(msubReal(msubReal(msubReal(y1, a[49], y6), a[41], y5), a[33], y4), a[25], y3), a[17], y2) * inv[1]
	b[1] = y1
	y0 = msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(y0, a[48], y6), a[40], y5), a[32], y4), a[24], y3), a[16], y2), a[8], y1) * inv[0]
	b[0] = y0
}

func (d *denseReal) solve8(b *[8]realNum) {
	a, inv, swap := (*[64]realNum)(d.a), (*[8]realNum)(d.inv), (*[8]int32)(d.swap)
	if at := swap[0]; at != 0 {
		b[0], b[at] = b[at], b[0]
	}
	if at := swap[1]; at != 1 {
		b[1], b[at] = b[at], b[1]
	}
	if at := swap[2]; at != 2 {
		b[2], b[at] = b[at], b[2]
	}
	if at := swap[3]; at != 3 {
		b[3], b[at] = b[at], b[3]
	}
	y0 := b[0]
	y1 := msubReal(b[1], a[1], y0)
	y2 := msubReal(msubReal(b[2], a[2], y0), a[10], y1)
	y3 := msubReal(msubReal(msubReal(b[3], a[3], y0), a[11], y1), a[19], y2)
	b[4] = msubReal(msubReal(msubReal(msubReal(b[4], a[4], y0), a[12], y1), a[20], y2), a[28], y3)
	b[5] = msubReal(msubReal(msubReal(msubReal(b[5], a[5], y0), a[13], y1), a[21], y2), a[29], y3)
	b[6] = msubReal(msubReal(msubReal(msubReal(b[6], a[6], y0), a[14], y1), a[22], y2), a[30], y3)
	b[7] = msubReal(msubReal(msubReal(msubReal(b[7], a[7], y0), a[15], y1), a[23], y2), a[31], y3)
	if at := swap[4]; at != 4 {
		b[4], b[at] = b[at], b[4]
	}
	if at := swap[5]; at != 5 {
		b[5], b[at] = b[at], b[5]
	}
	if at := swap[6]; at != 6 {
		b[6], b[at] = b[at], b[6]
	}
	y4 := b[4]
	y5 := msubReal(b[5], a[37], y4)
	y6 := msubReal(msubReal(b[6], a[38], y4), a[46], y5)
	y7 := msubReal(msubReal(msubReal(b[7], a[39], y4), a[47], y5), a[55], y6)
	y7 = y7 * inv[7]
	b[7] = y7
	y6 = msubReal(y6, a[62], y7) * inv[6]
	b[6] = y6
	y5 = msubReal(msubReal(y5, a[61], y7), a[53], y6) * inv[5]
	b[5] = y5
	y4 = msubReal(msubReal(msubReal(y4, a[60], y7), a[52], y6), a[44], y5) * inv[4]
	b[4] = y4
	y3 = msubReal(msubReal(msubReal(msubReal(y3, a[59], y7), a[51], y6), a[43], y5), a[35], y4) * inv[3]
	b[3] = y3
	y2 = msubReal(msubReal(msubReal(msubReal(msubReal(y2, a[58], y7), a[50], y6), a[42], y5), a[34], y4), a[26], y3) * inv[2]
	b[2] = y2
	y1 = msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(y1, a[57], y7), a[49], y6), a[41], y5), a[33], y4), a[25], y3), a[17], y2) * inv[1]
	b[1] = y1
	y0 = msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(y0, a[56], y7), a[48], y6), a[40], y5), a[32], y4), a[24], y3), a[16], y2), a[8], y1) * inv[0]
	b[0] = y0
}
