package structural

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/rewrite"
)

// White noise. While the equations are worked on, a noise is an atom that moves, of which
// nothing is known: it is neither constant nor solved for. When everything has its place in
// the sequence, it must be where it means something: linear, and on the way to derivatives.
// Then the sequence is divided into its part without noise, which is the plan, and the
// coefficients of the noises: der(x) = f + g*noise is dx = f dt + g dW.

// Noise is a white noise, the derivative of a Wiener process.
type Noise struct {
	Atom         expr.ID
	Name         string
	Index        int // into Sys.Noises
	Stratonovich bool
}

// Diffusion is how the noises drive the derivatives: in the matrix G of du = f dt + G dW the
// row State and the column Noise have the entry Value, a term as those of Plan.Seq
// that may mention the targets of Plan.NoiseSeq too.
type Diffusion struct {
	State int // index into Plan.States, below NDiff
	Noise int // index into Plan.Noises
	Value expr.ID
}

// tangent is a term of which the time derivative was taken, and where.
type tangent struct {
	term expr.ID
	pos  diag.Pos
}

// noiseRoles makes atoms of the noises.
func (w *work) noiseRoles() {
	if len(w.sys.Noises) > 0 && len(w.sys.Delays) > 0 {
		w.list.Add(w.sys.Delays[0].Pos, "E309", "replace it by a state (a first-order lag or a chain of them), or leave the noise out", "delays in a model with noise are not supported yet")
	}
	for k := range w.sys.Noises {
		n := &w.sys.Noises[k]
		i, ok := w.sys.VarOf(n.Sym)
		switch {
		case !ok || w.sys.Vars[i].Kind != model.InputVar || w.sys.Vars[i].Type != model.RealType:
			w.list.Add(n.Pos, "E319", "make noises with Noise", "the noise %s is no real input of the model", w.pool.String(n.Sym))
		case w.isNoise(n.Sym):
			w.list.Add(n.Pos, "E319", "list it once", "the noise %s is listed twice", w.pool.Name(n.Sym))
		default:
			w.setRole(n.Sym, roleNoise, int32(k))
		}
	}
}

func (w *work) isNoise(a expr.ID) bool {
	r, _ := w.roleOf(a)
	return r == roleNoise
}

// noiseSlope stands for the time derivative of a noise, which does not exist.
func (w *work) noiseSlope(a expr.ID) expr.ID {
	s := w.fresh("der(" + w.pool.Name(a) + ")")
	w.setRole(s, roleNoise, none)
	return s
}

// noiseIn names a noise in a term, "" if there is none.
func (w *work) noiseIn(e expr.ID) (name string) {
	if len(w.sys.Noises) == 0 || e == expr.None {
		return ""
	}
	w.atoms(e, func(a expr.ID) {
		if name == "" && w.isNoise(a) {
			name = w.pool.Name(a)
		}
	})
	return name
}

// noNoise reports a noise in a term where no noise can be.
func (w *work) noNoise(e expr.ID, pos diag.Pos, where string) {
	if name := w.noiseIn(e); name != "" {
		w.misplaced(pos, where, name)
	}
}

func (w *work) misplaced(pos diag.Pos, where, name string) {
	w.list.Add(pos, "E317", "white noise has no value at an instant: let it drive a state, der(x) = a - x + b*noise, and use the state",
		"%s depends on the noise %s", where, strings.TrimSuffix(strings.TrimPrefix(name, "der("), ")"))
}

// differentiate notes that the time derivative of a term is taken for good: noise cannot be in it, and Ito's
// lemma is looked at when it is known what the noises drive.
func (w *work) differentiate(e expr.ID, pos diag.Pos, what string) {
	if len(w.sys.Noises) == 0 {
		return
	}
	w.noNoise(e, pos, what)
	w.tangents = append(w.tangents, tangent{e, pos})
}

// part is what a noise is multiplied with in a carrier. While the sequence is read, a number from the count of noises on is an algebraic state
// that may hold noise.
type part struct {
	noise int32
	term  expr.ID
}

// carriers are the targets of the sequence, and algebraic states, that hold noise.
type carriers struct {
	w      *work
	index  map[expr.ID]int32 // by target
	parts  [][]part          // by ascending noise
	curved map[expr.ID]int   // targets that are not linear in noise: index into the sequence

	states []int             // algebraic states that may hold noise, as indices into Plan.States
	state  map[expr.ID]int32 // their places in states
	solved []bool            // by algebraic block: its noise has been solved for
	affine *rewrite.Affine
	named  int // names given, for a limit
}

// of lists the noises that a term holds, directly or through targets.
func (c *carriers) of(e expr.ID) (noises []int32) {
	if e == expr.None {
		return nil
	}
	seen := map[int32]bool{}
	add := func(k int32) {
		if !seen[k] {
			seen[k] = true
			noises = append(noises, k)
		}
	}
	c.w.atoms(e, func(a expr.ID) {
		if r, k := c.w.roleOf(a); r == roleNoise && k != none {
			add(k)
		} else if i, ok := c.index[a]; ok {
			for _, p := range c.parts[i] {
				add(p.noise)
			}
		} else if k, ok := c.curved[a]; ok {
			for _, n := range c.of(c.w.plan.Seq[k].Value) {
				add(n)
			}
		}
	})
	slices.Sort(noises)
	return noises
}

func (c *carriers) name(noises []int32) string { return c.w.pool.Name(c.w.sys.Noises[noises[0]].Sym) }

// equationPos is the position of an equation of the model by its index, that of the noise if there is none.
func (c *carriers) equationPos(eq int, noises []int32) diag.Pos {
	if eq >= 0 {
		return c.w.sys.Equations[eq].Pos
	}
	return c.w.sys.Noises[noises[0]].Pos
}

// assigned is an assignment of the sequence as an equation, for messages.
func (w *work) assigned(x *Assign) *equation {
	return &equation{src: int32(x.Eq), res: w.pool.Sub(x.Target, x.Value), lhs: expr.None, rhs: expr.None, from: x.From}
}

// noises checks where the noises are and takes them out of the plan and out of the equations, which the
// initialization uses.
func (w *work) noises(a *assembled) {
	if len(w.sys.Noises) == 0 {
		return
	}
	pl := w.plan
	c := &carriers{w: w, index: map[expr.ID]int32{}, curved: map[expr.ID]int{}, state: map[expr.ID]int32{}, solved: make([]bool, len(pl.AlgBlocks))}
	w.noisyBlocks(c)
	w.carry(c)
	w.solveNoise(c)
	if !w.failed() {
		w.checkCurved(c)
	}
	if w.failed() {
		return
	}
	w.checkNoise(c)
	w.checkIto(c)
	if w.failed() {
		return
	}
	// Noises that drive nothing are no columns.
	column := make([]int, len(w.sys.Noises))
	for i, d := range pl.Deriv {
		at, ok := c.index[d]
		if !ok {
			continue
		}
		for _, p := range c.parts[at] {
			column[p.noise] = 1
			pl.Diffusion = append(pl.Diffusion, Diffusion{State: i, Noise: int(p.noise), Value: p.term})
		}
	}
	for k := range w.sys.Noises {
		n := &w.sys.Noises[k]
		if column[k] == 0 {
			column[k] = -1
			w.note(n.Pos, "W310", "remove it, or let it drive a state", "the noise %s drives nothing", w.pool.Name(n.Sym))
			continue
		}
		column[k] = len(pl.Noises)
		pl.Noises = append(pl.Noises, Noise{Atom: n.Sym, Name: w.pool.Name(n.Sym), Index: k, Stratonovich: n.Stratonovich})
	}
	for i := range pl.Diffusion {
		pl.Diffusion[i].Noise = column[pl.Diffusion[i].Noise]
	}
	w.silence(a)
}

// noisyBlocks finds the algebraic states that may hold noise: those of linear blocks that noise reaches.
func (w *work) noisyBlocks(c *carriers) {
	pl := w.plan
	noisy := make([]bool, len(pl.AlgBlocks))
	held := map[expr.ID]bool{} // states and targets that may hold noise
	holds := func(e expr.ID) (yes bool) {
		w.atoms(e, func(a expr.ID) { yes = yes || w.isNoise(a) || held[a] })
		return yes
	}
	for again := true; again; {
		again = false
		for k := range pl.Seq {
			if x := &pl.Seq[k]; !held[x.Target] && holds(x.Value) {
				held[x.Target] = true
			}
		}
		for b := range pl.AlgBlocks {
			k := &pl.AlgBlocks[b]
			if noisy[b] || !k.Linear {
				continue
			}
			for i := k.First; i < k.First+k.N; i++ {
				noisy[b] = noisy[b] || holds(pl.Residuals[i].Value)
			}
			if !noisy[b] {
				continue
			}
			again = true
			for i := k.First; i < k.First+k.N; i++ {
				a := pl.States[pl.NDiff+i].Atom
				held[a] = true
				c.state[a] = int32(len(c.states))
				c.states = append(c.states, pl.NDiff+i)
			}
		}
	}
}

// carry finds the targets that hold noise, in the order of the sequence, with the coefficients of
// the noises in them, and of the algebraic states that may hold noise.
func (w *work) carry(c *carriers) {
	pl := w.plan
	noises, more := len(w.sys.Noises), len(c.states)
	c.affine = rewrite.NewAffine(w.pool, func(a expr.ID) (int, bool) {
		if r, k := w.roleOf(a); r == roleNoise && k != none {
			return int(k), true
		}
		if k, ok := c.state[a]; ok {
			return noises + int(k), true
		}
		if _, ok := c.curved[a]; ok {
			return noises + more + len(pl.Seq) + c.curved[a], true
		}
		k, ok := c.index[a]
		return noises + more + int(k), ok
	})
	for k := range pl.Seq {
		x := &pl.Seq[k]
		parts, ok := w.partsOf(c, x.Value)
		if !ok {
			c.curved[x.Target] = k
			continue
		}
		if len(parts) == 0 {
			continue
		}
		c.nameParts(parts, x.Eq, x.From)
		c.index[x.Target] = int32(len(c.parts))
		c.parts = append(c.parts, parts)
	}
}

// partsOf is what the noises, and the algebraic states that may hold noise, are multiplied with in a term. ok is false where
// it is not linear in them.
func (w *work) partsOf(c *carriers, e expr.ID) (parts []part, ok bool) {
	p := w.pool
	first := len(w.sys.Noises) + len(c.states)
	f, ok := c.affine.Of(e)
	if !ok {
		return nil, false
	}
	var terms []part
	for i, v := range f.Vars {
		switch {
		case f.Coeffs[i] == expr.Zero:
		case v >= first+len(w.plan.Seq):
			return nil, false // linear in what is not linear itself
		case v < first:
			terms = append(terms, part{int32(v), f.Coeffs[i]})
		default:
			for _, q := range c.parts[v-first] {
				terms = append(terms, part{q.noise, p.Mul(f.Coeffs[i], q.term)})
			}
		}
	}
	return w.collect(terms), true
}

// collect adds the terms of each noise.
func (w *work) collect(terms []part) []part {
	slices.SortStableFunc(terms, func(a, b part) int { return int(a.noise) - int(b.noise) })
	var parts []part
	for i := 0; i < len(terms); {
		var sum []expr.ID
		n := terms[i].noise
		for ; i < len(terms) && terms[i].noise == n; i++ {
			sum = append(sum, terms[i].term)
		}
		if t := w.pool.Add(sum...); t != expr.Zero {
			parts = append(parts, part{n, t})
		}
	}
	return parts
}

// nameParts gives names to terms that are not simple.
func (c *carriers) nameParts(parts []part, eq int, from int32) {
	for i := range parts {
		parts[i].term = c.called(parts[i].term, eq, from)
	}
}

func (c *carriers) called(t expr.ID, eq int, from int32) expr.ID {
	w := c.w
	if w.elim.simple(t) {
		return t
	}
	s := w.auxiliary("g", t)
	w.plan.NoiseSeq = append(w.plan.NoiseSeq, Assign{Target: s, Value: t, Eq: eq, From: from})
	c.named++
	return s
}

// checkCurved reports what is not linear in noise and on the way to derivatives. What is not on the way is told of by
// checkOutputs.
func (w *work) checkCurved(c *carriers) {
	if len(c.curved) == 0 {
		return
	}
	used := w.towardsDerivatives()
	for k := range w.plan.Seq {
		x := &w.plan.Seq[k]
		if _, ok := c.curved[x.Target]; !ok || !used[x.Target] {
			continue
		}
		if _, ok := c.affine.Of(x.Value); ok {
			continue // it follows from another one
		}
		if in := c.of(x.Value); in != nil {
			w.list.Add(c.equationPos(x.Eq, in), "E318", "white noise can only be multiplied with what holds no noise, and added: der(x) = f + g*noise",
				"%s is not linear in the noise %s", w.equationText(w.assigned(x)), c.name(in))
		}
	}
}

// towardsDerivatives marks what derivatives and residuals depend on.
func (w *work) towardsDerivatives() map[expr.ID]bool {
	pl := w.plan
	used := map[expr.ID]bool{}
	for _, d := range pl.Deriv {
		used[d] = true
	}
	for _, list := range [][]Residual{pl.Residuals, pl.Invariants} {
		for i := range list {
			w.atoms(list[i].Value, func(a expr.ID) { used[a] = true })
		}
	}
	for k := len(pl.Seq) - 1; k >= 0; k-- {
		if used[pl.Seq[k].Target] {
			w.atoms(pl.Seq[k].Value, func(a expr.ID) { used[a] = true })
		}
	}
	return used
}

// mostNames bounds the terms by which the noise of algebraic states is solved for.
const (
	mostNames = 100_000
	tooLarge  = "how the noises come through to the unknowns takes too many terms"
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

// checkNoise reports noise in places that take a function of time.
func (w *work) checkNoise(c *carriers) {
	pl := w.plan
	for _, list := range []struct {
		of         []Residual
		what, next string
	}{
		{pl.Residuals, "the algebraic equation", "solve it for the variable that holds the noise, v = a + b*noise, or give that variable a derivative: white noise through a first-order lag"},
		{pl.Invariants, "the constraint", "let the noise drive what the constraint leaves free"},
	} {
		for i := range list.of {
			if list.what == "the algebraic equation" && c.isSolved(i) {
				continue
			}
			if in := c.of(list.of[i].Value); in != nil {
				w.list.Add(c.equationPos(list.of[i].Eq, in), "E319", list.next, "the noise %s is in %s %s", c.name(in), list.what, pl.Text(&Residual{Value: list.of[i].Value, Eq: list.of[i].Eq, From: list.of[i].From, src: list.of[i].src}))
			}
		}
	}
	at := func(e expr.ID, pos diag.Pos, where string) {
		if e == expr.None {
			return
		}
		if in := c.of(w.elim.replace(e)); in != nil {
			w.misplaced(pos, where, c.name(in))
		}
	}
	for i := range w.rels {
		r := &w.rels[i]
		if in := c.of(r.term); in != nil {
			pos := w.sys.Noises[in[0]].Pos
			w.atoms(r.term, func(a expr.ID) {
				if k, ok := c.index[a]; ok && len(c.parts[k]) > 0 {
					if _, v := w.roleOf(a); v != none && int(v) < len(w.vars) && w.vars[v].atom == a {
						pos = w.varPos(v)
					}
				}
			})
			w.misplaced(pos, "the condition "+w.pool.Text(r.term, expr.TextOptions{Limit: dumpLimit}), c.name(in))
		}
	}
	for _, clause := range w.hyb.clauses {
		for j := range clause {
			b := &clause[j]
			for _, e := range b.conds {
				at(e, b.pos, "the condition of an event")
			}
			for i := range b.actions {
				x := &b.actions[i]
				for _, e := range []expr.ID{x.value, x.cond, x.guard} {
					if e != 0 {
						at(e, x.pos, "an event")
					}
				}
			}
		}
	}
	for i := range w.hyb.asserts {
		at(w.hyb.asserts[i].cond, w.hyb.asserts[i].pos, "an assertion")
	}
	for i := range w.sys.Scheduled {
		e := &w.sys.Scheduled[i]
		for _, list := range [][]expr.ID{e.Indicators, {e.Delay, e.Priority}, e.Values, e.Factors} {
			for _, s := range list {
				at(s, e.Pos, "the event "+e.Name)
			}
		}
	}
	for i := range w.sys.Delays {
		for _, s := range []expr.ID{w.sys.Delays[i].Of, w.sys.Delays[i].Tau, w.sys.Delays[i].Before} {
			at(s, w.sys.Delays[i].Pos, "a delayed value")
		}
	}
	for i := range w.init {
		q := &w.init[i]
		in := c.of(q.res)
		if in == nil {
			continue
		}
		// A derivative at the start is that of the part without noise.
		held := false
		w.atoms(q.res, func(a expr.ID) {
			if w.isNoise(a) {
				held = true
			}
			if _, ok := c.index[a]; ok {
				if r, v := w.roleOf(a); r != roleVar || w.vars[v].integ == none {
					held = true
				}
			}
		})
		if held {
			w.misplaced(w.pos(q), "the initial equation "+w.equationText(q), c.name(in))
		}
	}
	if !w.failed() {
		w.checkOutputs(c)
	}
}

// checkOutputs looks at what holds noise and is on the way to no derivative. A noise that is in
// such places alone would be lost; else its carrier is shown without it.
func (w *work) checkOutputs(c *carriers) {
	pl := w.plan
	used := w.towardsDerivatives()
	drives := make([]bool, len(w.sys.Noises))
	for _, d := range pl.Deriv {
		if i, ok := c.index[d]; ok {
			for _, p := range c.parts[i] {
				drives[p.noise] = true
			}
		}
	}
	var shown []string
	var first diag.Pos
	for k := range pl.Seq {
		x := &pl.Seq[k]
		in := c.of(x.Target)
		if in == nil || used[x.Target] {
			continue
		}
		for _, n := range in {
			if drives[n] {
				continue
			}
			drives[n] = true // said once
			w.list.Add(c.equationPos(x.Eq, []int32{n}), "E319", "white noise has no value at an instant: let it drive a state, der(x) = a - x + b*noise, and use the state",
				"the noise %s reaches no derivative: it is in the algebraic equation %s", w.pool.Name(w.sys.Noises[n].Sym), w.equationText(w.assigned(x)))
		}
		if v, isVar := w.sys.VarOf(x.Target); isVar && !w.elim.simple(x.Value) {
			if len(shown) == 0 {
				first = c.equationPos(x.Eq, in)
			}
			shown = append(shown, w.sys.Vars[v].Name)
		}
	}
	if len(shown) > 0 && !w.failed() {
		text := shown[0] + " holds"
		if n := len(shown); n > 1 {
			text = strings.Join(shown[:min(n, maxNamed)], ", ")
			if n > maxNamed {
				text += fmt.Sprintf(" and %d more", n-maxNamed)
			}
			text += " hold"
		}
		w.note(first, "W311", "nothing, if only states are looked at", "%s white noise, which has no value at an instant: what is shown is the value without the noise", text)
	}
}

// checkIto reports terms whose time derivative the ordinary chain rule gives, although they are
// not linear in variables that Ito noise drives.
func (w *work) checkIto(c *carriers) {
	for _, t := range w.tangents {
		e := w.elim.replace(t.term)
		driven := map[expr.ID][]int32{}
		var atoms []expr.ID
		w.atoms(e, func(a expr.ID) {
			r, v := w.roleOf(a)
			if r != roleVar || w.vars[v].der == none {
				return
			}
			var ito []int32
			for _, k := range c.of(w.elim.replacement(w.vars[v].der)) {
				if !w.sys.Noises[k].Stratonovich {
					ito = append(ito, k)
				}
			}
			if ito != nil {
				driven[a] = ito
				atoms = append(atoms, a)
			}
		})
		if len(atoms) == 0 {
			continue
		}
		names, derivs := w.pool.Gradient(e, func(a expr.ID) bool { return driven[a] != nil })
		for i, d := range derivs {
			for _, a := range atoms {
				k := slices.IndexFunc(driven[a], func(k int32) bool { return slices.Contains(driven[names[i]], k) })
				if k < 0 || w.pool.Diff(d, a, nil) == expr.Zero {
					continue
				}
				w.list.Add(t.pos, "E320", "use StratonovichNoise, for which the chain rule holds, or write the equation with the correction of Ito's lemma",
					"the derivative of %s is needed, which is not linear in %s, driven by the Ito noise %s", w.pool.Text(e, expr.TextOptions{Limit: dumpLimit}), w.pool.Name(a), c.name(driven[a][k:]))
				return
			}
		}
	}
}

// silence puts 0 for the noises in everything that is left.
func (w *work) silence(a *assembled) {
	w.memo.reset()
	zero := func(e *expr.ID) {
		if *e != expr.None {
			*e = w.rewrite(*e, func(a expr.ID) expr.ID {
				if w.isNoise(a) {
					return expr.Zero
				}
				return a
			})
		}
	}
	pl := w.plan
	for k := range pl.Seq {
		zero(&pl.Seq[k].Value)
	}
	for k := range pl.Residuals {
		zero(&pl.Residuals[k].Value)
	}
	if pl.Lifted != nil {
		for k := range pl.Lifted.Seq {
			zero(&pl.Lifted.Seq[k].Value)
		}
		for k := range pl.Lifted.Residuals {
			zero(&pl.Lifted.Residuals[k].Value)
		}
	}
	for _, list := range [][]equation{a.eqs, w.init} {
		for i := range list {
			zero(&list[i].res)
			if list[i].lhs != expr.None {
				zero(&list[i].lhs)
				zero(&list[i].rhs)
			}
		}
	}
}
