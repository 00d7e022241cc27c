//go:build !linux || !(amd64 || arm64)

package native

import (
	"debug/elf"
	"runtime"
)

const hostMachine = elf.EM_NONE

func unsupported() string {
	switch {
	case runtime.GOOS == "js" || runtime.GOOS == "wasip1":
		return "WebAssembly programs cannot load machine code"
	case runtime.GOOS == "linux":
		return "there is a loader for amd64 and arm64 only"
	case runtime.GOOS == "darwin" || runtime.GOOS == "ios":
		return "macOS lets programs write code only by calls and entitlements of its own, which the loader does not have"
	}
	return "there is a loader for Linux only"
}

func pageSize() int { return 4096 }

func mapMemory(int, bool) ([]byte, error) { return nil, Supported() }

func unmapMemory([]byte) {}

func protect([]byte, int, int) error { return Supported() }

func mapStack(int) ([]byte, error) { return nil, Supported() }
