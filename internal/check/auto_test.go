package check

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// listed finds the models of a package in the message about one that it does not have.
var listed = regexp.MustCompile(`models of this package: ([A-Za-z0-9_, ]+)`)

// components are types of those packages that are parts of models, with the code of what is missing when they stand alone.
var components = map[string]string{
	"PI": "E137", "NonlinearResistor": "E204", "Varactor": "E204", "Saturating": "E204", "Phase": "E204", "Machine": "E204",
	"RLoad": "E204", "CLoad": "E302", "Cell": "E204", "Inverter": "E301", "Tank": "E204", "Node": "E204",
	"Floating": "E204", // is there for this message
}

// The automatic choice solves every model of this repository and of the shared data as it stands, with the default
// tolerances, and says what it took and why. By default those that need no Go build: Base Modelica. With -long
// the SBML models too, and all models in Go: examples and those of testdata. (TestExamplesJSON has the examples
// in their default form.)
func TestAutoSolvesAll(t *testing.T) {
	glob := func(pattern string) []string {
		found, err := filepath.Glob(filepath.Join("../..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	var files []string
	for _, p := range []string{"testdata/basemodelica/runs/*.bmo", "testdata/basemodelica/stiff/*.bmo", "../shared/data/basemodelica/*.bmo"} {
		files = append(files, glob(p)...)
	}
	if len(files) < 20 { // those of the shared data may be absent
		t.Fatalf("%d models in Base Modelica", len(files))
	}
	if *long {
		for _, p := range []string{"../shared/data/biomodels/*.xml", "examples/*/", "testdata/bench/*.go", "testdata/ivp/*.go", "testdata/models/*.go"} {
			for _, file := range glob(p) {
				if info, err := os.Stat(file); err == nil && (info.IsDir() || !strings.HasSuffix(p, "/")) {
					files = append(files, file)
				}
			}
		}
	}
	for _, file := range files {
		name := strings.TrimPrefix(filepath.ToSlash(file), "../../")
		t.Run(strings.Trim(strings.ReplaceAll(name, "/", "_"), "_."), func(t *testing.T) {
			models := []string{""} // the one of the file
			if info, err := os.Stat(file); err == nil && (info.IsDir() || strings.HasSuffix(file, ".go")) {
				o := mtkc(t, "../..", nil, "inspect", name, "--model", "nosuch")
				m := listed.FindStringSubmatch(o.stderr)
				if m == nil {
					t.Skip("no package of models")
				}
				models = strings.Split(strings.TrimSpace(m[1]), ", ")
			}
			for _, model := range models {
				args := []string{"run", name, "--json"}
				if model != "" {
					args = append(args, "--model", model)
				}
				o := mtkc(t, "../..", nil, args...)
				var r struct{ Solver, Why, Retcode, Message string }
				if err := json.Unmarshal([]byte(o.stdout), &r); err != nil {
					t.Errorf("%s: %v: %s", model, err, o.stderr)
					continue
				}
				switch {
				case components[model] != "" && strings.Contains(r.Message, components[model]):
				case r.Retcode != "Success" && r.Retcode != "Terminated" || o.status != 0:
					t.Errorf("%s: %s with %s: %s", model, r.Retcode, r.Solver, r.Message)
				case r.Solver == "" || r.Why == "":
					t.Errorf("%s: the solver %q is not explained: %q", model, r.Solver, r.Why)
				}
			}
		})
	}
}
