package libllvm

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// UnknownProcessorError says that a libLLVM has no processor of this name for a target.
type UnknownProcessorError struct {
	Target  Target
	Version string // of libLLVM
}

func (e *UnknownProcessorError) Error() string {
	arch, _, _ := strings.Cut(e.Target.Triple, "-")
	return fmt.Sprintf("libLLVM %s has no processor %s for %s", e.Version, e.Target.CPU, arch)
}

// CheckProcessor returns an *UnknownProcessorError where the library that Find finds has no processor of the name of t, and another
// error where it cannot be asked. LLVM itself goes on with another processor, or ends; it says so on the standard error alone, so the
// question is put in another process, whose output can be read.
func CheckProcessor(ctx context.Context, t Target) error {
	var w Worker
	defer w.Close()
	version, _, _, err := w.Info(ctx)
	if err != nil {
		return err
	}
	printed := &w.process.printed
	o := Options{Target: t}
	if t.gpu() {
		o.Kind = Assembly
	}
	_, err = w.Compile(ctx, nil, o)
	if closed := w.Close(); err == nil {
		err = closed
	}
	if strings.Contains(printed.String(), "not a recognized processor") {
		return &UnknownProcessorError{t, version}
	}
	if errors.As(err, new(*CompileError)) {
		return nil // who compiles will see it, too
	}
	return err
}
