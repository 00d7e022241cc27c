package mtkc

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mtkc/mtkc/backend/fuse"
	gogen "github.com/mtkc/mtkc/backend/go"
	"github.com/mtkc/mtkc/backend/llvm"
	"github.com/mtkc/mtkc/backend/llvm/libllvm"
	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/runtime/native"
	"github.com/mtkc/mtkc/runtime/tableau"
)

// EmbedOptions say which machine code a generated package carries.
type EmbedOptions struct {
	Processors []string         // of EmbedProcessors; nil: all
	Methods    []string         // of run loops for ensembles, as package ode names them; may be nil
	Least      int              // operations from which on a kernel is code, 0: 80
	Library    *libllvm.Library // nil: the one that is found, with the user's cache of objects
	Command    string           // that makes the files, for their heads
}

// EmbedProcessors are the names of the kinds of processors that code can be embedded for.
func EmbedProcessors() []string {
	var names []string
	for _, p := range llvm.Processors() {
		names = append(names, p.Name)
	}
	return names
}

// GoPackage generates Go source, as the pass go does, with machine code of its kernels in assembly: the first
// file has the given name, the others follow it. The findings hold E017 where there is no libLLVM on this
// machine, E019 where no code can be made of a method; and W019 names kernels that cannot be code.
func (c *Compiler) GoPackage(ctx context.Context, file string, opt EmbedOptions) ([]gogen.File, diag.List) {
	found := c.Run(ctx, "lower")
	if c.failed {
		return nil, found
	}
	if list := c.Portable("Go source"); list != nil {
		return nil, append(found, list...)
	}
	if len(c.prog.Funcs) > 0 { // that there is no Go source comes first
		return nil, append(found, c.Run(ctx, "go")...)
	}
	start := time.Now()
	loops, unfit := c.runLoops(opt.Methods)
	if found = append(found, unfit...); unfit.Errors() > 0 {
		return nil, found
	}
	how := llvm.EmbedOptions{Least: opt.Least, Library: opt.Library}
	processors := slices.DeleteFunc(llvm.Processors(), func(p *llvm.Processor) bool {
		return opt.Processors != nil && !slices.Contains(opt.Processors, p.Name)
	})
	source, all, warned := stay(llvm.Embeddable(c.prog, how))
	if all && len(loops) == 0 {
		if processors = nil; warned == nil {
			warned = diag.New(diag.Pos{}, "W019", "add --ensemble for run loops, or leave --embed-native out", "no machine code is embedded: the kernels are so short that they are faster as Go source")
		}
	}
	found = append(found, warned...)
	code := &gogen.Native{File: file, Command: opt.Command}
	for _, on := range processors {
		e, err := unlessInterrupted(ctx, func() (*llvm.Embedding, error) { return llvm.Embed(c.prog, loops, on, how) })
		if err != nil {
			return nil, append(found, notEmbedded(on, err)...)
		}
		x := gogen.NativeCode{Title: on.Title, Made: e.Made, Fits: fits[on.Name], Blob: e.Blob, Kernels: e.Kernels, Loops: e.Loops, Source: source}
		code.Codes = append(code.Codes, x)
	}
	files, err := gogen.Package(c.prog, gogen.Options{Package: c.Go.Package, Dedicated: c.Go.Dedicated, Source: filepath.ToSlash(c.path)}, code)
	if err != nil {
		panic("mtkc: bug: generating Go source: " + err.Error())
	}
	size := 0
	for _, x := range code.Codes {
		size += len(x.Blob.Code)
	}
	c.timing = append(c.timing, Timing{"embed", time.Since(start).Seconds(), fmt.Sprintf("%d bytes of machine code", size)})
	return files, found
}

// stay says which kernels stay Go source, and why, whether all do, and warns of those that cannot be code.
func stay(reports []llvm.KernelReport) (source []string, all bool, warned diag.List) {
	var refused []string
	for _, r := range reports {
		if r.Reason == "" {
			continue
		}
		source = append(source, r.Name+": "+r.Reason)
		if !r.Small {
			refused = append(refused, r.Name+": "+r.Reason)
		}
	}
	if refused != nil {
		warned = diag.New(diag.Pos{}, "W019", "they give the same results, not as fast", "these kernels stay Go source: %s", strings.Join(refused, "; "))
	}
	return source, len(source) == len(reports), warned
}

// NativeFiles are the names of the files of machine code that may stand beside a file of Go source.
func NativeFiles(file string) []string {
	var list []string
	base := strings.TrimSuffix(file, ".go")
	for _, arch := range []string{"amd64", "arm64"} {
		list = append(list, base+"_"+arch+".go", base+"_"+arch+".s")
	}
	return list
}

// fits names the variables of runtime/cpu by the name of processors.
var fits = map[string]string{"avx512": "AVX512", "avx2": "AVX2"}

// runLoops makes the integrators of run loops: of each method one that ends alone, and one that saves.
func (c *Compiler) runLoops(methods []string) (loops []*fuse.Integrator, found diag.List) {
	var known []string
	for _, family := range []tableau.Family{tableau.Explicit, tableau.Linear, tableau.Diagonal} {
		known = append(known, tableau.Names(family)...)
	}
	for _, name := range methods {
		at := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, name) })
		if at < 0 {
			found.Add(diag.Pos{}, "E002", "methods: "+strings.Join(known, ", "), "--ensemble %s: there is no such method with one step for many trajectories", name)
			continue
		}
		for _, dense := range []bool{false, true} {
			in, err := fuse.New(c.prog, known[at], fuse.Options{Dense: dense, Events: true})
			var no *fuse.Unsupported
			switch {
			case errors.As(err, &no):
				found.Add(diag.Pos{}, "E019", "leave the method out of --ensemble, or name another", "%s cannot be machine code for ensembles of this model: %s", no.Method, no.Reason)
			case err != nil:
				panic("mtkc: bug: a fused integrator: " + err.Error())
			default:
				loops = append(loops, in)
				continue
			}
			break
		}
	}
	return loops, found
}

// notEmbedded is the diagnostic for code that could not be made.
func notEmbedded(on *llvm.Processor, err error) diag.List {
	var missing *libllvm.NotFoundError
	var refused *llvm.Refusal
	var failed *libllvm.CompileError
	var reloc *native.RelocationError
	if found := interrupted(err); found != nil {
		return found
	}
	switch {
	case errors.As(err, &missing):
		return diag.New(diag.Pos{}, "E017", missing.Hint+"; or leave --embed-native out", "--embed-native: libLLVM (version %d or later) was not found", libllvm.Oldest)
	case errors.As(err, &refused):
		return diag.New(diag.Pos{}, "E019", "leave --ensemble out", "the step of an ensemble cannot be machine code: %s", refused.Reason)
	case errors.As(err, &failed) && failed.Stage == "target":
		return diag.New(diag.Pos{}, "E017", fmt.Sprintf("leave %s out of --embed-native, or install a libLLVM with all targets", on.Name), "this libLLVM makes no code for %s: %s", on.Arch, strings.TrimSpace(failed.Message))
	case errors.As(err, &reloc):
		return diag.New(diag.Pos{}, "E019", fmt.Sprintf("leave %s out of --embed-native, or some methods out of --ensemble", on.Name), "the code for %s is too large to be embedded: %s", on.Title, reloc.Reason)
	}
	return diag.New(diag.Pos{}, "E019", fmt.Sprintf("leave %s out of --embed-native", on.Name), "the code for %s cannot be embedded: %v", on.Title, err)
}
