package ode

import (
	"fmt"
	"sort"
	"strings"
)

// registry holds the methods by lower-case name; it is written by init functions
// only and read-only afterwards.
var registry = map[string]Method{}

// Register adds a method under its name and further aliases. It is called from
// init functions only; a name that is taken is a bug.
func Register(m Method, aliases ...string) {
	for _, name := range append([]string{m.Info().Name}, aliases...) {
		key := strings.ToLower(name)
		if _, taken := registry[key]; taken {
			panic("mtkc: bug: integration method " + name + " is registered twice")
		}
		registry[key] = m
	}
}

// Lookup finds a method by name or alias, in any case.
func Lookup(name string) (Method, error) {
	if m, ok := registry[strings.ToLower(name)]; ok {
		return m, nil
	}
	var names []string
	for _, m := range Methods() {
		names = append(names, m.Info().Name)
	}
	return nil, fmt.Errorf("there is no integration method %q; there are auto, %s", name, strings.Join(names, ", "))
}

// Methods lists the registered methods, explicit ones first, then by name.
func Methods() []Method {
	seen := map[string]bool{}
	var list []Method
	for _, m := range registry {
		if name := m.Info().Name; !seen[name] {
			seen[name] = true
			list = append(list, m)
		}
	}
	sort.Slice(list, func(i, j int) bool {
		a, b := list[i].Info(), list[j].Info()
		if a.Implicit != b.Implicit {
			return b.Implicit
		}
		return a.Name < b.Name
	})
	return list
}
