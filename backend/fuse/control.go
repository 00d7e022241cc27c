package fuse

import (
	"math"

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

// level stands for the logarithm of a norm of which the square is given: a number in [2^52, 2^53) that has the exponent of the
// square and the first bits of its mantissa as its own mantissa, two operations. So it grows by levelUnit where the norm is doubled, and along
// chords between powers of two of the square; it is levelOne where the norm is 1, to 0.03 levelUnit. With the exponents
// of controllers that is 0.2 per cent of a step. Of 0 and of what is no number the level is a small and a large number.
func (e *emitter) level(square ref) ref {
	return e.Emit(backend.BitOr, e.Emit(backend.BitShr, square, 12), e.Number(1<<52))
}

const (
	levelUnit = 1 << 41
	levelOne  = levelZero * levelUnit
	levelZero = 1<<11 + 1023./2 - 0.0287 // chords lie that far below the logarithm of the norm, in the mean
)

// log is p times the base-2 logarithm of the norm that has that level, plus c.
func (e *emitter) log(p float64, level ref, c float64) ref {
	return e.fma(e.Number(p/levelUnit), level, e.Number(c-p*levelZero))
}

// stretch is f 2^x, for x from -2.2 to 3.5, to 0.6 per cent for x from -0.3 to 0.5, where a controller keeps it, and
// 4 per cent elsewhere: the fourth power of the parabola through three points of 2^(x/4). It is given as two factors, for one of them
// multiplies what is stretched by the other.
func (e *emitter) stretch(f float64, x ref) ref {
	f = math.Sqrt(math.Sqrt(f))
	q := e.fma(e.Number(f*0.016284700081339087), x, e.Number(f*0.17673628920065687))
	q = e.fma(q, x, e.Number(f*0.9995692713219431))
	return e.mul(q, q)
}

// attempt is a step that is being emitted, from x to what x becomes.
type attempt struct {
	*emitter
	running ref
	t, want ref // T, H
	tend    ref
	left    ref // TEnd - T
	h, tn   ref // the step, and the time at its end
	after   ref // tn of a step that is not the last
	last    ref // it ends at TEnd
}

// attempt emits the beginning of a step: its length. A step never ends behind TEnd, it ends
// at TEnd if that is near, and goes half the way if one more step would leave a sliver.
func (e *emitter) attempt() *attempt {
	s := &attempt{emitter: e, t: e.x(T), want: e.x(H), tend: e.x(TEnd)}
	s.running = e.eq(e.x(Status), e.Number(Running))
	s.left = e.sub(s.tend, s.t)
	s.last = e.le(e.mul(s.left, e.Number(1-1e-10)), s.want)
	h := e.least(s.want, e.mul(s.left, e.Number(0.5))) // of a step that is not the last
	s.h = e.sel(s.last, s.left, h)
	s.after = e.add(s.t, h)
	s.tn = e.sel(s.last, s.tend, s.after)
	return s
}

// scale is atol_i + rtol max(|a|, |b|); of a b that is no number, none.
func (e *emitter) scale(i int, a, b ref) ref { return e.scaleOver(e.setting(AbsTol+i), a, b) }

func (e *emitter) scaleOver(atol, a, b ref) ref {
	return e.fma(e.setting(RTol), e.most(e.abs(a), e.abs(b)), atol)
}

// leastSquare is what the square of the norm of an error is at least: without it one lucky step would blow up the next.
const leastSquare = 0x1p-66

// norm is leastSquare and the sum of the squares of part times an error, over its scale. It is
// no number where u1 or one of must is not finite.
func (e *emitter) norm(err, u0, u1 []ref, part ref, must []ref) ref {
	// What is known before the last stage comes first, so that the divisions and the check
	// that all is finite are not what the choice of the next step waits for.
	weight := make([]ref, len(u1))
	all := backend.None
	for i := range weight {
		scale := e.scale(i, u0[i], u1[i])
		weight[i] = e.div(part, scale)
		all = e.total(all, scale) // finite if u1 is
	}
	for _, v := range must {
		all = e.add(all, v)
	}
	s := e.fma(all, e.Number(0), e.Number(leastSquare))
	for i, v := range err {
		r := e.mul(v, weight[i])
		s = e.fma(r, r, s)
	}
	return s
}

// mean is what all entries of an error are multiplied by so that the sum of their squares is the mean.
func (c *common) mean() float64 { return 1 / math.Sqrt(float64(c.n)) }

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

	// The factor, in logarithms.
	level, before := s.level(square), s.x(ErrOld)
	k := 1 / float64(order+1)
	var x ref
	if c.Beta[1] == 0 {
		x = s.log(-c.Beta[0], level, 0)
	} else {
		x = s.fma(s.Number(-c.Beta[0]/levelUnit), level, s.log(-c.Beta[1], before, c.Beta[0]*levelZero))
	}
	if c.Predictive {
		// Before the first step log2(h/0) is so large that it does not count. The error before counts as a hundredth of the
		// tolerance at least.
		ratio := s.log2(s.div(s.h, s.sub(s.t, s.x(TOld))))
		worse := s.log(-2, level, 0)
		worse = s.add(worse, s.most(s.Number(-6.64), s.log(1, before, 0)))
		x = s.least(x, s.fma(s.Number(c.Beta[0]), worse, ratio))
	}
	x = s.sel(ok, x, s.log(-k, level, 0))
	for _, l := range o.limits {
		x = s.least(x, s.log(-2/float64(l.power), s.level(l.over), 0))
	}
	top := s.sel(ok, s.Number(math.Log2(c.Max/c.Safety)), s.Number(math.Log2(0.95/c.Safety)))
	x = s.most(s.Number(math.Log2(c.Min/c.Safety)), s.least(x, top))
	root := s.stretch(c.Safety, x)
	h := s.least(s.mul(s.mul(s.h, root), root), s.setting(HMax))
	// The error of a step that was cut short at TEnd says little about longer ones.
	done := s.and(accept, s.last)

	// Too short: ten units in the last place of T, and 1e-28 of what is left.
	floor := s.fma(s.Number(10*0x1p-52), s.abs(s.t), s.fma(s.Number(1e-28), s.left, s.setting(HMin)))
	short := s.and(retry, s.not(s.lt(floor, h)))
	steps := s.sel(accept, s.add(s.x(Steps), one), s.x(Steps))
	rejected := s.sel(retry, s.add(s.x(Rejected), one), s.x(Rejected))
	tired := s.le(s.setting(MaxAttempts), s.add(steps, rejected))
	status := s.sel(done, s.Number(Done), s.sel(tired, s.Number(MaxSteps), s.Number(Running)))
	end := s.sel(s.finite(square), s.Number(TooSmall), s.Number(NotANum))
	if vague != backend.None {
		end = s.sel(vague, s.Number(Event), end)
	}
	status = s.sel(short, end, status)
	if held != backend.None {
		status = s.sel(held, why, status)
	}

	// With what is chosen by done outermost, a loop of lanes that are not done leaves it out.
	s.result(T, s.sel(done, s.tend, s.sel(accept, s.after, s.t)))
	s.result(H, s.sel(done, s.want, s.sel(moves, h, s.want)))
	s.result(TEnd, s.tend)
	s.result(Status, s.sel(s.running, status, s.x(Status)))
	s.result(ErrOld, s.sel(accept, level, before))
	s.result(Steps, steps)
	s.result(Rejected, rejected)
	s.result(TOld, s.sel(accept, s.t, s.x(TOld)))
	s.result(TSave, s.x(TSave))
	return accept
}
