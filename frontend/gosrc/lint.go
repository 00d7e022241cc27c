package gosrc

import (
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
	"strconv"
	"strings"

	"github.com/mtkc/mtkc/diag"
)

// lint looks for mistakes with methods that Go accepts: a Structure whose changes are
// lost, embedded Equations that nobody calls.
func (u *universe) lint(s *source) {
	for _, f := range s.files {
		if f.dropped {
			continue
		}
		for _, d := range f.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				u.lintMethod(s, d)
				u.lintEvents(s, d)
			case *ast.GenDecl:
				for _, sp := range d.Specs {
					if t, ok := sp.(*ast.TypeSpec); ok {
						u.lintTags(s, t)
						u.lintType(s, t)
					}
				}
			}
		}
	}
}

func (u *universe) lintMethod(s *source, d *ast.FuncDecl) {
	if d.Recv == nil || d.Body == nil || d.Type.Params.NumFields() > 0 {
		return
	}
	m, ok := s.info.Defs[d.Name].(*types.Func)
	if !ok {
		return
	}
	recv := m.Signature().Recv().Type()
	_, pointer := types.Unalias(recv).(*types.Pointer)
	st := structOf(recv)
	if st == nil || !component(st) {
		return
	}
	for _, name := range []string{"Structure", "Equations"} {
		if like(d.Name.Name, name) && types.NewMethodSet(types.NewPointer(deref(recv))).Lookup(m.Pkg(), name) == nil {
			u.warn(u.at(d.Name.Pos()), "rename it", "%s of %s is not called by itself: the method is called %s", d.Name.Name, named(recv), name)
		}
	}
	switch d.Name.Name {
	case "Structure":
		if !pointer {
			u.l.found.Add(u.at(d.Pos()), "E119", "give it a pointer receiver", "Structure of %s has a value receiver: what it sets is lost", named(recv))
		}
	case "Equations":
		called := map[types.Type]bool{}
		ast.Inspect(d.Body, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "Equations" {
				if x := s.info.Selections[sel]; x != nil {
					called[deref(x.Recv())] = true
				}
			}
			return true
		})
		for i := range st.NumFields() {
			e := st.Field(i)
			if e.Embedded() && equations(e.Type()) && !called[deref(e.Type())] {
				u.warn(u.at(d.Pos()), "call "+receiver(d)+e.Name()+".Equations() in it",
					"Equations of %s does not call Equations of %s, which it embeds", named(recv), e.Name())
			}
		}
	}
}

// like reports whether name is want with other capitals or without the plural.
func like(name, want string) bool {
	return name != want && strings.EqualFold(strings.TrimSuffix(strings.ToLower(name), "s"), strings.TrimSuffix(want, "s"))
}

// lintEvents looks into the functions of When, ElseWhen, At, Every and Clocked for assignments to
// fields of components: they happen once, while the model is built, and not at the event.
func (u *universe) lintEvents(s *source, d *ast.FuncDecl) {
	if d.Body == nil {
		return
	}
	field := func(e ast.Expr) {
		for {
			x, ok := ast.Unparen(e).(*ast.IndexExpr)
			if !ok {
				break
			}
			e = x.X
		}
		sel, ok := ast.Unparen(e).(*ast.SelectorExpr)
		if !ok {
			return
		}
		x := s.info.Selections[sel]
		if x == nil || x.Kind() != types.FieldVal || isReal(x.Type()) {
			return
		}
		if st := structOf(x.Recv()); st != nil && component(st) {
			u.l.found.Add(u.at(e.Pos()), "E145", "what changes during a run is a Discrete and is given its value by Set",
				"assignment to the field %s at an event: it would happen once, while the model is built", sel.Sel.Name)
		}
	}
	ast.Inspect(d.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 || !u.event(s, call.Fun) {
			return true
		}
		body, ok := call.Args[len(call.Args)-1].(*ast.FuncLit)
		if !ok {
			return true
		}
		ast.Inspect(body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				if n.Tok != token.DEFINE {
					for _, e := range n.Lhs {
						field(e)
					}
				}
			case *ast.IncDecStmt:
				field(n.X)
			}
			return true
		})
		return true
	})
}

// event reports whether a called function is one of those that state events.
func (u *universe) event(s *source, fun ast.Expr) bool {
	var id *ast.Ident
	switch f := ast.Unparen(fun).(type) {
	case *ast.Ident:
		id = f
	case *ast.SelectorExpr:
		id = f.Sel
	default:
		return false
	}
	o, ok := s.info.Uses[id].(*types.Func)
	if !ok || o.Pkg() == nil || o.Pkg().Path() != modelPath {
		return false
	}
	switch o.Name() {
	case "When", "ElseWhen", "At", "Every", "Clocked":
		return true
	}
	return false
}

// meaningful are the tags of variables, and misnamed what others call some of them.
var (
	meaningful = []string{"value", "init", "guess", "min", "max", "nominal", "unit", "desc", "state", "tunable", "name", "display"}
	misnamed   = map[string]string{
		"start": "init", "initial": "init", "default": "value", "val": "value", "fixed": "init",
		"units": "unit", "description": "desc", "doc": "desc", "comment": "desc", "displayUnit": "display",
		"minimum": "min", "maximum": "max",
	}
)

// lintTags finds tags of variables that nobody would read.
func (u *universe) lintTags(s *source, t *ast.TypeSpec) {
	st, ok := t.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, f := range st.Fields.List {
		if f.Tag == nil || !holdsRealElem(s.info.Types[f.Type].Type) {
			continue
		}
		text, err := strconv.Unquote(f.Tag.Value)
		if err != nil {
			continue
		}
		keys, ok := tagKeys(text)
		if !ok {
			u.l.found.Add(u.at(f.Tag.Pos()), "E147", `write init:"1" unit:"m": a name, a colon, and the text in quotes`, "tag %s cannot be read", f.Tag.Value)
		}
		for _, k := range keys {
			want := misnamed[k]
			for _, m := range meaningful {
				if k != m && strings.EqualFold(k, m) {
					want = m
				}
			}
			if want != "" {
				u.l.found.Add(u.at(f.Tag.Pos()), "E147", "did you mean "+want+"?", "variables have no tag %s", k)
			}
		}
	}
}

// holdsRealElem reports whether t is Real or a slice or array of it.
func holdsRealElem(t types.Type) bool {
	for t != nil {
		if isReal(t) {
			return true
		}
		switch x := types.Unalias(t).Underlying().(type) {
		case *types.Slice:
			t = x.Elem()
		case *types.Array:
			t = x.Elem()
		default:
			return false
		}
	}
	return false
}

// tagKeys lists the keys of a tag, and whether all of it has the form of Go's
// convention, key:"text" separated by spaces.
func tagKeys(tag string) (keys []string, ok bool) {
	for {
		tag = strings.TrimLeft(tag, " ")
		if tag == "" {
			return keys, true
		}
		key, rest, found := strings.Cut(tag, ":")
		quoted, err := strconv.QuotedPrefix(rest)
		if !found || err != nil || quoted[0] != '"' || key == "" || strings.ContainsAny(key, " \"\t") {
			return keys, false
		}
		if _, ok := reflect.StructTag(key + ":" + quoted).Lookup(key); !ok {
			return keys, false
		}
		keys, tag = append(keys, key), rest[len(quoted):]
	}
}

// receiver is the name of the receiver and a dot.
func receiver(d *ast.FuncDecl) string {
	if names := d.Recv.List[0].Names; len(names) == 1 && names[0].Name != "_" {
		return names[0].Name + "."
	}
	return ""
}

// lintType warns where Go promotes the Equations of one embedded type only because
// that of another is nested deeper.
func (u *universe) lintType(s *source, t *ast.TypeSpec) {
	o := s.info.Defs[t.Name]
	if o == nil {
		return
	}
	st := structOf(o.Type())
	if st == nil || !equations(o.Type()) {
		return
	}
	ms := types.NewMethodSet(types.NewPointer(o.Type())).Lookup(o.Pkg(), "Equations")
	if ms == nil || len(ms.Index()) < 2 {
		return // its own
	}
	for i := range st.NumFields() {
		e := st.Field(i)
		if e.Embedded() && i != ms.Index()[0] && equations(e.Type()) {
			u.warn(u.at(t.Pos()), "give "+t.Name.Name+" an Equations method that calls both",
				"%s embeds %s and %s, but only the Equations of %s run", t.Name.Name, st.Field(ms.Index()[0]).Name(), e.Name(), st.Field(ms.Index()[0]).Name())
		}
	}
}

// warn keeps a finding with the program, so that a program from the cache repeats it.
func (u *universe) warn(pos diag.Pos, next, format string, args ...any) {
	u.warnings.Add(pos, "W119", next, format, args...)
}

func deref(t types.Type) types.Type {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	return types.Unalias(t)
}

func structOf(t types.Type) *types.Struct {
	st, _ := deref(t).Underlying().(*types.Struct)
	return st
}

func named(t types.Type) string {
	if n, ok := deref(t).(*types.Named); ok {
		return n.Obj().Name()
	}
	return t.String()
}

// component reports whether a struct holds Reals or embeds or holds structs that do.
func component(st *types.Struct) bool { return holdsReal(st, map[*types.Struct]bool{}) }

func holdsReal(st *types.Struct, busy map[*types.Struct]bool) bool {
	if busy[st] {
		return false
	}
	busy[st] = true
	for i := range st.NumFields() {
		t := st.Field(i).Type()
	elem:
		for {
			if isReal(t) {
				return true
			}
			switch x := types.Unalias(t).Underlying().(type) {
			case *types.Slice:
				t = x.Elem()
			case *types.Array:
				t = x.Elem()
			case *types.Pointer:
				t = x.Elem()
			case *types.Struct:
				if holdsReal(x, busy) {
					return true
				}
				break elem
			default:
				break elem
			}
		}
	}
	return false
}

// equations reports whether a type has the method Equations() of a component.
func equations(t types.Type) bool {
	t = deref(t)
	if _, isInterface := t.Underlying().(*types.Interface); isInterface {
		return false
	}
	ms := types.NewMethodSet(types.NewPointer(t))
	for i := range ms.Len() {
		f, ok := ms.At(i).Obj().(*types.Func)
		if ok && f.Name() == "Equations" && f.Signature().Params().Len() == 0 && f.Signature().Results().Len() == 0 {
			return true
		}
	}
	return false
}
