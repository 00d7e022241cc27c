//go:build (linux || darwin) && (amd64 || arm64) && !static

package libllvm

import (
	"errors"
	"strings"
	"testing"
	"unsafe"

	"github.com/mtkc/mtkc/runtime/native"
)

// What every libLLVM here must do, since backends rely on it.
func TestVersions(t *testing.T) {
	for _, l := range libraries(t) {
		t.Run(l.Version(), func(t *testing.T) {
			if m := majorOf(l.Path()); m != 0 && m != l.Major() {
				t.Errorf("%s says it is %s", l.Path(), l.Version())
			}
			testErrors(t, l)
			testVectors(t, l)
			testPTX(t, l)
			testPointers(t, l)
			testCross(t, l)
		})
	}
}

// Wrong modules and options are errors of the stage that finds them.
func testErrors(t *testing.T, l *Library) {
	const good = "define void @f() {\n  ret void\n}\n"
	host := l.Host()
	for _, c := range []struct {
		name, text string
		o          Options
		stage      string
		words      string
	}{
		{"empty", "", Options{}, "", ""},
		{"syntax", "define void @f( {", Options{}, "parse", "expected"},
		{"binary", "BC\xc0\xde\x00\x01", Options{}, "parse", ""},
		{"type", "define double @f(i64 %x) {\n  %y = fadd i64 %x, %x\n  ret double 0.0\n}", Options{}, "parse", "invalid operand type"},
		{"dominance", "define i64 @f(i1 %c) {\nentry:\n  br i1 %c, label %a, label %b\na:\n  %x = add i64 1, 2\n  br label %b\nb:\n  ret i64 %x\n}", Options{}, "verify", "dominate"},
		{"triple", good, Options{Target: Target{Triple: "pdp11-dec-unix"}}, "target", ""},
		{"passes", good, Options{Passes: "default<O9>"}, "passes", "O9"},
		{"unknown pass", good, Options{Passes: "function(make-it-fast)"}, "passes", "make-it-fast"},
		{"level", good, Options{Level: 4}, "target", "between 0 and 3"},
		{"kind", good, Options{Kind: 7}, "target", "kind"},
		{"PTX object", good, Options{Target: Target{Triple: "nvptx64-nvidia-cuda"}}, "target", "assembly"},
		{"intrinsic", "declare double @llvm.sin.f64(double)\n" + good, Options{Target: host}, "check", "llvm.sin.f64"},
		{"assembly", "module asm \"nop\"\n" + good, Options{Target: host}, "check", "assembly"},
	} {
		_, err := l.Compile([]byte(c.text), c.o)
		if c.stage == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		var e *CompileError
		if !errors.As(err, &e) || e.Stage != c.stage || !strings.Contains(e.Message, c.words) {
			t.Errorf("%s: %v; it should be of stage %s and say %q", c.name, err, c.stage, c.words)
		}
	}
}

const lanes = `
declare <8 x double> @llvm.fma.v8f64(<8 x double>, <8 x double>, <8 x double>)
declare <8 x double> @llvm.masked.load.v8f64.p0v8f64(<8 x double>*, i32, <8 x i1>, <8 x double>)
define void @f(double* %x) {
  %p = bitcast double* %x to <8 x double>*
  %a = load <8 x double>, <8 x double>* %p, align 8
  %m = fcmp ogt <8 x double> %a, <double 2.0, double 2.0, double 2.0, double 2.0, double 2.0, double 2.0, double 2.0, double 2.0>
  %b = call <8 x double> @llvm.masked.load.v8f64.p0v8f64(<8 x double>* %p, i32 8, <8 x i1> %m, <8 x double> zeroinitializer)
  %c = call <8 x double> @llvm.fma.v8f64(<8 x double> %b, <8 x double> %a, <8 x double> %a)
  store <8 x double> %c, <8 x double>* %p, align 8
  ret void
}
`

// Vectors of eight lanes, with typed pointers, in the code of this processor, where its
// fused multiply-add is one instruction.
func testVectors(t *testing.T, l *Library) {
	host := l.Host()
	if native.Supported() != nil || !strings.Contains(host.Features, "+fma") && !strings.Contains(host.Triple, "aarch64") {
		return
	}
	for _, passes := range []string{"", "default<O2>", "function(early-cse,instcombine)"} {
		object, err := l.Compile([]byte(lanes), Options{Level: 1, Passes: passes})
		if err != nil {
			t.Fatal(err)
		}
		m, err := native.Load(object)
		if err != nil {
			t.Fatal(err)
		}
		f, err := m.Func("f")
		if err != nil {
			t.Fatal(err)
		}
		s, err := native.NewStack()
		if err != nil {
			t.Fatal(err)
		}
		x := [8]float64{0, 1, 2, 3, 4, 5, 6, 7}
		f.Call(s, unsafe.Pointer(&x))
		if want := [8]float64{0, 1, 2, 12, 20, 30, 42, 56}; x != want {
			t.Errorf("passes %q: %v, not %v", passes, x, want)
		}
		s.Close()
		m.Close()
	}
}

// A kernel for one thread of a GPU.
func testPTX(t *testing.T, l *Library) {
	const text = `
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare double @llvm.fma.f64(double, double, double)
declare double @llvm.sqrt.f64(double)
define ptx_kernel void @kernel(double addrspace(1)* %x) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %i = zext i32 %t to i64
  %p = getelementptr double, double addrspace(1)* %x, i64 %i
  %a = load double, double addrspace(1)* %p
  %b = call double @llvm.fma.f64(double %a, double %a, double 1.0)
  %c = call double @llvm.sqrt.f64(double %b)
  store double %c, double addrspace(1)* %p
  ret void
}
`
	for _, cpu := range []string{"sm_70", "sm_80", "sm_90"} {
		if cpu == "sm_90" && l.Major() < 16 {
			continue
		}
		out, err := l.Compile([]byte(text), Options{Target: Target{Triple: "nvptx64-nvidia-cuda", CPU: cpu}, Level: 2, Kind: Assembly})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{".target " + cpu, ".entry kernel", "fma.rn.f64", "sqrt.rn.f64", "%tid.x"} {
			if !strings.Contains(string(out), want) {
				t.Errorf("%s: no %s in\n%s", cpu, want, out)
			}
		}
	}
}

// Opaque pointers are read from 15 on, and typed ones by all.
func testPointers(t *testing.T, l *Library) {
	const opaque = "define void @f(ptr %x) {\n  %a = load double, ptr %x\n  store double %a, ptr %x\n  ret void\n}\n"
	if _, err := l.Compile([]byte(opaque), Options{Level: 1}); (err == nil) != (l.Major() >= 15) {
		t.Errorf("opaque pointers: %v", err)
	}
	// More than one level, and pointers to functions.
	const typed = `
define internal double @g(double %x) {
  %y = fadd double %x, %x
  ret double %y
}
@table = internal constant [1 x double (double)*] [double (double)* @g]
define void @f(double** %x) {
  %p = load double*, double** %x
  %a = load double, double* %p
  %q = getelementptr [1 x double (double)*], [1 x double (double)*]* @table, i64 0, i64 0
  %f = load double (double)*, double (double)** %q
  %b = call double %f(double %a)
  store double %b, double* %p
  ret void
}
`
	if _, err := l.Compile([]byte(typed), Options{Level: 1}); err != nil {
		t.Errorf("typed pointers: %v", err)
	}
}

// Objects for the other machine are made here too, and refused by the loader.
func testCross(t *testing.T, l *Library) {
	const text = "define double @f(double %x) {\n  %y = fmul double %x, 0x400921FB54442D18\n  ret double %y\n}\n"
	other := Target{Triple: "aarch64-unknown-linux-gnu", Features: "+reserve-x28"}
	if strings.HasPrefix(l.Host().Triple, "aarch64") {
		other = Target{Triple: "x86_64-unknown-linux-gnu", CPU: "x86-64-v3"}
	}
	object, err := l.Compile([]byte(text), Options{Target: other, Level: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, err = native.Load(object)
	var wrong *native.MachineError
	if native.Supported() == nil && !errors.As(err, &wrong) {
		t.Errorf("an object of another machine: %v", err)
	}
	assembly, err := l.Compile([]byte(text), Options{Target: other, Level: 1, Kind: Assembly})
	if err != nil || !strings.Contains(string(assembly), "f:") {
		t.Errorf("assembly: %v\n%s", err, assembly)
	}
}
