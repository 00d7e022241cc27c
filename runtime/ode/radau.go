package ode

// The Radau IIA methods of orders 5, 9 and 13, and the method that changes between
// them: the collocation methods at the right Radau points, L-stable and stiffly accurate.
//
// The order suits the tolerance first: on the stiff problems of the benchmarks of 2 to 20
// states the method of order 5 does the least work for up to 5 digits, that of order 13 for more than
// 8, and that of order 9 between. Then it follows the contraction theta of the simplified Newton
// iterations (Hairer, Wanner, J. Comput. Appl. Math. 111, 1999). Methods of high order make
// long steps, over which J is a worse approximation; where the iteration suffers from
// that, the order falls, and where it converges at once, since the problem is all but linear, it
// rises above that of the tolerance. Hairer and Wanner know the second criterion alone.

import "github.com/mtkc/mtkc/runtime/archive"

func init() {
	for _, m := range []struct {
		name          string
		order, stages int
	}{{"RadauIIA5", 5, 3}, {"RadauIIA9", 9, 5}, {"RadauIIA13", 13, 7}} {
		var aliases []string
		if m.order == 5 {
			aliases = []string{"Radau5"}
		}
		Register(&firkMethod{tables: []string{m.name}, info: Info{
			Name: m.name, Use: Stiff, Order: m.order, Embedded: m.stages, Stages: m.stages, Implicit: true, Mass: true, Index: 3,
			Stability:   "stiffly accurate, L-stable",
			Description: "implicit Runge-Kutta method for stiff and differential-algebraic systems at tight tolerances",
			Reference:   "Hairer, Wanner, Solving Ordinary Differential Equations II, IV.8",
		}}, aliases...)
	}
	Register(&firkMethod{tables: []string{"RadauIIA5", "RadauIIA9", "RadauIIA13"}, info: Info{
		Name: "Radau", Use: Stiff, Order: 13, Embedded: 7, Stages: 7, Implicit: true, Mass: true, Index: 3,
		Stability:   "stiffly accurate, L-stable",
		Description: "implicit Runge-Kutta methods of orders 5, 9 and 13 by turns, for stiff and differential-algebraic systems",
		Reference:   "Hairer, Wanner, J. Comput. Appl. Math. 111, 1999",
	}})
}

const (
	orderBack  = 0.05 // contraction at and below which the order returns to that of the tolerance
	orderUp    = 2e-5 // and rises above it,
	orderDown  = 0.8  // at and above which it falls
	orderStay  = 4    // steps after a change before the order may rise
	orderBelow = 0.5  // the order rises only where the step changes by factors between these
	orderAbove = 3.0
)

// orderPolicy remembers what the choice of the order depends on.
type orderPolicy struct {
	since int     // steps since the last change, or the start
	theta float64 // contraction, which falls by half a step at most
	fell  bool    // the iteration diverged, or needed a step less than half as long
}

// Archive visits all of it.
func (p *orderPolicy) Archive(a *archive.Archive) {
	a.Int(&p.since)
	a.Float(&p.theta)
	a.Bool(&p.fell)
}

// failed takes note that an iteration gave up and proposed a step slow times as long; it
// reports whether the order is to fall.
func (p *orderPolicy) failed(slow float64) bool {
	p.theta = 1
	return slow <= 0.5
}

// usual is the table that suits the tolerance.
func (r *firk) usual() int {
	k := 0
	for _, tol := range []float64{1e-5, 1e-8} {
		if r.ws.RelTol <= tol {
			k++
		}
	}
	return min(k, len(r.tables)-1)
}

// choose chooses the order for the next step, which is to be quot times as long.
func (r *firk) choose(quot float64) {
	p := &r.policy
	p.since++
	p.theta = min(10, max(r.theta, p.theta/2))
	up := orderUp
	if r.at < r.usual() {
		up = orderBack
	}
	switch {
	case p.theta >= orderDown && r.at > 0:
		r.lower()
	case r.iters > 1 && p.theta <= up && quot > orderBelow && quot < orderAbove && p.since > orderStay && r.at+1 < len(r.tables):
		r.become(r.at + 1)
		p.since = 0
	}
}

// lower makes the next lower order the present one.
func (r *firk) lower() {
	r.become(r.at - 1)
	r.policy.since = 0
}
