package jump

import "math"

// tiny holds up to eight reactions of mass action with at most two molecules, of up to fourteen species: all rates are evaluated for each
// jump and never stored. On such networks, waiting for what was just stored takes more time than anything else.
type tiny struct {
	x      [16]float64 // the state, then 1, and the last entry is written by what is not there
	rx     [8]factors  // of those that are not there, c is 0
	change [8][2]addend
	more   [8][2]int32 // of network.changes: those behind the first two
}

// factors are what a rate i c (j - s) is made of.
type factors struct {
	i, j *float64
	c, s float64
}

// addend is a change of a state.
type addend struct {
	to *float64
	by float64
}

// newTiny arranges the reactions, nil: they are not such.
func newTiny(c *core) *tiny {
	if c.n > 14 {
		return nil
	}
	t := &tiny{}
	for r := range c.list {
		if !c.simple[r] || c.list[r].Vary {
			return nil
		}
	}
	for r := range t.change {
		t.change[r] = [2]addend{{&t.x[15], 0}, {&t.x[15], 0}}
		t.rx[r] = factors{i: &t.x[15], j: &t.x[15]}
		if r >= len(c.list) {
			continue
		}
		t.rx[r] = factors{i: &t.x[c.rx[r].i], j: &t.x[c.rx[r].j], s: c.rx[r].s}
		a := c.acts[r]
		for k := range 2 {
			if a.change < a.changes {
				ch := c.changes[a.change]
				t.change[r][k] = addend{&t.x[ch.state], ch.by}
				a.change++
			}
		}
		t.more[r] = [2]int32{a.change, a.changes}
	}
	return t
}

// begin takes over the constants.
func (t *tiny) begin(c *core) {
	for r := range c.rx {
		t.rx[r].c = c.rx[r].c
	}
}

// run is that of the engine.
func (t *tiny) run(c *core, stop float64, n int) (made int) {
	x, rx, size := &t.x, &t.rx, len(c.list)
	copy(x[:15], c.x)
	next, now := c.next, c.t
	r := int(c.last)
	for made < n {
		v0 := *rx[0].i * (rx[0].c * (*rx[0].j - rx[0].s))
		v1 := *rx[1].i * (rx[1].c * (*rx[1].j - rx[1].s))
		total := v0 + v1
		var s2, s3, s4, s5, s6, s7 float64
		if size > 2 {
			v2 := *rx[2].i * (rx[2].c * (*rx[2].j - rx[2].s))
			v3 := *rx[3].i * (rx[3].c * (*rx[3].j - rx[3].s))
			s2 = total
			s3, total = s2+v2, s2+(v2+v3)
		}
		if size > 4 {
			v4 := *rx[4].i * (rx[4].c * (*rx[4].j - rx[4].s))
			v5 := *rx[5].i * (rx[5].c * (*rx[5].j - rx[5].s))
			s4 = total
			s5, total = s4+v4, s4+(v4+v5)
		}
		if size > 6 {
			v6 := *rx[6].i * (rx[6].c * (*rx[6].j - rx[6].s))
			v7 := *rx[7].i * (rx[7].c * (*rx[7].j - rx[7].s))
			s6 = total
			s7, total = s6+v6, s6+(v6+v7)
		}
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
		switch { // a reaction of a rate above 0, since y < total
		case y < v0:
			r = 0
		case size <= 2 || y < s2:
			r = 1
		case y < s3:
			r = 2
		case size <= 4 || y < s4:
			r = 3
		case y < s5:
			r = 4
		case size <= 6 || y < s6:
			r = 5
		case y < s7:
			r = 6
		default:
			r = 7
		}
		now, next = next, math.NaN()
		made++
		ch := &t.change[r&7]
		*ch[0].to += ch[0].by
		*ch[1].to += ch[1].by
		if m := &t.more[r&7]; m[0] < m[1] {
			for _, ch := range c.changes[m[0]:m[1]] {
				x[ch.state&15] += ch.by
			}
		}
	}
	copy(c.x[:c.n], x[:])
	c.next, c.t, c.last = next, now, int32(r)
	return made
}
