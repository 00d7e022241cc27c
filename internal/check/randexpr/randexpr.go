// Package randexpr makes random expressions for property tests.
//
// In: a source of random choices (math/rand, rapid, or the bytes of a fuzz target).
// Out: terms of an expr.Pool whose value is usually defined, with values for their
// symbols. Equal choices give equal terms.
package randexpr

import (
	"math"

	"github.com/mtkc/mtkc/expr"
)

// Source makes choices: Intn returns a number in [0, n).
type Source interface{ Intn(n int) int }

// Func is a Source that is a function.
type Func func(n int) int

// Intn calls f.
func (f Func) Intn(n int) int { return f(n) }

// Bytes is a Source that reads its choices from fuzz data; past the end it chooses 0.
type Bytes struct{ Data []byte }

// Intn takes one byte of the data.
func (b *Bytes) Intn(n int) int {
	if len(b.Data) == 0 {
		return 0
	}
	v := int(b.Data[0]) % n
	b.Data = b.Data[1:]
	return v
}

// Options bounds what is made. The zero value gives everything that has a value.
type Options struct {
	Depth   int  // of the tree, 0: 4
	Symbols int  // x0, x1, ...; 0: 4
	Smooth  bool // only operators with a derivative everywhere inside their domain
	Dynamic bool // also der, pre, noEvent, smooth, homotopy, time
}

// Gen makes the terms of one pool.
type Gen struct {
	Pool *expr.Pool
	Syms []expr.ID
	src  Source
	opt  Options
	made []expr.ID // earlier subterms, for sharing
}

// New returns a generator that declares its symbols in p.
func New(p *expr.Pool, src Source, opt Options) *Gen {
	if opt.Depth == 0 {
		opt.Depth = 4
	}
	if opt.Symbols == 0 {
		opt.Symbols = 4
	}
	g := &Gen{Pool: p, src: src, opt: opt}
	for i := range opt.Symbols {
		g.Syms = append(g.Syms, p.Sym("x"+string(rune('0'+i%10))))
	}
	return g
}

// Real returns a random number-valued term.
func (g *Gen) Real() expr.ID { return g.real(g.opt.Depth) }

// Bool returns a random truth-valued term.
func (g *Gen) Bool() expr.ID { return g.bool(g.opt.Depth) }

// Number returns a random constant: small integers and quotients, decimals.
func (g *Gen) Number() expr.Num {
	switch g.src.Intn(4) {
	case 0:
		return expr.RatNum(int64(g.src.Intn(13)-6), int64(1+g.src.Intn(7)))
	case 1:
		return expr.FloatNum(float64(g.src.Intn(200)-100) / 10)
	case 2:
		return expr.FloatNum(math.Ldexp(float64(1+g.src.Intn(100))/7, g.src.Intn(20)-10))
	}
	return expr.IntNum(int64(g.src.Intn(9) - 4))
}

// smoothFns and kinkFns are functions of one argument.
var smoothFns = []expr.Op{
	expr.OpSin, expr.OpCos, expr.OpTan, expr.OpAsin, expr.OpAcos, expr.OpAtan, expr.OpSinh, expr.OpCosh, expr.OpTanh,
	expr.OpAsinh, expr.OpAcosh, expr.OpAtanh, expr.OpExp, expr.OpLog, expr.OpLog10,
}
var kinkFns = []expr.Op{expr.OpAbs, expr.OpSign, expr.OpFloor, expr.OpCeil}

func (g *Gen) leaf() expr.ID {
	switch k := g.src.Intn(8); {
	case k < 5:
		return g.Syms[g.src.Intn(len(g.Syms))]
	case k == 5 && g.opt.Dynamic:
		x := g.Syms[g.src.Intn(len(g.Syms))]
		switch g.src.Intn(3) {
		case 0:
			return g.Pool.Der(x)
		case 1:
			return g.Pool.Fn(expr.OpPre, x)
		}
		return expr.Time
	}
	return g.Pool.Num(g.Number())
}

func (g *Gen) real(depth int) expr.ID {
	if depth <= 0 {
		return g.leaf()
	}
	p := g.Pool
	if len(g.made) > 0 && g.src.Intn(8) == 0 {
		return g.made[g.src.Intn(len(g.made))]
	}
	sub := func() expr.ID { return g.real(depth - 1 - g.src.Intn(2)) }
	var e expr.ID
	switch k := g.src.Intn(16); k {
	case 0:
		e = g.leaf()
	case 1, 2:
		n := 2 + g.src.Intn(3)
		ks, ts := make([]expr.Num, n), make([]expr.ID, n)
		for i := range n {
			ks[i], ts[i] = g.Number(), sub()
		}
		e = p.Linear(g.Number(), ks, ts)
	case 3:
		e = p.Add(sub(), sub())
	case 4:
		e = p.Sub(sub(), sub())
	case 5, 6:
		e = p.Mul(sub(), sub())
	case 7:
		e = p.Div(sub(), sub())
	case 8:
		e = p.Pow(sub(), p.Int(int64(g.src.Intn(7)-3)))
	case 9:
		e = p.Sqrt(sub())
	case 10:
		e = p.Pow(sub(), p.Num(g.Number()))
	case 11:
		e = p.Pow(sub(), sub())
	case 12, 13:
		e = p.Fn(smoothFns[g.src.Intn(len(smoothFns))], sub())
	case 14:
		if g.opt.Smooth {
			e = p.Mul(p.Fn(expr.OpSin, sub()), p.Fn(expr.OpExp, sub()))
			break
		}
		switch k := g.src.Intn(9); k {
		case 0:
			e = p.Fn(expr.OpMin, sub(), sub())
		case 1:
			e = p.Fn(expr.OpMax, sub(), sub())
		case 2:
			e = p.Fn(expr.OpMod, sub(), sub())
		case 3:
			e = p.Fn(expr.OpRem, sub(), sub())
		case 4:
			e = p.Fn(expr.OpQuo, sub(), sub())
		default:
			e = p.Fn(kinkFns[k-5], sub())
		}
	default:
		if g.opt.Smooth {
			e = p.Fn(expr.OpAtan2, sub(), sub())
			break
		}
		if g.opt.Dynamic {
			switch g.src.Intn(4) {
			case 0:
				return p.Fn(expr.OpNoEvent, sub())
			case 1:
				return p.Fn(expr.OpSmooth, p.Int(int64(g.src.Intn(3))), sub())
			case 2:
				return p.Fn(expr.OpHomotopy, sub(), sub())
			}
		}
		e = p.If(g.bool(depth-1), sub(), sub())
	}
	g.made = append(g.made, e)
	return e
}

func (g *Gen) bool(depth int) expr.ID {
	p := g.Pool
	if depth > 1 {
		switch g.src.Intn(6) {
		case 0:
			return p.Fn(expr.OpAnd, g.bool(depth-1), g.bool(depth-1))
		case 1:
			return p.Fn(expr.OpOr, g.bool(depth-1), g.bool(depth-1))
		case 2:
			return p.Fn(expr.OpNot, g.bool(depth-1))
		}
	}
	ops := [...]expr.Op{expr.OpLt, expr.OpLe, expr.OpLt, expr.OpLe, expr.OpEq, expr.OpNe}
	return p.Fn(ops[g.src.Intn(len(ops))], g.real(depth-1), g.real(depth-1))
}

// Point returns values for the symbols, der, pre and time: a function for
// expr.Pool.Eval.
func (g *Gen) Point() func(expr.ID) (float64, bool) {
	vals := map[expr.ID]float64{}
	draw := func() float64 { return float64(g.src.Intn(4001)-1000)/1000 + float64(g.src.Intn(97))/1e5 }
	for _, s := range g.Syms {
		vals[s] = draw()
	}
	dot, pre, now := draw(), draw(), draw()
	return func(e expr.ID) (float64, bool) {
		switch g.Pool.Op(e) {
		case expr.OpDer:
			return dot, true
		case expr.OpPre:
			return pre, true
		case expr.OpTime:
			return now, true
		}
		v, ok := vals[e]
		return v, ok
	}
}
