package libllvm_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mtkc/mtkc/backend/llvm/libllvm"
)

// A worker gives the same object as this process, the same errors, and is replaced when
// LLVM takes its process down.
func TestWorker(t *testing.T) {
	l := library(t)
	o := libllvm.Options{Target: l.Host(), Level: 1}
	want, err := l.Compile([]byte(axpy), o)
	if err != nil {
		t.Fatal(err)
	}
	var w libllvm.Worker
	defer w.Close()
	ctx := t.Context()
	for range 2 {
		got, err := w.Compile(ctx, []byte(axpy), o)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Error("the worker's object differs")
		}
		_, err = w.Compile(ctx, []byte("define void @f( {"), o)
		var e *libllvm.CompileError
		if !errors.As(err, &e) || e.Stage != "parse" {
			t.Errorf("a module that is wrong: %v", err)
		}
		// A type that is nested deeper than the stack of LLVM's parser.
		const depth = 1 << 20
		_, err = w.Compile(ctx, []byte("@x = external global "+strings.Repeat("[1 x ", depth)+"i8"+strings.Repeat("]", depth)), o)
		var d *libllvm.WorkerError
		if !errors.As(err, &d) {
			t.Fatalf("a module that LLVM does not survive: %v", err)
		}
		if !strings.Contains(d.Printed, "SIGSEGV") && !strings.Contains(d.Printed, "signal") && !strings.Contains(d.Err.Error(), "signal") {
			t.Errorf("a module that LLVM does not survive: %.300s", d.Error())
		}
	}
	got, err := libllvm.CompileWorker(ctx, []byte(axpy), o)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("a worker of one use: %v", err)
	}
}

// The end of a context ends the compilation.
func TestWorkerCancel(t *testing.T) {
	library(t)
	var w libllvm.Worker
	defer w.Close()
	var b strings.Builder
	b.WriteString("define double @f(double %x0) {\n")
	b.WriteString("%x1 = fmul double %x0, %x0\n")
	for i := 2; i < 100000; i++ {
		b.WriteString(strings.NewReplacer("A", strconv.Itoa(i), "B", strconv.Itoa(i-1), "C", strconv.Itoa(i/2)).Replace("%xA = fadd double %xB, %xC\n"))
	}
	b.WriteString("ret double %x99999\n}\n")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := w.Compile(ctx, []byte(b.String()), libllvm.Options{Level: 2, Passes: "default<O2>"})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after the end: %v", err)
	}
	if _, err := w.Compile(t.Context(), []byte(axpy), libllvm.Options{}); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

// Modules are compiled in parallel.
func TestParallel(t *testing.T) {
	l := library(t)
	want, err := l.Compile([]byte(axpy), libllvm.Options{Level: 1})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 10 {
				got, err := l.Compile([]byte(axpy), libllvm.Options{Level: 1})
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("%v", err)
					return
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkCompile(b *testing.B) {
	l := library(b)
	for b.Loop() {
		if _, err := l.Compile([]byte(axpy), libllvm.Options{Level: 1}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWorker(b *testing.B) {
	library(b)
	var w libllvm.Worker
	defer w.Close()
	for b.Loop() {
		if _, err := w.Compile(b.Context(), []byte(axpy), libllvm.Options{Level: 1}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWorkerOfOneUse(b *testing.B) {
	library(b)
	for b.Loop() {
		if _, err := libllvm.CompileWorker(b.Context(), []byte(axpy), libllvm.Options{Level: 1}); err != nil {
			b.Fatal(err)
		}
	}
}

// Every processor that LLVM has is known, and no other one, that of another architecture among them.
func TestCheckProcessor(t *testing.T) {
	l := library(t)
	known, other := []string{"generic", "x86-64", "x86-64-v3", "skylake", "znver3"}, "cortex-a72"
	if strings.HasPrefix(l.Host().Triple, "aarch64") {
		known, other = []string{"generic", "cortex-a72", "neoverse-n1"}, "x86-64-v3"
	}
	for _, cpu := range append(known, other, "nonsense", "sm_80") {
		err := libllvm.CheckProcessor(t.Context(), libllvm.Target{Triple: l.Host().Triple, CPU: cpu})
		var unknown *libllvm.UnknownProcessorError
		if ok := errors.As(err, &unknown); ok == slices.Contains(known, cpu) || !ok && err != nil {
			t.Errorf("%s: %v", cpu, err)
		}
	}
}
