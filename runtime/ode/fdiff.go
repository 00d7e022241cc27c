package ode

import (
	"math"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// finiteDifferences approximates df/du column group by column group: columns that
// share no row are perturbed together (Curtis, Powell, Reid, J. Inst. Maths
// Applics 13, 1974).
type finiteDifferences struct {
	pat    *linsolve.Pattern
	groups [][]int32 // columns of each colour
	u, f   []float64
	f0     []float64
	delta  []float64
}

func newFiniteDifferences(p *linsolve.Pattern) *finiteDifferences {
	return &finiteDifferences{
		pat: p, groups: colourColumns(p),
		u: make([]float64, p.Cols), delta: make([]float64, p.Cols),
		f: make([]float64, p.Rows), f0: make([]float64, p.Rows),
	}
}

// jac writes forward differences of f to vals. The increment of column j is
// sqrt(eps) times the larger of |u_j| and the size below which the tolerances
// (or the nominal value) call u_j small.
func (d *finiteDifferences) jac(ws *Workspace, t float64, u, f0, vals []float64) {
	if f0 == nil {
		f0 = d.f0
		ws.RHS(t, u, f0)
	}
	copy(d.u, u)
	for _, cols := range d.groups {
		for _, j := range cols {
			size := math.Max(math.Abs(u[j]), ws.AbsTol[j]/ws.RelTol)
			if int(j) < len(ws.P.States) {
				size = math.Max(size, 1e-3*math.Abs(ws.P.States[j].Nominal))
			}
			h := math.Sqrt(eps) * size
			d.u[j] = u[j] + h
			d.delta[j] = d.u[j] - u[j] // what the arithmetic made of it
		}
		ws.RHS(t, d.u, d.f)
		for _, j := range cols {
			d.u[j] = u[j]
			inv := 1 / d.delta[j]
			for k := d.pat.ColPtr[j]; k < d.pat.ColPtr[j+1]; k++ {
				i := d.pat.RowIdx[k]
				vals[k] = (d.f[i] - f0[i]) * inv
			}
		}
	}
}

// colourColumns groups columns without a common row, greedily in column order.
// The work is the sum over rows of the squares of their lengths; rows that are
// full force one group per column whatever the method.
func colourColumns(p *linsolve.Pattern) [][]int32 {
	rowPtr := make([]int32, p.Rows+1)
	for _, i := range p.RowIdx {
		rowPtr[i+1]++
	}
	for i := range p.Rows {
		rowPtr[i+1] += rowPtr[i]
	}
	fill := append([]int32(nil), rowPtr[:p.Rows]...)
	colIdx := make([]int32, len(p.RowIdx))
	longest := int32(0)
	for j := range p.Cols {
		for _, i := range p.RowIdx[p.ColPtr[j]:p.ColPtr[j+1]] {
			colIdx[fill[i]] = int32(j)
			fill[i]++
		}
	}
	for i := range p.Rows {
		longest = max(longest, rowPtr[i+1]-rowPtr[i])
	}
	var groups [][]int32
	if int(longest) == p.Cols { // a full row: nothing can be shared
		for j := range p.Cols {
			groups = append(groups, []int32{int32(j)})
		}
		return groups
	}
	colour := make([]int32, p.Cols)
	for j := range colour {
		colour[j] = -1
	}
	var seen []int32 // seen[c] == j+1: colour c is taken by a neighbour of column j
	for j := range p.Cols {
		stamp := int32(j + 1)
		for _, i := range p.RowIdx[p.ColPtr[j]:p.ColPtr[j+1]] {
			for _, k := range colIdx[rowPtr[i]:rowPtr[i+1]] {
				if c := colour[k]; c >= 0 {
					seen[c] = stamp
				}
			}
		}
		c := int32(0)
		for int(c) < len(seen) && seen[c] == stamp {
			c++
		}
		if int(c) == len(seen) {
			seen = append(seen, 0)
			groups = append(groups, nil)
		}
		colour[j] = c
		groups[c] = append(groups[c], int32(j))
	}
	return groups
}
