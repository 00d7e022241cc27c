package archive

import (
	"math"
	"reflect"
	"testing"
)

type object struct {
	x    float64
	n    int
	k    int32
	seed uint64
	on   bool
	name string
	z    []float64
	c    []complex128
	i    []int
	j    []int32
	b    []bool
	rows []float64
	none []float64
}

func (o *object) Archive(a *Archive) {
	a.Float(&o.x)
	a.Int(&o.n)
	a.Int32(&o.k)
	a.Uint64(&o.seed)
	a.Bool(&o.on)
	a.String(&o.name)
	a.Floats(o.z)
	a.Complex(o.c)
	a.Ints(o.i)
	a.Int32s(o.j)
	a.Bools(o.b)
	a.Grown(&o.rows, &o.none)
}

func empty() *object {
	return &object{z: make([]float64, 2), c: make([]complex128, 1), i: make([]int, 2), j: make([]int32, 1), b: make([]bool, 2)}
}

func saved(o *object) []byte {
	a := Saver(nil)
	o.Archive(a)
	return a.Bytes()
}

// What is saved comes back to the last bit.
func TestSymmetric(t *testing.T) {
	o := &object{
		x: math.Copysign(0, -1), n: -3, k: math.MinInt32, seed: math.MaxUint64, on: true, name: "Tsit5",
		z: []float64{math.Inf(1), 5e-324}, c: []complex128{complex(1, -2)}, i: []int{math.MinInt64, 7}, j: []int32{-1}, b: []bool{true, false},
		rows: []float64{1, 2, 3},
	}
	got := empty()
	a := Loader(saved(o))
	got.Archive(a)
	a.Done()
	if a.Err() != nil || !reflect.DeepEqual(got, o) || !math.Signbit(got.x) {
		t.Errorf("%v: %+v, want %+v", a.Err(), got, o)
	}
}

// An archive cut short, or of another shape, is an error and no panic.
func TestDamaged(t *testing.T) {
	whole := saved(&object{z: make([]float64, 2), c: make([]complex128, 1), i: make([]int, 2), j: make([]int32, 1), b: make([]bool, 2), rows: []float64{1}})
	for n := range whole {
		a := Loader(whole[:n])
		empty().Archive(a)
		if a.Err() == nil {
			t.Fatalf("%d of %d bytes are enough", n, len(whole))
		}
	}
	a := Loader(append(whole, 0))
	empty().Archive(a)
	if a.Done(); a.Err() == nil {
		t.Error("a byte too many goes unseen")
	}
	a = Loader(whole)
	(&object{z: make([]float64, 3)}).Archive(a)
	if a.Err() == nil {
		t.Error("another length goes unseen")
	}
}
