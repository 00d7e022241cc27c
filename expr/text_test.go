package expr

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestTextTable(t *testing.T) {
	cases := []struct{ in, want string }{
		{"x", "x"},
		{"-x", "-x"},
		{"1 - x", "1 - x"},
		{"x - 1", "x - 1"},
		{"-x - 1", "-x - 1"},
		{"y*0 + x", "x"},
		{"2*x + 3*x", "5*x"},
		{"x/2", "x/2"},
		{"0.75*x", "0.75*x"},
		{"2/3*x", "2*x/3"},
		{"1/3", "1/3"},
		{"-1/3", "-1/3"},
		{"x^(1/3)", "x^(1/3)"},
		{"x^-2", "1/x^2"},
		{"x^(1/2)", "sqrt(x)"},
		{"x^-0.5", "1/sqrt(x)"},
		{"(x^2)^(1/2)", "sqrt(x^2)"},
		{"sqrt(x)*sqrt(x)", "x"},
		{"x/(y*z)", "x/(y*z)"},
		{"x/y/z", "x/(y*z)"},
		{"2*x/(3*y)", "2*x/(3*y)"},
		{"0.1/x", "0.1/x"},
		{"1/(x + y)", "1/(x + y)"},
		{"-(x + y)*z", "-z*(x + y)"},
		{"x*(y - 2)", "x*(y - 2)"},
		{"(x + y)^2", "(x + y)^2"},
		{"(-2)^x", "(-2)^x"},
		{"2^-x", "2^(-x)"},
		{"(2*x)^y", "(2*x)^y"},
		{"x^y^1", ""},
		{"x^(y^z)", "x^(y^z)"},
		{"sin(x)^2", "sin(x)^2"},
		{"x > y", "y < x"},
		{"x >= 1 and y < 2 or not z < 0", "1 <= x and y < 2 or not z < 0"},
		{"x < y and (z < 1 or z > 2)", "x < y and (z < 1 or 2 < z)"},
		{"x < 1 and (y < 1 and z < 1)", "x < 1 and (y < 1 and z < 1)"},
		{"if x > 0 then 1 elseif x < -1 then 2 else 3", "if 0 < x then 1 elseif x < -1 then 2 else 3"},
		{"2*(if x > 0 then 1 else y) + 1", "2*(if 0 < x then 1 else y) + 1"},
		{"der(x) - pre(y)", "der(x) - pre(y)"},
		{"time*2", "2*time"},
		{"r1.p.v + y[1, 02].T", "r1.p.v + y[1,2].T"},
		{"'a b' + 'it\\'s'", "'a b' + 'it\\'s'"},
		{"'r1.p.v'", "r1.p.v"},
		{"'time'*x", "x*'time'"},
		{"a.'b c'.d", "a.'b c'.d"},
		{"0.1*x + 1e-7", "0.1*x + 1e-07"},
		{"1e300*1e300", "1e999"},
		{"1e999 - 1e999", "1e999 - 1e999"},
		{"noEvent(x < y) and initial()", "noEvent(x < y) and initial()"},
		{"smooth(1, x) + smooth(1, x*y) + homotopy(x, y)", "x + smooth(1, x*y) + homotopy(x, y)"},
		{"min(x, y, z)", "min(z, min(x, y))"},
		{"x*-y", "-x*y"},
		{"x^(-y)*2", "2*x^(-y)"},
		{"1/0", "1/0"},
		{"sqrt(-2)", "sqrt(-2)"},
		{"atan2(y, x)/mod(x, 3)", "atan2(y, x)/mod(x, 3)"},
		{"9007199254740993*x", "9007199254740993*x"},
		{"-(x*y)^0.5", "-sqrt(x*y)"},
		{"(if x > 0 then x else y) < 3", "(if 0 < x then x else y) < 3"},
		{"not (x < y and y < z)", "not (x < y and y < z)"},
		{"(x < y) == (y < z)", "(x < y) == (y < z)"},
	}
	for _, c := range cases {
		p := NewPool()
		for _, s := range []string{"x", "y", "z"} {
			p.Sym(s)
		}
		e, err := p.Parse(c.in, ParseOptions{})
		if c.want == "" {
			if err == nil {
				t.Errorf("%q: no error", c.in)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.in, err)
			continue
		}
		got := p.String(e)
		if got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
		if back, err := p.Parse(got, ParseOptions{}); err != nil || back != e {
			t.Errorf("%q: %q reads back as %v, error %v", c.in, got, p.String(back), err)
		}
	}
}

func TestSyntaxErrors(t *testing.T) {
	cases := []struct {
		in  string
		col int
		msg string
	}{
		{"", 1, "the end of the text"},
		{"x +", 4, "the end of the text"},
		{"x + * y", 5, `"*"`},
		{"(x", 3, `")"`},
		{"x y", 3, "does not belong here"},
		{"x^y^z", 4, "do not chain"},
		{"a < b < c", 7, "do not chain"},
		{"sin(x, y)", 1, "takes 1 argument, not 2"},
		{"x + foo(y)", 5, "unknown function foo"},
		{"x + 1e", 5, "no digits"},
		{"1e400", 1, "beyond the range"},
		{"'abc", 1, "does not end"},
		{"y[i]", 3, "index"},
		{"if x then y", 12, `"else"`},
		{"if 1 then 2 else 3", 4, "true or false"},
		{"(x < y) + 1", 1, "number must stand"},
		{"x # y", 3, "unexpected character"},
		{"ä + ß # y", 7, "unexpected character"},
		{"x + - y", 5, "two signs"},
		{"f.", 3, "name must follow"},
		{"a.if", 3, "keyword"},
		{strings.Repeat("(", 100000) + "x", maxNesting + 2, "nested deeper"},
	}
	for _, c := range cases {
		p := NewPool()
		_, err := p.Parse(c.in, ParseOptions{})
		var se *SyntaxError
		if !errors.As(err, &se) {
			t.Errorf("%.20q: error %v", c.in, err)
			continue
		}
		if se.Col != c.col || !strings.Contains(se.Msg, c.msg) {
			t.Errorf("%.20q: got column %d: %s; want column %d: %s", c.in, se.Col, se.Msg, c.col, c.msg)
		}
	}
}

func TestParseCallbacks(t *testing.T) {
	p := NewPool()
	x := p.Sym("x")
	p.DeclareFunc(&Func{Name: "sat", Arity: 1, Eval: func(a []float64) float64 { return math.Tanh(a[0]) }})
	e, err := p.Parse("2*sat(a) + 'sin'", ParseOptions{Symbol: func(name string) (ID, error) {
		if name == "a" {
			return x, nil
		}
		return p.Sym("other." + name), nil
	}})
	if err != nil || p.String(e) != "2*sat(x) + other.sin" {
		t.Fatalf("got %v, %v", p.String(e), err)
	}
	if got := p.Text(e, TextOptions{Symbol: func(s ID) string { return "'" + p.Name(s) + "'" }}); got != "2*sat('x') + 'other.sin'" {
		t.Errorf("got %s", got)
	}
	_, err = p.Parse("1 + nope", ParseOptions{Symbol: func(string) (ID, error) { return None, errors.New("no such variable") }})
	if err == nil || err.Error() != "column 5: no such variable" {
		t.Errorf("got %v", err)
	}
	big := x
	for range 100 {
		big = p.Mul(p.Fn(OpSin, big), p.Fn(OpCos, big))
	}
	if got := p.Text(big, TextOptions{Limit: 200}); len(got) > 4000 || !strings.HasSuffix(got, "...") {
		t.Errorf("limit not kept: %d bytes", len(got))
	}
}
