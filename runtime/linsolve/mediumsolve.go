package linsolve

// Solution with the factors of nine to twelve unknowns of real matrices, written out (for
// complex ones the vector kernels are as fast). The columns of a are twelve entries
// apart.

// writtenOut solves where the solution is written out; it reports false elsewhere.
func (d *denseReal) writtenOut(b []float64) bool {
	switch d.n {
	case 9:
		d.solve9((*[9]float64)(b))
	case 10:
		d.solve10((*[10]float64)(b))
	case 11:
		d.solve11((*[11]float64)(b))
	case 12:
		d.solve12((*[12]float64)(b))
	default:
		return false
	}
	return true
}

func (d *denseComplex) writtenOut([]complex128) bool { return false }

func (d *denseReal) solve9(b *[9]float64) {
	a, inv, swap := (*[144]float64)(d.a), (*[12]float64)(d.inv), (*[9]int32)(d.swap)
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
	y2 := msubReal(msubReal(b[2], a[2], y0), a[14], y1)
	y3 := msubReal(msubReal(msubReal(b[3], a[3], y0), a[15], y1), a[27], y2)
	b[4] = msubReal(msubReal(msubReal(msubReal(b[4], a[4], y0), a[16], y1), a[28], y2), a[40], y3)
	b[5] = msubReal(msubReal(msubReal(msubReal(b[5], a[5], y0), a[17], y1), a[29], y2), a[41], y3)
	b[6] = msubReal(msubReal(msubReal(msubReal(b[6], a[6], y0), a[18], y1), a[30], y2), a[42], y3)
	b[7] = msubReal(msubReal(msubReal(msubReal(b[7], a[7], y0), a[19], y1), a[31], y2), a[43], y3)
	b[8] = msubReal(msubReal(msubReal(msubReal(b[8], a[8], y0), a[20], y1), a[32], y2), a[44], y3)
	if at := swap[4]; at != 4 {
		b[4], b[at] = b[at], b[4]
	}
	if at := swap[5]; at != 5 {
		b[5], b[at] = b[at], b[5]
	}
	if at := swap[6]; at != 6 {
		b[6], b[at] = b[at], b[6]
	}
	if at := swap[7]; at != 7 {
		b[7], b[at] = b[at], b[7]
	}
	y4 := b[4]
	y5 := msubReal(b[5], a[53], y4)
	y6 := msubReal(msubReal(b[6], a[54], y4), a[66], y5)
	y7 := msubReal(msubReal(msubReal(b[7], a[55], y4), a[67], y5), a[79], y6)
	b[8] = msubReal(msubReal(msubReal(msubReal(b[8], a[56], y4), a[68], y5), a[80], y6), a[92], y7)
	y8 := b[8]
	y8 = y8 * inv[8]
	b[8] = y8
	y7 = msubReal(y7, a[103], y8) * inv[7]
	b[7] = y7
	y6 = msubReal(msubReal(y6, a[102], y8), a[90], y7) * inv[6]
	b[6] = y6
	y5 = msubReal(msubReal(msubReal(y5, a[101], y8), a[89], y7), a[77], y6) * inv[5]
	b[5] = y5
	y4 = msubReal(msubReal(msubReal(msubReal(y4, a[100], y8), a[88], y7), a[76], y6), a[64], y5) * inv[4]
	b[4] = y4
	y3 = msubReal(msubReal(msubReal(msubReal(msubReal(y3, a[99], y8), a[87], y7), a[75], y6), a[63], y5), a[51], y4) * inv[3]
	b[3] = y3
	y2 = msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(y2, a[98], y8), a[86], y7), a[74], y6), a[62], y5), a[50], y4), a[38], y3) * inv[2]
	b[2] = y2
	y1 = msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(y1, a[97], y8), a[85], y7), a[73], y6), a[61], y5), a[49], y4), a[37], y3), a[25], y2) * inv[1]
	b[1] = y1
	y0 = msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(y0, a[96], y8), a[84], y7), a[72], y6), a[60], y5), a[48], y4), a[36], y3), a[24], y2), a[12], y1) * inv[0]
	b[0] = y0
}

func (d *denseReal) solve10(b *[10]float64) {
	a, inv, swap := (*[144]float64)(d.a), (*[12]float64)(d.inv), (*[10]int32)(d.swap)
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
	y2 := msubReal(msubReal(b[2], a[2], y0), a[14], y1)
	y3 := msubReal(msubReal(msubReal(b[3], a[3], y0), a[15], y1), a[27], y2)
	b[4] = msubReal(msubReal(msubReal(msubReal(b[4], a[4], y0), a[16], y1), a[28], y2), a[40], y3)
	b[5] = msubReal(msubReal(msubReal(msubReal(b[5], a[5], y0), a[17], y1), a[29], y2), a[41], y3)
	b[6] = msubReal(msubReal(msubReal(msubReal(b[6], a[6], y0), a[18], y1), a[30], y2), a[42], y3)
	b[7] = msubReal(msubReal(msubReal(msubReal(b[7], a[7], y0), a[19], y1), a[31], y2), a[43], y3)
	b[8] = msubReal(msubReal(msubReal(msubReal(b[8], a[8], y0), a[20], y1), a[32], y2), a[44], y3)
	b[9] = msubReal(msubReal(msubReal(msubReal(b[9], a[9], y0), a[21], y1), a[33], y2), a[45], y3)
	if at := swap[4]; at != 4 {
		b[4], b[at] = b[at], b[4]
	}
	if at := swap[5]; at != 5 {
		b[5], b[at] = b[at], b[5]
	}
	if at := swap[6]; at != 6 {
		b[6], b[at] = b[at], b[6]
	}
	if at := swap[7]; at != 7 {
		b[7], b[at] = b[at], b[7]
	}
	y4 := b[4]
	y5 := msubReal(b[5], a[53], y4)
	y6 := msubReal(msubReal(b[6], a[54], y4), a[66], y5)
	y7 := msubReal(msubReal(msubReal(b[7], a[55], y4), a[67], y5), a[79], y6)
	b[8] = msubReal(msubReal(msubReal(msubReal(b[8], a[56], y4), a[68], y5), a[80], y6), a[92], y7)
	b[9] = msubReal(msubReal(msubReal(msubReal(b[9], a[57], y4), a[69], y5), a[81], y6), a[93], y7)
	if at := swap[8]; at != 8 {
		b[8], b[at] = b[at], b[8]
	}
	y8 := b[8]
	y9 := msubReal(b[9], a[105], y8)
	y9 = y9 * inv[9]
	b[9] = y9
	y8 = msubReal(y8, a[116], y9) * inv[8]
	b[8] = y8
	y7 = msubReal(msubReal(y7, a[115], y9), a[103], y8) * inv[7]
	b[7] = y7
	y6 = msubReal(msubReal(msubReal(y6, a[114], y9), a[102], y8), a[90], y7) * inv[6]
	b[6] = y6
	y5 = msubReal(msubReal(msubReal(msubReal(y5, a[113], y9), a[101], y8), a[89], y7), a[77], y6) * inv[5]
	b[5] = y5
	y4 = msubReal(msubReal(msubReal(msubReal(msubReal(y4, a[112], y9), a[100], y8), a[88], y7), a[76], y6), a[64], y5) * inv[4]
	b[4] = y4
	y3 = msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(y3, a[111], y9), a[99], y8), a[87], y7), a[75], y6), a[63], y5), a[51], y4) * inv[3]
	b[3] = y3
	y2 = msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(y2, a[110], y9), a[98], y8), a[86], y7), a[74], y6), a[62], y5), a[50], y4), a[38], y3) * inv[2]
	b[2] = y2
	y1 = msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(y1, a[109], y9), a[97], y8), a[85], y7), a[73], y6), a[61], y5), a[49], y4), a[37], y3), a[25], y2) * inv[1]
	b[1] = y1
	y0 = msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(y0, a[108], y9), a[96], y8), a[84], y7), a[72], y6), a[60], y5), a[48], y4), a[36], y3), a[24], y2), a[12], y1) * inv[0]
	b[0] = y0
}

func (d *denseReal) solve11(b *[11]float64) {
	a, inv, swap := (*[144]float64)(d.a), (*[12]float64)(d.inv), (*[11]int32)(d.swap)
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
	y2 := msubReal(msubReal(b[2], a[2], y0), a[14], y1)
	y3 := msubReal(msubReal(msubReal(b[3], a[3], y0), a[15], y1), a[27], y2)
	b[4] = msubReal(msubReal(msubReal(msubReal(b[4], a[4], y0), a[16], y1), a[28], y2), a[40], y3)
	b[5] = msubReal(msubReal(msubReal(msubReal(b[5], a[5], y0), a[17], y1), a[29], y2), a[41], y3)
	b[6] = msubReal(msubReal(msubReal(msubReal(b[6], a[6], y0), a[18], y1), a[30], y2), a[42], y3)
	b[7] = msubReal(msubReal(msubReal(msubReal(b[7], a[7], y0), a[19], y1), a[31], y2), a[43], y3)
	b[8] = msubReal(msubReal(msubReal(msubReal(b[8], a[8], y0), a[20], y1), a[32], y2), a[44], y3)
	b[9] = msubReal(msubReal(msubReal(msubReal(b[9], a[9], y0), a[21], y1), a[33], y2), a[45], y3)
	b[10] = msubReal(msubReal(msubReal(msubReal(b[10], a[10], y0), a[22], y1), a[34], y2), a[46], y3)
	if at := swap[4]; at != 4 {
		b[4], b[at] = b[at], b[4]
	}
	if at := swap[5]; at != 5 {
		b[5], b[at] = b[at], b[5]
	}
	if at := swap[6]; at != 6 {
		b[6], b[at] = b[at], b[6]
	}
	if at := swap[7]; at != 7 {
		b[7], b[at] = b[at], b[7]
	}
	y4 := b[4]
	y5 := msubReal(b[5], a[53], y4)
	y6 := msubReal(msubReal(b[6], a[54], y4), a[66], y5)
	y7 := msubReal(msubReal(msubReal(b[7], a[55], y4), a[67], y5), a[79], y6)
	b[8] = msubReal(msubReal(msubReal(msubReal(b[8], a[56], y4), a[68], y5), a[80], y6), a[92], y7)
	b[9] = msubReal(msubReal(msubReal(msubReal(b[9], a[57], y4), a[69], y5), a[81], y6), a[93], y7)
	b[10] = msubReal(msubReal(msubReal(msubReal(b[10], a[58], y4), a[70], y5), a[82], y6), a[94], y7)
	if at := swap[8]; at != 8 {
		b[8], b[at] = b[at], b[8]
	}
	if at := swap[9]; at != 9 {
		b[9], b[at] = b[at], b[9]
	}
	y8 := b[8]
	y9 := msubReal(b[9], a[105], y8)
	y10 := msubReal(msubReal(b[10], a[106], y8), a[118], y9)
	y10 = y10 * inv[10]
	b[10] = y10
	y9 = msubReal(y9, a[129], y10) * inv[9]
	b[9] = y9
	y8 = msubReal(msubReal(y8, a[128], y10), a[116], y9) * inv[8]
	b[8] = y8
	y7 = msubReal(msubReal(msubReal(y7, a[127], y10), a[115], y9), a[103], y8) * inv[7]
	b[7] = y7
	y6 = msubReal(msubReal(msubReal(msubReal(y6, a[126], y10), a[114], y9), a[102], y8), a[90], y7) * inv[6]
	b[6] = y6
	y5 = msubReal(msubReal(msubReal(msubReal(msubReal(y5, a[125], y10), a[113], y9), a[101], y8), a[89], y7), a[77], y6) * inv[5]
	b[5] = y5
	y4 = msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(y4, a[124], y10), a[112], y9), a[100], y8), a[88], y7), a[76], y6), a[64], y5) * inv[4]
	b[4] = y4
	y3 = msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(y3, a[123], y10), a[111], y9), a[99], y8), a[87], y7), a[75], y6), a[63], y5), a[51], y4) * inv[3]
	b[3] = y3
	y2 = msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(y2, a[122], y10), a[110], y9), a[98], y8), a[86], y7), a[74], y6), a[62], y5), a[50], y4), a[38], y3) * inv[2]
	b[2] = y2
	y1 = msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(y1, a[121], y10), a[109], y9), a[97], y8), a[85], y7), a[73], y6), a[61], y5), a[49], y4), a[37], y3), a[25], y2) * inv[1]
	b[1] = y1
	y0 = msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(y0, a[120], y10), a[108], y9), a[96], y8), a[84], y7), a[72], y6), a[60], y5), a[48], y4), a[36], y3), a[24], y2), a[12], y1) * inv[0]
	b[0] = y0
}

func (d *denseReal) solve12(b *[12]float64) {
	a, inv, swap := (*[144]float64)(d.a), (*[12]float64)(d.inv), (*[12]int32)(d.swap)
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
	y2 := msubReal(msubReal(b[2], a[2], y0), a[14], y1)
	y3 := msubReal(msubReal(msubReal(b[3], a[3], y0), a[15], y1), a[27], y2)
	b[4] = msubReal(msubReal(msubReal(msubReal(b[4], a[4], y0), a[16], y1), a[28], y2), a[40], y3)
	b[5] = msubReal(msubReal(msubReal(msubReal(b[5], a[5], y0), a[17], y1), a[29], y2), a[41], y3)
	b[6] = msubReal(msubReal(msubReal(msubReal(b[6], a[6], y0), a[18], y1), a[30], y2), a[42], y3)
	b[7] = msubReal(msubReal(msubReal(msubReal(b[7], a[7], y0), a[19], y1), a[31], y2), a[43], y3)
	b[8] = msubReal(msubReal(msubReal(msubReal(b[8], a[8], y0), a[20], y1), a[32], y2), a[44], y3)
	b[9] = msubReal(msubReal(msubReal(msubReal(b[9], a[9], y0), a[21], y1), a[33], y2), a[45], y3)
	b[10] = msubReal(msubReal(msubReal(msubReal(b[10], a[10], y0), a[22], y1), a[34], y2), a[46], y3)
	b[11] = msubReal(msubReal(msubReal(msubReal(b[11], a[11], y0), a[23], y1), a[35], y2), a[47], y3)
	if at := swap[4]; at != 4 {
		b[4], b[at] = b[at], b[4]
	}
	if at := swap[5]; at != 5 {
		b[5], b[at] = b[at], b[5]
	}
	if at := swap[6]; at != 6 {
		b[6], b[at] = b[at], b[6]
	}
	if at := swap[7]; at != 7 {
		b[7], b[at] = b[at], b[7]
	}
	y4 := b[4]
	y5 := msubReal(b[5], a[53], y4)
	y6 := msubReal(msubReal(b[6], a[54], y4), a[66], y5)
	y7 := msubReal(msubReal(msubReal(b[7], a[55], y4), a[67], y5), a[79], y6)
	b[8] = msubReal(msubReal(msubReal(msubReal(b[8], a[56], y4), a[68], y5), a[80], y6), a[92], y7)
	b[9] = msubReal(msubReal(msubReal(msubReal(b[9], a[57], y4), a[69], y5), a[81], y6), a[93], y7)
	b[10] = msubReal(msubReal(msubReal(msubReal(b[10], a[58], y4), a[70], y5), a[82], y6), a[94], y7)
	b[11] = msubReal(msubReal(msubReal(msubReal(b[11], a[59], y4), a[71], y5), a[83], y6), a[95], y7)
	if at := swap[8]; at != 8 {
		b[8], b[at] = b[at], b[8]
	}
	if at := swap[9]; at != 9 {
		b[9], b[at] = b[at], b[9]
	}
	if at := swap[10]; at != 10 {
		b[10], b[at] = b[at], b[10]
	}
	y8 := b[8]
	y9 := msubReal(b[9], a[105], y8)
	y10 := msubReal(msubReal(b[10], a[106], y8), a[118], y9)
	y11 := msubReal(msubReal(msubReal(b[11], a[107], y8), a[119], y9), a[131], y10)
	y11 = y11 * inv[11]
	b[11] = y11
	y10 = msubReal(y10, a[142], y11) * inv[10]
	b[10] = y10
	y9 = msubReal(msubReal(y9, a[141], y11), a[129], y10) * inv[9]
	b[9] = y9
	y8 = msubReal(msubReal(msubReal(y8, a[140], y11), a[128], y10), a[116], y9) * inv[8]
	b[8] = y8
	y7 = msubReal(msubReal(msubReal(msubReal(y7, a[139], y11), a[127], y10), a[115], y9), a[103], y8) * inv[7]
	b[7] = y7
	y6 = msubReal(msubReal(msubReal(msubReal(msubReal(y6, a[138], y11), a[126], y10), a[114], y9), a[102], y8), a[90], y7) * inv[6]
	b[6] = y6
	y5 = msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(y5, a[137], y11), a[125], y10), a[113], y9), a[101], y8), a[89], y7), a[77], y6) * inv[5]
	b[5] = y5
	y4 = msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(y4, a[136], y11), a[124], y10), a[112], y9), a[100], y8), a[88], y7), a[76], y6), a[64], y5) * inv[4]
	b[4] = y4
	y3 = msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(y3, a[135], y11), a[123], y10), a[111], y9), a[99], y8), a[87], y7), a[75], y6), a[63], y5), a[51], y4) * inv[3]
	b[3] = y3
	y2 = msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(y2, a[134], y11), a[122], y10), a[110], y9), a[98], y8), a[86], y7), a[74], y6), a[62], y5), a[50], y4), a[38], y3) * inv[2]
	b[2] = y2
	y1 = msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(y1, a[133], y11), a[121], y10), a[109], y9), a[97], y8), a[85], y7), a[73], y6), a[61], y5), a[49], y4), a[37], y3), a[25], y2) * inv[1]
	b[1] = y1
	y0 = msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(msubReal(y0, a[132], y11), a[120], y10), a[108], y9), a[96], y8), a[84], y7), a[72], y6), a[60], y5), a[48], y4), a[36], y3), a[24], y2), a[12], y1) * inv[0]
	b[0] = y0
}
