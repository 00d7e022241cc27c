package native

import (
	"debug/elf"
	"errors"
	"fmt"
	"strings"
)

// ErrClosed is the error of Func on a closed module.
var ErrClosed = errors.New("native: the module is closed")

// PlatformError says why machine code cannot be loaded on this platform.
type PlatformError struct {
	Platform string // GOOS/GOARCH
	Reason   string
}

func (e *PlatformError) Error() string {
	return fmt.Sprintf("native code does not run on %s: %s; use the vm or Go source there", e.Platform, e.Reason)
}

// MachineError says that an object is for another machine.
type MachineError struct {
	Object, Host string
}

func (e *MachineError) Error() string {
	return fmt.Sprintf("native: the object is for %s, this machine is %s: compile it for this machine", e.Object, e.Host)
}

// FormatError says what is wrong with an object file.
type FormatError struct {
	Reason string
}

func (e *FormatError) Error() string {
	return "native: not an object that can be loaded: " + e.Reason + "; compile it again, as an ELF relocatable object (-c)"
}

// RelocationError says that a reference in an object cannot be resolved.
type RelocationError struct {
	Section string // where the reference is
	Offset  uint64
	Reason  string
	Hint    string // what to do
}

func (e *RelocationError) Error() string {
	var at string
	if e.Section != "" {
		at = fmt.Sprintf("%s+%#x: ", e.Section, e.Offset)
	}
	return "native: " + at + e.Reason + ": " + e.Hint
}

// UndefinedError lists the symbols that an object uses and does not define.
type UndefinedError struct {
	Names []string // in the order of the object
}

func (e *UndefinedError) Error() string {
	const most = 8
	names := e.Names
	more := ""
	if len(names) > most {
		more = fmt.Sprintf(" and %d more", len(names)-most)
		names = names[:most]
	}
	return "native: undefined symbol " + strings.Join(names, ", ") + more +
		": the object must define all that it calls; write elementary functions out before compiling, and compile for a processor that has the instructions (fma, roundsd) whose library functions these are"
}

// NoFuncError says that a module has no function of a name.
type NoFuncError struct {
	Name string
	Have []string // functions of the module
}

func (e *NoFuncError) Error() string {
	const most = 8
	have := e.Have
	more := ""
	if len(have) > most {
		more = fmt.Sprintf(" and %d more", len(have)-most)
		have = have[:most]
	}
	if len(have) == 0 {
		return fmt.Sprintf("native: the module has no function %s: it exports none", e.Name)
	}
	return fmt.Sprintf("native: the module has no function %s: it has %s%s", e.Name, strings.Join(have, ", "), more)
}

const hintPIC = "compile it as position independent code of the small code model (-fPIC)"

func machineName(m elf.Machine) string {
	switch m {
	case elf.EM_X86_64:
		return "x86-64"
	case elf.EM_AARCH64:
		return "aarch64"
	}
	return m.String()
}
