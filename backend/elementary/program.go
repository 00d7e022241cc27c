package elementary

import (
	"math"

	"github.com/mtkc/mtkc/backend"
)

type ref = backend.Ref

// program builds the kernel of a function.
type program struct{ *backend.Builder }

func (b *program) num(v float64) ref    { return b.Number(v) }
func (b *program) word(v uint64) ref    { return b.Number(math.Float64frombits(v)) }
func (b *program) neg(x ref) ref        { return b.Emit(backend.Neg, x) }
func (b *program) abs(x ref) ref        { return b.Emit(backend.Abs, x) }
func (b *program) sqrt(x ref) ref       { return b.Emit(backend.Sqrt, x) }
func (b *program) floor(x ref) ref      { return b.Emit(backend.Floor, x) }
func (b *program) ceil(x ref) ref       { return b.Emit(backend.Ceil, x) }
func (b *program) sar(x ref, n int) ref { return b.Emit(backend.BitSar, x, int32(n)) }
func (b *program) add(x, y ref) ref     { return b.Emit(backend.Add, x, y) }
func (b *program) sub(x, y ref) ref     { return b.Emit(backend.Sub, x, y) }
func (b *program) mul(x, y ref) ref     { return b.Emit(backend.Mul, x, y) }
func (b *program) div(x, y ref) ref     { return b.Emit(backend.Div, x, y) }
func (b *program) lt(x, y ref) ref      { return b.Emit(backend.Lt, x, y) }
func (b *program) le(x, y ref) ref      { return b.Emit(backend.Le, x, y) }
func (b *program) and(x, y ref) ref     { return b.Emit(backend.And, x, y) }
func (b *program) or(x, y ref) ref      { return b.Emit(backend.Or, x, y) }
func (b *program) eq(x, y ref) ref      { return b.Emit(backend.Eq, x, y) }
func (b *program) ne(x, y ref) ref      { return b.Emit(backend.Ne, x, y) }
func (b *program) fma(x, y, z ref) ref  { return b.Emit(backend.FMA, x, y, z) }
func (b *program) sel(c, x, y ref) ref  { return b.Emit(backend.Select, c, x, y) }
func (b *program) shl(x ref, n int) ref { return b.Emit(backend.BitShl, x, int32(n)) }
func (b *program) shr(x ref, n int) ref { return b.Emit(backend.BitShr, x, int32(n)) }
func (b *program) band(x, y ref) ref    { return b.Emit(backend.BitAnd, x, y) }
func (b *program) bor(x, y ref) ref     { return b.Emit(backend.BitOr, x, y) }
func (b *program) bxor(x, y ref) ref    { return b.Emit(backend.BitXor, x, y) }
func (b *program) badd(x, y ref) ref    { return b.Emit(backend.BitAdd, x, y) }
func (b *program) bsub(x, y ref) ref    { return b.Emit(backend.BitSub, x, y) }
func (b *program) sign(x ref) ref       { return b.band(x, b.num(math.Copysign(0, -1))) }

const (
	one      = uint64(1023) << 52 // the bits of 1
	fraction = uint64(1)<<52 - 1
	rounder  = 0x1.8p52  // x + rounder - rounder is x rounded to an integer, for |x| < 2^51
	smallest = 0x1p-1022 // normal number
	log2e    = math.Log2E
	ln2Hi    = math.Ln2
	ln2Lo    = 0x1.abc9e3b39803fp-56
)

// fastTwoSum is x + y as a rounded sum and its error, for |x| >= |y| or x = 0 (Dekker, 1971).
func (b *program) fastTwoSum(x, y ref) (sum, err ref) {
	sum = b.add(x, y)
	return sum, b.sub(y, b.sub(sum, x))
}

// twoProduct is x*y as a rounded product and its error.
func (b *program) twoProduct(x, y ref) (product, err ref) {
	product = b.mul(x, y)
	return product, b.fma(x, y, b.neg(product))
}

// polynomial is the sum of c[k]*x^k in Estrin's order: neighbours are joined by fused
// multiply-adds, then pairs of them with x^2, and so on.
func (b *program) polynomial(x ref, c []float64) ref {
	t := make([]ref, len(c))
	for i, v := range c {
		t[i] = b.num(v)
	}
	for {
		var next []ref
		for i := 0; i < len(t); i += 2 {
			if i+1 < len(t) {
				next = append(next, b.fma(t[i+1], x, t[i]))
			} else {
				next = append(next, t[i])
			}
		}
		t = next
		if len(t) == 1 {
			return t[0]
		}
		x = b.mul(x, x)
	}
}
