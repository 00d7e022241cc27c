package ode

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/mtkc/mtkc/runtime/spell"
	"github.com/mtkc/mtkc/runtime/tableau"
)

// registry holds methods by lower-case name; it is written by init functions only and
// read-only afterwards.
var registry = map[string]Method{}

// families make methods of tables, each when it is first asked for.
var families []family

type family struct {
	tables tableau.Family
	make   func(name string) Method
}

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

// registerFamily adds a method for every table of a family: make is called with the
// name of a table the first time that its method is asked for, and returns nil where there
// is no method to be made of it. A registered method goes before a table of its name. Called
// from init functions only.
func registerFamily(f tableau.Family, make func(name string) Method) {
	families = append(families, family{f, make})
}

// tabled are the methods that tables define, by lower-case name.
var tabled = sync.OnceValue(func() map[string]func() Method {
	all := map[string]func() Method{}
	for _, f := range families {
		for _, name := range tableau.Names(f.tables) {
			key := strings.ToLower(name)
			if _, taken := all[key]; taken {
				panic("mtkc: bug: there are two tables " + name)
			}
			if registry[key] == nil {
				all[key] = sync.OnceValue(func() Method { return f.make(name) })
			}
		}
	}
	return all
})

// Lookup finds a method by name or alias, in any case.
func Lookup(name string) (Method, error) {
	key := strings.ToLower(name)
	if m, ok := registry[key]; ok {
		return m, nil
	}
	if make, ok := tabled()[key]; ok {
		if m := make(); m != nil {
			return m, nil
		}
	}
	near := ""
	if list := spell.Near(name, Names()); len(list) > 0 {
		near = ": did you mean " + strings.Join(list, ", ") + "?"
	} else {
		near = "; there are auto, Tsit5, Vern7, Rodas5P, RadauIIA5, BDF and many more"
	}
	return nil, fmt.Errorf("there is no integration method %q%s", name, near)
}

// Names lists the names of all methods without making them, aliases left out, in
// alphabetical order.
func Names() []string {
	var names []string
	for key, m := range registry {
		if name := m.Info().Name; strings.ToLower(name) == key {
			names = append(names, name)
		}
	}
	for _, f := range families {
		for _, name := range tableau.Names(f.tables) {
			if registry[strings.ToLower(name)] == nil {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// Methods lists all methods by what they are for, those with error estimates first, then
// by order and name. It reads every table.
func Methods() []Method {
	seen := map[string]bool{}
	var list []Method
	for _, m := range registry {
		if name := m.Info().Name; !seen[name] {
			seen[name] = true
			list = append(list, m)
		}
	}
	for _, make := range tabled() {
		if m := make(); m != nil {
			list = append(list, m)
		}
	}
	sort.Slice(list, func(i, j int) bool {
		a, b := list[i].Info(), list[j].Info()
		switch {
		case a.Use != b.Use:
			return a.Use < b.Use
		case (a.Embedded > 0) != (b.Embedded > 0):
			return a.Embedded > 0
		case a.Order != b.Order:
			return a.Order < b.Order
		}
		return a.Name < b.Name
	})
	return list
}
