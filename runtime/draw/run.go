package draw

import (
	"fmt"
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/runtime/random"
)

// purpose sets the stream of draws apart from others of a path.
const purpose = 0x64726177

// Variate is a random number in a model: a parameter that is set anew whenever it is drawn.
type Variate struct {
	Name  string
	Dist  Dist
	Args  []Arg
	Value int // index into P
	// Initial says that it is drawn once, before parameters and start values are computed from it. Its arguments depend on
	// parameters alone.
	Initial bool
	// Optional says that it may turn out not to be needed, as one in a branch of a case distinction: where its arguments make no
	// sense it is NaN, and no error.
	Optional bool
}

// Arg is an argument of a distribution: an observable of the problem, or, where that is below 0, a number.
type Arg struct {
	Observable int
	Number     float64
}

// Run draws the variates of a model in a run.
type Run struct {
	list   []Variate
	args   []func(t float64, u, p, out []float64) // nil: all arguments are numbers
	stream random.Stream
	gen    *Generator
	x      [4]float64
}

// NewRun returns the draws of a run of p with the kernels k. Callback must be among the callbacks of the run.
func NewRun(p *ode.Problem, k *ode.Kernels, list []Variate) *Run {
	r := &Run{list: list, args: make([]func(t float64, u, p, out []float64), len(list))}
	r.gen = NewGenerator(&r.stream)
	for i := range list {
		var which []int
		for _, a := range list[i].Args {
			if a.Observable >= 0 {
				which = append(which, a.Observable)
			}
		}
		if which == nil {
			continue
		}
		r.args[i] = p.NewObserver(which)
		if refresh, f := k.Refresh, r.args[i]; refresh != nil && !list[i].Initial {
			r.args[i] = func(t float64, u, p, out []float64) {
				refresh(t, u, p)
				f(t, u, p, out)
			}
		}
	}
	return r
}

// Callback begins the stream of a run and draws what is drawn before it.
func (r *Run) Callback() *ode.Callback {
	return &ode.Callback{
		Name: "random numbers",
		Prepare: func(in *ode.Integrator) error {
			seed, path := in.Chance()
			r.stream.Reset(seed, path, purpose)
			for i := range r.list {
				if !r.list[i].Initial {
					continue
				}
				if r.args[i] != nil {
					in.Bind()
				}
				if err := r.draw(in, i); err != nil {
					return err
				}
			}
			return nil
		},
		Archive: func(a *archive.Archive) { r.stream.Archive(a) },
	}
}

// Draw sets variates anew, in the order given: one may be an argument of a later one. It writes to P of the run, which counts as no
// change: variates that are drawn as the run goes are read by nothing but what the caller evaluates.
func (r *Run) Draw(in *ode.Integrator, which []int) error {
	for _, i := range which {
		if err := r.draw(in, i); err != nil {
			return fmt.Errorf("%w, at t = %v", err, in.T())
		}
	}
	return nil
}

func (r *Run) draw(in *ode.Integrator, i int) error {
	v := &r.list[i]
	if f := r.args[i]; f != nil {
		f(in.T(), in.U(), in.P(), r.x[:])
	}
	var x [4]float64
	k := 0
	for j, a := range v.Args {
		if x[j] = a.Number; a.Observable >= 0 {
			x[j] = r.x[k]
			k++
		}
	}
	y, err := r.gen.Draw(v.Dist, x[:len(v.Args)]...)
	if err != nil {
		if !v.Optional {
			return err
		}
		y = math.NaN()
	}
	in.P()[v.Value] = y
	return nil
}
