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
	for _, p := range []*ode.Problem{birthDeath(), dimers(), walk(9), netFile(b, "multistate", 20), netFile(b, "Repressilator", 4e4), walk(33), twentyGenes(), walk(100), netFile(b, "Motivating_example", 40), walk(1000), netFile(b, "egfr_net", 10), netFile(b, "bcr", 1), walk(10000), general(netFile(b, "egfr_net", 10))} {
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

// What a trajectory costs beyond its jumps: with 51 output times and next to no jumps, by Integrator.Reset.
func BenchmarkTrajectory(b *testing.B) {
	for _, p := range []*ode.Problem{reactions("quiet", nil, 1, "0 -> A : 1", "A -> 0 : 0.1"), birthDeath(), netFile(b, "multistate", 0.01), netFile(b, "egfr_net", 1e-5)} {
		b.Run(p.Name, func(b *testing.B) {
			opt := ode.Options{Steps: 50}
			in, err := ode.NewIntegrator(b.Context(), p, opt)
			if err != nil {
				b.Fatal(err)
			}
			jumps := 0
			b.ResetTimer()
			start := busy()
			for i := range b.N {
				opt.Path = uint64(i)
				if err = in.Reset(b.Context(), opt); err != nil {
					b.Fatal(err)
				}
				for !in.Done() {
					if err = in.Step(); err != nil {
						b.Fatal(err)
					}
				}
				jumps += in.Stats().Steps
			}
			b.ReportMetric(float64(busy()-start)/1e3/float64(b.N), "cpu-us/trajectory")
			b.ReportMetric(float64(jumps)/float64(b.N), "jumps/trajectory")
		})
	}
}
