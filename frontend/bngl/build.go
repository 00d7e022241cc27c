package bngl

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// builder makes the system of a network.
type builder struct {
	n     *network
	sys   *model.System
	pool  *expr.Pool
	diags diag.List

	taken    map[string]bool // names of variables
	param    map[string]expr.ID
	group    map[string]expr.ID
	function map[string]int // index in network.functions
	funcs    []expr.ID      // symbols of functions without arguments, None: arguments
	groups   []expr.ID
	species  []expr.ID
	moved    []bool // whether reactions change the species
	laws     []law  // of network.rates

	uses []int32 // functions that the last formula names
}

// law is how a rate is computed.
type law struct {
	kind string    // "" for mass action, or Sat, MM, Hill
	coef expr.ID   // what multiplies
	k    []expr.ID // further constants
	src  source
}

func (b *builder) fail(at place, code, next, format string, args ...any) {
	if len(b.diags) < mostFindings {
		b.diags.Add(b.n.pos(at), code, next, format, args...)
	}
}

// near is the next step for a name that there is not.
func (b *builder) near(name string) string {
	for _, list := range [][]definition{b.n.params, b.n.functions} {
		for i := range list {
			if strings.EqualFold(list[i].name, name) {
				return "did you mean " + list[i].name + "?"
			}
		}
	}
	for i := range b.n.groups {
		if strings.EqualFold(b.n.groups[i].name, name) {
			return "did you mean " + b.n.groups[i].name + "?"
		}
	}
	return "declare it, or correct the name"
}

// build makes the system of a network.
func build(n *network, name string) (*model.System, diag.List) {
	b := &builder{
		n: n, sys: model.NewSystem(name), taken: make(map[string]bool, len(n.species)+len(n.params)+len(n.groups)),
		param: make(map[string]expr.ID, len(n.params)), group: make(map[string]expr.ID, len(n.groups)), function: make(map[string]int, len(n.functions)),
	}
	b.pool = b.sys.Pool
	for _, step := range []func(){b.names, b.resolve, b.formulas, b.equations} {
		if step(); b.diags.Errors() > 0 {
			break
		}
	}
	return b.sys, b.diags
}

// fresh returns a name that is not taken: the first of the wishes that is free, or the last one with a number. It is taken then.
func (b *builder) fresh(wishes ...string) string {
	for _, w := range wishes {
		if !b.taken[w] {
			b.taken[w] = true
			return w
		}
	}
	last := wishes[len(wishes)-1]
	for k := 2; ; k++ {
		if w := fmt.Sprintf("%s_%d", last, k); !b.taken[w] {
			b.taken[w] = true
			return w
		}
	}
}

// names gives everything its symbol.
func (b *builder) names() {
	n, p := b.n, b.pool
	first := make(map[string]place, len(n.params))
	twice := func(kind, name string, at place) bool {
		old, ok := first[kind+name]
		if ok && len(b.diags) < mostFindings {
			d := b.diags.Add(n.pos(at), "E234", "leave one of them out", "the %s %s is declared twice", kind, name)
			d.Notes = append(d.Notes, diag.Note{Pos: n.pos(old), Text: "the first one"})
		}
		first[kind+name] = at
		return ok
	}
	for i := range n.params {
		if d := &n.params[i]; !twice("parameter", d.name, d.at) {
			b.param[d.name] = p.Sym(b.fresh(d.name))
		}
	}
	b.groups = make([]expr.ID, len(n.groups))
	for i := range n.groups {
		g := &n.groups[i]
		if twice("group", g.name, g.at) {
			continue
		}
		name := b.fresh(g.name, g.name+"_group")
		if name != g.name {
			b.diags.Add(n.pos(g.at), "W230", "", "the group %s has the name of a parameter: it is %s here", g.name, name)
		}
		b.groups[i] = p.Sym(name)
		b.group[g.name] = b.groups[i]
	}
	b.funcs = make([]expr.ID, len(n.functions))
	for i := range n.functions {
		d := &n.functions[i]
		if b.funcs[i] = expr.None; twice("function", d.name, d.at) {
			continue
		}
		b.function[d.name] = i
		if len(d.args) == 0 {
			name := b.fresh(d.name, d.name+"_function")
			if name != d.name {
				b.diags.Add(n.pos(d.at), "W230", "", "the function %s has the name of a parameter or group: it is %s here", d.name, name)
			}
			b.funcs[i] = p.Sym(name)
		}
	}
	b.species = make([]expr.ID, len(n.species))
	for i := range n.species {
		s := &n.species[i]
		wishes := []string{s.name, s.name + "_species"}
		if isName([]byte(s.name)) {
			wishes[1] = s.name + "()"
		}
		b.species[i] = p.Sym(b.fresh(wishes...))
	}
}

// resolve turns the numbers of species in reactions and groups into indices, and finds what reactions change.
func (b *builder) resolve() {
	n := b.n
	index := func(number int32) int32 {
		if n.numbers != nil {
			if i, ok := n.numbers[int(number)]; ok {
				return i
			}
			return -1
		}
		if number < 1 || int(number) > len(n.species) {
			return -1
		}
		return number - 1
	}
	const next = "correct the number, or declare the species"
	b.moved = make([]bool, len(n.species))
	net := make([]int32, len(n.species))
	for k := range n.reactions {
		x := &n.reactions[k]
		for j := x.from; j < x.to; j++ {
			i := index(n.sides[j])
			if i < 0 {
				b.fail(x.at, "E233", next, "reaction %d: there is no species %d", x.number, n.sides[j])
				i = 0
			}
			n.sides[j] = i
		}
		for _, i := range n.sides[x.from:x.mid] {
			net[i]--
		}
		for _, i := range n.sides[x.mid:x.to] {
			net[i]++
		}
		for _, i := range n.sides[x.from:x.to] {
			if net[i] != 0 && !n.species[i].fixed {
				b.moved[i] = true
			}
			net[i] = 0
		}
	}
	for k := range n.groups {
		g := &n.groups[k]
		for j := g.from; j < g.to; j++ {
			m := &n.members[j]
			i := index(m.species)
			if i < 0 {
				b.fail(g.at, "E233", next, "group %s: there is no species %d", g.name, m.species)
				i = 0
			}
			m.species = i
		}
	}
}

// formulas reads the expressions and declares parameters and species.
func (b *builder) formulas() {
	n, p, s := b.n, b.pool, b.sys
	s.Vars = make([]model.Variable, 0, len(n.params)+len(n.species)+len(n.groups)+len(n.functions)+len(n.reactions))
	for i := range n.params {
		d := &n.params[i]
		sym, ok := b.param[d.name]
		if !ok {
			continue
		}
		v := s.NewVariable(p.Name(sym), model.ParameterVar)
		v.Value, v.Pos = b.term(d.source, scope{what: d.name}), n.pos(d.at)
		s.AddVar(v)
	}
	alias := b.aliases()
	listing := model.ListDefault
	if len(n.groups) > 0 {
		listing = model.ListNever
	}
	for i := range n.species {
		x := &n.species[i]
		kind := model.Unknown
		if !b.moved[i] {
			kind = model.ParameterVar
		}
		v := s.NewVariable(p.Name(b.species[i]), kind)
		v.Pos, v.Alias, v.Listing = n.pos(x.at), alias+strconv.Itoa(i+1), listing
		start := b.term(x.start, scope{what: x.name})
		if kind == model.ParameterVar {
			v.Value = start
		} else {
			v.Start, v.Fixed = start, model.FixedTrue
		}
		s.AddVar(v)
	}
	b.laws = make([]law, len(n.rates))
	for i := range n.rates {
		b.laws[i] = b.law(n.rates[i])
	}
}

// aliases is what stands before the number of a species in its second name.
func (b *builder) aliases() string {
	used := func(prefix string) bool {
		for name := range b.taken {
			if rest, ok := strings.CutPrefix(name, prefix); ok {
				if v, ok := natural([]byte(rest)); ok && v >= 1 && v <= len(b.n.species) {
					return true
				}
			}
		}
		return false
	}
	for _, prefix := range []string{"S", "s", "species", "species_"} {
		if !used(prefix) {
			return prefix
		}
	}
	prefix := "species_"
	for used(prefix) {
		prefix += "_"
	}
	return prefix
}

// body is the formula of the function k.
func (b *builder) body(k int, sc scope) expr.ID { return b.term(b.n.functions[k].source, sc) }

// law reads a rate.
func (b *builder) law(src source) law {
	p := b.pool
	l := law{src: src, coef: expr.One}
	running := scope{running: true, what: "a rate"}
	text := src.text
	words := strings.Fields(text)
	head := words[0]
	factor := expr.One
	if i := strings.IndexByte(head, '*'); i > 0 {
		if v, err := strconv.ParseFloat(head[:i], 64); err == nil {
			factor, head = p.Float(v), head[i+1:]
		}
	}
	open := strings.IndexByte(head, '(')
	if open >= 0 {
		head = head[:open]
	}
	_, isParam := b.param[head]
	_, isFunc := b.function[head]
	keyword := (len(words) > 1 || open >= 0) && !isParam && !isFunc
	switch {
	case keyword && (head == "Ele" || head == "Sat" || head == "MM" || head == "Hill" || head == "FunctionProduct"):
	default:
		l.coef = b.term(src, running)
		return l
	}
	// The constants have spaces or commas between, and perhaps parentheses around them.
	at := strings.Index(text, head) + len(head)
	list := []byte(text[at:])
	if k := bytes.IndexByte(list, '('); k >= 0 && len(bytes.TrimSpace(list[:k])) == 0 {
		list[k] = ' '
		if e := bytes.LastIndexByte(list, ')'); e >= 0 {
			list[e] = ' '
		}
	}
	var k []expr.ID
	for i := 0; i < len(list); {
		if blank(list[i]) || list[i] == ',' {
			i++
			continue
		}
		j, deep := i, 0
		for j < len(list) && (deep > 0 || !blank(list[j]) && list[j] != ',') {
			switch list[j] {
			case '(':
				deep++
			case ')':
				deep--
			}
			j++
		}
		k = append(k, b.term(source{string(list[i:j]), place{src.at.line, src.at.col + int32(at+i)}}, running))
		i = j
	}
	need := map[string]string{"Ele": "one constant", "Sat": "a constant, and one for each reactant that saturates", "MM": "two constants, kcat and Km", "Hill": "three constants, k, K and h", "FunctionProduct": "functions"}
	short := map[string]int{"Ele": 1, "Sat": 1, "MM": 2, "Hill": 3, "FunctionProduct": 1}
	if len(k) < short[head] || len(k) > short[head] && head != "Sat" && head != "FunctionProduct" {
		b.fail(src.at, "E232", "correct the rate", "%s takes %s, and not %d", head, need[head], len(k))
		return l
	}
	l.kind = head
	switch head {
	case "Ele":
		l.kind, l.coef = "", p.Mul(factor, k[0])
	case "FunctionProduct":
		l.kind, l.coef = "", p.Mul(append(k, factor)...)
	default:
		l.coef, l.k = p.Mul(factor, k[0]), k[1:]
	}
	return l
}

// rate is the rate of a reaction, and its propensity where that is another term, else None.
func (b *builder) rate(l *law, x *reaction, sides []expr.ID) (rate, propensity expr.ID) {
	p := b.pool
	var room [8]expr.ID
	f := append(room[:0], l.coef)
	repeated := false
	for i, a := range sides {
		for _, c := range sides[:i] {
			repeated = repeated || a == c
		}
	}
	// left is how many copies of reactant i are left when the copies before it have been taken.
	left := func(i int) expr.ID {
		before := int64(0)
		for _, c := range sides[:i] {
			if c == sides[i] {
				before++
			}
		}
		return p.Sub(sides[i], p.Int(before))
	}
	product := func(f []expr.ID, from int) (rate, propensity expr.ID) {
		f = append(f, sides[from:]...)
		rate, propensity = p.Mul(f...), expr.None
		if repeated {
			f = f[:len(f)-len(sides[from:])]
			for i := from; i < len(sides); i++ {
				f = append(f, left(i))
			}
			propensity = p.Mul(f...)
		}
		return rate, propensity
	}
	wrong := func(format string, args ...any) {
		b.fail(x.at, "E232", "correct the rate or the reactants", format, args...)
	}
	switch l.kind {
	case "Sat":
		switch {
		case len(l.k) == 0:
			return l.coef, expr.None
		case len(l.k) > len(sides):
			wrong("Sat has %d constants of saturation for %d reactants", len(l.k), len(sides))
			return l.coef, expr.None
		}
		for i, k := range l.k {
			f = append(f, p.Inv(p.Add(k, sides[i])))
		}
		return product(f, 0)
	case "Hill":
		if len(sides) == 0 {
			wrong("Hill needs a reactant")
			return l.coef, expr.None
		}
		xh := p.Pow(sides[0], l.k[1])
		return product(append(f, xh, p.Inv(p.Add(p.Pow(l.k[0], l.k[1]), xh))), 1)
	case "MM":
		if len(sides) != 2 || repeated {
			wrong("MM needs two different reactants, substrate and enzyme")
			return l.coef, expr.None
		}
		km, st, et := l.k[0], sides[0], sides[1]
		d := p.Sub(p.Sub(st, km), et)
		s := p.Mul(p.Float(0.5), p.Add(d, p.Sqrt(p.Add(p.Mul(d, d), p.Mul(p.Int(4), km, st)))))
		return p.Mul(l.coef, et, s, p.Inv(p.Add(km, s))), expr.None
	}
	return product(f, 0)
}

// equations states groups, functions, reactions and balances.
func (b *builder) equations() {
	n, p, s := b.n, b.pool, b.sys
	unknown := func(sym expr.ID, at place, listing model.Listing) {
		v := s.NewVariable(p.Name(sym), model.Unknown)
		v.Pos, v.Listing = n.pos(at), listing
		s.AddVar(v)
	}
	s.Equations = make([]model.Equation, 0, len(n.groups)+len(n.functions)+len(n.reactions)+len(n.species))
	s.Reactions = make([]model.ChemicalReaction, 0, len(n.reactions))
	var terms []expr.ID
	var weights []expr.Num
	for i := range n.groups {
		g := &n.groups[i]
		if g.to < g.from {
			continue
		}
		unknown(b.groups[i], g.at, model.ListAlways)
		terms, weights = terms[:0], weights[:0]
		for _, m := range n.members[g.from:g.to] {
			terms, weights = append(terms, b.species[m.species]), append(weights, expr.FloatNum(m.weight))
		}
		s.Equations = append(s.Equations, model.Equation{Lhs: b.groups[i], Rhs: p.Linear(expr.IntNum(0), weights, terms), Pos: n.pos(g.at)})
	}
	b.functionEquations(unknown)
	if b.diags.Errors() > 0 {
		return
	}
	b.reactions(unknown)
}

// functionEquations states the functions without arguments.
func (b *builder) functionEquations(unknown func(expr.ID, place, model.Listing)) {
	n, s := b.n, b.sys
	uses := make([][]int32, len(n.functions))
	for i := range n.functions {
		d := &n.functions[i]
		if b.funcs[i] == expr.None {
			continue
		}
		unknown(b.funcs[i], d.at, model.ListNever)
		b.uses = b.uses[:0]
		e := b.body(i, scope{running: true, what: d.name})
		uses[i] = append([]int32(nil), b.uses...)
		s.Equations = append(s.Equations, model.Equation{Lhs: b.funcs[i], Rhs: e, Pos: n.pos(d.at)})
	}
	// A function that depends on itself would be an equation to be solved.
	const (
		white = iota
		grey
		black
	)
	colour := make([]uint8, len(n.functions))
	type frame struct {
		f int32
		k int
	}
	for i := range uses {
		if colour[i] != white {
			continue
		}
		stack := []frame{{int32(i), 0}}
		colour[i] = grey
		for len(stack) > 0 {
			top := &stack[len(stack)-1]
			if top.k == len(uses[top.f]) {
				colour[top.f] = black
				stack = stack[:len(stack)-1]
				continue
			}
			f := uses[top.f][top.k]
			top.k++
			switch colour[f] {
			case white:
				colour[f] = grey
				stack = append(stack, frame{f, 0})
			case grey:
				b.fail(n.functions[f].at, "E235", "break the cycle", "the function %s depends on itself", n.functions[f].name)
				colour[f] = black
			}
		}
	}
}

// reactions states the rates and balances.
func (b *builder) reactions(unknown func(expr.ID, place, model.Listing)) {
	n, p, s := b.n, b.pool, b.sys
	// The flows of each species, in the order of the reactions.
	type flow struct {
		rate   expr.ID
		number int32
	}
	count := make([]int32, len(n.species)+1)
	for k := range n.reactions {
		x := &n.reactions[k]
		for _, i := range n.sides[x.from:x.to] {
			count[i+1]++
		}
	}
	for i := range n.species {
		count[i+1] += count[i]
	}
	flows := make([]flow, count[len(n.species)])
	end := append([]int32(nil), count[:len(n.species)]...)
	parts := make([]model.Participant, 0, len(n.sides))
	var sides []expr.ID
	seen := map[int32]bool{}
	var name []byte
	for k := range n.reactions {
		x := &n.reactions[k]
		if seen[x.number] {
			b.fail(x.at, "E234", "give each reaction its own number", "reaction %d is declared twice", x.number)
		}
		seen[x.number] = true
		number := strconv.AppendInt(name[:0], int64(x.number), 10)
		name = number
		rate := p.Sym("rate[" + string(number) + "]")
		sides = sides[:0]
		for _, i := range n.sides[x.from:x.mid] {
			sides = append(sides, b.species[i])
		}
		value, propensity := b.rate(&b.laws[x.rate], x, sides)
		v := s.NewVariable(p.Name(rate), model.Unknown)
		v.Pos, v.Listing = n.pos(x.at), model.ListNever
		r := model.ChemicalReaction{Name: "R" + string(number), Rate: rate, Propensity: propensity, Pos: v.Pos}
		if x.label >= 0 {
			v.Desc = n.labels[x.label]
		}
		s.AddVar(v)
		s.Equations = append(s.Equations, model.Equation{Lhs: rate, Rhs: value, Pos: v.Pos})
		r.Reactants, parts = participants(b, parts, n.sides[x.from:x.mid])
		r.Products, parts = participants(b, parts, n.sides[x.mid:x.to])
		s.Reactions = append(s.Reactions, r)
		for j, i := range n.sides[x.from:x.to] {
			step := int32(1)
			if int32(j) < x.mid-x.from {
				step = -1
			}
			if e := end[i]; e > count[i] && flows[e-1].rate == rate {
				flows[e-1].number += step
				continue
			}
			flows[end[i]] = flow{rate, step}
			end[i]++
		}
	}
	var terms []expr.ID
	var numbers []expr.Num
	for i := range n.species {
		if !b.moved[i] {
			continue
		}
		terms, numbers = terms[:0], numbers[:0]
		for _, f := range flows[count[i]:end[i]] {
			if f.number != 0 {
				terms, numbers = append(terms, f.rate), append(numbers, expr.IntNum(int64(f.number)))
			}
		}
		s.Equations = append(s.Equations, model.Equation{
			Lhs: p.Der(b.species[i]), Rhs: p.Linear(expr.IntNum(0), numbers, terms), Pos: n.pos(n.species[i].at), Balance: true,
		})
	}
}

// participants lists the species of a side with how often they are there, in parts.
func participants(b *builder, parts []model.Participant, side []int32) (of, all []model.Participant) {
	from := len(parts)
	for j, i := range side {
		count := int64(0)
		first := true
		for l, m := range side {
			if m == i {
				count++
				first = first && l >= j
			}
		}
		if first {
			parts = append(parts, model.Participant{Species: b.species[i], Number: b.pool.Int(count)})
		}
	}
	if len(parts) == from {
		return nil, parts
	}
	return parts[from:len(parts):len(parts)], parts
}
