package reaction_test

import (
	"fmt"

	"github.com/mtkc/mtkc/reaction"
)

// A network is built from text and analysed.
func ExampleNetwork() {
	n := reaction.New("enzyme")
	n.AddSpecies("S", 301)
	n.AddSpecies("E", 120)
	n.AddSpecies("SE", 0)
	n.AddSpecies("P", 0)
	n.AddParameter("kcat", 0.1)
	found := n.Parse(`
		bind: (0.00166, 1e-4), S + E <-> SE
		kcat, SE -> P + E
	`, "enzyme.txt")
	if found.Errors() > 0 {
		fmt.Println(found)
		return
	}
	a := n.Analyze()
	fmt.Println("deficiency", a.Deficiency, "rank", a.Rank)
	for _, law := range a.Laws {
		fmt.Println(law.Text(n))
	}
	s, _ := n.System()
	for i := range s.Equations {
		e := &s.Equations[i]
		fmt.Println(s.Pool.String(e.Lhs), "=", s.Pool.String(e.Rhs))
	}
	// Output:
	// deficiency 0 rank 2
	// S + SE + P
	// E + SE
	// bind = 0.00166*S*E
	// bind_reverse = 0.0001*SE
	// r1 = SE*kcat
	// der(S) = bind_reverse - bind
	// der(E) = bind_reverse - bind + r1
	// der(SE) = bind - bind_reverse - r1
	// der(P) = r1
}
