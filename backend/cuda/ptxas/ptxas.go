// Package ptxas runs NVIDIA's assembler of PTX, which needs no GPU: whether it takes a
// kernel, and what the kernel needs of registers and memory.
//
// In: PTX text and an architecture. Out: the resources of each function and the code for
// the GPU. The program is looked for at run time.
package ptxas

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// Resources is what a function needs per thread, but Shared per block; bytes but for
// Registers and Barriers.
type Resources struct {
	Name        string
	Entry       bool // a kernel; Registers and what follows are known for kernels alone
	Stack       int  // arrays and spilled registers of the function
	SpillStores int
	SpillLoads  int
	Registers   int
	Barriers    int
	Shared      int
	Constant    int
	Local       int // stack of the device functions that are called, where it is known
}

// Program is what ptxas made.
type Program struct {
	Functions []Resources // in the order of ptxas
	Code      []byte      // an ELF file that the driver loads ("cubin")
	Warnings  string
}

// Function finds one by name.
func (p *Program) Function(name string) (Resources, bool) {
	i := slices.IndexFunc(p.Functions, func(r Resources) bool { return r.Name == name })
	if i < 0 {
		return Resources{}, false
	}
	return p.Functions[i], true
}

// ErrAbsent says that there is no ptxas here.
var ErrAbsent = errors.New("there is no ptxas on this machine: run scripts/setup-dev of mtkc, install the CUDA toolkit, or name the program in MTKC_PTXAS")

// Error is what ptxas says about PTX that it does not take.
type Error struct{ Output string }

func (e *Error) Error() string { return "ptxas: " + strings.TrimSpace(e.Output) }

// ArchError says that ptxas does not know an architecture: it is too new for this version, or no longer made code for.
type ArchError struct{ Arch string }

func (e *ArchError) Error() string {
	return "ptxas: this version knows no architecture " + e.Arch + " (ptxas --list-arch lists those it does); name another ptxas in MTKC_PTXAS"
}

// unknownArch is how ptxas begins to say so.
const unknownArch = "Value '%s' is not defined for option 'gpu-name'"

// Find returns the path of ptxas: that of MTKC_PTXAS, one in PATH, that of the CUDA
// toolkit, the one that scripts/setup-dev got, or that of the package nvidia-cuda-nvcc-cu12
// in the active virtual environment of Python. The error is ErrAbsent, or says that
// MTKC_PTXAS names no program.
func Find() (string, error) {
	if name := os.Getenv("MTKC_PTXAS"); name != "" {
		path, err := exec.LookPath(name)
		if err != nil {
			return "", fmt.Errorf("MTKC_PTXAS: %w", err)
		}
		return path, nil
	}
	if path, err := exec.LookPath("ptxas"); err == nil {
		return path, nil
	}
	name := "ptxas"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	var patterns []string
	if dir := os.Getenv("CUDA_PATH"); dir != "" {
		patterns = append(patterns, filepath.Join(dir, "bin", name))
	}
	patterns = append(patterns, "/usr/local/cuda/bin/ptxas", "/usr/local/cuda-*/bin/ptxas")
	if dir, err := os.UserCacheDir(); err == nil {
		patterns = append(patterns, filepath.Join(dir, "mtkc", "ptxas", name))
	}
	if dir := os.Getenv("VIRTUAL_ENV"); dir != "" {
		patterns = append(patterns, filepath.Join(dir, "lib", "python3*", "site-packages", "nvidia", "cuda_nvcc", "bin", name))
	}
	for _, p := range patterns {
		list, _ := filepath.Glob(p) // the patterns are well formed
		if len(list) == 0 {
			continue
		}
		slices.Sort(list)
		if path, err := exec.LookPath(list[len(list)-1]); err == nil {
			return path, nil
		}
	}
	return "", ErrAbsent
}

// Options of Assemble. The zero value works.
type Options struct {
	Fuse         bool // let ptxas fuse sums and products without a rounding modifier, which changes results
	MaxRegisters int  // per thread; 0: what it likes
}

// Assemble gives PTX text to ptxas for an architecture like sm_70. The error is
// ErrAbsent, an *ArchError, an *Error about the text, or one of running the program.
func Assemble(ctx context.Context, ptx []byte, arch string, opts Options) (*Program, error) {
	path, err := Find()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "mtkc-ptxas-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	in, out := filepath.Join(dir, "k.ptx"), filepath.Join(dir, "k.cubin")
	if err := os.WriteFile(in, ptx, 0o600); err != nil {
		return nil, err
	}
	args := []string{"-v", "-arch=" + arch, "-fmad=" + strconv.FormatBool(opts.Fuse), "-o", out, in}
	if opts.MaxRegisters > 0 {
		args = append(args, "-maxrregcount="+strconv.Itoa(opts.MaxRegisters))
	}
	cmd := exec.CommandContext(ctx, path, args...)
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	if err := cmd.Run(); err != nil {
		if _, ok := errors.AsType[*exec.ExitError](err); ok && ctx.Err() == nil {
			if strings.Contains(text.String(), fmt.Sprintf(unknownArch, arch)) {
				return nil, &ArchError{arch}
			}
			return nil, &Error{Output: strings.ReplaceAll(text.String(), in, "PTX")}
		}
		return nil, fmt.Errorf("ptxas at %s: %w", path, err)
	}
	p, err := read(text.String())
	if err != nil {
		return nil, err
	}
	p.Code, err = os.ReadFile(out)
	return p, err
}

var (
	compiling  = regexp.MustCompile(`Compiling entry function '([^']+)'`)
	properties = regexp.MustCompile(`Function properties for '?([^\s']+)`)
	stack      = regexp.MustCompile(`(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads`)
	used       = regexp.MustCompile(`Used (\d+) registers`)
	more       = regexp.MustCompile(`(?:used )?(\d+) (?:bytes )?(barriers|smem|cmem|cumulative stack size)`)
)

// read takes what ptxas -v prints: for each kernel the line "Compiling entry function",
// then "Function properties" and a line about the stack for it and for the device functions
// that are not inlined, and at its end "Used N registers".
func read(text string) (*Program, error) {
	p := &Program{}
	var entry string
	at := -1
	find := func(name string) int {
		i := slices.IndexFunc(p.Functions, func(r Resources) bool { return r.Name == name })
		if i < 0 {
			p.Functions = append(p.Functions, Resources{Name: name})
			i = len(p.Functions) - 1
		}
		return i
	}
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil {
			panic("mtkc: bug: " + err.Error()) // the patterns match digits
		}
		return n
	}
	for line := range strings.Lines(text) {
		switch {
		case compiling.MatchString(line):
			entry = compiling.FindStringSubmatch(line)[1]
			at = find(entry)
			p.Functions[at].Entry = true
		case properties.MatchString(line):
			at = find(properties.FindStringSubmatch(line)[1])
		case stack.MatchString(line) && at >= 0:
			m := stack.FindStringSubmatch(line)
			f := &p.Functions[at]
			f.Stack, f.SpillStores, f.SpillLoads = number(m[1]), number(m[2]), number(m[3])
		case used.MatchString(line) && entry != "":
			f := &p.Functions[find(entry)]
			f.Registers = number(used.FindStringSubmatch(line)[1])
			for _, m := range more.FindAllStringSubmatch(line, -1) {
				switch n := number(m[1]); m[2] {
				case "barriers":
					f.Barriers = n
				case "smem":
					f.Shared = n
				case "cmem":
					f.Constant += n
				default:
					f.Local = n
				}
			}
		case strings.Contains(line, "warning"):
			p.Warnings += line
		}
	}
	if !slices.ContainsFunc(p.Functions, func(r Resources) bool { return r.Entry }) {
		return nil, fmt.Errorf("ptxas names no kernel in its output:\n%s", text)
	}
	return p, nil
}
