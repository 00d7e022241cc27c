// Package tableau holds the coefficients of integration methods as data, one file
// for each method: explicit, diagonally and fully implicit Runge-Kutta methods,
// Rosenbrock, Nystrom, symplectic and stabilised methods, multistep formulas.
//
// In: the files under data, in which every coefficient is exact decimal or rational
// text from the papers. Out: the same numbers, rounded once to float64. Promised,
// by tests with exact or high-precision arithmetic: every method has the order and
// the embedded order that it states, and so has its interpolant.
//
// The tables were collected from the papers that they name, by way of
// OrdinaryDiffEq.jl (MIT licence) and SUNDIALS (BSD-3-Clause licence): field source.
package tableau

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/big"
	"strings"
)

//go:embed data
var data embed.FS

// Family is a form of methods; its tables stand in the folder of that name.
type Family string

const (
	Explicit   Family = "erk"        // explicit Runge-Kutta
	LowStorage Family = "lowstorage" // explicit, in two to five registers
	Diagonal   Family = "dirk"       // diagonally implicit, additive pairs among them
	Full       Family = "firk"       // fully implicit Runge-Kutta
	Linear     Family = "rosenbrock" // linearly implicit: Rosenbrock and W methods
	Stabilised Family = "rock"       // explicit with extended stability along the negative real axis
	Symplectic Family = "symplectic" // partitioned, for separable Hamiltonians
	Nystrom    Family = "rkn"        // for equations of second order
	Multistep  Family = "multistep"  // backward differentiation and Adams formulas

	// Additive are the tables of Diagonal that have an explicit partner, as IMEX methods
	// under names of their own; they have no folder.
	Additive Family = "imex"
)

// Families lists all families that have a folder.
func Families() []Family {
	return []Family{Explicit, LowStorage, Diagonal, Full, Linear, Stabilised, Symplectic, Nystrom, Multistep}
}

// Names lists the methods of a family, in the order of their names.
func Names(f Family) []string {
	if f == Additive {
		return additiveNames()
	}
	list, err := fs.ReadDir(data, "data/"+string(f))
	if err != nil {
		panic("mtkc: bug: tableau: " + err.Error())
	}
	names := make([]string, len(list))
	for i, e := range list {
		names[i] = strings.TrimSuffix(e.Name(), ".json")
	}
	return names
}

// read decodes the table of that name into v, a pointer to a struct of its family.
func read(f Family, name string, v any) {
	text, err := data.ReadFile("data/" + string(f) + "/" + name + ".json")
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		panic("mtkc: bug: tableau: " + err.Error())
	}
}

// rat parses a coefficient.
func rat(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		panic(fmt.Sprintf("mtkc: bug: %q is no number", s))
	}
	return r
}

// matrix rounds each entry once.
func matrix(m [][]string) [][]float64 {
	r := make([][]float64, len(m))
	for i, row := range m {
		r[i] = floats(row)
	}
	return r
}

// floats rounds each entry once.
func floats(v []string) []float64 {
	f := make([]float64, len(v))
	for i, s := range v {
		f[i], _ = rat(s).Float64()
	}
	return f
}
