package jump

// The next reaction method: Gibson, Bruck, J. Phys. Chem. A 104(9), 2000. Each reaction has the time at which it happens next, in a heap. When
// its rate changes, what is left of that time is stretched by the ratio of the rates; one whose rate was 0 draws a new time.

import (
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
)

type nextReaction struct {
	*core
	time  []float64 // of each reaction
	heap  []int32   // reactions; the four below place k are 4k+1, ..., 4k+4
	place []int32   // of each reaction in the heap
}

func newNextReaction(c *core) engine {
	n := len(c.list)
	return &nextReaction{core: c, time: make([]float64, n), heap: make([]int32, n), place: make([]int32, n)}
}

func (d *nextReaction) begin() {
	d.rates()
	for r := range d.time {
		d.heap[r], d.place[r] = int32(r), int32(r)
		if d.time[r] = math.Inf(1); d.a[r] > 0 {
			d.time[r] = d.t + d.exp()/d.a[r]
		}
	}
	for k := len(d.heap)/4 + 1; k >= 0; k-- {
		if k < len(d.heap) {
			d.down(k)
		}
	}
}

// down moves the reaction at place k of the heap down to where it belongs.
func (d *nextReaction) down(k int) {
	heap, time, place := d.heap, d.time, d.place
	r := heap[k]
	t := time[r]
	for {
		first := 4*k + 1
		if first >= len(heap) {
			break
		}
		best, least := first, time[heap[first]]
		for i := first + 1; i < min(first+4, len(heap)); i++ {
			if v := time[heap[i]]; v < least {
				best, least = i, v
			}
		}
		if least >= t {
			break
		}
		heap[k] = heap[best]
		place[heap[k]] = int32(k)
		k = best
	}
	heap[k], place[r] = r, int32(k)
}

// set changes the time of reaction r.
func (d *nextReaction) set(r int32, t float64) {
	heap, time, place := d.heap, d.time, d.place
	later := t > time[r]
	time[r] = t
	k := int(place[r])
	if later {
		d.down(k)
		return
	}
	for k > 0 {
		up := (k - 1) / 4
		if time[heap[up]] <= t {
			break
		}
		heap[k] = heap[up]
		place[heap[k]] = int32(k)
		k = up
	}
	heap[k], place[r] = r, int32(k)
}

// renew gives reaction q the rate v at the time now; r is the reaction that happens then.
func (d *nextReaction) renew(q, r int32, v, now float64) {
	was := d.a[q]
	d.a[q] = v
	switch {
	case q == r:
	case v == was:
	case v == 0:
		d.set(q, math.Inf(1))
	case was == 0:
		d.set(q, now+d.exp()/v)
	default:
		d.set(q, now+was/v*(d.time[q]-now))
	}
}

func (d *nextReaction) run(stop float64, n int) (made int) {
	c := d.core
	rx, x, spans, follow := c.rx, c.x, c.span, c.follow
	now := c.t
	for made < n {
		r := int32(-1)
		next := math.Inf(1)
		if len(d.heap) > 0 {
			r = d.heap[0]
			next = d.time[r]
		}
		if next > stop || r < 0 {
			now = stop
			break
		}
		now = next
		c.t, c.last = now, r
		made++
		act := c.fire(r)
		for i := act.span; i < act.spans; i++ {
			sp := &spans[i]
			for _, q := range follow[sp.lo:sp.mid] {
				p := &rx[q]
				d.renew(q, r, p.c*x[p.i]*(x[p.j]-p.s), now)
			}
			for _, q := range follow[sp.mid:sp.hi] {
				d.renew(q, r, c.rate(q), now)
			}
		}
		t := math.Inf(1)
		if d.a[r] > 0 {
			t = now + c.exp()/d.a[r]
		}
		d.set(r, t)
		if c.wrong != 0 {
			break
		}
	}
	c.t = now
	return made
}

func (d *nextReaction) archive(a *archive.Archive) {
	a.Floats(d.time)
	a.Int32s(d.heap, d.place)
}
