package examples_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/examples/pendulum"
	"github.com/mtkc/mtkc/runtime/ode"
)

// models are all models of this folder, some of them large enough for loops, packed
// tables and grouped parameters, and one with hybrid parts that is cut into steps.
var models = []struct {
	dir, name, n string
	roll         int
}{
	{"bouncingball", "", "", 0}, {"brusselator", "Brusselator", "", 0}, {"brusselator", "Brusselator2D", "", 0}, {"cascade", "", "", 0}, {"chua", "", "", 0}, {"dcmotor", "", "", 0}, {"enzyme", "", "", 0},
	{"fourbar", "FourBar", "", 0}, {"fourbar", "SliderCrank", "", 0},
	{"heater", "", "", 0}, {"lorenz", "", "", 0}, {"lotkavolterra", "", "", 0}, {"pendulum", "", "", 0}, {"planararm", "", "", 0}, {"pollution", "", "", 0},
	{"rc", "", "", 0}, {"rcladder", "", "", 0}, {"repressilator", "", "", 0}, {"robertson", "Robertson", "", 0}, {"robertson", "RobertsonDAE", "", 0}, {"servo", "", "", 0}, {"thermalfluid", "", "", 0}, {"vanderpol", "", "", 0},
	{"rcladder", "", "150", 0}, {"brusselator", "Brusselator2D", "24", 0}, {"pollution", "", "", 1}, {"bouncingball", "", "", 1}, {"planararm", "", "", 1}, {"thermalfluid", "", "20", 0},
}

// probe is the main package that evaluates generated problems.
const probe = `package main

import (
	"encoding/json"
	"os"

	"github.com/mtkc/mtkc/runtime/ode"
%s)

type point struct{ T float64; U, P []float64 }

func main() {
	var points []point
	if err := json.NewDecoder(os.Stdin).Decode(&points); err != nil {
		panic(err)
	}
	var out [][]float64
	for i, prob := range []*ode.Problem{
%s	} {
		q := points[i]
		out = append(out, evaluate(prob, q.T, q.U, q.P)...)
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		panic(err)
	}
}
`

// The Go source of every example compiles in a module that requires this one alone, and
// its functions agree with the vm at a random point to 1e-12 relative: both do the same
// operations in the same order, so that only fused operations could differ.
func TestGeneratedSourceAgreesWithTheVM(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	type point struct {
		T    float64
		U, P []float64
	}
	var points []point
	var names []string
	var want [][]float64
	imports, problems := "", ""
	rnd := rand.New(rand.NewPCG(1, 2))
	for i, m := range models {
		pkg := fmt.Sprintf("model%d", i)
		opt := mtkc.Options{Model: m.name, Go: mtkc.GoOptions{Package: pkg, Dedicated: true}, Lower: backend.Options{RollFrom: m.roll}}
		if m.n != "" {
			opt.Args = map[string]string{"N": m.n}
		}
		if m.roll > 0 {
			opt.Lower.MinLoop = 2
		}
		c := mtkc.New(m.dir, opt)
		prob, found := c.Problem(context.Background())
		found = append(found, c.Run(context.Background(), "go")...)
		if err := found.Err(); err != nil {
			t.Fatal(err)
		}
		write(pkg+"/"+pkg+".go", string(c.GoSource()))
		imports += fmt.Sprintf("\t%q\n", "probe/"+pkg)
		problems += fmt.Sprintf("\t\t%s.NewProblem(nil),\n", pkg)
		q := point{T: rnd.Float64(), U: make([]float64, prob.N()), P: append([]float64(nil), prob.P...)}
		for j := range q.U {
			q.U[j] = 0.5 + rnd.Float64()
		}
		for j := len(prob.Params); j < len(q.P); j++ {
			q.P[j] = float64(rnd.IntN(2)) // discrete memory
		}
		points = append(points, q)
		for _, v := range evaluate(prob, q.T, q.U, q.P) {
			names, want = append(names, prob.Name), append(want, v)
		}
	}
	write("go.mod", "module probe\n\ngo 1.26\n\nrequire github.com/mtkc/mtkc v0.0.0\n\nreplace github.com/mtkc/mtkc => "+root+"\n")
	if sum, err := os.ReadFile(filepath.Join(root, "go.sum")); err == nil {
		write("go.sum", string(sum))
	}
	write("main.go", fmt.Sprintf(probe, imports, problems))
	shared, err := os.ReadFile("evaluate_test.go")
	if err != nil {
		t.Fatal(err)
	}
	write("evaluate.go", strings.Replace(string(shared), "package examples_test", "package main", 1))
	in, err := json.Marshal(points)
	if err != nil {
		t.Fatal(err)
	}
	vet := exec.Command("go", "vet", "-mod=mod", "./...")
	vet.Dir = dir
	if out, err := vet.CombinedOutput(); err != nil {
		t.Errorf("go vet: %v\n%s", err, out)
	}
	cmd := exec.Command("go", "run", "-mod=mod", ".")
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(in)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var got [][]float64
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%d results, want %d", len(got), len(want))
	}
	for i := range want {
		if len(got[i]) != len(want[i]) {
			t.Fatalf("%s: %d values, want %d", names[i], len(got[i]), len(want[i]))
		}
		for j, w := range want[i] {
			if g := got[i][j]; !(math.Abs(g-w) <= 1e-12*math.Abs(w)) {
				t.Errorf("%s: value %d of result %d is %v, the vm has %v", names[i], j, i, g, w)
			}
		}
	}
}

// The committed file of examples/pendulum is what go generate writes now, and its
// problem gives what the vm gives.
func TestGoGenerate(t *testing.T) {
	committed, err := os.ReadFile("pendulum/pendulum_mtk.go")
	if err != nil {
		t.Fatal(err)
	}
	// Beside other files of the package, so that the names have the model's prefix.
	path := filepath.Join(t.TempDir(), "pendulum_mtk.go")
	beside, err := os.ReadFile("pendulum/pendulum.go")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "pendulum.go"), beside, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "run", "github.com/mtkc/mtkc/cmd/mtkc", "compile", "--backend", "go", "--model", "Pendulum", "--package", "pendulum", "-o", path, ".")
	cmd.Dir = "pendulum"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	now, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, now) {
		t.Error("examples/pendulum/pendulum_mtk.go is not up to date: run go generate ./examples/pendulum\n", cmp.Diff(string(committed), string(now)))
	}
	params := pendulum.DefaultPendulumParams()
	params.L = 2
	opt := ode.Options{Span: [2]float64{0, 3}, RelTol: 1e-9, FinalOnly: true}
	opt.Set = map[string]float64{"start(x)": 2}
	a := solve(t, pendulum.NewPendulumProblem(&params), opt)
	opt.Set = map[string]float64{"start(x)": 2, "L": 2}
	b := solve(t, compile(t, "pendulum", "", nil), opt)
	for _, name := range []string{"x", "y", "T", "der(x)"} {
		near(t, name, last(t, a, name), last(t, b, name), 1e-12, 1e-12)
	}
}
