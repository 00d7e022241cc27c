package native

import (
	"bytes"
	"flag"
	"io"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"runtime/trace"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
)

var long = flag.Bool("long", false, "1e8 calls in the stress test, not 1e6, and 100 times as many damaged objects")

// TestStress calls from several goroutines, some deep in their stacks and with arguments
// on them, while the garbage collector runs at 10 percent, all stacks are printed, the
// processor is profiled, an execution trace is written, and other goroutines want to be
// scheduled. Every result is compared with what Go computes.
func TestStress(t *testing.T) {
	calls := int64(1e6)
	if *long {
		calls = 1e8
	}
	m := load(t, "kernels")
	lorenz, spin := function(t, m, "lorenz"), function(t, m, "spin")
	m.Close()

	defer debug.SetGCPercent(debug.SetGCPercent(10))
	if err := pprof.StartCPUProfile(io.Discard); err == nil {
		defer pprof.StopCPUProfile()
	}
	if err := trace.Start(io.Discard); err == nil {
		defer trace.Stop()
	}
	var done atomic.Bool
	var background sync.WaitGroup
	var collections, stacks int
	background.Go(func() {
		for !done.Load() {
			runtime.GC()
			collections++
			time.Sleep(time.Millisecond)
		}
	})
	background.Go(func() {
		buf := make([]byte, 1<<16)
		for !done.Load() {
			runtime.Stack(buf, true)
			stacks++
			time.Sleep(time.Millisecond)
		}
	})
	background.Go(func() {
		var keep [64][]byte
		for i := 0; !done.Load(); i++ {
			keep[i%len(keep)] = bytes.Repeat([]byte{byte(i)}, 1+i%5000)
			runtime.Gosched()
		}
	})

	var left atomic.Int64
	left.Store(calls)
	var wrong, made atomic.Int64
	var workers sync.WaitGroup
	for g := range 6 {
		workers.Go(func() {
			for seed := uint64(g + 1); left.Load() > 0; seed += 6 {
				s, err := NewStack()
				if err != nil {
					t.Error(err)
					return
				}
				// A part at a time, each at another depth of the goroutine's stack.
				const part = 2000
				left.Add(-part)
				deep(int(seed%7)*40, func() {
					wrong.Add(stressPart(lorenz, spin, s, seed, part))
				})
				made.Add(part)
				if seed%3 != 0 {
					s.Close() // or forgotten
				}
			}
		})
	}
	workers.Wait()
	done.Store(true)
	background.Wait()
	if wrong.Load() != 0 {
		t.Errorf("%d wrong results", wrong.Load())
	}
	t.Logf("%d calls, %d collections forced, %d prints of all stacks", made.Load(), collections, stacks)
}

// stressPart makes n calls, and counts wrong results.
func stressPart(lorenz, spin *Func, s *Stack, seed uint64, n int) (wrong int64) {
	var u, p, out [3]float64
	x := seed
	kernel := lorenz.Kernel(s, 3, 3, 3, nil)
	for i := range n {
		f := float64(i)
		u, p = [3]float64{f + 0.5, float64(seed), -f}, [3]float64{10, 28 + f, 8. / 3}
		switch i % 3 {
		case 0:
			lorenz.CallKernel(s, f, &u[0], &p[0], &out[0], nil)
		case 1:
			kernel(f, u[:], p[:], out[:])
		default: // arrays that nothing refers to behind the call
			r := make([]float64, 3)
			kernel(f, append([]float64(nil), u[:]...), append([]float64(nil), p[:]...), r)
			out = [3]float64(r)
		}
		// Either compiler may fuse a multiplication and an addition, so the second and the
		// third are compared to a rounding of a product.
		if out != [3]float64{p[0] * (u[1] - u[0]), out[1], out[2]} || !near(out[1], u[0]*(p[1]-u[2])-u[1]) || !near(out[2], u[0]*u[1]-p[2]*u[2]) {
			wrong++
		}
		a := spinArgs{x, uint64(i % 20)}
		if i%5 == 0 {
			a.n = 2000 // some microseconds
			spin.CallLong(s, unsafe.Pointer(&a))
		} else {
			spin.Call(s, unsafe.Pointer(&a))
		}
		if i%50 == 0 || a.n < 2000 {
			if x = spun(x, a.n); a.x != x {
				wrong++
			}
		} else {
			x = a.x
		}
	}
	return wrong
}

// near allows for one fused multiplication more or less: a rounding of each product.
func near(a, b float64) bool {
	d := a - b
	return d*d <= 1e-24*(1+a*a)
}

// deep calls f with n frames of some size below it.
//
//go:noinline
func deep(n int, f func()) byte {
	var frame [512]byte
	frame[n%512] = byte(n)
	if n == 0 {
		f()
		return frame[0]
	}
	return deep(n-1, f) + frame[n%512]
}

// Long calls let the garbage collector and other goroutines run: the world stops and
// starts again several times while there is a call of 200 ms for each processor.
func TestLongCallsAreNotInTheWay(t *testing.T) {
	m := load(t, "kernels")
	spin := function(t, m, "spin")
	s := stack(t)
	// How long a step takes here, at most: 3 timings, the shortest.
	shortest := time.Hour
	for range 3 {
		a := spinArgs{1, 1e5}
		start := time.Now()
		spin.Call(s, unsafe.Pointer(&a))
		shortest = min(shortest, time.Since(start))
	}
	steps := uint64(1e5 * float64(200*time.Millisecond) / float64(shortest))

	procs := runtime.GOMAXPROCS(0)
	most := 0
	for range 5 { // on a busy machine the calls may not overlap
		var running sync.WaitGroup
		var started, finished atomic.Int64
		for range procs {
			running.Go(func() {
				s, err := NewStack()
				if err != nil {
					t.Error(err)
					return
				}
				defer s.Close()
				a := spinArgs{1, steps}
				started.Add(1)
				spin.CallLong(s, unsafe.Pointer(&a))
				finished.Add(1)
			})
		}
		for started.Load() < int64(procs) {
			runtime.Gosched()
		}
		n := 0
		for finished.Load() == 0 {
			runtime.GC()
			n++
		}
		running.Wait()
		if most = max(most, n); most > 2 {
			break
		}
	}
	if most <= 2 {
		t.Errorf("%d collections while all processors were in long calls", most)
	}
}
