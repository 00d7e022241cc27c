package basemodelica

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestErrors runs testdata/basemodelica/errors: a line with the comment "//? E157 text"
// must get that diagnostic with that text in it, and no other line any.
func TestErrors(t *testing.T) {
	files, _ := filepath.Glob("../../testdata/basemodelica/errors/*.bmo")
	if len(files) == 0 {
		t.Fatal("no cases")
	}
	covered := map[string]bool{}
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		_, diags := Read(bytes.NewReader(src), "m.bmo")
		used := make([]bool, len(diags))
		for i, line := range strings.Split(string(src), "\n") {
			_, want, ok := strings.Cut(line, "//? ")
			if !ok {
				continue
			}
			code, text, _ := strings.Cut(want, " ")
			found := false
			for k := range diags {
				if d := &diags[k]; !used[k] && d.Pos.Line == i+1 && d.Code == code && strings.Contains(d.Message, text) {
					used[k], found = true, true
					covered[code] = true
					if d.Pos.Col == 0 || d.Pos.File == "" || d.Next == "" {
						t.Errorf("%s: incomplete: %s", f, d)
					}
					break
				}
			}
			if !found {
				t.Errorf("%s:%d: no %s %q", f, i+1, code, text)
			}
		}
		for k := range used {
			if !used[k] {
				t.Errorf("%s: not wanted: %s", f, diags[k].String())
			}
		}
	}
	// Every code of the sources is in the table of the package documentation and has a case.
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile(`"([EW]1[5-7][0-9])"`)
	srcs, _ := filepath.Glob("*.go")
	for _, f := range srcs {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range code.FindAllStringSubmatch(string(b), -1) {
			if !bytes.Contains(doc, []byte("\t"+m[1]+" ")) {
				t.Errorf("%s: %s is not documented", f, m[1])
			}
			if !covered[m[1]] && m[1] != "E150" { // E150 needs no text: see TestLoadMissing
				t.Errorf("%s: %s has no case", f, m[1])
			}
		}
	}
}

func TestLoadMissing(t *testing.T) {
	sys, diags := Load(filepath.Join(t.TempDir(), "none.bmo"))
	if sys != nil || len(diags) != 1 || diags[0].Code != "E150" || diags[0].Next == "" {
		t.Errorf("got %v %v", sys, diags)
	}
}

// TestDeep: inputs that nest without end are diagnosed, not followed.
func TestDeep(t *testing.T) {
	for _, c := range [][2]string{
		{"true or ", "true"}, {"time > 1 and ", "true"}, {"not ", "true"}, {"(", "1"}, {"{", "1"}, {"sin(", "1"},
		{"if true then ", "1"}, {"-(", "1"}, {"time[", "1"},
	} {
		src := "//! base 0.1.0\npackage M\n  model M\n    Boolean x;\n  equation\n    x = " + strings.Repeat(c[0], 200000) + c[1] + ";\n  end M;\nend M;\n"
		if _, diags := Read(strings.NewReader(src), "m"); len(diags) == 0 {
			t.Errorf("%q is accepted 200000 times", c[0])
		} else if diags[0].Code != "E153" {
			t.Errorf("%q: %v", c[0], diags[0].String())
		}
	}
	long := "//! base 0.1.0\npackage M\n  model M\n    Real x;\n  equation\n    x = 0"
	for _, part := range []string{" + time", " + time*2", " - 1"} {
		src := long + strings.Repeat(part, 200000) + ";\n  end M;\nend M;\n"
		if _, diags := Read(strings.NewReader(src), "m"); len(diags) > 0 {
			t.Errorf("a long sum: %v", diags)
		}
	}
}

// A file that is no text gets one diagnostic, not one for every foreign character.
func TestNoText(t *testing.T) {
	_, diags := Read(strings.NewReader("model M\n\x7fELF\x02\x01\x00\x00{}!\xff;;"), "m.bmo")
	if len(diags) != 1 || diags[0].Code != "E151" || diags[0].Pos.Line != 2 || diags[0].Pos.Col != 7 || diags[0].Next == "" {
		t.Errorf("%v", diags)
	}
}
