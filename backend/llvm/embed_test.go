package llvm

import (
	"bytes"
	"slices"
	"testing"

	"github.com/mtkc/mtkc/backend/fuse"
)

// Code for every kind of processor is made by every library, the same when it is made again.
func TestEmbed(t *testing.T) {
	prog := compile(t, lorenz+`
		var w = 1 fixed
		var v = 0 fixed
		der(w) = sin(x)*exp(-y*y) - w
		der(v) = tanh(x + y) - v^3/(1 + v^2)`)
	var loops []*fuse.Integrator
	for method, dense := range map[string]bool{"Tsit5": true, "Rodas5P": false} {
		in, err := fuse.New(prog, method, fuse.Options{Dense: dense, Events: true})
		if err != nil {
			t.Fatal(err)
		}
		loops = append(loops, in)
	}
	for k, lib := range libraries(t) {
		for _, on := range Processors() {
			e, err := Embed(prog, loops, on, EmbedOptions{Library: lib})
			if err != nil {
				t.Fatalf("LLVM %s, %s: %v", lib.Version(), on.Title, err)
			}
			if k == 0 && on.Name == "avx2" {
				again, err := Embed(prog, loops, on, EmbedOptions{Library: lib})
				if err != nil || !bytes.Equal(e.Blob.Code, again.Blob.Code) {
					t.Errorf("LLVM %s, %s: code differs from time to time: %v", lib.Version(), on.Title, err)
				}
			}
			if e.Blob.Arch != on.Arch || e.Blob.Align != 64 || len(e.Kernels) != 2 || len(e.Loops) != 2 {
				t.Errorf("LLVM %s, %s: %s, aligned to %d, %d kernels, %d loops", lib.Version(), on.Title, e.Blob.Arch, e.Blob.Align, len(e.Kernels), len(e.Loops))
			}
			t.Logf("LLVM %s, %s: %d bytes", lib.Version(), on.Title, len(e.Blob.Code))
		}
	}
	all := len(Embeddable(prog, EmbedOptions{Least: 1}))
	small := slices.DeleteFunc(Embeddable(prog, EmbedOptions{}), func(r KernelReport) bool { return !r.Small })
	if all-len(small) != 2 {
		t.Errorf("%d kernels, of which are too small: %+v", all, small)
	}
}
