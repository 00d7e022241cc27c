//go:build linux && (amd64 || arm64) && !static

package libcuda

import (
	"runtime"

	"github.com/ebitengine/purego"
)

// places are where the library may be: where the system looks, under WSL 2, in containers
// and on NixOS.
var places = []string{
	"libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1", "/usr/local/nvidia/lib64/libcuda.so.1",
	"/usr/lib64/libcuda.so.1", "/run/opengl-driver/lib/libcuda.so.1",
}

func load(name string) (uintptr, error) {
	runtime.LockOSThread() // what the system says about an error belongs to the thread
	defer runtime.UnlockOSThread()
	return purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_LOCAL)
}

func symbol(lib uintptr, name string) (uintptr, error) { return purego.Dlsym(lib, name) }

func syscallN(fn uintptr, args []uintptr) uintptr {
	r, _, _ := purego.SyscallN(fn, args...)
	return r
}
