package elementary

import (
	"fmt"
	"math"
	"sync"

	"github.com/mtkc/mtkc/backend"
)

// The sine, cosine and tangent of large angles, to the same errors as those of others. Their programs are some six times as
// long as those, so that they stand alone: the operations FarSin, FarCos and FarTan run them where an angle
// is that large, and cost a comparison elsewhere.
//
// An angle is X 2^e, 2^45 <= X < 2^77, where e is a multiple of 32. Multiples of 512 in c = 2^e 2/pi do not change the quadrant, since X
// has no bits below 2^-7 = 4/512, so that four numbers for each e are enough, 212 bits of c mod 512. The products with X are exact as sums
// of two numbers, and so is each of these mod 4. What is left of the quadrant is known to 2^-125, and no angle comes
// nearer than 2^-62 to a multiple of pi/2. Payne and Hanek, SIGNUM Newsletter 18(1), 1983, have the idea; exponents by
// selections from a table are for programs without memory.

// FarLimit is where far angles begin.
const FarLimit = 0x1p45

const (
	farFirst = 45 // exponents from there on
	farStep  = 32
)

// reduceFar is reduceTrig of 2^45 <= x < infinity.
func (b *program) reduceFar(x ref) (n, r, tail ref) {
	// c, and X = x 2^-e: the exponent less 45, without its lowest five bits, goes.
	var c [len(farTable[0])]ref
	for j, row := range farTable {
		if j == 0 {
			for i := range c {
				c[i] = b.num(row[i])
			}
			continue
		}
		here := b.le(b.num(math.Ldexp(1, farFirst+farStep*j)), x)
		for i := range c {
			c[i] = b.sel(here, b.num(row[i]), c[i])
		}
	}
	e := b.band(b.bsub(b.shr(x, 52), b.word(1023+farFirst)), b.word(^uint64(farStep-1)))
	x = b.bsub(x, b.shl(e, 52))

	// The sum of terms that are exact: s and errors.
	p0, e0 := b.twoProduct(x, c[0])
	p1, e1 := b.twoProduct(x, c[1])
	p2, e2 := b.twoProduct(x, c[2])
	p0 = b.fma(b.floor(b.mul(p0, b.num(0.25))), b.num(-4), p0) // which is positive
	s, t1 := b.twoSum(p0, b.mod4(e0))
	s, t2 := b.twoSum(s, b.mod4(p1))
	s, t3 := b.twoSum(s, e1)
	s, t4 := b.twoSum(s, p2)
	n = b.add(s, b.num(rounder))
	s = b.sub(s, b.sub(n, b.num(rounder)))
	t, v1 := b.twoSum(t1, t2)
	t, v2 := b.twoSum(t, t3)
	t, v3 := b.twoSum(t, t4)
	rest := b.add(b.add(b.fma(x, c[3], e2), b.add(v1, v2)), v3)
	s, t = b.twoSum(s, t)
	s, t = b.twoSum(s, b.add(t, rest))

	// Quarter turns to an angle.
	p, q := b.twoProduct(s, b.num(halfPi1))
	q = b.fma(s, b.num(halfPi2), q)
	q = b.fma(t, b.num(halfPi1), q)
	r, tail = b.fastTwoSum(p, q)
	return n, r, tail
}

// mod4 is x less the nearest multiple of 4, for |x| < 2^53.
func (b *program) mod4(x ref) ref {
	n := b.sub(b.fma(x, b.num(0.25), b.num(rounder)), b.num(rounder))
	return b.fma(n, b.num(-4), x)
}

// twoSum is x + y as a rounded sum and its error (Knuth).
func (b *program) twoSum(x, y ref) (sum, err ref) {
	sum = b.add(x, y)
	z := b.sub(sum, x)
	return sum, b.add(b.sub(x, b.sub(sum, z)), b.sub(y, z))
}

// farKernels are the programs of far angles by operation.
var farKernels = sync.OnceValue(func() (k [backend.NumOps]*backend.Kernel) {
	for op := backend.FarSin; op.Far(); op++ {
		b := &program{backend.NewBuilder(op.String())}
		x := b.Input(backend.U, 0)
		n, r, tail := b.reduceFar(b.abs(x))
		var y ref
		switch op {
		case backend.FarTan:
			y = b.tangent(n, r, tail, x)
		case backend.FarCos:
			s, c := b.sineCosine(r, tail)
			y = b.quadrant(b.badd(n, b.word(1)), s, c, backend.None)
		default:
			s, c := b.sineCosine(r, tail)
			y = b.quadrant(n, s, c, x)
		}
		b.Output(backend.Main, 0, y)
		k[op] = b.Finish()
	}
	return k
})

// Far is the program of a far operation for finite |U[0]| >= FarLimit. It must not be changed.
func Far(op backend.Op) *backend.Kernel {
	k := farKernels()[op]
	if k == nil {
		panic(fmt.Sprintf("mtkc: bug: %s is not for far angles", op))
	}
	return k
}

// IsFar reports whether far operations have something to do.
func IsFar(x float64) bool { return math.Abs(x) >= FarLimit && !math.IsInf(x, 0) }
