package linsolve_test

import (
	"fmt"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// A matrix of three unknowns by columns, factorised once and solved for.
func ExampleNew() {
	p := &linsolve.Pattern{Rows: 3, Cols: 3, ColPtr: []int32{0, 2, 4, 5}, RowIdx: []int32{0, 1, 1, 2, 2}}
	s := linsolve.New[float64](p, linsolve.Hints{})
	if err := s.Factor([]float64{2, 1, 4, 1, 8}); err != nil {
		fmt.Println(err)
		return
	}
	b := []float64{2, 5, 9}
	s.Solve(b)
	fmt.Println(b, s.Stats().Kind)
	// Output: [1 1 1] dense LU
}

// The second difference on a line, known by its products alone.
func ExampleNewMatrixFree() {
	const n = 100
	op := linsolve.OperatorFunc[float64](func(x, y []float64) {
		for i := range y {
			y[i] = 3 * x[i]
			if i > 0 {
				y[i] -= x[i-1]
			}
			if i < n-1 {
				y[i] -= x[i+1]
			}
		}
	})
	k := linsolve.NewMatrixFree(n, op, nil, linsolve.KrylovOptions{Tol: 1e-8})
	b := make([]float64, n)
	for i := range b {
		b[i] = 1
	}
	if err := k.SolveFrom(b, nil); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.6f %v\n", b[n/2], k.Result().Converged)
	// Output: 1.000000 true
}
