//go:build (linux || darwin) && (amd64 || arm64) && !static

package libllvm

import (
	"errors"
	"strings"
	"testing"
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
