package ode

// Adams-Moulton formulas of variable order 1 to 12 and variable step, in Nordsieck form
// (multistep.go), with functional iteration: an evaluation of f for each step, and one more where
// the first correction is not small. For nonstiff problems whose f is expensive.
//
// LSODA switches between these and backward differentiation on the same history, by
// Petzold's test: with Adams formulas the step is limited by accuracy or by h L < s_q, L
// being the Lipschitz constant that the functional iterations show (later the norm of J) and
// s_q the size of the stability region; with backward differentiation by accuracy alone.
// It changes to the latter where that allows a step five times longer, and back where the
// former allows one as long.
//
// Byrne, Hindmarsh, ACM Trans. Math. Softw. 1(1), 1975; Petzold, SIAM J. Sci. Stat.
// Comput. 4(1), 1983; Hindmarsh, ODEPACK, 1983, whose constants those of the switch are.
// Departures: the error constants are those of constant steps; after a restart the run goes on with the
// family that it had, since events may be frequent; where single iterations suffice, every fifth step makes
// two, since a smooth stiff phase shows its Lipschitz constant in no other way.

import (
	"fmt"
	"math"
	"sync"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/tableau"
)

func init() {
	Register(adamsMethod{}, "CVODE_Adams", "AdamsPECE")
	Register(lsodaMethod{}, "LSODE")
}

type adamsMethod struct{}

// Info describes the method.
func (adamsMethod) Info() Info {
	return Info{
		Name: "Adams", Use: Nonstiff, Order: adamsMaxOrder, Embedded: adamsMaxOrder, Stages: 1,
		Stability:   "bounded region, shrinking with the order",
		Description: "Adams-Moulton formulas of orders 1 to 12 with functional iteration, one to two evaluations of f for each step",
		Reference:   "Byrne, Hindmarsh, ACM Trans. Math. Softw. 1(1), 1975",
	}
}

// New returns a stepper.
func (m adamsMethod) New(ws *Workspace) (Stepper, error) {
	if len(ws.Alg) > 0 {
		return nil, errAlgebraic(ws, m.Info().Name)
	}
	return newMultistep(ws, adams, adamsMaxOrder, adamsMaxOrder), nil
}

// errAlgebraic says that a method takes no algebraic rows.
func errAlgebraic(ws *Workspace, name string) error {
	return fmt.Errorf("%s has %d algebraic equations, which %s cannot solve: use the nested form, or an implicit method such as Rodas5P or BDF",
		ws.P.title(), len(ws.Alg), name)
}

type lsodaMethod struct{}

// Info describes the method.
func (lsodaMethod) Info() Info {
	return Info{
		Name: "LSODA", Use: Stiff, Order: bdfMaxOrder, Embedded: bdfMaxOrder, Stages: 1, Implicit: true, Mass: true,
		Stability:   "that of Adams formulas where the problem is not stiff, of BDF where it is",
		Description: "Adams formulas of orders 1 to 12 where the problem is not stiff, BDF of orders 1 to 5 where it is, switching on one history",
		Reference:   "Petzold, SIAM J. Sci. Stat. Comput. 4(1), 1983",
	}
}

// New returns a stepper that starts with the Adams formulas; where there are algebraic
// equations it stays with backward differentiation.
func (lsodaMethod) New(ws *Workspace) (Stepper, error) {
	if len(ws.Alg) > 0 {
		return bdfMethod{top: bdfMaxOrder}.New(ws)
	}
	b := newMultistep(ws, adams, adamsMaxOrder, adamsMaxOrder)
	b.m = newNewtonMatrix(ws, b.ewt)
	b.sw = &switching{to: adams, rows: make([]float64, ws.N())}
	return b, nil
}

const (
	swStay  = 20   // steps with a family before the other is considered
	swRatio = 5    // gain in the step that makes backward differentiation worth its factors
	swBias  = 1.2  // of the steps that are compared
	swMost  = 10.0 // growth of the step at a change
	swProbe = 5    // steps of which one shows the Lipschitz constant at least
	swStuck = 200  // steps near the bound of stability after which the other family is tried, whatever the errors say,
	swNear  = 0.3  // and how near
)

// stableAdams[q] is the size of the stability region of the Adams-Moulton formula of order q that counts
// (ODEPACK, DSTODA).
var stableAdams = [tops]float64{0, 0.5, 0.575, 0.55, 0.45, 0.35, 0.25, 0.20, 0.15, 0.10, 0.075, 0.050, 0.025}

// errorConstants are those of the local error of Adams-Moulton formulas, and of backward
// differentiation, times h^(q+1) u^(q+1), by order.
var errorConstants = sync.OnceValue(func() (c [2][tops]float64) {
	gamma := 0.0
	for q := 1; q <= adamsMaxOrder; q++ {
		c[adams][q] = math.Abs(tableau.ReadMultistep(fmt.Sprintf("AdamsMoulton%d", q)).Coeffs().Error)
		gamma += 1 / float64(q)
		c[backward][q] = 1 / (float64(q+1) * gamma)
	}
	return c
})

// switching decides between the families.
type switching struct {
	to        formula // family of the step to come
	order     int     // and its order, where that changes
	count     int     // steps until the other family is considered
	lipschitz float64 // estimate from the last functional iterations of more than one evaluation
	present   float64 // largest of the step in progress
	jnorm     float64 // norm of the last Jacobian
	rows      []float64
	stuck     int // steps in a row near the bound of stability
	patience  int // how many of them are too many; doubled with every trial
}

// restart begins anew with the family at hand.
func (s *switching) restart(b *multistep) {
	s.to, s.count, s.lipschitz, s.present = b.kind, swStay, 0, 0
	s.stuck, s.patience = 0, swStuck
	b.top = b.kind.most()
}

// note takes an estimate of the Lipschitz constant.
func (s *switching) note(l float64) { s.present = math.Max(s.present, l) }

// curious says that the step is to make a second iteration, for the sake of an estimate of
// the Lipschitz constant: one step in swProbe, where the other family may be considered.
func (s *switching) curious(b *multistep) bool { return s.count <= 0 && b.steps%swProbe == 0 }

// norm computes the norm of J that belongs to the largest weighted entry of vectors.
func (s *switching) norm(b *multistep) {
	ws := b.ws
	clear(s.rows)
	pat := ws.Pattern
	for j := range pat.Cols {
		for e := pat.ColPtr[j]; e < pat.ColPtr[j+1]; e++ {
			s.rows[pat.RowIdx[e]] += math.Abs(b.m.jac[e]) / b.ewt[j]
		}
	}
	s.jnorm = 0
	for i, r := range s.rows {
		s.jnorm = math.Max(s.jnorm, r*b.ewt[i])
	}
}

// judge looks after an accepted step of length h and error dsm whether the other family
// could make a longer one.
func (s *switching) judge(b *multistep, h, dsm float64) {
	if s.present > 0 {
		s.lipschitz, s.present = s.present, 0
	}
	if s.count--; s.count >= 0 {
		return
	}
	q := b.q
	c := errorConstants()
	reach := func(x float64, k int) float64 { return 1 / (swBias*math.Pow(x, 1/float64(k)) + swBias*1e-6) }
	limit := func(r, l float64, q int) float64 {
		most := 2 * r
		if z := l * h; z*r > 1e-5 {
			most = stableAdams[q] / z
		}
		return math.Min(r, most)
	}
	if b.kind == adams {
		if s.lipschitz == 0 {
			return
		}
		now := limit(reach(dsm, q+1), s.lipschitz, q)
		to, x := q, dsm*c[backward][q]/c[adams][q]
		if q > bdfMaxOrder {
			to = bdfMaxOrder
			x = 720 * c[backward][to] * b.norm(b.z[to+1]) // z_6 holds h^6/6! u^(6)
		}
		// Near the bound of stability what the functional iterations leave is most of the errors and of the high
		// derivatives, which then speak against the formulas that need neither.
		if s.stuck++; s.lipschitz*h < swNear*stableAdams[q] {
			s.stuck = 0
		}
		if s.stuck >= s.patience {
			s.to, s.order, s.stuck, s.patience = backward, min(q, 2), 0, 2*s.patience
			b.ws.H = h
			return
		}
		then := reach(x, to+1)
		if then < swRatio*now {
			return
		}
		s.to, s.order = backward, to
		b.ws.H = math.Min(h*math.Min(then, swMost), b.ws.HMax)
		return
	}
	x := dsm * c[adams][q] / c[backward][q]
	then := limit(reach(x, q+1), s.jnorm, q)
	now := reach(dsm, q+1)
	if then < now {
		return
	}
	// Not where rounding is all that the error would show.
	if math.Pow(math.Max(0.001, then), float64(q+1))*x <= 1000*eps*b.ws.Norm(b.ws.U, b.ws.U) {
		return
	}
	s.to, s.order = adams, q
	b.ws.H = math.Min(h*math.Min(then, swMost), b.ws.HMax)
}

// change goes over to the other family. The history stays, but for entries above the new
// order: both polynomials are Taylor's to within the error of the step.
func (s *switching) change(b *multistep) {
	b.ws.Stats.Switches++
	b.kind = s.to
	b.top = b.kind.most()
	b.q, b.next, b.wait, b.steady = s.order, s.order, s.order+1, 0
	b.tq5Last = 0
	b.haveLU, b.haveJac = false, false
	s.count, s.lipschitz, s.present = swStay, 0, 0
}

func (s *switching) archive(a *archive.Archive, b *multistep) {
	to := int(s.to)
	a.Int(&to, &s.order, &s.count, &b.top, &s.stuck, &s.patience)
	s.to = formula(to)
	a.Float(&s.lipschitz, &s.present, &s.jnorm)
}
