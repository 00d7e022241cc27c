package expr

import "slices"

// IsAtom reports whether differentiation treats e as an independent variable:
// symbols, time, derivatives, previous values.
func (p *Pool) IsAtom(e ID) bool {
	switch p.Op(e) {
	case OpSym, OpTime, OpDer, OpPre, OpDelay:
		return true
	}
	return false
}

// Diff returns the partial derivative of e with respect to the atom x. All other
// atoms are constants: der(x) does not depend on x. memo is shared between calls
// with the same x; nil makes a fresh one.
func (p *Pool) Diff(e, x ID, memo map[ID]ID) ID {
	return p.Tangent(e, memo, func(a ID) ID {
		if a == x {
			return One
		}
		return Zero
	})
}

// TimeDerivative returns the total derivative of e with respect to time. dot gives
// the derivative of every atom other than time: der(x) for a variable x,
// der(der(x)) for der(x), Zero for parameters and discrete variables. memo is shared
// between calls with the same dot; nil makes a fresh one.
func (p *Pool) TimeDerivative(e ID, memo map[ID]ID, dot func(atom ID) ID) ID {
	return p.Tangent(e, memo, func(a ID) ID {
		if a == Time {
			return One
		}
		return dot(a)
	})
}

// Tangent returns the sum over the atoms a of e of the partial derivative by a times
// tangent(a): the product of the gradient with a vector, by the forward chain rule.
// tangent is asked once per atom and memo. memo is shared between calls with the same
// tangent; nil makes a fresh one.
func (p *Pool) Tangent(e ID, memo map[ID]ID, tangent func(atom ID) ID) ID {
	if memo == nil {
		memo = map[ID]ID{}
	}
	if r, ok := memo[e]; ok {
		return r
	}
	var todo []ID
	stack := []ID{e}
	for len(stack) > 0 {
		t := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if _, ok := memo[t]; ok {
			continue
		}
		if p.IsAtom(t) {
			memo[t] = tangent(t)
			continue
		}
		memo[t] = Zero
		if p.nodes[t].op <= OpFalse {
			continue
		}
		todo = append(todo, t)
		stack = append(stack, p.Args(t)...)
	}
	slices.Sort(todo)
	for _, t := range todo {
		memo[t] = p.tangentOf(t, memo)
	}
	return memo[e]
}

// tangentOf is the chain rule for one term whose arguments have their tangents in
// dot.
func (p *Pool) tangentOf(e ID, dot map[ID]ID) ID {
	a := p.Args(e) // stays valid when the pool grows: terms are never changed
	moves := false
	for _, x := range a {
		moves = moves || dot[x] != Zero
	}
	if !moves {
		return Zero
	}
	switch op := p.Op(e); op {
	case OpAdd:
		acc := p.newSum(IntNum(0))
		for i := 1; i < len(a); i += 2 {
			k, _ := p.Value(a[i])
			acc.add(k, dot[a[i+1]])
		}
		return acc.done()
	case OpMul:
		acc := p.newSum(IntNum(0))
		others := p.cofactors(a)
		for i := 0; i < len(a); i += 2 {
			if d := p.dpow(a[i], a[i+1], dot[a[i]], dot[a[i+1]]); d != Zero {
				acc.add(IntNum(1), p.Mul(others(i/2), d))
			}
		}
		return acc.done()
	case OpIf:
		return p.Fn(OpIf, a[0], dot[a[1]], dot[a[2]])
	case OpNoEvent:
		return p.Fn(OpNoEvent, dot[a[0]])
	case OpSmooth:
		// One order of smoothness is lost; below zero the derivative may jump.
		if n, ok := p.Value(a[0]); ok && n.Sign() > 0 {
			return p.Fn(OpSmooth, p.Num(n.Add(IntNum(-1))), dot[a[1]])
		}
		return dot[a[1]]
	case OpHomotopy:
		return p.Fn(OpHomotopy, dot[a[0]], dot[a[1]])
	default:
		acc := p.newSum(IntNum(0))
		for i, x := range a {
			if dx := dot[x]; dx != Zero {
				acc.add(IntNum(1), p.Mul(p.partial(e, i), dx))
			}
		}
		return acc.done()
	}
}

// partial is the derivative of a function node by its argument i.
func (p *Pool) partial(e ID, i int) ID {
	a := p.Args(e)
	if p.Op(e) == OpCall {
		if i == 0 {
			return Zero
		}
		f, args := p.Callee(e)
		if f.Partial != nil {
			return f.Partial(p, args, i-1)
		}
		return p.numericPartial(e, i)
	}
	if d := p.Op(e).Info().Diff; d != nil {
		return d(p, a, i)
	}
	return Zero
}

// cofactors gives the product of all factors of a product but one. A long product
// shares partial products from both ends, so that all its cofactors together stay of
// linear size.
func (p *Pool) cofactors(a []ID) func(i int) ID {
	n := len(a) / 2
	if n <= flatMax/2 {
		return func(i int) ID {
			acc := p.newProduct(IntNum(1))
			for j := 0; j < n; j++ {
				if j != i {
					acc.mul(a[2*j], a[2*j+1])
				}
			}
			return acc.done()
		}
	}
	left, right := make([]ID, n+1), make([]ID, n+1)
	left[0], right[n] = One, One
	for i := 0; i < n; i++ {
		left[i+1] = p.Mul(left[i], p.Pow(a[2*i], a[2*i+1]))
	}
	for i := n - 1; i >= 0; i-- {
		right[i] = p.Mul(right[i+1], p.Pow(a[2*i], a[2*i+1]))
	}
	return func(i int) ID { return p.Mul(left[i], right[i+1]) }
}

// dpow is the derivative of b^e for tangents db and de.
func (p *Pool) dpow(b, e, db, de ID) ID {
	var terms []ID
	if db != Zero {
		terms = append(terms, p.Mul(e, p.Pow(b, p.Sub(e, One)), db))
	}
	if de != Zero {
		terms = append(terms, p.Mul(p.Pow(b, e), p.Fn(OpLog, b), de))
	}
	return p.Add(terms...)
}

// numericPartial is a central difference of a call, by Args index i.
func (p *Pool) numericPartial(e ID, i int) ID {
	a := slices.Clone(p.Args(e))
	const step = 1.0 / (1 << 18)
	x := a[i]
	h := p.Mul(p.Float(step), p.Fn(OpMax, One, p.Fn(OpAbs, x)))
	a[i] = p.Add(x, h)
	hi := p.intern(OpCall, a)
	a[i] = p.Sub(x, h)
	lo := p.intern(OpCall, a)
	return p.Div(p.Sub(hi, lo), p.Scale(IntNum(2), h))
}

// Gradient returns the partial derivatives of e with respect to each atom that it
// depends on and that want accepts (nil: all), by reverse accumulation over the DAG:
// the cost is a small multiple of the size of e whatever the number of atoms. The
// atoms come in increasing id order. (A derivative by reverse accumulation has the
// value of Diff, but is another term; noEvent around a part of e is not kept around
// the derivatives of that part, and homotopy counts as its actual argument.)
//
// The branches of an if are differentiated on their own and chosen between
// afterwards, so that a branch that is not taken and has no value (log of a negative
// number) does not spoil the derivative.
//
// Griewank and Walther, Evaluating Derivatives, 2008, ch. 3.
func (p *Pool) Gradient(e ID, want func(atom ID) bool) (atoms, derivs []ID) {
	if g, ok := p.monomial(e, want); ok {
		return g.atoms, g.derivs
	}
	r := reverse{p: p, want: want, ifs: map[ID]gradient{}}
	g := r.gradient(e)
	return g.atoms, g.derivs
}

// monomial is the gradient of a number times powers of atoms with constant exponents, made of the same terms in the same
// order as by reverse accumulation; most terms of reaction networks are such. ok is false for any other term.
func (p *Pool) monomial(e ID, want func(ID) bool) (g gradient, ok bool) {
	bar := One
	a := p.Args(e)
	if p.Op(e) == OpAdd && len(a) == 3 && a[0] == Zero {
		bar, e = a[1], a[2]
		a = p.Args(e)
	}
	if p.Op(e) != OpMul {
		return g, false
	}
	n := 0
	for i := 0; i < len(a); i += 2 {
		if !p.IsAtom(a[i]) || p.Op(a[i+1]) != OpConst {
			return g, false
		}
		if want == nil || want(a[i]) {
			n++
		}
	}
	if n == 0 {
		return g, true
	}
	g.atoms, g.derivs = make([]ID, 0, n), make([]ID, 0, n)
	others := p.cofactors(a)
	for i := 0; i < len(a); i += 2 {
		b, x := a[i], a[i+1]
		if want != nil && !want(b) {
			continue
		}
		d := others(i / 2)
		if x != One {
			d = p.Mul(d, p.dpow(b, x, One, Zero))
		}
		if bar != One {
			d = p.Mul(bar, d)
		}
		if d == Zero {
			continue
		}
		k := len(g.atoms)
		g.atoms, g.derivs = append(g.atoms, b), append(g.derivs, d)
		for ; k > 0 && g.atoms[k-1] > b; k-- {
			g.atoms[k], g.atoms[k-1] = g.atoms[k-1], g.atoms[k]
			g.derivs[k], g.derivs[k-1] = g.derivs[k-1], g.derivs[k]
		}
	}
	return g, true
}

// gradient lists atoms in increasing order with the derivatives.
type gradient struct{ atoms, derivs []ID }

// reverse is one run of reverse accumulation, with the gradients of if-terms.
type reverse struct {
	p    *Pool
	want func(ID) bool
	ifs  map[ID]gradient
}

func (r *reverse) gradient(e ID) gradient {
	p := r.p
	if p.Op(e) == OpIf {
		return r.ifTerm(e)
	}
	order := p.moving(e, r.want)
	var place idMap[int32] // in order
	for i, t := range order {
		v, _ := place.at(t)
		*v = int32(i)
	}
	adj := make([][]ID, len(order)) // contributions to the adjoint
	if n := len(order); n > 0 && order[n-1] == e {
		adj[n-1] = []ID{One}
	}
	for k := len(order) - 1; k >= 0; k-- {
		t := order[k]
		if p.IsAtom(t) {
			continue
		}
		bar := p.Add(adj[k]...)
		adj[k] = nil
		if bar == Zero {
			continue
		}
		push := func(x ID, d func() ID) {
			if i, ok := place.get(x); ok {
				if v := d(); v != Zero {
					adj[i] = append(adj[i], p.Mul(bar, v))
				}
			}
		}
		a := p.Args(t)
		switch op := p.Op(t); op {
		case OpAdd:
			for i := 1; i < len(a); i += 2 {
				push(a[i+1], func() ID { return a[i] })
			}
		case OpMul:
			others := p.cofactors(a)
			for i := 0; i < len(a); i += 2 {
				b, x := a[i], a[i+1]
				push(b, func() ID { return p.Mul(others(i/2), p.dpow(b, x, One, Zero)) })
				push(x, func() ID { return p.Mul(others(i/2), p.dpow(b, x, Zero, One)) })
			}
		case OpIf:
			g := r.ifTerm(t)
			for i, atom := range g.atoms {
				push(atom, func() ID { return g.derivs[i] })
			}
		default:
			for i, x := range a {
				push(x, func() ID { return p.partial(t, i) })
			}
		}
	}
	var g gradient
	for i, t := range order {
		if c := adj[i]; len(c) > 0 {
			if d := p.Add(c...); d != Zero {
				g.atoms, g.derivs = append(g.atoms, t), append(g.derivs, d)
			}
		}
	}
	return g
}

// ifTerm is the gradient of "if c then a else b": an if for every atom.
func (r *reverse) ifTerm(e ID) gradient {
	if g, ok := r.ifs[e]; ok {
		return g
	}
	args := r.p.Args(e)
	a, b := r.gradient(args[1]), r.gradient(args[2])
	var g gradient
	for i, j := 0, 0; i < len(a.atoms) || j < len(b.atoms); {
		atom, da, db := ID(0), Zero, Zero
		switch {
		case j == len(b.atoms) || i < len(a.atoms) && a.atoms[i] < b.atoms[j]:
			atom, da = a.atoms[i], a.derivs[i]
			i++
		case i == len(a.atoms) || b.atoms[j] < a.atoms[i]:
			atom, db = b.atoms[j], b.derivs[j]
			j++
		default:
			atom, da, db = a.atoms[i], a.derivs[i], b.derivs[j]
			i, j = i+1, j+1
		}
		g.atoms, g.derivs = append(g.atoms, atom), append(g.derivs, r.p.Fn(OpIf, args[0], da, db))
	}
	r.ifs[e] = g
	return g
}

// moving lists the subterms of e that depend on wanted atoms, in increasing id order.
func (p *Pool) moving(e ID, want func(ID) bool) []ID {
	if p.IsAtom(e) && want != nil && !want(e) {
		return nil
	}
	var all, out []ID
	var moves idMap[bool]
	moves.at(e)
	stack := []ID{e}
	for len(stack) > 0 {
		t := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		all = append(all, t)
		if p.IsAtom(t) {
			continue
		}
		for _, a := range p.Args(t) {
			if p.nodes[a].op > OpFalse {
				if _, isNew := moves.at(a); isNew {
					stack = append(stack, a)
				}
			}
		}
	}
	slices.Sort(all)
	for _, t := range all {
		m := false
		if p.IsAtom(t) {
			m = want == nil || want(t)
		} else {
			for _, a := range p.Args(t) {
				if v, ok := moves.get(a); ok && v {
					m = true
					break
				}
			}
		}
		if m {
			v, _ := moves.at(t)
			*v = true
			out = append(out, t)
		}
	}
	return out
}
