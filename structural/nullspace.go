package structural

import "slices"

// sparseRow is a row of a matrix modulo a prime: columns with values other than 0.
type sparseRow struct {
	col []int32
	val []uint64
}

// dependence says that a row is a combination of rows before it: the sum of times[k]
// times row rows[k] is zero. The row itself comes last, with the multiplier 1; no
// other row of the list is dependent.
type dependence struct {
	rows  []int32
	times []uint64
}

// pivotRow is a row of an echelon form: what is left of a row once multiples of the
// pivot rows before it are subtracted.
type pivotRow struct {
	row   int32
	pivot int32 // column
	inv   uint64
	left  sparseRow
	of    []int32 // pivot rows subtracted, decreasing
	times []uint64
}

// eliminate brings the rows to echelon form in the given order and lists the dependent
// ones. The pivot of a row is its column that the fewest rows mention. ok is false where
// the work exceeds the limit.
//
// Each row is reduced by the pivot rows that its fill leads to, in the order of their
// making, as in left-looking sparse factorisation (Gilbert and Peierls, SIAM J. Sci.
// Stat. Comput. 9(5), 1988), with a heap in place of their depth-first search.
func eliminate(rows []sparseRow, order []int32, cols int, limit int) (basis []pivotRow, dep []dependence, ok bool) {
	count := make([]int32, cols)
	for i := range rows {
		for _, c := range rows[i].col {
			count[c]++
		}
	}
	at := make([]int32, cols) // 1 + index of the pivot row of each column
	acc := make([]uint64, cols)
	in := make([]bool, cols)
	var queue intHeap
	var touched []int32
	for _, i := range order {
		touched = touched[:0]
		put := func(c int32, v uint64) {
			if !in[c] {
				in[c] = true
				touched = append(touched, c)
				if b := at[c]; b > 0 {
					queue.push(b - 1)
				}
			}
			acc[c] = addMod(acc[c], v)
		}
		for k, c := range rows[i].col {
			put(c, rows[i].val[k])
		}
		next := pivotRow{row: i}
		for len(queue) > 0 {
			k := queue.pop()
			b := &basis[k]
			x := acc[b.pivot]
			if x == 0 {
				continue
			}
			f := mulMod(x, b.inv)
			g := negMod(f)
			for j, c := range b.left.col {
				put(c, mulMod(g, b.left.val[j]))
			}
			limit -= len(b.left.col)
			next.of, next.times = append(next.of, k), append(next.times, f)
		}
		best := none
		slices.Sort(touched)
		for _, c := range touched {
			if v := acc[c]; v != 0 {
				next.left.col, next.left.val = append(next.left.col, c), append(next.left.val, v)
				if best == none || count[c] < count[best] {
					best = c
				}
			}
			acc[c], in[c] = 0, false
		}
		if limit < 0 {
			return nil, nil, false
		}
		slices.Reverse(next.of)
		slices.Reverse(next.times)
		if best == none {
			dep = append(dep, unwind(basis, &next))
			continue
		}
		at[best] = int32(len(basis)) + 1
		k, _ := slices.BinarySearch(next.left.col, best)
		next.pivot, next.inv = best, invMod(next.left.val[k])
		basis = append(basis, next)
	}
	return basis, dep, true
}

// unwind writes a row that vanished in terms of the rows that the pivot rows were made
// of.
func unwind(basis []pivotRow, r *pivotRow) dependence {
	times := map[int32]uint64{}
	var todo intHeap // negated, so that the last pivot row comes first
	add := func(of []int32, f []uint64, by uint64) {
		for k, b := range of {
			if _, seen := times[b]; !seen {
				todo.push(-b)
			}
			times[b] = addMod(times[b], negMod(mulMod(by, f[k])))
		}
	}
	add(r.of, r.times, 1)
	d := dependence{}
	for len(todo) > 0 {
		b := -todo.pop()
		if x := times[b]; x != 0 {
			d.rows, d.times = append(d.rows, basis[b].row), append(d.times, x)
			add(basis[b].of, basis[b].times, x)
		}
	}
	slices.Reverse(d.rows)
	slices.Reverse(d.times)
	d.rows, d.times = append(d.rows, r.row), append(d.times, 1)
	return d
}

// intHeap is a binary heap, smallest first.
type intHeap []int32

func (h *intHeap) push(x int32) {
	a := append(*h, x)
	i := len(a) - 1
	for i > 0 && a[(i-1)/2] > a[i] {
		a[i], a[(i-1)/2] = a[(i-1)/2], a[i]
		i = (i - 1) / 2
	}
	*h = a
}

func (h *intHeap) pop() int32 {
	a := *h
	x, n := a[0], len(a)-1
	a[0] = a[n]
	a = a[:n]
	for i := 0; ; {
		c := 2*i + 1
		if c >= n {
			break
		}
		if c+1 < n && a[c+1] < a[c] {
			c++
		}
		if a[i] <= a[c] {
			break
		}
		a[i], a[c] = a[c], a[i]
		i = c
	}
	*h = a
	return x
}
