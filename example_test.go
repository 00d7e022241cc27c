package mtkc_test

import (
	"context"
	"fmt"
	"log"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/ode"
)

func ExampleCompile() {
	m := model.New("cooling")
	x := m.Var("T", model.Init(90))
	m.Eq(expr.Der(x).Mul(600), m.Param("Env", 20).Sub(x))
	prob, err := mtkc.Compile(m)
	if err != nil {
		log.Fatal(err)
	}
	sol, err := ode.Solve(context.Background(), prob, ode.Options{Span: [2]float64{0, 3600}})
	if err != nil {
		log.Fatal(err)
	}
	end, err := sol.Final([]string{"T"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.3f\n", end[0])
	// Output: 20.174
}

// A mass on a spring and a damper: its poles, and the transfer function from the force to
// the position.
func ExampleLinearize() {
	m := model.New("spring")
	x, v, f := m.Var("x", model.Init(0)), m.Var("v", model.Init(0)), m.Input("f", 0)
	k := m.Param("k", 8)
	m.Eq(expr.Der(x), v)
	m.Eq(expr.Der(v).Mul(2), f.Sub(k.Mul(x)).Sub(v.Mul(4)))
	lin, err := mtkc.Linearize(context.Background(), m, mtkc.LinearizeOptions{Outputs: []string{"x"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%v %.4f\n", lin.States, lin.Poles())
	fmt.Println(lin.TransferFunction(0, 0))
	terms, err := lin.Terms()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(terms.Pool.String(terms.A[1][0]))
	// Output:
	// [x v] [(-1.0000+1.7321i) (-1.0000-1.7321i)]
	// 0.5/(s^2 + 2*s + 4)
	// -k/2
}
