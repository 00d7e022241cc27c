package sbml

import (
	"encoding/xml"
	"errors"
	"strconv"
	"strings"

	"github.com/mtkc/mtkc/diag"
)

// reader reads a file token by token: nothing of it is kept but the model.
type reader struct {
	d     *xml.Decoder
	file  string
	pos   diag.Pos // of the last start of an element
	diags diag.List
	err   error // of the XML: ends everything

	level, version int
	definitions    map[string]*Model // of the package comp
	external       map[string]externalModel
	main           *Model // of the document
	composed       bool   // elements may be named by others: the document has the package comp, or is part of one that has
	depth          int
	uncertain      bool // it was said that uncertainties are left out
}

// mostFindings bounds the list of a file that is all wrong.
const mostFindings = 200

func (r *reader) fail(at diag.Pos, code, next, format string, args ...any) {
	if len(r.diags) < mostFindings {
		r.diags.Add(at, code, next, format, args...)
	}
}

// token is the next token but comments and the like: nil at the end of an element or of
// the file.
func (r *reader) token() xml.Token {
	for r.err == nil {
		line, col := r.d.InputPos()
		t, err := r.d.Token()
		if err != nil {
			r.err = err
			return nil
		}
		switch t := t.(type) {
		case xml.StartElement:
			if r.depth++; r.depth > maxDepth {
				r.err = errDeep
				return nil
			}
			r.pos = diag.Pos{File: r.file, Line: line, Col: col}
			return t
		case xml.EndElement:
			r.depth--
			return nil
		case xml.CharData:
			return t
		}
	}
	return nil
}

// maxDepth bounds the nesting of elements, and so the recursion of all that works on formulas.
const maxDepth = 10000

var errDeep = errors.New("elements are nested too deep")

// children calls f for every element within the present one, up to its end. f reads the
// element to its end.
func (r *reader) children(f func(el xml.StartElement)) {
	for {
		switch t := r.token().(type) {
		case xml.StartElement:
			f(t)
		case xml.CharData:
		default:
			return
		}
	}
}

// skip leaves the present element out.
func (r *reader) skip() { r.children(func(xml.StartElement) { r.skip() }) }

// text is the text of the present element.
func (r *reader) text() string {
	var b strings.Builder
	for {
		switch t := r.token().(type) {
		case xml.StartElement:
			b.WriteString(r.text())
		case xml.CharData:
			b.Write(t)
		default:
			return b.String()
		}
	}
}

// attr is the value of an attribute of the core, "" if it is not there.
func attr(el xml.StartElement, name string) string {
	for i := range el.Attr {
		if a := &el.Attr[i]; a.Name.Local == name && a.Name.Space == "" {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

// compAttr is the value of an attribute of the package comp.
func compAttr(el xml.StartElement, name string) string {
	for i := range el.Attr {
		if a := &el.Attr[i]; a.Name.Local == name && (a.Name.Space == "" || isComp(a.Name.Space)) {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

func isComp(space string) bool { return strings.Contains(space, "/comp/version") }

// flag is a Boolean attribute.
func (r *reader) flag(el xml.StartElement, name string, absent bool) bool {
	switch v := attr(el, name); v {
	case "":
		return absent
	case "true", "1":
		return true
	case "false", "0":
		return false
	default:
		r.fail(r.pos, "E221", "write true or false", "%s = %q is no Boolean", name, v)
		return absent
	}
}

// float is a numeric attribute.
func (r *reader) float(el xml.StartElement, name string, absent float64) float64 {
	v := attr(el, name)
	if v == "" {
		return absent
	}
	x, err := strconv.ParseFloat(v, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		r.fail(r.pos, "E221", "write a number", "%s = %q is no number", name, v)
		return absent
	}
	return x
}

// need is an attribute that must be there.
func (r *reader) need(el xml.StartElement, name string) string {
	v := attr(el, name)
	if v == "" {
		r.fail(r.pos, "E221", "give it", "%s has no %s", el.Name.Local, name)
	}
	return v
}

// list reads the elements of a list.
func (r *reader) list(f func(el xml.StartElement)) {
	r.children(func(el xml.StartElement) {
		switch el.Name.Local {
		case "notes", "annotation":
			r.skip()
		default:
			f(el)
		}
	})
}

// sbml reads the root element.
func (r *reader) sbml(el xml.StartElement) *Model {
	at := r.pos
	r.level, _ = strconv.Atoi(attr(el, "level"))
	r.version, _ = strconv.Atoi(attr(el, "version"))
	if r.level < 2 || r.level > 3 {
		r.fail(at, "E223", "convert it to Level 3 with a tool such as libSBML", "SBML Level %d is not supported", r.level)
		return nil
	}
	known := map[string]bool{}
	for _, a := range el.Attr {
		r.composed = r.composed || isComp(a.Value)
		if a.Name.Local != "required" || a.Name.Space == "" {
			continue
		}
		_, rest, ok := strings.Cut(a.Name.Space, "/level3/version")
		pack := rest
		if i := strings.IndexByte(rest, '/'); ok && i >= 0 {
			pack, _, _ = strings.Cut(rest[i+1:], "/")
		}
		if pack == "comp" || pack == "distrib" || known[pack] {
			continue
		}
		known[pack] = true
		switch {
		case a.Value != "true" && a.Value != "1", pack == "l3v2extendedmath":
			if pack != "layout" && pack != "render" && pack != "l3v2extendedmath" {
				r.fail(at, "W220", "", "the package %s does not change the simulation and is left out", pack)
			}
		default:
			r.fail(at, "E223", "export the model without it", "the package %s, which the model requires, is not supported", pack)
		}
	}
	var m *Model
	r.children(func(el xml.StartElement) {
		switch el.Name.Local {
		case "model":
			m = r.model(el)
			r.main = m
		case "listOfModelDefinitions":
			r.list(func(el xml.StartElement) {
				d := r.model(el)
				if d != nil {
					if id := compAttr(el, "id"); id != "" {
						d.ID = id
					}
					r.definitions[d.ID] = d
				}
			})
		case "listOfExternalModelDefinitions":
			r.list(func(el xml.StartElement) {
				r.external[compAttr(el, "id")] = externalModel{source: compAttr(el, "source"), ref: compAttr(el, "modelRef"), pos: r.pos}
				r.skip()
			})
		default:
			r.skip()
		}
	})
	return m
}

// model reads a model.
func (r *reader) model(el xml.StartElement) *Model {
	m := &Model{ID: attr(el, "id"), Name: attr(el, "name"), Level: r.level, Version: r.version, Pos: r.pos, ConversionFactor: attr(el, "conversionFactor")}
	m.Substance, m.Extent, m.Units = attr(el, "substanceUnits"), attr(el, "extentUnits"), map[string][]Unit{}
	m.ids, m.metas, m.units, m.scope = map[string]any{}, map[string]any{}, map[string]bool{}, r
	r.children(func(el xml.StartElement) {
		switch el.Name.Local {
		case "listOfFunctionDefinitions":
			r.list(func(el xml.StartElement) {
				f := &Function{ID: r.need(el, "id"), Pos: r.pos}
				r.parts(m, f, el, func(el xml.StartElement) bool { return r.math(el, &f.Body) })
				m.Functions = append(m.Functions, f)
			})
		case "listOfUnitDefinitions":
			r.list(func(el xml.StartElement) {
				id := attr(el, "id")
				m.units[id], m.units[attr(el, "metaid")] = true, true
				m.Units[id] = r.unit()
			})
		case "listOfCompartments":
			r.list(func(el xml.StartElement) { r.compartment(m, el) })
		case "listOfSpecies":
			r.list(func(el xml.StartElement) { r.species(m, el) })
		case "listOfParameters":
			r.list(func(el xml.StartElement) { m.Parameters = append(m.Parameters, r.parameter(m, el)) })
		case "listOfInitialAssignments":
			r.list(func(el xml.StartElement) {
				a := &Assignment{Variable: r.need(el, "symbol"), Pos: r.pos}
				r.parts(m, a, el, func(el xml.StartElement) bool { return r.math(el, &a.Math) })
				m.Initial = append(m.Initial, a)
			})
		case "listOfRules":
			r.list(func(el xml.StartElement) { r.rule(m, el) })
		case "listOfConstraints":
			r.list(func(el xml.StartElement) {
				c := &Constraint{Pos: r.pos}
				r.parts(m, c, el, func(el xml.StartElement) bool {
					if el.Name.Local == "message" {
						c.Message = strings.Join(strings.Fields(r.text()), " ")
						return true
					}
					return r.math(el, &c.Math)
				})
				m.Constraints = append(m.Constraints, c)
			})
		case "listOfReactions":
			r.list(func(el xml.StartElement) { r.reaction(m, el) })
		case "listOfEvents":
			r.list(func(el xml.StartElement) { r.event(m, el) })
		case "listOfSubmodels":
			r.list(func(el xml.StartElement) { r.submodel(m, el) })
		case "listOfPorts":
			r.list(func(el xml.StartElement) { r.port(m, el) })
		default:
			r.skip()
		}
	})
	return m
}

// unit reads the factors of a defined unit.
func (r *reader) unit() (factors []Unit) {
	r.children(func(el xml.StartElement) {
		if el.Name.Local != "listOfUnits" {
			r.skip()
			return
		}
		r.list(func(el xml.StartElement) {
			factors = append(factors, Unit{
				Kind: attr(el, "kind"), Exponent: r.float(el, "exponent", 1), Scale: r.float(el, "scale", 0), Multiplier: r.float(el, "multiplier", 1),
			})
			r.skip()
		})
	})
	return factors
}

// parts reads what is within an element: f reads what it knows. The element is noted under
// its id and metaid, and with the replacements of the package comp; the rest is left out.
func (r *reader) parts(m *Model, element any, el xml.StartElement, f func(el xml.StartElement) bool) {
	if r.composed {
		if meta := attr(el, "metaid"); meta != "" {
			m.metas[meta] = element
		}
		if id := attr(el, "id"); id != "" {
			if _, taken := m.ids[id]; !taken || el.Name.Local != "localParameter" && el.Name.Local != "parameter" {
				m.ids[id] = element
			}
		}
	}
	r.children(func(el xml.StartElement) {
		switch {
		case el.Name.Local == "listOfReplacedElements":
			r.list(func(el xml.StartElement) { r.replacement(m, element, el, false) })
		case el.Name.Local == "replacedBy":
			r.replacement(m, element, el, true)
		case f != nil && f(el):
		case el.Name.Local == "listOfUncertainties" && !r.uncertain:
			r.uncertain = true
			r.fail(r.pos, "W220", "", "the uncertainties of the package distrib do not change the simulation and are left out")
			r.skip()
		default:
			r.skip()
		}
	})
}

// math reads a math element into m.
func (r *reader) math(el xml.StartElement, m **Math) bool {
	if el.Name.Local != "math" {
		return false
	}
	*m = r.mathBody()
	return true
}

func (r *reader) compartment(m *Model, el xml.StartElement) {
	c := &Compartment{ID: r.need(el, "id"), Name: attr(el, "name"), Pos: r.pos}
	c.Dimensions = r.float(el, "spatialDimensions", 3)
	c.Size = r.float(el, "size", none)
	c.Constant = r.flag(el, "constant", true)
	r.parts(m, c, el, nil)
	m.Compartments = append(m.Compartments, c)
}

func (r *reader) species(m *Model, el xml.StartElement) {
	s := &Species{ID: r.need(el, "id"), Name: attr(el, "name"), Compartment: r.need(el, "compartment"), Pos: r.pos}
	s.Amount = r.float(el, "initialAmount", none)
	s.Concentration = r.float(el, "initialConcentration", none)
	s.OnlySubstance = r.flag(el, "hasOnlySubstanceUnits", false)
	s.Boundary = r.flag(el, "boundaryCondition", false)
	s.Constant = r.flag(el, "constant", false)
	s.ConversionFactor, s.Substance = attr(el, "conversionFactor"), attr(el, "substanceUnits")
	r.parts(m, s, el, nil)
	m.Species = append(m.Species, s)
}

func (r *reader) parameter(m *Model, el xml.StartElement) *Parameter {
	p := &Parameter{ID: r.need(el, "id"), Name: attr(el, "name"), Unit: attr(el, "units"), Pos: r.pos}
	p.Value = r.float(el, "value", none)
	p.Constant = r.flag(el, "constant", true)
	r.parts(m, p, el, nil)
	return p
}

func (r *reader) rule(m *Model, el xml.StartElement) {
	u := &Rule{Pos: r.pos, ID: attr(el, "id")}
	switch el.Name.Local {
	case "assignmentRule":
		u.Kind = AssignmentRule
	case "rateRule":
		u.Kind = RateRule
	case "algebraicRule":
		u.Kind = AlgebraicRule
	default:
		r.fail(r.pos, "E222", "rules are assignmentRule, rateRule and algebraicRule", "the rule %s is not known", el.Name.Local)
		r.skip()
		return
	}
	if u.Kind != AlgebraicRule {
		u.Variable = r.need(el, "variable")
	}
	r.parts(m, u, el, func(el xml.StartElement) bool { return r.math(el, &u.Math) })
	m.Rules = append(m.Rules, u)
}

func (r *reader) reaction(m *Model, el xml.StartElement) {
	x := &Reaction{ID: r.need(el, "id"), Name: attr(el, "name"), Pos: r.pos}
	x.Reversible = r.flag(el, "reversible", true)
	x.Fast = r.flag(el, "fast", false)
	r.parts(m, x, el, func(el xml.StartElement) bool {
		switch el.Name.Local {
		case "listOfReactants":
			r.list(func(el xml.StartElement) { x.Reactants = append(x.Reactants, r.reference(m, el)) })
		case "listOfProducts":
			r.list(func(el xml.StartElement) { x.Products = append(x.Products, r.reference(m, el)) })
		case "listOfModifiers":
			r.list(func(el xml.StartElement) {
				x.Modifiers = append(x.Modifiers, r.need(el, "species"))
				r.parts(m, modifier{x, len(x.Modifiers) - 1}, el, nil)
			})
		case "kineticLaw":
			r.parts(m, part{x, "law"}, el, func(el xml.StartElement) bool {
				switch el.Name.Local {
				case "listOfParameters", "listOfLocalParameters":
					r.list(func(el xml.StartElement) { x.Local = append(x.Local, r.parameter(m, el)) })
					return true
				}
				return r.math(el, &x.Law)
			})
		default:
			return false
		}
		return true
	})
	m.Reactions = append(m.Reactions, x)
}

func (r *reader) reference(m *Model, el xml.StartElement) *Reference {
	f := &Reference{ID: attr(el, "id"), Species: r.need(el, "species"), Pos: r.pos}
	absent := none
	if r.level == 2 {
		absent = 1
	}
	f.Number = r.float(el, "stoichiometry", absent)
	f.Constant = r.flag(el, "constant", r.level == 2)
	r.parts(m, f, el, func(el xml.StartElement) bool {
		if el.Name.Local != "stoichiometryMath" {
			return false
		}
		r.parts(m, part{f, "math"}, el, func(el xml.StartElement) bool { return r.math(el, &f.Math) })
		return true
	})
	return f
}

func (r *reader) event(m *Model, el xml.StartElement) {
	e := &Event{ID: attr(el, "id"), Name: attr(el, "name"), Pos: r.pos, InitialValue: true, Persistent: true}
	e.AtTrigger = r.flag(el, "useValuesFromTriggerTime", true)
	e.WithoutTrigger = true
	r.parts(m, e, el, func(el xml.StartElement) bool {
		switch el.Name.Local {
		case "trigger":
			e.WithoutTrigger = false
			e.InitialValue = r.flag(el, "initialValue", true)
			e.Persistent = r.flag(el, "persistent", true)
			r.parts(m, part{e, "trigger"}, el, func(el xml.StartElement) bool { return r.math(el, &e.Trigger) })
		case "delay":
			r.parts(m, part{e, "delay"}, el, func(el xml.StartElement) bool { return r.math(el, &e.Delay) })
		case "priority":
			r.parts(m, part{e, "priority"}, el, func(el xml.StartElement) bool { return r.math(el, &e.Priority) })
		case "listOfEventAssignments":
			r.list(func(el xml.StartElement) {
				a := &Assignment{Variable: r.need(el, "variable"), Pos: r.pos}
				r.parts(m, a, el, func(el xml.StartElement) bool { return r.math(el, &a.Math) })
				e.Assignments = append(e.Assignments, a)
			})
		default:
			return false
		}
		return true
	})
	m.Events = append(m.Events, e)
}
