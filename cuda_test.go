package mtkc

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/backend/cuda/ptxas"
	"github.com/mtkc/mtkc/backend/cuda/ptxtest"
	"github.com/mtkc/mtkc/backend/llvm/libllvm"
)

// The text of kernels for GPUs is PTX, says what its kernels are, and has those; ptxas takes it where it is.
func TestPTX(t *testing.T) {
	if _, err := libllvm.Find(); err != nil {
		t.Skip(err)
	}
	for _, c := range []struct {
		path    string
		args    map[string]string
		opt     PTXOptions
		says    []string
		kernels []string
	}{
		{"examples/lorenz", nil, PTXOptions{}, []string{"with Tsit5", "Rho, default 28", "saves is 0", "  1  reached TEnd"}, []string{"run"}},
		{"examples/robertson", nil, PTXOptions{Method: "Rodas5P", Dense: true}, []string{"with Rodas5P", "Save holds times"}, []string{"run"}},
		{"examples/bouncingball", nil, PTXOptions{}, []string{"  5  an event"}, []string{"run"}},
		{"examples/brusselator", map[string]string{"N": "6000"}, PTXOptions{}, []string{"no kernel for ensembles: a thread would need", "rhs, 12000 numbers", "rhs_0, up to 5998 threads"}, []string{"rhs_0", "rhs_1", "jac_0", "jac_1"}},
	} {
		t.Run(c.path, func(t *testing.T) {
			cc := New(c.path, Options{Args: c.args})
			text, found := cc.PTX(t.Context(), c.opt)
			if err := found.Err(); err != nil {
				t.Fatal(err)
			}
			head, _, _ := strings.Cut(string(text), ".version")
			for _, s := range c.says {
				if !strings.Contains(head, s) {
					t.Errorf("%q is not in\n%.3000s", s, head)
				}
			}
			m, err := ptxtest.Load(text)
			if err != nil {
				t.Fatal(err)
			}
			if list := m.Contractible(); len(list) > 0 {
				t.Errorf("ptxas may fuse what is to be rounded: %v", list)
			}
			for _, k := range c.kernels {
				if !slices.Contains(m.Kernels(), k) {
					t.Errorf("there is no kernel %s", k)
				}
			}
			p, err := ptxas.Assemble(t.Context(), text, "sm_80", ptxas.Options{})
			if errors.Is(err, ptxas.ErrAbsent) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range c.kernels {
				if !slices.ContainsFunc(p.Functions, func(r ptxas.Resources) bool { return r.Name == k && r.Entry }) {
					t.Errorf("ptxas does not name %s", k)
				}
			}
		})
	}
}
