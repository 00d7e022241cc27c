package main

import "fmt"

// problem is one of the comparison: a model of this repository, and how the peers know it.
type problem struct {
	name  string
	file  string // below the root of the repository
	model string // "": the default model of the file
	args  map[string]string
	span  [2]float64
	// scale is atol/rtol, and what is added to the size of a component where its error is
	// measured.
	scale float64
	// unknowns are the variables of the reference, in its order. Those that the compiler
	// eliminated are computed from the others once the clock has stopped.
	unknowns []string
}

// series makes names from a format, from first on.
func series(format string, first, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf(format, first+i)
	}
	return names
}

// interleaved takes names by turns: a[0] b[0] a[1] b[1] ...
func interleaved(lists ...[]string) []string {
	var names []string
	for i := range lists[0] {
		for _, l := range lists {
			names = append(names, l[i])
		}
	}
	return names
}

// square names the cells of a square row by row.
func square(format string, n int) []string {
	var names []string
	for j := range n {
		for i := range n {
			names = append(names, fmt.Sprintf(format, j, i))
		}
	}
	return names
}

var (
	xyz    = []string{"x", "y", "z"}
	three  = series("y%d", 1, 3)
	ladder = "testdata/bench/ladder.go"
	cells  = "testdata/bench/bruss2d.go"
)

// problems lists them as the peers' programs do, and behind them those that only the test
// set for initial value problems has.
var problems = []problem{
	{name: "lorenz", file: "testdata/bench/lorenz.go", span: [2]float64{0, 100}, scale: 1, unknowns: xyz},
	{name: "lorenz10", file: "testdata/bench/lorenz.go", span: [2]float64{0, 10}, scale: 1, unknowns: xyz},
	{name: "pleiades", file: "testdata/bench/pleiades.go", span: [2]float64{0, 3}, scale: 1,
		unknowns: append(append(append(series("x[%d]", 0, 7), series("y[%d]", 0, 7)...), series("u[%d]", 0, 7)...), series("v[%d]", 0, 7)...)},
	{name: "robertson", file: "testdata/bench/robertson.go", model: "Robertson", span: [2]float64{0, 1e5}, scale: 1e-8, unknowns: three},
	{name: "robertson11", file: "testdata/bench/robertson.go", model: "Robertson", span: [2]float64{0, 1e11}, scale: 1e-8, unknowns: three},
	{name: "vdp1e3", file: "testdata/bench/vdp.go", model: "VDP", span: [2]float64{0, 2}, scale: 1, unknowns: three[:2]},
	{name: "vdp1e6", file: "testdata/bench/vdp.go", model: "VDP6", span: [2]float64{0, 2}, scale: 1, unknowns: three[:2]},
	{name: "hires", file: "testdata/bench/hires.go", span: [2]float64{0, 321.8122}, scale: 1e-4, unknowns: series("y[%d]", 0, 8)},
	{name: "orego", file: "testdata/bench/orego.go", span: [2]float64{0, 360}, scale: 1e-6, unknowns: three},
	{name: "pollu", file: "testdata/bench/pollu.go", span: [2]float64{0, 60}, scale: 1e-4, unknowns: series("y[%d]", 0, 20)},
	{name: "ringmod", file: "testdata/ivp/ringmod.go", model: "Ring", span: [2]float64{0, 1e-3}, scale: 1e-2, unknowns: series("y[%d]", 0, 15)},
	{name: "medakzo", file: "testdata/bench/medakzo.go", span: [2]float64{0, 20}, scale: 1e-2,
		unknowns: interleaved(series("u[%d]", 0, 200), series("v[%d]", 0, 200))},
	{name: "bruss1d", file: "testdata/bench/bruss1d.go", span: [2]float64{0, 10}, scale: 1,
		unknowns: interleaved(series("u[%d]", 0, 500), series("v[%d]", 0, 500))},
	{name: "rcladder", file: ladder, model: "Linear", span: [2]float64{0, 100}, scale: 1e-2, unknowns: series("v[%d]", 0, 1000)},
	{name: "bruss2d32", file: cells, span: [2]float64{0, 11.5}, scale: 1, args: map[string]string{"N": "32"},
		unknowns: interleaved(square("u[%d][%d]", 32), square("v[%d][%d]", 32))},
	{name: "bruss2d64", file: cells, span: [2]float64{0, 11.5}, scale: 1, args: map[string]string{"N": "64"},
		unknowns: interleaved(square("u[%d][%d]", 64), square("v[%d][%d]", 64))},
	{name: "robertson_dae", file: "testdata/bench/robertson.go", model: "DAE", span: [2]float64{0, 1e5}, scale: 1e-8, unknowns: three},
	{name: "chemakzo", file: "testdata/ivp/chemakzo.go", span: [2]float64{0, 180}, scale: 1e-4, unknowns: series("y%d", 1, 6)},
	{name: "transamp", file: "testdata/ivp/transamp.go", span: [2]float64{0, 0.2}, scale: 1, unknowns: series("y%d", 1, 8)},
	{name: "rcdae", file: ladder, model: "DAE", span: [2]float64{0, 50}, scale: 1e-2,
		unknowns: interleaved(series("b[%d]", 0, 1000), series("a[%d]", 0, 1000))},

	{name: "arenstorf", file: "testdata/bench/arenstorf.go", span: [2]float64{0, 17.0652165601579625588917206249}, scale: 1, unknowns: []string{"x", "y", "u", "v"}},
	{name: "e5", file: "testdata/bench/e5.go", span: [2]float64{0, 1e13}, scale: 1e-24, unknowns: three},
	{name: "emep", file: "testdata/bench/emep.go", span: [2]float64{14400, 417600}, scale: 1e5, unknowns: series("y[%d]", 0, 66)},
	{name: "beam", file: "testdata/bench/beam.go", span: [2]float64{0, 5}, scale: 1, unknowns: append(series("th[%d]", 0, 40), series("om[%d]", 0, 40)...)},
	// Index 3. The multipliers, whose published values are good to 1e-4, do not count.
	{name: "caraxis", file: "testdata/ivp/caraxis.go", span: [2]float64{0, 3}, scale: 1, unknowns: []string{"xl", "yl", "xr", "yr", "ul", "vl", "ur", "vr"}},
}

func find(name string) *problem {
	for i := range problems {
		if problems[i].name == name {
			return &problems[i]
		}
	}
	return nil
}
