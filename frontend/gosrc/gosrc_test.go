package gosrc

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

var update = flag.Bool("update", false, "rewrite the results in testdata")

// TestCases loads the models of testdata/*.txtar. An archive holds Go files, which
// become a directory outside of any module, and results: a file "flat Model N=3" is
// the flat system of that model with these structural arguments, or the findings.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) {
			t.Parallel()
			ar, err := txtar.ParseFile(f)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			for _, file := range ar.Files {
				if !strings.HasPrefix(file.Name, "flat") && strings.HasSuffix(file.Name, ".go") || file.Name == "go.mod" {
					to := filepath.Join(dir, file.Name)
					if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(to, file.Data, 0o666); err != nil {
						t.Fatal(err)
					}
				}
			}
			for i := range ar.Files {
				file := &ar.Files[i]
				words := strings.Fields(file.Name)
				if words[0] != "flat" {
					continue
				}
				opt := Options{Dir: dir, CacheDir: testCache, Sources: os.DirFS("../.."), Args: map[string]string{}}
				path := "."
				for _, w := range words[1:] {
					if k, v, ok := strings.Cut(w, "="); ok {
						opt.Args[k] = v
					} else if strings.HasSuffix(w, ".go") || strings.Contains(w, "/") {
						path = w
					} else {
						opt.Model = w
					}
				}
				sys, found := Load(context.Background(), path, opt)
				got := flatText(sys, found)
				if *update {
					file.Data = []byte(got)
				} else if want := string(file.Data); got != want {
					t.Errorf("%s:\n--- got\n%s--- want\n%s", file.Name, got, want)
				}
			}
			if *update {
				if err := os.WriteFile(f, txtar.Format(ar), 0o666); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// flatText prints findings and system, each line with its position.
func flatText(s *model.System, found diag.List) string {
	var b strings.Builder
	for i := range found {
		fmt.Fprintln(&b, found[i].String())
	}
	if s == nil {
		return b.String()
	}
	p := s.Pool
	text := func(e expr.ID) string { return p.String(e) }
	kinds := []string{"var", "discrete", "param", "const", "input"}
	fmt.Fprintf(&b, "model %s\n", s.Name)
	for _, v := range s.Vars {
		fmt.Fprintf(&b, "%s %s", kinds[v.Kind], v.Name)
		if v.Value != expr.None {
			fmt.Fprintf(&b, " = %s", text(v.Value))
		}
		if v.Start != expr.None {
			fmt.Fprintf(&b, " start %s", text(v.Start))
		}
		if v.Fixed != 0 {
			fmt.Fprintf(&b, " fixed %v", v.Fixed == model.FixedTrue)
		}
		for _, a := range []struct {
			name string
			id   expr.ID
		}{{"min", v.Min}, {"max", v.Max}, {"nominal", v.Nominal}} {
			if a.id != expr.None {
				fmt.Fprintf(&b, " %s %s", a.name, text(a.id))
			}
		}
		if v.Unit != "" {
			fmt.Fprintf(&b, " unit %s", v.Unit)
		}
		if v.State != 0 {
			fmt.Fprintf(&b, " state %d", v.State)
		}
		if v.Output {
			b.WriteString(" output")
		}
		if v.Desc != "" {
			fmt.Fprintf(&b, " %q", v.Desc)
		}
		fmt.Fprintf(&b, "  // %s\n", where(v.Pos, v.Path))
	}
	eqs := func(head string, l []model.Equation) {
		for _, e := range l {
			c := ""
			if e.Connection {
				c = " connect"
			}
			fmt.Fprintf(&b, "%s%s = %s  // %s%s\n", head, text(e.Lhs), text(e.Rhs), where(e.Pos, e.Path), c)
		}
	}
	eqs("", s.Equations)
	eqs("initial ", s.Initial)
	for _, w := range s.Whens {
		for i, br := range w.Branches {
			head := "when"
			if i > 0 {
				head = "elsewhen"
			}
			fmt.Fprintf(&b, "%s %s  // %s\n", head, text(br.Conds[0]), where(br.Pos, w.Path))
			for _, a := range br.Actions {
				switch a.Kind {
				case model.SetAction:
					fmt.Fprintf(&b, "  %s := %s", text(a.Target), text(a.Value))
				case model.ReinitAction:
					fmt.Fprintf(&b, "  reinit(%s, %s)", text(a.Target), text(a.Value))
				case model.TerminateAction:
					fmt.Fprintf(&b, "  terminate(%q)", a.Message)
				case model.AssertAction:
					fmt.Fprintf(&b, "  assert(%s, %q)", text(a.Cond), a.Message)
				}
				fmt.Fprintf(&b, "  // %s\n", where(a.Pos, ""))
			}
		}
	}
	for _, a := range s.Asserts {
		fmt.Fprintf(&b, "assert(%s, %q)  // %s\n", text(a.Cond), a.Message, where(a.Pos, a.Path))
	}
	if s.Experiment.Given {
		fmt.Fprintf(&b, "experiment %v %v\n", s.Experiment.Start, s.Experiment.Stop)
	}
	for _, m := range s.Imbalances() {
		fmt.Fprintf(&b, "imbalance %q %d\n", m.Path, m.Missing)
	}
	for i := range s.Reactions {
		r := &s.Reactions[i]
		side := func(list []model.Participant) string {
			parts := []string{}
			for _, x := range list {
				parts = append(parts, text(x.Number)+" "+text(x.Species))
			}
			return strings.Join(parts, " + ")
		}
		fmt.Fprintf(&b, "reaction %s: %s -> %s", text(r.Rate), side(r.Reactants), side(r.Products))
		if r.Propensity != expr.None {
			fmt.Fprintf(&b, " propensity %s", text(r.Propensity))
		}
		fmt.Fprintf(&b, "  // %s\n", where(r.Pos, ""))
	}
	return b.String()
}

func where(p diag.Pos, path string) string {
	if path != "" {
		path = " " + path
	}
	return fmt.Sprintf("%s:%d:%d%s", filepath.Base(p.File), p.Line, p.Col, path)
}
