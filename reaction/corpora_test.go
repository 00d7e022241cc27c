package reaction

import (
	"path/filepath"
	"testing"

	"github.com/mtkc/mtkc/frontend/bngl"
	"github.com/mtkc/mtkc/frontend/sbml"
)

// TestCorpora checks the laws of all models in SBML and of BioNetGen that are there: exactly in the null space, and all of it.
func TestCorpora(t *testing.T) {
	const data = "../../shared/data/"
	networks, laws, moieties := 0, 0, 0
	for _, pattern := range []string{"biomodels/*.xml", "sbml-semantic/*/*-sbml-l3v2.xml", "reaction-networks/*.net"} {
		files, _ := filepath.Glob(data + pattern)
		if len(files) == 0 {
			t.Skip("needs ../shared/data: ", pattern)
		}
		for _, f := range files {
			load := sbml.Load
			if filepath.Ext(f) == ".net" {
				load = bngl.Load
			}
			sys, found := load(f)
			if sys == nil || found.Errors() > 0 {
				continue // what the front ends do not read is up to their tests
			}
			n := Of(sys)
			if n == nil {
				continue
			}
			networks++
			a := n.Analyze()
			conserved(t, n, a.Laws, -1)
			for i := range a.Laws {
				laws++
				if a.Laws[i].Moiety() {
					moieties++
				}
			}
			if !a.Symbolic && a.Deficiency < 0 && allStated(n) {
				t.Errorf("%s: deficiency %d", f, a.Deficiency)
			}
			if t.Failed() {
				t.Fatal("in ", f)
			}
		}
	}
	t.Logf("%d networks, %d laws, %d of them moieties", networks, laws, moieties)
	if networks < 500 {
		t.Errorf("only %d networks", networks)
	}
}

// allStated reports whether all changes are those of the sides: then the deficiency cannot be negative.
func allStated(n *Network) bool {
	plain := *n
	plain.changes = nil
	for r := range n.Reactions {
		a, b := n.changesOf(r), plain.changesOf(r)
		if len(a) != len(b) {
			return false
		}
		for _, x := range a {
			same := false
			for _, y := range b {
				same = same || x == y
			}
			if !same {
				return false
			}
		}
	}
	return true
}
