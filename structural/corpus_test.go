package structural

import (
	"path/filepath"
	"testing"

	"github.com/mtkc/mtkc/frontend/basemodelica"
)

// TestCorpus analyses the flat models that lie beside the repository and checks the
// plans at random points.
func TestCorpus(t *testing.T) {
	files, _ := filepath.Glob("../../shared/data/basemodelica/*.bmo")
	if len(files) == 0 {
		t.Skip("../shared/data/basemodelica is not here")
	}
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			sys, list := basemodelica.Load(f)
			if err := list.Err(); err != nil {
				t.Fatal(err)
			}
			pl, list := Analyze(sys, Options{})
			if err := list.Err(); err != nil {
				t.Fatal(err)
			}
			check(t, pl)
			for seed := range uint64(3) {
				residuals(t, pl, seed)
			}
			start(t, pl)
		})
	}
}
