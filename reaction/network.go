// Package reaction is about networks of chemical reactions: what they are made of, and what their structure alone says.
//
// In: a model.System of any front end that states reactions (Of), text (Network.Parse), or species and reactions added one by one.
// Out: a flat system (Network.AddTo), text, and an Analysis: stoichiometric matrix, conservation laws, complexes, linkage classes,
// deficiency, and what theorems say of the network then. Conserve takes conserved species out of a system.
//
// Everything is exact: numbers are rationals of any size.
package reaction

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/reaction/notation"
)

// Network is a reaction network. Its terms are of Pool.
type Network struct {
	Name         string
	Pool         *expr.Pool
	Species      []Species
	Parameters   []Parameter
	Compartments []Compartment
	Reactions    []Reaction

	// Items is how many molecules a unit of an amount stands for, 0: one. See model.System.Items.
	Items float64

	bySpecies   map[expr.ID]int
	byParameter map[expr.ID]int
	sys         *model.System // of which it was made; nil: none
	changes     [][]change    // by reaction, where a system states them; nil: they follow from the sides
}

// Species is what reactions make and take.
type Species struct {
	Name string
	// Label is the name in reactions as text, "": Name. Of an amount NAME.amount beside a concentration NAME it is that.
	Label string
	Sym   expr.ID
	Start expr.ID // amount at the start; None: not given
	// Boundary says that reactions leave it as it is. It is a parameter, or something else determines it.
	Boundary bool
	// Open says that something else than reactions changes it as well: Events, or Otherwise, a term of its balance that is
	// none of reactions.
	Open, Events, Otherwise bool
	Compartment             int // index of its compartment plus 1, 0: none
	Pos                     diag.Pos
}

// Parameter is a number that a user may change.
type Parameter struct {
	Name  string
	Sym   expr.ID
	Value expr.ID // None: must be given
	Pos   diag.Pos
}

// Compartment is a place with a size. The constants of mass action of reactions of species in it are those of
// concentrations, amount/size, although species are amounts.
type Compartment struct {
	Name string
	Size expr.ID
}

// Reaction makes products of reactants.
type Reaction struct {
	Name                string
	Reactants, Products []Participant // each species once in a side
	Modifiers           []int         // species that the rate depends on and that are no reactants
	Kinetics            model.Kinetics
	Rate                expr.ID // constant of mass action, or the law
	Law                 expr.ID // extent per time, of reactions of a system; None or 0: it follows from the rate
	Reversible          bool    // the law may be negative: the difference of two directions
	Back                expr.ID // constant of the way back, of reversible mass action
	Compartment         int     // as of a species: that whose size mass action is in; 0: that of the reactants, or else of the products
	Pos                 diag.Pos
	Path                string
}

// Participant is a species of a side and how many of it.
type Participant struct {
	Species int
	Number  expr.ID
}

// change is what one reaction does to one species.
type change struct {
	species int
	by      expr.ID
}

// New returns an empty network with a pool of its own.
func New(name string) *Network { return in(name, expr.NewPool()) }

func in(name string, p *expr.Pool) *Network {
	return &Network{Name: name, Pool: p, bySpecies: map[expr.ID]int{}, byParameter: map[expr.ID]int{}}
}

// AddSpecies adds a species with its amount at the start and returns its index; one that is there already gets this start value.
func (n *Network) AddSpecies(name string, start float64) int {
	i := n.species(name, diag.Pos{})
	n.Species[i].Start = n.Pool.Float(start)
	return i
}

// AddParameter adds a parameter with its value and returns its symbol.
func (n *Network) AddParameter(name string, value float64) expr.ID {
	sym := n.Pool.Sym(name)
	i, ok := n.byParameter[sym]
	if !ok {
		i = n.parameter(sym, diag.Pos{})
	}
	n.Parameters[i].Value = n.Pool.Float(value)
	return sym
}

// AddCompartment adds a compartment and returns what Species.Compartment and Reaction.Compartment call it. Its size is a parameter.
func (n *Network) AddCompartment(name string, size float64) int {
	sym := n.AddParameter(name, size)
	n.Compartments = append(n.Compartments, Compartment{Name: name, Size: sym})
	return len(n.Compartments)
}

// Find returns the index of a species, -1 if there is none of this name.
func (n *Network) Find(name string) int {
	if id, ok := n.Pool.Lookup(name); ok {
		if i, ok := n.bySpecies[id]; ok {
			return i
		}
	}
	return -1
}

func (n *Network) species(name string, pos diag.Pos) int {
	sym := n.Pool.Sym(name)
	if i, ok := n.bySpecies[sym]; ok {
		return i
	}
	return n.addSpecies(Species{Name: name, Sym: sym, Start: expr.None, Pos: pos})
}

func (n *Network) addSpecies(s Species) int {
	n.bySpecies[s.Sym] = len(n.Species)
	n.Species = append(n.Species, s)
	return len(n.Species) - 1
}

func (n *Network) parameter(sym expr.ID, pos diag.Pos) int {
	n.byParameter[sym] = len(n.Parameters)
	n.Parameters = append(n.Parameters, Parameter{Name: n.Pool.Name(sym), Sym: sym, Value: expr.None, Pos: pos})
	return len(n.Parameters) - 1
}

// AddReaction adds a reaction. Its participants are merged, so that each stands once in a side.
func (n *Network) AddReaction(r Reaction) {
	r.Reactants, r.Products = n.merged(r.Reactants), n.merged(r.Products)
	if r.Law == expr.Zero {
		r.Law = expr.None // not given
	}
	n.Reactions = append(n.Reactions, r)
}

func (n *Network) merged(list []Participant) []Participant {
	out := make([]Participant, 0, len(list))
	for _, x := range list {
		if i := slices.IndexFunc(out, func(y Participant) bool { return y.Species == x.Species }); i >= 0 {
			out[i].Number = n.Pool.Add(out[i].Number, x.Number)
		} else {
			out = append(out, x)
		}
	}
	return out
}

// Parse adds the reactions of a text, one a line or separated by semicolons, in the notation of package notation with their rates:
//
//	bind: (kon, koff), S + E <-> SE
//	kcat, SE -> P + E
//	V*S/(Km + S), S => P
//
// What stands in a side is a species, all other names are parameters, unless they have been added otherwise. A reversible reaction becomes
// two. file names the text in positions.
func (n *Network) Parse(text, file string) diag.List {
	var found diag.List
	list, errs := notation.ParseList(text)
	at := func(t notation.Text) diag.Pos { return diag.Pos{File: file, Line: t.Line, Col: t.Col} }
	for _, e := range errs {
		found.Add(diag.Pos{File: file, Line: e.Line, Col: e.Col}, "E196", e.Next, "%s", e.Msg)
	}
	for _, r := range list {
		for _, side := range [][]notation.Term{r.Reactants, r.Products} {
			for i := range side {
				sym := n.Pool.Sym(side[i].Species.Text)
				if _, ok := n.byParameter[sym]; ok {
					found.Add(at(side[i].Species), "E196", "give the parameter another name, or add the species with Boundary", "%s is a parameter and stands in a reaction", side[i].Species.Text)
					continue
				}
				n.species(side[i].Species.Text, at(side[i].Species))
			}
		}
	}
	if found.Errors() > 0 {
		return found
	}
	term := func(t notation.Text, coefficient bool) expr.ID {
		id, err := n.Pool.Parse(t.Text, expr.ParseOptions{Symbol: func(name string) (expr.ID, error) {
			sym := n.Pool.Sym(name)
			if _, ok := n.bySpecies[sym]; ok {
				if coefficient {
					return expr.None, fmt.Errorf("the species %s in a coefficient", name)
				}
				return sym, nil
			}
			if _, ok := n.byParameter[sym]; !ok {
				n.parameter(sym, at(t))
			}
			return sym, nil
		}})
		if err != nil {
			pos, msg := at(t), err.Error()
			if se, ok := err.(*expr.SyntaxError); ok {
				pos.Col, msg = t.Col+se.Col-1, se.Msg
			}
			found.Add(pos, "E196", "write an expression in parameters and species", "%s", msg)
			return expr.One
		}
		return id
	}
	for _, r := range list {
		if len(r.Rates) == 0 {
			found.Add(diag.Pos{File: file, Line: r.Line, Col: r.Col}, "E196", "write it before the reaction, as in k, "+r.Equation(), "the rate of %s is missing", r.Equation())
			continue
		}
		side := func(list []notation.Term) []Participant {
			out := make([]Participant, len(list))
			for i := range list {
				t := &list[i]
				num := expr.One
				if t.Number.D != 0 {
					num = n.Pool.Num(expr.RatNum(t.Number.N, t.Number.D))
				} else {
					num = term(t.Number.Expr, true)
				}
				out[i] = Participant{n.bySpecies[n.Pool.Sym(t.Species.Text)], num}
			}
			return out
		}
		x := Reaction{
			Name: r.Name, Reactants: side(r.Reactants), Products: side(r.Products), Rate: term(r.Rates[0], false), Law: expr.None,
			Pos: diag.Pos{File: file, Line: r.Line, Col: r.Col},
		}
		if r.Stated {
			x.Kinetics = model.Stated
		}
		n.AddReaction(x)
		if r.Reversible {
			x.Reactants, x.Products, x.Rate = x.Products, x.Reactants, term(r.Rates[1], false)
			if x.Name != "" {
				x.Name += "_reverse"
			}
			n.AddReaction(x)
		}
	}
	return found
}

// constant is the constant of mass action in amounts, where the stated one is in concentrations.
func (n *Network) constant(r *Reaction, found *diag.List) expr.ID {
	home := r.Compartment
	if home == 0 {
		for _, side := range [][]Participant{r.Reactants, r.Products} {
			for _, x := range side {
				c := n.Species[x.Species].Compartment
				switch {
				case c == 0:
				case home == 0:
					home = c
				case home != c:
					found.Add(r.Pos, "E196", "set Reaction.Compartment", "the reaction %s takes from several compartments: the size to which its constant refers is not clear", n.Text(r))
					return r.Rate
				}
			}
			if home != 0 {
				break
			}
		}
	}
	if home == 0 {
		return r.Rate
	}
	p := n.Pool
	k := []expr.ID{r.Rate, n.Compartments[home-1].Size}
	for _, x := range r.Reactants {
		if c := n.Species[x.Species].Compartment; c != 0 {
			k = append(k, p.Pow(n.Compartments[c-1].Size, p.Neg(x.Number)))
		}
	}
	return p.Mul(k...)
}

// AddTo states the network in a system with the same pool: parameters, species (unknowns with start values; parameters at the boundary),
// rates, Reactions with their propensities, and balances. Variables that the system has already keep what it says of them.
//
// J. Bard, C. Rackauckas and others, Catalyst, PLoS Comput. Biol. 19 (2023) e1011530, has the same reading of mass action.
func (n *Network) AddTo(s *model.System) diag.List {
	var found diag.List
	if s.Pool != n.Pool {
		return diag.New(diag.Pos{}, "E196", "add the network to the system that it was made for, or use System", "the network %s and the system %s have different pools", n.Name, s.Name)
	}
	boundary := map[expr.ID]bool{}
	for i := range n.Parameters {
		q := &n.Parameters[i]
		if _, ok := s.VarOf(q.Sym); !ok {
			v := s.NewVariable(q.Name, model.ParameterVar)
			v.Value, v.Pos = q.Value, q.Pos
			s.AddVar(v)
		}
	}
	for i := range n.Species {
		x := &n.Species[i]
		if x.Boundary {
			boundary[x.Sym] = true
		}
		if _, ok := s.VarOf(x.Sym); ok {
			continue
		}
		v := s.NewVariable(x.Name, model.Unknown)
		v.Pos = x.Pos
		switch {
		case x.Boundary:
			v.Kind, v.Value = model.ParameterVar, x.Start
		case x.Start != expr.None:
			v.Start, v.Fixed = x.Start, model.FixedTrue
		}
		s.AddVar(v)
	}
	if n.Items != 0 {
		s.Items = n.Items
	}
	list := make([]model.ReactionStatement, len(n.Reactions))
	moved := make([]bool, len(n.Species))
	for i := range n.Reactions {
		r := &n.Reactions[i]
		side := func(list []Participant) []model.Participant {
			out := make([]model.Participant, len(list))
			for k, x := range list {
				out[k] = model.Participant{Species: n.Species[x.Species].Sym, Number: x.Number}
				moved[x.Species] = true
			}
			return out
		}
		st := model.ReactionStatement{
			Name: r.Name, Rate: r.Rate, Kinetics: r.Kinetics, Reactants: side(r.Reactants), Products: side(r.Products), Pos: r.Pos, Path: r.Path,
		}
		if r.Kinetics != model.Stated {
			st.Rate = n.constant(r, &found)
		}
		for _, m := range r.Modifiers {
			st.Modifiers = append(st.Modifiers, n.Species[m].Sym)
		}
		list[i] = st
	}
	found = append(found, s.AddReactions(list, boundary, "E196")...)
	for i := range n.Species {
		if x := &n.Species[i]; !moved[i] && !x.Boundary {
			s.Equations = append(s.Equations, model.Equation{Lhs: s.Pool.Der(x.Sym), Rhs: expr.Zero, Pos: x.Pos, Balance: true})
		}
	}
	return found
}

// System returns the network as a system of its own.
func (n *Network) System() (*model.System, diag.List) {
	s := model.NewSystem(n.Name)
	s.Pool = n.Pool
	found := n.AddTo(s)
	return s, found
}

// Text prints a reaction without its rate.
func (n *Network) Text(r *Reaction) string { return n.equation(r).Equation() }

// equation is a reaction in its notation, without rates.
func (n *Network) equation(r *Reaction) *notation.Reaction {
	return &notation.Reaction{
		Name: r.Name, Reactants: n.side(r.Reactants), Products: n.side(r.Products), Reversible: r.Reversible, Stated: r.Kinetics == model.Stated,
	}
}

// side is a side of a reaction in its notation.
func (n *Network) side(list []Participant) []notation.Term {
	out := make([]notation.Term, len(list))
	for i, x := range list {
		out[i] = notation.Term{Species: notation.Text{Text: n.label(x.Species)}, Number: n.number(x.Number)}
	}
	return out
}

func (n *Network) label(i int) string {
	if x := &n.Species[i]; x.Label != "" {
		return x.Label
	}
	return n.Species[i].Name
}

// number is a coefficient as notation has it.
func (n *Network) number(e expr.ID) notation.Number {
	if v, ok := n.Pool.Value(e); ok {
		if a, b, ok := v.Exact(); ok && a > 0 {
			return notation.Number{N: a, D: b}
		}
	}
	return notation.Number{Expr: notation.Text{Text: n.Pool.String(e)}}
}

// String prints the network in the form that Parse reads, without start values.
func (n *Network) String() string {
	var b strings.Builder
	for i := range n.Reactions {
		r := &n.Reactions[i]
		t := n.equation(r)
		t.Reversible = false
		t.Rates = []notation.Text{{Text: n.Pool.String(r.Rate)}}
		b.WriteString(t.String() + "\n")
	}
	return b.String()
}
