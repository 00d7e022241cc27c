package llvm

import (
	"context"
	"strconv"
	"strings"

	"github.com/mtkc/mtkc/backend/llvm/cache"
	"github.com/mtkc/mtkc/backend/llvm/libllvm"
	"github.com/mtkc/mtkc/runtime/native"
)

// toolchain is what makes objects of text.
type toolchain struct {
	cache.Machine
	compile func(ir []byte, o libllvm.Options) (object []byte, kept bool, err error)
}

// newToolchain is that of a library, without a cache; nil: that of the library that is found,
// with the user's cache.
func newToolchain(lib *libllvm.Library) (*toolchain, error) {
	if lib != nil {
		return &toolchain{cache.Machine{Version: lib.Version(), Path: lib.Path(), Host: lib.Host()}, func(ir []byte, o libllvm.Options) ([]byte, bool, error) {
			object, err := lib.Compile(ir, o)
			return object, false, err
		}}, nil
	}
	ctx := context.Background()
	c := cache.Default()
	m, err := c.Machine(ctx)
	if err != nil {
		return nil, err
	}
	return &toolchain{m, func(ir []byte, o libllvm.Options) ([]byte, bool, error) { return c.Compile(ctx, ir, o) }}, nil
}

// target is what the text must heed.
func (t *toolchain) target() Target {
	major, _, _ := strings.Cut(t.Version, ".")
	n, err := strconv.Atoi(major)
	return Target{Opaque: err == nil && n >= 15, NoFMA: !hasFMA(t.Host)}
}

// load compiles a text for this machine and loads the object.
func (t *toolchain) load(ir []byte, o libllvm.Options) (m *native.Module, size int, kept bool, err error) {
	object, kept, err := t.compile(ir, o)
	if err != nil {
		return nil, 0, false, err
	}
	m, err = native.Load(object)
	return m, len(object), kept, err
}

// hasFMA reports whether a target is known to have fused multiply-add.
func hasFMA(t libllvm.Target) bool {
	return strings.HasPrefix(t.Triple, "aarch64") || hasFeature(t, "fma")
}

// hasFeature reports whether a target names a feature.
func hasFeature(t libllvm.Target, name string) bool {
	return strings.Contains(","+t.Features+",", ",+"+name+",")
}
