package mtkc

import (
	"context"
	"errors"
	"time"

	"github.com/mtkc/mtkc/diag"
)

// unlessInterrupted returns what f returns, or the error of ctx as soon as that ends. libLLVM cannot be stopped, so f goes on then, and what it makes is
// dropped. A panic of f is one of the caller.
func unlessInterrupted[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type result struct {
		v     T
		err   error
		panic any
	}
	if err := ctx.Err(); err != nil {
		var none T
		return none, err
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			r.panic = recover()
			done <- r
		}()
		r.v, r.err = f()
	}()
	var r result
	select {
	case r = <-done:
	case <-ctx.Done():
		select {
		case r = <-done: // at the same time
		case <-time.After(grace):
			r.err = ctx.Err()
		}
	}
	if r.panic != nil {
		panic(r.panic)
	}
	return r.v, r.err
}

// grace is how long an interrupt waits for what is about to be done.
const grace = 50 * time.Millisecond

// interrupted is the finding for an error of a context; nil for another one.
func interrupted(err error) diag.List {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return diag.New(diag.Pos{}, "E509", "", "interrupted while code was made")
	}
	return nil
}
