package ode

// The automatic choice. Problems with algebraic equations go to an implicit method.
// Others start with an explicit one, and change when that is stiff work; switching.go says
// by what signs.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

const smallSystem = 250 // states up to which a one-step method is the implicit one

// choice is a method with its form and the reasons for both.
type choice struct {
	Method
	why, form string
}

// Choices are the values of Options.Solver that leave the method to the automatic choice:
// auto; and with a hint, stiff (an implicit method throughout) and nonstiff (an explicit one).
func Choices() []string { return []string{"auto", "stiff", "nonstiff"} }

// hint is the automatic choice that the caller asks for; "" where a method is named.
func (s *settings) hint() string {
	name := strings.ToLower(s.Solver)
	switch {
	case s.Method != nil:
		return ""
	case name == "":
		return "auto"
	case slices.Contains(Choices(), name):
		return name
	}
	return ""
}

// choose finds the method and the form for the run and says why.
func choose(ws *Workspace, s *settings) (choice, error) {
	c := choice{Method: s.Method, why: "given by the caller"}
	hint := s.hint()
	if c.Method == nil && hint == "" {
		var err error
		if c.Method, err = Lookup(s.Solver); err != nil {
			return c, err
		}
		c.why = "asked for"
	}
	if ws.P.Implicit != nil {
		if c.Method == nil {
			m, err := Lookup("IDA")
			return choice{Method: m, why: "the problem has the form F(t, u, u') = 0"}, err
		}
		if _, ok := c.Method.(idaMethod); !ok {
			return c, fmt.Errorf("%s has the form F(t, u, u') = 0, which %s does not take: use IDA", ws.P.title(), c.Info().Name)
		}
		return c, nil
	}
	if ws.P.Noise != nil || ws.P.Jumps != nil {
		return c.byChance(ws, s)
	}
	if ws.P.higher() {
		return c.asItStands(ws, s)
	}
	states := ws.P.NInv > 0 && s.Constraints == "states"
	coupled := len(ws.Alg) > 0 || states // there is more than derivatives
	if c.Method == nil && ws.N() == 0 {
		m, err := Lookup("BS3")
		return choice{Method: m, why: "there are no states"}, err
	}
	nested := false
	if coupled {
		switch {
		case s.Form != "auto":
			nested = s.Form == "nested"
		case c.Method != nil:
			nested = !c.Info().Implicit
		default:
			nested = hint == "nonstiff" || hint != "stiff" && (len(ws.Alg) == 0 || suitsNested(ws))
		}
	}
	if c.Method != nil {
		c.form = explainForm(ws, nested, states, s)
		c.Method = inForm(c.Method, nested, states)
		return c, nil
	}
	implicit, size := implicitChoice(ws)
	if coupled && !nested {
		c.why = fmt.Sprintf("%d of %d equations are algebraic, which takes an implicit method; %s", len(ws.Alg), ws.N(), size)
		if len(ws.Alg) == 0 {
			c.why = "the rows of dependent states are algebraic, which takes an implicit method; " + size
		}
		c.form = explainForm(ws, false, states, s)
		c.Method = inForm(relayOf(implicit), false, states)
		return c, nil
	}
	if hint == "stiff" {
		c.why = "an implicit method, as asked for; " + size
		c.form = explainForm(ws, nested, states, s)
		c.Method = inForm(relayOf(implicit), nested, states)
		return c, nil
	}
	name, first := explicitChoice(ws, nested)
	m, err := Lookup(name)
	if err != nil {
		return c, err
	}
	c.form = explainForm(ws, nested, states, s)
	if hint == "nonstiff" {
		c.why = "an explicit method, as asked for; " + first
		c.Method = inForm(m, nested, states)
		return c, nil
	}
	c.Method, c.why = &autoMethod{explicit: m, first: first, implicit: implicit, size: size, nested: nested, states: states}, ""
	return c, nil
}

// explainForm says how algebraic equations and constraints are treated; "" where there
// are none.
func explainForm(ws *Workspace, nested, states bool, s *settings) string {
	var text []string
	asked := func(option string) string {
		if option == "auto" {
			return ""
		}
		return ", as asked for"
	}
	if n := len(ws.Alg); n > 0 {
		text = append(text, fmt.Sprintf("dae: the method solves the %d algebraic equations with the others%s", n, asked(s.Form)))
		if nested {
			text[0] = fmt.Sprintf("nested: the %d algebraic equations are solved inside the right-hand side%s", n, asked(s.Form))
		}
	}
	if n := ws.P.NInv; n > 0 {
		if states {
			text = append(text, fmt.Sprintf("states: the %d constraints are solved for as many states, which are chosen as the run goes%s", n, asked(s.Constraints)))
		} else {
			text = append(text, fmt.Sprintf("project: every step is moved onto the %d constraints%s", n, asked(s.Constraints)))
		}
	}
	return strings.Join(text, "; ")
}

// suitsNested decides whether a problem with algebraic equations is tried with an
// explicit method first: where they are linear, and come from constraints on
// positions, as the accelerations and forces of a mechanism do. Such problems
// oscillate. On chains and arms of 3 to 50 links Tsit5 and Vern7 take a half to a
// quarter of the time of the implicit methods from rtol = 1e-6 on, and no longer at
// 1e-4. In networks of resistors and capacitors implicit methods are faster two to four
// times, and where the equations are nonlinear, by far.
func suitsNested(ws *Workspace) bool {
	return ws.P.AlgLinear && ws.P.Index >= 3 && ws.N() > len(ws.Alg)
}

// explicitChoice names the explicit method for the tolerance of ws. Counted in evaluations for correct digits on the
// nonstiff problems of DETEST, Tsit5 is no worse than Vern7 up to 4 digits, which it has at 1e-4 (1.24 times the best of
// nine methods in the mean for 3 digits, 1.31 for 4; Vern7 1.35, 1.33); Vern7 at 1e-4 has 6 (1.24; Tsit5 1.62). Vern8 takes
// 0.92, 0.87 and 0.77 times the evaluations of Vern7 for 7, 8 and 10 digits, and no more than Vern9 up to 12. Where the
// search for events interpolates every step, which takes Vern7 six further evaluations and Vern8 eight, and cuts many
// short, it is Vern7: on the charge pump of the test set it is more accurate by two digits.
//
// Nystrom methods take a half to a third of the work of these on Pleiades. Where solutions within the steps are asked
// for, that costs DPRKN8 twelve and DPRKN12 twenty evaluations, which leaves nothing of it.
func explicitChoice(ws *Workspace, nested bool) (name, why string) {
	switch {
	case ws.RelTol > 1.5e-4:
		name = "Tsit5"
	case ws.RelTol >= 1e-6 || searches(ws.P):
		name = "Vern7"
	default:
		name = "Vern8"
	}
	if name != "Tsit5" && !nested && !ws.Inner && ws.P.NInv == 0 && ws.P.Hybrid == nil {
		second := "DPRKN8"
		if ws.RelTol < 1e-6 {
			second = "DPRKN12"
		}
		if _, err := secondOrder(ws, second, false); err == nil {
			return second, fmt.Sprintf("%s for u'' = f(t, u) and rtol = %.3g", second, ws.RelTol)
		}
	}
	return name, fmt.Sprintf("%s for rtol = %.3g", name, ws.RelTol)
}

// searches reports whether there are events to be found within steps.
func searches(p *Problem) bool { return p.Hybrid != nil && len(p.Hybrid.Relations) > 0 }

// implicitChoice names the implicit method for the size and tolerance of ws.
func implicitChoice(ws *Workspace) (name, why string) {
	n := ws.N()
	// On EMEP, FEKETE and BEAM of shared/data/ivp, 66 to 160 states, one-step methods take
	// less time than BDF for the same digits, by far where oscillations are hardly damped.
	if n > smallSystem && ws.RelTol < 1e-6 && cheapFactors(ws) {
		// From 1e-7 on Radau takes a third of the evaluations and half the solutions of BDF for the
		// same digits: on MEDAKZO, the ladder and the Brusselator in one dimension.
		return "Radau", fmt.Sprintf("Radau because a factorisation costs little, for the tight tolerance rtol = %.3g", ws.RelTol)
	}
	if n > smallSystem {
		return "BDF", fmt.Sprintf("BDF because there are more than %d states", smallSystem)
	}
	// By correct digits at the end, on the stiff problems of shared/data/ivp in compiled code, the times of Rodas4 are
	// the least up to 4 digits, at tolerances from 1e-2 to 2e-3, but on OREGO, where it takes 1.7 times as long as
	// Rodas5P at 1e-3. From 5 digits on Radau takes, at tolerances from 1e-4 on, as much time as Rodas5P
	// down to a quarter; on the models of shared/data/biomodels it is at 1e-6 twice as fast, with errors 7 to
	// 20 times smaller. Behind events that are found on their interpolants, whose order is half their own, higher
	// orders promise too much, and restarts cost more than Rodas5P's: it stays for 1e-6.
	switch {
	case !searches(ws.P) && ws.RelTol >= 1e-3:
		return "Rodas4", fmt.Sprintf("Rodas4 up to %d states for the loose tolerance rtol = %.3g", smallSystem, ws.RelTol)
	case searches(ws.P) && ws.RelTol < 1e-6:
		return "RadauIIA5", fmt.Sprintf("RadauIIA5 up to %d states for the tolerance rtol = %.3g", smallSystem, ws.RelTol)
	case !searches(ws.P) && ws.RelTol < 1.5e-4:
		return "Radau", fmt.Sprintf("Radau up to %d states for the tolerance rtol = %.3g", smallSystem, ws.RelTol)
	}
	return "Rodas5P", fmt.Sprintf("Rodas5P up to %d states", smallSystem)
}

// cheapFactors reports whether a factorisation with two solutions costs no more than a few evaluations
// of f, which takes about a nanosecond for each entry of df/du. The prediction is 3 to 5 nanoseconds for
// each entry with bands of 3 to 33 diagonals, and 65 to 310 with two species on 16 x 16 to 64 x 64 points of a plane.
func cheapFactors(ws *Workspace) bool {
	w := linsolve.NewShifted[float64](ws.Pattern, ws.Mass).Pattern
	return !searches(ws.P) && ws.Linear == (linsolve.Hints{}) && linsolve.Cost(w) <= 15*float64(w.NNZ())
}

// autoMethod starts explicit and switches.
type autoMethod struct {
	explicit Method // its stepper is an explicitStepper
	first    string // why it is this one
	implicit string
	size     string
	nested   bool // the explicit half takes the nested form
	states   bool // independent states are chosen as the run goes
}

// Info describes the explicit half.
func (m *autoMethod) Info() Info { return m.explicit.Info() }

// New returns a stepper that starts with the explicit method.
func (m *autoMethod) New(ws *Workspace) (Stepper, error) {
	a := &auto{ws: ws, m: m, view: ws, patience: 1}
	if m.nested {
		f, err := newFrame(ws, true, m.states)
		if err != nil {
			return nil, err
		}
		a.view = f.ws
		a.frame = f
	}
	st, err := m.explicit.New(a.view)
	if err != nil {
		return nil, err
	}
	e, ok := st.(explicitStepper)
	if !ok {
		panic("mtkc: bug: " + m.Info().Name + " does not say whether it is stiff")
	}
	a.explicit, a.front = e, e
	a.stages, a.bound = e.reach()
	if a.frame != nil {
		a.frame.st = e
		a.front = a.frame
	}
	a.cur, a.last = a.front, a.front
	return a, nil
}

// explicitStepper is the stepper of an explicit method that says how stiff the problem is.
type explicitStepper interface {
	Stepper
	Slopes() (f0, f1 []float64)
	// stiffness estimates z = h*|lambda| of the dominant eigenvalue from the last step, and the cosine of the
	// angle by which f turns differences in its direction.
	stiffness() (z, cosine float64)
	// reach is the number of stages and the z up to which steps are stable.
	reach() (stages int, bound float64)
}

// auto is the stepper of a run that may change its method.
type auto struct {
	ws       *Workspace
	m        *autoMethod
	explicit explicitStepper
	stages   int        // of explicit
	bound    float64    // of its stability
	view     *Workspace // of explicit
	frame    *frame     // around it, nil: none
	front    Stepper    // explicit with its frame
	implicit Stepper    // nil until needed
	spare    spare
	relay    *relay // implicit without its frame
	cur      Stepper
	last     Stepper // made the last step
	pending  bool    // change the method before the next step

	stiff, calm int
	damped      float64 // sum of h*|lambda| over the last steps, all of them damped,
	peak        float64 // and the largest of them
	limit       float64 // h*|lambda| of the explicit steps when the run left them
	easy        int
	need        int // easy steps that lead back; grows with every return
	steps       [2]int
	patience    int     // times as long as the first time are the signs of stiffness waited for
	paid        bool    // the implicit method was worth it since the run went over to it
	first       float64 // time of the first change
	rho         power

	price  *price  // nil until needed
	mark   Stats   // at the last look at the implicit method,
	markT  float64 // and the time then
	marked bool
	gap    int // implicit steps from that look to the next,
	wait   int // and those left until then
}

// Restart restarts the present method. The counts go on, since events may be
// frequent.
func (a *auto) Restart() error {
	if a.pending {
		return a.change(a.ws.H)
	}
	return a.cur.Restart()
}

// change goes over to the other method at (T, U).
func (a *auto) change(h float64) error {
	a.pending, a.marked, a.paid = false, false, false
	a.gap, a.wait = lookSteps, lookSteps
	a.stiff, a.calm, a.easy, a.damped, a.peak = 0, 0, 0, 0, 0
	if a.cur == a.front {
		if a.implicit == nil {
			st, err := a.spare.take(a.makeImplicit)
			if err != nil {
				return err
			}
			a.implicit, a.relay = st, bare(st).(*relay)
			a.first = a.ws.T
		}
		a.cur = a.implicit
	} else {
		a.cur = a.front
	}
	a.ws.Stats.Switches++
	a.ws.H = h
	return a.cur.Restart()
}

func (a *auto) makeImplicit() (Stepper, error) {
	return inForm(relayOf(a.m.implicit), false, a.m.states).New(a.ws)
}

// Step makes one step with the present method and judges it.
func (a *auto) Step() error {
	ws := a.ws
	if a.pending {
		if err := a.change(ws.H); err != nil {
			return err
		}
	}
	err := a.cur.Step()
	if f, ok := err.(*Failure); ok && a.cur == a.front && (f.Code == DtTooSmall || f.Code == Unstable || a.frame != nil && f.Code == NewtonFailure) && a.implicit == nil {
		// An explicit method fails where a stiff transient starts; an implicit one may pass.
		a.limit = a.bound
		if a.change(0) != nil {
			return err
		}
		if a.cur.Step() != nil {
			a.cur = a.front
			ws.Stats.Switches--
			a.implicit = nil
			return err
		}
		err = nil
	}
	if err != nil {
		return err
	}
	a.last = a.cur
	if a.cur == a.front {
		a.steps[0]++
		a.judgeExplicit()
	} else {
		a.steps[1]++
		if a.wait--; a.wait <= 0 {
			a.judgeImplicit()
		}
	}
	return nil
}

// Interpolate asks the method that made the last step.
func (a *auto) Interpolate(t float64, u []float64) { a.last.Interpolate(t, u) }

// InterpolateSome asks the method that made the last step.
func (a *auto) InterpolateSome(t float64, which []int32, u []float64) {
	interpolateSome(a.last, t, which, u)
}

// Glance asks the method that made the last step.
func (a *auto) Glance() bool {
	g, ok := a.last.(glancer)
	return ok && g.Glance()
}

// Degree of the interpolant of the last step.
func (a *auto) Degree() int { return degree(a.last) }

// Slopes asks the method that made the last step.
func (a *auto) Slopes() (f0, f1 []float64) {
	if a.last == Stepper(a.explicit) { // without a frame
		return a.explicit.Slopes()
	}
	return nil, nil
}

// Projected passes on.
func (a *auto) Projected() { a.cur.Projected() }

// Settled asks the method that made the last step.
func (a *auto) Settled() (constraints, algebraic bool) { return settled(a.last) }

// explain names the methods used and why.
func (a *auto) explain() (solver, why string) {
	e := a.m.Info().Name
	why = a.m.first + " as long as the problem is not stiff"
	if a.steps[1] == 0 {
		return e, why
	}
	return a.relay.explain(e+"+"+a.m.implicit, fmt.Sprintf("%s; stiff from t = %.6g on, %d of %d steps with %s (%s)",
		why, a.first, a.steps[1], a.steps[0]+a.steps[1], a.m.implicit, a.m.size))
}

// exchange passes on, once the problem is stiff.
func (a *auto) exchange() bool { return a.relay != nil && a.relay.exchange() }
