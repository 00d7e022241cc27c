package vm

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/structural"
)

// rates makes a plan of the rates of x0, x1, ... in text, lines "name := term" being
// definitions; p0, p1, ... are parameters, all 1 + index, d is discrete memory.
func rates(t testing.TB, n, params int, text string) *structural.Plan {
	t.Helper()
	p := expr.NewPool()
	var x, k []expr.ID
	for i := range n {
		x = append(x, p.Sym(fmt.Sprint("x", i)))
	}
	for i := range params {
		k = append(k, p.Sym(fmt.Sprint("p", i)))
	}
	pl := plain(p, x, k, nil)
	for i := range pl.Params {
		pl.Params[i].Value = p.Int(int64(i + 1))
	}
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, def, assign := strings.Cut(line, " := ")
		if !assign {
			def = line
		}
		e, err := p.Parse(def, expr.ParseOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if assign {
			pl.Seq = append(pl.Seq, structural.Assign{Target: p.Sym(name), Value: e, Eq: -1})
		} else {
			pl.Deriv = append(pl.Deriv, e)
		}
	}
	return pl
}

// dense writes A of a problem as rows.
func dense(p *ode.Problem) [][]float64 {
	n := p.N()
	a := make([][]float64, n)
	for i := range a {
		a[i] = make([]float64, n)
	}
	if p.Linear == nil {
		return a
	}
	v := make([]float64, p.Linear.NNZ())
	p.NewKernels().Linear(p.P, v)
	for j := range n {
		for e := p.Linear.ColPtr[j]; e < p.Linear.ColPtr[j+1]; e++ {
			a[p.Linear.RowIdx[e]][j] = v[e]
		}
	}
	return a
}

// What is linear with coefficients of parameters alone is found, through definitions, factors
// and conditions on parameters, and nothing else.
func TestLinear(t *testing.T) {
	for _, c := range []struct {
		text string
		want string
	}{
		{"-p0*x0 + x1^2*x0\nx0 - x1", "[[-1 0] [1 -1]]"},
		{"p1*(x0 - x1)/p2 + time*x1 + time\nsin(x0) + 3*x1 + p1", "[[0.6666666666666666 -0.6666666666666666] [0 3]]"},
		{"x0*x1\nx1*(1 - x1)", "[]"},
		{"x1 - x1^2 + 2\nx0/x1", "[[0 1] [0 0]]"},
		{"f := p2*(x0 - x1)\ng := f + x1*x1\nf - g\ng*p1 + time*f", "[[0 0] [6 -6]]"},
		{"f := time*p0\nh := p1*p2\n-h*x0 + f*x1\nif p1 > 1 then 5*x0 else x1", "[[-6 0] [5 0]]"},
		{"if x0 > 1 then x0 else x1\nsmooth(1, noEvent(2*x0))", "[[0 0] [2 0]]"},
		{"p0^2*x0 - p0*(p1 + p2)*(x0 + x1)\nexp(p0)*x0*0 + sqrt(p1 - 1)*x1", "[[-4 -5] [0 1]]"},
	} {
		for _, from := range []int{0, 1} { // straight-line code, and steps
			prog, list := backend.Lower(rates(t, 2, 3, c.text), backend.Options{RollFrom: from, MinLoop: 2})
			if err := list.Err(); err != nil {
				t.Fatal(err)
			}
			p := Problem(prog)
			got := "[]"
			if p.Linear != nil {
				got = fmt.Sprint(dense(p))
			}
			if got != c.want {
				t.Errorf("%q, rolled from %d: A = %s, want %s", c.text, from, got, c.want)
			}
		}
	}
}

// Large models: loops for A, with the values of straight-line code, and nothing that reads
// states or time.
func TestLinearRolled(t *testing.T) {
	const n = 200
	var text strings.Builder
	for i := range n {
		l, r := (i+n-1)%n, (i+1)%n
		fmt.Fprintf(&text, "q%d := p0*(x%d - x%d)\n", i, i, r)
		fmt.Fprintf(&text, "q%d - q%d + p%d*x%d + x%d^2*x%d\n", l, i, 1+i%2, i, i, r)
	}
	var a [2][][]float64
	for k, opt := range []backend.Options{{RollFrom: 1 << 30}, {RollFrom: 1}} {
		prog, list := backend.Lower(rates(t, n, 3, text.String()), opt)
		if err := list.Err(); err != nil {
			t.Fatal(err)
		}
		if k == 1 {
			if len(prog.Linear.Steps) == 0 || prog.Linear.Ops() > 40 {
				t.Errorf("%d steps, %d operations for %d rows", len(prog.Linear.Steps), prog.Linear.Ops(), n)
			}
		}
		reads := func(code []backend.Instr) {
			for _, in := range code {
				if in.Op == backend.U || in.Op == backend.Time || in.Op == backend.W {
					t.Errorf("the kernel reads %s", in.Op)
				}
			}
		}
		reads(prog.Linear.Code)
		for i := range prog.Linear.Steps {
			reads(prog.Linear.Steps[i].Body.Code)
		}
		p := Problem(prog)
		a[k] = dense(p)
	}
	for i := range n {
		for j := range n {
			want := 0.0
			switch j {
			case i:
				want = -2 + float64(2+i%2)
			case (i + 1) % n, (i + n - 1) % n:
				want = 1
			}
			for k := range a {
				if math.Abs(a[k][i][j]-want) > 1e-15 {
					t.Fatalf("version %d: A[%d][%d] = %v, want %v", k, i, j, a[k][i][j], want)
				}
			}
		}
	}
}
