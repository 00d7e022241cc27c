package jump

// The rejection method (RSSA): Thanh, Priami, Zunino, J. Chem. Phys. 141, 134116 (2014). Species have intervals about their numbers; rates have
// bounds that hold as long as the numbers stay within. Candidates come at the sum of the upper bounds, and happen with the probability
// that the rate is of its upper bound, for which the lower bound tells mostly. A rate is evaluated seldom, and bounds are when a number leaves its
// interval. RSSACR draws candidates from groups: Thanh, Zunino, Priami, J. Chem. Phys. 142, 244106 (2015).
//
// Rates that are not of mass action have no bounds that could be told from the intervals: theirs are the rates themselves, evaluated whenever something
// that they read changes.

import (
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
)

// intervals are what species and rates stay within.
type intervals struct {
	*core
	lo, hi []float64 // of the species, and 1 behind them
	low    []float64 // of the rates; core.a are the upper bounds
	reads  [][]int32 // reactions whose bounds follow from those of a species
	vain   int       // candidates in a row of which none happened
}

func newIntervals(c *core) *intervals {
	b := &intervals{core: c, lo: make([]float64, c.n+1), hi: make([]float64, c.n+1), low: make([]float64, len(c.list)), reads: make([][]int32, c.n)}
	for i, list := range c.readers {
		for _, r := range list {
			if c.simple[r] {
				b.reads[i] = append(b.reads[i], r)
			}
		}
	}
	return b
}

// about makes the interval of species i that about its number: a fifth of it to both sides, or twice its square root, which takes so many
// jumps to leave that the bounds cost nothing.
func (b *intervals) about(i int32) {
	v := b.x[i]
	d := max(1, math.Floor(min(0.2*v, 2*math.Sqrt(v))))
	b.lo[i], b.hi[i] = max(0, v-d), v+d
}

// patience is the number of candidates in a row of which none happens, after which all bounds become the rates themselves: it may be that
// nothing can happen any more.
func (b *intervals) patience() int { return 64 + len(b.low)/4 }

// tighten makes all bounds the rates themselves.
func (b *intervals) tighten() {
	if !b.whole {
		return
	}
	copy(b.lo, b.x[:b.n])
	copy(b.hi, b.x[:b.n])
	for r := range b.low {
		if b.simple[r] {
			b.low[r], b.a[r] = b.bounds(int32(r))
		}
	}
}

// bounds are those of a simple reaction.
func (b *intervals) bounds(r int32) (low, high float64) {
	p := &b.rx[r]
	return max(0, p.c*b.lo[p.i]*(b.lo[p.j]-p.s)), p.c * b.hi[p.i] * (b.hi[p.j] - p.s)
}

// begin finds all intervals and bounds.
func (b *intervals) begin() {
	b.vain = 0
	b.rates()
	b.lo[b.n], b.hi[b.n] = 1, 1
	for i := range b.n {
		b.about(int32(i))
	}
	for r := range b.low {
		if b.simple[r] && b.whole {
			b.low[r], b.a[r] = b.bounds(int32(r))
		} else {
			b.low[r] = b.a[r]
		}
	}
}

// happens decides whether candidate r does, where y is a number between 0 and its upper bound.
func (b *intervals) happens(r int32, y float64) bool {
	if y < b.low[r] {
		return true
	}
	if !b.simple[r] || !b.whole {
		return false
	}
	p := &b.rx[r]
	return y < p.c*b.x[p.i]*(b.x[p.j]-p.s)
}

// upper is what candidates are drawn from: it holds the upper bounds.
type upper interface{ set(q int32, v float64) }

// advance makes the changes of reaction r, and the bounds that follow.
func (b *intervals) advance(r int32, up upper) {
	c := b.core
	b.vain, c.last = 0, r
	act := c.fire(r)
	if c.whole {
		for _, ch := range c.changes[act.change:act.changes] {
			if v := c.x[ch.state]; v < b.lo[ch.state] || v > b.hi[ch.state] {
				b.about(ch.state)
				for _, q := range b.reads[ch.state] {
					low, high := b.bounds(q)
					b.low[q] = low
					up.set(q, high)
				}
			}
		}
	}
	for _, sp := range c.span[act.span:act.spans] {
		for _, q := range c.follow[sp.mid:sp.hi] {
			v := c.rate(q)
			b.low[q] = v
			up.set(q, v)
		}
	}
}

// refused notes a candidate that does not happen. After too many of them it makes all bounds anew, and true says so.
func (b *intervals) refused() bool {
	if b.vain++; b.vain <= b.patience() {
		return false
	}
	b.vain = 0
	b.tighten()
	return true
}

func (b *intervals) archive(a *archive.Archive) {
	a.Floats(b.lo, b.hi, b.low, b.a)
	a.Int(&b.vain)
}

// rejection draws candidates by a search in a tree of sums.
type rejection struct {
	*intervals
	tree *direct // of the upper bounds
}

func newRejection(c *core) engine {
	return &rejection{newIntervals(c), newTree(c)}
}

func (d *rejection) begin() {
	d.intervals.begin()
	d.tree.sum()
}

func (d *rejection) run(stop float64, n int) (made int) {
	c, b, tree := d.core, d.intervals, d.tree
	next, now := c.next, c.t
	for made < n {
		if next != next {
			total := tree.total()
			next = math.Inf(1)
			if total > 0 {
				next = now + c.exp()/total
			}
		}
		if next > stop {
			now = stop
			break
		}
		now, next = next, math.NaN()
		r, y := tree.pick(c.uniform())
		if r < 0 || !b.happens(r, y) {
			if b.refused() {
				tree.sum()
			}
			continue
		}
		c.t = now
		made++
		b.advance(r, tree)
		if c.wrong != 0 {
			break
		}
	}
	c.next, c.t = next, now
	return made
}

func (d *rejection) archive(a *archive.Archive) {
	d.intervals.archive(a)
	d.tree.archive(a)
}

// rejectionGroups draws candidates from groups of bounds.
type rejectionGroups struct {
	*intervals
	groups *groups
}

func newRejectionGroups(c *core) engine {
	return &rejectionGroups{newIntervals(c), newGroups(len(c.list))}
}

func (d *rejectionGroups) begin() {
	d.intervals.begin()
	d.groups.form(d.a)
}

// set gives reaction q an upper bound.
func (d *rejectionGroups) set(q int32, v float64) {
	if e := exponent(v); e != exponent(d.a[q]) {
		d.groups.move(q, e)
	}
	d.a[q] = v
}

func (d *rejectionGroups) run(stop float64, n int) (made int) {
	c, b, g := d.core, d.intervals, d.groups
	next, now := c.next, c.t
	for made < n {
		if next != next {
			if g.stale {
				g.sum()
			}
			next = math.Inf(1)
			if g.total > 0 {
				if c.usedE >= block {
					c.fillE()
				}
				next = now + c.e[c.usedE&(block-1)]/g.total
				c.usedE++
			}
		}
		if next > stop {
			now = stop
			break
		}
		now, next = next, math.NaN()
		if c.usedV >= block {
			c.fillV()
		}
		r, y := g.pick(c.v[c.usedV&(block-1)] * g.total)
		c.usedV++
		if r < 0 || !b.happens(r, y) {
			if b.refused() {
				d.groups.form(d.a)
			}
			continue
		}
		c.t = now
		made++
		b.advance(r, d)
		if c.wrong != 0 {
			break
		}
	}
	c.next, c.t = next, now
	return made
}

func (d *rejectionGroups) archive(a *archive.Archive) {
	d.intervals.archive(a)
	d.groups.archive(a)
}
