// Package jacobian differentiates systems of assignments and outputs symbolically:
// one term per structural nonzero.
//
// In: terms, the assignments that define the names in them, and the atoms to
// differentiate by. Out: a sparse Matrix of terms and the auxiliary terms that these
// share. Zeros that cancel on construction are not entries. The work follows the
// graph of the assignments, so that a row costs what it depends on and no more, and
// parts that several rows share are differentiated once.
package jacobian

import (
	"cmp"
	"slices"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/sparsity"
	"github.com/mtkc/mtkc/structural"
)

// Matrix holds the derivatives of rows by atoms (columns).
type Matrix struct {
	Pool    *expr.Pool
	Pattern *sparsity.Pattern
	Values  []expr.ID // in the order of Pattern; terms in the names of the system and of Seq

	// Seq are auxiliary terms in dependency order; they may mention the targets of the
	// system as well. Labels[k] says what Seq[k] is: a part of the model, or a derivative.
	Seq    []structural.Assign
	Labels []string
}

// Of differentiates the rows, whose terms may mention the targets of seq, by the
// atoms. seq must be in dependency order. Only what the rows need is looked at. tag
// makes the names of auxiliary terms unique among the matrices of one pool; two calls
// with equal arguments give equal matrices.
//
// Assignments that only one other term reads are handled by reverse accumulation
// within the term that reads them; what is read more than once is differentiated
// forward, once (a mixed-mode preaccumulation, Griewank and Walther, Evaluating
// Derivatives, 2008, ch. 10). Large subterms that occur more than once are first made
// assignments of their own.
//
// A derivative that only holds under a condition (a branch of an if) is never
// multiplied with another outside that condition, so that a branch that is not taken
// and has no value does not spoil the entry.
func Of(p *expr.Pool, seq []structural.Assign, rows, atoms []expr.ID, tag string) *Matrix {
	w := &work{
		p: p, tag: tag,
		m:      &Matrix{Pool: p},
		named:  map[expr.ID]expr.ID{},
		Guards: NewGuards(p),
	}
	for j, a := range atoms {
		w.facts.at(a).col = int32(j)
	}
	if !w.prepare(seq, rows) {
		w.m.Pattern, _ = sparsity.New(len(rows), len(atoms), nil)
		return w.m
	}
	w.count()
	w.grads = make([]gradient, len(w.seq))
	for k := range w.seq {
		if w.shared[k] {
			g := w.region(w.seq[k].Value)
			for i, d := range g.derivs {
				g.derivs[i] = w.name(d, "d("+w.labelOf(k)+")/d("+p.Name(atoms[g.cols[i]])+")")
			}
			w.grads[k] = g
		}
	}
	var entries []sparsity.Entry
	var values []expr.ID
	for i, r := range w.rows {
		g := w.region(r)
		for k, j := range g.cols {
			entries = append(entries, sparsity.Entry{Row: int32(i), Col: j})
			values = append(values, g.derivs[k])
		}
	}
	pat, slot := sparsity.New(len(rows), len(atoms), entries)
	w.m.Pattern = pat
	w.m.Values = make([]expr.ID, pat.NNZ())
	for k, s := range slot {
		w.m.Values[s] = values[k]
	}
	return w.m
}

// gradient lists columns in increasing order with the derivatives.
type gradient struct {
	cols   []int32
	derivs []expr.ID
}

type work struct {
	p   *expr.Pool
	tag string
	m   *Matrix

	facts  facts
	seq    []structural.Assign // those that depend on the atoms
	label  []string
	rows   []expr.ID
	shared []bool
	grads  []gradient // of shared assignments

	named map[expr.ID]expr.ID // names given, by value
	*Guards

	at, via []contribution // of the region at hand, to columns and to shared assignments
	terms   []expr.ID
}

func (w *work) labelOf(k int) string {
	if w.label[k] != "" {
		return w.label[k]
	}
	return w.p.Name(w.seq[k].Target)
}

// moving reports whether an atom depends on the columns.
func (w *work) moving(a expr.ID) bool {
	f := w.facts.at(a)
	return f.col >= 0 || f.assign >= 0
}

// pending is an assignment of a region with its adjoint.
type pending struct{ value, bar expr.ID }

// region differentiates a term together with the assignments that it alone reads:
// reverse accumulation down to atoms and to shared assignments, whose gradients are
// then added.
func (w *work) region(e expr.ID) gradient {
	w.at, w.via = w.at[:0], w.via[:0]
	stack := []pending{{e, expr.One}}
	for len(stack) > 0 {
		top := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		w.local(top.value, func(a, d expr.ID) {
			bar := w.Chain(top.bar, d)
			if bar == expr.Zero {
				return
			}
			f := w.facts.at(a)
			if j := f.col; j >= 0 {
				w.at = append(w.at, contribution{j, bar})
				return
			}
			k := f.assign
			if w.shared[k] {
				if len(w.grads[k].cols) > 0 {
					w.via = append(w.via, contribution{k, bar})
				}
				return
			}
			stack = append(stack, pending{w.seq[k].Value, w.name(bar, "d(.)/d("+w.labelOf(int(k))+")")})
		})
	}
	w.eachSum(w.via, func(k int32, bar expr.ID) {
		if bar == expr.Zero {
			return
		}
		g := w.grads[k]
		if len(g.cols) > 1 {
			bar = w.name(bar, "d(.)/d("+w.labelOf(int(k))+")")
		}
		for i, j := range g.cols {
			w.at = append(w.at, contribution{j, w.Chain(bar, g.derivs[i])})
		}
	})
	g := gradient{}
	if n := len(w.at); n > 0 {
		g.cols, g.derivs = make([]int32, 0, n), make([]expr.ID, 0, n)
	}
	w.eachSum(w.at, func(j int32, d expr.ID) {
		if d != expr.Zero {
			g.cols, g.derivs = append(g.cols, j), append(g.derivs, d)
		}
	})
	return g
}

// contribution is a term that is added for a column, or for a shared assignment.
type contribution struct {
	to   int32
	term expr.ID
}

// eachSum adds up the contributions to each, in their order, and hands the sums out in increasing order of what they are for. It sorts
// the list.
func (w *work) eachSum(list []contribution, sum func(to int32, total expr.ID)) {
	if !slices.IsSortedFunc(list, byTo) {
		slices.SortStableFunc(list, byTo)
	}
	for i := 0; i < len(list); {
		to := list[i].to
		w.terms = w.terms[:0]
		for ; i < len(list) && list[i].to == to; i++ {
			w.terms = append(w.terms, list[i].term)
		}
		sum(to, w.p.Add(w.terms...))
	}
}

func byTo(a, b contribution) int { return cmp.Compare(a.to, b.to) }

// local calls push for the atoms of one term and their partial derivatives, in
// increasing order of the atoms.
func (w *work) local(e expr.ID, push func(a, d expr.ID)) {
	p := w.p
	switch op := p.Op(e); op {
	case expr.OpConst, expr.OpTrue, expr.OpFalse:
		return
	case expr.OpSym, expr.OpTime:
		if w.moving(e) {
			push(e, expr.One)
		}
		return
	case expr.OpAdd:
		a := p.Args(e)
		affine := true
		for i := 2; i < len(a); i += 2 {
			if !p.IsAtom(a[i]) {
				affine = false
				break
			}
		}
		if affine {
			for i := 1; i < len(a); i += 2 {
				if w.moving(a[i+1]) {
					push(a[i+1], a[i])
				}
			}
			return
		}
	}
	atoms, derivs := p.Gradient(e, w.moving)
	for i, a := range atoms {
		push(a, derivs[i])
	}
}

// name gives a term a name, unless it is so small that a name would not be shorter.
func (w *work) name(e expr.ID, label string) expr.ID {
	if w.small(e) {
		return e
	}
	if s, ok := w.named[e]; ok {
		return s
	}
	s := w.fresh()
	w.named[e] = s
	if g := w.Guard(e); g != expr.True {
		w.Guards.Name(s, g)
	}
	w.m.Seq = append(w.m.Seq, structural.Assign{Target: s, Value: e, Eq: -1})
	w.m.Labels = append(w.m.Labels, label)
	return s
}

// small reports whether e is a number, an atom, or a multiple of an atom.
func (w *work) small(e expr.ID) bool {
	p := w.p
	if p.Op(e) <= expr.OpSym {
		return true
	}
	a := p.Args(e)
	return p.Op(e) == expr.OpAdd && len(a) == 3 && a[0] == expr.Zero && p.Op(a[2]) <= expr.OpSym
}
