// Package random makes independent sequences of random numbers that are reproducible: each is a function of a seed and of
// the number of the path, the trajectory of an ensemble, that it serves.
//
// In: a seed, a path, a purpose. Out: a Stream, a source for math/rand/v2 and for the distributions of gonum.
package random

import (
	"math/bits"
	"math/rand/v2"

	"github.com/mtkc/mtkc/runtime/archive"
)

// Stream is a sequence of random numbers: xoshiro256++ (Blackman, Vigna, ACM Trans. Math. Softw. 47(4), 2021), begun from
// words of Philox4x64-10, whose keys are the seed and the purpose and whose counter is the path. It is a rand.Source;
// Rand makes exponential, normal and other numbers of it. It is not safe for concurrent use.
type Stream struct{ s0, s1, s2, s3 uint64 }

// New returns the stream of a path of a seed for a purpose: streams of one path with different purposes are independent.
func New(seed, path, purpose uint64) *Stream {
	s := new(Stream)
	s.Reset(seed, path, purpose)
	return s
}

// Reset begins the stream of a path of a seed.
func (s *Stream) Reset(seed, path, purpose uint64) {
	w := Philox([4]uint64{path, 0, 0, 1}, [2]uint64{seed, purpose})
	s.s0, s.s1, s.s2, s.s3 = w[0], w[1], w[2], w[3]|1 // not all of them zero
}

// Archive visits the state.
func (s *Stream) Archive(a *archive.Archive) { a.Uint64(&s.s0, &s.s1, &s.s2, &s.s3) }

// Rand returns the numbers of other distributions. It draws from the stream.
func (s *Stream) Rand() *rand.Rand { return rand.New(s) }

// Uint64 is the next word.
func (s *Stream) Uint64() uint64 {
	r := bits.RotateLeft64(s.s0+s.s3, 23) + s.s0
	t := s.s1 << 17
	s.s2 ^= s.s0
	s.s3 ^= s.s1
	s.s1 ^= s.s2
	s.s0 ^= s.s3
	s.s2 ^= t
	s.s3 = bits.RotateLeft64(s.s3, 45)
	return r
}

// Uint64s fills w with the next words. It is faster than as many calls of Uint64.
func (s *Stream) Uint64s(w []uint64) {
	s0, s1, s2, s3 := s.s0, s.s1, s.s2, s.s3
	for i := range w {
		w[i] = bits.RotateLeft64(s0+s3, 23) + s0
		t := s1 << 17
		s2 ^= s0
		s3 ^= s1
		s1 ^= s2
		s0 ^= s3
		s2 ^= t
		s3 = bits.RotateLeft64(s3, 45)
	}
	s.s0, s.s1, s.s2, s.s3 = s0, s1, s2, s3
}

// Open is the next word as a number between 0 and 1, both excluded: a multiple of 2^-52 plus 2^-53.
func (s *Stream) Open() float64 { return Unit(s.Uint64()) }

// Unit is a word as a number between 0 and 1, both excluded: a multiple of 2^-52 plus 2^-53, exactly.
func Unit(x uint64) float64 { return (float64(int64(x>>12)) + 0.5) * 0x1p-52 }

// Philox is the bijection Philox4x64 of 10 rounds of a counter under a key (Salmon, Moraes, Dror, Shaw, Parallel random
// numbers: as easy as 1, 2, 3, SC 2011).
func Philox(c [4]uint64, k [2]uint64) [4]uint64 {
	for range 10 {
		h0, l0 := bits.Mul64(0xd2e7470ee14c6c93, c[0])
		h1, l1 := bits.Mul64(0xca5a826395121157, c[2])
		c = [4]uint64{h1 ^ c[1] ^ k[0], l1, h0 ^ c[3] ^ k[1], l0}
		k[0] += 0x9e3779b97f4a7c15
		k[1] += 0xbb67ae8584caa73b
	}
	return c
}
