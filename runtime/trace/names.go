package trace

import (
	"fmt"
	"strings"

	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/runtime/spell"
)

// UnknownName is the error of a name or pattern that fits no variable.
type UnknownName struct {
	Model, Name string
	Near        []string // names like it
}

func (e *UnknownName) Error() string {
	s := fmt.Sprintf("%s has no variable %q", e.Model, e.Name)
	if len(e.Near) > 0 {
		s += "; did you mean " + strings.Join(e.Near, ", ") + "?"
	}
	return s
}

// Default lists the variables that are recorded where the user names none: the
// states, the discrete variables, and the variables of the model itself (not of its
// components), in the order of declaration. Parameters, derivatives, further
// names of the same state are left out, unless their Listing says otherwise. Where there are none of these, as in a circuit
// without states, it lists all variables but parameters.
func Default(p *ode.Problem) []string {
	if len(p.Observables) == 0 {
		var names []string
		for i := range p.States {
			names = append(names, p.States[i].Name)
		}
		return names
	}
	var names []string
	for i := range p.Observables {
		o := &p.Observables[i]
		keep := false
		switch {
		case o.Listing != ode.ListDefault:
			keep = o.Listing == ode.ListAlways
		case o.Kind == ode.State:
			keep = p.States[o.Index].Name == o.Name || ownVariable(o.Name)
		case o.Kind == ode.Parameter:
			keep = o.Index >= len(p.Params)
		default:
			keep = ownVariable(o.Name)
		}
		if keep {
			names = append(names, o.Name)
		}
	}
	if len(names) > 0 {
		return names
	}
	for i := range p.Observables {
		if o := &p.Observables[i]; o.Kind != ode.Parameter && o.Listing != ode.ListNever {
			names = append(names, o.Name)
		}
	}
	return names
}

// ownVariable reports whether a name is one of the model itself: no path, no
// derivative.
func ownVariable(name string) bool {
	return !strings.ContainsAny(name, ".(")
}

// Select returns the names that the wishes stand for, each once, in the order of the
// wishes. A wish is a name; or a pattern with * for any text and ? for one character;
// or a component, which means all its variables. The case of letters does not matter where
// a name is unambiguous without it. No wishes mean Default.
// A wish that fits nothing is an *UnknownName.
func Select(p *ode.Problem, wishes []string) ([]string, error) {
	if len(wishes) == 0 {
		return Default(p), nil
	}
	all := allNames(p)
	known := make(map[string]bool, len(all))
	for _, n := range all {
		known[n] = true
	}
	taken := map[string]bool{}
	var names []string
	take := func(n string) {
		if !taken[n] {
			taken[n] = true
			names = append(names, n)
		}
	}
	for _, w := range wishes {
		if known[w] {
			take(w)
			continue
		}
		found := false
		for _, n := range all {
			if strings.ContainsAny(w, "*?") && matches(w, n) || strings.HasPrefix(n, w+".") || strings.HasPrefix(n, w+"[") {
				take(n)
				found = true
			}
		}
		if !found {
			if n, ok := anyCase(w, all); ok {
				take(n)
				continue
			}
			return nil, &UnknownName{p.Name, w, spell.Near(w, all)}
		}
	}
	return names, nil
}

// anyCase finds the only name that is want but for the case of letters.
func anyCase(want string, all []string) (string, bool) {
	var found string
	count := 0
	for _, n := range all {
		if strings.EqualFold(n, want) {
			found = n
			count++
		}
	}
	return found, count == 1
}

// matches compares a pattern with a name: * stands for any text, ? for one character.
func matches(pattern, name string) bool {
	star, retry := -1, 0
	i, j := 0, 0
	for j < len(name) {
		switch {
		case i < len(pattern) && pattern[i] == '*':
			star, retry = i, j
			i++
		case i < len(pattern) && (pattern[i] == '?' || pattern[i] == name[j]):
			i++
			j++
		case star >= 0: // let the last star take one character more
			retry++
			i, j = star+1, retry
		default:
			return false
		}
	}
	return strings.Trim(pattern[i:], "*") == ""
}

func allNames(p *ode.Problem) []string {
	var all []string
	if len(p.Observables) == 0 {
		for i := range p.States {
			all = append(all, p.States[i].Name)
		}
		for i := range p.Params {
			all = append(all, p.Params[i].Name)
		}
		return all
	}
	for i := range p.Observables {
		all = append(all, p.Observables[i].Name)
	}
	return all
}
