//go:build !((linux || darwin) && (amd64 || arm64) && !static)

package libllvm

import "runtime"

type api struct{}

func unsupported() string {
	return "this program was built for " + runtime.GOOS + "/" + runtime.GOARCH + " or with the tag static, where no library is loaded"
}

// Open fails: libLLVM is not used on this platform.
func Open(path string) (*Library, error) {
	return nil, &NotFoundError{Looked: []string{path + ": " + unsupported()}, Hint: Hint()}
}

// Compile is for platforms on which there is a Library.
func (l *Library) Compile(ir []byte, o Options) ([]byte, error) {
	return nil, &NotFoundError{Looked: []string{unsupported()}, Hint: Hint()}
}

// Host is a generic processor of this machine's kind.
func (l *Library) Host() Target { return hostTarget("", "") }
