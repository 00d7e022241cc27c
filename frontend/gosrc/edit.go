package gosrc

import (
	"slices"
	"strings"
)

// edit replaces text[off:end] by with. Insertions have off == end.
type edit struct {
	off, end int
	with     string
	closer   bool // belongs to what ends at off; goes before what begins there
	seq      int
}

// edits collects changes of one file. Nested expressions add theirs from the outside
// in: of two insertions at one place, the outer opener comes first and the inner
// closer.
type edits struct{ list []edit }

func (e *edits) open(off int, s string)         { e.add(edit{off: off, end: off, with: s}) }
func (e *edits) close(off int, s string)        { e.add(edit{off: off, end: off, with: s, closer: true}) }
func (e *edits) replace(off, end int, s string) { e.add(edit{off: off, end: end, with: s}) }

func (e *edits) add(x edit) {
	x.seq = len(e.list)
	e.list = append(e.list, x)
}

// apply returns the changed text.
func (e *edits) apply(text []byte) []byte {
	slices.SortStableFunc(e.list, func(a, b edit) int {
		switch {
		case a.off != b.off:
			return a.off - b.off
		case a.closer != b.closer:
			if a.closer {
				return -1
			}
			return 1
		case a.closer:
			return b.seq - a.seq
		case (a.end > a.off) != (b.end > b.off):
			if a.end > a.off {
				return 1
			}
			return -1
		}
		return a.seq - b.seq
	})
	var out strings.Builder
	at := 0
	for _, x := range e.list {
		if x.off < at {
			panic("mtkc: bug: overlapping edits")
		}
		out.Write(text[at:x.off])
		out.WriteString(x.with)
		at = x.end
	}
	out.Write(text[at:])
	return []byte(out.String())
}
