//go:build mtkc

package model

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/reaction/notation"
)

// This file is the vocabulary of reactions while a model's program builds the flat system, see react.go.

type (
	ReactantList []Real
	ProductList  []Real
)

func Reactants(x ...Real) ReactantList { return x }
func Products(x ...Real) ProductList   { return x }

// ReactionOption is what an option does to a reaction.
type ReactionOption struct{ set func(*reactRec) }

func Reverse(rate Real) ReactionOption {
	return ReactionOption{func(r *reactRec) { r.back, r.hasBack = rate.id, true }}
}
func Named(name string) ReactionOption    { return ReactionOption{func(r *reactRec) { r.name = name }} }
func AsStated() ReactionOption            { return ReactionOption{func(r *reactRec) { r.stated = true }} }
func Combinatoric(on bool) ReactionOption { return ReactionOption{func(r *reactRec) { r.plain = !on }} }

// reactRec is a reaction as it was stated.
type reactRec struct {
	name          string
	rate, back    int32
	hasBack       bool
	stated, plain bool
	left, right   []partRec
	site          OpSite
	comp          *node
}

// partRec is a species in a side: a number, a term, or the text of one.
type partRec struct {
	v    *variable
	term int32 // its coefficient, 0: num
	num  expr.Num
	text notation.Text
}

func Reaction(rate Real, text string, options ...ReactionOption) {
	caller().Reaction(rate, text, options...)
}

func ReactionOf(rate Real, left ReactantList, right ProductList, options ...ReactionOption) {
	caller().ReactionOf(rate, left, right, options...)
}

func (s OpSite) Reaction(rate Real, text string, options ...ReactionOption) {
	if !s.outside("Reaction") {
		return
	}
	t, bad := notation.Parse(text)
	if bad != nil {
		s.fail("E128", bad.Next, "the reaction %q, %s", text, bad.Error())
		return
	}
	if len(t.Rates) > 0 {
		s.fail("E128", "the rate is the first argument of Reaction", "the reaction %q has a rate in its text", text)
		return
	}
	r := &reactRec{name: t.Name, rate: rate.id, stated: t.Stated, site: s, comp: b.comp}
	for _, o := range options {
		o.set(r)
	}
	switch {
	case r.stated != t.Stated:
		s.fail("E128", "write => for a rate that is the law", "AsStated for the reaction %q, whose arrow says mass action", text)
		return
	case t.Reversible && !r.hasBack:
		s.fail("E128", `give the rate of the way back: Reaction(kf, "A <-> B", Reverse(kr))`, "the reaction %q is reversible, but has one rate", text)
		return
	case !t.Reversible && r.hasBack:
		s.fail("E128", "write <-> or <=>", "Reverse for the reaction %q, whose arrow goes one way", text)
		return
	}
	for k, list := range [][]notation.Term{t.Reactants, t.Products} {
		side := make([]partRec, len(list))
		for i := range list {
			x := &list[i]
			v, why, next := b.fieldAt(b.comp, x.Species.Text)
			if v == nil {
				s.fail("E128", next, "the reaction %q, column %d: %s", text, x.Species.Col, why)
				return
			}
			side[i] = partRec{v: v, text: x.Number.Expr}
			if x.Number.D != 0 {
				side[i].num = expr.RatNum(x.Number.N, x.Number.D)
			}
		}
		if k == 0 {
			r.left = side
		} else {
			r.right = side
		}
	}
	b.reactions = append(b.reactions, r)
}

func (s OpSite) ReactionOf(rate Real, left ReactantList, right ProductList, options ...ReactionOption) {
	if !s.outside("ReactionOf") {
		return
	}
	r := &reactRec{rate: rate.id, site: s, comp: b.comp}
	for _, o := range options {
		o.set(r)
	}
	if len(left)+len(right) == 0 {
		s.fail("E128", "name reactants or products", "a reaction without species")
		return
	}
	for _, x := range left {
		if !s.parts(x.id, 0, &r.left) {
			return
		}
	}
	for _, x := range right {
		if !s.parts(x.id, 0, &r.right) {
			return
		}
	}
	b.reactions = append(b.reactions, r)
}

// parts reads a sum of species with coefficients; k is the coefficient around it, 0: none.
func (s OpSite) parts(id, k int32, out *[]partRec) bool {
	t := b.at(id)
	times := func(f int32) int32 {
		if k == 0 {
			return f
		}
		return b.add(uint8(expr.OpMul), k, f)
	}
	switch {
	case t.op == uint8(expr.OpSym):
		v := b.vars[t.a].resolve()
		if v.node == nil {
			break
		}
		x := partRec{v: v, term: k}
		if k == 0 {
			x.num = expr.IntNum(1)
		} else if c := b.at(k); c.op == uint8(expr.OpConst) {
			x.num, x.term = b.nums[c.a], 0
			if !(x.num.Float() > 0) {
				s.fail("E128", "give a positive number; what a reaction takes stands in Reactants", "%s with the coefficient %s", v.name(), b.text(k))
				return false
			}
		}
		*out = append(*out, x)
		return true
	case t.op == uint8(expr.OpAdd):
		return s.parts(t.a, k, out) && s.parts(t.b, k, out)
	case t.op == uint8(expr.OpMul) && b.steady(t.a):
		return s.parts(t.b, times(t.a), out)
	case t.op == uint8(expr.OpMul) && b.steady(t.b):
		return s.parts(t.a, times(t.b), out)
	case t.op == tDiv && b.steady(t.b):
		return s.parts(t.a, times(OpDiv(OpConst(1), Real{t.b}).id), out)
	}
	s.fail("E128", "a side of a reaction is made of variables and products of numbers or parameters with variables, as in Reactants(m.A, 2*m.B)",
		"%s is no species of a reaction", b.text(id))
	return false
}

// steady reports whether a term is made of numbers and parameters.
func (b *builder) steady(id int32) bool {
	t := b.at(id)
	switch t.op {
	case uint8(expr.OpConst):
		return true
	case uint8(expr.OpSym):
		v := b.vars[t.a].resolve()
		return v.node != nil && (v.role() == "param" || v.role() == "const")
	case uint8(expr.OpTime), uint8(expr.OpTrue), uint8(expr.OpFalse):
		return false
	}
	for i, n := 0, arity(t.op); i < n; i++ {
		if !b.steady([3]int32{t.a, t.b, t.c}[i]) {
			return false
		}
	}
	return true
}

// fieldAt finds the variable that a path names within a component: fields by their Go name or their name in the flat model, elements by
// their index, parts behind pointers as well.
func (b *builder) fieldAt(n *node, path string) (v *variable, why, next string) {
	at := n.val
	for _, seg := range strings.Split(path, ".") {
		name, index, _ := strings.Cut(seg, "[")
		at = whole(at)
		if !at.IsValid() || at.Kind() != reflect.Struct || at.Type() == realType {
			return nil, fmt.Sprintf("%s: there is no part that holds %s", path, name), "name a field of the component, of a part (Cell.Ca), or an element (X[3])"
		}
		f, ok := fieldNamed(at, name)
		if !ok {
			return nil, fmt.Sprintf("%s has no field %s", at.Type(), name), "declare the species as a Real of the component, or correct the name"
		}
		at = f
		if index == "" {
			continue
		}
		for _, text := range strings.FieldsFunc(index, func(r rune) bool { return r == ',' || r == '[' || r == ']' }) {
			i, err := strconv.Atoi(strings.TrimSpace(text))
			at = whole(at)
			if err != nil || !at.IsValid() || at.Kind() != reflect.Slice && at.Kind() != reflect.Array {
				return nil, fmt.Sprintf("%s has no element %s", name, seg), "elements are numbered from 0, as in X[3]"
			}
			if i < 0 || i >= at.Len() {
				return nil, fmt.Sprintf("%s has %d elements, and none is %d", name, at.Len(), i), "elements are numbered from 0"
			}
			at = at.Index(i)
		}
	}
	at = whole(at)
	if at.IsValid() && at.Kind() == reflect.Struct && at.Type() == realType {
		if v := b.leafVar(int32(at.Field(0).Int())); v != nil {
			return v, "", ""
		}
	}
	return nil, fmt.Sprintf("%s is no variable", path), "a species is a Real; of an array name an element, as in X[0]"
}

// whole follows pointers and interfaces; what is nil is invalid.
func whole(v reflect.Value) reflect.Value {
	for v.IsValid() && (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) {
		v = v.Elem()
	}
	return v
}

// fieldNamed is a field of a struct or of what is embedded in it.
func fieldNamed(v reflect.Value, name string) (reflect.Value, bool) {
	p := planOf(v.Type())
	for _, flat := range []bool{false, true} {
		for i := range p.fields {
			f := &p.fields[i]
			if f.goName == name && !flat || f.name == name && flat {
				return v.Field(f.index), true
			}
		}
	}
	for i := range p.fields {
		if f := &p.fields[i]; f.embedded && f.kind == partField {
			if e := whole(v.Field(f.index)); e.IsValid() && e.Kind() == reflect.Struct {
				if x, ok := fieldNamed(e, name); ok {
					return x, true
				}
			}
		}
	}
	return reflect.Value{}, false
}

// reactions makes equations of the reactions.
func (z *sealer) reactions() {
	recs := z.b.reactions
	if len(recs) == 0 {
		return
	}
	pool, boundary := z.pooled()
	var list []ReactionStatement
	for _, r := range recs {
		z.b.comp = r.comp
		st := ReactionStatement{Name: r.name, Rate: z.expr(r.rate), Pos: r.site.pos(), Path: r.comp.path}
		switch {
		case r.stated:
			st.Kinetics = Stated
		case r.plain:
			st.Kinetics = PlainMassAction
		}
		if r.name != "" && !pointName(r.name) {
			r.site.fail("E128", "name it by letters, digits and underscores", "a reaction cannot be called %q", r.name)
			continue
		}
		if r.name != "" && !(&rateNames{s: z.s}).free(join(r.comp.path, r.name)) {
			r.site.fail("E141", "give the reaction another name", "a reaction and a variable are both called %s in the flat model", join(r.comp.path, r.name))
			continue
		}
		for k, side := range [][]partRec{r.left, r.right} {
			out := make([]Participant, len(side))
			for i := range side {
				x := &side[i]
				out[i] = Participant{Species: z.memo[pool(x.v).term], Number: z.coefficient(r, x)}
			}
			if k == 0 {
				st.Reactants = out
			} else {
				st.Products = out
			}
		}
		list = append(list, st)
		if r.hasBack {
			back := st
			back.Name, back.Rate, back.Reactants, back.Products = reverseName(st.Name), z.expr(r.back), st.Products, st.Reactants
			list = append(list, back)
		}
	}
	z.b.comp = nil
	if z.b.found.Errors() > 0 {
		return
	}
	z.b.found = append(z.b.found, z.s.AddReactions(list, boundary, "E129")...)
}

func (z *sealer) coefficient(r *reactRec, x *partRec) expr.ID {
	switch {
	case x.term != 0:
		return z.expr(x.term)
	case x.text.Text == "":
		return z.s.Pool.Num(x.num)
	}
	id, err := z.s.Pool.Parse(x.text.Text, expr.ParseOptions{Symbol: func(name string) (expr.ID, error) {
		for n := r.comp; n != nil; n = n.parent {
			if id, ok := z.findLeaf(n, name); ok {
				return id, nil
			}
			if n.plan.component && !n.embedded {
				break
			}
		}
		return expr.None, errors.New(name + " is not a parameter of the component")
	}})
	if err == nil {
		if other := z.varies(id, ParameterVar); other != "" {
			err = fmt.Errorf("it depends on %s", other)
		}
	}
	if err != nil {
		r.site.fail("E128", "a coefficient is made of numbers and parameters of the component", "the coefficient %q of %s: %v", x.text.Text, x.v.name(), err)
		return expr.One
	}
	return id
}

// pooled says which variable stands for all that a species is connected with, and which species keep their values because
// something else determines them. Of connected variables one has the balance: the first of those in reactions that are no inputs, else the first
// that is neither input nor output.
func (z *sealer) pooled() (pool func(*variable) *variable, boundary map[expr.ID]bool) {
	b := z.b
	sets := newDisjoint(len(b.vars))
	for _, l := range b.links {
		if l.role == "potential" {
			sets.union(l.x.v, l.y.v)
		}
	}
	chief := map[int32]*variable{}
	rank := func(v *variable, reacts bool) int {
		switch role := v.role(); {
		case role == "input" && owner(v.node) == b.top:
			return 4 // given by the user
		case role == "input":
			return 0
		case reacts:
			return 3
		case role == "output":
			return 1
		}
		return 2
	}
	best := map[int32]int{}
	take := func(v *variable, reacts bool) {
		root := sets.find(int32(v.index))
		if k := rank(v, reacts); chief[root] == nil || k > best[root] {
			chief[root], best[root] = v, k
		}
	}
	reacting := map[int32]bool{}
	for _, r := range b.reactions {
		for _, side := range [][]partRec{r.left, r.right} {
			for i := range side {
				v := side[i].v
				reacting[sets.find(int32(v.index))] = true
				take(v, true)
			}
		}
	}
	for _, l := range b.links {
		if l.role != "potential" || !reacting[sets.find(l.x.v)] {
			continue
		}
		take(b.vars[l.x.v].resolve(), false)
		take(b.vars[l.y.v].resolve(), false)
	}
	boundary = map[expr.ID]bool{}
	for root, v := range chief {
		if k := best[root]; k == 0 || k == 1 {
			boundary[z.memo[v.term]] = true
		}
	}
	return func(v *variable) *variable { return chief[sets.find(int32(v.index))] }, boundary
}
