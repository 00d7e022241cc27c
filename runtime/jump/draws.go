package jump

// Random numbers in blocks: the generator keeps its state in registers while it fills one.

import (
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/random"
)

// purpose of the stream of the jumps of a path, see random.New.
const purpose = 0x6a756d70

const block = 64

// draws hands out random numbers of one stream.
type draws struct {
	s            random.Stream
	w            [block]uint64
	e, v         [block]float64 // exponential numbers of mean 1, numbers between 0 and 1
	usedE, usedV int
}

// reset begins the stream of a path.
func (d *draws) reset(seed, path uint64) {
	d.s.Reset(seed, path, purpose)
	d.usedE, d.usedV = block, block
}

// exp is a number of the exponential distribution of mean 1.
func (d *draws) exp() float64 {
	if d.usedE >= block {
		d.fillE()
	}
	x := d.e[d.usedE&(block-1)]
	d.usedE++
	return x
}

// uniform is a number between 0 and 1, both excluded.
func (d *draws) uniform() float64 {
	if d.usedV >= block {
		d.fillV()
	}
	x := d.v[d.usedV&(block-1)]
	d.usedV++
	return x
}

func (d *draws) fillV() {
	d.s.Uint64s(d.w[:])
	for i, w := range d.w {
		d.v[i] = random.Unit(w)
	}
	d.usedV = 0
}

func (d *draws) fillE() {
	d.s.Uint64s(d.w[:])
	for i, w := range d.w {
		x := &zig.x[uint8(w)]
		z := random.Unit(w) * x[0] // of the upper 53 bits, the layer of the lower 8
		if z >= x[1] {
			z = tail(&d.s, int(uint8(w)), z)
		}
		d.e[i] = z
	}
	d.usedE = 0
}

// layers of equal area under exp(-x), the lowest of which holds the tail from zigR on: Marsaglia, Tsang, The ziggurat method
// for generating random variables, J. Stat. Softw. 5(8), 2000, with 53 bits for the place within a layer.
const (
	layers = 256
	zigR   = 7.69711747013104972
)

// zig holds the widths of a layer and of the one above it, which is the part of it under the curve throughout, and exp(-x) of both.
var zig = func() (z struct{ x, f [layers][2]float64 }) {
	area := (zigR + 1) * math.Exp(-zigR)
	x := area * math.Exp(zigR)
	for i := range layers {
		next := 0.0
		switch {
		case i == 0:
			next = zigR
		case i < layers-1:
			next = -math.Log(math.Exp(-x) + area/x)
		}
		z.x[i] = [2]float64{x, next}
		z.f[i] = [2]float64{math.Exp(-x), math.Exp(-next)}
		x = next
	}
	return z
}()

// tail goes on where z, a place in layer k, is not under the curve throughout.
func tail(s *random.Stream, k int, z float64) float64 {
	for {
		if k == 0 {
			return zigR - math.Log(s.Open())
		}
		if f := &zig.f[k]; f[0]+s.Open()*(f[1]-f[0]) < math.Exp(-z) {
			return z
		}
		w := s.Uint64()
		k = int(uint8(w))
		if z = random.Unit(w) * zig.x[k][0]; z < zig.x[k][1] {
			return z
		}
	}
}

// archive visits the stream and what was drawn in advance.
func (d *draws) archive(a *archive.Archive) {
	d.s.Archive(a)
	a.Floats(d.e[:], d.v[:])
	a.Int(&d.usedE, &d.usedV)
}
