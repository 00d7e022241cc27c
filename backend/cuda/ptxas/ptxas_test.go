package ptxas

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/backend/cuda/internal/kernels"
)

// ptxas takes the kernels for the oldest and for newer architectures, without spills.
func TestAssemble(t *testing.T) {
	if _, err := Find(); err != nil {
		t.Skip(err)
	}
	for _, c := range kernels.Cases() {
		for _, arch := range []string{"sm_70", "sm_90"} {
			p, err := Assemble(t.Context(), c.PTX(), arch, Options{})
			if unknown, ok := errors.AsType[*ArchError](err); ok {
				t.Log(unknown)
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", c.String(), err)
				continue
			}
			f, ok := p.Function(c.Name)
			// functions has an array of 64 bytes on its stack, and calls
			if !ok || !f.Entry || f.Registers == 0 || f.SpillStores+f.SpillLoads > 0 || f.Stack > 64 || len(p.Code) == 0 || p.Warnings != "" && c.Name != "functions" {
				t.Errorf("%s for %s: %+v %s", c.String(), arch, p.Functions, p.Warnings)
			}
			t.Logf("%s for %s: %+v", c.String(), arch, p.Functions)
		}
	}
}

// What ptxas refuses is an *Error with its words.
func TestRefused(t *testing.T) {
	if _, err := Find(); err != nil {
		t.Skip(err)
	}
	_, err := Assemble(t.Context(), []byte(".version 7.0\n.target sm_70\n.address_size 64\n.entry k() { foo; }\n"), "sm_80", Options{})
	if e, ok := errors.AsType[*Error](err); !ok || !strings.Contains(e.Output, "line 4") {
		t.Error(err)
	}
}

// An architecture that it does not know is another error: no fault of the text.
func TestUnknownArch(t *testing.T) {
	if _, err := Find(); err != nil {
		t.Skip(err)
	}
	c := kernels.Cases()[0]
	_, err := Assemble(t.Context(), c.PTX(), "sm_10", Options{})
	if e, ok := errors.AsType[*ArchError](err); !ok || e.Arch != "sm_10" {
		t.Error(err)
	}
}

// MTKC_PTXAS decides where it is set.
func TestFind(t *testing.T) {
	t.Setenv("MTKC_PTXAS", filepath.Join(t.TempDir(), "ptxas"))
	if path, err := Find(); err == nil {
		t.Errorf("%s", path)
	}
	t.Setenv("MTKC_PTXAS", "")
	t.Setenv("PATH", "")
	t.Setenv("VIRTUAL_ENV", "")
	t.Setenv("CUDA_PATH", "")
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", dir)
	t.Setenv("HOME", dir)
	t.Setenv("LocalAppData", dir)
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	if list, _ := filepath.Glob("/usr/local/cuda*/bin/ptxas"); len(list) > 0 {
		t.Skip("the CUDA toolkit is installed")
	}
	if _, err := Find(); !errors.Is(err, ErrAbsent) {
		t.Error(err)
	}
	if _, err := Assemble(context.Background(), nil, "sm_70", Options{}); !errors.Is(err, ErrAbsent) {
		t.Error(err)
	}
	at := filepath.Join(cache, "mtkc", "ptxas")
	if err := os.MkdirAll(at, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(at, "ptxas"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if path, err := Find(); err != nil || filepath.Dir(path) != at {
		t.Error(path, err)
	}
}

// The text is that of ptxas 12.9.
func TestRead(t *testing.T) {
	p, err := read(`ptxas info    : 40 bytes gmem, 64 bytes cmem[3]
ptxas info    : Compiling entry function 'functions' for 'sm_70'
ptxas info    : Function properties for functions
    64 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 40 registers, used 1 barriers, 96 bytes cumulative stack size, 1024 bytes smem, 392 bytes cmem[0], 8 bytes cmem[2]
ptxas info    : Compile time = 37.635 ms
ptxas info    : Function properties for power
    24 bytes stack frame, 16 bytes spill stores, 8 bytes spill loads
`)
	if err != nil {
		t.Fatal(err)
	}
	k, _ := p.Function("functions")
	if k != (Resources{Name: "functions", Entry: true, Stack: 64, Registers: 40, Barriers: 1, Shared: 1024, Constant: 400, Local: 96}) {
		t.Errorf("%+v", k)
	}
	d, _ := p.Function("power")
	if d != (Resources{Name: "power", Stack: 24, SpillStores: 16, SpillLoads: 8}) {
		t.Errorf("%+v", d)
	}
	if _, err := read("nothing"); err == nil {
		t.Error("no kernel")
	}
}
