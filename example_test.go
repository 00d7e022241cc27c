package mtkc_test

import (
	"context"
	"fmt"
	"log"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/ensemble"
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

// An ensemble on what suits it: lanes of the vm here, machine code where that pays.
func ExampleCompiler_EnsembleEngine() {
	m := model.New("cooling")
	x := m.Var("T", model.Init(90))
	m.Eq(expr.Der(x).Mul(600), m.Param("Env", 20).Sub(x))
	ctx := context.Background()
	c := mtkc.NewSystem(m, mtkc.Options{})
	prob, found := c.Problem(ctx)
	if err := found.Err(); err != nil {
		log.Fatal(err)
	}
	source := func() ensemble.Source {
		s, err := ensemble.Grid(ensemble.Linear("Env", 10, 30, 1000))
		if err != nil {
			log.Fatal(err)
		}
		return s
	}
	engine, found := c.EnsembleEngine(ctx, mtkc.EnsembleOptions{Run: ode.Options{Span: [2]float64{0, 3600}}, N: 1000, Sample: source()})
	if err := found.Err(); err != nil {
		log.Fatal(err)
	}
	res, err := ensemble.Solve(ctx, prob, source(), ensemble.Options{Run: engine.Run, Engine: engine.Engine, Statistics: true})
	if err != nil {
		log.Fatal(err)
	}
	if err := engine.Close(); err != nil {
		log.Fatal(err)
	}
	end := res.Statistics.At(0, 0)
	fmt.Printf("%s, %s: %d trajectories, T = %.3f to %.3f\n", engine.Method, engine.Why, res.N, end.Min, end.Max)
	// Output: Vern7, not stiff: 3 trajectories stayed with Vern7: 1000 trajectories, T = 10.198 to 30.149
}
