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
	t, tend, given := e.x(T), e.x(TEnd), e.x(H)
	u := e.states(StateAt)
	f0 := e.rhs(t, u)

	left := e.sub(tend, t)
	scale := make([]ref, c.n)
	for i := range u {
		scale[i] = e.fma(e.setting(RTol), e.abs(u[i]), e.setting(AbsTol+i))
	}
	rows := c.n - len(c.alg)
	norm := func(v func(i int) ref) ref {
		s := backend.None
		for i := range u {
			if !slices.Contains(c.alg, i) {
				x := e.div(v(i), scale[i])
				s = e.chain(s, x, x)
			}
		}
		if s == backend.None {
			return e.Number(0)
		}
		return e.sqrt(e.mul(e.Number(1/float64(rows)), s))
	}
	d0 := norm(func(i int) ref { return u[i] })
	d1 := norm(func(i int) ref { return f0[i] })
	tiny := e.least(e.mul(e.Number(1e-6), left), e.Number(1e-6))
	h0 := e.least(e.div(e.mul(e.Number(0.01), d0), d1), left)
	small := e.Number(1e-5)
	h0 = e.sel(e.and(e.le(small, d0), e.le(small, d1)), h0, tiny)
	h0 = e.least(h0, e.least(left, e.setting(HMax)))
	y := make([]ref, c.n)
	for i := range u {
		y[i] = u[i]
		if !slices.Contains(c.alg, i) {
			y[i] = e.fma(h0, f0[i], u[i])
		}
	}
	f1 := e.rhs(e.add(t, h0), y)
	d2 := e.div(norm(func(i int) ref { return e.sub(f1[i], f0[i]) }), h0)
	d := e.most(d1, d2)
	// (0.01/d)^(1/(order+1))
	power := e.exp2(e.mul(e.Number(1/float64(order+1)), e.log2(e.div(e.Number(0.01), d))))
	h1 := e.sel(e.lt(e.Number(1e-15), d), power, left) // at most: nothing moves
	h := e.least(e.mul(e.Number(100), h0), h1)
	h = e.sel(e.finite(d), h, e.mul(e.Number(1e-3), h0))
	h = e.least(h, e.least(left, e.setting(HMax)))
	h = e.sel(e.lt(e.Number(0), given), given, h)

	zero := e.Number(0)
	sound := zero
	for _, v := range f0 {
		sound = e.fma(v, zero, sound)
	}
	status := e.sel(e.eq(sound, zero), e.Number(Running), e.Number(NotANum))
	status = e.sel(e.lt(t, tend), status, e.Number(Done))
	e.result(T, t, h, tend, status, zero, e.x(Steps), e.x(Rejected), t, e.x(TSave))
	e.result(StateAt, u...)
	e.result(c.slopeAt(), f0...)
	for at := c.oldAt(); at < c.in.Slots; at++ {
		e.result(at, zero)
	}
	return e.Finish()
}
