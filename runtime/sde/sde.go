// Package sde has methods for stochastic differential equations M du = f(t, u, p) dt + G(t, u, p) dW, in the sense of
// Ito or of Stratonovich.
//
// In: problems of package ode with Noise. Out: ode.Methods, which the package registers there, with their automatic choice. Import it
// for that effect. The Wiener processes of a run are a Path: a function of time that the seed and the number of the
// trajectory determine, whatever the method, its steps and the tolerances, so that a converging method converges to one solution.
//
// A method takes some kinds of noise only, and says so where it is given another one. Where the sense of the integral is
// not its own, it takes the drift that makes the equation one of its sense, f -+ 1/2 sum_j (dg_j/du) g_j, with derivatives by the
// problem's kernel or by differences.
package sde

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/runtime/ode"
)

// sense is that of the stochastic integral for which a method is made.
type sense uint8

const (
	either       sense = iota // the method has formulas for both
	ito                       // of Ito
	stratonovich              // of Stratonovich
)

// method is a method as an ode.Method.
type method struct {
	info  ode.Info
	takes class // noise must be of one of these
	sense sense
	// keeps says that a step stands whatever its error, which tells the length of the next one alone: see euler.go.
	keeps bool
	make  func(s *stepper) scheme
}

// scheme is the formula of a method for one run. attempt makes a step h that ends at t, with the increments s.w and the areas s.h: it
// writes the result to ws.UNew and returns the norm of the error, 0 for a method without estimate. A norm above 1, or NaN, rejects
// the step. The drift s.f and the noise s.g at the start are at hand.
type scheme interface {
	attempt(s *stepper, h, t float64) float64
}

// methods are all of them.
var methods []*method

// register adds a method.
func register(m *method, aliases ...string) {
	m.info.Use = ode.Diffusive
	m.info.Description += "; " + m.takes.text()
	methods = append(methods, m)
	ode.Register(m, aliases...)
}

// text says what noise a method takes.
func (c class) text() string {
	switch {
	case c&general != 0:
		return "any noise"
	case c&commutative != 0:
		return "commutative noise"
	case c&diagonal != 0:
		return "diagonal, scalar or additive noise"
	}
	return "additive noise"
}

// Info describes the method.
func (m *method) Info() ode.Info { return m.info }

// Why says what step a method without error control takes where none is given.
func (m *method) Why(ws *ode.Workspace) string {
	if m.info.Embedded > 0 || ws.InitialStep > 0 {
		return ""
	}
	return fmt.Sprintf("its step is fixed, a power of two of at most 1/%d of the span where none is given (--step)", defaultSteps)
}

// New returns a stepper.
func (m *method) New(ws *ode.Workspace) (ode.Stepper, error) {
	if ws.P.Noise == nil {
		return nil, fmt.Errorf("%s is a method for stochastic differential equations, and %s has no noise: choose a method for ordinary ones", m.info.Name, title(ws))
	}
	n, err := newNoise(ws)
	if err != nil {
		return nil, err
	}
	if len(ws.Alg) > 0 && !m.info.Mass {
		return nil, fmt.Errorf("%s does not solve the %d algebraic equations of %s; use the nested form, %s, or auto", m.info.Name, len(ws.Alg), title(ws), list(n.class, true))
	}
	if m.converts(ws) && n.hidden(ws) {
		return nil, fmt.Errorf("%s is a method for equations of the other sense than that of %s, and the noise may depend on algebraic variables, whose derivatives are not known: "+
			"use the nested form, or %s", m.info.Name, title(ws), list(n.class, true))
	}
	if n.class&m.takes == 0 && !(m.takes&commutative != 0 && n.commutes()) {
		return nil, fmt.Errorf("the noise of %s is %s, and %s takes %s: use %s, or auto", title(ws), n.class.name(), m.info.Name, m.takes.text(), list(n.class, len(ws.Alg) > 0))
	}
	return newStepper(ws, m, n), nil
}

// named is the method of that name.
func named(name string) *method {
	k := slices.IndexFunc(methods, func(m *method) bool { return m.info.Name == name })
	if k < 0 {
		panic("mtkc: bug: there is no method " + name)
	}
	return methods[k]
}

// converts says that the sense of the method is not that of the problem.
func (m *method) converts(ws *ode.Workspace) bool {
	return m.sense == ito && ws.P.Noise.Stratonovich || m.sense == stratonovich && !ws.P.Noise.Stratonovich
}

// hidden says that entries of G may read algebraic variables, through which they depend on others than they seem to.
func (n *noise) hidden(ws *ode.Workspace) bool {
	r := ws.P.Noise.Reads
	if len(ws.Alg) == 0 || n.class&additive != 0 {
		return false
	}
	for _, l := range ws.Alg {
		if r == nil || r.ColPtr[l+1] > r.ColPtr[l] {
			return true
		}
	}
	return false
}

// suggested are methods that messages name, in this order.
var suggested = []string{"SOSRA", "SKenCarp", "SOSRI", "ImplicitRKMil", "RKMilCommute", "LambaEM", "LambaEulerHeun", "ImplicitEM", "EM"}

// list names methods that take noise of a class.
func list(c class, algebraic bool) string {
	var names []string
	for _, name := range suggested {
		if m := named(name); m.takes&c != 0 && (m.info.Mass || !algebraic) && len(names) < 4 {
			names = append(names, name)
		}
	}
	if k := len(names) - 1; k > 0 {
		return strings.Join(names[:k], ", ") + " or " + names[k]
	}
	return strings.Join(names, "")
}

func init() {
	ode.RegisterChoice(ode.Diffusive, choose)
}

// choose is the automatic choice.
func choose(ws *ode.Workspace) (ode.Method, string) {
	pick := func(name, why string) (ode.Method, string) {
		return named(name), why
	}
	n, err := newNoise(ws)
	if err != nil { // New says so
		return pick("LambaEM", "")
	}
	what := "the noise is " + n.class.name()
	if n.class == general && n.commutes() {
		what = "the noise is commutative at the start values and around them"
	}
	if len(ws.Alg) > 0 || ws.Hint == "stiff" {
		why := "an implicit method, as asked for; "
		if len(ws.Alg) > 0 {
			why = fmt.Sprintf("%d of %d equations are algebraic, which takes an implicit method; ", len(ws.Alg), ws.N())
		}
		switch {
		case ws.Hint == "nonstiff": // by the nested form
		case n.class&additive != 0:
			return pick("SKenCarp", why+what)
		case n.class&(diagonal|scalar) != 0:
			return pick("ImplicitRKMil", why+what)
		case n.class&commutative != 0:
			return pick("ImplicitRKMilCommute", why+what)
		case ws.P.Noise.Stratonovich:
			return pick("ImplicitEulerHeun", why+what)
		default:
			return pick("ImplicitEM", why+what)
		}
	}
	var explicit, implicit string
	switch {
	case n.class&additive != 0:
		explicit, implicit = "SOSRA", "SKenCarp"
	case n.class&(diagonal|scalar) != 0:
		explicit, implicit = "SOSRI", "ImplicitRKMil"
	case n.class&commutative != 0:
		explicit, implicit = "RKMilCommute", "ImplicitRKMilCommute"
	case ws.P.Noise.Stratonovich:
		explicit, implicit = "LambaEulerHeun", "ImplicitEulerHeun"
	default:
		explicit, implicit = "LambaEM", "ImplicitEM"
	}
	if ws.Hint == "nonstiff" {
		return pick(explicit, what)
	}
	return &switching{explicit: named(explicit), implicit: named(implicit)}, what
}

// finite reports whether all entries of v are.
func finite(v []float64) bool {
	s := 0.0
	for _, x := range v {
		s += x * 0
	}
	return s == 0
}

// bad is NaN where v has an entry that is not finite, else 0.
func bad(v []float64) float64 {
	if finite(v) {
		return 0
	}
	return math.NaN()
}
