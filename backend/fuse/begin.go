package fuse

import (
	"slices"

	"github.com/mtkc/mtkc/backend"
)

// begin makes x ready for the first step of a method of that order. The size of the step is
// that of Hairer, Norsett, Wanner, Solving ODEs I, II.4, restricted to rows with mass, as
// package ode chooses it, but for a trial step that ends where f has no value: then the first
// step is a thousandth of that, and rejections do the rest.
func (c *common) begin(order int) *backend.Kernel {
	e := c.emitter("begin")
	t, u := e.x(T), e.states(StateAt)
	f0 := e.rhs(t, u)
	norm := func(v func(i int) ref) ref {
		s := backend.None
		for i := range u {
			if c.mass(i) {
				x := e.div(v(i), e.scale(i, u[i], u[i]))
				s = e.chain(s, x, x)
			}
		}
		return e.rootMean(s)
	}
	d0 := norm(func(i int) ref { return u[i] })
	d1 := norm(func(i int) ref { return f0[i] })
	h0 := e.trial(d0, d1)
	y := slices.Clone(u)
	for i := range u {
		if c.mass(i) {
			y[i] = e.fma(h0, f0[i], u[i])
		}
	}
	f1 := e.rhs(e.add(t, h0), y)
	d2 := norm(func(i int) ref { return e.sub(f1[i], f0[i]) })
	zero := e.Number(0)
	sound := zero
	for _, v := range f0 {
		sound = e.fma(v, zero, sound)
	}
	e.ready(order, h0, d1, d2, sound)
	e.result(StateAt, u...)
	for _, i := range c.alg {
		f0[i] = zero // unknown
	}
	e.result(c.slopeAt(), f0...)
	for at := c.oldAt(); at < c.in.Slots; at++ {
		e.result(at, zero)
	}
	return e.Finish()
}

// rootMean is the root of the mean over rows with mass, of a sum that may be None.
func (e *emitter) rootMean(sum ref) ref {
	if sum == backend.None {
		return e.Number(0)
	}
	return e.sqrt(e.mul(e.Number(1/float64(e.c.n-len(e.c.alg))), sum))
}

// left is the time to the end.
func (e *emitter) left() ref { return e.sub(e.x(TEnd), e.x(T)) }

// trial is the explicit Euler step that shows how f changes, from the norms of U and f.
func (e *emitter) trial(d0, d1 ref) ref {
	left := e.left()
	tiny := e.least(e.mul(e.Number(1e-6), left), e.Number(1e-6))
	h0 := e.least(e.div(e.mul(e.Number(0.01), d0), d1), left)
	small := e.Number(1e-5)
	h0 = e.sel(e.and(e.le(small, d0), e.le(small, d1)), h0, tiny)
	return e.least(h0, e.least(left, e.setting(HMax)))
}

// ready chooses the first step, where change is the norm of the change of f in the trial step,
// and writes the entries of x before the states. sound is 0 if f is a number.
func (e *emitter) ready(order int, h0, d1, change, sound ref) {
	left := e.left()
	zero := e.Number(0)
	d2 := e.div(change, h0)
	d := e.most(d1, d2)
	// (0.01/d)^(1/(order+1))
	power := e.exp2(e.mul(e.Number(1/float64(order+1)), e.log2(e.div(e.Number(0.01), d))))
	h1 := e.sel(e.lt(e.Number(1e-15), d), power, left) // at most: nothing moves
	h := e.least(e.mul(e.Number(100), h0), h1)
	h = e.sel(e.finite(d), h, e.mul(e.Number(1e-3), h0))
	h = e.least(h, e.least(left, e.setting(HMax)))
	given := e.x(H)
	h = e.sel(e.lt(zero, given), e.least(given, e.setting(HMax)), h)

	t, tend := e.x(T), e.x(TEnd)
	status := e.sel(e.eq(sound, zero), e.Number(Running), e.Number(NotANum))
	status = e.sel(e.lt(t, tend), status, e.Number(Done))
	e.result(T, t, h, tend, status, e.Number(levelOne), e.x(Steps), e.x(Rejected), t, e.x(TSave))
}
