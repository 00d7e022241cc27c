package ode

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// The published test problems of shared/data/ivp, read from their JSON files: a
// recursive-descent parser makes a tree of each right-hand side, evaluated with its
// gradient by forward differentiation.

type zooFile struct {
	Name        string
	Unknowns    []string
	Parameters  map[string]float64
	Time        [2]any
	Definitions [][2]string
	Equations   []string
	Initial     map[string]any
	Reference   struct {
		T      float64
		Values map[string]any
	}
	ID string
}

// zoo reads a problem; the test is skipped where the data folder is absent.
func zoo(t testing.TB, name string) (*Problem, []float64) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "ivp", name+".json"))
	if err != nil {
		t.Skipf("no test data: %v", err)
	}
	var z zooFile
	if err := json.Unmarshal(raw, &z); err != nil {
		t.Fatal(err)
	}
	return z.problem(t)
}

// detest reads the problems of Enright and Pryce (stiff) or Hull and others (nonstiff); the
// test is skipped where the data folder is absent.
func detest(t testing.TB, name string) []zooFile {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "detest", name+".json"))
	if err != nil {
		t.Skipf("no test data: %v", err)
	}
	var list struct{ Problems []zooFile }
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	return list.Problems
}

// problem makes a problem of z, and returns its reference values, NaN where there are none.
func (z *zooFile) problem(t testing.TB) (*Problem, []float64) {
	t.Helper()
	name := z.Name
	if name == "" {
		name = z.ID
	}
	n := len(z.Unknowns)
	ps := &zooParser{vars: map[string]*zooNode{}}
	for k, v := range z.Parameters {
		ps.vars[k] = &zooNode{op: "#", v: v}
	}
	ps.vars["pi"] = &zooNode{op: "#", v: math.Pi}
	ps.vars["t"] = &zooNode{op: "t"}
	for i, u := range z.Unknowns {
		ps.vars[u] = &zooNode{op: "u", i: i}
	}
	for _, d := range z.Definitions {
		ps.vars[d[0]] = ps.parse(t, d[1])
	}
	rhs := make([]*zooNode, n)
	mass := make([]float64, n)
	for row, eq := range z.Equations {
		left, right, _ := strings.Cut(eq, " = ")
		rhs[row] = ps.parse(t, right)
		if left != "0" {
			i := ps.vars[strings.TrimSuffix(strings.TrimPrefix(left, "der("), ")")].i
			if i != row {
				t.Fatalf("%s: equation %d gives the derivative of unknown %d", name, row, i)
			}
			mass[row] = 1
		}
	}
	p := &Problem{Name: name, U0: make([]float64, n), Mass: mass}
	number := func(v any) float64 {
		if s, ok := v.(string); ok {
			return ps.parse(t, s).eval(0, nil, nil, nil)
		}
		return v.(float64)
	}
	p.Span = [2]float64{number(z.Time[0]), number(z.Time[1])}
	ref := make([]float64, n)
	for i, u := range z.Unknowns {
		p.U0[i] = number(z.Initial[u])
		switch v := z.Reference.Values[u].(type) {
		case string:
			ref[i], _ = strconv.ParseFloat(v, 64)
		case float64:
			ref[i] = v
		default:
			ref[i] = math.NaN()
		}
		p.States = append(p.States, Quantity{Name: u})
	}
	// The pattern: what each right-hand side mentions.
	use := make([][]bool, n)
	for i, e := range rhs {
		use[i] = make([]bool, n)
		e.mentions(use[i])
	}
	pat := &linsolve.Pattern{Rows: n, Cols: n, ColPtr: make([]int32, n+1)}
	for j := range n {
		for i := range n {
			if use[i][j] {
				pat.RowIdx = append(pat.RowIdx, int32(i))
			}
		}
		pat.ColPtr[j+1] = int32(len(pat.RowIdx))
	}
	p.Jac = pat
	p.NewKernels = func() *Kernels {
		g := make([]float64, n)
		full := make([]float64, n*n)
		return &Kernels{
			RHS: func(t float64, u, _, du []float64) {
				for i, e := range rhs {
					du[i] = e.eval(t, u, nil, nil)
				}
			},
			Jac: func(t float64, u, _, vals []float64) {
				for i, e := range rhs {
					clear(g)
					e.eval(t, u, g, nil)
					copy(full[i*n:], g)
				}
				for j := range n {
					for e := pat.ColPtr[j]; e < pat.ColPtr[j+1]; e++ {
						vals[e] = full[int(pat.RowIdx[e])*n+j]
					}
				}
			},
			TGrad: func(t float64, u, _, dt []float64) {
				for i, e := range rhs {
					d := 0.0
					e.eval(t, u, nil, &d)
					dt[i] = d
				}
			},
		}
	}
	return p, ref
}

// zooNode is an expression: # number, t, u unknown, or an operator.
type zooNode struct {
	op   string
	v    float64
	i    int
	args []*zooNode
}

func (e *zooNode) mentions(use []bool) {
	if e.op == "u" {
		use[e.i] = true
	}
	for _, a := range e.args {
		a.mentions(use)
	}
}

// eval returns the value; it adds the gradient to g and the time derivative to dt,
// each if not nil.
func (e *zooNode) eval(t float64, u, g []float64, dt *float64) float64 {
	return e.sweep(t, u, 1, g, dt)
}

// value computes without derivatives.
func (e *zooNode) value(t float64, u []float64) float64 { return e.sweep(t, u, 0, nil, nil) }

// sweep evaluates e and adds seed times its derivatives.
func (e *zooNode) sweep(t float64, u []float64, seed float64, g []float64, dt *float64) float64 {
	switch e.op {
	case "#":
		return e.v
	case "t":
		if dt != nil {
			*dt += seed
		}
		return t
	case "u":
		if g != nil {
			g[e.i] += seed
		}
		return u[e.i]
	}
	a := e.args[0].value(t, u)
	b := 0.0
	if len(e.args) > 1 {
		b = e.args[1].value(t, u)
	}
	var v, da, db float64
	switch e.op {
	case "+":
		v, da, db = a+b, 1, 1
	case "-":
		v, da, db = a-b, 1, -1
	case "neg":
		v, da = -a, -1
	case "*":
		v, da, db = a*b, b, a
	case "/":
		v, da, db = a/b, 1/b, -a/(b*b)
	case "^":
		switch {
		case e.args[1].op != "#":
			v, da = math.Pow(a, b), b*math.Pow(a, b-1)
			db = v * math.Log(a)
		case b == 2:
			v, da = a*a, 2*a
		case a > 0:
			v = math.Pow(a, b)
			da = b * v / a
		default:
			v, da = math.Pow(a, b), b*math.Pow(a, b-1)
		}
	case "sqrt":
		v = math.Sqrt(a)
		da = 0.5 / v
	case "exp":
		v = math.Exp(a)
		da = v
	case "sin":
		v, da = math.Sin(a), math.Cos(a)
	case "cos":
		v, da = math.Cos(a), -math.Sin(a)
	default:
		panic("operator " + e.op)
	}
	if g != nil || dt != nil {
		e.args[0].sweep(t, u, seed*da, g, dt)
		if len(e.args) > 1 {
			e.args[1].sweep(t, u, seed*db, g, dt)
		}
	}
	return v
}

type zooParser struct {
	vars map[string]*zooNode
	s    string
	err  error
}

func (p *zooParser) parse(t testing.TB, s string) *zooNode {
	p.s = strings.ReplaceAll(s, " ", "")
	e := p.sum()
	if p.err != nil || p.s != "" {
		t.Fatalf("expression %q: %v, rest %q", s, p.err, p.s)
	}
	return e
}

func (p *zooParser) take(c byte) bool {
	if p.s != "" && p.s[0] == c {
		p.s = p.s[1:]
		return true
	}
	return false
}

func (p *zooParser) sum() *zooNode {
	var e *zooNode
	if p.take('-') {
		e = &zooNode{op: "neg", args: []*zooNode{p.product()}}
	} else {
		e = p.product()
	}
	for {
		switch {
		case p.take('+'):
			e = &zooNode{op: "+", args: []*zooNode{e, p.product()}}
		case p.take('-'):
			e = &zooNode{op: "-", args: []*zooNode{e, p.product()}}
		default:
			return e
		}
	}
}

func (p *zooParser) product() *zooNode {
	e := p.power()
	for {
		switch {
		case p.take('*'):
			e = &zooNode{op: "*", args: []*zooNode{e, p.power()}}
		case p.take('/'):
			e = &zooNode{op: "/", args: []*zooNode{e, p.power()}}
		default:
			return e
		}
	}
}

func (p *zooParser) power() *zooNode {
	e := p.atom()
	if p.take('^') {
		if p.take('-') {
			return &zooNode{op: "^", args: []*zooNode{e, {op: "#", v: -p.atom().v}}}
		}
		return &zooNode{op: "^", args: []*zooNode{e, p.power()}}
	}
	return e
}

func (p *zooParser) atom() *zooNode {
	if p.take('(') {
		e := p.sum()
		if !p.take(')') {
			p.err = fmt.Errorf("missing )")
		}
		return e
	}
	k := 0
	number := p.s != "" && (p.s[0] >= '0' && p.s[0] <= '9' || p.s[0] == '.')
	for k < len(p.s) {
		c := p.s[k]
		if c >= '0' && c <= '9' || c == '.' || c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' ||
			number && (c == '-' || c == '+') && k > 0 && p.s[k-1] == 'e' {
			k++
			continue
		}
		break
	}
	word := p.s[:k]
	p.s = p.s[k:]
	if number {
		v, err := strconv.ParseFloat(word, 64)
		if err != nil {
			p.err = err
		}
		return &zooNode{op: "#", v: v}
	}
	if p.take('(') {
		e := &zooNode{op: word, args: []*zooNode{p.sum()}}
		if !p.take(')') {
			p.err = fmt.Errorf("missing )")
		}
		return e
	}
	if v, ok := p.vars[word]; ok {
		return v
	}
	p.err = fmt.Errorf("unknown name %q", word)
	return &zooNode{op: "#"}
}

// The evaluator's gradient agrees with central differences at the start points.
func TestZooGradients(t *testing.T) {
	for _, name := range []string{"rober", "vdpol", "hires", "orego", "pollu", "chemakzo", "rober_dae", "brusselator"} {
		p, _ := zoo(t, name)
		k := p.NewKernels()
		n := p.N()
		u := make([]float64, n)
		for i := range u {
			u[i] = p.U0[i] + 0.1*float64(i+1)
		}
		vals := make([]float64, p.Jac.NNZ())
		k.Jac(0, u, nil, vals)
		f0, f1 := make([]float64, n), make([]float64, n)
		for j := range n {
			h := 1e-5
			u[j] += h
			k.RHS(0, u, nil, f1)
			u[j] -= 2 * h
			k.RHS(0, u, nil, f0)
			u[j] += h
			for e := p.Jac.ColPtr[j]; e < p.Jac.ColPtr[j+1]; e++ {
				i := p.Jac.RowIdx[e]
				d := (f1[i] - f0[i]) / (2 * h)
				if math.Abs(d-vals[e]) > 1e-6*(math.Abs(d)+math.Abs(f0[i])+1) {
					t.Errorf("%s: df%d/du%d = %g, difference %g", name, i, j, vals[e], d)
				}
			}
		}
	}
}
