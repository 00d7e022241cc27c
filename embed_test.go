package mtkc_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"go/format"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/backend/fuse"
	gogen "github.com/mtkc/mtkc/backend/go"
	"github.com/mtkc/mtkc/backend/llvm/libllvm"
	"github.com/mtkc/mtkc/backend/vm"
	"github.com/mtkc/mtkc/runtime/cpu"
	"github.com/mtkc/mtkc/runtime/ensemble"
	"github.com/mtkc/mtkc/runtime/native"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/runtime/runloop"
)

// embedModel is a model whose package carries code.
type embedModel struct {
	dir, model string
	methods    []string
	form       string // of its reactions
}

var embedModels = []embedModel{
	{"lorenz", "Lorenz", []string{"Tsit5", "Rodas5P"}, ""},
	{"robertson", "RobertsonDAE", []string{"Rodas5P"}, ""},
	{"brusselator", "Brusselator", []string{"Vern7"}, ""},
	{"pendulum", "Pendulum", nil, ""},
	{"langevin", "Shaken", nil, ""},
	{"bouncingball", "BouncingBall", []string{"Tsit5"}, ""},
	{"pollution", "", nil, ""},
	{"repressilator", "", nil, "cle"},
}

// otherExamples are the examples that embedModels leaves out.
func otherExamples(t *testing.T) (list []embedModel) {
	entries, err := os.ReadDir("examples")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && !slices.ContainsFunc(embedModels, func(m embedModel) bool { return m.dir == e.Name() && m.form == "" }) {
			list = append(list, embedModel{dir: e.Name()})
		}
	}
	return list
}

// embedCase is a call of a kernel, or a batch, with what comes of it.
type embedCase struct {
	Pkg, What string
	T         float64
	U, P, Out []float64
	In, Want  *ensemble.Batch
	Options   *ode.Options
}

// embedProgram reads cases and says which of them the packages that it is built with do not meet, to the last bit.
const embedProgram = `package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/mtkc/mtkc/runtime/ensemble"
	"github.com/mtkc/mtkc/runtime/ode"
%[1]s)

type embedCase struct {
	Pkg, What string
	T         float64
	U, P, Out []float64
	In, Want  *ensemble.Batch
	Options   *ode.Options
}

type pkg struct {
	name   string
	prob   *ode.Problem
	engine func(*ode.Problem, ode.Options) func() (ensemble.Engine, error)
}

var pkgs = map[string]pkg{
%[2]s}

func same(a, b []float64) bool {
	for i := range a {
		if math.Float64bits(a[i]) != math.Float64bits(b[i]) && !(a[i] != a[i] && b[i] != b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}

func main() {
	for _, name := range []string{%[3]s} {
		fmt.Println("code", name, pkgs[name].name)
	}
	in := gob.NewDecoder(os.Stdin)
	var all []embedCase
	for {
		var c embedCase
		if in.Decode(&c) != nil {
			break
		}
		all = append(all, c)
	}
	if len(os.Args) < 3 {
		run(all, true)
		return
	}
	seconds, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	stress(all, time.Duration(seconds)*time.Second)
}

// stress runs the cases on several goroutines under a profiler, the garbage collector, and someone who looks at all stacks.
func stress(all []embedCase, long time.Duration) {
	var profile bytes.Buffer
	runtime.SetCPUProfileRate(2000)
	if err := pprof.StartCPUProfile(&profile); err != nil {
		panic(err)
	}
	stop := time.Now().Add(long)
	rounds := make([]int, 4)
	var wait sync.WaitGroup
	for g := range rounds {
		wait.Go(func() {
			for time.Now().Before(stop) {
				run(all, false)
				rounds[g]++
			}
		})
	}
	buf := make([]byte, 1<<20)
	for time.Now().Before(stop) {
		runtime.GC()
		runtime.Stack(buf, true)
		time.Sleep(time.Millisecond)
	}
	wait.Wait()
	pprof.StopCPUProfile()
	z, err := gzip.NewReader(&profile)
	if err != nil {
		panic(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		panic(err)
	}
	if !bytes.Contains(text, []byte("Code")) {
		fmt.Println("FAIL: the profile does not name the code")
	}
	fmt.Println("rounds", rounds, "profile", len(text))
}

// run runs cases, on copies of what they change.
func run(all []embedCase, tell bool) {
	for _, c := range all {
		p := pkgs[c.Pkg]
		if c.In != nil && p.name == "" {
			var no *ensemble.Unfit
			if _, err := p.engine(p.prob, *c.Options)(); !errors.As(err, &no) {
				fmt.Println("FAIL", c.Pkg, c.What, "an engine without code:", err)
			}
			if tell {
				fmt.Println("done without code")
			}
			continue
		}
		if c.In != nil {
			b := *c.In
			for _, s := range []*[]float64{&b.T, &b.U, &b.H, &b.Out} {
				*s = slices.Clone(*s)
			}
			b.Status, b.Steps, b.Rejected = slices.Clone(b.Status), slices.Clone(b.Steps), slices.Clone(b.Rejected)
			c.In = &b
			e, err := p.engine(p.prob, *c.Options)()
			if err != nil {
				fmt.Println("FAIL", c.Pkg, c.What, err)
				continue
			}
			if err := e.Run(context.Background(), c.In); err != nil {
				fmt.Println("FAIL", c.Pkg, c.What, err)
			}
			for i := range c.In.N {
				if c.In.Status[i] != c.Want.Status[i] || c.In.Steps[i] != c.Want.Steps[i] || c.In.Rejected[i] != c.Want.Rejected[i] {
					fmt.Println("FAIL", c.Pkg, c.What, "trajectory", i, c.In.Status[i], c.In.Steps[i], "want", c.Want.Status[i], c.Want.Steps[i])
					break
				}
			}
			if !same(c.In.T, c.Want.T) || !same(c.In.U, c.Want.U) || !same(c.In.H, c.Want.H) || !same(c.In.Out, c.Want.Out) {
				fmt.Println("FAIL", c.Pkg, c.What, "states")
			}
			if tell {
				fmt.Println("done", e.Name())
			}
			e.(io.Closer).Close()
			continue
		}
		k := p.prob.NewKernels()
		out := make([]float64, len(c.Out))
		for i := range out {
			out[i] = 17
		}
		switch c.What {
		case "RHS":
			k.RHS(c.T, c.U, c.P, out)
		case "Jac":
			k.Jac(c.T, c.U, c.P, out)
		case "TGrad":
			k.TGrad(c.T, c.U, c.P, out)
		case "Linear":
			k.Linear(c.P, out)
		case "Invariants":
			k.Invariants(c.T, c.U, c.P, out)
		case "InvariantJac":
			k.InvariantJac(c.T, c.U, c.P, out)
		case "Crossings":
			k.Crossings(c.T, c.U, c.P, out)
		case "Noise":
			k.Noise(c.T, c.U, c.P, out)
		case "NoiseJac":
			k.NoiseJac(c.T, c.U, c.P, out)
		}
		// Where the processor has them, Go's compiler fuses multiplications with additions in the source.
		if !same(out, c.Out) && (p.name != "" || runtime.GOARCH == "amd64") {
			fmt.Println("FAIL", c.Pkg, c.What, c.T, c.U, c.P, "gives", out, "want", c.Out)
		}
		if tell {
			fmt.Println("done", c.What)
		}
	}
}
`

// kernelCases evaluates all kernels of a program on the vm at random points.
func kernelCases(prob *ode.Problem, seed uint64) (cases []embedCase) {
	k := prob.NewKernels()
	rng := rand.New(rand.NewPCG(seed, 9))
	n := prob.N()
	for range 5 {
		u, p := make([]float64, n), slices.Clone(prob.P)
		for i := range u {
			u[i] = prob.U0[i] + rng.NormFloat64()
		}
		for i := range p {
			p[i] *= 1 + 0.1*rng.Float64()
		}
		t := rng.Float64()
		add := func(what string, size int, f func(t float64, u, p, out []float64)) {
			if f == nil {
				return
			}
			out := make([]float64, size)
			for i := range out {
				out[i] = 17
			}
			f(t, u, p, out)
			cases = append(cases, embedCase{What: what, T: t, U: u, P: p, Out: out})
		}
		add("RHS", n, k.RHS)
		add("Jac", prob.Jac.NNZ(), k.Jac)
		add("TGrad", n, k.TGrad)
		if k.Linear != nil {
			add("Linear", prob.Linear.NNZ(), func(_ float64, _, p, out []float64) { k.Linear(p, out) })
		}
		add("Invariants", prob.NInv, k.Invariants)
		if prob.InvJac != nil {
			add("InvariantJac", prob.InvJac.NNZ(), k.InvariantJac)
		}
		if prob.Noise != nil {
			add("Noise", prob.Noise.Matrix.NNZ(), k.Noise)
			add("NoiseJac", prob.Noise.Reads.NNZ(), k.NoiseJac)
		}
		if prob.Hybrid != nil {
			add("Crossings", len(prob.Hybrid.Relations), k.Crossings)
		}
	}
	return cases
}

// loopCase integrates a batch by the kernels of a fused integrator on the vm, one trajectory after the other.
func loopCase(t *testing.T, c *mtkc.Compiler, pkg, method string, dense bool) embedCase {
	t.Helper()
	in, err := fuse.New(c.Program(), method, fuse.Options{Dense: dense, Events: true})
	if err != nil {
		t.Fatal(err)
	}
	const n = 37 // no multiple of the lanes
	prob := &c.Program().Meta
	opt := &ode.Options{Solver: method, RelTol: 1e-5, FinalOnly: !dense}
	size := len(prob.U0)
	b := &ensemble.Batch{N: n, T: make([]float64, n), H: make([]float64, n), Status: make([]ensemble.Status, n), Steps: make([]int64, n), Rejected: make([]int64, n)}
	rng := rand.New(rand.NewPCG(5, 5))
	if dense {
		opt.SaveAt = []float64{0.1, 0.25, 0.3}
		b.Save = opt.SaveAt
		b.Out = make([]float64, n*len(b.Save)*size)
	}
	for range n {
		b.TEnd = append(b.TEnd, 0.2+0.2*rng.Float64())
		b.U = append(b.U, prob.U0...)
		for _, p := range prob.P {
			b.P = append(b.P, p*(1+0.2*rng.Float64()))
		}
	}
	start := *b
	for _, s := range []*[]float64{&start.T, &start.TEnd, &start.U, &start.P, &start.H, &start.Out} {
		*s = slices.Clone(*s)
	}
	start.Status, start.Steps, start.Rejected = slices.Clone(b.Status), slices.Clone(b.Steps), slices.Clone(b.Rejected)
	eng, err := fuse.NewVMEngine(in, 1, runloop.SettingsOf(prob, opt))
	if err != nil {
		t.Fatal(err)
	}
	if err := eng.Run(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	steps := int64(0)
	for _, s := range b.Steps {
		steps += s
	}
	if steps < n {
		t.Fatalf("%s %s: %d trajectories make %d steps", pkg, method, n, steps)
	}
	return embedCase{What: fmt.Sprintf("%s dense=%v", method, dense), In: &start, Want: b, Options: opt}
}

// Packages with embedded code compute what the vm does, to the last bit: kernels at random points, and ensembles, for every kind of
// processor, in programs that are built without cgo, and so does the Go source on amd64. go vet and gofmt have nothing to say about them.
func TestEmbeddedCodeAgreesWithTheVM(t *testing.T) {
	lib, err := libllvm.Find()
	if err != nil {
		t.Skip(err)
	}
	if err := native.Supported(); err != nil {
		t.Skip(err)
	}
	if testing.Short() {
		t.Skip("builds programs")
	}
	w := newEmbedModule(t)
	var cases []embedCase
	models := embedModels
	if *long {
		models = slices.Concat(models, otherExamples(t))
	}
	for i, m := range models {
		c := mtkc.New(filepath.Join("examples", m.dir), mtkc.Options{Model: m.model, Method: m.form, Go: mtkc.GoOptions{Package: "model", Dedicated: true}})
		generate := func(level string) []gogen.File {
			var processors []string
			if level != "all" {
				processors = []string{level}
			}
			files, found := c.GoPackage(context.Background(), "model_mtk.go", mtkc.EmbedOptions{Processors: processors, Methods: m.methods, Least: 1, Library: lib})
			if err := found.Err(); err != nil {
				t.Fatal(err)
			}
			return files
		}
		for _, level := range []string{"all", "avx2"} {
			files := generate(level)
			if level == "avx2" && i == 0 {
				for k, f := range generate(level) {
					if !bytes.Equal(f.Text, files[k].Text) {
						t.Errorf("%s differs when it is generated again", f.Name)
					}
				}
			}
			w.add(level+"/"+m.dir+m.form, files, m.methods != nil)
		}
		of := kernelCases(vm.Problem(c.Program()), uint64(i))
		for _, method := range m.methods {
			for _, dense := range []bool{false, true} {
				of = append(of, loopCase(t, c, m.dir, method, dense))
			}
		}
		for _, level := range []string{"all", "avx2"} {
			for _, x := range of {
				x.Pkg = level + "/" + m.dir + m.form
				cases = append(cases, x)
			}
		}
	}
	w.main()
	var in bytes.Buffer
	enc := gob.NewEncoder(&in)
	for _, c := range cases {
		if err := enc.Encode(c); err != nil {
			t.Fatal(err)
		}
	}
	w.run("go", "vet", "./...")
	check := func(t *testing.T, code string, words ...string) {
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Stdin = bytes.NewReader(in.Bytes())
		cmd.Env = append(os.Environ(), "GOTRACEBACK=crash")
		out, err := cmd.CombinedOutput()
		if err != nil || strings.Contains(string(out), "FAIL") {
			t.Fatalf("%v\n%s", err, out[:min(len(out), 4000)])
		}
		t.Logf("%s", out[:min(len(out), 300)])
		if got := strings.Count(string(out), "\ndone "); got != len(cases) && !slices.Contains(words, "stress") {
			t.Errorf("%d of %d cases ran", got, len(cases))
		}
		if !strings.Contains(string(out), "code all/lorenz "+code+"\n") {
			t.Errorf("code that was chosen, not %q:\n%s", code, out[:min(len(out), 300)])
		}
	}
	host := ""
	switch {
	case runtime.GOARCH == "arm64":
		host = "NEON"
	case cpu.AVX512:
		host = "AVX-512"
	case cpu.AVX2:
		host = "AVX2"
	}
	t.Run("native", func(t *testing.T) {
		bin := w.build(t, "")
		check(t, host, bin)
	})
	// The code is known to the runtime as functions, so signals of the profiler and of preemption meet it: results stay,
	// and the profile names it.
	t.Run("stress", func(t *testing.T) {
		seconds := "2"
		if *long {
			seconds = "60"
		}
		check(t, host, w.build(t, ""), "stress", seconds)
	})
	t.Run("purego", func(t *testing.T) {
		bin := w.build(t, "", "-tags", "purego")
		check(t, "", bin)
	})
	t.Run("arm64", func(t *testing.T) {
		bin := w.build(t, "linux/arm64")
		qemu := "/var/tmp/llvm/qemu/usr/bin/qemu-aarch64-static"
		if _, err := os.Stat(qemu); err != nil {
			if qemu, err = exec.LookPath("qemu-aarch64-static"); err != nil {
				t.Skip("built, but not run: there is no qemu-aarch64-static")
			}
		}
		check(t, "NEON", qemu, bin)
	})
	t.Run("windows", func(t *testing.T) {
		if !*long {
			t.Skip("builds for another platform: runs with -long")
		}
		w.build(t, "windows/amd64")
		w.build(t, "darwin/arm64")
		w.build(t, "js/wasm")
	})
}

// embedBench is a program that calls functions of packages, as Go source and as code by turns, and prints the median
// nanoseconds of both.
const embedBench = `package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/mtkc/mtkc/runtime/ode"
%[1]s)

func measure(name string, prob *ode.Problem, source, code func(t float64, u, p, out []float64), size int) {
	u, p, out := prob.U0, prob.P, make([]float64, size)
	time1 := func(f func(t float64, u, p, out []float64), n int) float64 {
		start := time.Now()
		for range n {
			f(0.5, u, p, out)
		}
		return float64(time.Since(start).Nanoseconds()) / float64(n)
	}
	n := 1 + int(2e5/time1(source, 100))
	var a, b, ratio []float64
	for range 41 {
		x, y := time1(source, n), time1(code, n)
		a, b, ratio = append(a, x), append(b, y), append(ratio, x/y)
	}
	slices.Sort(a)
	slices.Sort(b)
	slices.Sort(ratio)
	fmt.Println(name, a[20], b[20], ratio[20])
}

func main() {
%[2]s}
`

// BenchmarkEmbeddedCode compares functions as Go source with the same as embedded code: ns of both, and the time of source
// over that of code, medians of calls by turns in one process.
func BenchmarkEmbeddedCode(b *testing.B) {
	if _, err := libllvm.Find(); err != nil {
		b.Skip(err)
	}
	if err := native.Supported(); err != nil {
		b.Skip(err)
	}
	var imports, body strings.Builder
	w := newEmbedModule(b)
	for _, m := range []struct{ dir, model, n string }{
		{"lorenz", "Lorenz", ""}, {"pendulum", "Pendulum", ""}, {"robertson", "Robertson", ""}, {"pollution", "", ""}, {"planararm", "", ""}, {"servo", "", ""},
		{"brusselator", "Brusselator", ""}, {"brusselator", "Brusselator2D", "8"}, {"brusselator", "Brusselator2D", "32"}, {"rcladder", "", "20"},
	} {
		id := m.dir + m.model + m.n
		opt := mtkc.Options{Model: m.model, Go: mtkc.GoOptions{Package: "model", Dedicated: true}}
		if m.n != "" {
			opt.Args = map[string]string{"N": m.n}
		}
		c := mtkc.New(filepath.Join("examples", m.dir), opt)
		files, found := c.GoPackage(context.Background(), "model_mtk.go", mtkc.EmbedOptions{Least: 1})
		if err := found.Err(); err != nil {
			b.Fatal(err)
		}
		w.add(id, files, false)
		fmt.Fprintf(&imports, "\t%s \"embedtest/%s\"\n", id, id)
		fmt.Fprintf(&body, "\t{\n\t\tp, s := %s.NewProblem(nil), %s.NewKernels()\n\t\tk := p.NewKernels()\n", id, id)
		fmt.Fprintf(&body, "\t\tmeasure(\"%s/rhs/%d\", p, s.RHS, k.RHS, p.N())\n", id, c.Program().RHS.Work())
		fmt.Fprintf(&body, "\t\tmeasure(\"%s/jac/%d\", p, s.Jacobian, k.Jac, p.Jac.NNZ())\n\t}\n", id, c.Program().Jac.Work())
	}
	w.write("main.go", fmt.Appendf(nil, embedBench, imports.String(), body.String()))
	bin := w.build(b, "")
	for b.Loop() {
		out, err := exec.Command(bin).Output()
		if err != nil {
			b.Fatal(err)
		}
		for line := range strings.Lines(string(out)) {
			var name string
			var source, code, ratio float64
			if _, err := fmt.Sscan(line, &name, &source, &code, &ratio); err != nil {
				b.Fatal(err)
			}
			b.Logf("%-34s source %9.1f ns, code %9.1f ns, ratio %.2f", name, source, code, ratio)
			b.ReportMetric(ratio, name)
		}
	}
}

// embedModule is a module of generated packages.
type embedModule struct {
	t                      testing.TB
	dir                    string
	imports, table, sorted strings.Builder
}

func newEmbedModule(t testing.TB) *embedModule {
	t.Helper()
	w := &embedModule{t: t, dir: t.TempDir()}
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(mod), "\n")
	w.write("go.mod", []byte("module embedtest\n"+rest+"\nrequire github.com/mtkc/mtkc v0.0.0\n\nreplace github.com/mtkc/mtkc => "+root+"\n"))
	w.write("go.sum", sum)
	return w
}

func (w *embedModule) write(name string, text []byte) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// add puts a package into the module.
func (w *embedModule) add(pkg string, files []gogen.File, engines bool) {
	w.t.Helper()
	for _, f := range files {
		w.write(filepath.Join(pkg, f.Name), f.Text)
		if filepath.Ext(f.Name) != ".go" {
			continue
		}
		if text, err := format.Source(f.Text); err != nil || !bytes.Equal(text, f.Text) {
			w.t.Errorf("gofmt would change %s: %v", f.Name, err)
		}
	}
	id := strings.ReplaceAll(pkg, "/", "_")
	engine := "nil"
	if engines {
		engine = id + ".Engine"
	}
	fmt.Fprintf(&w.imports, "\t%s \"embedtest/%s\"\n", id, pkg)
	fmt.Fprintf(&w.table, "\t%q: {%s.Native(), %s.NewProblem(nil), %s},\n", pkg, id, id, engine)
	fmt.Fprintf(&w.sorted, "%q, ", pkg)
}

func (w *embedModule) main() {
	w.t.Helper()
	w.write("main.go", fmt.Appendf(nil, embedProgram, w.imports.String(), w.table.String(), w.sorted.String()))
}

// run runs a command in the module.
func (w *embedModule) run(words ...string) {
	w.t.Helper()
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=mod")
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("%v: %v\n%s", words, err, out)
	}
}

// build builds the program for a platform, "" is this one.
func (w *embedModule) build(t testing.TB, platform string, flags ...string) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "embed.exe")
	cmd := exec.Command("go", append(append([]string{"build", "-o", bin}, flags...), ".")...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=mod")
	if system, arch, ok := strings.Cut(platform, "/"); ok {
		cmd.Env = append(cmd.Env, "GOOS="+system, "GOARCH="+arch)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}
