// Package expr holds symbolic expressions: a hash-consed arena of nodes in
// canonical form, with evaluation, substitution, differentiation and text.
//
// In: operators and arguments. Out: ids; equal terms have equal ids within one
// Pool. Sums keep (coefficient, term) pairs and products (base, exponent) pairs,
// so like terms merge on construction. Nothing is ever expanded automatically.
// There is no global state: two pools may be used by two goroutines.
package expr

import "fmt"

// ID is a term of a Pool. Arguments always have smaller ids than the node that
// holds them, so increasing ids are a topological order. The zero ID is the
// constant 0.
type ID uint32

// The ids every pool starts with.
const (
	Zero     ID = iota // 0
	One                // 1
	MinusOne           // -1
	True
	False
	Time // the independent variable
)

// None is no term at all.
const None = ^ID(0)

type node struct {
	op  Op
	n   uint32 // number of args
	off uint32 // into Pool.args, or the index of a number or symbol
}

// Pool is an arena of expressions. A Pool must not be changed by two goroutines
// at once; reading is safe.
type Pool struct {
	nodes []node
	args  []ID
	nums  []Num
	syms  []string
	funcs []*Func

	table  []uint64            // open addressing over nodes: hash in the upper half, id in the lower; 0 is empty
	spare  [][]pair            // see buffer
	small  [2*smallInts + 1]ID // integers near zero
	numIdx map[Num]ID
	nan    ID // the term that is not a number, 0 while there is none
	symIdx map[string]ID
	fnIdx  map[string]int
}

// smallInts bounds the integers that are found without a map.
const smallInts = 16

// NewPool returns a pool with the predefined ids.
func NewPool() *Pool { return NewPoolFor(0, 0) }

// NewPoolFor returns a pool with room for that many terms, of which so many are symbols.
func NewPoolFor(nodes, syms int) *Pool {
	p := &Pool{numIdx: map[Num]ID{}, symIdx: make(map[string]ID, syms), fnIdx: map[string]int{}}
	p.nodes, p.syms = make([]node, 0, nodes), make([]string, 0, syms)
	size := 64
	for 3*size < 4*nodes {
		size *= 2
	}
	p.table = make([]uint64, size)
	p.Num(IntNum(0))
	p.Num(IntNum(1))
	p.Num(IntNum(-1))
	p.nodes = append(p.nodes, node{op: OpTrue}, node{op: OpFalse}, node{op: OpTime})
	return p
}

// Len is the number of nodes.
func (p *Pool) Len() int { return len(p.nodes) }

// Op returns the operator of a term.
func (p *Pool) Op(e ID) Op { return p.nodes[e].op }

// Args returns the arguments of a function node, the flat (coefficient, term)
// list with the constant first of a sum, or the flat (base, exponent) list of a
// product. The slice must not be changed. It is empty for leaves.
func (p *Pool) Args(e ID) []ID {
	n := p.nodes[e]
	if n.n == 0 {
		return nil
	}
	return p.args[n.off : n.off+n.n : n.off+n.n]
}

// Num interns a number. All values that are not a number are one term.
func (p *Pool) Num(v Num) ID {
	v = v.canon()
	nan := v.isNaN()
	cached := v.d == 1 && v.n >= -smallInts && v.n <= smallInts
	if cached {
		if id := p.small[v.n+smallInts]; id != 0 || v.n == 0 && len(p.nodes) > 0 {
			return id
		}
	}
	if nan {
		if p.nan != 0 {
			return p.nan
		}
	} else if id, ok := p.numIdx[v]; ok {
		return id
	}
	id := ID(len(p.nodes))
	p.nodes = append(p.nodes, node{op: OpConst, off: uint32(len(p.nums))})
	p.nums = append(p.nums, v)
	switch {
	case nan:
		p.nan = id
	case cached:
		p.small[v.n+smallInts] = id
	default:
		p.numIdx[v] = id
	}
	return id
}

// Float interns a float64; integers become exact.
func (p *Pool) Float(v float64) ID { return p.Num(FloatNum(v)) }

// Int interns an integer.
func (p *Pool) Int(v int64) ID { return p.Num(IntNum(v)) }

// Value returns the number of a constant node.
func (p *Pool) Value(e ID) (Num, bool) {
	if n := p.nodes[e]; n.op == OpConst {
		return p.nums[n.off], true
	}
	return Num{}, false
}

// Sym returns the symbol of that name, new or old.
func (p *Pool) Sym(name string) ID {
	if id, ok := p.symIdx[name]; ok {
		return id
	}
	id := ID(len(p.nodes))
	p.nodes = append(p.nodes, node{op: OpSym, off: uint32(len(p.syms))})
	p.syms = append(p.syms, name)
	p.symIdx[name] = id
	return id
}

// Lookup returns the symbol of that name if the pool has one.
func (p *Pool) Lookup(name string) (ID, bool) {
	id, ok := p.symIdx[name]
	return id, ok
}

// Name returns the name of a symbol and "" for other terms.
func (p *Pool) Name(e ID) string {
	if n := p.nodes[e]; n.op == OpSym {
		return p.syms[n.off]
	}
	return ""
}

// Func describes a function that expressions may call: f(args...).
type Func struct {
	Name  string
	Arity int
	Eval  func(args []float64) float64
	// Partial returns df/d(args[i]) as a term, nil where the function has no
	// derivative.
	Partial func(p *Pool, args []ID, i int) ID
	// Source is the definition in the text format the function was read from, "" if
	// there is none.
	Source string
}

// DeclareFunc makes a function callable by name. A second declaration of the same
// name replaces the first.
func (p *Pool) DeclareFunc(f *Func) {
	if i, ok := p.fnIdx[f.Name]; ok {
		p.funcs[i] = f
		return
	}
	p.fnIdx[f.Name] = len(p.funcs)
	p.funcs = append(p.funcs, f)
}

// FuncByName returns a declared function, nil if there is none.
func (p *Pool) FuncByName(name string) *Func {
	if i, ok := p.fnIdx[name]; ok {
		return p.funcs[i]
	}
	return nil
}

// Call returns the application of a declared function.
func (p *Pool) Call(name string, args ...ID) ID {
	i, ok := p.fnIdx[name]
	if !ok {
		panic(fmt.Sprintf("mtkc: bug: call of undeclared function %s", name))
	}
	all := append([]ID{p.Int(int64(i))}, args...)
	return p.intern(OpCall, all)
}

// Callee returns the function and the arguments of an OpCall node.
func (p *Pool) Callee(e ID) (*Func, []ID) {
	a := p.Args(e)
	v, _ := p.Value(a[0])
	return p.funcs[int(v.Float())], a[1:]
}

func hashOf(op Op, args []ID) uint32 {
	h := uint64(op)*0x9E3779B97F4A7C15 + 0x1234567
	for _, a := range args {
		h ^= uint64(a)
		h *= 0xff51afd7ed558ccd
		h ^= h >> 29
	}
	return uint32(h ^ h>>32)
}

// intern returns the node (op, args), new or old. args is copied.
func (p *Pool) intern(op Op, args []ID) ID {
	mask := uint32(len(p.table) - 1)
	hash := hashOf(op, args)
	i := hash & mask
probe:
	for ; p.table[i] != 0; i = (i + 1) & mask {
		if uint32(p.table[i]>>32) != hash {
			continue
		}
		id := ID(p.table[i])
		n := p.nodes[id]
		if n.op != op || int(n.n) != len(args) {
			continue
		}
		have := p.args[n.off : n.off+n.n]
		for k, a := range args {
			if have[k] != a {
				continue probe
			}
		}
		return id
	}
	id := ID(len(p.nodes))
	p.nodes = append(p.nodes, node{op: op, n: uint32(len(args)), off: uint32(len(p.args))})
	p.args = append(p.args, args...)
	p.table[i] = uint64(hash)<<32 | uint64(id)
	if uint32(len(p.nodes))*4 > uint32(len(p.table))*3 {
		p.grow()
	}
	return id
}

func (p *Pool) grow() {
	t := make([]uint64, 2*len(p.table))
	mask := uint32(len(t) - 1)
	for _, e := range p.table {
		if e != 0 {
			i := uint32(e>>32) & mask
			for t[i] != 0 {
				i = (i + 1) & mask
			}
			t[i] = e
		}
	}
	p.table = t
}
