package check

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/mtkc/mtkc"

// layer is a line of the table of architecture.md: the packages at and below a path,
// which may import the packages of their own layer and of the layers that it names,
// the standard library, and the modules that it names.
type layer struct {
	path    string   // below the module, "." is the module root alone
	imports []string // layers
	modules []string
}

// lattice is the order in which data moves; a package may import only what stands
// above it, and of that only what its line says.
var lattice = []layer{
	{path: "diag"},
	{path: "runtime/cpu"},
	{path: "runtime/elementary", imports: []string{"runtime/cpu"}}, // of expr too: numbers that are folded are those that would be computed
	{path: "runtime", imports: []string{"runtime/cpu", "runtime/elementary"}, modules: []string{"gonum.org/v1/gonum"}},
	{path: "sparsity", imports: []string{"runtime"}},
	{path: "expr", imports: []string{"runtime/elementary"}},
	{path: "rewrite", imports: []string{"expr"}},
	{path: "reaction/notation"},
	{path: "model", imports: []string{"diag", "expr", "rewrite", "reaction/notation"}},
	{path: "reaction", imports: []string{"diag", "expr", "rewrite", "reaction/notation", "model"}},
	{path: "library", imports: []string{"model"}},
	{path: "frontend", imports: []string{"diag", "expr", "rewrite", "model", "reaction", "reaction/notation"}, modules: []string{"golang.org/x/tools"}},
	{path: "structural/graph"},
	{path: "structural", imports: []string{"diag", "sparsity", "expr", "rewrite", "model", "structural/graph"}},
	{path: "jacobian", imports: []string{"sparsity", "expr", "rewrite", "structural"}},
	{path: "linearize", imports: []string{"diag", "sparsity", "expr", "rewrite", "model", "structural", "jacobian", "runtime"}},
	{path: "backend", imports: []string{"diag", "sparsity", "expr", "rewrite", "model", "structural", "jacobian", "runtime", "runtime/cpu", "runtime/elementary"}},
	{path: "backend/llvm/libllvm", imports: []string{"runtime"}, modules: []string{"github.com/ebitengine/purego"}},
	{path: "backend/llvm/cache", imports: []string{"backend/llvm/libllvm"}},
	{path: "backend/llvm", imports: []string{"expr", "backend", "backend/llvm/libllvm", "backend/llvm/cache", "runtime"}},
	{path: "backend/cuda", imports: []string{"backend", "backend/llvm", "runtime"}, modules: []string{"github.com/ebitengine/purego"}},
	{path: "plot", imports: []string{"runtime"}, modules: []string{"gonum.org/v1/plot"}},
	{path: ".", imports: []string{"diag", "sparsity", "expr", "rewrite", "model", "reaction", "frontend", "structural", "jacobian", "linearize", "backend", "backend/llvm", "backend/llvm/libllvm", "backend/cuda", "runtime", "plot"}},
	{path: "internal/modeltext", imports: []string{"diag", "expr", "model"}},
	{path: "internal/doctor", imports: []string{"runtime", "backend/llvm/libllvm", "backend/llvm/cache", "backend/cuda"}},
	{path: "cmd/mtkc", imports: []string{"diag", "expr", "runtime", "plot", ".", "internal/doctor"},
		modules: []string{"github.com/spf13/cobra", "github.com/spf13/pflag", "github.com/schollz/progressbar/v3", "golang.org/x/term"}},
	{path: "examples", imports: []string{"model", "library", "runtime", "runtime/elementary"}},
	{path: "internal/check", imports: []string{"diag", "sparsity", "expr", "rewrite", "model", "frontend", "structural", "jacobian", "backend", "runtime", "."},
		modules: []string{"golang.org/x/tools", "github.com/google/go-cmp", "pgregory.net/rapid"}},
}

// TestLattice reads the imports of every package and compares them with the table.
// Test files may import anything that is in the module: they check across layers.
func TestLattice(t *testing.T) {
	const root = "../.."
	found := map[string]int{} // packages of a layer
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if file != root && (name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		if f.Name.Name == "main" && strings.HasSuffix(rel, "/gen") {
			return nil // generators run at development time
		}
		l := layerOf(filepath.ToSlash(rel))
		if l == nil {
			t.Errorf("%s belongs to no layer: add it to the table and to architecture.md", rel)
			return nil
		}
		found[l.path]++
		for _, imp := range f.Imports {
			path, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				return err
			}
			if !l.allows(path) {
				t.Errorf("%s imports %s, which layer %s may not", strings.TrimPrefix(file, root+"/"), path, l.path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range lattice {
		if found[lattice[i].path] == 0 {
			t.Errorf("layer %s has no package", lattice[i].path)
		}
	}
}

// The table itself follows its order: a layer names only layers above it.
func TestLatticeIsOrdered(t *testing.T) {
	above := map[string]bool{}
	for i := range lattice {
		for _, imp := range lattice[i].imports {
			if !above[imp] {
				t.Errorf("%s imports %s, which does not stand above it", lattice[i].path, imp)
			}
		}
		above[lattice[i].path] = true
	}
}

// layerOf finds the most specific layer of a package path below the module.
func layerOf(rel string) *layer {
	var best *layer
	for i := range lattice {
		l := &lattice[i]
		in := rel == l.path || l.path != "." && strings.HasPrefix(rel, l.path+"/")
		if in && (best == nil || len(l.path) > len(best.path)) {
			best = l
		}
	}
	return best
}

func (l *layer) allows(path string) bool {
	if rest, ok := strings.CutPrefix(path, module); ok {
		rel := strings.TrimPrefix(rest, "/")
		if rel == "" {
			rel = "."
		}
		of := layerOf(rel)
		if of == nil {
			return false
		}
		if of == l {
			return true
		}
		for _, name := range l.imports {
			if name == of.path {
				return true
			}
		}
		return false
	}
	if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
		return true // the standard library
	}
	for _, m := range l.modules {
		if path == m || strings.HasPrefix(path, m+"/") {
			return true
		}
	}
	return false
}
