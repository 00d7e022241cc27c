// Package enzyme is the mechanism of Michaelis and Menten: an enzyme binds its substrate and turns it into the product.
//
// L. Michaelis, M. L. Menten, Biochem. Z. 49 (1913) 333. The numbers are those of D. J. Wilkinson, Stochastic Modelling for Systems Biology, section 7.3.
package enzyme

import . "github.com/mtkc/mtkc/model"

type Enzyme struct {
	S  Real `init:"301"` // substrate
	E  Real `init:"120"` // enzyme
	SE Real `init:"0"`   // the complex of both
	P  Real `init:"0"`   // product

	Kon  Param `value:"0.00166"`
	Koff Param `value:"1e-4"`
	Kcat Param `value:"0.1"`
}

func (m *Enzyme) Equations() {
	Reaction(m.Kon, "binding: S + E <-> SE", Reverse(m.Koff))
	Reaction(m.Kcat, "catalysis: SE -> P + E")
}

func (m *Enzyme) Experiment() (start, stop float64) { return 0, 50 }
