package embedded

import (
	"errors"
	"slices"
	"testing"

	"github.com/mtkc/mtkc/runtime/ensemble"
	"github.com/mtkc/mtkc/runtime/native"
	"github.com/mtkc/mtkc/runtime/ode"
)

// Without code the source runs, and there is no engine.
func TestNoCode(t *testing.T) {
	source := &ode.Kernels{RHS: func(_ float64, _, _, du []float64) { du[0] = 1 }}
	p := &ode.Problem{U0: []float64{0}}
	for _, c := range []*Code{
		{},
		{Name: "AVX2", Base: 32, N: 1, Kernels: []Kernel{{Part: RHS, Out: 1}}}, // not where code may lie
		{Name: "AVX2", N: 1},
	} {
		if c.Use(source) != source {
			t.Errorf("%+v is used", c)
		}
		_, err := c.Engine(p, &ode.Options{})
		var no *ensemble.Unfit
		if !errors.As(err, &no) {
			t.Errorf("%+v: %v", c, err)
		}
		t.Log(err)
	}
}

// The loop that Engine chooses: by the method's name, and with times to save one that can.
func TestEngine(t *testing.T) {
	if err := native.Supported(); err != nil {
		t.Skip(err)
	}
	c := &Code{Name: "AVX2", Made: "LLVM", N: 1, Loops: []Loop{
		{Method: "Tsit5", Slots: 11, Lanes: 1}, {Method: "Tsit5", Dense: true, Slots: 20, Lanes: 2}, {Method: "Rodas5P", Dense: true, Slots: 20, Lanes: 4},
	}}
	if got := c.Methods(); !slices.Equal(got, []string{"Tsit5", "Rodas5P"}) {
		t.Errorf("methods %v", got)
	}
	p := &ode.Problem{U0: []float64{0}}
	for _, x := range []struct {
		opt  ode.Options
		want string // name of the engine, "": none
	}{
		{ode.Options{}, "Tsit5, AVX2 code by LLVM, 1 lanes"},
		{ode.Options{Solver: "nonstiff"}, "Tsit5, AVX2 code by LLVM, 1 lanes"},
		{ode.Options{Solver: "tsit5", Steps: 10}, "Tsit5, AVX2 code by LLVM, 2 lanes"},
		{ode.Options{Solver: "tsit5", Steps: 10, FinalOnly: true}, "Tsit5, AVX2 code by LLVM, 1 lanes"},
		{ode.Options{Solver: "RODAS5P"}, "Rodas5P, AVX2 code by LLVM, 4 lanes"},
		{ode.Options{Solver: "BDF"}, ""},
	} {
		e, err := c.Engine(p, &x.opt)
		var no *ensemble.Unfit
		switch {
		case x.want == "":
			if !errors.As(err, &no) {
				t.Errorf("%+v: %v", x.opt, err)
			}
		case err != nil:
			t.Error(err)
		case e.Name() != x.want:
			t.Errorf("%+v: %s, not %s", x.opt, e.Name(), x.want)
		}
	}
	if _, err := c.Engine(&ode.Problem{U0: []float64{0, 1}}, &ode.Options{}); err == nil {
		t.Error("a problem of another model is accepted")
	}
}
