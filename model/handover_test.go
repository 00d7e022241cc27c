//go:build !mtkc

package model

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
)

func TestHandoverFindings(t *testing.T) {
	var l diag.List
	d := l.Add(diag.Pos{File: "a b.go", Line: 3, Col: 4}, "E101", "next\nline", "message %q", "x")
	d.Notes = append(d.Notes, diag.Note{Pos: diag.Pos{File: "c"}, Text: "note"})
	for _, want := range []diag.List{{}, l} {
		var b bytes.Buffer
		if err := WriteHandover(&b, want, nil); err != nil {
			t.Fatal(err)
		}
		got, s, err := ReadHandover(b.Bytes())
		if err != nil || !reflect.DeepEqual(got, want) || s != nil {
			t.Errorf("%v, %v, %v", got, s, err)
		}
	}
	for _, bad := range []string{"", handoverMagic + "[]", "mtkc-model 1 []\n", handoverMagic + "[\n", handoverMagic + "[]\nx"} {
		if _, _, err := ReadHandover([]byte(bad)); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

// full is a system in which every exported field of every type has a value of its own.
func full() *System {
	s := NewSystem("full")
	p := s.Pool
	x := p.Sym("x")
	p.Add(x, p.Float(0.7)) // of no equation
	terms := []expr.ID{p.Add(p.Mul(p.Num(expr.RatNum(-2, 3)), x), p.Float(0.1)), p.Der(x), p.Fn(expr.OpLt, x, expr.Time), p.Pow(x, x), expr.Zero, expr.True}
	n := 0
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		n++
		switch {
		case v.Type() == reflect.TypeFor[*expr.Pool]():
		case v.Type() == reflect.TypeFor[expr.ID]():
			v.SetUint(uint64(terms[n%len(terms)]))
		case v.Kind() == reflect.Struct:
			for i := range v.NumField() {
				if v.Type().Field(i).IsExported() {
					fill(v.Field(i))
				}
			}
		case v.Kind() == reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 3, 3))
			fill(v.Index(0)) // the second stays empty, the third is like others
			if v.Index(1).Kind() == reflect.Struct {
				none(v.Index(1))
			}
			fill(v.Index(2))
		case v.Kind() == reflect.String:
			v.SetString(fmt.Sprint("text ", n%7))
		case v.Kind() == reflect.Bool:
			v.SetBool(true)
		case v.Kind() == reflect.Uint8:
			v.SetUint(uint64(n%3 + 1))
		case v.Kind() == reflect.Int:
			v.SetInt(int64(100 - n))
		case v.Kind() == reflect.Float64:
			v.SetFloat(float64(n) / 3)
		default:
			panic(v.Type().String())
		}
	}
	fill(reflect.ValueOf(s).Elem())
	vars := s.Vars
	s.Vars, s.bySym = nil, nil
	for i, v := range vars {
		v.Name = fmt.Sprintf("v[%d].x", i)
		if v.Sym = p.Sym(v.Name); i == 2 {
			v.Name = "of another name"
		}
		s.AddVar(v)
	}
	return s
}

// none sets the terms of a struct to None, as what makes systems does.
func none(v reflect.Value) {
	for i := range v.NumField() {
		if f := v.Field(i); f.Type() == reflect.TypeFor[expr.ID]() {
			f.SetUint(uint64(expr.None))
		}
	}
}

// texts replaces the terms of a value by their text, for comparison across pools.
func texts(p *expr.Pool, v reflect.Value) any {
	switch {
	case v.Type() == reflect.TypeFor[expr.ID]():
		if id := expr.ID(v.Uint()); id != expr.None {
			return p.String(id)
		}
		return "none"
	case v.Type() == reflect.TypeFor[diag.Pos]():
		return v.Interface()
	case v.Kind() == reflect.Slice:
		out := []any{}
		for i := range v.Len() {
			out = append(out, texts(p, v.Index(i)))
		}
		return out
	case v.Kind() == reflect.Struct:
		var out []any
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Type != reflect.TypeFor[*expr.Pool]() {
				out = append(out, f.Name, texts(p, v.Field(i)))
			}
		}
		return out
	}
	return v.Interface()
}

// Every field arrives, those of types that are added later too.
func TestHandoverOfEveryField(t *testing.T) {
	for _, s := range []*System{full(), NewSystem(""), lorenz()} {
		want := texts(s.Pool, reflect.ValueOf(s).Elem())
		var b, c bytes.Buffer
		if err := WriteHandover(&b, nil, s); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(texts(s.Pool, reflect.ValueOf(s).Elem()), want) {
			t.Error("writing changed the system")
		}
		_, got, err := ReadHandover(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if g := texts(got.Pool, reflect.ValueOf(got).Elem()); !reflect.DeepEqual(g, want) {
			t.Errorf("got  %v\nwant %v", g, want)
		}
		for i := range got.Vars {
			if k, ok := got.VarOf(got.Vars[i].Sym); !ok || k != i {
				t.Errorf("variable %d has index %d", i, k)
			}
		}
		if err := WriteHandover(&c, nil, got); err != nil || !bytes.Equal(b.Bytes(), c.Bytes()) {
			t.Errorf("written again it differs: %v", err)
		}
		if got.Pool.Len() > s.Pool.Len() {
			t.Errorf("%d terms of %d", got.Pool.Len(), s.Pool.Len())
		}
	}
}

func FuzzReadHandover(f *testing.F) {
	var b bytes.Buffer
	if err := WriteHandover(&b, nil, full()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	for i := 30; i < b.Len(); i += 7 {
		x := bytes.Clone(b.Bytes())
		x[i] ^= 0x41
		f.Add(x)
		f.Add(x[:i])
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		_, s, err := ReadHandover(in)
		if err == nil && s != nil {
			for i := range s.Equations {
				_ = s.Pool.String(s.Pool.Fn(expr.OpEq, known(s.Equations[i].Lhs), known(s.Equations[i].Rhs)))
			}
		}
	})
}

func known(e expr.ID) expr.ID {
	if e == expr.None {
		return expr.Zero
	}
	return e
}
