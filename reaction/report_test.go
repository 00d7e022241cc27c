package reaction

import (
	"strings"
	"testing"
)

const cell = `bind: (1, 2), S + E <-> SE
kcat, SE -> P + E
V*P/(Km + P), P => 0
k, Feed -> S
k, X + Y -> Z
2*k, 3 Z -> 3/2 W
`

// TestWrite prints an analysis with everything that one can hold.
func TestWrite(t *testing.T) {
	n := New("cell")
	n.Species[n.AddSpecies("Feed", 5)].Boundary = true
	for _, x := range []string{"S", "E"} {
		n.AddSpecies(x, 10)
	}
	for _, x := range []string{"SE", "P", "X", "Y", "Z", "W", "Lost"} {
		n.AddSpecies(x, 0)
	}
	if found := n.Parse(cell, ""); found != nil {
		t.Fatal(found)
	}
	var b strings.Builder
	if err := n.Analyze().Write(&b, 5); err != nil {
		t.Fatal(err)
	}
	const want = `
reactions
    bind: S + E -> SE           rate 1
    bind_reverse: SE -> S + E   rate 2
    SE -> P + E                 rate kcat
    P -> 0                      rate P*V/(P + Km)
    Feed -> S                   rate k
    ... and 2 more (--all lists them)

network: 9 species, 7 reactions; stoichiometric matrix with 16 entries, rank 5
    6 reactions of 7 with mass action
    10 complexes, 4 linkage classes, deficiency 1; not weakly reversible

linkage classes
    deficiency 0, rank 2, not weakly reversible: S + E, SE, E + P
    deficiency 0, rank 2, not weakly reversible: P, 0, S
    deficiency 0, rank 1, not weakly reversible: X + Y, Z
    deficiency 0, rank 1, not weakly reversible: 3 Z, 3/2 W

conserved
    E + SE = 10
    X + Z + 2 W = 0
    Y + Z + 2 W = 0

at the boundary: Feed

in no reaction: Lost

never there, at these start values: X, Y, Z, W

reactions that never happen, at these start values
    X + Y -> Z
    3 Z -> 3/2 W
`
	if got := b.String(); got != want {
		t.Errorf("got%s\nwant%s", got, want)
	}
}
