// Package libllvm drives LLVM's shared library, found when the program runs, through
// its C interface and without cgo.
//
// In: the text of a module in LLVM's IR, a target, a pass list. Out: an object file or
// assembly (PTX for NVIDIA's GPUs). Promised: what is wrong with a module, a target or an
// installation is an error of Go with LLVM's words; the library may be absent; versions
// 14 and later are accepted.
//
// # Text
//
// Pointers may be written typed (double*), which every version to date up to 16 reads and
// which later versions read too when the text uses no opaque pointer beside them (tested
// with 14 to 19 and 21 to 23), or opaque (ptr), which needs 15 or later.
//
// # What keeps LLVM from ending the program
//
// LLVM's code generators end the process when they meet what they cannot translate.
// Four fences stand before that. The intrinsics that the text names must be in a table of
// those that every version can translate for the target, and it may hold no inline
// assembly. The module is verified. Diagnostics are collected instead of printed. And a
// fatal error is caught by LLVM's handler, which never returns: the thread that
// compiled stays parked for good with its memory, and Compile returns the error. What
// remains is a fault inside LLVM (a signal); who wants safety from that too compiles in
// another process, see [Worker].
//
// # Linking
//
// Loading libraries makes a program on Linux depend on the C library's dynamic
// linker, even with CGO_ENABLED=0. The build tag static leaves this out: the program is
// linked statically, runs where there is no such linker, and finds no libLLVM.
package libllvm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Oldest is the oldest major version that is accepted.
const Oldest = 14

// Library is a loaded libLLVM. It may be used by several goroutines at once.
type Library struct {
	path    string
	version string
	major   int
	targets []string // "X86", "AArch64", "NVPTX": those that were built in
	api     api
}

// Path is the file that was loaded.
func (l *Library) Path() string { return l.path }

// Version is the version as LLVM writes it, "19.1.7".
func (l *Library) Version() string { return l.version }

// Major is the major version.
func (l *Library) Major() int { return l.major }

// Targets are the targets of interest that the library was built with: X86, AArch64,
// NVPTX.
func (l *Library) Targets() []string { return slices.Clone(l.targets) }

// NotFoundError says that no usable libLLVM was found, and where it was looked for.
type NotFoundError struct {
	Looked []string // places and what was wrong there, in order
	Hint   string   // how to get one
}

func (e *NotFoundError) Error() string {
	return "libLLVM was not found:\n\t" + strings.Join(e.Looked, "\n\t") + "\n" + e.Hint
}

var found struct {
	sync.Once
	l   *Library
	err error
}

// Find loads the newest libLLVM of this machine, or the one that the environment variable
// MTKC_LIBLLVM names (a file, or a directory that holds one). It looks once; later calls
// return what the first returned. The error is a *NotFoundError.
func Find() (*Library, error) {
	found.Do(func() { found.l, found.err = find() })
	return found.l, found.err
}

func find() (*Library, error) {
	if why := unsupported(); why != "" {
		return nil, &NotFoundError{Looked: []string{why}, Hint: "use the vm or Go source here"}
	}
	var looked []string
	for _, c := range candidates() {
		if c.why != "" {
			looked = append(looked, c.path+": "+c.why)
			continue
		}
		l, err := Open(c.path)
		if err == nil {
			return l, nil
		}
		looked = append(looked, fmt.Sprintf("%s: %v", c.path, err))
	}
	return nil, &NotFoundError{Looked: looked, Hint: Hint()}
}

// parseVersion reads the major version of "19.1.7".
func parseVersion(s string) (int, error) {
	head, _, _ := strings.Cut(s, ".")
	return strconv.Atoi(head)
}
