package ode

// Taylor series: the solution about the present point as a polynomial of high order, whose
// coefficients recurrences give (package taylor), and a step that follows from the last two of them.
// Jorba, Zou, Experimental Math. 14(1), 2005.
//
// The order is ceil(1 - 0.7 ln(tol)), tol being the relative tolerance. The paper has ln(tol)/2, at which the
// work for a unit of time is least where a step of order p costs p^2; but half of the work of small problems
// grows as p. The step is that at which the last coefficients have
// fallen to e^-2 of the tolerance and to the tolerance, which is their rho/e^2 for a purely
// relative one, times their safety factor exp(-0.7/(p-1)).
//
// Departures from the paper: sizes are measured by the weights of absolute and relative tolerance, in
// the maximum norm; the slope of the polynomial at the end of the step is compared with f there, and
// the step made shorter where they differ by more than the tolerance: that finds conditions that
// change within the step and singularities ahead, of which no coefficient knows; the state is summed with
// compensation. A rejected step costs one f, not new coefficients.
//
// The polynomial is the interpolant, as accurate as the step.

import (
	"fmt"
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
)

func init() {
	Register(taylorMethod{})
	for _, p := range []int{10, 15, 20, 30} {
		Register(taylorMethod{p})
	}
}

// taylorMethod is the method of a fixed order; 0: as the tolerance needs.
type taylorMethod struct{ order int }

// needsJet is what these methods need.
const needsJet = "Taylor coefficients of f, which the compiler makes"

// Info describes the method.
func (m taylorMethod) Info() Info {
	i := Info{
		Name: "Taylor", Use: Nonstiff, Order: 21, Embedded: 20, Stages: 1, Needs: needsJet,
		Stability:   "explicit",
		Description: "Taylor series of an order that the tolerance sets, from 6 at 1e-3 to 26 at 1e-15; figures are those at 1e-12; for accurate solutions of small smooth problems",
		Reference:   "Jorba, Zou, Experimental Math. 14(1), 2005",
	}
	if m.order > 0 {
		i.Name, i.Order, i.Embedded = fmt.Sprintf("Taylor%d", m.order), m.order, m.order-1
		i.Description = fmt.Sprintf("Taylor series of order %d", m.order)
	}
	return i
}

// at is the order for a tolerance.
func (m taylorMethod) at(tol float64) int {
	if m.order > 0 {
		return m.order
	}
	return max(4, int(math.Ceil(1-0.7*math.Log(math.Max(tol, eps)))))
}

// New returns a stepper; a problem without Taylor coefficients is an error.
func (m taylorMethod) New(ws *Workspace) (Stepper, error) {
	name := m.Info().Name
	if len(ws.Alg) > 0 {
		return nil, fmt.Errorf("%s is explicit and cannot solve the %d algebraic equations of %s; use an implicit method such as Rodas5P, or auto", name, len(ws.Alg), ws.P.title())
	}
	if ws.K.Jet == nil {
		return nil, fmt.Errorf("%s needs the Taylor coefficients of f, and %s has none: they exist for explicit models without loops of many equal equations, algebraic equations, "+
			"functions of the model, and operations that jump (floor, mod); use Vern9 or DP8", name, ws.P.title())
	}
	n := ws.N()
	s := &taylorSeries{ws: ws, method: m, low: make([]float64, n), add: make([]float64, n), f: make([]float64, n), slope: make([]float64, n)}
	s.aim()
	return s, nil
}

// taylorSeries is the stepper of one run.
type taylorSeries struct {
	ws     *Workspace
	method taylorMethod

	order int       // of the coefficients
	used  int       // degree of the polynomial of the last step: order, or less where coefficients are not finite
	c     []float64 // of the last step, see Kernels.Jet
	low   []float64 // what U could not hold
	add   []float64 // to U in a step
	f     []float64 // f at the end of a step,
	slope []float64 // and the derivative of the polynomial there
	limit float64   // of the next step, 0: none
}

// aim sets the order for the tolerance.
func (s *taylorSeries) aim() {
	s.order = s.method.at(s.ws.RelTol)
	s.c = sized(s.c, s.ws.N()*(s.order+1))
	s.used = s.order
}

// Restart makes (ws.T, ws.U) the start.
func (s *taylorSeries) Restart() error {
	ws := s.ws
	s.aim()
	clear(s.low)
	if s.limit = ws.H; s.limit <= 0 {
		s.limit = ws.InitialStep
	}
	return nil
}

// Projected forgets what belongs to the point before.
func (s *taylorSeries) Projected() { clear(s.low) }

// Step makes one accepted step.
func (s *taylorSeries) Step() error {
	ws := s.ws
	ws.K.Jet(ws.T, ws.U, ws.Params, s.order, s.c)
	ws.Stats.RHS += s.order
	want, ok := s.choose()
	if !ok {
		return ws.FailStep(0)
	}
	if s.limit > 0 {
		want = math.Min(want, s.limit)
	}
	s.limit = 0
	for {
		if err := ws.Begin(); err != nil {
			return err
		}
		h, t := ws.Clip(want)
		err := s.sum(h, t)
		if err <= 1 {
			for i, v := range ws.UNew {
				u := ws.U[i]
				d := v - u // two-sum
				s.low[i] = (u - (v - d)) + (s.add[i] - d)
			}
			ws.H = math.Min(want, math.Min(ws.HMax, ws.TEnd-ws.TPrev))
			ws.Accept(h, t)
			return nil
		}
		ws.Stats.Rejected++
		want = h * math.Min(0.5, math.Max(0.1, 0.9*math.Pow(err, -1/float64(s.used+1))))
		if ws.TooSmall(want) {
			return ws.FailStep(want)
		}
	}
}

// choose returns the step that the last coefficients ask for. It is false where f is not
// smooth enough to begin.
func (s *taylorSeries) choose() (h float64, ok bool) {
	ws := s.ws
	m := s.order + 1
	u := ws.U
	at, rtol := ws.AbsTol[:len(u)], ws.RelTol
	for p := s.order; p >= 2; p-- {
		last, before, sum := 0.0, 0.0, 0.0
		for i, v := range u {
			w := 1 / (at[i] + rtol*math.Abs(v))
			a, b := math.Abs(s.c[i*m+p])*w, math.Abs(s.c[i*m+p-1])*w
			last, before = max(last, a), max(before, b)
			sum += a + b
		}
		if !(sum <= math.MaxFloat64) {
			continue // an overflow, or a derivative that does not exist
		}
		s.used = p
		q := float64(p)
		// The logarithm of 0 is -Inf, and the step not bounded by a coefficient that is.
		return math.Exp(min(-(math.Log(last)+2)/q, -math.Log(before)/(q-1)) - 0.7/(q-1)), true
	}
	return 0, false
}

// noise bounds the rounding errors of a slope that is compared with f, relative to the state
// and its change: cancellation within f may magnify those of the state a thousandfold.
const noise = 1e3 * eps

// sum writes the value of the polynomial at the end of a step to UNew, and returns h times the largest
// difference of its slope and that of f, relative to the tolerance; +Inf where that is not finite.
func (s *taylorSeries) sum(h, t float64) float64 {
	ws := s.ws
	n := ws.N()
	m, p := s.order+1, s.used
	u, v, low, add, slope := ws.U[:n], ws.UNew[:n], s.low[:n], s.add[:n], s.slope[:n]
	for i := range v {
		c := s.c[i*m+1 : i*m+p+1]
		x, d := 0.0, 0.0 // the change divided by h, and the derivative of that
		for k := len(c) - 1; k >= 0; k-- {
			d = d*h + x
			x = x*h + c[k]
		}
		slope[i] = x + h*d
		add[i] = x*h + low[i]
		v[i] = u[i] + add[i]
	}
	f := s.f[:n]
	ws.RHS(t, v, f)
	at, rtol := ws.AbsTol[:n], ws.RelTol
	worst := 0.0
	for i, y := range f {
		size := max(math.Abs(u[i]), math.Abs(v[i]))
		e := h * math.Abs(slope[i]-y) / max(at[i]+rtol*size, noise*(size+h*math.Abs(y)))
		if !(e <= math.MaxFloat64) || v[i]-v[i] != 0 {
			return math.Inf(1)
		}
		worst = max(worst, e)
	}
	return worst
}

// Degree of the interpolant in t.
func (s *taylorSeries) Degree() int { return s.used }

// Interpolate writes the solution at t in [ws.TPrev, ws.T] to u.
func (s *taylorSeries) Interpolate(t float64, u []float64) {
	if s.ws.ends(t, u) {
		return
	}
	for i := range u {
		u[i] = s.at(int32(i), t)
	}
}

// InterpolateSome writes the chosen entries alone.
func (s *taylorSeries) InterpolateSome(t float64, which []int32, u []float64) {
	for _, i := range which {
		u[i] = s.at(i, t)
	}
}

// at is the value of the polynomial of state i.
func (s *taylorSeries) at(i int32, t float64) float64 {
	h := t - s.ws.TPrev
	m := s.order + 1
	c := s.c[int(i)*m+1 : int(i)*m+s.used+1]
	x := 0.0
	for k := len(c) - 1; k >= 0; k-- {
		x = x*h + c[k]
	}
	return s.ws.UPrev[i] + x*h
}

// Archive visits what the next step and the interpolant read.
func (s *taylorSeries) Archive(a *archive.Archive) {
	a.Int(&s.used)
	a.Floats(s.c, s.low)
	a.Float(&s.limit)
}

// reverseJet makes r.Jet that of the problem with t replaced by -t.
func reverseJet(k, r *Kernels) {
	if k.Jet == nil {
		return
	}
	r.Jet = func(t float64, u, p []float64, order int, c []float64) {
		k.Jet(-t, u, p, order, c)
		for i := range u {
			for j := 1; j <= order; j += 2 {
				c[i*(order+1)+j] = -c[i*(order+1)+j]
			}
		}
	}
}
