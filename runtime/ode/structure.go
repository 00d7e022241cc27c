package ode

// The structure of a right-hand side, for the methods that need it:
//
//   - second order: the states pair up as x' = v, v' = f(t, x) or f(t, x, v);
//   - separable: the states fall into two classes with q' = g(t, p), p' = f(t, q).
//
// Both are read off the pattern of df/du, which says what depends on what in all modes of
// a model; that x' is v itself and not another function of v is tried out at random points,
// bit for bit, and again after every step of a run.

import (
	"fmt"
	"math"
	"unsafe"
)

// Second says that a problem is of second order: u'[X[k]] = u[V[k]] for all k, where every
// state is in X or in V, once.
type Second struct {
	X, V     []int32
	Velocity bool // some derivative of an entry of V depends on an entry of V
}

// separable says that a problem is partitioned: the derivatives of the entries Q depend on
// entries P and the time alone, those of the entries P on entries Q and the time.
type separable struct {
	Q, P []int32
	// pairs: entry k of Q is the position whose velocity is entry k of P.
	pairs bool
	// linear: q' = B p with a constant B; then rows and entries are those of df/du.
	linear bool
}

// structureOf are the columns of every row of a pattern.
func rowsOf(ws *Workspace) [][]int32 {
	rows := make([][]int32, ws.N())
	for j := range int32(ws.N()) {
		for _, i := range ws.P.Jac.RowIdx[ws.P.Jac.ColPtr[j]:ws.P.Jac.ColPtr[j+1]] {
			rows[i] = append(rows[i], j)
		}
	}
	return rows
}

// probes is how many random points are tried: about the start, then far from it and near 0,
// where terms that vanish at the start show.
const probes = 6

// probe writes random point k to u and returns a time for it: a function of k alone.
func probe(ws *Workspace, k int, u []float64) (t float64) {
	seed := uint64(k)*0x9e3779b97f4a7c15 + 1
	random := func() float64 { // in (-1, 1): the generator of Knuth's MMIX
		seed = seed*6364136223846793005 + 1442695040888963407
		return float64(int64(seed)) * 0x1p-63
	}
	size := [...]float64{0.1, 1, 1e-3, 30, 0.1, 1e3}[k%probes]
	for range 4 {
		random()
	}
	for i := range u {
		u[i] = ws.P.U0[i]*(1+size*random()) + size*random()
	}
	return ws.P.Span[0] + (ws.P.Span[1]-ws.P.Span[0])*math.Abs(random())
}

// passes reports for every state i with like[i] = j >= 0 whether f_i is u_j at random
// points; it clears those entries of like where not.
func passes(ws *Workspace, like []int32) {
	u, du := make([]float64, ws.N()), make([]float64, ws.N())
	for k := range probes {
		t := probe(ws, k, u)
		ws.K.RHS(t, u, ws.Params, du)
		for i, j := range like {
			if j >= 0 && du[i] != u[j] {
				like[i] = -1
			}
		}
	}
}

// velocities is, for every state whose derivative is another state, that state, else -1.
func velocities(ws *Workspace, rows [][]int32) []int32 {
	like := make([]int32, len(rows))
	for i, row := range rows {
		like[i] = -1
		if len(row) == 1 && row[0] != int32(i) {
			like[i] = row[0]
		}
	}
	passes(ws, like)
	return like
}

// secondOrder finds the pairs of positions and velocities of a problem for the method of
// that name, which allows v' to depend on velocities or not.
func secondOrder(ws *Workspace, method string, velocity bool) (*Second, error) {
	p := ws.P
	if len(ws.Alg) > 0 {
		return nil, fmt.Errorf("%s cannot solve the %d algebraic equations of %s; use the nested form, an implicit method such as Rodas5P, or auto",
			method, len(ws.Alg), p.title())
	}
	s := p.Second
	switch {
	case s != nil:
		if err := s.check(ws, method); err != nil {
			return nil, err
		}
	case p.Jac == nil:
		return nil, fmt.Errorf("%s needs u'' = f(t, u), and it is not known what the derivatives of %s depend on: use a method for first-order equations such as Vern7, or, if the problem is written by hand and has no algebraic equations, give Problem.Jac or the pairs of states in Problem.Second", method, p.title())
	default:
		var err error
		if s, err = pairUp(ws, method); err != nil {
			return nil, err
		}
	}
	if s.Velocity && !velocity {
		name := ""
		if i := s.damped(ws); i >= 0 {
			name = p.state(i) + "' "
		}
		return nil, fmt.Errorf("%s needs u'' = f(t, u), but %sdepends on velocities; use FineRKN5, Nystrom4, or a method for first-order equations such as Vern7", method, name)
	}
	return s, nil
}

// pairUp finds the pairs. A state whose derivative is another one makes an edge; the edges
// form chains x' = v, v' = a, ..., and rings, which are cut into pairs from their heads on.
func pairUp(ws *Workspace, method string) (*Second, error) {
	p, n := ws.P, ws.N()
	rows := rowsOf(ws)
	like := velocities(ws, rows)
	heads := make([]int, n) // how many derivatives are this state
	for _, j := range like {
		if j >= 0 {
			heads[j]++
		}
	}
	partner := make([]int32, n)
	for i := range partner {
		partner[i] = -1
	}
	s := new(Second)
	follow := func(i int32) {
		for i >= 0 && partner[i] < 0 {
			j := like[i]
			if j < 0 || partner[j] >= 0 {
				return
			}
			partner[i], partner[j] = j, i
			s.X, s.V = append(s.X, i), append(s.V, j)
			i = like[j]
		}
	}
	for i := range n {
		if heads[i] == 0 {
			follow(int32(i))
		}
	}
	for i := range n {
		follow(int32(i))
	}
	for i, j := range partner {
		if j < 0 {
			why := "is neither the derivative of another state nor has one as its derivative"
			if k := like[i]; k >= 0 {
				why = fmt.Sprintf("has the derivative %s, which belongs to %s already", p.state(int(k)), p.state(int(partner[k])))
			} else if len(rows[i]) == 1 && heads[i] == 0 && rows[i][0] != int32(i) {
				why = fmt.Sprintf("has a derivative that depends on %s alone, but is not equal to it", p.state(int(rows[i][0])))
			}
			return nil, fmt.Errorf("%s needs u'' = f(t, u), states in pairs x' = v: in %s the state %s %s; use a method for first-order equations such as Vern7", method, p.title(), p.state(i), why)
		}
	}
	s.inOrder()
	s.Velocity = s.damped(ws) >= 0
	return s, nil
}

// inOrder sorts the pairs by their positions.
func (s *Second) inOrder() {
	n := 0
	for _, i := range s.X {
		n = max(n, int(i)+1)
	}
	to := make([]int32, n)
	for i := range to {
		to[i] = -1
	}
	for k, i := range s.X {
		to[i] = s.V[k]
	}
	s.X, s.V = s.X[:0], s.V[:0]
	for i, j := range to {
		if j >= 0 {
			s.X, s.V = append(s.X, int32(i)), append(s.V, j)
		}
	}
}

// damped is a velocity whose derivative depends on a velocity by the pattern, or -1.
func (s *Second) damped(ws *Workspace) int {
	if ws.P.Jac == nil {
		return -1
	}
	isV := make([]bool, ws.N())
	for _, j := range s.V {
		isV[j] = true
	}
	pat := ws.P.Jac
	for _, j := range s.V {
		for _, i := range pat.RowIdx[pat.ColPtr[j]:pat.ColPtr[j+1]] {
			if isV[i] {
				return int(i)
			}
		}
	}
	return -1
}

// check tries out what the problem states.
func (s *Second) check(ws *Workspace, method string) error {
	p, n := ws.P, ws.N()
	seen := make([]bool, n)
	for _, list := range [][]int32{s.X, s.V} {
		for _, i := range list {
			if len(s.X) != len(s.V) || 2*len(s.X) != n || i < 0 || int(i) >= n || seen[i] {
				return fmt.Errorf("Problem.Second of %s must hold each of the %d states once, as a position or a velocity", p.title(), n)
			}
			seen[i] = true
		}
	}
	like := make([]int32, n)
	for i := range like {
		like[i] = -1
	}
	for k, i := range s.X {
		like[i] = s.V[k]
	}
	passes(ws, like)
	for k, i := range s.X {
		if like[i] < 0 {
			return fmt.Errorf("%s needs u'' = f(t, u): Problem.Second of %s says that %s' is %s, but it is not; correct it, or use a method for first-order equations such as Vern7",
				method, p.title(), p.state(int(i)), p.state(int(s.V[k])))
		}
	}
	return nil
}

// separate splits the states of a problem into two classes for the method of that name.
func separate(ws *Workspace, method string) (*separable, error) {
	p, n := ws.P, ws.N()
	if len(ws.Alg) > 0 {
		return nil, fmt.Errorf("%s cannot solve the %d algebraic equations of %s; use the nested form, an implicit method such as Rodas5P, or auto",
			method, len(ws.Alg), p.title())
	}
	if s := p.Second; s != nil {
		if err := s.check(ws, method); err != nil {
			return nil, err
		}
		if s.Velocity {
			return nil, fmt.Errorf("%s needs q' = g(t, p), p' = f(t, q), but accelerations of %s depend on velocities; use Vern7 or FineRKN5", method, p.title())
		}
		return &separable{Q: s.X, P: s.V, pairs: true, linear: true}, nil
	}
	if p.Jac == nil {
		return nil, fmt.Errorf("%s needs q' = g(t, p), p' = f(t, q), and it is not known what the derivatives of %s depend on: use a method for first-order equations such as Vern7, or, if the problem is written by hand and has no algebraic equations, give Problem.Jac or the pairs of states in Problem.Second", method, p.title())
	}
	rows := rowsOf(ws)
	if s, err := pairUp(ws, method); err == nil && !s.Velocity {
		return &separable{Q: s.X, P: s.V, pairs: true, linear: true}, nil
	}
	// Neighbours in the undirected graph of dependence; two colours by breadth-first search.
	near := make([][]int32, n)
	for i, row := range rows {
		for _, j := range row {
			near[i] = append(near[i], j)
			near[j] = append(near[j], int32(i))
		}
	}
	affine := affineRows(ws, rows)
	colour := make([]int8, n)
	s := &separable{linear: true}
	for start := range n {
		if colour[start] != 0 {
			continue
		}
		colour[start] = 1
		part := []int32{int32(start)}
		for k := 0; k < len(part); k++ {
			i := part[k]
			for _, j := range near[i] {
				switch {
				case colour[j] == 0:
					colour[j] = -colour[i]
					part = append(part, j)
				case colour[j] == colour[i]:
					return nil, fmt.Errorf("%s needs q' = g(t, p), p' = f(t, q): in %s the derivatives of %s and %s cannot be told apart, "+
						"as they depend on each other by an odd number of equations; use a method for any f, such as Vern7", method, p.title(), p.state(int(i)), p.state(int(j)))
				}
			}
		}
		// The positions are the class whose derivatives are linear, else that of the first state.
		var linear [2]bool
		for k, c := range [...]int8{1, -1} {
			linear[k] = true
			for _, i := range part {
				linear[k] = linear[k] && (colour[i] != c || affine[i])
			}
		}
		q := int8(1)
		if !linear[0] && linear[1] {
			q = -1
		}
		s.linear = s.linear && (linear[0] || linear[1])
		for _, i := range part {
			if colour[i] == q {
				s.Q = append(s.Q, i)
			} else {
				s.P = append(s.P, i)
			}
		}
	}
	return s, nil
}

// affineRows reports which derivatives are linear in the states with constant coefficients
// and without a constant term: by the values of df/du at random points, which are equal bit
// for bit there, and the product with u. Without a kernel of df/du none is.
func affineRows(ws *Workspace, rows [][]int32) []bool {
	n := ws.N()
	ok := make([]bool, n)
	if ws.K.Jac == nil {
		return ok
	}
	for i := range ok {
		ok[i] = true
	}
	pat := ws.P.Jac
	u, du := make([]float64, n), make([]float64, n)
	sum, size := make([]float64, n), make([]float64, n)
	first, vals := make([]float64, pat.NNZ()), make([]float64, pat.NNZ())
	for k := range probes {
		t := probe(ws, k, u)
		ws.K.RHS(t, u, ws.Params, du)
		ws.K.Jac(t, u, ws.Params, vals)
		if k == 0 {
			copy(first, vals)
		}
		clear(sum)
		clear(size)
		for j := range n {
			for e := pat.ColPtr[j]; e < pat.ColPtr[j+1]; e++ {
				i := pat.RowIdx[e]
				ok[i] = ok[i] && vals[e] == first[e]
				sum[i] += vals[e] * u[j]
				size[i] += math.Abs(vals[e] * u[j])
			}
		}
		for i := range ok {
			// Rounding of a sum of len(rows[i]) products, in either way of summing.
			ok[i] = ok[i] && math.Abs(du[i]-sum[i]) <= 4*eps*float64(1+len(rows[i]))*size[i]
		}
	}
	return ok
}

// pairing gives access to positions and velocities in vectors of all states.
type pairing struct {
	*Second
	// Where both stand in one piece, in the same order, these are their offsets, and vectors
	// of positions are pieces of vectors of states; else x0 is -1.
	x0, v0 int
	// Where they stand in turns, x_1, v_1, x_2, v_2, ..., this is the offset of x_1, else -1.
	turns int
}

func newPairing(s *Second) *pairing {
	p := &pairing{Second: s, x0: -1, turns: -1}
	if len(s.X) == 0 {
		return p
	}
	pieces, turns := true, true
	for k, x := range s.X {
		pieces = pieces && x == s.X[0]+int32(k) && s.V[k] == s.V[0]+int32(k)
		turns = turns && x == s.X[0]+2*int32(k) && s.V[k] == x+1
	}
	switch {
	case pieces:
		p.x0, p.v0 = int(s.X[0]), int(s.V[0])
	case turns:
		p.turns = int(s.X[0])
	}
	return p
}

// split copies positions and velocities out of u.
func (p *pairing) split(u, x, v []float64) {
	if p.turns >= 0 {
		w := p.inTurns(u)
		x, v = x[:len(w)], v[:len(w)]
		for k := range w {
			x[k], v[k] = w[k][0], w[k][1]
		}
		return
	}
	for k, i := range p.X {
		x[k], v[k] = u[i], u[p.V[k]]
	}
}

// inTurns is u as pairs, where they stand in turns.
func (p *pairing) inTurns(u []float64) [][2]float64 {
	u = u[p.turns : p.turns+2*len(p.X)]
	return unsafe.Slice((*[2]float64)(unsafe.Pointer(unsafe.SliceData(u))), len(p.X))
}

// join copies positions and velocities into u.
func (p *pairing) join(u, x, v []float64) {
	if p.turns >= 0 {
		w := p.inTurns(u)
		x, v = x[:len(w)], v[:len(w)]
		for k := range w {
			w[k] = [2]float64{x[k], v[k]}
		}
		return
	}
	for k, i := range p.X {
		u[i], u[p.V[k]] = x[k], v[k]
	}
}

// put copies positions into u.
func (p *pairing) put(u, x []float64) {
	if p.turns >= 0 {
		w := p.inTurns(u)
		for k, v := range x[:len(w)] {
			w[k][0] = v
		}
		return
	}
	for k, i := range p.X {
		u[i] = x[k]
	}
}

// pick copies the entries of velocities of a derivative out of du.
func (p *pairing) pick(du, a []float64) {
	if p.turns >= 0 {
		w := p.inTurns(du)
		a = a[:len(w)]
		for k := range w {
			a[k] = w[k][1]
		}
		return
	}
	for k, i := range p.V {
		a[k] = du[i]
	}
}

// holds reports the first pair of which x' is not sigma*v in a derivative, or -1; v are the
// velocities with which it was evaluated.
func (p *pairing) holds(sigma float64, v, du []float64) int {
	v = v[:len(p.X)]
	if p.x0 >= 0 {
		for k, d := range du[p.x0 : p.x0+len(v)] {
			if d != sigma*v[k] {
				return k
			}
		}
		return -1
	}
	for k, i := range p.X {
		if du[i] != sigma*v[k] {
			return k
		}
	}
	return -1
}
