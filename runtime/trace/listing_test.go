package trace

import (
	"slices"
	"testing"

	"github.com/mtkc/mtkc/runtime/ode"
)

// What a model lists is recorded, whatever its role; what it does not list only by name.
func TestListing(t *testing.T) {
	p := bounce()
	p.Observables = []ode.Observable{
		{Name: "x", Kind: ode.State, Index: 0, Sign: 1, Listing: ode.ListNever}, {Name: "v", Kind: ode.State, Index: 1, Sign: 1},
		{Name: "k", Kind: ode.Parameter, Index: 0, Sign: 1, Listing: ode.ListAlways}, {Name: "g", Kind: ode.Parameter, Index: 0, Sign: 1},
	}
	if got := Default(p); !slices.Equal(got, []string{"v", "k"}) {
		t.Errorf("recorded: %v", got)
	}
	if got, err := Select(p, []string{"x"}); err != nil || !slices.Equal(got, []string{"x"}) {
		t.Errorf("by name: %v, %v", got, err)
	}
	p.Observables = p.Observables[:1]
	if got := Default(p); len(got) != 0 {
		t.Errorf("recorded although nothing is listed: %v", got)
	}
}
