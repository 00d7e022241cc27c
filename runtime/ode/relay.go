package ode

import "fmt"

// The implicit methods of the automatic choice relieve each other. A simplified Newton
// iteration has one Jacobian for all stages of a step; where f has a kink between the
// stages, as the algebraic equation of a saturation has, it may not converge however
// short the step, while a Rosenbrock method, which does not iterate, passes.

const relayStay = 25 // steps with a relief before the first choice tries again; doubled each time

// relayMethod is an implicit method with others in reserve.
type relayMethod struct{ first, reserve string }

// relayOf returns the method called name with its relief.
func relayOf(name string) *relayMethod {
	reserve := "Rodas5P"
	if name == reserve {
		reserve = "RadauIIA5"
	}
	return &relayMethod{name, reserve}
}

// Info describes the first method.
func (m *relayMethod) Info() Info {
	f, err := Lookup(m.first)
	if err != nil {
		panic("mtkc: bug: " + err.Error())
	}
	return f.Info()
}

// New returns a stepper that starts with the first method.
func (m *relayMethod) New(ws *Workspace) (Stepper, error) {
	st, err := begin(ws, m.first)
	if err != nil {
		return nil, err
	}
	return &relay{ws: ws, m: m, first: st, cur: st, last: st, stay: relayStay}, nil
}

// begin makes a stepper of the named method.
func begin(ws *Workspace, name string) (Stepper, error) {
	f, err := Lookup(name)
	if err != nil {
		return nil, err
	}
	return f.New(ws)
}

// relay is the stepper of one run.
type relay struct {
	ws      *Workspace
	m       *relayMethod
	first   Stepper
	reserve Stepper // nil until needed
	spare   spare
	alg     *algebraic
	shape   int // of the workspace that alg is made for
	cur     Stepper
	last    Stepper // made the last step

	stay, left int
	taken      int     // steps of the reserve
	before     string  // the method that was first until exchange
	at         float64 // when that was
}

// exchanger is a stepper that can go on with another method for good.
type exchanger interface{ exchange() bool }

// exchange makes the reserve the first method, once: events pile up where the errors of
// the first one, small as they are, change conditions that the model alone would not,
// as the current of an ideal diode that is the difference of two nearly equal voltages over a small
// resistance. A restart must follow.
func (r *relay) exchange() bool {
	if r.before != "" || r.m.reserve != "RadauIIA5" {
		return false // the others stand such conditions as well as any
	}
	if r.needReserve() != nil {
		return false
	}
	r.before, r.at = r.m.first, r.ws.Time(r.ws.T)
	r.swap()
	r.cur, r.left = r.first, 0
	return true
}

// needReserve makes the reserve, if there is none.
func (r *relay) needReserve() (err error) {
	if r.reserve == nil {
		r.reserve, err = r.spare.take(func() (Stepper, error) { return begin(r.ws, r.m.reserve) })
	}
	return err
}

// swap exchanges first and reserve.
func (r *relay) swap() {
	r.m = &relayMethod{first: r.m.reserve, reserve: r.m.first}
	r.first, r.reserve = r.reserve, r.first
}

// Restart goes back to the first method.
func (r *relay) Restart() error {
	r.cur, r.left = r.first, 0
	return r.cur.Restart()
}

// Step makes one step. The first error counts if neither method makes one.
func (r *relay) Step() error {
	if r.cur != r.first {
		if r.left--; r.left <= 0 {
			if err := r.Restart(); err != nil {
				return err
			}
		}
	}
	err := r.cur.Step()
	if f, ok := err.(*Failure); ok && r.cur == r.first && (f.Code == NewtonFailure || f.Code == SingularMatrix || f.Code == DtTooSmall) {
		if r.relieve() != nil {
			r.cur = r.first
			return err
		}
		err = nil
	}
	if err != nil {
		return err
	}
	if r.last = r.cur; r.cur != r.first {
		r.taken++
	}
	return nil
}

// relieve makes a step with the reserve, or with the first method started afresh.
// Before, the algebraic equations are solved anew: what is accurate on the steep side
// of a kink may not be on the flat one, and then no step is short enough.
func (r *relay) relieve() error {
	ws := r.ws
	if err := r.needReserve(); err != nil {
		return err
	}
	if len(ws.Alg) > 0 && (r.alg == nil || r.shape != ws.shape) {
		r.alg, r.shape = newAlgebraic(ws), ws.shape
	}
	if r.alg != nil {
		if err := r.alg.solve(ws.T, ws.U); err != nil {
			return err
		}
	}
	var err error
	for _, st := range []Stepper{r.reserve, r.first} {
		ws.H = 0
		if err = st.Restart(); err != nil {
			continue
		}
		if err = st.Step(); err == nil {
			r.cur, r.left = st, r.stay
			r.stay *= 2
			return nil
		}
	}
	return err
}

// Interpolate asks the method that made the last step.
func (r *relay) Interpolate(t float64, u []float64) { r.last.Interpolate(t, u) }

// InterpolateSome asks the method that made the last step.
func (r *relay) InterpolateSome(t float64, which []int32, u []float64) {
	interpolateSome(r.last, t, which, u)
}

// Glance asks the method that made the last step.
func (r *relay) Glance() bool {
	g, ok := r.last.(glancer)
	return ok && g.Glance()
}

// Degree of the interpolant of the last step.
func (r *relay) Degree() int { return degree(r.last) }

// Projected passes on.
func (r *relay) Projected() { r.cur.Projected() }

// Turned passes on. The method that waits restarts before it steps.
func (r *relay) Turned() {
	if s, ok := r.cur.(turner); ok {
		s.Turned()
	}
}

// explain adds the relief to the method's name and the reason for it.
func (r *relay) explain(solver, why string) (string, string) {
	if r.before != "" {
		solver += "+" + r.m.first
		why = fmt.Sprintf("%s; %s from t = %.6g on, where events piled up with %s", why, r.m.first, r.at, r.before)
	}
	if r.taken == 0 {
		return solver, why
	}
	name := solver + "+" + r.m.reserve
	if r.before != "" {
		name = solver
	}
	return name, fmt.Sprintf("%s; %d steps with %s where its iteration did not converge", why, r.taken, r.m.reserve)
}
