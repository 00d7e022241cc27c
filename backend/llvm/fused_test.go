package llvm

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/fuse"
	"github.com/mtkc/mtkc/backend/llvm/libllvm"
	"github.com/mtkc/mtkc/backend/vm"
	"github.com/mtkc/mtkc/internal/modeltext"
	"github.com/mtkc/mtkc/runtime/ensemble"
	"github.com/mtkc/mtkc/structural"
)

// compile compiles a model of modeltext.
func compile(t testing.TB, text string) *backend.Program {
	t.Helper()
	return compileWith(t, text, backend.Options{})
}

func compileWith(t testing.TB, text string, opt backend.Options) *backend.Program {
	t.Helper()
	pl, list := structural.Analyze(modeltext.System(t, text), structural.Options{})
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	prog, list := backend.Lower(pl, opt)
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	return prog
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

// oracle integrates a batch by the kernels on the vm, one trajectory after the other.
func oracle(in *fuse.Integrator, s fuse.Settings, b *ensemble.Batch) {
	begin, step := vm.Function(in.Begin, in.Funcs), vm.Function(in.Step, in.Funcs)
	x, y, p := make([]float64, in.Slots), make([]float64, in.Slots), make([]float64, in.NPAll())
	in.Put(s, p)
	for i := range b.N {
		if b.Status[i] != fuse.Running {
			continue
		}
		clear(x)
		x[fuse.T], x[fuse.H], x[fuse.TEnd] = b.T[i], b.H[i], b.TEnd[i]
		x[fuse.Steps], x[fuse.Rejected] = float64(b.Steps[i]), float64(b.Rejected[i])
		u := b.U[i*in.N : (i+1)*in.N]
		copy(x[fuse.StateAt:], u)
		copy(p, b.P[i*in.NP:(i+1)*in.NP])
		begin(0, x, p, y)
		copy(x, y)
		k := 0
		for k < len(b.Save) && b.Save[k] <= x[fuse.T] {
			k++
		}
		for x[fuse.Status] == fuse.Running {
			step(0, x, p, y)
			copy(x, y)
			for ; k < len(b.Save) && b.Save[k] <= x[fuse.T]; k++ {
				x[fuse.TSave] = b.Save[k]
				at := (i*len(b.Save) + k) * in.N
				vm.Function(in.Save, in.Funcs)(0, x, p, b.Out[at:at+in.N])
			}
		}
		b.T[i], b.H[i], b.Status[i] = x[fuse.T], x[fuse.H], ensemble.Status(x[fuse.Status])
		b.Steps[i], b.Rejected[i] = int64(x[fuse.Steps]), int64(x[fuse.Rejected])
		copy(u, x[fuse.StateAt:])
	}
}

// batch makes trajectories with random parameters and ends.
func batch(prog *backend.Program, rng *rand.Rand, n int, save []float64, tend float64) *ensemble.Batch {
	m := &prog.Meta
	b := &ensemble.Batch{N: n, T: make([]float64, n), TEnd: make([]float64, n), Save: save, Status: make([]ensemble.Status, n), H: make([]float64, n), Steps: make([]int64, n), Rejected: make([]int64, n)}
	b.Out = make([]float64, n*len(save)*len(m.U0))
	for i := range n {
		b.TEnd[i] = tend * (0.5 + rng.Float64()/2)
		for _, u := range m.U0 {
			b.U = append(b.U, u+0.1*rng.Float64())
		}
		for _, p := range m.P {
			b.P = append(b.P, p*(0.8+0.4*rng.Float64()))
		}
		switch {
		case i%11 == 5:
			b.TEnd[i] = 0 // ends before it begins
		case i%11 == 7:
			b.Status[i] = fuse.Event // is not to be touched
		case i%11 == 9:
			b.U[len(b.U)-1] = math.NaN()
		}
		b.H[i] = []float64{0, 0.01}[i%2]
	}
	return b
}

func copyBatch(b *ensemble.Batch) *ensemble.Batch {
	c := *b
	c.T, c.TEnd, c.U, c.P, c.Out = clone(b.T), clone(b.TEnd), clone(b.U), clone(b.P), clone(b.Out)
	c.H, c.Status, c.Steps, c.Rejected = clone(b.H), clone(b.Status), clone(b.Steps), clone(b.Rejected)
	return &c
}

func clone[T any](x []T) []T { return append([]T(nil), x...) }

// sameBatch compares every bit of two batches.
func sameBatch(t *testing.T, what string, got, want *ensemble.Batch) {
	t.Helper()
	for i := range want.N {
		if got.Status[i] != want.Status[i] || got.Steps[i] != want.Steps[i] || got.Rejected[i] != want.Rejected[i] || !same(got.T[i], want.T[i]) || !same(got.H[i], want.H[i]) {
			t.Fatalf("%s: trajectory %d: status %d at %v after %d + %d steps, next %v; the vm has %d at %v after %d + %d, next %v", what, i,
				got.Status[i], got.T[i], got.Steps[i], got.Rejected[i], got.H[i], want.Status[i], want.T[i], want.Steps[i], want.Rejected[i], want.H[i])
		}
	}
	for i := range want.U {
		if !same(got.U[i], want.U[i]) {
			t.Fatalf("%s: entry %d of U is %v, the vm has %v", what, i, got.U[i], want.U[i])
		}
	}
	for i := range want.Out {
		if !same(got.Out[i], want.Out[i]) {
			t.Fatalf("%s: entry %d of the output is %v, the vm has %v", what, i, got.Out[i], want.Out[i])
		}
	}
}

// The run loop gives the bits of the kernels on the vm: any number of lanes, with and without times to
// save, in one call or many.
func TestEnsemble(t *testing.T) {
	libs := libraries(t)
	prog := compile(t, lorenz)
	save := []float64{0, 0.1, 0.11, 0.5, 1.7, 3}
	for _, dense := range []bool{false, true} {
		in, err := fuse.New(prog, "Tsit5", fuse.Options{Dense: dense})
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(1, 2))
		b := batch(prog, rng, 75, nil, 3)
		if dense {
			b = batch(prog, rng, 75, save, 3)
		}
		settings := fuse.Settings{RelTol: 1e-6, AbsTol: []float64{1e-6}, MaxSteps: 90}
		want := copyBatch(b)
		oracle(in, settings, want)
		ended := map[ensemble.Status]int{}
		for _, s := range want.Status {
			ended[s]++
		}
		t.Log("trajectories by status: ", ended)
		for k, lanes := range []int{1, 2, 4, 8, 16} {
			e, err := NewEnsemble(in, EnsembleOptions{Lanes: lanes, Library: libs[k%len(libs)]})
			if err != nil {
				t.Fatal(err)
			}
			g, err := e.Engine(settings)
			if err != nil {
				t.Fatal(err)
			}
			for _, budget := range []int64{1000000, 7} {
				g.Budget = budget
				got := copyBatch(b)
				if err := g.Run(context.Background(), got); err != nil {
					t.Fatal(err)
				}
				sameBatch(t, g.Name(), got, want)
			}
			t.Logf("%s: text %v, code %v", g.Name(), e.Text, e.Compile)
		}
	}
}

// ring is Lorenz's model of 1996 with n states.
func ring(n int) string {
	var b strings.Builder
	b.WriteString("param F = 8\n")
	for i := range n {
		fmt.Fprintf(&b, "var x%d = %v fixed\n", i, 8+0.01*float64(i%5))
	}
	for i := range n {
		fmt.Fprintf(&b, "der(x%d) = (x%d - x%d)*x%d - x%d + F\n", i, (i+1)%n, (i+n-2)%n, (i+n-1)%n, i)
	}
	return b.String()
}

// Large models, whose state stays in memory, straight or in loops; stiff methods; elementary functions;
// chemistry after Robertson.
func TestEnsembleMethods(t *testing.T) {
	libs := libraries(t)
	const robertson = `
		param k1 = 0.04
		param k2 = 3e7
		param k3 = 1e4
		var a = 1 fixed
		var b = 0 fixed
		var c = 0 fixed
		der(a) = -k1*a + k3*b*c
		der(b) = k1*a - k3*b*c - k2*b*b
		der(c) = k2*b*b`
	const waves = `
		param w = 3
		var x = 1 fixed
		var y = 0 fixed
		der(x) = sin(w*time)*exp(-x*x) - y
		der(y) = tanh(x) + cos(y)^1.5`
	const angles = `
		param w = 36000000000000
		var x = 1 fixed
		var y = 0 fixed
		der(x) = sin(w*x) - y
		der(y) = cos(100000*w) + 0.01*tan(1e280*w) + x`
	for k, c := range []struct {
		name, text, method string
		roll               backend.Options
		tend               float64
	}{
		{"angles", angles, "Tsit5", backend.Options{}, 0.1},
		{"ring 50", ring(50), "Tsit5", backend.Options{RollFrom: math.MaxInt}, 0.5},
		{"ring 50 in loops", ring(50), "Tsit5", backend.Options{RollFrom: 1}, 0.5},
		{"robertson", robertson, "Rodas5P", backend.Options{}, 100},
		{"waves", waves, "Vern7", backend.Options{}, 5},
	} {
		prog := compileWith(t, c.text, c.roll)
		in, err := fuse.New(prog, c.method, fuse.Options{Dense: true})
		if err != nil {
			t.Fatal(err)
		}
		settings := fuse.Settings{RelTol: 1e-6, AbsTol: []float64{1e-8}}
		b := batch(prog, rand.New(rand.NewPCG(3, 2)), 21, []float64{0.1 * c.tend, 0.11 * c.tend, 0.9 * c.tend}, c.tend)
		want := copyBatch(b)
		oracle(in, settings, want)
		for _, lanes := range []int{1, 8, 16} {
			e, err := NewEnsemble(in, EnsembleOptions{Lanes: lanes, Library: libs[k%len(libs)]})
			if err != nil {
				t.Fatal(err)
			}
			g, err := e.Engine(settings)
			if err != nil {
				t.Fatal(err)
			}
			for _, budget := range []int64{1000, 3} {
				g.Budget = budget
				got := copyBatch(b)
				if err := g.Run(context.Background(), got); err != nil {
					t.Fatal(err)
				}
				sameBatch(t, c.name+", "+g.Name(), got, want)
			}
			t.Logf("%s, %s: %d operations, %d of code, text %v, code %v", c.name, g.Name(), in.Step.Work(), in.Step.Ops(), e.Text, e.Compile)
		}
	}
}

// BenchmarkLorenz is the ensemble of testdata/bench/lorenz.c: 10,000 trajectories to t = 10 at tolerances 1e-6 with
// random parameters. They run by turns; "ratio" is the time of C over that of the lanes, with the same
// logarithm and power in the controller or with those of libm, each the least of the repeats. The kinds of processors are those that code is embedded for, as
// far as this one can run it.
func BenchmarkLorenz(b *testing.B) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		b.Skip("no gcc in PATH")
	}
	dir := b.TempDir()
	for name, flag := range map[string]string{"plain": "-DPLAIN", "libm": "-DLIBM"} {
		if out, err := exec.Command(gcc, "-O3", "-march=native", flag, "testdata/bench/lorenz.c", "-o", filepath.Join(dir, name), "-lm").CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
	libraries(b)
	const n = 10000
	inC := func(name string) (ns float64, steps, rejected int64) {
		out, err := exec.Command(filepath.Join(dir, name), strconv.Itoa(n)).Output()
		if err != nil {
			b.Fatal(err)
		}
		var count int
		if _, err := fmt.Sscan(string(out), &count, &ns, &steps, &rejected); err != nil {
			b.Fatal(err)
		}
		return ns, steps, rejected
	}
	prog := compile(b, lorenz)
	in, err := fuse.New(prog, "Tsit5", fuse.Options{})
	if err != nil {
		b.Fatal(err)
	}
	base := &ensemble.Batch{N: n, T: make([]float64, n), H: make([]float64, n), Status: make([]ensemble.Status, n), Steps: make([]int64, n), Rejected: make([]int64, n)}
	seed := uint64(1)
	at := map[string]int{}
	for i, p := range prog.Meta.Params {
		at[p.Name] = i
	}
	for range n {
		seed = seed*6364136223846793005 + 1442695040888963407
		p := clone(prog.Meta.P)
		p[at["s"]], p[at["r"]], p[at["b"]] = 10, 10+40*float64(seed>>11)*0x1p-53, 8./3
		base.TEnd = append(base.TEnd, 10)
		base.U = append(base.U, 1, 0, 0)
		base.P = append(base.P, p...)
	}
	tools, err := newToolchain(nil)
	if err != nil {
		b.Fatal(err)
	}
	type machine struct {
		name   string
		target libllvm.Target
		lanes  int
	}
	var machines []machine
	for _, lanes := range []int{1, 4, 8, 16} {
		machines = append(machines, machine{fmt.Sprint("W=", lanes), tools.Host, lanes})
	}
	for _, p := range Processors() {
		if p.Arch == runtime.GOARCH && (p.Name != "avx512" || hasFeature(tools.Host, "avx512f")) {
			machines = append(machines, machine{p.Name, p.target(), 0})
		}
	}
	for _, x := range machines {
		b.Run(x.name, func(b *testing.B) {
			m := newModule(tools.target())
			e := &Ensemble{loop: m.runLoop(in, "run", shapeFor(in, x.target, x.lanes))}
			mod, _, _, err := tools.load(m.text(""), libllvm.Options{Level: 1, Target: x.target})
			if err != nil {
				b.Fatal(err)
			}
			if e.loop.Code, err = mod.Func("run"); err != nil {
				b.Fatal(err)
			}
			g, err := e.Engine(fuse.Settings{RelTol: 1e-6, AbsTol: []float64{1e-6}})
			if err != nil {
				b.Fatal(err)
			}
			defer g.Close()
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			var own, c, libm []float64
			var steps, rejected int64
			for b.Loop() {
				ns, s, r := inC("plain")
				c = append(c, ns)
				ns, _, _ = inC("libm")
				libm = append(libm, ns)
				batch := copyBatch(base)
				start := threadTime()
				if err := g.Run(context.Background(), batch); err != nil {
					b.Fatal(err)
				}
				own = append(own, threadTime()-start)
				steps, rejected = -s, -r
				for i := range n {
					steps += batch.Steps[i]
					rejected += batch.Rejected[i]
				}
			}
			fast, plain, slow := slices.Min(own), slices.Min(c), slices.Min(libm)
			b.ReportMetric(plain/n/1000, "C-us/traj")
			b.ReportMetric(fast/n/1000, "us/traj")
			b.ReportMetric(plain/fast, "ratio")
			b.ReportMetric(slow/fast, "ratio-libm")
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(steps), "more-steps")
			b.ReportMetric(float64(rejected), "more-rejected")
		})
	}
}

// threadTime and processTime are the processor times of this thread and of all threads in
// nanoseconds.
func threadTime() float64  { return processor(3) } // CLOCK_THREAD_CPUTIME_ID
func processTime() float64 { return processor(2) } // CLOCK_PROCESS_CPUTIME_ID

func processor(clock uintptr) float64 {
	var t syscall.Timespec
	if _, _, e := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clock, uintptr(unsafe.Pointer(&t)), 0); e != 0 {
		return float64(time.Now().UnixNano())
	}
	return float64(t.Nano())
}
