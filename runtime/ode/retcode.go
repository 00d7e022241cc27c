package ode

import "fmt"

// Retcode says how a run ended.
type Retcode uint8

const (
	Success           Retcode = iota
	Terminated                // the model's own terminate statement ended the run
	MaxSteps                  // Options.MaxSteps reached
	DtTooSmall                // the step size fell below the resolution of time
	Unstable                  // NaN or Inf that no smaller step avoids
	InitFailure               // no consistent initial values
	NewtonFailure             // the nonlinear system of a step could not be solved
	SingularMatrix            // M - gamma*J stayed singular
	AssertFailed              // an assertion of the model failed
	Interrupted               // the context was cancelled
	TooMuchAccuracy           // the tolerances ask for more than the arithmetic has
	EventFailure              // an event iteration did not settle, or events accumulate at one time
	ProjectionFailure         // the solution could not be brought back onto the invariants
	CallbackFailure           // a callback returned an error
)

var retcodeNames = [...]string{
	Success: "Success", Terminated: "Terminated", MaxSteps: "MaxSteps", DtTooSmall: "DtTooSmall",
	Unstable: "Unstable", InitFailure: "InitFailure", NewtonFailure: "NewtonFailure",
	SingularMatrix: "SingularMatrix", AssertFailed: "AssertFailed", Interrupted: "Interrupted",
	TooMuchAccuracy: "TooMuchAccuracy", EventFailure: "EventFailure", ProjectionFailure: "ProjectionFailure", CallbackFailure: "CallbackFailure",
}

func (c Retcode) String() string {
	if int(c) < len(retcodeNames) {
		return retcodeNames[c]
	}
	return fmt.Sprintf("Retcode(%d)", uint8(c))
}

// Failure is the error of a run that stopped before its end.
type Failure struct {
	Code    Retcode
	T       float64 // where the run stopped
	Message string
	Err     error // cause, may be nil
}

func (f *Failure) Error() string {
	return fmt.Sprintf("%s at t = %v: %s", f.Code, f.T, f.Message)
}

func (f *Failure) Unwrap() error { return f.Err }

// Stats counts the work of a run.
type Stats struct {
	Steps      int // accepted steps
	Rejected   int // attempts rejected by the error test
	RHS        int // evaluations of f, those for finite differences included
	Jac        int // Jacobians of f
	Factor     int // factorisations of M - gamma*J
	Solve      int // linear solves
	Newton     int // nonlinear iterations
	NewtonFail int // nonlinear iterations that did not converge
	Events     int // event instants
	Project    int // corrections onto the invariants
	Charts     int // changes of the independent states
	Switches   int // changes of method by the automatic choice
}
