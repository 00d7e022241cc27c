package sbml

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"

	"github.com/mtkc/mtkc/diag"
)

// This file dissolves the submodels of the package comp (SBML Level 3 Package
// Specification, Hierarchical Model Composition, Version 1, section 4): each is copied into
// the model around it, its names behind SUBMODEL__, with deletions, replacements and
// conversion factors carried out.

type externalModel struct {
	source, ref string
	pos         diag.Pos
}

// Submodel is an instance of another model.
type Submodel struct {
	ID, Model                string
	TimeFactor, ExtentFactor string
	Deletions                []Ref
	Pos                      diag.Pos
}

// Ref names an element of a submodel.
type Ref struct {
	Port, ID, Unit, Meta string
	Inner                *Ref // within the submodel that it names
	Pos                  diag.Pos
}

// Port is a name under which a model offers an element.
type Port struct {
	ID  string
	Ref Ref
}

// Replacement says that an element takes the place of one of a submodel, or, if By, that
// that takes its place.
type Replacement struct {
	element  any
	Submodel string
	Deletion bool // what it replaces is deleted: nothing is to be done
	Factor   string
	By       bool
	Ref      Ref
}

// part is what has no structure of its own: the law of a reaction, the trigger, delay or
// priority of an event, the formula of a stoichiometry.
type part struct {
	of   any
	what string
}

// modifier is one entry of Reaction.Modifiers.
type modifier struct {
	of *Reaction
	k  int
}

func (r *reader) submodel(m *Model, el xml.StartElement) {
	s := &Submodel{ID: compAttr(el, "id"), Model: compAttr(el, "modelRef"), TimeFactor: compAttr(el, "timeConversionFactor"), ExtentFactor: compAttr(el, "extentConversionFactor"), Pos: r.pos}
	r.parts(m, s, el, func(el xml.StartElement) bool {
		if el.Name.Local != "listOfDeletions" {
			return false
		}
		r.list(func(el xml.StartElement) { s.Deletions = append(s.Deletions, r.ref(el)) })
		return true
	})
	m.ids[s.ID] = s
	m.Submodels = append(m.Submodels, s)
}

func (r *reader) port(m *Model, el xml.StartElement) {
	m.Ports = append(m.Ports, Port{ID: compAttr(el, "id"), Ref: r.ref(el)})
}

// ref reads an element of the kind SBaseRef.
func (r *reader) ref(el xml.StartElement) Ref {
	f := Ref{Port: compAttr(el, "portRef"), ID: compAttr(el, "idRef"), Unit: compAttr(el, "unitRef"), Meta: compAttr(el, "metaIdRef"), Pos: r.pos}
	r.list(func(el xml.StartElement) {
		if el.Name.Local == "sBaseRef" {
			in := r.ref(el)
			f.Inner = &in
			return
		}
		r.skip()
	})
	return f
}

func (r *reader) replacement(m *Model, element any, el xml.StartElement, by bool) {
	x := Replacement{element: element, Submodel: compAttr(el, "submodelRef"), Deletion: compAttr(el, "deletion") != "", Factor: compAttr(el, "conversionFactor"), By: by}
	x.Ref = r.ref(el)
	m.Replacements = append(m.Replacements, x)
}

// instance is a model that is being put together from copies of others.
type instance struct {
	*Model
	subs    map[string]*instance
	forward map[any]any // what took the place of an element
	all     []any       // own elements
}

// flattener dissolves submodels.
type flattener struct {
	diags *diag.List
	depth int
}

func (f *flattener) fail(at diag.Pos, next, format string, args ...any) {
	f.diags.Add(at, "E229", next, format, args...)
}

// maxModels bounds the nesting of submodels.
const maxModels = 100

// dir is where external models are looked for.
func (r *reader) dir() string { return filepath.Dir(r.file) }

// definition finds the model that a submodel is an instance of.
func (f *flattener) definition(r *reader, name string, at diag.Pos, depth int) *Model {
	if depth > maxModels {
		f.fail(at, "break the cycle", "the model %s is defined by itself", name)
		return nil
	}
	if m := r.definitions[name]; m != nil {
		return m
	}
	x, ok := r.external[name]
	if !ok {
		if r.main != nil && r.main.ID == name {
			return r.main
		}
		f.fail(at, "define it, or correct the name", "there is no model definition %s", name)
		return nil
	}
	if strings.Contains(x.source, "://") || filepath.IsAbs(x.source) {
		f.fail(x.pos, "keep the file beside this one, and name it by its path from here", "external models are read from files beside the document, not from %s", x.source)
		return nil
	}
	path := filepath.Join(r.dir(), filepath.FromSlash(strings.TrimPrefix(x.source, "./")))
	in, err := os.Open(path)
	if err != nil {
		f.fail(x.pos, "keep the file beside this one", "the external model cannot be read: %v", err)
		return nil
	}
	defer in.Close()
	other := newReader(in, path)
	other.composed = true
	m := other.document()
	*f.diags = append(*f.diags, other.diags...)
	if m == nil || other.diags.Errors() > 0 {
		return nil
	}
	if x.ref == "" || x.ref == m.ID {
		return m
	}
	return f.definition(other, x.ref, x.pos, depth+1)
}

// flatten copies a model with all its submodels.
func (f *flattener) flatten(def *Model) *instance {
	c := def.clone()
	// The conversion factor of a model is that of its own species.
	for _, x := range c.Species {
		if x.ConversionFactor == "" {
			x.ConversionFactor = c.ConversionFactor
		}
	}
	c.ConversionFactor = ""
	if len(c.Submodels) == 0 {
		return c
	}
	if f.depth++; f.depth > maxModels {
		f.fail(def.Pos, "break the cycle", "models are nested without end")
		return c
	}
	defer func() { f.depth-- }()
	dead := map[any]bool{}
	names := map[string]string{}  // of what was replaced, to what replaces it
	factor := map[string]string{} // conversion factors of these
	for _, s := range c.Submodels {
		d := f.definition(def.scope, s.Model, s.Pos, 0)
		if d == nil {
			return c
		}
		sub := f.flatten(d)
		for _, x := range s.Deletions {
			e, ok := f.resolve(sub, x)
			if !ok {
				return c
			}
			sub.kill(e, dead)
		}
		sub.remove(dead)
		prefix := s.ID + "__"
		sub.rename(func(n string) string {
			if n == "" {
				return n
			}
			return prefix + n
		})
		sub.convert(s.TimeFactor, s.ExtentFactor)
		c.subs[s.ID] = sub
	}
	for _, x := range c.Replacements {
		if x.Deletion {
			continue
		}
		sub := c.subs[x.Submodel]
		if sub == nil {
			f.fail(x.Ref.Pos, "declare it, or correct the name", "there is no submodel %s", x.Submodel)
			return c
		}
		e, ok := f.resolve(sub, x.Ref)
		if !ok {
			return c
		}
		if e == nil {
			continue // a unit
		}
		was, is := idOf(e), idOf(x.element)
		if x.By {
			dead[x.element] = true
			c.forward[x.element] = e
		} else {
			sub.kill(e, dead)
			c.forward[e] = x.element
		}
		if was != "" && is != "" {
			names[was] = is
			if x.Factor != "" {
				factor[was] = x.Factor
			}
		}
	}
	for _, s := range c.Submodels {
		c.merge(c.subs[s.ID])
	}
	c.remove(dead)
	c.rescale(factor)
	c.rename(func(n string) string {
		for k := 0; k < maxModels; k++ {
			to, ok := names[n]
			if !ok || to == n {
				break
			}
			n = to
		}
		return n
	})
	return c
}

// resolve finds the element that a reference names; nil for a unit.
func (f *flattener) resolve(c *instance, x Ref) (any, bool) {
	var e any
	name := x.Port + x.ID + x.Meta
	switch {
	case x.Port != "":
		for _, p := range c.Ports {
			if p.ID == x.Port {
				var ok bool
				if e, ok = f.resolve(c, p.Ref); !ok {
					return nil, false
				}
			}
		}
	case x.ID != "":
		e = c.ids[x.ID]
	case x.Meta != "":
		e = c.metas[x.Meta]
	default:
		return nil, true
	}
	for k := 0; k < maxModels && c.forward[e] != nil; k++ {
		e = c.forward[e]
	}
	if s, ok := e.(*Submodel); ok {
		sub := c.subs[s.ID]
		switch {
		case sub == nil:
			e = nil
		case x.Inner != nil:
			return f.resolve(sub, *x.Inner)
		default:
			e = sub
		}
	}
	if e == nil {
		if _, unit := c.units[name]; unit {
			return nil, true
		}
		f.fail(x.Pos, "correct the reference", "there is no element %s in the submodel", name)
		return nil, false
	}
	return e, true
}

// idOf is the present id of an element.
func idOf(e any) string {
	switch e := e.(type) {
	case *Function:
		return e.ID
	case *Compartment:
		return e.ID
	case *Species:
		return e.ID
	case *Parameter:
		return e.ID
	case *Reaction:
		return e.ID
	case *Reference:
		return e.ID
	case *Event:
		return e.ID
	}
	return ""
}

// kill notes that an element is to be removed; parts are removed at once.
func (c *instance) kill(e any, dead map[any]bool) {
	switch e := e.(type) {
	case nil:
	case part:
		switch of := e.of.(type) {
		case *Reaction:
			of.Law, of.Local = nil, nil
		case *Reference:
			of.Math = nil
		case *Event:
			switch e.what {
			case "trigger":
				of.Trigger = nil
			case "delay":
				of.Delay = nil
			case "priority":
				of.Priority = nil
			}
		}
	case modifier:
	case *instance:
		for _, x := range e.all {
			e.kill(x, dead)
		}
		for _, s := range e.subs {
			e.kill(s, dead)
		}
	default:
		dead[e] = true
	}
}

// keep filters a list.
func keep[T any](list []*T, dead map[any]bool) []*T {
	out := list[:0]
	for _, e := range list {
		if !dead[e] {
			out = append(out, e)
		}
	}
	return out
}

// remove takes the dead elements out.
func (c *instance) remove(dead map[any]bool) {
	c.Functions = keep(c.Functions, dead)
	c.Compartments = keep(c.Compartments, dead)
	c.Species = keep(c.Species, dead)
	c.Parameters = keep(c.Parameters, dead)
	c.Initial = keep(c.Initial, dead)
	c.Rules = keep(c.Rules, dead)
	c.Constraints = keep(c.Constraints, dead)
	c.Reactions = keep(c.Reactions, dead)
	c.Events = keep(c.Events, dead)
	for _, x := range c.Reactions {
		x.Reactants, x.Products, x.Local = keep(x.Reactants, dead), keep(x.Products, dead), keep(x.Local, dead)
	}
	for _, e := range c.Events {
		e.Assignments = keep(e.Assignments, dead)
	}
}

// merge appends the elements of a submodel.
func (c *instance) merge(s *instance) {
	if s == nil {
		return
	}
	c.Functions = append(c.Functions, s.Functions...)
	c.Compartments = append(c.Compartments, s.Compartments...)
	c.Species = append(c.Species, s.Species...)
	c.Parameters = append(c.Parameters, s.Parameters...)
	c.Initial = append(c.Initial, s.Initial...)
	c.Rules = append(c.Rules, s.Rules...)
	c.Constraints = append(c.Constraints, s.Constraints...)
	c.Reactions = append(c.Reactions, s.Reactions...)
	c.Events = append(c.Events, s.Events...)
}

// formulas calls f for every formula of the model; names that local hides are those of the
// parameters of a reaction.
func (c *instance) formulas(f func(m **Math, local []*Parameter)) {
	each := func(m **Math) {
		if *m != nil {
			f(m, nil)
		}
	}
	for _, e := range c.Functions {
		each(&e.Body)
	}
	for _, e := range c.Initial {
		each(&e.Math)
	}
	for _, e := range c.Rules {
		each(&e.Math)
	}
	for _, e := range c.Constraints {
		each(&e.Math)
	}
	for _, e := range c.Reactions {
		if e.Law != nil {
			f(&e.Law, e.Local)
		}
		for _, list := range [][]*Reference{e.Reactants, e.Products} {
			for _, s := range list {
				each(&s.Math)
			}
		}
	}
	for _, e := range c.Events {
		each(&e.Trigger)
		each(&e.Delay)
		each(&e.Priority)
		for _, a := range e.Assignments {
			each(&a.Math)
		}
	}
}

// rename gives all identifiers other names.
func (c *instance) rename(name func(string) string) {
	c.formulas(func(m **Math, local []*Parameter) {
		*m = (*m).rename(func(n string) string {
			for _, p := range local {
				if p.ID == n {
					return n
				}
			}
			return name(n)
		})
	})
	set := func(s *string) { *s = name(*s) }
	set(&c.ConversionFactor)
	for _, e := range c.Functions {
		set(&e.ID)
	}
	for _, e := range c.Compartments {
		set(&e.ID)
	}
	for _, e := range c.Species {
		set(&e.ID)
		set(&e.Compartment)
		set(&e.ConversionFactor)
	}
	for _, e := range c.Parameters {
		set(&e.ID)
	}
	for _, e := range c.Initial {
		set(&e.Variable)
	}
	for _, e := range c.Rules {
		set(&e.Variable)
	}
	for _, e := range c.Reactions {
		set(&e.ID)
		for _, list := range [][]*Reference{e.Reactants, e.Products} {
			for _, s := range list {
				set(&s.ID)
				set(&s.Species)
			}
		}
		for k := range e.Modifiers {
			set(&e.Modifiers[k])
		}
	}
	for _, e := range c.Events {
		set(&e.ID)
		for _, a := range e.Assignments {
			set(&a.Variable)
		}
	}
}

func apply(op string, a, b *Math) *Math { return &Math{Op: op, Args: []*Math{a, b}, Pos: a.Pos} }

func ci(name string, at diag.Pos) *Math { return &Math{Op: "ci", Name: name, Pos: at} }

// convert takes a submodel over into the time and extent of the model around it: a time of
// it is that around it divided by the factor of the time, an extent multiplied by that of
// the extent is one around it.
func (c *instance) convert(time, extent string) {
	if time == "" && extent == "" {
		return
	}
	mul := func(m *Math, factor string) *Math {
		if factor == "" || m == nil {
			return m
		}
		return apply("times", m, ci(factor, m.Pos))
	}
	div := func(m *Math, factor string) *Math {
		if factor == "" || m == nil {
			return m
		}
		return apply("divide", m, ci(factor, m.Pos))
	}
	reactions := map[string]bool{}
	for _, x := range c.Reactions {
		reactions[x.ID] = true
	}
	c.formulas(func(m **Math, local []*Parameter) {
		hidden := map[string]bool{}
		for _, p := range local {
			hidden[p.ID] = true
		}
		*m = (*m).transform(func(e *Math) *Math {
			switch {
			case e.Op == "time":
				return div(e, time)
			case e.Op == "delay":
				d := *e
				d.Args = []*Math{e.Args[0], mul(e.Args[1], time)}
				return &d
			case e.Op == "rateOf":
				return mul(e, time)
			case e.Op == "ci" && reactions[e.Name] && !hidden[e.Name]:
				return div(mul(e, time), extent)
			}
			return nil
		}, nil)
	})
	for _, u := range c.Rules {
		if u.Kind == RateRule {
			u.Math = div(u.Math, time)
		}
	}
	for _, x := range c.Reactions {
		x.Law = div(mul(x.Law, extent), time)
	}
	for _, e := range c.Events {
		e.Delay = mul(e.Delay, time)
	}
}

// rescale divides what names a replaced element by its conversion factor, and multiplies what
// sets it.
func (c *instance) rescale(factor map[string]string) {
	if len(factor) == 0 {
		return
	}
	c.formulas(func(m **Math, local []*Parameter) {
		hidden := map[string]bool{}
		for _, p := range local {
			hidden[p.ID] = true
		}
		*m = (*m).transform(func(e *Math) *Math {
			if e.Op == "ci" && factor[e.Name] != "" && !hidden[e.Name] {
				return apply("divide", e, ci(factor[e.Name], e.Pos))
			}
			return nil
		}, nil)
	})
	set := func(variable string, m **Math) {
		if k := factor[variable]; k != "" && *m != nil {
			*m = apply("times", *m, ci(k, (*m).Pos))
		}
	}
	for _, e := range c.Initial {
		set(e.Variable, &e.Math)
	}
	for _, e := range c.Rules {
		set(e.Variable, &e.Math)
	}
	for _, e := range c.Events {
		for _, a := range e.Assignments {
			set(a.Variable, &a.Math)
		}
	}
}

// clone copies a model. Formulas are shared: they are not changed.
func (m *Model) clone() *instance {
	to := map[any]any{}
	c := &instance{Model: new(Model), subs: map[string]*instance{}, forward: map[any]any{}}
	*c.Model = *m
	c.Functions = copies(m.Functions, to)
	c.Compartments = copies(m.Compartments, to)
	c.Species = copies(m.Species, to)
	c.Parameters = copies(m.Parameters, to)
	c.Initial = copies(m.Initial, to)
	c.Rules = copies(m.Rules, to)
	c.Constraints = copies(m.Constraints, to)
	c.Reactions = copies(m.Reactions, to)
	c.Events = copies(m.Events, to)
	c.Submodels = copies(m.Submodels, to)
	for _, x := range c.Reactions {
		x.Reactants, x.Products, x.Local = copies(x.Reactants, to), copies(x.Products, to), copies(x.Local, to)
		x.Modifiers = append([]string(nil), x.Modifiers...)
	}
	for _, e := range c.Events {
		e.Assignments = copies(e.Assignments, to)
	}
	moved := func(e any) any {
		switch e := e.(type) {
		case part:
			return part{to[e.of], e.what}
		case modifier:
			return modifier{to[e.of].(*Reaction), e.k}
		}
		return to[e]
	}
	c.ids, c.metas = map[string]any{}, map[string]any{}
	for n, e := range m.ids {
		c.ids[n] = moved(e)
	}
	for n, e := range m.metas {
		c.metas[n] = moved(e)
	}
	c.Replacements = append([]Replacement(nil), m.Replacements...)
	for i := range c.Replacements {
		c.Replacements[i].element = moved(c.Replacements[i].element)
	}
	for _, e := range to {
		c.all = append(c.all, e)
	}
	return c
}

// copies copies the elements of a list and notes where they went.
func copies[T any](list []*T, to map[any]any) []*T {
	out := make([]*T, len(list))
	for i, e := range list {
		x := *e
		out[i] = &x
		to[e] = &x
	}
	return out
}
