package libllvm

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
)

// workerVariable is set in the environment of a process that is to be a worker: this
// package's init takes over there. It may not be set by hand.
const workerVariable = "MTKC_LLVM_WORKER"

func init() {
	if os.Getenv(workerVariable) == "" {
		return
	}
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Worker compiles in another process, which is this program started again: what LLVM
// does there, a fault included, cannot harm this one, which need not even load the
// library. The process starts with the first module, takes one after the other, and is
// replaced when it dies; a module during which a process died that had taken others before is
// tried once more in a fresh one. A Worker may be used by several goroutines; they wait for each
// other.
//
// Compiling in this process is what Library.Compile does and what is used by default: it
// is protected from everything but faults inside LLVM, needs no other process, and
// compiles in parallel. A worker costs the start of the program and of the
// library, some 50 to 150 ms, once.
type Worker struct {
	mu      sync.Mutex
	process *process
}

type process struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     io.ReadCloser
	encoder *gob.Encoder
	decoder *gob.Decoder
	printed head
}

// request asks for a module to be compiled, or, with Info, who answers.
type request struct {
	Info    bool
	IR      []byte
	Options Options
}

type response struct {
	Out      []byte
	Version  string
	Path     string
	Host     Target
	Compile  *CompileError
	NotFound *NotFoundError
	Other    string
}

// WorkerError says that a worker process died, or could not be started.
type WorkerError struct {
	Err     error  // how it ended
	Printed string // the start of what it wrote to its standard error
}

func (e *WorkerError) Error() string {
	msg := fmt.Sprintf("libLLVM: the process that compiles ended: %v", e.Err)
	if e.Printed != "" {
		msg += "; it printed:\n\t" + strings.ReplaceAll(strings.TrimSpace(e.Printed), "\n", "\n\t")
	}
	return msg + "\nanother version of libLLVM may take this code (see " + Variable + "); the vm and Go source need none"
}

func (e *WorkerError) Unwrap() error { return e.Err }

// Compile is Library.Compile in the worker's process, with the library that Find finds
// there. An end of the context ends the process. Errors are *CompileError,
// *NotFoundError and *WorkerError, or the context's.
func (w *Worker) Compile(ctx context.Context, ir []byte, o Options) ([]byte, error) {
	r, err := w.ask(ctx, request{IR: ir, Options: o})
	if err != nil {
		return nil, err
	}
	return r.Out, nil
}

// Info is the version and the file of the library that the worker uses, and this machine
// as that library knows it.
func (w *Worker) Info(ctx context.Context) (version, path string, host Target, err error) {
	r, err := w.ask(ctx, request{Info: true})
	if err != nil {
		return "", "", Target{}, err
	}
	return r.Version, r.Path, r.Host, nil
}

func (w *Worker) ask(ctx context.Context, q request) (*response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		used := w.process != nil
		r, err := w.once(ctx, q)
		if dead := (*WorkerError)(nil); used && errors.As(err, &dead) {
			continue // it may have died, or been ended, before this request: a fresh one tells
		}
		return r, err
	}
}

// once puts a request to the process that is there, or to a fresh one.
func (w *Worker) once(ctx context.Context, q request) (*response, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if w.process == nil {
		p, err := startProcess()
		if err != nil {
			return nil, &WorkerError{Err: err}
		}
		w.process = p
	}
	p := w.process
	stop := context.AfterFunc(ctx, func() { _ = p.cmd.Process.Kill() })
	var r response
	err := p.encoder.Encode(q)
	if received := p.decoder.Decode(&r); received != nil {
		// A worker that died before it had read everything tells more by its end.
		err = received
	}
	stop()
	if err != nil {
		w.process = nil
		ended := p.end()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if ended == nil {
			ended = err
		}
		return nil, &WorkerError{Err: ended, Printed: p.printed.String()}
	}
	switch {
	case r.Compile != nil:
		return nil, r.Compile
	case r.NotFound != nil:
		return nil, r.NotFound
	case r.Other != "":
		return nil, errors.New(r.Other)
	}
	return &r, nil
}

// Close ends the process. The worker starts another one when it is used again.
func (w *Worker) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.process == nil {
		return nil
	}
	p := w.process
	w.process = nil
	return p.end()
}

// CompileWorker compiles one module in a process of its own.
func CompileWorker(ctx context.Context, ir []byte, o Options) ([]byte, error) {
	var w Worker
	defer w.Close()
	return w.Compile(ctx, ir, o)
}

func startProcess() (*process, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(path)}
	p.cmd.Env = append(os.Environ(), workerVariable+"=1")
	p.cmd.Stderr = &p.printed
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if p.out, err = p.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.encoder, p.decoder = gob.NewEncoder(p.in), gob.NewDecoder(p.out)
	return p, nil
}

// end waits for the process, which ends with its standard input.
func (p *process) end() error {
	_ = p.in.Close()
	_, _ = io.Copy(io.Discard, p.out)
	return p.cmd.Wait()
}

// serve answers requests until the input ends.
func serve(in io.Reader, out io.Writer) error {
	decoder, encoder := gob.NewDecoder(in), gob.NewEncoder(out)
	for {
		var q request
		if err := decoder.Decode(&q); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("libLLVM: worker: %w", err)
		}
		if err := encoder.Encode(answer(q)); err != nil {
			return fmt.Errorf("libLLVM: worker: %w", err)
		}
	}
}

func answer(q request) (r response) {
	l, err := Find()
	switch {
	case err != nil:
	case q.Info:
		r.Version, r.Path, r.Host = l.Version(), l.Path(), l.Host()
	default:
		r.Out, err = l.Compile(q.IR, q.Options)
	}
	switch {
	case err == nil:
	case errors.As(err, &r.Compile), errors.As(err, &r.NotFound):
	default:
		r.Other = err.Error()
	}
	return r
}

// head keeps the start of what is written to it, where the reason of an end is: after it
// come the stacks of Go's threads.
type head struct {
	mu sync.Mutex
	b  []byte
}

func (h *head) Write(b []byte) (int, error) {
	const most = 1 << 12
	h.mu.Lock()
	defer h.mu.Unlock()
	h.b = append(h.b, b[:min(len(b), most-len(h.b))]...)
	return len(b), nil
}

func (h *head) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	s, _, _ := strings.Cut(string(h.b), "\n\ngoroutine ")
	return s
}
