package cache

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"

	"github.com/mtkc/mtkc/backend/llvm/libllvm"
)

// WorkerVariable is the environment variable that moves compilation to another process
// when it is "worker", see libllvm.Worker.
const WorkerVariable = "MTKC_LLVM"

// compiler is who makes what is not in the cache.
type compiler interface {
	info(ctx context.Context) (Machine, error)
	compile(ctx context.Context, ir []byte, o libllvm.Options) ([]byte, error)
}

// Machine is what libLLVM says of itself and of this machine.
type Machine struct {
	Version string
	Path    string // of the library
	Host    libllvm.Target
}

type inProcess struct{}

func (inProcess) info(context.Context) (Machine, error) {
	l, err := libllvm.Find()
	if err != nil {
		return Machine{}, err
	}
	return Machine{l.Version(), l.Path(), l.Host()}, nil
}

func (inProcess) compile(_ context.Context, ir []byte, o libllvm.Options) ([]byte, error) {
	l, err := libllvm.Find()
	if err != nil {
		return nil, err
	}
	return l.Compile(ir, o)
}

type inWorker struct{ w libllvm.Worker }

func (c *inWorker) info(ctx context.Context) (Machine, error) {
	version, path, host, err := c.w.Info(ctx)
	return Machine{version, path, host}, err
}

func (c *inWorker) compile(ctx context.Context, ir []byte, o libllvm.Options) ([]byte, error) {
	return c.w.Compile(ctx, ir, o)
}

var theCompiler = sync.OnceValue(func() compiler {
	if os.Getenv(WorkerVariable) == "worker" {
		return &inWorker{}
	}
	return inProcess{}
})

// Compile makes an object or assembly of a module as libllvm does, unless it is in the
// cache; hit says that it was. A hit loads no libLLVM. Errors are those of libllvm;
// they are not kept.
func (c *Cache) Compile(ctx context.Context, ir []byte, o libllvm.Options) (out []byte, hit bool, err error) {
	m, err := c.Machine(ctx)
	if err != nil {
		return nil, false, err
	}
	if o.Target == (libllvm.Target{}) {
		o.Target = m.Host
	}
	k := NewKey("module", m.Version, o.Target.Triple, o.Target.CPU, o.Target.Features,
		fmt.Sprint(o.Level, o.Kind, o.Tiny), o.Passes, string(ir))
	if out, ok := c.Get(k); ok {
		return out, true, nil
	}
	if out, err = theCompiler().compile(ctx, ir, o); err != nil {
		return nil, false, err
	}
	_ = c.Put(k, out) // a cache that cannot be written costs time alone
	return out, false, nil
}

// Machine is what libLLVM says of itself and of this machine, without loading it where the
// cache has the answer for that file and this processor.
func (c *Cache) Machine(ctx context.Context) (Machine, error) {
	var m Machine
	place, known := libllvm.Locate()
	known = known && processor() != ""
	k := NewKey("machine", place.Path, fmt.Sprint(place.Size), place.Changed.UTC().String(), processor())
	if known {
		if b, ok := c.Get(k); ok && json.Unmarshal(b, &m) == nil && m.Version != "" {
			return m, nil
		}
	}
	m, err := theCompiler().info(ctx)
	if err != nil || !known || m.Path != place.Path {
		return m, err
	}
	if b, err := json.Marshal(m); err == nil {
		_ = c.Put(k, b)
	}
	return m, nil
}
