package main

import (
	"math"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/elementary"
)

// span is where the first argument of a function lies: in [lo, hi], or its absolute value in [0, hi].
// The program within is shorter: comparisons of the argument with numbers are known there.
type span struct {
	absolute bool
	lo, hi   float64
}

// kind says what a value is to a span.
type kind uint8

const (
	other     kind = iota
	argument       // x
	magnitude      // |x|
)

// bounds are those of a value of the kernel, NaN if nothing is known.
func (s span) bounds(consts map[backend.Ref]float64, to []backend.Ref, is []kind, r backend.Ref) (lo, hi float64) {
	if v, ok := consts[to[r]]; ok {
		return v, v
	}
	switch {
	case is[r] == argument && s.absolute:
		return -s.hi, s.hi
	case is[r] == argument, is[r] == magnitude && s.lo > 0:
		return s.lo, s.hi
	case is[r] == magnitude && s.absolute:
		return 0, s.hi
	}
	return math.NaN(), math.NaN()
}

// within is the kernel with the comparisons that the span decides, and what follows from them. It
// computes the same bits for arguments in the span.
func (s span) within(k *backend.Kernel) *backend.Kernel {
	b := backend.NewBuilder(k.Name)
	positive := !s.absolute && s.lo > 0
	to := make([]backend.Ref, len(k.Code))
	consts := map[backend.Ref]float64{}
	number := func(v float64) backend.Ref {
		r := b.Number(v)
		consts[r] = v
		return r
	}
	is := make([]kind, len(k.Code))
	known := map[backend.Ref]bool{} // of k
	bits := func(r backend.Ref) (uint64, bool) {
		v, ok := consts[r]
		return math.Float64bits(v), ok
	}
	// decided compares an argument with a number.
	decided := func(op backend.Op, x, y backend.Ref) (value, ok bool) {
		xlo, xhi := s.bounds(consts, to, is, x)
		ylo, yhi := s.bounds(consts, to, is, y)
		switch op {
		case backend.Lt:
			return xhi < ylo, xhi < ylo || xlo >= yhi
		case backend.Le:
			return xhi <= ylo, xhi <= ylo || xlo > yhi
		case backend.Eq:
			return false, xhi < ylo || xlo > yhi
		case backend.Ne:
			return true, xhi < ylo || xlo > yhi
		}
		return false, false
	}
	for r, in := range k.Code {
		ref := backend.Ref(r)
		args := make([]backend.Ref, 0, 3)
		k.Operands(in, func(a backend.Ref) { args = append(args, to[a]) })
		word := func(i int, w uint64) bool { v, ok := bits(args[i]); return ok && v == w }
		constant := len(args) > 0
		for _, a := range args {
			_, ok := consts[a]
			constant = constant && ok
		}
		settle := func(v bool) {
			known[ref] = v
			x := 0.0
			if v {
				x = 1
			}
			to[r] = number(x)
		}
		switch {
		case in.Op == backend.Const:
			to[r] = number(k.Consts[in.A])
			continue
		case in.Op == backend.U:
			to[r] = b.Input(backend.U, in.A)
			if in.A == 0 {
				is[r] = argument
			}
			continue
		case in.Op.Shift():
			to[r] = b.Emit(in.Op, args[0], in.B)
			continue
		case in.Op == backend.Abs && is[in.A] == argument:
			is[r] = magnitude
			to[r] = b.Emit(in.Op, args...)
			if positive {
				to[r] = args[0]
			}
			continue
		case in.Op == backend.BitAnd && positive && is[in.A] == argument && word(1, 1<<63):
			to[r] = number(0)
			continue
		case constant && !in.Op.Bool() && in.Op != backend.Select:
			c := backend.NewBuilder("constant")
			for i, a := range args {
				args[i] = c.Number(consts[a])
			}
			c.Output(backend.Main, 0, c.Emit(in.Op, args...))
			to[r] = number(elementary.Eval(c.Finish()))
			continue
		}
		switch in.Op {
		case backend.Lt, backend.Le, backend.Eq, backend.Ne:
			if v, ok := decided(in.Op, in.A, in.B); ok {
				settle(v)
				continue
			}
		case backend.And, backend.Or:
			u, uok := known[in.A]
			v, vok := known[in.B]
			end := in.Op == backend.Or // the value that decides
			switch {
			case uok && u == end || vok && v == end:
				settle(end)
				continue
			case uok && vok:
				settle(!end)
				continue
			case uok:
				to[r] = args[1]
				continue
			case vok:
				to[r] = args[0]
				continue
			}
		case backend.Select:
			if v, ok := known[in.A]; ok {
				to[r] = args[2]
				if v {
					to[r] = args[1]
				}
				continue
			}
			if args[1] == args[2] {
				to[r] = args[1]
				continue
			}
		case backend.Div, backend.Mul:
			if word(1, math.Float64bits(1)) {
				to[r] = args[0]
				continue
			}
		case backend.BitXor, backend.BitAdd:
			if word(1, 0) {
				to[r] = args[0]
				continue
			}
		}
		to[r] = b.Emit(in.Op, args...)
	}
	b.Output(backend.Main, 0, to[k.Out[0].Val])
	return b.Finish()
}
