package llvm

import (
	"bytes"
	"debug/elf"
	"debug/macho"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/vm"
)

const driver = `
#include <stdio.h>
#include <string.h>
#include "test.h"
static void show(const char *what, const double *x, int n) {
	for (int i = 0; i < n; i++) {
		unsigned long long bits;
		memcpy(&bits, x + i, 8);
		printf("%s %d %llx\n", what, i, bits);
	}
}
int main(void) {
	double u[TEST_N], p[TEST_NP], du[TEST_N], vals[TEST_JAC_NNZ], out[TEST_NOBSERVED];
	test_defaults(u, p);
	test_rhs(0.25, u, p, du);
	show("rhs", du, TEST_N);
	test_jac(0.25, u, p, vals);
	show("jac", vals, TEST_JAC_NNZ);
	test_tgrad(0.25, u, p, du);
	show("tgrad", du, TEST_N);
	test_observed(0.25, u, p, out);
	show("observed", out, TEST_NOBSERVED);
	for (int j = 0; j < TEST_N; j++)
		for (int e = test_jac_colptr[j]; e < test_jac_colptr[j + 1]; e++)
			printf("entry %d of %s by %s\n", e, test_state_names[test_jac_rowidx[e]], test_state_names[j]);
	printf("%s %s\n", test_param_names[0], test_observed_names[0]);
	return 0;
}
`

// A C program that is compiled with the header and linked with the object, or with a library of
// it, gets what the vm computes; in C++ too the header is understood.
func TestArtifact(t *testing.T) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("no gcc in PATH")
	}
	libraries(t)
	prog := compile(t, `
		param a = 2
		param b = 0.3
		var x = 0.7 fixed
		var y = -1.2 fixed
		var z = 1 fixed
		var e
		e = exp(-x*x) + b
		der(x) = a*sin(y) - x*z + time
		der(y) = e*tanh(x*y) - b*z^1.7
		der(z) = x*y - (if noEvent(x > 0) then z else 2*z)`)
	a, object, err := CompileArtifact(prog, "")
	if err != nil {
		t.Fatal(err)
	}
	if a.Name != "test" || len(a.Refused) > 0 {
		t.Fatalf("%s, refused: %v", a.Name, a.Refused)
	}
	dir := t.TempDir()
	for name, data := range map[string][]byte{"test.h": a.Header, "test.o": object, "main.c": []byte(driver), "main.cc": []byte("#include \"test.h\"\nint main() { return TEST_N - 3; }\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := func(name string, args ...string) string {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v\n%s\n%s", name, args, err, out, a.Header)
		}
		return string(out)
	}
	run(gcc, "-Wall", "-Werror", "-std=c99", "main.c", "test.o", "-o", "static") // without -lm
	run(gcc, "-shared", "-Wl,-z,defs", "test.o", "-o", "libtest.so", "-nostdlib", "-lc")
	run(gcc, "main.c", "libtest.so", "-Wl,-rpath,.", "-o", "shared")
	if _, err := exec.LookPath("g++"); err == nil {
		run("g++", "-Wall", "-Werror", "main.cc", "-o", "plus")
		run("./plus")
	}
	got := run("./static")
	if shared := run("./shared"); shared != got {
		t.Errorf("the library gives\n%sthe object\n%s", shared, got)
	}
	var want strings.Builder
	n := len(prog.Meta.U0)
	for _, k := range []struct {
		name string
		k    *backend.Kernel
		size int
	}{{"rhs", prog.RHS, n}, {"jac", prog.Jac, prog.Meta.Jac.NNZ()}, {"tgrad", prog.TGrad, n}, {"observed", prog.Observed, prog.ObservedCount}} {
		out := make([]float64, k.size)
		vm.Function(k.k, nil)(0.25, prog.Meta.U0, prog.Meta.P, out)
		for i, v := range out {
			fmt.Fprintf(&want, "%s %d %x\n", k.name, i, math.Float64bits(v))
		}
	}
	for j := range n {
		for e := prog.Meta.Jac.ColPtr[j]; e < prog.Meta.Jac.ColPtr[j+1]; e++ {
			fmt.Fprintf(&want, "entry %d of %s by %s\n", e, prog.Meta.States[prog.Meta.Jac.RowIdx[e]].Name, prog.Meta.States[j].Name)
		}
	}
	fmt.Fprintf(&want, "%s %s\n", prog.Meta.Params[0].Name, "e")
	if got != want.String() {
		t.Errorf("C gives\n%s\nthe vm\n%s", got, want.String())
	}
}

// Objects have the format that the linker of the system takes.
func TestArtifactFormat(t *testing.T) {
	libraries(t)
	prog := compile(t, lorenz)
	a, object, err := compileArtifact(prog, "", "darwin")
	if err != nil {
		t.Fatal(err)
	}
	f, err := macho.NewFile(bytes.NewReader(object))
	if err != nil {
		t.Fatal(err)
	}
	symbols := map[string]bool{}
	for _, s := range f.Symtab.Syms {
		symbols[s.Name] = true
	}
	if want := map[string]macho.Cpu{"amd64": macho.CpuAmd64, "arm64": macho.CpuArm64}[runtime.GOARCH]; f.Type != macho.TypeObj || f.Cpu != want || !symbols["_"+a.Name+"_rhs"] || !symbols["_"+a.Name+"_u0"] {
		t.Errorf("%v for %v, symbols %v", f.Type, f.Cpu, symbols)
	}
	if _, object, err = compileArtifact(prog, "", "linux"); err != nil {
		t.Fatal(err)
	}
	if _, err := elf.NewFile(bytes.NewReader(object)); err != nil {
		t.Error(err)
	}
}
