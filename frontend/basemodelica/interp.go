package basemodelica

import (
	"math"
	"strconv"
	"strings"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// numericCall leaves a call to the interpreter: one declared function for each scalar
// of the results, whose arguments are the scalars of the inputs.
func (r *reader) numericCall(f *function, in []value, why flow, off int32) []value {
	give := func(reason string) []value {
		x := r.pos(int(why.stuckOff))
		if r.quiet == 0 {
			d := r.diags.Add(r.pos(int(off)), "E168", "make it depend on constants, or restrict inputs and outputs to arrays of fixed size", "the call of %s cannot be expanded, nor interpreted: %s", f.name, reason)
			d.Notes = append(d.Notes, noteAt(x, "%s", why.stuck))
		}
		return nil
	}
	var args []expr.ID
	k := 0
	for i := range f.class.decls {
		d := &f.class.decls[i]
		if d.causal != kInput || d.hidden {
			continue
		}
		if in[k].bad() { // left out: the default
			if in[k] = r.eval(d.binding); in[k].bad() {
				return nil
			}
		}
		for _, l := range in[k].leaves(nil) {
			if l.t.base == bString {
				return give("an input is a String")
			}
			args = append(args, l.id)
		}
		k++
	}
	whole := true // every input and output is a scalar, so that the call can be written
	for i := range in {
		whole = whole && in[i].dims == nil && in[i].t.base != bRecord
	}
	shapes := make([]value, len(in))
	copy(shapes, in)
	// The shape of the results follows from a trial with the values 1.
	trial := make([]float64, len(args))
	for i := range trial {
		trial[i] = 1
	}
	it := &interpreter{r: r, f: f, in: shapes, consts: r.constants()}
	out, _, ok := it.run(trial)
	if !ok {
		for i := range trial {
			trial[i] = 0.5
		}
		if out, _, ok = it.run(trial); !ok {
			return give("a trial call failed")
		}
	}
	source := ""
	if whole && len(out) == 1 && out[0].dims == nil && out[0].t.base != bRecord {
		source = r.definitionText()
	}
	n := 0
	res := make([]value, len(out))
	for i, v := range out {
		leaves := v.leaves(nil)
		for j := range leaves {
			if leaves[j].t.base == bString {
				return give("an output is a String")
			}
			leaves[j].id = r.pool.Call(r.declareNumeric(it, source, n, len(args)), args...)
			if leaves[j].t.base == bBoolean {
				leaves[j].id = r.pool.Fn(expr.OpNe, leaves[j].id, expr.Zero)
			}
			n++
		}
		pos := 0
		res[i] = refill(v, leaves, &pos)
	}
	return res
}

// declareNumeric declares output n of an interpreted function and its derivatives.
func (r *reader) declareNumeric(it *interpreter, source string, n, arity int) string {
	full := it.f.name
	if n > 0 {
		full += "$" + strconv.Itoa(n+1)
	}
	if r.pool.FuncByName(full) != nil {
		return full
	}
	eval := func(args []float64) float64 {
		_, nums, ok := it.run(args)
		if !ok || n >= len(nums) {
			return math.NaN()
		}
		return nums[n]
	}
	r.pool.DeclareFunc(&expr.Func{
		Name: full, Arity: arity, Eval: eval, Source: source,
		Partial: func(p *expr.Pool, args []expr.ID, i int) expr.ID {
			d := full + "'" + strconv.Itoa(i+1)
			if p.FuncByName(d) == nil {
				p.DeclareFunc(&expr.Func{Name: d, Arity: arity, Eval: func(a []float64) float64 { return partial(eval, a, i) }})
			}
			return p.Call(d, args...)
		},
	})
	return full
}

// partial is the central difference with the step that balances truncation and
// rounding, eps^(1/3) relative.
func partial(f func([]float64) float64, args []float64, i int) float64 {
	a := append([]float64(nil), args...)
	h := 6.055454e-06 * math.Max(1, math.Abs(a[i]))
	a[i] = args[i] + h
	up, hi := f(a), a[i]
	a[i] = args[i] - h
	return (up - f(a)) / (hi - a[i])
}

// interpreter runs a function with numbers. It is safe for concurrent use: every run
// has a reader and a pool of its own, on the syntax tree that nobody changes any more.
type interpreter struct {
	r      *reader
	f      *function
	in     []value // shapes of the inputs
	consts map[*comp][]value
}

// definitionText is the text of all functions and records of the file.
func (r *reader) definitionText() string {
	var b strings.Builder
	for _, c := range r.classes {
		if (c.kind == kFunction || c.kind == kRecord) && c.end > c.start {
			b.WriteString("  ")
			b.Write(r.src[c.start:c.end])
			b.WriteString("\n")
		}
	}
	return b.String()
}

// constants evaluates the constants of the model, which functions may use.
func (r *reader) constants() map[*comp][]value {
	m := map[*comp][]value{}
	for _, c := range r.comps {
		if !c.global && c.d.prefix != kConstant || c.state != 2 || !r.bind(c) {
			continue
		}
		ls := append([]value(nil), c.bindings...)
		for i := range ls {
			if x, ok := r.known(ls[i]); ok {
				ls[i].num = x
			}
		}
		m[c] = ls
	}
	return m
}

// run calls the function with the scalars of its inputs. It returns the values and
// the scalars in them as numbers.
func (it *interpreter) run(args []float64) ([]value, []float64, bool) {
	var diags diag.List
	o := it.r
	lex := *o.lexer
	lex.diags = &diags
	p := *o.parser
	p.lexer = &lex
	p.t.nodes = p.t.nodes[:len(p.t.nodes):len(p.t.nodes)]
	p.t.kids = p.t.kids[:len(p.t.kids):len(p.t.kids)]
	r := &reader{
		parser: &p, sys: &model.System{}, pool: expr.NewPool(), types: o.types, funcs: o.funcs, byName: o.byName, comps: o.comps,
		stateType: o.stateType, levelType: o.levelType, path: expr.True, scratch: it, values: o.values[:len(o.values):len(o.values)],
	}
	r.sys.Pool = r.pool
	r.flow = flow{returned: expr.False, broken: expr.False}
	in := make([]value, len(it.in))
	k := 0
	for i := range it.in {
		leaves := it.in[i].leaves(nil)
		for j := range leaves {
			leaves[j].num = args[k]
			leaves[j] = r.renumber(leaves[j])
			k++
		}
		pos := 0
		in[i] = refill(it.in[i], leaves, &pos)
	}
	r.inFunc = 1 // what cannot go on stops the run
	out := r.run(it.f, in, 0)
	if out == nil || r.flow.stuck != "" || diags.Errors() > 0 {
		return nil, nil, false
	}
	var nums []float64
	for i := range out {
		for _, l := range out[i].leaves(nil) {
			x := math.NaN()
			if c, ok := r.pool.Value(l.id); ok {
				x = c.Float()
			} else if l.id == expr.True {
				x = 1
			} else if l.id == expr.False {
				x = 0
			}
			nums = append(nums, x)
		}
	}
	return out, nums, true
}

// renumber makes the term of a number in this reader's pool.
func (r *reader) renumber(v value) value {
	switch {
	case v.t.base == bString:
	case v.t.base == bBoolean && v.num != 0:
		v.id = expr.True
	case v.t.base == bBoolean:
		v.id = expr.False
	default:
		v.id = r.pool.Float(v.num)
	}
	return v
}
