package check

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Files of machine code: the same bytes again, in a directory and as a file; those that are out of date go, and no others.
func TestEmbedFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("decay.bmo", `//! base 0.1.0
package 'Decay'
  model 'Decay'
    parameter Real 'k' = 1;
    Real 'x'(start = 1, fixed = true);
  equation
    der('x') = -'k'*'x';
  end 'Decay';
end 'Decay';
`)
	compile := func(args ...string) map[string]string {
		t.Helper()
		o := mtkc(t, dir, nil, append([]string{"compile", "decay.bmo", "--backend", "go", "-o", "gen"}, args...)...)
		if strings.Contains(o.stderr, "E017") {
			t.Skip(o.stderr)
		}
		if o.status != 0 {
			t.Fatal(o.stderr)
		}
		files := map[string]string{}
		list, err := filepath.Glob(filepath.Join(dir, "gen", "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range list {
			files[filepath.Base(f)] = read(t, f)
		}
		return files
	}
	if err := os.Mkdir(filepath.Join(dir, "gen"), 0o755); err != nil {
		t.Fatal(err)
	}
	all := []string{"decay_mtk.go", "decay_mtk_amd64.go", "decay_mtk_amd64.s", "decay_mtk_arm64.go", "decay_mtk_arm64.s"}
	first := compile("--embed-native", "--ensemble", "tsit5")
	if got := slices.Sorted(maps.Keys(first)); !slices.Equal(got, all) {
		t.Fatalf("files %v", got)
	}
	for _, name := range all {
		if !strings.Contains(first[name], "// Made by: mtkc compile --backend=go --output=gen --embed-native=all --ensemble=tsit5 decay.bmo\n") {
			t.Errorf("%s does not say how it is made", name)
		}
	}
	if again := compile("--embed-native", "--ensemble", "tsit5"); !maps.Equal(again, first) {
		t.Error("the files differ when they are made again")
	}
	if got := slices.Sorted(maps.Keys(compile("--embed-native=AVX2", "--ensemble", "tsit5"))); !slices.Equal(got, all[:3]) {
		t.Errorf("files with avx2 alone: %v", got)
	}
	write("gen/decay_mtk_arm64.s", "// by hand\n")
	plain := compile()
	if got := slices.Sorted(maps.Keys(plain)); !slices.Equal(got, []string{"decay_mtk.go", "decay_mtk_arm64.s"}) {
		t.Errorf("files without code: %v", got)
	}
	if strings.Contains(plain["decay_mtk.go"], "embedded") || !strings.Contains(plain["decay_mtk.go"], "func NewProblem(") {
		t.Error("the source without code is not the plain one")
	}
}
