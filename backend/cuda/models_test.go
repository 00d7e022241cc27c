package cuda

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/elementary"
	"github.com/mtkc/mtkc/backend/fuse"
	"github.com/mtkc/mtkc/backend/llvm"
	"github.com/mtkc/mtkc/backend/llvm/libllvm"
	"github.com/mtkc/mtkc/internal/modeltext"
	"github.com/mtkc/mtkc/structural"
)

// compileWith compiles a model of modeltext.
func compileWith(t testing.TB, text string, opt backend.Options) *backend.Program {
	t.Helper()
	plan, list := structural.Analyze(modeltext.System(t, text), structural.Options{})
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	prog, list := backend.Lower(plan, opt)
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	return prog
}

// problem is a model with a method.
type problem struct {
	name   string
	text   string
	method string
	opt    fuse.Options
	end    float64
	rtol   float64
	atol   float64
}

const lorenz = `
	param s = 10
	param r = 28
	param b = 8/3
	var x = 1 fixed
	var y = 0 fixed
	var z = 0 fixed
	der(x) = s*(y - x)
	der(y) = x*(r - z) - y
	der(z) = x*y - b*z`

const robertson = `
	param k1 = 0.04
	param k2 = 3e7
	param k3 = 1e4
	var x = 1 fixed
	var y = 0 fixed
	var z = 0 fixed
	der(x) = k3*y*z - k1*x
	der(y) = k1*x - k3*y*z - k2*y*y
	der(z) = k2*y*y`

// Hairer, Wanner, Solving ODEs II, (IV.10.1).
const hires = `
	param k = 280
	var y1 = 1 fixed
	var y2 = 0 fixed
	var y3 = 0 fixed
	var y4 = 0 fixed
	var y5 = 0 fixed
	var y6 = 0 fixed
	var y7 = 0 fixed
	var y8 = 0.0057 fixed
	der(y1) = -1.71*y1 + 0.43*y2 + 8.32*y3 + 0.0007
	der(y2) = 1.71*y1 - 8.75*y2
	der(y3) = -10.03*y3 + 0.43*y4 + 0.035*y5
	der(y4) = 8.32*y2 + 1.71*y3 - 1.12*y4
	der(y5) = -1.745*y5 + 0.43*(y6 + y7)
	der(y6) = -k*y6*y8 + 0.69*y4 + 1.71*y5 - 0.43*y6 + 0.69*y7
	der(y7) = k*y6*y8 - 1.81*y7
	der(y8) = 1.81*y7 - k*y6*y8`

// A driven pendulum: elementary functions, and time in the equations.
const pendulum = `
	param l = 1
	param a = 1.2
	var phi = 2 fixed
	var w = 0 fixed
	der(phi) = w
	der(w) = -9.81/l*sin(phi) - 0.1*w + a*cos(2*time)*exp(-0.1*time)`

// Angles on both sides of 2^45.
const angles = `
	param w = 36000000000000
	var x = 1 fixed
	var y = 0 fixed
	der(x) = sin(w*x) - y
	der(y) = cos(100000*w) + 0.01*tan(1e280*w) + x`

// An index-1 system: Robertson's reaction with the sum of masses as an equation.
const reaction = `
	param k1 = 0.04
	param k2 = 3e7
	param k3 = 1e4
	var x = 1 fixed
	var y = 0 fixed
	var z = 0
	der(x) = k3*y*z - k1*x
	der(y) = k1*x - k3*y*z - k2*y*y
	x + y + z = 1 + 0.001*z*z*z`

// A body that bounces off a spring: the relation x < 0 changes.
const spring = `
	param k = 100
	var x = 1 fixed
	var v = 0 fixed
	der(x) = v
	der(v) = -9.81 + (if x < 0 then -k*x else 0)`

// A ball that bounces.
const ball = `
	param e = 0.8
	param g = 10
	var h = 1 fixed
	var v = 0 fixed
	der(h) = v
	der(v) = -g - 0.01*v*abs(v)
	when h <= 0 then reinit v = -e*v`

var problems = []problem{
	{"ball-tsit5-events", ball, "Tsit5", fuse.Options{Dense: true, Events: true}, 3, 1e-7, 1e-7},
	{"lorenz-tsit5", lorenz, "Tsit5", fuse.Options{}, 10, 1e-6, 1e-6},
	{"lorenz-tsit5-dense", lorenz, "Tsit5", fuse.Options{Dense: true}, 10, 1e-6, 1e-6},
	{"lorenz-vern7", lorenz, "Vern7", fuse.Options{}, 10, 1e-9, 1e-9},
	{"pendulum-tsit5-dense", pendulum, "Tsit5", fuse.Options{Dense: true}, 5, 1e-7, 1e-9},
	{"angles-tsit5", angles, "Tsit5", fuse.Options{}, 0.1, 1e-6, 1e-8},
	{"spring-tsit5-events", spring, "Tsit5", fuse.Options{Events: true, Dense: true}, 3, 1e-7, 1e-9},
	{"robertson-rodas5p", robertson, "Rodas5P", fuse.Options{}, 1e5, 1e-6, 1e-10},
	{"robertson-rodas5p-dense", robertson, "Rodas5P", fuse.Options{Dense: true}, 1e5, 1e-6, 1e-10},
	{"robertson-kvaerno5", robertson, "Kvaerno5", fuse.Options{}, 1e5, 1e-6, 1e-10},
	{"reaction-rodas5p", reaction, "Rodas5P", fuse.Options{}, 1e3, 1e-6, 1e-9},
	{"brusselator-tsit5-loops", brusselator2D(3), "Tsit5", fuse.Options{Dense: true}, 1, 1e-6, 1e-9},
	{"hires-rodas5p", hires, "Rodas5P", fuse.Options{}, 321.8122, 1e-6, 1e-10},
	{"network-rodas5p", network(12), "Rodas5P", fuse.Options{}, 2, 1e-6, 1e-9}, // a long step
}

func named(name string) *problem {
	return &problems[slices.IndexFunc(problems, func(p problem) bool { return p.name == name })]
}

func (p *problem) settings() fuse.Settings {
	return fuse.Settings{RelTol: p.rtol, AbsTol: []float64{p.atol}}
}

// integrator makes the kernels of the problem.
func (p *problem) integrator(t testing.TB) (*backend.Program, *fuse.Integrator) {
	t.Helper()
	opt := backend.Options{}
	if strings.HasSuffix(p.name, "-loops") {
		opt = backend.Options{RollFrom: 1, MinLoop: 2}
	}
	prog := compileWith(t, p.text, opt)
	in, err := fuse.New(prog, p.method, p.opt)
	if err != nil {
		t.Fatalf("%s: %v", p.name, err)
	}
	// The vm calls the functions of package math where kernels have elementary functions left.
	in.Begin, in.Step = elementary.Lower(in.Begin), elementary.Lower(in.Step)
	if in.Save != nil {
		in.Save = elementary.Lower(in.Save)
	}
	return prog, in
}

// loop makes PTX of the run loop by libLLVM, or reads what TestWriteLoops wrote to MTKC_PTX;
// the test is skipped where there is neither.
func (p *problem) loop(t testing.TB, in *fuse.Integrator) *llvm.PTXKernel {
	t.Helper()
	if dir := os.Getenv("MTKC_PTX"); dir != "" {
		text, err := os.ReadFile(filepath.Join(dir, p.name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		k := new(llvm.PTXKernel)
		if err := json.Unmarshal(text, k); err != nil {
			t.Fatal(err)
		}
		return k
	}
	lib, err := libllvm.Find()
	if err != nil {
		t.Skip(err)
	}
	k, err := llvm.PTX(in, "sm_70", lib)
	if err != nil {
		t.Fatalf("%s: %v", p.name, err)
	}
	return k
}

// TestWriteLoops writes the kernels to the folder MTKC_PTX_WRITE, for a machine with a GPU
// that has no libLLVM.
func TestWriteLoops(t *testing.T) {
	dir := os.Getenv("MTKC_PTX_WRITE")
	if dir == "" {
		t.Skip("MTKC_PTX_WRITE is not set")
	}
	write := func(name string, v any) {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".json"), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range problems {
		_, in := p.integrator(t)
		write(p.name, p.loop(t, in))
	}
	for k := range large {
		_, m := largeModule(t, k)
		write(large[k].name, m)
	}
	_, m := moduleOf(t, "brusselator-large", brusselator2D(side), backend.Options{})
	write("brusselator-large", m)
}
