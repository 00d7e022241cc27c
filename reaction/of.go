package reaction

import (
	"strings"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/rewrite"
)

// Of reads the network of a system: its reactions with the laws that equations state, and what they do by the balances. Species are the
// variables with a balance, in the order of their declaration, and whatever else stands in a side, at the boundary. nil: the system has no
// reactions.
//
// The kinetics are found out: a law that is a product of the reactants, each to the power of its number, and of what no species changes,
// is mass action, and so is the difference of two of them, there and back. Rate is the constant then, in the units of
// the species; a concentration amount/size counts as its species.
func Of(s *model.System) *Network {
	if len(s.Reactions) == 0 {
		return nil
	}
	n := in(s.Name, s.Pool)
	n.Items, n.sys = s.Items, s
	p := s.Pool
	balance := map[expr.ID]int{}     // species: its equation
	defines := map[expr.ID]expr.ID{} // variable: what an equation says that it is
	rates := map[expr.ID]int{}       // rate: its reaction
	for i := range s.Reactions {
		rates[s.Reactions[i].Rate] = i
	}
	for i := range s.Equations {
		e := &s.Equations[i]
		if e.Balance && p.Op(e.Lhs) == expr.OpDer {
			balance[p.Args(e.Lhs)[0]] = i
		} else if p.Op(e.Lhs) == expr.OpSym {
			if _, twice := defines[e.Lhs]; !twice {
				defines[e.Lhs] = e.Rhs
			}
		}
	}
	set := Changed(s)
	for i := range s.Vars {
		v := &s.Vars[i]
		if _, ok := balance[v.Sym]; ok {
			start := v.Start
			n.addSpecies(Species{Name: v.Name, Sym: v.Sym, Start: start, Open: set[v.Sym], Events: set[v.Sym], Pos: v.Pos})
		}
	}
	at := func(sym expr.ID) int {
		if i, ok := n.bySpecies[sym]; ok {
			return i
		}
		x := Species{Name: p.Name(sym), Sym: sym, Start: expr.None, Boundary: true}
		if i, ok := s.VarOf(sym); ok {
			v := &s.Vars[i]
			x.Pos, x.Start = v.Pos, v.Start
			if v.Kind == model.ParameterVar || v.Kind == model.ConstantVar || v.Kind == model.InputVar {
				x.Start = v.Value
			}
		}
		return n.addSpecies(x)
	}
	for i := range s.Reactions {
		q := &s.Reactions[i]
		side := func(list []model.Participant) []Participant {
			out := make([]Participant, len(list))
			for k, x := range list {
				out[k] = Participant{at(x.Species), x.Number}
			}
			return n.merged(out)
		}
		r := Reaction{
			Name: q.Name, Reactants: side(q.Reactants), Products: side(q.Products), Kinetics: model.Stated, Rate: expr.Zero, Law: expr.Zero,
			Reversible: q.Reversible, Pos: q.Pos,
		}
		if law, ok := defines[q.Rate]; ok {
			r.Rate, r.Law = law, law
		}
		for _, m := range q.Modifiers {
			r.Modifiers = append(r.Modifiers, at(m))
		}
		n.Reactions = append(n.Reactions, r)
	}
	for i := range n.Species {
		x := &n.Species[i]
		if bare, ok := strings.CutSuffix(x.Name, ".amount"); ok {
			if id, ok := p.Lookup(bare); ok {
				if _, ok := s.VarOf(id); ok {
					x.Label = bare
				}
			}
		}
	}
	n.read(s, balance, rates)
	k := newKinetics(n, s, defines)
	for i := range n.Reactions {
		k.find(&n.Reactions[i])
	}
	return n
}

// read takes the changes from the balances.
func (n *Network) read(s *model.System, balance map[expr.ID]int, rates map[expr.ID]int) {
	n.changes = make([][]change, len(n.Reactions))
	affine := rewrite.NewAffine(s.Pool, func(a expr.ID) (int, bool) {
		i, ok := rates[a]
		return i, ok
	})
	for i := range n.Species {
		x := &n.Species[i]
		q, ok := balance[x.Sym]
		if !ok {
			continue
		}
		form, ok := affine.Of(s.Equations[q].Rhs)
		if !ok || form.Rest != expr.Zero {
			x.Open, x.Otherwise = true, true
		}
		for k, r := range form.Vars {
			if form.Coeffs[k] != expr.Zero {
				n.changes[r] = append(n.changes[r], change{i, form.Coeffs[k]})
			}
		}
	}
}

// Changed are the variables that events of a system set.
func Changed(s *model.System) map[expr.ID]bool {
	set := map[expr.ID]bool{}
	for i := range s.Whens {
		for _, b := range s.Whens[i].Branches {
			for _, a := range b.Actions {
				if a.Kind == model.SetAction || a.Kind == model.ReinitAction {
					set[a.Target] = true
				}
			}
		}
	}
	for i := range s.Scheduled {
		for _, t := range s.Scheduled[i].Targets {
			set[t] = true
		}
	}
	return set
}

// changesOf is what a reaction does to species that are not at the boundary.
func (n *Network) changesOf(r int) []change {
	if n.changes != nil {
		return n.changes[r]
	}
	var out []change
	q := &n.Reactions[r]
	for side, list := range [][]Participant{q.Reactants, q.Products} {
	next:
		for _, x := range list {
			if n.Species[x.Species].Boundary {
				continue
			}
			by := x.Number
			if side == 0 {
				by = n.Pool.Neg(by)
			}
			for k := range out {
				if out[k].species == x.Species {
					out[k].by = n.Pool.Add(out[k].by, by)
					continue next
				}
			}
			out = append(out, change{x.Species, by})
		}
	}
	kept := out[:0]
	for _, c := range out {
		if c.by != expr.Zero {
			kept = append(kept, c)
		}
	}
	return kept
}

// kinetics finds mass action in laws.
type kinetics struct {
	n       *Network
	s       *model.System
	defines map[expr.ID]expr.ID
	steady  map[expr.ID]bool // terms that no species, no event and no time changes
	memo    map[expr.ID][]monomial
	open    map[expr.ID]bool // being worked out
}

// monomial is a product of a steady factor and species with their exponents, by species.
type monomial struct {
	factor expr.ID
	powers []power
}

type power struct {
	species int
	by      num
}

func newKinetics(n *Network, s *model.System, defines map[expr.ID]expr.ID) *kinetics {
	return &kinetics{n: n, s: s, defines: defines, steady: map[expr.ID]bool{}, memo: map[expr.ID][]monomial{}, open: map[expr.ID]bool{}}
}

// mostMonomials is how many there may be in a law: two directions.
const mostMonomials = 2

// of writes a term as a sum of monomials, nil where it is none.
func (k *kinetics) of(e expr.ID) []monomial {
	if m, ok := k.memo[e]; ok {
		return m
	}
	if k.open[e] || len(k.open) > 1000 {
		return nil
	}
	k.open[e] = true
	m := k.make(e)
	delete(k.open, e)
	k.memo[e] = m
	return m
}

func (k *kinetics) make(e expr.ID) []monomial {
	p := k.n.Pool
	if k.isSteady(e) {
		return []monomial{{factor: e}}
	}
	args := p.Args(e)
	switch p.Op(e) {
	case expr.OpSym:
		if i, ok := k.n.bySpecies[e]; ok {
			return []monomial{{expr.One, []power{{i, one}}}}
		}
		if def, ok := k.defines[e]; ok {
			return k.of(def)
		}
	case expr.OpAdd: // a constant, then pairs of number and term
		var out []monomial
		if args[0] != expr.Zero {
			out = append(out, monomial{factor: args[0]})
		}
		for i := 1; i < len(args); i += 2 {
			m := k.of(args[i+1])
			if m == nil || len(out)+len(m) > mostMonomials {
				return nil
			}
			for _, x := range m {
				out = append(out, monomial{p.Mul(args[i], x.factor), x.powers})
			}
		}
		return out
	case expr.OpMul: // pairs of base and exponent
		out := []monomial{{factor: expr.One}}
		for i := 0; i < len(args); i += 2 {
			m := k.of(args[i])
			v, isNumber := p.Value(args[i+1])
			by, exact := exactly(v)
			if m == nil || !isNumber || !exact || len(out)*len(m) > mostMonomials || len(m) > 1 && !v.IsOne() {
				if !k.isSteady(args[i]) || !k.isSteady(args[i+1]) {
					return nil
				}
				for j := range out {
					out[j].factor = p.Mul(out[j].factor, p.Pow(args[i], args[i+1]))
				}
				continue
			}
			var product []monomial
			for _, a := range out {
				for _, b := range m {
					product = append(product, monomial{p.Mul(a.factor, p.Pow(b.factor, args[i+1])), merge(a.powers, b.powers, by)})
				}
			}
			out = product
		}
		return out
	case expr.OpNoEvent:
		return k.of(args[0])
	}
	return nil
}

// exactly is a number as a rational.
func exactly(v expr.Num) (num, bool) {
	n, d, ok := v.Exact()
	return num{n: n, d: d}, ok
}

// merge multiplies powers: a times b to the power by.
func merge(a, b []power, by num) []power {
	out := append([]power(nil), a...)
next:
	for _, x := range b {
		x.by = x.by.mul(by)
		for i := range out {
			if out[i].species == x.species {
				out[i].by = out[i].by.add(x.by)
				continue next
			}
		}
		out = append(out, x)
	}
	return out
}

// isSteady reports whether a term holds parameters and numbers alone, by way of equations as well.
func (k *kinetics) isSteady(e expr.ID) bool {
	p := k.n.Pool
	if v, ok := k.steady[e]; ok {
		return v
	}
	k.steady[e] = false // what depends on itself is not
	v := false
	switch p.Op(e) {
	case expr.OpConst, expr.OpTrue, expr.OpFalse:
		v = true
	case expr.OpSym:
		if i, ok := k.s.VarOf(e); ok {
			switch k.s.Vars[i].Kind {
			case model.ParameterVar, model.ConstantVar, model.InputVar:
				v = true
			case model.Unknown:
				if _, moves := k.n.bySpecies[e]; !moves {
					if def, ok := k.defines[e]; ok {
						v = k.isSteady(def)
					}
				}
			}
		} else {
			_, v = k.n.byParameter[e]
		}
	case expr.OpTime, expr.OpDer, expr.OpPre, expr.OpSample, expr.OpDelay:
	default:
		v = true
		for _, a := range p.Args(e) {
			if !k.isSteady(a) {
				v = false
				break
			}
		}
	}
	k.steady[e] = v
	return v
}

// find says what the kinetics of a reaction are.
func (k *kinetics) find(r *Reaction) {
	m := k.of(r.Law)
	switch {
	case len(m) == 1 && !k.negative(m[0].factor) && k.fits(m[0], r.Reactants):
		r.Kinetics, r.Rate, r.Reversible = model.PlainMassAction, m[0].factor, false
	case len(m) == 2:
		for i, there := range m {
			back := m[1-i]
			if !k.negative(there.factor) && k.negative(back.factor) && k.fits(there, r.Reactants) && k.fits(back, r.Products) {
				r.Kinetics, r.Rate, r.Back, r.Reversible = model.PlainMassAction, there.factor, k.n.Pool.Neg(back.factor), true
				return
			}
		}
	}
}

// negative reports whether a factor has a negative number.
func (k *kinetics) negative(e expr.ID) bool {
	p := k.n.Pool
	if v, ok := p.Value(e); ok {
		return v.Sign() < 0
	}
	v, _ := p.Term(e)
	return v.Sign() < 0
}

// fits reports whether the powers are the numbers of a side, its boundary aside.
func (k *kinetics) fits(m monomial, side []Participant) bool {
	left := 0
	for _, x := range m.powers {
		if !x.by.isZero() && !k.n.Species[x.species].Boundary {
			left++
		}
	}
	for _, x := range side {
		if k.n.Species[x.Species].Boundary {
			continue
		}
		v, ok := k.n.Pool.Value(x.Number)
		want, exact := exactly(v)
		if !ok || !exact {
			return false
		}
		found := false
		for _, y := range m.powers {
			if y.species == x.Species && y.by == want {
				found = true
			}
		}
		if !found {
			return false
		}
		left--
	}
	return left == 0
}
