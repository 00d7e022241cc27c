package bngl_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/frontend/bngl"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/ode"
)

func read(t *testing.T, text string) *model.System {
	t.Helper()
	sys, found := bngl.Read(strings.NewReader(text), "m.net")
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return sys
}

func problem(t *testing.T, text string) *ode.Problem {
	t.Helper()
	p, found := mtkc.NewSystem(read(t, text), mtkc.Options{Check: true}).Problem(context.Background())
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return p
}

// final solves a network from 0 to end and returns variables there.
func final(t *testing.T, text string, end float64, names ...string) []float64 {
	t.Helper()
	sol, err := ode.Solve(context.Background(), problem(t, text), ode.Options{Span: [2]float64{0, end}, RelTol: 1e-10, AbsTol: 1e-12})
	if err != nil {
		t.Fatal(err)
	}
	v, err := sol.Final(names)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestExpressions evaluates parameters and functions of the parameter x = 0.5 and the observable y = 2.
func TestExpressions(t *testing.T) {
	const x, y = 0.5, 2.0
	for _, c := range []struct {
		text string
		want float64
	}{
		{"2.5", 2.5}, {"1e-3", 1e-3}, {"1.E+2", 100}, {".5e1", 5}, {"6.022e23", 6.022e23}, {"x", x},
		{"-x^2", -0.25}, {"2^-1", 0.5}, {"2^3^2", 512}, {"2**3", 8}, {"(-2)^2", 4}, {"1-2-3", -4}, {"8/4/2", 1}, {"2*-x", -1}, {"--x", x}, {"+x", x},
		{"1+2*3", 7}, {"(1+2)*3", 9}, {"x<1", 1}, {"x>1", 0}, {"x<=0.5", 1}, {"x>=0.6", 0}, {"x==0.5", 1}, {"x!=0.5", 0}, {"x~=0.5", 0},
		{"x<1&&x>0", 1}, {"x<0||x>0", 1}, {"!(x<0)", 1}, {"(x<1)+1", 2}, {"1&&0", 0}, {"0||2", 1}, {"x<1==1", 1},
		{"if(x<1,3,4)", 3}, {"if(x>1,3,if(x>0,5,6))", 5}, {"if(2,1,0)", 1}, {"x<1?3:4", 3}, {"x>1?3:x>0?5:6", 5},
		{"exp(x)", math.Exp(x)}, {"ln(x)", math.Log(x)}, {"log10(x)", math.Log10(x)}, {"log2(x)", -1}, {"sqrt(x)", math.Sqrt(x)}, {"abs(-x)", x}, {"sign(-x)", -1},
		{"rint(1.5)", 2}, {"rint(1.4)", 1}, {"rint(-1.5)", -1}, {"sin(x)", math.Sin(x)}, {"cos(x)", math.Cos(x)}, {"tan(x)", math.Tan(x)},
		{"asin(x)", math.Asin(x)}, {"acos(x)", math.Acos(x)}, {"atan(x)", math.Atan(x)}, {"sinh(x)", math.Sinh(x)}, {"cosh(x)", math.Cosh(x)}, {"tanh(x)", math.Tanh(x)},
		{"asinh(x)", math.Asinh(x)}, {"acosh(2)", math.Acosh(2)}, {"atanh(x)", math.Atanh(x)},
		{"min(3,x,1)", x}, {"max(3,x,1)", 3}, {"sum(1,2,x)", 3.5}, {"avg(1,2,3)", 2}, {"_pi", math.Pi}, {"_e", math.E}, {"2*_pi*x", math.Pi},
		// M(2,3,z)/M(1,2,z) of z = 0.5: 2((z-1)e^z+1)/z^2 over (e^z-1)/z.
		{"mratio(1,2,x)", 2 * ((x-1)*math.Exp(x) + 1) / (x * (math.Exp(x) - 1))},
	} {
		text := "begin parameters\n1 x 0.5 # Constant\n2 p " + c.text + " # ConstantExpression\nend parameters\nbegin functions\n1 f() " + c.text +
			"\n2 g() y*(" + c.text + ")\nend functions\nbegin species\n1 A() 2\nend species\nbegin reactions\n1 1 1,1 x #R\n2 1,1 1 x\nend reactions\nbegin groups\n1 y 1\nend groups\n"
		p := problem(t, text)
		sol, err := ode.Solve(context.Background(), p, ode.Options{Span: [2]float64{0, 1e-9}})
		if err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
		v, err := sol.ValueAt(0, []string{"p", "f", "g"})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []float64{c.want, c.want, y * c.want} {
			if math.Abs(v[i]-want) > 2e-15*math.Abs(want) {
				t.Errorf("%s = %v, want %v", c.text, v[i], want)
			}
		}
	}
}

// network is one reaction of A, B and C, which start at 3, 2 and 1, with k = 0.5 and K = 2, into D.
func network(reactants, rate string) string {
	return "begin parameters\n k 0.5\n K 2\n h 2\nend parameters\nbegin functions\n 1 f() k*Atot\n 2 g(x) x*k\nend functions\nbegin species\n1 A() 3\n2 B() 2\n3 C() 1\n4 D() 0\nend species\nbegin reactions\n" +
		"7 " + reactants + " 4 " + rate + " #_R1\nend reactions\nbegin groups\n1 Atot 2*1,2,\nend groups\n"
}

// TestRates evaluates rates and propensities at the start, A = 3, B = 2, C = 1.
func TestRates(t *testing.T) {
	mm := func(s, e, k, km float64) float64 {
		b := s - e - km
		free := (b + math.Sqrt(b*b+4*s*km)) / 2
		return k * e * free / (km + free)
	}
	for _, c := range []struct {
		reactants, rate  string
		want, propensity float64
	}{
		{"1", "k", 1.5, 1.5}, {"1,2", "k", 3, 3}, {"0", "k", 0.5, 0.5}, {"1,1", "k", 4.5, 3}, {"1,1,1", "k", 13.5, 3}, {"1,2,1", "2*k", 18, 12}, {"1", "0.25", 0.75, 0.75},
		{"1", "2.5*k", 3.75, 3.75}, {"1", "1e1*k", 15, 15}, {"1", "k*K/h", 1.5, 1.5}, {"1,2", "f", 24, 24}, {"1,1", "2*f", 72, 48}, {"0", "f()", 4, 4}, {"1", "g(K)*h", 6, 6},
		{"1", "Ele k", 1.5, 1.5},
		{"1,2", "Sat k K", 0.5 * 3 * 2 / 5, 0.6}, {"1,2", "2*Sat k K", 1.2, 1.2}, {"1,2", "Sat(k,K)", 0.6, 0.6}, {"1,2", "Sat k K h", 0.5 * 3 * 2 / (5 * 4), 0.15}, {"1", "Sat k", 0.5, 0.5},
		{"1,1", "Sat k K", 0.5 * 9 / 5, 0.5 * 3 * 2 / 5},
		{"1,2", "MM k K", mm(3, 2, 0.5, 2), mm(3, 2, 0.5, 2)},
		{"1,2", "Hill k K h", 0.5 * 9 / (4 + 9) * 2, 0.5 * 9 / 13 * 2},
		{"1,2", "FunctionProduct f f()", 96, 96},
	} {
		sys := read(t, network(c.reactants, c.rate))
		val := map[string]float64{"k": 0.5, "K": 2, "h": 2, "A()": 3, "B()": 2, "C()": 1, "D()": 0, "Atot": 8, "f": 4}
		eval := func(e expr.ID) float64 {
			return sys.Pool.Eval(e, func(id expr.ID) (float64, bool) {
				v, ok := val[sys.Pool.Name(id)]
				return v, ok
			})
		}
		r := sys.Reactions[0]
		if r.Name != "R7" || sys.Pool.Name(r.Rate) != "rate[7]" {
			t.Errorf("reaction %s with the rate %s", r.Name, sys.Pool.Name(r.Rate))
		}
		for _, e := range sys.Equations {
			if e.Lhs != r.Rate {
				continue
			}
			rate, propensity := eval(e.Rhs), eval(e.Rhs)
			if r.Propensity != expr.None {
				propensity = eval(r.Propensity)
			}
			if math.Abs(rate-c.want) > 1e-14*c.want || math.Abs(propensity-c.propensity) > 1e-14*c.propensity {
				t.Errorf("%s %s: rate %v, propensity %v, want %v, %v", c.reactants, c.rate, rate, propensity, c.want, c.propensity)
			}
		}
		if p := problem(t, network(c.reactants, c.rate)); p.N() < 1 { // the Jacobian exists
			t.Errorf("%s %s: no states", c.reactants, c.rate)
		}
	}
}

// TestBalances reads what reactions change: repeated species, catalysts, fixed species and species on both sides.
func TestBalances(t *testing.T) {
	sys := read(t, `begin species
1 A() 1
2 $B() 2
3 C() 0
4 @c::$D(x) 4
5 E 5
end species
begin reactions
1 1,1 3,3,3 1
2 1,2 2 1
3 3,5 5,1 1
4 1,3 3,1 1
end reactions
`)
	want := map[string]string{"A()": "rate[3] - 2*rate[1] - rate[2]", "C()": "3*rate[1] - rate[3]"}
	n := 0
	for _, e := range sys.Equations {
		if !e.Balance {
			continue
		}
		n++
		x := sys.Pool.Name(sys.Pool.Args(e.Lhs)[0])
		if got := sys.Pool.String(e.Rhs); got != want[x] {
			t.Errorf("der(%s) = %s, want %s", x, got, want[x])
		}
	}
	if n != len(want) {
		t.Errorf("%d balances, want %d", n, len(want))
	}
	for name, kind := range map[string]model.VarKind{"A()": model.Unknown, "B()": model.ParameterVar, "C()": model.Unknown, "@c::D(x)": model.ParameterVar, "E": model.ParameterVar} {
		sym, ok := sys.Pool.Lookup(name)
		if !ok {
			t.Errorf("there is no %s", name)
			continue
		}
		if k, ok := sys.VarOf(sym); !ok || sys.Vars[k].Kind != kind {
			t.Errorf("%s: kind %v, want %v", name, sys.Vars[k].Kind, kind)
		}
	}
	r := sys.Reactions[0]
	if got := fmt.Sprint(len(r.Reactants), sys.Pool.String(r.Reactants[0].Number), len(r.Products), sys.Pool.String(r.Products[0].Number)); got != "1213" {
		t.Errorf("2 A -> 3 C is read as %s", got)
	}
	if r = sys.Reactions[1]; len(r.Reactants) != 2 || len(r.Products) != 1 {
		t.Errorf("A + B -> B has %d reactants and %d products", len(r.Reactants), len(r.Products))
	}
}

// TestForms reads what differs between versions: no numbers, continued lines, statements, other line ends, species that are
// not in order.
func TestForms(t *testing.T) {
	text := "\ufeff# Created by BioNetGen\nversion(\"2.0.23\");\nsubstanceUnits(\"Number\");\nsetOption(\"SpeciesLabel\",\"HNauty\")\nbegin model\nbegin parameters\n  k=0.5\n  1 c = \\\n   2* \\\n   k # two lines\nend parameters\n" +
		"begin molecule types\n A(b)\nend molecule types\nbegin reaction rules\n R1: A(b) -> 0 k\nend reaction rules\nbegin seed species\n 10 A(b) c\n 3 B() 4\nend seed species\nbegin reactions\n1 10 3 c*k/c #R1\nend reactions\n" +
		"begin groups\n 1 empty\n 2 All 10,0.5*3\nend groups\nend model\n"
	for _, doc := range []string{text, strings.ReplaceAll(text, "\n", "\r\n")} {
		v := final(t, doc, 2, "A(b)", "B()", "empty", "All", "S1", "S2")
		a := math.Exp(-1)
		for i, want := range []float64{a, 5 - a, 0, a + (5-a)/2, a, 5 - a} {
			if math.Abs(v[i]-want) > 1e-9 {
				t.Errorf("variable %d is %v, want %v", i, v[i], want)
			}
		}
	}
	one, found := bngl.Read(iotest.OneByteReader(strings.NewReader(text)), "m.net")
	if err := found.Err(); err != nil || len(one.Equations) != 5 {
		t.Errorf("read byte by byte: %v", err)
	}
}

// A name that a parameter and a group share, and numbered names that parameters have already.
func TestNames(t *testing.T) {
	sys, found := bngl.Read(strings.NewReader("begin parameters\n1 A 2\n2 S1 3\nend parameters\nbegin functions\n1 B() 2*A\nend functions\nbegin species\n1 A 1\n2 B() 1\nend species\nbegin reactions\n1 1 2 A\nend reactions\nbegin groups\n1 A 1\n2 B 2\nend groups\n"), "m.net")
	if err := found.Err(); err != nil || len(found) != 2 {
		t.Fatal(found)
	}
	var names []string
	for _, v := range sys.Vars {
		names = append(names, v.Name+" "+v.Alias)
	}
	if got, want := fmt.Sprintf("%q", names), `["A " "S1 " "A() s1" "B() s2" "A_group " "B " "B_function " "rate[1] "]`; got != want {
		t.Errorf("variables %s, want %s", got, want)
	}
}

// TestTables solves A' = table(t) and compares with its integral.
func TestTables(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "u.tfun"), []byte("# t u\n0 1\n1 3\n\n2 2\n4 2\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		table string
		want  float64 // integral from 0 to 5
	}{
		{"tfun('u.tfun')", 2 + 2.5 + 4 + 2}, {"tfun( 'u.tfun' , time )", 10.5}, {`tfun("u.tfun",t,method=>"step")`, 1 + 3 + 4 + 2},
		{"tfun([0,1,2,4],[1,3,2,2],time)", 10.5}, {`tfun([1,2],[10,20],time,method=>"step")`, 10*2 + 20*3}, {"2*tfun([0,5],[0,5],t)+1", 30},
		{"tfun([0,10],[0,10],k)", 2.5},
	} {
		file := filepath.Join(dir, "m.net")
		text := "begin parameters\nk 0.5\nend parameters\nbegin functions\n1 u() " + c.table + "\nend functions\nbegin species\n1 A() 0\nend species\nbegin reactions\n1 0 1 u\nend reactions\nbegin groups\n1 X 1\nend groups\n"
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		p, found := mtkc.New(file, mtkc.Options{Check: true}).Problem(context.Background())
		if err := found.Err(); err != nil {
			t.Fatal(c.table, err)
		}
		sol, err := ode.Solve(context.Background(), p, ode.Options{Span: [2]float64{0, 5}, RelTol: 1e-10})
		if err != nil {
			t.Fatal(err)
		}
		if v, err := sol.Final([]string{"X"}); err != nil || math.Abs(v[0]-c.want) > 1e-8 {
			t.Errorf("%s: integral %v, want %v, %v", c.table, v, c.want, err)
		}
	}
}

// Parameters stay bound, and start values follow them.
func TestBinding(t *testing.T) {
	p := problem(t, "begin parameters\n1 a 2\n2 b 3*a\n3 k b/a\nend parameters\nbegin species\n1 A() b\nend species\nbegin reactions\n1 1 0 k\nend reactions\nbegin groups\n1 X 1\nend groups\n")
	for _, c := range []struct {
		set   map[string]float64
		start float64
		k     float64
	}{
		{nil, 6, 3}, {map[string]float64{"a": 1}, 3, 3}, {map[string]float64{"b": 1}, 1, 0.5}, {map[string]float64{"A()": 7}, 7, 3}, {map[string]float64{"S1": 7}, 7, 3}, {map[string]float64{"start(A())": 7}, 7, 3}, {map[string]float64{"k": 1, "a": 3}, 9, 1},
	} {
		sol, err := ode.Solve(context.Background(), p, ode.Options{Span: [2]float64{0, 1}, RelTol: 1e-10, AbsTol: 1e-12, Set: c.set})
		if err != nil {
			t.Fatal(c.set, err)
		}
		v, err := sol.Final([]string{"A()"})
		if want := c.start * math.Exp(-c.k); err != nil || math.Abs(v[0]-want) > 1e-9 {
			t.Errorf("%v: %v, want %v, %v", c.set, v, want, err)
		}
	}
}

// Every cut of a file is read, or refused with diagnostics.
func TestBroken(t *testing.T) {
	whole := network("1,2", "Sat k K")
	for i := range whole {
		sys, found := bngl.Read(strings.NewReader(whole[:i]), "m.net")
		if (sys == nil) != (found.Errors() > 0) {
			t.Fatalf("cut at %d: %v", i, found)
		}
	}
	for _, deep := range []string{strings.Repeat("(", 100_000), strings.Repeat("-", 100_000) + "1", strings.Repeat("1?", 100_000), strings.Repeat("2^", 100_000), strings.Repeat("sin(", 100_000)} {
		if _, found := bngl.Read(strings.NewReader("begin parameters\n1 k "+deep+"\nend parameters\nbegin species\n1 A() 1\nend species\n"), "m.net"); found.Errors() == 0 {
			t.Errorf("%.5s... is read", deep)
		}
	}
}

// endless is a network with n rules, which are not needed, that is never in memory as a whole.
func endless(n int) io.Reader {
	r, w := io.Pipe()
	go func() {
		fmt.Fprint(w, "begin reaction rules\n")
		for range n {
			fmt.Fprint(w, "Rule1:  R(Y1~P) + S1(SH2) <-> R(Y1~P!1).S1(SH2!1)  kon_S1, koff_S1 exclude_reactants(2,R()) # again\n")
		}
		fmt.Fprint(w, "end reaction rules\nbegin species\n1 A() 1\nend species\n")
		w.Close()
	}()
	return r
}

// 20 MB of rules take no memory to speak of.
func TestStreaming(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	sys, found := bngl.Read(endless(200_000), "m.net")
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; len(sys.Vars) != 1 || grown > 4<<20 {
		t.Errorf("%d bytes were allocated", grown)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(network("1,2", "2*Sat k K"))
	f.Add("begin parameters\n1 a tfun([0,1],[1,2],t)\nend parameters\n")
	f.Fuzz(func(t *testing.T, text string) {
		if sys, found := bngl.Read(strings.NewReader(text), "m.net"); (sys == nil) != (found.Errors() > 0) {
			t.Fatal(found)
		}
	})
}
