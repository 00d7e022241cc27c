package native

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// read reads a test object of this machine.
func read(t testing.TB, name string) []byte {
	t.Helper()
	if err := Supported(); err != nil {
		t.Skip(err)
	}
	b, err := os.ReadFile("testdata/" + name + "_" + runtime.GOARCH + ".o")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func load(t testing.TB, name string) *Module {
	t.Helper()
	m, err := Load(read(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func function(t testing.TB, m *Module, name string) *Func {
	t.Helper()
	f, err := m.Func(name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func stack(t testing.TB) *Stack {
	t.Helper()
	s, err := NewStack()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// variants are the test objects that hold the functions of kernels.c: position
// independent code, and the code models that ask for other relocations.
func variants() []string {
	if runtime.GOARCH == "arm64" {
		return []string{"kernels", "large", "tiny"}
	}
	return []string{"kernels", "low", "large"}
}

type tables struct {
	i          int
	a, b, c, d float64
}

type jump struct{ i, r int64 }

type memory struct {
	to, from unsafe.Pointer
	n        int
	value    int
	result   int
}

func TestKernels(t *testing.T) {
	for _, name := range variants() {
		t.Run(name, func(t *testing.T) { testKernels(t, load(t, name)) })
	}
}

func testKernels(t *testing.T, m *Module) {
	s := stack(t)

	u, p, out := [3]float64{1, 2, 3}, [3]float64{10, 28, 8. / 3}, [3]float64{}
	function(t, m, "lorenz").CallKernel(s, 0, &u[0], &p[0], &out[0], nil)
	if want := [3]float64{10, 23, 2 - 8./3*3}; out != want {
		t.Errorf("lorenz: %v, not %v", out, want)
	}
	w := 0.0
	x, y, z := 1.0, 16.0, 32.0
	function(t, m, "arguments").CallKernel(s, 0.5, &x, &y, &w, &z)
	if want := 0.5 + 2 + 4*16 + 8*32; w != want {
		t.Errorf("arguments: %v, not %v", w, want)
	}

	coefficient := 1.0
	for i := range 8 {
		a := tables{i: i}
		function(t, m, "tables").Call(s, unsafe.Pointer(&a))
		want := tables{i, coefficient, [4]float64{3, 5, 7, 11}[i%4], [3]float64{6, 24, 4}[i%3], 14}
		if a != want {
			t.Errorf("tables: %v, not %v", a, want)
		}
		coefficient /= 2
	}

	count := function(t, m, "count")
	for i := range 10 {
		var n int
		count.Call(s, unsafe.Pointer(&n))
		if want := 3 * (i + 1); n != want {
			t.Errorf("count: %d, not %d", n, want)
		}
	}
	common := function(t, m, "common")
	for i := range 3 {
		var n int
		common.Call(s, unsafe.Pointer(&n))
		if n != i+1 {
			t.Errorf("common: %d, not %d", n, i+1)
		}
	}

	for i, want := range []int64{301, 100 ^ 0x55, 83, 800, -100, 2, 10000, ^100, 33, 100 | 0xff00, 0} {
		a := jump{int64(i), 100}
		function(t, m, "jump").Call(s, unsafe.Pointer(&a))
		if a.r != want {
			t.Errorf("jump %d: %d, not %d", i, a.r, want)
		}
	}

	for _, f := range []struct {
		name string
		want int
	}{{"frame", 600 * 599 / 2}, {"aligned", 0}, {"weak", 1}} {
		n := -1
		function(t, m, f.name).Call(s, unsafe.Pointer(&n))
		if n != f.want {
			t.Errorf("%s: %d, not %d", f.name, n, f.want)
		}
		n = -1
		function(t, m, f.name).CallLong(s, unsafe.Pointer(&n))
		if n != f.want {
			t.Errorf("%s, long call: %d, not %d", f.name, n, f.want)
		}
	}
	testMemory(t, m, s)
}

// The routines of the C library that come with the loader, against Go's copy and
// bytes.Compare.
func testMemory(t *testing.T, m *Module, s *Stack) {
	copy_, move, set, compare := function(t, m, "copy"), function(t, m, "move"), function(t, m, "set"), function(t, m, "compare")
	rng := rand.New(rand.NewPCG(1, 2))
	buf, want := make([]byte, 200), make([]byte, 200)
	for range 2000 {
		for i := range buf {
			buf[i] = byte(rng.Uint32())
		}
		copy(want, buf)
		n, to, from := rng.IntN(80), rng.IntN(100), rng.IntN(100)
		a := memory{unsafe.Pointer(&buf[to]), unsafe.Pointer(&buf[from]), n, rng.IntN(256), -1}
		name := "move"
		switch rng.IntN(3) {
		case 0:
			copy(want[to:to+n], want[from:from+n])
			move.Call(s, unsafe.Pointer(&a))
		case 1:
			name = "set"
			for i := range n {
				want[to+i] = byte(a.value)
			}
			set.Call(s, unsafe.Pointer(&a))
		case 2:
			name = "copy"
			if to < from+n && from < to+n {
				continue // memcpy takes no overlap
			}
			copy(want[to:to+n], want[from:from+n])
			copy_.Call(s, unsafe.Pointer(&a))
		}
		if !bytes.Equal(buf, want) || a.result != 1 {
			t.Fatalf("%s of %d bytes from %d to %d", name, n, from, to)
		}
		b := memory{unsafe.Pointer(&buf[to]), unsafe.Pointer(&buf[from]), n, 0, 99}
		if rng.IntN(2) == 0 {
			copy(buf[to:to+n], buf[from:from+n])
		}
		compare.Call(s, unsafe.Pointer(&b))
		// The result is an int of C.
		got := int(int32(b.result))
		switch want := bytes.Compare(buf[to:to+n], buf[from:from+n]); {
		case want < 0 && got >= 0, want > 0 && got <= 0, want == 0 && got != 0:
			t.Fatalf("compare of %d bytes at %d and %d: %d, not %d", n, to, from, got, want)
		}
	}
}

// What llc makes.
func TestIR(t *testing.T) {
	m, s := load(t, "ir"), stack(t)
	kernel := function(t, m, "kernel")
	u, out := 0.5, 0.0
	kernel.CallKernel(s, 2, &u, nil, &out, nil)
	if want := (0.5*3.141592653589793 + 3.5) * 0.125; out != want {
		t.Errorf("kernel: %v, not %v", out, want)
	}
	a := [4]float64{1, 2, 3, 4}
	function(t, m, "lanes").Call(s, unsafe.Pointer(&a))
	tenth, three := 0.1, 3.0
	if want := [4]float64{1.25, 1.75, three*tenth + three, 37}; a != want {
		t.Errorf("lanes: %v, not %v", a, want)
	}
	state := uint64(7)
	for range 3 {
		var got uint64
		function(t, m, "next").Call(s, unsafe.Pointer(&got))
		if state = state*6364136223846793005 + 1442695040888963407; got != state {
			t.Errorf("next: %d, not %d", got, state)
		}
	}
	if want := []string{"kernel", "lanes", "next"}; !slices.Equal(m.Funcs(), want) {
		t.Errorf("functions %v, not %v", m.Funcs(), want)
	}
}

// Registers that a function must keep for its caller are kept, and it may use the others.
func TestRegisters(t *testing.T) {
	m, s := load(t, "registers"), stack(t)
	f := function(t, m, "f")
	var x [16]int
	for i := range x {
		x[i] = i + 1
	}
	f.Call(s, unsafe.Pointer(&x))
	want := 0
	for i, c := range []int{1, 2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31} {
		want += c * (i + 1)
	}
	if x[0] != want || x[1] != 3 {
		t.Errorf("%d and %d, not %d and 3", x[0], x[1], want)
	}
}

func TestRefused(t *testing.T) {
	if _, err := Load(read(t, "undefined")); err != nil {
		var e *UndefinedError
		if !errors.As(err, &e) || !slices.Equal(e.Names, []string{"sin", "fma"}) {
			t.Errorf("undefined: %v", err)
		}
	} else {
		t.Error("undefined symbols are accepted")
	}
	for _, name := range []string{"thread", "constructor"} {
		_, err := Load(read(t, name))
		var e *FormatError
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
		t.Log(err)
	}
	other := map[string]string{"amd64": "arm64", "arm64": "amd64"}[runtime.GOARCH]
	b, err := os.ReadFile("testdata/kernels_" + other + ".o")
	if err != nil {
		t.Fatal(err)
	}
	_, err = Load(b)
	var e *MachineError
	if !errors.As(err, &e) {
		t.Errorf("wrong machine: %v", err)
	}
	t.Log(err)
	for n := range b {
		if _, err := parse(b[:n]); err == nil {
			t.Errorf("the first %d of %d bytes are accepted", n, len(b))
		}
	}
	if _, err := Load([]byte("\x7fELF")); err == nil {
		t.Error("a header's start is accepted")
	}
	m := load(t, "ir")
	_, err = m.Func("kernels")
	var no *NoFuncError
	if !errors.As(err, &no) || !slices.Equal(no.Have, m.Funcs()) {
		t.Errorf("no function: %v", err)
	}
	if _, err := m.Func("outside"); err == nil {
		t.Error("a variable is taken for a function")
	}
	m.Close()
	m.Close()
	if _, err := m.Func("kernel"); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// Code that uses x28 on arm64 is refused on every machine's loader.
func TestX28(t *testing.T) {
	for name, ok := range map[string]bool{"x28": false, "registers": true, "kernels": true, "large": true, "tiny": true, "ir": true} {
		b, err := os.ReadFile("testdata/" + name + "_arm64.o")
		if err != nil {
			t.Fatal(err)
		}
		f, err := parse(b)
		if err != nil {
			t.Fatal(err)
		}
		im, err := layOut(f, 4096)
		if err != nil {
			t.Fatal(err)
		}
		err = im.link(make([]byte, im.size), 1<<32)
		var e *FormatError
		if ok && err != nil || !ok && !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A function lives on when its module is closed and forgotten, and its memory goes with
// it.
func TestLifetime(t *testing.T) {
	s := stack(t)
	for range 50 {
		m := load(t, "kernels")
		f := function(t, m, "arguments")
		m.Close()
		m = nil
		runtime.GC()
		runtime.GC()
		x, out := 1.0, 0.0
		f.CallKernel(s, 1, &x, &x, &out, &x)
		if out != 15 {
			t.Fatal(out)
		}
	}
}

// Stacks are reused, and one that is forgotten comes back too.
func TestStacks(t *testing.T) {
	m := load(t, "kernels")
	f := function(t, m, "frame")
	for i := range 200 {
		s, err := NewStack()
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		f.Call(s, unsafe.Pointer(&n))
		if n != 600*599/2 {
			t.Fatal(n)
		}
		if i%2 == 0 {
			s.Close()
			s.Close()
		}
		if i%50 == 0 {
			runtime.GC()
		}
	}
	s, err := NewStack()
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	defer func() {
		if recover() == nil {
			t.Error("a call on a closed stack is accepted")
		}
	}()
	n := 0
	f.Call(s, unsafe.Pointer(&n))
}

// A stack that overflows ends the process at the guard: nothing else is written to.
func TestOverflow(t *testing.T) {
	const variable = "MTKC_TEST_OVERFLOW"
	if os.Getenv(variable) != "" {
		n := 0
		function(t, load(t, "kernels"), "overflow").Call(stack(t), unsafe.Pointer(&n))
		t.Fatal("the stack has no end")
	}
	read(t, "kernels") // skips where there is no loader
	cmd := exec.Command(os.Args[0], "-test.run=^TestOverflow$")
	cmd.Env = append(os.Environ(), variable+"=1")
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.ENOEXEC) {
		t.Skip("an emulator cannot start itself")
	}
	// Go's handler has no stack to report on, so the system ends the process, or it reports.
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !strings.Contains(exit.Error(), "segmentation fault") && !bytes.Contains(out, []byte("SIGSEGV")) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestCallsAllocateNothing(t *testing.T) {
	m, s := load(t, "kernels"), stack(t)
	args, spin := function(t, m, "arguments"), function(t, m, "spin")
	if n := testing.AllocsPerRun(100, func() {
		x, out := 1.0, 0.0
		args.CallKernel(s, 1, &x, &x, &out, &x)
		a := spinArgs{1, 1}
		spin.Call(s, unsafe.Pointer(&a))
		spin.CallLong(s, unsafe.Pointer(&a))
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Damaged tables do not make the loader panic: fields of the header, the section headers,
// the symbols and the relocations get values from the edges of their ranges.
func TestDamaged(t *testing.T) {
	rounds := 3000
	if *long {
		rounds = 300000
	}
	edges := []uint64{0, 1, 2, 7, 23, 24, 63, 64, 0xfff, 0x1000, 0x7fff, 0xff00, 0xfff1, 0xfff2, 0xffff, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1<<63 - 1, 1 << 63, 1<<64 - 1}
	for name, whole := range objects(t) {
		rng := rand.New(rand.NewPCG(3, 4))
		for range rounds {
			b := bytes.Clone(whole)
			// Tables lie at multiples of 8 in these objects: a field of 1, 2, 4 or 8 bytes.
			for range 1 + rng.IntN(3) {
				var v [8]byte
				x := edges[rng.IntN(len(edges))]
				if rng.IntN(3) == 0 {
					x = rng.Uint64N(uint64(2 * len(b)))
				}
				binary.LittleEndian.PutUint64(v[:], x)
				n := 1 << rng.IntN(4)
				copy(b[rng.IntN(len(b)/n)*n:], v[:n])
			}
			if rng.IntN(4) == 0 {
				b = b[:rng.IntN(len(b))]
			}
			func() {
				defer func() {
					if r := recover(); r != nil {
						t.Fatalf("%s: %v\n%x", name, r, b)
					}
				}()
				loadInto(b)
			}()
		}
	}
}

// objects reads all test objects.
func objects(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/*.o")
	if err != nil || len(files) == 0 {
		t.Fatal("no test objects: ", err)
	}
	list := map[string][]byte{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		list[f] = b
	}
	return list
}

// loadInto does what Load does, into memory that nothing runs.
func loadInto(b []byte) {
	o, err := parse(b)
	if err != nil {
		return
	}
	im, err := layOut(o, 4096)
	if err != nil || im.size > 1<<24 {
		return
	}
	_ = im.link(make([]byte, im.size), 0x10000000)
}

// FuzzLoad: no object makes the loader panic.
func FuzzLoad(f *testing.F) {
	for _, b := range objects(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { loadInto(b) })
}

type spinArgs struct{ x, n uint64 }

// spun is what spin of kernels.c computes.
func spun(x, n uint64) uint64 {
	for range n {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

func BenchmarkCallKernel(b *testing.B) {
	m, s := load(b, "kernels"), stack(b)
	f := function(b, m, "lorenz")
	u, p, out := [3]float64{1, 2, 3}, [3]float64{10, 28, 8. / 3}, [3]float64{}
	for b.Loop() {
		f.CallKernel(s, 0, &u[0], &p[0], &out[0], nil)
	}
}

func BenchmarkCall(b *testing.B) {
	m, s := load(b, "kernels"), stack(b)
	f := function(b, m, "spin")
	a := spinArgs{1, 1}
	for b.Loop() {
		f.Call(s, unsafe.Pointer(&a))
	}
}

func BenchmarkCallLong(b *testing.B) {
	m, s := load(b, "kernels"), stack(b)
	f := function(b, m, "spin")
	a := spinArgs{1, 1}
	for b.Loop() {
		f.CallLong(s, unsafe.Pointer(&a))
	}
}

func BenchmarkLoad(b *testing.B) {
	o := read(b, "kernels")
	for b.Loop() {
		m, err := Load(o)
		if err != nil {
			b.Fatal(err)
		}
		m.Close()
	}
}
