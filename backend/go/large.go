package gogen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/runtime/pack"
)

// Source of large models. What grows with the number of instances is data: index tables
// of loops, names, start values. It is packed into texts (package runtime/pack), and
// parameters and states that are numbered instances of one thing become slices.

const (
	largeFrom = 1000 // states, parameters and observables that make a model large
	packFrom  = 48   // entries of a table that is packed
	groupFrom = 8    // names of one pattern that become a slice
)

// intTable is the name of a table of integers at the package level.
func (g *generator) intTable(v []int32) string {
	text := g.intList(v)
	return g.table(text, entriesText(len(v), func(i int) string { return strconv.Itoa(int(v[i])) }))
}

// floatTable is the name of a table of numbers at the package level.
func (g *generator) floatTable(v []float64) string {
	text := ""
	if len(v) < packFrom {
		text = g.floats(v)
	} else {
		g.usesPack = true
		text = "pack.Floats(" + strconv.Quote(pack.FromFloats(v)) + ")"
	}
	return g.table(text, entriesText(len(v), func(i int) string { return g.literal(v[i]) }))
}

func (g *generator) table(text, remark string) string {
	if name, ok := g.tableOf[text]; ok {
		return name
	}
	name := g.top.unique(g.lower + "Table" + strconv.Itoa(len(g.tableOf)))
	g.tableOf[text] = name
	fmt.Fprintf(&g.tables, "\n// %s: %s\nvar %s = %s\n", name, remark, name, text)
	return name
}

// entriesText shows the first entries of a table.
func entriesText(n int, at func(i int) string) string {
	var b strings.Builder
	for i := range min(n, 6) {
		b.WriteString(at(i) + ", ")
	}
	if n > 6 {
		fmt.Fprintf(&b, "... (%d)", n)
	}
	return strings.TrimSuffix(b.String(), ", ")
}

// intList is an expression for a slice of integers.
func (g *generator) intList(v []int32) string {
	if len(v) < packFrom {
		return "[]int32{" + list(v) + "}"
	}
	g.usesPack = true
	return "pack.Ints(" + strconv.Quote(pack.FromInts(v)) + ")"
}

// group is a set of names of one pattern, or a single name.
type group struct {
	pattern string
	at      []int32 // indices into the list of names
}

// groups sorts names by pattern: x[1].v and x[2].v belong together, where there are
// enough of them. Groups stand in the order of their first members.
func groups(n int, name func(i int) string) []group {
	index := map[string]int{}
	var all []group
	for i := range n {
		p := stars(name(i))
		k, ok := index[p]
		if !ok {
			k = len(all)
			index[p] = k
			all = append(all, group{pattern: p})
		}
		all[k].at = append(all[k].at, int32(i))
	}
	var out []group
	for _, x := range all {
		if len(x.at) >= groupFrom {
			out = append(out, x)
			continue
		}
		for _, i := range x.at {
			out = append(out, group{name(int(i)), []int32{i}})
		}
	}
	return out
}

// stars writes * for the indices of a name, the numbers within brackets.
func stars(name string) string {
	if !strings.Contains(name, "[") {
		return name
	}
	var b strings.Builder
	inside, digits := false, false
	for i := range len(name) {
		c := name[i]
		switch {
		case c == '[':
			inside = true
		case c == ']':
			inside = false
		}
		if digit := c >= '0' && c <= '9'; inside && digit {
			if !digits {
				b.WriteByte('*')
			}
			digits = true
			continue
		}
		digits = false
		b.WriteByte(c)
	}
	return b.String()
}

// groupedParameters is the parameter struct of a large model.
func (g *generator) groupedParameters() string {
	m := &g.prog.Meta
	list := groups(len(m.Params), func(i int) string { return m.Params[i].Name })
	var b, values, defaults strings.Builder
	fmt.Fprintf(&b, "\n// %s are the parameters and start values of %s. Begin with %s: the\n// zero value is not the default. A value that keeps its default follows the parameters\n// that the model binds it to. Numbered parameters are slices in the order of the model,\n// whose lengths must not be changed.\ntype %s struct {\n", g.params, comment(m.Name, 80), g.defaults, g.params)
	f := newNames()
	for _, x := range list {
		q := m.Params[x.at[0]]
		q.Name = x.pattern
		field := f.unique(exported(x.pattern))
		if len(x.at) == 1 {
			fmt.Fprintf(&b, "\t%s float64 // %s\n", field, describe(&q))
			fmt.Fprintf(&defaults, "\t\t%s: v[%d],\n", field, x.at[0])
			fmt.Fprintf(&values, "\tv[%d] = p.%s\n", x.at[0], field)
			continue
		}
		fmt.Fprintf(&b, "\t%s []float64 // %s, %d values\n", field, describe(&q), len(x.at))
		table := backend.NewTable(x.at)
		index := g.tableIndex(&table)
		fmt.Fprintf(&defaults, "\t\t%s: %s(%d, func(i int) int { return %s }, v),\n", field, g.pickFunc(), len(x.at), index)
		fmt.Fprintf(&values, "\tfor i, x := range p.%s {\n\t\tv[%s] = x\n\t}\n", field, index)
	}
	fmt.Fprintf(&b, "}\n\n// %s returns the values that the model gives.\nfunc %s() %s {\n\tv := %s().P\n\treturn %s{\n%s\t}\n}\n", g.defaults, g.defaults, g.params, g.data, g.params, defaults.String())
	fmt.Fprintf(&b, "\n// values lists the parameters in the order of ode.Problem.Params.\nfunc (p *%s) values() []float64 {\n\tv := make([]float64, %d)\n%s\treturn v\n}\n", g.params, len(m.Params), values.String())
	return b.String()
}

// tableIndex is the text of an int index of instance i.
func (g *generator) tableIndex(t *backend.Table) string {
	if t.List != nil {
		return "int(" + g.intTable(t.List) + "[i])"
	}
	return fmt.Sprintf("%d+%d*i", t.Base, t.Stride)
}

// pickFunc is the name of the helper that takes a group out of all values.
func (g *generator) pickFunc() string {
	const key = "pick"
	if name, ok := g.tableOf[key]; ok {
		return name
	}
	name := g.top.unique(g.lower + "Pick")
	g.tableOf[key] = name
	fmt.Fprintf(&g.tables, "\n// %s takes n of the values, that of each i from its place.\nfunc %s(n int, place func(i int) int, v []float64) []float64 {\n\tx := make([]float64, n)\n\tfor i := range x {\n\t\tx[i] = v[place(i)]\n\t}\n\treturn x\n}\n", name, name)
	return name
}

// groupedStates gives the indices of the states of a large model.
func (g *generator) groupedStates() string {
	list := groups(len(g.stateNames), func(i int) string { return g.stateNames[i] })
	if len(list) == 0 {
		return ""
	}
	var consts, slices strings.Builder
	for _, x := range list {
		name := g.top.unique(g.model + "State" + exported(x.pattern))
		q := g.prog.Meta.States[x.at[0]]
		q.Name = x.pattern
		if len(x.at) == 1 {
			fmt.Fprintf(&consts, "\t%s = %d // %s\n", name, x.at[0], describe(&q))
			continue
		}
		table := backend.NewTable(x.at)
		fmt.Fprintf(&slices, "\n// %s is the index of the i-th state %s\nfunc %s(i int) int { return %s }\n", name, describe(&q), name, g.tableIndex(&table))
	}
	out := ""
	if consts.Len() > 0 {
		out = fmt.Sprintf("\n// Indices of the states of %s.\nconst (\n%s)\n", comment(g.prog.Meta.Name, 80), consts.String())
	}
	return out + slices.String()
}

// packedProblem writes the function that returns the data of the problem.
func (g *generator) packedProblem(b *strings.Builder) {
	m := g.prog.Meta
	texts := make([]string, len(m.States))
	for i := range texts {
		texts[i] = local(m.Equation(i))
	}
	m.Guards = slices.Clone(m.Guards)
	for i := range m.Guards {
		m.Guards[i].Text = local(m.Guards[i].Text)
	}
	if m.Lifted != nil {
		lifted := *m.Lifted
		lifted.Residual = slices.Clone(lifted.Residual)
		for i := range lifted.Residual {
			lifted.Residual[i] = local(lifted.Residual[i])
		}
		m.Lifted = &lifted
	}
	if m.Init != nil {
		init := *m.Init
		init.Notes = nil
		for _, n := range m.Init.Notes {
			init.Notes = append(init.Notes, local(n))
		}
		init.Blocks = append([]ode.InitBlock(nil), init.Blocks...)
		for i := range init.Blocks {
			x := &init.Blocks[i]
			x.Residual = append([]string(nil), x.Residual...)
			for k := range x.Residual {
				x.Residual[k] = local(x.Residual[k])
			}
		}
		m.Init = &init
	}
	g.usesPack = true
	fmt.Fprintf(b, "\n// %s returns the data of the problem: names, start values, patterns.\nvar %s = sync.OnceValue(func() *ode.Problem {\n\treturn pack.Problem(%s)\n})\n", g.data, g.data, strconv.Quote(pack.FromProblem(&m, texts)))
}

// part is a piece of the computation of eliminated variables.
type part struct {
	method string
	needs  []int32 // earlier parts whose results it reads
}

// observedParts writes the kernel of the eliminated variables and tells which part
// computes each of them.
func (g *generator) observedParts() (parts []part, partOf []int32) {
	k := g.prog.Observed
	arr := arrays{params: "u, p, out []float64", args: "u, p, out", main: "out"}
	partOf = make([]int32, g.prog.ObservedCount)
	if len(k.Steps) == 0 {
		f := &function{g: g, k: k, code: k.Code, arr: arr}
		for c, m := range f.write("observed") {
			parts = append(parts, part{m, f.depend[c]})
		}
		for c, s := range f.stmts {
			for _, r := range s {
				if r < 0 {
					partOf[k.Out[^r].Index] = int32(c)
				}
			}
		}
		return parts, partOf
	}
	writer := make([]int32, k.Scratch) // part that writes an entry of the scratch array
	for i := range k.Steps {
		s := &k.Steps[i]
		entry := func(k int32, instance int) int32 {
			if s.N == 0 {
				return k
			}
			return s.Index[k].At(instance)
		}
		needs := make([]bool, i)
		for n := range max(s.N, 1) {
			for _, in := range s.Body.Code {
				if in.Op == backend.S {
					if w := writer[entry(in.A, n)]; int(w) < i {
						needs[w] = true
					}
				}
			}
			for _, o := range s.Body.Out {
				if o.Space == backend.Scratch {
					writer[entry(o.Index, n)] = int32(i)
				} else {
					partOf[entry(o.Index, n)] = int32(i)
				}
			}
		}
		methods := g.step(k, i, "observed", arr)
		p := part{method: methods[0]}
		if len(methods) > 1 {
			p.method = fmt.Sprintf("observed%d", i)
			fmt.Fprintf(&g.body, "\nfunc (k *%s) %s(t float64, %s) {\n", g.kernels, p.method, arr.params)
			for _, m := range methods {
				fmt.Fprintf(&g.body, "\tk.%s(t, %s)\n", m, arr.args)
			}
			g.body.WriteString("}\n")
		}
		for w, yes := range needs {
			if yes {
				p.needs = append(p.needs, int32(w))
			}
		}
		parts = append(parts, p)
	}
	return parts, partOf
}
