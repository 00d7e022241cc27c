package vm

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/structural"
)

// Models of the benchmarks.

// benchModel is a model with its start values and parameters.
type benchModel struct {
	name string
	text string // see rates
	u, p []float64
}

var benchModels = []benchModel{
	// Lorenz, J. Atmos. Sci. 20, 1963.
	{"Lorenz", "p0*(x1 - x0)\nx0*(p1 - x2) - x1\nx0*x1 - p2*x2", []float64{1, 2, 20}, []float64{10, 28, 8. / 3}},
	// Robertson 1966, with the rates as parameters.
	{"Robertson", "-p0*x0 + p1*x1*x2\np0*x0 - p1*x1*x2 - p2*x1^2\np2*x1^2", []float64{0.9, 1e-5, 0.1}, []float64{0.04, 1e4, 3e7}},
	// HIRES and POLLU: Mazzia and Magherini, Test Set for Initial Value Problem Solvers, 2008.
	{"HIRES", `-1.71*x0 + 0.43*x1 + 8.32*x2 + 0.0007
		1.71*x0 - 8.75*x1
		-10.03*x2 + 0.43*x3 + 0.035*x4
		8.32*x1 + 1.71*x2 - 1.12*x3
		-1.745*x4 + 0.43*x5 + 0.43*x6
		-280*x5*x7 + 0.69*x3 + 1.71*x4 - 0.43*x5 + 0.69*x6
		280*x5*x7 - 1.81*x6
		-280*x5*x7 + 1.81*x6`, []float64{1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.0057}, nil},
	{"POLLU", polluText, []float64{0.05, 0.15, 1e-9, 0.004, 2e-7, 1e-7, 0.08, 0.32, 0.007, 1e-8, 2e-8, 0.01, 0.01, 1e-4, 0.003, 5e-12, 0.006, 2e-4, 6e-5, 4e-5}, polluRates},
}

var polluRates = []float64{0.35, 26.6, 12300, 0.00086, 0.00082, 15000, 0.00013, 24000, 16500, 9000, 0.022, 12000, 1.88, 16300, 4.8e6, 0.00035, 0.0175,
	1e8, 4.44e11, 1240, 2.1, 5.78, 0.0474, 1780, 3.12}

const polluText = `
	r1 := p0*x0
	r2 := p1*x1*x3
	r3 := p2*x4*x1
	r4 := p3*x6
	r5 := p4*x6
	r6 := p5*x6*x5
	r7 := p6*x8
	r8 := p7*x8*x5
	r9 := p8*x10*x1
	r10 := p9*x10*x0
	r11 := p10*x12
	r12 := p11*x9*x1
	r13 := p12*x13
	r14 := p13*x0*x5
	r15 := p14*x2
	r16 := p15*x3
	r17 := p16*x3
	r18 := p17*x15
	r19 := p18*x15
	r20 := p19*x16*x5
	r21 := p20*x18
	r22 := p21*x18
	r23 := p22*x0*x3
	r24 := p23*x18*x0
	r25 := p24*x19
	-r1 - r10 - r14 - r23 - r24 + r2 + r3 + r9 + r11 + r12 + r22 + r25
	-r2 - r3 - r9 - r12 + r1 + r21
	-r15 + r1 + r17 + r19 + r22
	-r2 - r16 - r17 - r23 + r15
	-r3 + 2*r4 + r6 + r7 + r13 + r20
	-r6 - r8 - r14 - r20 + r3 + 2*r18
	-r4 - r5 - r6 + r13
	r4 + r5 + r6 + r7
	-r7 - r8
	-r12 + r7 + r9
	-r9 - r10 + r8 + r11
	r9
	-r11 + r10
	-r13 + r12
	r14
	-r18 - r19 + r16
	-r20
	r20
	-r21 - r22 - r24 + r23 + r25
	-r25 + r24`

// brusselator is the reaction and diffusion of two species on an m by m grid with periodic
// boundaries (Hairer and Wanner, Solving Ordinary Differential Equations II, 1996, section IV.10).
func brusselator(t testing.TB, m int) *structural.Plan {
	var b strings.Builder
	at := func(s, i, j int) int { return s*m*m + (i+m)%m*m + (j+m)%m }
	for s := range 2 {
		for i := range m {
			for j := range m {
				u, v := at(0, i, j), at(1, i, j)
				fmt.Fprintf(&b, "p0*(x%d + x%d + x%d + x%d - 4*x%d) + ", at(s, i-1, j), at(s, i+1, j), at(s, i, j-1), at(s, i, j+1), at(s, i, j))
				if s == 0 {
					fmt.Fprintf(&b, "1 + x%d^2*x%d - 4.4*x%d\n", u, v, u)
				} else {
					fmt.Fprintf(&b, "3.4*x%d - x%d^2*x%d\n", u, u, v)
				}
			}
		}
	}
	return rates(t, 2*m*m, 1, b.String())
}

func (m *benchModel) program(t testing.TB) *backend.Program {
	return lower(t, rates(t, len(m.u), len(m.p), m.text))
}
