package jump

import (
	"fmt"
	"math"

	"github.com/mtkc/mtkc/runtime/ode"
)

// core is the state of a run that its method and its stepper share.
type core struct {
	*network
	ws   *ode.Workspace
	x    []float64  // the state, and behind it 1
	a    []float64  // the rates, and zeros up to a multiple of eight
	rx   []reaction // of the run
	c    []float64  // constants of mass action, where rates are not simple
	span []span
	draws

	whole  bool // counts are whole numbers from 0 on
	moving bool // rates are asked for between the jumps, where states are anything

	t     float64
	next  float64 // of the next jump; NaN: not drawn yet
	last  int32   // reaction that happened last
	wrong int32   // 1 + a reaction without a valid rate
	rate_ float64 // its rate
	by    []float64
}

func newCore(ws *ode.Workspace) *core {
	net := newNetwork(ws.P)
	most := 0
	for r := range net.list {
		most = max(most, len(net.list[r].Changes))
	}
	return &core{
		network: net, ws: ws, x: make([]float64, net.n+1), a: make([]float64, max(8, (len(net.list)+7)&^7)), rx: append([]reaction(nil), net.rx...), c: make([]float64, len(net.list)),
		span: net.spans, by: make([]float64, most),
	}
}

// load takes over time, state and parameters from the workspace.
func (c *core) load() error {
	ws := c.ws
	c.t = ws.T
	copy(c.x, ws.U)
	c.x[c.n] = 1
	c.next = math.NaN()
	c.wrong = 0
	if ws.K.JumpConstants != nil {
		ws.K.JumpConstants(ws.T, ws.U, ws.Params, c.c)
	}
	for r := range c.rx {
		v := c.c[r]
		if c.list[r].MassAction && !(v >= 0 && v <= math.MaxFloat64) {
			return ws.Fail(ode.Unstable, "the rate constant of %s is %v: it must not be negative, nor beyond all numbers; see the parameters that it depends on", c.reaction(r), v)
		}
		c.rx[r].c = v
	}
	c.whole = !c.moving
	for _, i := range c.counted {
		if c.moving {
			break
		}
		if v := c.x[i]; !(v >= 0) || v != math.Trunc(v) {
			c.whole = false
			break
		}
	}
	if c.span = c.network.spans; !c.whole {
		c.span = c.network.guarded()
	}
	return nil
}

// remark warns of counts that are not whole.
func (c *core) remark() {
	if c.whole || c.moving {
		return
	}
	for _, i := range c.counted {
		if v := c.x[i]; !(v >= 0) || v != math.Trunc(v) {
			c.ws.Warn(fmt.Sprintf("%s starts at %v, which is no number of molecules: reactions that take one of it do not happen where there is less than one, unless a unit is said to stand for many", c.state(int(i)), v))
			return
		}
	}
}

// reaction names a reaction.
func (c *core) reaction(r int) string {
	if name := c.list[r].Name; name != "" {
		return "reaction " + name
	}
	return fmt.Sprintf("reaction %d", r+1)
}

func (c *core) state(i int) string {
	if s := c.p.States; i < len(s) && s[i].Name != "" {
		return s[i].Name
	}
	return fmt.Sprintf("u[%d]", i)
}

// rate evaluates the rate of a reaction in any case. Where it is none, it notes that and returns 0.
func (c *core) rate(r int32) float64 {
	x := &c.list[r]
	if !x.MassAction {
		v := c.ws.K.JumpRate(int(r), c.t, c.x[:c.n], c.ws.Params)
		if !(v >= 0 && v <= math.MaxFloat64) {
			if c.wrong == 0 {
				c.wrong, c.rate_ = r+1, v
			}
			return 0
		}
		return v
	}
	v := c.rx[r].c
	for _, a := range x.Reactants {
		m := c.x[a.State]
		if m < float64(a.Order) && (!c.moving || m <= float64(a.Order-1)) {
			return 0
		}
		v *= m
		for k := int32(1); k < a.Order; k++ {
			v *= m - float64(k)
		}
	}
	return v
}

// rates evaluates all rates.
func (c *core) rates() {
	for r := range c.rx {
		q := &c.rx[r]
		if c.whole && c.simple[r] {
			c.a[r] = q.c * c.x[q.i] * (c.x[q.j] - q.s)
		} else {
			c.a[r] = c.rate(int32(r))
		}
	}
}

// failed is the failure for a rate that is none, nil if there is no such rate.
func (c *core) failed() error {
	if c.wrong == 0 {
		return nil
	}
	r := int(c.wrong - 1)
	c.ws.T = c.t
	why := "is negative"
	if !(c.rate_ < 0) {
		why = "is no finite number"
	}
	at := ""
	for k, i := range c.list[r].Reads {
		if k == 4 {
			at += ", ..."
			break
		}
		if at += ", "; k == 0 {
			at = " where "
		}
		at += fmt.Sprintf("%s = %v", c.state(int(i)), c.x[i])
	}
	return c.ws.Fail(ode.Unstable, "the rate of %s, %v, %s%s; write it so that it is zero where the reaction cannot happen, as max(0, ...)", c.reaction(r), c.rate_, why, at)
}

// fire makes the changes of reaction r, and returns what it is.
func (c *core) fire(r int32) *act {
	act := &c.acts[r]
	if act.vary {
		c.vary(r)
		return act
	}
	for i := act.change; i < act.changes; i++ {
		ch := &c.changes[i]
		c.x[ch.state] += ch.by
	}
	return act
}

// vary writes the changes of a reaction whose changes vary, and makes them.
func (c *core) vary(r int32) {
	x := &c.list[r]
	by := c.by[:len(x.Changes)]
	c.ws.K.JumpChange(int(r), c.t, c.x[:c.n], c.ws.Params, by)
	for k, ch := range x.Changes {
		c.x[ch.State] += by[k]
	}
}
