package examples_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/runtime/trace"
)

var long = flag.Bool("long", false, "compile every example 50 times in TestDeterminism")

// outcome is everything that a compilation writes: the dump of every pass, the Go source
// among them, and the table of a run.
func outcome(dir, model, n string) (map[string]string, error) {
	args := map[string]string{}
	if n != "" {
		args["N"] = n
	}
	opt := mtkc.Options{Model: model, Args: args, Go: mtkc.GoOptions{Package: "x", Dedicated: true}}
	c := mtkc.New(dir, opt)
	prob, found := c.Problem(context.Background())
	for _, p := range mtkc.Passes() {
		found = append(found, c.Run(context.Background(), p.Name)...)
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	out := map[string]string{"findings": fmt.Sprint(found)}
	for _, p := range mtkc.Passes() {
		var b bytes.Buffer
		if err := c.Dump(p.Name, &b); err != nil {
			return nil, err
		}
		out[p.Name] = b.String()
	}
	span := prob.Span
	if prob.N() > 300 { // the large ones: some steps are enough
		span[1] = span[0] + (span[1]-span[0])/1000
	}
	sol, err := ode.Solve(context.Background(), prob, ode.Options{Span: span, RelTol: 1e-4, Steps: 20})
	if err != nil {
		return nil, err
	}
	table, err := trace.New(sol, trace.Default(prob))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := table.WriteCSV(&b); err != nil {
		return nil, err
	}
	out["csv"] = b.String()
	return out, nil
}

func compare(t *testing.T, want, got map[string]string) {
	t.Helper()
	for name, w := range want {
		if g := got[name]; g != w {
			i := 0
			for i < len(g) && i < len(w) && g[i] == w[i] {
				i++
			}
			t.Errorf("%s differs at byte %d (%x, %x): %q, before %q", name, i, sha256.Sum256([]byte(g)), sha256.Sum256([]byte(w)),
				g[max(0, i-40):min(len(g), i+40)], w[max(0, i-40):min(len(w), i+40)])
		}
	}
}

// Every compilation of an example writes the same bytes, however the goroutines are
// scheduled: the iteration of maps differs from one to the next anyway. Three times,
// fifty with -long.
func TestDeterminism(t *testing.T) {
	times := 3
	if *long {
		times = 50
	}
	for _, m := range models {
		if m.roll != 0 {
			continue
		}
		t.Run(m.dir+m.name+m.n, func(t *testing.T) {
			want, err := outcome(m.dir, m.name, m.n)
			if err != nil {
				t.Fatal(err)
			}
			procs := runtime.GOMAXPROCS(0)
			defer runtime.GOMAXPROCS(procs)
			for k := 1; k < times; k += 2 {
				runtime.GOMAXPROCS(1 + k/2%4)
				var wait sync.WaitGroup
				for range min(2, times-k) {
					wait.Go(func() {
						got, err := outcome(m.dir, m.name, m.n)
						if err != nil {
							t.Error(err)
							return
						}
						compare(t, want, got)
					})
				}
				wait.Wait()
			}
		})
	}
}

// The flat system and the results do not depend on how the declarations of a package are
// ordered and in which files they stand; only positions do.
func TestOrderOfDeclarations(t *testing.T) {
	for _, m := range []struct{ dir, name string }{{"fourbar", "FourBar"}, {"planararm", "PlanarArm"}, {"dcmotor", "DCMotor"}, {"chua", "Chua"}} {
		t.Run(m.dir, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(m.dir, m.dir+".go"))
			if err != nil {
				t.Fatal(err)
			}
			var want map[string]string
			for seed := range uint64(3) {
				dir := t.TempDir()
				scatter(t, dir, text, seed)
				got, err := outcome(dir, m.name, "")
				if err != nil {
					t.Fatal(err)
				}
				// The place of the files, places in them, and what aligns the comments with them.
				place := regexp.MustCompile(`[^\s("]*` + regexp.QuoteMeta(filepath.Base(filepath.Dir(dir))+"/"+filepath.Base(dir)) + `(/\w+\.go)?(:\d+)*|\b[a-z]\d\.go(:\d+)*| +`)
				for name, text := range got {
					got[name] = place.ReplaceAllString(text, " ")
				}
				delete(got, "load") // positions without their file
				if want == nil {
					want = got
				} else {
					compare(t, want, got)
				}
			}
		})
	}
}

// scatter writes the declarations of a file into three files of a package, shuffled.
func scatter(t *testing.T, dir string, text []byte, seed uint64) {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "", text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	imports := ""
	var decls []string
	for _, d := range f.Decls {
		from := d.Pos()
		doc := (*ast.CommentGroup)(nil)
		switch d := d.(type) {
		case *ast.GenDecl:
			doc = d.Doc
			if d.Tok == token.IMPORT {
				imports = string(text[fset.Position(d.Pos()).Offset:fset.Position(d.End()).Offset])
				continue
			}
		case *ast.FuncDecl:
			doc = d.Doc
		}
		if doc != nil {
			from = doc.Pos()
		}
		decls = append(decls, string(text[fset.Position(from).Offset:fset.Position(d.End()).Offset]))
	}
	r := rand.New(rand.NewPCG(seed, 1))
	r.Shuffle(len(decls), func(i, j int) { decls[i], decls[j] = decls[j], decls[i] })
	files := make([]string, 3)
	for _, d := range decls {
		files[r.IntN(3)] += "\n" + d + "\n"
	}
	for i, body := range files {
		used := ""
		for line := range strings.Lines(imports) {
			path := strings.TrimSpace(line)
			if k := strings.IndexByte(path, '"'); k >= 0 {
				path = path[k:]
				name := strings.Trim(path[strings.LastIndexByte(path, '/')+1:], `"`)
				if name == "model" || strings.Contains(body, name+".") {
					used += "import " + map[bool]string{true: ". "}[name == "model"] + path + "\n"
				}
			}
		}
		if body == "" {
			used = ""
		} else {
			body += "\nvar _ Real\n"
		}
		out, err := format.Source([]byte("package " + f.Name.Name + "\n\n" + used + body))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%c%d.go", 'a'+r.IntN(26), i)), out, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
