package basemodelica

import (
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// load reads a model whose definitions and body are given.
func load(t *testing.T, defs, vars, eqs string) *model.System {
	t.Helper()
	src := "//! base 0.1.0\npackage 'M'\n" + defs + "  model 'M'\n" + vars + "  equation\n" + eqs + "  end 'M';\nend 'M';\n"
	sys, diags := Read(strings.NewReader(src), "m.bmo")
	if len(diags) > 0 {
		t.Fatalf("%v\n%s", diags, src)
	}
	return sys
}

// eval computes the right side of equation i with values for the variables.
func eval(sys *model.System, e expr.ID, at map[string]float64) float64 {
	return sys.Pool.Eval(e, func(s expr.ID) (float64, bool) {
		v, ok := at[sys.Pool.Name(s)]
		return v, ok
	})
}

const functions = `
  record 'R'
    Real 'a';
    Real 'b'[2];
  end 'R';
  constant Real 'half' = 1/2;
  function 'heron' "square root"
    input Real 'a';
    output Real 'x';
  protected
    Real 'old';
  algorithm
    'x' := max('a', 1);
    'old' := 0;
    while abs('x' - 'old') > 1e-14*'x' loop
      'old' := 'x';
      'x' := 'half'*('x' + 'a'/'x');
    end while;
  end 'heron';
  function 'norm'
    input Real 'v'[:];
    output Real 'n';
    output Real 'u'[size('v', 1)];
  algorithm
    'n' := sqrt('v'*'v');
    'u' := 'v'/'n';
  end 'norm';
  function 'poly' "Horner, with a break"
    input Real 'c'[:];
    input Real 'x' = 2;
    output Real 'y';
  algorithm
    'y' := 0;
    for 'i' in size('c', 1):-1:1 loop
      'y' := 'y'*'x' + 'c'['i'];
      if 'y' > 1000 then
        'y' := 1000;
        break;
      end if;
    end for;
  end 'poly';
  function 'rec'
    input 'R' 'r';
    input Integer 'k';
    output 'R' 'y';
  algorithm
    'y'.'a' := 'r'.'a' + 1;
    'y'.'b'[1] := 'r'.'b'['k'];
    'y'.'b'[2] := -'r'.'b'[1];
  end 'rec';
  function 'sat'
    input Real 'u';
    input Real 'lim' = 1;
    output Real 'y';
  algorithm
    if 'u' > 'lim' then
      'y' := 'lim';
      return;
    elseif 'u' < -'lim' then
      'y' := -'lim';
      return;
    end if;
    'y' := 'u';
  end 'sat';
  function 'fib'
    input Integer 'n';
    output Integer 'f';
  algorithm
    'f' := if 'n' < 2 then 'n' else 'fib'('n' - 1) + 'fib'('n' - 2);
  end 'fib';
  function 'count' "of steps of the Collatz sequence"
    input Integer 'n';
    output Integer 'steps' = 0;
  protected
    Integer 'k' = 'n';
  algorithm
    while 'k' <> 1 loop
      'k' := if mod('k', 2) == 0 then div('k', 2) else 3*'k' + 1;
      'steps' := 'steps' + 1;
    end while;
  end 'count';
`

// TestFunctions compares calls with values computed by hand or by Go.
func TestFunctions(t *testing.T) {
	at := map[string]float64{"x": 2, "y": -3, "z": 0.5, "k": 2, "n": 27}
	vars := "    Real 'x';\n    Real 'y';\n    Real 'z';\n    Integer 'k';\n    Integer 'n';\n    'R' 'r';\n    Real 'm'[2,2];\n"
	for _, c := range []struct {
		e    string
		want float64
	}{
		{"'heron'('x')", math.Sqrt2},
		{"'heron'(9)", 3},
		{"'norm'({'x', 'y', 6})", 7},
		{"'poly'({1, 2, 3}, 'x')", 17},
		{"'poly'({1, 2, 3})", 17},
		{"'poly'({1, 2, 3, 100, 'x'}, 10)", 1000},
		{"'poly'('x' = 'x', 'c' = {'y', 'z'})", -2},
		{"'sat'('x')", 1},
		{"'sat'('y', 2)", -2},
		{"'sat'('z')", 0.5},
		{"sum('sat'({'x', 'y', 'z'}))", 0.5},
		{"'fib'(10)", 55},
		{"'count'(27)", 111}, // OEIS A006577
		{"'count'('n')", 111},
		{"sum({1, 'x'} .* {'y', 2} .+ 1)", 3},
		{"{1, 2}*{{'x', 1}, {'y', 2}}*{3, 4}", (2-6)*3 + (1+4)*4},
		{"sum(transpose({{1, 2, 3}, {4, 5, 6}})[2, :])", 7},
		{"sum([1, 2; 3, 4]^2)", 54},
		{"max({'x', 'y', 'z'}) - min('x', 'y')", 5},
		{"sum('i'*'j' for 'i' in 1:2, 'j' in {10, 20})", 90},
		{"sum({{1, 2}, {3, 4}}[end, 1:end])", 7},
		{"sum(cat(1, {1, 2}, {3}))", 6},
		{"scalar(outerProduct({'x'}, {'y'}))", -6},
		{"cross({1, 0, 0}, {0, 1, 0})*{5, 6, 7}", 7},
		{"sum(identity(3)) + sum(fill('x', 2, 2)) + ndims(zeros(2, 3))", 13},
		{"sum(linspace(0, 'x', 5))", 5},
		{"{10, 20, 30}['k']", 20},
		{"div(7, 'x') + mod('y', 2) + rem('y', 2)", 3 + 1 - 1},
		{"integer('z') + floor('y') + ceil('z') + sign('y')", 0 - 3 + 1 - 1},
		{"semiLinear('y', 'x', 10)", -30},
		{"if size({1, 2, 3}, 1) == 3 then 'x' else {1, 2}[3]", 2},
		{"sum(diagonal({1, 2, 3})) + product(1:4) + size({{1, 2}}, 2)", 32},
		{"atan2('x', 'x') + 0.3/0.1", math.Pi/4 + 0.3/0.1},
		{"sum(skew({1, 2, 3})*{1, 1, 1})", 0},
		{"sum(symmetric({{1, 2}, {9, 3}}))", 8},
		{"smooth(1, noEvent(homotopy(actual = 'x', simplified = 0)))", 2},
		{"sum(vector({{1}, {2}})) + sum(matrix({1, 2}))", 6},
		{"sum({'i'^2 for 'i' in 3:-1:1})", 14},
	} {
		sys := load(t, functions, vars, "    'z' = "+c.e+";\n")
		got := eval(sys, sys.Equations[0].Rhs, at)
		if math.Abs(got-c.want) > 1e-12*math.Max(1, math.Abs(c.want)) {
			t.Errorf("%s = %v, want %v", c.e, got, c.want)
		}
	}
}

// TestInterpreted: derivatives of a call that is interpreted, also concurrently, and
// its text.
func TestInterpreted(t *testing.T) {
	sys := load(t, functions, "    Real 'x';\n    Real 'y';\n", "    'y' = 'heron'('x');\n    'x' = 4;\n")
	rhs := sys.Equations[0].Rhs
	if sys.Pool.Op(rhs) != expr.OpCall {
		t.Fatal("the loop has been expanded")
	}
	f, args := sys.Pool.Callee(rhs)
	d := f.Partial(sys.Pool, args, 0)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			x := float64(i + 2)
			// The error of a central difference with h = 6e-6 is about 1e-10.
			if got := f.Eval([]float64{x}); math.Abs(got-math.Sqrt(x)) > 1e-13 {
				t.Errorf("heron(%g) = %v", x, got)
			}
		}()
	}
	wg.Wait()
	if got := eval(sys, d, map[string]float64{"x": 4}); math.Abs(got-0.25) > 1e-9 {
		t.Errorf("derivative %v, want 0.25", got)
	}
	roundTrip(t, sys)
}

// TestSeveralResults: records and arrays as results, and results left out.
func TestSeveralResults(t *testing.T) {
	sys := load(t, functions, "    Real 'n';\n    Real 'u'[2];\n    Real 'w'[2];\n    'R' 'r';\n",
		"    ('n', 'u') = 'norm'({3, 4});\n    (, 'w') = 'norm'({0, 2});\n    'r' = 'rec'('R'('b' = {5, 6}, 'a' = 1), 2);\n")
	want := map[string]float64{"n": 5, "u[1]": 0.6, "u[2]": 0.8, "w[1]": 0, "w[2]": 1, "r.a": 2, "r.b[1]": 6, "r.b[2]": -5}
	if len(sys.Equations) != len(want) {
		t.Fatalf("%d equations", len(sys.Equations))
	}
	for _, e := range sys.Equations {
		name := sys.Pool.Name(e.Lhs)
		if got := eval(sys, e.Rhs, nil); got != want[name] {
			t.Errorf("%s = %v, want %v", name, got, want[name])
		}
	}
}
