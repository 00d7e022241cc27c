//go:build linux && (amd64 || arm64) && !static

package libcuda

import (
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// fake compiles the stand-in for the driver.
func fake(t *testing.T) string {
	t.Helper()
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("there is no C compiler (cc) to make the stand-in for the driver with")
	}
	lib := filepath.Join(t.TempDir(), "libfake.so")
	if out, err := exec.Command(cc, "-shared", "-fPIC", "-O1", "-o", lib, "testdata/fake.c", "-lm").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return lib
}

// All that the package does goes to the library as it should, from many goroutines with
// two devices at once.
func TestFake(t *testing.T) {
	d, err := open([]string{"/nowhere/libcuda.so.1", fake(t)})
	if err != nil {
		t.Fatal(err)
	}
	if d.Version() != "12.4" {
		t.Error(d.Version())
	}
	devs, err := d.Devices()
	if err != nil || len(devs) != 2 {
		t.Fatal(devs, err)
	}
	want := Device{Index: 1, Name: "Fake 11", Major: 9, Minor: 1, Memory: 80000000011, Processors: 132, Clock: 1980000, DoubleRatio: 2, Threads: 2048, Registers: 65536, handle: 11}
	if devs[1] != want || devs[0].Arch() != "sm_90" {
		t.Errorf("%+v", devs)
	}
	if s := devs[1].String(); s != "Fake 11, sm_91, 132 processors, 80 GB" {
		t.Error(s)
	}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			c, err := d.Context(devs[i%2])
			if err != nil {
				t.Error(err)
				return
			}
			for range 20 {
				axpy(t, c)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			if err := c.Synchronize(); err == nil || !strings.Contains(err.Error(), "after Context.Close") {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func axpy(t *testing.T, c *Context) {
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	const n = 100
	x, y := make([]float64, n), make([]float64, n)
	for i := range x {
		x[i], y[i] = float64(i), 0.25
	}
	m, err := c.Load([]byte("text"), Options{MaxRegisters: 64})
	if err != nil {
		t.Error(err)
		return
	}
	if m.Log != "info of 4 bytes" {
		t.Error(m.Log)
	}
	f, err := m.Function("axpy")
	if err != nil {
		t.Error(err)
		return
	}
	if f.MaxThreads != 1024 || f.Shared != 1 || f.Constant != 2 || f.Local != 3 || f.Registers != 4 {
		t.Errorf("%+v", f)
	}
	if k, err := f.Blocks(128, 5); err != nil || k != 16 {
		t.Error(k, err)
	}
	s, err := c.NewStream()
	check(err)
	px, err := c.Alloc(8 * n)
	check(err)
	py, err := c.Alloc(8 * n)
	check(err)
	check(c.Write(px, Bytes(x)))
	h, err := c.AllocHost(16 * n)
	check(err)
	copy(Numbers[float64](h.Bytes())[n:], y)
	check(s.Write(py, h, 8*n, 8*n))
	before, err := c.NewEvent()
	check(err)
	after, err := c.NewEvent()
	check(err)
	check(before.Record(s))
	check(s.Launch(f, 1, n, 48, int64(n), 0.5, px, py))
	check(after.Record(s))
	check(s.Read(h, 0, py, 8*n))
	check(s.Synchronize())
	check(after.Synchronize())
	if dt, err := after.Since(before); err != nil || dt != 1500*time.Microsecond {
		t.Error(dt, err)
	}
	got := slices.Clone(Numbers[float64](h.Bytes())[:n])
	check(c.Read(Bytes(y), py))
	for i := range x {
		if want := math.FMA(0.5, x[i], 0.25); got[i] != want || y[i] != want {
			t.Errorf("%d: %g %g, wanted %g", i, got[i], y[i], want)
		}
	}
	check(s.Fill(py, 1, 8))
	check(c.Read(Bytes(y[:1]), py))
	if math.Float64bits(y[0]) != 0x0101010101010101 {
		t.Errorf("%#x", math.Float64bits(y[0]))
	}
	for {
		done, err := s.Done()
		check(err)
		if done {
			break
		}
	}
	if free, total, err := c.Memory(); err != nil || free != 5 || total != 7 {
		t.Error(free, total, err)
	}
	if p, k, err := m.Variable("abc"); err != nil || p != 77 || k != 3 {
		t.Error(p, k, err)
	}
	check(c.Free(px))
	check(c.Free(py))
	check(c.Free(0))
	check(h.Free())
	check(h.Free())
	check(before.Close())
	check(after.Close())
	check(s.Close())
	check(m.Unload())
}

// Errors have the name of the code, the log of the compiler and what to do.
func TestErrors(t *testing.T) {
	d, err := open([]string{fake(t)})
	if err != nil {
		t.Fatal(err)
	}
	devs, err := d.Devices()
	if err != nil {
		t.Fatal(err)
	}
	c, err := d.Context(devs[0])
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Load([]byte("bad"), Options{}); err == nil || !strings.Contains(err.Error(), "CUDA_ERROR_INVALID_PTX") || !strings.Contains(err.Error(), "ptxas line 3: fatal") || !strings.Contains(err.Error(), "see the log") {
		t.Error(err)
	} else if e, ok := errors.AsType[*Error](err); !ok || e.Code != InvalidPTX || e.Sticky() {
		t.Errorf("%+v", e)
	}
	if _, err := c.Alloc(1 << 31); err == nil || !strings.Contains(err.Error(), "use a smaller batch") {
		t.Error(err)
	}
	if _, err := c.Alloc(-1); err == nil {
		t.Error("no error")
	}
	m, err := c.Load(nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Function("nothing"); err == nil || !strings.Contains(err.Error(), "no kernel of this name") || !strings.Contains(err.Error(), "code 500") {
		t.Error(err)
	}
	f, err := m.Function("axpy")
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.NewStream()
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{s.Launch(f, 0, 1, 0), s.Launch(f, 1, 2000, 0), s.Launch(f, 1, 1, 0, "x"), s.Launch(f, 1, 1, 0, []byte{})} {
		if err == nil {
			t.Error("no error")
		} else {
			t.Log(err)
		}
	}
	err = s.Launch(f, 1, 1, 48, int64(5), 1.0, Pointer(0), Pointer(0))
	if e, ok := errors.AsType[*Error](err); !ok || !e.Sticky() {
		t.Error(err)
	}
	h, err := c.AllocHost(8)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Free()
	if err := s.Write(1, h, 4, 8); err == nil || !strings.Contains(err.Error(), "4 to 12 of 8") {
		t.Error(err)
	}
}

// A library without a GPU, one that is no driver, and none at all are told apart.
func TestOpen(t *testing.T) {
	lib := fake(t)
	t.Setenv("FAKE_INIT", "")
	os.Unsetenv("FAKE_INIT")
	if _, err := open([]string{"/nowhere/a.so", "/nowhere/b.so"}); err == nil {
		t.Error("no error")
	} else if e, ok := errors.AsType[*NotFoundError](err); !ok || len(e.Tried) != 2 || !strings.Contains(err.Error(), "install the driver") {
		t.Error(err)
	}
	if _, err := open([]string{"libm.so.6"}); err == nil || !strings.Contains(err.Error(), "lacks the function cuInit") {
		t.Error(err)
	}
	d, err := open([]string{lib})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.call(cuInit, 1); err == nil || !strings.Contains(err.Error(), "unknown") {
		t.Error(err)
	}
}
