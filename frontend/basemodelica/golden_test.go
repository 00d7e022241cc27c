package basemodelica

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the wanted texts")

func glob(pattern string) []string {
	files, _ := filepath.Glob(pattern)
	return files
}

// TestGolden reads testdata/basemodelica/*.bmo and compares the flat system, as text,
// with the .flat file beside it.
func TestGolden(t *testing.T) {
	files := glob("../../testdata/basemodelica/*.bmo")
	if len(files) == 0 {
		t.Fatal("no cases")
	}
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			sys, diags := Load(f)
			if len(diags) > 0 {
				t.Fatal(diags)
			}
			roundTrip(t, sys)
			got := write(t, sys, Options{})
			want := strings.TrimSuffix(f, ".bmo") + ".flat"
			if *update {
				if err := os.WriteFile(want, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			b, err := os.ReadFile(want)
			if err != nil {
				t.Fatal(err)
			}
			if string(b) != got {
				t.Errorf("%s differs; got\n%s", want, got)
			}
		})
	}
}
