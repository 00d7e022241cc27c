package ode

// Method is an integration method as a value: what it is and how to start it.
type Method interface {
	Info() Info
	// New returns a stepper on the workspace. It allocates all it will ever need.
	New(ws *Workspace) (Stepper, error)
}

// Info describes a method for the registry, the automatic choice and messages.
type Info struct {
	Name        string
	Use         Use
	Order       int
	Embedded    int // order of the error estimate, 0: none; then the step is fixed
	Stages      int
	Implicit    bool   // takes Jacobians
	Mass        bool   // accepts algebraic rows (M with zeros)
	Index       int    // highest index of algebraic systems that it takes as they stand; 0: 1 where Mass is set
	Needs       string // form of f that the method needs, e.g. "u'' = f(t, u)"; "": any
	Stability   string
	Description string
	Reference   string
}

// Use says what a method is for.
type Use uint8

const (
	Nonstiff    Use = iota
	Stiff           // and for algebraic equations, where Mass is set
	Diffusion       // moderately stiff with eigenvalues near the negative real axis
	Split           // f = A u + g(t, u): A u implicitly, g explicitly
	SemiLinear      // f = A u + g(t, u): A exactly
	SecondOrder     // u'' = f(t, u) or f(t, u, u')
	Hamiltonian     // q' = g(p), p' = f(t, q) over long times
	Transport       // hyperbolic partial differential equations: strong stability, little memory
	Diffusive       // Problem.Noise: stochastic differential equations
	Jumping         // Problem.Jumps: what happens at random instants
)

// String says it in words.
func (u Use) String() string {
	return [...]string{
		"nonstiff problems",
		"stiff and differential-algebraic problems",
		"diffusion: moderately stiff problems with nearly real spectra, without Jacobians",
		"split problems, a stiff linear part and a nonstiff one",
		"semi-linear problems, whose stiff linear part is solved exactly",
		"equations of second order",
		"Hamiltonian systems over long times",
		"transport: hyperbolic partial differential equations, much memory, strong stability",
		"stochastic differential equations",
		"jump processes, such as reactions of few molecules",
	}[u]
}

// Stepper advances one run. The integrator owns events, output, projection and
// termination; the stepper owns its step-size control and its history.
type Stepper interface {
	// Restart makes (ws.T, ws.U) the new starting point, forgetting history: at
	// the start and after every event. ws.H is the step to try first, 0: choose one.
	Restart() error
	// Step makes one accepted step from (ws.T, ws.U) that does not pass ws.TStop,
	// with as many rejected attempts as it takes. On success ws.T, ws.U are the new
	// point, ws.TPrev, ws.UPrev the old one, ws.H the step it would try next. On
	// failure it returns one of the typed errors (*Failure) and leaves (ws.T, ws.U)
	// at the last accepted point.
	Step() error
	// Interpolate writes the solution at t in [ws.TPrev, ws.T] to u.
	Interpolate(t float64, u []float64)
	// Projected tells the stepper that ws.U was moved onto the invariants after the
	// last step, so cached derivatives and history of that point are stale.
	Projected()
}
