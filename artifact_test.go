package mtkc_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/backend/llvm/libllvm"
	"github.com/mtkc/mtkc/backend/vm"
)

// cKernel is a function of an object, called from C, and what the vm computes.
type cKernel struct {
	name string
	size int
	want func(t float64, u, p, out []float64)
}

// cKernels are the functions of the object of a model.
func cKernels(c *mtkc.Compiler) []cKernel {
	prog := c.Program()
	p := vm.Problem(prog)
	k := p.NewKernels()
	n := p.N()
	list := []cKernel{{"rhs", n, k.RHS}, {"tgrad", n, k.TGrad}, {"jac", p.Jac.NNZ(), k.Jac}}
	if p.InvJac != nil {
		list = append(list, cKernel{"invariants", p.NInv, k.Invariants}, cKernel{"invjac", p.InvJac.NNZ(), k.InvariantJac})
	}
	if p.Hybrid != nil {
		list = append(list, cKernel{"crossings", len(p.Hybrid.Relations), k.Crossings})
	}
	if p.Noise != nil {
		list = append(list, cKernel{"noise", p.Noise.Matrix.NNZ(), k.Noise}, cKernel{"noisejac", p.Noise.Reads.NNZ(), k.NoiseJac})
	}
	if prog.Observed != nil && prog.ObservedCount > 0 {
		list = append(list, cKernel{"observed", prog.ObservedCount, vm.Function(prog.Observed, nil)})
	}
	out := list[:0]
	for _, x := range list {
		if x.want != nil {
			out = append(out, x)
		}
	}
	return out
}

// A C program with the objects of all examples, in each form of their reactions, computes what the vm does, to the last bit; a C++ program
// with shared libraries of them does, too.
func TestObjectsFromC(t *testing.T) {
	if _, err := libllvm.Find(); err != nil {
		t.Skip(err)
	}
	if runtime.GOOS == "windows" {
		t.Skip("objects are ELF or Mach-O")
	}
	for _, compiler := range []string{"gcc", "g++"} {
		if _, err := exec.LookPath(compiler); err != nil {
			t.Skip("no " + compiler + " in PATH")
		}
	}
	entries, err := os.ReadDir("examples")
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for _, e := range entries {
		if e.IsDir() {
			dirs = append(dirs, "examples/"+e.Name())
		}
	}
	for _, method := range []string{"ode", "cle"} {
		for _, form := range []struct{ compiler, file, format string }{{"gcc", "main.c", "o"}, {"g++", "main.cc", "so"}} {
			t.Run(method+"/"+form.format, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				rng := rand.New(rand.NewPCG(11, 3))
				var head, body, want strings.Builder
				args := []string{"-Wall", "-Wextra", "-Werror", "-pedantic", form.file, "-o", "main", "-Wl,-rpath," + dir}
				models, noises := 0, 0
				for _, path := range dirs {
					c := mtkc.New(path, mtkc.Options{Method: method})
					if c.Run(context.Background(), "lower").Errors() > 0 {
						if method == "ode" {
							t.Errorf("%s cannot be compiled", path)
						}
						continue // no reactions
					}
					a, data, found := c.Artifact(context.Background(), form.format, "")
					if found.Errors() > 0 {
						if method == "ode" || !strings.Contains(found.Err().Error(), "E021") {
							t.Errorf("%s: %v", path, found.Err())
						}
						continue
					}
					if len(a.Refused) > 0 {
						t.Errorf("%s: refused: %v", path, a.Refused)
					}
					models++
					object := filepath.Join(dir, "lib"+a.Name+"."+form.format)
					for name, text := range map[string][]byte{object: data, filepath.Join(dir, a.Name+".h"): a.Header} {
						if err := os.WriteFile(name, text, 0o644); err != nil {
							t.Fatal(err)
						}
					}
					args = append(args, object)
					fmt.Fprintf(&head, "#include \"%s.h\"\n", a.Name)
					prob := vm.Problem(c.Program())
					fmt.Fprintf(&body, "\t{ /* %s */\n\tdouble u[%s_N], p[%s_NP + 1];\n\t%s_defaults(u, p);\n", path, strings.ToUpper(a.Name), strings.ToUpper(a.Name), a.Name)
					u, p := append([]float64(nil), prob.U0...), append([]float64(nil), prob.P...)
					kernels := cKernels(c)
					for point := range 3 {
						at := float64(point) / 4
						if point > 0 { // the first is that of the defaults
							for i := range u {
								u[i] += rng.NormFloat64()
								fmt.Fprintf(&body, "\tu[%d] = %x;\n", i, u[i])
							}
						}
						for _, k := range kernels {
							out := make([]float64, k.size)
							k.want(at, u, p, out)
							fmt.Fprintf(&body, "\t{ double out[%d]; %s_%s(%v, u, p, out); show(\"%s %s %d\", out, %d); }\n", k.size+1, a.Name, k.name, at, a.Name, k.name, point, k.size)
							for i, v := range out {
								if v != v {
									v = math.NaN()
								}
								fmt.Fprintf(&want, "%s %s %d %d %x\n", a.Name, k.name, point, i, math.Float64bits(v))
							}
							if k.name == "noise" {
								noises++
							}
						}
					}
					body.WriteString("\t}\n")
				}
				if method == "ode" && models < 20 || method == "cle" && (models < 2 || noises < 2*3) {
					t.Fatalf("%d models, %d values of noise", models, noises)
				}
				main := `#include <stdio.h>
#include <string.h>
` + head.String() + `
static void show(const char *what, const double *x, int n) {
	int i;
	for (i = 0; i < n; i++) {
		unsigned long bits; /* of 64 bits on all systems here */
		memcpy(&bits, x + i, 8);
		if (x[i] != x[i]) bits = 0x7ff8000000000001;
		printf("%s %d %lx\n", what, i, bits);
	}
}
int main(void) {
` + body.String() + "\treturn 0;\n}\n"
				if err := os.WriteFile(filepath.Join(dir, form.file), []byte(main), 0o644); err != nil {
					t.Fatal(err)
				}
				build := exec.Command(form.compiler, args...)
				build.Dir = dir
				if out, err := build.CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				got, err := exec.Command(filepath.Join(dir, "main")).Output()
				if err != nil {
					t.Fatal(err)
				}
				g, w := strings.Split(string(got), "\n"), strings.Split(want.String(), "\n")
				if len(g) != len(w) {
					t.Errorf("%d lines, want %d", len(g), len(w))
				}
				for i := range min(len(g), len(w)) {
					if g[i] != w[i] {
						t.Fatalf("%s has %q, the vm %q", form.compiler, g[i], w[i])
					}
				}
				t.Logf("%d models, %d numbers", models, len(w)-1)
			})
		}
	}
}

// A processor that LLVM does not know is refused, whatever LLVM would have made of it.
func TestUnknownProcessor(t *testing.T) {
	if _, err := libllvm.Find(); err != nil {
		t.Skip(err)
	}
	c := mtkc.New("examples/lorenz", mtkc.Options{})
	for _, cpu := range []string{"nonsense", "sm_80"} {
		if _, _, found := c.Artifact(context.Background(), "o", cpu); len(found) == 0 || found[len(found)-1].Code != "E002" {
			t.Errorf("%s: %v", cpu, found)
		}
	}
	// The newest architectures are known to the newest versions of LLVM alone.
	for _, arch := range []string{"sm_75", "sm_80", "sm_90", "sm_120", "sm_9999"} {
		text, found := c.PTX(context.Background(), mtkc.PTXOptions{Arch: arch})
		var unknown bool
		if len(found) > 0 {
			unknown = found[len(found)-1].Code == "E002"
		}
		// Text for it is of a version of PTX that has it: LLVM writes 3.2 or 6.0 where it knows nothing.
		known := strings.Contains(string(text), ".target "+arch) && !strings.Contains(string(text), ".version 3.2") && (arch < "sm_90" && len(arch) == 5 || !strings.Contains(string(text), ".version 6.0"))
		if known == unknown || arch == "sm_75" && unknown || arch == "sm_9999" && !unknown {
			t.Errorf("%s: %v, %d bytes", arch, found, len(text))
		}
	}
}

// An interrupt is not kept waiting by libLLVM, which cannot be stopped.
func TestInterruptedCode(t *testing.T) {
	if _, err := libllvm.Find(); err != nil {
		t.Skip(err)
	}
	c := mtkc.New("examples/pollution", mtkc.Options{})
	if err := c.Run(context.Background(), "lower").Err(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, data, found := c.Artifact(ctx, "o", "generic"); len(found) == 0 || found[len(found)-1].Code != "E509" || data != nil {
		t.Errorf("%d bytes, %v", len(data), found)
	}
	if _, _, found := c.Artifact(context.Background(), "o", "generic"); found.Err() != nil {
		t.Errorf("afterwards: %v", found)
	}
}
