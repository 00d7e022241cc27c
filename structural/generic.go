package structural

import (
	"math/bits"
	"strconv"
	"strings"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// Generic values. Whether a matrix of terms is singular for all values of its atoms
// is asked of its value at a random point: a polynomial that is not zero is zero there
// with a chance of degree/modulus (Schwartz, J. ACM 27(4), 1980; Zippel, EUROSAM 1979).
// The arithmetic is that of the integers modulo the prime 2^61 - 1, so that nothing
// is rounded and zero means zero: a matrix that is singular there is singular.
//
// Functions that are not rational have a random value for each argument, subject to
// the identities that models use: sin^2 + cos^2 = 1, the like for sinh and cosh, exp of
// a sum, odd and even symmetry, abs(x) = sign(x)*x, min + max. A matrix that is
// singular only for want of another identity counts as regular here; the rank in
// floating point sees it, see manifold.

// modulus is a Mersenne prime.
const modulus = 1<<61 - 1

func addMod(a, b uint64) uint64 {
	s := a + b
	if s >= modulus {
		s -= modulus
	}
	return s
}

func negMod(a uint64) uint64 {
	if a == 0 {
		return 0
	}
	return modulus - a
}

func mulMod(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	// a*b = hi*2^64 + lo = hi*8*2^61 + lo, and 2^61 = 1.
	s := (lo & modulus) + (lo>>61 | hi<<3)
	s = s&modulus + s>>61
	if s >= modulus {
		s -= modulus
	}
	return s
}

func powMod(a, n uint64) uint64 {
	r := uint64(1)
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			r = mulMod(r, a)
		}
		a = mulMod(a, a)
	}
	return r
}

// invMod is the inverse of a, which must not be 0.
func invMod(a uint64) uint64 { return powMod(a, modulus-2) }

func intMod(n int64) uint64 {
	if n < 0 {
		return negMod(uint64(-n) % modulus)
	}
	return uint64(n) % modulus
}

// numMod is the residue of a number; that of a float64 is the one of the decimal
// fraction that it prints as. ok is false for infinities and NaN.
func numMod(v expr.Num) (r uint64, ok bool) {
	if n, d, exact := v.Exact(); exact {
		if d == 1 {
			return intMod(n), true
		}
		if d%modulus == 0 {
			return 0, false
		}
		return mulMod(intMod(n), invMod(intMod(d))), true
	}
	return floatMod(v.Float())
}

func floatMod(x float64) (r uint64, ok bool) {
	text := strconv.FormatFloat(x, 'e', -1, 64)
	digits, power, found := strings.Cut(text, "e")
	if !found {
		return 0, false
	}
	e, err := strconv.Atoi(power)
	if err != nil {
		return 0, false
	}
	neg := false
	for _, c := range digits {
		switch c {
		case '-':
			neg = true
		case '.':
		default:
			r = addMod(mulMod(r, 10), uint64(c-'0'))
		}
	}
	if _, frac, ok := strings.Cut(digits, "."); ok {
		e -= len(frac)
	}
	if e < 0 {
		r = mulMod(r, invMod(powMod(10, uint64(-e))))
	} else {
		r = mulMod(r, powMod(10, uint64(e)))
	}
	if neg {
		r = negMod(r)
	}
	return r, true
}

// point is a random assignment of residues to atoms. Parameters have random values as
// well, unless given says otherwise. A term that divides by zero is undefined.
type point struct {
	w     *work
	seed  uint64
	given given
	val   map[expr.ID]uint64
}

// given says which parameters have their default values at a point.
type given uint8

const (
	givenNone given = iota
	givenZero       // those that are 0
	givenAll
)

// undefined is the value of a term that divides by zero.
const undefined = ^uint64(0)

func (w *work) point(seed uint64, use given) *point {
	return &point{w: w, seed: seed, given: use, val: map[expr.ID]uint64{}}
}

// draw is a random residue other than 0 that a key determines (splitmix64).
func (g *point) draw(key uint64) uint64 {
	x := key + (g.seed+1)*0x9e3779b97f4a7c15
	for range 2 {
		x += 0x9e3779b97f4a7c15
		x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
		x = (x ^ x>>27) * 0x94d049bb133111eb
		x ^= x >> 31
	}
	return 1 + x%(modulus-1)
}

// The salts keep the random values of different uses of one term apart.
const (
	saltRoot = (iota + 1) << 34
	saltCircle
	saltHyperbola
	saltExp
	saltSign
	saltOrder
	saltBit
)

// of is the value of e. Arguments come first, on a stack of their own, so that long
// chains of terms do not exhaust that of the program.
func (g *point) of(e expr.ID) uint64 {
	if v, ok := g.val[e]; ok {
		return v
	}
	p := g.w.pool
	stack := []expr.ID{e}
	for len(stack) > 0 {
		t := stack[len(stack)-1]
		if _, ok := g.val[t]; ok {
			stack = stack[:len(stack)-1]
			continue
		}
		ready := true
		if p.Op(t) == expr.OpSym {
			if k, ok := g.w.knownValue(t); ok {
				if _, done := g.val[k]; !done {
					stack = append(stack, k)
					ready = false
				}
			}
		}
		for _, a := range p.Args(t) {
			if _, ok := g.val[a]; !ok {
				stack = append(stack, a)
				ready = false
			}
		}
		if ready {
			stack = stack[:len(stack)-1]
			g.val[t] = g.node(t)
		}
	}
	return g.val[e]
}

// knownValue is the term that an eliminated constant stands for.
func (w *work) knownValue(a expr.ID) (expr.ID, bool) {
	if r, i := w.roleOf(a); r == roleKnown && int(i) < len(w.elim.value) && w.elim.value[i] != expr.None && w.vars[i].atom == a {
		return w.elim.value[i], true
	}
	return expr.None, false
}

func (g *point) node(t expr.ID) uint64 {
	p := g.w.pool
	a := p.Args(t)
	arg := func(i int) uint64 { return g.val[a[i]] }
	if p.Op(t) == expr.OpIf {
		switch arg(0) {
		case undefined:
			return undefined
		case 0:
			return arg(2)
		}
		return arg(1)
	}
	for i := range a {
		if arg(i) == undefined {
			return undefined
		}
	}
	switch op := p.Op(t); op {
	case expr.OpConst:
		v, _ := p.Value(t)
		r, ok := numMod(v)
		if !ok {
			return undefined
		}
		return r
	case expr.OpTrue:
		return 1
	case expr.OpFalse:
		return 0
	case expr.OpTime:
		return g.draw(uint64(t))
	case expr.OpSym:
		return g.symbol(t)
	case expr.OpAdd:
		r := arg(0)
		for i := 1; i < len(a); i += 2 {
			r = addMod(r, mulMod(arg(i), arg(i+1)))
		}
		return r
	case expr.OpMul:
		r := uint64(1)
		for i := 0; i < len(a); i += 2 {
			x := g.power(a[i], a[i+1])
			if x == undefined {
				return undefined
			}
			r = mulMod(r, x)
		}
		return r
	case expr.OpSin, expr.OpCos, expr.OpTan:
		return g.circular(op, a[0], saltCircle, false)
	case expr.OpSinh, expr.OpCosh, expr.OpTanh:
		return g.circular(op, a[0], saltHyperbola, true)
	case expr.OpExp:
		return g.exponential(a[0])
	case expr.OpAbs:
		return mulMod(g.sign(a[0]), arg(0))
	case expr.OpSign:
		return g.sign(a[0])
	case expr.OpMin, expr.OpMax:
		first := g.draw(uint64(a[0])<<17^uint64(a[1])^saltOrder)&1 == 0
		if first == (op == expr.OpMin) {
			return arg(0)
		}
		return arg(1)
	case expr.OpLt, expr.OpLe, expr.OpEq, expr.OpNe:
		return g.draw(uint64(t)^saltBit) & 1
	case expr.OpNot:
		return b2u(arg(0) == 0)
	case expr.OpAnd:
		return b2u(arg(0) != 0 && arg(1) != 0)
	case expr.OpOr:
		return b2u(arg(0) != 0 || arg(1) != 0)
	case expr.OpNoEvent, expr.OpHomotopy:
		return arg(0)
	case expr.OpSmooth:
		return arg(1)
	}
	return g.draw(uint64(t))
}

func b2u(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func (g *point) symbol(t expr.ID) uint64 {
	w := g.w
	r, i := w.roleOf(t)
	switch r {
	case roleKnown:
		if k, ok := w.knownValue(t); ok {
			return g.val[k]
		}
	case roleParam:
		if x := w.paramValue[i]; g.given == givenAll || g.given == givenZero && x == 0 {
			if v, ok := floatMod(x); ok {
				return v
			}
		}
	case roleRelation, roleSample, roleWhen:
		return g.draw(uint64(t)^saltBit) & 1
	}
	if g.w.boolean(t) {
		return g.draw(uint64(t)^saltBit) & 1
	}
	return g.draw(uint64(t))
}

// power is base^x: exact for whole exponents; a root is a number of its own.
func (g *point) power(base, x expr.ID) uint64 {
	b := g.val[base]
	if x == expr.One {
		return b
	}
	v, ok := g.w.pool.Value(x)
	if !ok {
		return g.draw(uint64(base)<<20 ^ uint64(x) ^ saltRoot)
	}
	n, d, exact := v.Exact()
	if !exact {
		return g.draw(uint64(base)<<20 ^ uint64(x) ^ saltRoot)
	}
	if b == 0 {
		if n < 0 {
			return undefined
		}
		return 0
	}
	if d != 1 {
		b = g.draw(uint64(base)<<20 ^ uint64(d) ^ saltRoot)
	}
	if n < 0 {
		return invMod(powMod(b, uint64(-n)))
	}
	return powMod(b, uint64(n))
}

// circular gives sin, cos and tan of one argument as points of the rational circle, and
// the hyperbolic ones as points of the hyperbola.
func (g *point) circular(op expr.Op, arg expr.ID, salt uint64, hyperbolic bool) uint64 {
	k, _ := g.w.pool.Term(arg)
	neg := k.Sign() < 0
	if neg {
		arg = g.w.pool.Neg(arg)
	}
	if arg == expr.Zero {
		return b2u(op == expr.OpCos || op == expr.OpCosh)
	}
	h := g.draw(uint64(arg) ^ salt)
	q := mulMod(h, h)
	if hyperbolic {
		q = negMod(q)
	}
	den := addMod(1, q)
	if den == 0 {
		return undefined
	}
	inv := invMod(den)
	s, c := mulMod(addMod(h, h), inv), mulMod(addMod(1, negMod(q)), inv)
	if neg {
		s = negMod(s)
	}
	switch op {
	case expr.OpSin, expr.OpSinh:
		return s
	case expr.OpCos, expr.OpCosh:
		return c
	}
	if c == 0 {
		return undefined
	}
	return mulMod(s, invMod(c))
}

// exponential is exp of a sum as the product of its factors.
func (g *point) exponential(arg expr.ID) uint64 {
	p := g.w.pool
	factor := func(k expr.Num, t expr.ID) uint64 {
		n, whole := k.Int()
		if !whole {
			neg := k.Sign() < 0
			if neg {
				k = k.Neg()
			}
			v := g.draw(uint64(p.Scale(k, t)) ^ saltExp)
			if neg {
				v = invMod(v)
			}
			return v
		}
		b := g.draw(uint64(t) ^ saltExp)
		if n < 0 {
			return invMod(powMod(b, uint64(-n)))
		}
		return powMod(b, uint64(n))
	}
	if p.Op(arg) != expr.OpAdd {
		if arg == expr.Zero {
			return 1
		}
		return factor(expr.IntNum(1), arg)
	}
	a := p.Args(arg)
	r := uint64(1)
	if c, _ := p.Value(a[0]); !c.IsZero() {
		r = factor(c, expr.One)
	}
	for i := 1; i < len(a); i += 2 {
		k, _ := p.Value(a[i])
		r = mulMod(r, factor(k, a[i+1]))
	}
	return r
}

// sign is 1 or -1.
func (g *point) sign(arg expr.ID) uint64 {
	k, t := g.w.pool.Term(arg)
	s := g.draw(uint64(t)^saltSign)&1 == 0
	if k.Sign() < 0 {
		s = !s
	}
	if s {
		return 1
	}
	return modulus - 1
}

// boolean reports whether an atom holds a truth value.
func (w *work) boolean(a expr.ID) bool {
	switch r, i := w.roleOf(a); r {
	case roleVar:
		return w.vars[i].sys != none && w.sys.Vars[w.vars[i].sys].Type == model.BooleanType
	case roleParam:
		v := w.plan.Params[i].Var
		return v >= 0 && w.sys.Vars[v].Type == model.BooleanType
	case roleDiscrete, rolePre:
		v := w.hyb.discrete[i].sys
		return v < 0 || w.sys.Vars[v].Type == model.BooleanType
	}
	return false
}

// rational returns the fraction n/d with small parts that a residue stands for, by the
// extended Euclidean algorithm (Wang, SYMSAC 1981). ok is false where there is none.
func rational(r uint64) (v expr.Num, ok bool) {
	const bound = 1 << 30 // 2*bound^2 <= modulus: the fraction is unique
	a, b := int64(modulus), int64(r)
	s, t := int64(0), int64(1)
	for b >= bound {
		q := a / b
		a, b = b, a-q*b
		s, t = t, s-q*t
	}
	if t == 0 || t >= bound || t <= -bound {
		return expr.Num{}, false
	}
	return expr.RatNum(b, t), true
}
