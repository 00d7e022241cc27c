//go:build mtkc

package model

import (
	"fmt"
	"reflect"
	"strconv"

	"github.com/mtkc/mtkc/expr"
)

// This file turns Connect calls into equations.

// link is a connection of two scalars.
type link struct {
	x, y end
	role string // of x
	site OpSite
	comp *node
}

// leafRef is a scalar within an argument of Connect.
type leafRef struct {
	name string // within the argument
	id   int32
}

// leavesOf lists the scalars of a connector in declaration order. It reports whether
// v is made of Reals alone.
func leavesOf(v reflect.Value, name string, out *[]leafRef) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return !v.IsNil() && leavesOf(v.Elem(), name, out)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if !leavesOf(v.Index(i), name+"["+strconv.Itoa(i)+"]", out) {
				return false
			}
		}
		return true
	case reflect.Struct:
		if v.Type() == realType {
			*out = append(*out, leafRef{name, int32(v.Field(0).Int())})
			return true
		}
		p := planOf(v.Type())
		if p.component {
			return false
		}
		for i := range p.fields {
			f := &p.fields[i]
			if f.kind == realField || f.kind == partField {
				sub := name
				if !f.embedded {
					sub += "." + f.name
				}
				if !leavesOf(v.Field(f.index), sub, out) {
					return false
				}
			}
		}
		return true
	}
	return false
}

func typeName(x any) string {
	if x == nil {
		return "nil"
	}
	return reflect.TypeOf(x).String()
}

func (b *builder) connect(s OpSite, x any, ys []any) {
	if len(ys) == 0 {
		s.fail("E120", "name at least two connectors", "Connect of a single connector")
		return
	}
	var xs []leafRef
	if !leavesOf(reflect.ValueOf(x), "", &xs) {
		s.notConnector(x)
		return
	}
	for _, y := range ys {
		var yl []leafRef
		if !leavesOf(reflect.ValueOf(y), "", &yl) {
			s.notConnector(y)
			return
		}
		if typeName(x) != typeName(y) {
			if diff := differ(xs, yl); diff != "" {
				s.fail("E122", "connect connectors of one type, or state the equations with Eq", "Connect of unlike connectors %s and %s: %s", typeName(x), typeName(y), diff)
				return
			}
		} else if len(xs) != len(yl) {
			s.fail("E122", "give the arrays the same length", "Connect of arrays of %d and %d variables", len(xs), len(yl))
			return
		}
		for i := range xs {
			b.linkScalars(s, xs[i], yl[i])
		}
	}
}

// analysisPoint states in = out for each input and remembers the name.
func (b *builder) analysisPoint(s OpSite, name string, out Real, in []Real) {
	if !pointName(name) {
		s.fail("E127", "name it by letters, digits and underscores, for example AnalysisPoint(\"u\", c.Out, p.In)", "AnalysisPoint with the name %q", name)
		return
	}
	if len(in) == 0 {
		s.fail("E127", "name the inputs that the signal feeds, after it", "AnalysisPoint %q without an input", name)
		return
	}
	full := join(b.comp.path, name)
	if b.pointNames[full] {
		s.fail("E127", "give every analysis point of a component its own name", "two analysis points are called %s", full)
		return
	}
	b.pointNames[full] = true
	ends := append([]Real{out}, in...)
	for _, x := range ends {
		v := b.leafVar(x.id)
		if v == nil {
			s.fail("E127", "name variables of this component and of its parts; give the expression a variable of its own", "AnalysisPoint of %s, which is not a variable of the model", b.text(x.id))
			return
		}
		if r := connectRole(v); r != "potential" {
			s.fail("E127", "an analysis point carries a signal, from an Output to Inputs", "AnalysisPoint of the %s %s", r, v.name())
			return
		}
	}
	for _, x := range in {
		b.points = append(b.points, pointRec{len(b.equations), full})
		b.equations = append(b.equations, eqRec{b.vars[b.at(x.id).a].resolve().term, b.vars[b.at(out.id).a].resolve().term, s, b.comp, true})
	}
}

func (s OpSite) notConnector(x any) {
	s.fail("E121", "a connector is a struct of Reals, Flows and Streams without Equations; name the connector of the component", "Connect of a %s, which is not a connector", typeName(x))
}

func differ(x, y []leafRef) string {
	if len(x) == 1 && len(y) == 1 {
		return ""
	}
	for i := range max(len(x), len(y)) {
		switch {
		case i >= len(x):
			return fmt.Sprintf("the first has no %s", y[i].name)
		case i >= len(y):
			return fmt.Sprintf("the second has no %s", x[i].name)
		case x[i].name != y[i].name:
			return fmt.Sprintf("%s against %s", x[i].name, y[i].name)
		}
	}
	return ""
}

func (b *builder) linkScalars(s OpSite, x, y leafRef) {
	xv, yv := b.leafVar(x.id), b.leafVar(y.id)
	if xv == nil || yv == nil {
		bad := x
		if xv != nil {
			bad = y
		}
		s.fail("E123", "connect connectors of this component and of its parts; an equation between expressions is stated with Eq", "Connect of %s, which is not a variable of the model", b.text(bad.id))
		return
	}
	rx, ry := connectRole(xv), connectRole(yv)
	if rx != ry {
		s.fail("E124", "connect a flow with flows, a stream with streams, a potential with potentials", "Connect of %s (%s) with %s (%s)", xv.name(), rx, yv.name(), ry)
		return
	}
	if rx == "parameter" {
		if xv != yv {
			s.fail("E125", "bind the parameters by assignment in Structure", "Connect of the parameters %s and %s", xv.name(), yv.name())
		}
		return
	}
	b.links = append(b.links, link{
		x: end{int32(xv.index), b.isOwn(xv)}, y: end{int32(yv.index), b.isOwn(yv)},
		role: rx, site: s, comp: b.comp,
	})
}

func (b *builder) leafVar(id int32) *variable {
	if t := b.at(id); id != 0 && t.op == uint8(expr.OpSym) {
		if v := b.vars[t.a].resolve(); v.node != nil {
			return v
		}
	}
	return nil
}

func connectRole(v *variable) string {
	switch r := v.role(); r {
	case "flow", "stream":
		return r
	case "param", "const":
		return "parameter"
	}
	return "potential"
}

// isOwn reports whether v belongs to a connector of the running component itself: on
// the way up from v to the component there are only connectors.
func (b *builder) isOwn(v *variable) bool {
	for n := v.node; n != nil; n = n.parent {
		if n == b.comp {
			return true
		}
		if n.plan.component && !n.embedded {
			return false
		}
	}
	return false
}

// connections turns the links into equations: a potential is equal to the one that it
// is connected with, the flows of a set sum to zero (into the parts, out of the
// component's own connectors), and a flow that no connection names from outside is
// zero.
func (b *builder) connections() {
	potential := newDisjoint(len(b.vars))
	flows := newFlowSets(len(b.vars))
	firstSite := make(map[int32]link) // by key of the end named first
	for _, l := range b.links {
		switch l.role {
		case "potential":
			if potential.union(l.x.v, l.y.v) {
				b.equations = append(b.equations, eqRec{b.vars[l.x.v].term, b.vars[l.y.v].term, l.site, l.comp, true})
			}
		case "flow":
			flows.connect(l.x, l.y)
			for _, e := range []end{l.x, l.y} {
				if _, ok := firstSite[e.key()]; !ok {
					firstSite[e.key()] = l
				}
			}
		}
	}
	sets, of := flows.sets()
	for _, set := range sets {
		at := firstSite[set[0].key()]
		sum := int32(0)
		for i, e := range set {
			t := b.vars[e.v].term
			switch {
			case i == 0 && e.outer:
				sum = b.add(tNeg, t)
			case i == 0:
				sum = t
			case e.outer:
				sum = b.add(tSub, sum, t)
			default:
				sum = b.add(uint8(expr.OpAdd), sum, t)
			}
		}
		b.equations = append(b.equations, eqRec{sum, 0, at.site, at.comp, true})
	}
	b.eachVar(b.top, func(v *variable) {
		if v.role() != "flow" {
			return
		}
		if _, ok := of[(end{int32(v.index), false}).key()]; ok {
			return
		}
		pos := v.field.pos
		b.equations = append(b.equations, eqRec{v.term, 0, OpSite{pos.File, pos.Line, pos.Col}, around(owner(v.node)), true})
	})
	b.streams(sets, of)
}

// owner is the component that a connector belongs to.
func owner(n *node) *node {
	for n.parent != nil && (!n.plan.component || n.embedded) {
		n = n.parent
	}
	return n
}

// around is the component that a component is a part of, the top for the top itself.
func around(n *node) *node {
	if n.parent == nil {
		return n
	}
	return owner(n.parent)
}

// eachVar visits the variables in declaration order.
func (b *builder) eachVar(n *node, visit func(*variable)) {
	for _, items := range n.items {
		for _, it := range items {
			if it.v != nil {
				visit(it.v)
			} else {
				b.eachVar(it.n, visit)
			}
		}
	}
}
