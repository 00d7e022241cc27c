package expr

import (
	"math"
	"slices"

	"github.com/mtkc/mtkc/runtime/elementary"
)

// Substitute replaces terms (usually symbols) by others throughout e. Replacements
// are not searched again. memo is shared between calls with the same map to keep
// the whole pass linear; nil makes a fresh one.
func (p *Pool) Substitute(e ID, with map[ID]ID, memo map[ID]ID) ID {
	if memo == nil {
		memo = map[ID]ID{}
	}
	return p.Transform(e, memo, func(t ID) (ID, bool) {
		r, ok := with[t]
		return r, ok
	})
}

// Transform rebuilds e bottom-up. f is asked first for every distinct subterm, in
// depth-first order: if it returns true the subterm is replaced by the result and not
// entered. Numbers below sums and products are not offered.
func (p *Pool) Transform(e ID, memo map[ID]ID, f func(ID) (ID, bool)) ID {
	if r, ok := memo[e]; ok {
		return r
	}
	var todo []ID // entered terms
	stack := []ID{e}
	for len(stack) > 0 {
		t := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if _, ok := memo[t]; ok {
			continue
		}
		if r, ok := f(t); ok {
			memo[t] = r
			continue
		}
		memo[t] = t // until it is rebuilt below
		n := p.nodes[t]
		if n.op <= OpSym || n.n == 0 {
			continue
		}
		todo = append(todo, t)
		for i := int(n.n) - 1; i >= 0; i-- {
			if a := p.args[int(n.off)+i]; p.nodes[a].op != OpConst {
				stack = append(stack, a)
			}
		}
	}
	// Arguments have smaller ids than the terms that hold them.
	slices.Sort(todo)
	var args []ID
	for _, t := range todo {
		changed := false
		args = append(args[:0], p.Args(t)...)
		for i, a := range args {
			if b, ok := memo[a]; ok && b != a {
				args[i] = b
				changed = true
			}
		}
		if changed {
			memo[t] = p.Rebuild(t, args)
		}
	}
	return memo[e]
}

// Walk visits every distinct subterm of e once, arguments before the term itself.
// seen may be shared between calls; enter decides whether to go into a term, nil
// enters all.
func (p *Pool) Walk(e ID, seen map[ID]bool, enter func(ID) bool, visit func(ID)) {
	if seen[e] {
		return
	}
	type frame struct {
		t    ID
		next uint32 // argument to enter next
		n    uint32
	}
	open := func(t ID) frame {
		seen[t] = true
		n := p.nodes[t]
		if n.op <= OpSym || enter != nil && !enter(t) {
			return frame{t: t}
		}
		return frame{t: t, n: n.n}
	}
	stack := []frame{open(e)}
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		if top.next == top.n {
			t := top.t
			stack = stack[:len(stack)-1]
			visit(t)
			continue
		}
		a := p.args[p.nodes[top.t].off+top.next]
		top.next++
		if !seen[a] {
			stack = append(stack, open(a))
		}
	}
}

// Free returns the symbols of e in the order of their first appearance in a
// depth-first walk.
func (p *Pool) Free(e ID) []ID {
	var out []ID
	p.Walk(e, map[ID]bool{}, nil, func(t ID) {
		if p.nodes[t].op == OpSym {
			out = append(out, t)
		}
	})
	return out
}

// Size is the number of distinct subterms of e.
func (p *Pool) Size(e ID) int {
	seen := map[ID]bool{}
	p.Walk(e, seen, nil, func(ID) {})
	return len(seen)
}

// Atoms returns the atoms of e (see IsAtom) in increasing id order, not looking into
// them.
func (p *Pool) Atoms(e ID) []ID {
	var out []ID
	p.Walk(e, map[ID]bool{}, p.isCompound, func(t ID) {
		if p.IsAtom(t) {
			out = append(out, t)
		}
	})
	slices.Sort(out)
	return out
}

// DependsOn reports whether the atom x occurs in e outside other atoms.
func (p *Pool) DependsOn(e, x ID) bool {
	found := false
	p.Walk(e, map[ID]bool{}, func(t ID) bool { return !found && t >= x && p.isCompound(t) },
		func(t ID) { found = found || t == x })
	return found
}

func (p *Pool) isCompound(t ID) bool { return !p.IsAtom(t) }

// Eval computes e. value gives the number of symbols and of terms that have no
// value of their own (der(x), pre(x), time, ...), and may override that of any other
// term; it returns false for terms it does not know, whose value is then NaN unless
// the operator table has one. It is asked once per distinct term that is no constant.
// Both branches of an if are computed.
func (p *Pool) Eval(e ID, value func(ID) (float64, bool)) float64 {
	return p.EvalAll([]ID{e}, value)[0]
}

// EvalAll is Eval for several terms, whose common parts are computed once.
func (p *Pool) EvalAll(es []ID, value func(ID) (float64, bool)) []float64 {
	var memo idMap[float64]
	var todo []ID
	stack := slices.Clone(es)
	for len(stack) > 0 {
		t := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		place, isNew := memo.at(t)
		if !isNew {
			continue
		}
		switch n := p.nodes[t]; n.op {
		case OpConst:
			*place = p.nums[n.off].Float()
			continue
		case OpTrue:
			*place = 1
			continue
		case OpFalse:
			continue
		}
		if v, ok := value(t); ok {
			*place = v
			continue
		}
		*place = math.NaN()
		if p.Op(t) == OpSym {
			continue
		}
		todo = append(todo, t)
		stack = append(stack, p.Args(t)...)
	}
	slices.Sort(todo)
	var buf []float64
	for _, t := range todo {
		buf = buf[:0]
		for _, x := range p.Args(t) {
			v, _ := memo.get(x)
			buf = append(buf, v)
		}
		place, _ := memo.at(t)
		*place = p.apply(t, buf)
	}
	out := make([]float64, len(es))
	for i, e := range es {
		out[i], _ = memo.get(e)
	}
	return out
}

// apply is the value of t for argument values v in the layout of Args.
func (p *Pool) apply(t ID, v []float64) float64 {
	switch op := p.Op(t); op {
	case OpAdd:
		r := v[0]
		for i := 1; i < len(v); i += 2 {
			r += v[i] * v[i+1]
		}
		return r
	case OpMul:
		a := p.Args(t)
		r := 1.0
		for i := 0; i < len(v); i += 2 {
			switch a[i+1] {
			case One:
				r *= v[i]
			case MinusOne:
				r /= v[i]
			default:
				r *= elementary.Pow(v[i], v[i+1])
			}
		}
		return r
	case OpCall:
		if f, _ := p.Callee(t); f.Eval != nil {
			return f.Eval(v[1:])
		}
	default:
		if f := op.Info().Eval; f != nil {
			return f(v)
		}
	}
	return math.NaN()
}
