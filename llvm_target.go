package mtkc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

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
	m, err := llvm.New(c.prog, c.LLVM)
	if err != nil {
		return nil, append(found, noNative(err)...)
	}
	c.native = m
	t := Timing{Pass: "native", Seconds: time.Since(start).Seconds(), Size: "in the background"}
	if !c.LLVM.Tiered {
		r := m.Report()
		t.Size = r.String()
	}
	c.timing = append(c.timing, t)
	return m.Problem(), found
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

// noNative is the diagnostic for a machine that makes no machine code.
func noNative(err error) diag.List {
	var missing *libllvm.NotFoundError
	var platform *native.PlatformError
	switch {
	case errors.As(err, &missing):
		d := diag.New(diag.Pos{}, "E017", missing.Hint+"; or use --backend vm", "--backend llvm: libLLVM (version %d or later) was not found", libllvm.Oldest)
		return d
	case errors.As(err, &platform):
		return diag.New(diag.Pos{}, "E017", "use --backend vm or --backend go", "--backend llvm: %v", platform)
	}
	return diag.New(diag.Pos{}, "E017", "use --backend vm, and see mtkc doctor", "--backend llvm: %v", err)
}
