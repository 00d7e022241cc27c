package expr

import "slices"

// pair is a (coefficient, term) or (base, exponent) pair under construction.
type pair struct {
	key ID  // term of a sum, base of a product
	c   Num // coefficient of a sum term
	e   ID  // exponent of a product factor
}

// Add returns the canonical sum of the terms.
func (p *Pool) Add(terms ...ID) ID {
	switch len(terms) {
	case 0:
		return Zero
	case 1:
		return terms[0]
	}
	acc := sum{p: p, c: IntNum(0)}
	for _, t := range terms {
		acc.add(IntNum(1), t)
	}
	return acc.done()
}

// Sub returns a - b.
func (p *Pool) Sub(a, b ID) ID {
	acc := sum{p: p, c: IntNum(0)}
	acc.add(IntNum(1), a)
	acc.add(IntNum(-1), b)
	return acc.done()
}

// Neg returns -a.
func (p *Pool) Neg(a ID) ID { return p.Scale(IntNum(-1), a) }

// Scale returns k*a.
func (p *Pool) Scale(k Num, a ID) ID {
	acc := sum{p: p, c: IntNum(0)}
	acc.add(k, a)
	return acc.done()
}

// Linear returns c + k[0]*t[0] + k[1]*t[1] + ...
func (p *Pool) Linear(c Num, k []Num, t []ID) ID {
	acc := sum{p: p, c: c}
	for i := range t {
		acc.add(k[i], t[i])
	}
	return acc.done()
}

// sum accumulates a canonical sum.
type sum struct {
	p  *Pool
	c  Num
	ts []pair
}

// add adds k*t. Sums are flattened where that does not expand anything: when k is
// 1 or -1, or t has a single term.
func (s *sum) add(k Num, t ID) {
	if k.IsZero() {
		return
	}
	p := s.p
	switch p.Op(t) {
	case OpConst:
		v, _ := p.Value(t)
		s.c = s.c.Add(k.Mul(v))
		return
	case OpAdd:
		a := p.Args(t)
		ki, isInt := k.Int()
		if (isInt && (ki == 1 || ki == -1)) || (len(a) == 3 && a[0] == Zero) {
			c0, _ := p.Value(a[0])
			s.c = s.c.Add(k.Mul(c0))
			for i := 1; i < len(a); i += 2 {
				c, _ := p.Value(a[i])
				s.ts = append(s.ts, pair{key: a[i+1], c: k.Mul(c)})
			}
			return
		}
	}
	s.ts = append(s.ts, pair{key: t, c: k})
}

func (s *sum) done() ID {
	p := s.p
	slices.SortStableFunc(s.ts, func(a, b pair) int { return int(int64(a.key) - int64(b.key)) })
	out := s.ts[:0]
	for _, t := range s.ts {
		if n := len(out); n > 0 && out[n-1].key == t.key {
			out[n-1].c = out[n-1].c.Add(t.c)
		} else {
			out = append(out, t)
		}
	}
	args := make([]ID, 1, 1+2*len(out))
	for _, t := range out {
		if !t.c.IsZero() {
			args = append(args, p.Num(t.c), t.key)
		}
	}
	if len(args) == 1 {
		return p.Num(s.c)
	}
	if len(args) == 3 && args[1] == One && s.c.IsZero() {
		return args[2]
	}
	args[0] = p.Num(s.c)
	return p.intern(OpAdd, args)
}

// Mul returns the canonical product of the factors.
func (p *Pool) Mul(factors ...ID) ID {
	if len(factors) == 1 {
		return factors[0]
	}
	acc := product{p: p, k: IntNum(1)}
	for _, f := range factors {
		acc.mul(f, One)
	}
	return acc.done()
}

// Div returns a/b.
func (p *Pool) Div(a, b ID) ID {
	acc := product{p: p, k: IntNum(1)}
	acc.mul(a, One)
	acc.mul(b, MinusOne)
	return acc.done()
}

// Inv returns 1/a.
func (p *Pool) Inv(a ID) ID { return p.Pow(a, MinusOne) }

// Sqrt returns the square root of a.
func (p *Pool) Sqrt(a ID) ID { return p.Pow(a, p.Num(RatNum(1, 2))) }

// Pow returns b^e.
func (p *Pool) Pow(b, e ID) ID {
	acc := product{p: p, k: IntNum(1)}
	acc.mul(b, e)
	return acc.done()
}

// product accumulates a canonical product k * b1^e1 * ...
type product struct {
	p  *Pool
	k  Num
	fs []pair
}

// mul multiplies by b^e. Powers are flattened where that is valid for every value
// for which the left side is defined.
func (m *product) mul(b, e ID) {
	p := m.p
	if e == Zero {
		return
	}
	ev, econst := p.Value(e)
	_, eint := ev.Int()
	eint = eint && econst
	switch p.Op(b) {
	case OpConst:
		v, _ := p.Value(b)
		if b == One {
			return
		}
		if econst {
			if r, ok := v.Pow(ev); ok {
				m.k = m.k.Mul(r)
				return
			}
		}
	case OpMul:
		if eint {
			a := p.Args(b)
			for i := 0; i < len(a); i += 2 {
				m.mul(a[i], p.Mul(a[i+1], e))
			}
			return
		}
	case OpAdd:
		// k*t with a numeric k: take the number out where that is valid.
		if a := p.Args(b); len(a) == 3 && a[0] == Zero {
			k, _ := p.Value(a[1])
			if econst && (eint || k.Sign() > 0) {
				if r, ok := k.Pow(ev); ok {
					m.k = m.k.Mul(r)
					m.mul(a[2], e)
					return
				}
			}
		}
	}
	m.fs = append(m.fs, pair{key: b, e: e})
}

func (m *product) done() ID {
	p := m.p
	if m.k.IsZero() {
		return Zero
	}
	slices.SortStableFunc(m.fs, func(a, b pair) int { return int(int64(a.key) - int64(b.key)) })
	out := m.fs[:0]
	for _, f := range m.fs {
		if n := len(out); n > 0 && out[n-1].key == f.key {
			out[n-1].e = p.Add(out[n-1].e, f.e)
		} else {
			out = append(out, f)
		}
	}
	args := make([]ID, 0, 2*len(out))
	again := false
	for _, f := range out {
		if f.e == Zero {
			continue
		}
		// Merged exponents may have become integers, so that a product base opens.
		if v, ok := p.Value(f.e); ok && p.Op(f.key) == OpMul {
			if _, isInt := v.Int(); isInt {
				again = true
			}
		}
		args = append(args, f.key, f.e)
	}
	if again {
		acc := product{p: p, k: m.k}
		for i := 0; i < len(args); i += 2 {
			acc.mul(args[i], args[i+1])
		}
		return acc.done()
	}
	var t ID
	switch {
	case len(args) == 0:
		return p.Num(m.k)
	case len(args) == 2 && args[1] == One:
		t = args[0]
	default:
		t = p.intern(OpMul, args)
	}
	if m.k.IsOne() {
		return t
	}
	return p.Scale(m.k, t)
}

// Fn applies a function operator of the table and folds constants. It must not be
// used for OpAdd and OpMul. Relations with > are written with the arguments swapped.
func (p *Pool) Fn(op Op, a ...ID) ID {
	switch op {
	case OpNot:
		switch p.Op(a[0]) {
		case OpTrue:
			return False
		case OpFalse:
			return True
		case OpNot:
			return p.Args(a[0])[0]
		}
		return p.intern(op, a)
	case OpAnd:
		if a[0] == False || a[1] == False {
			return False
		}
		if a[0] == True {
			return a[1]
		}
		if a[1] == True || a[0] == a[1] {
			return a[0]
		}
		return p.intern(op, a)
	case OpOr:
		if a[0] == True || a[1] == True {
			return True
		}
		if a[0] == False {
			return a[1]
		}
		if a[1] == False || a[0] == a[1] {
			return a[0]
		}
		return p.intern(op, a)
	case OpIf:
		switch {
		case a[0] == True:
			return a[1]
		case a[0] == False, a[1] == a[2]:
			return a[2]
		}
		return p.intern(op, a)
	case OpNoEvent:
		switch o := p.Op(a[0]); {
		case o < OpAdd && o != OpSym, o == OpNoEvent:
			return a[0]
		}
		return p.intern(op, a)
	case OpDer:
		if p.Op(a[0]) == OpTime {
			return One
		}
		if p.Op(a[0]) == OpConst {
			return Zero
		}
		return p.intern(op, a)
	case OpPre, OpSmooth, OpHomotopy:
		if o := p.Op(a[len(a)-1]); op != OpHomotopy && (o <= OpFalse) {
			return a[len(a)-1]
		}
		return p.intern(op, a)
	}
	info := op.Info()
	if info.Eval == nil || len(a) == 0 {
		return p.intern(op, a)
	}
	if (op == OpLt || op == OpNe) && a[0] == a[1] {
		return False
	}
	if (op == OpLe || op == OpEq) && a[0] == a[1] {
		return True
	}
	var buf [3]float64
	for i, x := range a {
		switch p.Op(x) {
		case OpConst:
			v, _ := p.Value(x)
			buf[i] = v.Float()
		case OpTrue:
			buf[i] = 1
		case OpFalse:
			buf[i] = 0
		default:
			return p.intern(op, a)
		}
	}
	v := info.Eval(buf[:len(a)])
	switch {
	case info.Bool && v != 0:
		return True
	case info.Bool:
		return False
	case v != v:
		return p.intern(op, a) // log(-1): keep it, so that the diagnostic can show it
	}
	return p.Float(v)
}

// Der returns the time derivative symbol of a term, der(e).
func (p *Pool) Der(e ID) ID { return p.Fn(OpDer, e) }

// If returns "if c then a else b".
func (p *Pool) If(c, a, b ID) ID { return p.Fn(OpIf, c, a, b) }

// Rebuild returns the term with the operator of e and other arguments (in the
// layout of Args), in canonical form.
func (p *Pool) Rebuild(e ID, args []ID) ID {
	switch p.Op(e) {
	case OpAdd:
		acc := sum{p: p}
		acc.c, _ = p.Value(args[0])
		for i := 1; i < len(args); i += 2 {
			k, _ := p.Value(args[i])
			acc.add(k, args[i+1])
		}
		return acc.done()
	case OpMul:
		acc := product{p: p, k: IntNum(1)}
		for i := 0; i < len(args); i += 2 {
			acc.mul(args[i], args[i+1])
		}
		return acc.done()
	case OpCall:
		return p.intern(OpCall, args)
	}
	if len(args) == 0 {
		return e
	}
	return p.Fn(p.Op(e), args...)
}
