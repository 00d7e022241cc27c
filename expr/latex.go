package expr

import (
	"strconv"
	"strings"
)

// LaTeXOptions changes how LaTeX writes. The zero value uses LaTeXName.
type LaTeXOptions struct {
	Symbol func(sym ID) string // text of a symbol; nil: LaTeXName of its name
	Limit  int                 // as in TextOptions
}

// LaTeX is the term as LaTeX mathematics: quotients as fractions, roots, der(x) as a
// dot over a symbol and d/dt before anything else, if as cases. It needs amsmath.
func (p *Pool) LaTeX(e ID, opt LaTeXOptions) string {
	w := latexWriter{p: p, opt: opt}
	w.write(e, precTop)
	if w.over {
		w.WriteString(` \ldots`)
	}
	return w.String()
}

// greek are the letters that have a command; names of that spelling use it.
var greek = func() map[string]bool {
	m := map[string]bool{}
	for _, s := range strings.Fields(`alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi
		rho sigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega`) {
		m[s] = true
	}
	return m
}()

// LaTeXName writes a variable's name: greek letters by their names, what follows an
// underscore, trailing digits and indices as a subscript, the components before the
// last dot upright before it. sigma_max becomes \sigma_{\mathrm{max}}, r1.p.v becomes
// \mathrm{r1.p}.v.
func LaTeXName(name string) string {
	path := ""
	if i := strings.LastIndexByte(name, '.'); i > 0 && i+1 < len(name) {
		path, name = name[:i+1], name[i+1:]
	}
	var subs []string
	if i := strings.IndexByte(name, '['); i > 0 && strings.HasSuffix(name, "]") {
		subs = append(subs, name[i+1:len(name)-1])
		name = name[:i]
	}
	head, tail, _ := strings.Cut(name, "_")
	if head == "" {
		head, tail = name, ""
	}
	letters := strings.TrimRight(head, "0123456789")
	if letters != "" && (len([]rune(letters)) == 1 || greek[letters]) {
		if digits := head[len(letters):]; digits != "" {
			subs = append([]string{digits}, subs...)
			head = letters
		}
	}
	if tail != "" {
		t := latexEscape(tail)
		if greek[tail] {
			t = `\` + tail
		} else if len([]rune(tail)) > 1 && strings.Trim(tail, "0123456789") != "" {
			t = `\mathrm{` + t + `}`
		}
		subs = append([]string{t}, subs...)
	}
	switch {
	case greek[head]:
		head = `\` + head
	case len([]rune(head)) > 1:
		head = `\mathrm{` + latexEscape(head) + `}`
	default:
		head = latexEscape(head)
	}
	if len(subs) > 0 {
		head += "_{" + strings.Join(subs, ",") + "}"
	}
	if path != "" {
		head = `\mathrm{` + latexEscape(path) + `}` + head
	}
	return head
}

var latexEscaper = strings.NewReplacer(`\`, `\backslash `, `_`, `\_`, `$`, `\$`, `%`, `\%`, `#`, `\#`, `&`, `\&`, `{`, `\{`, `}`, `\}`, `^`, `\hat{}`, `~`, `\sim `)

func latexEscape(s string) string { return latexEscaper.Replace(s) }

type latexWriter struct {
	strings.Builder
	p     *Pool
	opt   LaTeXOptions
	over  bool
	depth int
}

func (w *latexWriter) paren(need bool, body func()) {
	if need {
		w.WriteString(`\left(`)
	}
	body()
	if need {
		w.WriteString(`\right)`)
	}
}

func (w *latexWriter) write(e ID, prec int) {
	if w.opt.Limit > 0 && w.Len() > w.opt.Limit || w.depth > maxNesting {
		w.over = true
		return
	}
	w.depth++
	defer func() { w.depth-- }()
	p := w.p
	a := p.Args(e)
	switch op := p.Op(e); op {
	case OpConst:
		v, _ := p.Value(e)
		w.number(v, prec)
	case OpSym:
		if w.opt.Symbol != nil {
			w.WriteString(w.opt.Symbol(e))
		} else {
			w.WriteString(LaTeXName(p.Name(e)))
		}
	case OpAdd:
		w.sum(e, prec)
	case OpMul:
		w.product(IntNum(1), e, prec)
	case OpDer:
		w.derivative(e)
	case OpIf:
		w.WriteString(`\begin{cases} `)
		for p.Op(e) == OpIf {
			a := p.Args(e)
			w.write(a[1], precTop)
			w.WriteString(` & \text{if } `)
			w.write(a[0], precTop)
			w.WriteString(` \\ `)
			e = a[2]
		}
		w.write(e, precTop)
		w.WriteString(` & \text{otherwise} \end{cases}`)
	case OpExp:
		w.paren(prec > precPow, func() {
			w.WriteString("e^{")
			w.write(a[0], precTop)
			w.WriteByte('}')
		})
	case OpCall:
		f, args := p.Callee(e)
		w.WriteString(`\operatorname{` + latexEscape(f.Name) + `}`)
		w.args(args)
	default:
		form := op.Info().LaTeX
		if !strings.Contains(form, "#") {
			w.WriteString(form)
			if len(a) > 0 || form[0] == '\\' && op.Info().Bool && op >= OpInitial {
				w.args(a)
			}
			return
		}
		own, in := precPrimary, precTop
		switch op {
		case OpLt, OpLe, OpEq, OpNe:
			own, in = precRel, precSum
		case OpNot:
			own, in = precNot, precSum
		case OpAnd:
			own, in = precAnd, precAnd
		case OpOr:
			own, in = precOr, precOr
		case OpMod:
			own, in = precMul, precPow
		}
		w.paren(own < prec, func() {
			for form != "" {
				i := strings.IndexByte(form, '#')
				if i < 0 {
					w.WriteString(form)
					return
				}
				w.WriteString(form[:i])
				w.write(a[form[i+1]-'1'], in)
				form = form[i+2:]
			}
		})
	}
}

func (w *latexWriter) args(a []ID) {
	w.WriteString(`\left(`)
	for i, x := range a {
		if i > 0 {
			w.WriteString(", ")
		}
		w.write(x, precTop)
	}
	w.WriteString(`\right)`)
}

func (w *latexWriter) number(v Num, prec int) {
	w.paren(v.negative() && prec > precSum, func() {
		if v.negative() {
			w.WriteByte('-')
			v = v.Neg()
		}
		if n, d, ok := v.Exact(); ok && d != 1 && !v.decimal() {
			w.WriteString(`\frac{` + strconv.FormatInt(n, 10) + `}{` + strconv.FormatInt(d, 10) + `}`)
			return
		}
		s, _ := v.text()
		switch s {
		case "1e999":
			s = `\infty`
		case "1e999 - 1e999":
			s = `\mathrm{NaN}`
		}
		if m, x, ok := strings.Cut(s, "e"); ok && s[0] != '\\' {
			s = m + ` \cdot 10^{` + strings.TrimPrefix(strings.Replace(x, "-0", "-", 1), "+") + `}`
			if m == "1" {
				s = s[len(`1 \cdot `):]
			}
		}
		w.WriteString(s)
	})
}

func (w *latexWriter) derivative(e ID) {
	p := w.p
	n := 0
	for p.Op(e) == OpDer {
		n++
		e = p.Args(e)[0]
	}
	if p.Op(e) == OpSym && n <= 3 {
		w.WriteString(`\` + strings.Repeat("d", n)[:n-1] + "dot{")
		w.write(e, precPrimary)
		w.WriteByte('}')
		return
	}
	order := ""
	if n > 1 {
		order = "^{" + strconv.Itoa(n) + "}"
	}
	w.WriteString(`\frac{d` + order + `}{dt` + order + `}\left(`)
	w.write(e, precTop)
	w.WriteString(`\right)`)
}

func (w *latexWriter) sum(e ID, prec int) {
	p := w.p
	a := p.Args(e)
	c0, _ := p.Value(a[0])
	if len(a) == 3 && c0.IsZero() {
		k, _ := p.Value(a[1])
		w.product(k, a[2], prec)
		return
	}
	w.paren(precSum < prec, func() {
		first := true
		for _, i := range p.sumOrder(a) {
			k := c0
			if i > 0 {
				k, _ = p.Value(a[i])
			}
			switch {
			case k.negative() && first:
				w.WriteByte('-')
			case k.negative():
				w.WriteString(" - ")
			case !first:
				w.WriteString(" + ")
			}
			first = false
			if k.negative() {
				k = k.Neg()
			}
			if i > 0 {
				w.product(k, a[i+1], precMul)
			} else {
				w.number(k, precMul)
			}
		}
	})
}

// product writes k*e with its denominator below a line.
func (w *latexWriter) product(k Num, e ID, prec int) {
	p := w.p
	if k.IsOne() && p.Op(e) != OpMul {
		w.write(e, prec)
		return
	}
	num, den := p.quotient(e)
	neg := k.negative()
	own := precMul
	if neg {
		k = k.Neg()
		own = precSum
	}
	kn, kd := k, IntNum(1)
	if n, d, ok := k.Exact(); ok && d != 1 && (n == 1 || !k.decimal()) {
		kn, kd = IntNum(n), IntNum(d)
	}
	side := func(k Num, fs []pair, alone bool) {
		space := false
		if !k.IsOne() || len(fs) == 0 {
			w.number(k, precMul)
			space = true
		}
		for _, f := range fs {
			if space {
				if v, ok := p.Value(f.key); ok && !v.negative() {
					w.WriteString(` \cdot`)
				}
				w.WriteByte(' ')
			}
			space = true
			in := precPow
			if alone && len(fs) == 1 && k.IsOne() {
				in = precTop
			}
			w.power(f, in)
		}
	}
	if len(num) == 1 && len(den) == 0 && k.IsOne() && !neg && kd.IsOne() {
		w.power(num[0], prec)
		return
	}
	w.paren(own < prec, func() {
		if neg {
			w.WriteByte('-')
		}
		if len(den) == 0 && kd.IsOne() {
			side(kn, num, false)
			return
		}
		w.WriteString(`\frac{`)
		side(kn, num, true)
		w.WriteString("}{")
		side(kd, den, true)
		w.WriteByte('}')
	})
}

func (w *latexWriter) power(f pair, prec int) {
	if f.e == None {
		if f.c.IsOne() {
			w.write(f.key, prec)
			return
		}
		if n, d, ok := f.c.Exact(); ok && n == 1 && d <= 9 {
			w.WriteString(`\sqrt`)
			if d > 2 {
				w.WriteString("[" + strconv.FormatInt(d, 10) + "]")
			}
			w.WriteByte('{')
			w.write(f.key, precTop)
			w.WriteByte('}')
			return
		}
	}
	w.write(f.key, precPrimary)
	w.WriteString("^{")
	if f.e == None {
		w.number(f.c, precTop)
	} else {
		w.write(f.e, precTop)
	}
	w.WriteByte('}')
}
