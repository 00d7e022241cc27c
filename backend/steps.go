package backend

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/expr"
)

// instance is a node to be computed: the terms of a body with places for its leaves,
// numbers and results.
type instance struct {
	body   *body
	kind   int32 // of the body; see schedule
	level  int32
	node   int32
	leaves []int32
	data   []float64
	outs   []int32
}

// body is what instances of one kind compute.
type body struct {
	terms   []expr.ID // in placeholders
	spaces  [][]Space // results of each term
	holes   []expr.ID // placeholders of the leaves
	ops     []Op      // of the leaves
	numbers []expr.ID // placeholders of numbers
	ordered bool
	size    int
}

// slotOf returns the place of a node in the scratch array, which it gets now at the
// latest.
func (r *roller) slotOf(n int32) int32 {
	x := &r.nodes[n]
	if x.slot < 0 {
		x.slot = r.slots
		r.slots++
	}
	return x.slot
}

// values lists the instances that compute the nodes for which need holds; nil: all, with
// their results.
func (r *roller) values(need []bool) []instance {
	read := make([]bool, len(r.nodes))
	for n := range r.nodes {
		if need != nil && !need[n] {
			continue
		}
		for _, l := range r.nodes[n].leaves {
			if l.op == S {
				read[l.index] = true
			}
		}
	}
	for n, yes := range need {
		read[n] = read[n] || yes
	}
	// One of a shape that is read makes all of them keep their values.
	kept := make([]bool, len(r.shapes))
	for n, yes := range read {
		if yes {
			kept[r.nodes[n].shape] = true
		}
	}
	bodies := make([]*body, len(r.shapes))
	list := make([]instance, 0, len(r.nodes))
	for n := range r.nodes {
		if need != nil && !need[n] {
			continue
		}
		x := &r.nodes[n]
		s := r.shapes[x.shape]
		b := bodies[x.shape]
		if b == nil {
			b = &body{terms: []expr.ID{s.term}, ops: s.ops, size: int(s.size)}
			var spaces []Space
			if kept[x.shape] {
				spaces = append(spaces, Scratch)
			}
			if need == nil {
				for _, o := range x.outs {
					spaces = append(spaces, o.space)
				}
			}
			b.spaces = [][]Space{spaces}
			for k := range s.ops {
				b.holes = append(b.holes, r.placeholder(&r.leaf, "L", k))
			}
			for k := range x.data {
				b.numbers = append(b.numbers, r.placeholder(&r.number, "K", k))
			}
			bodies[x.shape] = b
		}
		in := instance{body: b, node: int32(n), data: x.data, leaves: r.places(x.leaves), outs: r.ints.take(len(x.outs) + 1)[:0]}
		if kept[x.shape] {
			in.outs = append(in.outs, r.slotOf(int32(n)))
		}
		if need == nil {
			for _, o := range x.outs {
				in.outs = append(in.outs, o.index)
			}
		}
		list = append(list, in)
	}
	return list
}

// places are the entries that the leaves name.
func (r *roller) places(leaves []leaf) []int32 {
	out := r.ints.take(len(leaves))
	for k, l := range leaves {
		out[k] = l.index
		if l.op == S {
			out[k] = r.slotOf(l.index)
		}
	}
	return out
}

// kernel writes instances, each of which comes after those it reads, level by level:
// loops where there are enough of one body, straight-line code otherwise. It returns nil
// if loops save less than half of the code, unless force is set.
func (r *roller) kernel(name string, list []instance, force bool) *Kernel {
	list = r.schedule(list)
	type group struct {
		level int32
		body  *body
		list  []int32
	}
	// Groups by level, within a level in the order of their first instances.
	type kind struct {
		level int32
		body  *body
	}
	index := map[kind]int{}
	var groups []group
	last := -1
	for i := range list {
		k := kind{list[i].level, list[i].body}
		if last < 0 || groups[last].level != k.level || groups[last].body != k.body {
			g, ok := index[k]
			if !ok {
				g = len(groups)
				index[k] = g
				groups = append(groups, group{level: k.level, body: k.body})
			}
			last = g
		}
		groups[last].list = append(groups[last].list, int32(i))
	}
	slices.SortStableFunc(groups, func(a, b group) int { return cmp.Compare(a.level, b.level) })
	straight, loops, total := 0, 0, 0
	for _, g := range groups {
		total += g.body.size * len(g.list)
		if len(g.list) >= r.opt.MinLoop {
			loops += g.body.size
		} else {
			straight += g.body.size * len(g.list)
		}
	}
	if !force && 2*(loops+straight) > total {
		return nil
	}
	k := &Kernel{Name: name}
	w := stepWriter{r: r, k: k}
	for i := 0; i < len(groups); {
		j := i
		for j < len(groups) && groups[j].level == groups[i].level {
			j++
		}
		flushed := false
		for _, g := range groups[i:j] {
			if len(g.list) < r.opt.MinLoop {
				continue
			}
			if !flushed {
				w.flush()
				flushed = true
			}
			w.loop(g.body, list, g.list)
		}
		for _, g := range groups[i:j] {
			if len(g.list) < r.opt.MinLoop {
				for _, m := range g.list {
					w.once(&list[m])
				}
			}
		}
		i = j
	}
	w.flush()
	k.Scratch = int(r.slots)
	return k
}

// stepWriter appends steps to a kernel.
type stepWriter struct {
	r     *roller
	k     *Kernel
	open  bool          // a straight step is being written
	known map[int32]Ref // scratch entries that it has computed
}

// once adds an instance to the present straight step.
func (w *stepWriter) once(in *instance) {
	l := w.r.l
	if !w.open {
		l.begin(w.k.Name)
		w.open, w.known = true, map[int32]Ref{}
	} else {
		l.renew()
	}
	b := in.body
	for k, h := range b.holes {
		if b.ops[k] == S {
			if v, ok := w.known[in.leaves[k]]; ok {
				l.assign(h, v)
				continue
			}
		}
		l.assign(h, l.b.Input(b.ops[k], in.leaves[k]))
	}
	for k, h := range b.numbers {
		l.assign(h, l.b.Number(in.data[k]))
	}
	o := 0
	name := w.r.name(in.node)
	for i, t := range b.terms {
		v := l.lower(t)
		if name != "" && len(b.terms) == 1 {
			l.b.Label(v, name, w.r.equation(in.node))
		}
		for _, s := range b.spaces[i] {
			l.b.Output(s, int(in.outs[o]), v)
			if s == Scratch {
				w.known[in.outs[o]] = v
			}
			o++
		}
	}
}

// flush ends the present straight step.
func (w *stepWriter) flush() {
	if w.open {
		w.open = false
		w.k.Steps = append(w.k.Steps, Step{Body: w.r.l.b.Finish()})
	}
}

// loop adds a loop over the chosen instances of a body.
func (w *stepWriter) loop(b *body, list []instance, which []int32) {
	l := w.r.l
	l.begin(w.k.Name)
	s := Step{N: len(which), Ordered: b.ordered}
	column := func(of func(in *instance) int32) int32 {
		c := make([]int32, len(which))
		for i, m := range which {
			c[i] = of(&list[m])
		}
		s.Index = append(s.Index, NewTable(c))
		return int32(len(s.Index) - 1)
	}
	for k, h := range b.holes {
		t := column(func(in *instance) int32 { return in.leaves[k] })
		l.assign(h, l.b.Input(b.ops[k], t))
	}
	for k, h := range b.numbers {
		row := make([]float64, len(which))
		for i, m := range which {
			row[i] = list[m].data[k]
		}
		s.Data = append(s.Data, row)
		l.assign(h, l.b.Emit(Data, int32(k)))
	}
	o := 0
	for i, t := range b.terms {
		v := l.lower(t)
		for _, sp := range b.spaces[i] {
			l.b.Output(sp, int(column(func(in *instance) int32 { return in.outs[o] })), v)
			o++
		}
	}
	s.Name = w.pattern(list, which)
	s.Body = l.b.Finish()
	s.trim()
	w.k.Steps = append(w.k.Steps, s)
}

// pattern is a name for all instances: that of the first, with * for each number in
// which the last or the second differs.
func (w *stepWriter) pattern(list []instance, which []int32) string {
	first := w.r.name(list[which[0]].node)
	for _, m := range []int32{which[1], which[len(which)/2], which[len(which)-1]} {
		first = Pattern(first, w.r.name(list[m].node))
	}
	return first
}

// Pattern is one name for two: it writes * for the numbers in which two names differ, and for what
// differs otherwise.
func Pattern(a, b string) string {
	if a == b {
		return a
	}
	x, y := pieces(a), pieces(b)
	if len(x) != len(y) {
		n := 0
		for n < len(x) && n < len(y) && x[n] == y[n] {
			n++
		}
		return strings.TrimSuffix(strings.Join(x[:n], ""), "*") + "*"
	}
	for i := range x {
		if x[i] != y[i] {
			x[i] = "*"
		}
	}
	return strings.Join(x, "")
}

// pieces cuts a name into words, numbers and the signs between them.
func pieces(s string) []string {
	var out []string
	kind := func(c byte) int {
		switch {
		case c >= '0' && c <= '9' || c == '*':
			return 1
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80:
			return 2
		}
		return 3
	}
	for i := 0; i < len(s); {
		j := i + 1
		for j < len(s) && kind(s[j]) == kind(s[i]) && kind(s[i]) != 3 {
			j++
		}
		out = append(out, s[i:j])
		i = j
	}
	return out
}
