package gosrc

import (
	"go/ast"
	"go/types"

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
			case *ast.GenDecl:
				for _, sp := range d.Specs {
					if t, ok := sp.(*ast.TypeSpec); ok {
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
