package structural

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/mtkc/mtkc/expr"
)

// solveNoise finds the noise of the algebraic states of linear blocks: of 0 = A z + C w + ... it is -A^-1 C w. The elimination is
// done in terms, with pivots that were chosen by their size with default parameters at a random point, and by how much they
// fill (Markowitz, Management Science 3(3), 1957). Then the carriers are written in noises alone.
func (w *work) solveNoise(c *carriers) {
	if len(c.states) == 0 {
		return
	}
	pl, noises := w.plan, int32(len(w.sys.Noises))
	value := w.randomPoint()
	inNoise := make([][]part, len(c.states)) // by state: solved
	put := func(parts []part) []part {
		var terms []part
		for _, q := range parts {
			if q.noise < noises {
				terms = append(terms, q)
				continue
			}
			for _, z := range inNoise[q.noise-noises] {
				terms = append(terms, part{z.noise, w.pool.Mul(q.term, z.term)})
			}
		}
		return w.collect(terms)
	}
	for b := range pl.AlgBlocks {
		k := &pl.AlgBlocks[b]
		first, noisy := c.state[pl.States[pl.NDiff+k.First].Atom]
		if !noisy {
			continue
		}
		m := &noiseSystem{w: w, c: c, n: k.N, value: value}
		fine := true
		for i := k.First; i < k.First+k.N; i++ {
			q := &pl.Residuals[i]
			parts, ok := w.partsOf(c, q.Value)
			if !ok {
				in := c.of(q.Value)
				if in == nil {
					in = []int32{0}
				}
				w.list.Add(c.equationPos(q.Eq, in), "E318", "white noise can only be multiplied with what holds no noise, and added: der(x) = f + g*noise",
					"%s is not linear in the noise %s", pl.Text(q), c.name(in))
				fine = false
				continue
			}
			var own, other []part
			for _, x := range parts {
				if j := x.noise - noises - first; j >= 0 && int(j) < k.N {
					own = append(own, part{j, x.term})
				} else {
					other = append(other, x)
				}
			}
			m.add(own, put(other), q)
		}
		if !fine {
			continue
		}
		z, why := m.solve()
		if why != "" {
			q := &pl.Residuals[k.First]
			in := m.noise()
			w.list.Add(c.equationPos(q.Eq, in), "E319", "take noise out of some components, or give the variables between them derivatives",
				"the noise %s is in %s that are solved together, beginning with %s: %s", c.name(in), plural(k.N, "linear algebraic equation"), pl.Text(q), why)
			return
		}
		copy(inNoise[first:], z)
		c.solved[b] = true
	}
	for i := range c.parts {
		c.parts[i] = put(c.parts[i])
	}
	for k := range pl.Seq {
		if i, ok := c.index[pl.Seq[k].Target]; ok {
			c.nameParts(c.parts[i], pl.Seq[k].Eq, pl.Seq[k].From)
		}
	}
	for i, s := range c.states {
		c.index[pl.States[s].Atom] = int32(len(c.parts))
		c.parts = append(c.parts, inNoise[i])
	}
	for a, i := range c.index {
		if len(c.parts[i]) == 0 {
			delete(c.index, a)
		}
	}
	// Names of the first pass that nothing needs any more.
	need := map[expr.ID]bool{}
	see := func(e expr.ID) { w.atoms(e, func(a expr.ID) { need[a] = true }) }
	for i := range c.parts {
		for _, q := range c.parts[i] {
			see(q.term)
		}
	}
	kept := pl.NoiseSeq[:0:0]
	for k := len(pl.NoiseSeq) - 1; k >= 0; k-- {
		if x := pl.NoiseSeq[k]; need[x.Target] {
			kept = append(kept, x)
			see(x.Value)
		}
	}
	slices.Reverse(kept)
	pl.NoiseSeq = kept
}

// randomPoint evaluates terms of the plan, and of NoiseSeq as it grows, with default parameters at random states.
func (w *work) randomPoint() func(e expr.ID) float64 {
	rng := rand.New(rand.NewPCG(uint64(len(w.plan.Seq)), 17))
	at := map[expr.ID]float64{}
	var value func(e expr.ID) float64
	value = func(e expr.ID) float64 {
		return w.pool.Eval(e, func(a expr.ID) (float64, bool) {
			if !w.pool.IsAtom(a) {
				return 0, false
			}
			x, ok := at[a]
			if !ok {
				x = 0.5 + rng.Float64()
				switch r, i := w.roleOf(a); r {
				case roleParam, roleKnown:
					if y := w.number(a); y == y {
						x = y
					}
				case roleAuxiliary:
					x = value(w.aux[i].value)
				case roleRelation, roleSample, roleWhen:
					x = float64(rng.IntN(2))
				case roleNoise:
					x = 0
				}
				at[a] = x
			}
			return x, true
		})
	}
	for k := range w.plan.Seq {
		at[w.plan.Seq[k].Target] = value(w.plan.Seq[k].Value)
	}
	return value
}

// noiseSystem is a linear system in terms, 0 = A z + C w: sparse rows whose first n columns are those of A.
type noiseSystem struct {
	w     *work
	c     *carriers
	n     int
	rows  []map[int32]noiseCell
	eq    []*Residual
	value func(e expr.ID) float64
}

// noiseCell is an entry with its value at a point.
type noiseCell struct {
	term expr.ID
	x    float64
}

func (m *noiseSystem) add(own, other []part, q *Residual) {
	row := map[int32]noiseCell{}
	for _, x := range own {
		row[x.noise] = noiseCell{x.term, m.value(x.term)}
	}
	for _, x := range other {
		row[int32(m.n)+x.noise] = noiseCell{x.term, m.value(x.term)}
	}
	m.rows, m.eq = append(m.rows, row), append(m.eq, q)
}

// noise lists noises of the system.
func (m *noiseSystem) noise() (list []int32) {
	for _, r := range m.rows {
		for j := range r {
			if j >= int32(m.n) {
				list = append(list, j-int32(m.n))
			}
		}
	}
	slices.Sort(list)
	return append(list, 0)
}

// solve returns what the noises are multiplied with in each unknown, or why it cannot.
func (m *noiseSystem) solve() (z [][]part, why string) {
	w, p, n := m.w, m.w.pool, int32(m.n)
	call := func(t expr.ID, row int) expr.ID { return m.c.called(t, m.eq[row].Eq, m.eq[row].From) }
	open := make([]bool, n)
	count := make([]int, n) // entries of each column in open rows
	for i := range open {
		open[i] = true
		for j := range m.rows[i] {
			if j < n {
				count[j]++
			}
		}
	}
	type pivot struct {
		row int
		col int32
	}
	var order []pivot
	for range n {
		best, score := pivot{row: -1}, 0
		for i := range m.rows {
			if !open[i] {
				continue
			}
			size, width := 0.0, 0
			for j, e := range m.rows[i] {
				if j < n {
					size, width = math.Max(size, math.Abs(e.x)), width+1
				}
			}
			for j, e := range m.rows[i] {
				if j >= n || !(math.Abs(e.x) >= 0.1*size) || size == 0 {
					continue
				}
				s := (width - 1) * (count[j] - 1)
				if best.row < 0 || s < score || s == score && (i < best.row || i == best.row && j < best.col) {
					best, score = pivot{i, j}, s
				}
			}
		}
		if best.row < 0 {
			return nil, "they are singular with the default parameters"
		}
		if m.c.named > mostNames {
			return nil, tooLarge
		}
		order = append(order, best)
		open[best.row] = false
		top := m.rows[best.row]
		for j := range top {
			if j < n {
				count[j]--
			}
		}
		cols := slices.Sorted(maps.Keys(top))
		for i := range m.rows {
			e, ok := m.rows[i][best.col]
			if !open[i] || !ok {
				continue
			}
			f := noiseCell{call(p.Div(e.term, top[best.col].term), i), e.x / top[best.col].x}
			delete(m.rows[i], best.col)
			count[best.col]--
			for _, j := range cols {
				if j == best.col {
					continue
				}
				old, was := m.rows[i][j]
				if !was {
					old.term = expr.Zero
				}
				t := p.Sub(old.term, p.Mul(f.term, top[j].term))
				if t == expr.Zero {
					if was && j < n {
						count[j]--
					}
					delete(m.rows[i], j)
					continue
				}
				if !was && j < n {
					count[j]++
				}
				m.rows[i][j] = noiseCell{call(t, i), old.x - f.x*top[j].x}
			}
		}
	}
	z = make([][]part, n)
	for k := len(order) - 1; k >= 0; k-- {
		q := order[k]
		row := m.rows[q.row]
		var terms []part
		for _, j := range slices.Sorted(maps.Keys(row)) {
			switch {
			case j >= n:
				terms = append(terms, part{j - n, row[j].term})
			case j != q.col:
				for _, x := range z[j] {
					terms = append(terms, part{x.noise, p.Mul(row[j].term, x.term)})
				}
			}
		}
		parts := w.collect(terms)
		for i := range parts {
			parts[i].term = call(p.Neg(p.Div(parts[i].term, row[q.col].term)), q.row)
		}
		z[q.col] = parts
	}
	if m.c.named > mostNames {
		return nil, tooLarge
	}
	return z, ""
}

// isSolved reports whether a residual belongs to a block whose noise was solved for.
func (c *carriers) isSolved(i int) bool {
	for b := range c.w.plan.AlgBlocks {
		if k := &c.w.plan.AlgBlocks[b]; i >= k.First && i < k.First+k.N {
			return c.solved[b]
		}
	}
	return false
}

// mostNames bounds the terms by which the noise of algebraic states is solved for.
const (
	mostNames = 100_000
	tooLarge  = "how the noises come through to the unknowns takes too many terms"
)
