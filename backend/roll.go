package backend

import "github.com/mtkc/mtkc/expr"

// Rolled code. Large models repeat a few equations many times: sections of a ladder,
// cells of a grid, links of a chain. A roller sorts the terms of a kernel by shape, the
// term with its atoms (and, where that is needed to find a pattern, its numbers)
// replaced by placeholders. A shape that occurs often becomes a loop over tables of
// indices, the others straight-line code, so that the length of the code is that of
// the shapes and does not grow with the number of instances. Derivatives are taken of
// a shape once; see gradient.go.
//
// The terms of a kernel are cut at what is read more than once: definitions (targets of
// the plan) and large common subterms. Each piece is a node; nodes pass their values
// through the scratch array.

// Options of Lower.
type Options struct {
	// RollFrom is the number of operations from which on a kernel is searched for
	// repeated shapes; 0: 1000. Small kernels stay straight-line code, in which common
	// subexpressions are shared more freely. 1: every kernel gets steps, whether that pays
	// or not.
	RollFrom int
	MinLoop  int // instances that make a loop; 0: 8
	// Quotients keeps every division as it stands. Else values with the same denominator are
	// multiplied by its reciprocal, which may differ from the quotient in the last bit.
	Quotients bool
	// Logarithms are the states in whose place the model has another variable.
	Logarithms []Logarithm
}

const (
	rollFrom  = 1000
	minLoop   = 8
	wideSum   = 32 // terms of a sum from which on it is computed by a tree of partial sums
	partSum   = 16 // terms of a partial sum
	nodeSize  = 12 // operations from which on a common subterm is computed once
	shapeSize = 60 // operations from which on a definition is computed for itself, though only one term reads it
	costly    = 8  // what an elementary function counts
	// Where loops leave more than one part in sumsGain of so many operations, sums are taken apart by their coefficients.
	sumsFrom = 4000
	sumsGain = 16
	fewTerms = 4 // terms of a sum from which on that is done
	fewKinds = 6 // different coefficients up to which it is
)

// place is where a result goes.
type place struct {
	space Space
	index int32
}

// leaf is an input of a node: an entry of u, p or w, the time, or (S) the value of
// another node.
type leaf struct {
	op    Op
	index int32
}

// node is a term that is computed for itself.
type node struct {
	term   expr.ID
	outs   []place
	shape  int32
	leaves []leaf    // by placeholder of the shape
	data   []float64 // numbers of the instance, by placeholder
	slot   int32     // in the scratch array, -1 while nobody reads it
}

// shape is a term in placeholders, with the nodes that have it.
type shape struct {
	nodes []int32
	term  expr.ID
	ops   []Op // of the leaves
	size  int32

	partials []partial // see gradient.go
	derived  bool
	affine   bool // the partials are numbers, of a sum with several terms
	plain    bool // the partials are numbers or leaves
}

// roller is the analysis of one kernel.
type roller struct {
	l    *lowerer
	p    *expr.Pool
	opt  Options
	name func(n int32) string // of a node, for reports; "" if it has none

	nodes  []node
	nodeOf []int32 // by term: 1 + node, 0
	shapes []*shape
	slots  int32 // scratch entries given out

	buffer []leaf // of the node that is being looked at
	leafs  slab[leaf]
	ints   slab[int32]

	narrow map[expr.ID]expr.ID // wide sums in partial sums
	// sums says that sums of reaction rates and the like, all of the same kind but in length and signs, are written as sums of partial
	// sums with one coefficient each, and that all definitions are computed for themselves.
	sums bool

	tables *tables

	size  []int32 // by term: operations, without those of nodes; 0: not seen
	stamp []uint32
	local []int32 // by term, for the present node: placeholder or back reference
	cur   uint32

	leaf   []expr.ID // placeholder symbols of leaves
	number []expr.ID // of numbers
	slope  []expr.ID // of slopes
}

// equation is the equation that a node was solved from, -1 if there is none.
func (r *roller) equation(n int32) int {
	if m := r.l.meaning(r.nodes[n].term); m.kind == targetAtom {
		return r.l.defs[m.index].eq
	}
	return -1
}

// nodeName is the name of what a node computes.
func (r *roller) nodeName(n int32) string {
	if m := r.l.meaning(r.nodes[n].term); m.kind == targetAtom {
		return r.l.defs[m.index].name
	}
	return ""
}

// roll lowers results to a kernel with loops. It returns nil where the kernel is short
// or nothing repeats: then straight-line code serves better.
func (c *compiler) roll(l *lowerer, name string, terms []expr.ID, outs []place, rowName func(o place) string) (*Kernel, *roller) {
	if len(terms) == 0 {
		return nil, nil
	}
	attempt := func(sums bool, t *tables) (r *roller, total int) {
		r = &roller{l: l, p: l.p, opt: c.opt, tables: t, sums: sums}
		return r, r.cut(terms, outs)
	}
	few := func(k *Kernel, total int) bool { return k != nil && k.Ops() < min(total/sumsGain, 2*rollFrom) }
	// dear reports whether loops over sums do much more than straight-line code that is not too long, and are not much shorter: terms with
	// numbers of their own share less in loops.
	dear := func(k *Kernel) bool {
		work := k.Work()
		if work > 2*unrollMost {
			return false
		}
		l.begin(name)
		for i, e := range terms {
			l.b.Output(outs[i].space, int(outs[i].index), l.lower(e))
		}
		straight := l.b.simplified().Ops()
		return 4*work > 5*straight && 2*sumsGain*k.Ops() > straight
	}
	// Most of the code may be sums, each of its own shape. Where that was so in one kernel, the next ones are taken for the same.
	var s *roller
	var ks *Kernel
	if c.sums {
		var total int
		if s, total = attempt(true, &c.sumTables); total < s.opt.RollFrom {
			return nil, nil
		}
		if ks = s.loops(name, rowName); few(ks, total) && !dear(ks) {
			return ks, s
		}
	}
	r, total := attempt(false, &c.tables)
	if total < r.opt.RollFrom {
		return nil, nil
	}
	k := r.loops(name, rowName)
	if s == nil && total >= sumsFrom && !few(k, total) {
		s, _ = attempt(true, &c.sumTables)
		ks = s.loops(name, rowName)
	}
	switch {
	case ks != nil && (k == nil || 2*ks.Ops() < k.Ops()) && !dear(ks):
		c.sums = true
		return ks, s
	case k != nil:
		return k, r
	}
	return nil, nil
}

// loops writes the kernel of what cut found, nil where loops do not pay.
func (r *roller) loops(name string, rowName func(o place) string) *Kernel {
	l := r.l
	r.name = func(n int32) string {
		if s := r.nodeName(n); s != "" {
			return s
		}
		if m := l.meaning(r.nodes[n].term); m.kind == targetAtom && l.defs[m.index].part {
			return "parts of sums"
		}
		if x := &r.nodes[n]; len(x.outs) > 0 && rowName != nil {
			return rowName(x.outs[0])
		}
		return ""
	}
	r.sort()
	return r.kernel(name, r.values(nil), r.opt.RollFrom == 1)
}

// mainPlaces are the entries of Main in order.
func mainPlaces(n int) []place {
	out := make([]place, n)
	for i := range out {
		out[i] = place{Main, int32(i)}
	}
	return out
}

// tables are the tables by term that the rollers of a program use one after the other.
type tables struct {
	nodeOf, size, local byTerm[int32]
	stamp               byTerm[uint32]
	uses, added         byTerm[uint8]
	wanted, seen        byTerm[bool]
}

type byTerm[T any] struct{ all []T }

// of returns the table for n terms, empty.
func (t *byTerm[T]) of(n int) []T {
	if n > len(t.all) {
		t.all = make([]T, n+n/8)
	} else {
		clear(t.all[:n])
	}
	return t.all[:n]
}

// slab gives out slices of memory that lives as long as the roller.
type slab[T any] struct{ free []T }

func (s *slab[T]) take(n int) []T {
	if n > len(s.free) {
		s.free = make([]T, max(n, 1<<14))
	}
	out := s.free[:n:n]
	s.free = s.free[n:]
	return out
}
