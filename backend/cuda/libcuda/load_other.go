//go:build !windows && (static || !(linux && (amd64 || arm64)))

package libcuda

import "errors"

// places is empty: NVIDIA has no driver with CUDA for this system, or the program was built
// with the tag static and loads no library.
var places []string

func load(name string) (uintptr, error) {
	return 0, errors.New(name + ": CUDA exists on Linux and Windows, and not for programs built with the tag static")
}

func symbol(uintptr, string) (uintptr, error) { panic("mtkc: bug: no library was loaded") }

func syscallN(uintptr, []uintptr) uintptr { panic("mtkc: bug: no library was loaded") }
