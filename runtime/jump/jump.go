// Package jump simulates jump processes, such as the reactions of few molecules: the problems of package ode with Jumps.
//
// In: an ode.Problem with Jumps, a seed and the number of a path in ode.Options. Out: an ode.Method for ode.Solve and
// ode.Integrator, whose solution is one path of the process. Equal seeds and paths give equal runs, whatever times are saved.
//
// A step is one jump; the solution keeps its value up to the end of the step. Where only some times are saved and
// nothing else looks at the path, a step holds all jumps up to the next of them.
//
// The exact methods draw from the law of the process itself. States that reactions of mass action count are numbers of molecules, whole and
// never negative. One that starts elsewhere is warned of; a reaction that takes more of it than there is does not happen.
package jump

import (
	"fmt"

	"github.com/mtkc/mtkc/runtime/ode"
)

func init() {
	for _, m := range exact {
		ode.Register(m, m.aliases...)
	}
	for _, m := range leaps {
		ode.Register(m, m.aliases...)
	}
	ode.Register(PDMP)
	ode.RegisterChoice(ode.Jumping, choose)
}

// method is an exact method for still processes.
type method struct {
	name, text, reference string
	aliases               []string
	make                  func(c *core) engine
}

// Info describes the method.
func (m *method) Info() ode.Info {
	return ode.Info{Name: m.name, Use: ode.Jumping, Description: m.text, Reference: m.reference, Needs: "f = 0: nothing moves between jumps"}
}

// New returns a stepper. A problem that moves between its jumps is an error.
func (m *method) New(ws *ode.Workspace) (ode.Stepper, error) {
	if err := takes(ws, m.name); err != nil {
		return nil, err
	}
	if why := moves(ws.P); why != "" {
		return nil, fmt.Errorf("%s takes rates that stay what they are between jumps and events, but %s", m.name, why)
	}
	c := newCore(ws)
	return &stepper{core: c, eng: m.make(c)}, nil
}

// takes says why no method for jumps takes a problem.
func takes(ws *ode.Workspace, name string) error {
	p := ws.P
	switch {
	case p.Jumps == nil:
		return fmt.Errorf("%s is for jump processes, and %s has no jumps", name, title(p))
	case len(ws.Alg) > 0:
		return fmt.Errorf("%s cannot solve the %d algebraic equations of %s, which has jumps: solve them for their unknowns in the model", name, len(ws.Alg), title(p))
	case p.NInv > 0:
		return fmt.Errorf("%s does not keep the %d constraints of %s, which has jumps", name, p.NInv, title(p))
	}
	return nil
}

// moves says what changes between the jumps of a problem; "": nothing does.
func moves(p *ode.Problem) string {
	if !p.Jumps.Still {
		return "there are equations der(...) = ... beside the jumps"
	}
	for r := range p.Jumps.Reactions {
		if p.Jumps.Reactions[r].Clock {
			return fmt.Sprintf("the rate of reaction %s depends on time", p.Jumps.Reactions[r].Name)
		}
	}
	return ""
}

func title(p *ode.Problem) string {
	if p.Name == "" {
		return "the problem"
	}
	return p.Name
}

// The exact methods for processes in which nothing changes between the jumps.
var (
	// Direct searches the reaction in the sums of all rates.
	Direct ode.Method = &method{
		name: "Direct", aliases: []string{"SSA", "Gillespie"}, make: newDirect,
		text:      "direct method: the reaction is searched in a tree of sums of the rates",
		reference: "Gillespie, J. Phys. Chem. 81(25), 1977",
	}
	// SortingDirect searches the reaction among the rates, in an order that is learnt.
	SortingDirect ode.Method = &method{
		name: "SortingDirect", make: newSorting,
		text:      "sorting direct method: the reaction is searched from the most frequent ones on",
		reference: "McCollum et al., Comput. Biol. Chem. 30(1), 2006",
	}
	// NextReaction keeps the time at which each reaction happens next in a heap.
	NextReaction ode.Method = &method{
		name: "NextReaction", aliases: []string{"NRM", "GibsonBruck"}, make: newNextReaction,
		text:      "next reaction method: each reaction has its time, in a heap",
		reference: "Gibson, Bruck, J. Phys. Chem. A 104(9), 2000",
	}
	// CompositionRejection draws reactions from groups of about equal rates.
	CompositionRejection ode.Method = &method{
		name: "CompositionRejection", aliases: []string{"DirectCR", "SSACR"}, make: newComposition,
		text:      "composition-rejection method: reactions are drawn from groups of about equal rates, at a cost that does not grow with their number",
		reference: "Slepoy, Thompson, Plimpton, J. Chem. Phys. 128, 205101 (2008)",
	}
	// RSSA evaluates rates only where bounds that hold for a while do not tell.
	RSSA ode.Method = &method{
		name: "RSSA", aliases: []string{"Rejection"}, make: newRejection,
		text:      "rejection method: bounds of the rates hold for many jumps",
		reference: "Thanh, Priami, Zunino, J. Chem. Phys. 141, 134116 (2014)",
	}
	// RSSACR draws the candidates of RSSA from groups of about equal bounds.
	RSSACR ode.Method = &method{
		name: "RSSACR", make: newRejectionGroups,
		text:      "rejection method with groups: bounds of the rates hold for many jumps, reactions are drawn from groups of about equal bounds",
		reference: "Thanh, Zunino, Priami, J. Chem. Phys. 142, 244106 (2015)",
	}
)

// exact lists them.
var exact = func() (list []*method) {
	for _, m := range []ode.Method{Direct, SortingDirect, NextReaction, CompositionRejection, RSSA, RSSACR} {
		list = append(list, m.(*method))
	}
	return list
}()

// Numbers of reactions up to which the automatic choice takes the direct method with all rates at hand, the sorting direct method, and the direct
// method with a tree. Nanoseconds for a jump, by the table of docs/solvers.md: up to 8 reactions Direct takes two thirds of all others; from 9 to 32
// SortingDirect takes a fifth less than Direct, and twice as much from 200 on where reactions are equally frequent; of a thousand on RSSACR
// takes as much as Direct where a jump changes two other rates, and down to an eighth of it where it changes a hundred.
const (
	fewReactions    = 8
	someReactions   = 32
	manyReactions   = 1000
	shareMassAction = 0.5 // of the rates, from which on bounds are of use
)

// choose is the automatic choice.
func choose(ws *ode.Workspace) (ode.Method, string) {
	if why := moves(ws.P); why != "" {
		return PDMP, "the rates are integrated between the jumps because " + why
	}
	list := ws.P.Jumps.Reactions
	n, bounded := len(list), 0
	for r := range list {
		if list[r].MassAction {
			bounded++
		}
	}
	switch {
	case n <= fewReactions:
		return Direct, fmt.Sprintf("Direct up to %d reactions", fewReactions)
	case n <= someReactions:
		return SortingDirect, fmt.Sprintf("SortingDirect for %d reactions, up to %d", n, someReactions)
	case n <= manyReactions:
		return Direct, fmt.Sprintf("Direct, with a tree of sums, for %d reactions, up to %d", n, manyReactions)
	case float64(bounded) < shareMassAction*float64(n):
		return CompositionRejection, fmt.Sprintf("CompositionRejection for %d reactions, most of which are not of mass action", n)
	}
	return RSSACR, fmt.Sprintf("RSSACR for %d reactions", n)
}
