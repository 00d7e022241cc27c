package jump

import (
	"slices"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// replay is a linear solver whose state can be saved.
type replay = *linsolve.Replay[float64]

func newReplay(p *linsolve.Pattern) replay {
	return linsolve.NewReplay(linsolve.New[float64](p, linsolve.Hints{}), func() linsolve.Solver[float64] { return linsolve.New[float64](p, linsolve.Hints{}) })
}

// newPattern is the square pattern with these rows in its columns, in any order and repeated.
func newPattern(columns [][]int32) *linsolve.Pattern {
	p := &linsolve.Pattern{Rows: len(columns), Cols: len(columns), ColPtr: make([]int32, 1, len(columns)+1)}
	for _, rows := range columns {
		slices.Sort(rows)
		p.RowIdx = append(p.RowIdx, slices.Compact(rows)...)
		p.ColPtr = append(p.ColPtr, int32(len(p.RowIdx)))
	}
	return p
}
