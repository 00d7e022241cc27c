package jump

// The direct method: Gillespie, J. Phys. Chem. 81(25), 1977. The sum of the rates is kept up with their changes and formed
// anew now and then, so that it is good to about 1e-10 of itself.

import (
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
)

type direct struct {
	*core
	total float64
	least float64 // the sum is formed anew below this
	left  int     // and after so many jumps
}

func (d *direct) begin() {
	d.rates()
	d.sum()
}

// sum forms the sum of all rates.
func (d *direct) sum() {
	s := 0.0
	for r := range d.rx {
		s += d.rx[r].a
	}
	d.total, d.least, d.left = s, 1e-3*s, resum
}

// resum is the number of jumps after which a sum is formed anew. With least, three digits are lost by cancellation at most; a jump changes some
// hundreds of rates at most, and rounding errors add up as a random walk.
const resum = 4096

func (d *direct) run(stop float64, n int) (made int) {
	c := d.core
	rx, x := c.rx, c.x
	next, total := c.next, d.total
	for made < n {
		if next != next {
			if d.left--; d.left <= 0 || total <= d.least {
				d.sum()
				total = d.total
			}
			next = math.Inf(1)
			if total > 0 {
				next = c.t + c.exp()/total
			}
		}
		if next > stop {
			c.t = stop
			break
		}
		y := c.uniform() * total
		r := 0
		for r < len(rx) && y >= rx[r].a {
			y -= rx[r].a
			r++
		}
		if r == len(rx) { // by rounding
			if r = c.lastPositive(); r < 0 {
				d.least, next = math.Inf(1), math.NaN()
				continue
			}
		}
		c.t, c.last, next = next, int32(r), math.NaN()
		made++
		a := c.acts[r]
		if c.list[r].Vary {
			c.vary(int32(r))
		} else {
			for _, ch := range c.changes[a.change:a.changes] {
				x[ch.state] += ch.by
			}
		}
		for _, sp := range c.span[a.span:a.spans] {
			for _, q := range c.follow[sp.lo:sp.mid] {
				p := &rx[q]
				v := p.c * x[p.i] * (x[p.j] - p.s)
				total += v - p.a
				p.a = v
			}
			for _, q := range c.follow[sp.mid:sp.hi] {
				p := &rx[q]
				v := c.rate(q)
				total += v - p.a
				p.a = v
			}
		}
		if c.wrong != 0 {
			break
		}
	}
	c.next, d.total = next, total
	return made
}

// lastPositive is the last reaction with a rate above 0, -1 if there is none.
func (c *core) lastPositive() int {
	for r := len(c.rx) - 1; r >= 0; r-- {
		if c.rx[r].a > 0 {
			return r
		}
	}
	return -1
}

func (d *direct) archive(a *archive.Archive) {
	a.Float(&d.total, &d.least)
	a.Int(&d.left)
}
