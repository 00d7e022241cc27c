package basemodelica

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// corpus is the folder of the flat models, which lies beside the repository.
func corpus(t testing.TB) []string {
	files, _ := filepath.Glob("../../../shared/data/basemodelica/*.bmo")
	if len(files) == 0 {
		t.Skip("../shared/data/basemodelica is not here")
	}
	return files
}

func write(t testing.TB, sys *model.System, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, sys, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// roundTrip checks that the text of a system reads back to the identical system.
func roundTrip(t testing.TB, sys *model.System) *model.System {
	t.Helper()
	for _, o := range []Options{{}, {Positions: true}} {
		text := write(t, sys, o)
		back, diags := Read(bytes.NewReader([]byte(text)), "written")
		if len(diags) > 0 {
			t.Fatalf("reading what was written: %v\n%s", diags, text)
		}
		same(t, sys, back, o.Positions)
		// What has no position gets that of the text, so the second text is compared
		// without them.
		text = write(t, sys, Options{})
		if again := write(t, back, Options{}); again != text {
			t.Fatalf("second text differs\n--- first\n%s\n--- second\n%s", text, again)
		}
		if t.Failed() {
			t.Logf("%s", text)
			return back
		}
	}
	handOver(t, sys)
	return nil
}

// handOver sends the system through the form in which a model's program hands it to the
// compiler; what arrives must have the same text. That form holds no functions.
func handOver(t testing.TB, sys *model.System) {
	t.Helper()
	want := write(t, sys, Options{Positions: true})
	var b bytes.Buffer
	if err := model.WriteHandover(&b, nil, sys); err != nil {
		if len(newPrinter(sys).order) == 0 && !strings.Contains(want, "  function ") {
			t.Error(err)
		}
		return
	}
	_, back, err := model.ReadHandover(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if got := write(t, back, Options{Positions: true}); got != want {
		t.Errorf("handed over:\n%s\nwas:\n%s", got, want)
	}
}

func TestCorpus(t *testing.T) {
	for _, f := range corpus(t) {
		t.Run(filepath.Base(f), func(t *testing.T) {
			sys, diags := Load(f)
			if len(diags) > 0 {
				t.Fatal(diags)
			}
			unknowns := 0
			for i := range sys.Vars {
				if sys.Vars[i].Kind == model.Unknown {
					unknowns++
				}
			}
			if unknowns != len(sys.Equations) && filepath.Base(f) != "WhenEquation.bmo" {
				t.Errorf("%d unknowns, %d equations", unknowns, len(sys.Equations))
			}
			roundTrip(t, sys)
		})
	}
}

// same compares two systems: everything but positions, and these too if asked.
func same(t testing.TB, a, b *model.System, positions bool) {
	t.Helper()
	memo := map[expr.ID]expr.ID{}
	conv := func(e expr.ID) expr.ID { return translate(b.Pool, a.Pool, e, memo) }
	differ := func(what string, x, y any) { t.Errorf("%s: %v became %v", what, x, y) }
	if a.Name != b.Name || a.Doc != b.Doc {
		differ("name", a.Name, b.Name)
	}
	if len(a.Vars) != len(b.Vars) || len(a.Equations) != len(b.Equations) || len(a.Initial) != len(b.Initial) ||
		len(a.Whens) != len(b.Whens) || len(a.Asserts) != len(b.Asserts) || len(a.Enums) != len(b.Enums) {
		t.Errorf("sizes differ: %d %d %d %d %d %d became %d %d %d %d %d %d", len(a.Vars), len(a.Equations), len(a.Initial), len(a.Whens), len(a.Asserts), len(a.Enums),
			len(b.Vars), len(b.Equations), len(b.Initial), len(b.Whens), len(b.Asserts), len(b.Enums))
		return
	}
	if a.Experiment != b.Experiment {
		differ("experiment", a.Experiment, b.Experiment)
	}
	for i := range a.Vars {
		x, y := a.Vars[i], b.Vars[i]
		if positions && x.Pos.Line != 0 && x.Pos != y.Pos {
			differ("position of "+x.Name, x.Pos, y.Pos)
		}
		y.Pos = x.Pos
		y.Sym, y.Value, y.Start, y.Min, y.Max, y.Nominal = conv(y.Sym), conv(y.Value), conv(y.Start), conv(y.Min), conv(y.Max), conv(y.Nominal)
		if x != y {
			t.Errorf("variable %s:\n%+v became\n%+v", x.Name, x, y)
		}
	}
	eqs := func(what string, xs, ys []model.Equation) {
		for i := range xs {
			x, y := xs[i], ys[i]
			if positions && x.Pos.Line != 0 && x.Pos != y.Pos {
				differ("position of "+what, x.Pos, y.Pos)
			}
			y.Pos, y.Lhs, y.Rhs = x.Pos, conv(y.Lhs), conv(y.Rhs)
			if x != y {
				t.Errorf("%s %d: %+v became %+v", what, i, x, y)
			}
		}
	}
	eqs("equation", a.Equations, b.Equations)
	eqs("initial equation", a.Initial, b.Initial)
	for i := range a.Whens {
		x, y := a.Whens[i], b.Whens[i]
		if x.Path != y.Path || len(x.Branches) != len(y.Branches) || positions && x.Pos.Line != 0 && x.Pos != y.Pos {
			differ("when", x, y)
			continue
		}
		for k := range x.Branches {
			p, q := x.Branches[k], y.Branches[k]
			if len(p.Conds) != len(q.Conds) || len(p.Actions) != len(q.Actions) || positions && p.Pos.Line != 0 && p.Pos != q.Pos {
				differ("branch", p, q)
				continue
			}
			for j := range p.Conds {
				if p.Conds[j] != conv(q.Conds[j]) {
					differ("condition", p.Conds[j], conv(q.Conds[j]))
				}
			}
			for j := range p.Actions {
				u, v := p.Actions[j], q.Actions[j]
				if positions && u.Pos.Line != 0 && u.Pos != v.Pos {
					differ("position of action", u.Pos, v.Pos)
				}
				v.Pos, v.Target, v.Value, v.Cond, v.If = u.Pos, conv(v.Target), conv(v.Value), conv(v.Cond), conv(v.If)
				if u != v {
					t.Errorf("action: %+v became %+v", u, v)
				}
			}
		}
	}
	for i := range a.Asserts {
		x, y := a.Asserts[i], b.Asserts[i]
		y.Cond = conv(y.Cond)
		if positions && x.Pos.Line != 0 && x.Pos != y.Pos {
			differ("position of assert", x.Pos, y.Pos)
		}
		y.Pos = x.Pos
		if x != y {
			differ("assertion", x, y)
		}
	}
	for i := range a.Enums {
		x, y := a.Enums[i], b.Enums[i]
		if x.Name != y.Name || len(x.Values) != len(y.Values) {
			differ("enumeration", x, y)
			continue
		}
		for k := range x.Values {
			if x.Values[k] != y.Values[k] {
				differ("enumeration", x, y)
			}
		}
	}
}

// translate rebuilds a term of one pool in another.
func translate(from, to *expr.Pool, e expr.ID, memo map[expr.ID]expr.ID) expr.ID {
	if e == expr.None {
		return e
	}
	if r, ok := memo[e]; ok {
		return r
	}
	var r expr.ID
	switch op := from.Op(e); op {
	case expr.OpConst:
		v, _ := from.Value(e)
		r = to.Num(v)
	case expr.OpTrue, expr.OpFalse, expr.OpTime:
		r = e
	case expr.OpSym:
		r = to.Sym(from.Name(e))
	case expr.OpCall:
		f, args := from.Callee(e)
		out := make([]expr.ID, len(args))
		for i, a := range args {
			out[i] = translate(from, to, a, memo)
		}
		r = to.Call(f.Name, out...)
	default:
		args := append([]expr.ID(nil), from.Args(e)...)
		for i, a := range args {
			args[i] = translate(from, to, a, memo)
		}
		switch op {
		case expr.OpAdd:
			c, _ := to.Value(args[0])
			var ks []expr.Num
			var ts []expr.ID
			for i := 1; i < len(args); i += 2 {
				k, _ := to.Value(args[i])
				ks, ts = append(ks, k), append(ts, args[i+1])
			}
			r = to.Linear(c, ks, ts)
		case expr.OpMul:
			fs := make([]expr.ID, 0, len(args)/2)
			for i := 0; i < len(args); i += 2 {
				fs = append(fs, to.Pow(args[i], args[i+1]))
			}
			r = to.Mul(fs...)
		default:
			r = to.Fn(op, args...)
		}
	}
	memo[e] = r
	return r
}

// TestLarge bounds the time for a model of 100,000 equations.
func BenchmarkLarge(b *testing.B) {
	src := ladder(50000)
	b.Run("read", func(b *testing.B) {
		b.SetBytes(int64(len(src)))
		for b.Loop() {
			if _, d := Read(bytes.NewReader(src), "ladder"); len(d) > 0 {
				b.Fatal(d)
			}
		}
	})
	sys, _ := Read(bytes.NewReader(src), "ladder")
	b.Run("write", func(b *testing.B) {
		for b.Loop() {
			var w bytes.Buffer
			if err := Write(&w, sys, Options{Positions: true}); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(w.Len()))
		}
	})
}
