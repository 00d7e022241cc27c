//go:build mtkc

package model

import "github.com/mtkc/mtkc/expr"

// This file resolves stream variables: the properties that a flow carries. Modelica
// Language Specification 3.6, section 15.2, with the regularisation max(-m, eps) of
// section 15.2's positiveMax.

// streamEps keeps the mixture defined where nothing flows, in units of the flow's
// nominal value (1 where none is given).
const streamEps = 1e-10

// stream makes the term of InStream or ActualStream.
func (s OpSite) stream(name string, op uint8, h Real) Real {
	if v := b.leafVar(h.id); v == nil || v.role() != "stream" || v.node.flow < 0 {
		s.fail("E126", "declare it as Stream in a connector that has a Flow", "%s of %s, which is not a stream variable", name, b.text(h.id))
		return h
	}
	return Real{b.add(op, h.id)}
}

func (s OpSite) InStream(h Real) Real     { return s.stream("InStream", tInStream, h) }
func (s OpSite) ActualStream(h Real) Real { return s.stream("ActualStream", tActual, h) }

// streamTable knows the connection sets while InStream is resolved.
type streamTable struct {
	b    *builder
	sets [][]end
	of   map[int32]int
	memo map[int32]int32 // stream variable -> term of its inStream
	busy map[int32]bool
}

// streams replaces InStream and ActualStream terms and states the equations of the
// stream variables of outer connectors.
func (b *builder) streams(sets [][]end, of map[int32]int) {
	t := &streamTable{b: b, sets: sets, of: of, memo: map[int32]int32{}, busy: map[int32]bool{}}
	// Every stream variable of a component's own connector that its equations connect
	// inward is determined by what is connected there.
	b.eachVar(b.top, func(v *variable) {
		if v.role() != "stream" || v.node.flow < 0 {
			return
		}
		set, ok := of[end{v.node.flow, true}.key()]
		if !ok {
			return
		}
		pos := v.field.pos
		b.equations = append(b.equations, eqRec{v.term, t.mixture(v, set, true), OpSite{pos.File, pos.Line, pos.Col}, owner(v.node), true})
	})
	// Terms made by mixture come after those that refer to them: replaced is looked up
	// when the terms become expressions.
	n := len(b.terms)
	for i := range n {
		op := b.terms[i].op
		if op != tInStream && op != tActual {
			continue
		}
		v := b.leafVar(b.terms[i].a)
		if v == nil || v.role() != "stream" || v.node.flow < 0 {
			continue // reported where it was called
		}
		r := t.inStream(v)
		if op == tActual {
			m := b.vars[v.node.flow].term
			into := b.add(uint8(expr.OpLt), 0, m)
			r = b.add(uint8(expr.OpIf), into, r, v.term)
		}
		if b.replaced == nil {
			b.replaced = make([]int32, n)
		}
		b.replaced[i] = r
	}
}

// replacement is the term that stands for id in the flat model.
func (b *builder) replacement(id int32) int32 {
	if int(id) < len(b.replaced) && b.replaced[id] != 0 {
		return b.replaced[id]
	}
	return id
}

// inStream is the value of v for a flow into the component of v.
func (t *streamTable) inStream(v *variable) int32 {
	k := int32(v.index)
	if r, ok := t.memo[k]; ok {
		return r
	}
	set, ok := t.of[end{v.node.flow, false}.key()]
	r := v.term
	if ok && !t.busy[k] {
		t.busy[k] = true
		r = t.mixture(v, set, false)
		delete(t.busy, k)
	}
	t.memo[k] = r
	return r
}

// partner is the variable of another connector that has the place of v in its own.
func (t *streamTable) partner(v *variable, flow int32) *variable {
	n := t.b.vars[flow].node
	for i, items := range v.node.items {
		for j, it := range items {
			if it.v == v && i < len(n.items) && j < len(n.items[i]) && n.items[i][j].v != nil {
				return n.items[i][j].v
			}
		}
	}
	return nil
}

// mixture is what all other members of the set send to v, weighted with their flows
// into the connection point.
func (t *streamTable) mixture(v *variable, set int, outer bool) int32 {
	b := t.b
	type source struct{ flow, value int32 }
	var from []source
	for _, e := range t.sets[set] {
		if e.v == v.node.flow && e.outer == outer {
			continue
		}
		w := t.partner(v, e.v)
		if w == nil {
			continue
		}
		m := b.vars[e.v].term
		if e.outer {
			// What comes into the component through its own connector.
			from = append(from, source{m, t.inStream(w)})
		} else {
			from = append(from, source{b.add(tNeg, m), w.term})
		}
	}
	switch len(from) {
	case 0:
		return v.term
	case 1:
		return from[0].value
	}
	var num, den int32
	for i, s := range from {
		m := b.add(uint8(expr.OpMax), s.flow, b.num(expr.FloatNum(streamEps)))
		part := b.add(uint8(expr.OpMul), m, s.value)
		if i == 0 {
			num, den = part, m
			continue
		}
		num = b.add(uint8(expr.OpAdd), num, part)
		den = b.add(uint8(expr.OpAdd), den, m)
	}
	return b.add(uint8(expr.OpNoEvent), b.add(tDiv, num, den))
}
