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
