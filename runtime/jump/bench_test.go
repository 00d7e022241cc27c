package jump

import (
	"syscall"
	"testing"
	"time"

	"github.com/mtkc/mtkc/runtime/ode"
)

// busy is the processor time of the process, which other programs disturb less than the clock on the wall.
func busy() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// Jumps of each method on networks of 2 to 3749 reactions: nanoseconds of processor time for a jump.
func BenchmarkJumps(b *testing.B) {
	for _, p := range []*ode.Problem{birthDeath(), dimers(), netFile(b, "multistate", 20), netFile(b, "egfr_net", 10), netFile(b, "bcr", 1), walk(10000)} {
		for _, m := range exact {
			b.Run(p.Name+"/"+m.name, func(b *testing.B) {
				in, err := ode.NewIntegrator(b.Context(), p, ode.Options{Method: m, FinalOnly: true})
				if err != nil {
					b.Fatal(err)
				}
				made := 0
				b.ResetTimer()
				start := busy()
				for path := uint64(1); made < b.N; path++ {
					first := in.Stats().Steps
					for made+in.Stats().Steps-first < b.N && !in.Done() {
						if err := in.Step(); err != nil {
							b.Fatal(err)
						}
					}
					made += in.Stats().Steps - first
					if in.Done() {
						if err := in.Reset(b.Context(), ode.Options{Method: m, FinalOnly: true, Path: path}); err != nil {
							b.Fatal(err)
						}
					}
				}
				b.ReportMetric(float64(busy()-start)/float64(made), "cpu-ns/jump")
			})
		}
	}
}
