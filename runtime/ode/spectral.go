package ode

// The spectral radius of df/du, which stabilised explicit methods need to choose their
// number of stages: a bound by Gershgorin's circles where the problem has a compiled
// Jacobian, which costs one evaluation of it, else an estimate by the nonlinear power
// method, which costs a few of f.

import (
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
)

// The estimate of the power method is raised by powerSafety, as in RKC (Sommeijer,
// Shampine, Verwer 1998), and iterated until it changes by less than powerTol.
const (
	powerSafety = 1.2
	powerTol    = 0.01
	powerMost   = 50
)

// spectrum bounds the spectral radius at points along one run.
type spectrum struct {
	power
	jac, sums []float64
	judged    bool // whether the circles are worth it is known
	circles   bool
}

// bound returns a bound of the spectral radius of df/du at (T, U), where f0 is f there; Inf
// if f or its derivatives are not finite.
func (s *spectrum) bound(ws *Workspace, f0 []float64) float64 {
	if ws.K.Jac == nil || ws.Pattern == nil { // the nested form has a pattern for implicit methods alone
		return powerSafety * s.converge(ws, f0)
	}
	if !s.judged {
		// Where entries away from the diagonal are large but hardly coupled, circles are far
		// too wide. The first point tells.
		s.judged = true
		g, p := s.gershgorin(ws), powerSafety*s.converge(ws, f0)
		s.circles = g <= powerSafety*p
		return math.Min(g, math.Max(p, 0))
	}
	if s.circles {
		return s.gershgorin(ws)
	}
	return powerSafety * s.converge(ws, f0)
}

// gershgorin is the smaller of the largest sums of absolute values in a row and in a
// column of df/du.
func (s *spectrum) gershgorin(ws *Workspace) float64 {
	pat, n := ws.Pattern, ws.N()
	if s.jac == nil {
		s.jac, s.sums = make([]float64, pat.NNZ()), make([]float64, n)
	}
	ws.Jac(ws.T, ws.U, nil, s.jac)
	if nonFinite(s.jac) >= 0 {
		return math.Inf(1)
	}
	rows := s.sums
	clear(rows)
	col := 0.0
	for j := range n {
		sum := 0.0
		lo, hi := pat.ColPtr[j], pat.ColPtr[j+1]
		idx := pat.RowIdx[lo:hi]
		for e, v := range s.jac[lo:hi] {
			v = math.Abs(v)
			sum += v
			rows[idx[e]] += v
		}
		col = math.Max(col, sum)
	}
	row := 0.0
	for _, v := range rows {
		row = math.Max(row, v)
	}
	return math.Min(row, col)
}

// power estimates the spectral radius of df/du by the nonlinear power method
// (Sommeijer, Shampine, Verwer, J. Comput. Appl. Math. 88, 1998), keeping its vector
// from call to call.
type power struct {
	v, u, f0, f1 []float64
}

func (p *power) begin(n int) {
	buf := make([]float64, 4*n)
	p.v, p.u, p.f0, p.f1 = buf[:n], buf[n:2*n], buf[2*n:3*n], buf[3*n:]
}

func (p *power) estimate(ws *Workspace) float64 {
	n := ws.N()
	if p.v == nil {
		p.begin(n)
		for i := range p.v { // any direction will do that is not special
			p.v[i] = 1 + math.Mod(0.754877666*float64(i+1), 1)
		}
	}
	ws.RHS(ws.T, ws.U, p.f0)
	rho := 0.0
	for range 3 {
		// Norms are weighted, so that the units of the states do not matter.
		nv, nu := 0.0, 0.0
		for i, v := range p.v {
			w := 1 / (ws.AbsTol[i] + ws.RelTol*math.Abs(ws.U[i]))
			nv += v * v * w * w
			nu += ws.U[i] * ws.U[i] * w * w
		}
		nv, nu = math.Sqrt(nv), math.Sqrt(nu)
		if !(nv > 0) {
			return 0
		}
		size := math.Sqrt(eps) * math.Max(nu, math.Sqrt(float64(n))/ws.RelTol*1e-3)
		for i, v := range p.v {
			p.u[i] = ws.U[i] + v*(size/nv)
		}
		ws.RHS(ws.T, p.u, p.f1)
		num := 0.0
		for i := range p.f1 {
			w := 1 / (ws.AbsTol[i] + ws.RelTol*math.Abs(ws.U[i]))
			p.v[i] = p.f1[i] - p.f0[i]
			num += p.v[i] * p.v[i] * w * w
		}
		if nonFinite(p.v) >= 0 {
			p.v = nil
			return math.Inf(1)
		}
		if rho = math.Sqrt(num) / size; rho == 0 {
			p.v = nil
			return 0
		}
	}
	return rho
}

// converge iterates the nonlinear power method from the direction where it stopped last
// time (Sommeijer, Shampine, Verwer 1998, with norms weighted by the tolerances). Where
// it does not settle, as with a pair of complex eigenvalues, it returns the largest value of
// the second half of its iterations.
func (p *power) converge(ws *Workspace, f0 []float64) float64 {
	n := ws.N()
	p.make(n)
	// p.f0 holds the weights here.
	w := p.f0
	nu := 0.0
	for i, u := range ws.U {
		w[i] = 1 / (ws.AbsTol[i] + ws.RelTol*math.Abs(u))
		nu += u * u * w[i] * w[i]
	}
	nv := weightedNorm(p.v, w)
	if !(nv > 0) {
		p.aim()
		nv = weightedNorm(p.v, w)
	}
	size := math.Sqrt(eps) * math.Max(math.Sqrt(nu), math.Sqrt(float64(n))/ws.RelTol*1e-3)
	rho, most := 0.0, 0.0
	for it := range powerMost {
		c := size / nv
		for i, v := range p.v {
			p.u[i] = ws.U[i] + v*c
		}
		ws.RHS(ws.T, p.u, p.f1)
		num := 0.0
		for i, v := range p.f1 {
			d := v - f0[i]
			p.v[i] = d
			num += d * d * w[i] * w[i]
		}
		nv = math.Sqrt(num)
		if nv-nv != 0 {
			p.aim()
			return math.Inf(1)
		}
		last := rho
		rho = nv / size
		if rho == 0 {
			p.aim()
			return most
		}
		if it > 0 && math.Abs(rho-last) <= powerTol*rho {
			return math.Max(rho, most)
		}
		if it >= powerMost/2 {
			most = math.Max(most, rho)
		}
	}
	return most
}

// make the vectors, once.
func (p *power) make(n int) {
	if p.v == nil {
		buf := make([]float64, 4*n)
		p.v, p.u, p.f0, p.f1 = buf[:n], buf[n:2*n], buf[2*n:3*n], buf[3*n:]
		p.aim()
	}
}

// archive visits the direction and what is known of the circles.
func (s *spectrum) archive(a *archive.Archive, n int) {
	a.Bool(&s.judged, &s.circles)
	made := s.v != nil
	a.Bool(&made)
	if !made {
		s.v = nil
		return
	}
	s.make(n)
	a.Floats(s.v)
}

// aim sets a direction that is not special.
func (p *power) aim() {
	for i := range p.v {
		p.v[i] = 1 + math.Mod(0.754877666*float64(i+1), 1)
		if i&1 == 1 { // the fastest modes of diffusion alternate
			p.v[i] = -p.v[i]
		}
	}
}

// weightedNorm is the root of the sum of the squares of v_i w_i.
func weightedNorm(v, w []float64) float64 {
	s := 0.0
	for i, x := range v {
		x *= w[i]
		s += x * x
	}
	return math.Sqrt(s)
}
