package linsolve

// program is the elimination of a matrix with a fixed pattern and fixed pivots as a list
// of indices: which entry each product is subtracted from. It holds no numbers, so one
// program serves the real and the complex matrix of a pattern.
//
// The entries stand in one array: L by columns, the pivots, U by rows, and last the
// entries above the diagonal blocks of the block triangular form by columns, which
// elimination does not touch.
//
// Gustavson, Liniger, Willoughby, J. ACM 17(1), 1970, generate code of this kind; Sandu
// et al., Atmos. Environ. 30(20), 1996, use it for chemical kinetics.
type program struct {
	n        int
	row, col []int32 // of the matrix, at each position
	start    []int32 // of the blocks
	lp, up   []int32 // column k of L is lp[k]..lp[k+1]-1, row k of U is up[k]..up[k+1]-1
	diag     int32   // where the pivots begin
	li, lk   []int32 // per entry of L, its row and its column
	dst      []int32 // per product, the entry it is subtracted from: for each pivot, for each u, for each l
	fill     []int32 // entries that are not entries of the matrix
	put      []int32 // where each value of the matrix goes
	at       []int32 // and the position of its row
	back     []step  // the back substitution of block after block, from the last
	bp       []int32 // where that of each block begins
	size     int
}

// step subtracts entry v times unknown j from unknown i.
type step struct{ v, i, j int32 }

// maxProgram is the number of unknowns up to which programs are made: the table that
// making one needs is quadratic.
const maxProgram = 1000

// newProgram makes the program for pivots (row[k], col[k]) of p; it returns nil for more
// than maxProgram unknowns and where the products are too many.
func newProgram(p *Pattern, bl blocks) *program {
	n := p.Cols
	if n > maxProgram {
		return nil
	}
	ints := func(n int) []int32 { return make([]int32, n) }
	bl.Start = joinSingles(bl.Start)
	g := &program{n: n, row: bl.Row, col: bl.Col, start: bl.Start, lp: ints(n + 1), up: ints(n + 1)}
	rowAt, first := ints(n), ints(n)
	for k, i := range bl.Row {
		rowAt[i] = int32(k)
	}
	// on[i*n+j]: there is an entry.
	on := make([]bool, n*n)
	nb := len(bl.Start) - 1
	for b := range nb {
		for k := bl.Start[b]; k < bl.Start[b+1]; k++ {
			first[k] = bl.Start[b]
		}
	}
	for k, j := range bl.Col {
		on[k*n+k] = true
		for _, i := range p.RowIdx[p.ColPtr[j]:p.ColPtr[j+1]] {
			on[int(rowAt[i])*n+k] = true
		}
	}
	var uj []int32 // columns of U
	products := 0
	for b := range nb {
		lo, hi := int(bl.Start[b]), int(bl.Start[b+1])
		for k := lo; k < hi; k++ {
			for j := k + 1; j < hi; j++ {
				if on[k*n+j] {
					uj = append(uj, int32(j))
				}
			}
			u := uj[g.up[k]:]
			for i := k + 1; i < hi; i++ {
				if on[i*n+k] {
					g.li, g.lk = append(g.li, int32(i)), append(g.lk, int32(k))
					for _, j := range u {
						on[i*n+int(j)] = true
					}
					products += len(u)
				}
			}
			if products > 4*productLimit {
				return nil
			}
			g.lp[k+1], g.up[k+1] = int32(len(g.li)), int32(len(uj))
		}
	}
	g.diag = int32(len(g.li))
	upper := g.diag + int32(n)
	slot := ints(n * n)
	for k := range n {
		slot[k*n+k] = g.diag + int32(k)
		for q := g.lp[k]; q < g.lp[k+1]; q++ {
			slot[int(g.li[q])*n+k] = q
		}
		for q := g.up[k]; q < g.up[k+1]; q++ {
			slot[k*n+int(uj[q])] = upper + q
		}
		g.up[k] += upper
	}
	g.up[n] += upper
	g.size = int(g.up[n])
	g.dst = make([]int32, 0, products)
	for k := range n {
		for q := g.up[k]; q < g.up[k+1]; q++ {
			for _, i := range g.li[g.lp[k]:g.lp[k+1]] {
				g.dst = append(g.dst, slot[int(i)*n+int(uj[q-upper])])
			}
		}
	}
	used := make([]bool, g.size)
	g.put, g.at = ints(p.NNZ()), ints(p.NNZ())
	g.bp = ints(nb + 1)
	for b := nb - 1; b >= 0; b-- {
		for k := bl.Start[b+1] - 1; k >= bl.Start[b]; k-- {
			for i := k - 1; i >= bl.Start[b]; i-- {
				if on[int(i)*n+int(k)] {
					g.back = append(g.back, step{slot[int(i)*n+int(k)], i, k})
				}
			}
			j := bl.Col[k]
			for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
				i := rowAt[p.RowIdx[e]]
				g.at[e] = i
				if i >= first[k] {
					g.put[e] = slot[int(i)*n+int(k)]
					used[g.put[e]] = true
				} else {
					g.put[e] = int32(g.size)
					g.back = append(g.back, step{int32(g.size), i, k})
					g.size++
				}
			}
		}
		g.bp[b] = int32(len(g.back))
	}
	for s, u := range used {
		if !u {
			g.fill = append(g.fill, int32(s))
		}
	}
	return g
}

// entries is the number of entries of L and U and above the diagonal blocks.
func (g *program) entries() int { return g.size }

// joinSingles joins blocks of one unknown to the block behind them: there is nothing to
// eliminate below them, so that costs no fill, and there are fewer blocks to go through.
func joinSingles(start []int32) []int32 {
	joined := start[:1:1]
	for b := 1; b < len(start); b++ {
		if start[b]-start[b-1] > 1 || b == len(start)-1 {
			joined = append(joined, start[b])
		}
	}
	return joined
}
