package sde

// The automatic choice begins with an explicit method. Every few steps the spectral radius of df/du is estimated by a step of the power
// method; when the drift keeps the steps at the bound of stability for some checks in a row, an implicit method takes over and stays. Both follow
// the same path, which is a function of time.

import (
	"fmt"
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/ode"
)

const (
	checkEvery  = 8   // accepted steps between two checks
	stiffChecks = 4   // checks in a row that call a problem stiff
	stiffBound  = 1.5 // h times the spectral radius from which a step counts as held by stability
)

// switching is a pair of methods.
type switching struct{ explicit, implicit *method }

// Info describes the explicit half.
func (m *switching) Info() ode.Info { return m.explicit.info }

// New returns a stepper that starts with the explicit method.
func (m *switching) New(ws *ode.Workspace) (ode.Stepper, error) {
	st, err := m.explicit.New(ws)
	if err != nil {
		return nil, err
	}
	a := &switcher{stepper: st.(*stepper), m: m, v: make([]float64, ws.N()), y: make([]float64, ws.N()), f: make([]float64, ws.N())}
	a.explicit = a.stepper
	for i := range a.v { // any direction will do that is not special
		a.v[i] = 1 + math.Mod(0.754877666*float64(i+1), 1)
	}
	a.explicit.judge = a.watch
	return a, nil
}

// switcher is the stepper of a run that may become implicit. The stepper in it is the present one.
type switcher struct {
	*stepper
	m        *switching
	explicit *stepper
	implicit *stepper // nil until needed
	leave    bool     // become implicit before the next step
	count    int      // steps
	stiff    int      // checks in a row
	since    float64  // time at which the run became implicit
	v, y, f  []float64
}

// watch judges a step of the explicit method.
func (a *switcher) watch() bool {
	if a.count++; a.count%checkEvery != 0 || a.leave {
		return a.leave
	}
	ws := a.ws
	ws.RHS(ws.T, ws.U, a.f)
	size := ws.Norm(a.v, ws.U)
	if !(size > 0) || !finite(a.f) {
		return false
	}
	for i := range a.v {
		a.v[i] /= size
	}
	ws.JacVec(ws.T, ws.U, a.f, a.v, a.y)
	ws.Stats.RHS++
	radius := ws.Norm(a.y, ws.U)
	if radius > 0 && finite(a.y) {
		a.v, a.y = a.y, a.v
	}
	if h := a.explicit.path.at - a.explicit.path.from; h*radius > stiffBound {
		a.stiff++
	} else {
		a.stiff = 0
	}
	a.leave = a.stiff >= stiffChecks
	return a.leave
}

// become goes over to the implicit method at (T, U).
func (a *switcher) become() error {
	a.leave = false
	if err := a.make(); err != nil {
		return err
	}
	a.stepper = a.implicit
	a.implicit.path.begun = false // it may have been that of a run before
	a.implicit.whole = a.explicit.span
	a.since = a.ws.T
	a.ws.Stats.Switches++
	return a.stepper.Restart()
}

func (a *switcher) make() error {
	if a.implicit != nil {
		return nil
	}
	st, err := a.m.implicit.New(a.ws)
	if err == nil {
		a.implicit = st.(*stepper)
	}
	return err
}

// Restart makes (T, U) the start for the present method.
func (a *switcher) Restart() error {
	if !a.explicit.path.begun { // a new run
		a.stepper, a.leave, a.count, a.stiff = a.explicit, false, 0, 0
	}
	if a.leave {
		return a.become()
	}
	return a.stepper.Restart()
}

// Step makes a step with the present method.
func (a *switcher) Step() error {
	if a.leave {
		if err := a.become(); err != nil {
			return err
		}
	}
	return a.stepper.Step()
}

// Explain names the methods used and why.
func (a *switcher) Explain(solver, why string) (string, string) {
	if a.stepper == a.explicit {
		return solver, why
	}
	return solver + "+" + a.m.implicit.info.Name, fmt.Sprintf("%s; stiff from t = %.6g on", why, a.since)
}

// Archive visits both steppers.
func (a *switcher) Archive(x *archive.Archive) {
	changed := a.stepper != a.explicit
	x.Bool(&changed, &a.leave)
	x.Int(&a.count, &a.stiff)
	x.Float(&a.since)
	x.Floats(a.v)
	a.explicit.Archive(x)
	a.stepper = a.explicit
	if !changed || x.Err() != nil {
		return
	}
	if err := a.make(); err != nil {
		x.Fail("%v", err)
		return
	}
	a.stepper = a.implicit
	a.implicit.Archive(x)
}
