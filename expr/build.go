package expr

import (
	"cmp"
	"math"
	"slices"
)

// pair is a (coefficient, term) or (base, exponent) pair under construction.
type pair struct {
	key ID  // term of a sum, base of a product
	c   Num // coefficient of a sum term
	e   ID  // exponent of a product factor
}

// flatMax bounds what is merged into a surrounding sum or product: one with more
// terms stays a single term of it. So s = s + x in a loop of n steps costs O(n)
// time and space, not O(n^2): the partial sums nest every flatMax steps. A sum that
// is built by one call (Add, Linear, Parse) is flat whatever its length. The price is
// that like terms do not meet across the border of a long sum.
const flatMax = 32

// long reports whether a sum or product stays nested inside another one.
func (p *Pool) long(e ID) bool { return p.nodes[e].n > 2*flatMax+1 }

func (p *Pool) newSum(c Num) sum         { return sum{p: p, c: c, ts: p.buffer()} }
func (p *Pool) newProduct(k Num) product { return product{p: p, k: k, fs: p.buffer()} }

// buffer and giveBack recycle the memory of sums and products under construction.
func (p *Pool) buffer() []pair {
	n := len(p.spare)
	if n == 0 {
		return make([]pair, 0, 8)
	}
	b := p.spare[n-1]
	p.spare = p.spare[:n-1]
	return b
}

func (p *Pool) giveBack(b []pair) {
	if cap(b) > 0 && cap(b) <= 1024 {
		p.spare = append(p.spare, b[:0])
	}
}

// Add returns the canonical sum of the terms.
func (p *Pool) Add(terms ...ID) ID {
	switch len(terms) {
	case 0:
		return Zero
	case 1:
		return terms[0]
	}
	acc := p.newSum(IntNum(0))
	for _, t := range terms {
		acc.add(IntNum(1), t)
	}
	return acc.done()
}

// Sub returns a - b.
func (p *Pool) Sub(a, b ID) ID {
	acc := p.newSum(IntNum(0))
	acc.add(IntNum(1), a)
	acc.add(IntNum(-1), b)
	return acc.done()
}

// Neg returns -a.
func (p *Pool) Neg(a ID) ID { return p.Scale(IntNum(-1), a) }

// Scale returns k*a.
func (p *Pool) Scale(k Num, a ID) ID {
	acc := p.newSum(IntNum(0))
	acc.add(k, a)
	return acc.done()
}

// Term splits a term into a number and the rest: 3*x*y into 3 and x*y, x into 1 and x.
func (p *Pool) Term(e ID) (k Num, t ID) {
	if a := p.Args(e); p.Op(e) == OpAdd && len(a) == 3 && a[0] == Zero {
		k, _ = p.Value(a[1])
		return k, a[2]
	}
	return IntNum(1), e
}

// Linear returns c + k[0]*t[0] + k[1]*t[1] + ...
func (p *Pool) Linear(c Num, k []Num, t []ID) ID {
	acc := p.newSum(c)
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
// 1 or -1 and t is not long, or t has a single term.
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
		if k.isUnit() && !p.long(t) || len(a) == 3 && a[0] == Zero {
			c0, _ := p.Value(a[0])
			s.c = s.c.Add(k.Mul(c0))
			for i := 1; i < len(a); i += 2 {
				c, _ := p.Value(a[i])
				if c = k.Mul(c); c.isUnit() && p.Op(a[i+1]) == OpAdd && !p.long(a[i+1]) {
					s.add(c, a[i+1]) // 0.5*(2*(x + y))
					continue
				}
				s.ts = append(s.ts, pair{key: a[i+1], c: c})
			}
			return
		}
	}
	s.ts = append(s.ts, pair{key: t, c: k})
}

func (s *sum) done() ID {
	e := s.finish()
	s.p.giveBack(s.ts)
	return e
}

func (s *sum) finish() ID {
	p := s.p
	sortPairs(s.ts)
	out := s.ts[:0]
	again := false
	for _, t := range s.ts {
		if n := len(out); n > 0 && out[n-1].key == t.key {
			c := out[n-1].c.Add(t.c)
			out[n-1].c = c
			// 0.5*(x + y) + 0.5*(x + y) is x + y: a merged coefficient may open a sum.
			again = again || c.isUnit() && p.Op(t.key) == OpAdd && !p.long(t.key)
		} else {
			out = append(out, t)
		}
	}
	if again {
		acc := p.newSum(s.c)
		for _, t := range out {
			acc.add(t.c, t.key)
		}
		return acc.done()
	}
	var buf [2*flatMax + 1]ID
	args := append(buf[:0], Zero)
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

// sortPairs orders by key and keeps the order of equal ones.
func sortPairs(ts []pair) {
	if len(ts) > 16 {
		slices.SortStableFunc(ts, func(a, b pair) int { return cmp.Compare(a.key, b.key) })
		return
	}
	for i := 1; i < len(ts); i++ {
		t := ts[i]
		k := i
		for ; k > 0 && ts[k-1].key > t.key; k-- {
			ts[k] = ts[k-1]
		}
		ts[k] = t
	}
}

// Mul returns the canonical product of the factors.
func (p *Pool) Mul(factors ...ID) ID {
	if len(factors) == 1 {
		return factors[0]
	}
	acc := p.newProduct(IntNum(1))
	for _, f := range factors {
		acc.mul(f, One)
	}
	return acc.done()
}

// Factored is Mul as a number times a term, for a sum that takes the two apart: the term
// of their product is not made.
func (p *Pool) Factored(factors ...ID) (Num, ID) {
	acc := p.newProduct(IntNum(1))
	for _, f := range factors {
		acc.mul(f, One)
	}
	return acc.factored()
}

// Div returns a/b.
func (p *Pool) Div(a, b ID) ID {
	acc := p.newProduct(IntNum(1))
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
	acc := p.newProduct(IntNum(1))
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
				if e == MinusOne {
					m.k = m.k.Div(v) // 0.3/0.1 is what float64 makes of it, not 0.3*10
				} else {
					m.k = m.k.Mul(r)
				}
				return
			}
			if v.isNaN() || ev.isNaN() {
				m.k = FloatNum(math.NaN())
				return
			}
			if b == Zero { // 1/0: every negative power is the same pole
				m.fs = append(m.fs, pair{key: Zero, e: MinusOne})
				return
			}
		}
	case OpMul:
		if eint && !p.long(b) {
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
			if econst {
				r, ok := k.Pow(ev)
				if !eint { // irrational roots stay inside: sqrt(2*x) is not 1.414*sqrt(x)
					r, ok = k.root(ev)
				}
				if ok {
					if e == MinusOne {
						m.k = m.k.Div(k)
					} else {
						m.k = m.k.Mul(r)
					}
					m.mul(a[2], e)
					return
				}
			}
		}
	}
	m.fs = append(m.fs, pair{key: b, e: e})
}

func (m *product) done() ID {
	k, t := m.factored()
	if k.IsOne() {
		return t
	}
	return m.p.Scale(k, t)
}

// factored is the product as a number times a term.
func (m *product) factored() (Num, ID) {
	k, t := m.finish()
	m.p.giveBack(m.fs)
	return k, t
}

func (m *product) finish() (Num, ID) {
	p := m.p
	sortPairs(m.fs)
	out := m.fs[:0]
	again := false
	for _, f := range m.fs {
		if n := len(out); n > 0 && out[n-1].key == f.key {
			out[n-1].e = p.Add(out[n-1].e, f.e)
			// A merged exponent may have become a number that opens the base:
			// sqrt(x*y)*sqrt(x*y) is x*y.
			if p.Op(out[n-1].e) == OpConst {
				switch p.Op(f.key) {
				case OpConst, OpMul, OpAdd:
					again = true
				}
			}
		} else {
			out = append(out, f)
		}
	}
	if again {
		acc := p.newProduct(m.k)
		for _, f := range out {
			acc.mul(f.key, f.e)
		}
		return acc.factored()
	}
	var buf [2 * flatMax]ID
	args := buf[:0]
	for _, f := range out {
		if f.e == Zero {
			continue
		}
		if f.key == Zero && f.e == MinusOne && m.k.IsZero() {
			return IntNum(1), p.Float(math.NaN()) // 0/0
		}
		args = append(args, f.key, f.e)
	}
	if m.k.IsZero() {
		return IntNum(1), Zero
	}
	switch {
	case len(args) == 0:
		return IntNum(1), p.Num(m.k)
	case len(args) == 2 && args[1] == One:
		return m.k, args[0]
	}
	return m.k, p.intern(OpMul, args)
}

// Fn applies a function operator of the table and folds constants, as long as the
// value is a finite number: log(-1) and exp(1000) stay as they are, so that a
// diagnostic can show them. It must not be used for OpAdd, OpMul and OpCall.
// Relations with > are written with the arguments swapped. The arguments of ==, <>,
// min and max are put in the order of their ids.
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
		switch {
		case a[0] == False || a[1] == False:
			return False
		case a[0] == True:
			return a[1]
		case a[1] == True || a[0] == a[1]:
			return a[0]
		}
		return p.intern(op, a)
	case OpOr:
		switch {
		case a[0] == True || a[1] == True:
			return True
		case a[0] == False:
			return a[1]
		case a[1] == False || a[0] == a[1]:
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
		if o := p.Op(a[0]); o < OpAdd || o == OpNoEvent || p.IsAtom(a[0]) {
			return a[0]
		}
		return p.intern(op, a)
	case OpDer:
		switch p.Op(a[0]) {
		case OpTime:
			return One
		case OpConst:
			return Zero
		}
		return p.intern(op, a)
	case OpPre:
		if p.Op(a[0]) <= OpFalse {
			return a[0]
		}
		return p.intern(op, a)
	case OpSmooth:
		if p.Op(a[1]) < OpAdd {
			return a[1]
		}
		return p.intern(op, a)
	case OpHomotopy:
		if a[0] == a[1] {
			return a[0]
		}
		return p.intern(op, a)
	case OpLt:
		if a[0] == a[1] {
			return False
		}
	case OpLe:
		if a[0] == a[1] {
			return True
		}
	case OpEq, OpNe, OpMin, OpMax:
		if a[0] == a[1] {
			switch op {
			case OpEq:
				return True
			case OpNe:
				return False
			}
			return a[0]
		}
		if a[0] > a[1] {
			a = []ID{a[1], a[0]}
		}
	}
	info := op.Info()
	if info.Eval == nil || len(a) == 0 {
		return p.intern(op, a)
	}
	for _, x := range a {
		if o := p.Op(x); o != OpConst && o != OpTrue && o != OpFalse {
			return p.intern(op, a)
		}
	}
	v := make([]float64, 0, len(a))
	for _, x := range a {
		switch p.Op(x) {
		case OpConst:
			n, _ := p.Value(x)
			v = append(v, n.Float())
		case OpTrue:
			v = append(v, 1)
		case OpFalse:
			v = append(v, 0)
		}
	}
	r := info.Eval(v)
	switch {
	case info.Bool && r != 0:
		return True
	case info.Bool:
		return False
	case math.IsNaN(r) || math.IsInf(r, 0):
		return p.intern(op, a)
	}
	return p.Float(r)
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
		c0, _ := p.Value(args[0])
		acc := p.newSum(c0)
		for i := 1; i < len(args); i += 2 {
			k, _ := p.Value(args[i])
			acc.add(k, args[i+1])
		}
		return acc.done()
	case OpMul:
		acc := p.newProduct(IntNum(1))
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
