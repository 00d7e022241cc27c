package ode

// Backward differentiation formulas of variable order 1 to 5 and variable step, in
// fixed-leading-coefficient form (multistep.go, nordsieck.go), and the numerical
// differentiation formulas, which add a multiple of the correction so that the error
// constant of orders 1 to 4 is a third to a half, at some loss of stability. The same
// with an order limited to less than 5.
//
// Byrne, Hindmarsh, ACM Trans. Math. Softw. 1(1), 1975; Jackson, Sacks-Davis, ACM
// Trans. Math. Softw. 6(3), 1980; Brown, Byrne, Hindmarsh, SIAM J. Sci. Stat. Comput.
// 10(5), 1989; Klopfenstein, RCA Review 32, 1971; Shampine, Reichelt, SIAM J. Sci.
// Comput. 18(1), 1997, whose constants are for constant steps: here the leading
// coefficient is that of constant steps always, so they serve as they are.

import (
	"fmt"

	"github.com/mtkc/mtkc/runtime/tableau"
)

func init() {
	Register(bdfMethod{top: bdfMaxOrder}, "Gear", "FBDF", "QBDF", "CVODE_BDF")
	Register(bdfMethod{top: bdfMaxOrder, ndf: true}, "QNDF", "ode15s")
	for q := 1; q <= bdfMaxOrder; q++ {
		var aliases []string
		if q <= 2 {
			aliases = append(aliases, fmt.Sprintf("QBDF%d", q))
		}
		Register(bdfMethod{top: q, limited: true}, aliases...)
		aliases = nil
		if q <= 2 {
			aliases = append(aliases, fmt.Sprintf("QNDF%d", q))
		}
		Register(bdfMethod{top: q, limited: true, ndf: true}, aliases...)
	}
}

// bdfMethod is backward differentiation of orders up to top.
type bdfMethod struct {
	top     int
	limited bool // the name says the highest order
	ndf     bool
}

// Info describes the method.
func (m bdfMethod) Info() Info {
	i := Info{
		Name: "BDF", Use: Stiff, Order: m.top, Embedded: m.top, Stages: 1, Implicit: true, Mass: true,
		Stability:   "A-stable to order 2, A(alpha)-stable to order 5",
		Description: "backward differentiation formulas of orders 1 to 5 for large stiff and differential-algebraic systems",
		Reference:   "Brown, Byrne, Hindmarsh, SIAM J. Sci. Stat. Comput. 10(5), 1989",
	}
	if m.ndf {
		i.Name = "NDF"
		i.Description = "numerical differentiation formulas of orders 1 to 5, with smaller error constants than those of BDF"
		i.Reference = "Shampine, Reichelt, SIAM J. Sci. Comput. 18(1), 1997"
	}
	if m.limited {
		i.Description = fmt.Sprintf("%s of orders 1 to %d", map[bool]string{false: "backward differentiation formulas", true: "numerical differentiation formulas"}[m.ndf], m.top)
		if m.top == 1 && !m.ndf {
			i.Description = "the implicit Euler method with error estimate"
		}
		i.Name = fmt.Sprintf("%s%d", i.Name, m.top)
		if m.top <= 2 {
			i.Stability = "A-stable"
		}
	}
	return i
}

const (
	msNewtonTol = 0.02 // of the error test; CVODE has 0.1, which costs a fifth more steps on the stiff test problems
	msNewtonAlg = 0.01 // with algebraic equations: their errors are not damped
)

// New returns a stepper.
func (m bdfMethod) New(ws *Workspace) (Stepper, error) {
	b := newMultistep(ws, backward, m.top, bdfMaxOrder)
	if m.ndf {
		b.kappa = ndfKappa()
	}
	b.m = newNewtonMatrix(ws, b.ewt)
	return b, nil
}

// ndfKappa are the constants of the numerical differentiation formulas, by order.
func ndfKappa() []float64 {
	k := make([]float64, bdfMaxOrder+1)
	for q := 1; q <= bdfMaxOrder; q++ {
		k[q] = tableau.ReadMultistep(fmt.Sprintf("NDF%d", q)).Coeffs().Kappa
	}
	return k
}
