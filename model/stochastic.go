package model

import (
	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
)

// WhiteNoise is the derivative of a Wiener process of its own. Its symbol is that of an input with the value 0;
// equations contain it linearly, and beside derivatives only: der(x) = f + g*noise stands for dx = f dt + g dW. See System.Noise
// and the function Noise of the modelling language.
type WhiteNoise struct {
	Sym expr.ID
	// Stratonovich says that g*noise is meant in the sense of Stratonovich, else it is Ito's.
	Stratonovich bool
	Pos          diag.Pos
}

// ChemicalReaction is something that happens at a rate and changes species. The deterministic form of a system has it in its
// equations: Rate = law, and der(x) = ... + stoichiometry * Rate with Equation.Balance. Of the same
// system the chemical Langevin equation is made, by a noise for each reaction, and the jump process, in which a reaction happens at
// random instants.
type ChemicalReaction struct {
	Name string
	Rate expr.ID // symbol of the variable that is the rate: extent per time
	// Propensity is the rate of the jump process as a term, where it differs from Rate: of mass action k*A^2 it is k*A*(A-1).
	// None: it is Rate.
	Propensity expr.ID
	// Reversible says that Rate may be negative, a difference of the rates of two directions.
	Reversible bool
	// As stated, for reports and the analysis of networks. What a reaction changes is in the balances.
	Reactants, Products []Participant
	Modifiers           []expr.ID
	Pos                 diag.Pos
}

// Participant is a species in a reaction with its stoichiometry. A species that is on both sides stands in both lists.
type Participant struct {
	Species expr.ID // symbol of the variable whose balance it has, or of a species that nothing changes
	Number  expr.ID // term
}

// Noise declares white noise of its own, an independent Wiener process: der(x) = f + g*w of a noise w is dx = f dt + g dW
// in the sense of Ito. It can only be multiplied with what holds no noise, and added, and it must reach derivatives.
func (s *System) Noise(name string, opts ...VarOption) expr.Expr { return s.noise(name, opts, false) }

// StratonovichNoise is Noise in the sense of Stratonovich, for which the ordinary chain rule holds.
func (s *System) StratonovichNoise(name string, opts ...VarOption) expr.Expr {
	return s.noise(name, opts, true)
}

func (s *System) noise(name string, opts []VarOption, stratonovich bool) expr.Expr {
	v := s.declare(name, InputVar, opts)
	v.Value = expr.Zero
	s.Noises = append(s.Noises, WhiteNoise{Sym: v.Sym, Stratonovich: stratonovich, Pos: v.Pos})
	return s.Pool.Of(v.Sym)
}

// IsNoise reports whether a symbol is that of a noise.
func (s *System) IsNoise(sym expr.ID) bool {
	for i := range s.Noises {
		if s.Noises[i].Sym == sym {
			return true
		}
	}
	return false
}
