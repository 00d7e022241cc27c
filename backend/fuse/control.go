package fuse

import (
	"math"
	"slices"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/runtime/control"
)

// log2 is the base-2 logarithm of a positive normal number to 1.2e-4; of others it is some
// finite number, above 1000 for infinity and what is no number. The polynomial is that of
// package control.
func (e *emitter) log2(x ref) ref {
	mantissa := e.Emit(backend.BitAnd, x, e.pattern(1<<52-1))
	m := e.sub(e.Emit(backend.BitOr, mantissa, e.Number(1)), e.Number(1)) // in [0, 1)
	// The exponent as the last bits of a number in [2^52, 2^53).
	n := e.Emit(backend.BitOr, e.Emit(backend.BitShr, x, 52), e.Number(1<<52))
	n = e.sub(n, e.Number(1<<52+1023))
	m2 := e.mul(m, m)
	high := e.fma(e.Number(0.3122694773), m, e.Number(-0.670882679))
	high = e.fma(e.Number(-0.07844067621), m2, high)
	low := e.fma(e.Number(1.436874896), m, e.Number(0.0001145799604))
	return e.add(n, e.fma(m2, high, low))
}

// exp2 is 2^x for |x| < 1000 to 1e-4 of its value. The polynomial is that of package control.
func (e *emitter) exp2(x ref) ref {
	magic := e.Number(0x1.8p52)
	y := e.add(x, magic) // x rounded to an integer, in the last bits
	f := e.sub(x, e.sub(y, magic))
	f2 := e.mul(f, f)
	high := e.fma(e.Number(0.05583828295), f, e.Number(0.2426394785))
	low := e.fma(e.Number(0.6931367339), f, e.Number(0.999924557))
	p := e.fma(f2, high, low)
	// The bits of magic that are not shifted out are zero.
	return e.mul(p, e.Emit(backend.BitShl, e.Emit(backend.BitAdd, y, e.pattern(1023)), 52))
}

// attempt is a step that is being emitted, from x to what x becomes.
type attempt struct {
	*emitter
	running ref
	t, want ref // T, H
	tend    ref
	left    ref // TEnd - T
	h, tn   ref // the step, and the time at its end
	last    ref // it ends at TEnd
}

// attempt emits the beginning of a step: its length. A step never ends behind TEnd, it ends
// at TEnd if that is near, and goes half the way if one more step would leave a sliver.
func (e *emitter) attempt() *attempt {
	s := &attempt{emitter: e, t: e.x(T), want: e.x(H), tend: e.x(TEnd)}
	s.running = e.eq(e.x(Status), e.Number(Running))
	s.left = e.sub(s.tend, s.t)
	h := e.least(s.want, e.setting(HMax))
	s.last = e.le(e.mul(s.left, e.Number(1-1e-10)), h)
	half := e.mul(s.left, e.Number(0.5))
	h = e.least(h, half) // of a step that is not the last
	s.h = e.sel(s.last, s.left, h)
	s.tn = e.sel(s.last, s.tend, e.add(s.t, h))
	return s
}

// scale is atol_i + rtol max(|a|, |b|); of a b that is no number, none.
func (e *emitter) scale(i int, a, b ref) ref { return e.scaleOver(e.setting(AbsTol+i), a, b) }

func (e *emitter) scaleOver(atol, a, b ref) ref {
	return e.fma(e.setting(RTol), e.most(e.abs(a), e.abs(b)), atol)
}

// norm is the square of the norm of an error that is h times err; h may be None, for 1. It is
// no number where u1 or one of must is not finite.
func (e *emitter) norm(err, u0, u1 []ref, h ref, must []ref) ref {
	// What is known before the last stage comes first, so that the divisions and the check
	// that all is finite are not what the choice of the next step waits for.
	zero := e.Number(0)
	s := backend.None
	for _, v := range append(slices.Clone(u1), must...) {
		s = e.chain(s, v, zero)
	}
	for i, v := range err {
		r := e.mul(v, e.div(e.Number(1), e.scale(i, u0[i], u1[i])))
		s = e.chain(s, r, r)
	}
	share := e.Number(1 / float64(len(err)))
	if h != backend.None {
		share = e.mul(e.mul(h, h), share)
	}
	s = e.mul(share, s)
	return s
}

// outcome is what a step is judged by.
type outcome struct {
	square ref     // of the norm of the error
	limits []limit // besides the error
	event  ref     // holds a step back that would be accepted; None: nothing does
	pivot  ref     // an unsound pivot, which holds every step back; None: there is none
}

// limit is a number that must be 1 at most for the step to be accepted. It goes with h to the
// power, and limits the next step as the error does.
type limit struct {
	over  ref
	power int
	event bool // a step that cannot be so short is held back as by an event
}

// decide emits the end of a step: all entries of x before the states. It returns whether the
// step is accepted. The error goes with h to the power order + 1.
func (s *attempt) decide(c control.Controller, order int, o outcome) ref {
	one := s.Number(1)
	ok := s.le(o.square, one)
	vague := backend.None
	for _, l := range o.limits {
		fits := s.le(l.over, one)
		ok = s.and(ok, fits)
		if l.event {
			vague = s.not(fits)
		}
	}
	square, event, pivot := o.square, o.event, o.pivot
	moves, held, why := s.running, backend.None, s.Number(Event)
	if event != backend.None {
		held = s.and(ok, event)
	}
	if pivot != backend.None {
		if held == backend.None {
			held = pivot
		} else {
			held = s.or(held, pivot)
		}
		why = s.sel(pivot, s.Number(Pivot), why)
	}
	if held != backend.None {
		moves = s.and(s.running, s.not(held))
	}
	accept, retry := s.and(moves, ok), s.and(moves, s.not(ok))

	// The factor, in logarithms. Errors below 2^-33 are not told from that.
	err := s.mul(s.Number(0.5), s.log2(s.most(s.Number(0x1p-66), square)))
	x := s.mul(s.Number(-c.Beta[0]), err)
	if c.Beta[1] != 0 {
		x = s.fma(s.Number(-c.Beta[1]), s.x(ErrOld), x)
	}
	if c.Predictive {
		// Before the first step log2(h/0) is so large that it does not count.
		ratio := s.log2(s.div(s.h, s.sub(s.t, s.x(TOld))))
		worse := s.fma(s.Number(-2), err, s.most(s.Number(-6.64), s.x(ErrOld)))
		x = s.least(x, s.fma(s.Number(c.Beta[0]), worse, ratio))
	}
	x = s.sel(ok, x, s.mul(s.Number(-1/float64(order+1)), err))
	for _, l := range o.limits {
		x = s.least(x, s.mul(s.Number(-1/float64(l.power)), s.log2(s.most(s.Number(0x1p-66), l.over))))
	}
	top := s.sel(ok, s.Number(math.Log2(c.Max/c.Safety)), s.Number(math.Log2(0.95/c.Safety)))
	x = s.most(s.Number(math.Log2(c.Min/c.Safety)), s.least(x, top))
	h := s.mul(s.h, s.mul(s.Number(c.Safety), s.exp2(x)))
	// The error of a step that was cut short says little about longer ones.
	cut := s.and(ok, s.lt(s.h, s.mul(s.Number(0.5), s.want)))
	h = s.sel(cut, s.want, h)

	// Too short: ten units in the last place of T, or 1e-28 of what is left.
	floor := s.most(s.mul(s.Number(10*0x1p-52), s.abs(s.t)), s.mul(s.Number(1e-28), s.left))
	floor = s.most(s.setting(HMin), floor)
	short := s.and(retry, s.not(s.lt(floor, h)))
	status := s.sel(s.and(accept, s.last), s.Number(Done), s.Number(Running))
	steps, rejected := s.x(Steps), s.x(Rejected)
	tries := s.add(s.add(steps, rejected), one)
	status = s.sel(s.and(s.le(s.setting(MaxAttempts), tries), s.not(s.and(accept, s.last))), s.Number(MaxSteps), status)
	end := s.sel(s.finite(square), s.Number(TooSmall), s.Number(NotANum))
	if vague != backend.None {
		end = s.sel(vague, s.Number(Event), end)
	}
	status = s.sel(short, end, status)
	if held != backend.None {
		status = s.sel(held, why, status)
	}

	s.result(T, s.sel(accept, s.tn, s.t))
	s.result(H, s.sel(moves, h, s.want))
	s.result(TEnd, s.tend)
	s.result(Status, s.sel(s.running, status, s.x(Status)))
	s.result(ErrOld, s.sel(accept, err, s.x(ErrOld)))
	s.result(Steps, s.sel(accept, s.add(steps, one), steps))
	s.result(Rejected, s.sel(retry, s.add(rejected, one), rejected))
	s.result(TOld, s.sel(accept, s.t, s.x(TOld)))
	s.result(TSave, s.x(TSave))
	return accept
}
