package native

import (
	"runtime"
	"strings"
	"testing"
)

// A kernel as a function of Go gets all its arguments, of arrays that are longer or have room behind their ends too.
func TestKernel(t *testing.T) {
	m, s := load(t, "kernels"), stack(t)
	if runtime.GOOS == "linux" && runtime.GOARCH == "amd64" && !direct {
		t.Errorf("kernels are called by way of the wrapper with %s: see whether its ABI (abi-internal.md in cmd/compile) still is that of direct_amd64.s, and extend the build tags there", runtime.Version())
	}
	z := 32.0
	f := function(t, m, "arguments").Kernel(s, 1, 2, 1, &z)
	u, p := []float64{1, 7, 7}, []float64{16, 5}
	for range 3 {
		runtime.GC()
		out := make([]float64, 1, 4)
		if f(0.5, u[:1], p, out); out[0] != 0.5+2+4*16+8*32 {
			t.Errorf("out %v", out)
		}
		if f(0.25, u, p, out); out[0] != 0.25+2+4*16+8*32 {
			t.Errorf("out %v", out)
		}
		if f(0.75, u[:0], p, out[:0]); out[0] != 0.75+2+4*16+8*32 { // there is room behind the ends
			t.Errorf("out %v", out)
		}
	}
	out := []float64{0}
	if n := testing.AllocsPerRun(100, func() { f(0, u, p, out) }); n > 0 {
		t.Errorf("%v allocations", n)
	}

	// The registers that Go wants back: numbers and pointers that live over the call.
	lorenz := function(t, m, "lorenz").Kernel(s, 3, 3, 3, nil)
	a, b, c := 1.5, 2.5, &out
	for i := range 1000 {
		x := []float64{float64(i), 2, 3}
		du := make([]float64, 3)
		lorenz(0, x, []float64{10, 28, 2}, du)
		if du[0] != 10*(2-float64(i)) || a+float64(i) != 1.5+float64(i) || b != 2.5 || c != &out {
			t.Fatalf("call %d: %v", i, du)
		}
	}
}

// Short arrays and closed stacks are errors of Go, as they are without machine code.
func TestKernelChecks(t *testing.T) {
	m, s := load(t, "kernels"), stack(t)
	f := function(t, m, "lorenz").Kernel(s, 3, 3, 3, nil)
	good := []float64{1, 2, 3}
	short := []float64{1, 2}
	fails := func(what, want string, u, p, out []float64) {
		t.Helper()
		defer func() {
			t.Helper()
			r := recover()
			text := ""
			if e, ok := r.(error); ok {
				text = e.Error()
			} else if s, ok := r.(string); ok {
				text = s
			}
			if !strings.Contains(text, want) {
				t.Errorf("%s: %v", what, r)
			}
		}()
		f(0, u, p, out)
	}
	fails("short u", "slice bounds out of range [:3] with capacity 2", short, good, good)
	fails("short p", "slice bounds out of range [:3] with capacity 2", good, short, good)
	fails("short out", "slice bounds out of range [:3] with capacity 2", good, good, short)
	fails("no u", "slice bounds out of range [:3] with capacity 0", nil, good, good)
	f(0, good, good, make([]float64, 3))
	s.Close()
	fails("closed stack", closedStack, good, good, good)
}

func BenchmarkKernel(b *testing.B) {
	m, s := load(b, "kernels"), stack(b)
	f := function(b, m, "lorenz").Kernel(s, 3, 3, 3, nil)
	u, p, out := []float64{1, 2, 3}, []float64{10, 28, 8. / 3}, make([]float64, 3)
	for b.Loop() {
		f(0, u, p, out)
	}
}
