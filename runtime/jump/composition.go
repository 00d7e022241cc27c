package jump

// Composition and rejection: Slepoy, Thompson, Plimpton, J. Chem. Phys. 128, 205101 (2008). Reactions whose rates have one binary exponent are a
// group, and the power of two above them bounds their rates. Candidates come at the sum of all bounds; one is drawn from a group without
// a search, and happens with the probability that its rate is of its bound, at least a half. So no sum of rates is formed
// that rounding could spoil, and nothing but a change of the exponent is more than a store.

import (
	"math"
	"slices"

	"github.com/mtkc/mtkc/runtime/archive"
)

// group holds the reactions with rates, or bounds of rates, from bound/2 on and below bound.
type group struct {
	bound, weight float64 // weight is the bound times their number
	list          []int32
}

// groups are all of them.
type groups struct {
	all   []group
	exps  []int16 // exponent of each
	order []int16 // the larger bounds first
	at    [2048]int16
	of    []int16 // group of each reaction, -1: none
	place []int32 // in its list
	total float64
	stale bool
}

func newGroups(reactions int) *groups {
	g := &groups{of: make([]int16, reactions), place: make([]int32, reactions)}
	for i := range g.at {
		g.at[i] = -1
	}
	return g
}

// exponent is that of v >= 0 as it stands in its bits; 0 for 0.
func exponent(v float64) int { return int(math.Float64bits(v) << 1 >> 53) }

// clear makes all groups empty.
func (g *groups) clear() {
	for i := range g.all {
		g.all[i].list, g.all[i].weight = g.all[i].list[:0], 0
	}
	for r := range g.of {
		g.of[r] = -1
	}
	g.stale = true
}

// group is the number of the group of an exponent above 0.
func (g *groups) group(e int) int16 {
	if k := g.at[e]; k >= 0 {
		return k
	}
	k := int16(len(g.all))
	g.at[e] = k
	g.all = append(g.all, group{bound: math.Ldexp(1, e-1022), list: make([]int32, 0, 8)})
	g.exps = append(g.exps, int16(e))
	at, _ := slices.BinarySearchFunc(g.order, e, func(k int16, e int) int { return e - int(g.exps[k]) })
	g.order = slices.Insert(g.order, at, k)
	return k
}

// move puts reaction r into the group of the exponent e; 0: into none.
func (g *groups) move(r int32, e int) {
	g.stale = true
	if k := g.of[r]; k >= 0 {
		x := &g.all[k]
		last := x.list[len(x.list)-1]
		at := g.place[r]
		x.list[at], g.place[last] = last, at
		x.list = x.list[:len(x.list)-1]
		x.weight = float64(len(x.list)) * x.bound
	}
	if g.of[r] = -1; e == 0 {
		return
	}
	k := g.group(e)
	x := &g.all[k]
	g.of[r], g.place[r] = k, int32(len(x.list))
	x.list = append(x.list, r)
	x.weight = float64(len(x.list)) * x.bound
}

// form makes all groups anew, of the rates, or bounds of rates, a.
func (g *groups) form(a []float64) {
	g.clear()
	for r, v := range a[:len(g.of)] {
		if e := exponent(v); e > 0 {
			g.move(int32(r), e)
		}
	}
}

// sum forms the sum of all bounds.
func (g *groups) sum() {
	g.total, g.stale = 0, false
	for i := range g.all {
		g.total += g.all[i].weight
	}
}

// pick finds the candidate at y, between 0 and the sum of all bounds, and what is left of y: a number between 0 and its bound.
func (g *groups) pick(y float64) (r int32, rest float64) {
	for _, k := range g.order {
		x := &g.all[k]
		if y < x.weight {
			i := min(int(y/x.bound), len(x.list)-1)
			return x.list[i], y - float64(i)*x.bound
		}
		y -= x.weight
	}
	return -1, 0 // by rounding
}

// archive visits the order of the lists, on which it depends who is drawn.
func (g *groups) archive(a *archive.Archive) {
	n := len(g.all)
	a.Int(&n)
	if a.Loading() {
		g.clear()
	}
	for i := range n {
		var e int32
		if !a.Loading() {
			e = int32(g.exps[i])
		}
		if a.Int32(&e); a.Err() != nil || e < 1 || e > 2046 {
			a.Fail("there are no rates with the exponent %d", e)
			return
		}
		k := g.group(int(e))
		x := &g.all[k]
		archive.Resize(a, &x.list)
		a.Int32s(x.list)
		x.weight = float64(len(x.list)) * x.bound
		for at, r := range x.list {
			if r < 0 || int(r) >= len(g.of) {
				a.Fail("there is no reaction %d", r)
				return
			}
			g.of[r], g.place[r] = k, int32(at)
		}
	}
	g.sum()
}

// composition is a run of the method.
type composition struct {
	*core
	*groups
}

func newComposition(c *core) engine {
	return &composition{core: c, groups: newGroups(len(c.list))}
}

func (d *composition) begin() {
	d.rates()
	d.form(d.a)
}

func (d *composition) run(stop float64, n int) (made int) {
	c, g := d.core, d.groups
	rx, x, a, spans, follow := c.rx, c.x, c.a, c.span, c.follow
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
		r, rest := g.pick(c.v[c.usedV&(block-1)] * g.total)
		c.usedV++
		if r < 0 || !(rest < a[r]) {
			continue
		}
		c.t, c.last = now, r
		made++
		act := c.fire(r)
		for i := act.span; i < act.spans; i++ {
			sp := &spans[i]
			for _, q := range follow[sp.lo:sp.mid] {
				p := &rx[q]
				v := p.c * x[p.i] * (x[p.j] - p.s)
				if (math.Float64bits(v)^math.Float64bits(a[q]))<<1>>53 != 0 {
					g.move(q, exponent(v))
				}
				a[q] = v
			}
			for _, q := range follow[sp.mid:sp.hi] {
				v := c.rate(q)
				if (math.Float64bits(v)^math.Float64bits(a[q]))<<1>>53 != 0 {
					g.move(q, exponent(v))
				}
				a[q] = v
			}
		}
		if c.wrong != 0 {
			break
		}
	}
	c.next, c.t = next, now
	return made
}

func (d *composition) archive(a *archive.Archive) { d.groups.archive(a) }
