package jump

// The sorting direct method: McCollum, Peterson, Cox, Simpson, Samatova, Comput. Biol. Chem. 30(1), 2006. The search for the reaction goes
// through the rates one by one, in an order in which a reaction moves up by one place whenever it happens.

import (
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
)

type sorting struct {
	*core
	order []int32
	total float64
	least float64 // the sum is formed anew where it is not above this,
	left  int     // and after so many jumps
}

func newSorting(c *core) engine { return &sorting{core: c, order: make([]int32, len(c.list))} }

func (d *sorting) begin() {
	for i := range d.order {
		d.order[i] = int32(i)
	}
	d.rates()
	d.sum()
}

func (d *sorting) sum() {
	d.total = 0
	for _, v := range d.a {
		d.total += v
	}
	d.least, d.left = 1e-3*d.total, resum
}

func (d *sorting) run(stop float64, n int) (made int) {
	c := d.core
	rx, x, a, spans, follow, order := c.rx, c.x, c.a, c.span, c.follow, d.order
	next, now, total := c.next, c.t, d.total
	for made < n {
		if next != next {
			if d.left--; d.left <= 0 || total <= d.least {
				d.sum()
				total = d.total
			}
			next = math.Inf(1)
			if total > 0 {
				next = now + c.exp()/total
			}
		}
		if next > stop {
			now = stop
			break
		}
		y := c.uniform() * total
		k := 0
		for k < len(order) && y >= a[order[k]] {
			y -= a[order[k]]
			k++
		}
		if k == len(order) { // by rounding: the place lies at the end of the sum
			d.least, next = math.Inf(1), math.NaN()
			continue
		}
		r := order[k]
		if k > 0 {
			order[k-1], order[k] = r, order[k-1]
		}
		now, next = next, math.NaN()
		c.t, c.last = now, r
		made++
		act := c.fire(r)
		for i := act.span; i < act.spans; i++ {
			sp := &spans[i]
			for _, q := range follow[sp.lo:sp.mid] {
				p := &rx[q]
				v := p.c * x[p.i] * (x[p.j] - p.s)
				total += v - a[q]
				a[q] = v
			}
			for _, q := range follow[sp.mid:sp.hi] {
				v := c.rate(q)
				total += v - a[q]
				a[q] = v
			}
		}
		if c.wrong != 0 {
			break
		}
	}
	c.next, c.t, d.total = next, now, total
	return made
}

func (d *sorting) archive(a *archive.Archive) {
	a.Int32s(d.order)
	a.Float(&d.total, &d.least)
	a.Int(&d.left)
}
