package sbml

import (
	"math"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// smallAmount is what the species of a compartment stay below for which the default absolute tolerance, 1e-9, is no good.
const smallAmount = 1e-3

// place is where species are compared: amounts, or concentrations, of a compartment.
type place struct {
	home *entity
	conc bool
}

// sizes gives species nominal values where all that their compartment starts with is small, as moles in a cell are: the largest amount
// there, or that of what comes from the boundary; for nothing at all, the size of the compartment. The absolute tolerances of a run go by them.
func (b *builder) sizes() {
	p := b.pool
	memo := map[expr.ID]float64{}
	var value func(x expr.ID) (float64, bool)
	value = func(x expr.ID) (float64, bool) {
		v, known := memo[x]
		if known {
			return v, true
		}
		memo[x] = math.NaN() // while it is looked for
		v = math.NaN()
		if k, ok := b.sys.VarOf(x); ok && b.sys.Vars[k].Kind == model.ParameterVar && b.sys.Vars[k].Value != expr.None {
			v = p.Eval(b.sys.Vars[k].Value, value)
		}
		memo[x] = v
		return v, true
	}
	own, fed := map[place]float64{}, map[place]float64{}
	for _, e := range b.list {
		if e.kind != ofSpecies || e.algebraic {
			continue
		}
		at, largest := place{e.home, e.state != e.amount && e.conc}, own
		if e.state == expr.None {
			if at.conc, largest = false, fed; e.rule != nil {
				continue
			}
		}
		start := b.startAmount
		if at.conc {
			start = b.startOf
		}
		if v := math.Abs(p.Eval(start(e, atStart), value)); v <= math.MaxFloat64 {
			largest[at] = max(largest[at], v)
		}
	}
	for _, e := range b.list {
		if e.kind != ofSpecies || e.state == expr.None || e.algebraic {
			continue
		}
		at := place{e.home, e.state != e.amount && e.conc}
		size := own[at]
		if size == 0 && !at.conc {
			if size = fed[at]; size == 0 {
				size = math.Abs(p.Eval(b.startOf(e.home, atStart), value))
			}
		}
		if k, _ := b.sys.VarOf(e.state); size > 0 && size < smallAmount {
			b.sys.Vars[k].Nominal = p.Float(size)
		}
	}
}
