package random

import (
	"math"
	"testing"

	"github.com/mtkc/mtkc/runtime/archive"
)

// Known answers of Random123, the authors' own implementation.
func TestPhilox(t *testing.T) {
	for _, c := range []struct {
		c    [4]uint64
		k    [2]uint64
		want [4]uint64
	}{
		{want: [4]uint64{0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b}},
		{[4]uint64{math.MaxUint64, math.MaxUint64, math.MaxUint64, math.MaxUint64}, [2]uint64{math.MaxUint64, math.MaxUint64},
			[4]uint64{0x87b092c3013fe90b, 0x438c3c67be8d0224, 0x9cc7d7c69cd777b6, 0xa09caebf594f0ba0}},
	} {
		if got := Philox(c.c, c.k); got != c.want {
			t.Errorf("Philox(%x, %x) = %x, want %x", c.c, c.k, got, c.want)
		}
	}
}

// Known answers of the authors' code: the state 1, 2, 3, 4.
func TestXoshiro(t *testing.T) {
	s := Stream{1, 2, 3, 4}
	for i, want := range []uint64{41943041, 58720359, 3588806011781223, 3591011842654386, 9228616714210784205, 9973669472204895162} {
		if got := s.Uint64(); got != want {
			t.Errorf("word %d is %d, want %d", i, got, want)
		}
	}
}

// The ends are excluded.
func TestUnit(t *testing.T) {
	if lo, hi := Unit(0), Unit(math.MaxUint64); lo != 0x1p-53 || hi != 1-0x1p-53 {
		t.Errorf("numbers from %v to 1 - %v", lo, 1-hi)
	}
}

// Paths and purposes have their own streams, and a stream begins again at Reset.
func TestStreams(t *testing.T) {
	seen := map[uint64]bool{}
	for seed := range uint64(5) {
		for path := range uint64(20) {
			for purpose := range uint64(3) {
				s := New(seed, path, purpose)
				x := s.Uint64()
				if seen[x] {
					t.Fatalf("seed %d, path %d, purpose %d begins as another does", seed, path, purpose)
				}
				seen[x] = true
				s.Reset(seed, path, purpose)
				if s.Uint64() != x {
					t.Fatal("Reset does not begin again")
				}
			}
		}
	}
	a, b, many := New(1, 2, 3), New(1, 2, 3), make([]uint64, 20)
	a.Uint64s(many)
	for i, w := range many {
		if x := b.Uint64(); x != w {
			t.Errorf("word %d of many is %d, want %d", i, w, x)
		}
	}
	s, n, mean, square := New(1, 0, 0), 100000, 0.0, 0.0
	for range n {
		u := s.Open()
		if u <= 0 || u >= 1 {
			t.Fatal(u)
		}
		mean += u / float64(n)
		square += u * u / float64(n)
	}
	if math.Abs(mean-0.5) > 4*math.Sqrt(1./12/float64(n)) || math.Abs(square-1./3) > 4*math.Sqrt(4./45/float64(n)) {
		t.Errorf("moments %v, %v of uniform numbers", mean, square)
	}
}

// A stream that was saved goes on with the same words.
func TestArchive(t *testing.T) {
	s := New(1, 2, 3)
	s.Uint64()
	a := archive.Saver(nil)
	s.Archive(a)
	want := s.Uint64()
	var other Stream
	b := archive.Loader(a.Bytes())
	other.Archive(b)
	if got := other.Uint64(); b.Err() != nil || got != want {
		t.Errorf("the next word is %x, want %x (%v)", got, want, b.Err())
	}
}
