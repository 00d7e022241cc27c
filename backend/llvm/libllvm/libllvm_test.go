package libllvm_test

import (
	"testing"
	"unsafe"

	"github.com/mtkc/mtkc/backend/llvm/libllvm"
	"github.com/mtkc/mtkc/runtime/native"
)

// A kernel in the two forms that the loader calls.
const axpy = `
define void @kernel(double %t, double* %u, double* %p, double* %out, double* %w) {
  %a = load double, double* %p
  %x = load double, double* %u
  %ax = fmul double %a, %x
  %y = fadd double %ax, %t
  store double %y, double* %out
  ret void
}

define void @args(double** %args) {
  %u = load double*, double** %args
  %q = getelementptr double*, double** %args, i64 1
  %out = load double*, double** %q
  %x = load double, double* %u
  %y = fmul double %x, 0x3FB999999999999A
  store double %y, double* %out
  ret void
}
`

func library(t testing.TB) *libllvm.Library {
	t.Helper()
	l, err := libllvm.Find()
	if err != nil {
		t.Skip(err)
	}
	return l
}

// The whole way: text, object, memory, call.
func TestCompileLoadCall(t *testing.T) {
	l := library(t)
	if err := native.Supported(); err != nil {
		t.Skip(err)
	}
	t.Log(l.Version(), l.Path(), l.Host())
	for level := range 4 {
		object, err := l.Compile([]byte(axpy), libllvm.Options{Level: level})
		if err != nil {
			t.Fatal(err)
		}
		m, err := native.Load(object)
		if err != nil {
			t.Fatal(err)
		}
		kernel, err := m.Func("kernel")
		if err != nil {
			t.Fatal(err)
		}
		args, err := m.Func("args")
		if err != nil {
			t.Fatal(err)
		}
		m.Close()
		s, err := native.NewStack()
		if err != nil {
			t.Fatal(err)
		}
		u, p, out := 3.0, 5.0, 0.0
		kernel.CallKernel(s, 0.25, &u, &p, &out, nil)
		if out != 15.25 {
			t.Errorf("level %d: kernel gives %v", level, out)
		}
		a := [2]*float64{&u, &out}
		args.Call(s, unsafe.Pointer(&a))
		if want := 0.1 * u; out != want {
			t.Errorf("level %d: args gives %v, not %v", level, out, want)
		}
		out = 0
		args.CallLong(s, unsafe.Pointer(&a))
		if want := 0.1 * u; out != want {
			t.Errorf("level %d: args gives %v, not %v", level, out, want)
		}
		s.Close()
	}
}
