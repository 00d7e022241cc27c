package trace

import (
	"context"
	"encoding/gob"
	"fmt"
	"io"

	"github.com/mtkc/mtkc/runtime/ode"
)

// reply is what Serve answers: a result or the text of an error.
type reply struct {
	Result *Result
	Err    string
}

// Serve reads one Request from in, runs it and writes the result to out: the part of
// a generated program that mtkc run --backend go talks to. WriteRequest and
// ReadResult are the other end.
func Serve(ctx context.Context, p *ode.Problem, in io.Reader, out io.Writer) error {
	var req Request
	if err := gob.NewDecoder(in).Decode(&req); err != nil {
		return fmt.Errorf("cannot read the request: %w", err)
	}
	var a reply
	r, err := Run(ctx, p, req)
	if err != nil {
		a.Err = err.Error()
	}
	a.Result = r
	return gob.NewEncoder(out).Encode(&a)
}

// WriteRequest writes a request in the form that Serve reads. Method and Progress of
// the options stay behind.
func WriteRequest(w io.Writer, req Request) error {
	req.Options.Method, req.Options.Progress = nil, nil
	return gob.NewEncoder(w).Encode(&req)
}

// ReadResult reads the answer of Serve. The error is that of Run, or of reading.
func ReadResult(r io.Reader) (*Result, error) {
	var a reply
	if err := gob.NewDecoder(r).Decode(&a); err != nil {
		return nil, fmt.Errorf("the program gave no result: %w", err)
	}
	if a.Err != "" {
		return nil, fmt.Errorf("%s", a.Err)
	}
	return a.Result, nil
}
