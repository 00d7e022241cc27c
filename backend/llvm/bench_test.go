package llvm

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"unsafe"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/runtime/native"
)

// network makes the right-hand side of a mass-action network of about n operations: each reaction is
// a rate of two species, added to three.
func network(n int) *backend.Kernel {
	rng := rand.New(rand.NewPCG(8, 8))
	b := backend.NewBuilder("network")
	species := max(n/12, 3)
	du := make([]backend.Ref, species)
	for i := range du {
		du[i] = b.Number(0)
	}
	for ops := 0; ops < n; ops += 6 {
		i, j, k := rng.IntN(species), rng.IntN(species), rng.IntN(species)
		rate := b.Emit(backend.Mul, b.Input(backend.P, rng.Int32N(int32(species))), b.Emit(backend.Mul, b.Input(backend.U, int32(i)), b.Input(backend.U, int32(j))))
		du[i] = b.Emit(backend.Sub, du[i], rate)
		du[j] = b.Emit(backend.Sub, du[j], rate)
		du[k] = b.Emit(backend.Add, du[k], b.Emit(backend.Mul, rate, b.Number(2)))
	}
	for i, v := range du {
		b.Output(backend.Main, i, v)
	}
	return b.Finish()
}

// BenchmarkCompile measures how the time of compilation grows with the code, whole and cut, and
// how fast the code is.
func BenchmarkCompile(b *testing.B) {
	libraries(b)
	tools, err := newToolchain(libraries(b)[0])
	if err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{100, 1000, 10_000, 100_000} {
		k := network(n)
		species := len(k.Out)
		for _, level := range []Level{Fast, Normal} {
			for _, chunk := range []int{250, 500, math.MaxInt} {
				if chunk == math.MaxInt && n > 10_000 {
					continue // takes minutes
				}
				name := fmt.Sprintf("ops=%d/level=%v/chunk=%d", n, []string{"normal", "fast"}[level], chunk)
				if chunk == math.MaxInt {
					name = fmt.Sprintf("ops=%d/level=%v/whole", n, []string{"normal", "fast"}[level])
				}
				b.Run(name, func(b *testing.B) {
					runtime.LockOSThread()
					defer runtime.UnlockOSThread()
					var text, code, run float64
					var size int
					for b.Loop() {
						start := threadTime()
						target := tools.target()
						target.Chunk = chunk
						m := newModule(target)
						e := m.kernel(k, "f", 1, species)
						ir := m.text("")
						text += threadTime() - start
						start = processTime()
						mod, n, _, err := tools.load(ir, Options{}.compile(level))
						if err != nil {
							b.Fatal(err)
						}
						code += processTime() - start
						size = n
						f, _ := mod.Func("f")
						run = timeOf(b, f, e, species)
					}
					b.ReportMetric(text/float64(b.N)/1e6, "text-ms")
					b.ReportMetric(code/float64(b.N)/1e6, "code-ms")
					b.ReportMetric(run/float64(k.Ops()), "ns/op-run")
					b.ReportMetric(float64(size)/float64(k.Ops()), "bytes/op")
					b.ReportMetric(0, "ns/op")
				})
			}
		}
	}
}

// BenchmarkRHS compares the code with what gcc -O3 -march=native makes of the same operations written in C.
// "ratio" is the time of LLVM's over that of gcc's.
func BenchmarkRHS(b *testing.B) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		b.Skip("no gcc in PATH")
	}
	tools, err := newToolchain(libraries(b)[0])
	if err != nil {
		b.Fatal(err)
	}
	for _, species := range []int{20, 200, 2000} {
		k := network(12 * species)
		b.Run(fmt.Sprint("species=", species), func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			dir := b.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "f.c"), inC(k), 0o644); err != nil {
				b.Fatal(err)
			}
			cmd := exec.Command(gcc, "-O3", "-march=native", "-fPIC", "-c", "f.c", "-o", "f.o")
			cmd.Dir = dir
			if msg, err := cmd.CombinedOutput(); err != nil {
				b.Fatalf("%v\n%s", err, msg)
			}
			object, err := os.ReadFile(filepath.Join(dir, "f.o"))
			if err != nil {
				b.Fatal(err)
			}
			c, err := native.Load(object)
			if err != nil {
				b.Fatal(err)
			}
			inC, _ := c.Func("f")
			m := newModule(tools.target())
			e := m.kernel(k, "f", 1, species)
			mod, _, _, err := tools.load(m.text(""), Options{}.compile(Normal))
			if err != nil {
				b.Fatal(err)
			}
			f, _ := mod.Func("f")
			var own, other []float64
			for b.Loop() {
				own = append(own, timeOf(b, f, e, species))
				other = append(other, timeOf(b, inC, e, species))
			}
			slices.Sort(own)
			slices.Sort(other)
			mid := len(own) / 2
			b.ReportMetric(own[mid], "ns/call")
			b.ReportMetric(other[mid], "C-ns/call")
			b.ReportMetric(own[mid]/other[mid], "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// inC writes a kernel of sums and products in C.
func inC(k *backend.Kernel) []byte {
	var c bytes.Buffer
	c.WriteString("void f(double t, const double *restrict u, const double *restrict p, double *restrict out, double *w) {\n")
	o := 0
	for r, in := range k.Code {
		fmt.Fprintf(&c, "\tdouble v%d = ", r)
		switch in.Op {
		case backend.Const:
			fmt.Fprintf(&c, "%g;\n", k.Consts[in.A])
		case backend.U:
			fmt.Fprintf(&c, "u[%d];\n", in.A)
		case backend.P:
			fmt.Fprintf(&c, "p[%d];\n", in.A)
		default:
			fmt.Fprintf(&c, "v%d %s v%d;\n", in.A, map[backend.Op]string{backend.Add: "+", backend.Sub: "-", backend.Mul: "*"}[in.Op], in.B)
		}
		for ; o < len(k.Out) && int(k.Out[o].Val) == r; o++ {
			fmt.Fprintf(&c, "\tout[%d] = v%d;\n", k.Out[o].Index, r)
		}
	}
	c.WriteString("}\n")
	return c.Bytes()
}

// timeOf is the time of a call in nanoseconds, the least of several measurements.
func timeOf(b *testing.B, f *native.Func, e Entry, n int) float64 {
	stack, err := native.NewStack()
	if err != nil {
		b.Fatal(err)
	}
	defer stack.Close()
	u, p, out, w := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, e.Scratch+1)
	for i := range u {
		u[i], p[i] = 1, 1e-3
	}
	best := math.Inf(1)
	for range 7 {
		calls := 2_000_000/(n*12) + 1
		start := threadTime()
		for range calls {
			f.CallKernel(stack, 0, unsafe.SliceData(u), unsafe.SliceData(p), unsafe.SliceData(out), unsafe.SliceData(w))
		}
		best = min(best, (threadTime()-start)/float64(calls))
	}
	return best
}
