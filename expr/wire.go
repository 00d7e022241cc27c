package expr

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
)

// This file writes the terms of a pool as bytes for another process. Terms come in
// the order of their ids, so that arguments precede the terms that hold them, and
// the pool that is read has the same terms in the same order: what is canonical in one
// is canonical in the other.

// builtin is the number of ids that every pool starts with.
const builtin = int(Time) + 1

// Encode appends the terms that keep marks, and all that they are made of, to dst.
// keep has an entry for every id of the pool and is extended to what was written.
// The result at tells for every id which one it is in the pool that Decode makes; it
// is only meaningful for terms that keep marks.
//
// Functions (Call) cannot be written: they are code.
func (p *Pool) Encode(dst []byte, keep []bool) (out []byte, at []ID, err error) {
	for i := range builtin {
		keep[i] = true
	}
	n, args := 0, 0
	for i := len(p.nodes) - 1; i >= builtin; i-- {
		if !keep[i] {
			continue
		}
		n++
		args += int(p.nodes[i].n)
		for _, a := range p.Args(ID(i)) {
			keep[a] = true
		}
	}
	at = make([]ID, len(p.nodes))
	for i := range builtin {
		at[i] = ID(i)
	}
	syms := 0
	for i := builtin; i < len(keep); i++ {
		if keep[i] && p.nodes[i].op == OpSym {
			syms++
		}
	}
	dst = binary.AppendUvarint(dst, uint64(n))
	dst = binary.AppendUvarint(dst, uint64(syms))
	dst = binary.AppendUvarint(dst, uint64(args))
	next := ID(builtin)
	last := ""
	for i := builtin; i < len(p.nodes); i++ {
		if !keep[i] {
			continue
		}
		at[i] = next
		node := p.nodes[i]
		dst = append(dst, byte(node.op))
		switch node.op {
		case OpCall:
			return nil, nil, errors.New("the function " + p.funcs[int(p.nums[p.nodes[p.args[node.off]].off].n)].Name + " cannot be written")
		case OpConst:
			v := p.nums[node.off]
			dst = binary.AppendUvarint(dst, uint64(v.d))
			if v.d == 0 {
				dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v.f))
			} else {
				dst = binary.AppendVarint(dst, v.n)
			}
		case OpSym:
			name := p.syms[node.off]
			k := 0
			for k < len(name) && k < len(last) && name[k] == last[k] {
				k++
			}
			dst = binary.AppendUvarint(dst, uint64(k))
			dst = binary.AppendUvarint(dst, uint64(len(name)-k))
			dst = append(dst, name[k:]...)
			last = name
		default:
			dst = binary.AppendUvarint(dst, uint64(node.n))
			for _, a := range p.args[node.off : node.off+node.n] {
				// Small ids (numbers, mostly) are written as they are, others as the
				// distance from here.
				b := at[a]
				if d := next - b; d < b {
					dst = binary.AppendUvarint(dst, uint64(d)<<1|1)
				} else {
					dst = binary.AppendUvarint(dst, uint64(b)<<1)
				}
			}
		}
		next++
	}
	return dst, at, nil
}

var errWire = errors.New("the terms are damaged")

// Decode makes a pool of the terms that Encode wrote at the beginning of src, and
// returns what follows them.
func Decode(src []byte) (p *Pool, rest []byte, err error) {
	bad := false
	number := func() uint64 {
		v, n := binary.Uvarint(src)
		if n <= 0 {
			bad, src = true, nil
			return 0
		}
		src = src[n:]
		return v
	}
	count, syms, total := number(), number(), number()
	if bad || count > uint64(len(src)) || syms > count || total > uint64(len(src)) {
		return nil, nil, errWire
	}
	p = NewPoolFor(int(count)+builtin, int(syms))
	p.args = make([]ID, 0, total)
	var names []byte // of all symbols; they share this memory
	type text struct{ at, end int }
	texts, symbols := make([]text, 0, syms), make([]ID, 0, syms)
	var args []ID
	last := text{}
	for next := ID(builtin); next < ID(builtin)+ID(count); next++ {
		if len(src) == 0 {
			return nil, nil, errWire
		}
		op := Op(src[0])
		src = src[1:]
		switch op {
		case OpConst:
			d := number()
			var v Num
			if d == 0 {
				if len(src) < 8 {
					return nil, nil, errWire
				}
				v = Num{f: math.Float64frombits(binary.LittleEndian.Uint64(src))}
				src = src[8:]
			} else {
				n, k := binary.Varint(src)
				if k <= 0 || d > math.MaxInt64 || n == math.MinInt64 {
					return nil, nil, errWire
				}
				src = src[k:]
				v = RatNum(n, int64(d))
			}
			if bad || p.Num(v) != next {
				return nil, nil, errWire
			}
		case OpSym:
			same, more := number(), number()
			if bad || same > uint64(last.end-last.at) || more > uint64(len(src)) {
				return nil, nil, errWire
			}
			at := len(names)
			names = append(names, names[last.at:last.at+int(same)]...)
			names = append(names, src[:more]...)
			src = src[more:]
			last = text{at, len(names)}
			texts, symbols = append(texts, last), append(symbols, next)
			p.nodes = append(p.nodes, node{op: OpSym, off: uint32(len(texts) - 1)})
		default:
			n := number()
			if bad || int(op) >= len(ops) || op == OpCall || op <= OpSym || n > uint64(len(src)) {
				return nil, nil, errWire
			}
			if a := ops[op].Arity; a >= 0 && n != uint64(a) {
				return nil, nil, errWire
			}
			args = args[:0]
			for range n {
				v := number()
				b := ID(v >> 1)
				if v&1 == 1 {
					b = next - b
				}
				if v>>1 > uint64(next) || b >= next {
					return nil, nil, errWire
				}
				args = append(args, b)
			}
			if !p.plain(op, args) {
				return nil, nil, errWire
			}
			p.nodes = append(p.nodes, node{op: op, n: uint32(len(args)), off: uint32(len(p.args))})
			p.args = append(p.args, args...)
		}
	}
	if !p.enter() {
		return nil, nil, errWire
	}
	all := string(names)
	for i, t := range texts {
		name := all[t.at:t.end]
		if _, twice := p.symIdx[name]; twice {
			return nil, nil, errWire
		}
		p.syms = append(p.syms, name)
		p.symIdx[name] = symbols[i]
	}
	return p, src, nil
}

// enter puts all nodes into the empty table. It reports whether they are distinct. A loop
// of its own keeps many accesses to the table under way at once.
func (p *Pool) enter() bool {
	mask := uint32(len(p.table) - 1)
	for id, n := range p.nodes {
		if n.op <= OpSym {
			continue
		}
		args := p.args[n.off : n.off+n.n]
		hash := hashOf(n.op, args)
		i := hash & mask
		for ; p.table[i] != 0; i = (i + 1) & mask {
			if uint32(p.table[i]>>32) != hash {
				continue
			}
			o := p.nodes[uint32(p.table[i])]
			if o.op == n.op && slices.Equal(p.args[o.off:o.off+o.n], args) {
				return false
			}
		}
		p.table[i] = uint64(hash)<<32 | uint64(id)
	}
	return true
}

// plain reports whether sums and products have the shape of the table of operators.
func (p *Pool) plain(op Op, args []ID) bool {
	switch op {
	case OpAdd:
		if len(args)%2 == 0 {
			return false
		}
		for i, a := range args {
			if (i == 0 || i%2 == 1) && p.nodes[a].op != OpConst {
				return false
			}
		}
	case OpMul:
		return len(args)%2 == 0
	}
	return true
}
