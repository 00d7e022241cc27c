package gogen

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/mtkc/mtkc/backend"
)

// A kernel becomes a method for every chunk of about chunkSize statements: the time of
// the Go compiler grows faster than a function's length. What is read across chunks
// passes through the scratch array of the kernels.
const chunkSize = 160

// inlineMax bounds the operations that go into one expression.
const inlineMax = 24

// arrays names what a kernel reads and writes.
type arrays struct {
	params string // of the method, without t: "u, p, du []float64"
	args   string // the same for a call
	main   string
	mem    string
}

// function is a kernel under translation.
type function struct {
	g     *generator
	k     *backend.Kernel
	code  []backend.Instr
	loop  *backend.Step // the step whose body this is, nil outside of loops
	base  int           // scratch entries of the kernel's steps
	arr   arrays
	label []int32 // by value: index into k.Labels, -1
	uses  []int32 // readers and outputs
	named []bool  // the value gets a variable
	added []bool  // the value is a product, maybe with its sign turned, below a sum
	size  []int32 // operations that the expression of the value holds
	chunk []int32 // by named value: where it is defined
	slot  []int32 // by named value: place in the scratch array, -1

	stmts [][]int32 // named values and outputs (^index into k.Out) by chunk

	// of the chunk that is being written
	out     strings.Builder
	head    strings.Builder // before the loop
	scope   *names
	local   map[int32]string // variables of values
	curr    int32
	needs   map[int32]bool     // chunks whose values this one reads
	top     map[string]int     // by array: the largest constant index
	memory  string             // the variable of the scratch array, "" as long as it is not used
	own     bool               // the method uses its receiver
	free    string             // name of the function that the kernel may become, "": none
	inner   strings.Builder    // within the loop over runs, before the loop over a run
	parts   map[string]string  // windows of arrays by array and index table
	limits  []string           // of the index in a run, beside the length of that
	run     *runs              // of the loop, nil: not divided
	lead    []backend.Lead     // of the loop
	windows map[window]*extent // of the loop
	depend  [][]int32          // needs of each chunk, sorted
}

// plan decides which values get variables and cuts the code into chunks.
func (f *function) plan() {
	n := len(f.code)
	f.label, f.uses, f.named = make([]int32, n), make([]int32, n), make([]bool, n)
	f.size, f.chunk, f.slot = make([]int32, n), make([]int32, n), make([]int32, n)
	for r := range f.label {
		f.label[r], f.slot[r] = -1, -1
	}
	for i, l := range f.k.Labels {
		f.label[l.Val] = int32(i)
	}
	f.added = make([]bool, n)
	add := func(a backend.Ref) {
		for f.code[a].Op == backend.Neg {
			a = f.code[a].A
		}
		f.added[a] = f.code[a].Op == backend.Mul
	}
	for _, in := range f.code {
		f.k.Operands(in, func(a backend.Ref) { f.uses[a]++ })
		if in.Op == backend.Add || in.Op == backend.Sub {
			add(in.A)
			add(in.B)
		}
	}
	for _, o := range f.k.Out {
		if o.Space == backend.Scratch {
			add(o.Val) // a later step may add it
		}
	}
	outs := make([]int32, n)
	for _, o := range f.k.Out {
		f.uses[o.Val]++
		outs[o.Val]++
	}
	for r, in := range f.code {
		if in.Op.Input() {
			continue
		}
		size := int32(1)
		allConst := true
		f.k.Operands(in, func(a backend.Ref) {
			if !f.named[a] {
				size += f.size[a]
			}
			allConst = allConst && f.code[a].Op == backend.Const
		})
		f.size[r] = size
		soleOutput := f.uses[r] == 1 && outs[r] == 1
		f.named[r] = f.uses[r] > 1 || size > inlineMax || in.Op == backend.Select ||
			f.label[r] >= 0 && !soleOutput || allConst
		if f.named[r] {
			f.size[r] = 0
		}
	}
	// Statements in the order of the program.
	var all []int32
	o := 0
	for r := range f.code {
		if f.named[r] {
			all = append(all, int32(r))
		}
		for o < len(f.k.Out) && int(f.k.Out[o].Val) == r {
			all = append(all, ^int32(o))
			o++
		}
	}
	for f.loop == nil && len(all) > chunkSize+chunkSize/4 {
		f.stmts = append(f.stmts, all[:chunkSize])
		all = all[chunkSize:]
	}
	if len(all) > 0 {
		f.stmts = append(f.stmts, all)
	}
	for c, s := range f.stmts {
		for _, r := range s {
			if r >= 0 {
				f.chunk[r] = int32(c)
			}
		}
	}
	// Values that are read in a later chunk get a place in the scratch array.
	next := int32(f.base)
	for c, s := range f.stmts {
		for _, r := range s {
			f.reads(f.root(r), r < 0, func(a int32) {
				if f.chunk[a] != int32(c) && f.slot[a] < 0 {
					f.slot[a] = next
					next++
				}
			})
		}
	}
	f.g.scratch = max(f.g.scratch, int(next))
}

// root is the value of a statement.
func (f *function) root(stmt int32) int32 {
	if stmt < 0 {
		return f.k.Out[^stmt].Val
	}
	return stmt
}

// reads calls visit for the named values that the expression of r reads; with self r
// counts as well if it is named.
func (f *function) reads(r int32, self bool, visit func(int32)) {
	if self && f.named[r] {
		visit(r)
		return
	}
	f.k.Operands(f.code[r], func(a backend.Ref) { f.reads(a, true, visit) })
}

// write translates the kernel into methods name0, name1, ... (name alone if it is one)
// and returns their names; or, where f.free allows it and no scratch memory is used, into a
// function of that name alone, and returns nil.
func (f *function) write(name string) []string {
	f.plan()
	var methods []string
	for c, s := range f.stmts {
		f.curr = int32(c)
		f.out.Reset()
		f.head.Reset()
		f.inner.Reset()
		f.parts = map[string]string{}
		f.scope = newNames(f.g.reserved...)
		for _, x := range strings.FieldsFunc(f.arr.params, func(r rune) bool { return r == ',' || r == ' ' }) {
			f.scope.used[x] = true
		}
		if f.loop != nil { // the variables of loops
			f.scope.used["i"], f.scope.used["n"], f.scope.used["r"] = true, true, true
		}
		f.local = map[int32]string{}
		f.needs = map[int32]bool{}
		f.top, f.memory = map[string]int{}, ""
		if f.loop != nil {
			f.run, f.lead, f.limits = runsOf(f.loop), f.loop.Leads(), nil
			f.windows = f.windowsOf()
		}
		for _, stmt := range s {
			if stmt < 0 {
				f.store(f.k.Out[^stmt])
			} else {
				f.define(stmt)
			}
		}
		m := name
		if len(f.stmts) > 1 {
			m = name + strconv.Itoa(c)
		}
		methods = append(methods, m)
		var need []int32
		for d := range int32(c) {
			if f.needs[d] {
				need = append(need, d)
			}
		}
		f.depend = append(f.depend, need)
		text := f.bounds() + f.out.String()
		if f.loop != nil {
			fmt.Fprintf(&f.g.body, "\n// %s computes %s, %d times.", m, comment(f.loop.Name, 120), f.loop.N)
			text = f.looped()
		}
		if f.free != "" && !f.own && len(f.stmts) == 1 && f.loop == nil {
			fmt.Fprintf(&f.g.body, "\nfunc %s(t float64, %s) {\n%s}\n", f.free, f.arr.params, text)
			return nil
		}
		fmt.Fprintf(&f.g.body, "\nfunc (k *%s) %s(t float64, %s) {\n%s}\n", f.g.kernels, m, f.arr.params, text)
	}
	return methods
}

// bounds are the lines before a chunk that check the largest index into each array, so
// that the compiler need not check the others, and name the scratch array.
func (f *function) bounds() string {
	var b strings.Builder
	if f.memory != "" {
		fmt.Fprintf(&b, "\t%s := k.s\n", f.memory)
	}
	names := slices.Sorted(maps.Keys(f.top))
	for _, a := range names {
		if i := f.top[a]; i > 0 {
			fmt.Fprintf(&b, "\t_ = %s[%d]\n", a, i)
		}
	}
	return b.String()
}

// entry is the text of an entry of an array.
func (f *function) entry(array string, index string) string {
	if i, err := strconv.Atoi(index); err == nil {
		f.top[array] = max(f.top[array], i)
	}
	return array + "[" + index + "]"
}

// scratch is the text of an entry of the scratch array.
func (f *function) scratch(index string) string { return f.entry(f.scratchName(), index) }

func (f *function) scratchName() string {
	f.own = true
	if f.memory == "" {
		f.memory = f.scope.unique("s")
	}
	return f.memory
}

// labelOf is the label of a value, nil if it has none.
func (f *function) labelOf(r int32) *backend.Label {
	if l := f.label[r]; l >= 0 {
		return &f.k.Labels[l]
	}
	return nil
}

// remark is the comment behind a definition: the variable in the model, and the
// equation where there is room.
func (f *function) remark(l *backend.Label) string {
	if l == nil {
		return ""
	}
	s := comment(l.Name, 80)
	if l.Eq >= 0 && f.g.prog.Source != nil {
		if src := local(f.g.prog.Source(int(l.Eq))); len(src) <= 80 {
			s += ", from " + comment(src, 100)
		}
	}
	return " // " + s
}

// define writes the variable of a value.
func (f *function) define(r int32) {
	in := f.code[r]
	base := "x" + strconv.Itoa(int(r))
	l := f.labelOf(r)
	if l != nil {
		base = identifier(l.Name)
	}
	f.scopeNamed(r, base, func(v string) {
		switch {
		case in.Op == backend.Select:
			c, a, b := f.truth(in.A), f.number(in.B, precSum), f.number(in.C, precSum)
			fmt.Fprintf(&f.out, "\tvar %s float64%s\n\tif %s {\n\t\t%s = %s\n\t} else {\n\t\t%s = %s\n\t}\n", v, f.remark(l), c, v, a, v, b)
		case in.Op.Bool():
			fmt.Fprintf(&f.out, "\t%s := %s%s\n", v, f.expression(r, precOr), f.remark(l))
		case f.added[r]:
			fmt.Fprintf(&f.out, "\t%s := float64(%s)%s\n", v, f.expression(r, precSum), f.remark(l))
		default:
			fmt.Fprintf(&f.out, "\t%s := %s%s\n", v, f.expression(r, precSum), f.remark(l))
		}
	})
	if f.slot[r] >= 0 {
		v := f.local[r]
		if in.Op.Bool() {
			v = f.g.truthFunc + "(" + v + ")"
			f.g.usesTruth = true
		}
		fmt.Fprintf(&f.out, "\t%s = %s\n", f.scratch(strconv.Itoa(int(f.slot[r]))), v)
	}
}

// scopeNamed gives r a variable after its definition has been written: the definition
// itself must not see it.
func (f *function) scopeNamed(r int32, base string, write func(string)) {
	v := f.scope.unique(base)
	write(v)
	f.local[r] = v
}

// store writes an output.
func (f *function) store(o backend.Output) {
	switch o.Space {
	case backend.Code:
		f.own = true
		fmt.Fprintf(&f.out, "\tk.code = int(%s)\n", f.number(o.Val, precSum))
		return
	case backend.Memory:
		v := f.number(o.Val, precSum)
		fmt.Fprintf(&f.out, "\t%s = %s\n", f.at(f.arr.mem, o.Index), v)
		return
	case backend.Scratch:
		v := f.number(o.Val, precSum)
		fmt.Fprintf(&f.out, "\t%s = %s\n", f.at(f.scratchName(), o.Index), v)
		return
	}
	rem := ""
	if f.loop != nil {
		v := f.number(o.Val, precSum)
		fmt.Fprintf(&f.out, "\t%s = %s\n", f.at(f.arr.main, o.Index), v)
		return
	}
	if l := f.labelOf(o.Val); l != nil && !f.named[o.Val] {
		rem = f.remark(l)
	} else if f.g.rowName != nil {
		rem = f.g.rowName(o.Index)
	}
	v := f.number(o.Val, precSum)
	fmt.Fprintf(&f.out, "\t%s = %s%s\n", f.entry(f.arr.main, strconv.Itoa(int(o.Index))), v, rem)
}

// Binding strengths of Go's operators.
const (
	precOr = iota + 1
	precAnd
	precRel
	precSum
	precMul
	precUnary
)

// number is the text of a value as a float64, in parentheses where the place asks for
// more than prec.
func (f *function) number(r int32, prec int) string {
	if f.code[r].Op.Bool() && !f.crossed(r) {
		f.g.usesTruth = true
		return f.g.truthFunc + "(" + f.operand(r, precOr) + ")"
	}
	return f.operand(r, prec)
}

// crossed reports whether a value comes from an earlier chunk, where truth values have
// become numbers.
func (f *function) crossed(r int32) bool { return f.named[r] && f.chunk[r] != f.curr }

// truth is the text of a value as a bool.
func (f *function) truth(r int32) string { return f.truthIn(r, precOr) }

func (f *function) truthIn(r int32, prec int) string {
	in := f.code[r]
	if in.Op.Bool() && !f.crossed(r) {
		return f.operand(r, prec)
	}
	if in.Op == backend.Const {
		return strconv.FormatBool(f.k.Consts[in.A] != 0)
	}
	return parens(f.number(r, precSum)+" != 0", precRel, prec)
}

// terms appends to list what r joins by op, And or Or, each text once: go vet takes a
// repeated one for a mistake.
func (f *function) terms(op backend.Op, r int32, list []string) []string {
	if in := f.code[r]; in.Op == op && !f.named[r] {
		return f.terms(op, in.B, f.terms(op, in.A, list))
	}
	if s := f.truthIn(r, binary[op].prec+1); !slices.Contains(list, s) {
		list = append(list, s)
	}
	return list
}

func parens(s string, have, want int) string {
	if have < want {
		return "(" + s + ")"
	}
	return s
}

// operand is the text of a value in its own type: a variable, or the expression.
func (f *function) operand(r int32, prec int) string {
	in := f.code[r]
	switch in.Op {
	case backend.Const:
		return f.constant(f.k.Consts[in.A], prec)
	case backend.Time:
		return "t"
	case backend.U, backend.P, backend.W, backend.S, backend.Data:
		return f.input(r)
	}
	if !f.named[r] {
		return f.expression(r, prec)
	}
	if v, ok := f.local[r]; ok {
		return v
	}
	// Defined in an earlier chunk.
	f.needs[f.chunk[r]] = true
	base := "x" + strconv.Itoa(int(r))
	if l := f.labelOf(r); l != nil {
		base = identifier(l.Name)
	}
	v := f.scope.unique(base)
	f.local[r] = v
	f.preamble(fmt.Sprintf("\t%s := %s\n", v, f.scratch(strconv.Itoa(int(f.slot[r])))))
	return v
}

// preamble writes a line before the statement under construction: statements are
// written as a whole once their text is known.
func (f *function) preamble(line string) { f.out.WriteString(line) }

var inputArrays = map[backend.Op]string{backend.U: "u", backend.P: "p", backend.W: "w"}

// input is the variable that holds an entry of u, p, w or the scratch array, or a
// number of the instance.
func (f *function) input(r int32) string {
	if v, ok := f.local[r]; ok {
		return v
	}
	in := f.code[r]
	array := inputArrays[in.Op]
	name, fixed := "", false // fixed: the same entry in all instances
	switch {
	case in.Op == backend.Data:
		name, array = "c", f.g.floatTable(f.loop.Data[in.A])
	case f.loop != nil:
		t := &f.loop.Index[in.A]
		name = f.entryName(in.Op, t.At(0))
		for _, i := range []int{1, f.loop.N / 2, f.loop.N - 1} {
			name = backend.Pattern(name, f.entryName(in.Op, t.At(i)))
		}
		fixed = t.List == nil && t.Stride == 0 && !(in.Op == backend.S && f.loop.Ordered)
	default:
		name = f.entryName(in.Op, in.A)
	}
	v := f.scope.unique(identifier(name))
	f.local[r] = v
	rem := ""
	if id := identifier(name); id != name {
		rem = " // " + comment(name, 80)
	}
	text := ""
	switch in.Op {
	case backend.S:
		text = f.at(f.scratchName(), in.A)
	case backend.Data:
		text = f.data(array)
	default:
		text = f.at(array, in.A)
	}
	line := fmt.Sprintf("\t%s := %s%s\n", v, text, rem)
	if fixed {
		f.head.WriteString(line)
	} else {
		f.preamble(line)
	}
	return v
}

// entryName is the name of an entry of an input in the model.
func (f *function) entryName(op backend.Op, i int32) string {
	switch op {
	case backend.U:
		return f.g.stateNames[i]
	case backend.P:
		return f.g.memoryNames[i]
	case backend.W:
		if f.g.initial {
			return f.g.prog.Meta.Init.Names[i]
		}
		if f.g.lifted {
			if int(i) < len(f.g.stateNames) {
				return f.g.stateNames[i]
			}
			return "exponent"
		}
		return "set_" + f.g.memoryNames[i]
	}
	return "s"
}

// constant is a number in Go.
func (f *function) constant(v float64, prec int) string {
	switch {
	case math.IsNaN(v):
		f.g.usesMath = true
		if w := math.Float64bits(v); w != math.Float64bits(math.NaN()) {
			return fmt.Sprintf("math.Float64frombits(%#x)", w)
		}
		return "math.NaN()"
	case math.IsInf(v, 0):
		f.g.usesMath = true
		return fmt.Sprintf("math.Inf(%+.0f)", math.Copysign(1, v))
	case v == 0 && math.Signbit(v):
		f.g.usesMath = true
		return "math.Copysign(0, -1)"
	}
	s := strconv.FormatFloat(v, 'g', -1, 64)
	if v < 0 && prec > precSum {
		return "(" + s + ")"
	}
	return s
}

// binary operators.
var binary = map[backend.Op]struct {
	text string
	prec int
}{
	backend.Add: {" + ", precSum}, backend.Sub: {" - ", precSum},
	backend.Mul: {"*", precMul}, backend.Div: {"/", precMul},
	backend.Lt: {" < ", precRel}, backend.Le: {" <= ", precRel}, backend.Eq: {" == ", precRel}, backend.Ne: {" != ", precRel},
	backend.And: {" && ", precAnd}, backend.Or: {" || ", precOr},
}

// calls are operations that a function computes.
var calls = map[backend.Op]string{
	backend.Sqrt: "math.Sqrt", backend.Abs: "math.Abs", backend.Floor: "math.Floor", backend.Ceil: "math.Ceil",
	backend.FMA: "math.FMA", backend.Min: "min", backend.Max: "max",
	backend.Pow: "elementary.Pow", backend.Sin: "elementary.Sin", backend.Cos: "elementary.Cos", backend.Tan: "elementary.Tan",
	backend.Asin: "elementary.Asin", backend.Acos: "elementary.Acos", backend.Atan: "elementary.Atan",
	backend.Sinh: "elementary.Sinh", backend.Cosh: "elementary.Cosh", backend.Tanh: "elementary.Tanh",
	backend.Asinh: "elementary.Asinh", backend.Acosh: "elementary.Acosh", backend.Atanh: "elementary.Atanh",
	backend.Exp: "elementary.Exp", backend.Log: "elementary.Log", backend.Log10: "elementary.Log10",
	backend.FarSin: "elementary.FarSin", backend.FarCos: "elementary.FarCos", backend.FarTan: "elementary.FarTan",
	backend.Sign: "elementary.Sign", backend.Atan2: "elementary.Atan2",
	backend.Mod: "elementary.Mod", backend.Rem: "elementary.Rem", backend.Quo: "elementary.Quo",
}

// call is the text of a call of a function, whose package the file imports then.
func (g *generator) call(name string, args ...string) string {
	switch pkg, _, _ := strings.Cut(name, "."); pkg {
	case "math":
		g.usesMath = true
	case "elementary":
		g.usesElementary = true
	}
	return name + "(" + strings.Join(args, ", ") + ")"
}

// words are the operators on the bits of numbers.
var words = map[backend.Op]string{
	backend.BitAnd: "&", backend.BitOr: "|", backend.BitXor: "^", backend.BitAdd: "+", backend.BitSub: "-",
	backend.BitShl: "<<", backend.BitShr: ">>", backend.BitSar: ">>",
}

// expression is the text of the operation of r.
func (f *function) expression(r int32, prec int) string {
	in := f.code[r]
	allConst := true
	f.k.Operands(in, func(a backend.Ref) { allConst = allConst && f.code[a].Op == backend.Const })
	if op, ok := binary[in.Op]; ok {
		if in.Op == backend.And || in.Op == backend.Or {
			terms := f.terms(in.Op, in.B, f.terms(in.Op, in.A, nil))
			if len(terms) == 1 {
				return f.truthIn(in.A, prec)
			}
			return parens(strings.Join(terms, op.text), op.prec, prec)
		}
		left := op.prec
		if op.prec == precRel {
			left = precSum // comparisons do not associate
		}
		a, b := "", ""
		if allConst {
			// Constants of Go are not rounded and must not divide by zero: a variable is.
			a = f.scope.unique("c")
			f.preamble(fmt.Sprintf("\tvar %s float64 = %s\n", a, f.number(in.A, precSum)))
			b = f.number(in.B, precUnary)
		} else {
			a = f.factor(in.Op, in.A, left)
			b = f.factor(in.Op, in.B, left+1)
		}
		return parens(a+op.text+b, op.prec, prec)
	}
	if fn, ok := calls[in.Op]; ok {
		var args []string
		f.k.Operands(in, func(a backend.Ref) { args = append(args, f.number(a, precSum)) })
		text := f.g.call(fn, args...)
		if allConst && (in.Op == backend.Min || in.Op == backend.Max) {
			text = "float64(" + text + ")" // that of constants would be one
		}
		return text
	}
	if word, ok := words[in.Op]; ok {
		f.g.usesMath = true
		bits := func(r backend.Ref) string { return "math.Float64bits(" + f.number(r, precSum) + ")" }
		switch {
		case in.Op == backend.BitSar:
			return fmt.Sprintf("math.Float64frombits(uint64(int64(%s) >> %d))", bits(in.A), in.B)
		case in.Op.Shift():
			return fmt.Sprintf("math.Float64frombits(%s %s %d)", bits(in.A), word, in.B)
		}
		return fmt.Sprintf("math.Float64frombits(%s %s %s)", bits(in.A), word, bits(in.B))
	}
	switch in.Op {
	case backend.Neg:
		x := f.number(in.A, precMul)
		if strings.HasPrefix(x, "-") {
			x = "(" + x + ")"
		}
		return parens("-"+x, precMul, prec)
	case backend.Not:
		x := f.truthIn(in.A, precUnary)
		return "!" + x
	}
	panic("mtkc: bug: no Go for " + in.Op.String())
}

// factor is an operand of a binary operator. A product below a sum is converted, which
// forbids the compiler to fuse the two and round once.
func (f *function) factor(op backend.Op, r int32, prec int) string {
	sum := op == backend.Add || op == backend.Sub
	if sum && f.code[r].Op == backend.Mul && !f.named[r] {
		return "float64(" + f.expression(r, precSum) + ")"
	}
	if sum && f.code[r].Op == backend.Neg && !f.named[r] {
		return "(" + f.expression(r, precSum) + ")"
	}
	return f.number(r, prec)
}
