package ode

// Projection onto invariants: after a step the state is moved by the smallest
// weighted correction of its differential entries that satisfies 0 = g(t, u, p):
// Newton steps with the generalised inverse, J. Eich, SIAM J. Numer. Anal. 30(5),
// 1993. Redundant invariants are dropped by rank.

import (
	"math"
	"slices"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// projector moves states onto the invariants of a problem.
type projector struct {
	ws    *Workspace
	pat   *linsolve.Pattern
	g     []float64
	vals  []float64
	size  []float64 // of each invariant: sum_j |G_ij| s_j, from the last Jacobian
	s     []float64 // typical size of each state
	move  []bool    // entries of u that may be corrected
	ls    *linsolve.LeastSquares
	dx    []float64
	gram  *gram
	first bool
}

// Up to this many invariants and states the correction comes from a dense orthogonal
// decomposition; above it from sparse normal equations.
const (
	denseInvariants = 8
	denseStates     = 400
)

func newProjector(ws *Workspace) *projector {
	p, n := ws.P, ws.N()
	pr := &projector{
		ws: ws, pat: ws.invPattern(), g: make([]float64, p.NInv), size: make([]float64, p.NInv),
		s: make([]float64, n), dx: make([]float64, n), move: make([]bool, n), first: true,
	}
	pr.vals = make([]float64, pr.pat.NNZ())
	for i := range pr.move {
		pr.move[i] = ws.differential(i)
	}
	if p.NInv <= denseInvariants && n <= denseStates {
		pr.ls = linsolve.NewLeastSquares(p.NInv, n)
	} else {
		pr.gram = newGram(pr.pat, pr.move)
	}
	return pr
}

// project corrects u at time t until each invariant is satisfied to rounding, four
// times at most, and reports whether u was changed and whether it succeeded.
func (pr *projector) project(t float64, u []float64) (moved, ok bool) {
	ws := pr.ws
	ws.K.Invariants(t, u, ws.Params, pr.g)
	if !pr.first && pr.small(1e-14) {
		return false, true
	}
	last := math.Inf(1)
	for range 6 {
		if nonFinite(pr.g) >= 0 {
			return moved, false
		}
		pr.jacobian(t, u)
		if pr.small(4 * eps) {
			return moved, true
		}
		worst := pr.worst()
		if worst >= 0.5*last { // rounding, or invariants that contradict each other
			return moved, worst < 1e-8
		}
		last = worst
		pr.correct(u)
		moved = true
		ws.Stats.Project++
		ws.K.Invariants(t, u, ws.Params, pr.g)
	}
	return moved, pr.worst() < 1e-10
}

// small reports whether every invariant is below tol relative to its size.
func (pr *projector) small(tol float64) bool { return pr.worst() <= tol }

func (pr *projector) worst() float64 {
	w := 0.0
	for i, g := range pr.g {
		if s := pr.size[i]; s > 0 {
			w = math.Max(w, math.Abs(g)/s)
		} else if g != 0 {
			return math.Inf(1)
		}
	}
	return w
}

// jacobian evaluates G = dg/du, scaled to G S with S = diag(s) and with the columns
// of algebraic entries set to zero.
func (pr *projector) jacobian(t float64, u []float64) {
	ws := pr.ws
	pr.first = false
	ws.invariantJac(t, u, pr.vals)
	clear(pr.size)
	for j, v := range u {
		s := math.Max(math.Abs(v), ws.AbsTol[j]/ws.RelTol)
		if j < len(ws.P.States) {
			s = math.Max(s, math.Abs(ws.P.States[j].Nominal))
		}
		pr.s[j] = s
		for e := pr.pat.ColPtr[j]; e < pr.pat.ColPtr[j+1]; e++ {
			x := pr.vals[e] * s
			pr.size[pr.pat.RowIdx[e]] += math.Abs(x)
			if !pr.move[j] {
				x = 0
			}
			pr.vals[e] = x
		}
	}
	// Equations are scaled to size 1, so that rank is judged fairly.
	for e, i := range pr.pat.RowIdx {
		if pr.size[i] > 0 {
			pr.vals[e] /= pr.size[i]
		}
	}
}

// correct subtracts the correction of minimum weighted norm from u.
func (pr *projector) correct(u []float64) {
	for i, s := range pr.size {
		if s > 0 {
			pr.g[i] /= s
		}
	}
	if pr.ls != nil {
		pr.ls.Factor(pr.pat, pr.vals, 1e-9)
		pr.ls.Solve(pr.g, pr.dx)
	} else {
		pr.gram.solve(pr.pat, pr.vals, pr.g, pr.dx)
	}
	for j, d := range pr.dx {
		if pr.move[j] {
			u[j] -= pr.s[j] * d
		}
	}
}

// gram solves minimum-norm systems by the normal equations A A^T y = b, x = A^T y,
// on a fixed sparse pattern. A small multiple of the identity keeps redundant rows
// from stopping it; the outer iteration removes the error that leaves.
type gram struct {
	pat   *linsolve.Pattern
	lu    *linsolve.Replay[float64]
	vals  []float64
	terms []gramTerm
	y     []float64
	diag  []int32
}

// gramTerm adds vals[a]*vals[b] to an entry of A A^T.
type gramTerm struct{ a, b, to int32 }

func newGram(p *linsolve.Pattern, move []bool) *gram {
	m := p.Rows
	g := &gram{y: make([]float64, m), diag: make([]int32, m)}
	type pair struct{ to, a, b int32 }
	cols := make([][]pair, m) // by column of A A^T
	for j := range p.Cols {
		if !move[j] {
			continue
		}
		for a := p.ColPtr[j]; a < p.ColPtr[j+1]; a++ {
			for b := p.ColPtr[j]; b < p.ColPtr[j+1]; b++ {
				c := p.RowIdx[b]
				cols[c] = append(cols[c], pair{p.RowIdx[a], a, b})
			}
		}
	}
	pat := &linsolve.Pattern{Rows: m, Cols: m, ColPtr: make([]int32, m+1)}
	slot := make([]int32, m)
	stamp := make([]int, m)
	for c := range m {
		// Rows of the column, the diagonal always among them.
		rows := []int32{int32(c)}
		stamp[c] = c + 1
		for _, q := range cols[c] {
			if stamp[q.to] != c+1 {
				stamp[q.to] = c + 1
				rows = append(rows, q.to)
			}
		}
		slices.Sort(rows)
		for _, r := range rows {
			slot[r] = int32(len(pat.RowIdx))
			pat.RowIdx = append(pat.RowIdx, r)
		}
		g.diag[c] = slot[c]
		for _, q := range cols[c] {
			g.terms = append(g.terms, gramTerm{q.a, q.b, slot[q.to]})
		}
		pat.ColPtr[c+1] = int32(len(pat.RowIdx))
	}
	g.pat = pat
	g.vals = make([]float64, pat.NNZ())
	g.lu = replayed(pat)
	return g
}

func (g *gram) solve(p *linsolve.Pattern, a, b, x []float64) {
	clear(g.vals)
	for _, q := range g.terms {
		g.vals[q.to] += a[q.a] * a[q.b]
	}
	most := 0.0
	for _, d := range g.diag {
		most = math.Max(most, g.vals[d])
	}
	for _, d := range g.diag {
		g.vals[d] += 1e-13*most + 1e-300
	}
	copy(g.y, b)
	if g.lu.Factor(g.vals) != nil {
		clear(x)
		return
	}
	g.lu.Solve(g.y)
	for j := range x {
		sum := 0.0
		for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
			sum += a[e] * g.y[p.RowIdx[e]]
		}
		x[j] = sum
	}
}
