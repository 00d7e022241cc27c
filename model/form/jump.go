package form

import (
	"math"
	"strconv"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/rewrite"
)

// jumps takes the rates out of the balances and makes a jump of each reaction, or of each direction of a reversible one.
func (n *network) jumps() {
	p, sys := n.pool, n.sys
	counted := n.recounted()
	if n.items != 1 {
		n.count()
	}
	n.changes = make([][]model.JumpChange, len(n.old.Reactions))
	for _, b := range n.balance {
		rest := b.Rest
		if n.items != 1 {
			rest = p.Scale(expr.FloatNum(n.items), rest)
		}
		sys.Equations[b.equation].Rhs, sys.Equations[b.equation].Balance = rest, false
		for k, r := range b.Vars {
			if by := n.plain(b.Coeffs[k]); by != expr.Zero {
				n.changes[r] = append(n.changes[r], model.JumpChange{State: b.species, By: by})
			}
		}
	}
	used := n.uses()
	law := make(map[expr.ID]bool, len(n.old.Reactions))
	for r := range n.old.Reactions {
		x := &n.old.Reactions[r]
		law[x.Rate] = true
		rate := x.Rate
		switch {
		case counted != nil && counted[r].MassAction:
			j := counted[r]
			for i := range j.Reactants {
				if number, ok := n.numbers[j.Reactants[i].Species]; ok {
					j.Reactants[i].Species = number
				}
			}
			j.Name, j.Changes, j.Pos = x.Name, n.changes[r], x.Pos
			n.add(j)
			continue
		case counted == nil && x.Propensity != expr.None:
			rate = x.Propensity
		}
		n.reaction(x, p.Scale(expr.FloatNum(n.items), n.switched(n.expanded(rate))), n.changes[r])
	}
	for i := range sys.Equations { // the rate is there to be looked at, and its switches are no events
		if q := &sys.Equations[i]; law[q.Lhs] && !used[q.Lhs] {
			q.Rhs = p.Fn(expr.OpNoEvent, q.Rhs)
		}
	}
}

// recounted are the propensities of mass action that the model states, taken over to another number of single events in a unit than that which
// it states them for: of c x (x-1) ..., m factors together, c becomes c (stated/asked)^(m-1). Nil: it is the same number.
func (n *network) recounted() []model.Jump {
	p := n.pool
	stated := n.old.Items
	if stated == 0 {
		stated = 1
	}
	if n.items == stated {
		return nil
	}
	unit := map[expr.ID]expr.ID{}
	for _, b := range n.balance {
		unit[b.species] = p.Scale(expr.FloatNum(stated).Inv(), b.species)
	}
	list := make([]model.Jump, len(n.old.Reactions))
	for r := range list {
		x := &n.old.Reactions[r]
		if x.Propensity == expr.None {
			continue
		}
		j := &list[r]
		j.Rate = p.Scale(expr.FloatNum(stated), p.Substitute(n.expanded(x.Propensity), unit, nil))
		if n.massAction(j) {
			m := -1
			for _, s := range j.Reactants {
				m += s.Order
			}
			j.Rate = p.Mul(p.Float(math.Pow(stated/n.items, float64(m))), j.Rate)
		}
	}
	clear(n.memo) // amounts may become numbers
	return list
}

// uses lists what equations, events and conditions read.
func (n *network) uses() map[expr.ID]bool {
	p, sys := n.pool, n.sys
	used, seen := map[expr.ID]bool{}, map[expr.ID]bool{}
	note := func(e expr.ID) {
		if e != expr.None {
			p.Walk(e, seen, nil, func(t expr.ID) {
				if p.Op(t) == expr.OpSym {
					used[t] = true
				}
			})
		}
	}
	for i := range sys.Equations {
		if q := &sys.Equations[i]; p.Op(q.Lhs) != expr.OpSym {
			note(q.Lhs)
		}
		note(sys.Equations[i].Rhs)
	}
	for i := range sys.Asserts {
		note(sys.Asserts[i].Cond)
	}
	for _, w := range sys.Whens {
		for _, b := range w.Branches {
			for _, c := range b.Conds {
				note(c)
			}
			for _, a := range b.Actions {
				note(a.Value)
				note(a.Cond)
				note(a.If)
			}
		}
	}
	return used
}

// reaction makes the jumps of a reaction of the given propensity.
func (n *network) reaction(x *model.ChemicalReaction, rate expr.ID, changes []model.JumpChange) {
	j := model.Jump{Name: x.Name, Rate: rate, Changes: changes, Pos: x.Pos}
	if n.massAction(&j) && !(x.Reversible && n.negative(j.Rate)) || !x.Reversible {
		n.add(j)
		return
	}
	j.MassAction, j.Rate, j.Reactants = false, rate, nil
	forward, backward := n.directions(rate)
	if backward == expr.Zero {
		n.add(j)
		return
	}
	for k, direction := range []expr.ID{forward, backward} {
		if direction == expr.Zero {
			continue
		}
		d := model.Jump{Name: x.Name + [...]string{" forward", " backward"}[k], Rate: direction, Pos: x.Pos, Changes: changes}
		if k == 1 {
			d.Changes = nil
			for _, c := range changes {
				d.Changes = append(d.Changes, model.JumpChange{State: c.State, By: n.pool.Neg(c.By)})
			}
		}
		n.massAction(&d)
		n.add(d)
	}
}

func (n *network) add(j model.Jump) {
	j.Rate = n.plain(j.Rate)
	n.sys.Jumps = append(n.sys.Jumps, j)
}

// switched replaces conditions that depend on time and parameters alone by variables: these change at events, so that the
// rate does not count as one that depends on time.
func (n *network) switched(e expr.ID) expr.ID {
	p := n.pool
	return p.Transform(e, n.switches, func(t expr.ID) (expr.ID, bool) {
		if p.IsAtom(t) || !p.Op(t).Info().Bool || !p.DependsOn(t, expr.Time) {
			return t, p.IsAtom(t)
		}
		for _, a := range p.Atoms(t) {
			if k, ok := n.sys.VarOf(a); a != expr.Time && (!ok || n.sys.Vars[k].Kind != model.ParameterVar && n.sys.Vars[k].Kind != model.ConstantVar) {
				return t, false
			}
		}
		n.conditions++
		v := n.sys.NewVariable(n.fresh("switch["+strconv.Itoa(n.conditions)+"]"), model.Unknown)
		v.Type = model.BooleanType
		n.sys.AddVar(v)
		n.sys.Equations = append(n.sys.Equations, model.Equation{Lhs: v.Sym, Rhs: t})
		return v.Sym, true
	})
}

// plain is a term without operations that only equations may hold: a variable takes its place where there are any.
func (n *network) plain(e expr.ID) expr.ID {
	p := n.pool
	ok := true
	p.Walk(e, map[expr.ID]bool{}, func(t expr.ID) bool { return ok }, func(t expr.ID) {
		switch p.Op(t) {
		case expr.OpDer, expr.OpPre, expr.OpEdge, expr.OpChange, expr.OpInitial, expr.OpTerminal, expr.OpSample, expr.OpDelay:
			ok = false
		}
	})
	if ok {
		return e
	}
	v := n.sys.NewVariable(n.fresh("propensity"), model.Unknown)
	n.sys.AddVar(v)
	n.sys.Equations = append(n.sys.Equations, model.Equation{Lhs: v.Sym, Rhs: e})
	return v.Sym
}

// fresh is a name that no variable has.
func (n *network) fresh(name string) string {
	for {
		s, ok := n.pool.Lookup(name)
		if !ok {
			return name
		}
		if _, ok := n.sys.VarOf(s); !ok {
			return name
		}
		name += "'"
	}
}

// mostSpecies and mostMolecules bound what is tried to be mass action.
const (
	mostSpecies   = 8
	mostMolecules = 8
)

// massAction recognises c x (x-1) ... (x-k+1) y ..., with c of what never changes but by the user, however it is written, and
// states the jump as such.
func (n *network) massAction(j *model.Jump) bool {
	p := n.pool
	var species []expr.ID
	for _, a := range p.Atoms(j.Rate) {
		switch k, ok := n.sys.VarOf(a); {
		case n.moved[a]:
			species = append(species, a)
		case !ok, n.sys.Vars[k].Kind != model.ParameterVar && n.sys.Vars[k].Kind != model.ConstantVar && n.sys.Vars[k].Kind != model.InputVar:
			return false
		}
	}
	if len(species) > mostSpecies {
		return false
	}
	c := j.Rate
	var reactants []model.Molecules
	for _, x := range species {
		coeffs, ok := rewrite.Poly(p, c, x)
		order := len(coeffs) - 1
		if !ok || order > mostMolecules {
			return false
		}
		if order == 0 {
			c = coeffs[0]
			continue
		}
		c = coeffs[order]
		falling := stirling(order)
		for k := range order {
			if !n.multiple(coeffs[k], c, float64(falling[k])) {
				return false
			}
		}
		reactants = append(reactants, model.Molecules{Species: x, Order: order})
	}
	j.MassAction, j.Rate, j.Reactants = true, c, reactants
	return true
}

// multiple reports whether a is f times b, up to the rounding of numbers.
func (n *network) multiple(a, b expr.ID, f float64) bool {
	p := n.pool
	if q, ok := p.Value(p.Div(a, b)); ok {
		return math.Abs(q.Float()-f) <= 1e-12*math.Abs(f)
	}
	d, ok := rewrite.Expand(p, p.Sub(a, p.Mul(p.Float(f), b)), 0)
	return ok && d == expr.Zero
}

// stirling are the coefficients of x (x-1) ... (x-n+1), the Stirling numbers of the first kind with sign.
func stirling(n int) []int64 {
	c := []int64{1}
	for k := range n {
		next := make([]int64, len(c)+1)
		for i, v := range c {
			next[i+1] += v
			next[i] -= int64(k) * v
		}
		c = next
	}
	return c
}

// negative reports whether the number before a term is negative.
func (n *network) negative(e expr.ID) bool {
	k, _ := n.pool.Term(e)
	if v, ok := n.pool.Value(e); ok {
		k = v
	}
	return k.Sign() < 0
}

// positive reports whether a term with differences in it is none of two directions: c x (x-1) ..., or x - 1.
func (n *network) positive(e expr.ID) bool {
	p := n.pool
	if a := p.Args(e); p.Op(e) == expr.OpAdd && len(a) == 3 && n.moved[a[2]] && a[1] == expr.One {
		v, _ := p.Value(a[0])
		_, whole := v.Int()
		return whole
	}
	j := model.Jump{Rate: e}
	return n.massAction(&j) && !n.negative(j.Rate)
}

// bySpecies divides a sum into those of the terms that contain the same species, in the order of their first appearance.
func (n *network) bySpecies(e expr.ID) []expr.ID {
	p := n.pool
	a := p.Args(e)
	groups := map[string][]expr.ID{}
	var order []string
	for i := -1; i < len(a); i += 2 {
		t := a[0]
		key := ""
		if i < 0 && t == expr.Zero {
			continue
		}
		if i > 0 {
			k, _ := p.Value(a[i])
			t = p.Scale(k, a[i+1])
			for _, x := range p.Atoms(t) {
				if n.moved[x] {
					key += strconv.Itoa(int(x)) + " "
				}
			}
		}
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], t)
	}
	var sums []expr.ID
	for _, key := range order {
		sums = append(sums, p.Add(groups[key]...))
	}
	return sums
}

// directions writes a rate as forward minus backward, each without negative terms as far as the signs of numbers tell:
// variables and denominators count as positive. Sums are multiplied out where that is needed to see the difference.
func (n *network) directions(e expr.ID) (forward, backward expr.ID) {
	type parts [2]expr.ID
	p := n.pool
	memo := map[expr.ID]parts{}
	var of func(e expr.ID) parts
	of = func(e expr.ID) parts {
		if d, ok := memo[e]; ok {
			return d
		}
		d := parts{e, expr.Zero}
		a := p.Args(e)
		op := p.Op(e)
		if (op == expr.OpAdd || op == expr.OpMul) && n.positive(e) {
			op = expr.OpSym
		}
		switch op {
		case expr.OpConst:
			if v, _ := p.Value(e); v.Sign() < 0 {
				d = parts{expr.Zero, p.Neg(e)}
			}
		case expr.OpAdd:
			var sums [2][]expr.ID
			if groups := n.bySpecies(e); len(groups) > 1 {
				for _, g := range groups {
					t := of(g)
					sums[0], sums[1] = append(sums[0], t[0]), append(sums[1], t[1])
				}
				d = parts{p.Add(sums[0]...), p.Add(sums[1]...)}
				break
			}
			for i := -1; i < len(a); i += 2 {
				k, t := a[0], parts{expr.One, expr.Zero}
				if i > 0 {
					k, t = a[i], of(a[i+1])
				}
				v, _ := p.Value(k)
				side := 0
				if v.Sign() < 0 {
					side, v = 1, v.Neg()
				}
				sums[side] = append(sums[side], p.Scale(v, t[0]))
				sums[1-side] = append(sums[1-side], p.Scale(v, t[1]))
			}
			d = parts{p.Add(sums[0]...), p.Add(sums[1]...)}
		case expr.OpMul:
			d = parts{expr.One, expr.Zero}
			for i := 0; i < len(a); i += 2 {
				times := 1
				f := of(a[i])
				power, ok := int64(0), false
				if v, is := p.Value(a[i+1]); is {
					power, ok = v.Int()
				}
				if f[1] == expr.Zero || !ok || power < 1 || power > mostMolecules {
					f = parts{p.Pow(a[i], a[i+1]), expr.Zero}
				} else {
					times = int(power)
				}
				for range times {
					d = parts{p.Add(p.Mul(d[0], f[0]), p.Mul(d[1], f[1])), p.Add(p.Mul(d[0], f[1]), p.Mul(d[1], f[0]))}
				}
			}
		case expr.OpIf:
			x, y := of(a[1]), of(a[2])
			d = parts{p.If(a[0], x[0], y[0]), p.If(a[0], x[1], y[1])}
		}
		memo[e] = d
		return d
	}
	d := of(e)
	return d[0], d[1]
}
