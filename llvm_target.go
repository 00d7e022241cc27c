package mtkc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/llvm"
	"github.com/mtkc/mtkc/backend/llvm/libllvm"
	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/runtime/native"
	"github.com/mtkc/mtkc/runtime/ode"
)

// toLLVM writes the kernels as text of LLVM IR. It needs no libLLVM: the text has typed pointers, which every
// version from 14 on reads.
func toLLVM(_ context.Context, c *Compiler) diag.List {
	c.ir, _ = llvm.IR(c.prog, llvm.Target{})
	return nil
}

func dumpLLVM(c *Compiler, w io.Writer) error {
	_, err := w.Write(c.ir)
	return err
}

func sizeLLVM(c *Compiler) string {
	return fmt.Sprintf("%d functions, %d bytes", bytes.Count(c.ir, []byte("\ndefine "))+1, len(c.ir))
}

// Native is Problem with the kernels that an integration calls over and over as machine code, made
// by libLLVM; Options.LLVM says how. Results are those of Problem, to the last bit. The findings hold
// E017 where there is no libLLVM on this machine, or no machine code can be run.
func (c *Compiler) Native(ctx context.Context) (*ode.Problem, diag.List) {
	found := c.Run(ctx, "vm")
	if c.failed {
		return nil, found
	}
	start := time.Now()
	m, err := unlessInterrupted(ctx, func() (*llvm.Machine, error) { return llvm.New(c.prog, c.LLVM) })
	if err != nil {
		return nil, append(found, noNative("llvm", err)...)
	}
	c.native = m
	t := Timing{Pass: "native", Seconds: time.Since(start).Seconds(), Size: "in the background"}
	if !c.LLVM.Tiered {
		r := m.Report()
		t.Size = r.String()
	}
	c.timing = append(c.timing, t)
	p := m.Problem()
	_ = withSchedule(c.sys, p) // the pass vm has told
	return p, found
}

// NativeReport says what Native has compiled, "" without. It waits for code that is compiled in
// the background.
func (c *Compiler) NativeReport() string {
	if c.native == nil {
		return ""
	}
	if err := c.native.Wait(); err != nil {
		return "the vm ran the kernels: " + err.Error()
	}
	r := c.native.Report()
	return r.String()
}

// noNative is the diagnostic for a machine that makes no machine code for a backend.
func noNative(name string, err error) diag.List {
	var missing *libllvm.NotFoundError
	var platform *native.PlatformError
	if found := interrupted(err); found != nil {
		return found
	}
	switch {
	case errors.As(err, &missing):
		d := diag.New(diag.Pos{}, "E017", missing.Hint+"; or use --backend vm", "--backend %s: libLLVM (version %d or later) was not found", name, libllvm.Oldest)
		return d
	case errors.As(err, &platform):
		return diag.New(diag.Pos{}, "E017", "use --backend vm or --backend go", "--backend %s: %v", name, platform)
	}
	return diag.New(diag.Pos{}, "E017", "use --backend vm, and see mtkc doctor", "--backend %s: %v", name, err)
}

// Artifact makes a program for other languages with a C header: format "ll" is text of LLVM IR, "o" an object,
// "so" a shared library, which cc links. cpu is the processor that the code is for, "" this machine's; LLVM's
// names are taken, and "generic" runs on every one. E017 says that this machine lacks a tool, E018 that the
// right-hand side cannot be compiled; other functions that cannot are left out, with a remark in the header.
func (c *Compiler) Artifact(ctx context.Context, format, cpu string) (a *llvm.Artifact, data []byte, found diag.List) {
	if found = c.Run(ctx, "lower"); c.failed {
		return nil, nil, found
	}
	if list := c.Portable("machine code"); list != nil {
		return nil, nil, append(found, list...)
	}
	start := time.Now()
	a, data, err := artifact(ctx, c.prog, format, cpu)
	var refused *llvm.Refusal
	var unknown *libllvm.UnknownProcessorError
	switch {
	case errors.As(err, &unknown):
		return nil, nil, append(found, diag.New(diag.Pos{}, "E002", "give a name that llc -mcpu=help lists, such as x86-64-v3, x86-64-v4 or znver3 on amd64 and neoverse-n1 on arm64, or generic", "--cpu %s: %v", cpu, unknown)...)
	case errors.As(err, &refused):
		return nil, nil, append(found, diag.New(diag.Pos{}, "E018", "name a processor that has what is missing with --cpu (x86-64-v3 has), or use --backend go", "the model cannot be compiled by LLVM: %s", refused.Reason)...)
	case err != nil:
		return nil, nil, append(found, noNative("llvm", err)...)
	}
	c.timing = append(c.timing, Timing{Pass: "native", Seconds: time.Since(start).Seconds(), Size: fmt.Sprintf("%d bytes", len(data))})
	return a, data, found
}

func artifact(ctx context.Context, prog *backend.Program, format, cpu string) (*llvm.Artifact, []byte, error) {
	if format == "ll" {
		a, err := llvm.TextTarget(cpu).Artifact(prog)
		if err != nil {
			return nil, nil, err
		}
		return a, a.Text, nil
	}
	type made struct {
		a      *llvm.Artifact
		object []byte
	}
	m, err := unlessInterrupted(ctx, func() (made, error) {
		a, object, err := llvm.CompileArtifact(prog, cpu)
		return made{a, object}, err
	})
	a, object := m.a, m.object
	if err != nil || format == "o" {
		return a, object, err
	}
	lib, err := link(ctx, object)
	return a, lib, err
}

// link makes a shared library of an object.
func link(ctx context.Context, object []byte) ([]byte, error) {
	cc, err := exec.LookPath("cc")
	if err != nil {
		if cc, err = exec.LookPath("gcc"); err != nil {
			return nil, errors.New("a shared library is linked by cc, which is not in PATH: install a C compiler, or write an object (-o x.o)")
		}
	}
	dir, err := os.MkdirTemp("", "mtkc-link-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	in, out := filepath.Join(dir, "x.o"), filepath.Join(dir, "x.so")
	if err := os.WriteFile(in, object, 0o644); err != nil {
		return nil, err
	}
	if msg, err := exec.CommandContext(ctx, cc, "-shared", "-o", out, in).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s -shared: %v\n%s", cc, err, bytes.TrimSpace(msg))
	}
	return os.ReadFile(out)
}
