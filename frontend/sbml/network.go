package sbml

import (
	"fmt"
	"math"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// reactions states what reacts with what, beside the balances.
func (b *builder) reactions() {
	for _, e := range b.list {
		if e.kind != ofReaction || e.reaction.Law == nil {
			continue
		}
		x := model.ChemicalReaction{Name: e.name, Rate: e.sym, Propensity: expr.None, Reversible: e.reaction.Reversible, Pos: e.pos}
		for side, refs := range [][]*Reference{e.reaction.Reactants, e.reaction.Products} {
			for _, f := range refs {
				s := b.byName[f.Species]
				part := model.Participant{Species: s.amount, Number: expr.One}
				if f.ID != "" || f.Math != nil || !math.IsNaN(f.Number) {
					part.Number = b.stoichiometry(f, running)
				}
				if side == 0 {
					x.Reactants = append(x.Reactants, part)
				} else {
					x.Products = append(x.Products, part)
				}
			}
		}
		for _, name := range e.reaction.Modifiers {
			if s := b.byName[name]; s != nil && s.kind == ofSpecies {
				x.Modifiers = append(x.Modifiers, s.amount)
			}
		}
		b.sys.Reactions = append(b.sys.Reactions, x)
	}
	if len(b.sys.Reactions) > 0 {
		b.sys.Items, b.sys.ItemsNote = b.m.items()
	}
}

// items is how many single events a unit of the extent of reactions stands for, 0: that is not known. The note says what was
// made of it where it is no plain number.
//
// What Level 2 does not state means moles, but such models are commonly written for, and run as, numbers of molecules.
func (m *Model) items() (items float64, note string) {
	unit := m.Extent
	if unit == "" {
		unit = m.Substance
	}
	if _, defined := m.Units["substance"]; unit == "" && defined && m.Level == 2 {
		unit = "substance"
	}
	for i := 0; unit == "" && i < len(m.Species); i++ {
		unit = m.Species[i].Substance
	}
	if unit == "" || unit == "substance" && m.Units[unit] == nil {
		note = "the model states no unit of substance: amounts are taken as numbers of molecules"
		if m.Level == 2 {
			note = "the model states no unit of substance, which would be moles in Level 2: amounts are taken as numbers of molecules, as such models mostly mean them"
		}
		return 0, note
	}
	factors, defined := m.Units[unit]
	if !defined {
		factors = []Unit{{Kind: unit, Exponent: 1, Multiplier: 1}}
	}
	items, moles := 1.0, false
	for _, f := range factors {
		x := f.Multiplier * math.Pow(10, f.Scale)
		switch f.Kind {
		case "item", "dimensionless":
		case "mole":
			moles = true
			fallthrough
		case "avogadro":
			x *= avogadro
		default:
			return 0, fmt.Sprintf("amounts are in units of %s, which say nothing of numbers of molecules: they are taken as such", unit)
		}
		items *= math.Pow(x, f.Exponent)
	}
	switch {
	case !(items > 0) || math.IsInf(items, 1):
		return 0, fmt.Sprintf("the unit %s makes no sense: amounts are taken as numbers of molecules", unit)
	case moles:
		return items, fmt.Sprintf("amounts are in moles: a unit of substance is %.10g molecules", items)
	}
	return items, ""
}
