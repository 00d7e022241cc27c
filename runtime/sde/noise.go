package sde

import (
	"fmt"
	"math"

	"github.com/mtkc/mtkc/runtime/fdiff"
	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/ode"
)

// class is a kind of noise. A problem's noise may be of several.
type class uint8

const (
	additive    class = 1 << iota // G does not depend on u
	scalar                        // there is one process
	diagonal                      // each process drives one row, each row has one process, and each entry depends at most on the state of its row
	commutative                   // L^i g_j = L^j g_i, where L^i is the derivative along g_i: no Levy areas are needed; all of the above
	general
)

// name is what a problem of these classes has, the narrowest first.
func (c class) name() string {
	for _, k := range []struct {
		class
		name string
	}{{additive, "additive"}, {scalar, "scalar"}, {diagonal, "diagonal"}, {commutative, "commutative"}} {
		if c&k.class != 0 {
			return k.name
		}
	}
	return "general"
}

// noise is the stochastic part of the problem of a workspace.
type noise struct {
	ws    *ode.Workspace
	n, m  int
	pat   *linsolve.Pattern
	reads *linsolve.Pattern // of the derivatives of G by u
	class class
	col   []int32 // of each entry of G

	// Derivatives, made when first asked for.
	jac   []float64
	fd    *fdiff.Jacobian
	space fdiff.Space
	at    float64
	eval  fdiff.Func
	terms []term
	g     []float64
}

// term is a product of a derivative and an entry: dG_e/du_l G_lj, which row of e it belongs to, and the processes of both.
type term struct {
	row, i, j int32 // L^j G_i has it in this row
	d, g      int32 // indices of the derivative and the entry
}

// patternOf is the pattern of G where the problem gives none: dense.
func newNoise(ws *ode.Workspace) (*noise, error) {
	q := ws.P.Noise
	n := &noise{ws: ws, n: ws.N(), pat: q.Matrix}
	if n.pat == nil {
		n.pat = linsolve.Dense(ws.N(), len(q.Names))
	}
	n.m = n.pat.Cols
	switch {
	case n.pat.Rows != n.n:
		return nil, fmt.Errorf("the noise of %s has %d rows for %d states", title(ws), n.pat.Rows, n.n)
	case ws.K.Noise == nil:
		return nil, fmt.Errorf("%s has noise, but no kernel for it", title(ws))
	case q.Reads != nil && (q.Reads.Rows != n.pat.NNZ() || q.Reads.Cols != n.n):
		return nil, fmt.Errorf("the derivatives of the noise of %s are %d by %d, not %d by %d", title(ws), q.Reads.Rows, q.Reads.Cols, n.pat.NNZ(), n.n)
	}
	n.col = make([]int32, n.pat.NNZ())
	rows := make([]int32, n.n) // entries in each
	single := true
	for j := range n.m {
		single = single && n.pat.ColPtr[j+1]-n.pat.ColPtr[j] <= 1
		for e := n.pat.ColPtr[j]; e < n.pat.ColPtr[j+1]; e++ {
			i := n.pat.RowIdx[e]
			if n.col[e] = int32(j); ws.Mass != nil && ws.Mass[i] == 0 {
				return nil, fmt.Errorf("the algebraic equation %d of %s has noise", i, title(ws))
			}
			rows[i]++
			single = single && rows[i] <= 1
		}
	}
	own := true // each entry reads its own row at most
	if q.Reads != nil {
		for l := range q.Reads.Cols {
			for k := q.Reads.ColPtr[l]; k < q.Reads.ColPtr[l+1]; k++ {
				own = own && n.pat.RowIdx[q.Reads.RowIdx[k]] == int32(l)
			}
		}
	}
	n.class = general
	if q.Reads != nil && q.Reads.NNZ() == 0 {
		n.class |= additive | commutative
	}
	if n.m <= 1 {
		n.class |= scalar | commutative
	}
	if single && own && q.Reads != nil {
		n.class |= diagonal | commutative
	}
	n.g = make([]float64, n.pat.NNZ())
	return n, nil
}

func title(ws *ode.Workspace) string {
	if ws.P.Name == "" {
		return "the problem"
	}
	return ws.P.Name
}

// matrix writes G at (t, u) to g.
func (n *noise) matrix(t float64, u, g []float64) { n.ws.K.Noise(t, u, n.ws.Params, g) }

// add adds scale G w to y.
func (n *noise) add(y, g []float64, scale float64, w []float64) {
	for j, x := range w {
		x *= scale
		for e := n.pat.ColPtr[j]; e < n.pat.ColPtr[j+1]; e++ {
			y[n.pat.RowIdx[e]] += g[e] * x
		}
	}
}

// addAll adds scale times the sum of the columns of G to y.
func (n *noise) addAll(y, g []float64, scale float64) {
	for e, i := range n.pat.RowIdx {
		y[i] += scale * g[e]
	}
}

// differentiate prepares for derivatives of G.
func (n *noise) differentiate() {
	if n.jac != nil {
		return
	}
	n.reads = n.ws.P.Noise.Reads
	known := n.reads != nil
	if !known {
		n.reads = linsolve.Dense(n.pat.NNZ(), n.n)
	}
	n.jac = make([]float64, n.reads.NNZ())
	if n.ws.K.NoiseJac == nil || !known {
		n.fd = fdiff.New(n.reads)
		n.eval = func(u, g []float64) { n.matrix(n.at, u, g) }
		n.space.Size = make([]float64, n.n)
	}
	entry := make([][]int32, n.n) // of each row
	for e, i := range n.pat.RowIdx {
		entry[i] = append(entry[i], int32(e))
	}
	for l := range n.n {
		for k := n.reads.ColPtr[l]; k < n.reads.ColPtr[l+1]; k++ {
			e := n.reads.RowIdx[k]
			for _, g := range entry[l] {
				n.terms = append(n.terms, term{row: n.pat.RowIdx[e], i: n.col[e], j: n.col[g], d: k, g: g})
			}
		}
	}
}

// derivatives evaluates dG/du at (t, u), where g is G there.
func (n *noise) derivatives(t float64, u, g []float64) {
	n.differentiate()
	if n.fd == nil {
		n.ws.K.NoiseJac(t, u, n.ws.Params, n.jac)
		return
	}
	for i := range n.space.Size {
		n.space.Size[i] = n.ws.AbsTol[i] / n.ws.RelTol
		if i < len(n.ws.P.States) {
			n.space.Size[i] = math.Max(n.space.Size[i], 1e-3*math.Abs(n.ws.P.States[i].Nominal))
		}
	}
	n.at = t
	n.fd.Eval(n.eval, u, g, n.space, n.jac)
}

// correct adds scale/2 sum_j L^j g_j to du: with scale 1 it makes the drift of Stratonovich's equation that of the same
// equation in Ito's sense. g is G at (t, u), nil: not known.
func (n *noise) correct(t float64, u, g, du []float64, scale float64) {
	if n.class&additive != 0 {
		return
	}
	if g == nil {
		g = n.g
		n.matrix(t, u, g)
	}
	n.derivatives(t, u, g)
	scale *= 0.5
	for _, x := range n.terms {
		if x.i == x.j {
			du[x.row] += scale * n.jac[x.d] * g[x.g]
		}
	}
}

// double adds scale sum_ij L^j g_i w_ij to y, with w an m by m matrix by rows and the derivatives that were evaluated last.
func (n *noise) double(y, g []float64, scale float64, w []float64) {
	for _, x := range n.terms {
		y[x.row] += scale * n.jac[x.d] * g[x.g] * w[int(x.i)*n.m+int(x.j)]
	}
}

// commutes finds out whether noise of unknown kind is commutative: whether L^j g_i and L^i g_j agree to half the digits at
// the point of the workspace and at others around it. For functions that are analytic that decides, but for a set of points
// without measure.
func (n *noise) commutes() bool {
	const most = 1 << 20
	if n.class&commutative != 0 {
		return true
	}
	if n.n*n.m*n.m > most || n.hidden(n.ws) {
		return false
	}
	u := append([]float64(nil), n.ws.U...)
	brackets, sizes := make([]float64, n.n*n.m*n.m), make([]float64, n.n*n.m*n.m)
	for round := range 3 {
		for i := range u { // any values will do that are not special
			scale := math.Abs(n.ws.P.U0[i])
			if scale == 0 {
				scale = 1
			}
			u[i] = n.ws.P.U0[i] + float64(round)*scale*0.3*(0.2+math.Mod(0.754877666*float64(i+1), 1))
		}
		n.matrix(n.ws.T, u, n.g)
		n.derivatives(n.ws.T, u, n.g)
		clear(brackets)
		clear(sizes)
		for _, x := range n.terms {
			v := n.jac[x.d] * n.g[x.g]
			k := (int(x.row)*n.m+int(x.i))*n.m + int(x.j)
			brackets[k] += v
			sizes[k] += math.Abs(v)
		}
		for r := range n.n {
			for i := range n.m {
				for j := range i {
					a, b := (r*n.m+i)*n.m+j, (r*n.m+j)*n.m+i
					if !(math.Abs(brackets[a]-brackets[b]) <= 1e-6*(sizes[a]+sizes[b])) {
						return false
					}
				}
			}
		}
	}
	n.class |= commutative
	return true
}
