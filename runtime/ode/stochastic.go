package ode

import (
	"fmt"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// Noise is the stochastic part of a problem M du = f(t, u, p) dt + G(t, u, p) dW, where W are
// independent Wiener processes. Rows of algebraic equations hold none. Methods of package sde solve it.
type Noise struct {
	Names  []string          // of the Wiener processes, the columns of G
	Matrix *linsolve.Pattern // of G, N by len(Names)
	// Reads is the pattern of the derivatives of G by u: a row for each entry of G in the order of Matrix.
	// No entries: the noise is additive. Nil: not known, anything may depend on anything.
	Reads *linsolve.Pattern
	// Stratonovich says that the integral is that of Stratonovich, else it is Ito's.
	Stratonovich bool
}

// Jumps are what happens to a problem at instants of chance: reaction r happens in dt with the probability a_r(t, u, p) dt and
// then changes some states at once. Between jumps u follows f. Methods of package jump solve it.
type Jumps struct {
	Reactions []Jump
	// Still says that f is zero: nothing but jumps and events changes a state.
	Still bool
}

// Jump is a reaction. Its rate a is c(t, p) times u (u-1) ... (u-Order+1) for each of Reactants where MassAction is set, c from
// Kernels.JumpConstants, which holds factors such as 1/2 for two equal molecules; else it is Kernels.JumpRate.
type Jump struct {
	Name       string
	MassAction bool
	Reactants  []Reactant // of mass action, by ascending State; none: a = c
	Changes    []Change   // by ascending State
	// Vary says that the changes depend on time, state or parameters: Kernels.JumpChange writes them in the
	// order of Changes, whose By is without meaning.
	Vary  bool
	Reads []int32 // the entries of u that the rate depends on, ascending
	// Clock says that the rate changes between jumps and events otherwise than by the entries of u: it depends on time.
	Clock bool
}

// Reactant is a species that takes part in a reaction of mass action with Order of its molecules.
type Reactant struct{ State, Order int32 }

// Change adds By to a state.
type Change struct {
	State int32
	By    float64
}

// chooser is the automatic choice among the methods for problems with noise, and for those with jumps.
var chooser = map[Use]func(ws *Workspace) (m Method, why string){}

// RegisterChoice sets the automatic choice for problems with noise (Diffusive) or with jumps (Jumping), which may heed
// Workspace.Hint. It is called from the init functions of the packages that hold these methods.
func RegisterChoice(u Use, choose func(ws *Workspace) (m Method, why string)) { chooser[u] = choose }

// byChance completes the choice for a problem with noise or jumps; Method is nil where none was asked for.
func (c choice) byChance(ws *Workspace, s *settings) (choice, error) {
	p := ws.P
	ws.Hint = s.hint()
	use, what, pkg := Diffusive, "noise", "sde"
	if p.Jumps != nil {
		use, what, pkg = Jumping, "jumps", "jump"
	}
	switch {
	case p.Jumps != nil && p.Noise != nil:
		return c, fmt.Errorf("%s has noise and jumps, which no method takes together", p.title())
	case ws.flip:
		return c, fmt.Errorf("%s has %s, which cannot be undone: it can only be solved forward in time", p.title(), what)
	case c.Method != nil && c.Info().Use != use:
		return c, fmt.Errorf("%s has %s, which %s does not take: choose a method for %s", p.title(), what, c.Info().Name, use)
	case p.NInv > 0 && s.Constraints == "states":
		return c, fmt.Errorf("%s has %s: its constraints can only be kept by projection", p.title(), what)
	case c.Method != nil:
		return c.inChance(ws, s), nil
	case s.hint() != "auto" && use == Jumping:
		return c, fmt.Errorf("%s has %s, and no method for them is %s", p.title(), what, s.hint())
	case chooser[use] == nil:
		return c, fmt.Errorf("%s has %s: import package runtime/%s, which holds the methods for them", p.title(), what, pkg)
	}
	c.Method, c.why = chooser[use](ws)
	return c.inChance(ws, s), nil
}

// inChance puts the method on a form in which it takes the algebraic equations: nested, where it does not take them itself.
func (c choice) inChance(ws *Workspace, s *settings) choice {
	c = c.because(ws)
	if len(ws.Alg) == 0 && ws.P.NInv == 0 {
		return c
	}
	nested := len(ws.Alg) > 0 && (s.Form == "nested" || s.Form == "auto" && !c.Info().Mass)
	c.form = explainForm(ws, nested, false, s)
	c.Method = inForm(c.Method, nested, false)
	return c
}

// because adds what the method has to say of its settings, such as a fixed step that it chooses: it has a method Why then.
func (c choice) because(ws *Workspace) choice {
	if m, ok := c.Method.(interface{ Why(ws *Workspace) string }); ok {
		if text := m.Why(ws); text != "" {
			c.why += "; " + text
		}
	}
	return c
}
