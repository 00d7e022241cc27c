package llvm

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/backend/cuda/ptxtest"
	"github.com/mtkc/mtkc/backend/fuse"
	"github.com/mtkc/mtkc/runtime/ensemble"
)

// The kernel for graphics processors, interpreted, gives the bits of the vm: with more trajectories than
// threads, times to save, and budgets that end in the middle.
func TestPTX(t *testing.T) {
	libs := libraries(t)
	prog := compile(t, lorenz)
	for k, dense := range []bool{false, true} {
		in, err := fuse.New(prog, "Tsit5", fuse.Options{Dense: dense})
		if err != nil {
			t.Fatal(err)
		}
		ptx, err := PTX(in, "sm_70", libs[k%len(libs)])
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(ptx.Text), ".local"); n > 0 {
			t.Logf("%d lines with local memory", n)
		}
		var save []float64
		if dense {
			save = []float64{0, 0.1, 0.11, 0.5, 1.7, 3}
		}
		rng := rand.New(rand.NewPCG(1, 2))
		b := batch(prog, rng, 19, save, 2)
		settings := fuse.Settings{RelTol: 1e-6, AbsTol: []float64{1e-6}, MaxSteps: 70}
		want := copyBatch(b)
		oracle(in, settings, want)
		m, err := ptxtest.Load(ptx.Text)
		if err != nil {
			t.Fatal(err)
		}
		p := make([]float64, in.NPAll())
		in.Put(settings, p)
		const grid, block = 2, 3
		threads := grid * block
		lane, next := make([]int64, threads), make([]int64, threads)
		for i := range lane {
			lane[i], next[i] = -1, int64(i)
		}
		var rows []int64
		for j := range in.NP {
			rows = append(rows, int64(j), int64(in.NP))
		}
		status := make([]int32, b.N)
		for i, s := range b.Status {
			status[i] = int32(s)
		}
		got := copyBatch(b)
		some := func(x []float64) []float64 { return append(x, 0)[:max(len(x), 1)] }
		state := []any{
			ptxtest.Map(m, got.T), ptxtest.Map(m, got.TEnd), ptxtest.Map(m, got.U), ptxtest.Map(m, got.P), ptxtest.Map(m, rows), ptxtest.Map(m, some(save)), ptxtest.Map(m, some(got.Out)),
			ptxtest.Map(m, status), ptxtest.Map(m, got.H), ptxtest.Map(m, got.Steps), ptxtest.Map(m, got.Rejected), ptxtest.Map(m, p[in.NP:]),
			ptxtest.Map(m, make([]float64, in.Slots*threads)), ptxtest.Map(m, lane), ptxtest.Map(m, make([]int64, threads)), ptxtest.Map(m, next),
		}
		launches := 0
		for busy := true; busy; launches++ {
			if err := m.Launch(ptx.Name, grid, block, append([]any{int64(b.N), int64(37), int64(len(save))}, state...)...); err != nil {
				t.Fatal(err)
			}
			busy = false
			for _, l := range lane {
				busy = busy || l >= 0
			}
		}
		for i, s := range status {
			got.Status[i] = ensemble.Status(s)
		}
		sameBatch(t, "PTX", got, want)
		t.Logf("%d launches, %d kinds of instructions, contractible: %v", launches, len(m.Opcodes()), m.Contractible())
	}
}
