package expr

import (
	"fmt"
	"math"
	"runtime"
	"testing"

	"github.com/mtkc/mtkc/runtime/elementary"
)

// Equal values in equal form: both texts must give the same id.
func TestCanonical(t *testing.T) {
	cases := []struct{ a, b string }{
		{"x + y", "y + x"},
		{"x*y*z", "z*(y*x)"},
		{"x + x + x", "3*x"},
		{"x - x", "0"},
		{"x*x*x", "x^3"},
		{"x/x", "1"},
		{"x^2/x", "x"},
		{"x^y*x^z", "x^(y + z)"},
		{"(x*y)^2", "x^2*y^2"},
		{"(2*x)^3", "8*x^3"},
		{"(4*x)^0.5", "2*sqrt(x)"},
		{"(x^3)^2", "x^6"},
		{"(x^y)^2", "x^(2*y)"},
		{"1/(1/x)", "x"},
		{"a - (b - c)", "a - b + c"},
		{"2*(x + y) - 2*(x + y)", "0"},
		{"z + 0.5*(x + y) + 0.5*(x + y)", "x + y + z"},
		{"sqrt(x*y)*sqrt(x*y)", "x*y"},
		{"sqrt(2*x)*sqrt(2*x)", "2*x"},
		{"sqrt(-2)^2", "-2"},
		{"1/3 + 1/6", "0.5"},
		{"x/3 + x/6", "x/2"},
		{"x^0.5", "sqrt(x)"},
		{"sqrt(9/4)", "1.5"},
		{"4^1.5", "8"},
		{"2^10", "1024"},
		{"0.1 + 0.2", "0.30000000000000004"},
		{"0.3/0.1", "2.9999999999999996"},
		{"0.3*x/0.1", "2.9999999999999996*x"},
		{"-(-x)", "x"},
		{"(-x)^2", "x^2"},
		{"(-x)^3", "-x^3"},
		{"min(x, y)", "min(y, x)"},
		{"max(x, x)", "x"},
		{"x == y", "y == x"},
		{"x > y", "y < x"},
		{"not (not x < y)", "x < y"},
		{"x < y and true", "x < y"},
		{"if true then x else y", "x"},
		{"if x < y then z else z", "z"},
		{"sin(0)", "0"},
		{"der(time)", "1"},
		{"der(3)", "0"},
		{"noEvent(x)", "x"},
		{"0/0", "1e999 - 1e999"},
		{"1/0^2", "1/0"},
		{"x*0", "0"},
		{"x^0", "1"},
	}
	for _, c := range cases {
		p := NewPool()
		a, b := p.MustParse(c.a), p.MustParse(c.b)
		if a != b {
			t.Errorf("%s is %s, %s is %s", c.a, p.String(a), c.b, p.String(b))
		}
	}
}

// Rewrites that hold for some values only must not happen.
func TestNotEqual(t *testing.T) {
	cases := []struct{ a, b string }{
		{"sqrt(x^2)", "x"},
		{"(x^2)^y", "x^(2*y)"},
		{"sqrt(x*y)", "sqrt(x)*sqrt(y)"},
		{"(-x)^0.5", "x"},
		{"log(x*y)", "log(x) + log(y)"},
		{"x < y", "x <= y"},
		{"exp(1000)", "1e999"},
		{"(1e-200*x)^2", "0"},
		{"(x*y)^0.5", "x^0.5*y^0.5"},
		{"2*(x + y)", "2*x + 2*y"},
	}
	for _, c := range cases {
		p := NewPool()
		a, b := p.MustParse(c.a), p.MustParse(c.b)
		if a == b {
			t.Errorf("%s and %s are both %s", c.a, c.b, p.String(a))
		}
	}
}

func TestNum(t *testing.T) {
	nums := []Num{
		IntNum(0), IntNum(1), IntNum(-7), IntNum(math.MaxInt64), IntNum(math.MinInt64), RatNum(1, 3), RatNum(-22, 7),
		RatNum(math.MaxInt64, 3), FloatNum(0.1), FloatNum(-1e300), FloatNum(1e-300), FloatNum(0.5), FloatNum(1 << 60),
	}
	near := func(a, b float64) bool {
		return a == b || math.Abs(a-b) <= 1e-15*math.Max(math.Abs(a), math.Abs(b)) // 4 roundings of 2^-53
	}
	for _, a := range nums {
		for _, b := range nums {
			if s, f := a.Add(b).Float(), a.Float()+b.Float(); !near(s, f) && !near(s-a.Float(), b.Float()) && !near(s-b.Float(), a.Float()) {
				t.Errorf("%v + %v = %v", a, b, s)
			}
			if s, f := a.Mul(b).Float(), a.Float()*b.Float(); !near(s, f) {
				t.Errorf("%v * %v = %v", a, b, s)
			}
			if s, f := a.Div(b).Float(), a.Float()/b.Float(); !b.IsZero() && !near(s, f) {
				t.Errorf("%v / %v = %v", a, b, s)
			}
			if r, ok := a.Pow(b); ok && !near(r.Float(), elementary.Pow(a.Float(), b.Float())) {
				t.Errorf("%v ^ %v = %v", a, b, r)
			}
		}
		p := NewPool()
		if id := p.Num(a); p.MustParse(p.String(id)) != id {
			t.Errorf("%v is written %s", a, p.String(id))
		}
	}
	if RatNum(6, -4) != RatNum(-3, 2) || FloatNum(1.5) != RatNum(3, 2) || FloatNum(1<<60) != IntNum(1<<60) {
		t.Error("equal numbers differ")
	}
	p := NewPool()
	if p.Float(math.NaN()) != p.Float(-math.NaN()) {
		t.Error("two terms that are not a number")
	}
}

func TestLongSumsAndProducts(t *testing.T) {
	const n = 30000
	p := NewPool()
	x := make([]ID, n)
	for i := range x {
		x[i] = p.Sym(fmt.Sprintf("x%d", i))
	}
	s, m := Zero, One
	for _, v := range x {
		s = p.Add(s, v)
		m = p.Mul(m, v)
	}
	if len(p.args) > 300*n {
		t.Errorf("%d arguments for %d steps", len(p.args), n)
	}
	one := func(ID) (float64, bool) { return 1, true }
	leaf := func(e ID) (float64, bool) { return 1, p.Op(e) == OpSym }
	if got := p.Eval(s, leaf); got != n {
		t.Errorf("sum is %v", got)
	}
	if p.Eval(m, one) != 1 {
		t.Error("product")
	}
	atoms, d := p.Gradient(s, nil)
	if len(atoms) != n {
		t.Errorf("%d derivatives", len(atoms))
	}
	for _, v := range d {
		if v != One {
			t.Fatalf("derivative %s", p.String(v))
		}
	}
	before := p.Len()
	if _, d := p.Gradient(m, nil); len(d) != n || p.Eval(d[n/2], leaf) != 1 {
		t.Error("gradient of a long product")
	}
	if p.Len()-before > 40*n {
		t.Errorf("gradient of a product of %d factors makes %d terms", n, p.Len()-before)
	}
	if got := p.Diff(m, x[n/2], nil); p.Eval(got, leaf) != 1 {
		t.Error("derivative of a long product")
	}
	if got := p.Sub(s, s); got != Zero {
		t.Error("s - s")
	}
	if back := p.MustParse(p.String(s)); back != s {
		t.Error("a long sum reads back as another term")
	}
}

// A long chain of functions must neither overflow the stack nor cost much.
func TestDeepTerms(t *testing.T) {
	const n = 100000
	p := NewPool()
	x := p.Sym("x")
	e := x
	for range n {
		e = p.Fn(OpTanh, p.Add(e, One))
	}
	if v := p.Eval(e, func(t ID) (float64, bool) { return 0, t == x }); !(math.Abs(v) < 1) {
		t.Errorf("value %v", v)
	}
	if p.Size(e) != 2*n+2 || len(p.Free(e)) != 1 { // and the number 1
		t.Errorf("size %d", p.Size(e))
	}
	if f := p.Substitute(e, map[ID]ID{x: One}, nil); f == e || p.Op(f) == OpConst != true {
		t.Error("substitution")
	}
	d := p.Diff(e, x, nil)
	if d == Zero {
		t.Error("derivative")
	}
	_, g := p.Gradient(e, nil)
	if len(g) != 1 {
		t.Error("gradient")
	}
	if s := p.String(e); len(s) == 0 {
		t.Error("text")
	}
}

// A pool of a million nodes, as a large model makes them, stays well below 200 MB.
func TestPoolMemory(t *testing.T) {
	var a, b runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&a)
	p := millionNodes()
	runtime.GC()
	runtime.ReadMemStats(&b)
	mb := float64(b.HeapAlloc-a.HeapAlloc) / 1e6
	t.Logf("%d nodes in %.0f MB", p.Len(), mb)
	if mb > 150 {
		t.Errorf("%.0f MB", mb)
	}
}

func millionNodes() *Pool {
	p := NewPool()
	for i := 0; p.Len() < 1000000; i++ {
		u := p.Sym(fmt.Sprintf("cell[%d].u", i))
		v := p.Sym(fmt.Sprintf("cell[%d].v", i))
		k := p.Float(0.1 + float64(i)*1e-3)
		r := p.Mul(k, p.Sub(u, v), p.Inv(p.Add(One, p.Pow(u, p.Int(2)))))
		p.Sub(p.Der(u), p.Add(r, p.Fn(OpExp, p.Neg(v))))
	}
	return p
}

func BenchmarkMillionNodes(b *testing.B) {
	for b.Loop() {
		millionNodes()
	}
}

func BenchmarkDerivatives(b *testing.B) {
	p := NewPool()
	const n = 20000
	es := make([]ID, n)
	for i := range es {
		u, v, w := p.Sym(fmt.Sprintf("u%d", i)), p.Sym(fmt.Sprintf("u%d", (i+1)%n)), p.Sym(fmt.Sprintf("u%d", (i+2)%n))
		r := p.Mul(p.Float(0.3), p.Sub(u, v), p.Inv(p.Add(One, p.Pow(w, p.Int(2)))))
		es[i] = p.Add(r, p.Fn(OpExp, p.Neg(v)), p.Mul(u, v, w))
	}
	b.Run("gradient", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, e := range es {
				p.Gradient(e, nil)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/equation")
	})
	b.Run("time", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			memo := map[ID]ID{}
			for _, e := range es {
				p.TimeDerivative(e, memo, func(a ID) ID { return p.Der(a) })
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/equation")
	})
	b.Run("substitute", func(b *testing.B) {
		b.ReportAllocs()
		with := map[ID]ID{}
		for i := 0; i < n; i += 3 {
			with[p.Sym(fmt.Sprintf("u%d", i))] = p.Sym(fmt.Sprintf("v%d", i))
		}
		for b.Loop() {
			memo := map[ID]ID{}
			for _, e := range es {
				p.Substitute(e, with, memo)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/equation")
	})
}
