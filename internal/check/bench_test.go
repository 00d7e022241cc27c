package check

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// What mtkc bench writes, in every form.
func TestBenchCommand(t *testing.T) {
	dir := t.TempDir()
	table, figure := filepath.Join(dir, "t.csv"), filepath.Join(dir, "wp.svg")
	o := ok(t, "bench", "examples/lotkavolterra", "--solvers", "tsit5,Rodas5P", "--tols", "1e-4,1e-6,1e-8", "--repeat", "3", "--json", "-o", table, "--plot", figure)
	var m struct {
		Model     string
		States    int
		Tspan     []float64
		Compile   float64
		Reference map[string]any
		Points    []map[string]any
	}
	d := json.NewDecoder(strings.NewReader(o.stdout))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil || d.More() {
		t.Fatal(err, o.stdout)
	}
	if m.Model != "LotkaVolterra" || m.States != 2 || !(m.Compile > 0) || len(m.Points) != 6 {
		t.Errorf("%+v", m)
	}
	fields(t, "the reference", m.Reference, "agreement agreement_run methods rtol")
	for i, p := range m.Points {
		fields(t, "a point", p, "doubtful error error_run first message method repeat retcode rtol seconds solver stats")
		if name := []string{"Tsit5", "Rodas5P"}[i/3]; p["solver"] != name || p["retcode"] != "Success" || p["doubtful"] != false {
			t.Errorf("%v", p)
		}
		// Periodic orbits over a few periods: an error of a thousand times the tolerance would be odd.
		if e := p["error"].(float64); !(e > 0) || !(e < 1000*p["rtol"].(float64)) {
			t.Errorf("%v at %v: error %v", p["solver"], p["rtol"], e)
		}
	}
	b, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil || len(rows) != 7 || strings.Join(rows[0], ",") != "solver,rtol,error,error_run,seconds,first,repeat,steps,rejected,rhs,jac,factor,solve,newton,events,method,retcode" {
		t.Errorf("%v: %v", err, rows)
	}
	if b, err = os.ReadFile(figure); err != nil || !bytes.Contains(b, []byte("Rodas5P")) || !bytes.Contains(b, []byte("time of a solve [s]")) {
		t.Errorf("%v: %d bytes", err, len(b))
	}
	// A stiff problem and a method that is not for it: the table says how the run ended.
	o = ok(t, "bench", "examples/robertson", "--solvers", "auto,Tsit5", "--tols", "1e-6", "--repeat", "1", "--max-steps", "5000")
	for _, want := range []string{"reference: ", "compiled in", "MaxSteps", "Success"} {
		if !strings.Contains(o.stdout, want) {
			t.Errorf("the table lacks %q:\n%s", want, o.stdout)
		}
	}
	if o = ok(t, "bench", "examples/robertson", "--solvers", "auto", "--tols", "1e-6", "--repeat", "1", "-o", "-"); !strings.HasPrefix(o.stdout, "solver,rtol") {
		t.Errorf("-o - writes\n%s", o.stdout)
	}
}

// An interrupt ends a measurement with what was measured until then.
func TestBenchInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no interrupt signal between processes")
	}
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(bin, "bench", "examples/lotkavolterra", "--solvers", "Tsit5", "--tols", "1e-3,1e-4", "--repeat", "100000000")
	cmd.Dir, cmd.Stdout, cmd.Stderr = "../..", &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(3 * time.Second) // the model is built and the first run being timed (E509); on a loaded machine it may be on its way (E108)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err = <-done:
	case <-time.After(20 * time.Second):
		_ = cmd.Process.Kill()
		t.Fatal("the measurement goes on after an interrupt")
	}
	if err == nil || cmd.ProcessState.ExitCode() != 1 || !strings.Contains(stderr.String(), "E509") && !strings.Contains(stderr.String(), "E108") {
		t.Errorf("%v\n%s\n%s", err, stdout.String(), stderr.String())
	}
}
