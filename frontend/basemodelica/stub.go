package basemodelica

import "github.com/mtkc/mtkc/expr"

type function struct {
	class *classDef
	name  string
}

func (r *reader) apply(f *function, args []int32, off int32) []value {
	r.err(off, "E166", "", "f")
	return nil
}
func (r *reader) algorithm(a []stmt, initial bool) {}
func (r *reader) scanWhens(m *classDef)            {}
func (r *reader) check()                           {}
func (r *reader) formula(id expr.ID) string        { return "" }
