package libcuda

import (
	"fmt"
	"strings"
	"unsafe"
)

// Code is an error of the driver ("CUresult").
type Code int

// Codes that callers may want to tell apart.
const (
	OutOfMemory      Code = 2
	NoDevice         Code = 100
	InvalidPTX       Code = 218
	UnsupportedPTX   Code = 222
	LaunchOutOfRange Code = 701
)

// Error is what the driver says, and what to do.
type Error struct {
	Call string // the function
	Code Code
	Name string // of the code, as in CUDA_ERROR_OUT_OF_MEMORY
	Text string
	Log  string // of the compiler of PTX
	Next string
}

func (e *Error) Error() string {
	s := fmt.Sprintf("libcuda: %s: %s (%s, code %d)", e.Call, e.Text, e.Name, int(e.Code))
	if e.Log != "" {
		s += "\n" + strings.TrimSpace(e.Log)
	}
	if e.Next != "" {
		s += "; " + e.Next
	}
	return s
}

// Sticky reports whether the context cannot be used any more after the error: all later
// calls fail until the process ends.
func (e *Error) Sticky() bool {
	switch e.Code {
	case 700, 702, 709, 710, 714, 715, 716, 717, 718, 719:
		return true
	}
	return false
}

// next says what to do about a code.
var next = map[Code]string{
	2:   "use a smaller batch, or free memory of other programs on the GPU (nvidia-smi lists them)",
	3:   "the driver is shutting down or not initialized: use it before the program ends",
	34:  "this is the stub library for linking, not the driver: remove its folder from LD_LIBRARY_PATH",
	35:  "the driver is older than what is asked for: update it",
	100: "no GPU is visible: check nvidia-smi, CUDA_VISIBLE_DEVICES, and that a container was started with its GPUs",
	101: "there is no GPU of this number: mtkc doctor lists those there are",
	200: "the GPU cannot load this code: make it anew for its architecture",
	201: "the context is gone: make a new one",
	209: "the code was made for another architecture: make PTX for sm_70 or that of the GPU",
	218: "the text is no PTX that this driver understands: see the log",
	221: "the driver lacks its compiler of PTX (libnvidia-ptxjitcompiler): install the whole driver",
	222: "the PTX is of a newer version than the driver knows: update the driver, or write PTX of an older version",
	300: "this is no PTX text and no object for a GPU",
	304: "the operating system refused a call: check the permissions of /dev/nvidia*",
	500: "the text has no kernel of this name",
	700: "a kernel read or wrote outside of its memory; the context cannot be used any more: start the program anew",
	701: "a block needs more registers or shared memory than a processor has: use fewer threads in a block",
	702: "the kernel ran longer than the system allows, as on a GPU that drives a screen: use a smaller budget of steps",
	719: "a kernel failed; the context cannot be used any more: start the program anew",
	802: "the system is not ready: the fabric manager of the GPUs may not run",
	803: "the driver's kernel module and its library have different versions: restart the machine after an update of the driver",
	804: "the forward compatible library of CUDA does not know this GPU: remove it from LD_LIBRARY_PATH",
	999: "the driver failed for a reason of its own: look into the kernel's log (dmesg) for NVRM, or restart the machine",
}

// error describes a result.
func (d *Driver) error(p proc, code int) *Error {
	e := &Error{Call: symbols[p], Code: Code(code), Next: next[Code(code)]}
	var name, str uintptr
	if d.raw(cuGetErrorName, uintptr(code), uintptr(unsafe.Pointer(&name))) == 0 {
		e.Name = textAt(name)
	}
	if d.raw(cuGetErrorString, uintptr(code), uintptr(unsafe.Pointer(&str))) == 0 {
		e.Text = textAt(str)
	}
	if e.Name == "" {
		e.Name, e.Text = "unknown", "an error that the driver does not know"
	}
	return e
}
