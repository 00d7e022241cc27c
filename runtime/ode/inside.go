package ode

// Methods within a method: one for jumps integrates what happens between them.

import "math"

// Inside returns a workspace for a method that works inside the one of ws: on the problem p with the kernels k, and with the
// parameters, the limits, the context and the counts of ws. Entries of its AbsTol from len(ws.AbsTol) on are 1e-9. Time, TStop, U and H
// are for the method outside to set.
func (ws *Workspace) Inside(p *Problem, k *Kernels) *Workspace {
	p.check(k)
	in := newWorkspace(ws.ctx, p, k, ws.Params, ws.T, ws.TEnd)
	in.Follow(ws)
	in.Linear, in.Controller = ws.Linear, ws.Controller
	in.Inner = true
	return in
}

// Follow takes over what a new run may have changed in the workspace outside.
func (ws *Workspace) Follow(outside *Workspace) {
	o := outside
	ws.ctx, ws.done, ws.Stats, ws.budget, ws.pace, ws.warn, ws.span = o.ctx, o.done, o.Stats, o.budget, o.pace, o.warn, o.span
	ws.TEnd, ws.HMin, ws.HMax, ws.InitialStep, ws.RelTol = o.TEnd, o.HMin, o.HMax, o.InitialStep, o.RelTol
	copy(ws.AbsTol, o.AbsTol)
	ws.tLow = 0
}

// Choose is the automatic choice of a method for the problem of ws, and why; hint is one of Choices.
func (ws *Workspace) Choose(hint string) (Method, string, error) {
	c, err := choose(ws, &settings{Options: Options{Solver: hint, Form: "auto", Constraints: "auto"}})
	return c.Method, c.why, err
}

// Degree of the polynomial that st.Interpolate is on the last step; 0: the solution keeps its value up to the end of the step.
func Degree(st Stepper) int { return degree(st) }

// jumper is a stepper that knows whether its last step ended in a jump, so that the solution there is not what the
// interpolant comes to just before.
type jumper interface{ Jumped() bool }

func jumped(st Stepper) bool {
	j, ok := st.(jumper)
	return ok && j.Jumped()
}

// before is the time just before t.
func before(t float64) float64 { return math.Nextafter(t, math.Inf(-1)) }
