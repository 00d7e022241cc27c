package doctor

import (
	"errors"
	"fmt"
	"strings"

	"github.com/mtkc/mtkc/backend/llvm/cache"
	"github.com/mtkc/mtkc/backend/llvm/libllvm"
	"github.com/mtkc/mtkc/runtime/native"
)

// llvm loads libLLVM, which is the only way to be sure of it.
func llvm() Finding {
	f := Finding{
		Name: "libLLVM", Optional: true,
		Purpose: "native code made when a model is solved (--backend llvm) and PTX for GPUs (--backend cuda); without it the vm and Go source do everything",
		Get:     strings.TrimPrefix(libllvm.Hint(), "get it with: "),
	}
	l, err := libllvm.Find()
	if err != nil {
		var none *libllvm.NotFoundError
		if errors.As(err, &none) {
			f.Detail = reasons(none.Looked)
		}
		return f
	}
	f.Found = true
	f.Detail = fmt.Sprintf("%s, %s; targets %s; this processor is %s", l.Version(), l.Path(), strings.Join(l.Targets(), ", "), l.Host().CPU)
	return f
}

// reasons are the places where a library is and cannot be used; those where there is
// none need no mention.
func reasons(looked []string) string {
	var list []string
	for _, s := range looked {
		if !strings.HasSuffix(s, ": no libLLVM") {
			list = append(list, s)
		}
	}
	return strings.Join(list, "; ")
}

// machineCode tries a function in executable memory where it can make one.
func machineCode() Finding {
	f := Finding{
		Name: "native code", Optional: true,
		Purpose: "running machine code that libLLVM made, now or when a program was built",
		Get:     "use the vm or Go source here",
	}
	if err := native.Supported(); err != nil {
		f.Detail = err.Error()
		return f
	}
	s, err := native.NewStack()
	if err != nil {
		f.Detail = err.Error()
		return f
	}
	defer s.Close()
	l, err := libllvm.Find()
	if err != nil {
		f.Found, f.Detail = true, "supported on this platform; not tried, since that takes libLLVM"
		return f
	}
	if err := try(l, s); err != nil {
		f.Detail = err.Error()
		return f
	}
	f.Found, f.Detail = true, "a compiled function runs"
	return f
}

// try compiles a function that doubles a number, and calls it.
func try(l *libllvm.Library, s *native.Stack) error {
	const text = `
define void @double(double %t, double* %u, double* %p, double* %out, double* %w) {
  %x = load double, double* %u
  %y = fadd double %x, %x
  store double %y, double* %out
  ret void
}
`
	object, err := l.Compile([]byte(text), libllvm.Options{Level: 1})
	if err != nil {
		return err
	}
	m, err := native.Load(object)
	if err != nil {
		return err
	}
	defer m.Close()
	double, err := m.Func("double")
	if err != nil {
		return err
	}
	x, y := 21.0, 0.0
	double.CallKernel(s, 0, &x, &x, &y, &x)
	if y != 42 {
		return fmt.Errorf("a compiled function gives %v for 42: please report this", y)
	}
	return nil
}

// objectCache says where compiled objects are kept.
func objectCache() Finding {
	f := Finding{
		Name: "object cache", Optional: true, Detail: "off",
		Purpose: "starting models that were compiled before without compiling again",
		Get:     "set " + cache.Variable + " to a directory of yours, or unset it for the user's own",
	}
	if dir := cache.Default().Dir(); dir != "" {
		f.Found, f.Detail = true, dir
	}
	return f
}
