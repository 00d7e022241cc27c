package check

import (
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// docs/commands.md lists the flags that each command has, and no others.
func TestCommandsDocument(t *testing.T) {
	sections := strings.Split(read(t, "../../docs/commands.md"), "\n## ")
	row := regexp.MustCompile("(?m)^\\| .*?`--([a-z-]+)")
	common := map[string]bool{}
	documented := map[string]map[string]bool{}
	for _, s := range sections[1:] {
		title, body, _ := strings.Cut(s, "\n")
		flags := map[string]bool{}
		for _, m := range row.FindAllStringSubmatch(body, -1) {
			flags[m[1]] = true
		}
		if command, ok := strings.CutPrefix(title, "mtkc "); ok {
			documented[strings.Fields(command)[0]] = flags
		} else if strings.HasPrefix(title, "Which model") {
			common = flags
		}
	}
	help := ok(t, "--help")
	commands := regexp.MustCompile(`(?m)^  ([a-z]+) +[A-Z]`).FindAllStringSubmatch(help.stdout, -1)
	if len(commands) < 4 {
		t.Fatalf("commands in the help: %v", commands)
	}
	flag := regexp.MustCompile(`(?m)^ +(?:-\w, |    )--([a-z-]+)`)
	for _, c := range commands {
		name := c[1]
		if name == "help" || name == "completion" {
			continue
		}
		doc, ok := documented[name]
		if !ok {
			t.Errorf("mtkc %s is not documented", name)
			continue
		}
		has := map[string]bool{}
		o := mtkc(t, ".", nil, name, "--help")
		for _, m := range flag.FindAllStringSubmatch(o.stdout, -1) {
			if m[1] != "help" {
				has[m[1]] = true
			}
		}
		for f := range has {
			if !doc[f] && !common[f] {
				t.Errorf("mtkc %s --%s is not documented", name, f)
			}
		}
		for f := range doc {
			if !has[f] {
				t.Errorf("mtkc %s has no flag --%s, which is documented", name, f)
			}
		}
		if len(has) > 0 {
			for f := range common {
				if !has[f] {
					t.Errorf("mtkc %s has no flag --%s, which every command is said to have", name, f)
				}
			}
		}
		delete(documented, name)
	}
	for name := range documented {
		t.Errorf("there is no command mtkc %s, which is documented", name)
	}
}

// caseless are codes that no case can bring about on every machine, with the reason.
var caseless = map[string]string{
	"E009": "the command checks --dump before; only the Go interface can ask for an unknown pass",
	"E012": "every option is checked before; a guard for what is forgotten",
	"E013": "--vars always selects something",
	"E014": "no front end makes what Base Modelica cannot say; models in memory are not written by the command",
	"E102": "depends on the module around the model; frontend/gosrc tests it",
	"E105": "needs a Go toolchain that fails",
	"E108": "an interrupt while a model is built: a matter of milliseconds",
	"E109": "the command carries the sources of the language, so that it never arises there",
	"E150": "the command reports E003 before; basemodelica tests it",
	"E180": "the command reports E002 before; model tests it",
	"E311": "a guard: no model is known that brings it about",
	"E190": "in memory: model tests it",
	"E191": "in memory: model tests it",
	"E192": "in memory: model tests it",
	"E194": "in memory: runtime/schedule tests it",
	"E193": "in memory: model tests it",
	"E240": "the command reports E002 before; model/form tests it",
	"E242": "in memory: model/form tests it",
	"E244": "in memory: model/form tests it",
	"E245": "in memory: TestJumpsOfWhatIsNoState",
	"E195": "in memory: model tests it",
	"E196": "in memory: reaction tests it",
	"W196": "in memory: TestConservedEvents",
	"E403": "every function of Base Modelica without a body is E166 before",
	"E506": "a Newton iteration that fails whatever the step: the solvers test it",
	"E507": "a matrix that is singular whatever the step: the solvers test it",
	"E509": "TestInterrupt",
	"E512": "the solvers test it",
	"E316": "structural: TestSmoothFunctions",
	"E513": "TestGuards",
	"W308": "structural: TestPencils",
}

// Every code in the source is documented and has a case, and the other way round.
func TestDiagnosticsDocument(t *testing.T) {
	literal := regexp.MustCompile(`"([EW][0-9]{3})"`)
	used := map[string][]string{} // code: packages
	err := filepath.WalkDir("../..", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && file != "../.." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "examples") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		for _, line := range strings.Split(read(t, file), "\n") {
			if i := strings.Index(line, "//"); i >= 0 && !strings.Contains(line[:i], `"`) {
				continue
			}
			for _, m := range literal.FindAllStringSubmatch(line, -1) {
				pkg, _ := filepath.Rel("../..", filepath.Dir(file))
				if !slices.Contains(used[m[1]], pkg) {
					used[m[1]] = append(used[m[1]], pkg)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	delete(used, "W101") // the example in package diag
	documented := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\| ([EW][0-9]{3}) \|`).FindAllStringSubmatch(read(t, "../../docs/diagnostics.md"), -1) {
		if documented[m[1]] {
			t.Errorf("%s is documented twice", m[1])
		}
		documented[m[1]] = true
	}
	tested := map[string]string{}
	code := regexp.MustCompile(`\b([EW][0-9]{3})\b`)
	for _, pattern := range []string{"testdata/errors/*.txtar", "testdata/basemodelica/errors/*.bmo", "frontend/gosrc/testdata/*.txtar"} {
		files, err := filepath.Glob("../../" + pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no cases in %s", pattern)
		}
		for _, f := range files {
			for _, m := range code.FindAllStringSubmatch(read(t, f), -1) {
				tested[m[1]] = f
			}
		}
	}
	var codes []string
	for c := range used {
		codes = append(codes, c)
	}
	slices.Sort(codes)
	for _, c := range codes {
		if !documented[c] {
			t.Errorf("%s (%s) is not in docs/diagnostics.md", c, used[c])
		}
		if tested[c] == "" && caseless[c] == "" {
			t.Errorf("%s (%s) has no case", c, used[c])
		}
	}
	for c := range documented {
		if used[c] == nil {
			t.Errorf("%s is documented, but nothing reports it", c)
		}
	}
	for c := range caseless {
		if used[c] == nil {
			t.Errorf("%s is excused from having a case, but nothing reports it", c)
		}
	}
	// One code, one meaning: two front ends do not share any.
	for _, c := range codes {
		var fronts []string
		for _, p := range used[c] {
			if p == "model" || strings.HasPrefix(p, "frontend/gosrc") {
				p = "models in Go"
			}
			if !slices.Contains(fronts, p) {
				fronts = append(fronts, p)
			}
		}
		if len(fronts) > 1 && c != "E004" && c != "E005" && c[:2] != "E0" && c != "E509" {
			t.Errorf("%s is reported by %s: give one of them another code", c, strings.Join(fronts, " and "))
		}
	}
}

// The first model of the README is one.
func TestReadmeModel(t *testing.T) {
	_, text, _ := strings.Cut(read(t, "../../README.md"), "```go\n")
	text, _, _ = strings.Cut(text, "```")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "cooling.go"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	o := mtkc(t, dir, nil, "run", ".", "--saveat", "0,3600", "--rtol", "1e-10")
	if o.status != 0 {
		t.Fatal(o.stderr)
	}
	_, rows := readTable(t, o.stdout)
	if want := 20 + 70*math.Exp(-6); math.Abs(rows[1][1]-want) > 1e-6 {
		t.Errorf("the tea has %v degrees after an hour, want %v", rows[1][1], want)
	}
}

// Links within the documentation lead somewhere.
func TestLinks(t *testing.T) {
	files, _ := filepath.Glob("../../docs/*.md")
	files = append(files, "../../README.md", "../../CONTRIBUTING.md", "../../examples/README.md")
	link := regexp.MustCompile(`\]\(([^)#]+)`)
	for _, f := range files {
		for _, m := range link.FindAllStringSubmatch(read(t, f), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(f), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", f, m[1])
			}
		}
	}
}
