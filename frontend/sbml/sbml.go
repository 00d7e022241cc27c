// Package sbml reads reaction networks in the Systems Biology Markup Language, Level 2 and
// Level 3 (core, hierarchical model composition, and distributions).
//
// In: a document, read token by token. Out: a Model, the network as the document states it with
// submodels dissolved; of that model.System, or a list of diagnostics. What is not supported is a
// diagnostic, never a changed meaning.
//
// Sources: the SBML specifications Level 2 Version 5, Level 3 Version 2 core (Release 2), and
// the packages comp, Version 1 (Release 3), and distrib, Version 1 (Release 1).
//
// # How a network is mapped
//
// Every identifier becomes a variable with the meaning that it has in formulas: of a species its
// concentration, or, with hasOnlySubstanceUnits and in compartments without dimension, its
// amount; of a reaction its rate in extent per time; of a species reference its stoichiometry.
// The other of amount and concentration is SPECIES.amount or SPECIES.concentration. Reactions
// change amounts, which are the states, so that compartments may change their size. A local
// parameter is REACTION.PARAMETER. What nothing changes is a parameter, everything else an
// unknown; what events set is a state.
//
// An algebraic rule determines a variable that nothing else does; species at the boundary, and
// what events set, come last. Start values follow initial assignments and rules; where these need
// algebraic rules they become initial equations. Time starts at 0.
//
// An event becomes a model.ScheduledEvent. An event that sets the concentration of a species
// sets its amount, by the size of the compartment before the event; one that sets the size
// leaves amounts as they are. Events of equal priority are executed in an order of chance, by
// the seed of the run; those without priority come last. delay becomes a model.DelayedValue.
//
// A csymbol of the package distrib becomes a model.Draw for each place in which it stands, with
// functions expanded: a parameter that is drawn before the start in an initial assignment, and in the
// values, delay and priority of an event whenever these are evaluated. In rules, kinetic laws, triggers and constraints, which
// hold at all times, it has no meaning. Uncertainties of that package are annotations.
//
// A reaction with a law is a model.ChemicalReaction, too, and the equations of species are its balances. The unit of extent, or of amounts,
// says how many molecules these stand for in random forms; where none is stated they are numbers of molecules, in Level 2 as well,
// whose default are moles.
//
// A species or compartment without a value has none (NaN): the run tells where that is needed. A
// stoichiometry without a value is 1 if it has an id.
//
// # Diagnostics
//
//	E220  the file cannot be opened or read, is no XML or holds no model
//	E221  an attribute is missing or has a value that it cannot take
//	E222  a formula that is no MathML of SBML
//	E223  a Level or a required package that is not supported
//	E224  a name that nothing declares
//	E225  two elements with one id
//	E226  what depends on itself, or a function without mathematics
//	E227  not supported: fast reactions, delay within a function, rateOf of an expression, random numbers at all times
//	E228  rules that contradict each other or determine nothing
//	E229  a submodel or reference to it that leads nowhere
//	W220  a package, or a part of one, that is left out
package sbml

import (
	"bufio"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/model"
)

// Load reads a file. See Read.
func Load(path string) (*model.System, diag.List) {
	f, err := os.Open(path)
	if err != nil {
		why := err
		if pe := new(os.PathError); errors.As(err, &pe) {
			why = pe.Err
		}
		return nil, diag.New(diag.Pos{File: path}, "E220", "check the path and that the file can be read", "cannot open the model: %v", why)
	}
	defer f.Close()
	m, found := Decode(f, path)
	if m == nil || found.Errors() > 0 {
		return nil, found
	}
	sys, more := System(m)
	return sys, sorted(append(found, more...))
}

// Read reads a document into a system. file is its name in positions.
func Read(in io.Reader, file string) (*model.System, diag.List) {
	m, found := Decode(in, file)
	if m == nil || found.Errors() > 0 {
		return nil, found
	}
	sys, more := System(m)
	return sys, sorted(append(found, more...))
}

// Decode reads a document into a model, with submodels dissolved.
func Decode(in io.Reader, file string) (*Model, diag.List) {
	r := newReader(in, file)
	m := r.document()
	if m != nil && r.diags.Errors() == 0 && len(m.Submodels) > 0 {
		f := &flattener{diags: &r.diags}
		m = f.flatten(m).Model
	}
	return m, sorted(r.diags)
}

func newReader(in io.Reader, file string) *reader {
	r := &reader{d: xml.NewDecoder(in), file: file, definitions: map[string]*Model{}, external: map[string]externalModel{}}
	r.d.CharsetReader = charset
	return r
}

// document reads a whole document.
func (r *reader) document() *Model {
	var m *Model
	root := false
	for r.err == nil && !root {
		if el, ok := r.token().(xml.StartElement); ok {
			root = true
			if el.Name.Local != "sbml" {
				r.fail(r.pos, "E220", "give a model in SBML", "the root element is %s, not sbml", el.Name.Local)
				return nil
			}
			m = r.sbml(el)
		}
	}
	line, col := r.d.InputPos()
	at := diag.Pos{File: r.file, Line: line, Col: col}
	switch {
	case r.err != nil:
		r.fail(at, "E220", "correct the file, or export it again", "the XML cannot be read: %v", r.err)
	case m == nil && r.diags.Errors() == 0:
		r.fail(at, "E220", "give a model in SBML", "the document holds no model")
	}
	return m
}

func sorted(l diag.List) diag.List {
	l.Sort()
	return l
}

// charset reads Latin-1 and ASCII; UTF-8 needs no conversion.
func charset(label string, in io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "iso-8859-1", "latin1", "us-ascii", "ascii":
		return &latin1{in: bufio.NewReader(in)}, nil
	}
	return nil, errors.New("the encoding " + label + " is not supported: use UTF-8")
}

// latin1 turns Latin-1 into UTF-8.
type latin1 struct {
	in   *bufio.Reader
	rest []byte // of a character that did not fit
}

func (l *latin1) Read(p []byte) (n int, err error) {
	n = copy(p, l.rest)
	l.rest = l.rest[n:]
	for n < len(p) {
		c, err := l.in.ReadByte()
		if err != nil {
			if n > 0 {
				return n, nil
			}
			return 0, err
		}
		if c < 0x80 {
			p[n] = c
			n++
			continue
		}
		two := utf8.AppendRune(nil, rune(c))
		k := copy(p[n:], two)
		n += k
		l.rest = two[k:]
	}
	return n, nil
}

// Amount is the variable of a species that is its amount, whatever its name means in formulas;
// has says which variables there are.
func Amount(species string, has func(name string) bool) string {
	if n := species + ".amount"; has(n) {
		return n
	}
	return species
}

// Concentration is the variable of a species that is its concentration.
func Concentration(species string, has func(name string) bool) string {
	if n := species + ".concentration"; has(n) {
		return n
	}
	return species
}
