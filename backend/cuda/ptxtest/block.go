package ptxtest

import (
	"fmt"
	"math/bits"
)

const warp = 32

func misaligned(addr uint64, size int32) string {
	return fmt.Sprintf("address %#x is not a multiple of %d", addr, size)
}

// launch runs all blocks of a grid.
func (m *Module) launch(f *function, grid, block int, params []byte) error {
	wait := false // some thread may have to wait for others: they need frames of their own
	for i := range m.code {
		switch m.code[i].op {
		case opBarrier, opWarpSync, opVote:
			wait = true
		}
	}
	n := 1
	if wait {
		n = block
	}
	shared := make([]byte, m.shared)
	threads := make([]thread, n)
	states := make([]state, n)
	for c := range grid {
		for i := range shared {
			shared[i] = 0xff
		}
		for i := range block {
			t := &threads[i%n]
			m.start(t, f, shared, params, c, i, grid, block)
			states[i%n] = t.run()
			if states[i%n] == failed {
				return m.faultOf(t, f, c, i)
			}
		}
		for wait {
			i, message := m.release(threads, states)
			if message != "" {
				threads[i].fault = message
				return m.faultOf(&threads[i], f, c, i)
			}
			if i < 0 {
				break
			}
			for i := range threads {
				if states[i] == runs {
					if states[i] = threads[i].run(); states[i] == failed {
						return m.faultOf(&threads[i], f, c, i)
					}
				}
			}
		}
	}
	return nil
}

// start makes a thread ready for its first instruction.
func (m *Module) start(t *thread, f *function, shared, params []byte, c, i, grid, block int) {
	*t = thread{m: m, mem: &m.mem, shared: shared, regs: t.regs, params: t.params, local: t.local, stack: t.stack[:0], pc: f.pc, budget: m.Limit}
	if t.budget == 0 {
		t.budget = 1e9
	}
	for k := range t.local {
		t.local[k] = 0xff
	}
	t.enter(f)
	copy(t.params, params)
	t.special = [9]uint64{uint64(i), uint64(block), uint64(c), uint64(grid), uint64(i % warp), uint64(i / warp), 0, 1, warp}
}

func (m *Module) faultOf(t *thread, f *function, c, i int) error {
	line := int(m.lines[t.pc])
	e := &Fault{Kernel: f.name, Block: c, Thread: i, Line: line, Message: t.fault}
	if 0 < line && line <= len(m.source) {
		e.Text = m.source[line-1]
	}
	return e
}

// release finds threads that wait and need not any more, and lets them run. It returns
// -1 where none waits, and a message where all wait for ever.
func (m *Module) release(threads []thread, states []state) (int, string) {
	some, waiting := -1, -1
	// A vote or barrier of a warp goes on when all threads of its mask are there or gone.
	for i := range threads {
		if states[i] != atWarp {
			continue
		}
		waiting = i
		t := &threads[i]
		in := &m.code[t.pc]
		mask := uint32(t.regs[t.regs0+int(in.b)])
		lane := i % warp
		if mask>>lane&1 == 0 {
			return i, "the thread is not in its own mask"
		}
		first := i - lane
		ready := true
		var members []int
		var ballot uint32
		for l := range min(warp, len(threads)-first) {
			k := first + l
			if mask>>l&1 == 0 || states[k] == done {
				continue
			}
			if states[k] != atWarp || threads[k].pc != t.pc {
				ready = false
				break
			}
			members = append(members, k)
			if in.op == opVote && threads[k].regs[threads[k].regs0+int(in.a)] != 0 {
				ballot |= 1 << l
			}
		}
		if !ready {
			continue
		}
		for _, k := range members {
			q := &threads[k]
			if in.op == opVote {
				var v uint64
				switch in.imm {
				case 0:
					v = b2u(bits.OnesCount32(ballot) == len(members))
				case 1:
					v = b2u(ballot != 0)
				case 2:
					v = b2u(ballot == 0 || bits.OnesCount32(ballot) == len(members))
				case 3:
					v = uint64(ballot)
				}
				q.regs[q.regs0+int(in.d)] = v
			}
			q.pc++
			states[k] = runs
		}
		some = i
	}
	if some >= 0 {
		return some, ""
	}
	// A barrier goes on when all threads of the block are there or gone.
	for i := range threads {
		if states[i] != atBarrier {
			continue
		}
		if waiting >= 0 {
			return waiting, "the thread waits for its warp, of which some wait at another place"
		}
		if some >= 0 && m.code[threads[i].pc].b != m.code[threads[some].pc].b {
			return i, "threads of the block wait at different barriers"
		}
		some = i
	}
	if some < 0 {
		if waiting >= 0 {
			return waiting, "the thread waits for its warp, of which some wait at another place"
		}
		return -1, ""
	}
	for i := range threads {
		if states[i] == atBarrier {
			threads[i].pc++
			states[i] = runs
		}
	}
	return some, ""
}
