package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/reaction/notation"
)

// This file makes equations of reactions, for all that state them: the language, the builder, front ends and package reaction.

// Kinetics says what the rate of a reaction that is stated means.
type Kinetics uint8

const (
	// MassAction takes the rate as the constant k of mass action with combinatoric factors: 2 A -> B happens at the rate
	// k*A^2/2 in differential equations and k*A*(A-1)/2 in jump processes, as there are A*(A-1)/2 pairs of molecules.
	MassAction Kinetics = iota
	// PlainMassAction leaves the factors out: k*A^2 and k*A*(A-1).
	PlainMassAction
	// Stated takes the rate as the law itself.
	Stated
)

// ReactionStatement is a reaction from which equations are to be made. One that is reversible is two of them.
type ReactionStatement struct {
	Name                string // of the variable that is its rate; "": r1, r2, ... below Path
	Rate                expr.ID
	Kinetics            Kinetics
	Reactants, Products []Participant // a species may stand in a list several times
	Modifiers           []expr.ID
	Pos                 diag.Pos
	Path                string // of the component that states it
}

// AddReactions states reactions: for each a variable that is its rate with the equation rate = law, an entry of Reactions, and
// what it does to the balances der(x) = sum of stoichiometry * rate of its species, which are made where there are none. Species
// are variables of the system. A parameter, a constant, an input or a discrete variable keeps its value whatever reactions do, and so do the
// variables in boundary. A species that stands on both sides with the same number is a catalyst: its balance, which says that it
// stays, is stated as well.
//
// A finding says which species cannot have a balance: an equation states its derivative already. code is that of the findings.
func (s *System) AddReactions(list []ReactionStatement, boundary map[expr.ID]bool, code string) diag.List {
	var found diag.List
	type share struct {
		ks []expr.Num
		ts []expr.ID
	}
	at := map[expr.ID]int{} // balance of a species
	derived := map[expr.ID]int{}
	for i := range s.Equations {
		e := &s.Equations[i]
		if s.Pool.Op(e.Lhs) == expr.OpDer {
			x := s.Pool.Args(e.Lhs)[0]
			if e.Balance {
				at[x] = i
			} else {
				derived[x] = i
			}
		}
	}
	shares := map[expr.ID]*share{}
	var order []expr.ID
	of := func(x expr.ID, r *ReactionStatement) *share {
		if h, ok := shares[x]; ok {
			return h
		}
		i, ok := s.VarOf(x)
		if !ok || s.Vars[i].Kind != Unknown || boundary[x] {
			shares[x] = nil
			return nil
		}
		if q, ok := derived[x]; ok {
			e := &s.Equations[q]
			d := found.Add(e.Pos, code, "state what else changes it as a reaction with its law, 0 => "+s.Vars[i].Name+"; or keep it out of reactions",
				"an equation states the derivative of %s, which reactions change", s.Vars[i].Name)
			d.Notes = append(d.Notes, diag.Note{Pos: r.Pos, Text: "a reaction with " + s.Vars[i].Name})
			shares[x] = nil
			return nil
		}
		h := &share{}
		shares[x] = h
		order = append(order, x)
		return h
	}
	names := &rateNames{s: s, next: map[string]int{}}
	s.Vars = slices.Grow(s.Vars, len(list))
	s.Equations = slices.Grow(s.Equations, len(list))
	for i := range list {
		r := &list[i]
		law, propensity := r.Rate, expr.None
		reactants, products := s.merged(r.Reactants), s.merged(r.Products)
		if r.Kinetics != Stated {
			law, propensity = s.MassAction(r.Rate, reactants, r.Kinetics == MassAction)
		}
		v := s.NewVariable(names.of(r), Unknown)
		v.Pos, v.Path, v.Desc = r.Pos, r.Path, "rate of a reaction"
		s.AddVar(v)
		s.Equations = append(s.Equations, Equation{Lhs: v.Sym, Rhs: law, Pos: r.Pos, Path: r.Path})
		s.Reactions = append(s.Reactions, ChemicalReaction{
			Name: v.Name, Rate: v.Sym, Propensity: propensity, Reactants: reactants, Products: products, Modifiers: r.Modifiers, Pos: r.Pos,
		})
		for side, parts := range [][]Participant{reactants, products} {
			for _, x := range parts {
				h := of(x.Species, r)
				if h == nil {
					continue
				}
				k, t := s.Pool.Factored(x.Number, v.Sym)
				if side == 0 {
					k = k.Neg()
				}
				h.ks, h.ts = append(h.ks, k), append(h.ts, t)
			}
		}
	}
	for _, x := range order {
		h := shares[x]
		if q, ok := at[x]; ok {
			e := &s.Equations[q]
			e.Rhs = s.Pool.Add(e.Rhs, s.Pool.Linear(expr.IntNum(0), h.ks, h.ts))
			continue
		}
		i, _ := s.VarOf(x)
		s.Equations = append(s.Equations, Equation{
			Lhs: s.Pool.Der(x), Rhs: s.Pool.Linear(expr.IntNum(0), h.ks, h.ts), Pos: s.Vars[i].Pos, Path: s.Vars[i].Path, Balance: true,
		})
	}
	return found
}

// merged adds the numbers of a species that stands in a side several times.
func (s *System) merged(list []Participant) []Participant {
	out := make([]Participant, 0, len(list))
next:
	for _, x := range list {
		for i := range out {
			if out[i].Species == x.Species {
				out[i].Number = s.Pool.Add(out[i].Number, x.Number)
				continue next
			}
		}
		out = append(out, x)
	}
	return out
}

// MassAction is the law of mass action with the constant k for reactants of which each is named once, in differential equations
// and, as propensity, in jump processes: None where it is the same. combinatoric divides both by n! for n equal molecules.
//
// The law of reactants x_i with whole numbers n_i is k * product of x_i^n_i / n_i!, the propensity k * product of binomial(x_i, n_i).
// Where a unit of an amount stands for System.Items molecules, x (x-1) ... is x (x - 1/Items) .... Numbers that are no whole ones, or no
// numbers, are powers without a factor, and there is no propensity then.
//
// D. T. Gillespie, J. Phys. Chem. 81 (1977) 2340; the factors are those of Catalyst.jl (combinatoric_ratelaws).
func (s *System) MassAction(k expr.ID, reactants []Participant, combinatoric bool) (law, propensity expr.ID) {
	p := s.Pool
	factors, falling := []expr.ID{k}, []expr.ID{k}
	several, whole := false, true
	for _, x := range reactants {
		num, ok := p.Value(x.Number)
		n, isInt := num.Int()
		if !ok || !isInt || n < 1 || n > mostMolecules {
			whole = false
			factors = append(factors, p.Pow(x.Species, x.Number))
			continue
		}
		several = several || n > 1
		divisor := int64(1)
		for i := int64(2); combinatoric && i <= n; i++ {
			divisor *= i
		}
		factor := p.Num(expr.RatNum(1, divisor))
		factors = append(factors, factor, p.Pow(x.Species, p.Int(n)))
		falling = append(falling, factor)
		for i := range n {
			less := p.Int(i)
			if s.Items != 0 && i > 0 {
				less = p.Float(float64(i) / s.Items)
			}
			falling = append(falling, p.Sub(x.Species, less))
		}
	}
	law, propensity = p.Mul(factors...), expr.None
	if several && whole {
		propensity = p.Mul(falling...)
	}
	return law, propensity
}

// mostMolecules of one species may take part in a reaction of mass action with factors: 20! is the largest that an int64 holds.
const mostMolecules = 20

// rateNames finds names for rates.
type rateNames struct {
	s    *System
	next map[string]int
}

func (n *rateNames) free(name string) bool {
	id, ok := n.s.Pool.Lookup(name)
	if !ok {
		return true
	}
	_, taken := n.s.VarOf(id)
	return !taken
}

func (n *rateNames) of(r *ReactionStatement) string {
	prefix := ""
	if r.Path != "" {
		prefix = r.Path + "."
	}
	if r.Name != "" && n.free(prefix+r.Name) {
		return prefix + r.Name
	}
	stem := prefix + "r"
	if r.Name != "" {
		stem = prefix + r.Name + "_"
	}
	for {
		n.next[stem]++
		if name := fmt.Sprintf("%s%d", stem, n.next[stem]); n.free(name) {
			return name
		}
	}
}

// reverseName is the name of the way back of a reaction.
func reverseName(name string) string {
	if name == "" {
		return ""
	}
	return name + "_reverse"
}

// sideOf makes participants of the terms of a reaction in text.
func (s *System) sideOf(list []notation.Term, symbol func(notation.Text) (expr.ID, error), number func(notation.Text) (expr.ID, error)) ([]Participant, error) {
	out := make([]Participant, len(list))
	for i := range list {
		t := &list[i]
		x, err := symbol(t.Species)
		if err != nil {
			return nil, err
		}
		n := expr.One
		if t.Number.D != 0 {
			n = s.Pool.Num(expr.RatNum(t.Number.N, t.Number.D))
		} else if n, err = number(t.Number.Expr); err != nil {
			return nil, err
		}
		out[i] = Participant{Species: x, Number: n}
	}
	return out, nil
}

// Reaction states a reaction in the notation of package reaction/notation, with its rate, or the rates of both directions: the
// constants of mass action (A + B -> C, A <-> B), or the laws as they are (A => B, A <=> B). They are expr.Exprs of the system,
// float64s or ints; species and coefficients are names of its variables. A name before the reaction, binding: A + B -> C, is that of
// the variable that is its rate. Every call states the balances of its species anew: networks of many thousand reactions are built with
// package reaction.
//
//	m.Reaction("S + E <-> SE", kon, koff)
//	m.Reaction("SE => P + E", vmax.Mul(se).Div(km.Add(se)))
func (s *System) Reaction(text string, rates ...any) {
	pos := here()
	fail := func(next, format string, args ...any) {
		s.mistakes.Add(pos, "E195", next, format, args...)
	}
	r, bad := notation.Parse(text)
	if bad != nil {
		fail(bad.Next, "the reaction %q, %s", text, bad.Error())
		return
	}
	if len(r.Rates) > 0 {
		fail("give it behind the text", "the reaction %q has a rate in its text", text)
		return
	}
	want, form := 1, "give one rate"
	if r.Reversible {
		want, form = 2, "give the rates there and back"
	}
	if len(rates) != want {
		fail(form, "the reaction %q with %d rates", text, len(rates))
		return
	}
	symbol := func(t notation.Text) (expr.ID, error) {
		if id, ok := s.Pool.Lookup(t.Text); ok {
			if _, ok := s.VarOf(id); ok {
				return id, nil
			}
		}
		return expr.None, fmt.Errorf("column %d: there is no variable %s", t.Col, t.Text)
	}
	number := func(t notation.Text) (expr.ID, error) {
		return s.Pool.Parse(t.Text, expr.ParseOptions{Symbol: func(name string) (expr.ID, error) {
			return symbol(notation.Text{Text: name, Col: t.Col})
		}})
	}
	left, err := s.sideOf(r.Reactants, symbol, number)
	right, err2 := s.sideOf(r.Products, symbol, number)
	if err = errors.Join(err, err2); err != nil {
		fail("declare variables before the reactions that use them", "the reaction %q, %s", text, strings.ReplaceAll(err.Error(), "\n", "; "))
		return
	}
	st := ReactionStatement{Name: r.Name, Rate: s.term(rates[0]), Reactants: left, Products: right, Pos: pos}
	if r.Stated {
		st.Kinetics = Stated
	}
	list := []ReactionStatement{st}
	if r.Reversible {
		back := st
		back.Name, back.Rate, back.Reactants, back.Products = reverseName(st.Name), s.term(rates[1]), right, left
		list = append(list, back)
	}
	if r.Name != "" {
		if id, ok := s.Pool.Lookup(r.Name); ok {
			if _, taken := s.VarOf(id); taken {
				s.mistakes.Add(pos, "E191", "give every variable and reaction its own name", "variable %q is declared twice", r.Name)
				return
			}
		}
	}
	s.mistakes = append(s.mistakes, s.AddReactions(list, nil, "E195")...)
}
