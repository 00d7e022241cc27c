package check

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the wanted diagnostics in testdata/errors")

// diagnostic is the first line of one: position, code, message.
var diagnostic = regexp.MustCompile(`(?m)^(?:(\S.*?): )?([EW][0-9]{3}): (.*)$`)

// TestErrors runs the cases of testdata/errors. A case is an archive of files whose
// comment holds a transcript: commands, each with the positions and codes of the
// diagnostics that it must print, in order.
//
//	$ mtkc run circuit.bmo --tspan 0,1
//	circuit.bmo:4:3 E157
//
// Settings of the environment may stand before the word mtkc. A command with an error
// must exit with status 1, one without with 0; every error must name a next step, or
// say more in notes.
func TestErrors(t *testing.T) {
	files, err := filepath.Glob("../../testdata/errors/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases in testdata/errors")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			for _, f := range a.Files {
				path := filepath.Join(dir, f.Name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, f.Data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got := transcript(t, dir, string(a.Comment))
			if got == string(a.Comment) {
				return
			}
			if *update {
				a.Comment = []byte(got)
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			t.Errorf("%s\ngives\n%s\nwanted\n%s", file, got, a.Comment)
		})
	}
}

// transcript runs the commands of a comment and returns it with what they print.
func transcript(t *testing.T, dir, comment string) string {
	var out strings.Builder
	in := false // within the output of a command
	for _, line := range strings.SplitAfter(comment, "\n") {
		command, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case isCommand:
			in = true
			out.WriteString(line)
			out.WriteString(diagnose(t, dir, strings.Fields(command)))
		case strings.TrimSpace(line) == "":
			in = false
			out.WriteString(line)
		case !in:
			out.WriteString(line)
		}
	}
	return out.String()
}

// diagnose runs a command and returns position and code of its diagnostics.
func diagnose(t *testing.T, dir string, words []string) string {
	var env []string
	for len(words) > 0 && words[0] != "mtkc" {
		env = append(env, words[0])
		words = words[1:]
	}
	if len(words) == 0 {
		t.Fatal("a command without mtkc")
	}
	o := mtkc(t, dir, env, words[1:]...)
	name := strings.Join(words, " ")
	var got strings.Builder
	failed := false
	lines := strings.Split(o.stderr, "\n")
	for i, line := range lines {
		m := diagnostic.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		if m[1] != "" {
			got.WriteString(m[1] + " ")
		}
		got.WriteString(m[2] + "\n")
		if m[2][0] == 'E' {
			failed = true
			// E101 and E186 are Go's own words, which say it all.
			if m[2] != "E101" && m[2] != "E186" && (i+1 == len(lines) || !strings.HasPrefix(lines[i+1], "    ")) {
				t.Errorf("%s: no next step:\n%s", name, line)
			}
		}
	}
	want := 0
	if failed {
		want = 1
	}
	if o.status != want {
		t.Errorf("%s: exit status %d, want %d\n%s", name, o.status, want, o.stderr)
	}
	if strings.Contains(o.stderr, "mtkc: bug:") {
		t.Errorf("%s: %s", name, o.stderr)
	}
	return got.String()
}
