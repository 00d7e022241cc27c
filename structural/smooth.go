package structural

import (
	"fmt"
	"strings"

	"github.com/mtkc/mtkc/expr"
)

// Constraints are differentiated by the rules of calculus, which hold only where they are
// smooth. checkSmooth looks at every equation that the index reduction differentiates:
//
// A function that jumps (floor, mod, ...) of something that moves is an error where it
// makes no events, within noEvent: its derivative is zero between the jumps, and nothing
// looks for these.
//
// A relation switches between branches. Between the events each branch is differentiated
// by itself, as Modelica tools do; what happens at the switch depends on whether the
// constraint is continuous there. That is proved where the relation is affine in one of
// the unknowns or in time: with the value at which it switches put in for that, both
// branches must be equal. A constraint that jumps makes variables jump at the event, and
// the impulse in their derivatives is lost; that is noted, and so is what could not be
// proved. smooth(n, e) counts as a proof.
//
// abs, min, max and sign are relations in this sense. A kink does no harm to the first
// derivative; the second derivative lacks an impulse.
//
// A function of the user without derivative is differentiated numerically once, with a
// note; the error of a second difference would be too large.
func (s *signature) checkSmooth() bool {
	w := s.w
	var pr *prober // made when the first equation needs it
	for i := range int32(len(w.eqs)) {
		if s.c[i] == 0 || w.eqs[i].lhs != expr.None || !w.rough(w.eqs[i].res) {
			continue
		}
		if pr == nil {
			pr = &prober{w: w, points: map[[2]uint64]*point{}}
		}
		s.inspect(i, pr)
	}
	return !w.failed()
}

// rough reports whether a term holds anything that is not smooth.
func (w *work) rough(e expr.ID) bool {
	p := w.pool
	found := false
	w.mark.reset()
	var walk func(e expr.ID)
	walk = func(e expr.ID) {
		op := p.Op(e)
		if found || op <= expr.OpTime || !w.mark.add(e) {
			return
		}
		switch op {
		case expr.OpSym:
			r, _ := w.roleOf(e)
			found = r == roleDiscrete || r == rolePre || r == roleRelation || r == roleSample
			return
		case expr.OpFloor, expr.OpCeil, expr.OpMod, expr.OpRem, expr.OpQuo, expr.OpSign, expr.OpAbs, expr.OpMin, expr.OpMax, expr.OpIf, expr.OpCall:
			found = true
			return
		}
		for _, a := range p.Args(e) {
			walk(a)
		}
	}
	walk(e)
	return found
}

// inspect examines one equation.
func (s *signature) inspect(i int32, pr *prober) {
	w, p := s.w, s.w.pool
	q := &w.eqs[i]
	c := s.c[i]
	moves := func(e expr.ID) bool { return !w.constant(e) }
	times := "once"
	if c > 1 {
		times = fmt.Sprintf("%d times", c)
	}
	var jumps, functions, discrete []string
	var switches []expr.ID // nodes whose branch may change
	add := func(list *[]string, x string) {
		for _, y := range *list {
			if x == y {
				return
			}
		}
		*list = append(*list, x)
	}
	seen := map[expr.ID]bool{}
	var walk func(e expr.ID)
	walk = func(e expr.ID) {
		op := p.Op(e)
		if op <= expr.OpTime || seen[e] {
			return
		}
		seen[e] = true
		if _, ok := w.kinkOf(e); ok {
			switches = append(switches, e)
			return
		}
		switch op {
		case expr.OpSym:
			switch r, k := w.roleOf(e); r {
			case roleRelation:
				switches = append(switches, e)
			case roleDiscrete, rolePre:
				if w.hyb.discrete[k].sys >= 0 {
					add(&discrete, p.Name(e))
				}
			}
			return
		case expr.OpLt, expr.OpLe:
			if moves(e) {
				switches = append(switches, e)
			}
			return
		case expr.OpFloor, expr.OpCeil, expr.OpMod, expr.OpRem, expr.OpQuo:
			if moves(e) {
				add(&jumps, p.Text(e, expr.TextOptions{Limit: 80}))
			}
		case expr.OpSign, expr.OpAbs, expr.OpMin, expr.OpMax:
			if moves(e) {
				switches = append(switches, e)
			}
		case expr.OpCall:
			if f, args := p.Callee(e); f.Partial == nil {
				for _, a := range args {
					if moves(a) {
						add(&functions, f.Name)
					}
				}
			}
		}
		for _, a := range p.Args(e) {
			walk(a)
		}
	}
	walk(q.res)
	text := w.equationText(q)
	if len(jumps) > 0 {
		w.list.Add(w.pos(q), "E315", "state the constraint without the jump, or let a when-clause set a discrete variable to it", "%s must be differentiated %s to reduce the index, but %s jumps", text, times, strings.Join(jumps, ", "))
		return
	}
	if len(functions) > 0 {
		if c > 1 {
			w.list.Add(w.pos(q), "E316", "register the function with its derivatives, or write it with operators", "%s must be differentiated %s to reduce the index, and the function %s has no derivative", text, times, functions[0])
			return
		}
		w.note(w.pos(q), "W309", "register the function with its derivatives", "%s is differentiated to reduce the index; the function %s has no derivative, so that differences take its place", text, functions[0])
	}
	if len(discrete) > 0 {
		w.note(w.pos(q), "W309", "lead the value through a first-order lag if the impulse matters", "%s is differentiated %s to reduce the index; when %s changes, variables jump, and the impulse in their derivatives is lost", text, times, discrete[0])
	}
	for _, x := range switches {
		switch w.continuous(q.res, x, false, pr) {
		case proved:
			if c < 2 || w.continuous(q.res, x, true, pr) == proved {
				continue
			}
			w.note(w.pos(q), "W309", "replace it by a smooth function if the impulse matters", "%s is differentiated %s to reduce the index; it has a kink where %s switches, and the impulse in the second derivative is lost", text, times, w.switchText(x))
		case refuted:
			w.note(w.pos(q), "W309", "make both branches equal where they meet, or lead the value through a first-order lag", "%s is differentiated %s to reduce the index; it jumps where %s switches, and the impulse in the derivatives is lost", text, times, w.switchText(x))
		default:
			if w.saidSmooth(q, c) {
				continue
			}
			w.note(w.pos(q), "W309", "say smooth(1, ...) where both branches meet without a jump", "%s is differentiated %s to reduce the index; whether it is continuous where %s switches is not known", text, times, w.switchText(x))
		}
	}
}

// saidSmooth reports whether the equation says of a part of it that it can be
// differentiated c times.
func (w *work) saidSmooth(q *equation, c int32) bool {
	e, ok := w.source(q)
	if !ok {
		return false
	}
	found := false
	seen := map[expr.ID]bool{}
	for _, t := range []expr.ID{e.Lhs, e.Rhs} {
		w.pool.Walk(t, seen, nil, func(x expr.ID) {
			if w.pool.Op(x) == expr.OpSmooth {
				if n, ok := w.pool.Value(w.pool.Args(x)[0]); ok && n.Float() >= float64(c) {
					found = true
				}
			}
		})
	}
	return found
}

// switchText names what switches, for messages.
func (w *work) switchText(x expr.ID) string {
	if i, ok := w.kinkOf(x); ok {
		return w.relationText(&w.rels[i])
	}
	if r, i := w.roleOf(x); r == roleRelation {
		q := &w.rels[i]
		return w.pool.Text(w.literal(q.kind, q.term), expr.TextOptions{Limit: 80})
	}
	return w.pool.Text(x, expr.TextOptions{Limit: 80})
}

// kinkOf reports whether a node is the condition of a continuous function behind a memory,
// see kink, and which memory.
func (w *work) kinkOf(e expr.ID) (int32, bool) {
	p := w.pool
	if p.Op(e) != expr.OpOr {
		return 0, false
	}
	first := p.Args(e)[0]
	if p.Op(first) != expr.OpLt {
		return 0, false
	}
	r, i := w.roleOf(p.Args(first)[1])
	return i, r == roleRelation && w.rels[i].kind == Kink
}

// branches are the two forms that a node which switches takes, and the term that is zero
// at the switch.
func (w *work) branches(x expr.ID) (high, low, at expr.ID, ok bool) {
	p := w.pool
	relation := x
	if i, ok := w.kinkOf(x); ok {
		relation = w.rels[i].term
	} else if r, i := w.roleOf(x); r == roleRelation {
		switch q := &w.rels[i]; q.kind {
		case SignOf:
			return expr.One, expr.MinusOne, q.term, true
		case FloorOf, TruncOf:
			return x, p.Sub(x, expr.One), p.Sub(q.term, x), true
		default:
			relation = q.term
		}
	}
	a := p.Args(relation)
	switch p.Op(relation) {
	case expr.OpLt, expr.OpLe:
		return expr.True, expr.False, p.Sub(a[1], a[0]), true
	case expr.OpSign:
		return expr.One, expr.MinusOne, a[0], true
	case expr.OpAbs:
		return a[0], p.Neg(a[0]), a[0], true
	case expr.OpMin, expr.OpMax:
		return a[0], a[1], p.Sub(a[0], a[1]), true
	}
	return expr.None, expr.None, expr.None, false
}

type proof uint8

const (
	unknown proof = iota
	proved
	refuted
)

// continuous reports whether a term has the same value on both sides of a switch, or
// with slope set, its time derivative.
func (w *work) continuous(e, x expr.ID, slope bool, pr *prober) proof {
	p := w.pool
	high, low, at, ok := w.branches(x)
	if !ok {
		return unknown
	}
	// Each side is differentiated by itself: a derivative may hold the switch in other terms.
	above, below := w.replaceNode(e, x, high), w.replaceNode(e, x, low)
	if slope {
		above, below = w.derivative(above), w.derivative(below)
		w.elim.extend()
	}
	if gap := p.Sub(above, below); !w.undecided(gap) && pr.vanishes(gap) {
		return proved
	}
	var atoms []expr.ID
	w.atoms(at, func(a expr.ID) {
		if r, _ := w.roleOf(a); r == roleVar || a == expr.Time {
			atoms = append(atoms, a)
		}
	})
	for _, a := range atoms {
		k, rest, affine := w.affineIn(at, a)
		if !affine || pr.vanishes(k) {
			continue
		}
		there := p.Neg(p.Div(rest, k))
		gap := p.Sub(w.side(above, x, high, a, there), w.side(below, x, low, a, there))
		switch {
		case pr.vanishes(gap) && (!w.undecided(gap) || !pr.differsIn(gap, manySeeds)):
			return proved
		case pr.differs(gap) && !w.undecided(gap):
			return refuted
		}
	}
	return unknown
}

// side is a term, in which by stands for the switch x, where the atom a has a value.
// Other relations that the value decides are decided.
func (w *work) side(e, x, by, a, value expr.ID) expr.ID {
	p := w.pool
	put := func(t expr.ID) expr.ID {
		return w.substitute(w.replaceNode(t, x, by), map[expr.ID]expr.ID{a: value})
	}
	e = w.substitute(e, map[expr.ID]expr.ID{a: value})
	return p.Transform(e, map[expr.ID]expr.ID{}, func(t expr.ID) (expr.ID, bool) {
		i, ok := w.kinkOf(t)
		if !ok {
			var r role
			if r, i = w.roleOf(t); r != roleRelation || w.rels[i].kind != Comparison {
				return 0, false
			}
		}
		c := put(w.rels[i].term)
		if p.Op(c) != expr.OpLt && p.Op(c) != expr.OpLe {
			return c, p.Op(c) == expr.OpTrue || p.Op(c) == expr.OpFalse
		}
		args := p.Args(c)
		d := linearSum{c: expr.IntNum(0)}
		d.add(p, expr.IntNum(1), args[1])
		d.add(p, expr.IntNum(-1), args[0])
		if v, ok := p.Value(d.term(p)); ok && !v.IsZero() {
			return boolean(v.Sign() > 0), true
		}
		return 0, false
	})
}

// undecided reports whether a term depends on relations.
func (w *work) undecided(e expr.ID) bool {
	found := false
	w.atoms(e, func(a expr.ID) {
		if r, i := w.roleOf(a); r == roleRelation && w.rels[i].kind <= Kink {
			found = true
		}
	})
	return found
}

// manySeeds is the number of points for terms with relations, whose truth is drawn: what
// one of sixteen combinations shows is missed with a chance of 2 percent.
const manySeeds = 64

// differs reports whether a term is other than zero at a random point.
func (p *prober) differs(e expr.ID) bool { return p.differsIn(e, seeds) }

func (p *prober) differsIn(e expr.ID, points uint64) bool {
	for seed := range points {
		if v := p.at(seed, givenNone).of(e); v != 0 && v != undefined {
			return true
		}
	}
	return false
}

// replaceNode puts a term for a node, which may be no atom.
func (w *work) replaceNode(e, x, by expr.ID) expr.ID {
	memo := map[expr.ID]expr.ID{x: by}
	return w.pool.Transform(e, memo, func(expr.ID) (expr.ID, bool) { return 0, false })
}
