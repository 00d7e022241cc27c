package jacobian

import "github.com/mtkc/mtkc/expr"

// fact is what a differentiation knows about a term.
type fact struct {
	id     expr.ID
	assign int32 // the assignment whose target it is: an index into the argument of Of, later into work.seq; -1
	col    int32 // the column, if it is an atom to differentiate by; -1
	uses   int32 // readers
	size   int32 // distinct subterms, named parts counting as one
	stamp  int32 // the last walk that came by
	moves  bool  // it depends on the columns
}

// facts maps terms to facts by open addressing.
type facts struct {
	slot []int32 // index into list plus 1, 0 is empty
	list []fact
}

// at returns the fact of a term, made if there is none. The pointer is good until the
// next new term.
func (m *facts) at(e expr.ID) *fact {
	if 2*len(m.list) >= len(m.slot) {
		m.grow()
	}
	mask := uint32(len(m.slot) - 1)
	i := uint32(e) * 0x9E3779B1
	for i = (i ^ i>>15) & mask; ; i = (i + 1) & mask {
		k := m.slot[i]
		if k == 0 {
			m.list = append(m.list, fact{id: e, assign: -1, col: -1})
			m.slot[i] = int32(len(m.list))
			return &m.list[len(m.list)-1]
		}
		if f := &m.list[k-1]; f.id == e {
			return f
		}
	}
}

func (m *facts) grow() {
	m.slot = make([]int32, max(64, 2*len(m.slot)))
	mask := uint32(len(m.slot) - 1)
	for k := range m.list {
		i := uint32(m.list[k].id) * 0x9E3779B1
		i = (i ^ i>>15) & mask
		for m.slot[i] != 0 {
			i = (i + 1) & mask
		}
		m.slot[i] = int32(k + 1)
	}
}
