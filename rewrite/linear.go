package rewrite

import (
	"slices"

	"github.com/mtkc/mtkc/expr"
)

// Linear writes e as coeffs[0]*xs[0] + coeffs[1]*xs[1] + ... + rest with coefficients
// and a rest that do not depend on any of xs. ok is false where e is not affine in xs
// as it stands; then the other results are meaningless. xs are atoms in the sense of
// expr.Pool.IsAtom: another atom is a constant even if it is der or pre of one of xs.
//
// It sees through sums, products with one dependent factor, division by independent
// terms, if with an independent condition, noEvent, smooth and homotopy, and multiplies
// nothing out beyond distributing a factor over coefficient and rest: (a*(b - x))/c
// gives -a/c and a*b/c. The cost is proportional to the size of e as a DAG plus the
// length of xs. A coefficient may be expr.Zero although x occurs in e.
func Linear(p *expr.Pool, e expr.ID, xs []expr.ID) (coeffs []expr.ID, rest expr.ID, ok bool) {
	var index func(expr.ID) (int, bool)
	if len(xs) <= 8 {
		index = func(a expr.ID) (int, bool) {
			i := slices.Index(xs, a)
			return i, i >= 0
		}
	} else {
		at := make(map[expr.ID]int, len(xs))
		for i, x := range xs {
			at[x] = i
		}
		index = func(a expr.ID) (int, bool) {
			i, ok := at[a]
			return i, ok
		}
	}
	f, ok := NewAffine(p, index).Of(e)
	if !ok {
		return nil, expr.None, false
	}
	coeffs = make([]expr.ID, len(xs)) // expr.Zero
	for k, v := range f.Vars {
		coeffs[v] = f.Coeffs[k]
	}
	return coeffs, f.Rest, true
}

// Form is an affine form: the sum of Coeffs[k] times the unknown Vars[k], plus Rest.
// Vars increases. Unknowns that do not occur are not listed; a listed coefficient may
// still be expr.Zero.
type Form struct {
	Vars   []int
	Coeffs []expr.ID
	Rest   expr.ID
}

// Affine finds affine forms in one set of unknowns. Its memory of subterms is shared
// between calls, so that a whole system costs no more than the size of its DAG.
type Affine struct {
	p     *expr.Pool
	index func(atom expr.ID) (int, bool)
	memo  map[expr.ID]*Form
}

// free and curved mark terms that depend on no unknown, and terms that are not affine.
var free, curved = &Form{}, &Form{}

// NewAffine makes a finder. index numbers the atoms that are unknowns.
func NewAffine(p *expr.Pool, index func(atom expr.ID) (int, bool)) *Affine {
	return &Affine{p: p, index: index, memo: map[expr.ID]*Form{}}
}

// Of returns the affine form of e, see Linear. The result must not be changed.
func (a *Affine) Of(e expr.ID) (Form, bool) {
	switch f := a.form(e); f {
	case free:
		return Form{Rest: e}, true
	case curved:
		return Form{}, false
	default:
		return *f, true
	}
}

// form is the remembered form of e, which is worked out with those of all its subterms,
// arguments first, when e is new.
func (a *Affine) form(e expr.ID) *Form {
	p := a.p
	switch p.Op(e) {
	case expr.OpConst, expr.OpTrue, expr.OpFalse:
		return free
	}
	if f, ok := a.memo[e]; ok {
		return f
	}
	var todo []expr.ID
	stack := []expr.ID{e}
	for len(stack) > 0 {
		t := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if _, ok := a.memo[t]; ok {
			continue
		}
		a.memo[t] = free
		if p.IsAtom(t) {
			if i, ok := a.index(t); ok {
				a.memo[t] = &Form{Vars: []int{i}, Coeffs: []expr.ID{expr.One}, Rest: expr.Zero}
			}
			continue
		}
		if args := p.Args(t); len(args) > 0 {
			todo = append(todo, t)
			stack = append(stack, args...)
		}
	}
	slices.Sort(todo)
	for _, t := range todo {
		if f := a.compound(t); f != free {
			a.memo[t] = f
		}
	}
	return a.memo[e]
}

func (a *Affine) compound(e expr.ID) *Form {
	p := a.p
	args := p.Args(e)
	switch op := p.Op(e); op {
	case expr.OpAdd:
		return a.sum(e)
	case expr.OpMul:
		dep := -1
		for i := 0; i < len(args); i += 2 {
			if a.form(args[i+1]) != free {
				return curved
			}
			switch a.form(args[i]) {
			case free:
			case curved:
				return curved
			default:
				if dep >= 0 || args[i+1] != expr.One {
					return curved
				}
				dep = i
			}
		}
		if dep < 0 {
			return free
		}
		f := a.form(args[dep])
		others := slices.Delete(slices.Clone(args), dep, dep+2)
		c := expr.One
		if len(others) > 0 {
			c = p.Rebuild(e, others)
		}
		return f.each(func(t expr.ID) expr.ID { return p.Mul(c, t) })
	case expr.OpIf:
		if a.form(args[0]) != free {
			return curved
		}
		return a.both(args[1], args[2], func(x, y expr.ID) expr.ID { return p.If(args[0], x, y) })
	case expr.OpHomotopy:
		return a.both(args[0], args[1], func(x, y expr.ID) expr.ID {
			if x == y {
				return x
			}
			return p.Fn(expr.OpHomotopy, x, y)
		})
	case expr.OpNoEvent:
		f := a.form(args[0])
		if f == free || f == curved {
			return f
		}
		return f.each(func(t expr.ID) expr.ID { return p.Fn(expr.OpNoEvent, t) })
	case expr.OpSmooth:
		f := a.form(args[1])
		if f == free || f == curved {
			return f
		}
		return f.each(func(t expr.ID) expr.ID { return p.Fn(expr.OpSmooth, args[0], t) })
	}
	for _, x := range args {
		if a.form(x) != free {
			return curved
		}
	}
	return free
}

// each applies g to every coefficient and to the rest.
func (f *Form) each(g func(expr.ID) expr.ID) *Form {
	out := &Form{Vars: f.Vars, Coeffs: make([]expr.ID, len(f.Coeffs)), Rest: g(f.Rest)}
	for i, c := range f.Coeffs {
		out.Coeffs[i] = g(c)
	}
	return out
}

// both merges the forms of two alternatives with g.
func (a *Affine) both(x, y expr.ID, g func(x, y expr.ID) expr.ID) *Form {
	fx, fy := a.form(x), a.form(y)
	if fx == curved || fy == curved {
		return curved
	}
	if fx == free && fy == free {
		return free
	}
	if fx == free {
		fx = &Form{Rest: x}
	}
	if fy == free {
		fy = &Form{Rest: y}
	}
	out := &Form{Rest: g(fx.Rest, fy.Rest)}
	for i, j := 0, 0; i < len(fx.Vars) || j < len(fy.Vars); {
		v, cx, cy := 0, expr.Zero, expr.Zero
		switch {
		case j == len(fy.Vars) || i < len(fx.Vars) && fx.Vars[i] < fy.Vars[j]:
			v, cx = fx.Vars[i], fx.Coeffs[i]
			i++
		case i == len(fx.Vars) || fy.Vars[j] < fx.Vars[i]:
			v, cy = fy.Vars[j], fy.Coeffs[j]
			j++
		default:
			v, cx, cy = fx.Vars[i], fx.Coeffs[i], fy.Coeffs[j]
			i, j = i+1, j+1
		}
		out.Vars = append(out.Vars, v)
		out.Coeffs = append(out.Coeffs, g(cx, cy))
	}
	return out
}

func (a *Affine) sum(e expr.ID) *Form {
	type part struct {
		v int
		k expr.Num
		t expr.ID
	}
	p := a.p
	args := p.Args(e)
	var parts []part
	var restK []expr.Num
	var restT []expr.ID
	dependent := false
	for i := 1; i < len(args); i += 2 {
		k, _ := p.Value(args[i])
		f := a.form(args[i+1])
		switch f {
		case curved:
			return curved
		case free:
			restK, restT = append(restK, k), append(restT, args[i+1])
			continue
		}
		dependent = true
		for j, v := range f.Vars {
			parts = append(parts, part{v, k, f.Coeffs[j]})
		}
		if f.Rest != expr.Zero {
			restK, restT = append(restK, k), append(restT, f.Rest)
		}
	}
	if !dependent {
		return free
	}
	c0, _ := p.Value(args[0])
	out := &Form{Rest: p.Linear(c0, restK, restT)}
	slices.SortStableFunc(parts, func(x, y part) int { return x.v - y.v })
	var ks []expr.Num
	var ts []expr.ID
	for i, q := range parts {
		ks, ts = append(ks, q.k), append(ts, q.t)
		if i+1 == len(parts) || parts[i+1].v != q.v {
			out.Vars = append(out.Vars, q.v)
			out.Coeffs = append(out.Coeffs, p.Linear(expr.IntNum(0), ks, ts))
			ks, ts = ks[:0], ts[:0]
		}
	}
	return out
}
