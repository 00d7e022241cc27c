package ode

import (
	"fmt"
	"math"
	"strings"
)

// Entry is what can be set before a run: a parameter, or the start value of a state.
type Entry struct {
	State bool // Index is one into States, else into Params
	Index int
	Sign  float64 // -1: the value is set with its sign changed, as of a negated alias; else +1 or 0
}

// Entry finds what Options.Set sets by this name: a parameter or another name of one, a state
// or another name of one, with or without start(...) around it. What is computed from a conserved total, a parameter
// total(NAME), is set like a state: the total follows. An unknown name is an error
// that lists names like it; so is one of what the model computes.
func (p *Problem) Entry(name string) (Entry, error) { return p.entries()(name) }

// entries is Entry for many names.
func (p *Problem) entries() func(name string) (Entry, error) {
	params := make(map[string]int, len(p.Params))
	for i := range p.Params {
		params[p.Params[i].Name] = i
	}
	states := make(map[string]int, len(p.States))
	for i := range p.States {
		states[p.States[i].Name] = i
	}
	var aliases map[string]*Observable // parameters and states under other names
	return func(name string) (Entry, error) {
		if i, ok := params[name]; ok {
			return Entry{Index: i, Sign: 1}, nil
		}
		bare := name
		if of, ok := strings.CutPrefix(name, "start("); ok {
			bare = strings.TrimSuffix(of, ")")
		}
		if i, ok := states[bare]; ok {
			return Entry{State: true, Index: i, Sign: 1}, nil
		}
		if _, ok := params["total("+name+")"]; ok {
			if i, ok := params["start("+name+")"]; ok {
				return Entry{Index: i, Sign: 1}, nil
			}
		}
		if aliases == nil {
			aliases = make(map[string]*Observable, len(p.Observables))
			for i := range p.Observables {
				aliases[p.Observables[i].Name] = &p.Observables[i]
			}
		}
		o := aliases[bare]
		switch {
		case o == nil:
			list := make([]string, 0, len(p.Params)+len(p.States))
			for i := range p.Params {
				list = append(list, p.Params[i].Name)
			}
			for i := range p.States {
				list = append(list, p.States[i].Name)
			}
			return Entry{}, fmt.Errorf("%s has no parameter or state named %q%s", p.title(), name, closeNames(name, list))
		case o.Kind == Parameter && o.Index < len(p.Params):
			return Entry{Index: o.Index, Sign: o.Sign}, nil
		case o.Kind == State:
			return Entry{State: true, Index: o.Index, Sign: o.Sign}, nil
		}
		return Entry{}, fmt.Errorf("%s is computed by the model and cannot be set; parameters and start values can", name)
	}
}

func (e Entry) kind() string {
	if e.State {
		return "state"
	}
	return "parameter"
}

func (p *Problem) entryName(e Entry) string {
	if e.State {
		return p.state(e.Index)
	}
	return p.Params[e.Index].Name
}

// put sets an entry.
func (s *settings) put(p *Problem, e Entry, v float64) {
	v = math.Copysign(1, e.Sign) * v
	if e.State {
		s.start(p, e.Index, v)
		return
	}
	s.params[e.Index], s.set[e.Index] = v, true
}
