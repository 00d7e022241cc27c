package backend

import (
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/jacobian"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/sparsity"
	"github.com/mtkc/mtkc/structural"
)

// Noise: the matrix G of du = f dt + G dW and its derivatives by u. A problem is of Ito or of
// Stratonovich as a whole. Where a model has noises of both kinds, those of Stratonovich become
// Ito's by the drift that makes up for the difference,
//
//	f_i + 1/2 sum over k, j of dG_ik/du_j G_jk
//
// with k over the noises of Stratonovich (Kloeden and Platen, Numerical Solution of Stochastic Differential
// Equations, 1992, section 4.9). Additive noises, of which no entry depends on u, are of either kind.

// Logarithm says that a state is, times Sign, the logarithm of a variable in whose place it is. The ordinary chain rule, by
// which its equation was made, lacks a term of Ito's lemma: of dx = f dt + g dW follows
// d log(x) = (f/x - (g/x)^2/2) dt + g/x dW.
type Logarithm struct{ State, Sign int }

// integrals decides between the two kinds, and adds what the drift lacks. It comes before
// the plan gets its meaning.
func (c *compiler) integrals() {
	pl := c.plan
	kinds := [2][]int{} // entries of Diffusion, of Ito and of Stratonovich
	for i := range pl.Diffusion {
		k := 0
		if pl.Noises[pl.Diffusion[i].Noise].Stratonovich {
			k = 1
		}
		kinds[k] = append(kinds[k], i)
	}
	if len(pl.Diffusion) == 0 {
		return
	}
	more := make([][]expr.ID, pl.NDiff)
	half := c.p.Num(expr.RatNum(1, 2))
	for _, l := range c.opt.Logarithms {
		for _, e := range kinds[0] {
			if x := &pl.Diffusion[e]; x.State == l.State {
				more[l.State] = append(more[l.State], c.p.Mul(c.p.Int(int64(-l.Sign)), half, x.Value, x.Value))
			}
		}
	}
	seq := append(append([]structural.Assign(nil), pl.Seq...), pl.NoiseSeq...)
	labels := make([]string, len(seq), len(seq)+len(more))
	for k := range seq {
		labels[k] = c.p.Name(seq[k].Target)
	}
	c.stratonovich = len(kinds[1]) > 0
	if len(kinds[0]) > 0 && len(kinds[1]) > 0 {
		slopes := func(entries []int, tag string) *jacobian.Matrix {
			rows := make([]expr.ID, len(entries))
			for i, e := range entries {
				rows[i] = pl.Diffusion[e].Value
			}
			return jacobian.Of(c.p, seq, rows, c.stateAtoms(), tag)
		}
		d := slopes(kinds[1], "ito")
		switch {
		case d.Pattern.NNZ() == 0:
			c.stratonovich = false
		case slopes(kinds[0], "strat").Pattern.NNZ() > 0:
			c.stratonovich = false
			if !c.toIto(kinds[1], d, more) {
				return
			}
			seq, labels = append(seq, d.Seq...), append(labels, d.Labels...)
		}
	}
	from := map[expr.ID]int{} // by derivative: its place in the sequence
	for k := range pl.Seq {
		from[pl.Seq[k].Target] = k
	}
	p := *pl
	p.Deriv = append([]expr.ID(nil), pl.Deriv...)
	changed := false
	for i, terms := range more {
		if len(terms) == 0 {
			continue
		}
		changed = true
		name := "ito(der(" + pl.States[i].Name + "))"
		for {
			if _, taken := c.p.Lookup(name); !taken {
				break
			}
			name += "'"
		}
		a := structural.Assign{Target: c.p.Sym(name), Value: c.p.Add(append(terms, pl.Deriv[i])...), Eq: -1}
		if k, ok := from[pl.Deriv[i]]; ok {
			a.Eq, a.From = pl.Seq[k].Eq, pl.Seq[k].From
		}
		seq, labels = append(seq, a), append(labels, name)
		p.Deriv[i] = a.Target
	}
	if changed {
		p.Seq, p.NoiseSeq, c.labels = seq, nil, labels
		c.plan = &p
	}
}

// toIto adds the drift that makes the noises of Stratonovich those of Ito. d are the derivatives of these entries.
func (c *compiler) toIto(entries []int, d *jacobian.Matrix, more [][]expr.ID) bool {
	pl := c.plan
	half := c.p.Num(expr.RatNum(1, 2))
	at := map[[2]int]expr.ID{} // G by state and noise
	for i := range pl.Diffusion {
		x := &pl.Diffusion[i]
		at[[2]int{x.State, x.Noise}] = x.Value
	}
	for j := range pl.States {
		for s := d.Pattern.Ptr[j]; s < d.Pattern.Ptr[j+1]; s++ {
			x := &pl.Diffusion[entries[d.Pattern.Row[s]]]
			n := &pl.Noises[x.Noise]
			if j >= pl.NDiff {
				c.list.Add(pl.Sys.Noises[n.Index].Pos, "E404", "make all noises of the model of one kind, or write the factor in states",
					"the noise %s is of Stratonovich and others are of Ito, and what it is multiplied with depends on %s, an unknown of an algebraic equation", n.Name, pl.States[j].Name)
				return false
			}
			if g, ok := at[[2]int{j, x.Noise}]; ok {
				more[x.State] = append(more[x.State], c.p.Mul(half, d.Values[s], g))
			}
		}
	}
	return true
}

// noise lowers G and its derivatives.
func (c *compiler) noise() {
	pl, l := c.plan, c.sim
	if len(pl.Noises) == 0 {
		return
	}
	meta := &ode.Noise{Stratonovich: c.stratonovich}
	for i := range pl.Noises {
		meta.Names = append(meta.Names, pl.Noises[i].Name)
	}
	entries := make([]sparsity.Entry, len(pl.Diffusion))
	for i := range pl.Diffusion {
		entries[i] = sparsity.Entry{Row: int32(pl.Diffusion[i].State), Col: int32(pl.Diffusion[i].Noise)}
	}
	n := len(pl.States)
	pat, slot := sparsity.New(n, len(pl.Noises), entries)
	rows := make([]expr.ID, pat.NNZ())
	state := make([]int, len(rows))
	for i, s := range slot {
		rows[s], state[s] = pl.Diffusion[i].Value, pl.Diffusion[i].State
	}
	meta.Matrix = pat.Linsolve()
	l.define(pl.NoiseSeq, nil)
	k, r := c.roll(l, "Noise", rows, mainPlaces(len(rows)), func(o place) string {
		return "noise of der(" + pl.States[state[o.index]].Name + ")"
	})
	if k != nil {
		c.prog.Noise = k
		c.prog.NoiseJac, meta.Reads = r.rolledMatrix("NoiseJac", len(rows), n, columns(U))
	} else {
		l.begin("Noise")
		c.prog.Noise = l.outputs(rows)
		seq := append(append([]structural.Assign(nil), pl.Seq...), pl.NoiseSeq...)
		c.prog.NoiseJac, meta.Reads = matrix(l, "NoiseJac", jacobian.Of(c.p, seq, rows, c.stateAtoms(), "noise"))
	}
	if meta.Reads.NNZ() == 0 {
		c.prog.NoiseJac, meta.Stratonovich = nil, false
	}
	c.prog.Meta.Noise = meta
}
