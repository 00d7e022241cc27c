package pack

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/ode"
)

func TestTables(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{0, 1, 2, 1000} {
		ints, floats := make([]int32, n), make([]float64, n)
		for i := range n {
			ints[i], floats[i] = rnd.Int32()-1<<30, rnd.NormFloat64()
		}
		if got := Ints(FromInts(ints)); !slices.Equal(got, ints) {
			t.Errorf("integers: %v, want %v", got, ints)
		}
		if got := Floats(FromFloats(floats)); !slices.Equal(got, floats) {
			t.Errorf("numbers: %v, want %v", got, floats)
		}
	}
	got := Floats(FromFloats([]float64{math.Inf(1), math.NaN(), math.Copysign(0, -1)}))
	if !math.IsInf(got[0], 1) || !math.IsNaN(got[1]) || !math.Signbit(got[2]) {
		t.Errorf("special numbers: %v", got)
	}
}

// Tables of a regular model are short.
func TestRegularTablesAreShort(t *testing.T) {
	v := make([]int32, 100000)
	for i := range v {
		v[i] = int32(i/512*1030 + i%512*2)
	}
	if n := len(FromInts(v)); n > 2000 {
		t.Errorf("%d bytes for a regular table of %d entries", n, len(v))
	}
}

func TestProblem(t *testing.T) {
	p := &ode.Problem{
		Name: "m", Span: [2]float64{0, 2}, Index: 1,
		States: []ode.Quantity{{Name: "x", Min: math.Inf(-1), Max: 3, AbsTol: 0.5, StartParam: 1}},
		Params: []ode.Quantity{{Name: "start(x)", Unit: "m"}},
		U0:     []float64{1}, P: []float64{1, 0},
		Observables: []ode.Observable{{Name: "x", Kind: ode.State, Sign: -1, Listing: ode.ListNever}},
		Init:        &ode.Init{NW: 1, Names: []string{"x"}, Start: []float64{2}, StartFrom: []int32{-1}, U: []int32{0}, P: [][2]int32{{1, 0}}, Fixed: []ode.FixedStart{{W: 0, P: 2, Block: 1, Given: true}, {W: 1, P: -1, Soft: true}}, Blocks: []ode.InitBlock{{Unknowns: []int32{0}, Residual: []string{"r"}}}},
		Jac:         &linsolve.Pattern{Rows: 1, Cols: 1, ColPtr: []int32{0, 1}, RowIdx: []int32{0}},
		Linear:      &linsolve.Pattern{Rows: 1, Cols: 1, ColPtr: []int32{0, 1}, RowIdx: []int32{0}},
		Guards:      []ode.Guard{{Param: 0, Text: "R must not be 0"}, {Param: -1, Text: "R - S must not be 0"}, {Param: -1, Zero: true, Text: "V - W must be 0"}},
		Noise:       &ode.Noise{Names: []string{"w[1]"}, Matrix: &linsolve.Pattern{Rows: 1, Cols: 1, ColPtr: []int32{0, 1}, RowIdx: []int32{0}}, Reads: &linsolve.Pattern{Rows: 1, Cols: 1, ColPtr: []int32{0, 1}, RowIdx: []int32{0}}, Stratonovich: true},
		Hybrid:      &ode.Hybrid{Relations: []ode.Relation{{Text: "x > 0", Slot: 1, Strict: true}}},
	}
	// A noise of which every field has its zero value is a noise all the same.
	if q := Problem(FromProblem(&ode.Problem{Noise: &ode.Noise{}}, nil)); q.Noise == nil {
		t.Error("noise without noises is lost")
	}
	q := Problem(FromProblem(p, []string{"der(x) = 1"}))
	if s := q.Equation(0); s != "der(x) = 1" {
		t.Errorf("equation %q", s)
	}
	q.Equation = nil
	if !reflect.DeepEqual(p, q) {
		t.Errorf("read %+v, want %+v", q, p)
	}
}

// Every text comes back, whatever digits and control characters it holds.
func TestNames(t *testing.T) {
	list := []string{"", "x[1,2]", "x[1,3]", "x[10,3]", "a007", "1234567890123", "12345678901", "0", "00", "a\x00b\x01c", "x[1,3]", "é½9", "v9.25e-10"}
	for i := range 200 {
		list = append(list, "c["+strconv.Itoa(i)+"].v", "c["+strconv.Itoa(i)+"].i")
	}
	if got := fromStrings(list).strings(); !slices.Equal(got, list) {
		t.Errorf("%q, want %q", got, list)
	}
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOf(rapid.StringOf(rapid.RuneFrom([]rune("0129a[\x00\x01"))))
		v := list.Draw(t, "list")
		if got := fromStrings(v).strings(); !slices.Equal(got, v) {
			t.Fatalf("%q, want %q", got, v)
		}
	})
}
