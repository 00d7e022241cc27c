package sbml

import (
	"encoding/xml"

	"github.com/mtkc/mtkc/diag"
)

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
	ID, Port, IDRef, UnitRef, MetaID string
	Inner                            *Ref
	Pos                              diag.Pos
}

// Port is a name under which a model offers an element.
type Port struct {
	ID  string
	Ref Ref
}

// Replacement says that the element Of, by its id or metaid, takes the place of one of a
// submodel, or, if By, that that takes its place.
type Replacement struct {
	Of, Meta         string
	Submodel         string
	Deletion, Factor string
	By               bool
	Ref              Ref
}

func (r *reader) submodel(m *Model, el xml.StartElement) { r.skip() }
func (r *reader) port(m *Model, el xml.StartElement)     { r.skip() }
func (r *reader) replacements(m *Model, id, meta string, el xml.StartElement) {
	r.skip()
}
