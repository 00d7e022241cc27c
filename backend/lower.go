package backend

import (
	"fmt"
	"strconv"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/structural"
)

// meaning says what an atom is in a kernel.
type meaning struct {
	kind  uint8
	index int32
}

const (
	unknownAtom uint8 = iota
	timeAtom
	stateAtom   // u[index]
	memoryAtom  // p[index]
	initialAtom // w[index]
	targetAtom  // defined by lowerer.defs[index]
)

// definition is a name for a term, in the values of a kernel computed where it is
// first needed.
type definition struct {
	value expr.ID
	name  string
	eq    int
	from  int32
	part  bool // of a larger term that is computed piece by piece
}

// lowerer translates terms to instructions. Its tables are indexed by term and serve
// all kernels of a program one after the other.
type lowerer struct {
	quotients bool // Options.Quotients
	p         *expr.Pool
	atoms     []meaning // by term
	defs      []definition
	funcs     *functions // of all lowerers of the program

	b     *Builder // of the present kernel
	stamp []uint32 // by term: the kernel for which val is valid
	val   []Ref
	cur   uint32
}

// functions numbers the functions that are called.
type functions struct {
	list  []*expr.Func
	index map[*expr.Func]int32
}

func (fs *functions) of(f *expr.Func) int32 {
	i, ok := fs.index[f]
	if !ok {
		i = int32(len(fs.list))
		fs.list = append(fs.list, f)
		fs.index[f] = i
	}
	return i
}

func newLowerer(p *expr.Pool, funcs *functions, opt Options) *lowerer {
	l := &lowerer{p: p, funcs: funcs, quotients: opt.Quotients}
	l.set(expr.Time, timeAtom, 0)
	return l
}

// set gives an atom its meaning.
func (l *lowerer) set(a expr.ID, kind uint8, index int32) {
	if int(a) >= len(l.atoms) {
		l.atoms = append(l.atoms, make([]meaning, l.p.Len()-len(l.atoms))...)
	}
	l.atoms[a] = meaning{kind, index}
}

func (l *lowerer) meaning(a expr.ID) meaning {
	if int(a) < len(l.atoms) {
		return l.atoms[a]
	}
	return meaning{}
}

// define makes atoms names of terms.
func (l *lowerer) define(seq []structural.Assign, labels []string) {
	for k, a := range seq {
		name := ""
		if labels != nil {
			name = labels[k]
		} else {
			name = l.p.Name(a.Target)
		}
		l.set(a.Target, targetAtom, int32(len(l.defs)))
		l.defs = append(l.defs, definition{value: a.Value, name: name, eq: a.Eq, from: a.From})
	}
}

// piece makes a symbol that stands for a part of a larger term.
func (l *lowerer) piece(value expr.ID) expr.ID {
	s := l.p.Sym("\x01part" + strconv.Itoa(len(l.defs)))
	l.set(s, targetAtom, int32(len(l.defs)))
	l.defs = append(l.defs, definition{value: value, eq: -1, part: true})
	return s
}

// begin starts a kernel.
func (l *lowerer) begin(name string) {
	l.b = NewBuilder(name)
	l.b.quotients = l.quotients
	l.renew()
}

// renew forgets the values of terms: atoms are about to mean something else.
func (l *lowerer) renew() {
	l.cur++
	if n := l.p.Len(); n > len(l.stamp) {
		l.stamp = append(l.stamp, make([]uint32, n-len(l.stamp))...)
		l.val = append(l.val, make([]Ref, n-len(l.val))...)
	}
}

// assign fixes the value of a term for the rest of the kernel.
func (l *lowerer) assign(e expr.ID, r Ref) { l.stamp[e], l.val[e] = l.cur, r }

// outputs lowers terms to the entries of Main in order.
func (l *lowerer) outputs(terms []expr.ID) *Kernel {
	for i, e := range terms {
		l.b.Output(Main, i, l.lower(e))
	}
	return l.b.simplified()
}

// lower returns the value of a term.
func (l *lowerer) lower(e expr.ID) Ref {
	if l.stamp[e] == l.cur {
		return l.val[e]
	}
	r := l.compute(e)
	l.assign(e, r)
	return r
}

func (l *lowerer) compute(e expr.ID) Ref {
	p, b := l.p, l.b
	switch op := p.Op(e); op {
	case expr.OpConst:
		v, _ := p.Value(e)
		return b.Number(v.Float())
	case expr.OpTrue:
		return b.Number(1)
	case expr.OpFalse:
		return b.Number(0)
	case expr.OpSym, expr.OpTime:
		return l.atom(e)
	case expr.OpAdd:
		return l.sum(e)
	case expr.OpMul:
		return l.product(e, None)
	case expr.OpNoEvent, expr.OpHomotopy:
		return l.lower(p.Args(e)[0])
	case expr.OpSmooth:
		return l.lower(p.Args(e)[1])
	case expr.OpCall:
		f, args := p.Callee(e)
		vals := make([]Ref, len(args))
		for k, a := range args {
			vals[k] = l.lower(a)
		}
		return b.Call(l.funcs.of(f), vals)
	default:
		to, ok := direct[op]
		if !ok {
			panic(fmt.Sprintf("mtkc: bug: %s reached the back end in %s", op, p.Text(e, expr.TextOptions{Limit: 200})))
		}
		a := p.Args(e)
		switch len(a) {
		case 1:
			return b.Emit(to, l.lower(a[0]))
		case 2:
			x := l.lower(a[0])
			return b.Emit(to, x, l.lower(a[1]))
		}
		c := l.lower(a[0])
		x := l.lower(a[1])
		return b.Emit(to, c, x, l.lower(a[2]))
	}
}

func (l *lowerer) atom(e expr.ID) Ref {
	switch m := l.meaning(e); m.kind {
	case timeAtom:
		return l.b.Emit(Time)
	case stateAtom:
		return l.b.Emit(U, m.index)
	case memoryAtom:
		return l.b.Emit(P, m.index)
	case initialAtom:
		return l.b.Emit(W, m.index)
	case targetAtom:
		d := &l.defs[m.index]
		r := l.lower(d.value)
		if d.name != "" {
			l.b.Label(r, d.name, d.eq)
		}
		return r
	}
	panic(fmt.Sprintf("mtkc: bug: kernel %s: %s is no atom of the plan", l.b.k.Name, l.p.String(e)))
}

// sum lowers c0 + k1*t1 + k2*t2 + ...
func (l *lowerer) sum(e expr.ID) Ref {
	b := l.b
	a := l.p.Args(e)
	acc := None
	held := None // the first term, to be subtracted
	if c, _ := l.p.Value(a[0]); !c.IsZero() {
		acc = b.Number(c.Float())
	}
	for i := 1; i < len(a); i += 2 {
		k, _ := l.p.Value(a[i])
		kf := k.Float()
		if kf == -1 {
			v := l.lower(a[i+1])
			switch {
			case acc != None:
				acc = b.Emit(Sub, acc, v)
			case held != None:
				acc, held = b.Emit(Sub, b.neg(held), v), None
			default:
				held = v
			}
			continue
		}
		v := l.scaled(kf, a[i+1])
		switch {
		case acc != None:
			acc = b.Emit(Add, acc, v)
		case held != None:
			acc, held = b.Emit(Sub, v, held), None
		default:
			acc = v
		}
	}
	if held != None {
		return b.neg(held)
	}
	return acc
}

// scaled lowers k*t.
func (l *lowerer) scaled(k float64, t expr.ID) Ref {
	if k == 1 {
		return l.lower(t)
	}
	if l.p.Op(t) == expr.OpMul && l.reciprocal(t) {
		return l.product(t, l.b.Number(k))
	}
	v := l.lower(t)
	return l.b.Emit(Mul, l.b.Number(k), v)
}

// chainable reports an exponent n or n + 1/2.
func (l *lowerer) chainable(x expr.ID) (n int64, half, ok bool) {
	v, isConst := l.p.Value(x)
	if !isConst {
		return 0, false, false
	}
	num, den, exact := v.Exact()
	if !exact || den > 2 || num > 1<<31 || num < -1<<31 {
		return 0, false, false
	}
	return num, den == 2, true
}

// reciprocal reports whether a product has denominators only.
func (l *lowerer) reciprocal(e expr.ID) bool {
	a := l.p.Args(e)
	for i := 1; i < len(a); i += 2 {
		if n, _, ok := l.chainable(a[i]); !ok || n > 0 {
			return false
		}
	}
	return true
}

// product lowers b1^e1 * b2^e2 * ..., times num if that is not None.
func (l *lowerer) product(e expr.ID, num Ref) Ref {
	b := l.b
	a := l.p.Args(e)
	den := None
	for i := 0; i < len(a); i += 2 {
		n, half, ok := l.chainable(a[i+1])
		if !ok {
			x := l.lower(a[i])
			num = l.times(num, b.Emit(Pow, x, l.lower(a[i+1])))
			continue
		}
		f := l.power(l.lower(a[i]), max(n, -n), half)
		if n > 0 {
			num = l.times(num, f)
		} else {
			den = l.times(den, f)
		}
	}
	switch {
	case den == None:
		return num
	case num == None:
		num = b.Number(1)
	}
	return b.Emit(Div, num, den)
}

func (l *lowerer) times(a, b Ref) Ref {
	if a == None {
		return b
	}
	return l.b.Emit(Mul, a, b)
}

// power is x^n, or with half x^(n/2) for an odd n.
func (l *lowerer) power(x Ref, n int64, half bool) Ref {
	if !half {
		return l.b.power(x, n)
	}
	s := l.b.Emit(Sqrt, x)
	if n == 1 {
		return s
	}
	return l.b.Emit(Mul, l.b.power(x, n/2), s)
}
