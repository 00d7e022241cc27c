package jump

// The direct method: Gillespie, J. Phys. Chem. 81(25), 1977, with the search for the reaction in a tree in which eight sums make one: Blue,
// Beichl, Sullivan, Phys. Rev. E 51(2), 1995. Which of the eight it is, is found without branches. Up to eight reactions there is nothing but
// their rates, and the sum of all is formed for each jump.

import (
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
)

// newDirect makes a run of the direct method.
func newDirect(c *core) engine {
	if len(c.list) <= 8 {
		d := &few{core: c}
		d.tiny = newTiny(c)
		return d
	}
	return newTree(c)
}

// newTree makes a tree of sums of core.a.
func newTree(c *core) *direct {
	d := &direct{core: c, level: [][]float64{c.a}}
	for v := c.a; len(v) > 8; {
		v = make([]float64, (len(v)/8+7)&^7)
		d.level = append(d.level, v)
	}
	return d
}

// ge is 1 where y >= p, else 0, without a branch.
func ge(y, p float64) int {
	k := 0
	if y >= p {
		k = 1
	}
	return k
}

// few is a run with eight reactions at most.
type few struct {
	*core
	tiny *tiny // nil: there are rates that are not simple
}

func (d *few) begin() {
	d.rates()
	if d.tiny != nil && d.whole {
		d.tiny.begin(d.core)
	}
}

func (d *few) run(stop float64, n int) (made int) {
	c := d.core
	if d.tiny != nil && c.whole {
		return d.tiny.run(c, stop, n)
	}
	rx, x, spans, follow := c.rx, c.x, c.span, c.follow
	a := (*[8]float64)(c.a)
	next, now := c.next, c.t
	for made < n {
		s2 := a[0] + a[1]
		s4 := s2 + (a[2] + a[3])
		s6 := s4 + (a[4] + a[5])
		total := s6 + (a[6] + a[7])
		if next != next {
			next = math.Inf(1)
			if total > 0 {
				if c.usedE >= block {
					c.fillE()
				}
				next = now + c.e[c.usedE&(block-1)]/total
				c.usedE++
			}
		}
		if next > stop {
			now = stop
			break
		}
		if c.usedV >= block {
			c.fillV()
		}
		y := c.v[c.usedV&(block-1)] * total
		c.usedV++
		r := (ge(y, a[0]) + ge(y, s2)) + (ge(y, s2+a[2]) + ge(y, s4)) + (ge(y, s4+a[4]) + ge(y, s6)) + ge(y, s6+a[6]) // of a rate above 0, since y < total
		now, next = next, math.NaN()
		c.t, c.last = now, int32(r)
		made++
		act := c.fire(int32(r))
		for i := act.span; i < act.spans; i++ {
			sp := &spans[i]
			for _, q := range follow[sp.lo:sp.mid] {
				p := &rx[q]
				a[q&7] = p.c * x[p.i] * (x[p.j] - p.s)
			}
			for _, q := range follow[sp.mid:sp.hi] {
				a[q&7] = c.rate(q)
			}
		}
		if c.wrong != 0 {
			break
		}
	}
	c.next, c.t = next, now
	return made
}

func (d *few) archive(*archive.Archive) {}

// direct is a run with more reactions.
type direct struct {
	*core
	level [][]float64 // the rates, sums of eight of them, sums of eight of these, ...
	least float64     // the sums are formed anew where the total is not above this,
	left  int         // and after so many jumps
}

func (d *direct) begin() {
	d.rates()
	d.sum()
}

// sum forms all sums.
func (d *direct) sum() {
	for l := 1; l < len(d.level); l++ {
		below := d.level[l-1]
		for k := range len(below) / 8 {
			s := 0.0
			for _, v := range below[8*k : 8*k+8] {
				s += v
			}
			d.level[l][k] = s
		}
	}
	total := 0.0
	for _, v := range d.level[len(d.level)-1] {
		total += v
	}
	d.least, d.left = 1e-3*total, resum
}

// resum is the number of jumps after which sums are formed anew. With least, three digits are lost by cancellation at most; a jump changes some
// hundreds of rates at most, and rounding errors add up as a random walk.
const resum = 4096

// total is the sum of all, formed anew where it is due.
func (d *direct) total() float64 {
	d.left--
	total := 0.0
	for range 2 {
		total = 0
		for _, v := range d.level[len(d.level)-1] {
			total += v
		}
		if d.left > 0 && total > d.least {
			break
		}
		d.sum()
	}
	return total
}

// pick finds the entry at the share u of the total, and how far that lies in it; -1: none, by rounding.
func (d *direct) pick(u float64) (r int32, rest float64) {
	var p [9]float64
	k := 0
	for l := len(d.level) - 1; l >= 0; l-- {
		g := (*[8]float64)(d.level[l][8*k:])
		p[1] = g[0]
		p[2] = g[0] + g[1]
		p[4] = p[2] + (g[2] + g[3])
		p[6] = p[4] + (g[4] + g[5])
		p[3], p[5], p[7] = p[2]+g[2], p[4]+g[4], p[6]+g[6]
		if l == len(d.level)-1 {
			u *= p[6] + (g[6] + g[7])
		}
		i := (ge(u, p[1]) + ge(u, p[2])) + (ge(u, p[3]) + ge(u, p[4])) + (ge(u, p[5]) + ge(u, p[6])) + ge(u, p[7])
		u -= p[i&7]
		k = 8*k + i
	}
	if !(u < d.a[k]) {
		if !(d.a[k] > 0) {
			d.least = math.Inf(1)
			return -1, 0
		}
		u = 0
	}
	return int32(k), u
}

// set changes an entry and the sums that it is part of.
func (d *direct) set(q int32, v float64) {
	w := v - d.a[q]
	d.a[q] = v
	k := uint(q)
	for _, s := range d.level[1:] {
		k >>= 3
		s[k] += w
	}
}

func (d *direct) run(stop float64, n int) (made int) {
	c := d.core
	rx, x, spans, follow := c.rx, c.x, c.span, c.follow
	level := d.level
	last := len(level) - 1
	top := (*[8]float64)(level[last])
	a := level[0]
	next, now := c.next, c.t
	var p [8]float64 // what comes before each of eight
	for made < n {
		p[1] = top[0]
		s2 := top[0] + top[1]
		s4 := s2 + (top[2] + top[3])
		s6 := s4 + (top[4] + top[5])
		total := s6 + (top[6] + top[7])
		if next != next {
			d.left--
			if d.left <= 0 || total <= d.least {
				d.sum()
				if d.least = min(d.least, math.MaxFloat64); d.least > 0 {
					continue
				}
				total = 0
			}
			next = math.Inf(1)
			if total > 0 {
				if c.usedE >= block {
					c.fillE()
				}
				next = now + c.e[c.usedE&(block-1)]/total
				c.usedE++
			}
		}
		if next > stop {
			now = stop
			break
		}
		if c.usedV >= block {
			c.fillV()
		}
		y := c.v[c.usedV&(block-1)] * total
		c.usedV++
		p[2], p[3], p[4], p[5], p[6], p[7] = s2, s2+top[2], s4, s4+top[4], s6, s6+top[6]
		r := (ge(y, p[1]) + ge(y, p[2])) + (ge(y, p[3]) + ge(y, p[4])) + (ge(y, p[5]) + ge(y, p[6])) + ge(y, p[7])
		y -= p[r&7]
		for l := last - 1; l >= 0; l-- {
			g := (*[8]float64)(level[l][8*r:])
			p[1] = g[0]
			s2 := g[0] + g[1]
			s4 := s2 + (g[2] + g[3])
			s6 := s4 + (g[4] + g[5])
			p[2], p[3], p[4], p[5], p[6], p[7] = s2, s2+g[2], s4, s4+g[4], s6, s6+g[6]
			k := (ge(y, p[1]) + ge(y, p[2])) + (ge(y, p[3]) + ge(y, p[4])) + (ge(y, p[5]) + ge(y, p[6])) + ge(y, p[7])
			y -= p[k&7]
			r = 8*r + k
		}
		if !(a[r] > 0) { // by rounding: the place lies at the end of a sum
			d.least, next = math.Inf(1), math.NaN()
			continue
		}
		now, next = next, math.NaN()
		c.t, c.last = now, int32(r)
		made++
		act := c.fire(int32(r))
		for i := act.span; i < act.spans; i++ {
			sp := &spans[i]
			if last == 1 {
				for _, q := range follow[sp.lo:sp.mid] {
					p := &rx[q]
					v := p.c * x[p.i] * (x[p.j] - p.s)
					top[uint(q)>>3&7] += v - a[q]
					a[q] = v
				}
			} else {
				for _, q := range follow[sp.lo:sp.mid] {
					p := &rx[q]
					v := p.c * x[p.i] * (x[p.j] - p.s)
					w := v - a[q]
					a[q] = v
					k := uint(q)
					for _, s := range level[1:] {
						k >>= 3
						s[k] += w
					}
				}
			}
			for _, q := range follow[sp.mid:sp.hi] {
				v := c.rate(q)
				w := v - a[q]
				a[q] = v
				k := uint(q)
				for _, s := range level[1:] {
					k >>= 3
					s[k] += w
				}
			}
		}
		if c.wrong != 0 {
			break
		}
	}
	c.next, c.t = next, now
	return made
}

func (d *direct) archive(a *archive.Archive) {
	a.Float(&d.least)
	a.Int(&d.left)
	a.Floats(d.level[1:]...)
}
