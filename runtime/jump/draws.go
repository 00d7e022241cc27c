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

//go:noinline
func (d *draws) fillV() {
	s := d.s
	for i := range d.v {
		d.v[i] = s.Open()
	}
	d.s, d.usedV = s, 0
}

//go:noinline
func (d *draws) fillE() {
	s := d.s
	for i := range d.e {
		w := s.Uint64()
		k := w & (layers - 1)
		z := random.Unit(w) * zig.x[k] // of the upper 53 bits, k of the lower 8
		if z >= zig.x[k+1] {
			z = tail(&s, k, z)
		}
		d.e[i] = z
	}
	d.s, d.usedE = s, 0
}

// layers of equal area under exp(-x), the lowest of which holds the tail from zigR on: Marsaglia, Tsang, The ziggurat method
// for generating random variables, J. Stat. Softw. 5(8), 2000, with 53 bits for the place within a layer.
const (
	layers = 256
	zigR   = 7.69711747013104972
)

var zig = func() (z struct{ x, f [layers + 1]float64 }) {
	area := (zigR + 1) * math.Exp(-zigR)
	z.x[0], z.x[1] = area*math.Exp(zigR), zigR
	for i := 1; i < layers-1; i++ {
		z.x[i+1] = -math.Log(math.Exp(-z.x[i]) + area/z.x[i])
	}
	for i := range z.f { // x[layers] is 0
		z.f[i] = math.Exp(-z.x[i])
	}
	return z
}()

// tail goes on where z, a place of layer k, does not lie in the layer above it.
func tail(s *random.Stream, k uint64, z float64) float64 {
	for {
		if k == 0 {
			return zigR - math.Log(s.Open())
		}
		if z < zig.x[k+1] || zig.f[k]+s.Open()*(zig.f[k+1]-zig.f[k]) < math.Exp(-z) {
			return z
		}
		w := s.Uint64()
		k = w & (layers - 1)
		z = random.Unit(w) * zig.x[k]
		if z < zig.x[k+1] {
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
