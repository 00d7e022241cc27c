package structural

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/structural/graph"
)

// Structural failure. The offsets promise that the equations, differentiated c_i times,
// determine the highest derivatives x_j^(d_j); that holds where the system Jacobian
//
//	J_ij = df_i / dx_j^(d_j - c_i)
//
// is regular. Structure only sees which entries may be nonzero. Where they cancel, as
// in C*(u1' - u2') = i1, C*(u2' - u1') = i2, some combination of the equations is a
// constraint that structure does not see, the index is higher and there are fewer
// degrees of freedom. repair (this file) finds the irreducible diagonal blocks of J (its fine block
// triangular form) that are singular for all values and converts their equations (convert.go):
//
// Linear combination (combination.go): with u^T J = 0 for a block, let c be the least c_i of the
// equations with u_i != 0. If u depends only on derivatives of x_j below d_j - c, one
// of the equations with c_i = c is replaced by the sum of u_i d^(c_i-c)/dt f_i, from which
// the highest derivatives of the block drop out.
//
// Expression substitution (substitution.go): with J v = 0, let c be the greatest c_i of the equations that
// mention a column with v_j != 0. If v depends only on derivatives below d_j - c of these
// columns, and up to d_j - c of others, then for one of them, l, each other is replaced,
// x_j^(d_j-c) = y_j + v_j/v_l x_l^(d_l-c) with a new unknown y_j, and x_l^(d_l-c_i) drops out
// of the equations.
//
// Either lowers the value of the signature matrix, the sum of d_j less that of c_i, so
// that the repetition ends. Tan, Nedialkov and Pryce, Conversion methods for improving
// structural analysis of differential-algebraic equation systems, BIT 57, 2017, and the
// same authors on the block triangular form (arXiv 1608.06693). Departures: singularity
// and null vectors come from values at random points (see point), and a null vector of
// numbers is preferred to one of terms; what drops out is dropped by writing a number
// for it, not by simplification; all dependent equations of all blocks are replaced in
// one round, where their null vectors are numbers.

// cell is an entry of a row of a block.
type cell struct {
	col  int32 // of the block
	term expr.ID
}

// blockJacobian is an irreducible diagonal block of the system Jacobian.
type blockJacobian struct {
	rows []int32 // equations
	cols []int32 // chains
	a    [][]cell
}

const (
	seeds        = 4    // random points that must all agree that a block is singular
	maxSymbolic  = 8    // equations in a combination with terms as multipliers
	rankWork     = 2000 // steps of elimination that an entry of a block pays for
	maxConverted = 64   // rounds of conversion
)

// prober holds the random points of a round.
type prober struct {
	w      *work
	points map[[2]uint64]*point
}

func (p *prober) at(seed uint64, use given) *point {
	k := [2]uint64{seed, uint64(use)}
	g, ok := p.points[k]
	if !ok {
		g = p.w.point(seed, use)
		p.points[k] = g
	}
	return g
}

// values are the numbers of a block at a point; ok is false where one is undefined.
func (g *point) values(b *blockJacobian) (rows []sparseRow, ok bool) {
	rows = make([]sparseRow, len(b.rows))
	for i, cells := range b.a {
		r := &rows[i]
		for _, e := range cells {
			switch v := g.of(e.term); v {
			case undefined:
				return nil, false
			case 0:
			default:
				r.col, r.val = append(r.col, e.col), append(r.val, v)
			}
		}
	}
	return rows, true
}

func (b *blockJacobian) transposed() *blockJacobian {
	t := &blockJacobian{rows: b.cols, cols: b.rows, a: make([][]cell, len(b.cols))}
	for i, cells := range b.a {
		for _, e := range cells {
			t.a[e.col] = append(t.a[e.col], cell{int32(i), e.term})
		}
	}
	return t
}

func (b *blockJacobian) work() int {
	n := 0
	for _, r := range b.a {
		n += len(r)
	}
	return rankWork * (n + 16)
}

// valueOfSignature is the sum of the d_j less that of the c_i, the number of degrees of
// freedom if J is regular.
func (s *signature) valueOfSignature() int {
	n := 0
	for _, d := range s.d {
		n += int(d)
	}
	for _, c := range s.c {
		n -= int(c)
	}
	return n
}

// reduceIndex finds the offsets of the system, converting its equations as long as the
// Jacobian is singular for structure's sake. It returns nil after an error, or where
// the values of parameters decide the structure: w.evaluate lists them.
func (w *work) reduceIndex() *signature {
	last := math.MaxInt
	for round := 0; ; round++ {
		s := newSignature(w)
		if !s.checkRegular() {
			return nil
		}
		s.reduce()
		if !s.checkDifferentiable() {
			return nil
		}
		value := s.valueOfSignature()
		if value >= last {
			panic("mtkc: bug: a conversion did not lower the value of the signature matrix")
		}
		last = value
		if !s.repair() {
			if w.failed() || len(w.evaluate) > 0 {
				return nil
			}
			return s
		}
		w.repaired = true
		if round == maxConverted {
			w.list.Add(diag.Pos{}, "E314", "look for equations that say the same in other words", "the equations depend on each other in more than %d ways that structure does not see", maxConverted)
			return nil
		}
	}
}

// repair looks for singular blocks and converts them. It reports whether equations
// changed.
func (s *signature) repair() bool {
	w := s.w
	active := graph.New(len(s.chains))
	var buf []int32
	for i := range int32(len(w.eqs)) {
		buf = buf[:0]
		for _, e := range s.row(i) {
			if s.active(i, e) {
				buf = append(buf, e.chain)
			}
		}
		active.AddRow(buf...)
	}
	local := make([]int32, len(s.chains))
	for j := range local {
		local[j] = none
	}
	pr := &prober{w: w, points: map[[2]uint64]*point{}}
	changed := false
	var blocks []*blockJacobian
	for _, comp := range graph.Components(active, s.m) {
		b := s.blockOf(comp, local)
		if b == nil {
			continue
		}
		blocks = append(blocks, b)
		switch s.judge(b, pr) {
		case blockSingular:
			if s.convert(b, pr) {
				changed = true
			} else {
				s.reportFailure(b)
			}
		case blockAtDefaults:
			// w.evaluate says what to do.
		}
	}
	if !changed && len(w.evaluate) == 0 && !w.failed() {
		return s.repairConsistent(blocks, pr)
	}
	return changed
}

// blockOf collects the entries of a block; nil stands for one that needs no look: its
// only entry is a number, or it is no block of real equations.
func (s *signature) blockOf(comp, local []int32) *blockJacobian {
	w := s.w
	if len(comp) == 1 {
		// Most blocks: an equation in which the unknown is a term of the sum.
		i := comp[0]
		c := s.chains[s.m.Col[i]]
		for _, e := range s.row(i) {
			if e.chain == s.m.Col[i] {
				if k, ok := w.isAddend(w.eqs[i].res, w.vars[c[e.order]].atom); ok && w.plain(k) {
					return nil
				}
			}
		}
	}
	b := &blockJacobian{rows: slices.Clone(comp)}
	for _, i := range comp {
		if w.eqs[i].lhs != expr.None {
			return nil
		}
		b.cols = append(b.cols, s.m.Col[i])
	}
	slices.Sort(b.cols)
	for k, j := range b.cols {
		local[j] = int32(k)
	}
	colOf := map[expr.ID]int32{}
	for _, i := range comp {
		clear(colOf)
		for _, e := range s.row(i) {
			if k := local[e.chain]; k != none && s.active(i, e) {
				colOf[w.vars[s.chains[e.chain][e.order]].atom] = k
			}
		}
		atoms, derivs := w.partials(w.eqs[i].res, func(a expr.ID) bool {
			_, ok := colOf[a]
			return ok
		})
		var cells []cell
		for k, a := range atoms {
			cells = append(cells, cell{colOf[a], derivs[k]})
		}
		slices.SortFunc(cells, func(x, y cell) int { return int(x.col - y.col) })
		b.a = append(b.a, cells)
	}
	for _, j := range b.cols {
		local[j] = none
	}
	if len(comp) == 1 && len(b.a[0]) == 1 && w.plain(b.a[0][0].term) {
		return nil
	}
	return b
}

// plain reports whether a term is a number, or a parameter that is not 0.
func (w *work) plain(e expr.ID) bool {
	switch w.pool.Op(e) {
	case expr.OpConst:
		return true
	case expr.OpSym:
		r, i := w.roleOf(e)
		return r == roleParam && w.paramValue[i] != 0
	}
	return false
}

// partials is the gradient of a term by the atoms that want accepts. Sums of atoms,
// the most frequent equations, need no differentiation.
func (w *work) partials(e expr.ID, want func(expr.ID) bool) (atoms, derivs []expr.ID) {
	p := w.pool
	if p.Op(e) == expr.OpAdd {
		a := p.Args(e)
		plain := true
		for i := 2; i < len(a) && plain; i += 2 {
			plain = p.Op(a[i]) <= expr.OpSym
		}
		if plain {
			for i := 1; i < len(a); i += 2 {
				if want(a[i+1]) {
					atoms, derivs = append(atoms, a[i+1]), append(derivs, a[i])
				}
			}
			return atoms, derivs
		}
	}
	return p.Gradient(e, want)
}

type verdict uint8

const (
	blockRegular verdict = iota
	blockSingular
	blockAtDefaults // singular with the default values of parameters
)

// judge decides whether a block is singular for all values, or for all values of the
// unknowns with the default parameters.
func (s *signature) judge(b *blockJacobian, pr *prober) verdict {
	w := s.w
	if s.singular(b, pr, givenNone) {
		return blockSingular
	}
	params := s.parametersOf(b)
	if len(params) == 0 {
		return blockRegular
	}
	zero := params[:0:0]
	for _, k := range params {
		if w.paramValue[k] == 0 {
			zero = append(zero, k)
		}
	}
	switch {
	case len(zero) > 0 && s.singular(b, pr, givenZero):
		w.evaluate = append(w.evaluate, zero...)
		return blockAtDefaults
	case s.singular(b, pr, givenAll):
		w.evaluate = append(w.evaluate, params...)
		return blockAtDefaults
	}
	return blockRegular
}

// singular reports whether a block is singular at every random point tried.
func (s *signature) singular(b *blockJacobian, pr *prober, use given) bool {
	order := s.elimOrder(b)
	judged := false
	for seed := range uint64(seeds) {
		rows, ok := pr.at(seed, use).values(b)
		if !ok {
			continue
		}
		_, dep, ok := eliminate(rows, order, len(b.cols), b.work())
		if !ok || len(dep) == 0 {
			return false
		}
		judged = true
	}
	return judged
}

// elimOrder puts the equations that are differentiated most first, short ones before
// long ones: then a row that depends on those before it has the least c_i among them.
func (s *signature) elimOrder(b *blockJacobian) []int32 {
	order := make([]int32, len(b.rows))
	for k := range order {
		order[k] = int32(k)
	}
	slices.SortStableFunc(order, func(x, y int32) int {
		if d := s.c[b.rows[y]] - s.c[b.rows[x]]; d != 0 {
			return int(d)
		}
		return len(b.a[x]) - len(b.a[y])
	})
	return order
}

// parametersOf lists the parameters in the entries of a block, by index into
// Plan.Params, each once.
func (s *signature) parametersOf(b *blockJacobian) []int32 {
	w := s.w
	var list []int32
	seen := map[int32]bool{}
	w.mark.reset()
	var visit func(a expr.ID)
	visit = func(a expr.ID) {
		switch r, i := w.roleOf(a); r {
		case roleParam:
			if !seen[i] {
				seen[i] = true
				list = append(list, i)
			}
		case roleKnown:
			if k, ok := w.knownValue(a); ok {
				w.walkAtoms(k, visit)
			}
		}
	}
	for _, cells := range b.a {
		for _, e := range cells {
			w.walkAtoms(e.term, visit)
		}
	}
	slices.Sort(list)
	return list
}

// evaluated is the options for another start, with the parameters of w.evaluate put in
// as numbers.
func (w *work) evaluated() Options {
	opt := w.opt
	opt.evaluate = maps.Clone(opt.evaluate)
	if opt.evaluate == nil {
		opt.evaluate = map[int]diag.Diagnostic{}
	}
	for _, k := range w.evaluate {
		i := w.plan.Params[k].Var
		if i < 0 {
			continue
		}
		v := &w.sys.Vars[i]
		opt.evaluate[i] = diag.Diagnostic{Pos: v.Pos, Code: "W307", Message: fmt.Sprintf("the structure of the model depends on parameter %s = %g, which is put in when the model is compiled", v.Name, w.paramValue[k])}
	}
	if len(opt.evaluate) == len(w.opt.evaluate) {
		panic("mtkc: bug: the structure depends on parameters that are numbers already")
	}
	return opt
}
