//go:build (linux || darwin) && (amd64 || arm64) && !static

package libllvm

import (
	"runtime"
	"strings"
	"sync"

	"github.com/ebitengine/purego"
)

// job is a compilation under way. It owns the thread it runs on, so that LLVM's fatal
// error handler, which is told nothing but the reason, can find it.
type job struct {
	id     ref // what the diagnostic handler is given; never 0
	lib    *Library
	result chan result

	mu       sync.Mutex
	messages []string
	errors   int
}

type result struct {
	out []byte
	err error
}

var jobs struct {
	sync.Mutex
	last     ref
	byID     map[ref]*job
	byThread map[uintptr]*job
}

// run runs f on a thread of its own and returns what f returned, or the fatal error that
// stopped it.
func (l *Library) run(f func(*job) ([]byte, error)) ([]byte, error) {
	j := &job{lib: l, result: make(chan result, 1)}
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		thread := threadSelf()
		jobs.Lock()
		if jobs.byID == nil {
			jobs.byID, jobs.byThread = map[ref]*job{}, map[uintptr]*job{}
		}
		jobs.last++
		j.id = jobs.last
		jobs.byID[j.id], jobs.byThread[thread] = j, j
		jobs.Unlock()

		out, err := f(j)

		jobs.Lock()
		delete(jobs.byID, j.id)
		delete(jobs.byThread, thread)
		jobs.Unlock()
		j.result <- result{out, err}
	}()
	r := <-j.result
	return r.out, r.err
}

// diagnostics are the messages that LLVM had for this job.
func (j *job) diagnostics() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Join(j.messages, "\n")
}

func (j *job) failed() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.errors > 0
}

// diagnosticCallback is LLVM's diagnostic handler: (info, job).
var diagnosticCallback = sync.OnceValue(func() ref {
	return purego.NewCallback(func(info, id uintptr) uintptr {
		jobs.Lock()
		j := jobs.byID[id]
		jobs.Unlock()
		if j == nil {
			return 0
		}
		const severityError, severityWarning = 0, 1
		severity := j.lib.api.getDiagInfoSeverity(info)
		if severity > severityWarning {
			return 0
		}
		words := j.lib.take(j.lib.api.getDiagInfoDescription(info))
		j.mu.Lock()
		j.messages = append(j.messages, words)
		if severity == severityError {
			j.errors++
		}
		j.mu.Unlock()
		return 0
	})
})

// fatalCallback is LLVM's fatal error handler: (reason). LLVM ends the process when it
// returns, so it does not: the goroutine that compiles stays here for good, and the one
// that waits for it gets the error.
var fatalCallback = sync.OnceValue(func() ref {
	return purego.NewCallback(func(reason uintptr) uintptr {
		jobs.Lock()
		j := jobs.byThread[threadSelf()]
		jobs.Unlock()
		if j == nil {
			return 0
		}
		message := text(reason)
		if d := j.diagnostics(); d != "" {
			message += "\n" + d
		}
		j.result <- result{err: &CompileError{Stage: "code", Message: message, Fatal: true}}
		select {}
	})
})

var pthreadSelf = sync.OnceValue(func() uintptr {
	at, err := purego.Dlsym(purego.RTLD_DEFAULT, "pthread_self")
	if err != nil {
		panic("mtkc: bug: a libc without pthread_self: " + err.Error())
	}
	return at
})

// threadSelf tells threads apart.
func threadSelf() uintptr {
	r, _, _ := purego.SyscallN(pthreadSelf())
	return r
}
