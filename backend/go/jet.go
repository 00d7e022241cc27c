package gogen

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/mtkc/mtkc/runtime/taylor"
)

// jetMax bounds the operations up to which the Taylor coefficients are written: two
// functions of that many statements.
const jetMax = 600

// jetMethod writes the method Jet, where the right-hand side has Taylor coefficients: first all
// values, then a loop over the orders. Series that recurrences read as a whole are arrays; those
// that are only added or scaled are variables of one order.
func (g *generator) jetMethod() {
	t, err := g.prog.Tape()
	if err != nil || g.large || len(t.Steps()) > jetMax {
		return
	}
	g.jet = true
	j := &jetWriter{g: g, t: t, whole: make([]bool, t.Series()), slot: make([]int, t.Series())}
	j.write()
}

// jetWriter is the state of one method.
type jetWriter struct {
	g     *generator
	t     *taylor.Tape
	whole []bool // by series: it is an array
	slot  []int  // of arrays: place in the scratch array

	// Steps that one call does together, which is faster.
	fused   []bool            // by step: another one does it
	twin    []int             // by step: the product that it does with its own, 0: none
	squares [][2]taylor.Value // by step: the series whose squares it adds; zero: not that
}

// fuse finds products with a common second factor and sums of two squares.
func (j *jetWriter) fuse(live []bool) {
	steps := j.t.Steps()
	j.fused, j.twin, j.squares = make([]bool, len(steps)), make([]int, len(steps)), make([][2]taylor.Value, len(steps))
	made, uses := make([]int, j.t.Series()), make([]int, j.t.Series()) // by series: the step that makes it, -1 for inputs; how often it is read
	for v := range made {
		made[v] = -1
	}
	count := func(v taylor.Value) {
		if !v.Number() {
			uses[v]++
		}
	}
	for i, s := range steps {
		made[s.D] = i
		if s.Rule.Pair() {
			made[s.D+1] = i
		}
		if !live[i] {
			continue
		}
		whole, entry := reads(s)
		for _, v := range append(whole, entry...) {
			count(v)
		}
	}
	for _, v := range j.t.Derivatives() {
		count(v)
	}
	open := map[taylor.Value][]int{} // by second factor: products without a twin
	for i, s := range steps {
		switch {
		case !live[i]:
		case s.Rule == taylor.Product && !j.whole[s.D]:
			rest := open[s.B]
			for k, at := range rest {
				if made[s.A] < at && made[s.B] < at {
					j.twin[at], j.fused[i] = i, true
					open[s.B] = append(rest[:k:k], rest[k+1:]...)
					break
				}
			}
			if !j.fused[i] {
				open[s.B] = append(open[s.B], i)
			}
		case s.Rule == taylor.Sum && s.A != s.B:
			a, b := made[s.A], made[s.B]
			if a >= 0 && b >= 0 && steps[a].Rule == taylor.Squared && steps[b].Rule == taylor.Squared && uses[s.A] == 1 && uses[s.B] == 1 && !j.whole[s.A] && !j.whole[s.B] {
				j.squares[i] = [2]taylor.Value{steps[a].A, steps[b].A}
				j.fused[a], j.fused[b] = true, true
			}
		}
	}
}

// reads lists the operands that a rule reads as arrays, and those it reads entry n of.
func reads(s taylor.Step) (whole, entry []taylor.Value) {
	a, b, c, d := s.A, s.B, s.C, s.D
	list := func(v ...taylor.Value) []taylor.Value { return v }
	switch s.Rule {
	case taylor.Negate, taylor.Same, taylor.Over:
		return nil, list(a)
	case taylor.Opposite:
		return nil, list(b)
	case taylor.Sum, taylor.Diff, taylor.Scale:
		return nil, list(a, b)
	case taylor.Product, taylor.Squared, taylor.Smaller, taylor.Larger:
		return list(a, b), nil
	case taylor.Ratio:
		return list(b, d), list(a)
	case taylor.Inverse:
		return list(b, d), nil
	case taylor.Root:
		return list(d), list(a)
	case taylor.Power:
		return list(a, d), nil
	case taylor.Exp, taylor.Cubes:
		return list(s.C, d), nil
	case taylor.SineCos, taylor.SinhCos, taylor.Tangent, taylor.HypTan:
		return list(a, d, d+1), nil
	case taylor.Quot:
		return list(b, d), list(a)
	case taylor.Angle:
		return list(a, b, c, d), nil
	case taylor.Absolute:
		return list(a), nil
	case taylor.Choice:
		return nil, list(b, c)
	}
	return nil, nil
}

// number is the text of a number.
func (j *jetWriter) number(v taylor.Value) string {
	x := j.t.Numbers()[^v]
	if !x.Given || x.Param >= 0 {
		return "q" + strconv.Itoa(int(^v))
	}
	s := j.g.literal(math.Abs(x.Value))
	if !strings.ContainsAny(s, ".eNI") {
		s += ".0" // else a quotient of two would be one of integers
	}
	if math.Signbit(x.Value) {
		return "(-" + s + ")"
	}
	return s
}

// at is the text of an entry of a series, or of a number.
func (j *jetWriter) at(v taylor.Value, entry string) string {
	switch {
	case v.Number():
		return j.number(v)
	case j.whole[v]:
		return fmt.Sprintf("s%d[%s]", v, entry)
	}
	return fmt.Sprintf("x%d", v)
}

// array is the text of a series.
func array(v taylor.Value) string { return fmt.Sprintf("s%d", v) }

// jetFunctions are the operations that a function computes.
var jetFunctions = map[taylor.Op]string{
	taylor.OpSqrt: "math.Sqrt", taylor.OpAbs: "math.Abs", taylor.OpMin: "min", taylor.OpMax: "max",
	taylor.OpPow: "elementary.Pow", taylor.OpSin: "elementary.Sin", taylor.OpCos: "elementary.Cos", taylor.OpTan: "elementary.Tan",
	taylor.OpAsin: "elementary.Asin", taylor.OpAcos: "elementary.Acos", taylor.OpAtan: "elementary.Atan",
	taylor.OpSinh: "elementary.Sinh", taylor.OpCosh: "elementary.Cosh", taylor.OpTanh: "elementary.Tanh",
	taylor.OpAsinh: "elementary.Asinh", taylor.OpAcosh: "elementary.Acosh", taylor.OpAtanh: "elementary.Atanh",
	taylor.OpExp: "elementary.Exp", taylor.OpLog: "elementary.Log", taylor.OpLog10: "elementary.Log10",
	taylor.OpSign: "elementary.Sign", taylor.OpAtan2: "elementary.Atan2",
}

// value is the text of an operation on numbers; condition says that it is a truth value of Go.
func (j *jetWriter) value(op taylor.Op, a, b string) (text string, condition bool) {
	if f, ok := jetFunctions[op]; ok {
		if op.Arity() == 2 {
			return j.g.call(f, a, b), false
		}
		return j.g.call(f, a), false
	}
	switch op {
	case taylor.OpNeg:
		return "-" + a, false
	case taylor.OpAdd:
		return a + " + " + b, false
	case taylor.OpSub:
		return a + " - " + b, false
	case taylor.OpMul:
		return fmt.Sprintf("float64(%s * %s)", a, b), false
	case taylor.OpDiv:
		return a + " / " + b, false
	case taylor.OpLift:
		return a, false
	case taylor.OpLt:
		return a + " < " + b, true
	case taylor.OpLe:
		return a + " <= " + b, true
	case taylor.OpEq:
		return a + " == " + b, true
	case taylor.OpNe:
		return a + " != " + b, true
	case taylor.OpNot:
		return a + " == 0", true
	case taylor.OpAnd:
		return a + " != 0 && " + b + " != 0", true
	case taylor.OpOr:
		return a + " != 0 || " + b + " != 0", true
	}
	panic("mtkc: bug: operation without text")
}

// assign is the statement that computes an operation on numbers into a variable, which declare says is new.
func (j *jetWriter) assign(to string, declare bool, op taylor.Op, a, b, c string) string {
	eq := " = "
	if declare {
		eq = " := "
	}
	if op == taylor.OpSelect {
		return fmt.Sprintf("%s%s%s\nif %s != 0 {\n%s = %s\n}\n", to, eq, c, a, to, b)
	}
	text, condition := j.value(op, a, b)
	if condition {
		j.g.usesTruth = true
		text = j.g.truthFunc + "(" + text + ")"
	}
	if declare && op == taylor.OpLift {
		text = "float64(" + text + ")"
	}
	return to + eq + text + "\n"
}

// write writes the method.
func (j *jetWriter) write() {
	t := j.t
	steps := t.Steps()
	states := len(t.Derivatives())
	for i := range states {
		j.whole[i] = true
	}
	if v := t.Clock(); !v.Number() {
		j.whole[v] = true
	}
	live := t.Later()
	for i, s := range steps {
		if s.Rule.Pair() {
			j.whole[s.D], j.whole[s.D+1] = true, true
		}
		if !live[i] {
			continue
		}
		whole, _ := reads(s)
		for _, v := range whole {
			if !v.Number() {
				j.whole[v] = true
			}
		}
	}
	arrays := 0
	for v := range j.whole {
		if v >= states && j.whole[v] {
			j.slot[v] = arrays
			arrays++
		}
	}
	// What is read at all: in the first entries, in later ones.
	first, later := make([]bool, t.Series()), make([]bool, t.Series())
	mark := func(to []bool, v taylor.Value) {
		if !v.Number() {
			to[v] = true
		}
	}
	for v, w := range j.whole {
		first[v], later[v] = w, w
	}
	for _, v := range t.Derivatives() {
		mark(first, v)
		mark(later, v)
	}
	conditions := make([]bool, t.Series())
	for i := len(steps) - 1; i >= 0; i-- {
		s := steps[i]
		if later[s.D] = live[i]; live[i] {
			_, entry := reads(s)
			for _, v := range entry {
				mark(later, v)
			}
			if s.Rule == taylor.Choice && !s.A.Number() {
				conditions[s.A], first[s.A] = true, true
			}
		}
		if first[s.D] {
			for k, v := range [3]taylor.Value{s.A, s.B, s.C} {
				if k < s.Op.Arity() {
					mark(first, v)
				}
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n// Jet writes the normalised Taylor coefficients of the solution through (t, u); see ode.Kernels.\nfunc (k *%s) Jet(t float64, u, p []float64, order int, c []float64) {\nm := order + 1\n", j.g.kernels)
	if arrays > 0 {
		fmt.Fprintf(&b, "if len(k.jet) < %d*m {\nk.jet = make([]float64, %d*m)\n}\nw := k.jet\n", arrays, arrays)
	}
	for i, x := range t.Numbers() {
		to := "q" + strconv.Itoa(i)
		switch {
		case x.Param >= 0:
			fmt.Fprintf(&b, "%s := p[%d]\n", to, x.Param)
		case !x.Given:
			text := [3]string{}
			for k, v := range [3]taylor.Value{x.A, x.B, x.C} {
				if k < x.Op.Arity() {
					text[k] = j.number(v)
				}
			}
			b.WriteString(j.assign(to, true, x.Op, text[0], text[1], text[2]))
		default:
			continue
		}
		fmt.Fprintf(&b, "_ = %s\n", to)
	}
	for v, whole := range j.whole {
		switch {
		case v < states:
			fmt.Fprintf(&b, "s%d := c[%d*m : %d*m : %d*m]\ns%d[0] = u[%d]\n", v, v, v+1, v+1, v, v)
		case whole:
			fmt.Fprintf(&b, "s%d := w[%d*m : %d*m : %d*m]\n", v, j.slot[v], j.slot[v]+1, j.slot[v]+1)
		}
	}
	if v := t.Clock(); !v.Number() {
		fmt.Fprintf(&b, "clear(s%d)\ns%d[0] = t\n", v, v)
	}
	b.WriteString("if order == 0 {\nreturn\n}\n")
	if v := t.Clock(); !v.Number() {
		fmt.Fprintf(&b, "s%d[1] = 1\n", v)
	}
	for v, is := range conditions {
		if is {
			fmt.Fprintf(&b, "var holds%d bool\n", v)
		}
	}
	b.WriteString("{\n")
	for _, s := range steps {
		if first[s.D] {
			j.first(&b, s)
		}
		if conditions[s.D] {
			fmt.Fprintf(&b, "holds%d = %s != 0\n", s.D, j.at(s.D, "0"))
		}
	}
	for i, v := range t.Derivatives() {
		fmt.Fprintf(&b, "s%d[1] = %s\n", i, j.at(v, "0"))
		if v.Number() {
			fmt.Fprintf(&b, "clear(s%d[2:])\n", i)
		}
	}
	b.WriteString("}\nfor n := 1; n < order; n++ {\n")
	j.fuse(live)
	for i, s := range steps {
		switch {
		case !live[i] || j.fused[i]:
		case j.twin[i] > 0:
			z := steps[j.twin[i]]
			fmt.Fprintf(&b, "x%d, x%d := taylor.Mul2(%s, %s, %s, n)\n", s.D, z.D, array(s.A), array(z.A), array(s.B))
		case j.squares[i] != [2]taylor.Value{}:
			eq := ":="
			if j.whole[s.D] {
				eq = "="
			}
			fmt.Fprintf(&b, "%s %s taylor.Squares(%s, %s, n)\n", j.at(s.D, "n"), eq, array(j.squares[i][0]), array(j.squares[i][1]))
		default:
			j.later(&b, s)
		}
	}
	order := "r := float64(n + 1)\n"
	for i, v := range t.Derivatives() {
		if !v.Number() {
			fmt.Fprintf(&b, "%ss%d[n+1] = %s / r\n", order, i, j.at(v, "n"))
			order = ""
		}
	}
	b.WriteString("}\n}\n")
	j.g.usesTaylor = strings.Contains(b.String(), "taylor.")
	j.g.body.WriteString(b.String())
}

// first writes the first entry of a step.
func (j *jetWriter) first(b *strings.Builder, s taylor.Step) {
	text := [3]string{}
	for k, v := range [3]taylor.Value{s.A, s.B, s.C} {
		if k < s.Op.Arity() {
			text[k] = j.at(v, "0")
		}
	}
	b.WriteString(j.assign(j.at(s.D, "0"), !j.whole[s.D], s.Op, text[0], text[1], text[2]))
	second := taylor.OpCos
	switch s.Rule {
	case taylor.SinhCos:
		second = taylor.OpCosh
		fallthrough
	case taylor.SineCos:
		b.WriteString(j.assign(j.at(s.D+1, "0"), false, second, text[0], "", ""))
	case taylor.Tangent:
		fmt.Fprintf(b, "s%d[0] = 1 + float64(s%d[0]*s%d[0])\n", s.D+1, s.D, s.D)
	case taylor.HypTan:
		fmt.Fprintf(b, "s%d[0] = 1 - float64(s%d[0]*s%d[0])\n", s.D+1, s.D, s.D)
	}
}

// later writes entry n of a step.
func (j *jetWriter) later(b *strings.Builder, s taylor.Step) {
	d := j.at(s.D, "n")
	eq := ":="
	if j.whole[s.D] {
		eq = "="
	}
	n := func(v taylor.Value) string { return j.at(v, "n") }
	a, bb, c, own := array(s.A), array(s.B), array(s.C), array(s.D)
	var text string
	switch s.Rule {
	case taylor.Zero:
		text = "0.0"
	case taylor.Negate:
		text = "-" + n(s.A)
	case taylor.Sum:
		text = n(s.A) + " + " + n(s.B)
	case taylor.Diff:
		text = n(s.A) + " - " + n(s.B)
	case taylor.Same:
		text = n(s.A)
	case taylor.Opposite:
		text = "-" + n(s.B)
	case taylor.Scale:
		text = fmt.Sprintf("float64(%s * %s)", n(s.A), n(s.B))
	case taylor.Product:
		text = fmt.Sprintf("taylor.Mul(%s, %s, n)", a, bb)
	case taylor.Squared:
		text = fmt.Sprintf("taylor.Square(%s, n)", a)
	case taylor.Over:
		text = n(s.A) + " / " + j.number(s.B)
	case taylor.Ratio:
		text = fmt.Sprintf("taylor.Div(%s, %s, %s, n)", n(s.A), bb, own)
	case taylor.Inverse:
		text = fmt.Sprintf("taylor.Div(0, %s, %s, n)", bb, own)
	case taylor.Root:
		text = fmt.Sprintf("taylor.Sqrt(%s, %s, n)", n(s.A), own)
	case taylor.Power:
		text = fmt.Sprintf("taylor.Pow(%s, %s, %s, n)", a, j.number(s.B), own)
	case taylor.Cubes:
		text = fmt.Sprintf("taylor.Pow(%s, -1.5, %s, n)", c, own)
	case taylor.Exp:
		text = fmt.Sprintf("taylor.Chain(%s, %s, n)", c, own)
	case taylor.SineCos, taylor.SinhCos, taylor.Tangent, taylor.HypTan:
		f := map[taylor.Rule]string{taylor.SineCos: "SinCos", taylor.SinhCos: "SinhCosh", taylor.Tangent: "Tan", taylor.HypTan: "Tanh"}[s.Rule]
		fmt.Fprintf(b, "taylor.%s(%s, %s, %s, n)\n", f, a, own, array(s.D+1))
		return
	case taylor.Quot:
		text = fmt.Sprintf("taylor.Quotient(%s, %s, %s, n)", n(s.A), bb, own)
	case taylor.Angle:
		text = fmt.Sprintf("taylor.Atan2(%s, %s, %s, %s, n)", a, bb, c, own)
	case taylor.Absolute:
		text = fmt.Sprintf("taylor.Sign(%s, n) * %s", a, n(s.A))
	case taylor.Smaller:
		text = fmt.Sprintf("taylor.Smallest(%s, %s, n)", a, bb)
	case taylor.Larger:
		text = fmt.Sprintf("taylor.Largest(%s, %s, n)", a, bb)
	case taylor.Choice:
		holds := fmt.Sprintf("holds%d", s.A)
		if s.A.Number() {
			holds = j.number(s.A) + " != 0"
		}
		fmt.Fprintf(b, "%s %s %s\nif %s {\n%s = %s\n}\n", d, eq, n(s.C), holds, d, n(s.B))
		return
	default:
		panic("mtkc: bug: rule without text")
	}
	fmt.Fprintf(b, "%s %s %s\n", d, eq, text)
}
