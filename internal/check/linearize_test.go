package check

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What mtkc linearize writes, in every form, for u = K (r - y), y' = u - y with K = 3:
// A = -1 - K, B = K, and the loop K/(s + 1).
func TestLinearizeCommand(t *testing.T) {
	dir := t.TempDir()
	model := `//! base 0.1.0
package 'M'
  model 'M'
    input Real 'r' = 2;
    output Real 'y'(start = 0.5, fixed = true);
    Real 'u', 'v';
    parameter Real 'K' = 3;
  equation
    der('y') = 'v' - 'y';
    'v' = 'u' annotation(__mtkc(analysisPoint="point"));
    'u' = 'K'*('r' - 'y');
  end 'M';
end 'M';
`
	if err := os.WriteFile(filepath.Join(dir, "m.bmo"), []byte(model), 0o644); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) outcome {
		t.Helper()
		o := mtkc(t, dir, nil, append([]string{"linearize", "m.bmo"}, args...)...)
		if o.status != 0 {
			t.Fatalf("mtkc linearize %v: exit status %d\n%s", args, o.status, o.stderr)
		}
		return o
	}
	report := run("--symbolic").stdout
	for _, want := range []string{"M linearized, t = 0", "der(y)  -4", "y / r = 3/(s + 4)", "A[1,1] = -K - 1", "B[1,1] = K", "changes by 4 in a unit of time"} {
		if !strings.Contains(report, want) {
			t.Errorf("the report lacks %q:\n%s", want, report)
		}
	}
	if s := run("--loop", "point").stdout; !strings.Contains(s, "3/(s + 1)") || !strings.Contains(s, "phase            109.471 degrees at 2.82843 rad/s") {
		t.Errorf("loop transfer function\n%s", s)
	}
	if o := mtkc(t, dir, nil, "inspect", "m.bmo"); !strings.Contains(o.stdout, "analysis points point\n") {
		t.Errorf("mtkc inspect does not list the analysis point:\n%s", o.stdout)
	}
	read := func(name string, args ...string) string {
		t.Helper()
		run(append(args, "-o", name)...)
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for name, want := range map[string]string{
		"m.csv": ",y,r\nder(y),-4,3\ny,1,0\n",
		"m.m":   "% M linearized, t = 0\nA = [-4];\nB = [3];\nC = [1];\nD = [0];\n% Octave: pkg load control\nsys = ss(A, B, C, D, 'StateName', {'y'}, 'InputName', {'r'}, 'OutputName', {'y'});\n",
		"m.py":  "# M linearized, t = 0\nimport control as ct\nimport numpy as np\n\nA = np.array([[-4]])\nB = np.array([[3]])\nC = np.array([[1]])\nD = np.array([[0]])\nsys = ct.ss(A, B, C, D, states=['y'], inputs=['r'], outputs=['y'])\n",
		"m.tex": "\\begin{align*}\nx &= \\begin{bmatrix}y\\end{bmatrix} \\\\\nA &= \\begin{bmatrix}\n-K - 1 \\\\\n\\end{bmatrix} \\\\\nB &= \\begin{bmatrix}\nK \\\\\n\\end{bmatrix} \\\\\nC &= \\begin{bmatrix}\n1 \\\\\n\\end{bmatrix} \\\\\nD &= \\begin{bmatrix}\n0 \\\\\n\\end{bmatrix} \\\\\n\\end{align*}\n",
	} {
		if got := read(name); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
	var o struct {
		Model  string
		Points []struct {
			T       float64
			States  []struct{ Name string }
			A, B    [][]float64
			Poles   [][2]float64
			Symbols struct{ A [][]string }
		}
	}
	text := run("--json", "--symbolic", "--at", "0,1.5").stdout
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if o.Model != "M" || len(o.Points) != 2 || o.Points[1].T != 1.5 || o.Points[1].A[0][0] != -4 || o.Points[0].Poles[0] != [2]float64{-4, 0} ||
		o.Points[0].Symbols.A[0][0] != "-K - 1" || o.Points[0].States[0].Name != "y" {
		t.Errorf("JSON: %s", text)
	}
	if read("m.json", "--symbolic", "--at", "0,1.5") != text {
		t.Error("-o m.json differs from --json")
	}
	run("--plot", "bode.svg")
	svg, err := os.ReadFile(filepath.Join(dir, "bode.svg"))
	if err != nil || !strings.Contains(string(svg), "angular frequency [rad/s]") || !strings.Contains(string(svg), "y / r [dB]") {
		t.Errorf("the Bode diagram: %v\n%s", err, svg)
	}
}
