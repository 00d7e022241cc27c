package libllvm

import (
	"fmt"
	"strings"
)

// Target is what code is made for.
type Target struct {
	Triple   string // "x86_64-unknown-linux-gnu", "nvptx64-nvidia-cuda"
	CPU      string // LLVM's name of the processor, "" = generic
	Features string // "+avx2,-sse4a", "" = those of the processor
}

// Kind is what is made.
type Kind int

const (
	Object   Kind = iota // an object file, to be loaded by runtime/native or linked
	Assembly             // assembly; for nvptx64 this is PTX, and there is nothing else
)

func (k Kind) String() string {
	if k == Assembly {
		return "assembly"
	}
	return "object"
}

// Options say how a module is compiled.
type Options struct {
	Target Target // the zero value means Host
	Level  int    // of code generation, 0 to 3; 0 compiles fastest, 1 makes code as fast as 2 for arithmetic
	Passes string // a pass pipeline as opt -passes takes it, "default<O2>"; "" = none
	Kind   Kind
	Tiny   bool // of arm64: all of the code and its constants lie within 1 MiB of each other and need no pages
}

// CompileError is LLVM's refusal of a module.
type CompileError struct {
	Stage   string // "check", "parse", "verify", "target", "passes", "code"
	Message string // LLVM's words
	Fatal   bool   // LLVM would have ended the process
}

func (e *CompileError) Error() string {
	msg := "libLLVM: " + e.Stage + ": " + strings.TrimSpace(e.Message)
	switch {
	case e.Fatal:
		msg += " (a fatal error inside LLVM; its thread stays parked: another version of libLLVM, or another CPU or features, may take this code)"
	case e.Stage == "target":
		msg += " (this libLLVM was built without the target, or it is misspelt: try another libLLVM, see " + Variable + ")"
	}
	return msg
}

// validate checks what LLVM would not forgive.
func (o *Options) validate() error {
	if o.Level < 0 || o.Level > 3 {
		return &CompileError{Stage: "target", Message: fmt.Sprintf("level %d: it is between 0 and 3", o.Level)}
	}
	if o.Kind != Object && o.Kind != Assembly {
		return &CompileError{Stage: "target", Message: fmt.Sprintf("kind %d", int(o.Kind))}
	}
	if o.Tiny && !strings.HasPrefix(o.Target.Triple, "aarch64") {
		return &CompileError{Stage: "target", Message: "there is no tiny code model for " + o.Target.Triple}
	}
	if strings.HasPrefix(o.Target.Triple, "nvptx") && o.Kind == Object {
		return &CompileError{Stage: "target", Message: "there are no object files for " + o.Target.Triple + ", ask for assembly (PTX)"}
	}
	return nil
}
