package mtkc

import (
	"bytes"
	"context"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	gogen "github.com/mtkc/mtkc/backend/go"
	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/runtime/trace"
)

// modulePath is the path of this module.
const modulePath = "github.com/mtkc/mtkc"

// PackageAt returns the name of the Go package that a file at path would belong to:
// that of the Go files beside it, or what go generate says; "" if neither is known.
func PackageAt(path string) string {
	list, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*.go"))
	slices.Sort(list)
	for _, file := range list {
		if strings.HasSuffix(file, "_test.go") || filepath.Base(file) == filepath.Base(path) || slices.Contains(NativeFiles(filepath.Base(path)), filepath.Base(file)) {
			continue
		}
		if f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly); err == nil {
			return f.Name.Name
		}
	}
	return os.Getenv("GOPACKAGE")
}

// FileName is the name that the file of this model should have in a directory, for the
// pass that makes it: "go" or "flat". The pass load must have run.
func (c *Compiler) FileName(pass string) string {
	name := gogen.FileName(c.sys.Name)
	if pass == "go" {
		return name
	}
	return strings.TrimSuffix(name, "_mtk.go") + ".bmo"
}

// program is the main package around generated code.
const program = `package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/mtkc/mtkc/runtime/trace"

	"mtkcrun/generated"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := trace.Serve(ctx, generated.NewProblem(nil), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
`

// RunGo generates Go source for the model, builds it with the Go toolchain and runs it
// as a process of its own. It answers like trace.Run. The time to generate and to
// build counts as the pass go.
func (c *Compiler) RunGo(ctx context.Context, req trace.Request) (*trace.Result, error) {
	c.Go = GoOptions{Package: "generated", Dedicated: true}
	if found := c.Run(ctx, "go"); found.Errors() > 0 {
		return nil, found
	}
	start := time.Now()
	dir, err := os.MkdirTemp("", "mtkc-run-")
	if err != nil {
		return nil, diag.New(diag.Pos{}, "E011", "check that the directory for temporary files can be written to", "cannot build the generated program: %v", err)
	}
	defer os.RemoveAll(dir)
	bin, found := c.build(ctx, dir)
	if found.Errors() > 0 {
		return nil, found
	}
	for i := range c.timing {
		if c.timing[i].Pass == "go" {
			c.timing[i].Seconds += time.Since(start).Seconds()
		}
	}
	var in, out, stderr bytes.Buffer
	if err := trace.WriteRequest(&in, req); err != nil {
		panic("mtkc: bug: a request cannot be written: " + err.Error())
	}
	cmd := exec.CommandContext(ctx, bin)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = &in, &out, &stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	// A program that was interrupted still answers: what it wrote decides.
	err = cmd.Run()
	if out.Len() == 0 && err != nil {
		if ctx.Err() != nil {
			return nil, diag.New(diag.Pos{}, "E509", "", "interrupted")
		}
		panic(fmt.Sprintf("mtkc: bug: the generated program failed: %v\n%s", err, stderr.String()))
	}
	return trace.ReadResult(&out)
}

// build writes a module around the generated source into dir and builds it.
func (c *Compiler) build(ctx context.Context, dir string) (bin string, found diag.List) {
	fail := func(next, format string, args ...any) (string, diag.List) {
		return "", diag.New(diag.Pos{}, "E011", next, "cannot build the generated program: "+format, args...)
	}
	goTool, err := exec.LookPath("go")
	if err != nil {
		return fail("install Go (see mtkc doctor), or use --backend vm, which needs none", "there is no Go toolchain in PATH")
	}
	mod, sum, err := moduleFiles(dir)
	if err != nil {
		return fail("use --backend vm", "%v", err)
	}
	files := []struct {
		name string
		text []byte
	}{
		{"go.mod", mod}, {"go.sum", sum}, {"main.go", []byte(program)}, {"generated/generated.go", c.code},
	}
	if err := os.Mkdir(filepath.Join(dir, "generated"), 0o755); err != nil {
		return fail("", "%v", err)
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.name), f.text, 0o644); err != nil {
			return fail("check that the directory for temporary files can be written to", "%v", err)
		}
	}
	bin = filepath.Join(dir, "run.exe")
	cmd := exec.CommandContext(ctx, goTool, "build", "-trimpath", "-buildvcs=false", "-mod=mod", "-o", bin, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			return "", diag.New(diag.Pos{}, "E509", "", "interrupted")
		}
		if strings.Contains(string(out), "generated/generated.go:") {
			panic("mtkc: bug: the generated source does not compile:\n" + string(out))
		}
		return fail("check the Go toolchain with mtkc doctor, or use --backend vm", "%v\n%s", err, strings.TrimSpace(string(out)))
	}
	return bin, nil
}

// moduleFiles writes the runtime that this mtkc carries into dir, so that generated
// code meets the runtime that it was generated for, and returns go.mod and go.sum of
// the module around it.
func moduleFiles(dir string) (mod, sum []byte, err error) {
	own, err := sources.ReadFile("go.mod")
	if err != nil {
		return nil, nil, err
	}
	if sum, err = sources.ReadFile("go.sum"); err != nil {
		return nil, nil, err
	}
	at := filepath.Join(dir, "mtkc")
	runtime, err := fs.Sub(sources, "runtime")
	if err != nil {
		return nil, nil, err
	}
	if err := os.CopyFS(filepath.Join(at, "runtime"), runtime); err != nil {
		return nil, nil, err
	}
	if err := os.WriteFile(filepath.Join(at, "go.mod"), own, 0o644); err != nil {
		return nil, nil, err
	}
	_, rest, _ := strings.Cut(string(own), "\n")
	return []byte("module mtkcrun\n" + rest + "\nrequire " + modulePath + " v0.0.0\n\nreplace " + modulePath + " => ./mtkc\n"), sum, nil
}
