package expr

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
	if memo == nil {
		memo = map[ID]ID{}
	}
	return p.chain(e, memo, func(a ID) ID {
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
	if memo == nil {
		memo = map[ID]ID{}
	}
	return p.chain(e, memo, func(a ID) ID {
		if a == Time {
			return One
		}
		return dot(a)
	})
}

// chain is the forward chain rule: the derivative of e when atoms have the given
// tangents.
func (p *Pool) chain(e ID, memo map[ID]ID, tangent func(ID) ID) ID {
	if p.IsAtom(e) {
		return tangent(e)
	}
	switch p.Op(e) {
	case OpConst, OpTrue, OpFalse:
		return Zero
	}
	if r, ok := memo[e]; ok {
		return r
	}
	a := append([]ID(nil), p.Args(e)...)
	var r ID
	switch op := p.Op(e); op {
	case OpAdd:
		acc := sum{p: p, c: IntNum(0)}
		for i := 1; i < len(a); i += 2 {
			k, _ := p.Value(a[i])
			acc.add(k, p.chain(a[i+1], memo, tangent))
		}
		r = acc.done()
	case OpMul:
		terms := make([]ID, 0, len(a)/2)
		for i := 0; i < len(a); i += 2 {
			d := p.dpow(a[i], a[i+1], p.chain(a[i], memo, tangent), p.chain(a[i+1], memo, tangent))
			if d == Zero {
				continue
			}
			acc := product{p: p, k: IntNum(1)}
			acc.mul(d, One)
			for j := 0; j < len(a); j += 2 {
				if j != i {
					acc.mul(a[j], a[j+1])
				}
			}
			terms = append(terms, acc.done())
		}
		r = p.Add(terms...)
	case OpIf:
		r = p.Fn(OpIf, a[0], p.chain(a[1], memo, tangent), p.chain(a[2], memo, tangent))
	case OpNoEvent:
		if d := p.chain(a[0], memo, tangent); d != Zero {
			r = p.Fn(OpNoEvent, d)
		}
	case OpSmooth:
		r = p.chain(a[1], memo, tangent)
	case OpHomotopy:
		d0, d1 := p.chain(a[0], memo, tangent), p.chain(a[1], memo, tangent)
		if d0 != Zero || d1 != Zero {
			r = p.Fn(OpHomotopy, d0, d1)
		}
	case OpCall:
		f, args := p.Callee(e)
		var terms []ID
		for i, x := range args {
			dx := p.chain(x, memo, tangent)
			if dx == Zero {
				continue
			}
			var d ID
			if f.Partial != nil {
				d = f.Partial(p, args, i)
			} else {
				d = p.numericPartial(e, i)
			}
			terms = append(terms, p.Mul(d, dx))
		}
		r = p.Add(terms...)
	default:
		info := op.Info()
		if info.Diff == nil {
			break
		}
		var terms []ID
		for i, x := range a {
			dx := p.chain(x, memo, tangent)
			if dx == Zero {
				continue
			}
			terms = append(terms, p.Mul(info.Diff(p, a, i), dx))
		}
		r = p.Add(terms...)
	}
	memo[e] = r
	return r
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

// numericPartial is a central difference of a call without known derivatives.
func (p *Pool) numericPartial(e ID, i int) ID {
	a := append([]ID(nil), p.Args(e)...)
	const step = 1.0 / (1 << 18)
	h := p.Mul(p.Float(step), p.Fn(OpMax, One, p.Fn(OpAbs, a[i+1])))
	x := a[i+1]
	a[i+1] = p.Add(x, h)
	hi := p.intern(OpCall, a)
	a[i+1] = p.Sub(x, h)
	lo := p.intern(OpCall, a)
	return p.Div(p.Sub(hi, lo), p.Scale(IntNum(2), h))
}

// Gradient returns the partial derivatives of e with respect to each atom that it
// depends on and that want accepts (nil: all), by reverse accumulation over the DAG:
// the cost is a small multiple of the size of e whatever the number of atoms. The
// atoms come in increasing id order.
//
// Griewank and Walther, Evaluating Derivatives, 2008, ch. 3.
//
// The branches of an if are differentiated on their own and chosen between
// afterwards, so that a branch that is not taken and has no value (log of a negative
// number) does not spoil the derivative.
func (p *Pool) Gradient(e ID, want func(atom ID) bool) (atoms, derivs []ID) {
	g := p.gradient(e, map[ID]gradient{})
	for i, a := range g.atoms {
		if want == nil || want(a) {
			atoms, derivs = append(atoms, a), append(derivs, g.derivs[i])
		}
	}
	return atoms, derivs
}

// gradient lists atoms in increasing order with the derivatives.
type gradient struct{ atoms, derivs []ID }

// choose is the gradient of "if c then a else b".
func (p *Pool) choose(c ID, a, b gradient) gradient {
	var g gradient
	for i, j := 0, 0; i < len(a.atoms) || j < len(b.atoms); {
		var atom ID
		da, db := Zero, Zero
		if j == len(b.atoms) || i < len(a.atoms) && a.atoms[i] <= b.atoms[j] {
			atom, da = a.atoms[i], a.derivs[i]
		} else {
			atom = b.atoms[j]
		}
		if i < len(a.atoms) && a.atoms[i] == atom {
			i++
		}
		if j < len(b.atoms) && b.atoms[j] == atom {
			db = b.derivs[j]
			j++
		}
		g.atoms, g.derivs = append(g.atoms, atom), append(g.derivs, p.Fn(OpIf, c, da, db))
	}
	return g
}

// gradient is Gradient with the results for if-terms in memo.
func (p *Pool) gradient(e ID, memo map[ID]gradient) gradient {
	if p.Op(e) == OpIf {
		if g, ok := memo[e]; ok {
			return g
		}
		a := p.Args(e)
		c, x, y := a[0], a[1], a[2]
		g := p.choose(c, p.gradient(x, memo), p.gradient(y, memo))
		memo[e] = g
		return g
	}
	order := p.postorder(e)
	adj := make(map[ID][]ID, len(order))
	adj[e] = []ID{One}
	for k := len(order) - 1; k >= 0; k-- {
		t := order[k]
		contrib, ok := adj[t]
		if !ok {
			continue
		}
		if p.IsAtom(t) {
			continue
		}
		bar := p.Add(contrib...)
		delete(adj, t)
		if bar == Zero {
			continue
		}
		push := func(x, d ID) {
			if d == Zero || p.Op(x) <= OpFalse {
				return
			}
			adj[x] = append(adj[x], p.Mul(bar, d))
		}
		a := append([]ID(nil), p.Args(t)...)
		switch op := p.Op(t); op {
		case OpAdd:
			for i := 1; i < len(a); i += 2 {
				push(a[i+1], a[i])
			}
		case OpMul:
			for i := 0; i < len(a); i += 2 {
				b, x := a[i], a[i+1]
				acc := product{p: p, k: IntNum(1)}
				for j := 0; j < len(a); j += 2 {
					if j != i {
						acc.mul(a[j], a[j+1])
					}
				}
				rest := acc.done()
				push(b, p.Mul(rest, x, p.Pow(b, p.Sub(x, One))))
				if p.Op(x) != OpConst {
					push(x, p.Mul(rest, p.Pow(b, x), p.Fn(OpLog, b)))
				}
			}
		case OpCall:
			f, args := p.Callee(t)
			for i, x := range args {
				if p.Op(x) <= OpFalse {
					continue
				}
				if f.Partial != nil {
					push(x, f.Partial(p, args, i))
				} else {
					push(x, p.numericPartial(t, i))
				}
			}
		case OpIf:
			g := p.gradient(t, memo)
			for i, atom := range g.atoms {
				push(atom, g.derivs[i])
			}
		default:
			if d := op.Info().Diff; d != nil {
				for i, x := range a {
					push(x, d(p, a, i))
				}
			}
		}
	}
	var g gradient
	for _, t := range order {
		if c, ok := adj[t]; ok && p.IsAtom(t) {
			if d := p.Add(c...); d != Zero {
				g.atoms, g.derivs = append(g.atoms, t), append(g.derivs, d)
			}
		}
	}
	return g
}

// postorder lists the distinct subterms of e in increasing id order, not entering
// atoms.
func (p *Pool) postorder(e ID) []ID {
	var out []ID
	p.Walk(e, map[ID]bool{}, func(t ID) bool { return !p.IsAtom(t) }, func(t ID) { out = append(out, t) })
	// A depth-first post-order is topological; sorting makes it canonical.
	sortIDs(out)
	return out
}
