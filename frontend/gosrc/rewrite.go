package gosrc

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"reflect"
	"strconv"
	"strings"
)

// alias is the name under which rewritten files import the language.
const alias = "mtkcmodel"

// rewriter turns the operators on Real of one file into calls. It changes the text in
// place and keeps the lines.
type rewriter struct {
	u     *universe
	s     *source
	f     *sourceFile
	index int // of the file, for unique names
	edits edits

	symbolic map[types.Object]bool // bool variables that hold conditions on Reals
	lvalue   map[ast.Expr]bool     // operands that must stay addressable
	sites    bool
	keep     []string // package-qualified names of replaced constants
	results  []*types.Signature
}

// statements take their position with them.
var statements = map[string]bool{
	"Eq": true, "Connect": true, "AnalysisPoint": true, "Initial": true, "Start": true, "Guess": true, "When": true, "ElseWhen": true,
	"At": true, "Every": true, "Clock": true, "Clocked": true, "Set": true, "Reinit": true, "Terminate": true, "Assert": true,
	"InStream": true, "ActualStream": true, "Noise": true, "StratonovichNoise": true, "Reaction": true, "ReactionOf": true,
}

// isReal reports whether t is model.Real.
func isReal(t types.Type) bool {
	if t == nil {
		return false
	}
	n, ok := types.Unalias(t).(*types.Named)
	return ok && n.Obj().Name() == "Real" && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == modelPath
}

// languageAlias is the name of the alias of package model that t was written with,
// through the user's own aliases.
func languageAlias(t types.Type) string {
	for {
		a, ok := t.(*types.Alias)
		if !ok {
			return ""
		}
		if p := a.Obj().Pkg(); p != nil && p.Path() == modelPath {
			return a.Obj().Name()
		}
		t = a.Rhs()
	}
}

func isBool(t types.Type) bool { return languageAlias(t) == "Bool" }

func (r *rewriter) off(p token.Pos) int { return r.u.fset.PositionFor(p, false).Offset }

func (r *rewriter) fail(n ast.Node, code, next, format string, args ...any) {
	r.u.l.found.Add(r.u.at(n.Pos()), code, next, format, args...)
}

func (r *rewriter) wrap(e ast.Expr, before, after string) {
	r.edits.open(r.off(e.Pos()), before)
	r.edits.close(r.off(e.End()), after)
}

// file rewrites the file and returns its new text.
func (r *rewriter) file() []byte {
	r.symbolic = map[types.Object]bool{}
	r.lvalue = map[ast.Expr]bool{}
	for _, d := range r.f.ast.Decls {
		r.walk(d)
	}
	if len(r.edits.list) == 0 && !usesLanguage(r.f.ast) {
		return r.f.text
	}
	r.edits.close(r.off(r.f.ast.Name.End()), "; import "+alias+" "+strconv.Quote(modelPath))
	var tail strings.Builder
	fmt.Fprintf(&tail, "\nvar _ %s.Real\n", alias)
	if r.sites {
		fmt.Fprintf(&tail, "const mtkcFile%d = %s\n", r.index, strconv.Quote(r.f.origin))
	}
	for _, im := range r.f.ast.Imports {
		if path, _ := strconv.Unquote(im.Path.Value); path == modelPath {
			switch {
			case im.Name == nil:
				tail.WriteString("var _ model.Real\n")
			case im.Name.Name == ".":
				tail.WriteString("var _ Real\n")
			case im.Name.Name != "_":
				fmt.Fprintf(&tail, "var _ %s.Real\n", im.Name.Name)
			}
		}
	}
	for _, k := range r.keep {
		fmt.Fprintf(&tail, "const _ = %s\n", k)
	}
	text := r.edits.apply(r.f.text)
	return append(text, tail.String()...)
}

// walk visits a declaration, statement or expression.
func (r *rewriter) walk(n ast.Node) {
	ast.Inspect(n, r.visit)
}

func (r *rewriter) typeOf(e ast.Expr) types.Type { return r.s.info.TypeOf(e) }

// visit handles a node and reports whether its children are visited as well.
func (r *rewriter) visit(n ast.Node) bool {
	if e, ok := n.(ast.Expr); ok {
		if tv := r.s.info.Types[e]; tv.Value != nil && !tv.IsType() {
			return r.constantExpr(e, tv)
		}
	}
	switch n := n.(type) {
	case *ast.GenDecl:
		if n.Tok == token.CONST {
			r.constDecl(n)
			return false
		}
	case *ast.TypeSpec:
		if !n.Assign.IsValid() {
			if _, isStruct := n.Type.(*ast.StructType); !isStruct && isReal(r.typeOf(n.Type)) {
				r.fail(n, "E115", "write type "+n.Name.Name+" = Real", "%s is a new type on Real, which has no operators of its own", n.Name.Name)
				return false
			}
		}
	case *ast.StructType:
		for _, f := range n.Fields.List {
			r.field(f)
		}
	case *ast.MapType:
		if isReal(r.typeOf(n.Key)) {
			r.fail(n, "E113", "key it by the name or the index of the variable", "a map keyed by Real: symbols have no value while the model is built")
		}
	case *ast.FuncDecl:
		sig, _ := r.s.info.Defs[n.Name].Type().(*types.Signature)
		return r.function(sig, n.Type, n.Recv, n.Body)
	case *ast.FuncLit:
		sig, _ := types.Unalias(r.typeOf(n)).(*types.Signature)
		return r.function(sig, n.Type, nil, n.Body)
	case *ast.ReturnStmt:
		if len(r.results) > 0 {
			if sig := r.results[len(r.results)-1]; sig != nil && sig.Results().Len() == len(n.Results) {
				for i, e := range n.Results {
					r.coerce(e, sig.Results().At(i).Type(), "the result")
				}
			}
		}
	case *ast.IfStmt:
		if r.isSymbolic(n.Cond) {
			r.fail(n.Cond, "E110", "use If(cond, a, b), or When for what happens at an instant", "if on a Real: its value is not known while the model is built")
			return false
		}
	case *ast.ForStmt:
		if n.Cond != nil && r.isSymbolic(n.Cond) {
			r.fail(n.Cond, "E117", "count with an int, or build the sum with If", "for with a condition on a Real: its value is not known while the model is built")
			return false
		}
	case *ast.SwitchStmt:
		return r.switchStmt(n)
	case *ast.AssignStmt:
		return r.assign(n)
	case *ast.ValueSpec:
		r.valueSpec(n)
	case *ast.IncDecStmt:
		if isReal(r.typeOf(n.X)) {
			f := "OpAddTo"
			if n.Tok == token.DEC {
				f = "OpSubTo"
			}
			r.lvalue[n.X] = true
			r.edits.open(r.off(n.X.Pos()), alias+"."+f+"(&(")
			r.edits.replace(r.off(n.TokPos), r.off(n.TokPos)+2, "), "+alias+".OpConst(1))")
		}
	case *ast.RangeStmt:
		r.markLvalue(n.Key)
		r.markLvalue(n.Value)
	case *ast.CompositeLit:
		r.literal(n)
	case *ast.UnaryExpr:
		return r.unary(n)
	case *ast.BinaryExpr:
		r.binary(n)
	case *ast.CallExpr:
		return r.call(n)
	case *ast.SelectorExpr:
		if sel := r.s.info.Selections[n]; sel != nil && sel.Kind() == types.FieldVal {
			r.read(n)
		}
	case *ast.IndexExpr:
		r.read(n)
	case *ast.ParenExpr:
		if r.lvalue[n] {
			r.lvalue[n.X] = true
		}
	}
	return true
}

func (r *rewriter) markLvalue(e ast.Expr) {
	if e != nil {
		r.lvalue[e] = true
	}
}

// function visits the body of a function with its signature at hand.
func (r *rewriter) function(sig *types.Signature, t *ast.FuncType, recv *ast.FieldList, body *ast.BlockStmt) bool {
	r.results = append(r.results, sig)
	r.walk(t)
	if body != nil {
		r.walk(body)
	}
	r.results = r.results[:len(r.results)-1]
	return false
}

// read makes the use of a field or element of type Real one that can give it a symbol.
func (r *rewriter) read(e ast.Expr) {
	tv := r.s.info.Types[e]
	if !r.lvalue[e] && tv.IsValue() && tv.Addressable() && isReal(tv.Type) {
		r.wrap(e, alias+".OpField(&", ")")
	}
}

// constantExpr replaces a constant of type Real by a call. It reports whether the
// parts of other constants are to be visited: never.
func (r *rewriter) constantExpr(e ast.Expr, tv types.TypeAndValue) bool {
	if isReal(tv.Type) {
		r.replaceConstant(e, realText(tv.Value))
		return false
	}
	mixed := false
	ast.Inspect(e, func(n ast.Node) bool {
		if x, ok := n.(ast.Expr); ok {
			if t := r.s.info.Types[x]; t.Value != nil && isReal(t.Type) {
				mixed = true
			}
		}
		return !mixed
	})
	if !mixed {
		return false
	}
	text := tv.Value.ExactString()
	switch tv.Value.Kind() {
	case constant.Float:
		f, _ := constant.Float64Val(tv.Value)
		text = strconv.FormatFloat(f, 'g', -1, 64)
	case constant.Int, constant.Bool, constant.String:
	default:
		return false
	}
	if b, ok := types.Unalias(tv.Type).(*types.Basic); ok && b.Info()&types.IsUntyped == 0 && b.Kind() != types.Bool {
		text = b.Name() + "(" + text + ")"
	}
	r.replaceConstant(e, text)
	return false
}

func (r *rewriter) replaceConstant(e ast.Expr, text string) {
	ast.Inspect(e, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok {
				if _, isPkg := r.s.info.Uses[x].(*types.PkgName); isPkg {
					if _, isConst := r.s.info.Uses[s.Sel].(*types.Const); isConst {
						r.keep = append(r.keep, x.Name+"."+s.Sel.Name)
					}
				}
			}
		}
		return true
	})
	from, to := r.off(e.Pos()), r.off(e.End())
	lines := strings.Count(string(r.f.text[from:to]), "\n")
	if lines > 0 {
		text = "(" + text + strings.Repeat("\n", lines) + ")"
		text = strings.Replace(text, "\n", " /*"+"\n", 1)
		text = strings.TrimSuffix(text, ")") + "*/)"
	}
	r.edits.replace(from, to, text)
}

// realText is a constant as a term. Decimal numbers are float64; other quotients, such
// as 1.0/3, stay exact.
func realText(v constant.Value) string {
	v = constant.ToFloat(v)
	f, exact := constant.Float64Val(v)
	if !exact {
		num, den := constant.Num(v), constant.Denom(v)
		n, ok1 := constant.Int64Val(num)
		d, ok2 := constant.Int64Val(den)
		const small = 1 << 31
		if ok1 && ok2 && d < small && n < small && n > -small && !decimal(d) {
			return fmt.Sprintf("%s.OpRat(%d, %d)", alias, n, d)
		}
	}
	return alias + ".OpConst(" + strconv.FormatFloat(f, 'g', -1, 64) + ")"
}

// decimal reports whether 1/d is a finite decimal fraction.
func decimal(d int64) bool {
	for _, p := range []int64{2, 5} {
		for d%p == 0 {
			d /= p
		}
	}
	return d == 1
}

// constDecl takes the type Real away from constants: every use is replaced by its
// value.
func (r *rewriter) constDecl(d *ast.GenDecl) {
	for _, s := range d.Specs {
		spec := s.(*ast.ValueSpec)
		realTyped := false
		var names, values []string
		for _, id := range spec.Names {
			names = append(names, id.Name)
			c, ok := r.s.info.Defs[id].(*types.Const)
			if !ok {
				values = append(values, "0")
				continue
			}
			realTyped = realTyped || isReal(c.Type())
			f, _ := constant.Float64Val(constant.ToFloat(c.Val()))
			values = append(values, strconv.FormatFloat(f, 'g', -1, 64))
		}
		if !realTyped {
			for _, v := range spec.Values {
				r.walk(v)
			}
			continue
		}
		for _, v := range spec.Values {
			ast.Inspect(v, func(n ast.Node) bool {
				if sel, ok := n.(*ast.SelectorExpr); ok {
					if x, ok := sel.X.(*ast.Ident); ok {
						if _, isPkg := r.s.info.Uses[x].(*types.PkgName); isPkg {
							r.keep = append(r.keep, x.Name+"."+sel.Sel.Name)
						}
					}
				}
				return true
			})
		}
		from, to := r.off(spec.Pos()), r.off(spec.End())
		lines := strings.Count(string(r.f.text[from:to]), "\n")
		r.edits.replace(from, to, strings.Join(names, ", ")+" = "+strings.Join(values, ", ")+strings.Repeat("\n", lines))
	}
}

// field adds the role and the place of a field to its tag.
func (r *rewriter) field(f *ast.Field) {
	role := "part"
	t := r.typeOf(f.Type)
	for t != nil {
		if a := languageAlias(t); a != "" && isReal(t) {
			role = strings.ToLower(a)
			break
		} else if a == "Bool" {
			role = "bool"
			break
		}
		if isReal(t) {
			role = "real"
			break
		}
		switch x := types.Unalias(t).Underlying().(type) {
		case *types.Array:
			t = elemOf(t, x.Elem())
		case *types.Slice:
			t = elemOf(t, x.Elem())
		default:
			t = nil
		}
	}
	if role == "bool" {
		r.fail(f, "E118", "declare it as Discrete (1 and 0), or as bool if it is a structural parameter", "a field of type Bool: conditions are no variables")
		return
	}
	p := r.u.at(f.Pos())
	var cols []string
	for _, n := range f.Names {
		q := r.u.at(n.Pos())
		cols = append(cols, n.Name+":"+strconv.Itoa(q.Col))
	}
	if len(f.Names) == 0 {
		cols = append(cols, embeddedName(f.Type)+":"+strconv.Itoa(p.Col))
	}
	note := " mtkc:" + strconv.Quote(role+"|"+r.f.origin+"|"+strconv.Itoa(p.Line)+"|"+strings.Join(cols, ","))
	tag := ""
	if f.Tag != nil {
		tag, _ = strconv.Unquote(f.Tag.Value)
	}
	if _, ok := reflect.StructTag(tag).Lookup("desc"); !ok && role != "part" {
		if c := strings.TrimSpace(f.Comment.Text()); c != "" {
			tag += " desc:" + strconv.Quote(strings.Join(strings.Fields(c), " "))
		}
	}
	text := " " + strconv.Quote(strings.TrimSpace(tag+note))
	if f.Tag != nil {
		from, to := r.off(f.Tag.Pos()), r.off(f.Tag.End())
		r.edits.replace(from, to, text+strings.Repeat("\n", strings.Count(string(r.f.text[from:to]), "\n")))
	} else {
		r.edits.close(r.off(f.Type.End()), text)
	}
}

// elemOf is the element type of an array or slice type as the source spelled it: the
// alias is in the element of the unnamed type.
func elemOf(t, elem types.Type) types.Type { return elem }

func embeddedName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return embeddedName(e.X)
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.Ident:
		return e.Name
	case *ast.IndexExpr:
		return embeddedName(e.X)
	}
	return ""
}

var arithmetic = map[token.Token]string{
	token.ADD: "OpAdd", token.SUB: "OpSub", token.MUL: "OpMul", token.QUO: "OpDiv",
}

var relations = map[token.Token]string{
	token.LSS: "OpLess", token.LEQ: "OpLessEq", token.GTR: "OpGreater", token.GEQ: "OpGreaterEq",
	token.EQL: "OpEqual", token.NEQ: "OpNotEqual",
}

var logic = map[token.Token]string{
	token.LAND: "OpAnd", token.LOR: "OpOr", token.EQL: "OpSame", token.NEQ: "OpDiffer",
}

var assignOps = map[token.Token]string{
	token.ADD_ASSIGN: "OpAddTo", token.SUB_ASSIGN: "OpSubTo", token.MUL_ASSIGN: "OpMulTo", token.QUO_ASSIGN: "OpDivTo",
}

func (r *rewriter) binary(n *ast.BinaryExpr) {
	f := ""
	if isReal(r.typeOf(n)) {
		f = arithmetic[n.Op]
	} else if isReal(r.typeOf(n.X)) || isReal(r.typeOf(n.Y)) {
		f = relations[n.Op]
	} else if r.isSymbolic(n) {
		f = logic[n.Op]
		defer r.coerceSymbolic(n.X)
		defer r.coerceSymbolic(n.Y)
	}
	if f == "" {
		return
	}
	r.edits.open(r.off(n.X.Pos()), alias+"."+f+"(")
	at := r.off(n.OpPos)
	r.edits.replace(at, at+len(n.Op.String()), ",")
	r.edits.close(r.off(n.Y.End()), ")")
}

func (r *rewriter) unary(n *ast.UnaryExpr) bool {
	at := r.off(n.OpPos)
	switch {
	case n.Op == token.AND:
		r.markLvalue(n.X)
	case n.Op == token.SUB && isReal(r.typeOf(n)):
		r.edits.replace(at, at+1, alias+".OpNeg(")
		r.edits.close(r.off(n.End()), ")")
	case n.Op == token.ADD && isReal(r.typeOf(n)):
		r.edits.replace(at, at+1, " ")
	case n.Op == token.NOT && r.isSymbolic(n.X):
		r.edits.replace(at, at+1, alias+".OpNot(")
		r.edits.close(r.off(n.End()), ")")
	}
	return true
}

// isSymbolic reports whether an expression of type bool is a condition on Reals.
func (r *rewriter) isSymbolic(e ast.Expr) bool {
	tv := r.s.info.Types[e]
	if tv.Value != nil {
		return false
	}
	switch e := e.(type) {
	case *ast.ParenExpr:
		return r.isSymbolic(e.X)
	case *ast.BinaryExpr:
		switch e.Op {
		case token.LAND, token.LOR:
			return r.isSymbolic(e.X) || r.isSymbolic(e.Y)
		case token.EQL, token.NEQ:
			return isReal(r.typeOf(e.X)) || isReal(r.typeOf(e.Y)) || r.isSymbolic(e.X) || r.isSymbolic(e.Y)
		case token.LSS, token.LEQ, token.GTR, token.GEQ:
			return isReal(r.typeOf(e.X)) || isReal(r.typeOf(e.Y))
		}
		return false
	case *ast.UnaryExpr:
		return e.Op == token.NOT && r.isSymbolic(e.X)
	case *ast.Ident:
		if o := r.s.info.ObjectOf(e); o != nil && r.symbolic[o] {
			return true
		}
	}
	return isBool(r.typeOf(e))
}

// coerceSymbolic makes a condition of a Go bool.
func (r *rewriter) coerceSymbolic(e ast.Expr) {
	if !r.isSymbolic(e) {
		r.wrap(e, alias+".OpBool(", ")")
	}
}

// coerce fits an expression to where it goes: a Go bool to a Bool; a condition does
// not fit into a Go bool.
func (r *rewriter) coerce(e ast.Expr, want types.Type, what string) {
	if isBool(want) {
		r.coerceSymbolic(e)
		return
	}
	if b, ok := want.Underlying().(*types.Basic); ok && b.Info()&types.IsBoolean != 0 && r.isSymbolic(e) {
		r.fail(e, "E114", "declare it with the type Bool", "%s is a bool, but this is a condition on Reals, whose value is not known while the model is built", what)
	}
}

func (r *rewriter) switchStmt(n *ast.SwitchStmt) bool {
	if n.Tag != nil && (isReal(r.typeOf(n.Tag)) || r.isSymbolic(n.Tag)) {
		r.fail(n.Tag, "E111", "use If(cond, a, b), one for each case", "switch on a Real: its value is not known while the model is built")
		return false
	}
	if n.Tag == nil {
		for _, c := range n.Body.List {
			for _, e := range c.(*ast.CaseClause).List {
				if r.isSymbolic(e) {
					r.fail(e, "E111", "use If(cond, a, b), one for each case", "case with a condition on a Real: its value is not known while the model is built")
					return false
				}
			}
		}
	}
	return true
}

func (r *rewriter) assign(n *ast.AssignStmt) bool {
	for _, l := range n.Lhs {
		r.markLvalue(l)
	}
	if f, ok := assignOps[n.Tok]; ok && len(n.Lhs) == 1 && isReal(r.typeOf(n.Lhs[0])) {
		if ix, ok := ast.Unparen(n.Lhs[0]).(*ast.IndexExpr); ok {
			if _, isMap := r.typeOf(ix.X).Underlying().(*types.Map); isMap {
				// A map element has no address: x = x op y.
				lhs := string(r.f.text[r.off(n.Lhs[0].Pos()):r.off(n.Lhs[0].End())])
				at := r.off(n.TokPos)
				r.edits.replace(at, at+2, "= "+alias+"."+strings.TrimSuffix(f, "To")+"("+lhs+", ")
				r.edits.close(r.off(n.Rhs[0].End()), ")")
				return true
			}
		}
		r.edits.open(r.off(n.Lhs[0].Pos()), alias+"."+f+"(&(")
		at := r.off(n.TokPos)
		r.edits.replace(at, at+2, "),")
		r.edits.close(r.off(n.Rhs[0].End()), ")")
		return true
	}
	if len(n.Lhs) != len(n.Rhs) {
		return true
	}
	for i, l := range n.Lhs {
		id, _ := l.(*ast.Ident)
		if n.Tok == token.DEFINE && id != nil {
			if o := r.s.info.Defs[id]; o != nil {
				if r.isSymbolic(n.Rhs[i]) {
					r.symbolic[o] = true
				}
				continue
			}
		}
		if id != nil && id.Name == "_" {
			continue
		}
		if id != nil {
			if o := r.s.info.ObjectOf(id); o != nil && r.symbolic[o] {
				r.coerceSymbolic(n.Rhs[i])
				continue
			}
		}
		if t := r.typeOf(l); t != nil {
			r.coerce(n.Rhs[i], t, "the variable")
		}
	}
	return true
}

func (r *rewriter) valueSpec(n *ast.ValueSpec) {
	for i, v := range n.Values {
		if len(n.Values) != len(n.Names) {
			return
		}
		o := r.s.info.Defs[n.Names[i]]
		if o == nil {
			continue
		}
		if n.Type != nil {
			r.coerce(v, r.typeOf(n.Type), n.Names[i].Name)
		} else if r.isSymbolic(v) {
			r.symbolic[o] = true
		}
	}
}

// literal fits the elements of a composite literal.
func (r *rewriter) literal(n *ast.CompositeLit) {
	t := r.typeOf(n)
	if t == nil {
		return
	}
	u := types.Unalias(t).Underlying()
	if p, ok := u.(*types.Pointer); ok {
		u = types.Unalias(p.Elem()).Underlying()
	}
	switch u := u.(type) {
	case *types.Struct:
		for i, e := range n.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				if id, ok := kv.Key.(*ast.Ident); ok {
					if o := r.s.info.Uses[id]; o != nil {
						r.coerce(kv.Value, o.Type(), id.Name)
					}
				}
			} else if i < u.NumFields() {
				r.coerce(e, u.Field(i).Type(), u.Field(i).Name())
			}
		}
		r.defaults(n, u)
	case *types.Slice:
		r.elements(n, u.Elem())
	case *types.Array:
		r.elements(n, u.Elem())
	case *types.Map:
		r.elements(n, u.Elem())
	}
}

func (r *rewriter) elements(n *ast.CompositeLit, elem types.Type) {
	for _, e := range n.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			e = kv.Value
		}
		r.coerce(e, elem, "the element")
	}
}

// defaults adds the defaults of structural parameters that a literal does not name.
func (r *rewriter) defaults(n *ast.CompositeLit, s *types.Struct) {
	named := map[string]bool{}
	for _, e := range n.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			return // all fields are given
		}
		if id, ok := kv.Key.(*ast.Ident); ok {
			named[id.Name] = true
		}
	}
	var add []string
	for i := range s.NumFields() {
		f := s.Field(i)
		value, ok := reflect.StructTag(s.Tag(i)).Lookup("value")
		b, basic := types.Unalias(f.Type()).Underlying().(*types.Basic)
		if !ok || named[f.Name()] || !basic || isReal(f.Type()) || !f.Exported() && f.Pkg() != r.s.types {
			continue
		}
		switch info := b.Info(); {
		case info&types.IsString != 0:
			value = strconv.Quote(value)
		case info&types.IsBoolean != 0:
			v, err := strconv.ParseBool(value)
			if err != nil {
				continue
			}
			value = strconv.FormatBool(v)
		case info&types.IsNumeric != 0:
			if _, err := strconv.ParseFloat(value, 64); err != nil {
				continue
			}
		default:
			continue
		}
		add = append(add, f.Name()+": "+value)
	}
	if len(add) > 0 {
		text := strings.Join(add, ", ")
		if len(n.Elts) > 0 {
			text += ", "
		}
		r.edits.close(r.off(n.Lbrace)+1, text)
	}
}

func (r *rewriter) call(n *ast.CallExpr) bool {
	fun := ast.Unparen(n.Fun)
	if tv := r.s.info.Types[n.Fun]; tv.IsType() {
		return r.conversion(n, tv.Type)
	}
	var id *ast.Ident
	switch f := fun.(type) {
	case *ast.Ident:
		id = f
	case *ast.SelectorExpr:
		id = f.Sel
	}
	if id != nil {
		switch o := r.s.info.Uses[id].(type) {
		case *types.Func:
			if o.Pkg() != nil && o.Pkg().Path() == modelPath && o.Signature().Recv() == nil {
				if o.Name() == "Func" {
					r.fail(n, "E116", "write it with operations on Real, or build the system with model.New in the program that solves it", "Func: a numeric Go function cannot become part of a flat model")
					return false
				}
				if statements[o.Name()] {
					p := r.u.at(n.Pos())
					r.sites = true
					r.edits.replace(r.off(n.Fun.Pos()), r.off(n.Fun.End()), fmt.Sprintf("%s.OpAt(mtkcFile%d, %d, %d).%s", alias, r.index, p.Line, p.Col, o.Name()))
					r.arguments(n)
					for _, a := range n.Args {
						r.walk(a)
					}
					return false
				}
			}
		case *types.Builtin:
			if isReal(r.typeOf(n)) && (o.Name() == "min" || o.Name() == "max") {
				r.edits.replace(r.off(n.Fun.Pos()), r.off(n.Fun.End()), alias+"."+strings.ToUpper(o.Name()[:1])+o.Name()[1:])
				for _, a := range n.Args {
					r.walk(a)
				}
				return false
			}
		}
	}
	r.arguments(n)
	return true
}

// arguments fits the arguments of a call to the parameters.
func (r *rewriter) arguments(n *ast.CallExpr) {
	t := r.typeOf(n.Fun)
	if t == nil {
		return
	}
	sig, ok := types.Unalias(t).Underlying().(*types.Signature)
	if !ok {
		return
	}
	for i, a := range n.Args {
		k := sig.Params().Len()
		switch {
		case sig.Variadic() && i >= k-1:
			if s, ok := sig.Params().At(k - 1).Type().(*types.Slice); ok && !n.Ellipsis.IsValid() {
				r.coerce(a, s.Elem(), "the argument")
			}
		case i < k:
			r.coerce(a, sig.Params().At(i).Type(), "the argument")
		}
	}
}

func (r *rewriter) conversion(n *ast.CallExpr, to types.Type) bool {
	if len(n.Args) != 1 {
		return true
	}
	from := r.typeOf(n.Args[0])
	switch {
	case isReal(to) && isReal(from):
		r.edits.replace(r.off(n.Fun.Pos()), r.off(n.Fun.End()), "")
	case isReal(to):
		r.edits.replace(r.off(n.Fun.Pos()), r.off(n.Fun.End()), alias+".OpConst(float64")
		r.edits.close(r.off(n.End()), ")")
	case isReal(from):
		if b, ok := to.Underlying().(*types.Basic); ok {
			next := "compute with Real: the functions of package model (Sin, Exp, Floor, ...) take and return it"
			if b.Info()&types.IsInteger != 0 {
				next = "sizes and indices are structural parameters: fields of type int, set with --arg"
			}
			r.fail(n, "E112", next, "conversion of a Real to %s: its value is not known while the model is built", b.Name())
			return false
		}
		return true
	default:
		return true
	}
	r.walk(n.Args[0])
	return false
}
