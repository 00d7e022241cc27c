package structural

import (
	"slices"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/rewrite"
)

// White noise. While the equations are worked on, a noise is an atom that moves, of which
// nothing is known: it is neither constant nor solved for. When everything has its place in
// the sequence, it must be where it means something: linear, and on the way to derivatives (noise_check.go); linear blocks
// are solved for the noise of their unknowns (noise_solve.go).
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

// differentiate notes that the time derivative of a term is taken for good: noise cannot be in it, and Ito's
// lemma is looked at when it is known what the noises drive.
func (w *work) differentiate(e expr.ID, pos diag.Pos, what string) {
	if len(w.sys.Noises) == 0 {
		return
	}
	w.noNoise(e, pos, what)
	w.tangents = append(w.tangents, tangent{e, pos})
}

// part is what a noise is multiplied with in a carrier. While the sequence is read, a number from the count of noises on is an algebraic state
// that may hold noise.
type part struct {
	noise int32
	term  expr.ID
}

// carriers are the targets of the sequence, and algebraic states, that hold noise.
type carriers struct {
	w      *work
	index  map[expr.ID]int32 // by target
	parts  [][]part          // by ascending noise
	curved map[expr.ID]int   // targets that are not linear in noise: index into the sequence

	states []int             // algebraic states that may hold noise, as indices into Plan.States
	state  map[expr.ID]int32 // their places in states
	solved []bool            // by algebraic block: its noise has been solved for
	affine *rewrite.Affine
	named  int // names given, for a limit
}

// of lists the noises that a term holds, directly or through targets.
func (c *carriers) of(e expr.ID) (noises []int32) {
	if e == expr.None {
		return nil
	}
	seen := map[int32]bool{}
	add := func(k int32) {
		if !seen[k] {
			seen[k] = true
			noises = append(noises, k)
		}
	}
	c.w.atoms(e, func(a expr.ID) {
		if r, k := c.w.roleOf(a); r == roleNoise && k != none {
			add(k)
		} else if i, ok := c.index[a]; ok {
			for _, p := range c.parts[i] {
				add(p.noise)
			}
		} else if k, ok := c.curved[a]; ok {
			for _, n := range c.of(c.w.plan.Seq[k].Value) {
				add(n)
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

// assigned is an assignment of the sequence as an equation, for messages.
func (w *work) assigned(x *Assign) *equation {
	return &equation{src: int32(x.Eq), res: w.pool.Sub(x.Target, x.Value), lhs: expr.None, rhs: expr.None, from: x.From}
}

// noises checks where the noises are and takes them out of the plan and out of the equations, which the
// initialization uses.
func (w *work) noises(a *assembled) {
	if len(w.sys.Noises) == 0 {
		return
	}
	pl := w.plan
	c := &carriers{w: w, index: map[expr.ID]int32{}, curved: map[expr.ID]int{}, state: map[expr.ID]int32{}, solved: make([]bool, len(pl.AlgBlocks))}
	w.noisyBlocks(c)
	w.carry(c)
	w.solveNoise(c)
	if !w.failed() {
		w.checkCurved(c)
	}
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

// noisyBlocks finds the algebraic states that may hold noise: those of linear blocks that noise reaches.
func (w *work) noisyBlocks(c *carriers) {
	pl := w.plan
	noisy := make([]bool, len(pl.AlgBlocks))
	held := map[expr.ID]bool{} // states and targets that may hold noise
	holds := func(e expr.ID) (yes bool) {
		w.atoms(e, func(a expr.ID) { yes = yes || w.isNoise(a) || held[a] })
		return yes
	}
	for again := true; again; {
		again = false
		for k := range pl.Seq {
			if x := &pl.Seq[k]; !held[x.Target] && holds(x.Value) {
				held[x.Target] = true
			}
		}
		for b := range pl.AlgBlocks {
			k := &pl.AlgBlocks[b]
			if noisy[b] || !k.Linear {
				continue
			}
			for i := k.First; i < k.First+k.N; i++ {
				noisy[b] = noisy[b] || holds(pl.Residuals[i].Value)
			}
			if !noisy[b] {
				continue
			}
			again = true
			for i := k.First; i < k.First+k.N; i++ {
				a := pl.States[pl.NDiff+i].Atom
				held[a] = true
				c.state[a] = int32(len(c.states))
				c.states = append(c.states, pl.NDiff+i)
			}
		}
	}
}

// carry finds the targets that hold noise, in the order of the sequence, with the coefficients of
// the noises in them, and of the algebraic states that may hold noise.
func (w *work) carry(c *carriers) {
	pl := w.plan
	noises, more := len(w.sys.Noises), len(c.states)
	c.affine = rewrite.NewAffine(w.pool, func(a expr.ID) (int, bool) {
		if r, k := w.roleOf(a); r == roleNoise && k != none {
			return int(k), true
		}
		if k, ok := c.state[a]; ok {
			return noises + int(k), true
		}
		if _, ok := c.curved[a]; ok {
			return noises + more + len(pl.Seq) + c.curved[a], true
		}
		k, ok := c.index[a]
		return noises + more + int(k), ok
	})
	for k := range pl.Seq {
		x := &pl.Seq[k]
		parts, ok := w.partsOf(c, x.Value)
		if !ok {
			c.curved[x.Target] = k
			continue
		}
		if len(parts) == 0 {
			continue
		}
		c.nameParts(parts, x.Eq, x.From)
		c.index[x.Target] = int32(len(c.parts))
		c.parts = append(c.parts, parts)
	}
}

// partsOf is what the noises, and the algebraic states that may hold noise, are multiplied with in a term. ok is false where
// it is not linear in them.
func (w *work) partsOf(c *carriers, e expr.ID) (parts []part, ok bool) {
	p := w.pool
	first := len(w.sys.Noises) + len(c.states)
	f, ok := c.affine.Of(e)
	if !ok {
		return nil, false
	}
	var terms []part
	for i, v := range f.Vars {
		switch {
		case f.Coeffs[i] == expr.Zero:
		case v >= first+len(w.plan.Seq):
			return nil, false // linear in what is not linear itself
		case v < first:
			terms = append(terms, part{int32(v), f.Coeffs[i]})
		default:
			for _, q := range c.parts[v-first] {
				terms = append(terms, part{q.noise, p.Mul(f.Coeffs[i], q.term)})
			}
		}
	}
	return w.collect(terms), true
}

// collect adds the terms of each noise.
func (w *work) collect(terms []part) []part {
	slices.SortStableFunc(terms, func(a, b part) int { return int(a.noise) - int(b.noise) })
	var parts []part
	for i := 0; i < len(terms); {
		var sum []expr.ID
		n := terms[i].noise
		for ; i < len(terms) && terms[i].noise == n; i++ {
			sum = append(sum, terms[i].term)
		}
		if t := w.pool.Add(sum...); t != expr.Zero {
			parts = append(parts, part{n, t})
		}
	}
	return parts
}

// nameParts gives names to terms that are not simple.
func (c *carriers) nameParts(parts []part, eq int, from int32) {
	for i := range parts {
		parts[i].term = c.called(parts[i].term, eq, from)
	}
}

func (c *carriers) called(t expr.ID, eq int, from int32) expr.ID {
	w := c.w
	if w.elim.simple(t) {
		return t
	}
	s := w.auxiliary("g", t)
	w.plan.NoiseSeq = append(w.plan.NoiseSeq, Assign{Target: s, Value: t, Eq: eq, From: from})
	c.named++
	return s
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
	for k := range pl.Residuals {
		zero(&pl.Residuals[k].Value)
	}
	if pl.Lifted != nil {
		for k := range pl.Lifted.Seq {
			zero(&pl.Lifted.Seq[k].Value)
		}
		for k := range pl.Lifted.Residuals {
			zero(&pl.Lifted.Residuals[k].Value)
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
