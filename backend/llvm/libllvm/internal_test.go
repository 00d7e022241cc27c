//go:build (linux || darwin) && (amd64 || arm64) && !static

package libllvm

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// libraries opens every libLLVM of this machine and those in the directories of the
// environment variable MTKC_TEST_LIBLLVM.
func libraries(t testing.TB) []*Library {
	t.Helper()
	var list []*Library
	for _, c := range allCandidates() {
		l, err := Open(c.path)
		if err != nil {
			t.Logf("%s: %v", c.path, err)
			continue
		}
		list = append(list, l)
	}
	if len(list) == 0 {
		t.Skip("no libLLVM")
	}
	return list
}

// A fatal error inside LLVM is an error of Go, and compiling goes on afterwards.
func TestFatal(t *testing.T) {
	const sin = `
declare double @llvm.sin.f64(double)
define void @f(double* %x) {
  %a = load double, double* %x
  %b = call double @llvm.sin.f64(double %a)
  store double %b, double* %x
  ret void
}`
	const cos = `
define void @f(double* %x) {
  %a = load double, double* %x
  %b = fadd double %a, %a
  store double %b, double* %x
  ret void
}`
	gpu := Options{Target: Target{Triple: "nvptx64-nvidia-cuda", CPU: "sm_70"}, Level: 1, Kind: Assembly}
	for _, l := range libraries(t) {
		t.Log(l.Version(), l.Path())
		for range 3 {
			_, err := l.run(func(j *job) ([]byte, error) { return l.compile(j, []byte(sin), gpu) })
			var e *CompileError
			if !errors.As(err, &e) || !e.Fatal {
				t.Fatalf("LLVM %s: %v", l.Version(), err)
			}
			t.Log(err)
			out, err := l.Compile([]byte(cos), gpu)
			if err != nil || !strings.Contains(string(out), "add.rn.f64") && !strings.Contains(string(out), "add.f64") {
				t.Fatalf("LLVM %s after a fatal error: %v\n%s", l.Version(), err, out)
			}
		}
	}
}

// A worker that was ended from outside, idle or at work, is replaced, and the module is compiled.
func TestWorkerKilled(t *testing.T) {
	libraries(t)
	const small = "define double @f(double %x) {\n  ret double %x\n}\n"
	var w Worker
	defer w.Close()
	compile := func(text string) {
		t.Helper()
		if _, err := w.Compile(t.Context(), []byte(text), Options{Level: 1}); err != nil {
			t.Errorf("%v", err)
		}
	}
	compile(small)
	for range 3 {
		if err := w.process.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		compile(small)
	}
	var b strings.Builder
	b.WriteString("define double @f(double %x0) {\n")
	for i := 1; i < 20000; i++ {
		fmt.Fprintf(&b, "%%x%d = fadd double %%x%d, %%x%d\n", i, i-1, i/2)
	}
	b.WriteString("ret double %x19999\n}\n")
	p := w.process.cmd.Process
	time.AfterFunc(30*time.Millisecond, func() { _ = p.Kill() })
	compile(b.String())
}
