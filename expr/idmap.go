package expr

// idMap maps ids to values by open addressing. It is what traversals remember terms
// by: several times faster than a map, and it costs nothing until it is used.
type idMap[V any] struct {
	keys []ID // key+1, 0 is empty
	vals []V
	n    int
}

func (m *idMap[V]) slot(k ID) int {
	mask := uint32(len(m.keys) - 1)
	i := uint32(k) * 0x9E3779B1
	i = (i ^ i>>15) & mask
	for m.keys[i] != 0 && m.keys[i] != k+1 {
		i = (i + 1) & mask
	}
	return int(i)
}

func (m *idMap[V]) get(k ID) (v V, ok bool) {
	if m.n == 0 {
		return v, false
	}
	i := m.slot(k)
	if m.keys[i] == 0 {
		return v, false
	}
	return m.vals[i], true
}

// at returns the place of the value of k, which is made if there is none; isNew says
// so. The pointer is good until the next call.
func (m *idMap[V]) at(k ID) (v *V, isNew bool) {
	if 4*m.n >= 3*len(m.keys) {
		m.grow()
	}
	i := m.slot(k)
	if isNew = m.keys[i] == 0; isNew {
		m.keys[i] = k + 1
		m.n++
	}
	return &m.vals[i], isNew
}

func (m *idMap[V]) grow() {
	old := *m
	size := max(32, 2*len(old.keys))
	m.keys, m.vals = make([]ID, size), make([]V, size)
	for i, k := range old.keys {
		if k != 0 {
			j := m.slot(k - 1)
			m.keys[j], m.vals[j] = k, old.vals[i]
		}
	}
}
