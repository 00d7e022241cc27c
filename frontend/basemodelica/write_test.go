package basemodelica

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// handMade is a system with everything a system can hold. The variables are declared
// in another order than their symbols were made in.
func handMade() *model.System {
	s := model.NewSystem("hand 'made' \\ \"all\"")
	p := s.Pool
	s.Doc = "a \"quoted\"\nlong\ttext \\"
	for i := 9; i >= 0; i-- {
		p.Sym(fmt.Sprintf("x%d", i))
	}
	s.Enums = []model.Enum{{Name: "Color.Of it", Values: []string{"red", "it's", "b\\lue"}}, {Name: "StateSelect", Values: []string{"never", "avoid", "default", "prefer", "always"}}}
	add := func(name string, kind model.VarKind, f func(v *model.Variable)) expr.ID {
		v := s.NewVariable(name, kind)
		v.Path = parent(name)
		if f != nil {
			f(&v)
		}
		s.AddVar(v)
		return v.Sym
	}
	pos := func(file string, l, c int) diag.Pos { return diag.Pos{File: file, Line: l, Col: c} }
	third := p.Num(expr.RatNum(1, 3))
	a := add("p.a", model.ParameterVar, func(v *model.Variable) {
		v.Value, v.Unit, v.Desc, v.Tunable, v.Pos = third, "m/s2", "1/3", true, pos("a.go", 3, 4)
	})
	b := add("p.b", model.ParameterVar, func(v *model.Variable) {
		v.Value, v.Min, v.Max, v.Nominal = p.Mul(a, p.Float(0.1)), p.Float(5e-324), p.Float(math.MaxFloat64), p.Float(1e-7)
		v.Path, v.Structural, v.Pos = "", true, pos("a.go", 5, 1)
	})
	add("free", model.ParameterVar, func(v *model.Variable) { v.Fixed, v.Start = model.FixedFalse, p.Float(2.5) })
	add("name", model.ParameterVar, func(v *model.Variable) { v.Type, v.Text = model.StringType, "a 'b' \"c\"\n" })
	add("none", model.ParameterVar, nil)
	add("c", model.ConstantVar, func(v *model.Variable) { v.Value = p.Num(expr.RatNum(-7, 3)) })
	col := add("col", model.ParameterVar, func(v *model.Variable) {
		v.Type, v.EnumName, v.Value = model.EnumType, "Color.Of it", p.Int(2)
	})
	n := add("n", model.ParameterVar, func(v *model.Variable) { v.Type, v.Value = model.IntegerType, p.Int(1<<62) })
	flag := add("flag", model.ParameterVar, func(v *model.Variable) {
		v.Type, v.Value, v.Start = model.BooleanType, expr.True, expr.False
	})
	in := add("in", model.InputVar, func(v *model.Variable) { v.Value, v.Output = p.Float(1e300), true })
	var x [10]expr.ID
	for i := range x {
		x[i] = add(fmt.Sprintf("x%d", i), model.Unknown, func(v *model.Variable) {
			v.State = model.StateHint(i % 5)
			v.Fixed = model.Fixity(i % 3)
			v.Output = i%2 == 0
			v.Pos = pos("dir:x/b.go", 10+i, i)
			if i%2 == 1 {
				v.Start = p.Int(int64(-i))
			}
			v.Quantity, v.Display = "Length", "mm"
		})
	}
	bo := add("r1.b[1,2]", model.Unknown, func(v *model.Variable) { v.Type = model.BooleanType })
	en := add("r[1.5].e", model.Unknown, func(v *model.Variable) { v.Type, v.EnumName, v.Start = model.EnumType, "Color.Of it", p.Int(3) })
	d := add("d", model.DiscreteVar, func(v *model.Variable) { v.Start = p.Int(7) })
	lone := add("lone", model.DiscreteVar, func(v *model.Variable) { v.Type = model.IntegerType })
	eq := func(l, r expr.ID) {
		s.Equations = append(s.Equations, model.Equation{Lhs: l, Rhs: r, Pos: pos("a.go", len(s.Equations)+1, 2)})
	}
	fn := p.Fn
	t := expr.Time
	eq(p.Der(x[0]), p.Add(p.Mul(third, x[1]), p.Mul(p.Num(expr.RatNum(-5, 7)), x[2], x[3]), p.Float(-0.1)))
	eq(x[1], p.Mul(p.Num(expr.RatNum(2, 3)), p.Add(x[1], x[2]), p.Pow(x[3], p.Int(-2)), p.Sqrt(p.Add(x[4], expr.One)), p.Inv(p.Sqrt(x[5]))))
	eq(p.Neg(x[2]), p.If(fn(expr.OpLt, x[0], p.Float(1e-300)), p.If(fn(expr.OpLe, t, expr.One), x[1], expr.Zero), p.If(fn(expr.OpAnd, bo, fn(expr.OpOr, flag, fn(expr.OpNot, fn(expr.OpEq, x[1], x[2])))), x[3], p.Neg(x[4]))))
	eq(p.If(bo, x[3], x[4]), p.Pow(p.Int(2), p.Neg(x[1])))
	eq(x[4], p.Pow(p.Add(x[1], x[2]), p.Add(x[0], p.Num(expr.RatNum(1, 3)))))
	eq(x[5], p.Pow(p.Mul(x[1], x[2]), p.Num(expr.RatNum(5, 3))))
	eq(x[6], p.Mul(p.Inv(p.Pow(x[1], p.Num(expr.RatNum(2, 7)))), p.Pow(x[2], p.Float(-0.7))))
	eq(x[7], p.Pow(p.Pow(x[1], x[2]), x[3]))
	eq(x[8], fn(expr.OpMod, fn(expr.OpQuo, x[1], x[2]), fn(expr.OpRem, x[3], fn(expr.OpAtan2, x[4], fn(expr.OpMin, x[5], fn(expr.OpMax, x[6], in))))))
	eq(x[9], fn(expr.OpDelay, fn(expr.OpNoEvent, fn(expr.OpAbs, x[1])), b))
	eq(bo, fn(expr.OpOr, fn(expr.OpInitial), fn(expr.OpAnd, fn(expr.OpChange, d), fn(expr.OpNe, col, p.Int(1)))))
	eq(en, p.If(bo, p.Int(1), p.If(fn(expr.OpLt, en, p.Int(3)), fn(expr.OpPre, en), col)))
	eq(fn(expr.OpSmooth, p.Int(2), fn(expr.OpHomotopy, x[1], p.Float(1.5))), p.Der(p.Mul(x[1], x[2])))
	eq(p.Div(x[1], p.Int(0)), p.Mul(p.Pow(p.Int(-8), third), fn(expr.OpLog, p.Int(-1))))
	s.Equations[2].Path, s.Equations[2].Connection, s.Equations[2].Desc = "r1.p", true, "Kirchhoff's \"law\""
	s.Equations[6].Point, s.Equations[6].Connection = "drive.u", true
	s.Equations[4].Pos = diag.Pos{}
	s.Initial = []model.Equation{{Lhs: fn(expr.OpPre, d), Rhs: n, Path: "q"}, {Lhs: p.Der(x[0]), Rhs: expr.Zero, Pos: pos("z", 1, 1)}}
	act := func(k model.ActionKind, target, val, cond, when expr.ID, msg string) model.Action {
		return model.Action{Kind: k, Target: target, Value: val, Cond: cond, If: when, Message: msg, Warn: k == model.AssertAction, Pos: pos("w.go", int(k)+1, 1)}
	}
	none := expr.None
	s.Whens = []model.WhenClause{
		{Path: "w", Pos: pos("w.go", 1, 1), Branches: []model.WhenBranch{
			{Conds: []expr.ID{fn(expr.OpSample, expr.Zero, a), fn(expr.OpLt, x[0], x[1])}, Pos: pos("w.go", 1, 1), Actions: []model.Action{
				act(model.SetAction, d, p.Add(fn(expr.OpPre, d), expr.One), none, none, ""),
				act(model.ReinitAction, x[0], p.Neg(x[0]), none, fn(expr.OpEdge, bo), ""),
				act(model.AssertAction, none, none, fn(expr.OpLt, x[0], x[2]), fn(expr.OpNot, flag), "bad"),
			}},
			{Conds: []expr.ID{fn(expr.OpTerminal)}, Pos: pos("w.go", 9, 1), Actions: []model.Action{act(model.TerminateAction, none, none, none, none, "the \"end\"")}},
		}},
	}
	s.Asserts = []model.Assertion{{Cond: fn(expr.OpLe, x[0], p.Int(9)), Message: "m", Warn: true, Path: "k", Pos: pos("a.go", 1, 1)}, {Cond: expr.True, Message: ""}}
	s.Experiment = model.Experiment{Start: -1, Stop: 1e-3, Tolerance: 1e-9, Given: true, Solver: "bdf \"5\""}
	_ = lone
	return s
}

func TestHandMade(t *testing.T) { roundTrip(t, handMade()) }

func TestEmptySystem(t *testing.T) {
	roundTrip(t, model.NewSystem(""))
	s := model.NewSystem("x")
	s.Experiment.Given = true
	roundTrip(t, s)
}

// TestOrder: the text does not depend on the order in which terms were made.
func TestOrder(t *testing.T) {
	make := func(back bool) string {
		s := model.NewSystem("m")
		p := s.Pool
		names := []string{"a", "b", "c", "d"}
		for i := range names {
			if back {
				i = len(names) - 1 - i
			}
			p.Mul(p.Int(int64(i+2)), p.Sym(names[i]))
		}
		var x []expr.ID
		for _, n := range names {
			v := s.NewVariable(n, model.Unknown)
			s.AddVar(v)
			x = append(x, v.Sym)
		}
		l, r := p.Add(p.Mul(x[0], x[1]), p.Mul(x[0], x[2]), p.Fn(expr.OpSin, x[3])), p.Mul(x[3], x[2], p.Inv(x[1]))
		s.Equations = []model.Equation{{Lhs: l, Rhs: r}}
		return write(t, s, Options{})
	}
	if a, b := make(false), make(true); a != b {
		t.Errorf("texts differ:\n%s\n%s", a, b)
	}
}

func TestWriteErrors(t *testing.T) {
	for _, c := range []struct {
		want string
		f    func(s *model.System, x expr.ID)
	}{
		{"NaN", func(s *model.System, x expr.ID) { s.Equations[0].Rhs = s.Pool.Float(math.NaN()) }},
		{"Inf", func(s *model.System, x expr.ID) { s.Equations[0].Rhs = s.Pool.Mul(x, s.Pool.Float(math.Inf(-1))) }},
		{"ghost is no variable", func(s *model.System, x expr.ID) { s.Equations[0].Rhs = s.Pool.Sym("ghost") }},
		{"has a value", func(s *model.System, x expr.ID) { s.Vars[0].Value = expr.One }},
		{"control character", func(s *model.System, x expr.ID) { s.Vars[0].Desc = "\x01" }},
		{"not defined", func(s *model.System, x expr.ID) { s.Vars[0].Type, s.Vars[0].EnumName = model.EnumType, "E" }},
		{"term is missing", func(s *model.System, x expr.ID) { s.Equations[0].Lhs = expr.None }},
		{"no branches", func(s *model.System, x expr.ID) { s.Whens = make([]model.WhenClause, 1) }},
		{"no condition", func(s *model.System, x expr.ID) {
			s.Whens = []model.WhenClause{{Branches: make([]model.WhenBranch, 1)}}
		}},
		{"StopTime", func(s *model.System, x expr.ID) {
			s.Experiment = model.Experiment{Given: true, Stop: math.Inf(1)}
		}},
	} {
		s := model.NewSystem("m")
		v := s.NewVariable("x", model.Unknown)
		s.AddVar(v)
		s.Equations = []model.Equation{{Lhs: v.Sym, Rhs: expr.One}}
		c.f(s, v.Sym)
		var b bytes.Buffer
		if err := Write(&b, s, Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v", c.want, err)
		}
	}
}

// randomTerm makes terms of all operators with a text.
func randomTerm(p *expr.Pool, r *rand.Rand, syms []expr.ID, depth int) expr.ID {
	num := func() expr.ID {
		switch r.IntN(6) {
		case 0:
			return p.Num(expr.RatNum(int64(r.IntN(40)-20), int64(r.IntN(12)+1)))
		case 1:
			return p.Float(math.Float64frombits(r.Uint64()&^(0x7FF<<52) | uint64(r.IntN(2047))<<52))
		case 2:
			return p.Float(float64(r.IntN(2000)-1000) / 100)
		}
		return p.Int(int64(r.IntN(7) - 3))
	}
	if depth == 0 {
		if r.IntN(3) == 0 {
			return num()
		}
		if r.IntN(8) == 0 {
			return expr.Time
		}
		return syms[r.IntN(len(syms))]
	}
	sub := func() expr.ID { return randomTerm(p, r, syms, r.IntN(depth)) }
	cond := func() expr.ID {
		c := p.Fn([]expr.Op{expr.OpLt, expr.OpLe, expr.OpEq, expr.OpNe}[r.IntN(4)], sub(), sub())
		switch r.IntN(4) {
		case 0:
			return p.Fn(expr.OpNot, c)
		case 1:
			return p.Fn(expr.OpAnd, c, p.Fn(expr.OpLt, sub(), sub()))
		case 2:
			return p.Fn(expr.OpOr, p.Fn(expr.OpLe, sub(), sub()), c)
		}
		return c
	}
	switch r.IntN(12) {
	case 0, 1:
		n := r.IntN(4) + 2
		ts := make([]expr.ID, n)
		for i := range ts {
			ts[i] = p.Mul(num(), sub())
		}
		return p.Add(ts...)
	case 2, 3:
		return p.Mul(sub(), sub(), sub())
	case 4:
		return p.Div(sub(), sub())
	case 5:
		return p.Pow(sub(), num())
	case 6:
		return p.Pow(sub(), sub())
	case 7:
		return p.If(cond(), sub(), sub())
	case 8:
		return p.Fn([]expr.Op{expr.OpMin, expr.OpMax, expr.OpAtan2, expr.OpMod, expr.OpRem, expr.OpQuo, expr.OpDelay, expr.OpHomotopy}[r.IntN(8)], sub(), sub())
	case 9:
		return p.Fn([]expr.Op{expr.OpDer, expr.OpPre, expr.OpNoEvent}[r.IntN(3)], syms[r.IntN(len(syms))])
	case 10:
		return p.Sqrt(sub())
	}
	return p.Fn([]expr.Op{expr.OpSin, expr.OpTanh, expr.OpExp, expr.OpLog, expr.OpLog10, expr.OpAbs, expr.OpSign, expr.OpFloor, expr.OpCeil, expr.OpAcosh}[r.IntN(10)], sub())
}

// infinite reports whether a term holds a number that cannot be written.
func infinite(p *expr.Pool, e expr.ID) bool {
	bad := false
	p.Walk(e, map[expr.ID]bool{}, nil, func(t expr.ID) {
		if v, ok := p.Value(t); ok && (math.IsInf(v.Float(), 0) || math.IsNaN(v.Float())) {
			bad = true
		}
	})
	return bad
}

// TestRandomTerms: the text of any term reads back to the identical term.
func TestRandomTerms(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := model.NewSystem("m")
		var syms []expr.ID
		for i := range 5 {
			s.Pool.Sym(fmt.Sprintf("x%d", r.IntN(6)))
			v := s.NewVariable(fmt.Sprintf("x%d", i), model.Unknown)
			s.AddVar(v)
			syms = append(syms, v.Sym)
		}
		for range 20 {
			l, e := randomTerm(s.Pool, r, syms, 2), randomTerm(s.Pool, r, syms, 5)
			if !infinite(s.Pool, l) && !infinite(s.Pool, e) {
				s.Equations = append(s.Equations, model.Equation{Lhs: l, Rhs: e})
			}
		}
		roundTrip(t, s)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// FuzzRead: no input makes the reader panic, and what it accepts is written and reads
// back to the same text.
func FuzzRead(f *testing.F) {
	for _, pat := range []string{"../../testdata/basemodelica/*.bmo", "../../testdata/basemodelica/errors/*.bmo"} {
		for _, p := range glob(pat) {
			if b, err := os.ReadFile(p); err == nil && len(b) < 5000 {
				f.Add(b)
			}
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		sys, diags := Read(bytes.NewReader(src), "f")
		if sys == nil || diags.Errors() > 0 {
			return
		}
		var a, b bytes.Buffer
		if err := Write(&a, sys, Options{Positions: true}); err != nil {
			return
		}
		back, diags := Read(bytes.NewReader(a.Bytes()), "f")
		if len(diags) > 0 {
			t.Fatalf("%v\n%s", diags, a.Bytes())
		}
		if err := Write(&b, back, Options{Positions: true}); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Fatalf("texts differ\n%s\n%s", a.Bytes(), b.Bytes())
		}
	})
}
