package check

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// The trajectories of a sweep are the runs of mtkc run with the same settings.
func TestEnsembleCommand(t *testing.T) {
	o := ok(t, "ensemble", "examples/bouncingball", "--sweep", "E=0.5:0.7:3", "--sweep", "h=1,2", "--steps", "6", "--vars", "h,flying", "--backend", "scalar")
	header, rows := readTable(t, o.stdout)
	if strings.Join(header, ",") != "trajectory,E,h,t,h,flying" || len(rows) != 6*7 {
		t.Fatalf("%v, %d rows", header, len(rows))
	}
	for i := range 6 {
		e, h := rows[7*i][1], rows[7*i][2]
		if rows[7*i][0] != float64(i) || math.Abs(e-(0.5+0.1*float64(i/2))) > 1e-15 || h != float64(1+i%2) {
			t.Errorf("trajectory %d: %v", i, rows[7*i])
		}
		_, want := readTable(t, ok(t, "run", "examples/bouncingball", "--set", fmt.Sprintf("E=%v", e), "--set", fmt.Sprintf("h=%v", h), "--steps", "6", "--vars", "h,flying").stdout)
		for k := range want {
			for c, v := range want[k] {
				if got := rows[7*i+k][3+c]; got != v {
					t.Errorf("trajectory %d, row %d: %v, want %v", i, k, rows[7*i+k][3:], want[k])
				}
			}
		}
	}
	// One worker writes what several do.
	args := []string{"ensemble", "examples/lotkavolterra", "--random", "200", "--dist", "Alpha=uniform:1:2", "--dist", "start(prey)=lognormal:0:0.1", "--steps", "3"}
	one, four := ok(t, append(args, "--workers", "1")...), ok(t, append(args, "--workers", "4")...)
	if one.stdout != four.stdout || one.stdout == "" {
		t.Errorf("the table depends on the number of workers")
	}
	if other := ok(t, append(args, "--seed", "2")...); other.stdout == one.stdout {
		t.Errorf("two seeds give the same table")
	}
}

// With --runs each point of a sweep is solved as many times, every time with other random numbers.
func TestEnsembleRepeats(t *testing.T) {
	args := []string{"ensemble", "examples/repressilator", "--method", "ssa", "--sweep", "gene[1].Half=20,60", "--runs", "3", "--final", "--tspan", "0,50"}
	o := ok(t, args...)
	header, rows := readTable(t, o.stdout)
	if header[1] != "gene[1].Half" || len(rows) != 6 {
		t.Fatalf("%v, %d rows", header, len(rows))
	}
	seen := map[string]bool{}
	for i, r := range rows {
		if r[0] != float64(i) || r[1] != []float64{20, 60}[i/3] {
			t.Errorf("trajectory %d: %v", i, r[:2])
		}
		seen[fmt.Sprint(r[3:])] = true
	}
	if len(seen) != 6 {
		t.Errorf("trajectories are equal: %v", rows)
	}
	if one := ok(t, append(args, "--workers", "1")...); one.stdout != o.stdout {
		t.Errorf("the table depends on the number of workers")
	}
}

// Statistics are those of the table of trajectories.
func TestEnsembleStatistics(t *testing.T) {
	dir := t.TempDir()
	args := []string{"ensemble", "examples/lotkavolterra", "--random", "300", "--latin", "--dist", "Alpha=normal:1.5:0.1", "--saveat", "0,1,2", "--tspan", "0,2", "--vars", "prey,Alpha"}
	_, rows := readTable(t, ok(t, args...).stdout)
	stats := filepath.Join(dir, "stats.csv")
	o := ok(t, append(args, "--stats", "--quantiles", "0.025,0.5", "-o", stats, "--json")...)
	header, table := readTable(t, read(t, stats))
	if want := "t,prey.mean,prey.sd,prey.q02.5,prey.q50,prey.min,prey.max,prey.n,Alpha.mean,Alpha.sd,Alpha.q02.5,Alpha.q50,Alpha.min,Alpha.max,Alpha.n"; strings.Join(header, ",") != want || len(table) != 3 {
		t.Fatalf("%v, %d rows", header, len(table))
	}
	for k, row := range table {
		mean, m2, least, most := 0.0, 0.0, math.Inf(1), math.Inf(-1)
		for i := range 300 {
			v := rows[3*i+k][3]
			mean += v / 300
			least, most = min(least, v), max(most, v)
		}
		for i := range 300 {
			m2 += (rows[3*i+k][3] - mean) * (rows[3*i+k][3] - mean)
		}
		// Rounding of sums of 300 terms.
		if sd := math.Sqrt(m2 / 299); row[0] != float64(k) || math.Abs(row[1]-mean) > 1e-13*mean || math.Abs(row[2]-sd) > 1e-12*mean || row[5] != least || row[6] != most || row[7] != 300 || row[4] < least || row[4] > most {
			t.Errorf("row %v, want mean %v, sd %v, %v to %v", row, mean, sd, least, most)
		}
	}
	var m map[string]any
	if err := json.Unmarshal([]byte(o.stdout), &m); err != nil {
		t.Fatal(err)
	}
	fields(t, "the object", m, "engine failed model retcodes seconds solver statistics stats trajectories varied")
	if m["trajectories"] != 300.0 || len(m["statistics"].([]any)) != 3 {
		t.Errorf("%v", m)
	}
}

// With --runs each point of a sweep, and each row of a table, has statistics of its own: those of an ensemble of the point, where random
// numbers are the same. --pool puts all together.
func TestEnsemblePoints(t *testing.T) {
	args := []string{"ensemble", "examples/repressilator", "--method", "ssa", "--runs", "24", "--tspan", "0,20", "--steps", "2", "--vars", "gene[0].p,gene[1].p"}
	sweep := append(args, "--sweep", "gene[1].Half=20,60", "--sweep", "gene[0].Half=40,50")
	_, rows := readTable(t, ok(t, sweep...).stdout)
	o := ok(t, append(sweep, "--stats", "--quantiles", "0.5", "--workers", "1")...)
	header, table := readTable(t, o.stdout)
	if want := "point,gene[1].Half,gene[0].Half,t,gene[0].p.mean,gene[0].p.sd,gene[0].p.q50,gene[0].p.min,gene[0].p.max,gene[0].p.n,gene[1].p.mean,gene[1].p.sd,gene[1].p.q50,gene[1].p.min,gene[1].p.max,gene[1].p.n"; strings.Join(header, ",") != want || len(table) != 4*3 {
		t.Fatalf("%v, %d rows", header, len(table))
	}
	for i, row := range table {
		point, k := i/3, i%3
		mean, m2, least, most := 0.0, 0.0, math.Inf(1), math.Inf(-1)
		for n := range 24 {
			r := rows[(24*point+n)*3+k]
			if r[1] != row[1] || r[2] != row[2] || r[3] != row[3] {
				t.Fatalf("statistics %v of trajectory %v", row, r)
			}
			mean += r[5] / 24
			least, most = min(least, r[5]), max(most, r[5])
		}
		for n := range 24 {
			m2 += math.Pow(rows[(24*point+n)*3+k][5]-mean, 2)
		}
		// Rounding of sums of 24 terms.
		if sd := math.Sqrt(m2 / 23); row[0] != float64(point) || math.Abs(row[10]-mean) > 1e-13*mean || math.Abs(row[11]-sd) > 1e-12*mean || row[13] != least || row[14] != most || row[15] != 24 {
			t.Errorf("%v, want mean %v, sd %v, %v to %v", row, mean, sd, least, most)
		}
	}
	if other := ok(t, append(sweep, "--stats", "--quantiles", "0.5", "--workers", "3")...); other.stdout != o.stdout {
		t.Error("the table depends on the number of workers")
	}
	// Rows of a table, with ends of their own; JSON says the same.
	dir := t.TempDir()
	samples, stats := filepath.Join(dir, "s.csv"), filepath.Join(dir, "out.csv")
	if err := os.WriteFile(samples, []byte("gene[1].Half,t_end\n20,10\n60,20\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	o = ok(t, "ensemble", "examples/repressilator", "--method", "ssa", "--runs", "10", "--samples", samples, "--tspan", "0,30", "--final", "--vars", "gene[1].p", "--stats", "--json", "-o", stats)
	var m struct {
		Statistics []any
		Points     []struct {
			Point      int
			Values     map[string]float64
			Statistics []struct {
				T    float64
				Vars map[string]struct {
					Mean float64
					N    int
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(o.stdout), &m); err != nil {
		t.Fatal(err)
	}
	_, table = readTable(t, read(t, stats))
	if len(table) != 2 || len(m.Points) != 2 || m.Statistics != nil {
		t.Fatalf("%v\n%+v", table, m)
	}
	for i, p := range m.Points {
		s := p.Statistics[0]
		if v := s.Vars["gene[1].p"]; p.Point != i || p.Values["gene[1].Half"] != table[i][1] || s.T != []float64{10, 20}[i] || table[i][2] != s.T || v.Mean != table[i][3] || v.N != 10 {
			t.Errorf("%+v, the table has %v", p, table[i])
		}
	}
	header, table = readTable(t, ok(t, append(sweep, "--stats", "--pool")...).stdout)
	if header[0] != "t" || len(table) != 3 || table[0][len(table[0])-1] != 96 {
		t.Errorf("together: %v\n%v", header, table)
	}
}

// What spreadsheets write instead of commas and UTF-8 is recognized.
func TestEnsembleOtherTables(t *testing.T) {
	file := filepath.Join(t.TempDir(), "s.csv")
	for text, want := range map[string]string{"Rho;Sigma\n28;10\n": "put commas", "Rho\tSigma\n28\t10\n": "put commas", "\xff\xfeR\x00h\x00o\x00\n\x00": "UTF-8"} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if o := mtkc(t, "../..", nil, "ensemble", "examples/lorenz", "--samples", file); o.status != 1 || !strings.Contains(o.stderr, "E004") || !strings.Contains(o.stderr, want) {
			t.Errorf("%q: status %d\n%s", text, o.status, o.stderr)
		}
	}
}

// An ensemble that is refused has written nothing.
func TestEnsembleRefused(t *testing.T) {
	o := mtkc(t, "../..", nil, "ensemble", "examples/repressilator", "--method", "ssa", "--runs", "3", "--solver", "stiff", "--final")
	if o.status != 1 || !strings.Contains(o.stderr, "E012") || o.stdout != "" {
		t.Errorf("status %d\n%s\n%q", o.status, o.stderr, o.stdout)
	}
	// One without trajectories has a header.
	empty := filepath.Join(t.TempDir(), "empty.csv")
	if err := os.WriteFile(empty, []byte("Rho\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if o := ok(t, "ensemble", "examples/lorenz", "--samples", empty); o.stdout != "trajectory,Rho,t,x,y,z\n" {
		t.Errorf("%q", o.stdout)
	}
}

// Where there is no room for the table, nothing is left of it that nothing can go on from.
func TestEnsembleWithoutRoom(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the limit of the size of files is set by a shell")
	}
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	out, model := filepath.Join(dir, "out.csv"), filepath.Join(dir, "m.bmo")
	ok(t, "compile", "examples/lotkavolterra", "--backend", "basemodelica", "-o", model)
	// A file of 64 KiB at most; a write beyond it fails.
	cmd := exec.Command("bash", "-c", `trap "" XFSZ; ulimit -f 64; exec "$@"`, "bash", bin, "ensemble", model, "--random", "3000", "--dist", "Alpha=uniform:1:2", "-o", out)
	text, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(text), "E005") {
		t.Errorf("%v\n%s", err, text)
	}
	if left, _ := filepath.Glob(out + "*"); left != nil {
		t.Errorf("%v is left", left)
	}
}

// A second process does not write into the output of one that is at work.
func TestEnsembleTwice(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("files cannot be claimed here")
	}
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out.csv")
	args := []string{"ensemble", "examples/lorenz", "--random", "64", "--dist", "Rho=normal:28:1", "--tspan", "0,2000", "--steps", "2", "--backend", "scalar", "-o", out}
	first := exec.Command(bin, append(args, "--workers", "1")...)
	first.Dir = "../.."
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(out + ".part"); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the ensemble does not begin")
		}
	}
	if o := mtkc(t, "../..", nil, append(args, "--seed", "2")...); o.status != 1 || !strings.Contains(o.stderr, "E005") || !strings.Contains(o.stderr, "another process") {
		t.Errorf("status %d\n%s", o.status, o.stderr)
	}
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait()
	if o := mtkc(t, "../..", nil, "ensemble", "examples/lorenz", "--sweep", "Rho=28,29", "--final", "-o", out); o.status != 0 {
		t.Errorf("after its end: status %d\n%s", o.status, o.stderr)
	}
}

// A table of samples: names with commas, comments, an end of its own for each trajectory, a failure that is told.
func TestEnsembleSamples(t *testing.T) {
	dir := t.TempDir()
	model := `//! base 0.1.0
package 'M'
  model 'M'
    parameter Real 'a' = 1;
    Real 'x'(start = 1, fixed = true);
  equation
    der('x') = 'a'*'x'^2;
  annotation(experiment(StopTime = 1));
  end 'M';
end 'M';
`
	for name, text := range map[string]string{"m.bmo": model, "s.csv": "# made by hand\na, x, t_end\n0.5, 1, 1\n0.25, 2, 0.5\n2, 1, 1\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	o := mtkc(t, dir, nil, "ensemble", "m.bmo", "--samples", "s.csv", "--final", "--rtol", "1e-9", "--json", "-o", "out.csv")
	if o.status != 0 || !strings.Contains(o.stderr, "W901: 1 of 3 trajectories failed") {
		t.Fatalf("status %d\n%s", o.status, o.stderr)
	}
	_, rows := readTable(t, read(t, filepath.Join(dir, "out.csv")))
	for i, want := range []struct{ t, x float64 }{{1, 2}, {0.5, 2 / 0.75}} { // x0/(1 - a x0 t)
		if rows[i][3] != want.t || math.Abs(rows[i][4]-want.x) > 1e-7 {
			t.Errorf("row %v, want %+v", rows[i], want)
		}
	}
	var m struct {
		Retcodes map[string]int
		Failed   []struct {
			Trajectory int
			Values     map[string]float64
			T          float64
			Message    string
		}
	}
	if err := json.Unmarshal([]byte(o.stdout), &m); err != nil {
		t.Fatal(err)
	}
	if m.Retcodes["Success"] != 2 || len(m.Failed) != 1 || m.Failed[0].Trajectory != 2 || m.Failed[0].Values["a"] != 2 || math.Abs(m.Failed[0].T-0.5) > 1e-3 || m.Failed[0].Message == "" {
		t.Errorf("%+v", m)
	}
}

// An ensemble that is interrupted goes on with the same command; the file is that of one that was not, to the last byte.
func TestEnsembleInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no interrupt signal between processes")
	}
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	lorenz := []string{"examples/lorenz", "--dist", "Rho=normal:28:1", "--random"}
	for _, c := range []struct {
		n    string // trajectories
		args []string
	}{
		{"2000", append(slices.Clone(lorenz), "2000", "--tspan", "0,30", "--steps", "2", "--backend", "scalar")},
		{"2000", append(slices.Clone(lorenz), "2000", "--tspan", "0,30", "--stats", "--steps", "2", "--backend", "scalar")},
		{"3000", []string{"examples/repressilator", "--method", "ssa", "--runs", "600", "--sweep", "gene[1].Half=20:60:5", "--stats", "--tspan", "0,20", "--steps", "2"}}, // amid the points
		{"64", append(slices.Clone(lorenz), "64", "--tspan", "0,2000", "--steps", "2", "--backend", "scalar")},                                                            // no trajectory has ended yet
		{"10000", append(slices.Clone(lorenz), "10000", "--tspan", "0,100", "--steps", "2")},                                                                              // engines change on the way, after the interrupt elsewhere
	} {
		args := append([]string{"ensemble"}, c.args...)
		out, whole := filepath.Join(dir, "out.csv"), filepath.Join(dir, "whole.csv")
		ok(t, append(args, "-o", whole)...)
		var stderr bytes.Buffer
		cmd := exec.Command(bin, append(args, "-o", out, "--workers", "1")...)
		cmd.Dir, cmd.Stderr = "../..", &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// It has begun when the file for the result so far is there.
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			if _, err := os.Stat(out + ".part"); err == nil {
				break
			}
			if time.Now().After(deadline) {
				_ = cmd.Process.Kill()
				t.Fatal("the ensemble does not begin")
			}
		}
		time.Sleep(100 * time.Millisecond)
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- cmd.Wait() }()
		select {
		case err = <-done:
		case <-time.After(30 * time.Second):
			_ = cmd.Process.Kill()
			t.Fatal("the ensemble goes on after an interrupt")
		}
		if err == nil || cmd.ProcessState.ExitCode() != 1 || !strings.Contains(stderr.String(), "E509") {
			t.Fatalf("%v\n%s", err, stderr.String())
		}
		if o := mtkc(t, "../..", nil, append(args, "--seed", "9", "-o", out)...); o.status != 1 || !strings.Contains(o.stderr, "E906") {
			t.Errorf("another seed goes on with it: status %d\n%s", o.status, o.stderr)
		}
		var left struct{ Trajectories int }
		if err := json.Unmarshal([]byte(read(t, out+".part.json")), &left); err != nil {
			t.Fatal(err)
		}
		o := ok(t, append(args, "-o", out)...)
		if goes := strings.Contains(o.stderr, "going on after "); goes != (left.Trajectories > 0) || !strings.Contains(o.stderr, c.n+" trajectories, 0 failed") {
			t.Errorf("after %d trajectories: %s", left.Trajectories, o.stderr)
		}
		if read(t, out) != read(t, whole) {
			t.Errorf("%v: the file differs from that of an ensemble that was not interrupted", c.args)
		}
		if left, _ := filepath.Glob(out + ".*"); left != nil {
			t.Errorf("%v is left", left)
		}
	}
}

// Every backend that is here gives the same table to the last bit, on one thread and on two, and runs one after the other the same within the
// tolerances; those with events too. -v says what integrated.
func TestEnsembleBackends(t *testing.T) {
	for _, c := range []struct {
		name   string
		args   []string
		method string  // that auto takes
		tol    float64 // of the differences, relative to 1 + |x|
	}{
		// Errors grow a thousandfold on Lorenz's attractor from t = 0 to 5 at rtol 1e-8.
		{"lorenz", []string{"examples/lorenz", "--sweep", "Rho=20:30:150", "--tspan", "0,5", "--rtol", "1e-8", "--steps", "7"}, "Vern7", 1e-5},
		{"robertson", []string{"examples/robertson", "--random", "120", "--dist", "K1=uniform:0.03:0.05", "--tspan", "0,1e4", "--rtol", "1e-5", "--steps", "4"}, "Rodas5P", 1e-4},
		{"ball", []string{"examples/bouncingball", "--sweep", "E=0.5:0.7:11", "--sweep", "h=1,1.5,2", "--steps", "6", "--vars", "h,flying", "--rtol", "1e-7"}, "Vern7", 1e-4},
		{"final", []string{"examples/lotkavolterra", "--sweep", "Alpha=1:2:100", "--final", "--solver", "tsit5"}, "Tsit5", 1e-4},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			run := func(backend string, more ...string) outcome {
				args := append([]string{"ensemble"}, c.args...)
				return mtkc(t, "../..", nil, append(append(args, "--backend", backend, "-v"), more...)...)
			}
			want := run("vm", "--workers", "1")
			if want.status != 0 || !strings.Contains(want.stderr, c.method+", ") || !strings.Contains(want.stderr, " lanes") {
				t.Fatalf("status %d\n%s", want.status, want.stderr)
			}
			for _, backend := range []string{"vm", "auto", "llvm"} {
				got := run(backend, "--workers", "2")
				if backend == "llvm" && got.status == 1 && strings.Contains(got.stderr, "E017") {
					t.Log("there is no libLLVM here")
					continue
				}
				if got.status != 0 || got.stdout != want.stdout {
					t.Errorf("%s: status %d, or another table than that of the vm\n%s", backend, got.status, got.stderr)
				}
				if backend == "llvm" && !strings.Contains(got.stderr, "LLVM ") {
					t.Errorf("%s", got.stderr)
				}
			}
			_, a := readTable(t, want.stdout)
			scalar := run("scalar")
			_, b := readTable(t, scalar.stdout)
			if len(a) != len(b) || len(a) == 0 {
				t.Fatalf("%d rows, one after the other %d\n%s", len(a), len(b), scalar.stderr)
			}
			worst := 0.0
			for i := range a {
				for k, v := range b[i] {
					worst = math.Max(worst, math.Abs(a[i][k]-v)/(1+math.Abs(v)))
				}
			}
			if t.Logf("difference %.1e", worst); !(worst <= c.tol) {
				t.Errorf("difference %v", worst)
			}
		})
	}
	var m struct {
		Solver, Engine string
		Seconds        map[string]float64
	}
	o := ok(t, "ensemble", "examples/lorenz", "--sweep", "Rho=20:30:20", "--tspan", "0,1", "--json", "--timing")
	if err := json.Unmarshal([]byte(o.stdout), &m); err != nil {
		t.Fatal(err)
	}
	if m.Solver != "Vern7" || !strings.Contains(m.Engine, "lanes") || m.Seconds["engine"] <= 0 || !strings.Contains(o.stderr, "engine ") {
		t.Errorf("%+v\n%s", m, o.stderr)
	}
}

// Machine code comes in where an ensemble is long enough, and changes nothing.
func TestEnsembleMovesToMachineCode(t *testing.T) {
	args := []string{"ensemble", "examples/lorenz", "--random", "6000", "--dist", "Rho=normal:28:1", "--tspan", "0,100", "--final", "-v", "--workers", "1"}
	auto, vm := ok(t, append(args, "--backend", "auto")...), ok(t, append(args, "--backend", "vm")...)
	if auto.stdout != vm.stdout {
		t.Error("the tables differ")
	}
	if !strings.Contains(auto.stderr, "machine code") {
		t.Error(auto.stderr)
	}
	t.Log(auto.stderr)
}
