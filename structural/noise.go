package structural

import (
	"slices"
	"strings"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/rewrite"
)

// White noise. While the equations are worked on, a noise is an atom that moves, of which
// nothing is known: it is neither constant nor solved for. When everything has its place in
// the sequence, it must be where it means something: linear, and on the way to derivatives.
// Then the sequence is divided into its part without noise, which is the plan, and the
// coefficients of the noises: der(x) = f + g*noise is dx = f dt + g dW.

// Noise is a white noise, the derivative of a Wiener process.
type Noise struct {
	Atom         expr.ID
	Name         string
	Index        int // into Sys.Noises
	Stratonovich bool
}

// Diffusion is how the noises drive the derivatives: in the matrix G of du = f dt + G dW the
// row State and the column Noise have the entry Value, a term as those of Plan.Seq
// that may mention the targets of Plan.NoiseSeq too.
type Diffusion struct {
	State int // index into Plan.States, below NDiff
	Noise int // index into Plan.Noises
	Value expr.ID
}

// tangent is a term of which the time derivative was taken, and where.
type tangent struct {
	term expr.ID
	pos  diag.Pos
}

// noiseRoles makes atoms of the noises.
func (w *work) noiseRoles() {
	if len(w.sys.Noises) > 0 && len(w.sys.Delays) > 0 {
		w.list.Add(w.sys.Delays[0].Pos, "E309", "replace it by a state (a first-order lag or a chain of them), or leave the noise out", "delays in a model with noise are not supported yet")
	}
	for k := range w.sys.Noises {
		n := &w.sys.Noises[k]
		i, ok := w.sys.VarOf(n.Sym)
		switch {
		case !ok || w.sys.Vars[i].Kind != model.InputVar || w.sys.Vars[i].Type != model.RealType:
			w.list.Add(n.Pos, "E319", "make noises with Noise", "the noise %s is no real input of the model", w.pool.String(n.Sym))
		case w.isNoise(n.Sym):
			w.list.Add(n.Pos, "E319", "list it once", "the noise %s is listed twice", w.pool.Name(n.Sym))
		default:
			w.setRole(n.Sym, roleNoise, int32(k))
		}
	}
}

func (w *work) isNoise(a expr.ID) bool {
	r, _ := w.roleOf(a)
	return r == roleNoise
}

// noiseSlope stands for the time derivative of a noise, which does not exist.
func (w *work) noiseSlope(a expr.ID) expr.ID {
	s := w.fresh("der(" + w.pool.Name(a) + ")")
	w.setRole(s, roleNoise, none)
	return s
}

// noiseIn names a noise in a term, "" if there is none.
func (w *work) noiseIn(e expr.ID) (name string) {
	if len(w.sys.Noises) == 0 || e == expr.None {
		return ""
	}
	w.atoms(e, func(a expr.ID) {
		if name == "" && w.isNoise(a) {
			name = w.pool.Name(a)
		}
	})
	return name
}

// noNoise reports a noise in a term where no noise can be.
func (w *work) noNoise(e expr.ID, pos diag.Pos, where string) {
	if name := w.noiseIn(e); name != "" {
		w.misplaced(pos, where, name)
	}
}

func (w *work) misplaced(pos diag.Pos, where, name string) {
	w.list.Add(pos, "E317", "white noise has no value at an instant: let it drive a state, der(x) = a - x + b*noise, and use the state",
		"%s depends on the noise %s", where, strings.TrimSuffix(strings.TrimPrefix(name, "der("), ")"))
}

// differentiate notes that the time derivative of a term is taken for good: noise cannot be in it, and Ito's
// lemma is looked at when it is known what the noises drive.
func (w *work) differentiate(e expr.ID, pos diag.Pos, what string) {
	if len(w.sys.Noises) == 0 {
		return
	}
	w.noNoise(e, pos, what)
	w.tangents = append(w.tangents, tangent{e, pos})
}

// part is what a noise is multiplied with in a carrier.
type part struct {
	noise int32
	term  expr.ID
}

// carriers are the targets of the sequence that hold noise.
type carriers struct {
	w     *work
	index map[expr.ID]int32 // by target
	parts [][]part          // by ascending noise
	names []expr.ID
}

// of lists the noises that a term holds, directly or through targets.
func (c *carriers) of(e expr.ID) (noises []int32) {
	seen := map[int32]bool{}
	add := func(k int32) {
		if !seen[k] {
			seen[k] = true
			noises = append(noises, k)
		}
	}
	if e == expr.None {
		return nil
	}
	c.w.atoms(e, func(a expr.ID) {
		if r, k := c.w.roleOf(a); r == roleNoise && k != none {
			add(k)
		} else if i, ok := c.index[a]; ok {
			for _, p := range c.parts[i] {
				add(p.noise)
			}
		}
	})
	slices.Sort(noises)
	return noises
}

func (c *carriers) name(noises []int32) string { return c.w.pool.Name(c.w.sys.Noises[noises[0]].Sym) }

// equationPos is the position of an equation of the model by its index, that of the noise if there is none.
func (c *carriers) equationPos(eq int, noises []int32) diag.Pos {
	if eq >= 0 {
		return c.w.sys.Equations[eq].Pos
	}
	return c.w.sys.Noises[noises[0]].Pos
}

// noises checks where the noises are and takes them out of the plan and out of the equations, which the
// initialization uses.
func (w *work) noises(a *assembled) {
	if len(w.sys.Noises) == 0 {
		return
	}
	pl := w.plan
	c := &carriers{w: w, index: map[expr.ID]int32{}}
	w.carry(c)
	if w.failed() {
		return
	}
	w.checkNoise(c)
	w.checkIto(c)
	if w.failed() {
		return
	}
	// Noises that drive nothing are no columns.
	column := make([]int, len(w.sys.Noises))
	for i, d := range pl.Deriv {
		at, ok := c.index[d]
		if !ok {
			continue
		}
		for _, p := range c.parts[at] {
			column[p.noise] = 1
			pl.Diffusion = append(pl.Diffusion, Diffusion{State: i, Noise: int(p.noise), Value: p.term})
		}
	}
	for k := range w.sys.Noises {
		n := &w.sys.Noises[k]
		if column[k] == 0 {
			column[k] = -1
			w.note(n.Pos, "W310", "remove it, or let it drive a state", "the noise %s drives nothing", w.pool.Name(n.Sym))
			continue
		}
		column[k] = len(pl.Noises)
		pl.Noises = append(pl.Noises, Noise{Atom: n.Sym, Name: w.pool.Name(n.Sym), Index: k, Stratonovich: n.Stratonovich})
	}
	for i := range pl.Diffusion {
		pl.Diffusion[i].Noise = column[pl.Diffusion[i].Noise]
	}
	w.silence(a)
}

// carry finds the targets that hold noise, in the order of the sequence, with the coefficients of
// the noises in them, and reports what is not linear.
func (w *work) carry(c *carriers) {
	pl, p := w.plan, w.pool
	noises := len(w.sys.Noises)
	affine := rewrite.NewAffine(p, func(a expr.ID) (int, bool) {
		if r, k := w.roleOf(a); r == roleNoise && k != none {
			return int(k), true
		}
		k, ok := c.index[a]
		return noises + int(k), ok
	})
	for k := range pl.Seq {
		x := &pl.Seq[k]
		f, ok := affine.Of(x.Value)
		if !ok {
			in := c.of(x.Value)
			q := &equation{src: int32(x.Eq), res: p.Sub(x.Target, x.Value), lhs: expr.None, rhs: expr.None, from: x.From}
			w.list.Add(c.equationPos(x.Eq, in), "E318", "white noise can only be multiplied with what holds no noise, and added: der(x) = f + g*noise",
				"%s is not linear in the noise %s", w.equationText(q), c.name(in))
			continue
		}
		var terms [][2]expr.ID // coefficient and what it is multiplied with, None: nothing
		var of []int32
		for i, v := range f.Vars {
			if f.Coeffs[i] == expr.Zero {
				continue
			}
			if v < noises {
				terms, of = append(terms, [2]expr.ID{f.Coeffs[i], expr.None}), append(of, int32(v))
				continue
			}
			for _, q := range c.parts[v-noises] {
				terms, of = append(terms, [2]expr.ID{f.Coeffs[i], q.term}), append(of, q.noise)
			}
		}
		if len(terms) == 0 {
			continue
		}
		order := make([]int, len(terms))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(i, j int) int { return int(of[i]) - int(of[j]) })
		var parts []part
		for i := 0; i < len(order); {
			n := of[order[i]]
			var sum []expr.ID
			for ; i < len(order) && of[order[i]] == n; i++ {
				t := terms[order[i]]
				if t[1] == expr.None {
					sum = append(sum, t[0])
				} else {
					sum = append(sum, p.Mul(t[0], t[1]))
				}
			}
			if t := p.Add(sum...); t != expr.Zero {
				parts = append(parts, part{n, t})
			}
		}
		if len(parts) == 0 {
			continue
		}
		for i := range parts {
			if t := parts[i].term; !w.elim.simple(t) {
				s := w.auxiliary("g", t)
				pl.NoiseSeq = append(pl.NoiseSeq, Assign{Target: s, Value: t, Eq: x.Eq, From: x.From})
				parts[i].term = s
			}
		}
		c.index[x.Target] = int32(len(c.parts))
		c.parts = append(c.parts, parts)
		c.names = append(c.names, x.Target)
	}
}

// checkNoise reports noise in places that take a function of time.
func (w *work) checkNoise(c *carriers) {
	pl := w.plan
	for _, list := range []struct {
		of         []Residual
		what, next string
	}{
		{pl.Residuals, "the algebraic equation", "solve it for the variable that holds the noise, v = a + b*noise, or give that variable a derivative: white noise through a first-order lag"},
		{pl.Invariants, "the constraint", "let the noise drive what the constraint leaves free"},
	} {
		for i := range list.of {
			if in := c.of(list.of[i].Value); in != nil {
				w.list.Add(c.equationPos(list.of[i].Eq, in), "E319", list.next, "the noise %s is in %s %s", c.name(in), list.what, pl.Text(&Residual{Value: list.of[i].Value, Eq: list.of[i].Eq, From: list.of[i].From, src: list.of[i].src}))
			}
		}
	}
	at := func(e expr.ID, pos diag.Pos, where string) {
		if e == expr.None {
			return
		}
		if in := c.of(w.elim.replace(e)); in != nil {
			w.misplaced(pos, where, c.name(in))
		}
	}
	for i := range w.rels {
		r := &w.rels[i]
		if in := c.of(r.term); in != nil {
			pos := w.sys.Noises[in[0]].Pos
			w.atoms(r.term, func(a expr.ID) {
				if k, ok := c.index[a]; ok && len(c.parts[k]) > 0 {
					if _, v := w.roleOf(a); v != none && int(v) < len(w.vars) && w.vars[v].atom == a {
						pos = w.varPos(v)
					}
				}
			})
			w.misplaced(pos, "the condition "+w.pool.Text(r.term, expr.TextOptions{Limit: dumpLimit}), c.name(in))
		}
	}
	for _, clause := range w.hyb.clauses {
		for j := range clause {
			b := &clause[j]
			for _, e := range b.conds {
				at(e, b.pos, "the condition of an event")
			}
			for i := range b.actions {
				x := &b.actions[i]
				for _, e := range []expr.ID{x.value, x.cond, x.guard} {
					if e != 0 {
						at(e, x.pos, "an event")
					}
				}
			}
		}
	}
	for i := range w.hyb.asserts {
		at(w.hyb.asserts[i].cond, w.hyb.asserts[i].pos, "an assertion")
	}
	for i := range w.sys.Scheduled {
		e := &w.sys.Scheduled[i]
		for _, list := range [][]expr.ID{e.Indicators, {e.Delay, e.Priority}, e.Values, e.Factors} {
			for _, s := range list {
				at(s, e.Pos, "the event "+e.Name)
			}
		}
	}
	for i := range w.sys.Delays {
		for _, s := range []expr.ID{w.sys.Delays[i].Of, w.sys.Delays[i].Tau, w.sys.Delays[i].Before} {
			at(s, w.sys.Delays[i].Pos, "a delayed value")
		}
	}
	for i := range w.init {
		q := &w.init[i]
		in := c.of(q.res)
		if in == nil {
			continue
		}
		// A derivative at the start is that of the part without noise.
		held := false
		w.atoms(q.res, func(a expr.ID) {
			if w.isNoise(a) {
				held = true
			}
			if _, ok := c.index[a]; ok {
				if r, v := w.roleOf(a); r != roleVar || w.vars[v].integ == none {
					held = true
				}
			}
		})
		if held {
			w.misplaced(w.pos(q), "the initial equation "+w.equationText(q), c.name(in))
		}
	}
	w.checkOutputs(c)
}

// checkOutputs looks at what holds noise and is on the way to no derivative. A noise that is in
// such places alone would be lost; else its carrier is shown without it.
func (w *work) checkOutputs(c *carriers) {
	pl := w.plan
	used := map[expr.ID]bool{}
	for _, d := range pl.Deriv {
		used[d] = true
	}
	for k := len(pl.Seq) - 1; k >= 0; k-- {
		if _, ok := c.index[pl.Seq[k].Target]; ok && used[pl.Seq[k].Target] {
			w.atoms(pl.Seq[k].Value, func(a expr.ID) { used[a] = true })
		}
	}
	drives := make([]bool, len(w.sys.Noises))
	for _, d := range pl.Deriv {
		if i, ok := c.index[d]; ok {
			for _, p := range c.parts[i] {
				drives[p.noise] = true
			}
		}
	}
	for k := range pl.Seq {
		x := &pl.Seq[k]
		i, ok := c.index[x.Target]
		if !ok || used[x.Target] {
			continue
		}
		v, isVar := w.sys.VarOf(x.Target)
		for _, p := range c.parts[i] {
			if drives[p.noise] {
				continue
			}
			drives[p.noise] = true // said once
			name := w.pool.Name(w.sys.Noises[p.noise].Sym)
			q := &equation{src: int32(x.Eq), res: w.pool.Sub(x.Target, x.Value), lhs: expr.None, rhs: expr.None, from: x.From}
			w.list.Add(c.equationPos(x.Eq, []int32{p.noise}), "E319", "white noise has no value at an instant: let it drive a state, der(x) = a - x + b*noise, and use the state",
				"the noise %s reaches no derivative: it is in the algebraic equation %s", name, w.equationText(q))
		}
		if isVar && !w.elim.simple(x.Value) && !w.failed() {
			w.note(c.equationPos(x.Eq, []int32{c.parts[i][0].noise}), "W311", "nothing, if only states are looked at", "%s holds white noise, which has no value at an instant: its values are those without the noise", w.sys.Vars[v].Name)
		}
	}
}

// checkIto reports terms whose time derivative the ordinary chain rule gives, although they are
// not linear in variables that Ito noise drives.
func (w *work) checkIto(c *carriers) {
	for _, t := range w.tangents {
		e := w.elim.replace(t.term)
		driven := map[expr.ID][]int32{}
		var atoms []expr.ID
		w.atoms(e, func(a expr.ID) {
			r, v := w.roleOf(a)
			if r != roleVar || w.vars[v].der == none {
				return
			}
			var ito []int32
			for _, k := range c.of(w.elim.replacement(w.vars[v].der)) {
				if !w.sys.Noises[k].Stratonovich {
					ito = append(ito, k)
				}
			}
			if ito != nil {
				driven[a] = ito
				atoms = append(atoms, a)
			}
		})
		if len(atoms) == 0 {
			continue
		}
		names, derivs := w.pool.Gradient(e, func(a expr.ID) bool { return driven[a] != nil })
		for i, d := range derivs {
			for _, a := range atoms {
				k := slices.IndexFunc(driven[a], func(k int32) bool { return slices.Contains(driven[names[i]], k) })
				if k < 0 || w.pool.Diff(d, a, nil) == expr.Zero {
					continue
				}
				w.list.Add(t.pos, "E320", "use StratonovichNoise, for which the chain rule holds, or write the equation with the correction of Ito's lemma",
					"the derivative of %s is needed, which is not linear in %s, driven by the Ito noise %s", w.pool.Text(e, expr.TextOptions{Limit: dumpLimit}), w.pool.Name(a), c.name(driven[a][k:]))
				return
			}
		}
	}
}

// silence puts 0 for the noises in everything that is left.
func (w *work) silence(a *assembled) {
	w.memo.reset()
	zero := func(e *expr.ID) {
		if *e != expr.None {
			*e = w.rewrite(*e, func(a expr.ID) expr.ID {
				if w.isNoise(a) {
					return expr.Zero
				}
				return a
			})
		}
	}
	pl := w.plan
	for k := range pl.Seq {
		zero(&pl.Seq[k].Value)
	}
	if pl.Lifted != nil {
		for k := range pl.Lifted.Seq {
			zero(&pl.Lifted.Seq[k].Value)
		}
	}
	for _, list := range [][]equation{a.eqs, w.init} {
		for i := range list {
			zero(&list[i].res)
			if list[i].lhs != expr.None {
				zero(&list[i].lhs)
				zero(&list[i].rhs)
			}
		}
	}
}
