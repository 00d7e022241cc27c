package check

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// examples lists the packages below examples/.
func examples(t *testing.T) []string {
	t.Helper()
	list, err := filepath.Glob("../../examples/*/*.go")
	if err != nil || len(list) == 0 {
		t.Fatal("no examples")
	}
	var names []string
	for _, f := range list {
		if n := filepath.Base(filepath.Dir(f)); !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}

// fields checks that an object has exactly the given keys.
func fields(t *testing.T, where string, m map[string]any, want string) {
	t.Helper()
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	if got := strings.Join(keys, " "); got != want {
		t.Errorf("%s has the fields %s, want %s", where, got, want)
	}
}

// Every example runs without a flag; --json prints the object of architecture.md and
// nothing else.
func TestExamplesJSON(t *testing.T) {
	for _, name := range examples(t) {
		t.Run(name, func(t *testing.T) {
			o := ok(t, "run", "examples/"+name, "--json")
			var m map[string]any
			d := json.NewDecoder(strings.NewReader(o.stdout))
			if err := d.Decode(&m); err != nil {
				t.Fatal(err)
			}
			if d.More() {
				t.Errorf("more than one object on stdout")
			}
			delete(m, "seed") // of a model with random numbers
			if why, _ := m["why"].(string); why == "" {
				t.Errorf("the automatic choice of %v is not explained", m["solver"])
			}
			delete(m, "why")
			fields(t, "the object", m, "message model retcode seconds size solver stats t u")
			fields(t, "stats", m["stats"].(map[string]any), "events factor jac newton rejected rhs solve steps")
			fields(t, "size", m["size"].(map[string]any), "algebraic equations nnz states")
			fields(t, "seconds", m["seconds"].(map[string]any), "codegen flatten init load solve structural total")
			if c := m["retcode"]; c != "Success" && c != "Terminated" {
				t.Errorf("retcode %v", c)
			}
			if len(m["u"].(map[string]any)) == 0 {
				t.Errorf("no final values")
			}
			for name, v := range m["u"].(map[string]any) {
				if _, ok := v.(float64); !ok {
					t.Errorf("%s = %v at the end", name, v)
				}
			}
		})
	}
}

func readTable(t *testing.T, text string) (header []string, rows [][]float64) {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all[1:] {
		var row []float64
		for _, s := range r {
			v, err := strconv.ParseFloat(s, 64)
			if err != nil {
				t.Fatal(err)
			}
			if short := strconv.FormatFloat(v, 'g', -1, 64); short != s {
				t.Errorf("%s is not the shortest form of %v", s, v)
			}
			row = append(row, v)
		}
		rows = append(rows, row)
	}
	return all[0], rows
}

func TestCSV(t *testing.T) {
	o := ok(t, "run", "examples/rc", "--steps", "10", "--vars", "resistor.p.v,capacitor.*,resistor.R")
	header, rows := readTable(t, o.stdout)
	if header[0] != "t" || header[1] != "resistor.p.v" || header[len(header)-1] != "resistor.R" || !slices.Contains(header, "capacitor.v") {
		t.Errorf("header %v", header)
	}
	if len(rows) != 11 {
		t.Errorf("%d rows, want 11", len(rows))
	}
	for _, r := range rows {
		if r[1] != 5 || r[len(r)-1] != 100 { // the source's voltage, the parameter
			t.Errorf("row %v", r)
		}
	}
	// Times in a list, a step, and set parameters: u' = -u/(RC) towards 5 V, RC = 0.1 s
	// doubled by R.
	o = ok(t, "run", "examples/rc", "--tspan", "0,1", "--saveat", "0,0.5,1", "--vars", "capacitor.v", "--set", "resistor.R=2*100", "--rtol", "1e-9")
	if _, rows = readTable(t, o.stdout); len(rows) != 3 {
		t.Fatalf("%d rows, want 3", len(rows))
	}
	for _, r := range rows {
		if want := 5 * (1 - math.Exp(-r[0]/0.2)); math.Abs(r[1]-want) > 1e-7 {
			t.Errorf("at t = %v the capacitor has %v V, want %v", r[0], r[1], want)
		}
	}
	o = ok(t, "run", "examples/rc", "--tspan", "0,1", "--saveat", "0.3", "--vars", "capacitor.v")
	if _, rows = readTable(t, o.stdout); len(rows) != 4 { // 0, 0.3, 0.6, 0.9
		t.Errorf("%d rows, want 4", len(rows))
	}
}

// Two runs write the same bytes: table, plot, flat text, every dump.
func TestSameBytes(t *testing.T) {
	commands := [][]string{
		{"run", "examples/heater", "-o", "-"},
		{"run", "examples/planararm", "-o", "-"},
		{"compile", "examples/dcmotor", "--backend", "basemodelica"},
		{"inspect", "examples/dcmotor", "--svg", "-"},
	}
	for _, pass := range []string{"load", "flat", "structural", "lower", "vm"} {
		commands = append(commands, []string{"inspect", "examples/chua", "--dump", pass})
	}
	for _, args := range commands {
		if a, b := ok(t, args...), ok(t, args...); a.stdout != b.stdout || a.stdout == "" {
			t.Errorf("mtkc %s: two runs differ, or print nothing", strings.Join(args, " "))
		}
	}
	dir := t.TempDir()
	var files [2][]byte
	for i := range files {
		path := filepath.Join(dir, strconv.Itoa(i)+".svg")
		ok(t, "run", "examples/bouncingball", "--plot", path)
		var err error
		if files[i], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Errorf("two plots differ")
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("files left behind: %v", left)
	}
}

// Writing a model as Base Modelica and running that is running the model.
func TestFlatTextIsTheModel(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"pendulum", "chua", "bouncingball", "dcmotor"} {
		flat := filepath.Join(dir, name+".bmo")
		ok(t, "compile", "examples/"+name, "--backend", "basemodelica", "-o", flat)
		a := ok(t, "run", "examples/"+name, "--steps", "50")
		b := ok(t, "run", flat, "--steps", "50")
		if a.stdout != b.stdout {
			t.Errorf("%s: the flat text gives another solution", name)
		}
	}
}

const twoTanks = `//! base 0.1.0
package 'M'
  model 'M'
    parameter Real 'k' = 2;
    Real 'a'(start = 1, fixed = true);
    Real 'b'(start = 0, fixed = true);
    Real 'q';
    discrete Real 'n'(start = 0, fixed = true);
  equation
    der('a') = -'q';
    der('b') = 'q';
    'q' = 'k'*sin('a' - 'b') + 0.1*sin(3*time);
    when 'b' > 0.3 then
      'n' = pre('n') + 1;
    end when;
    annotation(experiment(StopTime = 4));
  end 'M';
end 'M';
`

// The program that is generated for --backend go writes the same table as the vm. (The
// elementary functions are those of package math in both, so that the bytes are equal.)
func TestBackendGo(t *testing.T) {
	for _, args := range [][]string{
		{"run", "examples/pendulum", "--rtol", "1e-8"},
		{"run", "examples/heater", "--set", "TSet=19", "--vars", "T,on,Band"},
		{"run", "examples/robertson", "--model", "RobertsonDAE", "--steps", "10"},
	} {
		a, b := ok(t, args...), ok(t, append(args, "--backend", "go")...)
		if a.stdout != b.stdout || a.stdout == "" {
			t.Errorf("%s: vm and go differ", strings.Join(args, " "))
		}
	}
	dir := t.TempDir()
	ok(t, "compile", "examples/lorenz", "--backend", "go", "-o", dir)
	b, err := os.ReadFile(filepath.Join(dir, "lorenz_mtk.go"))
	if err != nil || !bytes.Contains(b, []byte("func NewProblem(")) {
		t.Errorf("no lorenz_mtk.go with NewProblem: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "doc.go"), []byte("package tools\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	ok(t, "compile", "examples/lorenz", "--backend", "go", "-o", filepath.Join(dir, "l.go"))
	if b, err = os.ReadFile(filepath.Join(dir, "l.go")); err != nil || !bytes.Contains(b, []byte("\npackage tools\n")) || !bytes.Contains(b, []byte("func NewLorenzProblem(")) {
		t.Errorf("l.go does not fit into package tools: %v", err)
	}
}

// Renaming variables changes nothing but the names.
func TestRenaming(t *testing.T) {
	dir := t.TempDir()
	renamed := strings.NewReplacer("'a'", "'zz'", "'b'", "'aa'", "'q'", "'Q.r[1]'", "'n'", "'0'", "'k'", "'der(x)'").Replace(twoTanks)
	for name, text := range map[string]string{"plain.bmo": twoTanks, "renamed.bmo": renamed} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	body := func(file, vars string) string {
		o := mtkc(t, dir, nil, "run", file, "--vars", vars)
		if o.status != 0 {
			t.Fatal(o.stderr)
		}
		_, rows, _ := strings.Cut(o.stdout, "\n")
		return rows
	}
	if a, b := body("plain.bmo", "a,b,q,n"), body("renamed.bmo", "zz,aa,Q.r[1],0"); a != b || a == "" {
		t.Errorf("the renamed model has another solution")
	}
}

func TestPlotFiles(t *testing.T) {
	dir := t.TempDir()
	o := ok(t, "run", "examples/lorenz", "--plot", filepath.Join(dir, "l.svg"))
	if o.stdout != "" || !strings.Contains(o.stderr, "Success") || !strings.Contains(o.stderr, "l.svg") {
		t.Errorf("stdout %q, stderr %q", o.stdout, o.stderr)
	}
	b, err := os.ReadFile(filepath.Join(dir, "l.svg"))
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(b, new(struct{})); err != nil {
		t.Errorf("the SVG is not well-formed: %v", err)
	}
	ok(t, "run", "examples/lorenz", "--plot", filepath.Join(dir, "l.png"), "-o", filepath.Join(dir, "l.csv"))
	for name, magic := range map[string]string{"l.png": "\x89PNG", "l.csv": "t,x,y,z\n"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.HasPrefix(string(b), magic) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A run that stops early writes what it has and fails; --json says how.
func TestEarlyStop(t *testing.T) {
	dir := t.TempDir()
	text := strings.Replace(twoTanks, "der('b') = 'q';", "der('b') = 'q' + exp(10*'b');", 1)
	if err := os.WriteFile(filepath.Join(dir, "m.bmo"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	o := mtkc(t, dir, nil, "run", "m.bmo", "-o", "m.csv")
	if o.status != 1 {
		t.Errorf("exit status %d", o.status)
	}
	b, err := os.ReadFile(filepath.Join(dir, "m.csv"))
	if err != nil || bytes.Count(b, []byte("\n")) < 5 {
		t.Errorf("the table of the part that was computed: %v, %d bytes", err, len(b))
	}
	o = mtkc(t, dir, nil, "run", "m.bmo", "--json")
	var m struct{ Retcode, Message string }
	if err := json.Unmarshal([]byte(o.stdout), &m); err != nil || m.Retcode == "Success" || m.Message == "" || o.status != 1 {
		t.Errorf("exit status %d, %s", o.status, o.stdout)
	}
	o = mtkc(t, dir, nil, "run", "absent.bmo", "--json")
	if err := json.Unmarshal([]byte(o.stdout), &m); err != nil || m.Retcode != "CompileError" || o.status != 1 {
		t.Errorf("exit status %d, %s", o.status, o.stdout)
	}
}

// --json prints its object whatever goes wrong, and nothing else.
func TestJSONOnFailure(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "m.bmo"), []byte(twoTanks), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, retcode, message string }{
		{"run m.bmo --json -o absent/m.csv", "Success", "E005"},
		{"run m.bmo --json --rtol small", "CompileError", "E002"},
		{"run m.bmo --json --rtol 7", "CompileError", "E002"},
		{"run m.bmo --json=true --sovler auto", "CompileError", "E001"},
		{"run m.bmo other.bmo --json", "CompileError", "E001"},
		{"run --json", "CompileError", "E001"},
		{"run m.bmo --json --dump flat", "CompileError", "E002"},
		{"run m.bmo --json --set z=1", "CompileError", "E004"},
		{"run m.bmo --json --max-steps 3", "MaxSteps", "3 steps"},
		{"run m.bmo --json --rtol 1e-20", "TooMuchAccuracy", "precision"},
	} {
		o := mtkc(t, dir, nil, strings.Fields(c.args)...)
		var m map[string]any
		d := json.NewDecoder(strings.NewReader(o.stdout))
		if err := d.Decode(&m); err != nil || d.More() {
			t.Errorf("%s: %v in %q", c.args, err, o.stdout)
			continue
		}
		delete(m, "why") // where the run began
		fields(t, c.args, m, "message model retcode seconds size solver stats t u")
		if u := m["u"].(map[string]any); c.retcode == "TooMuchAccuracy" && u["a"] != 1.0 {
			t.Errorf("%s: a starts at 1, not %v", c.args, u["a"])
		}
		if m["retcode"] != c.retcode || !strings.Contains(m["message"].(string), c.message) || o.status != 1 || o.stderr == "" {
			t.Errorf("%s: status %d, %s", c.args, o.status, o.stdout)
		}
	}
}

// An interrupt ends a run in order: the table is written, the status is not 0.
func TestInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no interrupt signal between processes")
	}
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out.csv")
	var stderr bytes.Buffer
	cmd := exec.Command(bin, "run", "examples/lorenz", "--tspan", "0,1e6", "--saveat", "10", "--max-steps", "1000000000", "--vars", "x", "-o", out)
	cmd.Dir, cmd.Stderr = "../..", &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1500 * time.Millisecond)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err = <-done:
	case <-time.After(20 * time.Second):
		_ = cmd.Process.Kill()
		t.Fatal("the run goes on after an interrupt")
	}
	if err == nil || cmd.ProcessState.ExitCode() != 1 || !strings.Contains(stderr.String(), "E509") {
		t.Errorf("%v\n%s", err, stderr.String())
	}
	if b, err := os.ReadFile(out); err != nil || bytes.Count(b, []byte("\n")) < 100 {
		t.Errorf("what was computed is not written: %v, %d bytes", err, len(b))
	}
}

// --solver help, doctor and completion need no model.
func TestWithoutModel(t *testing.T) {
	if o := ok(t, "run", "--solver", "help"); !strings.Contains(o.stdout, "Tsit5") || !strings.Contains(o.stdout, "auto") {
		t.Errorf("methods:\n%s", o.stdout)
	}
	if o := ok(t, "doctor"); !strings.Contains(o.stdout, "Go toolchain") || !strings.Contains(o.stdout, "vm") {
		t.Errorf("doctor:\n%s", o.stdout)
	}
	if o := ok(t, "completion", "bash"); !strings.Contains(o.stdout, "complete") {
		t.Errorf("no completion")
	}
	if o := ok(t, "__complete", "run", "examples/lorenz", "--solver", ""); !strings.Contains(o.stdout, "Rodas5P") {
		t.Errorf("completion of --solver:\n%s", o.stdout)
	}
}

func TestInspect(t *testing.T) {
	o := ok(t, "inspect", "examples/pendulum")
	for _, want := range []string{"index           3", "3 equations for 3 unknowns", "states", "blocks", "Jacobian"} {
		if !strings.Contains(o.stdout, want) {
			t.Errorf("no %q in\n%s", want, o.stdout)
		}
	}
	o = ok(t, "inspect", "examples/rc", "--svg", "-")
	if err := xml.Unmarshal([]byte(o.stdout), new(struct{})); err != nil || !strings.HasSuffix(strings.TrimSpace(o.stdout), "</svg>") {
		t.Errorf("--svg - prints more than the drawing: %v", err)
	}
	file := filepath.Join(t.TempDir(), "i.svg")
	ok(t, "inspect", "examples/rcladder", "--svg", file)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(b, new(struct{})); err != nil {
		t.Error(err)
	}
}
