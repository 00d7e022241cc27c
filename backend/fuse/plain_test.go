//go:build unix

package fuse

import (
	"context"
	"math"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/mtkc/mtkc/runtime/control"
	"github.com/mtkc/mtkc/runtime/tableau"
)

// plain is Tsit5 with its controller for Lorenz's equations as one writes it in Go, one trajectory at a time: coefficients in
// variables, states in arrays, logarithm and power as the fused methods have them.
type plain struct {
	a2                      float64
	a3                      [2]float64
	a4                      [3]float64
	a5                      [4]float64
	a6                      [5]float64
	b                       [6]float64
	e                       [7]float64
	beta1, beta2            float64
	safety, top, low, tol   float64
	steps, rejected, giveUp int
}

func newPlain(tol float64) *plain {
	m := &plain{tol: tol, giveUp: 1_000_000}
	t := tableau.ReadERK("Tsit5").Coeffs()
	m.a2 = t.A[1][0]
	copy(m.a3[:], t.A[2])
	copy(m.a4[:], t.A[3])
	copy(m.a5[:], t.A[4])
	copy(m.a6[:], t.A[5])
	copy(m.b[:], t.A[6])
	copy(m.e[:], t.E)
	c := control.PI(4)
	m.beta1, m.beta2, m.safety, m.top, m.low = c.Beta[0], c.Beta[1], c.Safety, math.Log2(c.Max/c.Safety), math.Log2(c.Min/c.Safety)
	return m
}

// chordLog2 is level, and parabolaExp2 is stretch.
func chordLog2(x float64) float64 {
	return math.Float64frombits(math.Float64bits(x)>>12|0x4330000000000000)*0x1p-40 - (4096 + 1023 - 0.0574)
}

func parabolaExp2(x float64) float64 {
	q := (0.016284700081339087*x+0.17673628920065687)*x + 0.9995692713219431
	q *= q
	return q * q
}

func lorenzRHS(u, p *[3]float64) (k [3]float64) {
	k[0] = p[0] * (u[1] - u[0])
	k[1] = u[0]*(p[1]-u[2]) - u[1]
	k[2] = u[0]*u[1] - p[2]*u[2]
	return k
}

// solve integrates from 0 to end with a first step h.
func (m *plain) solve(u, p [3]float64, end, h float64) [3]float64 {
	t, old := 0.0, 0.0
	k1 := lorenzRHS(&u, &p)
	for range m.giveUp {
		left := end - t
		last := left*(1-1e-10) <= h
		tn := end
		if last {
			h = left
		} else {
			h = min(h, 0.5*left)
			tn = t + h
		}
		var y, v [3]float64
		for i := range y {
			y[i] = u[i] + h*(m.a2*k1[i])
		}
		k2 := lorenzRHS(&y, &p)
		for i := range y {
			y[i] = u[i] + h*(m.a3[0]*k1[i]+m.a3[1]*k2[i])
		}
		k3 := lorenzRHS(&y, &p)
		for i := range y {
			y[i] = u[i] + h*(m.a4[0]*k1[i]+m.a4[1]*k2[i]+m.a4[2]*k3[i])
		}
		k4 := lorenzRHS(&y, &p)
		for i := range y {
			y[i] = u[i] + h*(m.a5[0]*k1[i]+m.a5[1]*k2[i]+m.a5[2]*k3[i]+m.a5[3]*k4[i])
		}
		k5 := lorenzRHS(&y, &p)
		for i := range y {
			y[i] = u[i] + h*(m.a6[0]*k1[i]+m.a6[1]*k2[i]+m.a6[2]*k3[i]+m.a6[3]*k4[i]+m.a6[4]*k5[i])
		}
		k6 := lorenzRHS(&y, &p)
		for i := range v {
			v[i] = u[i] + h*(m.b[0]*k1[i]+m.b[1]*k2[i]+m.b[2]*k3[i]+m.b[3]*k4[i]+m.b[4]*k5[i]+m.b[5]*k6[i])
		}
		k7 := lorenzRHS(&v, &p)
		square := 0.0
		for i := range v {
			d := m.e[0]*k1[i] + m.e[1]*k2[i] + m.e[2]*k3[i] + m.e[3]*k4[i] + m.e[4]*k5[i] + m.e[5]*k6[i] + m.e[6]*k7[i]
			r := d / (m.tol + m.tol*max(math.Abs(u[i]), math.Abs(v[i])))
			square += r * r
		}
		square = square*(h*h/3) + leastSquare
		err := 0.5 * chordLog2(square)
		x, top := -err/5, math.Log2(0.95/0.9)
		if square <= 1 {
			x, top = -m.beta1*err-m.beta2*old, m.top
		}
		next := h * m.safety * parabolaExp2(max(m.low, min(x, top)))
		if square > 1 {
			m.rejected++
			h = next
			continue
		}
		m.steps++
		if last {
			return v
		}
		t, old, h, u, k1 = tn, err, next, v, k7
	}
	return u
}

// BenchmarkPlain sets the lanes of the vm beside plain Go source of the same method, for 10,000 Lorenz trajectories with random parameters to
// t = 10 at 1e-6: processor times, each the least of the repeats. "ratio" is the time of the source over that of the lanes.
func BenchmarkPlain(b *testing.B) {
	const n = 10_000
	prog := compile(b, lorenz)
	in := integrator(b, prog, "Tsit5", Options{})
	e, err := NewVMEngine(in, 0, Settings{RelTol: 1e-6, AbsTol: []float64{1e-6}})
	if err != nil {
		b.Fatal(err)
	}
	lanes, source := math.Inf(1), math.Inf(1)
	var steps, other int64
	for b.Loop() {
		rng := rand.New(rand.NewPCG(1, 2))
		bt := batch(b, prog, n, 10, nil, func(i int, u, p []float64) { p[1] = 10 + 40*rng.Float64() })
		p, u := bt.P, append([]float64(nil), bt.U...)
		start := processor(b)
		if err := e.Run(context.Background(), bt); err != nil {
			b.Fatal(err)
		}
		lanes = min(lanes, processor(b)-start)
		m := newPlain(1e-6)
		np, far := len(p)/n, 0.0
		start = processor(b)
		for i := range n {
			v := m.solve([3]float64(u[3*i:]), [3]float64(p[np*i:]), 10, 1e-3)
			if i%1000 == 0 { // trajectories stay together for a while
				far = max(far, math.Abs(v[2]))
			}
		}
		source = min(source, processor(b)-start)
		if !(far < 100) {
			b.Fatal("the source goes astray: ", far)
		}
		steps, other = 0, int64(m.steps+m.rejected)
		for i := range n {
			steps += bt.Steps[i] + bt.Rejected[i]
		}
	}
	b.ReportMetric(lanes/n*1e6, "us/traj")
	b.ReportMetric(source/n*1e6, "Go-us/traj")
	b.ReportMetric(source/lanes, "ratio")
	b.ReportMetric(float64(steps)/n, "steps")
	b.ReportMetric(float64(other)/n, "Go-steps")
	b.ReportMetric(0, "ns/op")
}

// processor is the processor time of this process in seconds.
func processor(b *testing.B) float64 {
	b.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return float64(r.Utime.Sec+r.Stime.Sec) + 1e-6*float64(r.Utime.Usec+r.Stime.Usec)
}
