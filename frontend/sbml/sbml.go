// Package sbml reads models of the Systems Biology Markup Language, Level 2 and Level 3 core.
package sbml

import (
	"encoding/xml"
	"errors"
	"io"
	"os"

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

// charset reads Latin-1 and ASCII; UTF-8 is read as it is.
func charset(label string, in io.Reader) (io.Reader, error) {
	return nil, errors.New("the encoding " + label + " is not supported: use UTF-8")
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
