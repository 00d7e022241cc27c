package expr

import (
	"math"
	"slices"
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

// Transform rebuilds e bottom-up. f is asked first for every distinct subterm: if
// it returns true the subterm is replaced by the result and not entered.
func (p *Pool) Transform(e ID, memo map[ID]ID, f func(ID) (ID, bool)) ID {
	if r, ok := memo[e]; ok {
		return r
	}
	if r, ok := f(e); ok {
		memo[e] = r
		return r
	}
	n := p.nodes[e]
	if n.op <= OpSym || n.n == 0 {
		memo[e] = e
		return e
	}
	var buf [16]ID
	args := append(buf[:0], p.Args(e)...)
	changed := false
	for i, a := range args {
		if p.nodes[a].op == OpConst {
			continue
		}
		if b := p.Transform(a, memo, f); b != a {
			args[i] = b
			changed = true
		}
	}
	r := e
	if changed {
		r = p.Rebuild(e, args)
	}
	memo[e] = r
	return r
}

// Walk visits every distinct subterm of e once, arguments before the term itself.
// seen may be shared between calls; enter decides whether to go into a term, nil
// enters all.
func (p *Pool) Walk(e ID, seen map[ID]bool, enter func(ID) bool, visit func(ID)) {
	if seen[e] {
		return
	}
	seen[e] = true
	if p.nodes[e].op > OpSym && (enter == nil || enter(e)) {
		for _, a := range p.Args(e) {
			p.Walk(a, seen, enter, visit)
		}
	}
	visit(e)
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

// Eval computes e. value gives the number of symbols and of terms that have no
// value of their own (der(x), pre(x), time, ...); it returns false for terms it does
// not know, whose value is then NaN unless the operator table has one.
func (p *Pool) Eval(e ID, value func(ID) (float64, bool)) float64 {
	return p.eval(e, map[ID]float64{}, value)
}

func (p *Pool) eval(e ID, memo map[ID]float64, value func(ID) (float64, bool)) float64 {
	switch n := p.nodes[e]; n.op {
	case OpConst:
		return p.nums[n.off].Float()
	case OpTrue:
		return 1
	case OpFalse:
		return 0
	}
	if v, ok := memo[e]; ok {
		return v
	}
	if v, ok := value(e); ok {
		memo[e] = v
		return v
	}
	var r float64
	a := p.Args(e)
	switch op := p.Op(e); op {
	case OpAdd:
		c, _ := p.Value(a[0])
		r = c.Float()
		for i := 1; i < len(a); i += 2 {
			k, _ := p.Value(a[i])
			r += k.Float() * p.eval(a[i+1], memo, value)
		}
	case OpMul:
		r = 1
		for i := 0; i < len(a); i += 2 {
			b := p.eval(a[i], memo, value)
			switch a[i+1] {
			case One:
				r *= b
			case MinusOne:
				r /= b
			default:
				r *= math.Pow(b, p.eval(a[i+1], memo, value))
			}
		}
	case OpIf:
		if p.eval(a[0], memo, value) != 0 {
			r = p.eval(a[1], memo, value)
		} else {
			r = p.eval(a[2], memo, value)
		}
	case OpCall:
		f, args := p.Callee(e)
		v := make([]float64, len(args))
		for i, x := range args {
			v[i] = p.eval(x, memo, value)
		}
		r = math.NaN()
		if f.Eval != nil {
			r = f.Eval(v)
		}
	default:
		info := op.Info()
		if info.Eval == nil {
			r = math.NaN()
			break
		}
		v := make([]float64, len(a))
		for i, x := range a {
			v[i] = p.eval(x, memo, value)
		}
		r = info.Eval(v)
	}
	memo[e] = r
	return r
}

func sortIDs(a []ID) { slices.Sort(a) }
